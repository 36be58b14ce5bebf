"""What stands between the web and the answers: bounded bodies, bounded time, careful headers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

import anyio
import anyio.to_thread

from mars_solver.web.faults import RefusalError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

T = TypeVar("T")
BODY_SECONDS: Final = 10.0
"""How long a body may take to arrive."""
WORK_SECONDS: Final = 20.0
"""How long an answer may take, the wait for its turn included."""
AT_ONCE: Final = 2
"""How many of the answers that take long are worked on at once."""
MOST_WAITING: Final = 64
"""How many may wait for their turn; more are told to come again."""
_DRAINED: Final = 2**26
"""Of a body that is too large, so many bytes are read and thrown away, so that the client sees the
answer; then the connection is closed."""
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
"""On every answer, unless it brings its own."""
_ENCODED: Final = [(name.encode(), value.encode()) for name, value in HEADERS.items()]


class Headers:
    """Middleware that puts the headers on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = with_defaults(message.get("headers", ()))
            await send(message)

        await self._app(scope, receive, with_headers)


def with_defaults(headers: Any) -> list[tuple[bytes, bytes]]:
    """Return headers with those that every answer has."""
    own = list(headers)
    names = {name.lower() for name, _ in own}
    return own + [each for each in _ENCODED if each[0] not in names]


async def body_of(request: Request, most: int) -> bytes:
    """Return the body of a request.

    Raises:
        RefusalError: 413 where it has more than `most` bytes, 408 where it does not arrive in time.
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


def too_large(bound: str, headers: dict[str, str] | None = None) -> RefusalError:
    """Return the fault of a body that exceeds a bound."""
    return RefusalError(413, f"The body is larger than {bound}.", headers=headers)


class WorkerPool:
    """Where answers that take long are worked on: few at once, in bounded time."""

    def __init__(self) -> None:
        self._limiter: anyio.CapacityLimiter | None = None
        self._waiting = 0

    async def do(self, work: Callable[[], T]) -> T:
        """Return what some work gives, done in a thread.

        Raises:
            RefusalError: 503 where too many wait already, or it takes too long.
        """
        if self._waiting >= MOST_WAITING:
            raise RefusalError(503, "Too many requests wait for an answer.", headers=_BUSY)
        if self._limiter is None:  # it belongs to the event loop
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
    """Return the media type of a body, without parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
