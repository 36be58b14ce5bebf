"""What a catalogue declares can be asked: its attributes, and all that follows from them.

An attribute is what can be known of a model. It gives requirements (hard) and perhaps a criterion
(scored). Flags, schemas, columns, forms, explanations and proofs follow these declarations; no
attribute is known by name anywhere else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field, PlainValidator, model_validator

from mars_solver.errors import InputError, Problem, shown
from mars_solver.inputs.parsing import (
    Bound,
    Input,
    Issue,
    Text,
    TextLine,
    Version,
    choice,
    did_you_mean,
    invalid,
    one_of,
    parse,
    unexpected,
)
from mars_solver.inputs.tags import Tags
from mars_solver.vocabulary import MAX_NUMBER, RESERVED_NAMES, Kind

MAX_REQUIREMENTS: Final = 62
"""So many requirements fit a mask of one machine word."""
MAX_CONFIGURATIONS: Final = 2**12
"""The most combinations of values of the variables."""
PLAIN: Final = "text"
"""The members of a set are words, unless its declaration says otherwise."""

Members = Literal["text", "number", "language"]


def _name(value: object) -> str:
    if isinstance(value, str) and value.isidentifier() and value.islower() and value.isascii():
        return value
    raise unexpected(value, "a name of lower-case letters, digits and _")


def _values(value: object) -> object:
    """Return a domain with each value as a table."""
    if not isinstance(value, list | tuple):
        return value
    return tuple({"value": each} if isinstance(each, str) else each for each in value)


def _listed(value: object) -> object:
    """Return one word as a list of one."""
    return (value,) if isinstance(value, str) else value


Name = Annotated[str, PlainValidator(_name)]
Names = Annotated[tuple[Name, ...], BeforeValidator(_listed), Field(strict=False)]
Choices = dict[Name, Annotated[tuple[Text, ...], BeforeValidator(_listed), Field(strict=False)]]
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
    live: bool = False
    """Whether it matters in live work only: its criterion counts 0 in batch work, unless stated."""
    enables: Choices = Field(default_factory=dict)
    """Values that need this capability: forbidden where all that enable one are "no"."""
    pins: Choices = Field(default_factory=dict)
    """The values with which a configuration can meet the requirement."""
    implies: Names = ()
    """Capabilities that are checked along, and charged to the stated requirement."""
    caveat: TextLine = None
    """What each answer that rests on the fact says of it."""
    members: Annotated[Members, choice("text", "number", "language")] = "text"
    """What the members of a set are."""
    tags: Tags = Tags()
    """How language tags are spelled."""

    @model_validator(mode="after")
    def _of_its_kind(self) -> Attribute:
        """Refuse keys that mean nothing for the kind."""
        kind, bad = Kind(self.kind), []
        bounded = kind in {Kind.NUMBER, Kind.ORDINAL}
        given = self.model_fields_set
        allowed = {
            "requirements": bounded,
            "unit": bounded,
            "scale": kind is Kind.ORDINAL,
            "enables": kind is Kind.CAPABILITY,
            "members": kind is Kind.SET,
            "tags": kind is Kind.SET,
            "criterion": kind is not Kind.SET,
        }
        for key, fine in allowed.items():
            if key in given and not fine:
                bad.append(
                    (key, f"no such key for a {self.kind}", shown(getattr(self, key)), "drop it")
                )
        if kind is Kind.ORDINAL and not (self.scale and self.scale[0] < self.scale[1]):
            found = shown(list(self.scale)) if self.scale else "nothing"
            bad.append(("scale", "the least and the most, such as [1, 5]", found, ""))
        if bad:
            raise invalid(*bad)
        return self


class AttributesFile(Input):
    """The content of `attributes.toml`."""

    format: Version = Field(alias="schema")
    variables: dict[
        Name,
        Annotated[tuple[Value, ...], BeforeValidator(_values), Field(strict=False, min_length=1)],
    ]
    attributes: dict[Name, Attribute]


class NeedTable(Input):
    """What a question of the guide asks, and which requirements state it."""

    label: Text
    stated_by: Names = ()
    below: dict[Name, Bound] = Field(default_factory=dict)
    """Ceilings that state the need where they are below a number."""
    live: bool = False
    """Whether it contradicts work that is rendered ahead of time."""


@dataclass(frozen=True, slots=True, eq=False)
class Requirement:
    """One requirement: what it compares, which configurations can meet it, and how it is worded."""

    name: str
    index: int
    """Its place in declared order: the order of profiles, masks, violations and conflicts."""
    attribute: str
    kind: Kind
    ceiling: bool
    """Whether a number is to be at most what is asked, and not at least."""
    label: str
    describe: str
    settle: str
    unit: str
    group: str
    pins: tuple[tuple[str, tuple[str, ...]], ...]
    """The values that a configuration must have to meet it, by variable."""
    implies: tuple[str, ...]
    members: Members

    @property
    def bit(self) -> int:
        """Its bit in a mask of requirements."""
        return 1 << self.index

    @property
    def numeric(self) -> bool:
        """Whether it asks for an amount."""
        return self.kind in {Kind.NUMBER, Kind.ORDINAL}


@dataclass(frozen=True, slots=True, eq=False)
class Criterion:
    """What is scored, and by which attribute."""

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

    name: str
    index: int
    label: str
    stated_by: tuple[str, ...]
    below: tuple[tuple[str, int | float], ...]
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
            Need(name, i, n.label, n.stated_by, tuple(n.below.items()), n.live)
            for i, (name, n) in enumerate((needs or {}).items())
        )
        self.requirement = {r.name: r for r in self.requirements}
        self.criterion = {c.name: c for c in self.criteria}
        self.need = {n.name: n for n in self.needs}

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

    @cached_property
    def live(self) -> int:
        """The mask of the needs that contradict batch work."""
        return sum(need.bit for need in self.needs if need.live)

    def chosen(self, values: Iterable[str]) -> dict[str, str]:
        """Return the values of a configuration by variable."""
        return dict(zip(self.variables, values, strict=True))

    def names_of(self, mask: int) -> tuple[str, ...]:
        """Return the requirements in a mask, in declared order."""
        return tuple([r.name for r in self.requirements if mask >> r.index & 1])

    def needs_of(self, require: Mapping[str, object]) -> tuple[str, ...]:
        """Return the needs that stated requirements state, in the guide's order."""
        return tuple(
            [n.name for n in self.needs if any(n.states(k, v) for k, v in require.items())]
        )

    def label(self, name: str) -> str:
        """Return what people read for a requirement, criterion, need or attribute."""
        for table in (self.requirement, self.criterion, self.need, self.attributes):
            if name in table:
                return str(table[name].label)  # type: ignore[attr-defined]
        return name

    def value_label(self, variable: str, value: str) -> str:
        """Return what people read for a value of a configuration."""
        return self.values[variable, value].label or value.replace("_", " ")


