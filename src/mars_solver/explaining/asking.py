"""The follow-up question: which open fields of a profile say most about the model that wins.

A field is open while the profile does not state it and nobody has said no to it. Each open field
can be answered with no or with any of its cells, so that the ways to complete a profile are the
paths of a decision diagram (a reduced one: two ways to begin that leave the same winners for every
way to go on meet in one node). Both questions are answered on it exactly:

- a field can change the winner if on some path two of its replies lead to different winners;
- a field splits the remaining ways best if after its reply two ways, drawn at random, are least
  likely to differ in the winner (the Gini impurity of decision trees; Breiman et al.,
  "Classification and Regression Trees", 1984). "No" counts as much as all other replies together,
  and these count alike.

What the catalogue declares as one group is asked in one question, so that who has little to state
is not asked about everything in turn: who wants nothing at all has to deny all that can change the
winner, one by one or in groups.

Importances are taken as they are: they are how much something matters, not what is needed. A
`primary` that names a need that is not stated in the end counts as none.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import combinations
from typing import Any, Final, NamedTuple

from mars_solver.briefs import brief
from mars_solver.errors import InputError, Problem
from mars_solver.explaining.changes import Amount, plain
from mars_solver.explaining.recommendation import Recommendation, recommend_with
from mars_solver.explaining.serialising import json_values, part
from mars_solver.inputs.catalogue.attributes import Declarations, Requirement
from mars_solver.inputs.parsing import not_one_of
from mars_solver.inputs.profile import Context, Profile
from mars_solver.solving.constraints import union
from mars_solver.solving.solver import Decision, Solver
from mars_solver.solving.table import Cell
from mars_solver.solving.whatif import Layers, WhatIf
from mars_solver.vocabulary import ACCEPT_BETA, BATCH, Kind

WORKFLOW: Final = "workflow"
PRIMARY: Final = "primary"
Node = int
"""A node of the diagram; below 0 its ends: the model at an index is `_FIRST - index`."""
_INVALID: Final = -1
"""The end of ways that contradict themselves."""
_NOBODY: Final = -2
"""The end of ways that leave no model."""
_FIRST: Final = -3
_MOST: Final = 2**16
"""So many replies are looked at; the shipped catalogue has a third of them."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One kind of reply to a question, and which models can win after it."""

    __repr__ = brief

    value: Amount
    """An example of the replies of this kind; None for no."""
    winners: tuple[str, ...]
    """The ids of the models that can still come first, in the catalogue's order."""
    infeasible: bool
    """Whether it can still turn out that no model is left."""


@dataclass(frozen=True, slots=True)
class FollowUp:
    """The one question that says most about which model wins."""

    __repr__ = brief

    field: str
    """A requirement by name, or `workflow`, `primary` or `accept_beta`."""
    beside: tuple[str, ...]
    """The other requirements of its group that can change the winner: asked in the same question,
    in declared order."""
    text: str
    """The question about all of them, for a person."""
    replies: tuple[Reply, ...]
    """Every kind of reply about the field that the profile admits, no first."""

    @property
    def fields(self) -> tuple[str, ...]:
        """All that is asked about."""
        return (self.field, *self.beside)


def fields_of(declared: Declarations) -> tuple[str, ...]:
    """Return every field that can be asked about."""
    return (*declared.requirement, WORKFLOW, *([PRIMARY] if declared.needs else []), ACCEPT_BETA)


