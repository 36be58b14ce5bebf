"""Every profile with every importance, in cases that are decided together.

A case is a set of classes (see `classes`) that are weighed alike: the same needs, workflow, primary
need and acceptance of betas. Within it, which model comes first depends on how the models stand and
on the order in which importances rank them (see `importances`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np

from mars_solver.inputs.profile import Context, neutral
from mars_solver.proving.classes import EXCLUDED, Array, Classes, classes, lanes, numbered
from mars_solver.proving.importances import ImportanceVectors, Orders, Ranker, paired, vectors
from mars_solver.proving.joint import JointColumn, Sides, joint_columns, shared_order
from mars_solver.solving.solver import Solver
from mars_solver.vocabulary import Policy

OUT: Final = 0
MEETS: Final = 1
OPEN: Final = 2
"""How a model stands: it is no candidate to come first; it is one that meets all; it is one that
leaves a requirement unverified."""
_SEVERAL: Final = 2
"""So many candidates, and importances decide."""


@dataclass(frozen=True)
class Case:
    """Classes that are weighed alike.

    Attributes:
        rows: the classes, by index, in the order of their witnesses.
        contexts: what each side reads of them.
        betas: whether they are accepted.
        over: the vectors of importances.
        standings: for each side: how the models stand, shape (outcomes, models).
        firsts: the class of each outcome with the least witness.
        outcomes: the outcome of each class.
        cells: how many cells each outcome has.
    """

    rows: Array
    contexts: tuple[Context, ...]
    betas: bool
    over: ImportanceVectors
    standings: tuple[Array, ...]
    firsts: Array
    outcomes: Array
    cells: list[int]
    _rankers: tuple[Ranker, ...]
    _winners: dict[tuple[int, bytes], Array] = field(default_factory=dict)

    @cached_property
    def orders(self) -> Orders:
        """The orders in which importances rank the models of the sides."""
        ranked = zip(self._rankers, self.contexts, strict=True)
        return paired([ranker.rank(each, self.over) for ranker, each in ranked], self.over)

    @cached_property
    def ranked_alike(self) -> tuple[bool, ...]:
        """Whether each side ranks as the first does, whatever the importances."""
        ranked = zip(self._rankers, self.contexts, strict=True)
        keys = [ranker.key(each, self.over) for ranker, each in ranked]
        return tuple([key == keys[0] for key in keys])

    def winners(self, side: int, outcome: int) -> Array:
        """Return the first model of a side under each order; -1 where none is left."""
        candidates = self.standings[side][outcome] > OUT
        key = side, candidates.tobytes()
        if key not in self._winners:
            some = np.flatnonzero(candidates)
            places = self.orders.places[side]
            alone = len(some) < _SEVERAL
            self._winners[key] = (
                np.full(len(places), some[0] if len(some) else -1)
                if alone
                else some[places[:, some].argmin(axis=1)]
            )
        return self._winners[key]


class Cases:
    """The cases of one catalogue, or of several side by side.

    Attributes:
        sides: whose they are.
        classes: their classes.
        criteria: that all sides score.
        vectors: how many vectors of their importances there are; None where they are too many.
        needs: that any side declares.
    """

    def __init__(
        self,
        sides: Sides,
        policy: Policy = "flag",
        columns: tuple[JointColumn, ...] | None = None,
        groups: tuple[tuple[int, ...], ...] = (),
    ) -> None:
        """Prepare the cases.

        Args:
            sides: whose they are.
            policy: how what the facts do not settle ranks.
            columns: what can be asked, where it is not what the sides declare.
            groups: see `classes`.
        """
        self.sides = sides
        self.classes: Classes = classes(sides, groups, policy, columns or joint_columns(sides))
        self._accepts = policy == "accept"
        scored = shared_order(sides, lambda declared: declared.criterion)
        self.criteria = tuple([c for c in scored if all(c in side.scored for side in sides)])
        self.needs = shared_order(sides, lambda declared: declared.need)
        self._betas = [np.array([m.beta for m in s.catalogue.models], dtype=bool) for s in sides]
        shared: dict[object, object] = {}
        self._rankers = tuple([Ranker(side, shared) for side in sides])
        over = self._over(batch=False)
        self.vectors = over.many if over.many > 1 or not self.criteria else None

    def _over(self, *, batch: bool) -> ImportanceVectors:
        """Return the vectors of importances in a workflow."""
        unstated = []
        for side in self.sides:
            level = neutral(side.declared, batch=batch)
            unstated.append(tuple([level[side.declared.criterion[c].index] for c in self.criteria]))
        return vectors(self.criteria, tuple(unstated))

    def __iter__(self) -> Iterator[Case]:
        """Yield the cases that can be asked of every side."""
        for rows, contexts, needs in self._groups():
            over = self._over(batch=contexts[0].batch)
            for betas in (False, True):
                standings = [self._standings(i, rows, betas=betas) for i in range(len(self.sides))]
                firsts, outcomes = numbered(lanes(np.hstack(standings)))
                cells = np.zeros(len(firsts), dtype=self.classes.cells.dtype)
                np.add.at(cells, outcomes, self.classes.cells[rows])
                for primary in (None, *needs):
                    yield Case(
                        rows,
                        tuple([context._replace(primary=primary) for context in contexts]),
                        betas,
                        over,
                        tuple([each[firsts] for each in standings]),
                        rows[firsts],
                        outcomes,
                        cells.tolist(),
                        self._rankers,
                    )

    def _groups(self) -> Iterator[tuple[Array, tuple[Context, ...], tuple[str, ...]]]:
        """Yield the classes of the same needs and workflow, and the needs that all sides read."""
        found = self.classes
        rows = np.flatnonzero(found.askable.all(axis=0))
        words = [*found.needs[:, rows].astype(np.uint64), found.batch[rows].astype(np.uint64)]
        firsts, numbers = numbered(words)
        for number, first in enumerate(rows[firsts].tolist()):
            contexts = tuple(
                Context(side.declared.names_of_needs(int(needs)), None, bool(found.batch[first]))
                for side, needs in zip(self.sides, found.needs[:, first], strict=True)
            )
            shared = tuple([n for n in self.needs if all(n in c.needs for c in contexts)])
            yield rows[numbers == number], contexts, shared

    def _standings(self, side: int, rows: Array, *, betas: bool) -> Array:
        """Return how each model stands, shape (rows, models)."""
        behind = self.classes.of(side)[rows]
        if not betas:
            behind = np.where(self._betas[side], EXCLUDED, behind)
        best = behind.min(axis=1, initial=EXCLUDED, keepdims=True)
        candidates = behind < EXCLUDED if self._accepts else (behind == best) & (best < EXCLUDED)
        return np.where(candidates, np.where(behind > 0, OPEN, MEETS), OUT).astype(np.uint8)

    def cells(self) -> tuple[int, ...]:
        """Return how many cells all sides can be asked, and how many each side can."""
        found = self.classes
        shared = sum(
            2 * (1 + len(needs)) * int(found.cells[rows].sum()) for rows, _, needs in self._groups()
        )
        return shared, *(self._cells_of(side, solver) for side, solver in enumerate(self.sides))

    def _cells_of(self, side: int, solver: Solver) -> int:
        found = self.classes
        total = 0
        for mask in np.unique(found.needs[side, found.askable[side]]).tolist():
            rows = found.askable[side] & (found.needs[side] == mask)
            many = 1 + len(solver.declared.names_of_needs(mask))
            total += 2 * many * int(found.cells[rows].sum())
        return total
