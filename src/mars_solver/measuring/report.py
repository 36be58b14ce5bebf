"""A measurement for people: as text with a histogram, and as a page with pictures."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from mars_solver.inputs.catalogue.catalogue import Catalogue
from mars_solver.measuring.measurement import Measurement, Series, failures_text
from mars_solver.measuring.samples import Sample
from mars_solver.vocabulary import counted, day, number

MARKS: Final = {
    "sent": "request sent",
    "connected": "connected",
    "secured": "TLS ready",
    "headers": "headers",
    "first_byte": "first byte of the body",
    "first_audio": "first byte of audio",
    "first_audible": "first sound that can be heard",
    "last_byte": "last byte",
}
BINS: Final = 10
BAR: Final = 40
"""How many characters the longest bar of a histogram has."""


def title(measurement: Measurement, catalogue: Catalogue) -> str:
    """Return the news: what the percentile is."""
    series, setup = measurement.series[0], measurement.setup
    label = catalogue.declared.label(setup.attribute)
    return (
        f"{catalogue.names[setup.model]}, {label}: {measurement.statistic} is {_interval(series)}"
        f" ({setup.confidence} % confidence)"
    )


def basis(measurement: Measurement) -> str:
    """Return what the news rests on."""
    setup = measurement.setup
    *others, last = [(each.samples, each.connection) for each in measurement.series]
    kinds = "".join(f"{number(many)} {kind} and " for many, kind in others)
    requests = counted(last[0], f"{last[1]} request")
    region = f" from {setup.region}" if setup.region else ""
    how = f"due at {setup.rate:g} a second, at most {setup.concurrency} at once"
    return f"{kinds}{requests} to {setup.endpoint}{region}, {day(setup.started[:10])}, {how}"


def report(measurement: Measurement, catalogue: Catalogue) -> str:
    """Return a measurement as text."""
    lines = [title(measurement, catalogue), basis(measurement)]
    for series in measurement.series:
        lines += ["", f"{series.connection.capitalize()} connections", *_facts(measurement, series)]
        lines += ["", *_histogram(series)] if series.samples else []
    if measurement.alerts:
        lines += ["", "Warnings"]
        lines += [f"  {each.kind}: {each.says}; {each.do}" for each in measurement.alerts]
    return "\n".join(lines)


def _interval(series: Series) -> str:
    low, high = series.ends
    if not series.samples:
        return "not known: no request had a warm connection"
    if math.isinf(low):
        return "infinite: too many requests failed"
    if math.isinf(high):
        return f"{_ms(low)} or more, with no upper end yet"
    return f"{_ms(low)} to {_ms(high)}"


def _facts(measurement: Measurement, series: Series) -> Iterator[str]:
    statistic = measurement.statistic
    yield f"  {'':<32}{'median':>12}{statistic:>12}"
    for name, label in MARKS.items():
        if name in series.marks:
            middle, far = series.marks[name]
            yield f"  {label:<32}{_ms(middle):>12}{_ms(far):>12}"
    if series.samples:
        seen = _ms(series.wait.point)
        yield f"  {statistic} since each request was due: {_interval(series)}; {seen} among these"
        yield f"  {statistic} since each was sent, which hides waiting: {_ms(series.since_sent)}"
    if series.real_time_factor is not None:
        factor = series.real_time_factor
        yield f"  median real-time factor: {factor:.2f} (below 1: faster than it plays)"
    if series.gap is not None:
        yield f"  longest gap between chunks: {_ms(series.gap)}"
    if series.failures:
        yield f"  failed: {series.failed} of {series.samples} ({failures_text(series)})"
    if series.reconnected:
        yield f"  not counted, as they had to connect anew: {series.reconnected}"


def bins(waits: Sequence[float]) -> list[tuple[float, float, int]]:
    """Return a histogram of finite waits: from, to, and how many."""
    finite = [wait for wait in waits if math.isfinite(wait)]
    if not finite:
        return []
    low, width = min(finite), (max(finite) - min(finite)) / BINS
    if not width:
        return [(low, low, len(finite))]
    counts = [0] * BINS
    for wait in finite:
        counts[min(BINS - 1, int((wait - low) / width))] += 1
    return [(low + i * width, low + (i + 1) * width, n) for i, n in enumerate(counts)]


def _histogram(series: Series) -> Iterator[str]:
    rows = [(f"{_ms(low)} to {_ms(high)}", count) for low, high, count in bins(series.waits)]
    if series.failed:
        rows.append(("failed", series.failed))
    most = max((count for _, count in rows), default=1)
    for label, count in rows:
        yield f"  {label:>24}  {'█' * math.ceil(BAR * count / most)} {count}".rstrip()


def _ms(value: float) -> str:
    if math.isinf(value):
        return "infinite"
    shown = round(value, 1) if value < 100 else round(value)  # noqa: PLR2004
    return f"{number(shown)} ms"


WIDTH, HEIGHT = 640, 240
"""Of a picture, in its own units."""
_COLOURS: Final = {"warm": "#b3541e", "cold": "#1e5fb3"}


def page(measurement: Measurement, samples: Sequence[Sample], catalogue: Catalogue) -> str:
    """Return a measurement as one page that needs no other file."""
    from jinja2 import Environment, FileSystemLoader  # noqa: PLC0415  (loads when used)

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True
    )
    waits = [wait for each in measurement.series for wait in each.waits if math.isfinite(wait)]
    most = max(waits, default=1) or 1
    last = max((each.due_ms for each in samples), default=1) or 1
    return environment.get_template("report.html").render(
        title=title(measurement, catalogue),
        basis=basis(measurement),
        text=report(measurement, catalogue),
        series=[
            {
                "name": each.connection.value,
                "colour": _COLOURS[each.connection],
                "line": _steps(each, most),
            }
            for each in measurement.series
        ],
        dots=[_dot(each, last, most) for each in samples],
        most=_ms(most),
        last=f"{last / 1000:.0f} s",
        share=1 - float(measurement.setup.share),
        alerts=measurement.alerts,
        failures=[(each.connection.value, each.failures) for each in measurement.series],
        setup=measurement.setup,
        width=WIDTH,
        height=HEIGHT,
    )


def _steps(series: Series, most: float) -> str:
    """Return the cumulative distribution as the points of a line; failures never reach the top."""
    ordered = sorted(wait for wait in series.waits if math.isfinite(wait))
    points = [(0.0, 0.0)]
    for i, wait in enumerate(ordered):
        points += [(wait / most, i / series.samples), (wait / most, (i + 1) / series.samples)]
    points.append((1.0, len(ordered) / series.samples if series.samples else 0.0))
    return " ".join(f"{WIDTH * x:.1f},{HEIGHT * (1 - y):.1f}" for x, y in points)


def _dot(sample: Sample, last: float, most: float) -> dict[str, Any]:
    """Return where a sample is on the timeline; a failure is at the top."""
    failed = math.isinf(sample.wait)
    return {
        "x": f"{WIDTH * sample.due_ms / last:.1f}",
        "y": "0" if failed else f"{HEIGHT * (1 - min(1, sample.wait / most)):.1f}",
        "colour": "#c00" if failed else _COLOURS[sample.connection or sample.wanted],
        "says": f"{sample.number}: {sample.outcome if failed else _ms(sample.wait)}",
    }
