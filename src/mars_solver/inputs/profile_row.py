"""A profile as one row of a table: its fields side by side, `require` and `prefer` opened up."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import Enum
from functools import lru_cache
from typing import Any, Final

from mars_solver.errors import Faults, Problem, rerooted, shown
from mars_solver.inputs.catalogue.attributes import Declarations
from mars_solver.inputs.parsing import not_one_of, number_or_text
from mars_solver.inputs.profile import Profile, parse_profile
from mars_solver.vocabulary import ACCEPT_BETA, Kind


class ColumnKind(Enum):
    """The kind of value in a column, in words for messages."""

    TEXT = "text"
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
SEPARATOR: Final = ";"
"""What separates the members that one text lists, and the names in one cell of an answer."""
_BETWEEN: Final = re.compile("[;,]")


@lru_cache(maxsize=2**6)
def columns(declared: Declarations) -> Mapping[str, ColumnKind]:
    """Return every column of a table of profiles, in declared order; each may be absent."""
    return {
        ID: ColumnKind.TEXT,
        "name": ColumnKind.TEXT,
        "workflow": ColumnKind.TEXT,
        "primary": ColumnKind.TEXT,
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
    with faults, rerooted(lambda problem: replace(problem, path=column_of(problem.path))):
        profile = parse_profile(nested, place, declared)
    faults.check()
    return profile


def opened(
    row: Mapping[str, Any], declared: Declarations, place: str
) -> tuple[dict[str, Any], list[Problem]]:
    """Return a row as a profile's nested table, and what is wrong with its columns and its id."""
    require: dict[str, Any] = {}
    prefer: dict[str, Any] = {}
    nested: dict[str, Any] = {"require": require, "prefer": prefer}
    problems: list[Problem] = []
    known = columns(declared)
    for column, value in row.items():
        if column not in known:
            problems.append(unknown_column(column, declared, place))
        elif column == ID:
            if value is not None and not is_text(value):
                problems.append(Problem(place, ID, "text", shown(value)))
        elif column in declared.requirement:
            split = known[column] is ColumnKind.MEMBERS and isinstance(value, str)
            require[column] = members_in(value) if split else value
        else:
            (prefer if column in declared.criterion else nested)[column] = value
    return nested, problems


def from_text(kind: ColumnKind, text: str) -> object:
    """Return the value that the text of a cell spells; text that spells none stays text."""
    match kind:
        case ColumnKind.FLAG:
            return {"": None, "true": True, "false": False}.get(text.strip(" ").lower(), text)
        case ColumnKind.AMOUNT | ColumnKind.IMPORTANCE:
            return number_or_text(text.strip(" ")) if text.strip(" ") else None
        case _:
            return text or None


def members_in(text: str) -> list[str]:
    """Return the members that one text lists, with `;` or `,` between them."""
    return [member.strip(" ") for member in _BETWEEN.split(text)] if text.strip(" ") else []


def unknown_column(column: str, declared: Declarations, place: str) -> Problem:
    """Return the problem of a column that no profile has."""
    known = columns(declared)
    return Problem(place, "", *not_one_of(column, known, kind="column", otherwise="drop it"))


def column_problems(names: Sequence[str], declared: Declarations, place: str) -> list[Problem]:
    """Return the problems of the columns of a table: unknown ones and repeated ones."""
    known = columns(declared)
    problems = [unknown_column(name, declared, place) for name in names if name not in known]
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


def column_of(path: str) -> str:
    """Return the path of a problem without the table, as columns have it."""
    for table in ("require.", "prefer."):
        path = path.removeprefix(table)
    return path
