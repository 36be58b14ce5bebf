"""The batch path in a Spark session of this machine; skipped where Spark cannot run."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mars_solver import InputError, Solver
from pages import PAGES, blocks
from tables import batch_of, expected, seeded_rows

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [
    pytest.mark.skipif(find_spec("pyspark") is None, reason="pyspark is not installed"),
    pytest.mark.skipif(
        shutil.which("java") is None and "JAVA_HOME" not in os.environ,
        reason="there is no Java runtime",
    ),
    pytest.mark.filterwarnings("ignore"),  # Spark's own
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("spark")


@pytest.fixture(scope="module")
def session(folder: Path) -> Iterator[SparkSession]:
    with contextlib.chdir(folder):  # Spark keeps the folder that it starts in
        yield from started()


def started() -> Iterator[SparkSession]:
    from pyspark.sql import SparkSession  # noqa: PLC0415

    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    builder = builder.config("spark.driver.bindAddress", "127.0.0.1")
    builder = builder.config("spark.driver.host", "127.0.0.1")
    made = builder.config("spark.sql.execution.arrow.maxRecordsPerBatch", "100").getOrCreate()
    yield made
    made.stop()


def test_a_frame_is_answered_as_recommend_answers_each_row(
    session: SparkSession, solver: Solver
) -> None:
    from mars_solver.batch.spark import decide_frame  # noqa: PLC0415

    made = [{**row, "id": f"p{i}"} for i, row in enumerate(seeded_rows(1000, seed=8))]
    frame = session.createDataFrame(pa.Table.from_batches([batch_of(made)])).repartition(3)
    answers = decide_frame(frame, top=2)
    found = {row["id"]: row.asDict() for row in answers.collect()}
    wanted = [expected(solver, row, 0, top=2) for row in made]
    assert len(found) == len(made)
    for want in wanted:
        del want["row"]
        assert found[want["id"]] == want
    assert any(want["reasons"] for want in wanted)
    assert answers.columns == list(wanted[0])


def test_what_the_documentation_shows_runs(session: SparkSession, folder: Path) -> None:
    cells = (body for page in PAGES for body in blocks(page, "python"))
    (code,) = (body for body in cells if "mars_solver.batch.spark" in body)
    table = pa.table({"id": ["a", "b"], "real_time": [True, False]})
    pq.write_table(table, folder / "profiles.parquet")
    exec(compile(code, "docs", "exec"), {"spark": session})  # noqa: S102
    answers = {row["id"]: row["model_1"] for row in session.read.parquet("answers").collect()}
    assert answers == {"a": "mars-flash", "b": "mars-pro"}


def test_a_wrong_column_is_named_before_any_work(session: SparkSession) -> None:
    from mars_solver.batch.spark import decide_frame  # noqa: PLC0415

    frame = session.createDataFrame([("a", "fast")], ["id", "max_ttfb_ms"])
    with pytest.raises(InputError, match="max_ttfb_ms: found text; expected numbers"):
        decide_frame(frame)


def test_a_wrong_option_is_named_before_any_work(session: SparkSession) -> None:
    from mars_solver.batch.spark import decide_frame  # noqa: PLC0415

    frame = session.createDataFrame([("a",)], ["id"])
    with pytest.raises(InputError) as caught:
        decide_frame(frame, unknown="maybe", top=0)  # type: ignore[arg-type]
    assert [problem.path for problem in caught.value.problems] == ["top", "unknown"]
