"""The counterfactual explanation: the fewest changes that put a model first, or on the list.

It answers "why not this model?" with the nearest profiles to which it is the answer (Wachter,
Mittelstadt & Russell, "Counterfactual explanations without opening the black box", 2018). Changes
relax stated requirements, accept betas or move importances; none adds a requirement. Each set of
changes is proved by solving again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from itertools import combinations, product
from typing import Annotated, Final, NamedTuple

from pydantic import Field

from mars_solver.briefs import brief
from mars_solver.explaining.changes import Change, apply
from mars_solver.explaining.diagnosis import Move, Repair, repairs_onto_list, values_of
from mars_solver.explaining.moving import Allowance, LeastMoves, Moved
from mars_solver.explaining.serialising import RankedStatus
from mars_solver.inputs.profile import Context, Profile, Required
from mars_solver.solving.constraints import Check, checks, minimal, union
from mars_solver.solving.solver import Decision, Solver
from mars_solver.solving.table import Cell
from mars_solver.solving.whatif import WhatIf
from mars_solver.vocabulary import ACCEPT_BETA, MAX_NUMBER, Kind

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
        self._moved: dict[tuple[Context, int], LeastMoves] = {}
        self._smallest = len(self._asked) + len(solver.declared.criteria) + 1
        """The size of the smallest edits found so far, at first of none."""
        self._trials = Allowance(_STANDINGS)
        self._budget = Allowance(_SCORES)

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
            self._moved[key] = LeastMoves(
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
