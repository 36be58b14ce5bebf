"""Profiles as record batches: which columns they have, and what stands in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mars_solver.batch.kernel.arrays import Numbers
from mars_solver.errors import InputError, Problem
from mars_solver.inputs.catalogue.attributes import Declarations
from mars_solver.inputs.parsing import plainly
from mars_solver.inputs.profile_row import (
    ID,
    ColumnKind,
    ExtraColumns,
    column_problems,
    columns,
    extras,
    flag,
    id_text,
)

PlainRows = list[dict[str, Any]]
Refusal = Callable[[dict[str, Any]], list[str]]
Reasons = dict[int, list[str]]
"""Why rows, by their index, are no profiles; no reason yet where their values say it."""


@dataclass(frozen=True)
class Records:
    """Profiles as a record batch whose columns `check_schema` admits."""

    batch: pa.RecordBatch
    refused: Reasons = field(default_factory=dict)
    """The rows that no typed column can hold; of these only the id in `batch` counts."""
    kept: Sequence[str] = ()
    """The columns of `batch` that no profile has and that the answers carry."""
    read: Callable[[Numbers], PlainRows] | None = None
    """Returns some rows by their columns as they were read; None where `batch` holds them."""

    def ids(self) -> pa.Array:
        """Return the id of each row; bytes that are not UTF-8 are replaced."""
        index = self.batch.schema.get_field_index(ID)
        if index < 0:
            return pa.nulls(self.batch.num_rows, pa.string())
        return texts_of(self.batch.column(index))

    def reasons(self, faulty: Numbers, refusal: Refusal) -> list[list[str]]:
        """Return every reason why rows, by their indices, are no profiles.

        Args:
            faulty: the indices.
            refusal: returns the reasons of a row, by its columns.
        """
        unsaid = np.array([row for row in faulty.tolist() if not self.refused.get(row)], np.int64)
        said = dict(zip(unsaid.tolist(), map(refusal, self.rows(unsaid)), strict=True))
        return [self.refused.get(row) or said[row] for row in faulty.tolist()]

    def rows(self, indices: Numbers) -> PlainRows:
        """Return some rows by their columns, with the values as they were read.

        Bytes that are not UTF-8 become lone surrogates, which no text has.
        """
        if self.read is not None:
            return self.read(indices)
        names = [name for name in self.batch.schema.names if name not in self.kept]
        asked = self.batch.select(names).take(pa.array(indices))
        each = [values(opened(column)) for column in asked.columns]
        return [dict(zip(names, row, strict=True)) for row in zip(*each, strict=True)]


def of_batch(
    batch: pa.RecordBatch, declared: Declarations, extra: ExtraColumns | None = None
) -> Records:
    """Return the records of a record batch that `check_schema` admits."""
    known = columns(declared)
    kept = extras(batch.schema.names, declared) if extra == "keep" else []
    names = [name for name in batch.schema.names if name in known or name in kept]
    if len(names) < batch.num_columns:
        batch = batch.select(names) if names else _no_columns(batch.num_rows)
    for index, each in enumerate(batch.schema):
        if each.name in known and (without := _without_views(each.type)) != each.type:
            batch = batch.set_column(index, each.name, _cast(batch.column(index), without))
    return _with_flags(Records(batch, kept=kept), known)


def _with_flags(records: Records, known: Mapping[str, ColumnKind]) -> Records:
    """Return records with yes and no in texts or numbers as true and false."""
    batch, refused = records.batch, dict(records.refused)
    others = [
        each.name
        for each in batch.schema
        if known.get(each.name) is ColumnKind.FLAG and not pa.types.is_boolean(each.type)
    ]
    for name in others:
        index = batch.schema.get_field_index(name)
        coded = opened(batch.column(index)).dictionary_encode()
        said = [_flag(value) for value in values(coded.dictionary)]
        right = [value if isinstance(value, bool) else None for value in said]
        wrong = pa.array([value is not right[i] for i, value in enumerate(said)], pa.bool_())
        for row in pc.indices_nonzero(wrong.take(coded.indices)).to_pylist():
            refused[row] = []
        flags = pa.array(right, pa.bool_()).take(coded.indices)
        batch = batch.set_column(index, name, flags)

    def read(indices: Numbers) -> PlainRows:
        rows = records.rows(indices)
        return [row | {name: _flag(row[name]) for name in others} for row in rows]

    return replace(records, batch=batch, refused=refused, read=read) if others else records


def _flag(value: Any) -> Any:
    """Return yes or no as true or false, and the number that stands for nothing as null."""
    value = plainly(value)
    return None if value != value else flag(value)  # noqa: PLR0124  (NaN)


def _without_views(arrow: pa.DataType) -> pa.DataType:
    """Return a type without views of text, as Polars has them, and with lists of any length.

    Arrow takes no rows of views.
    """
    if arrow == pa.string_view():
        return pa.large_string()
    if _is_list(arrow):
        make = pa.list_ if pa.types.is_list(arrow) else pa.large_list
        return make(_without_views(arrow.value_type))
    if pa.types.is_dictionary(arrow):
        return pa.dictionary(arrow.index_type, _without_views(arrow.value_type), arrow.ordered)
    return arrow


def _no_columns(rows: int) -> pa.RecordBatch:
    """Return as many empty profiles."""
    return pa.RecordBatch.from_arrays([pa.nulls(rows, pa.string())], [ID])


def check_schema(
    schema: pa.Schema,
    declared: Declarations,
    place: str,
    extra: ExtraColumns | None = None,
    taken: Iterable[str] = (),
) -> None:
    """Refuse a table whose columns are no profile's.

    Args:
        schema: of the table.
        declared: what can be asked.
        place: how messages call the table.
        extra: what becomes of columns that no profile has.
        taken: the names of the columns of answers.

    Raises:
        InputError: with every unknown or repeated column, and each of the wrong type.
    """
    known = columns(declared)
    problems = column_problems(schema.names, declared, place, extra, list(taken))
    problems += [
        Problem(place, field.name, kind.value, _in_words(field.type), "cast the column")
        for field in schema
        if (kind := known.get(field.name))
        and not _fits(field, kind, numbers=holds_numbers(field.name, declared))
    ]
    if problems:
        raise InputError(problems)


def texts_of(column: pa.Array) -> pa.Array:
    """Return a column of scalars as texts; bytes that are not UTF-8 are replaced."""
    column = opened(column)
    if isinstance(column, pa.ExtensionArray):
        column = _identifiers(column)
    if pa.types.is_floating(column.type) or pa.types.is_decimal(column.type):
        return pa.array(
            [v if v is None else id_text(_plain(v)) for v in column.to_pylist()], pa.string()
        )
    if is_text_type(column.type):
        texts = as_text(column)
        return _replaced(column.cast(pa.large_binary())) if texts is None else texts
    if _holds_bytes(column.type):
        return _replaced(column)
    try:
        return column.cast(pa.string())
    except pa.ArrowNotImplementedError:
        return pa.array([v if v is None else str(v) for v in column.to_pylist()], pa.string())


def _plain(number: Any) -> Any:
    """Return a whole number as such, whatever the type that holds it."""
    return int(number) if number == number // 1 else number


def _identifiers(column: pa.ExtensionArray) -> pa.Array:
    """Return what an extension type stores; UUIDs as people write them."""
    if column.type.extension_name != "arrow.uuid":
        return column.storage
    data = column.storage.to_pylist()
    return pa.array([v if v is None else str(UUID(bytes=v)) for v in data], pa.string())


def _holds_bytes(arrow: pa.DataType) -> bool:
    return bool(
        pa.types.is_binary(arrow)
        or pa.types.is_large_binary(arrow)
        or pa.types.is_binary_view(arrow)
        or pa.types.is_fixed_size_binary(arrow)
    )


def _replaced(column: pa.Array) -> pa.Array:
    return pa.array(_decoded(column, "replace"), pa.string())


def plain(arrow: pa.DataType) -> pa.DataType:
    """Return the type of the values of a column."""
    return arrow.value_type if pa.types.is_dictionary(arrow) else arrow


def holds_numbers(name: str, declared: Declarations) -> bool:
    """Return whether a column lists numbers."""
    requirement = declared.requirement.get(name)
    return requirement is not None and requirement.members == "number"


def repeating(declared: Declarations) -> list[str]:
    """Return the columns in which the same few texts stand again and again."""
    kinds = {ColumnKind.WORD, ColumnKind.MEMBERS}
    return [name for name, kind in columns(declared).items() if kind in kinds]


def _fits(given: pa.Field, kind: ColumnKind, *, numbers: bool) -> bool:
    """Return whether a column of some type can hold what is expected."""
    arrow = plain(given.type)
    if pa.types.is_null(arrow):
        return True
    fits: bool
    match kind:
        case ColumnKind.TEXT if given.name == ID:
            fits = not pa.types.is_nested(arrow)
        case ColumnKind.FLAG:
            fits = pa.types.is_boolean(arrow) or is_text_type(arrow) or _is_number(arrow)
        case ColumnKind.AMOUNT | ColumnKind.IMPORTANCE:
            fits = _is_number(arrow)
        case ColumnKind.TEXT | ColumnKind.WORD:
            fits = is_text_type(arrow)
        case ColumnKind.MEMBERS if _is_list(arrow):
            of = plain(arrow.value_type)
            fits = is_text_type(of) or pa.types.is_null(of) or (numbers and _is_number(of))
        case ColumnKind.MEMBERS:
            fits = is_text_type(arrow)
    return bool(fits)


def _cast(column: pa.Array, to: pa.DataType) -> pa.Array:
    """Return a column in another type; views of lists by their values, since Arrow loses some."""
    views = pa.types.is_list_view(column.type) or pa.types.is_large_list_view(column.type)
    return pa.array(column.to_pylist(), to) if views else column.cast(to)


def _is_list(arrow: pa.DataType) -> bool:
    types = pa.types
    kinds = (
        types.is_list,
        types.is_large_list,
        types.is_fixed_size_list,
        types.is_list_view,
        types.is_large_list_view,
    )
    return any(kind(arrow) for kind in kinds)


def _in_words(arrow: pa.DataType) -> str:
    """Return a type as messages call it."""
    arrow = plain(arrow)
    if _is_number(arrow):
        return "numbers"
    if pa.types.is_boolean(arrow):
        return ColumnKind.FLAG.value
    if _is_list(arrow):
        return f"lists of {_in_words(arrow.value_type)}"
    return (
        "dates or times"
        if pa.types.is_temporal(arrow)
        else "text"
        if is_text_type(arrow)
        else str(arrow)
    )


def _is_number(arrow: pa.DataType) -> bool:
    kinds = pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal
    return any(kind(arrow) for kind in kinds)


def is_text_type(arrow: pa.DataType) -> bool:
    """Return whether an Arrow type holds text."""
    return arrow in {pa.string(), pa.large_string(), pa.string_view()}


def opened(column: pa.Array) -> pa.Array:
    """Return a column without its dictionary."""
    if not pa.types.is_dictionary(column.type):
        return column
    if column.type.value_type == pa.string_view():  # Arrow cannot take from views
        entries = column.dictionary.cast(pa.large_string())
        column = pa.DictionaryArray.from_arrays(column.indices, entries)
    return column.dictionary_decode()


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
