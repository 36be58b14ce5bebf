"""The file that declares attributes, and whether its declarations fit together."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from math import prod
from typing import Annotated, Final

from pydantic import BeforeValidator, Field

from mars_solver.errors import Faults, InputError, Problem, shown
from mars_solver.inputs.catalogue.attributes import (
    Attribute,
    Declarations,
    Name,
    NeedTable,
    Value,
    ValueChoices,
    gives,
)
from mars_solver.inputs.parsing import (
    SCHEMA,
    Input,
    Issue,
    Version,
    did_you_mean,
    one_of,
    parse,
)
from mars_solver.vocabulary import BATCH, MAX_NUMBER, RESERVED_NAMES, up_to

MOST: Final = 62
"""The most requirements, criteria and needs: a mask of each fits one machine word."""
MAX_CONFIGURATIONS: Final = 2**12
"""The most combinations of values of the variables."""


def _values(value: object) -> object:
    """Return a domain with each value as a table."""
    if not isinstance(value, list | tuple):
        return value
    return tuple({"value": each} if isinstance(each, str) else each for each in value)


class AttributesFile(Input):
    """The content of `attributes.toml`."""

    format: Version = Field(alias="schema")
    variables: dict[
        Name,
        Annotated[
            tuple[Value, ...],
            BeforeValidator(_values, json_schema_input_type=list[str | Value]),
            Field(strict=False, min_length=1),
        ],
    ] = Field(default_factory=dict)
    attributes: dict[Name, Attribute] = Field(default_factory=dict)


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


def usable(data: object) -> tuple[Declarations, frozenset[str]]:
    """Return what of a faulty file can serve to check models, and the attributes that cannot.

    It has no variables: which configurations there are is not known.
    """
    table = data.get("attributes") if isinstance(data, Mapping) else None
    attributes: dict[str, Attribute] = {}
    given = table if isinstance(table, Mapping) else {}
    for name, each in given.items():
        with Faults():  # reported with the whole file
            alone = {"schema": SCHEMA, "attributes": {name: each}}
            attributes |= parse(AttributesFile, alone, "").attributes
    return Declarations(attributes, {}), frozenset(given.keys() - attributes.keys())


def _inconsistent(file: AttributesFile) -> Iterable[Issue]:
    """Yield what one declaration says of another that is not so."""
    yield from _taken_names(file)
    yield from _too_many(file)
    domains = {name: [v.value for v in domain] for name, domain in file.variables.items()}
    for name, values in domains.items():
        if len(set(values)) < len(values):
            yield f"variables.{name}", "each value once", shown(values), ""
    capabilities = [n for n, a in file.attributes.items() if a.kind == "capability"]
    for name, attribute in file.attributes.items():
        path = f"attributes.{name}"
        for key in ("enables", "pins"):
            yield from _unknown_values(f"{path}.{key}", getattr(attribute, key), domains)
        for implied in attribute.implies:
            if implied not in capabilities or implied == name:
                hint = did_you_mean(implied, capabilities)
                yield f"{path}.implies", "another capability", shown(implied), hint


def _too_many(file: AttributesFile) -> Iterable[Issue]:
    """Yield what there are more of than masks and enumerations bear."""
    combinations = prod(len(domain) for domain in file.variables.values())
    if combinations > MAX_CONFIGURATIONS:
        yield "variables", f"at most {MAX_CONFIGURATIONS} combinations", str(combinations), ""
    requirements = sum(1 for n, a in file.attributes.items() for _ in gives(n, a))
    criteria = sum(1 for a in file.attributes.values() if a.criterion)
    for what, many in (("requirements", requirements), ("criteria", criteria)):
        if many > MOST:
            hint = f"an attribute without {what} is only shown"
            yield "attributes", f"at most {MOST} {what}", str(many), hint


def _unknown_values(
    path: str, choices: ValueChoices, domains: Mapping[str, Collection[str]]
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


def _taken_names(file: AttributesFile) -> Iterable[Issue]:
    """Yield names that are given twice, or mean something else.

    Requirements and criteria are columns of one table, so that no two may share a name.
    """
    for name in file.attributes.keys() & RESERVED_NAMES:
        yield f"attributes.{name}", "a name of its own", f"{name}, which has another meaning", ""
    taken: dict[str, str] = {}
    for name, attribute in file.attributes.items():
        path = f"attributes.{name}"
        given = [(key, path) for key, _ in gives(name, attribute)]
        if attribute.criterion:
            given.append((attribute.criterion, f"{path}.criterion"))
        for key, where in given:
            if key in RESERVED_NAMES and key != name:
                yield where, "a name of its own", f"{key}, which has another meaning", ""
            elif key in taken:
                yield where, "a name of its own", f"{key}, as {taken[key]} has it", ""
            taken.setdefault(key, where)


def check_needs(needs: Mapping[str, NeedTable], declared: Declarations) -> Iterable[Issue]:
    """Yield what the needs of a guide say of requirements that is not so."""
    provisos = sum(len(need.unless) for need in needs.values())
    if len(needs) + 2 * provisos > MOST:
        expected = f"at most {MOST} needs, where each `unless` counts as two more"
        yield "needs", expected, str(len(needs) + 2 * provisos), ""
    if BATCH in needs:
        yield f"needs.{BATCH}", "a name of its own", f"{BATCH}, which is a workflow", ""
    for name, need in needs.items():
        named = {"stated_by": need.stated_by}
        for requirement, others in need.unless.items():
            named[path := f"unless.{requirement}"] = others
            if need.live:
                hint = "drop unless, or live"
                yield f"needs.{name}.{path}", "nothing for a live need", shown(others), hint
            if requirement not in need.stated_by or requirement in need.below:
                expected = "a requirement of stated_by that is not in below"
                yield f"needs.{name}.{path}", expected, shown(requirement), ""
        for path, requirements in named.items():
            for requirement in requirements:
                if requirement not in declared.requirement:
                    hint = did_you_mean(requirement, declared.requirement)
                    yield f"needs.{name}.{path}", "a requirement", shown(requirement), hint
        for requirement, limit in need.below.items():
            known = declared.requirement.get(requirement)
            if known is None or not (known.numeric and known.ceiling):
                ceilings = [r.name for r in declared.requirements if r.numeric and r.ceiling]
                hint = did_you_mean(requirement, ceilings)
                yield f"needs.{name}.below", one_of(ceilings), shown(requirement), hint
            elif not 0 < limit <= MAX_NUMBER:
                place = f"needs.{name}.below.{requirement}"
                yield place, up_to(MAX_NUMBER), shown(limit), ""
