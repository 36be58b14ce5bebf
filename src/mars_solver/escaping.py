"""Text that others wrote, so that nothing acts on it: one function for each place where it is read.

HTML is not among these: the templates of pages escape every text. Nor is code that calls a model:
its templates have a filter for each language.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_SPACES: Final = "Zs"
_LAYOUT: Final = "\n\t"
_MARKS: Final = re.compile(r"([\\`*_~|<>\[\]&$])")
"""What Markdown acts on within a line, with tables and formulas as GitHub has them."""
_BLOCK: Final = re.compile(r"^(\s*)([#+=-]|\d+(?=[.)]))")
"""What begins a heading, a list, with a number or without, or a rule where it begins a line."""
_NODE: Final = re.compile(r"""[#&"'<>`%\\;]""")
FORMULA: Final = r"^[=+\-@\t\r\n＝＋－＠]"
"""What a spreadsheet takes for a formula, in the syntax that Arrow shares."""
NUMBER: Final = r"^[+-]?[0-9]+([.,][0-9]+)?([eE][+-]?[0-9]+)?$"
"""What it takes for a number, whatever its sign."""


def visible(text: str) -> str:
    r"""Return lines for a terminal: controls, and what is invisible or turns the order, as `\x1b`.

    Line breaks and tabs stay, and spaces of every width.
    """
    if text.isprintable():
        return text
    return "".join(c if c in _LAYOUT else _escaped(c) for c in text)


def one_line(text: str) -> str:
    r"""Return the same on one line: its breaks and tabs as `\n` and `\t`."""
    return text if text.isprintable() else "".join(map(_escaped, text))


def _escaped(character: str) -> str:
    if character.isprintable() or unicodedata.category(character) == _SPACES:
        return character
    return character.encode("unicode_escape").decode("ascii")


def markdown(text: str) -> str:
    """Return a line that a cell, an item or a paragraph of Markdown shows as it is."""
    return _BLOCK.sub(_begun, _MARKS.sub(r"\\\1", one_line(text)))


def _begun(found: re.Match[str]) -> str:
    blank, sign = found.groups()
    return f"{blank}{sign}\\" if sign.isdigit() else f"{blank}\\{sign}"


def mermaid(text: str) -> str:
    """Return a line that a label in quotes shows as it is, by Mermaid's codes for characters."""
    return _NODE.sub(lambda found: f"#{ord(found[0])};", one_line(text))
