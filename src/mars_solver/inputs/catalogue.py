"""The catalogue: models with their facts, what their sources mean, and the guide's flowchart."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from operator import methodcaller
from typing import Annotated, Any, Self, get_args

from pydantic import Field, model_validator

from mars_solver.errors import Faults, InputError, Problem, rerooted, shown
from mars_solver.inputs.facts import (
    CLAIM_OF,
    MEASURED,
    SCHEMA,
    Claim,
    Fact,
    Facts,
    Model,
    Text,
    Version,
)
from mars_solver.inputs.parsing import (
    Date,
    Input,
    Locales,
    choice,
    did_you_mean,
    invalid,
    not_one_of,
    parse,
)
from mars_solver.vocabulary import ENABLED_BY, NEEDS, NeedName


class Source(Input):
    """The document behind a source key."""

    title: Text
    where: Text
    date: Date
    shared_locales: Locales = Field(default_factory=tuple)
    """Locales that the source lists for all models of the public API together."""


class Question(Input):
    """One question of the flowchart, and the models that it names if the answer is yes."""

    need: Annotated[NeedName, choice(*get_args(NeedName))]
    text: Text
    answer: Annotated[tuple[Text, ...], Field(strict=False, min_length=1)]


class Flowchart(Input):
    """The guide's ordered questions with their models, and its answers where no need is stated."""

    format: Version = Field(alias="schema")
    source: Text
    as_of: Date
    no_need: Annotated[tuple[Text, ...], Field(strict=False, min_length=1)]
    batch: Annotated[tuple[Text, ...], Field(strict=False, min_length=1)]
    questions: Annotated[tuple[Question, ...], Field(strict=False)]

    @model_validator(mode="after")
    def _every_need_once(self) -> Self:
        asked = [question.need for question in self.questions]
        if sorted(asked) != sorted(need.name for need in NEEDS):
            every = ", ".join(need.name for need in NEEDS)
            raise invalid(("questions", f"each of {every} once", ", ".join(asked) or "none", ""))
        return self


@dataclass(frozen=True, eq=False)
class Catalogue:
    """All models with their facts, as of a date.

    Attributes:
        models: in order of id.
        sources: what the source keys mean.
        flowchart: the guide's, as data.
    """

    models: tuple[Model, ...]
    sources: Mapping[str, Source]
    flowchart: Flowchart
    version: str = str(SCHEMA)

    @cached_property
    def as_of(self) -> str:
        """The newest date of any fact."""
        return max(fact.as_of for model in self.models for _, fact in model.facts())

    @cached_property
    def sha256(self) -> str:
        """The digest of the whole content, whatever the files' names, order or layout."""
        return digest(
            {
                "models": [m.model_dump(by_alias=True, exclude_none=True) for m in self.models],
                "sources": {k: s.model_dump(exclude_none=True) for k, s in self.sources.items()},
                "flowchart": self.flowchart.model_dump(by_alias=True),
            }
        )

    def evidence(self, model: Model, tag: str) -> str:
        """Return what is known of an unverified locale of a model, as a phrase."""
        fact = model.languages.get(tag)
        if fact is not None and fact.note:
            return f"{fact.note} ({fact.source})"
        if model.capability("public_api"):
            for key in sorted(self.sources):
                if tag in self.sources[key].shared_locales:
                    return f"in the one list of {key} for all models of the public API"
        return "no source speaks of it"


def build_catalogue(
    models: Mapping[str, object],
    sources: object,
    flowchart: object,
    *,
    folder: str = "models",
    unread: Iterable[Problem] = (),
) -> Catalogue:
    """Return the catalogue that parsed files describe.

    Args:
        models: the content of each model file, by the stem of its name.
        sources: the content of `sources.toml`; None where it could not be read.
        flowchart: the content of `guide/flowchart.toml`; None where it could not be read.
        folder: where the files are, for messages.
        unread: the faults of files that could not be read, to be reported with the others.

    Raises:
        InputError: with every fault of every file.
    """
    faults = Faults(unread)
    known: dict[str, Model] = {}
    keys: dict[str, Source] | None = None
    chart: Flowchart | None = None
    charted = f"{folder}/guide/flowchart.toml"
    for stem in sorted(models):
        with faults:
            known[stem] = parse(Model, models[stem], f"{folder}/{stem}.toml")
    if sources is not None:
        keys = _parse_sources(sources, f"{folder}/sources.toml", faults)
    if flowchart is not None:
        with faults:
            chart = parse(Flowchart, flowchart, charted)
    problems = faults.problems
    if not models and not problems:
        problems.append(Problem(folder, "", "at least one model file", "none", "add <id>.toml"))
    problems.extend(_misnamed(known, folder))
    for stem, each in known.items():
        problems.extend(_undeployable(each, f"{folder}/{stem}.toml"))
    if keys is not None and isinstance(sources, Mapping):
        problems.extend(_unsourced(known, sources.keys(), folder))
        if chart is not None and chart.source not in sources:
            problems.append(_unknown_source(charted, "source", chart, keys))
    if problems or keys is None or chart is None:
        raise InputError(problems)
    return Catalogue(_by_id(known.values()), dict(sorted(keys.items())), chart)


def _parse_sources(data: object, place: str, faults: Faults) -> dict[str, Source] | None:
    """Return the sources by key, and collect what is wrong with them; None without a schema."""
    schema = data.get("schema") if isinstance(data, Mapping) else None
    if not isinstance(data, Mapping) or schema != SCHEMA:
        hint = f"set schema = {SCHEMA}"
        faults.problems.append(Problem(place, "schema", f"{SCHEMA}", shown(schema), hint))
        return None
    keys: dict[str, Source] = {}
    for key in sorted(data.keys() - {"schema"}):
        with faults, rerooted(methodcaller("below", key)):
            keys[key] = parse(Source, data[key], place)
    return keys


