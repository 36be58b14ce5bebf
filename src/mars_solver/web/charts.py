"""The charts of the page: what makes up each score, where the winner changes, the map of winners.

A chart is data: shapes in the units of its view box, a legend, and a table with all that it shows.
The template `chart.svg` turns it into SVG. Colour never carries a meaning alone: each hue has a
pattern, and labels name what it means. Colours are classes that the style sheet of the page
defines, so they follow its light and dark modes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from mars_solver.explaining.decision_map import DecisionMap, MapAxis, MapCell, regions
from mars_solver.rendering.words import fraction_text, interval_text
from mars_solver.solving.cells import Interval
from mars_solver.vocabulary import INVALID, MAX_IMPORTANCE, REQUIREMENT, Status, number

if TYPE_CHECKING:
    from mars_solver.explaining.decision_map import Tick
    from mars_solver.explaining.explanation import Explanation
    from mars_solver.explaining.recommendation import Candidate, Recommendation
    from mars_solver.explaining.sensitivity import Flip, ImportanceFlips

_WIDTH: Final = 560
_HUES: Final = 8
"""How many colours and patterns take turns; the style sheet and `chart.svg` define them."""
_LEFT: Final = 116
"""Where the room for the labels of rows ends."""
_LETTER: Final = 8.2
"""About the width of a letter of a name."""
_SMALL_LETTER: Final = 6.8
_MAP_RIGHT: Final = 14
_MARKER_ROOM: Final = 30
"""How far the label of a region keeps away from the marker of the profile."""

Position = tuple[int, int]
"""A cell of a map: row from below, column from the left."""


def _coordinate(value: float) -> str:
    """Return a coordinate as SVG has it, to a tenth of a unit."""
    return f"{value:.1f}".removesuffix(".0")


class Shape(NamedTuple):
    """A shape as the template draws it."""

    kind: Literal["rectangle", "line", "text", "marker"]
    at: tuple[float, ...]
    """x and y; then the width and height of a rectangle, or x and y of the other end of a line."""
    look: str = ""
    """Classes of the style sheet; a marker needs none."""
    content: str = ""
    """The words of a text; the pattern of a rectangle, which is a hue, "invalid" or none."""

    @property
    def coordinates(self) -> list[str]:
        """`at` as SVG has it."""
        return [_coordinate(each) for each in self.at]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart before it is drawn."""

    title: str
    description: str
    height: float
    shapes: tuple[Shape, ...]
    """In the order of drawing: the later ones lie on top."""
    legend: tuple[tuple[int, str], ...]
    """The hues, each with what it means."""
    head: tuple[str, ...]
    """Of the table that says the same as text."""
    rows: tuple[tuple[str, ...], ...]
    """Each as long as the head; the first text names the row."""

    @property
    def view_box(self) -> str:
        """Where the shapes lie, as SVG has it."""
        return f"0 0 {_WIDTH} {_coordinate(self.height)}"


def contributions_chart(answer: Recommendation, names: Mapping[str, str]) -> Chart:
    """Return the score of each shortlisted model as a stacked bar, with its range.

    Args:
        answer: with at least one model on the shortlist.
        names: of the models, by id.
    """
    candidates = answer.shortlist
    height = 22 + 44 * len(candidates) + 24
    scale = _WIDTH - _LEFT - 74
    shapes: list[Shape] = []
    for tenth in range(0, 11, 2):
        x = _LEFT + scale * tenth / 10
        shapes.append(Shape("line", (x, 16, x, height - 26), "grid"))
        shapes.append(Shape("text", (x, height - 10), "small", f"{tenth / 10:g}"))
    rows = []
    for index, each in enumerate(candidates):
        shapes += _bar(each, names[each.model], 22 + 44 * index, scale)
        points = (f"{item.points:.3f}" for item in each.contributions)
        rows.append((names[each.model], *points, f"{each.score:.3f}", _range_text(each)))
    criteria = [item.criterion for item in candidates[0].contributions]
    return Chart(
        title="What each score is made of",
        description="; ".join(
            f"{names[each.model]} {each.score:.3f}, from {_range_text(each)}" for each in candidates
        ),
        height=height,
        shapes=tuple(shapes),
        legend=tuple((hue, name) for hue, name in enumerate(criteria)),
        head=("model", *criteria, "score", "range"),
        rows=tuple(rows),
    )


