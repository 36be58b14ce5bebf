"""The interval of a percentile: exact, and as often right as it says."""

from __future__ import annotations

import math
import random
from fractions import Fraction
from itertools import accumulate

import pytest

from mars_solver.measuring.statistics import (
    Ranks,
    estimate,
    ranks,
    samples_needed,
    tail_of,
)

P95, SURE = Fraction(95, 100), tail_of(Fraction(95, 100))
TRUE_P95 = math.exp(1.6448536269514722 * 0.25)
"""Of the waits below, in s: a lognormal."""


def waits(seed: int, n: int) -> list[float]:
    drawn = random.Random(seed)
    return [drawn.lognormvariate(0, 0.25) for _ in range(n)]


def by_definition(n: int, percentile: Fraction, tail: Fraction) -> Ranks:
    """The same, from the sum of the binomial distribution."""
    exactly = [math.comb(n, j) * percentile**j * (1 - percentile) ** (n - j) for j in range(n + 1)]
    below = [Fraction(0), *accumulate(exactly)]
    highs = [j for j in range(1, n + 1) if 1 - below[j] <= tail]
    lows = [j for j in range(1, n + 1) if below[j] <= tail]
    return Ranks(max(lows, default=0), min(highs, default=None))


@pytest.mark.parametrize("percentile", [Fraction(1, 2), Fraction(9, 10), P95, Fraction(999, 1000)])
@pytest.mark.parametrize("looks", [1, 3])
def test_the_ranks_are_those_of_the_binomial_distribution(percentile: Fraction, looks: int) -> None:
    tail = tail_of(Fraction(95, 100), looks)
    for n in (0, 1, 2, 10, 71, 72, 100, 150):
        assert ranks(n, percentile, tail) == by_definition(n, percentile, tail)


def test_72_samples_give_a_p95_an_upper_end_and_fewer_do_not() -> None:
    assert samples_needed(P95, SURE) == 72
    assert [estimate([1.0] * n, P95, SURE).high for n in (0, 71, 72, 100)] == [
        math.inf,
        math.inf,
        1,
        1,
    ]
    assert samples_needed(P95, tail_of(Fraction(95, 100), looks=3)) == 94
    for failed in (1, 2, 5):
        needed = samples_needed(P95, SURE, failed)
        highs = [
            estimate([1.0] * (n - failed) + [math.inf] * failed, P95, SURE).high
            for n in (needed - 1, needed)
        ]
        assert highs == [math.inf, 1]


def test_a_failure_is_an_infinite_wait_that_no_sample_outweighs() -> None:
    assert estimate([1.0] * 71 + [math.inf], P95, SURE).high == math.inf
    few = estimate([1.0] * 142 + [math.inf] * 2, P95, SURE)
    many = estimate([1.0] * 900 + [math.inf] * 100, P95, SURE)
    assert (few.low, few.point, few.high) == (1, 1, 1)
    assert many.low == many.high == math.inf
    assert estimate([], P95, SURE) == estimate([math.inf] * 0, P95, SURE)


def test_the_interval_covers_the_true_percentile_as_often_as_it_says() -> None:
    found = [estimate(waits(seed, 144), P95, SURE) for seed in range(200)]
    covered = sum(each.low <= TRUE_P95 <= each.high for each in found)
    assert covered >= 0.93 * len(found)


@pytest.mark.parametrize("beside", [0.98, 1.02])
def test_near_a_limit_the_verdict_is_hardly_ever_wrong_though_a_bare_percentile_is(
    beside: float,
) -> None:
    limit = TRUE_P95 * beside
    met = limit >= TRUE_P95
    found = [estimate(waits(seed, 100), P95, SURE) for seed in range(500)]
    wrong = sum(each.low > limit if met else each.high <= limit for each in found)
    bare = sum((each.point <= limit) != met for each in found)
    assert wrong <= 0.01 * len(found)
    assert bare >= 0.1 * len(found)


def test_looking_often_is_as_sure_as_looking_once_where_the_error_is_shared() -> None:
    sizes, limit = (144, 288, 576), TRUE_P95 * 0.999
    shared = tail_of(Fraction(95, 100), len(sizes))

    def wrong(tail: Fraction) -> int:
        """In how many runs a look says that the limit holds, which it does not."""
        highs = [(n, ranks(n, P95, tail).high or n) for n in sizes]
        return sum(any(sorted(run[:n])[high - 1] <= limit for n, high in highs) for run in runs)

    runs = [waits(seed, sizes[-1]) for seed in range(300)]
    assert wrong(shared) <= SURE * len(runs) < wrong(SURE)
