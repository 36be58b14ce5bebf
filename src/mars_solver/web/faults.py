"""What the JSON API answers where it has no answer: problem details (RFC 9457), as values."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from mars_solver.errors import Problem

MEDIA_TYPE: Final = "application/problem+json"
MOST_SHOWN: Final = 500
"""How many problems are listed; a profile with more of them is none."""


class RefusalError(Exception):
    """A request that gets no answer, with the reasons."""

    def __init__(
        self,
        status: int,
        detail: str,
        problems: Iterable[Problem] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.problems = tuple(problems)
        self.headers = headers or {}

    def to_dict(self) -> dict[str, Any]:
        """Return the problem details."""
        return {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "problems": [asdict(each) for each in self.problems[:MOST_SHOWN]],
        }

    def to_json(self) -> bytes:
        """Return the problem details as JSON."""
        return json.dumps(self.to_dict()).encode()


def counted(problems: Iterable[Problem]) -> str:
    """Return the number of problems as a sentence."""
    count = len(tuple(problems))
    return f"{count} problem{'s' if count != 1 else ''} found; each is listed under problems."
