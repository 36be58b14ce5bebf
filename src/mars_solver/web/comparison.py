"""The comparison of the page: a few models as columns, what differs between them first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from mars_solver.inputs.catalogue.facts import MEASURED
from mars_solver.rendering.catalogue import FactRow, fact_table

if TYPE_CHECKING:
    from mars_solver.explaining.recommendation import Recommendation
    from mars_solver.inputs.catalogue.catalogue import Catalogue
    from mars_solver.inputs.catalogue.models import Model
    from mars_solver.rendering.words import Section

_MOST: Final = 6
"""How many models fit beside one another."""
_ADDRESS: Final = re.compile(r"(?:[a-z0-9-]+\.)+[a-z]{2,}(?:/[\w./~-]*)?")
GRADES: Final = {
    "stated": "the vendor says so",
    "derived": "calculated",
    "judged": "our reading",
    "third-party": "a third party",
    MEASURED: "your measurement",
}
"""What people read for the grade of a claim."""


class Origin(NamedTuple):
    """Where a fact comes from."""

    key: str
    title: str
    url: str
    """Empty where the source is no page of the web."""


class ComparedCell(NamedTuple):
    """One fact of one model."""

    model: str
    value: str
    look: str
    origins: tuple[Origin, ...]
    as_of: str
    grade: str
    note: str


class ComparedRow(NamedTuple):
    """One fact of every model that is compared."""

    name: str
    label: str
    cells: tuple[ComparedCell, ...]


@dataclass(frozen=True, slots=True)
class ComparedModels:
    """Models side by side."""

    models: tuple[Model, ...]
    statuses: tuple[str, ...]
    """One for each model; empty without an answer."""
    parts: tuple[tuple[str, tuple[ComparedRow, ...]], ...]
    """Titles with the rows below them: the first is what matters and differs."""
    left_out: tuple[str, ...]
    """The names of the other models."""
    sources: tuple[tuple[Origin, str], ...]
    """All sources, each with its date."""
    disputed: Section


def compared(catalogue: Catalogue, answer: Recommendation) -> ComparedModels:
    """Return the models of an answer side by side, the best first; betas where they are accepted.

    Args:
        catalogue: of the answer.
        answer: whose ranking gives the order.
    """
    decision = answer.decision
    ranked = [*decision.ids, *(each.model for each in answer.excluded)]
    table = fact_table(catalogue, answer)
    place = {model.id: index for index, model in enumerate(table.models)}
    refused = {each.model.id for each in decision.standings if each.refused}
    shown = [place[m] for m in ranked if m not in refused][:_MOST]
    keys = {key: origin_of(key, catalogue) for key in catalogue.sources}
    rows = [_row(row, [table.models[i].name for i in shown], shown, keys) for row in table.rows]
    first = {*_asked_first(catalogue), *(c.requirement.attribute for c in answer.checks.values())}
    alike = [row for row in rows if len({cell.value for cell in row.cells}) == 1]
    main = [row for row in rows if row.name in first and row not in alike]
    more = [row for row in rows if row not in main and row not in alike]
    parts = [("What matters most", main), ("Other differences", more), ("Alike for all", alike)]
    return ComparedModels(
        models=tuple(table.models[i] for i in shown),
        statuses=tuple(table.statuses[i] for i in shown) if table.statuses else (),
        parts=tuple((title, tuple(told)) for title, told in parts if told),
        left_out=tuple(m.name for i, m in enumerate(table.models) if i not in shown),
        sources=tuple((keys[key], source.date) for key, source in catalogue.sources.items()),
        disputed=table.disputed,
    )


def _asked_first(catalogue: Catalogue) -> Iterator[str]:
    """Yield the attributes that are scored, asked first, or state a need of the guide."""
    declared = catalogue.declared
    yield from (each.attribute for each in declared.criteria)
    yield from (each.attribute for each in declared.requirements if each.ask)
    for need in declared.needs:
        yield from (declared.requirement[name].attribute for name in need.stated_by[:1])


def origin_of(key: str, catalogue: Catalogue) -> Origin:
    """Return a source with the address of its page, where it is one."""
    source = catalogue.sources[key]
    found = _ADDRESS.fullmatch(source.where)
    url = source.url or (f"https://{source.where}" if found else "")
    return Origin(key, source.title, url if url.startswith("https://") else "")


def _row(
    row: FactRow, names: list[str], shown: list[int], keys: Mapping[str, Origin]
) -> ComparedRow:
    cells = []
    for name, index in zip(names, shown, strict=True):
        cell = row.cells[index]
        origins = tuple(
            keys.get(key, Origin(key, key, "")) for key in cell.source.split(", ") if key
        )
        grades = ", ".join(GRADES.get(word, word) for word in cell.grade.split(", ") if word)
        told = (cell.value, cell.look, origins, cell.as_of, grades, cell.note)
        cells.append(ComparedCell(name, *told))
    return ComparedRow(row.name, row.label, tuple(cells))
