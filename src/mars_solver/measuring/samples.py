"""What is recorded of each request: the samples, one a line of JSON, behind how they were made."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from http import HTTPStatus
from typing import Annotated, Final

from pydantic import ConfigDict, Field, PlainValidator

from mars_solver.errors import Faults, InputError, Problem, shown
from mars_solver.inputs.documents import decode, parse_json
from mars_solver.inputs.files import read_long
from mars_solver.inputs.parsing import Input, Text, TextLine, parse, unexpected

SCHEMA_OF_SAMPLES: Final = "mars-solver/samples/1"
_DECIMAL: Final = re.compile(r"[0-9]{1,2}(\.[0-9]{1,2})?")
MS: Final = 10**6
"""Nanoseconds in a millisecond."""


class Outcome(StrEnum):
    """How a request ended. All but the first are failures: their audio never came."""

    HEARD = "heard"
    STATUS = "status"
    REFUSED = "refused"
    NO_HOST = "host not found"
    UNTRUSTED = "certificate not trusted"
    NO_TLS = "no secure connection"
    BROKEN = "broken connection"
    TIMEOUT = "timeout"
    EMPTY = "no audio byte"
    NO_AUDIO = "not audio"
    SILENT = "silence"
    TRUNCATED = "truncated"
    ABANDONED = "abandoned"


class Connection(StrEnum):
    """Whether a request had to open its connection."""

    WARM = "warm"
    COLD = "cold"


class Record(Input):
    """The base of what a file of samples holds: no number in it is infinite or none at all."""

    model_config = ConfigDict(allow_inf_nan=False)


Ms = Annotated[float, Field(ge=0)]
"""A time in ms."""


class Marks(Record):
    """When a request reached what, in ms since it was due; None for what it did not reach."""

    sent: Ms | None = None
    connected: Ms | None = None
    secured: Ms | None = None
    headers: Ms | None = None
    first_byte: Ms | None = None
    first_audio: Ms | None = None
    first_audible: Ms | None = None
    last_byte: Ms | None = None


class Sample(Record):
    """One request."""

    number: int
    due_ms: Ms
    """When it was due, since the run began."""
    late_ms: Ms = 0
    """How late this machine was to begin with it, though nothing else was in its way."""
    wanted: Annotated[Connection, Field(strict=False)]
    connection: Annotated[Connection | None, Field(strict=False)] = None
    """What it had; None where it got none."""
    text: Text
    """The kind of the text."""
    outcome: Annotated[Outcome, Field(strict=False)]
    status: int | None = None
    marks: Marks
    size: Annotated[int, Field(ge=0)] = 0
    """Bytes of the body."""
    audio_ms: Ms | None = None
    silence_ms: Ms | None = None
    gap_ms: Ms | None = None
    """The longest time between two chunks of audio."""
    starved_ms: Ms | None = None
    """By how much audio came too late to play on, at worst."""

    @property
    def wait(self) -> float:
        """The time to the first audio byte since the request was due, in ms: infinite if failed."""
        return self._if_heard(0)

    @property
    def wait_since_sent(self) -> float:
        """The same since it was sent, which hides what it waited before."""
        return self._if_heard(self.marks.sent or 0)

    def _if_heard(self, start: float) -> float:
        first = self.marks.first_audio
        return first - start if self.outcome is Outcome.HEARD and first is not None else math.inf

    @property
    def failure(self) -> str:
        """How it failed, in words; empty where it was heard."""
        if self.outcome is Outcome.STATUS:
            phrase = {each.value: f" ({each.phrase})" for each in HTTPStatus}.get(self.status or 0)
            return f"status {self.status}{phrase or ''}"
        return "" if self.outcome is Outcome.HEARD else self.outcome.value

    @property
    def reconnected(self) -> bool:
        """Whether it was heard, but not on the kind of connection that was wanted."""
        return self.outcome is Outcome.HEARD and self.connection is not self.wanted


def _moment(value: object) -> str:
    try:
        return datetime.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise unexpected(value, "a date and time") from None


def _percent(value: object) -> str:
    if isinstance(value, str) and _DECIMAL.fullmatch(value) and 1 <= Fraction(value) < 100:  # noqa: PLR2004
        return f"{Decimal(value).normalize():f}"
    raise unexpected(value, "percent, from 1 to 99.99, such as 95")


class Setup(Record):
    """How the samples of a file were made."""

    format: str = Field(default=SCHEMA_OF_SAMPLES, alias="schema")
    model: Text
    attribute: Text
    endpoint: Text
    region: TextLine = None
    texts: Text
    """The digest of the texts."""
    started: Annotated[str, PlainValidator(_moment)]
    """In UTC."""
    rate: float
    concurrency: int
    timeout_s: float
    percentile: Annotated[str, PlainValidator(_percent)]
    confidence: Annotated[str, PlainValidator(_percent)]
    """Both in percent, as decimal numbers: text, so that they are exact."""
    looks: Annotated[tuple[int, ...], Field(strict=False)] = ()
    """The numbers of requests after which it was looked whether a requirement is settled."""
    made_with: Text

    @property
    def share(self) -> Fraction:
        """The percentile as a share."""
        return Fraction(self.percentile) / 100

    @property
    def sure(self) -> Fraction:
        """The confidence as a share."""
        return Fraction(self.confidence) / 100


COMPARED: Final = (
    "model", "attribute", "endpoint", "region", "texts", "rate", "concurrency", "timeout_s",
)  # fmt: skip
"""What has to be alike in samples that are merged."""


def line_of(record: Setup | Sample) -> str:
    """Return a record as a line of JSON."""
    return record.model_dump_json(by_alias=True, exclude_none=True)


def read_samples(paths: Sequence[str]) -> tuple[Setup, list[Sample]]:
    """Return the samples of one or more files as one set, behind what they share.

    Raises:
        InputError: with every fault of every file, and where they are not of one thing.
    """
    faults = Faults()
    setups: list[Setup] = []
    samples: list[Sample] = []
    seen: dict[tuple[str, Sample], str] = {}
    for path in paths:
        with faults:
            setup, its = _read(path)
            setups.append(setup)
            samples += its
            if known := seen.get((setup.started, its[0])):
                raise InputError([Problem(path, "", "each sample once", f"those of {known} again")])
            seen[setup.started, its[0]] = path
    faults.check()
    first = setups[0]
    for setup, path in zip(setups, paths, strict=True):
        for name in COMPARED:
            one, other = getattr(first, name), getattr(setup, name)
            if one != other:
                expected, hint = f"{shown(one)}, as {paths[0]} has", "merge samples of one thing"
                faults.problems.append(Problem(path, name, expected, shown(other), hint))
    faults.check()
    started = min(setup.started for setup in setups)
    looks = tuple(look for setup in setups for look in setup.looks)
    return first.model_copy(update={"started": started, "looks": looks}), samples


def _read(path: str) -> tuple[Setup, list[Sample]]:
    lines = decode(read_long(path), path).splitlines()
    if not lines:
        raise InputError([Problem(path, "", "samples that measure wrote", "an empty file")])
    setup = parse(Setup, parse_json(lines[0], f"{path}:1"), f"{path}:1")
    if setup.format != SCHEMA_OF_SAMPLES:
        raise InputError([Problem(f"{path}:1", "schema", SCHEMA_OF_SAMPLES, shown(setup.format))])
    faults = Faults()
    found = []
    for number, line in enumerate(lines[1:], 2):
        with faults:
            found.append(parse(Sample, parse_json(line, f"{path}:{number}"), f"{path}:{number}"))
    faults.check()
    if not found:
        raise InputError([Problem(path, "", "a sample on each line but the first", "none")])
    return setup, found
