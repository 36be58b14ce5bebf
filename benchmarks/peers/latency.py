"""How long one answer takes: `mars_solver.recommend` beside three rivals, in one run.

    python -m benchmarks.peers.latency [--quick] [--json FILE]

A fixed, seeded set of profiles is answered by `recommend`, a plain Python loop, python-constraint2
and OR-Tools CP-SAT (pip install 'mars-solver[peers]'). First all answers are compared: status and
fewest unverified requirements of every model, and the ranked shortlist. Any difference ends the run
with exit code 1. Then all of them are timed warm, in turns. Every call gets a profile object of its
own, made beforehand, so that nothing remembered about a profile helps; what a solver remembers of
equal questions does, and `Solver.decide` is also timed without it. Infeasible profiles are timed by
themselves. Last, whole processes are timed, beside one that only imports NumPy.
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
    Row,
    finish,
    heading,
    line,
    machine,
    machine_lines,
    make_profiles,
    missing_peer,
    options_of,
    summary,
    target,
    target_lines,
    time_in_turns,
    time_processes,
    told,
)
from benchmarks.shared.profiles import PROJECTS, Document, random_documents
from mars_solver import Profile, Solver, load_catalogue, load_weights, recommend
from mars_solver.vocabulary import INFEASIBLE

SCHEMA: Final = "mars-solver/latency/1"
SEED: Final = 20261122
PROFILES: Final = 40
OURS: Final = "recommend(p)"
DECIDED: Final = "Solver.decide(p)"
ANEW: Final = "Solver.decide(p), nothing remembered"
ANSWERED: Final = "recommend(p).to_dict()"
EXPLAINED: Final = "recommend(p).explain().to_dict()"
LOOP: Final = "plain Python loop"
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


Answering = Callable[[Profile], object]
"""Answers a profile."""


class Effort(NamedTuple):
    """How often everything is repeated."""

    rounds: int
    """Rounds in which each contender answers every profile."""
    times: int
    """How often it does so in a round, one after the other: so often that it runs warm."""
    runs: int
    """Runs of each whole process."""


FULL: Final = Effort(rounds=40, times=5, runs=21)
QUICK: Final = Effort(rounds=3, times=5, runs=1)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print the table, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="latency.py", description="Time recommend beside its rivals, and whole processes."
    )
    options = options_of(parser, argv)
    effort = QUICK if options.quick else FULL

    ground = prepare(load_catalogue(), load_weights())
    documents, infeasible = make_documents(), make_infeasible()
    rivals, missing = available_rivals()
    told(missing, "note")
    differences, mix = compare(ground, documents, rivals)
    more, _ = compare(ground, infeasible, rivals)
    if told([*differences, *more], "error"):
        return 1
    answers = contenders(ground, rivals)
    calls = timed(answers, documents, effort)
    names = [name for name in (OURS, ANSWERED, CP_SAT) if name in answers]
    nothing_left = timed({name: answers[name] for name in names}, infeasible, effort)
    report = {
        "schema": SCHEMA,
        "machine": machine(PACKAGES),
        "effort": effort._asdict(),
        "profiles": {"seed": SEED, "count": len(documents), "statuses": mix},
        "missing": missing,
        "infeasible": len(infeasible),
        "calls_us": calls,
        "infeasible_us": nothing_left,
        "targets": targets(calls, nothing_left),
        "processes_ms": summary(time_processes(PROCESSES, effort.runs), 1e3, (NUMPY,)),
    }
    return finish(report, table(report), options.json)


def make_documents() -> list[Document]:
    """Return the profiles as plain documents: the same ones in every run."""
    return list(islice(random_documents(PROJECTS, SEED), PROFILES))


def make_infeasible() -> list[Document]:
    """Return profiles that no model is left for."""
    documents = random_documents(PROJECTS, f"{SEED} infeasible")
    nothing = (each for each in documents if recommend(each).status == INFEASIBLE)
    return list(islice(nothing, PROFILES))


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


def contenders(ground: Ground, rivals: dict[str, Rival]) -> dict[str, Answering]:
    """Return what answers a profile, by name: in several depths of ours, and the rivals."""
    warm, forgetful = (Solver(load_catalogue(), load_weights()) for _ in range(2))

    def anew(profile: Profile) -> object:
        for remembered in (forgetful.stand, forgetful.score, forgetful.neutral_sums):
            remembered.cache_clear()
        return forgetful.decide(profile)

    answers: dict[str, Answering] = {
        DECIDED: warm.decide,
        ANEW: anew,
        OURS: recommend,
        ANSWERED: lambda profile: recommend(profile).to_dict(),
        EXPLAINED: lambda profile: recommend(profile).explain().to_dict(),
    }
    return answers | {name: partial(rival, ground) for name, rival in rivals.items()}


def timed(
    answers: dict[str, Answering], documents: list[Document], effort: Effort
) -> dict[str, Row]:
    """Return what each contender takes for a profile in µs, one mean over them for each round."""
    inputs = partial(make_profiles, effort.times * documents)
    turns = {name: Contender(answer, inputs) for name, answer in answers.items()}
    bases = [name for name in (DECIDED, OURS, ANSWERED) if name in answers]
    return summary(time_in_turns(turns, effort.rounds), 1e6, bases)


def targets(calls: dict[str, Row], infeasible: dict[str, Row]) -> list[Row]:
    """Return which targets are met; those of a peer that is not installed are left out."""
    loop, solved = calls[LOOP], calls.get(CP_SAT)
    rows = [
        target(f"{LOOP} takes at least 8 x {DECIDED}", loop, DECIDED, least=8),
        target(f"{LOOP} takes at least 5 x {OURS}", loop, OURS, least=5),
    ]
    if solved:
        what = f"of an infeasible profile, {CP_SAT} takes at least 3 x {ANSWERED}"
        rows += [
            target(f"{CP_SAT} takes at least 40 x {OURS}", solved, OURS, least=40),
            target(what, infeasible[CP_SAT], ANSWERED, least=3),
        ]
    explained = f"{EXPLAINED} takes at most 15 x {ANSWERED}"
    return [*rows, target(explained, calls[EXPLAINED], ANSWERED, most=15)]


def table(report: dict[str, Any]) -> list[str]:
    """Return a report as lines of text."""
    profiles, effort = report["profiles"], report["effort"]
    mix = ", ".join(f"{count} {status}" for status, count in profiles["statuses"].items())
    return [
        *machine_lines(report["machine"]),
        f"{profiles['count']} profiles (seed {profiles['seed']}): {mix}; all answers are equal",
        "",
        heading(f"µs per call, {effort['rounds']} rounds", ("decide", "recommend", "to_dict")),
        *(line(name, row) for name, row in report["calls_us"].items()),
        "",
        heading(
            f"{report['infeasible']} infeasible profiles: µs per call", ("recommend", "to_dict")
        ),
        *(line(name, row) for name, row in report["infeasible_us"].items()),
        *target_lines(report["targets"]),
        "",
        heading(f"ms per process, {effort['runs']} runs", ("numpy",)),
        *(line(name, row) for name, row in report["processes_ms"].items()),
    ]


if __name__ == "__main__":
    sys.exit(main())
