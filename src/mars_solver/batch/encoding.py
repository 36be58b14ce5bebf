"""The bridge from Arrow to rows of whole numbers: checks on whole columns, none on single rows.

A row is faulty exactly where `flat.parse_row` refuses it; what is wrong with it is asked there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mars_solver.batch.groups import group
from mars_solver.batch.kernel import Grid
from mars_solver.batch.rows import PRIMARIES, Array, Flags, Rows
from mars_solver.errors import InputError, Problem
from mars_solver.inputs.parsing import is_line, locale_tag
from mars_solver.inputs.profile_row import (
    COLUMNS,
    ID,
    LANGUAGES,
    ColumnKind,
    column_problems,
    tags_in,
)
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
_SPLIT: Final = pa.list_(pa.large_binary())
_SHORT: Final = 100
"""Plain text of at most so many characters is a line, whatever the limit of a line is."""


class Encoded(NamedTuple):
    """A record batch as rows, and which of them are no profiles."""

    rows: Rows
    """What stands in the faulty ones means nothing."""
    faulty: Flags


def check_schema(schema: pa.Schema, place: str) -> None:
    """Refuse a table whose columns are no profile's.

    Raises:
        InputError: with every unknown or repeated column, and each of the wrong type.
    """
    problems = column_problems(schema.names, place)
    problems += [
        Problem(place, field.name, cell.value, str(field.type), "cast the column")
        for field in schema
        if (cell := COLUMNS.get(field.name)) and not _fits(cell, _plain(field.type))
    ]
    if problems:
        raise InputError(problems)


def _plain(kind: pa.DataType) -> pa.DataType:
    """Return the type of the values of a column."""
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _fits(cell: ColumnKind, kind: pa.DataType) -> bool:
    """Return whether a column of some type can hold what is expected."""
    if pa.types.is_null(kind):
        return True
    whole = pa.types.is_integer(kind)
    fits: bool
    match cell:
        case ColumnKind.FLAG:
            fits = pa.types.is_boolean(kind)
        case ColumnKind.AMOUNT:
            fits = whole or pa.types.is_floating(kind)
        case ColumnKind.IMPORTANCE:
            fits = whole
        case ColumnKind.TEXT:
            fits = _is_text(kind)
        case ColumnKind.LOCALES:
            many = pa.types.is_list(kind) or pa.types.is_large_list(kind)
            fits = _is_text(_plain(kind.value_type) if many else kind)
    return bool(fits)


def _is_text(kind: pa.DataType) -> bool:
    return kind in {pa.string(), pa.large_string(), pa.string_view()}


class Encoder:
    """Turns record batches into rows of one grid."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        catalogue = grid.solver.catalogue
        tags = sorted({tag for model in catalogue.models for tag in model.languages})
        numbers: dict[tuple[int, ...], int] = {}
        standing = {tag: locale_standing(catalogue, tag) for tag in tags}
        unheard = locale_standing(catalogue, unheard_locale(tags))
        for each in [unheard, *standing.values()]:
            numbers.setdefault(each, len(numbers))
        self._classes = {tag: numbers[each] for tag, each in standing.items()}
        self._verdicts = np.array(list(numbers), dtype=np.int8)

    def encode(self, batch: pa.RecordBatch) -> Encoded:
        """Return a record batch, whose schema `check_schema` admits, as rows."""
        faulty = np.zeros(batch.num_rows, dtype=np.bool_)
        columns = _Columns(batch, faulty)
        stated = np.zeros(batch.num_rows, dtype=np.int16)
        for capability in CAPABILITIES:
            stated |= _bits(columns.flag(capability), capability)
        cells = []
        for axis in self._grid.axes:
            numbers, given = columns.amount(axis.requirement.name)
            stated |= _bits(given, axis.requirement.name)
            cells.append(axis.place(numbers) * given)
        locales, standings, given = self._locales(columns)
        stated |= _bits(given, LANGUAGES)
        in_batch = columns.word("workflow", (None, BATCH)) == 1
        rows = Rows(
            stated,
            tuple(cells),
            locales,
            standings,
            in_batch,
            columns.flag("accept_beta"),
            columns.word("primary", PRIMARIES),
            self._importances(columns, in_batch),
        )
        columns.check_text(ID, line=False)
        columns.check_text("name", line=True)
        needs = self._grid.needs(rows)
        faulty |= in_batch & (needs & _REAL_TIME != 0)
        faulty |= (rows.primary > 0) & (needs >> np.maximum(rows.primary - 1, 0) & 1 == 0)
        return Encoded(rows, faulty)

    @staticmethod
    def _importances(columns: _Columns, in_batch: Flags) -> Array:
        found = np.empty((len(in_batch), len(CRITERION_NAMES)), dtype=np.int64)
        for place, name in enumerate(CRITERION_NAMES):
            less = in_batch if name == "latency" else False
            found[:, place] = columns.importance(name, np.where(less, 0, NEUTRAL_IMPORTANCE))
        return found

    def _locales(self, columns: _Columns) -> tuple[Array, Array, Flags]:
        """Return what is asked of languages, as `Rows` has it, and where anything is."""
        many, texts, numbers, rows = columns.tags()
        classes = np.array([self._class(text) for text in texts], dtype=np.int64)
        given = many > 0
        starts = (np.cumsum(many) - many)[given]
        wrong = np.zeros(len(many), dtype=np.bool_)
        words = [wrong.astype(np.int64) for _ in range(0, len(self._verdicts), _CLASSES_A_WORD)]
        if len(starts):
            malformed = classes == _MALFORMED
            wrong[given] = np.logical_or.reduceat(malformed.take(numbers), starts)
            word_of, bits = np.divmod(np.maximum(classes, 0), _CLASSES_A_WORD)
            for number, word in enumerate(words):
                bit = np.where(word_of == number, np.int64(1) << bits, 0)
                word[given] = np.bitwise_or.reduceat(bit.take(numbers), starts)
        places, firsts = group([(word, 2**_CLASSES_A_WORD) for word in words])
        standings = np.zeros((len(firsts), self._verdicts.shape[1]), dtype=np.int8)
        for number, verdicts in enumerate(self._verdicts):
            at, shift = divmod(number, _CLASSES_A_WORD)
            has = words[at][firsts] >> shift & 1 == 1
            standings[has] = np.maximum(standings[has], verdicts)
        columns.faulty |= wrong[rows]
        return places[rows], standings, given[rows]

    def _class(self, text: str | None) -> int:
        """Return the number of the verdicts on a locale; `_MALFORMED` for what is none."""
        tag = locale_tag(text) if text is not None else None
        return _MALFORMED if tag is None else self._classes.get(tag, 0)


