"""The charts of the page: what makes up each score, and what changes the winner.

A chart is data: shapes in the units of its view box, a legend, and a table with all that it shows.
The template `chart.svg` turns it into SVG. A model has one hue throughout, and criteria have shades
of their own; labels and the table say what colour says. Colours are classes that the style sheet
of the page defines, so they follow its light and dark modes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from mars_solver.explaining.sensitivity import importance_winners
from mars_solver.rendering.explanation import NEGLIGIBLE, exactness, flip_text
from mars_solver.rendering.words import CONTRADICTION, interval_text, signed
from mars_solver.solving.flowchart import picks
from mars_solver.vocabulary import INFEASIBLE, INVALID, MAX_IMPORTANCE, Status, number
from mars_solver.web.form import title

if TYPE_CHECKING:
    from fractions import Fraction

    from mars_solver.explaining.explanation import Difference, Explanation
    from mars_solver.explaining.recommendation import Candidate, Recommendation
    from mars_solver.explaining.sensitivity import ImportanceFlips, Stretch, Sweep
    from mars_solver.inputs.catalogue.attributes import Declarations
    from mars_solver.inputs.catalogue.catalogue import Catalogue
    from mars_solver.solving.table import Interval, Number

WIDTH: Final = 400
"""Small enough that letters can be read where the whole chart fits into a phone."""
HUES: Final = 8
"""How many hues, and how many shades, take turns; the style sheet defines them."""
LETTER: Final = 7.6
"""About the width of a letter of a name."""
_MOST_BARS: Final = 6
"""How many models are drawn where more are left; the table has all."""
_CLEAR: Final = 0.07
"""The least part of an axis that two cuts keep between them."""
_FIRST_WORD: Final = re.compile(r"[^\s-]*[\s-]|")


class Shape(NamedTuple):
    """A shape as the template draws it."""

    kind: Literal["path", "text", "marker"]
    look: str = ""
    """Classes of the style sheet; a marker needs none."""
    content: str = ""
    """The path, or the words of a text."""
    x: str = ""
    y: str = ""
    link: str | None = None
    """The query that a path leads to."""
    told: str = ""
    """What the link is called."""


def spot(value: float) -> str:
    """Return a coordinate as SVG has it, to a tenth of a unit."""
    return f"{value:.1f}".removesuffix(".0")


def box(look: str, x: float, y: float, width: float, height: float) -> Shape:
    """Return a rectangle."""
    return Shape("path", look, rectangle(x, y, width, height))


def rectangle(x: float, y: float, width: float, height: float) -> str:
    """Return the path of a rectangle."""
    return f"M{spot(x)} {spot(y)}h{spot(width)}v{spot(height)}h{spot(-width)}z"


def line(look: str, *ends: tuple[float, float]) -> Shape:
    """Return a line through some points."""
    return Shape("path", look, "M" + "L".join(f"{spot(x)} {spot(y)}" for x, y in ends))


def words(look: str, x: float, y: float, text: str) -> Shape:
    """Return a text."""
    return Shape("text", look, text, spot(x), spot(y))


def marker(x: float, y: float) -> Shape:
    """Return the mark of the profile."""
    return Shape("marker", "", "", spot(x), spot(y))


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart before it is drawn."""

    title: str
    description: str
    height: float
    shapes: tuple[Shape, ...]
    """In the order of drawing: the later ones lie on top."""
    head: tuple[str, ...]
    """Of the table that says the same as text."""
    rows: tuple[tuple[str, ...], ...]
    """Each as long as the head; the first text names the row."""
    legend: tuple[tuple[str, str], ...] = ()
    """Classes of the style sheet, each with what it means."""

    @property
    def view_box(self) -> str:
        """Where the shapes lie, as SVG has it."""
        return f"0 0 {WIDTH} {spot(self.height)}"


