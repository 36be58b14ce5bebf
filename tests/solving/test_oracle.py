"""Every decision against an independent reading of the rules, on catalogues of every kind."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from typing import Any, cast
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mars_solver.inputs.catalogue.facts import Member
from mars_solver.solving import table
from mars_solver.solving.constraints import Check, Masks, minimal, missed, ruled_out, verdict
from mars_solver.solving.flowchart import compare
from mars_solver.solving.scoring import full_score
from mars_solver.solving.solver import Decision, Solver
from mars_solver.solving.table import Cell, Choice, Column, Interval, unheard
from mars_solver.vocabulary import MAX_NUMBER, Kind, Policy, Verdict
from oracle import MET, UNVERIFIED, Stand
from strategies import Table, World, cases, policies, shipped_or_pooled, worlds

Case = tuple[World, Table]
any_case = cases() | cases(shipped_or_pooled())
any_world = worlds() | shipped_or_pooled()


@given(any_case, policies)
@settings(max_examples=500)
def test_decisions_are_those_of_the_oracle(case: Case, unknown: Policy) -> None:
    check_decision(*case, unknown)


@pytest.mark.long
@given(any_case, policies)
@settings(max_examples=20_000)
def test_no_long_search_finds_another_decision(case: Case, unknown: Policy) -> None:
    check_decision(*case, unknown)


def check_decision(where: World, data: Table, unknown: Policy) -> None:
    decision = where.solver.decide(where.profile(data), unknown)
    ruling = where.oracle.rule(data, unknown)
    assert {s.model.id: stand_of(decision, i) for i, s in enumerate(decision.standings)} == (
        ruling.stands
    )
    assert weights_of(decision) == {c: w for c, w in ruling.weights.items() if w}
    full = full_score(decision.weights)
    for standing, (low, high) in zip(decision.standings, decision.sums, strict=True):
        score = Fraction(2 * low, full), Fraction(low + high, full), Fraction(2 * high, full)
        assert score == ruling.scores[standing.model.id]
        assert 0 <= score[0] <= score[1] <= score[2] <= 1
    assert decision.ids == ruling.ranking
    assert [decision.order(index) for index in decision.ranking] == list(decision.orders)
    assert (decision.winner is None) == (not ruling.ranking)


def stand_of(decision: Decision, index: int) -> Stand:
    """A standing as the oracle has it."""
    standing, declared = decision.standings[index], decision.profile.declared
    chosen = standing.configuration
    return Stand(
        standing.status.word,
        None if chosen is None else declared.chosen(chosen),
        declared.names_of(standing.violated),
        declared.names_of(standing.unverified),
        standing.refused,
    )


def weights_of(decision: Decision) -> dict[str, int]:
    pairs = zip(decision.profile.declared.criteria, decision.weights, strict=True)
    return {criterion.name: weight for criterion, weight in pairs if weight}


@given(any_case, policies)
@settings(max_examples=300)
def test_the_guide_agrees_where_the_oracle_says_so(case: Case, unknown: Policy) -> None:
    where, data = case
    expected = where.oracle.guide_verdict(data, unknown)
    chart = where.catalogue.flowchart
    if chart is None:
        assert expected is None
        assert where.catalogue.declared.needs == ()
        return
    found = compare(chart, where.solver.decide(where.profile(data), unknown))
    assert (found.question, found.answer, found.agrees, set(found.blocked_by)) == expected


@given(any_case)
@settings(max_examples=300)
def test_needs_are_stated_as_the_guide_says(case: Case) -> None:
    where, data = case
    assert list(where.profile(data).needs) == where.oracle.needs(data)


@given(any_case)
@settings(max_examples=150)
def test_posting_every_requirement_gives_the_configurations_of_the_table(case: Case) -> None:
    where, data = case
    solver = where.solver
    decision = solver.decide(where.profile(data))
    found: dict[int, set[Any]] = {MET: set(), UNVERIFIED: set()}
    for index, standing in enumerate(decision.standings):
        if standing.refused:
            continue
        masks = solver.masks(decision.signature, index)
        for option in solver.options[index]:
            lost = missed(option, masks, decision.signature.stated)
            if not lost.violated:
                found[UNVERIFIED].add((standing.model.id, option.values))
                if not lost.unverified:
                    found[MET].add((standing.model.id, option.values))
    assert found[UNVERIFIED] == where.oracle.posted(data, UNVERIFIED)
    assert found[MET] == where.oracle.posted(data, MET)
    for standing in decision.ranked:
        worst = MET if standing.status.word == "meets" else UNVERIFIED
        assert (standing.model.id, standing.configuration) in found[worst]


@given(any_world)
@settings(max_examples=100)
def test_configurations_are_those_that_nothing_forbids(where: World) -> None:
    for model, options in zip(where.catalogue.models, where.solver.options, strict=True):
        every = where.oracle.settings(where.oracle.models[model.id])
        declared = where.catalogue.declared
        assert [declared.chosen(option.values) for option in options] == every
        for option in options:
            rules = {r.name for r in declared.requirements if ruled_out(r, option.values, declared)}
            assert set(declared.names_of(option.ruled_out)) == rules


@given(any_world, st.integers(0, 2**32))
@settings(max_examples=100)
def test_who_is_able_has_a_configuration_that_rules_nothing_stated_out(
    where: World, some: int
) -> None:
    bits = [requirement.bit for requirement in where.solver.declared.requirements]
    stated = sum(bit for i, bit in enumerate(bits) if some >> i & 1)
    able = [any(not o.ruled_out & stated for o in options) for options in where.solver.options]
    assert where.solver.able(stated) == sum(1 << i for i, each in enumerate(able) if each)


def test_the_smaller_of_minimal_masks_come_first() -> None:
    assert minimal([0b011, 0b100, 0b111, 0b100]) == [0b100, 0b011]
    assert minimal([0b11, 0b00]) == [0b00]


# ----------------------------------------------------------------------------- the table


@given(any_world, st.data())
@settings(max_examples=300)
def test_cells_are_what_the_definition_says_at_and_around_every_threshold(
    where: World, data: st.DataObject
) -> None:
    columns = [column for column in where.solver.table if column.requirement.numeric]
    if not columns:
        return
    column = data.draw(st.sampled_from(columns))
    around = [
        amount
        for end in (*column.thresholds, 1, MAX_NUMBER)
        for amount in (end * 0.5, end * (1 - 1e-12), end, end * (1 + 1e-12), end * 2)
        if 0 < amount <= MAX_NUMBER
    ]
    for amount in around:
        check_cell(where, column, amount)
    assert list(column.thresholds) == sorted(set(column.thresholds))
    asked = where.oracle.asked[column.requirement.name]
    models = where.oracle.models.values()
    ends = {end for model in models for end in where.oracle.claim(model, asked.attribute) or ()}
    limits = {
        limit
        for need in where.catalogue.declared.needs
        for name, limit in need.below
        if name == column.requirement.name
    }
    assert set(column.thresholds) == {end for end in ends | limits if 0 < end <= MAX_NUMBER}
    for k, end in enumerate(column.thresholds):
        before, beyond = math.nextafter(end, 0), math.nextafter(end, math.inf)
        assert [column.position(each) for each in (before, end)] == [2 * k, 2 * k + 1]
        if beyond not in column.thresholds:
            assert column.position(beyond) == 2 * k + 2
    for part, cell in column.intervals:
        assert part.representative in part
        assert cell == column.find(part.representative) == column.cell_of(part.representative)
    for amount in around:
        (cell,) = (cell for part, cell in column.intervals if amount in part)
        assert cell == column.find(amount)


def check_cell(where: World, column: Column, required: Any) -> None:
    """A cell holds the verdict of each model, and the needs that the requirement states."""
    name, catalogue = column.requirement.name, where.catalogue
    cell = column.find(required)
    assert cell == column.cell_of(required)
    for i, model in enumerate(catalogue.models):
        expected = verdict(Check(column.requirement, required), model, catalogue)
        found = (cell.violated >> i & 1) * 2 + (cell.unverified >> i & 1)
        assert found == expected
    declared = catalogue.declared
    named = list(declared.names_of_needs(declared.needs_stated(cell.statements)))
    plain = list(required) if isinstance(required, tuple) else required
    assert named == where.oracle.needs({"require": {name: plain}})


@given(any_world, st.data())
@settings(max_examples=300)
def test_cells_of_sets_and_capabilities_are_what_the_definition_says(
    where: World, data: st.DataObject
) -> None:
    columns = [column for column in where.solver.table if not column.requirement.numeric]
    if not columns:
        return
    column = data.draw(st.sampled_from(columns))
    if column.requirement.kind is Kind.CAPABILITY:
        check_cell(where, column, True)
        return
    known = where.catalogue.known_members(column.requirement.attribute)
    members: list[Member] = [*known, column.unheard()]
    assert column.unheard() not in known
    listed = tuple(data.draw(st.lists(st.sampled_from(members), min_size=1, max_size=3)))
    check_cell(where, column, listed)


@pytest.mark.parametrize(
    ("low", "high", "inside"),
    [(True, True, 3), (False, True, 3), (True, False, 1), (False, False, 2)],
)
def test_an_interval_has_a_number_to_stand_for_it(low: bool, high: bool, inside: int) -> None:
    interval = Interval(1, low, 3, high)
    assert interval.representative == inside
    assert [number in interval for number in (1, 2, 3)] == [low, True, high]


def test_a_member_that_nobody_lists_is_the_first_of_its_kind_that_is_not_known() -> None:
    assert unheard("number", []) == 1
    assert unheard("number", [2, 1, 4]) == 3
    assert [unheard("text", known) for known in ([], ["other"], ["other", "other-2"])] == [
        "other",
        "other-2",
        "other-3",
    ]
    assert [unheard("language", known) for known in ([], ["zz-zz"])] == ["zz-zz", "zz-zy"]


@given(any_world)
@settings(max_examples=60)
def test_every_cell_of_a_set_is_among_its_choices(where: World) -> None:
    for column in where.solver.table:
        if column.requirement.kind is Kind.SET:
            values = where.askable[column.requirement.name]
            choices = {choice.cell for choice in column.choices[1:]}
            assert len(choices) == len(column.choices) - 1
            assert column.choices[0] == Choice(Cell(0, 0, 0), (None,))
            for value in values:
                profile = where.profile({"require": {column.requirement.name: [value]}})
                asked = profile.require[column.requirement.name]
                assert column.find(asked) in choices
                for other in values[:3]:
                    both = where.profile({"require": {column.requirement.name: [value, other]}})
                    assert column.find(both.require[column.requirement.name]) in choices


@given(any_world, st.integers(1, 40))
@settings(max_examples=100)
def test_a_set_in_short_has_all_shorter_lists_and_says_what_it_leaves_out(
    where: World, most: int
) -> None:
    for requirement in where.solver.declared.requirements:
        column = Column(where.catalogue, requirement)
        with patch.object(table, "_MOST_LISTS", most):
            short, cut = column.in_short, column.cut
        if requirement.kind is not Kind.SET:
            assert (short, cut) == (column.choices, False)
            continue
        assert short[0] == Choice(Cell(0, 0, 0), (None,))
        every, kept = (
            [cast("tuple[Member, ...]", each) for choice in some[1:] for each in choice.values]
            for some in (column.choices, short)
        )
        longest = max(map(len, kept))
        assert sorted(kept, key=repr) == sorted(
            (each for each in every if len(each) <= longest), key=repr
        )
        assert cut == (len(kept) < len(every))
        further = sum(len(each) == longest + 1 for each in every)
        assert longest == 1 or len(kept) <= most
        assert not cut or len(kept) + further > most
        assert all(
            column.find(each) == choice.cell for choice in short for each in choice.values if each
        )


# ---------------------------------------------------------------- what is remembered


@given(any_case, policies)
@settings(max_examples=300)
def test_what_is_remembered_is_what_is_found_afresh(case: Case, unknown: Policy) -> None:
    where, data = case
    profile, solver = where.profile(data), where.solver
    warm = solver.decide(profile, unknown)
    assert solver.decide(profile, unknown).standings is warm.standings
    cold = Solver(where.catalogue, where.weights).decide(profile, unknown)
    for name in ("signature", "standings", "weights", "sums", "keys"):
        assert getattr(cold, name) == getattr(warm, name)


@given(st.lists(any_case, min_size=8, max_size=24))
@settings(max_examples=10)
def test_threads_share_a_solver(asked: list[Case]) -> None:
    fresh = {id(where): Solver(where.catalogue, where.weights) for where, _ in asked}
    profiles = [(where, where.profile(data)) for where, data in asked] * 4

    def ask(item: tuple[World, Any]) -> Any:
        where, profile = item
        return fresh[id(where)].decide(profile).keys

    alone = [where.solver.decide(profile).keys for where, profile in profiles]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, profiles)) == alone


def test_masks_under_a_policy() -> None:
    masks = Masks(0b01, 0b10)
    assert masks.under("flag") == masks.under("accept") == masks
    assert masks.under("reject") == Masks(0b11, 0)
    assert max(Verdict.MET, Verdict.UNVERIFIED) is Verdict.UNVERIFIED
