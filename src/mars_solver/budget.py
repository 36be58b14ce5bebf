"""A limit on the processor time of one piece of work.

No thread can be stopped from outside. So work that can take long asks now and then whether it may
go on: before each part of an answer, each new signature, and each row that is refused. What lies
between two of these is bounded by the size of what is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import thread_time

_ends: ContextVar[float | None] = ContextVar("ends", default=None)


class OverBudgetError(Exception):
    """The work has taken all the time that it may."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Let the block take so much processor time of this thread.

    Raises:
        OverBudgetError: from `spend`, once it has taken more.
    """
    token = _ends.set(thread_time() + seconds)
    try:
        yield
    finally:
        _ends.reset(token)


def spend() -> None:
    """Go on, where the work has time left or no limit.

    Raises:
        OverBudgetError: where it has none left.
    """
    ends = _ends.get()
    if ends is not None and thread_time() > ends:
        raise OverBudgetError
