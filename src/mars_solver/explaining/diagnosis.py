"""Why no model is left, and the least changes after which one is.

Let v(c) be the requirements that a configuration c violates, over every configuration of every
candidate. The inclusion-minimal v(c) are the corrections, which are minimal correction sets (MCS).
Their minimal hitting sets are the conflicts, which are minimal unsatisfiable subsets (MUS; Reiter,
"A theory of diagnosis from first principles", 1987; Liffiton & Sakallah, "Algorithms for computing
minimal unsatisfiable subsets of constraints", 2008). The relaxations are the Pareto front of the
changes that the configurations need.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from mars_solver.explaining.changes import Change, FieldValue, apply
from mars_solver.explaining.serialising import RankedStatus
from mars_solver.inputs.facts import EVERYTHING, Model
from mars_solver.inputs.profile import Profile
from mars_solver.solving.constraints import (
    Check,
    Masks,
    RunnableConfiguration,
    capability_verdict,
    checks,
    fact_verdict,
    locale_verdict,
    minimal,
    missed,
    ruled_out,
)
from mars_solver.solving.solver import Decision, Solver
from mars_solver.vocabulary import (
    BIT,
    MAX_NUMBER,
    REQUIREMENT,
    Kind,
    Policy,
    Status,
    Verdict,
    names_of,
)

Sets = tuple[tuple[str, ...], ...]
"""Sets of requirements, each in declared order; the smaller first, then in declared order."""


@dataclass(frozen=True, slots=True)
class Relaxation:
    """A minimal change of the stated requirements that admits a model."""

    status: RankedStatus
    """The best status among the models that it admits."""
    changes: tuple[Change, ...]
    admits: tuple[str, ...]
    """The whole shortlist of the changed profile, solved again."""


def corrections(solver: Solver, decision: Decision) -> list[int]:
    """Return the minimal correction sets, as masks: without any one of them, a model is left.

    Empty where a model is left, and where there is no candidate at all.
    """
    if decision.ranking:
        return []
    return minimal(own.violated for _, _, own in _configurations(solver, decision))


def betas(decision: Decision) -> tuple[str, ...]:
    """Return the beta models that only wait to be accepted."""
    return tuple(s.model.id for s in decision.standings if s.refused and not s.violated)


def relaxations(solver: Solver, decision: Decision) -> tuple[Relaxation, ...]:
    """Return every minimal relaxation, the cheapest first; none where a model is left.

    Minimal among those after which some configuration is not violated; and, where raising their
    numbers further makes a configuration guaranteed, again among those that do. Fewest
    requirements given up first, then fewest changes, then the smallest factor on a number, then
    declared order.
    """
    if decision.ranking:
        return ()
    strict = decision.question.policy == "reject"
    asked = {check.requirement.name: check for check in checks(decision.profile)}
    least: set[Repair] = set()
    guaranteed: set[Repair] = set()
    raised: set[Repair] = set()
    for model, option, own in _configurations(solver, decision):
        violated = [asked[name] for name in names_of(own.violated)]
        near = _step(violated, model, option, guaranteed=strict)
        far = _step(violated, model, option, guaranteed=True)
        least.add(near)
        if not own.unverified and _meets(far, model, option):
            (guaranteed if near == far else raised).add(far)
    front = set(_front(least))
    front |= set(_front(raised | guaranteed & front))
    cheapest = sorted(front, key=lambda step: _cost(decision.profile, step))
    return tuple(_solved_again(solver, decision, step) for step in cheapest)


def steps_onto_list(solver: Solver, decision: Decision, index: int) -> list[Repair]:
    """Return the minimal changes after which a model is not excluded, the cheapest first.

    They leave aside whether betas are accepted: where nothing else excludes the model, the only
    change is an empty one.
    """
    asked = {check.requirement.name: check for check in checks(decision.profile)}
    model, question = decision.standings[index].model, decision.question
    strict = question.policy == "reject"
    steps = []
    for option in solver.options[index]:
        violated = names_of(missed(option, question.facts[index], question.stated).violated)
        steps.append(_step([asked[name] for name in violated], model, option, guaranteed=strict))
    return sorted(_front(steps), key=lambda step: _cost(decision.profile, step))


def _meets(step: Repair, model: Model, option: RunnableConfiguration) -> bool:
    """Return whether a configuration meets the requirements that a step changes and keeps."""
    return all(
        fact_verdict(Check(REQUIREMENT[move.name], move.required), model) is Verdict.MET
        for move in step
        if move.to is not None and not ruled_out(REQUIREMENT[move.name], option.configuration)
    )


class Move(NamedTuple):
    """One requirement of a step with its new value; None drops it."""

    name: str
    to: int | float | tuple[str, ...] | None

    @property
    def required(self) -> int | float | tuple[str, ...]:
        """The new value of a requirement that is not dropped."""
        return () if self.to is None else self.to


Repair = tuple[Move, ...]
"""The changes that one configuration needs, in declared order."""


def _configurations(
    solver: Solver, decision: Decision
) -> Iterator[tuple[Model, RunnableConfiguration, Masks]]:
    """Yield the configurations of every candidate with what each violates and leaves open.

    Configurations of one model that rule out the same stated requirements are alike in all that is
    asked here: the first of them stands for the others.
    """
    question = decision.question
    for standing, options, masks in zip(
        decision.standings, solver.options, question.facts, strict=True
    ):
        if not standing.refused:
            unlike = {option.ruled_out & question.stated: option for option in reversed(options)}
            for option in unlike.values():
                yield standing.model, option, missed(option, masks, question.stated)


def hitting_sets(masks: Iterable[int]) -> list[int]:
    """Return the minimal masks that share a bit with each of `masks` (Berge's algorithm).

    Those that miss the next mask grow by each of its bits. Two that have grown never contain one
    another, so that only those that hit it already can make one superfluous.
    """
    hitting: list[int] = []
    for i, mask in enumerate(masks):
        hit = [each for each in hitting if each & mask]
        missing = [each for each in hitting if not each & mask] if i else [0]
        bits = _bits(mask)
        grown = [each | bit for each in missing for bit in bits]
        hitting = hit + [new for new in grown if not any(old & new == old for old in hit)]
    return hitting


def _bits(mask: int) -> list[int]:
    """Return the single bits of a mask."""
    return [1 << i for i in range(mask.bit_length()) if mask >> i & 1]


def named(masks: Iterable[int]) -> Sets:
    """Return sets of requirements by name: the smaller first, then in declared order."""
    ordered = sorted(masks, key=lambda mask: (mask.bit_count(), _bits(mask)))
    return tuple(names_of(mask) for mask in ordered)


def _step(
    violated: list[Check], model: Model, option: RunnableConfiguration, *, guaranteed: bool
) -> Repair:
    """Return the least change of violated requirements that a configuration needs.

    Args:
        violated: the requirements that it violates.
        model: the model of the configuration.
        option: the configuration.
        guaranteed: whether the changed requirements are to be met, and not only not violated.
    """
    return tuple(
        Move(check.requirement.name, _least(check, model, option, guaranteed=guaranteed))
        for check in violated
    )


def _least(
    check: Check, model: Model, option: RunnableConfiguration, *, guaranteed: bool
) -> int | float | tuple[str, ...] | None:
    """Return the nearest value of a requirement at which it is met or not violated."""
    requirement = check.requirement
    worst = Verdict.MET if guaranteed else Verdict.UNVERIFIED
    if ruled_out(requirement, option.configuration):
        return None
    if requirement.implies and capability_verdict(model, requirement.implies) > worst:
        return None
    low, high = model.range(requirement.fact) or EVERYTHING if requirement.unit else EVERYTHING
    match requirement.kind:
        case Kind.CAPABILITY:
            return None
        case Kind.LOCALES:
            stay = [t for t in check.locales if locale_verdict(model, t) <= worst]
            return tuple(stay) or None
        case Kind.CEILING:
            end = high if guaranteed else low
            return max(end, check.amount) if 0 < end <= MAX_NUMBER else None
        case Kind.FLOOR:
            end = low if guaranteed else high
            return min(end, check.amount) if 0 < end <= MAX_NUMBER else None


def _front(steps: Iterable[Repair]) -> list[Repair]:
    """Return the steps that no other one is as small as in every requirement."""
    every = sorted(set(steps), key=repr)
    return [
        step
        for step in every
        if not any(other != step and _at_most(other, step) for other in every)
    ]


def _at_most(step: Repair, other: Repair) -> bool:
    """Return whether a step gives up at most what another one does, in every requirement."""
    changed = dict(other)
    return all(name in changed and _no_further(name, to, changed[name]) for name, to in step)


def _no_further(
    name: str,
    to: int | float | tuple[str, ...] | None,
    other: int | float | tuple[str, ...] | None,
) -> bool:
    """Return whether one new value of a requirement is no further off than another."""
    if other is None or to is None:
        return other is None
    if isinstance(to, tuple) and isinstance(other, tuple):
        return set(to) >= set(other)
    if isinstance(to, tuple) or isinstance(other, tuple):
        return False
    return to <= other if REQUIREMENT[name].kind is Kind.CEILING else to >= other


Cost = tuple[int, int, Fraction, list[int], str]


def _cost(profile: Profile, step: Repair) -> Cost:
    """Return the key that sorts relaxations, the cheapest first."""
    given_up = 0
    factor = Fraction(1)
    for name, to in step:
        if isinstance(to, int | float):
            ratio = Fraction(to) / Fraction(getattr(profile.require, name))
            factor = max(factor, ratio, 1 / ratio)
        else:
            given_up += 1
    return given_up, len(step), factor, [BIT[name] for name, _ in step], repr(step)


def values_of(step: Repair) -> list[tuple[str, FieldValue]]:
    """Return the new values of a step, as `changes.apply` takes them."""
    return [(name, list(to) if isinstance(to, tuple) else to) for name, to in step]


def _solved_again(solver: Solver, decision: Decision, step: Repair) -> Relaxation:
    """Return a step with what it admits."""
    profile, changes = apply(decision.profile, values_of(step))
    policy: Policy = decision.question.policy
    again = solver.decide(profile, policy)
    status = min((standing.status for standing in again.ranked), default=Status.EXCLUDED)
    return Relaxation(status.word, tuple(changes), again.ids)
