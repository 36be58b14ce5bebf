"""The probe: requests at the times that a plan sets, and a sample of each.

Requests are due at a fixed rate whatever becomes of those before them, and all times count from
when a request was due, so that a wait for a free slot is part of what is measured.
"""

from __future__ import annotations

import gc
import signal
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from time import perf_counter_ns
from typing import Any, Final, Literal

from mars_solver.errors import InputError, Problem, extra
from mars_solver.inputs.catalogue.endpoints import SpeechRequest
from mars_solver.inputs.files import reason
from mars_solver.measuring.audio import Listener, NoAudioError
from mars_solver.measuring.samples import MS, Connection, Marks, Outcome, Sample
from mars_solver.measuring.texts import KindOfText, text_for
from mars_solver.stopping import stops

with extra("measure"):
    import anyio
    import httpx2

SECOND: Final = 10**9
"""Nanoseconds; all times are whole ones of one clock that never goes back."""
SPIN: Final = 2 * MS
"""So long before a request is due the probe stays awake, as a sleep may end late."""
_INTERRUPTED: Final = "Interrupted: finishing the requests under way; again to abandon them"
Stopped = Literal["complete", "settled", "out of time", "interrupted"]
CLIENT: Final = f"httpx2 {httpx2.__version__}"
"""What makes the requests, for the record."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked, how often and for how long.

    Attributes:
        kinds: the connections that requests want, in turn.
        requests: how many of each kind.
        warm_up: requests that are made first and do not count, as many at once as may be.
        rate: requests a second.
        concurrency: requests under way at once, at most.
        timeout: seconds after which a request has failed, since it was due.
        seconds: after which no further request is due, those of the warm-up included.
        looks: numbers of requests after which it is asked whether to stop.
    """

    request: SpeechRequest
    texts: tuple[KindOfText, ...]
    kinds: tuple[Connection, ...] = (Connection.WARM,)
    requests: int = 144
    warm_up: int = 8
    rate: float = 1
    concurrency: int = 4
    timeout: float = 60
    seconds: float = 600
    looks: tuple[int, ...] = ()

    @property
    def total(self) -> int:
        """How many requests are made at most, without those that do not count."""
        return self.requests * len(self.kinds)


def run(
    plan: Plan,
    record: Callable[[Sample], None],
    *,
    settled: Callable[[], bool] = lambda: False,
    tell: Callable[[str], None] = lambda _: None,
) -> Stopped:
    """Make the requests of a plan.

    At an interrupt, and when time is out, no further request begins, and those under way are
    finished; a second interrupt abandons them, which their samples say.

    Args:
        plan: what to ask.
        record: takes each sample when its request has ended, well or not.
        settled: whether to stop, asked at each look.
        tell: takes what the user should know meanwhile.

    Returns:
        Why it stopped.

    Raises:
        InputError: where every request of the warm-up fails, and where none can be made.
    """
    gc.collect()
    gc.freeze()  # what is there already need not be looked through in the middle of a request
    try:
        return anyio.run(_Probe(plan, record, settled, tell).run)
    except BaseExceptionGroup as several:
        first: BaseException = several
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise first from None
    finally:
        gc.unfreeze()


