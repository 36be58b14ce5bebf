"""The guide's lines and the pinned answers: what is expected of some profiles, as data."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import combinations
from math import comb
from pathlib import Path
from typing import Annotated, Any, Final, Self, TypeVar

from pydantic import BeforeValidator, Field, PlainValidator, ValidationInfo

from mars_solver.inputs.catalogue.attributes import Declarations, Need
from mars_solver.inputs.catalogue.catalogue import Catalogue
from mars_solver.inputs.catalogue.facts import Fact, NumberFact
from mars_solver.inputs.files import LINES, PINS, catalogue_file, read_document, there
from mars_solver.inputs.parsing import SCHEMA, Input, Text, TextLine, Version, parse, unexpected
from mars_solver.inputs.profile import Profile, parse_profile
from mars_solver.solving.flowchart import compare
from mars_solver.solving.solver import Solver

MOST: Final = 256
"""The most combinations of needs that are pinned: all of so many needs at once as fit."""


def _profile(data: object, info: ValidationInfo) -> Profile:
    """Return a profile, read as the declarations in the context have it."""
    if isinstance(data, Profile) and info.context is None:
        return data
    return parse_profile(data, "profile", info.context)


def _pairs(value: object) -> object:
    """Return lists of pairs, as files hold them, as tuples."""
    return (
        tuple(tuple(x) if isinstance(x, list) else x for x in value)
        if isinstance(value, list)
        else value
    )


def _verdict(value: object) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    raise unexpected(value, "true or false")


ParsedProfile = Annotated[Profile, PlainValidator(_profile)]
"""A profile; where it is not one yet, the context of parsing says what can be asked."""
Names = Annotated[tuple[Text, ...], Field(strict=False)]


class Scenario(Input):
    """A profile with the models that are right for it, labelled with a line of the guide."""

    id: Text
    line: Text
    preset: TextLine = None
    """The name under which people ask for the profile."""
    text: Text
    expected: Annotated[tuple[Text, ...], Field(strict=False, min_length=1)]
    """Ids, best first: they take the first places in this order."""
    profile: ParsedProfile
    measurements: dict[str, Any] | None = None


class Lines(Input):
    """The lines of a guide."""

    labels: Annotated[tuple[Scenario, ...], Field(strict=False, min_length=1)]


class Pin(Input):
    """What one profile is answered with."""

    profile: ParsedProfile
    shortlist: Annotated[tuple[tuple[Text, Text], ...], BeforeValidator(_pairs)]
    """Model and status, best first."""
    agrees: Annotated[bool | None, PlainValidator(_verdict)] = None
    """Whether that is what the guide says; None without a guide, like `blocked_by`."""
    blocked_by: Names | None = None

    @classmethod
    def of(cls, solver: Solver, profile: Profile) -> Self:
        """Return the pin of a profile as a solver answers it."""
        decision = solver.decide(profile)
        chart = solver.catalogue.flowchart
        verdict = None if chart is None else compare(chart, decision)
        return cls(
            profile=profile,
            shortlist=tuple((s.model.id, s.status.word) for s in decision.ranked),
            agrees=None if verdict is None else verdict.agrees,
            blocked_by=None if verdict is None else verdict.blocked_by,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the pin as a file holds it."""
        profile = self.profile.to_dict()
        pin: dict[str, Any] = {
            "profile": {key: value for key, value in profile.items() if value},
            "shortlist": [list(pair) for pair in self.shortlist],
        }
        if self.agrees is not None:
            pin["agrees"] = self.agrees
        if self.blocked_by is not None:
            pin["blocked_by"] = list(self.blocked_by)
        return pin


class PinnedFact(Input):
    """What the guide says of one model."""

    model: Text
    fact: Text
    says: Text


