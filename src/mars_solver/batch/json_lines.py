"""JSON Lines as record batches of profiles."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.json

from mars_solver.batch.kernel.arrays import Numbers
from mars_solver.batch.plain_rows import TYPES, spelled_out, typed_columns
from mars_solver.batch.records import PlainRows, Reasons, Records, holds_numbers
from mars_solver.batch.texts import (
    LINE_BYTES,
    TOO_LONG,
    TextForm,
    in_one,
    is_finite,
    is_utf8,
    lines_in,
    read_lines,
)
from mars_solver.budget import spend
from mars_solver.errors import InputError
from mars_solver.inputs.catalogue.attributes import Declarations
from mars_solver.inputs.documents import decode, parse_json
from mars_solver.inputs.profile_row import (
    ID,
    ColumnKind,
    ExtraColumns,
    are_codes,
    column_problems,
    columns,
    extras,
    flat,
    is_nested,
    members_in,
)


@dataclass(frozen=True)
class JsonForm(TextForm):
    """JSON Lines."""

    def records(self, text: bytes) -> Records:
        """Return the records of lines; blank ones are none."""
        batch, refused = read_lines(text, self._arrow, self._own)

        def rows(indices: Numbers) -> PlainRows:
            lines = lines_in(text)
            return [self._asking(self._object(lines[index])[0]) for index in indices]

        return Records(batch, refused, self.kept, rows)

    def _arrow(self, text: bytes) -> pa.RecordBatch | None:
        """Return the rows that Arrow reads; None where ours may read others."""
        text = text.strip(b"\r\n")
        breaks = text.count(b"}\n{") + text.count(b"}\r\n{")
        # So no line holds two objects where the other count fits, and none that is not one.
        whole_lines = text.startswith(b"{") and text.endswith(b"}") and text.count(b"\n") == breaks
        if not whole_lines or not is_utf8(text):
            return None
        # A column of all rows for each name of any row takes memory without end.
        unexpected = "infer" if self.extra == "drop" else "error"
        try:
            found = pyarrow.json.read_json(
                pa.py_buffer(text),
                pyarrow.json.ReadOptions(use_threads=False, block_size=len(text)),
                pyarrow.json.ParseOptions(
                    explicit_schema=self._schema_in(text), unexpected_field_behavior=unexpected
                ),
            )
            found.validate()  # of lists of lists of null Arrow makes arrays that are none
            read = in_one(found)
        except (pa.ArrowInvalid, pa.ArrowIndexError):
            return None
        if is_nested(dict.fromkeys(found.schema.names)):
            return None
        others = set(found.schema.names) - set(self._typed_schema.names)
        allowed = {*extras(found.schema.names, self.declared)} if self.extra == "drop" else set()
        if len(found) != breaks + 1 or others - allowed:
            return None
        columns_ = [self._column(read, field) for field in self._typed_schema]
        if None in columns_:
            return None
        return pa.RecordBatch.from_arrays(columns_, schema=self._typed_schema)

    def _column(self, read: pa.RecordBatch, field: pa.Field) -> pa.Array | None:
        """Return a column as Arrow reads it, in our type; None where ours may read another."""
        index = read.schema.get_field_index(field.name)
        if index < 0:
            return pa.nulls(read.num_rows, field.type)
        column = read.column(index)
        of = column.type.value_type if pa.types.is_list(column.type) else column.type
        whole_numbers = pa.types.is_integer(of) and holds_numbers(field.name, self.declared)
        if column.type == field.type:
            # A number too long for Python is infinite to Arrow.
            plain = column.type != pa.float64() or is_finite(column)
            return column if plain else None
        if field.name in self._schema.names:
            return None
        if column.type == pa.string():
            texts, codes = column.dictionary_encode(), are_codes(field.name, self.declared)
            listed = [members_in(text, codes=codes) for text in texts.dictionary.to_pylist()]
            return pa.array(listed, field.type).take(texts.indices)
        if pa.types.is_null(of) or (whole_numbers and pa.types.is_list(column.type)):
            return column.cast(field.type)
        return None

    def _own(self, lines: list[bytes]) -> tuple[pa.RecordBatch, Reasons]:
        """Return the rows on a few lines, and the lines that are none."""
        rows: PlainRows = []
        refused: Reasons = {}
        for line in lines:
            if line.strip():
                row, problems = self._object(line)
                if problems:
                    refused[len(rows)] = problems
                rows.append(row)
        kept = {name: [spelled_out(row.get(name)) for row in rows] for name in self.kept}
        arrays, wrong = typed_columns([self._asking(row) for row in rows], self.declared)
        refused.update((row, []) for row in wrong if row not in refused)
        arrays |= {name: pa.array(values, pa.string()) for name, values in kept.items()}
        return pa.RecordBatch.from_pydict(arrays, self._typed_schema), refused

    def _object(self, line: bytes) -> tuple[dict[str, Any], list[str]]:
        """Return the row on a line, a nested profile opened up, or what is wrong with the line."""
        spend()
        row, problems = _json_object(line)
        try:
            return (flat(row, self.declared, "") if is_nested(row) else row), problems
        except InputError as error:
            return {ID: row.get(ID)}, [str(problem) for problem in error.problems]

    def _asking(self, row: dict[str, Any]) -> dict[str, Any]:
        """Return a row without the columns that need not be a profile's."""
        other: Iterable[str] = self.kept
        if self.extra == "drop":
            other = extras(list(row), self.declared)
        return {name: value for name, value in row.items() if name not in other}

    def _schema_in(self, text: bytes) -> pa.Schema:
        """Return the types of the columns of a text: the first members tell how it lists them."""
        members = [field for field in self._typed_schema if field.name not in self._schema.names]
        return pa.schema([*self._schema, *(_as_listed(field, text) for field in members)])

    @cached_property
    def _typed_schema(self) -> pa.Schema:
        """The types of the columns."""
        known = columns(self.declared)
        types = {name: TYPES[kind][0] for name, kind in known.items()}
        return pa.schema([*types.items(), *((name, pa.string()) for name in self.kept)])

    @cached_property
    def _schema(self) -> pa.Schema:
        """The types of the columns but for those of members: lists, or texts that list them."""
        return pa.schema([f for f in self._typed_schema if f.type != TYPES[ColumnKind.MEMBERS][0]])


