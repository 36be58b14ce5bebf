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

Numbers = NDArray[Any]
Flags = NDArray[np.bool_]
Reals = NDArray[np.float64]

_FEW_VALUES: Final = 100
"""Up to so many values, comparing a whole column with each is faster than a search."""
_FEW_RANKS: Final = 8
_ONE_THREAD: Final = 2**18
_WORD: Final = 63
_OCTET: Final = 8


def steps(values: Reals, numbers: Reals) -> Numbers:
    """Return how many of some ascending values are at most each number.

    Saves: for few values, comparisons are added up without a branch; `np.searchsorted` takes 14
    times as long for 6 of them.
    """
    if len(values) > _FEW_VALUES:
        return np.searchsorted(values, numbers, side="right")
    count = np.zeros(len(numbers), dtype=np.int8)
    for value in values:
        np.add(count, numbers >= value, out=count)
    return count


def words(columns: Iterable[tuple[Numbers | None, int]], rows: int) -> list[Numbers]:
    """Return rows of small whole numbers as few large ones, equal where the rows are.

    Saves: flags meet in octets, and only these in words of 64 bits; a word for each flag takes
    twice as long.

    Args:
        columns: each with how many bits its entries take; None where all are 0.
        rows: how long a column is.
    """
    fields: list[tuple[Numbers | None, int]] = []
    octet: list[Numbers | None] = []
    for column, bits in columns:
        if bits > 1:
            fields.append((column, bits))
            continue
        octet.append(column)
        if len(octet) == _OCTET:
            fields.append((_octet(octet), _OCTET))
            octet = []
    found = [np.zeros(rows, dtype=np.int64)]
    used = 0
    for column, bits in [*fields, (_octet(octet), len(octet))]:
        if used + bits > _WORD:
            found.append(np.zeros(rows, dtype=np.int64))
            used = 0
        if column is not None:
            field = column.astype(np.int64)
            field <<= used
            found[-1] |= field
        used += bits
    return found


def _octet(flags: list[Numbers | None]) -> Numbers | None:
    """Return up to 8 flags as the bits of a small number."""
    octet: Numbers | None = None
    for bit, column in enumerate(flags):
        if column is not None:
            # Small numbers multiply far faster than they shift.
            shifted = column.astype(np.uint8) * np.uint8(1 << bit)
            octet = shifted if octet is None else octet | shifted
    return octet


def least(rows: Iterable[Numbers], many: int) -> list[Numbers]:
    """Return the least of each column of a table in order; all where there are fewer.

    Saves: where few are wanted, whole rows are compared, without a branch; `np.sort` takes 4 times
    as long for 3 of 6.

    Args:
        rows: of the table, one after the other.
        many: how many are wanted.
    """
    if many > _FEW_RANKS:
        return list(np.sort(np.stack(list(rows)), axis=0)[:many])
    best: list[Numbers] = []
    for row in rows:
        rest = row
        for rank, other in enumerate(best):
            best[rank], rest = np.minimum(other, rest), np.maximum(other, rest)
        if len(best) < many:
            best.append(rest)
    return best


