"""Value functions and the kernel: exact, anchored, and linear in what is tuned."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mars_solver import Profile, Solver, load_catalogue, load_weights, recommend_with
from mars_solver.inputs.parsing import parse
from mars_solver.inputs.profile import Context
from mars_solver.inputs.weights import Curve, coefficients
from mars_solver.solving.scoring import totals, value, value_table
from mars_solver.vocabulary import CRITERION_NAMES, VALUE_SCALE
from strategies import profiles

WEIGHTS = load_weights()
SOLVER = Solver(load_catalogue(), WEIGHTS)
LATENCY = WEIGHTS.curves.latency


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
    names = [model.id for model in SOLVER.catalogue.models]
    beta = SOLVER.values[names.index("mars-8.1-pro-beta")]
    assert beta[CRITERION_NAMES.index("latency")].tolist() == [0, VALUE_SCALE]
    assert beta[CRITERION_NAMES.index("control")].tolist() == [0, 0]


@given(
    st.lists(st.lists(st.integers(0, 10**7), min_size=5, max_size=5), min_size=1, max_size=8),
)
def test_the_kernel_gives_each_row_what_python_integers_give(rows: list[list[int]]) -> None:
    values = SOLVER.values
    found = totals(np.array(rows, dtype=np.int64), values)
    assert found.shape == (len(rows), len(values), 2)
    for row, sums in zip(rows, found.tolist(), strict=True):
        expected = [
            [sum(w * v for w, v in zip(row, column, strict=True)) for column in model.T.tolist()]
            for model in values
        ]
        assert sums == expected


@given(profiles())
def test_scores_are_exact_fractions(profile: Profile) -> None:
    decision = SOLVER.decide(profile)
    factors = coefficients(WEIGHTS, profile.context)
    assert decision.weights == tuple(
        i * f for i, f in zip(profile.importances, factors, strict=True)
    )
    table = value_table(SOLVER.catalogue.models, WEIGHTS).tolist()
    for place, (low, high) in enumerate(decision.sums):
        ends = [
            sum(w * v[e] for w, v in zip(decision.weights, table[place], strict=True))
            for e in (0, 1)
        ]
        assert [low, high] == ends
    total = sum(decision.weights)
    if total:
        scores = [Fraction(low + high, 2 * VALUE_SCALE * total) for low, high in decision.sums]
        assert all(0 <= score <= 1 for score in scores)


def test_weights_grow_with_base_emphasis_batch_and_first() -> None:
    def vector(of: Any) -> list[int]:
        return [getattr(of, name) for name in CRITERION_NAMES]

    plain = coefficients(WEIGHTS, Context())
    assert list(plain) == vector(WEIGHTS.base)
    both = coefficients(WEIGHTS, Context(("voice_transfer", "on_device"), "on_device", batch=True))
    parts = [
        WEIGHTS.base,
        WEIGHTS.emphasis.voice_transfer,
        WEIGHTS.emphasis.on_device,
        WEIGHTS.emphasis.batch,
        WEIGHTS.first.on_device,
    ]
    assert list(both) == [sum(column) for column in zip(*map(vector, parts), strict=True)]


def test_latency_is_switched_off_by_batch_unless_stated() -> None:
    assert Profile().importances == (5, 5, 5, 5, 5)
    assert Profile(workflow="batch").importances == (0, 5, 5, 5, 5)
    assert Profile(workflow="batch", prefer={"latency": 3}).importances == (3, 5, 5, 5, 5)


def test_all_weights_zero_is_score_zero_in_order_of_id() -> None:
    answer = recommend_with(SOLVER, Profile(prefer=dict.fromkeys(CRITERION_NAMES, 0)))
    assert [c.score for c in answer.shortlist] == [0.0] * 4
    assert [c.model for c in answer.shortlist] == sorted(c.model for c in answer.shortlist)


def test_a_copy_keeps_nothing_that_is_derived_from_the_old_fields() -> None:
    digest, vectors = WEIGHTS.sha256, WEIGHTS.vectors
    base = WEIGHTS.base.model_copy(update={"latency": WEIGHTS.base.latency + 1})
    changed = WEIGHTS.model_copy(update={"base": base})
    assert changed.sha256 != digest
    assert changed.vectors[0][0] == vectors[0][0] + 1
    assert changed.vectors[1:] == vectors[1:]
