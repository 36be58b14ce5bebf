"""Record batches of profiles in, record batches of answers out: pure, one row for one row.

What `recommend` would say of each row, decided for all of them at once.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from mars_solver.batch.arrays import Array, Flags, coded, nullable
from mars_solver.batch.encoding import Encoder
from mars_solver.batch.kernel import NONE, Answers, BatchSolver
from mars_solver.batch.records import Lines, Records, check_schema, from_json
from mars_solver.inputs.profile_row import ID, SEPARATOR
from mars_solver.solving.solver import Solver
from mars_solver.vocabulary import INFEASIBLE, REQUIREMENTS, Policy, Status, names_of

REJECTED: Final = "rejected"
"""The status of a row that is no profile."""
REASONS: Final = "reasons"
_STATUSES: Final = (Status.GUARANTEED.word, Status.UNVERIFIED.word, INFEASIBLE, REJECTED)


class AnswerBatch(NamedTuple):
    """A record batch of answers, and what a summary counts."""

    batch: pa.RecordBatch
    """As `answer_schema` has it, texts as dictionaries."""
    questions: Array
    """The keys of `kernel.Answers`, of the rows that are profiles."""


class Answerer:
    """A solver, prepared to answer record batches of profiles.

    Attributes:
        schema: of the answers.
    """

    def __init__(self, kernel: BatchSolver) -> None:
        self._kernel = kernel
        self._encoder = Encoder(kernel)
        self._models = pa.array([m.id for m in kernel.solver.catalogue.models], pa.string())
        self.schema = _coded_schema(answer_schema(kernel.top))

    def answer(self, records: Records, first_row: int = 0) -> AnswerBatch:
        """Return the answers to profiles.

        Args:
            records: the profiles.
            first_row: the number of the first one.
        """
        rows, faulty = self._encoder.encode(records.batch)
        faulty[list(records.refused)] = True
        answers = self._kernel.answer(rows)
        columns = [
            pa.array(np.arange(first_row, first_row + len(faulty))),
            records.ids(),
            *self._columns(answers, faulty),
            _reasons(records, faulty),
        ]
        batch = pa.RecordBatch.from_arrays(columns, schema=self.schema)
        asked = np.unique(answers.asked[~faulty]) if faulty.any() else slice(None)
        return AnswerBatch(batch, answers.questions[asked])

    def _columns(self, answers: Answers, faulty: Flags) -> list[pa.Array]:
        """Return the columns of the answers; those of faulty rows are null."""
        none = (answers.models == NONE) | faulty[:, None]
        statuses = np.minimum(answers.unverified, 1)
        status = np.where(none[:, 0], _STATUSES.index(INFEASIBLE), statuses[:, 0])
        status[faulty] = _STATUSES.index(REJECTED)
        ranks = range(answers.models.shape[1])
        return [
            coded(status, pa.array(_STATUSES)),
            *(coded(answers.models[:, k], self._models, none[:, k]) for k in ranks),
            *(nullable(answers.scores[:, k], none[:, k]) for k in ranks),
            *(coded(statuses[:, k], pa.array(_STATUSES[:2]), none[:, k]) for k in ranks),
            coded(answers.blocked, _requirements(), (answers.blocked == 0) | faulty),
            pa.array(answers.agrees, mask=faulty),
        ]


def decide(
    batch: pa.RecordBatch, solver: Solver, unknown: Policy = "flag", top: int = 3
) -> pa.RecordBatch:
    """Return the answers to the profiles of a record batch, one row for each: `api.decide`.

    Raises:
        InputError: with every unknown column and each of the wrong type.
    """
    check_schema(batch.schema, "record batch")
    answers = answerer(solver, unknown, top).answer(Records(batch)).batch
    return answers.cast(answer_schema(top))


def json_lines(lines: Lines, solver: Solver, unknown: Policy = "flag", top: int = 3) -> str:
    """Return the answers to profiles in JSON Lines as JSON Lines, one for each that is not blank.

    Each line is an object with the columns of `answer_schema`.
    """
    answers = answerer(solver, unknown, top).answer(from_json(lines)).batch
    return "".join(json.dumps(row) + "\n" for row in answers.to_pylist())


@lru_cache(maxsize=4)
def answerer(solver: Solver, unknown: Policy, top: int) -> Answerer:
    """Return what answers record batches, prepared once."""
    return Answerer(BatchSolver(solver, unknown, top))


def answer_schema(top: int) -> pa.Schema:
    """Return the columns of answers that rank as many models."""
    ranks = range(1, top + 1)
    return pa.schema(
        [
            ("row", pa.int64()),
            (ID, pa.string()),
            ("status", pa.string()),
            *((f"model_{k}", pa.string()) for k in ranks),
            *((f"score_{k}", pa.float64()) for k in ranks),
            *((f"status_{k}", pa.string()) for k in ranks),
            ("blocked", pa.string()),
            ("flowchart_agrees", pa.bool_()),
            (REASONS, pa.list_(pa.string())),
        ]
    )


def _coded_schema(schema: pa.Schema) -> pa.Schema:
    """Return the schema with every text but the id as a dictionary."""
    coded = pa.dictionary(pa.int16(), pa.string())
    return pa.schema(
        [f.with_type(coded) if f.type == pa.string() and f.name != ID else f for f in schema]
    )


@lru_cache(maxsize=1)
def _requirements() -> pa.Array:
    """Return the text of every mask of requirements."""
    masks = range(1 << len(REQUIREMENTS))
    return pa.array([SEPARATOR.join(names_of(mask)) for mask in masks])


def _reasons(records: Records, faulty: Flags) -> pa.Array:
    """Return why each row is no profile; null where it is one."""
    refused = np.flatnonzero(faulty)
    reasons = records.reasons(refused)
    index = np.full(len(faulty), len(reasons))
    index[refused] = np.arange(len(reasons))
    return pa.array([*reasons, None], pa.list_(pa.string())).take(pa.array(index))
