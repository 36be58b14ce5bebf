"""Models: what a catalogue's file says of one, checked against what the catalogue declares."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, PlainValidator, create_model

from mars_solver.errors import InputError, Problem, shown
from mars_solver.inputs.attributes import Attribute, Declarations
from mars_solver.inputs.facts import (
    CLAIM_KEYS,
    LISTS,
    Fact,
    NumberFact,
    Range,
    SetFact,
    WordFact,
    YesNoFact,
    set_fact,
)
from mars_solver.inputs.parsing import (
    Input,
    Issue,
    Text,
    Version,
    did_you_mean,
    invalid,
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
        raise invalid(("", f"a number from {least} to {most}", f"{low} to {high}", ""))
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


@lru_cache(maxsize=2**6)
def forms(declared: Declarations) -> tuple[type[Card], type[Input]]:
    """Return the forms of a model file and of the measurements of one model."""
    fields: dict[str, Any] = {
        n: (fact_type(a) | None, None) for n, a in declared.attributes.items()
    }
    return (
        create_model("Model", __base__=Card, **fields),
        create_model("Facts", __base__=Input, **fields),
    )


def with_defaults(data: object, declared: Declarations, defaults: object = None) -> object:
    """Return the content of a model file with what its claims may leave out filled in.

    Args:
        data: the content; its `[defaults]` are taken out.
        declared: which keys hold sets.
        defaults: what fills in, if the content has none of its own.
    """
    if not isinstance(data, Mapping):
        return data
    content = {key: value for key, value in data.items() if key != "defaults"}
    fill = data.get("defaults", defaults)
    if not isinstance(fill, Mapping):
        return data if "defaults" in data else content
    base = {key: fill[key] for key in fill if key in {"source", "as_of", "grade"}}

    def claim(value: object) -> object:
        if not isinstance(value, Mapping):
            return value
        filled = {**base, **value}
        others = value.get("other_claims")
        if isinstance(others, list):
            filled["other_claims"] = [claim(each) for each in others]
        return filled

    for key, value in content.items():
        attribute = declared.attributes.get(key)
        if (
            attribute is not None
            and attribute.kind == Kind.SET.value
            and isinstance(value, Mapping)
        ):
            inner = {**base, **{k: v for k, v in value.items() if k in CLAIM_KEYS}}
            content[key] = {
                **(inner if "others" in value or LISTS.keys() & value.keys() else {}),
                **{k: {**base, **v} if isinstance(v, Mapping) else v for k, v in value.items()},
            }
        elif attribute is not None or key in CARD_FACTS:
            content[key] = claim(value)
    return content


def parse_model(data: object, declared: Declarations, form: type[Card], place: str) -> Model:
    """Return the model that the content of a file describes.

    Raises:
        InputError: with every fault.
    """
    problems: list[Problem] = []
    defaults = data.get("defaults") if isinstance(data, Mapping) else None
    if defaults is not None:
        problems += _bad_defaults(defaults, place)
    card: Card | None = None
    try:
        card = parse(form, with_defaults(data, declared), place)
    except InputError as error:
        problems += error.problems
    if card is None or problems:
        raise InputError(problems)
    facts = {n: f for n in declared.attributes if (f := getattr(card, n)) is not None}
    model = Model(
        card.id, card.name, card.stage, card.speech_model, card.availability, card.impossible, facts
    )
    problems += [Problem(place, *issue) for issue in _bad_impossible(model, declared)]
    if problems:
        raise InputError(problems)
    return model


def _bad_defaults(defaults: object, place: str) -> Iterable[Problem]:
    if not isinstance(defaults, Mapping):
        yield Problem(place, "defaults", "a table", shown(defaults))
        return
    keys = ("source", "as_of", "grade")
    for key in defaults:
        if key not in keys:
            hint = did_you_mean(str(key), keys)
            yield Problem(
                place, f"defaults.{key}", one_of(keys), f"the unknown key {shown(key)}", hint
            )


def _bad_impossible(model: Model, declared: Declarations) -> Iterable[Issue]:
    """Yield what is wrong with impossible combinations, or that nothing is left to run."""
    domains = {name: [v.value for v in domain] for name, domain in declared.variables.items()}
    bad = False
    for i, combination in enumerate(model.impossible):
        for variable, value in combination.items():
            known = domains.get(variable)
            if known is None:
                hint = did_you_mean(variable, domains)
                yield f"impossible.{i}.{variable}", one_of(domains), shown(variable), hint
                bad = True
            elif value not in known:
                hint = did_you_mean(value, known)
                yield f"impossible.{i}.{variable}", one_of(known), shown(value), hint
                bad = True
        if not combination:
            yield f"impossible.{i}", "at least one value of a configuration", "none", "drop it"
            bad = True
    if not bad and not runnable(model, declared):
        hint = "a model that nothing can run is no candidate: remove it or mend a fact"
        yield _blame(model, declared), "a way to run the model", "none", hint


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
