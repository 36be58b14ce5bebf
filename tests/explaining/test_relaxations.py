"""Conflicts, corrections and relaxations: complete, minimal, and solved again."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mars_solver import InputError, recommend, recommend_with
from mars_solver.explaining.diagnosis import hitting_sets, named
from mars_solver.explaining.recommendation import Recommendation
from mars_solver.solving.constraints import minimal
from mars_solver.vocabulary import Policy
from random_catalogues import SOURCES, Table, bare_world, fact
from strategies import SHIPPED_WORLD, World, cases, policies, shipped_or_pooled

Case = tuple[World, Table]
either = cases() | cases(shipped_or_pooled(), 4)
Changed = frozenset[tuple[str, Any]]


def plain(value: Any) -> Any:
    """A value as the oracle compares it."""
    if isinstance(value, list | tuple):
        return tuple(m.lower() if isinstance(m, str) else float(m) for m in value)
    return value


def listed(answer: Recommendation) -> list[tuple[str, Changed]]:
    return [
        (each.status, frozenset((c.requirement, plain(c.to)) for c in changes(each.changes)))
        for each in answer.relaxations
    ]


def changes(every: Any) -> list[Any]:
    return [change for change in every if change.requirement != "primary"]


@given(either, policies, st.data())
@settings(max_examples=150)
@example((SHIPPED_WORLD, {"require": {"max_ttfb_ms": 799, "max_memory_mb": 40}}), "flag", None)
@example((SHIPPED_WORLD, {"require": {"real_time": True, "style_control": True}}), "reject", None)
def test_conflicts_corrections_and_both_fronts_are_those_of_the_oracle(
    case: Case, unknown: Policy, data: st.DataObject | None
) -> None:
    where, asked = case
    profile, oracle = where.profile(asked), where.oracle
    stated = list(profile.require)
    keep = data.draw(st.lists(st.sampled_from(stated), max_size=1)) if data and stated else []
    answer = recommend_with(where.solver, profile, unknown=unknown, keep=keep)
    corrections = oracle.corrections(asked, unknown)
    movable = {each for each in corrections if not each & set(keep)}
    assert {frozenset(each) for each in answer.corrections} == movable
    conflicts = set() if answer.shortlist else oracle.conflicts(asked, unknown)
    assert {frozenset(each) for each in answer.conflicts} == conflicts
    expected = {
        (status, frozenset((name, plain(to)) for name, to in changed))
        for status, changed in oracle.relaxations(asked, unknown, keep)
    }
    found = listed(answer)
    assert set(found) == expected
    assert len(found) == len(expected)
    assert set(answer.betas) == oracle.betas(asked, unknown)


@given(either, policies)
@settings(max_examples=100)
def test_every_relaxation_admits_what_it_says(case: Case, unknown: Policy) -> None:
    where, asked = case
    profile = where.profile(asked)
    answer = recommend_with(where.solver, profile, unknown=unknown)
    for relaxation in answer.relaxations:
        values = {c.requirement: c.to for c in changes(relaxation.changes)}
        new = where.oracle.changed(profile.to_dict(), values)
        assert relaxation.admits == where.oracle.ranking(new, unknown) != ()
        stands = where.oracle.rule(new, unknown).stands
        assert relaxation.status == min(stands[m].status for m in relaxation.admits)
        gone = profile.primary if profile.primary != new.get("primary") else None
        assert [c.from_ for c in relaxation.changes if c.requirement == "primary"] == (
            [gone] if gone else []
        )
        for change in changes(relaxation.changes):
            assert plain(change.from_) == plain(profile.require[change.requirement])


def test_relaxations_come_cheapest_first() -> None:
    answer = recommend({"require": {"max_ttfb_ms": 100, "voice_transfer": True}})
    assert [[(c.requirement, c.to) for c in each.changes] for each in answer.relaxations] == [
        [("max_ttfb_ms", 150)],
        [("max_ttfb_ms", 2000)],
        [("max_ttfb_ms", 150), ("voice_transfer", None)],
    ]
    assert [each.status for each in answer.relaxations] == ["unverified", "meets", "meets"]


def ways_out(attributes: Table, require: Table, **models: Table) -> list[dict[str, Any]]:
    """The changes of each relaxation, in the order that the answer has, over a small catalogue."""
    where = bare_world(attributes, models)
    answer = recommend_with(where.solver, where.profile({"require": require}))
    assert set(listed(answer)) == {
        (status, frozenset((name, plain(to)) for name, to in changed))
        for status, changed in where.oracle.relaxations({"require": require})
    }
    return [{c.requirement: c.to for c in each.changes} for each in answer.relaxations]


WAIT: Table = {"kind": "number", "requirements": {"max": "max_wait"}}
RATE: Table = {"kind": "number", "requirements": {"min": "min_rate"}}
YES: Table = {"kind": "capability"}


def test_what_gives_less_up_is_cheaper_than_what_changes_less() -> None:
    found = ways_out(
        {"quick": YES, "wait": WAIT, "rate": RATE},
        {"quick": True, "max_wait": 10, "min_rate": 10},
        a={"quick": fact(value=False), "wait": fact(value=1), "rate": fact(value=99)},
        b={"quick": fact(value=True), "wait": fact(value=90), "rate": fact(value=1)},
    )
    assert found == [{"max_wait": 90, "min_rate": 1}, {"quick": None}]


def test_what_changes_fewer_numbers_is_cheaper_than_what_changes_them_less() -> None:
    size = {"kind": "number", "requirements": {"max": "max_size"}}
    found = ways_out(
        {"wait": WAIT, "rate": RATE, "size": size},
        {"max_wait": 10, "min_rate": 10, "max_size": 10},
        a={"wait": fact(value=11), "rate": fact(value=9), "size": fact(value=1)},
        b={"wait": fact(value=1), "rate": fact(value=99), "size": fact(value=90)},
    )
    assert found == [{"max_size": 90}, {"max_wait": 11, "min_rate": 9}]


@pytest.mark.parametrize(("slow", "low", "first"), [(30, 5, "min_rate"), (15, 5, "max_wait")])
def test_a_smaller_factor_on_a_number_is_cheaper_whether_it_is_raised_or_lowered(
    slow: int, low: int, first: str
) -> None:
    for attributes in ({"wait": WAIT, "rate": RATE}, {"rate": RATE, "wait": WAIT}):
        found = ways_out(
            attributes,
            {"max_wait": 10, "min_rate": 10},
            a={"wait": fact(value=slow), "rate": fact(value=99)},
            b={"wait": fact(value=1), "rate": fact(value=low)},
        )
        assert sorted(found, key=lambda each: first not in each) == found
        assert len(found) == 2


def test_what_costs_as_much_comes_in_declared_order() -> None:
    names = ["e", "a", "d", "b", "c"]
    models = {
        f"m{lost}": {name: fact(value=name != lost) for name in names} for lost in sorted(names)
    }
    found = ways_out(dict.fromkeys(names, YES), dict.fromkeys(names, True), **models)
    assert found == [{name: None} for name in names]


def test_sets_come_the_smaller_first_and_then_in_declared_order() -> None:
    declared = SHIPPED_WORLD.solver.declared
    first, second, third, fourth, *_ = [each.name for each in declared.requirements]
    found = named([0b0110, 0b0101, 0b1000, 0b0011], declared)
    assert found == ((fourth,), (first, second), (first, third), (second, third))


def test_lists_that_lose_different_members_are_both_ways_out() -> None:
    def lists(*members: str) -> Table:
        return {"formats": {"yes": list(members), "others": "no", **fact()}}

    found = ways_out(
        {"formats": {"kind": "set"}},
        {"formats": ["wav", "mp3", "ogg", "flac"]},
        a=lists("wav", "mp3", "ogg"),
        b=lists("wav", "flac"),
        c=lists("wav", "ogg"),
        d=lists("mp4"),
    )
    assert found == [{"formats": ["wav", "flac"]}, {"formats": ["wav", "mp3", "ogg"]}]


def test_lists_that_lose_as_much_come_in_the_order_of_what_stays() -> None:
    every = ["mp3", "flac", "wav", "ogg", "aac", "opus"]
    models = {
        f"m{i}": {
            "formats": {"yes": [each for each in every if each != lost], "others": "no", **fact()}
        }
        for i, lost in enumerate(every)
    }
    found = ways_out({"formats": {"kind": "set"}}, {"formats": every}, **models)
    stay = [each["formats"] for each in found]
    assert stay == sorted(stay)
    assert len(stay) == len(every)


@pytest.mark.parametrize(("wait", "to"), [(10**9, 10**9), (10**9 + 1, None)])
def test_a_ceiling_is_raised_to_the_largest_number_and_not_beyond(
    wait: int, to: int | None
) -> None:
    found = ways_out({"wait": WAIT}, {"max_wait": 10}, a={"wait": fact(value=wait)})
    assert found == [{"max_wait": to}]


@pytest.mark.parametrize(("rate", "to"), [(1, 1), (0.5, 0.5), (0, None)])
def test_a_floor_is_lowered_as_far_as_above_nothing(rate: float, to: float | None) -> None:
    found = ways_out({"rate": RATE}, {"min_rate": 10}, a={"rate": fact(value=rate)})
    assert found == [{"min_rate": to}]


def test_a_number_goes_where_a_capability_that_it_implies_is_missing_or_open() -> None:
    attributes = {"quick": YES, "wait": {**WAIT, "implies": "quick"}}
    slow = fact(value=50)
    missing = {"quick": fact(value=False), "wait": slow}
    assert ways_out(attributes, {"max_wait": 10}, a=missing) == [{"max_wait": None}]
    found = ways_out(attributes, {"max_wait": 10}, a={"wait": slow})
    assert found == [{"max_wait": 50}, {"max_wait": None}]


def test_a_number_that_is_only_unverified_is_raised_and_two_changes_never_do_what_one_does() -> (
    None
):
    answer = recommend({"require": {"max_ttfb_ms": 799, "max_memory_mb": 40}})
    assert listed(answer) == [
        ("unverified", frozenset({("max_memory_mb", 50)})),
        ("meets", frozenset({("max_ttfb_ms", 2000), ("max_memory_mb", 1000)})),
        ("meets", frozenset({("max_memory_mb", None)})),
    ]


def test_the_primary_need_goes_with_its_requirement() -> None:
    answer = recommend(
        {"primary": "style_control", "require": {"real_time": True, "style_control": True}}
    )
    goes = [[(c.requirement, c.from_, c.to) for c in each.changes] for each in answer.relaxations]
    assert goes == [
        [("real_time", True, None)],
        [("style_control", True, None), ("primary", "style_control", None)],
    ]


def test_betas_that_would_help_are_named_and_no_set_names_them() -> None:
    asked = {"require": {"max_ttfb_ms": 100, "min_sample_rate_hz": 44100, "public_api": True}}
    answer = recommend(asked)
    assert answer.betas == ("mars-8.1-flash-beta", "mars-8.1-pro-beta")
    assert recommend({**asked, "accept_beta": True}).betas == ()
    named = set(itertools.chain(*answer.conflicts, *answer.corrections))
    assert named == {"max_ttfb_ms"}


def test_nothing_is_to_be_relaxed_where_a_model_is_left() -> None:
    data = recommend({"require": {"real_time": True}}).to_dict()
    assert (data["conflicts"], data["corrections"], data["relaxations"]) == ([], [], [])


def test_what_cannot_move_stays_and_the_answer_says_where_nothing_else_can() -> None:
    asked = {"require": {"real_time": True, "style_control": True}}
    kept = recommend(asked, keep=["style_control"])
    assert kept.corrections == (("real_time",),)
    assert [[c.requirement for c in each.changes] for each in kept.relaxations] == [["real_time"]]
    assert kept.conflicts == (("real_time", "style_control"),)
    stuck = recommend(asked, keep=["style_control", "real_time"])
    assert (stuck.corrections, stuck.relaxations) == ((), ())
    assert "No change admits a model while you keep style control and real-time" in stuck.notes


def test_a_requirement_that_is_to_stay_has_to_be_one() -> None:
    with pytest.raises(InputError, match=r"did you mean `max_ttfb_ms`\? \(recommend: keep;"):
        recommend({}, keep=["max_ttfb"])


def test_where_there_are_more_conflicts_than_are_listed_the_answer_says_so() -> None:
    names = [f"can{i}" for i in range(62)]
    attributes = {name: {"kind": "capability", "label": name} for name in names}
    files: dict[str, Any] = {
        "attributes": {"schema": 1, "variables": {"v": ["a"]}, "attributes": attributes},
        "sources": SOURCES,
    }
    for lost in zip(names[::2], names[1::2], strict=True):
        model: Table = {"schema": 1, "id": f"no-{lost[0]}", "name": lost[0]}
        facts = {name: fact(value=name not in lost) for name in names}
        files[model["id"]] = {**model, "stage": fact(value="released"), **facts}
    where = World(files, {"schema": 1, "name": "none", "base": {}, "curves": {}})
    for pairs, listed, said in ((10, 1024, False), (31, 1024, True)):
        require = dict.fromkeys(names[: 2 * pairs], True)
        alone = where.with_models(dict([*where.models.items()][:pairs]))
        answer = recommend_with(alone.solver, alone.profile({"require": require}))
        conflicts = set(answer.conflicts)
        assert len(conflicts) == len(answer.conflicts) == listed
        for conflict in conflicts:
            assert sorted(int(name[3:]) // 2 for name in conflict) == list(range(pairs))
        assert (
            any("conflicts are listed, and there are more" in note for note in answer.notes) == said
        )


@given(st.lists(st.integers(1, 2**6 - 1), max_size=8))
def test_hitting_sets_are_the_minimal_ones_of_all(masks: list[int]) -> None:
    hit = [m for m in range(2**6) if all(m & each for each in masks)] if masks else []
    assert sorted(hitting_sets(masks)) == sorted(minimal(hit))
