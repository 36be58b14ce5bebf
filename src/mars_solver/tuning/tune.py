"""Weights from labels: what `benchmarks/tune_weights.py` runs.

If weights can meet all labels, the tuned weights do, and the solver itself checks it. The guide and
the pinned answers are kept too, as far as the labels allow.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final, NamedTuple

import numpy as np

from mars_solver.errors import InputError, Problem, extra
from mars_solver.inputs.catalogue.attributes import Declarations
from mars_solver.inputs.weights import MAX_WEIGHT, Weights, with_vectors
from mars_solver.solving.solver import Solver
from mars_solver.tuning.labels import Label
from mars_solver.tuning.leads import (
    KEPT,
    FloatArray,
    IntegerRow,
    Lead,
    Target,
    finest,
    numbers_of,
    readings,
    vectors_of,
    whole_numbers,
)
from mars_solver.tuning.targets import GroundedLabel, SolverCache, questions, satisfied

with extra("tune"):
    from mars_solver.tuning.contradictions import FEW, Contradictions, contradictions, losers
    from mars_solver.tuning.exact import Conflict
    from mars_solver.tuning.logit import LAPSE_RATE, fit
    from mars_solver.tuning.programmes import Widest, keepable, nearest, pushed, roomiest, search

SHARE: Final = 0.25
"""The share of the widest margin that the weights nearest to the prior have to keep."""
MISSED: Final = 0.1
"""If the weights at the start miss more than this share of all targets, the likeliest weights
replace them as the prior. If the labels exclude more than this share of the guide, they do not
share the guide's preferences, and all of the guide is given up."""
FOLDS: Final = 5


class Invariants(NamedTuple):
    """What weights should keep beside the labels, in order of importance."""

    guide: tuple[Target, ...] = ()
    pins: tuple[Target, ...] = ()


NOTHING: Final = Invariants()


class Push(NamedTuple):
    """Criteria to which the base should lean as far as a margin allows."""

    criteria: tuple[str, ...]
    margin: float
    """The smallest lead that any label and all that is kept may have, in score points."""


class Fit(NamedTuple):
    """Numbers that meet targets."""

    numbers: IntegerRow
    best: float
    """The widest margin that any weights have, in score points; 0 if labels contradict."""


@dataclass(frozen=True)
class Tuned:
    """The result of tuning."""

    weights: Weights
    start: Weights
    questions: tuple[GroundedLabel, ...]
    separable: bool
    """Whether weights were found that meet all labels. If the margin is too narrow for the whole
    numbers that a file can hold, some labels are violated all the same."""
    margin: Fraction | None
    """The smallest lead of any label in score points, under the rounded weights; negative if a
    label is violated, None if the facts decide all labels.

    The lead of a model over another is the difference of their scores, which are weighted means of
    values from 0 to 1. The best way of a label counts.
    """
    best_margin: float
    """The widest margin that any weights have, over everything that is kept, before rounding."""
    violated: tuple[str, ...]
    """Ids of the labels that the weights do not meet."""
    tied: tuple[str, ...]
    """Ids of the labels that the weights meet by what breaks ties: the scores are equal."""
    contradictions: tuple[tuple[str, ...], ...]
    """Minimal sets of labels that exclude each other, by id, the smallest first."""
    complete: bool
    """Whether these are all such sets."""
    given_up: tuple[str, ...] = field(default=())
    """What the weights do not keep of the guide and the pinned answers."""


def tune(
    labels: Sequence[Label], solver: Solver, kept: Invariants = NOTHING, push: Push | None = None
) -> Tuned:
    """Return the weights that labels ask for.

    Args:
        labels: in any order, which changes nothing; a repeated label counts once.
        solver: the catalogue, and the weights at the start.
        kept: what the weights should keep beside the labels.
        push: where the weights should lean, rather than stay near to those at the start.

    Raises:
        InputError: if a push has no room, or if ids clash or labels do not fit the facts; all such
            labels are named.
    """
    asked = questions(labels, solver)
    targets = [question.target for question in asked]
    declared = solver.declared
    start = _start(solver.weights, declared)
    leaning = push and _leaning(push, declared)
    whole, against = _solve(asked, kept, start, leaning), Contradictions((), complete=True)
    separable = whole is not None
    if whole is None:
        against = contradictions(targets, len(start))
        whole = _compromise(asked, kept, start, leaning, against.named)
    numbers = whole.numbers
    points = {t.name: p for t in targets if (p := t.points(numbers)) is not None}
    weights = with_vectors(solver.weights, declared, vectors_of(numbers, declared))
    violated = sorted(t.name for t in targets if not t.holds(numbers))
    _reprove(asked, solver, weights, violated)
    return Tuned(
        weights,
        solver.weights,
        asked,
        separable=separable,
        margin=min(points.values(), default=None),
        best_margin=whole.best,
        violated=tuple(violated),
        tied=tuple(sorted({name for name in points if not points[name]}.difference(violated))),
        contradictions=tuple(tuple(sorted(targets[i].name for i in c)) for c in against.named),
        complete=against.complete,
        given_up=tuple(t.name for t in (*kept.guide, *kept.pins) if not t.holds(numbers)),
    )


