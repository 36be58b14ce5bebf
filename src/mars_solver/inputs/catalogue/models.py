"""Models: what a catalogue's file says of one, checked against what the catalogue declares."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from typing import Annotated, Any, Final, get_args

from pydantic import AfterValidator, Field, PlainValidator, create_model

from mars_solver.briefs import named
from mars_solver.errors import Faults, InputError, Problem, rerooted, shown
from mars_solver.inputs.catalogue.attributes import Attribute, Declarations
from mars_solver.inputs.catalogue.facts import (
    Claim,
    Fact,
    Grade,
    NumberFact,
    Range,
    SetFact,
    WordFact,
    YesNoFact,
    set_fact,
)
from mars_solver.inputs.parsing import (
    Date,
    Input,
    Issue,
    Text,
    Version,
    choice,
    did_you_mean,
    invalid,
    not_one_of,
    one_of,
    parse,
    unexpected,
)
from mars_solver.vocabulary import Kind


def _stage(fact: WordFact) -> WordFact:
    if fact.value not in STAGES:
        hint = did_you_mean(fact.value, STAGES)
        raise invalid(("value", one_of(STAGES), shown(fact.value), hint))
    return fact


STAGES: Final = ("released", "beta")
_ID = re.compile(r"[a-z0-9]+([.-][a-z0-9]+)*")


def _model_id(value: object) -> str:
    if isinstance(value, str) and _ID.fullmatch(value):
        return value
    raise unexpected(value, "an id of lower-case letters, digits, - and .")


class Card(Input):
    """What every model has, whatever a catalogue declares."""

    format: Version = Field(alias="schema")
    id: Annotated[str, PlainValidator(_model_id)]
    name: Text
    stage: Annotated[WordFact, AfterValidator(_stage)]
    speech_model: WordFact | None = None
    availability: WordFact | None = None
    impossible: Annotated[tuple[dict[str, str], ...], Field(strict=False)] = ()


DEFAULTS: Final = "defaults"
CARD_FACTS: Final = ("stage", "speech_model", "availability")
AnyFact = Fact | SetFact


@dataclass(frozen=True, eq=False)
class Model:
    """One model and what is claimed about it; an absent fact is unknown.

    Attributes:
        impossible: combinations of values of a configuration that it cannot run.
        facts: by attribute, in declared order, without those of the card.
    """

    id: str
    name: str
    stage: WordFact
    speech_model: WordFact | None
    availability: WordFact | None
    impossible: tuple[Mapping[str, str], ...]
    facts: Mapping[str, AnyFact]

    def __repr__(self) -> str:
        return named(type(self), f"{self.name}, {self.stage.value}", self.id)

    @property
    def beta(self) -> bool:
        """Whether the model is a beta."""
        return self.stage.value != STAGES[0]

    def capability(self, attribute: str) -> bool | None:
        """Return whether the model has a capability; None where that is unknown."""
        fact = self.facts.get(attribute)
        return fact.known if isinstance(fact, YesNoFact) else None

    def range(self, attribute: str) -> Range | None:
        """Return the claim range of a number or ordinal; None where it is unknown."""
        fact = self.facts.get(attribute)
        return fact.range if isinstance(fact, NumberFact) else None

    def set(self, attribute: str) -> SetFact:
        """Return what is known of a set; nothing where the file has none."""
        fact = self.facts.get(attribute)
        return fact if isinstance(fact, SetFact) else _NOTHING

    def closures(self) -> Iterator[tuple[str, Claim]]:
        """Yield the claim about all members of each set that has one, with its path."""
        for name, each in self.facts.items():
            if isinstance(each, SetFact) and each.closure is not None:
                yield name, each.closure

    def claims(self) -> Iterator[tuple[str, Fact]]:
        """Yield every fact with its dotted path: the card's, then in declared order."""
        for name in CARD_FACTS:
            fact = getattr(self, name)
            if fact is not None:
                yield name, fact
        for name, each in self.facts.items():
            if isinstance(each, SetFact):
                for key in sorted(each.members, key=str):
                    yield f"{name}.{key}", each.members[key]
            else:
                yield name, each

    @cached_property
    def content(self) -> dict[str, Any]:
        """Everything that is said of the model, as plain data, for digests."""
        card = {name: getattr(self, name) for name in CARD_FACTS}
        facts = {name: self.facts[name] for name in sorted(self.facts)}
        return {
            "id": self.id,
            "name": self.name,
            "impossible": [dict(sorted(each.items())) for each in self.impossible],
            **{
                name: fact.to_dict()
                if isinstance(fact, SetFact)
                else fact.model_dump(exclude_none=True)
                for name, fact in {**card, **facts}.items()
                if fact is not None
            },
        }


_NOTHING: Final = SetFact()


def _within(fact: NumberFact, scale: tuple[int | float, int | float]) -> NumberFact:
    least, most = scale
    low, high = fact.range or scale
    if not least <= low <= high <= most:
        found = f"{low} to {high}" if low < high else str(low)
        raise invalid(("", f"a number from {least} to {most}", found, ""))
    return fact


def fact_type(attribute: Attribute) -> Any:
    """Return the type of an attribute's fact, for validation."""
    match Kind(attribute.kind):
        case Kind.CAPABILITY:
            return YesNoFact
        case Kind.SET:
            return Annotated[SetFact, PlainValidator(partial(set_fact, attribute=attribute))]
        case Kind.ORDINAL if attribute.scale:
            return Annotated[NumberFact, AfterValidator(partial(_within, scale=attribute.scale))]
        case _:
            return NumberFact


_FIELD: Final = "fact_"
"""What the fields of forms begin with, so that no attribute's name can shadow a method."""


