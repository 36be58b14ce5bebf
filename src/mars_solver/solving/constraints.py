"""What a verdict is, and which ways to use a model there are: the one semantics of all paths."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, cast

from mars_solver.briefs import brief
from mars_solver.inputs.catalogue.attributes import Declarations, Requirement
from mars_solver.inputs.catalogue.catalogue import Catalogue
from mars_solver.inputs.catalogue.facts import EVERYTHING, Member, member_key
from mars_solver.inputs.catalogue.models import Model
from mars_solver.inputs.profile import Profile, Required
from mars_solver.vocabulary import BATCH, Kind, Policy, Verdict

Configuration = tuple[str, ...]
"""A way to use a model: one value for each declared variable, in declared order."""


# --------------------------------------------------------------------- verdicts


class Check(NamedTuple):
    """One stated requirement with what it asks for."""

    requirement: Requirement
    required: Required

    def __repr__(self) -> str:
        return brief(self)

    @property
    def amount(self) -> int | float:
        """The number that a ceiling or floor asks for, in the unit of the requirement."""
        return cast("int | float", self.required)

    @property
    def members(self) -> tuple[Member, ...]:
        """The members that a set requirement asks for."""
        return cast("tuple[Member, ...]", self.required)


def checks(profile: Profile) -> tuple[Check, ...]:
    """Return a check for each stated requirement, in declared order."""
    known = profile.declared.requirement
    return tuple([Check(known[name], required) for name, required in profile.require.items()])


def verdict(check: Check, model: Model, catalogue: Catalogue) -> Verdict:
    """Return the verdict of a check on the facts of a model, in its best configuration."""
    implied = [settled(model.capability(name)) for name in check.requirement.implies]
    return max([own_verdict(check, model, catalogue), *implied])


def own_verdict(check: Check, model: Model, catalogue: Catalogue) -> Verdict:
    """Return the verdict of a check without what it implies."""
    requirement = check.requirement
    attribute = requirement.attribute
    match requirement.kind:
        case Kind.CAPABILITY:
            return settled(model.capability(attribute))
        case Kind.SET:
            return max(member_verdict(each, model, attribute, catalogue) for each in check.members)
        case _:
            low, high = model.range(attribute) or EVERYTHING
            if requirement.ceiling:
                return _compared(met=high <= check.amount, violated=low > check.amount)
            return _compared(met=low >= check.amount, violated=high < check.amount)


def member_verdict(member: Member, model: Model, attribute: str, catalogue: Catalogue) -> Verdict:
    """Return the verdict of a requirement for one member of a set.

    A language without a region asks for any locale of it: it is violated only where every known
    locale of it is a "no", and no other one can be a "yes".
    """
    known = model.set(attribute)
    key = member_key(member)
    if not catalogue.asks_any(attribute, key):
        return settled(known.known(key))
    each = [known.known(one) for one in catalogue.kin(attribute, key)]
    if known.others or any(each):
        return Verdict.MET
    none_left = known.others is False and all(one is False for one in each)
    return Verdict.VIOLATED if none_left else Verdict.UNVERIFIED


def settled(known: bool | None) -> Verdict:
    """Return the verdict of a requirement for what is a yes, a no, or unknown."""
    return Verdict.UNVERIFIED if known is None else _compared(met=known, violated=not known)


def _compared(*, met: bool, violated: bool) -> Verdict:
    if violated:
        return Verdict.VIOLATED
    return Verdict.MET if met else Verdict.UNVERIFIED


# --------------------------------------------------------------- configurations


class RunnableConfiguration(NamedTuple):
    """One configuration of a model, with what does not depend on the profile."""

    values: Configuration
    ruled_out: int
    """The mask of the requirements that it cannot meet, whatever the facts."""
    unknown: int
    """How many of its values rest on capabilities that are not a "yes"."""
    batch: tuple[bool, ...]
    """For each variable that has a value for batch work: whether it is chosen."""
    spare: tuple[int, ...]
    """For each spare value chosen: the mask of the requirements that pin it."""

    def __repr__(self) -> str:
        return brief(self)


def ruled_out(requirement: Requirement, values: Configuration, declared: Declarations) -> bool:
    """Return whether a configuration, whatever the model's facts, cannot meet a requirement."""
    chosen = declared.chosen(values)
    return any(chosen[variable] not in allowed for variable, allowed in requirement.pins)


