"""The layout of a terminal: answers, explanations, catalogues and batch runs by rich; and JSON."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console, Group, RenderableType
from rich.containers import Lines
from rich.padding import Padding
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from mars_solver.escaping import visible
from mars_solver.rendering.answer import report_of
from mars_solver.rendering.brief import brief_of
from mars_solver.rendering.catalogue import fact_table
from mars_solver.rendering.comparison import head_to_head
from mars_solver.rendering.explanation import sections_of, standpoint_of, summary
from mars_solver.rendering.words import MARKS, catalogue_digest
from mars_solver.vocabulary import INFEASIBLE, THIN, Status, both, counted, number

if TYPE_CHECKING:
    from rich.console import ConsoleOptions, RenderResult

    from mars_solver.explaining.comparison import Comparison
    from mars_solver.explaining.explanation import Explanation
    from mars_solver.explaining.recommendation import Recommendation
    from mars_solver.inputs.catalogue.catalogue import Catalogue
    from mars_solver.rendering.answer import Call, RankingRow
    from mars_solver.rendering.brief import Brief, BriefColumn
    from mars_solver.rendering.catalogue import FactCell
    from mars_solver.rendering.members import Members
    from mars_solver.rendering.words import Section

WIDTH: Final = 100
"""The width, in characters, of text that goes to no terminal."""
WIDE: Final = 140
"""The same for a table of all models and facts."""
_STYLE: Final = {
    Status.MEETS.word: "green",
    Status.UNVERIFIED.word: "yellow",
    Status.EXCLUDED.word: "dim",
}
_MOST_LINES: Final = 60
"""So many lines of a section are shown."""
_MET: Final = MARKS[Status.MEETS.word]
_KEY: Final = r"\[[^\]\n]+\]"
"""What a terminal shows dim: keys of requirements and of sources."""


_JOINT: Final = "\ue000"
"""Takes the place of a thin space while text is wrapped: rich breaks lines at any white space."""


class Prose(Text):
    """Text that is never broken within a number."""

    def wrap(self, *args: Any, **options: Any) -> Lines:
        """Return the lines, with thousands left together."""
        joined = self.copy()
        joined.plain = self.plain.replace(THIN, _JOINT)
        lines = joined.wrap(*args, **options)
        for line in lines:
            line.plain = line.plain.replace(_JOINT, THIN)
        return lines


PLAIN: Final[dict[str, Any]] = {"markup": False, "emoji": False, "highlight": False}
"""How a console is made that takes no text for more than text."""


class Visible:
    """A renderable with nothing left in its text that a terminal acts on."""

    def __init__(self, inside: RenderableType) -> None:
        self._inside = inside

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for segment in console.render(self._inside, options):
            yield segment if segment.control else Segment(visible(segment.text), segment.style)


def to_json(data: dict[str, Any]) -> str:
    """Return plain values as JSON text: ASCII only, keys in the order of the contract."""
    return json.dumps(data, indent=2, allow_nan=False)


def to_text(renderable: RenderableType, width: int = WIDTH) -> str:
    """Return what a terminal of some width would show, without colours or trailing blanks."""
    console = Console(
        file=io.StringIO(), width=width, color_system=None, legacy_windows=False, **PLAIN
    )
    with console.capture() as capture:
        console.print(renderable)
    return "\n".join(line.rstrip() for line in capture.get().rstrip().splitlines())


def recommendation(answer: Recommendation, *, verbose: bool = False) -> RenderableType:
    """Return a recommendation for people: in one screen, or with all that is known of it."""
    return _whole(answer) if verbose else _Screen(brief_of(answer))


class _Screen:
    """A recommendation in short, laid out for the width that there is."""

    def __init__(self, brief: Brief) -> None:
        self.brief = brief

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        room, call = options.max_width, self.brief.call.splitlines()
        parts = self._parts(room, call)
        excess = self._excess(parts, console, options)
        if any(len(line) > room - _INDENT for line in call) or excess > parts.count(_BLANK):
            parts = self._parts(room, [])
            excess = self._excess(parts, console, options)
        blanks = [i for i, part in enumerate(parts) if part is _BLANK]
        dropped = set(blanks[len(blanks) - excess :] if 0 < excess < len(blanks) else blanks)
        yield from (part for i, part in enumerate(parts) if excess <= 0 or i not in dropped)

    @staticmethod
    def _excess(parts: list[RenderableType], console: Console, options: ConsoleOptions) -> int:
        """Return by how many lines some parts are higher than a screen."""
        return len(console.render_lines(Group(*parts), options)) - _HEIGHT

    def _parts(self, room: int, call: Sequence[str]) -> list[RenderableType]:
        """Return the parts from top to bottom, with as much of a call as is given."""
        said = self.brief
        verdict = Prose(said.headline, style="bold")
        if said.why:
            verdict.append(f" {said.why}", style="not bold")
        parts: list[RenderableType] = [verdict, Prose(said.asked, style="dim"), _BLANK]
        if said.rows:
            fitting, high = self._fitting(room)
            parts += [self._table(fitting, high), *map(_text, self._unseen(fitting))]
        parts += [*(Prose(line, style="dim") for line in said.aside), _BLANK]
        for each in said.sections:
            if each.lines:
                parts += [*section(each.title, each.lines)[:-1], _BLANK]
        if said.to_verify.lines:
            lines = (_cropped(line, room - 2) for line in said.to_verify.lines)
            parts += [*section(said.to_verify.title, lines)[:-1], _BLANK]
        parts += map(_text, said.remarks)
        if call:
            parts += [_BLANK, Prose(f"How to call it (the whole of it: {said.ways})", style="bold")]
            parts.append(Padding(Prose("\n".join(call)), (0, 0, 0, _INDENT)))
        elif said.ways:
            parts += [_BLANK, Prose(f"How to call it: {said.ways}", style="bold")]
        return [*parts, Prose(said.more, style="dim")]

    def _fitting(self, room: int) -> tuple[list[BriefColumn], int]:
        """Return the columns that fit beside the names, in order, and how high headings are.

        A heading takes two lines where more of the requirements fit in that way.
        """
        rows = self.brief.rows
        score = len(_SCORE) + 2 if any(row.score for row in rows) else 0
        rank = max(len(row.rank) for row in rows) + 2 if score else 0
        names = rank + 3 + max(len(row.name) for row in rows) + score
        found = {}
        for high in (1, 2):
            widths = accumulate(_width(column, high) + 2 for column in self.brief.columns)
            within = [width for width in widths if names + width <= room]
            found[high] = self.brief.columns[: len(within)]
        asked = {high: sum(1 for c in f if c.cells[0].mark) for high, f in found.items()}
        high = 2 if asked[2] > asked[1] else 1
        return list(found[high]), high

    def _table(self, columns: Sequence[BriefColumn], high: int) -> Table:
        table, rows = _table(), self.brief.rows
        ranked = any(row.rank for row in rows)
        if ranked:
            table.add_column("", justify="right", no_wrap=True)
        table.add_column("", no_wrap=True)
        table.add_column("Model", overflow="fold")
        if ranked:
            table.add_column(_SCORE, justify="right", no_wrap=True)
        for column in columns:
            table.add_column(Prose(column.label), width=_width(column, high))
        for i, row in enumerate(rows):
            mark = Prose(row.mark, style=_STYLE[row.status])
            facts = [Prose(str(column.cells[i])) for column in columns]
            left, score = ([Prose(row.rank)], [Prose(row.score)]) if ranked else ([], [])
            style = {1: "bold"}.get(i + 1 if row.rank else 0, "")
            table.add_row(*left, mark, Prose(row.name), *score, *facts, style=style)
        return table

    def _unseen(self, fitting: Sequence[BriefColumn]) -> Iterator[str]:
        """Yield what a model does not meet, or leaves open, in the columns that do not fit."""
        hidden = [column for column in self.brief.columns if column not in fitting]
        alike: dict[str, list[str]] = {}
        for i, row in enumerate(self.brief.rows):
            told = [f"{c.label} {c.cells[i]}" for c in hidden if c.cells[i].mark not in {"", _MET}]
            alike.setdefault("; ".join(told), []).append(row.name)
        yield from (f"{both(names)}: {told}" for told, names in alike.items() if told)


_SCORE: Final = "Score 0–1"
_HEIGHT: Final = 23
"""The lines of a screen without the prompt; a longer answer has fewer blank ones."""
_BLANK: Final = Prose()
_INDENT: Final = 4
_CUT: Final = "… (-v)"


def _cropped(line: str, room: int) -> str:
    """Return a line, cut between words where it is longer than the room for it."""
    if len(line) <= room:
        return line
    whole, _, _ = line[: room - len(_CUT) + 1].rpartition(" ")
    return f"{whole.rstrip(',;:')}{_CUT}"


def _width(column: BriefColumn, high: int) -> int:
    """Return the width of a column whose heading may take one line, or two."""
    words = column.label.split()
    breaks = range(len(words) if high > 1 else 1)
    heading = min(max(len(" ".join(words[:i])), len(" ".join(words[i:]))) for i in breaks)
    return max(heading, *(len(str(cell)) for cell in column.cells))


def _whole(answer: Recommendation) -> RenderableType:
    """Return all that is known of a recommendation."""
    report = report_of(answer)
    parts: list[RenderableType] = []
    if report.name:
        parts.append(Prose(report.name, style="bold"))
    parts += [_text(report.requires), Prose()]
    parts += [Prose(report.headline, style="bold"), *map(_text, report.how), Prose()]
    parts += [_ranking(report.ranking), Prose(report.digests, style="dim"), Prose()]
    parts += _sections(_cut(report.conflicts), _cut(report.ways_out), report.to_verify)
    if report.guide:
        parts += [_text(report.guide), Prose()]
    for call in report.calls[:1]:
        parts += [Prose(f"How to call it with {call.name}", style="bold")]
        parts += [Padding(Prose(call.example), (0, 0, 0, _INDENT))]
        parts += [Prose(each, style="dim") for each in _other_ways(report.calls[1:])] + [Prose()]
    return Group(*parts, *_sections(report.notes, report.sources))


def beside_call(answer: Recommendation, way: str) -> list[str]:
    """Return what is said beside a ready call, or in its place where there is none.

    Args:
        answer: whose first model is to be called.
        way: how; one that the catalogue has a template for.
    """
    best, report = answer.decision.winner, report_of(answer)
    if best is None:
        return [to_text(recommendation(answer))]
    if way in answer.calls:
        doubts = "; ".join((*report.to_verify.lines, *report.notes.lines))
        return [report.headline, *([f"Bear in mind: {doubts}"] if doubts else [])]
    reason = answer.calling.missing[way] or "the catalogue has no such call for it"
    return [
        f"{best.model.name} comes first, but cannot be called with {way}: {reason}.",
        *report.how,
        *(_other_ways(report.calls) or ["There is no other way to call it."]),
    ]


def _other_ways(calls: Sequence[Call]) -> list[str]:
    """Return a line that says which other calls there are; none where there are none."""
    names = ", ".join(f"--for {call.name}" for call in calls)
    return [f"Other ways to call it: {names}"] if names else []


def explanation(explained: Explanation) -> RenderableType:
    """Return an explained answer for people."""
    parts: list[RenderableType] = [Prose(summary(explained)), Prose()]
    if standpoint := standpoint_of(explained):
        parts += _sections(standpoint)
    parts.append(_whole(explained.answer))
    return Group(*parts, *_sections(*map(_cut, sections_of(explained))))


def _ranking(rows: Sequence[RankingRow]) -> Table:
    """Return the table of all models: the shortlist in order, then the excluded."""
    table = _table()
    ranked = any(row.rank for row in rows)
    if ranked:
        table.add_column("", justify="right", no_wrap=True)
    for heading in ("", "Model", "Status"):
        table.add_column(heading, no_wrap=True)
    if ranked:
        table.add_column(_SCORE, justify="right", no_wrap=True)
    table.add_column("Why", overflow="fold")
    for row in rows:
        why = _text(row.why)
        if row.availability:
            why.append(f"\nHow to get it: {row.availability}", style="dim")
        rank = "" if row.rank is None else str(row.rank)
        score = "" if row.score is None else f"{row.score:.3f}"
        mark, status = (Prose(each, style=_STYLE[row.status]) for each in (row.mark, row.status))
        name = Prose(row.name)
        cells = (rank, mark, name, status, score, why) if ranked else (mark, name, status, why)
        table.add_row(*cells, style="bold" if row.rank == 1 else "")
    return table


def _table() -> Table:
    """Return an empty table without lines."""
    return Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))


def _text(line: str) -> Text:
    """Return a line with its keys dim."""
    text = Prose(line)
    text.highlight_regex(_KEY, "dim")
    return text


def _cut(told: Section) -> Section:
    """Return a section without what nobody would read to the end."""
    return told.cut(_MOST_LINES, "--json")


def _sections(*sections: Section) -> list[RenderableType]:
    """Return sections as titled paragraphs; one without lines is left out."""
    parts: list[RenderableType] = []
    for each in sections:
        if each.lines:
            parts += section(each.title, each.lines)
    return parts


def section(title: str, lines: Iterable[str]) -> list[RenderableType]:
    """Return a titled paragraph."""
    items = [Padding(_text(line), (0, 0, 0, 2)) for line in lines]
    return [Prose(title, style="bold"), *items, Prose()]


def lines(text: str) -> RenderableType:
    """Return a text whose lines, where they are too long, go on below where they begin."""
    parts = [(line.lstrip(" "), len(line)) for line in text.split("\n")]
    return Group(*(Padding(Prose(part), (0, 0, 0, long - len(part))) for part, long in parts))


def comparison(compared: Comparison) -> RenderableType:
    """Return two models head to head, for people."""
    said = head_to_head(compared)
    table = _table()
    table.add_column("", overflow="fold")
    for name in said.names:
        table.add_column(Prose(name), overflow="fold")
    for label, one, other in said.rows:
        table.add_row(_text(label), _text(one), _text(other))
    parts: list[RenderableType] = [Prose(said.requires), Prose()]
    parts += [Prose(said.headline, style="bold"), Prose(), table]
    parts += [Prose(said.digests, style="dim"), Prose()]
    return Group(*parts, *_sections(said.lead, said.sources))


def catalogue(facts: Catalogue) -> RenderableType:
    """Return the comparison table of a catalogue, each value with its source and grade."""
    shown = fact_table(facts)
    table = _table()
    widest = max((len(row.name) + 2 for row in shown.rows), default=0)
    table.add_column("Fact", min_width=widest)
    for model in shown.models:
        table.add_column(Prose(model.name), overflow="fold")
    for row in shown.rows:
        table.add_row(_text(f"{row.label}\n[{row.name}]"), *map(_cell, row.cells))
    identity = Prose(catalogue_digest(facts), style="dim")
    return Group(table, identity, Prose(), *_sections(shown.disputed, shown.sources))


def members(shown: Members) -> RenderableType:
    """Return which model has what of a set; with the evidence where one member is asked for."""
    if shown.asked:
        return Group(*_sections(*shown.evidence, shown.sources))
    table = _table()
    table.add_column("", no_wrap=True)
    for model in shown.models:
        name = model.name.replace("-", "-\n").replace(" ", "\n")
        table.add_column(Prose(name), overflow="fold")
    for member, row in shown.rows.items():
        table.add_row(member, *(held.mark for held in row))
    return Group(
        table,
        Prose("✓ yes · ? unknown · – no; for the evidence, add one of these names", style="dim"),
    )


def presets(facts: Catalogue) -> RenderableType:
    """Return the ready profiles of a catalogue, each with what it asks for."""
    lines = [
        (f"{each.name}", f"{each.text}\n{'. '.join(each.profile.statements())}.")
        for each in facts.presets
    ]
    table = _table()
    table.add_column("Preset", no_wrap=True)
    table.add_column("What it is for", overflow="fold")
    for name, said in lines:
        table.add_row(Prose(name), Prose(said))
    return table if lines else Prose("This catalogue has no presets.")


def _cell(cell: FactCell) -> Text:
    """Return a fact as a cell: its value, its source, and its grade where it is not stated."""
    text = Prose(cell.value)
    if cell.source:
        grade = "" if cell.grade == "stated" else f", {cell.grade}"
        text.append(f"\n[{cell.source}{grade}]", style="dim")
    return text


def batch_summary(
    counts: dict[str, Any], facts: Catalogue, output: str, rejects: str
) -> RenderableType:
    """Return what a batch run counted, and where its answers are.

    Args:
        counts: of the run, as JSON has them.
        facts: the catalogue that answered.
        output: the path of the answers.
        rejects: that of the rows that are no profiles; empty where no file has them.
    """
    words = (Status.MEETS.word, Status.UNVERIFIED.word, INFEASIBLE, "rejected")
    statuses = ", ".join(f"{number(counts[status])} {status}" for status in words)
    more = "more than " if counts["more_questions"] else ""
    lines = [
        f"{counted(counts['rows'], 'row')}: {statuses}",
        f"{more}{counted(counts['distinct_questions'], 'distinct question')}",
    ]
    if counts["rejected"] and rejects:
        lines.append(f"the rejected rows and why: {rejects}")
    winners = [
        f"{facts.names[each['model']]}: {number(each['rows'])} ({100 * each['share']:.1f} %)"
        for each in counts["models"]
    ]
    conflicts = [
        f"{' + '.join(map(facts.declared.phrase, each['requirements']))}: {number(each['rows'])}"
        for each in counts["conflicts"]
    ]
    return Group(
        *section(f"Answers {'on standard output' if output == '-' else f'in {output}'}", lines),
        *(section("Which model comes first", winners) if winners else []),
        *(section("What leaves no model, most often", conflicts) if conflicts else []),
    )
