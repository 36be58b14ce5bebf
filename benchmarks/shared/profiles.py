"""Random profiles as plain documents: the same ones for the same mix and seed.

A mix says which requirements a profile states, how many locales it names, and which other fields it
fills. Each draw takes its random numbers in a fixed order, so that reports can be compared.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from benchmarks.shared.rules import NEEDS_VALUE
from mars_solver import InputError
from mars_solver.inputs.profile import parse_profile

AMOUNTS: Final[dict[str, tuple[int, ...]]] = {
    "max_ttfb_ms": (90, 150, 300, 799, 800, 1500, 2500),
    "max_memory_mb": (40, 150, 512, 2400),
    "min_sample_rate_hz": (16000, 22050, 44100, 48000),
}
"""What profiles ask of numbers."""
LOCALES: Final = ("en-us", "hi-in", "fr-fr", "en_GB", "xx-yy")
"""What profiles ask of languages."""
CRITERIA: Final = ("latency", "fidelity", "expressiveness", "control", "footprint")
MOST_IMPORTANT: Final = 10

Document = dict[str, Any]
Names = Callable[[random.Random], Iterable[str]]
"""Draws the requirements that a profile states."""
Field = Callable[[random.Random, Document], None]
"""Fills, or does not fill, one more field of a document."""


class Mix(NamedTuple):
    """What random profiles state."""

    names: Names
    fields: tuple[Field, ...]
    locales: tuple[int, ...] = (1,)
    """How many locales `languages` names: one of these numbers."""
    spread: tuple[float, float] | None = None
    """The range of a random factor of each number; None for the numbers of `AMOUNTS` themselves."""


def random_documents(mix: Mix, seed: int | str) -> Iterator[Document]:
    """Yield random profiles; those that contradict themselves are left out."""
    rng = random.Random(seed)  # noqa: S311  (variety, no secret)
    while True:
        document: Document = {"require": {}}
        for name in mix.names(rng):
            document["require"][name] = _wanted(mix, rng, name)
        for fill in mix.fields:
            fill(rng, document)
        try:
            parse_profile(document, "document")
        except InputError:
            continue  # batch work beside a need for real time
        yield document


def distinct(documents: Iterable[Document]) -> Iterator[Document]:
    """Yield each document once."""
    seen: set[str] = set()
    for document in documents:
        if str(document) not in seen:
            seen.add(str(document))
            yield document


def _wanted(mix: Mix, rng: random.Random, name: str) -> Any:
    """Return what a profile asks of one requirement."""
    if name in AMOUNTS:
        amount = rng.choice(AMOUNTS[name])
        return round(amount * rng.uniform(*mix.spread), 1) if mix.spread else amount
    if name == "languages":
        count = rng.choice(mix.locales) if len(mix.locales) > 1 else mix.locales[0]
        return rng.sample(LOCALES, k=count)
    return True


def by_chance(chances: Mapping[str, float]) -> Names:
    """Return what draws each requirement with its own probability."""

    def names(rng: random.Random) -> Iterator[str]:
        return (name for name, chance in chances.items() if rng.random() < chance)

    return names


def some_of(able: tuple[str, ...], counts: tuple[int, ...]) -> Names:
    """Return what draws as many requirements as one of some counts, all of them alike."""

    def names(rng: random.Random) -> list[str]:
        return rng.sample(able, rng.choice(counts) if len(counts) > 1 else counts[0])

    return names


def accept_beta(chance: float) -> Field:
    """Return what accepts betas with a probability."""

    def fill(rng: random.Random, document: Document) -> None:
        document["accept_beta"] = rng.random() < chance

    return fill


def betas(_: random.Random, document: Document) -> None:
    """Accept betas."""
    document["accept_beta"] = True


def batch_work(chance: float) -> Field:
    """Return what asks for batch work with a probability."""

    def fill(rng: random.Random, document: Document) -> None:
        if rng.random() < chance:
            document["workflow"] = "batch"

    return fill


def primary_need(chance: float) -> Field:
    """Return what makes a stated need the primary one with a probability."""

    def fill(rng: random.Random, document: Document) -> None:
        needs = _needs(document)
        if needs and rng.random() < chance:
            document["primary"] = rng.choice(needs)

    return fill


def all_importances(rng: random.Random, document: Document) -> None:
    """State the importance of every criterion."""
    document["prefer"] = {name: rng.randint(0, MOST_IMPORTANT) for name in CRITERIA}


def some_importances(rng: random.Random, document: Document) -> None:
    """State the importances of some criteria in half of the profiles."""
    if rng.random() < 0.5:
        document["prefer"] = {
            name: rng.randint(0, MOST_IMPORTANT) for name in CRITERIA if rng.random() < 0.5
        }


def _needs(document: Document) -> tuple[str, ...]:
    return parse_profile({"require": document["require"]}, "document").needs


PROJECTS: Final = Mix(
    by_chance(
        {
            "real_time": 0.3,
            "voice_transfer": 0.25,
            "short_reference": 0.1,
            "style_control": 0.2,
            "on_device": 0.15,
            "offline": 0.1,
            "self_hosted": 0.08,
            "public_api": 0.3,
            "max_ttfb_ms": 0.3,
            "max_memory_mb": 0.12,
            "min_sample_rate_hz": 0.2,
            "languages": 0.3,
        }
    ),
    (accept_beta(0.35), batch_work(0.25), primary_need(0.3), some_importances),
    locales=(1, 1, 2, 3),
)
"""What projects ask for."""
REQUESTS: Final = Mix(
    by_chance(
        {
            "real_time": 0.2,
            "voice_transfer": 0.2,
            "style_control": 0.2,
            "on_device": 0.2,
            "public_api": 0.2,
            **dict.fromkeys(AMOUNTS, 0.2),
            "languages": 0.3,
        }
    ),
    (all_importances, batch_work(0.2)),
    locales=(1, 2),
    spread=(0.8, 1.5),
)
"""Profiles of which hardly two are alike."""


def many_requirements(count: int) -> Mix:
    """Return the mix of profiles that state many requirements; all of them accept betas."""
    able = (*NEEDS_VALUE, "max_ttfb_ms", "min_sample_rate_hz", "languages")
    return Mix(some_of(able, (count,)), (betas,), locales=(1, 1, 2, 3))
