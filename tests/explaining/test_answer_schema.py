"""The JSON Schema of an answer says exactly what is answered."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator, meta

from closed import ASKED, closed
from mars_solver import Profile, Solver, recommend, recommend_with
from mars_solver.explaining.explanation import answer_schema
from mars_solver.vocabulary import POLICIES, Policy
from strategies import profiles, solvers

SCHEMA = answer_schema()
TABLES = {name: table for name, table in SCHEMA["$defs"].items() if name not in ASKED}
STRICT = Draft202012Validator(
    {**SCHEMA, "$defs": closed(SCHEMA["$defs"]), "additionalProperties": False}
)
EXPLAINED = [
    recommend({"require": {"real_time": True, **more}}, unknown="accept")
    .explain("mars-instruct")
    .to_dict()
    for more in (
        {"short_reference": True},
        {"style_control": True, "max_memory_mb": 50},
        {"max_ttfb_ms": 300},
    )
]
"""Answers in which every table occurs."""


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every object of an answer, outside the profile that it repeats and the calls it prints."""
    if isinstance(value, dict):
        yield value
        for key, item in value.items():
            yield from () if key in {"profile", "calls"} else objects(item)
    elif isinstance(value, list):
        for item in value:
            yield from objects(item)


def test_the_schema_is_one_and_every_table_is_described() -> None:
    meta.validate(SCHEMA)
    assert (SCHEMA["$id"], SCHEMA["type"]) == (EXPLAINED[0]["schema"], "object")
    assert list(EXPLAINED[0]) == [*SCHEMA["required"], *SCHEMA["dependentRequired"]]
    assert all(table["description"] for table in TABLES.values())
    assert "None" not in json.dumps([SCHEMA["properties"], TABLES])
    seen = {frozenset(each) for answer in EXPLAINED for each in objects(answer)}
    assert {frozenset(table["properties"]) for table in TABLES.values()} <= seen


@given(solvers(), profiles(), st.sampled_from(POLICIES))
@settings(max_examples=100)
def test_answers_of_any_catalogue_are_valid(
    solver: Solver, profile: Profile, unknown: Policy
) -> None:
    answer = recommend_with(solver, profile, unknown=unknown)
    STRICT.validate(answer.to_dict())
    STRICT.validate(answer.explain(solver.catalogue.models[-1].id).to_dict())


def test_an_answer_that_lacks_a_key_is_none() -> None:
    for answer in EXPLAINED:
        STRICT.validate(answer)
        unlike = {frozenset(each): i for i, each in enumerate(objects(answer))}
        for keys, i in unlike.items():
            for key in keys - {"model"} if i == 0 else keys:
                fewer = copy.deepcopy(answer)
                del list(objects(fewer))[i][key]
                assert not STRICT.is_valid(fewer), key


def test_an_explanation_is_whole_or_not_there() -> None:
    part = {"difference", "importances", "thresholds", "decisive_facts", "first_rank_shares"}
    without = {key: value for key, value in EXPLAINED[0].items() if key not in {*part, "model"}}
    STRICT.validate(without)
    assert not STRICT.is_valid({**without, "model": EXPLAINED[0]["model"]})
    assert not STRICT.is_valid({**without, "difference": None})
