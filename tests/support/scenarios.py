"""The labelled scenarios in benchmarks/, as data."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "benchmarks" / "scenarios"


@dataclass(frozen=True)
class Scenario:
    """A profile with the models that the guide recommends for it."""

    id: str
    line: str
    text: str
    expected: tuple[str, ...]
    profile: dict[str, Any]
    measurements: dict[str, Any] | None


def scenarios() -> list[Scenario]:
    """Every scenario, in order of id."""
    loaded = []
    for path in sorted(FOLDER.glob("*.toml")):
        data = tomllib.loads(path.read_text("utf-8"))
        assert data["id"] == path.stem
        data.setdefault("measurements", None)
        loaded.append(Scenario(**{**data, "expected": tuple(data["expected"])}))
    return loaded
