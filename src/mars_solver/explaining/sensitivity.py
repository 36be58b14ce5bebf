"""What would change the winner: importances, thresholds, weights at large.

Everything is exact except the first-rank share among three or more models, which is sampled from a
fixed seed and carries its standard error.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from pydantic import computed_field

from mars_solver.briefs import brief
from mars_solver.explaining.changes import Change
from mars_solver.explaining.serialising import RankedStatus, ThresholdStatus, UnitNumber
from mars_solver.inputs.catalogue.attributes import Requirement
from mars_solver.solving.constraints import union
from mars_solver.solving.solver import Decision, Solver
from mars_solver.solving.table import Interval, Number
from mars_solver.solving.whatif import Layers, WhatIf
from mars_solver.vocabulary import INFEASIBLE, INVALID, MAX_IMPORTANCE, Status

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SAMPLES: Final = 20_000
SEED: Final = 20_261_122
_EXACT: Final = 2
"""Up to this many unlike models that can win, a share has a closed form."""


@dataclass(frozen=True, slots=True)
class Flip:
    """Where another model starts to win as one importance moves and the others stay."""

    __repr__ = brief

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
    whole_to: int | None
    """The last whole importance beyond up to which that model wins, each of those between too."""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def at_value(self) -> float:
        """The same importance as a number, rounded."""
        return float(self.at)


@dataclass(frozen=True, slots=True)
class ImportanceFlips:
    """How the importance of one criterion moves the winner, all others as they are."""

    __repr__ = brief

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

    __repr__ = brief

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

    __repr__ = brief

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

    __repr__ = brief

    model: str
    share: UnitNumber
    exact: bool
    error: UnitNumber
    """The standard error; 0 where the share is exact."""


# ------------------------------------------------------------- flips of the winner


class Line(NamedTuple):
    """A model's weighted sum as one importance moves: start + slope * importance."""

    model: str
    start: int
    slope: int


def importance_flips(solver: Solver, decision: Decision) -> tuple[ImportanceFlips, ...]:
    """Return, for each criterion, the importances at which the winner changes."""
    importances = decision.profile.importances
    return tuple(
        [
            ImportanceFlips(criterion.name, now, _flip(lines, now, -1), _flip(lines, now, 1))
            for criterion, now, lines in zip(
                solver.declared.criteria, importances, _lines(solver, decision), strict=False
            )
        ]
    )


def importance_winners(
    solver: Solver, decision: Decision
) -> tuple[tuple[tuple[Fraction, str], ...], ...]:
    """Return, for each criterion, who wins along its importances: up to which, and the model."""
    return tuple([tuple(_winners(lines)) for lines in _lines(solver, decision)])


def _lines(solver: Solver, decision: Decision) -> Iterator[list[Line]]:
    """Yield, for each criterion, the lines of the models that can win; nothing if none can.

    Where scores are equal, the first of the lines wins.
    """
    factors = solver.coefficients(decision.profile.context)
    level = solver.neutral_sums(decision.profile.context)
    best = sorted(decision.contenders, key=lambda index: (-level[index], index))
    for k, now in enumerate(decision.profile.importances if best else ()):
        slopes = {index: factors[k] * solver.middles[index][k] for index in best}
        yield [
            Line(decision.standings[i].model.id, sum(decision.sums[i]) - now * slope, slope)
            for i, slope in slopes.items()
        ]


def _winners(lines: Sequence[Line]) -> Iterator[tuple[Fraction, str]]:
    """Yield the models that win from importance 0 on, each with where it is overtaken, or 10."""
    at, end = Fraction(0), Fraction(MAX_IMPORTANCE)
    while at < end:
        first = max(lines, key=lambda line: (line.start + line.slope * at, line.slope))
        overtaken = [
            Fraction(first.start - each.start, each.slope - first.slope)
            for each in lines
            if each.slope > first.slope
        ]
        at = min([end, *overtaken])
        yield at, first.model


def _winner(lines: Sequence[Line], at: Fraction | int) -> Line:
    """Return the first of the lines that are highest at an importance."""
    return max(lines, key=lambda line: line.start + line.slope * at)


def _flip(lines: Sequence[Line], now: int, way: int) -> Flip | None:
    """Return the nearest flip from an importance, down (-1) or up (1), within 0..10.

    Two lines cross once, so that the winner first loses to one of those that it crosses, and never
    wins again.
    """
    current = _winner(lines, now)
    end = MAX_IMPORTANCE if way > 0 else 0
    rising = [line for line in lines if (line.slope - current.slope) * way > 0]
    if not rising:
        return None
    at = min(
        (Fraction(current.start - r.start, r.slope - current.slope) for r in rising),
        key=lambda crossing: crossing * way,
    )
    if (end - at) * way < 0:
        return None
    there = _winner(lines, at)
    if at == end and there is current:
        return None
    height = there.start + there.slope * at
    level = [line for line in lines if line.start + line.slope * at == height]
    beyond = there if at == end else max(level, key=lambda line: line.slope * way)
    whole = math.ceil(at * way) * way
    if whole == at and there is current:
        whole += way
    if (end - whole) * way < 0:
        return Flip(at, beyond.model, there.model, None, None, None)
    first, last = _winner(lines, whole), whole
    while last != end and _winner(lines, last + way) is first:
        last += way
    return Flip(at, beyond.model, there.model, whole, first.model, last)


# -------------------------------------------------------------------- thresholds


def sweeps(solver: Solver, decision: Decision) -> tuple[Sweep, ...]:
    """Return, for each numeric requirement, the shortlist along its whole axis."""
    numeric = [each for each in solver.declared.requirements if each.numeric]
    axis = _Axis(solver, decision)
    return tuple([axis.sweep(requirement) for requirement in numeric])


