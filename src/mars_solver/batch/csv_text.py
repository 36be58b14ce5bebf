"""CSV with a header line as record batches of profiles."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from mars_solver.batch.kernel.arrays import Numbers
from mars_solver.batch.plain_rows import TYPES, holds
from mars_solver.batch.records import PlainRows, Reasons, Records
from mars_solver.batch.texts import (
    LINE_BYTES,
    TOO_LONG,
    TextForm,
    in_one,
    is_finite,
    is_utf8,
    read_lines,
)
from mars_solver.errors import InputError, Problem, shown
from mars_solver.inputs.catalogue.attributes import Declarations
from mars_solver.inputs.documents import decode
from mars_solver.inputs.profile_row import (
    ID,
    ColumnKind,
    ExtraColumns,
    column_problems,
    columns,
    delimiter_in,
    from_text,
    is_text,
)

_WORDS: Final = pa.dictionary(pa.int32(), pa.string())
_NUMBER: Final = r"^[0-9]{1,15}(\.[0-9]{1,15})?$"
_MARKED: Final = r"^[1-9][0-9]{0,2}\.[0-9]{3}$"
"""What is refused where decimals may have a comma: see `from_text`."""


@dataclass(frozen=True)
class CsvForm(TextForm):
    """CSV with a header line.

    Attributes:
        delimiter: between the cells.
        width: how many columns there are, those without a name at the end among them.
    """

    delimiter: str
    width: int

    def records(self, text: bytes) -> Records:
        """Return the records of lines; blank ones, and those of empty cells alone, are none."""
        cells, refused = read_lines(text, self._arrow, self._own, b'"')
        read = {name: cells.column(index) for index, name in enumerate(self.named)}
        known = columns(self.declared)
        comma = self.delimiter != ","
        typed = {
            name: _typed(read[name], known[name], comma=comma) for name in read if name in known
        }
        for column in typed.values():
            refused.update((row, []) for row in column.wrong if row not in refused)
        arrays = {name: column.values for name, column in typed.items()}
        arrays |= {name: read[name].cast(pa.string()) for name in self.kept}
        if not arrays:
            arrays[ID] = pa.nulls(cells.num_rows, pa.string())

        def rows(indices: Numbers) -> PlainRows:
            some = {name: read[name].take(pa.array(indices)).to_pylist() for name in typed}
            return [
                {
                    name: from_text(known[name], column[row] or "", comma=comma)
                    for name, column in some.items()
                }
                for row in range(len(indices))
            ]

        return Records(pa.RecordBatch.from_pydict(arrays), refused, self.kept, rows)

    def _arrow(self, text: bytes) -> pa.RecordBatch | None:
        """Return the cells that Arrow reads; None where ours may read others."""
        if not self._is_plain(text):
            return None
        options = pyarrow.csv.ConvertOptions(
            column_types=self._types, strings_can_be_null=True, null_values=[""]
        )
        try:
            found = pyarrow.csv.read_csv(
                pa.py_buffer(text),
                pyarrow.csv.ReadOptions(
                    column_names=self._types.names, use_threads=False, block_size=len(text)
                ),
                pyarrow.csv.ParseOptions(delimiter=self.delimiter, newlines_in_values=True),
                options,
            )
        except pa.ArrowInvalid:
            return None
        if any(found.column(i).null_count < len(found) for i in range(len(self.named), self.width)):
            return None
        return _stating(in_one(found))

    def _is_plain(self, text: bytes) -> bool:
        """Return whether both readers take the same cells from a text, or Arrow none."""
        if b"\r" in text and text.count(b"\r") != text.count(b"\r\n"):
            return False
        if not is_utf8(text):
            return False
        return b'"' not in text or _is_quoted(text, self.delimiter)

    @cached_property
    def _types(self) -> pa.Schema:
        """The columns as they are read, by their position."""
        known = columns(self.declared)
        many = {None, ColumnKind.TEXT, ColumnKind.AMOUNT}
        types = [pa.string() if known.get(name) in many else _WORDS for name in self.named]
        types += [pa.string()] * (self.width - len(types))
        return pa.schema([(str(index), each) for index, each in enumerate(types)])

    def _own(self, lines: list[bytes]) -> tuple[pa.RecordBatch, Reasons]:
        """Return the cells of a few lines, and the lines that are no row."""
        rows: list[list[str]] = []
        refused: Reasons = {}
        few = [None if len(line) > LINE_BYTES else line for line in lines]
        texts = [None if line is None else line.decode(errors="surrogateescape") for line in few]
        for cells in _csv_records(texts, self.delimiter):
            if not any(cells):
                continue
            row, wrong = self._row(cells)
            if wrong:
                refused[len(rows)] = [wrong]
            rows.append(row)
        columns_ = [
            pa.array([row[index] or None for row in rows], pa.string()).cast(each.type)
            for index, each in enumerate(self._types)
        ]
        return pa.RecordBatch.from_arrays(columns_, schema=self._types), refused

    def _row(self, cells: list[str] | str) -> tuple[list[str], str]:
        """Return as many cells as there are columns, and what is wrong with a row, if anything is.

        Args:
            cells: of the row; or why there are none. Empty ones at the end belong to no column.
        """
        named, blank = len(self.named), [""] * self.width
        if isinstance(cells, str):
            return blank, cells
        if len(cells) < named or any(cells[named:]):
            return blank, f"found {len(cells)}; expected {named} cells"
        for index, cell in enumerate(cells):
            if not is_text(cell):
                bad = next(c for c in cell if "\udc80" <= c <= "\udcff")
                found = f"byte 0x{ord(bad) - 0xDC00:02x}"
                hint = "save the table as UTF-8 (in Excel: CSV UTF-8)"
                readable = [
                    c.encode(errors="surrogateescape").decode(errors="replace") for c in cells
                ]
                wrong = Problem("", self.named[index], "UTF-8 text", found, hint)
                return (readable + blank)[: self.width], str(wrong)
        return (cells + blank)[: self.width], ""


def csv_form(
    line: bytes,
    declared: Declarations,
    place: str,
    extra: ExtraColumns | None,
    taken: Sequence[str],
    delimiter: str | None = None,
) -> CsvForm:
    """Return how CSV with a header line holds profiles.

    Args:
        line: the header.
        declared: what can be asked.
        place: how messages call the text.
        extra: what becomes of columns that no profile has.
        taken: the names of the columns of answers.
        delimiter: between the cells; None for the one that parts the header in most.

    Raises:
        InputError: with every unknown or repeated column.
    """
    text = decode(line, place)
    if "\r" in text.rstrip("\r\n"):
        hint = "save it with line ends of Windows or Unix"
        found = "lines that end as on an old Mac, in a carriage return alone"
        raise InputError([Problem(place, "", "", found, hint)])
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
        raise InputError([Problem("--delimiter", "", "one character", shown(delimiter))])
    between = delimiter or delimiter_in(text)
    try:
        names = next(csv.reader([text], strict=True, delimiter=between), [])
    except csv.Error as error:
        raise InputError([Problem(place, "line 1", "a header line", str(error))]) from None
    every = [name.strip() for name in names]
    header = list(every)
    while header and not header[-1]:
        header.pop()
    if not header:
        raise InputError([Problem(place, "line 1", "a header line", "none")])
    if problems := column_problems(header, declared, place, extra, taken):
        raise InputError(problems)
    return CsvForm(declared, extra, tuple(header), between, len(every))


def _is_quoted(text: bytes, delimiter: str) -> bool:
    """Return whether quotation marks enclose whole cells, and are doubled inside of them.

    Where this holds of all before one, every other mark opens a cell. Inside of a cell two of them
    close it and open it again.
    """
    data = np.frombuffer(text, np.uint8)
    marks = np.flatnonzero(data == ord('"'))
    opening, closing = marks[::2], marks[1::2]
    opening = opening[1:] if opening[0] == 0 else opening
    closing = closing[:-1] if marks[-1] == len(data) - 1 else closing
    beside = np.zeros(2**8, np.bool_)
    beside[[ord('"'), ord("\n"), ord(delimiter)]] = True
    if len(marks) % 2 or not beside[data[opening - 1]].all():
        return False
    beside[ord("\r")] = True
    return bool(beside[data[closing + 1]].all())


def _stating(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Return the rows that have a cell which is not empty."""
    if not rows.num_rows or any(column.null_count == 0 for column in rows.columns):
        return rows
    empty = reduce(pc.and_, map(pc.is_null, rows.columns))
    return rows.filter(pc.invert(empty)) if pc.any(empty).as_py() else rows


