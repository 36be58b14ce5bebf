"""What the probe of `measure` adds to a wait, beside a bare asyncio client in the same run.

    python -m benchmarks.measuring [--requests N] [--json FILE]

A server in a process of its own answers at once. The probe and the client ask it in turn, in
rounds, each on one open connection and at the same rate.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
from pathlib import Path
from statistics import median
from time import perf_counter_ns
from typing import Any

from mars_solver.inputs.catalogue.endpoints import Endpoint, request_to
from mars_solver.measuring import probe
from mars_solver.measuring.samples import Sample
from mars_solver.measuring.texts import SHIPPED

RATE = 100
ROUNDS = 5
BODY = bytes(3200)
HEAD = f"HTTP/1.1 200 OK\r\ncontent-length: {len(BODY)}\r\n\r\n".encode()


async def _serve(ports: Any) -> None:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(HEAD + BODY)
        except asyncio.IncompleteReadError:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    ports.put(server.sockets[0].getsockname()[1])
    await server.serve_forever()


def _server(ports: Any) -> None:
    asyncio.run(_serve(ports))


async def _bare(port: int, requests: int) -> list[float]:
    """Ask with nothing but asyncio; the times until the first byte of an answer, in ms."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    waits = []
    for _ in range(requests):
        await asyncio.sleep(1 / RATE)
        sent = perf_counter_ns()
        writer.write(b"GET /?q=x HTTP/1.1\r\nhost: x\r\n\r\n")
        first = await reader.read(1)
        waits.append((perf_counter_ns() - sent) / 1e6)
        await reader.readexactly(len(HEAD) + len(BODY) - len(first))
    writer.close()
    return waits


def _probed(port: int, requests: int) -> list[float]:
    endpoint = Endpoint(url=f"http://127.0.0.1:{port}/?q={{text}}", method="GET", audio="encoded")
    taken: list[Sample] = []
    plan = probe.Plan(
        request_to(endpoint, {}, {}), SHIPPED[:1], requests=requests, warm_up=1, rate=RATE
    )
    probe.run(plan, taken.append)
    return [each.wait for each in taken]


def overhead(requests: int) -> dict[str, dict[str, float]]:
    """Return percentiles of the waits of both, in ms: of each round, and of these the median."""
    ports: Any = multiprocessing.Queue()
    server = multiprocessing.Process(target=_server, args=(ports,), daemon=True)
    server.start()
    port, each = ports.get(), requests // ROUNDS
    rounds: dict[str, list[list[float]]] = {"bare": [], "probe": []}
    try:
        for _ in range(ROUNDS):
            rounds["bare"].append(sorted(asyncio.run(_bare(port, each))))
            rounds["probe"].append(sorted(_probed(port, each)))
    finally:
        server.terminate()
        server.join()
    return {
        name: {f"p{p}": median(w[each * p // 100] for w in waits) for p in (50, 95, 99)}
        for name, waits in rounds.items()
    }


def main() -> None:
    """Print what the probe adds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    found = overhead(asked.requests)
    for name, each in found.items():
        print(f"{name:>6}  " + "  ".join(f"{p} {wait:.2f} ms" for p, wait in each.items()))
    adds = found["probe"]["p99"] - found["bare"]["p50"]
    print(f"the probe's p99 is {adds:.2f} ms above the median of the bare client")
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
