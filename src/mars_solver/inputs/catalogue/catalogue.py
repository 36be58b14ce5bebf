"""The catalogue: what can be asked, models with their facts, sources, and perhaps a guide."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Annotated, Any, Final

from pydantic import Field

from mars_solver.briefs import named
from mars_solver.errors import Faults, InputError, Problem, rerooted, shown
from mars_solver.inputs.catalogue.attributes import Declarations
from mars_solver.inputs.catalogue.attributes_file import check_needs, parse_declarations, usable
from mars_solver.inputs.catalogue.facts import (
    MEASURED,
    Claim,
    Member,
    expected_member,
    member_key,
    read_member,
)
from mars_solver.inputs.catalogue.guide import Flowchart, parse_flowchart, with_needs
from mars_solver.inputs.catalogue.models import Model, parse_model
from mars_solver.inputs.catalogue.presets import Preset, parse_presets
from mars_solver.inputs.catalogue.tags import is_bare, language
from mars_solver.inputs.parsing import (
    SCHEMA,
    Date,
    Input,
    Text,
    TextLine,
    did_you_mean,
    parse,
)
from mars_solver.vocabulary import Kind

ATTRIBUTES: Final = "attributes"
SOURCES: Final = "sources"
FLOWCHART: Final = "guide/flowchart"
GUIDE_LINES: Final = "guide/lines"


class Source(Input):
    """What a source key means."""

    title: Text
    where: Text
    date: Date
    url: TextLine = None
    """Its page on the web, where `where` does not say."""
    shared: dict[Text, Annotated[tuple[Any, ...], Field(strict=False)]] = Field(
        default_factory=dict
    )
    """Members that the source lists for several models together, by set attribute: evidence, and
    no statement about one of them."""
    shared_by: Annotated[tuple[Text, ...], Field(strict=False)] = ()
    """The models that such a list is about; none for all."""


@dataclass(frozen=True, eq=False)
class Catalogue:
    """All models with their facts, as of a date.

    Attributes:
        declared: what can be asked.
        models: in order of id.
        sources: what the source keys mean.
        flowchart: the guide's, as data; None where the catalogue has no guide.
        calls: the templates of ways to call a model, by name.
        presets: profiles that people ask for by name; no answer depends on them.
    """

    declared: Declarations
    models: tuple[Model, ...]
    sources: Mapping[str, Source]
    flowchart: Flowchart | None = None
    calls: Mapping[str, str] = field(default_factory=dict)
    presets: tuple[Preset, ...] = ()
    version: str = str(SCHEMA)

    def __repr__(self) -> str:
        return named(type(self), f"{len(self.models)} models, facts as of {self.as_of}")

    @cached_property
    def as_of(self) -> str:
        """The newest date of any claim that is chosen."""
        return max(
            claim.as_of
            for model in self.models
            for _, claim in (*model.claims(), *model.closures())
        )

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

    def model_called(self, said: str) -> str | None:
        """Return the id of the model with an id or a name, in any case.

        None where no model has it, or more than one.
        """
        return self._called.get(str(said).strip().casefold())

    def model_in(self, path: str) -> tuple[str | None, str]:
        """Return the id of the model that a dotted path begins with, and the rest of it.

        Ids and names may hold dots: the longest one counts. None where none begins the path.
        """
        head = path
        while "." in head:
            head = head.rpartition(".")[0]
            if model := self.model_called(head):
                return model, path[len(head) + 1 :]
        return None, path

    @cached_property
    def _called(self) -> dict[str, str]:
        many = Counter(model.name.casefold() for model in self.models)
        names = {m.name.casefold(): m.id for m in self.models if many[m.name.casefold()] == 1}
        return names | {model.id.casefold(): model.id for model in self.models}

    def known_members(self, attribute: str) -> tuple[Member, ...]:
        """Return the keys of all members of a set that any model or source lists, sorted."""
        return self._known_members[attribute]

    @cached_property
    def _known_members(self) -> dict[str, tuple[Member, ...]]:

        return {
            name: tuple(
                sorted(
                    {key for model in self.models for key in model.set(name).members}.union(
                        *self._shared[name].values()
                    ),
                    key=lambda key: (str(type(key)), key),
                )
            )
            for name in self.declared.sets
        }

    @cached_property
    def _shared(self) -> dict[str, dict[str, dict[Member, Member]]]:
        """The keys that each source shares with their spelling, by attribute and source.

        Of several spellings of one member, that of ours is kept.
        """
        found: dict[str, dict[str, dict[Member, Member]]] = {}
        for name, attribute in self.declared.attributes.items():
            lists = found[name] = {source: {} for source in self.sources}
            for source, spelled in lists.items():
                for each in self.sources[source].shared.get(name, ()):
                    member = read_member(attribute, each)
                    if member is not None and spelled.get(key := member_key(member)) != key:
                        spelled[key] = each
        return found

    def spelling(self, attribute: str, member: Member, source: str) -> Member:
        """Return a member as a source spells it; unchanged where the source does not list it."""
        read = read_member(self.declared.attributes[attribute], member)
        spelled = self._shared[attribute][source]
        return member if read is None else spelled.get(member_key(read), member)

    def listed(self, attribute: str, key: Member) -> int:
        """Return how many sources list a member for several models together."""
        return sum(key in keys for keys in self._shared[attribute].values())

    def asks_any(self, attribute: str, key: Member) -> bool:
        """Return whether a member is a language alone, and so asks for any locale of it."""
        return self.declared.attributes[attribute].members == "language" and is_bare(str(key))

    def in_language(self, attribute: str, key: Member) -> tuple[Member, ...]:
        """Return the known members that a member asks for: itself, or any locale of a language."""
        return self.kin(attribute, key) if self.asks_any(attribute, key) else (key,)

    def kin(self, attribute: str, key: Member) -> tuple[Member, ...]:
        """Return the known tags of the language of a tag."""
        return self._kin[attribute].get(language(str(key)), ())

    @cached_property
    def _kin(self) -> dict[str, dict[str, tuple[Member, ...]]]:
        """The known tags of each language, by attribute and language."""
        found: dict[str, dict[str, tuple[Member, ...]]] = {}
        for name, members in self._known_members.items():
            spoken = found.setdefault(name, {})
            for tag in members:
                own = language(str(tag))
                spoken[own] = (*spoken.get(own, ()), tag)
        return found

    def evidence(self, model: Model, attribute: str, member: Member) -> tuple[str, ...]:
        """Return what is known of an unverified member of a set of a model, as phrases."""
        key = member_key(member)
        known = model.set(attribute)
        if not self.asks_any(attribute, key):
            parts = [self._own_evidence(model, attribute, key)]
        else:
            by_phrase: dict[str, list[str]] = {}
            for each in self.kin(attribute, key):
                if known.known(each) is None:
                    phrase = self._own_evidence(model, attribute, each)
                    by_phrase.setdefault(phrase, []).append(str(each))
            parts = [f"{few(tags)} {phrase}" for phrase, tags in by_phrase.items() if phrase]
        if known.closure is not None and known.closure.note and key not in known.members:
            parts.append(f"{known.closure.note} ({known.closure.source})")
        parts = [part for part in parts if part] or ["no source mentions it"]
        parts += self._known_instead(attribute, key)
        return tuple(parts)

    def _known_instead(self, attribute: str, key: Member) -> Iterator[str]:
        """Yield what is known in place of a member in no list: its language, or a near word."""
        if self.declared.attributes[attribute].members != "language":
            known = self.known_members(attribute)
            if known and key not in known:
                hint = did_you_mean(str(key), map(str, known))
                yield hint or f"known are {few([str(each) for each in known])}"
            return
        spoken, kin = language(str(key)), self.kin(attribute, key)
        if not kin:
            yield f"no source lists a tag of {spoken}"
        elif key not in kin and key != spoken:
            yield f"the known tags of {spoken} are {', '.join(map(str, kin))}"

    def _own_evidence(self, model: Model, attribute: str, key: Member) -> str:
        """Return what is said of one member itself; empty where nothing is."""
        fact = model.set(attribute).members.get(key)
        if fact is not None and fact.note:
            return f"{fact.note} ({fact.source})"
        lists = [
            source
            for source, keys in self._shared[attribute].items()
            if key in keys and model.id in (self.sources[source].shared_by or (model.id,))
        ]
        many = f"{', '.join(lists[:-1])} and {lists[-1]}" if len(lists) > 1 else "".join(lists)
        return f"listed by {many} for several models together" if lists else ""


_FEW: Final = 4


def few(names: Sequence[str]) -> str:
    """Return names as a list that stays short."""
    rest = len(names) - _FEW
    listed = ", ".join(names if rest <= 1 else names[:_FEW])
    return listed if rest <= 1 else f"{listed} and {rest} more"


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
            `sources`, `guide/flowchart` and `guide/lines` where there is a guide, and the models.
        calls: the templates of ways to call a model.
        folder: where the files are, for messages.
        unread: the faults of files that could not be read, to be reported with the others.

    Raises:
        InputError: with every fault of every file.
    """
    found = Faults(unread)
    files = dict(content)
    declared, skipped = _declared(files, found, folder)
    keys: dict[str, Source] | None = None
    chart: Flowchart | None = None
    if SOURCES in files or not found.problems:
        with found:
            keys = _parse_sources(files.pop(SOURCES, None), f"{folder}/{SOURCES}.toml")
            found.problems += _strangers(keys, declared, f"{folder}/{SOURCES}.toml")
    if FLOWCHART in files:
        place = f"{folder}/{FLOWCHART}.toml"
        with found:
            chart = parse_flowchart(files.pop(FLOWCHART), place)
            found.problems += _unfounded(chart, None if skipped else declared, keys or {}, place)
    lines = files.pop(GUIDE_LINES, None)
    models = {path: data for path, data in files.items() if "/" not in path}
    if not models and not found.problems:
        hint = "add <id>.toml"
        found.problems.append(Problem(folder, "", "at least one model file", "none", hint))
    if declared is None:
        found.check()
        raise AssertionError  # the line above raises
    parsed: dict[str, Model] = {}
    for stem in sorted(models):
        with found:
            data = _without(models[stem], skipped)
            parsed[stem] = parse_model(data, declared, f"{folder}/{stem}.toml")
    found.problems += _misnamed(parsed, folder)
    found.problems += [] if keys is None else _unsourced(parsed, keys, folder)
    if chart is not None:
        declared = with_needs(declared, chart)
    presets: tuple[Preset, ...] = ()
    if lines is not None and not skipped:
        with found:
            presets = parse_presets(lines, declared, f"{folder}/{GUIDE_LINES}.toml")
    found.check()
    sources = dict(sorted((keys or {}).items()))
    known = by_id(_told_apart(parsed.values()))
    return Catalogue(declared, known, sources, chart, calls or {}, presets)


