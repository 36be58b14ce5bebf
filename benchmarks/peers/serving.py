"""How many answers a second: `POST /v1/recommend` beside an endpoint that only echoes the profile.

    python -m benchmarks.peers.serving [--quick] [--json FILE]

Each application runs apart, under the same server (`mars_solver.web.server`), on loopback: ours as
`mars-solver serve` runs it, in `PROCESSES`, and again in one. The rival is a FastAPI endpoint in
one process that validates the same body as a pydantic model and answers with it. A load generator
of plain sockets in this process sends the same bodies to all, in turns, over a fixed number of
connections, each with one request at a time. It takes a processor for itself, so that on two of
them the processes share what it leaves; the CPU time beside the rate is that of all processes.

Two mixes of bodies: `distinct`, where no profile is asked twice, and `repeated`, the same few over
and over, which the server remembers. Before anything is timed, each answer is compared with
`recommend`. The target is 0.8 of the rate of the echo, for the server as it is run; the exit code
is 1 where an answer differs.

Then the server is asked what takes it long, each `ATTACKS` over and over from several connections,
and meanwhile another connection asks `/healthz`: 99 of 100 answers are to take at most
`HEALTHY_MS`. Beside it stands how late this process itself wakes up, since a busy machine keeps
everybody waiting.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import random
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from string import ascii_lowercase
from time import clock_gettime, perf_counter
from typing import Any, Final, NamedTuple

from benchmarks.shared.harness import (
    finish,
    machine,
    machine_lines,
    met,
    options_of,
    ratio_by_round,
    told,
)
from benchmarks.shared.profiles import REQUESTS, distinct, random_documents
from mars_solver import recommend
from mars_solver.web.listening import address, listen
from mars_solver.web.server import run

SCHEMA: Final = "mars-solver/serving/1"
SEED: Final = 20261122
TARGET: Final = 0.8
"""Of the echo's requests per second."""
HEALTHY_MS: Final = 50.0
PACKAGES: Final = ("mars-solver", "fastapi", "uvicorn", "h11", "pydantic")
OURS: Final = "recommend"
ALONE: Final = "recommend, 1 process"
ECHO: Final = "echo, 1 process"
PATHS: Final = {OURS: "/v1/recommend", ALONE: "/v1/recommend", ECHO: "/echo"}
PROCESSES: Final = {OURS: 2, ALONE: 1, ECHO: 1}
REPEATED: Final = 8
MIXES: Final = ("distinct", "repeated")


class Effort(NamedTuple):
    """How much is sent."""

    rounds: int
    requests: int
    """In each round, to each application."""
    connections: int
    seconds: float
    """Of each attack."""


FULL: Final = Effort(rounds=7, requests=2000, connections=64, seconds=10)
QUICK: Final = Effort(rounds=1, requests=200, connections=8, seconds=0.5)


