"""The guide that the facts give, against answering every profile of its questions."""

from __future__ import annotations

import itertools
from dataclasses import replace
from functools import cache
from random import Random

import pytest

from edits import small
from mars_solver import Solver, load_catalogue
from mars_solver.inputs.profile import Profile, parse_profile
from mars_solver.proving import tree as trees
from mars_solver.proving.moves import Answer
from mars_solver.proving.theorem import prove
from mars_solver.proving.tree import DerivedGuide, Tree, derive
from mars_solver.solving.flowchart import compare
from random_catalogues import World
from strategies import SHIPPED


def answered(guide: DerivedGuide) -> list[tuple[Profile, Answer | None]]:
    """Every profile of the questions, with the answer of the tree."""
    found = []
    declared = guide.solver.declared
    for chosen in itertools.product(*(range(len(topic.settings)) for topic in guide.topics)):
        settings = dict(zip([topic.name for topic in guide.topics], chosen, strict=True))
        require: dict[str, object] = {}
        for topic in guide.topics:
            require |= topic.settings[settings[topic.name]].get("require", {})
        batch = bool(settings["batch"])
        if batch and any(declared.need[need].live for need in declared.needs_of(require)):
            continue
        at: Tree = guide.tree
        while at.question is not None and at.yes is not None and at.no is not None:
            yes = settings[at.question.topic.name] >= at.question.least
            at = at.yes if yes else at.no
        data = {
            "require": {n: list(v) if isinstance(v, tuple) else v for n, v in require.items()},
            "workflow": "batch" if batch else None,
        }
        found.append((parse_profile(data, "question", declared), at.answer))
    return found


def check(guide: DerivedGuide) -> None:
    """The tree answers all of its profiles as the solver does; the vendor's guide is counted."""
    profiles = answered(guide)
    assert len(profiles) == guide.profiles
    decisions = [guide.solver.decide(profile) for profile, _ in profiles]
    assert [answer for _, answer in profiles] == [Answer.of(each) for each in decisions]
    chart = guide.solver.catalogue.flowchart
    assert chart is not None
    assert guide.parted == sum(not compare(chart, each).agrees for each in decisions)
    theorem = prove(guide.solver)
    assert sum(place.departures for place in guide.places) <= theorem.departures
    assert sum(place.cells for place in guide.places) <= theorem.cells


@pytest.mark.parametrize("limits", [True, False])
def test_the_shipped_guide_is_derived_and_parts_where_the_proof_counts_it(limits: bool) -> None:
    guide = derive(SHIPPED, limits=limits)
    check(guide)
    assert guide.minimal
    assert guide.tree.questions == (16 if limits else 7)
    assert sum(place.departures for place in guide.places) == guide.theorem.departures
    assert sum(place.cells for place in guide.places) == guide.theorem.cells
    plain = [place for place in guide.places if not place.batch]
    assert (len(plain), sum(not place.vendor.agrees for place in plain)) == (16, 11)


@cache
def guided(seed: int) -> World:
    """A small catalogue with a guide."""
    rng = Random(f"guided {seed}")
    while True:
        world = small(rng.randrange(10**6))
        if world.catalogue.flowchart is not None:
            return world


def fewest(guide: DerivedGuide) -> int:
    """The fewest questions of a tree, found without any cleverness."""
    profiles = [
        (tuple(at), Answer.of(guide.solver.decide(profile))) for at, profile in _positions(guide)
    ]

    @cache
    def least(left: frozenset[int]) -> int:
        if len({profiles[i][1] for i in left}) == 1:
            return 0
        found = 99
        for index in range(len(guide.topics)):
            for border in {profiles[i][0][index] for i in left}:
                yes = frozenset(i for i in left if profiles[i][0][index] >= border)
                if yes != left:
                    found = min(found, 1 + least(yes) + least(left - yes))
        return found

    return least(frozenset(range(len(profiles))))


def _positions(guide: DerivedGuide) -> list[tuple[tuple[int, ...], Profile]]:
    found = []
    for at in itertools.product(*(range(len(topic.settings)) for topic in guide.topics)):
        profile = trees._profile(guide.solver, guide.topics, at)
        if profile is not None:
            found.append((at, profile))
    return found


@pytest.mark.parametrize("seed", range(25))
def test_a_derived_guide_answers_as_the_solver_does_with_the_fewest_questions(seed: int) -> None:
    guide = derive(guided(seed).solver)
    check(guide)
    if guide.profiles <= 40:
        assert guide.tree.questions == fewest(guide)


def test_a_guide_of_many_answers_is_right_and_not_called_the_smallest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trees, "MOST_BOXES", 1)
    guide = derive(SHIPPED)
    check(guide)
    assert not guide.minimal
    assert guide.tree.questions >= 16
    monkeypatch.setattr(trees, "MOST_PROFILES", 100)
    assert not any(topic.parts for topic in derive(SHIPPED).topics)


def test_questions_name_the_number_at_which_an_answer_changes() -> None:
    [limit] = [topic for topic in derive(SHIPPED).topics if topic.parts]
    ends = [trees.TreeQuestion(limit, least).end for least in range(1, len(limit.settings))]
    assert ends == [None, (2000, False), (800, False), (500, False), (150, False)]


def test_without_a_guide_there_is_nothing_to_ask() -> None:
    bare = Solver(replace(load_catalogue(), flowchart=None), SHIPPED.weights)
    with pytest.raises(ValueError, match="without a guide"):
        derive(bare)