def _told_apart(models: Collection[Model]) -> Iterator[Model]:
    """Yield models, those that share a name called by their ids as well."""
    many = Counter(model.name.casefold() for model in models)
    for model in models:
        shared = many[model.name.casefold()] > 1
        yield replace(model, name=f"{model.name} ({model.id})") if shared else model


def _declared(
    files: dict[str, object], found: Faults, folder: str
) -> tuple[Declarations | None, frozenset[str]]:
    """Return what is declared, and the keys of models that it cannot serve to check.

    Where the declarations are at fault, a stand-in finds the faults of the models too; what it
    stands in for is reported. None where their file could not be read.
    """
    if ATTRIBUTES not in files and found.problems:
        return None, frozenset()
    data = files.pop(ATTRIBUTES, None)
    with found:
        return parse_declarations(data, f"{folder}/{ATTRIBUTES}.toml"), frozenset()
    declared, broken = usable(data)
    return declared, broken | {"impossible"}


def declarations_in(content: Mapping[str, object], folder: str) -> Declarations:
    """Return what a catalogue declares, whatever is wrong with its models and sources.

    Args:
        content: of its files `attributes` and, if it has a guide, `guide/flowchart`.
        folder: where the files are, for messages.

    Raises:
        InputError: with every fault of the two.
    """
    declared = parse_declarations(content[ATTRIBUTES], f"{folder}/{ATTRIBUTES}.toml")
    if FLOWCHART not in content:
        return declared
    return with_needs(declared, parse_flowchart(content[FLOWCHART], f"{folder}/{FLOWCHART}.toml"))


