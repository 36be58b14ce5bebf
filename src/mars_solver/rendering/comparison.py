"""Two models head to head in words, without a layout."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mars_solver.inputs.catalogue.facts import Claim
from mars_solver.inputs.profile import requirement_text
from mars_solver.rendering.answer import Said, finding_text, tie_break
from mars_solver.rendering.catalogue import fact_text, sources
from mars_solver.rendering.explanation import lead_lines
from mars_solver.rendering.words import MARKS, Section, digests, lead_text, signed
from mars_solver.vocabulary import CONFIGURATION, Status, Verdict

if TYPE_CHECKING:
    from mars_solver.explaining.comparison import Comparison, RequirementRow, Side

_VERDICTS: Final = {
    verdict.name.lower(): MARKS[status.word]
    for verdict, status in zip(Verdict, Status, strict=True)
}
"""The mark of each verdict: that of the status of a model of which it is the worst."""


Row = tuple[str, str, str]
"""What is compared, and what it is for either model."""


@dataclass(frozen=True, slots=True)
class HeadToHead:
    """Two models side by side, in words."""

    requires: str
    headline: str
    names: tuple[str, str]
    rows: tuple[Row, ...]
    lead: Section
    """What adds up to the difference of the scores."""
    digests: str
    sources: Section
    """What the keys of sources mean that the rows name."""


def head_to_head(comparison: Comparison) -> HeadToHead:
    """Return a comparison in words."""
    catalogue = comparison.answer.solver.catalogue
    one, other = (catalogue.names[side.model] for side in comparison.models)
    rows = tuple(_rows(comparison))
    return HeadToHead(
        requires="\n".join(comparison.answer.profile.statements()),
        headline=_headline(comparison),
        names=(one, other),
        rows=rows,
        lead=Section(
            f"{one} − {other}: {signed(comparison.points)} points",
            tuple(lead_lines(comparison.criteria, catalogue)),
        ),
        digests=digests(comparison.answer.solver),
        sources=sources(catalogue, "\n".join(map("\n".join, rows))),
    )


def _headline(comparison: Comparison) -> str:
    """Return which model is ahead, and why, in one sentence."""
    if comparison.ahead is None:
        return "Both are excluded."
    names = comparison.answer.solver.catalogue.names
    behind, ahead = sorted(comparison.models, key=lambda side: side.model == comparison.ahead)
    first, second = names[ahead.model], names[behind.model]
    match comparison.decided_by:
        case "status":
            return f"{first} ({ahead.status}) is ahead of {second} ({behind.status})."
        case "unverified":
            return f"{first} is ahead of {second}: more of the requirements are confirmed for it."
        case "score":
            return f"{first} is ahead of {second} by {lead_text(abs(comparison.points))}."
        case tie:
            return f"{first} ties with {second}: {tie_break(str(tie))}."


def _rows(comparison: Comparison) -> Iterator[Row]:
    declared = comparison.answer.solver.declared
    one, other = comparison.models
    yield "Status", _status(comparison, 0), _status(comparison, 1)
    yield "Score, 0 to 1", _score(one), _score(other)
    for each in comparison.requirements:
        asked = requirement_text(declared.requirement[each.requirement], each.required)
        yield asked, _cell(comparison, each, 0), _cell(comparison, each, 1)
    if not comparison.requirements:
        yield from _facts(comparison)
    for variable in declared.variables:
        values = [
            declared.value_label(variable, side.configuration[variable])
            if side.configuration
            else "–"
            for side in (one, other)
        ]
        yield variable.replace("_", " ").capitalize(), values[0], values[1]


def _facts(comparison: Comparison) -> Iterator[Row]:
    """Yield what the facts say of both, where they say something of either."""
    answer = comparison.answer
    for name, attribute in answer.solver.declared.attributes.items():
        found = [
            answer.decision.standings[index].model.facts.get(name)
            for index in (comparison.first, comparison.second)
        ]
        told = [fact_text(fact, attribute) for fact in found]
        if told != ["unknown", "unknown"]:
            cited = [
                f"{text} [{fact.source}]" if isinstance(fact, Claim) and fact.settled else text
                for text, fact in zip(told, found, strict=True)
            ]
            yield attribute.label, cited[0], cited[1]


def _status(comparison: Comparison, index: int) -> str:
    side = comparison.models[index]
    standing = comparison.answer.decision.standings[(comparison.first, comparison.second)[index]]
    more = f", number {side.rank}" if side.rank else ", a beta" if standing.refused else ""
    return f"{MARKS[side.status]} {side.status}{more}"


def _score(side: Side) -> str:
    low, high = side.score_range
    return f"{side.score:.3f} ({low:.3f}–{high:.3f})"


def _cell(comparison: Comparison, row: RequirementRow, index: int) -> str:
    """Return how one of the models meets a requirement."""
    declared = comparison.answer.solver.declared
    requirement = declared.requirement[row.requirement]
    said = Said(row.required, row.found[index], row.sources[index])
    verdict = row.verdicts[index]
    settled = verdict != Verdict.UNVERIFIED.name.lower()
    found = finding_text(said, requirement, declared, settled=settled)
    shown = f" [{said.source}]" if said.source and said.source != CONFIGURATION else ""
    return f"{_VERDICTS[verdict]} {found}{shown}"
