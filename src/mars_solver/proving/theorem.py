"""The theorem over all profiles: where the guide's models have the best standing, they come first.

Every class of cells (see `classes`) is decided once for each primary need and each acceptance of
betas, in whole numbers and fractions. Cells are counted, never sampled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations, pairwise
from typing import Any, Final, NamedTuple

import numpy as np

from mars_solver.inputs.profile import Context, Profile, neutral, parse_profile
from mars_solver.proving.classes import EXCLUDED, Array, Classes, classes
from mars_solver.solving.flowchart import answer, every_answer
from mars_solver.solving.scoring import full_score
from mars_solver.solving.solver import Solver
from mars_solver.vocabulary import BATCH, MAX_IMPORTANCE, NEUTRAL_IMPORTANCE

ALL: Final = "all"
Place = tuple[tuple[str, ...], bool]
"""The needs that are stated, and whether the workflow is batch."""
_SCORE_BITS: Final = 54
"""A doubled weighted sum stays below 2**54; the distance ranks above it."""


@dataclass(frozen=True, slots=True)
class Margin:
    """The nearest that another model comes to one of the guide's of equal standing."""

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
    """Whether in batch work, where criteria of live work count 0."""
    least: Fraction
    most: Fraction
    """Between these importances no agreement ends; for "all", how far each may move."""
    least_included: bool
    most_included: bool
    """Whether none ends there either: where scores are equal, what breaks the tie decides."""


@dataclass
class Theorem:
    """What the search over all cells found."""

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
    places: Counter[Place] = field(default_factory=Counter)
    """Departures, by the needs that are stated and the workflow."""
    place_cells: Counter[Place] = field(default_factory=Counter)
    """Cells, by the same."""
    margin: Margin | None = None
    reaches: tuple[Reach, ...] = ()
    counterexample: Profile | None = None

    @property
    def holds(self) -> bool:
        """Whether no cell refutes the theorem."""
        return self.counterexample is None


class Group(NamedTuple):
    """The classes that share needs, workflow, primary need and acceptance of betas."""

    context: Context
    betas: bool
    rows: Array
    """The classes, by index."""
    question: int | None
    answer: tuple[str, ...]
    """The guide's."""


def prove(solver: Solver) -> Theorem:
    """Return what deciding every class of cells shows.

    The catalogue must have a guide.
    """
    judge = _Judge(solver)
    for group in judge.groups():
        judge.decide(group)
    judge.blame()
    judge.found.reaches = judge.reaches()
    return judge.found


def demands(solver: Solver) -> Iterator[tuple[Context, str, str]]:
    """Yield every lead that the theorem asks for, once for the same weights.

    Where all of the guide's models have the best standing, each leads the next, and the last one
    every other model of that standing: the context, the model that leads, and the one behind it.
    """
    judge = _Judge(solver)
    seen = set()
    for group in judge.groups():
        for ahead, behind, _ in judge.duels(group):
            key = group.context, ahead, behind
            if key not in seen:
                seen.add(key)
                yield group.context, judge.ids[ahead], judge.ids[behind]


