"""The fast ways through numpy and Arrow that the batch path takes, each with what it saves.

Nothing here knows of profiles. Each docstring names the plain way, which gives the same, and about
how many times as long it takes on a part of the batch path (131,072 rows, 6 models).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Array = NDArray[Any]
Flags = NDArray[np.bool_]
Reals = NDArray[np.float64]

_BELOW: Final = 2**63
_SAMPLE: Final = 2**12
_FEW_VALUES: Final = 16
"""Up to so many values, comparing a whole column with each is faster than a search."""


def group(columns: Iterable[tuple[Array, int]]) -> tuple[Array, Array]:
    """Number the groups of equal rows of a table.

    Saves: a row becomes one whole number, its columns being the digits, and Arrow hashes those;
    `np.unique(axis=0)` sorts whole rows: 45 times. Where nearly all rows of a sample differ, each
    row is a group of its own, and hashing is saved too: 250 times.

    Args:
        columns: whole numbers from 0, each column with a number above all of its entries.

    Returns:
        the group of each row, and the index of the first row of each group. Rows of one group are
        equal; equal rows may be in several groups.
    """
    code = np.zeros(0, dtype=np.int64)
    below = 1
    for number, (column, above) in enumerate(columns):
        digits, radix = column, above
        if below * radix >= _BELOW:
            (code, firsts), (digits, others) = _numbered(code), _numbered(column)
            below, radix = len(firsts), len(others)
        code = code * radix + digits if number else digits.astype(np.int64)
        below *= radix
    if len(code) > _SAMPLE and len(np.unique(code[:_SAMPLE])) > _SAMPLE * 0.95:
        rows = np.arange(len(code))
        return rows, rows
    return _numbered(code)


def _numbered(code: Array) -> tuple[Array, Array]:
    """Number the distinct entries in order of appearance; return with the first of each."""
    numbers = pa.array(code).dictionary_encode().indices.to_numpy().astype(np.int64)
    firsts = np.zeros(int(numbers.max(initial=-1)) + 1, dtype=np.int64)
    # Of several writes to one index the last one stays: the first row, in reverse.
    firsts[numbers[::-1]] = np.arange(len(numbers) - 1, -1, -1)
    return numbers, firsts


def take_rows(table: Array, rows: Array | slice) -> Array:
    """Return some rows of a table.

    Saves: `table[rows]` with an array of indices takes 6 times as long where rows are short.
    """
    return table[rows] if isinstance(rows, slice) else table.take(rows, axis=0)


def positions(values: Reals, numbers: Reals) -> Array:
    """Return where numbers fall among ascending values.

    Saves: for few values, comparisons are added up without a branch; `np.searchsorted` takes 4 to
    13 times as long.

    Returns:
        2k for a number between the value before the k-th and the k-th, 2k + 1 for the k-th itself.
    """
    if len(values) <= _FEW_VALUES:
        above = (np.add(numbers > value, numbers >= value, dtype=np.int8) for value in values)
        return sum(above, np.zeros(len(numbers), dtype=np.int8))
    left = np.searchsorted(values, numbers, side="left")
    equal = values[np.minimum(left, len(values) - 1)] == numbers
    fallen: Array = 2 * left + equal
    return fallen


def where(chosen: Flags, numbers: Array, others: Array) -> Array:
    """Return whole numbers where they are chosen, and others elsewhere.

    Saves: a product has no branch; `np.where` takes 3 times as long where the flags alternate.
    """
    mixed: Array = others + (numbers - others) * chosen
    return mixed


def least(keys: Array, many: int) -> Array:
    """Return the columns of the least keys of each row, in order; of equal keys the first.

    Saves: where few of many are wanted, one pass for each; a stable `np.argsort` takes 8 times as
    long for 3 of 50 columns, and is faster where a fourth of the columns is wanted.

    Args:
        keys: shape (rows, columns), below the greatest int64.
        many: how many are wanted; all where there are fewer.
    """
    if 4 * many > keys.shape[1]:
        return np.argsort(keys, axis=1, kind="stable")[:, :many]
    rows, left = np.arange(len(keys)), keys.copy()
    columns = np.empty((len(keys), min(many, keys.shape[1])), dtype=np.int64)
    for rank in range(columns.shape[1]):
        columns[:, rank] = left.argmin(axis=1)
        left[rows, columns[:, rank]] = np.iinfo(np.int64).max
    return columns


def packed(flags: Flags) -> Array:
    """Return flags as sets: the last axis as words of 64 bits, the bits beyond it 0.

    Saves: a union or a comparison works on 64 flags at once; on flags it takes 30 times as long.
    """
    octets = np.packbits(flags, axis=-1)
    *shape, many = octets.shape
    padded = np.zeros((*shape, -(-many // 8) * 8), dtype=np.uint8)
    padded[..., :many] = octets
    return padded.view(np.uint64)


def numbers_in(column: pa.Array) -> Array:
    """Return the numbers of a column of fixed width; where it is null they are any.

    Saves: the buffer is used as it is; `fill_null` copies the column and takes 100 times as long.
    """
    if column.null_count:
        bare = [None, column.buffers()[1]]
        column = pa.Array.from_buffers(column.type, len(column), bare, offset=column.offset)
    numbers: Array = column.to_numpy()
    return numbers


def filled(column: pa.Array, value: float) -> Array:
    """Return the numbers of a column, with a value for null; without null nothing is copied."""
    numbers: Array = (column.fill_null(value) if column.null_count else column).to_numpy()
    return numbers


def distinct(column: pa.Array) -> tuple[list[Any], Array]:
    """Return the distinct values of a column, and the index of each entry's value; -1 for null.

    Saves: what is then asked of a value in Python is asked once for all rows that share it; just
    to make Python values of a column of 3 texts takes 5 times as long.
    """
    encoded = column.dictionary_encode()
    return encoded.dictionary.to_pylist(), filled(encoded.indices, -1)


def not_plain(texts: pa.Array, most: int) -> Array:
    """Return the indices of what is not 1 to `most` printable ASCII characters; null is.

    Saves: what is then asked of a text in Python is asked of these alone; to ask whether each is a
    line takes 3 times as long.
    """
    plain = pc.match_substring_regex(texts, "^[ -~]+$")
    plain = pc.and_(plain, pc.less_equal(pc.binary_length(texts), most)).fill_null(True)
    return np.flatnonzero(~plain.to_numpy(zero_copy_only=False))


def nullable(values: Array, null: Flags) -> pa.Array:
    """Return a column that is null where the flags say so.

    Saves: the buffers are used as they are; `pa.array(values, mask=null)` takes 40 times as long.
    """
    given = pa.py_buffer(np.packbits(~null, bitorder="little"))
    data = pa.py_buffer(np.ascontiguousarray(values))
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [given, data])


def coded(codes: Array, words: pa.Array, null: Flags | None = None) -> pa.Array:
    """Return a column of words by their indices, which all exist where the column is not null.

    Saves: the words stay a dictionary, so that no text is copied for a row, and the indices are not
    checked again, which takes 20 times as long.
    """
    indices = codes.astype(np.int16)
    column = pa.array(indices) if null is None else nullable(indices, null)
    return pa.DictionaryArray.from_arrays(column, words, safe=False)
