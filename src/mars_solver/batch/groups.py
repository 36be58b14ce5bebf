"""Which of many rows are the same, so that each is worked on once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Array = NDArray[Any]
_LARGEST = 2**63
_SAMPLE = 2**12


def group(columns: Iterable[tuple[Array, int]]) -> tuple[Array, Array]:
    """Number groups of equal rows of a table.

    Rows of one group are equal. Where nearly all rows differ, each may be a group of its own.

    Args:
        columns: whole numbers, each column with a number that all of its entries are below.

    Returns:
        the group of each row, and the first row of each group.
    """
    code = np.zeros(0, dtype=np.int64)
    below = 1
    for place, (column, radix) in enumerate(columns):
        if below * radix >= _LARGEST:
            code, firsts = _numbered(code)
            below = len(firsts)
        code = code * radix + column if place else column.astype(np.int64)
        below *= radix
    if len(code) > _SAMPLE and len(np.unique(code[:_SAMPLE])) > _SAMPLE * 0.95:
        rows = np.arange(len(code))
        return rows, rows
    return _numbered(code)


def _numbered(code: Array) -> tuple[Array, Array]:
    """Number the distinct entries in order of appearance."""
    numbers = pa.array(code).dictionary_encode().indices.to_numpy()
    firsts = np.zeros(int(numbers.max(initial=-1)) + 1, dtype=np.int64)
    # Of several entries for one place the last one stays: the first row, in reverse.
    firsts[numbers[::-1]] = np.arange(len(numbers) - 1, -1, -1)
    return numbers, firsts
