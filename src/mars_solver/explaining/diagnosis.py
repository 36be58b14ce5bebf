"""Why no model is left, and the least changes after which one is.

With v(c) the requirements that a configuration c violates, over every configuration of every
candidate: the corrections (minimal correction sets, MCS) are the inclusion-minimal v(c), and the
conflicts (minimal unsatisfiable sets, MUS) are their minimal hitting sets (Reiter, "A theory of
diagnosis from first principles", 1987). The relaxations are two Pareto fronts of the changes that
the configurations need: to violate nothing, and to meet everything.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from mars_solver.explaining.changes import Change, apply
from mars_solver.inputs.attributes import Declarations, Requirement
from mars_solver.inputs.facts import EVERYTHING, Member
from mars_solver.inputs.models import Model
from mars_solver.inputs.profile import Profile, Required
from mars_solver.solving.constraints import (
    Check,
    Masks,
    RunnableConfiguration,
    checks,
    minimal,
    missed,
    settled,
)
from mars_solver.solving.solver import Decision, Solver
from mars_solver.vocabulary import MAX_NUMBER, Kind, Status, Verdict

Sets = tuple[tuple[str, ...], ...]
"""Sets of requirements, each in declared order; the smaller first, then in declared order."""


@dataclass(frozen=True, slots=True)
class Relaxation:
    """A minimal change of the stated requirements that admits a model."""

    status: str
    """ "meets" where some configuration then meets everything; else "unverified"."""
    changes: tuple[Change, ...]
    admits: tuple[str, ...]
    """The whole shortlist of the changed profile, solved again."""


class Move(NamedTuple):
    """One requirement with its new value."""

    requirement: Requirement
    to: Required | None
    """None drops the requirement."""
    excess: float | frozenset[Member]
    """How far off the new value is: comparable for one requirement only."""


Repair = tuple[Move, ...]
"""The changes that one configuration needs, in declared order."""


class _Candidate(NamedTuple):
    """One configuration of a candidate, and what it does not meet."""

    number: int
    """The model's index in the catalogue."""
    model: Model
    option: RunnableConfiguration
    missed: Masks


def corrections(solver: Solver, decision: Decision) -> list[int]:
    """Return the masks of every minimal set of requirements without which a model is left.

    Empty where a model is left, and where there is no candidate at all.
    """
    if decision.keys:
        return []
    return minimal(each.missed.violated for each in _candidates(solver, decision))


def betas(decision: Decision) -> tuple[str, ...]:
    """Return the beta models that only wait to be accepted."""
    return tuple(
        s.model.id
        for s in decision.standings
        if s.refused and not s.violated and s.configuration is not None
    )


def relaxations(
    solver: Solver, decision: Decision, keep: Collection[str] = ()
) -> tuple[Relaxation, ...]:
    """Return every minimal relaxation, the cheapest first; none where a model is left.

    Two fronts, each complete and minimal in itself: the changes after which some configuration is
    not violated, and those after which one meets everything. A change on both is listed once, as
    one that meets. Fewest requirements given up first, then fewest changes, then the smallest
    factor on a number, then declared order.

    Args:
        solver: that decided.
        decision: on the profile.
        keep: requirements that cannot move.
    """
    if decision.keys:
        return ()
    repairer = _Repairer(solver, decision.profile)
    candidates = list(_candidates(solver, decision))
    meeting = repairer.front(candidates, Verdict.MET, keep)
    both = set(meeting)
    if decision.policy != "reject":
        both.update(repairer.front(candidates, Verdict.UNVERIFIED, keep))
    cheapest = sorted(both, key=lambda repair: _cost(decision.profile, repair))
    meets = set(meeting)
    return tuple(
        _solved_again(
            solver, decision, repair, Status.MEETS if repair in meets else Status.UNVERIFIED
        )
        for repair in cheapest
    )


def repairs_onto_list(
    solver: Solver, decision: Decision, index: int, keep: Collection[str] = ()
) -> list[Repair]:
    """Return the minimal changes after which a model is not excluded, the cheapest first.

    Whether betas are accepted is left aside; a single empty repair where that alone excludes it.
    None where nothing can run the model, or requirements that cannot move exclude it.
    """
    repairer = _Repairer(solver, decision.profile)
    worst = Verdict.MET if decision.policy == "reject" else Verdict.UNVERIFIED
    front = repairer.front(list(_of_model(solver, decision, index)), worst, keep)
    return sorted(front, key=lambda repair: _cost(decision.profile, repair))


def _candidates(solver: Solver, decision: Decision) -> Iterator[_Candidate]:
    """Yield the configurations of every candidate with what each violates and leaves open."""
    for index, standing in enumerate(decision.standings):
        if not standing.refused:
            yield from _of_model(solver, decision, index)


def _of_model(solver: Solver, decision: Decision, index: int) -> Iterator[_Candidate]:
    """Yield the configurations of one model.

    Those that rule out the same stated requirements are alike in all that is asked here: the first
    of them stands for the others.
    """
    stated = decision.signature.stated
    masks = solver.masks(decision.signature, index)
    options = solver.options[index]
    unlike = {option.ruled_out & stated: option for option in reversed(options)}
    model = solver.catalogue.models[index]
    for option in unlike.values():
        yield _Candidate(index, model, option, missed(option, masks, stated))


