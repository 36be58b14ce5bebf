"""Targets of several ways: which way each one takes, so that all of them come about.

First each target takes the way that stands best under some numbers, and the numbers are moved to
what misses these ways least, turn by turn: that finds nearly all there is to find. What is left is
put to HiGHS as a mixed-integer programme, with a binary for each way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from mars_solver.tuning.leads import SIZE, Lead, Target, Way, matrix
from mars_solver.tuning.programmes import SETTLED, Floats, keepable, margin, widest

_TURNS: Final = 30
_BINARIES: Final = 400
"""More ways than these are not put to a programme: what then is not found counts as impossible."""
_NODES: Final = 1000
_LEAST: Final = 1e-6
"""The least margin of a programme, its forms scaled to 1, that is not taken for 0."""


@dataclass(frozen=True)
class Widest:
    """Weights with the widest margin of the ways that they take."""

    numbers: Floats
    points: float
    """The smallest lead, in score points."""
    leads: tuple[Lead, ...]
    """Those of the ways; where ties are needed, as far as numbers are not 0."""
    free: Floats
    """1 for each number, 0 for those that have to be 0; shape (SIZE,)."""


def search(targets: Sequence[Target], start: Floats) -> Widest | None:
    """Return weights with a wide margin that bring all targets about; None where none are found.

    Where no margin is possible, some leads may still hold as ties, because the numbers that they
    fall with are 0: then a wide margin of all others.

    Args:
        targets: what to bring about; where each has one way, the answer is exact.
        start: where to look first, shape (SIZE,), not all 0.
    """
    found = _search(targets, start, np.ones(SIZE))
    if found is None:
        free = _free(targets)
        if free.all():
            return None
        found = _search([_without(target, free) for target in targets], start, free)
    return found


def possible(targets: Sequence[Target]) -> Floats | None:
    """Return numbers that bring all targets about, as ties where need be; None without any."""
    columns = count(SIZE + 1)
    rows: list[tuple[Lead | None, list[int]]] = []
    for target in targets:
        if not target.ways:
            return None
        if len(target.ways) == 1:
            rows += [(lead, []) for lead in target.ways[0]]
            continue
        binaries = [next(columns) for _ in target.ways]
        rows.append((None, binaries))
        for way, column in zip(target.ways, binaries, strict=True):
            rows += [(lead, [column]) for lead in way]
    size = next(columns)
    if size - SIZE - 1 > _BINARIES:
        return None
    return _programme(rows, size)


def _programme(rows: Sequence[tuple[Lead | None, list[int]]], size: int) -> Floats | None:
    """Return numbers with the widest margin over leads, each of which its binary switches on.

    Args:
        rows: a lead with the column of its binary, if any; None with the binaries of a target, of
            which one has to be on.
        size: the number of columns: the numbers that are tuned, the margin, the binaries.
    """
    wide = np.zeros((len(rows), size))
    least = np.zeros(len(rows))
    strict = False
    for place, (lead, binaries) in enumerate(rows):
        if lead is None:
            wide[place, binaries], least[place] = 1.0, 1.0
            continue
        form = np.array(lead.row, dtype=np.float64)
        form /= np.abs(form).max(initial=0) or 1.0
        wide[place, :SIZE] = form
        wide[place, SIZE] = 0.0 if lead.ties else -1.0
        strict = strict or not lead.ties
        if binaries:
            slack = 1.0 - form[form < 0].sum()
            wide[place, binaries], least[place] = -slack, -slack
    cost = np.zeros(size)
    cost[SIZE] = -1.0
    binary = np.arange(size) > SIZE
    found = milp(
        cost,
        integrality=binary.astype(np.int64),
        bounds=Bounds(np.zeros(size), np.ones(size)),
        constraints=LinearConstraint(wide, lb=least) if rows else None,
        options={"node_limit": _NODES, "presolve": False},
    )
    if found.x is None or (strict and found.x[SIZE] <= _LEAST):
        return None
    numbers: Floats = found.x[:SIZE]
    return numbers


def _free(targets: Sequence[Target]) -> Floats:
    """Return 0 for the numbers that have to be 0 so that leads hold as ties, 1 for the others."""
    leads = [lead for t in targets if len(t.ways) == 1 for lead in t.ways[0] if lead.ties]
    rows, _ = matrix(leads)
    free = np.ones(SIZE)
    while True:
        left = rows * free
        falling = (left[(left <= 0).all(axis=1)] < 0).any(axis=0)
        if not falling.any():
            return free
        free[falling] = 0.0


def _without(target: Target, free: Floats) -> Target:
    """Return a target as it is where the numbers that are not free are 0."""
    ways = []
    for each in target.ways:
        rows = [tuple(x if keep else 0 for x, keep in zip(w.row, free, strict=True)) for w in each]
        leads = [lead._replace(row=row) for lead, row in zip(each, rows, strict=True)]
        if all(lead.ties or any(lead.row) for lead in leads):
            ways.append(tuple(lead for lead in leads if any(lead.row)))
    return Target(target.name, tuple(ways))


def _search(targets: Sequence[Target], start: Floats, free: Floats) -> Widest | None:
    """Return weights with a margin above 0; None where none are found."""
    if not all(target.ways for target in targets):
        return None
    level = start * free
    found = _in_turns(targets, level, level, free)
    if found is None and any(len(target.ways) > 1 for target in targets):
        numbers = possible(targets)
        if numbers is not None:
            found = _in_turns(targets, level, numbers * free, free)
    return found


def _in_turns(
    targets: Sequence[Target], start: Floats, numbers: Floats, free: Floats
) -> Widest | None:
    """Return weights for the ways that stand best under some numbers, moved turn by turn.

    Args:
        targets: what to bring about, each with a way at least.
        start: where the widest margin is looked for.
        numbers: under which the ways of the first turn stand best.
        free: see `Widest`.
    """
    choice = any(len(target.ways) > 1 for target in targets)
    best: Widest | None = None
    taken: list[Way] = []
    for _ in range(_TURNS):
        ways = [_best(target, numbers) for target in targets]
        if ways == taken:
            break
        taken = ways
        leads = tuple(lead for way in ways for lead in way)
        if not leads:
            return Widest(start / (start.sum() or 1.0), 1.0, (), free)
        found = widest(leads, start)
        if found is not None:
            if best is not None and found[1] <= best.points * (1 + SETTLED):
                break
            best = Widest(found[0] * free, found[1], leads, free)
            numbers = best.numbers
            continue
        moved = keepable([], leads) if best is None and choice else None
        if moved is None:
            break
        numbers = moved * free / (moved.sum() or 1.0)
    return best


def _best(target: Target, numbers: Floats) -> Way:
    """Return the way of a target with the widest margin under some numbers, the first of equals."""
    if len(target.ways) == 1:
        return target.ways[0]
    points = [margin(*matrix(list(way)), numbers) for way in target.ways]
    return target.ways[points.index(max(points))]
