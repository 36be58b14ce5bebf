"""Labels made from hidden weights: what a fit is held against."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, Final

from _measure import AMOUNTS, LOCALES, Document
from mars_solver import Catalogue, Profile, Solver, Weights
from mars_solver.inputs.weights import VECTORS, with_vectors
from mars_solver.tuning.labels import Label, parse_label
from mars_solver.vocabulary import BATCH, CAPABILITIES, CRITERION_NAMES

MOST: Final = 100
_FEW: Final = (0, 0, 1, 1, 2, 3)


def hidden_weights(start: Weights, seed: int) -> Weights:
    """Return weights of which nothing is known but the curves: every number from 0 to `MOST`."""
    chance = random.Random(f"weights {seed}")  # noqa: S311  (a benchmark, no secret)
    rows = [tuple(chance.randint(0, MOST) for _ in CRITERION_NAMES) for _ in VECTORS]
    return with_vectors(start, tuple(rows), name=f"hidden-{seed}", note=None, provenance=None)


def random_profiles(seed: int | str) -> Iterator[Document]:
    """Yield distinct profiles with few random requirements and importances from 0 to 10."""
    chance = random.Random(f"profiles {seed}")  # noqa: S311
    seen: set[str] = set()
    while True:
        document = _profile(chance)
        if str(document) not in seen:
            seen.add(str(document))
            yield document


def _profile(chance: random.Random) -> Document:
    require: Document = {}
    able = [*CAPABILITIES, *AMOUNTS, "languages"]
    for name in chance.sample(able, chance.choice(_FEW)):
        if name in AMOUNTS:
            require[name] = chance.choice(AMOUNTS[name])
        elif name == "languages":
            require[name] = [chance.choice(LOCALES)]
        else:
            require[name] = True
    document: Document = {"require": require}
    document["prefer"] = {name: chance.randint(0, 10) for name in CRITERION_NAMES}
    document["accept_beta"] = chance.random() < 0.3
    needs = Profile(require=require).require.needs
    if needs and chance.random() < 0.3:
        document["primary"] = chance.choice(needs)
    if "real_time" not in needs and chance.random() < 0.2:
        document["workflow"] = BATCH
    return document


def hidden_labels(
    catalogue: Catalogue, weights: Weights, count: int, *, seed: int, noise: float = 0.0
) -> list[Label]:
    """Return labels of profiles among whose models the weights decide.

    Args:
        catalogue: the models.
        weights: that pick the first model.
        count: of the labels.
        seed: of profiles and noise; the first labels of a longer list are those of a shorter one.
        noise: the share of labels that name another model of the best standing instead.
    """
    solver = Solver(catalogue, weights)
    wrong = random.Random(f"noise {seed}")  # noqa: S311
    found: list[Label] = []
    for document in random_profiles(seed):
        decision = solver.decide(Profile.model_validate(document))
        level = [
            decision.standings[place].model.id
            for place in decision.ranking
            if decision.order(place) == decision.order(decision.ranking[0])
        ]
        if len(level) < 2:
            continue
        first = wrong.choice(level[1:]) if wrong.random() < noise else level[0]
        number = len(found)
        data: dict[str, Any] = {"id": f"h{number:04}", "profile": document, "expected": [first]}
        found.append(parse_label(data, f"hidden:{number + 1}"))
        if len(found) == count:
            break
    return found
