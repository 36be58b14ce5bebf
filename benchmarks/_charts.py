"""Charts as inline SVG: no script, no font of their own, colours from the page, words for readers.

Every chart has a title and a description that says what it shows; the colours are variables of the
page, so that they follow its light and dark dress.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from _experiments import Lead, Point

WIDTH: Final = 720
_LEFT: Final = 190
_RIGHT: Final = 24
_ROW: Final = 22
_BINS: Final = 24
Series = tuple[str, str, Sequence[Point]]
"""A name, a class of the style sheet, and the points."""


def svg(height: float, title: str, told: str, body: Sequence[str]) -> str:
    """Return a picture with its words."""
    return (
        f'<svg viewBox="0 0 {WIDTH} {_n(height)}" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title><desc>{escape(told)}</desc>{''.join(body)}</svg>"
    )


def dumbbells(leads: Sequence[Lead], title: str) -> str:
    """Return one row for each label: its smallest lead before (ring) and after (dot)."""
    values = [v for lead in leads for v in lead[1:]]
    low, high = min(0.0, *values), max(0.0, *values)
    high = high if high > low else low + 1
    pad = 0.04 * (high - low)
    low, high = (low - pad if low < 0 else low), high + pad

    def x(value: float) -> float:
        return _LEFT + (value - low) / (high - low) * (WIDTH - _LEFT - _RIGHT)

    top = 26
    bottom = top + _ROW * len(leads)
    body = []
    for tick in _ticks(low, high):
        kind = "zero" if tick == 0 else "grid"
        body.append(_line(x(tick), top - 6, x(tick), bottom, kind))
        body.append(_text(x(tick), top - 12, _tick(tick), "tick", "middle"))
    for i, lead in enumerate(leads):
        y = top + _ROW * (i + 0.5)
        body.append(_text(_LEFT - 12, y + 4, _short(lead.label), "name", "end"))
        body.append(_line(x(lead.before), y, x(lead.after), y, "bar"))
        body.append(f'<circle cx="{_n(x(lead.before))}" cy="{_n(y)}" r="4" class="before"/>')
        kind = "after" if lead.after > 0 else "bad"
        body.append(f'<circle cx="{_n(x(lead.after))}" cy="{_n(y)}" r="4.5" class="{kind}"/>')
    told = "; ".join(f"{each.label}: {each.before:.4f} to {each.after:.4f}" for each in leads)
    return svg(bottom + 8, title, told, body)


def histogram(leads: Sequence[Lead], title: str) -> str:
    """Return how many labels have which smallest lead, before above the axis and after below."""
    values = [v for lead in leads for v in lead[1:]]
    low, high = min(values), max(values)
    high = high if high > low else low + 1
    counts = {"before": [0] * _BINS, "after": [0] * _BINS}
    for lead in leads:
        for kind, value in (("before", lead.before), ("after", lead.after)):
            place = min(_BINS - 1, int((value - low) / (high - low) * _BINS))
            counts[kind][place] += 1
    most = max(max(each) for each in counts.values())
    left, wide, tall, middle = 72, (WIDTH - 72 - _RIGHT) / _BINS, 110, 128
    body = []
    for kind, up in (("before", True), ("after", False)):
        for i, count in enumerate(counts[kind]):
            height = tall * count / most
            y = middle - height if up else middle
            body.append(
                f'<rect x="{_n(left + i * wide + 1)}" y="{_n(y)}" width="{_n(wide - 2)}"'
                f' height="{_n(height)}" class="{kind}-bar"/>'
            )
        body.append(_text(left - 12, middle + (-tall / 2 if up else tall / 2), kind, "name", "end"))
    for tick in _ticks(low, high):
        x = left + (tick - low) / (high - low) * wide * _BINS
        kind = "zero" if tick == 0 else "grid"
        body.append(_line(x, 12, x, middle + tall + 6, kind))
        body.append(_text(x, middle + tall + 24, _tick(tick), "tick", "middle"))
    told = "; ".join(
        f"from {low + i * (high - low) / _BINS:.3f}: {a} before, {b} after"
        for i, (a, b) in enumerate(zip(*counts.values(), strict=True))
    )
    return svg(middle + tall + 32, title, told, body)


def curve(points: Sequence[Point], title: str, axis: str, base: tuple[str, float] | None) -> str:
    """Return a curve of shares with the span of its repeats, and perhaps a level to compare."""
    ends = [p.least for p in points] + ([base[1]] if base else [])
    low = max(0.0, min(0.9, min(ends) - 0.02))
    most = max(p.at for p in points)
    left, top, tall = 64, 16, 190
    wide = WIDTH - left - 150

    def x(at: float) -> float:
        return left + wide * at / most

    def y(share: float) -> float:
        return top + tall * (1 - (share - low) / (1 - low))

    body = []
    for tick in _ticks(low, 1.0):
        body.append(_line(left, y(tick), left + wide, y(tick), "grid"))
        body.append(_text(left - 10, y(tick) + 4, f"{tick:.0%}", "tick", "end"))
    if base:
        body.append(_line(left, y(base[1]), left + wide, y(base[1]), "level"))
        body.append(_text(left + wide + 10, y(base[1]) + 4, base[0], "tick", "start"))
    upper = [f"{_n(x(p.at))},{_n(y(p.most))}" for p in points]
    lower = [f"{_n(x(p.at))},{_n(y(p.least))}" for p in reversed(points)]
    body.append(f'<polygon points="{" ".join(upper + lower)}" class="span"/>')
    path = " ".join(f"{_n(x(p.at))},{_n(y(p.mean))}" for p in points)
    body.append(f'<polyline points="{path}" class="curve"/>')
    for point in points:
        body.append(
            f'<circle cx="{_n(x(point.at))}" cy="{_n(y(point.mean))}" r="4" class="after"/>'
        )
        body.append(_text(x(point.at), top + tall + 20, f"{point.at:.0%}", "tick", "middle"))
    last = points[-1]
    shift = 0 if not base or abs(y(last.mean) - y(base[1])) > 16 else -16
    body.append(
        _text(
            left + wide + 10,
            y(last.mean) + 4 + shift,
            f"{last.mean:.1%} at the end",
            "name",
            "start",
        )
    )
    body.append(_text(left + wide / 2, top + tall + 42, axis, "tick", "middle"))
    told = "; ".join(f"at {p.at:.0%}: {p.mean:.1%}" for p in points)
    return svg(top + tall + 52, title, told, body)


def _ticks(low: float, high: float) -> list[float]:
    """Return a few round numbers from one end to the other."""
    span = high - low
    step = next(
        size * 10.0**power
        for power in range(-6, 3)
        for size in (1, 2, 5)
        if span / (size * 10.0**power) <= 6
    )
    first = -(-low // step)
    return [round((first + i) * step, 9) for i in range(8) if (first + i) * step <= high + 1e-9]


def _tick(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".") if value else "0"


def _short(text: str) -> str:
    return text if len(text) <= 24 else text[:23] + "…"


def _n(value: float) -> str:
    """Return a number as a picture holds it: the same text on every machine."""
    return f"{value + 0.0:.1f}"


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    ends = f'x1="{_n(x1)}" y1="{_n(y1)}" x2="{_n(x2)}" y2="{_n(y2)}"'
    return f'<line {ends} class="{kind}"/>'


def _text(x: float, y: float, text: str, kind: str, anchor: str) -> str:
    place = f'x="{_n(x)}" y="{_n(y)}" text-anchor="{anchor}"'
    return f'<text {place} class="{kind}">{escape(text)}</text>'
