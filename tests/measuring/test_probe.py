"""The probe, over real sockets: what it marks, what it counts, and what it never drops.

Times are compared with those that the server noted, by order and with room for a busy machine;
tests/measuring/test_accuracy.py holds them to milliseconds.
"""

from __future__ import annotations

import math
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest

from mars_solver.errors import InputError
from mars_solver.inputs.catalogue.endpoints import Endpoint, request_to
from mars_solver.measuring import probe
from mars_solver.measuring.alerts import AlertKind
from mars_solver.measuring.measurement import Measurement, measurement_of
from mars_solver.measuring.samples import Connection, Outcome, Sample, Setup
from mars_solver.measuring.texts import SHIPPED
from speech import (
    CERTIFICATE,
    CHUNKED,
    CLOSED,
    PLAIN,
    RATE,
    Answer,
    Speech,
    cut,
    header,
    probed,
    quiet,
    speaking,
    tone,
)

SETUP = Setup(
    schema="mars-solver/samples/1",
    model="a",
    attribute="wait",
    endpoint="test",
    texts="x",
    started="2026-11-26T10:00:00+00:00",
    rate=1,
    concurrency=1,
    timeout_s=1,
    percentile="95",
    confidence="95",
    made_with="test",
)


LOOSE = 5000
"""So many ms may pass on a busy machine until what was sent is seen."""


def asked(answer: Callable[[int], Answer], **plan: Any) -> list[Sample]:
    with speaking(answer) as server:
        return probed(server, **plan)


def shown(samples: list[Sample]) -> Measurement:
    return measurement_of(SETUP, samples)


@pytest.mark.parametrize("body", [CHUNKED, PLAIN, CLOSED])
def test_each_mark_is_of_what_it_names(body: str) -> None:
    parts = ((40, cut(header(), 1)), (60, cut(quiet(20), 7)), (80, tone(60)))
    with speaking(lambda _: Answer(after=20, parts=parts, body=body)) as server:
        samples = probed(server, rate=5, requests=2)
    for sample, (came, *began) in zip(samples, server.truth, strict=True):
        marks = sample.marks
        reached = [marks.headers, marks.first_byte, marks.first_audio, marks.first_audible]
        # Nothing arrives before the server begins with it, by a clock that both read.
        for mark, start in zip(reached, began, strict=True):
            assert mark is not None
            assert marks.sent is not None
            assert 0 <= mark - marks.sent - (start - came) / 1e6 + 0.001 < LOOSE
        assert marks.first_audible == marks.last_byte
        assert (sample.outcome, sample.silence_ms, sample.audio_ms) == (Outcome.HEARD, 20, 80)


def test_raw_samples_have_no_header() -> None:
    parts = ((10, quiet(50)), (40, tone(100)))
    (sample, *_) = asked(
        lambda _: Answer(parts=parts, kind="audio/pcm"), audio="pcm_s16le", sample_rate=RATE
    )
    assert sample.outcome is Outcome.HEARD
    assert sample.marks.first_audio == sample.marks.first_byte
    assert sample.marks.first_audible > sample.marks.first_audio  # type: ignore[operator]


FAILING = {
    Outcome.EMPTY: Answer(parts=()),
    Outcome.SILENT: Answer(parts=((0, header() + quiet(300)),)),
    Outcome.TRUNCATED: Answer(length=1000),
    Outcome.STATUS: Answer(status=500),
    Outcome.NO_AUDIO: Answer(kind="application/json", parts=((0, b"{}"),)),
    Outcome.HEARD: Answer(),
    Outcome.TIMEOUT: Answer(hang=True),
}


