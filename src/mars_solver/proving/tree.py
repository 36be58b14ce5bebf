"""A guide derived from the facts: a decision tree that is proved to answer as the solver does.

It asks what the vendor's guide asks: whether each need is stated, whether speech is rendered ahead
of time, and, where a limit states a need, how strict it is. All answers to these questions are
finitely many profiles; each is decided, and a tree with the fewest questions is searched for that
gives every one of them its answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any, Final, NamedTuple

import numpy as np

from mars_solver.inputs.catalogue.guide import Flowchart
from mars_solver.inputs.profile import Profile, parse_profile
from mars_solver.proving.classes import Array
from mars_solver.proving.moves import Answer
from mars_solver.proving.pins import stating
from mars_solver.proving.theorem import Theorem, prove
from mars_solver.solving.flowchart import GuideVerdict, compare
from mars_solver.solving.solver import Solver
from mars_solver.solving.table import Interval
from mars_solver.vocabulary import BATCH

SCHEMA: Final = "mars-solver/guide/1"
MOST_PROFILES: Final = 2**14
"""Of more profiles, the limits that state needs are not asked about."""
MOST_BOXES: Final = 2**16
"""Up to so many parts of all answers, the search for the smallest tree tries every one."""


@dataclass(frozen=True)
class Topic:
    """What questions are about: a need, a limit, or the workflow.

    Attributes:
        name: of the need or of the requirement; `BATCH` for the workflow.
        settings: what a profile states, from nothing to the most.
        parts: of a limit: the numbers of each setting; None where it is not stated.
        ceiling: of a limit: whether it is one from above.
    """

    name: str
    settings: tuple[dict[str, Any], ...]
    parts: tuple[Interval | None, ...] = ()
    ceiling: bool = False


class TreeQuestion(NamedTuple):
    """A question of yes or no: whether a profile states as much of a topic as a setting or more."""

    topic: Topic
    least: int

    @property
    def end(self) -> tuple[float, bool] | None:
        """The number up to which a ceiling, or from which on a floor, is a yes; whether it is one.

        None for what is no limit, and where the question is whether one is stated at all.
        """
        part = self.topic.parts[self.least] if self.topic.parts else None
        if part is None or self.least == 1:
            return None
        if self.topic.ceiling:
            return part.high, part.high_included
        return part.low, part.low_included


@dataclass(frozen=True)
class Tree:
    """A question with what follows a yes and a no, or an answer."""

    question: TreeQuestion | None
    answer: Answer | None
    yes: Tree | None = None
    no: Tree | None = None

    @property
    def questions(self) -> int:
        """How many questions there are."""
        return (
            0 if self.yes is None or self.no is None else 1 + self.yes.questions + self.no.questions
        )


@dataclass(frozen=True, slots=True)
class Parting:
    """One combination of needs and workflow, as the vendor's guide and the solver answer it."""

    needs: tuple[str, ...]
    batch: bool
    answer: Answer
    """The solver's."""
    vendor: GuideVerdict
    """What the guide says, whether the answer agrees, and what blocks it."""
    departures: int
    """In how many cells of profiles that state these needs the answer is not the guide's; any
    requirements, betas and primary need beside them."""
    cells: int


