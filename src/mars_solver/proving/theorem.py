"""The theorem over all profiles: where the guide's models stand best, they come first.

Thresholds cut the space of profiles without preferences into finitely many cells in which no
verdict and no need changes. Cells are counted by products; of those that come to the same needs and
standings, one is decided. Everything is done in whole numbers and fractions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache, partial
from itertools import combinations, pairwise, product
from math import prod
from typing import Any, Final, NamedTuple

import numpy as np

from mars_solver.inputs.profile import Context, Profile
from mars_solver.inputs.weights import coefficients
from mars_solver.solving.cells import Choice, choices
from mars_solver.solving.constraints import Masks, fold
from mars_solver.solving.flowchart import agree, answer, stand_best
from mars_solver.solving.scoring import full_score, totals
from mars_solver.solving.solver import Order, Solver, order
from mars_solver.vocabulary import (
    BATCH,
    CRITERION_NAMES,
    MAX_IMPORTANCE,
    NEEDS,
    NEUTRAL_IMPORTANCE,
    REQUIREMENTS,
    NeedName,
    Status,
    names_of,
)

ALL: Final = "all"
NEUTRAL: Final = Profile().importances
NEUTRAL_BATCH: Final = Profile(workflow=BATCH).importances


class Class(NamedTuple):
    """What decides a profile without preferences, but for `primary` and `accept_beta`."""

    needs: tuple[NeedName, ...]
    batch: bool
    orders: tuple[Order | None, ...]
    """The standing of each model, betas as if they were accepted; None where it is excluded.
    Empty where all are."""
    unmet: tuple[int, ...]
    """The requirements that each of the guide's models does not meet, in order of id."""

    def context(self, primary: NeedName | None) -> Context:
        """Return what the weights and the guide's answer depend on, given the primary need."""
        return Context(self.needs, primary, self.batch)


@dataclass(slots=True)
class Members:
    """How many cells a class has, and one of them."""

    cells: int
    example: tuple[Choice, ...]


Classes = dict[Class, Members]


@dataclass(frozen=True, slots=True)
class Margin:
    """The smallest lead of one of the guide's models over a model of equal standing."""

    points: Fraction
    ahead: str
    behind: str
    profile: Profile


@dataclass(frozen=True, slots=True)
class Reach:
    """How far importances may move from neutral before any agreement of the theorem ends."""

    criterion: str
    """The criterion that moves, all others neutral; "all" where all move at once."""
    batch: bool
    """Whether in batch work, where the neutral importance of latency is 0."""
    least: Fraction
    most: Fraction
    """Between these importances no agreement ends; for "all", how far each may move."""


@dataclass
class Theorem:
    """What deciding all cells shows, as counts of cells."""

    cells: int = 0
    classes: int = 0
    """How many distinct classes were decided."""
    infeasible: int = 0
    premise: int = 0
    """Cells in which all of the guide's models have the best standing."""
    agreements: int = 0
    departures: int = 0
    blocked_by: Counter[str] = field(default_factory=Counter)
    """Departures, by the requirements that block the guide; a cell counts for each."""
    question_pairs: Counter[str] = field(default_factory=Counter)
    """Departures, by the pairs of needs that are stated together; a cell counts for each."""
    margin: Margin | None = None
    reaches: tuple[Reach, ...] = ()
    counterexample: Profile | None = None

    @property
    def holds(self) -> bool:
        """Whether no cell refutes the theorem."""
        return self.counterexample is None


def prove(solver: Solver) -> Theorem:
    """Return what deciding every class of cells shows."""
    theorem = Theorem()
    guides = _guides(solver)
    judge = _Judge(solver, guides, theorem)
    for member, members in classes(solver, guides).items():
        for primary, betas in product((None, *member.needs), (False, True)):
            judge.decide(member, members, primary, betas=betas)
    theorem.reaches = judge.reaches()
    return theorem


def classes(solver: Solver, guides: tuple[int, ...]) -> Classes:
    """Return the classes into which all cells fall.

    The requirements that pin a configuration decide which one is chosen, so that they come first.
    Each of the others only adds to what a model violates or leaves unverified; after each, cells
    that now have the same standings and needs become one class.
    """
    grown = _pinned(solver, guides)
    for requirement in REQUIREMENTS:
        if requirement.pin is None:
            grown = _joined(grown, choices(solver.catalogue, requirement), guides)
    return grown


