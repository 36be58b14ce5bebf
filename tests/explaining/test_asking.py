"""The follow-up question: never one that cannot change the winner, and the end is the winner."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import chain, combinations, product
from random import Random
from typing import Any

import pytest

from mars_solver import InputError, Profile
from mars_solver.explaining import asking
from mars_solver.explaining.asking import FollowUp, Interview, fields_of
from mars_solver.explaining.changes import plain
from mars_solver.explaining.recommendation import recommend_with
from mars_solver.vocabulary import POLICIES, Policy
from strategies import SHIPPED, SHIPPED_WORLD, WORLDS, World, random_profile, world

TOP_LEVEL = ("workflow", "primary", "accept_beta")
Table = dict[str, Any]
Outcome = str | None


def interview(where: World, data: Table, policy: Policy, *denied: str) -> Interview:
    answer = recommend_with(where.solver, where.profile(data), unknown=policy)
    return Interview(answer, denied)


def replied(data: Table, field: str, value: Any) -> Table:
    """A profile after a reply; None is no."""
    if value is None:
        return data
    if field in TOP_LEVEL:
        return {**data, field: value}
    return {**data, "require": {**data["require"], field: value}}


def worth_replying(where: World, field: str) -> list[Any]:
    """No, and everything that can make a difference."""
    match field:
        case "workflow":
            return [None, "batch"]
        case "accept_beta":
            return [None, True]
        case "primary":
            return [None, *where.solver.declared.need]
    values = where.askable[field]
    asked = where.oracle.asked[field]
    if asked.kind == "set":
        values = list(dict.fromkeys([*values, *where.catalogue.known_members(asked.attribute)]))
        values = [list(v) for n in (1, 2, len(values)) for v in combinations(values, n)]
    return [None, *values]


def contradicts(where: World, data: Table) -> bool:
    needs = where.oracle.needs(data)
    guide = where.oracle.guide
    live = guide and any(guide["needs"][need].get("live") for need in needs)
    return bool(data.get("primary") not in {None, *needs} or (data.get("workflow") and live))


def completed(
    where: World, data: Table, policy: Policy, fields: list[str]
) -> dict[tuple[int, ...], Outcome]:
    """The winner, as the oracle has it, for every way to reply to some fields."""
    replies = [worth_replying(where, field) for field in fields]
    found: dict[tuple[int, ...], Outcome] = {}
    for chosen in product(*(range(len(each)) for each in replies)):
        whole = data
        for field, values, at in zip(fields, replies, chosen, strict=True):
            whole = replied(whole, field, values[at])
        if "primary" in fields and whole.get("primary") not in where.oracle.needs(whole):
            whole = {**whole, "primary": None}  # nobody needs what would come first
        if not contradicts(where, whole):
            found[chosen] = next(iter(where.oracle.ranking(whole, policy)), None)
    return found


def changing(winners: dict[tuple[int, ...], Outcome], fields: list[str]) -> set[str]:
    """The fields of which another reply alone can change the winner."""
    found = set()
    for at, field in enumerate(fields):
        rest: dict[tuple[int, ...], set[Outcome]] = {}
        for chosen, winner in winners.items():
            rest.setdefault((*chosen[:at], *chosen[at + 1 :]), set()).add(winner)
        if any(len(each) > 1 for each in rest.values()):
            found.add(field)
    return found


def check_against_the_oracle(seed: int) -> FollowUp | None:
    rng = Random(f"asking {seed}")
    where = SHIPPED_WORLD if seed % 4 == 0 else world(rng.randrange(WORLDS))
    data, policy = random_profile(rng, where), rng.choice(POLICIES)
    data = {key: value for key, value in data.items() if value}
    data.setdefault("require", {})
    known = fields_of(where.solver.declared)
    left = [field for field in known if field not in data and field not in data["require"]]
    sizes = {field: len(worth_replying(where, field)) for field in left}
    few = [field for field in left if sizes[field] <= 150]
    fields = rng.sample(few, min(len(few), 2 + (seed % 2)))
    if len(where.models) > 8 or _many(sizes, fields) > 100:
        fields = fields[:1]
    follow_up = interview(where, data, policy, *(set(left) - set(fields))).ask
    winners = completed(where, data, policy, fields)
    asked = changing(winners, fields)
    assert follow_up.field in asked if follow_up else not asked
    if follow_up:
        requirement = where.solver.declared.requirement
        group = {name: requirement[name].group for name in asked if name in requirement}
        own = group.get(follow_up.field)
        together = [name for name in requirement if own and group.get(name) == own]
        assert sorted(follow_up.fields) == sorted(together or [follow_up.field])
        seen = set(chain.from_iterable(each.winners for each in follow_up.replies))
        nobody = any(each.infeasible for each in follow_up.replies)
        assert seen == {winner for winner in winners.values() if winner is not None}
        assert nobody == (None in winners.values())
    return follow_up


def _many(sizes: dict[str, int], fields: list[str]) -> int:
    many = 1
    for field in fields:
        many *= sizes[field]
    return many


def test_a_question_can_change_the_winner_and_none_is_asked_where_none_can() -> None:
    asked = [check_against_the_oracle(seed) is not None for seed in range(10, 20)]
    assert len(set(asked)) == 2


@pytest.mark.long
@pytest.mark.parametrize("part", range(4))
def test_hundreds_of_questions_are_as_the_oracle_has_them(part: int) -> None:
    for seed in range(250 * part, 250 * part + 250):
        check_against_the_oracle(seed)


# --------------------------------------------------------------- whole interviews


@lru_cache(maxsize=2**15)
def question(profile: Profile, denied: tuple[str, ...]) -> FollowUp | None:
    return Interview(recommend_with(SHIPPED, profile), denied).ask


def full_profile(rng: Random) -> Table:
    """A profile that states any share of the fields, from none to all, each in any cell."""
    share = rng.random()
    data: Table = {"require": {}, "accept_beta": rng.random() < share}
    for column in SHIPPED.table:
        if rng.random() < share:
            choice = rng.choice(column.choices[1:])
            data["require"][column.requirement.name] = plain(rng.choice(choice.values))
    needs = SHIPPED.declared.needs_of(data["require"])
    if needs and rng.random() < share:
        data["primary"] = rng.choice(needs)
    if "real_time" not in needs and rng.random() < share:
        data["workflow"] = "batch"
    return data


def winner(profile: Profile) -> Outcome:
    return next(iter(SHIPPED.decide(profile).ids), None)


def questions_until_settled(full: Table) -> int:
    """How many questions it takes; the end is the winner of the full profile."""
    known: Table = {"require": {}}
    denied: tuple[str, ...] = ()
    many = 0
    while (follow_up := question(Profile(**known), denied)) is not None:
        for field in follow_up.fields:
            value = full.get(field) if field in TOP_LEVEL else full["require"].get(field)
            if field == "primary" and value not in {reply.value for reply in follow_up.replies}:
                value = None  # a need that is not stated, and that can change nothing any more
            denied = denied if value else tuple(sorted({*denied, field}))
            known = replied(known, field, value or None)
        many += 1
    assert winner(Profile(**known)) == winner(Profile(**full))
    return many


def lengths(seeds: Iterator[int] | range) -> list[int]:
    return [questions_until_settled(full_profile(Random(f"full {seed}"))) for seed in seeds]


def test_replies_lead_to_the_winner_of_the_full_profile() -> None:
    assert max(lengths(range(30))) <= 7


def test_who_wants_nothing_is_asked_about_each_group_once() -> None:
    assert (
        questions_until_settled({"require": {}})
        == len(
            {
                requirement.group
                for requirement in SHIPPED.declared.requirements
                if requirement.group
            }
        )
        - 1
    )  # no price can change what comes first


@pytest.mark.long
def test_ten_thousand_interviews_take_at_most_seven_questions_each() -> None:
    assert max(lengths(range(10_000))) <= 7


def test_a_no_to_a_field_that_nobody_knows_is_refused() -> None:
    with pytest.raises(InputError) as refused:
        Interview(recommend_with(SHIPPED, Profile()), ("workfow", "latency"))
    assert [problem.found for problem in refused.value.problems] == [
        'the unknown field "latency"',
        'the unknown field "workfow"',
    ]
    assert refused.value.problems[1].hint == "did you mean workflow?"


def test_a_question_is_of_one_thing_or_of_several() -> None:
    several, one = (
        question(Profile(), ()),
        question(Profile(), ("voice_transfer", "short_reference")),
    )
    assert several and one  # noqa: PT018
    assert several.text.startswith("Voice and delivery: which of these are needed?\n- ")
    assert one.text.startswith("Voice and delivery: is this needed?\n- Style control")


def test_who_says_no_to_everything_gets_the_answer_to_what_is_known() -> None:
    asked = Interview(recommend_with(SHIPPED, Profile(require={"real_time": True})))
    everything = fields_of(SHIPPED.declared)
    done = Interview(asked.answer, everything)
    assert asked.ask is not None
    assert done.ask is None
    assert done.to_dict() == {**asked.answer.to_dict(), "ask": None}


def test_where_there_are_too_many_ways_a_part_of_the_fields_is_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(asking, "_MOST", 100)
    answer = recommend_with(SHIPPED, Profile(require={"real_time": True}))
    follow_up = Interview(answer).ask
    assert follow_up is not None
    told = {reply.winners for reply in follow_up.replies}
    assert len(told) > 1
    assert Interview(answer, fields_of(SHIPPED.declared)).ask is None
