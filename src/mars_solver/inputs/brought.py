"""What people bring to be answered: one profile or many, in the form that their tools have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from os import PathLike
from typing import Any, Final

from mars_solver.errors import Faults, InputError, Problem, extra, shown
from mars_solver.inputs.catalogue.attributes import Declarations
from mars_solver.inputs.profile import Profile, parse_profile
from mars_solver.inputs.profile_row import (
    as_mapping,
    column_problems,
    columns,
    is_nested,
    is_series,
    parse_row,
)

_FIELDS: Final = frozenset({"name", "workflow", "primary", "accept_beta"})
"""The columns that a profile has as well."""
_MANY: Final = "profiles, or a table of them"


def profile_in(brought: object, declared: Declarations, place: str) -> Profile:
    """Return the profile that somebody brings.

    Args:
        brought: a `Profile`; a mapping that describes one; or a row of a table, which has the
            fields side by side; a row of a data frame of pandas too.
        declared: what can be asked.
        place: how messages call it.

    Raises:
        InputError: with every fault of it.
    """
    if isinstance(brought, str | bytes | PathLike):
        hint = "to read a file: load_profile(path)"
        raise InputError([Problem(place, "", "a profile", shown(brought), hint)])
    if brought is None:
        raise InputError([Problem(place, "", "a profile", "nothing", "an empty one is {}")])
    brought = as_mapping(brought)
    if hasattr(brought, "__arrow_c_stream__"):
        hint = "to answer each row of a table: recommend_many(table) or decide(table)"
        raise InputError([Problem(place, "", "a profile", f"a {type(brought).__name__}", hint)])
    if isinstance(brought, Mapping) and _is_row(brought, declared):
        return parse_row(dict(brought), declared, place)
    return parse_profile(brought, place, declared)


def _is_row(brought: Mapping[Any, object], declared: Declarations) -> bool:
    """Return whether a mapping has the fields of a profile side by side."""
    known = columns(declared)
    return not is_nested(brought) and any(key in known and key not in _FIELDS for key in brought)


def profiles_in(brought: object, declared: Declarations, place: str) -> tuple[Profile, ...]:
    """Return the profiles that somebody brings, in order.

    Args:
        brought: anything to iterate over, once, with what `profile_in` takes; or a table whose rows
            are profiles: Arrow in any form, and what has the Arrow C stream, such as a data frame.
        declared: what can be asked.
        place: how messages call the whole.

    Raises:
        InputError: with every fault of every profile, or where the extra `batch` is not installed
            that reads tables.
    """
    found: list[Profile] = []
    faults = Faults()
    for index, each in enumerate(_items(brought, declared, place)):
        with faults:
            found.append(profile_in(each, declared, f"{place}[{index}]"))
    faults.check()
    return tuple(found)


def _items(brought: Any, declared: Declarations, place: str) -> Iterable[object]:
    """Return what there is to iterate over."""
    one = is_one(brought)
    if not one and (
        hasattr(brought, "__arrow_c_stream__") or hasattr(brought, "__arrow_c_array__")
    ):
        return _rows(brought, declared, place)
    return each_of(brought, place, _MANY)


def each_of(brought: object, place: str, expected: str) -> Iterable[object]:
    """Return what somebody brings to iterate over.

    Args:
        brought: the whole, which is no table.
        place: how messages call it.
        expected: what messages expect.

    Raises:
        InputError: where it is one profile, or nothing to iterate over.
    """
    hint = ""
    if is_one(brought):
        hint = "put one profile in a list: [profile]"
    elif isinstance(brought, str | bytes | PathLike):
        hint = "to read a table: mars-solver batch FILE, or read it into a data frame first"
    elif isinstance(brought, Iterable):
        return brought
    found = f"a {type(brought).__name__}" if is_series(brought) else shown(brought)
    raise InputError([Problem(place, "", expected, found, hint)])


def is_one(brought: object) -> bool:
    """Return whether something is one profile, where many are expected."""
    return isinstance(brought, Profile | Mapping) or is_series(brought)


def _rows(table: Any, declared: Declarations, place: str) -> Iterator[Mapping[str, object]]:
    """Yield the rows of a table in Arrow, batch by batch.

    Raises:
        InputError: where it is no table, or with every column that no profile has.
    """
    with extra("batch"):
        import pyarrow as pa  # noqa: PLC0415  (loads when used)
    try:
        if hasattr(table, "__arrow_c_stream__"):
            batches: Any = pa.RecordBatchReader.from_stream(table)
            schema = batches.schema
        else:
            batches = [pa.record_batch(table)]
            schema = batches[0].schema
        without = "drop them from the table first; decide(table, extra_columns=...) can carry them"
        if problems := column_problems(schema.names, declared, place, without=without):
            raise InputError(problems)
        for batch in batches:
            yield from batch.to_pylist()
    except (pa.ArrowException, UnicodeDecodeError) as error:
        said = str(error).partition("\n")[0]
        raise InputError([Problem(place, "", _MANY, f"a {type(table).__name__}: {said}")]) from None