def _misnamed(models: Mapping[str, Model], folder: str) -> Iterable[Problem]:
    """Yield the problems of ids that differ from their file's name, or that two files share."""
    seen: dict[str, str] = {}
    for stem, model in models.items():
        place = f"{folder}/{stem}.toml"
        if model.id != stem:
            hint = f"rename the file to {model.id}.toml or set the id to {stem}"
            yield Problem(place, "id", f'"{stem}", the name of the file', f'"{model.id}"', hint)
        if model.id in seen:
            found = f'"{model.id}", as in {seen[model.id]}'
            yield Problem(place, "id", "an id of its own", found, "give each model its own id")
        seen.setdefault(model.id, place)


def _undeployable(model: Model, place: str, below: str = "") -> Iterable[Problem]:
    """Yield the fault of a model that can be deployed nowhere: it has no configuration."""
    needed = [c for (name, _), values in ENABLED_BY.items() if name == "deployment" for c in values]
    if all(model.capability(name) is False for name in needed):
        hint = "a model that can be deployed nowhere is no candidate: remove it or mend a fact"
        expected = "at least one that is not false"
        yield Problem(place, below + ", ".join(needed), expected, "all of them false", hint)


def _unsourced(
    models: Mapping[str, Model], sources: Collection[str], folder: str
) -> Iterable[Problem]:
    """Yield the problems of source keys that are not declared; measurements name their own."""
    for stem, model in models.items():
        for path, fact in model.facts():
            claims = [(f"{path}.source", fact), *_others(path, fact)]
            for where, claim in claims:
                if claim.grade != MEASURED and claim.source not in sources:
                    yield _unknown_source(f"{folder}/{stem}.toml", where, claim, sources)


def _unknown_source(
    place: str, path: str, citing: Claim | Flowchart, sources: Collection[str]
) -> Problem:
    """Return the problem of a source key that `sources.toml` lacks."""
    key = citing.source
    hint = did_you_mean(key, sources) or f"add [{key}] to sources.toml"
    return Problem(place, path, "a key of sources.toml", shown(key), hint)


def _others(path: str, fact: Fact) -> Iterable[tuple[str, Claim]]:
    for i, claim in enumerate(fact.other_claims):
        yield f"{path}.other_claims.{i}.source", claim


def _by_id(models: Iterable[Model]) -> tuple[Model, ...]:
    return tuple(sorted(models, key=lambda model: model.id))


def digest(content: object) -> str:
    """Return the sha256 of plain data, whatever the order of its keys."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def with_measurements(catalogue: Catalogue, data: object, *, place: str) -> Catalogue:
    """Return the catalogue with a user's own measurements as the chosen claims.

    Args:
        catalogue: the catalogue to measure against.
        data: `{model id: {fact: claim}}`; a claim is written as in a model file, `grade` may be
            left out, and `languages` holds one claim for each locale.
        place: where the data come from, for messages.

    Returns:
        A new catalogue; each claim replaced stands under `other_claims`.

    Raises:
        InputError: with every fault of the data.
    """
    if not isinstance(data, Mapping):
        raise InputError([Problem(place, "", "a table for each model measured", shown(data))])
    faults = Faults()
    models = {model.id: model for model in catalogue.models}
    for key in sorted(data, key=str):
        if key not in models:
            faults.problems.append(Problem(place, str(key), *not_one_of(key, models)))
            continue
        with faults:
            models[key] = _measured(models[key], data[key], place)
            faults.problems.extend(_undeployable(models[key], place, f"{key}."))
    faults.check()
    return replace(catalogue, models=_by_id(models.values()))


def _measured(model: Model, data: object, place: str) -> Model:
    """Return a model with the claims in `data` as its chosen claims."""
    with rerooted(methodcaller("below", model.id)):
        facts = parse(Facts, _graded(data), place)
    wrong = [
        Problem(place, f"{model.id}.{path}.grade", MEASURED, shown(fact.grade), "leave it out")
        for path, fact in facts.facts()
        if fact.grade != MEASURED
    ]
    if wrong:
        raise InputError(wrong)
    chosen: dict[str, Any] = {
        name: _replacing(getattr(facts, name), getattr(model, name))
        for name in facts.model_fields_set - {"languages"}
        if getattr(facts, name) is not None
    }
    languages = {
        tag: _replacing(fact, model.languages.get(tag)) for tag, fact in facts.languages.items()
    }
    return model.model_copy(update={**chosen, "languages": {**model.languages, **languages}})


def _graded(data: object) -> object:
    """Return measurements with the grade that they may leave out."""
    if not isinstance(data, Mapping):
        return data

    def graded(claim: object) -> object:
        return {"grade": MEASURED, **claim} if isinstance(claim, Mapping) else claim

    return {
        name: {tag: graded(claim) for tag, claim in value.items()}
        if name == "languages" and isinstance(value, Mapping)
        else graded(value)
        for name, value in data.items()
    }


def _replacing(new: Fact, old: Fact | None) -> Fact:
    """Return the fact `new`, with `old` and what it had replaced under `other_claims`."""
    if old is None:
        return new
    fields = old.model_dump(exclude={"other_claims"}, exclude_none=True)
    demoted = CLAIM_OF[type(old)](**fields, why_not=f"replaced by a measurement of {new.as_of}")
    others = (*new.other_claims, demoted, *old.other_claims)
    return new.model_copy(update={"other_claims": others})
