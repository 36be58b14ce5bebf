"""Serve the application over HTTP, with bounds on connections, bytes and time.

Where the system can, several processes serve: the first one, which is told to end, and its helpers.
Each listens at the same address by a socket of its own; they share what was loaded before.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from mars_solver.errors import InputError, Problem
from mars_solver.inputs.files import reason
from mars_solver.stopping import stops
from mars_solver.web.guard import BODY_SECONDS
from mars_solver.web.listening import ACCEPTING, BACKLOG, room
from mars_solver.web.workers import WORK_SECONDS

if TYPE_CHECKING:
    from types import FrameType

HEAD_SECONDS: Final = 10.0
"""How long the head of a request may take to arrive, counted from when the connection is made or
the last answer is complete."""
REQUEST_SECONDS: Final = 60.0
"""How long a request may take after its head, until its answer has been sent."""
_IDLE_SECONDS: Final = 5
_SWITCH_SECONDS: Final = 5e-4
"""How long a thread that works keeps the event loop waiting; Python's own is ten times as long."""
_HEAD_BYTES: Final = 2**15
_TICK_SECONDS: Final = 0.1
"""How long it takes at most until the server minds what it is told."""


class DeadlineProtocol(H11Protocol):
    """HTTP/1.1 that closes a connection once `HEAD_SECONDS` or `REQUEST_SECONDS` have passed.

    Where there is no room for one more, it closes the one that waits for its client and has the
    least time left: nobody can fill the server with requests that are never sent.
    """

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the time for the head of the first request."""
        super().connection_made(transport)
        self._restart(HEAD_SECONDS)
        if self.limit_concurrency and len(self.connections) >= self.limit_concurrency:
            self._make_room()

    def data_received(self, data: bytes) -> None:
        """Start the time for the whole request once its head has arrived."""
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before and not self.cycle.response_complete:
            self._restart(REQUEST_SECONDS)

    def on_response_complete(self) -> None:
        """Start the time for the head of the next request."""
        self._restart(HEAD_SECONDS)
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        if self._deadline is not None:
            self._deadline.cancel()
        super().connection_lost(exc)

    def _make_room(self) -> None:
        """Close one of the other connections, if any waits for its client."""
        served = [each for each in self.connections if isinstance(each, DeadlineProtocol)]
        waiting = [each for each in served if each is not self and each.waits]
        if waiting:
            last = min(waiting, key=lambda each: each.ends)
            self.connections.discard(last)
            last.transport.abort()

    @property
    def waits(self) -> bool:
        """Whether the client is to send or to read something, before there is anything to do."""
        cycle = self.cycle
        return cycle is None or cycle.response_complete or cycle.more_body or self.flow.write_paused

    @property
    def ends(self) -> float:
        """When the connection is closed, by the clock of the event loop."""
        return self._deadline.when() if self._deadline else 0.0

    def _restart(self, seconds: float) -> None:
        """Close the connection after some seconds, unless the clock is set again before."""
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self.loop.call_later(seconds, self.transport.abort)


def config(app: Any) -> uvicorn.Config:
    """Return the settings with which uvicorn serves an application.

    Raises:
        InputError: as `room` says.
    """
    connections, at_once = room()
    return uvicorn.Config(
        app,
        http=DeadlineProtocol,
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        limit_concurrency=connections,
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=int(BODY_SECONDS + WORK_SECONDS),
        backlog=at_once,
        h11_max_incomplete_event_size=_HEAD_BYTES,
        proxy_headers=False,
    )


class Server(uvicorn.Server):
    """A server that answers what is under way when it is told to end; told twice, it ends at once.

    uvicorn would end the process by the signal once it has answered.
    """

    helpers: tuple[int, ...] = ()
    """The processes that serve beside this one; none in one of those."""
    _first: int | None = None
    """In a helper, the process that it helps."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals as `run` has set them: what was ignored stays so."""
        yield

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Accept nothing more, and have the helpers do the same.

        A terminal, or what manages services, tells all processes at once; helpers leave that to the
        first one, or they would be told twice.
        """
        if self._first is not None and sig != signal.SIGUSR1:
            return
        self.force_exit = self.should_exit
        self._end()

    def _end(self) -> None:
        """Accept nothing more, here and in the helpers."""
        self.should_exit = True
        for helper in self.helpers:
            os.kill(helper, signal.SIGUSR1)

    async def on_tick(self, counter: int) -> bool:
        """Return whether to end: told to, or left alone by the process that this one helps."""
        alone = self._first is not None and os.getppid() != self._first
        return await super().on_tick(counter) or alone

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin; asyncio lets only so many wait as it accepts in one turn."""
        await super().startup(sockets)
        for each in sockets or ():
            each.listen(BACKLOG)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End; connections that have just been accepted are closed with those that wait."""
        for server in self.servers:
            server.close()
        for _ in range(ACCEPTING):
            await asyncio.sleep(0)
        ending = asyncio.create_task(super().shutdown(sockets))
        while not (ending.done() or self.force_exit):
            await asyncio.wait([ending], timeout=_TICK_SECONDS)
        self._hang_up()  # or asyncio would wait for them, from Python 3.12 on
        await ending

    def _hang_up(self) -> None:
        """Cut off whoever is still connected.

        That is no fault of the application, as uvicorn would say, on standard error and to them.
        """
        logging.getLogger("uvicorn.error").disabled = True
        for each in list(self.server_state.connections):
            each.transport.abort()

    @contextmanager
    def helped(self, sockets: Sequence[socket.socket]) -> Iterator[None]:
        """Have a helper for each socket but the first, until all have ended.

        Raises:
            InputError: if the system allows no more processes.
        """
        try:
            self._divide(sockets)
            yield
        finally:
            if not self.should_exit:
                self._end()
            for helper in self.helpers:
                # Its number stays its own, so that it can be told to end once more.
                os.waitid(os.P_PID, helper, os.WEXITED | os.WNOWAIT)

    def _divide(self, sockets: Sequence[socket.socket]) -> None:
        """Start a helper for each socket but the first."""
        helpers: list[int] = []
        try:
            for mine in sockets[1:]:
                helpers.append(self._start_helper(mine, sockets))
                mine.close()
        except OSError as error:
            self.should_exit = True
            expected, hint = f"{len(sockets)} processes", "--processes says how many"
            raise InputError([Problem("serve", "", expected, reason(error), hint)]) from None
        finally:
            self.helpers = tuple(helpers)
            if self.should_exit:  # told meanwhile, or one is missing
                self._end()

    def _start_helper(self, mine: socket.socket, sockets: Sequence[socket.socket]) -> int:
        """Return the number of a new process that serves at one of the sockets."""
        first = os.getpid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # ignored, nobody could wait for its end
        with warnings.catch_warnings():
            # Threads that a package has started for its sums wait, and hold nothing.
            warnings.simplefilter("ignore", DeprecationWarning)
            helper = os.fork()
        if helper == 0:
            try:
                self._first = first
                signal.signal(signal.SIGUSR1, self.handle_exit)
                for each in sockets:
                    if each is not mine:
                        each.close()
                self.run(sockets=[mine])
            finally:
                os._exit(0)
        return helper


def run(app: Any, opened: Sequence[socket.socket]) -> None:
    """Serve an application until the process is told to end, with a process for each socket.

    Args:
        app: to serve.
        opened: sockets that listen at one address.
    """
    server = Server(config(app))
    for each in stops():
        signal.signal(each, server.handle_exit)
    sys.setswitchinterval(_SWITCH_SECONDS)
    gc.freeze()  # what is loaded stays, and would be looked through again and again
    with server.helped(opened):
        server.run(sockets=[opened[0]])