def _without(data: object, keys: Collection[str]) -> object:
    """Return a table without some keys."""
    if not keys or not isinstance(data, Mapping):
        return data
    return {key: value for key, value in data.items() if key not in keys}


def _unfounded(
    chart: Flowchart, declared: Declarations | None, sources: Mapping[str, Source], place: str
) -> Iterable[Problem]:
    """Yield what the guide says of requirements and sources that is not so."""
    if declared is not None:
        yield from (Problem(place, *issue) for issue in check_needs(chart.needs, declared))
    if sources and chart.source not in sources:
        yield Problem(place, "source", *_no_source(chart.source, sources))


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
            keys[key] = parse(Source, data[key], place)
    found.check()
    return keys


def _misnamed(models: Mapping[str, Model], folder: str) -> Iterable[Problem]:
    """Yield the models whose id is not their file's name, and the ids that two have."""
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
        claims: list[tuple[str, Claim]] = list(model.closures())
        for path, fact in model.claims():
            claims.append((path, fact))
            claims += [(f"{path}.other_claims.{i}", c) for i, c in enumerate(fact.other_claims)]
        for path, claim in claims:
            once = (path.partition(".")[0], claim.source)
            if claim.grade != MEASURED and claim.source not in sources and once not in seen:
                seen.add(once)
                problem = _no_source(claim.source, sources)
                yield Problem(f"{folder}/{stem}.toml", f"{path}.source", *problem)


def _strangers(
    sources: Mapping[str, Source], declared: Declarations | None, place: str
) -> Iterable[Problem]:
    """Yield what the lists of sources hold that can be no member of a set."""
    attributes = {} if declared is None else declared.attributes
    for key, source in sources.items():
        for name, members in source.shared.items():
            attribute = attributes.get(name)
            if attribute is None:
                continue  # sources may serve catalogues that declare less
            for i, member in enumerate(members):
                if attribute.kind != Kind.SET.value or read_member(attribute, member) is None:
                    expected, hint = expected_member(attribute)
                    yield Problem(place, f"{key}.shared.{name}.{i}", expected, shown(member), hint)


def by_id(models: Iterable[Model]) -> tuple[Model, ...]:
    """Return models in the order of a catalogue."""
    return tuple(sorted(models, key=lambda model: model.id))


def digest(content: object) -> str:
    """Return the sha256 of plain data, whatever the order of its keys."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
