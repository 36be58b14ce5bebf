"""The guide's lines, as data."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from typing import Any

from mars_solver.inputs.files import data_folder

LINES = data_folder("models") / "guide" / "lines.toml"


@dataclass(frozen=True)
class Scenario:
    """A profile with the models that the guide recommends for it."""

    id: str
    line: str
    text: str
    expected: tuple[str, ...]
    profile: dict[str, Any]
    measurements: dict[str, Any] | None
    preset: str | None


@cache
def scenarios() -> tuple[Scenario, ...]:
    """Every line of the guide, in order of id."""
    return tuple(
        Scenario(
            **{"measurements": None, "preset": None, **data, "expected": tuple(data["expected"])}
        )
        for data in tomllib.loads(LINES.read_text("utf-8"))["labels"]
    )
