"""Inline SVG for pictures of an answer, and what goes with each as text.

Colour never stands alone: each hue has a pattern, and labels name what it means. Colours are
classes that the style sheet of the page defines, so that they follow its light and dark modes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

HUES: Final = 8
"""So many colours and patterns take turns."""
WIDTH: Final = 560
LEFT: Final = 116
"""Where the room for labels ends."""
LETTER: Final = 8.2
"""About the width of a letter of a name."""
SMALL: Final = 6.8
"""The same of what is written small."""


@dataclass(frozen=True, slots=True)
class TextTable:
    """The facts of a picture as text."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    """As many cells in each as in the head; the first one names the row."""


@dataclass(frozen=True, slots=True)
class Legend:
    """What one colour and pattern means."""

    hue: int
    text: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture with all that it shows as text."""

    svg: str
    """Well-formed; every text in it is escaped."""
    legend: tuple[Legend, ...]
    table: TextTable


def drawing(name: str, title: str, desc: str, height: float, parts: Sequence[str]) -> str:
    """Return a picture of some height with its title and description."""
    inside = "".join(parts)
    return (
        f'<svg class="picture" viewBox="0 0 {WIDTH} {coordinate(height)}" role="img"'
        f' aria-labelledby="{name}-title {name}-desc" xmlns="http://www.w3.org/2000/svg">'
        f'<title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-desc">{escape(desc)}</desc>{inside}</svg>'
    )


_STROKES: Final = (
    "",
    '<path d="M-2 2L2 -2M0 8L8 0M6 10L10 6"/>',
    '<circle cx="2" cy="2" r="1"/><circle cx="6" cy="6" r="1"/>',
    '<path d="M-2 6L2 10M0 0L8 8M6 -2L10 2"/>',
    '<path d="M0 2H8M0 6H8"/>',
    '<path d="M2 0V8M6 0V8"/>',
    '<path d="M0 4H8M4 0V8"/>',
    '<path d="M0 0L8 8M8 0L0 8"/>',
)
"""One pattern for each hue, in a square of 8 by 8."""


def patterns(name: str) -> Iterator[str]:
    """Yield the patterns of a picture; their ids begin with its name."""
    box = 'width="8" height="8" patternUnits="userSpaceOnUse"'
    yield "<defs>"
    for hue, stroke in enumerate(_STROKES):
        yield f'<pattern id="{name}-{hue}" class="p{hue}" {box}>{stroke}</pattern>'
    yield f'<pattern id="{name}-invalid" class="invalid" {box}>{_STROKES[7]}</pattern></defs>'


def rect(box: tuple[float, float, float, float], look: str, fill: str = "") -> str:
    """Return a rectangle (x, y, width, height) of a class, perhaps filled with a pattern."""
    x, y, wide, tall = (coordinate(each) for each in box)
    paint = f' fill="{fill}"' if fill else ""
    return f'<rect class="{look}"{paint} x="{x}" y="{y}" width="{wide}" height="{tall}"/>'


def line(x: float, y: float, to_x: float, to_y: float, look: str) -> str:
    """Return a line of a class."""
    one, two, three, four = (coordinate(each) for each in (x, y, to_x, to_y))
    return f'<line class="{look}" x1="{one}" y1="{two}" x2="{three}" y2="{four}"/>'


def label(x: float, y: float, text: str, look: str) -> str:
    """Return a text of a class."""
    return f'<text class="{look}" x="{coordinate(x)}" y="{coordinate(y)}">{escape(text)}</text>'


def coordinate(value: float) -> str:
    """Return a coordinate, to a tenth."""
    return f"{value:.1f}".removesuffix(".0")


def mark(x: float, y: float) -> str:
    """Return the mark of the profile."""
    at = f'cx="{coordinate(x)}" cy="{coordinate(y)}"'
    return f'<circle class="halo" {at} r="9"/><circle class="here" {at} r="5.5"/>'
