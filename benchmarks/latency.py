"""How long one answer takes: `mars_solver.recommend` beside three rivals, in one run.

    python benchmarks/latency.py [--quick] [--json FILE]

A fixed, seeded set of profiles is answered by `recommend`, a plain Python loop, python-constraint2
and OR-Tools CP-SAT (pip install 'mars-solver[peers]'). First all answers are compared: status and
fewest unverified requirements of every model, and the ranked shortlist. Any difference ends the run
with exit code 1. Then all of them are timed warm, taking turns. Every call gets a profile object of
its own, made beforehand, so that nothing remembered about a profile helps. At last whole processes
are timed, beside one that only imports NumPy.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter
from typing import Any, Final, NamedTuple

from _rivals import RIVALS, Ground, Rival, prepare, read
from mars_solver import InputError, Profile, load_catalogue, load_weights, recommend

SCHEMA: Final = "mars-solver/latency/1"
SEED: Final = 20261122
PROFILES: Final = 40
OURS: Final = "recommend(p)"
EXPLAINED: Final = "recommend(p).to_dict()"
CP_SAT: Final = "OR-Tools CP-SAT"
PEERS_INSTALL: Final = "pip install 'mars-solver[peers]'"
PACKAGES: Final = ("mars-solver", "numpy", "pydantic", "python-constraint2", "ortools")
NUMPY: Final = 'python -c "import numpy"'
_COMMAND = ("-m", "mars_solver", "recommend", "--require", "real_time=true")
PROCESSES: Final[dict[str, tuple[str, ...]]] = {
    NUMPY: ("-c", "import numpy"),
    'python -c "pass"': ("-c", "pass"),
    'python -c "import mars_solver"': ("-c", "import mars_solver"),
    'python -c "from mars_solver import recommend"': ("-c", "from mars_solver import recommend"),
    "mars-solver recommend --require real_time=true --json": (*_COMMAND, "--json"),
    "mars-solver recommend --require real_time=true": _COMMAND,
}

Document = dict[str, Any]
Timings = dict[str, list[float]]
"""Seconds of each contender, round by round."""
Row = dict[str, Any]


class Effort(NamedTuple):
    """How often everything is repeated."""

    rounds: int
    """Rounds in which each contender answers every profile once."""
    runs: int
    """Runs of each whole process."""


FULL: Final = Effort(rounds=100, runs=21)
QUICK: Final = Effort(rounds=3, runs=1)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print the table, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="latency.py", description="Time recommend beside its rivals, and whole processes."
    )
    parser.add_argument("--quick", action="store_true", help="few repetitions, for a smoke test")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the results here too")
    options = parser.parse_args(argv)
    effort = QUICK if options.quick else FULL

    ground = prepare(load_catalogue(), load_weights())
    documents = make_documents()
    rivals, missing = available_rivals()
    for note in missing:
        print(f"note: {note}", file=sys.stderr)
    differences, mix = compare(ground, documents, rivals)
    if differences:
        for difference in differences:
            print(f"error: {difference}", file=sys.stderr)
        return 1
    report = {
        "schema": SCHEMA,
        "machine": machine(),
        "effort": effort._asdict(),
        "profiles": {"seed": SEED, "count": len(documents), "statuses": mix},
        "missing": missing,
        "calls_us": summary(
            time_calls(ground, documents, rivals, effort.rounds), 1e6, (OURS, EXPLAINED)
        ),
        "processes_ms": summary(time_processes(effort.runs), 1e3, (NUMPY,)),
    }
    print("\n".join(table(report)))
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 0


def make_documents() -> list[Document]:
    """Return the profiles as plain documents: the same ones in every run."""
    rng = random.Random(SEED)  # noqa: S311  (variety, no secret)
    documents: list[Document] = []
    while len(documents) < PROFILES:
        document = _document(rng)
        try:
            Profile.model_validate(document)
        except InputError:
            continue  # batch beside a need for real time
        documents.append(document)
    return documents


def _document(rng: random.Random) -> Document:
    """Return one profile, which may contradict itself."""
    chances = {
        "real_time": 0.3,
        "voice_transfer": 0.25,
        "short_reference": 0.1,
        "style_control": 0.2,
        "on_device": 0.15,
        "offline": 0.1,
        "self_hosted": 0.08,
        "public_api": 0.3,
    }
    require: Document = {name: True for name, chance in chances.items() if rng.random() < chance}
    numbers = {
        "max_ttfb_ms": (0.3, (90, 150, 300, 799, 800, 1500, 2500)),
        "max_memory_mb": (0.12, (40, 150, 512, 2400)),
        "min_sample_rate_hz": (0.2, (16000, 22050, 44100, 48000)),
    }
    for name, (chance, choices) in numbers.items():
        if rng.random() < chance:
            require[name] = rng.choice(choices)
    if rng.random() < 0.3:
        tags = ("en-us", "hi-in", "fr-fr", "en_GB", "xx-yy")
        require["languages"] = rng.sample(tags, k=rng.choice((1, 1, 2, 3)))
    document: Document = {"require": require, "accept_beta": rng.random() < 0.35}
    if rng.random() < 0.25:
        document["workflow"] = "batch"
    needs = Profile.model_validate({"require": require}).require.needs
    if needs and rng.random() < 0.3:
        document["primary"] = rng.choice(needs)
    if rng.random() < 0.5:
        criteria = ("latency", "fidelity", "expressiveness", "control", "footprint")
        document["prefer"] = {name: rng.randint(0, 10) for name in criteria if rng.random() < 0.5}
    return document


def make_profiles(documents: list[Document]) -> list[Profile]:
    """Return a new profile for each document."""
    return [Profile.model_validate(document) for document in documents]


def available_rivals() -> tuple[dict[str, Rival], list[str]]:
    """Return the rivals whose libraries are installed, and notes on those that are not."""
    rivals = dict(RIVALS)
    try:
        from _cpsat import cp_sat  # noqa: PLC0415  (an optional peer)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "ortools":
            raise
        return rivals, [f"{CP_SAT} is left out: ortools is not installed; {PEERS_INSTALL}"]
    rivals[CP_SAT] = cp_sat
    return rivals, []


def compare(
    ground: Ground, documents: list[Document], rivals: dict[str, Rival]
) -> tuple[list[str], dict[str, int]]:
    """Return where a rival answers differently, and how many profiles end in which status."""
    differences: list[str] = []
    statuses: Counter[str] = Counter()
    for document, profile in zip(documents, make_profiles(documents), strict=True):
        answer = recommend(profile)
        statuses[answer.status] += 1
        expected = read(answer)
        for name, rival in rivals.items():
            found = rival(ground, profile)
            if found != expected:
                differences.append(
                    f"{name} differs on {json.dumps(document)}:\n"
                    f"  recommend: {expected}\n  {name}: {found}"
                )
    return differences, dict(sorted(statuses.items()))


def time_calls(
    ground: Ground, documents: list[Document], rivals: dict[str, Rival], rounds: int
) -> Timings:
    """Return the seconds per call of each contender, one mean over the profiles for each round."""
    contenders: dict[str, Callable[[Profile], object]] = {
        OURS: recommend,
        EXPLAINED: lambda profile: recommend(profile).to_dict(),
    }
    contenders |= {name: partial(rival, ground) for name, rival in rivals.items()}
    taken: Timings = {name: [] for name in contenders}
    order = list(contenders)
    for turn in range(rounds + 1):
        for name in order[turn % len(order) :] + order[: turn % len(order)]:
            answer = contenders[name]
            profiles = make_profiles(documents)
            gc.collect()
            start = perf_counter()
            for profile in profiles:
                answer(profile)
            seconds = (perf_counter() - start) / len(profiles)
            if turn:  # the first round only warms up
                taken[name].append(seconds)
    return taken


def time_processes(runs: int) -> Timings:
    """Return the seconds of each whole process, run by run; the first run only warms up."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    taken: Timings = {name: [] for name in PROCESSES}
    with tempfile.TemporaryDirectory() as empty:
        for turn in range(runs + 1):
            for name, arguments in PROCESSES.items():
                start = perf_counter()
                subprocess.run(
                    [sys.executable, *arguments],
                    check=True,
                    cwd=empty,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                )
                if turn:
                    taken[name].append(perf_counter() - start)
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