def _requirements(attributes: Mapping[str, Attribute]) -> Iterable[Requirement]:
    index = 0
    for name, a in attributes.items():
        for key, ceiling in _gives(name, a):
            yield Requirement(
                name=key,
                index=index,
                attribute=name,
                kind=Kind(a.kind),
                ceiling=ceiling,
                label=a.label,
                describe=a.describe or a.label,
                settle=a.settle or "ask the vendor",
                unit=a.unit or "",
                group=a.group or "",
                pins=tuple(a.pins.items()),
                implies=a.implies,
                members=a.members,
            )
            index += 1


def _gives(name: str, attribute: Attribute) -> Iterable[tuple[str, bool]]:
    """Yield the requirements that an attribute gives, and whether each is a ceiling."""
    if attribute.kind in {"capability", "set"}:
        yield name, False
    if attribute.requirements.max:
        yield attribute.requirements.max, True
    if attribute.requirements.min:
        yield attribute.requirements.min, False


def _criteria(attributes: Mapping[str, Attribute]) -> Iterable[Criterion]:
    index = 0
    for name, a in attributes.items():
        if a.criterion:
            label = a.criterion_label or a.label
            kind, caveat = Kind(a.kind), a.caveat or ""
            describe = a.describe or a.label
            yield Criterion(
                a.criterion, index, name, kind, label, describe, caveat, a.live, a.scale
            )
            index += 1


