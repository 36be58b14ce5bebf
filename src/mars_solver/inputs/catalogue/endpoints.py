"""Endpoints that can be measured: where a request for speech goes, and what it says.

A template holds names in braces: `{text}` is the text to speak, `{key}` the secret of a header.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final
from urllib.parse import quote, urlsplit

from pydantic import Field, PlainValidator, model_validator

from mars_solver.errors import Faults, Problem, shown
from mars_solver.inputs.parsing import (
    Date,
    Input,
    Issue,
    Text,
    Version,
    choice,
    invalid,
    unexpected,
)

WAV: Final = "wav"
ENCODED: Final = "encoded"
"""Audio whose samples are not read, such as MP3."""
PCM: Final = {
    "pcm_s16le": "<i2",
    "pcm_s16be": ">i2",
    "pcm_s32le": "<i4",
    "pcm_s32be": ">i4",
    "pcm_f32le": "<f4",
    "pcm_f32be": ">f4",
}
"""Raw samples, one channel: the NumPy type of each."""
TEXT: Final = "text"
KEY: Final = "key"
SPEECH_MODEL: Final = "speech_model"
_NAME: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FRAMES: Final = {"content-length", "transfer-encoding"}
"""The headers that say where a body ends."""
_SECRET: Final = re.compile(r"auth|cookie|key|secret|token", re.IGNORECASE)


def _url(value: object) -> str:
    if isinstance(value, str) and value.isascii() and value.isprintable() and " " not in value:
        try:
            parts = urlsplit(value)
            known = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
            if known and not parts.username:
                return value
        except ValueError:
            pass
    expected = "an address that begins with http:// or https:// and names no user and no wrong port"
    # What names a user may hold a password, which no message shows.
    found = "one with a user" if "@" in str(value) else shown(value)
    raise invalid(("", expected, found, ""))


def _word(pattern: re.Pattern[str], what: str) -> PlainValidator:
    def check(value: object) -> object:
        if value is None or (isinstance(value, str) and pattern.fullmatch(value)):
            return value
        raise unexpected(value, what)

    return PlainValidator(check)


def _rate(value: object) -> int | None:
    if value is None or (isinstance(value, int) and 1000 <= value <= 10**6):  # noqa: PLR2004
        return value
    raise unexpected(value, "a sample rate in Hz, such as 24000")


class Endpoint(Input):
    """One address that answers a text with speech."""

    url: Annotated[str, PlainValidator(_url)]
    method: Annotated[str, _word(_TOKEN, "a method of HTTP, such as POST")] = "POST"
    headers: dict[str, str] = Field(default_factory=dict)
    body: str | None = None
    key: Annotated[str | None, _word(_VARIABLE, "the name of an environment variable")] = None
    """The environment variable that holds the secret; the secret itself stands nowhere."""
    audio: Annotated[str, choice(WAV, *PCM, ENCODED)] = WAV
    sample_rate: Annotated[int | None, PlainValidator(_rate)] = None
    """In Hz, of raw samples; WAV says its own."""
    values: dict[str, str] = Field(default_factory=dict)
    describe: Text | None = None
    source: Text | None = None
    as_of: Date | None = None

    @model_validator(mode="after")
    def _complete(self) -> Endpoint:
        if issues := list(self._issues()):
            raise invalid(*issues)
        return self

    def _issues(self) -> Iterator[Issue]:
        if TEXT not in {*names_in(self.url), *names_in(self.body or "")}:
            yield "body", "{text} where the text to speak goes, here or in the url", "none", ""
        if self.audio in PCM and self.sample_rate is None:
            yield "sample_rate", f"the sample rate of {self.audio}, in Hz", "nothing", "add it"
        if self.audio not in PCM and self.sample_rate is not None:
            yield "sample_rate", f"none beside {self.audio}", "one", "it is of raw samples alone"
        if len({name.lower() for name in self.headers}) < len(self.headers):
            yield "headers", "each header once, whatever its case", "one twice", ""
        for name, value in self.headers.items():
            path = f"headers.{name}"
            if not _TOKEN.fullmatch(name):
                yield path, "the name of a header", shown(name), ""
            if name.lower() in _FRAMES:
                yield path, "no length, which is known when it is sent", "one", "leave it out"
            if _SECRET.search(name) and not _NAME.search(value):
                hint = "name the environment variable that holds it as the key"
                yield path, "{key} in its place", "what looks like a secret in the open", hint
            if TEXT in names_in(value):
                yield path, "{text} in the url or the body", "it in a header", ""
        keyed = any(KEY in names_in(value) for value in self.headers.values())
        if keyed != (self.key is not None):
            needed = ("the environment variable with the {key} of a header", "nothing")
            idle = ("{key} in a header", "no place for the key")
            yield KEY, *(needed if keyed else idle), ""
        for path, template in (("url", self.url), ("body", self.body or "")):
            if KEY in names_in(template):
                yield path, "{key} in a header alone", "it here", ""

    @property
    def names(self) -> list[str]:
        """The names in braces that need a value: not the text, and not the secret."""
        templates = (self.url, self.body or "", *self.headers.values())
        every = dict.fromkeys(name for each in templates for name in names_in(each))
        return [name for name in every if name not in {TEXT, KEY}]

    @property
    def says_json(self) -> bool:
        """Whether the body is a table or a list of JSON."""
        try:
            return isinstance(json.loads(_NAME.sub("0", self.body or "")), dict | list)
        except ValueError:
            return False


def names_in(template: str) -> list[str]:
    """Return the names in braces that a template holds, in order."""
    return list(dict.fromkeys(_NAME.findall(template)))


class Endpoints(Input):
    """The file `calls/endpoints.toml`."""

    format: Version = Field(alias="schema")
    endpoints: dict[str, Endpoint] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """A request that lacks nothing but the text to speak."""

    endpoint: Endpoint
    values: Mapping[str, str]
    headers: Mapping[str, str] = field(repr=False)
    """By lower-case name, the secret filled in, which no message, output or file shows."""

    @property
    def place(self) -> str:
        """The address without what is asked, as outputs name it."""
        return self.endpoint.url.partition("?")[0]

    def url(self, text: str) -> str:
        """Return the address for a text."""
        return self._filled(self.endpoint.url, text, lambda value: quote(value, safe=""))

    def body(self, text: str) -> bytes | None:
        """Return the body for a text: values are escaped where it is JSON."""
        template = self.endpoint.body
        if template is None:
            return None
        escape = _inside_json if self.endpoint.says_json else str
        return self._filled(template, text, escape).encode()

    def _filled(self, template: str, text: str, escape: Callable[[str], str]) -> str:
        values = {**self.values, TEXT: text}
        return _NAME.sub(lambda found: escape(values[found[1]]), template)


def _inside_json(value: str) -> str:
    return json.dumps(value)[1:-1]


def request_to(
    endpoint: Endpoint, values: Mapping[str, str | None], environment: Mapping[str, str]
) -> SpeechRequest:
    """Return a request with every name filled in but that of the text.

    Args:
        endpoint: where it goes.
        values: by name, beside those of the endpoint, which they override; None is no value.
        environment: where the secret is looked up.

    Raises:
        InputError: with each name that has no value, and where the secret is missing or no header
            can hold it. No message quotes the secret.
    """
    known = {**endpoint.values, **{k: v for k, v in values.items() if v is not None}}
    faults = Faults()
    for name in endpoint.names:
        if name not in known:
            found = f"the endpoint needs a value for {{{name}}}"
            faults.problems.append(Problem("--set", name, "", found, f"add --set {name}=VALUE"))
    secret = ""
    if endpoint.key is not None:
        secret = environment.get(endpoint.key, "").strip()
        place = "environment"
        if not secret:
            hint = f"export {endpoint.key}=... first"
            faults.problems.append(Problem(place, endpoint.key, "", "the key is not set", hint))
        elif not (secret.isascii() and secret.isprintable()):
            found = "characters that no header can hold"
            faults.problems.append(Problem(place, endpoint.key, "printable ASCII", found))
    faults.check()
    filled = {"content-type": "application/json"} if endpoint.says_json else {}
    for name, value in endpoint.headers.items():
        filled[name.lower()] = _NAME.sub(lambda found: {**known, KEY: secret}[found[1]], value)
    for name, value in filled.items():
        if not (value.isascii() and value.isprintable()):
            found = "a value that no header can hold"
            faults.problems.append(Problem("headers", name, "printable ASCII", found))
    faults.check()
    return SpeechRequest(endpoint, known, filled)
