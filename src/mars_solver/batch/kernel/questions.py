"""Distinct questions, each decided once: how every model stands, and what blocks where none does.

A question is all that standings depend on: the choices, the workflow, whether betas are accepted.
"""

from __future__ import annotations

from functools import lru_cache, partial
from threading import Lock
from typing import Final, NamedTuple

import numpy as np

from mars_solver.batch.kernel.arrays import Flags, Numbers, words
from mars_solver.batch.kernel.blocking import REFUSED, Blocking
from mars_solver.batch.kernel.choices import EXCLUDED, ChoiceTable, mark
from mars_solver.batch.kernel.contexts import Contexts, Sayings
from mars_solver.batch.kernel.memo import Memo
from mars_solver.batch.kernel.rows import Rows
from mars_solver.solving.solver import Solver
from mars_solver.vocabulary import ACCEPT_BETA, BATCH, Kind, Policy

MEMO_BYTES: Final = 2**25
"""About as much is remembered from one record batch to the next."""
_CELL_BYTES: Final = 2**9
"""About what one cell of a set takes, or one setting."""
_PINS_KEPT: Final = 2**14
_STEP: Final = 4
"""How many bits the numbers of a set's choices grow at once."""


class Decided(NamedTuple):
    """Decided questions, by their number along the last axis."""

    standings: Numbers
    """Twice the place of each model's standing, 0 for the best, and 1 more where it leaves a
    requirement unverified; shape (models, questions)."""
    settings: Numbers
    """The number of the stated needs and the workflow, as `Contexts` has it."""
    blocked: Numbers
    """The mask of what leaves no model; 0 where one is left."""
    marks: Numbers
    """A number as good as random, equal for equal questions of any run."""


class Asked(NamedTuple):
    """What profiles ask, and what of the answers does not depend on importances."""

    questions: Numbers
    """The number of each profile's question."""
    contexts: Numbers
    """The number of each profile's context."""
    decided: Decided
    sayings: Sayings
    numbered: Memo
    """What numbered the questions; another one numbers them otherwise."""

    def take(self, some: Numbers | slice) -> Asked:
        """Return what some of the profiles ask."""
        return self._replace(questions=self.questions[some], contexts=self.contexts[some])


class Questions:
    """The questions that are met, each numbered and decided once. Threads may share it.

    Attributes:
        choices: of each requirement, in declared order.
        contexts: that are met.
        excluded: the place of a standing that rules a model out.
    """

    def __init__(self, solver: Solver, policy: Policy) -> None:
        self.models = len(solver.catalogue.models)
        self.choices = tuple(ChoiceTable(each, self.models, policy) for each in solver.table)
        self.contexts = Contexts(solver)
        self.excluded = len(solver.table) + 1
        self._accepts = policy == "accept"
        self._options = [
            tuple({option.ruled_out for option in options}) for options in solver.options
        ]
        masks = {mask for options in self._options for mask in options}
        self._pins = int(np.bitwise_or.reduce([0, *masks]))
        self._betas: Flags = np.array([model.beta for model in solver.catalogue.models])
        self._blocking = Blocking(solver)
        self._fitting = lru_cache(maxsize=_PINS_KEPT)(self._models_for)
        self._lock = Lock()
        self._layout: list[int] = []
        self._memo = Memo(1, ())

    @property
    def is_full(self) -> bool:
        """Whether as much is remembered as may be."""
        held = sum(len(each) for each in self.choices) + len(self.contexts)
        return self._memo.bytes + held * _CELL_BYTES > MEMO_BYTES

    def ask(self, rows: Rows) -> Asked:
        """Return what profiles ask, with every new question decided."""
        with self._lock:
            layout = [*map(_bits, self.choices), 1, 1]
            asking = (*rows.choices, rows.batch, rows.accept_beta)
            keys = words(zip(asking, layout, strict=True), len(rows))
            if layout != self._layout:
                self._layout = layout
                kept = (np.uint8, self.models), (np.int32,), (np.int64,), (np.uint64,)
                self._memo = Memo(len(keys), kept)
            questions, columns = self._memo.look_up(keys, partial(self._decide, rows))
            decided = Decided(*columns)
            settings = decided.settings.take(questions).astype(np.int64)
            contexts = settings * self.contexts.primaries + rows.primary
            says = self.contexts.look_up(contexts)
            return Asked(questions.astype(np.int64), contexts, decided, says, self._memo)

    def _decide(self, rows: Rows, which: Numbers) -> Decided:
        """Return the decisions on the questions of some rows."""
        chosen = [
            (each.column.requirement, each.effects(), column[which])
            for each, column in zip(self.choices, rows.choices, strict=True)
            if column is not None
        ]
        batch, accept = rows.batch[which], rows.accept_beta[which]
        stated = np.zeros(len(which), dtype=np.int64)
        statements = np.zeros(len(which), dtype=np.int64)
        marks = batch * np.uint64(mark(BATCH)) ^ accept * np.uint64(mark(ACCEPT_BETA))
        penalties = np.zeros((len(which), self.models), dtype=np.int16)
        for requirement, effects, numbers in chosen:
            stated |= (numbers > 0) * np.int64(requirement.bit)
            statements |= effects.statements.take(numbers)
            marks ^= effects.marks.take(numbers)
            penalties += effects.penalties.take(numbers, axis=0)
        refused = self._betas & ~accept[:, None]
        penalties[refused | ~self._fit(stated)] = EXCLUDED
        lost = np.flatnonzero((penalties >= EXCLUDED).all(axis=1))
        violated = np.where(refused[lost], REFUSED, np.int64(0))
        for requirement, effects, numbers in chosen:
            missed = effects.penalties.take(numbers[lost], axis=0) >= EXCLUDED
            violated |= missed * np.int64(requirement.bit)
        blocked = np.zeros(len(which), dtype=np.int64)
        blocked[lost] = self._blocking.find(stated[lost], violated)
        settings = self.contexts.settings(statements, batch)
        return Decided(self._standings(penalties), settings, blocked, marks)

    def _standings(self, penalties: Numbers) -> Numbers:
        """Return standings as `Decided` has them."""
        out = penalties >= EXCLUDED
        places = np.where(out, self.excluded, 0 if self._accepts else penalties)
        standings = 2 * places + (~out & (penalties > 0))
        return np.ascontiguousarray(standings.T.astype(np.uint8))

    def _fit(self, stated: Numbers) -> Flags:
        """Return whether a configuration of each model can meet all that is stated.

        Returns:
            shape (questions, models).
        """
        masks, same = np.unique(stated & self._pins, return_inverse=True)
        fitting = np.array([self._fitting(mask) for mask in masks.tolist()], dtype=np.bool_)
        return fitting.reshape(-1, self.models)[same]

    def _models_for(self, stated: int) -> list[bool]:
        """Return for each model whether a configuration rules out nothing of a mask."""
        return [any(not mask & stated for mask in options) for options in self._options]


def _bits(choices: ChoiceTable) -> int:
    """Return how many bits the number of a choice takes; those of sets have room to grow."""
    bits = (len(choices) - 1).bit_length()
    return -(-bits // _STEP) * _STEP if choices.column.requirement.kind is Kind.SET else bits
