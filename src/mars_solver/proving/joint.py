"""What can be asked of one or several catalogues side by side, as one grid of cells.

Each side is a solver. A requirement's domain is cut where a verdict of any side changes; a cell of
the grid holds what each side makes of it. What a side cannot be asked, because it declares no such
requirement or one of another kind, is no cell of that side.

The order of everything is the same whichever side comes first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from mars_solver.inputs.catalogue.attributes import Attribute, Declarations, Requirement
from mars_solver.inputs.catalogue.facts import Member, read_member
from mars_solver.inputs.catalogue.tags import Tags, language
from mars_solver.inputs.profile import Required
from mars_solver.solving.constraints import Masks
from mars_solver.solving.solver import Solver
from mars_solver.solving.table import Cell, Column, Interval, axis, joins, unheard
from mars_solver.vocabulary import Kind

Sides = Sequence[Solver]
SILENT = Cell(0, 0, 0)
"""The cell of what is not stated."""


class JointChoice(NamedTuple):
    """The parts of a requirement's domain that come to the same cell on each side."""

    cells: tuple[Cell | None, ...]
    """None for a side that cannot be asked it."""
    values: tuple[Required | None, ...]
    """One value of each part, as a profile writes it; None where it is not stated."""
    parts: tuple[Interval, ...] = ()
    """Of a number: the parts themselves, ascending."""

    @property
    def first(self) -> Interval | None:
        """The first parts of a number, as far as nothing lies between them."""
        if not self.parts:
            return None
        start = end = self.parts[0]
        for part in self.parts[1:]:
            if part.low != end.high or not (part.low_included or end.high_included):
                break
            end = part
        return start.to(end)


class JointColumn(NamedTuple):
    """One requirement on each side."""

    name: str
    requirements: tuple[Requirement | None, ...]
    """None for a side on which it says nothing."""
    choices: tuple[JointChoice, ...]
    """All that it can come to, "not stated" first."""

    @property
    def pins(self) -> bool:
        """Whether it pins a configuration on any side."""
        return any(each and each.pins for each in self.requirements)


def joint_columns(sides: Sides) -> tuple[JointColumn, ...]:
    """Return every requirement that any side declares, in an order that all sides share."""
    return tuple(
        _column(sides, name) for name in shared_order(sides, lambda each: each.requirement)
    )


def shared_order(sides: Sides, names_of: Callable[[Declarations], Iterable[str]]) -> list[str]:
    """Return all names that any side declares, in declared order as far as the sides agree."""
    places: dict[str, int] = {}
    for side in sides:
        for place, name in enumerate(names_of(side.declared)):
            places[name] = min(place, places.get(name, place))
    return sorted(places, key=lambda name: (places[name], name))


def _column(sides: Sides, name: str) -> JointColumn:
    requirements = tuple(side.declared.requirement.get(name) for side in sides)
    merged: dict[tuple[Cell | None, ...], list[tuple[Required, Interval | None]]] = {}
    for form in sorted({_form(each) for each in requirements if each}):
        own = [
            _Own(side.column(name), side) if each and _form(each) == form else None
            for each, side in zip(requirements, sides, strict=True)
        ]
        for value, part in _values([each for each in own if each]):
            cells = tuple(each and each.find(value) for each in own)
            merged.setdefault(cells, []).append((value, part))
    silent = JointChoice((SILENT,) * len(sides), (None,))
    choices = (
        JointChoice(cells, tuple(v for v, _ in found), tuple(part for _, part in found if part))
        for cells, found in merged.items()
    )
    return JointColumn(name, requirements, (silent, *choices))


class _Own(NamedTuple):
    """A requirement as one side has it."""

    column: Column
    side: Solver

    @property
    def attribute(self) -> Attribute:
        return self.side.declared.attributes[self.column.requirement.attribute]

    @property
    def known(self) -> tuple[Member, ...]:
        """The keys of the members that the side knows."""
        return self.side.catalogue.known_members(self.column.requirement.attribute)

    def read(self, member: Member) -> Member:
        """Return a member as the side reads it."""
        read = read_member(self.attribute, member)
        return member if read is None else read

    def find(self, value: Required) -> Cell:
        """Return the cell of what a profile writes."""
        return self.column.find(tuple(map(self.read, value)) if isinstance(value, tuple) else value)


def _form(requirement: Requirement) -> str:
    """Return how a profile writes a requirement; forms that differ share no value."""
    if requirement.kind is Kind.SET:
        return f"set of {requirement.members}"
    return "number" if requirement.numeric else str(requirement.kind.value)


def _values(own: Sequence[_Own]) -> Iterable[tuple[Required, Interval | None]]:
    """Return one value of each part of the domain that sides with one form share; a number's part.

    They are in ascending order, or the short lists first.
    """
    match own[0].column.requirement.kind:
        case Kind.CAPABILITY:
            return [(True, None)]
        case Kind.SET:
            return [(members, None) for members in _lists(own)]
        case _:
            thresholds = {each for one in own for each in one.column.thresholds}
            return [(part.representative, part) for part in axis(sorted(thresholds))]


def _lists(own: Sequence[_Own]) -> list[tuple[Member, ...]]:
    """Return a shortest list of members for each way in which lists come out, short ones first."""
    kind = own[0].column.requirement.members
    known = {member for each in own for member in each.known}
    single = [*sorted(known, key=lambda key: (str(type(key)), key)), unheard(kind, known)]
    if kind == "language":
        spelled = [each.attribute.tags for each in own]
        if any(tags != spelled[0] for tags in spelled):
            single += sorted({tag for tags in spelled for tag in _respelled(tags, known)})
        single += sorted({language(str(member)) for member in single})
    alone: dict[tuple[Masks, ...], tuple[Member, ...]] = {}
    for member in single:
        masks = tuple(each.column.member(each.read(member)) for each in own)
        alone.setdefault(masks, (member,))
    return [members for some in joins(alone) for members in some.values()]


def _respelled(tags: Tags, known: Iterable[Member]) -> Iterator[str]:
    """Yield what one side reads as another tag: aliases, and tags with a script left out."""
    yield from tags.aliases
    for tag in map(str, known):
        for alias, canonical in tags.aliases.items():
            if tag.startswith(f"{canonical}-"):
                yield alias + tag.removeprefix(canonical)
        for place, script in tags.scripts.items():
            if tag == place or tag.startswith(f"{place}-"):
                spoken = language(place)
                yield f"{spoken}-{script}{tag.removeprefix(spoken)}"
