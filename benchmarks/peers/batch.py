"""How fast tables are answered: beside pyarrow's bare reading and writing, and beside peers.

    python -m benchmarks.peers.batch [--rows N] [--quick] [--json FILE]

Two tables of profiles, the same rows in every run: `realistic` (few distinct questions) and `worst`
(hardly two rows alike). Ours goes from Parquet to Parquet, resumable and with rejects; pyarrow only
reads the same input and writes the same output; the same rows as CSV and as JSON Lines are timed
beside them; DuckDB and Polars evaluate the same rule from
Parquet to Parquet; zen-engine and scikit-criteria answer the first rows one by one (pip install
'mars-solver[peers]'). All answers are compared before anything is timed; any difference ends the
run with exit code 1. Everything runs warm, in turns; whole processes are timed as well.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

import pyarrow.csv
import pyarrow.parquet as pq

from benchmarks.peers.rivals import engines
from benchmarks.peers.rivals.answers import Ground, prepare
from benchmarks.peers.rivals.engines import RANKS, Case, FromTable
from benchmarks.shared.harness import (
    Contender,
    Row,
    finish,
    heading,
    line,
    machine,
    machine_lines,
    missing_peer,
    options_of,
    summary,
    target,
    target_lines,
    time_in_turns,
    time_processes,
    told,
)
from benchmarks.shared.tables import KINDS, SEED, documents, write
from mars_solver import Solver, load_catalogue, load_weights, recommend_with
from mars_solver.batch.run import Run, execute, workers_for
from mars_solver.batch.tables import open_table
from mars_solver.inputs.profile_row import parse_row

SCHEMA: Final = "mars-solver/batch-benchmark/1"
PACKAGES: Final = (
    "mars-solver", "numpy", "pyarrow", "duckdb", "polars", "zen-engine", "scikit-criteria",
)  # fmt: skip
OURS: Final = "mars-solver"
OURS_CSV: Final = "mars-solver, from CSV"
OURS_JSON: Final = "mars-solver, from JSON Lines"
RAW: Final = "pyarrow, read and write alone"
DUCKDB: Final = "DuckDB"
POLARS: Final = "Polars"
SKCRITERIA: Final = "scikit-criteria, filter and weighted sum"
WHOLE: Final = "mars-solver batch"
WHOLE_RAW: Final = "python, pyarrow alone"
AT_MOST: Final = 1.0
"""How many times as long as bare reading and writing ours may take."""
AT_MOST_CPU: Final = 1.5
"""How many times its CPU time."""
AT_MOST_TEXT: Final = 3.0
"""How many times the CPU time of Parquet the same rows may take as CSV."""
AT_LEAST: Final = {"zen-engine": 10.0, "scikit-criteria": 1000.0}
"""How many times as long as ours the fastest way of a peer has to take."""
_COPY: Final = """
import sys, pyarrow.parquet as pq
pq.read_table(sys.argv[1])
pq.write_table(pq.read_table(sys.argv[2]), sys.argv[3])
"""


class Effort(NamedTuple):
    """How much is measured."""

    rows: int
    slow_rows: int
    """Rows that zen-engine answers."""
    matrices: int
    """Rows that scikit-criteria answers."""
    rounds: int


FULL: Final = Effort(rows=1_000_000, slow_rows=5_000, matrices=200, rounds=5)
QUICK: Final = Effort(rows=20_000, slow_rows=200, matrices=20, rounds=2)


class Files(NamedTuple):
    """The files of one table and of the answers to it."""

    folder: Path
    kind: str

    @property
    def table(self) -> Path:
        """The profiles."""
        return self.folder / f"{self.kind}.parquet"

    @property
    def csv(self) -> Path:
        """The same profiles as CSV."""
        return self.folder / f"{self.kind}.csv"

    @property
    def lines(self) -> Path:
        """The same profiles as JSON Lines."""
        return self.folder / f"{self.kind}.jsonl"

    def answers(self, name: str) -> Path:
        """Return where a contender puts its answers."""
        return self.folder / f"{self.kind}.{name}.answers.parquet"


class Peers(NamedTuple):
    """The peers that are installed."""

    tables: dict[str, FromTable]
    rows: dict[str, Callable[[Sequence[Row]], list[engines.Ranked]]]
    matrices: dict[str, Callable[[Case], str]]
    missing: list[str]


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print the tables, and return the exit code."""
    parser = argparse.ArgumentParser(prog="batch.py", description="Time tables of profiles.")
    parser.add_argument("--rows", type=int, metavar="N", help="rows of each table")
    options = options_of(parser, argv)
    effort = QUICK if options.quick else FULL
    effort = effort._replace(rows=options.rows or effort.rows)

    solver = Solver(load_catalogue(), load_weights())
    peers = available_peers(prepare(solver.catalogue, solver.weights))
    told(peers.missing, "note")
    report: dict[str, Any] = {
        "schema": SCHEMA,
        "machine": machine(PACKAGES),
        "effort": effort._asdict(),
        "seed": SEED,
        "missing": peers.missing,
        "kinds": {},
    }
    with tempfile.TemporaryDirectory() as folder:
        for kind in KINDS:
            files = Files(Path(folder), kind)
            write(files.table, kind, effort.rows)
            write_texts(files)
            if told(compare(files, solver, peers, effort), "error"):
                return 1
            report["kinds"][kind] = timed(files, solver, peers, effort)
    return finish(report, table(report), options.json)


