"""Flips, thresholds and shares: exact, and what the oracle says there."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mars_solver import InputError, recommend, recommend_with
from mars_solver.explaining.sensitivity import (
    SAMPLES,
    Flip,
    Line,
    Ranked,
    _flip,
    _shares,
    importance_winners,
    positive_share,
)
from mars_solver.solving.table import Interval, axis
from mars_solver.vocabulary import MAX_NUMBER, Policy
from random_catalogues import Table, bare_world, fact
from strategies import SHIPPED_WORLD, World, cases, policies, shipped_or_pooled, world

Case = tuple[World, Table]
either = cases() | cases(shipped_or_pooled(), 4)


class Exact:
    """The winner at importances that no profile can state, by fractions."""

    def __init__(self, where: World, asked: Table, unknown: Policy) -> None:
        oracle = where.oracle
        self.criteria = [c for c in oracle.criteria if oracle.known_to_weights(c)]
        ones = {**asked, "prefer": dict.fromkeys(self.criteria, 1)}
        self.factors = oracle.weigh(ones)
        self.importances = {c: Fraction(oracle.importance(asked, c)) for c in self.criteria}
        ruling = oracle.rule(asked, unknown)
        orders = {m: oracle.order(ruling.stands[m], unknown) for m in ruling.ranking}
        self.best = [m for m in ruling.ranking if orders[m] == orders[ruling.ranking[0]]]
        self.middle = {
            m: {c: sum(oracle.ends(oracle.models[m], c)) for c in self.criteria} for m in self.best
        }
        self.level = {m: oracle.score(asked, oracle.models[m], neutral=True)[1] for m in self.best}

    def winner(self, criterion: str, importance: Fraction) -> str:
        at = {**self.importances, criterion: importance}

        def key(model: str) -> tuple[Any, ...]:
            rows = self.middle[model]
            total = sum(at[c] * self.factors[c] * rows[c] for c in self.criteria)
            return -total, -self.level[model], model

        return min(self.best, key=key)


def even(**models: tuple[int, int]) -> World:
    """Models that are scored alike by two criteria, x and y, with so many parts of ten in each."""
    attributes = {name: {"kind": "number", "criterion": name} for name in ("x", "y")}
    facts = {name: {"x": fact(value=x), "y": fact(value=y)} for name, (x, y) in models.items()}
    line = {"scale": "linear", "anchors": [{"at": 0, "value": 0}, {"at": 10, "value": 10**6}]}
    weights = {"curves": {"x": line, "y": line}, "base": {"x": 1, "y": 1}}
    return World(bare_world(attributes, facts).files, {"schema": 1, "name": "even", **weights})


TWO = even(a=(10, 0), b=(0, 10))
THREE = even(a=(5, 5), b=(10, 0), c=(0, 10))


@given(either, policies)
@settings(max_examples=100)
@example((SHIPPED_WORLD, {}), "flag")
@example((SHIPPED_WORLD, {"prefer": {"latency": 8}}), "flag")
@example((TWO, {"prefer": {"x": 7}}), "flag")
@example((TWO, {"prefer": {"y": 7}}), "flag")
@example((TWO, {"prefer": {"x": 7, "y": 0}}), "flag")
@example((TWO, {"prefer": {"y": 10}}), "flag")
@example((THREE, {"prefer": {"y": 10}}), "flag")
@example((THREE, {"prefer": {"y": 7}}), "flag")
def test_importances_flip_the_winner_exactly_where_they_say(case: Case, unknown: Policy) -> None:
    where, asked = case
    answer = recommend_with(where.solver, where.profile(asked), unknown=unknown)
    flips = answer.explain().importances
    declared = where.solver.declared
    assert [f.criterion for f in flips] == (list(declared.criterion) if answer.shortlist else [])
    if not flips:
        return
    exact = Exact(where, asked, unknown)
    along = importance_winners(answer.solver, answer.decision)
    for criterion, winners in zip(declared.criterion, along, strict=True):
        if criterion in exact.criteria:
            ends = [Fraction(0), *(end for end, _ in winners)]
            assert ends[-1] == 10
            for (start, end), (_, model) in zip(itertools.pairwise(ends), winners, strict=True):
                for part in (Fraction(1, 10**9), Fraction(1, 2), 1 - Fraction(1, 10**9)):
                    assert exact.winner(criterion, start + (end - start) * part) == model
    for each, now in zip(flips, answer.profile.importances, strict=True):
        assert each.importance == now
        if each.criterion in exact.criteria:
            check_flip(exact, each.criterion, now, each.down, -1)
            check_flip(exact, each.criterion, now, each.up, 1)
        else:
            assert (each.down, each.up) == (None, None)


def test_lines_that_differ_by_the_least_cross_too() -> None:
    level, rising = Line("level", 5, 0), Line("rising", 0, 1)
    assert _flip([level, rising], 0, -1) is None
    assert _flip([level, rising], 0, 1) == Flip(Fraction(5), "rising", "level", 6, "rising", 10)
    assert _flip([level, rising], 10, -1) == Flip(Fraction(5), "level", "level", 5, "level", 0)
    assert _flip([level, rising], 10, 1) is None


def check_flip(exact: Exact, criterion: str, now: int, flip: Flip | None, way: int) -> None:
    current = exact.winner(criterion, Fraction(now))
    end = Fraction(10 if way > 0 else 0)
    limit = flip.at if flip else end
    for part in (Fraction(1, 10**9), Fraction(1, 3), Fraction(1, 2), 1 - Fraction(1, 10**9)):
        assert exact.winner(criterion, now + (limit - now) * part) == current
    if flip is None:
        assert exact.winner(criterion, end) == current
        return
    assert exact.winner(criterion, flip.at) == flip.winner_at
    assert flip.at_value == float(flip.at)
    beyond = flip.at + way * Fraction(1, 10**12)
    if 0 <= beyond <= 10:
        assert exact.winner(criterion, beyond) == flip.winner
    else:
        assert flip.winner == flip.winner_at
    assert current != flip.winner
    wholes = range(now, int(end) + way, way)
    first = next((w for w in wholes if exact.winner(criterion, Fraction(w)) != current), None)
    assert flip.whole == first
    if first is not None:
        assert flip.whole_winner == exact.winner(criterion, Fraction(first))
        assert flip.whole_to is not None
        alike = itertools.takewhile(
            lambda w: exact.winner(criterion, Fraction(w)) == flip.whole_winner,
            range(first, int(end) + way, way),
        )
        assert flip.whole_to == list(alike)[-1]
    else:
        assert flip.whole_to is None


@given(either, policies, st.data())
@settings(max_examples=100)
def test_a_sweep_says_what_every_threshold_gives(
    case: Case, unknown: Policy, data: st.DataObject
) -> None:
    where, asked = case
    profile, oracle = where.profile(asked), where.oracle
    answer = recommend_with(where.solver, profile, unknown=unknown)
    sweeps = answer.explain().thresholds
    numeric = [r.name for r in where.solver.declared.requirements if r.numeric]
    assert [sweep.requirement for sweep in sweeps] == numeric
    for sweep in sweeps[:4]:
        parts = [stretch.interval for stretch in sweep.stretches]
        assert (parts[0].low, parts[0].low_included) == (0, False)
        assert (parts[-1].high, parts[-1].high_included) == (MAX_NUMBER, True)
        for one, other in itertools.pairwise(parts):
            assert one.high == other.low
            assert one.high_included != other.low_included
        answers = [(s.status, s.shortlist, s.changes) for s in sweep.stretches]
        assert all(one != other for one, other in itertools.pairwise(answers))
        values = where.solver.column(sweep.requirement).thresholds
        near = [
            number
            for value in values
            for number in (value, math.nextafter(value, 0), math.nextafter(value, math.inf))
        ]
        number = data.draw(st.sampled_from([*near, 1, MAX_NUMBER]) | st.floats(0.5, 1e9))
        if not 0 < number <= MAX_NUMBER:
            continue
        (stretch,) = (s for s in sweep.stretches if number in s.interval)
        changed = oracle.changed(profile.to_dict(), {sweep.requirement: number})
        try:
            where.profile(changed)
        except InputError:
            assert (stretch.status, stretch.shortlist, stretch.changes) == ("invalid", (), ())
            continue
        ruling = oracle.rule(changed, unknown)
        listed = tuple(Ranked(m, ruling.stands[m].status) for m in ruling.ranking)
        assert stretch.shortlist == listed
        assert stretch.status == (listed[0].status if listed else "infeasible")
        gone = profile.primary is not None and changed["primary"] is None
        assert [c.requirement for c in stretch.changes] == (["primary"] if gone else [])


def test_pro_enters_at_800_ms_unverified_and_at_2000_ms_meets_it() -> None:
    sweeps = recommend({"require": {"max_ttfb_ms": 300}}).explain().thresholds
    (sweep,) = (each for each in sweeps if each.requirement == "max_ttfb_ms")
    seen = [
        (s.interval.low, next((r.status for r in s.shortlist if r.model == "mars-pro"), None))
        for s in sweep.stretches
    ]
    assert seen == [(0, None), (150, None), (500, None), (800, "unverified"), (2000, "meets")]


def test_an_axis_has_no_part_that_no_number_is_in() -> None:
    one, two, three = 1.0, math.nextafter(1, 2), math.nextafter(math.nextafter(1, 2), 2)
    assert axis([one, two]) == (
        Interval(0, False, one, False),
        Interval(one, True, one, True),
        Interval(two, True, two, True),
        Interval(two, False, MAX_NUMBER, True),
    )
    assert [part.low_included for part in axis([one, three])] == [False, True, False, True, False]
    assert [part.low_included for part in axis([one, MAX_NUMBER])] == [False, True, False, True]
    assert axis([]) == (Interval(0, False, MAX_NUMBER, True),)


@given(st.lists(st.floats(0.001, 1e9), max_size=5, unique=True))
@settings(max_examples=100)
def test_an_axis_is_covered_once(values: list[float]) -> None:
    cells = axis(sorted(values))
    for number in [*values, 1e-9, 1e9, *(math.nextafter(v, 0) for v in values)]:
        assert sum(number in cell for cell in cells) == 1
    assert all(cell.representative in cell for cell in cells)


# ------------------------------------------------------------------- shares of weights


def twins(where: World) -> World:
    """The same catalogue with a twin of every model."""
    files = {**where.files}
    for key, data in where.files.items():
        if "id" in data:
            files[f"{key}-twin"] = {**data, "id": f"{key}-twin"}
    return World(files, where.weighing)


@given(either, policies)
@settings(max_examples=100)
@example((twins(SHIPPED_WORLD), {}), "flag")
@example((twins(world(3)), {}), "flag")
def test_shares_add_up_and_agree_with_a_sample(case: Case, unknown: Policy) -> None:
    where, asked = case
    answer = recommend_with(where.solver, where.profile(asked), unknown=unknown)
    shares = answer.explain().first_rank_shares
    if not answer.shortlist:
        assert shares == ()
        return
    exact = Exact(where, asked, unknown)
    assert [share.model for share in shares] == exact.best
    assert sum(share.share for share in shares) == pytest.approx(1)
    assert all(share.error == 0 or not share.exact for share in shares)
    if not exact.criteria:
        assert {share.share for share in shares} == {1 / len(shares)}
        return
    rows = np.array([[exact.middle[m][c] for c in exact.criteria] for m in exact.best])
    weights = np.random.default_rng(7).dirichlet(np.ones(len(exact.criteria)), 10_000)
    scores = weights @ rows.T
    first = scores >= scores.max(axis=1, keepdims=True) - 1e-6
    sampled = (first / first.sum(axis=1, keepdims=True)).mean(axis=0)
    assert [share.share for share in shares] == pytest.approx(sampled.tolist(), abs=0.04)
    for share, row in zip(shares, rows.tolist(), strict=True):
        alike = rows.tolist().count(row)
        whole = share.share * alike
        error = 0 if share.exact else math.sqrt(whole * (1 - whole) / SAMPLES) / alike
        assert share.error == pytest.approx(error)


def test_shares_of_tied_models_are_equal() -> None:
    where = twins(SHIPPED_WORLD)
    for asked in ({}, {"require": {"real_time": True}}, {"require": {"on_device": True}}):
        shares = recommend_with(where.solver, where.profile(asked)).explain().first_rank_shares
        share = {each.model: each.share for each in shares}
        for model, own in share.items():
            twin = model.removesuffix("-twin") if model.endswith("-twin") else f"{model}-twin"
            assert own == share[twin]


@pytest.mark.parametrize(
    ("lead", "share"),
    [
        ([1, 1, 1, 1, -1], Fraction(15, 16)),
        ([1, -1, -1, -1, -1], Fraction(1, 16)),
        ([1, -1, 0, 0, 0], Fraction(1, 2)),
        ([3, 2, 1, 1, 0], Fraction(1)),
        ([2, 2, -1], Fraction(8, 9)),
        ([3, 3, 3, -1], Fraction(63, 64)),
        ([0, 0, -1, 0, 0], Fraction(0)),
    ],
)
def test_known_shares_of_the_simplex(lead: list[int], share: Fraction) -> None:
    assert positive_share(lead) == share


def test_who_is_nowhere_behind_has_every_weight_exactly() -> None:
    for rows in (((3, 3), (2, 1), (1, 2)), ((3, 3), (3, 1), (1, 3))):
        assert _shares(rows) == [(1.0, None), (0.0, None), (0.0, None)]
    assert _shares(((3, 1), (1, 3))) == [(0.5, None), (0.5, None)]
