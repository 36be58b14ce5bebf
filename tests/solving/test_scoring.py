"""Value functions and the kernel: exact, anchored, and linear in what is tuned."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mars_solver import Profile, recommend_with
from mars_solver.inputs.parsing import parse
from mars_solver.inputs.profile import Context
from mars_solver.inputs.weights import MAX_WEIGHT, Curve, coefficients, vectors
from mars_solver.solving import scoring
from mars_solver.solving.scoring import DOUBLED, Sums, falls, full_score, reach, value, value_rows
from mars_solver.vocabulary import VALUE_SCALE
from strategies import (
    CRITERIA,
    DECLARED,
    FILES,
    ORACLE,
    SHIPPED,
    SHIPPED_WORLD,
    WEIGHTS,
    World,
    shipped_or_pooled,
    worlds,
)

LATENCY = WEIGHTS.curves["latency"]


def curve(scale: str, *anchors: tuple[float, int]) -> Curve:
    data = {"scale": scale, "anchors": [{"at": at, "value": v} for at, v in anchors]}
    return parse(Curve, data, "test")


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (0, VALUE_SCALE),
        (99.9, VALUE_SCALE),
        (100, VALUE_SCALE),
        (1000, VALUE_SCALE // 2),
        (10_000, 0),
        (float("inf"), 0),
        (150, 911_954),  # (4 - log10 150) / 2
        (800, 548_455),
    ],
)
def test_the_latency_curve_at_known_points(at: float, expected: int) -> None:
    assert value(LATENCY, at) == expected


def test_halves_round_to_even() -> None:
    line = curve("linear", (0, 0), (2 * VALUE_SCALE, VALUE_SCALE))
    assert [value(line, at) for at in (1, 3, 5)] == [0, 2, 2]


def test_a_half_is_a_half_on_a_logarithmic_scale_too() -> None:
    rising = curve("log", (2.5, 0), (10, 861001), (50, VALUE_SCALE))
    assert value(rising, 5) == 430500  # half of 861 001, to even
    sixths = curve("linear", (1, 0), (7, 3), (8, VALUE_SCALE))
    assert [value(sixths, at) for at in (2, 4, 6)] == [0, 2, 2]


def test_what_is_more_than_a_half_by_the_least_float_is_no_half() -> None:
    line = curve("linear", (0, 0), (1000 * VALUE_SCALE, VALUE_SCALE))
    near = [math.nextafter(500, 0), 500, math.nextafter(500, 1000)]
    assert [value(line, at) for at in near] == [0, 0, 1]


@st.composite
def curves(draw: st.DrawFn, most: int) -> Curve:
    """Curves between whole numbers, some of their parts flat."""
    scale = draw(st.sampled_from(["linear", "log"]))
    numbers = st.integers(int(scale == "log"), most)
    places = draw(st.lists(numbers, min_size=2, max_size=5, unique=True))
    inner = st.lists(st.sampled_from([0, 1, 7, 10**5, 10**6]), min_size=8, max_size=8)
    values = [0, *sorted(draw(inner)[: len(places) - 2]), VALUE_SCALE]
    if draw(st.booleans()):
        values.reverse()
    anchors = zip(sorted(places), values, strict=True)
    return curve(scale, *anchors)


@given(curves(40), st.integers(0, 45), st.integers(0, 45), st.data())
def test_the_reach_of_a_value_is_the_worst_whole_number_that_has_it(
    drawn: Curve, least: int, most: int, data: st.DataObject
) -> None:
    values = {number: value(drawn, number) for number in range(least, most + 1)}
    wanted = data.draw(st.sampled_from([0, VALUE_SCALE, *values.values()]) | st.integers(0, 10**6))
    good = [number for number, found in values.items() if found >= wanted]
    expected = (max if falls(drawn) else min)(good, default=None)
    assert reach(drawn, wanted, least, most) == expected


@given(curves(10**9), st.integers(0, VALUE_SCALE))
def test_the_reach_of_a_value_among_many_numbers_ends_where_the_value_does(
    drawn: Curve, wanted: int
) -> None:
    number = reach(drawn, wanted, 1, 10**9)
    assert number is not None
    further = number + (1 if falls(drawn) else -1)
    assert value(drawn, number) >= wanted
    assert not 1 <= further <= 10**9 or value(drawn, further) < wanted


@given(curves(10**9), st.integers(0, VALUE_SCALE), st.integers(-(10**10), 10**10))
def test_the_reach_of_a_value_does_not_rest_on_arithmetic_in_floats(
    drawn: Curve, wanted: int, near: int
) -> None:
    with patch.object(scoring, "_near", lambda *_: near):
        found = reach(drawn, wanted, 1, 10**9)
    assert found == reach(drawn, wanted, 1, 10**9)


@given(st.lists(st.integers(1, 10**9), min_size=2, max_size=6, unique=True), st.data())
def test_values_never_turn_and_stay_on_the_scale(places: list[int], data: st.DataObject) -> None:
    middle = data.draw(
        st.lists(st.integers(0, VALUE_SCALE), min_size=len(places) - 2, max_size=len(places) - 2)
    )
    values = sorted([0, VALUE_SCALE, *middle], reverse=data.draw(st.booleans()))
    drawn = curve(
        data.draw(st.sampled_from(["linear", "log"])), *zip(sorted(places), values, strict=True)
    )
    at = sorted(data.draw(st.lists(st.floats(0, 2e9), min_size=2, max_size=9)))
    found = [value(drawn, each) for each in at]
    assert all(0 <= each <= VALUE_SCALE for each in found)
    falling = values[0] > values[-1]
    assert all((a >= b) if falling else (a <= b) for a, b in pairwise(found))
    assert [value(drawn, p) for p in sorted(places)] == values


def test_an_unknown_fact_spans_the_scale() -> None:
    names = [model.id for model in SHIPPED.catalogue.models]
    beta = SHIPPED.ends[names.index("mars-8.1-pro-beta")]
    assert beta[CRITERIA.index("latency")] == (0, VALUE_SCALE)
    assert beta[CRITERIA.index("control")] == (0, 0)


@given(
    st.lists(st.lists(st.integers(0, 10**7), min_size=5, max_size=5), min_size=1, max_size=8),
)
def test_the_kernel_gives_each_row_what_python_integers_give(rows: list[list[int]]) -> None:
    values = SHIPPED.ends
    kernel = Sums(values)
    for row in rows:
        found = kernel.of(row)
        assert len(found) == 2 * len(values)
        sums = [list(pair) for pair in zip(found[::2], found[1::2], strict=True)]
        expected = [
            [
                sum(w * v for w, v in zip(row, column, strict=True))
                for column in zip(*model, strict=True)
            ]
            for model in values
        ]
        assert sums == expected


@given(worlds() | shipped_or_pooled(), st.data())
@settings(max_examples=100)
def test_packed_sums_are_those_of_plain_numbers(where: World, data: st.DataObject) -> None:
    most = 10 * (MAX_WEIGHT * (len(where.catalogue.declared.needs) + 3))
    ends = where.solver.ends
    many = len(where.catalogue.declared.criteria)
    weights = data.draw(
        st.lists(st.integers(0, most) | st.just(most), min_size=many, max_size=many)
    )
    expected = [
        sum(weight * pair[end] for weight, pair in zip(weights, row, strict=True))
        for row in ends
        for end in (0, 1)
    ]
    assert list(Sums(ends).of(weights)) == expected


def test_a_model_is_valued_by_the_ends_of_its_facts() -> None:
    for model, row in zip(SHIPPED.catalogue.models, SHIPPED.ends, strict=True):
        data = ORACLE.models[model.id]
        assert list(row) == [ORACLE.ends(data, criterion) for criterion in CRITERIA]
    assert value_rows(SHIPPED.catalogue.models, DECLARED, WEIGHTS) == SHIPPED.ends


def test_a_full_score_is_1_and_none_is_0_where_all_weights_are() -> None:
    assert full_score((2, 3)) == DOUBLED * 5
    assert full_score((0, 0)) == DOUBLED


def test_weights_grow_with_base_emphasis_batch_and_first() -> None:
    def vector(row: Mapping[str, int]) -> list[int]:
        return [row[name] for name in CRITERIA]

    plain = coefficients(WEIGHTS, DECLARED, Context())
    assert list(plain) == vector(WEIGHTS.base)
    context = Context(("voice_transfer", "on_device"), "on_device", batch=True)
    both = coefficients(WEIGHTS, DECLARED, context)
    parts = [
        WEIGHTS.base,
        WEIGHTS.emphasis["voice_transfer"],
        WEIGHTS.emphasis["on_device"],
        WEIGHTS.emphasis["batch"],
        WEIGHTS.first["on_device"],
    ]
    assert list(both) == [sum(column) for column in zip(*map(vector, parts), strict=True)]


def test_latency_is_switched_off_by_batch_unless_stated() -> None:
    assert Profile().importances == (5, 5, 5, 5, 5)
    assert Profile(workflow="batch").importances == (0, 5, 5, 5, 5)
    assert Profile(workflow="batch", prefer={"latency": 3}).importances == (3, 5, 5, 5, 5)


def test_a_tie_is_broken_by_the_score_at_neutral_importances_and_then_by_id() -> None:
    neutral = recommend_with(SHIPPED, Profile())
    answer = recommend_with(SHIPPED, Profile(prefer=dict.fromkeys(CRITERIA, 0)))
    assert [c.score for c in answer.shortlist] == [0.0] * 4
    assert [c.model for c in answer.shortlist] == [c.model for c in neutral.shortlist]
    models = {name: {**FILES["mars-pro"], "id": name, "name": name} for name in ("m2", "m0", "m1")}
    twins = SHIPPED_WORLD.with_models(models)
    assert twins.solver.decide(Profile()).ids == ("m0", "m1", "m2")


def test_a_copy_keeps_nothing_that_is_derived_from_the_old_fields() -> None:
    digest = WEIGHTS.sha256
    base = {**WEIGHTS.base, "latency": WEIGHTS.base["latency"] + 1}
    changed = WEIGHTS.model_copy(update={"base": base})
    assert changed.sha256 != digest
    before, after = (vectors(each, DECLARED) for each in (WEIGHTS, changed))
    assert after[0][0] == before[0][0] + 1
    assert after[1:] == before[1:]
