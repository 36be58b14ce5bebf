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
from functools import lru_cache
from typing import NamedTuple, cast

from mars_solver.briefs import brief
from mars_solver.explaining.changes import Change, plain
from mars_solver.inputs.catalogue.attributes import Declarations, Requirement
from mars_solver.inputs.catalogue.facts import Member
from mars_solver.inputs.profile import Context, Profile, Required
from mars_solver.solving.constraints import Check, bits_of, checks, minimal, union
from mars_solver.solving.solver import Decision, Solver
from mars_solver.solving.whatif import WhatIf
from mars_solver.vocabulary import Kind, Status, Verdict

Sets = tuple[tuple[str, ...], ...]
"""Sets of requirements, each in declared order; the smaller first, then in declared order."""


@dataclass(frozen=True, slots=True)
class Relaxation:
    """A minimal change of the stated requirements that admits a model."""

    __repr__ = brief

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


class Shortfall(NamedTuple):
    """A way to use one candidate, and what it does not meet."""

    number: int
    """The model's index in the catalogue."""
    ruled_out: int
    """The requirements that the configuration rules out, whatever the facts."""
    violated: int
    unverified: int


def shortfalls_of(solver: Solver, decision: Decision, indices: Iterable[int]) -> list[Shortfall]:
    """Return the ways to use some models that rule out as little as can be.

    Any other configuration misses all that one of these misses, and more.
    """
    facts = solver.stand(decision.signature).masks
    ruled_out = solver.ruled_out(decision.signature.stated)
    ways = []
    for index in indices:
        violated, unverified = facts[index]
        for out in ruled_out[index]:
            lost = violated | out
            ways.append(Shortfall(index, out, lost, unverified & ~lost))
    return ways


def corrections(ways: Iterable[Shortfall]) -> list[int]:
    """Return the masks of every minimal set of requirements without which a model is left."""
    return minimal([each.violated for each in ways])


def betas(decision: Decision) -> tuple[str, ...]:
    """Return the beta models that only wait to be accepted."""
    return tuple(
        s.model.id
        for s in decision.standings
        if s.refused and not s.violated and s.configuration is not None
    )


