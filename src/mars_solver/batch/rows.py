"""Profiles as whole numbers, one array for each field, and the breakpoints of amounts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from mars_solver.batch.arrays import Array, Flags, Reals, positions, take_rows
from mars_solver.solving.cells import Choice, choices, critical_values
from mars_solver.solving.solver import Solver
from mars_solver.vocabulary import NEEDS, NeedName, Requirement

PRIMARIES: Final[tuple[NeedName | None, ...]] = (None, *(need.name for need in NEEDS))


@dataclass(frozen=True)
class Rows:
    """Profiles as whole numbers: each array has one entry, or one row, for each profile."""

    stated: Array
    """The masks of the stated requirements."""
    choices: tuple[Array, ...]
    """For each numeric requirement an index into `Breakpoints.choices`; 0 where not stated."""
    locales: Array
    """The list of locales that is asked for: a row of `verdicts`."""
    verdicts: Array
    """The verdict of each list of locales on each model, shape (lists, models)."""
    batch: Flags
    accept_beta: Flags
    primary: Array
    """Indices into `PRIMARIES`."""
    importances: Array
    """Shape (profiles, criteria), defaults filled in."""

    def take(self, indices: Array | slice) -> Rows:
        """Return some of the profiles."""
        return Rows(
            self.stated[indices],
            tuple(each[indices] for each in self.choices),
            self.locales[indices],
            self.verdicts,
            self.batch[indices],
            self.accept_beta[indices],
            self.primary[indices],
            take_rows(self.importances, indices),
        )


@dataclass(frozen=True, eq=False)
class Breakpoints:
    """The choices of a numeric requirement, and where each number falls."""

    requirement: Requirement
    choices: tuple[Choice, ...]
    values: Reals
    """The critical values, ascending."""
    _choice_at: Array
    """The index of the choice at each position below, at, between and above the values."""

    @classmethod
    def of(cls, solver: Solver, requirement: Requirement) -> Breakpoints:
        """Return the breakpoints of a requirement under a solver's catalogue."""
        every = choices(solver.catalogue, requirement)
        values = np.array(critical_values(solver.catalogue, requirement), dtype=np.float64)
        choice_at = np.zeros(2 * len(values) + 1, dtype=np.int64)
        for index, choice in enumerate(every[1:], start=1):
            choice_at[positions(values, np.array(choice.cells, dtype=np.float64))] = index
        return cls(requirement, every, values, choice_at)

    def choices_of(self, numbers: Reals) -> Array:
        """Return the index of the choice into which each number falls."""
        return self._choice_at.take(positions(self.values, numbers))
