"""Which unverified facts could change the winner, and what a measurement must show for that.

What one model's facts are never changes how another one stands or scores. So a fact that is shown
to be otherwise moves one model alone, and its new rank follows from the requirements that are then
met and from the values of the criteria that the fact scores.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, combinations
from typing import Final, Literal

from mars_solver.inputs.attributes import Criterion
from mars_solver.inputs.facts import EVERYTHING, Member, Range
from mars_solver.inputs.weights import Curve
from mars_solver.solving.constraints import Check, checks, member_verdict, own_verdict
from mars_solver.solving.scoring import DOUBLED, value
from mars_solver.solving.solver import Decision, RankKey, Solver
from mars_solver.solving.table import Number
from mars_solver.vocabulary import MAX_NUMBER, Kind, Status, Verdict

Relation = Literal["yes", "no", "at most", "more than", "at least", "less than"]
_TRIED: Final = 2**10
"""So many sets of facts are tried for one model."""
_LISTED: Final = 32
"""So many sets are listed for one model, the smallest first."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one fact must be shown to be."""

    requirement: str
    fact: str
    relation: Relation
    value: Number | tuple[Member, ...] | None = None
    """The number that the relation names; the members (all for "yes", any for "no"); None for a
    capability."""


@dataclass(frozen=True, slots=True)
class DecisiveFacts:
    """Unverified facts of one model which, shown together, change the winner."""

    model: str
    evidence: tuple[Evidence, ...]
    winner: str | None
    """The model that wins then; None where none is left."""


def decisive_facts(solver: Solver, decision: Decision) -> tuple[DecisiveFacts, ...]:
    """Return what could change the winner: facts against it, then facts for the others.

    Against the winner each unverified fact alone; for another model the smallest sets of its
    unverified facts, numbers barely within what is required. Where that is not enough, one number
    of a set is asked to be better. Empty where no model is left, or nothing unverified matters.
    For one model no more than `_TRIED` sets are tried and `_LISTED` are listed.
    """
    if not decision.keys:
        return ()
    best, *others = decision.keys
    decisive = list(_against(solver, decision, best[-1]))
    for key in others:
        decisive.extend(_InFavour(solver, decision, key, best).found())
    return tuple(decisive)


# ------------------------------------------------------------------------- facts


@dataclass(eq=False)
class _OpenFact:
    """A fact of one model that leaves stated requirements open."""

    attribute: str
    requirement: str
    """The first requirement that it leaves open."""
    bit: int
    claimed: Range = EVERYTHING
    """Of a number: what is claimed."""
    least: Check | None = None
    most: Check | None = None
    """Of a number: the floor and the ceiling that it leaves open."""
    members: tuple[Member, ...] = ()
    """Of a set: the members that are open."""
    number: bool = False

    @property
    def wanted(self) -> Range:
        """The part of the claim range that meets the requirements.

        The low end is above the high one where no number meets them all.
        """
        low, high = self.claimed
        return (
            self.least.amount if self.least else low,
            self.most.amount if self.most else high,
        )

    def shown(self, within: Range) -> Iterator[Evidence]:
        """Yield that the fact is good enough; a number, that it lies within a range."""
        if not self.number:
            yield Evidence(self.requirement, self.attribute, "yes", self.members or None)
            return
        low, high = within
        if self.most or high < self.claimed[1]:
            name = self.most.requirement.name if self.most else self.requirement
            yield Evidence(name, self.attribute, "at most", high)
        if self.least or low > self.claimed[0]:
            name = self.least.requirement.name if self.least else self.requirement
            yield Evidence(name, self.attribute, "at least", low)

    def refuted(self) -> Iterator[Evidence]:
        """Yield each way in which the fact alone violates a requirement."""
        if not self.number:
            yield Evidence(self.requirement, self.attribute, "no", self.members or None)
        if self.most:
            name = self.most.requirement.name
            yield Evidence(name, self.attribute, "more than", self.most.amount)
        if self.least:
            name = self.least.requirement.name
            yield Evidence(name, self.attribute, "less than", self.least.amount)


