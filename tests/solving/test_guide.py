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

from guide import FLASH, GUIDE, INSTRUCT, NANO, PRO
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
from mars_solver.solving.flowchart import GuideVerdict, every_answer, picks
from scenarios import Scenario, scenarios
from strategies import ORACLE, profile_dicts, profiles

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
    # The number of parameters alone does not say what a running process takes.
    assert answer.status == ("unverified" if scenario.line == "N2" else "meets")

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
    assert found.range("memory_mb") == (parameters / 10**6, 20 * parameters / 10**6)


NEEDS = {
    "real_time": {"real_time": True},
    "voice_transfer": {"voice_transfer": True},
    "style_control": {"style_control": True},
    "on_device": {"on_device": True},
}
COMBINATIONS = {
    (): (PRO, "meets", True),
    ("real_time",): (FLASH, "meets", True),
    ("voice_transfer",): (PRO, "meets", True),
    ("style_control",): (INSTRUCT, "meets", True),
    ("on_device",): (NANO, "meets", True),
    ("real_time", "voice_transfer"): (PRO, "meets", False),
    ("real_time", "style_control"): (None, "infeasible", False),
    ("real_time", "on_device"): (NANO, "meets", False),
    ("voice_transfer", "style_control"): (INSTRUCT, "meets", False),
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
    assert (first, answer.status, told(answer).agrees) == COMBINATIONS[stated]
    assert bool(told(answer).blocked_by) == (not told(answer).agrees)
    assert bool(answer.conflicts) == (answer.status == "infeasible")


def told(answer: Recommendation) -> GuideVerdict:
    """What the guide says beside an answer."""
    assert answer.flowchart is not None
    return answer.flowchart


def holds(answer: Recommendation) -> bool:
    """The theorem on one answer, read off its public face and the guide's words."""
    profile = answer.profile
    stated = [*([profile.primary] if profile.primary else []), *ORACLE.needs(profile.to_dict())]
    unasked = "batch" if profile.workflow == "batch" else "none"
    expected = GUIDE[stated[0] if stated else unasked]
    assert told(answer).answer == expected
    standing = {c.model: (c.status != "meets", len(c.to_verify)) for c in answer.shortlist}
    best = min(standing.values())
    if any(standing.get(model) != best for model in expected):
        return True
    return tuple(c.model for c in answer.shortlist)[: len(expected)] == expected


neutral = profile_dicts(prefer=st.just({})).map(lambda data: Profile(**data))


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
    verdict = told(answer)
    names = SOLVER.declared.names_of
    unmet: set[str] = set()
    for standing in answer.decision.standings:
        if standing.model.id in verdict.answer:
            unmet |= {*names(standing.violated), *names(standing.unverified)}
    best = answer.decision.orders[:1]
    ranked = dict(zip(answer.decision.ids, answer.decision.orders, strict=True))
    stand_best = bool(best) and all(ranked.get(model) == best[0] for model in verdict.answer)
    blocked = not verdict.agrees and not stand_best
    assert set(verdict.blocked_by) == (unmet if blocked else set())


def test_preferences_alone_make_a_departure_that_nothing_blocks() -> None:
    verdict = told(recommend_with(SOLVER, Profile(prefer={"latency": 10})))
    assert (verdict.answer, verdict.agrees, verdict.blocked_by) == ((PRO,), False, ())


def test_two_models_of_the_guide_agree_in_its_order_only() -> None:
    batch = told(recommend_with(SOLVER, Profile(workflow="batch")))
    assert (batch.answer, batch.agrees) == ((PRO, INSTRUCT), True)
    turned = recommend_with(SOLVER, Profile(workflow="batch", prefer={"control": 10}))
    assert [c.model for c in turned.shortlist][:2] == [INSTRUCT, PRO]
    assert (told(turned).agrees, told(turned).blocked_by) == (False, ())
    blocked = recommend_with(
        SOLVER, Profile(workflow="batch", require={"min_sample_rate_hz": 44100})
    )
    assert blocked.shortlist[0].model == PRO
    assert (told(blocked).agrees, told(blocked).blocked_by) == (True, ())


def test_the_primary_need_is_asked_first() -> None:
    both = {"real_time": True, "voice_transfer": True}
    plain = told(recommend_with(SOLVER, Profile(require=both)))
    turned = told(recommend_with(SOLVER, Profile(require=both, primary="voice_transfer")))
    assert (plain.question, plain.answer, plain.agrees) == (1, (FLASH,), False)
    assert (turned.question, turned.answer, turned.agrees) == (2, (PRO,), True)


@pytest.mark.parametrize(
    ("stated", "primary", "workflow", "expected"),
    [
        ({}, None, None, (PRO,)),
        ({}, None, "batch", (PRO, INSTRUCT)),
        ({"voice_transfer": True, "real_time": True}, None, None, (FLASH, PRO)),
        ({"voice_transfer": True, "real_time": True}, "voice_transfer", None, (PRO, FLASH)),
        ({"style_control": True}, None, "batch", (INSTRUCT,)),
    ],
)
def test_the_guide_picks_the_models_of_every_need_in_the_order_of_asking(
    stated: dict[str, Any], primary: str | None, workflow: Any, expected: tuple[str, ...]
) -> None:
    chart = SOLVER.catalogue.flowchart
    assert chart is not None
    profile = Profile(require=stated, primary=primary, workflow=workflow)
    assert picks(chart, profile.context) == expected


def test_every_answer_of_the_guide_is_listed_once() -> None:
    chart = SOLVER.catalogue.flowchart
    assert chart is not None
    assert every_answer(chart) == [(PRO,), (PRO, INSTRUCT), (FLASH,), (INSTRUCT,), (NANO,)]
