"""What blocks the questions that leave no model, worked out for many at once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Final

import numpy as np

from mars_solver.batch.kernel.arrays import Numbers, packed
from mars_solver.budget import spend
from mars_solver.solving.constraints import bits_of, minimal
from mars_solver.solving.solver import Solver

REFUSED: Final = np.int64(-1)
"""What a beta that is not accepted violates: more than all requirements, so that none of them is
blamed for it."""
_AT_ONCE: Final = 2**20
"""The most pairs of question and configuration whose violations are held together."""


class Blocking:
    """Finds what leaves no model.

    The requirements that no configuration of any candidate meets, or else the first conflict
    (minimal unsatisfiable subset).
    """

    def __init__(self, solver: Solver) -> None:
        # Of the configurations of a model only those that rule out least matter.
        pairs = [
            (index, mask)
            for index, options in enumerate(solver.options)
            for mask in minimal(option.ruled_out for option in options)
        ]
        self._model_of = np.array([index for index, _ in pairs], dtype=np.int64)
        self._ruled_out = np.array([mask for _, mask in pairs], dtype=np.int64)

    def find(self, stated: Numbers, violated: Numbers) -> Numbers:
        """Return the mask of what blocks each question; 0 where there is no candidate at all.

        Args:
            stated: the mask of the stated requirements, shape (questions,).
            violated: those that the facts of each model violate, shape (questions, models);
                `REFUSED` for a model that is no candidate.
        """
        step = max(1, _AT_ONCE // max(len(self._model_of), 1))
        parts = [
            _conflicts(violated[some][:, self._model_of] | self._ruled_out & stated[some, None])
            for some in (slice(i, i + step) for i in range(0, len(stated), step))
        ]
        return np.concatenate([np.zeros(0, dtype=np.int64), *parts])


def _conflicts(missed: Numbers) -> Numbers:
    """Return the mask of the requirements that block each question.

    Args:
        missed: the mask that each configuration violates, shape (questions, configurations).
    """
    blocked: Numbers = np.bitwise_and.reduce(missed, axis=1, initial=REFUSED)
    blocked[blocked == REFUSED] = 0
    left = np.flatnonzero((blocked == 0) & (missed != REFUSED).any(axis=1))
    pairs = _pairs(missed[left])
    blocked[left] = pairs
    left = left[pairs == 0]
    known: dict[tuple[int, ...], int] = {}
    for row, masks in zip(left.tolist(), missed[left].tolist(), strict=True):
        few = tuple(minimal(mask for mask in masks if mask >= 0))
        if few not in known:
            known[few] = first_hitting(few)
        blocked[row] = known[few]
    return blocked


def _pairs(missed: Numbers) -> Numbers:
    """Return for each row the first two requirements of which each mask has one; 0 for none."""
    found = np.zeros(len(missed), dtype=np.int64)
    every = int(np.bitwise_or.reduce(np.where(missed < 0, 0, missed), axis=None))
    bits = [bit for bit in range(every.bit_length()) if every >> bit & 1]
    hit = [packed(missed >> bit & 1 == 1) for bit in bits]
    whole = packed(np.ones((1, missed.shape[1]), dtype=np.bool_))
    left = np.arange(len(missed))
    for one, other in combinations(range(len(bits)), 2):
        if not len(left):
            break
        both = ((hit[one][left] | hit[other][left]) == whole).all(axis=1)
        if both.any():
            found[left[both]] = 1 << bits[one] | 1 << bits[other]
            left = left[~both]
    return found


def first_hitting(masks: Sequence[int]) -> int:
    """Return the smallest mask that shares a bit with each of some masks.

    Of equally small ones the one with the lowest bits, counted from the lowest.
    """
    size = 1
    while not _can_hit(masks, size):
        size += 1
    found, start = 0, 0
    for left in range(size - 1, -1, -1):
        for bit in range(start, min(mask.bit_length() for mask in masks)):
            # The other bits are higher ones.
            rest = [mask >> bit + 1 << bit + 1 for mask in masks if not mask >> bit & 1]
            if all(rest) and _can_hit(rest, left):
                masks, found, start = rest, found | 1 << bit, bit + 1
                break
    return found


def _can_hit(masks: Sequence[int], size: int) -> bool:
    """Return whether so many bits can share one with each of some masks.

    Raises:
        OverBudgetError: where the work has a limit of time, and has reached it.
    """
    spend()
    apart = bits = 0
    for mask in sorted(masks, key=int.bit_count):
        if not mask & bits:
            apart, bits = apart + 1, bits | mask
    if apart > size:
        return False  # each bit hits one of those that share none
    if not masks or apart == len(masks):
        return True
    first = bits_of(min(masks, key=int.bit_count))
    for bit in sorted(first, key=lambda bit: sum(mask & bit == 0 for mask in masks)):
        if _can_hit([mask for mask in masks if not mask & bit], size - 1):
            return True
        masks = [mask & ~bit for mask in masks]  # no way uses this bit
        if not all(masks):
            return False
    return False