@dataclass(frozen=True)
class Interview:
    """An answer with the question to ask next.

    Raises:
        InputError: with every name in `denied` of no field.
    """

    answer: Recommendation
    """On the profile as far as it is known."""
    denied: tuple[str, ...] = ()
    """The fields that the profile does not state, and never will: somebody said no to them."""

    def __post_init__(self) -> None:
        known = fields_of(self.answer.solver.declared)
        unknown = [name for name in self.denied if name not in known]
        if unknown:
            raise InputError(
                [Problem("denied", "", *not_one_of(n, known, kind="field")) for n in unknown]
            )

    @part
    def ask(self) -> FollowUp | None:
        """The question to ask next; None where no reply to any question can change the winner."""
        return self._best[0]

    @cached_property
    def _best(self) -> tuple[FollowUp | None, int]:
        return _best(self.answer.solver, self.answer.decision, self._fields, _MOST)

    @cached_property
    def _fields(self) -> tuple[_OpenField, ...]:
        return tuple(_open_fields(self.answer.solver, self.answer.profile, self.denied))

    @property
    def bounds(self) -> tuple[str, ...]:
        """What of the ways to complete the profile was left out, as they are too many, in words."""
        return tuple(self._bounds())

    def _bounds(self) -> Iterator[str]:
        solver, fields, compared = self.answer.solver, self._fields, self._best[1]
        if compared < len(fields):
            yield (
                f"There are too many ways to answer {len(fields)} questions to compare them all:"
                f" only those to {compared} of them were compared at a time"
            )
        for each in fields:
            if each.bit and solver.column(each.name).cut:
                lists = f"lists of {solver.declared.phrase(each.name)}"
                yield f"There are too many {lists} to compare them all: only short ones were"

    def told(self, profile: Profile, denied: Iterable[str]) -> Interview:
        """Return the interview after a reply.

        Args:
            profile: with what the reply states.
            denied: the fields that it says no to.
        """
        old = self.answer
        policy = old.decision.policy
        answer = recommend_with(old.solver, profile, unknown=policy, top=old.top, keep=old.keep)
        return Interview(answer, (*self.denied, *denied))

    def to_dict(self) -> dict[str, Any]:
        """Return the answer and the question as plain JSON values; the notes say what bounds it."""
        values = self.answer.to_dict()
        values["notes"] += self.bounds
        return {**values, **json_values(self)}


class _Way(NamedTuple):
    """A profile completed as far as some field: all that its winner and its faults depend on."""

    layers: Layers
    stated: int
    """The mask of stated requirements, as long as one to come pins a configuration."""
    statements: int
    batch: bool
    primary: str | None


class _OpenField(NamedTuple):
    """An open field with its replies: "no" first."""

    name: str
    values: tuple[Amount, ...]
    cells: tuple[Cell, ...] = ()
    """Of a requirement: what the replies come to."""
    bit: int = 0
    pins: bool = False
    group: str = ""
    """In which it is asked about with others; empty where it is asked about alone."""

    def weight(self, reply: int) -> int:
        """Return how much a reply counts."""
        return 1 if reply else len(self.values) - 1


class _Split(NamedTuple):
    """How one field splits the ways to complete a profile."""

    field: _OpenField
    reached: frozenset[Node]
    """The nodes at which it is replied to."""
    after: list[Counter[Node]]
    """How much the ways count that lead to each winner, by reply."""
    alike: Fraction
    """How likely two ways after the same reply are to lead to the same winner, times all ways."""


def _best(
    solver: Solver, decision: Decision, fields: tuple[_OpenField, ...], most: float
) -> tuple[FollowUp | None, int]:
    """Return the best question about some fields, the others not stated, and of how many it is.

    Where there are more ways than may be looked at, the fields are looked at in halves, each with
    half as many ways: the first question of them is the best of its half, and none is asked where
    neither half alone can change the winner.
    """
    half = len(fields) // 2
    try:
        return _Diagram(solver, decision, fields, most if half else math.inf).best(), len(fields)
    except _TooManyError:
        first = _best(solver, decision, fields[:half], most / 2)
        return first if first[0] else _best(solver, decision, fields[half:], most / 2)


class _TooManyError(Exception):
    """There are more replies than are looked at."""


