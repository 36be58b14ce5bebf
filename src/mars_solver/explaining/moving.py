"""The fewest importances to move for a model to win over its rivals of equal standing."""

from __future__ import annotations

import math
from functools import cache
from itertools import accumulate, combinations
from typing import TYPE_CHECKING

from mars_solver.inputs.profile import Context
from mars_solver.solving.solver import Decision, Solver
from mars_solver.vocabulary import MAX_IMPORTANCE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]

Moved = tuple[tuple[str, int], ...]
"""Importances by criterion, in declared order."""


class Allowance:
    """What a search may still spend."""

    def __init__(self, most: int) -> None:
        self._left = most

    def spend(self, amount: int) -> bool:
        """Spend an amount; return whether it was there."""
        self._left -= amount
        return not self.spent

    @property
    def spent(self) -> bool:
        """Whether more was wanted than there was."""
        return self._left < 0


class LeastMoves:
    """The fewest importances to move for a model to win over its rivals of equal standing."""

    def __init__(
        self,
        solver: Solver,
        decision: Decision,
        index: int,
        context: Context,
        contenders: int,
        budget: Allowance,
    ) -> None:
        """Prepare the search.

        Args:
            solver: that decided.
            decision: whose importances are moved.
            index: of the model in the catalogue.
            context: what weights depend on.
            contenders: the mask of the models of best standing, this one among them.
            budget: the scores that may still be compared.
        """
        names = list(solver.declared.criterion)
        factors, middles = solver.coefficients(context), solver.middles
        level = solver.neutral_sums(context)
        useful = [k for k, factor in enumerate(factors) if factor]
        rivals = [i for i in range(len(middles)) if contenders >> i & 1 and i != index]
        own = middles[index]
        self._budget = budget
        self._names = [names[k] for k in useful]
        self._current = [decision.profile.importances[k] for k in useful]
        self._slopes = [
            [factors[k] * (own[k] - other[k]) for k in useful]
            for other in (middles[i] for i in rivals)
        ]
        """What a point of each importance adds to the lead over each rival."""
        self._behind = [
            # A tie is enough where the model would come first.
            int((-level[index], index) > (-level[i], i))
            - sum([slope * now for slope, now in zip(slopes, self._current, strict=True)])
            for i, slopes in zip(rivals, self._slopes, strict=True)
        ]
        """How much lead over each rival is lacking."""
        self._gains = [
            [
                max(slope * (MAX_IMPORTANCE - now), -slope * now)
                for slope, now in zip(slopes, self._current, strict=True)
            ]
            for slopes in self._slopes
        ]
        """The most that moving each importance can add to the lead over each rival."""
        self._found: list[Moved] = []
        self._next = self._fewest()

    def _fewest(self) -> int:
        """Return a number of importances below which no rival is left behind."""
        fewest = 0
        for behind, gains in zip(self._behind, self._gains, strict=True):
            sums = accumulate(sorted(gains, reverse=True), initial=0)
            enough = (size for size, most in enumerate(sums) if most >= behind)
            fewest = max(fewest, next(enough, len(gains) + 1))
        return fewest

    def moved(self, most: int) -> list[Moved]:
        """Return the fewest importances to move, at most so many; each set the least moved."""
        while not self._found and self._next <= min(most, len(self._names)):
            for columns in self._promising(self._next):
                least = self._least(columns)
                if least is not None:
                    named = [self._names[k] for k in columns]
                    self._found.append(tuple(zip(named, least, strict=True)))
            self._next += 1
        return self._found if self._found and len(self._found[0]) <= most else []

    def _promising(self, size: int) -> list[tuple[int, ...]]:
        """Return the sets of importances of a size that can leave each rival alone behind."""
        many = len(self._names)
        if size <= 1 or not self._budget.spend(math.comb(many, size) * many * len(self._gains)):
            sets = combinations(range(many), size) if size <= 1 else iter(())
            return [s for s in sets if self._can_lead(s)]
        import numpy as np  # noqa: PLC0415  (moving one importance needs no arrays)

        columns = np.array(list(combinations(range(many), size)), np.int64)
        gains = np.array(self._gains, np.int64)[:, columns].sum(axis=2)
        fine = (gains >= np.array(self._behind, np.int64)[:, None]).all(axis=0)
        return [tuple(each) for each in columns[fine].tolist()]

    def _can_lead(self, columns: tuple[int, ...]) -> bool:
        return all(
            sum([gains[k] for k in columns]) >= behind
            for behind, gains in zip(self._behind, self._gains, strict=True)
        )

    def _least(self, columns: tuple[int, ...]) -> tuple[int, ...] | None:
        """Return the importances of some criteria, moved the least, with which the model wins."""
        if not columns:
            return ()
        current = [self._current[k] for k in columns]
        slopes = [[row[k] for k in columns] for row in self._slopes]
        wanted = [
            behind + sum([slope * now for slope, now in zip(row, current, strict=True)])
            for behind, row in zip(self._behind, slopes, strict=True)
        ]
        if len(columns) > 1:
            return self._on_grid(slopes, wanted, current)
        low, high = _within([row[0] for row in slopes], wanted)
        return (min(max(current[0], low), high),) if low <= high else None

    def _on_grid(
        self, slopes: list[list[int]], wanted: list[int], current: list[int]
    ) -> tuple[int, ...] | None:
        """Return the nearest of all importances of two or more criteria; None where none does.

        All but the last are tried, and the last follows.
        """
        import numpy as np  # noqa: PLC0415

        rows = (MAX_IMPORTANCE + 1) ** (len(current) - 1)
        if not self._budget.spend(rows * len(wanted) * 4):
            return None
        grid = _grid(len(current) - 1)
        low, high = np.zeros(rows, np.int64), np.full(rows, MAX_IMPORTANCE, np.int64)
        possible = np.ones(rows, bool)
        for row, least in zip(slopes, wanted, strict=True):
            lacking = least - grid @ np.array(row[:-1], np.int64)
            last = row[-1]
            if last > 0:
                low = np.maximum(low, -(-lacking // last))
            elif last < 0:
                high = np.minimum(high, -lacking // -last)
            else:
                possible &= lacking <= 0
        possible &= low <= high
        if not possible.any():
            return None
        nearest = np.clip(current[-1], low, high)
        effort = np.abs(grid - current[:-1]).sum(axis=1) + np.abs(nearest - current[-1])
        best = int(np.where(possible, effort, effort.max() + 1).argmin())
        return (*grid[best].tolist(), int(nearest[best]))


def _within(slopes: list[int], wanted: list[int]) -> tuple[int, int]:
    """Return the least and the greatest importance at which every lead is as wanted."""
    low, high = 0, MAX_IMPORTANCE
    for slope, least in zip(slopes, wanted, strict=True):
        if slope > 0:
            low = max(low, -(-least // slope))
        elif slope < 0:
            high = min(high, -least // -slope)
        elif least > 0:
            return 1, 0
    return low, high


@cache
def _grid(columns: int) -> Integers:
    """Return every tuple of that many importances, shape (11^columns, columns)."""
    import numpy as np  # noqa: PLC0415

    axes = [np.arange(MAX_IMPORTANCE + 1)] * columns
    return np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, columns)
