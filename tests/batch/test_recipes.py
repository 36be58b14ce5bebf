"""The recipes of docs/tables.md, and the types that data frames and databases bring along."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from mars_solver import Solver, decide, decide_stream
from pages import ROOT, followed

LIBRARIES = ("datafusion", "duckdb", "pandas", "polars")
MISSING = [name for name in LIBRARIES if find_spec(name) is None]

pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=f"{', '.join(MISSING)} not installed"),
    pytest.mark.filterwarnings("ignore"),  # theirs
]

ROWS: list[dict[str, Any]] = [
    {"id": "7", "real_time": True, "max_ttfb_ms": 300, "latency": 8, "workflow": None},
    {"id": "8", "real_time": None, "max_ttfb_ms": None, "latency": None, "workflow": "batch"},
]
WANTED = decide(ROWS).to_pylist()


def test_the_page_shows_what_happens_with_all_of_them(tmp_path: Path, solver: Solver) -> None:
    shown = (ROOT / "docs" / "tables.md").read_text("utf-8")
    assert shown == followed(shown, tmp_path, solver)


def test_the_nullable_columns_of_pandas_are_answered() -> None:
    import pandas as pd  # noqa: PLC0415

    frame = pd.DataFrame(ROWS).assign(id=[7, 8])
    frame["workflow"] = pd.Categorical(frame["workflow"])
    assert str(frame["latency"].dtype) == "float64"
    assert decide(frame).to_pylist() == WANTED
    nullable = frame.astype({"latency": "Int64", "max_ttfb_ms": "Float64", "real_time": "boolean"})
    assert decide(nullable).to_pylist() == WANTED
    chosen = frame[frame["id"] == 8]
    assert chosen.index.tolist() == [1]
    assert decide(chosen).to_pylist() == [{**WANTED[1], "row": 0}]


def test_the_decimals_and_enumerations_of_duckdb_are_answered() -> None:
    import duckdb  # noqa: PLC0415

    query = """
        select * from (values
            (7::hugeint, true, 300::decimal(9, 2), 8::decimal(4, 1), null),
            (8, null, null, null, 'batch'::enum('batch', 'live'))
        ) as t(id, real_time, max_ttfb_ms, latency, workflow)
    """
    assert decide(duckdb.sql(query)).to_pylist() == WANTED
    assert decide_stream(duckdb.sql(query)).read_all().to_pylist() == WANTED


def test_the_categories_and_lists_of_polars_are_answered() -> None:
    import polars as pl  # noqa: PLC0415

    frame = pl.DataFrame(ROWS)
    for kind in (pl.Categorical, pl.Enum(["batch", "live"])):
        typed = frame.with_columns(pl.col("workflow").cast(kind), pl.col("id").cast(pl.Int32))
        assert decide(typed).to_pylist() == WANTED
    listed = pl.DataFrame({"languages": [["en-us", "pt-br"], []], "id": ["a", "b"]})
    assert decide(listed).to_pylist() == decide(listed.to_dicts()).to_pylist()


def test_the_plans_of_datafusion_are_answered() -> None:
    import datafusion  # noqa: PLC0415

    session = datafusion.SessionContext()
    plan = session.from_pylist(ROWS).sort(datafusion.col("id"))
    assert decide(plan).to_pylist() == WANTED
    assert decide_stream(plan).read_all().to_pylist() == WANTED
