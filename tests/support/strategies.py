"""Random profiles and catalogues, small enough to meet every boundary.

Two families: models over the shipped attributes, with the shipped weights; and catalogues that
declare attributes of their own, with weights of their own (`cases`). To make a catalogue takes
longer than most answers, so that a session makes each once and every search takes it from there.
"""

from __future__ import annotations

import copy
import tomllib
from functools import cache, cached_property
from random import Random
from typing import Any

from hypothesis import strategies as st

from mars_solver import Catalogue, Profile, Solver, load_catalogue, load_weights
from mars_solver.inputs.catalogue.catalogue import Source
from mars_solver.inputs.catalogue.guide import Flowchart
from mars_solver.inputs.catalogue.models import parse_model
from mars_solver.inputs.files import data_folder
from mars_solver.inputs.parsing import parse
from mars_solver.inputs.weights import Weights
from mars_solver.vocabulary import POLICIES, Kind, Policy
from random_catalogues import (
    ASKABLE_BESIDE,
    MEMBERS,
    WORLDS,
    Table,
    World,
    fact,
    random_model,
    random_profile,
    world,
)

WEIGHTS = load_weights()
SHIPPED = Solver(load_catalogue(), WEIGHTS)
DECLARED = SHIPPED.declared


def _read(folder: str, name: str) -> Table:
    return tomllib.loads((data_folder(folder) / f"{name}.toml").read_text("utf-8"))


FILES: dict[str, Table] = {
    **{
        path.stem: _read("models", path.stem)
        for path in sorted(data_folder("models").glob("*.toml"))
    },
    "guide/flowchart": _read("models", "guide/flowchart"),
}
"""The content of the shipped catalogue's files."""
WEIGHING = _read("weights", "default")
SHIPPED_WORLD = World(FILES, WEIGHING, "shipped")
"""The shipped catalogue and weights: as data, as the product has them, and as the oracle does."""
SHIPPED_WORLD.__dict__.update(catalogue=SHIPPED.catalogue, weights=WEIGHTS, solver=SHIPPED)
ORACLE = SHIPPED_WORLD.oracle
TAGS = ["en-us", "hi-in", "de-de", "zh-Hans-CN", "pt", "xx-xx"]
AMOUNTS: dict[str, list[float]] = {
    "max_ttfb_ms": [50, 99.5, 100, 150, 300, 500, 799.5, 800, 1000, 2000, 3000],
    "max_memory_mb": [10, 50, 100, 200, 600, 1000, 2400, 4800, 9000],
    "min_sample_rate_hz": [8000, 22050, 44100, 48000, 96000],
    "max_price_usd_per_mchar": [5, 30, 40, 99.5],
}
"""What is asked of each number."""
ENDS: dict[str, list[float]] = {
    "ttfb_ms": [50, 100, 150, 500, 800, 2000, 3000],
    "memory_mb": [10, 50, 200, 600, 2400],
    "sample_rate_hz": [8000, 22050, 48000],
    "price_usd_per_mchar": [5, 30, 40, 100],
}
"""What facts claim of each number."""
LISTS: dict[str, list[Any]] = {
    r.name: TAGS if r.members == "language" else [*MEMBERS[r.members], *ASKABLE_BESIDE[r.members]]
    for r in DECLARED.requirements
    if r.kind is Kind.SET
}
"""The members that are asked for of each set."""
SOURCES: Table = {
    "schema": 1,
    "test": {
        "title": "a test",
        "where": "here",
        "date": "2026",
        "shared": {"languages": ["hi-in"]},
    },
}
FLOWCHART: Table = {
    **FILES["guide/flowchart"],
    "source": "test",
    "no_need": ["m1"],
    "batch": ["m1", "m2"],
    "questions": [
        {**question, "answer": [f"m{i}"]}
        for i, question in enumerate(FILES["guide/flowchart"]["questions"])
    ],
}


# ------------------------------------------------------------------------- profiles


ASKABLE: dict[str, st.SearchStrategy[Any]] = {
    **{r.name: st.just(True) for r in DECLARED.requirements},
    **{name: st.sampled_from(values) for name, values in AMOUNTS.items()},
    **{
        name: st.lists(st.sampled_from(members), min_size=1, max_size=3, unique=True)
        for name, members in LISTS.items()
    },
}
FEW_NAMES = st.lists(st.sampled_from(sorted(ASKABLE)), max_size=4, unique=True)
CRITERIA = [criterion.name for criterion in DECLARED.criteria]
SOME_IMPORTANCES: st.SearchStrategy[dict[str, int]] = st.just({}) | st.dictionaries(
    st.sampled_from(CRITERIA), st.integers(0, 10)
)
policies: st.SearchStrategy[Policy] = st.sampled_from(POLICIES)


