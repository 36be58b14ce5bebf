"""The JSON Schema of a profile accepts what the parser accepts."""

from __future__ import annotations

from typing import Any

import jsonschema
from hypothesis import given
from hypothesis import strategies as st

from mars_solver import InputError, Profile
from mars_solver.inputs.profile import profile_schema
from mars_solver.vocabulary import CRITERION_NAMES, REQUIREMENTS
from strategies import profile_dicts

SCHEMA = profile_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

wrong: st.SearchStrategy[Any] = st.sampled_from(
    ["yes", 1, 0, -1, 1.5, True, 10**9, 10**9 + 1, 11, [], ["en"], ["en-us"], {}, None, ""]
)


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    properties = SCHEMA["$defs"]["Requirements"]["properties"]
    assert list(properties) == [r.name for r in REQUIREMENTS]
    assert list(SCHEMA["$defs"]["Preferences"]["properties"]) == list(CRITERION_NAMES)
    assert all(field["description"] for field in properties.values())


def parses(data: Any) -> bool:
    try:
        Profile.model_validate(data)
    except InputError:
        return False
    return True


@given(profile_dicts())
def test_what_is_parsed_is_valid(data: dict[str, Any]) -> None:
    VALIDATOR.validate(data)
    VALIDATOR.validate(Profile.model_validate(data).to_dict())


@given(
    st.sampled_from(["require", "prefer", None]),
    st.sampled_from([*(r.name for r in REQUIREMENTS), *CRITERION_NAMES, "name", "accept_beta"]),
    wrong,
)
def test_schema_and_parser_agree_on_single_fields(table: str | None, key: str, value: Any) -> None:
    data = {key: value} if table is None else {table: {key: value}}
    assert VALIDATOR.is_valid(data) == parses(data)


@given(
    profile_dicts(),
    st.sampled_from([None, "batch"]),
    st.sampled_from([None, "real_time", "voice_transfer", "style_control", "on_device"]),
)
def test_schema_and_parser_agree_on_what_contradicts_itself(
    data: dict[str, Any], workflow: str | None, primary: str | None
) -> None:
    mixed = {**data, "workflow": workflow, "primary": primary}
    assert VALIDATOR.is_valid(mixed) == parses(mixed)
