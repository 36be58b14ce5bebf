"""Peers of the batch path: the same rule in DuckDB, Polars, zen-engine and scikit-criteria.

DuckDB and Polars go from Parquet to Parquet, on all processors, as the batch path does; they leave
out what blocks a row, the guide's opinion, rejects and resuming. zen-engine evaluates rows that are
documents already, and its keys are ranked in Python. scikit-criteria filters by standing and ranks
by weighted sum, one decision matrix for each row; standings and weights are handed to it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

from benchmarks.peers.rivals.answers import Ground
from benchmarks.peers.rivals.formulas import OUT, SQL, TOP, ZEN, Rule, rule
from mars_solver import Recommendation
from mars_solver.vocabulary import VALUE_SCALE

Row = dict[str, Any]
Ranked = tuple[tuple[str, float, str], ...]
"""Model, score and status of each rank that is taken."""
RANKS: Final = range(1, TOP + 1)


class FromTable(Protocol):
    """Answers a table."""

    def __call__(self, table: Path, output: Path) -> object:
        """Write the answers to a Parquet file of profiles to another one."""


def duckdb(ground: Ground) -> FromTable:
    """Return what answers a table with DuckDB."""
    import duckdb as db  # noqa: PLC0415  (an optional peer)

    made = rule(ground, SQL)
    ranked = ("ranked", f"list_sort([{', '.join(made.keys)}])")
    keys = [(f"key{k}", f"ranked[{k}]") for k in RANKS]
    query = "FROM read_parquet('{}')"
    for stage in (*made.stages, [ranked], keys):
        query = f"FROM (SELECT *, {_listed(stage)} {query})"
    query = f"SELECT {_listed(_columns(made))} {query}"

    def answer(table: Path, output: Path) -> object:
        return db.sql(f"COPY ({query.format(table)}) TO '{output}' (FORMAT parquet)")

    return answer


def polars(ground: Ground) -> FromTable:
    """Return what answers a table with Polars."""
    import polars as pl  # noqa: PLC0415  (an optional peer)

    made = rule(ground, SQL)

    def named(formulas: Sequence[tuple[str, str]]) -> list[Any]:
        return [pl.sql_expr(text).alias(name) for name, text in formulas]

    stages = [named(stage) for stage in made.stages]
    columns = named(_columns(made))
    ranked = pl.concat_list(made.keys).list.sort()
    keys = [ranked.list.get(k - 1).alias(f"key{k}") for k in RANKS]

    def answer(table: Path, output: Path) -> object:
        frame = pl.scan_parquet(table)
        for stage in (*stages, keys):
            frame = frame.with_columns(stage)
        return frame.select(columns).sink_parquet(output)

    return answer


def _listed(formulas: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{text} AS {name}" for name, text in formulas)


def _columns(made: Rule) -> list[tuple[str, str]]:
    """Return what reads the columns of the output back from the keys, in SQL."""
    count, bits, whole = len(made.models), 1 << made.bits, 2 * VALUE_SCALE
    columns = [("id", "id")]
    status: list[tuple[str, str]] = []
    for k in RANKS:
        key = f"key{k}"
        rest = f"({key} // {count * count})"
        penalty = f"(({rest} - 1) // {bits})"
        left = f"{penalty} < {OUT}"
        words = f"CASE WHEN {penalty} = 0 THEN 'meets' ELSE 'unverified' END"
        models = " ".join(
            f"WHEN {key} % {count} = {index} THEN '{model}'"
            for index, model in enumerate(made.models)
        )
        points = f"(({penalty} + 1) * {bits} - {rest})"
        total = f"(CASE WHEN total > 0 THEN total ELSE 1 END * {whole})"
        columns.append((f"model_{k}", f"CASE WHEN {left} THEN CASE {models} END END"))
        score = f"CAST({points} AS DOUBLE) / CAST({total} AS DOUBLE)"
        columns.append((f"score_{k}", f"CASE WHEN {left} THEN {score} END"))
        status.append((f"status_{k}", f"CASE WHEN {left} THEN {words} END"))
    return columns + status


class Keys(NamedTuple):
    """What reads keys back in Python."""

    made: Rule

    def ranked(self, keys: Sequence[float], total: float) -> Ranked:
        """Return the ranks that the keys of one row give."""
        ranks: list[tuple[str, float, str]] = []
        for key in sorted(map(int, keys))[:TOP]:
            count = len(self.made.models)
            rest, index = key // count**2, key % count
            penalty = (rest - 1) >> self.made.bits
            if penalty >= OUT:
                break
            points = ((penalty + 1) << self.made.bits) - rest
            score = points / (2 * VALUE_SCALE * (int(total) or 1))
            status = "unverified" if penalty else "meets"
            ranks.append((self.made.models[index], score, status))
        return tuple(ranks)


def zen(ground: Ground) -> dict[str, Callable[[Sequence[Row]], list[Ranked]]]:
    """Return what answers rows with zen-engine: a call for each row, and a call for all."""
    import zen as engine  # noqa: PLC0415  (an optional peer)

    made = rule(ground, ZEN)
    formulas = [formula for stage in made.stages for formula in stage]
    graph = json.dumps(_graph(formulas))
    ready = engine.ZenEngine({"loader": lambda _: engine.ZenDecisionContent(graph)})
    decision = ready.create_decision(graph)
    read = Keys(made)

    def back(result: Row) -> Ranked:
        return read.ranked([result[key] for key in made.keys], result["total"])

    def one_by_one(rows: Sequence[Row]) -> list[Ranked]:
        return [back(decision.evaluate(row)["result"]) for row in rows]

    def all_at_once(rows: Sequence[Row]) -> list[Ranked]:
        results = ready.evaluate_batch([{"key": "rule", "context": row} for row in rows])
        return [back(each["data"]["result"]) for each in results]

    return {"zen-engine, evaluate": one_by_one, "zen-engine, evaluate_batch": all_at_once}


def _graph(formulas: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Return a decision of one node of expressions."""
    at = {"position": {"x": 0, "y": 0}}
    expressions = [{"id": name, "key": name, "value": text} for name, text in formulas]
    node = {"id": "rule", "name": "rule", "type": "expressionNode", **at}
    return {
        "nodes": [
            {"id": "in", "name": "in", "type": "inputNode", **at},
            {**node, "content": {"expressions": expressions}},
            {"id": "out", "name": "out", "type": "outputNode", **at},
        ],
        "edges": [
            {"id": "1", "type": "edge", "sourceId": "in", "targetId": "rule"},
            {"id": "2", "type": "edge", "sourceId": "rule", "targetId": "out"},
        ],
    }


