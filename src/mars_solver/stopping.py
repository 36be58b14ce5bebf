"""The end at a signal: what is half done is undone, and the process ends at once.

An exception in its place would come up in any line, a destructor's included, which swallows it, and
would wait for threads. What has to be undone is therefore listed here while it is.

This is imported before anything else, and imports what takes no time.
"""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager, suppress

TYPE_CHECKING = False  # as in the package itself
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType
    from typing import Final

_WORDS: Final = {"SIGINT": "interrupted", "SIGTERM": "terminated", "SIGHUP": "hung up"}
_BASE: Final = 128
"""Shells add the number of a signal to this, for the exit code of what it ended."""
_STDERR: Final = 2

_listed: dict[object, Callable[[], str | None]] = {}


def stops() -> list[signal.Signals]:
    """Return the signals that end the process: those of this system that nobody ignores."""
    known = [getattr(signal, name) for name in _WORDS if hasattr(signal, name)]
    return [each for each in known if signal.getsignal(each) != signal.SIG_IGN]


def install() -> None:
    """Have each signal of `stops` end the process, with 128 and its number as the exit code."""
    for each in stops():
        signal.signal(each, _end)


def _end(number: int, _: FrameType | None) -> None:
    """Undo what is listed, the latest first; say what there is to say of it; and end."""
    for undo in reversed([*_listed.values()]):
        with suppress(Exception):
            if said := undo():
                line = f"{_WORDS[signal.Signals(number).name]}; {said}\n"
                # Past Python's stream, which may be in the middle of a line.
                os.write(_STDERR, line.encode("ascii", "backslashreplace"))
    os._exit(_BASE + number)


@contextmanager
def at_stop(undo: Callable[[], str | None]) -> Iterator[None]:
    """Do something where a signal ends the process within the block.

    Args:
        undo: returns what to say of it, if anything.
    """
    _listed[undo] = undo
    try:
        yield
    finally:
        del _listed[undo]


@contextmanager
def undone(undo: Callable[[], None]) -> Iterator[None]:
    """Do something at the end of the block, and where a signal ends the process within it."""
    with at_stop(undo):
        try:
            yield
        finally:
            undo()
