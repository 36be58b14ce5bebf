"""Statuses, ranking and conflicts against independent readings of the specification."""

from __future__ import annotations

import copy
import itertools
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from benchmarks.shared.rules import LIMITED, NEEDS_VALUE
from mars_solver import Catalogue, Profile, Solver, load_catalogue, load_weights, recommend_with
from mars_solver.inputs.facts import Model
from mars_solver.vocabulary import CRITERION_NAMES, POLICIES, REQUIREMENTS, Policy
from oracle import (
    UNVERIFIED,
    VIOLATED,
    brute_force,
    judge,
    posted,
    runnable,
    settings,
    violated_sets,
)
from strategies import built, catalogue_dicts, catalogues, profile_dicts, profiles

WEIGHTS = load_weights()
SHIPPED = Solver(load_catalogue(), WEIGHTS)
policies = st.sampled_from(POLICIES)
either_catalogue = st.one_of(catalogues(), st.just(SHIPPED.catalogue))


def solver_of(catalogue: Catalogue) -> Solver:
    return SHIPPED if catalogue is SHIPPED.catalogue else Solver(catalogue, WEIGHTS)


def ids(solver: Solver, profile: Profile, unknown: Policy = "flag") -> list[str]:
    return [c.model for c in recommend_with(solver, profile, unknown=unknown).shortlist]


@given(either_catalogue, profiles(), policies)
def test_statuses_are_those_of_brute_force(
    catalogue: Catalogue, profile: Profile, unknown: Policy
) -> None:
    decision = solver_of(catalogue).decide(profile, unknown)
    expected = brute_force(catalogue, profile, unknown)
    found = {s.model.id: s.status.word for s in decision.standings}
    assert found == {model: status for model, (status, _) in expected.items()}
    for standing in decision.standings:
        status, count = expected[standing.model.id]
        if status != "excluded":
            assert standing.unverified.bit_count() == count


@given(either_catalogue, profiles(), policies)
def test_each_model_is_configured_in_the_declared_order_of_preference(
    catalogue: Catalogue, profile: Profile, unknown: Policy
) -> None:
    for standing in solver_of(catalogue).decide(profile, unknown).standings:
        assert standing.configuration._asdict() == preferred(standing.model, profile, unknown)
        assert standing.violated & standing.unverified == 0


def preferred(model: Model, profile: Profile, policy: str) -> dict[str, str]:
    """The first configuration by the order that the specification declares."""
    need = profile.require
    enabled = {
        "cloud": ["public_api"],
        "self_hosted": ["self_hosted"],
        "on_device": ["on_device"],
        "streaming": ["real_time"],
        "reference_audio": ["voice_transfer", "short_reference"],
        "directed": ["style_control"],
    }

    def key(at: dict[str, str]) -> tuple[int, ...]:
        verdicts = list(judge(profile, model, at).values())
        lost, open_points = verdicts.count(VIOLATED), verdicts.count(UNVERIFIED)
        if policy == "reject":
            lost, open_points = lost + open_points, 0
        used = [enabled[value] for value in at.values() if value in enabled]
        unknown = sum(not any(model.capability(c) for c in names) for names in used)
        reference = need.voice_transfer or need.short_reference
        beyond = [at["voice"] == "reference_audio" and not reference]
        beyond.append(at["style"] == "directed" and not need.style_control)
        wanted = "batch" if profile.workflow else "streaming"
        return lost, open_points, at["delivery"] != wanted, unknown, sum(beyond)

    return min((at for at in settings() if runnable(model, at)), key=key)


@given(either_catalogue, profiles())
def test_the_ranking_is_by_standing_then_score_then_id(
    catalogue: Catalogue, profile: Profile
) -> None:
    solver = solver_of(catalogue)
    sums = dict(zip((m.id for m in catalogue.models), solver.decide(profile).sums, strict=True))
    shortlist = recommend_with(solver, profile).shortlist
    keys = [
        (c.status != "guaranteed", len(c.to_verify), -sum(sums[c.model]), c.model)
        for c in shortlist
    ]
    assert keys == sorted(keys)
    assert [c.rank for c in shortlist] == list(range(1, len(keys) + 1))


@given(either_catalogue, profiles())
def test_posting_every_requirement_gives_the_same_configurations(
    catalogue: Catalogue, profile: Profile
) -> None:
    decision = solver_of(catalogue).decide(profile)
    possible = posted(catalogue, profile, worst=UNVERIFIED)
    certain = posted(catalogue, profile, worst=0)
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


@given(either_catalogue, profiles(), st.sampled_from(["flag", "reject"]))
def test_conflicts_are_the_minimal_sets_that_nothing_satisfies(
    catalogue: Catalogue, profile: Profile, unknown: Policy
) -> None:
    answer = recommend_with(solver_of(catalogue), profile, unknown=unknown)
    lost = violated_sets(catalogue, profile, unknown)
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


