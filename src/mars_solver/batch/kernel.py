"""Many profiles at once: rows of whole numbers in, ranked models out.

Each distinct question is decided once, and each distinct pair of question and importances is
ranked once. Everything is a whole number until a score is divided by the sum of its weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from itertools import product, starmap
from typing import Final

import numpy as np

from mars_solver.batch.arrays import Array, Flags, Reals, group, least
from mars_solver.batch.penalties import EXCLUDED, PenaltyTables
from mars_solver.batch.rows import PRIMARIES, Rows
from mars_solver.inputs.profile import Context
from mars_solver.inputs.weights import coefficients
from mars_solver.solving.flowchart import answer
from mars_solver.solving.scoring import DOUBLED, totals
from mars_solver.solving.solver import Solver
from mars_solver.vocabulary import MAX_IMPORTANCE, NEEDS, REQUIREMENTS, Policy

NONE: Final = -1
"""The index of no model."""
_SCORE_BITS: Final = 54
"""Twice a weighted sum stays below 2**54; the standing ranks above it."""
_SCORED_AT_ONCE: Final = 2**16
"""The most pairs of row and model that are scored together: few enough to stay in a cache."""


@dataclass(frozen=True)
class Answers:
    """The answers to profiles: each array has one entry, or one row, for each."""

    models: Array
    """Indices of the ranked models, best first, shape (profiles, top); `NONE` beyond the last."""
    scores: Reals
    """Their scores, same shape."""
    unverified: Array
    """How many requirements each leaves unverified, same shape."""
    blocked: Array
    """The mask of what leaves no model; 0 where one is left."""
    agrees: Flags
    """Whether the answer agrees with the guide."""
    asked: Array
    """The index in `questions` of what each profile asks."""
    questions: Array
    """A key for each question that is asked: equal questions of any rows have equal keys, others
    differ but for one chance in 2**64. In no order, and a key may stand here more than once."""


class BatchSolver:
    """A solver, prepared to answer many profiles at once.

    Attributes:
        solver: whose answers these are.
        tables: of standings.
        top: how many models are ranked.
    """

    def __init__(self, solver: Solver, policy: Policy = "flag", top: int = 3) -> None:
        self.solver = solver
        self.top = top
        self._accepts = policy == "accept"
        self.tables = PenaltyTables(solver, policy)
        self._middles = np.array(solver.middles, dtype=np.int64)[:, :, None]
        variants = list(_variants())
        rows = [coefficients(solver.weights, context) for context in variants]
        self._coefficients = np.array(rows, dtype=np.int64)
        self._guide, self._guide_answers = _guide(solver, variants)
        indices = np.arange(len(solver.catalogue.models) + 1)
        self._among = np.array([np.isin(indices, models) for models in self._guide_answers])

    def answer(self, rows: Rows) -> Answers:
        """Return the answers to profiles."""
        columns = self._question_columns(rows)
        asked, firsts = group(columns)
        one_each = rows.take(firsts)
        penalties = self.tables.penalties(one_each)
        needs = self.tables.needs(one_each)
        blocked = np.zeros(len(firsts), dtype=np.int16)
        lost = np.flatnonzero((penalties >= EXCLUDED).all(axis=1))
        blocked[lost] = self.tables.blocked(one_each.take(lost))
        importances = [(column, MAX_IMPORTANCE + 1) for column in rows.importances.T]
        primary = (rows.primary, len(PRIMARIES))
        ranked_as, firsts_ranked = group([(asked, len(firsts) + 1), primary, *importances])
        ranked = self._ranked(rows.take(firsts_ranked), asked[firsts_ranked], penalties, needs)
        models, scores, unverified, agrees = (each.take(ranked_as, axis=0) for each in ranked)
        keys = _keys([(column[firsts], radix) for column, radix in columns], rows.verdicts)
        return Answers(models, scores, unverified, blocked[asked], agrees, asked, keys)

    def _question_columns(self, rows: Rows) -> list[tuple[Array, int]]:
        """Return what tells questions apart, each column with a number above its entries."""
        many = (len(each.choices) for each in self.tables.breakpoints)
        return [
            (rows.stated, 1 << len(REQUIREMENTS)),
            *zip(rows.choices, many, strict=True),
            (rows.batch, 2),
            (rows.accept_beta, 2),
            (rows.locales, len(rows.verdicts)),
        ]

    def _ranked(
        self, rows: Rows, asked: Array, penalties: Array, needs: Array
    ) -> tuple[Array, ...]:
        """Return the models, scores and counts of `Answers`, and what agrees, for each row.

        Args:
            rows: the profiles.
            asked: the index of each one's question.
            penalties: of each question.
            needs: of each question.
        """
        step = max(1, _SCORED_AT_ONCE // penalties.shape[1])
        parts = []
        for start in range(0, max(len(asked), 1), step):
            some = slice(start, start + step)
            stood = penalties.take(asked[some], axis=0)
            parts.append(self._rank(rows.take(some), stood, needs.take(asked[some])))
        return tuple(np.concatenate(column) for column in zip(*parts, strict=True))

    def _rank(self, rows: Rows, penalties: Array, needs: Array) -> tuple[Array, ...]:
        """Rank the models of each row, whose penalties and needs are given."""
        variants = (needs * len(PRIMARIES) + rows.primary) * 2 + rows.batch
        weights = rows.importances * self._coefficients.take(variants, axis=0)
        sums = totals(weights, self._middles)[:, :, 0]
        order = penalties.astype(np.int64)
        if self._accepts:
            order[order < EXCLUDED] = 0
        longest = max(self.top, *map(len, self._guide_answers))
        ranked = least((order << _SCORE_BITS) - sums, longest)
        flat = ranked + np.arange(0, sums.size, sums.shape[1])[:, None]
        missed = penalties.take(flat)
        models = (ranked - NONE) * (missed < EXCLUDED) + NONE
        whole = DOUBLED * np.maximum(weights.sum(axis=1, keepdims=True), 1)
        scores = sums.take(flat[:, : self.top]) / whole
        return (
            self._wide(models, NONE),
            self._wide(scores, 0),
            self._wide(missed, 0),
            self._agrees(variants, models, order),
        )

    def _wide(self, ranked: Array, none: int) -> Array:
        """Return the first `top` columns, those beyond the last filled."""
        beyond = self.top - ranked.shape[1]
        if beyond <= 0:
            return ranked[:, : self.top]
        return np.pad(ranked, ((0, 0), (0, beyond)), constant_values=none)

    def _agrees(self, variants: Array, ranked: Array, order: Array) -> Flags:
        """Return whether each ranking agrees with the guide: `flowchart.agree` for many."""
        answers = self._guide[variants]
        agrees: Flags = self._among[answers, ranked[:, 0]]
        for number, models in enumerate(self._guide_answers):
            if len(models) == 1 or NONE in models:
                continue
            rows = np.flatnonzero((answers == number) & agrees)
            best = order[rows, ranked[rows, 0]]
            level = (order[rows][:, models] == best[:, None]).all(axis=1)
            agrees[rows] = ~level | (ranked[rows, : len(models)] == models).all(axis=1)
        return agrees


def _keys(columns: list[tuple[Array, int]], verdicts: Array) -> Array:
    """Return the keys of questions, each column with a number above its entries.

    The last column is the list of locales, which a batch numbers in its own way; so its verdicts
    are hashed instead.
    """
    *fixed, (locales, _) = columns
    keys = np.zeros(len(locales), dtype=np.uint64)
    for column, radix in fixed:
        keys = keys * np.uint64(radix) + column.astype(np.uint64)
    lists = [blake2b(each.tobytes(), digest_size=8).digest() for each in verdicts]
    return keys ^ np.frombuffer(b"".join(lists), dtype=np.uint64)[locales]


def _variants() -> Iterator[Context]:
    """Return every context, in the order in which `BatchSolver` numbers them."""
    every = [
        tuple(need.name for i, need in enumerate(NEEDS) if mask >> i & 1)
        for mask in range(1 << len(NEEDS))
    ]
    return starmap(Context, product(every, PRIMARIES, (False, True)))


def _guide(solver: Solver, variants: list[Context]) -> tuple[Array, list[list[int]]]:
    """Return the number of the guide's answer to each variant, and the answers.

    An answer is a list of indices of models; `NONE` stands for one that the catalogue lacks.
    """
    chart = solver.catalogue.flowchart
    named = [answer(chart, context)[1] for context in variants]
    indices = {model.id: index for index, model in enumerate(solver.catalogue.models)}
    numbers = {models: number for number, models in enumerate(dict.fromkeys(named))}
    answers = [[indices.get(model, NONE) for model in models] for models in numbers]
    return np.array([numbers[models] for models in named]), answers
