"""Profiles as small whole numbers, a column for each part."""

from __future__ import annotations

from dataclasses import dataclass

from mars_solver.batch.kernel.arrays import Flags, Numbers


@dataclass(frozen=True)
class Rows:
    """Profiles as whole numbers: each array has one entry for each profile, along its last axis."""

    choices: tuple[Numbers | None, ...]
    """For each requirement the numbers of the choices; None where no profile states it."""
    batch: Flags
    accept_beta: Flags
    primary: Numbers
    """1 more than the index of the primary need; 0 where there is none."""
    importances: Numbers
    """Shape (criteria, profiles), defaults filled in."""
    faulty: Flags
    """Where a row holds what no profile has; the other columns mean nothing there."""

    def __len__(self) -> int:
        return len(self.faulty)
