"""All profiles without preferences, as classes of cells that come to the same standings.

Thresholds cut the space of profiles into finitely many cells in which no verdict and no need
changes. A class is what the order of the models depends on: the needs, the workflow, and by how
many unverified requirements each model is behind the best. Requirements are joined one after the
other; cells that have come to the same class are counted together before the next.

Several catalogues side by side (see `joint`) have classes in common: what the order of the models
of each depends on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise, product
from math import prod
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mars_solver.errors import InputError, Problem
from mars_solver.inputs.catalogue.attributes import Requirement
from mars_solver.inputs.profile import Required
from mars_solver.proving.joint import JointColumn, Sides, joint_columns
from mars_solver.solving.constraints import union
from mars_solver.solving.solver import Solver
from mars_solver.solving.table import Cell, requirement_masks
from mars_solver.vocabulary import Policy

Array = NDArray[Any]
EXCLUDED: Final = 63
"""How far behind an excluded model is: further than all requirements can put one."""
_LANE: Final = 6
"""Bits of a model's distance in a key."""
_EXACT: Final = 2**54
"""Up to so many cells, counts are exact as 64-bit whole numbers, however often a cell counts."""
MOST: Final = 2**28
"""The most distances that are held at a time, one byte each: they have to fit into memory."""
_UNASKABLE: Final = 1 << 62
"""Among statements: the side cannot be asked this."""
_WORD: Final = 60
"""Bits of a word of a witness."""


class _Start(NamedTuple):
    """The rows that state only what pins a configuration."""

    columns: tuple[JointColumn, ...]
    cells: Array
    lacking: Array
    """The mask of what some model of a group does not meet, shape (rows, groups)."""
    classes: Array
    """The class of each row."""


class _Join(NamedTuple):
    """The rows that come of one more requirement: each of the classes before, with a choice."""

    column: JointColumn
    cells: Array
    """Of each class before."""
    parents: Array
    choices: Array
    classes: Array
    """The class of each row."""


