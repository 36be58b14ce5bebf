"""What a catalogue declares can be asked: its attributes, and all that follows from them.

An attribute is what can be known of a model. It gives requirements (hard) and perhaps a criterion
(scored). Flags, schemas, columns, forms, explanations and proofs follow these declarations; no
attribute is known by name anywhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeVar

from pydantic import BeforeValidator, Field, PlainValidator, model_validator

from mars_solver.briefs import brief, named
from mars_solver.errors import shown
from mars_solver.inputs.catalogue.tags import Tags
from mars_solver.inputs.parsing import (
    Bound,
    Input,
    Text,
    TextLine,
    choice,
    invalid,
    unexpected,
)
from mars_solver.vocabulary import Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

MemberKind = Literal["text", "number", "language"]
_NAME: Final = re.compile("[a-z][a-z0-9_]*")


def _name(value: object) -> str:
    if isinstance(value, str) and _NAME.fullmatch(value):
        return value
    raise unexpected(value, "a name of lower-case letters, digits and _")


def _listed(value: object) -> object:
    """Return one word as a list of one."""
    return (value,) if isinstance(value, str) else value


Name = Annotated[str, PlainValidator(_name)]
_LISTED: Final = BeforeValidator(_listed, json_schema_input_type=str | list[str])
SomeNames = Annotated[tuple[Name, ...], _LISTED, Field(strict=False)]
ValueChoices = dict[
    Name,
    Annotated[tuple[Text, ...], _LISTED, Field(strict=False, min_length=1)],
]
"""Values of variables, by variable."""


class Value(Input):
    """One value of a variable of a configuration."""

    value: Name
    label: TextLine = None
    spare: bool = False
    """Whether a configuration without it is preferred where no requirement pins it."""


class Bounds(Input):
    """The requirements that a number gives."""

    max: Name | None = None
    min: Name | None = None


class Attribute(Input):
    """One attribute as `attributes.toml` declares it."""

    kind: Annotated[
        Literal["capability", "number", "ordinal", "set"], choice(*(k.value for k in Kind))
    ]
    label: Text
    describe: TextLine = None
    ask: TextLine = None
    """What a form calls it, in a customer's words, where it is one of the first things to ask."""
    settle: TextLine = None
    """What would settle it where the facts do not."""
    unit: TextLine = None
    group: TextLine = None
    """Where forms and help show it."""
    scale: Annotated[tuple[Bound, Bound] | None, Field(strict=False)] = None
    """The least and the most of an ordinal."""
    requirements: Bounds = Bounds()
    criterion: Name | None = None
    criterion_label: TextLine = None
    """What people read for the criterion; without one, the attribute's label."""
    criterion_describe: TextLine = None
    """What the criterion rewards; without one, the attribute's description."""
    live: bool = False
    """Whether it matters in live work only: its criterion counts 0 in batch work, unless stated."""
    enables: ValueChoices = Field(default_factory=dict)
    """Values that need this capability: forbidden where all that enable one are "no"."""
    pins: ValueChoices = Field(default_factory=dict)
    """The values with which a configuration can meet the requirement."""
    implies: SomeNames = ()
    """Capabilities that are checked along, and charged to the stated requirement."""
    caveat: TextLine = None
    """What each answer that rests on the fact says of it."""
    members: Annotated[MemberKind, choice("text", "number", "language")] = "text"
    """What the members of a set are."""
    tags: Tags = Tags()
    """How language tags are spelled."""

    @model_validator(mode="after")
    def _of_its_kind(self) -> Attribute:
        """Refuse keys that mean nothing for the kind."""
        kind, bad = Kind(self.kind), []
        bounded = kind in {Kind.NUMBER, Kind.ORDINAL}
        required = not bounded or self.requirements != Bounds()
        allowed = {
            "requirements": bounded,
            "unit": bounded or self.members == "number",
            "scale": kind is Kind.ORDINAL,
            "enables": kind is Kind.CAPABILITY,
            "members": kind is Kind.SET,
            "tags": kind is Kind.SET and self.members == "language",
            "criterion": kind is not Kind.SET,
            "criterion_label": self.criterion is not None,
            "criterion_describe": self.criterion is not None,
            "live": self.criterion is not None,
            "pins": required,
            "implies": required,
        }
        for key in self.model_fields_set & allowed.keys():
            if not allowed[key]:
                hint = "drop it"
                bad.append((key, f"no such key for this {self.kind}", _told(self, key), hint))
        if kind is Kind.ORDINAL and not (self.scale and self.scale[0] < self.scale[1]):
            told = _told(self, "scale") if self.scale else "nothing"
            bad.append(("scale", "the least and the most, such as [1, 5]", told, ""))
        if bad:
            raise invalid(*bad)
        return self


