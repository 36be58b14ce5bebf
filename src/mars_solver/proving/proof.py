"""The proof that a catalogue and weights agree with the guide, in three parts.

(a) the theorem over all profiles; (b) every line of the guide has its models first; (c) the pinned
answers, and the facts that the guide states, are as they were.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Final

from pydantic import TypeAdapter, computed_field

from mars_solver.errors import InputError
from mars_solver.inputs.catalogue import digest
from mars_solver.inputs.measurements import with_measurements
from mars_solver.inputs.profile import Profile
from mars_solver.proving.pins import Pin, Pins, Scenario
from mars_solver.proving.theorem import Reach, Theorem, prove
from mars_solver.solving.flowchart import answer, stand_best
from mars_solver.solving.solver import Solver
from mars_solver.vocabulary import REQUIREMENTS

SCHEMA: Final = "mars-solver/proof/1"


@dataclass(frozen=True, slots=True)
class LineResult:
    """Whether one line of the guide comes out."""

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
    theorem: Theorem
    lines: tuple[LineResult, ...]
    pins: int
    """How many answers and facts are pinned."""
    unpinned: tuple[PinResult, ...]
    """Those that are not as pinned, and what has no pin."""

    @property
    def holds(self) -> bool:
        """Whether all three parts hold."""
        lines = bool(self.lines) and all(line.holds for line in self.lines)
        return self.theorem.holds and lines and bool(self.pins) and not self.unpinned

    @cached_property
    def counterexample(self) -> Profile | None:
        """A profile on which the theorem fails, with as few stated needs as possible."""
        found = self.theorem.counterexample
        return None if found is None else shrink(self.solver, found)

    def to_dict(self) -> dict[str, Any]:
        """Return the proof as plain JSON values; the same catalogue and weights, the same bytes."""
        theorem, margin = self.theorem, self.theorem.margin
        catalogue, weights = self.solver.catalogue, self.solver.weights
        reaches, lines, failed = _results().dump_python(
            (theorem.reaches, self.lines, self.unpinned), mode="json"
        )
        return {
            "schema": SCHEMA,
            "holds": self.holds,
            "theorem": {
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
                "reaches": reaches,
                "counterexample": self.counterexample and self.counterexample.to_dict(),
            },
            "lines": lines,
            "pins": {
                "count": self.pins,
                "holds": bool(self.pins) and not self.unpinned,
                "failed": failed,
            },
            "catalogue": {
                "version": catalogue.version,
                "as_of": catalogue.as_of,
                "sha256": catalogue.sha256,
            },
            "weights": {"name": weights.name, "sha256": weights.sha256},
            "flowchart": {"sha256": digest(catalogue.flowchart.model_dump(by_alias=True))},
        }


_Results = tuple[tuple[Reach, ...], tuple[LineResult, ...], tuple[PinResult, ...]]


@cache
def _results() -> TypeAdapter[_Results]:
    """Return what serialises results as plain JSON values, built when first used."""
    return TypeAdapter(_Results)


def verify(solver: Solver, scenarios: Sequence[Scenario], pins: Pins) -> Proof:
    """Return the proof, whether it holds or not."""
    lines = tuple(_line(solver, scenario) for scenario in scenarios)
    now = Pins.of(solver)
    differing = (*_differing_facts(pins, now), *_differing_answers(solver, pins.pins, now.pins))
    kept = len(pins.facts) + len(pins.pins)
    return Proof(solver, prove(solver), lines, kept, differing)


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


def _differing_facts(pins: Pins, now: Pins) -> Iterator[PinResult]:
    """Yield every fact of the guide that is not the pinned one, or has no pin."""
    pinned = {(fact.model, fact.fact): fact for fact in pins.facts}
    found = {(fact.model, fact.fact): fact for fact in now.facts}
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
    """Return whether a profile without preferences refutes the theorem."""
    decision = solver.decide(profile)
    if not decision.ranking:
        return False
    _, models = answer(solver.catalogue.flowchart, profile.context)
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


def _smaller(profile: Profile) -> list[Profile]:
    """Return the profiles with one thing less stated."""
    data = profile.to_dict()
    found = [{**data, key: None} for key in ("accept_beta", "workflow", "primary") if data.get(key)]
    stated = data["require"]
    for requirement in REQUIREMENTS:
        if requirement.name in stated:
            rest = {name: value for name, value in stated.items() if name != requirement.name}
            fewer = {**data, "require": rest}
            if profile.primary not in Profile(require=rest).require.needs:
                fewer.pop("primary", None)
            found.append(fewer)
    return [Profile.model_validate(each) for each in found]
