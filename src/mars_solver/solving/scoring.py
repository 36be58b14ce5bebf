"""The score: value functions of facts, and their exact weighted sums for one profile.

A value is a whole number in 0..10**6, computed once for each end of a fact with decimal
arithmetic and rounded half to even. Values and weights multiply and add exactly; the limits of
`weights` keep every sum below 2**53.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from functools import lru_cache
from itertools import pairwise
from typing import Final

from mars_solver.inputs.catalogue.attributes import Criterion, Declarations
from mars_solver.inputs.catalogue.models import Model
from mars_solver.inputs.weights import Anchor, Curve, Weights
from mars_solver.vocabulary import VALUE_SCALE, Kind

DOUBLED: Final = 2 * VALUE_SCALE
"""The doubled midpoint of the best value."""
Ends = tuple[int, int]
"""The least and the most that something can be."""
_DIGITS: Final = 50
_SURE: Final = Decimal("1e-30")
_LANE: Final = 8
"""Bytes of a packed sum: sums stay below 2**53."""


def value_rows(
    models: Sequence[Model], declared: Declarations, weights: Weights
) -> tuple[tuple[Ends, ...], ...]:
    """Return the least and most value of each model for each criterion."""
    return tuple(
        tuple([_ends(model, criterion, weights) for criterion in declared.criteria])
        for model in models
    )


class Sums:
    """The weighted sums of every model at once, for one profile.

    The values of one criterion, of all models and both ends, are packed into one whole number, a
    lane of 64 bits each, so that a sum over the criteria takes one product for each.
    """

    def __init__(self, values: Sequence[Sequence[Ends]]) -> None:
        self._bytes = 2 * _LANE * len(values)
        self._packed = [
            sum(
                end << 8 * _LANE * i for i, end in enumerate(end for pair in column for end in pair)
            )
            for column in zip(*values, strict=True)
        ]

    def of(self, weights: Sequence[int]) -> tuple[int, ...]:
        """Return the least and the most weighted sum of each model, one after the other."""
        total = 0
        for weight, packed in zip(weights, self._packed, strict=True):
            total += weight * packed
        return tuple(memoryview(total.to_bytes(self._bytes, "little")).cast("Q"))


def full_score(weights: Sequence[int]) -> int:
    """Return the doubled weighted sum of a model whose every value is the best: a score of 1.

    Where all weights are 0, every score is 0, and this is `DOUBLED`.
    """
    return DOUBLED * (sum(weights) or 1)


def _ends(model: Model, criterion: Criterion, weights: Weights) -> Ends:
    """Return the least and the most value that a model's fact admits."""
    if criterion.kind is Kind.CAPABILITY:
        known = model.capability(criterion.attribute)
        return (0, VALUE_SCALE) if known is None else (VALUE_SCALE * known,) * 2
    curve = weights.curves.get(criterion.name)
    claimed = model.range(criterion.attribute)
    if claimed is None or curve is None:
        return 0, VALUE_SCALE
    low, high = sorted(value(curve, end) for end in claimed)
    return low, high


@lru_cache(maxsize=2**10)
def value(curve: Curve, at: float) -> int:
    """Return the value of a fact: exact decimal interpolation, rounded half to even."""
    anchors = curve.anchors
    at = min(max(at, anchors[0].at), anchors[-1].at)
    left, right = next((a, b) for a, b in pairwise(anchors) if at <= b.at)
    with localcontext(prec=_DIGITS):
        share = _share(curve.scale, left, right, at)
        exact = left.value + (right.value - left.value) * share
        # What is a half but for the last digits of a logarithm or of a quotient is a half.
        half = exact.quantize(_SURE)
        return int(half.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def falls(curve: Curve) -> bool:
    """Return whether lower numbers are better."""
    return curve.anchors[0].value > curve.anchors[-1].value


def reach(curve: Curve, wanted: int, least: int, most: int) -> int | None:
    """Return the worst whole number in a range whose value is still as wanted.

    None where not even the best one's is.
    """
    sign = 1 if falls(curve) else -1
    best, worst = sorted((sign * least, sign * most))

    def holds(number: int) -> bool:
        return value(curve, sign * number) >= wanted

    if least > most or not holds(best):
        return None
    if holds(worst):
        return sign * worst
    # Arithmetic in floats comes close, so that few exact values settle the rest.
    low, high = best, worst
    near = sign * _near(curve, wanted)
    for number in (near - 1, near, near + 1):
        if low < number < high:
            low, high = (number, high) if holds(number) else (low, number)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return sign * low


def _near(curve: Curve, wanted: int) -> int:
    """Return about where a curve leaves what is rounded to a value."""
    edge = wanted - 0.5
    left, right = next(
        (a, b) for a, b in pairwise(curve.anchors) if (a.value < edge) != (b.value < edge)
    )
    share = (edge - left.value) / (right.value - left.value)
    if curve.scale == "log":
        return int(left.at * (right.at / left.at) ** share)
    return int(left.at + (right.at - left.at) * share)


def _share(scale: str, left: Anchor, right: Anchor, at: float) -> Decimal:
    """Return how far `at` lies from `left` to `right` on the scale."""
    start, here, end = (Decimal(x) for x in (left.at, at, right.at))
    if scale == "log":
        start, here, end = start.log10(), here.log10(), end.log10()
    return (here - start) / (end - start)
