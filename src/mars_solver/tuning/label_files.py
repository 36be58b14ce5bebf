"""Labels in files: scenarios in TOML or JSON, JSON Lines, and tables in CSV or Parquet."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any, Final

from mars_solver.errors import Faults, InputError, Problem, extra, rerooted, shown
from mars_solver.inputs import files
from mars_solver.inputs.catalogue.attributes import Declarations
from mars_solver.inputs.documents import decode, parse_json, table_in
from mars_solver.inputs.parsing import not_one_of
from mars_solver.inputs.profile_row import (
    SEPARATOR,
    ColumnKind,
    columns,
    delimiter_in,
    from_text,
    opened,
)
from mars_solver.solving.solver import Solver
from mars_solver.tuning.labels import Label, parse_label
from mars_solver.tuning.targets import GroundedLabel, questions

SCENARIOS: Final = (".toml", ".json")
LINES: Final = (".jsonl", ".ndjson")
TABLES: Final = (".csv", ".parquet", ".pq")
SUFFIXES: Final = (*SCENARIOS, *LINES, *TABLES)
MANY: Final = ("labels", "scenarios")
"""The keys under which one file lists several labels."""
OVER: Final = ">"
"""The separator of the two models of a pair in a table."""
_OWN: Final = {
    "expected": ColumnKind.TEXT,
    "over": ColumnKind.TEXT,
    "group": ColumnKind.TEXT,
    "weight": ColumnKind.AMOUNT,
    "line": ColumnKind.TEXT,
    "preset": ColumnKind.TEXT,
    "text": ColumnKind.TEXT,
}
_HEADER: Final = re.compile(r"(\[\[?)\s*([^\[\]]+?)\s*\]")
_KEY: Final = re.compile(r"([A-Za-z0-9_.\"' -]+?)\s*=")

LabelParser = Callable[[], Label]
"""Parses one label; raises `InputError` if it has faults."""


def load_labels(paths: Iterable[str | Path], declared: Declarations) -> tuple[Label, ...]:
    """Return the labels in files and folders of files, in this order.

    Args:
        paths: of the files and folders.
        declared: what their profiles can ask for.

    Raises:
        InputError: if a file has faults; all are named, each with its line (in Parquet, its row).
    """
    labels, problems = collect_labels(paths, declared)
    if problems:
        raise InputError(problems)
    return labels


def load_questions(paths: Iterable[str | Path], solver: Solver) -> tuple[GroundedLabel, ...]:
    """Return the labels in files and folders of files, held against the facts.

    Raises:
        InputError: if a file or a label has faults; all are named.
    """
    labels, problems = collect_labels(paths, solver.declared)
    faults = Faults(problems)
    with faults:
        grounded = questions(labels, solver)
    faults.check()
    return grounded


def collect_labels(
    paths: Iterable[str | Path], declared: Declarations
) -> tuple[tuple[Label, ...], list[Problem]]:
    """Return the labels that can be read from files and folders, and the problems of the others."""
    faults = Faults()
    labels: list[Label] = []
    chosen: list[Path] = []
    parsers: list[LabelParser] = []
    for path in paths:
        with faults:
            chosen += files.files_in(path, SUFFIXES)
    for path in chosen:
        with faults:
            parsers += _parsers(path, declared)
    for parser in parsers:
        with faults:
            labels.append(parser())
    if not labels and not faults.problems:
        places = ", ".join(map(str, chosen)) or "LABELS"
        faults.problems.append(Problem(places, "", "at least one label", "none"))
    return tuple(labels), faults.problems


def _parsers(path: Path, declared: Declarations) -> Iterable[LabelParser]:
    """Return a parser for each label in one file."""
    place, suffix = str(path), path.suffix.lower()
    if suffix not in SUFFIXES:
        found = path.suffix or "no suffix"
        hint = "name it after its format"
        raise InputError(
            [Problem(place, "", f"a file that ends in {', '.join(SUFFIXES)}", found, hint)]
        )
    if suffix in SCENARIOS:
        return _scenarios(files.read_long(path), declared, place)
    if suffix in LINES:
        return _json_lines(files.read_long(path), declared, place)
    if suffix == ".csv":
        return _csv_rows(files.read_long(path), declared, place)
    with extra("batch"):
        from mars_solver.batch import tables  # noqa: PLC0415
    rows = tables.parquet_rows(path)
    parsers = [partial(_from_row, row, declared, place, n) for n, row in enumerate(rows, start=1)]
    return [*_strange(rows[0] if rows else (), declared, place), *parsers]


def _scenarios(data: bytes, declared: Declarations, place: str) -> list[LabelParser]:
    """Return a parser for the label of a document, or for each label under a key of `MANY`."""
    document = table_in(data, place)
    is_json = place.endswith(".json") or data.lstrip().startswith(b"{")
    lines = [] if is_json else toml_lines(decode(data, place))
    key = next((key for key in MANY if key in document), None)
    if key is None:
        return [partial(parse_label, document, declared, place, lines[0] if lines else None)]
    many = document[key]
    others = [name for name in document if name != key]
    if not isinstance(many, list) or others:
        found = f"{', '.join(others)} beside it" if others else shown(many)
        raise InputError([Problem(place, key, "nothing but a list of labels", found)])
    if len(lines) == len(many) + 1:
        pairs = zip(many, lines[1:], strict=True)
        return [partial(parse_label, each, declared, place, at) for each, at in pairs]
    return [
        partial(parse_label, each, declared, f"{place}:{key}.{i}") for i, each in enumerate(many)
    ]


def _json_lines(data: bytes, declared: Declarations, place: str) -> list[LabelParser]:
    def one(number: int, line: bytes) -> Label:
        where = f"{place}:{number}"
        return parse_label(parse_json(decode(line, where), where), declared, place, {"": number})

    numbered = enumerate(data.split(b"\n"), start=1)
    return [partial(one, n, line) for n, line in numbered if line.strip(b" \t\r\xef\xbb\xbf")]


def _csv_rows(data: bytes, declared: Declarations, place: str) -> list[LabelParser]:
    """Return a parser for each row of CSV, which reports the line at which the row begins.

    Raises:
        InputError: if a column appears twice.
    """
    text = decode(data, place)
    between = delimiter_in(text.lstrip().partition("\n")[0])
    comma = between != ","
    reader = csv.reader(StringIO(text, newline=""), strict=True, delimiter=between)
    kinds = _known(declared)
    parsers: list[LabelParser] = []
    header: list[str] = []
    start = 1
    try:
        for cells in reader:
            where = f"{place}:{start}"
            if not header:
                header = [cell.strip() for cell in cells]
                if problems := _repeated(header, where):
                    raise InputError(problems)
                parsers += _strange(header, declared, where)
            elif cells and len(cells) != len(header):
                what = f"{len(header)} cells, as the header has"
                parsers.append(partial(_refuse, Problem(where, "", what, str(len(cells)))))
            elif cells:
                row = {
                    name: from_text(kinds.get(name, ColumnKind.TEXT), cell, comma=comma)
                    for name, cell in zip(header, cells, strict=True)
                }
                parsers.append(partial(_from_row, row, declared, place, start))
            start = reader.line_num + 1
    except csv.Error as error:
        what = "a line of CSV"
        parsers.append(partial(_refuse, Problem(f"{place}:{start}", "", what, str(error))))
    return parsers


def _refuse(problem: Problem) -> Label:
    raise InputError([problem])


def _repeated(header: list[str], place: str) -> list[Problem]:
    twice = sorted({name for name in header if header.count(name) > 1})
    return [Problem(place, name, "each column once", "it more than once") for name in twice]


def _known(declared: Declarations) -> Mapping[str, ColumnKind]:
    """Return the columns that a table of labels may have."""
    return {**columns(declared), **_OWN}


def _strange(header: Iterable[str], declared: Declarations, place: str) -> list[LabelParser]:
    """Return what refuses each column that a table of labels may not have, once for all rows."""
    known = _known(declared)
    strange = [name for name in header if name not in known]
    return [
        partial(_refuse, Problem(place, "", *not_one_of(name, known, kind="column")))
        for name in strange
    ]


def _from_row(row: Mapping[str, Any], declared: Declarations, place: str, number: int) -> Label:
    """Return the label in the known columns of one row of a table."""
    where = f"{place}:{number}"
    asked = {name: row[name] for name in row if name in columns(declared) and name not in _OWN}
    profile, problems = opened(asked, declared, where)
    if problems:
        raise InputError(problems)
    own = {name: row[name] for name in _OWN if row.get(name) is not None}
    for name in own.keys() & {"expected", "over"}:
        if isinstance(own[name], str):
            own[name] = [part.strip() for part in own[name].split(SEPARATOR) if part.strip()]
    if isinstance(own.get("over"), list):
        own["over"] = [_pair(each) for each in own["over"]]
    with rerooted(lambda problem: replace(problem, path=_column(problem.path))):
        data = {"id": row.get("id"), "profile": profile, **own}
        return parse_label(data, declared, place, {"": number})


def _pair(value: object) -> object:
    return [part.strip() for part in value.split(OVER)] if isinstance(value, str) else value


def _column(path: str) -> str:
    for table in ("profile.require.", "profile.prefer.", "profile."):
        path = path.removeprefix(table)
    return path


def toml_lines(text: str) -> list[dict[str, int]]:
    """Return the line of each dotted path: first in the document, then in each of its labels.

    Only headers and keys are read, line by line, which is enough to point at them.
    """
    tables: list[dict[str, int]] = [{}]
    prefix: tuple[str, ...] = ()
    for number, line in enumerate(text.split("\n"), start=1):
        stripped = line.strip()
        if header := _HEADER.match(stripped):
            prefix = _parts(header[2])
            if prefix[0] in MANY:
                prefix = prefix[1:]
                if not prefix and header[1] == "[[":
                    tables.append({"": number})
            _note(tables[-1], prefix, number)
        elif key := _KEY.match(stripped):
            _note(tables[-1], (*prefix, *_parts(key[1])), number)
    return tables


def _note(lines: dict[str, int], path: tuple[str, ...], number: int) -> None:
    for length in range(len(path) + 1):
        lines.setdefault(".".join(path[:length]), number)


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in text.split("."))
