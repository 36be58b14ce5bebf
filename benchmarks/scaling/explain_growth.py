"""How an explanation grows with the models: 6 to 206 of them.

    python -m benchmarks.scaling.explain_growth [--quick] [--json FILE]

Synthetic catalogues with attributes of every kind. Three profiles: an empty one, one with twelve
requirements that no model meets, and one whose numbers exclude nothing. Each explanation is also
asked for one model, as `--model` does, the last in the catalogue; and stands beside the bare answer
to the same profile, the text of it and the question to ask next. Every call gets a profile of its
own; `anew` also gets a solver of its own, as a command does, so that nothing is remembered. That
one is held to the target.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any, Final, NamedTuple

from benchmarks.shared.harness import (
    Contender,
    Row,
    finish,
    heading,
    line,
    machine,
    machine_lines,
    met,
    options_of,
    summary,
    time_in_turns,
)
from benchmarks.shared.large import REQUIRED, large_solver
from mars_solver import Profile, Solver, recommend_with
from mars_solver.explaining.asking import Interview
from mars_solver.inputs.profile import parse_profile

SCHEMA: Final = "mars-solver/explain-growth/1"
PACKAGES: Final = ("mars-solver", "numpy")
MODELS: Final = (6, 25, 56, 106, 206)
WITHIN_MS: Final = {56: 50.0, 206: 1000.0}
"""What an explanation of one model may take, by the models of the catalogue."""
LOOSE: Final = {
    name: (1 if name.startswith("min") else 10**4)
    for name in REQUIRED
    if name[:4] in ("min_", "max_")
}
PROFILES: Final[dict[str, Row]] = {
    "empty": {},
    "strict": REQUIRED,
    "loose": {**REQUIRED, **LOOSE},
}
ANSWER: Final = "to_dict()"
EXPLAINED: Final = "explain(model).to_dict()"
ANEW: Final = "explain(model).to_dict() anew"
TEXT: Final = "print(explain())"
QUESTION: Final = "Interview.ask"


Asked = tuple[Solver, Profile]


class Effort(NamedTuple):
    """How much is measured."""

    calls: int
    """In each round."""
    rounds: int


FULL: Final = Effort(calls=5, rounds=9)
QUICK: Final = Effort(calls=1, rounds=2)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print the table, and return the exit code."""
    parser = argparse.ArgumentParser(prog="explain_growth.py", description="Time explanations.")
    options = options_of(parser, argv)
    effort = QUICK if options.quick else FULL
    report = {
        "schema": SCHEMA,
        "machine": machine(PACKAGES),
        "effort": effort._asdict(),
        "models_ms": {models: measured(large_solver(models), effort) for models in MODELS},
    }
    return finish(report, table(report), options.json)


def measured(solver: Solver, effort: Effort) -> dict[str, dict[str, Row]]:
    """Return what answers and explanations take in ms, for each profile."""
    model = solver.catalogue.models[-1].id

    def answer(asked: Asked) -> object:
        return recommend_with(*asked).to_dict()

    def explanation(asked: Asked) -> object:
        return recommend_with(*asked).explain(model).to_dict()

    def text(asked: Asked) -> object:
        return str(recommend_with(*asked).explain())

    def question(asked: Asked) -> object:
        return Interview(recommend_with(*asked)).ask

    rows: dict[str, dict[str, Row]] = {}
    for kind, require in PROFILES.items():
        asked = partial(_asked, solver, require, effort.calls)
        contenders = {
            ANSWER: Contender(answer, asked),
            EXPLAINED: Contender(explanation, asked),
            ANEW: Contender(explanation, partial(asked, anew=True)),
            TEXT: Contender(text, asked),
            QUESTION: Contender(question, asked),
        }
        taken = time_in_turns(contenders, effort.rounds)
        rows[kind] = summary(taken, 1e3, (ANSWER,))
    return rows


def _asked(solver: Solver, require: Row, count: int, *, anew: bool = False) -> list[Asked]:
    """Return equal profiles, each with the solver that answers it."""
    document = {"require": require}
    return [
        (
            Solver(solver.catalogue, solver.weights) if anew else solver,
            parse_profile(document, "document", solver.declared),
        )
        for _ in range(count)
    ]


def table(report: dict[str, Any]) -> list[str]:
    """Return a report as lines of text."""
    lines = [
        *machine_lines(report["machine"]),
        f"{len(REQUIRED)} requirements, {report['effort']['rounds']} rounds",
    ]
    for models, rows in report["models_ms"].items():
        lines += ["", heading(f"{models} models: ms per call", ("to_dict",))]
        for kind, timings in rows.items():
            lines += [line(f"{kind}: {name}", row) for name, row in timings.items()]
        if models in WITHIN_MS:
            slowest = max((each[ANEW] for each in rows.values()), key=lambda r: r["median"])
            took, limit = slowest["median"], WITHIN_MS[models]
            lines.append(
                f"target: {ANEW} within {limit:.0f} ms: {met(took <= limit)}, "
                f"{took / limit:.2f} x (CPU {slowest['cpu'] / limit:.2f} x)"
            )
    return lines


if __name__ == "__main__":
    sys.exit(main())
