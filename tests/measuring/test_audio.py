"""Where audio begins and can be heard, wherever its chunks are cut."""

from __future__ import annotations

import struct
from collections.abc import Iterable

import numpy as np
import pytest

from mars_solver.measuring.audio import Listener, NoAudioError
from mars_solver.measuring.samples import Outcome
from speech import RATE, cut, header, quiet, tone


def heard(chunks: Iterable[bytes], audio: str = "wav", rate: int | None = None) -> Listener:
    """What is heard of chunks that arrive one a nanosecond."""
    listener = Listener(audio, rate)
    for at, chunk in enumerate(chunks):
        listener.feed(chunk, at)
    return listener


@pytest.mark.parametrize("size", [0xFFFFFFFF, 0, 0x7FFFFFFF, 2 * RATE * 350 // 1000])
def test_marks_are_those_of_the_bytes_wherever_chunks_are_cut(size: int) -> None:
    start, silence, sound = header(size), quiet(250), tone(100)
    for pieces in (1, 3, 7, 160, 10**6):
        listener = heard(cut(start + silence + sound, pieces))
        first_audible = len(start) + len(silence) + 2 * RATE // 100
        assert listener.outcome is Outcome.HEARD
        assert listener.first_audio == len(start) // pieces
        assert listener.first_audible == (first_audible - 1) // pieces
        assert (listener.silence_ms, listener.audio_ms) == (250, 350)


def test_a_header_may_be_cut_anywhere_and_is_no_audio() -> None:
    start = header()
    for at in range(1, len(start)):
        listener = heard([start[:at], start[at:], tone(60)])
        assert (listener.first_audio, listener.first_audible) == (2, 2)
    assert heard([start]).first_audio is None


def extensible(tag: int, bits: int, channels: int = 2) -> bytes:
    frame = channels * bits // 8
    form = struct.pack("<HHIIHH", 0xFFFE, channels, RATE, RATE * frame, frame, bits)
    form += struct.pack("<HHIH", 22, bits, 3, tag) + bytes(14)
    return (
        b"RIFF\xff\xff\xff\xffWAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + bytes(4)
    )


@pytest.mark.parametrize(
    ("tag", "bits", "dtype"),
    [(1, 8, "u1"), (1, 16, "<i2"), (1, 24, "<i4"), (1, 32, "<i4"), (3, 32, "<f4"), (3, 64, "<f8")],
)
def test_samples_of_every_coding_are_heard(tag: int, bits: int, dtype: str) -> None:
    wave = np.sin(np.arange(RATE // 5) / 5)
    still = np.zeros(RATE // 5)
    full, middle = {"u": (127, 128), "i": (2 ** (bits - 1) - 1, 0)}.get(dtype.strip("<")[0], (1, 0))
    samples = np.repeat(np.concatenate([still, wave]) * full + middle, 2).astype(dtype)
    data = samples.view("u1").reshape(len(samples), -1)[:, : bits // 8].tobytes()
    listener = heard(cut(extensible(tag, bits) + data, 997))
    assert (listener.outcome, listener.silence_ms) == (Outcome.HEARD, 200)
    assert listener.audio_ms == 400


@pytest.mark.parametrize("audio", ["pcm_s16le", "pcm_s16be"])
def test_raw_samples_are_heard_from_their_first_byte(audio: str) -> None:
    data = np.frombuffer(quiet(30) + tone(100), "<i2")
    written = data.byteswap().tobytes() if audio.endswith("be") else data.tobytes()
    listener = heard(cut(written, 7), audio, RATE)
    assert (listener.first_audio, listener.silence_ms) == (0, 30)
    assert listener.outcome is Outcome.HEARD


def test_what_cannot_be_heard_is_told_apart() -> None:
    faint = (np.frombuffer(tone(200), "<i2") // 80).tobytes()
    assert heard([header()]).outcome is Outcome.EMPTY
    assert heard([header(), faint]).outcome is Outcome.SILENT
    assert heard([header(), quiet(500)]).outcome is Outcome.SILENT
    assert heard([header(), tone(40)]).outcome is Outcome.SILENT
    assert heard([header(9999), tone(100)]).outcome is Outcome.TRUNCATED
    assert heard([header(), tone(100)[:-1]]).outcome is Outcome.TRUNCATED
    assert heard([b"\xff\xfb", b"mp3"], "encoded").outcome is Outcome.HEARD
    torn = header().replace(struct.pack("<HH", 2, 16), struct.pack("<HH", 3, 16))
    headless = header()[:12] + b"data" + bytes(4)
    for wrong in (b'{"error": 1}', b"RIFF1234AVI ....", b"ID3", headless, torn + tone(100)):
        with pytest.raises(NoAudioError):
            heard([wrong, b"more"])


def test_a_trailer_after_the_samples_is_no_audio() -> None:
    sound = tone(100)
    listener = heard([header(len(sound)) + sound[:50], sound[50:] + b"LIST" + bytes(100)])
    assert (listener.heard, listener.outcome) == (len(sound), Outcome.HEARD)


def test_a_player_that_starts_at_once_runs_dry_where_audio_comes_late() -> None:
    listener = Listener("wav")
    for at, chunk in ((0, header() + tone(100)), (50, tone(100)), (400, tone(100))):
        listener.feed(chunk, at * 10**6)
    assert listener.starved == 200 * 10**6
