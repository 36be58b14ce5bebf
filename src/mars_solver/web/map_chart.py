"""The map of the page: which model wins over two axes, as a chart."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Final

from mars_solver.explaining.decision_map import DecisionMap, MapAxis, MapCell, regions
from mars_solver.rendering.words import CONTRADICTION, interval_text
from mars_solver.solving.table import Interval
from mars_solver.vocabulary import INVALID, MAX_NUMBER, Status, number
from mars_solver.web.charts import (
    WIDTH,
    Chart,
    Models,
    Shape,
    cut,
    cuts_of,
    line,
    marker,
    rectangle,
    scaled,
    spot,
    words,
)
from mars_solver.web.form import title

if TYPE_CHECKING:
    from mars_solver.explaining.decision_map import Tick
    from mars_solver.inputs.catalogue.attributes import Declarations
    from mars_solver.inputs.catalogue.catalogue import Catalogue
    from mars_solver.solving.table import Number

_LEFT: Final = 46.0
_RIGHT: Final = WIDTH - 8.0
_TOP: Final = 26.0
_ROOM: Final = 264.0
_UNSTATED: Final = 0.23
"""The part of an axis where no limit is stated."""
_MARKER_ROOM: Final = 26
"""How far the label of a region keeps away from the mark of the profile."""

Position = tuple[int, int]
"""A cell of a map: row from below, column from the left."""
Link = Callable[[Mapping[str, "Number | None"]], "str | None"]
"""Returns the query that asks for some values of the axes; None where nothing leads there."""


def map_chart(
    drawn: DecisionMap, catalogue: Catalogue, stated: Mapping[str, Number], link: Link
) -> Chart:
    """Return the map of the winner over two axes.

    Args:
        drawn: the map.
        catalogue: its catalogue.
        stated: the limits that the profile states, by requirement.
        link: gives the address of a place.
    """
    models, declared = Models(catalogue), catalogue.declared
    layout = _MapLayout(drawn, models, stated)
    x_title, y_title = (axis_title(side.name, declared) for side in (drawn.x, drawn.y))
    winners = {cell.winner for row in drawn.cells for cell in row}
    rows = (
        (step_text(drawn.y, step, declared), *(cell_text(cell, models.names) for cell in row))
        for step, row in reversed(list(zip(drawn.y.steps, drawn.cells, strict=True)))
    )
    return Chart(
        title="Which model comes first where",
        description=(
            f"Across: {x_title}, {layout.x_how}. Up: {y_title}, {layout.y_how}."
            f" Here: {cell_text(drawn.current, models.names)}."
        ),
        height=_TOP + _ROOM + 44,
        shapes=(
            *layout.regions(link, declared),
            *layout.edges(),
            *layout.ticks(),
            words("axis", (_LEFT + _RIGHT) / 2, _TOP + _ROOM + 38, f"{x_title} →"),
            words("axis start", 0, 13, f"↑ {y_title}"),
            marker(*layout.marker),
        ),
        legend=models.legend(winners),
        head=(
            f"{y_title} \\ {x_title}",
            *(step_text(drawn.x, step, declared) for step in drawn.x.steps),
        ),
        rows=tuple(rows),
    )


def axis_title(name: str, declared: Declarations) -> str:
    """Return what an axis shows, with its unit."""
    if name not in declared.requirement:
        return f"Importance of {declared.phrase(name)}"
    requirement = declared.requirement[name]
    return title(requirement) + (f" ({requirement.unit})" if requirement.unit else "")


def step_text(side: MapAxis, step: Tick, declared: Declarations) -> str:
    """Return one step of an axis in words."""
    if step is None:
        return "not stated"
    if isinstance(step, Interval):
        return f"{interval_text(step)} {declared.requirement[side.name].unit}".strip()
    return str(step)


def cell_text(cell: MapCell, names: Mapping[str, str]) -> str:
    """Return the answer of a cell in words."""
    if cell.status == INVALID:
        return CONTRADICTION
    if cell.winner is None:
        return "no model"
    confirmed = cell.status == Status.MEETS.word
    return names[cell.winner] + ("" if confirmed else " (not confirmed)")


def value_in(step: Tick) -> Number | None:
    """Return a value of a step to ask for: an end that belongs to it, else one within."""
    if not isinstance(step, Interval):
        return step
    if step.low_included and step.low:
        return step.low
    if step.high_included and step.high < MAX_NUMBER:
        return step.high
    return round(step.representative) or step.representative


def _places(side: MapAxis) -> tuple[list[float], str]:
    """Return where the steps of an axis begin and end, from 0 to 1, and how they were placed."""
    limits = [step for step in side.steps if isinstance(step, Interval)]
    if not limits:
        return [i / len(side.steps) for i in range(len(side.steps) + 1)], "to scale"
    cuts, how = scaled(cuts_of(limits))
    unstated = len(limits) < len(side.steps)
    part = min(_UNSTATED, 1 / (len(limits) + 1)) if unstated else 0.0
    start = part if side.steps[0] is None else 0.0
    inner = [start + (1 - part) * at for at in (0.0, *cuts, 1.0)]
    return ([0.0, *inner] if start else [*inner, 1.0] if part else inner), how


class _MapLayout:
    """Where the parts of a map lie."""

    def __init__(self, drawn: DecisionMap, models: Models, stated: Mapping[str, Number]) -> None:
        self._drawn = drawn
        self._models = models
        across, self.x_how = _places(drawn.x)
        up, self.y_how = _places(drawn.y)
        self._x = [_LEFT + (_RIGHT - _LEFT) * at for at in across]
        self._y = [_TOP + _ROOM * (1 - at) for at in up]
        self.marker = (
            self._along(drawn.x, self._x, stated.get(drawn.x.name)),
            self._along(drawn.y, self._y, stated.get(drawn.y.name)),
        )
        """Where the profile is."""

    @staticmethod
    def _along(side: MapAxis, ends: Sequence[float], value: Number | None) -> float:
        """Return where the profile is on one side: at its limit, else in the middle of its step."""
        step = side.steps[side.current]
        start, end = ends[side.current : side.current + 2]
        if value is not None and isinstance(step, Interval) and step.low < step.high < MAX_NUMBER:
            return start + (end - start) * (value - step.low) / (step.high - step.low)
        return (start + end) / 2

    def regions(self, link: Link, declared: Declarations) -> Iterator[Shape]:
        """Yield each connected region of one answer as a link to it, then its label."""
        for cell, positions in regions(self._drawn):
            corners = _largest_rectangle(positions, self._x, self._y)
            row, column = _middle(corners)
            ticks = self._drawn.x.steps[column], self._drawn.y.steps[row]
            query = link(
                {
                    side.name: value_in(tick)
                    for side, tick in zip((self._drawn.x, self._drawn.y), ticks, strict=True)
                }
            )
            look = self._models.hues[cell.winner] if cell.winner else cell.status
            told = "; ".join(
                f"{axis_title(side.name, declared)}: {step_text(side, tick, declared)}"
                for side, tick in zip((self._drawn.x, self._drawn.y), ticks, strict=True)
            )
            yield Shape(
                "path",
                f"area {look} {cell.status}",
                self._outline(positions),
                link=query,
                told=f"{cell_text(cell, self._models.names)}: {told}",
            )
            yield from self._label(cell, corners)

    def _outline(self, positions: Sequence[Position]) -> str:
        """Return the path around some cells: a rectangle for each run of a row."""
        parts = []
        for row, cells in groupby(positions, key=lambda each: each[0]):
            for first, last in _runs([column for _, column in cells]):
                x, y = self._x[first], self._y[row + 1]
                width, height = self._x[last + 1] - x, self._y[row] - y
                parts.append(rectangle(x, y, width, height))
        return "".join(parts)

    def _label(self, cell: MapCell, corners: tuple[Position, Position]) -> Iterator[Shape]:
        """Yield the label of a region: in its largest rectangle, away from the mark."""
        (low, first), (high, last) = corners
        start, end, top, bottom = self._x[first], self._x[last + 1], self._y[high + 1], self._y[low]
        x, y = (start + end) / 2, (top + bottom) / 2
        near = abs(y - self.marker[1]) < _MARKER_ROOM and start < self.marker[0] < end
        if near and bottom - top > 3 * _MARKER_ROOM:
            y += _MARKER_ROOM if bottom - y > 2 * _MARKER_ROOM else -_MARKER_ROOM
        room = end - start - 4
        told = "contradiction" if cell.status == INVALID else "no model"
        lines = [cut(told, room, 6.4) if len(told) * 6.4 <= room else ""]
        if cell.winner is not None:
            lines = [self._models.fitted(cell.winner, room)]
            if cell.status != Status.MEETS.word and bottom - top > 36 and room > 90:  # noqa: PLR2004
                lines.append("not confirmed")
        for index, text in enumerate(filter(None, lines)):
            baseline = y + 4 + 15 * (index - (len(lines) - 1) / 2)
            yield words("small" if index or not cell.winner else "name", x, baseline, text)

    def edges(self) -> Iterator[Shape]:
        """Yield the lines between cells that differ, and the frame."""
        cells, parts = self._drawn.cells, []
        for row, row_cells in enumerate(cells):
            for column, cell in enumerate(row_cells):
                x, y = self._x[column], self._y[row]
                if column and row_cells[column - 1] != cell:
                    parts.append(f"M{spot(x)} {spot(y)}V{spot(self._y[row + 1])}")
                if row and cells[row - 1][column] != cell:
                    parts.append(f"M{spot(x)} {spot(y)}H{spot(self._x[column + 1])}")
        yield Shape("path", "edge", "".join(parts))
        yield line("frame", (_LEFT, _TOP), (_LEFT, _TOP + _ROOM), (_RIGHT, _TOP + _ROOM))

    def ticks(self) -> Iterator[Shape]:
        """Yield the labels below the map and left of it."""
        for text, at in _ticks(self._drawn.x, self._x):
            yield words(
                "tiny", min(at, _RIGHT - 26) if text == _NONE else at, _TOP + _ROOM + 16, text
            )
        for text, at in _ticks(self._drawn.y, self._y):
            yield words("tiny end", _LEFT - 6, at + 4, "any" if text == _NONE else text)


_NONE: Final = "not stated"


def _ticks(side: MapAxis, ends: Sequence[float]) -> Iterator[tuple[str, float]]:
    """Yield the labels of an axis with where they stand.

    A label stands on the cut between two intervals, or in the middle of any other step.
    """
    before: Tick = None
    for index, step in enumerate(side.steps):
        middle = (ends[index] + ends[index + 1]) / 2
        if not isinstance(step, Interval):
            yield _NONE if step is None else str(step), middle
        elif step.low == step.high:
            yield number(step.low), middle
        elif isinstance(before, Interval) and before.low != before.high:
            yield number(step.low), ends[index]
        before = step


def _runs(columns: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and the last of each run of neighbouring columns."""
    gaps = [i + 1 for i, (a, b) in enumerate(pairwise(columns)) if b > a + 1]
    for start, end in pairwise([0, *gaps, len(columns)]):
        yield columns[start], columns[end - 1]


def _middle(corners: tuple[Position, Position]) -> Position:
    """Return the cell in the middle of a rectangle."""
    (low, first), (high, last) = corners
    return (low + high) // 2, (first + last) // 2


def _largest_rectangle(
    positions: Sequence[Position], xs: Sequence[float], ys: Sequence[float]
) -> tuple[Position, Position]:
    """Return the lower left and the upper right cell of the largest rectangle in a region."""
    inside = set(positions)
    rows, columns = (max(numbers) + 1 for numbers in zip(*positions, strict=True))
    best_size, best = 0.0, (positions[0], positions[0])
    for low, left in positions:
        right = columns  # the first column beyond the rectangle; it shrinks row by row
        for row in range(low, rows):
            end = left
            while end < right and (row, end) in inside:
                end += 1
            right = end
            size = (xs[right] - xs[left]) * (ys[low] - ys[row + 1])
            if right == left:
                break
            if size > best_size:
                best_size, best = size, ((low, left), (row, right - 1))
    return best
