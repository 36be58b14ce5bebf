"""The typed surface: what is public, and what `recommend` accepts and refuses."""

from __future__ import annotations

import inspect
from typing import get_type_hints

import pytest

import mars_solver
from mars_solver import (
    Importances,
    InputError,
    Profile,
    Requirements,
    load_catalogue,
    load_weights,
    recommend,
)
from mars_solver.inputs.profile import parse_profile

SURFACE = {
    "Catalogue",
    "Importances",
    "InputError",
    "MarsSolverError",
    "Problem",
    "Profile",
    "Recommendation",
    "Requirements",
    "Solver",
    "Weights",
    "decide",
    "load_catalogue",
    "load_measurements",
    "load_profile",
    "load_weights",
    "recommend",
    "recommend_many",
    "recommend_with",
    "with_measurements",
}


def test_the_surface_is_declared_documented_and_complete() -> None:
    assert set(mars_solver.__all__) == SURFACE
    assert set(dir(mars_solver)) >= SURFACE
    for name in SURFACE:
        assert inspect.getdoc(getattr(mars_solver, name)), name


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'recomend'"):
        _ = mars_solver.recomend


def test_profiles_are_built_in_two_ways() -> None:
    built = Profile(name="x", require={"real_time": True}, prefer={"latency": 7})
    content = {"name": "x", "require": {"real_time": True}, "prefer": {"latency": 7}}
    parsed = parse_profile(content, "test")
    assert built == parsed
    assert parse_profile(built.to_dict(), "test") == built
    assert recommend(built).to_dict() == recommend(parsed.to_dict()).to_dict()


def test_what_is_asked_is_typed() -> None:
    require: Requirements = {"real_time": True, "max_ttfb_ms": 300, "languages": ["en-us"]}
    prefer: Importances = {"latency": 7}
    assert dict(Profile(require=require, prefer=prefer).prefer) == prefer
    assert list(get_type_hints(Requirements)) == list(load_catalogue().declared.requirement)
    assert list(get_type_hints(Importances)) == list(load_catalogue().declared.criterion)


def test_nothing_stated_is_the_empty_profile() -> None:
    empty = Profile()
    nulls: dict[str, object] = {
        "name": None,
        "workflow": None,
        "primary": None,
        "accept_beta": None,
        "require": {"real_time": False, "max_ttfb_ms": None, "languages": []},
        "prefer": None,
    }
    assert parse_profile(nulls, "test") == empty
    assert recommend().to_dict() == recommend(nulls).to_dict()


def test_shipped_data_can_be_given_explicitly() -> None:
    explicit = recommend({}, catalogue=load_catalogue(), weights=load_weights())
    assert explicit.to_dict() == recommend({}).to_dict()


def test_the_shortlist_can_be_cut() -> None:
    cut, whole = recommend(top=1), recommend()
    assert cut.shortlist == whole.shortlist[:1]
    assert (cut.excluded, cut.flowchart) == (whole.excluded, whole.flowchart)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"unknown": "ignore"},
            'recommend: unknown: found "',
        ),
        ({"top": 0}, "recommend: top: found 0; expected a whole number from 1"),
        ({"top": True}, "recommend: top: found true; expected a whole number from 1"),
        ({"profile": {"requires": {}}}, "did you mean `require`?"),
        ({"profile": 7}, "Profile: found 7; expected a table of keys and values"),
        ({"measurements": {"mars-por": {}}}, "did you mean `mars-pro`?"),
    ],
)
def test_bad_arguments_are_named(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(InputError) as caught:
        recommend(**arguments)  # type: ignore[arg-type]
    assert message in str(caught.value)
    assert isinstance(caught.value, ValueError)


def test_all_faults_of_a_profile_come_at_once() -> None:
    with pytest.raises(InputError) as caught:
        Profile(require={"real_time": "yes", "max_ttfb": 3}, prefer={"latency": 11})
    assert [problem.path for problem in caught.value.problems] == [
        "prefer.latency",
        "require.max_ttfb",
        "require.real_time",
    ]


def test_a_profile_cannot_be_changed() -> None:
    with pytest.raises(AttributeError, match="a profile does not change"):
        Profile().name = "other"
