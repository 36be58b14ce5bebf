"""The rules of the specification, read a second time: what meets a requirement.

The oracles of the tests and the rivals of the benchmarks judge by this reading. It shares with the
package only what was parsed, profiles and the facts of models, so that equal answers check the
package's vocabulary, masks and verdicts too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Final, NamedTuple

from mars_solver import Profile
from mars_solver.inputs.catalogue.facts import Range
from mars_solver.inputs.catalogue.models import Model

Choice = tuple[str, str]
"""A variable of a configuration with one of its values."""
Wish = tuple[str, tuple[str, ...]]
"""A variable of a configuration with the values that do."""
Setting = Mapping[str, str]
"""A configuration: a value for each variable."""
Wanted = bool | int | float | tuple[str | int | float, ...]
"""What a requirement asks for: true, a number, or locales."""

DOMAINS: Final[dict[str, tuple[str, ...]]] = {
    "deployment": ("cloud", "self_hosted", "on_device"),
    "delivery": ("streaming", "batch"),
    "voice": ("library", "reference_audio"),
    "style": ("as_voice", "directed"),
}
ENABLED_BY: Final[dict[Choice, tuple[str, ...]]] = {
    ("deployment", "cloud"): ("public_api",),
    ("deployment", "self_hosted"): ("self_hosted",),
    ("deployment", "on_device"): ("on_device",),
    ("delivery", "streaming"): ("real_time",),
    ("voice", "reference_audio"): ("voice_transfer", "short_reference"),
    ("style", "directed"): ("style_control",),
}
"""A value is forbidden if all of its capabilities are a "no"."""
NEEDS_VALUE: Final[dict[str, Wish]] = {
    "real_time": ("delivery", ("streaming",)),
    "voice_transfer": ("voice", ("reference_audio",)),
    "short_reference": ("voice", ("reference_audio",)),
    "style_control": ("style", ("directed",)),
    "on_device": ("deployment", ("on_device",)),
    "offline": ("deployment", ("self_hosted", "on_device")),
    "max_memory_mb": ("deployment", ("on_device",)),
    "self_hosted": ("deployment", ("self_hosted",)),
    "public_api": ("deployment", ("cloud",)),
}
"""The values with which a configuration can meet a requirement."""
LIMITED: Final = {
    "max_ttfb_ms": "ttfb_ms",
    "max_memory_mb": "memory_mb",
    "min_sample_rate_hz": "sample_rate_hz",
}
"""The fact that a requirement for a number limits."""
CAPABILITIES: Final = tuple(name for name in NEEDS_VALUE if name not in LIMITED)
MET, UNVERIFIED, VIOLATED = 0, 1, 2


class Facts(NamedTuple):
    """What is known of one model, as plain values."""

    id: str
    beta: bool
    capabilities: dict[str, bool | None]
    numbers: dict[str, Range | None]
    languages: dict[str, bool | None]
    other_languages: bool | None
    impossible: tuple[dict[str, str], ...]
    """Combinations of values that it cannot run."""
    admitted: dict[str, tuple[str, ...]]
    """The values of each variable that its capabilities do not forbid."""


def facts_of(model: Model) -> Facts:
    """Return the facts of a model as plain values."""
    known: dict[str, bool | None] = {name: model.capability(name) for name in CAPABILITIES}
    admitted = {
        variable: tuple(value for value in domain if admits(known, (variable, value)))
        for variable, domain in DOMAINS.items()
    }
    numbers = {name: model.range(name) for name in LIMITED.values()}
    languages = model.set("languages")
    spoken = {str(tag): fact.known for tag, fact in languages.members.items()}
    impossible = tuple(dict(each) for each in model.impossible)
    return Facts(
        model.id, model.beta, known, numbers, spoken, languages.others, impossible, admitted
    )


def admits(known: Mapping[str, bool | None], choice: Choice) -> bool:
    """Return whether capabilities do not forbid a value of a configuration."""
    enablers = ENABLED_BY.get(choice)
    return enablers is None or any(known[name] is not False for name in enablers)


def settings() -> list[dict[str, str]]:
    """Return all configurations, whatever a model admits."""
    return [dict(zip(DOMAINS, values, strict=True)) for values in product(*DOMAINS.values())]


def runnable(facts: Facts, at: Setting) -> bool:
    """Return whether a model admits a configuration."""
    admitted = all(at[variable] in values for variable, values in facts.admitted.items())
    return admitted and not any(
        all(at[variable] == value for variable, value in each.items()) for each in facts.impossible
    )


def asked(profile: Profile) -> list[tuple[str, Wanted]]:
    """Return the stated requirements with what they ask for, in declared order."""
    return [(name, wanted) for name, wanted in profile.require.items()]


def verdict(facts: Facts, name: str, wanted: Wanted) -> int:
    """Return what a model's facts say of a requirement: `MET`, `UNVERIFIED` or `VIOLATED`."""
    if isinstance(wanted, bool):
        return _opinion(facts.capabilities[name])
    if isinstance(wanted, tuple):
        spoken = facts.languages
        return max(_opinion(spoken.get(str(tag), facts.other_languages)) for tag in wanted)
    claimed = facts.numbers[LIMITED[name]]
    if name == "min_sample_rate_hz":
        return _at_least(claimed, wanted)
    fits = _at_most(claimed, wanted)
    return max(fits, _opinion(facts.capabilities["on_device"])) if name in NEEDS_VALUE else fits


def judge(facts: Facts, profile: Profile, at: Setting) -> dict[str, int]:
    """Return the verdict of each stated requirement on one configuration of a model."""
    verdicts = {}
    for name, wanted in asked(profile):
        variable, values = NEEDS_VALUE.get(name, ("", ()))
        fails = bool(variable) and at[variable] not in values
        verdicts[name] = VIOLATED if fails else verdict(facts, name, wanted)
    return verdicts


def violations(facts: Facts, profile: Profile, least: int = VIOLATED) -> Iterator[frozenset[str]]:
    """Yield what each configuration that a model admits leaves at or above a verdict."""
    for at in settings():
        if runnable(facts, at):
            verdicts = judge(facts, profile, at)
            yield frozenset(name for name, judged in verdicts.items() if judged >= least)


def _opinion(known: bool | None) -> int:
    if known is None:
        return UNVERIFIED
    return MET if known else VIOLATED


def _at_most(claimed: Range | None, limit: float) -> int:
    if claimed is None:
        return UNVERIFIED
    low, high = claimed
    if high <= limit:
        return MET
    return VIOLATED if low > limit else UNVERIFIED


def _at_least(claimed: Range | None, limit: float) -> int:
    if claimed is None:
        return UNVERIFIED
    low, high = claimed
    if low >= limit:
        return MET
    return VIOLATED if high < limit else UNVERIFIED
