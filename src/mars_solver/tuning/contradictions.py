"""The smallest sets of labels that no weights bring about together.

A set is named only where it is minimal, and that is proved in whole numbers: that the set excludes
itself by `exact.excluded` on every combination of ways, and that it does not once any label is left
out, by weights under which the others hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import Final

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from mars_solver.tuning.disjunctions import possible
from mars_solver.tuning.exact import excluded, finest
from mars_solver.tuning.leads import SIZE, Lead, Target, Way
from mars_solver.tuning.programmes import Floats, core

FEW: Final = 40
"""Up to so many labels, all contradictions are looked for, the smallest first."""
NAMED: Final = 10
"""How many are named at most."""
_TRIES: Final = 400
_COMBINATIONS: Final = 4096
_PROGRAMMES: Final = 400
"""How many linear programmes the first look may take."""

Set = tuple[int, ...]
"""Places of targets, ascending."""


def contradictions(targets: Sequence[Target]) -> tuple[Set, ...]:
    """Return minimal sets of targets that exclude each other, the smallest first.

    Of up to `FEW` targets, the first `NAMED` of all such sets; of more, sets without a common
    target, until the rest can hold together or `NAMED` are found.
    """
    found = _disjoint(targets)
    if found and len(targets) <= FEW:
        found = list({*islice(_every(targets), NAMED), *found})
    named = [each for each in found if _proved(targets, each)]
    return tuple(sorted(named, key=lambda each: (len(each), each)))


def _possible(targets: Sequence[Target], chosen: Sequence[int]) -> Floats | None:
    """Return numbers that bring some targets about; None where there are none."""
    return possible([targets[i] for i in chosen])


def _disjoint(targets: Sequence[Target]) -> list[Set]:
    """Return minimal sets without a common target."""
    found: list[Set] = [(i,) for i, target in enumerate(targets) if _hopeless(target)]
    pool = [i for i in range(len(targets)) if (i,) not in set(found)]
    most, budget = len(found) + NAMED, _Budget(_PROGRAMMES)
    while len(found) < most:
        try:
            some = _core(targets, pool, budget)
        except _SpentError:
            break
        if some is None:
            break
        smallest = _shrunk(targets, some)
        found.append(smallest)
        pool = [i for i in pool if i not in smallest]
    return found


def _hopeless(target: Target) -> bool:
    """Return whether each way of a target has a lead that adds up from nothing above 0."""
    return all(any(max(lead.row) <= 0 and not lead.ties for lead in way) for way in target.ways)


class _SpentError(Exception):
    """The search for contradictions has taken as many programmes as it may."""


@dataclass
class _Budget:
    """How many programmes may still be solved."""

    left: int

    def core(self, leads: Sequence[Lead]) -> tuple[Set, Floats | None]:
        """Solve one, unless none is left."""
        if not self.left:
            raise _SpentError
        self.left -= 1
        return core(leads)


def _core(targets: Sequence[Target], pool: Sequence[int], budget: _Budget) -> list[int] | None:
    """Return targets of a pool that exclude each other, few of them; None where all can hold."""
    chosen = {i: targets[i].ways[0] for i in pool if len(targets[i].ways) == 1}
    return _branch(targets, chosen, [i for i in pool if i not in chosen], budget)


def _branch(
    targets: Sequence[Target], chosen: dict[int, Way], open_: Sequence[int], budget: _Budget
) -> list[int] | None:
    """Return what excludes each other, given the ways of some targets; see `_core`.

    A target of several ways that the numbers for the others miss is tried in each way. What
    excludes each other in all of them does so together; where the target is not part of it in one,
    that is an answer already.
    """
    owners = [i for i, way in chosen.items() for _ in way]
    leads = [lead for way in chosen.values() for lead in way]
    support, numbers = budget.core(leads) if leads else ((), np.ones(SIZE))
    if support:
        return sorted({owners[k] for k in support})
    row = None if numbers is None else finest(numbers)
    missed = next((i for i in open_ if row is None or not targets[i].holds(row)), None)
    if missed is None:
        return None
    rest = [i for i in open_ if i != missed]
    together = {missed}
    for way in targets[missed].ways:
        found = _branch(targets, {**chosen, missed: way}, rest, budget)
        if found is None or missed not in found:
            return found
        together.update(found)
    return sorted(together)


def _shrunk(targets: Sequence[Target], some: Sequence[int]) -> Set:
    """Return a minimal part of targets that exclude each other."""
    left = list(some)
    for each in some:
        rest = [i for i in left if i != each]
        if _possible(targets, rest) is None:
            left = rest
    return tuple(sorted(left))


def _every(targets: Sequence[Target]) -> Iterator[Set]:
    """Yield all minimal sets, the smallest first.

    A set excludes itself exactly where it meets every set whose removal lets the rest hold. So the
    least set that meets the known ones is either a contradiction, or it grows to a largest set that
    can hold, whose complement it did not meet (implicit hitting sets).
    """
    size = len(targets)
    complements: list[set[int]] = []
    named: list[Set] = []
    for _ in range(_TRIES):
        least = _least_meeting(size, complements, named)
        if least is None:
            return
        numbers = _possible(targets, least)
        if numbers is None:
            named.append(least)
            yield least
            continue
        held = {i for i in range(size) if targets[i].holds(finest(numbers))} | set(least)
        for i in range(size):
            if i not in held and _possible(targets, sorted({*held, i})) is not None:
                held.add(i)
        complements.append(set(range(size)) - held)


def _least_meeting(size: int, complements: Sequence[set[int]], named: Sequence[Set]) -> Set | None:
    """Return a smallest set that meets every complement and holds no named set whole."""
    if any(not each for each in complements):
        return None
    rows = [[float(i in each) for i in range(size)] for each in complements]
    rows += [[-float(i in each) for i in range(size)] for each in named]
    least = [1.0] * len(complements) + [1.0 - len(each) for each in named]
    constraints = LinearConstraint(np.array(rows).reshape(len(rows), size), lb=np.array(least))
    # Among sets of one size, the one of the first labels: costs differ by less than 1 in all.
    cost = 1 + np.arange(size) / (size + 1) ** 2
    found = milp(
        cost,
        integrality=np.ones(size),
        bounds=Bounds(0, 1),
        constraints=constraints if rows else None,
    )
    if found.status != 0:
        return None
    return tuple(int(i) for i in np.flatnonzero(np.rint(found.x)))


def _proved(targets: Sequence[Target], chosen: Set) -> bool:
    """Return whether a set is proved to exclude itself, and any smaller part of it not to."""
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
        numbers = _possible(targets, rest)
        if numbers is None or not all(targets[i].holds(finest(numbers)) for i in rest):
            return False
    return True