def write_texts(files: Files) -> None:
    """Write a table of profiles again as CSV and as JSON Lines."""
    with (
        pq.ParquetFile(files.table) as table,
        pyarrow.csv.CSVWriter(files.csv, table.schema_arrow) as cells,
        files.lines.open("w", encoding="utf-8") as lines,
    ):
        for batch in table.iter_batches():
            cells.write_batch(batch)
            lines.writelines(f"{json.dumps(row)}\n" for row in batch.to_pylist())


def available_peers(ground: Ground) -> Peers:
    """Return the peers whose libraries are installed, and notes on those that are not."""
    peers = Peers({}, {}, {}, [])
    steps: list[tuple[str, str, Callable[[], object]]] = [
        ("duckdb", DUCKDB, lambda: peers.tables.update({DUCKDB: engines.duckdb(ground)})),
        ("polars", POLARS, lambda: peers.tables.update({POLARS: engines.polars(ground)})),
        ("zen", "zen-engine", lambda: peers.rows.update(engines.zen(ground))),
        (
            "skcriteria",
            "scikit-criteria",
            lambda: peers.matrices.update({SKCRITERIA: engines.scikit_criteria(ground)}),
        ),
    ]
    for package, name, step in steps:
        try:
            step()
        except ModuleNotFoundError as error:
            peers.missing.append(missing_peer(error, package, f"{name} is left out"))
    return peers


def answer(solver: Solver, files: Files) -> Callable[[Path], object]:
    """Return what answers a table as the command line does, in this process."""
    output = files.answers(OURS)

    def run(path: Path) -> object:
        refused = output.with_suffix(".rejects")
        profiles = open_table(path, solver.declared)
        whole = Run(profiles, output, refused, solver, workers=workers_for(profiles))
        return execute(whole, resume=False, progress=lambda _, __: None)

    return run


def compare(files: Files, solver: Solver, peers: Peers, effort: Effort) -> Iterator[str]:
    """Yield where a peer answers otherwise than we do."""
    answer(solver, files)(files.table)
    ours = pq.read_table(files.answers(OURS))
    if ours.num_rows != effort.rows:
        yield f"{files.kind}: {effort.rows - ours.num_rows} rows are no profiles"
    for name, run in peers.tables.items():
        run(files.table, files.answers(name))
        theirs = pq.read_table(files.answers(name))
        for column in theirs.column_names:
            mine = ours.column(column).combine_chunks()
            if mine != theirs.column(column).cast(mine.type).combine_chunks():
                yield f"{files.kind}: {name} differs in {column}"
    expected = [_ranked(row) for row in ours.slice(0, effort.slow_rows).to_pylist()]
    rows = first_rows(files, effort.slow_rows)
    for name, evaluate in peers.rows.items():
        if evaluate(rows) != expected:
            yield f"{files.kind}: {name} differs"
    for case, winner in cases(files, solver, effort.matrices):
        for name, choose in peers.matrices.items():
            if choose(case) != winner:
                yield f"{files.kind}: {name} differs on {case}"


def _ranked(row: Row) -> engines.Ranked:
    """Return the ranks in a row of our output."""
    return tuple(
        (row[f"model_{k}"], row[f"score_{k}"], row[f"status_{k}"])
        for k in RANKS
        if row[f"model_{k}"] is not None
    )


def first_rows(files: Files, count: int) -> list[Row]:
    """Return the first rows of a table as documents."""
    with pq.ParquetFile(files.table) as file:
        return documents(next(file.iter_batches(count)).to_pylist())


