"""Percentiles with their confidence, from order statistics: no distribution is assumed.

Of n independent waits, the number that are at most the true p-quantile is binomial. So the k-th
smallest wait is a bound of it with a probability that whole numbers give exactly (David and
Nagaraja, Order Statistics, 2003, section 7.1). A failed request is an infinite wait.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Ranks:
    """Which of n sorted waits bound a percentile, counted from 1.

    Attributes:
        low: of the greatest lower bound; 0 where there is none but 0.
        high: of the least upper bound; None where there are too few samples for one.
    """

    low: int
    high: int | None


def ranks(n: int, percentile: Fraction, tail: Fraction) -> Ranks:
    """Return which of n sorted waits bound a percentile.

    Args:
        n: how many waits there are.
        percentile: as a share, such as 95/100.
        tail: the greatest probability with which each bound, for itself, may be wrong.
    """
    a, whole = percentile.numerator, percentile.denominator
    b = whole - a
    # In units of 1/whole**n, of the number of waits up to the quantile: `term` is the probability
    # that it is j, and `above` that it is j or more.
    total = whole**n
    allowed = total * tail.numerator // tail.denominator
    term, above = a**n, 0
    high = None
    for j in range(n, 0, -1):
        above += term
        if above <= allowed:
            high = j
        if total - above <= allowed:
            return Ranks(j, high)
        term = term * j * b // ((n - j + 1) * a)
    return Ranks(0, high)


def tail_of(confidence: Fraction, looks: int = 1) -> Fraction:
    """Return how often each bound may be wrong, where both ends and all looks share the error."""
    return (1 - confidence) / (2 * max(1, looks))


def samples_needed(percentile: Fraction, tail: Fraction, failed: int = 0) -> int:
    """Return the fewest samples that give a percentile an upper bound, if so many of them fail."""
    about = math.ceil(math.log(tail) / math.log(percentile))
    least = about - 1 if percentile ** (about - 1) <= tail else about

    def bounded(n: int) -> bool:
        high = ranks(n, percentile, tail).high
        return high is not None and high <= n - failed

    sizes = range(least, 2 * (least + 1) * (failed + 1))
    return sizes[bisect_left(sizes, True, key=bounded)] if failed else least


@dataclass(frozen=True, slots=True)
class Estimate:
    """A percentile of some waits in ms, with the ends of its confidence interval."""

    low: float
    point: float
    high: float


def estimate(waits: Sequence[float], percentile: Fraction, tail: Fraction) -> Estimate:
    """Return a percentile of waits; without any, it is anything.

    Args:
        waits: in ms, in any order; infinite ones are failures.
        percentile: as a share.
        tail: how often each end may be wrong.
    """
    if not waits:
        return Estimate(0, math.inf, math.inf)
    ordered = sorted(waits)
    bounds = ranks(len(ordered), percentile, tail)
    return Estimate(
        ordered[bounds.low - 1] if bounds.low else 0,
        quantile(ordered, percentile),
        ordered[bounds.high - 1] if bounds.high else math.inf,
    )


def quantile(ordered: Sequence[float], share: Fraction) -> float:
    """Return the least of sorted numbers that a share of them does not exceed."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
