"""An answer in words, laid out by nobody yet: what the text and the page both show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mars_solver.rendering import explanation as prose
from mars_solver.rendering import words as wording
from mars_solver.vocabulary import Status, requirement_text

if TYPE_CHECKING:
    from mars_solver.explaining.explanation import Explanation
    from mars_solver.explaining.recommendation import Recommendation
    from mars_solver.inputs.catalogue import Catalogue
    from mars_solver.inputs.facts import Model
    from mars_solver.solving.solver import Solver

_DIGEST: Final = 12


@dataclass(frozen=True, slots=True)
class Place:
    """One model in the table of all models: the shortlist in order, then the excluded."""

    rank: int | None
    """None for an excluded model."""
    model: str
    name: str
    status: str
    score: float | None
    why: str


@dataclass(frozen=True, slots=True)
class Call:
    """How to call the winner."""

    sentence: str
    settings: str
    """The configuration in one line."""
    example: str | None
    """Python, where there is a public endpoint."""


@dataclass(frozen=True, slots=True)
class Section:
    """A titled list of sentences."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """A recommendation in words. A section without lines has nothing to say."""

    name: str | None
    requires: str
    headline: str
    places: tuple[Place, ...]
    digests: str
    conflicts: Section
    ways_out: Section
    """The relaxations in order, then what else may be done."""
    to_verify: Section
    guide: str
    call: Call | None
    notes: Section


def report_of(answer: Recommendation) -> Report:
    """Return a recommendation in words."""
    return Report(
        name=answer.profile.name,
        requires="\n".join(answer.profile.statements()),
        headline=wording.headline(answer),
        places=tuple(_places(answer)),
        digests=digests(answer.solver),
        conflicts=_section("No model meets these together", _conflicts(answer)),
        ways_out=_section("Ways out, the cheapest first", _ways_out(answer)),
        to_verify=_section("Verify before you rely on it", _to_verify(answer)),
        guide=wording.guide_text(answer),
        call=_call(answer),
        notes=_section("Bear in mind", answer.notes),
    )


def sections_of(answer: Recommendation, explained: Explanation) -> tuple[Section, ...]:
    """Return what explains an answer, in words; a section without lines is left out."""
    names = names_in(answer.solver.catalogue)
    found = (
        _section("First beside second", prose.lead_text(explained, names)),
        _section("Importances that change the winner", prose.flips_text(explained, names)),
        _section(
            "Facts that would change the winner",
            (prose.decisive_text(each, names) for each in explained.decisive_facts),
        ),
        _section(
            "Share of all weights with which each comes first",
            prose.shares_text(explained.first_rank_shares, names),
        ),
        *(
            _section(f"Along {prose.requirement_axis(sweep)}", prose.sweep_text(sweep, names))
            for sweep in explained.thresholds
            if sweep.current is not None or len(sweep.stretches) > 1
        ),
    )
    return tuple(section for section in found if section.lines)


def standpoint_of(answer: Recommendation, explained: Explanation) -> Section | None:
    """Return how the one model asked about stands; None where none is."""
    if explained.model is None:
        return None
    name = names_in(answer.solver.catalogue)[explained.model.model]
    return _section(f"{name} in particular", prose.standpoint_text(explained))


def names_in(catalogue: Catalogue) -> dict[str, str]:
    """Return the names of all models by id."""
    return {model.id: model.name for model in catalogue.models}


def digests(solver: Solver) -> str:
    """Return the line that says which facts and weights an answer rests on."""
    weights = solver.weights
    return f"{dated(solver.catalogue)} · weights {weights.name} {weights.sha256[:_DIGEST]}"


def dated(facts: Catalogue) -> str:
    """Return the line that says of when a catalogue is, and which one."""
    return f"Facts as of {facts.as_of} · catalogue {facts.sha256[:_DIGEST]}"


def spoken(model: Model) -> str:
    """Return the locales of a model in a few words."""
    known = [tag for tag, fact in sorted(model.languages.items()) if fact.known]
    unsettled = sum(fact.known is None for fact in model.languages.values())
    refused = [tag for tag, fact in sorted(model.languages.items()) if fact.known is False]
    parts = [", ".join(known) or "none known"]
    parts += [f"not {', '.join(refused)}"] if refused else []
    parts += [f"{unsettled} unverified"] if unsettled else []
    return "; ".join(parts)


def disputed(facts: Catalogue) -> Section:
    """Return the claims that were not chosen, each with its reason."""
    return _section(
        "Claims not chosen",
        (
            f"{model.id} {path}: {wording.claim_text(claim)} [{claim.source}, {claim.as_of}]"
            f" – {claim.why_not}"
            for model in facts.models
            for path, fact in model.facts()
            for claim in fact.other_claims
        ),
    )


def sources(facts: Catalogue) -> Section:
    """Return what the keys of the sources mean."""
    return _section(
        "Sources",
        (
            f"{key}: {source.title} ({source.where}, {source.date})"
            for key, source in facts.sources.items()
        ),
    )


def _section(title: str, lines: Iterable[str]) -> Section:
    return Section(title, tuple(lines))


def _places(answer: Recommendation) -> Iterator[Place]:
    names = names_in(answer.solver.catalogue)
    for each in answer.shortlist:
        why = wording.reason(answer, each)
        yield Place(each.rank, each.model, names[each.model], each.status, each.score, why)
    for exclusion in answer.excluded:
        why, status = wording.exclusion_reason(exclusion), Status.EXCLUDED.word
        yield Place(None, exclusion.model, names[exclusion.model], status, None, why)


def _conflicts(answer: Recommendation) -> Iterator[str]:
    stated = answer.profile.to_dict()["require"]
    for conflict in answer.conflicts:
        yield " + ".join(requirement_text(name, stated[name]) for name in conflict)


def _ways_out(answer: Recommendation) -> Iterator[str]:
    """Yield the relaxations of an infeasible profile, each solved again."""
    if answer.shortlist or not answer.decision.question.stated:
        return
    names = names_in(answer.solver.catalogue)
    for each in answer.relaxations:
        yield prose.relaxation_text(each, names)
    yield from prose.way_out(answer)


def _to_verify(answer: Recommendation) -> Iterator[str]:
    for best in answer.shortlist[:1]:
        yield from (f"{item.requirement}: {item.note}" for item in best.to_verify)


def _call(answer: Recommendation) -> Call | None:
    if not answer.shortlist:
        return None
    sentence, example = wording.how_to_call(answer)
    return Call(sentence, wording.settings(answer), example)
