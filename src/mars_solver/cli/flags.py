"""What `--require k=v`, `--prefer k=n` and `--measure m.f=v` say, as tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from mars_solver.errors import Faults, Problem, rerooted, shown
from mars_solver.inputs.catalogue.attributes import Declarations
from mars_solver.inputs.catalogue.catalogue import Catalogue
from mars_solver.inputs.catalogue.measurements import claim_in, with_measurements
from mars_solver.inputs.parsing import not_one_of, number_or_text
from mars_solver.inputs.profile import Profile, parse_profile
from mars_solver.inputs.profile_row import members_in
from mars_solver.vocabulary import Kind

_WORDS: Final = {"true": True, "false": False}
_UNSAID: Final = "null"
"""What unsays the file."""
MEASURE: Final = "--measure"


def spelled(word: str, known: Iterable[str]) -> str:
    """Return the one known word that differs from a word in case alone; the word if none does."""
    same = [each for each in known if each.casefold() == word.casefold()]
    return same[0] if len(same) == 1 else word


def profile_from(
    document: Mapping[str, Any],
    place: str,
    declared: Declarations,
    *,
    require: Iterable[str] = (),
    prefer: Iterable[str] = (),
    **fields: object,
) -> Profile:
    """Return the profile of a document with flags laid over it.

    Args:
        document: the content of the profile file; empty where there is none.
        place: how messages call the document.
        declared: what can be asked.
        require: the values of `--require`, each `name=value`, or the name alone of a capability;
            `null` unsays the file.
        prefer: the values of `--prefer`, each `name=number`.
        fields: top-level fields that flags state; None leaves the document's.

    Raises:
        InputError: with every fault of the flags and the document.
    """
    faults = Faults()
    merged: dict[str, Any] = dict(document)
    for name, texts in (("require", require), ("prefer", prefer)):
        with faults:
            table = _checked(name, texts, declared)
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
        profile = parse_profile(merged, place, declared)
    faults.check()
    return profile


def _checked(name: str, texts: Iterable[str], declared: Declarations) -> dict[str, object]:
    """Return the values of `--require` or `--prefer` as a table that a profile may have."""
    flag = f"--{name}"
    own: dict[str, str] = {}
    table, problems = _table(texts, flag, declared, own)
    faults = Faults(problems)

    def as_flag(problem: Problem) -> Problem:
        path = problem.path.removeprefix(f"{name}.")
        key, _, below = path.partition(".")
        moved = replace(problem, place=own.get(key, flag), path=below if key in own else path)
        return replace(moved, hint=moved.hint or _point(moved.found))

    with faults, rerooted(as_flag):
        parse_profile({name: table}, flag, declared)
    faults.check()
    return table


def _table(
    texts: Iterable[str], flag: str, declared: Declarations, own: dict[str, str]
) -> tuple[dict[str, object], list[Problem]]:
    """Return flags `name=value` as a table, and what is wrong; a capability alone is a yes.

    A text `--name=value` comes from a flag of its own, which is put into `own`, by name.
    """
    table: dict[str, object] = {}
    problems: list[Problem] = []
    criteria = [each.name for each in declared.criteria]
    known = declared.requirement if flag == "--require" else criteria
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if name.startswith("--"):
            flagged, name = name, name.removeprefix("--").replace("-", "_")
            own[name] = flagged
        name = spelled(name, known)
        requirement = declared.requirement.get(name) if flag == "--require" else None
        kind = requirement.kind if requirement else None
        if kind is Kind.CAPABILITY and not equals:
            equals, value = "=", "true"
        if not equals or not name:
            if name and kind is None and flag == "--require":
                said = not_one_of(name, declared.requirement, kind="requirement")
                problems.append(Problem(flag, "", *said))
            else:
                hint = f"write {flag} {name or 'name'}=value"
                problems.append(Problem(flag, name, "name=value", shown(text), hint))
        elif name in table:
            hint = "list the members with commas" if kind is Kind.SET else "keep one"
            problems.append(Problem(own.get(name, flag), name, "each name once", "it twice", hint))
        else:
            table[name] = _value(kind, value)
    return table, problems


def _point(found: str) -> str:
    """Return how to write a number that has a comma; empty for anything else."""
    comma = re.fullmatch(r'"(\d+),(\d+)"', found)
    if not comma:
        return ""
    whole, rest = comma.groups()
    thousands = f", or {whole}{rest}" if len(rest) == 3 else ""  # noqa: PLR2004
    return f"write {whole}.{rest}{thousands}"


def _value(kind: Kind | None, text: str) -> object:
    """Return the value that a flag's text spells; what spells none stays text."""
    if text == _UNSAID:
        return None
    if kind is Kind.SET:
        if not text:  # an unset variable of a shell, and no list that is meant to be empty
            return [text]
        bare = text[1:-1] if text[:1] + text[-1:] == "[]" else text
        return [member.strip("\"'") for member in members_in(bare)]
    return _WORDS.get(text.lower(), number_or_text(text))


# ------------------------------------------------------------------- measurements


def measured_by_flags(catalogue: Catalogue, texts: Iterable[str]) -> Catalogue:
    """Return a catalogue with the values of `--measure` as its chosen claims.

    A claim has no date of its own there, so that it takes the catalogue's: the same command gives
    the same answer on any day.

    Args:
        catalogue: to measure against.
        texts: each `model.attribute=value`, or `model.attribute.member=yes` for a set. A value is
            a number, a range `low..high`, yes, no or unknown.

    Raises:
        InputError: with every fault of the texts.
    """
    tables: dict[str, dict[str, Any]] = {}
    problems: list[Problem] = []
    claim = {"source": MEASURE, "as_of": catalogue.as_of}
    for text in texts:
        path, equals, value = (part.strip() for part in text.partition("="))
        model, rest = catalogue.model_in(path)
        name, _, member = rest.partition(".")
        attribute = catalogue.declared.attributes.get(name)
        if not (equals and value) or model is None or not name:
            problems.append(_unreadable(text, path, catalogue))
            continue
        table = tables.setdefault(model, {})
        said = {**claim, **claim_in(attribute, value)}
        if name in table and not (member and member not in table[name]):
            problems.append(Problem(MEASURE, path, "each fact once", "it twice", "keep one"))
        elif member:
            table.setdefault(name, {})[member] = said
        else:
            table[name] = said
    faults = Faults(problems)
    with faults:
        catalogue = with_measurements(catalogue, tables, place=MEASURE)
    faults.check()
    return catalogue


def _unreadable(text: str, path: str, catalogue: Catalogue) -> Problem:
    ids = catalogue.names
    if "=" in text and "." in path and catalogue.model_in(path)[0] is None:
        return Problem(MEASURE, path, *not_one_of(path.partition(".")[0], ids, kind="model"))
    hint = f"such as {next(iter(ids))}.{next(iter(catalogue.declared.attributes), 'attribute')}=…"
    return Problem(MEASURE, "", "model.attribute=value", shown(text), hint)
