"""Whether weights can meet leads and targets, decided exactly.

A simplex in whole numbers finds numbers under which leads hold, or multipliers that refute them
(Farkas' lemma).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import gcd, lcm
from typing import Final

import numpy as np
from scipy.optimize import linprog

from mars_solver.tuning.leads import IntegerRow, Lead, Target, Way, matrix

PROGRAMMES: Final = 2000
"""How many programmes a search may solve unless it is told otherwise."""
_MANY: Final = 30
"""Of more leads than these, a programme in floats says where to look first."""
_NOTHING: Final = 1e-9
_AT_ONCE: Final = 10
"""How many leads join a programme at a time."""

Conflict = tuple[int, ...]
"""The indices of leads or targets that exclude each other, ascending."""


class SpentError(Exception):
    """A search has solved as many programmes as it may."""


@dataclass
class Budget:
    """How many programmes may still be solved."""

    left: int = PROGRAMMES

    def spend(self) -> None:
        """Count one programme; raise `SpentError` if none is left."""
        if not self.left:
            raise SpentError
        self.left -= 1


@dataclass(frozen=True)
class Witness:
    """Numbers under which leads hold, and which of the leads only ties can make hold."""

    numbers: IntegerRow
    leads: tuple[Lead, ...]
    """The leads that can be above 0, and what decides the ties of the others, where that is."""
    level: tuple[Lead, ...]
    """The leads that are 0 under all such numbers."""


def meet(
    targets: Sequence[Target], asked: Sequence[int], size: int, budget: Budget
) -> tuple[Conflict, Witness | None]:
    """Return some of the targets that exclude each other, or numbers >= 0 that meet all asked.

    Args:
        targets: demands on the numbers that are tuned.
        asked: the indices of the targets that are to be met.
        size: how many numbers are tuned.
        budget: how many programmes may still be solved.

    Raises:
        SpentError: if the budget is spent before that is known.
    """
    taken = {i: targets[i].ways[0] for i in asked if len(targets[i].ways) == 1}
    return _branch(targets, taken, [i for i in asked if i not in taken], size, budget)


def _branch(
    targets: Sequence[Target],
    taken: dict[int, Way],
    open_: Sequence[int],
    size: int,
    budget: Budget,
) -> tuple[Conflict, Witness | None]:
    """Return as `meet` does, given the ways of some targets.

    A target with several ways that the numbers for the others miss is tried in each way. The union
    of the targets that exclude each other in the ways excludes itself; a set without the tried
    target is an answer already.
    """
    owners = [i for i, each in taken.items() for _ in each]
    conflict, witness = hold([lead for each in taken.values() for lead in each], size, budget)
    if witness is None:
        return tuple(sorted({owners[k] for k in conflict})), None
    missed = next((i for i in open_ if not targets[i].holds(witness.numbers)), None)
    if missed is None:
        if not open_:
            return (), witness
        numbers = witness.numbers
        for i in open_:
            ways = targets[i].ways
            taken[i] = next(way for way in ways if all(lead.holds(numbers) for lead in way))
        return _branch(targets, taken, (), size, budget)
    rest = [i for i in open_ if i != missed]
    together = {missed}
    for each in targets[missed].ways:
        conflict, witness = _branch(targets, {**taken, missed: each}, rest, size, budget)
        if missed not in conflict:
            return conflict, witness
        together.update(conflict)
    return tuple(sorted(together)), None


def hold(leads: Sequence[Lead], size: int, budget: Budget) -> tuple[Conflict, Witness | None]:
    """Return some of the leads that exclude each other, or numbers >= 0 under which all hold.

    Leads join only once they are not above 0 under the numbers for those that have joined.
    """
    joined = _at_odds(leads, size) if len(leads) > _MANY else []
    while True:
        budget.spend()
        conflict, numbers = settle([leads[i] for i in joined], size)
        if conflict:
            return tuple(sorted(joined[i] for i in conflict)), None
        values = [(lead.value(numbers), i) for i, lead in enumerate(leads)]
        new = sorted(each for each in values if each[0] <= 0 and each[1] not in joined)
        if not new:
            break
        joined += [i for _, i in new[:_AT_ONCE]]
    ahead, level = [], []
    for each in leads:
        lead: Lead | None = each
        while lead is not None and not lead.value(numbers):
            level.append(lead._replace(ties=True, then=None))
            lead = lead.then
        ahead += [] if lead is None else [lead]
    return (), Witness(numbers, tuple(ahead), tuple(level))


def _at_odds(leads: Sequence[Lead], size: int) -> list[int]:
    """Return few leads that seem to exclude each other, by index, as a linear programme sees it.

    It misses all leads by as little as possible; those that exclude each other carry its dual.
    """
    rows, _ = matrix(leads, size)
    strict = np.array([bool(lead.then) or not lead.ties for lead in leads], dtype=np.float64)
    cost = np.concatenate([np.zeros(size), [1.0]])
    solution = linprog(cost, A_ub=-np.hstack([rows, strict[:, None]]), b_ub=-strict)
    if solution.status != 0:
        return []
    return np.flatnonzero(np.asarray(solution.ineqlin.marginals) < -_NOTHING).tolist()


def roomy(leads: Sequence[Lead], size: int) -> IntegerRow:
    """Return numbers under which leads hold that can, and as few of the numbers as can be are 0."""
    units = [Lead(tuple([int(i == j) for i in range(size)]), (), ties=True) for j in range(size)]
    return settle([*leads, *units], size)[1]


def settle(leads: Sequence[Lead], size: int) -> tuple[Conflict, IntegerRow]:
    """Return leads that exclude each other, or numbers >= 0 under which all leads hold.

    Under numbers that make no lead negative, a lead is either above 0 for some of them, or 0 for
    all. One that is always 0 holds if what decides ties does, which is asked next. What can be
    above 0 can be so together, because such numbers add up: they are above 0 under the numbers that
    are returned.

    Args:
        leads: that have to hold, each a form of `size` coefficients.
        size: how many numbers there are.
    """
    forms, owners = list(leads), list(range(len(leads)))
    open_, stuck, many = set(owners), set[int](), -1
    while many < len(forms):
        many = len(forms)
        simplex = _Simplex([lead.row for lead in forms], size)
        strict = {i for i in open_ if forms[i].then is None and not forms[i].ties}
        then: list[int] = []
        for wanted in (strict, open_):  # the strict ones exclude each other most often
            simplex.want(wanted)
            while support := simplex.ray():
                stuck.update(owners[i] for i in support)
                tied = open_.intersection(support)
                if tied & strict:
                    return tuple(sorted(stuck)), ()
                open_ -= tied
                simplex.want(wanted & open_)
                then += [i for i in sorted(tied) if forms[i].then is not None]
        open_.update(range(many, many + len(then)))
        forms += [lead for i in then if (lead := forms[i].then) is not None]
        owners += [owners[i] for i in then]
    return (), simplex.numbers()


class _Simplex:
    """Numbers >= 0 that make wanted forms positive and no form negative, if there are any.

    Else, by Farkas' lemma, there are multipliers >= 0 of the forms, one above 0 for a wanted form,
    whose combination has no coefficient above 0: each form with one is 0 for all such numbers.

    The multipliers are what is maximised: the sum of the wanted ones, while each column of the
    forms adds up to at most 0. All start at 0, so that the optimum is either 0 or unbounded. Pivots
    are in whole numbers over one denominator (Edmonds), and are chosen by Bland's rule.
    """

    def __init__(self, rows: Sequence[IntegerRow], size: int) -> None:
        columns: dict[IntegerRow, tuple[int, int]] = {}
        for j, column in enumerate(zip(*rows, strict=True)):
            shared = gcd(*column) or 1
            columns.setdefault(tuple([x // shared for x in column]), (j, shared))
        many = len(columns)
        self._size, self._forms, self._columns = size, len(rows), columns
        self._table = [[*x, *(int(i == j) for j in range(many))] for i, x in enumerate(columns)]
        self._gains = [0] * (len(rows) + many)
        self._basis = list(range(len(rows), len(rows) + many))
        self._whole = 1
        """The denominator."""
        self._wanted: frozenset[int] = frozenset()

    def want(self, wanted: Collection[int]) -> None:
        """Maximise the sum of some multipliers from here on."""
        for j in self._wanted ^ frozenset(wanted):
            more = 1 if j in wanted else -1
            self._gains[j] += more * self._whole
            if j in self._basis:
                row = self._table[self._basis.index(j)]
                self._gains = [x - more * y for x, y in zip(self._gains, row, strict=True)]
        self._wanted = frozenset(wanted)

    def ray(self) -> list[int]:
        """Return the forms with multipliers above 0; none if there are numbers."""
        table, basis = self._table, self._basis
        while (entering := next((j for j, x in enumerate(self._gains) if x > 0), None)) is not None:
            rising = [i for i, row in enumerate(table) if row[entering] > 0]
            if not rising:
                support = [
                    entering,
                    *(j for j, row in zip(basis, table, strict=True) if row[entering]),
                ]
                return sorted(j for j in support if j < self._forms)
            leaving = min(rising, key=lambda i: basis[i])
            chosen = table[leaving]
            pivot, whole = chosen[entering], self._whole
            for row in (*table[:leaving], *table[leaving + 1 :], self._gains):
                by = row[entering]
                row[:] = [(x * pivot - by * y) // whole for x, y in zip(row, chosen, strict=True)]
            basis[leaving], self._whole = entering, pivot
        return []

    def numbers(self) -> IntegerRow:
        """Return the numbers, once there is no ray: the prices of the columns."""
        scale = lcm(*(shared for _, shared in self._columns.values()))
        numbers = [0] * self._size
        prices = self._gains[self._forms :]
        for price, (j, shared) in zip(prices, self._columns.values(), strict=True):
            numbers[j] = -price * (scale // shared)
        common = gcd(*numbers) or 1
        return tuple([x // common for x in numbers])