def _told(attribute: Attribute, key: str) -> str:
    """Return the value of a key as a message quotes it."""
    value = getattr(attribute, key)
    plain = value.model_dump(exclude_none=True) if isinstance(value, Input) else value
    return shown(list(plain) if isinstance(plain, tuple) else plain)


class NeedTable(Input):
    """What a question of the guide asks, and which requirements state it."""

    label: Text
    stated_by: SomeNames = ()
    below: dict[Name, Bound] = Field(default_factory=dict)
    """Ceilings that state the need where they are below a number."""
    unless: dict[Name, SomeNames] = Field(default_factory=dict)
    """Requirements of `stated_by` that do not state it beside any of some others."""
    live: bool = False
    """Whether it contradicts work that is rendered ahead of time."""


@dataclass(frozen=True, slots=True, eq=False)
class Requirement:
    """One requirement: what it compares, which configurations can meet it, and how it is worded."""

    __repr__ = brief

    name: str
    index: int
    """Its place in declared order: the order of profiles, masks, violations and conflicts."""
    bit: int
    """Its bit in a mask of requirements."""
    attribute: str
    kind: Kind
    ceiling: bool
    """Whether a number is to be at most what is asked, and not at least."""
    label: str
    describe: str
    ask: str
    """What a form calls it where it is one of the first things to ask; else empty."""
    settle: str
    unit: str
    group: str
    pins: tuple[tuple[str, tuple[str, ...]], ...]
    """The values that a configuration must have to meet it and all it implies, by variable."""
    implies: tuple[str, ...]
    """The capabilities that are checked along, with those that these imply."""
    members: MemberKind

    @property
    def numeric(self) -> bool:
        """Whether it asks for an amount."""
        return self.kind is Kind.NUMBER or self.kind is Kind.ORDINAL


@dataclass(frozen=True, slots=True, eq=False)
class Criterion:
    """What is scored, and by which attribute."""

    __repr__ = brief

    name: str
    index: int
    attribute: str
    kind: Kind
    label: str
    describe: str
    caveat: str
    live: bool
    scale: tuple[int | float, int | float] | None


@dataclass(frozen=True, slots=True, eq=False)
class Need:
    """What a question of the guide asks, and what states it."""

    __repr__ = brief

    name: str
    index: int
    label: str
    stated_by: tuple[str, ...]
    below: tuple[tuple[str, int | float], ...]
    unless: tuple[tuple[str, tuple[str, ...]], ...]
    live: bool

    @property
    def bit(self) -> int:
        """Its bit in a mask of needs."""
        return 1 << self.index

    def states(self, requirement: str, required: object) -> bool:
        """Return whether a stated requirement states the need."""
        return requirement in self.stated_by or any(
            name == requirement and required < limit  # type: ignore[operator]
            for name, limit in self.below
        )


Mask = TypeVar("Mask", int, "NDArray[Any]")
"""A mask, or an array of masks."""


