"""The batch path on a Spark cluster: the same function, in `mapInArrow`.

The driver needs the extra `spark`, each worker the package with the extra `batch`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from mars_solver.errors import extra
from mars_solver.inputs.catalogue.catalogue import Catalogue
from mars_solver.inputs.options import check_options
from mars_solver.inputs.weights import Weights
from mars_solver.solving.solver import Solver, solver_of
from mars_solver.vocabulary import Policy

with extra("spark"):
    import pyarrow as pa
    from pyspark.sql import DataFrame
    from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema

    from mars_solver.batch.answers import ROW, answer_schema, decide
    from mars_solver.batch.records import check_schema


def decide_frame(
    profiles: DataFrame,
    *,
    catalogue: Catalogue | None = None,
    weights: Weights | None = None,
    unknown: Policy = "flag",
    top: int = 3,
) -> DataFrame:
    """Return the answers to the profiles of a frame, one row for each, in no order.

    Args:
        profiles: with columns as `mars_solver.decide` takes them.
        catalogue: None for the shipped one.
        weights: None for the shipped ones.
        unknown: as `mars_solver.recommend` has it.
        top: how many models to rank.

    Returns:
        what `mars_solver.decide` returns, without `row`. A row that is no profile has the status
        "rejected" and its `reasons`; so nothing is lost.

    Raises:
        InputError: with every wrong option, or with every unknown column and each of the wrong
            type, before any work.
    """
    check_options(unknown, top)
    solver = solver_of(catalogue, weights)
    check_schema(to_arrow_schema(profiles.schema), solver.declared, "frame")
    answers = answer_schema(top)
    # The rows of a distributed table have no position; an `id` tells them apart.
    declared = from_arrow_schema(answers.remove(answers.get_field_index(ROW)))
    return profiles.mapInArrow(partial(_answers, solver, unknown, top), declared)


def _answers(
    solver: Solver, unknown: Policy, top: int, batches: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Yield the answers to record batches, on a worker."""
    for batch in batches:
        yield decide(batch, solver, unknown, top).drop_columns([ROW])
