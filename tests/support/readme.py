"""The blocks that README.md shows."""

from __future__ import annotations

import re
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"
_BLOCK = re.compile(r"```(\w+)\n(.*?)```\n", re.DOTALL)


def blocks(language: str) -> list[str]:
    """The bodies of the fenced blocks of one language, in order."""
    return [body for name, body in _BLOCK.findall(README.read_text("utf-8")) if name == language]