def _open_facts(
    solver: Solver, decision: Decision, index: int
) -> tuple[list[_OpenFact], list[int]]:
    """Return the facts of a model that leave requirements open, each once.

    And for each open requirement the mask of the facts that would settle it.
    """
    catalogue, model = solver.catalogue, solver.catalogue.models[index]
    unverified = decision.standings[index].unverified
    facts: dict[str, _OpenFact] = {}
    needed: list[int] = []

    def fact(attribute: str, requirement: str) -> _OpenFact:
        return facts.setdefault(attribute, _OpenFact(attribute, requirement, 1 << len(facts)))

    for check in checks(decision.profile):
        requirement = check.requirement
        if not unverified & requirement.bit:
            continue
        rests_on = 0
        if own_verdict(check, model, catalogue) is Verdict.UNVERIFIED:
            own = fact(requirement.attribute, requirement.name)
            rests_on |= own.bit
            if requirement.kind is Kind.SET:
                own.members = tuple(
                    each
                    for each in check.members
                    if member_verdict(each, model, requirement.attribute, catalogue)
                    is Verdict.UNVERIFIED
                )
            elif requirement.numeric:
                own.number = True
                own.claimed = model.range(requirement.attribute) or EVERYTHING
                own.least, own.most = (
                    (own.least, check) if requirement.ceiling else (check, own.most)
                )
        for implied in requirement.implies:
            if model.capability(implied) is None:
                rests_on |= fact(implied, requirement.name).bit
        needed.append(rests_on)
    return list(facts.values()), needed


# --------------------------------------------------------------------- the winner


def _against(solver: Solver, decision: Decision, index: int) -> Iterator[DecisiveFacts]:
    """Yield each fact that alone would make the winner lose: it would be excluded."""
    winner, *rest = decision.ids
    for fact in _open_facts(solver, decision, index)[0]:
        for evidence in fact.refuted():
            yield DecisiveFacts(winner, (evidence,), rest[0] if rest else None)


# --------------------------------------------------------------------- the others


