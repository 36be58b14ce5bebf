"""What makes a measurement doubtful is said, once for each reason, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from mars_solver.measuring.alerts import AlertKind, alerts_of
from mars_solver.measuring.samples import Connection, Marks, Outcome, Sample
from mars_solver.measuring.statistics import tail_of

P95 = Fraction(95, 100)


def sample(number: int, wait: float = 0, **parts: Any) -> Sample:
    """A sound request whose wait differs a little from that of the others."""
    wait = wait or 100 + number * 7 % 10
    marks = Marks(sent=parts.pop("sent", 0.1), first_audio=wait, last_byte=wait + 1)
    told = {"outcome": Outcome.HEARD, "connection": Connection.WARM, "silence_ms": 0.0, **parts}
    return Sample(
        number=number, due_ms=number, wanted=Connection.WARM, text="x", marks=marks, **told
    )


DOUBTFUL: dict[AlertKind, Callable[[int], Sample]] = {
    AlertKind.FEW: lambda n: sample(n, outcome=Outcome.TIMEOUT if n % 50 == 0 else Outcome.HEARD),
    AlertKind.DRIFT: lambda n: sample(n, wait=200 - min(n, 50) + n * 7 % 10),
    AlertKind.RECONNECTS: lambda n: sample(
        n, connection=Connection.COLD if n == 9 else Connection.WARM
    ),
    AlertKind.STALLS: lambda n: sample(n, starved_ms=90.0 if n == 9 else 0.0),
    AlertKind.OUTLIERS: lambda n: sample(n, wait=900 if n == 60 else 0),
    AlertKind.SILENCE: lambda n: sample(n, silence_ms=120.0),
    AlertKind.CLOCK: lambda n: sample(n, late_ms=30.0 if n % 20 == 0 else 0.1),
}


@pytest.mark.parametrize("kind", AlertKind)
def test_each_reason_to_doubt_is_said_with_what_to_do(kind: AlertKind) -> None:
    samples = [DOUBTFUL[kind](number) for number in range(144)]
    counted = [each for each in samples if not each.reconnected]
    (alert,) = alerts_of(samples, counted, P95, tail_of(P95))
    assert alert.kind is kind
    assert alert.says
    assert alert.do


def test_a_sound_measurement_is_not_doubted() -> None:
    samples = [sample(number) for number in range(144)]
    assert alerts_of(samples, samples, P95, tail_of(P95)) == ()
    (few,) = alerts_of(samples[:71], samples[:71], P95, tail_of(P95))
    assert few.do == "ask for 72 or more, with no failure"
    fast = [sample(0, wait=1), *samples[1:]]
    (far,) = alerts_of(fast, fast, P95, tail_of(P95))
    assert far.says.endswith(": 1, the farthest 1 ms")
