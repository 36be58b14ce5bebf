"""What is wrong with an infeasible profile, by brute force, as every contender must answer it.

A conflict is a minimal set of stated requirements that no configuration of any model meets
together, a correction a minimal set without which one is left. Nothing here comes from the solver:
what violates a requirement is read in `shared.rules`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations, islice
from typing import Final, NamedTuple

from benchmarks.peers.rivals.answers import Ground
from benchmarks.shared.profiles import Document, many_requirements, random_documents
from benchmarks.shared.rules import (
    NEEDS_VALUE,
    VIOLATED,
    Wish,
    asked,
    verdict,
    violations,
)
from mars_solver import Profile
from mars_solver.inputs.profile import parse_profile

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
    """The indices of the models whose facts violate it."""
    choice: Wish | None
    """The values that a configuration must have one of."""


def demands(ground: Ground, profile: Profile) -> Iterator[Demand]:
    """Yield what each stated requirement demands."""
    for name, wanted in asked(profile):
        verdicts = [verdict(facts, name, wanted) for facts in ground.models]
        banned = tuple(index for index, judged in enumerate(verdicts) if judged == VIOLATED)
        yield Demand(name, banned, NEEDS_VALUE.get(name))


def make_documents(ground: Ground, count: int) -> list[Document]:
    """Return infeasible profiles as plain documents: the same ones in every run.

    All of them accept betas, so that every model is a candidate.
    """
    documents = random_documents(many_requirements(STATED), SEED)
    infeasible = (
        document
        for document in documents
        if all(_violations(ground, parse_profile(document, "document")))
    )
    return list(islice(infeasible, count))


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
    return [violated for facts in ground.models for violated in violations(facts, profile)]


def _smallest(stated: list[str], holds: Callable[[Core], bool]) -> frozenset[Core]:
    """Return the minimal sets for which something holds that holds for all larger ones too."""
    minimal: list[Core] = []
    for size in range(len(stated) + 1):
        for names in map(frozenset, combinations(stated, size)):
            if not any(smaller <= names for smaller in minimal) and holds(names):
                minimal.append(names)
    return frozenset(minimal)
