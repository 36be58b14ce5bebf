"""Results as plain JSON values, and the JSON Schema of them: both follow from their types.

A result is a dataclass, or a class whose parts are computed when first asked for. Its fields or
parts give the keys, in their order; a trailing underscore, which keeps a name off Python's
keywords, is not part of the key. Docstrings become the descriptions of the schema.
"""

from __future__ import annotations

from dataclasses import make_dataclass
from functools import cache
from inspect import getdoc
from types import GenericAlias
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar, get_type_hints

from pydantic import ConfigDict, Field, TypeAdapter

from mars_solver.budget import spend
from mars_solver.derived import derived
from mars_solver.vocabulary import INFEASIBLE, INVALID, Status


def _one_of(*words: str) -> Any:
    return Field(json_schema_extra={"enum": list(words)})


_RANKED: Final = (Status.MEETS.word, Status.UNVERIFIED.word)
UnitNumber = Annotated[float, Field(ge=0, le=1)]
RankedStatus = Annotated[str, _one_of(*_RANKED)]
"""The status of a model on a shortlist."""
ModelStatus = Annotated[str, _one_of(*_RANKED, Status.EXCLUDED.word)]
"""The status of any model."""
AnswerStatus = Annotated[str, _one_of(*_RANKED, INFEASIBLE)]
"""The status of the winner, or that no model is left."""
ThresholdStatus = Annotated[str, _one_of(*_RANKED, INFEASIBLE, INVALID)]
"""The same for a threshold, or that it would contradict the rest of the profile."""

_CONFIG: Final = ConfigDict(
    alias_generator=lambda name: name.rstrip("_"),
    json_schema_serialization_defaults_required=True,
    arbitrary_types_allowed=True,
)


T = TypeVar("T")


class part(derived[T]):  # noqa: N801  (used like `property`)
    """A part of a result: computed once, when first asked for, and a key of its JSON."""

    if not TYPE_CHECKING:  # it has the type of `cached_property`

        def __get__(self, instance: Any, owner: Any = None) -> Any:
            """Return the part, within the time that the work may take."""
            if instance is not None:
                spend()
            return super().__get__(instance, owner)


@cache
def _table(kind: type) -> Any:
    """Return the dataclass of the parts of a class, with their types and descriptions."""
    fields = []
    for name, item in vars(kind).items():
        if isinstance(item, part):
            returned = get_type_hints(item.func, include_extras=True)["return"]
            fields.append((name, Annotated[returned, Field(description=getdoc(item))]))
    summary = (getdoc(kind) or "").partition("\n\n")[0]
    return make_dataclass(kind.__name__, fields, namespace={"__doc__": summary}, slots=True)


@cache
def _adapter(*kinds: type, described: bool = False) -> TypeAdapter[Any]:
    """Return what serialises a tuple of classes of parts, built when first used.

    In a tuple, because a dataclass of the standard library takes its configuration from around it.
    Reading the docstrings from the source takes longer than all else, and only a schema needs them.
    """
    config = ConfigDict(**_CONFIG, use_attribute_docstrings=described)
    tables: Any = GenericAlias(tuple, tuple(map(_table, kinds)))
    return TypeAdapter(tables, config=config)


def json_values(result: Any) -> dict[str, Any]:
    """Return the parts of a result as plain JSON values, unrounded; fractions as text."""
    adapter, parts = _parts(result)
    values: list[dict[str, Any]] = adapter.dump_python(parts, mode="json", by_alias=True)
    return values[0]


def json_bytes(result: Any) -> bytes:
    """Return the same as JSON, in a quarter of the time."""
    adapter, parts = _parts(result)
    data = adapter.serializer.to_json(parts, by_alias=True)
    return data[1:-1]  # without the brackets of the tuple


def _parts(result: Any) -> tuple[TypeAdapter[Any], tuple[Any]]:
    """Return what serialises a result, and its parts, in a tuple as the adapter takes it."""
    kind: Any = type(result)
    table = _table(kind)
    return _adapter(kind), (table(*[getattr(result, name) for name in table.__match_args__]),)


def schemas_of(*kinds: type) -> dict[str, dict[str, Any]]:
    """Return the JSON Schema of classes of parts and of all tables in them, by name.

    They refer to one another as `#/$defs/NAME`.
    """
    schema = _adapter(*kinds, described=True).json_schema(mode="serialization")
    tables: dict[str, dict[str, Any]] = schema["$defs"]
    for table in tables.values():
        for described in (table, *table.get("properties", {}).values()):
            if text := described.get("description"):
                described["description"] = " ".join(text.split()).replace("None", "null")
    return tables
