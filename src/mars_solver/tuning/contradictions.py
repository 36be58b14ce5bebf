"""Contradictions: minimal sets of labels that no weights meet together.

`exact.meet` decides for each set of labels whether weights meet it. A set that is named is proved
to be minimal: it excludes itself, and for each label that is left out there are weights that meet
the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from mars_solver.tuning.exact import Budget, Conflict, SpentError, meet
from mars_solver.tuning.leads import FloatArray, IntegerRow, Target

FEW: Final = 40
"""Up to this many labels, the search finds all contradictions, the smallest first."""
NAMED: Final = 100
"""At most this many contradictions are named."""
APART: Final = 20
"""At most this many are named where there are more labels: each search is over all of them."""
_ALIKE: Final = 1e-9
"""Sums of weights that differ by a smaller share are the same."""


class Contradictions(NamedTuple):
    """Minimal sets of targets that exclude each other."""

    named: tuple[Conflict, ...]
    """The smallest first, and of equally small ones those of the first targets."""
    complete: bool
    """Whether these are all: not beyond `FEW` targets, `NAMED` sets or the budget."""


def contradictions(targets: Sequence[Target], size: int) -> Contradictions:
    """Return minimal sets of targets that exclude each other.

    Beyond `FEW` targets these are sets without a common target, found until the rest can be met
    together.

    Args:
        targets: demands on the numbers that are tuned.
        size: how many these are.
    """
    named: list[Conflict] = []
    budget = Budget()
    try:
        complete = (_every if len(targets) <= FEW else _disjoint)(targets, size, budget, named)
    except SpentError:
        complete = False
    return Contradictions(tuple(sorted(named, key=lambda each: (len(each), each))), complete)


def _disjoint(targets: Sequence[Target], size: int, budget: Budget, named: list[Conflict]) -> bool:
    """Add minimal sets without a common target; return whether there are no others at all."""
    pool = list(range(len(targets)))
    while len(named) < APART:
        some, _ = meet(targets, pool, size, budget)
        if not some:
            break
        named.append(_shrunk(targets, some, size, budget))
        pool = [i for i in pool if i not in named[-1]]
    return not named


def _shrunk(targets: Sequence[Target], some: Conflict, size: int, budget: Budget) -> Conflict:
    """Return a minimal subset of targets that exclude each other."""
    for each in some:
        if each in some:
            smaller, _ = meet(targets, [i for i in some if i != each], size, budget)
            some = smaller or some
    return some


def _every(targets: Sequence[Target], size: int, budget: Budget, named: list[Conflict]) -> bool:
    """Add all minimal sets, the smallest first, by implicit hitting sets; return whether all.

    A set excludes itself if and only if it meets every set whose removal lets the rest hold. So the
    smallest set that meets the known ones is either a contradiction, or it grows to a maximal set
    that can hold, whose complement it did not meet.
    """
    many = len(targets)
    complements: list[Conflict] = []

    def met(asked: Iterable[int]) -> set[int] | None:
        """Return the targets that are met where some are, if these can be."""
        _, witness = meet(targets, sorted(asked), size, budget)
        if witness is None:
            return None
        return {i for i in range(many) if targets[i].holds(witness.numbers)}

    while (least := _lightest(np.ones(many), complements, named)) is not None:
        if len(named) == NAMED:
            return False
        together = met(least)
        if together is None:
            named.append(least)
            continue
        for i in range(many):
            if i not in together:
                together |= met({*together, i}) or set()
        if len(together) == many:
            break
        complements.append(tuple(sorted(set(range(many)) - together)))
    return True


def losers(
    targets: Sequence[Target],
    counts: Sequence[float],
    known: Sequence[Conflict],
    start: IntegerRow,
) -> Conflict | None:
    """Return the targets to give up, so that the others can be met together: the lightest of all.

    Of equally light sets, the one is returned that spares the targets which the numbers at the
    start meet, in their order, and then the others in theirs. None if the budget is spent.

    Args:
        targets: demands on the numbers that are tuned.
        counts: how much each target counts.
        known: sets of targets that exclude each other.
        start: the numbers at the start.
    """
    spared = sorted(range(len(targets)), key=lambda i: not targets[i].holds(start))
    conflicts, budget = list(known), Budget()
    weights, last, size = np.array(counts), False, len(start)
    while True:
        lost = _lightest(weights, conflicts, (), spared if last else ()) or ()
        try:
            some, _ = meet(targets, [i for i in range(len(targets)) if i not in lost], size, budget)
            if not some and last:
                return lost
            last = not some
            conflicts += [_shrunk(targets, some, size, budget)] if some else []
        except SpentError:
            return None


def _lightest(
    counts: FloatArray,
    sets: Sequence[Conflict],
    without: Sequence[Conflict],
    spared: Sequence[int] = (),
) -> Conflict | None:
    """Return the lightest set that meets every one of some sets and contains none of others.

    Args:
        counts: how much each element weighs, > 0.
        sets: what is to be met, each not empty.
        without: what is not to be contained.
        spared: the elements that equally light sets are to do without, the first ones first.
    """
    size = len(counts)
    rows = [[float(i in each) for i in range(size)] for each in sets]
    rows += [[-float(i in each) for i in range(size)] for each in without]
    least = [1.0] * len(sets) + [1.0 - len(each) for each in without]
    within = LinearConstraint(np.array(rows), lb=np.array(least)) if rows else None
    allowed = np.ones(size)

    def solved() -> FloatArray | None:
        solution = milp(
            counts,
            integrality=np.ones(size),
            bounds=Bounds(0, allowed),
            constraints=within,
            options={"mip_rel_gap": 0.0},
        )
        return None if solution.status else np.rint(solution.x)

    best = solved()
    if best is None:
        return None
    for i in spared:
        allowed[i] = 0.0
        if best[i]:
            other = solved()
            if other is None or counts @ other > counts @ best * (1 + _ALIKE):
                allowed[i] = 1.0
            else:
                best = other
    return tuple(np.flatnonzero(best).tolist())
