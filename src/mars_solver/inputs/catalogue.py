"""The catalogue: what can be asked, models with their facts, sources, and perhaps a guide."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Annotated, Any, Final, TypeVar

from pydantic import Field

from mars_solver.errors import Faults, InputError, Problem, rerooted, shown
from mars_solver.inputs.attributes import (
    Declarations,
    NeedTable,
    check_needs,
    parse_declarations,
)
from mars_solver.inputs.facts import (
    MEASURED,
    Claim,
    Fact,
    Member,
    NumberFact,
    SetFact,
    WordFact,
    YesNoFact,
    member_key,
    read_member,
)
from mars_solver.inputs.models import Model, forms, parse_model, with_defaults
from mars_solver.inputs.parsing import (
    SCHEMA,
    Date,
    Input,
    Text,
    TextLine,
    Version,
    did_you_mean,
    not_one_of,
    parse,
)
from mars_solver.inputs.tags import is_bare, language
from mars_solver.vocabulary import Kind

T = TypeVar("T", bound=Input)
ATTRIBUTES: Final = "attributes"
SOURCES: Final = "sources"
FLOWCHART: Final = "guide/flowchart"


class Source(Input):
    """What a source key means."""

    title: Text
    where: Text
    date: Date
    shared: dict[Text, tuple[Any, ...]] = Field(default_factory=dict)
    """Members that the source lists for several models together, by set attribute: evidence, and
    no statement about one of them."""
    shared_by: Annotated[tuple[Text, ...], Field(strict=False)] = ()
    """The models that such a list is about; none for all."""


class Question(Input):
    """One question of the guide, and the models of a yes."""

    need: Text
    text: Text
    answer: Annotated[tuple[Text, ...], Field(strict=False, min_length=1)]


class Flowchart(Input):
    """The guide: ordered questions with their models, and its answers where no need is stated."""

    format: Version = Field(alias="schema")
    source: Text
    as_of: Date
    vendor: TextLine = None
    """Who wrote the guide."""
    title: TextLine = None
    url: TextLine = None
    needs: dict[Text, NeedTable] = Field(default_factory=dict)
    no_need: Annotated[tuple[Text, ...], Field(strict=False, min_length=1)]
    batch: Annotated[tuple[Text, ...], Field(strict=False, min_length=1)]
    questions: Annotated[tuple[Question, ...], Field(strict=False)]


@dataclass(frozen=True, eq=False)
class Catalogue:
    """All models with their facts, as of a date.

    Attributes:
        declared: what can be asked.
        models: in order of id.
        sources: what the source keys mean.
        flowchart: the guide's, as data; None where the catalogue has no guide.
        calls: the templates of ways to call a model, by name.
    """

    declared: Declarations
    models: tuple[Model, ...]
    sources: Mapping[str, Source]
    flowchart: Flowchart | None = None
    calls: Mapping[str, str] = field(default_factory=dict)
    version: str = str(SCHEMA)

    @cached_property
    def as_of(self) -> str:
        """The newest date of any fact."""
        return max(fact.as_of for model in self.models for _, fact in model.claims())

    @cached_property
    def sha256(self) -> str:
        """The digest of the whole content, whatever the files' names, order or layout."""
        declared = self.declared
        return digest(
            {
                "attributes": [
                    [name, a.model_dump(exclude_defaults=True)]
                    for name, a in declared.attributes.items()
                ],
                "variables": [
                    [name, [v.model_dump(exclude_defaults=True) for v in domain]]
                    for name, domain in declared.variables.items()
                ],
                "models": [model.content for model in self.models],
                "sources": {k: s.model_dump(exclude_none=True) for k, s in self.sources.items()},
                "flowchart": self.flowchart and self.flowchart.model_dump(by_alias=True),
                "calls": dict(self.calls),
            }
        )

    @cached_property
    def names(self) -> dict[str, str]:
        """What people call each model, by id."""
        return {model.id: model.name for model in self.models}

    def known_members(self, attribute: str) -> tuple[Member, ...]:
        """Return the keys of all members of a set that any model or source lists, sorted."""
        return self._known_members[attribute]

    @cached_property
    def _known_members(self) -> dict[str, tuple[Member, ...]]:
        sets = [n for n, a in self.declared.attributes.items() if a.kind == Kind.SET.value]
        return {
            name: tuple(
                sorted(
                    {key for model in self.models for key in model.set(name).members}.union(
                        *self._shared[name].values()
                    ),
                    key=lambda key: (str(type(key)), key),
                )
            )
            for name in sets
        }

    @cached_property
    def _shared(self) -> dict[str, dict[str, frozenset[Member]]]:
        """The keys that each source shares, by attribute and source."""
        found: dict[str, dict[str, frozenset[Member]]] = {}
        for name, attribute in self.declared.attributes.items():
            found[name] = {
                key: frozenset(
                    member_key(member)
                    for each in source.shared.get(name, ())
                    if (member := read_member(attribute, each)) is not None
                )
                for key, source in self.sources.items()
            }
        return found

    def in_language(self, attribute: str, key: Member) -> list[Member]:
        """Return the known members that a member asks for: itself, or any locale of a language."""
        if self.declared.attributes[attribute].members == "language" and is_bare(str(key)):
            known = self.known_members(attribute)
            return [each for each in known if language(str(each)) == key]
        return [key]

    def evidence(self, model: Model, attribute: str, member: Member) -> str:
        """Return what is known of an unverified member of a set of a model, as a phrase."""
        key = member_key(member)
        fact = model.set(attribute).members.get(key)
        if fact is not None and fact.note:
            return f"{fact.note} ({fact.source})"
        listing = [
            source
            for source, keys in self._shared[attribute].items()
            if key in keys and model.id in (self.sources[source].shared_by or (model.id,))
        ]
        closure = model.set(attribute).closure
        parts = []
        if listing:
            parts.append(f"in the one list of {' and '.join(listing)} for several models together")
        if closure is not None and closure.note:
            parts.append(f"{closure.note} ({closure.source})")
        return "; ".join(parts) or "no source speaks of it"


