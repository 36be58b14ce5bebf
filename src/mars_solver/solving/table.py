"""The one table: the verdicts of every requirement on all models, cell by cell.

A verdict compares what is asked with the ends of facts, so that what can be asked of a requirement
falls into finitely many cells in which no verdict and no need changes. Each cell holds its verdicts
on all models as two whole numbers with one bit for each model. They are computed once for a
catalogue from `constraints.verdict`; one profile, a table of profiles and the proof all read them.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import count, pairwise, product
from string import ascii_lowercase
from typing import Final, NamedTuple, cast

from mars_solver.briefs import brief, named
from mars_solver.inputs.catalogue.attributes import MemberKind, Requirement
from mars_solver.inputs.catalogue.catalogue import Catalogue
from mars_solver.inputs.catalogue.facts import EVERYTHING, Member, member_key
from mars_solver.inputs.catalogue.tags import language
from mars_solver.inputs.profile import Required
from mars_solver.solving.constraints import Check, Masks, member_verdict, settled, verdict
from mars_solver.vocabulary import MAX_NUMBER, Kind, Verdict

Number = int | float
_KEPT: Final = 2**12
"""The most members, and lists of them, that are remembered for each set."""
_SHORT: Final = 2**3
"""The longest list of members that is remembered: what is remembered takes bounded memory."""
_MOST_LISTS: Final = 2**9
"""So many lists of members stand for all of them, where these need not be complete."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Part of an axis: a point where both ends are equal, or all between two ends."""

    low: Number
    low_included: bool
    high: Number
    high_included: bool

    @property
    def representative(self) -> Number:
        """A number of the interval; the last one where it belongs to the interval."""
        if self.high_included:
            return self.high
        return self.low if self.low_included else (self.low + self.high) / 2

    def to(self, last: Interval) -> Interval:
        """Return everything from the start of this interval to the end of another one."""
        return Interval(self.low, self.low_included, last.high, last.high_included)

    def __contains__(self, number: Number) -> bool:
        above = number >= self.low if self.low_included else number > self.low
        below = number <= self.high if self.high_included else number < self.high
        return above and below


class Cell(NamedTuple):
    """What one part of a requirement's domain comes to."""

    violated: int
    """The mask of the models, by index, whose facts violate the requirement."""
    unverified: int
    """The mask of those whose facts leave it open."""
    statements: int
    """What it says of needs; see `Declarations.statements`."""

    def under(self, *, reject: bool) -> tuple[int, int]:
        """Return both masks; to reject the unknown is to count it as violated."""
        return (self.violated | self.unverified, 0) if reject else (self.violated, self.unverified)


class Choice(NamedTuple):
    """The parts of a requirement's domain that come to the same cell."""

    cell: Cell
    values: tuple[Required | None, ...]
    """One value of each part; None where the requirement is not stated."""

    def __repr__(self) -> str:
        return brief(self)


