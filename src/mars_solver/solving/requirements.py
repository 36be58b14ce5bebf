"""From a profile to its checks and their verdicts: the one semantics of all paths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from mars_solver.inputs.facts import EVERYTHING, Model, capability_verdict
from mars_solver.inputs.profile import Profile
from mars_solver.solving.configurations import Configuration
from mars_solver.vocabulary import REQUIREMENTS, Kind, Requirement, Verdict

Required = bool | int | float | tuple[str, ...]
"""What a requirement asks for: true, a number, or locales."""


@dataclass(frozen=True, slots=True)
class Check:
    """One stated requirement with what it asks for."""

    requirement: Requirement
    required: Required

    @property
    def amount(self) -> int | float:
        """What a ceiling or floor asks for."""
        return cast("int | float", self.required)

    @property
    def locales(self) -> tuple[str, ...]:
        """What `languages` asks for."""
        return cast("tuple[str, ...]", self.required)


def checks(profile: Profile) -> tuple[Check, ...]:
    """Return a check for each stated requirement, in declared order."""
    return tuple(
        Check(requirement, required)
        for requirement in REQUIREMENTS
        if (required := getattr(profile.require, requirement.name))
    )


def verdict(check: Check, model: Model, configuration: Configuration) -> Verdict:
    """Return how a requirement stands on one configuration of a model."""
    if ruled_out(check.requirement, configuration):
        return Verdict.VIOLATED
    return fact_verdict(check, model)


def ruled_out(requirement: Requirement, configuration: Configuration) -> bool:
    """Return whether a configuration, whatever the model's facts, cannot meet a requirement."""
    if requirement.pin is None:
        return False
    variable, value = requirement.pin
    return configuration.value(variable) != value


def fact_verdict(check: Check, model: Model) -> Verdict:
    """Return how a requirement stands on the facts of a model, in its best configuration."""
    requirement = check.requirement
    own = own_verdict(check, model)
    if requirement.implies is None:
        return own
    return max(own, capability_verdict(model.capability(requirement.implies)))


def own_verdict(check: Check, model: Model) -> Verdict:
    """Return the verdict of a check without what it implies."""
    fact = check.requirement.fact
    match check.requirement.kind:
        case Kind.CAPABILITY:
            return capability_verdict(model.capability(fact))
        case Kind.LOCALES:
            return max(capability_verdict(model.speaks(tag)) for tag in check.locales)
        case Kind.CEILING:
            low, high = model.range(fact) or EVERYTHING
            return _compared(met=high <= check.amount, violated=low > check.amount)
        case Kind.FLOOR:
            low, high = model.range(fact) or EVERYTHING
            return _compared(met=low >= check.amount, violated=high < check.amount)


def _compared(*, met: bool, violated: bool) -> Verdict:
    if violated:
        return Verdict.VIOLATED
    return Verdict.MET if met else Verdict.UNVERIFIED
