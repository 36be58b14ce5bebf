"""What a profile would get if it asked for something else: all models at once, as masks.

A cell holds its verdicts on all models as whole numbers, one bit for each, so that what a change
comes to takes a few operations on them, however many models there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mars_solver.inputs.profile import Context
from mars_solver.solving.constraints import union
from mars_solver.solving.solver import Decision, Solver
from mars_solver.solving.table import Cell
from mars_solver.vocabulary import Policy

Layers = tuple[int, ...]
"""The masks of the models that are left, by how many of their requirements are unverified."""


class WhatIf:
    """One decision, and what else could have been asked.

    Attributes:
        cells: the cell of each stated requirement, by its index.
    """

    def __init__(self, solver: Solver, decision: Decision) -> None:
        profile, signature = decision.profile, decision.signature
        stated = [r.index for r in solver.declared.requirements if signature.stated & r.bit]
        self.cells = dict(zip(stated, signature.cells, strict=True))
        self._solver = solver
        self._profile = profile
        self._policy: Policy = signature.policy
        self._importances = profile.importances
        self._by_score: dict[tuple[int, Context], tuple[int, ...]] = {}
        self._contexts: dict[int, Context | None] = {}

    def layers(self, cells: Iterable[Cell], stated: int, *, accept_beta: bool = False) -> Layers:
        """Return which models are left.

        Args:
            cells: of every requirement that is stated.
            stated: the mask of these requirements.
            accept_beta: whether betas are accepted, whatever the profile says.
        """
        every = list(cells)
        left = self._solver.able(stated)
        if not (accept_beta or self._profile.accept_beta):
            left &= ~self._solver.betas
        reject = self._policy == "reject"
        for cell in every:
            left &= ~(cell.violated | cell.unverified if reject else cell.violated)
        layers: Layers = (left,)
        for cell in every:
            layers = _spread(layers, cell.unverified & left)
        return layers

    def narrowed(self, layers: Layers, cell: Cell) -> Layers:
        """Return the layers after one more requirement."""
        out, left_open = cell.under(reject=self._policy == "reject")
        kept = tuple([layer & ~out for layer in layers])
        return _spread(kept, left_open & union(kept))

    def contenders(self, layers: Layers) -> int:
        """Return the mask of the models of best standing: those that weights can put first."""
        if self._policy == "accept":
            return union(layers)
        return next(filter(None, layers), 0)

    def context(self, statements: int) -> Context | None:
        """Return what weights depend on where requirements say so much of needs, as a mask.

        None where that would contradict the rest of the profile.
        """
        if statements not in self._contexts:
            declared, profile = self._solver.declared, self._profile
            needs = declared.needs_stated(statements)
            names = declared.names_of_needs(needs)
            primary = profile.primary if profile.primary in names else None
            contradiction = profile.batch and needs & declared.live
            self._contexts[statements] = (
                None if contradiction else Context(names, primary, profile.batch)
            )
        return self._contexts[statements]

    def order(self, context: Context) -> tuple[int, ...]:
        """Return the indices of all models by their scores, best first."""
        return self._solver.by_score(context, self._importances)

    def winner(self, contenders: int, context: Context) -> int | None:
        """Return the index of the first of some models by score; None where there is none."""
        return next((i for i in self.order(context) if contenders >> i & 1), None)

    def ranked(self, layers: Layers, context: Context) -> Iterator[tuple[int, bool]]:
        """Yield the indices of the models that are left, best first, and whether each meets all."""
        for group in [union(layers)] if self._policy == "accept" else filter(None, layers):
            for index in self.by_score(group, context):
                yield index, bool(layers[0] >> index & 1)

    def by_score(self, mask: int, context: Context) -> tuple[int, ...]:
        """Return the indices of the models in a mask by their scores, best first."""
        if mask.bit_count() == 1:  # one alone needs no scores
            return (mask.bit_length() - 1,)
        key = mask, context
        if key not in self._by_score:
            self._by_score[key] = tuple([i for i in self.order(context) if mask >> i & 1])
        return self._by_score[key]


def _spread(layers: Layers, left_open: int) -> Layers:
    """Return layers in which some of their models have one more open requirement."""
    if not left_open:
        return layers
    pairs = zip((*layers, 0), (0, *layers), strict=True)
    return tuple([stay & ~left_open | moved & left_open for stay, moved in pairs])
