"""Where answers are worked out: small ones in turns between events, all others in threads.

The event loop has to stay free to say that the server is well. What is known to be short takes its
turn in the loop, which sees to new events after every `PASS_SECONDS`; a thread would cost more than
the answer. All else goes to a few threads, with a limit on processor time and on waiting.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from time import perf_counter
from typing import Any, Final, TypeVar

from mars_solver.budget import OverBudgetError, within
from mars_solver.web.guard import BUSY, RefusalError

A = TypeVar("A")
T = TypeVar("T")
WORK_SECONDS: Final = 20.0
"""How long an answer may take, including the wait for a free thread."""
CPU_SECONDS: Final = 5.0
"""How much processor time an answer may take."""
ONCE_SECONDS: Final = 60.0
"""How much it may take to make what is made once, for all requests."""
PASS_SECONDS: Final = 2e-3
"""How long short work keeps the event loop from new events, but for the last piece."""
AT_ONCE: Final = 2
"""How many answers are worked on at once."""
MOST_WAITING: Final = 64
"""How many requests may wait for a thread; more are refused with 503."""


class WorkerPool:
    """Works answers out without holding up the event loop."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(AT_ONCE, "answers")
        self._waiting = 0
        self._turns: deque[tuple[Callable[[], Any], asyncio.Future[Any]]] = deque()
        self._made: dict[Callable[..., Any], Future[Any]] = {}

    async def do(self, work: Callable[[], T]) -> T:
        """Call a function in a thread, and return its result.

        Raises:
            RefusalError: 503 if too many requests are waiting, or the call takes too long.
        """
        return await self._awaited(lambda: self._threads.submit(_limited, CPU_SECONDS, work))

    async def do_once(self, work: Callable[[A], T], of: A) -> T:
        """Call a function once for all requests, and return its result.

        Raises:
            RefusalError: 503 as long as too many requests are waiting, or it is not there.
        """

        def started() -> Future[T]:
            if work not in self._made:
                self._made[work] = self._threads.submit(_limited, ONCE_SECONDS, partial(work, of))
            return self._made[work]

        return await self._awaited(started, shared=True)

    async def _awaited(self, start: Callable[[], Future[T]], *, shared: bool = False) -> T:
        """Return the result of what a thread is to do; where it is not shared, it may be given up.

        Raises:
            RefusalError: 503 if too many requests are waiting, or this one has waited too long.
        """
        if self._waiting >= MOST_WAITING:
            raise RefusalError(503, "Too many requests wait for an answer.", headers=BUSY)
        self._waiting += 1
        try:
            async with asyncio.timeout(WORK_SECONDS):
                result = asyncio.wrap_future(start())
                return await (asyncio.shield(result) if shared else result)
        except TimeoutError:
            detail = f"The answer took more than {WORK_SECONDS:g} seconds."
            raise RefusalError(503, detail, headers=BUSY) from None
        finally:
            self._waiting -= 1

    async def do_shortly(self, work: Callable[[], T]) -> T:
        """Call a function that is known to be short when its turn comes, and return its result."""
        loop = asyncio.get_running_loop()
        result: asyncio.Future[T] = loop.create_future()
        self._turns.append((work, result))
        if len(self._turns) == 1:
            loop.call_soon(self._take_turns, loop)
        return await result

    def _take_turns(self, loop: asyncio.AbstractEventLoop) -> None:
        """Work until the pass is over; go on after the events that are due."""
        ends = perf_counter() + PASS_SECONDS
        while self._turns and perf_counter() < ends:
            work, result = self._turns[0]
            if not result.cancelled():
                try:
                    result.set_result(work())
                except Exception as error:  # noqa: BLE001  (raised where it is awaited)
                    result.set_exception(error)
            self._turns.popleft()
        if self._turns:
            loop.call_soon(self._take_turns, loop)


def _limited(seconds: float, work: Callable[[], T]) -> T:
    """Return the result of work that has a limit of processor time.

    Raises:
        RefusalError: 503 if it takes more.
    """
    try:
        with within(seconds):
            return work()
    except OverBudgetError:
        detail = f"The answer takes more than {seconds:g} seconds of processor time."
        raise RefusalError(503, detail, headers=BUSY) from None
