"""Labels made from hidden weights: what a fit is compared with; and random profiles."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator
from typing import Any, Final

from mars_solver import Catalogue, InputError, Profile, Solver, Weights
from mars_solver.inputs.catalogue.attributes import Declarations
from mars_solver.inputs.profile import parse_profile
from mars_solver.inputs.weights import vector_paths, with_vectors
from mars_solver.solving.table import Column
from mars_solver.tuning.labels import Label, parse_label
from mars_solver.vocabulary import BATCH, MAX_IMPORTANCE, Kind

MOST: Final = 100
STATED: Final = (0, 0, 1, 1, 2, 3)
"""How many requirements random profiles state: few, so that the weights decide much."""


def hidden_weights(start: Weights, declared: Declarations, seed: int) -> Weights:
    """Return weights of which only the curves are known: every number is random, up to `MOST`."""
    chance = random.Random(f"weights {seed}")  # noqa: S311  (a benchmark, no secret)
    criteria, paths = declared.criteria, vector_paths(declared)
    rows = [tuple(chance.randint(0, MOST) for _ in criteria) for _ in paths]
    return with_vectors(
        start, declared, tuple(rows), name=f"hidden-{seed}", note=None, provenance=None
    )


def random_profiles(
    solver: Solver, seed: int | str, criteria: Collection[str] | None = None
) -> Iterator[Profile]:
    """Yield distinct profiles with few random requirements and importances from 0 to 10.

    Args:
        solver: what can be asked, and where verdicts change.
        seed: of the random numbers.
        criteria: which of them to prefer; without them, all that the weights score.
    """
    rng = random.Random(f"profiles {seed}")  # noqa: S311
    declared = solver.declared
    scored = [c.name for c in declared.criteria if solver.weights.knows(c)]
    names = scored if criteria is None else list(criteria)
    seen: set[Profile] = set()
    while True:
        columns = rng.sample(solver.table, min(rng.choice(STATED), len(solver.table)))
        require = {each.requirement.name: _asked(each, solver, rng) for each in columns}
        needs = declared.needs_of(require)
        data = {
            "require": require,
            "prefer": {name: rng.randint(0, MAX_IMPORTANCE) for name in names},
            "accept_beta": rng.random() < 0.3,
            "primary": rng.choice(needs) if needs and rng.random() < 0.3 else None,
            "workflow": BATCH if rng.random() < 0.2 else None,
        }
        try:
            profile = parse_profile(data, "random", declared)
        except InputError:
            continue  # batch work beside a live need
        if profile not in seen:
            seen.add(profile)
            yield profile


def _asked(column: Column, solver: Solver, rng: random.Random) -> Any:
    """Return what a random profile asks of a requirement."""
    requirement = column.requirement
    if requirement.kind is Kind.SET:
        known = solver.catalogue.known_members(requirement.attribute)
        return rng.sample([*known, column.unheard()], 1)
    return True if requirement.kind is Kind.CAPABILITY else _number(column, rng)


def _number(column: Column, rng: random.Random) -> float:
    interval, _ = rng.choice(column.intervals)
    return interval.representative


def hidden_labels(
    catalogue: Catalogue, weights: Weights, count: int, *, seed: int, noise: float = 0.0
) -> list[Label]:
    """Return labels for profiles among whose models the weights decide.

    Args:
        catalogue: the models.
        weights: the weights that pick the first model.
        count: how many labels.
        seed: of profiles and noise; the first labels of a longer list are those of a shorter one.
        noise: the share of labels that name another model of the best standing instead.
    """
    solver = Solver(catalogue, weights)
    wrong = random.Random(f"noise {seed}")  # noqa: S311
    labels: list[Label] = []
    for profile in random_profiles(solver, seed):
        decision = solver.decide(profile)
        level = decision.ids[: len(decision.contenders)]
        if len(level) < 2:
            continue
        first = wrong.choice(level[1:]) if wrong.random() < noise else level[0]
        number = len(labels)
        data = {"id": f"h{number:04}", "profile": profile.to_dict(), "expected": [first]}
        labels.append(parse_label(data, solver.declared, f"hidden:{number + 1}"))
        if len(labels) == count:
            break
    return labels