def parse_declarations(data: object, place: str) -> Declarations:
    """Return what the content of an `attributes.toml` declares, without needs.

    Raises:
        InputError: with every fault.
    """
    file = parse(AttributesFile, data, place)
    problems = [Problem(place, *issue) for issue in _inconsistent(file)]
    if problems:
        raise InputError(problems)
    return Declarations(file.attributes, file.variables)


def _inconsistent(file: AttributesFile) -> Iterable[Issue]:
    """Yield what one declaration says of another that is not so."""
    yield from _reserved_names(file)
    domains = {name: [v.value for v in domain] for name, domain in file.variables.items()}
    for name, values in domains.items():
        if len(set(values)) < len(values):
            yield f"variables.{name}", "each value once", shown(values), ""
    combinations = 1
    for values in domains.values():
        combinations *= len(values)
    if combinations > MAX_CONFIGURATIONS:
        yield "variables", f"at most {MAX_CONFIGURATIONS} combinations", str(combinations), ""
    capabilities = [n for n, a in file.attributes.items() if a.kind == "capability"]
    for name, attribute in file.attributes.items():
        path = f"attributes.{name}"
        for key in ("enables", "pins"):
            yield from _unknown_values(f"{path}.{key}", getattr(attribute, key), domains)
        for implied in attribute.implies:
            if implied not in capabilities or implied == name:
                hint = did_you_mean(implied, capabilities)
                yield f"{path}.implies", "another capability", shown(implied), hint
    many = sum(1 for n, a in file.attributes.items() for _ in _gives(n, a))
    if many > MAX_REQUIREMENTS:
        expected = f"at most {MAX_REQUIREMENTS} requirements"
        yield "attributes", expected, str(many), "an attribute without requirements is only shown"


def _unknown_values(
    path: str, choices: Choices, domains: Mapping[str, Collection[str]]
) -> Iterable[Issue]:
    for variable, values in choices.items():
        if variable not in domains:
            hint = did_you_mean(variable, domains)
            yield f"{path}.{variable}", one_of(domains), shown(variable), hint
            continue
        for value in values:
            if value not in domains[variable]:
                hint = did_you_mean(value, domains[variable])
                yield f"{path}.{variable}", one_of(domains[variable]), shown(value), hint


def _reserved_names(file: AttributesFile) -> Iterable[Issue]:
    """Yield names that are given twice, or mean something else.

    Requirements and criteria are columns of one table, so that no two may share a name.
    """
    for name in file.attributes.keys() & RESERVED_NAMES:
        yield f"attributes.{name}", "a name of its own", f"{name}, which every model has", ""
    used: dict[str, str] = {}
    for name, attribute in file.attributes.items():
        paths = [(key, f"attributes.{name}") for key, _ in _gives(name, attribute)]
        if attribute.criterion:
            paths.append((attribute.criterion, f"attributes.{name}.criterion"))
        for key, path in paths:
            if key in RESERVED_NAMES:
                yield path, "a name of its own", f"{key}, which every profile has", ""
            elif key in used and used[key] != path:
                yield path, "a name of its own", f"{key}, as {used[key]} has it", ""
            used.setdefault(key, path)


def check_needs(needs: Mapping[str, NeedTable], declared: Declarations) -> Iterable[Issue]:
    """Yield what the needs of a guide say of requirements that is not so."""
    for name, need in needs.items():
        for requirement in need.stated_by:
            if requirement not in declared.requirement:
                hint = did_you_mean(requirement, declared.requirement)
                yield f"needs.{name}.stated_by", "a requirement", shown(requirement), hint
        for requirement, limit in need.below.items():
            known = declared.requirement.get(requirement)
            if known is None or not (known.numeric and known.ceiling):
                ceilings = [r.name for r in declared.requirements if r.numeric and r.ceiling]
                hint = did_you_mean(requirement, ceilings)
                yield f"needs.{name}.below", one_of(ceilings), shown(requirement), hint
            elif not 0 < limit <= MAX_NUMBER:
                expected = f"a number > 0 and <= {MAX_NUMBER}"
                yield f"needs.{name}.below.{requirement}", expected, shown(limit), ""
