"""Facts: sourced claims about words, capabilities, numbers and the members of sets."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal, Self, TypeVar, cast, get_args

from pydantic import (
    Field,
    PlainValidator,
    model_validator,
)

from mars_solver.briefs import named
from mars_solver.errors import InputError, shown
from mars_solver.inputs.catalogue.attributes import Attribute
from mars_solver.inputs.catalogue.tags import EXAMPLE, EXPECTED
from mars_solver.inputs.parsing import (
    Bound,
    Date,
    Input,
    Issue,
    Text,
    TextLine,
    bound,
    choice,
    did_you_mean,
    invalid,
    number_or_text,
    one_of,
    parse,
    plain_number,
    unexpected,
)
from mars_solver.vocabulary import MAX_NUMBER, counted, day, up_to

Grade = Literal["stated", "derived", "judged", "third-party", "measured"]
MEASURED: Final = "measured"
UNKNOWN: Final = "unknown"
"""The value of a claim whose evidence settles nothing."""
Range = tuple[int | float, int | float]
"""A claim range `(low, high)`; a point has both equal, an open end is infinity."""
EVERYTHING: Final[Range] = (0, math.inf)
"""The claim range of an unknown number."""
Member = str | int | float
"""A member of a set: a word, a language tag, or a number."""


def _yes_no(value: object) -> bool | str:
    if isinstance(value, bool) or value == UNKNOWN:
        return value
    raise unexpected(value, f'true, false or "{UNKNOWN}"')


def _point(value: object) -> int | float | str | None:
    return value if value is None or value == UNKNOWN else bound(value)


def _count(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    raise unexpected(value, "a whole number above 0")


def _share(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1:
        return float(value)
    raise unexpected(value, "a share between 0 and 1, such as 0.95")


class Claim(Input):
    """Where a value comes from, and how good it is."""

    source: Text
    as_of: Date
    grade: Annotated[Grade, choice(*get_args(Grade))]
    note: TextLine = None
    why_not: TextLine = None
    """Why another claim was chosen; only claims under `other_claims` have it."""
    statistic: TextLine = None
    """What of many samples a measurement is, such as "p95"."""
    samples: Annotated[int, PlainValidator(_count)] | None = None
    confidence: Annotated[float, PlainValidator(_share)] | None = None
    region: TextLine = None
    connection: TextLine = None

    def __repr__(self) -> str:
        ends = [getattr(self, name, None) for name in ("value", "low", "high")]
        said = " to ".join(shown(end) for end in ends if end is not None)
        what = ", ".join(filter(None, (said, self.source, self.as_of, self.grade)))
        return named(type(self), what)

    @property
    def made(self) -> str:
        """How a measurement was made, in words; empty where nothing says so."""
        told = (self.statistic, self.samples, self.confidence, self.region, self.connection)
        if not any(told):
            return ""
        kind = f"{self.connection} request" if self.connection else "sample"
        what = f"of {counted(self.samples, kind)}" if self.samples else self.connection
        where = f"from {self.region}" if self.region else ""
        made = " ".join(filter(None, (self.statistic, what, where)))
        sure = f"{100 * self.confidence:g} % confidence" if self.confidence else ""
        return ", ".join(filter(None, (made, day(self.as_of), sure)))

    @property
    def told(self) -> str:
        """The source, and how a measurement was made."""
        return f"{self.source}: {self.made}" if self.made else self.source

    @property
    def settled(self) -> bool:
        """Whether the evidence settles anything."""
        return getattr(self, "value", None) != UNKNOWN


class WordClaim(Claim):
    """A claim that is a word."""

    value: Text


class YesNoClaim(Claim):
    """A claim about a capability: true, false, or "unknown" with evidence that settles nothing."""

    value: Annotated[bool | str, PlainValidator(_yes_no)]

    @property
    def known(self) -> bool | None:
        """The value; None where it is unknown."""
        return None if self.value == UNKNOWN else bool(self.value)


class NumberClaim(Claim):
    """A claim that is a number: a point `value`, or a range from `low` to `high`; or "unknown"."""

    value: Annotated[int | float | str | None, PlainValidator(_point)] = None
    low: Bound | None = None
    high: Bound | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if self.value is not None:
            if self.low is not None or self.high is not None:
                raise invalid(("", "either value, or low and high", "both", "keep one of them"))
            if isinstance(self.value, float) and math.isinf(self.value):
                raise invalid(("value", "a finite number", "inf", "write low and high = inf"))
        elif self.low is None or self.high is None:
            raise invalid(("", "either value, or low and high", "neither", "give one of them"))
        elif self.low > self.high or math.isinf(self.low):
            hint = "swap low and high?" if self.low > self.high else ""
            raise invalid(("low", f"a finite number <= high ({self.high})", shown(self.low), hint))
        return self

    @property
    def range(self) -> Range | None:
        """The claim range; None where the evidence settles nothing."""
        if self.value == UNKNOWN:
            return None
        if self.value is not None:
            return cast("Range", (self.value, self.value))
        return cast("Range", (self.low, self.high))


def _reasoned(fact: F) -> F:
    """Check that the chosen claim stands and each other one says why it does not."""
    missing: list[Issue] = [
        (f"other_claims.{i}.why_not", "a reason", "nothing", "say why it was not chosen")
        for i, claim in enumerate(fact.other_claims)
        if claim.why_not is None
    ]
    if fact.why_not is not None:
        missing.append(("why_not", "none on the chosen claim", shown(fact.why_not), ""))
    if missing:
        raise invalid(*missing)
    return fact


class WordFact(WordClaim):
    """The chosen word, and the claims that disagree."""

    other_claims: Annotated[tuple[WordClaim, ...], Field(strict=False)] = ()
    _checked = model_validator(mode="after")(_reasoned)

    def claim(self, why_not: str) -> WordClaim:
        """Return the chosen claim as one that disagrees."""
        fields = self.model_dump(exclude={"other_claims"}, exclude_none=True)
        return WordClaim(**fields, why_not=why_not)


class YesNoFact(YesNoClaim):
    """The chosen claim about a capability, and the claims that disagree."""

    other_claims: Annotated[tuple[YesNoClaim, ...], Field(strict=False)] = ()
    _checked = model_validator(mode="after")(_reasoned)

    def claim(self, why_not: str) -> YesNoClaim:
        """Return the chosen claim as one that disagrees."""
        fields = self.model_dump(exclude={"other_claims"}, exclude_none=True)
        return YesNoClaim(**fields, why_not=why_not)


class NumberFact(NumberClaim):
    """The chosen claim about a number, and the claims that disagree."""

    other_claims: Annotated[tuple[NumberClaim, ...], Field(strict=False)] = ()
    _checked = model_validator(mode="after")(_reasoned)

    def claim(self, why_not: str) -> NumberClaim:
        """Return the chosen claim as one that disagrees."""
        fields = self.model_dump(exclude={"other_claims"}, exclude_none=True)
        return NumberClaim(**fields, why_not=why_not)


Fact = WordFact | YesNoFact | NumberFact
F = TypeVar("F", WordFact, YesNoFact, NumberFact)


@dataclass(frozen=True, eq=False)
class SetFact:
    """What is known of the members of a set.

    Attributes:
        members: the claim about each member listed, by its key.
        spelling: how the file spells each member, by its key.
        others: what holds for every other one; None where that is unknown.
        closure: where `others` comes from, if the file says so.
    """

    members: Mapping[Member, YesNoFact] = field(default_factory=dict)
    spelling: Mapping[Member, Member] = field(default_factory=dict)
    others: bool | None = None
    closure: Claim | None = None

    def __repr__(self) -> str:
        others = {True: "yes", False: "no", None: UNKNOWN}[self.others]
        return named(type(self), f"{len(self.members)} members, others {others}")

    def known(self, key: Member) -> bool | None:
        """Return whether a member belongs to the set, by its key; None where that is unknown."""
        fact = self.members.get(key)
        return self.others if fact is None else fact.known

    def to_dict(self) -> dict[str, Any]:
        """Return the content, for digests."""
        return {
            "others": self.others,
            "closure": self.closure and self.closure.model_dump(exclude_none=True),
            "members": [
                [str(key), str(self.spelling[key]), fact.model_dump(exclude_none=True)]
                for key, fact in sorted(self.members.items(), key=lambda item: str(item[0]))
            ],
        }


def member_key(member: Member) -> Member:
    """Return what members are compared by: case does not matter."""
    return member.casefold() if isinstance(member, str) else member


LONGEST_MEMBER: Final = 200
"""How many characters a member that is written as text may have."""


def read_member(attribute: Attribute, value: object) -> Member | None:
    """Return a member as a set attribute spells it; None for what can be no member."""
    if isinstance(value, str) and len(value) > LONGEST_MEMBER:
        return None
    if attribute.members == "number":
        number = plain_number(number_or_text(value.strip(" ")) if isinstance(value, str) else value)
        return number if number is not None and 0 < number <= MAX_NUMBER else None
    if not isinstance(value, str):
        return None
    text = value.strip(" ")
    if attribute.members == "language":
        return attribute.tags.read(text)
    return text if text and text.isprintable() and ";" not in text and "," not in text else None


def expected_member(attribute: Attribute) -> tuple[str, str]:
    """Return what a member is expected to be, and a hint."""
    return {
        "language": (EXPECTED, EXAMPLE),
        "number": (up_to(MAX_NUMBER), ""),
        "text": (f"a word without , and ; of at most {LONGEST_MEMBER} characters", ""),
    }[attribute.members]


_OTHERS: Final = {"yes": True, "no": False, UNKNOWN: None}
LISTS: Final[dict[str, bool | str]] = {"yes": True, "no": False, UNKNOWN: UNKNOWN}
CLAIM_KEYS: Final = ("source", "as_of", "grade", "note")
_TABLE_KEYS: Final = frozenset({*CLAIM_KEYS, "others", "value"})


def set_fact(value: object, attribute: Attribute) -> SetFact:
    """Return the set that a table describes.

    A key is a member with a claim of its own. `yes`, `no` and `unknown` list members that share
    the claim of the table, and `others` says what holds for every member that is not listed;
    `value = "unknown"` says that nothing is known of any.
    """
    if isinstance(value, SetFact):
        return value
    if not isinstance(value, Mapping):
        raise unexpected(value, "a table with a claim for each member")
    reading = _SetReading(attribute)
    shared = {key: value[key] for key in CLAIM_KEYS if key in value}
    lists = {key for key in LISTS if key in value and not isinstance(value[key], Mapping)}
    claimed = bool(shared or any(value[key] for key in lists))
    closure = attempt(Claim, shared, "", reading.issues) if claimed else None
    for key, each in value.items():
        if key in lists:
            reading.add_list(key, each, closure)
        elif key not in _TABLE_KEYS:
            reading.add(str(key), key, attempt(YesNoFact, each, str(key), reading.issues))
    if value.get("value", UNKNOWN) != UNKNOWN:
        told = shown(value["value"])
        reading.issues.append(("value", f'"{UNKNOWN}", or a claim for each member', told, ""))
    others = value.get("others", UNKNOWN)
    if not isinstance(others, str) or others not in _OTHERS:
        hint = did_you_mean(str(others), _OTHERS)
        reading.issues.append(("others", one_of(_OTHERS), shown(others), hint))
        others = UNKNOWN
    if reading.issues:
        raise invalid(*reading.issues)
    return SetFact(reading.members, reading.spelling, _OTHERS[others], closure)


class _SetReading:
    """Collects the members of a set, and what is wrong with its table."""

    def __init__(self, attribute: Attribute) -> None:
        self.issues: list[Issue] = []
        self.members: dict[Member, YesNoFact] = {}
        self.spelling: dict[Member, Member] = {}
        self._attribute = attribute

    def add(self, path: str, written: object, fact: YesNoFact | None) -> None:
        """Add a member with its claim; None for a claim that is at fault."""
        member = read_member(self._attribute, written)
        if member is None:
            expected, hint = expected_member(self._attribute)
            self.issues.append((path, expected, shown(written), hint))
            return
        key = member_key(member)
        if key in self.spelling:
            told = f"{written} and {self.spelling[key]}"
            self.issues.append((path, "each member once", told, "keep one"))
            return
        self.spelling[key] = str(written).strip(" ") if isinstance(member, str) else member
        if fact is not None:
            self.members[key] = fact

    def add_list(self, word: str, listed: object, claim: Claim | None) -> None:
        """Add the members of a list, which share one claim; None for one that is at fault."""
        if not isinstance(listed, list | tuple):
            self.issues.append((word, "a list of members", shown(listed), ""))
            return
        fact: YesNoFact | None = None
        if claim is not None:
            fact = YesNoFact(**claim.model_dump(exclude_none=True), value=LISTS[word])
        for i, each in enumerate(listed):
            self.add(f"{word}.{i}", each, fact)


C = TypeVar("C", bound=Input)


def attempt(model: type[C], data: object, path: str, issues: list[Issue]) -> C | None:
    """Parse `data`, adding what is wrong with it to `issues`."""
    try:
        return parse(model, data, "")
    except InputError as error:
        for p in error.problems:
            below = ".".join(part for part in (path, p.path) if part)
            issues.append((below, p.expected, p.found, p.hint))
        return None
