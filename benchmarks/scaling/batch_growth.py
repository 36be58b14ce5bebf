"""What grows with a table and with a catalogue: peak memory by rows, time a row by models.

    python -m benchmarks.scaling.batch_growth [--quick] [--json FILE]

Memory: whole runs of `mars-solver batch` over tables of 1 and of 10 million rows, each in a process
of its own, by the peak that the system accounts for. Time: record batches of 2**17 rows, hardly two
of them alike, answered with synthetic catalogues of 6 to 200 models.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from benchmarks.scaling.proof_growth import synthetic
from benchmarks.shared.harness import (
    Contender,
    finish,
    machine,
    machine_lines,
    met,
    options_of,
    summary,
    time_in_turns,
)
from benchmarks.shared.tables import KINDS, batches, write
from mars_solver import Solver, load_weights
from mars_solver.batch.answers import Answerer
from mars_solver.batch.records import Records

SCHEMA: Final = "mars-solver/batch-growth/1"
PACKAGES: Final = ("mars-solver", "numpy", "pyarrow")
MODELS: Final = (6, 12, 25, 50, 100, 200)
WITHIN: Final = 1.1
"""How many times the memory of the fewer rows the more rows may take."""
BELOW_MB: Final = 500


class Effort(NamedTuple):
    """How much is measured."""

    rows: tuple[int, int]
    runs: int
    answered: int
    """Rows that each catalogue answers in a round."""


FULL: Final = Effort(rows=(1_000_000, 10_000_000), runs=3, answered=2**17)
QUICK: Final = Effort(rows=(200_000, 400_000), runs=1, answered=2**13)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print the table, and return the exit code."""
    parser = argparse.ArgumentParser(prog="batch_growth.py", description="Measure how a run grows.")
    options = options_of(parser, argv)
    effort = QUICK if options.quick else FULL
    report = {
        "schema": SCHEMA,
        "machine": machine(PACKAGES),
        "effort": effort._asdict(),
        "memory_mb": memory(effort),
        "models_us": {models: time_a_row(models, effort) for models in MODELS},
    }
    return finish(report, table(report), options.json)


def memory(effort: Effort) -> dict[str, dict[int, float]]:
    """Return the median peak of whole runs in MB (10**6 bytes), by kind of table and rows."""
    peaks: dict[str, dict[int, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "in.parquet"
        command = [sys.executable, "-m", "mars_solver", "batch", str(path)]
        command += ["-o", str(Path(folder) / "out.parquet"), "--force"]
        for kind in KINDS:
            peaks[kind] = {}
            for rows in effort.rows:
                write(path, kind, rows)
                peaks[kind][rows] = statistics.median(_peak(command) for _ in range(effort.runs))
    return peaks


def _peak(command: Sequence[str]) -> float:
    """Return the peak memory of a process in MB."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    kilo = 1 if sys.platform == "darwin" else 1024
    return int(used.ru_maxrss) * kilo / 1e6


def time_a_row(models: int, effort: Effort) -> float:
    """Return the median µs for a row with a synthetic catalogue of so many models."""
    answerer = Answerer(Solver(synthetic(models), load_weights()))
    (batch,) = batches("worst", effort.answered)
    answered = {"ours": Contender(answerer.answer, lambda: [Records(batch)])}
    taken = time_in_turns(answered, 2 * effort.runs)
    median: float = summary(taken, 1e6 / batch.num_rows, ())["ours"]["median"]
    return median


def table(report: dict[str, Any]) -> list[str]:
    """Return a report as lines of text."""
    lines = machine_lines(report["machine"])
    for kind, peaks in report["memory_mb"].items():
        (few, less), (many, more) = peaks.items()
        within = more <= WITHIN * less and more < BELOW_MB
        lines += [
            "",
            f"{kind}: peak of {few} rows {less:.0f} MB, of {many} rows {more:.0f} MB",
            (
                f"target: within {WITHIN:.2f} x and below {BELOW_MB} MB: "
                f"{met(within)}, {more / less:.3f} x"
            ),
        ]
    times = report["models_us"]
    first = min(times)
    lines += ["", f"{'models':>7}{'µs per row':>13}{'x models':>11}{'x time':>9}"]
    for models, took in times.items():
        lines.append(f"{models:>7}{took:>13.2f}{models / first:>11.1f}{took / times[first]:>9.1f}")
    slower = all(took / times[first] < n / first for n, took in times.items() if n > first)
    lines.append(f"target: time grows slower than models: {met(slower)}")
    return lines


if __name__ == "__main__":
    sys.exit(main())
