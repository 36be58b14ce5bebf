"""A profile as one row of a table: its fields side by side, `require` and `prefer` opened up."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import Enum
from functools import lru_cache
from typing import Any, Final, Literal, cast, get_args

from mars_solver.errors import Faults, InputError, Problem, dotted, few, rerooted, shown
from mars_solver.inputs.catalogue.attributes import Declarations
from mars_solver.inputs.parsing import not_one_of, number_or_text, one_of, plainly
from mars_solver.inputs.profile import Profile, parse_profile
from mars_solver.vocabulary import ACCEPT_BETA, Kind


class ColumnKind(Enum):
    """The kind of value in a column, in words for messages."""

    TEXT = "text"
    WORD = "one of a few words"
    FLAG = "true or false"
    AMOUNT = "numbers"
    IMPORTANCE = "whole numbers"
    MEMBERS = "lists, or text with ; between the members"


_OF_KIND: Final = {
    Kind.CAPABILITY: ColumnKind.FLAG,
    Kind.NUMBER: ColumnKind.AMOUNT,
    Kind.ORDINAL: ColumnKind.AMOUNT,
    Kind.SET: ColumnKind.MEMBERS,
}
ID: Final = "id"
_TABLES: Final = ("require", "prefer")
SEPARATOR: Final = ";"
"""What separates the members that one text lists, and the names in one cell of an answer."""
_DELIMITERS: Final = (",", ";", "\t")
ExtraColumns = Literal["keep", "drop"]
"""What becomes of columns that no profile has: carried to the answers, or left out."""
_BETWEEN: Final = re.compile("[;,]")
_BETWEEN_CODES: Final = re.compile(" *[;,|] *| +")
_FLAGS: Final = {
    **dict.fromkeys(("true", "t", "yes", "y", "1", "1.0"), True),
    **dict.fromkeys(("false", "f", "no", "n", "0", "0.0"), False),
}
_NOTHING: Final = frozenset({"", "na", "n/a", "#n/a", "nan", "null"})
"""What a cell holds, in any case, where nothing is stated; an id or a name may be any of them."""
_DECIMAL_COMMA: Final = re.compile("[+-]?[0-9]+,[0-9]+")
_GROUPED: Final = re.compile("[+-]?[1-9][0-9]{0,2}([.,][0-9]{3})+")
"""A number that has separators of thousands, or looks as if it had."""
_MARKED: Final = re.compile("[+-]?[0-9]+([.,\u2019' \u00a0\u202f]+[0-9]+)+")
_INDEX: Final = re.compile("__index_level_[0-9]+__")
"""The index of a data frame that nobody named: it is left out."""
_NEAR: Final = 0.82
"""From this likeness on an unknown column is a known one, misspelt."""
_LONGEST: Final = 200
"""No longer name is a misspelling."""


@lru_cache(maxsize=2**6)
def columns(declared: Declarations) -> Mapping[str, ColumnKind]:
    """Return every column of a table of profiles, in declared order; each may be absent."""
    return {
        ID: ColumnKind.TEXT,
        "name": ColumnKind.TEXT,
        "workflow": ColumnKind.WORD,
        "primary": ColumnKind.WORD,
        ACCEPT_BETA: ColumnKind.FLAG,
        **{r.name: _OF_KIND[r.kind] for r in declared.requirements},
        **{c.name: ColumnKind.IMPORTANCE for c in declared.criteria},
    }


def parse_row(row: Mapping[str, Any], declared: Declarations, place: str = "") -> Profile:
    """Return the profile in one row of a table.

    Args:
        row: values by column; null and an absent column mean "not stated".
        declared: what can be asked.
        place: how messages call the row.

    Raises:
        InputError: with every fault of the row, each under the name of its column.
    """
    nested, problems = opened(row, declared, place)
    faults = Faults(problems)
    with faults, rerooted(lambda problem: _placed(problem, row)):
        profile = parse_profile(nested, place, declared)
    faults.check()
    return profile


def flat(profile: object, declared: Declarations, place: str) -> dict[str, Any]:
    """Return a profile as a row; a mapping that is a row already stays as it is.

    Args:
        profile: a `Profile`, a mapping that describes one, or a row.
        declared: what can be asked.
        place: how messages call it.

    Raises:
        InputError: where it is none of them, with every name that is in the wrong table or that
            is stated twice.
    """
    if isinstance(profile, Profile):
        profile = profile.to_dict()
    profile = as_mapping(profile)
    if not isinstance(profile, Mapping):
        raise InputError([Problem(place, "", "a profile or a row", shown(profile))])
    row = {name: value for name, value in profile.items() if name not in _TABLES}
    kinds: dict[str, tuple[str, Mapping[str, object]]] = {
        "require": ("requirement", declared.requirement),
        "prefer": ("preference", declared.criterion),
    }
    problems = []
    for name, (kind, known) in kinds.items():
        table = profile.get(name)
        if table is None:
            continue
        if not isinstance(table, Mapping):
            problems.append(Problem(place, name, "a table of keys and values", shown(table)))
            continue
        unknown, rest = few([key for key in table if key not in known], place, name)
        problems += [
            Problem(place, dotted(name, str(key)), *not_one_of(key, known, kind=kind))
            for key in unknown
        ]
        hint = f"drop it, or the one under {name}"
        problems += rest + [
            Problem(place, key, f"{key} once", "it more than once", hint)
            for key in table
            if key in known and key in row
        ]
        row |= table
    if problems:
        raise InputError(problems)
    return row


def as_mapping(brought: Any) -> Any:
    """Return a row of a data frame of pandas as a mapping, what it lacks as null; else as it is."""
    if isinstance(brought, Mapping) or not is_series(brought):
        return brought
    plain: Any = brought.astype(object)
    return plain.where(brought.notna(), None).to_dict()


def is_series(brought: object) -> bool:
    """Return whether something is a row or a column of a data frame of pandas."""
    return getattr(brought, "ndim", 0) == 1 and hasattr(brought, "to_dict")


def is_nested(row: Mapping[str, Any]) -> bool:
    """Return whether a mapping has the tables of a profile."""
    return any(name in row for name in _TABLES)


def opened(
    row: Mapping[str, Any], declared: Declarations, place: str
) -> tuple[dict[str, Any], list[Problem]]:
    """Return a row as a profile's nested table, and what is wrong with its columns and its id."""
    require: dict[str, Any] = {}
    prefer: dict[str, Any] = {}
    nested: dict[str, Any] = {"require": require, "prefer": prefer}
    known = columns(declared)
    unknown, problems = few([column for column in row if column not in known], place)
    problems += [replace(unknown_column(each, declared, place), expected="") for each in unknown]
    for column, value in row.items():
        if column not in known:
            continue
        if column == ID:
            if value is not None and id_text(value) is None:
                problems.append(Problem(place, ID, "text", shown(value)))
        elif column in declared.criterion:
            prefer[column] = whole(plainly(value))
        else:
            table = require if column in declared.requirement else nested
            if known[column] is ColumnKind.FLAG:
                table[column] = flag(plainly(value))
            elif known[column] is ColumnKind.MEMBERS and isinstance(value, str):
                table[column] = members_in(value, codes=are_codes(column, declared))
            else:
                table[column] = value
    return nested, problems


