"""The guide's lines and the pinned answers: what is expected of some profiles, as data."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field

from mars_solver.errors import gather
from mars_solver.inputs.catalogue import Catalogue
from mars_solver.inputs.facts import SCHEMA, Fact, NumberFact, Text, Version
from mars_solver.inputs.files import LINES, PINS, catalogue_file, read_document
from mars_solver.inputs.parsing import Flag, Input, parse
from mars_solver.inputs.profile import Profile, parse_profile
from mars_solver.solving.cells import NUMERIC, axis, critical_values
from mars_solver.solving.flowchart import compare
from mars_solver.solving.solver import Solver
from mars_solver.vocabulary import NEEDS


def _profile(data: object) -> Profile:
    return parse_profile(data, "profile")


def _pairs(value: object) -> object:
    """Return lists of pairs, as files hold them, as tuples."""
    return (
        tuple(tuple(x) if isinstance(x, list) else x for x in value)
        if isinstance(value, list)
        else value
    )


ParsedProfile = Annotated[Profile, BeforeValidator(_profile)]
Names = Annotated[tuple[Text, ...], Field(strict=False)]


class Scenario(Input):
    """A profile with the models that are right for it, labelled with a line of the guide."""

    id: Text
    line: Text
    text: Text
    expected: Annotated[tuple[Text, ...], Field(strict=False, min_length=1)]
    """Ids, best first: they take the first places in this order."""
    profile: ParsedProfile
    measurements: dict[str, Any] | None = None


class Pin(Input):
    """What one profile is answered with."""

    profile: ParsedProfile
    shortlist: Annotated[tuple[tuple[Text, Text], ...], BeforeValidator(_pairs)]
    """Model and status, best first."""
    agrees: Flag
    blocked_by: Names

    @classmethod
    def of(cls, solver: Solver, profile: Profile) -> Self:
        """Return the pin of a profile as a solver answers it."""
        decision = solver.decide(profile)
        verdict = compare(solver.catalogue.flowchart, decision)
        return cls(
            profile=profile,
            shortlist=tuple((s.model.id, s.status.word) for s in decision.ranked),
            agrees=verdict.agrees,
            blocked_by=verdict.blocked_by,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the pin as a file holds it."""
        profile = self.profile.to_dict()
        return {
            "profile": {key: value for key, value in profile.items() if value},
            "shortlist": [list(pair) for pair in self.shortlist],
            "agrees": self.agrees,
            "blocked_by": list(self.blocked_by),
        }


class PinnedFact(Input):
    """What the guide says of one model."""

    model: Text
    fact: Text
    says: Text


class Pins(Input):
    """Every pinned answer, and every fact that the guide states."""

    format: Version = Field(alias="schema")
    facts: Annotated[tuple[PinnedFact, ...], Field(strict=False)]
    pins: Annotated[tuple[Pin, ...], Field(strict=False)]

    @classmethod
    def of(cls, solver: Solver) -> Self:
        """Return every pin as a solver answers now."""
        pins = tuple(Pin.of(solver, profile) for profile in pinned_profiles(solver))
        return cls(schema=SCHEMA, facts=tuple(guide_facts(solver.catalogue)), pins=pins)


def load_pins(folder: str | Path | None = None) -> Pins:
    """Return the pinned answers and facts in the `guide/pins.toml` of a catalogue's folder.

    Where the folder has none, or without one, the shipped pins.

    Raises:
        InputError: with every fault of the file.
    """
    return parse(Pins, *read_document(catalogue_file(PINS, folder)))


def load_scenarios() -> tuple[Scenario, ...]:
    """Return the lines of the guide that ship with the package, in order of id.

    Raises:
        InputError: with every fault of the file.
    """
    data, place = read_document(catalogue_file(LINES))
    labels = enumerate(data["labels"])
    return gather(*(partial(parse, Scenario, each, f"{place}:labels.{i}") for i, each in labels))


def pinned_profiles(solver: Solver) -> Iterator[Profile]:
    """Yield the profiles whose answers are pinned.

    The 16 combinations of the four questions; each numeric requirement alone, at every critical
    value and in every interval between; and three needs with betas accepted.
    """
    names = [need.name for need in NEEDS]
    for size in range(len(names) + 1):
        for chosen in combinations(names, size):
            yield Profile(require=dict.fromkeys(chosen, True))
    for requirement in NUMERIC:
        for interval in axis(critical_values(solver.catalogue, requirement)):
            yield Profile(require={requirement.name: interval.representative})
    for name in ("real_time", "voice_transfer", "on_device"):
        yield Profile(accept_beta=True, require={name: True})


def guide_facts(catalogue: Catalogue) -> Iterator[PinnedFact]:
    """Yield every fact that the guide states, as it stands in the catalogue."""
    for model in catalogue.models:
        for path, fact in model.facts():
            if fact.source == catalogue.flowchart.source and fact.grade == "stated":
                yield PinnedFact(model=model.id, fact=path, says=_says(fact))


def _says(fact: Fact) -> str:
    """Return a fact's value as one word."""
    if isinstance(fact, NumberFact):
        low, high = fact.range
        return str(low) if low == high else f"{low} to {high}"
    return str(fact.value).lower()
