"""Where answers go: Parquet, CSV or JSON Lines, each file whole or not at all."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from mars_solver.batch.answers import REASONS, ROW
from mars_solver.batch.records import is_text_type, opened, texts_of
from mars_solver.batch.tables import PART_ROWS, SUFFIXES, ZIPPED, Format, file_errors
from mars_solver.errors import InputError, Problem, rerooted
from mars_solver.escaping import FORMULA, NUMBER
from mars_solver.inputs.files import lines_of, target, unwritable
from mars_solver.inputs.profile_row import ID
from mars_solver.stopping import at_stop

STDOUT: Final = "-"
_NO_REJECTS: Final = "-.rejects.parquet"
_BETWEEN_REASONS: Final = " | "
_DUMPS: Final = json.JSONEncoder(ensure_ascii=False, default=str).encode


def output_paths(
    table: str, output: str, rejects: str | None, *, force: bool = False, resume: bool = False
) -> tuple[Path, Path]:
    """Return where answers and rejects go, checked before any work.

    Args:
        table: the path of the profiles.
        output: that of the answers; `-` is standard output.
        rejects: that of the rows that are no profiles; None for one beside the answers.
        force: whether files that are there may be replaced.
        resume: whether a run is to be continued.

    Raises:
        InputError: where a file cannot be written there, or two of them are the same.
    """
    if output == STDOUT and resume:
        hint = "name a file for the answers"
        raise InputError([Problem("--resume", "", "a run that wrote a file", "-o -", hint)])
    answers = Path(output)
    told = Format.of(answers) or Format("parquet")
    stem = answers.with_suffix("").stem if told.zipped else answers.stem
    refused = Path(rejects) if rejects else answers.parent / f"{stem}.rejects{told.suffix}"
    named = {"IN": Path(table), "--output": answers, "--rejects": refused}
    outputs = [
        (place, path)
        for place, path in named.items()
        if place != "IN" and not (output == STDOUT and (place == "--output" or not rejects))
    ]
    kinds = f"a name that ends in {', '.join(SUFFIXES)}, or a text one with {ZIPPED}"
    problems = [
        Problem(place, "", kinds, str(path))
        for place, path in outputs
        if path.name and Format.of(path) is None
    ]
    for (one, first), (other, second) in combinations(named.items(), 2):
        if STDOUT not in (str(first), str(second)) and target(first) == target(second):
            hint = "name another file"
            problems.append(Problem(other, "", f"another file than {one}", str(second), hint))
    problems += filter(None, (unwritable(path, place) for place, path in outputs))
    if not problems and not force:
        hint = "name another one, or add --force to replace it"
        problems += [
            Problem(place, "", "a new file", f"{path}, which is there", hint)
            for place, path in outputs
            if path.is_file()
        ]
    if problems:
        raise InputError(problems)
    return answers, refused


@contextmanager
def outputs(paths: tuple[Path, Path], told: Format) -> Iterator[tuple[Path, Path]]:
    """Yield where a run puts answers and rejects: for standard output, files of a passing folder.

    Args:
        paths: what `output_paths` returns.
        told: what the table of profiles is.
    """
    answers, rejects = paths
    if str(answers) != STDOUT:
        yield paths
        return
    kind = "jsonl" if told.kind == "jsonl" else "csv"
    passing = TemporaryDirectory(prefix="mars-solver-")

    def moved(problem: Problem) -> Problem:
        if Path(problem.place).parent != Path(passing.name):
            return problem
        hint = "make room, or name another folder in TMPDIR"
        return replace(problem, place=str(Path(passing.name).parent), hint=hint)

    with passing as folder, at_stop(passing.cleanup), rerooted(moved):
        beside = rejects.name == _NO_REJECTS
        yield (
            Path(folder, f"answers.{kind}"),
            Path(folder, "rejects.jsonl") if beside else rejects,
        )


def rejected(path: Path) -> Iterator[str]:
    """Yield a line for each row in rejects, as JSON Lines have them."""
    for line in lines_of(path):
        row = json.loads(line)
        name = "" if row[ID] is None else f" ({row[ID]})"
        yield f"rejected: row {row[ROW]}{name}: {_BETWEEN_REASONS.join(row[REASONS])}"


def writing(path: Path) -> AbstractContextManager[None]:
    """Return what turns an error of a write into a problem of the path."""
    hint = "make room or name another place; --resume keeps what is finished"
    return file_errors(path, "a writable place", hint)


class Sink(ABC):
    """A file that appears whole or not at all.

    Args:
        path: where it appears.
        draft: where it is written until then, on the same disk.
    """

    def __init__(self, path: Path, draft: Path) -> None:
        self._path = path
        self._draft = draft

    def write(self, batch: pa.RecordBatch) -> None:
        """Write the rows of a record batch; texts may come as dictionaries."""
        if batch.num_rows:
            with writing(self._path):
                self._write(batch)

    def close(self) -> None:
        """End the file, still as a draft."""
        with writing(self._path):
            self._end()

    def appear(self) -> None:
        """Put the file in its place."""
        with writing(self._path):
            self._draft.replace(self._path)

    def leave(self) -> None:
        """End the file, whatever state it is in."""
        with suppress(OSError, pa.ArrowException, ValueError):
            self._end()

    @abstractmethod
    def _write(self, batch: pa.RecordBatch) -> None: ...

    @abstractmethod
    def _end(self) -> None: ...


def sink(path: Path, draft: Path, schema: pa.Schema) -> Sink:
    """Return a sink that writes what the suffix of a path says.

    Args:
        path: where the file appears.
        draft: where it is written until then.
        schema: of what is written.
    """
    told = Format.of(path) or Format("parquet")
    with writing(path):
        if told.kind == "parquet":
            return _Parquet(path, draft, schema)
        return _Text(path, draft, told, schema)


class _Parquet(Sink):
    """Parquet: each record batch is a row group."""

    def __init__(self, path: Path, draft: Path, schema: pa.Schema) -> None:
        super().__init__(path, draft)
        coded = [field.name for field in schema if pa.types.is_dictionary(field.type)]
        self._writer = pq.ParquetWriter(
            draft,
            schema,
            use_dictionary=coded,
            # Row numbers ascend; the least and greatest of anything else tell hardly anything.
            column_encoding={ROW: "DELTA_BINARY_PACKED"},
            write_statistics=[ROW],
            write_batch_size=PART_ROWS,
            store_schema=False,
        )

    def _write(self, batch: pa.RecordBatch) -> None:
        self._writer.write_table(pa.Table.from_batches([batch]), batch.num_rows)

    def _end(self) -> None:
        self._writer.close()


class _Text(Sink):
    """CSV with a header line, or JSON Lines."""

    def __init__(self, path: Path, draft: Path, told: Format, schema: pa.Schema) -> None:
        super().__init__(path, draft)
        self._lines = told.kind == "jsonl"
        self._file = pa.output_stream(str(draft), compression="gzip" if told.zipped else None)
        if not self._lines:
            empty = [pa.array([], _written(field.type)) for field in schema]
            names = _inert(pa.array(schema.names)).to_pylist()
            self._put(pa.RecordBatch.from_arrays(empty, names), header=True)

    def _write(self, batch: pa.RecordBatch) -> None:
        if self._lines:
            lines = map(_DUMPS, _rows(batch))
            self._file.write("".join(f"{line}\n" for line in lines).encode(errors="replace"))
        else:
            columns = [_cells(column) for column in batch.columns]
            self._put(pa.RecordBatch.from_arrays(columns, batch.schema.names), header=False)

    def _put(self, batch: pa.RecordBatch, *, header: bool) -> None:
        options = pyarrow.csv.WriteOptions(include_header=header)
        pyarrow.csv.write_csv(batch, self._file, options)

    def _end(self) -> None:
        self._file.close()


def _rows(batch: pa.RecordBatch) -> Iterable[dict[str, Any]]:
    rows: list[dict[str, Any]] = batch.to_pylist()
    return rows


def _written(arrow: pa.DataType) -> pa.DataType:
    """Return the type of the cells of a column in CSV."""
    plain = pa.types.is_boolean(arrow) or pa.types.is_integer(arrow) or pa.types.is_floating(arrow)
    return arrow if plain else pa.string()


def _cells(column: pa.Array) -> pa.Array:
    """Return what stands in a column of CSV."""
    if pa.types.is_dictionary(column.type) and is_text_type(column.type.value_type):
        words = _inert(texts_of(column.dictionary))
        return opened(pa.DictionaryArray.from_arrays(column.indices, words))
    column = opened(column)
    if _written(column.type) != pa.string():
        return column
    if pa.types.is_nested(column.type):
        return _inert(pa.array([_listed(value) for value in column.to_pylist()], pa.string()))
    return _inert(texts_of(column))


def _inert(texts: pa.Array) -> pa.Array:
    """Return texts of which a spreadsheet computes none: such a one has an apostrophe before it."""
    formula, number = (pc.match_substring_regex(texts, each) for each in (FORMULA, NUMBER))
    acting = pc.and_not(formula, number)
    if not pc.any(acting).as_py():
        return texts
    return pc.if_else(acting, pc.binary_join_element_wise("'", texts, ""), texts)


def _listed(value: Any) -> str | None:
    """Return a nested value in one cell: texts one after the other, anything else as JSON."""
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return _BETWEEN_REASONS.join(value)
    return value if value is None else _DUMPS(value)
