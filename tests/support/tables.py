"""Tables of profiles, good and bad rows, and what `recommend` makes of each row."""

from __future__ import annotations

import csv
import json
import math
import random
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

from mars_solver import InputError, Solver, recommend_with
from mars_solver.inputs.profile import parse_profile
from mars_solver.vocabulary import Kind, Policy
from strategies import AMOUNTS, CRITERIA, DECLARED, LISTS, TAGS

Row = dict[str, Any]
CAPABILITIES = [each.name for each in DECLARED.requirements if each.kind is Kind.CAPABILITY]
WORDS = {
    r.name: LISTS[r.name]
    for r in DECLARED.requirements
    if r.kind is Kind.SET and r.members == "text"
}
TYPES = {
    "id": pa.string(),
    "name": pa.string(),
    "workflow": pa.string(),
    "primary": pa.string(),
    "accept_beta": pa.bool_(),
    **dict.fromkeys(CAPABILITIES, pa.bool_()),
    **dict.fromkeys(AMOUNTS, pa.float64()),
    "languages": pa.list_(pa.string()),
    **dict.fromkeys(WORDS, pa.list_(pa.string())),
    **dict.fromkeys(CRITERIA, pa.int64()),
}
SCHEMA = pa.schema(list(TYPES.items()))
BAD: dict[str, list[Any]] = {
    "name": ["two\nlines", ""],
    "workflow": ["Batch", "batch ", ""],
    "primary": ["footprint", "Real_time"],
    **{name: [0.0, -1.0, math.nan, math.inf, 2e9] for name in AMOUNTS},
    "languages": [["english"], ["en-us", ""], [None]],
    **{name: [-1, 11] for name in CRITERIA},
}
GOOD: dict[str, list[Any]] = {
    "id": ["a", "b", "ü", ""],
    "name": ["Kiosk", "Über – ähnlich", "हिन्दी"],
    "workflow": ["batch"],
    "primary": [need.name for need in DECLARED.needs],
    "accept_beta": [True, False],
    **{name: [True, False] for name in CAPABILITIES},
    **AMOUNTS,
    "languages": [[], ["en-us"], ["EN_US", "hi-in"], [*TAGS], ["en-gb", "en-uk"], ["qq-qq"]],
    **{name: [[], members[:1], members[1:]] for name, members in WORDS.items()},
    **{name: [0, 3, 5, 10] for name in CRITERIA},
}


def rows(*, bad: bool = True) -> st.SearchStrategy[Row]:
    """Rows with few columns stated, so that something often remains; one in many is bad."""
    cells = {
        name: st.sampled_from([*values, *(BAD.get(name, []) if bad else [])])
        for name, values in GOOD.items()
    }
    names = st.lists(st.sampled_from(sorted(cells)), max_size=6, unique=True)
    return names.flatmap(lambda chosen: st.fixed_dictionaries({n: cells[n] for n in chosen}))


def seeded_rows(count: int, seed: int) -> Iterable[Row]:
    """Random rows: real-valued amounts beside the critical ones, some bad cells."""
    chance = random.Random(seed)
    for number in range(count):
        row: Row = {"id": f"p{number}"} if chance.random() < 0.9 else {}
        for name, values in GOOD.items():
            if name == "id" or chance.random() < 0.7:
                continue
            if chance.random() < 0.003 and name in BAD:
                row[name] = chance.choice(BAD[name])
            elif name in AMOUNTS and chance.random() < 0.5:
                row[name] = chance.uniform(min(values) / 2, max(values) * 2)
            else:
                row[name] = chance.choice(values)
        yield row


def batch_of(made: Iterable[Row]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(list(made), schema=SCHEMA)


def nested(row: Row) -> dict[str, Any]:
    """A row as the plain data of a profile, written out again from the contract."""
    top = {"name", "workflow", "primary", "accept_beta"}
    return {
        **{name: value for name, value in row.items() if name in top},
        "prefer": {name: value for name, value in row.items() if name in CRITERIA},
        "require": {
            name: value for name, value in row.items() if name not in {"id", *top, *CRITERIA}
        },
    }


def _flat(path: str) -> str:
    return path.removeprefix("require.").removeprefix("prefer.")


def expected(
    solver: Solver, row: Row, number: int, unknown: Policy = "flag", top: int = 3
) -> dict[str, Any]:
    """The answer to a row, from the single path."""
    ranks = range(1, top + 1)
    blank = dict.fromkeys(f"{key}_{k}" for key in ("model", "score", "status") for k in ranks)
    said: dict[str, Any] = {"row": number, "id": row.get("id"), "status": "rejected", **blank}
    said |= {"blocked": None, "flowchart_agrees": None, "reasons": None}
    try:
        profile = parse_profile(nested(row), "row", solver.declared)
        answer = recommend_with(solver, profile, unknown=unknown)
    except InputError as error:
        problems = [replace(p, place="", path=_flat(p.path)) for p in error.problems]
        said["reasons"] = [str(problem) for problem in sorted(problems)]
        return said
    agrees = answer.flowchart.agrees if answer.flowchart else None
    said |= {"status": answer.status, "flowchart_agrees": agrees}
    for place in answer.shortlist[:top]:
        said[f"model_{place.rank}"] = place.model
        said[f"score_{place.rank}"] = place.score
        said[f"status_{place.rank}"] = place.status
    alone = [conflict[0] for conflict in answer.conflicts if len(conflict) == 1]
    blocked = alone or [name for conflict in answer.conflicts[:1] for name in conflict]
    said["blocked"] = ";".join(blocked) or None
    return said


def write(path: Path, made: list[Row]) -> Path:
    """A table of rows in the format that the name tells."""
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_batches([batch_of(made)]), path, row_group_size=700)
    elif path.suffix == ".jsonl":
        lines = [json.dumps(row) for row in made]
        path.write_text("\n".join(lines) + "\n", "utf-8")
    else:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, SCHEMA.names)
            writer.writeheader()
            writer.writerows([{n: _text(v) for n, v in row.items()} for row in made])
    return path


def _text(value: Any) -> str:
    return ";".join(value) if isinstance(value, list) else str(value)


def is_finite(value: object) -> bool:
    return not isinstance(value, float) or math.isfinite(value)
