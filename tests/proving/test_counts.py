"""What the proof counts, against deciding every cell on its own with the oracle of the rules.

The oracle reads plain data and knows no table, mask or class. `edits` finds the cells again: from
the ends of claims, and from what every list of members comes to.
"""

from __future__ import annotations

import copy
import itertools
import tomllib
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from math import floor, prod
from random import Random
from typing import Any

import pytest

from edits import grid, profiles
from mars_solver.errors import InputError
from mars_solver.inputs.files import data_folder
from mars_solver.inputs.profile import parse_profile
from mars_solver.proving import classes
from mars_solver.proving.proof import refutes, shrink
from mars_solver.proving.theorem import ALL, Reach, Theorem, _Judge, prove
from mars_solver.solving.flowchart import answer, compare
from mars_solver.vocabulary import MAX_IMPORTANCE
from oracle import Oracle
from random_catalogues import (
    SOURCES,
    Table,
    World,
    fact,
    random_attributes,
    random_guide,
    random_model,
    random_variables,
    random_weights,
)
from strategies import FILES, WEIGHING

CELLS = 400
"""The most combinations of requirements that are decided one by one."""


def counted(oracle: Oracle) -> Counter[str]:
    """What deciding every cell comes to."""
    counts: Counter[str] = Counter()
    for profile, (askable,) in profiles([oracle]):
        if not askable:
            continue
        verdict = oracle.guide_verdict(profile)
        assert verdict is not None
        _, models, agrees, blocking = verdict
        ruling = oracle.rule(profile)
        orders = {n: oracle.order(ruling.stands[n], "flag") for n in ruling.ranking}
        best = min(orders.values(), default=None)
        counts["cells"] += 1
        counts["premise"] += best is not None and all(orders.get(n) == best for n in models)
        if not orders:
            counts["infeasible"] += 1
        elif agrees:
            counts["agreements"] += 1
        else:
            counts["departures"] += 1
            counts.update(f"blocked by {name}" for name in blocking)
    return counts


def found_by(theorem: Theorem) -> Counter[str]:
    counts = {
        name: getattr(theorem, name)
        for name in ("cells", "premise", "infeasible", "agreements", "departures")
    }
    blocked = {f"blocked by {name}": count for name, count in theorem.blocked_by.items()}
    return Counter({**counts, **blocked})


# ------------------------------------------------------------------ small catalogues


@cache
def small(seed: int) -> World:
    """A catalogue with a guide, a few attributes of any kind, and not too many cells."""
    rng = Random(f"small {seed}")
    while True:
        variables = random_variables(rng)
        attributes = random_attributes(rng, variables, rng.randint(1, 5))
        names = [f"m{i}" for i in range(rng.randint(1, 4))]
        files: Table = {
            "attributes": {"schema": 1, "variables": variables, "attributes": attributes},
            "sources": SOURCES,
        }
        for name in names:
            files[name] = random_model(rng, name, attributes, variables, {})
        oracle = Oracle(files, {})
        if oracle.asked and prod(map(len, grid([oracle]).values())) <= CELLS:
            files["guide/flowchart"] = random_guide(rng, oracle, names)
            return World(files, random_weights(rng, Oracle(files, {})))


def check_counts(world: World) -> None:
    theorem, slow = prove(world.solver), counted(world.oracle)
    assert +found_by(theorem) == +slow
    if theorem.holds:
        return
    assert theorem.counterexample is not None
    assert refutes(world.solver, theorem.counterexample)
    least = shrink(world.solver, theorem.counterexample)
    data = least.to_dict()
    question = world.oracle.guide_verdict(data)
    assert question is not None
    _, models, agrees, blocking = question
    assert (agrees, blocking) == (False, set())
    assert models != world.oracle.ranking(data)[: len(models)]


@pytest.mark.parametrize("seed", range(12))
def test_counting_classes_is_deciding_every_cell(seed: int) -> None:
    check_counts(small(seed))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(12, 150))
