"""What must hold of every answer, whatever the catalogue: order, monotony, scale, completeness."""

from __future__ import annotations

import copy
from random import Random
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from mars_solver import Profile, recommend_with
from mars_solver.vocabulary import POLICIES, Policy, Status
from oracle import VIOLATED, Oracle
from random_catalogues import MEMBERS
from strategies import (
    SHIPPED,
    SHIPPED_WORLD,
    Table,
    World,
    cases,
    fact,
    policies,
    pooled,
    shipped_or_pooled,
)

Case = tuple[World, Table]
any_case = cases() | cases(shipped_or_pooled())
own_case = cases() | cases(pooled())
"""Catalogues whose models are plain data of the test."""


def ids(where: World, data: Table, unknown: Policy = "flag") -> list[str]:
    answer = recommend_with(where.solver, where.profile(data), unknown=unknown)
    return [c.model for c in answer.shortlist]


@given(any_case, st.sampled_from(["flag", "reject"]))
def test_conflicts_and_corrections_are_the_minimal_sets(case: Case, unknown: Policy) -> None:
    where, data = case
    answer = recommend_with(where.solver, where.profile(data), unknown=unknown)
    for found, expected in (
        (answer.conflicts, where.oracle.conflicts(data, unknown)),
        (answer.corrections, where.oracle.corrections(data, unknown)),
    ):
        assert {frozenset(each) for each in found} == expected
        assert len(found) == len(expected)
        order = list(where.oracle.asked)
        for each in found:
            assert sorted(each, key=order.index) == list(each)
        places = [(len(each), [order.index(name) for name in each]) for each in found]
        assert places == sorted(places)


@given(own_case, st.integers(0, 2**32))
@settings(max_examples=60)
def test_order_of_files_and_keys_is_irrelevant(case: Case, seed: int) -> None:
    where, data = case
    chance = Random(seed)

    def shuffled(table: Any) -> Any:
        if not isinstance(table, dict):
            return table
        keys = list(table)
        chance.shuffle(keys)
        return {key: shuffled(table[key]) for key in keys}

    files = {**where.files, **shuffled(where.models)}
    other = type(where)(dict(reversed(files.items())), where.weighing)
    one = recommend_with(where.solver, where.profile(data)).to_dict()
    two = recommend_with(other.solver, other.profile(shuffled(data))).to_dict()
    assert one == two


@given(own_case, policies, st.integers(0, 39))
@settings(max_examples=100)
def test_dropping_a_model_never_reorders_the_others(
    case: Case, unknown: Policy, index: int
) -> None:
    where, data = case
    assume(len(where.models) > 1)
    dropped = sorted(where.models)[index % len(where.models)]
    fewer = {name: model for name, model in where.models.items() if name != dropped}
    before, after = (ids(w, data, unknown) for w in (where, where.with_models(fewer)))
    assert after == [model for model in before if model != dropped]


def statuses(where: World, data: Table, unknown: Policy) -> dict[str, Status]:
    decision = where.solver.decide(where.profile(data), unknown)
    return {s.model.id: s.status for s in decision.standings}


@given(any_case, policies, st.data())
def test_relaxing_never_worsens_and_tightening_never_improves_a_status(
    case: Case, unknown: Policy, draw: st.DataObject
) -> None:
    where, tight = case
    assume(tight["require"])
    name = draw.draw(st.sampled_from(sorted(tight["require"])))
    loose = copy.deepcopy(tight)
    value, asked = loose["require"].pop(name), where.oracle.asked[name]
    if asked.kind == "set":
        loose["require"][name] = value[1:]
    elif asked.kind != "capability" and draw.draw(st.booleans()):
        loose["require"][name] = min(value * 2, 10**9) if asked.ceiling else value / 2
    loose.pop("primary", None)
    after = statuses(where, loose, unknown)
    for model, status in statuses(where, tight, unknown).items():
        assert after[model] <= status