class _Columns:
    """The columns of a record batch as arrays; what they cannot hold is marked as faulty."""

    def __init__(self, batch: pa.RecordBatch, faulty: Flags) -> None:
        self._batch = batch
        self.faulty = faulty

    def flag(self, name: str) -> Flags:
        """Return a yes/no column; null is false."""
        column = self._column(name)
        if column is None:
            return np.zeros(len(self.faulty), dtype=np.bool_)
        found: Flags = column.fill_null(False).to_numpy(zero_copy_only=False)
        return found

    def amount(self, name: str) -> tuple[Array, Flags]:
        """Return the numbers of a column and where they are given; elsewhere they are any."""
        column = self._column(name)
        if column is None:
            return np.ones(len(self.faulty)), np.zeros(len(self.faulty), dtype=np.bool_)
        given = _given(column)
        numbers = _unfilled(column.cast(pa.float64(), safe=False))
        self.faulty |= given & ~((numbers > 0) & (numbers <= MAX_NUMBER))
        return numbers, given

    def importance(self, name: str, default: Array) -> Array:
        """Return the importances of a column, with defaults where there is none."""
        column = self._column(name)
        if column is None:
            return default
        given = _given(column)
        numbers = _unfilled(column.cast(pa.int64(), safe=False))
        fine = (numbers >= 0) & (numbers <= MAX_IMPORTANCE)
        self.faulty |= given & ~fine
        # A product takes a fraction of the time of a choice where the two sides alternate.
        found: Array = default + (numbers - default) * (given & fine)
        return found

    def word(self, name: str, words: tuple[str | None, ...]) -> Array:
        """Return the place of each value of a column among words; null is the first."""
        column = self._column(name)
        if column is None:
            return np.zeros(len(self.faulty), dtype=np.int64)
        texts, numbers = _numbered(column)
        places = [words.index(text) if text in words[1:] else _MALFORMED for text in texts]
        found: Array = np.array([*places, 0])[numbers]
        self.faulty |= found == _MALFORMED
        found[found == _MALFORMED] = 0
        return found

    def tags(self) -> tuple[Array, list[str | None], Array, Array]:
        """Return the distinct lists of the languages column.

        Returns:
            how many tags each list has, the distinct tags, the number of each tag of each list
            one after the other, and the list of each row.
        """
        column = self._column(LANGUAGES)
        if column is None:
            none = np.zeros(len(self.faulty), dtype=np.int64)
            return none[:1], [], none[:0], none
        rows = np.arange(len(column))
        if _is_text(column.type):
            encoded = column.dictionary_encode()
            column = pa.concat_arrays([_split(encoded.dictionary), pa.nulls(1, _SPLIT)])
            rows = _filled(encoded.indices, len(column) - 1)
        many = _filled(pc.list_value_length(column), 0).astype(np.int64)
        texts, numbers = _numbered(_decoded(column.flatten()))
        return many, [*texts, None], np.where(numbers < 0, len(texts), numbers), rows

    def check_text(self, name: str, *, line: bool) -> None:
        """Mark what is not UTF-8 and, where a line is wanted, what is not one."""
        column = self._column(name)
        if column is None:
            return
        data = column.cast(pa.large_binary())
        if not line and _as_text(data) is not None:
            return
        plain = pc.match_substring_regex(data, "^[ -~]+$")
        plain = pc.and_(plain, pc.less_equal(pc.binary_length(data), _SHORT)).fill_null(True)
        others = np.flatnonzero(~plain.to_numpy(zero_copy_only=False))
        for place, value in zip(others.tolist(), data.take(others).to_pylist(), strict=True):
            text = _text(value)
            self.faulty[place] |= text is None or (line and not is_line(text))

    def _column(self, name: str) -> pa.Array | None:
        """Return a column, dictionaries opened up; None where it is absent or all null."""
        place = self._batch.schema.get_field_index(name)
        if place < 0:
            return None
        column = self._batch.column(place)
        return None if column.null_count == len(column) else _decoded(column)