def test_every_failure_is_counted_as_infinite_and_never_dropped() -> None:
    answers = list(FAILING.values())
    samples = asked(answers.__getitem__, requests=len(answers), timeout=2, concurrency=1)
    assert [each.outcome for each in samples] == list(FAILING)
    assert [math.isinf(each.wait) for each in samples] == [
        each is not Outcome.HEARD for each in FAILING
    ]
    assert samples[3].status == 500
    (series,) = shown(samples).series
    assert (series.failed, series.samples + series.reconnected) == (6, 7)
    told = {each.failure for each in samples if each.outcome is not Outcome.HEARD}
    assert {*series.failures} == told
    assert "status 500 (Internal Server Error)" in told


@pytest.mark.parametrize("body", [CHUNKED, PLAIN])
def test_a_body_that_ends_early_is_truncated(body: str) -> None:
    (sample,) = asked(lambda _: Answer(body=body, length=1000), requests=1)
    assert (sample.outcome, sample.wait) == (Outcome.TRUNCATED, math.inf)
    assert sample.marks.first_audio is not None


def test_where_nobody_listens_each_request_is_refused() -> None:
    with speaking(lambda _: Answer()) as server:
        pass
    samples = probed(server)
    assert [each.outcome for each in samples] == [Outcome.REFUSED] * 4
    (series,) = shown(samples).series
    assert (series.samples, series.failures) == (4, {"refused": 4})


def test_tls_is_marked_where_a_connection_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with speaking(lambda _: Answer(), "https") as server:
        kinds = (Connection.WARM, Connection.COLD)
        warm, cold = probed(server, kinds=kinds, concurrency=1, warm_up=1, requests=1)
    assert (warm.outcome, cold.outcome) == (Outcome.HEARD, Outcome.HEARD)
    assert (warm.marks.connected, warm.marks.secured) == (None, None)
    assert cold.marks.connected < cold.marks.secured < cold.marks.headers  # type: ignore[operator]


def test_why_there_is_no_connection_is_told_apart() -> None:
    with speaking(lambda _: Answer(), "https") as server:
        (untrusted,) = probed(server, requests=1)
    with socket.create_server(("127.0.0.1", 0)) as hasty:

        def close() -> None:
            hasty.accept()[0].close()

        closing = threading.Thread(target=close)
        closing.start()
        (unsecured,) = probed(Speech(hasty.getsockname()[1], scheme="https"), requests=1)
        closing.join()
    nowhere = request_to(Endpoint(url="http://nobody.invalid/{text}"), {}, {})
    taken: list[Sample] = []
    probe.run(probe.Plan(nowhere, SHIPPED, requests=1, warm_up=0), taken.append)
    found = [each.outcome for each in (untrusted, unsecured, *taken)]
    assert found == [Outcome.UNTRUSTED, Outcome.NO_TLS, Outcome.NO_HOST]


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("SSL_CERT_FILE", "nowhere.pem", "no certificates to trust: no such file"),
        ("SSL_CERT_FILE", __file__, "no certificates to trust: "),
        ("HTTP_PROXY", "soup://me:s3cr3t@x", "a proxy that cannot be used"),
    ],
)
def test_an_environment_that_cannot_be_used_is_bad_input(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match=told) as caught:
        probed(Speech(9))
    assert name in str(caught.value)
    assert "s3cr3t" not in str(caught.value)


def test_a_sample_that_cannot_be_recorded_ends_the_run_with_its_error() -> None:
    def full(_: Sample) -> None:
        raise OSError(28, "no space left")

    with speaking(lambda _: Answer()) as server:
        request = request_to(Endpoint(url=server.url, body="{text}"), {}, {})
        plan = probe.Plan(request, SHIPPED, requests=9, rate=500)
        with pytest.raises(OSError, match="no space left"):
            probe.run(plan, full)


def test_an_address_that_is_none_once_it_is_filled_in_is_bad_input() -> None:
    request = request_to(Endpoint(url="http://127.0.0.1:9/{text}"), {}, {})
    plan = probe.Plan(request, (("long", 70_000 * "x"),))
    with pytest.raises(InputError, match="no address, once it is filled in"):
        probe.run(plan, lambda _: None)


