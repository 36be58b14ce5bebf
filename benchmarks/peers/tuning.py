"""How tuning compares: held-out labels, beside logistic regression on pairs and a search by Optuna.

    python -m benchmarks.peers.tuning [--quick] [--json FILE]

Labels are made from hidden weights, of which no contender knows anything, and so are those that are
held out. scikit-learn fits a logistic regression to the differences of pairs (the right model
against each other one); Optuna searches the same numbers for the most labels that win (pip
install 'mars-solver[peers]'). All of them see the same labels, and the guide is left aside. Figures
are means over seeds; each seed has hidden weights of its own.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial
from statistics import mean
from typing import Any, Final, NamedTuple

import benchmarks.shared.threads  # noqa: F401  (before NumPy)

# isort: split
import numpy as np

from benchmarks.shared.harness import (
    Taken,
    finish,
    machine,
    machine_lines,
    met,
    missing_peer,
    options_of,
    taken_by,
    told,
)
from benchmarks.tuning.hidden import hidden_labels, hidden_weights
from mars_solver import Catalogue, Solver, Weights, load_catalogue, load_weights
from mars_solver.tuning.labels import Label
from mars_solver.tuning.leads import IntegerRow, numbers_of, size_of
from mars_solver.tuning.targets import GroundedLabel, questions
from mars_solver.tuning.tune import held_out, tune

SCHEMA: Final = "mars-solver/tuning-peers/1"
PACKAGES: Final = ("mars-solver", "numpy", "scipy", "scikit-learn", "optuna")
OURS: Final = "mars-solver"
REGRESSION: Final = "scikit-learn, logistic regression on pairs"
SEARCH: Final = "Optuna, labels that win"
TESTED: Final = 1000
NOISY_TARGET: Final = 0.94
TIMES_FASTER: Final = 10

Fit = Callable[[Sequence[Label], Sequence[GroundedLabel]], IntegerRow]


class Effort(NamedTuple):
    """How much is measured."""

    cases: tuple[tuple[int, float], ...]
    """Labels, and the share of them that are turned at random."""
    seeds: int
    trials: int
    """Of Optuna."""
    searched: int
    """The labels that Optuna is given."""


FULL: Final = Effort(((30, 0.0), (100, 0.0), (1000, 0.0), (1000, 0.1)), 10, 1000, 100)
QUICK: Final = Effort(((30, 0.0),), 1, 20, 30)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print the table, and return the exit code."""
    parser = argparse.ArgumentParser(prog="tuning.py", description="Compare tuning.")
    options = options_of(parser, argv)
    effort = QUICK if options.quick else FULL
    catalogue, start = load_catalogue(), load_weights()
    solver = Solver(catalogue, start)
    contenders, missing = _contenders(solver, effort)
    told(missing, "note")
    report = {
        "schema": SCHEMA,
        "machine": machine(PACKAGES),
        "effort": effort._asdict(),
        "missing": missing,
        "cases": [
            {
                "labels": count,
                "noise": noise,
                "contenders": _case(contenders, catalogue, start, count, noise, effort),
            }
            for count, noise in effort.cases
        ],
        "search": _case(contenders, catalogue, start, effort.searched, 0.0, effort, search=True),
    }
    return finish(report, table(report), options.json)


def _contenders(solver: Solver, effort: Effort) -> tuple[dict[str, Fit], list[str]]:
    """Return what is compared, and notes on the peers that are not installed."""

    def ours(labels: Sequence[Label], _: Sequence[GroundedLabel]) -> IntegerRow:
        return numbers_of(tune(labels, solver).weights, solver.declared)

    contenders: dict[str, Fit] = {OURS: ours}
    missing = []
    try:
        import sklearn.linear_model  # noqa: PLC0415  (an optional peer)

        model = sklearn.linear_model.LogisticRegression
        contenders[REGRESSION] = lambda _, asked: _regression(asked, model)
    except ModuleNotFoundError as error:
        missing.append(missing_peer(error, "sklearn", "logistic regression is left out"))
    try:
        import optuna  # noqa: PLC0415  (an optional peer)

        size = size_of(solver.declared)
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        contenders[SEARCH] = lambda _, asked: _searched(asked, optuna, size, effort.trials)
    except ModuleNotFoundError as error:
        missing.append(missing_peer(error, "optuna", "the search is left out"))
    return contenders, missing


