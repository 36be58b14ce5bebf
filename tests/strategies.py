"""Random profiles and catalogues, small enough to meet every boundary."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from mars_solver import Catalogue, Profile
from mars_solver.catalogue import build_catalogue
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


def requirements() -> st.SearchStrategy[dict[str, Any]]:
    """Stated requirements, few at a time so that something often remains."""
    flags: dict[str, st.SearchStrategy[Any]] = {name: st.just(True) for name in CAPABILITIES}
    amounts = {name: st.sampled_from(values) for name, values in AMOUNTS.items()}
    languages = st.lists(st.sampled_from(TAGS), min_size=1, max_size=3, unique=True)
    every: dict[str, st.SearchStrategy[Any]] = {**flags, **amounts, "languages": languages}
    names = st.lists(st.sampled_from(sorted(every)), max_size=4, unique=True)
    return names.flatmap(lambda chosen: st.fixed_dictionaries({n: every[n] for n in chosen}))


def preferences() -> st.SearchStrategy[dict[str, int]]:
    """Stated importances, often none."""
    some = st.dictionaries(st.sampled_from(CRITERION_NAMES), st.integers(0, 10))
    return st.one_of(st.just({}), some)


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


def _ranges(values: list[float]) -> st.SearchStrategy[dict[str, Any]]:
    ends = st.sampled_from([*values, float("inf")])
    return st.tuples(st.sampled_from(values), ends).map(
        lambda pair: fact(low=min(pair), high=max(pair))
    )


@st.composite
def model_dicts(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """A model as plain data, many of its facts unknown."""
    model: dict[str, Any] = {
        "schema": 1,
        "id": name,
        "name": name.upper(),
        "stage": fact(value=draw(st.sampled_from(["released", "released", "beta"]))),
    }
    for capability in CAPABILITIES:
        known = draw(st.sampled_from([True, True, False, "unknown", None]))
        if known is not None:
            model[capability] = fact(value=known)
    if all(model.get(c, {}).get("value") is False for c in ("public_api", "self_hosted")):
        model["on_device"] = fact(value=True)
    numbers: dict[str, list[float]] = {
        "ttfb_ms": [50, 100, 150, 500, 800, 2000, 3000],
        "memory_mb": [10, 50, 200, 600, 2400],
        "sample_rate_hz": [8000, 22050, 48000],
    }
    for number, values in numbers.items():
        if draw(st.booleans()):
            model[number] = draw(_ranges(values))
    for ordinal in ("fidelity", "expressiveness"):
        if draw(st.booleans()):
            low, high = sorted(draw(st.tuples(st.integers(1, 5), st.integers(1, 5))))
            model[ordinal] = fact(low=low, high=high)
    spoken = draw(st.dictionaries(st.sampled_from(TAGS), st.sampled_from([True, False, "unknown"])))
    model["languages"] = {tag: fact(value=known) for tag, known in spoken.items()}
    return model


@st.composite
def catalogue_dicts(draw: st.DrawFn) -> dict[str, dict[str, Any]]:
    """One to five models as plain data, by id."""
    names = [f"m{i}" for i in range(draw(st.integers(1, 5)))]
    return {name: draw(model_dicts(name)) for name in names}


def built(models: dict[str, dict[str, Any]]) -> Catalogue:
    """The catalogue of models as plain data."""
    return build_catalogue(models, SOURCES, FLOWCHART)


def catalogues() -> st.SearchStrategy[Catalogue]:
    """Small random catalogues."""
    return catalogue_dicts().map(built)
