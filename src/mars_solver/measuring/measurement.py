"""Samples to a measurement: percentiles by connection, and the fact that a file states."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any, Final

from mars_solver.errors import InputError, Problem
from mars_solver.inputs.catalogue.catalogue import Catalogue
from mars_solver.inputs.catalogue.measurements import with_measurements
from mars_solver.inputs.documents import toml_lines, toml_value
from mars_solver.measuring.alerts import Alert, alerts_of
from mars_solver.measuring.samples import Connection, Marks, Sample, Setup
from mars_solver.measuring.statistics import (
    Estimate,
    estimate,
    quantile,
    samples_needed,
    tail_of,
)
from mars_solver.solving.constraints import Check, own_verdict
from mars_solver.vocabulary import Verdict, counted

SCHEMA_OF_MEASUREMENT: Final = "mars-solver/measurement/1"
_HALF: Final = Fraction(1, 2)
_FINE: Final = 100
"""Ends are rounded to a tenth of a ms below this, and to a whole one above."""


@dataclass(frozen=True, slots=True)
class Series:
    """The samples that wanted one kind of connection, and either had it or failed.

    Attributes:
        wait: the percentile of the time to the first audio byte, in ms, since requests were due.
        since_sent: the same since they were sent, which hides what they waited before.
        failures: how many requests failed, by how; their wait is infinite.
        reconnected: how many were heard on another kind of connection; they are not counted.
        marks: median and percentile of each mark, in ms, over the requests that reached it.
        real_time_factor: the median time from the first to the last byte, as a share of what plays.
        gap: the longest time between two chunks, in ms.
        waits: all waits in ms, as they were due.
    """

    connection: Connection
    samples: int
    wait: Estimate
    since_sent: float
    failures: dict[str, int]
    reconnected: int
    marks: dict[str, tuple[float, float]]
    real_time_factor: float | None
    gap: float | None
    waits: tuple[float, ...]

    @property
    def ends(self) -> tuple[float, float]:
        """The ends of the percentile's interval in ms, rounded outwards."""
        return _rounded(self.wait.low, math.floor), _rounded(self.wait.high, math.ceil)

    @property
    def failed(self) -> int:
        """How many requests failed."""
        return sum(self.failures.values())


