"""The values of each requirement, cut into cells in which no verdict and no need changes.

A verdict compares a threshold with the ends of a fact, so that between two neighbouring ends no
verdict changes: an axis falls into finitely many intervals and points, and one number of each
stands for all of it. Lists of locales fall into finitely many cells in the same way. Cells that no
model and no need can tell apart are one choice.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise, product
from string import ascii_lowercase
from typing import NamedTuple

from mars_solver.inputs.catalogue import Catalogue
from mars_solver.inputs.profile import Requirements
from mars_solver.solving.constraints import Check, Masks, Required, fact_masks, locale_verdict
from mars_solver.vocabulary import (
    BIT,
    MAX_NUMBER,
    NEEDS,
    REQUIREMENTS,
    Kind,
    NeedName,
    Requirement,
    Verdict,
)

Number = int | float
NUMERIC: tuple[Requirement, ...] = tuple(
    r for r in REQUIREMENTS if r.kind in {Kind.CEILING, Kind.FLOOR}
)
"""The requirements that have an axis."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Part of an axis: a point where both ends are equal, or all between two ends."""

    low: Number
    low_included: bool
    high: Number
    high_included: bool

    @property
    def representative(self) -> Number:
        """A number of the interval; the last one where it belongs to the interval."""
        if self.high_included:
            return self.high
        return self.low if self.low_included else (self.low + self.high) / 2

    def __contains__(self, number: Number) -> bool:
        above = number >= self.low if self.low_included else number > self.low
        below = number <= self.high if self.high_included else number < self.high
        return above and below


def critical_values(catalogue: Catalogue, requirement: Requirement) -> tuple[Number, ...]:
    """Return the thresholds in range at which a verdict or a need can change, ascending."""
    ends = {
        end
        for model in catalogue.models
        for end in model.range(requirement.fact) or ()
        if 0 < end <= MAX_NUMBER
    }
    ends |= {n.ceiling[1] for n in NEEDS if n.ceiling and n.ceiling[0] == requirement.name}
    return tuple(sorted(ends))


def axis(values: Iterable[Number]) -> tuple[Interval, ...]:
    """Return the intervals into which ascending values cut the numbers above 0 up to the largest.

    An open interval that holds no float is left out: no profile can name a number in it.
    """
    cells: list[Interval] = []
    for low, high in pairwise([0, *values]):
        if low < math.nextafter(low, math.inf) < high:
            cells.append(Interval(low, low_included=False, high=high, high_included=False))
        cells.append(Interval(high, low_included=True, high=high, high_included=True))
    last = cells[-1].high if cells else 0
    if last < MAX_NUMBER:
        cells.append(Interval(last, low_included=False, high=MAX_NUMBER, high_included=True))
    return tuple(cells)


def locale_lists(catalogue: Catalogue) -> tuple[tuple[str, ...], ...]:
    """Return one list of locales for each combination of verdicts that `languages` can give.

    The verdict of a list on a model is the worst verdict of its locales, and locales differ only
    in which models speak them, do not, or leave it open. So the joins of the verdicts of single
    locales, one of them known to no model, are all there is.
    """
    tags = sorted({tag for model in catalogue.models for tag in model.languages})
    unheard = unheard_locale(tags)
    known: dict[tuple[Verdict, ...], tuple[str, ...]] = {}
    for tag in [*tags, unheard]:
        known.setdefault(locale_standing(catalogue, tag), (tag,))
    lists = dict(known)
    while True:
        joins = {
            tuple(map(max, one, other)): (*lists[one], *known[other])
            for one in lists
            for other in known
        }
        new = {joint: tags for joint, tags in joins.items() if joint not in lists}
        if not new:
            return tuple(lists[joint] for joint in sorted(lists))
        lists |= new


def locale_standing(catalogue: Catalogue, tag: str) -> tuple[Verdict, ...]:
    """Return the verdict of a locale on each model, in the catalogue's order."""
    return tuple(locale_verdict(model, tag) for model in catalogue.models)


def unheard_locale(tags: Collection[str]) -> str:
    """Return a locale that is none of `tags`."""
    return next(tag for tag in _spelled() if tag not in tags)


def _spelled() -> Iterator[str]:
    """Yield well-formed locale tags, from the end of the alphabet."""
    letters = ascii_lowercase[::-1]
    for a, b, c, d in product(letters, repeat=4):
        yield f"{a}{b}-{c}{d}"


class Choice(NamedTuple):
    """Values of one requirement that give the same verdicts and state the same needs."""

    requirement: Requirement
    cells: tuple[Required | None, ...]
    """One value of each cell that the choice joins; None where the requirement is not stated."""
    stated: int
    """The bit of the requirement; 0 where it is not stated."""
    facts: tuple[Masks, ...]
    """What the facts of each model say of such a value, in the catalogue's order."""
    needs: tuple[NeedName, ...]

    @property
    def required(self) -> Required | None:
        """One of the values."""
        return self.cells[-1]


def choices(catalogue: Catalogue, requirement: Requirement) -> tuple[Choice, ...]:
    """Return the values of a requirement that can tell profiles apart, "not stated" first."""
    silent = Choice(requirement, (None,), 0, (Masks(0, 0),) * len(catalogue.models), ())
    merged: dict[tuple[tuple[Masks, ...], tuple[NeedName, ...]], list[Required]] = {}
    for required in _values(catalogue, requirement):
        check = Check(requirement, required)
        facts = tuple(fact_masks([check], model) for model in catalogue.models)
        plain = list(required) if isinstance(required, tuple) else required
        needs = Requirements.model_validate({requirement.name: plain}).needs
        merged.setdefault((facts, needs), []).append(required)
    bit = BIT[requirement.name]
    return (
        silent,
        *(
            Choice(requirement, tuple(cells), bit, facts, needs)
            for (facts, needs), cells in merged.items()
        ),
    )


def _values(catalogue: Catalogue, requirement: Requirement) -> list[Required]:
    """Return one value of each cell of a requirement."""
    match requirement.kind:
        case Kind.CAPABILITY:
            return [True]
        case Kind.LOCALES:
            return list(locale_lists(catalogue))
        case _:
            values = critical_values(catalogue, requirement)
            return [interval.representative for interval in axis(values)]
