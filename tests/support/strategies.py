"""Random profiles and catalogues, small enough to meet every boundary.

To draw a catalogue and to build its solver takes longer than most answers. So a session draws
`POOL_SIZE` of them once, and every search takes its catalogues out of that pool.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mars_solver import Catalogue, Profile, Solver, load_catalogue, load_weights
from mars_solver.inputs.catalogue import build_catalogue
from mars_solver.vocabulary import CAPABILITIES, CRITERION_NAMES

TAGS = ["en-us", "hi-in", "de-de", "xx-xx"]
AMOUNTS: dict[str, list[float]] = {
    "max_ttfb_ms": [50, 99.5, 100, 150, 300, 500, 799.5, 800, 1000, 2000, 3000],
    "max_memory_mb": [10, 50, 100, 200, 600, 1000, 2400, 4800, 9000],
    "min_sample_rate_hz": [8000, 22050, 44100, 48000, 96000],
}
SOURCES = {
    "schema": 1,
    "test": {"title": "a test", "where": "here", "date": "2026", "shared_locales": ["hi-in"]},
}
FLOWCHART = {
    "schema": 1,
    "source": "test",
    "as_of": "2026",
    "no_need": ["m1"],
    "batch": ["m1", "m2"],
    "questions": [
        {"need": need, "text": "?", "answer": [model]}
        for need, model in zip(
            ["real_time", "voice_transfer", "style_control", "on_device"],
            ["m0", "m1", "m2", "m3"],
            strict=True,
        )
    ],
}


ASKABLE: dict[str, st.SearchStrategy[Any]] = {
    **{name: st.just(True) for name in CAPABILITIES},
    **{name: st.sampled_from(values) for name, values in AMOUNTS.items()},
    "languages": st.lists(st.sampled_from(TAGS), min_size=1, max_size=3, unique=True),
}
FEW_NAMES = st.lists(st.sampled_from(sorted(ASKABLE)), max_size=4, unique=True)


@st.composite
def requirements(draw: st.DrawFn) -> dict[str, Any]:
    """Stated requirements, few at a time so that something often remains."""
    return {name: draw(ASKABLE[name]) for name in draw(FEW_NAMES)}


def preferences() -> st.SearchStrategy[dict[str, int]]:
    """Stated importances, often none."""
    return SOME_IMPORTANCES


SOME_IMPORTANCES: st.SearchStrategy[dict[str, int]] = st.just({}) | st.dictionaries(
    st.sampled_from(CRITERION_NAMES), st.integers(0, 10)
)


@st.composite
def profile_dicts(
    draw: st.DrawFn,
    prefer: st.SearchStrategy[dict[str, int]] | None = None,
) -> dict[str, Any]:
    """Consistent profiles as plain data."""
    data: dict[str, Any] = {"require": draw(requirements()), "accept_beta": draw(st.booleans())}
    data["prefer"] = draw(preferences() if prefer is None else prefer)
    needs = Profile(require=data["require"]).require.needs
    if "real_time" not in needs and draw(st.booleans()):
        data["workflow"] = "batch"
    primary = draw(st.sampled_from([None, *needs]))
    if primary:
        data["primary"] = primary
    return data


def profiles() -> st.SearchStrategy[Profile]:
    """Consistent profiles."""
    return profile_dicts().map(Profile.model_validate)


def fact(**content: Any) -> dict[str, Any]:
    """A claim of the test's own source."""
    return {"source": "test", "as_of": "2026", "grade": "stated", **content}


def _ranges(values: list[float]) -> st.SearchStrategy[dict[str, Any] | None]:
    ends = st.sampled_from([*values, float("inf")])
    ranges = st.tuples(st.sampled_from(values), ends)
    return st.none() | ranges.map(lambda pair: fact(low=min(pair), high=max(pair)))


# One strategy for every model: to build one for each draw takes longer than the draw.
GRADES = st.integers(1, 5)
FACT: dict[str, st.SearchStrategy[Any]] = {
    "stage": st.sampled_from(["released", "released", "beta"]).map(lambda s: fact(value=s)),
    **{
        name: st.sampled_from([True, True, False, "unknown", None]).map(
            lambda known: None if known is None else fact(value=known)
        )
        for name in CAPABILITIES
    },
    "ttfb_ms": _ranges([50, 100, 150, 500, 800, 2000, 3000]),
    "memory_mb": _ranges([10, 50, 200, 600, 2400]),
    "sample_rate_hz": _ranges([8000, 22050, 48000]),
    **{
        name: st.none()
        | st.tuples(GRADES, GRADES).map(lambda pair: fact(low=min(pair), high=max(pair)))
        for name in ("fidelity", "expressiveness")
    },
    "languages": st.dictionaries(
        st.sampled_from(TAGS),
        st.sampled_from([True, False, "unknown"]).map(lambda known: fact(value=known)),
    ),
}
FACTS = st.fixed_dictionaries(FACT)


@st.composite
def model_dicts(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """A model as plain data, many of its facts unknown."""
    facts = {key: value for key, value in draw(FACTS).items() if value is not None}
    if all(facts.get(c, {}).get("value") is False for c in ("public_api", "self_hosted")):
        facts["on_device"] = fact(value=True)
    return {"schema": 1, "id": name, "name": name.upper(), **facts}


HOW_MANY = st.integers(1, 5)


@st.composite
def catalogue_dicts(draw: st.DrawFn) -> dict[str, dict[str, Any]]:
    """One to five models as plain data, by id."""
    names = [f"m{i}" for i in range(draw(HOW_MANY))]
    return {name: draw(model_dicts(name)) for name in names}


def built(models: dict[str, dict[str, Any]]) -> Catalogue:
    """The catalogue of models as plain data."""
    return build_catalogue(models, SOURCES, FLOWCHART)


WEIGHTS = load_weights()
SHIPPED = Solver(load_catalogue(), WEIGHTS)
POOL_SIZE = 100


@dataclass(frozen=True)
class Pooled:
    """A random catalogue as plain data, and its solver with the shipped weights."""

    models: dict[str, dict[str, Any]]
    solver: Solver


@cache
def pool() -> tuple[Pooled, ...]:
    """The random catalogues of this session, the same in each session.

    No search may run inside another: whoever asks first does so before any search.
    """
    found: list[Pooled] = []

    @settings(max_examples=POOL_SIZE, derandomize=True)
    @given(catalogue_dicts())
    def draw(models: dict[str, dict[str, Any]]) -> None:
        found.append(Pooled(models, Solver(built(models), WEIGHTS)))

    draw()
    assert len(found) == POOL_SIZE
    return tuple(found)


def pooled() -> st.SearchStrategy[Pooled]:
    """A catalogue of the pool."""
    return st.sampled_from(range(POOL_SIZE)).map(lambda index: pool()[index])


def solvers() -> st.SearchStrategy[Solver]:
    """The solver of the shipped catalogue, or of one of the pool."""
    return st.just(SHIPPED) | pooled().map(lambda each: each.solver)