def _start(weights: Weights, declared: Declarations) -> FloatArray:
    """Return weights as floats; all 1 if all are 0."""
    numbers = np.array(numbers_of(weights, declared), dtype=np.float64)
    return numbers if numbers.any() else np.ones(len(numbers))


def _solve(
    asked: Sequence[GroundedLabel],
    kept: Invariants,
    start: FloatArray,
    push: _Leaning | None = None,
) -> Fit | None:
    """Return numbers that meet all labels and what can be kept; None if none are found."""
    targets = [question.target for question in asked]
    targets += _bounds(targets, kept, len(start))
    wide = search(targets, np.ones(len(start)))
    if wide is None:
        return None
    fine = wide.only or finest(wide.numbers)
    room = _Room(targets, [t for t in targets if t.points(fine)], SHARE * wide.points)
    if push is not None:
        return Fit(_pushed(wide, room, start, push), wide.points)
    numbers = _settled(asked, wide, room, start)
    if numbers is None:
        wild = roomiest(wide.leads, MAX_WEIGHT, wide.free)
        rows = [*readings(wide.numbers), *([] if wild is None else [whole_numbers(wild)]), fine]
        sound = [row for row in rows if max(row) <= MAX_WEIGHT and room.holds(row)]
        rough = max(sound, key=room.smallest, default=finest(wide.numbers))
        numbers = _settled(asked, wide, room, np.array(rough, dtype=np.float64)) or rough
    return Fit(numbers, wide.points)


class _Room(NamedTuple):
    """What whole numbers have to leave."""

    targets: Sequence[Target]
    loose: Sequence[Target]
    """Those that need not be met by ties."""
    least: float
    """The margin that is wanted, in score points."""

    def holds(self, numbers: IntegerRow) -> bool:
        """Return whether numbers meet all targets."""
        return all(target.holds(numbers) for target in self.targets)

    def smallest(self, numbers: IntegerRow) -> Fraction:
        """Return the smallest lead that is no tie, in score points; 1 if there is none."""
        leads = (target.points(numbers) for target in self.loose)
        return min((lead for lead in leads if lead is not None), default=Fraction(1))

    def enough(self, numbers: IntegerRow) -> bool:
        """Return whether numbers meet all targets and leave the margin that rounding keeps."""
        return self.holds(numbers) and self.smallest(numbers) >= KEPT * self.least


def _settled(
    asked: Sequence[GroundedLabel], wide: Widest, room: _Room, start: FloatArray
) -> IntegerRow | None:
    """Return the numbers at the start if they leave enough room, else some near to them that do.

    So tuned weights stay as they are if they are tuned again.
    """
    if room.enough(whole_numbers(start)):
        return whole_numbers(start)
    near = nearest(wide.leads, room.least, _prior(asked, room.targets, start) * wide.free)
    for numbers in (near, wide.numbers * start.sum()):
        rows = iter(()) if numbers is None else readings(numbers)
        if (row := next(filter(room.enough, rows), None)) is not None:
            return row
    return None


class _Leaning(NamedTuple):
    """A push, with where its criteria are."""

    push: Push
    criteria: list[int]
    width: int
    """How many criteria there are."""


def _leaning(push: Push, declared: Declarations) -> _Leaning:
    criteria = [declared.criterion[name].index for name in push.criteria]
    return _Leaning(push, criteria, len(declared.criteria))


def _pushed(wide: Widest, room: _Room, start: FloatArray, leaning: _Leaning) -> IntegerRow:
    """Return numbers that lean to some criteria.

    Raises:
        InputError: if no numbers leave the margin, or rounding does not.
    """
    push = leaning.push
    prior = start * wide.free
    numbers = pushed(wide.leads, 1.1 * push.margin, prior, leaning.criteria, leaning.width)
    wanted = room._replace(least=push.margin / KEPT)
    rows = iter(()) if numbers is None else readings(numbers * wide.free)
    whole = next(filter(wanted.enough, rows), None)
    if whole is None:
        what = f"a push that leaves every lead {push.margin} points"
        hint = "lower the margin, or start from other weights"
        raise InputError([Problem("push", ", ".join(push.criteria), what, "no room", hint)])
    return whole


