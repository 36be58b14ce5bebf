"""Profiles as whole numbers, and where a number falls on the axis of its requirement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mars_solver.solving.cells import Choice, choices, critical_values
from mars_solver.solving.solver import Solver
from mars_solver.vocabulary import NEEDS, NeedName, Requirement

Array = NDArray[Any]
Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]

_FEW: Final = 16
"""So many comparisons of a whole column take less time than a search for each of its numbers."""
PRIMARIES: Final[tuple[NeedName | None, ...]] = (None, *(need.name for need in NEEDS))


@dataclass(frozen=True)
class Rows:
    """Profiles as whole numbers: each array has one entry, or one row, for each profile."""

    stated: Array
    """The masks of the stated requirements."""
    cells: tuple[Array, ...]
    """The choice of each numeric requirement: a place on its axis, 0 where not stated."""
    locales: Array
    """What is asked of languages: a row of `standings`."""
    standings: Array
    """The verdict of each list of locales on each model, shape (lists, models)."""
    batch: Flags
    accept_beta: Flags
    primary: Array
    """Places in `PRIMARIES`."""
    importances: Array
    """Shape (profiles, criteria), defaults filled in."""

    def take(self, places: Array | slice) -> Rows:
        """Return some of the profiles."""
        return Rows(
            self.stated[places],
            tuple(cells[places] for cells in self.cells),
            self.locales[places],
            self.standings,
            self.batch[places],
            self.accept_beta[places],
            self.primary[places],
            _taken(self.importances, places),
        )


def _taken(rows: Array, places: Array | slice) -> Array:
    """Return some rows of a table: `rows[places]`, in a fraction of the time."""
    return rows[places] if isinstance(places, slice) else rows.take(places, axis=0)


@dataclass(frozen=True, eq=False)
class Breakpoints:
    """The choices of a numeric requirement, and where each number falls."""

    requirement: Requirement
    choices: tuple[Choice, ...]
    values: Floats
    """The critical values, ascending."""
    at: Array
    """The choice of each place below, at, between and above the critical values."""

    @classmethod
    def of(cls, solver: Solver, requirement: Requirement) -> Breakpoints:
        """Return the axis of a requirement."""
        found = choices(solver.catalogue, requirement)
        values = np.array(critical_values(solver.catalogue, requirement), dtype=np.float64)
        at = np.zeros(2 * len(values) + 1, dtype=np.int64)
        for place, choice in enumerate(found[1:], start=1):
            at[_places(values, np.array(choice.cells, dtype=np.float64))] = place
        return cls(requirement, found, values, at)

    def place(self, numbers: Floats) -> Array:
        """Return the choice into which each number falls."""
        return self.at.take(_places(self.values, numbers))


def _places(values: Floats, numbers: Floats) -> Array:
    """Return 2k for a number between the value before the k-th and it, 2k + 1 for the k-th."""
    if len(values) <= _FEW:
        above = (np.add(numbers > value, numbers >= value, dtype=np.int8) for value in values)
        return sum(above, np.zeros(len(numbers), dtype=np.int8))
    left = np.searchsorted(values, numbers, side="left")
    here = values[np.minimum(left, len(values) - 1)] == numbers
    places: Array = 2 * left + here
    return places
