"""The finished parts of an output, kept until it is whole, so that a run can be resumed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.ipc

from mars_solver.batch.sinks import writing
from mars_solver.errors import InputError, Problem
from mars_solver.inputs.files import drafted, held, read_document, write_whole
from mars_solver.stopping import undone

_MANIFEST: Final = "manifest.json"
_OURS: Final = re.compile(rf"{re.escape(_MANIFEST)}|\d+\.part|.+\.draft")
"""The names of what is in the folder of a run."""
_DIGEST: Final = 16
"""The bytes before each part that tell a damaged one."""


class Checkpoint:
    """The finished parts of an output, in a folder beside it.

    Args:
        output: where the whole will appear.
    """

    def __init__(self, output: Path) -> None:
        self.folder = output.with_name(output.name + ".parts")
        self._output = output

    @contextmanager
    def begun(self, manifest: dict[str, Any], *, resume: bool) -> Iterator[None]:
        """Have the folder, for this run alone, until the end of the block; `clear` removes it.

        Raises:
            InputError: where its parts belong to another run, with everything that differs; where
                another run is at work in it; where it has anything but parts; or where it cannot be
                made.
        """
        with ExitStack() as stack:
            with writing(self.folder):
                alone = stack.enter_context(held(self.folder))
            if not alone:
                hint = "wait for it, or name another output"
                raise InputError(
                    [Problem(str(self._output), "", "", "another run writes it", hint)]
                )
            for path in self.folder.iterdir():
                if not _OURS.fullmatch(path.name):
                    expected = "a folder with nothing but the parts of a run"
                    hint = "move it elsewhere, or name another output"
                    raise InputError([Problem(str(self.folder), "", expected, path.name, hint)])
            stack.enter_context(undone(self._leave))
            self._begin(manifest, resume=resume)
            yield

    def _leave(self) -> None:
        """Remove the folder where no part is in it."""
        if self.folder.exists() and not self._part(0).exists():
            self.clear()

    def _begin(self, manifest: dict[str, Any], *, resume: bool) -> None:
        """Empty the folder, or check that its parts belong to the same run."""
        path = self.folder / _MANIFEST
        if resume and path.exists():
            try:
                known = read_document(path)[0]
            except InputError:  # a damaged one belongs to no run
                known = {}
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
        self._empty()
        write_whole(path, json.dumps(manifest, indent=2) + "\n")

    def draft(self, name: str) -> Path:
        """Return where a file of this run is written before it appears."""
        return self.folder / f"{name}.draft"

    def parts(self) -> Iterator[tuple[pa.RecordBatch, dict[bytes, bytes]]]:
        """Yield the finished parts with their notes, up to one that is missing or damaged."""
        number = 0
        while True:
            try:
                kept = self._part(number).read_bytes()
            except OSError:
                return
            if _digest(data := memoryview(kept)[_DIGEST:]) != kept[:_DIGEST]:
                return
            with pa.ipc.open_file(pa.py_buffer(data)) as file:
                batch = file.get_batch(0)
            yield batch, batch.schema.metadata
            number += 1

    def keep(self, number: int, batch: pa.RecordBatch, notes: dict[bytes, bytes]) -> None:
        """Keep a part, whole or not at all."""
        noted = batch.replace_schema_metadata(notes)
        stream = pa.BufferOutputStream()
        with pa.ipc.new_file(stream, noted.schema) as arrow:
            arrow.write_batch(noted)
        data = stream.getvalue()
        with (
            writing(self._output),
            drafted(self._part(number), self.draft("part")) as draft,
            draft.open("wb") as file,
        ):
            file.write(_digest(data))
            file.write(data)

    def clear(self) -> None:
        """Remove the folder with all parts."""
        with writing(self.folder):
            self._empty()
            self.folder.rmdir()

    def _empty(self) -> None:
        for path in self.folder.iterdir():
            path.unlink()

    def _part(self, number: int) -> Path:
        return self.folder / f"{number:06}.part"


def _digest(data: memoryview | pa.Buffer) -> bytes:
    return blake2b(data, digest_size=_DIGEST).digest()
