"""Answers that are remembered, bounded by the bytes that they take."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from hashlib import blake2b
from threading import Lock
from typing import Final

_ENTRY_BYTES: Final = 300
"""What an entry takes beside its answer."""


class Remembered:
    """The answers to the questions asked last. Threads may share it.

    Attributes:
        most: how many bytes all of it may take.
        bytes: how many it takes.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.bytes = 0
        self._answers: OrderedDict[bytes, bytes] = OrderedDict()
        self._lock = Lock()

    def find(self, question: bytes) -> bytes | None:
        """Return the answer to a question; None where it is not remembered."""
        with self._lock:
            answer = self._answers.get(question)
            if answer is not None:
                self._answers.move_to_end(question)
            return answer

    def keep(self, question: bytes, answer: bytes) -> None:
        """Remember an answer, and forget those that were not asked for the longest time."""
        with self._lock:
            if question in self._answers:
                return
            self._answers[question] = answer
            self.bytes += len(answer) + _ENTRY_BYTES
            while self.bytes > self.most:
                _, forgotten = self._answers.popitem(last=False)
                self.bytes -= len(forgotten) + _ENTRY_BYTES


def digest(*question: Hashable) -> bytes:
    """Return what stands for a question, of whatever size that is."""
    return blake2b(repr(question).encode(errors="surrogatepass"), digest_size=16).digest()
