"""The map of the winner over two axes, as a picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from mars_solver.explaining.decision_map import DecisionMap, MapAxis, MapCell, regions
from mars_solver.rendering.words import interval_text
from mars_solver.solving.cells import Interval
from mars_solver.vocabulary import (
    INFEASIBLE,
    INVALID,
    MAX_IMPORTANCE,
    REQUIREMENT,
    Status,
    number,
)
from mars_solver.web.svg import (
    HUES,
    LEFT,
    LETTER,
    SMALL,
    WIDTH,
    Legend,
    Picture,
    TextTable,
    drawing,
    label,
    line,
    mark,
    patterns,
    rect,
)

if TYPE_CHECKING:
    from mars_solver.explaining.decision_map import Tick

RIGHT: Final = 14
_CLEAR: Final = 30
"""How far a label keeps off the mark of the profile."""


def map_picture(drawn: DecisionMap, names: Mapping[str, str]) -> Picture:
    """Return the map of the winner over two axes.

    Args:
        drawn: the map.
        names: of the models, by id, in the order in which they take colours.
    """
    hues = {model: place % HUES for place, model in enumerate(names)}
    won = [m for m in names if any(cell.winner == m for row in drawn.cells for cell in row)]
    x, y = axis_title(drawn.x.name), axis_title(drawn.y.name)
    at = cell_text(drawn.current, names)
    desc = f"Each area names the model that comes first there. The profile stands at: {at}."
    frame = _Frame(len(drawn.x.steps), len(drawn.y.steps))
    parts = [
        *patterns("map"),
        *(
            _region(frame, cell, places, names, hues, _mark_at(frame, drawn))
            for cell, places in regions(drawn)
        ),
        *_borders(frame, drawn),
        *_ticks_across(frame, drawn.x),
        *_ticks_up(frame, drawn.y),
        label((frame.left + frame.right) / 2, frame.height - 8, x, "axis"),
        label(4, 14, y, "axis start"),
        mark(*_mark_at(frame, drawn)),
    ]
    legend = tuple(Legend(hues[model], names[model]) for model in won)
    head = (f"{y} \\ {x}", *(step_text(drawn.x, step) for step in drawn.x.steps))
    rows = tuple(
        (step_text(drawn.y, step), *(cell_text(cell, names) for cell in row))
        for step, row in reversed(list(zip(drawn.y.steps, drawn.cells, strict=True)))
    )
    svg = drawing("map", f"Which model wins over {x} and {y}", desc, frame.height, parts)
    return Picture(svg, legend, TextTable(head, rows))


def axis_title(name: str) -> str:
    """Return what an axis shows, with its unit."""
    if name in REQUIREMENT:
        return f"{name} in {REQUIREMENT[name].unit}"
    return f"importance of {name}"


def step_text(side: MapAxis, step: Tick) -> str:
    """Return one part of an axis in words."""
    if step is None:
        return "not stated"
    if isinstance(step, Interval):
        return f"{interval_text(step)} {REQUIREMENT[side.name].unit}"
    return str(step)


def cell_text(cell: MapCell, names: Mapping[str, str]) -> str:
    """Return the answer of a cell in words."""
    if cell.status == INVALID:
        return "contradicts the rest of the profile"
    if cell.winner is None:
        return "no model"
    name = names[cell.winner]
    return name if cell.status == Status.GUARANTEED.word else f"{name} ({cell.status})"


class _Frame:
    """Where the cells of a map lie."""

    def __init__(self, columns: int, rows: int) -> None:
        self.left, self.right, self.top = float(LEFT), float(WIDTH - RIGHT), 26.0
        self.tall = max(26.0, min(62.0, 264.0 / rows)) if rows < MAX_IMPORTANCE else 24.0
        self.wide = (self.right - self.left) / columns
        self.bottom = self.top + self.tall * rows
        self.height = self.bottom + 46
        self._rows = rows

    def corner(self, row: int, column: int) -> tuple[float, float]:
        """Return the upper left corner of a cell; row 0 is the lowest."""
        return self.left + column * self.wide, self.top + (self._rows - 1 - row) * self.tall


def _region(
    frame: _Frame,
    cell: MapCell,
    places: Sequence[tuple[int, int]],
    names: Mapping[str, str],
    hues: Mapping[str, int],
    marked: tuple[float, float],
) -> str:
    """Return a connected area of one answer, labelled where there is most room, off the mark."""
    kind = cell.status if cell.winner is None else f"m{hues[cell.winner]}"
    look = f"area {kind}" + (" open" if cell.status == Status.UNVERIFIED.word else "")
    fill = {INFEASIBLE: "none", INVALID: "url(#map-invalid)"}.get(cell.status) or (
        f"url(#map-{hues[cell.winner or '']})"
    )
    boxes = [(*frame.corner(*place), frame.wide, frame.tall) for place in places]
    solid = "".join(rect(box, look) for box in boxes)
    ink = "".join(rect(box, "ink", fill) for box in boxes) if fill != "none" else ""
    block = _widest(places)
    (low, first), (high, last) = block
    start, top = frame.corner(high, first)
    end, bottom = frame.corner(low, last)
    x, y = (start + end + frame.wide) / 2, (top + bottom + frame.tall) / 2
    room, height = end + frame.wide - start, bottom + frame.tall - top
    if abs(y - marked[1]) < _CLEAR and abs(x - marked[0]) < room / 2:
        down = 1 if bottom + frame.tall - y > 2 * _CLEAR else -1
        y += down * _CLEAR if height > 3 * _CLEAR else 0
    return solid + ink + "".join(_label(cell, names, x, y, room, height))


def _widest(places: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the first and last place of the largest rectangle in an area."""
    inside = set(places)
    best, found = 0, (places[0], places[0])
    for j, i in places:
        width = max(i for _, i in inside) + 1
        for row in range(j, max(j for j, _ in inside) + 1):
            run = i
            while (row, run) in inside and run < width:
                run += 1
            width = run
            size = (width - i) * (row - j + 1)
            if size > best:
                best, found = size, ((j, i), (row, width - 1))
            if width == i:
                break
    return found


