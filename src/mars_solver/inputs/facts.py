"""Facts: sourced claims of three kinds, and the models that they describe."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Final, Literal, Self, TypeVar, cast, get_args

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, model_validator

from mars_solver.errors import shown
from mars_solver.inputs.parsing import (
    Bound,
    Date,
    Input,
    Issue,
    TextLine,
    choice,
    invalid,
    locale_tag,
    not_one_of,
    unexpected,
)
from mars_solver.vocabulary import CAPABILITIES, NUMBERS, ORDINAL_SCALE, ORDINALS

SCHEMA: Final = 1
"""The version of the format that the files of a catalogue are written in."""

Grade = Literal["stated", "derived", "judged", "third-party", "measured"]
MEASURED: Final = "measured"
UNKNOWN: Final = "unknown"
"""The value of a claim whose evidence settles nothing."""
Range = tuple[int | float, int | float]
"""A claim range `(low, high)`; a point has both equal, an open end is infinity."""
EVERYTHING: Final[Range] = (0, math.inf)
"""The claim range of an unknown number."""


def _text(value: object) -> str:
    if isinstance(value, str) and value.strip() and value.isprintable():
        return value
    raise unexpected(value, "one line of printable text")


def _yes_no(value: object) -> bool | str:
    if isinstance(value, bool) or value == UNKNOWN:
        return value
    raise unexpected(value, f'true, false or "{UNKNOWN}"')


def _schema_version(value: object) -> int:
    if value == SCHEMA and isinstance(value, int) and not isinstance(value, bool):
        return value
    raise unexpected(value, f"{SCHEMA}, the version of this file format")


Text = Annotated[str, PlainValidator(_text)]
Version = Annotated[int, PlainValidator(_schema_version)]


class Claim(Input):
    """The source, date and grade of a value."""

    source: Text
    as_of: Date
    grade: Annotated[Grade, choice(*get_args(Grade))]
    note: TextLine = None
    why_not: TextLine = None
    """Why another claim was chosen; only claims under `other_claims` have it."""


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
    """A claim that is a number: a point `value`, or a range from `low` to `high`."""

    value: Bound | None = None
    low: Bound | None = None
    high: Bound | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if self.value is not None:
            if self.low is not None or self.high is not None:
                raise invalid(("", "either value, or low and high", "both", "keep one of them"))
            if math.isinf(self.value):
                raise invalid(("value", "a finite number", "inf", "write low and high = inf"))
        elif self.low is None or self.high is None:
            raise invalid(("", "either value, or low and high", "neither", "give one of them"))
        elif self.low > self.high or math.isinf(self.low):
            hint = "swap low and high?" if self.low > self.high else ""
            raise invalid(("low", f"a finite number <= high ({self.high})", shown(self.low), hint))
        return self

    @property
    def range(self) -> Range:
        """The claim range."""
        if self.value is not None:
            return self.value, self.value
        return cast("Range", (self.low, self.high))


def _reasoned(fact: F) -> F:
    """Check that each claim that was not chosen says why, and the chosen one does not."""
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


class YesNoFact(YesNoClaim):
    """The chosen claim about a capability, and the claims that disagree."""

    other_claims: Annotated[tuple[YesNoClaim, ...], Field(strict=False)] = ()
    _checked = model_validator(mode="after")(_reasoned)


class NumberFact(NumberClaim):
    """The chosen claim about a number, and the claims that disagree."""

    other_claims: Annotated[tuple[NumberClaim, ...], Field(strict=False)] = ()
    _checked = model_validator(mode="after")(_reasoned)


Fact = WordFact | YesNoFact | NumberFact
CLAIM_OF: Final[Mapping[type[Fact], type[Claim]]] = {
    WordFact: WordClaim,
    YesNoFact: YesNoClaim,
    NumberFact: NumberClaim,
}
"""The claim that a fact becomes once another one is chosen."""
F = TypeVar("F", WordFact, YesNoFact, NumberFact)


def _ordinal(fact: NumberFact) -> NumberFact:
    least, most = ORDINAL_SCALE
    low, high = fact.range
    if not least <= low <= high <= most:
        raise invalid(("", f"an ordinal from {least} to {most}", f"{low} to {high}", ""))
    return fact


def _stage(fact: WordFact) -> WordFact:
    if fact.value not in STAGES:
        raise invalid(("value", *not_one_of(fact.value, STAGES)))
    return fact


def _locale_keys(value: object) -> object:
    """Return a table of locales with canonical keys."""
    if not isinstance(value, Mapping):
        return value
    tags = {key: locale_tag(key) if isinstance(key, str) else None for key in value}
    bad: list[Issue] = [
        (str(key), "a locale tag ll-rr", shown(key), "write a language and a region, as en-us")
        for key, tag in tags.items()
        if tag is None
    ]
    seen: dict[str | None, object] = {}
    for key, tag in tags.items():
        if tag is not None and tag in seen:
            bad.append((str(key), "each locale once", f"{key} and {seen[tag]}", "keep one"))
        seen[tag] = key
    if bad:
        raise invalid(*bad)
    return {tags[key]: fact for key, fact in value.items()}


STAGES: Final = ("released", "beta")
_ID = re.compile(r"[a-z0-9]+([.-][a-z0-9]+)*")


def _model_id(value: object) -> str:
    if isinstance(value, str) and _ID.fullmatch(value):
        return value
    raise unexpected(value, "an id of lower-case letters, digits, - and .")


Ordinal = Annotated[NumberFact, AfterValidator(_ordinal)]


class Facts(Input):
    """The facts of a model that can be claimed and measured; an absent fact is unknown."""

    parameters: NumberFact | None = None
    ttfb_ms: NumberFact | None = None
    memory_mb: NumberFact | None = None
    sample_rate_hz: NumberFact | None = None
    fidelity: Ordinal | None = None
    expressiveness: Ordinal | None = None
    real_time: YesNoFact | None = None
    voice_transfer: YesNoFact | None = None
    short_reference: YesNoFact | None = None
    style_control: YesNoFact | None = None
    on_device: YesNoFact | None = None
    offline: YesNoFact | None = None
    self_hosted: YesNoFact | None = None
    public_api: YesNoFact | None = None
    languages: Annotated[dict[str, YesNoFact], BeforeValidator(_locale_keys)] = Field(
        default_factory=dict
    )

    def facts(self) -> Iterable[tuple[str, Fact]]:
        """Yield every fact with its dotted path, in declared order."""
        for name in FACTS:
            fact = getattr(self, name, None)
            if fact is not None:
                yield name, fact
        for tag in sorted(self.languages):
            yield f"languages.{tag}", self.languages[tag]


class Model(Facts):
    """One model with its facts."""

    format: Version = Field(alias="schema")
    id: Annotated[str, PlainValidator(_model_id)]
    name: Text
    stage: Annotated[WordFact, AfterValidator(_stage)]
    speech_model: WordFact | None = None

    @property
    def beta(self) -> bool:
        """Whether the model is a beta."""
        return self.stage.value != STAGES[0]

    def capability(self, name: str) -> bool | None:
        """Return whether the model has a capability; None where that is unknown."""
        fact: YesNoFact | None = getattr(self, name)
        return fact.known if fact else None

    def range(self, name: str) -> Range | None:
        """Return the claim range of a number or ordinal; None where it is unknown."""
        fact: NumberFact | None = getattr(self, name)
        return fact.range if fact else None

    def speaks(self, tag: str) -> bool | None:
        """Return whether the model speaks a locale; None where that is unknown."""
        fact = self.languages.get(tag)
        return fact.known if fact else None


FACTS: Final = ("stage", "speech_model", *NUMBERS, *ORDINALS, *CAPABILITIES)
"""The facts that a model has once each; `languages` holds one for each locale."""
