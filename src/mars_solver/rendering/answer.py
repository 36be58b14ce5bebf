"""A recommendation in words, without a layout: what the text and the page both show."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Protocol

from mars_solver.explaining.comparison import Comparison, decided_by
from mars_solver.explaining.findings import cause, range_text
from mars_solver.inputs.catalogue.facts import MEASURED, Claim
from mars_solver.inputs.profile import requirement_text
from mars_solver.rendering.catalogue import sources
from mars_solver.rendering.words import (
    MARKS,
    Section,
    change_text,
    digests,
    first_of,
    lead_text,
    signed,
)
from mars_solver.vocabulary import (
    ACCEPT_BETA,
    CONFIGURATION,
    Kind,
    Policy,
    Status,
    Verdict,
    both,
    member_text,
)

if TYPE_CHECKING:
    from mars_solver.explaining.changes import Change
    from mars_solver.explaining.diagnosis import Relaxation
    from mars_solver.explaining.findings import Finding
    from mars_solver.explaining.recommendation import (
        Candidate,
        Exclusion,
        Recommendation,
        Violation,
    )
    from mars_solver.inputs.catalogue.attributes import Declarations, Requirement
    from mars_solver.inputs.catalogue.catalogue import Catalogue
    from mars_solver.inputs.catalogue.guide import Flowchart
    from mars_solver.solving.solver import Standing


@dataclass(frozen=True, slots=True)
class RankingRow:
    """One model in the table of all models: the shortlist in order, then the excluded."""

    rank: int | None
    """None for an excluded model."""
    mark: str
    """Of its status."""
    model: str
    name: str
    status: str
    score: float | None
    """0 to 1; None for an excluded model."""
    why: str
    availability: str
    """How one gets a model of the shortlist, where not as the winner; else empty."""


@dataclass(frozen=True, slots=True)
class Call:
    """One way to call the winner."""

    name: str
    example: str
    """Code, or a command."""


@dataclass(frozen=True, slots=True)
class Report:
    """A recommendation in words."""

    name: str | None
    requires: str
    headline: str
    how: tuple[str, ...]
    """How one gets the winner, and with which configuration it runs."""
    ranking: tuple[RankingRow, ...]
    digests: str
    conflicts: Section
    ways_out: Section
    """The relaxations in order, then what else may be done."""
    to_verify: Section
    guide: str
    """What the guide says; empty where the catalogue has none."""
    calls: tuple[Call, ...]
    notes: Section
    sources: Section
    """What the keys of sources mean that the rest names."""


def report_of(answer: Recommendation) -> Report:
    """Return a recommendation in words."""
    ranking, to_verify = tuple(_ranking(answer)), tuple(_to_verify(answer))
    told = "\n".join([*(row.why for row in ranking), *to_verify, *answer.notes])
    return Report(
        name=answer.profile.name,
        requires="\n".join(answer.profile.statements()),
        headline=headline(answer),
        how=tuple(_how(answer)),
        ranking=ranking,
        digests=digests(answer.solver),
        conflicts=Section("No model meets these together", tuple(_conflicts(answer))),
        ways_out=Section("Ways out, the cheapest first", tuple(_ways_out(answer))),
        to_verify=Section("Verify before you rely on it", to_verify),
        guide=_guide(answer),
        calls=tuple(Call(name, text) for name, text in answer.calls.items()),
        notes=Section("Bear in mind", answer.notes),
        sources=sources(answer.solver.catalogue, told),
    )


def headline(answer: Recommendation) -> str:
    """Return the answer in one sentence."""
    decision = answer.decision
    best = decision.winner
    if best is None:
        stated = answer.profile.require
        return "No model meets every requirement." if stated else "There is no candidate."
    if not answer.profile.require:
        keys = decision.keys
        tied = len(keys) > 1 and keys[0][:2] == keys[1][:2]
        best_of = "no model scores higher" if tied else "it scores best"
        return f"Use {best.model.name}: nothing is required, and {best_of}."
    if not best.unverified:
        return f"Use {best.model.name}: it meets every requirement."
    return f"Use {best.model.name}, once you have verified {_open_points(answer, best)}."


def lead_sentence(answer: Recommendation) -> str:
    """Return why the first model is ahead of the second; empty where there is no first one."""
    ranking, catalogue = answer.decision.ranking, answer.solver.catalogue
    if not ranking:
        return ""
    if len(ranking) == 1:
        lost = sum(not each.refused for each in answer.decision.standings) > 1
        return "Every other model is ruled out." if lost else "There is no other candidate."
    lead = Comparison(answer, ranking[0], ranking[1])
    second, phrase = catalogue.names[answer.decision.ids[1]], catalogue.declared.phrase
    match lead.decided_by:
        case "status" | "unverified":
            higher = "scores higher but " if lead.points < 0 else ""
            open_points = _open_points(answer, answer.decision.ranked[1])
            return f"{second} {higher}is second: nobody has confirmed {open_points} for it."
        case "score":
            most = max(lead.criteria, key=lambda each: each.points)
            return (
                f"It leads {second} by {lead_text(lead.points)},"
                f" above all for {phrase(most.criterion)} ({signed(most.points)})."
            )
        case tie:
            keys = answer.decision.keys
            same = [key for key in keys if key[:2] == keys[0][:2]]
            others = len(same) - 2
            more = f" and {others} other{'s' if others > 1 else ''}" if others else ""
            return f"It ties with {second}{more}: {tie_break(str(tie))}."


def tie_break(decided_by: str) -> str:
    """Return what breaks a tie."""
    if decided_by == "id":
        return "the ids decide, in alphabetical order"
    return "the score at neutral importances decides"


def _open_points(answer: Recommendation, standing: Standing) -> str:
    """Return the requirements that a model leaves open."""
    declared = answer.solver.declared
    return both(map(declared.phrase, declared.names_of(standing.unverified)))


def _how(answer: Recommendation) -> Iterator[str]:
    if answer.shortlist:
        best, declared = answer.shortlist[0], answer.solver.declared
        values = [declared.value_label(*pair) for pair in (best.configuration or {}).items()]
        if best.availability:
            # Of several ways to get it, the one that the configuration names comes first.
            ways = best.availability.split("; ")
            ways.sort(key=lambda way: not any(value.lower() in way.lower() for value in values))
            yield f"How to get it: {'; '.join(ways)}"
        if values:
            yield f"How to run it: {' · '.join(values)}"


# ----------------------------------------------------------------------- ranking


def _ranking(answer: Recommendation) -> Iterator[RankingRow]:
    names = answer.solver.catalogue.names
    for each in answer.shortlist:
        why = _rank_reason(answer, each)
        mark, name = MARKS[each.status], names[each.model]
        else_got = each.availability != answer.shortlist[0].availability
        how = each.availability if else_got else ""
        yield RankingRow(each.rank, mark, each.model, name, each.status, each.score, why, how)
    status = Status.EXCLUDED.word
    for exclusion in answer.excluded:
        why = _exclusion_reason(exclusion, answer.solver.declared)
        model, mark = exclusion.model, MARKS[status]
        yield RankingRow(None, mark, model, names[model], status, None, why, "")


def _rank_reason(answer: Recommendation, candidate: Candidate) -> str:
    """Return why a model on the shortlist has its rank."""
    phrase = answer.solver.declared.phrase
    if candidate.rank == 1:
        points = [item for item in candidate.contributions if item.points > 0]
        strongest = sorted(points, key=lambda item: -item.points)
        listed = " + ".join(f"{phrase(item.criterion)} {item.points:.2f}" for item in strongest)
        return listed or "no criterion counts"
    decision, best = answer.decision, answer.shortlist[0]
    ranking, name = decision.ranking, answer.solver.catalogue.names[best.model]
    match decided_by(decision, ranking[0], ranking[candidate.rank - 1]):
        case "status" | "unverified":
            open_points = both(phrase(item.requirement) for item in candidate.to_verify)
            above = answer.shortlist[candidate.rank - 2]
            though = "scores higher, but " if candidate.score > above.score else ""
            return f"{though}not confirmed: {open_points}"
        case "score":
            deficits = [
                (ours.points - theirs.points, theirs.criterion)
                for ours, theirs in zip(best.contributions, candidate.contributions, strict=True)
            ]
            largest, criterion = max(deficits, key=lambda deficit: deficit[0])
            return f"{phrase(criterion)} {largest:.2f} behind"
        case "neutral_score":
            return f"ties with {name}, which scores higher at neutral importances"
        case _:
            return f"ties with {name}, whose id comes first"


def _exclusion_reason(exclusion: Exclusion, declared: Declarations) -> str:
    """Return every reason why a model is excluded, each with its source."""
    return "; ".join(
        _violation_text(each, declared)
        + (f" [{each.source}]" if each.source not in {None, CONFIGURATION} else "")
        for each in exclusion.violations
    )


def _violation_text(violation: Violation, declared: Declarations) -> str:
    """Return a violated requirement, and what the facts say of it."""
    if violation.requirement == ACCEPT_BETA:
        return "a beta, and betas are not accepted"
    if violation.requirement == CONFIGURATION:
        return violation.note
    requirement = declared.requirement[violation.requirement]
    asked = requirement_text(requirement, violation.required)
    return f"{asked}: {finding_text(violation, requirement, declared, settled=not violation.note)}"


class Found(Protocol):
    """What the facts, or the configuration, say of a requirement."""

    @property
    def required(self) -> Finding:
        """What is asked for."""

    @property
    def found(self) -> Finding:
        """What they say; None is unknown, and an open end of a range."""

    @property
    def source(self) -> str | None:
        """The key of the source, or "configuration"."""


class Said(NamedTuple):
    """What the facts of one model say of a requirement."""

    required: Finding
    found: Finding
    source: str | None


def finding_text(
    said: Found, requirement: Requirement, declared: Declarations, *, settled: bool
) -> str:
    """Return in words what the facts, or the configuration, say of a requirement.

    Args:
        said: what they say.
        requirement: that is asked.
        declared: what can be asked.
        settled: whether the members of a set that are not found are known not to belong to it.
    """
    found = said.found
    if said.source == CONFIGURATION:
        return f"not with {_value_label(found, requirement, declared)}"
    if found is None:
        return "unknown"
    if isinstance(found, bool):
        word = "yes" if found else "no"
        own = requirement.kind is Kind.CAPABILITY or not requirement.implies
        return word if own else f"{both(map(declared.phrase, requirement.implies))}: {word}"
    if requirement.kind is Kind.SET:
        held, asked = (
            [*each] if isinstance(each, list) else [each] for each in (found, said.required)
        )
        told = partial(member_text, unit=requirement.unit)
        missing = [told(member) for member in asked if member not in held]
        if not missing:
            return both(map(told, held))
        if not settled:
            return f"{both(missing)} not confirmed"
        return f"not {both(missing, 'or')}" if held else "no"
    low, high = found if isinstance(found, list) else (found, found)
    return range_text((_end(low), _end(high)), requirement.unit)


def _value_label(value: Finding, requirement: Requirement, declared: Declarations) -> str:
    """Return the label of the value of a configuration that rules a requirement out."""
    known = {v: declared.value_label(*v) for v in declared.values}
    variables = [name for name, _ in requirement.pins]
    return next(label for (name, v), label in known.items() if name in variables and v == value)


def _end(end: object) -> int | float:
    """Return one end of a range; an open end is infinite."""
    return end if isinstance(end, int | float) else math.inf


# ---------------------------------------------------------------------- what next


def _conflicts(answer: Recommendation) -> Iterator[str]:
    asked = {
        name: requirement_text(check.requirement, check.required)
        for name, check in answer.checks.items()
    }
    for conflict in answer.conflicts:
        yield " + ".join(asked[name] for name in conflict)


def _ways_out(answer: Recommendation) -> Iterator[str]:
    """Yield the relaxations of an infeasible profile, then what else may be done."""
    if answer.shortlist or not answer.profile.require:
        return
    catalogue = answer.solver.catalogue
    for each in answer.relaxations:
        yield relaxation_text(each, catalogue, answer.decision.policy)
    if answer.betas:
        yield beta_sentence(answer)
    if answer.relaxations and all(any(map(_drops, each.changes)) for each in answer.relaxations):
        yield (
            "Loosening a limit is not enough here: a requirement, or a part of one, has to go."
            " If none can, ask the vendor."
        )


def beta_sentence(answer: Recommendation) -> str:
    """Return which models accepting betas would admit."""
    names = answer.solver.catalogue.names
    betas = both(first_of([names[model] for model in answer.betas]))
    return f"Accepting betas would admit {betas} (--accept-beta)."


def relaxation_text(relaxation: Relaxation, catalogue: Catalogue, policy: Policy) -> str:
    """Return a relaxation with the models that it admits."""
    steps = ", ".join(change_text(change, catalogue.declared) for change in relaxation.changes)
    first, *others = names = [catalogue.names[model] for model in relaxation.admits]
    meets = relaxation.status == Status.MEETS.word
    if policy == "accept" and meets and others:
        # The first is the best by score, and need not be the one that meets everything.
        return f"{steps}: {both(first_of(names))}, of which one or more meets everything"
    also = f"; also {both(first_of(others))}" if others else ""
    return f"{steps}: {first} {'meets everything' if meets else 'is not confirmed'}{also}"


def _drops(change: Change) -> bool:
    """Return whether a change drops a requirement, or a part of it, rather than loosen a limit."""
    return change.requirement != "primary" and not isinstance(change.to, int | float)


def _to_verify(answer: Recommendation) -> Iterator[str]:
    if answer.shortlist:
        for item in answer.shortlist[0].to_verify:
            yield f"{answer.solver.declared.phrase(item.requirement)}: {item.note}"


# ----------------------------------------------------------------------- the guide


def _guide(answer: Recommendation) -> str:
    """Return what the guide says and whether the answer agrees; empty without a guide."""
    verdict, chart = answer.flowchart, answer.solver.catalogue.flowchart
    if verdict is None or chart is None:
        return ""
    names = answer.solver.catalogue.names
    models = both((names.get(model, model) for model in verdict.answer), "or")
    if verdict.question is None:
        why = "batch work with no further need" if answer.profile.batch else "no need stated"
    else:
        need = answer.solver.declared.need[chart.questions[verdict.question - 1].need]
        why = f"question {verdict.question}: {need.label}"
    says = f"The questions of {guide_name(chart)} lead to {models} ({why})."
    return f"{says} We agree." if verdict.agrees else f"{says} We differ: {_departure(answer)}."


def guide_name(chart: Flowchart) -> str:
    """Return how a sentence calls the guide."""
    whose = f"{chart.vendor}'s guide" if chart.vendor else "the guide"
    return f"{whose} “{chart.title}”" if chart.title else whose


def _departure(answer: Recommendation) -> str:
    """Return why an answer departs from the guide."""
    verdict, decision = answer.flowchart, answer.decision
    picked = verdict.answer if verdict else ()
    standings = {standing.model.id: standing for standing in decision.standings}
    asked = [standings[model] for model in picked if model in standings]
    reasons = [reason for each in asked if (reason := _shortcoming(answer, each))]
    reasons += [f"{model} is not in this catalogue" for model in picked if model not in standings]
    if reasons and (verdict is None or verdict.blocked_by or not set(picked) <= set(decision.ids)):
        return "; ".join(reasons)
    order = "their order follows" if decision.ids and decision.ids[0] in picked else "we follow"
    return f"{order} {_swayed_by(answer)}"


def _swayed_by(answer: Recommendation) -> str:
    """Return what orders models that meet the same: preferences, measurements, or the weights."""
    weighed = [
        c.attribute
        for c, w in zip(answer.solver.declared.criteria, answer.decision.weights, strict=True)
        if w
    ]
    facts = (each.model.facts.get(name) for each in answer.decision.ranked for name in weighed)
    measured = any(isinstance(fact, Claim) and fact.grade == MEASURED for fact in facts)
    said = ["your preferences"] if answer.profile.prefer else []
    said += ["your measurements"] if measured else []
    return both(said) if said else "the weights"


def _shortcoming(answer: Recommendation, standing: Standing) -> str:
    """Return what a model does not meet, or leaves open; empty where it meets everything."""
    catalogue, name = answer.solver.catalogue, standing.model.name
    declared, policy = catalogue.declared, answer.decision.policy
    if standing.violated:
        # Where the unknown is rejected, nobody may have said that the model lacks it.
        why = {
            declared.phrase(lost): cause(answer.checks[lost], standing, catalogue, policy).verdict
            for lost in declared.names_of(standing.violated)
        }
        lacks = [each for each, verdict in why.items() if verdict is Verdict.VIOLATED]
        unsaid = [each for each in why if each not in lacks]
        said = [f"{name} does not meet {both(lacks, 'or')}"] if lacks else []
        said += [f"nobody has confirmed {both(unsaid)} for {name}"] if unsaid else []
        return "; ".join(said)
    if standing.refused:
        return f"{name} is a beta"
    if standing.configuration is None:
        return f"nothing can run {name}"
    if standing.unverified:
        left_open = both(map(declared.phrase, declared.names_of(standing.unverified)))
        return f"nobody has confirmed {left_open} for {name}"
    return ""
