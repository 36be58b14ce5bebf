"""Pictures of scores and importances."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from mars_solver.rendering.words import fraction_text
from mars_solver.vocabulary import MAX_IMPORTANCE
from mars_solver.web.svg import (
    HUES,
    LEFT,
    LETTER,
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
    from mars_solver.explaining.explanation import Explanation
    from mars_solver.explaining.recommendation import Candidate, Recommendation
    from mars_solver.explaining.sensitivity import Flip, ImportanceFlips


def contributions_picture(answer: Recommendation, names: Mapping[str, str]) -> Picture:
    """Return what makes up each score on the shortlist, with the range that the facts admit."""
    shown = answer.shortlist
    height = 22 + 44 * len(shown) + 24
    scale = WIDTH - LEFT - 74
    parts = [*patterns("bars")]
    for tenth in range(0, 11, 2):
        x = LEFT + scale * tenth / 10
        parts.append(line(x, 16, x, height - 26, "grid"))
        parts.append(label(x, height - 10, f"{tenth / 10:g}", "small"))
    for place, candidate in enumerate(shown):
        parts += _bar(candidate, names[candidate.model], 22 + 44 * place, scale)
    criteria = [item.criterion for item in shown[0].contributions] if shown else []
    desc = "; ".join(
        f"{names[each.model]} {each.score:.3f}, from {each.score_range[0]:.3f}"
        f" to {each.score_range[1]:.3f}"
        for each in shown
    )
    rows = tuple(
        (
            names[each.model],
            *(f"{item.points:.3f}" for item in each.contributions),
            f"{each.score:.3f}",
            f"{each.score_range[0]:.3f} to {each.score_range[1]:.3f}",
        )
        for each in shown
    )
    return Picture(
        drawing("bars", "What each score is made of", desc, height, parts),
        tuple(Legend(hue, name) for hue, name in enumerate(criteria)),
        TextTable(("model", *criteria, "score", "range"), rows),
    )


def _bar(candidate: Candidate, name: str, top: float, scale: float) -> Iterator[str]:
    """Yield one stacked bar, its range and its score."""
    yield label(LEFT - 9, top + 16, _short(name), "name end")
    x = float(LEFT)
    for hue, item in enumerate(candidate.contributions):
        wide = scale * item.points
        if wide > 0:
            box = (x, top + 2, wide, 20)
            yield rect(box, f"part m{hue}") + rect(box, "ink", f"url(#bars-{hue})")
            if wide > 34:  # noqa: PLR2004  (room for a label)
                yield rect((x + wide / 2 - 15, top + 5, 30, 14), "plate")
                yield label(x + wide / 2, top + 16, f"{item.points:.2f}", "small")
        x += wide
    low, high = (LEFT + scale * end for end in candidate.score_range)
    y = top + 29
    yield line(low, y, high, y, "range")
    yield line(low, y - 4, low, y + 4, "range") + line(high, y - 4, high, y + 4, "range")
    yield label(WIDTH - 6, top + 17, f"{candidate.score:.3f}", "name end")


def _short(name: str) -> str:
    """Return a name that fits beside a bar."""
    most = int((LEFT - 12) / LETTER)
    short = name if len(name) <= most else name.removeprefix("MARS-")
    return short if len(short) <= most else short[: most - 1] + "…"


def importances_picture(explained: Explanation, names: Mapping[str, str]) -> Picture:
    """Return each importance from 0 to 10, where it is, and where the winner changes."""
    flips = explained.importances
    hues = {model: place % HUES for place, model in enumerate(names)}
    height = 20 + 48 * len(flips) + 12
    winner = explained.answer.decision.ids[0] if flips else ""
    parts = [*patterns("flips")]
    for place, each in enumerate(flips):
        parts += _importance(each, winner, names, hues, 14 + 48 * place)
    rows = tuple(
        (
            each.criterion,
            str(each.importance),
            _flip_cell(each.down, names),
            _flip_cell(each.up, names),
        )
        for each in flips
    )
    moved = [each.criterion for each in flips if each.down or each.up]
    desc = f"The winner changes along {', '.join(moved)}." if moved else "No flip in 0 to 10."
    used = {winner, *(f.winner for each in flips for f in (each.down, each.up) if f)}
    return Picture(
        drawing("flips", "Where moving one importance changes the winner", desc, height, parts),
        tuple(Legend(hues[model], names[model]) for model in names if model in used),
        TextTable(("criterion", "importance", "below", "above"), rows),
    )


def _flip_cell(flip: Flip | None, names: Mapping[str, str]) -> str:
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
) -> Iterator[str]:
    """Yield one importance as an axis from 0 to 10."""
    scale = (WIDTH - LEFT - 24) / MAX_IMPORTANCE
    low = float(each.down.at) if each.down else 0.0
    high = float(each.up.at) if each.up else float(MAX_IMPORTANCE)
    yield label(LEFT - 12, top + 16, each.criterion, "end")
    yield _band(LEFT, top, scale, (low, high), hues[winner], names[winner])
    for flip, ends in ((each.down, (0.0, low)), (each.up, (high, float(MAX_IMPORTANCE)))):
        if flip:
            yield _band(LEFT, top, scale, ends, hues[flip.winner], names[flip.winner], "beyond")
            x = LEFT + scale * float(flip.at)
            yield line(x, top - 4, x, top + 26, "flip")
    for whole in range(MAX_IMPORTANCE + 1):
        x = LEFT + scale * whole
        yield line(x, top + 22, x, top + 25, "tick")
        yield label(x, top + 37, str(whole), "tiny")
    x = LEFT + scale * each.importance
    yield mark(x, top + 11)


def _band(
    left: float,
    top: float,
    scale: float,
    ends: tuple[float, float],
    hue: int,
    name: str,
    look: str = "",
) -> str:
    """Return the part of an importance at which one model wins, named where there is room."""
    low, high = ends
    wide = scale * (high - low)
    box = (left + scale * low, top, wide, 22)
    drawn = rect(box, f"area m{hue} {look}".strip()) + rect(box, "ink", f"url(#flips-{hue})")
    short = name.removeprefix("MARS-")
    if wide > LETTER * len(short) + 26:
        drawn += label(left + scale * low + 8, top + 15, short, "small start")
    return drawn