def _pinned(solver: Solver, guides: tuple[int, ...]) -> Classes:
    """Return the classes of the cells in which only pinning requirements are stated."""
    pinned: Classes = {}
    dimensions = [choices(solver.catalogue, r) for r in REQUIREMENTS if r.pin]
    stand = cache(solver.stand_alone)
    indices = range(len(solver.catalogue.models))
    for chosen in product(*dimensions):
        stated = sum(choice.stated for choice in chosen)
        needs = _in_order(need for choice in chosen for need in choice.needs)
        cells = prod(len(choice.cells) for choice in chosen)
        facts = [fold(choice.facts[index] for choice in chosen) for index in indices]
        for batch in (False,) if "real_time" in needs else (False, True):
            standings = [stand(index, facts[index], stated, batch=batch) for index in indices]
            orders = tuple(
                None if standing.violated else order(standing, "flag") for standing in standings
            )
            unmet = tuple(standings[g].violated | standings[g].unverified for g in guides)
            _add(pinned, Class(needs, batch, orders, unmet), cells, chosen)
    return pinned


def _joined(before: Classes, more: tuple[Choice, ...], guides: tuple[int, ...]) -> Classes:
    """Return the classes of cells with one more requirement, which pins no configuration."""
    grown: Classes = {}
    for (needs, batch, orders, unmet), members in before.items():
        for choice in more:
            if batch and "real_time" in choice.needs:
                continue
            worse = tuple(map(_lowered, orders, choice.facts))
            lacking = tuple(
                mask | choice.facts[g].violated | choice.facts[g].unverified
                for mask, g in zip(unmet, guides if unmet else (), strict=True)
            )
            together = _in_order((*needs, *choice.needs)) if choice.needs else needs
            member = Class(together, batch, worse, lacking)
            _add(grown, member, members.cells * len(choice.cells), (*members.example, choice))
    return grown


def _lowered(standing: Order | None, facts: Masks) -> Order | None:
    """Return a standing with one more requirement checked."""
    if standing is None or facts.violated:
        return None
    return (Status.UNVERIFIED, standing[1] + 1) if facts.unverified else standing


def _add(known: Classes, member: Class, cells: int, example: tuple[Choice, ...]) -> None:
    """Count cells of a class; where no model is left, classes differ in needs and batch alone."""
    if not any(member.orders):
        member = Class(member.needs, member.batch, (), ())
    members = known.get(member)
    if members is None:
        known[member] = Members(cells, example)
    else:
        members.cells += cells


def _in_order(needs: Iterable[NeedName]) -> tuple[NeedName, ...]:
    stated = set(needs)
    return tuple(need.name for need in NEEDS if need.name in stated)


def _guides(solver: Solver) -> tuple[int, ...]:
    """Return the indices of the models that the flowchart can name, in order of id."""
    chart = solver.catalogue.flowchart
    answers = [chart.no_need, chart.batch, *(question.answer for question in chart.questions)]
    named = {model for models in answers for model in models}
    return tuple(i for i, model in enumerate(solver.catalogue.models) if model.id in named)


def duels(
    solver: Solver, member: Class, primary: NeedName | None, *, betas: bool
) -> tuple[tuple[str, str], ...]:
    """Return the pairs of models of which the theorem says that the first one leads.

    Where all of the guide's models stand best: each leads the next, and the last one every other
    model that stands as well. Where they do not, the theorem says nothing.
    """
    left = {
        model.id: standing
        for model, standing in zip(solver.catalogue.models, member.orders, strict=False)
        if standing is not None and (betas or not model.beta)
    }
    _, models = answer(solver.catalogue.flowchart, member.context(primary))
    best = min(left.values(), default=None)
    level = [model for model, standing in left.items() if standing == best]
    if not set(level).issuperset(models):
        return ()
    return (*pairwise(models), *((models[-1], other) for other in level if other not in models))


def demands(solver: Solver) -> Iterator[tuple[Class, NeedName | None, str, str]]:
    """Yield every lead that the theorem asks for, once for the same weights: see `duels`."""
    seen = set()
    for member in classes(solver, _guides(solver)):
        for primary, betas in product((None, *member.needs), (False, True)):
            for ahead, behind in duels(solver, member, primary, betas=betas):
                key = (member.needs, member.batch, primary, ahead, behind)
                if key not in seen:
                    seen.add(key)
                    yield member, primary, ahead, behind


def _profile(example: tuple[Choice, ...], member: Class, **fields: Any) -> Profile:
    """Return a profile of a class."""
    require = {
        choice.requirement.name: list(required) if isinstance(required, tuple) else required
        for choice in example
        if (required := choice.required) is not None
    }
    return Profile(workflow=BATCH if member.batch else None, require=require, **fields)


