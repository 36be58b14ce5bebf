"""The fast ways of the batch path give what the plain ways give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mars_solver.batch import arrays

NUMBERS = st.integers(-3, 3)
FLAGS = st.lists(st.booleans(), max_size=70)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), max_size=30), st.booleans())
def test_rows_of_one_group_are_equal_and_equal_rows_share_it(
    rows: list[tuple[int, int]], wide: bool
) -> None:
    table = np.array(rows, dtype=np.int64).reshape(len(rows), 2)
    radix = 2**62 if wide else 4  # the digits of two wide columns do not fit one whole number
    groups, firsts = arrays.group([(table[:, 0], radix), (table[:, 1], radix)])
    _, plain = np.unique(table, axis=0, return_index=True)
    assert sorted(firsts.tolist()) == sorted(plain.tolist())
    assert np.array_equal(table[firsts][groups], table)


def test_rows_that_nearly_all_differ_are_groups_of_their_own() -> None:
    column = np.arange(10_000)
    column[-1] = 0
    groups, firsts = arrays.group([(column, 10_000)])
    assert np.array_equal(column[firsts][groups], column)
    assert len(firsts) == len(column)


@pytest.mark.parametrize("rows", [slice(1, 3), np.array([4, 0, 0])])
def test_rows_are_taken(rows: Any) -> None:
    table = np.arange(15).reshape(5, 3)
    assert np.array_equal(arrays.take_rows(table, rows), table[rows])


@given(st.sets(NUMBERS, max_size=6), st.lists(st.floats(-4, 4), max_size=30), st.booleans())
def test_numbers_fall_below_at_or_above_values(
    chosen: set[int], numbers: list[float], many: bool
) -> None:
    values = sorted(map(float, chosen | set(range(10, 40)) if many else chosen))
    fallen = arrays.positions(np.array(values), np.array(numbers, dtype=np.float64))
    assert fallen.tolist() == [
        2 * sum(value < number for value in values) + (number in values) for number in numbers
    ]


@given(st.lists(st.tuples(st.booleans(), NUMBERS, NUMBERS), max_size=20))
def test_numbers_are_chosen(rows: list[tuple[bool, int, int]]) -> None:
    table = np.array(rows, dtype=np.int64).reshape(len(rows), 3)
    chosen, numbers, others = table[:, 0] == 1, table[:, 1], table[:, 2]
    assert np.array_equal(arrays.where(chosen, numbers, others), np.where(chosen, numbers, others))


@given(
    st.integers(1, 40).flatmap(lambda n: st.lists(st.lists(NUMBERS, min_size=n, max_size=n))),
    st.integers(1, 12),
)
def test_the_least_keys_come_in_order_and_the_first_of_equals_first(
    rows: list[list[int]], many: int
) -> None:
    keys = np.array(rows, dtype=np.int64).reshape(len(rows), len(rows[0]) if rows else 1)
    found = arrays.least(keys, many)
    assert np.array_equal(found, np.argsort(keys, axis=1, kind="stable")[:, :many])


@given(FLAGS.filter(bool))
def test_flags_are_packed_one_bit_each(flags: list[bool]) -> None:
    words = arrays.packed(np.array([flags, [True] * len(flags)]))
    assert words.dtype == np.uint64
    assert np.unpackbits(words.view(np.uint8), axis=1)[:, : len(flags)].tolist()[0] == flags
    assert [sum(each.bit_count() for each in row) for row in words.tolist()] == [
        sum(flags),
        len(flags),
    ]


@given(st.lists(st.none() | NUMBERS, max_size=20), st.integers(0, 3))
def test_numbers_are_read_where_they_are_given(entries: list[int | None], start: int) -> None:
    column = pa.array(entries, pa.int64()).slice(start)
    kept = column.to_pylist()
    read = arrays.numbers_in(column).tolist()
    assert [
        number if entry is not None else None for number, entry in zip(read, kept, strict=True)
    ] == kept
    assert arrays.filled(column, -9).tolist() == [-9 if e is None else e for e in kept]


@given(st.lists(st.tuples(st.integers(0, 2), st.booleans()), max_size=70))
def test_columns_are_null_under_a_mask(entries: list[tuple[int, bool]]) -> None:
    codes = np.array([code for code, _ in entries], dtype=np.int64)
    null = np.array([flag for _, flag in entries], dtype=np.bool_)
    assert arrays.nullable(codes, null) == pa.array(codes, mask=null)
    words = pa.array(["a", "b", "c"])
    assert arrays.coded(codes, words, null).to_pylist() == [
        None if flag else "abc"[code] for code, flag in entries
    ]
    assert arrays.coded(codes, words).to_pylist() == ["abc"[code] for code, _ in entries]


@given(st.lists(st.none() | st.text("aé\n ~", max_size=4), max_size=20))
def test_texts_are_looked_at_once_or_only_where_they_are_not_plain(
    entries: list[str | None],
) -> None:
    column = pa.array(entries, pa.string())
    values, index_of = arrays.distinct(column)
    assert len(set(values)) == len(values)
    assert [None if i < 0 else values[i] for i in index_of] == entries
    data = column.cast(pa.large_binary())
    plain = set(range(len(entries))) - set(arrays.not_plain(data, 3).tolist())
    assert plain == {
        row
        for row, text in enumerate(entries)
        if text is None or (0 < len(text) <= 3 and all(" " <= sign <= "~" for sign in text))
    }
