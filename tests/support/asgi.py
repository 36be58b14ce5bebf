"""A client that calls the application in this process, exactly as it is told to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """Sends requests to an ASGI application."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def get(self, target: str, **options: Any) -> Answer:
        return self.send("GET", target, **options)

    def post(self, target: str, data: Any, **options: Any) -> Answer:
        body = data if isinstance(data, bytes) else json.dumps(data).encode()
        return self.send("POST", target, [body], **options)

    def send(
        self,
        method: str,
        target: str,
        chunks: Iterable[bytes] = (),
        content_type: str | None = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request whose body comes in chunks."""
        path, _, query = target.partition("?")
        given = {"host": "localhost", **(headers or {})}
        if method == "POST" and content_type is not None:
            given["content-type"] = content_type
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(k.encode(), v.encode()) for k, v in given.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }
        return asyncio.run(self._exchange(scope, list(chunks) or [b""]))

    async def _exchange(self, scope: dict[str, Any], chunks: list[bytes]) -> Answer:
        sent: list[dict[str, Any]] = []
        left = list(chunks)

        async def receive() -> dict[str, Any]:
            if not left:
                return {"type": "http.disconnect"}
            return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        headers = {k.decode(): v.decode() for k, v in sent[0]["headers"]}
        assert len(headers) == len(sent[0]["headers"])
        body = b"".join(message.get("body", b"") for message in sent[1:])
        return Answer(sent[0]["status"], headers, body)