def test_counting_classes_is_deciding_every_cell_in_a_long_search(seed: int) -> None:
    check_counts(small(seed))


def test_the_small_catalogues_meet_every_case() -> None:
    """Theorems that hold and that do not, every kind, ties, betas, models that nothing blocks."""
    theorems = [prove(small(seed).solver) for seed in range(60)]
    assert {theorem.holds for theorem in theorems} == {True, False}
    assert any(theorem.premise for theorem in theorems if theorem.holds)
    kinds = {asked.kind for seed in range(60) for asked in small(seed).oracle.asked.values()}
    assert kinds == {"capability", "number", "ordinal", "set"}


# ------------------------------------------------------- the shipped catalogue, in parts


def part(*kept: str) -> World:
    """The shipped catalogue with some attributes; others score, and cannot be required."""
    files = copy.deepcopy(FILES)
    declared = files["attributes"]["attributes"]
    for name, attribute in list(declared.items()):
        if name not in kept and attribute["kind"] in {"number", "ordinal"}:
            for key in ("requirements", "pins", "implies"):
                attribute.pop(key, None)
        elif name not in kept:
            for table in (declared, *files.values()):
                table.pop(name, None)
    oracle = Oracle({**files, "guide/flowchart": None}, {})
    for need in files["guide/flowchart"]["needs"].values():
        need["stated_by"] = [name for name in need["stated_by"] if name in oracle.asked]
        need["unless"] = {
            name: others
            for name, others in need.get("unless", {}).items()
            if {name, *others} <= set(oracle.asked)
        }
        below = need.get("below", {})
        need["below"] = {name: limit for name, limit in below.items() if name in oracle.asked}
    return World(files, WEIGHING)


def test_a_part_of_the_shipped_catalogue_is_counted_right() -> None:
    world = part("real_time", "voice_transfer", "style_control", "on_device", "self_hosted")
    assert prove(world.solver).holds
    check_counts(world)


@pytest.mark.long
@pytest.mark.parametrize(
    "kept",
    [
        ("real_time", "ttfb_ms", "voice_transfer", "style_control", "on_device", "offline"),
        ("on_device", "memory_mb", "platforms", "self_hosted"),
        ("voice_transfer", "short_reference", "languages", "sample_rate_hz", "output_formats"),
        ("style_control", "text_streaming", "regions", "price_usd_per_mchar", "public_api"),
    ],
)
def test_any_part_of_the_shipped_catalogue_is_counted_right(kept: tuple[str, ...]) -> None:
    check_counts(part(*kept))


# --------------------------------------------------------------------------- reaches


def agreeing(world: World) -> list[tuple[bool, Table]]:
    """A profile of each class in which the guide's models come first because they meet the most."""
    judge = _Judge(world.solver)
    return [
        (group.context.batch, judge._profile(group, row).to_dict())
        for group in judge.groups()
        for row in judge._standings(group)[2].nonzero()[0].tolist()
    ]


def keeps(world: World, profile: Table, prefer: dict[str, int]) -> bool:
    """Whether a profile is answered as the guide has it under some importances."""
    chart = world.catalogue.flowchart
    assert chart is not None
    asked = parse_profile({**profile, "prefer": prefer}, "moved", world.catalogue.declared)
    return compare(chart, world.solver.decide(asked)).agrees


def whole(reach: Reach) -> set[int]:
    """The whole importances in a reach."""
    return {
        i
        for i in range(11)
        if (reach.least < i or (reach.least_included and reach.least == i))
        and (i < reach.most or (reach.most_included and i == reach.most))
    }


