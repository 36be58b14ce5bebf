"""The words that every part shares: kinds, verdicts, statuses, policies, and their limits."""

from __future__ import annotations

import math
from collections.abc import Iterable
from enum import Enum, IntEnum
from typing import Final, Literal, get_args

Policy = Literal["flag", "accept", "reject"]
POLICIES: Final[tuple[Policy, ...]] = get_args(Policy)
"""How what the facts do not settle ranks: after what is met, as if met, or not at all."""

VALUE_SCALE: Final = 10**6
"""Value functions map a fact to a whole number in 0..VALUE_SCALE."""
MOST_RANKED: Final = 100
"""The longest shortlist: a table of answers has three columns for each place."""
NEUTRAL_IMPORTANCE: Final = 5
MAX_IMPORTANCE: Final = 10
MAX_NUMBER: Final = 10**9
ACCEPT_BETA: Final = "accept_beta"
"""The pseudo-requirement that rules out betas; no conflict or correction names it."""
CONFIGURATION: Final = "configuration"
"""The pseudo-requirement of a model that nothing can run; and the source of a finding that no fact
makes, but the other requirements."""
BATCH: Final[Literal["batch"]] = "batch"
"""The workflow in which speech is rendered ahead of time. A value of a configuration that bears
its name is preferred in it, and comes last elsewhere."""
# fmt: off
RESERVED_NAMES: Final = frozenset(
    {
        "schema", "id", "name", "stage", "speech_model", "availability", "defaults",
        "impossible", "workflow", "primary", "accept_beta", "require", "prefer", "row",
        "status", "reasons", "blocked", "flowchart_agrees", "unknown", "top", "model", "map",
        "configuration", "all",
    }
)
# fmt: on
"""Keys of every model, profile, table, address and proof, which no attribute may take."""


class Kind(Enum):
    """What an attribute is."""

    CAPABILITY = "capability"
    NUMBER = "number"
    ORDINAL = "ordinal"
    SET = "set"


class Verdict(IntEnum):
    """What the facts say of a requirement; the greater is the worse."""

    MET = 0
    UNVERIFIED = 1
    VIOLATED = 2


class Status(IntEnum):
    """What the requirements leave of a model; the greater is the worse."""

    MEETS = 0
    UNVERIFIED = 1
    EXCLUDED = 2

    @property
    def word(self) -> str:
        """The status as every output spells it."""
        return _WORDS[self]


_WORDS: Final = tuple(each.name.lower() for each in Status)
INFEASIBLE: Final = "infeasible"
"""The status of an answer where no model is left."""
INVALID: Final = "invalid"
"""The status of a threshold that would contradict the rest of the profile."""


_THOUSANDS: Final = {"Hz": "kHz"}
"""The units that people count in thousands, with the name of a thousand."""
THIN: Final = "\N{NARROW NO-BREAK SPACE}"
"""What sets thousands apart."""


_MONTHS: Final = "JanFebMarAprMayJunJulAugSepOctNovDec"


def day(date: str) -> str:
    """Return a date (YYYY, YYYY-MM or YYYY-MM-DD) as people write it: 26 Nov 2026."""
    year, *rest = date.split("-")
    month = [_MONTHS[3 * int(rest[0]) - 3 : 3 * int(rest[0])]] if rest else []
    return " ".join([*(str(int(each)) for each in rest[1:]), *month, year])


def both(names: Iterable[str], word: str = "and") -> str:
    """Return names as a list with a word before the last one."""
    *others, last = names
    return f"{', '.join(others)} {word} {last}" if others else last


def number(value: float) -> str:
    """Return a number as people write it, to its last digit, with thousands set apart."""
    return "∞" if math.isinf(value) else f"{value:,}".replace(",", THIN)


def counted(many: int, noun: str) -> str:
    """Return how many there are of something: 1 request, 2 requests."""
    return f"{number(many)} {noun}{'' if many == 1 else 's'}"


def up_to(most: float) -> str:
    """Return what is expected of an amount: positive, and no more than can be reckoned with."""
    return f"a number above 0, at most {most:,}"


def amounts(unit: str, *values: float) -> tuple[str, ...]:
    """Return numbers as people write them, the last with its unit: 22.05 and 48 kHz for Hz."""
    larger = _THOUSANDS.get(unit)
    if larger and min(values, default=0) >= 1000:  # noqa: PLR2004  (a thousand)
        unit, values = larger, tuple(_thousandth(value) for value in values)
    *texts, last = map(number, values)
    return (*texts, f"{last} {unit}".rstrip())


def member_text(member: object, unit: str) -> str:
    """Return a member of a set as people write it, a number of some unit with it."""
    return amounts(unit, member)[0] if unit and isinstance(member, int | float) else str(member)


def _thousandth(value: float) -> float:
    return int(value) // 1000 if value % 1000 == 0 else value / 1000
