"""An explanation in words, without a layout: what carries an answer, and what would change it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import TYPE_CHECKING, Final

from mars_solver.inputs.profile import requirement_text
from mars_solver.rendering.answer import (
    beta_sentence,
    headline,
    lead_sentence,
    relaxation_text,
    tie_break,
)
from mars_solver.rendering.words import (
    CONTRADICTION,
    MARKS,
    MOST_NAMES,
    Section,
    change_text,
    interval_text,
    keyed,
    signed,
)
from mars_solver.vocabulary import INVALID, MAX_IMPORTANCE, Status, amounts, both

if TYPE_CHECKING:
    from mars_solver.explaining.comparison import CriterionLead
    from mars_solver.explaining.counterfactual import Promotion, Standpoint
    from mars_solver.explaining.decisive_facts import DecisiveFacts, Evidence
    from mars_solver.explaining.explanation import Difference, Explanation
    from mars_solver.explaining.recommendation import Recommendation
    from mars_solver.explaining.sensitivity import Flip, ImportanceFlips, Share, Stretch, Sweep
    from mars_solver.inputs.catalogue.catalogue import Catalogue

NEGLIGIBLE: Final = 0.0005
"""A criterion that adds fewer points to a lead than this is not listed."""


def summary(explanation: Explanation) -> str:
    """Return the answer and what carries it, as a short paragraph."""
    answer = explanation.answer
    if not answer.shortlist:
        return " ".join(_no_model(answer))
    catalogue = answer.solver.catalogue
    best = answer.shortlist[0]
    sentences = [f"{catalogue.names[best.model]} comes first.", lead_sentence(answer)]
    if best.to_verify:
        open_points = both(catalogue.declared.phrase(each.requirement) for each in best.to_verify)
        sentences.append(f"Before you rely on it, verify {open_points}.")
    sentences.append(nearest_flip(explanation.importances, catalogue))
    return " ".join(sentences)


def conflict_sentence(answer: Recommendation) -> str:
    """Return why no model is left; empty where no requirement is the reason."""
    conflicts = answer.conflicts
    if len(conflicts) > 1:
        return f"There are {len(conflicts)} conflicts, and each has to be resolved."
    if not conflicts:
        return ""
    checks = [answer.checks[name] for name in conflicts[0]]
    asked = both(requirement_text(each.requirement, each.required) for each in checks)
    return f"No model meets {asked}{' together' if len(checks) > 1 else ''}."


def _no_model(answer: Recommendation) -> Iterator[str]:
    """Yield what the summary says where no model is left."""
    yield conflict_sentence(answer) or headline(answer)
    if answer.betas and not answer.relaxations:
        yield beta_sentence(answer)
    if answer.relaxations:
        policy = answer.decision.policy
        first = relaxation_text(answer.relaxations[0], answer.solver.catalogue, policy)
        yield f"The cheapest way out: {first}."


def nearest_flip(importances: Iterable[ImportanceFlips], catalogue: Catalogue) -> str:
    """Return the smallest move of one importance that changes the winner, as a sentence."""
    moves = [
        (abs(flip.whole - each.importance), each.criterion, each.importance, flip)
        for each in importances
        for flip in (each.down, each.up)
        if flip and flip.whole is not None
    ]
    if not moves:
        return "Moving one importance, anywhere from 0 to 10, does not change the winner."
    _, criterion, importance, flip = min(moves, key=lambda move: move[:2])
    winner = catalogue.names[flip.whole_winner or flip.winner]
    return (
        f"The smallest move of one importance that changes the winner is"
        f" {catalogue.declared.phrase(criterion)} from {importance} to {flip.whole}:"
        f" then {winner} wins."
    )


def sections_of(explanation: Explanation) -> tuple[Section, ...]:
    """Return what would change an answer, in words; a section without lines is left out."""
    catalogue = explanation.answer.solver.catalogue
    facts = tuple(decisive_text(each, catalogue) for each in explanation.decisive_facts)
    sections = [
        Section("First beside second", tuple(_lead_lines(explanation.difference, catalogue))),
        Section(
            "Importances that change the winner",
            tuple(_flip_lines(explanation.importances, catalogue)),
        ),
        Section("Facts that would change the winner", facts),
        Section(
            "Share of all weights with which each comes first",
            tuple(_share_lines(explanation.first_rank_shares, catalogue)),
        ),
    ]
    sections += [
        Section(f"Along {_axis_text(sweep, catalogue)}", tuple(_sweep_lines(sweep, catalogue)))
        for sweep in explanation.thresholds
        if sweep.current is not None or len(sweep.stretches) > 1
    ]
    sections.append(Section("Not everything was tried", explanation.bounds))
    return tuple(section for section in sections if section.lines)


def _lead_lines(lead: Difference | None, catalogue: Catalogue) -> Iterator[str]:
    """Yield the lead of the first model over the second, and what adds up to it."""
    if lead is None:
        return
    names = catalogue.names
    aside = ""
    if lead.by_standing:
        aside = "; more of its requirements are confirmed, which counts first"
    elif lead.tied:
        aside = f"; a tie, and {tie_break(lead.decided_by)}"
    yield f"{names[lead.first]} − {names[lead.second]}: {signed(lead.points)} points{aside}"
    yield from lead_lines(lead.criteria, catalogue)


def lead_lines(leads: Iterable[CriterionLead], catalogue: Catalogue) -> Iterator[str]:
    """Yield what each criterion adds to the lead of one model over another, if it matters."""
    for each in leads:
        if abs(each.points) >= NEGLIGIBLE:
            yield f"{catalogue.declared.phrase(each.criterion)}: {signed(each.points)}"


def _flip_lines(importances: Iterable[ImportanceFlips], catalogue: Catalogue) -> Iterator[str]:
    """Yield for each criterion where the winner changes as its importance moves."""
    for each in importances:
        names = catalogue.names
        down = [flip_text(each.down, names, "at {} or below")] if each.down else []
        up = [flip_text(each.up, names, "from {}")] if each.up else []
        if down or up:
            criterion = keyed(catalogue.declared, each.criterion)
            yield f"{criterion} (now {each.importance}): {'; '.join(down + up)}"


def flip_text(flip: Flip, names: Mapping[str, str], where: str) -> str:
    """Return where another model wins: whole importances are what one can state.

    Args:
        flip: where it starts to win.
        names: of the models, by id.
        where: how to say at which whole importances, with `{}` for the first of them.
    """
    if flip.whole is None or flip.whole_to is None:
        return f"{names[flip.winner]} near {float(flip.at):.2f}, at no whole number"
    first, last = flip.whole, flip.whole_to
    if last not in {0, MAX_IMPORTANCE}:
        where = "from {} to {}".format(*sorted((first, last)))
    said = f"at {first}" if first == last else where.format(first)
    return f"{names[flip.whole_winner or flip.winner]} {said}"


def decisive_text(decisive: DecisiveFacts, catalogue: Catalogue) -> str:
    """Return what would have to be shown for another model to win."""
    shown = both(_evidence_text(each, catalogue) for each in decisive.evidence)
    names = catalogue.names
    then = f"{names[decisive.winner]} wins" if decisive.winner else "no model is left"
    return f"{names[decisive.model]}: if {shown}, then {then}"


def _evidence_text(evidence: Evidence, catalogue: Catalogue) -> str:
    fact, relation, value = evidence.fact, evidence.relation, evidence.value
    what = catalogue.declared.phrase(fact)
    if isinstance(value, tuple):
        word, verb = ("and", "include") if relation == "yes" else ("or", "lack")
        return f"its {what} {verb} {both(map(str, value), word)}"
    if value is None:
        return f"{what} is {'confirmed' if relation == 'yes' else 'refuted'}"
    unit = catalogue.declared.attributes[fact].unit or ""
    return f"{what} measures {relation} {amounts(unit, value)[0]}"


def _share_lines(shares: Iterable[Share], catalogue: Catalogue) -> Iterator[str]:
    """Yield in what share of all weights each model comes first."""
    for share in shares:
        yield f"{catalogue.names[share.model]}: {100 * share.share:.1f} % ({exactness(share)})"


def exactness(share: Share) -> str:
    """Return how exactly a share is known."""
    return "exact" if share.exact else f"± {100 * share.error:.1f}, sampled"


def _axis_text(sweep: Sweep, catalogue: Catalogue) -> str:
    """Return the requirement that a sweep moves, with the limit that is stated."""
    declared, name = catalogue.declared, sweep.requirement
    if sweep.current is None:
        return f"{keyed(declared, name)}, not stated"
    return f"{requirement_text(declared.requirement[name], sweep.current)} [{name}]"


def _sweep_lines(sweep: Sweep, catalogue: Catalogue) -> Iterator[str]:
    """Yield the shortlist along an axis, a line for each that reads alike; ▸ marks the limit."""
    unit = catalogue.declared.requirement[sweep.requirement].unit
    for text, alike in groupby(sweep.stretches, lambda each: _stretch_text(each, catalogue)):
        parts = [each.interval for each in alike]
        span = parts[0].to(parts[-1])
        mark = "▸" if sweep.current is not None and sweep.current in span else " "
        yield f"{mark} {interval_text(span, unit)}: {text}"


def _stretch_text(stretch: Stretch, catalogue: Catalogue) -> str:
    """Return the shortlist of a stretch, and what else changes with it; ? marks the unverified."""
    if stretch.status == INVALID:
        return CONTRADICTION
    named = [
        catalogue.names[each.model] + ("" if each.status == _MEETS else f" {MARKS[each.status]}")
        for each in stretch.shortlist[:MOST_NAMES]
    ]
    models = ", ".join(named) + (" and more" if len(stretch.shortlist) > MOST_NAMES else "")
    changes = "".join(f"; {change_text(each, catalogue.declared)}" for each in stretch.changes)
    return (models or "no model") + changes


_MEETS: Final = Status.MEETS.word


def standpoint_of(explanation: Explanation) -> Section | None:
    """Return the rank of the one model asked about and what betters it; None where none is."""
    standpoint = explanation.model
    if standpoint is None:
        return None
    catalogue = explanation.answer.solver.catalogue
    title = f"{catalogue.names[standpoint.model]} in particular"
    return Section(title, tuple(_standpoint_lines(standpoint, catalogue)))


def _standpoint_lines(standpoint: Standpoint, catalogue: Catalogue) -> Iterator[str]:
    if standpoint.rank == 1:
        yield "It is first."
        return
    yield (
        "It is not on the list."
        if standpoint.rank is None
        else f"It is {_ordinal(standpoint.rank)}."
    )
    yield from (text for text, _ in promotions_of(standpoint, catalogue))
    if not standpoint.to_first:
        tried = "" if standpoint.complete else " that was tried"
        yield f"No change of requirements and importances{tried} puts it first."


def promotions_of(standpoint: Standpoint, catalogue: Catalogue) -> Iterator[tuple[str, Promotion]]:
    """Yield what would better the rank of a model, each also in words."""
    listed, first = "To shortlist it", "To put it first"
    for goal, promotions in ((listed, standpoint.onto_list), (first, standpoint.to_first)):
        for each in promotions:
            steps = ", ".join(change_text(change, catalogue.declared) for change in each.changes)
            said = [f"it would be {_ordinal(each.rank)}"] if goal == listed else []
            said += [] if each.status == _MEETS else ["not confirmed"]
            aside = f" ({', '.join(said)})" if said else ""
            yield f"{goal}: {steps}{aside}", each


_ORDINALS: Final = {1: "first", 2: "second", 3: "third"}


def _ordinal(rank: int) -> str:
    return _ORDINALS.get(rank, f"number {rank}")
