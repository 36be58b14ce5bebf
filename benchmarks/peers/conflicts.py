"""How long a whole diagnosis takes: all conflicts and corrections, beside rivals that find one.

    python -m benchmarks.peers.conflicts [--quick] [--json FILE]

A fixed, seeded set of infeasible profiles with eight stated requirements each is diagnosed by
`mars_solver`, by CPMpy's MUS tools and by z3's unsatisfiable cores (pip install
'mars-solver[peers]'). The rivals find ONE conflict of each profile; two more find all conflicts and
corrections, by MARCO. First all of them are compared with a brute force over every set of
requirements and every configuration: ours must be all there is, and theirs among it. Any difference
ends the run with exit code 1. Then every setting of the rivals is tried, and the fastest ones are
timed warm beside ours, in turns; every call gets a profile, or a recommendation, of its own.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

from benchmarks.peers.rivals.answers import Ground, prepare
from benchmarks.peers.rivals.diagnosis import (
    SEED,
    STATED,
    Diagnosis,
    FindAll,
    FindOne,
    brute_force,
    make_documents,
)
from benchmarks.shared.harness import (
    Contender,
    Row,
    Timings,
    fastest,
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
    told,
)
from benchmarks.shared.profiles import Document
from mars_solver import Recommendation, load_catalogue, load_weights, recommend

SCHEMA: Final = "mars-solver/conflicts/1"
OURS: Final = "recommend(p), all conflicts and corrections"
ALONE: Final = "all conflicts and corrections alone"
PACKAGES: Final = ("mars-solver", "numpy", "cpmpy", "ortools", "z3-solver")
KEPT: Final = "kept (one)"
"""How the names end of what finds one conflict with a solver that is kept warm."""
TIMES_SLOWER: Final = 3
"""Than all conflicts and corrections of ours, at least."""


class Effort(NamedTuple):
    """How much is measured."""

    profiles: int
    trials: int
    """Rounds in which each setting of each rival diagnoses every profile once."""
    rounds: int
    """Rounds in which each contender diagnoses every profile once."""


class Rivals(NamedTuple):
    """Every setting of one peer."""

    one: dict[str, FindOne]
    every: dict[str, FindAll]


FULL: Final = Effort(profiles=40, trials=5, rounds=50)
QUICK: Final = Effort(profiles=5, trials=1, rounds=3)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print the table, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="conflicts.py", description="Time the diagnosis of infeasible profiles."
    )
    options = options_of(parser, argv)
    effort = QUICK if options.quick else FULL

    ground = prepare(load_catalogue(), load_weights())
    documents = make_documents(ground, effort.profiles)
    peers, missing = available_peers(ground)
    told(missing, "note")
    differences, mix = compare(ground, documents, peers)
    if told(differences, "error"):
        return 1
    tried = time_settings(documents, peers, effort.trials)
    one = {name: peer.one[name] for peer in peers for name in [fastest(peer.one, tried)]}
    every = {name: peer.every[name] for peer in peers for name in [fastest(peer.every, tried)]}
    rivals: dict[str, FindOne | FindAll] = {**one, **every}
    calls = summary(time_calls(documents, rivals, effort.rounds), 1e6, (OURS, ALONE))
    report = {
        "schema": SCHEMA,
        "machine": machine(PACKAGES),
        "effort": effort._asdict(),
        "profiles": {"seed": SEED, "count": len(documents), "stated": STATED, **mix},
        "missing": missing,
        "settings_us": summary(tried, 1e6, ()),
        "calls_us": calls,
        "targets": targets(calls),
    }
    return finish(report, table(report), options.json)


def available_peers(ground: Ground) -> tuple[list[Rivals], list[str]]:
    """Return the rivals whose libraries are installed, and notes on those that are not."""
    peers: list[Rivals] = []
    missing: list[str] = []
    try:
        from benchmarks.peers.rivals import cpmpy_tools  # noqa: PLC0415  (an optional peer)

        peers.append(Rivals(cpmpy_tools.find_one(ground), cpmpy_tools.find_all(ground)))
    except ModuleNotFoundError as error:
        missing.append(missing_peer(error, "cpmpy", "CPMpy is left out"))
    try:
        from benchmarks.peers.rivals import z3_cores  # noqa: PLC0415  (an optional peer)

        peers.append(Rivals(z3_cores.find_one(ground), z3_cores.find_all(ground)))
    except ModuleNotFoundError as error:
        missing.append(missing_peer(error, "z3", "z3 is left out, also below CPMpy"))
    return peers, missing


def compare(
    ground: Ground, documents: list[Document], peers: list[Rivals]
) -> tuple[list[str], dict[str, Any]]:
    """Return where anyone differs from the brute force, and what there is to find."""
    differences: list[str] = []
    diagnoses: list[Diagnosis] = []
    for document, profile in zip(documents, make_profiles(documents), strict=True):
        expected = brute_force(ground, profile)
        diagnoses.append(expected)
        answers: dict[str, object] = {OURS: read(recommend(profile))}
        answers |= {name: find(profile) for peer in peers for name, find in peer.every.items()}
        wrong = {name: answer for name, answer in answers.items() if answer != expected}
        for peer in peers:
            for name, find in peer.one.items():
                core = find(profile)
                if core not in expected.conflicts:
                    wrong[name] = core
        for name, answer in wrong.items():
            differences.append(
                f"{name} differs on {json.dumps(document)}:\n"
                f"  brute force: {expected}\n  found: {answer}"
            )
    return differences, {
        "conflicts": _mix(len(each.conflicts) for each in diagnoses),
        "conflict sizes": _mix(len(core) for each in diagnoses for core in each.conflicts),
        "corrections": _mix(len(each.corrections) for each in diagnoses),
        "correction sizes": _mix(len(core) for each in diagnoses for core in each.corrections),
    }


def read(answer: Recommendation) -> Diagnosis:
    """Return the diagnosis in a recommendation."""
    return Diagnosis(
        frozenset(map(frozenset, answer.conflicts)), frozenset(map(frozenset, answer.corrections))
    )


def _mix(counts: Iterable[int]) -> dict[int, int]:
    return dict(sorted(Counter(counts).items()))


def time_settings(documents: list[Document], peers: list[Rivals], rounds: int) -> Timings:
    """Return the seconds per call of every setting of every rival, round by round."""
    inputs = partial(make_profiles, documents)
    settings: dict[str, FindOne | FindAll] = {}
    for peer in peers:
        settings |= peer.one
        settings |= peer.every
    return time_in_turns({name: Contender(find, inputs) for name, find in settings.items()}, rounds)


def time_calls(
    documents: list[Document], rivals: dict[str, FindOne | FindAll], rounds: int
) -> Timings:
    """Return the seconds per call of ours and of some rivals, round by round."""
    profiles = partial(make_profiles, documents)
    contenders = {
        OURS: Contender(lambda profile: _diagnosed(recommend(profile)), profiles),
        ALONE: Contender(_diagnosed, lambda: [recommend(profile) for profile in profiles()]),
    }
    contenders |= {name: Contender(find, profiles) for name, find in rivals.items()}
    return time_in_turns(contenders, rounds)


def _diagnosed(answer: Recommendation) -> object:
    return answer.conflicts, answer.corrections


def targets(calls: dict[str, Row]) -> list[Row]:
    """Return which targets are met, whole and for the search alone; none without the peer."""
    return [
        target(f"{name} takes at least {TIMES_SLOWER} x {ours}", row, ours, least=TIMES_SLOWER)
        for name, row in calls.items()
        if name.endswith(KEPT)
        for ours in (OURS, ALONE)
    ]


def table(report: dict[str, Any]) -> list[str]:
    """Return a report as lines of text."""
    profiles, effort, settings = report["profiles"], report["effort"], report["settings_us"]
    return [
        *machine_lines(report["machine"]),
        (
            f"{profiles['count']} infeasible profiles with {profiles['stated']} requirements "
            f"(seed {profiles['seed']}); all answers stand against the brute force"
        ),
        *(
            f"  {what}: " + ", ".join(f"{count} x {each}" for each, count in profiles[what].items())
            for what in ("conflict sizes", "correction sizes")
        ),
        "",
        *([heading(f"every setting, µs per call, {effort['trials']} rounds")] if settings else []),
        *(line(name, row) for name, row in settings.items()),
        *([""] if settings else []),
        heading(f"the fastest, µs per call, {effort['rounds']} rounds", ("ours", "alone")),
        *(line(name, row) for name, row in report["calls_us"].items()),
        "",
        *target_lines(report["targets"]),
    ]


if __name__ == "__main__":
    sys.exit(main())
