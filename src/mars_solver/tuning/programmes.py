"""The linear programmes of tuning, solved by HiGHS through SciPy.

All of them look for numbers >= 0 under which leads hold. Leads are homogeneous, so that "all > 0"
is asked as "all >= 1". A solution is a proposal: whoever uses it proves it in whole numbers.

A target with several ways leaves a choice. `search` first takes the way that stands best under some
numbers and moves the numbers to what misses these ways least, turn by turn: that finds nearly all
there is to find. What is left is searched way by way (`exact.meet`).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import linprog

from mars_solver.tuning.exact import Budget, SpentError, Witness, meet, roomy
from mars_solver.tuning.leads import FloatArray, IntegerRow, Lead, Target, Way, matrix

SETTLED: Final = 1e-3
"""The search for the widest margin stops once a step gains less than this share."""
FLOOR: Final = 0.5
"""The share of itself that a number keeps where weights lean to other criteria."""
_STEPS: Final = 25
_TURNS: Final = 30
_SLACK: Final = 1e-7
_NOTHING: Final = 1e-9
_AT_ONCE: Final = 60
"""How many violated rows join a programme at a time."""
_PROGRAMMES: Final = 400
"""How many programmes may look for the ways of targets that leave a choice."""


def solve(
    rows: FloatArray, least: FloatArray, cost: FloatArray, more: FloatArray | None = None
) -> FloatArray | None:
    """Return the x >= 0 of least cost with rows @ x >= least; None if there is none.

    Args:
        rows: shape (rows, columns); they join the programme only once they are violated.
        least: shape (rows,).
        cost: shape (columns,).
        more: rows of [row, least] that always count, shape (some, columns + 1).
    """
    taken = np.zeros(len(rows), dtype=np.bool_)
    if len(rows):
        taken[np.argsort(rows.sum(axis=1), kind="stable")[:_AT_ONCE]] = True
    always = np.empty((0, len(cost) + 1)) if more is None else more
    while True:
        left = np.vstack([rows[taken], always[:, :-1]])
        right = np.concatenate([least[taken], always[:, -1]])
        solution = linprog(cost, A_ub=-left, b_ub=-right, bounds=(0, None), method="highs")
        if solution.status != 0:
            return None
        x: FloatArray = solution.x
        missing = least - rows @ x
        worst = np.flatnonzero(~taken & (missing > _SLACK * np.maximum(1, np.abs(least))))
        if not len(worst):
            return x
        taken[worst[np.argsort(-missing[worst], kind="stable")[:_AT_ONCE]]] = True


def widest(leads: Sequence[Lead], start: FloatArray) -> tuple[FloatArray, float] | None:
    """Return numbers with the widest margin and that margin; None if the leads exclude each other.

    The margin is the smallest lead in score points: a ratio of two linear forms, raised step by
    step until a step gains less than `SETTLED` (Dinkelbach's method for several ratios). The
    numbers sum to 1.
    """
    rows, scales = matrix(leads, len(start))
    numbers, points = start, 0.0
    for step in range(_STEPS):
        whole = np.maximum(scales @ numbers, _NOTHING * numbers.sum())
        shifted = (rows - points * scales) / whole[:, None] * numbers.sum()
        solution = solve(shifted, np.ones(len(rows)), np.ones(len(start)))
        if solution is None:
            return None if step == 0 else (numbers, points)
        numbers = solution / (solution.sum() or 1.0)
        best = margin(rows, scales, numbers)
        if best <= points * (1 + SETTLED):
            return numbers, max(best, points)
        points = best
    return numbers, points


def margin(rows: FloatArray, scales: FloatArray, numbers: FloatArray) -> float:
    """Return the smallest lead in score points."""
    whole = scales @ numbers
    leads = np.divide(rows @ numbers, whole, out=np.zeros(len(rows)), where=whole > 0)
    return float(leads.min(initial=1.0))


def nearest(leads: Sequence[Lead], least: float, prior: FloatArray) -> FloatArray | None:
    """Return the numbers nearest to a prior, in sum of absolute changes, that leave a margin.

    Leads do not depend on the scale, so that numbers might shrink to nothing: they have to sum to
    at least as much as the prior.

    Args:
        leads: the leads that have to hold.
        least: the smallest lead of any, in score points.
        prior: shape (size,).
    """
    size = len(prior)
    rows, scales = matrix(leads, size)
    wide = np.hstack([rows - least * scales, np.zeros_like(rows)])
    identity = np.eye(size)
    more = np.vstack(
        [
            np.hstack([-identity, identity, -prior[:, None]]),
            np.hstack([identity, identity, prior[:, None]]),
            np.concatenate([np.ones(size), np.zeros(size), [prior.sum()]])[None],
        ]
    )
    cost = np.concatenate([np.zeros(size), np.ones(size)])
    solution = solve(wide, np.zeros(len(rows)), cost, more)
    return None if solution is None else solution[:size]


def pushed(
    leads: Sequence[Lead],
    least: float,
    prior: FloatArray,
    criteria: Sequence[int],
    width: int,
) -> FloatArray | None:
    """Return a prior whose base leans to some criteria as far as a margin allows.

    The sum of the base stays, each other number of it keeps at least `FLOOR` of its value, and no
    other vector changes.

    Args:
        leads: the leads that have to hold.
        least: the smallest lead of any, in score points.
        prior: shape (size,).
        criteria: the indices of the criteria that gain.
        width: how many criteria there are.
    """
    rows, scales = matrix(leads, len(prior))
    forms = rows - least * scales
    base = prior[:width]
    ones = np.ones(width)
    more = np.vstack(
        [
            np.hstack([np.eye(width), FLOOR * base[:, None]]),
            np.concatenate([ones, [base.sum()]])[None],
            np.concatenate([-ones, [-base.sum()]])[None],
        ]
    )
    cost = np.array([-1.0 if k in criteria else 1e-3 for k in range(width)])
    solution = solve(forms[:, :width], -forms[:, width:] @ prior[width:], cost, more)
    return None if solution is None else np.concatenate([solution, prior[width:]])


def keepable(hard: Sequence[Lead], soft: Sequence[Lead], size: int) -> FloatArray | None:
    """Return numbers under which hard leads hold and the sum of what soft leads miss is least."""
    rows, _ = matrix([*hard, *soft], size)
    slack = np.vstack([np.zeros((len(hard), len(soft))), np.eye(len(soft))])
    cost = np.concatenate([np.full(size, 1e-6), np.ones(len(soft))])
    solution = solve(np.hstack([rows, slack]), np.ones(len(rows)), cost)
    return None if solution is None else solution[:size]


def roomiest(leads: Sequence[Lead], most: float, free: FloatArray) -> FloatArray | None:
    """Return bounded numbers under which leads hold however each number is rounded.

    Rounding changes a lead by at most half the sum of its form's absolute numbers. Of all numbers
    that leave that much, those that leave the most are returned.

    Args:
        leads: the leads that have to hold.
        most: the largest number.
        free: 1 for each number, 0 for those that have to be 0, shape (size,).
    """
    size = len(free)
    rows, _ = matrix(leads, size)
    halves = np.abs(rows * free).sum(axis=1, keepdims=True) / 2
    columns = np.hstack([rows * free / np.maximum(halves, _NOTHING), -np.ones((len(rows), 1))])
    cost = np.concatenate([np.zeros(size), [-1.0]])
    bounds = [(0, most)] * size + [(0, None)]
    solution = linprog(cost, A_ub=-columns, b_ub=-np.ones(len(rows)), bounds=bounds, method="highs")
    return solution.x[:size] * free if solution.status == 0 else None


@dataclass(frozen=True)
class Widest:
    """Weights with the widest margin for the ways that they take."""

    numbers: FloatArray
    points: float
    """The smallest lead, in score points."""
    leads: tuple[Lead, ...]
    """The leads of the ways; where ties are needed, without the numbers that have to be 0."""
    free: FloatArray
    """1 for each number, 0 for those that have to be 0; shape (size,)."""
    only: IntegerRow = ()
    """The numbers, exactly, where terms have to cancel each other: nothing near to them will do."""


def search(targets: Sequence[Target], start: FloatArray) -> Widest | None:
    """Return weights with a wide margin that meet all targets; None if none are found.

    Where no margin is possible, some leads may still hold as ties: the margin is then that of all
    other leads.

    Args:
        targets: what to meet; without a choice between ways, the answer is exact.
        start: where to look first, shape (size,), not all 0.
    """
    if not all(target.ways for target in targets):
        return None
    best = _in_turns(targets, start, start)
    if best is None:
        with suppress(SpentError):
            _, witness = meet(targets, range(len(targets)), len(start), Budget(_PROGRAMMES))
            if witness is not None:
                numbers = np.array(witness.numbers, dtype=np.float64)
                best = _in_turns(targets, start, numbers) or _tied(witness, start)
    return best


def _tied(witness: Witness, start: FloatArray) -> Widest:
    """Return weights with a wide margin of all leads but those that only ties make hold."""
    size = len(start)
    flags = [float(x > 0) for x in roomy(witness.level, size)]
    free, leads = np.array(flags), tuple(lead.within(flags) for lead in witness.leads)
    if not any(any(lead.within(flags).row) for lead in witness.level):
        wide = _wide(leads, start * free, free)
        if wide is not None:
            return wide
    only = roomy([*witness.leads, *witness.level], size)
    numbers = np.array(only, dtype=np.float64)
    numbers /= numbers.sum() or 1.0
    return Widest(numbers, margin(*matrix(leads, size), numbers), leads, free, only)


def _wide(leads: Sequence[Lead], start: FloatArray, free: FloatArray) -> Widest | None:
    """Return weights with the widest margin over some leads; None if they exclude each other."""
    if not leads:
        return Widest(start / (start.sum() or 1.0), 1.0, (), free)
    wide = widest(leads, start)
    return None if wide is None else Widest(wide[0] * free, wide[1], tuple(leads), free)


def _in_turns(targets: Sequence[Target], start: FloatArray, numbers: FloatArray) -> Widest | None:
    """Return weights for the ways that stand best under some numbers, moved turn by turn.

    Args:
        targets: what to meet, each with at least one way.
        start: where the search for the widest margin starts.
        numbers: the numbers that choose the ways of the first turn.
    """
    choice = any(len(target.ways) > 1 for target in targets)
    best: Widest | None = None
    taken: list[Way] = []
    for _ in range(_TURNS):
        ways = [_best(target, numbers) for target in targets]
        if ways == taken:
            break
        taken = ways
        leads = [lead for way in ways for lead in way]
        wide = _wide(leads, start, np.ones(len(start)))
        if wide is not None:
            if best is not None and wide.points <= best.points * (1 + SETTLED):
                break
            best, numbers = wide, wide.numbers
            continue
        moved = keepable([], leads, len(start)) if best is None and choice else None
        if moved is None:
            break
        numbers = moved / (moved.sum() or 1.0)
    return best


def _best(target: Target, numbers: FloatArray) -> Way:
    """Return the way of a target with the widest margin under some numbers, the first of equals."""
    if len(target.ways) == 1:
        return target.ways[0]
    points = [margin(*matrix(way, len(numbers)), numbers) for way in target.ways]
    return target.ways[points.index(max(points))]
