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

from mars_solver.batch.groups import group
from mars_solver.batch.rows import PRIMARIES, Array, Breakpoints, Flags, Floats, Rows
from mars_solver.batch.standings import EXCLUDED, Standings
from mars_solver.inputs.profile import Context
from mars_solver.inputs.weights import coefficients
from mars_solver.solving.flowchart import answer
from mars_solver.solving.scoring import DOUBLED, totals
from mars_solver.solving.solver import Solver
from mars_solver.vocabulary import (
    MAX_IMPORTANCE,
    NEEDS,
    REQUIREMENTS,
    Policy,
)

NONE: Final = -1
"""The place of no model."""
_SCORE_BITS: Final = 54
"""Twice a weighted sum stays below 2**54; the standing ranks above it."""
_FEW: Final = 8
"""So many least keys are found one after the other in less time than by sorting."""
_TAKEN: Final = np.iinfo(np.int64).max
_AT_ONCE: Final = 2**16
"""The most pairs of row and model that are scored together: few enough to stay in a cache."""


@dataclass(frozen=True)
class Answers:
    """The answers to profiles: each array has one entry, or one row, for each."""

    models: Array
    """Places of the ranked models, best first, shape (profiles, top); `NONE` beyond the last."""
    scores: Floats
    """Their scores, same shape."""
    unverified: Array
    """How many requirements each leaves unverified, same shape."""
    blocked: Array
    """The mask of what leaves no model; 0 where one is left."""
    agrees: Flags
    """Whether the answer agrees with the guide."""
    groups: Array
    """The place in `questions` of what each profile asks."""
    questions: Array
    """A key for each question that is asked: equal questions of any rows have equal keys, others
    differ but for one chance in 2**64. In no order, and a key may stand here more than once."""


