"""The layout of a terminal: answers, explanations, catalogues and batch runs by rich; and JSON."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from mars_solver.rendering.answer import report_of
from mars_solver.rendering.catalogue import disputed, fact_rows, languages_text, sources
from mars_solver.rendering.explanation import sections_of, standpoint_of, summary
from mars_solver.rendering.words import catalogue_digest
from mars_solver.vocabulary import number

if TYPE_CHECKING:
    from mars_solver.explaining.explanation import Explanation
    from mars_solver.explaining.recommendation import Recommendation
    from mars_solver.inputs.catalogue import Catalogue
    from mars_solver.rendering.answer import Call, RankingRow
    from mars_solver.rendering.catalogue import FactCell
    from mars_solver.rendering.words import Section

WIDTH: Final = 100
"""The width, in characters, of text that goes to no terminal."""
_STYLE: Final = {"guaranteed": "green", "unverified": "yellow", "excluded": "dim"}


def to_json(data: dict[str, Any]) -> str:
    """Return plain values as JSON text: ASCII only, keys in the order of the contract."""
    return json.dumps(data, indent=2, allow_nan=False)


def to_text(renderable: RenderableType, width: int = WIDTH) -> str:
    """Return what a terminal of some width would show, without colours or trailing blanks."""
    console = Console(
        file=io.StringIO(), width=width, color_system=None, legacy_windows=False, markup=False
    )
    with console.capture() as capture:
        console.print(renderable)
    return "\n".join(line.rstrip() for line in capture.get().rstrip().splitlines())


def recommendation(answer: Recommendation) -> RenderableType:
    """Return a recommendation for people."""
    report = report_of(answer)
    parts: list[RenderableType] = []
    if report.name:
        parts.append(Text(report.name, style="bold"))
    parts += [Text(report.requires), Text()]
    parts += [Text(report.headline, style="bold"), Text()]
    parts += [_ranking(report.ranking), Text(report.digests, style="dim"), Text()]
    parts += _sections(report.conflicts, report.ways_out, report.to_verify)
    parts += [Text(report.guide), Text()]
    if report.call:
        parts += _call(report.call)
    return Group(*parts, *_sections(report.notes))


def explanation(explained: Explanation) -> RenderableType:
    """Return an explained answer for people."""
    parts: list[RenderableType] = [Text(summary(explained)), Text()]
    if standpoint := standpoint_of(explained):
        parts += _sections(standpoint)
    parts.append(recommendation(explained.answer))
    return Group(*parts, *_sections(*sections_of(explained)))


def _ranking(rows: Iterable[RankingRow]) -> Table:
    """Return the table of all models: the shortlist in order, then the excluded."""
    table = _table()
    for heading in ("", "Model", "Status"):
        table.add_column(heading, no_wrap=True)
    table.add_column("Score", justify="right", no_wrap=True)
    table.add_column("Why", overflow="fold")
    for row in rows:
        table.add_row(
            "–" if row.rank is None else "✓" if row.rank == 1 else str(row.rank),
            Text(row.name),
            Text(row.status, style=_STYLE[row.status]),
            "" if row.score is None else f"{row.score:.3f}",
            Text(row.why),
            style="bold" if row.rank == 1 else "",
        )
    return table


def _table() -> Table:
    """Return an empty table without lines."""
    return Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))


def _call(call: Call) -> list[RenderableType]:
    parts = section("How to call it", [call.sentence, call.settings])
    if call.example:
        parts += [Padding(Text(call.example), (0, 0, 0, 4)), Text()]
    return parts


def _sections(*sections: Section) -> list[RenderableType]:
    """Return sections as titled paragraphs; one without lines is left out."""
    parts: list[RenderableType] = []
    for each in sections:
        if each.lines:
            parts += section(each.title, each.lines)
    return parts


def section(title: str, lines: Iterable[str]) -> list[RenderableType]:
    """Return a titled paragraph."""
    items = [Padding(Text(line), (0, 0, 0, 2)) for line in lines]
    return [Text(title, style="bold"), *items, Text()]


def catalogue(facts: Catalogue) -> RenderableType:
    """Return the comparison table of a catalogue, each value with its source and grade."""
    table = _table()
    table.add_column("Fact", no_wrap=True)
    for model in facts.models:
        table.add_column(Text(model.id), overflow="fold")
    for row in fact_rows(facts.models):
        table.add_row(row.name, *map(_cell, row.cells))
    table.add_row("languages", *map(languages_text, facts.models))
    identity = Text(catalogue_digest(facts), style="dim")
    return Group(table, identity, Text(), *_sections(disputed(facts), sources(facts)))


def _cell(cell: FactCell) -> Text:
    """Return a fact as a cell: its value, its source, and its grade where it is not stated."""
    text = Text(cell.value)
    if cell.source:
        grade = "" if cell.grade == "stated" else f", {cell.grade}"
        text.append(f"\n[{cell.source}{grade}]", style="dim")
    return text


def batch_summary(counts: dict[str, Any], output: str, rejects: str) -> RenderableType:
    """Return what a batch run counted, and where its answers are."""
    statuses = ", ".join(
        f"{number(counts[status])} {status}"
        for status in ("guaranteed", "unverified", "infeasible", "rejected")
    )
    more = "more than " if counts["more_questions"] else ""
    lines = [
        f"{number(counts['rows'])} rows: {statuses}",
        f"{more}{number(counts['distinct_questions'])} distinct questions",
    ]
    if counts["rejected"]:
        lines.append(f"the rejected rows and why: {rejects}")
    winners = [
        f"{each['model']}: {number(each['rows'])} ({100 * each['share']:.1f} %)"
        for each in counts["models"]
    ]
    conflicts = [
        f"{' + '.join(each['requirements'])}: {number(each['rows'])}"
        for each in counts["conflicts"]
    ]
    return Group(
        *section(f"Answers in {output}", lines),
        *(section("Which model comes first", winners) if winners else []),
        *(section("What leaves no model, most often", conflicts) if conflicts else []),
    )