class _Judge:
    """Decides classes, counts their cells, and keeps the leads for the margin and the reaches."""

    def __init__(self, solver: Solver, guides: tuple[int, ...], theorem: Theorem) -> None:
        self._solver = solver
        self._models = solver.catalogue.models
        self._index = {model.id: i for i, model in enumerate(self._models)}
        self._guides = [self._models[i].id for i in guides]
        self._theorem = theorem
        self._scored = cache(self._score)
        self._leads: dict[bool, Leads] = {False: set(), True: set()}

    def decide(
        self, member: Class, members: Members, primary: NeedName | None, *, betas: bool
    ) -> None:
        """Count the cells of one class, and compare its answer with the theorem."""
        theorem, cells = self._theorem, members.cells
        theorem.cells += cells
        theorem.classes += 1
        factors, weights, sums = self._scored(member.context(primary))
        ranked = self._ranked(member, sums, betas=betas)
        if not ranked:
            theorem.infeasible += cells
            return
        ids = [self._models[i].id for i in ranked]
        orders = [o for i in ranked if (o := member.orders[i])]
        _, models = answer(self._solver.catalogue.flowchart, member.context(primary))
        agrees = agree(models, ids, orders)
        if agrees:
            theorem.agreements += cells
        else:
            theorem.departures += cells
            self._blame(member, models, cells)
        if stand_best(models, ids, orders):
            theorem.premise += cells
            profile = partial(_profile, members.example, member, primary=primary, accept_beta=betas)
            if not agrees and theorem.counterexample is None:
                theorem.counterexample = profile()
            middles = self._solver.middles
            for ahead, behind in duels(self._solver, member, primary, betas=betas):
                one, other = self._index[ahead], self._index[behind]
                lead = tuple(
                    f * (a - b)
                    for f, a, b in zip(factors, middles[one], middles[other], strict=True)
                )
                self._leads[member.batch].add(lead)
                points = Fraction(sums[one] - sums[other], full_score(weights))
                if theorem.margin is None or points < theorem.margin.points:
                    theorem.margin = Margin(points, ahead, behind, profile())

    def _score(self, context: Context) -> tuple[tuple[int, ...], list[int], list[int]]:
        """Return the factors and weights of the criteria, and each model's doubled sum."""
        factors = coefficients(self._solver.weights, context)
        neutral = NEUTRAL_BATCH if context.batch else NEUTRAL
        weights = [i * f for i, f in zip(neutral, factors, strict=True)]
        rows = np.array([weights], dtype=np.int64)
        return factors, weights, totals(rows, self._solver.values)[0].sum(axis=1).tolist()

    def _ranked(self, member: Class, sums: list[int], *, betas: bool) -> list[int]:
        """Return the indices of the models that are left, best first."""
        keys = [
            (standing, -sums[i], self._models[i].id, i)
            for i, standing in enumerate(member.orders)
            if standing is not None and (betas or not self._models[i].beta)
        ]
        return [key[-1] for key in sorted(keys)]

    def _blame(self, member: Class, models: tuple[str, ...], cells: int) -> None:
        """Count what blocks the guide's models in cells that do not agree."""
        blocking = 0
        for guide, unmet in zip(self._guides, member.unmet, strict=True):
            if guide in models:
                blocking |= unmet
        self._theorem.blocked_by.update(dict.fromkeys(names_of(blocking), cells))
        pairs = [" + ".join(pair) for pair in combinations(member.needs, 2)]
        self._theorem.question_pairs.update(dict.fromkeys(pairs, cells))

    def reaches(self) -> tuple[Reach, ...]:
        """Return how far importances may move while every lead stays one."""
        reaches = []
        for batch, leads in ((False, self._leads[False]), (True, self._leads[True])):
            neutral = NEUTRAL_BATCH if batch else NEUTRAL
            for k, name in enumerate(CRITERION_NAMES):
                reaches.append(Reach(name, batch, *_span(k, neutral, leads)))
            reaches.append(Reach(ALL, batch, Fraction(0), _joint(neutral, leads)))
        return tuple(reaches)


Leads = set[tuple[int, ...]]
"""What each importance adds to the lead of one model over another."""


def _span(k: int, neutral: tuple[int, ...], leads: Leads) -> tuple[Fraction, Fraction]:
    """Return the importances of one criterion, the others neutral, that keep every lead."""
    least, most = Fraction(0), Fraction(MAX_IMPORTANCE)
    for lead in leads:
        rest = sum(i * x for j, (i, x) in enumerate(zip(neutral, lead, strict=True)) if j != k)
        if lead[k] > 0:
            least = max(least, Fraction(-rest, lead[k]))
        elif lead[k] < 0:
            most = min(most, Fraction(rest, -lead[k]))
    return least, most


def _joint(neutral: tuple[int, ...], leads: Leads) -> Fraction:
    """Return how far all importances may move from neutral at once and keep every lead."""
    reach = Fraction(NEUTRAL_IMPORTANCE)
    for lead in leads:
        now = sum(i * x for i, x in zip(neutral, lead, strict=True))
        # An importance of 0 can only grow, so that there only a negative share hurts.
        worst = sum(abs(x) if i else max(-x, 0) for i, x in zip(neutral, lead, strict=True))
        if worst:
            reach = min(reach, Fraction(now, worst))
    return reach
