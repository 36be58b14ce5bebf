"""Sentences about what would change an answer, for people: plain text, with no layout."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

from mars_solver.rendering.words import number, requirement_text
from mars_solver.vocabulary import (
    ACCEPT_BETA,
    INVALID,
    MAX_NUMBER,
    REQUIREMENT,
    Kind,
    names_of,
)

if TYPE_CHECKING:
    from mars_solver.explaining.changes import Change
    from mars_solver.explaining.counterfactual import Promotion
    from mars_solver.explaining.decisive_facts import DecisiveFacts, Evidence
    from mars_solver.explaining.diagnosis import Relaxation
    from mars_solver.explaining.explanation import Explanation
    from mars_solver.explaining.recommendation import Recommendation
    from mars_solver.explaining.sensitivity import Flip, Share, Stretch, Sweep
    from mars_solver.solving.cells import Interval

_NEGLIGIBLE = 0.0005
"""Less than this is shown as no points at all."""


def change_text(change: Change) -> str:
    """Return a change as an instruction."""
    name, old, new = change.requirement, change.from_, change.to
    if name == ACCEPT_BETA:
        return "accept betas"
    if name.startswith("prefer."):
        return f"set the importance of {name.removeprefix('prefer.')} from {old} to {new}"
    if name == "primary":
        return f"{old} then comes first no more"
    if new is None:
        return f"drop {name}"
    if isinstance(new, list) and isinstance(old, list):
        dropped = ", ".join(tag for tag in old if tag not in new)
        return f"drop {dropped} from {name}"
    requirement = REQUIREMENT[name]
    verb = "raise" if requirement.kind is Kind.CEILING else "lower"
    return f"{verb} {name} from {_amount(old)} to {_amount(new)} {requirement.unit}"


def _amount(value: object) -> str:
    return number(value) if isinstance(value, int | float) else str(value)


def relaxation_text(relaxation: Relaxation, names: dict[str, str]) -> str:
    """Return a relaxation with the models that it admits."""
    steps = ", ".join(map(change_text, relaxation.changes))
    admitted = ", ".join(names[model] for model in relaxation.admits)
    return f"{steps}: admits {admitted} ({relaxation.status})"


def way_out(answer: Recommendation) -> Iterator[str]:
    """Yield what an answer without a model has to say after its relaxations."""
    names = _names(answer)
    if answer.betas:
        betas = " and ".join(names[model] for model in answer.betas)
        yield f"Accepting betas would admit {betas} (--accept-beta)."
    given_up = [any(_given_up(c) for c in each.changes) for each in answer.relaxations]
    if given_up and all(given_up):
        yield (
            "No amount alone helps: each way out gives a requirement up. "
            "If none can go, ask the vendor."
        )


def _given_up(change: Change) -> bool:
    return change.requirement != "primary" and not isinstance(change.to, int | float)


def _names(answer: Recommendation) -> dict[str, str]:
    return {model.id: model.name for model in answer.solver.catalogue.models}


def summary(answer: Recommendation, explanation: Explanation) -> str:
    """Return the answer and what carries it, as a short paragraph."""
    names = _names(answer)
    if not answer.shortlist:
        return " ".join(_no_model(answer))
    best = answer.shortlist[0]
    sentences = [f"{names[best.model]} comes first."]
    lead = explanation.difference
    if lead is None:
        sentences.append("It is the only model that is left.")
    elif lead.by_standing:
        second = answer.decision.standings[answer.decision.ranking[1]]
        open_points = ", ".join(names_of(second.unverified))
        sentences.append(
            f"{names[lead.second]} follows because less of it is settled ({open_points})."
        )
    else:
        most = max(lead.criteria, key=lambda each: each.points)
        sentences.append(
            f"It leads {names[lead.second]} by {lead.points:.3f} points,"
            f" above all for {most.criterion} ({most.points:+.3f})."
        )
    if best.to_verify:
        open_points = ", ".join(item.requirement for item in best.to_verify)
        sentences.append(f"Before you rely on it, verify {open_points}.")
    sentences.append(_nearest_flip(explanation, names))
    return " ".join(sentences)


def _no_model(answer: Recommendation) -> Iterator[str]:
    conflicts = len(answer.conflicts)
    yield "No model meets every requirement."
    if conflicts:
        together = " and ".join(answer.conflicts[0])
        yield (
            f"{together} cannot hold together."
            if conflicts == 1 and len(answer.conflicts[0]) > 1
            else f"{together} cannot be met."
            if conflicts == 1
            else f"There are {conflicts} conflicts, each of which has to go."
        )
    if answer.relaxations:
        first = answer.relaxations[0]
        yield f"The cheapest way out: {relaxation_text(first, _names(answer))}."


def _nearest_flip(explanation: Explanation, names: dict[str, str]) -> str:
    """Return the smallest move of one importance that changes the winner, as a sentence."""
    moves = [
        (abs(flip.whole - each.importance), each.criterion, each.importance, flip)
        for each in explanation.importances
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


def lead_text(explanation: Explanation, names: dict[str, str]) -> Iterator[str]:
    """Yield the lead of the first over the second, and what adds up to it."""
    lead = explanation.difference
    if lead is None:
        return
    standing = "; it leads by standing in any case" if lead.by_standing else ""
    yield f"{names[lead.first]} − {names[lead.second]}: {lead.points:+.3f} points{standing}"
    for each in lead.criteria:
        if abs(each.points) >= _NEGLIGIBLE:
            yield f"{each.criterion}: {each.points:+.3f}"


def flips_text(explanation: Explanation, names: dict[str, str]) -> Iterator[str]:
    """Yield for each criterion where the winner changes as its importance moves."""
    for each in explanation.importances:
        ends = [_flip_text(each.down, "below", names), _flip_text(each.up, "above", names)]
        said = "; ".join(filter(None, ends))
        if said:
            yield f"{each.criterion} (now {each.importance}): {said}"


def _flip_text(flip: Flip | None, side: str, names: dict[str, str]) -> str:
    if flip is None:
        return ""
    whole = "no whole number does it" if flip.whole is None else f"{flip.whole} does it"
    at = "" if flip.winner_at != flip.winner else " or at"
    return f"{names[flip.winner]} {side}{at} {fraction_text(flip.at)} ({whole})"


def fraction_text(value: Fraction) -> str:
    """Return a fraction exactly, and rounded where that is shorter to grasp."""
    exact = str(value)
    return exact if value.denominator == 1 else f"{exact} = {float(value):.2f}"


def sweep_text(sweep: Sweep, names: dict[str, str]) -> Iterator[str]:
    """Yield the shortlist along an axis, one line for each stretch; the stated one is marked."""
    unit = REQUIREMENT[sweep.requirement].unit
    for stretch in sweep.stretches:
        mark = "▸" if sweep.current is not None and sweep.current in stretch.interval else " "
        yield f"{mark} {interval_text(stretch.interval)} {unit}: {_shortlist(stretch, names)}"


def interval_text(interval: Interval) -> str:
    """Return an interval in words, without its unit."""
    if interval.low == interval.high:
        return number(interval.low)
    start = f"{'from' if interval.low_included else 'above'} {number(interval.low)}"
    end = f"{'up to' if interval.high_included else 'below'} {number(interval.high)}"
    parts = [start] if interval.low else []
    parts += [end] if interval.high < MAX_NUMBER else []
    return ", ".join(parts) or "any"


def _shortlist(stretch: Stretch, names: dict[str, str]) -> str:
    if stretch.status == INVALID:
        return "contradicts the rest of the profile"
    models = ", ".join(
        names[each.model] + ("" if each.status == "guaranteed" else f" ({each.status})")
        for each in stretch.shortlist
    )
    goes = "".join(f"; {change_text(change)}" for change in stretch.changes)
    return (models or "no model") + goes


def decisive_text(decisive: DecisiveFacts, names: dict[str, str]) -> str:
    """Return what would have to be shown for another model to win."""
    shown = " and ".join(_evidence(each) for each in decisive.evidence)
    then = f"{names[decisive.winner]} wins" if decisive.winner else "no model is left"
    return f"{names[decisive.model]}: {shown}: then {then}"


def _evidence(evidence: Evidence) -> str:
    value = evidence.value
    if isinstance(value, tuple):
        if evidence.relation == "yes":
            return f"speaks {' and '.join(value)}"
        return f"does not speak {' or '.join(value)}"
    if value is None:
        return (
            f"{evidence.fact} is shown {'to hold' if evidence.relation == 'yes' else 'not to hold'}"
        )
    unit = REQUIREMENT[evidence.requirement].unit
    return f"{evidence.fact} is measured {evidence.relation} {number(value)} {unit}"


def shares_text(shares: Iterable[Share], names: dict[str, str]) -> Iterator[str]:
    """Yield in what share of all weights each model wins."""
    for share in shares:
        how = "exact" if share.exact else f"± {100 * share.error:.1f}, sampled"
        yield f"{names[share.model]}: {100 * share.share:.1f} % ({how})"


def standpoint_text(explanation: Explanation) -> Iterator[str]:
    """Yield how the one model asked about stands, and the fewest changes that better it."""
    stand = explanation.model
    if stand is None:
        return
    if stand.rank == 1:
        yield "It is first."
        return
    if stand.rank is None:
        yield "It is not on the list."
        yield from (f"onto it: {promotion_text(each)}" for each in stand.onto_list)
    else:
        yield f"It is number {stand.rank}."
    yield from (f"to first place: {promotion_text(each)}" for each in stand.to_first)
    if not stand.to_first:
        yield "No change of requirements and importances puts it first."


def promotion_text(promotion: Promotion) -> str:
    """Return the changes that better the place of a model, and the place."""
    steps = ", ".join(map(change_text, promotion.changes))
    return f"{steps} (then number {promotion.rank}, {promotion.status})"


def requirement_axis(sweep: Sweep) -> str:
    """Return the heading of a sweep."""
    if sweep.current is None:
        return f"{sweep.requirement} (not stated)"
    return requirement_text(sweep.requirement, sweep.current)
