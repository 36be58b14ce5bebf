"""A run over a table of profiles: streamed in parts, on all processors, and resumable.

A part is read, answered in a worker, kept on disk and written to the output, in order; so memory
does not grow with the table, and after a kill the finished parts need not be answered again.
"""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mars_solver.batch.answers import (
    REASONS,
    REJECTED,
    ROW,
    AnswerBatch,
    answerer,
    counted_from,
    with_kept,
)
from mars_solver.batch.checkpoints import Checkpoint
from mars_solver.batch.sinks import Sink, sink
from mars_solver.batch.summary import Summary
from mars_solver.batch.tables import PART_ROWS, Part, Table
from mars_solver.errors import InputError, Problem
from mars_solver.inputs.files import target
from mars_solver.inputs.profile_row import ID
from mars_solver.solving.solver import Solver
from mars_solver.stopping import undone
from mars_solver.vocabulary import Policy

_FORMAT: Final = 4
"""The version of the parts that are kept."""
_REJECTS: Final = (ROW, ID, REASONS)
_AFTER: Final = b"after"
_QUESTIONS: Final = b"questions"

Progress = Callable[[int, int], None]
"""Told how far a run has come, and how far it will."""


@dataclass(frozen=True)
class Run:
    """What to answer and where to put the answers.

    Attributes:
        table: the profiles.
        output: the file of the answers.
        rejects: that of the rows that are no profiles; written only if there are any.
        solver: what decides.
        unknown: the policy.
        top: how many models to rank.
        workers: how many parts are answered at once.
        batch_rows: how many rows are answered together; no answer depends on it.
    """

    table: Table
    output: Path
    rejects: Path
    solver: Solver
    unknown: Policy = "flag"
    top: int = 3
    workers: int = 1
    batch_rows: int = PART_ROWS

    def manifest(self) -> dict[str, Any]:
        """Return what parts have to share, to be parts of one output."""
        return {
            "format": _FORMAT,
            "input": self.table.digest(),
            "kind": self.table.format.kind,
            "columns": [*self.table.kept.names],
            "catalogue": self.solver.catalogue.sha256,
            "weights": self.solver.weights.sha256,
            "unknown": self.unknown,
            "top": self.top,
        }

    def answer(self, part: Part) -> AnswerBatch:
        """Return the answers to a part, its rows counted from 0."""
        prepared = answerer(self.solver, self.unknown, self.top)
        return prepared.answer(self.table.records(part), self.batch_rows)


def workers_for(table: Table) -> int:
    """Return how many parts of a table are best answered at once.

    Text keeps every processor at work, since it has to be parsed. To read and write Parquet takes
    about as long as to answer it, so that one processor is left for that.
    """
    allowed = hasattr(os, "sched_getaffinity") and len(os.sched_getaffinity(0))
    processors = allowed or os.cpu_count() or 1
    return processors if table.form is not None else max(processors - 1, 1)


def execute(run: Run, *, resume: bool, progress: Progress) -> Summary:
    """Answer a table and put the answers in their place, whole or not at all.

    Raises:
        InputError: where the output cannot be written, the input can no longer be read or has
            changed meanwhile, or the parts to resume belong to another run.
    """
    stamp = run.table.stamp()
    kept = Checkpoint(run.output)
    summary = Summary()
    with kept.begun(run.manifest(), resume=resume), ExitStack() as drafts:
        writer = _Writer(run, kept, drafts)
        for after, answered in _finished(run, kept):
            writer.write(answered.batch)
            summary.count(*answered)
            progress(after, run.table.length)
        if run.table.stamp() != stamp:
            hint = "run again once nobody writes to it"
            expected = "a table that stays as it is while it is read"
            raise InputError([Problem(run.table.place, "", expected, "a change", hint)])
        writer.finish(rejected=bool(summary.rejected))
        kept.clear()
    return summary


def _finished(run: Run, kept: Checkpoint) -> Iterator[tuple[int, AnswerBatch]]:
    """Yield the answers to each part in order, and where the next begins: all of them are kept."""
    number, rows, position = 0, 0, run.table.start
    for batch, notes in kept.parts():
        position = int(notes[_AFTER])
        yield position, AnswerBatch(batch, np.frombuffer(notes[_QUESTIONS], dtype=np.uint64))
        number, rows = number + 1, rows + batch.num_rows
    for part, (answers, questions) in _answered(run, position):
        batch = counted_from(rows, answers)
        after = str(part.after).encode()
        kept.keep(number, batch, {_AFTER: after, _QUESTIONS: questions.tobytes()})
        yield part.after, AnswerBatch(batch, questions)
        number, rows = number + 1, rows + batch.num_rows


class _Writer:
    """Sends answers to the output and refused rows to the rejects.

    Args:
        run: whose they are.
        kept: has the folder of its drafts.
        drafts: removes them.
    """

    def __init__(self, run: Run, kept: Checkpoint, drafts: ExitStack) -> None:
        self._run = run
        answers = with_kept(answerer(run.solver, run.unknown, run.top).schema, run.table.kept)
        self._columns = [name for name in answers.names if name != REASONS]
        # Named after the output, which no other run writes, and found again by a run that resumes.
        owner = hashlib.sha256(os.fsencode(target(run.output))).hexdigest()[:8]
        beside = run.rejects.with_name(f".{run.rejects.name}.{owner}.draft")
        self._answers, self._rejects = (
            _drafted(drafts, path, draft, pa.schema([answers.field(name) for name in names]))
            for path, draft, names in (
                (run.output, kept.draft("answers"), self._columns),
                (run.rejects, beside, _REJECTS),
            )
        )

    def write(self, batch: pa.RecordBatch) -> None:
        """Write a part."""
        status = batch.column("status")
        refused = pc.equal(status.indices, status.dictionary.index(REJECTED))
        if pc.any(refused).as_py():
            self._rejects.write(batch.filter(refused).select(_REJECTS))
            batch = batch.filter(pc.invert(refused))
        self._answers.write(batch.select(self._columns))

    def finish(self, *, rejected: bool) -> None:
        """Let both files appear; rejects only if there are any, and none of an earlier run stay."""
        self._answers.close()
        self._rejects.close()
        if rejected:
            self._rejects.appear()
        else:
            self._run.rejects.unlink(missing_ok=True)
        self._answers.appear()


def _drafted(drafts: ExitStack, path: Path, draft: Path, schema: pa.Schema) -> Sink:
    """Return a sink whose draft is removed with others."""
    drafts.enter_context(undone(partial(draft.unlink, missing_ok=True)))
    opened = sink(path, draft, schema)
    drafts.callback(opened.leave)
    return opened


def _answered(run: Run, position: int) -> Iterator[tuple[Part, AnswerBatch]]:
    """Yield the parts of a table from a position on with their answers, in order.

    The next part is read, and others are answered, while this thread writes one down.
    """
    waiting: deque[tuple[Part, Future[AnswerBatch]]] = deque()
    parts = run.table.parts(position)
    with ThreadPoolExecutor(1) as reader, ThreadPoolExecutor(run.workers) as workers:
        ahead = reader.submit(next, parts, None)
        try:
            while (part := ahead.result()) is not None:
                ahead = reader.submit(next, parts, None)
                waiting.append((part, workers.submit(run.answer, part)))
                if len(waiting) > run.workers:
                    done, future = waiting.popleft()
                    yield done, future.result()
            while waiting:
                done, future = waiting.popleft()
                yield done, future.result()
        finally:
            workers.shutdown(cancel_futures=True)
