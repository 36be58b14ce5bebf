"""Tables of profiles on disk, read in parts: this module and `inputs.files` read all files."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import shutil
import tempfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Literal, NamedTuple, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mars_solver.batch.csv_text import csv_form
from mars_solver.batch.json_lines import json_form
from mars_solver.batch.records import Records, check_schema, is_text_type, of_batch, repeating
from mars_solver.batch.texts import LINE_BYTES, TextForm
from mars_solver.errors import InputError, Problem
from mars_solver.inputs.catalogue.attributes import Declarations
from mars_solver.inputs.files import STANDARD_INPUT, STDIN, standard_input
from mars_solver.inputs.files import reason as system_reason
from mars_solver.inputs.profile_row import ExtraColumns, columns, extras
from mars_solver.stopping import at_stop

PART_ROWS: Final = 2**17
"""How many rows a part has, and a row group of the output: what is worked on at once."""
_PART_BYTES: Final = 2**23
"""A part of text has about so many bytes."""
_LONGEST: Final = 2
_SAID: Final = 200
TableKind = Literal["parquet", "csv", "jsonl"]
SUFFIXES: Final[dict[str, TableKind]] = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
ZIPPED: Final = ".gz"
_GZIP: Final = b"\x1f\x8b"
_PARQUET: Final = b"PAR1"
_SEPARATOR_LINE: Final = re.compile(
    rb'(?:\xef\xbb\xbf)?"?sep=([^"\r\n\x80-\xff])"?\r?\n?', re.IGNORECASE
)
"""The line in which Excel says what separates the cells."""
_BLANK: Final = b" \t\r\n\xef\xbb\xbf"


class Format(NamedTuple):
    """What a file holds."""

    kind: TableKind
    zipped: bool = False
    """Whether gzip packed it."""

    @classmethod
    def of(cls, path: Path) -> Format | None:
        """Return what a file holds by its suffix; None for any other one."""
        zipped = path.suffix.lower() == ZIPPED
        kind = SUFFIXES.get(Path(path.stem if zipped else path.name).suffix.lower())
        return None if kind is None or (zipped and kind == "parquet") else cls(kind, zipped)

    @property
    def suffix(self) -> str:
        """The suffix of a file of this format."""
        return f".{self.kind}{ZIPPED if self.zipped else ''}"

    def open(self, path: Path) -> IO[bytes]:
        """Open a file to be read."""
        return cast("IO[bytes]", gzip.open(path)) if self.zipped else path.open("rb")


class Part(NamedTuple):
    """A stretch of a table."""

    content: pa.RecordBatch | bytes
    """Rows of Parquet, or lines of text."""
    after: int
    """Where the next part begins: a row of Parquet, or a byte of text."""


@dataclass(frozen=True)
class Table:
    """A table of profiles whose columns are checked.

    Attributes:
        path: of the file.
        place: how messages call it.
        declared: what can be asked.
        format: of the file.
        length: how far `Part.after` goes, about.
        kept: the columns that no profile has and that the answers carry.
        extra: what becomes of columns that no profile has.
        form: of text.
        start: where the first part begins.
    """

    path: Path
    place: str
    declared: Declarations
    format: Format
    length: int
    kept: pa.Schema
    extra: ExtraColumns | None = None
    form: TextForm | None = None
    start: int = 0

    def records(self, part: Part) -> Records:
        """Return the rows of a part."""
        if isinstance(part.content, pa.RecordBatch):
            return of_batch(part.content, self.declared, self.extra)
        assert self.form is not None  # noqa: S101  (text has one)
        return self.form.records(part.content)

    def parts(self, position: int) -> Iterator[Part]:
        """Yield the table in parts, from where one begins.

        Raises:
            InputError: where it can no longer be read.
        """
        with file_errors(self.place, "a readable table"):
            if self.form is None:
                known = {*columns(self.declared), *self.kept.names}
                yield from _batches(self.path, position, repeating(self.declared), known)
            else:
                with self.format.open(self.path) as file:
                    file.seek(position)
                    yield from _stretches(file, b'"' if self.format.kind == "csv" else b"")

    def digest(self) -> str:
        """Return the sha256 of its bytes."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def stamp(self) -> tuple[int, int]:
        """Return what changes when somebody writes to it: its size and when it was modified."""
        status = self.path.stat()
        return status.st_size, status.st_mtime_ns