class Column:
    """One requirement's verdicts on all models of a catalogue.

    Attributes:
        requirement: whose verdicts these are.
        thresholds: where a verdict or a need can change, ascending; none but of a number.
    """

    def __init__(self, catalogue: Catalogue, requirement: Requirement) -> None:
        self.requirement = requirement
        self._catalogue = catalogue
        self._attribute = requirement.attribute
        self.thresholds = critical_values(catalogue, requirement)
        # Filled as cells are first asked for: bounded, and safe to use from several threads.
        self._parts: dict[int, Cell] = {}
        self._of_list = lru_cache(maxsize=_KEPT)(self._cell_of_list)
        self._of_member = lru_cache(maxsize=_KEPT)(self._masks_of_member)
        self._is_set = requirement.kind is Kind.SET

    def __repr__(self) -> str:
        return named(type(self), f"{len(self._catalogue.models)} models", self.requirement.name)

    def find(self, required: Required) -> Cell:
        """Return the cell of what a profile asks for."""
        if self._is_set:
            members = cast("tuple[Member, ...]", required)
            short = len(members) <= _SHORT
            return self._of_list(members) if short else self._cell_of_list(members)
        part = self.position(cast("Number", required)) if self.thresholds else 0
        cell = self._parts.get(part)
        if cell is None:
            cell = self._parts[part] = self.cell_of(required)
        return cell

    def position(self, number: Number) -> int:
        """Return 2k for a number between the threshold before the k-th and it, 2k + 1 for it."""
        at = bisect_left(self.thresholds, number)
        return 2 * at + (at < len(self.thresholds) and self.thresholds[at] == number)

    def cell_of(self, required: Required) -> Cell:
        """Return the cell of what is asked for, from the definition of a verdict."""
        check = Check(self.requirement, required)
        models = self._catalogue.models
        masks = _split([verdict(check, model, self._catalogue) for model in models])
        return Cell(*masks, self._statements(required))

    def nearest(self, required: Required, index: int, worst: Verdict) -> Required | None:
        """Return the value nearest to what is asked for whose verdict on a model is good enough.

        None where only dropping the requirement is.

        Args:
            required: what is asked for, with a verdict that is worse.
            index: of the model in the catalogue.
            worst: the worst verdict that is good enough.
        """
        requirement, bit = self.requirement, 1 << index
        open_too = worst is Verdict.MET
        for masks in self._implied:
            if (masks.violated | masks.unverified * open_too) & bit:
                return None
        if requirement.kind is Kind.CAPABILITY:
            return None
        if requirement.kind is Kind.SET:
            stay = []
            for member in cast("tuple[Member, ...]", required):
                masks = self.member(member)
                if not (masks.violated | masks.unverified * open_too) & bit:
                    stay.append(member)
            return tuple(stay) or None
        low, high = self._catalogue.models[index].range(self._attribute) or EVERYTHING
        end = high if requirement.ceiling == open_too else low
        return end if 0 < end <= MAX_NUMBER else None

    def member(self, member: Member) -> Masks:
        """Return the models that a member of a set excludes, and those that it leaves open."""
        return self._of_member(member_key(member))

    @cached_property
    def intervals(self) -> tuple[tuple[Interval, Cell], ...]:
        """The parts of a number's domain with their cells, ascending.

        Between the ends of its own range a model's verdict stays as it is, so that a few verdicts
        of each model give all cells.
        """
        parts = axis(self.thresholds)
        points = {part.low: at for at, part in enumerate(parts) if part.low_included}
        changes = [[0, 0] for _ in range(len(parts) + 1)]
        for index, model in enumerate(self._catalogue.models):
            ends = [points[e] for e in model.range(self._attribute) or () if e in points]
            starts = sorted({0, *ends, *(at + 1 for at in ends), len(parts)})
            for start, stop in pairwise(starts):
                check = Check(self.requirement, parts[start].representative)
                found = verdict(check, model, self._catalogue)
                if found is not Verdict.MET:
                    which = found is Verdict.UNVERIFIED
                    changes[start][which] ^= 1 << index
                    changes[stop][which] ^= 1 << index
        cells = []
        violated = unverified = 0
        for part, (one, other) in zip(parts, changes[:-1], strict=True):
            violated, unverified = violated ^ one, unverified ^ other
            cell = Cell(violated, unverified, self._statements(part.representative))
            cells.append((part, self._parts.setdefault(self.position(part.representative), cell)))
        return tuple(cells)

    @cached_property
    def choices(self) -> tuple[Choice, ...]:
        """Every cell that the requirement can come to, "not stated" first."""
        return self._merged(self._values())

    @property
    def in_short(self) -> tuple[Choice, ...]:
        """The same, without what only longer lists come to where there are very many."""
        return self._in_short[0]

    @property
    def cut(self) -> bool:
        """Whether `in_short` leaves something out."""
        return self._in_short[1]

    @cached_property
    def _in_short(self) -> tuple[tuple[Choice, ...], bool]:
        if not self._is_set:
            return self.choices, False
        lists, cut = self._lists(_MOST_LISTS)
        return self._merged(lists), cut

    def _merged(self, values: Iterable[Required]) -> tuple[Choice, ...]:
        merged: dict[Cell, list[Required]] = {}
        for value in values:
            merged.setdefault(self.find(value), []).append(value)
        silent = Choice(Cell(0, 0, 0), (None,))
        return (silent, *(Choice(cell, tuple(values)) for cell, values in merged.items()))

    def _values(self) -> Iterable[Required]:
        """Return one value of each part of the domain."""
        match self.requirement.kind:
            case Kind.CAPABILITY:
                return [True]
            case Kind.SET:
                return self._lists(math.inf)[0]
            case _:
                return [part.representative for part, _ in self.intervals]

    def _lists(self, most: float) -> tuple[list[tuple[Member, ...]], bool]:
        """Return one list of members for each way in which a list can come out.

        Of more than so many only the shorter ones, and whether that leaves any out.

        A list comes out with each model as badly as the worst of its members, and members differ
        only in which models have them, do not, or leave it open. So the joins of what single
        members give, languages alone and one unheard of among them, are all there is.
        """
        single = [*self._catalogue.known_members(self._attribute), self.unheard()]
        if self.requirement.members == "language":
            single += sorted({language(str(member)) for member in single})
        known: dict[tuple[Masks, ...], tuple[Member, ...]] = {}
        for member in single:
            known.setdefault((self.member(member),), (member,))
        every: dict[tuple[Masks, ...], tuple[Member, ...]] = {}
        for longer in joins(known):
            if every and len(every) + len(longer) > most:
                cut = True
                break
            every |= longer
        else:
            cut = False
        return [every[masks] for masks in sorted(every)], cut

    def unheard(self) -> Member:
        """Return a member that no model and no source lists."""
        return unheard(self.requirement.members, self._catalogue.known_members(self._attribute))

    def _cell_of_list(self, members: tuple[Member, ...]) -> Cell:
        masks = Masks(0, 0)
        for member in members:
            masks = _worst(masks, self.member(member))
        return Cell(*self._with_implied(masks), self._statements(members))

    def _with_implied(self, masks: Masks) -> Masks:
        for implied in self._implied:
            masks = _worst(masks, implied)
        return masks

    @cached_property
    def _implied(self) -> tuple[Masks, ...]:
        """What the capabilities that are checked along exclude and leave open."""
        models = self._catalogue.models
        return tuple(
            _split([settled(model.capability(name)) for model in models])
            for name in self.requirement.implies
        )

    def _masks_of_member(self, key: Member) -> Masks:
        catalogue = self._catalogue
        return _split(
            [member_verdict(key, model, self._attribute, catalogue) for model in catalogue.models]
        )

    def _statements(self, required: Required) -> int:
        return self._catalogue.declared.statements(self.requirement.name, required)