class _Diagram:
    """All ways to complete a profile, level by level in the order of the open fields."""

    def __init__(
        self, solver: Solver, decision: Decision, fields: tuple[_OpenField, ...], most: float
    ) -> None:
        self._solver = solver
        self._left = most
        self._profile = decision.profile
        self._policy = decision.policy
        self._what_if = WhatIf(solver, decision)
        self._fields = fields
        self._pinning = max((i for i, f in enumerate(self._fields) if f.pins), default=-1)
        self._children: list[tuple[Node, ...]] = []
        self._numbers: dict[tuple[Node, ...], Node] = {}
        self._seen: dict[tuple[int, _Way], Node] = {}
        self._differing: dict[tuple[Node, Node], bool] = {}
        self._counted: dict[Node, Counter[Node]] = {}

    def best(self) -> FollowUp | None:
        """Return the question that splits the ways best, of those that can change the winner."""
        # What comes first is asked last: until then, it may be a need that nobody has stated.
        splits = sorted(self._splits(), key=lambda each: (each.field.name == PRIMARY, -each.alike))
        best = next(filter(self._matters, splits), None)
        if best is None:
            return None
        group = best.field.group
        beside = {
            split.field.name
            for split in splits
            if group and split.field.group == group and split is not best and self._matters(split)
        }
        in_order = tuple([name for name in self._solver.declared.requirement if name in beside])
        return self._follow_up(best, in_order)

    def _splits(self) -> Iterator[_Split]:
        """Yield how each field splits the ways."""
        reached = Counter({self._node(0, self._start()): 1})
        for level, field in enumerate(self._fields):
            after: list[Counter[Node]] = [Counter() for _ in field.values]
            below: Counter[Node] = Counter()
            for node, ways in reached.items():
                for reply, child in enumerate(self._children[node]):
                    weighed = ways * field.weight(reply)
                    below[child] += weighed
                    for end, many in self._ends(child, level + 1).items():
                        after[reply][end] += weighed * many
            alike = sum(
                Fraction(sum(n * n for n in ends.values()), ends.total()) for ends in after if ends
            )
            yield _Split(field, frozenset(reached), after, Fraction(alike))
            reached = below

    def _start(self) -> _Way:
        """Return the profile as it is, betas among the models as long as they are a question."""
        cells = list(self._what_if.cells.values())
        betas = any(field.name == ACCEPT_BETA for field in self._fields)
        layers = self._what_if.layers(cells, self._profile.stated, accept_beta=betas)
        statements = union([cell.statements for cell in cells])
        profile = self._profile
        return _Way(layers, profile.stated, statements, profile.batch, profile.primary)

    def _node(self, level: int, way: _Way) -> Node:
        """Return the node of a way that is complete up to a level."""
        self._left -= 1
        if self._left < 0:
            raise _TooManyError
        way = self._trimmed(level, way)
        key = level, way
        if key not in self._seen:
            if level == len(self._fields):
                self._seen[key] = self._end(way)
            else:
                every = self._after(self._fields[level], way)
                children = tuple([self._node(level + 1, each) for each in every])
                if children not in self._numbers:
                    self._numbers[children] = len(self._children)
                    self._children.append(children)
                self._seen[key] = self._numbers[children]
        return self._seen[key]

    def _trimmed(self, level: int, way: _Way) -> _Way:
        """Return a way without what makes no difference to what follows."""
        layers = way.layers
        if self._policy == "accept":
            layers = (union(layers),)
        while layers and not layers[0]:
            layers = layers[1:]
        while layers and not layers[-1]:
            layers = layers[:-1]
        return way._replace(layers=layers, stated=way.stated if level <= self._pinning else 0)

    def _after(self, field: _OpenField, way: _Way) -> Iterator[_Way]:
        """Yield a way after each reply to a field."""
        match field.name:
            case name if name == ACCEPT_BETA:
                yield way._replace(layers=_of(way.layers, ~self._solver.betas))
                yield way
            case name if name == WORKFLOW:
                yield way
                yield way._replace(batch=True)
            case name if name == PRIMARY:
                for need in (None, *self._solver.declared.need):
                    yield way._replace(primary=need)
            case _:
                yield way
                stated = way.stated | field.bit
                for cell in field.cells:
                    layers = self._what_if.narrowed(way.layers, cell)
                    if field.pins:
                        layers = _of(layers, self._solver.able(stated))
                    statements = way.statements | cell.statements
                    yield _Way(layers, stated, statements, way.batch, way.primary)

    def _end(self, way: _Way) -> Node:
        """Return the winner of a complete profile."""
        declared, profile = self._solver.declared, self._profile
        needs = declared.needs_stated(way.statements)
        names = declared.names_of_needs(needs)
        primary = way.primary if way.primary in names else None
        if (way.batch and needs & declared.live) or (profile.primary and not primary):
            return _INVALID
        contenders = self._what_if.contenders(way.layers)
        context = Context(names, primary, way.batch)
        order = self._solver.by_score(context, profile.importances_in(batch=way.batch))
        return next((_FIRST - index for index in order if contenders >> index & 1), _NOBODY)

    def _ends(self, node: Node, level: int) -> Counter[Node]:
        """Return how much the ways count that lead from a node to each winner."""
        if node < 0:
            return Counter() if node == _INVALID else Counter({node: 1})
        if node not in self._counted:
            counted: Counter[Node] = Counter()
            for reply, child in enumerate(self._children[node]):
                for end, many in self._ends(child, level + 1).items():
                    counted[end] += many * self._fields[level].weight(reply)
            self._counted[node] = counted
        return self._counted[node]

    def _matters(self, split: _Split) -> bool:
        """Return whether two replies to a field can lead to different winners."""
        return any(
            self._differ(*pair)
            for node in split.reached
            for pair in combinations(set(self._children[node]), 2)
        )

    def _differ(self, one: Node, other: Node) -> bool:
        """Return whether the same way on from two nodes can lead to different winners."""
        if one == other:
            return False
        if one < 0:
            return _INVALID not in {one, other}
        key = min(one, other), max(one, other)
        if key not in self._differing:
            pairs = zip(self._children[one], self._children[other], strict=True)
            self._differing[key] = any(self._differ(*pair) for pair in pairs)
        return self._differing[key]

    def _follow_up(self, split: _Split, beside: tuple[str, ...]) -> FollowUp:
        models, field = self._solver.catalogue.models, split.field
        replies = tuple(
            Reply(
                value,
                tuple(m.id for i, m in enumerate(models) if _FIRST - i in ends),
                _NOBODY in ends,
            )
            for value, ends in zip(field.values, split.after, strict=True)
            if ends and (field.name != PRIMARY or value in {None, *self._profile.needs})
        )
        values = [str(reply.value) for reply in replies if reply.value is not None]
        text = _text((field.name, *beside), values, self._solver.declared)
        return FollowUp(field.name, beside, text, replies)


