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
import json
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from time import perf_counter
from typing import Any, Final, NamedTuple

from _measure import (
    AMOUNTS,
    LOCALES,
    Contender,
    Document,
    Timings,
    heading,
    line,
    machine,
    machine_lines,
    make_profiles,
    missing_peer,
    options_of,
    summary,
    time_in_turns,
    write_json,
)
from _rivals import RIVALS, Ground, Rival, prepare, read
from mars_solver import InputError, Profile, load_catalogue, load_weights, recommend

SCHEMA: Final = "mars-solver/latency/1"
SEED: Final = 20261122
PROFILES: Final = 40
OURS: Final = "recommend(p)"
EXPLAINED: Final = "recommend(p).to_dict()"
CP_SAT: Final = "OR-Tools CP-SAT"
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
    options = options_of(parser, argv)
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
        "machine": machine(PACKAGES),
        "effort": effort._asdict(),
        "profiles": {"seed": SEED, "count": len(documents), "statuses": mix},
        "missing": missing,
        "calls_us": summary(
            time_calls(ground, documents, rivals, effort.rounds), 1e6, (OURS, EXPLAINED)
        ),
        "processes_ms": summary(time_processes(effort.runs), 1e3, (NUMPY,)),
    }
    print("\n".join(table(report)))
    write_json(report, options.json)
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
    numbers = {"max_ttfb_ms": 0.3, "max_memory_mb": 0.12, "min_sample_rate_hz": 0.2}
    for name, chance in numbers.items():
        if rng.random() < chance:
            require[name] = rng.choice(AMOUNTS[name])
    if rng.random() < 0.3:
        require["languages"] = rng.sample(LOCALES, k=rng.choice((1, 1, 2, 3)))
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


def available_rivals() -> tuple[dict[str, Rival], list[str]]:
    """Return the rivals whose libraries are installed, and notes on those that are not."""
    rivals = dict(RIVALS)
    try:
        from _cpsat import cp_sat  # noqa: PLC0415  (an optional peer)
    except ModuleNotFoundError as error:
        return rivals, [missing_peer(error, "ortools", f"{CP_SAT} is left out")]
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
    answers: dict[str, Callable[[Profile], object]] = {
        OURS: recommend,
        EXPLAINED: lambda profile: recommend(profile).to_dict(),
    }
    answers |= {name: partial(rival, ground) for name, rival in rivals.items()}
    inputs = partial(make_profiles, documents)
    return time_in_turns(
        {name: Contender(answer, inputs) for name, answer in answers.items()}, rounds
    )


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


def table(report: dict[str, Any]) -> list[str]:
    """Return a report as lines of text."""
    profiles, effort = report["profiles"], report["effort"]
    mix = ", ".join(f"{count} {status}" for status, count in profiles["statuses"].items())
    return [
        *machine_lines(report["machine"]),
        f"{profiles['count']} profiles (seed {profiles['seed']}): {mix}; all answers are equal",
        "",
        heading(f"µs per call, {effort['rounds']} rounds", ("recommend", "to_dict")),
        *(line(name, row) for name, row in report["calls_us"].items()),
        "",
        heading(f"ms per process, {effort['runs']} runs", ("numpy",)),
        *(line(name, row) for name, row in report["processes_ms"].items()),
    ]


if __name__ == "__main__":
    sys.exit(main())