def open_table(
    path: str | Path,
    declared: Declarations,
    extra: ExtraColumns | None = None,
    taken: tuple[str, ...] = (),
    delimiter: str | None = None,
    named: str | None = None,
) -> Table:
    """Return a table of profiles: Parquet, CSV with a header line, or JSON Lines.

    Args:
        path: of the file, its suffix telling what it holds.
        declared: what can be asked.
        extra: what becomes of columns that no profile has; None where they are a fault.
        taken: the names of the columns of answers.
        delimiter: between the cells of CSV; None for the one that the header shows.
        named: what it is called as the user gave it, if not by its path; of `-`, standard input,
            the first bytes tell what it holds.

    Raises:
        InputError: where it cannot be read, or with everything that is wrong with its columns.
    """
    chosen = Path(path)
    place, told = str(path), Format.of(chosen)
    if named == STDIN:
        place = STANDARD_INPUT
        with file_errors(place, "a readable table"):
            told = _sniffed(chosen)
    if told is None:
        hint = f"name it after its format: {', '.join(SUFFIXES)}, or the text ones with {ZIPPED}"
        suffix = chosen.suffix or "no suffix"
        raise InputError([Problem(place, "", "a Parquet, CSV or JSON Lines file", suffix, hint)])
    with file_errors(place, f"a readable {told.kind} file"):
        if told.kind == "parquet":
            with pq.ParquetFile(chosen) as file:
                schema = file.schema_arrow
                check_schema(schema, declared, place, extra, taken)
                others = extras(schema.names, declared) if extra == "keep" else []
                kept = pa.schema([schema.field(name) for name in others])
                rows = file.metadata.num_rows
                return Table(chosen, place, declared, told, rows, kept, extra)
        with told.open(chosen) as text:
            first, start = _first_line(text)
            if told.kind == "csv" and (said := _SEPARATOR_LINE.fullmatch(first)):
                delimiter = delimiter or said[1].decode()
                first, start = _first_line(text)
        form: TextForm
        if told.kind == "csv":
            form = csv_form(first, declared, place, extra, taken, delimiter)
        else:
            form, start = json_form(first, declared, place, extra, taken), 0
        kept = pa.schema([(name, pa.string()) for name in form.kept])
        length = _unzipped(chosen) if told.zipped else chosen.stat().st_size
        return Table(chosen, place, declared, told, length, kept, extra, form, start)


@contextmanager
def standing(table: str) -> Iterator[Path]:
    """Yield where a table stands: of standard input a file, gone at the end, as it is read twice.

    Raises:
        InputError: where standard input cannot be read, or there is no room for it.
    """
    if table != STDIN:
        yield Path(table)
        return
    with ExitStack() as stack:
        with file_errors(STANDARD_INPUT, ""):
            spool = stack.enter_context(tempfile.NamedTemporaryFile(prefix="mars-solver-"))
            stack.enter_context(at_stop(spool.close))
            shutil.copyfileobj(standard_input(), spool)
            spool.flush()
        yield Path(spool.name)


def _sniffed(path: Path) -> Format:
    """Return what a file holds by its first bytes."""
    with path.open("rb") as file:
        start = file.read(len(_PARQUET))
    if start == _PARQUET:
        return Format("parquet")
    told = Format("csv", start.startswith(_GZIP))
    with told.open(path) as text:
        first, _ = _first_line(text)
    return told._replace(kind="jsonl") if first.lstrip(_BLANK).startswith(b"{") else told


