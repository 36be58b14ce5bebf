"""Record batches of profiles as rows of whole numbers, checked by whole columns.

A row is faulty exactly where `profile_row.parse_row` refuses it; what is wrong with it is asked
there.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mars_solver.batch.arrays import (
    Array,
    Flags,
    distinct,
    filled,
    group,
    not_plain,
    numbers_in,
    where,
)
from mars_solver.batch.kernel import BatchSolver
from mars_solver.batch.records import as_text, is_text_type, opened, values
from mars_solver.batch.rows import PRIMARIES, Rows
from mars_solver.inputs.parsing import is_line, locale_tag
from mars_solver.inputs.profile_row import ID, LANGUAGES, tags_in
from mars_solver.solving.cells import locale_standing, unheard_locale
from mars_solver.vocabulary import (
    BATCH,
    BIT,
    CAPABILITIES,
    CRITERION_NAMES,
    MAX_IMPORTANCE,
    MAX_NUMBER,
    NEEDS,
    NEUTRAL_IMPORTANCE,
)

_MALFORMED: Final = -1
_CLASSES_A_WORD: Final = 62
_REAL_TIME: Final = 1 << [need.name for need in NEEDS].index("real_time")
_TAGS: Final = pa.list_(pa.large_binary())
_SHORT: Final = 100
"""Plain text of at most so many characters is a line, whatever the limit of a line is."""


class Encoder:
    """Turns record batches into rows of one batch solver.

    Locales on which every model has the same verdict form a class; a list of locales asks for the
    set of its classes.
    """

    def __init__(self, kernel: BatchSolver) -> None:
        self._tables = kernel.tables
        catalogue = kernel.solver.catalogue
        tags = sorted({tag for model in catalogue.models for tag in model.languages})
        classes: dict[tuple[int, ...], int] = {}
        verdicts = {tag: locale_standing(catalogue, tag) for tag in tags}
        unheard = locale_standing(catalogue, unheard_locale(tags))
        for each in [unheard, *verdicts.values()]:
            classes.setdefault(each, len(classes))
        self._classes = {tag: classes[each] for tag, each in verdicts.items()}
        self._verdicts = np.array(list(classes), dtype=np.int8)

    def encode(self, batch: pa.RecordBatch) -> tuple[Rows, Flags]:
        """Return a record batch, whose schema `check_schema` admits, as rows, and the faulty ones.

        What stands in the faulty ones means nothing.
        """
        columns = _Columns(batch)
        stated = np.zeros(batch.num_rows, dtype=np.int16)
        for capability in CAPABILITIES:
            stated |= _bits(columns.flag(capability), capability)
        choices = []
        for breakpoints in self._tables.breakpoints:
            numbers, given = columns.amount(breakpoints.requirement.name)
            stated |= _bits(given, breakpoints.requirement.name)
            choices.append(breakpoints.choices_of(numbers) * given)
        locales, verdicts, given = self._locales(columns)
        stated |= _bits(given, LANGUAGES)
        in_batch = columns.word("workflow", (None, BATCH)) == 1
        rows = Rows(
            stated,
            tuple(choices),
            locales,
            verdicts,
            in_batch,
            columns.flag("accept_beta"),
            columns.word("primary", PRIMARIES),
            _importances(columns, in_batch),
        )
        columns.check_text(ID, line=False)
        columns.check_text("name", line=True)
        needs = self._tables.needs(rows)
        faulty = columns.faulty | in_batch & (needs & _REAL_TIME != 0)
        faulty |= (rows.primary > 0) & (needs >> np.maximum(rows.primary - 1, 0) & 1 == 0)
        return rows, faulty

    def _locales(self, columns: _Columns) -> tuple[Array, Array, Flags]:
        """Return what is asked of languages, as `Rows` has it, and where anything is."""
        many, texts, tags, list_of = columns.tags()
        classes = np.array([self._class(text) for text in texts], dtype=np.int64)
        given = many > 0
        starts = (np.cumsum(many) - many)[given]
        wrong = np.zeros(len(many), dtype=np.bool_)
        words = [wrong.astype(np.int64) for _ in range(0, len(self._verdicts), _CLASSES_A_WORD)]
        if len(starts):
            malformed = classes == _MALFORMED
            wrong[given] = np.logical_or.reduceat(malformed.take(tags), starts)
            word_of, bits = np.divmod(np.maximum(classes, 0), _CLASSES_A_WORD)
            for number, word in enumerate(words):
                bit = np.where(word_of == number, np.int64(1) << bits, 0)
                word[given] = np.bitwise_or.reduceat(bit.take(tags), starts)
        sets, firsts = group([(word, 2**_CLASSES_A_WORD) for word in words])
        worst = np.zeros((len(firsts), self._verdicts.shape[1]), dtype=np.int8)
        for number, verdicts in enumerate(self._verdicts):
            at, shift = divmod(number, _CLASSES_A_WORD)
            has = words[at][firsts] >> shift & 1 == 1
            worst[has] = np.maximum(worst[has], verdicts)
        columns.faulty |= wrong[list_of]
        return sets[list_of], worst, given[list_of]

    def _class(self, text: str | None) -> int:
        """Return the class of a locale; `_MALFORMED` for what is none."""
        tag = locale_tag(text) if text is not None else None
        return _MALFORMED if tag is None else self._classes.get(tag, 0)


class _Columns:
    """The columns of a record batch as arrays.

    Attributes:
        faulty: the rows in which a column that was asked for holds what no profile has.
    """

    def __init__(self, batch: pa.RecordBatch) -> None:
        self._batch = batch
        self.faulty: Flags = np.zeros(batch.num_rows, dtype=np.bool_)

    def flag(self, name: str) -> Flags:
        """Return a yes/no column; null is false."""
        column = self._column(name)
        if column is None:
            return np.zeros(len(self.faulty), dtype=np.bool_)
        flags: Flags = column.fill_null(False).to_numpy(zero_copy_only=False)
        return flags

    def amount(self, name: str) -> tuple[Array, Flags]:
        """Return the numbers of a column and where they are given; elsewhere they are any."""
        column = self._column(name)
        if column is None:
            return np.ones(len(self.faulty)), np.zeros(len(self.faulty), dtype=np.bool_)
        given: Flags = column.is_valid().to_numpy(zero_copy_only=False)
        numbers = numbers_in(column.cast(pa.float64(), safe=False))
        self.faulty |= given & ~((numbers > 0) & (numbers <= MAX_NUMBER))
        return numbers, given

    def importance(self, name: str, default: Array) -> Array:
        """Return the importances of a column, with defaults where there is none."""
        column = self._column(name)
        if column is None:
            return default
        given: Flags = column.is_valid().to_numpy(zero_copy_only=False)
        numbers = numbers_in(column.cast(pa.int64(), safe=False))
        fine = (numbers >= 0) & (numbers <= MAX_IMPORTANCE)
        self.faulty |= given & ~fine
        return where(given & fine, numbers, default)

    def word(self, name: str, words: tuple[str | None, ...]) -> Array:
        """Return the index of each value of a column among words; null is the first."""
        column = self._column(name)
        if column is None:
            return np.zeros(len(self.faulty), dtype=np.int64)
        texts, text_of = _texts(column)
        index_of = [words.index(text) if text in words[1:] else _MALFORMED for text in texts]
        indices: Array = np.array([*index_of, 0])[text_of]
        self.faulty |= indices == _MALFORMED
        indices[indices == _MALFORMED] = 0
        return indices

    def tags(self) -> tuple[Array, list[str | None], Array, Array]:
        """Return the distinct lists of the languages column.

        Returns:
            how many tags each list has, the distinct tags, the index of each tag of each list one
            after the other, and the list of each row.
        """
        column = self._column(LANGUAGES)
        if column is None:
            none = np.zeros(len(self.faulty), dtype=np.int64)
            return none[:1], [], none[:0], none
        rows = np.arange(len(column))
        if is_text_type(column.type):
            encoded = column.dictionary_encode()
            column = pa.concat_arrays([_split(encoded.dictionary), pa.nulls(1, _TAGS)])
            rows = filled(encoded.indices, len(column) - 1)
        many = filled(pc.list_value_length(column), 0).astype(np.int64)
        texts, text_of = _texts(opened(column.flatten()))
        return many, [*texts, None], np.where(text_of < 0, len(texts), text_of), rows

    def check_text(self, name: str, *, line: bool) -> None:
        """Mark what is not UTF-8 and, where a line is wanted, what is not one."""
        column = self._column(name)
        if column is None:
            return
        data = column.cast(pa.large_binary())
        if not line and as_text(data) is not None:
            return
        rows = not_plain(data, _SHORT)
        for row, value in zip(rows.tolist(), data.take(rows).to_pylist(), strict=True):
            text = _text(value)
            self.faulty[row] |= text is None or (line and not is_line(text))

    def _column(self, name: str) -> pa.Array | None:
        """Return a column without its dictionary; None where it is absent or all null."""
        index = self._batch.schema.get_field_index(name)
        if index < 0:
            return None
        column = self._batch.column(index)
        return None if column.null_count == len(column) else opened(column)


def _importances(columns: _Columns, in_batch: Flags) -> Array:
    """Return the importances of each profile, defaults filled in."""
    importances = np.empty((len(in_batch), len(CRITERION_NAMES)), dtype=np.int64)
    for index, name in enumerate(CRITERION_NAMES):
        less = in_batch if name == "latency" else False
        default = np.where(less, 0, NEUTRAL_IMPORTANCE)
        importances[:, index] = columns.importance(name, default)
    return importances


def _bits(stated: Flags, name: str) -> Array:
    """Return the mask of one requirement where it is stated."""
    return stated * np.int16(BIT[name])


def _split(texts: pa.Array) -> pa.Array:
    """Return the lists of tags in texts."""
    lists = (tags_in(text) for text in values(texts))
    return pa.array(
        [[tag.encode(errors="surrogateescape") for tag in each] for each in lists], _TAGS
    )


def _texts(column: pa.Array) -> tuple[list[str | None], Array]:
    """Return the distinct texts of a column, None for what is not UTF-8, and each entry's index.

    The index of null is -1.
    """
    each, text_of = distinct(column.cast(pa.large_binary()))
    return [_text(data) for data in each], text_of


def _text(data: bytes) -> str | None:
    """Return the text of bytes; None where they are not UTF-8."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None
