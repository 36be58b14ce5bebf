"""What is tuned, as arithmetic: the lead of one model over another is linear in the weights.

All numbers of weights but the curves stand in one row, vector by vector as in `weights.VECTORS`,
each vector in the order of the criteria. For one profile, the lead of one model over another is
that row times a row of whole numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, NamedTuple

import numpy as np

from mars_solver.inputs.profile import Profile
from mars_solver.inputs.weights import VECTORS, Vectors, applying
from mars_solver.solving.scoring import DOUBLED
from mars_solver.vocabulary import CRITERIA

SIZE: Final = len(VECTORS) * len(CRITERIA)
"""How many numbers are tuned."""
Row = tuple[int, ...]
"""A whole number for each number that is tuned."""


class Lead(NamedTuple):
    """What one model has over another, for one profile, times the row of weights."""

    row: Row
    """Twice the lead, in `VALUE_SCALE` of a point and before it is divided by the weights' sum."""
    scale: Row
    """The sum of the weights."""
    ties: bool
    """Whether a lead of 0 is enough, because ties go by id."""

    def holds(self, numbers: Row) -> bool:
        """Return whether the first model comes before the other."""
        lead = sum(a * b for a, b in zip(self.row, numbers, strict=True))
        return lead > 0 or (self.ties and lead == 0)

    def points(self, numbers: Row) -> Fraction:
        """Return the lead in score points; 0 where all weights are 0."""
        lead = sum(a * b for a, b in zip(self.row, numbers, strict=True))
        whole = sum(a * b for a, b in zip(self.scale, numbers, strict=True))
        return Fraction(lead, DOUBLED * (whole or 1))


Way = tuple[Lead, ...]
"""Leads that have to hold together."""


@dataclass(frozen=True)
class Target:
    """Something that weights are to bring about: all leads of at least one way hold."""

    name: str
    ways: tuple[Way, ...]
    """Without any, no weights bring it about; an empty way holds always."""

    def holds(self, numbers: Row) -> bool:
        """Return whether weights bring it about."""
        return any(all(lead.holds(numbers) for lead in way) for way in self.ways)

    def points(self, numbers: Row) -> Fraction | None:
        """Return the smallest lead of the best way; None where there is nothing to lead."""
        if not self.ways or not all(self.ways):
            return None
        return max(min(lead.points(numbers) for lead in way) for way in self.ways)


@dataclass(frozen=True)
class ProfileTerms:
    """A profile as the tuner sees it."""

    vectors: tuple[int, ...]
    """The places of the vectors that apply."""
    importances: tuple[int, ...]

    @classmethod
    def of(cls, profile: Profile) -> ProfileTerms:
        """Return what a profile multiplies the weights by."""
        return cls(applying(profile.context), profile.importances)

    def weights(self, numbers: Row) -> tuple[int, ...]:
        """Return the weight of each criterion."""
        vectors = [numbers[place * len(CRITERIA) :] for place in self.vectors]
        return tuple(
            importance * sum(vector[k] for vector in vectors)
            for k, importance in enumerate(self.importances)
        )

    def spread(self, per_criterion: tuple[int, ...]) -> Row:
        """Return the row in which each importance multiplies its criterion of every vector."""
        found = [0] * SIZE
        for place in self.vectors:
            for k, (importance, each) in enumerate(
                zip(self.importances, per_criterion, strict=True)
            ):
                found[place * len(CRITERIA) + k] = importance * each
        return tuple(found)


def lead(asked: ProfileTerms, one: tuple[str, Row], other: tuple[str, Row]) -> Lead:
    """Return the lead of one model over another.

    Args:
        asked: the profile.
        one: id and doubled midpoints of the values of the model that is to lead.
        other: the same of its rival.
    """
    differences = tuple(a - b for a, b in zip(one[1], other[1], strict=True))
    ones = (1,) * len(CRITERIA)
    return Lead(asked.spread(differences), asked.spread(ones), one[0] < other[0])


def way(leads: Iterator[Lead]) -> Way | None:
    """Return leads as a way, without those that always hold; None where one never does."""
    found = []
    for each in leads:
        if any(each.row):
            found.append(each)
        elif not each.ties:
            return None
    return tuple(found)


def numbers_of(vectors: Vectors) -> Row:
    """Return vectors as one row."""
    return tuple(number for vector in vectors for number in vector)


def vectors_of(numbers: Row) -> Vectors:
    """Return a row as vectors."""
    size = len(CRITERIA)
    return tuple(tuple(numbers[i : i + size]) for i in range(0, SIZE, size))


def matrix(leads: list[Lead]) -> tuple[np.ndarray, np.ndarray]:
    """Return leads as floats: rows in score points, and the sums of weights; both (leads, SIZE)."""
    rows = np.array([each.row for each in leads], dtype=np.float64).reshape(len(leads), SIZE)
    scales = np.array([each.scale for each in leads], dtype=np.float64).reshape(len(leads), SIZE)
    return rows / DOUBLED, scales
