"""Labels made from hidden weights: what a fit is compared with."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, Final

from benchmarks.shared.profiles import FEW_REQUIREMENTS, Document, distinct, random_documents
from mars_solver import Catalogue, Profile, Solver, Weights
from mars_solver.inputs.weights import VECTORS, with_vectors
from mars_solver.tuning.labels import Label, parse_label
from mars_solver.vocabulary import CRITERION_NAMES

MOST: Final = 100


def hidden_weights(start: Weights, seed: int) -> Weights:
    """Return weights of which only the curves are known: every number is random, up to `MOST`."""
    chance = random.Random(f"weights {seed}")  # noqa: S311  (a benchmark, no secret)
    rows = [tuple(chance.randint(0, MOST) for _ in CRITERION_NAMES) for _ in VECTORS]
    return with_vectors(start, tuple(rows), name=f"hidden-{seed}", note=None, provenance=None)


def random_profiles(seed: int | str) -> Iterator[Document]:
    """Yield distinct profiles with few random requirements and importances from 0 to 10."""
    return distinct(random_documents(FEW_REQUIREMENTS, f"profiles {seed}"))


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
    for document in random_profiles(seed):
        decision = solver.decide(Profile.model_validate(document))
        level = [
            decision.standings[index].model.id
            for index in decision.ranking
            if decision.order(index) == decision.order(decision.ranking[0])
        ]
        if len(level) < 2:
            continue
        first = wrong.choice(level[1:]) if wrong.random() < noise else level[0]
        number = len(labels)
        data: dict[str, Any] = {"id": f"h{number:04}", "profile": document, "expected": [first]}
        labels.append(parse_label(data, f"hidden:{number + 1}"))
        if len(labels) == count:
            break
    return labels
