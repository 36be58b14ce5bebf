"""Labels that cannot all win: what is named, what loses, and that their order changes nothing."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from typing import Any

import pytest
import z3

from benchmarks.tuning.hidden import random_profiles
from mars_solver import Solver, load_catalogue, load_weights
from mars_solver.inputs.profile import parse_profile
from mars_solver.inputs.weights import with_vectors
from mars_solver.solving.solver import Solver as AnySolver
from mars_solver.tuning.labels import Label, parse_label
from mars_solver.tuning.leads import Lead, Target, numbers_of, size_of
from mars_solver.tuning.targets import questions, satisfied
from mars_solver.tuning.tune import Push, Tuned, tune
from random_catalogues import SOURCES, World, fact

SOLVER = Solver(load_catalogue(), load_weights())
DECLARED = SOLVER.declared


def label(name: str, profile: dict[str, Any], *expected: str, **more: Any) -> Label:
    return parse_label(
        {"id": name, "profile": profile, "expected": expected, **more}, DECLARED, "t"
    )


def random_labels(seed: int) -> list[Label]:
    """Labels for random profiles, each of which one or two random models are right for."""
    chance = random.Random(seed)
    profiles = random_profiles(SOLVER, seed)
    labels: list[Label] = []
    many = chance.randint(2, 6)
    while len(labels) < many:
        profile = next(profiles)
        decision = SOLVER.decide(profile)
        level = sorted(decision.ids[: len(decision.contenders)])
        if len(level) > 1:
            right = chance.sample(level, 2 if len(level) > 2 and chance.random() < 0.2 else 1)
            labels.append(label(f"l{len(labels)}", profile.to_dict(), *right))
    return labels


# An oracle: z3 decides in real numbers whether some weights meet targets.

NUMBERS = z3.Reals(" ".join(f"w{i}" for i in range(size_of(DECLARED))))


def leads(lead: Lead) -> z3.BoolRef:
    value = z3.Sum([x * number for x, number in zip(lead.row, NUMBERS, strict=True) if x] or [0])
    tied = z3.BoolVal(lead.ties) if lead.then is None else leads(lead.then)
    return z3.Or(value > 0, z3.And(value == 0, tied))


def possible(targets: Sequence[Target]) -> bool:
    asked = z3.Solver()
    asked.add([number >= 0 for number in NUMBERS])
    for target in targets:
        asked.add(z3.Or([z3.And([leads(lead) for lead in way]) for way in target.ways]))
    return bool(asked.check() == z3.sat)


def outcome(tuned: Tuned) -> tuple[Any, ...]:
    numbers = numbers_of(tuned.weights, DECLARED)
    return numbers, tuned.violated, tuned.tied, tuned.contradictions, tuned.given_up, tuned.margin


def check(labels: list[Label], seed: int) -> bool:
    """Hold what tuning says against the oracle; return whether the labels contradict each other."""
    tuned = tune(labels, SOLVER)
    shuffled = random.Random(seed).sample(labels, len(labels))
    assert outcome(tune(shuffled, SOLVER)) == outcome(tuned)
    again = tune(labels, Solver(SOLVER.catalogue, tuned.weights))
    assert outcome(again) == outcome(tuned)
    targets = {question.target.name: question.target for question in tuned.questions}
    assert tuned.complete
    assert tuned.separable is (not tuned.contradictions) is possible(list(targets.values()))
    for named in tuned.contradictions:
        assert not possible([targets[name] for name in named])
        for some in itertools.combinations(named, len(named) - 1):
            assert possible([targets[name] for name in some])
    # Fewer labels cannot lose.
    assert tuned.separable is (not tuned.violated)
    for fewer in itertools.combinations(targets, max(0, len(tuned.violated) - 1)):
        assert tuned.separable or not possible([targets[n] for n in targets if n not in fewer])
    return not tuned.separable


def test_the_order_of_labels_changes_nothing_and_each_contradiction_is_named() -> None:
    assert [check(random_labels(seed), seed) for seed in (1, 2)] == [True, False]


@pytest.mark.long
@pytest.mark.parametrize("block", range(5))
def test_no_order_of_many_sets_of_labels_changes_anything(block: int) -> None:
    """A hundred sets that contradict themselves in each block."""
    found, seed = 0, 10_000 * (block + 1)
    while found < 100:
        found += check(random_labels(seed), seed)
        seed += 1


THREE = (
    label("a", {"accept_beta": True, "prefer": {"fidelity": 7, "expressiveness": 1}}, "mars-flash"),
    label(
        "b",
        {"require": {"max_ttfb_ms": 2400}, "prefer": {"latency": 0, "control": 1, "footprint": 1}},
        "mars-nano",
    ),
    label("c", {"accept_beta": True, "prefer": {"control": 3, "footprint": 2}}, "mars-instruct"),
)


@pytest.mark.parametrize("order", list(itertools.permutations(THREE)))
def test_three_labels_of_which_any_two_can_win_are_one_contradiction(
    order: tuple[Label, ...],
) -> None:
    tuned = tune(order, SOLVER)
    assert tuned.contradictions == (("a", "b", "c"),)
    assert tuned.violated == ("b",)


@pytest.mark.parametrize("criterion", ["latency", "fidelity", "control", "footprint"])
def test_the_heavier_label_wins_and_else_the_one_that_wins_already(criterion: str) -> None:
    asked = {"prefer": {criterion: 10}}
    first, *others = SOLVER.decide(parse_profile(asked, "t", DECLARED)).ids
    for other in others[:2]:
        old, new = label("old", asked, first), label("new", asked, other)
        assert tune([old, new], SOLVER).violated == ("new",)
        assert tune([old, label("new", asked, other, weight=2)], SOLVER).violated == ("old",)


def test_a_push_leans_beside_the_labels_that_can_win() -> None:
    labels = [label(each, {"prefer": {"latency": 10}}, f"mars-{each}") for each in ("pro", "flash")]
    plain, pushed = tune(labels, SOLVER), tune(labels, SOLVER, push=Push(("fidelity",), 0.01))
    assert pushed.contradictions == plain.contradictions == (("flash", "pro"),)
    assert pushed.violated == plain.violated
    assert pushed.weights.base["fidelity"] > plain.weights.base["fidelity"]


# Labels that only a tie can meet.


def between() -> World:
    """Two models with one capability of two, and before them one of which nothing is known."""
    capabilities = ("left", "right")

    def model(name: str, **facts: bool) -> dict[str, Any]:
        known = {key: fact(value=value) for key, value in facts.items()}
        return {
            "schema": 1, "id": name, "name": name, "stage": fact(value="released"), **known,
        }  # fmt: skip

    files: dict[str, Any] = {
        "attributes": {
            "schema": 1,
            "attributes": {
                name: {"kind": "capability", "label": name, "criterion": f"of_{name}"}
                for name in capabilities
            },
        },
        "sources": SOURCES,
        "a": model("a"),
        "l": model("l", left=True, right=False),
        "r": model("r", left=False, right=True),
    }
    base = {"of_left": 3, "of_right": 3}
    return World(files, {"schema": 1, "name": "between", "base": base})


def at(solver: AnySolver, *numbers: int) -> AnySolver:
    declared = solver.declared
    rows = [numbers] + [(0, 0)] * (size_of(declared) // 2 - 1)
    return Solver(solver.catalogue, with_vectors(solver.weights, declared, tuple(rows)))


@pytest.mark.parametrize("numbers", [(3, 3), (7, 2), (0, 1)])
def test_a_label_that_only_equal_weights_meet_is_met_by_a_tie(numbers: tuple[int, int]) -> None:
    """The first by id is halfway between the others: it leads nowhere, and wins where all tie."""
    solver = at(between().solver, *numbers)
    declared = solver.declared
    middle = parse_label({"id": "middle", "profile": {}, "expected": ["a"]}, declared, "t")
    tuned = tune([middle], solver)
    assert tuned.separable
    assert (tuned.violated, tuned.contradictions, tuned.tied) == ((), (), ("middle",))
    assert tuned.margin == 0
    after = Solver(solver.catalogue, tuned.weights)
    assert satisfied(middle, after)
    left, right, *_ = numbers_of(tuned.weights, declared)
    assert left == right > 0
    assert numbers[0] != numbers[1] or (left, right) == numbers
    left_first = parse_label(
        {"id": "left", "profile": {}, "over": [["l", "r"]], "expected": []}, declared, "t"
    )
    assert tune([middle, left_first], solver).tied == ("left", "middle")
    right_first = parse_label(
        {"id": "right", "profile": {}, "over": [["r", "l"]], "expected": []}, declared, "t"
    )
    assert tune([middle, right_first], solver).contradictions == (("middle", "right"),)


def test_a_repeated_label_counts_once_wherever_it_stands() -> None:
    one, two = random_labels(1)[:2]
    assert questions([one, two, one], SOLVER) == questions([two, one], SOLVER)
