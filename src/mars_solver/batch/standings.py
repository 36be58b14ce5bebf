"""How every model stands to many questions at once, and what leaves none of them.

What a standing rests on is looked up for each requirement and added: a violated one adds
`EXCLUDED`, an unverified one adds 1. A sum below `EXCLUDED` is thus the number of requirements
that a model leaves unverified, which orders models as `solver.order` does.
"""

from __future__ import annotations

from functools import reduce
from itertools import combinations
from typing import Final, NamedTuple

import numpy as np

from mars_solver.batch.rows import Array, Breakpoints, Rows
from mars_solver.solving.cells import NUMERIC, choices
from mars_solver.solving.constraints import minimal
from mars_solver.solving.solver import Solver
from mars_solver.vocabulary import (
    BIT,
    NEEDS,
    REQUIREMENTS,
    Kind,
    NeedName,
    Policy,
    Requirement,
    Verdict,
)

EXCLUDED: Final = 64
"""What a violated requirement adds: more than all requirements can leave unverified."""
_MASKS: Final = 1 << len(REQUIREMENTS)
_CAPABILITIES: Final = tuple(r for r in REQUIREMENTS if r.kind is Kind.CAPABILITY)
_LANGUAGES: Final = BIT["languages"]
_REFUSED: Final = np.int16(-1)
"""What a beta that is not accepted violates: every bit, so that nothing can be read from it."""
_AT_ONCE: Final = 2**20
"""The most configurations, over all questions, that are looked at together."""
_WORD: Final = 64


class Effect(NamedTuple):
    """What the choices of one requirement add, each array with one row for each choice."""

    penalties: Array
    """Shape (choices, models)."""
    violated: Array
    """The requirement's bit where it is violated, shape (choices, models)."""
    needs: Array
    """The mask of the needs that a choice states, shape (choices,)."""


