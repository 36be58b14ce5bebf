"""The guide: its table, its scenarios, its "when" lines, and the order of its flowchart."""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mars_solver import (
    Profile,
    Solver,
    load_catalogue,
    load_weights,
    recommend,
    recommend_with,
)
from mars_solver.cli import commands as cli
from mars_solver.explaining.recommendation import Recommendation
from mars_solver.vocabulary import names_of
from oracle import FLASH, GUIDE, INSTRUCT, NANO, PRO, needs
from scenarios import Scenario, scenarios
from strategies import profile_dicts, profiles

SOLVER = Solver(load_catalogue(), load_weights())
LINES = [
    *(f"S{i}" for i in range(1, 9)),
    *(f"F{i}" for i in range(1, 4)),
    *(f"P{i}" for i in range(1, 5)),
    *(f"I{i}" for i in range(1, 5)),
    *(f"N{i}" for i in range(1, 4)),
    "U1",
    "U2",
]
GUIDE_TABLE = {
    FLASH: (600_000_000, (150, 150), True, False, False),
    PRO: (600_000_000, (800, 2000), True, False, False),
    INSTRUCT: (1_200_000_000, (2000, float("inf")), False, True, False),
    NANO: (50_000_000, (500, 2000), True, False, True),
}


def test_every_line_of_the_guide_is_a_scenario() -> None:
    assert sorted(s.line for s in scenarios()) == sorted(LINES)