def product(one: Numbers, other: Numbers) -> Numbers:
    """Return the product of two matrices.

    Saves: stretches this small take one thread of BLAS. Several threads wait for one another
    without rest: up to 4 times as much of the processors for 50 models.
    """
    step = max(1, _ONE_THREAD // max(one.size, 1))
    if step >= other.shape[1]:
        return one @ other
    parts = [one @ other[:, at : at + step] for at in range(0, other.shape[1], step)]
    return np.concatenate(parts, axis=1)


def packed(flags: Flags) -> Numbers:
    """Return flags as sets: the last axis as words of 64 bits, the bits beyond it 0.

    Saves: a union or a comparison works on 64 flags at once; on flags it takes 30 times as long.
    """
    octets = np.packbits(flags, axis=-1)
    *shape, many = octets.shape
    padded = np.zeros((*shape, -(-many // 8) * 8), dtype=np.uint8)
    padded[..., :many] = octets
    return padded.view(np.uint64)


def is_given(column: pa.Array) -> Flags | None:
    """Return where a column is not null; None where it never is.

    Saves: the bits are opened as they are; `is_valid` and `to_numpy` take 14 times as long.
    """
    if not column.null_count:
        return None
    return _opened(column.buffers()[0], column)


def flags_in(column: pa.Array) -> Flags:
    """Return a yes/no column; null is false.

    Saves: the bits are opened as they are; `fill_null` and `to_numpy` take 40 times as long.
    """
    flags = _opened(column.buffers()[1], column)
    given = is_given(column)
    return flags if given is None else flags & given


def _opened(bits: pa.Buffer, column: pa.Array) -> Flags:
    """Return the bits of a column as flags."""
    whole, start = divmod(column.offset, _OCTET)
    octets = np.frombuffer(bits, dtype=np.uint8)[whole:]
    end = start + len(column)
    return np.unpackbits(octets[: -(-end // _OCTET)], bitorder="little")[start:end].view(np.bool_)


def numbers_in(column: pa.Array) -> Numbers:
    """Return the numbers of a column of fixed width; where it is null they are any.

    Saves: the buffer is used as it is; `fill_null` copies the column and takes 100 times as long.
    """
    if column.null_count:
        bare = [None, column.buffers()[1]]
        column = pa.Array.from_buffers(column.type, len(column), bare, offset=column.offset)
    numbers: Numbers = column.to_numpy()
    return numbers


def filled(column: pa.Array, value: int) -> Numbers:
    """Return the whole numbers of a column, with a value for null.

    Saves: a product has no branch; `fill_null` takes 5 times as long.
    """
    numbers, given = numbers_in(column), is_given(column)
    return numbers if given is None else chosen(given, numbers, numbers.dtype.type(value))


def chosen(flags: Flags, numbers: Numbers, others: Any) -> Numbers:
    """Return whole numbers where the flags say so, and others elsewhere.

    Saves: a product has no branch; `np.where` takes 15 times as long where the flags alternate.
    """
    mixed: Numbers = others + (numbers - others) * flags
    return mixed


def distinct(column: pa.Array) -> tuple[list[Any], Numbers]:
    """Return the distinct values of a column, and the index of each entry's value; -1 for null.

    Saves: what is then asked of a value in Python is asked once for all rows that share it; just
    to make Python values of a column of 3 texts takes 5 times as long.
    """
    if pa.types.is_dictionary(column.type) and (
        len(column.dictionary) > len(column) or column.dictionary.null_count
    ):
        column = column.dictionary_decode()
    encoded = column.dictionary_encode()
    indices = encoded.indices
    if pa.types.is_unsigned_integer(indices.type):
        indices = indices.cast(pa.int64())
    return encoded.dictionary.to_pylist(), filled(indices, -1)


def not_plain(texts: pa.Array, most: int) -> Numbers:
    """Return the indices of what is not 1 to `most` printable ASCII characters; null is.

    Saves: what is then asked of a text in Python is asked of these alone; to ask whether each is a
    line takes 3 times as long.
    """
    plain = pc.match_substring_regex(texts, "^[ -~]+$")
    plain = pc.and_(plain, pc.less_equal(pc.binary_length(texts), most)).fill_null(True)
    return np.flatnonzero(~plain.to_numpy(zero_copy_only=False))


def nullable(values: Numbers, null: Flags) -> pa.Array:
    """Return a column that is null where the flags say so.

    Saves: the buffers are used as they are; `pa.array(values, mask=null)` takes 40 times as long.
    """
    given = pa.py_buffer(np.packbits(~null, bitorder="little"))
    data = pa.py_buffer(np.ascontiguousarray(values))
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [given, data])


def flags_out(flags: Flags, null: Flags) -> pa.Array:
    """Return a yes/no column that is null where the flags say so; as `nullable`."""
    given = pa.py_buffer(np.packbits(~null, bitorder="little"))
    data = pa.py_buffer(np.packbits(flags, bitorder="little"))
    return pa.Array.from_buffers(pa.bool_(), len(flags), [given, data])


def coded(codes: Numbers, words: pa.Array, null: Flags | None = None) -> pa.Array:
    """Return a column of words by their indices, which all exist where the column is not null.

    Saves: the words stay a dictionary, so that no text is copied for a row, and the indices are not
    checked again, which takes 20 times as long.
    """
    column = pa.array(codes) if null is None else nullable(codes, null)
    return pa.DictionaryArray.from_arrays(column, words, safe=False)


def lists_of(codes: Numbers, lengths: Numbers) -> pa.Array:
    """Return lists of small whole numbers, given one after the other, as bytes to be compared.

    Saves: Arrow numbers the distinct ones, which it does for bytes and not for lists; to make them
    lists in Python takes 20 times as long.
    """
    offsets = np.zeros(len(lengths) + 1, dtype=np.int32)
    np.cumsum(lengths * codes.itemsize, out=offsets[1:])
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(codes))]
    return pa.Array.from_buffers(pa.binary(), len(lengths), buffers)
