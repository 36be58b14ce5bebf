"""The score: value functions of facts, and one exact integer kernel for one profile or many.

A value is a whole number in 0..10**6, computed once for each end of a fact with decimal
arithmetic and rounded half to even. Values and weights multiply and add in int64; the limits of
`weights` keep every sum below 2**53. A model ranks by the midpoint of its least and its most sum.
Midpoints are kept doubled, as the sum of both ends, so that they stay whole numbers; a score is a
doubled sum divided by `full_score`.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from functools import lru_cache
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mars_solver.inputs.facts import Model
from mars_solver.inputs.weights import Anchor, Curve, Weights
from mars_solver.vocabulary import CRITERIA, VALUE_SCALE, Criterion

Integers = NDArray[np.int64]
DOUBLED: Final = 2 * VALUE_SCALE
"""The doubled midpoint of the best value."""
_DIGITS: Final = 50


def value_table(models: tuple[Model, ...], weights: Weights) -> Integers:
    """Return the values of each model, shape (models, criteria, 2): least and most."""
    rows = [[_ends(model, criterion, weights) for criterion in CRITERIA] for model in models]
    return np.array(rows, dtype=np.int64).reshape(len(models), len(CRITERIA), 2)


def middles(values: Integers) -> tuple[tuple[int, ...], ...]:
    """Return the doubled midpoints of a value table: of each model, one for each criterion."""
    return tuple(map(tuple, values.sum(axis=2).tolist()))


def full_score(weights: Sequence[int]) -> int:
    """Return the doubled weighted sum of a model whose every value is the best: a score of 1.

    Where all weights are 0, every score is 0, and this is `DOUBLED`.
    """
    return DOUBLED * (sum(weights) or 1)


def totals(weights: Integers, values: Integers) -> Integers:
    """Return the weighted sums of values.

    Args:
        weights: shape (rows, criteria).
        values: shape (models, criteria, 2).

    Returns:
        shape (rows, models, 2): the least and the most that each model can sum to.
    """
    models, criteria, ends = values.shape
    flat = values.transpose(1, 0, 2).reshape(criteria, models * ends)
    return (weights @ flat).reshape(len(weights), models, ends)


def _ends(model: Model, criterion: Criterion, weights: Weights) -> tuple[int, int]:
    """Return the least and the most value that a model's fact admits."""
    if criterion.kind == "capability":
        known = model.capability(criterion.fact)
        return (0, VALUE_SCALE) if known is None else (VALUE_SCALE * known,) * 2
    claimed = model.range(criterion.fact)
    if claimed is None:
        return 0, VALUE_SCALE
    curve: Curve = getattr(weights.curves, criterion.name)
    low, high = sorted(value(curve, end) for end in claimed)
    return low, high


@lru_cache(maxsize=2**10)
def value(curve: Curve, at: float) -> int:
    """Return the value of a fact: exact decimal interpolation, rounded half to even."""
    anchors = curve.anchors
    if at <= anchors[0].at:
        return anchors[0].value
    if at >= anchors[-1].at:
        return anchors[-1].value
    left, right = next((a, b) for a, b in pairwise(anchors) if a.at <= at <= b.at)
    with localcontext(prec=_DIGITS):
        share = _share(curve.scale, left, right, at)
        exact = left.value + (right.value - left.value) * share
        return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def _share(scale: str, left: Anchor, right: Anchor, at: float) -> Decimal:
    """Return how far `at` lies from `left` to `right` on the scale."""
    start, here, end = (Decimal(x) for x in (left.at, at, right.at))
    if scale == "log":
        start, here, end = start.log10(), here.log10(), end.log10()
    return (here - start) / (end - start)
