"""The models beside one another: every fact with its source, date and grade."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mars_solver.inputs.facts import FACTS
from mars_solver.rendering import answer as report
from mars_solver.rendering.words import fact_text

if TYPE_CHECKING:
    from mars_solver.explaining.recommendation import Recommendation
    from mars_solver.inputs.catalogue import Catalogue
    from mars_solver.inputs.facts import Fact, Model
    from mars_solver.rendering.answer import Section

_UNITS: Final = {"ttfb_ms": "ms", "memory_mb": "MB", "sample_rate_hz": "Hz"}


@dataclass(frozen=True, slots=True)
class FactCell:
    """One fact of one model."""

    value: str
    look: str
    """"yes", "no" or "unknown" for a capability; "" for what is none."""
    source: str = ""
    """The key of the source; "" where the fact is unknown."""
    as_of: str = ""
    grade: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One fact of every model."""

    name: str
    unit: str
    cells: tuple[FactCell, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The catalogue as a table, and what an answer and the guide say of each model."""

    models: tuple[Model, ...]
    statuses: tuple[str, ...]
    """Of each model; none without an answer."""
    guide: tuple[str, ...]
    rows: tuple[Row, ...]
    sources: Section
    disputed: Section


def compare(catalogue: Catalogue, answer: Recommendation | None = None) -> Comparison:
    """Return the models beside one another, betas last, with an answer where there is one."""
    models = tuple(sorted(catalogue.models, key=lambda model: model.beta))
    rows = [
        Row(name, _UNITS.get(name, ""), tuple(_cell(getattr(m, name)) for m in models))
        for name in FACTS
    ]
    spoken = Row("languages", "", tuple(_languages(model) for model in models))
    return Comparison(
        models=models,
        statuses=tuple(_statuses(answer, models)) if answer else (),
        guide=tuple(_guide(answer, models)) if answer else (),
        rows=(*rows, spoken),
        sources=report.sources(catalogue),
        disputed=report.disputed(catalogue),
    )


def _statuses(answer: Recommendation, models: tuple[Model, ...]) -> Iterator[str]:
    """Yield how each model stands."""
    words = {each.model.id: each.status.word for each in answer.decision.standings}
    yield from (words[model.id] for model in models)


def _guide(answer: Recommendation, models: tuple[Model, ...]) -> Iterator[str]:
    """Yield what the guide says of each model for a profile."""
    verdict = answer.flowchart
    for model in models:
        if model.id not in verdict.answer:
            yield "–"
        elif verdict.question is None:
            yield "this one"
        else:
            yield f"this one (question {verdict.question})"


def _cell(fact: Fact | None) -> FactCell:
    value = fact_text(fact)
    look = value if value in {"yes", "no", "unknown"} else ""
    if fact is None:
        return FactCell(value, look)
    return FactCell(value, look, fact.source, fact.as_of, fact.grade, fact.note or "")


def _languages(model: Model) -> FactCell:
    """Return the locales of a model, with the sources of those that are settled."""
    settled = [fact for fact in model.languages.values() if fact.known is not None]
    return FactCell(
        report.spoken(model),
        "" if settled else "unknown",
        ", ".join(sorted({fact.source for fact in settled})),
        max((fact.as_of for fact in settled), default=""),
        ", ".join(sorted({fact.grade for fact in settled})),
    )
