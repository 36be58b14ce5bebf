"""Which unverified facts could change the winner, and what a measurement must show for that.

What one model's facts are never changes how another one stands or scores. So a fact that is shown
to be otherwise moves one model alone, and its new rank follows from the requirements that are then
met and from the values of the criteria that the fact scores.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, combinations, islice
from typing import Final, Literal, NamedTuple

from mars_solver.briefs import brief
from mars_solver.inputs.catalogue.attributes import Criterion
from mars_solver.inputs.catalogue.facts import EVERYTHING, Member, Range
from mars_solver.solving.constraints import Check, checks, member_verdict, own_verdict
from mars_solver.solving.scoring import DOUBLED, falls, reach
from mars_solver.solving.scoring import value as value_at
from mars_solver.solving.solver import Decision, RankKey, Solver, Standings
from mars_solver.solving.table import Number
from mars_solver.vocabulary import MAX_NUMBER, Kind, Status, Verdict

Relation = Literal["yes", "no", "at most", "more than", "at least", "less than"]
MOST_TRIED: Final = 2**10
"""So many sets of facts are tried for one model, the smallest first."""
MOST_LISTED: Final = 32
"""So many sets are listed for one model."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one fact must be shown to be."""

    __repr__ = brief

    requirement: str
    fact: str
    relation: Relation
    value: Number | tuple[Member, ...] | None = None
    """The number that the relation names; the members (all for "yes", any for "no"); None for a
    capability."""


@dataclass(frozen=True, slots=True)
class DecisiveFacts:
    """Unverified facts of one model which, shown together, change the winner."""

    __repr__ = brief

    model: str
    evidence: tuple[Evidence, ...]
    winner: str | None
    """The model that wins then; None where none is left."""


class Decisive(NamedTuple):
    """What could change the winner."""

    facts: tuple[DecisiveFacts, ...]
    cut: tuple[str, ...]
    """The models with more sets of facts than are tried, or listed."""


def decisive_facts(solver: Solver, decision: Decision) -> Decisive:
    """Return what could change the winner: facts against it, then facts for the others.

    Against the winner each unverified fact alone; for another model the smallest sets of its
    unverified facts, numbers barely within what is required. Where that is not enough, one number
    of a set is asked to be better. Empty where nothing unverified matters. For one model no more
    than `MOST_TRIED` sets are tried and `MOST_LISTED` are listed.
    """
    keys = decision.keys
    decisive = list(_against(solver, decision, keys[0][-1])) if keys else []
    cut = []
    for key in (*keys[1:], *_rejected(solver, decision)):
        search = _InFavour(solver, decision, key, keys[0] if keys else _NOBODY)
        decisive.extend(search.found())
        if search.cut:
            cut.append(search.model)
    return Decisive(tuple(decisive), tuple(cut))


_NOBODY: Final[RankKey] = ((Status.MEETS, 1), 0, 0, 0)
"""A key that all models come before that meet everything, and no others."""


def _rejected(solver: Solver, decision: Decision) -> list[RankKey]:
    """Return what would rank the models that are excluded for what is unknown alone.

    There are such models only where the unknown is rejected.
    """
    if decision.policy != "reject":
        return []
    level = solver.neutral_sums(decision.profile.context)
    return [
        (order, -sum(decision.sums[index]), -level[index], index)
        for order, index in _flagged(solver, decision).orders
        if order[1]
    ]


def _flagged(solver: Solver, decision: Decision) -> Standings:
    """Return how the models stand where the unknown is flagged."""
    return solver.stand(decision.signature._replace(policy="flag"))


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
    unverified = _flagged(solver, decision).models[index].unverified
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


