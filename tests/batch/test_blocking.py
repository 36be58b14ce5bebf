"""The first of the smallest sets that share an element with each of some sets."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mars_solver.batch.kernel.blocking import first_hitting
from mars_solver.budget import OverBudgetError, within

SETS = st.lists(st.frozensets(st.integers(0, 8), min_size=1), min_size=1, max_size=9)


@given(SETS, st.integers(0, 53))
def test_the_first_smallest_set_that_hits_every_set_is_found(
    sets: list[frozenset[int]], above: int
) -> None:
    wanted = next(
        some
        for size in range(1, 10)
        for some in combinations(range(9), size)
        if all(each & set(some) for each in sets)
    )
    masks = [sum(1 << bit + above for bit in each) for each in sets]
    assert first_hitting(masks) == sum(1 << bit + above for bit in wanted)


def test_the_search_stops_where_its_time_is_over() -> None:
    with within(0), pytest.raises(OverBudgetError):
        first_hitting([0b0011, 0b1100, 0b0101])