def _range_text(candidate: Candidate) -> str:
    low, high = candidate.score_range
    return f"{low:.3f} to {high:.3f}"


def _bar(candidate: Candidate, name: str, top: float, scale: float) -> Iterator[Shape]:
    """Yield one stacked bar with its name, its range and its score."""
    yield Shape("text", (_LEFT - 9, top + 16), "name end", _fitted(name, _LEFT - 12, _LETTER))
    x = float(_LEFT)
    for hue, item in enumerate(candidate.contributions):
        width = scale * item.points
        if width > 0:
            yield Shape("rectangle", (x, top + 2, width, 20), f"part m{hue}")
            yield Shape("rectangle", (x, top + 2, width, 20), "ink", str(hue))
            if width > 34:  # noqa: PLR2004  (room for a label)
                yield Shape("rectangle", (x + width / 2 - 15, top + 5, 30, 14), "plate")
                yield Shape("text", (x + width / 2, top + 16), "small", f"{item.points:.2f}")
        x += width
    low, high = (_LEFT + scale * end for end in candidate.score_range)
    y = top + 29
    yield Shape("line", (low, y, high, y), "range")
    yield Shape("line", (low, y - 4, low, y + 4), "range")
    yield Shape("line", (high, y - 4, high, y + 4), "range")
    yield Shape("text", (_WIDTH - 6, top + 17), "name end", f"{candidate.score:.3f}")


def importances_chart(explained: Explanation, names: Mapping[str, str]) -> Chart:
    """Return each importance on its scale from 0 to 10, with where the winner changes.

    Args:
        explained: with a winner.
        names: of the models, by id, in the order in which they take colours.
    """
    flips = explained.importances
    winner = explained.answer.decision.ids[0]
    hues = _hues(names)
    shapes: list[Shape] = []
    rows = []
    for index, each in enumerate(flips):
        shapes += _importance(each, winner, names, hues, 14 + 48 * index)
        ends = (_flip_text(flip, names) for flip in (each.down, each.up))
        rows.append((each.criterion, str(each.importance), *ends))
    moved = [each.criterion for each in flips if each.down or each.up]
    shown = {winner, *(f.winner for each in flips for f in (each.down, each.up) if f)}
    return Chart(
        title="Where moving one importance changes the winner",
        description=(
            f"The winner changes along {', '.join(moved)}." if moved else "No flip in 0 to 10."
        ),
        height=20 + 48 * len(flips) + 12,
        shapes=tuple(shapes),
        legend=tuple((hues[model], names[model]) for model in names if model in shown),
        head=("criterion", "importance", "below", "above"),
        rows=tuple(rows),
    )


def _hues(names: Mapping[str, str]) -> dict[str, int]:
    """Return the hue of each model, by id."""
    return {model: index % _HUES for index, model in enumerate(names)}


def _flip_text(flip: Flip | None, names: Mapping[str, str]) -> str:
    if flip is None:
        return "no change"
    whole = "no whole number does it" if flip.whole is None else f"{flip.whole} does it"
    return f"{names[flip.winner]} from {fraction_text(flip.at)} ({whole})"


