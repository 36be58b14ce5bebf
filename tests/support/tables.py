"""Tables of profiles over any catalogue, good and bad rows, and what `recommend` makes of each."""

from __future__ import annotations

import csv
import gzip
import json
import math
import random
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

from mars_solver import InputError, Solver, recommend_with
from mars_solver.inputs.catalogue.attributes import Declarations
from mars_solver.inputs.profile import parse_profile
from mars_solver.vocabulary import Kind, Policy
from strategies import DECLARED, SHIPPED_WORLD, World

Row = dict[str, Any]
TOP = {
    "id": pa.string(),
    "name": pa.string(),
    "workflow": pa.string(),
    "primary": pa.string(),
    "accept_beta": pa.bool_(),
}
"""The columns of every table."""
OF_KIND = {
    Kind.CAPABILITY: pa.bool_(),
    Kind.NUMBER: pa.float64(),
    Kind.ORDINAL: pa.float64(),
    Kind.SET: pa.list_(pa.string()),
}
BAD_LISTS: dict[str, list[Any]] = {
    "language": [["english"], ["en-us", ""], [None]],
    "number": [["fast"], ["8000", ""], [None]],
    "text": [[""], ["wav", ""], [None]],
}


def schema_of(declared: Declarations) -> pa.Schema:
    """The columns of a table, written out again from the contract."""
    types = {**TOP, **{r.name: OF_KIND[r.kind] for r in declared.requirements}}
    return pa.schema([*types.items(), *((c.name, pa.int64()) for c in declared.criteria)])


@cache
def cells(where: World) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
    """What may stand in each column, and what may not."""
    declared = where.solver.declared
    good: dict[str, list[Any]] = {
        "id": ["a", "b", "ü", ""],
        "name": ["Kiosk", "Über – ähnlich", "हिन्दी"],
        "workflow": ["batch"],
        "primary": [need.name for need in declared.needs] or [None],
        "accept_beta": [True, False],
    }
    bad: dict[str, list[Any]] = {
        "name": ["two\nlines", ""],
        "workflow": ["Batch", "batch ", ""],
        "primary": ["anything", "Real_time"],
    }
    for requirement in declared.requirements:
        asked = where.askable[requirement.name]
        if requirement.kind is Kind.SET:
            words = [*map(str, asked)]
            pairs = [[*pair] for pair in pairwise(words)]
            good[requirement.name] = [[], *([word] for word in words), *pairs, words[::4]]
            bad[requirement.name] = BAD_LISTS[requirement.members]
        elif requirement.numeric:
            good[requirement.name] = [*map(float, asked)]
            bad[requirement.name] = [0.0, -1.0, math.nan, math.inf, 2e9]
        else:
            good[requirement.name] = [True, False]
    for criterion in declared.criteria:
        good[criterion.name] = [0, 3, 5, 10]
        bad[criterion.name] = [-1, 11]
    return good, bad


GOOD, BAD = cells(SHIPPED_WORLD)


def rows(*, bad: bool = True) -> st.SearchStrategy[Row]:
    """Rows with few columns stated, so that something often remains; one in many is bad."""
    every = {
        name: st.sampled_from([*values, *(BAD.get(name, []) if bad else [])])
        for name, values in GOOD.items()
    }
    names = st.lists(st.sampled_from(sorted(every)), max_size=6, unique=True)
    return names.flatmap(lambda chosen: st.fixed_dictionaries({n: every[n] for n in chosen}))


def seeded_rows(
    count: int, seed: int, where: World = SHIPPED_WORLD, share: float = 0.3
) -> Iterable[Row]:
    """Random rows: real-valued amounts beside the critical ones, some bad cells.

    `share` is how many of the columns are stated.
    """
    chance = random.Random(seed)
    good, bad = cells(where)
    numeric = {r.name for r in where.solver.declared.requirements if r.numeric}
    for number in range(count):
        row: Row = {"id": f"p{number}"} if chance.random() < 0.9 else {}
        for name, values in good.items():
            if name == "id" or chance.random() > share:
                continue
            if chance.random() < 0.003 and name in bad:
                row[name] = chance.choice(bad[name])
            elif name in numeric and chance.random() < 0.5:
                row[name] = chance.uniform(min(values) / 2, min(max(values) * 2, 10**9))
            else:
                row[name] = chance.choice(values)
        yield row


def batch_of(made: Iterable[Row], declared: Declarations = DECLARED) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(list(made), schema=schema_of(declared))


def nested(row: Row, declared: Declarations = DECLARED) -> dict[str, Any]:
    """A row as the plain data of a profile, written out again from the contract."""
    top = TOP.keys() - {"id"}
    criteria = {criterion.name for criterion in declared.criteria}
    return {
        **{name: value for name, value in row.items() if name in top},
        "prefer": {name: _whole(value) for name, value in row.items() if name in criteria},
        "require": {
            name: value for name, value in row.items() if name not in {"id", *top, *criteria}
        },
    }


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def as_id(value: Any) -> str | None:
    """An id of any scalar kind as text."""
    if value is None or isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool) else str(_whole(value))


def _flat(path: str) -> str:
    return path.removeprefix("require.").removeprefix("prefer.")


def expected(
    solver: Solver, row: Row, number: int, unknown: Policy = "flag", top: int = 3
) -> dict[str, Any]:
    """The answer to a row, from the single path."""
    ranks = range(1, top + 1)
    blank = dict.fromkeys(f"{key}_{k}" for key in ("model", "score", "status") for k in ranks)
    said: dict[str, Any] = {
        "row": number,
        "id": as_id(row.get("id")),
        "status": "rejected",
        **blank,
    }
    said |= {"blocked": None, "flowchart_agrees": None, "reasons": None}
    try:
        profile = parse_profile(nested(row, solver.declared), "Profile", solver.declared)
        answer = recommend_with(solver, profile, unknown=unknown)
    except InputError as error:
        problems = [replace(p, place="", path=_flat(p.path)) for p in error.problems]
        said["reasons"] = [str(problem) for problem in sorted(problems)]
        return said
    said["status"] = answer.status
    said["flowchart_agrees"] = answer.flowchart and answer.flowchart.agrees
    for place in answer.shortlist[:top]:
        said[f"model_{place.rank}"] = place.model
        said[f"score_{place.rank}"] = place.score
        said[f"status_{place.rank}"] = place.status
    alone = [conflict[0] for conflict in answer.conflicts if len(conflict) == 1]
    blocked = alone or [name for conflict in answer.conflicts[:1] for name in conflict]
    said["blocked"] = ";".join(blocked) or None
    return said


def write(path: Path, made: list[Row]) -> Path:
    """A table of rows over the shipped catalogue in the format that the name tells."""
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(write(path.with_suffix(""), made).read_bytes()))
        path.with_suffix("").unlink()
        return path
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_batches([batch_of(made)]), path, row_group_size=700)
    elif path.suffix == ".jsonl":
        lines = [json.dumps(row) for row in made]
        path.write_text("\n".join(lines) + "\n", "utf-8")
    else:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, schema_of(DECLARED).names)
            writer.writeheader()
            writer.writerows([{n: _text(v) for n, v in row.items()} for row in made])
    return path


def _text(value: Any) -> str:
    return ";".join(value) if isinstance(value, list) else str(value)


def is_finite(value: object) -> bool:
    return not isinstance(value, float) or math.isfinite(value)