def improved(oracle: Oracle, weighing: Table, model: Table, name: str, rng: Random) -> Table | None:
    """The model with one fact improved: neither end worse, no verdict worse.

    None where nobody can say which way is better.
    """
    attribute = oracle.attributes[name]
    better = copy.deepcopy(model)
    if attribute["kind"] == "capability":
        better[name] = fact(value=True)
        return better
    if attribute["kind"] == "set":
        kind = attribute.get("members", "text")
        members = set(MEMBERS[kind]) - {*map(str, oracle.members(model, name)[0])}
        member = rng.choice(sorted(members, key=str))
        if oracle.member(name, member) in oracle.members(model, name)[0]:
            return None
        better[name] = {**better.get(name, {}), str(member): fact(value=True)}
        return better
    signs = {key == "min" for key in attribute.get("requirements", {})}
    curve = weighing["curves"].get(attribute.get("criterion"))
    if curve:
        signs.add(curve["anchors"][0]["value"] < curve["anchors"][-1]["value"])
    if len(signs) != 1:
        return None
    claim = oracle.claim(model, name)
    least, most = attribute.get("scale", (0, float("inf")))
    low, high = claim or (least, most)
    if signs == {True}:
        low = rng.choice([each for each in (low, 3, 4, 100) if low <= each <= most])
        high = max(high, low)
    else:
        high = rng.choice([each for each in (high, 100, 3, 2) if least <= each <= high])
        low = min(low, high)
    better[name] = fact(low=low, high=high)
    return better


@given(own_case, st.integers(0, 2**32))
@settings(max_examples=100)
def test_improving_a_fact_never_lowers_a_rank(case: Case, seed: int) -> None:
    where, data = case
    rng = Random(seed)
    name = rng.choice(sorted(where.models))
    attribute = rng.choice(sorted(where.oracle.attributes))
    better = improved(where.oracle, where.weighing, where.models[name], attribute, rng)
    assume(better is not None)
    before = ids(where, data)
    after = ids(where.with_models({**where.models, name: better or {}}), data)
    if name in before:
        assert name in after
        overtaken = set(before[: before.index(name)])
        assert set(after[: after.index(name)]) <= overtaken


FACTORS = st.sampled_from([(1, 2), (2, 1), (1, 3), (3, 1), (2, 3), (3, 2), (1, 5), (5, 1)])


