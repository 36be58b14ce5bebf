"""Which unverified facts could change the winner, and what a measurement must show for that.

Each statement is found by solving again with the measurement as a fact. Better facts never lower
a model's rank, so that one boundary on a number says all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, Final, Literal

from mars_solver.errors import InputError
from mars_solver.inputs.catalogue import with_measurements
from mars_solver.inputs.facts import EVERYTHING, Model
from mars_solver.solving.cells import Number
from mars_solver.solving.constraints import Check, checks, own_verdict
from mars_solver.solving.solver import Decision, Solver
from mars_solver.vocabulary import MAX_NUMBER, Kind, Verdict, names_of

Relation = Literal["yes", "no", "at most", "more than", "at least", "less than"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one fact must be shown to be."""

    requirement: str
    fact: str
    relation: Relation
    value: Number | tuple[str, ...] | None = None
    """The number that the relation names; the locales (all for "yes", any for "no"); None for a
    capability."""


@dataclass(frozen=True, slots=True)
class DecisiveFacts:
    """Unverified facts of one model which, shown together, change the winner."""

    model: str
    evidence: tuple[Evidence, ...]
    winner: str | None
    """The model that wins then; None where none is left."""


class Trial:
    """One profile that is solved again with facts of one model as if they were measured.

    Only that model is solved again: what another one is never changes how a model stands or
    scores.
    """

    def __init__(self, solver: Solver, decision: Decision) -> None:
        self._solver = solver
        self._decision = decision
        self._keys = {
            decision.standings[index].model.id: decision.rank_key(index)
            for index in decision.ranking
        }
        self._known: dict[str, str | None] = {}

    def winner(self, model: Model, claims: dict[str, Any]) -> str | None:
        """Return the winner if a model had other facts; None where no model is left.

        Raises:
            InputError: where the model could then be run nowhere.
        """
        seen = f"{model.id} {claims}"
        if seen not in self._known:
            self._known[seen] = self._solved_again(model, claims)
        return self._known[seen]

    def _solved_again(self, model: Model, claims: dict[str, Any]) -> str | None:
        alone = replace(self._solver.catalogue, models=(model,))
        measured = {model.id: {name: _claimed(name, value) for name, value in claims.items()}}
        solver = Solver(with_measurements(alone, measured, place="what if"), self._solver.weights)
        again = solver.decide(self._decision.profile, self._decision.question.policy)
        keys = {name: key for name, key in self._keys.items() if name != model.id}
        if again.ranking:
            keys[model.id] = again.rank_key(0)
        return min(keys, key=lambda name: keys[name], default=None)


_TRIAL: Final = {"source": "what if", "as_of": "2000"}


def _claimed(name: str, value: Any) -> dict[str, Any]:
    """Return a claim of a fact, or one for each locale."""
    if name == "languages":
        return {tag: {**_TRIAL, "value": known} for tag, known in value.items()}
    return {**_TRIAL, "value": value}


def decisive_facts(solver: Solver, decision: Decision) -> tuple[DecisiveFacts, ...]:
    """Return what could change the winner: facts against it, then facts for the others.

    Against the winner each unverified fact alone; for another model the smallest sets of its
    unverified requirements. Of the numbers in such a set, one at the most is asked to be better
    than its requirement. Empty where no model is left, or nothing unverified matters.
    """
    if not decision.ranking:
        return ()
    trial = Trial(solver, decision)
    asked = {check.requirement.name: check for check in checks(decision.profile)}
    first, *others = decision.ranking
    best = decision.standings[first]
    decisive = [
        each
        for name in names_of(best.unverified)
        for each in _against(trial, decision, asked[name])
    ]
    for index in others:
        standing = decision.standings[index]
        open_points = [asked[name] for name in names_of(standing.unverified)]
        # Fewer facts than this leave it behind by standing, whatever they are.
        least = decision.order(index)[1] - decision.order(first)[1]
        decisive.extend(_in_favour(trial, standing.model, open_points, max(least, 1)))
    return tuple(decisive)


def _against(trial: Trial, decision: Decision, check: Check) -> Iterator[DecisiveFacts]:
    """Yield each fact that alone would make the winner lose."""
    winner, *rest = (standing.model for standing in decision.ranked)
    for claims, evidence in _refuting(check, winner):
        try:
            then = trial.winner(winner, claims)
        except InputError:  # nothing can run the model any more
            then = rest[0].id if rest else None
        if then != winner.id:
            yield DecisiveFacts(winner.id, (evidence,), then)


