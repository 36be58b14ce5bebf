"""What a change of facts or weights changes: the answers that become others, and what can be asked.

Everything is counted over all profiles and importances, exactly; see `moves`. What can be asked of
both catalogues is compared; what can be asked of one alone is counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

from mars_solver.briefs import brief, named
from mars_solver.errors import InputError
from mars_solver.inputs.catalogue.measurements import with_measurements
from mars_solver.inputs.profile import Profile, parse_profile
from mars_solver.proving.cases import Cases
from mars_solver.proving.classes import Classes
from mars_solver.proving.moves import Answer, Moves
from mars_solver.proving.pins import Pin, Scenario
from mars_solver.solving.solver import Solver
from mars_solver.solving.table import Interval
from mars_solver.vocabulary import Policy

SCHEMA: Final = "mars-solver/difference/1"
Shortlist = tuple[tuple[str, str], ...]
"""Models with their statuses, best first."""


@dataclass(frozen=True, slots=True, repr=False)
class AnswerMove:
    """Profiles whose answer becomes another one."""

    old: Answer
    new: Answer
    neutral: int
    """How many cells of profiles without preferences move so."""
    all: int | None
    """How many cells with vectors of importances do; None where the vectors are too many."""
    witness: Profile
    """The smallest of its profiles, as the new side reads it; see `MoveCount`."""
    ranges: dict[str, Interval]
    """For each number that the witness states: the numbers that do the same."""

    __repr__ = brief


@dataclass(frozen=True, slots=True, repr=False)
class MovedProfile:
    """A line of the guide, or a pinned profile, with another answer."""

    name: str
    """The label of the line; empty for a pin."""
    profile: Profile
    old: Shortlist | None
    """None where it cannot be asked."""
    new: Shortlist | None

    __repr__ = brief


class Expectations(NamedTuple):
    """What the folder of a catalogue says of some profiles."""

    lines: tuple[Scenario, ...] = ()
    pins: tuple[Pin, ...] = ()


@dataclass(frozen=True, repr=False)
class ExactDifference:
    """What a change changes."""

    old: Solver
    new: Solver
    unknown: Policy
    cells: int
    """Cells of profiles without preferences that can be asked of both."""
    only_old: int
    """Those that can be asked of the old side alone."""
    only_new: int
    criteria: tuple[str, ...]
    """What both sides score."""
    vectors: int | None
    """How many vectors of their importances there are; None where they are too many to decide."""
    moves: tuple[AnswerMove, ...]
    """Those of the most profiles first."""
    lines: tuple[MovedProfile, ...] = ()
    pins: tuple[MovedProfile, ...] = ()

    def __repr__(self) -> str:
        """Return how many kinds of answers change, on one line."""
        moved = (
            f"{len(self.moves)} moves, {sum(m.neutral for m in self.moves)} of {self.cells} cells"
        )
        return named(type(self), moved if self.changes else "nothing changes")

    @property
    def changes(self) -> bool:
        """Whether an answer, or what can be asked, is another one."""
        asked = self.only_old or self.only_new or self.declared.get("criteria")
        return bool(self.moves or self.lines or self.pins or asked)

    @cached_property
    def declared(self) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
        """Of models, attributes, requirements, criteria and needs: what is added, and dropped."""
        old, new = map(_declared, (self.old, self.new))
        pairs = {
            kind: (
                tuple(name for name in new[kind] if name not in old[kind]),
                tuple(name for name in old[kind] if name not in new[kind]),
            )
            for kind in old
        }
        return {kind: pair for kind, pair in pairs.items() if any(pair)}

    def statuses(self) -> dict[tuple[str, str], tuple[int, int]]:
        """Return for each two statuses how many profiles move from one to the other.

        Without preferences, and with every vector of importances; those of a model that stays first
        and of one that does not.
        """
        counted: dict[tuple[str, str], tuple[int, int]] = {}
        for move in self.moves:
            key = move.old.status, move.new.status
            neutral, every = counted.get(key, (0, 0))
            counted[key] = neutral + move.neutral, every + (move.all or 0)
        return counted

    def to_dict(self) -> dict[str, Any]:
        """Return the difference as plain JSON values; the same input, the same bytes."""
        return {
            "schema": SCHEMA,
            "changes": self.changes,
            "unknown": self.unknown,
            "cells": self.cells,
            "only_old": self.only_old,
            "only_new": self.only_new,
            "criteria": list(self.criteria),
            "importances": self.vectors,
            "declared": {
                kind: {"added": list(added), "dropped": list(dropped)}
                for kind, (added, dropped) in self.declared.items()
            },
            "moves": [
                {
                    "old": move.old.to_dict(),
                    "new": move.new.to_dict(),
                    "neutral": move.neutral,
                    "all": move.all,
                    "witness": move.witness.to_dict(),
                    "ranges": {name: asdict(each) for name, each in move.ranges.items()},
                }
                for move in self.moves
            ],
            "statuses": [
                {
                    "old": old,
                    "new": new,
                    "neutral": neutral,
                    "all": None if self.vectors is None else every,
                }
                for (old, new), (neutral, every) in self.statuses().items()
            ],
            **{
                key: [
                    {
                        "name": each.name,
                        "profile": each.profile.to_dict(),
                        "old": each.old and list(map(list, each.old)),
                        "new": each.new and list(map(list, each.new)),
                    }
                    for each in moved
                ]
                for key, moved in (("lines", self.lines), ("pins", self.pins))
            },
            "old": self.old.identity,
            "new": self.new.identity,
        }


def _declared(solver: Solver) -> dict[str, list[str]]:
    known = solver.declared
    return {
        "models": list(solver.catalogue.names),
        "attributes": list(known.attributes),
        "requirements": list(known.requirement),
        "criteria": [name for name in known.criterion if name in solver.scored],
        "needs": list(known.need),
    }


def difference(
    old: Solver,
    new: Solver,
    unknown: Policy = "flag",
    expected: Sequence[Expectations] = (),
) -> ExactDifference:
    """Return what is answered otherwise by one solver than by another.

    Args:
        old: a catalogue with weights.
        new: the same after a change.
        unknown: how what the facts do not settle ranks.
        expected: what the folders of either say of some profiles.

    Raises:
        InputError: where there are more classes of profiles than memory holds.
    """
    sides = old, new
    cases = Cases(sides, unknown)
    both, one, other = cases.cells()
    moves = [
        AnswerMove(
            *answers,
            found.neutral,
            None if cases.vectors is None else found.every,
            parse_profile(found.profile, "witness", new.declared),
            dict(_ranges(cases.classes, found.row)),
        )
        for answers, found in Moves(cases).find().items()
    ]
    lines = [
        (x.line, x.profile, x.measurements, len(x.expected)) for e in expected for x in e.lines
    ]
    pins = [("", pin.profile, None, None) for each in expected for pin in each.pins]
    return ExactDifference(
        old,
        new,
        unknown,
        both,
        one - both,
        other - both,
        cases.criteria,
        cases.vectors,
        tuple(sorted(moves, key=lambda m: (-(m.all or 0), -m.neutral, m.old, m.new))),
        *(tuple(_moved(asked, sides, unknown)) for asked in (lines, pins)),
    )


def _ranges(joint: Classes, row: int) -> Iterator[tuple[str, Interval]]:
    """Yield around each number that a witness states the numbers that come to the same."""
    for column, number in zip(joint.columns, joint.chosen(row), strict=True):
        if (same := column.choices[number].first) is not None:
            yield column.name, same


def _moved(
    asked: Iterable[tuple[str, Profile, dict[str, Any] | None, int | None]],
    sides: Sequence[Solver],
    unknown: Policy,
) -> Iterator[MovedProfile]:
    """Yield the profiles whose first models, as many as are told, are others; each once."""
    seen = []
    for name, profile, measurements, many in asked:
        key = name, profile.to_dict(), measurements
        if key not in seen:
            seen.append(key)
            old, new = (_shortlist(each, profile, measurements, unknown) for each in sides)
            if (old and old[:many]) != (new and new[:many]):
                yield MovedProfile(name, profile, old, new)


def _shortlist(
    solver: Solver, profile: Profile, measurements: object, unknown: Policy
) -> Shortlist | None:
    """Return the models that a profile is answered with; None where it cannot be asked."""
    try:
        if measurements is not None:
            measured = with_measurements(solver.catalogue, measurements, place="scenario")
            solver = Solver(measured, solver.weights)
        decision = solver.decide(profile, unknown)
    except InputError:
        return None
    return tuple([(each.model.id, each.status.word) for each in decision.ranked])
