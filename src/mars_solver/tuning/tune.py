"""Weights from labels: the public face of what `benchmarks/tune_weights.py` does.

Labels that can all hold do hold under the weights that come out, proved with the solver itself.
Beside them the guide and the pinned answers are kept where that is possible.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final, NamedTuple

import numpy as np

from mars_solver.errors import InputError, Problem, extra
from mars_solver.inputs.weights import MAX_WEIGHT, Weights, with_vectors
from mars_solver.solving.solver import Solver
from mars_solver.tuning.labels import Label
from mars_solver.tuning.leads import Lead, Row, Target, numbers_of, vectors_of
from mars_solver.tuning.targets import GroundedLabel, SolverCache, questions, satisfied
from mars_solver.vocabulary import CRITERION_NAMES

with extra("tune"):
    from mars_solver.tuning.contradictions import FEW, contradictions
    from mars_solver.tuning.disjunctions import search
    from mars_solver.tuning.exact import KEPT, all_hold, finest, rounded, smallest, whole_numbers
    from mars_solver.tuning.logit import SLIP, fit
    from mars_solver.tuning.programmes import Floats, keepable, nearest, pushed, roomiest

SHARE: Final = 0.25
"""The share of the widest margin that the weights nearest to the prior still have."""
MISSED: Final = 0.1
"""Where the weights at the start miss more than this share of all that is asked, they are no
prior for it: what is likeliest after the labels is. Where the labels exclude more than this share
of the guide, they come from another taste than the guide's, and all of it is given up."""
FOLDS: Final = 5


class Invariants(NamedTuple):
    """What weights have to keep beside the labels, in order of importance."""

    guide: tuple[Target, ...] = ()
    pins: tuple[Target, ...] = ()


NOTHING: Final = Invariants()


class Push(NamedTuple):
    """Criteria to which the base leans as far as a margin lets it."""

    criteria: tuple[str, ...]
    margin: float
    """The smallest lead that is left to any label and to all that is kept, in score points."""


class Fit(NamedTuple):
    """Numbers that bring targets about."""

    numbers: Row
    best: float
    """The widest margin that any weights have, in score points; 0 where labels contradict."""


@dataclass(frozen=True)
class Tuned:
    """What came of tuning."""

    weights: Weights
    start: Weights
    questions: tuple[GroundedLabel, ...]
    separable: bool
    """Whether weights were found that bring all labels about. Of labels with one way each that is
    exact; of others none may be found though there are some. Where the margin is too narrow for
    whole numbers as large as a file holds, some labels are violated all the same."""
    margin: Fraction | None
    """The smallest lead of any label in score points, under the weights as rounded; negative where
    a label is violated, None where no label leaves anything to lead.

    The lead of a model over another is the difference of their scores, which are weighted means of
    values from 0 to 1; of a label with several ways to come true, the best one counts.
    """
    best_margin: float
    """The widest margin that any weights have, over everything that is kept, before rounding."""
    violated: tuple[str, ...]
    """Ids of the labels that do not come out."""
    contradictions: tuple[tuple[str, ...], ...]
    """Ids of labels that exclude each other, each set minimal, the smallest first."""
    given_up: tuple[str, ...] = field(default=())
    """What of the guide and the pinned answers does not hold under the weights."""


def tune(
    labels: Sequence[Label], solver: Solver, kept: Invariants = NOTHING, push: Push | None = None
) -> Tuned:
    """Return the weights that labels ask for.

    Args:
        labels: in any order; one that stands twice counts once.
        solver: the catalogue, and the weights at the start.
        kept: what the weights have to keep beside the labels where they can.
        push: where the weights are to lean, rather than stay near to those at the start.

    Raises:
        InputError: with every label that does not fit the others or the facts; or where a push has
            no room.
    """
    asked = questions(labels, solver)
    targets = [question.target for question in asked]
    start = _start(solver.weights)
    whole = _solve(asked, kept, start, push)
    separable = whole is not None
    found = () if separable else contradictions(targets)
    numbers, best = whole or _compromise(asked, kept, start, thorough=True)
    points = [p for target in targets if (p := target.points(numbers)) is not None]
    weights = with_vectors(solver.weights, vectors_of(numbers))
    missed = tuple(t.name for t in targets if not t.holds(numbers))
    _reprove(asked, solver, weights, missed)
    return Tuned(
        weights,
        solver.weights,
        asked,
        separable=separable,
        margin=min(points, default=None),
        best_margin=best,
        violated=missed,
        contradictions=tuple(tuple(targets[i].name for i in each) for each in found),
        given_up=tuple(t.name for t in (*kept.guide, *kept.pins) if not t.holds(numbers)),
    )


def _start(weights: Weights) -> Floats:
    """Return weights as floats; where all are 0, each as much as the others."""
    numbers = np.array(numbers_of(weights.vectors), dtype=np.float64)
    return numbers if numbers.any() else np.ones(len(numbers))


def _solve(
    asked: Sequence[GroundedLabel], kept: Invariants, start: Floats, push: Push | None = None
) -> Fit | None:
    """Return numbers that bring all labels about, and what is kept; None where none do."""
    targets = [question.target for question in asked]
    bounds = _bounds(targets, kept, start)
    if bounds is None:
        return None
    targets += bounds
    found = search(targets, start / start.sum())
    if found is None:
        return None
    leads = found.leads
    if push is not None:
        return Fit(_pushed(leads, start, push), found.points)
    prior = _prior(asked, targets, start) * found.free
    near = nearest(leads, SHARE * found.points, prior)
    for numbers in (near, found.numbers * start.sum()):
        whole = None if numbers is None else rounded(numbers, leads, SHARE * found.points)
        if whole is not None:
            return Fit(whole, found.points)
    roomy = roomiest(leads, MAX_WEIGHT, found.free)
    fine = [finest(found.numbers), *([] if roomy is None else [whole_numbers(roomy)])]
    return Fit(next((each for each in fine if all_hold(leads, each)), fine[0]), found.points)