def build_catalogue(
    content: Mapping[str, object],
    *,
    calls: Mapping[str, str] | None = None,
    folder: str = "models",
    unread: Iterable[Problem] = (),
) -> Catalogue:
    """Return the catalogue that parsed files describe.

    Args:
        content: of each file, by its path below the folder, without `.toml`: `attributes`,
            `sources`, `guide/flowchart` where there is a guide, and the models.
        calls: the templates of ways to call a model.
        folder: where the files are, for messages.
        unread: the faults of files that could not be read, to be reported with the others.

    Raises:
        InputError: with every fault of every file.
    """
    found = Faults(unread)
    files = dict(content)
    declared: Declarations | None = None
    keys: dict[str, Source] | None = None
    chart: Flowchart | None = None
    with found:
        declared = parse_declarations(files.pop(ATTRIBUTES, None), f"{folder}/{ATTRIBUTES}.toml")
    with found:
        keys = _parse_sources(files.pop(SOURCES, None), f"{folder}/{SOURCES}.toml")
    if FLOWCHART in files:
        with found:
            chart = _parse_flowchart(
                files.pop(FLOWCHART), declared, keys or {}, f"{folder}/{FLOWCHART}.toml"
            )
    models = {path: data for path, data in files.items() if "/" not in path}
    if not models and not found.problems:
        found.problems.append(
            Problem(folder, "", "at least one model file", "none", "add <id>.toml")
        )
    if declared is None:
        found.check()
        raise AssertionError  # the line above raises
    if chart is not None:
        declared = declared.with_needs(_in_chart_order(chart))
    form, _ = forms(declared)
    parsed: dict[str, Model] = {}
    for stem in sorted(models):
        with found:
            parsed[stem] = parse_model(models[stem], declared, form, f"{folder}/{stem}.toml")
    found.problems += _misnamed(parsed, folder)
    found.problems += [] if keys is None else _unsourced(parsed, keys, folder)
    found.check()
    sources = dict(sorted((keys or {}).items()))
    return Catalogue(declared, _by_id(parsed.values()), sources, chart, calls or {})


def _in_chart_order(chart: Flowchart) -> dict[str, NeedTable]:
    return {question.need: chart.needs[question.need] for question in chart.questions}


def _parse_flowchart(
    data: object, declared: Declarations | None, sources: Mapping[str, Source], place: str
) -> Flowchart:
    """Return the guide in a file, held against what is declared and the sources."""
    chart = parse(Flowchart, data, place)
    asked = [question.need for question in chart.questions]
    problems: list[Problem] = []
    if sorted(asked) != sorted(chart.needs):
        every = ", ".join(chart.needs) or "no need"
        found = ", ".join(asked) or "none"
        problems.append(Problem(place, "questions", f"each of {every} once", found))
    if declared is not None:
        problems += [Problem(place, *issue) for issue in check_needs(chart.needs, declared)]
    if sources and chart.source not in sources:
        expected, found, hint = _no_source(chart.source, sources)
        problems.append(Problem(place, "source", expected, found, hint))
    if problems:
        raise InputError(problems)
    return chart


def _parse_sources(data: object, place: str) -> dict[str, Source]:
    """Return the sources in a file, by key."""
    schema = data.get("schema") if isinstance(data, Mapping) else None
    if not isinstance(data, Mapping) or schema != SCHEMA:
        hint = f"set schema = {SCHEMA}"
        raise InputError([Problem(place, "schema", f"{SCHEMA}", shown(schema), hint)])
    found = Faults()
    keys: dict[str, Source] = {}
    for key in sorted(data.keys() - {"schema"}):
        with found, rerooted(lambda problem, key=key: problem.below(key)):  # type: ignore[misc]
            keys[key] = parse(Source, _listed(data[key]), place)
    found.check()
    return keys


