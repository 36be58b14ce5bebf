"""Attributes that a copied catalogue declares reach every part, with no line of code."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asgi import Client
from command import run
from mars_solver import decide, load_catalogue, load_weights, recommend
from mars_solver.inputs.profile import profile_schema
from mars_solver.inputs.profile_row import ColumnKind, columns
from mars_solver.web.app import create_app
from random_catalogues import fact
from strategies import FILES, WEIGHING, Table, World, cases, policies

PRICE = "max_price_usd_per_mchar"
DECLARED: Table = {
    "certifications": {"kind": "set", "label": "Certifications", "group": "Compliance"},
    "watermark": {"kind": "capability", "label": "Watermark", "criterion": "marking"},
    "support": {
        "kind": "ordinal",
        "label": "Support",
        "scale": [1, 5],
        "requirements": {"min": "min_support"},
        "criterion": "support_quality",
    },
}
FACTS: dict[str, tuple[Table, list[str], Any, Any]] = {
    "mars-flash": ({"low": 20, "high": 30}, ["soc2"], True, 3),
    "mars-pro": ({"low": 60, "high": 90}, ["soc2", "hipaa"], False, 4),
    "mars-instruct": ({"value": 80}, [], True, 5),
    "mars-nano": ({"value": "unknown"}, ["soc2"], "unknown", 2),
}


def files() -> dict[str, Table]:
    """The shipped catalogue with further attributes, and facts about them."""
    content = copy.deepcopy(FILES)
    attributes = content["attributes"]["attributes"]
    attributes["price_usd_per_mchar"] |= {"criterion": "price", "criterion_label": "Low price"}
    attributes |= copy.deepcopy(DECLARED)
    for name, (price, certified, marked, support) in FACTS.items():
        told = fact(source="guide")
        content[name] |= {
            "price_usd_per_mchar": {**told, **price},
            "certifications": {**told, "yes": certified, "others": "no"},
            "watermark": {**told, "value": marked},
            "support": {**told, "value": support},
        }
    return content


def weighing() -> Table:
    """The shipped weights with a curve and a base weight for each further criterion."""
    content = copy.deepcopy(WEIGHING)
    rising = [{"at": 1, "value": 0}, {"at": 5, "value": 10**6}]
    falling = [{"at": 1, "value": 10**6}, {"at": 1000, "value": 0}]
    content["curves"] |= {
        "price": {"scale": "log", "anchors": falling},
        "support_quality": {"scale": "linear", "anchors": rising},
    }
    content["base"] |= {"price": 80, "marking": 10, "support_quality": 50}
    return content


WHERE = World(files(), weighing(), "the shipped catalogue with further attributes")


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """Flags that name the catalogue and the weights, as files."""
    folder = tmp_path_factory.mktemp("declared")
    (folder / "guide").mkdir()
    for name, content in WHERE.files.items():
        (folder / f"{name}.toml").write_text(json.dumps(content), "utf-8")
    weights = tmp_path_factory.mktemp("weights") / "own.toml"
    weights.write_text(json.dumps(WHERE.weighing), "utf-8")
    return "--models", str(folder), "--weights", str(weights)


ASKED = {
    "require": {PRICE: 30, "certifications": ["soc2"], "min_support": 2},
    "prefer": {"price": 8},
}


@given(cases(st.just(WHERE)), policies)
@settings(max_examples=100)
def test_decisions_over_them_are_those_of_the_oracle(
    case: tuple[World, Table], unknown: Any
) -> None:
    where, data = case
    decision = where.solver.decide(where.profile(data), unknown)
    assert decision.ids == where.oracle.ranking(data, unknown)


@pytest.mark.usefixtures("_without_the_dead")
def test_flags_ask_for_them(paths: tuple[str, ...]) -> None:
    flags = ["--require", f"{PRICE}=30", "--require", "certifications=soc2", "--require",
             "min_support=2", "--prefer", "price=8"]  # fmt: skip
    told = json.loads(run("recommend", *paths, *flags, "--json").stdout)
    assert told["profile"]["require"] == ASKED["require"]
    assert [c["model"] for c in told["shortlist"]] == ["mars-flash", "mars-nano"]
    assert told["shortlist"][1]["to_verify"][0]["requirement"] == PRICE
    folder, weights = Path(paths[1]), Path(paths[3])
    same = recommend(ASKED, catalogue=load_catalogue(folder), weights=load_weights(weights))
    assert same.to_dict() == told
    assert "no fault found" in run("catalogue", paths[1], "--check").stdout
    assert "Certifications" in run("catalogue", paths[1]).stdout


def test_the_schema_and_the_columns_have_them() -> None:
    declared = WHERE.catalogue.declared
    properties = profile_schema(declared)["$defs"]["Requirements"]["properties"]
    assert {"certifications", "watermark", "min_support"} <= properties.keys()
    assert {"price", "marking", "support_quality"} <= profile_schema(declared)["$defs"][
        "Preferences"
    ]["properties"].keys()
    found = columns(declared)
    assert found["certifications"] is ColumnKind.MEMBERS
    assert found["min_support"] is ColumnKind.AMOUNT
    assert found["price"] is ColumnKind.IMPORTANCE


def test_a_table_is_answered_as_one_profile_is() -> None:
    rows: list[Table] = [
        {PRICE: 30.0, "certifications": ["soc2"], "price": 8},
        {"min_support": 4.0, "watermark": True},
        {"certifications": ["hipaa"], PRICE: 10.0},
    ]
    batch = pa.RecordBatch.from_pylist(rows, schema=pa.schema(
        [(PRICE, pa.float64()), ("certifications", pa.list_(pa.string())), ("price", pa.int64()),
         ("min_support", pa.float64()), ("watermark", pa.bool_())]
    ))  # fmt: skip
    answers = decide(batch, catalogue=WHERE.catalogue, weights=WHERE.weights).to_pylist()
    for row, answer in zip(rows, answers, strict=True):
        prefer = {name: value for name, value in row.items() if name == "price"}
        require = {name: value for name, value in row.items() if name != "price"}
        single = recommend(
            {"require": require, "prefer": prefer},
            catalogue=WHERE.catalogue,
            weights=WHERE.weights,
        )
        first = single.shortlist[0] if single.shortlist else None
        assert answer["status"] == single.status
        assert answer["model_1"] == (first and first.model)
        assert answer["score_1"] == (first and first.score)


def test_explanations_speak_of_them() -> None:
    asked = {PRICE: 30, "certifications": ["hipaa", "soc2"], "watermark": True}
    answer = recommend({"require": asked}, catalogue=WHERE.catalogue, weights=WHERE.weights)
    assert answer.status == "infeasible"
    changes = {
        (
            r.status,
            tuple(
                (c.requirement, c.to if not isinstance(c.to, list) else tuple(c.to))
                for c in r.changes
            ),
        )
        for r in answer.relaxations
    }
    expected = WHERE.oracle.relaxations({"require": asked})
    assert {(status, frozenset(each)) for status, each in changes} == expected
    assert ("meets", (("certifications", ("soc2",)),)) in changes
    explained = recommend(
        {"require": {"real_time": True}}, catalogue=WHERE.catalogue, weights=WHERE.weights
    ).explain()
    axes = {each.requirement for each in explained.thresholds}
    assert {PRICE, "min_support"} <= axes
    contributions = {c.criterion for c in explained.answer.shortlist[0].contributions}
    assert {"price", "marking", "support_quality"} <= contributions


def test_the_page_has_fields_for_them() -> None:
    page = Client(create_app(WHERE.solver)).get("/").text
    for label in ("Certifications", "Watermark", "Support", "Low price", "Compliance"):
        assert label in page
    for name in ("certifications", "watermark", "min_support", PRICE):
        assert f'name="{name}"' in page