@given(catalogue_dicts(), profiles(), st.randoms(use_true_random=False))
def test_order_of_files_and_keys_is_irrelevant(
    models: dict[str, dict[str, Any]], profile: Profile, random: Any
) -> None:
    def shuffled(data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        keys = list(data)
        random.shuffle(keys)
        return {key: shuffled(data[key]) for key in keys}

    one = recommend_with(Solver(built(models), WEIGHTS), profile)
    other = recommend_with(
        Solver(built(shuffled(models)), WEIGHTS),
        Profile.model_validate(shuffled(profile.to_dict())),
    )
    assert one.to_dict() == other.to_dict()


@given(catalogue_dicts(), profiles(), policies, st.data())
def test_dropping_a_model_never_reorders_the_others(
    models: dict[str, dict[str, Any]], profile: Profile, unknown: Policy, data: st.DataObject
) -> None:
    assume(len(models) > 1)
    dropped = data.draw(st.sampled_from(sorted(models)))
    fewer = {name: model for name, model in models.items() if name != dropped}
    before = ids(Solver(built(models), WEIGHTS), profile, unknown)
    after = ids(Solver(built(fewer), WEIGHTS), profile, unknown)
    assert after == [model for model in before if model != dropped]


STATUS_RANK = {"guaranteed": 0, "unverified": 1, "excluded": 2}


def statuses(solver: Solver, profile: Profile) -> dict[str, int]:
    return {s.model.id: STATUS_RANK[s.status.word] for s in solver.decide(profile).standings}


@given(either_catalogue, profile_dicts(), st.data())
def test_relaxing_never_worsens_and_tightening_never_improves_a_status(
    catalogue: Catalogue, tight: dict[str, Any], data: st.DataObject
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
    solver = solver_of(catalogue)
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


@given(catalogue_dicts(), profiles(), st.data())
def test_improving_a_fact_never_lowers_a_rank(
    models: dict[str, dict[str, Any]], profile: Profile, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(models)))
    before = ids(Solver(built(models), WEIGHTS), profile)
    after = ids(Solver(built({**models, name: improved(models[name], data)}), WEIGHTS), profile)
    if name in before:
        assert name in after
        overtaken = set(before[: before.index(name)])
        assert set(after[: after.index(name)]) <= overtaken


@given(
    either_catalogue,
    profile_dicts(),
    st.lists(st.integers(0, 5), min_size=5, max_size=5),
    st.sampled_from([(1, 2), (2, 1), (1, 3), (3, 1), (2, 3), (3, 2), (1, 5), (5, 1)]),
)
def test_one_positive_factor_on_all_importances_changes_nothing(
    catalogue: Catalogue, data: dict[str, Any], base: list[int], factors: tuple[int, int]
) -> None:
    first, second = factors
    scaled = [[first * each for each in base], [second * each for each in base]]
    assume(max(map(max, scaled)) <= 10)
    solver = solver_of(catalogue)
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


@given(catalogue_dicts(), profile_dicts(), st.data())
def test_importance_0_removes_a_criterion(
    models: dict[str, dict[str, Any]], data: dict[str, Any], draw: st.DataObject
) -> None:
    """What a model's fact says no longer matters to the score, whatever it says."""
    name = draw.draw(st.sampled_from(["fidelity", "expressiveness"]))
    data["prefer"] = {**data["prefer"], name: 0}
    profile = Profile.model_validate(data)
    blind = {key: {k: v for k, v in m.items() if k != name} for key, m in models.items()}
    seeing_solver, blind_solver = (Solver(built(each), WEIGHTS) for each in (models, blind))
    seeing, unseeing = (recommend_with(s, profile) for s in (seeing_solver, blind_solver))
    assert [(c.model, c.score, c.score_range) for c in seeing.shortlist] == [
        (c.model, c.score, c.score_range) for c in unseeing.shortlist
    ]
    for candidate in seeing.shortlist:
        (gone,) = (c for c in candidate.contributions if c.criterion == name)
        assert (gone.weight, gone.points) == (0, 0)


@given(either_catalogue, profiles(), policies)
def test_contributions_sum_to_the_score_within_its_range(
    catalogue: Catalogue, profile: Profile, unknown: Policy
) -> None:
    for candidate in recommend_with(solver_of(catalogue), profile, unknown=unknown).shortlist:
        low, high = candidate.score_range
        assert low <= candidate.score <= high
        points = sum(item.points for item in candidate.contributions)
        assert points == pytest.approx(candidate.score, abs=1e-12)
        weights = sum(item.weight for item in candidate.contributions)
        assert weights == pytest.approx(1 if candidate.score or weights else 0, abs=1e-12)


@given(either_catalogue, profiles())
@example(SHIPPED.catalogue, Profile(require={"on_device": True, "public_api": True}))
def test_every_model_is_answered_for_once(catalogue: Catalogue, profile: Profile) -> None:
    answer = recommend_with(solver_of(catalogue), profile)
    listed = [c.model for c in answer.shortlist] + [e.model for e in answer.excluded]
    assert sorted(listed) == [model.id for model in catalogue.models]
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
    if name in LIMITED:
        low, high = model.range(LIMITED[name]) or (0, float("inf"))
        if (low > required) if name.startswith("max_") else (high < required):
            end = None if high == float("inf") else high
            return low if low == high else [low, end], "test"
        name = "on_device"
    if model.capability(name) is False:
        return False, "test"
    variable, value = NEEDS_VALUE[name]
    assert at[variable] != value
    return at[variable], "configuration"


@given(catalogues(), profiles())
def test_a_violation_names_what_was_found_and_where(catalogue: Catalogue, profile: Profile) -> None:
    answer = recommend_with(Solver(catalogue, WEIGHTS), profile)
    standings = {s.model.id: s for s in answer.decision.standings}
    for exclusion in answer.excluded:
        standing = standings[exclusion.model]
        at = standing.configuration._asdict()
        verdicts = judge(profile, standing.model, at)
        named = [v for v in exclusion.violations if v.requirement != "accept_beta"]
        assert [v.requirement for v in named] == [n for n, v in verdicts.items() if v == VIOLATED]
        for violation in named:
            stated = getattr(profile.require, violation.requirement)
            assert violation.required == (list(stated) if isinstance(stated, tuple) else stated)
            expected = expected_finding(violation.requirement, profile, standing.model, at)
            assert (violation.found, violation.source) == expected
