"""All profiles without preferences, as classes of cells that come to the same standings.

Thresholds cut the space of profiles into finitely many cells in which no verdict and no need
changes. A class is what the order of the models depends on: the needs, the workflow, and by how
many unverified requirements each model is behind the best. Requirements are joined one after the
other; cells that have come to the same class are counted together before the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
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
_EXACT: Final = 2**54
"""Up to so many cells, counts are exact as 64-bit whole numbers, however often a cell counts."""
MOST: Final = 2**28
"""The most distances that are held at a time, one byte each: they have to fit into memory."""


class _Start(NamedTuple):
    """The rows that state only what pins a configuration."""

    columns: tuple[Column, ...]
    values: list[tuple[Required | None, ...]]
    """What one cell of each row asks for."""
    cells: Array
    lacking: Array
    """The mask of what some model of a group does not meet, shape (rows, groups)."""
    classes: Array
    """The class of each row."""
    firsts: Array
    """The first row of each class."""


class _Join(NamedTuple):
    """The rows that come of one more requirement: each of the classes before, with a choice."""

    column: Column
    cells: Array
    """Of each class before."""
    parents: Array
    choices: Array
    classes: Array
    """The class of each row."""
    firsts: Array
    """The first row of each class."""


@dataclass(frozen=True)
class Classes:
    """Classes of cells: each array has one entry, or one row, for each class.

    Attributes:
        needs: the mask of the needs that are stated.
        batch: whether the workflow is batch.
        behind: by how many unverified requirements each model is behind the best one; `EXCLUDED`
            for a model that violates one, shape (classes, models). Betas as if they were accepted.
        cells: how many cells each class has.
    """

    needs: Array
    batch: Array
    behind: Array
    cells: Array
    _start: _Start
    _joins: tuple[_Join, ...]
    _groups: Sequence[tuple[int, ...]]

    def example(self, index: int) -> dict[str, Required]:
        """Return the requirements of one cell of a class."""
        require: dict[str, Required] = {}
        for join in reversed(self._joins):
            row = join.firsts[index]
            value = join.column.choices[int(join.choices[row])].values[-1]
            if value is not None:
                require[join.column.requirement.name] = value
            index = int(join.parents[row])
        start = self._start
        values = start.values[int(start.firsts[index])]
        for column, value in zip(start.columns, values, strict=True):
            if value is not None:
                require[column.requirement.name] = value
        return require

    def unmet(self, times: Array) -> Array:
        """Return in how many cells each requirement is not met by some model of each group.

        Each class counts so many times as `times` says for a group, shape (classes, groups). What
        its cells asked for is found by going back, join by join.

        Returns:
            shape (groups, requirements).
        """
        start = self._start
        groups = range(len(self._groups))
        requirements = len(self._joins) + len(start.columns)
        total = np.zeros((len(groups), requirements), dtype=self.cells.dtype)
        left = times.astype(self.cells.dtype)
        for join in reversed(self._joins):
            before = np.zeros((len(join.cells), len(groups)), dtype=left.dtype)
            for number, choice in enumerate(join.column.choices):
                rows = np.flatnonzero(join.choices == number)
                parents = join.parents[rows]
                counted = left[join.classes[rows]] * len(choice.values)
                before[parents] += counted
                reached = (counted * join.cells[parents, None]).sum(axis=0)
                lacking = choice.cell.violated | choice.cell.unverified
                for g, models in enumerate(self._groups):
                    if any(lacking >> i & 1 for i in models):
                        total[g, join.column.requirement.index] += reached[g]
            left = before
        counted = left[start.classes] * start.cells[:, None]
        for column in start.columns:
            index = column.requirement.index
            total[:, index] += (counted * (start.lacking >> index & 1)).sum(axis=0)
        return total


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
        found = _joined(found, column, solver)
    return replace(found, needs=solver.declared.needs_stated(found.needs))


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
    needs, batches, behind, cells, lacking, values = [], [], [], [], [], []
    _bounded(prod(len(column.choices) for column in pinning), len(models))
    for chosen in product(*(column.choices for column in pinning)):
        pairs = [
            (column.requirement, choice.cell)
            for column, choice in zip(pinning, chosen, strict=True)
            if choice.values[0] is not None
        ]
        stated = sum(requirement.bit for requirement, _ in pairs)
        mask = 0
        for _, cell in pairs:
            mask |= cell.statements
        masks = [requirement_masks(pairs, index) for index in models]
        for batch in (False,) if mask & live else (False, True):
            standings = [
                solver.stand_alone(index, masks[index], stated, batch=batch) for index in models
            ]
            missed = [standing.violated | standing.unverified for standing in standings]
            needs.append(mask)
            batches.append(batch)
            behind.append(
                [
                    EXCLUDED if s.violated or s.configuration is None else s.unverified.bit_count()
                    for s in standings
                ]
            )
            cells.append(prod(len(choice.values) for choice in chosen))
            lacking.append([_union(missed[index] for index in group) for group in groups])
            values.append(tuple(choice.values[-1] for choice in chosen))
    counts = np.array(cells, dtype=_number_type(solver))
    parts = _Parts(
        np.array(needs, dtype=np.int64),
        np.array(batches, dtype=np.bool_),
        _relative(np.array(behind, dtype=np.uint8).reshape(len(needs), len(models))),
        counts,
    )
    merged, numbers, firsts = _merged(parts)
    masks_of = np.array(lacking, dtype=np.int64).reshape(len(needs), len(groups))
    start = _Start(pinning, values, counts, masks_of, numbers, firsts)
    return Classes(*merged, start, (), groups)


def _union(masks: Iterable[int]) -> int:
    union = 0
    for mask in masks:
        union |= mask
    return union


def _joined(found: Classes, column: Column, solver: Solver) -> Classes:
    """Return the classes of cells with one more requirement, which pins no configuration."""
    models = range(len(solver.catalogue.models))
    live = solver.declared.live
    _bounded(len(found.needs) * len(column.choices), len(models))
    parts: list[_Parts] = []
    parents: list[Array] = []
    for choice in column.choices:
        cell = choice.cell
        keep = (
            np.flatnonzero(~found.batch) if cell.statements & live else np.arange(len(found.needs))
        )
        violated = np.array([cell.violated >> i & 1 for i in models], dtype=np.bool_)
        unverified = np.array([cell.unverified >> i & 1 for i in models], dtype=np.uint8)
        before = found.behind[keep]
        behind = np.where((before == EXCLUDED) | violated, EXCLUDED, before + unverified)
        needs = found.needs[keep] | cell.statements
        cells = found.cells[keep] * len(choice.values)
        parts.append(_Parts(needs, found.batch[keep], _relative(behind), cells))
        parents.append(keep)
    merged, numbers, firsts = _merged(_Parts(*map(np.concatenate, zip(*parts, strict=True))))
    choices = np.repeat(np.arange(len(parents)), [len(keep) for keep in parents])
    join = _Join(column, found.cells, np.concatenate(parents), choices, numbers, firsts)
    needs, batch, behind, cells = merged
    return replace(
        found, needs=needs, batch=batch, behind=behind, cells=cells, _joins=(*found._joins, join)
    )


def _bounded(rows: int, models: int) -> None:
    """Refuse to hold more distances than memory does.

    Raises:
        InputError: where there are more.
    """
    if rows * models > MOST:
        hint = "a proof needs fewer requirements, or fewer values of facts"
        expected = f"at most {MOST // models} classes of profiles"
        raise InputError([Problem("the catalogue", "", expected, f"{rows}", hint)])


def _relative(behind: Array) -> Array:
    """Return distances from the best model of each class; all are `EXCLUDED` where none is left."""
    least = behind.min(axis=1, initial=EXCLUDED, keepdims=True)
    return np.where(behind == EXCLUDED, EXCLUDED, behind - np.where(least == EXCLUDED, 0, least))


class _Parts(NamedTuple):
    """What rows have in common with the classes that they fall into; see `Classes`."""

    needs: Array
    batch: Array
    behind: Array
    cells: Array


def _merged(rows: _Parts) -> tuple[_Parts, Array, Array]:
    """Return rows with equal classes counted together, each row's class, and each first row."""
    firsts, numbers = _numbered(rows)
    order = np.argsort(numbers, kind="stable")
    starts = np.searchsorted(numbers[order], np.arange(len(firsts)))
    cells = np.add.reduceat(rows.cells[order], starts)
    merged = _Parts(rows.needs[firsts], rows.batch[firsts], rows.behind[firsts], cells)
    return merged, numbers, firsts


def _numbered(rows: _Parts) -> tuple[Array, Array]:
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