def _of(layers: Layers, models: int) -> Layers:
    return tuple([layer & models for layer in layers])


def _open_fields(solver: Solver, profile: Profile, denied: Collection[str]) -> Iterator[_OpenField]:
    """Yield the open fields: what pins a configuration first, what weights depend on last."""
    if not profile.accept_beta and ACCEPT_BETA not in denied:
        yield _OpenField(ACCEPT_BETA, (None, True))
    columns = [
        column
        for column in solver.table
        if column.requirement.name not in profile.require and column.requirement.name not in denied
    ]
    # What changes least comes first, so that the diagram grows late.
    for column in sorted(columns, key=lambda c: (not c.requirement.pins, len(c.in_short))):
        asked = column.requirement
        values = tuple(plain(choice.values[-1]) for choice in column.in_short)
        cells = tuple(choice.cell for choice in column.in_short[1:])
        yield _OpenField(asked.name, values, cells, asked.bit, bool(asked.pins), asked.group)
    if profile.workflow is None and WORKFLOW not in denied:
        yield _OpenField(WORKFLOW, (None, BATCH))
    if profile.primary is None and PRIMARY not in denied and solver.declared.needs:
        yield _OpenField(PRIMARY, (None, *solver.declared.need))


def _text(fields: Sequence[str], values: Sequence[str], declared: Declarations) -> str:
    """Return the question about some fields, for a person: requirements by how one states them.

    Args:
        fields: of one group.
        values: what can be replied of the first one beside no.
        declared: what can be asked.
    """
    match fields[0]:
        case name if name == ACCEPT_BETA:
            return "Are beta models acceptable?"
        case name if name == WORKFLOW:
            return "Is all speech rendered ahead of time (batch)?"
        case name if name == PRIMARY:
            needs = (f"{declared.phrase(value)} [{value}]" for value in values)
            return f"Which need comes first: {', '.join(needs)}?"
    asked = [each for each in declared.requirements if each.name in fields]
    title = "which of these are needed?" if len(asked) > 1 else "is this needed?"
    title = f"{asked[0].group}: {title}" if asked[0].group else title.capitalize()
    return "\n".join([title, *map(_line, asked)])


def _line(requirement: Requirement) -> str:
    label, key = requirement.label, requirement.name
    label += f", in {requirement.unit}" if requirement.numeric and requirement.unit else ""
    key += "=A,B" if requirement.kind is Kind.SET else "=N" if requirement.numeric else ""
    return f"- {label} [{key}]: {requirement.describe}"
