"""All profiles without preferences, as classes of cells that come to the same standings.

Thresholds cut the space of profiles into finitely many cells in which no verdict and no need
changes. A class is what the order of the models depends on: the needs, the workflow, and by how
many unverified requirements each model is behind the best. Requirements are joined one after the
other; cells that have come to the same class are counted together before the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mars_solver.errors import InputError, Problem
from mars_solver.inputs.profile import Required
from mars_solver.solving.solver import Solver
from mars_solver.solving.table import Column, requirement_masks

Array = NDArray[Any]
EXCLUDED: Final = 63
"""How far behind an excluded model is: further than all requirements can put one."""
_LANE: Final = 6
"""Bits of a model's distance in a key."""
_EXACT: Final = 2**62
"""Counts below this are exact as 64-bit whole numbers."""
MOST: Final = 2**20
"""The most classes that are joined at a time: they have to fit into memory."""


class _Link(NamedTuple):
    """Where the classes of one join come from."""

    parents: Array
    choices: Array
    column: Column


@dataclass
class Classes:
    """Classes of cells: each array has one entry, or one row, for each class.

    Attributes:
        needs: the mask of the needs that are stated.
        batch: whether the workflow is batch.
        behind: by how many unverified requirements each model is behind the best one; `EXCLUDED`
            for a model that violates one, shape (classes, models). Betas as if they were accepted.
        cells: how many cells each class has.
        unmet: in how many of them each requirement is not met by at least one of some models,
            shape (classes, groups of models, requirements).
    """

    needs: Array
    batch: Array
    behind: Array
    cells: Array
    unmet: Array
    _first: list[tuple[Required | None, ...]]
    _pinning: tuple[Column, ...]
    _links: list[_Link]

    def example(self, index: int) -> dict[str, Required]:
        """Return the requirements of one cell of a class."""
        require: dict[str, Required] = {}
        for link in reversed(self._links):
            choice = link.column.choices[int(link.choices[index])]
            value = choice.values[-1]
            if value is not None:
                require[link.column.requirement.name] = value
            index = int(link.parents[index])
        for column, value in zip(self._pinning, self._first[index], strict=True):
            if value is not None:
                require[column.requirement.name] = value
        return require


def classes(solver: Solver, groups: Sequence[tuple[int, ...]] = ()) -> Classes:
    """Return the classes into which all cells of a solver's catalogue fall.

    Args:
        solver: whose catalogue and table these are.
        groups: models, by index, of which to count what at least one does not meet.

    Raises:
        InputError: where there are more than memory holds.
    """
    # A configuration is chosen by the requirements that pin one, so that these come first. The
    # others only add to what a model violates or leaves open.
    pinning = tuple(column for column in solver.table if column.requirement.pins)
    others = [column for column in solver.table if not column.requirement.pins]
    found = _pinned(solver, pinning, groups)
    # What changes least comes first, so that the classes grow late.
    for column in sorted(others, key=lambda column: len(column.choices)):
        found = _joined(found, column, solver, groups)
    return found


def cell_count(solver: Solver) -> int:
    """Return an upper bound of the number of cells."""
    return 2 * prod(sum(len(c.values) for c in column.choices) for column in solver.table)


def _number_type(solver: Solver) -> Any:
    return np.int64 if cell_count(solver) < _EXACT else object


def _pinned(
    solver: Solver, pinning: tuple[Column, ...], groups: Sequence[tuple[int, ...]]
) -> Classes:
    """Return the classes of the cells in which only pinning requirements are stated."""
    models = range(len(solver.catalogue.models))
    live = solver.declared.live
    requirements = len(solver.declared.requirements)
    needs, batches, behind, cells, unmet, first = [], [], [], [], [], []
    _bounded(prod(len(column.choices) for column in pinning))
    for chosen in product(*(column.choices for column in pinning)):
        pairs = [
            (column.requirement, choice.cell)
            for column, choice in zip(pinning, chosen, strict=True)
            if choice.values[0] is not None
        ]
        stated = sum(requirement.bit for requirement, _ in pairs)
        mask = 0
        for _, cell in pairs:
            mask |= cell.needs
        masks = [requirement_masks(pairs, index) for index in models]
        for batch in (False,) if mask & live else (False, True):
            standings = [
                solver.stand_alone(index, masks[index], stated, batch=batch) for index in models
            ]
            needs.append(mask)
            batches.append(batch)
            behind.append(
                [
                    EXCLUDED if s.violated or s.configuration is None else s.unverified.bit_count()
                    for s in standings
                ]
            )
            cells.append(prod(len(choice.values) for choice in chosen))
            lacking = [0] * len(groups)
            for number, group in enumerate(groups):
                for index in group:
                    lacking[number] |= standings[index].violated | standings[index].unverified
            unmet.append([[lack >> bit & 1 for bit in range(requirements)] for lack in lacking])
            first.append(tuple(choice.values[-1] for choice in chosen))
    kind = _number_type(solver)
    counts = np.array(cells, dtype=kind)
    shape = len(needs), len(groups), requirements
    lacks = np.array(unmet, dtype=kind).reshape(shape) * counts[:, None, None]
    rows = Classes(
        np.array(needs, dtype=np.int64),
        np.array(batches, dtype=np.bool_),
        _relative(np.array(behind, dtype=np.uint8).reshape(len(needs), len(models))),
        counts,
        lacks,
        first,
        pinning,
        [],
    )
    merged, firsts = _merged(rows)
    merged._first = [first[i] for i in firsts.tolist()]
    return merged


