"""Statuses, ranking and conflicts against independent readings of the specification."""

from __future__ import annotations

import copy
import itertools
import random
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import settings as search
from hypothesis import strategies as st

from mars_solver import Profile, Solver, recommend_with
from mars_solver.inputs.facts import Model
from mars_solver.vocabulary import CRITERION_NAMES, POLICIES, REQUIREMENTS, Policy
from oracle import (
    ENABLED_BY,
    FACT_OF,
    PINS,
    UNVERIFIED,
    VIOLATED,
    at_setting,
    brute_force,
    ceiling,
    floor,
    judge,
    posted,
    settings,
    verdicts,
    violated_sets,
)
from strategies import (
    SHIPPED,
    WEIGHTS,
    Pooled,
    built,
    catalogue_dicts,
    pooled,
    profile_dicts,
    profiles,
    solvers,
)

policies = st.sampled_from(POLICIES)


def ids(solver: Solver, profile: Profile, unknown: Policy = "flag") -> list[str]:
    return [c.model for c in recommend_with(solver, profile, unknown=unknown).shortlist]


@given(solvers(), profiles(), policies)
def test_statuses_are_those_of_brute_force(
    solver: Solver, profile: Profile, unknown: Policy
) -> None:
    check_statuses(solver, profile, unknown)


@pytest.mark.long
@given(catalogue_dicts(), profiles(), policies)
@search(max_examples=3000)
def test_statuses_are_those_of_brute_force_in_a_long_search_over_catalogues(
    models: dict[str, dict[str, Any]], profile: Profile, unknown: Policy
) -> None:
    check_statuses(Solver(built(models), WEIGHTS), profile, unknown)


def check_statuses(solver: Solver, profile: Profile, unknown: Policy) -> None:
    decision = solver.decide(profile, unknown)
    expected = brute_force(solver.catalogue, profile, unknown)
    found = {s.model.id: s.status.word for s in decision.standings}
    assert found == {model: status for model, (status, _) in expected.items()}
    for standing in decision.standings:
        status, count = expected[standing.model.id]
        if status != "excluded":
            assert standing.unverified.bit_count() == count


@given(solvers(), profiles(), policies)
def test_each_model_is_configured_in_the_declared_order_of_preference(
    solver: Solver, profile: Profile, unknown: Policy
) -> None:
    for standing in solver.decide(profile, unknown).standings:
        assert standing.configuration._asdict() == preferred(standing.model, profile, unknown)
        assert standing.violated & standing.unverified == 0


def preferred(model: Model, profile: Profile, policy: str) -> dict[str, str]:
    """The first configuration by the order that the specification declares."""
    need, own = profile.require, verdicts(profile, model)

    def key(at: dict[str, str]) -> tuple[int, ...]:
        found = list(at_setting(own, at).values())
        lost, open_points = found.count(VIOLATED), found.count(UNVERIFIED)
        if policy == "reject":
            lost, open_points = lost + open_points, 0
        used = [ENABLED_BY[value] for value in at.values() if value in ENABLED_BY]
        unknown = sum(not any(model.capability(c) for c in names) for names in used)
        reference = need.voice_transfer or need.short_reference
        beyond = [at["voice"] == "reference_audio" and not reference]
        beyond.append(at["style"] == "directed" and not need.style_control)
        wanted = "batch" if profile.workflow else "streaming"
        return lost, open_points, at["delivery"] != wanted, unknown, sum(beyond)

    return min(settings(model), key=key)


@given(solvers(), profiles())
def test_the_ranking_is_by_standing_then_score_then_id(solver: Solver, profile: Profile) -> None:
    sums = dict(
        zip((m.id for m in solver.catalogue.models), solver.decide(profile).sums, strict=True)
    )
    shortlist = recommend_with(solver, profile).shortlist
    keys = [
        (c.status != "guaranteed", len(c.to_verify), -sum(sums[c.model]), c.model)
        for c in shortlist
    ]
    assert keys == sorted(keys)
    assert [c.rank for c in shortlist] == list(range(1, len(keys) + 1))


@given(solvers(), profiles())
def test_posting_every_requirement_gives_the_same_configurations(
    solver: Solver, profile: Profile
) -> None:
    decision = solver.decide(profile)
    possible = posted(solver.catalogue, profile, worst=UNVERIFIED)
    certain = posted(solver.catalogue, profile, worst=0)
    candidates = [s for s in decision.standings if not s.refused]
    left = {s.model.id for s in candidates if s.status.word != "excluded"}
    assert left == {model for model, _ in possible}
    assert {s.model.id for s in candidates if s.status.word == "guaranteed"} == {
        model for model, _ in certain
    }
    for standing in candidates:
        chosen = (standing.model.id, tuple(standing.configuration))
        if standing.status.word == "guaranteed":
            assert chosen in certain
        elif standing.status.word == "unverified":
            assert chosen in possible


