"""How the proof, and the difference that one fact makes, grow with the number of models.

    python -m benchmarks.scaling.proof_growth [--models 6 12 24] [--seconds 600] [--json FILE]

Synthetic catalogues of 6, 12, 24 and 48 models have the shipped one's attributes and guide, and
facts drawn from a fixed seed. Each is proved in a process of its own, and then compared with itself
after one model's latency has doubled, over all profiles and importances.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
from pathlib import Path
from typing import Any

from benchmarks.shared.harness import taken_by
from mars_solver import (
    InputError,
    Solver,
    difference,
    load_catalogue,
    load_weights,
    with_measurements,
)
from mars_solver.inputs.catalogue.attributes import Attribute
from mars_solver.inputs.catalogue.catalogue import Catalogue, build_catalogue
from mars_solver.inputs.files import CHART, catalogue_file, read_document
from mars_solver.proving.theorem import prove
from mars_solver.vocabulary import Kind

SEED = 20_261_122
NUMBERS: dict[str, list[int]] = {
    "ttfb_ms": [100, 150, 200, 300, 500, 800, 1200, 2000, 3000],
    "memory_mb": [50, 100, 200, 400, 600, 1200, 2400, 4800],
    "sample_rate_hz": [16_000, 22_050, 24_000, 44_100, 48_000],
    "price_usd_per_mchar": [10, 20, 40],
}
MEMBERS: dict[str, list[Any]] = {
    "languages": ["en-us", "hi-in", "de-de"],
    "output_sample_rates_hz": [16_000, 24_000],
    "output_formats": ["wav", "mp3"],
    "platforms": ["livekit", "pipecat"],
}
RARE = {"style_control": (1, 4, 1), "on_device": (1, 4, 1), "offline": (1, 4, 1)}
"""How often a capability is a yes, a no, or unknown, where that is not as often as others."""
GUIDES = ("mars-flash", "mars-instruct", "mars-nano", "mars-pro")


def synthetic(models: int) -> Catalogue:
    """Return a catalogue of some models, the guide's four ids among them."""
    rng = random.Random(SEED)  # noqa: S311  (no secret)
    declared = load_catalogue().declared
    names = [*GUIDES, *(f"made-{i}" for i in range(models - len(GUIDES)))]
    chart, _ = read_document(catalogue_file(CHART))
    attributes, _ = read_document(catalogue_file("attributes.toml"))
    return build_catalogue(
        {
            "attributes": attributes,
            "sources": {"schema": 1, "made": {"title": "made", "where": "here", "date": "2026"}},
            "guide/flowchart": {**chart, "source": "made"},
            **{name: _model(name, declared.attributes, rng) for name in names},
        }
    )


def _fact(**content: Any) -> dict[str, Any]:
    return {**content, "source": "made", "as_of": "2026", "grade": "stated"}


def _model(name: str, attributes: dict[str, Attribute], rng: random.Random) -> dict[str, Any]:
    stage = rng.choices(["released", "beta"], [4, 1])[0]
    facts = {each: _claim(each, attribute, rng) for each, attribute in attributes.items()}
    return {
        "schema": 1,
        "id": name,
        "name": name,
        "stage": _fact(value=stage),
        **{each: claim for each, claim in facts.items() if claim},
        "public_api": _fact(value=True),
    }


def _claim(name: str, attribute: Attribute, rng: random.Random) -> dict[str, Any]:
    """Return what is claimed of an attribute; nothing of a number that is only shown."""
    match Kind(attribute.kind):
        case Kind.CAPABILITY:
            return _known(rng, *RARE.get(name, (3, 1, 1)))
        case Kind.SET:
            members = MEMBERS.get(name, [])
            return {"others": "unknown"} | {str(each): _known(rng, 2, 1, 1) for each in members}
        case Kind.ORDINAL:
            return _fact(value=rng.randint(1, 5))
        case _:
            low, high = sorted(rng.choices(NUMBERS.get(name, [1]), k=2))
            return _fact(low=low, high=high) if name in NUMBERS else {}


def _known(rng: random.Random, yes: int, no: int, unknown: int) -> dict[str, Any]:
    return _fact(value=rng.choices([True, False, "unknown"], [yes, no, unknown])[0])


def measure(models: int) -> dict[str, Any]:
    """Return what the proof of a synthetic catalogue took."""
    solver = Solver(synthetic(models), load_weights())
    theorem, taken = taken_by(lambda: prove(solver))
    found, compared = taken_by(lambda: difference(solver, _slower(solver)))
    return {
        "models": models,
        "seconds": taken.wall,
        "cpu_seconds": taken.cpu,
        "cells": theorem.cells,
        "classes": theorem.classes,
        "holds": theorem.holds,
        "difference_cpu_seconds": compared.cpu,
        "moves": len(found.moves),
    }


def _slower(solver: Solver) -> Solver:
    """Return the same with a latency of one model twice as long."""
    model = solver.catalogue.models[0]
    low, high = model.range("ttfb_ms") or (100, 100)
    claim = {"low": 2 * low, "high": 2 * high, "source": "made", "as_of": "2026"}
    measured = with_measurements(solver.catalogue, {model.id: {"ttfb_ms": claim}}, place="measured")
    return Solver(measured, solver.weights)


def main() -> None:
    """Prove each catalogue and print a row for it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--models", type=int, nargs="+", default=[6, 12, 24, 48])
    parser.add_argument("--seconds", type=float, default=600, help="the longest one may take")
    parser.add_argument("--json", type=Path, help="where to write the results")
    arguments = parser.parse_args()
    print(f"{'models':>7} {'seconds':>9} {'classes':>10} {'cells':>16} {'difference, CPU s':>18}")
    rows = []
    for models in arguments.models:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            try:
                row = pool.apply_async(measure, (models,)).get(arguments.seconds)
            except (multiprocessing.TimeoutError, InputError):
                row = {"models": models, "seconds": None, "cells": None, "classes": None}
        rows.append(row)
        if row["seconds"] is None:
            print(f"{models:>7} {'too long, or more classes than memory holds':>45}")
        else:
            proved = f"{models:>7} {row['seconds']:>9.2f} {row['classes']:>10} {row['cells']:>16}"
            print(f"{proved} {row['difference_cpu_seconds']:>18.2f}")
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
