"""What would change the winner: importances, thresholds, weights at large.

Everything is exact except the first-rank share among three or more models, which is sampled from a
fixed seed and carries its standard error.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, groupby
from math import isqrt
from typing import Final, NamedTuple, cast

import numpy as np
from pydantic import computed_field

from mars_solver.errors import InputError
from mars_solver.explaining.changes import Change, apply
from mars_solver.explaining.serialising import RankedStatus, ThresholdStatus, UnitNumber
from mars_solver.inputs.attributes import Requirement
from mars_solver.solving.solver import Decision, Solver
from mars_solver.solving.table import Interval, Number
from mars_solver.vocabulary import INFEASIBLE, INVALID, MAX_IMPORTANCE

SAMPLES: Final = 100_000
SEED: Final = 20_261_122
_EXACT: Final = 2
"""Up to this many models that can win, a share has a closed form."""


@dataclass(frozen=True, slots=True)
class Flip:
    """Where another model starts to win as one importance moves and the others stay."""

    at: Fraction
    """The importance at which the two score alike, exact: a fraction."""
    winner: str
    """The model that wins beyond it."""
    winner_at: str
    """The model that wins exactly there."""
    whole: int | None
    """The nearest whole importance beyond or there at which the winner is another one; None where
    no whole importance in 0..10 does it."""
    whole_winner: str | None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def at_value(self) -> float:
        """The same importance as a number, rounded."""
        return float(self.at)


@dataclass(frozen=True, slots=True)
class ImportanceFlips:
    """How the importance of one criterion moves the winner, all others as they are."""

    criterion: str
    importance: int
    down: Flip | None
    up: Flip | None


@dataclass(frozen=True, slots=True)
class Ranked:
    """A model on a shortlist."""

    model: str
    status: RankedStatus


@dataclass(frozen=True, slots=True)
class Stretch:
    """Thresholds of one requirement that give the same shortlist."""

    from_: Number
    from_included: bool
    """Whether the thresholds begin with this number, or just above it."""
    to: Number
    to_included: bool
    status: ThresholdStatus
    """Of the winner; "infeasible" where no model is left, "invalid" where the threshold would
    contradict the rest of the profile."""
    shortlist: tuple[Ranked, ...]
    """Best first."""
    changes: tuple[Change, ...]
    """What goes with such a threshold: `primary`, where it takes away the need."""

    @property
    def interval(self) -> Interval:
        """The thresholds."""
        return Interval(self.from_, self.from_included, self.to, self.to_included)


@dataclass(frozen=True, slots=True)
class Sweep:
    """The whole axis of one numeric requirement, all else as it is."""

    requirement: str
    current: Number | None
    """The stated threshold; None where none is stated."""
    stretches: tuple[Stretch, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """In what share of all weights a model wins, weights drawn evenly from the simplex.

    That is the first-rank acceptability index of SMAA-2 (Lahdelma & Salminen, "SMAA-2: stochastic
    multicriteria acceptability analysis for group decision making", 2001), for known values.
    """

    model: str
    share: UnitNumber
    exact: bool
    error: UnitNumber
    """The standard error; 0 where the share is exact."""


class Line(NamedTuple):
    """A model's weighted sum as one importance moves: start + slope * importance."""

    model: str
    start: int
    slope: int


def importance_flips(solver: Solver, decision: Decision) -> tuple[ImportanceFlips, ...]:
    """Return, for each criterion, the importances at which the winner changes."""
    best = decision.contenders
    if not best:
        return ()
    profile = decision.profile
    factors = solver.coefficients(profile.context)
    flips = []
    for k, criterion in enumerate(solver.declared.criteria):
        now = profile.importances[k]
        lines = []
        for index in best:
            slope = factors[k] * solver.middles[index][k]
            start = sum(decision.sums[index]) - now * slope
            lines.append(Line(decision.standings[index].model.id, start, slope))
        flips.append(
            ImportanceFlips(criterion.name, now, _flip(lines, now, -1), _flip(lines, now, 1))
        )
    return tuple(flips)


def _winner(lines: Iterable[Line], at: Fraction | int) -> str:
    return min(lines, key=lambda line: (-(line.start + line.slope * at), line.model)).model


def _flip(lines: Sequence[Line], now: int, way: int) -> Flip | None:
    """Return the nearest flip from an importance, down (-1) or up (1), within 0..10."""
    current = _winner(lines, now)
    end = MAX_IMPORTANCE if way > 0 else 0
    crossings = {
        Fraction(b.start - a.start, a.slope - b.slope)
        for a, b in combinations(lines, 2)
        if a.slope != b.slope
    }
    ahead = {at for at in crossings if (at - now) * way >= 0 and (end - at) * way >= 0}
    stops = sorted({Fraction(now), *ahead, Fraction(end)}, key=lambda at: way * at)
    for i, at in enumerate(stops):
        beyond = (at + stops[i + 1]) / 2 if i + 1 < len(stops) else at
        here, there = _winner(lines, at), _winner(lines, beyond)
        if {here, there} != {current}:
            whole = next(
                (w for w in range(now, end + way, way) if _winner(lines, w) != current), None
            )
            winner = None if whole is None else _winner(lines, whole)
            return Flip(at, there if there != current else here, here, whole, winner)
    return None


def sweeps(solver: Solver, decision: Decision) -> tuple[Sweep, ...]:
    """Return, for each numeric requirement, the shortlist along its whole axis."""
    numeric = [each for each in solver.declared.requirements if each.numeric]
    return tuple(_sweep(solver, decision, requirement) for requirement in numeric)


def _sweep(solver: Solver, decision: Decision, requirement: Requirement) -> Sweep:
    """Return the shortlist along the axis of one requirement, neighbours alike joined."""
    intervals = [interval for interval, _ in solver.column(requirement.name).intervals]
    stretches = []
    for (status, shortlist, changes), alike in groupby(
        intervals, key=lambda interval: _answer(solver, decision, requirement.name, interval)
    ):
        first, *rest = alike
        last = rest[-1] if rest else first
        ends = first.low, first.low_included, last.high, last.high_included
        stretches.append(Stretch(*ends, status, shortlist, changes))
    current = decision.profile.require.get(requirement.name)
    return Sweep(requirement.name, cast("Number | None", current), tuple(stretches))


def _answer(
    solver: Solver, decision: Decision, name: str, interval: Interval
) -> tuple[str, tuple[Ranked, ...], tuple[Change, ...]]:
    """Return the status, the shortlist and the further changes of thresholds in an interval."""
    try:
        profile, changes = apply(decision.profile, {name: interval.representative})
    except InputError:
        return INVALID, (), ()
    again = solver.decide(profile, decision.policy)
    shortlist = tuple(Ranked(each.model.id, each.status.word) for each in again.ranked)
    status = shortlist[0].status if shortlist else INFEASIBLE
    return status, shortlist, tuple(c for c in changes if c.requirement != name)


def first_rank_shares(solver: Solver, decision: Decision) -> tuple[Share, ...]:
    """Return the first-rank acceptability of each contender, in order of the ranking.

    The weights of the criteria are drawn evenly from the simplex. One or two models that can win
    at all: exact, by the divided difference of x_+^(n-1) (Hermite-Genocchi). More: sampled.
    """
    best = decision.contenders
    ids = [decision.standings[index].model.id for index in best]
    rows = [solver.middles[index] for index in best]
    able = [
        i for i in range(len(best)) if not any(_beaten(i, j, rows, ids) for j in range(len(best)))
    ]
    if len(able) <= _EXACT:
        exact = _exact([rows[i] for i in able])
        shares = {i: Share(ids[i], float(s), True, 0.0) for i, s in zip(able, exact, strict=True)}
    else:
        shares = _sampled(able, rows, ids)
    return tuple(shares.get(i, Share(ids[i], 0.0, True, 0.0)) for i in range(len(best)))


def _beaten(i: int, j: int, rows: Sequence[tuple[int, ...]], ids: Sequence[str]) -> bool:
    """Return whether model j wins over model i under all weights, ties by id included."""
    if i == j or any(a > b for a, b in zip(rows[i], rows[j], strict=True)):
        return False
    return rows[i] != rows[j] or ids[j] < ids[i]


def _exact(rows: Sequence[tuple[int, ...]]) -> list[Fraction]:
    if len(rows) < _EXACT:
        return [Fraction(1)] * len(rows)
    lead = [a - b for a, b in zip(*rows, strict=True)]
    share = positive_share(lead)
    return [share, 1 - share]


def positive_share(lead: Sequence[int]) -> Fraction:
    """Return the share of the simplex on which the weighted sum of `lead` is positive.

    Not all of `lead` may be zero.
    """
    nodes = sorted(Fraction(x) for x in lead)
    power = len(nodes) - 1
    column = [max(x, Fraction(0)) ** power for x in nodes]
    for k in range(1, len(nodes)):
        column = [
            (column[i + 1] - column[i]) / (nodes[i + k] - nodes[i])
            if nodes[i + k] != nodes[i]
            else _derivative(nodes[i], power, k)
            for i in range(len(nodes) - k)
        ]
    return column[0]


def _derivative(at: Fraction, power: int, k: int) -> Fraction:
    """Return the k-th derivative of x_+^power over k!: what equal nodes contribute."""
    if at <= 0:
        return Fraction(0)
    binomial = 1
    for i in range(k):
        binomial = binomial * (power - i) // (i + 1)
    return binomial * at ** (power - k)


def _sampled(
    able: Sequence[int], rows: Sequence[tuple[int, ...]], ids: Sequence[str]
) -> dict[int, Share]:
    """Return the shares of models that can win, each with its standard error."""
    order = sorted(able, key=lambda i: ids[i])
    weights = np.random.default_rng(SEED).standard_exponential((SAMPLES, len(rows[0])))
    scores = weights @ np.array([rows[i] for i in order], dtype=np.float64).T
    counts = np.bincount(scores.argmax(axis=1), minlength=len(order)).tolist()
    shares = {}
    for i, count in zip(order, counts, strict=True):
        error = isqrt(count * (SAMPLES - count) * 10**12 // SAMPLES) / SAMPLES / 10**6
        shares[i] = Share(ids[i], count / SAMPLES, False, error)
    return shares
