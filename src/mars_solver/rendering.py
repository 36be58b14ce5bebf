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

from mars_solver import prose, wording
from mars_solver.catalogue import Catalogue
from mars_solver.facts import FACTS, Fact, Model
from mars_solver.recommendation import Recommendation
from mars_solver.solver import Solver
from mars_solver.vocabulary import Status

if TYPE_CHECKING:
    from mars_solver.explanation import Explanation

WIDTH: Final = 100
"""The width of text that goes to no terminal."""
_DIGEST = 12
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
    parts: list[RenderableType] = []
    if answer.profile.name:
        parts.append(Text(answer.profile.name, style="bold"))
    parts += [Text(wording.requires(answer.profile)), Text()]
    parts += [Text(wording.headline(answer), style="bold"), Text()]
    parts += [_ranking(answer), Text(digests(answer.solver), style="dim"), Text()]
    if answer.conflicts:
        parts += section("No model meets these together", _conflicts(answer))
    parts += _ways_out(answer)
    if answer.shortlist and answer.shortlist[0].to_verify:
        parts += section("Verify before you rely on it", _to_verify(answer))
    parts += [Text(wording.guide_text(answer)), Text()]
    if answer.shortlist:
        parts += _call(answer)
    if answer.notes:
        parts += section("Bear in mind", answer.notes)
    return Group(*parts)


def explanation(answer: Recommendation, explained: Explanation) -> RenderableType:
    """Return an explained answer for people."""
    names = {model.id: model.name for model in answer.solver.catalogue.models}
    parts: list[RenderableType] = [Text(prose.summary(answer, explained)), Text()]
    if explained.model:
        title = f"{names[explained.model.model]} in particular"
        parts += section(title, prose.standpoint_text(explained))
    parts.append(recommendation(answer))
    sections = [
        ("First beside second", prose.lead_text(explained, names)),
        ("Importances that change the winner", prose.flips_text(explained, names)),
        (
            "Facts that would change the winner",
            (prose.decisive_text(each, names) for each in explained.decisive_facts),
        ),
        (
            "Share of all weights with which each comes first",
            prose.shares_text(explained.first_rank_shares, names),
        ),
        *(
            (f"Along {prose.requirement_axis(sweep)}", prose.sweep_text(sweep, names))
            for sweep in explained.thresholds
            if sweep.current is not None or len(sweep.stretches) > 1
        ),
    ]
    for title, lines in sections:
        shown = list(lines)
        parts += section(title, shown) if shown else []
    return Group(*parts)


def _ways_out(answer: Recommendation) -> list[RenderableType]:
    """Return the relaxations of an infeasible profile, each solved again."""
    if answer.shortlist or not answer.decision.question.stated:
        return []
    names = {model.id: model.name for model in answer.solver.catalogue.models}
    lines = [prose.relaxation_text(each, names) for each in answer.relaxations]
    return section("Ways out, the cheapest first", [*lines, *prose.way_out(answer)])


def _ranking(answer: Recommendation) -> Table:
    """Return the table of all models: the shortlist in order, then the excluded."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for heading in ("", "Model", "Status"):
        table.add_column(heading, no_wrap=True)
    table.add_column("Score", justify="right", no_wrap=True)
    table.add_column("Why", overflow="fold")
    names = {model.id: model.name for model in answer.solver.catalogue.models}
    for candidate in answer.shortlist:
        table.add_row(
            "✓" if candidate.rank == 1 else str(candidate.rank),
            Text(names[candidate.model]),
            Text(candidate.status, style=_STYLE[candidate.status]),
            f"{candidate.score:.3f}",
            Text(wording.reason(answer, candidate)),
            style="bold" if candidate.rank == 1 else "",
        )
    for exclusion in answer.excluded:
        table.add_row(
            "–",
            Text(names[exclusion.model]),
            Text(Status.EXCLUDED.word, style=_STYLE["excluded"]),
            "",
            Text(wording.exclusion_reason(exclusion)),
        )
    return table


def digests(solver: Solver) -> str:
    """Return the line that says which facts and weights an answer rests on."""
    catalogue, weights = solver.catalogue, solver.weights
    return (
        f"Facts as of {catalogue.as_of} · catalogue {catalogue.sha256[:_DIGEST]}"
        f" · weights {weights.name} {weights.sha256[:_DIGEST]}"
    )


def _conflicts(answer: Recommendation) -> list[str]:
    stated = answer.profile.to_dict()["require"]
    return [
        " + ".join(wording.requirement_text(name, stated[name]) for name in conflict)
        for conflict in answer.conflicts
    ]


def _to_verify(answer: Recommendation) -> list[str]:
    return [f"{item.requirement}: {item.note}" for item in answer.shortlist[0].to_verify]


def _call(answer: Recommendation) -> list[RenderableType]:
    sentence, example = wording.how_to_call(answer)
    parts = section("How to call it", [sentence, wording.settings(answer)])
    if example:
        parts[-1:] = [Text(), Padding(Text(example), (0, 0, 0, 4)), Text()]
    return parts


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
    table.add_row("languages", *(_spoken(model) for model in facts.models))
    date = Text(f"Facts as of {facts.as_of} · catalogue {facts.sha256[:_DIGEST]}", style="dim")
    sources = [
        f"{key}: {source.title} ({source.where}, {source.date})"
        for key, source in facts.sources.items()
    ]
    return Group(table, date, Text(), *_disputed(facts), *section("Sources", sources))


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


def _spoken(model: Model) -> str:
    known = [tag for tag, fact in sorted(model.languages.items()) if fact.known]
    unsettled = sum(fact.known is None for fact in model.languages.values())
    refused = [tag for tag, fact in sorted(model.languages.items()) if fact.known is False]
    parts = [", ".join(known) or "none known"]
    parts += [f"not {', '.join(refused)}"] if refused else []
    parts += [f"{unsettled} unverified"] if unsettled else []
    return "; ".join(parts)


def _disputed(facts: Catalogue) -> list[RenderableType]:
    """Return the claims that were not chosen, each with its reason."""
    lines = [
        f"{model.id} {path}: {wording.claim_text(claim)} [{claim.source}, {claim.as_of}]"
        f" – {claim.why_not}"
        for model in facts.models
        for path, fact in model.facts()
        for claim in fact.other_claims
    ]
    return section("Claims not chosen", lines) if lines else []


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
    count = {key: wording.number(value) for key, value in counts.items() if isinstance(value, int)}
    more = "more than " if counts["more_questions"] else ""
    kinds = ("guaranteed", "unverified", "infeasible", "rejected")
    lines = [
        f"{count['rows']} rows: {', '.join(f'{count[kind]} {kind}' for kind in kinds)}",
        f"{more}{count['distinct_questions']} distinct questions",
        *([f"the rejected rows and why: {rejects}"] if counts["rejected"] else []),
    ]
    winners = [
        f"{each['model']}: {wording.number(each['rows'])} ({100 * each['share']:.1f} %)"
        for each in counts["models"]
    ]
    conflicts = [
        f"{' + '.join(each['requirements'])}: {wording.number(each['rows'])}"
        for each in counts["conflicts"]
    ]
    return Group(
        *section(f"Answers in {output}", lines),
        *(section("Which model comes first", winners) if winners else []),
        *(section("What leaves no model, most often", conflicts) if conflicts else []),
    )
