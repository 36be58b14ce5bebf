"""What weights have to keep beside the labels: the guide and the pinned answers, as targets."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from mars_solver.errors import InputError
from mars_solver.inputs.profile import Profile
from mars_solver.inputs.weights import applying
from mars_solver.proving.pins import Pins, Scenario
from mars_solver.proving.theorem import NEUTRAL, NEUTRAL_BATCH, demands
from mars_solver.solving.solver import Solver
from mars_solver.tuning.labels import Document, Label
from mars_solver.tuning.leads import Lead, ProfileTerms, Target, lead, way
from mars_solver.tuning.targets import orders, questions


def of_guide(solver: Solver, scenarios: Sequence[Scenario]) -> tuple[Target, ...]:
    """Return what the proof asks: its theorem (a), and the guide's lines (b).

    Lines that the facts rule out, and targets that hold under any weights, are left out.
    """
    ids = [model.id for model in solver.catalogue.models]
    values = dict(zip(ids, solver.middles, strict=True))
    found = []
    for member, primary, ahead, behind in demands(solver):
        neutral = NEUTRAL_BATCH if member.batch else NEUTRAL
        asked = ProfileTerms(applying(member.context(primary)), neutral)
        where = " + ".join(member.needs) or "no need stated"
        where += ", in batch" if member.batch else ""
        where += f", {primary} first" if primary else ""
        only = lead(asked, (ahead, values[ahead]), (behind, values[behind]))
        found.append(_target(f"{ahead} over {behind} ({where})", [only]))
    for scenario in scenarios:
        document = Document(
            id=scenario.id,
            line=scenario.line,
            profile=scenario.profile,
            expected=scenario.expected,
            measurements=scenario.measurements,
        )
        try:
            [question] = questions([Label(document, "scenario")], solver)
        except InputError:  # the facts have changed so that the line cannot come out
            continue
        found.append(Target(f"line {scenario.line} of the guide", question.target.ways))
    return _telling(found)


def of_pins(solver: Solver, pins: Pins) -> tuple[Target, ...]:
    """Return what the pinned answers (c) ask: the order of each between equal standings.

    Pins whose models the facts have changed are left out: no weights bring them back.
    """
    ids = [model.id for model in solver.catalogue.models]
    values = dict(zip(ids, solver.middles, strict=True))
    found = []
    for pin in pins.pins:
        standing = orders(solver.decide(pin.profile))
        names = [name for name, _ in pin.shortlist]
        if sorted(names) != sorted(standing):
            continue
        asked = ProfileTerms.of(pin.profile)
        leads = [
            lead(asked, (one, values[one]), (other, values[other]))
            for one, other in pairwise(names)
            if standing[one] == standing[other]
        ]
        found.append(_target(f"the pinned answer to {_named(pin.profile)}", leads))
    return _telling(found)


def _named(profile: Profile) -> str:
    return "; ".join(profile.statements())


def _target(name: str, leads: Sequence[Lead]) -> Target:
    only = way(iter(leads))
    return Target(name, () if only is None else (only,))


def _telling(found: Sequence[Target]) -> tuple[Target, ...]:
    """Return the targets that not all weights bring about, each once."""
    once: dict[object, Target] = {}
    for target in found:
        if target.ways != ((),):
            once.setdefault(target.ways, target)
    return tuple(once.values())