class _Judge:
    """Decides classes, and keeps what the margin and the reach rest on."""

    def __init__(self, solver: Solver) -> None:
        chart = solver.catalogue.flowchart
        if chart is None:
            raise ValueError("a catalogue without a guide has no theorem")
        self.ids = [model.id for model in solver.catalogue.models]
        self.found = Theorem()
        self._solver = solver
        self._chart = chart
        self._index = {model: i for i, model in enumerate(self.ids)}
        self._answers = every_answer(chart)
        groups = [tuple(self._index[m] for m in a if m in self._index) for a in self._answers]
        self._classes: Classes = classes([solver], groups)
        # In how many groups each class departs, by the guide's answer there.
        self._departing = np.zeros((len(self._classes.batch), len(groups)), dtype=np.int64)
        self._betas = np.array([model.beta for model in solver.catalogue.models])
        self._leads: dict[bool, set[_Lead]] = {False: set(), True: set()}

    def groups(self) -> Iterator[Group]:
        """Yield the classes in groups whose members are weighed and answered alike."""
        found = self._classes
        kinds = found.needs[0] * 2 + found.batch
        for kind in np.unique(kinds).tolist():
            rows = np.flatnonzero(kinds == kind)
            needs = self._solver.declared.names_of_needs(kind >> 1)
            for primary in (None, *needs):
                context = Context(needs, primary, bool(kind & 1))
                question, models = answer(self._chart, context)
                for betas in (False, True):
                    yield Group(context, betas, rows, question, models)

    def decide(self, group: Group) -> None:
        """Count the cells of a group, and hold them against the theorem."""
        found, cells = self.found, self._classes.cells[group.rows]
        found.cells += int(cells.sum())
        found.classes += len(group.rows)
        _, sums = self._weighed(group.context)
        behind, left, premise = self._standings(group)
        found.infeasible += int(cells[~left].sum())
        keys = (behind.astype(np.int64) << _SCORE_BITS) - sums
        places = min(len(group.answer), len(self.ids))
        order = np.argsort(keys, axis=1, kind="stable")[:, :places]
        guide = [self._index.get(model, -1) for model in group.answer]
        first = np.isin(order[:, 0], guide)
        exact = (order == guide).all(axis=1) if places == len(guide) else np.zeros_like(first)
        agrees = left & np.where(premise, exact, first)
        departs = left & ~agrees
        found.agreements += int(cells[agrees].sum())
        found.departures += int(cells[departs].sum())
        place = group.context.needs, group.context.batch
        found.places[place] += int(cells[departs].sum())
        found.place_cells[place] += int(cells.sum())
        found.premise += int(cells[premise].sum())
        self._depart(group, departs & ~premise)
        refuting = np.flatnonzero(premise & ~agrees)
        if len(refuting) and found.counterexample is None:
            found.counterexample = self._profile(group, int(refuting[0]))
        self._measure(group)

    def duels(self, group: Group) -> Iterator[tuple[int, int, int]]:
        """Yield the leads that the theorem asks for: both models, and a row of the group."""
        behind, _, premise = self._standings(group)
        if not premise.any():
            return
        guide = [self._index[model] for model in group.answer]
        row = int(np.flatnonzero(premise)[0])
        for ahead, after in pairwise(guide):
            yield ahead, after, row
        level = premise[:, None] & (behind == behind.min(axis=1, keepdims=True))
        for other in range(len(self.ids)):
            rows = np.flatnonzero(level[:, other])
            if other not in guide and len(rows):
                yield guide[-1], other, int(rows[0])

    def _standings(self, group: Group) -> tuple[Array, Array, Array]:
        """Return how far each model is behind, whether any is left, and where the premise holds."""
        behind = self._classes.behind[group.rows]
        if not group.betas:
            behind = np.where(self._betas, EXCLUDED, behind)
        least = behind.min(axis=1, initial=EXCLUDED)
        left = least < EXCLUDED
        guide = [self._index.get(model, -1) for model in group.answer]
        if -1 in guide:
            return behind, left, np.zeros_like(left)
        premise = left & (behind[:, guide] == least[:, None]).all(axis=1)
        return behind, left, premise

    def _weighed(self, context: Context) -> tuple[tuple[int, ...], Array]:
        """Return the neutral weights of a context, and the doubled weighted sum of each model."""
        weights = self._weights(context)
        middles = self._solver.middles
        sums = [sum(w * m for w, m in zip(weights, row, strict=True)) for row in middles]
        return weights, np.array(sums, dtype=np.int64)

    def _weights(self, context: Context) -> tuple[int, ...]:
        factors = self._solver.coefficients(context)
        importances = neutral(self._solver.declared, batch=context.batch)
        return tuple(i * f for i, f in zip(importances, factors, strict=True))

    def _measure(self, group: Group) -> None:
        """Keep the smallest margin, and what each importance adds to each lead."""
        weights, sums = self._weighed(group.context)
        factors = self._solver.coefficients(group.context)
        middles = self._solver.middles
        for ahead, behind, row in self.duels(group):
            pairs = zip(factors, middles[ahead], middles[behind], strict=True)
            terms = tuple(f * (a - b) for f, a, b in pairs)
            points = Fraction(int(sums[ahead] - sums[behind]), full_score(weights))
            # Equal scores are ranked by the scores at neutral importances, then by id.
            wins_ties = (points, behind) > (0, ahead)
            self._leads[group.context.batch].add(_Lead(terms, wins_ties))
            margin = self.found.margin
            if margin is None or points < margin.points:
                profile = self._profile(group, row)
                self.found.margin = Margin(points, self.ids[ahead], self.ids[behind], profile)

    def _profile(self, group: Group, row: int) -> Profile:
        """Return a profile of a class."""
        context = group.context
        data: dict[str, Any] = {
            "require": self._classes.example(int(group.rows[row])),
            "primary": context.primary,
            "workflow": BATCH if context.batch else None,
            "accept_beta": group.betas,
        }
        return parse_profile(data, "example", self._solver.declared)

    def _depart(self, group: Group, departs: Array) -> None:
        """Note which classes depart, and by which needs that are stated together."""
        rows = group.rows[departs]
        if len(rows):
            self._departing[rows, self._answers.index(group.answer)] += 1
            cells = int(self._classes.cells[rows].sum())
            for pair in combinations(group.context.needs, 2):
                self.found.question_pairs[" + ".join(pair)] += cells

    def blame(self) -> None:
        """Count what blocks the guide's models in the cells that depart."""
        departing = self._departing.astype(self._classes.cells.dtype)
        unmet = self._classes.unmet(departing).sum(axis=0)
        for requirement, count in zip(self._solver.declared.requirements, unmet, strict=True):
            if count:
                self.found.blocked_by[requirement.name] += int(count)

    def reaches(self) -> tuple[Reach, ...]:
        """Return how far importances may move while every lead stays one."""
        declared = self._solver.declared
        reaches = []
        for batch, leads in self._leads.items():
            importances = neutral(declared, batch=batch)
            for k, criterion in enumerate(declared.criteria):
                reaches.append(_span(criterion.name, k, importances, batch, leads))
            reaches.append(_joint(importances, batch, leads))
        return tuple(reaches)


