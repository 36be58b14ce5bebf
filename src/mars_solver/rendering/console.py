"""Answers and catalogues as text: the layout around `wording`, and JSON."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from mars_solver.explaining.recommendation import Recommendation
from mars_solver.inputs.catalogue import Catalogue
from mars_solver.inputs.facts import FACTS, Fact
from mars_solver.rendering import answer as report
from mars_solver.rendering import explanation as prose
from mars_solver.rendering import words as wording
from mars_solver.vocabulary import number

if TYPE_CHECKING:
    from mars_solver.explaining.explanation import Explanation
    from mars_solver.rendering.answer import Call, Report, Section

WIDTH: Final = 100
"""The width of text that goes to no terminal."""
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
    said = report.report_of(answer)
    parts: list[RenderableType] = []
    if said.name:
        parts.append(Text(said.name, style="bold"))
    parts += [Text(said.requires), Text()]
    parts += [Text(said.headline, style="bold"), Text()]
    parts += [_ranking(said), Text(said.digests, style="dim"), Text()]
    for each in (said.conflicts, said.ways_out, said.to_verify):
        parts += _section(each)
    parts += [Text(said.guide), Text()]
    if said.call:
        parts += _call(said.call)
    return Group(*parts, *_section(said.notes))


def explanation(answer: Recommendation, explained: Explanation) -> RenderableType:
    """Return an explained answer for people."""
    parts: list[RenderableType] = [Text(prose.summary(answer, explained)), Text()]
    if standpoint := report.standpoint_of(answer, explained):
        parts += _section(standpoint)
    parts.append(recommendation(answer))
    for each in report.sections_of(answer, explained):
        parts += _section(each)
    return Group(*parts)


def _ranking(said: Report) -> Table:
    """Return the table of all models: the shortlist in order, then the excluded."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for heading in ("", "Model", "Status"):
        table.add_column(heading, no_wrap=True)
    table.add_column("Score", justify="right", no_wrap=True)
    table.add_column("Why", overflow="fold")
    for place in said.places:
        table.add_row(
            {None: "–", 1: "✓"}.get(place.rank, str(place.rank)),
            Text(place.name),
            Text(place.status, style=_STYLE[place.status]),
            "" if place.score is None else f"{place.score:.3f}",
            Text(place.why),
            style="bold" if place.rank == 1 else "",
        )
    return table


def _call(call: Call) -> list[RenderableType]:
    parts = section("How to call it", [call.sentence, call.settings])
    if call.example:
        parts[-1:] = [Text(), Padding(Text(call.example), (0, 0, 0, 4)), Text()]
    return parts


def _section(said: Section) -> list[RenderableType]:
    """Return a section as a titled paragraph; nothing where it says nothing."""
    return section(said.title, said.lines) if said.lines else []


def section(title: str, lines: Iterable[str]) -> list[RenderableType]:
    """Return a titled paragraph."""
    items = [Padding(Text(line), (0, 0, 0, 2)) for line in lines]
    return [Text(title, style="bold"), *items, Text()]


def catalogue(facts: Catalogue) -> RenderableType:
    """Return the comparison table of a catalogue, each value with its source and grade."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("Fact", no_wrap=True)
    for model in facts.models:
        table.add_column(Text(model.id), overflow="fold")
    for name in FACTS:
        table.add_row(name, *(_cell(getattr(model, name)) for model in facts.models))
    table.add_row("languages", *(report.spoken(model) for model in facts.models))
    date = Text(report.dated(facts), style="dim")
    sections = [*_section(report.disputed(facts)), *_section(report.sources(facts))]
    return Group(table, date, Text(), *sections)


def usable(facts: Catalogue) -> str:
    """Return the line that says a catalogue is usable."""
    claims = sum(1 for model in facts.models for _ in model.facts())
    return f"{len(facts.models)} models, {claims} facts as of {facts.as_of}: no fault found"


def _cell(fact: Fact | None) -> Text:
    """Return a fact as a cell: its value, its source, and its grade where it is not stated."""
    text = Text(wording.fact_text(fact))
    if fact is not None:
        grade = "" if fact.grade == "stated" else f", {fact.grade}"
        text.append(f"\n[{fact.source}{grade}]", style="dim")
    return text


def catalogue_to_dict(facts: Catalogue) -> dict[str, Any]:
    """Return a catalogue as plain JSON values; an open end of a range is null."""
    return {
        "schema": "mars-solver/catalogue/1",
        "version": facts.version,
        "as_of": facts.as_of,
        "sha256": facts.sha256,
        "models": [
            _finite(model.model_dump(by_alias=True, exclude_none=True)) for model in facts.models
        ],
        "sources": {
            key: source.model_dump(exclude_none=True) for key, source in facts.sources.items()
        },
        "flowchart": facts.flowchart.model_dump(by_alias=True),
    }


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if value == float("inf") else value


def batch_summary(counts: dict[str, Any], output: str, rejects: str) -> RenderableType:
    """Return what a batch run counted, and where its answers are."""
    count = {key: number(value) for key, value in counts.items() if isinstance(value, int)}
    more = "more than " if counts["more_questions"] else ""
    kinds = ("guaranteed", "unverified", "infeasible", "rejected")
    lines = [
        f"{count['rows']} rows: {', '.join(f'{count[kind]} {kind}' for kind in kinds)}",
        f"{more}{count['distinct_questions']} distinct questions",
        *([f"the rejected rows and why: {rejects}"] if counts["rejected"] else []),
    ]
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
