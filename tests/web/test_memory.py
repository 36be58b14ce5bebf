"""Bodies of any shape, no two alike: the server remembers some of them, and grows no further."""

from __future__ import annotations

import json
import random
import string
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from served import started

BODIES = 20_000
MOST_BYTES = 150 * 2**20
PAGE_BYTES = 4096
JSON, NDJSON = "application/json", "application/x-ndjson"
Call = tuple[str, str, bytes, str]


def word(chance: random.Random, length: int) -> str:
    return "".join(chance.choices(string.ascii_lowercase, k=length))


def tags(chance: random.Random, most: int) -> list[str]:
    return [f"{word(chance, 2)}-{word(chance, 2)}" for _ in range(size(chance, most))]


def size(chance: random.Random, most: int) -> int:
    """A number up to another one, mostly a small one, and now and then the largest."""
    return most if chance.random() < 0.002 else int(most ** chance.uniform(0, 0.7))


def profile(chance: random.Random) -> dict[str, Any]:
    return {
        "name": word(chance, 12),
        "require": {"max_ttfb_ms": chance.uniform(1, 10**6), "languages": tags(chance, 10)},
        "prefer": {"latency": chance.randrange(11)},
    }


def post(path: str, data: Any, media: str = JSON) -> Call:
    short = data if isinstance(data, bytes) else json.dumps(data, separators=(",", ":")).encode()
    return "POST", path, short, media


def padded(chance: random.Random) -> bytes:
    return json.dumps(profile(chance)).encode() + b" " * size(chance, 60_000)


def lines(chance: random.Random) -> bytes:
    rows = [
        {"id": word(chance, 9), "languages": ";".join(tags(chance, 8)), word(chance, 3): 1}
        if chance.random() < 0.2
        else {"max_ttfb_ms": chance.uniform(1, 10**6), "latency": chance.randrange(11)}
        for _ in range(size(chance, 1000))
    ]
    return b"\n".join(json.dumps(row).encode() for row in rows)


def page(chance: random.Random) -> str:
    figure, limit = chance.randrange(1, 10**6), chance.randrange(1, 10**6)
    listed = ";".join(tags(chance, 300))
    return f"/?measure.mars-flash.ttfb_ms={figure}&max_ttfb_ms={limit}&languages={listed}"


SHAPES: tuple[Callable[[random.Random], Call], ...] = (
    lambda chance: post("/v1/recommend", profile(chance)),
    lambda chance: post("/v1/recommend", padded(chance)),
    lambda chance: post("/v1/recommend", {"require": {"languages": tags(chance, 7000)}}),
    lambda chance: post("/v1/recommend", {word(chance, 8): 1 for _ in range(size(chance, 4600))}),
    lambda chance: post("/v1/recommend", {"name": word(chance, size(chance, 60_000))}),
    lambda chance: post(
        "/v1/recommend",
        {"require": {"regions": [word(chance, 190) for _ in range(size(chance, 300))]}},
    ),
    lambda chance: post("/v1/explain", profile(chance)),
    lambda chance: post("/v1/explain", {"require": {"languages": tags(chance, 2000)}}),
    lambda chance: post("/v1/compare?first=mars-pro&second=mars-flash", profile(chance)),
    lambda chance: post("/v1/batch", lines(chance), NDJSON),
    lambda chance: ("GET", page(chance), b"", ""),
    lambda chance: ("GET", f"/?{word(chance, 20)}={word(chance, 900)}", b"", ""),
)


def calls(count: int) -> Iterator[Call]:
    chance = random.Random(18)
    # The rarer the shape, the longer it takes: pages and batches are a few in a hundred.
    weights = [12, 12, 12, 12, 12, 12, 10, 2, 10, 2, 1, 1]
    for shape in chance.choices(SHAPES, weights, k=count):
        yield shape(chance)


def resident(pid: int) -> int:
    """The memory of a process, in bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * PAGE_BYTES


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux")
def test_distinct_bodies_of_any_shape_take_bounded_memory() -> None:
    statuses = set()
    with started("--processes", "1") as (server, _, port):
        start = resident(server.pid)
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        for number, (method, path, body, media) in enumerate(calls(BODIES)):
            connection.request(method, path, body or None, {"content-type": media} if media else {})
            answer = connection.getresponse()
            answer.read()
            statuses.add(answer.status)
            if number % 100 == 0:
                assert resident(server.pid) - start <= MOST_BYTES, number
        assert resident(server.pid) - start <= MOST_BYTES
        connection.close()
    assert statuses == {200, 422}
