"""What makes a measurement doubtful: a closed list, each with what to do about it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from statistics import median
from typing import Final

from mars_solver.measuring.samples import Sample
from mars_solver.measuring.statistics import estimate, quantile, samples_needed


class AlertKind(StrEnum):
    """What there is to be warned of."""

    FEW = "too few samples"
    DRIFT = "drift"
    RECONNECTS = "reconnects"
    STALLS = "stalls"
    OUTLIERS = "outliers"
    SILENCE = "silence at the start"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True)
class Alert:
    """A doubt, and what to do about it."""

    kind: AlertKind
    says: str
    do: str


CHANCE: Final = Fraction(1, 100)
"""How often each end of a median may be wrong where a drift is looked for."""
NOTICED: Final = 1.1
"""A factor between medians from which a drift matters."""
FAR: Final = 10 * 1.4826
"""So many median absolute deviations from the median are an outlier: ten standard deviations where
waits are normal."""
MOST_FAILED: Final = 20
"""With more failures than this an upper end is far away."""
LATE_MS: Final = 5
QUIET_MS: Final = 50
STARVED_MS: Final = 20
QUEUED_MS: Final = 20
_HALF, _MOST = Fraction(1, 2), Fraction(99, 100)


def alerts_of(
    samples: Sequence[Sample], counted: Sequence[Sample], percentile: Fraction, tail: Fraction
) -> tuple[Alert, ...]:
    """Return every doubt about some samples.

    Args:
        samples: all of them, as they were due.
        counted: those that the fact counts.
        percentile: as a share.
        tail: how often each end of its interval may be wrong.
    """
    checks = (
        _few(counted, percentile, tail),
        _drift(counted),
        _reconnects(samples),
        _stalls(counted, percentile),
        _outliers(counted),
        _silence(counted),
        _clock(samples),
    )
    return tuple(alert for each in checks for alert in each)


def _few(counted: Sequence[Sample], percentile: Fraction, tail: Fraction) -> Iterator[Alert]:
    failed = sum(math.isinf(each.wait) for each in counted)
    found = f"{len(counted)}, of which {failed} failed, give no upper end"
    if not counted:
        return
    if failed > (1 - percentile) * len(counted):
        do = "no number of samples would, while so many fail: look at what failed"
        yield Alert(AlertKind.FEW, found, do)
    elif failed <= MOST_FAILED and len(counted) < (
        needed := samples_needed(percentile, tail, failed)
    ):
        more = "further failure" if failed else "failure"
        yield Alert(AlertKind.FEW, found, f"ask for {needed} or more, with no {more}")


def _drift(counted: Sequence[Sample]) -> Iterator[Alert]:
    waits = [each.wait for each in counted if math.isfinite(each.wait)]
    parts = waits[: len(waits) // 4], waits[len(waits) // 4 :]
    early, late = (estimate(part, _HALF, CHANCE) for part in parts)
    slower, faster = early.low > late.high, early.high < late.low
    points = sorted((early.point, late.point))
    if (slower or faster) and points[1] > NOTICED * points[0]:
        which = "slower" if slower else "faster"
        yield Alert(
            AlertKind.DRIFT,
            f"the first quarter was {which}: {early.point:.0f} ms in the middle, then"
            f" {late.point:.0f} ms",
            "raise --warm-up" if slower else "lower --rate, or measure again at another time",
        )


def _reconnects(samples: Sequence[Sample]) -> Iterator[Alert]:
    count = sum(each.reconnected for each in samples)
    if count:
        yield Alert(
            AlertKind.RECONNECTS,
            f"requests that wanted a warm connection and had to open one: {count}, not counted",
            "the server closes connections, or all were busy: lower --rate, raise --warm-up as far"
            " as --concurrency, or measure --cold",
        )


def _stalls(counted: Sequence[Sample], percentile: Fraction) -> Iterator[Alert]:
    starved = [each.starved_ms for each in counted if (each.starved_ms or 0) > STARVED_MS]
    if starved:
        yield Alert(
            AlertKind.STALLS,
            f"answers whose audio came later than it plays: {len(starved)}, by up to"
            f" {max(filter(None, starved)):.0f} ms",
            "buffer at least as much before playing",
        )
    queued = [each.marks.sent or 0 for each in counted]
    if queued and (wait := quantile(sorted(queued), percentile)) > QUEUED_MS:
        yield Alert(
            AlertKind.STALLS,
            f"requests waited up to {wait:.0f} ms for a free slot, which counts",
            "the server stalled or is slower than the rate: lower --rate, or raise --concurrency",
        )


def _outliers(counted: Sequence[Sample]) -> Iterator[Alert]:
    waits = [each.wait for each in counted if math.isfinite(each.wait)]
    if not waits:
        return
    middle = median(waits)
    spread = median(abs(wait - middle) for wait in waits)
    far = [wait for wait in waits if abs(wait - middle) > max(FAR * spread, 1)]
    if far:
        farthest = max(far, key=lambda wait: abs(wait - middle))
        yield Alert(
            AlertKind.OUTLIERS,
            f"waits far from the median of {middle:.0f} ms: {len(far)}, the farthest"
            f" {farthest:.0f} ms",
            "they count; look at when they came (--html), and close what else uses the network",
        )


def _silence(counted: Sequence[Sample]) -> Iterator[Alert]:
    quiet = sorted(each.silence_ms for each in counted if each.silence_ms is not None)
    if quiet and (middle := median(quiet)) >= QUIET_MS:
        yield Alert(
            AlertKind.SILENCE,
            f"the audio begins with {middle:.0f} ms of silence, which the first byte does not show",
            "add it to what a listener waits, or skip it when playing",
        )


def _clock(samples: Sequence[Sample]) -> Iterator[Alert]:
    late = sorted(each.late_ms for each in samples)
    if late and (worst := quantile(late, _MOST)) > LATE_MS:
        yield Alert(
            AlertKind.CLOCK,
            f"this machine began requests up to {worst:.0f} ms late, which counts as waiting",
            "close other programs, or measure from a machine that is idle",
        )
