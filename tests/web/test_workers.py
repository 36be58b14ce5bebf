"""Where answers are worked out: nothing holds up the event loop, and nothing takes without end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from functools import partial
from itertools import count, pairwise
from typing import Any

import pytest

from asgi import Answer, Client
from mars_solver import Profile, Solver, recommend_with
from mars_solver.web import app as web
from mars_solver.web import query, workers
from mars_solver.web.app import SHORT_BYTES, SHORT_MODELS, create_app
from mars_solver.web.guard import RefusalError
from mars_solver.web.remembered import Remembered
from mars_solver.web.workers import WorkerPool

NDJSON = "application/x-ndjson"
LARGE = {"name": None, **{f"key_{number}": 1 for number in range(SHORT_BYTES // 8)}}
REQUESTS: dict[str, Callable[[Client], Answer]] = {
    "a large profile": lambda client: client.post("/v1/recommend", LARGE),
    "an explanation": lambda client: client.post("/v1/explain", {}),
    "a comparison": lambda client: client.post("/v1/compare?first=mars-pro&second=mars-flash", {}),
    "a batch": lambda client: client.post("/v1/batch", b"{}", content_type=NDJSON),
    "the page": lambda client: client.get("/?real_time=true"),
    "a bad address": lambda client: client.get("/?real_time=maybe"),
    "a file": lambda client: client.get("/answer.json?real_time=true"),
}
REFUSABLE = sorted(REQUESTS.keys() - {"a large profile", "a bad address"})


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names of the threads in which something is read or answered."""
    seen: set[str] = set()

    def spied(work: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*args: Any, **options: Any) -> Any:
            seen.add(threading.current_thread().name.partition("_")[0])
            return work(*args, **options)

        return noted

    for module, name in (
        (web, "_profile_in"), (web, "parse_query"), (web, "lines_in"), (web, "json_lines"),
        (web, "recommend_with"), (web, "json_bytes"), (web, "_encoded"), (query, "measured_by"),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, spied(getattr(module, name)))
    return seen


@pytest.mark.parametrize("what", REQUESTS)
def test_what_may_take_long_is_read_and_answered_in_a_thread(
    solver: Solver, threads: set[str], what: str
) -> None:
    client = Client(create_app(solver))
    threads.clear()
    assert REQUESTS[what](client).status in {200, 422}
    assert threads == {"answers"}


