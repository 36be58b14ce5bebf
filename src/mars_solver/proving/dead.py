"""What of a catalogue changes no answer: requirements, facts, and claims that were not chosen.

Each is put to the proof: the catalogue beside itself without it (see `moves`). Profiles that state
one or two requirements are tried first, as most of what changes an answer changes one of theirs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from typing import Final, NamedTuple, TypeVar

from mars_solver.errors import InputError
from mars_solver.inputs.catalogue.attributes import Declarations
from mars_solver.inputs.catalogue.facts import NumberFact, SetFact, WordFact, YesNoFact
from mars_solver.inputs.catalogue.models import AnyFact, Model
from mars_solver.inputs.profile import Profile, parse_profile
from mars_solver.proving.cases import Cases
from mars_solver.proving.census import Census, census
from mars_solver.proving.classes import classes
from mars_solver.proving.joint import SILENT, JointColumn, joint_columns
from mars_solver.proving.moves import Answer, Moves
from mars_solver.solving.solver import Solver

MOST_COMPARED: Final = 2**21
"""Where facts and classes of profiles make more pairs, it takes minutes to say what is dead."""
_AT_ONCE: Final = 32
"""How many changes are compared with the catalogue side by side."""


@dataclass(frozen=True)
class Dead:
    """What changes no answer, whatever else is asked for.

    Attributes:
        models: those that never come first, by id.
        requirements: by name.
        facts: those without which no answer would be another one, as `model.attribute`; None where
            it takes too long to say.
        claims: those that were not chosen and would change no answer if they were, by path; None
            where it takes too long to say.
    """

    models: tuple[str, ...]
    requirements: tuple[str, ...]
    facts: tuple[str, ...] | None
    claims: tuple[str, ...] | None


def dead(solver: Solver, counted: Census | None = None) -> Dead | None:
    """Return what of a catalogue changes no answer; None where it takes too long to say.

    Args:
        solver: of the catalogue and weights.
        counted: how all profiles are answered, where that is known.
    """
    facts = sum(len(model.facts) for model in solver.catalogue.models)
    most = MOST_COMPARED // max(facts, 1)
    if prod(len(c.choices) for c in solver.table if c.requirement.pins) > most:
        return None
    try:
        classes([solver], most=most)
    except InputError:
        return None
    models = (counted or census(solver)).dead_models
    return Dead(models, dead_requirements(solver), dead_facts(solver), dead_claims(solver))


def dead_requirements(solver: Solver) -> tuple[str, ...]:
    """Return the requirements that change no answer, wherever they are stated."""
    return tuple([r.name for r in solver.declared.requirements if not _tells(solver, r.name)])


def _tells(solver: Solver, name: str) -> bool:
    """Return whether to state a requirement changes any answer."""
    for profile in _trials(solver, [name]):
        if Answer.of(solver.decide(profile)) != Answer.of(
            solver.decide(profile.revised(require={name: None}))
        ):
            return True
    sides = solver, solver
    columns = tuple(
        _unheard(column) if column.name == name else column for column in joint_columns(sides)
    )
    return bool(Moves(Cases(sides, columns=columns)).sides())


def _unheard(column: JointColumn) -> JointColumn:
    """Return a requirement that the second side takes as not stated."""
    first, _ = column.requirements
    choices = [choice._replace(cells=(choice.cells[0], SILENT)) for choice in column.choices]
    return column._replace(requirements=(first, None), choices=tuple(choices))


class _Change(NamedTuple):
    """Another fact of a model, or none."""

    path: str
    model: Model
    attribute: str
    fact: AnyFact | None


def dead_facts(solver: Solver) -> tuple[str, ...]:
    """Return the facts without which no answer would be another one, as `model.attribute`.

    Where nothing is known, there is no fact.
    """
    changes = [
        _Change(f"{model.id}.{name}", model, name, None)
        for model in solver.catalogue.models
        for name, fact in model.facts.items()
        if _known(fact)
    ]
    return _without_effect(solver, changes)


def _known(fact: AnyFact) -> bool:
    """Return whether a fact says anything."""
    if isinstance(fact, SetFact):
        return fact.others is not None or any(each.settled for each in fact.members.values())
    return fact.settled


def dead_claims(solver: Solver) -> tuple[str, ...]:
    """Return the claims that were not chosen and would change no answer if they were, by path."""
    changes = [
        _Change(f"{model.id}.{path}", model, name, fact)
        for model in solver.catalogue.models
        for name, path, fact in _other_claims(model)
    ]
    return _without_effect(solver, changes)


def _asked_about(name: str, declared: Declarations) -> bool:
    """Return whether an attribute is declared to do more than to be shown."""
    attribute = declared.attributes[name]
    return bool(
        attribute.criterion
        or attribute.enables
        or any(r.attribute == name or name in r.implies for r in declared.requirements)
    )


def _other_claims(model: Model) -> Iterator[tuple[str, str, AnyFact]]:
    """Yield each claim that was not chosen, as the fact that it would be: attribute, path, fact."""
    for name, fact in model.facts.items():
        if not isinstance(fact, SetFact):
            for i, chosen in enumerate(_chosen(fact)):  # type: ignore[type-var]
                yield name, f"{name}.other_claims.{i}", chosen
            continue
        for key, member in fact.members.items():
            for i, other in enumerate(_chosen(member)):
                members = {**fact.members, key: other}
                yield name, f"{name}.{key}.other_claims.{i}", replace(fact, members=members)


F = TypeVar("F", WordFact, YesNoFact, NumberFact)


def _chosen(fact: F) -> Iterator[F]:
    """Yield the facts in which a claim is chosen that was not."""
    for claim in fact.other_claims:
        yield type(fact)(**claim.model_dump(exclude={"why_not"}))


def _without_effect(solver: Solver, changes: Sequence[_Change]) -> tuple[str, ...]:
    """Return the changes, each made alone, after which all answers are the same, by path."""
    left = [
        (change.path, changed)
        for change in changes
        if _asked_about(change.attribute, solver.declared)
        and not _seen(solver, changed := _changed(solver, change), change.attribute)
    ]
    found: list[str] = []
    for start in range(0, len(left), _AT_ONCE):
        some = left[start : start + _AT_ONCE]
        moved = Moves(Cases((solver, *(changed for _, changed in some)))).sides()
        found += [path for side, (path, _) in enumerate(some, 1) if side not in moved]
    return tuple(found)


def _changed(solver: Solver, change: _Change) -> Solver:
    """Return the solver of the catalogue after a change."""
    catalogue, model = solver.catalogue, change.model
    facts = {name: fact for name, fact in model.facts.items() if name != change.attribute}
    if change.fact is not None:
        facts[change.attribute] = change.fact
    other = replace(model, facts=facts)
    models = tuple([other if each is model else each for each in catalogue.models])
    return Solver(replace(catalogue, models=models), solver.weights)


def _seen(solver: Solver, changed: Solver, name: str) -> bool:
    """Return whether a change of an attribute's fact shows in a profile of few requirements."""
    declared = solver.declared
    asked = [r.name for r in declared.requirements if r.attribute == name or name in r.implies]
    return any(
        Answer.of(solver.decide(profile)) != Answer.of(changed.decide(profile))
        for profile in _trials(solver, asked)
    )


def _trials(solver: Solver, names: Iterable[str]) -> Iterator[Profile]:
    """Yield profiles that state one of some requirements, alone and beside each other one."""
    every = [
        {} if value is None else {column.requirement.name: value}
        for column in solver.table
        for choice in column.choices
        for value in choice.values[-1:]
    ]
    for name in names:
        own = solver.column(name).choices[1:]
        for choice, beside in product(own, [{}, *every]):
            if name not in beside:
                require = {name: choice.values[-1], **beside}
                for betas in (True, False):
                    data = {"require": require, "accept_beta": betas}
                    yield parse_profile(data, "trial", solver.declared)
