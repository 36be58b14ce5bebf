"""A catalogue in words: the facts of all models side by side, with source, date and grade."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mars_solver.inputs.facts import FACTS
from mars_solver.rendering.words import Section, claim_text, fact_text

if TYPE_CHECKING:
    from mars_solver.explaining.recommendation import Recommendation
    from mars_solver.inputs.catalogue import Catalogue
    from mars_solver.inputs.facts import Fact, Model

_UNITS: Final = {"ttfb_ms": "ms", "memory_mb": "MB", "sample_rate_hz": "Hz"}


@dataclass(frozen=True, slots=True)
class FactCell:
    """One fact of one model."""

    value: str
    look: str
    """"yes", "no" or "unknown" for a capability; "" for any other fact."""
    source: str = ""
    """The key of the source; "" where the fact is unknown."""
    as_of: str = ""
    grade: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class FactRow:
    """One fact of every model."""

    name: str
    unit: str
    cells: tuple[FactCell, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The catalogue as a table, and what an answer and the guide say of each model."""

    models: tuple[Model, ...]
    statuses: tuple[str, ...]
    """One for each model; empty without an answer, like `guide`."""
    guide: tuple[str, ...]
    rows: tuple[FactRow, ...]
    sources: Section
    disputed: Section


def compare(catalogue: Catalogue, answer: Recommendation | None = None) -> Comparison:
    """Return the models side by side, betas last, with what an answer says of each if given."""
    models = tuple(sorted(catalogue.models, key=lambda model: model.beta))
    return Comparison(
        models=models,
        statuses=tuple(_statuses(answer, models)) if answer else (),
        guide=tuple(_guide(answer, models)) if answer else (),
        rows=(*fact_rows(models), FactRow("languages", "", tuple(map(_language_cell, models)))),
        sources=sources(catalogue),
        disputed=disputed(catalogue),
    )


def fact_rows(models: Iterable[Model]) -> list[FactRow]:
    """Return every fact but the languages, in declared order, with a cell for each model."""
    return [
        FactRow(name, _UNITS.get(name, ""), tuple(_cell(getattr(model, name)) for model in models))
        for name in FACTS
    ]


def _cell(fact: Fact | None) -> FactCell:
    value = fact_text(fact)
    look = value if value in {"yes", "no", "unknown"} else ""
    if fact is None:
        return FactCell(value, look)
    return FactCell(value, look, fact.source, fact.as_of, fact.grade, fact.note or "")


def _language_cell(model: Model) -> FactCell:
    """Return the locales of a model, with the sources of those that are settled."""
    settled = [fact for fact in model.languages.values() if fact.known is not None]
    return FactCell(
        languages_text(model),
        "" if settled else "unknown",
        ", ".join(sorted({fact.source for fact in settled})),
        max((fact.as_of for fact in settled), default=""),
        ", ".join(sorted({fact.grade for fact in settled})),
    )


def languages_text(model: Model) -> str:
    """Return the locales of a model: those it speaks, those it does not, how many are open."""
    facts = sorted(model.languages.items())
    spoken = [tag for tag, fact in facts if fact.known]
    refused = [tag for tag, fact in facts if fact.known is False]
    unsettled = sum(fact.known is None for _, fact in facts)
    parts = [", ".join(spoken) or "none known"]
    parts += [f"not {', '.join(refused)}"] if refused else []
    parts += [f"{unsettled} unverified"] if unsettled else []
    return "; ".join(parts)


def _statuses(answer: Recommendation, models: Iterable[Model]) -> Iterator[str]:
    """Yield the status of each model in an answer."""
    words = {each.model.id: each.status.word for each in answer.decision.standings}
    yield from (words[model.id] for model in models)


def _guide(answer: Recommendation, models: Iterable[Model]) -> Iterator[str]:
    """Yield for each model whether the guide picks it for the profile."""
    verdict = answer.flowchart
    picked = "this one" + (f" (question {verdict.question})" if verdict.question else "")
    yield from (picked if model.id in verdict.answer else "–" for model in models)


def disputed(catalogue: Catalogue) -> Section:
    """Return the claims that were not chosen, each with its reason."""
    lines = (
        f"{model.id} {path}: {claim_text(claim)} [{claim.source}, {claim.as_of}] – {claim.why_not}"
        for model in catalogue.models
        for path, fact in model.facts()
        for claim in fact.other_claims
    )
    return Section("Claims not chosen", tuple(lines))


def sources(catalogue: Catalogue) -> Section:
    """Return what the keys of the sources mean."""
    lines = (
        f"{key}: {source.title} ({source.where}, {source.date})"
        for key, source in catalogue.sources.items()
    )
    return Section("Sources", tuple(lines))


def usable(catalogue: Catalogue) -> str:
    """Return the line that says that a catalogue is usable."""
    claims = sum(1 for model in catalogue.models for _ in model.facts())
    return f"{len(catalogue.models)} models, {claims} facts as of {catalogue.as_of}: no fault found"


def catalogue_to_dict(catalogue: Catalogue) -> dict[str, Any]:
    """Return a catalogue as plain JSON values; an open end of a range is null."""
    return {
        "schema": "mars-solver/catalogue/1",
        "version": catalogue.version,
        "as_of": catalogue.as_of,
        "sha256": catalogue.sha256,
        "models": [
            _finite(model.model_dump(by_alias=True, exclude_none=True))
            for model in catalogue.models
        ],
        "sources": {
            key: source.model_dump(exclude_none=True) for key, source in catalogue.sources.items()
        },
        "flowchart": catalogue.flowchart.model_dump(by_alias=True),
    }


def _finite(value: Any) -> Any:
    """Return plain values with null in place of infinity, which JSON cannot say."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if value == float("inf") else value
