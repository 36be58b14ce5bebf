"""What an explanation costs grows with the catalogue no faster than a polynomial.

Counted in calls of functions, which are the same on every machine.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial

import pytest

from benchmarks.shared.large import REQUIRED, large_solver
from mars_solver import Profile, Solver, recommend_with
from mars_solver.inputs.profile import parse_profile

LOOSE = {name: (1 if name.startswith("min") else 10**4) for name in REQUIRED if "_" in name}
EASY = {**REQUIRED, **LOOSE}
"""The same twelve requirements, of which the numbers exclude nothing."""


def calls(work: Callable[[], object]) -> int:
    """How many functions some work calls."""
    count = 0

    def counted(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(counted)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def explained(models: int, unknown: float, yes: float, require: dict[str, object]) -> int:
    solver = large_solver(models, unknown=unknown, yes=yes)
    profile = parse_profile({"require": require}, "a profile", solver.declared)
    model = solver.catalogue.models[-1].id
    return calls(lambda: recommend_with(solver, profile).explain(model).to_dict())


@pytest.mark.parametrize(("unknown", "yes"), [(0.2, 0.75), (0.3, 1.0), (0.05, 0.3)])
@pytest.mark.parametrize("require", [REQUIRED, EASY], ids=["hard", "easy"])
def test_four_times_the_models_take_at_most_sixteen_times_the_calls(
    unknown: float, yes: float, require: dict[str, object]
) -> None:
    few, many = (explained(models, unknown, yes, require) for models in (25, 100))
    assert many <= 16 * few


def answer(solver: Solver, profile: Profile) -> object:
    return recommend_with(solver, profile).to_dict()


def explanation(solver: Solver, profile: Profile) -> object:
    return recommend_with(solver, profile).explain().to_dict()


def test_an_explanation_of_six_models_costs_a_few_answers(solver: Solver) -> None:
    require = {"max_ttfb_ms": 1000, "voice_transfer": True}
    for asked in ({}, require, {**require, "style_control": True}):
        profile = Profile(require=asked)
        explanation(solver, profile)  # what is prepared once
        least = calls(partial(answer, solver, profile))
        assert calls(partial(explanation, solver, profile)) < 15 * least