@lru_cache(maxsize=2**6)
def forms(declared: Declarations) -> tuple[type[Card], type[Input]]:
    """Return the forms of a model file and of the measurements of one model."""
    fields: dict[str, Any] = {
        f"{_FIELD}{name}": (fact_type(attribute) | None, Field(default=None, alias=name))
        for name, attribute in declared.attributes.items()
    }
    return (
        create_model("Model", __base__=Card, **fields),
        create_model("Facts", __base__=Input, **fields),
    )


def facts_in(form: Input, declared: Declarations) -> dict[str, AnyFact]:
    """Return the facts in a form that is filled in, in declared order."""
    stated = ((name, getattr(form, f"{_FIELD}{name}")) for name in declared.attributes)
    return {name: fact for name, fact in stated if fact is not None}


class Defaults(Input):
    """What the claims of a file may leave out."""

    source: Text | None = None
    as_of: Date | None = None
    grade: Annotated[Grade | None, choice(*get_args(Grade))] = None


def with_defaults(
    data: Mapping[str, object], declared: Declarations, defaults: Mapping[str, object]
) -> dict[str, object]:
    """Return the content of a model file with what its claims may leave out filled in."""

    def claim(value: object) -> object:
        if not isinstance(value, Mapping):
            return value
        filled = {**defaults, **value}
        others = value.get("other_claims")
        if isinstance(others, list | tuple):
            filled["other_claims"] = [claim(each) for each in others]
        return filled

    def members(value: object) -> object:
        if not isinstance(value, Mapping):
            return value
        shared = any(not isinstance(each, Mapping) for each in value.values())
        filled = {key: claim(each) for key, each in value.items()}
        return {**defaults, **filled} if shared else filled

    content: dict[str, object] = dict(data)
    for key, value in data.items():
        attribute = declared.attributes.get(key)
        if attribute is not None and attribute.kind == Kind.SET.value:
            content[key] = members(value)
        elif attribute is not None or key in CARD_FACTS:
            content[key] = claim(value)
    return content


def parse_model(data: object, declared: Declarations, place: str) -> Model:
    """Return the model that the content of a file describes.

    Raises:
        InputError: with every fault.
    """
    form, _ = forms(declared)
    faults = Faults()
    impossible: object = None
    if isinstance(data, Mapping):
        data, impossible = _completed(data, declared, place, faults), data.get("impossible")
    faults.problems += [Problem(place, *issue) for issue in _bad_impossible(impossible, declared)]
    card: Card | None = None
    with faults:
        card = parse(form, data, place)
    faults.check()
    if card is None:
        raise AssertionError  # the line above raises
    model = Model(
        id=card.id,
        name=card.name,
        stage=card.stage,
        speech_model=card.speech_model,
        availability=card.availability,
        impossible=card.impossible,
        facts=facts_in(card, declared),
    )
    if not runnable(model, declared):
        hint = "nothing can run this model: remove it, or correct a fact"
        raise InputError(
            [Problem(place, _blame(model, declared), "a way to run the model", "none", hint)]
        )
    return model


_STAND_INS: Final = {"source": "unknown", "as_of": "1970", "grade": "stated"}


def _completed(
    data: Mapping[str, object], declared: Declarations, place: str, faults: Faults
) -> dict[str, object]:
    """Return the content of a file without its defaults, which fill in its claims.

    A default that is at fault is reported once, and not again by each claim that it fills in.
    """
    content = {key: value for key, value in data.items() if key != DEFAULTS}
    given = data.get(DEFAULTS, {})
    before = len(faults.problems)
    with faults, rerooted(lambda problem: problem.below(DEFAULTS)):
        parse(Defaults, given, place)
    if len(faults.problems) == before and isinstance(given, Mapping):
        return with_defaults(content, declared, given)
    return with_defaults(content, declared, _STAND_INS)


def _bad_impossible(combinations: object, declared: Declarations) -> Iterable[Issue]:
    """Yield what impossible combinations name that no configuration has."""
    domains = {name: [v.value for v in domain] for name, domain in declared.variables.items()}
    for i, combination in enumerate(combinations if isinstance(combinations, list | tuple) else ()):
        path = f"impossible.{i}"
        if combination == {}:
            yield path, "at least one value of a configuration", "none", "drop it"
        for variable, value in combination.items() if isinstance(combination, Mapping) else ():
            known = domains.get(variable)
            if known is None:
                yield f"{path}.{variable}", *not_one_of(variable, domains, kind="variable")
            elif isinstance(value, str) and value not in known:
                yield f"{path}.{variable}", *not_one_of(value, known)


def _blame(model: Model, declared: Declarations) -> str:
    """Return the facts that leave a model no way to run, as a path."""
    no = [
        capability
        for (variable, _), enabling in declared.enabled_by.items()
        for capability in enabling
        if model.capability(capability) is False
    ]
    return ", ".join(dict.fromkeys(no)) or "impossible"


def runnable(model: Model, declared: Declarations) -> list[tuple[str, ...]]:
    """Return the combinations of values that a model can run, in declared order.

    A value is out where every capability that enables it is a "no"; an impossible combination is
    out whatever the facts.
    """
    names = list(declared.variables)
    out = {
        (variable, value)
        for (variable, value), enabling in declared.enabled_by.items()
        if all(model.capability(each) is False for each in enabling)
    }
    return [
        values
        for values in declared.combinations
        if not any(pair in out for pair in zip(names, values, strict=True))
        and not any(
            each and all(values[names.index(k)] == v for k, v in each.items())
            for each in model.impossible
        )
    ]
