"""The one table of requirements, criteria, needs and configuration variables, and their wording."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Final, Literal, get_args

Capability = Literal[
    "real_time",
    "voice_transfer",
    "short_reference",
    "style_control",
    "on_device",
    "offline",
    "self_hosted",
    "public_api",
]
NumberName = Literal["ttfb_ms", "memory_mb", "sample_rate_hz", "parameters"]
OrdinalName = Literal["fidelity", "expressiveness"]
Policy = Literal["flag", "accept", "reject"]
NeedName = Literal["real_time", "voice_transfer", "style_control", "on_device"]

CAPABILITIES: Final[tuple[Capability, ...]] = get_args(Capability)
NUMBERS: Final[tuple[NumberName, ...]] = get_args(NumberName)
ORDINALS: Final[tuple[OrdinalName, ...]] = get_args(OrdinalName)
POLICIES: Final[tuple[Policy, ...]] = get_args(Policy)

ORDINAL_SCALE: Final = (1, 5)
"""Judged ordinals run from 1 (least) to 5 (most)."""
VALUE_SCALE: Final = 10**6
"""Value functions map a fact to a whole number in 0..VALUE_SCALE."""
NEUTRAL_IMPORTANCE: Final = 5
MAX_IMPORTANCE: Final = 10
MAX_NUMBER: Final = 10**9
ACCEPT_BETA: Final = "accept_beta"
"""The pseudo-requirement that rules out betas; no conflict or correction names it."""


class Verdict(IntEnum):
    """Whether a configuration meets a requirement; a greater verdict is worse."""

    MET = 0
    UNVERIFIED = 1
    VIOLATED = 2


class Status(IntEnum):
    """Whether a model meets a profile; a greater status is worse."""

    GUARANTEED = 0
    UNVERIFIED = 1
    EXCLUDED = 2

    @property
    def word(self) -> str:
        """The status as every output spells it."""
        return self.name.lower()


INFEASIBLE: Final = "infeasible"
"""The status of an answer where no model is left."""
INVALID: Final = "invalid"
"""The status of a threshold that would contradict the rest of the profile."""


class Kind(Enum):
    """How a requirement compares with a fact."""

    CAPABILITY = "capability"
    CEILING = "ceiling"
    FLOOR = "floor"
    LOCALES = "locales"


Variable = Literal["deployment", "delivery", "voice", "style"]

VARIABLES: Final[dict[Variable, tuple[str, ...]]] = {
    "deployment": ("cloud", "self_hosted", "on_device"),
    "delivery": ("streaming", "batch"),
    "voice": ("library", "reference_audio"),
    "style": ("as_voice", "directed"),
}
"""The variables of a configuration beside the model, with their domains, in declared order."""

ENABLED_BY: Final[dict[tuple[Variable, str], tuple[Capability, ...]]] = {
    ("deployment", "cloud"): ("public_api",),
    ("deployment", "self_hosted"): ("self_hosted",),
    ("deployment", "on_device"): ("on_device",),
    ("delivery", "streaming"): ("real_time",),
    ("voice", "reference_audio"): ("voice_transfer", "short_reference"),
    ("style", "directed"): ("style_control",),
}
"""The capabilities that make a value possible: forbidden only where all of them are "no"."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a requirement compares, which configurations can meet it, and how it is worded."""

    name: str
    kind: Kind
    fact: str
    """The fact that it is checked against: a capability, a number, or `languages`."""
    describe: str
    """The requirement in words, for messages and the schema."""
    settle: str
    """What would settle it where the facts do not."""
    pin: tuple[Variable, str] | None = None
    """The value that a configuration must have to meet it."""
    implies: Capability | None = None
    """A capability that is checked along with it and charged to it."""
    unit: str = ""


