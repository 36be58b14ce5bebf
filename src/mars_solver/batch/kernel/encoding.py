"""Record batches of profiles as rows of whole numbers, checked by whole columns.

A row is faulty exactly where `profile_row.parse_row` refuses it, or the weights do not score what
it prefers; what is wrong with it is asked there.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mars_solver.batch.kernel.arrays import (
    Flags,
    Numbers,
    distinct,
    filled,
    flags_in,
    is_given,
    lists_of,
    not_plain,
    numbers_in,
    steps,
)
from mars_solver.batch.kernel.choices import MALFORMED, ChoiceTable, MemberClasses, Scale
from mars_solver.batch.kernel.rows import Rows
from mars_solver.batch.records import as_text, is_text_type, opened, plain
from mars_solver.inputs.parsing import is_line
from mars_solver.inputs.profile import neutral
from mars_solver.inputs.profile_row import ID, are_codes, members_in
from mars_solver.solving.solver import Solver
from mars_solver.vocabulary import ACCEPT_BETA, BATCH, MAX_IMPORTANCE, Kind

_MEMBERS: Final = pa.list_(pa.large_binary())
_SHORT: Final = 100
"""Plain text of at most so many characters is a line, whatever the limit of a line is."""


class Encoder:
    """Turns record batches into rows of one solver.

    Args:
        solver: whose catalogue and weights count.
        choices: of each requirement, in declared order.
    """

    def __init__(self, solver: Solver, choices: tuple[ChoiceTable, ...]) -> None:
        declared = solver.declared
        self._choices = choices
        self._scales: dict[str, Scale] = {}
        self._classes: dict[str, MemberClasses] = {}
        self._codes: set[str] = set()
        for each in choices:
            requirement = each.column.requirement
            if requirement.numeric:
                self._scales[requirement.name] = Scale(each)
            elif requirement.kind is Kind.SET:
                attribute = declared.attributes[requirement.attribute]
                self._classes[requirement.name] = MemberClasses(each, attribute)
                if are_codes(requirement.name, declared):
                    self._codes.add(requirement.name)
        self._primaries = (None, *declared.need)
        self._criteria = [(c.name, solver.weights.knows(c)) for c in declared.criteria]
        self._neutral = [neutral(declared, batch=batch) for batch in (False, True)]

    def encode(self, batch: pa.RecordBatch) -> Rows:
        """Return the rows of a record batch whose schema `check_schema` admits."""
        columns = _Columns(batch)
        in_batch = columns.word("workflow", (None, BATCH)) == 1
        rows = Rows(
            tuple(self._chosen(columns, each) for each in self._choices),
            in_batch,
            columns.flag(ACCEPT_BETA),
            columns.word("primary", self._primaries),
            self._importances(columns, in_batch),
            columns.faulty,
        )
        columns.check_text(ID, line=False)
        columns.check_text("name", line=True)
        return rows

    def _chosen(self, columns: _Columns, choices: ChoiceTable) -> Numbers | None:
        """Return the number of the choice of each row; None where none states the requirement."""
        requirement = choices.column.requirement
        column = columns.column(requirement.name)
        if column is None:
            return None
        if requirement.kind is Kind.SET:
            lists, list_of = _lists(column, codes=requirement.name in self._codes)
            return _listed(columns, lists, list_of, self._classes[requirement.name])
        if requirement.numeric:
            return columns.amount(column, self._scales[requirement.name])
        return flags_in(opened(column))

    def _importances(self, columns: _Columns, in_batch: Flags) -> Numbers:
        """Return the importance of each criterion in each row, defaults filled in."""
        importances = np.empty((len(self._criteria), len(in_batch)), dtype=np.uint8)
        defaults = zip(*self._neutral, strict=True)
        for index, (live, batch) in enumerate(defaults):
            importances[index] = live
            if batch != live:
                importances[index][in_batch] = batch
            name, scored = self._criteria[index]
            column = columns.column(name)
            if column is not None:
                columns.importance(column, importances[index], scored=scored)
        return importances


class _Columns:
    """The columns of a record batch as arrays.

    Attributes:
        faulty: the rows in which a column that was asked for holds what no profile has.
    """

    def __init__(self, batch: pa.RecordBatch) -> None:
        self._batch = batch
        self.faulty: Flags = np.zeros(batch.num_rows, dtype=np.bool_)

    def column(self, name: str) -> pa.Array | None:
        """Return a column; None where it is absent or all null."""
        index = self._batch.schema.get_field_index(name)
        if index < 0:
            return None
        column = self._batch.column(index)
        return None if column.null_count == len(column) else column

    def flag(self, name: str) -> Flags:
        """Return a yes/no column; null is false."""
        column = self.column(name)
        if column is None:
            return np.zeros(len(self.faulty), dtype=np.bool_)
        return flags_in(opened(column))

    def amount(self, column: pa.Array, scale: Scale) -> Numbers:
        """Return the choices that the numbers of a column make; null makes none."""
        column = _as(column, pa.float64())
        chosen = scale.choices.take(steps(scale.starts, numbers_in(column)))
        given = is_given(column)
        if given is not None:
            chosen *= given
        bad = chosen == scale.bad
        if bad.any():
            self.faulty |= bad
            chosen[bad] = 0
        return chosen

    def importance(self, column: pa.Array, importances: Numbers, *, scored: bool) -> None:
        """Write the importances of a column over the defaults where it has any.

        Args:
            column: not null everywhere.
            importances: the defaults.
            scored: whether the weights score the criterion.
        """
        column = opened(column)
        given = is_given(column)
        broken: Flags | None = None
        if not pa.types.is_integer(column.type):
            amounts = numbers_in(_as(column, pa.float64()))
            broken = ~((amounts >= 0) & (amounts <= MAX_IMPORTANCE) & (amounts % 1 == 0))
            column = pa.array(np.where(broken, 0, amounts))
        numbers = numbers_in(_as(column, pa.int64()))
        # As numbers without a sign those below 0 are far too large.
        bad = numbers.view(np.uint64) > MAX_IMPORTANCE
        if broken is not None:
            bad |= broken
        if not scored:
            bad[:] = True
        small = numbers.astype(np.uint8)
        if given is None:
            importances[:] = small
        else:
            importances += (small - importances) * given
            bad &= given
        if bad.any():
            self.faulty |= bad
            importances[bad] = 0

    def word(self, name: str, words: tuple[str | None, ...]) -> Numbers:
        """Return the index of each value of a column among words; null is the first."""
        column = self.column(name)
        if column is None:
            return np.zeros(len(self.faulty), dtype=np.uint8)
        texts, text_of = _texts(column)
        index_of = [words.index(text) if text in words[1:] else MALFORMED for text in texts]
        indices: Numbers = np.array([*index_of, 0], dtype=np.int8).take(text_of)
        wrong = indices == MALFORMED
        if wrong.any():
            self.faulty |= wrong
            indices[wrong] = 0
        return indices

    def check_text(self, name: str, *, line: bool) -> None:
        """Mark what is not UTF-8 and, where a line is wanted, what is not one."""
        column = self.column(name)
        if column is None:
            return
        column = opened(column)
        if not is_text_type(column.type) or (not line and as_text(column) is not None):
            return
        data = _in_bytes(column)
        rows = not_plain(data, _SHORT)
        for row, value in zip(rows.tolist(), data.take(rows).to_pylist(), strict=True):
            text = _text(value)
            self.faulty[row] |= text is None or (line and not is_line(text))


def _listed(
    columns: _Columns, lists: pa.Array, list_of: Numbers, classes: MemberClasses
) -> Numbers:
    """Return the choice that each list of members makes; each distinct one is found once."""
    lengths = filled(pc.list_value_length(lists), 0).astype(np.int64)
    written, written_of = distinct(_in_bytes(lists.flatten()))
    known = np.array([*map(classes.class_of, written), MALFORMED], dtype=np.int32)
    members = known.take(written_of)
    chosen = np.zeros(len(lengths), dtype=np.int32)
    asking = np.flatnonzero(lengths)
    if len(asking):
        kinds, kind_of = distinct(lists_of(members, lengths[asking]))
        unlike = [np.frombuffer(kind, dtype=np.int32).tolist() for kind in kinds]
        numbers = [0 if MALFORMED in each else classes.number(each) for each in unlike]
        chosen[asking] = np.array(numbers, dtype=np.int32).take(kind_of)
    wrong = (lengths > 0) & (chosen == 0)
    if wrong.any():
        columns.faulty |= wrong.take(list_of)
    return chosen.take(list_of)


def _as(column: pa.Array, arrow: pa.DataType) -> pa.Array:
    """Return a column of numbers as one of another type; those too large for it become others."""
    column = opened(column)
    return column if column.type == arrow else column.cast(arrow, safe=False)


def _lists(column: pa.Array, *, codes: bool) -> tuple[pa.Array, Numbers]:
    """Return the lists of a column, and which of them each row has.

    Texts are opened up, each distinct one once; the last list is null.
    """
    if not is_text_type(plain(column.type)):
        if pa.types.is_nested(column.type) and pa.types.is_decimal(column.type.value_type):
            column = column.cast(pa.list_(pa.float64()))
        return column, np.arange(len(column))
    texts, text_of = distinct(_in_bytes(column))
    lists = [_split(text, codes=codes) for text in texts]
    return pa.array([*lists, None], _MEMBERS), text_of


def _in_bytes(column: pa.Array) -> pa.Array:
    """Return a column with its texts as bytes, which need not be UTF-8; others as they are."""
    if pa.types.is_dictionary(column.type):
        return pa.DictionaryArray.from_arrays(column.indices, _in_bytes(column.dictionary))
    if not is_text_type(column.type):
        return column
    return column.cast(pa.binary() if column.type == pa.string() else pa.large_binary())


def _split(text: bytes, *, codes: bool) -> list[bytes]:
    """Return the members that a text lists."""
    members = members_in(text.decode(errors="surrogateescape"), codes=codes)
    return [member.encode(errors="surrogateescape") for member in members]


def _texts(column: pa.Array) -> tuple[list[str | None], Numbers]:
    """Return the distinct texts of a column, None for what is not UTF-8, and each entry's index.

    The index of null is -1.
    """
    each, text_of = distinct(_in_bytes(column))
    return [_text(data) for data in each], text_of


def _text(data: bytes) -> str | None:
    """Return the text of bytes; None where they are not UTF-8."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None
