"""Text as record batches of profiles: CSV with a header line, and JSON Lines.

Arrow reads what is well-formed. Where it cannot, a stretch is halved again and again, until our own
reader takes the few lines that are left; it answers the same wherever both can read, and names
what is wrong with each line.
"""

from __future__ import annotations

import csv
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, reduce
from io import BytesIO
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.json

from mars_solver.batch.kernel.arrays import Numbers
from mars_solver.batch.plain_rows import TYPES, holds, spelled_out, typed_columns
from mars_solver.batch.records import PlainRows, Reasons, Records, holds_numbers
from mars_solver.budget import spend
from mars_solver.errors import InputError, Problem, shown
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
    from_text,
    is_nested,
    is_text,
    members_in,
)

LINE_BYTES: Final = 2**20
"""The longest line that is read: no profile takes as much."""
DELIMITERS: Final = (",", ";", "\t")
"""What may separate the cells of CSV, where nothing else is said."""
_TOO_LONG: Final = str(Problem("", "", f"a line of at most {LINE_BYTES} bytes", "a longer one"))
_FEW_LINES: Final = 64
"""So many lines and no fewer are given to one reader or the other."""
_FAR_LINES: Final = 2**12
"""After so many more lines a quotation mark that is open is taken for one that never closes."""
_PIECES: Final = 8
"""In how many pieces a stretch is cut that Arrow cannot read."""
_LONG_CELL: Final = csv.field_size_limit()
"""Our reader takes no longer cell, so that it has to read whatever holds one."""
_BOM: Final = b"\xef\xbb\xbf"
_WORDS: Final = pa.dictionary(pa.int32(), pa.string())
_NUMBER: Final = r"^[0-9]{1,15}(\.[0-9]{1,15})?$"
_MARKED: Final = r"^[1-9][0-9]{0,2}\.[0-9]{3}$"
"""What is refused where decimals may have a comma: see `from_text`."""


@dataclass(frozen=True)
class TextForm(ABC):
    """How a text holds profiles.

    Attributes:
        declared: what can be asked.
        extra: what becomes of columns that no profile has.
        named: the columns that the first line names.
    """

    declared: Declarations
    extra: ExtraColumns | None
    named: tuple[str, ...]

    @property
    def kept(self) -> tuple[str, ...]:
        """The columns that no profile has and that the answers carry, as texts."""
        return tuple(extras(self.named, self.declared)) if self.extra == "keep" else ()

    @abstractmethod
    def records(self, text: bytes) -> Records:
        """Return the records of lines; blank ones are none."""


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
        cells, refused = _read(text, self._arrow, self._own, b'"')
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
        return _stating(_in_one(found))

    def _is_plain(self, text: bytes) -> bool:
        """Return whether both readers take the same cells from a text, or Arrow none."""
        if b"\r" in text and text.count(b"\r") != text.count(b"\r\n"):
            return False
        if not _is_utf8(text):
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


@dataclass(frozen=True)
class JsonForm(TextForm):
    """JSON Lines."""

    def records(self, text: bytes) -> Records:
        """Return the records of lines; blank ones are none."""
        batch, refused = _read(text, self._arrow, self._own)

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
        if not whole_lines or not _is_utf8(text):
            return None
        # A column of all rows for each name of any row takes memory without end.
        unexpected = "infer" if self.extra == "drop" else "error"
        try:
            found = pyarrow.json.read_json(
                pa.py_buffer(text),
                pyarrow.json.ReadOptions(use_threads=False, block_size=len(text)),
                pyarrow.json.ParseOptions(
                    explicit_schema=self._schema, unexpected_field_behavior=unexpected
                ),
            )
            found.validate()  # of lists of lists of null Arrow makes arrays that are none
            read = _in_one(found)
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
            plain = column.type != pa.float64() or _is_finite(column)
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


def lines_in(data: bytes) -> list[bytes]:
    """Return the lines of a text that are not blank."""
    return [line for line in data.split(b"\n") if line.strip()]


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
    between = delimiter or max(DELIMITERS, key=text.count)
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