REQUIREMENTS: Final[tuple[Requirement, ...]] = (
    Requirement(
        "real_time",
        Kind.CAPABILITY,
        "real_time",
        "streaming speech in a live conversation",
        "try it in a live conversation",
        pin=("delivery", "streaming"),
    ),
    Requirement(
        "max_ttfb_ms",
        Kind.CEILING,
        "ttfb_ms",
        "time to first byte, at most",
        "measure the time to first byte on your own route",
        unit="ms",
    ),
    Requirement(
        "voice_transfer",
        Kind.CAPABILITY,
        "voice_transfer",
        "speaker and emotion carried over from reference audio",
        "try it with your own reference audio",
        pin=("voice", "reference_audio"),
    ),
    Requirement(
        "short_reference",
        Kind.CAPABILITY,
        "short_reference",
        "the reference audio is short or challenging",
        "try it with your shortest reference audio",
        pin=("voice", "reference_audio"),
    ),
    Requirement(
        "style_control",
        Kind.CAPABILITY,
        "style_control",
        "emotion and prosody directed apart from the speaker",
        "ask the vendor",
        pin=("style", "directed"),
    ),
    Requirement(
        "on_device",
        Kind.CAPABILITY,
        "on_device",
        "speech made on the device",
        "ask the vendor",
        pin=("deployment", "on_device"),
    ),
    Requirement(
        "offline",
        Kind.CAPABILITY,
        "offline",
        "no network at run time",
        "ask the vendor",
        pin=("deployment", "on_device"),
    ),
    Requirement(
        "max_memory_mb",
        Kind.CEILING,
        "memory_mb",
        "memory for the weights on your own device, at most (implies on_device)",
        "measure the memory on the device, run-time overhead included",
        pin=("deployment", "on_device"),
        implies="on_device",
        unit="MB",
    ),
    Requirement(
        "self_hosted",
        Kind.CAPABILITY,
        "self_hosted",
        "run on your own GPU",
        "ask the vendor",
        pin=("deployment", "self_hosted"),
    ),
    Requirement(
        "public_api",
        Kind.CAPABILITY,
        "public_api",
        "callable through the vendor's public API",
        "ask the vendor",
        pin=("deployment", "cloud"),
    ),
    Requirement(
        "languages",
        Kind.LOCALES,
        "languages",
        "every one of these locales",
        "ask the vendor, or try each locale",
    ),
    Requirement(
        "min_sample_rate_hz",
        Kind.FLOOR,
        "sample_rate_hz",
        "sample rate, at least",
        "look at the sample rate of the audio that you get",
        unit="Hz",
    ),
)
"""Every requirement, in declared order: the order of profiles, masks, violations and conflicts."""

REQUIREMENT: Final[dict[str, Requirement]] = {r.name: r for r in REQUIREMENTS}
BIT: Final[dict[str, int]] = {r.name: 1 << i for i, r in enumerate(REQUIREMENTS)}
"""The bit of each requirement in a mask of requirements."""


_SIGN: Final = {Kind.CEILING: "<=", Kind.FLOOR: ">="}


def number(value: float) -> str:
    """Return a number as people write it: whole where it is whole, thousands set apart."""
    if math.isinf(value):
        return "∞"
    return f"{value:,}".replace(",", " ") if isinstance(value, int) else repr(value)


def requirement_text(name: str, required: object) -> str:
    """Return a stated requirement: `max_ttfb_ms <= 300 ms`."""
    requirement = REQUIREMENT[name]
    if isinstance(required, list | tuple):
        return f"{name} {', '.join(required)}"
    if isinstance(required, bool) or not isinstance(required, int | float):
        return name
    return f"{name} {_SIGN[requirement.kind]} {number(required)} {requirement.unit}"


def names_of(mask: int) -> tuple[str, ...]:
    """Return the requirements in a mask, in declared order."""
    return tuple([name for name, bit in BIT.items() if mask & bit])


@dataclass(frozen=True, slots=True)
class Need:
    """One question of the flowchart, and the requirements that answer it with yes."""

    name: NeedName
    stated_by: tuple[str, ...]
    ceiling: tuple[str, int] | None = None
    """A requirement that states the need when its number is below this one."""


NEEDS: Final[tuple[Need, ...]] = (
    Need("real_time", ("real_time",), ceiling=("max_ttfb_ms", 800)),
    Need("voice_transfer", ("voice_transfer", "short_reference")),
    Need("style_control", ("style_control",)),
    Need("on_device", ("on_device", "offline", "max_memory_mb")),
)
"""The needs, in the flowchart's order. The 800 ms are the guide's and no measurement moves them."""

BATCH: Final[Literal["batch"]] = "batch"


@dataclass(frozen=True, slots=True)
class Criterion:
    """What is scored, and by which fact."""

    name: str
    fact: str
    kind: Literal["number", "ordinal", "capability"]
    describe: str
    caveat: str = ""
    """What every answer that uses the fact says of it."""


_JUDGED = "ordinals from 1 to 5, read from the guide's words and few figures"
_WEIGHTS_ONLY = "weights alone, run-time overhead is not included"

CRITERIA: Final[tuple[Criterion, ...]] = (
    Criterion("latency", "ttfb_ms", "number", "speech that starts soon"),
    Criterion("fidelity", "fidelity", "ordinal", "audio close to a real voice", _JUDGED),
    Criterion("expressiveness", "expressiveness", "ordinal", "lively, natural delivery", _JUDGED),
    Criterion("control", "style_control", "capability", "say over the delivery"),
    Criterion("footprint", "memory_mb", "number", "little memory", _WEIGHTS_ONLY),
)
"""Every criterion, in declared order: the order of columns in each score table."""

CRITERION_NAMES: Final = tuple(c.name for c in CRITERIA)
