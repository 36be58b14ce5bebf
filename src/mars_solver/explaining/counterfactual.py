"""The counterfactual explanation: the fewest changes that put a model first, or on the list.

It answers "why not this model?" with the nearest profiles to which it is the answer (Wachter,
Mittelstadt & Russell, "Counterfactual explanations without opening the black box", 2018). Changes
relax stated requirements, accept betas or move importances; none adds a requirement. Each set of
changes is proved by solving again.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import accumulate, combinations, product
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

from pydantic import Field

from mars_solver.briefs import brief
from mars_solver.explaining.changes import Change, apply
from mars_solver.explaining.diagnosis import Move, Repair, repairs_onto_list, values_of
from mars_solver.explaining.serialising import RankedStatus
from mars_solver.inputs.profile import Context, Profile, Required
from mars_solver.solving.constraints import Check, checks, minimal, union
from mars_solver.solving.solver import Decision, Solver
from mars_solver.solving.table import Cell
from mars_solver.solving.whatif import WhatIf
from mars_solver.vocabulary import ACCEPT_BETA, MAX_IMPORTANCE, MAX_NUMBER, Kind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]

_STANDINGS: Final = 2**15
"""So many standings are compared in the search for requirements to relax."""
_SCORES: Final = 2**21
"""So many scores are compared in the search for importances to move."""


@dataclass(frozen=True, slots=True)
class Promotion:
    """A smallest set of changes with which a model reaches a rank, solved again."""

    __repr__ = brief

    changes: tuple[Change, ...]
    """Requirements by name, importances as `prefer.NAME`, and `accept_beta`."""
    rank: int
    status: RankedStatus


@dataclass(frozen=True, slots=True)
class Standpoint:
    """The rank of one model, and the fewest changes that would put it on the list, and first."""

    __repr__ = brief

    model: str
    rank: int | None
    """On the shortlist, from 1; None where the model is excluded."""
    onto_list: tuple[Promotion, ...]
    """What would put it on the shortlist; empty where it is there, or nothing does."""
    to_first: tuple[Promotion, ...]
    """What would make it win; empty where it does, or nothing that was tried does."""
    complete: Annotated[bool, Field(exclude=True)]
    """Whether nothing was left untried that could put it first."""


def standpoint(
    solver: Solver, decision: Decision, index: int, keep: Collection[str] = ()
) -> Standpoint:
    """Return how the model at an index of the catalogue ranks, and what would improve its rank.

    Args:
        solver: that decided.
        decision: on the profile.
        index: of the model.
        keep: requirements that cannot move.
    """
    ranking = decision.ranking
    rank = ranking.index(index) + 1 if index in ranking else None
    onto_list = () if rank else tuple(_onto_list(solver, decision, index, keep))
    search = _Search(solver, decision, index, keep)
    to_first = () if rank == 1 else tuple(search.found())
    model = decision.standings[index].model.id
    return Standpoint(model, rank, onto_list, to_first, search.complete)


Moved = tuple[tuple[str, int], ...]
"""Importances by criterion, in declared order."""


@dataclass(frozen=True, slots=True)
class _Edit:
    """A repair with importances and the acceptance of betas; the base of every promotion."""

    repair: Repair
    accept_beta: bool
    importances: Moved = ()

    @property
    def size(self) -> int:
        return len(self.repair) + self.accept_beta + len(self.importances)

    @property
    def names(self) -> tuple[str, ...]:
        moved = [name for name, _ in self.importances]
        return (*(move.requirement.name for move in self.repair), *moved)

    def apply(self, profile: Profile) -> tuple[Profile, list[Change]]:
        """Return the edited profile and every change."""
        relaxed, changes = apply(profile, values_of(self.repair))
        current = dict(zip(profile.declared.criterion, profile.importances, strict=True))
        more = [Change(ACCEPT_BETA, False, True)] if self.accept_beta else []
        more += [Change(f"prefer.{name}", current[name], to) for name, to in self.importances]
        accepted = self.accept_beta or profile.accept_beta
        edited = relaxed.revised(prefer=dict(self.importances), accept_beta=accepted)
        return edited, [*changes, *more]


def _proved(solver: Solver, decision: Decision, edit: _Edit, index: int) -> Promotion:
    """Return the promotion that an edit makes, solved again."""
    profile, changes = edit.apply(decision.profile)
    again = solver.decide(profile, decision.policy)
    rank = again.ranking.index(index) + 1
    return Promotion(tuple(changes), rank, again.standings[index].status.word)


def _onto_list(
    solver: Solver, decision: Decision, index: int, keep: Collection[str]
) -> Iterator[Promotion]:
    repairs = repairs_onto_list(solver, decision, index, keep)
    fewest = min(map(len, repairs), default=0)
    for repair in repairs:
        if len(repair) == fewest:
            edit = _Edit(repair, decision.standings[index].refused)
            yield _proved(solver, decision, edit, index)


# ------------------------------------------------------------------ to first place


class _Option(NamedTuple):
    """A looser value of a requirement, with its cell; None where it is dropped."""

    move: Move
    cell: Cell | None


class _Search:
    """The ways to relax a profile after which a model can win."""

    def __init__(
        self, solver: Solver, decision: Decision, index: int, keep: Collection[str]
    ) -> None:
        self._asked = checks(decision.profile)
        self._refused = decision.standings[index].refused
        self._solver = solver
        self._decision = decision
        self._index = index
        self._what_if = WhatIf(solver, decision)
        self._kept = sum(c.requirement.bit for c in self._asked if c.requirement.name in keep)
        self._moved: dict[tuple[Context, int], _Importances] = {}
        self._smallest = len(self._asked) + len(solver.declared.criteria) + 1
        """The size of the smallest edits found so far, at first of none."""
        self._trials = _Allowance(_STANDINGS)
        self._budget = _Allowance(_SCORES)

    @property
    def complete(self) -> bool:
        """Whether nothing was left untried so far."""
        return not (self._trials.spent or self._budget.spent)

    def found(self) -> list[Promotion]:
        """Return the smallest edits that put the model first, one for each set of changes."""
        solver, decision, index = self._solver, self._decision, self._index
        edits: dict[tuple[str, ...], _Edit] = {}
        for repair, contenders, context in self._worth_trying():
            base = _Edit(repair, self._refused)
            for importances in self._importances(context, contenders, self._smallest - base.size):
                edit = replace(base, importances=importances)
                self._smallest = edit.size
                edits.setdefault(edit.names, edit)
        least = [edit for edit in edits.values() if edit.size == self._smallest]
        return [_proved(solver, decision, edit, index) for edit in least]

    def _worth_trying(self) -> Iterator[tuple[Repair, int, Context]]:
        """Yield repairs after which the model is of best standing, the fewest changes first.

        With each, the models of best standing and what weights depend on. The requirements that
        the model violates have to go; of the others, those that it leaves open or that state a
        need can help: any other change only helps the other models.
        """
        models = len(self._solver.catalogue.models)
        for repair, cells, stated in self._repairs():
            if len(repair) + self._refused > self._smallest or not self._trials.spend(models):
                return
            context = self._what_if.context(union([cell.statements for cell in cells]))
            layers = self._what_if.layers(cells, stated, accept_beta=self._refused)
            contenders = self._what_if.contenders(layers)
            if context is not None and contenders >> self._index & 1:
                yield repair, contenders, context

    def _importances(self, context: Context, contenders: int, most: int) -> list[Moved]:
        """Return the fewest importances to move for the model to win, at most so many."""
        if self._what_if.winner(contenders, context) == self._index:
            return [()]
        key = context, contenders
        if key not in self._moved:
            self._moved[key] = _Importances(
                self._solver, self._decision, self._index, context, contenders, self._budget
            )
        return self._moved[key].moved(most)

    def _repairs(self) -> Iterator[tuple[Repair, list[Cell], int]]:
        """Yield repairs with the cells and the mask of what is stated then."""
        decision, index = self._decision, self._index
        stated = decision.signature.stated
        violated, unverified = self._solver.masks(decision.signature, index)
        ruled_out = minimal(m & ~violated for m in self._solver.ruled_out(stated)[index])
        cells = self._what_if.cells
        helping = unverified | sum(1 << i for i, cell in cells.items() if cell.statements)
        many = len(self._asked)
        for size in range(many + 1):
            for gone in ruled_out:
                base = violated | gone
                extras = [c for c in self._asked if c.requirement.bit & helping & ~base]
                if base & self._kept or base.bit_count() > size:
                    continue
                for more in combinations(extras, size - base.bit_count()):
                    mask = base | sum(check.requirement.bit for check in more)
                    if not mask & self._kept:
                        yield from self._of(mask, gone)

    def _of(self, mask: int, gone: int) -> Iterator[tuple[Repair, list[Cell], int]]:
        """Yield the repairs that change the requirements in a mask, and drop some of them."""
        changed = [check for check in self._asked if check.requirement.bit & mask]
        untouched = [cell for i, cell in self._what_if.cells.items() if not mask >> i & 1]
        stated = self._decision.signature.stated
        choices = [self._looser(c, dropped=bool(c.requirement.bit & gone)) for c in changed]
        for chosen in product(*choices):
            cells = untouched + [option.cell for option in chosen if option.cell is not None]
            dropped = sum(o.move.requirement.bit for o in chosen if o.cell is None)
            yield tuple([option.move for option in chosen]), cells, stated & ~dropped

    def _looser(self, check: Check, *, dropped: bool) -> list[_Option]:
        """Return the looser values of a requirement that can matter to the model's rank.

        The nearest for each verdict on the model and each set of needs, and none at all. Anything
        looser than needed only helps the other models.
        """
        requirement, column = check.requirement, self._solver.column(check.requirement.name)
        none = _Option(Move(requirement, None, 0), None)
        if dropped or requirement.kind is Kind.CAPABILITY:
            return [none]
        now = self._what_if.cells[requirement.index]
        seen = {self._state(now)}
        options = []
        for value in self._values(check):
            cell = column.find(value)
            state = self._state(cell)
            if state not in seen and not cell.violated >> self._index & 1:
                seen.add(state)
                options.append(_Option(Move(requirement, value, 0), cell))
        return [*options, none]

    def _state(self, cell: Cell) -> tuple[int, int, int]:
        i = self._index
        return cell.violated >> i & 1, cell.unverified >> i & 1, cell.statements

    def _values(self, check: Check) -> list[Required]:
        """Return looser values of a number or set, the nearest first."""
        requirement = check.requirement
        name, i = requirement.name, self._index
        if requirement.kind is Kind.SET:
            column = self._solver.column(name)
            masks = [(member, column.member(member)) for member in check.members]
            kept = [
                tuple([m for m, each in masks if not each.violated >> i & 1]),
                tuple([m for m, e in masks if not (e.violated | e.unverified) >> i & 1]),
            ]
            return [members for members in kept if members]
        ends = list(self._solver.catalogue.models[i].range(requirement.attribute) or ())
        ends += [limit for n in self._solver.declared.needs for k, limit in n.below if k == name]
        amount = check.amount
        looser = {
            end
            for end in ends
            if 0 < end <= MAX_NUMBER and (end > amount if requirement.ceiling else end < amount)
        }
        nearest = sorted(looser, key=lambda end: abs(end - amount))
        return [*nearest]


# -------------------------------------------------------------- moving importances


class _Allowance:
    """What a search may still spend."""

    def __init__(self, most: int) -> None:
        self._left = most

    def spend(self, amount: int) -> bool:
        """Spend an amount; return whether it was there."""
        self._left -= amount
        return not self.spent

    @property
    def spent(self) -> bool:
        """Whether more was wanted than there was."""
        return self._left < 0


class _Importances:
    """The fewest importances to move for a model to win over its rivals of equal standing."""

    def __init__(
        self,
        solver: Solver,
        decision: Decision,
        index: int,
        context: Context,
        contenders: int,
        budget: _Allowance,
    ) -> None:
        names = list(solver.declared.criterion)
        factors, middles = solver.coefficients(context), solver.middles
        level = solver.neutral_sums(context)
        useful = [k for k, factor in enumerate(factors) if factor]
        rivals = [i for i in range(len(middles)) if contenders >> i & 1 and i != index]
        own = middles[index]
        self._budget = budget
        self._names = [names[k] for k in useful]
        self._current = [decision.profile.importances[k] for k in useful]
        self._slopes = [
            [factors[k] * (own[k] - other[k]) for k in useful]
            for other in (middles[i] for i in rivals)
        ]
        """What a point of each importance adds to the lead over each rival."""
        self._behind = [
            # A tie is enough where the model would come first.
            int((-level[index], index) > (-level[i], i))
            - sum([slope * now for slope, now in zip(slopes, self._current, strict=True)])
            for i, slopes in zip(rivals, self._slopes, strict=True)
        ]
        """How much lead over each rival is lacking."""
        self._gains = [
            [
                max(slope * (MAX_IMPORTANCE - now), -slope * now)
                for slope, now in zip(slopes, self._current, strict=True)
            ]
            for slopes in self._slopes
        ]
        """The most that moving each importance can add to the lead over each rival."""
        self._found: list[Moved] = []
        self._next = self._fewest()

    def _fewest(self) -> int:
        """Return a number of importances below which no rival is left behind."""
        fewest = 0
        for behind, gains in zip(self._behind, self._gains, strict=True):
            sums = accumulate(sorted(gains, reverse=True), initial=0)
            enough = (size for size, most in enumerate(sums) if most >= behind)
            fewest = max(fewest, next(enough, len(gains) + 1))
        return fewest

    def moved(self, most: int) -> list[Moved]:
        """Return the fewest importances to move, at most so many; each set the least moved."""
        while not self._found and self._next <= min(most, len(self._names)):
            for columns in self._promising(self._next):
                least = self._least(columns)
                if least is not None:
                    named = [self._names[k] for k in columns]
                    self._found.append(tuple(zip(named, least, strict=True)))
            self._next += 1
        return self._found if self._found and len(self._found[0]) <= most else []

    def _promising(self, size: int) -> list[tuple[int, ...]]:
        """Return the sets of importances of a size that can leave each rival alone behind."""
        many = len(self._names)
        if size <= 1 or not self._budget.spend(math.comb(many, size) * many * len(self._gains)):
            sets = combinations(range(many), size) if size <= 1 else iter(())
            return [s for s in sets if self._can_lead(s)]
        import numpy as np  # noqa: PLC0415  (moving one importance needs no arrays)

        columns = np.array(list(combinations(range(many), size)), np.int64)
        gains = np.array(self._gains, np.int64)[:, columns].sum(axis=2)
        fine = (gains >= np.array(self._behind, np.int64)[:, None]).all(axis=0)
        return [tuple(each) for each in columns[fine].tolist()]

    def _can_lead(self, columns: tuple[int, ...]) -> bool:
        return all(
            sum([gains[k] for k in columns]) >= behind
            for behind, gains in zip(self._behind, self._gains, strict=True)
        )

    def _least(self, columns: tuple[int, ...]) -> tuple[int, ...] | None:
        """Return the importances of some criteria, moved the least, with which the model wins."""
        if not columns:
            return ()
        current = [self._current[k] for k in columns]
        slopes = [[row[k] for k in columns] for row in self._slopes]
        wanted = [
            behind + sum([slope * now for slope, now in zip(row, current, strict=True)])
            for behind, row in zip(self._behind, slopes, strict=True)
        ]
        if len(columns) > 1:
            return self._on_grid(slopes, wanted, current)
        low, high = _within([row[0] for row in slopes], wanted)
        return (min(max(current[0], low), high),) if low <= high else None

    def _on_grid(
        self, slopes: list[list[int]], wanted: list[int], current: list[int]
    ) -> tuple[int, ...] | None:
        """Return the nearest of all importances of two or more criteria; None where none does.

        All but the last are tried, and the last follows.
        """
        import numpy as np  # noqa: PLC0415

        rows = (MAX_IMPORTANCE + 1) ** (len(current) - 1)
        if not self._budget.spend(rows * len(wanted) * 4):
            return None
        grid = _grid(len(current) - 1)
        low, high = np.zeros(rows, np.int64), np.full(rows, MAX_IMPORTANCE, np.int64)
        possible = np.ones(rows, bool)
        for row, least in zip(slopes, wanted, strict=True):
            lacking = least - grid @ np.array(row[:-1], np.int64)
            last = row[-1]
            if last > 0:
                low = np.maximum(low, -(-lacking // last))
            elif last < 0:
                high = np.minimum(high, -lacking // -last)
            else:
                possible &= lacking <= 0
        possible &= low <= high
        if not possible.any():
            return None
        nearest = np.clip(current[-1], low, high)
        effort = np.abs(grid - current[:-1]).sum(axis=1) + np.abs(nearest - current[-1])
        best = int(np.where(possible, effort, effort.max() + 1).argmin())
        return (*grid[best].tolist(), int(nearest[best]))


def _within(slopes: list[int], wanted: list[int]) -> tuple[int, int]:
    """Return the least and the greatest importance at which every lead is as wanted."""
    low, high = 0, MAX_IMPORTANCE
    for slope, least in zip(slopes, wanted, strict=True):
        if slope > 0:
            low = max(low, -(-least // slope))
        elif slope < 0:
            high = min(high, -least // -slope)
        elif least > 0:
            return 1, 0
    return low, high


@cache
def _grid(columns: int) -> Integers:
    """Return every tuple of that many importances, shape (11^columns, columns)."""
    import numpy as np  # noqa: PLC0415

    axes = [np.arange(MAX_IMPORTANCE + 1)] * columns
    return np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, columns)