def _read(
    text: bytes,
    arrow: Callable[[bytes], pa.RecordBatch | None],
    own: Callable[[list[bytes]], tuple[pa.RecordBatch, Reasons]],
    quote: bytes = b"",
) -> tuple[pa.RecordBatch, Reasons]:
    """Return the rows of a text, and those that are refused.

    Args:
        text: of whole lines.
        arrow: returns the rows of a stretch; None where it cannot read them as `own` does.
        own: returns the rows of a few lines, and those that are refused.
        quote: what may enclose line breaks.
    """
    if not _has_long_line(text) and (rows := arrow(text)) is not None:
        return rows, {}
    cuts = _cuts(text, quote)
    found: list[pa.RecordBatch] = []
    refused: Reasons = {}
    count = 0
    waiting = [(0, len(cuts) - 1)]
    while waiting:
        first, last = waiting.pop()
        piece = text[cuts[first] : cuts[last]]
        rows = None if _has_long_line(piece) else arrow(piece)
        if rows is None and last - first > 1:
            step = -(-(last - first) // _PIECES)
            waiting += reversed([*pairwise([*range(first, last, step), last])])
            continue
        if rows is None:
            rows, why = own(BytesIO(piece).readlines())
            refused |= {count + row: reasons for row, reasons in why.items()}
        found.append(rows)
        count += rows.num_rows
    return _in_one(pa.Table.from_batches(found)), refused


def _has_long_line(text: bytes) -> bool:
    """Return whether a line may hold a cell that our reader takes for too long."""
    step = _LONG_CELL // 2
    starts = range(0, len(text) - step, step)
    # Where a line ends in every half, none is longer than a whole.
    return any(text.find(b"\n", start, start + step) < 0 for start in starts) and (
        max(map(len, text.split(b"\n"))) >= _LONG_CELL
    )


def _cuts(text: bytes, quote: bytes) -> list[int]:
    """Return where stretches of a few lines begin, and the end; no cell goes beyond one.

    Quotation marks pair up in a stretch, unless they do not for many lines.

    Args:
        text: of whole lines.
        quote: what may enclose line breaks.
    """
    data = np.frombuffer(text, np.uint8)
    ends = np.flatnonzero(data == ord("\n")) + 1
    marks = np.flatnonzero(data == ord(quote)) if quote else ends[:0]
    if len(marks):
        open_ = np.searchsorted(marks, ends) % 2
        even = np.flatnonzero(open_ == 0)
        cuts = []
        line = _FEW_LINES - 1
        while line < len(ends):
            at = np.searchsorted(even, line)
            paired = int(even[at]) if at < len(even) else len(ends)
            line = min(paired, line + _FAR_LINES, len(ends) - 1)
            cuts.append(int(ends[line]))
            line += _FEW_LINES
    else:
        cuts = ends[_FEW_LINES - 1 :: _FEW_LINES].tolist()
    return [0, *cuts, len(data)] if not cuts or cuts[-1] < len(data) else [0, *cuts]


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


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return not text.startswith(_BOM)


def _in_one(table: pa.Table) -> pa.RecordBatch:
    """Return the rows of a table as one record batch."""
    columns_ = [column.combine_chunks() for column in table.columns]
    one = [c.chunk(0) if isinstance(c, pa.ChunkedArray) else c for c in columns_]
    return pa.RecordBatch.from_arrays(one, schema=table.schema)


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
            if _is_finite(numbers):
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


def _is_finite(numbers: pa.Array) -> bool:
    """Return whether none is NaN or infinite."""
    return bool(pc.all(pc.is_finite(numbers), min_count=0).as_py())


def _true(flags: pa.Array) -> list[int]:
    """Return the indices of what is true."""
    plain = flags.fill_null(False).to_numpy(zero_copy_only=False)
    found: list[int] = np.flatnonzero(plain).tolist()
    return found


def _json_object(line: bytes) -> tuple[dict[str, Any], list[str]]:
    """Return the object on a line, or what is wrong with the line."""
    if len(line) > LINE_BYTES:
        return {}, [_TOO_LONG]
    try:
        return parse_json(decode(line, ""), ""), []
    except InputError as error:
        return {}, [str(problem) for problem in error.problems]


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
                yield _TOO_LONG
        start += done + 1


def _until_too_long(texts: list[str | None], start: int) -> Iterator[str]:
    """Yield texts up to the next line that is too long."""
    for index in range(start, len(texts)):
        text = texts[index]
        if text is None:
            return
        yield text