class Pins(Input):
    """Every pinned answer, and every fact that the guide states."""

    format: Version = Field(alias="schema")
    facts: Annotated[tuple[PinnedFact, ...], Field(strict=False)] = ()
    pins: Annotated[tuple[Pin, ...], Field(strict=False)]

    @classmethod
    def of(cls, solver: Solver) -> Self:
        """Return every pin as a solver answers now."""
        pins = tuple(Pin.of(solver, profile) for profile in pinned_profiles(solver))
        return cls(schema=SCHEMA, facts=tuple(guide_facts(solver.catalogue)), pins=pins)


Parsed = TypeVar("Parsed", Lines, Pins)


def load_pins(declared: Declarations, folder: str | Path | None = None) -> Pins | None:
    """Return the pinned answers and facts in a catalogue's folder; None where it has none.

    Args:
        declared: what can be asked.
        folder: of the catalogue; without one, that of the shipped catalogue.

    Raises:
        InputError: with every fault of the file.
    """
    return _read(Pins, PINS, declared, folder)


def load_scenarios(
    declared: Declarations, folder: str | Path | None = None
) -> tuple[Scenario, ...] | None:
    """Return the lines of the guide in a catalogue's folder; None where it has none.

    Args:
        declared: what can be asked.
        folder: of the catalogue; without one, that of the shipped catalogue.

    Raises:
        InputError: with every fault of the file.
    """
    lines = _read(Lines, LINES, declared, folder)
    return None if lines is None else lines.labels


def _read(
    form: type[Parsed], name: str, declared: Declarations, folder: str | Path | None
) -> Parsed | None:
    path = catalogue_file(name, folder)
    return parse(form, *read_document(path), context=declared) if there(path) else None


def pinned_profiles(solver: Solver) -> Iterator[Profile]:
    """Yield the profiles whose answers are pinned, each once.

    The combinations of the guide's needs, the fewest first, up to `MOST`; each numeric requirement
    alone, at every critical value and in every interval between, where there are any; and each need
    alone with betas accepted, where there are betas.
    """
    seen = set()
    for profile in _profiles(solver):
        if profile not in seen:
            seen.add(profile)
            yield profile


def _profiles(solver: Solver) -> Iterator[Profile]:
    declared = solver.declared
    profile = partial(parse_profile, place="pins", declared=declared)
    needs = [stating(need, solver) for need in declared.needs]
    left = MOST
    for size in range(len(needs) + 1):
        left -= comb(len(needs), size)
        if left < 0:
            break
        for chosen in combinations(needs, size):
            yield profile({"require": {name: value for each in chosen for name, value in each}})
    for column in solver.table:
        if column.thresholds:
            for interval, _ in column.intervals:
                yield profile({"require": {column.requirement.name: interval.representative}})
    if any(model.beta for model in solver.catalogue.models):
        for each in needs:
            if each:
                yield profile({"accept_beta": True, "require": dict(each)})


def stating(need: Need, solver: Solver) -> list[tuple[str, object]]:
    """Return a requirement that states a need, with what it asks for; nothing if none can.

    Of what states the need, the value that the most models meet, or else do not violate.
    """
    for name in (*need.stated_by, *(name for name, _ in need.below)):
        choices = solver.column(name).choices
        able = [
            choice
            for choice in choices
            if solver.declared.needs_stated(choice.cell.statements) & need.bit
        ]
        if able:
            mildest = min(
                able,
                key=lambda choice: (
                    choice.cell.violated.bit_count(),
                    choice.cell.unverified.bit_count(),
                ),
            )
            return [(name, mildest.values[-1])]
    return []


def guide_facts(catalogue: Catalogue) -> Iterator[PinnedFact]:
    """Yield every fact that the guide states, as it stands in the catalogue."""
    if catalogue.flowchart is None:
        return
    for model in catalogue.models:
        for path, fact in model.claims():
            if fact.source == catalogue.flowchart.source and fact.grade == "stated":
                yield PinnedFact(model=model.id, fact=path, says=_says(fact))


def _says(fact: Fact) -> str:
    """Return a fact's value as one word."""
    if isinstance(fact, NumberFact) and fact.range is not None:
        low, high = fact.range
        return str(low) if low == high else f"{low} to {high}"
    return str(fact.value).lower()
