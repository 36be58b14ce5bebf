"""Protect the answers from the web: who may ask, bounded bodies, headers, refusals.

A refusal is a value, `RefusalError`; it becomes problem details as RFC 9457 defines them.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Collection, Iterable
from dataclasses import asdict
from http import HTTPStatus
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

from mars_solver.errors import Problem, shown

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MEDIA_TYPE: Final = "application/problem+json"
MOST_SHOWN: Final = 500
"""How many problems a refusal lists; nobody reads more."""
BODY_SECONDS: Final = 10.0
"""How long a body may take to arrive."""
HELD_BYTES: Final = 2**25
"""How many bytes of bodies that are arriving are held; more are refused with 503."""
BUSY: Final = {"retry-after": "5"}
"""The headers of a refusal after which it is worth to try again."""
_DRAINED: Final = 2**26
"""How many bytes of a body that is too large are read and thrown away. A client that is still
sending sees the answer only if the server reads on; beyond this the connection is closed."""
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


class Guard:
    """Middleware that refuses what comes from another site, and adds `HEADERS` to every answer.

    A page from elsewhere can make a browser send requests to this machine: under the name of that
    page's own host (DNS rebinding), or under the right name. The first is told by `Host`, which has
    to be an address, `localhost` or a name that is known; the second by what a browser says of
    where the request comes from (`Sec-Fetch-Site`, `Origin`). Only a link may lead here from
    elsewhere.

    Args:
        app: that answers.
        hosts: the names under which it is served; `*` is any.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str] = ()) -> None:
        self._app = app
        self._hosts = frozenset({*_LOOPBACK, *map(_host_in, hosts)} - {""})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer one request, and complete the headers of the answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = with_defaults(message.get("headers", ()))
            await send(message)

        refusal = self._refusal(scope)
        answer = self._app if refusal is None else response_of(refusal)
        await answer(scope, receive, with_headers)

    def _refusal(self, scope: Scope) -> RefusalError | None:
        """Return why a request is not for this server, or comes from another site."""
        said = dict(scope["headers"])
        text = said.get(b"host", b"localhost").decode("latin-1")  # no browser leaves it out
        host = _host_in(text)
        if host not in self._hosts and ANY_HOST not in self._hosts and not _is_address(host):
            found = shown(text)
            detail = f"This server does not answer for {found}; --allow-host names hosts it does."
            return RefusalError(421, detail)
        reading = scope["method"] in {"GET", "HEAD"}
        site = said.get(b"sec-fetch-site")
        if site is None:  # no browser, or an old one
            origin = said.get(b"origin", b"").decode("latin-1")
            ours = reading or origin in {"", f"http://{text}", f"https://{text}"}
        else:
            ours = site in _OURS or (reading and said.get(b"sec-fetch-mode") == b"navigate")
        return None if ours else RefusalError(403, "A page of another site asks; that is refused.")


ANY_HOST: Final = "*"
"""Stands for every host."""
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
_OURS: Final = (b"same-origin", b"none")
"""What `Sec-Fetch-Site` says of this server's own pages, and of what a person asks for."""


_HOST: Final = re.compile(r"(?:\[([0-9a-f:.]+)\]|([^][:%/@\s]*))(?::[0-9]*)?")


def _host_in(text: str) -> str:
    """Return the host in a `Host` header, without its port; "" where it is none."""
    bare = text.strip().lower()
    found = _HOST.fullmatch(bare)
    if found:
        return (found[1] or found[2]).rstrip(".")
    return bare if _is_address(bare) else ""  # of IPv6, without brackets


def _is_address(host: str) -> bool:
    """Return whether a host is an IP address, which nobody can make a name of his stand for."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return "%" not in host


def response_of(refusal: RefusalError) -> Response:
    """Return the problem details of a refusal as an answer."""
    from starlette.responses import Response  # noqa: PLC0415  (a saved page needs no server)

    return Response(refusal.to_json(), refusal.status, refusal.headers, MEDIA_TYPE)


def with_defaults(headers: Any) -> list[tuple[bytes, bytes]]:
    """Return the headers of an answer, completed by those of `HEADERS` that it does not set."""
    own = list(headers)
    names = {name.lower() for name, _ in own}
    return own + [each for each in _ENCODED if each[0] not in names]


class Intake:
    """Reads the bodies of requests, as many bytes of them at a time as may be held."""

    def __init__(self) -> None:
        self._held = 0

    async def body_of(self, request: Request, most: int) -> bytes:
        """Return the body of a request.

        Args:
            request: the request.
            most: how many bytes the body may have.

        Raises:
            RefusalError: 413 if the body is larger, 408 if it takes longer than `BODY_SECONDS`, 503
                if too many bytes of others are arriving.
        """
        parts: list[bytes] = []
        size = held = 0
        try:
            async with asyncio.timeout(BODY_SECONDS):
                async for part in request.stream():
                    size += len(part)
                    if size > _DRAINED:
                        raise too_large(f"{most} bytes", _CLOSE)
                    if size > most:
                        continue
                    if self._held + len(part) > HELD_BYTES:
                        detail = "Too many bodies are arriving."
                        raise RefusalError(503, detail, headers={**BUSY, **_CLOSE})
                    parts.append(part)
                    held += len(part)
                    self._held += len(part)
        except TimeoutError:
            detail = f"The body did not arrive within {BODY_SECONDS:g} seconds."
            raise RefusalError(408, detail, headers=_CLOSE) from None
        finally:
            self._held -= held
        if size > most:
            raise too_large(f"{most} bytes")
        return b"".join(parts)


def media_type_of(request: Request) -> str:
    """Return the media type of a body in lower case, without parameters; "" if none is given."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
