"""The choices of each requirement as numbers, and what each adds to the standing of every model.

A choice is a cell of the one table; 0 is not to state the requirement.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from hashlib import blake2b
from threading import Lock
from typing import Final, NamedTuple

import numpy as np

from mars_solver.batch.kernel.arrays import Flags, Numbers, Reals
from mars_solver.inputs.catalogue.attributes import Attribute
from mars_solver.inputs.catalogue.facts import Member, read_member
from mars_solver.inputs.profile import Required
from mars_solver.solving.constraints import Masks
from mars_solver.solving.table import Cell, Column
from mars_solver.vocabulary import MAX_NUMBER, Kind, Policy

EXCLUDED: Final = 64
"""What a violated requirement adds: more than all requirements can leave unverified."""
MALFORMED: Final = -1
"""The class of what can be no member."""
_SILENT: Final = Cell(0, 0, 0)
_KEPT: Final = 2**14
"""The most spellings of members that are remembered."""


class Effects(NamedTuple):
    """What the choices of a requirement come to, each array with one row for each choice."""

    penalties: Numbers
    """`EXCLUDED` for a violated requirement, 1 for an unverified one, shape (choices, models)."""
    statements: Numbers
    """What a choice says of needs; see `Declarations.statements`."""
    marks: Numbers
    """A number as good as random, which depends on nothing but the choice."""


class ChoiceTable:
    """The choices of one requirement, numbered as they are met.

    Attributes:
        column: the requirement's verdicts.
    """

    def __init__(self, column: Column, models: int, policy: Policy) -> None:
        self.column = column
        self._models = models
        self._reject = policy == "reject"
        self._lock = Lock()
        self._cells = [_SILENT]
        self._numbers: dict[Cell, int] = {}
        self._effects = Effects(
            np.zeros((0, models), dtype=np.int16),
            np.zeros(0, dtype=np.int64),
            np.zeros(0, dtype=np.uint64),
        )
        if column.requirement.kind is Kind.CAPABILITY:
            self.number(True)  # 1, as a flag has it

    def __len__(self) -> int:
        return len(self._cells)

    def number(self, required: Required) -> int:
        """Return the number of the choice that asks for something."""
        cell = self.column.find(required)
        number = self._numbers.get(cell)
        if number is None:
            with self._lock:
                number = self._numbers.setdefault(cell, len(self._cells))
                if number == len(self._cells):
                    self._cells.append(cell)
        return number

    def effects(self) -> Effects:
        """Return what the choices come to that are numbered so far; not for several threads."""
        known = self._effects
        new = self._cells[len(known.statements) :]
        if new:
            name = self.column.requirement.name
            marks = [0 if cell is _SILENT else mark(f"{name} {tuple(cell)}") for cell in new]
            more = (
                np.array([self._penalties(cell) for cell in new]),
                np.array([cell.statements for cell in new], dtype=np.int64),
                np.array(marks, dtype=np.uint64),
            )
            self._effects = Effects(
                *(np.concatenate(each) for each in zip(known, more, strict=True))
            )
        return self._effects

    def _penalties(self, cell: Cell) -> Numbers:
        violated, unverified = cell.under(reject=self._reject)
        penalties: Numbers = _flags(violated, self._models) * np.int16(EXCLUDED)
        return penalties + _flags(unverified, self._models)


class Scale:
    """Where numbers fall among the choices of a numeric requirement.

    Attributes:
        starts: the least number of each choice, ascending.
        choices: the choice of the numbers below the first start, and of those from each one on;
            `bad` where a number is out of range.
        bad: a number above those of all choices.
    """

    def __init__(self, choices: ChoiceTable) -> None:
        every = [(0.0, 0)]
        for part, _ in choices.column.intervals:
            number = choices.number(part.representative)
            if number != every[-1][1]:
                low = float(part.low)
                start = low if part.low_included else math.nextafter(low, math.inf)
                every.append((start, number))
        self.bad = len(choices)
        starts = [start for start, _ in every[1:]] + [math.nextafter(MAX_NUMBER, math.inf)]
        numbers = [self.bad, *(number for _, number in every[1:]), self.bad]
        self.starts: Reals = np.array(starts)
        self.choices: Numbers = np.array(numbers, dtype=np.min_scalar_type(self.bad))


class MemberClasses:
    """The members of a set, told apart only as far as any verdict does.

    Attributes:
        examples: one member of each class.
    """

    def __init__(self, choices: ChoiceTable, attribute: Attribute) -> None:
        self.examples: list[Member] = []
        self._choices = choices
        self._attribute = attribute
        self._lock = Lock()
        self._classes: dict[Masks, int] = {}
        self._read: dict[object, int] = {}

    def class_of(self, written: object) -> int:
        """Return the class of a member as a table has it; `MALFORMED` for what is none."""
        known = self._read.get(written)
        if known is None:
            known = self._class(written)
            if known != MALFORMED:  # which may be of any length
                if len(self._read) >= _KEPT:
                    self._read.clear()
                self._read[written] = known
        return known

    def number(self, classes: Sequence[int]) -> int:
        """Return the choice that asks for a member of each of some classes."""
        return self._choices.number(tuple(self.examples[each] for each in classes))

    def _class(self, written: object) -> int:
        try:
            text = written.decode() if isinstance(written, bytes) else written
        except UnicodeDecodeError:
            return MALFORMED
        member = read_member(self._attribute, text)
        if member is None:
            return MALFORMED
        masks = self._choices.column.member(member)
        with self._lock:
            number = self._classes.setdefault(masks, len(self.examples))
            if number == len(self.examples):
                self.examples.append(member)
        return number


def _flags(mask: int, many: int) -> Flags:
    """Return the bits of a mask as flags."""
    octets = np.frombuffer(mask.to_bytes(-(-many // 8), "little"), dtype=np.uint8)
    return np.unpackbits(octets, bitorder="little")[:many].view(np.bool_)


def mark(text: str) -> int:
    """Return a number as good as random, which depends on nothing but a text."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")