class Declarations:
    """All that a catalogue declares, in the forms in which it is used.

    Attributes:
        attributes: by name, in declared order.
        variables: the domain of each variable of a configuration, in declared order.
        requirements: in declared order.
        criteria: in declared order.
        needs: in the guide's order; empty where there is no guide.
    """

    def __init__(
        self,
        attributes: Mapping[str, Attribute],
        variables: Mapping[str, tuple[Value, ...]],
        needs: Mapping[str, NeedTable] | None = None,
    ) -> None:
        self.attributes = dict(attributes)
        self.variables = dict(variables)
        self.requirements = tuple(_requirements(self.attributes))
        self.criteria = tuple(_criteria(self.attributes))
        self.needs = tuple(
            Need(
                name,
                i,
                n.label,
                n.stated_by,
                tuple(n.below.items()),
                tuple(n.unless.items()),
                n.live,
            )
            for i, (name, n) in enumerate((needs or {}).items())
        )
        self.requirement = {r.name: r for r in self.requirements}
        self.criterion = {c.name: c for c in self.criteria}
        self.need = {n.name: n for n in self.needs}

    def __repr__(self) -> str:
        counts = (len(self.requirements), len(self.criteria), len(self.needs))
        return named(type(self), "{} requirements, {} criteria, {} needs".format(*counts))

    def with_needs(self, needs: Mapping[str, NeedTable]) -> Declarations:
        """Return the same declarations with the needs of a guide."""
        return Declarations(self.attributes, self.variables, needs)

    @cached_property
    def values(self) -> dict[tuple[str, str], Value]:
        """Each value of a variable, by variable and value."""
        return {(name, v.value): v for name, domain in self.variables.items() for v in domain}

    @cached_property
    def enabled_by(self) -> dict[tuple[str, str], tuple[str, ...]]:
        """The capabilities that make a value possible: forbidden only where all are "no"."""
        found: dict[tuple[str, str], tuple[str, ...]] = {}
        for name, attribute in self.attributes.items():
            for variable, values in attribute.enables.items():
                for value in values:
                    found[variable, value] = (*found.get((variable, value), ()), name)
        return found

    @cached_property
    def combinations(self) -> tuple[tuple[str, ...], ...]:
        """Every combination of values, one for each variable, in declared order."""
        domains = [[v.value for v in domain] for domain in self.variables.values()]
        return tuple(product(*domains))

    @property
    def sets(self) -> list[str]:
        """The names of the attributes whose facts are sets."""
        return [n for n, each in self.attributes.items() if each.kind == Kind.SET.value]

    @cached_property
    def live(self) -> int:
        """The mask of the needs that contradict batch work."""
        return sum(need.bit for need in self.needs if need.live)

    def configuration_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of a configuration by variable, as `chosen` returns it."""
        domains = {name: [v.value for v in domain] for name, domain in self.variables.items()}
        return {
            "type": "object",
            "properties": {name: {"enum": values} for name, values in domains.items()},
            "required": list(domains),
            "additionalProperties": False,
        }

    def chosen(self, values: Iterable[str]) -> dict[str, str]:
        """Return the values of a configuration by variable."""
        return dict(zip(self.variables, values, strict=True))

    def names_of(self, mask: int) -> tuple[str, ...]:
        """Return the requirements in a mask, in declared order."""
        return tuple([r.name for r in self.requirements if mask >> r.index & 1])

    @cached_property
    def _provisos(self) -> tuple[tuple[Need, str, tuple[str, ...], int], ...]:
        """The requirements that state a need unless others are stated, each with its first bit."""
        listed = [(need, name, others) for need in self.needs for name, others in need.unless]
        return tuple([(*each, 1 << len(self.needs) + 2 * i) for i, each in enumerate(listed)])

    def statements(self, requirement: str, required: object) -> int:
        """Return what a stated requirement says of needs, as a mask for `needs_stated`.

        The masks of several requirements are joined by "or". Beside the bits of the needs, each
        proviso has two: the requirement is stated, and one of those that silence it is.
        """
        mask, below = self._stating[requirement]
        for limit, bit in below:
            if required < limit:  # type: ignore[operator]
                mask |= bit
        return mask

    @cached_property
    def _stating(self) -> dict[str, tuple[int, list[tuple[int | float, int]]]]:
        """What each requirement says whatever it asks for, and what below some limits."""
        says: dict[str, tuple[int, list[tuple[int | float, int]]]] = {}
        for each in self.requirement:
            free = [need for need in self.needs if each not in dict(need.unless)]
            mask = sum(need.bit for need in free if each in need.stated_by)
            for _, name, others, bit in self._provisos:
                mask |= bit * (name == each) | 2 * bit * (each in others)
            below = [(need.bit, dict(need.below)) for need in free]
            says[each] = mask, [(limits[each], bit) for bit, limits in below if each in limits]
        return says

    def needs_stated(self, statements: Mask) -> Mask:
        """Return the mask of the needs that statements come to; an integer, or an array of them."""
        needs = statements & ((1 << len(self.needs)) - 1)
        for need, _, _, bit in self._provisos:
            needs = needs | (statements & 3 * bit == bit) * need.bit
        return needs

    def names_of_needs(self, mask: int) -> tuple[str, ...]:
        """Return the needs in a mask, in the guide's order."""
        return tuple([need.name for need in self.needs if mask >> need.index & 1])

    def needs_of(self, require: Mapping[str, object]) -> tuple[str, ...]:
        """Return the needs that stated requirements state, in the guide's order."""
        statements = 0
        for name, required in require.items():
            statements |= self.statements(name, required)
        return self.names_of_needs(self.needs_stated(statements))

    def label(self, name: str) -> str:
        """Return what people read for a requirement, criterion, need or attribute."""
        for table in (self.requirement, self.criterion, self.need, self.attributes):
            if name in table:
                return str(table[name].label)
        return name

    def phrase(self, name: str) -> str:
        """Return a label for within a sentence."""
        return in_sentence(self.label(name))

    def value_label(self, variable: str, value: str) -> str:
        """Return what people read for a value of a configuration."""
        return self.values[variable, value].label or value.replace("_", " ")


