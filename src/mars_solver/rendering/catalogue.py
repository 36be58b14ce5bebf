"""A catalogue in words: the facts of all models side by side, with source, date and grade."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mars_solver.explaining.findings import claim_text
from mars_solver.inputs.catalogue.catalogue import few
from mars_solver.inputs.catalogue.facts import SetFact
from mars_solver.inputs.catalogue.models import CARD_FACTS
from mars_solver.rendering.words import Section
from mars_solver.vocabulary import counted, member_text, number

if TYPE_CHECKING:
    from mars_solver.explaining.recommendation import Recommendation
    from mars_solver.inputs.catalogue.attributes import Attribute
    from mars_solver.inputs.catalogue.catalogue import Catalogue
    from mars_solver.inputs.catalogue.facts import Fact
    from mars_solver.inputs.catalogue.models import AnyFact, Model
    from mars_solver.proving.dead import Dead
    from mars_solver.solving.solver import Solver

SCHEMA: Final = "mars-solver/catalogue/2"
_OF_THE_CARD: Final = {
    "stage": "Stage",
    "speech_model": "Name to call it by",
    "availability": "How to get it",
}


@dataclass(frozen=True, slots=True)
class FactCell:
    """One fact of one model."""

    value: str
    look: str
    """"yes", "no" or "unknown" for a capability; "unknown" for any other that is; else ""."""
    source: str = ""
    """The key of the source; "" where the fact is unknown."""
    as_of: str = ""
    grade: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class FactRow:
    """One fact of every model."""

    name: str
    label: str
    unit: str
    cells: tuple[FactCell, ...]


@dataclass(frozen=True, slots=True)
class FactTable:
    """The catalogue as a table, and what an answer and the guide say of each model."""

    models: tuple[Model, ...]
    statuses: tuple[str, ...]
    """One for each model; empty without an answer."""
    guide: tuple[str, ...]
    """The same; empty without a guide, too."""
    rows: tuple[FactRow, ...]
    sources: Section
    disputed: Section


def fact_table(catalogue: Catalogue, answer: Recommendation | None = None) -> FactTable:
    """Return the models side by side, betas last, with what an answer says of each if given."""
    models = tuple(sorted(catalogue.models, key=lambda model: model.beta))
    return FactTable(
        models=models,
        statuses=tuple(_statuses(answer, models)) if answer else (),
        guide=tuple(_guide(answer, models)) if answer else (),
        rows=tuple(_rows(catalogue, models)),
        sources=sources(catalogue),
        disputed=disputed(catalogue),
    )


def _rows(catalogue: Catalogue, models: tuple[Model, ...]) -> Iterator[FactRow]:
    """Yield what the card says of each model, then every attribute, in declared order."""
    for name in CARD_FACTS:
        facts = [getattr(model, name) for model in models]
        if any(facts):
            yield FactRow(name, _OF_THE_CARD[name], "", tuple(_cell(fact, "") for fact in facts))
    for name, attribute in catalogue.declared.attributes.items():
        unit = attribute.unit or ""
        cells = tuple(_cell(model.facts.get(name), unit) for model in models)
        yield FactRow(name, attribute.label, unit, cells)


def _cell(fact: AnyFact | None, unit: str) -> FactCell:
    if fact is None:
        return FactCell("unknown", "unknown")
    if isinstance(fact, SetFact):
        return _set_cell(fact, unit)
    value = claim_text(fact, unit)
    look = value if value in {"yes", "no", "unknown"} else ""
    return FactCell(value, look, fact.source, fact.as_of, fact.grade, fact.note or "")


def fact_text(fact: AnyFact | None, attribute: Attribute) -> str:
    """Return what a fact says, in short; of a judged number also its scale."""
    if fact is None or isinstance(fact, SetFact):
        return set_text(fact, attribute.unit or "") if fact else "unknown"
    text = claim_text(fact, attribute.unit or "")
    return f"{text} of {number(attribute.scale[1])}" if attribute.scale and fact.settled else text


def _set_cell(known: SetFact, unit: str) -> FactCell:
    """Return a set, with the sources of what is settled of it."""
    claims = [fact for fact in known.members.values() if fact.known is not None]
    closed = [known.closure] if known.closure and known.others is not None else []
    settled = [*claims, *closed]
    return FactCell(
        set_text(known, unit),
        "" if settled else "unknown",
        ", ".join(sorted({claim.source for claim in settled})),
        max((claim.as_of for claim in settled), default=""),
        ", ".join(sorted({claim.grade for claim in settled})),
        known.closure.note or "" if known.closure else "",
    )


def set_text(known: SetFact, unit: str = "") -> str:
    """Return a set in words: its members, those it lacks, how many are open, and all others."""
    by_verdict: dict[bool | None, list[str]] = {True: [], False: [], None: []}
    for key, fact in known.members.items():
        by_verdict[fact.known].append(member_text(known.spelling.get(key, key), unit))
    parts = [few(by_verdict[True])] if by_verdict[True] else []
    parts += [f"not {few(by_verdict[False])}"] if by_verdict[False] else []
    parts += [f"{len(by_verdict[None])} not confirmed"] if by_verdict[None] else []
    if known.others is not None:
        word = (
            ("every other" if parts else "any")
            if known.others
            else ("no other" if parts else "none")
        )
        parts.append(word)
    return "; ".join(parts) or "unknown"


def _statuses(answer: Recommendation, models: Iterable[Model]) -> Iterator[str]:
    """Yield the status of each model in an answer."""
    words = {each.model.id: each.status.word for each in answer.decision.standings}
    yield from (words[model.id] for model in models)


def _guide(answer: Recommendation, models: Iterable[Model]) -> Iterator[str]:
    """Yield for each model whether the guide picks it for the profile; nothing without a guide."""
    verdict = answer.flowchart
    if verdict is not None:
        picked = "this one" + (f" (question {verdict.question})" if verdict.question else "")
        yield from (picked if model.id in verdict.answer else "–" for model in models)


def disputed(catalogue: Catalogue) -> Section:
    """Return the claims that were not chosen, each with its reason."""
    return Section("Claims not chosen", tuple(_disputed(catalogue)))


def _disputed(catalogue: Catalogue) -> Iterator[str]:
    declared = catalogue.declared
    for model in catalogue.models:
        for path, fact in model.claims():
            name, _, member = path.partition(".")
            unit = declared.attributes[name].unit if name in declared.attributes else None
            what = _OF_THE_CARD.get(name) or declared.label(name)
            for claim in fact.other_claims:
                value = claim_text(claim, unit or "")
                yield (
                    f"{model.name}, {what}{f' {member}' if member else ''}: {value}"
                    f" [{claim.source}, {claim.as_of}] – {claim.why_not}"
                )


def sources(catalogue: Catalogue, named_in: str | None = None) -> Section:
    """Return what the keys of the sources mean: of all, or of those that a text names."""
    told = None if named_in is None else {*_NAMED.findall(named_in), *_listing(named_in)}
    lines = (
        f"{key}: {source.title} ({source.where}, {source.date})"
        for key, source in catalogue.sources.items()
        if told is None or key in told
    )
    return Section("Sources", tuple(lines))


_NAMED: Final = re.compile(r"(?<=[\[( ])([\w.-]+)(?=[\]):,;])")
_LISTS: Final = re.compile(r"\blisted by ([\w., -]+?) for ")


def _listing(text: str) -> Iterator[str]:
    """Yield the keys of the sources whose lists a text names."""
    for names in _LISTS.findall(text):
        yield from re.split(r", | and ", names)


def usable(catalogue: Catalogue) -> str:
    """Return the line that says that a catalogue is usable."""
    claims = sum(1 for model in catalogue.models for _ in model.claims())
    facts = f"{counted(claims, 'fact')} as of {catalogue.as_of}"
    counts = [counted(len(catalogue.models), "model"), facts]
    counts += ["a guide"] if catalogue.flowchart else []
    counts += [f"{counted(len(catalogue.calls), 'template')} of a call"] if catalogue.calls else []
    return f"{', '.join(counts)}: no fault found"


TOO_MANY: Final = "too many kinds of profiles to say which facts change no answer"


def dead_lines(found: Dead | None, solver: Solver) -> Iterator[str]:
    """Yield what of a catalogue changes no answer under the weights of a solver."""
    if found is None:
        yield TOO_MANY
        return
    under = f"with the weights {solver.weights.name}"
    for names, what in (
        (found.models, "models never come first, whatever is asked for and preferred"),
        (found.requirements, "requirements change no answer"),
        (found.facts, "facts change no answer: all would be the same if nobody knew them"),
        (found.claims, "claims would change no answer if they were chosen"),
    ):
        if names:
            yield f"{under}, these {what}: {', '.join(names)}"


# -------------------------------------------------------------------------- JSON


def catalogue_to_dict(catalogue: Catalogue) -> dict[str, Any]:
    """Return a catalogue as plain JSON values; an open end of a range is null."""
    declared = catalogue.declared
    chart = catalogue.flowchart
    data = {
        "schema": SCHEMA,
        "version": catalogue.version,
        "as_of": catalogue.as_of,
        "sha256": catalogue.sha256,
        "variables": {
            name: [value.model_dump(exclude_defaults=True) for value in domain]
            for name, domain in declared.variables.items()
        },
        "attributes": {
            name: attribute.model_dump(exclude_defaults=True)
            for name, attribute in declared.attributes.items()
        },
        "models": [_model(model) for model in catalogue.models],
        "sources": {
            key: source.model_dump(exclude_defaults=True)
            for key, source in catalogue.sources.items()
        },
        "flowchart": chart.model_dump(by_alias=True, exclude_none=True) if chart else None,
        "calls": dict(catalogue.calls),
    }
    plain: dict[str, Any] = _finite(data)
    return plain


def facts_in_short(catalogue: Catalogue) -> dict[str, Any]:
    """Return what each fact of each model says in short, as plain JSON values."""
    facts = {
        model.id: {
            name: fact_text(model.facts.get(name), attribute)
            for name, attribute in catalogue.declared.attributes.items()
        }
        for model in catalogue.models
    }
    return {"as_of": catalogue.as_of, "models": facts}


def _model(model: Model) -> dict[str, Any]:
    card = {name: getattr(model, name) for name in CARD_FACTS}
    facts = {name: fact for name, fact in {**card, **model.facts}.items() if fact is not None}
    return {
        "id": model.id,
        "name": model.name,
        "impossible": [dict(each) for each in model.impossible],
        **{name: _fact(fact) for name, fact in facts.items()},
    }


def _fact(fact: Fact | SetFact) -> dict[str, Any]:
    if not isinstance(fact, SetFact):
        return fact.model_dump(exclude_none=True)
    closure = fact.closure.model_dump(exclude_none=True) if fact.closure else {}
    members = {
        str(fact.spelling.get(key, key)): claim.model_dump(exclude_none=True)
        for key, claim in fact.members.items()
    }
    return {**closure, "others": _word(fact.others), "members": members}


def _word(known: bool | None) -> str:
    return {True: "yes", False: "no", None: "unknown"}[known]


def _finite(value: Any) -> Any:
    """Return plain values with null in place of infinity, which JSON cannot say."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if value == float("inf") else value