_Answer = tuple[str, tuple[Ranked, ...], tuple[Change, ...]]
"""The status, the shortlist and the further changes of thresholds."""


class _Axis:
    """The shortlists along the axes of one decision."""

    def __init__(self, solver: Solver, decision: Decision) -> None:
        self._solver = solver
        self._decision = decision
        self._what_if = WhatIf(solver, decision)
        words = Status.UNVERIFIED.word, Status.MEETS.word
        self._ranked = [
            [Ranked(model.id, word) for word in words] for model in solver.catalogue.models
        ]

    def sweep(self, requirement: Requirement) -> Sweep:
        """Return the shortlist along the axis of one requirement, neighbours alike joined."""
        what_if, index = self._what_if, requirement.index
        cells = [cell for i, cell in what_if.cells.items() if i != index]
        stated = self._decision.signature.stated | requirement.bit
        others = what_if.layers(cells, stated)
        statements = union([cell.statements for cell in cells])
        answers = []
        last: tuple[Layers, int] | None = None
        for interval, cell in self._solver.column(requirement.name).intervals:
            key = what_if.narrowed(others, cell), cell.statements
            if key != last:
                answer = self._answer(key[0], statements | cell.statements)
                last = key
            answers.append((interval, answer))
        stretches = []
        for (status, shortlist, changes), alike in groupby(answers, key=lambda pair: pair[1]):
            parts = [interval for interval, _ in alike]
            whole = parts[0].to(parts[-1])
            ends = whole.low, whole.low_included, whole.high, whole.high_included
            stretches.append(Stretch(*ends, status, shortlist, changes))
        current = self._decision.profile.require.get(requirement.name)
        return Sweep(requirement.name, cast("Number | None", current), tuple(stretches))

    def _answer(self, layers: Layers, statements: int) -> _Answer:
        context = self._what_if.context(statements)
        if context is None:
            return INVALID, (), ()
        shortlist = tuple(
            [self._ranked[i][met] for i, met in self._what_if.ranked(layers, context)]
        )
        primary = self._decision.profile.primary
        gone = primary is not None and context.primary is None
        changes = (Change("primary", primary, None),) if gone else ()
        return shortlist[0].status if shortlist else INFEASIBLE, shortlist, changes


# ------------------------------------------------------------- shares of weights


def first_rank_shares(solver: Solver, decision: Decision) -> tuple[Share, ...]:
    """Return the first-rank acceptability of each contender, in order of the ranking.

    The weights of the criteria that are scored are drawn evenly from the simplex. One or two unlike
    models that can win at all: exact, by the divided difference of x_+^(n-1) (Hermite-Genocchi).
    More: sampled. Models alike in every value share equally.
    """
    scored = [c.index for c in solver.declared.criteria if solver.weights.knows(c)]
    rows = {}
    for index in decision.contenders:
        middles = solver.middles[index]
        rows[index] = tuple([middles[k] for k in scored])
    unlike = tuple(sorted(set(rows.values())))
    shares = dict(zip(unlike, _shares(unlike), strict=True))
    alike = {row: list(rows.values()).count(row) for row in unlike}
    found = []
    for index, row in rows.items():
        share, error = shares[row]
        model = decision.standings[index].model.id
        many = alike[row]
        found.append(Share(model, share / many, error is None, (error or 0.0) / many))
    return tuple(found)


@lru_cache(maxsize=2**10)
def _shares(rows: tuple[tuple[int, ...], ...]) -> list[tuple[float, float | None]]:
    """Return the share of each of unlike rows, with the standard error; None where it is exact."""
    able = [row for row in rows if not any(other != row and _covers(other, row) for other in rows)]
    if len(able) > _EXACT:
        sampled = _sampled(able)
        return [sampled.get(row, (0.0, None)) for row in rows]
    exact = dict.fromkeys(able, Fraction(1))
    if len(able) == _EXACT:
        one, other = able
        share = positive_share([a - b for a, b in zip(one, other, strict=True)])
        exact = {one: share, other: 1 - share}
    return [(float(exact.get(row, 0)), None) for row in rows]


def _covers(other: Sequence[int], row: Sequence[int]) -> bool:
    """Return whether a row is nowhere below another one."""
    return all(a >= b for a, b in zip(other, row, strict=True))


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
    (share,) = column
    return share


def _derivative(at: Fraction, power: int, k: int) -> Fraction:
    """Return the k-th derivative of x_+^power over k!: what equal nodes contribute."""
    if at <= 0:
        return Fraction(0)
    return math.comb(power, k) * at ** (power - k)


def _sampled(rows: Sequence[tuple[int, ...]]) -> dict[tuple[int, ...], tuple[float, float | None]]:
    """Return the shares of rows that can win, each with its standard error."""
    import numpy as np  # noqa: PLC0415  (two models need no arrays)

    scores = _drawn(len(rows[0])) @ np.array(rows, dtype=np.float64).T
    counts = np.bincount(scores.argmax(axis=1), minlength=len(rows)).tolist()
    return {
        row: (count / SAMPLES, math.sqrt(count * (SAMPLES - count) / SAMPLES) / SAMPLES)
        for row, count in zip(rows, counts, strict=True)
    }


@cache
def _drawn(criteria: int) -> NDArray[np.float64]:
    """Return weights drawn evenly from the simplex, up to their sums, which do not matter."""
    import numpy as np  # noqa: PLC0415

    return np.random.default_rng(SEED).standard_exponential((SAMPLES, criteria))
