"""The arithmetic of tuning: leads are linear in the weights, and are decided in whole numbers.

All weights but the curves form one row, vector by vector as in `weights.vector_paths`, each vector
in the order of the criteria. For one profile, the lead of one model over another is that row times
a row of whole numbers. Linear programmes propose weights in floats; the functions at the end of
this module round them and decide, in whole numbers, which leads hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mars_solver.inputs.catalogue.attributes import Declarations
from mars_solver.inputs.profile import Context, Profile, neutral
from mars_solver.inputs.weights import (
    MAX_WEIGHT,
    Vectors,
    Weights,
    applying,
    vector_paths,
    vectors,
)
from mars_solver.solving.scoring import DOUBLED
from mars_solver.solving.solver import Solver

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
    """Whether a lead of 0 can be enough: equal models are ordered by id."""
    then: Lead | None = None
    """What decides a lead of 0 before the ids do: the lead at neutral importances."""

    def holds(self, numbers: IntegerRow) -> bool:
        """Return whether the first model ranks before the other."""
        lead = self.value(numbers)
        if lead == 0:
            return self.then.holds(numbers) if self.then else self.ties
        return lead > 0

    def value(self, numbers: IntegerRow) -> int:
        """Return the value of the form."""
        return sum(a * b for a, b in zip(self.row, numbers, strict=True))

    def points(self, numbers: IntegerRow) -> Fraction:
        """Return the lead in score points; 0 if all weights are 0."""
        total = sum(a * b for a, b in zip(self.scale, numbers, strict=True))
        return Fraction(self.value(numbers), DOUBLED * (total or 1))

    def within(self, free: Sequence[float]) -> Lead:
        """Return the lead where the numbers that are not free are 0."""
        row = tuple([x if keep else 0 for x, keep in zip(self.row, free, strict=True)])
        return self._replace(row=row, then=self.then and self.then.within(free))


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

    size: int
    """How many numbers are tuned."""
    vectors: tuple[int, ...]
    """The indices of the vectors that apply."""
    importances: tuple[int, ...]
    """Of each criterion; 0 for one that the weights do not score."""
    neutral: tuple[int, ...]
    """The same where no preference is stated."""

    @classmethod
    def of(cls, profile: Profile, solver: Solver) -> ProfileTerms:
        """Return the terms of a profile."""
        terms = cls.at(profile.context, solver)
        return replace(terms, importances=_counting(profile.importances, solver))

    @classmethod
    def at(cls, context: Context, solver: Solver) -> ProfileTerms:
        """Return the terms of a profile of some context without preferences."""
        declared = solver.declared
        importances = _counting(neutral(declared, batch=context.batch), solver)
        return cls(size_of(declared), applying(context, declared), importances, importances)

    def weights(self, numbers: IntegerRow, importances: tuple[int, ...]) -> tuple[int, ...]:
        """Return the weight of each criterion, given the importance of each."""
        applied = [numbers[index * len(importances) :] for index in self.vectors]
        return tuple(
            importance * sum(vector[k] for vector in applied)
            for k, importance in enumerate(importances)
        )

    def spread(
        self, per_criterion: tuple[int, ...], importances: tuple[int, ...] | None = None
    ) -> IntegerRow:
        """Return the form that multiplies each criterion's number by its importance."""
        wanted = self.importances if importances is None else importances
        form = [0] * self.size
        for index in self.vectors:
            for k, (importance, each) in enumerate(zip(wanted, per_criterion, strict=True)):
                form[index * len(wanted) + k] = importance * each
        return tuple(form)


def _counting(importances: tuple[int, ...], solver: Solver) -> tuple[int, ...]:
    """Return importances, with 0 for each criterion that the weights do not score."""
    pairs = zip(importances, solver.declared.criteria, strict=True)
    return tuple([i if solver.weights.knows(criterion) else 0 for i, criterion in pairs])


def lead(asked: ProfileTerms, one: tuple[str, IntegerRow], other: tuple[str, IntegerRow]) -> Lead:
    """Return the lead of one model over another.

    Args:
        asked: the terms of the profile.
        one: id and doubled midpoints of the values of the model that is to lead.
        other: the same of its rival.
    """
    differences = tuple(a - b for a, b in zip(one[1], other[1], strict=True))
    ones = (1,) * len(differences)
    by_id = one[0] < other[0]
    row, scale = asked.spread(differences), asked.spread(ones)
    if asked.importances == asked.neutral:
        return Lead(row, scale, by_id)
    level = asked.spread(differences, asked.neutral)
    if row == level:
        return Lead(row, scale, by_id)
    then = Lead(level, asked.spread(ones, asked.neutral), by_id)
    return Lead(row, scale, by_id or max(then.row) > 0, then)


def way(leads: Iterable[Lead]) -> Way | None:
    """Return leads as a way, without those that always hold; None if one of them never holds."""
    undecided = []
    for each in leads:
        decisive = each
        while decisive.then is not None and not any(decisive.row):
            decisive = decisive.then
        if any(decisive.row):
            undecided.append(decisive)
        elif not decisive.ties:
            return None
    return tuple(undecided)


def size_of(declared: Declarations) -> int:
    """Return how many numbers are tuned for a catalogue."""
    return len(vector_paths(declared)) * len(declared.criteria)


def numbers_of(weights: Weights, declared: Declarations) -> IntegerRow:
    """Return the numbers of weights as one row."""
    return tuple(number for vector in vectors(weights, declared) for number in vector)


def vectors_of(numbers: IntegerRow, declared: Declarations) -> Vectors:
    """Return a row as vectors."""
    width = len(declared.criteria)
    return tuple(numbers[i * width : (i + 1) * width] for i in range(len(vector_paths(declared))))


def matrix(leads: Sequence[Lead], size: int) -> tuple[FloatArray, FloatArray]:
    """Return leads as floats: rows in score points, and the sums of weights; both (leads, size)."""
    rows = np.array([each.row for each in leads], dtype=np.float64).reshape(len(leads), size)
    scales = np.array([each.scale for each in leads], dtype=np.float64).reshape(len(leads), size)
    return rows / DOUBLED, scales


def readings(numbers: FloatArray) -> Iterator[IntegerRow]:
    """Yield whole numbers near some floats >= 0, coarse ones first.

    The scale of the floats is the first only if it is readable.
    """
    most = float(numbers.max(initial=0)) or 1.0
    factors = [1.0] if READABLE / 20 <= most <= READABLE else []
    factors += [top / most for top in (READABLE, 10 * READABLE, 100 * READABLE, MAX_WEIGHT)]
    return (whole_numbers(numbers * factor) for factor in factors)


def whole_numbers(numbers: FloatArray) -> IntegerRow:
    """Return each number rounded to a whole one."""
    return tuple(int(number) for number in np.rint(numbers))


def finest(numbers: FloatArray) -> IntegerRow:
    """Return whole numbers in the given proportions, as fine as a weights file can hold."""
    return whole_numbers(numbers * (MAX_WEIGHT / (float(numbers.max(initial=0)) or 1.0)))