class Grid:
    """A solver, prepared to answer many profiles at once.

    Attributes:
        solver: whose answers these are.
        axes: of the numeric requirements.
        top: how many models are ranked.
    """

    def __init__(self, solver: Solver, policy: Policy = "flag", top: int = 3) -> None:
        self.solver = solver
        self.top = top
        self._accepts = policy == "accept"
        self._standings = Standings(solver, policy)
        self._middles = np.array(solver.middles, dtype=np.int64)[:, :, None]
        variants = list(_variants())
        rows = [coefficients(solver.weights, context) for context in variants]
        self._coefficients = np.array(rows, dtype=np.int64)
        self._guide, self._answers = _guide(solver, variants)
        places = np.arange(len(solver.catalogue.models) + 1)
        self._among = np.array([np.isin(places, models) for models in self._answers])

    @property
    def axes(self) -> tuple[Breakpoints, ...]:
        """The axes of the numeric requirements."""
        return self._standings.axes

    def needs(self, rows: Rows) -> Array:
        """Return the mask of the needs that each profile states, in declared order."""
        return self._standings.needs(rows)

    def answer(self, rows: Rows) -> Answers:
        """Return the answers to profiles."""
        asked = self._asked(rows)
        questions, firsts = group(asked)
        one_each = rows.take(firsts)
        penalties = self._standings.penalties(one_each)
        needs = self._standings.needs(one_each)
        blocked = np.zeros(len(firsts), dtype=np.int16)
        lost = np.flatnonzero((penalties >= EXCLUDED).all(axis=1))
        blocked[lost] = self._standings.blocked(one_each.take(lost))
        importances = [(column, MAX_IMPORTANCE + 1) for column in rows.importances.T]
        primary = (rows.primary, len(PRIMARIES))
        places, firsts_ranked = group([(questions, len(firsts) + 1), primary, *importances])
        ranked = self._ranked(rows.take(firsts_ranked), questions[firsts_ranked], penalties, needs)
        models, scores, unverified, agrees = (column.take(places, axis=0) for column in ranked)
        keys = _keys([(column[firsts], radix) for column, radix in asked], rows)
        return Answers(models, scores, unverified, blocked[questions], agrees, questions, keys)

    def _asked(self, rows: Rows) -> list[tuple[Array, int]]:
        """Return what tells questions apart, each column with a number above its entries."""
        return [
            (rows.stated, 1 << len(REQUIREMENTS)),
            *zip(rows.cells, (len(axis.choices) for axis in self.axes), strict=True),
            (rows.batch, 2),
            (rows.accept_beta, 2),
            (rows.locales, len(rows.standings)),
        ]

    def _ranked(
        self, rows: Rows, questions: Array, penalties: Array, needs: Array
    ) -> tuple[Array, ...]:
        """Return the models, scores and counts of `Answers`, and what agrees, for each row."""
        step = max(1, _AT_ONCE // penalties.shape[1])
        parts = []
        for start in range(0, max(len(questions), 1), step):
            some = slice(start, start + step)
            asks = questions[some]
            stood = penalties.take(asks, axis=0)
            parts.append(self._rank(rows.take(some), stood, needs.take(asks)))
        return tuple(np.concatenate(column) for column in zip(*parts, strict=True))

    def _rank(self, rows: Rows, penalties: Array, needs: Array) -> tuple[Array, ...]:
        """Rank the models of each row, whose standings and needs are given."""
        variants = (needs * len(PRIMARIES) + rows.primary) * 2 + rows.batch
        weights = rows.importances * self._coefficients.take(variants, axis=0)
        sums = totals(weights, self._middles)[:, :, 0]
        order = penalties.astype(np.int64)
        if self._accepts:
            order[order < EXCLUDED] = 0
        longest = max(self.top, *map(len, self._answers))
        keys = (order << _SCORE_BITS) - sums
        ranked = _least(keys, longest)
        places = ranked + np.arange(0, sums.size, sums.shape[1])[:, None]
        missed = penalties.take(places)
        models = (ranked - NONE) * (missed < EXCLUDED) + NONE
        whole = DOUBLED * np.maximum(weights.sum(axis=1, keepdims=True), 1)
        scores = sums.take(places[:, : self.top]) / whole
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
        for number, models in enumerate(self._answers):
            if len(models) == 1 or NONE in models:
                continue
            mine = np.flatnonzero((answers == number) & agrees)
            best = order[mine, ranked[mine, 0]]
            level = (order[mine][:, models] == best[:, None]).all(axis=1)
            agrees[mine] = ~level | (ranked[mine, : len(models)] == models).all(axis=1)
        return agrees


def _least(keys: Array, many: int) -> Array:
    """Return the places of the least keys of each row, in order; of equal keys the first."""
    if many > _FEW:
        return np.argsort(keys, axis=1, kind="stable")[:, :many]
    rows, left = np.arange(len(keys)), keys.copy()
    found = np.empty((len(keys), min(many, keys.shape[1])), dtype=np.int64)
    for rank in range(found.shape[1]):
        found[:, rank] = left.argmin(axis=1)
        left[rows, found[:, rank]] = _TAKEN
    return found


def _keys(asked: list[tuple[Array, int]], rows: Rows) -> Array:
    """Return the keys of questions, each column with a number above its entries.

    The last column is the list of locales, which a batch numbers in its own way.
    """
    *fixed, (locales, _) = asked
    found = np.zeros(len(locales), dtype=np.uint64)
    for column, radix in fixed:
        found = found * np.uint64(radix) + column.astype(np.uint64)
    lists = [blake2b(each.tobytes(), digest_size=8).digest() for each in rows.standings]
    return found ^ np.frombuffer(b"".join(lists), dtype=np.uint64)[locales]


def _variants() -> Iterator[Context]:
    """Return every context, in the order in which `Grid` numbers them."""
    every = [
        tuple(need.name for i, need in enumerate(NEEDS) if mask >> i & 1)
        for mask in range(1 << len(NEEDS))
    ]
    return starmap(Context, product(every, PRIMARIES, (False, True)))


def _guide(solver: Solver, variants: list[Context]) -> tuple[Array, list[list[int]]]:
    """Return the number of the guide's answer to each variant, and the answers.

    An answer is a list of places of models; `NONE` stands for one that the catalogue lacks.
    """
    chart = solver.catalogue.flowchart
    named = [answer(chart, context)[1] for context in variants]
    places = {model.id: place for place, model in enumerate(solver.catalogue.models)}
    numbers = {models: number for number, models in enumerate(dict.fromkeys(named))}
    answers = [[places.get(model, NONE) for model in models] for models in numbers]
    return np.array([numbers[models] for models in named]), answers
