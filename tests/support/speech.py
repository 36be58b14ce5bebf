"""A server of speech on the loopback: it answers as it is told, and notes when it sent what.

And a short run of the probe against it.
"""

from __future__ import annotations

import asyncio
import ssl
import struct
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import pi
from pathlib import Path
from time import perf_counter_ns
from typing import Any, Final

import numpy as np

from mars_solver.inputs.catalogue.endpoints import Endpoint, request_to
from mars_solver.measuring import probe
from mars_solver.measuring.samples import Sample
from mars_solver.measuring.texts import SHIPPED

RATE: Final = 16_000
"""Samples a second, of 16 bits."""
CERTIFICATE: Final = Path(__file__).with_name("localhost.pem")
"""Of a server that speaks TLS, with its key: nobody trusts it unless told to."""
CHUNKED, PLAIN, CLOSED = "chunked", "plain", "closed"
"""How the end of a body is told: by chunks, by its length, by closing the connection."""


def tone(ms: int) -> bytes:
    """A tone of 440 Hz at half of full scale."""
    time = np.arange(RATE * ms // 1000) / RATE
    return (np.sin(2 * pi * 440 * time) * 2**14).astype("<i2").tobytes()


def quiet(ms: int) -> bytes:
    """Digital silence."""
    return bytes(2 * (RATE * ms // 1000))


def header(size: int = 0xFFFFFFFF) -> bytes:
    """The header of a WAV file, with a chunk that players skip."""
    form = struct.pack("<HHIIHH", 1, 1, RATE, 2 * RATE, 2, 16)
    parts = b"fmt " + struct.pack("<I", 16) + form + b"LIST" + struct.pack("<I", 4) + b"INFO"
    return (
        b"RIFF"
        + struct.pack("<I", 0xFFFFFFFF)
        + b"WAVE"
        + parts
        + b"data"
        + struct.pack("<I", size)
    )


def cut(data: bytes, size: int) -> list[bytes]:
    """Some bytes in chunks."""
    return [data[start : start + size] for start in range(0, len(data), size)]


@dataclass(frozen=True)
class Answer:
    """What a request gets.

    Attributes:
        after: ms until the headers, since the request came.
        parts: ms since the request came, and the bytes that are sent then, as one chunk or several.
        length: bytes that the headers promise beyond those sent.
    """

    parts: Sequence[tuple[float, bytes | Sequence[bytes]]] = ((0, header() + tone(100)),)
    after: float = 0
    status: int = 200
    body: str = CHUNKED
    length: int = 0
    kind: str = "audio/wav"
    close: bool = False
    hang: bool = False


@dataclass
class Speech:
    """A server that is up.

    Attributes:
        truth: for each answer, when its request had come, and when the sending of its headers and
            of each part began, in nanoseconds of `perf_counter_ns`.
        asked: the head and the body of each request.
    """

    port: int
    truth: list[list[int]] = field(default_factory=list)
    asked: list[tuple[bytes, bytes]] = field(default_factory=list)
    connections: int = 0
    scheme: str = "http"

    @property
    def url(self) -> str:
        """Where speech is."""
        return f"{self.scheme}://127.0.0.1:{self.port}/speech"


@contextmanager
def speaking(answer: Callable[[int], Answer], scheme: str = "http") -> Iterator[Speech]:
    """Yield a server in a thread of its own; `answer` is asked with the number of each request."""
    loop = asyncio.new_event_loop()
    up, speech, stop = threading.Event(), Speech(0, scheme=scheme), asyncio.Event()
    secured = None
    if scheme == "https":
        secured = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        secured.load_cert_chain(CERTIFICATE)
    tasks: set[asyncio.Task[None]] = set()

    async def serve() -> None:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks.add(task)
            speech.connections += 1
            try:
                while await _exchange(speech, reader, writer, answer):
                    pass
            except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                pass
            finally:
                tasks.discard(task)
                writer.close()

        server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=secured)
        speech.port = server.sockets[0].getsockname()[1]
        up.set()
        await stop.wait()
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    sys.setswitchinterval(0.0005)  # so that neither side waits for the other to be awake
    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    up.wait()
    try:
        yield speech
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


async def _exchange(
    speech: Speech,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    answer: Callable[[int], Answer],
) -> bool:
    """Take a request and answer it; return whether the connection stays open."""
    head = await reader.readuntil(b"\r\n\r\n")
    came = perf_counter_ns()
    length = next(
        (
            int(line[15:])
            for line in head.lower().splitlines()
            if line.startswith(b"content-length:")
        ),
        0,
    )
    body = await reader.readexactly(length)
    number = len(speech.asked)
    speech.asked.append((head, body))
    told = answer(number)
    if told.hang:
        await asyncio.Event().wait()
    began = [came]
    speech.truth.append(began)

    async def at(ms: float, pieces: Sequence[bytes]) -> None:
        await asyncio.sleep(max(0, came + ms * 1e6 - perf_counter_ns()) / 1e9)
        began.append(perf_counter_ns())
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)

    parts = [(ms, [each] if isinstance(each, bytes) else each) for ms, each in told.parts]
    lines = [f"HTTP/1.1 {told.status} x", f"content-type: {told.kind}"]
    if told.body == CHUNKED:
        lines.append("transfer-encoding: chunked")
    elif told.body == PLAIN:
        size = sum(len(b"".join(pieces)) for _, pieces in parts) + told.length
        lines.append(f"content-length: {size}")
    if told.close or told.body == CLOSED:
        lines.append("connection: close")
    await at(told.after, ["\r\n".join([*lines, "", ""]).encode()])
    for ms, pieces in parts:
        chunked = [b"%x\r\n%s\r\n" % (len(each), each) for each in pieces]
        await at(ms, chunked if told.body == CHUNKED else pieces)
    if told.body == CHUNKED and not told.length:
        writer.write(b"0\r\n\r\n")
    await writer.drain()
    return not (told.close or told.length or told.body == CLOSED)


def probed(server: Speech, **plan: Any) -> list[Sample]:
    """The samples of a run against a server, as they were due."""
    how = {key: plan.pop(key) for key in ("audio", "sample_rate") if key in plan}
    request = request_to(Endpoint(url=server.url, body="{text}", **how), {}, {})
    taken: list[Sample] = []
    quick = {"requests": 4, "warm_up": 0, "rate": 100, "concurrency": 8, "timeout": 30}
    assert probe.run(probe.Plan(request, SHIPPED, **{**quick, **plan}), taken.append) == "complete"
    return sorted(taken, key=lambda each: each.number)