@dataclass(eq=False)
class _Probe:
    """A run of a plan."""

    plan: Plan
    record: Callable[[Sample], None]
    settled: Callable[[], bool]
    tell: Callable[[str], None]
    stopped: Stopped = "complete"

    async def run(self) -> Stopped:
        """Make all requests, and return why it stopped."""
        self._slots = anyio.CapacityLimiter(self.plan.concurrency)
        self._schedule = anyio.CancelScope()
        with anyio.CancelScope() as everything:
            async with AsyncExitStack() as opened, anyio.create_task_group() as tasks:
                self._clients = {
                    kind: await opened.enter_async_context(_client(kind))
                    for kind in self.plan.kinds
                }
                tasks.start_soon(self._watch, everything)
                self._end = perf_counter_ns() + self.plan.seconds * SECOND
                await self._warm_up()
                await self._measure()
                tasks.cancel_scope.cancel()
        return self.stopped

    async def _watch(self, everything: anyio.CancelScope) -> None:
        """End the schedule at a first interrupt, and everything at a second one."""
        if threading.current_thread() is not threading.main_thread():
            return
        before = {each: signal.getsignal(each) for each in stops()}
        try:
            with anyio.open_signal_receiver(*before) as signals:
                async for _ in signals:
                    if self.stopped == "interrupted":
                        everything.cancel()
                        return
                    self.stopped = "interrupted"
                    self._schedule.cancel()
                    self.tell(_INTERRUPTED)
        finally:  # the receiver leaves what a process begins with
            for each, handler in before.items():
                signal.signal(each, handler)

    async def _warm_up(self) -> None:
        """Make the requests that do not count.

        Raises:
            InputError: where none of them was answered.
        """
        plan, left = self.plan, self.plan.warm_up
        failures: Counter[str] = Counter()

        async def one(number: int) -> None:
            exchange = _Exchange(plan, number, plan.kinds[0])
            await exchange.make(self._clients[plan.kinds[0]], self._slots, perf_counter_ns())
            if exchange.outcome is not Outcome.HEARD:
                failures[exchange.sample(0).failure] += 1

        while left and self.stopped == "complete" and perf_counter_ns() < self._end:
            some = min(left, plan.concurrency)
            async with anyio.create_task_group() as requests:
                for number in range(left - some, left):
                    requests.start_soon(one, number)
            left -= some
        if left < plan.warm_up and failures.total() == plan.warm_up - left:
            told = ", ".join(f"{count} × {what}" for what, count in failures.most_common())
            found = f"every request of the warm-up failed: {told}"
            raise InputError([Problem(plan.request.place, "", "", found, "nothing was measured")])

    async def _measure(self) -> None:
        """Make the requests that count, up to each look in turn."""
        begun, done = perf_counter_ns(), 0
        for until in sorted({*self.plan.looks, self.plan.total}):
            await self._make(range(done, until), begun)
            done = until
            if self.stopped == "complete" and until in self.plan.looks and self.settled():
                self.stopped = "settled"
            if self.stopped != "complete":
                return

    async def _make(self, numbers: range, begun: int) -> None:
        """Make some requests, each at its time, and wait until the last of them has ended."""
        plan, start = self.plan, perf_counter_ns()

        async def one(exchange: _Exchange, due: int) -> None:
            try:
                await exchange.make(self._clients[exchange.wanted], self._slots, due)
            finally:
                self.record(exchange.sample(begun))

        async with anyio.create_task_group() as requests:
            with anyio.CancelScope() as self._schedule:
                for i, number in enumerate(numbers):
                    due = start + round(i * SECOND / plan.rate)
                    if self.stopped == "complete" and due > self._end:
                        self.stopped = "out of time"
                    if self.stopped != "complete":
                        return
                    exchange = _Exchange(plan, number, plan.kinds[number % len(plan.kinds)])
                    await _until(due)
                    requests.start_soon(one, exchange, due)


async def _until(due: int) -> None:
    """Sleep until a time, and let others work while awake just before it."""
    await anyio.sleep(max(0, due - perf_counter_ns() - SPIN) / SECOND)
    while perf_counter_ns() < due:
        await anyio.sleep(0)


def _client(kind: Connection) -> httpx2.AsyncClient:
    """Return what makes requests that want a kind of connection.

    Raises:
        InputError: where the environment names certificates or a proxy that cannot be used.
    """
    kept = None if kind is Connection.WARM else 0
    limits = httpx2.Limits(max_keepalive_connections=kept, keepalive_expiry=None)
    try:
        return httpx2.AsyncClient(limits=limits, timeout=None)
    except OSError as error:
        names, why = "SSL_CERT_FILE, SSL_CERT_DIR", f"no certificates to trust: {reason(error)}"
    except (ValueError, ImportError, httpx2.InvalidURL):
        # What names a proxy may hold a password, which no message shows.
        names, why = "HTTP_PROXY, HTTPS_PROXY, ALL_PROXY", "a proxy that cannot be used"
    raise InputError([Problem("environment", names, "", why, "correct it or unset it")])


_REACHED: Final = {
    "connect_tcp.complete": "connected",
    "start_tls.complete": "secured",
    "receive_response_headers.complete": "headers",
}
"""The mark of each event of the client, whatever part of it tells: a proxy has events too."""
_AGENT: Final = {"user-agent": "mars-solver", "accept-encoding": "identity"}
_TEXTUAL: Final = ("text/", "application/json", "application/problem+json")


