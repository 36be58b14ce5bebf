"""The arithmetic of tuning: leads are linear in the weights, and are decided in whole numbers.

All weights but the curves form one row, vector by vector as in `weights.VECTORS`, each vector in
the order of the criteria. For one profile, the lead of one model over another is that row times a
row of whole numbers. Linear programmes propose weights in floats; the functions at the end of this
module round them and decide, in whole numbers, which leads hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import gcd
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mars_solver.inputs.profile import Profile
from mars_solver.inputs.weights import MAX_WEIGHT, VECTORS, Vectors, applying
from mars_solver.solving.scoring import DOUBLED
from mars_solver.vocabulary import CRITERIA

SIZE: Final = len(VECTORS) * len(CRITERIA)
"""How many numbers are tuned."""
READABLE: Final = 1000
"""Rounding keeps weights at or below this where that is fine enough."""
KEPT: Final = 0.8
"""The share of the wanted margin that rounding has to leave."""

FloatArray = NDArray[np.float64]
IntegerRow = tuple[int, ...]
"""A whole number for each number that is tuned."""


class Lead(NamedTuple):
    """The lead of one model over another for one profile, as a linear form in the weights."""

    row: IntegerRow
    """Twice the lead, in units of 1 / `VALUE_SCALE`, not yet divided by the sum of the weights."""
    scale: IntegerRow
    """The form whose value is the sum of the weights."""
    ties: bool
    """Whether a lead of 0 is enough, because ties are ordered by id."""

    def holds(self, numbers: IntegerRow) -> bool:
        """Return whether the first model ranks before the other."""
        lead = sum(a * b for a, b in zip(self.row, numbers, strict=True))
        return lead > 0 or (self.ties and lead == 0)

    def points(self, numbers: IntegerRow) -> Fraction:
        """Return the lead in score points; 0 if all weights are 0."""
        lead = sum(a * b for a, b in zip(self.row, numbers, strict=True))
        total = sum(a * b for a, b in zip(self.scale, numbers, strict=True))
        return Fraction(lead, DOUBLED * (total or 1))


Way = tuple[Lead, ...]
"""Leads that have to hold together."""


@dataclass(frozen=True)
class Target:
    """A demand on the weights: all leads of at least one way have to hold."""

    name: str
    ways: tuple[Way, ...]
    """No weights meet a target without ways; all weights meet one with an empty way."""

    def holds(self, numbers: IntegerRow) -> bool:
        """Return whether weights meet the target."""
        return any(all(lead.holds(numbers) for lead in way) for way in self.ways)

    def points(self, numbers: IntegerRow) -> Fraction | None:
        """Return the smallest lead of the best way; None if no lead decides."""
        if not self.ways or not all(self.ways):
            return None
        return max(min(lead.points(numbers) for lead in way) for way in self.ways)


@dataclass(frozen=True)
class ProfileTerms:
    """What a profile multiplies the weights by."""

    vectors: tuple[int, ...]
    """The indices of the vectors that apply."""
    importances: tuple[int, ...]

    @classmethod
    def of(cls, profile: Profile) -> ProfileTerms:
        """Return the terms of a profile."""
        return cls(applying(profile.context), profile.importances)

    def weights(self, numbers: IntegerRow) -> tuple[int, ...]:
        """Return the weight of each criterion."""
        vectors = [numbers[index * len(CRITERIA) :] for index in self.vectors]
        return tuple(
            importance * sum(vector[k] for vector in vectors)
            for k, importance in enumerate(self.importances)
        )

    def spread(self, per_criterion: tuple[int, ...]) -> IntegerRow:
        """Return the form that multiplies each criterion's number by its importance."""
        form = [0] * SIZE
        for index in self.vectors:
            for k, (importance, each) in enumerate(
                zip(self.importances, per_criterion, strict=True)
            ):
                form[index * len(CRITERIA) + k] = importance * each
        return tuple(form)


def lead(asked: ProfileTerms, one: tuple[str, IntegerRow], other: tuple[str, IntegerRow]) -> Lead:
    """Return the lead of one model over another.

    Args:
        asked: the terms of the profile.
        one: id and doubled midpoints of the values of the model that is to lead.
        other: the same of its rival.
    """
    differences = tuple(a - b for a, b in zip(one[1], other[1], strict=True))
    ones = (1,) * len(CRITERIA)
    return Lead(asked.spread(differences), asked.spread(ones), one[0] < other[0])