def _unzipped(path: Path) -> int:
    """Return about how many bytes gzip packed: what its last ones say, below 2**32."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - 4, 0))
        return max(int.from_bytes(file.read(), "little"), size)


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
    except FileNotFoundError:
        raise InputError([Problem(str(path), "", "", "no such file or directory", hint)]) from None
    except gzip.BadGzipFile:
        raise InputError([Problem(str(path), "", "", "not a gzip file", hint)]) from None
    except pa.ArrowInvalid as error:
        found = reason(error)
        if not_parquet := "Parquet" in found:
            found = "not a Parquet file, or a damaged one"
        said = Problem(str(path), "", "" if not_parquet else expected, found, hint)
        raise InputError([said]) from None
    except (EOFError, zlib.error):
        found = "a packed file that is cut short or damaged"
        raise InputError([Problem(str(path), "", expected, found, hint)]) from None
    except (OSError, pa.ArrowException) as error:
        raise InputError([Problem(str(path), "", expected, reason(error), hint)]) from None


def reason(error: OSError | pa.ArrowException) -> str:
    """Return what an error of the system or of Arrow says, on one short line."""
    number = getattr(error, "errno", None)
    if number:
        return system_reason(OSError(number, os.strerror(number)))
    return str(error).partition("\n")[0][:_SAID]


def _first_line(file: IO[bytes]) -> tuple[bytes, int]:
    """Return the first line that is not blank, and where the next one begins."""
    for line in iter(lambda: file.readline(LINE_BYTES), b""):
        if line.strip(_BLANK):
            return line, file.tell()
    return b"", file.tell()


def _batches(path: Path, position: int, coded: list[str], known: Collection[str]) -> Iterator[Part]:
    """Yield the rows of a Parquet file from one row on.

    Args:
        path: of the file.
        position: the row.
        coded: columns to be read as dictionaries where they hold texts.
        known: the columns to be read.
    """
    with pq.ParquetFile(path) as file:
        metadata = file.metadata
        names = [f.name for f in file.schema_arrow if f.name in known]
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
        for read in file.iter_batches(PART_ROWS, row_groups=groups, columns=names or None):
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


def _stretches(file: IO[bytes], quote: bytes) -> Iterator[Part]:
    """Yield the lines of a text from where the file stands.

    A part ends after a line up to which the quotation marks pair up, so that no quoted cell with
    line breaks is cut; or else once it is twice as long as wanted.
    """
    position = file.tell()
    held, more = b"", True
    while held or more:
        cut = 0
        for size in (_PART_BYTES, _LONGEST * _PART_BYTES):
            while more and len(held) < size:
                data = file.read(size - len(held))
                held, more = held + data, bool(data)
            cut = _cut(held[:size], quote, last=not more and len(held) <= size)
            if cut or b"\n" not in held[:size]:
                break
        if not held:
            return
        if cut:
            text, position = held[:cut], position + cut
        else:
            text = held[:LINE_BYTES] + b"\n"
            while more and b"\n" not in held:
                position += len(held)
                held = file.read(_PART_BYTES)
                more = bool(held)
            cut = held.find(b"\n") + 1 or len(held)
            position += cut
        held = held[cut:]
        yield Part(text, position)


def _cut(text: bytes, quote: bytes, *, last: bool) -> int:
    """Return where a part of a text ends; 0 where more has to be read to tell.

    Args:
        text: from the beginning of the part.
        quote: what may enclose line breaks.
        last: whether the table ends with the text.
    """
    lines, end = text.count(b"\n"), text.rfind(b"\n") + 1
    paired = not quote or text.count(quote, 0, end) % 2 == 0
    if 0 < lines <= PART_ROWS and paired and not last:
        return end
    data = np.frombuffer(text, np.uint8)
    ends = np.flatnonzero(data == ord("\n")) + 1
    if last and not text.endswith(b"\n"):
        ends = np.append(ends, len(text))
    if not len(ends):
        return 0
    wanted = min(PART_ROWS, len(ends))
    if not quote or quote not in text:
        return int(ends[wanted - 1])
    open_ = np.searchsorted(np.flatnonzero(data == ord(quote)), ends) % 2
    even = np.flatnonzero(open_[: _LONGEST * PART_ROWS] == 0)
    at = int(np.searchsorted(even, wanted)) - 1
    if len(even):
        return int(ends[even[max(at, 0)]])
    far = min(_LONGEST * PART_ROWS, len(ends))
    enough = last or far < len(ends) or len(text) > _PART_BYTES
    return int(ends[far - 1]) if enough else 0
