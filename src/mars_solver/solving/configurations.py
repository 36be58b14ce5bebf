"""The runnable ways to use each model, as a constraint problem."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from mars_solver.inputs.catalogue import Catalogue
from mars_solver.inputs.facts import Model
from mars_solver.vocabulary import ENABLED_BY, VARIABLES, Variable


class Configuration(NamedTuple):
    """A runnable way to use a model: one value for each variable of the vocabulary."""

    deployment: str
    delivery: str
    voice: str
    style: str

    def value(self, variable: Variable) -> str:
        """Return the value of a variable."""
        chosen: str = getattr(self, variable)
        return chosen


def enumerate_configurations(catalogue: Catalogue) -> dict[str, tuple[Configuration, ...]]:
    """Return the configurations of each model by its id, in declared order.

    The variables are the model and those of the vocabulary. A value is forbidden where every
    capability that could enable it is a "no"; an unknown capability admits it. A catalogue holds
    no model without a configuration.
    """
    from constraint import Problem as ConstraintProblem  # noqa: PLC0415  (loads when used)

    models = {model.id: model for model in catalogue.models}
    problem = ConstraintProblem()
    problem.addVariable("model", list(models))
    for variable, domain in VARIABLES.items():
        problem.addVariable(variable, list(domain))
        allowed = _allowed(models, variable)

        def possible(model: str, value: str, allowed: set[tuple[str, str]] = allowed) -> bool:
            return (model, value) in allowed

        problem.addConstraint(possible, ("model", variable))
    found: dict[str, list[Configuration]] = {model: [] for model in models}
    for solution in problem.getSolutions():
        model = solution.pop("model")
        found[model].append(Configuration(**solution))
    return {model: tuple(sorted(each, key=declared_order)) for model, each in found.items()}


def _allowed(models: Mapping[str, Model], variable: Variable) -> set[tuple[str, str]]:
    """Return the pairs of model and value that the capabilities do not forbid."""
    return {
        (name, value)
        for name, model in models.items()
        for value in VARIABLES[variable]
        if any(known is not False for known in _enablers(model, variable, value))
    }


def _enablers(model: Model, variable: Variable, value: str) -> list[bool | None]:
    """Return what is known of the capabilities that enable a value; True where none is needed."""
    return [model.capability(c) for c in ENABLED_BY.get((variable, value), ())] or [True]


@cache
def declared_order(configuration: Configuration) -> tuple[int, ...]:
    """Return the key that sorts configurations in the order of the vocabulary."""
    return tuple(
        domain.index(configuration.value(variable)) for variable, domain in VARIABLES.items()
    )


def unknown_used(model: Model, configuration: Configuration) -> int:
    """Return how many values of a configuration rest on capabilities that are not a "yes"."""
    return sum(
        not any(_enablers(model, variable, configuration.value(variable))) for variable in VARIABLES
    )
