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
from typing import TYPE_CHECKING

import numpy as np

from mars_solver.explaining.changes import Change, apply, changed
from mars_solver.explaining.diagnosis import Move, Repair, repairs_onto_list, values_of
from mars_solver.explaining.serialising import RankedStatus
from mars_solver.inputs.profile import Profile
from mars_solver.solving.constraints import Check, checks, member_verdict
from mars_solver.solving.scoring import totals
from mars_solver.solving.solver import Decision, Solver
from mars_solver.vocabulary import (
    ACCEPT_BETA,
    MAX_IMPORTANCE,
    MAX_NUMBER,
    Kind,
    Verdict,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mars_solver.solving.scoring import Integers


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
        current = dict(zip(profile.declared.criterion, profile.importances, strict=True))
        more = [Change(ACCEPT_BETA, False, True)] if self.accept_beta else []
        more += [Change(f"prefer.{name}", current[name], to) for name, to in self.importances]
        return changed(relaxed, more), [*changes, *more]


def _proved(solver: Solver, decision: Decision, edit: _Edit, index: int) -> Promotion:
    """Return the promotion that an edit makes, solved again."""
    profile, changes = edit.apply(decision.profile)
    again = solver.decide(profile, decision.policy)
    rank = again.ranking.index(index) + 1
    return Promotion(tuple(changes), rank, again.standings[index].status.word)


def _onto_list(solver: Solver, decision: Decision, index: int) -> Iterator[Promotion]:
    steps = repairs_onto_list(solver, decision, index)
    fewest = min(map(len, steps), default=0)
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
    smallest = len(asked) + len(solver.declared.criteria) + refused
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
    rivals = solver.decide(profile, decision.policy).contenders
    if index not in rivals:
        return []
    factors = solver.coefficients(profile.context)
    return [replace(edit, importances=each) for each in search.moved(factors, sorted(rivals))]


def _named(edit: _Edit) -> tuple[str, ...]:
    moved = [name for name, _ in edit.importances]
    return (*(move.requirement.name for move in edit.step), *moved)


def _looser(check: Check, solver: Solver, index: int) -> list[Move]:
    """Return the looser values of a requirement that can matter to a model's rank.

    The nearest at which it is not violated, and met; the nearest that states another need; and
    none at all. Anything looser than needed only helps the other models.
    """
    model, requirement = solver.catalogue.models[index], check.requirement
    name, attribute = requirement.name, requirement.attribute
    dropped = Move(requirement, None, 0)
    match requirement.kind:
        case Kind.CAPABILITY:
            return [dropped]
        case Kind.SET:
            verdicts = {
                m: member_verdict(m, model, attribute, solver.catalogue) for m in check.members
            }
            kept = [
                tuple(m for m, verdict in verdicts.items() if verdict <= worst)
                for worst in (Verdict.UNVERIFIED, Verdict.MET)
            ]
            return [*(Move(requirement, members, 0) for members in kept if members), dropped]
    ends = [end for end in model.range(attribute) or () if 0 < end <= MAX_NUMBER]
    ends += [limit for n in solver.declared.needs for key, limit in n.below if key == name]
    amount, ceiling = check.amount, requirement.ceiling
    values = {end for end in ends if (end > amount if ceiling else end < amount)}
    nearest = sorted(values, key=lambda value: abs(value - amount))
    return [*(Move(requirement, value, 0) for value in nearest), dropped]


class _Importances:
    """The fewest importances to move for a model to win over its rivals of equal standing.

    Whether it wins depends on the factors of the importances and on the rivals alone, so that many
    relaxations share one search.
    """

    def __init__(self, solver: Solver, profile: Profile, index: int) -> None:
        self._values = solver.values
        self._names = list(solver.declared.criterion)
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
        for size in range(len(self._names) + 1):
            moves: list[Moved] = []
            for columns in combinations(range(len(self._names)), size):
                rows = np.tile(self._current, ((MAX_IMPORTANCE + 1) ** size, 1))
                rows[:, list(columns)] = _grid(size)
                wins = rows[_wins(rows * factors, self._values, rivals, self._index)]
                if len(wins):
                    effort = np.abs(wins - self._current).sum(axis=1)
                    row = wins[effort.argmin()].tolist()
                    moves.append(tuple((self._names[c], row[c]) for c in columns))
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
