"""What each requirement adds to the standing of every model, in tables to look up.

A standing is a sum of one entry for each requirement: a violated requirement adds `EXCLUDED`, an
unverified one adds 1. A sum below `EXCLUDED` is thus the number of requirements that a model leaves
unverified, which orders models as `solver.order` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import combinations
from typing import Final, NamedTuple

import numpy as np

from mars_solver.batch.arrays import Array, packed
from mars_solver.batch.rows import Breakpoints, Rows
from mars_solver.solving.cells import NUMERIC, Choice, choices
from mars_solver.solving.constraints import minimal
from mars_solver.solving.solver import Solver
from mars_solver.vocabulary import BIT, NEEDS, REQUIREMENTS, Kind, NeedName, Policy

EXCLUDED: Final = 64
"""What a violated requirement adds: more than all requirements can leave unverified."""
_MASKS: Final = 1 << len(REQUIREMENTS)
_EVERY_BIT: Final = np.int16(-1)
"""What a beta that is not accepted violates, so that no requirement can be blamed for it."""
_AT_ONCE: Final = 2**20
"""The most pairs of row and configuration whose violations are held together."""


class _Table(NamedTuple):
    """What one requirement contributes to standings, each array with one row for each choice."""

    penalties: Array
    """Shape (choices, models)."""
    violated: Array
    """The mask of the violated requirements, shape (choices, models)."""
    needs: Array
    """The mask of the needs that a choice states, shape (choices,)."""


class PenaltyTables:
    """Tables from which the standing of every model to any question is looked up.

    Attributes:
        breakpoints: of the numeric requirements.
    """

    def __init__(self, solver: Solver, policy: Policy) -> None:
        self._policy = policy
        self.breakpoints = tuple(Breakpoints.of(solver, requirement) for requirement in NUMERIC)
        self._by_choice = tuple(self._of_choices(each.choices) for each in self.breakpoints)
        self._by_mask = self._of_masks(solver)
        betas = [model.beta for model in solver.catalogue.models]
        refused = np.array([betas, [False] * len(betas)])
        self._by_acceptance = _Table(
            np.where(refused, EXCLUDED, 0).astype(np.int16),
            np.where(refused, _EVERY_BIT, 0).astype(np.int16),
            np.zeros(2, dtype=np.int64),
        )
        # Of the configurations of a model only those that rule out least matter.
        ruled_out = [
            (index, mask)
            for index, options in enumerate(solver.options)
            for mask in minimal(option.ruled_out for option in options)
        ]
        self._model_of = [index for index, _ in ruled_out]
        self._ruled_out = np.array([mask for _, mask in ruled_out], dtype=np.int16)

    def penalties(self, rows: Rows) -> Array:
        """Return what each model misses, shape (rows, models); `EXCLUDED` or more rules it out."""
        tables = self._consulted(rows)
        return _joined(np.add, [(table.penalties, index) for table, index in tables])

    def needs(self, rows: Rows) -> Array:
        """Return the mask of the needs that each row states."""
        tables = self._stated(rows)
        return _joined(np.bitwise_or, [(table.needs, index) for table, index in tables])

    def blocked(self, rows: Rows) -> Array:
        """Return the mask of what leaves no model, for rows where none is left.

        The requirements that no configuration of any candidate meets, or else the first conflict
        (minimal unsatisfiable subset); 0 where there is no candidate at all.
        """
        step = max(1, _AT_ONCE // len(self._ruled_out))
        starts = range(0, len(rows.stated), step)
        parts = [_conflict(self._missed(rows.take(slice(i, i + step)))) for i in starts]
        return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int16)

    def _missed(self, rows: Rows) -> Array:
        """Return the mask that each configuration violates, shape (rows, configurations).

        Every bit for the configurations of a beta that is not accepted.
        """
        tables = self._consulted(rows)
        violated = _joined(np.bitwise_or, [(table.violated, index) for table, index in tables])
        missed: Array = violated[:, self._model_of] | self._ruled_out & rows.stated[:, None]
        return missed

    def _stated(self, rows: Rows) -> list[tuple[_Table, Array]]:
        """Return the tables that state needs, each with the index that every row looks up."""
        return [(self._by_mask, rows.stated), *zip(self._by_choice, rows.choices, strict=True)]

    def _consulted(self, rows: Rows) -> list[tuple[_Table, Array]]:
        """Return all tables, each with the index that every row looks up in it."""
        return [
            *self._stated(rows),
            (self._of_locales(rows.verdicts), rows.locales),
            (self._by_acceptance, rows.accept_beta.astype(np.int64)),
        ]

    def _of_choices(self, every: Sequence[Choice]) -> _Table:
        """Return the table of a numeric requirement, by the index of a choice."""
        facts = [[masks.under(self._policy) for masks in choice.facts] for choice in every]
        violated = np.array([[m.violated for m in row] for row in facts], dtype=np.int16)
        unverified = np.array([[m.unverified for m in row] for row in facts], dtype=np.int16)
        needs = [_need_mask(choice.needs) for choice in every]
        penalties = np.where(violated, EXCLUDED, np.sign(unverified)).astype(np.int16)
        return _Table(penalties, violated, np.array(needs))

    def _of_masks(self, solver: Solver) -> _Table:
        """Return the table of the capabilities, by the mask of all stated requirements.

        A model is ruled out as well where none of its configurations can meet all of the mask,
        whatever numbers are asked for.
        """
        stated = np.arange(_MASKS, dtype=np.int16)
        facts = [masks.under(self._policy) for masks in solver.capabilities]
        violated = np.array([stated & masks.violated for masks in facts])
        unverified = np.array([_counted(stated & masks.unverified) for masks in facts])
        fits = np.array([_fits({o.ruled_out for o in each}, stated) for each in solver.options])
        penalties = np.where((violated == 0) & fits, unverified, EXCLUDED).astype(np.int16)
        needs = np.zeros(_MASKS, dtype=np.int64)
        for requirement in REQUIREMENTS:
            if requirement.kind is Kind.CAPABILITY:
                states = _need_mask(choices(solver.catalogue, requirement)[-1].needs)
                needs[(stated & BIT[requirement.name]) != 0] |= states
        return _Table(np.ascontiguousarray(penalties.T), np.ascontiguousarray(violated.T), needs)

    def _of_locales(self, verdicts: Array) -> _Table:
        """Return the table of the languages, by the list of locales."""
        unverified = EXCLUDED if self._policy == "reject" else 1
        penalties = np.array([0, unverified, EXCLUDED], dtype=np.int16)[verdicts]
        violated = np.where(penalties >= EXCLUDED, BIT["languages"], 0).astype(np.int16)
        return _Table(penalties, violated, np.zeros(len(verdicts), dtype=np.int64))


def _joined(join: np.ufunc, lookups: list[tuple[Array, Array]]) -> Array:
    """Return what rows look up in several tables, joined into one entry for each row."""
    (table, index), *others = lookups
    joined: Array = table[index]
    for table, index in others:
        join(joined, table[index], out=joined)
    return joined


def _conflict(missed: Array) -> Array:
    """Return the mask of the requirements that block each row.

    Args:
        missed: the mask that each configuration violates, shape (rows, configurations).
    """
    blocked: Array = np.bitwise_and.reduce(missed, axis=1)
    blocked[blocked == _EVERY_BIT] = 0
    open_ = np.flatnonzero((blocked == 0) & (missed != _EVERY_BIT).any(axis=1))
    hit = _configurations_hit(missed[open_])
    for size in range(2, len(REQUIREMENTS) + 1):
        for some in combinations(range(len(REQUIREMENTS)), size):
            if not len(open_):
                return blocked
            joined = reduce(np.bitwise_or, (hit[:, bit] for bit in some))
            whole = (joined == hit[:, -1]).all(axis=1)
            if whole.any():
                blocked[open_[whole]] = sum(1 << bit for bit in some)
                open_, hit = open_[~whole], hit[~whole]
    return blocked


def _configurations_hit(missed: Array) -> Array:
    """Return which configurations violate each requirement, as sets in words of bits.

    Returns:
        shape (rows, requirements + 1, words); the last set of each row is that of all of them.
    """
    rows, many = missed.shape
    bits = np.arange(len(REQUIREMENTS), dtype=np.int16)
    flags = np.ones((rows, len(REQUIREMENTS) + 1, many), dtype=np.bool_)
    flags[:, :-1] = missed[:, None, :] >> bits[:, None] & 1
    return packed(flags)


def _fits(ruled_out: set[int], stated: Array) -> Array:
    """Return for each mask of stated requirements whether a configuration can meet all of them."""
    fits: Array = np.any([(stated & mask) == 0 for mask in ruled_out], axis=0)
    return fits


def _counted(masks: Array) -> Array:
    """Return how many requirements each mask holds."""
    return sum((masks >> bit & 1 for bit in range(len(REQUIREMENTS))), np.zeros_like(masks))


def _need_mask(needs: tuple[NeedName, ...]) -> int:
    return sum(1 << i for i, need in enumerate(NEEDS) if need.name in needs)
