"""The JSON Schemas of files, which editors read beside them."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from command import run
from mars_solver import load_catalogue
from mars_solver.inputs.file_schemas import FILES
from mars_solver.inputs.files import data_folder
from mars_solver.tuning.labels import labels_schema
from pages import ROOT
from strategies import DECLARED

KINDS = {**FILES, "labels": labels_schema}
MODELS = data_folder("models")
SHIPPED_FILES = [
    *MODELS.glob("*.toml"),
    MODELS / "guide/flowchart.toml",
    MODELS / "guide/lines.toml",
]
SCHEMAS = ROOT / "docs" / "schemas"


def valid(kind: str, data: object) -> bool:
    return bool(Draft202012Validator(KINDS[kind](DECLARED)).is_valid(data))


@pytest.mark.parametrize("kind", KINDS)
def test_a_schema_is_one_and_is_printed(kind: str) -> None:
    schema = KINDS[kind](DECLARED)
    Draft202012Validator.check_schema(schema)
    assert json.loads(run("schema", kind).stdout) == schema
    assert not valid(kind, [])


@pytest.mark.parametrize("path", SHIPPED_FILES, ids=lambda path: path.stem)
def test_a_shipped_file_names_its_schema_and_is_valid_under_it(path: Path) -> None:
    text = path.read_text("utf-8")
    named = text.splitlines()[0].removeprefix("#:schema ")
    kind = Path(named).stem
    data: dict[str, Any] = tomllib.loads(text)
    assert valid(kind, data)
    if MODELS.is_relative_to(ROOT):  # in a checkout
        kept = (path.parent / named).resolve()
        assert kept == SCHEMAS / f"{kind}.json"
        assert json.loads(kept.read_text("utf-8")) == KINDS[kind](load_catalogue().declared)


def test_a_misspelt_key_is_seen_in_each_kind_of_file() -> None:
    weights = tomllib.loads((data_folder("weights") / "default.toml").read_text("utf-8"))
    pro = tomllib.loads((MODELS / "mars-pro.toml").read_text("utf-8"))
    measured = {"mars-pro": {"ttfb_ms": {"value": 240, "source": "us", "as_of": "2026-11"}}}
    label = {"id": "a", "profile": {}, "expected": ["mars-pro"]}
    chart = tomllib.loads((MODELS / "guide/flowchart.toml").read_text("utf-8"))
    for kind, data, wrong in (
        ("weights", weights, {**weights, "curve": {}}),
        ("model", pro, {**pro, "realtime": pro["real_time"]}),
        ("measurements", measured, {"mars-pro": {"ttfb": {"value": 240}}}),
        ("labels", {"labels": [label]}, {"labels": [{**label, "expect": []}]}),
        ("flowchart", chart, {**chart, "question": []}),
        ("sources", {"schema": 1}, {"schema": 1, "us": {"name": "us"}}),
        ("attributes", {"schema": 1}, {"schema": 1, "attributs": {}}),
    ):
        assert valid(kind, data), kind
        assert not valid(kind, wrong), kind