class Server(NamedTuple):
    """An application that is served apart."""

    port: int
    pid: int
    """Of the first process."""

    def cpu(self) -> float:
        """Return the CPU time of all processes so far, in seconds."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        others = map(int, children.read_text().split()) if children.exists() else ()
        return sum(map(_cpu_seconds, (self.pid, *others)))


class Load(NamedTuple):
    """What one round of requests took."""

    per_second: float
    latencies: list[float]
    """Seconds of each request."""
    cpu: float
    """Seconds of CPU time that all processes of the server took for each request."""


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print the table, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="serving.py", description="Requests per second of /v1/recommend beside an echo."
    )
    options = options_of(parser, argv)
    effort = QUICK if options.quick else FULL
    every = make_bodies(effort.requests * effort.rounds)
    with served(OURS) as ours, served(ALONE) as alone, served(ECHO) as echo:
        servers = {OURS: ours, ALONE: alone, ECHO: echo}
        different = [body.decode() for body in every[:50] if not same(ours.port, body)]
        if told((f"the answer differs on {body}" for body in different), "error"):
            return 1
        rows = {mix: measure(servers, every, effort, repeated=mix == "repeated") for mix in MIXES}
        under = {
            name: health_under(ours, requests, effort.seconds)
            for name, requests in attacks(every).items()
        }
    report = {
        "schema": SCHEMA,
        "machine": machine(PACKAGES),
        "effort": effort._asdict(),
        "target": TARGET,
        "mixes": rows,
        "health": under,
    }
    return finish(report, table(report), options.json)


def measure(
    servers: dict[str, Server], every: list[bytes], effort: Effort, *, repeated: bool
) -> dict[str, Any]:
    """Return what a mix of bodies gives, the applications taking turns round by round."""
    loads: dict[str, list[Load]] = {name: [] for name in servers}
    for turn in range(effort.rounds):
        start = turn * effort.requests
        bodies = (
            list(islice(cycle(every[:REPEATED]), effort.requests))
            if repeated
            else every[start : start + effort.requests]
        )
        for name in list(servers)[:: 1 if turn % 2 else -1]:
            loads[name].append(load(servers[name], PATHS[name], bodies, effort.connections))
    rows: dict[str, Any] = {}
    for name, rounds in loads.items():
        latencies = sorted(second for each in rounds for second in each.latencies)
        rows[name] = {
            "per_second": statistics.median(each.per_second for each in rounds),
            "p50_ms": 1e3 * latencies[len(latencies) // 2],
            "p99_ms": 1e3 * latencies[int(len(latencies) * 0.99)],
            "cpu_us": 1e6 * statistics.median(each.cpu for each in rounds),
        }
    echo = loads[ECHO]
    for name, rounds in loads.items():
        rates = [each.per_second for each in rounds]
        rows[name]["ratio"] = ratio_by_round(rates, [each.per_second for each in echo])
        rows[name]["cpu_ratio"] = ratio_by_round(
            [each.cpu for each in echo], [each.cpu for each in rounds]
        )
    return rows


class Attack(NamedTuple):
    """Requests that take the server long."""

    path: str
    bodies: list[bytes]
    connections: int
    media: str = "application/json"


def attacks(every: list[bytes]) -> dict[str, Attack]:
    """Return the attacks by name."""
    chance = random.Random(SEED)  # noqa: S311  (variety, no secret)

    def word(length: int) -> str:
        return "".join(chance.choices(ascii_lowercase, k=length))

    def tags(count: int) -> list[str]:
        return [f"{word(2)}-{word(2)}" for _ in range(count)]

    def encoded(make: Callable[[], Any], count: int = 8) -> list[bytes]:
        return [json.dumps(make(), separators=(",", ":")).encode() for _ in range(count)]

    recommend_, batch = PATHS[OURS], "/v1/batch"
    rows = [b"\n".join(encoded(lambda: {word(8): 1, word(9): 2}, 1000)) for _ in range(4)]
    return {
        "64 clients, distinct profiles": Attack(recommend_, every[:2000], 64),
        "4 600 unknown keys": Attack(
            recommend_, encoded(lambda: {word(8): 1 for _ in range(4600)}), 8
        ),
        "7 000 languages": Attack(
            recommend_, encoded(lambda: {"require": {"languages": tags(7000)}}), 8
        ),
        "explanations": Attack("/v1/explain", every[:200], 16),
        "1 000 bad rows": Attack(batch, rows, 4, "application/x-ndjson"),
    }


def health_under(server: Server, attack: Attack, seconds: float) -> dict[str, float]:
    """Return how long `/healthz` takes for so many seconds, and how late this process wakes up."""
    waits: list[float] = []
    late: list[float] = []
    requests = cycle([_request(attack.path, each, attack.media) for each in attack.bodies])
    ends = perf_counter() + seconds

    async def ask() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        while perf_counter() < ends:
            writer.write(next(requests))
            await _answer(reader, (b"200", b"422"))
        writer.close()

    async def watch() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        while not waits or perf_counter() < ends:
            start = perf_counter()
            await asyncio.sleep(_GAP)
            late.append(perf_counter() - start - _GAP)
            start = perf_counter()
            writer.write(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")
            await _answer(reader)
            waits.append(perf_counter() - start)

        writer.close()

    async def everything() -> None:
        await asyncio.gather(watch(), *(ask() for _ in range(attack.connections)))

    asyncio.run(everything())
    return {"p50_ms": _ms(waits, 0.5), "p99_ms": _ms(waits, 0.99), "late_p99_ms": _ms(late, 0.99)}


_GAP: Final = 5e-3
"""Seconds between two questions to `/healthz`."""


def _ms(seconds: list[float], share: float) -> float:
    """Return a percentile in milliseconds."""
    return 1e3 * sorted(seconds)[int((len(seconds) - 1) * share)]


def make_bodies(count: int) -> list[bytes]:
    """Return so many different profiles as JSON: the same ones in every run."""
    documents = distinct(random_documents(REQUESTS, SEED))
    return [json.dumps(document).encode() for document in islice(documents, count)]


@contextmanager
def served(name: str) -> Iterator[Server]:
    """Serve one application, apart from this process."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(name, theirs))
    process.start()
    try:
        yield Server(ours.recv(), process.pid or 0)
    finally:
        process.terminate()
        process.join()


