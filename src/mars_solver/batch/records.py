"""Lines of CSV or JSON as record batches; what no column can hold is refused with its reasons."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import pyarrow as pa

from mars_solver.batch.answers import Reasons, reasons_of
from mars_solver.errors import InputError, Problem
from mars_solver.inputs.documents import decode, parse_json
from mars_solver.inputs.profile_row import (
    COLUMNS,
    ID,
    ColumnKind,
    column_problems,
    from_text,
    is_text,
    tags_in,
)

Lines = list[bytes | None]
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
    ColumnKind.LOCALES: (pa.list_(pa.string()), frozenset({list})),
}


class Records(NamedTuple):
    """A stretch of a text as a record batch."""

    batch: pa.RecordBatch
    refused: Reasons
    """The rows that no typed column can hold; in `batch` only their id is left."""


def csv_header(line: bytes, place: str) -> tuple[str, ...]:
    """Return the columns that the first line of a CSV file names.

    Raises:
        InputError: with every unknown or repeated column.
    """
    try:
        names = next(csv.reader([decode(line, place)], strict=True), [])
    except csv.Error as error:
        raise InputError([Problem(place, "line 1", "a header line", str(error))]) from None
    columns = tuple(name.strip() for name in names)
    if not columns:
        raise InputError([Problem(place, "line 1", "a header line", "none")])
    if problems := column_problems(columns, place):
        raise InputError(problems)
    return columns


def json_keys(line: bytes, place: str) -> None:
    """Refuse a first line of JSON whose keys are no profile's columns.

    Raises:
        InputError: with every unknown key; a line that is no JSON object is a matter of its row.
    """
    try:
        keys = parse_json(decode(line, place), place)
    except InputError:
        return
    if problems := column_problems(list(keys), place):
        raise InputError(problems)


def from_csv(lines: Lines, header: tuple[str, ...]) -> Records:
    """Return the records of CSV lines; blank lines are none."""
    rows: list[list[str]] = []
    refused: Reasons = {}
    texts = [None if line is None else line.decode(errors="surrogateescape") for line in lines]
    for cells in _csv_records(texts):
        if isinstance(cells, str):
            refused[len(rows)] = [cells]
        elif len(cells) != len(header):
            refused[len(rows)] = [f"expected {len(header)} cells, found {len(cells)}"]
        rows.append([""] * len(header) if len(rows) in refused else list(cells))
    columns = {
        name: _converted(list(column), COLUMNS[name])
        for name, column in zip(header, zip(*rows, strict=True), strict=bool(rows))
    }
    return _typed(columns, len(rows), refused)


def from_json(lines: Lines) -> Records:
    """Return the records of JSON Lines; blank lines are none."""
    rows: list[dict[str, Any]] = []
    refused: Reasons = {}
    for line in lines:
        if line is not None and not line.strip():
            continue
        row, problems = _json_object(line)
        if problems:
            refused[len(rows)] = problems
        elif not row.keys() <= COLUMNS.keys():
            refused[len(rows)] = reasons_of(row)
        rows.append(row)
    named = [name for name in COLUMNS if any(name in row for row in rows)]
    columns = {name: [row.get(name) for row in rows] for name in named}
    return _typed(columns, len(rows), refused)


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
    for place in range(start, len(texts)):
        text = texts[place]
        if text is None:
            return
        yield text


def _converted(column: list[str], cell: ColumnKind) -> list[object]:
    """Return what the texts of a column stand for, each distinct one converted once."""
    known = {text: from_text(cell, text) for text in set(column)}
    return list(map(known.__getitem__, column))


def _typed(columns: dict[str, list[Any]], count: int, refused: Reasons) -> Records:
    """Return columns of plain values as a record batch."""
    suspects = set().union(*(_misfits(COLUMNS[name], each) for name, each in columns.items()))
    for place in sorted(suspects - refused.keys()):
        refused[place] = reasons_of({name: each[place] for name, each in columns.items()})
    arrays = {}
    for name, values in columns.items():
        for place in refused:
            if name != ID or not is_text(values[place]):
                values[place] = None
        arrays[name] = _array(COLUMNS[name], values)
    if not arrays:
        arrays[ID] = pa.nulls(count, pa.string())
    return Records(pa.RecordBatch.from_pydict(arrays), refused)


def _array(cell: ColumnKind, values: list[Any]) -> pa.Array:
    """Return a column of such cells; a text stands for the list of its tags."""
    if cell is ColumnKind.LOCALES:
        values = [tags_in(each) if isinstance(each, str) else each for each in values]
    return pa.array(values, _TYPES[cell][0])


def _misfits(cell: ColumnKind, values: list[Any]) -> set[int]:
    """Return the places of values that no column for such cells can hold."""
    _, types = _TYPES[cell]
    if cell is ColumnKind.LOCALES:
        types |= {str}
    if set(map(type, values)) <= types | {type(None)}:
        try:
            _array(cell, values)
        except (pa.ArrowException, OverflowError, UnicodeEncodeError):
            pass
        else:
            return set()
    fits = _FITS[cell]
    return {
        place
        for place, value in enumerate(values)
        if value is not None and not (type(value) in types and fits(value))
    }


def _are_texts(value: object) -> bool:
    tags = value if isinstance(value, list) else [value]
    return all(tag is None or is_text(tag) for tag in tags)


def _is_exact(value: float) -> bool:
    return abs(value) <= _EXACT


_FITS: Final[dict[ColumnKind, Callable[[Any], bool]]] = {
    ColumnKind.TEXT: is_text,
    ColumnKind.FLAG: lambda _: True,
    ColumnKind.AMOUNT: _is_exact,
    ColumnKind.IMPORTANCE: _is_exact,
    ColumnKind.LOCALES: _are_texts,
}
"""Whether a column can hold a value of a type that it holds."""