def _bounds(targets: Sequence[Target], kept: Invariants, size: int) -> list[Target]:
    """Return what can be kept of the guide and the pins beside labels.

    All of it is kept if that is possible. Else the guide and then the pins are kept as far as they
    hold under the numbers that miss them least; but nothing is kept if the labels exclude more than
    `MISSED` of the guide, or each other.
    """
    level = np.ones(size)
    if not any(kept) or search([*targets, *kept.guide, *kept.pins], level) is not None:
        return [*kept.guide, *kept.pins]
    wide = search(targets, level)
    if wide is None:
        return []
    hard, bounds = list(wide.leads), list[Target]()
    for group in kept:
        soft = _leads_of(group)
        numbers = keepable(hard, soft, size)
        held = () if numbers is None else [t for t in group if t.holds(finest(numbers))]
        if len(held) < (1 - MISSED) * len(group) and group is kept.guide:
            return []
        if search([*targets, *bounds, *held], level) is not None:
            bounds += held
            hard += _leads_of(held)
    return bounds


def _leads_of(targets: Sequence[Target]) -> list[Lead]:
    """Return the leads of the first way of each target."""
    return [lead for target in targets for way in target.ways[:1] for lead in way]


def _prior(
    asked: Sequence[GroundedLabel], targets: Sequence[Target], start: FloatArray
) -> FloatArray:
    """Return what the numbers should be near to: those at the start, unless they miss too much."""
    numbers = finest(start)
    missed = sum(not target.holds(numbers) for target in targets)
    return fit(asked, start, 0.0) if missed > MISSED * len(targets) else start


def _compromise(
    asked: Sequence[GroundedLabel],
    kept: Invariants,
    start: FloatArray,
    push: _Leaning | None = None,
    known: Sequence[Conflict] | None = None,
) -> Fit:
    """Return numbers for labels that contradict each other: as if some were not there.

    Up to `FEW` labels, the lightest are left out that let the others be met together. Beyond, or
    if no contradictions are known, those are that the likeliest numbers miss, given that some
    labels are mistakes. Tuning again leaves out the same ones.
    """
    targets, size = [question.target for question in asked], len(start)
    lost = None
    if known is not None and len(asked) <= FEW:
        counts = [question.label.document.weight for question in asked]
        lost = losers(targets, counts, known, whole_numbers(start))
    if lost is None:
        likely = finest(fit(asked, np.ones(size), LAPSE_RATE))
        lost = tuple(i for i, target in enumerate(targets) if not target.holds(likely))
    solved = _solve([q for i, q in enumerate(asked) if i not in lost], kept, start, push)
    return Fit(solved.numbers if solved else whole_numbers(start), 0.0)


@dataclass(frozen=True)
class HeldOut:
    """How many labels weights meet that were tuned on other labels."""

    labels: int
    right: int

    @property
    def share(self) -> float:
        """The share of labels that are met; 1 if there are none."""
        return self.right / self.labels if self.labels else 1.0


def estimate(asked: Sequence[GroundedLabel], start: Weights, declared: Declarations) -> IntegerRow:
    """Return the weights for labels alone, as one row; contradictions are not named."""
    numbers = _start(start, declared)
    solved = _solve(asked, NOTHING, numbers)
    return (solved or _compromise(asked, NOTHING, numbers)).numbers


def held_out(asked: Sequence[GroundedLabel], numbers: IntegerRow) -> HeldOut:
    """Return how many labels some weights meet."""
    return HeldOut(len(asked), sum(question.target.holds(numbers) for question in asked))


def cross_validate(
    asked: Sequence[GroundedLabel],
    start: Weights,
    declared: Declarations,
    seed: int,
    folds: int = FOLDS,
) -> tuple[HeldOut, ...]:
    """Return, fold by fold, how many labels are met by weights that were tuned without their group.

    The guide and the pins are left out: they say what many labels say.
    """
    groups = sorted({question.label.group for question in asked})
    random.Random(seed).shuffle(groups)  # noqa: S311  (a split, no secret)
    results = []
    for fold in range(min(folds, len(groups))):
        out = set(groups[fold::folds])
        rest = [question for question in asked if question.label.group not in out]
        tested = [question for question in asked if question.label.group in out]
        results.append(held_out(tested, estimate(rest, start, declared)))
    return tuple(results)


def _reprove(
    asked: Sequence[GroundedLabel], solver: Solver, weights: Weights, violated: Sequence[str]
) -> None:
    """Compare the answers of the solver itself with what the arithmetic of leads says.

    Raises:
        RuntimeError: if they differ, which is a fault of this package.
    """
    solvers = SolverCache(Solver(solver.catalogue, weights))
    for question in asked:
        if satisfied(question.label, solvers.of(question.label)) is (question.label.id in violated):
            raise RuntimeError(f"{question.label.id}: the solver and the tuner differ")