class _Exchange:
    """One request and its answer."""

    def __init__(self, plan: Plan, number: int, wanted: Connection) -> None:
        endpoint = plan.request.endpoint
        self.wanted = wanted
        self.outcome = Outcome.ABANDONED
        self._number, self._timeout = number, plan.timeout
        turn = number // len(plan.kinds)  # so that each kind of connection speaks all texts
        self._kind, text = text_for(plan.texts, turn, number)
        try:
            self._request = httpx2.Request(
                endpoint.method,
                plan.request.url(text),
                headers={**_AGENT, **plan.request.headers},
                content=plan.request.body(text),
                extensions={"trace": self._trace},
            )
        except httpx2.InvalidURL as error:
            found = f"no address, once it is filled in: {error}"
            raise InputError([Problem(plan.request.place, "", "", found)]) from None
        self._listener = Listener(endpoint.audio, endpoint.sample_rate)
        self._marks: dict[str, int] = {}
        self._connection: Connection | None = None
        self._status: int | None = None
        self._due = self._late = self._size = 0
        self._gap: int | None = None

    async def make(
        self, client: httpx2.AsyncClient, slots: anyio.CapacityLimiter, due: int
    ) -> None:
        """Send the request when there is a slot, and take its answer in."""
        self._due, self._late = due, perf_counter_ns() - due
        try:
            with anyio.fail_after(self._timeout - self._late / SECOND):
                async with slots:
                    self._marks["sent"] = perf_counter_ns()
                    self.outcome = await self._answer(client)
        except TimeoutError:
            self.outcome = Outcome.TIMEOUT
        except httpx2.ConnectError as error:
            self.outcome = _unconnected(error, connected="connected" in self._marks)
        except httpx2.TransportError:
            self.outcome = Outcome.TRUNCATED if self._status else Outcome.BROKEN

    async def _answer(self, client: httpx2.AsyncClient) -> Outcome:
        response = await client.send(self._request, stream=True)
        try:
            self._status = response.status_code
            textual = response.headers.get("content-type", "").startswith(_TEXTUAL)
            unwanted = None
            if not response.is_success:
                unwanted = Outcome.STATUS
            elif textual:
                unwanted = Outcome.NO_AUDIO
            async for chunk in response.aiter_raw():
                at = perf_counter_ns()
                if unwanted is None:
                    unwanted = self._take(chunk, at)
                self._size += len(chunk)
            return unwanted or self._listener.outcome
        finally:
            await response.aclose()

    def _take(self, chunk: bytes, at: int) -> Outcome | None:
        """Listen to a chunk; return what is wrong with it, if anything is."""
        marks = self._marks
        marks.setdefault("first_byte", at)
        if self._listener.first_audio is not None:
            self._gap = max(self._gap or 0, at - marks["last_byte"])
        marks["last_byte"] = at
        try:
            self._listener.feed(chunk, at)
        except NoAudioError:
            return Outcome.NO_AUDIO
        return None

    async def _trace(self, event: str, _: dict[str, Any]) -> None:
        what = event.partition(".")[2]
        if what in _REACHED:
            self._marks[_REACHED[what]] = perf_counter_ns()
        if what == "connect_tcp.complete":
            self._connection = Connection.COLD
        elif what == "send_request_headers.started":
            self._connection = self._connection or Connection.WARM

    def sample(self, begun: int) -> Sample:
        """Return what became of it, in a run that began at some time."""
        heard = self._listener
        marks = {**self._marks, "first_audio": heard.first_audio}
        marks["first_audible"] = heard.first_audible
        since = {name: _ms(at - self._due) for name, at in marks.items() if at is not None}
        return Sample(
            number=self._number,
            due_ms=_ms(self._due - begun),
            late_ms=_ms(self._late),
            wanted=self.wanted,
            connection=self._connection,
            text=self._kind,
            outcome=self.outcome,
            status=self._status,
            marks=Marks(**since),
            size=self._size,
            audio_ms=heard.audio_ms,
            silence_ms=heard.silence_ms,
            gap_ms=None if self._gap is None else _ms(self._gap),
            starved_ms=None if heard.audio_ms is None else _ms(heard.starved),
        )


def _unconnected(error: BaseException | None, *, connected: bool) -> Outcome:
    """Return what became of a request that has no connection, or none that is secure."""
    while error:
        if isinstance(error, ssl.SSLCertVerificationError):
            return Outcome.UNTRUSTED
        if isinstance(error, socket.gaierror):
            return Outcome.NO_HOST
        error = error.__cause__ or error.__context__
    return Outcome.NO_TLS if connected else Outcome.REFUSED


def _ms(nanoseconds: int) -> float:
    """Return whole nanoseconds as ms, to a whole microsecond."""
    return round(nanoseconds / MS, 3)