def in_sentence(label: str) -> str:
    """Return a label for within a sentence: small, unless it begins with an abbreviation."""
    return label[0].lower() + label[1:] if label[1:2].islower() else label


def _requirements(attributes: Mapping[str, Attribute]) -> Iterable[Requirement]:
    index = 0
    for name, a in attributes.items():
        implies = _implied(name, attributes)
        for key, ceiling in gives(name, a):
            yield Requirement(
                name=key,
                index=index,
                bit=1 << index,
                attribute=name,
                kind=Kind(a.kind),
                ceiling=ceiling,
                label=a.label,
                describe=a.describe or a.label,
                ask=a.ask or "",
                settle=a.settle or "ask the vendor",
                unit=a.unit or "",
                group=a.group or "",
                pins=_pins([a, *(attributes[each] for each in implies)]),
                implies=implies,
                members=a.members,
            )
            index += 1


def _implied(name: str, attributes: Mapping[str, Attribute]) -> tuple[str, ...]:
    """Return the capabilities that an attribute implies, and what these imply."""
    implied: dict[str, None] = {}
    waiting = list(attributes[name].implies)
    while waiting:
        each = waiting.pop(0)
        if each not in implied and each != name and each in attributes:
            implied[each] = None
            waiting += attributes[each].implies
    return tuple(implied)


def _pins(together: Sequence[Attribute]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the values with which a configuration meets several attributes, by variable."""
    pins: dict[str, tuple[str, ...]] = {}
    for attribute in together:
        for variable, values in attribute.pins.items():
            allowed = pins.get(variable, values)
            pins[variable] = tuple([value for value in allowed if value in values])
    return tuple(pins.items())


def gives(name: str, attribute: Attribute) -> Iterable[tuple[str, bool]]:
    """Yield the requirements that an attribute gives, and whether each is a ceiling."""
    if attribute.kind in {"capability", "set"}:
        yield name, False
    if attribute.requirements.max:
        yield attribute.requirements.max, True
    if attribute.requirements.min:
        yield attribute.requirements.min, False


def _criteria(attributes: Mapping[str, Attribute]) -> Iterable[Criterion]:
    scored = ((name, a) for name, a in attributes.items() if a.criterion)
    for index, (name, a) in enumerate(scored):
        label = a.criterion_label or a.label
        yield Criterion(
            name=a.criterion or name,
            index=index,
            attribute=name,
            kind=Kind(a.kind),
            label=label,
            describe=a.criterion_describe or a.describe or in_sentence(label),
            caveat=a.caveat or "",
            live=a.live,
            scale=a.scale,
        )
