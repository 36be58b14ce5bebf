"""What a page holds, read as a browser would: tags in balance, ids, links, controls, text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

VOID = {"meta", "link", "input", "br"}
EMPTY_SVG = {"rect", "path", "circle", "line"}


@dataclass(repr=False, eq=False)
class Tag:
    """An element with its text."""

    name: str
    attributes: dict[str, str | None]
    inside: list[Tag] = field(default_factory=list)
    parts: list[str | Tag] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(part if isinstance(part, str) else part.text for part in self.parts)

    def get(self, name: str) -> str:
        return self.attributes.get(name) or ""

    def has_class(self, name: str) -> bool:
        return name in self.get("class").split()


class Page(HTMLParser):
    """A parsed page; what is not well-formed fails."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[Tag] = []
        self._open: list[Tag] = []
        assert text.startswith("<!DOCTYPE html>\n")
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"an attribute stands twice in {tag}"
        found = Tag(tag, dict(attrs), list(self._open))
        self.tags.append(found)
        if self._open:
            self._open[-1].parts.append(found)
        if tag not in VOID:
            self._open.append(found)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in EMPTY_SVG, f"{tag} does not end itself"
        self.handle_starttag(tag, attrs)
        self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open[-1].name == tag, f"</{tag}> ends {self._open[-1].name}"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._open:
            self._open[-1].parts.append(data)

    def all(self, name: str, **attributes: Any) -> list[Tag]:
        return [
            tag
            for tag in self.tags
            if tag.name == name
            and all(tag.attributes.get(k.rstrip("_")) == v for k, v in attributes.items())
        ]

    def of_class(self, name: str) -> list[Tag]:
        return [tag for tag in self.tags if tag.has_class(name)]

    def by_id(self, name: str) -> Tag:
        (found,) = [tag for tag in self.tags if tag.get("id") == name]
        return found

    @property
    def ids(self) -> list[str]:
        return [tag.get("id") for tag in self.tags if "id" in tag.attributes]


def ranked(page: Page) -> list[tuple[str, str, str]]:
    """The models on a page: name, what people read for its status, score as shown."""
    found = []
    for row in page.of_class("rank"):
        status = next(t for t in _within(row) if t.has_class("chip"))
        score = next(t.text for t in _within(row) if t.has_class("score"))
        found.append((_first(row, "strong"), re.sub(r"^\W", "", status.text), score))
    return found


def _first(tag: Tag, name: str) -> str:
    return next(each.text for each in _within(tag) if each.name == name)


def _within(tag: Tag) -> list[Tag]:
    found: list[Tag] = []
    for part in tag.parts:
        if isinstance(part, Tag):
            found += [part, *_within(part)]
    return found