def _serve(name: str, pipe: Any) -> None:
    """Serve an application until the process is ended."""
    opened = listen("127.0.0.1", 0, PROCESSES[name])
    app = _echo() if name == ECHO else _ours()
    pipe.send(int(address(opened[0]).rstrip("/").rpartition(":")[2]))
    run(app, opened)


def _ours() -> Any:
    from mars_solver import Solver, load_catalogue, load_weights  # noqa: PLC0415
    from mars_solver.web.app import create_app  # noqa: PLC0415

    return create_app(Solver(load_catalogue(), load_weights()))


def _echo() -> Any:
    from benchmarks.peers.rivals.echo import echo_app  # noqa: PLC0415

    return echo_app()


def same(port: int, body: bytes) -> bool:
    """Return whether the server answers a body as `recommend` does."""

    async def ask() -> Any:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(_request(PATHS[OURS], body))
        answer = await _answer(reader)
        writer.close()
        return json.loads(answer)

    expected = recommend(json.loads(body)).to_dict()
    return bool(asyncio.run(ask()) == json.loads(json.dumps(expected)))


def _cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process so far."""
    clock = (~pid << 3) | 2  # as Linux numbers the CPU clock of a process
    return clock_gettime(clock)


def load(server: Server, path: str, bodies: list[bytes], connections: int) -> Load:
    """Return what it takes to have all bodies answered, over so many connections."""
    requests = iter([_request(path, body) for body in bodies])
    latencies: list[float] = []

    async def work() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        for request in requests:
            start = perf_counter()
            writer.write(request)
            await _answer(reader)
            latencies.append(perf_counter() - start)
        writer.close()

    async def everything() -> float:
        start = perf_counter()
        async with asyncio.timeout(120):
            await asyncio.gather(*(work() for _ in range(connections)))
        return perf_counter() - start

    before = server.cpu()
    seconds = asyncio.run(everything())
    cpu = server.cpu() - before
    return Load(len(bodies) / seconds, latencies, cpu / len(bodies))


def _request(path: str, body: bytes, media: str = "application/json") -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {media}\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _answer(reader: asyncio.StreamReader, statuses: Sequence[bytes] = (b"200",)) -> bytes:
    """Return the body of the next answer.

    Raises:
        RuntimeError: where it has another status than those expected.
    """
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
    body = await reader.readexactly(length)
    if head.split(maxsplit=2)[1] not in statuses:
        raise RuntimeError(body.decode())
    return body


def table(report: dict[str, Any]) -> list[str]:
    """Return a report as lines of text."""
    effort = report["effort"]
    sent = f"{effort['rounds']} rounds of {effort['requests']} requests to each"
    lines = [
        *machine_lines(report["machine"]),
        f"{sent}, over {effort['connections']} connections; all answers are those of recommend",
        "",
        f"{'':<32}{'rate':>10}{'p50 ms':>8}{'p99 ms':>8}{'CPU µs':>8}{'of echo':>9}{'CPU':>6}",
    ]
    for mix, rows in report["mixes"].items():
        for name, row in rows.items():
            verdict = met(row["ratio"] >= report["target"]) if name == OURS else ""
            lines.append(
                f"{mix + ': ' + name:<32}{row['per_second']:>10.0f}"
                f"{row['p50_ms']:>8.2f}{row['p99_ms']:>8.2f}{row['cpu_us']:>8.0f}"
                f"{row['ratio']:>9.2f}{row['cpu_ratio']:>6.2f}  {verdict}".rstrip()
            )
    lines += ["", f"{'/healthz, while asked for':<38}{'p50 ms':>10}{'p99 ms':>10}{'late p99':>10}"]
    for name, row in report["health"].items():
        verdict = met(row["p99_ms"] - row["late_p99_ms"] <= HEALTHY_MS)
        lines.append(
            f"{name:<38}{row['p50_ms']:>10.1f}{row['p99_ms']:>10.1f}{row['late_p99_ms']:>10.1f}"
            f"  {verdict}"
        )
    return lines


if __name__ == "__main__":
    sys.exit(main())
