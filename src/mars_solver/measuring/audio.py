"""Audio as it arrives: where its first byte is, and when it can first be heard.

A chunk may end anywhere, within the header of a WAV file or within a sample. Times are whole
nanoseconds of one clock, and are those of the chunk that brought what they are about.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from mars_solver.inputs.catalogue.endpoints import PCM, WAV
from mars_solver.measuring.samples import Outcome

LOUD: Final = 0.01
"""The root mean square from which a window can be heard: −40 dB of full scale."""
WINDOWS_A_SECOND: Final = 100
RUN: Final = 5
"""So many windows in a row have to be loud: 50 ms."""
MAGIC: Final = (b"RIFF", b"RF64")
OPEN_SIZE: Final = 2**31 - 2**16
"""Sizes from here on, and 0, are what writes that do not know the length put there."""
_LONGEST_HEADER: Final = 2**20
_THREE_BYTES: Final = "V3"
"""Whole numbers of 24 bits, for which NumPy has no type."""
_PCM_TAG, _FLOAT_TAG, _EXTENSIBLE_TAG = 1, 3, 0xFFFE
_WAV_TYPES: Final = {
    (_PCM_TAG, 8): "|u1",
    (_PCM_TAG, 16): "<i2",
    (_PCM_TAG, 24): _THREE_BYTES,
    (_PCM_TAG, 32): "<i4",
    (_FLOAT_TAG, 32): "<f4",
    (_FLOAT_TAG, 64): "<f8",
}


class NoAudioError(ValueError):
    """What arrives is not the audio that was asked for."""


@dataclass(frozen=True, slots=True)
class Coding:
    """How samples are written."""

    dtype: str
    """The NumPy type of one; empty where samples cannot be read."""
    frame: int
    """Bytes of one sample of all channels."""
    bytes_a_second: int


class Listener:
    """Listens to one answer, chunk by chunk.

    Attributes:
        first_audio: when the first byte of audio arrived, after any header.
        first_audible: when the first window arrived of the first 50 ms that can be heard.
        silence_ms: how much audio comes before that window.
        heard: bytes of audio so far.
        starved: by how many nanoseconds a player that starts with the first byte would have run
            dry at worst.
    """

    def __init__(self, audio: str, sample_rate: int | None = None) -> None:
        self.first_audio: int | None = None
        self.first_audible: int | None = None
        self.silence_ms: float | None = None
        self.heard = 0
        self.starved = 0
        self._header: bytearray | None = bytearray() if audio == WAV else None
        self._coding: Coding | None = None
        self._declared: int | None = None
        if audio in PCM and sample_rate:
            size = np.dtype(PCM[audio]).itemsize
            self._coding = Coding(PCM[audio], size, size * sample_rate)
        self._rest = bytearray()
        self._windows = 0
        self._run: list[tuple[int, int]] = []

    def feed(self, data: bytes, at: int) -> None:
        """Take a chunk that arrived at some time.

        Raises:
            NoAudioError: where it cannot be the audio that was asked for.
        """
        if self._header is not None:
            self._header += data
            start = self._start(self._header)
            if start is None:
                return
            data, self._header = bytes(self._header[start:]), None
        if self._declared is not None:
            data = data[: self._declared - self.heard]
        if not data:
            return
        if self.first_audio is None:
            self.first_audio = at
        elif self._coding:
            played = self.heard * 10**9 // self._coding.bytes_a_second
            self.starved = max(self.starved, at - self.first_audio - played)
        self.heard += len(data)
        if self._coding and self._coding.dtype and self.first_audible is None:
            self._listen(self._coding, data, at)

    @property
    def audio_ms(self) -> float | None:
        """How long the audio plays; None where its samples are not known."""
        coding = self._coding
        return None if coding is None else 1000 * self.heard / coding.bytes_a_second

    @property
    def outcome(self) -> Outcome:
        """What the answer was, once it has ended."""
        if self.first_audio is None:
            return Outcome.EMPTY
        cut = self._coding and self.heard % self._coding.frame
        if cut or (self._declared is not None and self.heard < self._declared):
            return Outcome.TRUNCATED
        if self._coding and self._coding.dtype and self.first_audible is None:
            return Outcome.SILENT
        return Outcome.HEARD

    def _start(self, head: bytearray) -> int | None:
        """Return where the samples of a WAV file begin; None where that is still to come."""
        magic = any(each.startswith(head[:4]) for each in MAGIC) and b"WAVE".startswith(head[8:12])
        if not magic or len(head) > _LONGEST_HEADER:
            raise NoAudioError
        at = 12
        while len(head) >= at + 8:
            name, size = head[at : at + 4], int.from_bytes(head[at + 4 : at + 8], "little")
            at += 8
            if name == b"data":
                self._declared = size if 0 < size < OPEN_SIZE else None
                if self._coding is None:
                    raise NoAudioError
                return at
            if name == b"fmt " and len(head) >= at + size:
                self._coding = _coding(bytes(head[at : at + size]))
            at += size + size % 2
        return None

    def _listen(self, coding: Coding, data: bytes, at: int) -> None:
        """Look for the first 50 ms that can be heard among the windows that are complete."""
        self._rest += data
        window = coding.bytes_a_second // coding.frame // WINDOWS_A_SECOND * coding.frame
        count = len(self._rest) // window
        if not count:
            return
        whole = bytes(self._rest[: count * window])
        del self._rest[: count * window]
        for loud in _loudness(whole, coding.dtype, count) > LOUD:
            self._run = [*self._run, (at, self._windows)] if loud else []
            self._windows += 1
            if len(self._run) == RUN:
                self.first_audible, index = self._run[0]
                self.silence_ms = 1000 * index / WINDOWS_A_SECOND
                return


def _loudness(data: bytes, dtype: str, windows: int) -> np.ndarray:
    """Return the root mean square of each window, 1 for full scale."""
    samples = np.frombuffer(data, dtype)
    if dtype == _THREE_BYTES:
        wide = np.zeros((len(samples), 4), np.uint8)
        wide[:, 1:] = samples.view(np.uint8).reshape(-1, 3)
        samples = wide.view("<i4")
    scaled = samples.astype(np.float64)
    if samples.dtype.kind == "u":
        scaled = scaled / 128 - 1
    elif samples.dtype.kind == "i":
        scaled /= -float(np.iinfo(samples.dtype).min)
    with np.errstate(all="ignore"):
        return np.asarray(np.sqrt(np.mean(scaled.reshape(windows, -1) ** 2, axis=1)))


def _coding(form: bytes) -> Coding:
    """Return what the `fmt ` chunk of a WAV file says."""
    if len(form) < 16:  # noqa: PLR2004
        raise NoAudioError
    tag, bits = int.from_bytes(form[:2], "little"), int.from_bytes(form[14:16], "little")
    if tag == _EXTENSIBLE_TAG:
        tag = int.from_bytes(form[24:26], "little")
    rate, frame = int.from_bytes(form[4:8], "little"), int.from_bytes(form[12:14], "little")
    dtype = _WAV_TYPES.get((tag, bits), "")
    if rate < WINDOWS_A_SECOND or not frame or (dtype and frame % np.dtype(dtype).itemsize):
        raise NoAudioError
    return Coding(dtype, frame, rate * frame)
