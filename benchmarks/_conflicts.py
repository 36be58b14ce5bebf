"""What conflicts.py asks, answered by brute force, as every contender must answer it.

A conflict is a minimal set of stated requirements that no configuration of any model meets
together, a correction a minimal set without which one is left. Nothing here comes from the solver:
the facts, and what violates a requirement, are those of _rivals.py.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import combinations, product
from typing import Final, NamedTuple

from _measure import AMOUNTS, LOCALES, Document
from _rivals import ASKABLE, DOMAINS, NEEDS_VALUE, VIOLATED, Choice, Ground, asked, known_as
from mars_solver import Profile

SEED: Final = 20261123
STATED: Final = 8

Core = frozenset[str]
"""A set of requirements."""
FindOne = Callable[[Profile], Core]
"""Finds one conflict of an infeasible profile."""


class Diagnosis(NamedTuple):
    """All that is wrong with an infeasible profile."""

    conflicts: frozenset[Core]
    corrections: frozenset[Core]


FindAll = Callable[[Profile], Diagnosis]


class Demand(NamedTuple):
    """What one stated requirement asks of the choice of a model and its configuration."""

    name: str
    banned: tuple[int, ...]
    """The places of the models whose facts violate it."""
    choice: Choice | None
    """The value that a configuration must have."""


def demands(ground: Ground, profile: Profile) -> Iterator[Demand]:
    """Yield what each stated requirement demands."""
    for name, wanted in asked(profile):
        verdicts = [known_as(facts, name, wanted) for facts in ground.models]
        banned = tuple(place for place, verdict in enumerate(verdicts) if verdict == VIOLATED)
        yield Demand(name, banned, NEEDS_VALUE.get(name))


def make_documents(ground: Ground, count: int) -> list[Document]:
    """Return infeasible profiles as plain documents: the same ones in every run.

    All of them accept betas, so that every model is a candidate.
    """
    rng = random.Random(SEED)  # noqa: S311  (variety, no secret)
    documents: list[Document] = []
    while len(documents) < count:
        require: Document = dict.fromkeys(rng.sample(ASKABLE, STATED), True)
        for name in require:
            if name in AMOUNTS:
                require[name] = rng.choice(AMOUNTS[name])
            elif name == "languages":
                require[name] = rng.sample(LOCALES, k=rng.choice((1, 1, 2, 3)))
        document = {"require": require, "accept_beta": True}
        if all(_violations(ground, Profile.model_validate(document))):
            documents.append(document)
    return documents


def brute_force(ground: Ground, profile: Profile) -> Diagnosis:
    """Return the diagnosis by trying every set of stated requirements on every configuration."""
    violations = _violations(ground, profile)
    stated = [name for name, _ in asked(profile)]
    return Diagnosis(
        _smallest(stated, lambda names: all(names & violated for violated in violations)),
        _smallest(stated, lambda names: any(violated <= names for violated in violations)),
    )


def _violations(ground: Ground, profile: Profile) -> list[Core]:
    """Return what each configuration of each model violates."""
    asks = list(demands(ground, profile))
    violations: list[Core] = []
    for place, facts in enumerate(ground.models):
        for values in product(*facts.admitted.values()):
            chosen = set(zip(DOMAINS, values, strict=True))
            violations.append(
                frozenset(
                    name
                    for name, banned, choice in asks
                    if place in banned or (choice and choice not in chosen)
                )
            )
    return violations


def _smallest(stated: list[str], holds: Callable[[Core], bool]) -> frozenset[Core]:
    """Return the minimal sets for which something holds that holds for all larger ones too."""
    found: list[Core] = []
    for size in range(len(stated) + 1):
        for names in map(frozenset, combinations(stated, size)):
            if not any(smaller <= names for smaller in found) and holds(names):
                found.append(names)
    return frozenset(found)
