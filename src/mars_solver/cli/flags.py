"""What `--require k=v` and `--prefer k=n` say, as the tables of a profile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from mars_solver.errors import Faults, InputError, Problem, rerooted, shown
from mars_solver.inputs.parsing import number_or_text
from mars_solver.inputs.profile import Profile, parse_profile

_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}


def profile_from(
    document: Mapping[str, Any],
    place: str,
    *,
    require: Iterable[str] = (),
    prefer: Iterable[str] = (),
    **fields: object,
) -> Profile:
    """Return the profile of a document with flags laid over it.

    Args:
        document: the content of the profile file; empty where there is none.
        place: how messages call the document.
        require: the values of `--require`, each `name=value`; `null` unsays the file.
        prefer: the values of `--prefer`, each `name=number`.
        fields: top-level fields that flags state; None leaves the document's.

    Raises:
        InputError: with every fault of the flags and the document.
    """
    faults = Faults()
    merged: dict[str, Any] = dict(document)
    for name, texts in (("require", require), ("prefer", prefer)):
        with faults:
            table = _checked(name, texts)
            below = merged.get(name)
            if table and (below is None or isinstance(below, Mapping)):
                merged[name] = {**(below or {}), **table}
    stated = {name: value for name, value in fields.items() if value is not None}
    merged.update(stated)

    def as_flag(problem: Problem) -> Problem:
        if problem.path not in stated:
            return problem
        return replace(problem, place=f"--{problem.path.replace('_', '-')}", path="")

    with faults, rerooted(as_flag):
        profile = parse_profile(merged, place)
    faults.check()
    return profile


def _checked(name: str, texts: Iterable[str]) -> dict[str, object]:
    """Return the values of `--require` or `--prefer` as a table that a profile may have."""
    flag = f"--{name}"
    with rerooted(lambda problem: replace(problem, path=problem.path.removeprefix(f"{name}."))):
        table = _table(texts, flag)
        parse_profile({name: table}, flag)
    return table


def _table(texts: Iterable[str], flag: str) -> dict[str, object]:
    """Return flags `name=value` as a table."""
    table: dict[str, object] = {}
    problems: list[Problem] = []
    for text in texts:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals or not name:
            hint = f"write {flag} {name or 'name'}=value"
            problems.append(Problem(flag, name, "name=value", shown(text), hint))
        elif name in table:
            hint = "keep one" if name != "languages" else "list the locales with commas"
            problems.append(Problem(flag, name, "each name once", "it twice", hint))
        else:
            table[name] = _value(name, value.strip())
    if problems:
        raise InputError(problems)
    return table


def _value(name: str, text: str) -> object:
    """Return the value that a flag's text stands for; what stands for none stays text."""
    if text in _WORDS:
        return _WORDS[text]
    if name == "languages":
        return [tag.strip() for tag in text.split(",")]
    return number_or_text(text)
