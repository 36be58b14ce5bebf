"""Protect the answers from the web: bound bodies and time, set headers, describe refusals.

A refusal is a value, `RefusalError`; it becomes problem details as RFC 9457 defines them.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable
from dataclasses import asdict
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, TypeVar

import anyio
import anyio.to_thread

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from mars_solver.errors import Problem

T = TypeVar("T")
MEDIA_TYPE: Final = "application/problem+json"
MOST_SHOWN: Final = 500
"""How many problems a refusal lists; nobody reads more."""
BODY_SECONDS: Final = 10.0
"""How long a body may take to arrive."""
WORK_SECONDS: Final = 20.0
"""How long an answer may take, including the wait for a free worker."""
AT_ONCE: Final = 2
"""How many slow answers are worked on at once."""
MOST_WAITING: Final = 64
"""How many requests may wait for a worker; more are refused with 503."""
_DRAINED: Final = 2**26
"""How many bytes of a body that is too large are read and thrown away. A client that is still
sending sees the answer only if the server reads on; beyond this the connection is closed."""
_BUSY: Final = {"retry-after": "5"}
_CLOSE: Final = {"connection": "close"}
NO_SOURCES: Final = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
HEADERS: Final[dict[str, str]] = {
    "content-security-policy": NO_SOURCES,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), interest-cohort=()",
    "cache-control": "no-store",
}
"""Every answer has them, except where it sets its own value."""
_ENCODED: Final = [(name.encode(), value.encode()) for name, value in HEADERS.items()]


class RefusalError(Exception):
    """A request is refused, with a status and the reasons.

    Attributes:
        status: the HTTP status, from 400 to 599.
        detail: one sentence.
        problems: every fault of the input; none where the input is not the reason.
        headers: to be sent with the refusal.
    """

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
        """Return the problem details of RFC 9457, with the first `MOST_SHOWN` problems."""
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


def unusable(problems: Iterable[Problem]) -> RefusalError:
    """Return the refusal of an input that has problems: 422 with each of them."""
    listed = tuple(problems)
    count = f"{len(listed)} problem{'s' if len(listed) != 1 else ''} found"
    return RefusalError(422, f"{count}; each is listed under problems.", listed)


def too_large(bound: str, headers: dict[str, str] | None = None) -> RefusalError:
    """Return the refusal of a body that exceeds a bound."""
    return RefusalError(413, f"The body is larger than {bound}.", headers=headers)


class Headers:
    """Middleware that adds `HEADERS` to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer one request, and complete the headers of the answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = with_defaults(message.get("headers", ()))
            await send(message)

        await self._app(scope, receive, with_headers)


def with_defaults(headers: Any) -> list[tuple[bytes, bytes]]:
    """Return the headers of an answer, completed by those of `HEADERS` that it does not set."""
    own = list(headers)
    names = {name.lower() for name, _ in own}
    return own + [each for each in _ENCODED if each[0] not in names]


async def body_of(request: Request, most: int) -> bytes:
    """Return the body of a request.

    Args:
        request: the request.
        most: how many bytes the body may have.

    Raises:
        RefusalError: 413 if the body is larger, 408 if it takes longer than `BODY_SECONDS`.
    """
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                size += len(part)
                if size <= most:
                    parts.append(part)
                elif size > _DRAINED:
                    raise too_large(f"{most} bytes", _CLOSE)
    except TimeoutError:
        detail = f"The body did not arrive within {BODY_SECONDS:g} seconds."
        raise RefusalError(408, detail, headers=_CLOSE) from None
    if size > most:
        raise too_large(f"{most} bytes")
    return b"".join(parts)


class WorkerPool:
    """Threads for slow answers: few work at once, and each answer has bounded time."""

    def __init__(self) -> None:
        self._limiter: anyio.CapacityLimiter | None = None
        self._waiting = 0

    async def do(self, work: Callable[[], T]) -> T:
        """Call a function in a thread, and return its result.

        Raises:
            RefusalError: 503 if too many requests are waiting, or the call takes too long.
        """
        if self._waiting >= MOST_WAITING:
            raise RefusalError(503, "Too many requests wait for an answer.", headers=_BUSY)
        if self._limiter is None:  # made here because it belongs to the running event loop
            self._limiter = anyio.CapacityLimiter(AT_ONCE)
        self._waiting += 1
        try:
            async with asyncio.timeout(WORK_SECONDS):
                return await anyio.to_thread.run_sync(
                    work, limiter=self._limiter, abandon_on_cancel=True
                )
        except TimeoutError:
            detail = f"The answer took more than {WORK_SECONDS:g} seconds."
            raise RefusalError(503, detail, headers=_BUSY) from None
        finally:
            self._waiting -= 1


def media_type_of(request: Request) -> str:
    """Return the media type of a body in lower case, without parameters; "" if none is given."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
