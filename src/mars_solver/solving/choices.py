"""The values of one requirement, merged where no model and no need can tell them apart."""

from __future__ import annotations

from typing import NamedTuple

from mars_solver.inputs.profile import Requirements
from mars_solver.solving.cells import axis, critical_values, locale_lists
from mars_solver.solving.requirements import Check, Required
from mars_solver.solving.solver import Masks, Solver, fact_masks
from mars_solver.vocabulary import BIT, Kind, NeedName, Requirement


class Choice(NamedTuple):
    """Values of one requirement that give the same verdicts and state the same needs."""

    requirement: Requirement
    cells: tuple[Required | None, ...]
    """One value of each cell of its axis that they are; None where it is not stated."""
    stated: int
    facts: tuple[Masks, ...]
    needs: tuple[NeedName, ...]

    @property
    def required(self) -> Required | None:
        """One of the values."""
        return self.cells[-1]


def choices(solver: Solver, requirement: Requirement) -> tuple[Choice, ...]:
    """Return the values of a requirement that can tell profiles apart, "not stated" first."""
    silent = Choice(requirement, (None,), 0, (Masks(0, 0),) * len(solver.catalogue.models), ())
    merged: dict[tuple[tuple[Masks, ...], tuple[NeedName, ...]], list[Required]] = {}
    for required in _values(solver, requirement):
        check = Check(requirement, required)
        facts = tuple(fact_masks([check], model) for model in solver.catalogue.models)
        shown = list(required) if isinstance(required, tuple) else required
        needs = Requirements.model_validate({requirement.name: shown}).needs
        merged.setdefault((facts, needs), []).append(required)
    bit = BIT[requirement.name]
    return (
        silent,
        *(
            Choice(requirement, tuple(cells), bit, facts, needs)
            for (facts, needs), cells in merged.items()
        ),
    )


def _values(solver: Solver, requirement: Requirement) -> list[Required]:
    """Return one value of each cell of a requirement."""
    match requirement.kind:
        case Kind.CAPABILITY:
            return [True]
        case Kind.LOCALES:
            return list(locale_lists(solver.catalogue))
        case _:
            values = critical_values(solver.catalogue, requirement)
            return [interval.representative for interval in axis(values)]
