"""How lines of CSV or JSON become record batches of profiles.

A line that no typed column can hold is refused here, with its reasons.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import pyarrow as pa

from mars_solver.batch.records import Reasons, Records, holds_numbers
from mars_solver.errors import InputError, Problem
from mars_solver.inputs.catalogue.attributes import Declarations
from mars_solver.inputs.documents import decode, parse_json
from mars_solver.inputs.profile_row import (
    ID,
    ColumnKind,
    column_problems,
    columns,
    from_text,
    is_text,
    members_in,
    parse_row,
)

TextLines = list[bytes | None]
"""Lines of a text; None stands for one of more than `LINE_BYTES`."""
LINE_BYTES: Final = 2**20
"""The longest line that is read: no profile takes as much."""
_TOO_LONG: Final = Problem("", "", f"a line of at most {LINE_BYTES} bytes", "a longer one")
_EXACT: Final = 2**53
"""Larger whole numbers are no amounts, and no float64."""
_TYPES: Final[dict[ColumnKind, tuple[pa.DataType, frozenset[type]]]] = {
    ColumnKind.TEXT: (pa.string(), frozenset({str})),
    ColumnKind.FLAG: (pa.bool_(), frozenset({bool})),
    ColumnKind.AMOUNT: (pa.float64(), frozenset({int, float})),
    ColumnKind.IMPORTANCE: (pa.int64(), frozenset({int})),
    ColumnKind.MEMBERS: (pa.list_(pa.string()), frozenset({list, str})),
}


def lines_in(data: bytes) -> TextLines:
    """Return the lines of a text that are not blank."""
    return [line for line in data.split(b"\n") if line.strip()]


def csv_header(line: bytes, declared: Declarations, place: str) -> tuple[str, ...]:
    """Return the columns that the first line of a CSV file names.

    Raises:
        InputError: with every unknown or repeated column.
    """
    try:
        names = next(csv.reader([decode(line, place)], strict=True), [])
    except csv.Error as error:
        raise InputError([Problem(place, "line 1", "a header line", str(error))]) from None
    header = tuple(name.strip() for name in names)
    if not header:
        raise InputError([Problem(place, "line 1", "a header line", "none")])
    if problems := column_problems(header, declared, place):
        raise InputError(problems)
    return header


def json_keys(line: bytes, declared: Declarations, place: str) -> None:
    """Refuse a first line of JSON whose keys are no profile's columns.

    Raises:
        InputError: with every unknown key; a line that is no JSON object is a matter of its row.
    """
    try:
        keys = parse_json(decode(line, place), place)
    except InputError:
        return
    if problems := column_problems(list(keys), declared, place):
        raise InputError(problems)


def from_csv(lines: TextLines, header: tuple[str, ...], declared: Declarations) -> Records:
    """Return the records of CSV lines; blank lines are none."""
    rows: list[list[str]] = []
    refused: Reasons = {}
    known = columns(declared)
    texts = [None if line is None else line.decode(errors="surrogateescape") for line in lines]
    for cells in _csv_records(texts):
        if isinstance(cells, str):
            refused[len(rows)] = [cells]
        elif len(cells) != len(header):
            refused[len(rows)] = [f"expected {len(header)} cells, found {len(cells)}"]
        rows.append([""] * len(header) if len(rows) in refused else list(cells))
    read = {
        name: _converted([row[index] for row in rows], known[name])
        for index, name in enumerate(header)
    }
    return _typed(read, len(rows), refused, declared)


def from_json(lines: TextLines, declared: Declarations) -> Records:
    """Return the records of JSON Lines; blank lines are none."""
    rows: list[dict[str, Any]] = []
    refused: Reasons = {}
    known = columns(declared)
    for line in lines:
        if line is not None and not line.strip():
            continue
        row, problems = _json_object(line)
        if problems:
            refused[len(rows)] = problems
        elif not row.keys() <= known.keys():
            refused[len(rows)] = _reasons_of(row, declared)
        rows.append(row)
    named = [name for name in known if any(name in row for row in rows)]
    read = {name: [row.get(name) for row in rows] for name in named}
    return _typed(read, len(rows), refused, declared)


def _reasons_of(row: dict[str, Any], declared: Declarations) -> list[str]:
    """Return every reason why a row, by its columns, is no profile."""
    try:
        parse_row(row, declared)
    except InputError as error:
        return [str(problem) for problem in error.problems]
    raise RuntimeError(f"a row was refused without a reason: {row!r}")


def _json_object(line: bytes | None) -> tuple[dict[str, Any], list[str]]:
    """Return the object on a line, or what is wrong with the line."""
    if line is None:
        return {}, [str(_TOO_LONG)]
    try:
        return parse_json(decode(line, ""), ""), []
    except InputError as error:
        return {}, [str(problem) for problem in error.problems]


def _csv_records(texts: list[str | None]) -> Iterator[list[str] | str]:
    """Yield the cells of each record; for a line that starts no record, what is wrong with it."""
    start = 0
    while start < len(texts):
        reader = csv.reader(_until_too_long(texts, start), strict=True)
        done = 0
        try:
            for cells in reader:
                if cells:
                    yield cells
                done = reader.line_num
        except csv.Error as error:
            yield f"expected a line of CSV, found one that is none: {error}"
        else:
            if start + done < len(texts):
                yield str(_TOO_LONG)
        start += done + 1


def _until_too_long(texts: list[str | None], start: int) -> Iterator[str]:
    """Yield texts up to the next line that is too long."""
    for index in range(start, len(texts)):
        text = texts[index]
        if text is None:
            return
        yield text


def _converted(column: list[str], kind: ColumnKind) -> list[object]:
    """Return what the texts of a column stand for, each distinct one converted once."""
    known = {text: from_text(kind, text) for text in set(column)}
    return list(map(known.__getitem__, column))


def _typed(
    read: dict[str, list[Any]], count: int, refused: Reasons, declared: Declarations
) -> Records:
    """Return columns of plain values as a record batch."""
    forms = {
        name: _Form(kind, numbers=holds_numbers(name, declared))
        for name, kind in columns(declared).items()
    }
    suspects = set().union(*(forms[name].misfits(each) for name, each in read.items()))
    for row in sorted(suspects - refused.keys()):
        refused[row] = _reasons_of({name: each[row] for name, each in read.items()}, declared)
    arrays = {}
    for name, column in read.items():
        for row in refused:
            if name != ID or not is_text(column[row]):
                column[row] = None
        arrays[name] = forms[name].array(column)
    if not arrays:
        arrays[ID] = pa.nulls(count, pa.string())
    return Records(pa.RecordBatch.from_pydict(arrays), refused, read)


class _Form(NamedTuple):
    """What a typed column holds."""

    kind: ColumnKind
    numbers: bool
    """Whether its lists hold numbers, which become texts."""

    def array(self, column: list[Any]) -> pa.Array:
        """Return a column of plain values; a text stands for the list of its members."""
        if self.kind is ColumnKind.MEMBERS:
            column = [members_in(each) if isinstance(each, str) else each for each in column]
            if self.numbers:
                column = [each and [_spelled(one) for one in each] for each in column]
        return pa.array(column, _TYPES[self.kind][0])

    def misfits(self, column: list[Any]) -> set[int]:
        """Return the rows whose value the column cannot hold."""
        types = _TYPES[self.kind][1]
        if set(map(type, column)) <= types | {type(None)}:
            try:
                self.array(column)
            except (pa.ArrowException, OverflowError, UnicodeEncodeError):
                pass
            else:
                return set()
        return {
            row
            for row, value in enumerate(column)
            if value is not None and not (type(value) in types and self._holds(value))
        }

    def _holds(self, value: Any) -> bool:
        """Return whether the column can hold a value of a type that it holds."""
        match self.kind:
            case ColumnKind.TEXT:
                return is_text(value)
            case ColumnKind.AMOUNT | ColumnKind.IMPORTANCE:
                return bool(abs(value) <= _EXACT)
            case ColumnKind.MEMBERS:
                listed = [value] if isinstance(value, str) else value
                return all(
                    one is None or is_text(one) or (self.numbers and type(one) in {int, float})
                    for one in listed
                )
            case _:
                return True


def _spelled(member: object) -> object:
    """Return a number as text; anything else as it is."""
    return repr(member) if type(member) in {int, float} else member
