"""Charts of the report, drawn by matplotlib and returned as SVG inside a page of HTML.

Every chart has a title and a description that says what it shows. Colours are variables of the
page, so that they follow its light and dark dress; text is text, in the page's font. The same input
gives the same bytes: matplotlib's ids are salted with the title, and no date is written.
"""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Sequence
from io import StringIO
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from benchmarks.tuning.experiments import LabelLead, Point

logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it tells of its caches of fonts otherwise

import matplotlib as mpl  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter  # noqa: E402

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH: Final = 720
"""Of every chart, in pixels; heights and margins are in pixels too."""
INK, SOFT, LINE, CARD = "#1d1f24", "#5b606b", "#dcd9d1", "#fffffe"
ACCENT, ACCENT_SOFT, OLD, BAD = "#0b6b63", "#e2edeb", "#a66a00", "#b3261e"
_VARIABLES: Final = {
    INK: "ink", SOFT: "soft", LINE: "line", CARD: "card",
    ACCENT: "accent", ACCENT_SOFT: "accent-soft", OLD: "old", BAD: "bad",
}  # fmt: skip
"""The variable of the page for each colour that charts are drawn in."""
_ROW: Final = 22
_BINS: Final = 24
_NAME: Final = 24
"""How many characters of a label's name are shown."""
_UNWANTED: Final = re.compile(
    r"""<!--.*?-->\n?|<defs>\s*<style.*?</style>\s*</defs>\n?|(?<=<g) id="[^"]*\"""", re.DOTALL
)
"""Comments, a style for the whole page, and the ids of groups, which repeat from chart to chart."""
_NO_DATE: Final = dict.fromkeys(("Creator", "Date", "Format", "Type"))


def dumbbells(leads: Sequence[LabelLead], title: str) -> Markup:
    """Return a row for each label: its smallest lead before (ring) and after (dot)."""
    figure, axes = _axes(34 + _ROW * len(leads), left=190, right=24, top=26, bottom=8)
    rows = range(len(leads))
    before, after = [lead.before for lead in leads], [lead.after for lead in leads]
    axes.hlines(rows, before, after, colors=LINE, linewidths=3, zorder=2)
    axes.scatter(before, rows, s=50, facecolors=CARD, edgecolors=OLD, linewidths=2, zorder=3)
    axes.scatter(after, rows, s=64, c=[ACCENT if x > 0 else BAD for x in after], zorder=4)
    axes.set_ylim(len(leads) - 0.5, -0.5)
    axes.set_yticks(rows, [_short(lead.label) for lead in leads])
    axes.xaxis.tick_top()
    _mark_zero(axes)
    told = "; ".join(f"{each.label}: {each.before:.4f} to {each.after:.4f}" for each in leads)
    return _svg(figure, title, told)


def histogram(leads: Sequence[LabelLead], title: str) -> Markup:
    """Return how many labels have which smallest lead: before upwards, after downwards."""
    values = [value for lead in leads for value in lead[1:]]
    low, high = min(values), max(values)
    width = (high - low or 1) / _BINS
    counts = {"before": [0] * _BINS, "after": [0] * _BINS}
    for lead in leads:
        for kind, value in (("before", lead.before), ("after", lead.after)):
            counts[kind][min(_BINS - 1, int((value - low) / width))] += 1
    starts = [low + width * i for i in range(_BINS)]
    most = max(max(each) for each in counts.values())
    figure, axes = _axes(270, left=72, right=24, top=18, bottom=32)
    for kind, colour, sign in (("before", OLD, 1), ("after", ACCENT, -1)):
        heights = [sign * count for count in counts[kind]]
        axes.bar(starts, heights, 0.92 * width, align="edge", color=colour, zorder=2)
    axes.set_ylim(-1.05 * most, 1.05 * most)
    axes.set_yticks([most / 2, -most / 2], list(counts))
    _mark_zero(axes)
    told = "; ".join(
        f"from {start:.3f}: {before} before, {after} after"
        for start, before, after in zip(starts, *counts.values(), strict=True)
    )
    return _svg(figure, title, told)


