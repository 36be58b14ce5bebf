"""The charts of the page: what makes up each score, and where the winner changes.

A chart is data: shapes in the units of its view box, a legend, and a table with all that it shows.
The template `chart.svg` turns it into SVG. Colour never carries a meaning alone: each hue has a
pattern, and labels name what it means. Colours are classes that the style sheet of the page
defines, so they follow its light and dark modes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from mars_solver.rendering.explanation import flip_text
from mars_solver.vocabulary import MAX_IMPORTANCE

if TYPE_CHECKING:
    from mars_solver.explaining.explanation import Explanation
    from mars_solver.explaining.recommendation import Candidate, Recommendation
    from mars_solver.explaining.sensitivity import ImportanceFlips
    from mars_solver.inputs.catalogue.catalogue import Catalogue

WIDTH: Final = 560
HUES: Final = 8
"""How many colours and patterns take turns; the style sheet and `chart.svg` define them."""
LEFT: Final = 148
"""Where the room for the labels of rows ends."""
LETTER: Final = 8.2
"""About the width of a letter of a name."""
SMALL_LETTER: Final = 6.8
_FIRST_WORD: Final = re.compile(r"[^\s-]*[\s-]|")


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
        return f"0 0 {WIDTH} {_coordinate(self.height)}"


class Models:
    """How the charts call and colour the models of a catalogue, by id."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.names: Mapping[str, str] = catalogue.names
        self.hues = {model: index % HUES for index, model in enumerate(self.names)}
        firsts = {"".join(_FIRST_WORD.findall(name)[:1]) for name in self.names.values()}
        family = firsts.pop() if len(firsts) == 1 else ""
        self.short = {each: name.removeprefix(family) or name for each, name in self.names.items()}
        """The names without the first word, where all of them begin with the same."""

    def fitted(self, model: str, room: float) -> str:
        """Return the name of a model in some room: whole, else in short, else cut."""
        name = self.names[model]
        return name if len(name) <= room / LETTER else cut(self.short[model], room, LETTER)

    def legend(self, shown: Collection[str | None]) -> tuple[tuple[int, str], ...]:
        """Return the hues of some models, with their names."""
        return tuple((self.hues[m], name) for m, name in self.names.items() if m in shown)


def cut(text: str, room: float, letter: float) -> str:
    """Return a text cut short where it does not fit into some room."""
    most = int(room / letter)
    return text if len(text) <= most else text[: max(most - 1, 1)] + "…"


def contributions_chart(answer: Recommendation) -> Chart:
    """Return the score of each shortlisted model as a stacked bar, with its range.

    Args:
        answer: with at least one model on the shortlist.
    """
    candidates = answer.shortlist
    models, declared = Models(answer.solver.catalogue), answer.solver.declared
    height = 22 + 44 * len(candidates) + 24
    scale = WIDTH - LEFT - 74
    shapes: list[Shape] = []
    for tenth in range(0, 11, 2):
        x = LEFT + scale * tenth / 10
        shapes.append(Shape("line", (x, 16, x, height - 26), "grid"))
        shapes.append(Shape("text", (x, height - 10), "small", f"{tenth / 10:g}"))
    rows = []
    for index, each in enumerate(candidates):
        shapes += _bar(each, models, 22 + 44 * index, scale)
        points = (f"{item.points:.3f}" for item in each.contributions)
        rows.append((models.names[each.model], *points, f"{each.score:.3f}", _range_text(each)))
    criteria = [declared.label(item.criterion) for item in candidates[0].contributions]
    return Chart(
        title="What each score is made of",
        description="; ".join(
            f"{models.names[each.model]} {each.score:.3f}, from {_range_text(each)}"
            for each in candidates
        ),
        height=height,
        shapes=tuple(shapes),
        legend=tuple((index % HUES, label) for index, label in enumerate(criteria)),
        head=("model", *criteria, "score", "range"),
        rows=tuple(rows),
    )


def _range_text(candidate: Candidate) -> str:
    low, high = candidate.score_range
    return f"{low:.3f} to {high:.3f}"