def flag(value: object) -> object:
    """Return yes or no as true or false: a word of `from_text`, 1 or 0; anything else as it is."""
    if isinstance(value, str):
        return from_text(ColumnKind.FLAG, value)
    if type(value) in {int, float} and value in {0, 1}:
        return value == 1
    return value


def delimiter_in(header: str) -> str:
    """Return what separates the cells of CSV: what parts its header line in most."""
    return max(_DELIMITERS, key=header.count)


def from_text(kind: ColumnKind, text: str, *, comma: bool = False) -> object:
    """Return the value that the text of a cell spells; text that spells none stays text.

    Args:
        kind: of the column.
        text: of the cell.
        comma: whether decimals may have a comma. Then a number is refused that can be read as
            having separators of thousands: 1.234.
    """
    bare = text.strip(" ")
    if kind is ColumnKind.TEXT:
        return text or None
    if bare.lower() in _NOTHING:
        return None
    match kind:
        case ColumnKind.FLAG:
            return _FLAGS.get(bare.lower(), text)
        case ColumnKind.AMOUNT | ColumnKind.IMPORTANCE:
            if comma and _GROUPED.fullmatch(bare):
                return text
            if comma and _DECIMAL_COMMA.fullmatch(bare):
                bare = bare.replace(",", ".")
            number = number_or_text(bare)
            return whole(number) if kind is ColumnKind.IMPORTANCE else number
        case _:
            return text


def members_in(text: str, *, codes: bool = False) -> list[str]:
    """Return the members that one text lists, with `;` or `,` between them.

    Args:
        text: the list.
        codes: whether no member has a space or `|`, so that these may stand between them too.
    """
    bare = text.strip(" ")
    if codes:
        return _BETWEEN_CODES.split(bare) if bare else []
    return [member.strip(" ") for member in _BETWEEN.split(bare)] if bare else []


def are_codes(column: str, declared: Declarations) -> bool:
    """Return whether a column lists language tags or numbers."""
    requirement = declared.requirement.get(column)
    return requirement is not None and requirement.members in {"language", "number"}


def whole(value: Any) -> Any:
    """Return a whole number as such, however it is written; anything else as it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def id_text(value: object) -> str | None:
    """Return an id as text; None where it is no scalar, or no text that UTF-8 can write."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping | Sequence) and not isinstance(value, str):
        return None
    text = str(whole(value))
    return text if is_text(text) else None


