"""Presets: profiles of a catalogue that people ask for by name.

A label in `guide/lines.toml` with a key `preset` is one; its profile's `name` is the title.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, NamedTuple

from pydantic import ConfigDict, Field, StringConstraints

from mars_solver.briefs import brief
from mars_solver.errors import Faults, InputError, Problem, rerooted
from mars_solver.inputs.catalogue.attributes import Declarations
from mars_solver.inputs.parsing import Input, Text, not_one_of, parse
from mars_solver.inputs.profile import Profile, parse_profile

PresetName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
"""Lower-case words, joined by hyphens."""


class Preset(NamedTuple):
    """A profile that people ask for by name."""

    name: str
    """What one types."""
    title: str
    """What people read."""
    text: str
    """A sentence about the project."""
    profile: Profile

    def __repr__(self) -> str:
        return brief(self)


class _Line(Input):
    """What a preset takes from a label."""

    model_config = ConfigDict(extra="ignore")

    preset: PresetName
    text: Text
    profile: dict[str, object]


class _Lines(Input):
    model_config = ConfigDict(extra="ignore")

    labels: Annotated[tuple[dict[str, object], ...], Field(strict=False)] = ()


def parse_presets(data: object, declared: Declarations, place: str) -> tuple[Preset, ...]:
    """Return the presets among the labels in a file, in the file's order.

    Raises:
        InputError: with every fault of each of them.
    """
    faults = Faults()
    found: dict[str, Preset] = {}
    for i, label in enumerate(parse(_Lines, data, place).labels):
        if label.get("preset") is None:
            continue
        with faults, rerooted(lambda problem, i=i: problem.below(f"labels.{i}")):  # type: ignore[misc]
            line = parse(_Line, label, place)
            if line.preset in found:
                hint = "give each preset its own name"
                raise InputError([Problem(place, "preset", "a new name", line.preset, hint)])
            with rerooted(lambda problem: problem.below("profile")):
                profile = parse_profile(line.profile, place, declared)
            title = profile.name or line.preset
            found[line.preset] = Preset(line.preset, title, line.text, profile)
    faults.check()
    return tuple(found.values())


def preset_named(name: str, presets: Sequence[Preset], place: str) -> Preset:
    """Return one of the presets.

    Raises:
        InputError: where none has that name; the hint has a near one.
    """
    for preset in presets:
        if preset.name == name:
            return preset
    names = [preset.name for preset in presets]
    if not names:
        raise InputError([Problem(place, "", "no preset: this catalogue has none", name)])
    raise InputError([Problem(place, "", *not_one_of(name, names, kind="preset"))])
