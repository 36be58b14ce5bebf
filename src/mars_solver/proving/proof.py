"""The proof that a catalogue and weights agree with the guide, in four parts.

(a) the theorem over all profiles; (b) every line of the guide has its models first; (c) the pinned
answers, and the facts that the guide states, are as they were. A part for which the catalogue's
folder has no file is left out: there is nothing to prove then. (d) counts, for all importances too,
how often each model comes first and where the guide is followed; it cannot fail.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Final

from pydantic import TypeAdapter, computed_field

from mars_solver.errors import InputError
from mars_solver.inputs.catalogue.catalogue import digest
from mars_solver.inputs.catalogue.measurements import with_measurements
from mars_solver.inputs.files import CHART, LINES, PINS
from mars_solver.inputs.profile import Profile, parse_profile
from mars_solver.proving.census import Census, census
from mars_solver.proving.dead import Dead, dead, dead_requirements
from mars_solver.proving.pins import Pin, PinnedFact, Pins, Scenario
from mars_solver.proving.theorem import Reach, Theorem, prove
from mars_solver.solving.flowchart import answer, stand_best
from mars_solver.solving.solver import Solver
from mars_solver.vocabulary import ACCEPT_BETA

SCHEMA: Final = "mars-solver/proof/2"
PARTS: Final = (CHART, LINES, PINS)
"""The file of a catalogue's folder that each part needs."""


@dataclass(frozen=True, slots=True)
class LineResult:
    """Whether a line of the guide has its models first."""

    line: str
    expected: tuple[str, ...]
    found: tuple[str, ...]
    """The models in the first places, as many as are expected."""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def holds(self) -> bool:
        """Whether the guide's models come first, in its order."""
        return self.expected == self.found


@dataclass(frozen=True, slots=True)
class PinResult:
    """An answer, or a fact of the guide, that is not the pinned one."""

    pinned: dict[str, Any] | None
    """The pin; None where there is none and has to be one."""
    found: dict[str, Any] | None
    """What is so now."""


