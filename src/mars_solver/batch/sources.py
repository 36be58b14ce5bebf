"""What people bring as a table: Arrow in any form, plain rows, nested profiles."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pyarrow as pa

from mars_solver.batch.answers import MOST_ROWS, answer_schema, answered, counted_from, with_kept
from mars_solver.batch.plain_rows import from_rows
from mars_solver.batch.records import Records, check_schema, of_batch
from mars_solver.errors import Faults, InputError, Problem
from mars_solver.inputs.brought import each_of, is_one
from mars_solver.inputs.profile_row import ExtraColumns, extras, flat
from mars_solver.solving.solver import Solver
from mars_solver.vocabulary import Policy

_PLACE: Final = "table"
_EXPECTED: Final = (
    "an Arrow table, batch or reader, anything with the Arrow C stream, or a list of profiles"
)


def decide(
    table: Any,
    solver: Solver,
    unknown: Policy = "flag",
    top: int = 3,
    extra: ExtraColumns | None = None,
) -> pa.RecordBatch | pa.Table:
    """Return the answers to the profiles of a table: `api.decide`.

    Raises:
        InputError: where it is no table, or with every fault of its columns.
    """
    if is_one(table):
        each_of(table, _PLACE, _EXPECTED)
    if hasattr(table, "__arrow_c_array__") and not hasattr(table, "__arrow_c_stream__"):
        with _tables(table):
            table = pa.record_batch(table)
    if isinstance(table, pa.RecordBatch):
        taken = answer_schema(top).names
        check_schema(table.schema, solver.declared, _PLACE, extra, taken)
        return answered(of_batch(table, solver.declared, extra), solver, unknown, top)
    if hasattr(table, "__arrow_c_stream__"):
        return stream(table, solver, unknown, top, extra).read_all()
    return answered(_of_profiles(table, solver, top, extra), solver, unknown, top)


def stream(
    source: Any,
    solver: Solver,
    unknown: Policy = "flag",
    top: int = 3,
    extra: ExtraColumns | None = None,
) -> pa.RecordBatchReader:
    """Return the answers to the profiles of a stream, as they are asked for: `api.decide_stream`.

    Raises:
        InputError: where it is no stream, or with every fault of its columns.
    """
    if is_one(source) or not hasattr(source, "__arrow_c_stream__"):
        batch = decide(source, solver, unknown, top, extra)
        return pa.RecordBatchReader.from_batches(batch.schema, [batch])
    with _tables(source):
        reader = pa.RecordBatchReader.from_stream(source)
    answers = answer_schema(top)
    check_schema(reader.schema, solver.declared, _PLACE, extra, answers.names)
    others = extras(reader.schema.names, solver.declared) if extra == "keep" else []
    kept = pa.schema([reader.schema.field(name) for name in others])

    def batches() -> Iterator[pa.RecordBatch]:
        rows = 0
        for batch in reader:
            for start in range(0, batch.num_rows, MOST_ROWS):
                some = of_batch(batch.slice(start, MOST_ROWS), solver.declared, extra)
                found = answered(some, solver, unknown, top)
                yield counted_from(rows, found)
                rows += found.num_rows

    return pa.RecordBatchReader.from_batches(with_kept(answers, kept), batches())


@contextmanager
def _tables(source: Any) -> Iterator[None]:
    """Turn what Arrow says of a thing that is no table into a problem of it."""
    try:
        yield
    except pa.ArrowException as error:
        found = f"a {type(source).__name__}: {str(error).partition(chr(10))[0]}"
        raise InputError([Problem(_PLACE, "", _EXPECTED, found)]) from None


def _of_profiles(
    profiles: object,
    solver: Solver,
    top: int,
    extra: ExtraColumns | None,
) -> Records:
    """Return the records of flat rows and of nested profiles.

    Raises:
        InputError: with all that are neither.
    """
    rows: list[dict[str, Any]] = []
    faults = Faults()
    for index, profile in enumerate(each_of(profiles, _PLACE, _EXPECTED)):
        with faults:
            rows.append(flat(profile, solver.declared, f"{_PLACE}[{index}]"))
    faults.check()
    return from_rows(rows, solver.declared, extra, answer_schema(top).names)
