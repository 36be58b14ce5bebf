"""The linear programmes of tuning, solved by HiGHS through SciPy.

All of them look for numbers >= 0 whose leads hold. Leads are homogeneous, so that "all > 0" is
asked as "all >= 1"; only the rows that bind are ever handed to the solver. What a programme says is
a proposal: whoever uses it proves it in whole numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from mars_solver.tuning.leads import SIZE, Lead, matrix
from mars_solver.vocabulary import CRITERIA

Floats = NDArray[np.float64]
SETTLED: Final = 1e-3
"""The search for the widest margin stops once it gains less than this share."""
LEFT: Final = 0.5
"""What a number keeps at least where weights lean to other criteria."""
_STEPS: Final = 25
_SLACK: Final = 1e-7
_NOTHING: Final = 1e-9
_HALF: Final = 0.5
_AT_ONCE: Final = 60


def solve(rows: Floats, least: Floats, cost: Floats, more: Floats | None = None) -> Floats | None:
    """Return the x >= 0 of least cost with rows @ x >= least; None where there is none.

    Args:
        rows: shape (rows, columns); they are handed over as they are found to be violated.
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
        found = linprog(cost, A_ub=-left, b_ub=-right, bounds=(0, None), method="highs")
        if found.status != 0:
            return None
        x: Floats = found.x
        missing = least - rows @ x
        worst = np.flatnonzero(~taken & (missing > _SLACK * np.maximum(1, np.abs(least))))
        if not len(worst):
            return x
        taken[worst[np.argsort(-missing[worst], kind="stable")[:_AT_ONCE]]] = True


def widest(leads: Sequence[Lead], start: Floats) -> tuple[Floats, float] | None:
    """Return numbers that sum to 1 with the widest margin, and it; None where leads exclude others.

    The margin is the smallest lead in score points: a ratio of two linear forms, raised step by
    step (Dinkelbach's method for many ratios) until a step gains less than `SETTLED`.
    """
    rows, scales = matrix(list(leads))
    numbers, points = start, 0.0
    for step in range(_STEPS):
        whole = np.maximum(scales @ numbers, _NOTHING * numbers.sum())
        shifted = (rows - points * scales) / whole[:, None] * numbers.sum()
        found = solve(shifted, np.ones(len(rows)), np.ones(SIZE))
        if found is None:
            return None if step == 0 else (numbers, points)
        numbers = found / (found.sum() or 1.0)
        best = margin(rows, scales, numbers)
        if best <= points * (1 + SETTLED):
            return numbers, max(best, points)
        points = best
    return numbers, points


def margin(rows: Floats, scales: Floats, numbers: Floats) -> float:
    """Return the smallest lead in score points."""
    whole = scales @ numbers
    leads = np.divide(rows @ numbers, whole, out=np.zeros(len(rows)), where=whole > 0)
    return float(leads.min(initial=1.0))


def nearest(leads: Sequence[Lead], least: float, prior: Floats) -> Floats | None:
    """Return the numbers nearest to a prior, in sum of absolute changes, with a margin.

    Leads do not depend on the scale, so that numbers might shrink to nothing: they sum to at least
    as much as the prior.

    Args:
        leads: that have to hold.
        least: the smallest lead of any, in score points.
        prior: shape (SIZE,).
    """
    rows, scales = matrix(list(leads))
    wide = np.hstack([rows - least * scales, np.zeros_like(rows)])
    identity = np.eye(SIZE)
    more = np.vstack(
        [
            np.hstack([-identity, identity, -prior[:, None]]),
            np.hstack([identity, identity, prior[:, None]]),
            np.concatenate([np.ones(SIZE), np.zeros(SIZE), [prior.sum()]])[None],
        ]
    )
    cost = np.concatenate([np.zeros(SIZE), np.ones(SIZE)])
    found = solve(wide, np.zeros(len(rows)), cost, more)
    return None if found is None else found[:SIZE]


def pushed(
    leads: Sequence[Lead], least: float, prior: Floats, criteria: Sequence[int]
) -> Floats | None:
    """Return a prior whose base leans as far to some criteria as a margin lets it.

    The sum of the base stays, each other number of it keeps at least `LEFT` of what it was, and no
    other vector moves.

    Args:
        leads: that have to hold.
        least: the smallest lead of any, in score points.
        prior: shape (SIZE,).
        criteria: the places of the criteria that gain.
    """
    rows, scales = matrix(list(leads))
    forms = rows - least * scales
    size = len(CRITERIA)
    base = prior[:size]
    floor = LEFT * base
    ones = np.ones(size)
    more = np.vstack(
        [
            np.hstack([np.eye(size), floor[:, None]]),
            np.concatenate([ones, [base.sum()]])[None],
            np.concatenate([-ones, [-base.sum()]])[None],
        ]
    )
    gain = np.array([-1.0 if k in criteria else 1e-3 for k in range(size)])
    found = solve(forms[:, :size], -forms[:, size:] @ prior[size:], gain, more)
    return None if found is None else np.concatenate([found, prior[size:]])


def keepable(hard: Sequence[Lead], soft: Sequence[Lead]) -> Floats | None:
    """Return numbers under which hard leads hold and soft ones miss as little as can be, in sum."""
    rows, _ = matrix([*hard, *soft])
    slack = np.vstack([np.zeros((len(hard), len(soft))), np.eye(len(soft))])
    cost = np.concatenate([np.full(SIZE, 1e-6), np.ones(len(soft))])
    found = solve(np.hstack([rows, slack]), np.ones(len(rows)), cost)
    return None if found is None else found[:SIZE]


def roomiest(leads: Sequence[Lead], most: float, free: Floats) -> Floats | None:
    """Return numbers up to some bound under which leads hold however each number is rounded.

    Rounding moves a lead by at most half the sum of its form's absolute numbers; of all numbers
    that leave so much, those that leave the most.

    Args:
        leads: that have to hold.
        most: the greatest number.
        free: 1 for each number, 0 for those that have to be 0, shape (SIZE,).
    """
    rows, _ = matrix(list(leads))
    halves = np.abs(rows * free).sum(axis=1, keepdims=True) / 2
    columns = np.hstack([rows * free / np.maximum(halves, _NOTHING), -np.ones((len(rows), 1))])
    cost = np.concatenate([np.zeros(SIZE), [-1.0]])
    bounds = [(0, most)] * SIZE + [(0, None)]
    found = linprog(cost, A_ub=-columns, b_ub=-np.ones(len(rows)), bounds=bounds, method="highs")
    return found.x[:SIZE] * free if found.status == 0 else None


def core(leads: Sequence[Lead]) -> tuple[tuple[int, ...], Floats | None]:
    """Return the places of leads that exclude each other already, or else numbers for all of them.

    The places carry the dual of "miss by as little as can be": no more of them than there are
    numbers that are tuned, plus one. Leads for which a tie is enough may be 0, others may not.
    """
    rows, _ = matrix(list(leads))
    strict = np.array([not lead.ties for lead in leads], dtype=np.float64)
    columns = np.hstack([rows, strict[:, None]])
    cost = np.concatenate([np.zeros(SIZE), [1.0]])
    found = linprog(cost, A_ub=-columns, b_ub=-strict, bounds=(0, None), method="highs")
    if found.status != 0 or found.fun < _HALF:
        return (), None if found.status != 0 else found.x[:SIZE]
    duals = -np.asarray(found.ineqlin.marginals)
    return tuple(int(i) for i in np.flatnonzero(duals > _NOTHING)), None
