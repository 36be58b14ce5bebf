"""Language tags as BCP 47 (RFC 5646) has them, as far as speech models use them.

A language of two or three letters, then any script, region and variant subtags. Case does not
matter and `_` stands for `-`. The canonical spelling is lower-case, with the aliases that a
catalogue declares applied.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from mars_solver.inputs.parsing import Input, Issue, Text, invalid

_TAG: Final = re.compile(
    r"[a-z]{2,3}(-[a-z]{4})?(-([a-z]{2}|[0-9]{3}))?(-([a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*"
)
_SCRIPT: Final = re.compile(r"([a-z]{2,3})-([a-z]{4})-([a-z]{2}|[0-9]{3})(-.*)?")
EXPECTED: Final = "a language tag (BCP 47)"
EXAMPLE: Final = "write a language and perhaps a region, such as en-us, es-419 or pt"


def _aliases(value: dict[str, str]) -> dict[str, str]:
    bad: list[Issue] = [
        (alias, EXPECTED, f'"{tag}"', EXAMPLE)
        for alias, canonical in value.items()
        for tag in (alias, canonical)
        if not _TAG.fullmatch(tag)
    ]
    bad += [
        (alias, "the canonical spelling", f'"{canonical}", an alias itself', "")
        for alias, canonical in value.items()
        if any(head in value for head in _heads(canonical))
    ]
    if bad:
        raise invalid(*bad)
    return value


def _scripts(value: dict[str, str]) -> dict[str, str]:
    bad: list[Issue] = [
        (tag, 'a language and region with its script, such as zh-tw = "hant"', f'"{script}"', "")
        for tag, script in value.items()
        if not _SCRIPT.fullmatch(f"{language(tag)}-{script}{tag[len(language(tag)) :]}")
    ]
    if bad:
        raise invalid(*bad)
    return value


class Tags(Input):
    """How a catalogue spells language tags."""

    aliases: Annotated[dict[Text, Text], AfterValidator(_aliases)] = Field(default_factory=dict)
    """Tags, or the first subtags of tags, with the canonical spelling."""
    scripts: Annotated[dict[Text, Text], AfterValidator(_scripts)] = Field(default_factory=dict)
    """The script that a language and region imply, such as `zh-tw = "hant"`: it is left out."""

    def __hash__(self) -> int:
        """Return a hash, so that readings can be remembered."""
        return hash((tuple(self.aliases.items()), tuple(self.scripts.items())))

    def read(self, text: str) -> str | None:
        """Return the canonical spelling of a tag; None for what is no tag."""
        return _read(text, self)


@lru_cache(maxsize=2**12)
def _read(text: str, tags: Tags) -> str | None:
    tag = plain(text)
    if not text.isascii() or not _TAG.fullmatch(tag):
        return None
    before = ""
    while tag != before:  # ends: no canonical spelling is an alias, and a tag has one script
        before = tag
        tag = _renamed(_without_script(tag, tags.scripts), tags.aliases)
    return tag


def plain(text: str) -> str:
    """Return a tag in lower case with `-` between its subtags."""
    return text.strip(" ").lower().replace("_", "-")


def _renamed(tag: str, aliases: Mapping[str, str]) -> str:
    """Return a tag with the longest alias that it is, or begins with, replaced."""
    for head in _heads(tag):
        if head in aliases:
            return aliases[head] + tag[len(head) :]
    return tag


def _heads(tag: str) -> Iterator[str]:
    """Yield a tag, then what it begins with, subtag by subtag, the longest first."""
    while tag:
        yield tag
        tag = tag.rpartition("-")[0]


def _without_script(tag: str, scripts: Mapping[str, str]) -> str:
    """Return a tag without a script that its language and region imply."""
    parts = _SCRIPT.fullmatch(tag)
    if parts and scripts.get(f"{parts[1]}-{parts[3]}") == parts[2]:
        return f"{parts[1]}-{parts[3]}{parts[4] or ''}"
    return tag


def language(tag: str) -> str:
    """Return the language of a tag."""
    return tag.partition("-")[0]


def is_bare(tag: str) -> bool:
    """Return whether a tag names a language alone, and so asks for any locale of it."""
    return "-" not in tag