def check_reaches(world: World) -> int:
    """Hold every reach against moving importances one by one, and all of them at once.

    Return how many ends were seen where a tie decides.
    """
    theorem, ties = prove(world.solver), 0
    if not theorem.holds:
        return ties
    declared, weights = world.catalogue.declared, world.weights
    neutral = {
        batch: {c.name: 0 if batch and c.live else 5 for c in declared.criteria if weights.knows(c)}
        for batch in (False, True)
    }
    examples = agreeing(world)
    for reach in theorem.reaches:
        own = [profile for batch, profile in examples if batch == reach.batch]
        level = neutral[reach.batch]
        if reach.criterion == ALL:
            assert not reach.least
            assert reach.least_included
            check_joint(world, own, level, reach)
        elif reach.criterion in level:
            kept = {
                i
                for i in range(11)
                if all(keeps(world, p, {**level, reach.criterion: i}) for p in own)
            }
            assert kept == whole(reach), reach
            ties += check_ends(world, own, level, reach)
        else:
            assert whole(reach) == set(range(11))
    return ties


def moved(world: World, profile: Table, importances: dict[str, Fraction]) -> bool:
    """Whether the guide's models come first under importances of any size, as `solve` has them."""
    decision = world.solver.decide(parse_profile(profile, "moved", world.catalogue.declared))
    context, declared = decision.profile.context, world.catalogue.declared
    factors, level = world.solver.coefficients(context), world.solver.neutral_sums(context)
    ids = [model.id for model in world.catalogue.models]

    def key(index: int) -> tuple[Fraction, int, str]:
        middles = world.solver.middles[index]
        terms = (
            importances.get(c.name, Fraction()) * factors[c.index] * middles[c.index]
            for c in declared.criteria
        )
        score = sum(terms, Fraction())
        return -score, -level[index], ids[index]

    assert world.catalogue.flowchart is not None
    _, guide = answer(world.catalogue.flowchart, context)
    ranked = [ids[index] for index in sorted(decision.contenders, key=key)]
    return tuple(ranked[: len(guide)]) == guide


NEAR = Fraction(1, 10**12)


def check_ends(world: World, own: list[Table], level: dict[str, int], reach: Reach) -> int:
    """At each end of a reach, just within it and just beyond; return how many ends are ties."""
    ties = 0
    for end, included, out in (
        (reach.least, reach.least_included, -1),
        (reach.most, reach.most_included, 1),
    ):
        if reach.least > reach.most or (reach.least == reach.most and not included):
            continue  # nothing is kept: the theorem leaves no room

        def keeps_all(at: Fraction) -> bool:
            neutral = {name: Fraction(x) for name, x in level.items()}
            return all(moved(world, p, {**neutral, reach.criterion: at}) for p in own)

        if end == (0 if out < 0 else MAX_IMPORTANCE) and included:
            assert keeps_all(end)
            continue
        ties += 1
        assert keeps_all(end) is included
        assert not keeps_all(end + out * NEAR)
        if reach.least < reach.most:
            assert keeps_all(end - out * NEAR)
    return ties


def check_joint(world: World, own: list[Table], level: dict[str, int], reach: Reach) -> None:
    """Within a joint reach no corner loses an agreement; beyond it, some corner does."""

    def corners(by: int) -> Iterator[dict[str, int]]:
        ends = [(max(0, i - by), min(10, i + by)) for i in level.values()]
        for chosen in itertools.product(*ends):
            yield dict(zip(level, chosen, strict=True))

    most = floor(reach.most)
    most -= most == reach.most and not reach.most_included
    assert all(keeps(world, profile, each) for each in corners(most) for profile in own)
    if most < 5:
        assert not all(keeps(world, profile, each) for each in corners(most + 1) for profile in own)


@pytest.mark.parametrize("seed", range(40))
def test_reaches_are_as_far_as_importances_may_move(seed: int) -> None:
    check_reaches(small(seed))