def _importance(
    each: ImportanceFlips,
    winner: str,
    names: Mapping[str, str],
    hues: Mapping[str, int],
    top: float,
) -> Iterator[Shape]:
    """Yield the scale of one importance: who wins where, the flips, the ticks and the marker."""
    unit = (_WIDTH - _LEFT - 24) / MAX_IMPORTANCE
    low = float(each.down.at) if each.down else 0.0
    high = float(each.up.at) if each.up else float(MAX_IMPORTANCE)

    def band(start: float, end: float, model: str, beyond: str = "") -> Iterator[Shape]:
        x, width, hue = _LEFT + unit * start, unit * (end - start), hues[model]
        yield Shape("rectangle", (x, top, width, 22), f"area m{hue}{beyond}")
        yield Shape("rectangle", (x, top, width, 22), "ink", str(hue))
        short = names[model].removeprefix("MARS-")
        if width > _LETTER * len(short) + 26:
            yield Shape("text", (x + 8, top + 15), "small start", short)

    yield Shape("text", (_LEFT - 12, top + 16), "end", each.criterion)
    yield from band(low, high, winner)
    for flip, start, end in ((each.down, 0.0, low), (each.up, high, float(MAX_IMPORTANCE))):
        if flip:
            yield from band(start, end, flip.winner, " beyond")
            x = _LEFT + unit * float(flip.at)
            yield Shape("line", (x, top - 4, x, top + 26), "flip")
    for whole in range(MAX_IMPORTANCE + 1):
        x = _LEFT + unit * whole
        yield Shape("line", (x, top + 22, x, top + 25), "tick")
        yield Shape("text", (x, top + 37), "tiny", str(whole))
    yield Shape("marker", (_LEFT + unit * each.importance, top + 11))


def map_chart(drawn: DecisionMap, names: Mapping[str, str]) -> Chart:
    """Return the map of the winner over two axes.

    Args:
        drawn: the map.
        names: of the models, by id, in the order in which they take colours.
    """
    layout = _MapLayout(drawn, names)
    x_title, y_title = axis_title(drawn.x.name), axis_title(drawn.y.name)
    current = cell_text(drawn.current, names)
    winners = {cell.winner for row in drawn.cells for cell in row}
    rows = (
        (step_text(drawn.y, step), *(cell_text(cell, names) for cell in row))
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
        legend=tuple((layout.hues[m], names[m]) for m in names if m in winners),
        head=(f"{y_title} \\ {x_title}", *(step_text(drawn.x, step) for step in drawn.x.steps)),
        rows=tuple(rows),
    )


def axis_title(name: str) -> str:
    """Return what an axis shows, with its unit."""
    if name in REQUIREMENT:
        return f"{name} in {REQUIREMENT[name].unit}"
    return f"importance of {name}"


def step_text(side: MapAxis, step: Tick) -> str:
    """Return one step of an axis in words."""
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


class _MapLayout:
    """Where the parts of a map lie; every cell has the same size."""

    def __init__(self, drawn: DecisionMap, names: Mapping[str, str]) -> None:
        rows = len(drawn.y.steps)
        self._drawn = drawn
        self._names = names
        self._rows = rows
        self.hues = _hues(names)
        self.left, self.right, self.top = float(_LEFT), float(_WIDTH - _MAP_RIGHT), 26.0
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
                pattern = str(self.hues[cell.winner])
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
        lines = ["contradiction" if cell.status == INVALID else "no model"]
        if cell.winner is not None:
            lines = [self._names[cell.winner]]
            if cell.status != Status.GUARANTEED.word and height > 36:  # noqa: PLR2004  (two lines)
                lines.append(cell.status)
        for index, text in enumerate(lines):
            letter, look = (_SMALL_LETTER, "small") if index else (_LETTER, "name")
            baseline = y + 4 + 15 * (index - (len(lines) - 1) / 2)
            yield Shape("text", (x, baseline), look, _fitted(text, width - 6, letter))

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


def _fitted(text: str, room: float, letter: float) -> str:
    """Return a text that fits into some room, without its "MARS-" or cut short where it must."""
    most = int(room / letter)
    short = text if len(text) <= most else text.removeprefix("MARS-")
    return short if len(short) <= most else short[: max(most - 1, 1)] + "…"