def way(leads: Iterable[Lead]) -> Way | None:
    """Return leads as a way, without those that always hold; None if one of them never holds."""
    undecided = []
    for each in leads:
        if any(each.row):
            undecided.append(each)
        elif not each.ties:
            return None
    return tuple(undecided)


def numbers_of(vectors: Vectors) -> IntegerRow:
    """Return vectors as one row."""
    return tuple(number for vector in vectors for number in vector)


def vectors_of(numbers: IntegerRow) -> Vectors:
    """Return a row as vectors."""
    size = len(CRITERIA)
    return tuple(tuple(numbers[i : i + size]) for i in range(0, SIZE, size))


def matrix(leads: Sequence[Lead]) -> tuple[FloatArray, FloatArray]:
    """Return leads as floats: rows in score points, and the sums of weights; both (leads, SIZE)."""
    rows = np.array([each.row for each in leads], dtype=np.float64).reshape(len(leads), SIZE)
    scales = np.array([each.scale for each in leads], dtype=np.float64).reshape(len(leads), SIZE)
    return rows / DOUBLED, scales


def rounded(numbers: FloatArray, leads: Sequence[Lead], least: float = 0.0) -> IntegerRow | None:
    """Return whole numbers near some floats under which all leads hold; None if none are found.

    Coarse scales are tried first, the given one only if it is readable. The first that keeps
    `KEPT` of the wanted margin is taken, else the first at which the leads hold at all.

    Args:
        numbers: shape (SIZE,), >= 0.
        leads: the leads that have to hold.
        least: the smallest lead that is wanted, in score points.
    """
    most = float(numbers.max(initial=0)) or 1.0
    factors = [1.0] if READABLE / 20 <= most <= READABLE else []
    factors += [top / most for top in (READABLE, 10 * READABLE, 100 * READABLE, MAX_WEIGHT)]
    tried = [whole_numbers(numbers * factor) for factor in factors]
    sound = [each for each in tried if all_hold(leads, each)]
    wide = (each for each in sound if smallest(leads, each) >= KEPT * least)
    return next(wide, next(iter(sound), None))


def whole_numbers(numbers: FloatArray) -> IntegerRow:
    """Return each number rounded to a whole one."""
    return tuple(int(number) for number in np.rint(numbers))


def finest(numbers: FloatArray) -> IntegerRow:
    """Return whole numbers in the given proportions, as fine as a weights file can hold."""
    return whole_numbers(numbers * (MAX_WEIGHT / (float(numbers.max(initial=0)) or 1.0)))


def all_hold(leads: Sequence[Lead], numbers: IntegerRow) -> bool:
    """Return whether all leads hold, in int64: forms stay below 50 * 2 * 10**7 * 10**6."""
    if not leads:
        return True
    rows = np.array([lead.row for lead in leads], dtype=np.int64)
    ties = np.array([lead.ties for lead in leads])
    values = rows @ np.array(numbers, dtype=np.int64)
    return bool(((values > 0) | (ties & (values == 0))).all())


def smallest(leads: Sequence[Lead], numbers: IntegerRow) -> Fraction:
    """Return the smallest lead in score points; 1 if there are no leads."""
    return min((lead.points(numbers) for lead in leads), default=Fraction(1))


def excluded(leads: Sequence[Lead]) -> bool:
    """Return whether no numbers >= 0 make all leads hold; the answer is exact.

    By Farkas' lemma, the leads exclude each other if and only if some combination of them with
    multipliers >= 0 has no coefficient > 0 and contains a lead that may not be a tie. A simplex in
    fractions, with Bland's rule, looks for the multipliers.
    """
    columns = list(dict.fromkeys(_primitive(c) for c in zip(*(x.row for x in leads), strict=True)))
    size = len(leads)
    # Maximise the sum of the multipliers of leads that may not tie, while each column adds up to
    # at most 0. All start at 0, so that the optimum is either 0 or unbounded.
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
    """Return whole numbers divided by their greatest common divisor."""
    shared = gcd(*column)
    return tuple(x // shared for x in column) if shared else column
