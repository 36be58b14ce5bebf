"""The constraints: runnable configurations, checks of requirements, and their verdicts.

A profile becomes one check for each stated requirement. A check is compared with the facts of a
model, and with the configurations in which the model can run. This is the only place where a
requirement is compared with a fact; every path through the package asks here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple, cast

from mars_solver.inputs.catalogue import Catalogue
from mars_solver.inputs.facts import EVERYTHING, Model
from mars_solver.inputs.profile import Profile
from mars_solver.vocabulary import (
    BIT,
    ENABLED_BY,
    REQUIREMENTS,
    VARIABLES,
    Kind,
    Policy,
    Requirement,
    Variable,
    Verdict,
)


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
    by_model: dict[str, list[Configuration]] = {model: [] for model in models}
    for solution in problem.getSolutions():
        model = solution.pop("model")
        by_model[model].append(Configuration(**solution))
    return {model: tuple(sorted(each, key=_declared_order)) for model, each in by_model.items()}


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
def _declared_order(configuration: Configuration) -> tuple[int, ...]:
    """Return the key that sorts configurations in the order of the vocabulary."""
    return tuple(
        domain.index(configuration.value(variable)) for variable, domain in VARIABLES.items()
    )


Required = bool | int | float | tuple[str, ...]
"""What a requirement asks for: true, a number, or locales."""


@dataclass(frozen=True, slots=True)
class Check:
    """One stated requirement with what it asks for."""

    requirement: Requirement
    required: Required

    @property
    def amount(self) -> int | float:
        """The number that a ceiling or floor asks for, in the unit of the requirement."""
        return cast("int | float", self.required)

    @property
    def locales(self) -> tuple[str, ...]:
        """The locales that `languages` asks for."""
        return cast("tuple[str, ...]", self.required)


def checks(profile: Profile) -> tuple[Check, ...]:
    """Return a check for each stated requirement, in declared order."""
    return tuple(
        Check(requirement, required)
        for requirement in REQUIREMENTS
        if (required := getattr(profile.require, requirement.name))
    )


def ruled_out(requirement: Requirement, configuration: Configuration) -> bool:
    """Return whether a configuration, whatever the model's facts, cannot meet a requirement."""
    if requirement.pin is None:
        return False
    variable, value = requirement.pin
    return configuration.value(variable) != value


def fact_verdict(check: Check, model: Model) -> Verdict:
    """Return the verdict of a check on the facts of a model, in its best configuration."""
    own = own_verdict(check, model)
    implied = check.requirement.implies
    return own if implied is None else max(own, capability_verdict(model, implied))


def own_verdict(check: Check, model: Model) -> Verdict:
    """Return the verdict of a check without what it implies."""
    fact = check.requirement.fact
    match check.requirement.kind:
        case Kind.CAPABILITY:
            return capability_verdict(model, fact)
        case Kind.LOCALES:
            return max(locale_verdict(model, tag) for tag in check.locales)
        case Kind.CEILING:
            low, high = model.range(fact) or EVERYTHING
            return _compared(met=high <= check.amount, violated=low > check.amount)
        case Kind.FLOOR:
            low, high = model.range(fact) or EVERYTHING
            return _compared(met=low >= check.amount, violated=high < check.amount)


def capability_verdict(model: Model, name: str) -> Verdict:
    """Return the verdict of a requirement for a capability."""
    return _settled(model.capability(name))


def locale_verdict(model: Model, tag: str) -> Verdict:
    """Return the verdict of a requirement for one locale."""
    return _settled(model.speaks(tag))


def _settled(known: bool | None) -> Verdict:
    return Verdict.UNVERIFIED if known is None else _compared(met=known, violated=not known)


def _compared(*, met: bool, violated: bool) -> Verdict:
    if violated:
        return Verdict.VIOLATED
    return Verdict.MET if met else Verdict.UNVERIFIED


class Masks(NamedTuple):
    """The requirements that are violated, and those that are unverified, as two masks."""

    violated: int
    unverified: int

    def under(self, policy: Policy) -> Masks:
        """Return the masks under a policy: "reject" counts what is unverified as violated."""
        return Masks(self.violated | self.unverified, 0) if policy == "reject" else self


def fact_masks(asked: Iterable[Check], model: Model) -> Masks:
    """Return which of some checks the facts of a model violate and leave unverified."""
    violated = unverified = 0
    for check in asked:
        match fact_verdict(check, model):
            case Verdict.VIOLATED:
                violated |= BIT[check.requirement.name]
            case Verdict.UNVERIFIED:
                unverified |= BIT[check.requirement.name]
    return Masks(violated, unverified)


def fold(masks: Iterable[Masks]) -> Masks:
    """Return the union of masks."""
    violated = unverified = 0
    for each in masks:
        violated |= each.violated
        unverified |= each.unverified
    return Masks(violated, unverified)


class RunnableConfiguration(NamedTuple):
    """One configuration of a model, with what does not depend on the profile."""

    configuration: Configuration
    ruled_out: int
    """The mask of the requirements that it cannot meet, whatever the facts."""
    unknown: int
    """How many of its values rest on capabilities that are not a "yes"."""

    @classmethod
    def of(cls, model: Model, configuration: Configuration) -> RunnableConfiguration:
        """Return a configuration of a model with what it rules out and what it rests on."""
        unknown = sum(
            not any(_enablers(model, variable, configuration.value(variable)))
            for variable in VARIABLES
        )
        return cls(configuration, _cannot_meet(configuration), unknown)


@cache
def _cannot_meet(configuration: Configuration) -> int:
    """Return the mask of the requirements that a configuration rules out."""
    return sum(BIT[r.name] for r in REQUIREMENTS if ruled_out(r, configuration))


def missed(option: RunnableConfiguration, masks: Masks, stated: int) -> Masks:
    """Return the stated requirements that one configuration violates and leaves unverified.

    Args:
        option: the configuration.
        masks: which stated requirements the facts of its model violate and leave unverified.
        stated: the mask of the stated requirements.
    """
    violated = masks.violated | option.ruled_out & stated
    return Masks(violated, masks.unverified & ~violated)


def minimal(masks: Iterable[int]) -> list[int]:
    """Return the inclusion-minimal masks, each once, the smaller first."""
    kept: list[int] = []
    for mask in sorted(set(masks), key=int.bit_count):
        if not any(smaller & mask == smaller for smaller in kept):
            kept.append(mask)
    return kept