class Models:
    """How the charts call and colour the models of a catalogue, by id."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.names: Mapping[str, str] = catalogue.names
        self.hues = {model: f"m{index % HUES}" for index, model in enumerate(self.names)}
        firsts = {"".join(_FIRST_WORD.findall(name)[:1]) for name in self.names.values()}
        family = firsts.pop() if len(firsts) == 1 else ""
        self.short = {each: name.removeprefix(family) or name for each, name in self.names.items()}
        """The names without the first word, where all of them begin with the same."""

    def fitted(self, model: str, room: float) -> str:
        """Return the name of a model in some room: whole, else in short; empty if neither fits."""
        names = (self.names[model], self.short[model])
        return next((name for name in names if len(name) <= room / LETTER), "")

    def legend(self, shown: Collection[str | None]) -> tuple[tuple[str, str], ...]:
        """Return the hues of some models, with their names."""
        return tuple((self.hues[m], name) for m, name in self.names.items() if m in shown)


def cut(text: str, room: float, letter: float = LETTER) -> str:
    """Return a text cut short where it does not fit into some room."""
    most = int(room / letter)
    return text if len(text) <= most else text[: max(most - 1, 1)] + "…"


# ------------------------------------------------------------------------- scales


def scaled(cuts: Sequence[Number]) -> tuple[list[float], str]:
    """Return where the cuts of an axis lie, from 0 to 1, and in words how they were placed.

    They lie to scale where each keeps clear of the next one, else on a logarithmic scale, else at
    even steps.
    """
    if not cuts:
        return [], "to scale"
    first, last = cuts[0], cuts[-1]
    linear = [cut / (1.25 * last) for cut in cuts]
    if _clear(linear):
        return linear, "to scale"
    if first > 0:
        whole = math.log(4 * last / first)
        logarithmic = [math.log(2 * cut / first) / whole for cut in cuts]
        if _clear(logarithmic):
            return logarithmic, "log scale"
    return [(i + 1) / (len(cuts) + 1) for i in range(len(cuts))], "not to scale"


def _clear(places: Sequence[float]) -> bool:
    return all(b - a >= _CLEAR for a, b in pairwise([0.0, *places, 1.0]))


def cuts_of(intervals: Sequence[Interval]) -> list[Number]:
    """Return where neighbouring intervals meet."""
    return [each.low for each in intervals[1:]]


# ------------------------------------------------------------------------- strips


class Band(NamedTuple):
    """A part of a strip in which one model wins, from 0 to 1."""

    start: float
    end: float
    model: str | None
    status: str


class Strip(NamedTuple):
    """An axis with who wins where along it."""

    label: str
    bands: tuple[Band, ...]
    ticks: tuple[tuple[float, str], ...]
    current: float | None
    """Where the profile is; None where it states nothing."""


def _strips(strips: Sequence[Strip], models: Models) -> tuple[float, tuple[Shape, ...]]:
    """Return the height and the shapes of strips, one below the other."""
    left, room = 4.0, WIDTH - 14.0
    shapes: list[Shape] = []
    for index, strip in enumerate(strips):
        top = 66.0 * index
        shapes.append(words("start name", left, top + 13, cut(strip.label, room, 7)))
        for band in strip.bands:
            x, width = left + room * band.start, room * (band.end - band.start)
            look = models.hues[band.model] if band.model else band.status
            shapes.append(box(f"area {look} {band.status}", x, top + 21, width, 22))
            name = models.fitted(band.model, width - 4) if band.model else ""
            told = {INFEASIBLE: "no model", INVALID: "contradiction"}.get(band.status, name)
            if len(told) <= (width - 4) / LETTER:
                shapes.append(words("small", x + width / 2, top + 36, told))
        shapes += [line("edge", *_upright(left + room * b.start, top)) for b in strip.bands[1:]]
        shapes += [words("tiny", left + room * at, top + 55, text) for at, text in strip.ticks]
        if strip.current is not None:
            shapes.append(marker(left + room * strip.current, top + 21))
    return 66.0 * len(strips), tuple(shapes)


def _upright(x: float, top: float) -> tuple[tuple[float, float], tuple[float, float]]:
    return (x, top + 21), (x, top + 43)


def importances_chart(explained: Explanation) -> Chart:
    """Return each importance on its scale from 0 to 10, with where the winner changes.

    Args:
        explained: with a winner.
    """
    flips, solver = explained.importances, explained.answer.solver
    models, label = Models(solver.catalogue), solver.declared.label
    along = importance_winners(solver, explained.answer.decision)
    strips = [
        _importance(each, label(each.criterion), winners)
        for each, winners in zip(flips, along, strict=True)
    ]
    height, shapes = _strips(strips, models)
    moved = [label(each.criterion) for each in flips if each.down or each.up]
    shown = {model for winners in along for _, model in winners}
    return Chart(
        title="Who wins as one importance moves",
        description=(
            f"The winner changes along {', '.join(moved)}."
            if moved
            else "No single importance, anywhere from 0 to 10, changes the winner."
        ),
        height=height,
        shapes=shapes,
        legend=models.legend(shown),
        head=("criterion", "importance", "below", "above"),
        rows=tuple(
            (label(each.criterion), str(each.importance), *_flips(each, models.names))
            for each in flips
        ),
    )


def _flips(each: ImportanceFlips, names: Mapping[str, str]) -> tuple[str, str]:
    sides = ((each.down, "at {} or below"), (each.up, "from {}"))
    below, above = (flip_text(f, names, where) if f else "no change" for f, where in sides)
    return below, above


def _importance(
    each: ImportanceFlips, label: str, winners: Sequence[tuple[Fraction, str]]
) -> Strip:
    starts = [0.0, *(float(end) / MAX_IMPORTANCE for end, _ in winners)]
    """Return the axis of an importance, in bands of who wins."""
    bands = [
        Band(start, end, model, Status.MEETS.word)
        for (start, end), (_, model) in zip(pairwise(starts), winners, strict=True)
    ]
    ticks = tuple((i / MAX_IMPORTANCE, str(i)) for i in (0, MAX_IMPORTANCE // 2, MAX_IMPORTANCE))
    return Strip(label, tuple(bands), ticks, each.importance / MAX_IMPORTANCE)


def thresholds_chart(explained: Explanation) -> Chart | None:
    """Return each limit with who comes first along it; None where no limit changes anything."""
    declared, models = explained.answer.solver.declared, Models(explained.answer.solver.catalogue)
    sweeps = [each for each in explained.thresholds if len(each.stretches) > 1]
    if not sweeps:
        return None
    height, shapes = _strips([_threshold(each, declared) for each in sweeps], models)
    shown = {r.model for each in sweeps for s in each.stretches for r in s.shortlist[:1]}
    stated = [each for each in sweeps if each.current is not None]
    return Chart(
        title="Who comes first as one limit moves",
        description="The mark is the limit that you state." if stated else "No limit is stated.",
        height=height,
        shapes=shapes,
        legend=models.legend(shown),
        head=("limit", "from, to", "shortlist"),
        rows=tuple(_stretches(sweeps, declared, models)),
    )


def _stretches(
    sweeps: Sequence[Sweep], declared: Declarations, models: Models
) -> Iterator[tuple[str, ...]]:
    for sweep in sweeps:
        requirement = declared.requirement[sweep.requirement]
        for each in sweep.stretches:
            here = sweep.current is not None and sweep.current in each.interval
            span = interval_text(each.interval, requirement.unit) + " (stated)" * here
            yield title(requirement), span, _shortlist(each, models.names)


def _shortlist(stretch: Stretch, names: Mapping[str, str]) -> str:
    if stretch.status == INVALID:
        return CONTRADICTION
    told = (
        names[each.model] + " (not confirmed)" * (each.status == Status.UNVERIFIED.word)
        for each in stretch.shortlist
    )
    return ", ".join(told) or "no model"


def _threshold(sweep: Sweep, declared: Declarations) -> Strip:
    intervals = [each.interval for each in sweep.stretches]
    cuts = cuts_of(intervals)
    places, how = scaled(cuts)
    ends = [0.0, *places, 1.0]
    bands = [
        Band(start, end, s.shortlist[0].model if s.shortlist else None, s.status)
        for s, (start, end) in zip(sweep.stretches, pairwise(ends), strict=True)
    ]
    requirement = declared.requirement[sweep.requirement]
    unit = f"{requirement.unit}, {how}" if requirement.unit else how
    return Strip(
        f"{title(requirement)} ({unit})",
        tuple(bands),
        tuple((at, number(cut)) for at, cut in zip(places, cuts, strict=True)),
        None if sweep.current is None else place_of(sweep.current, cuts, places),
    )


def place_of(value: Number, cuts: Sequence[Number], places: Sequence[float]) -> float:
    """Return where a value lies on an axis: between the cuts around it, as far as it is along."""
    known = [(0, 0.0), *zip(cuts, places, strict=True)]
    for (low, start), (high, end) in pairwise(known):
        if value <= high:
            return start + (end - start) * (value - low) / (high - low) if high > low else end
    last, start = known[-1]
    return start + (1 - start) * (1 - last / value) if value else 0.0


# --------------------------------------------------------------------------- bars


def contributions_chart(answer: Recommendation) -> Chart:
    """Return the score of each of the first models as a stacked bar, with its range.

    Args:
        answer: with at least one model on the shortlist.
    """
    names, declared = answer.solver.catalogue.names, answer.solver.declared
    drawn = answer.shortlist[:_MOST_BARS]
    height = 50.0 * len(drawn) + 18
    shapes: list[Shape] = []
    for tenth in range(0, 11, 2):
        x = 4 + (WIDTH - 12) * tenth / 10
        shapes.append(line("grid-line", (x, 20), (x, height - 16)))
        shapes.append(words("tiny", min(max(x, 9), WIDTH - 12), height - 3, f"{tenth / 10:g}"))
    for index, each in enumerate(drawn):
        shapes += _bar(each, names[each.model], 50.0 * index)
    labels = [declared.label(item.criterion) for item in answer.shortlist[0].contributions]
    return Chart(
        title="What each score is made of",
        description="; ".join(
            f"{names[each.model]} {each.score:.3f}, from {_range_text(each)}" for each in drawn
        ),
        height=height,
        shapes=tuple(shapes),
        legend=tuple((f"c{index % HUES}", label) for index, label in enumerate(labels)),
        head=("model", *labels, "score", "range"),
        rows=tuple(
            (
                names[each.model],
                *(f"{item.points:.3f}" for item in each.contributions),
                f"{each.score:.3f}",
                _range_text(each),
            )
            for each in answer.shortlist
        ),
    )


def _range_text(candidate: Candidate) -> str:
    low, high = candidate.score_range
    return f"{low:.3f} to {high:.3f}"


def _bar(candidate: Candidate, name: str, top: float) -> Iterator[Shape]:
    """Yield one stacked bar with its name, its range and its score."""
    scale = WIDTH - 12.0
    yield words("start name", 4, top + 13, cut(name, WIDTH - 70))
    yield words("end name", WIDTH - 8, top + 13, f"{candidate.score:.3f}")
    x = 4.0
    for index, item in enumerate(candidate.contributions):
        if item.points > 0:
            yield box(f"part c{index % HUES}", x, top + 20, scale * item.points, 16)
        x += scale * item.points
    low, high = (4 + scale * end for end in candidate.score_range)
    y = top + 41
    yield line("range", (low, y - 3), (low, y + 3))
    yield line("range", (low, y), (high, y))
    yield line("range", (high, y - 3), (high, y + 3))


def lead_chart(lead: Difference, catalogue: Catalogue) -> Chart:
    """Return what each criterion adds to the lead of the first model over the second."""
    models, label = Models(catalogue), catalogue.declared.label
    first, second = models.names[lead.first], models.names[lead.second]
    middle, reach = WIDTH / 2, WIDTH / 2 - 56
    drawn = [each for each in lead.criteria if abs(each.points) >= NEGLIGIBLE]
    most = max((abs(each.points) for each in drawn), default=1)
    shapes = [
        words("start small", 4, 13, cut(f"← {second}", middle, 6.6)),
        words("end small", WIDTH - 4, 13, cut(f"{first} →", middle, 6.6)),
    ]
    for index, each in enumerate(drawn):
        top, width = 24.0 + 38 * index, reach * each.points / most
        hue = models.hues[lead.first if each.points > 0 else lead.second]
        shapes.append(words("", middle, top + 10, label(each.criterion)))
        shapes.append(box(f"part {hue}", middle, top + 16, width, 14))
        side, aside = ("start", 5) if width >= 0 else ("end", -5)
        at = middle + width + aside
        shapes.append(words(f"{side} tiny", at, top + 27, signed(each.points)))
    height = 24.0 + 38 * len(drawn)
    shapes += [line("edge", (middle, 38), (middle, height - 4))] if drawn else []
    return Chart(
        title=f"{first} beside {second}",
        description=f"In sum {signed(lead.points)} points for {first}.",
        height=height,
        shapes=tuple(shapes),
        legend=models.legend({lead.first, lead.second}),
        head=("criterion", f"points for {first}"),
        rows=tuple((label(each.criterion), signed(each.points)) for each in lead.criteria),
    )


def shares_chart(explained: Explanation) -> Chart:
    """Return in what share of all weights each model comes first, as one bar."""
    models = Models(explained.answer.solver.catalogue)
    shares = sorted(explained.first_rank_shares, key=lambda each: -each.share)
    shapes: list[Shape] = []
    x, room = 4.0, WIDTH - 8.0
    for each in shares:
        width = room * each.share
        if width >= 0.1:  # noqa: PLR2004  (it can be drawn)
            shapes.append(box(f"part {models.hues[each.model]}", x, 2, width, 34))
            name = models.fitted(each.model, width - 8)
            shapes.append(words("on", x + width / 2, 23, name))
        x += width
    told = [(each, f"{100 * each.share:.0f} %") for each in shares]
    return Chart(
        title="Who wins over all importances",
        description=", ".join(f"{models.names[each.model]} {text}" for each, text in told) + ".",
        height=40,
        shapes=tuple(shapes),
        legend=tuple(
            (models.hues[each.model], f"{models.names[each.model]} {text}")
            for each, text in told[:HUES]
        ),
        head=("model", "share", "how"),
        rows=tuple(
            (
                models.names[each.model],
                f"{100 * each.share:.1f} %",
                exactness(each),
            )
            for each in shares
        ),
    )


def slope_chart(answer: Recommendation) -> Chart | None:
    """Return the guide's order beside ours; None without a guide, or without a model."""
    chart, models = answer.solver.catalogue.flowchart, Models(answer.solver.catalogue)
    if chart is None or not answer.shortlist:
        return None
    ours = list(answer.decision.ids)
    theirs = [m for m in picks(chart, answer.profile.context) if m in models.names]
    right = [*ours[:_MOST_BARS], *(m for m in theirs if m not in ours[:_MOST_BARS])]
    ranks = {model: f"{ours.index(model) + 1}." if model in ours else "–" for model in right}
    shapes = [words("start small", 4, 13, "the guide"), words("end small", WIDTH - 4, 13, "ours")]
    for index, model in enumerate(right):
        y = 36.0 + 26 * index
        shapes.append(
            words("end", WIDTH - 4, y + 4, f"{ranks[model]} {cut(models.names[model], 140)}")
        )
    for index, model in enumerate(theirs):
        y, to = 36.0 + 26 * index, 36.0 + 26 * right.index(model)
        look = "slope" if model in ours else "slope out"
        shapes.append(words("start", 4, y + 4, f"{index + 1}. {cut(models.names[model], 110)}"))
        shapes.append(line(f"{look} {models.hues[model]}", (140, y), (WIDTH - 165, to)))
    return Chart(
        title="The guide’s order and ours",
        description="A line leads from a model's place in the guide to its place here.",
        height=30.0 + 26 * max(len(right), len(theirs)),
        shapes=tuple(shapes),
        head=("model", "the guide", "ours"),
        rows=tuple(
            (
                models.names[model],
                f"{theirs.index(model) + 1}." if model in theirs else "–",
                ranks[model] if ranks[model] != "–" else "ruled out",
            )
            for model in right
        ),
    )
