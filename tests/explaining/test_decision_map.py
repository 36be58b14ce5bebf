"""The decision map: every point of it is what `recommend` says there."""

from __future__ import annotations

import math
import random
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mars_solver import InputError, Profile, Solver, recommend_with
from mars_solver.explaining import decision_map
from mars_solver.explaining.decision_map import AXES, DecisionMap, MapAxis, MapCell, regions
from mars_solver.solving.cells import Interval
from mars_solver.vocabulary import INFEASIBLE, INVALID, MAX_NUMBER, REQUIREMENT, Policy
from strategies import Pooled, pooled, profiles

PAIRS = st.permutations(AXES).map(lambda names: (names[0], names[1]))


def _needs(data: dict[str, Any]) -> tuple[str, ...]:
    return Profile(require=data["require"]).require.needs


def expected(solver: Solver, data: dict[str, Any], policy: Policy) -> MapCell:
    try:
        profile = Profile.model_validate(data)
    except InputError:
        return MapCell(INVALID, None)
    answer = recommend_with(solver, profile, unknown=policy)
    if not answer.shortlist:
        return MapCell(INFEASIBLE, None)
    return MapCell(answer.status, answer.shortlist[0].model)


def points(chance: random.Random, step: Interval | int | None) -> list[float | None]:
    """Some values of a step, its ends among them where they belong to it."""
    if not isinstance(step, Interval):
        return [step]
    inside = [step.representative, chance.uniform(step.low, min(step.high, 2 * step.low + 10))]
    ends = [math.nextafter(step.low, math.inf), math.nextafter(step.high, 0), step.low, step.high]
    return [value for value in [*inside, *ends] if value in step and 0 < value <= MAX_NUMBER]


@settings(max_examples=30)
@given(pooled(), profiles(), PAIRS, st.sampled_from(["flag", "accept", "reject"]), st.data())
def test_each_point_of_a_cell_is_what_recommend_says(
    one: Pooled, profile: Profile, pair: tuple[str, str], policy: Policy, data: st.DataObject
) -> None:
    solver = one.solver
    drawn = decision_map.decision_map(solver, solver.decide(profile, policy), *pair)
    assert drawn is not None
    chance = random.Random(data.draw(st.integers(0, 2**32)))  # noqa: S311
    for _ in range(12):
        j, i = chance.randrange(len(drawn.y.steps)), chance.randrange(len(drawn.x.steps))
        x = chance.choice(points(chance, drawn.x.steps[i]))
        y = chance.choice(points(chance, drawn.y.steps[j]))
        moved = profile.to_dict()
        for name, value in ((pair[0], x), (pair[1], y)):
            moved["require" if name in REQUIREMENT else "prefer"][name] = value
        if moved.get("primary") and moved["primary"] not in _needs(moved):
            del moved["primary"]
        assert drawn.cells[j][i] == expected(solver, moved, policy)


@settings(max_examples=30)
@given(profiles(), PAIRS)
def test_the_profile_stands_in_the_cell_of_its_own_answer(
    solver: Solver, profile: Profile, pair: tuple[str, str]
) -> None:
    drawn = decision_map.decision_map(solver, solver.decide(profile), *pair)
    assert drawn is not None
    assert drawn.current == expected(solver, profile.to_dict(), "flag")
    for side in (drawn.x, drawn.y):
        step = side.steps[side.current]
        if side.is_requirement:
            stated = getattr(profile.require, side.name)
            assert step is None if stated is None else isinstance(step, Interval)
            assert not isinstance(step, Interval) or stated in step
        else:
            assert step == dict(zip(AXES[3:], profile.importances, strict=True))[side.name]


@settings(max_examples=30)
@given(profiles(), PAIRS)
def test_steps_cover_an_axis_once_and_no_border_is_idle(
    solver: Solver, profile: Profile, pair: tuple[str, str]
) -> None:
    drawn = decision_map.decision_map(solver, solver.decide(profile), *pair)
    assert drawn is not None
    columns = list(zip(*drawn.cells, strict=True))
    for side, lines in ((drawn.x, columns), (drawn.y, list(drawn.cells))):
        assert len(side.steps) == len(lines)
        if not side.is_requirement:
            assert side.steps == tuple(range(11))
            continue
        intervals = [(i, s) for i, s in enumerate(side.steps) if isinstance(s, Interval)]
        assert len(intervals) == len(side.steps) - 1
        assert (intervals[0][1].low, intervals[-1][1].high) == (0, MAX_NUMBER)
        for (i, one), (j, other) in pairwise(intervals):
            assert j == i + 1
            assert one.high == other.low
            assert one.high_included != other.low_included
            assert lines[i] != lines[j]


def test_a_boundary_of_the_guide_is_exact(solver: Solver) -> None:
    decision = solver.decide(Profile(require={"real_time": True, "max_ttfb_ms": 200}))
    drawn = decision_map.decision_map(solver, decision, "max_ttfb_ms", "min_sample_rate_hz")
    assert drawn is not None
    first, second = drawn.x.steps[:2]
    assert isinstance(first, Interval)
    assert isinstance(second, Interval)
    assert (first.high, first.high_included) == (150, False)
    assert (second.low, second.low_included) == (150, True)


def test_regions_part_the_cells_into_connected_areas() -> None:
    a, b = MapCell("guaranteed", "a"), MapCell("guaranteed", "b")
    side = MapAxis("latency", (0, 1, 2), 0)
    drawn = DecisionMap(side, side, ((a, b, a), (a, b, b), (b, b, a)))
    found = list(regions(drawn))
    assert sorted(place for _, places in found for place in places) == [
        (j, i) for j in range(3) for i in range(3)
    ]
    assert sorted((cell.winner, len(places)) for cell, places in found) == [
        ("a", 1), ("a", 1), ("a", 2), ("b", 5),
    ]  # fmt: skip
    for cell, places in found:
        assert {drawn.cells[j][i] for j, i in places} == {cell}


def test_a_map_of_too_many_cells_is_not_drawn(
    solver: Solver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decision_map, "MOST_CELLS", 50)
    assert decision_map.decision_map(solver, solver.decide(Profile()), *AXES[:2]) is None