@dataclass(frozen=True)
class DerivedGuide:
    """A derived guide, and the vendor's beside it."""

    solver: Solver
    topics: tuple[Topic, ...]
    tree: Tree
    profiles: int
    """How many profiles the questions tell apart; the tree gives the solver's answer to each."""
    parted: int
    """In how many of these the vendor's guide is not followed."""
    minimal: bool
    """Whether no tree of these questions has fewer."""
    theorem: Theorem
    places: tuple[Parting, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the guide as plain JSON values."""
        return {
            "schema": SCHEMA,
            "tree": _plain(self.tree),
            "questions": self.tree.questions,
            "profiles": self.profiles,
            "parted": self.parted,
            "minimal": self.minimal,
            "vendor": {
                "agreements": self.theorem.agreements,
                "departures": self.theorem.departures,
                "infeasible": self.theorem.infeasible,
                "places": [
                    {
                        "needs": list(place.needs),
                        "batch": place.batch,
                        **place.answer.to_dict(),
                        "vendor": list(place.vendor.answer),
                        "agrees": place.vendor.agrees,
                        "blocked_by": list(place.vendor.blocked_by),
                        "departures": place.departures,
                        "cells": place.cells,
                    }
                    for place in self.places
                ],
            },
            **self.solver.identity,
        }


def _plain(tree: Tree) -> dict[str, Any]:
    if tree.question is None or tree.yes is None or tree.no is None:
        return (tree.answer or Answer("", "")).to_dict()
    topic, end = tree.question.topic, tree.question.end
    asked: dict[str, Any] = {"about": topic.name}
    if end is not None:
        asked |= {"number": end[0], "included": end[1]}
    return {**asked, "yes": _plain(tree.yes), "no": _plain(tree.no)}


def derive(solver: Solver, *, limits: bool = True) -> DerivedGuide:
    """Return the guide that the facts give, with every place where the vendor's parts from it.

    Args:
        solver: its catalogue must have a guide, whose needs are what is asked about.
        limits: whether to ask also how strict the limits are that state a need.
    """
    chart = solver.catalogue.flowchart
    if chart is None:
        raise ValueError("a catalogue without a guide has no needs to ask about")
    topics = [topic for topic in _topics(solver) if limits or not topic.parts]
    if prod(len(topic.settings) for topic in topics) > MOST_PROFILES:
        topics = [topic for topic in topics if not topic.parts]
    answers: list[Answer] = []
    parted = 0
    codes = np.full([len(topic.settings) for topic in topics], -1, dtype=np.int64)
    for at in np.ndindex(codes.shape):
        profile = _profile(solver, topics, at)
        if profile is not None:
            decision = solver.decide(profile)
            answer = Answer.of(decision)
            parted += not compare(chart, decision).agrees
            if answer not in answers:
                answers.append(answer)
            codes[at] = answers.index(answer)
    boxes = prod(n * (n + 1) // 2 for n in codes.shape)
    search = _TreeSearch(topics, codes, answers, exact=boxes <= MOST_BOXES)
    tree = search.tree()
    for at in zip(*np.nonzero(codes >= 0), strict=True):
        if _walk(tree, topics, at) != answers[codes[at]]:
            raise AssertionError  # proved for every profile, and never assumed
    theorem = prove(solver)
    return DerivedGuide(
        solver,
        tuple(topics),
        tree,
        int((codes >= 0).sum()),
        parted,
        search.exact,
        theorem,
        tuple(_places(solver, chart, theorem)),
    )


def _topics(solver: Solver) -> list[Topic]:
    """Return what is asked about, in the guide's order; the workflow comes last."""
    topics: list[Topic] = []
    limits = dict.fromkeys(name for need in solver.declared.needs for name, _ in need.below)
    for need in solver.declared.needs:
        stated = dict(stating(need, solver))
        if stated and not limits.keys() & stated.keys():
            topics.append(Topic(need.name, ({}, {"require": stated})))
    topics += [_limit(solver, name) for name in limits]
    return [*topics, Topic(BATCH, ({}, {"workflow": BATCH}))]


def _limit(solver: Solver, name: str) -> Topic:
    """Return a limit, from none to the strictest; numbers that come to the same are one setting."""
    column = solver.column(name)
    parts: list[tuple[Interval, object]] = []
    for part, cell in column.intervals:
        first = parts.pop()[0] if parts and parts[-1][1] == cell else part
        parts.append((first.to(part), cell))
    if column.requirement.ceiling:
        parts.reverse()
    intervals = [part for part, _ in parts]
    stated = [{"require": {name: part.representative}} for part in intervals]
    return Topic(name, ({}, *stated), (None, *intervals), column.requirement.ceiling)


def _profile(solver: Solver, topics: Sequence[Topic], at: Sequence[int]) -> Profile | None:
    """Return the profile of some settings; None where they contradict each other."""
    data: dict[str, Any] = {"require": {}}
    for topic, index in zip(topics, at, strict=True):
        setting = topic.settings[index]
        data["require"] |= setting.get("require", {})
        data |= {key: value for key, value in setting.items() if key != "require"}
    needs = solver.declared.needs_of(data["require"])
    if data.get("workflow") and any(solver.declared.need[name].live for name in needs):
        return None
    return parse_profile(data, "question", solver.declared)


def _walk(tree: Tree, topics: Sequence[Topic], at: Sequence[int]) -> Answer | None:
    """Return the answer of a tree."""
    while tree.question is not None and tree.yes is not None and tree.no is not None:
        yes = at[list(topics).index(tree.question.topic)] >= tree.question.least
        tree = tree.yes if yes else tree.no
    return tree.answer


Box = tuple[tuple[int, int], ...]
"""For each topic: the first setting that is left, and the one after the last."""


class _TreeSearch:
    """Searches for a tree: in all parts of the answers, or by the question that tells most apart.

    Attributes:
        exact: whether the tree has the fewest questions.
    """

    def __init__(
        self, topics: Sequence[Topic], codes: Array, answers: Sequence[Answer], *, exact: bool
    ) -> None:
        self.exact = exact
        self._topics = topics
        self._codes = codes
        self._answers = answers
        self._best: dict[Box, tuple[int, int, TreeQuestion | None]] = {}

    def tree(self) -> Tree:
        """Return the tree over all answers."""
        return self._tree(tuple((0, n) for n in self._codes.shape))

    def _tree(self, box: Box) -> Tree:
        question = self._find(box)[2] if self.exact else self._telling(box)
        if question is None:
            (code,) = self._left(box)
            return Tree(None, self._answers[code])
        yes, no = self._parts(box, question)
        return Tree(question, None, self._tree(yes), self._tree(no))

    def _left(self, box: Box) -> list[int]:
        """Return the answers that are left."""
        codes = np.unique(self._codes[tuple(slice(*ends) for ends in box)])
        found: list[int] = codes[codes >= 0].tolist()
        return found

    def _questions(self, box: Box) -> Iterator[TreeQuestion]:
        """Yield the questions with both a yes and a no among the profiles that are left."""
        for topic, (first, after) in zip(self._topics, box, strict=True):
            for least in range(first + 1, after):
                question = TreeQuestion(topic, least)
                if all(map(self._left, self._parts(box, question))):
                    yield question

    def _parts(self, box: Box, question: TreeQuestion) -> tuple[Box, Box]:
        """Return what is left after a yes and after a no."""
        index = list(self._topics).index(question.topic)
        first, after = box[index]
        before, behind = box[:index], box[index + 1 :]
        yes = (*before, (question.least, after), *behind)
        return yes, (*before, (first, question.least), *behind)

    def _find(self, box: Box) -> tuple[int, int, TreeQuestion | None]:
        """Return the fewest questions, the longest way, and the first question of such a tree.

        Of trees with as few questions, the one with the shorter longest way; then the question that
        the guide asks first.
        """
        if box in self._best:
            return self._best[box]
        least = len(self._left(box)) - 1
        best: tuple[int, int, TreeQuestion | None] | None = None if least else (0, 0, None)
        for question in self._questions(box) if least else ():
            (some, deep), (more, deeper) = (
                self._find(part)[:2] for part in self._parts(box, question)
            )
            found = 1 + some + more, 1 + max(deep, deeper)
            if best is None or found < best[:2]:
                best = (*found, question)
        if best is None:
            raise AssertionError  # different answers have different profiles
        self._best[box] = best
        return best

    def _telling(self, box: Box) -> TreeQuestion | None:
        """Return the question after which the fewest answers are left on both sides together."""
        if len(self._left(box)) == 1:
            return None
        return min(
            self._questions(box),
            key=lambda question: sum(len(self._left(p)) for p in self._parts(box, question)),
        )


def _places(solver: Solver, chart: Flowchart, theorem: Theorem) -> Iterator[Parting]:
    """Yield each combination of needs and workflow, the fewest needs first."""
    needs = [(need, stated) for need in solver.declared.needs if (stated := stating(need, solver))]
    found: dict[tuple[tuple[str, ...], bool], Parting] = {}
    for chosen in sorted(product((False, True), repeat=len(needs)), key=sum):
        require = {
            name: value
            for (_, stated), taken in zip(needs, chosen, strict=True)
            if taken
            for name, value in stated
        }
        own = solver.declared.needs_of(require)
        for batch in (False, True):
            if batch and any(solver.declared.need[name].live for name in own):
                continue
            data = {"require": require, "workflow": BATCH if batch else None}
            decision = solver.decide(parse_profile(data, "place", solver.declared))
            key = own, batch
            found.setdefault(
                key,
                Parting(
                    *key,
                    Answer.of(decision),
                    compare(chart, decision),
                    theorem.places[key],
                    theorem.place_cells[key],
                ),
            )
    yield from sorted(found.values(), key=lambda place: len(place.needs))
