"""A project that is asked about by preset, flags, Python or a row of a table gets one answer."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from command import run
from mars_solver import Profile, recommend
from mars_solver.inputs.catalogue.presets import Preset
from mars_solver.web.query import fields_of
from strategies import SHIPPED

PRESETS = SHIPPED.catalogue.presets


def flags_of(profile: Profile) -> list[str]:
    """The flags that state a profile, as people type them."""
    flags = ["--workflow", profile.workflow] if profile.workflow else []
    for name, value in profile.require.items():
        flag = f"--{name.replace('_', '-')}"
        told = ",".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
        flags += [flag] if value is True else [flag, told]
    for name, importance in profile.prefer.items():
        flags += ["--prefer", f"{name}={importance}"]
    return flags


def told(*arguments: str) -> dict[str, Any]:
    """The answer of a command, without the name that only some ways of asking give."""
    answer: dict[str, Any] = json.loads(run("recommend", *arguments, "--json").stdout)
    answer["profile"].pop("name", None)
    return answer


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The answers to a spreadsheet with one row for each preset."""
    sheet = io.StringIO()
    names = list(dict.fromkeys(name for p in PRESETS for name in fields_of(p.profile)))
    writer = csv.DictWriter(sheet, ["id", *names])
    writer.writeheader()
    writer.writerows({"id": p.name, **fields_of(p.profile)} for p in PRESETS)
    folder = tmp_path_factory.mktemp("sheet")
    (folder / "projects.csv").write_text(sheet.getvalue(), "utf-8")
    done = run("batch", str(folder / "projects.csv"), "-o", str(folder / "answers.parquet"))
    assert done.returncode == 0, done.stderr
    import pyarrow.parquet as pq  # noqa: PLC0415

    return {row["id"]: row for row in pq.read_table(folder / "answers.parquet").to_pylist()}


def test_the_eight_scenarios_of_the_guide_are_presets() -> None:
    assert len(PRESETS) == 8


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_it_is_answered_alike_in_all_four_ways(
    preset: Preset, rows: dict[str, dict[str, Any]]
) -> None:
    by_name = told("--preset", preset.name)
    assert told(*flags_of(preset.profile)) == by_name
    stated = {key: value for key, value in preset.profile.to_dict().items() if key != "name"}
    answer = recommend(Profile(**stated))
    assert answer.to_dict() == by_name
    row = rows[preset.name]
    assert answer.flowchart is not None
    assert (row["status"], row["flowchart_agrees"]) == (answer.status, answer.flowchart.agrees)
    assert [row[f"model_{i}"] for i in (1, 2, 3)][: len(answer.shortlist)] == [
        each.model for each in answer.shortlist[:3]
    ]
    assert row["score_1"] == answer.shortlist[0].score
