"""Contradictions: minimal sets of labels that no weights meet together.

A set is named only if it is proved to be minimal, in whole numbers: `leads.excluded` refutes every
combination of its ways, and for each label that is left out there are weights that meet the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import Final

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from mars_solver.tuning.leads import FloatArray, Lead, Target, Way, excluded, finest
from mars_solver.tuning.programmes import core, possible

FEW: Final = 40
"""Up to this many labels, the search finds all contradictions, the smallest first."""
NAMED: Final = 10
"""At most this many contradictions are named."""
_TRIES: Final = 400
_COMBINATIONS: Final = 4096
_PROGRAMMES: Final = 400
"""How many linear programmes the search for disjoint sets may solve."""

Conflict = tuple[int, ...]
"""The indices of targets that exclude each other, ascending."""


def contradictions(targets: Sequence[Target], size: int) -> tuple[Conflict, ...]:
    """Return minimal sets of targets that exclude each other, the smallest first.

    Up to `FEW` targets, these are the first `NAMED` of all such sets. Beyond, they are sets without
    a common target, found until the rest can hold together or `NAMED` are found.

    Args:
        targets: demands on the numbers that are tuned.
        size: how many these are.
    """
    conflicts = _disjoint(targets, size)
    if conflicts and len(targets) <= FEW:
        conflicts = list({*islice(_every(targets, size), NAMED), *conflicts})
    named = [each for each in conflicts if _proved(targets, each, size)]
    return tuple(sorted(named, key=lambda each: (len(each), each)))


def _possible(targets: Sequence[Target], chosen: Sequence[int], size: int) -> FloatArray | None:
    """Return numbers that meet some targets; None if there are none."""
    return possible([targets[i] for i in chosen], size)


def _disjoint(targets: Sequence[Target], size: int) -> list[Conflict]:
    """Return minimal sets without a common target."""
    conflicts: list[Conflict] = [(i,) for i, target in enumerate(targets) if _hopeless(target)]
    pool = [i for i in range(len(targets)) if (i,) not in set(conflicts)]
    most, budget = len(conflicts) + NAMED, _Budget(_PROGRAMMES, size)
    while len(conflicts) < most:
        try:
            some = _core(targets, pool, budget)
        except _SpentError:
            break
        if some is None:
            break
        smallest = _shrunk(targets, some, size)
        conflicts.append(smallest)
        pool = [i for i in pool if i not in smallest]
    return conflicts


def _hopeless(target: Target) -> bool:
    """Return whether each way of a target has a lead that no weights make positive."""
    return all(any(max(lead.row) <= 0 and not lead.ties for lead in way) for way in target.ways)


class _SpentError(Exception):
    """The search for contradictions has solved as many programmes as it may."""


@dataclass
class _Budget:
    """How many programmes of some size may still be solved."""

    left: int
    size: int

    def core(self, leads: Sequence[Lead]) -> tuple[Conflict, FloatArray | None]:
        """Solve a programme; raise `_SpentError` if the budget is spent."""
        if not self.left:
            raise _SpentError
        self.left -= 1
        return core(leads, self.size)


def _core(targets: Sequence[Target], pool: Sequence[int], budget: _Budget) -> list[int] | None:
    """Return a few targets of a pool that exclude each other; None if all can hold together."""
    chosen = {i: targets[i].ways[0] for i in pool if len(targets[i].ways) == 1}
    return _branch(targets, chosen, [i for i in pool if i not in chosen], budget)


def _branch(
    targets: Sequence[Target], chosen: dict[int, Way], open_: Sequence[int], budget: _Budget
) -> list[int] | None:
    """Return targets that exclude each other, given the ways of some; see `_core`.

    A target with several ways that the numbers for the others miss is tried in each way. The union
    of the targets that exclude each other in the ways excludes itself; a set without the tried
    target is an answer already.
    """
    owners = [i for i, way in chosen.items() for _ in way]
    leads = [lead for way in chosen.values() for lead in way]
    support, numbers = budget.core(leads) if leads else ((), np.ones(budget.size))
    if support:
        return sorted({owners[k] for k in support})
    row = None if numbers is None else finest(numbers)
    missed = next((i for i in open_ if row is None or not targets[i].holds(row)), None)
    if missed is None:
        return None
    rest = [i for i in open_ if i != missed]
    together = {missed}
    for way in targets[missed].ways:
        conflict = _branch(targets, {**chosen, missed: way}, rest, budget)
        if conflict is None or missed not in conflict:
            return conflict
        together.update(conflict)
    return sorted(together)


def _shrunk(targets: Sequence[Target], some: Sequence[int], size: int) -> Conflict:
    """Return a minimal subset of targets that exclude each other."""
    left = list(some)
    for each in some:
        rest = [i for i in left if i != each]
        if _possible(targets, rest, size) is None:
            left = rest
    return tuple(sorted(left))


def _every(targets: Sequence[Target], size: int) -> Iterator[Conflict]:
    """Yield all minimal sets, the smallest first, by implicit hitting sets.

    A set excludes itself if and only if it meets every set whose removal lets the rest hold. So the
    smallest set that meets the known ones is either a contradiction, or it grows to a maximal set
    that can hold, whose complement it did not meet.
    """
    many = len(targets)
    complements: list[set[int]] = []
    named: list[Conflict] = []
    for _ in range(_TRIES):
        least = _least_meeting(many, complements, named)
        if least is None:
            return
        numbers = _possible(targets, least, size)
        if numbers is None:
            named.append(least)
            yield least
            continue
        held = {i for i in range(many) if targets[i].holds(finest(numbers))} | set(least)
        for i in range(many):
            if i not in held and _possible(targets, sorted({*held, i}), size) is not None:
                held.add(i)
        complements.append(set(range(many)) - held)


def _least_meeting(
    size: int, complements: Sequence[set[int]], named: Sequence[Conflict]
) -> Conflict | None:
    """Return a smallest set that meets every complement and contains no named set."""
    if any(not each for each in complements):
        return None
    rows = [[float(i in each) for i in range(size)] for each in complements]
    rows += [[-float(i in each) for i in range(size)] for each in named]
    least = [1.0] * len(complements) + [1.0 - len(each) for each in named]
    constraints = LinearConstraint(np.array(rows).reshape(len(rows), size), lb=np.array(least))
    # Costs differ by less than 1 in all: among sets of one size, the one of the first labels wins.
    cost = 1 + np.arange(size) / (size + 1) ** 2
    solution = milp(
        cost,
        integrality=np.ones(size),
        bounds=Bounds(0, 1),
        constraints=constraints if rows else None,
    )
    if solution.status != 0:
        return None
    return tuple(int(i) for i in np.flatnonzero(np.rint(solution.x)))


def _proved(targets: Sequence[Target], chosen: Conflict, size: int) -> bool:
    """Return whether it is proved that a set excludes itself and that no proper subset does."""
    ways = [targets[i].ways for i in chosen]
    combinations = list(islice(product(*ways), _COMBINATIONS + 1))
    if len(combinations) > _COMBINATIONS:
        return False
    for combination in combinations:
        leads = [lead for way in combination for lead in way]
        if not leads or not excluded(leads):
            return False
    for each in chosen:
        rest = [i for i in chosen if i != each]
        numbers = _possible(targets, rest, size)
        if numbers is None or not all(targets[i].holds(finest(numbers)) for i in rest):
            return False
    return True
