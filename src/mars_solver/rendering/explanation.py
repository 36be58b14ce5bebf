"""An explanation in words, without a layout: what carries an answer, and what would change it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from mars_solver.rendering.answer import relaxation_text
from mars_solver.rendering.words import (
    Section,
    change_text,
    fraction_text,
    interval_text,
    names_in,
)
from mars_solver.vocabulary import INVALID, REQUIREMENT, names_of, number, requirement_text

if TYPE_CHECKING:
    from mars_solver.explaining.counterfactual import Promotion, Standpoint
    from mars_solver.explaining.decisive_facts import DecisiveFacts, Evidence
    from mars_solver.explaining.explanation import Difference, Explanation
    from mars_solver.explaining.recommendation import Recommendation
    from mars_solver.explaining.sensitivity import Flip, ImportanceFlips, Share, Stretch, Sweep

_NEGLIGIBLE: Final = 0.0005
"""A criterion that adds fewer points to a lead than this is not listed."""


def summary(explanation: Explanation) -> str:
    """Return the answer and what carries it, as a short paragraph."""
    answer = explanation.answer
    if not answer.shortlist:
        return " ".join(_no_model(answer))
    names = names_in(answer.solver.catalogue)
    best = answer.shortlist[0]
    sentences = [f"{names[best.model]} comes first.", _lead_sentence(explanation, names)]
    if best.to_verify:
        open_points = ", ".join(item.requirement for item in best.to_verify)
        sentences.append(f"Before you rely on it, verify {open_points}.")
    sentences.append(_nearest_flip(explanation.importances, names))
    return " ".join(sentences)


def _no_model(answer: Recommendation) -> Iterator[str]:
    """Yield what the summary says where no model is left."""
    yield "No model meets every requirement."
    conflicts = answer.conflicts
    if len(conflicts) > 1:
        yield f"There are {len(conflicts)} conflicts, each of which has to go."
    elif conflicts:
        together = " and ".join(conflicts[0])
        yield f"{together} cannot {'hold together' if len(conflicts[0]) > 1 else 'be met'}."
    if answer.relaxations:
        first = relaxation_text(answer.relaxations[0], names_in(answer.solver.catalogue))
        yield f"The cheapest way out: {first}."


def _lead_sentence(explanation: Explanation, names: dict[str, str]) -> str:
    """Return why the first model is ahead of the second."""
    lead = explanation.difference
    if lead is None:
        return "It is the only model that is left."
    if lead.by_standing:
        second = explanation.answer.decision.ranked[1]
        open_points = ", ".join(names_of(second.unverified))
        return f"{names[lead.second]} follows because less of it is settled ({open_points})."
    most = max(lead.criteria, key=lambda each: each.points)
    return (
        f"It leads {names[lead.second]} by {lead.points:.3f} points,"
        f" above all for {most.criterion} ({most.points:+.3f})."
    )


def _nearest_flip(importances: Iterable[ImportanceFlips], names: dict[str, str]) -> str:
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
    winner = names[flip.whole_winner or flip.winner]
    return (
        f"The smallest move of one importance that changes the winner is {criterion} from"
        f" {importance} to {flip.whole}: then {winner} wins."
    )


def sections_of(explanation: Explanation) -> tuple[Section, ...]:
    """Return what would change an answer, in words; a section without lines is left out."""
    names = names_in(explanation.answer.solver.catalogue)
    facts = tuple(_decisive_text(each, names) for each in explanation.decisive_facts)
    sections = [
        Section("First beside second", tuple(_lead_lines(explanation.difference, names))),
        Section(
            "Importances that change the winner",
            tuple(_flip_lines(explanation.importances, names)),
        ),
        Section("Facts that would change the winner", facts),
        Section(
            "Share of all weights with which each comes first",
            tuple(_share_lines(explanation.first_rank_shares, names)),
        ),
    ]
    sections += [
        Section(f"Along {_axis_text(sweep)}", tuple(_sweep_lines(sweep, names)))
        for sweep in explanation.thresholds
        if sweep.current is not None or len(sweep.stretches) > 1
    ]
    return tuple(section for section in sections if section.lines)


def _lead_lines(lead: Difference | None, names: dict[str, str]) -> Iterator[str]:
    """Yield the lead of the first model over the second, and what adds up to it."""
    if lead is None:
        return
    standing = "; it leads by standing in any case" if lead.by_standing else ""
    yield f"{names[lead.first]} − {names[lead.second]}: {lead.points:+.3f} points{standing}"
    for each in lead.criteria:
        if abs(each.points) >= _NEGLIGIBLE:
            yield f"{each.criterion}: {each.points:+.3f}"


def _flip_lines(importances: Iterable[ImportanceFlips], names: dict[str, str]) -> Iterator[str]:
    """Yield for each criterion where the winner changes as its importance moves."""
    for each in importances:
        below, above = _flip_text(each.down, "below", names), _flip_text(each.up, "above", names)
        flips = "; ".join(filter(None, (below, above)))
        if flips:
            yield f"{each.criterion} (now {each.importance}): {flips}"


def _flip_text(flip: Flip | None, side: str, names: dict[str, str]) -> str:
    if flip is None:
        return ""
    whole = "no whole number does it" if flip.whole is None else f"{flip.whole} does it"
    at = "" if flip.winner_at != flip.winner else " or at"
    return f"{names[flip.winner]} {side}{at} {fraction_text(flip.at)} ({whole})"


def _decisive_text(decisive: DecisiveFacts, names: dict[str, str]) -> str:
    """Return what would have to be shown for another model to win."""
    shown = " and ".join(map(_evidence_text, decisive.evidence))
    then = f"{names[decisive.winner]} wins" if decisive.winner else "no model is left"
    return f"{names[decisive.model]}: {shown}: then {then}"


def _evidence_text(evidence: Evidence) -> str:
    fact, relation, value = evidence.fact, evidence.relation, evidence.value
    if isinstance(value, tuple):
        if relation == "yes":
            return f"speaks {' and '.join(value)}"
        return f"does not speak {' or '.join(value)}"
    if value is None:
        return f"{fact} is shown {'to hold' if relation == 'yes' else 'not to hold'}"
    return f"{fact} is measured {relation} {number(value)} {REQUIREMENT[evidence.requirement].unit}"


def _share_lines(shares: Iterable[Share], names: dict[str, str]) -> Iterator[str]:
    """Yield in what share of all weights each model comes first."""
    for share in shares:
        how = "exact" if share.exact else f"± {100 * share.error:.1f}, sampled"
        yield f"{names[share.model]}: {100 * share.share:.1f} % ({how})"


def _axis_text(sweep: Sweep) -> str:
    """Return the requirement that a sweep moves, with the limit that is stated."""
    if sweep.current is None:
        return f"{sweep.requirement} (not stated)"
    return requirement_text(sweep.requirement, sweep.current)


def _sweep_lines(sweep: Sweep, names: dict[str, str]) -> Iterator[str]:
    """Yield the shortlist along an axis, a line for each stretch; ▸ marks the stated limit."""
    unit = REQUIREMENT[sweep.requirement].unit
    for stretch in sweep.stretches:
        mark = "▸" if sweep.current is not None and sweep.current in stretch.interval else " "
        yield f"{mark} {interval_text(stretch.interval)} {unit}: {_stretch_text(stretch, names)}"


def _stretch_text(stretch: Stretch, names: dict[str, str]) -> str:
    """Return the shortlist of a stretch, and what else changes with it."""
    if stretch.status == INVALID:
        return "contradicts the rest of the profile"
    models = ", ".join(
        names[each.model] + ("" if each.status == "guaranteed" else f" ({each.status})")
        for each in stretch.shortlist
    )
    changes = "".join(f"; {change_text(change)}" for change in stretch.changes)
    return (models or "no model") + changes


def standpoint_of(explanation: Explanation) -> Section | None:
    """Return the rank of the one model asked about and what betters it; None where none is."""
    standpoint = explanation.model
    if standpoint is None:
        return None
    name = names_in(explanation.answer.solver.catalogue)[standpoint.model]
    return Section(f"{name} in particular", tuple(_standpoint_lines(standpoint)))


def _standpoint_lines(standpoint: Standpoint) -> Iterator[str]:
    if standpoint.rank == 1:
        yield "It is first."
        return
    if standpoint.rank is None:
        yield "It is not on the list."
        yield from (f"onto it: {promotion_text(each)}" for each in standpoint.onto_list)
    else:
        yield f"It is number {standpoint.rank}."
    yield from (f"to first place: {promotion_text(each)}" for each in standpoint.to_first)
    if not standpoint.to_first:
        yield "No change of requirements and importances puts it first."


def promotion_text(promotion: Promotion) -> str:
    """Return the changes that better the rank of a model, and its rank after them."""
    steps = ", ".join(map(change_text, promotion.changes))
    return f"{steps} (then number {promotion.rank}, {promotion.status})"