def cases(files: Files, solver: Solver, count: int) -> list[tuple[Case, str]]:
    """Return the first rows that scikit-criteria can answer, each with our winner."""
    answered = []
    for row in first_rows(files, 10 * count):
        ours = recommend_with(solver, parse_row(row, solver.declared))
        case = engines.case(ours)
        if case:
            answered.append((case, ours.shortlist[0].model))
    return list(islice(answered, count))


def timed(files: Files, solver: Solver, peers: Peers, effort: Effort) -> dict[str, Any]:
    """Return the time of each contender for each row of a table, and of whole processes."""
    written = pq.read_table(files.answers(OURS))

    def bare(path: Path) -> None:
        pq.read_table(path)
        pq.write_table(written, files.answers("bare"))

    def tables() -> list[Path]:
        return [files.table]

    contenders = {OURS: Contender(answer(solver, files), tables), RAW: Contender(bare, tables)}
    for name, path in {OURS_CSV: files.csv, OURS_JSON: files.lines}.items():
        contenders[name] = Contender(answer(solver, files), partial(list, [path]))
    for name, run in peers.tables.items():
        contenders[name] = Contender(partial(run, output=files.answers(name)), tables)
    rows = dict.fromkeys(contenders, effort.rows)
    slow = first_rows(files, effort.slow_rows)
    for name, evaluate in peers.rows.items():
        contenders[name], rows[name] = Contender(evaluate, lambda: [slow]), len(slow)
    matrices = [case for case, _ in cases(files, solver, effort.matrices)]
    for name, choose in peers.matrices.items():
        contenders[name], rows[name] = Contender(choose, lambda: matrices), 1
    taken = time_in_turns(contenders, effort.rounds)
    a_row = {name: [each.each(rows[name]) for each in rounds] for name, rounds in taken.items()}
    timings = summary(a_row, 1e6, (RAW, OURS))
    whole = time_processes(processes(files), effort.rounds)
    return {
        "rows_us": timings,
        "processes_s": summary(whole, 1.0, (WHOLE_RAW,)),
        "targets": targets(timings),
    }


def processes(files: Files) -> dict[str, list[str]]:
    """Return the commands that answer a table, and that only read and write it."""
    output = str(files.answers("whole"))
    return {
        WHOLE: ["-m", "mars_solver", "batch", str(files.table), "-o", output, "--force"],
        WHOLE_RAW: ["-c", _COPY, str(files.table), str(files.answers(OURS)), output],
    }


def targets(timings: dict[str, Row]) -> list[Row]:
    """Return which targets are met; those of peers that are not installed are left out."""
    ours = timings[OURS]
    cpu = f"at most {AT_MOST_CPU:.1f} x its CPU time"
    text = f"CSV takes at most {AT_MOST_TEXT:.1f} x the CPU time of Parquet"
    rows = [
        target(f"at most {AT_MOST:.1f} x {RAW}", ours, RAW, most=AT_MOST),
        target(cpu, ours, RAW, most=AT_MOST_CPU, by="cpu_ratio"),
        target(text, timings[OURS_CSV], OURS, most=AT_MOST_TEXT, by="cpu_ratio"),
    ]
    for peer, least in AT_LEAST.items():
        ways = [row for name, row in timings.items() if name.startswith(peer)]
        if ways:
            fastest = min(ways, key=lambda row: float(row["ratio_to"][OURS]))
            what = f"{peer} takes at least {least:.0f} x as long"
            rows.append(target(what, fastest, OURS, least=least))
    return rows


def table(report: dict[str, Any]) -> list[str]:
    """Return a report as lines of text."""
    effort = report["effort"]
    lines = [
        *machine_lines(report["machine"]),
        (
            f"{effort['rows']} rows (seed {report['seed']}), {effort['rounds']} rounds; all "
            f"answers are equal; zen-engine answers {effort['slow_rows']} rows, scikit-criteria "
            f"{effort['matrices']}"
        ),
    ]
    for kind, timings in report["kinds"].items():
        lines += [
            "",
            heading(f"{kind}: µs per row", ("pyarrow", "ours")),
            *(line(name, row) for name, row in timings["rows_us"].items()),
            heading("seconds per process", ("pyarrow",)),
            *(line(name, row) for name, row in timings["processes_s"].items()),
            *target_lines(timings["targets"]),
        ]
    return lines


if __name__ == "__main__":
    sys.exit(main())