class _InFavour:
    """Finds the smallest sets of open facts that would make one model win."""

    def __init__(self, solver: Solver, decision: Decision, key: RankKey, best: RankKey) -> None:
        index = key[-1]
        self.model = solver.catalogue.models[index].id
        self.cut = False
        """Whether there were more sets than are tried, or listed."""
        self._facts, self._needed = _open_facts(solver, decision, index)
        self._key, self._best = key, best
        self._policy = decision.policy
        neutral = solver.neutral_weights(decision.profile.context)
        criteria = {c.attribute: c for c in solver.declared.criteria if solver.weights.knows(c)}
        self._scored = {
            fact.bit: _Scored(fact, criterion, solver, index, decision.weights, neutral)
            for fact in self._facts
            if (criterion := criteria.get(fact.attribute)) is not None
        }

    def found(self) -> Iterator[DecisiveFacts]:
        """Yield the sets, the smallest first."""
        facts = [fact for fact in self._facts if fact.wanted[0] <= fact.wanted[1]]
        if self._policy == "accept":  # the score alone can change
            facts = [fact for fact in facts if fact.bit in self._scored]
        sizes = range(self._fewest(), len(facts) + 1)
        sets = chain.from_iterable(combinations(facts, size) for size in sizes)
        enough: list[int] = []
        for some in islice(sets, MOST_TRIED):
            mask = sum(fact.bit for fact in some)
            if not any(known & mask == known for known in enough):
                evidence = self._evidence(some, mask)
                if evidence:
                    enough.append(mask)
                    yield DecisiveFacts(self.model, evidence, self.model)
            if len(enough) == MOST_LISTED:
                break
        self.cut = next(sets, None) is not None

    def _fewest(self) -> int:
        """Return a number of facts below which the model does not win, whatever they are.

        It has to stand as well as the winner, and better where its facts at their best leave its
        score behind. A fact settles at most as many requirements as rest on it.
        """
        order, total, _, _ = self._key
        gains = [(each.best - each.middle) * each.weight for each in self._scored.values()]
        behind = total - sum([gain for gain in gains if gain > 0]) > self._best[1]
        many = len(self._facts)
        if self._policy == "accept":
            return many + 1 if behind else 1
        lacking = order[1] - self._best[0][1] + behind
        settle = [sum(1 for each in self._needed if each & f.bit) for f in self._facts]
        sums = accumulate(sorted(settle, reverse=True), initial=0)
        return max(1, next((i for i, most in enumerate(sums) if most >= lacking), many + 1))

    def _evidence(self, some: tuple[_OpenFact, ...], mask: int) -> tuple[Evidence, ...]:
        """Return what must be shown of some facts for the model to win; empty if nothing can."""
        scored = [self._scored[fact.bit] for fact in some if fact.bit in self._scored]
        within = {fact.bit: fact.wanted for fact in some}
        if not self._wins(self._rank(mask, scored)):
            tighter = next(filter(None, (self._tighter(e, mask, scored) for e in scored)), None)
            if tighter is None:
                return ()
            within.update((tighter,))
        return tuple([evidence for fact in some for evidence in fact.shown(within[fact.bit])])

    def _tighter(self, one: _Scored, mask: int, scored: list[_Scored]) -> tuple[int, Range] | None:
        """Return the widest range of a number, up to a whole one, with which the model wins."""
        curve = one.curve
        if curve is None:
            return None
        order, total, level, index = self._rank(mask, scored)

        def enough(value: int) -> bool:
            more = 2 * value - one.least
            return self._wins((order, total - more * one.weight, level - more * one.neutral, index))

        if not enough(one.best // 2):
            return None
        value = _first(one.least // 2, one.best // 2, enough)
        low, high = one.fact.wanted
        most = MAX_NUMBER if math.isinf(high) else math.floor(high)
        number = reach(curve, value, math.ceil(low), most)
        if number is None:
            return None
        return one.fact.bit, (low, number) if falls(curve) else (number, high)

    def _rank(self, mask: int, scored: list[_Scored]) -> RankKey:
        """Return what ranks the model where some facts are shown, and barely."""
        order, total, level, index = self._key
        if self._policy != "accept":
            left = sum([1 for rests_on in self._needed if rests_on & ~mask])
            order = (Status.UNVERIFIED if left else Status.MEETS, left)
        for each in scored:
            gain = each.least - each.middle
            total -= gain * each.weight
            level -= gain * each.neutral
        return order, total, level, index

    def _wins(self, key: RankKey) -> bool:
        return key < self._best


class _Scored:
    """An open fact that is scored: what its value can be once it is shown."""

    def __init__(
        self,
        fact: _OpenFact,
        criterion: Criterion,
        solver: Solver,
        index: int,
        weights: Sequence[int],
        neutral: Sequence[int],
    ) -> None:
        self.fact = fact
        self.weight = weights[criterion.index]
        self.neutral = neutral[criterion.index]
        self.middle = solver.middles[index][criterion.index]
        """Twice its value now."""
        self.curve = solver.weights.curves[criterion.name] if fact.number else None
        self.least = self.best = DOUBLED
        """Twice the least and the best value that it then can have."""
        if self.curve is not None:
            # The ends of what is claimed have their values already.
            known = solver.ends[index][criterion.index]
            low, high = reversed(known) if falls(self.curve) else known
            ends = dict(zip(fact.claimed, (low, high), strict=True))
            each = [ends[e] if e in ends else value_at(self.curve, e) for e in fact.wanted]
            self.least, self.best = 2 * min(each), 2 * max(each)


def _first(low: int, high: int, holds: Callable[[int], bool]) -> int:
    """Return the first number above low and up to high that holds, where all after it do."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