def json_form(
    line: bytes,
    declared: Declarations,
    place: str,
    extra: ExtraColumns | None,
    taken: Sequence[str],
) -> JsonForm:
    """Return how JSON Lines hold profiles.

    Args:
        line: the first one; one that is no JSON object is a matter of its row.
        declared: what can be asked.
        place: how messages call the text.
        extra: what becomes of columns that no profile has.
        taken: the names of the columns of answers.

    Raises:
        InputError: with every unknown key of the first line.
    """
    try:
        keys = [*flat(parse_json(decode(line, place), place), declared, place)]
    except InputError:
        keys = []
    if problems := column_problems(keys, declared, place, extra, taken, header=False):
        raise InputError(problems)
    return JsonForm(declared, extra, tuple(keys))


def _as_listed(field: pa.Field, text: bytes) -> pa.Field:
    """Return a column of members in the type in which Arrow can read it from a text, if any."""
    found = re.search(rb'"%s"\s*:\s*(\[?)\s*(["0-9])' % re.escape(field.name.encode()), text)
    if found is None:
        return field
    of = pa.string() if found[2] == b'"' else pa.int64()
    return pa.field(field.name, pa.list_(of) if found[1] else of)


def _json_object(line: bytes) -> tuple[dict[str, Any], list[str]]:
    """Return the object on a line, or what is wrong with the line."""
    if len(line) > LINE_BYTES:
        return {}, [TOO_LONG]
    try:
        return parse_json(decode(line, ""), ""), []
    except InputError as error:
        return {}, [str(problem) for problem in error.problems]
