"""Tables of profiles on disk, read in parts: this module and `inputs.files` read all files."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from mars_solver.batch import texts
from mars_solver.batch.records import Records, check_schema, is_text_type, repeating
from mars_solver.batch.texts import LINE_BYTES, TextLines
from mars_solver.errors import InputError, Problem
from mars_solver.inputs.catalogue.attributes import Declarations

PART_ROWS: Final = 2**17
"""How many rows a part has, and a row group of the output: what is worked on at once."""
_PART_BYTES: Final = 2**23
"""A part of text has at most so many bytes, since parsing takes many times as much memory."""
_LONGEST: Final = 2
_SAID: Final = 200
_SUFFIXES: Final = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}


class Part(NamedTuple):
    """A stretch of a table."""

    content: pa.RecordBatch | TextLines
    """Rows of Parquet, or lines of text."""
    after: int
    """Where the next part begins: a row of Parquet, or a byte of text."""


@dataclass(frozen=True)
class Table:
    """A table of profiles whose columns are checked.

    Attributes:
        declared: what can be asked.
        kind: parquet, csv or jsonl.
        length: how far `Part.after` goes.
        header: the columns of CSV.
        start: where the first part begins.
    """

    path: Path
    declared: Declarations
    kind: str
    length: int
    header: tuple[str, ...] = ()
    start: int = 0

    @property
    def is_text(self) -> bool:
        """Whether its parts are lines, which have to be parsed."""
        return self.kind != "parquet"

    def records(self, part: Part) -> Records:
        """Return the rows of a part."""
        if isinstance(part.content, pa.RecordBatch):
            return Records(part.content)
        if self.kind == "csv":
            return texts.from_csv(part.content, self.header, self.declared)
        return texts.from_json(part.content, self.declared)

    def parts(self, position: int) -> Iterator[Part]:
        """Yield the table in parts, from where one begins.

        Raises:
            InputError: where it can no longer be read.
        """
        with file_errors(self.path, "a readable table"):
            if self.is_text:
                yield from _lines(self.path, position)
            else:
                yield from _batches(self.path, position, repeating(self.declared))

    def digest(self) -> str:
        """Return the sha256 of its bytes."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def stamp(self) -> tuple[int, int]:
        """Return what changes when somebody writes to it: its size and when it was modified."""
        status = self.path.stat()
        return status.st_size, status.st_mtime_ns


def open_table(path: str | Path, declared: Declarations) -> Table:
    """Return a table of profiles: Parquet, CSV with a header line, or JSON Lines.

    Args:
        path: of the file, its suffix telling what it holds.
        declared: what can be asked.

    Raises:
        InputError: where it cannot be read, or with everything that is wrong with its columns.
    """
    place, chosen = str(path), Path(path)
    kind = _SUFFIXES.get(chosen.suffix.lower())
    if kind is None:
        hint = "name it after its format: " + ", ".join(_SUFFIXES)
        suffix = chosen.suffix or "no suffix"
        raise InputError([Problem(place, "", "a Parquet, CSV or JSON Lines file", suffix, hint)])
    with file_errors(path, f"a readable {kind} file"):
        if kind == "parquet":
            with pq.ParquetFile(chosen) as file:
                check_schema(file.schema_arrow, declared, place)
                return Table(chosen, declared, kind, file.metadata.num_rows)
        size = chosen.stat().st_size
        with chosen.open("rb") as text:
            first = _first_line(text)
            if kind == "csv":
                header = texts.csv_header(first, declared, place)
                return Table(chosen, declared, kind, size, header, text.tell())
            texts.json_keys(first, declared, place)
            return Table(chosen, declared, kind, size)


def parquet_rows(path: str | Path) -> list[dict[str, Any]]:
    """Return all rows of a Parquet file as plain values by column.

    Raises:
        InputError: where it cannot be read.
    """
    with file_errors(path, "a readable parquet file"):
        rows: list[dict[str, Any]] = pq.read_table(Path(path)).to_pylist()
    return rows


@contextmanager
def file_errors(path: str | Path, expected: str, hint: str = "") -> Iterator[None]:
    """Turn what the system or Arrow says of a file into a problem of its path.

    Raises:
        InputError: where it says anything.
    """
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        raise InputError([Problem(str(path), "", expected, reason(error), hint)]) from None


def reason(error: OSError | pa.ArrowException) -> str:
    """Return what an error of the system or of Arrow says, on one short line."""
    number = getattr(error, "errno", None)
    return os.strerror(number) if number else str(error).partition("\n")[0][:_SAID]


def _first_line(file: BinaryIO) -> bytes:
    """Return the first line that is not blank."""
    for line in iter(lambda: file.readline(LINE_BYTES), b""):
        if line.strip(b" \t\r\n\xef\xbb\xbf"):
            return line
    return b""


def _batches(path: Path, position: int, coded: list[str]) -> Iterator[Part]:
    """Yield the rows of a Parquet file from one row on.

    Args:
        path: of the file.
        position: the row.
        coded: columns to be read as dictionaries where they hold texts.
    """
    with pq.ParquetFile(path) as file:
        metadata = file.metadata
        fields = [f.name for f in file.schema_arrow if f.name in coded and is_text_type(f.type)]
    options = {"read_dictionary": fields, "pre_buffer": False, "buffer_size": 2**20}
    with pq.ParquetFile(path, metadata=metadata, **options) as file:
        skipped = 0
        groups: list[int] = []
        for group in range(file.num_row_groups):
            rows = file.metadata.row_group(group).num_rows
            if not groups and skipped + rows <= position:
                skipped += rows
            else:
                groups.append(group)
        pending: list[pa.RecordBatch] = []
        held, drop = 0, position - skipped
        for read in file.iter_batches(PART_ROWS, row_groups=groups):
            batch = read.slice(drop)
            drop -= read.num_rows - batch.num_rows
            held += batch.num_rows
            if batch.num_rows:
                pending.append(batch)
            while held >= PART_ROWS:
                whole = _joined(pending)
                held -= PART_ROWS
                pending = [whole.slice(PART_ROWS)] if held else []
                position += PART_ROWS
                yield Part(whole.slice(0, PART_ROWS), position)
        if held:
            yield Part(_joined(pending), position + held)


def _joined(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    return batches[0] if len(batches) == 1 else pa.concat_batches(batches)


def _lines(path: Path, position: int) -> Iterator[Part]:
    """Yield the lines of a text from one byte on.

    A part ends after a line up to which the quotation marks pair up, so that no quoted cell with
    line breaks is cut; or else once it is twice as long as wanted.
    """
    with path.open("rb") as file:
        file.seek(position)
        lines: TextLines = []
        size = quotes = 0
        for line in iter(lambda: _line(file), b""):
            lines.append(line)
            size += len(line or b"")
            quotes += (line or b"").count(b'"')
            share = max(len(lines) / PART_ROWS, size / _PART_BYTES)
            if share >= (_LONGEST if quotes % 2 else 1):
                yield Part(lines, file.tell())
                lines, size, quotes = [], 0, 0
        if lines:
            yield Part(lines, file.tell())


def _line(file: BinaryIO) -> bytes | None:
    """Return the next line; None for one that is too long, nothing at the end."""
    line = file.readline(LINE_BYTES)
    if len(line) < LINE_BYTES or line.endswith(b"\n"):
        return line
    while line and not line.endswith(b"\n"):
        line = file.readline(LINE_BYTES)
    return None
