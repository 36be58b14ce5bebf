"""Language tags as BCP 47 (RFC 5646) has them, as far as speech models use them.

A language of two or three letters, then any script, region and variant subtags. Case does not
matter and `_` stands for `-`. The canonical spelling is lower-case, with the aliases that a
catalogue declares applied.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
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


def _tags(value: dict[str, str]) -> dict[str, str]:
    bad: list[Issue] = [
        (key, EXPECTED, f'"{tag}"', EXAMPLE)
        for pair in value.items()
        for key, tag in ((pair[0], each) for each in pair)
        if not _TAG.fullmatch(tag)
    ]
    if bad:
        raise invalid(*bad)
    return value


_Table = Annotated[dict[Text, Text], AfterValidator(_tags)]


class Tags(Input):
    """How a catalogue spells language tags."""

    aliases: _Table = Field(default_factory=dict)
    """Tags, or the first subtags of tags, with the canonical spelling."""
    scripts: dict[Text, Text] = Field(default_factory=dict)
    """The script that a language and region imply, such as `zh-tw = "hant"`: it is left out."""

    def __hash__(self) -> int:
        """Return a hash, so that readings can be remembered."""
        return hash((tuple(self.aliases.items()), tuple(self.scripts.items())))

    def read(self, text: str) -> str | None:
        """Return the canonical spelling of a tag; None for what is no tag."""
        return _read(text, self)


@lru_cache(maxsize=2**12)
def _read(text: str, tags: Tags) -> str | None:
    tag = text.lower().replace("_", "-")
    if not text.isascii() or not _TAG.fullmatch(tag):
        return None
    for _ in range(len(tags.aliases) + 1):
        plain = _renamed(_without_script(tag, tags.scripts), tags.aliases)
        if plain == tag:
            break
        tag = plain
    return tag


def _without_script(tag: str, scripts: Mapping[str, str]) -> str:
    """Return a tag without a script that its language and region imply."""
    parts = _SCRIPT.fullmatch(tag)
    if parts and scripts.get(f"{parts[1]}-{parts[3]}") == parts[2]:
        return f"{parts[1]}-{parts[3]}{parts[4] or ''}"
    return tag


def _renamed(tag: str, aliases: Mapping[str, str]) -> str:
    """Return a tag with the longest alias that it is, or begins with, replaced."""
    head = tag
    while head:
        if head in aliases:
            return aliases[head] + tag[len(head) :]
        head = head.rpartition("-")[0]
    return tag


def language(tag: str) -> str:
    """Return the language of a tag."""
    return tag.partition("-")[0]


def is_bare(tag: str) -> bool:
    """Return whether a tag names a language alone, and so asks for any locale of it."""
    return "-" not in tag
