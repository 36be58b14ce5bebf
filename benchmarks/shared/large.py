"""Large catalogues with attributes of every kind, for what has to stay fast as they grow."""

from __future__ import annotations

from random import Random
from typing import Any

from mars_solver.inputs.catalogue.catalogue import build_catalogue
from mars_solver.inputs.parsing import parse
from mars_solver.inputs.weights import Weights
from mars_solver.solving.solver import Solver

Table = dict[str, Any]
MEMBERS = tuple(f"m{i}" for i in range(12))


def large_solver(models: int, *, unknown: float = 0.2, yes: float = 0.75, seed: int = 1) -> Solver:
    """A solver of many models: 20 attributes, 3 variables, 8 criteria.

    Args:
        models: how many.
        unknown: the share of the facts that are unknown.
        yes: the share of the capabilities and members that are there.
        seed: of the facts.
    """
    rng = Random(seed)  # noqa: S311  (variety, no secret)
    attributes: Table = {}
    for i in range(8):
        attributes[f"can{i}"] = {"kind": "capability", "label": f"Can {i}"}
        if i < 3:
            attributes[f"can{i}"] |= {"enables": {f"v{i}": ["b"]}, "pins": {f"v{i}": ["b"]}}
        if i < 3:
            attributes[f"can{i}"]["criterion"] = f"c_can{i}"
    for i in range(6):
        attributes[f"n{i}"] = {
            "kind": "number",
            "label": f"Number {i}",
            "unit": "ms",
            "requirements": {"max": f"max_n{i}"} if i % 2 else {"min": f"min_n{i}"},
        }
        if i < 4:
            attributes[f"n{i}"]["criterion"] = f"c_n{i}"
    for i in range(2):
        attributes[f"rank{i}"] = {
            "kind": "ordinal",
            "label": f"Rank {i}",
            "scale": [1, 5],
            "requirements": {"min": f"min_rank{i}"},
            "criterion": f"c_rank{i}",
        }
    for i in range(4):
        attributes[f"set{i}"] = {"kind": "set", "label": f"Set {i}"}
    content: Table = {
        "attributes": {
            "schema": 1,
            "variables": {f"v{i}": ["a", "b"] for i in range(3)},
            "attributes": attributes,
        },
        "sources": {"schema": 1, "test": {"title": "a test", "where": "here", "date": "2026"}},
    }
    for i in range(models):
        content[f"model-{i:03}"] = _model(rng, f"model-{i:03}", attributes, unknown, yes)
    weights = {
        "schema": 1,
        "name": "large",
        "curves": {
            a["criterion"]: {
                "scale": "log" if name.startswith("n") else "linear",
                "anchors": [
                    {"at": 1, "value": 0 if name.startswith("rank") else 10**6},
                    {"at": 5 if name.startswith("rank") else 10**4}
                    | {"value": 10**6 if name.startswith("rank") else 0},
                ],
            }
            for name, a in attributes.items()
            if a["kind"] != "capability" and "criterion" in a
        },
        "base": {a["criterion"]: 100 for a in attributes.values() if "criterion" in a},
    }
    return Solver(build_catalogue(content), parse(Weights, weights, "weights"))


def _claim(**content: Any) -> Table:
    return {"source": "test", "as_of": "2026", "grade": "stated", **content}


def _model(rng: Random, name: str, attributes: Table, unknown: float, yes: float) -> Table:
    model: Table = {
        "schema": 1,
        "id": name,
        "name": name.upper(),
        "stage": _claim(value="released"),
    }
    for key, attribute in attributes.items():
        if attribute["kind"] == "set":
            model[key] = {"others": "no"} | {
                member: _claim(value="unknown" if rng.random() < unknown else rng.random() < yes)
                for member in MEMBERS
            }
        elif rng.random() < unknown:
            continue
        elif attribute["kind"] == "capability":
            model[key] = _claim(value=rng.random() < yes)
        elif attribute["kind"] == "ordinal":
            model[key] = _claim(value=rng.randint(1, 5))
        else:
            low, high = sorted(rng.randint(1, 10**4) for _ in range(2))
            model[key] = _claim(low=low, high=high) if rng.random() < 0.5 else _claim(value=low)
    return model


REQUIRED: Table = {
    "can0": True,
    "can3": True,
    "can4": True,
    "can5": True,
    "min_n0": 10,
    "max_n1": 9000,
    "min_n2": 20,
    "max_n3": 9500,
    "min_rank0": 1.5,
    "set0": ["m0"],
    "set1": ["m1"],
    "set2": ["m2"],
}
"""Twelve requirements."""