def _label(
    cell: MapCell, names: Mapping[str, str], x: float, y: float, room: float, height: float
) -> Iterator[str]:
    if cell.status == INVALID:
        words = ["contradiction"]
    elif cell.winner is None:
        words = ["no model"]
    else:
        words = [names[cell.winner]]
        if cell.status != Status.GUARANTEED.word and height > 36:  # noqa: PLR2004  (two lines)
            words.append(cell.status)
    for place, word in enumerate(words):
        fitting = int((room - 6) / (SMALL if place else LETTER))
        if len(word) > fitting:
            word = word.removeprefix("MARS-")  # noqa: PLW2901
        shown = word if len(word) <= fitting else word[: max(fitting - 1, 1)] + "…"
        line = y + 4 + 15 * (place - (len(words) - 1) / 2)
        yield label(x, line, shown, "name" if place == 0 else "small")


def _borders(frame: _Frame, drawn: DecisionMap) -> Iterator[str]:
    """Yield the lines between cells that differ, and the frame."""
    for j, row in enumerate(drawn.cells):
        for i, cell in enumerate(row):
            x, y = frame.corner(j, i)
            if i and row[i - 1] != cell:
                yield line(x, y, x, y + frame.tall, "edge")
            if j and drawn.cells[j - 1][i] != cell:
                yield line(x, y + frame.tall, x + frame.wide, y + frame.tall, "edge")
    box = (frame.left, frame.top, frame.right - frame.left, frame.bottom - frame.top)
    yield rect(box, "frame")


def _ticks_across(frame: _Frame, side: MapAxis) -> Iterator[str]:
    for text, place in _ticks(side):
        x = frame.left + place * frame.wide
        if place == int(place):
            yield line(x, frame.bottom, x, frame.bottom + 5, "tick")
        yield label(x, frame.bottom + 18, text, "small")


def _ticks_up(frame: _Frame, side: MapAxis) -> Iterator[str]:
    for text, place in _ticks(side):
        y = frame.bottom - place * frame.tall
        if place == int(place):
            yield line(frame.left - 5, y, frame.left, y, "tick")
        yield label(frame.left - 9, y + 4, text, "small end")


def _ticks(side: MapAxis) -> Iterator[tuple[str, float]]:
    """Yield the labels of an axis: at the borders between steps, or in the middle of one."""
    for place, step in enumerate(side.steps):
        if not isinstance(step, Interval):
            yield "not stated" if step is None else str(step), place + 0.5
        elif step.low == step.high:
            yield number(step.low), place + 0.5
        elif _meets_interval(side, place):
            yield number(step.low), float(place)


def _meets_interval(side: MapAxis, place: int) -> bool:
    """Return whether the step below a place is an interval, whose end no label names yet."""
    before = side.steps[place - 1] if place else None
    return isinstance(before, Interval) and before.low != before.high


def _mark_at(frame: _Frame, drawn: DecisionMap) -> tuple[float, float]:
    """Return where the profile is marked: in the upper left of its cell."""
    x, y = frame.corner(drawn.y.current, drawn.x.current)
    return x + min(frame.wide / 2, 13), y + min(frame.tall / 2, 13)