class _Typed(NamedTuple):
    """A column of texts as one of values."""

    values: pa.Array
    wrong: list[int]
    """The rows whose text spells no value that the column can hold."""


def _typed(column: pa.Array, kind: ColumnKind, *, comma: bool) -> _Typed:
    """Return what the texts of a column stand for."""
    if kind is ColumnKind.TEXT:
        return _Typed(column, [])
    if kind is ColumnKind.AMOUNT:
        return _amounts(column, comma=comma)
    words = column.dictionary.to_pylist()
    spelled = [from_text(kind, word, comma=comma) for word in words]
    if kind in {ColumnKind.WORD, ColumnKind.MEMBERS}:
        stated = pa.array(spelled, pa.string())
        return _Typed(column if spelled == words else stated.take(column.indices), [])
    fitting = [holds(kind, value) for value in spelled]
    values = [value if fits else None for value, fits in zip(spelled, fitting, strict=True)]
    found = pa.array(values, TYPES[kind][0]).take(column.indices)
    if all(fitting):
        return _Typed(found, [])
    wrong = pa.array([not fits for fits in fitting], pa.bool_()).take(column.indices)
    return _Typed(found, _true(wrong))


def _amounts(column: pa.Array, *, comma: bool) -> _Typed:
    """Return numbers; those that hardly differ from a plain one are read by Arrow at once."""
    if not comma:
        with suppress(pa.ArrowInvalid):
            numbers = column.cast(pa.float64())
            if is_finite(numbers):
                return _Typed(numbers, [])
    plain = pc.match_substring_regex(column, _NUMBER)
    if comma:
        plain = pc.and_not(plain, pc.match_substring_regex(column, _MARKED))
    numbers = pc.if_else(plain, column, None).cast(pa.float64())
    others = np.flatnonzero(pc.invert(plain).fill_null(False).to_numpy(zero_copy_only=False))
    if not len(others):
        return _Typed(numbers, [])
    texts = column.take(pa.array(others)).dictionary_encode()
    spelled = [
        from_text(ColumnKind.AMOUNT, word, comma=comma) for word in texts.dictionary.to_pylist()
    ]
    fits = np.array([holds(ColumnKind.AMOUNT, value) for value in spelled], np.bool_)
    values = [value if fit else None for value, fit in zip(spelled, fits, strict=True)]
    mask = np.zeros(len(column), np.bool_)
    mask[others] = True
    found = pa.array(values, pa.float64()).take(texts.indices)
    numbers = pc.replace_with_mask(numbers, pa.array(mask), found)
    return _Typed(numbers, others[~fits[texts.indices.to_numpy()]].tolist())


def _true(flags: pa.Array) -> list[int]:
    """Return the indices of what is true."""
    plain = flags.fill_null(False).to_numpy(zero_copy_only=False)
    found: list[int] = np.flatnonzero(plain).tolist()
    return found


def _csv_records(texts: list[str | None], delimiter: str) -> Iterator[list[str] | str]:
    """Yield the cells of each record; for a line that starts no record, what is wrong with it."""
    start = 0
    while start < len(texts):
        reader = csv.reader(_until_too_long(texts, start), strict=True, delimiter=delimiter)
        done = 0
        try:
            for cells in reader:
                if cells:
                    yield cells
                done = reader.line_num
        except csv.Error as error:
            yield f"found a line that is no CSV: {error}"
        else:
            if start + done < len(texts):
                yield TOO_LONG
        start += done + 1


def _until_too_long(texts: list[str | None], start: int) -> Iterator[str]:
    """Yield texts up to the next line that is too long."""
    for index in range(start, len(texts)):
        text = texts[index]
        if text is None:
            return
        yield text