class Case(NamedTuple):
    """What scikit-criteria is handed for one row."""

    penalties: tuple[int, ...]
    """How many requirements each model leaves unverified; `OUT` for the excluded."""
    weights: tuple[float, ...]


def case(answer: Recommendation) -> Case | None:
    """Return a row for scikit-criteria; None where it has no answer: no model, or no weight."""
    decision = answer.decision
    if not decision.ranking or not any(decision.weights):
        return None
    left = set(decision.ranking)
    counts = [standing.unverified.bit_count() for standing in decision.standings]
    penalties = [count if index in left else OUT for index, count in enumerate(counts)]
    return Case(tuple(penalties), tuple(map(float, decision.weights)))


def scikit_criteria(ground: Ground) -> Callable[[Case], str]:
    """Return what names the winner of one row with scikit-criteria."""
    import numpy as np  # noqa: PLC0415  (with its peer)
    import skcriteria as skc  # noqa: PLC0415  (an optional peer)
    from skcriteria.agg.simple import WeightedSumModel  # noqa: PLC0415
    from skcriteria.preprocessing.filters import FilterLE  # noqa: PLC0415

    names = [facts.id for facts in ground.models]
    criteria = [criterion.name for criterion in ground.declared.criteria]
    values = np.array(ground.values, dtype=np.float64)
    ranker = WeightedSumModel()

    def answer(asked: Case) -> str:
        matrix = skc.mkdm(
            np.column_stack([values, asked.penalties]),
            [max] * (len(criteria) + 1),
            weights=[*asked.weights, 0.0],
            alternatives=names,
            criteria=[*criteria, "penalty"],
        )
        left = FilterLE({"penalty": min(asked.penalties)}).transform(matrix)
        ranked = ranker.evaluate(left)
        return str(ranked.alternatives[ranked.rank_.argmin()])

    return answer