@dataclass(frozen=True)
class Proof:
    """The three parts, and what they are about."""

    solver: Solver
    theorem: Theorem | None
    """None without a guide."""
    lines: tuple[LineResult, ...] | None
    """None without lines of the guide."""
    pins: int | None
    """How many answers and facts are pinned; None without pins."""
    unpinned: tuple[PinResult, ...]
    """Those that are not as pinned, and what has no pin and has to have one."""
    new: tuple[str, ...] = ()
    """The requirements and attributes that no pin is about yet: left to pin, and no fault."""

    @property
    def holds(self) -> bool:
        """Whether every part that there is holds."""
        theorem = self.theorem is None or self.theorem.holds
        return theorem and all(line.holds for line in self.lines or ()) and not self.unpinned

    @property
    def missing(self) -> tuple[str, ...]:
        """The files of a catalogue's folder without which a part is left out."""
        parts = zip((self.theorem, self.lines, self.pins), PARTS, strict=True)
        return tuple(name for part, name in parts if part is None)

    @cached_property
    def counterexample(self) -> Profile | None:
        """A profile on which the theorem fails, with as few stated needs as possible."""
        found = self.theorem and self.theorem.counterexample
        return shrink(self.solver, found) if found else None

    @cached_property
    def census(self) -> Census:
        """How all profiles are answered under all importances."""
        return census(self.solver)

    @cached_property
    def dead(self) -> Dead:
        """What changes no answer."""
        found = dead(self.solver, self.census)
        if found is None:
            return Dead(self.census.dead_models, dead_requirements(self.solver), None, None)
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return the proof as plain JSON values; the same catalogue and weights, the same bytes."""
        chart = self.solver.catalogue.flowchart
        return {
            "schema": SCHEMA,
            "holds": self.holds,
            "theorem": self.theorem and self._theorem(self.theorem),
            "lines": None if self.lines is None else _plain(LineResult, self.lines),
            "pins": None
            if self.pins is None
            else {
                "count": self.pins,
                "holds": not self.unpinned,
                "failed": _plain(PinResult, self.unpinned),
                "new": list(self.new),
            },
            "importances": {
                **_plain(Census, [self.census])[0],
                "dead": _plain(Dead, [self.dead])[0],
            },
            **self.solver.identity,
            "flowchart": chart and {"sha256": digest(chart.model_dump(by_alias=True))},
        }

    def _theorem(self, theorem: Theorem) -> dict[str, Any]:
        margin = theorem.margin
        return {
            "holds": theorem.holds,
            "cells": theorem.cells,
            "classes": theorem.classes,
            "infeasible": theorem.infeasible,
            "premise": theorem.premise,
            "agreements": theorem.agreements,
            "departures": theorem.departures,
            "blocked_by": dict(theorem.blocked_by.most_common()),
            "question_pairs": dict(theorem.question_pairs.most_common()),
            "margin": margin
            and {
                "points": str(margin.points),
                "value": float(margin.points),
                "ahead": margin.ahead,
                "behind": margin.behind,
                "profile": margin.profile.to_dict(),
            },
            "reaches": _plain(Reach, theorem.reaches),
            "counterexample": self.counterexample and self.counterexample.to_dict(),
        }


@cache
def _adapter(kind: type) -> TypeAdapter[tuple[Any, ...]]:
    """Return what serialises results of a kind as plain JSON values, built when first used."""
    return TypeAdapter(tuple[kind, ...])  # type: ignore[valid-type]


def _plain(kind: type, results: Sequence[object]) -> list[Any]:
    plain: list[Any] = _adapter(kind).dump_python(tuple(results), mode="json")
    return plain


def verify(solver: Solver, scenarios: Sequence[Scenario] | None, pins: Pins | None) -> Proof:
    """Return the proof, whether it holds or not.

    Args:
        solver: the catalogue and weights; a catalogue without a guide has no theorem.
        scenarios: the lines of the guide; None where there are none.
        pins: the pinned answers and facts; None where there are none.
    """
    theorem = None if solver.catalogue.flowchart is None else prove(solver)
    lines = None if scenarios is None else tuple(_line(solver, each) for each in scenarios)
    if pins is None:
        return Proof(solver, theorem, lines, None, ())
    now = Pins.of(solver)
    new = tuple(dict.fromkeys(name for name in _about(now) if name not in set(_about(pins))))
    differing = (
        *_differing_facts(pins, [fact for fact in now.facts if _attribute(fact) not in new]),
        *_differing_answers(
            solver,
            pins.pins,
            [pin for pin in now.pins if not set(new) & pin.profile.require.keys()],
        ),
    )
    return Proof(solver, theorem, lines, len(pins.facts) + len(pins.pins), differing, new)


def _about(pins: Pins) -> Iterator[str]:
    """Yield the requirements that pinned profiles state, and the attributes of pinned facts."""
    yield from (name for pin in pins.pins for name in pin.profile.require)
    yield from map(_attribute, pins.facts)


def _attribute(fact: PinnedFact) -> str:
    return fact.fact.partition(".")[0]


def _line(solver: Solver, scenario: Scenario) -> LineResult:
    """Return whether a line of the guide has its models first."""
    if scenario.measurements is not None:
        try:
            measured = with_measurements(solver.catalogue, scenario.measurements, place="scenario")
        except InputError:  # the catalogue lacks the model that is measured
            return LineResult(scenario.line, scenario.expected, ())
        solver = Solver(measured, solver.weights)
    decision = solver.decide(scenario.profile)
    first = decision.ids[: len(scenario.expected)]
    return LineResult(scenario.line, scenario.expected, first)


def _differing_facts(pins: Pins, now: Sequence[PinnedFact]) -> Iterator[PinResult]:
    """Yield every fact of the guide that is not the pinned one, or has no pin."""
    pinned = {(fact.model, fact.fact): fact for fact in pins.facts}
    found = {(fact.model, fact.fact): fact for fact in now}
    for key in sorted({*pinned, *found}):
        old, new = pinned.get(key), found.get(key)
        if old != new:
            pinned_as, found_as = (each.model_dump() if each else None for each in (old, new))
            yield PinResult(pinned_as, found_as)


def _differing_answers(
    solver: Solver, pins: Sequence[Pin], found: Sequence[Pin]
) -> Iterator[PinResult]:
    """Yield every answer that differs from its pin, or has none."""
    pinned = {_key(pin): pin for pin in pins}
    now = {_key(pin): pin for pin in found}
    for key in [*now, *(key for key in pinned if key not in now)]:
        old, new = pinned.get(key), now.get(key)
        if new is None and old is not None:
            new = Pin.of(solver, old.profile)
        if old != new:
            pinned_as, found_as = (each.to_dict() if each else None for each in (old, new))
            yield PinResult(pinned_as, found_as)


def _key(pin: Pin) -> str:
    return digest(pin.profile.to_dict())


def refutes(solver: Solver, profile: Profile) -> bool:
    """Return whether a profile without preferences refutes the theorem of a guide."""
    decision = solver.decide(profile)
    chart = solver.catalogue.flowchart
    if chart is None or not decision.keys:
        return False
    _, models = answer(chart, profile.context)
    ranked = decision.ids
    return stand_best(models, ranked, decision.orders) and ranked[: len(models)] != models


def shrink(solver: Solver, profile: Profile) -> Profile:
    """Return a profile that refutes the theorem still, and does no more with anything left out."""
    smaller = True
    while smaller:
        smaller = False
        for candidate in _smaller(profile):
            if refutes(solver, candidate):
                profile, smaller = candidate, True
                break
    return profile


def _smaller(profile: Profile) -> Iterator[Profile]:
    """Yield the profiles with one thing less stated."""
    data = profile.to_dict()
    for key in (ACCEPT_BETA, "workflow", "primary"):
        if data.get(key):
            yield parse_profile({**data, key: None}, "example", profile.declared)
    for name in profile.require:
        yield profile.revised(require={name: None})