@dataclass(frozen=True)
class _InFavour:
    """Finds the smallest sets of open facts that would make one model win."""

    solver: Solver
    decision: Decision
    key: RankKey
    """What ranks the model now."""
    best: RankKey
    """What ranks the winner."""

    def found(self) -> Iterator[DecisiveFacts]:
        """Yield the sets, the smallest first."""
        facts, _ = self._open
        model = self.solver.catalogue.models[self.key[-1]].id
        enough: list[int] = []
        tried = 0
        for size in range(self._fewest, len(facts) + 1):
            for some in combinations(facts, size):
                tried += 1
                if tried > _TRIED or len(enough) >= _LISTED:
                    return
                mask = sum(fact.bit for fact in some)
                if any(known & mask == known for known in enough):
                    continue
                evidence = self._evidence(some, mask)
                if evidence:
                    enough.append(mask)
                    yield DecisiveFacts(model, evidence, model)

    @cached_property
    def _open(self) -> tuple[list[_OpenFact], list[int]]:
        return _open_facts(self.solver, self.decision, self.key[-1])

    @cached_property
    def _fewest(self) -> int:
        """A number of facts below which the model does not win, whatever they are.

        It has to stand as well as the winner, and better where its facts at their best leave its
        score behind. A fact settles at most as many requirements as rest on it.
        """
        facts, needed = self._open
        order, total, _, _ = self.key
        gains = [self._gain(fact, self._at_best) for fact in facts]
        behind = total - sum(gain for gain in gains if gain > 0) > self.best[1]
        if self.decision.policy == "accept":
            return len(facts) + 1 if behind else 1
        lacking = order[1] - self.best[0][1] + behind
        settle = sorted((sum(1 for each in needed if each & f.bit) for f in facts), reverse=True)
        sums = accumulate(settle, initial=0)
        return max(1, next((i for i, most in enumerate(sums) if most >= lacking), len(facts) + 1))

    def _gain(self, fact: _OpenFact, doubled: dict[str, int]) -> int:
        """Return what a fact adds to the weighted sum where it is shown."""
        criterion = self._criteria.get(fact.attribute)
        if criterion is None:
            return 0
        middle = self.solver.middles[self.key[-1]][criterion.index]
        return (doubled[fact.attribute] - middle) * self.decision.weights[criterion.index]

    @cached_property
    def _criteria(self) -> dict[str, Criterion]:
        """The criterion that each open fact is scored by, where it counts."""
        declared = self.solver.declared
        scored = {c.attribute: c for c in declared.criteria if self.solver.weights.knows(c)}
        return {f.attribute: scored[f.attribute] for f in self._open[0] if f.attribute in scored}

    def _evidence(self, some: tuple[_OpenFact, ...], mask: int) -> tuple[Evidence, ...]:
        """Return what must be shown of some facts for the model to win; empty if nothing can."""
        within = {fact.attribute: fact.wanted for fact in some}
        if any(low > high for low, high in within.values()):
            return ()
        if not self._wins(mask, self._at_least):
            if not self._wins(mask, self._at_best):
                return ()
            tighter = next(filter(None, (self._tighter(fact, mask) for fact in some)), None)
            if tighter is None:
                return ()
            within.update((tighter,))
        return tuple([evidence for fact in some for evidence in fact.shown(within[fact.attribute])])

    def _tighter(self, fact: _OpenFact, mask: int) -> tuple[str, Range] | None:
        """Return the widest range of a number, up to a whole one, with which the model wins."""
        criterion = self._criteria.get(fact.attribute)
        if criterion is None or not fact.number:
            return None
        curve = self.solver.weights.curves[criterion.name]
        low, high = fact.wanted
        least, most = math.ceil(low), MAX_NUMBER if math.isinf(high) else math.floor(high)

        def wins(number: int) -> bool:
            return self._wins(mask, {**self._at_least, fact.attribute: 2 * value(curve, number)})

        if _falls(curve):
            found = _last(least, most, wins)
            return None if found is None else (fact.attribute, (low, found))
        found = _last(-most, -least, lambda number: wins(-number))
        return None if found is None else (fact.attribute, (-found, high))

    def _wins(self, mask: int, doubled: dict[str, int]) -> bool:
        """Return whether the model wins where some facts are shown.

        Args:
            mask: of the facts.
            doubled: twice the value that each fact gives its criterion.
        """
        facts, needed = self._open
        order, total, level, index = self.key
        if self.decision.policy != "accept":
            left = sum(1 for rests_on in needed if rests_on & ~mask)
            order = (Status.UNVERIFIED if left else Status.MEETS, left)
        if order > self.best[0]:
            return False
        middles = self.solver.middles[index]
        for fact in facts:
            criterion = self._criteria.get(fact.attribute) if fact.bit & mask else None
            if criterion is not None:
                gain = doubled[fact.attribute] - middles[criterion.index]
                total -= gain * self.decision.weights[criterion.index]
                level -= gain * self._neutral[criterion.index]
        return (order, total, level, index) < self.best

    @cached_property
    def _neutral(self) -> tuple[int, ...]:
        return self.solver.neutral_weights(self.decision.profile.context)

    @cached_property
    def _at_least(self) -> dict[str, int]:
        return self._doubled(min)

    @cached_property
    def _at_best(self) -> dict[str, int]:
        return self._doubled(max)

    def _doubled(self, pick: Callable[[list[int]], int]) -> dict[str, int]:
        """Return twice the least or the best value that each fact can give its criterion."""
        doubled: dict[str, int] = {}
        for fact in self._open[0]:
            criterion = self._criteria.get(fact.attribute)
            if criterion is not None:
                curve = self.solver.weights.curves.get(criterion.name)
                if fact.number and curve is not None:
                    doubled[fact.attribute] = 2 * pick([value(curve, end) for end in fact.wanted])
                else:
                    doubled[fact.attribute] = DOUBLED
        return doubled


def _falls(curve: Curve) -> bool:
    """Return whether lower numbers are better."""
    return curve.anchors[0].value > curve.anchors[-1].value


def _last(low: int, high: int, holds: Callable[[int], bool]) -> int | None:
    """Return the last number from low to high that holds, where all before it do too."""
    if low > high or not holds(low):
        return None
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low
