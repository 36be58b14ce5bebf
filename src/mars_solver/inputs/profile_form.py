"""The form of a profile: what is checked of its fields, and the JSON Schema that says so."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache, partial
from typing import Annotated, Any, Final, Literal, NamedTuple

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema, create_model

from mars_solver.errors import few, shown
from mars_solver.inputs.catalogue.attributes import Declarations, Need, Requirement
from mars_solver.inputs.catalogue.facts import (
    LONGEST_MEMBER,
    Member,
    expected_member,
    member_key,
    read_member,
)
from mars_solver.inputs.catalogue.tags import plain
from mars_solver.inputs.parsing import (
    DRAFT,
    AmountField,
    Flag,
    Importance,
    Input,
    Issue,
    TextLine,
    choice,
    invalid,
    plain_table,
    unexpected,
)
from mars_solver.vocabulary import BATCH, MAX_NUMBER, Kind

Workflow = Literal["batch"]
_FIELD: Final = "asked_"
"""What the fields of tables begin with, so that no declared name can shadow a method."""


class ReadMembers(NamedTuple):
    """The members that a set requirement asks for, and how some of them were read."""

    members: tuple[Member, ...]
    readings: dict[str, str]


def _members(value: object, declared: Declarations, requirement: Requirement) -> ReadMembers:
    """Return the members that a list names."""
    attribute = declared.attributes[requirement.attribute]
    if value is None:
        return ReadMembers((), {})
    if isinstance(value, str) or not isinstance(value, list | tuple):
        example = {"language": '["en-us"]', "number": "[24000]", "text": '["wav"]'}
        what = "language tags" if attribute.members == "language" else "members"
        raise unexpected(value, f"a list of {what}, such as {example[attribute.members]}")
    bad: list[tuple[int, object]] = []
    members: dict[Member, Member] = {}
    readings: dict[str, str] = {}
    for i, written in enumerate(value):
        member = read_member(attribute, written)
        if member is None:
            bad.append((i, written))
            continue
        if member_key(member) in members:
            continue
        members[member_key(member)] = member
        if attribute.members == "language" and plain(written) != member:
            readings[plain(written)] = str(member)
    if bad:
        expected, hint = expected_member(attribute)
        worded, rest = few(bad, "")
        issues: list[Issue] = [(str(i), expected, shown(each), hint) for i, each in worded]
        raise invalid(*issues, *((each.path, "", each.found, "") for each in rest))
    return ReadMembers(tuple(members.values()), readings)


def _table(value: object) -> object:
    """Return an absent table as an empty one, and any mapping as a dict."""
    return {} if value is None else plain_table(value)


_DIGITS: Final = r"^ *\+?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)? *$"
_WORD: Final = r"[^,;\x00-\x1f\x7f]*"
_MEMBER_SCHEMA: Final[dict[str, dict[str, Any]]] = {
    "language": {
        "type": "string",
        "maxLength": LONGEST_MEMBER,
        "pattern": "^ *[A-Za-z]{2,3}([-_][A-Za-z]{4})?([-_]([A-Za-z]{2}|[0-9]{3}))?"
        "([-_]([A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))* *$",
    },
    "number": {
        "anyOf": [
            {"type": "number", "exclusiveMinimum": 0, "maximum": MAX_NUMBER},
            {"type": "string", "maxLength": LONGEST_MEMBER, "pattern": _DIGITS},
        ]
    },
    "text": {
        "type": "string",
        "maxLength": LONGEST_MEMBER,
        "pattern": rf"^{_WORD}[^,;\s\x00-\x1f\x7f]{_WORD}$",
    },
}
"""What a member may be, as `read_member` has it; tables of text hold numbers as text."""


def _requirement_type(requirement: Requirement, declared: Declarations) -> Any:
    match requirement.kind:
        case Kind.CAPABILITY:
            return Flag
        case Kind.SET:
            check = partial(_members, declared=declared, requirement=requirement)
            items = _MEMBER_SCHEMA[requirement.members]
            schema = {"type": ["array", "null"], "items": items}
            return Annotated[Any, PlainValidator(check), WithJsonSchema(schema)]
        case _:
            return AmountField


@lru_cache(maxsize=2**6)
def profile_form(declared: Declarations) -> type[Input]:
    """Return the form of a profile: what pydantic checks, and what its JSON Schema comes from."""
    require: dict[str, Any] = {}
    for r in declared.requirements:
        default = False if r.kind is Kind.CAPABILITY else None
        about = f"{r.describe}, in {r.unit}" if r.unit else r.describe
        field = Field(default=default, alias=r.name, title=r.label, description=about)
        require[f"{_FIELD}{r.name}"] = (_requirement_type(r, declared), field)
    prefer: dict[str, Any] = {}
    for c in declared.criteria:
        about = f"importance of {c.describe}: 5 neutral, 0 off"
        field = Field(default=None, alias=c.name, title=c.label, description=about)
        prefer[f"{_FIELD}{c.name}"] = (Importance, field)
    requirements: Any = create_model("Requirements", __base__=Input, **require)
    preferences: Any = create_model("Preferences", __base__=Input, **prefer)
    needs = [need.name for need in declared.needs]
    primary: Any = (
        Annotated[str | None, choice(*needs)]
        if needs
        else Annotated[None, PlainValidator(_no_need), WithJsonSchema({"type": "null"})]
    )
    form = create_model(
        "Profile",
        __base__=Input,
        name=(TextLine, None),
        workflow=(Annotated[Workflow | None, choice(BATCH)], None),
        primary=(primary, None),
        accept_beta=(Flag, False),
        require=(
            Annotated[requirements, BeforeValidator(_table)],
            Field(default_factory=requirements),
        ),
        prefer=(
            Annotated[preferences, BeforeValidator(_table)],
            Field(default_factory=preferences),
        ),
    )
    form.__doc__ = "What one project needs."
    return form


def stated_in(table: Input, names: Iterable[str]) -> dict[str, Any]:
    """Return what a filled-in table of a form states, by the names that it was made of."""
    values = zip(names, table.__dict__.values(), strict=True)
    return {name: each for name, each in values if each is not None and each is not False}


def _no_need(value: object) -> None:
    if value is not None:
        raise unexpected(value, "nothing: this catalogue has no guide, and so no needs")


def form_schema(known: Declarations) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a profile."""
    schema = profile_form(known).model_json_schema()
    for table in ("require", "prefer"):
        reference = {"$ref": schema["properties"][table]["$ref"]}
        schema["properties"][table] = {"anyOf": [reference, {"type": "null"}]}
    rules = [
        {"if": _has("primary", {"const": need.name}), "then": _states(need, known)}
        for need in known.needs
    ] + [
        {"if": _has("workflow", {"const": BATCH}), "then": {"not": _states(need, known)}}
        for need in known.needs
        if need.live
    ]
    return {
        "$schema": DRAFT,
        "$id": "mars-solver/profile/2",
        **schema,
        **({"allOf": rules} if rules else {}),
    }


_STATED: Final[dict[Kind, dict[str, Any]]] = {
    Kind.CAPABILITY: {"const": True},
    Kind.NUMBER: {"type": "number"},
    Kind.ORDINAL: {"type": "number"},
    Kind.SET: {"type": "array", "minItems": 1},
}


def _states(need: Need, declared: Declarations) -> dict[str, Any]:
    """Return the schema of profiles that state a need."""
    stating = [(name, _STATED[declared.requirement[name].kind]) for name in need.stated_by]
    stating += [(name, {"type": "number", "exclusiveMaximum": limit}) for name, limit in need.below]
    if not stating:
        return {"not": {}}  # nothing states it
    unless = dict(need.unless)
    return {
        "anyOf": [
            _has("require", _has(name, value) | _lacking(unless.get(name, ()), declared))
            for name, value in stating
        ]
    }


def _lacking(names: Iterable[str], declared: Declarations) -> dict[str, Any]:
    """Return the schema of tables in which none of some requirements is stated."""
    stated = [_has(name, _STATED[declared.requirement[name].kind]) for name in names]
    return {"not": {"anyOf": stated}} if stated else {}


def _has(key: str, value: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of tables in which a key has a value of some schema."""
    return {"type": "object", "properties": {key: value}, "required": [key]}
