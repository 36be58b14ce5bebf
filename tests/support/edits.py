"""Random edits of small catalogues and their weights, and what they change, found cell by cell.

The cells that two catalogues share are found here again, from the ends of claims and from what
lists of members come to; each is decided with the oracle of the rules, under every vector of
importances in turn.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import inf, nextafter, prod
from random import Random
from typing import Any

from mars_solver.errors import InputError
from oracle import LARGEST, Oracle
from random_catalogues import (
    SOURCES,
    Table,
    World,
    fact,
    random_attribute,
    random_attributes,
    random_curve,
    random_fact,
    random_guide,
    random_model,
    random_variables,
    random_weights,
)

UNHEARD = {"language": "qq-qq", "number": 12345, "text": "of-no-list"}
NOBODY = ("", "infeasible")
Answer = tuple[str, str]
MOST = 60_000
"""The most profiles with importances that are decided one by one."""


@dataclass
class Count:
    """How many profiles make a move, and the sizes of the smallest."""

    neutral: int = 0
    every: int = 0
    least: tuple[Any, ...] = (99,)


def _form(oracle: Oracle, name: str) -> str | None:
    """How a profile writes a requirement; None where it is not declared."""
    asked = oracle.asked.get(name)
    if asked is None:
        return None
    if asked.kind == "set":
        return str(oracle.attributes[asked.attribute].get("members", "text"))
    return "flag" if asked.kind == "capability" else "amount"


def _amounts(oracles: list[Oracle], name: str) -> list[float]:
    ends: set[float] = set()
    for oracle in oracles:
        attribute = oracle.asked[name].attribute
        claims = [oracle.claim(m, attribute) for m in oracle.models.values()]
        ends |= {end for claim in claims if claim for end in claim}
        for need in (oracle.guide or {"needs": {}})["needs"].values():
            ends |= {limit for n, limit in need.get("below", {}).items() if n == name}
    points = sorted(end for end in ends if 0 < end <= LARGEST)
    found: list[float] = []
    for low, high in itertools.pairwise([0, *points]):
        between = (low + high) / 2
        found += [between, high] if low < nextafter(low, inf) < high else [high]
    return found if LARGEST in points else [*found, LARGEST]


def _lists(oracles: list[Oracle], name: str, kind: str) -> list[list[Any]]:
    owned = [(oracle, oracle.asked[name].attribute) for oracle in oracles]
    known = {m for oracle, attribute in owned for m in oracle.listed_anywhere(attribute)}
    single = [*sorted(known), UNHEARD[kind]]
    if kind == "language":
        for oracle, attribute in owned:
            spelled = oracle.attributes[attribute].get("tags", {})
            single += spelled.get("aliases", {})
        single += sorted({tag.split("-")[0] for tag in single})
    alone: dict[tuple[int, ...], Any] = {}
    for member in single:
        verdicts = tuple(
            oracle.has(model, attribute, oracle.member(attribute, member))
            for oracle, attribute in owned
            for model in oracle.models.values()
        )
        alone.setdefault(verdicts, member)
    found: dict[tuple[int, ...], list[Any]] = {}
    for size in range(1, len(alone) + 1):
        for some in itertools.combinations(alone.items(), size):
            worst = tuple(max(each) for each in zip(*(v for v, _ in some), strict=True))
            found.setdefault(worst, [member for _, member in some])
    return list(found.values())


Part = tuple[str, Any]
"""A value, after the form in which a profile writes it."""


def grid(sides: list[Oracle]) -> dict[str, list[Part | None]]:
    """For each requirement of any side: one value of each part, None first."""
    names = sorted(
        {name for oracle in sides for name in oracle.asked},
        key=lambda name: (min(list(o.asked).index(name) for o in sides if name in o.asked), name),
    )
    found: dict[str, list[Part | None]] = {}
    for name in names:
        found[name] = [None]
        for form in sorted({form for o in sides if (form := _form(o, name))}):
            own = [oracle for oracle in sides if _form(oracle, name) == form]
            values: list[Any] = [True]
            if form == "amount":
                values = _amounts(own, name)
            elif form != "flag":
                values = _lists(own, name, form)
            found[name] += [(form, value) for value in values]
    return found


def profiles(sides: list[Oracle]) -> Iterator[tuple[Table, list[bool]]]:
    """Every profile without preferences of all cells, and which side can be asked it."""
    asked = grid(sides)
    for chosen in itertools.product(*asked.values()):
        parts = {name: part for name, part in zip(asked, chosen, strict=True) if part is not None}
        require = {name: value for name, (_, value) in parts.items()}
        fits = [all(_form(o, name) == form for name, (form, _) in parts.items()) for o in sides]
        told = zip(sides, fits, strict=True)
        needs = [oracle.needs({"require": require}) if fit else [] for oracle, fit in told]
        live = [
            any(oracle.guide["needs"][n].get("live") for n in own) if oracle.guide else False
            for oracle, own in zip(sides, needs, strict=True)
        ]
        every = sorted({need for own in needs for need in own})
        for workflow, primary, betas in itertools.product(
            (None, "batch"), (None, *every), (False, True)
        ):
            profile = {
                "require": require,
                "workflow": workflow,
                "primary": primary,
                "accept_beta": betas,
            }
            yield (
                profile,
                [
                    fits[i] and not (workflow and live[i]) and primary in (None, *needs[i])
                    for i in range(len(sides))
                ],
            )


def scored(sides: list[Oracle]) -> list[str]:
    return [
        c
        for c in sides[0].criteria
        if all(c in o.criteria and o.known_to_weights(c) for o in sides)
    ]


def most_decided(sides: list[Oracle]) -> int:
    """How many profiles with importances there are at most, but for primary needs."""
    many: int = 4 * prod(map(len, grid(sides).values())) * 11 ** len(scored(sides))
    return many


def answers(
    oracle: Oracle, profile: Table, policy: str, prefers: list[dict[str, int]]
) -> list[Answer]:
    """The first model and its status under each of some preferences."""
    stands = {name: oracle.stand(profile, model, policy) for name, model in oracle.models.items()}
    left = [name for name, stand in stands.items() if stand.status != "excluded"]
    if not left:
        return [NOBODY] * len(prefers)
    orders = {name: oracle.order(stands[name], policy) for name in left}
    best = [name for name in left if orders[name] == min(orders.values())]
    level = {n: oracle.score(profile, oracle.models[n], neutral=True)[1] for n in best}
    if len(best) == 1:
        return [(best[0], stands[best[0]].status)] * len(prefers)
    unit = {c: oracle.importance({**profile, "prefer": {}}, c) for c in oracle.criteria}
    rows = oracle.weigh({**profile, "prefer": dict.fromkeys(oracle.criteria, 1)})
    middles = {n: {c: sum(oracle.ends(oracle.models[n], c)) for c in rows} for n in best}
    found = []
    for prefer in prefers:
        sums = {
            name: Fraction(
                sum(prefer.get(c, unit[c]) * row * middles[name][c] for c, row in rows.items())
            )
            for name in best
        }
        winner = min(best, key=lambda name: (-sums[name], -level[name], name))
        found.append((winner, stands[winner].status))
    return found


def preferences(sides: list[Oracle]) -> list[dict[str, int]]:
    """Every vector of importances of the criteria that sides score."""
    criteria = scored(sides)
    every = itertools.product(range(11), repeat=len(criteria))
    return [dict(zip(criteria, each, strict=True)) for each in every]


def brute(
    old: World, new: World, policy: str
) -> tuple[dict[tuple[Answer, Answer], Count], list[int]]:
    """Every move with its counts; and the cells of both, of the old side alone, of the new one."""
    sides = [old.oracle, new.oracle]
    criteria, prefers = scored(sides), preferences(sides)
    moves: dict[tuple[Answer, Answer], Count] = {}
    cells = [0, 0, 0]
    names = list(grid(sides))
    for profile, can in profiles(sides):
        if not all(can):
            cells[1] += can[0]
            cells[2] += can[1]
            continue
        cells[0] += 1
        unstated = [[o.importance(profile, c) for c in criteria] for o in sides]
        one, other = (answers(o, profile, policy, [{}, *prefers]) for o in sides)
        others = bool(profile["workflow"]) + bool(profile["primary"]) + profile["accept_beta"]
        which = [names.index(name) for name in profile["require"]]
        for i, move in enumerate(zip(one, other, strict=True)):
            if move[0] == move[1]:
                continue
            count = moves.setdefault(move, Count())
            prefer = prefers[i - 1] if i else {}
            stated = sum(
                c in prefer and (prefer[c] != a or prefer[c] != b)
                for c, a, b in zip(criteria, *unstated, strict=True)
            )
            count.neutral += not i
            count.every += bool(i)
            count.least = min(count.least, (len(which), stated, others, which))
    return moves, cells


# ------------------------------------------------------------------------------ edits


@cache
def small(seed: int) -> World:
    """A catalogue with a few attributes and criteria, and perhaps a guide."""
    rng = Random(f"edited {seed}")
    while True:
        variables = random_variables(rng)
        attributes = random_attributes(rng, variables, rng.randint(1, 4))
        names = [f"m{i}" for i in range(rng.randint(1, 4))]
        scoring = rng.random() < 0.8
        if scoring:
            _score_two(rng, attributes)
        files: Table = {
            "attributes": {"schema": 1, "variables": variables, "attributes": attributes},
            "sources": SOURCES,
        }
        for name in names:
            files[name] = random_model(rng, name, attributes, variables, {})
        oracle = Oracle(files, {})
        if not oracle.asked:
            continue
        if rng.random() < 0.7:
            files["guide/flowchart"] = random_guide(rng, oracle, names)
        weighing = random_weights(rng, Oracle(files, {}))
        if scoring:
            weighing["base"] |= {c: rng.choice([1, 40, 100]) for c in ("c_a0", "c_a1")}
            weighing["curves"].setdefault("c_a0", random_curve(rng))
        return World(files, weighing, f"small {seed}")


def _score_two(rng: Random, attributes: Table) -> None:
    """Let importances matter: a number that is limited and scored, and a capability that is."""
    attributes["a0"] = {
        "kind": "number",
        "label": "The a0",
        "requirements": {"max": "max_a0"},
        "criterion": "c_a0",
    }
    attributes["a1"] = {"kind": "capability", "label": "The a1", "criterion": "c_a1"}
    if rng.random() < 0.3:
        attributes["a0"]["live"] = True
    for each in attributes.values():
        if "implies" in each:
            each["implies"] = [name for name in each["implies"] if name != "a0"]


def edit(rng: Random, world: World) -> World:  # noqa: PLR0912  (a case for each kind of edit)
    """A catalogue and weights with one thing changed."""
    files, weighing = copy.deepcopy(world.files), copy.deepcopy(world.weighing)
    declared, variables = files["attributes"]["attributes"], files["attributes"]["variables"]
    models = list(world.models)
    model = files[rng.choice(models)]
    name = rng.choice(list(declared))
    oracle = Oracle(files, weighing)
    match rng.choice(
        ["drop", "add", "beta", "forget", "claim", "claim", "claim", "drop attribute",
         "add attribute", "kind", "guide", "weights", "weights", "live", "tags"]
    ):  # fmt: skip
        case "drop" if len(models) > 1:
            del files[model["id"]]
        case "add":
            files["m-new"] = random_model(rng, "m-new", declared, variables, {})
        case "beta":
            stage = model["stage"]
            stage["value"] = "beta" if stage["value"] == "released" else "released"
        case "forget":
            model.pop(name, None)
        case "claim":
            found = random_fact(rng, declared[name], (0, 1, 2.5, 3, 10, 50, 99.5, 100, 10**9))
            model.pop(name, None)
            model |= {name: found} if found else {}
        case "drop attribute" if len(declared) > 1:
            for table in (declared, *(files[m] for m in models)):
                table.pop(name, None)
        case "add attribute":
            declared["a_new"] = random_attribute(rng, "a_new", variables)
            found = random_fact(rng, declared["a_new"], (1, 3, 10))
            model |= {"a_new": found} if found else {}
        case "kind":
            declared[name] = random_attribute(rng, name, variables)
            for each in models:
                files[each].pop(name, None)
        case "guide":
            files["guide/flowchart"] = random_guide(rng, oracle, models)
        case "live" if declared[name].get("criterion"):
            declared[name]["live"] = not declared[name].get("live", False)
        case "tags" if declared[name].get("members") == "language":
            declared[name]["tags"] = {"aliases": {"en-uk": "en-gb"}} if rng.random() < 0.5 else {}
        case _:
            fresh = random_weights(rng, oracle)
            kept = rng.sample(sorted(fresh), rng.randint(1, len(fresh)))
            weighing |= {key: fresh[key] for key in kept}
    return World(files, weighing, f"{world.name} edited")


def edited(seed: int) -> tuple[World, World]:
    """A small catalogue, and the same after one to three edits; few enough profiles to decide."""
    rng = Random(f"edits {seed}")
    while True:
        old = small(rng.randrange(10**6))
        new = old
        try:
            for _ in range(rng.choice([1, 1, 2, 3])):
                new = edit(rng, new)
            _ = new.solver, old.solver
        except InputError:
            continue
        if most_decided([old.oracle, new.oracle]) <= MOST:
            return old, new


def priced(prices: Table, quick: Table) -> World:
    """Models that differ in a price and in whether they are quick, both asked for and scored."""
    model = {"schema": 1, "stage": fact(value="released")}
    files: Table = {
        "attributes": {
            "schema": 1,
            "attributes": {
                "price": {
                    "kind": "number",
                    "label": "Price",
                    "requirements": {"max": "max_price"},
                    "criterion": "cheap",
                },
                "quick": {"kind": "capability", "label": "Quick", "criterion": "speed"},
            },
        },
        "sources": SOURCES,
        "guide/flowchart": {
            "schema": 1,
            "source": "test",
            "as_of": "2026",
            "needs": {"haste": {"label": "Haste", "stated_by": ["quick"]}},
            "no_need": ["a"],
            "batch": ["a"],
            "questions": [{"need": "haste", "text": "?", "answer": ["c"]}],
        },
    }
    for name, (low, high) in prices.items():
        files[name] = {**model, "id": name, "name": name, "price": fact(low=low, high=high)}
        files[name]["quick"] = fact(value=quick[name])
    files["d"]["stage"] = fact(value="beta")
    anchors = [{"at": 1, "value": 10**6}, {"at": 100, "value": 0}]
    return World(
        files,
        {
            "schema": 1,
            "name": "priced",
            "curves": {"cheap": {"scale": "linear", "anchors": anchors}},
            "base": {"cheap": 3, "speed": 2},
            "emphasis": {"haste": {"speed": 2}, "batch": {"cheap": 1}},
            "first": {"haste": {"speed": 5}},
        },
    )
