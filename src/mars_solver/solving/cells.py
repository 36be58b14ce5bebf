"""The axis of a numeric requirement, cut where verdicts or needs can change.

A verdict compares a threshold with the ends of a fact, so that between two neighbouring ends no
verdict changes: an axis falls into finitely many intervals and points, and one number of each
stands for all of it.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise, product
from string import ascii_lowercase

from mars_solver.inputs.catalogue import Catalogue
from mars_solver.inputs.facts import capability_verdict
from mars_solver.vocabulary import MAX_NUMBER, NEEDS, REQUIREMENTS, Kind, Requirement, Verdict

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
    found: list[Interval] = []
    for low, high in pairwise([0, *values]):
        if low < math.nextafter(low, math.inf) < high:
            found.append(Interval(low, low_included=False, high=high, high_included=False))
        found.append(Interval(high, low_included=True, high=high, high_included=True))
    last = found[-1].high if found else 0
    if last < MAX_NUMBER:
        found.append(Interval(last, low_included=False, high=MAX_NUMBER, high_included=True))
    return tuple(found)


def locale_lists(catalogue: Catalogue) -> tuple[tuple[str, ...], ...]:
    """Return one list of locales for each way in which models can stand to `languages`.

    A list stands as badly as the worst of its locales with each model, and locales differ only in
    which models speak them, do not, or leave it open. So the joins of what single locales give,
    one of them unheard of, are all there is.
    """
    tags = sorted({tag for model in catalogue.models for tag in model.languages})
    unheard = unheard_locale(tags)
    known: dict[tuple[Verdict, ...], tuple[str, ...]] = {}
    for tag in [*tags, unheard]:
        known.setdefault(locale_standing(catalogue, tag), (tag,))
    found = dict(known)
    while True:
        joins = {
            tuple(map(max, one, other)): (*found[one], *known[other])
            for one in found
            for other in known
        }
        new = {joint: tags for joint, tags in joins.items() if joint not in found}
        if not new:
            return tuple(found[joint] for joint in sorted(found))
        found |= new


def locale_standing(catalogue: Catalogue, tag: str) -> tuple[Verdict, ...]:
    """Return the verdict of a locale on each model, in the catalogue's order."""
    return tuple(capability_verdict(model.speaks(tag)) for model in catalogue.models)


def unheard_locale(tags: Collection[str]) -> str:
    """Return a locale that is none of `tags`."""
    return next(tag for tag in _spelled() if tag not in tags)


def _spelled() -> Iterator[str]:
    """Yield well-formed locale tags, from the end of the alphabet."""
    letters = ascii_lowercase[::-1]
    for a, b, c, d in product(letters, repeat=4):
        yield f"{a}{b}-{c}{d}"
