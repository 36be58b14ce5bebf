"""The decision map: every point of it is what the oracle says there."""

from __future__ import annotations

import math
import random
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mars_solver import InputError, Profile, Solver
from mars_solver.explaining import decision_map
from mars_solver.explaining.decision_map import DecisionMap, MapAxis, MapCell, axes, regions
from mars_solver.solving.table import Interval
from mars_solver.vocabulary import INFEASIBLE, INVALID, MAX_NUMBER, Policy
from random_catalogues import Table
from strategies import World, cases, policies, shipped_or_pooled

Case = tuple[World, Table]
either = cases() | cases(shipped_or_pooled(), 4)


def two_axes(where: World, data: st.DataObject) -> tuple[str, str]:
    names = axes(where.solver)
    assume(len(names) > 1)
    x, y, *_ = data.draw(st.permutations(names))
    return x, y


def expected(where: World, asked: Table, policy: Policy) -> MapCell:
    try:
        where.profile(asked)
    except InputError:
        return MapCell(INVALID, None)
    ruling = where.oracle.rule(asked, policy)
    if not ruling.ranking:
        return MapCell(INFEASIBLE, None)
    first = ruling.ranking[0]
    return MapCell(ruling.stands[first].status, first)


def moved(where: World, asked: Table, values: dict[str, Any]) -> Table:
    """The profile with other thresholds and importances."""
    known = where.solver.declared.requirement
    new = where.oracle.changed(asked, {n: v for n, v in values.items() if n in known})
    prefer = {n: v for n, v in values.items() if n not in known}
    return {**new, "prefer": {**(new.get("prefer") or {}), **prefer}}


def points(chance: random.Random, step: Interval | int | None) -> list[float | None]:
    """Some values of a step, its ends among them where they belong to it."""
    if not isinstance(step, Interval):
        return [step]
    inside = [step.representative, chance.uniform(step.low, min(step.high, 2 * step.low + 10))]
    ends = [math.nextafter(step.low, math.inf), math.nextafter(step.high, 0), step.low, step.high]
    return [value for value in [*inside, *ends] if value in step and 0 < value <= MAX_NUMBER]


@settings(max_examples=80)
@given(either, policies, st.data())
def test_each_point_of_a_cell_is_what_the_oracle_says(
    case: Case, policy: Policy, data: st.DataObject
) -> None:
    where, asked = case
    pair = two_axes(where, data)
    decision = where.solver.decide(where.profile(asked), policy)
    drawn = decision_map.decision_map(where.solver, decision, *pair)
    assume(drawn is not None)
    assert drawn is not None
    assert drawn.current == expected(where, asked, policy)
    chance = random.Random(data.draw(st.integers(0, 2**32)))
    for _ in range(6):
        j, i = chance.randrange(len(drawn.y.steps)), chance.randrange(len(drawn.x.steps))
        x = chance.choice(points(chance, drawn.x.steps[i]))
        y = chance.choice(points(chance, drawn.y.steps[j]))
        new = moved(where, asked, {pair[0]: x, pair[1]: y})
        assert drawn.cells[j][i] == expected(where, new, policy)


@settings(max_examples=60)
@given(either, st.data())
def test_the_profile_stands_in_its_own_cell(case: Case, data: st.DataObject) -> None:
    where, asked = case
    pair = two_axes(where, data)
    profile = where.profile(asked)
    drawn = decision_map.decision_map(where.solver, where.solver.decide(profile), *pair)
    assume(drawn is not None)
    assert drawn is not None
    for side in (drawn.x, drawn.y):
        step = side.steps[side.current]
        if side.is_requirement:
            stated = profile.require.get(side.name)
            assert step is None if stated is None else isinstance(step, Interval)
            assert not isinstance(step, Interval) or stated in step  # type: ignore[operator]
        else:
            criterion = where.solver.declared.criterion[side.name]
            assert step == profile.importances[criterion.index]


@settings(max_examples=60)
@given(either, st.data())
def test_steps_cover_an_axis_once_and_no_border_is_idle(case: Case, data: st.DataObject) -> None:
    where, asked = case
    pair = two_axes(where, data)
    drawn = decision_map.decision_map(
        where.solver, where.solver.decide(where.profile(asked)), *pair
    )
    assume(drawn is not None)
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
    a, b = MapCell("meets", "a"), MapCell("meets", "b")
    side = MapAxis("latency", (0, 1, 2), 0, is_requirement=False)
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
    names = axes(solver)
    decision = solver.decide(Profile())
    assert decision_map.decision_map(solver, decision, names[0], names[-1]) is None