@pytest.mark.long
@pytest.mark.parametrize("name", ["default", "latency-first", "quality-first"])
def test_each_end_of_the_shipped_reaches_is_where_an_agreement_ends(name: str) -> None:
    weighing = tomllib.loads((data_folder("weights") / f"{name}.toml").read_text("utf-8"))
    world = World(FILES, weighing)
    declared, examples, ties = world.catalogue.declared, agreeing(world), 0
    for reach in prove(world.solver).reaches:
        if reach.criterion != ALL:
            level = {c.name: 0 if reach.batch and c.live else 5 for c in declared.criteria}
            own = [profile for batch, profile in examples if batch == reach.batch]
            ties += check_ends(world, own, level, reach)
    assert ties > 5


def duel(guide: str, one: int, other: int) -> World:
    """Models a and z, of which each has one of two capabilities that score."""

    def model(name: str, capability: str) -> Table:
        other = {"left": "right", "right": "left"}[capability]
        return {
            "schema": 1,
            "id": name,
            "name": name,
            "stage": fact(value="released"),
            capability: fact(value=True),
            other: fact(value=False),
        }

    files: Table = {
        "attributes": {
            "schema": 1,
            "attributes": {
                name: {"kind": "capability", "label": name, "criterion": f"of_{name}"}
                for name in ("left", "right")
            },
        },
        "sources": SOURCES,
        "a": model("a", "left"),
        "z": model("z", "right"),
        "guide/flowchart": {
            "schema": 1,
            "source": "test",
            "as_of": "2026",
            "no_need": [guide],
            "batch": [guide],
            "questions": [],
        },
    }
    base = {"of_left": one, "of_right": other}
    return World(files, {"schema": 1, "name": "duel", "base": base})


def reach_of(world: World, criterion: str) -> tuple[Any, ...]:
    [reach] = [r for r in prove(world.solver).reaches if r.criterion == criterion and not r.batch]
    return reach.least, reach.least_included, reach.most, reach.most_included


def test_whole_importances_at_the_end_of_a_reach_are_told() -> None:
    """Where scores are equal, those at neutral importances decide, and then the ids."""
    ahead = duel("a", 5, 4)
    assert check_reaches(ahead) == 4
    assert reach_of(ahead, "of_left") == (4, True, 10, True)
    assert reach_of(ahead, "of_right") == (0, True, Fraction(25, 4), True)
    level = duel("a", 3, 3)
    assert check_reaches(level) == 4
    assert reach_of(level, "of_left") == (5, True, 10, True)
    assert reach_of(level, "of_right") == (0, True, 5, True)
    last = duel("z", 3, 3)  # which the ids rank second: no theorem, and nothing is kept at the end
    assert not prove(last.solver).holds
    assert reach_of(last, "of_left") == (0, True, 5, False)
    assert reach_of(last, "of_right") == (5, False, 10, True)


# ------------------------------------------------------------------------------ bounds


def test_more_classes_than_memory_holds_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    world = next(each for each in map(small, range(50)) if len(each.oracle.asked) > 2)
    monkeypatch.setattr(classes, "MOST", 3 * len(world.oracle.models))
    with pytest.raises(InputError, match="at most 3 classes of profiles"):
        prove(world.solver)


def test_counts_beyond_a_machine_word_are_exact() -> None:
    """Sixty capabilities give 2 ** 60 cells, for each workflow, with and without betas."""
    names = [f"a{i}" for i in range(60)]
    files: Table = {
        "attributes": {
            "schema": 1,
            "attributes": {name: {"kind": "capability", "label": name} for name in names},
        },
        "sources": SOURCES,
        "m": {
            "schema": 1,
            "id": "m",
            "name": "M",
            "stage": fact(value="released"),
            **{name: fact(value=True) for name in names[1:]},
        },
        "guide/flowchart": {
            "schema": 1,
            "source": "test",
            "as_of": "2026",
            "no_need": ["m"],
            "batch": ["m"],
            "questions": [],
        },
    }
    theorem = prove(World(files, {"schema": 1, "name": "none", "base": {}}).solver)
    assert theorem.cells == theorem.agreements == theorem.premise == 2**60 * 2 * 2
