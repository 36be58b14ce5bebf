"""A solver as an object: what it is of, what it takes, and that a copy decides alike."""

from __future__ import annotations

import pickle
from unittest.mock import patch

import pytest

from mars_solver import InputError, Profile, Solver
from mars_solver.budget import OverBudgetError, within
from mars_solver.solving import solver as solving
from mars_solver.solving.solver import solver_of
from strategies import SHIPPED, SHIPPED_WORLD, WEIGHING, World

PROFILE = Profile(require={"real_time": True}, prefer={"latency": 8})


def test_a_copy_in_another_process_decides_alike() -> None:
    again = pickle.loads(pickle.dumps(SHIPPED))  # noqa: S301
    assert again.identity == SHIPPED.identity
    assert again.decide(PROFILE).keys == SHIPPED.decide(PROFILE).keys


def test_a_solver_says_what_it_is_of() -> None:
    catalogue, weights = SHIPPED.catalogue, SHIPPED.weights
    assert SHIPPED.identity == {
        "catalogue": {
            "version": catalogue.version,
            "as_of": catalogue.as_of,
            "sha256": catalogue.sha256,
        },
        "weights": {"name": weights.name, "sha256": weights.sha256},
    }


def test_many_profiles_are_decided_one_by_one() -> None:
    asked = [PROFILE, Profile()]
    assert [each.keys for each in SHIPPED.decide_many(asked, "reject")] == [
        SHIPPED.decide(each, "reject").keys for each in asked
    ]


def test_what_weights_do_not_score_cannot_be_preferred_and_is_no_reason_to_refuse_the_rest() -> (
    None
):
    fewer = {**WEIGHING, "curves": {k: v for k, v in WEIGHING["curves"].items() if k != "latency"}}
    solver = World(SHIPPED_WORLD.files, fewer).solver
    assert "latency" not in solver.scored
    assert solver.decide(Profile(prefer={"fidelity": 8})).ids
    with pytest.raises(InputError, match="latency") as caught:
        solver.decide(Profile(prefer={"latency": 8, "fidelity": 8}))
    assert len(caught.value.problems) == 1


def test_rows_of_weights_that_a_catalogue_has_no_use_for_are_named() -> None:
    assert SHIPPED.notes == ()
    more = {**WEIGHING, "base": {**WEIGHING["base"], "charm": 7}}
    (note,) = World(SHIPPED_WORLD.files, more).solver.notes
    assert "charm" in note


def test_a_solver_is_of_a_catalogue_and_weights_and_nothing_else() -> None:
    assert solver_of(SHIPPED.catalogue, SHIPPED.weights) is solver_of(
        SHIPPED.catalogue, SHIPPED.weights
    )
    with pytest.raises(InputError) as caught:
        solver_of("models", 7)  # type: ignore[arg-type]
    assert [(each.place, each.expected) for each in caught.value.problems] == [
        ("catalogue", "a Catalogue"),
        ("weights", "a Weights"),
    ]


def test_a_standing_takes_no_more_time_than_there_is() -> None:
    solver = Solver(SHIPPED.catalogue, SHIPPED.weights)
    with within(0), pytest.raises(OverBudgetError):
        solver.decide(Profile(require={"real_time": True}))
    assert solver.decide(Profile(require={"real_time": True})).keys


def test_a_solver_rests_on_the_measurements_that_it_is_given() -> None:
    measured = {"mars-pro": {"ttfb_ms": {"value": 120, "source": "own", "as_of": "2026-11"}}}
    asked = Profile(require={"max_ttfb_ms": 140})
    assert solver_of(measurements=measured).decide(asked).ids[0] == "mars-pro"
    assert "mars-pro" not in solver_of().decide(asked).ids
    assert solver_of(measurements={}).decide(asked).ids == solver_of().decide(asked).ids


def test_what_is_remembered_of_explanations_is_bounded() -> None:
    solver = Solver(SHIPPED.catalogue, SHIPPED.weights)
    with patch.object(solving, "_KEPT", 4):
        for number in range(9):
            solver.remember(number, -number)
            assert solver.remembered[number] == -number
            assert len(solver.remembered) <= 4


def test_a_solver_is_of_what_it_is_given_and_else_of_what_ships() -> None:
    own = World(SHIPPED_WORLD.files, {**WEIGHING, "name": "own"}).solver
    assert solver_of(own.catalogue, own.weights).catalogue is own.catalogue
    assert solver_of(weights=own.weights).weights == own.weights
    assert solver_of(own.catalogue).weights == SHIPPED.weights
    assert solver_of(weights=own.weights).catalogue.sha256 == SHIPPED.catalogue.sha256