def curve(points: Sequence[Point], title: str, axis: str, base: tuple[str, float] | None) -> Markup:
    """Return a curve of shares with the span of its repeats, and perhaps a level to compare with.

    Args:
        points: of the curve.
        title: of the chart.
        axis: what the horizontal axis shows.
        base: the name of the level, and its share.
    """
    figure, axes = _axes(258, left=64, right=150, top=16, bottom=52)
    at, means = [p.at for p in points], [p.mean for p in points]
    axes.fill_between(
        at, [p.least for p in points], [p.most for p in points], color=ACCENT_SOFT, linewidth=0
    )
    axes.plot(
        at, means, color=ACCENT, linewidth=2.5, marker="o", markersize=8, clip_on=False, zorder=3
    )
    ends = [p.least for p in points] + ([base[1]] if base else [])
    low = max(0.0, min(0.9, min(ends) - 0.02))
    axes.set_xlim(0, max(at))
    axes.set_ylim(low, 1.0)
    axes.set_xticks(at)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.yaxis.set_major_locator(MaxNLocator(6))
    axes.grid(axis="y", color=LINE, linewidth=1)
    axes.tick_params(axis="x", pad=12)
    axes.tick_params(axis="y", labelcolor=SOFT, labelsize=12)
    axes.set_xlabel(axis, color=SOFT, size=12)
    close = base is not None and abs(means[-1] - base[1]) < 0.09 * (1 - low)
    _at_right(axes, means[-1], f"{means[-1]:.1%} at the end", INK, lift=-16 if close else 0)
    if base:
        axes.axhline(base[1], color=OLD, linewidth=1.5, linestyle=(0, (5, 4)), clip_on=False)
        _at_right(axes, base[1], base[0], SOFT)
    return _svg(figure, title, "; ".join(f"at {p.at:.0%}: {p.mean:.1%}" for p in points))


def _axes(height: int, *, left: int, right: int, top: int, bottom: int) -> tuple[Figure, Axes]:
    """Return a figure and its axes, without a frame, between margins in pixels."""
    figure = Figure(figsize=(WIDTH / 72, height / 72), dpi=72)
    wide, high = WIDTH - left - right, height - top - bottom
    axes = figure.add_axes((left / WIDTH, bottom / height, wide / WIDTH, high / height))
    axes.set_frame_on(False)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, pad=8, colors=SOFT, labelsize=12)
    axes.tick_params(axis="y", labelcolor=INK, labelsize=13)
    return figure, axes


def _mark_zero(axes: Axes) -> None:
    """Draw a grid at round numbers of the horizontal axis, and its zero more strongly."""
    axes.axvline(0, color=SOFT, linewidth=1, zorder=1)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.6g}"))
    axes.grid(axis="x", color=LINE, linewidth=1)


def _at_right(axes: Axes, level: float, text: str, colour: str, lift: int = 0) -> None:
    """Write a text to the right of the axes, at a level."""
    axes.annotate(
        text,
        (1, level),
        (10, lift),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        verticalalignment="center",
        color=colour,
        size=13,
        annotation_clip=False,
    )


def _short(text: str) -> str:
    return text if len(text) <= _NAME else text[: _NAME - 1] + "…"


def _svg(figure: Figure, title: str, told: str) -> Markup:
    """Return a figure as an element of HTML with its words, in the colours of the page."""
    file = StringIO()
    with (
        mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": title}),
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", "Glyph .* missing")  # the page's font may have them
        for text in figure.findobj(mpl.text.Text):
            text.set_parse_math(False)  # a label may have dollar signs
        figure.savefig(file, format="svg", transparent=True, metadata=_NO_DATE)
    drawing = file.getvalue().partition("<svg")[2].partition(">")[2]
    drawing = _UNWANTED.sub("", drawing)
    for colour, name in _VARIABLES.items():
        drawing = drawing.replace(colour, f"var(--{name})")
    size = f"{WIDTH} {round(figure.get_figheight() * 72)}"
    opening = Markup('<svg viewBox="0 0 {}" role="img" aria-label="{}">').format(size, title)
    words = Markup("<title>{}</title><desc>{}</desc>").format(title, told)
    return opening + words + Markup(drawing)  # noqa: S704  (matplotlib escapes what it writes)
