"""How long one answer takes: `mars_solver.recommend` beside three rivals, in one run.

    python -m benchmarks.peers.latency [--quick] [--json FILE]

A fixed, seeded set of profiles is answered by `recommend`, a plain Python loop, python-constraint2
and OR-Tools CP-SAT (pip install 'mars-solver[peers]'). First all answers are compared: status and
fewest unverified requirements of every model, and the ranked shortlist. Any difference ends the run
with exit code 1. Then all of them are timed warm, in turns. Every call gets a profile object of its
own, made beforehand, so that nothing remembered about a profile helps. Last, whole processes are
timed, beside one that only imports NumPy.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from typing import Any, Final, NamedTuple

from benchmarks.peers.rivals.answers import RIVALS, Ground, Rival, prepare, read
from benchmarks.shared.harness import (
    Contender,
    Timings,
    finish,
    heading,
    line,
    machine,
    machine_lines,
    make_profiles,
    missing_peer,
    options_of,
    summary,
    time_in_turns,
    time_processes,
    told,
)
from benchmarks.shared.profiles import PROJECTS, Document, random_documents
from mars_solver import Profile, load_catalogue, load_weights, recommend

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
    told(missing, "note")
    differences, mix = compare(ground, documents, rivals)
    if told(differences, "error"):
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
        "processes_ms": summary(time_processes(PROCESSES, effort.runs), 1e3, (NUMPY,)),
    }
    return finish(report, table(report), options.json)


def make_documents() -> list[Document]:
    """Return the profiles as plain documents: the same ones in every run."""
    return list(islice(random_documents(PROJECTS, SEED), PROFILES))


def available_rivals() -> tuple[dict[str, Rival], list[str]]:
    """Return the rivals whose libraries are installed, and notes on those that are not."""
    rivals = dict(RIVALS)
    try:
        from benchmarks.peers.rivals.cpsat import cp_sat  # noqa: PLC0415  (an optional peer)
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
            theirs = rival(ground, profile)
            if theirs != expected:
                differences.append(
                    f"{name} differs on {json.dumps(document)}:\n"
                    f"  recommend: {expected}\n  {name}: {theirs}"
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
