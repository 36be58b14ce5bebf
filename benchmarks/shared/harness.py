"""What every benchmark measures with: wall and CPU time in turns, medians, and ratios by round.

Contenders take turns, so that a load on the machine that comes and goes meets all of them, and a
ratio is the median of the ratios within each round. CPU time stands beside wall time, because a
contender that uses both cores, or waits, would hide it otherwise.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, Final, Literal, NamedTuple, TypeVar

from benchmarks.shared.profiles import Document
from mars_solver import Profile
from mars_solver.inputs.profile import parse_profile

PEERS_INSTALL: Final = "pip install 'mars-solver[peers]'"
Row = dict[str, Any]
Result = TypeVar("Result")


class Taken(NamedTuple):
    """What something took, in seconds."""

    wall: float
    cpu: float
    """Of this process with all its threads, and of processes that it started and that ended."""

    def each(self, count: int) -> Taken:
        """Return the share of one of so many."""
        return Taken(self.wall / count, self.cpu / count)


Timings = dict[str, list[Taken]]
"""What each contender took, round by round."""


class Contender(NamedTuple):
    """Something to time, with new inputs for each round so that nothing remembered helps."""

    answer: Callable[[Any], object]
    inputs: Callable[[], Sequence[Any]]


def make_profiles(documents: Sequence[Document]) -> list[Profile]:
    """Return a new profile for each document."""
    return [parse_profile(document, "document") for document in documents]


def missing_peer(error: ModuleNotFoundError, package: str, left_out: str) -> str:
    """Return the note on a peer that is not installed; raise if something else is missing."""
    if (error.name or "").partition(".")[0] != package:
        raise error
    return f"{left_out}: {package} is not installed; {PEERS_INSTALL}"


def taken_by(work: Callable[[], Result]) -> tuple[Result, Taken]:
    """Return the result of some work, and what it took."""
    cpu, wall = _cpu_seconds(), perf_counter()
    result = work()
    wall = perf_counter() - wall
    return result, Taken(wall, _cpu_seconds() - cpu)


def _cpu_seconds() -> float:
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return process_time() + ended.ru_utime + ended.ru_stime


def time_in_turns(contenders: Mapping[str, Contender], rounds: int) -> Timings:
    """Return what a call of each contender took, one mean over its inputs for each round.

    A first round only warms up. Each round begins with the next contender.
    """
    taken: Timings = {name: [] for name in contenders}
    order = list(contenders)
    for turn in range(rounds + 1):
        first = turn % len(order) if order else 0
        for name in order[first:] + order[:first]:
            answer, make_inputs = contenders[name]
            inputs = make_inputs()
            gc.collect()
            _, whole = taken_by(partial(_answer_all, answer, inputs))
            if turn:
                taken[name].append(whole.each(len(inputs)))
    return taken


def _answer_all(answer: Callable[[Any], object], inputs: Sequence[Any]) -> None:
    for each in inputs:
        answer(each)


def time_processes(commands: Mapping[str, Sequence[str]], rounds: int) -> Timings:
    """Return what whole Python processes took, in an empty folder; the first run only warms up.

    Args:
        commands: the arguments of the interpreter, by name.
        rounds: runs of each command.
    """
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as empty:

        def run(arguments: Sequence[str], _: None) -> None:
            subprocess.run(
                [sys.executable, *arguments],
                check=True,
                cwd=empty,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )

        contenders = {
            name: Contender(partial(run, arguments), lambda: [None])
            for name, arguments in commands.items()
        }
        return time_in_turns(contenders, rounds)


def summary(taken: Timings, scale: float, bases: Sequence[str]) -> dict[str, Row]:
    """Return the median and quartiles of wall times, the median CPU time, and ratios of both.

    Args:
        taken: the timings.
        scale: of seconds to the unit that is shown.
        bases: the contenders to compare with.
    """
    rows: dict[str, Row] = {}
    for name, rounds in taken.items():
        walls, cpus = [each.wall for each in rounds], [each.cpu for each in rounds]
        low, middle, high = (
            statistics.quantiles(walls, n=4, method="inclusive") if len(walls) > 1 else 3 * walls
        )
        rows[name] = {
            "median": middle * scale,
            "quartiles": [low * scale, high * scale],
            "cpu": statistics.median(cpus) * scale,
            "ratio_to": {
                base: ratio_by_round(walls, [each.wall for each in taken[base]]) for base in bases
            },
            "cpu_ratio_to": {
                base: ratio_by_round(cpus, [each.cpu for each in taken[base]]) for base in bases
            },
        }
    return rows


def ratio_by_round(ones: Sequence[float], others: Sequence[float]) -> float:
    """Return the median of the ratios within each round."""
    return statistics.median(a / b for a, b in zip(ones, others, strict=True))


def fastest(names: Iterable[str], taken: Timings) -> str:
    """Return the contender with the least median wall time."""
    return min(names, key=lambda name: statistics.median(each.wall for each in taken[name]))


def machine(packages: Iterable[str]) -> dict[str, Any]:
    """Return the facts of this machine that timings depend on."""
    versions: dict[str, str | None] = {}
    for package in packages:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = None
    return {
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": versions,
    }


def machine_lines(facts: Mapping[str, Any]) -> list[str]:
    """Return the facts of a machine as lines of text."""
    packages = ", ".join(f"{name} {each or '-'}" for name, each in facts["packages"].items())
    return [f"{facts['platform']}, {facts['cpus']} CPUs, {facts['python']}", packages]


def heading(name: str, bases: Iterable[str] = ()) -> str:
    """Return the heading of a table of rows, with two columns for each base: wall and CPU."""
    cells = _cells(name, "median", "quartiles", "CPU")
    return cells + "".join(f"{'x ' + base:>13}{'CPU':>9}" for base in bases)


def line(name: str, row: Row) -> str:
    """Return a row of a summary as a line of text."""
    low, high = row["quartiles"]
    cells = _cells(name, f"{row['median']:.1f}", f"{low:.1f} to {high:.1f}", f"{row['cpu']:.1f}")
    ratios = zip(row["ratio_to"].values(), row["cpu_ratio_to"].values(), strict=True)
    return cells + "".join(f"{wall:>13.2f}{cpu:>9.2f}" for wall, cpu in ratios)


def _cells(name: str, median: str, quartiles: str, cpu: str) -> str:
    return f"{name:<52}{median:>9}{quartiles:>19}{cpu:>9}"


def met(holds: bool) -> str:
    """Return whether a target is met, as the tables say it."""
    return "met" if holds else "MISSED"


def target(
    what: str,
    row: Row,
    base: str,
    *,
    least: float = 0.0,
    most: float = math.inf,
    by: Literal["ratio", "cpu_ratio"] = "ratio",
) -> Row:
    """Return whether a row of a summary takes as many times what a base takes as it should.

    Args:
        what: how the target is worded.
        row: whose ratios are judged.
        base: to which one.
        least: the smallest ratio that will do.
        most: the greatest.
        by: whether wall or CPU time is judged; both are shown.
    """
    ratios = {"ratio": row["ratio_to"][base], "cpu_ratio": row["cpu_ratio_to"][base]}
    return {"what": what, **ratios, "met": least <= ratios[by] <= most}


def target_lines(targets: Iterable[Row]) -> list[str]:
    """Return targets as lines of text."""
    return [
        f"target: {each['what']}: {met(each['met'])}, "
        f"{each['ratio']:.2f} x (CPU {each['cpu_ratio']:.2f} x)"
        for each in targets
    ]


def options_of(parser: argparse.ArgumentParser, argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the options that every benchmark takes."""
    parser.add_argument("--quick", action="store_true", help="few repetitions, for a smoke test")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the results here too")
    return parser.parse_args(argv)


def told(problems: Iterable[str], kind: str) -> bool:
    """Print problems on stderr, each as one of a kind; return whether there were any."""
    lines = [f"{kind}: {each}" for each in problems]
    if lines:
        print("\n".join(lines), file=sys.stderr)
    return bool(lines)


def finish(report: Mapping[str, Any], lines: Iterable[str], path: Path | None) -> int:
    """Print the lines of a report, write it as JSON if a path is given, and return exit code 0."""
    print("\n".join(lines))
    write_json(report, path)
    return 0


def write_json(report: Mapping[str, Any], path: Path | None) -> None:
    """Write a report as JSON if a path is given."""
    if path:
        path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