def _joined(
    found: Classes, column: Column, solver: Solver, groups: Sequence[tuple[int, ...]]
) -> Classes:
    """Return the classes of cells with one more requirement, which pins no configuration."""
    models = len(solver.catalogue.models)
    live = solver.declared.live
    index = column.requirement.index
    _bounded(len(found.needs) * len(column.choices))
    parts: list[tuple[Array, Array, Array, Array, Array, Array, Array]] = []
    for number, choice in enumerate(column.choices):
        cell, many = choice.cell, len(choice.values)
        keep = np.flatnonzero(~found.batch) if cell.needs & live else np.arange(len(found.needs))
        violated = np.array([cell.violated >> i & 1 for i in range(models)], dtype=np.bool_)
        unverified = np.array([cell.unverified >> i & 1 for i in range(models)], dtype=np.uint8)
        before = found.behind[keep]
        behind = np.where((before == EXCLUDED) | violated, EXCLUDED, before + unverified)
        unmet = found.unmet[keep] * many
        lacking = cell.violated | cell.unverified
        for g, group in enumerate(groups):
            if any(lacking >> i & 1 for i in group):
                unmet[:, g, index] = found.cells[keep] * many
        chosen = np.full(len(keep), number)
        parts.append(
            (
                found.needs[keep] | cell.needs,
                found.batch[keep],
                _relative(behind),
                found.cells[keep] * many,
                unmet,
                keep,
                chosen,
            )
        )
    needs, batch, behind, cells, unmet, parents, chosen = (
        np.concatenate(each) for each in zip(*parts, strict=True)
    )
    rows = Classes(needs, batch, behind, cells, unmet, found._first, found._pinning, found._links)
    merged, firsts = _merged(rows)
    merged._links = [*found._links, _Link(parents[firsts], chosen[firsts], column)]
    return merged


def _bounded(rows: int) -> None:
    """Refuse to hold more rows than memory does.

    Raises:
        InputError: where there are more.
    """
    if rows > MOST:
        hint = "a proof needs fewer requirements, or fewer values of facts"
        expected = f"at most {MOST} classes of profiles"
        raise InputError([Problem("the catalogue", "", expected, f"{rows}", hint)])


def _relative(behind: Array) -> Array:
    """Return distances from the best model of each class; all are `EXCLUDED` where none is left."""
    least = behind.min(axis=1, initial=EXCLUDED, keepdims=True)
    return np.where(behind == EXCLUDED, EXCLUDED, behind - np.where(least == EXCLUDED, 0, least))


def _merged(rows: Classes) -> tuple[Classes, Array]:
    """Return rows with equal classes counted together, and the first row of each class."""
    firsts, numbers = _numbered(rows)
    order = np.argsort(numbers, kind="stable")
    starts = np.searchsorted(numbers[order], np.arange(len(firsts)))

    def added(column: Array) -> Array:
        total: Array = np.add.reduceat(column[order], starts, axis=0)
        return total

    return (
        Classes(
            rows.needs[firsts],
            rows.batch[firsts],
            rows.behind[firsts],
            added(rows.cells),
            added(rows.unmet),
            rows._first,
            rows._pinning,
            rows._links,
        ),
        firsts,
    )


def _numbered(rows: Classes) -> tuple[Array, Array]:
    """Return the first row of each distinct class, and the number of each row's class."""
    words = [rows.needs.astype(np.uint64) << np.uint64(1) | rows.batch.astype(np.uint64)]
    many = 64 // _LANE
    for start in range(0, rows.behind.shape[1], many):
        word = np.zeros(len(rows.needs), dtype=np.uint64)
        for column in rows.behind[:, start : start + many].T:
            word = word << np.uint64(_LANE) | column.astype(np.uint64)
        words.append(word)
    key = words[0]
    for word in words[1:]:
        # Number the pairs of what was seen so far and the next word.
        _, left = np.unique(key, return_inverse=True)
        _, right = np.unique(word, return_inverse=True)
        key = left.astype(np.uint64) * np.uint64(right.max(initial=0) + 1) + right.astype(np.uint64)
    _, firsts, numbers = np.unique(key, return_index=True, return_inverse=True)
    return firsts, numbers.reshape(-1)
