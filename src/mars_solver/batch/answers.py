"""Record batches of profiles in, record batches of answers out: pure, one row for one row.

What `recommend` would say of each row, decided for all of them at once.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from mars_solver.batch.encoding import Encoder, check_schema, documents, texts
from mars_solver.batch.kernel import NONE, Answers, Grid
from mars_solver.batch.rows import Array, Flags
from mars_solver.errors import InputError
from mars_solver.inputs.profile_row import ID, SEPARATOR, parse_row
from mars_solver.solving.solver import Solver
from mars_solver.vocabulary import INFEASIBLE, REQUIREMENTS, Policy, Status, names_of

REJECTED: Final = "rejected"
"""The status of a row that is no profile."""
REASONS: Final = "reasons"
_STATUSES: Final = (Status.GUARANTEED.word, Status.UNVERIFIED.word, INFEASIBLE, REJECTED)


Reasons = dict[int, list[str]]
"""Why rows, by their place in a batch, are no profiles."""


class Answered(NamedTuple):
    """A record batch of answers, and what a summary counts."""

    batch: pa.RecordBatch
    """As `answer_schema` has it, texts as dictionaries."""
    questions: Array
    """The keys of `grid.Answers`, of the rows that are profiles."""


class Answerer:
    """A grid, prepared to answer record batches whose columns `check_schema` admits.

    Attributes:
        schema: of the answers.
    """

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._encoder = Encoder(grid)
        self._models = pa.array([m.id for m in grid.solver.catalogue.models], pa.string())
        self.schema = _coded_schema(answer_schema(grid.top))

    def answer(
        self, batch: pa.RecordBatch, first_row: int = 0, refused: Reasons | None = None
    ) -> Answered:
        """Return the answers to the profiles of a record batch.

        Args:
            batch: the profiles.
            first_row: the number of its first row.
            refused: rows, by their place in the batch, that are known to be no profiles.
        """
        rows, faulty = self._encoder.encode(batch)
        known = refused or {}
        faulty[list(known)] = True
        answers = self._grid.answer(rows)
        count = batch.num_rows
        columns = [
            pa.array(np.arange(first_row, first_row + count)),
            texts(batch, ID),
            *self._columns(answers, faulty),
            _reasons(batch, faulty, known),
        ]
        found = pa.RecordBatch.from_arrays(columns, schema=self.schema)
        asked = np.unique(answers.groups[~faulty]) if faulty.any() else slice(None)
        return Answered(found, answers.questions[asked])

    def _columns(self, answers: Answers, faulty: Flags) -> list[pa.Array]:
        """Return the columns of the answers; those of faulty rows are null."""
        none = (answers.models == NONE) | faulty[:, None]
        statuses = np.minimum(answers.unverified, 1)
        status = np.where(none[:, 0], _STATUSES.index(INFEASIBLE), statuses[:, 0])
        status[faulty] = _STATUSES.index(REJECTED)
        ranks = range(answers.models.shape[1])
        return [
            _coded(status, pa.array(_STATUSES)),
            *(_coded(answers.models[:, k], self._models, none[:, k]) for k in ranks),
            *(_masked(answers.scores[:, k], none[:, k]) for k in ranks),
            *(_coded(statuses[:, k], pa.array(_STATUSES[:2]), none[:, k]) for k in ranks),
            _coded(answers.blocked, _blocked(), (answers.blocked == 0) | faulty),
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
    found = answerer(solver, unknown, top).answer(batch).batch
    return found.cast(answer_schema(top))


@lru_cache(maxsize=4)
def answerer(solver: Solver, unknown: Policy, top: int) -> Answerer:
    """Return what answers record batches, prepared once."""
    return Answerer(Grid(solver, unknown, top))


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


def _coded(codes: Array, words: pa.Array, mask: Flags | None = None) -> pa.Array:
    """Return words by their places, all of which are places of words where nothing is masked."""
    places = codes.astype(np.int16)
    found = pa.array(places) if mask is None else _masked(places, mask)
    return pa.DictionaryArray.from_arrays(found, words, safe=False)


def _masked(values: Array, mask: Flags) -> pa.Array:
    """Return a column that is null under a mask: what `pa.array` makes, in a tenth of its time."""
    given = pa.py_buffer(np.packbits(~mask, bitorder="little"))
    data = pa.py_buffer(np.ascontiguousarray(values))
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [given, data])


@lru_cache(maxsize=1)
def _blocked() -> pa.Array:
    """Return the text of every mask of requirements."""
    masks = range(1 << len(REQUIREMENTS))
    return pa.array([SEPARATOR.join(names_of(mask)) for mask in masks])


def _reasons(batch: pa.RecordBatch, faulty: Flags, known: Reasons) -> pa.Array:
    """Return why each row is no profile; null where it is one."""
    places = np.flatnonzero(faulty)
    reasons: list[list[str] | None] = [
        known.get(place) or reasons_of(row)
        for place, row in zip(places.tolist(), documents(batch, places), strict=True)
    ]
    every = np.full(batch.num_rows, len(reasons))
    every[places] = np.arange(len(reasons))
    return pa.array([*reasons, None], pa.list_(pa.string())).take(pa.array(every))


def reasons_of(row: dict[str, Any]) -> list[str]:
    """Return every reason why a row, by its columns, is no profile."""
    try:
        parse_row(row)
    except InputError as error:
        return [str(problem) for problem in error.problems]
    raise RuntimeError(f"a row was refused without a reason: {row!r}")
