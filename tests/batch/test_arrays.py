"""The fast ways of the batch path give what the plain ways give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from mars_solver.batch.kernel import arrays

NUMBERS = st.integers(-3, 3)
FLAGS = st.lists(st.booleans(), max_size=70)


@given(st.sets(NUMBERS, max_size=6), st.lists(st.floats(-4, 4), max_size=30), st.booleans())
def test_numbers_are_placed_among_values(
    chosen: set[int], numbers: list[float], many: bool
) -> None:
    values = sorted(map(float, chosen | set(range(10, 200)) if many else chosen))
    placed = arrays.steps(np.array(values), np.array(numbers, dtype=np.float64))
    assert placed.tolist() == [sum(value <= number for value in values) for number in numbers]


@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=20).flatmap(
        lambda bits: st.tuples(
            st.just(bits),
            st.lists(st.tuples(*(st.integers(0, min(2**b - 1, 3)) for b in bits)), max_size=12),
            st.sets(st.sampled_from(range(len(bits)))),
        )
    )
)
def test_words_are_equal_where_rows_are(drawn: Any) -> None:
    bits, rows, absent = drawn
    table = np.array(rows, dtype=np.int64).reshape(len(rows), len(bits))
    table[:, sorted(absent)] = 0
    columns = [None if i in absent else table[:, i] for i in range(len(bits))]
    words = arrays.words(list(zip(columns, bits, strict=True)), len(rows))
    assert all(word.dtype == np.int64 and (word >= 0).all() for word in words)
    found = list(zip(*(word.tolist() for word in words), strict=True))
    for one, word in zip(table.tolist(), found, strict=True):
        for other, another in zip(table.tolist(), found, strict=True):
            assert (one == other) == (word == another)


@given(st.lists(st.tuples(st.booleans(), NUMBERS, NUMBERS), max_size=20))
def test_numbers_are_chosen(rows: list[tuple[bool, int, int]]) -> None:
    table = np.array(rows, dtype=np.int64).reshape(len(rows), 3)
    flags, numbers, others = table[:, 0] == 1, table[:, 1], table[:, 2]
    mixed = arrays.chosen(flags, numbers, others)
    assert np.array_equal(mixed, np.where(flags, numbers, others))


@given(
    st.integers(1, 40).flatmap(lambda n: st.lists(st.lists(NUMBERS, min_size=n, max_size=n))),
    st.integers(1, 12),
)
def test_the_least_of_each_column_come_in_order(rows: list[list[int]], many: int) -> None:
    keys = np.array(rows, dtype=np.int64).reshape(len(rows), len(rows[0]) if rows else 1)
    found = arrays.least(iter(keys.T), many)
    assert np.array_equal(np.transpose(found), np.sort(keys, axis=1)[:, :many])


@given(st.integers(1, 90), st.integers(0, 40), st.integers(0, 3000))
def test_products_are_whole_and_exact(models: int, criteria: int, rows: int) -> None:
    chance = np.random.default_rng(models)
    one = chance.integers(0, 2**20, (models, criteria)).astype(np.float64)
    other = chance.integers(0, 2**20, (criteria, rows)).astype(np.float64)
    found = arrays.product(one, other)
    assert np.array_equal(found, one.astype(np.int64) @ other.astype(np.int64))


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


@given(st.lists(st.none() | st.booleans(), max_size=40), st.integers(0, 20))
def test_flags_are_read_and_null_is_false(entries: list[bool | None], start: int) -> None:
    column = pa.array(entries, pa.bool_()).slice(start)
    kept = column.to_pylist()
    assert arrays.flags_in(column).tolist() == [bool(each) for each in kept]
    given_at = arrays.is_given(column)
    known = [True] * len(kept) if given_at is None else given_at.tolist()
    assert known == [each is not None for each in kept]


@given(st.lists(st.tuples(st.integers(0, 2), st.booleans()), max_size=70))
def test_columns_are_null_under_a_mask(entries: list[tuple[int, bool]]) -> None:
    codes = np.array([code for code, _ in entries], dtype=np.int64)
    null = np.array([flag for _, flag in entries], dtype=np.bool_)
    assert arrays.nullable(codes, null) == pa.array(codes, mask=null)
    assert arrays.flags_out(codes > 0, null) == pa.array(codes > 0, mask=null)
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


@given(st.lists(st.lists(st.integers(0, 300), min_size=1, max_size=4), max_size=20))
def test_lists_become_bytes_that_are_equal_where_they_are(lists: list[list[int]]) -> None:
    flat = np.array([each for one in lists for each in one], dtype=np.int32)
    lengths = np.array([len(one) for one in lists], dtype=np.int64)
    found = arrays.lists_of(flat, lengths).to_pylist()
    assert [np.frombuffer(each, dtype=np.int32).tolist() for each in found] == lists


@given(st.lists(st.none() | st.sampled_from(["a", "b", None]), max_size=20), st.booleans())
def test_a_dictionary_gives_its_values_once(entries: list[str | None], unused: bool) -> None:
    words = pa.array([*"abc"] * 10 if unused else [*"ab", None])
    at = {"a": 0, "b": 1, None: None if unused else 2}
    codes = pa.array([at[each] for each in entries], pa.int32())
    values, index_of = arrays.distinct(pa.DictionaryArray.from_arrays(codes, words))
    assert [None if i < 0 else values[i] for i in index_of] == entries
