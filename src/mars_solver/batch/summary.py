"""What a batch run counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mars_solver.batch.answers import REJECTED
from mars_solver.batch.kernel.arrays import Numbers
from mars_solver.inputs.profile_row import SEPARATOR
from mars_solver.vocabulary import INFEASIBLE, Status

SCHEMA: Final = "mars-solver/batch/2"
MOST_CONFLICTS: Final = 10
"""How many of the conflicts are listed: the most frequent."""
_MOST_QUESTIONS: Final = 2**20
"""Distinct questions are counted up to so many, to bound memory."""


@dataclass
class Summary:
    """The counts of a run."""

    rows: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    winners: Counter[str] = field(default_factory=Counter)
    """How often each model comes first."""
    conflicts: Counter[str] = field(default_factory=Counter)
    """How often each `blocked` leaves no model."""
    _questions: list[Numbers] = field(default_factory=list)
    _held: int = 0

    @property
    def rejected(self) -> int:
        """The rows that are no profiles."""
        return self.statuses[REJECTED]

    def count(self, answers: pa.RecordBatch, questions: Numbers) -> None:
        """Count a record batch of answers, and the keys of the questions that it asks."""
        self.rows += answers.num_rows
        self.statuses.update(_counts(answers.column("status")))
        self.winners.update(_counts(answers.column("model_1")))
        self.conflicts.update(_counts(answers.column("blocked")))
        if self._held > _MOST_QUESTIONS and len(self._questions) == 1:
            return
        self._questions.append(questions)
        self._held += len(questions)
        if self._held > 2 * _MOST_QUESTIONS:
            self._distinct()

    def _distinct(self) -> int:
        """Return how many distinct questions were counted."""
        keys = np.unique(np.concatenate([np.zeros(0, dtype=np.uint64), *self._questions]))
        self._questions = [keys[: _MOST_QUESTIONS + 1]]
        self._held = len(self._questions[0])
        return min(len(keys), _MOST_QUESTIONS)

    def to_dict(self) -> dict[str, Any]:
        """Return the counts as plain JSON values."""
        answered = self.rows - self.rejected
        feasible = self.winners.total()
        distinct = self._distinct()
        return {
            "schema": SCHEMA,
            "rows": self.rows,
            "answered": answered,
            Status.MEETS.word: self.statuses[Status.MEETS.word],
            Status.UNVERIFIED.word: self.statuses[Status.UNVERIFIED.word],
            INFEASIBLE: self.statuses[INFEASIBLE],
            "rejected": self.rejected,
            "models": [
                {"model": model, "rows": rows, "share": rows / feasible}
                for model, rows in _most_first(self.winners)
            ],
            "conflicts": [
                {"requirements": text.split(SEPARATOR), "rows": rows}
                for text, rows in _most_first(self.conflicts)[:MOST_CONFLICTS]
            ],
            "distinct_questions": distinct,
            "more_questions": self._held > _MOST_QUESTIONS,
        }


def _counts(column: pa.Array) -> dict[str, int]:
    """Return how often each text of a dictionary stands in a column; null does not count."""
    counts = pc.value_counts(column.indices).to_pylist()
    words = column.dictionary
    return {
        words[each["values"]].as_py(): each["counts"]
        for each in counts
        if each["values"] is not None
    }


def _most_first(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