class _Repairer:
    """Finds the least changes of one profile's requirements that configurations need."""

    def __init__(self, solver: Solver, profile: Profile) -> None:
        self._solver = solver
        self._asked = checks(profile)
        self._moves: dict[tuple[int, int, Verdict], Move] = {}

    def front(
        self, candidates: Iterable[_Candidate], worst: Verdict, keep: Collection[str] = ()
    ) -> list[Repair]:
        """Return the repairs that no other one betters in every requirement.

        Args:
            candidates: the configurations to repair.
            worst: the worst verdict that is left.
            keep: requirements that cannot move.
        """
        repairs = {self._repair(each, worst) for each in candidates}
        movable = [r for r in repairs if not any(m.requirement.name in keep for m in r)]
        shortest_first = sorted(movable, key=len)
        front: list[Repair] = []
        for repair in shortest_first:
            if not any(_at_most(other, repair) for other in front):
                front = [other for other in front if not _at_most(repair, other)]
                front.append(repair)
        return front

    def _repair(self, candidate: _Candidate, worst: Verdict) -> Repair:
        """Return the least change after which nothing is worse than wanted."""
        mask = candidate.missed.violated
        if worst is Verdict.MET:
            mask |= candidate.missed.unverified
        return tuple(
            [
                self._move(each, candidate, worst)
                for each in self._asked
                if mask & each.requirement.bit
            ]
        )

    def _move(self, check: Check, candidate: _Candidate, worst: Verdict) -> Move:
        requirement = check.requirement
        if candidate.option.ruled_out & requirement.bit:
            return _dropped(check)
        key = requirement.index, candidate.number, worst
        move = self._moves.get(key)
        if move is None:
            move = self._moves[key] = self._least(check, candidate, worst)
        return move

    def _least(self, check: Check, candidate: _Candidate, worst: Verdict) -> Move:
        """Return the nearest value of a requirement whose verdict is good enough."""
        requirement, model = check.requirement, candidate.model
        implied = [settled(model.capability(name)) for name in requirement.implies]
        if requirement.kind is Kind.CAPABILITY or max(implied, default=Verdict.MET) > worst:
            return _dropped(check)
        if requirement.kind is Kind.SET:
            column, bit = self._solver.column(requirement.name), 1 << candidate.number
            stay = []
            for member in check.members:
                masks = column.member(member)
                bad = masks.violated | (masks.unverified if worst is Verdict.MET else 0)
                if not bad & bit:
                    stay.append(member)
            dropped = frozenset(check.members) - frozenset(stay)
            return Move(requirement, tuple(stay) or None, dropped)
        low, high = model.range(requirement.attribute) or EVERYTHING
        end = high if requirement.ceiling == (worst is Verdict.MET) else low
        if not 0 < end <= MAX_NUMBER:
            return _dropped(check)
        to = max(end, check.amount) if requirement.ceiling else min(end, check.amount)
        return Move(requirement, to, to if requirement.ceiling else -to)


def _dropped(check: Check) -> Move:
    """Return the move that gives a requirement up."""
    everything = frozenset(check.members) if check.requirement.kind is Kind.SET else math.inf
    return Move(check.requirement, None, everything)


def _at_most(repair: Repair, other: Repair) -> bool:
    """Return whether a repair gives up at most what another one does, in every requirement."""
    if len(repair) > len(other):
        return False
    changed = {move.requirement.index: move.excess for move in other}
    return all(
        move.requirement.index in changed and move.excess <= changed[move.requirement.index]  # type: ignore[operator]
        for move in repair
    )


Cost = tuple[int, int, Fraction, list[int], str]


def _cost(profile: Profile, repair: Repair) -> Cost:
    """Return the key that sorts relaxations, the cheapest first."""
    given_up = 0
    factor = Fraction(1)
    for requirement, to, _ in repair:
        if isinstance(to, int | float) and to is not True:
            ratio = Fraction(to) / Fraction(profile.require[requirement.name])  # type: ignore[arg-type]
            factor = max(factor, ratio, 1 / ratio)
        else:
            given_up += 1
    order = [move.requirement.index for move in repair]
    return given_up, len(repair), factor, order, repr([move.to for move in repair])


def values_of(repair: Repair) -> dict[str, Required | None]:
    """Return the new values of a repair, as `changes.apply` takes them."""
    return {move.requirement.name: move.to for move in repair}


def _solved_again(solver: Solver, decision: Decision, repair: Repair, status: Status) -> Relaxation:
    """Return a repair with what it admits."""
    profile, changes = apply(decision.profile, values_of(repair))
    again = solver.decide(profile, decision.policy)
    return Relaxation(status.word, changes, again.ids)


def hitting_sets(masks: Iterable[int]) -> list[int]:
    """Return the minimal masks that share a bit with each of `masks` (Berge's algorithm).

    Those that miss the next mask grow by each of its bits. Two that have grown never contain one
    another, so that only those that hit it already can make one superfluous.
    """
    hitting: list[int] = []
    for i, mask in enumerate(masks):
        hit = [each for each in hitting if each & mask]
        missing = [each for each in hitting if not each & mask] if i else [0]
        bits = _bits(mask)
        grown = [each | bit for each in missing for bit in bits]
        hitting = hit + [new for new in grown if not any(old & new == old for old in hit)]
    return hitting


def _bits(mask: int) -> list[int]:
    """Return the single bits of a mask."""
    return [1 << i for i in range(mask.bit_length()) if mask >> i & 1]


def named(masks: Iterable[int], declared: Declarations) -> Sets:
    """Return sets of requirements by name: the smaller first, then in declared order."""
    ordered = sorted(masks, key=lambda mask: (mask.bit_count(), _bits(mask)))
    return tuple(declared.names_of(mask) for mask in ordered)