def _placed(problem: Problem, row: Mapping[str, Any]) -> Problem:
    """Return a problem under the name of its column, with advice on how to write a number."""
    column = column_of(problem.path)
    value = row.get(column)
    hint = problem.hint
    number = "number" in problem.expected
    if number and isinstance(value, str) and _MARKED.fullmatch(value.strip(" ")):
        hint = "write it without separators of thousands and with a decimal point, as 1234.5"
    if problem.expected == ColumnKind.FLAG.value:
        hint = "write yes or no"
    return replace(problem, path=column, hint=hint)


def unknown_column(column: str, declared: Declarations, place: str) -> Problem:
    """Return the problem of a column that no profile has."""
    expected, found, hint = not_one_of(
        column, columns(declared), kind="column", otherwise="drop it"
    )
    if near := nearly(column, declared):
        hint = f"did you mean {near}?"
    return Problem(place, "", expected, found, hint)


def column_problems(
    names: Sequence[str],
    declared: Declarations,
    place: str,
    extra: ExtraColumns | None = None,
    taken: Sequence[str] = (),
    without: str = "",
    *,
    header: bool = True,
) -> list[Problem]:
    """Return the problems of the columns of a table: unknown, misspelt and repeated ones.

    Where no column states anything, that is one too: each row would require nothing.

    Args:
        names: of the columns.
        declared: what can be asked.
        place: how messages call the table.
        extra: what becomes of columns that no profile has; None where they are a fault.
        taken: the names that an extra column cannot have, since the answers have them.
        without: what to do about columns that no profile has, where nothing can carry them.
        header: whether the names are those of all rows; else a row alone may state nothing.
    """
    near = {name: close for name in names if (close := nearly(name, declared))}
    problems = [unknown_column(name, declared, place) for name in near]
    others = extras(names, declared)
    nested = [name for name in others if name in _TABLES]
    if nested:  # to keep or drop them would answer as if nothing were asked
        expected = "a profile's fields side by side, each in a column of its own"
        problems += [Problem(place, name, expected, "a nested profile") for name in nested]
        others = [name for name in others if name not in nested]
    if others and extra is None:
        hint = without or (
            "--extra-columns keep carries them to the answers, drop leaves them out"
            ' (in Python: extra_columns="keep")'
        )
        listed = ", ".join(shown(name) for name in others)
        problems.append(Problem(place, "", "", f"columns that no profile has: {listed}", hint))
    for name in sorted(set(others) & set(taken)) if extra == "keep" else ():
        hint = "rename it, or use --extra-columns drop"
        expected = "a name that no column of the answers has"
        problems.append(Problem(place, name, expected, "one that the answers have", hint))
    dropped = {*others} if extra == "drop" else set()
    twice = sorted({name for name, count in Counter(names).items() if count > 1} - dropped)
    problems += [Problem(place, name, "each column once", "it more than once") for name in twice]
    states = columns(declared).keys() - {ID, "name"}
    if (others or header) and names and not problems and not states & set(names):
        listed = ", ".join(shown(name) for name in dict.fromkeys(names))
        expected = f"at least {one_of(name for name in columns(declared) if name in states)}"
        problems.append(Problem(place, "", expected, f"only {listed}", "rename its columns"))
    return problems


def extra_columns_in(word: str | None, place: str = "--extra-columns") -> ExtraColumns | None:
    """Return what a word says of columns that no profile has.

    Raises:
        InputError: where it says nothing.
    """
    words = get_args(ExtraColumns)
    if word is None or word in words:
        return cast("ExtraColumns | None", word)
    raise InputError([Problem(place, "", *not_one_of(word, words))])


def extras(names: Sequence[str], declared: Declarations) -> list[str]:
    """Return the columns that no profile has, in order, but for misspelt ones."""
    known = columns(declared)
    others = [name for name in dict.fromkeys(names) if name not in known]
    others = [name for name in others if not _INDEX.fullmatch(name)]
    return [name for name in others if not nearly(name, declared)]


def nearly(name: str, declared: Declarations) -> str:
    """Return the column of which a name is a misspelling; empty where there is none."""
    return _nearly(name, declared) if len(name) <= _LONGEST else ""


@lru_cache(maxsize=2**10)
def _nearly(name: str, declared: Declarations) -> str:
    from difflib import get_close_matches  # noqa: PLC0415  (needed for unknown columns only)

    known = columns(declared)
    if name in known:
        return ""
    near = get_close_matches(re.sub("[ -]+", "_", name.strip().lower()), known, 1, _NEAR)
    return near[0] if near else ""


def is_text(value: object) -> bool:
    """Return whether a value is text that can be written as UTF-8."""
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def column_of(path: str) -> str:
    """Return the path of a problem without the table, as columns have it."""
    for table in _TABLES:
        path = path.removeprefix(f"{table}.")
    return path
