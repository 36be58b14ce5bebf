"""Profiles as record batches: which columns they have, and what stands in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mars_solver.batch.kernel.arrays import Numbers
from mars_solver.errors import InputError, Problem
from mars_solver.inputs.catalogue.attributes import Declarations
from mars_solver.inputs.profile_row import ID, ColumnKind, column_problems, columns

Refusal = Callable[[dict[str, Any]], list[str]]
Reasons = dict[int, list[str]]
"""Why rows, by their index, are no profiles."""


@dataclass(frozen=True)
class Records:
    """Profiles as a record batch whose columns `check_schema` admits."""

    batch: pa.RecordBatch
    refused: Reasons = field(default_factory=dict)
    """The rows that no typed column can hold; in `batch` only their id is left."""
    _read: dict[str, list[Any]] | None = None
    """The values of a text as they were read, by column; None where `batch` holds them."""

    def ids(self) -> pa.Array:
        """Return the id of each row; bytes that are not UTF-8 are replaced."""
        index = self.batch.schema.get_field_index(ID)
        if index < 0 or pa.types.is_null(self.batch.schema.types[index]):
            return pa.nulls(self.batch.num_rows, pa.string())
        column = opened(self.batch.column(index))
        if (texts := as_text(column)) is not None:
            return texts
        return pa.array(_decoded(column.cast(pa.large_binary()), "replace"), pa.string())

    def reasons(self, faulty: Numbers, refusal: Refusal) -> list[list[str]]:
        """Return every reason why rows, by their indices, are no profiles.

        Args:
            faulty: the indices.
            refusal: returns the reasons of a row, by its columns.
        """
        unsaid = np.array([row for row in faulty.tolist() if row not in self.refused], np.int64)
        said = dict(zip(unsaid.tolist(), map(refusal, self._rows(unsaid)), strict=True))
        return [self.refused.get(row) or said[row] for row in faulty.tolist()]

    def _rows(self, indices: Numbers) -> Iterator[dict[str, Any]]:
        """Yield some rows by their columns, with the values as they were read.

        Bytes that are not UTF-8 become lone surrogates, which no text has.
        """
        if self._read is not None:
            for index in indices:
                yield {name: column[index] for name, column in self._read.items()}
            return
        columns = [values(opened(each)) for each in self.batch.take(pa.array(indices)).columns]
        for row in zip(*columns, strict=True):
            yield dict(zip(self.batch.schema.names, row, strict=True))


def check_schema(schema: pa.Schema, declared: Declarations, place: str) -> None:
    """Refuse a table whose columns are no profile's.

    Raises:
        InputError: with every unknown or repeated column, and each of the wrong type.
    """
    known = columns(declared)
    problems = column_problems(schema.names, declared, place)
    problems += [
        Problem(place, field.name, kind.value, str(field.type), "cast the column")
        for field in schema
        if (kind := known.get(field.name))
        and not _fits(kind, plain(field.type), numbers=holds_numbers(field.name, declared))
    ]
    if problems:
        raise InputError(problems)


def plain(arrow: pa.DataType) -> pa.DataType:
    """Return the type of the values of a column."""
    return arrow.value_type if pa.types.is_dictionary(arrow) else arrow


def holds_numbers(name: str, declared: Declarations) -> bool:
    """Return whether a column lists numbers."""
    requirement = declared.requirement.get(name)
    return requirement is not None and requirement.members == "number"


def repeating(declared: Declarations) -> list[str]:
    """Return the columns in which the same few texts stand again and again."""
    kinds = {ColumnKind.TEXT, ColumnKind.MEMBERS}
    found = [name for name, kind in columns(declared).items() if kind in kinds]
    return [name for name in found if name not in {ID, "name"}]


def _fits(kind: ColumnKind, arrow: pa.DataType, *, numbers: bool) -> bool:
    """Return whether a column of some type can hold what is expected."""
    if pa.types.is_null(arrow):
        return True
    whole = pa.types.is_integer(arrow)
    fits: bool
    match kind:
        case ColumnKind.FLAG:
            fits = pa.types.is_boolean(arrow)
        case ColumnKind.AMOUNT:
            fits = whole or pa.types.is_floating(arrow)
        case ColumnKind.IMPORTANCE:
            fits = whole
        case ColumnKind.TEXT:
            fits = is_text_type(arrow)
        case ColumnKind.MEMBERS if pa.types.is_list(arrow) or pa.types.is_large_list(arrow):
            of = plain(arrow.value_type)
            fits = is_text_type(of) or pa.types.is_null(of)
            fits |= numbers and (pa.types.is_integer(of) or pa.types.is_floating(of))
        case ColumnKind.MEMBERS:
            fits = is_text_type(arrow)
    return bool(fits)


def is_text_type(arrow: pa.DataType) -> bool:
    """Return whether an Arrow type holds text."""
    return arrow in {pa.string(), pa.large_string(), pa.string_view()}


def opened(column: pa.Array) -> pa.Array:
    """Return a column without its dictionary."""
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def as_text(column: pa.Array) -> pa.Array | None:
    """Return a column of texts as such; None where some are not UTF-8."""
    try:
        return column.cast(pa.binary() if column.type == pa.string() else pa.large_binary()).cast(
            pa.string()
        )
    except pa.ArrowInvalid:
        return None


def values(column: pa.Array) -> list[Any]:
    """Return the values of a column as plain Python has them."""
    if is_text_type(column.type):
        return _decoded(column.cast(pa.large_binary()), "surrogateescape")
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        inner = iter(values(opened(column.flatten())))
        lengths = pc.list_value_length(column).to_pylist()
        return [many if many is None else [next(inner) for _ in range(many)] for many in lengths]
    plain: list[Any] = column.to_pylist()
    return plain


def _decoded(data: pa.Array, errors: str) -> list[Any]:
    return [each if each is None else each.decode(errors=errors) for each in data.to_pylist()]