@st.composite
def requirements(draw: st.DrawFn) -> dict[str, Any]:
    """Stated requirements, few at a time so that something often remains."""
    return {name: draw(ASKABLE[name]) for name in draw(FEW_NAMES)}


@st.composite
def profile_dicts(
    draw: st.DrawFn, prefer: st.SearchStrategy[dict[str, int]] = SOME_IMPORTANCES
) -> dict[str, Any]:
    """Consistent profiles over the shipped attributes, as plain data."""
    data: dict[str, Any] = {"require": draw(requirements()), "accept_beta": draw(st.booleans())}
    data["prefer"] = draw(prefer)
    needs = ORACLE.needs(data)
    if "real_time" not in needs and draw(st.booleans()):
        data["workflow"] = "batch"
    primary = draw(st.sampled_from([None, *needs]))
    if primary:
        data["primary"] = primary
    return data


def profiles() -> st.SearchStrategy[Profile]:
    """Consistent profiles over the shipped attributes."""
    return profile_dicts().map(lambda data: Profile(**data))


# --------------------------------------------------- models over the shipped attributes


@cache
def _models(seed: int) -> dict[str, Table]:
    rng = Random(f"models {seed}")
    declared = FILES["attributes"]
    names = [f"m{i}" for i in range(rng.randint(1, 5))]
    return {
        name: random_model(rng, name, declared["attributes"], declared["variables"], ENDS)
        for name in names
    }


def catalogue_dicts() -> st.SearchStrategy[dict[str, Table]]:
    """One to five models over the shipped attributes as plain data, by id."""
    return st.integers(0, 10**6).map(lambda seed: copy.deepcopy(_models(seed)))


def built(models: dict[str, Table]) -> Catalogue:
    """The catalogue of models over the shipped attributes."""
    parsed = [parse_model(data, DECLARED, f"models/{name}.toml") for name, data in models.items()]
    sources = {k: parse(Source, v, "sources") for k, v in SOURCES.items() if k != "schema"}
    chart = parse(Flowchart, FLOWCHART, "guide/flowchart.toml")
    return Catalogue(DECLARED, tuple(sorted(parsed, key=lambda m: m.id)), sources, chart)


class Pooled(World):
    """Random models over the shipped attributes, with the shipped weights."""

    @cached_property
    def catalogue(self) -> Catalogue:
        return built(self.models)

    @cached_property
    def weights(self) -> Weights:
        return WEIGHTS


POOL_SIZE = 100


@cache
def _pooled(seed: int) -> Pooled:
    files = {"attributes": FILES["attributes"], "guide/flowchart": FLOWCHART, **_models(seed)}
    return Pooled(files, WEIGHING, f"models {seed}")


def pooled() -> st.SearchStrategy[Pooled]:
    """Models of the pool, the same in each session."""
    return st.integers(0, POOL_SIZE - 1).map(_pooled)


def shipped_or_pooled() -> st.SearchStrategy[World]:
    """The shipped models, or those of the pool."""
    return st.just(SHIPPED_WORLD) | pooled()


def solvers() -> st.SearchStrategy[Solver]:
    """The solver of the shipped catalogue, or of one of the pool."""
    return shipped_or_pooled().map(lambda each: each.solver)


def catalogues() -> st.SearchStrategy[Catalogue]:
    """Catalogues of the pool."""
    return pooled().map(lambda each: each.solver.catalogue)


# ------------------------------------------------- catalogues with attributes of their own


def worlds() -> st.SearchStrategy[World]:
    """Random catalogues with attributes of every kind, and weights of their own."""
    return st.integers(0, WORLDS - 1).map(world)


def cases(
    where: st.SearchStrategy[World] | None = None, most: int = 5
) -> st.SearchStrategy[tuple[World, Table]]:
    """Catalogues, each with a profile over it as plain data that does not contradict itself.

    Args:
        where: the catalogues; without them, those with attributes of their own.
        most: the most requirements stated.
    """

    def asked(drawn: tuple[World, int]) -> tuple[World, Table]:
        found, seed = drawn
        return found, random_profile(Random(seed), found, most)

    return st.tuples(worlds() if where is None else where, st.integers(0, 2**32)).map(asked)


__all__ = [
    "AMOUNTS", "ASKABLE", "CRITERIA", "DECLARED", "FEW_NAMES", "FILES", "FLOWCHART", "LISTS",
    "ORACLE", "POOL_SIZE", "SHIPPED", "SHIPPED_WORLD", "SOURCES", "TAGS", "WEIGHING", "WEIGHTS",
    "WORLDS", "Pooled", "Table", "World", "built", "cases", "catalogue_dicts", "catalogues",
    "fact", "policies", "pooled", "profile_dicts", "profiles", "random_profile", "requirements",
    "shipped_or_pooled", "solvers", "world", "worlds",
]  # fmt: skip
