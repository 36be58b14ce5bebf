"""Record batches of profiles in, record batches of answers out: pure, one row for one row.

What `recommend` would say of each row, decided for all of them at once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mars_solver.batch.json_lines import JsonForm
from mars_solver.batch.kernel.arrays import Flags, Numbers, coded, flags_out, nullable
from mars_solver.batch.kernel.contexts import NONE
from mars_solver.batch.kernel.encoding import Encoder
from mars_solver.batch.kernel.kernel import Answers, BatchSolver, joined
from mars_solver.batch.records import Records, check_schema, of_batch
from mars_solver.budget import spend
from mars_solver.errors import InputError, rerooted
from mars_solver.inputs.profile_row import ID, SEPARATOR, column_of, parse_row
from mars_solver.solving.solver import Solver
from mars_solver.vocabulary import INFEASIBLE, Policy, Status

REJECTED: Final = "rejected"
"""The status of a row that is no profile."""
ROW: Final = "row"
REASONS: Final = "reasons"
_REASONS_TYPE: Final = pa.list_(pa.string())
MOST_ROWS: Final = 2**17
"""The most rows that are worked on together: a bound of memory."""
_STATUSES: Final = (Status.MEETS.word, Status.UNVERIFIED.word, INFEASIBLE, REJECTED)


class AnswerBatch(NamedTuple):
    """A record batch of answers, and what a summary counts."""

    batch: pa.RecordBatch
    """As `answer_schema` has it, texts as dictionaries."""
    questions: Numbers
    """The marks of `kernel.Answers`, of the rows that are profiles."""


class Answerer:
    """A solver, prepared to answer record batches of profiles. Threads may share it.

    Attributes:
        schema: of the answers.
    """

    def __init__(self, solver: Solver, policy: Policy = "flag", top: int = 3) -> None:
        self.schema = coded_schema(answer_schema(top))
        self._solver = solver
        self._options = policy, top
        self._models = pa.array([model.id for model in solver.catalogue.models], pa.string())
        self._guided = solver.catalogue.flowchart is not None
        self._prepared = self._fresh()

    def answer(self, records: Records, at_once: int = MOST_ROWS) -> AnswerBatch:
        """Return the answers to profiles, the rows counted from 0.

        Args:
            records: the profiles.
            at_once: how many rows are worked on together; no answer depends on it.
        """
        refused = np.zeros(records.batch.num_rows, dtype=np.bool_)
        refused[list(records.refused)] = True
        answers = joined(
            [
                self._answers(records.batch.slice(start, at_once), refused[start : start + at_once])
                for start in range(0, max(len(refused), 1), at_once)
            ]
        )
        kept = records.batch.select(records.kept)
        columns = [
            pa.array(np.arange(len(refused))),
            records.ids(),
            *kept.columns,
            *self._columns(answers),
            self._reasons(records, answers.faulty),
        ]
        schema = with_kept(self.schema, kept.schema)
        return AnswerBatch(pa.RecordBatch.from_arrays(columns, schema=schema), answers.marks)

    def _answers(self, batch: pa.RecordBatch, refused: Flags) -> Answers:
        kernel, encoder = self._prepared
        if kernel.questions.is_full:
            self._prepared = kernel, encoder = self._fresh()
        rows = encoder.encode(batch)
        np.logical_or(rows.faulty, refused, out=rows.faulty)
        return kernel.answer(rows)

    def _fresh(self) -> tuple[BatchSolver, Encoder]:
        """Return what answers, with nothing remembered."""
        kernel = BatchSolver(self._solver, *self._options)
        return kernel, Encoder(self._solver, kernel.questions.choices)

    def _columns(self, answers: Answers) -> list[pa.Array]:
        """Return the columns of the answers; those of faulty rows are null."""
        faulty = answers.faulty
        none = (answers.models == NONE) | faulty
        statuses = answers.unverified.view(np.int8)
        status = np.where(none[0], np.int8(_STATUSES.index(INFEASIBLE)), statuses[0])
        status[faulty] = _STATUSES.index(REJECTED)
        ranks = range(len(none))
        return [
            coded(status, pa.array(_STATUSES)),
            *(coded(answers.models[k], self._models, none[k]) for k in ranks),
            *(nullable(answers.scores[k], none[k]) for k in ranks),
            *(coded(statuses[k], pa.array(_STATUSES[:2]), none[k]) for k in ranks),
            coded(answers.blocked, self._blocked(answers), (answers.blocked == 0) | faulty),
            flags_out(answers.agrees, faulty if self._guided else ~np.zeros_like(faulty)),
        ]

    def _blocked(self, answers: Answers) -> pa.Array:
        """Return the text of each mask of what leaves no model."""
        names_of = self._solver.declared.names_of
        return pa.array([SEPARATOR.join(names_of(mask)) for mask in answers.conflicts], pa.string())

    def _reasons(self, records: Records, faulty: Flags) -> pa.Array:
        """Return why each row is no profile; null where it is one."""
        refused = np.flatnonzero(faulty)
        if not len(refused):
            return pa.nulls(len(faulty), _REASONS_TYPE)
        reasons = records.reasons(refused, self._refusal)
        index = np.full(len(faulty), len(reasons))
        index[refused] = np.arange(len(reasons))
        return pa.array([*reasons, None], _REASONS_TYPE).take(pa.array(index))

    def _refusal(self, row: Mapping[str, Any]) -> list[str]:
        """Return every reason why a row, by its columns, gets no answer."""
        spend()
        try:
            profile = parse_row(row, self._solver.declared)
            with rerooted(lambda problem: replace(problem, place="", path=column_of(problem.path))):
                self._solver.checked(profile)
        except InputError as error:
            return [str(problem) for problem in error.problems]
        raise RuntimeError(f"a row was refused without a reason: {row!r}")


def decide(
    batch: pa.RecordBatch, solver: Solver, unknown: Policy = "flag", top: int = 3
) -> pa.RecordBatch:
    """Return the answers to the profiles of a record batch, one row for each.

    Raises:
        InputError: with every unknown column and each of the wrong type.
    """
    check_schema(batch.schema, solver.declared, "record batch")
    return answered(of_batch(batch, solver.declared), solver, unknown, top)


def answered(records: Records, solver: Solver, unknown: Policy, top: int) -> pa.RecordBatch:
    """Return the answers to profiles, with texts as texts."""
    answers = answerer(solver, unknown, top).answer(records).batch
    return answers.cast(with_kept(answer_schema(top), records.batch.select(records.kept).schema))


def json_lines(lines: list[bytes], solver: Solver, unknown: Policy = "flag", top: int = 3) -> str:
    """Return the answers to profiles in JSON Lines as JSON Lines, one for each that is not blank.

    Each line is an object with the columns of `answer_schema`.
    """
    form = JsonForm(solver.declared, None, ())
    answers = answerer(solver, unknown, top).answer(form.records(b"\n".join(lines))).batch
    return "".join(json.dumps(row) + "\n" for row in answers.to_pylist())


def counted_from(rows: int, answers: pa.RecordBatch) -> pa.RecordBatch:
    """Return answers whose rows are counted from 0 with these counted from a later one."""
    return answers.set_column(0, ROW, pc.add(answers.column(ROW), pa.scalar(rows, pa.int64())))


@lru_cache(maxsize=1)
def answerer(solver: Solver, unknown: Policy, top: int) -> Answerer:
    """Return what answers record batches, prepared once."""
    return Answerer(solver, unknown, top)


def answer_schema(top: int) -> pa.Schema:
    """Return the columns of answers that rank as many models."""
    ranks = range(1, top + 1)
    return pa.schema(
        [
            (ROW, pa.int64()),
            (ID, pa.string()),
            ("status", pa.string()),
            *((f"model_{k}", pa.string()) for k in ranks),
            *((f"score_{k}", pa.float64()) for k in ranks),
            *((f"status_{k}", pa.string()) for k in ranks),
            ("blocked", pa.string()),
            ("flowchart_agrees", pa.bool_()),
            (REASONS, _REASONS_TYPE),
        ]
    )


def with_kept(answers: pa.Schema, kept: pa.Schema) -> pa.Schema:
    """Return the columns of answers that carry columns of their profiles, after the id."""
    after = answers.get_field_index(ID) + 1
    fields = [*answers]
    return pa.schema([*fields[:after], *kept, *fields[after:]])


def coded_schema(schema: pa.Schema) -> pa.Schema:
    """Return the schema with every text but the id as a dictionary."""
    codes = {"blocked": pa.int32(), **{n: pa.int16() for n in schema.names if "model_" in n}}
    return pa.schema(
        [
            f.with_type(pa.dictionary(codes.get(f.name, pa.int8()), pa.string()))
            if f.type == pa.string() and f.name != ID
            else f
            for f in schema
        ]
    )
