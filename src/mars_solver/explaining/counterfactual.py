"""The counterfactual explanation: the fewest changes that put a model first, or on the list.

It answers "why not this model?" with the nearest profiles to which it is the answer (Wachter,
Mittelstadt & Russell, "Counterfactual explanations without opening the black box", 2018). Changes
relax stated requirements, accept betas or move importances; none adds a requirement. Each set of
changes is proved by solving again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from mars_solver.explaining.changes import Change, apply, changed
from mars_solver.explaining.diagnosis import Move, Repair, steps_onto_list, values_of
from mars_solver.explaining.sensitivity import contenders
from mars_solver.explaining.serialising import RankedStatus
from mars_solver.inputs.profile import Profile
from mars_solver.inputs.weights import coefficients
from mars_solver.solving.constraints import Check, checks, locale_verdict
from mars_solver.solving.scoring import Integers, totals
from mars_solver.solving.solver import Decision, Solver
from mars_solver.vocabulary import (
    ACCEPT_BETA,
    CRITERION_NAMES,
    MAX_IMPORTANCE,
    MAX_NUMBER,
    NEEDS,
    Kind,
    Verdict,
)


@dataclass(frozen=True, slots=True)
class Promotion:
    """A smallest set of changes with which a model reaches a rank, solved again."""

    changes: tuple[Change, ...]
    """Requirements by name, importances as `prefer.NAME`, and `accept_beta`."""
    rank: int
    status: RankedStatus


@dataclass(frozen=True, slots=True)
class Standpoint:
    """The rank of one model, and the fewest changes that would put it on the list, and first."""

    model: str
    rank: int | None
    """On the shortlist, from 1; None where the model is excluded."""
    onto_list: tuple[Promotion, ...]
    """What would put it on the shortlist; empty where it is there, or nothing does."""
    to_first: tuple[Promotion, ...]
    """What would make it win; empty where it does, or nothing does."""


def standpoint(solver: Solver, decision: Decision, index: int) -> Standpoint:
    """Return how the model at an index of the catalogue ranks, and what would improve its rank."""
    ranking = decision.ranking
    rank = ranking.index(index) + 1 if index in ranking else None
    onto_list = () if rank else tuple(_onto_list(solver, decision, index))
    to_first = () if rank == 1 else tuple(_to_first(solver, decision, index))
    return Standpoint(decision.standings[index].model.id, rank, onto_list, to_first)


Moved = tuple[tuple[str, int], ...]
"""Importances by criterion, in declared order."""


@dataclass(frozen=True, slots=True)
class _Edit:
    """A step with importances and the acceptance of betas; the base of every promotion."""

    step: Repair
    accept_beta: bool
    importances: Moved = ()

    @property
    def size(self) -> int:
        return len(self.step) + self.accept_beta + len(self.importances)

    def apply(self, profile: Profile) -> tuple[Profile, list[Change]]:
        """Return the edited profile and every change."""
        relaxed, changes = apply(profile, values_of(self.step))
        current = dict(zip(CRITERION_NAMES, profile.importances, strict=True))
        more = [Change(ACCEPT_BETA, False, True)] if self.accept_beta else []
        more += [Change(f"prefer.{name}", current[name], to) for name, to in self.importances]
        return changed(relaxed, more), [*changes, *more]


def _proved(solver: Solver, decision: Decision, edit: _Edit, index: int) -> Promotion:
    """Return the promotion that an edit makes, solved again."""
    profile, changes = edit.apply(decision.profile)
    again = solver.decide(profile, decision.question.policy)
    rank = again.ranking.index(index) + 1
    return Promotion(tuple(changes), rank, again.standings[index].status.word)


def _onto_list(solver: Solver, decision: Decision, index: int) -> Iterator[Promotion]:
    steps = steps_onto_list(solver, decision, index)
    fewest = min(map(len, steps))
    for step in steps:
        if len(step) == fewest:
            edit = _Edit(step, decision.standings[index].refused)
            yield _proved(solver, decision, edit, index)


def _to_first(solver: Solver, decision: Decision, index: int) -> list[Promotion]:
    """Return the smallest edits that put a model first, one for each set of things changed."""
    asked = checks(decision.profile)
    refused = decision.standings[index].refused
    search = _Importances(solver, decision.profile, index)
    edits: dict[tuple[str, ...], _Edit] = {}
    smallest = len(asked) + len(CRITERION_NAMES) + refused
    for size in range(len(asked) + 1):
        if size + refused > smallest:
            break
        for some in combinations(asked, size):
            for step in product(*(_looser(check, solver, index) for check in some)):
                for edit in _winning(solver, decision, _Edit(step, refused), index, search):
                    if edit.size <= smallest:
                        smallest = edit.size
                        edits.setdefault(_named(edit), edit)
    return [
        _proved(solver, decision, edit, index) for edit in edits.values() if edit.size == smallest
    ]


def _winning(
    solver: Solver, decision: Decision, edit: _Edit, index: int, search: _Importances
) -> list[_Edit]:
    """Return an edit with each of the fewest importances to move for a model to win."""
    profile, _ = edit.apply(decision.profile)
    rivals = contenders(solver.decide(profile, decision.question.policy))
    if index not in rivals:
        return []
    factors = coefficients(solver.weights, profile.context)
    return [replace(edit, importances=each) for each in search.moved(factors, sorted(rivals))]


def _named(edit: _Edit) -> tuple[str, ...]:
    return tuple(name for name, _ in (*edit.step, *edit.importances))


def _looser(check: Check, solver: Solver, index: int) -> list[Move]:
    """Return the looser values of a requirement that can matter to a model's rank.

    The nearest at which it is not violated, and met; the nearest that states another need; and
    none at all. Anything looser than needed only helps the other models.
    """
    model, requirement = solver.catalogue.models[index], check.requirement
    name = requirement.name
    ends: list[int | float] = []
    if requirement.unit:
        ends += [end for end in model.range(requirement.fact) or () if 0 < end <= MAX_NUMBER]
        ends += [n.ceiling[1] for n in NEEDS if n.ceiling and n.ceiling[0] == name]
    match requirement.kind:
        case Kind.CEILING:
            values = [end for end in ends if end > check.amount]
        case Kind.FLOOR:
            values = [end for end in ends if end < check.amount]
        case Kind.LOCALES:
            kept = [
                tuple(t for t in check.locales if locale_verdict(model, t) <= worst)
                for worst in (Verdict.UNVERIFIED, Verdict.MET)
            ]
            return [*(Move(name, tags) for tags in kept if tags), Move(name, None)]
        case Kind.CAPABILITY:
            values = []
    nearest = sorted(set(values), key=lambda value: abs(value - check.amount))
    return [*(Move(name, value) for value in nearest), Move(name, None)]


class _Importances:
    """The fewest importances to move for a model to win over its rivals of equal standing.

    Whether it wins depends on the factors of the importances and on the rivals alone, so that many
    relaxations share one search.
    """

    def __init__(self, solver: Solver, profile: Profile, index: int) -> None:
        self._values = solver.values
        self._current = np.array(profile.importances)
        self._index = index
        self._known: dict[tuple[object, ...], list[Moved]] = {}

    def moved(self, factors: tuple[int, ...], rivals: list[int]) -> list[Moved]:
        """Return the fewest importances to move, for each set of criteria the least moved."""
        key = (factors, *rivals)
        if key not in self._known:
            self._known[key] = self._search(np.array(factors), rivals)
        return self._known[key]

    def _search(self, factors: Integers, rivals: list[int]) -> list[Moved]:
        for size in range(len(CRITERION_NAMES) + 1):
            moves: list[Moved] = []
            for columns in combinations(range(len(CRITERION_NAMES)), size):
                rows = np.tile(self._current, ((MAX_IMPORTANCE + 1) ** size, 1))
                rows[:, list(columns)] = _grid(size)
                wins = rows[_wins(rows * factors, self._values, rivals, self._index)]
                if len(wins):
                    effort = np.abs(wins - self._current).sum(axis=1)
                    row = wins[effort.argmin()].tolist()
                    moves.append(tuple((CRITERION_NAMES[c], row[c]) for c in columns))
            if moves:
                return moves
        return []


@cache
def _grid(columns: int) -> Integers:
    """Return every tuple of that many importances, shape (11^columns, columns)."""
    axes = [np.arange(MAX_IMPORTANCE + 1)] * columns
    return (
        np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, columns)
        if axes
        else (np.zeros((1, 0), dtype=np.int64))
    )


def _wins(weights: Integers, values: Integers, rivals: list[int], index: int) -> NDArray[np.bool]:
    """Return for each row of weights whether a model wins over its rivals; ids break ties."""
    sums = totals(weights, values).sum(axis=2)
    own = sums[:, [index]]
    before = [rival for rival in rivals if rival < index]
    after = [rival for rival in rivals if rival > index]
    ahead: NDArray[np.bool] = (own > sums[:, before]).all(axis=1)
    level: NDArray[np.bool] = (own >= sums[:, after]).all(axis=1)
    return ahead & level