def enumerate_configurations(catalogue: Catalogue) -> dict[str, tuple[Configuration, ...]]:
    """Return the configurations of each model by its id, in declared order.

    The variables of the constraint problem are the model and the declared ones. A value is
    forbidden where every capability that could enable it is a "no"; an unknown capability admits
    it. Combinations that a model calls impossible are forbidden.
    """
    from constraint import Problem as ConstraintProblem  # noqa: PLC0415  (loads when used)

    declared = catalogue.declared
    models = {model.id: model for model in catalogue.models}
    problem = ConstraintProblem()
    problem.addVariable("model", list(models))
    for variable, domain in declared.variables.items():
        problem.addVariable(f"value {variable}", [value.value for value in domain])
        allowed = _allowed(models.values(), variable, declared)
        problem.addConstraint(_in(allowed), ("model", f"value {variable}"))
    variables = list(declared.variables)
    impossible: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
    for model in models.values():
        for each in model.impossible:
            impossible.setdefault(tuple(each), set()).add((model.id, *each.values()))
    for names, some in impossible.items():
        problem.addConstraint(_not_in(some), ("model", *(f"value {name}" for name in names)))
    configurations: dict[str, list[Configuration]] = {model: [] for model in models}
    for solution in problem.getSolutions():
        values = tuple(solution[f"value {variable}"] for variable in variables)
        configurations[solution["model"]].append(values)
    order = {values: i for i, values in enumerate(declared.combinations)}
    return {
        model: tuple(sorted(found, key=order.__getitem__))
        for model, found in configurations.items()
    }


def _in(allowed: set[tuple[str, ...]]) -> Callable[..., bool]:
    return lambda *values: values in allowed


def _not_in(forbidden: set[tuple[str, ...]]) -> Callable[..., bool]:
    return lambda *values: values not in forbidden


def _allowed(
    models: Iterable[Model], variable: str, declared: Declarations
) -> set[tuple[str, ...]]:
    """Return the pairs of model and value that the capabilities do not forbid."""
    return {
        (model.id, value.value)
        for model in models
        for value in declared.variables[variable]
        if any(known is not False for known in _enablers(model, variable, value.value, declared))
    }


def _enablers(model: Model, variable: str, value: str, declared: Declarations) -> list[bool | None]:
    """Return what is known of the capabilities that enable a value; True where none is needed."""
    enabling = declared.enabled_by.get((variable, value), ())
    return [model.capability(each) for each in enabling] or [True]


def runnable_configuration(
    model: Model, values: Configuration, declared: Declarations
) -> RunnableConfiguration:
    """Return a configuration of a model with what it rules out and what it rests on."""
    chosen = list(zip(declared.variables, values, strict=True))
    return RunnableConfiguration(
        values,
        sum(r.bit for r in declared.requirements if ruled_out(r, values, declared)),
        sum(not any(_enablers(model, *pair, declared)) for pair in chosen),
        tuple(
            value == BATCH
            for variable, value in chosen
            if any(each.value == BATCH for each in declared.variables[variable])
        ),
        tuple(
            sum(r.bit for r in declared.requirements if value in dict(r.pins).get(variable, ()))
            for variable, value in chosen
            if declared.values[variable, value].spare
        ),
    )


def preferred(
    options: Iterable[RunnableConfiguration], stated: int, *, batch: bool
) -> tuple[RunnableConfiguration, ...]:
    """Return options, given in declared order, with the preferred first.

    The values of the workflow, then the fewest values that rest on unknown capabilities, then the
    fewest spare values that no stated requirement pins.
    """

    def key(option: RunnableConfiguration) -> tuple[int, int, int]:
        amiss = sum(chosen != batch for chosen in option.batch)
        return amiss, option.unknown, sum(not pinned & stated for pinned in option.spare)

    return tuple(sorted(options, key=key))


# ------------------------------------------------------------------------- masks


class Masks(NamedTuple):
    """The requirements that are violated, and those that are unverified, as two masks."""

    violated: int
    unverified: int

    def under(self, policy: Policy) -> Masks:
        """Return the masks under a policy: "reject" counts what is unverified as violated."""
        return Masks(self.violated | self.unverified, 0) if policy == "reject" else self


def missed(option: RunnableConfiguration, masks: Masks, stated: int) -> Masks:
    """Return the stated requirements that one configuration violates and leaves unverified.

    Args:
        option: the configuration.
        masks: which stated requirements the facts of its model violate and leave unverified.
        stated: the mask of the stated requirements.
    """
    violated = masks.violated | option.ruled_out & stated
    return Masks(violated, masks.unverified & ~violated)


def union(masks: Iterable[int]) -> int:
    """Return everything in any of the masks."""
    whole = 0
    for mask in masks:
        whole |= mask
    return whole


def bits_of(mask: int) -> list[int]:
    """Return the single bits of a mask, the lowest first."""
    return [1 << i for i in range(mask.bit_length()) if mask >> i & 1]


def minimal(masks: Iterable[int]) -> list[int]:
    """Return the inclusion-minimal masks, each once, the smaller first."""
    kept: list[int] = []
    for mask in sorted(set(masks), key=int.bit_count):
        if not any(smaller & mask == smaller for smaller in kept):
            kept.append(mask)
    return kept
