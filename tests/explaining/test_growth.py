"""What an explanation costs grows with the catalogue no faster than a polynomial."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from benchmarks.shared.large import REQUIRED, large_solver
from mars_solver import Profile, Solver, recommend_with
from mars_solver.inputs.profile import parse_profile

SLACK = 4
"""Times as long as it takes on an idle machine of two cores."""
LOOSE = {name: (1 if name.startswith("min") else 10**4) for name in REQUIRED if "_" in name}
EASY = {**REQUIRED, **LOOSE}
"""The same twelve requirements, of which the numbers exclude nothing."""


def seconds(work: Callable[[], object]) -> float:
    """The least time of the processor that three runs take."""
    times = []
    for _ in range(3):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


@pytest.mark.parametrize(("models", "limit"), [(50, 0.05), (200, 1.0)])
@pytest.mark.parametrize(("unknown", "yes"), [(0.2, 0.75), (0.3, 1.0), (0.05, 0.3)])
def test_large_catalogues_are_explained_in_time(
    models: int, limit: float, unknown: float, yes: float
) -> None:
    solver = large_solver(models, unknown=unknown, yes=yes)
    ids = [model.id for model in solver.catalogue.models]
    for require in (REQUIRED, EASY):
        profile = parse_profile({"require": require}, "a profile", solver.declared)
        for model in (ids[0], ids[-1]):

            def work(profile: Profile = profile, model: str = model) -> object:
                return recommend_with(solver, profile).explain(model).to_dict()

            assert seconds(work) < SLACK * limit


def test_an_explanation_of_six_models_costs_a_few_answers(solver: Solver) -> None:
    require = {"max_ttfb_ms": 1000, "voice_transfer": True}
    for asked in ({}, require, {**require, "style_control": True}):
        profile = Profile(require=asked)

        def answer(profile: Profile = profile) -> None:
            for _ in range(50):
                recommend_with(solver, profile).to_dict()

        def explanation(profile: Profile = profile) -> None:
            for _ in range(50):
                recommend_with(solver, profile).explain().to_dict()

        assert seconds(explanation) < 15 * seconds(answer)