def relaxations(
    solver: Solver, decision: Decision, ways: Iterable[Shortfall], keep: Collection[str] = ()
) -> tuple[Relaxation, ...]:
    """Return every minimal relaxation of a profile that leaves no model, the cheapest first.

    Two fronts, each complete and minimal in itself: the changes after which some configuration is
    not violated, and those after which one meets everything. A change on both is listed once, as
    one that meets. Fewest requirements given up first, then fewest changes, then the smallest
    factor on a number, then declared order.

    Args:
        solver: that decided.
        decision: on the profile.
        ways: to use every candidate.
        keep: requirements that cannot move.
    """
    repairer = _Repairer(solver, decision.profile)
    every = list(ways)
    meeting = repairer.front(every, Verdict.MET, keep)
    both = set(meeting)
    if decision.policy != "reject":
        both.update(repairer.front(every, Verdict.UNVERIFIED, keep))
    cheapest = sorted(both, key=lambda repair: _cost(decision.profile, repair))
    what_if = WhatIf(solver, decision)
    return tuple(
        [
            Relaxation(
                (Status.MEETS if repair in meeting else Status.UNVERIFIED).word,
                *_solved_again(solver, decision, what_if, repair),
            )
            for repair in cheapest
        ]
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
    front = repairer.front(shortfalls_of(solver, decision, [index]), worst, keep)
    return sorted(front, key=lambda repair: _cost(decision.profile, repair))


class _Repairer:
    """Finds the least changes of one profile's requirements that configurations need."""

    def __init__(self, solver: Solver, profile: Profile) -> None:
        self._asked = [
            (check, check.requirement.bit, solver.column(check.requirement.name))
            for check in checks(profile)
        ]

    def front(
        self, ways: Iterable[Shortfall], worst: Verdict, keep: Collection[str] = ()
    ) -> list[Repair]:
        """Return the repairs that no other one betters in every requirement.

        Args:
            ways: the configurations to repair.
            worst: the worst verdict that is left.
            keep: requirements that cannot move.
        """
        kept = sum(bit for check, bit, _ in self._asked if check.requirement.name in keep)
        repairs: set[Repair] = set()
        for each in ways:
            mask = each.violated | each.unverified if worst is Verdict.MET else each.violated
            if not mask & kept:
                repairs.add(self._repair(each, mask, worst))
        front: dict[Repair, _Excess] = {}
        for repair in sorted(repairs, key=len):
            excess = {move.requirement.index: move.excess for move in repair}
            if not any(_at_most(other, excess) for other in front.values()):
                front = {r: other for r, other in front.items() if not _at_most(excess, other)}
                front[repair] = excess
        return list(front)

    def _repair(self, way: Shortfall, mask: int, worst: Verdict) -> Repair:
        """Return the least change of the requirements in a mask that are worse than wanted."""
        return tuple(
            [
                _move(
                    check,
                    None
                    if way.ruled_out & bit
                    else column.nearest(check.required, way.number, worst),
                )
                for check, bit, column in self._asked
                if mask & bit
            ]
        )


def _move(check: Check, to: Required | None) -> Move:
    """Return the move of a requirement to a looser value, with how far off that is."""
    requirement = check.requirement
    if requirement.kind is Kind.SET:
        stay = to if isinstance(to, tuple) else ()
        return Move(requirement, to, frozenset(check.members).difference(stay))
    if to is None or requirement.kind is Kind.CAPABILITY:
        return Move(requirement, None, math.inf)
    amount = cast("float", to)
    return Move(requirement, to, amount if requirement.ceiling else -amount)


_Excess = dict[int, float | frozenset[Member]]
"""How far off the new value of each changed requirement is, by its index."""


def _at_most(one: _Excess, other: _Excess) -> bool:
    """Return whether a repair gives up at most what another one does, in every requirement."""
    if not one.keys() <= other.keys():
        return False
    return all(excess <= other[index] for index, excess in one.items())  # type: ignore[operator]


Cost = tuple[int, int, float, list[int], str]


def _cost(profile: Profile, repair: Repair) -> Cost:
    """Return the key that sorts relaxations, the cheapest first."""
    given_up = 0
    factor = 1.0
    for requirement, to, _ in repair:
        if requirement.numeric and to is not None:
            # A quotient is rounded once, so that equal factors stay equal.
            new, old = cast("float", to), cast("float", profile.require[requirement.name])
            factor = max(factor, new / old, old / new)
        else:
            given_up += 1
    order = [move.requirement.index for move in repair]
    return given_up, len(repair), factor, order, repr([move.to for move in repair])


def values_of(repair: Repair) -> dict[str, Required | None]:
    """Return the new values of a repair, as `changes.apply` takes them."""
    return {move.requirement.name: move.to for move in repair}


def _solved_again(
    solver: Solver, decision: Decision, what_if: WhatIf, repair: Repair
) -> tuple[tuple[Change, ...], tuple[str, ...]]:
    """Return the changes that a repair makes, and the shortlist after it."""
    profile = decision.profile
    cells = dict(what_if.cells)
    stated = decision.signature.stated
    for requirement, to, _ in repair:
        if to is None:
            del cells[requirement.index]
            stated &= ~requirement.bit
        else:
            cells[requirement.index] = solver.column(requirement.name).find(to)
    statements = union([cell.statements for cell in cells.values()])
    context = cast("Context", what_if.context(statements))  # no looser requirement states a need
    require = profile.require
    changes = [
        Change(move.requirement.name, plain(require[move.requirement.name]), plain(move.to))
        for move in repair
    ]
    if profile.primary != context.primary:
        changes.append(Change("primary", profile.primary, None))
    models = solver.catalogue.models
    admitted = what_if.ranked(what_if.layers(cells.values(), stated), context)
    return tuple(changes), tuple([models[index].id for index, _ in admitted])


def hitting_sets(masks: Collection[int]) -> Iterator[int]:
    """Yield the minimal masks that share a bit with each of `masks`, each once.

    By depth first, so that the first ones are known before all are (MMCS; Murakami & Uno,
    "Efficient algorithms for dualizing large-scale hypergraphs", 2014): every bit of a minimal mask
    is the only one in some of `masks`, and a mask that has lost this never gets it back.
    """

    def grown(chosen: int, missing: list[int], usable: int) -> Iterator[int]:
        if not missing:
            yield chosen
            return
        bits = bits_of(min([mask & usable for mask in missing], key=int.bit_count))
        usable &= ~sum(bits)
        for bit in bits:
            more = chosen | bit
            alone = {mask & more for mask in masks}
            if all(each in alone for each in bits_of(more)):
                yield from grown(more, [mask for mask in missing if not mask & bit], usable)
            usable |= bit

    return grown(0, list(masks), -1) if masks else iter(())


def named(masks: Iterable[int], declared: Declarations) -> Sets:
    """Return sets of requirements by name: the smaller first, then in declared order."""
    return tuple([names for _, _, names in sorted([_listed(mask, declared) for mask in masks])])


@lru_cache(maxsize=2**12)
def _listed(mask: int, declared: Declarations) -> tuple[int, list[int], tuple[str, ...]]:
    """Return what sorts a set of requirements, and their names."""
    return mask.bit_count(), bits_of(mask), declared.names_of(mask)
