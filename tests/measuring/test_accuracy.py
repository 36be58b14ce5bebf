"""How near the marks are to the truth, in milliseconds: for a machine that does nothing else."""

from __future__ import annotations

import pytest
from test_probe import probed

from benchmarks.measuring import overhead
from mars_solver.measuring.samples import Outcome
from speech import CHUNKED, CLOSED, PLAIN, RATE, Answer, cut, header, quiet, speaking, tone

pytestmark = pytest.mark.long
NEAR_MS = 10
SIZE = 2 * RATE * 350 // 1000


@pytest.mark.parametrize("body", [CHUNKED, PLAIN, CLOSED])
@pytest.mark.parametrize("size", [0xFFFFFFFF, SIZE, None], ids=["open", "known", "raw"])
@pytest.mark.parametrize("chunk", [1, 13, 10**6])
def test_each_mark_is_within_10_ms_of_the_truth(body: str, size: int | None, chunk: int) -> None:
    start = [(50.0, cut(header(size), chunk))] if size is not None else []
    silence = [*cut(quiet(250)[:100], chunk), quiet(250)[100:]]
    parts: list[tuple[float, list[bytes]]] = [*start, (150, silence), (400, [tone(100)])]
    told = {"audio": "wav"} if start else {"audio": "pcm_s16le", "sample_rate": RATE}
    answer = Answer(after=20, parts=parts, body=body)
    with speaking(lambda _: answer) as server:
        samples = probed(server, rate=4, requests=8, concurrency=4, **told)
    for sample, (came, *began) in zip(samples, server.truth, strict=True):
        marks = sample.marks
        names = ["headers", "first_byte", "first_audio", "first_audible"]
        if not start:
            names.remove("first_byte")
        assert sample.outcome is Outcome.HEARD
        for name, at in zip(names, began, strict=True):
            reached, sent = getattr(marks, name), marks.sent
            assert sent is not None
            # What passes until the request has come is the connection's, and no mark's.
            assert 0 <= reached - sent - (at - came) / 1e6 + 0.001 < NEAR_MS, (name, sample)


def test_the_probe_adds_at_most_2_ms_at_the_99th_percentile() -> None:
    found = overhead(requests=500)
    assert found["probe"]["p99"] - found["bare"]["p50"] <= 2, found
