"""What the benchmarks share: profiles as documents, timing in turns, and the table of results."""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter
from typing import Any, Final, NamedTuple

from mars_solver import Profile

PEERS_INSTALL: Final = "pip install 'mars-solver[peers]'"
AMOUNTS: Final[dict[str, tuple[int, ...]]] = {
    "max_ttfb_ms": (90, 150, 300, 799, 800, 1500, 2500),
    "max_memory_mb": (40, 150, 512, 2400),
    "min_sample_rate_hz": (16000, 22050, 44100, 48000),
}
"""What profiles ask of numbers."""
LOCALES: Final = ("en-us", "hi-in", "fr-fr", "en_GB", "xx-yy")
"""What profiles ask of languages."""

Document = dict[str, Any]
Timings = dict[str, list[float]]
"""Seconds of each contender, round by round."""
Row = dict[str, Any]


class Contender(NamedTuple):
    """Something to time, with new inputs for each round so that nothing remembered helps."""

    answer: Callable[[Any], object]
    inputs: Callable[[], Sequence[Any]]


def make_profiles(documents: Sequence[Document]) -> list[Profile]:
    """Return a new profile for each document."""
    return [Profile.model_validate(document) for document in documents]


def missing_peer(error: ModuleNotFoundError, package: str, left_out: str) -> str:
    """Return the note on a peer that is not installed; raise where something else is missing."""
    if (error.name or "").partition(".")[0] != package:
        raise error
    return f"{left_out}: {package} is not installed; {PEERS_INSTALL}"


def time_in_turns(contenders: Mapping[str, Contender], rounds: int) -> Timings:
    """Return the seconds per call of each contender, one mean over its inputs for each round."""
    taken: Timings = {name: [] for name in contenders}
    order = list(contenders)
    for turn in range(rounds + 1):
        first = turn % len(order) if order else 0
        for name in order[first:] + order[:first]:
            answer, make_inputs = contenders[name]
            inputs = make_inputs()
            gc.collect()
            start = perf_counter()
            for each in inputs:
                answer(each)
            seconds = (perf_counter() - start) / len(inputs)
            if turn:  # the first round only warms up
                taken[name].append(seconds)
    return taken


def summary(taken: Timings, scale: float, bases: Sequence[str]) -> dict[str, Row]:
    """Return the median and quartiles of each timing, and its ratio to that of each base.

    A ratio is the median of the ratios within each round, so that a load on the machine that comes
    and goes does not move it.
    """
    rows: dict[str, Row] = {}
    for name, seconds in taken.items():
        low, middle, high = (
            statistics.quantiles(seconds, n=4, method="inclusive")
            if len(seconds) > 1
            else 3 * seconds
        )
        rows[name] = {
            "median": middle * scale,
            "quartiles": [low * scale, high * scale],
            "ratio_to": {
                base: statistics.median(a / b for a, b in zip(seconds, taken[base], strict=True))
                for base in bases
            },
        }
    return rows


def machine(packages: Iterable[str]) -> dict[str, Any]:
    """Return the facts of this machine that timings depend on."""
    found: dict[str, str | None] = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return {
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": found,
    }


def machine_lines(facts: Mapping[str, Any]) -> list[str]:
    """Return the facts of a machine as lines of text."""
    packages = ", ".join(f"{name} {found or '-'}" for name, found in facts["packages"].items())
    return [f"{facts['platform']}, {facts['cpus']} CPUs, {facts['python']}", packages]


def heading(name: str, bases: Iterable[str] = ()) -> str:
    """Return the heading of a table of rows, with a column for each base."""
    return _cells(name, "median", "quartiles") + "".join(f"{'x ' + base:>13}" for base in bases)


def line(name: str, row: Row) -> str:
    """Return a row of a summary as a line of text."""
    low, high = row["quartiles"]
    cells = _cells(name, f"{row['median']:.1f}", f"{low:.1f} to {high:.1f}")
    return cells + "".join(f"{ratio:>13.2f}" for ratio in row["ratio_to"].values())


def _cells(name: str, median: str, quartiles: str) -> str:
    return f"{name:<52}{median:>9}{quartiles:>19}"


def options_of(parser: argparse.ArgumentParser, argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the options that every benchmark takes."""
    parser.add_argument("--quick", action="store_true", help="few repetitions, for a smoke test")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the results here too")
    return parser.parse_args(argv)


def write_json(report: Mapping[str, Any], path: Path | None) -> None:
    """Write a report where one is asked for."""
    if path:
        path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