def _split(verdicts: Sequence[Verdict]) -> Masks:
    """Return verdicts, one for each model, as masks of models."""
    return Masks(
        sum(1 << i for i, each in enumerate(verdicts) if each is Verdict.VIOLATED),
        sum(1 << i for i, each in enumerate(verdicts) if each is Verdict.UNVERIFIED),
    )


def _worst(one: Masks, other: Masks) -> Masks:
    violated = one.violated | other.violated
    return Masks(violated, (one.unverified | other.unverified) & ~violated)


def joins(
    single: Mapping[tuple[Masks, ...], tuple[Member, ...]],
) -> Iterator[dict[tuple[Masks, ...], tuple[Member, ...]]]:
    """Yield every way in which lists of members come out, each with a shortest list.

    One member alone first, then what only longer and longer lists come to.

    Args:
        single: how members come out alone, with one catalogue or with several side by side.
    """
    known = set(single)
    fresh = dict(single)
    while fresh:
        yield fresh
        found: dict[tuple[Masks, ...], tuple[Member, ...]] = {}
        for (one, listed), (other, more) in product(fresh.items(), single.items()):
            joined = tuple(map(_worst, one, other))
            if joined not in known:
                found.setdefault(joined, (*listed, *more))
        known.update(found)
        fresh = found


def unheard(members: MemberKind, known: Collection[Member]) -> Member:
    """Return a member of a kind that is none of the known ones."""
    match members:
        case "number":
            return next(number for number in count(1) if number not in known)
        case "language":
            return next(tag for tag in _spelled() if tag not in known)
        case _:
            return next(word for word in _words() if word not in known)


def critical_values(catalogue: Catalogue, requirement: Requirement) -> tuple[Number, ...]:
    """Return the amounts in range at which a verdict or a need can change, ascending."""
    ends = {
        end
        for model in catalogue.models
        for end in model.range(requirement.attribute) or ()
        if 0 < end <= MAX_NUMBER
    }
    for need in catalogue.declared.needs:
        ends |= {limit for name, limit in need.below if name == requirement.name}
    return tuple(sorted(ends))


def axis(values: Iterable[Number]) -> tuple[Interval, ...]:
    """Return the intervals into which ascending values cut the numbers above 0 up to the largest.

    An open interval that holds no float is left out: no profile can name a number in it.
    """
    intervals: list[Interval] = []
    for low, high in pairwise([0, *values]):
        if math.nextafter(low, math.inf) < high:
            intervals.append(Interval(low, low_included=False, high=high, high_included=False))
        intervals.append(Interval(high, low_included=True, high=high, high_included=True))
    last = intervals[-1].high if intervals else 0
    if last < MAX_NUMBER:
        intervals.append(Interval(last, low_included=False, high=MAX_NUMBER, high_included=True))
    return tuple(intervals)


def _spelled() -> Iterator[str]:
    """Yield well-formed language tags, from the end of the alphabet."""
    letters = ascii_lowercase[::-1]
    for a, b, c, d in product(letters, repeat=4):
        yield f"{a}{b}-{c}{d}"


def _words() -> Iterator[str]:
    yield "other"
    yield from (f"other-{number}" for number in count(2))


def requirement_masks(
    cells: Collection[tuple[Requirement, Cell]], index: int, *, reject: bool
) -> Masks:
    """Return which of some requirements the facts of a model violate and leave unverified."""
    violated = unverified = 0
    for requirement, cell in cells:
        if cell.violated >> index & 1 or (reject and cell.unverified >> index & 1):
            violated |= requirement.bit
        elif cell.unverified >> index & 1:
            unverified |= requirement.bit
    return Masks(violated, unverified)
