"""What an explanation costs grows with the catalogue no faster than a polynomial.

Counted in calls of functions, which are the same on every machine.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial

import pytest

from benchmarks.shared import large
from benchmarks.shared.large import REQUIRED, large_solver
from mars_solver import Profile, Solver, recommend_with
from mars_solver.explaining import asking
from mars_solver.explaining.asking import Interview
from mars_solver.inputs.profile import parse_profile
from mars_solver.solving.solver import Decision
from mars_solver.vocabulary import POLICIES, Policy

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


@pytest.mark.parametrize(
    ("unknown", "yes", "require"),
    [(0.2, 0.75, {}), (0.2, 0.75, REQUIRED), (0.05, 0.3, REQUIRED), (0.3, 1.0, EASY)],
)
def test_four_times_the_models_take_at_most_sixteen_times_the_calls(
    unknown: float, yes: float, require: dict[str, object]
) -> None:
    few, many = (explained(models, unknown, yes, require) for models in (15, 60))
    assert many <= 16 * few


def test_the_text_of_four_times_the_models_takes_at_most_eight_times_the_calls() -> None:
    few, many = (
        calls(
            recommend_with(solver, parse_profile({}, "a profile", solver.declared))
            .explain()
            .__str__
        )
        for solver in map(large_solver, (12, 48))
    )
    assert many <= 8 * few


@pytest.mark.parametrize("models", [6, 25])
def test_an_explanation_decides_again_only_what_it_proposes(
    models: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    solver = large_solver(models, unknown=0.5)
    decided: list[Profile] = []
    decide = Solver.decide

    def counted(self: Solver, profile: Profile, unknown: Policy = "flag") -> Decision:
        decided.append(profile)
        return decide(self, profile, unknown)

    monkeypatch.setattr(Solver, "decide", counted)
    for require in ({}, EASY, REQUIRED):
        for unknown in POLICIES:
            profile = parse_profile({"require": require}, "a profile", solver.declared)
            answer = recommend_with(solver, profile, unknown=unknown)
            decided.clear()
            explained = answer.explain(solver.catalogue.models[-1].id)
            explained.to_dict()
            stand = explained.model
            assert stand is not None
            assert len(decided) == len(stand.onto_list) + len(stand.to_first)


@pytest.mark.parametrize("members", [6, 60])
def test_a_question_is_found_within_a_bound_whatever_the_catalogue_and_the_answer_names_it(
    members: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "_MOST", 2**10)
    monkeypatch.setattr(large, "MEMBERS", tuple(f"m{i}" for i in range(members)))
    solver = large_solver(50)
    ways = 0
    node = asking._Diagram._node

    def counted(self: asking._Diagram, level: int, way: asking._Way) -> asking.Node:
        nonlocal ways
        ways += 1
        return node(self, level, way)

    monkeypatch.setattr(asking._Diagram, "_node", counted)
    interview = Interview(
        recommend_with(solver, parse_profile({"require": REQUIRED}, "a profile", solver.declared))
    )
    notes = interview.to_dict()["notes"]
    assert ways < 20 * asking._MOST
    assert [note for note in notes if note.startswith("There are too many ways to answer")]
    assert any("lists of set 3" in note for note in notes) == (members == 60)


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
