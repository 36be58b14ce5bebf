"""A recommendation in one screen: the verdict, what decides it, the facts of each model, a call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from mars_solver.explaining.findings import cause, plain, settling
from mars_solver.inputs.catalogue.catalogue import few
from mars_solver.rendering.answer import Said, finding_text, lead_sentence, report_of
from mars_solver.rendering.catalogue import fact_text
from mars_solver.rendering.words import MARKS, Section
from mars_solver.solving.solver import Standing
from mars_solver.vocabulary import NEUTRAL_IMPORTANCE, Status, both

if TYPE_CHECKING:
    from mars_solver.explaining.recommendation import Recommendation
    from mars_solver.rendering.answer import Report
    from mars_solver.solving.constraints import Check

_MOST_ROWS: Final = 8
"""How many models have a row of their own, where some of them are ruled out."""
_MOST_LINES: Final = 3
"""How many conflicts, ways out and open points are told."""
_MET: Final = MARKS[Status.MEETS.word]


class BriefCell(NamedTuple):
    """What the facts say of one model, and how it meets what is asked."""

    text: str
    mark: str = ""
    """Of the verdict; empty where nothing is asked."""

    def __str__(self) -> str:
        return f"{self.mark} {self.text}".strip()


@dataclass(frozen=True, slots=True)
class BriefColumn:
    """One attribute, with a cell for each row."""

    label: str
    cells: tuple[BriefCell, ...]


@dataclass(frozen=True, slots=True)
class BriefRow:
    """One model: on the shortlist, or ruled out."""

    rank: str
    mark: str
    name: str
    status: str
    score: str
    """0 to 1; empty where it is ruled out."""


@dataclass(frozen=True, slots=True)
class Brief:
    """A recommendation in short."""

    headline: str
    why: str
    """The lead of the first model, and each rank that its score contradicts."""
    asked: str
    rows: tuple[BriefRow, ...]
    columns: tuple[BriefColumn, ...]
    """The attributes that are required, those that decide first; then those that are preferred,
    then those that score most. A layout shows as many as fit."""
    aside: tuple[str, ...]
    """The models without a row, and what the marks mean."""
    sections: tuple[Section, ...]
    """Conflicts, and ways out."""
    to_verify: Section
    """For each open requirement one line, what settles it first: a layout cuts it at its width."""
    remarks: tuple[str, ...]
    """How one gets the winner, how the profile was read, and what the guide says."""
    ways: str
    """The ways to call the winner; empty where there are none."""
    call: str
    """The part of the first way that names it. A layout leaves it out where it does not fit."""
    more: str
    """What else there is to read."""


def brief_of(answer: Recommendation) -> Brief:
    """Return a recommendation in short."""
    report = report_of(answer)
    shown, left_out = _shown(answer)
    columns = tuple(_columns(answer, shown))
    ways, call = _call(answer, report)
    how = report.how[:1] if answer.shortlist and answer.shortlist[0].availability else ()
    return Brief(
        headline=report.headline,
        why=" ".join(filter(None, [lead_sentence(answer), *_contradicted(answer)])),
        asked=". ".join(filter(None, [report.name, *report.requires.splitlines()])) + ".",
        rows=tuple(_rows(answer, shown)),
        columns=columns,
        aside=tuple(_aside(answer, shown, left_out, columns)),
        sections=tuple(
            [each.cut(_MOST_LINES, "-v") for each in (report.conflicts, report.ways_out)]
        ),
        to_verify=Section(report.to_verify.title, tuple(_to_verify(answer))).cut(_MOST_LINES, "-v"),
        remarks=tuple(filter(None, [*how, *answer.remarks, report.guide])),
        ways=ways,
        call=call,
        more=_more(answer),
    )


def _shown(answer: Recommendation) -> tuple[list[Standing], list[Standing]]:
    """Return the standings that have a row, in order, and the others; refused betas have none."""
    decision = answer.decision
    listed = list(decision.ranked[: answer.top])
    excluded = [
        standing
        for standing in decision.standings
        if standing.status is Status.EXCLUDED and not standing.refused
    ]
    room = max(_MOST_ROWS - len(listed), 0)
    return listed + excluded[:room], excluded[room:]


def _rows(answer: Recommendation, shown: Iterable[Standing]) -> Iterator[BriefRow]:
    candidates = {each.model: each for each in answer.shortlist}
    for standing in shown:
        word, name = standing.status.word, standing.model.name
        listed = candidates.get(standing.model.id)
        rank, score = (str(listed.rank), f"{listed.score:.3f}") if listed else ("", "")
        yield BriefRow(rank, MARKS[word], name, word, score)


def _columns(answer: Recommendation, shown: list[Standing]) -> Iterator[BriefColumn]:
    """Yield the columns, those of the requirements that decide first."""
    declared, decision = answer.solver.declared, answer.decision
    asked = [
        BriefColumn(
            check.requirement.label,
            tuple(_required(answer, check, standing) for standing in shown),
        )
        for check in answer.checks.values()
    ]
    yield from sorted(asked, key=lambda each: all(cell.mark == _MET for cell in each.cells))
    used = {check.requirement.attribute for check in answer.checks.values()}
    importances = dict(zip(declared.criteria, decision.profile.importances, strict=True))
    weights = dict(zip(declared.criteria, decision.weights, strict=True))
    preferred = sorted(
        declared.criteria,
        key=lambda c: (-max(importances[c], NEUTRAL_IMPORTANCE), -weights[c]),
    )
    for criterion in preferred:
        if weights[criterion] and criterion.attribute not in used:
            attribute = declared.attributes[criterion.attribute]
            facts = (standing.model.facts.get(criterion.attribute) for standing in shown)
            cells = tuple(BriefCell(fact_text(fact, attribute)) for fact in facts)
            yield BriefColumn(attribute.label, cells)


def _required(answer: Recommendation, check: Check, standing: Standing) -> BriefCell:
    """Return how a model meets a requirement."""
    bit, solver = check.requirement.bit, answer.solver
    status = (
        Status.EXCLUDED
        if standing.violated & bit
        else Status.UNVERIFIED
        if standing.unverified & bit
        else Status.MEETS
    )
    why = cause(check, standing, solver.catalogue, answer.decision.policy)
    said = Said(plain(check.required), why.found, why.source)
    settled = status is not Status.UNVERIFIED
    text = finding_text(said, check.requirement, solver.declared, settled=settled)
    return BriefCell(text, MARKS[status.word])


def _contradicted(answer: Recommendation) -> Iterator[str]:
    """Yield why a model ranks below one that scores less, from the third model on."""
    declared, names = answer.solver.declared, answer.solver.catalogue.names
    for above, each in zip(answer.shortlist[1:], answer.shortlist[2:], strict=False):
        if each.score > above.score:
            open_points = both(declared.phrase(item.requirement) for item in each.to_verify)
            yield (
                f"{names[each.model]} scores higher than {names[above.model]}, but nobody has"
                f" confirmed {open_points} for it."
            )


def _aside(
    answer: Recommendation,
    shown: Iterable[Standing],
    left_out: Iterable[Standing],
    columns: Iterable[BriefColumn],
) -> Iterator[str]:
    """Yield what the marks mean, and which models have no row."""
    used = {MARKS[standing.status.word] for standing in shown}
    used |= {cell.mark for column in columns for cell in column.cells}
    refused = sum(standing.refused for standing in answer.decision.standings)
    betas = f"{refused} {'betas' if refused > 1 else 'beta'} left out (--accept-beta)"
    marks = [f"{mark} {meaning}" for mark, meaning in _MEANINGS.items() if mark in used]
    unshown = len(answer.decision.ranked) - len(answer.shortlist)
    top = [f"{unshown} more (--top)"] if unshown else []
    yield " · ".join([*marks, *([betas] if refused else []), *top])
    if names := [standing.model.name for standing in left_out]:
        yield f"{MARKS[Status.EXCLUDED.word]} {few(names)}"


_MEANINGS: Final = {
    MARKS[Status.MEETS.word]: "meets",
    MARKS[Status.UNVERIFIED.word]: "not confirmed",
    MARKS[Status.EXCLUDED.word]: "ruled out",
}


def _cut(told: Section) -> Section:
    """Return a section with its first lines, and how many more there are."""
    return told.cut(_MOST_LINES, "-v")


def _to_verify(answer: Recommendation) -> Iterator[str]:
    """Yield what settles each open requirement of the first model, and what is known of it."""
    best, catalogue = answer.decision.winner, answer.solver.catalogue
    if best is None:
        return
    for item in answer.shortlist[0].to_verify:
        settle = settling(answer.checks[item.requirement], best.model, catalogue)
        known = item.note.removesuffix(settle).removesuffix("; ")
        phrase = catalogue.declared.phrase(item.requirement)
        yield f"{phrase}: {'; '.join(filter(None, [settle, known]))}"


def _call(answer: Recommendation, report: Report) -> tuple[str, str]:
    """Return the ways to call the winner, and the part of the first that names it."""
    if not report.calls:
        return "", ""
    first, *others = report.calls
    best = answer.shortlist[0]
    call = naming(first.example, [best.speech_model or best.model, best.model])
    also = f"; also {', '.join(each.name for each in others)}" if others else ""
    return f"--for {first.name}{also}", call


def naming(code: str, names: Iterable[str]) -> str:
    """Return the statement of some code that holds one of several names; all of it if none does.

    A statement is a line, with those around it that belong to the same brackets: indentation tells.
    """
    lines = code.splitlines()
    wanted = tuple(names)
    at = next((i for i, line in enumerate(lines) if any(name in line for name in wanted)), None)
    if at is None:
        return code
    margin = _indent(lines[at])
    start = next((i for i in range(at, -1, -1) if lines[i] and _indent(lines[i]) < margin), at)
    margin = _indent(lines[start])
    end = start + 1
    while end < len(lines) and (not lines[end] or _indent(lines[end]) > margin):
        end += 1
    closes = end < len(lines) and lines[end].strip()[:1] in tuple(")]}'\"")
    return "\n".join(line[margin:] for line in lines[start : end + closes]).rstrip()


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _more(answer: Recommendation) -> str:
    """Return what -v adds, and how old the facts are."""
    caveats = len(answer.notes) - len(answer.remarks)
    parts = [f"{caveats} caveat{'s' if caveats > 1 else ''}"] if caveats else []
    parts += ["how scores add up"] if answer.shortlist else []
    told = ", ".join([*parts, "reasons", "sources"])
    return f"Facts as of {answer.catalogue.as_of}. With -v: {told}."
