"""The JSON Schema of a profile accepts what the parser accepts, whatever the catalogue."""

from __future__ import annotations

from functools import cache
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mars_solver import InputError, Profile
from mars_solver.inputs.profile import parse_profile, profile_schema
from small import build
from strategies import (
    DECLARED,
    SHIPPED_WORLD,
    Table,
    World,
    cases,
    profile_dicts,
    shipped_or_pooled,
    worlds,
)

any_case = cases() | cases(shipped_or_pooled())
wrong: st.SearchStrategy[Any] = st.sampled_from(
    [
        "yes", 1, 0, -1, 1.5, True, False, 10**9, 10**9 + 1, 11, [], ["en"], ["en-us"], ["wav"],
        [24000], ["24000"], [0], [-5], [10**9 + 1], ["a,b"], ["a;b"], [" "], ["zh-hans-cn"],
        ["en--us"], [None], [True], {}, None, "", 8.0, 0.0, -0.0, 11.0, [24000.0],
    ]
)  # fmt: skip


@cache
def validator(where: World) -> Any:
    return jsonschema.Draft202012Validator(profile_schema(where.catalogue.declared))


def parses(where: World, data: Any) -> bool:
    try:
        where.profile(data)
    except InputError:
        return False
    return True


@given(worlds() | shipped_or_pooled())
@settings(max_examples=30)
def test_the_schema_follows_the_declarations(where: World) -> None:
    declared = where.catalogue.declared
    schema = profile_schema(declared)
    jsonschema.Draft202012Validator.check_schema(schema)
    properties = schema["$defs"]["Requirements"]["properties"]
    assert list(properties) == [r.name for r in declared.requirements]
    for requirement in declared.requirements:
        assert properties[requirement.name]["title"] == requirement.label
        assert requirement.describe in properties[requirement.name]["description"]
    assert list(schema["$defs"]["Preferences"]["properties"]) == [c.name for c in declared.criteria]


def test_the_schema_without_an_argument_is_the_shipped_one() -> None:
    assert profile_schema() == profile_schema(DECLARED)
    assert profile_schema()["$id"] == "mars-solver/profile/2"


@given(any_case)
def test_what_is_parsed_is_valid(case: tuple[World, Table]) -> None:
    where, data = case
    validator(where).validate(data)
    validator(where).validate(where.profile(data).to_dict())


@given(
    worlds() | shipped_or_pooled(),
    st.sampled_from(["require", "prefer", None]),
    st.integers(0, 99),
    wrong,
)
@settings(max_examples=300)
def test_schema_and_parser_agree_on_single_fields(
    where: World, table: str | None, index: int, value: Any
) -> None:
    declared = where.catalogue.declared
    keys = {
        "require": [*declared.requirement, "unheard_of"],
        "prefer": [*declared.criterion, "unheard_of"],
        None: ["name", "accept_beta", "workflow", "primary", "unheard_of"],
    }[table]
    key = keys[index % len(keys)]
    data = {key: value} if table is None else {table: {key: value}}
    assert validator(where).is_valid(data) == parses(where, data)


@given(
    profile_dicts(),
    st.sampled_from([None, "batch"]),
    st.sampled_from([None, "real_time", "voice_transfer", "style_control", "on_device"]),
)
def test_schema_and_parser_agree_on_what_contradicts_itself(
    data: dict[str, Any], workflow: str | None, primary: str | None
) -> None:
    mixed = {**data, "workflow": workflow, "primary": primary}
    assert validator(SHIPPED_WORLD).is_valid(mixed) == parses(SHIPPED_WORLD, mixed)


@given(any_case)
def test_a_profile_survives_its_plain_form(case: tuple[World, Table]) -> None:
    where, data = case
    profile = where.profile(data)
    again = where.profile(profile.to_dict())
    assert again == profile
    assert hash(again) == hash(profile)
    assert list(profile.require) == list(where.oracle.stated(data))
    assert profile.stated == sum(
        where.catalogue.declared.requirement[name].bit for name in profile.require
    )


def test_every_fault_of_a_profile_comes_at_once_with_its_hint() -> None:
    data = {
        "nme": "x",
        "require": {"quik": True, "max_price": -1, "rates": ["x"], "tongues": "pt"},
        "prefer": {"sped": 3, "cheapness": 11},
        "primary": "quick",
    }
    with pytest.raises(InputError) as caught:
        parse_profile(data, "p.toml", build().declared)
    assert [(p.path, p.hint) for p in caught.value.problems] == [
        ("nme", "did you mean name?"),
        ("prefer.cheapness", ""),
        ("prefer.sped", "did you mean speed?"),
        ("primary", ""),
        ("require.max_price", ""),
        ("require.quik", "did you mean quick?"),
        ("require.rates.0", ""),
        ("require.tongues", ""),
    ]
    assert "no guide" in str(caught.value)


def test_null_false_and_an_empty_list_state_nothing() -> None:
    silent: Table = {
        "quick": False,
        "hosted": None,
        "max_price": None,
        "formats": [],
        "tongues": None,
    }
    profile = parse_profile({"require": silent, "prefer": None}, "test", build().declared)
    assert (dict(profile.require), profile.stated) == ({}, 0)


def test_a_profile_does_not_change() -> None:
    profile = Profile(require={"real_time": True})
    with pytest.raises(AttributeError):
        profile.name = "other"
    with pytest.raises(TypeError):
        profile.require["on_device"] = True  # type: ignore[index]