class _Lead(NamedTuple):
    """The lead of one model over another."""

    terms: tuple[int, ...]
    """What each importance adds to it."""
    wins_ties: bool
    """Whether the model still comes first where the lead is 0."""


def _span(
    name: str, k: int, importances: tuple[int, ...], batch: bool, leads: Iterable[_Lead]
) -> Reach:
    """Return the importances of one criterion, the others neutral, that keep every lead."""
    least, most = (Fraction(0), True), (Fraction(MAX_IMPORTANCE), True)
    for terms, wins_ties in leads:
        rest = sum(i * x for j, (i, x) in enumerate(zip(importances, terms, strict=True)) if j != k)
        # Of equal ends, the one that is left out counts.
        if terms[k] > 0:
            least = max(least, (Fraction(-rest, terms[k]), wins_ties), key=_tightest_least)
        elif terms[k] < 0:
            most = min(most, (Fraction(rest, -terms[k]), wins_ties))
    return Reach(name, batch, least[0], most[0], least[1], most[1])


def _tightest_least(end: tuple[Fraction, bool]) -> tuple[Fraction, bool]:
    return end[0], not end[1]


def _joint(importances: tuple[int, ...], batch: bool, leads: Iterable[_Lead]) -> Reach:
    """Return how far all importances may move from neutral at once and keep every lead."""
    most = Fraction(NEUTRAL_IMPORTANCE), True
    for terms, wins_ties in leads:
        now = sum(i * x for i, x in zip(importances, terms, strict=True))
        # An importance of 0 can only grow, so that there only a negative share hurts.
        worst = sum(abs(x) if i else max(-x, 0) for i, x in zip(importances, terms, strict=True))
        if worst:
            most = min(most, (Fraction(now, worst), wins_ties))
    return Reach(ALL, batch, Fraction(0), most[0], least_included=True, most_included=most[1])
