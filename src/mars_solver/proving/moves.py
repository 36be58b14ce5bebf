"""Which answers of one catalogue are others of another one, over all profiles, exactly.

An answer is the first model and its status; a move is an answer that becomes another one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from mars_solver.proving.cases import OPEN, Case, Cases
from mars_solver.proving.classes import Array
from mars_solver.solving.solver import Decision
from mars_solver.vocabulary import ACCEPT_BETA, BATCH, INFEASIBLE, Status


class Answer(NamedTuple):
    """What a profile is answered with."""

    model: str
    """The id of the first model; empty where none is left."""
    status: str

    @classmethod
    def of(cls, decision: Decision) -> Answer:
        """Return the answer of a decision."""
        winner = decision.winner
        return cls("", INFEASIBLE) if winner is None else cls(winner.model.id, winner.status.word)

    def to_dict(self) -> dict[str, str | None]:
        """Return the answer as plain JSON values."""
        return {"model": self.model or None, "status": self.status}


@dataclass
class MoveCount:
    """How many profiles make one move, and the smallest of them.

    That is the one that states the fewest requirements; of these, the fewest importances; of these,
    the fewest of workflow, primary need and acceptance of betas; of these, the requirements
    declared first; of these, the first choices of each; then no workflow, the primary need declared
    first, no betas, the importances declared first, and the lowest ones.
    """

    neutral: int
    """Cells without preferences."""
    every: int
    """Cells with every vector of importances."""
    size: tuple[int, ...]
    """What the smallest is found by."""
    profile: dict[str, Any]
    """The smallest, as plain data."""
    row: int
    """The class of the smallest."""


class Moves:
    """Compares the answers of the first side with those of others, case by case."""

    def __init__(self, cases: Cases) -> None:
        self._cases = cases
        models = [[model.id for model in side.catalogue.models] for side in cases.sides]
        self._ids = sorted({model for own in models for model in own})
        self._index = [
            np.array([self._ids.index(m) for m in own], dtype=np.int64) for own in models
        ]
        self._alike = [own == models[0] for own in models]

    def sides(self) -> set[int]:
        """Return the sides that give any profile another answer than the first."""
        left = set(range(1, len(self._index)))
        moved: set[int] = set()
        for case in self._cases:
            for outcome in range(len(case.cells)):
                moved |= {s for s in left - moved if self._answered(case, outcome, s)}
            if moved == left:
                break
        return moved

    def find(self) -> dict[tuple[Answer, Answer], MoveCount]:
        """Return every move that some profile makes."""
        moves: dict[tuple[Answer, Answer], MoveCount] = {}
        for case, outcome, answers in self._moved():
            codes = answers[0] * (2 * len(self._ids) + 1) + answers[1]
            codes[answers[0] == answers[1]] = -1
            for code in np.unique(codes[codes >= 0]).tolist():
                some = np.flatnonzero(codes == code)
                key = self._answer(int(answers[0][some[0]])), self._answer(int(answers[1][some[0]]))
                cells, vector = case.cells[outcome], int(case.orders.firsts[some[0]])
                size = self._size(case, outcome, vector)
                found = moves.get(key)
                if found is None or size < found.size:
                    before = (0, 0) if found is None else (found.neutral, found.every)
                    profile = self._profile(case, outcome, vector)
                    found = MoveCount(*before, size, profile, int(case.firsts[outcome]))
                    moves[key] = found
                found.neutral += cells if vector == 0 else 0
                found.every += cells * int(case.orders.counts[some].sum())
        return moves

    def _moved(self) -> Iterator[tuple[Case, int, tuple[Array, Array]]]:
        """Yield the outcomes with another answer under some order, and the answers of both sides.

        The number of an answer is 0 where no model is left.
        """
        for case in self._cases:
            for outcome in range(len(case.cells)):
                if answers := self._answered(case, outcome, 1):
                    yield case, outcome, answers

    def _answered(self, case: Case, outcome: int, side: int) -> tuple[Array, Array] | None:
        """Return the answers of the first side and of another; None where they are the same."""
        old, new = case.standings[0][outcome], case.standings[side][outcome]
        if self._alike[side] and case.ranked_alike[side] and (old == new).all():
            return None
        answers = self._answers(case, 0, outcome), self._answers(case, side, outcome)
        return answers if (answers[0] != answers[1]).any() else None

    def _answers(self, case: Case, side: int, outcome: int) -> Array:
        """Return the number of the answer of a side under each order."""
        winners = case.winners(side, outcome)
        unverified = case.standings[side][outcome][winners] == OPEN
        numbers: Array = np.where(winners < 0, 0, 1 + 2 * self._index[side][winners] + unverified)
        return numbers

    def _answer(self, number: int) -> Answer:
        if number == 0:
            return Answer("", INFEASIBLE)
        index, unverified = divmod(number - 1, 2)
        return Answer(self._ids[index], Status(unverified).word)

    def _size(self, case: Case, outcome: int, vector: int) -> tuple[int, ...]:
        """Return what profiles are ordered by; see `MoveCount`."""
        require, *which = self._cases.classes.witness[case.firsts[outcome]].tolist()
        _, primary, batch = case.contexts[0]
        place = 0 if primary is None else 1 + self._cases.needs.index(primary)
        others = batch + bool(place) + case.betas
        preferred = int(case.over.stated[vector].sum())
        return require, preferred, others, *which, batch, place, case.betas, vector

    def _profile(self, case: Case, outcome: int, vector: int) -> dict[str, Any]:
        """Return the smallest profile of an outcome under a vector, as plain data."""
        _, primary, batch = case.contexts[0]
        return {
            "workflow": BATCH if batch else None,
            "primary": primary,
            ACCEPT_BETA: case.betas,
            "require": self._cases.classes.example(int(case.firsts[outcome])),
            "prefer": case.over.stating(vector),
        }
