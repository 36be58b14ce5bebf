"""The map of the page: which model wins over two axes, as a chart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from mars_solver.explaining.decision_map import DecisionMap, MapAxis, MapCell, regions
from mars_solver.rendering.words import interval_text
from mars_solver.solving.table import Interval
from mars_solver.vocabulary import INVALID, MAX_IMPORTANCE, Status, number
from mars_solver.web.charts import LEFT, LETTER, SMALL_LETTER, WIDTH, Chart, Models, Shape, cut
from mars_solver.web.form import title

if TYPE_CHECKING:
    from mars_solver.explaining.decision_map import Tick
    from mars_solver.inputs.catalogue.attributes import Declarations
    from mars_solver.inputs.catalogue.catalogue import Catalogue

_RIGHT: Final = 14
_MARKER_ROOM: Final = 30
"""How far the label of a region keeps away from the marker of the profile."""

Position = tuple[int, int]
"""A cell of a map: row from below, column from the left."""


def map_chart(drawn: DecisionMap, catalogue: Catalogue) -> Chart:
    """Return the map of the winner over two axes."""
    models, declared = Models(catalogue), catalogue.declared
    layout = _MapLayout(drawn, models)
    x_title, y_title = (axis_title(side.name, declared) for side in (drawn.x, drawn.y))
    current = cell_text(drawn.current, models.names)
    winners = {cell.winner for row in drawn.cells for cell in row}
    rows = (
        (step_text(drawn.y, step, declared), *(cell_text(cell, models.names) for cell in row))
        for step, row in reversed(list(zip(drawn.y.steps, drawn.cells, strict=True)))
    )
    shapes = (
        *layout.regions(),
        *layout.borders(),
        *layout.ticks_across(),
        *layout.ticks_up(),
        Shape("text", ((layout.left + layout.right) / 2, layout.height - 8), "axis", x_title),
        Shape("text", (4, 14), "axis start", y_title),
        Shape("marker", layout.marker),
    )
    return Chart(
        title=f"Which model wins over {x_title} and {y_title}",
        description="Each area names the model that comes first there."
        f" The profile stands at: {current}.",
        height=layout.height,
        shapes=shapes,
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
        return f"Importance of {declared.label(name)}"
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
        return "contradicts the rest of the profile"
    if cell.winner is None:
        return "no model"
    name = names[cell.winner]
    return name if cell.status == Status.MEETS.word else f"{name} ({cell.status})"


class _MapLayout:
    """Where the parts of a map lie; every cell has the same size."""

    def __init__(self, drawn: DecisionMap, models: Models) -> None:
        rows = len(drawn.y.steps)
        self._drawn = drawn
        self._models = models
        self._rows = rows
        self.left, self.right, self.top = float(LEFT), float(WIDTH - _RIGHT), 26.0
        self.cell_height = max(26.0, min(62.0, 264.0 / rows)) if rows < MAX_IMPORTANCE else 24.0
        self.cell_width = (self.right - self.left) / len(drawn.x.steps)
        self.bottom = self.top + self.cell_height * rows
        self.height = self.bottom + 46
        x, y = self._corner((drawn.y.current, drawn.x.current))
        self.marker = x + min(self.cell_width / 2, 13), y + min(self.cell_height / 2, 13)
        """Where the profile is marked: in the upper left of its cell."""

    def _corner(self, position: Position) -> tuple[float, float]:
        """Return the upper left corner of a cell; row 0 is the lowest."""
        row, column = position
        y = self.top + (self._rows - 1 - row) * self.cell_height
        return self.left + column * self.cell_width, y

    def regions(self) -> Iterator[Shape]:
        """Yield each connected region of one answer, then its label."""
        for cell, positions in regions(self._drawn):
            look, pattern = f"area {cell.status}", cell.status if cell.status == INVALID else ""
            if cell.winner is not None:
                pattern = str(self._models.hues[cell.winner])
                look = f"area m{pattern}"
            if cell.status == Status.UNVERIFIED.word:
                look += " open"
            yield from self._rectangles(positions, look)
            if pattern:
                yield from self._rectangles(positions, "ink", pattern)
            yield from self._label(cell, positions)

    def _rectangles(
        self, positions: Sequence[Position], look: str, pattern: str = ""
    ) -> Iterator[Shape]:
        for each in positions:
            x, y = self._corner(each)
            yield Shape("rectangle", (x, y, self.cell_width, self.cell_height), look, pattern)

    def _label(self, cell: MapCell, positions: Sequence[Position]) -> Iterator[Shape]:
        """Yield the label of a region: in its largest rectangle, away from the marker."""
        (low, first), (high, last) = _largest_rectangle(positions)
        start, top = self._corner((high, first))
        end, bottom = self._corner((low, last))
        x, y = (start + end + self.cell_width) / 2, (top + bottom + self.cell_height) / 2
        width, height = end + self.cell_width - start, bottom + self.cell_height - top
        marker_x, marker_y = self.marker
        near = abs(y - marker_y) < _MARKER_ROOM and abs(x - marker_x) < width / 2
        if near and height > 3 * _MARKER_ROOM:
            below = bottom + self.cell_height - y
            y += _MARKER_ROOM if below > 2 * _MARKER_ROOM else -_MARKER_ROOM
        told = "contradiction" if cell.status == INVALID else "no model"
        lines = [cut(told, width - 6, LETTER)]
        if cell.winner is not None:
            lines = [self._models.fitted(cell.winner, width - 6)]
            if cell.status != Status.MEETS.word and height > 36:  # noqa: PLR2004  (two lines)
                lines.append(cut(cell.status, width - 6, SMALL_LETTER))
        for index, text in enumerate(lines):
            baseline = y + 4 + 15 * (index - (len(lines) - 1) / 2)
            yield Shape("text", (x, baseline), "small" if index else "name", text)

    def borders(self) -> Iterator[Shape]:
        """Yield the lines between cells that differ, and the frame."""
        cells, width, height = self._drawn.cells, self.cell_width, self.cell_height
        for row, row_cells in enumerate(cells):
            for column, cell in enumerate(row_cells):
                x, y = self._corner((row, column))
                if column and row_cells[column - 1] != cell:
                    yield Shape("line", (x, y, x, y + height), "edge")
                if row and cells[row - 1][column] != cell:
                    yield Shape("line", (x, y + height, x + width, y + height), "edge")
        box = (self.left, self.top, self.right - self.left, self.bottom - self.top)
        yield Shape("rectangle", box, "frame")

    def ticks_across(self) -> Iterator[Shape]:
        """Yield the ticks and labels below the map."""
        for text, steps in _ticks(self._drawn.x):
            x = self.left + steps * self.cell_width
            if steps == int(steps):
                yield Shape("line", (x, self.bottom, x, self.bottom + 5), "tick")
            yield Shape("text", (x, self.bottom + 18), "small", text)

    def ticks_up(self) -> Iterator[Shape]:
        """Yield the ticks and labels left of the map."""
        for text, steps in _ticks(self._drawn.y):
            y = self.bottom - steps * self.cell_height
            if steps == int(steps):
                yield Shape("line", (self.left - 5, y, self.left, y), "tick")
            yield Shape("text", (self.left - 9, y + 4), "small end", text)


def _largest_rectangle(positions: Sequence[Position]) -> tuple[Position, Position]:
    """Return the lower left and the upper right cell of the largest rectangle in a region."""
    inside = set(positions)
    rows, columns = (max(numbers) + 1 for numbers in zip(*positions, strict=True))
    best_size, best = 0, (positions[0], positions[0])
    for low, left in positions:
        right = columns  # the first column beyond the rectangle; it shrinks row by row
        for row in range(low, rows):
            end = left
            while end < right and (row, end) in inside:
                end += 1
            right = end
            size = (right - left) * (row - low + 1)
            if size == 0:
                break
            if size > best_size:
                best_size, best = size, ((low, left), (row, right - 1))
    return best


def _ticks(side: MapAxis) -> Iterator[tuple[str, float]]:
    """Yield the labels of an axis, and how many steps from its start each one stands.

    A label stands on the border between two intervals, or in the middle of any other step.
    """
    before: Tick = None
    for index, step in enumerate(side.steps):
        if not isinstance(step, Interval):
            yield "not stated" if step is None else str(step), index + 0.5
        elif step.low == step.high:
            yield number(step.low), index + 0.5
        elif isinstance(before, Interval) and before.low != before.high:
            yield number(step.low), float(index)
        before = step