def _bits(stated: Flags, name: str) -> Array:
    """Return the mask of one requirement where it is stated."""
    return stated * np.int16(BIT[name])


def _split(texts: pa.Array) -> pa.Array:
    """Return the lists of tags in texts."""
    lists = [tags_in(text) for text in _values(texts)]
    return pa.array(
        [[tag.encode(errors="surrogateescape") for tag in tags] for tags in lists], _SPLIT
    )


def _decoded(column: pa.Array) -> pa.Array:
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _given(column: pa.Array) -> Flags:
    """Return where a column is not null."""
    given: Flags = column.is_valid().to_numpy(zero_copy_only=False)
    return given


def _filled(column: pa.Array, value: float) -> Array:
    filled: Array = (column.fill_null(value) if column.null_count else column).to_numpy()
    return filled


def _unfilled(column: pa.Array) -> Array:
    """Return the numbers of a column of one fixed width; where it is null they are any."""
    if not column.null_count:
        return _filled(column, 0)
    bare = [None, column.buffers()[1]]
    numbers: Array = pa.Array.from_buffers(
        column.type, len(column), bare, offset=column.offset
    ).to_numpy()
    return numbers


def _numbered(column: pa.Array) -> tuple[list[str | None], Array]:
    """Return the distinct texts of a column, None for what is not UTF-8, and each one's number.

    Null has the number -1.
    """
    encoded = column.cast(pa.large_binary()).dictionary_encode()
    texts = [_text(each) for each in encoded.dictionary.to_pylist()]
    return texts, _filled(encoded.indices, -1)


def _text(data: bytes) -> str | None:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def texts(batch: pa.RecordBatch, name: str) -> pa.Array:
    """Return a column of text; bytes that are not UTF-8 are replaced."""
    place = batch.schema.get_field_index(name)
    if place < 0 or pa.types.is_null(batch.schema.types[place]):
        return pa.nulls(batch.num_rows, pa.string())
    data = _decoded(batch.column(place)).cast(pa.large_binary())
    found = _as_text(data)
    if found is not None:
        return found
    return pa.array(
        [each if each is None else each.decode(errors="replace") for each in data.to_pylist()],
        pa.string(),
    )


def _as_text(data: pa.Array) -> pa.Array | None:
    """Return bytes as text; None where some are not UTF-8."""
    try:
        return data.cast(pa.string())
    except pa.ArrowInvalid:
        return None


def documents(batch: pa.RecordBatch, places: Array) -> Iterator[dict[str, Any]]:
    """Yield some rows of a record batch as `flat.parse_row` takes them.

    Bytes that are not UTF-8 become lone surrogates, which no text has.
    """
    some = batch.take(pa.array(places))
    columns = [_values(_decoded(column)) for column in some.columns]
    for row in zip(*columns, strict=True):
        yield dict(zip(batch.schema.names, row, strict=True))


def _values(column: pa.Array) -> list[Any]:
    """Return the values of a column as plain Python has them."""
    if _is_text(column.type):
        data = column.cast(pa.large_binary()).to_pylist()
        return [each if each is None else each.decode(errors="surrogateescape") for each in data]
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        inner = iter(_values(_decoded(column.flatten())))
        lengths = pc.list_value_length(column).to_pylist()
        return [many if many is None else [next(inner) for _ in range(many)] for many in lengths]
    values: list[Any] = column.to_pylist()
    return values