def _bar(candidate: Candidate, models: Models, top: float, scale: float) -> Iterator[Shape]:
    """Yield one stacked bar with its name, its range and its score."""
    name = models.fitted(candidate.model, LEFT - 12)
    yield Shape("text", (LEFT - 9, top + 16), "name end", name)
    x = float(LEFT)
    for index, item in enumerate(candidate.contributions):
        hue, width = index % HUES, scale * item.points
        if width > 0:
            yield Shape("rectangle", (x, top + 2, width, 20), f"part m{hue}")
            yield Shape("rectangle", (x, top + 2, width, 20), "ink", str(hue))
            if width > 34:  # noqa: PLR2004  (room for a label)
                yield Shape("rectangle", (x + width / 2 - 15, top + 5, 30, 14), "plate")
                yield Shape("text", (x + width / 2, top + 16), "small", f"{item.points:.2f}")
        x += width
    low, high = (LEFT + scale * end for end in candidate.score_range)
    y = top + 29
    yield Shape("line", (low, y, high, y), "range")
    yield Shape("line", (low, y - 4, low, y + 4), "range")
    yield Shape("line", (high, y - 4, high, y + 4), "range")
    yield Shape("text", (WIDTH - 6, top + 17), "name end", f"{candidate.score:.3f}")


def importances_chart(explained: Explanation) -> Chart:
    """Return each importance on its scale from 0 to 10, with where the winner changes.

    Args:
        explained: with a winner.
    """
    flips, solver = explained.importances, explained.answer.solver
    winner = explained.answer.decision.ids[0]
    models = Models(solver.catalogue)
    labels = [solver.declared.label(each.criterion) for each in flips]
    shapes: list[Shape] = []
    rows = []
    for index, (each, label) in enumerate(zip(flips, labels, strict=True)):
        shapes += _importance(each, label, winner, models, 14 + 48 * index)
        sides = ((each.down, "at {} or below"), (each.up, "from {}"))
        ends = (
            flip_text(flip, models.names, where) if flip else "no change" for flip, where in sides
        )
        rows.append((label, str(each.importance), *ends))
    moved = [label for each, label in zip(flips, labels, strict=True) if each.down or each.up]
    shown = {winner, *(f.winner for each in flips for f in (each.down, each.up) if f)}
    return Chart(
        title="Where moving one importance changes the winner",
        description=(
            f"The winner changes along {', '.join(moved)}." if moved else "No flip in 0 to 10."
        ),
        height=20 + 48 * len(flips) + 12,
        shapes=tuple(shapes),
        legend=models.legend(shown),
        head=("criterion", "importance", "below", "above"),
        rows=tuple(rows),
    )


def _importance(
    each: ImportanceFlips, label: str, winner: str, models: Models, top: float
) -> Iterator[Shape]:
    """Yield the scale of one importance: who wins where, the flips, the ticks and the marker."""
    unit = (WIDTH - LEFT - 24) / MAX_IMPORTANCE
    low = float(each.down.at) if each.down else 0.0
    high = float(each.up.at) if each.up else float(MAX_IMPORTANCE)

    def band(start: float, end: float, model: str, beyond: str = "") -> Iterator[Shape]:
        x, width, hue = LEFT + unit * start, unit * (end - start), models.hues[model]
        yield Shape("rectangle", (x, top, width, 22), f"area m{hue}{beyond}")
        yield Shape("rectangle", (x, top, width, 22), "ink", str(hue))
        short = models.short[model]
        if width > LETTER * len(short) + 26:
            yield Shape("text", (x + 8, top + 15), "small start", short)

    yield Shape("text", (LEFT - 12, top + 16), "end", cut(label, LEFT - 12, SMALL_LETTER))
    yield from band(low, high, winner)
    for flip, start, end in ((each.down, 0.0, low), (each.up, high, float(MAX_IMPORTANCE))):
        if flip:
            yield from band(start, end, flip.winner, " beyond")
            x = LEFT + unit * float(flip.at)
            yield Shape("line", (x, top - 4, x, top + 26), "flip")
    for whole in range(MAX_IMPORTANCE + 1):
        x = LEFT + unit * whole
        yield Shape("line", (x, top + 22, x, top + 25), "tick")
        yield Shape("text", (x, top + 37), "tiny", str(whole))
    yield Shape("marker", (LEFT + unit * each.importance, top + 11))