def _in_favour(
    trial: Trial, model: Model, open_points: list[Check], least: int
) -> Iterator[DecisiveFacts]:
    """Yield the smallest sets of unverified requirements that would make a model win."""
    enough: list[set[str]] = []
    for size in range(least, len(open_points) + 1):
        for some in combinations(open_points, size):
            names = {check.requirement.name for check in some}
            if any(known <= names for known in enough):
                continue
            evidence = _winning(trial, model, some)
            if evidence:
                enough.append(names)
                yield DecisiveFacts(model.id, evidence, model.id)


def _winning(trial: Trial, model: Model, some: tuple[Check, ...]) -> tuple[Evidence, ...]:
    """Return what must be shown of some requirements for a model to win; empty if nothing can.

    Numbers at their requirement's bound say most. Where that is not enough, one of them is moved
    to the nearest whole number that is.
    """
    claims: dict[str, Any] = {}
    evidence: list[Evidence] = []
    for check in some:
        shown, said = _meeting(check, model)
        claims |= shown
        evidence += said
    if trial.winner(model, claims) == model.id:
        return tuple(evidence)
    for i, item in enumerate(evidence):
        if isinstance(item.value, int | float):
            number = _tighter(trial, model, claims, item, item.value)
            if number is not None:
                return (*evidence[:i], replace(item, value=number), *evidence[i + 1 :])
    return ()


def _tighter(
    trial: Trial, model: Model, claims: dict[str, Any], bound: Evidence, limit: Number
) -> int | None:
    """Return the loosest whole number within the claim of a fact at which a model wins."""
    low, high = model.range(bound.fact) or EVERYTHING

    def wins(number: int) -> bool:
        return trial.winner(model, {**claims, bound.fact: number}) == model.id

    if bound.relation == "at most":
        return _last(math.ceil(low), math.floor(limit), wins)
    top = MAX_NUMBER if math.isinf(high) else math.floor(high)
    mirrored = _last(-top, -math.ceil(limit), lambda number: wins(-number))
    return None if mirrored is None else -mirrored


def _last(low: int, high: int, holds: Callable[[int], bool]) -> int | None:
    """Return the last number from low to high that holds, where all before it do too."""
    if low > high or not holds(low):
        return None
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low


def _meeting(check: Check, model: Model) -> tuple[dict[str, Any], list[Evidence]]:
    """Return the facts that make an unverified requirement met, numbers barely."""
    requirement = check.requirement
    name, fact = requirement.name, requirement.fact
    match requirement.kind:
        case Kind.LOCALES:
            tags = tuple(tag for tag in check.locales if model.speaks(tag) is None)
            return {fact: dict.fromkeys(tags, True)}, [Evidence(name, fact, "yes", tags)]
        case Kind.CAPABILITY:
            return {fact: True}, [Evidence(name, fact, "yes")]
    claims: dict[str, Any] = {}
    said: list[Evidence] = []
    if own_verdict(check, model) is Verdict.UNVERIFIED:
        claims[fact] = check.amount
        relation: Relation = "at most" if requirement.kind is Kind.CEILING else "at least"
        said.append(Evidence(name, fact, relation, check.amount))
    if requirement.implies and model.capability(requirement.implies) is None:
        claims[requirement.implies] = True
        said.append(Evidence(name, requirement.implies, "yes"))
    return claims, said


def _refuting(check: Check, model: Model) -> Iterator[tuple[dict[str, Any], Evidence]]:
    """Yield each fact that alone makes an unverified requirement violated."""
    requirement = check.requirement
    name, fact = requirement.name, requirement.fact
    claims, said = _meeting(check, model)
    for item in said:
        match item.relation:
            case "yes" if isinstance(item.value, tuple):
                yield {fact: {item.value[0]: False}}, Evidence(name, fact, "no", item.value)
            case "yes":
                yield {item.fact: False}, Evidence(name, item.fact, "no")
            case "at most":
                beyond = math.nextafter(claims[fact], math.inf)
                yield {fact: beyond}, Evidence(name, fact, "more than", item.value)
            case _:
                beyond = math.nextafter(claims[fact], -math.inf)
                yield {fact: beyond}, Evidence(name, fact, "less than", item.value)