def _regression(asked: Sequence[GroundedLabel], model: Any) -> IntegerRow:
    """Return the numbers of a logistic regression; they may be negative."""
    rows = np.array([x.row for q in asked for way in q.target.ways for x in way]) / 1e6
    both = np.vstack([rows, -rows])
    right = np.repeat([1, 0], len(rows))
    fitted = model(fit_intercept=False, max_iter=1000).fit(both, right)
    numbers = fitted.coef_[0] * (10**6 / np.abs(fitted.coef_).max())
    return tuple(int(x) for x in np.rint(numbers))


def _searched(asked: Sequence[GroundedLabel], optuna: Any, size: int, trials: int) -> IntegerRow:
    """Return the numbers from 0 to 100 under which most labels win, as Optuna finds them."""

    def objective(trial: Any) -> float:
        row = tuple(trial.suggest_int(f"x{i}", 0, 100) for i in range(size))
        return held_out(asked, row).share

    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(objective, n_trials=trials)
    return tuple(study.best_params[f"x{i}"] for i in range(size))


def _case(
    contenders: dict[str, Fit],
    catalogue: Catalogue,
    start: Weights,
    count: int,
    noise: float,
    effort: Effort,
    *,
    search: bool = False,
) -> dict[str, dict[str, Any]]:
    """Return how each contender does on one kind of labels: the search on its own kind alone."""
    solver = Solver(catalogue, start)
    chosen = {name: fit for name, fit in contenders.items() if (name == SEARCH) <= search}
    shares: dict[str, list[float]] = {name: [] for name in chosen}
    taken: dict[str, list[Taken]] = {name: [] for name in chosen}
    for seed in range(2 if search else effort.seeds):
        hidden = hidden_weights(start, catalogue.declared, seed)
        labels = hidden_labels(catalogue, hidden, count, seed=seed, noise=noise)
        unseen = questions(hidden_labels(catalogue, hidden, TESTED, seed=10**6 + seed), solver)
        asked = questions(labels, solver)
        for name, fit in chosen.items():
            numbers, took = taken_by(partial(fit, labels, asked))
            taken[name].append(took)
            shares[name].append(held_out(unseen, numbers).share)
    return {
        name: {
            "held_out": sum(shares[name]) / len(shares[name]),
            "least": min(shares[name]),
            "seconds": mean(each.wall for each in taken[name]),
            "cpu_seconds": mean(each.cpu for each in taken[name]),
        }
        for name in chosen
    }


def table(report: dict[str, Any]) -> list[str]:
    """Return a report as lines of text."""
    effort = report["effort"]
    lines = [
        *machine_lines(report["machine"]),
        f"{TESTED} labels held out; means over {effort['seeds']} hidden weights",
    ]
    for case in report["cases"]:
        title = f"{case['labels']} labels, {case['noise']:.0%} of them wrong"
        lines += ["", *_rows(title, case["contenders"])]
    title = f"{effort['searched']} labels, {effort['trials']} trials of the search, 2 seeds"
    lines += ["", *_rows(title, report["search"]), ""]
    return [*lines, *_targets(report)]


def _rows(title: str, rows: dict[str, dict[str, Any]]) -> list[str]:
    head = f"{title:<46}{'held out':>10}{'least':>10}{'seconds':>10}{'CPU':>10}"
    return [head] + [
        f"{name:<46}{row['held_out']:>10.4f}{row['least']:>10.4f}{row['seconds']:>10.3f}"
        f"{row['cpu_seconds']:>10.3f}"
        for name, row in rows.items()
    ]


def _targets(report: dict[str, Any]) -> list[str]:
    """Return whether the targets are met."""
    lines = []
    for case in report["cases"]:
        rows = case["contenders"]
        ours = rows[OURS]["held_out"]
        if case["noise"]:
            what = f"at {case['noise']:.0%} noise at least {NOISY_TARGET}"
            lines.append(f"target: {what}: {met(ours >= NOISY_TARGET)}, {ours:.4f}")
        elif REGRESSION in rows:
            ahead = ours - rows[REGRESSION]["held_out"]
            what = f"with {case['labels']} labels at least the regression"
            lines.append(f"target: {what}: {met(ahead >= 0)}, {ahead:+.4f}")
    search = report["search"]
    if SEARCH in search:
        ahead = search[OURS]["held_out"] - search[SEARCH]["held_out"]
        ratio = search[SEARCH]["seconds"] / search[OURS]["seconds"]
        lines.append(f"target: better than the search: {met(ahead > 0)}, {ahead:+.4f}")
        what = f"{TIMES_FASTER} x as fast as the search"
        lines.append(f"target: {what}: {met(ratio >= TIMES_FASTER)}, {ratio:.0f} x")
    return lines


if __name__ == "__main__":
    sys.exit(main())