class _Layout(NamedTuple):
    """Where things are in rows."""

    sides: Sides
    policy: Policy
    columns: tuple[JointColumn, ...]
    """In declared order."""
    models: tuple[slice, ...]
    """The models of each side."""
    steps: tuple[tuple[tuple[int, int], tuple[int, int]], ...]
    """For each column: the words of a witness, and what to add to them for each choice.

    A witness is what one cell asks for, in words that add up over the requirements: how many are
    stated; which, negated, the first declared in the highest bit; the number of each choice, the
    first declared in the highest bits. The least witness comes first.
    """
    width: int
    """The words of a witness."""

    @classmethod
    def of(cls, sides: Sides, policy: Policy, columns: tuple[JointColumn, ...]) -> _Layout:
        """Return the layout of the rows of some sides."""
        ends = accumulate((len(side.catalogue.models) for side in sides), initial=0)
        first = 1 + -(-len(columns) // _WORD)
        word, left = first, _WORD
        steps = []
        for index, column in enumerate(columns):
            bits = (len(column.choices) - 1).bit_length()
            if bits > left:
                word, left = word + 1, _WORD
            left -= bits
            stated = 1 + index // _WORD, -(1 << _WORD - 1 - index % _WORD)
            steps.append((stated, (word, 1 << left)))
        models = tuple(slice(*pair) for pair in pairwise(ends))
        return cls(sides, policy, columns, models, tuple(steps), word + 1)

    def witness(self, column: JointColumn, choice: int) -> list[int]:
        """Return what a choice adds to a witness."""
        words = [0] * self.width
        if choice:
            (stated, bit), (word, step) = self.steps[self.columns.index(column)]
            words[0], words[stated], words[word] = 1, bit, choice * step
        return words

    def chosen(self, witness: Array) -> list[int]:
        """Return the number of each column's choice in a witness."""
        return [
            int(witness[word]) // step % (1 << (len(column.choices) - 1).bit_length())
            for column, (_, (word, step)) in zip(self.columns, self.steps, strict=True)
        ]


@dataclass(frozen=True)
class Classes:
    """Classes of cells: each array has one entry, or one row, for each class.

    Attributes:
        needs: the mask of the needs that are stated, as each side declares them, shape
            (sides, classes).
        askable: whether each side can be asked it, same shape.
        batch: whether the workflow is batch.
        behind: by how many unverified requirements each model is behind the best one of its side,
            1 more where that leaves any unverified; `EXCLUDED` for a model that violates one; shape
            (classes, models), the sides' models side by side. Betas as if they were accepted.
        cells: how many cells each class has.
        witness: the cell of the class that states the least; see `_Layout`. Classes are in the
            order of their witnesses.
    """

    needs: Array
    askable: Array
    batch: Array
    behind: Array
    cells: Array
    witness: Array
    _layout: _Layout
    _start: _Start
    _joins: tuple[_Join, ...]
    _groups: Sequence[tuple[int, ...]]

    def of(self, side: int) -> Array:
        """Return how far behind the models of one side are, shape (classes, models)."""
        return self.behind[:, self._layout.models[side]]

    def chosen(self, index: int) -> list[int]:
        """Return the number of each requirement's choice in the witness of a class."""
        return self._layout.chosen(self.witness[index])

    @property
    def columns(self) -> tuple[JointColumn, ...]:
        """The requirements, in declared order."""
        return self._layout.columns

    def example(self, index: int) -> dict[str, Required]:
        """Return the requirements of the witness of a class."""
        chosen = zip(self.columns, self.chosen(index), strict=True)
        values = ((column.name, column.choices[number].values[0]) for column, number in chosen)
        return {name: value for name, value in values if value is not None}

    def unmet(self, times: Array) -> Array:
        """Return in how many cells each requirement is not met by some model of each group.

        Each class counts so many times as `times` says for a group, shape (classes, groups). What
        its cells asked for is found by going back, join by join. For one side alone.

        Returns:
            shape (groups, requirements), of the type of `times`.
        """
        start = self._start
        groups = range(len(self._groups))
        requirements = len(self._joins) + len(start.columns)
        total = np.zeros((len(groups), requirements), dtype=times.dtype)
        left = times
        for join in reversed(self._joins):
            before = np.zeros((len(join.cells), len(groups)), dtype=left.dtype)
            for number, choice in enumerate(join.column.choices):
                rows = np.flatnonzero(join.choices == number)
                parents = join.parents[rows]
                counted = left[join.classes[rows]] * len(choice.values)
                before[parents] += counted
                reached = (counted * join.cells[parents, None]).sum(axis=0)
                cell = _one(choice.cells)
                for g, models in enumerate(self._groups):
                    if any((cell.violated | cell.unverified) >> i & 1 for i in models):
                        total[g, _one(join.column.requirements).index] += reached[g]
            left = before
        counted = left[start.classes] * start.cells[:, None]
        for column in start.columns:
            index = _one(column.requirements).index
            total[:, index] += (counted * (start.lacking >> index & 1)).sum(axis=0)
        return total


def _one(each: tuple[Any, ...]) -> Any:
    """Return what the only side has."""
    (only,) = each
    return only


def classes(
    sides: Sides,
    groups: Sequence[tuple[int, ...]] = (),
    policy: Policy = "flag",
    columns: tuple[JointColumn, ...] | None = None,
    most: int = MOST,
) -> Classes:
    """Return the classes into which all cells of one catalogue, or of several side by side, fall.

    Args:
        sides: whose catalogues and tables these are.
        groups: models, by index, of which to count what at least one does not meet; for one side.
        policy: how what the facts do not settle ranks.
        columns: what can be asked; without them, what the sides declare.
        most: how many of them are wanted at most.

    Raises:
        InputError: where there are more, or more than memory holds.
    """
    layout = _Layout.of(sides, policy, columns or joint_columns(sides))
    # A configuration is chosen by the requirements that pin one, so that these come first. The
    # others only add to what a model violates or leaves open.
    pinning = tuple(column for column in layout.columns if column.pins)
    others = [column for column in layout.columns if not column.pins]
    found = _pinned(layout, pinning, groups)
    # What changes least comes first, so that the classes grow late.
    for column in sorted(others, key=lambda column: len(column.choices)):
        found = _joined(found, column)
        _bounded(len(found.batch), most)
    needs = [
        side.declared.needs_stated(stated & ~_UNASKABLE)
        for side, stated in zip(layout.sides, found.needs, strict=True)
    ]
    return replace(found, needs=np.array(needs), askable=found.needs < _UNASKABLE)


def cell_count(columns: Iterable[JointColumn]) -> int:
    """Return an upper bound of the number of cells."""
    return 2 * prod(sum(len(c.values) for c in column.choices) for column in columns)


def _pinned(
    layout: _Layout, pinning: tuple[JointColumn, ...], groups: Sequence[tuple[int, ...]]
) -> Classes:
    """Return the classes of the cells in which only pinning requirements are stated."""
    many = layout.models[-1].stop
    needs, batches, behind, cells, lacking, witnesses = [], [], [], [], [], []
    _bounded(prod(len(column.choices) for column in pinning), MOST // max(many, 1))
    adds = [
        [layout.witness(column, number) for number in range(len(column.choices))]
        for column in pinning
    ]
    for numbers in product(*(range(len(column.choices)) for column in pinning)):
        chosen = [column.choices[number] for column, number in zip(pinning, numbers, strict=True)]
        stated = [
            (column, choice.cells)
            for column, choice in zip(pinning, chosen, strict=True)
            if choice.values[0] is not None
        ]
        sides = [
            _Asked(solver, [(c.requirements[side], cells[side]) for c, cells in stated], layout)
            for side, solver in enumerate(layout.sides)
        ]
        for batch in (False, True):
            if all(side.needs(batch=batch) == _UNASKABLE for side in sides):
                continue
            rows = [side.standings(batch=batch) for side in sides]
            needs.append([side.needs(batch=batch) for side in sides])
            batches.append(batch)
            behind.append([distance for own, _ in rows for distance in own])
            cells.append(prod(len(choice.values) for choice in chosen))
            missed = rows[0][1]
            lacking.append([union([missed[index] for index in group]) for group in groups])
            taken = [add[number] for add, number in zip(adds, numbers, strict=True)]
            witnesses.append([sum(words) for words in zip([0] * layout.width, *taken, strict=True)])
    counts = np.array(cells, dtype=np.int64 if cell_count(layout.columns) < _EXACT else object)
    parts = _Parts(
        np.array(needs, dtype=np.int64).T,
        np.array(batches, dtype=np.bool_),
        _relative(np.array(behind, dtype=np.uint8).reshape(len(needs), many), layout),
        counts,
        np.array(witnesses, dtype=np.int64).reshape(len(needs), -1),
    )
    merged, classes_of = _merged(parts)
    masks_of = np.array(lacking, dtype=np.int64).reshape(len(needs), len(groups))
    start = _Start(pinning, counts, masks_of, classes_of)
    return Classes(
        merged.needs,
        merged.needs < _UNASKABLE,
        *merged[1:],
        layout,
        start,
        (),
        groups,
    )


class _Asked:
    """What one side is asked of the requirements that pin a configuration."""

    def __init__(
        self,
        solver: Solver,
        stated: Sequence[tuple[Requirement | None, Cell | None]],
        layout: _Layout,
    ) -> None:
        self._solver = solver
        self._models = range(len(solver.catalogue.models))
        self._needs = 0
        for _, cell in stated:
            self._needs |= _UNASKABLE if cell is None else cell.statements
        pairs = [(requirement, cell) for requirement, cell in stated if requirement and cell]
        self._stated = sum(requirement.bit for requirement, _ in pairs)
        reject = layout.policy == "reject"
        self._masks = [requirement_masks(pairs, index, reject=reject) for index in self._models]

    def needs(self, *, batch: bool) -> int:
        """Return what is said of needs."""
        contradicts = batch and self._needs & self._solver.declared.live
        return _UNASKABLE if contradicts or self._needs >= _UNASKABLE else self._needs

    def standings(self, *, batch: bool) -> tuple[list[int], list[int]]:
        """Return how far each model is behind, and the mask of what it does not meet."""
        if self.needs(batch=batch) == _UNASKABLE:
            return [EXCLUDED for _ in self._models], [0 for _ in self._models]
        found = [
            self._solver.stand_alone(
                index, self._masks[index], self._stated, batch=batch, refused=False
            )
            for index in self._models
        ]
        behind = [
            EXCLUDED if s.violated or s.configuration is None else s.unverified.bit_count()
            for s in found
        ]
        return behind, [s.violated | s.unverified for s in found]


def _joined(found: Classes, column: JointColumn) -> Classes:
    """Return the classes of cells with one more requirement, which pins no configuration."""
    layout = found._layout
    many = layout.models[-1].stop
    _bounded(len(found.batch) * len(column.choices), MOST // max(many, 1))
    parts: list[_Parts] = []
    parents: list[Array] = []
    for number, choice in enumerate(column.choices):
        needs, behind = found.needs.copy(), found.behind.copy()
        for side, (solver, cell) in enumerate(zip(layout.sides, choice.cells, strict=True)):
            own, models = needs[side], layout.models[side]
            if cell is None:
                own[:] = _UNASKABLE
            else:
                behind[:, models] = _behind(behind[:, models], cell, layout.policy)
                own[:] = np.where(own < _UNASKABLE, own | cell.statements, own)
                own[found.batch & ((own & solver.declared.live) > 0)] = _UNASKABLE
            behind[own == _UNASKABLE, models] = EXCLUDED
        keep = np.flatnonzero((needs < _UNASKABLE).any(axis=0))
        parts.append(
            _Parts(
                needs[:, keep],
                found.batch[keep],
                _relative(behind[keep], layout),
                found.cells[keep] * len(choice.values),
                found.witness[keep] + np.array(layout.witness(column, number)),
            )
        )
        parents.append(keep)
    merged, numbers = _merged(
        _Parts(
            *(
                np.concatenate(each, axis=-1 if i == 0 else 0)
                for i, each in enumerate(zip(*parts, strict=True))
            )
        )
    )
    choices = np.repeat(np.arange(len(parents)), [len(keep) for keep in parents])
    join = _Join(column, found.cells, np.concatenate(parents), choices, numbers)
    needs, batch, behind, cells, witness = merged
    return replace(
        found,
        needs=needs,
        batch=batch,
        behind=behind,
        cells=cells,
        witness=witness,
        _joins=(*found._joins, join),
    )


def _behind(before: Array, cell: Cell, policy: Policy) -> Array:
    """Return how far behind models are that also have a cell."""
    models = range(before.shape[1])
    lost, unverified = cell.under(reject=policy == "reject")
    violated = np.array([lost >> i & 1 for i in models], dtype=np.bool_)
    more = np.array([unverified >> i & 1 for i in models], dtype=np.uint8)
    return np.where((before == EXCLUDED) | violated, EXCLUDED, before + more)


def _bounded(rows: int, most: int) -> None:
    """Refuse to hold more classes than are wanted, or than memory has room for.

    Raises:
        InputError: where there are more.
    """
    if rows > most:
        hint = "a proof needs fewer requirements, or fewer values of facts"
        expected = f"at most {most} classes of profiles"
        raise InputError([Problem("the catalogue", "", expected, f"{rows}", hint)])


def _relative(behind: Array, layout: _Layout) -> Array:
    """Return distances from the best model of each side and class, as `Classes.behind` has them.

    Where the unknown is accepted, what is unverified ranks as met: no distance matters but 1.
    """
    if layout.policy == "accept":
        return np.where(behind == EXCLUDED, EXCLUDED, np.minimum(behind, 1))
    for models in layout.models:
        own = behind[:, models]
        least = own.min(axis=1, initial=EXCLUDED, keepdims=True)
        surplus = np.where((least > 0) & (least < EXCLUDED), least - 1, 0)
        behind[:, models] = np.where(own == EXCLUDED, EXCLUDED, own - surplus)
    return behind


class _Parts(NamedTuple):
    """What rows have in common with the classes that they fall into; see `Classes`."""

    needs: Array
    """What is said of needs."""
    batch: Array
    behind: Array
    cells: Array
    witness: Array


def _merged(rows: _Parts) -> tuple[_Parts, Array]:
    """Return rows with equal classes counted together, and the class of each row.

    Classes are in the order of their least witnesses.
    """
    words = [rows.needs[0].astype(np.uint64) << np.uint64(1) | rows.batch.astype(np.uint64)]
    words += [needs.astype(np.uint64) for needs in rows.needs[1:]]
    _, numbers = numbered([*words, *lanes(rows.behind)])
    order = np.lexsort((*rows.witness.T[::-1], numbers))
    starts = np.flatnonzero(np.diff(numbers[order], prepend=-1))
    cells = np.add.reduceat(rows.cells[order], starts)
    firsts = order[starts]
    ranked = np.lexsort(rows.witness[firsts].T[::-1])
    firsts = firsts[ranked]
    merged = _Parts(
        rows.needs[:, firsts],
        rows.batch[firsts],
        rows.behind[firsts],
        cells[ranked],
        rows.witness[firsts],
    )
    return merged, np.argsort(ranked)[numbers]


def lanes(small: Array) -> list[Array]:
    """Return rows of small whole numbers as words: equal rows have equal words."""
    words = []
    many = 64 // _LANE
    for start in range(0, small.shape[1], many):
        word = np.zeros(len(small), dtype=np.uint64)
        for column in small[:, start : start + many].T:
            word = word << np.uint64(_LANE) | column.astype(np.uint64)
        words.append(word)
    return words


def numbered(words: Sequence[Array]) -> tuple[Array, Array]:
    """Return the first row of each distinct one, and the number of each row.

    Args:
        words: what makes rows distinct; at least one word of each row.
    """
    key = words[0]
    for word in words[1:]:
        # Number the pairs of what was seen so far and the next word.
        _, left = np.unique(key, return_inverse=True)
        _, right = np.unique(word, return_inverse=True)
        key = left.astype(np.uint64) * np.uint64(right.max(initial=0) + 1) + right.astype(np.uint64)
    _, firsts, numbers = np.unique(key, return_index=True, return_inverse=True)
    return firsts, numbers.reshape(-1)
