"""What programmes propose, decided in whole numbers: rounded weights, and contradictions."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import gcd
from typing import Final

import numpy as np

from mars_solver.inputs.weights import MAX_WEIGHT
from mars_solver.tuning.leads import Lead, Row
from mars_solver.tuning.programmes import Floats

READABLE: Final = 1000
"""Weights are at most so large where that is fine enough."""
KEPT: Final = 0.8
"""The share of the wanted margin that rounding may leave."""


def rounded(numbers: Floats, leads: Sequence[Lead], least: float = 0.0) -> Row | None:
    """Return whole numbers near some numbers under which all leads hold; None without any.

    The coarsest scale that leaves most of the margin is taken, the given one where it is readable;
    then the coarsest at which the leads hold at all.

    Args:
        numbers: shape (SIZE,), >= 0.
        leads: that have to hold.
        least: the smallest lead that is wanted, in score points.
    """
    most = float(numbers.max(initial=0)) or 1.0
    factors = [1.0] if READABLE / 20 <= most <= READABLE else []
    factors += [top / most for top in (READABLE, 10 * READABLE, 100 * READABLE, MAX_WEIGHT)]
    tried = [whole_numbers(numbers * factor) for factor in factors]
    sound = [each for each in tried if all_hold(leads, each)]
    wide = (each for each in sound if smallest(leads, each) >= KEPT * least)
    return next(wide, next(iter(sound), None))


def whole_numbers(numbers: Floats) -> Row:
    """Return each number rounded to a whole one."""
    return tuple(int(number) for number in np.rint(numbers))


def finest(numbers: Floats) -> Row:
    """Return whole numbers in the proportions of some numbers, as finely as a file can hold."""
    return whole_numbers(numbers * (MAX_WEIGHT / (float(numbers.max(initial=0)) or 1.0)))


def all_hold(leads: Sequence[Lead], numbers: Row) -> bool:
    """Return whether all leads hold, in int64: forms stay below 50 * 2 * 10**7 * 10**6."""
    if not leads:
        return True
    rows = np.array([lead.row for lead in leads], dtype=np.int64)
    ties = np.array([lead.ties for lead in leads])
    found = rows @ np.array(numbers, dtype=np.int64)
    return bool(((found > 0) | (ties & (found == 0))).all())


def smallest(leads: Sequence[Lead], numbers: Row) -> Fraction:
    """Return the smallest lead in score points; 1 without any."""
    return min((lead.points(numbers) for lead in leads), default=Fraction(1))


def excluded(leads: Sequence[Lead]) -> bool:
    """Return whether no numbers >= 0 make all leads hold.

    Exact: by Farkas, that is so where leads add up, each some number >= 0 of times, to a form
    without a number > 0, and one of them that may not be a tie is among them. A simplex in
    fractions, with Bland's rule, looks for the times.
    """
    columns = list(dict.fromkeys(_primitive(c) for c in zip(*(x.row for x in leads), strict=True)))
    size = len(leads)
    # Maximise the sum of the times of leads that may not tie, while each column adds up to at most
    # 0. All start at 0, so that the best is either 0 or without bound.
    table = [
        [Fraction(x) for x in column] + [Fraction(int(i == j)) for j in range(len(columns))]
        for i, column in enumerate(columns)
    ]
    gains = [Fraction(not lead.ties) for lead in leads] + [Fraction(0)] * len(columns)
    basis = [size + i for i in range(len(columns))]
    while True:
        entering = next((j for j, gain in enumerate(gains) if gain > 0), None)
        if entering is None:
            return False
        rising = [i for i, row in enumerate(table) if row[entering] > 0]
        if not rising:
            return True
        leaving = min(rising, key=lambda i: basis[i])
        pivot = table[leaving][entering]
        table[leaving] = [x / pivot for x in table[leaving]]
        for i, row in enumerate(table):
            if i != leaving and row[entering]:
                by = row[entering]
                table[i] = [x - by * y for x, y in zip(row, table[leaving], strict=True)]
        by = gains[entering]
        gains = [x - by * y for x, y in zip(gains, table[leaving], strict=True)]
        basis[leaving] = entering


def _primitive(column: tuple[int, ...]) -> tuple[int, ...]:
    """Return whole numbers without their common divisor."""
    shared = gcd(*column)
    return tuple(x // shared for x in column) if shared else column