def _pushed(leads: Sequence[Lead], start: Floats, push: Push) -> Row:
    """Return numbers that lean to some criteria.

    Raises:
        InputError: where the margin leaves no room, or rounding none of it.
    """
    places = [CRITERION_NAMES.index(name) for name in push.criteria]
    numbers = pushed(leads, 1.1 * push.margin, start, places)
    found = None if numbers is None else rounded(numbers, leads, push.margin / KEPT)
    if found is None or smallest(leads, found) < push.margin:
        what = f"a push that leaves every lead {push.margin} points"
        hint = "lower the margin, or start from other weights"
        raise InputError([Problem("push", ", ".join(push.criteria), what, "no room", hint)])
    return found


def _bounds(targets: Sequence[Target], kept: Invariants, start: Floats) -> list[Target] | None:
    """Return what of the guide and the pins can be kept beside labels; None where these contradict.

    All of it where that is possible. Else as much of the guide as misses least, and then of the
    pins; but none of both where the labels exclude more than `MISSED` of the guide.
    """
    if not any(kept):
        return []
    level = start / start.sum()
    if search([*targets, *kept.guide, *kept.pins], level) is not None:
        return [*kept.guide, *kept.pins]
    found = search(targets, level)
    if found is None:
        return None
    hard, bounds = list(found.leads), list[Target]()
    for group in kept:
        soft = _leads_of(group)
        numbers = keepable(hard, soft)
        held = () if numbers is None else [t for t in group if t.holds(finest(numbers))]
        if len(held) < (1 - MISSED) * len(group) and group is kept.guide:
            return []
        if search([*targets, *bounds, *held], level) is not None:
            bounds += held
            hard += _leads_of(held)
    return bounds


def _leads_of(targets: Sequence[Target]) -> list[Lead]:
    """Return the leads of targets of one way, or none."""
    return [lead for target in targets for way in target.ways[:1] for lead in way]


def _prior(asked: Sequence[GroundedLabel], targets: Sequence[Target], start: Floats) -> Floats:
    """Return what the numbers are to be near to: those at the start, unless they miss too much."""
    numbers = finest(start)
    missed = sum(not target.holds(numbers) for target in targets)
    return fit(asked, start, 0.0) if missed > MISSED * len(targets) else start


def _compromise(
    asked: Sequence[GroundedLabel], kept: Invariants, start: Floats, *, thorough: bool
) -> Fit:
    """Return numbers for labels that contradict each other.

    The likeliest ones, given that some labels are slips; and then those near to them that keep the
    guide beside the labels that come out. Where thorough, of few labels as many come out as can
    beside these.
    """
    likely = fit(asked, start, SLIP)
    numbers = finest(likely)
    held = [question for question in asked if question.target.holds(numbers)]
    if thorough and len(asked) <= FEW:
        for question in asked:
            more = [*(each.target for each in held), question.target]
            if question not in held and search(more, likely / likely.sum()) is not None:
                held.append(question)
        return _solve(held, kept, likely) or Fit(numbers, 0.0)
    found = _solve(held, kept, likely) if kept.guide or kept.pins else None
    return Fit(found.numbers if found else numbers, 0.0)


@dataclass(frozen=True)
class HeldOut:
    """How weights from some labels answer others."""

    labels: int
    right: int

    @property
    def share(self) -> float:
        """The share of labels that come out; 1 without any."""
        return self.right / self.labels if self.labels else 1.0


def estimate(asked: Sequence[GroundedLabel], start: Weights) -> Row:
    """Return the weights for labels alone, as one row, and without naming contradictions."""
    numbers = _start(start)
    found = _solve(asked, NOTHING, numbers)
    return (found or _compromise(asked, NOTHING, numbers, thorough=False)).numbers


def held_out(asked: Sequence[GroundedLabel], numbers: Row) -> HeldOut:
    """Return how many labels come out under some weights."""
    return HeldOut(len(asked), sum(question.target.holds(numbers) for question in asked))


def cross_validate(
    asked: Sequence[GroundedLabel], start: Weights, seed: int, folds: int = FOLDS
) -> tuple[HeldOut, ...]:
    """Return how labels come out under weights made without their group, fold by fold.

    The guide and the pins are left aside: they say what many labels say.
    """
    groups = sorted({question.label.group for question in asked})
    random.Random(seed).shuffle(groups)  # noqa: S311  (a split, no secret)
    found = []
    for fold in range(min(folds, len(groups))):
        out = set(groups[fold::folds])
        rest = [question for question in asked if question.label.group not in out]
        tested = [question for question in asked if question.label.group in out]
        found.append(held_out(tested, estimate(rest, start)))
    return tuple(found)


def _reprove(
    asked: Sequence[GroundedLabel], solver: Solver, weights: Weights, missed: Sequence[str]
) -> None:
    """Hold the answers of the solver itself against what the arithmetic of leads says.

    Raises:
        RuntimeError: where they differ, which is a fault of this package.
    """
    facts = SolverCache(Solver(solver.catalogue, weights))
    for question in asked:
        if satisfied(question.label, facts.of(question.label)) is (question.label.id in missed):
            raise RuntimeError(f"{question.label.id}: the solver and the tuner differ")