@dataclass(frozen=True, slots=True)
class Measurement:
    """What samples show.

    Attributes:
        setup: how they were made, and which percentile is asked for.
        series: warm before cold; the first is the fact.
        needed: the fewest samples that give an upper end, if none fails.
    """

    setup: Setup
    series: tuple[Series, ...]
    needed: int
    alerts: tuple[Alert, ...]

    @property
    def statistic(self) -> str:
        """The percentile as a fact names it, such as "p95"."""
        return f"p{self.setup.percentile}"

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON has it: what is infinite is null."""
        shown = {
            "schema": SCHEMA_OF_MEASUREMENT,
            **self.setup.model_dump(exclude={"format"}, mode="json"),
            "statistic": self.statistic,
            "samples_needed": self.needed,
            "series": [asdict(each) for each in self.series],
            "alerts": [asdict(each) for each in self.alerts],
        }
        return _finite(shown)  # type: ignore[no-any-return]

    def claims(self) -> dict[str, Any]:
        """Return the fact as a file of measurements states it, for `with_measurements`.

        Raises:
            InputError: where so many requests failed that the percentile has no finite lower end.
        """
        series = self.series[0]
        if not series.samples or math.isinf(series.wait.low):
            made = counted(series.samples, "request")
            found = f"{series.failed} of {made} failed: {failures_text(series)}"
            hint = "no fact is written"
            if not series.samples:
                found = f"all {series.reconnected} requests had to connect anew: none was warm"
                hint += "; measure --cold"
            raise InputError([Problem(self.setup.endpoint, "", "", found, hint)])
        first, *others = [self._claim(each) for each in self.series]
        finite = [claim for claim in others if math.isfinite(claim["low"])]
        if finite:
            why = f"of {{}} connections; the fact is of {first['connection']} ones"
            first["other_claims"] = [
                {**claim, "why_not": why.format(claim["connection"])} for claim in finite
            ]
        return {self.setup.model: {self.setup.attribute: first}}

    def _claim(self, series: Series) -> dict[str, Any]:
        setup = self.setup
        claim = {
            "low": series.ends[0],
            "high": series.ends[1],
            "source": f"our measurement of {setup.endpoint}",
            "as_of": setup.started[:10],
            "grade": "measured",
            "statistic": self.statistic,
            "samples": series.samples,
            "confidence": float(self.setup.sure),
            "region": setup.region,
            "connection": series.connection.value,
            "note": f"{series.failed} failed, {setup.rate:g} a second, texts {setup.texts[:12]}",
        }
        return {name: value for name, value in claim.items() if value is not None}

    def verdict(self, check: Check, catalogue: Catalogue) -> Verdict:
        """Return what the fact says of a requirement, as every answer would."""
        if math.isinf(self.series[0].wait.low) or not self.series[0].samples:
            return Verdict.UNVERIFIED
        measured = with_measurements(catalogue, self.claims(), place="measure")
        (model,) = (each for each in measured.models if each.id == self.setup.model)
        return own_verdict(check, model, measured)


def measurement_of(setup: Setup, samples: Sequence[Sample]) -> Measurement:
    """Return what samples, in any order, show."""
    percentile, tail = setup.share, tail_of(setup.sure, len(setup.looks))
    ordered = sorted(samples, key=lambda each: each.due_ms)
    kinds = [kind for kind in Connection if any(each.wanted is kind for each in ordered)]
    series = tuple(
        _series(kind, [each for each in ordered if each.wanted is kind], percentile, tail)
        for kind in kinds
    )
    needed = samples_needed(percentile, tail)
    counted = [each for each in ordered if each.wanted in kinds[:1] and not each.reconnected]
    alerts = alerts_of(ordered, counted, percentile, tail)
    return Measurement(setup, series, needed, alerts)


def _series(
    kind: Connection, wanting: Sequence[Sample], percentile: Fraction, tail: Fraction
) -> Series:
    counted = [each for each in wanting if not each.reconnected]
    waits = tuple(each.wait for each in counted)
    marks = {}
    for name in Marks.model_fields:
        reached = sorted(at for each in counted if (at := getattr(each.marks, name)) is not None)
        if reached:
            marks[name] = (quantile(reached, _HALF), quantile(reached, percentile))
    failed = Counter(each.failure for each in counted if each.failure)
    factors = sorted(
        (each.marks.last_byte - each.marks.first_audio) / each.audio_ms
        for each in counted
        if each.marks.last_byte is not None and each.marks.first_audio is not None and each.audio_ms
    )
    return Series(
        kind,
        len(counted),
        estimate(waits, percentile, tail),
        estimate([each.wait_since_sent for each in counted], percentile, tail).point,
        dict(failed.most_common()),
        len(wanting) - len(counted),
        marks,
        quantile(factors, _HALF) if factors else None,
        max((each.gap_ms for each in counted if each.gap_ms is not None), default=None),
        waits,
    )


def failures_text(series: Series) -> str:
    """Return what failed, in words."""
    return ", ".join(f"{count} × {how}" for how, count in series.failures.items())


def measurements_toml(measurement: Measurement) -> str:
    """Return the text of a file for `--measurements`.

    Raises:
        InputError: where there is no fact to state.
    """
    ((model, facts),) = measurement.claims().items()
    ((attribute, claim),) = facts.items()
    path = f"{toml_value(model)}.{attribute}"
    others = claim.pop("other_claims", ())
    lines = [f"# Made with {measurement.setup.made_with}.", f"[{path}]", *toml_lines(claim)]
    for other in others:
        lines += ["", f"[[{path}.other_claims]]", *toml_lines(other)]
    return "\n".join(lines) + "\n"


def _rounded(value: float, outwards: Callable[[float], int]) -> float:
    if math.isinf(value):
        return value
    return outwards(value * 10) / 10 if value < _FINE else outwards(value)


def _finite(value: Any) -> Any:
    """Return plain values with null for what is infinite."""
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and math.isinf(value) else value