@pytest.mark.parametrize("scenario", scenarios(), ids=lambda s: s.id)
def test_the_guides_models_come_first_by_library_and_command_line(
    scenario: Scenario,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    answer = recommend(scenario.profile, measurements=scenario.measurements)
    ranked = tuple(candidate.model for candidate in answer.shortlist)
    assert ranked[: len(scenario.expected)] == scenario.expected
    assert answer.status == "guaranteed"

    profile = tmp_path / "profile.toml"
    profile.write_text(f"# {scenario.id}\n{toml(scenario.profile)}", "utf-8")
    command = ["mars-solver", "recommend", str(profile), "--json"]
    if scenario.measurements:
        measured = tmp_path / "measured.toml"
        measured.write_text(toml(scenario.measurements), "utf-8")
        command += ["--measurements", str(measured)]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 0
    assert json.loads(capsys.readouterr().out) == answer.to_dict()


def toml(table: dict[str, Any], path: str = "") -> str:
    """Plain tables as TOML: values first, then tables."""
    lines = [
        f"{key} = {json.dumps(value)}"
        for key, value in table.items()
        if not isinstance(value, dict)
    ]
    for key, value in table.items():
        if isinstance(value, dict):
            below = f"{path}.{key}" if path else key
            lines += [f"[{below}]", toml(value, below)]
    return "\n".join(lines)


@pytest.mark.parametrize("model", GUIDE_TABLE)
def test_the_catalogue_says_what_the_guides_table_says(model: str) -> None:
    (found,) = (m for m in SOLVER.catalogue.models if m.id == model)
    parameters, ttfb, real_time, style, on_device = GUIDE_TABLE[model]
    assert found.range("parameters") == (parameters, parameters)
    assert found.range("ttfb_ms") == ttfb
    assert found.capability("real_time") is real_time
    assert found.capability("style_control") is style
    assert found.capability("on_device") is on_device
    assert found.stage.value == "released"
    assert found.range("memory_mb") == (parameters / 10**6, 4 * parameters / 10**6)


NEEDS = {
    "real_time": {"real_time": True},
    "voice_transfer": {"voice_transfer": True},
    "style_control": {"style_control": True},
    "on_device": {"on_device": True},
}
COMBINATIONS = {
    (): (PRO, "guaranteed", True),
    ("real_time",): (FLASH, "guaranteed", True),
    ("voice_transfer",): (PRO, "guaranteed", True),
    ("style_control",): (INSTRUCT, "guaranteed", True),
    ("on_device",): (NANO, "guaranteed", True),
    ("real_time", "voice_transfer"): (PRO, "guaranteed", False),
    ("real_time", "style_control"): (None, "infeasible", False),
    ("real_time", "on_device"): (NANO, "guaranteed", False),
    ("voice_transfer", "style_control"): (INSTRUCT, "guaranteed", False),
    ("voice_transfer", "on_device"): (NANO, "unverified", False),
    ("style_control", "on_device"): (None, "infeasible", False),
    ("real_time", "voice_transfer", "style_control"): (None, "infeasible", False),
    ("real_time", "voice_transfer", "on_device"): (NANO, "unverified", False),
    ("real_time", "style_control", "on_device"): (None, "infeasible", False),
    ("voice_transfer", "style_control", "on_device"): (None, "infeasible", False),
    ("real_time", "voice_transfer", "style_control", "on_device"): (None, "infeasible", False),
}


def test_every_combination_of_the_four_questions_is_listed() -> None:
    every = [c for size in range(5) for c in itertools.combinations(NEEDS, size)]
    assert sorted(COMBINATIONS) == sorted(every)
    assert sum(not agrees for _, _, agrees in COMBINATIONS.values()) == 11


@pytest.mark.parametrize("stated", COMBINATIONS, ids=" + ".join)
def test_the_16_combinations_of_the_four_questions(stated: tuple[str, ...]) -> None:
    require = {name: True for need in stated for name in NEEDS[need]}
    answer = recommend_with(SOLVER, Profile(require=require))
    first = answer.shortlist[0].model if answer.shortlist else None
    assert (first, answer.status, answer.flowchart.agrees) == COMBINATIONS[stated]
    assert bool(answer.flowchart.blocked_by) == (not answer.flowchart.agrees)
    assert bool(answer.conflicts) == (answer.status == "infeasible")


def holds(answer: Recommendation) -> bool:
    """The theorem on one answer, read off its public face and the guide's words."""
    profile = answer.profile
    stated = [*([profile.primary] if profile.primary else []), *needs(profile)]
    unasked = "batch" if profile.workflow == "batch" else "none"
    expected = GUIDE[stated[0] if stated else unasked]
    assert answer.flowchart.answer == expected
    standing = {c.model: (c.status != "guaranteed", len(c.to_verify)) for c in answer.shortlist}
    best = min(standing.values())
    if any(standing.get(model) != best for model in expected):
        return True
    return tuple(c.model for c in answer.shortlist)[: len(expected)] == expected


neutral = profile_dicts(prefer=st.just({})).map(Profile.model_validate)


@given(neutral)
@settings(max_examples=400)
def test_where_the_guides_models_stand_best_they_come_first(profile: Profile) -> None:
    answer = recommend_with(SOLVER, profile)
    if answer.shortlist:
        assert holds(answer)


@pytest.mark.long
@given(neutral)
@settings(max_examples=30_000)
def test_no_long_search_finds_a_profile_against_the_theorem(profile: Profile) -> None:
    answer = recommend_with(SOLVER, profile)
    if answer.shortlist:
        assert holds(answer)


@given(profiles())
def test_blocking_requirements_are_those_that_the_guides_models_do_not_meet(
    profile: Profile,
) -> None:
    answer = recommend_with(SOLVER, profile)
    verdict = answer.flowchart
    unmet: set[str] = set()
    for standing in answer.decision.standings:
        if standing.model.id in verdict.answer:
            unmet |= set(names_of(standing.violated)) | set(names_of(standing.unverified))
    assert set(verdict.blocked_by) == (set() if verdict.agrees else unmet)


def test_preferences_alone_make_a_departure_that_nothing_blocks() -> None:
    verdict = recommend_with(SOLVER, Profile(prefer={"latency": 10})).flowchart
    assert (verdict.answer, verdict.agrees, verdict.blocked_by) == ((PRO,), False, ())


def test_two_models_of_the_guide_agree_in_its_order_only() -> None:
    batch = recommend_with(SOLVER, Profile(workflow="batch")).flowchart
    assert (batch.answer, batch.agrees) == ((PRO, INSTRUCT), True)
    turned = recommend_with(SOLVER, Profile(workflow="batch", prefer={"control": 10}))
    assert [c.model for c in turned.shortlist][:2] == [INSTRUCT, PRO]
    assert (turned.flowchart.agrees, turned.flowchart.blocked_by) == (False, ())
    blocked = recommend_with(
        SOLVER, Profile(workflow="batch", require={"min_sample_rate_hz": 44100})
    )
    assert blocked.shortlist[0].model == PRO
    assert (blocked.flowchart.agrees, blocked.flowchart.blocked_by) == (True, ())


def test_the_primary_need_is_asked_first() -> None:
    both = {"real_time": True, "voice_transfer": True}
    plain = recommend_with(SOLVER, Profile(require=both)).flowchart
    turned = recommend_with(SOLVER, Profile(require=both, primary="voice_transfer")).flowchart
    assert (plain.question, plain.answer, plain.agrees) == (1, (FLASH,), False)
    assert (turned.question, turned.answer, turned.agrees) == (2, (PRO,), True)