@given(any_case, FACTORS, st.integers(0, 2**32))
def test_one_positive_factor_on_all_importances_changes_nothing(
    case: Case, factors: tuple[int, int], seed: int
) -> None:
    where, data = case
    rng = Random(seed)
    scored = [c for c in where.oracle.criteria if where.oracle.known_to_weights(c)]
    base = {name: rng.randint(0, 10 // max(factors)) for name in scored}
    one, other = (
        recommend_with(
            where.solver,
            where.profile({**data, "prefer": {n: factor * each for n, each in base.items()}}),
        ).to_dict()
        for factor in factors
    )
    del one["profile"], other["profile"]
    assert one == other


@given(own_case, st.integers(0, 99))
def test_importance_0_removes_a_criterion(case: Case, index: int) -> None:
    """What a model's fact says no longer matters to the score, whatever it says."""
    where, data = case
    shown = {
        c: name
        for c, name in where.oracle.criteria.items()
        if where.oracle.known_to_weights(c)
        and where.oracle.attributes[name]["kind"] != "capability"
        and not where.oracle.attributes[name].get("requirements")
    }
    assume(shown)
    name = sorted(shown)[index % len(shown)]
    off = {**data, "prefer": {**data["prefer"], name: 0}}
    blind = where.with_models(
        {n: {k: v for k, v in m.items() if k != shown[name]} for n, m in where.models.items()},
    )
    seeing, unseeing = (recommend_with(w.solver, w.profile(off)) for w in (where, blind))
    scores = [
        {c.model: (c.score, c.score_range) for c in answer.shortlist}
        for answer in (seeing, unseeing)
    ]
    assert scores[0] == scores[1]
    for candidate in seeing.shortlist:
        (gone,) = (c for c in candidate.contributions if c.criterion == name)
        assert (gone.weight, gone.points) == (0, 0)


@given(any_case, policies)
def test_contributions_sum_to_the_score_within_its_range(case: Case, unknown: Policy) -> None:
    where, data = case
    for candidate in recommend_with(where.solver, where.profile(data), unknown=unknown).shortlist:
        low, high = candidate.score_range
        assert low <= candidate.score <= high
        points = sum(item.points for item in candidate.contributions)
        assert points == pytest.approx(candidate.score, abs=1e-12)
        weights = sum(item.weight for item in candidate.contributions)
        assert weights == pytest.approx(1 if candidate.score or weights else 0, abs=1e-12)


@given(any_case, policies)
@example((SHIPPED_WORLD, {"require": {"on_device": True, "public_api": True}}), "flag")
def test_every_model_is_answered_for_once(case: Case, unknown: Policy) -> None:
    where, data = case
    answer = recommend_with(where.solver, where.profile(data), unknown=unknown)
    listed = [c.model for c in answer.shortlist] + [e.model for e in answer.excluded]
    assert sorted(listed) == sorted(where.oracle.models)
    assert (answer.status == "infeasible") == (not answer.shortlist)
    stated = set(where.oracle.stated(data))
    for exclusion in answer.excluded:
        named = [violation.requirement for violation in exclusion.violations]
        assert named
        assert len(set(named)) == len(named)
        assert set(named) <= stated | {"accept_beta"}


def test_accepting_the_unknown_ranks_by_score_alone() -> None:
    profile = Profile(require={"real_time": True, "voice_transfer": True}, prefer={"latency": 10})
    flagged, accepted, rejected = (
        recommend_with(SHIPPED, profile, unknown=policy) for policy in POLICIES
    )
    assert [c.model for c in flagged.shortlist][:2] == ["mars-pro", "mars-flash"]
    assert [c.model for c in accepted.shortlist][:2] == ["mars-flash", "mars-pro"]
    assert accepted.status == "unverified"
    assert [c.model for c in rejected.shortlist] == ["mars-pro"]
    (flash,) = (e for e in rejected.excluded if e.model == "mars-flash")
    assert [v.requirement for v in flash.violations] == ["voice_transfer"]


# ------------------------------------------------------------------- what a violation names


def expected_finding(
    oracle: Oracle, name: str, required: Any, model: Table, at: dict[str, str]
) -> tuple[Any, str | None]:
    """What a violation has to name: a fact, or else the configuration that rules it out."""
    asked = oracle.asked[name]
    if asked.kind == "set":
        verdicts = [oracle.has(model, asked.attribute, each) for each in required]
        if VIOLATED in verdicts:
            met = [each for each, verdict in zip(required, verdicts, strict=True) if not verdict]
            return met, "test"
    elif asked.kind == "capability":
        if oracle.can(model, asked.attribute) is False:
            return False, "test"
    else:
        low, high = oracle.claim(model, asked.attribute) or (0, float("inf"))
        if low > required if asked.ceiling else high < required:
            return low if low == high else [low, None if high == float("inf") else high], "test"
    for implied in oracle.implied(asked.attribute):
        if oracle.can(model, implied) is False:
            return False, "test"
    pinned = [
        value
        for variable, value in at.items()
        if not oracle.allows(asked.attribute, variable, value)
    ]
    return pinned, "configuration"


@given(own_case)
@settings(max_examples=400)
def test_a_violation_names_what_was_found_and_where(case: Case) -> None:
    where, data = case
    oracle, stated = where.oracle, where.oracle.stated(data)
    answer = recommend_with(where.solver, where.profile(data))
    for exclusion in answer.excluded:
        stand = oracle.stand(data, oracle.models[exclusion.model])
        named = [v for v in exclusion.violations if v.requirement != "accept_beta"]
        assert tuple(v.requirement for v in named) == stand.violated
        for violation in named:
            name, model = violation.requirement, oracle.models[exclusion.model]
            assert stand.configuration is not None
            found, source = expected_finding(oracle, name, stated[name], model, stand.configuration)
            if source == "configuration":
                assert violation.found in found
            else:
                assert as_compared(oracle, name, violation.found) == found
            assert violation.source == source


def as_compared(oracle: Oracle, name: str, value: Any) -> Any:
    """Members as the oracle compares them; anything else as it is."""
    asked = oracle.asked[name]
    if asked.kind != "set" or not isinstance(value, list):
        return value
    return [oracle.member(asked.attribute, each) for each in value]
