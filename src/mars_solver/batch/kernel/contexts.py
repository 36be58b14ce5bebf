"""What the weights and the guide say in each context, in arrays that grow as contexts are met."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from mars_solver.batch.kernel.arrays import Numbers
from mars_solver.inputs.profile import Context
from mars_solver.solving.flowchart import answer
from mars_solver.solving.solver import Solver

NONE: Final = -1
"""The index of no model."""


class Sayings(NamedTuple):
    """What holds in each context, by its number along the last axis."""

    valid: Numbers
    """Whether a profile can have the context: `primary` is stated, and no live need in batch."""
    coefficients: Numbers
    """What the importance of each criterion is multiplied by, shape (criteria, contexts)."""
    places: Numbers
    """The place of each model in the order that breaks ties, shape (models, contexts)."""
    models: Numbers
    """The model at each place, same shape."""
    guided: Numbers
    """The number of the guide's answer."""


class Contexts:
    """The contexts that are met, numbered: `setting * primaries + primary`.

    Attributes:
        primaries: how many primary needs there are, and none, which is 0.
        answers: the guide's answers as indices of models; `NONE` stands for one that the catalogue
            lacks.
    """

    def __init__(self, solver: Solver) -> None:
        self.primaries = 1 + len(solver.declared.needs)
        self.answers: list[tuple[int, ...]] = []
        self._solver = solver
        self._settings: dict[tuple[int, bool], int] = {}
        many = len(solver.catalogue.models)
        self._known = np.zeros(0, dtype=np.bool_)
        self._sayings = Sayings(
            np.zeros(0, dtype=np.bool_),
            np.zeros((len(solver.declared.criteria), 0), dtype=np.int64),
            np.zeros((many, 0), dtype=np.int64),
            np.zeros((many, 0), dtype=np.int16),
            np.zeros(0, dtype=np.int16),
        )

    def __len__(self) -> int:
        return len(self._settings)

    def settings(self, statements: Numbers, batch: Numbers) -> Numbers:
        """Return the number of each pair of stated needs and workflow."""
        known = self._settings
        needs = self._solver.declared.needs_stated(statements)
        pairs = zip(needs.tolist(), batch.tolist(), strict=True)
        return np.array([known.setdefault(pair, len(known)) for pair in pairs], dtype=np.int32)

    def look_up(self, contexts: Numbers) -> Sayings:
        """Return what holds in contexts, by their number; others may be missing."""
        many = len(self._settings) * self.primaries
        if len(self._known) < many:
            self._known = _wider(self._known, many)
            self._sayings = Sayings(*(_wider(each, many) for each in self._sayings))
        if not self._known.take(contexts).all():
            pairs = list(self._settings)
            met = np.bincount(contexts, minlength=many) > self._known
            for number in np.flatnonzero(met).tolist():
                needs, batch = pairs[number // self.primaries]
                self._learn(number, needs, batch, number % self.primaries - 1)
        return self._sayings

    def _learn(self, number: int, needs: int, batch: bool, primary: int) -> None:
        """Fill in one context; `primary` is the index of a need, or -1."""
        solver, says = self._solver, self._sayings
        self._known[number] = True
        if (batch and needs & solver.declared.live) or (primary >= 0 and not needs >> primary & 1):
            return
        names = solver.declared.names_of_needs(needs)
        first = solver.declared.needs[primary].name if primary >= 0 else None
        context = Context(names, first, batch)
        sums = solver.neutral_sums(context)
        order = sorted(range(len(sums)), key=lambda index: (-sums[index], index))
        says.valid[number] = True
        says.coefficients[:, number] = solver.coefficients(context)
        says.models[:, number] = order
        says.places[order, number] = range(len(order))
        chart = solver.catalogue.flowchart
        if chart is not None:
            says.guided[number] = self._answer(answer(chart, context)[1])

    def _answer(self, ids: Sequence[str]) -> int:
        """Return the number of an answer of the guide."""
        known = [model.id for model in self._solver.catalogue.models]
        indices = tuple(known.index(each) if each in known else NONE for each in ids)
        if indices not in self.answers:
            self.answers.append(indices)
        return self.answers.index(indices)


def _wider(column: Numbers, many: int) -> Numbers:
    """Return a column with zeros at the end of its last axis."""
    missing = many - column.shape[-1]
    return np.pad(column, [(0, 0)] * (column.ndim - 1) + [(0, missing)])