@given(solvers(), profiles(), st.sampled_from(["flag", "reject"]))
def test_conflicts_are_the_minimal_sets_that_nothing_satisfies(
    solver: Solver, profile: Profile, unknown: Policy
) -> None:
    answer = recommend_with(solver, profile, unknown=unknown)
    lost = violated_sets(solver.catalogue, profile, unknown)
    stated = list(profile.to_dict()["require"])

    def unsatisfiable(subset: frozenset[str]) -> bool:
        return all(subset & violated for violated in lost)

    subsets = [
        frozenset(each)
        for size in range(len(stated) + 1)
        for each in itertools.combinations(stated, size)
    ]
    minimal = [
        each
        for each in subsets
        if unsatisfiable(each) and not any(unsatisfiable(each - {name}) for name in each)
    ]
    expected = {each for each in minimal if each} if lost else set()
    assert {frozenset(each) for each in answer.conflicts} == expected
    assert len(answer.conflicts) == len(expected)
    order = [r.name for r in REQUIREMENTS]
    for conflict in answer.conflicts:
        assert sorted(conflict, key=order.index) == list(conflict)


@given(pooled(), profiles(), st.integers(0, 2**32))
def test_order_of_files_and_keys_is_irrelevant(one: Pooled, profile: Profile, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  (no secret hangs on it)

    def shuffled(data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        keys = list(data)
        chance.shuffle(keys)
        return {key: shuffled(data[key]) for key in keys}

    other = recommend_with(
        Solver(built(shuffled(one.models)), WEIGHTS),
        Profile.model_validate(shuffled(profile.to_dict())),
    )
    assert recommend_with(one.solver, profile).to_dict() == other.to_dict()


@given(pooled(), profiles(), policies, st.integers(0, 4))
def test_dropping_a_model_never_reorders_the_others(
    one: Pooled, profile: Profile, unknown: Policy, index: int
) -> None:
    assume(len(one.models) > 1)
    dropped = sorted(one.models)[index % len(one.models)]
    fewer = {name: model for name, model in one.models.items() if name != dropped}
    before = ids(one.solver, profile, unknown)
    after = ids(Solver(built(fewer), WEIGHTS), profile, unknown)
    assert after == [model for model in before if model != dropped]


STATUS_RANK = {"guaranteed": 0, "unverified": 1, "excluded": 2}


def statuses(solver: Solver, profile: Profile) -> dict[str, int]:
    return {s.model.id: STATUS_RANK[s.status.word] for s in solver.decide(profile).standings}


@given(solvers(), profile_dicts(), st.data())
def test_relaxing_never_worsens_and_tightening_never_improves_a_status(
    solver: Solver, tight: dict[str, Any], data: st.DataObject
) -> None:
    assume(tight["require"])
    name = data.draw(st.sampled_from(sorted(tight["require"])))
    loose = copy.deepcopy(tight)
    value = loose["require"].pop(name)
    if name.startswith(("max_", "min_")) and data.draw(st.booleans()):
        loose["require"][name] = value * 2 if name.startswith("max_") else value / 2
    elif name == "languages":
        loose["require"][name] = value[1:]
    loose.pop("primary", None)
    after = statuses(solver, Profile.model_validate(loose))
    for model, status in statuses(solver, Profile.model_validate(tight)).items():
        assert after[model] <= status


def improved(model: dict[str, Any], data: st.DataObject) -> dict[str, Any]:
    """The model with one fact improved: neither end worse, no verdict worse."""
    better = copy.deepcopy(model)
    kind = data.draw(st.sampled_from(["capability", "ceiling", "floor", "ordinal", "language"]))
    test = {"source": "test", "as_of": "2026", "grade": "stated"}
    match kind:
        case "capability":
            names = ["real_time", "voice_transfer", "short_reference", "style_control", "offline"]
            better[data.draw(st.sampled_from(names))] = {**test, "value": True}
        case "language":
            tag = data.draw(st.sampled_from(["en-us", "hi-in", "de-de"]))
            better["languages"][tag] = {**test, "value": True}
        case "ceiling":
            name = data.draw(st.sampled_from(["ttfb_ms", "memory_mb"]))
            old = model.get(name, {"low": 0, "high": float("inf")})
            high = min(old["high"], data.draw(st.sampled_from([20, 100, 900])))
            better[name] = {**test, "low": min(old["low"], high, 20), "high": high}
        case "floor":
            old = model.get("sample_rate_hz", {"low": 0, "high": float("inf")})
            low = max(old["low"], data.draw(st.sampled_from([8000, 48000])))
            better["sample_rate_hz"] = {**test, "low": low, "high": max(old["high"], low)}
        case _:
            name = data.draw(st.sampled_from(["fidelity", "expressiveness"]))
            old = model.get(name, {"low": 1, "high": 5})
            low = data.draw(st.integers(old["low"], 5))
            high = 5 if name not in model else max(low, old["high"])
            better[name] = {**test, "low": low, "high": high}
    return better


@given(pooled(), profiles(), st.data())
def test_improving_a_fact_never_lowers_a_rank(
    one: Pooled, profile: Profile, data: st.DataObject
) -> None:
    models = one.models
    name = data.draw(st.sampled_from(sorted(models)))
    before = ids(one.solver, profile)
    after = ids(Solver(built({**models, name: improved(models[name], data)}), WEIGHTS), profile)
    if name in before:
        assert name in after
        overtaken = set(before[: before.index(name)])
        assert set(after[: after.index(name)]) <= overtaken


FACTORS = st.sampled_from([(1, 2), (2, 1), (1, 3), (3, 1), (2, 3), (3, 2), (1, 5), (5, 1)])


def bases(factors: tuple[int, int]) -> st.SearchStrategy[tuple[list[int], tuple[int, int]]]:
    """Importances that both factors leave valid, and the factors."""
    importances = st.integers(0, 10 // max(factors))
    return st.tuples(st.lists(importances, min_size=5, max_size=5), st.just(factors))


@given(solvers(), profile_dicts(), FACTORS.flatmap(bases))
def test_one_positive_factor_on_all_importances_changes_nothing(
    solver: Solver, data: dict[str, Any], scaling: tuple[list[int], tuple[int, int]]
) -> None:
    base, factors = scaling
    scaled = [[factor * each for each in base] for factor in factors]
    one, other = (
        recommend_with(
            solver,
            Profile.model_validate(
                {**data, "prefer": dict(zip(CRITERION_NAMES, each, strict=True))}
            ),
        ).to_dict()
        for each in scaled
    )
    del one["profile"], other["profile"]
    assert one == other


@given(pooled(), profile_dicts(), st.sampled_from(["fidelity", "expressiveness"]))
def test_importance_0_removes_a_criterion(one: Pooled, data: dict[str, Any], name: str) -> None:
    """What a model's fact says no longer matters to the score, whatever it says."""
    data["prefer"] = {**data["prefer"], name: 0}
    profile = Profile.model_validate(data)
    blind = {key: {k: v for k, v in m.items() if k != name} for key, m in one.models.items()}
    blind_solver = Solver(built(blind), WEIGHTS)
    seeing, unseeing = (recommend_with(s, profile) for s in (one.solver, blind_solver))
    assert [(c.model, c.score, c.score_range) for c in seeing.shortlist] == [
        (c.model, c.score, c.score_range) for c in unseeing.shortlist
    ]
    for candidate in seeing.shortlist:
        (gone,) = (c for c in candidate.contributions if c.criterion == name)
        assert (gone.weight, gone.points) == (0, 0)


@given(solvers(), profiles(), policies)
def test_contributions_sum_to_the_score_within_its_range(
    solver: Solver, profile: Profile, unknown: Policy
) -> None:
    for candidate in recommend_with(solver, profile, unknown=unknown).shortlist:
        low, high = candidate.score_range
        assert low <= candidate.score <= high
        points = sum(item.points for item in candidate.contributions)
        assert points == pytest.approx(candidate.score, abs=1e-12)
        weights = sum(item.weight for item in candidate.contributions)
        assert weights == pytest.approx(1 if candidate.score or weights else 0, abs=1e-12)


@given(solvers(), profiles())
@example(SHIPPED, Profile(require={"on_device": True, "public_api": True}))
def test_every_model_is_answered_for_once(solver: Solver, profile: Profile) -> None:
    answer = recommend_with(solver, profile)
    listed = [c.model for c in answer.shortlist] + [e.model for e in answer.excluded]
    assert sorted(listed) == [model.id for model in solver.catalogue.models]
    assert (answer.status == "infeasible") == (not answer.shortlist)
    stated = set(profile.to_dict()["require"])
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


def expected_finding(
    name: str, profile: Profile, model: Model, at: dict[str, str]
) -> tuple[Any, str | None]:
    """What a violation has to name: the fact, or else the configuration that rules it out."""
    required = getattr(profile.require, name)
    if name == "languages":
        lost = [tag for tag in required if model.speaks(tag) is False]
        stay = [tag for tag in required if tag not in lost]
        return stay, model.languages[lost[0]].source
    if name in FACT_OF:
        claimed = model.range(FACT_OF[name])
        if (floor if name.startswith("min_") else ceiling)(claimed, required) == VIOLATED:
            low, high = claimed or (0, float("inf"))
            end = None if high == float("inf") else high
            return low if low == high else [low, end], "test"
        name = "on_device"
    if model.capability(name) is False:
        return False, "test"
    variable, value = PINS[name]
    assert at[variable] != value
    return at[variable], "configuration"


@given(pooled(), profiles())
def test_a_violation_names_what_was_found_and_where(one: Pooled, profile: Profile) -> None:
    answer = recommend_with(one.solver, profile)
    standings = {s.model.id: s for s in answer.decision.standings}
    for exclusion in answer.excluded:
        standing = standings[exclusion.model]
        at = standing.configuration._asdict()
        found = judge(profile, standing.model, at)
        named = [v for v in exclusion.violations if v.requirement != "accept_beta"]
        assert [v.requirement for v in named] == [n for n, v in found.items() if v == VIOLATED]
        for violation in named:
            stated = getattr(profile.require, violation.requirement)
            assert violation.required == (list(stated) if isinstance(stated, tuple) else stated)
            expected = expected_finding(violation.requirement, profile, standing.model, at)
            assert (violation.found, violation.source) == expected
