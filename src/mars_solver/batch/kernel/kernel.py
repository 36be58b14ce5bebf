"""Many profiles at once: rows of whole numbers in, ranked models out.

Each distinct question is decided once. Everything is a whole number until a score is divided by
the sum of its weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final, NamedTuple

import numpy as np

from mars_solver.batch.kernel.arrays import Flags, Numbers, Reals, chosen, least, product, words
from mars_solver.batch.kernel.contexts import NONE
from mars_solver.batch.kernel.memo import Memo
from mars_solver.batch.kernel.questions import MEMO_BYTES, Asked, Questions
from mars_solver.batch.kernel.rows import Rows
from mars_solver.inputs.weights import vectors
from mars_solver.solving.scoring import DOUBLED
from mars_solver.solving.solver import Solver
from mars_solver.vocabulary import MAX_IMPORTANCE, Policy

_AT_ONCE: Final = 2**13
"""The most rows that are scored together: few enough to stay in a cache."""
_MANY_MODELS: Final = 10
"""Fewer are ranked again as fast as a ranking is looked up."""
_SAMPLE: Final = 2**12
_UNLIKE: Final = 0.95
"""Where more of a sample differ, all are ranked: to look for equal ones would take longer."""
_QUESTION_BITS: Final = 31
_EXACT_REALS: Final = 53
_EXACT_WORDS: Final = 63


@dataclass(frozen=True)
class Answers:
    """The answers to profiles: each array has one entry for each, along its last axis."""

    models: Numbers
    """Indices of the ranked models, best first, shape (top, profiles); `NONE` beyond the last."""
    scores: Reals
    """Their scores, same shape."""
    unverified: Flags
    """Whether each leaves a requirement unverified, same shape."""
    agrees: Flags
    """Whether the answer agrees with the guide."""
    blocked: Numbers
    """The index in `conflicts` of what leaves no model."""
    faulty: Flags
    """Where a row is no profile; nothing else counts there."""
    conflicts: tuple[int, ...]
    """Each mask of what leaves no model, ascending; 0 where one is left."""
    marks: Numbers
    """A number for each question that is asked: equal ones of any run have equal numbers, others
    differ but for one chance in 2**64."""


class Rankings(NamedTuple):
    """The first fields of `Answers`."""

    models: Numbers
    scores: Reals
    unverified: Flags
    agrees: Flags


class BatchSolver:
    """A solver, prepared to answer many profiles at once. Threads may share it.

    Attributes:
        questions: that were met so far.
        top: how many models are ranked.
    """

    def __init__(self, solver: Solver, policy: Policy = "flag", top: int = 3) -> None:
        self.questions = Questions(solver, policy)
        self.top = top
        self._guided = solver.catalogue.flowchart is not None
        self._keys = _Keys(solver, self.questions.excluded)
        self._lock = Lock()
        self._memo: tuple[Memo, Memo] | None = None

    def answer(self, rows: Rows) -> Answers:
        """Return the answers to profiles."""
        asked = self.questions.ask(rows)
        faulty = rows.faulty | ~asked.sayings.valid.take(asked.contexts)
        seen = np.zeros(len(asked.decided.marks), dtype=np.bool_)
        seen[asked.questions[~faulty] if faulty.any() else asked.questions] = True
        met = np.flatnonzero(seen)
        conflicts, blocked = np.unique(
            np.append(asked.decided.blocked[met], 0), return_inverse=True
        )
        block_of = np.zeros(len(seen), dtype=np.int32)
        block_of[met] = blocked[:-1]
        return Answers(
            *self._ranked(rows, asked),
            block_of.take(asked.questions),
            faulty,
            tuple(conflicts.tolist()),
            asked.decided.marks[met],
        )

    def _ranked(self, rows: Rows, asked: Asked) -> Rankings:
        """Return the rankings of profiles; where many are alike, each distinct one is made once."""
        keys = self._distinguishing(rows, asked)
        if keys is None:
            return self._rank(rows.importances, asked)
        shapes = (np.int16, self.top), (np.float64, self.top), (np.bool_, self.top), (np.bool_,)
        with self._lock:
            memo = self._memo
            if memo is None or memo[0] is not asked.numbered or memo[1].bytes > MEMO_BYTES:
                self._memo = memo = asked.numbered, Memo(len(keys), shapes)
            numbers, columns = memo[1].look_up(
                keys, lambda some: self._rank(rows.importances[:, some], asked.take(some))
            )
        return Rankings(*(column.take(numbers, axis=-1) for column in columns))

    def _distinguishing(self, rows: Rows, asked: Asked) -> list[Numbers] | None:
        """Return what tells rankings apart; None where to look for equal ones would not pay."""
        if self.questions.models < _MANY_MODELS:
            return None
        keys = words(
            [
                (asked.questions, _QUESTION_BITS),
                (rows.primary, self.questions.contexts.primaries.bit_length()),
                *((row, MAX_IMPORTANCE.bit_length()) for row in rows.importances),
            ],
            len(rows),
        )
        sample = np.stack(keys)[:, :_SAMPLE]
        unlike = np.unique(sample, axis=1).shape[1]
        return None if unlike > _UNLIKE * sample.shape[1] else keys

    def _rank(self, importances: Numbers, asked: Asked) -> Rankings:
        """Return the rankings of profiles, each of which is ranked."""
        many = importances.shape[1]
        ranked = Rankings(
            np.full((self.top, many), NONE, dtype=np.int16),
            np.zeros((self.top, many)),
            np.zeros((self.top, many), dtype=np.bool_),
            np.zeros(many, dtype=np.bool_),
        )
        longest = max(map(len, self.questions.contexts.answers), default=0)
        for start in range(0, many, _AT_ONCE):
            some = slice(start, start + _AT_ONCE)
            part = asked.take(some)
            weights = self._keys.weights(part, importances[:, some])
            best = least(self._keys.of(part, weights), max(self.top, longest))
            full = DOUBLED * np.maximum(weights.sum(axis=0), 1)
            models = [self._keys.models(part, keys) for keys in best]
            for rank, keys in enumerate(best[: self.top]):
                ranked.models[rank, some] = models[rank]
                ranked.unverified[rank, some] = keys & 1
                ranked.scores[rank, some] = self._keys.sums(keys) / full
            if self._guided:
                ranked.agrees[some] = self._agree(part, models)
        return ranked

    def _agree(self, asked: Asked, ranked: list[Numbers]) -> Flags:
        """Return whether rankings agree with the guide: `flowchart.agree` for many."""
        answers = self.questions.contexts.answers
        guided = asked.sayings.guided.take(asked.contexts)
        # Where no row is a profile, the guide has been asked nothing yet.
        among = np.zeros((max(len(answers), 1), self.questions.models + 1), dtype=np.bool_)
        for number, models in enumerate(answers):
            among[number, [model for model in models if model != NONE]] = True
        agrees: Flags = among.take(guided * among.shape[1] + ranked[0] % among.shape[1])
        for number, models in enumerate(answers):
            if len(models) == 1 or NONE in models:
                continue
            rows = np.flatnonzero((guided == number) & agrees)
            questions = asked.questions[rows]
            places = [asked.decided.standings[model].take(questions) >> 1 for model in models]
            # The first is one of them: if all stand alike, all of them stand best.
            level = np.all([place == places[0] for place in places], axis=0)
            alike = [each[rows] == model for each, model in zip(ranked, models, strict=False)]
            agrees[rows] = ~level | np.all(alike, axis=0)
        return agrees


class _Keys:
    """Whole numbers that rank models: the standing, then the score, then the order of ties.

    The least comes first. Bit by bit, from the highest: the place of the standing, how far the
    doubled weighted sum is below the highest possible one, the model's place in the order that
    breaks ties, whether it leaves a requirement unverified.
    """

    def __init__(self, solver: Solver, excluded: int) -> None:
        most = DOUBLED * MAX_IMPORTANCE * sum(_largest(solver))
        self._excluded = excluded
        self._places = (1 << (len(solver.middles) - 1).bit_length()) - 1
        self._low = 1 + self._places.bit_length()
        self._most = (1 << most.bit_length()) - 1
        self._high = self._low + most.bit_length()
        small = most.bit_length() <= _EXACT_REALS
        fits = small and self._high + excluded.bit_length() <= _EXACT_WORDS
        # Whole numbers of any size where 64 bits are too few: slow, and as exact.
        self._whole: Any = np.int64 if fits else object
        shape = len(solver.middles), len(solver.declared.criteria)
        values = np.array(solver.middles, dtype=np.int64).reshape(shape)
        self._values = values.astype(np.float64 if fits else object)
        self._standings = np.array(
            [
                (place << self._high) + (self._most << self._low) + unverified
                for place in range(excluded + 1)
                for unverified in (0, 1)
            ],
            dtype=self._whole,
        )

    def weights(self, asked: Asked, importances: Numbers) -> Numbers:
        """Return the weight of each criterion, shape (criteria, profiles)."""
        coefficients = asked.sayings.coefficients.take(asked.contexts, axis=1)
        weights: Numbers = (coefficients * importances).astype(self._values.dtype)
        return weights

    def of(self, asked: Asked, weights: Numbers) -> Iterator[Numbers]:
        """Yield the keys of each model."""
        sums = product(self._values, weights).astype(self._whole)
        for model, below in enumerate(sums):
            standings = asked.decided.standings[model].take(asked.questions)
            places = asked.sayings.places[model].take(asked.contexts)
            keys = self._standings.take(standings)
            keys += places << 1
            keys -= below << self._low
            yield keys

    def sums(self, keys: Numbers) -> Numbers:
        """Return the doubled weighted sums in keys."""
        sums: Numbers = self._most - (keys >> self._low & self._most)
        return sums

    def models(self, asked: Asked, keys: Numbers) -> Numbers:
        """Return the models in keys; `NONE` for one that is excluded."""
        models = asked.sayings.models
        at = (keys >> 1 & self._places).astype(np.int64) * models.shape[1] + asked.contexts
        left = keys < self._excluded << self._high
        return chosen(left.astype(np.bool_), models.take(at), np.int16(NONE))


def _largest(solver: Solver) -> list[int]:
    """Return a bound of what the importance of each criterion is multiplied by."""
    needs = len(solver.declared.needs)
    rows = vectors(solver.weights, solver.declared)
    added, first = rows[: needs + 2], rows[needs + 2 :]
    return [
        sum(row[index] for row in added) + max((row[index] for row in first), default=0)
        for index in range(len(solver.declared.criteria))
    ]


def joined(parts: Sequence[Answers]) -> Answers:
    """Return the answers to profiles one after the other."""
    if len(parts) == 1:
        return parts[0]
    conflicts = sorted({mask for part in parts for mask in part.conflicts})
    blocked = [
        np.array([conflicts.index(mask) for mask in part.conflicts], dtype=np.int32)[part.blocked]
        for part in parts
    ]
    return Answers(
        np.concatenate([part.models for part in parts], axis=1),
        np.concatenate([part.scores for part in parts], axis=1),
        np.concatenate([part.unverified for part in parts], axis=1),
        np.concatenate([part.agrees for part in parts]),
        np.concatenate(blocked),
        np.concatenate([part.faulty for part in parts]),
        tuple(conflicts),
        np.unique(np.concatenate([part.marks for part in parts])),
    )
