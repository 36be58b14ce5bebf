"""How the proof grows with the number of models.

    python -m benchmarks.scaling.proof_growth [--models 6 12 24] [--seconds 600] [--json FILE]

Synthetic catalogues of 6, 12, 24 and 48 models have the shipped one's kinds of facts, drawn from a
fixed seed. Each is proved in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
from pathlib import Path
from typing import Any, cast

from benchmarks.shared.harness import taken_by
from mars_solver import Solver, load_catalogue, load_weights
from mars_solver.inputs.catalogue import ATTRIBUTES, FLOWCHART, SOURCES, Catalogue, build_catalogue
from mars_solver.inputs.files import catalogue_file, read_document
from mars_solver.proving.theorem import prove

SEED = 20_261_122
TTFB = [100, 150, 200, 300, 500, 800, 1200, 2000, 3000]
MEMORY = [50, 100, 200, 400, 600, 1200, 2400, 4800]
RATES = [16_000, 22_050, 24_000, 44_100, 48_000]
LOCALES = ["en-us", "hi-in", "de-de"]


def synthetic(models: int) -> Catalogue:
    """Return a catalogue of some models, the guide's four ids among them."""
    rng = random.Random(SEED)  # noqa: S311  (no secret)
    shipped = load_catalogue()
    guide = [model.id for model in shipped.models if not model.beta]
    names = [*guide, *(f"made-{i}" for i in range(models - len(guide)))]
    content: dict[str, object] = {name: _model(name, rng) for name in names}
    for name in (ATTRIBUTES, FLOWCHART):
        content[name] = read_document(catalogue_file(f"{name}.toml"))[0]
    content[FLOWCHART] = {**cast("dict[str, object]", content[FLOWCHART]), "source": "made"}
    made = {"title": "made", "where": "here", "date": "2026"}
    content[SOURCES] = {"schema": 1, "made": made}
    return build_catalogue(content)


def _model(name: str, rng: random.Random) -> dict[str, Any]:
    def fact(**content: Any) -> dict[str, Any]:
        return {**content, "source": "made", "as_of": "2026", "grade": "stated"}

    def between(values: list[int]) -> dict[str, Any]:
        low, high = sorted(rng.choices(values, k=2))
        return fact(low=low, high=high)

    def known(yes: int, no: int, unknown: int) -> dict[str, Any]:
        return fact(value=rng.choices([True, False, "unknown"], [yes, no, unknown])[0])

    return {
        "schema": 1,
        "id": name,
        "name": name,
        "stage": fact(value=rng.choices(["released", "beta"], [4, 1])[0]),
        "ttfb_ms": between(TTFB),
        "memory_mb": between(MEMORY),
        "sample_rate_hz": fact(value=rng.choice(RATES)),
        "fidelity": fact(value=rng.randint(1, 5)),
        "expressiveness": fact(value=rng.randint(1, 5)),
        "real_time": known(4, 1, 1),
        "voice_transfer": known(2, 1, 2),
        "short_reference": known(1, 1, 3),
        "style_control": known(1, 4, 1),
        "on_device": known(1, 4, 1),
        "offline": known(1, 4, 1),
        "self_hosted": known(1, 3, 1),
        "public_api": fact(value=True),
        "languages": {tag: known(2, 0, 1) for tag in LOCALES},
    }


def measure(models: int) -> dict[str, Any]:
    """Return what the proof of a synthetic catalogue took."""
    solver = Solver(synthetic(models), load_weights())
    theorem, taken = taken_by(lambda: prove(solver))
    return {
        "models": models,
        "seconds": taken.wall,
        "cpu_seconds": taken.cpu,
        "cells": theorem.cells,
        "classes": theorem.classes,
        "holds": theorem.holds,
    }


def main() -> None:
    """Prove each catalogue and print a row for it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--models", type=int, nargs="+", default=[6, 12, 24, 48])
    parser.add_argument("--seconds", type=float, default=600, help="the longest one may take")
    parser.add_argument("--json", type=Path, help="where to write the results")
    arguments = parser.parse_args()
    print(f"{'models':>7} {'seconds':>9} {'classes':>10} {'cells':>16}")
    rows = []
    for models in arguments.models:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            try:
                row = pool.apply_async(measure, (models,)).get(arguments.seconds)
            except multiprocessing.TimeoutError:
                row = {"models": models, "seconds": None, "cells": None, "classes": None}
        rows.append(row)
        if row["seconds"] is None:
            print(f"{models:>7} {'>' + format(arguments.seconds, '.0f'):>9}")
        else:
            print(f"{models:>7} {row['seconds']:>9.2f} {row['classes']:>10} {row['cells']:>16}")
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
