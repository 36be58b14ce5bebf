"""The form of the page: presets, fields, sliders and measurements, as a catalogue declares them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from mars_solver.inputs.profile_row import SEPARATOR
from mars_solver.vocabulary import ACCEPT_BETA, BATCH, NEUTRAL_IMPORTANCE, Kind, number
from mars_solver.web.query import (
    FIGURE,
    LIVE,
    MEASURE,
    TIMING,
    UNKNOWN,
    Query,
    fields,
    live_requirement,
    query_of,
)

if TYPE_CHECKING:
    from mars_solver.inputs.catalogue.attributes import Declarations, Requirement
    from mars_solver.inputs.catalogue.catalogue import Catalogue
    from mars_solver.inputs.catalogue.facts import Member
    from mars_solver.solving.solver import Solver

_OTHERS: Final = "Further requirements"
"""The group of requirements that are declared without one."""
_FEW: Final = 6
"""Up to this many members of a set, a hint names them all; and as many fields come first where
none is declared to."""


class Field(NamedTuple):
    """A tick or an entry of the form."""

    name: str
    title: str
    hint: str
    kind: str
    """"tick", "number" or "text"."""
    unit: str = ""
    members: tuple[str, ...] = ()
    """What an entry of several members can be completed to."""


class Slider(NamedTuple):
    """The importance of a criterion; one that states nothing rests at its default."""

    name: str
    title: str
    hint: str
    value: str
    stated: bool
    default: int


class Segment(NamedTuple):
    """One of several choices, of which one holds."""

    value: str
    title: str
    hint: str
    current: bool


class Chip(NamedTuple):
    """A preset, with the query that asks for it."""

    title: str
    hint: str
    query: str
    current: bool


class Figure(NamedTuple):
    """A measurement of one's own."""

    name: str
    """Its key in the address."""
    title: str
    unit: str
    value: str


@dataclass(frozen=True, slots=True)
class Form:
    """What the form asks for, as it was filled in."""

    presets: tuple[Chip, ...]
    timing: tuple[Segment, ...]
    """Live or ahead of time; empty where nothing depends on it."""
    first: tuple[Field, ...]
    """The requirements that are asked first."""
    groups: tuple[tuple[str, tuple[Field, ...]], ...]
    """The others, by group in declared order."""
    needs: tuple[tuple[str, str], ...]
    """What may come first: the names of the needs with their labels; empty without a guide."""
    sliders: tuple[Slider, ...]
    policies: tuple[Segment, ...]
    figures: tuple[Figure, ...]
    measurable: tuple[tuple[str, str], ...]
    """The attributes that one can measure, with their labels and units."""
    models: Mapping[str, str]
    values: Mapping[str, str]
    errors: Mapping[str, Sequence[str]]
    """What is wrong with a field, by its name."""
    titles: Mapping[str, str]
    """The title of each field, by name."""

    @property
    def resting(self) -> str:
        """The sliders that state nothing, with where they rest."""
        unstated = (f"{each.name}:{each.value}" for each in self.sliders if not each.stated)
        return SEPARATOR.join(unstated)

    def stated(self, names: Sequence[str]) -> int:
        """Return how many of some fields are filled in, or wrong."""
        return sum(1 for name in names if self.values.get(name) or name in self.errors)


def form_of(
    solver: Solver,
    values: Mapping[str, str],
    errors: Mapping[str, Sequence[str]] | None = None,
    asked: Query | None = None,
) -> Form:
    """Return the form of a catalogue.

    Args:
        solver: that answers what is asked.
        values: the texts of the fields, by name.
        errors: what is wrong with them, by name.
        asked: what is asked; None where it cannot be read.
    """
    catalogue, declared = solver.catalogue, solver.declared
    live = live_requirement(declared)
    fields_, first = _fields(catalogue), _first(declared)
    others = [r for r in declared.requirements if r.name not in first and r.name != live]
    groups = dict.fromkeys(each.group for each in others if each.group)
    figures = tuple(_figures(catalogue, values))
    return Form(
        presets=tuple(
            Chip(each.title, each.text, query_of(Query(each.profile)), _same(asked, each.profile))
            for each in catalogue.presets
        ),
        timing=tuple(_timing(declared, values)),
        first=tuple(fields_[name] for name in first),
        groups=tuple(
            (group or _OTHERS, tuple(fields_[r.name] for r in others if r.group == group))
            for group in (*groups, *[""] * any(not each.group for each in others))
        ),
        needs=tuple((need.name, need.label) for need in declared.needs),
        sliders=tuple(_sliders(solver, values)),
        policies=tuple(
            Segment(
                "" if word == "flag" else word, title, "", (values.get(UNKNOWN) or "flag") == word
            )
            for word, title in _POLICIES
        ),
        figures=figures,
        measurable=tuple(
            (name, f"{a.label} ({a.unit})" if a.unit else a.label)
            for name, a in declared.attributes.items()
            if Kind(a.kind) is Kind.NUMBER
            and (a.criterion or a.requirements.max or a.requirements.min)
        ),
        models={m.id: m.name for m in sorted(catalogue.models, key=lambda m: m.beta)},
        values=values,
        errors=errors or {},
        titles={**titles(declared), **{each.name: each.title for each in figures}},
    )


_POLICIES: Final = (
    ("flag", "Rank below confirmed ones"),
    ("accept", "Rank as if confirmed"),
    ("reject", "Rule out"),
)


def _same(asked: Query | None, profile: object) -> bool:
    return asked is not None and asked.profile == profile and not asked.measured


