"""What is remembered of rows: numbers that stay, and results that are worked out once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mars_solver.batch.kernel.arrays import Numbers
from mars_solver.batch.kernel.memo import Memo, Numbering


def tables(columns: int) -> st.SearchStrategy[list[list[tuple[int, ...]]]]:
    number = st.sampled_from([0, 1, 2, 2**32, 2**62, 2**63 - 1]) | st.integers(0, 500)
    return st.lists(st.lists(st.tuples(*[number] * columns), max_size=30), max_size=4)


def columns_of(rows: Sequence[tuple[int, ...]], many: int) -> list[Numbers]:
    return [np.array([row[i] for row in rows], dtype=np.int64) for i in range(many)]


@given(st.integers(1, 3).flatmap(lambda many: st.tuples(st.just(many), tables(many))))
def test_equal_keys_keep_one_number(drawn: tuple[int, list[list[tuple[int, ...]]]]) -> None:
    many, batches = drawn
    numbering, known = Numbering(many), dict[tuple[int, ...], int]()
    for rows in batches:
        numbers, firsts = numbering.number(columns_of(rows, many))
        for at, row in enumerate(firsts.tolist()):
            assert rows[row] not in known
            known[rows[row]] = numbering.count - len(firsts) + at
        assert numbers.tolist() == [known[row] for row in rows]
    assert numbering.count == len(known)


@pytest.mark.parametrize("columns", [1, 2])
def test_many_keys_are_told_apart(columns: int) -> None:
    chance = np.random.default_rng(columns)
    numbering, known = Numbering(columns), dict[tuple[int, ...], int]()
    for above in (10, 10**5, 2**62, 2**62):
        keys = [chance.integers(0, above, 50_000) for _ in range(columns)]
        numbers, _ = numbering.number(keys)
        rows = zip(*map(np.ndarray.tolist, keys), strict=True)
        for row, number in zip(rows, numbers.tolist(), strict=True):
            assert known.setdefault(row, number) == number
    assert numbering.count == len(known) == len(set(known.values()))


@given(st.lists(st.lists(st.integers(0, 50), max_size=40), max_size=5))
def test_each_key_is_worked_out_once(batches: list[list[int]]) -> None:
    memo, asked = Memo(1, [(np.int64,), (np.float64, 2)]), list[int]()
    for batch in batches:
        keys = np.array(batch, dtype=np.int64)

        def work(rows: Numbers, keys: Numbers = keys) -> Sequence[Numbers]:
            asked.extend(keys[rows].tolist())
            return keys[rows] * 3, np.stack([keys[rows] / 2, -keys[rows]])

        numbers, (tripled, pair) = memo.look_up([keys], work)
        before = tripled.copy(), pair.copy()
        assert tripled.take(numbers).tolist() == (keys * 3).tolist()
        assert pair.take(numbers, axis=1).tolist() == [(keys / 2).tolist(), (-keys).tolist()]
        memo.look_up([keys + 100], lambda rows: (rows, np.stack([rows, rows])))
        assert np.array_equal(tripled, before[0])  # what is added later changes nothing
        assert np.array_equal(pair, before[1])
    assert sorted(asked) == sorted({each for batch in batches for each in batch})


def test_work_that_fails_leaves_no_number_without_an_entry() -> None:
    memo = Memo(1, [(np.int64,)])
    keys = [np.array([3, 4, 3])]

    def fail(_: Numbers) -> Sequence[Numbers]:
        raise MemoryError

    with pytest.raises(MemoryError):
        memo.look_up(keys, fail)
    numbers, (kept,) = memo.look_up(keys, lambda rows: (keys[0][rows],))
    assert kept.take(numbers).tolist() == [3, 4, 3]
