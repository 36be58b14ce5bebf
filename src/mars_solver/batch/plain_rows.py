"""Plain rows as record batches of profiles: Python's values in columns of Arrow's types."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from numbers import Integral
from typing import Any, Final, NamedTuple

import pyarrow as pa

from mars_solver.batch.kernel.arrays import Numbers
from mars_solver.batch.records import PlainRows, Records, holds_numbers
from mars_solver.errors import InputError, Problem, shown
from mars_solver.inputs.catalogue.attributes import Declarations
from mars_solver.inputs.parsing import plainly
from mars_solver.inputs.profile_row import (
    ID,
    ColumnKind,
    ExtraColumns,
    are_codes,
    column_problems,
    columns,
    extras,
    flag,
    id_text,
    is_text,
    members_in,
    whole,
)

_EXACT: Final = 2**53
"""Larger whole numbers are no amounts, and no float64."""
TYPES: Final[dict[ColumnKind, tuple[pa.DataType, frozenset[type]]]] = {
    ColumnKind.TEXT: (pa.string(), frozenset({str})),
    ColumnKind.WORD: (pa.string(), frozenset({str})),
    ColumnKind.FLAG: (pa.bool_(), frozenset({bool})),
    ColumnKind.AMOUNT: (pa.float64(), frozenset({int, float})),
    ColumnKind.IMPORTANCE: (pa.int64(), frozenset({int})),
    ColumnKind.MEMBERS: (pa.list_(pa.string()), frozenset({list, str})),
}
"""The type of a column, and those of the values that it takes as they are."""


def from_rows(
    rows: PlainRows, declared: Declarations, extra: ExtraColumns | None, taken: Sequence[str]
) -> Records:
    """Return the records of plain rows.

    Raises:
        InputError: with every column that no profile has.
    """
    names = list(dict.fromkeys(name for row in rows for name in row))
    if odd := [name for name in names if not isinstance(name, str)]:
        raise InputError([Problem("rows", "", "names of columns as text", shown(odd[0]))])
    if problems := column_problems(names, declared, "rows", extra, taken, header=False):
        raise InputError(problems)
    others = extras(names, declared)
    asking = [{n: v for n, v in row.items() if n not in others} for row in rows]
    arrays, wrong = typed_columns(asking, declared)
    kept = others if extra == "keep" else []
    for name in kept:
        arrays[name] = _kept([row.get(name) for row in rows])

    def read(indices: Numbers) -> PlainRows:
        return [asking[index] for index in indices]

    return Records(pa.RecordBatch.from_pydict(arrays), {row: [] for row in wrong}, kept, read)


def _kept(values: list[Any]) -> pa.Array:
    """Return values as a column, as texts where no type holds all of them."""
    try:
        return pa.array(values)
    except (pa.ArrowException, OverflowError, UnicodeEncodeError):
        return pa.array([spelled_out(value) for value in values], pa.string())


def typed_columns(rows: PlainRows, declared: Declarations) -> tuple[dict[str, pa.Array], set[int]]:
    """Return plain rows as typed columns, and the rows that these cannot hold."""
    known = columns(declared)
    wrong = {index for index, row in enumerate(rows) if not row.keys() <= known.keys()}
    arrays = {}
    for name, kind in known.items():
        values = [_normal(kind, row.get(name)) for row in rows]
        if name == ID:
            ids = [value if value is None else id_text(value) for value in values]
            wrong |= {i for i, value in enumerate(values) if value is not None and ids[i] is None}
            values = ids
        form = _Form(kind, numbers=holds_numbers(name, declared), codes=are_codes(name, declared))
        arrays[name], misfits = form.fitted(values)
        wrong |= misfits
    return arrays, wrong


def _normal(kind: ColumnKind, value: Any) -> Any:
    """Return a number of any type as a plain one, a tuple or a set as a list; else as it is."""
    if kind is ColumnKind.FLAG:
        return flag(plainly(value))
    if isinstance(value, tuple | set | frozenset):
        return list(value) if isinstance(value, tuple) else sorted(value, key=str)
    if isinstance(value, bool) or not isinstance(value, Integral | float | Decimal):
        return value
    number = int(value) if isinstance(value, Integral) else float(value)
    return whole(number) if kind is ColumnKind.IMPORTANCE else number


class _Form(NamedTuple):
    """What a typed column holds."""

    kind: ColumnKind
    numbers: bool
    """Whether its lists hold numbers, which become texts."""
    codes: bool
    """See `members_in`."""

    def fitted(self, column: list[Any]) -> tuple[pa.Array, set[int]]:
        """Return a column of plain values, and the rows whose value it cannot hold: null there."""
        types = TYPES[self.kind][1]
        if set(map(type, column)) <= types | {type(None)}:
            try:
                return self._array(column), set()
            except (pa.ArrowException, OverflowError, UnicodeEncodeError):
                pass
        misfits = {row for row, value in enumerate(column) if not self._holds(value)}
        held = [None if row in misfits else value for row, value in enumerate(column)]
        return self._array(held), misfits

    def _array(self, column: list[Any]) -> pa.Array:
        """Return a column of plain values; a text stands for the list of its members."""
        if self.kind is ColumnKind.MEMBERS:
            column = [
                members_in(each, codes=self.codes) if isinstance(each, str) else each
                for each in column
            ]
            if self.numbers:
                column = [each and [_spelled(one) for one in each] for each in column]
        return pa.array(column, TYPES[self.kind][0])

    def _holds(self, value: Any) -> bool:
        """Return whether the column can hold a value."""
        if self.kind is not ColumnKind.MEMBERS:
            return holds(self.kind, value)
        if not isinstance(value, list):
            return value is None or is_text(value)
        return all(
            one is None or is_text(one) or (self.numbers and type(one) in {int, float})
            for one in value
        )


def holds(kind: ColumnKind, value: Any) -> bool:
    """Return whether a column that has no lists can hold a value."""
    if value is None:
        return True
    if type(value) not in TYPES[kind][1]:
        return False
    if isinstance(value, int | float):
        return bool(abs(value) <= _EXACT)
    return is_text(value)


def _spelled(member: object) -> object:
    """Return a number as text; anything else as it is."""
    return repr(member) if type(member) in {int, float} else member


def spelled_out(value: Any) -> str | None:
    """Return a value of any kind as text: itself, or as JSON writes it."""
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text.encode(errors="replace").decode()
