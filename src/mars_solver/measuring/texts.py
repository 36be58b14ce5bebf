"""What is spoken: texts of three lengths, none of which is asked for twice in the same words."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

from mars_solver.errors import InputError, Problem
from mars_solver.inputs.documents import decode
from mars_solver.inputs.files import read_long

DIGITS: Final = "#"
"""Where a text has one, the number of the request is spoken: no answer comes from a cache."""
SHIPPED: Final = (
    ("short", "Thank you. Your number is #."),
    ("medium", "Your order # has left our house this morning. It will be with you by noon."),
    (
        "long",
        (
            "Before I connect you, let me repeat what I have noted for case #. The lamp on the"
            " device turns red after a minute, you have changed the cable, and you would like a"
            " colleague to call you back this afternoon. Is there anything that I should add?"
        ),
    ),
)
"""The kind of each text, and the text."""

KindOfText = tuple[str, str]


def digest(texts: Sequence[KindOfText]) -> str:
    """Return the SHA-256 of some texts."""
    return hashlib.sha256("\n".join(text for _, text in texts).encode()).hexdigest()


def text_for(texts: Sequence[KindOfText], turn: int, number: int) -> KindOfText:
    """Return the kind and the words of the text whose turn it is, for a request's number."""
    kind, text = texts[turn % len(texts)]
    return kind, text.replace(DIGITS, " ".join(str(number)))


def read_texts(path: str | None) -> tuple[KindOfText, ...]:
    """Return the texts in a file, one a line; without a file, those that ship.

    Raises:
        InputError: where the file cannot be read or has none.
    """
    if path is None:
        return SHIPPED
    lines = [line.strip() for line in decode(read_long(path), path).splitlines()]
    texts = tuple((f"line {i}", line) for i, line in enumerate(lines, 1) if line)
    if not texts:
        raise InputError([Problem(path, "", "a text to speak on each line", "none")])
    return texts
