"""Tables of answers on disk: kept in parts until they are whole, so that a run can be resumed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

from mars_solver.batch.tables import PART_ROWS, file_errors
from mars_solver.errors import InputError, Problem
from mars_solver.inputs.files import drafted, read_document, unwritable, write_whole

ROW: Final = "row"
_MANIFEST: Final = "manifest.json"
_OTHER_FORMATS: Final = {".csv", ".json", ".jsonl", ".ndjson"}


def output_paths(table: str, output: str, rejects: str | None) -> tuple[Path, Path]:
    """Return where answers and rejects go, checked before any work.

    Raises:
        InputError: where a file cannot be written there, or two of them are the same.
    """
    answers = Path(output)
    refused = Path(rejects) if rejects else answers.with_name(f"{answers.stem}.rejects.parquet")
    problems = []
    if answers.suffix.lower() in _OTHER_FORMATS:
        problems.append(Problem("--output", "", "a name that ends in .parquet", output))
    named = {"IN": Path(table), "--output": answers, "--rejects": refused}
    for (one, first), (other, second) in combinations(named.items(), 2):
        if first.resolve() == second.resolve():
            hint = "name another file"
            problems.append(Problem(other, "", f"another file than {one}", str(second), hint))
    checked = (unwritable(answers, "--output"), unwritable(refused, "--rejects"))
    problems += filter(None, checked)
    if problems:
        raise InputError(problems)
    return answers, refused


def writing(path: Path) -> AbstractContextManager[None]:
    """Return what turns an error of a write into a problem of the path."""
    hint = "make room or name another place; --resume keeps what is finished"
    return file_errors(path, "a writable place", hint)


class Sink:
    """A Parquet file that appears whole or not at all.

    Args:
        path: where it appears.
        draft: where it is written until then, on the same disk.
        schema: of what is written; a text may come as a dictionary of texts.
    """

    def __init__(self, path: Path, draft: Path, schema: pa.Schema) -> None:
        self._path = path
        self._draft = draft
        coded = [field.name for field in schema if pa.types.is_dictionary(field.type)]
        with writing(path):
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

    def write(self, batch: pa.RecordBatch) -> None:
        """Write a row group, unless it has no row."""
        if batch.num_rows:
            with writing(self._path):
                self._writer.write_table(pa.Table.from_batches([batch]), batch.num_rows)

    def close(self) -> None:
        """End the file, still as a draft."""
        with writing(self._path):
            self._writer.close()

    def appear(self) -> None:
        """Put the file in its place."""
        with writing(self._path):
            self._draft.replace(self._path)

    def drop(self) -> None:
        """Remove the draft, whatever state it is in."""
        with suppress(OSError, pa.ArrowException):
            self._writer.close()
        self._draft.unlink(missing_ok=True)


class Checkpoint:
    """The finished parts of an output, in a folder beside it.

    Args:
        output: where the whole will appear.
    """

    def __init__(self, output: Path) -> None:
        self.folder = output.with_name(output.name + ".parts")
        self._output = output

    def begin(self, manifest: dict[str, Any], *, resume: bool) -> None:
        """Make the folder, or check that its parts belong to the same run.

        Raises:
            InputError: where they do not, with everything that differs; or where it cannot be made.
        """
        path = self.folder / _MANIFEST
        if resume and path.exists():
            known = read_document(path)[0]
            hint = "run without --resume to start afresh"
            problems = [
                Problem(
                    str(self.folder), key, f"parts made with {value}", str(known.get(key)), hint
                )
                for key, value in manifest.items()
                if known.get(key) != value
            ]
            if problems:
                raise InputError(problems)
            return
        self.clear()
        with writing(self._output):
            self.folder.mkdir()
        write_whole(path, json.dumps(manifest, indent=2) + "\n")

    def draft(self, name: str) -> Path:
        """Return where a file of this run is written before it appears."""
        return self.folder / f"{name}.draft"

    def parts(self) -> Iterator[tuple[pa.RecordBatch, dict[bytes, bytes]]]:
        """Yield the finished parts with their notes, in order, up to the first missing one."""
        number = 0
        while True:
            try:
                with pa.ipc.open_file(self._part(number)) as file:
                    batch = file.get_batch(0)
            except (OSError, pa.ArrowException):
                return
            yield batch, batch.schema.metadata
            number += 1

    def keep(self, number: int, batch: pa.RecordBatch, notes: dict[bytes, bytes]) -> None:
        """Keep a part, whole or not at all."""
        noted = batch.replace_schema_metadata(notes)
        with (
            writing(self._output),
            drafted(self._part(number), self.draft("part")) as draft,
            pa.ipc.new_file(draft, noted.schema) as file,
        ):
            file.write_batch(noted)

    def clear(self) -> None:
        """Remove the folder with all parts."""
        if self.folder.exists():
            with writing(self._output):
                shutil.rmtree(self.folder)

    def _part(self, number: int) -> Path:
        return self.folder / f"{number:06}.arrow"