class Standings:
    """Tables that stand every model of a catalogue to any number of questions.

    Attributes:
        axes: of the numeric requirements.
    """

    def __init__(self, solver: Solver, policy: Policy) -> None:
        models = solver.catalogue.models
        self._policy = policy
        self._rejects = policy == "reject"
        self._refused = np.array([[model.beta for model in models], [False] * len(models)])
        self.axes = tuple(Breakpoints.of(solver, requirement) for requirement in NUMERIC)
        self._effects = tuple(self._effect(axis) for axis in self.axes)
        self._capabilities = self._by_mask(solver)
        self._ruled_out = [
            (place, mask)
            for place, options in enumerate(solver.options)
            for mask in minimal(option.ruled_out for option in options)
        ]

    def penalties(self, rows: Rows) -> Array:
        """Return what each model misses, shape (rows, models); `EXCLUDED` or more rules it out."""
        found = self._capabilities.penalties[rows.stated]
        for effect, cells in zip(self._effects, rows.cells, strict=True):
            found += effect.penalties[cells]
        found += self._locales(rows.standings)[rows.locales]
        found += EXCLUDED * self._refused[rows.accept_beta.astype(np.int64)]
        return found

    def needs(self, rows: Rows) -> Array:
        """Return the mask of the needs that each row states."""
        found = self._capabilities.needs[rows.stated]
        for effect, cells in zip(self._effects, rows.cells, strict=True):
            found |= effect.needs[cells]
        return found

    def blocked(self, rows: Rows) -> Array:
        """Return the mask of what leaves no model, for rows where none is left.

        The requirements that no configuration of any candidate meets, or else the first conflict;
        0 where there is no candidate at all.
        """
        at_once = max(1, _AT_ONCE // len(self._ruled_out))
        starts = range(0, len(rows.stated), at_once)
        parts = [self._conflict(rows.take(slice(start, start + at_once))) for start in starts]
        return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int16)

    def _conflict(self, rows: Rows) -> Array:
        """Return the mask of the requirements that block each row: see `blocked`."""
        missed = self._missed(rows)
        found: Array = np.bitwise_and.reduce(missed, axis=1)
        found[found == _REFUSED] = 0
        open_ = np.flatnonzero((found == 0) & (missed != _REFUSED).any(axis=1))
        hit = _configurations_hit(missed[open_])
        for size in range(2, len(REQUIREMENTS) + 1):
            for some in combinations(range(len(REQUIREMENTS)), size):
                if not len(open_):
                    return found
                joined = reduce(np.bitwise_or, (hit[:, bit] for bit in some))
                whole = (joined == hit[:, -1]).all(axis=1)
                if whole.any():
                    found[open_[whole]] = sum(1 << bit for bit in some)
                    open_, hit = open_[~whole], hit[~whole]
        return found

    def _missed(self, rows: Rows) -> Array:
        """Return the mask that each configuration violates, shape (rows, configurations).

        Of the configurations of a model only those that rule out least matter.
        """
        violated = self._capabilities.violated[rows.stated]
        for effect, cells in zip(self._effects, rows.cells, strict=True):
            violated |= effect.violated[cells]
        violated |= self._violates(rows.standings)[rows.locales]
        violated[self._refused[rows.accept_beta.astype(np.int64)]] = _REFUSED
        places = [place for place, _ in self._ruled_out]
        masks = np.array([mask for _, mask in self._ruled_out], dtype=np.int16)
        missed: Array = violated[:, places] | masks & rows.stated[:, None]
        return missed

    def _effect(self, axis: Breakpoints) -> Effect:
        """Return what the choices of a numeric requirement add."""
        facts = [[masks.under(self._policy) for masks in choice.facts] for choice in axis.choices]
        violated = np.array([[m.violated for m in row] for row in facts], dtype=np.int16)
        unverified = np.array([[m.unverified for m in row] for row in facts], dtype=np.int16)
        needs = [_need_mask(choice.needs) for choice in axis.choices]
        penalties = np.where(violated, EXCLUDED, np.sign(unverified)).astype(np.int16)
        return Effect(penalties, violated, np.array(needs))

    def _by_mask(self, solver: Solver) -> Effect:
        """Return what each mask of stated requirements adds, whatever numbers are asked for.

        The stated capabilities, and that no configuration may be able to meet all of them.
        """
        stated = np.arange(_MASKS, dtype=np.int16)
        facts = [masks.under(self._policy) for masks in solver.capabilities]
        violated = np.array([stated & masks.violated for masks in facts])
        unverified = np.array([_counted(stated & masks.unverified) for masks in facts])
        fits = np.array([_fits({o.ruled_out for o in each}, stated) for each in solver.options])
        penalties = np.where((violated == 0) & fits, unverified, EXCLUDED).astype(np.int16)
        needs = np.zeros(_MASKS, dtype=np.int64)
        for requirement in _CAPABILITIES:
            needs[(stated & BIT[requirement.name]) != 0] |= _stated_needs(solver, requirement)
        return Effect(np.ascontiguousarray(penalties.T), np.ascontiguousarray(violated.T), needs)

    def _locales(self, standings: Array) -> Array:
        unverified = EXCLUDED if self._rejects else 1
        return np.array([0, unverified, EXCLUDED], dtype=np.int16)[standings]

    def _violates(self, standings: Array) -> Array:
        worst = Verdict.UNVERIFIED if self._rejects else Verdict.VIOLATED
        return np.where(standings >= worst, _LANGUAGES, 0).astype(np.int16)


def _configurations_hit(missed: Array) -> Array:
    """Return which configurations violate each requirement, as sets in words of bits.

    Returns:
        shape (rows, requirements + 1, words); the last set of each row is that of all of them.
    """
    rows, many = missed.shape
    words = -(-many // _WORD)
    padded = np.zeros((rows, len(REQUIREMENTS) + 1, words * _WORD), dtype=np.bool_)
    bits = np.arange(len(REQUIREMENTS), dtype=np.int16)
    padded[:, :-1, :many] = missed[:, None, :] >> bits[:, None] & 1
    padded[:, -1, :many] = True
    return np.packbits(padded, axis=2).view(np.uint64)


def _fits(ruled_out: set[int], stated: Array) -> Array:
    """Return for each mask of stated requirements whether a configuration can meet all of them."""
    found: Array = np.any([(stated & mask) == 0 for mask in ruled_out], axis=0)
    return found


def _counted(masks: Array) -> Array:
    """Return how many requirements each mask holds."""
    return sum((masks >> bit & 1 for bit in range(len(REQUIREMENTS))), np.zeros_like(masks))


def _stated_needs(solver: Solver, requirement: Requirement) -> int:
    return _need_mask(choices(solver.catalogue, requirement)[-1].needs)


def _need_mask(needs: tuple[NeedName, ...]) -> int:
    return sum(1 << i for i, need in enumerate(NEEDS) if need.name in needs)