def test_a_small_profile_is_answered_in_the_loop_unless_there_are_many_models(
    solver: Solver, threads: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for most, where in ((SHORT_MODELS, "MainThread"), (1, "answers")):
        monkeypatch.setattr(web, "SHORT_MODELS", most)
        client = Client(create_app(solver))
        threads.clear()
        assert client.post("/v1/recommend", {}).status == 200
        assert threads == {where}


def test_short_work_lets_the_loop_see_to_others_in_between(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = count(0.0, workers.PASS_SECONDS / 4)
    monkeypatch.setattr(workers, "perf_counter", lambda: next(clock))
    done: list[int] = []
    seen: list[int] = []

    async def watch() -> None:
        while len(done) < 100:
            seen.append(len(done))
            await asyncio.sleep(0)

    async def ask() -> list[int]:
        pool = WorkerPool()
        some = [pool.do_shortly(partial(done.append, number)) for number in range(100)]
        await asyncio.gather(*some, watch())
        return done

    assert asyncio.run(ask()) == [*range(100)]
    assert max(after - before for before, after in pairwise(seen)) <= 8


def test_what_fails_in_its_turn_fails_for_who_asked_alone() -> None:
    async def ask() -> list[Any]:
        pool = WorkerPool()
        some = [pool.do_shortly(partial(int, text)) for text in ("1", "x", "3")]
        return await asyncio.gather(*some, return_exceptions=True)

    first, second, third = asyncio.run(ask())
    assert (first, third) == (1, 3)
    assert isinstance(second, ValueError)


@pytest.mark.parametrize("what", REFUSABLE)
def test_a_request_past_its_budget_is_refused(
    solver: Solver, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    client = Client(create_app(Solver(solver.catalogue, solver.weights)))
    monkeypatch.setattr(workers, "CPU_SECONDS", -1.0)
    if what == "a batch":
        found = client.post("/v1/batch", b'{"x": 1}', content_type=NDJSON)
    else:
        found = REQUESTS[what](client)
    assert found.status == 503
    assert found.headers["content-type"] == "application/problem+json"
    assert found.headers["retry-after"]
    assert "processor time" in found.json()["detail"]
    monkeypatch.undo()
    assert REQUESTS[what](client).status == 200


def test_answers_that_take_long_are_few_at_once_and_bounded(
    solver: Solver, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client(create_app(solver))
    monkeypatch.setattr(workers, "WORK_SECONDS", 0.0)
    found = client.post("/v1/explain", {})
    assert (found.status, found.headers["retry-after"]) == (503, "5")
    monkeypatch.setattr(workers, "MOST_WAITING", 0)
    assert "wait" in client.get("/").json()["detail"]


def test_what_is_made_once_is_made_once_and_is_there_for_who_comes_late(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[str] = []
    go_on = threading.Event()

    def make(what: str) -> str:
        go_on.wait(30)
        made.append(what)
        return what

    async def ask() -> list[Any]:
        pool = WorkerPool()
        monkeypatch.setattr(workers, "WORK_SECONDS", 0.0)
        hasty = await asyncio.gather(*[pool.do_once(make, "x")] * 1, return_exceptions=True)
        monkeypatch.undo()
        go_on.set()
        return [*hasty, await pool.do_once(make, "x"), await pool.do_once(make, "x")]

    hasty, *others = asyncio.run(ask())
    assert isinstance(hasty, RefusalError)
    assert (others, made) == (["x", "x"], ["x"])


def test_an_answer_is_remembered_by_what_is_asked_and_not_by_how_it_is_spelled(
    solver: Solver, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered: list[object] = []
    answer = recommend_with

    def counted(*args: Any, **options: Any) -> Any:
        answered.append(args[1])
        return answer(*args, **options)

    monkeypatch.setattr(web, "recommend_with", counted)
    client = Client(create_app(solver))
    same = ['{"require": {"real_time": true}}', ' {"prefer": {}, "require":{"real_time":true} } ',
            '{"require": {"real_time": true, "languages": []}, "name": null}']  # fmt: skip
    found = {client.post("/v1/recommend", body.encode()).body for body in same}
    assert (len(found), len(answered)) == (1, 1)
    for name in ("one", "two"):
        client.post("/v1/recommend", {"name": name})
    client.post("/v1/recommend?top=1", same[0].encode())
    # They ask for the same, and an answer says how it has read them.
    read = [
        client.post("/v1/recommend", {"require": {"languages": [tag]}})
        for tag in ("en-gb", "en_UK")
    ]
    assert len(answered) == 6
    assert read[0].body != read[1].body


def test_what_is_remembered_is_bounded_by_its_bytes() -> None:
    kept = Remembered(100_000)
    for number in range(200):
        kept.keep(number.to_bytes(16, "big"), bytes(7000))
        kept.find((0).to_bytes(16, "big"))
        assert kept.bytes <= kept.most
    assert kept.find((0).to_bytes(16, "big")) == bytes(7000)  # asked for again and again
    assert kept.find((199).to_bytes(16, "big")) == bytes(7000)
    assert kept.find((5).to_bytes(16, "big")) is None
    kept.keep(b"large", bytes(200_000))
    assert (kept.find(b"large"), kept.bytes) == (None, 0)


def test_lists_of_members_are_remembered_only_where_they_are_short(solver: Solver) -> None:
    own = Solver(solver.catalogue, solver.weights)
    name = next(r.name for r in own.declared.requirements if r.members == "language")
    letters = "abcdefghijklmnopqrstuvwxyz"
    tags = [f"{a}{b}-{c}d" for a in letters for b in letters for c in letters]
    for asked, kept in ((tags, 0), (tags[:-1], 0), (tags[:2], 1), (tags[:2], 1), (tags[1:3], 2)):
        own.decide(Profile(require={name: asked}))
        assert own.column(name)._of_list.cache_info().currsize == kept