def _listed(data: object) -> object:
    """Return a source with its lists as tuples."""
    if isinstance(data, Mapping) and isinstance(data.get("shared"), Mapping):
        lists = {k: tuple(v) if isinstance(v, list) else v for k, v in data["shared"].items()}
        return {**data, "shared": lists}
    return data


def _misnamed(models: Mapping[str, Model], folder: str) -> Iterable[Problem]:
    """Yield the models whose id is not their file's name, or is that of another file."""
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


def _no_source(key: str, sources: Collection[str]) -> tuple[str, str, str]:
    hint = did_you_mean(key, sources) or f"add [{key}] to sources.toml"
    return "a key of sources.toml", shown(key), hint


def _unsourced(
    models: Mapping[str, Model], sources: Collection[str], folder: str
) -> Iterable[Problem]:
    """Yield the claims whose source key means nothing; measurements name their own source."""
    for stem, model in models.items():
        seen: set[tuple[str, str]] = set()
        for path, fact in model.claims():
            claims: list[tuple[str, Claim]] = [(f"{path}.source", fact)]
            others = enumerate(fact.other_claims)
            claims += [(f"{path}.other_claims.{i}.source", claim) for i, claim in others]
            for where, claim in claims:
                once = (path.partition(".")[0], claim.source)
                if claim.grade != MEASURED and claim.source not in sources and once not in seen:
                    seen.add(once)
                    yield Problem(
                        f"{folder}/{stem}.toml", where, *_no_source(claim.source, sources)
                    )


def _by_id(models: Iterable[Model]) -> tuple[Model, ...]:
    return tuple(sorted(models, key=lambda model: model.id))


def digest(content: object) -> str:
    """Return the sha256 of plain data, whatever the order of its keys."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


# ------------------------------------------------------------------- measurements


def with_measurements(catalogue: Catalogue, data: object, *, place: str) -> Catalogue:
    """Return the catalogue with a user's own measurements as the chosen claims.

    Args:
        catalogue: the catalogue to measure against.
        data: `{model id: {attribute: claim}}`; a claim is written as in a model file, `grade` may
            be left out, and a set holds one claim for each member.
        place: where the data come from, for messages.

    Returns:
        A new catalogue; each claim replaced is kept under `other_claims`.

    Raises:
        InputError: with every fault of the data.
    """
    if not isinstance(data, Mapping):
        raise InputError([Problem(place, "", "a table for each model measured", shown(data))])
    found = Faults()
    models = {model.id: model for model in catalogue.models}
    for key in sorted(data, key=str):
        if key not in models:
            found.problems.append(Problem(place, str(key), *not_one_of(key, models)))
            continue
        with found:
            models[key] = _measured(models[key], data[key], catalogue.declared, place)
    found.check()
    return replace(catalogue, models=_by_id(models.values()))


def _measured(model: Model, data: object, declared: Declarations, place: str) -> Model:
    """Return `model` with the claims in `data` as the chosen ones."""
    _, form = forms(declared)
    graded = _graded(data, declared)
    with rerooted(lambda problem: problem.below(model.id)):
        facts = parse(form, graded, place)
        new = {n: f for n in declared.attributes if (f := getattr(facts, n)) is not None}
        wrong = [
            Problem(place, f"{path}.grade", MEASURED, shown(fact.grade), "leave it out")
            for path, fact in _claims(new)
            if fact.grade != MEASURED
        ]
        if wrong:
            raise InputError(wrong)
    merged = dict(model.facts)
    for name, fact in new.items():
        merged[name] = _replacing(fact, model.facts.get(name))
    ordered = {name: merged[name] for name in declared.attributes if name in merged}
    return replace(model, facts=ordered)


def _claims(facts: Mapping[str, Fact | SetFact]) -> Iterable[tuple[str, Fact]]:
    for name, fact in facts.items():
        if isinstance(fact, SetFact):
            yield from ((f"{name}.{key}", each) for key, each in fact.members.items())
        else:
            yield name, fact


def _graded(data: object, declared: Declarations) -> object:
    """Return measurements with the grade that they may leave out."""
    if not isinstance(data, Mapping):
        return data
    return with_defaults(data, declared, {"grade": MEASURED})


def _replacing(new: Fact | SetFact, old: Fact | SetFact | None) -> Fact | SetFact:
    """Return the fact `new`, with `old` and what it had replaced under `other_claims`."""
    if old is None:
        return new
    if isinstance(new, SetFact) and isinstance(old, SetFact):
        members = dict(old.members)
        for key, fact in new.members.items():
            members[key] = _demoting(fact, members.get(key))
        return SetFact(members, {**new.spelling, **old.spelling}, old.others, old.closure)
    return _demoting(new, old)  # type: ignore[type-var]


F = TypeVar("F", WordFact, YesNoFact, NumberFact)


def _demoting(new: F, old: F | None) -> F:
    if old is None:
        return new
    demoted = old.claim(why_not=f"replaced by a measurement of {new.as_of}")
    return new.model_copy(update={"other_claims": (*new.other_claims, demoted, *old.other_claims)})