def machine() -> dict[str, object]:
    """Return the facts of this machine that timings depend on."""
    packages: dict[str, str | None] = {}
    for package in PACKAGES:
        try:
            packages[package] = version(package)
        except PackageNotFoundError:
            packages[package] = None
    return {
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": packages,
    }


def table(report: dict[str, Any]) -> list[str]:
    """Return a report as lines of text."""
    facts, profiles, effort = report["machine"], report["profiles"], report["effort"]
    mix = ", ".join(f"{count} {status}" for status, count in profiles["statuses"].items())
    packages = ", ".join(f"{name} {found or '-'}" for name, found in facts["packages"].items())
    calls = _cells(f"µs per call, {effort['rounds']} rounds", "median", "quartiles")
    processes = _cells(f"ms per process, {effort['runs']} runs", "median", "quartiles")
    return [
        f"{facts['platform']}, {facts['cpus']} CPUs, {facts['python']}",
        packages,
        f"{profiles['count']} profiles (seed {profiles['seed']}): {mix}; all answers are equal",
        "",
        f"{calls}{'x recommend':>13}{'x to_dict':>13}",
        *(_row(name, row) for name, row in report["calls_us"].items()),
        "",
        f"{processes}{'x numpy':>13}",
        *(_row(name, row) for name, row in report["processes_ms"].items()),
    ]


def _row(name: str, row: Row) -> str:
    low, high = row["quartiles"]
    cells = _cells(name, f"{row['median']:.1f}", f"{low:.1f} to {high:.1f}")
    return cells + "".join(f"{ratio:>13.2f}" for ratio in row["ratio_to"].values())


def _cells(name: str, median: str, quartiles: str) -> str:
    return f"{name:<52}{median:>9}{quartiles:>19}"


if __name__ == "__main__":
    sys.exit(main())