def test_connections_that_are_open_are_warm_and_a_new_one_is_cold() -> None:
    with speaking(lambda _: Answer()) as server:
        kinds = (Connection.WARM, Connection.COLD)
        samples = probed(server, kinds=kinds, concurrency=1, warm_up=1, requests=5)
    assert [each.connection for each in samples] == [*kinds] * 5
    assert server.connections == 1 + 5
    assert [(each.marks.connected is None) for each in samples] == [True, False] * 5
    warm, cold = shown(samples).series
    assert (warm.connection, warm.samples, cold.samples) == (Connection.WARM, 5, 5)
    texts = [each.text for each in samples]
    assert texts[::2] == texts[1::2]


def test_a_server_that_closes_every_second_connection_is_flagged_and_never_counted_as_warm() -> (
    None
):
    samples = asked(
        lambda number: Answer(close=number % 2 == 0), concurrency=1, warm_up=1, requests=12
    )
    assert [each.connection for each in samples] == [Connection.COLD, Connection.WARM] * 6
    found = shown(samples)
    (series,) = found.series
    assert (series.samples, series.reconnected) == (6, 6)
    assert AlertKind.RECONNECTS in {each.kind for each in found.alerts}


def test_a_stall_shows_for_every_request_that_was_due_meanwhile() -> None:
    samples = asked(
        lambda number: Answer(after=500 if number == 30 else 0),
        requests=60,
        warm_up=1,
        concurrency=1,
        rate=50,
    )
    (series,) = shown(samples).series
    assert series.wait.point > 300 > series.since_sent
    assert AlertKind.STALLS in {each.kind for each in shown(samples).alerts}


def test_nothing_is_measured_where_no_warm_up_is_answered() -> None:
    with (
        speaking(lambda _: Answer(status=401)) as server,
        pytest.raises(InputError, match=r"warm-up failed: 3 × status 401 \(Unauthorized\)"),
    ):
        probed(server, warm_up=3)
    assert len(server.asked) == 3


def test_no_request_begins_when_time_is_out() -> None:
    with speaking(lambda _: Answer()) as server:
        request = request_to(Endpoint(url=server.url, body="{text}"), {}, {})
        taken: list[Sample] = []
        plan = probe.Plan(request, SHIPPED, requests=1000, warm_up=0, rate=100, seconds=0.1)
        assert probe.run(plan, taken.append) == "out of time"
    assert 0 < len(taken) <= 11


def test_the_time_of_the_warm_up_is_bounded_too() -> None:
    with speaking(lambda _: Answer(hang=True)) as server:
        request = request_to(Endpoint(url=server.url, body="{text}"), {}, {})
        plan = probe.Plan(request, SHIPPED, warm_up=900, concurrency=1, timeout=0.1, seconds=0.3)
        with pytest.raises(InputError, match=r"warm-up failed: [1-9] × timeout"):
            probe.run(plan, lambda _: None)
    assert 0 < len(server.asked) < 10


def test_it_stops_at_the_look_that_settles_and_at_no_other() -> None:
    with speaking(lambda _: Answer()) as server:
        request = request_to(Endpoint(url=server.url, body="{text}"), {}, {})
        taken: list[Sample] = []
        looked: list[int] = []

        def settled() -> bool:
            looked.append(len(taken))
            return len(looked) == 2

        plan = probe.Plan(request, SHIPPED, requests=20, warm_up=0, rate=500, looks=(4, 8, 20))
        assert probe.run(plan, taken.append, settled=settled) == "settled"
    assert (looked, len(taken)) == ([4, 8], 8)


def test_every_text_is_asked_for_in_words_of_its_own() -> None:
    with speaking(lambda _: Answer()) as server:
        probed(server, requests=12)
    bodies = [body for _, body in server.asked]
    assert all(head.count(b"user-agent") == 1 for head, _ in server.asked)
    assert len({*bodies}) == 12
    assert len({len(body) > 60 for body in bodies}) == 2
