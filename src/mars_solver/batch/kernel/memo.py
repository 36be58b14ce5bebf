"""Numbers for the distinct rows of tables, which stay the same from one table to the next.

What is worked out for a row once is kept under its number, and looked up for each equal one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import numpy as np

from mars_solver.batch.kernel.arrays import Numbers

UNKNOWN: Final = -1
_FEWEST: Final = 2**12
_SAMPLE: Final = 2**13
_SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)
"""2**64 over the golden ratio: its multiples differ in their high bits (Knuth, volume 3, 6.4)."""


class Numbering:
    """Numbers distinct keys from 0 on: a hash table with open addressing, whole columns at a time.

    A key is a row of whole numbers >= 0, one from each of some columns.

    Attributes:
        count: how many keys have a number.
    """

    def __init__(self, columns: int) -> None:
        self.count = 0
        self._clear(columns, _FEWEST)

    @property
    def bytes(self) -> int:
        """How much memory it takes."""
        return self._numbers.nbytes + sum(column.nbytes for column in self._keys)

    def number(self, keys: Sequence[Numbers]) -> tuple[Numbers, Numbers]:
        """Return the number of each row's key, and for each key that is new a row, in order."""
        numbers = self._look_up(keys)
        firsts = [np.zeros(0, dtype=np.int64)]
        rows = np.flatnonzero(numbers == UNKNOWN)
        # What a few rows show first is most of what there is, and need not be sorted again.
        for most in (_SAMPLE, len(rows)):
            unknown = [column[rows[:most]] for column in keys]
            new = _firsts(unknown)
            if len(new):
                self._add([column[new] for column in unknown])
                firsts.append(rows[new])
                numbers[rows] = found = self._look_up([column[rows] for column in keys])
                rows = rows[found == UNKNOWN]
        return numbers, np.concatenate(firsts)

    def _look_up(self, keys: Sequence[Numbers]) -> Numbers:
        """Return the number of each key; `UNKNOWN` where it has none."""
        at = self._slots(keys)
        numbers = self._numbers.take(at)
        rows = np.flatnonzero(~self._hold(keys, at) & (numbers != UNKNOWN))
        at = at[rows]
        while len(rows):
            at = (at + 1) & self._last
            numbers[rows] = found = self._numbers.take(at)
            astray = ~self._hold([column[rows] for column in keys], at) & (found != UNKNOWN)
            rows, at = rows[astray], at[astray]
        return numbers

    def _add(self, keys: Sequence[Numbers]) -> None:
        """Number distinct keys that have none."""
        first, self.count = self.count, self.count + len(keys[0])
        if 2 * self.count > self._last:
            taken = np.flatnonzero(self._numbers != UNKNOWN)
            held = [column[taken] for column in self._keys], self._numbers[taken]
            self._clear(len(keys), 1 << (4 * self.count).bit_length())
            self._place(*held)
        self._place(keys, np.arange(first, self.count, dtype=np.int32))

    def _place(self, keys: Sequence[Numbers], numbers: Numbers) -> None:
        at = self._slots(keys)
        while len(at):
            free = self._numbers.take(at) == UNKNOWN
            # Of several that want one slot the last stays; the others go on to the next.
            self._numbers[at[free]] = numbers[free]
            placed = self._numbers.take(at) == numbers
            for table, column in zip(self._keys, keys, strict=True):
                table[at[placed]] = column[placed]
            keys, numbers = [column[~placed] for column in keys], numbers[~placed]
            at = (at[~placed] + 1) & self._last

    def _hold(self, keys: Sequence[Numbers], at: Numbers) -> Numbers:
        """Return whether the key in a slot is the one that is looked for."""
        equal: Numbers = self._keys[0].take(at) == keys[0]
        for table, column in zip(self._keys[1:], keys[1:], strict=True):
            equal &= table.take(at) == column
        return equal

    def _slots(self, keys: Sequence[Numbers]) -> Numbers:
        """Return where the search for each key begins."""
        mixed = keys[0].view(np.uint64) * _SPREAD
        for column in keys[1:]:
            mixed = (mixed ^ mixed >> np.uint64(32) ^ column.view(np.uint64)) * _SPREAD
        slots: Numbers = (mixed >> self._shift).view(np.int64)
        return slots

    def _clear(self, columns: int, slots: int) -> None:
        """Forget everything, with room for half as many keys as slots, a power of 2."""
        self._last = slots - 1
        self._shift = np.uint64(64 - self._last.bit_length())
        self._keys = [np.full(slots, UNKNOWN, dtype=np.int64) for _ in range(columns)]
        self._numbers = np.full(slots, UNKNOWN, dtype=np.int32)


def _firsts(columns: Sequence[Numbers]) -> Numbers:
    """Return the index of one of each set of equal rows."""
    order = np.lexsort(columns)
    new = np.ones(len(order), dtype=np.bool_)
    new[1:] = False
    for column in columns:
        ordered = column[order]
        new[1:] |= ordered[1:] != ordered[:-1]
    firsts: Numbers = order[new]
    return firsts


class Memo:
    """What was worked out for each distinct key, in columns with an entry for each number.

    Args:
        columns: how many columns a key has.
        kept: the type of each column that is kept, and its shape without the last axis, which is
            that of the entries.
    """

    def __init__(self, columns: int, kept: Iterable[tuple[Any, ...]]) -> None:
        self._numbering = Numbering(columns)
        self._kept: list[Numbers] = [np.zeros((*shape, 0), dtype=dtype) for dtype, *shape in kept]

    @property
    def bytes(self) -> int:
        """How much memory it takes."""
        return self._numbering.bytes + sum(column.nbytes for column in self._kept)

    def look_up(
        self, keys: Sequence[Numbers], work: Callable[[Numbers], Sequence[Numbers]]
    ) -> tuple[Numbers, tuple[Numbers, ...]]:
        """Return the number of each row's key, and the columns, to be looked up by it.

        What is added later changes nothing in the columns. Threads have to take turns.

        Args:
            keys: shape (columns, rows).
            work: returns what is kept of rows, which are given by their indices.
        """
        start = self._numbering.count
        numbers, firsts = self._numbering.number(keys)
        count = self._numbering.count
        if len(firsts):
            try:
                worked_out = work(firsts)
            except BaseException:
                self._numbering = Numbering(len(keys))  # what has a number has an entry
                raise
            for index, more in enumerate(worked_out):
                column = self._kept[index]
                if column.shape[-1] < count:
                    wider = np.empty((*column.shape[:-1], 2 * count), dtype=column.dtype)
                    wider[..., :start] = column[..., :start]
                    self._kept[index] = column = wider
                column[..., start:count] = more
        return numbers, tuple(column[..., :count] for column in self._kept)
