"""A profile as one row of a table: its fields side by side, `require` and `prefer` opened up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import Enum
from typing import Any, Final

from mars_solver.errors import Faults, Problem, rerooted, shown
from mars_solver.inputs.parsing import not_one_of, number_or_text
from mars_solver.inputs.profile import Profile, parse_profile
from mars_solver.vocabulary import CRITERION_NAMES, REQUIREMENTS, Kind


class ColumnKind(Enum):
    """The kind of value in a column, in words for messages."""

    TEXT = "text"
    FLAG = "true or false"
    AMOUNT = "numbers"
    IMPORTANCE = "whole numbers"
    LOCALES = "lists of locale tags, or text with ; between them"


_OF_KIND: Final = {
    Kind.CAPABILITY: ColumnKind.FLAG,
    Kind.CEILING: ColumnKind.AMOUNT,
    Kind.FLOOR: ColumnKind.AMOUNT,
    Kind.LOCALES: ColumnKind.LOCALES,
}
ID: Final = "id"
LANGUAGES: Final = "languages"
COLUMNS: Final[dict[str, ColumnKind]] = {
    ID: ColumnKind.TEXT,
    "name": ColumnKind.TEXT,
    "workflow": ColumnKind.TEXT,
    "primary": ColumnKind.TEXT,
    "accept_beta": ColumnKind.FLAG,
    **{r.name: _OF_KIND[r.kind] for r in REQUIREMENTS},
    **dict.fromkeys(CRITERION_NAMES, ColumnKind.IMPORTANCE),
}
"""Every column of a table of profiles, in declared order; each may be absent."""
SEPARATOR: Final = ";"
_TABLES: Final = {
    **{r.name: "require" for r in REQUIREMENTS},
    **dict.fromkeys(CRITERION_NAMES, "prefer"),
}


def parse_row(row: Mapping[str, Any], place: str = "") -> Profile:
    """Return the profile in one row of a table.

    Args:
        row: values by column; null and an absent column mean "not stated".
        place: how messages call the row.

    Raises:
        InputError: with every fault of the row, each under the name of its column.
    """
    nested, problems = opened(row, place)
    faults = Faults(problems)
    with faults, rerooted(lambda problem: replace(problem, path=_column(problem.path))):
        profile = parse_profile(nested, place)
    faults.check()
    return profile


def opened(row: Mapping[str, Any], place: str) -> tuple[dict[str, Any], list[Problem]]:
    """Return a row as a profile's nested table, and what is wrong with its columns and its id."""
    nested: dict[str, Any] = {"require": {}, "prefer": {}}
    problems: list[Problem] = []
    for column, value in row.items():
        if column not in COLUMNS:
            problems.append(unknown_column(column, place))
        elif column == ID:
            if value is not None and not is_text(value):
                problems.append(Problem(place, ID, "text", shown(value)))
        else:
            table = nested.get(_TABLES.get(column, ""), nested)
            split = column == LANGUAGES and isinstance(value, str)
            table[column] = tags_in(value) if split else value
    return nested, problems


def from_text(cell: ColumnKind, text: str) -> object:
    """Return the value that the text of a cell spells; text that spells none stays text."""
    match cell:
        case ColumnKind.FLAG:
            return {"": None, "true": True, "false": False}.get(text.strip(" ").lower(), text)
        case ColumnKind.AMOUNT | ColumnKind.IMPORTANCE:
            return number_or_text(text.strip(" ")) if text.strip(" ") else None
        case _:
            return text or None


def tags_in(text: str) -> list[str]:
    """Return the locale tags in one text, which `SEPARATOR` separates."""
    return [tag.strip(" ") for tag in text.split(SEPARATOR)] if text.strip(" ") else []


def unknown_column(column: str, place: str) -> Problem:
    """Return the problem of a column that no profile has."""
    return Problem(place, "", *not_one_of(column, COLUMNS, kind="column", otherwise="drop it"))


def column_problems(names: Sequence[str], place: str) -> list[Problem]:
    """Return the problems of the columns of a table: unknown ones and repeated ones."""
    problems = [unknown_column(name, place) for name in names if name not in COLUMNS]
    twice = sorted({name for name in names if names.count(name) > 1})
    problems += [Problem(place, name, "each column once", "it more than once") for name in twice]
    return problems


def is_text(value: object) -> bool:
    """Return whether a value is text that can be written as UTF-8."""
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _column(path: str) -> str:
    """Return the path of a problem without the table, as columns have it."""
    for table in ("require.", "prefer."):
        path = path.removeprefix(table)
    return path