def field_names(solver: Solver) -> frozenset[str]:
    """Return the names of the fields that can show a problem beside them."""
    declared = solver.declared
    absent = declared.criterion.keys() - solver.scored
    absent |= {"workflow", live_requirement(declared) or ""}
    names = {*fields(declared), UNKNOWN, TIMING, FIGURE} - absent
    return frozenset(names if declared.needs else names - {"primary"})


def titles(declared: Declarations) -> dict[str, str]:
    """Return what people read for each field, by name."""
    return {
        "primary": "Which need comes first",
        TIMING: "When is it spoken?",
        ACCEPT_BETA: "Accept betas",
        "name": "Name of the project",
        UNKNOWN: "Models that are not confirmed",
        FIGURE: "Own measurement",
        **{each.name: each.ask or title(each) for each in declared.requirements},
        **{each.name: each.label for each in declared.criteria},
    }


def title(requirement: Requirement) -> str:
    """Return what people read for a requirement: its label, and which way a limit goes."""
    if not requirement.numeric:
        return requirement.label
    return f"{requirement.label}, at {'most' if requirement.ceiling else 'least'}"


def _first(declared: Declarations) -> tuple[str, ...]:
    """Return the requirements that are asked first, ticks before entries.

    They are those that a form is to ask in a customer's words; where none is, those that state the
    guide's needs, or the first few.
    """
    live = live_requirement(declared)
    named = [each.name for each in declared.requirements if each.ask]
    named = named or [name for need in declared.needs for name in need.stated_by]
    named = named or [each.name for each in declared.requirements][:_FEW]
    ticks = {n for n in named if declared.requirement[n].kind is Kind.CAPABILITY}
    return tuple(sorted(dict.fromkeys(n for n in named if n != live), key=lambda n: n not in ticks))


def _timing(declared: Declarations, values: Mapping[str, str]) -> Iterator[Segment]:
    """Yield the choices between live and ahead of time; none where nothing depends on it."""
    live = live_requirement(declared)
    batch = values.get("workflow") == BATCH
    if not (live or batch or any(each.live for each in declared.criteria)):
        return
    stated = LIVE if live and values.get(live) else BATCH if batch else ""
    now = values.get(TIMING, stated)
    if live:
        yield Segment(LIVE, "Live", declared.requirement[live].describe, now == LIVE)
    yield Segment(BATCH, "Ahead of time", "rendered before anybody listens", now == BATCH)
    yield Segment("", "Either", "not decided yet", now == "")


@lru_cache(maxsize=2**3)
def _fields(catalogue: Catalogue) -> dict[str, Field]:
    """Return the field of each requirement, by name."""
    return {each.name: _field(each, catalogue) for each in catalogue.declared.requirements}


def _field(requirement: Requirement, catalogue: Catalogue) -> Field:
    heading = requirement.ask or title(requirement)
    kind = {Kind.CAPABILITY: "tick", Kind.SET: "text"}.get(requirement.kind, "number")
    members = tuple(_members(requirement.attribute, catalogue)) if kind == "text" else ()
    hints = []
    if requirement.describe.casefold() not in {heading.casefold(), requirement.label.casefold()}:
        hints.append(requirement.describe)
    elif kind == "text":
        hints.append("every one of these")
    remarks = list(_remarks(requirement, catalogue.declared, members))
    hints = (remarks or hints)[:1] if requirement.ask and members else hints
    hints += [] if requirement.ask else remarks
    return Field(requirement.name, heading, "; ".join(hints), kind, requirement.unit, members)


def _remarks(
    requirement: Requirement, declared: Declarations, members: Sequence[str]
) -> Iterator[str]:
    """Yield what else helps to fill a field in: a scale, examples, the need that it states."""
    scale = declared.attributes[requirement.attribute].scale
    if scale:
        yield f"from {number(scale[0])} to {number(scale[1])}"
    if len(members) > _FEW:
        yield f"such as {members[0]}"
    elif members:
        yield f"known: {f'{SEPARATOR} '.join(members)}"
    for need in declared.needs:
        for name, limit in need.below:
            if name == requirement.name:
                unit = f" {requirement.unit}" if requirement.unit else ""
                yield f"below {number(limit)}{unit} it counts as “{need.label}”"


def _members(attribute: str, catalogue: Catalogue) -> Iterator[str]:
    """Yield the known members of a set; those first that the most models have."""
    sets = [model.set(attribute) for model in catalogue.models]
    counted: Counter[Member] = Counter(catalogue.known_members(attribute))
    for each in sets:
        counted.update(key for key, fact in each.members.items() if fact.known)
    spelled = {key: text for each in sets for key, text in each.spelling.items()}
    yield from (str(spelled.get(key, key)) for key, _ in counted.most_common())


def _sliders(solver: Solver, values: Mapping[str, str]) -> Iterator[Slider]:
    batch = values.get("workflow") == BATCH
    for each in (c for c in solver.declared.criteria if c.name in solver.scored):
        default = 0 if batch and each.live else NEUTRAL_IMPORTANCE
        stated = bool(values.get(each.name))
        hint = "" if each.describe.casefold() == each.label.casefold() else each.describe
        value = values[each.name] if stated else str(default)
        yield Slider(each.name, each.label, hint, value, stated, default)


def _figures(catalogue: Catalogue, values: Mapping[str, str]) -> Iterator[Figure]:
    """Yield the measurements that are stated."""
    for key in sorted(values):
        model, name = catalogue.model_in(key.removeprefix(MEASURE))
        if key.startswith(MEASURE) and model is not None:
            attribute = catalogue.declared.attributes.get(name)
            label = f"{catalogue.names[model]}: {attribute.label if attribute else name}"
            unit = attribute.unit or "" if attribute else ""
            yield Figure(key, label, unit, values[key])
