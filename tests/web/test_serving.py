"""The server: one line with its address, an end on demand, and nobody who can hold it up."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from time import sleep
from typing import Any
from urllib.parse import urlsplit

import pytest

from command import run
from markup import Page
from mars_solver import InputError, Solver, recommend
from mars_solver.web import guard, listening
from mars_solver.web import server as serving
from served import served, started

HEAD = b"POST /v1/recommend HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"


def got(url: str) -> str:
    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310  (our own server)
        text = answer.read().decode()
        assert isinstance(text, str)
        return text


def connected(port: int) -> socket.socket:
    """A connection that has been answered once: it is known to the process that it is with."""
    client = socket.create_connection(("127.0.0.1", port), timeout=30)
    client.sendall(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")
    answer = b""
    while not answer.endswith(b'{"status": "ok"}'):
        answer += client.recv(2**16)
    return client


def until_refused(port: int) -> None:
    """Wait until nobody listens at a port."""
    for _ in range(3000):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=30).close()
        except ConnectionError:
            return
        sleep(0.01)
    raise AssertionError(port)


def helpers_of(process: subprocess.Popen[str], count: int) -> list[int]:
    """The processes that a server has divided itself into, but for the first."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if not children.exists():
        pytest.skip("this system does not list the children of a process")
    while len(found := children.read_text().split()) < count:
        sleep(0.01)
    return [int(each) for each in found]


def state_of(process: int) -> str:
    """The letter for what a process does, Z where it has ended; none where nobody knows of it."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return ""


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_serve_answers_what_is_under_way_and_ends_when_told(end: signal.Signals) -> None:
    body = b'{"require": {"real_time": true}}'
    head = HEAD.replace(b"recommend", b"explain") + b"content-length: %d\r\n\r\n" % len(body)
    with started() as (process, said, port):
        assert len(said) == 1
        assert json.loads(got(f"http://127.0.0.1:{port}/healthz")) == {"status": "ok"}
        page = Page(got(f"http://127.0.0.1:{port}/?real_time=true"))
        assert "MARS-Flash" in page.by_id("winner").text
        with connected(port) as client, connected(port) as idle:
            client.sendall(head + body[:5])
            process.send_signal(end)
            assert idle.recv(1) == b""  # nothing is under way there
            until_refused(port)
            client.sendall(body[5:])
            found = b"".join(iter(lambda: client.recv(2**16), b""))
        rest = process.communicate(timeout=30)
        assert process.returncode == 0
    assert rest == ("", "")
    answer = json.loads(found.partition(b"\r\n\r\n")[2])
    assert answer["shortlist"][0]["model"] == "mars-flash"
    assert found.startswith(b"HTTP/1.1 200 ")


def test_told_twice_it_waits_for_nobody() -> None:
    with (
        started() as (process, _, port),
        connected(port) as client,
        connected(port) as idle,
    ):
        client.sendall(HEAD + b"content-length: 9\r\n\r\n{")
        process.send_signal(signal.SIGINT)
        assert idle.recv(1) == b""
        process.send_signal(signal.SIGINT)
        with suppress(ConnectionResetError):
            assert client.recv(1) == b""  # no answer at all, which would be none of ours
        assert process.communicate(timeout=30) == ("", "")
        assert process.returncode == 0


def test_every_process_answers_what_is_under_way_when_all_are_told() -> None:
    body = b'{"require": {"real_time": true}}'
    with started("--processes", "3") as (process, _, port):
        helpers = helpers_of(process, 2)
        clients = [connected(port) for _ in range(12)]
        for client in clients:
            client.sendall(HEAD + b"content-length: %d\r\n\r\n{" % len(body))
        for each in (*helpers, process.pid):  # as a terminal does it, and what manages services
            os.kill(each, signal.SIGTERM)
        until_refused(port)
        sleep(0.5)  # a process that took this for the second time would be gone
        for client in clients:
            client.sendall(body[1:])
            assert b"".join(iter(partial(client.recv, 2**16), b"")).startswith(b"HTTP/1.1 200 ")
            client.close()
        assert process.communicate(timeout=30) == ("", "")
        assert process.returncode == 0


def test_told_once_more_when_some_have_ended_it_waits_for_nobody() -> None:
    with started("--processes", "3") as (process, _, port):
        ended, stuck = helpers_of(process, 2)
        connected(port).close()
        os.kill(stuck, signal.SIGSTOP)
        process.send_signal(signal.SIGTERM)
        while state_of(ended) not in {"Z", ""}:
            sleep(0.01)
        sleep(0.5)  # the first one has ended as well, and waits
        process.send_signal(signal.SIGTERM)
        sleep(0.5)
        os.kill(stuck, signal.SIGCONT)
        assert process.communicate(timeout=30) == ("", "")
        assert process.returncode == 0


@pytest.mark.skipif(not hasattr(signal, "SIGCHLD"), reason="a system without this signal")
def test_signals_that_are_ignored_stay_so_except_for_the_end_of_helpers() -> None:
    def ignoring() -> None:  # as a shell has its background jobs do
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)

    with started(before=ignoring) as (process, _, port):
        client = connected(port)
        sleep(0.5)  # each process serves
        process.send_signal(signal.SIGINT)
        sleep(0.5)
        client.sendall(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")
        assert client.recv(2**16).startswith(b"HTTP/1.1 200 ")
        client.close()
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=30) == ("", "")
        assert process.returncode == 0


def test_the_rest_goes_on_without_a_helper_and_helpers_end_without_the_first() -> None:
    with started("--processes", "3") as (process, _, port):
        lost, left = helpers_of(process, 2)
        os.kill(lost, signal.SIGKILL)
        while state_of(lost) != "Z":
            sleep(0.01)
        for _ in range(12):
            assert json.loads(got(f"http://127.0.0.1:{port}/healthz")) == {"status": "ok"}
        os.kill(left, signal.SIGTERM)  # it is not the one to be told
        for _ in range(12):
            assert json.loads(got(f"http://127.0.0.1:{port}/healthz")) == {"status": "ok"}
        process.kill()
        assert process.communicate(timeout=30) == ("", "")
        until_refused(port)


def test_processes_that_cannot_be_had_are_said_and_none_is_left() -> None:
    program = (
        "import os, sys; fork, left = os.fork, [1, 1]\n"
        "def forked(): left.pop() if left else os.close(-1); return fork()\n"
        "os.fork = forked; sys.argv[1:] = ['serve', '--port', '0', '--processes', '4']\n"
        "from mars_solver.__main__ import main; main()"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )  # no end before that of the helpers, which have the same standard error
    serving_on, said = found.stderr.splitlines()
    assert serving_on.startswith("Serving on ")
    assert said.startswith("error: serve: found bad file descriptor; expected 4 processes")
    assert found.returncode == 2


def test_one_process_serves_where_no_more_are_wanted() -> None:
    with started("--processes", "1") as (process, _, port):
        assert json.loads(got(f"http://127.0.0.1:{port}/healthz")) == {"status": "ok"}
        assert helpers_of(process, 0) == []
    found = run("serve", "--processes", "0")
    assert found.returncode == 2
    assert "--processes" in found.stderr


def test_who_opens_it_to_other_machines_is_told_that_nobody_has_to_log_in() -> None:
    with started("--host", "0.0.0.0", "--allow-host", "box.example") as (process, said, port):  # noqa: S104
        assert "no authentication" in said[0]
        for host, status in (("box.example", 200), (f"127.0.0.1:{port}", 200), ("evil", 421)):
            url = f"http://127.0.0.1:{port}/healthz"
            asked = urllib.request.Request(url, headers={"host": host})
            try:
                with urllib.request.urlopen(asked, timeout=30) as answer:  # noqa: S310
                    found = answer.status
            except urllib.error.HTTPError as error:
                found = error.code
            assert found == status
        process.terminate()
        assert process.wait(timeout=30) == 0


def test_serve_names_every_fault_before_it_listens(tmp_path: Path) -> None:
    found = run("serve", "--models", str(tmp_path / "none"), "--host", "192.0.2.1")
    assert found.returncode == 2
    assert "no such file" in found.stderr
    assert "error: serve: 192.0.2.1:8000: " in found.stderr
    assert "--host is a name or an address of this machine" in found.stderr
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        found = run("serve", "--port", str(port))
    assert found.returncode == 2
    assert f"error: serve: 127.0.0.1:{port}: address already in use; another --port" in found.stderr
    assert "another --port may be free" in found.stderr


@pytest.mark.parametrize("host", ["192.0.2.1", "a..b", ""])
def test_who_gives_no_address_of_this_machine_is_not_told_of_ports(host: str) -> None:
    with pytest.raises(InputError) as error:
        listening.listen(host, 8000)
    assert [each.hint for each in error.value.problems] == [
        "--host is a name or an address of this machine"
    ]


def test_the_extra_is_named_where_it_is_missing(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['starlette'] = None; sys.argv = ['mars-solver', *sys.argv[1:]];"
        "from mars_solver.cli.commands import main; main()"
    )

    def called(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", program, *words]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    found = called("serve", "--port", "0")
    assert (found.returncode, found.stdout) == (2, "")
    assert "pip install 'anyio" in found.stderr
    saved = called("explain", "--html", str(tmp_path / "x.html"))
    assert (saved.returncode, saved.stderr) == (0, f"Wrote {tmp_path / 'x.html'}\n")
    assert [path.name for path in tmp_path.iterdir()] == ["x.html"]


@pytest.fixture
def hasty(solver: Solver, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The port of a server that waits for nobody."""
    monkeypatch.setattr(serving, "HEAD_SECONDS", 0.3)
    monkeypatch.setattr(guard, "BODY_SECONDS", 0.3)
    with served(solver) as url:
        yield port_of(url)


def port_of(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None
    return port


def until_closed(port: int, *parts: bytes) -> bytes:
    """What a server says to somebody who sends some parts and then waits until it hangs up."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        found = b""
        try:
            for part in parts:
                client.sendall(part)
            while data := client.recv(2**16):
                found += data
        except (ConnectionResetError, BrokenPipeError):
            pass
        return found


@pytest.mark.parametrize(
    "part", [b"", HEAD, HEAD + b"content-length: 100\r\n\r\n{"], ids=["none", "head", "body"]
)
def test_nobody_can_take_every_place_with_requests_that_are_never_sent(
    solver: Solver, monkeypatch: pytest.MonkeyPatch, part: bytes
) -> None:
    monkeypatch.setattr(listening, "MOST_CONNECTIONS", 8)
    with served(solver) as url:
        place = ("127.0.0.1", port_of(url))
        held = [socket.create_connection(place, timeout=30) for _ in range(20)]
        try:
            for each in held:
                with suppress(ConnectionError):  # the first ones have made room for the last
                    each.sendall(part)
            for _ in range(5):
                assert json.loads(got(f"{url}healthz")) == {"status": "ok"}
        finally:
            for each in held:
                each.close()


@pytest.mark.parametrize("most", [None, 200, 300])
def test_no_burst_of_connections_takes_every_file_that_may_be_open(most: int | None) -> None:
    resource = pytest.importorskip("resource")
    hard = most or resource.getrlimit(resource.RLIMIT_NOFILE)[1]

    def limited(soft: int, hard: int) -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    with started("--processes", "1", before=partial(limited, 64, hard)) as (process, _, port):
        crowd = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(400)]
        assert json.loads(got(f"http://127.0.0.1:{port}/healthz")) == {"status": "ok"}
        for client in crowd:
            client.close()
        process.terminate()
        assert process.communicate(timeout=30) == ("", "")
        assert process.returncode == 0


def test_too_few_open_files_are_said() -> None:
    resource = pytest.importorskip("resource")

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))

    found = subprocess.run(
        [sys.executable, "-m", "mars_solver", "serve", "--port", "0"],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=limited,
    )
    assert (found.returncode, found.stdout) == (2, "")
    assert re.fullmatch(
        r"error: serve: found 64; expected a limit of at least \d+ open files; .*\n", found.stderr
    )


def test_who_hangs_up_in_the_middle_of_a_body_is_no_fault_of_ours() -> None:
    with started() as (process, _, port):
        with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
            client.sendall(HEAD + b"content-length: 100\r\n\r\n{")
        assert json.loads(got(f"http://127.0.0.1:{port}/healthz")) == {"status": "ok"}
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=30) == ("", "")
        assert process.returncode == 0


def test_who_is_slow_is_cut_off_and_nobody_else(hasty: int) -> None:
    asleep = [socket.create_connection(("127.0.0.1", hasty), timeout=30) for _ in range(20)]
    try:
        assert json.loads(got(f"http://127.0.0.1:{hasty}/healthz")) == {"status": "ok"}
        assert until_closed(hasty) == b""
        assert until_closed(hasty, HEAD) == b""
        late = until_closed(hasty, HEAD + b"content-length: 100\r\n\r\n", b'{"na')
        assert late.startswith(b"HTTP/1.1 408 ")
        assert b"application/problem+json" in late
        # An answer that needs no body is not held up by one that never ends.
        early = until_closed(
            hasty, b"GET /healthz HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n"
        )
        assert early.startswith(b"HTTP/1.1 200 ")
        assert all(each.recv(1) == b"" for each in asleep)
    finally:
        for each in asleep:
            each.close()
    assert json.loads(got(f"http://127.0.0.1:{hasty}/healthz")) == {"status": "ok"}


def test_bodies_that_are_arriving_take_bounded_memory(
    hasty: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "BODY_SECONDS", 30)
    monkeypatch.setattr(guard, "HELD_BYTES", 1000)
    head = HEAD + b"content-length: 900\r\n\r\n"
    with socket.create_connection(("127.0.0.1", hasty), timeout=30) as slow:
        slow.sendall(head + b" " * 800)
        while not (refused := until_closed(hasty, head, b"{}".ljust(900))).count(b"HTTP/1.1 503 "):
            assert refused.startswith(b"HTTP/1.1 200 ")  # the slow one has not yet been read
        assert b"retry-after" in refused
        slow.sendall(b"{}".rjust(100))
        assert slow.recv(2**16).startswith(b"HTTP/1.1 200 ")
    assert until_closed(hasty, head, b"{}".ljust(900)).startswith(b"HTTP/1.1 200 ")


def test_what_is_no_http_gets_no_further(hasty: int) -> None:
    for garbage in (b"\x16\x03\x01\x00\xa5", b"GET / HTTP/9\r\n\r\n", b"GET /" + b"a" * 2**17):
        found = until_closed(hasty, garbage, b"\r\n\r\n")
        assert not found or found.startswith(b"HTTP/1.1 400 ")
    path = b"GET /../../etc/passwd HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
    assert until_closed(hasty, path).startswith(b"HTTP/1.1 404 ")


def test_who_names_no_host_is_no_browser_and_is_answered(hasty: int) -> None:
    assert until_closed(hasty, b"GET /healthz HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200 ")


def test_an_address_is_one_and_is_had_by_one_server() -> None:
    opened = listening.listen("127.0.0.1", 0, 2)
    assert len({listening.address(each) for each in opened}) == 1
    address = listening.address(opened[0])
    assert re.fullmatch(r"http://127\.0\.0\.1:[1-9]\d*/", address)
    for count in (1, 2):
        with pytest.raises(InputError, match="address already in use; another --port"):
            listening.listen("127.0.0.1", port_of(address), count)
    for each in opened:
        each.close()
    with pytest.raises(InputError, match="--host is a name or an address of this machine"):
        listening.listen("192.0.2.1", 0)


def test_an_address_is_had_by_nobody_else_before_it_is_shared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rivals: list[int] = []

    class Watched(socket.socket):
        def setsockopt(self, *option: Any) -> None:
            place = self.getsockname()
            if option[1] == getattr(socket, "SO_REUSEPORT", None) and place[1]:
                with socket.socket() as rival:
                    rival.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    with pytest.raises(OSError, match="in use"):
                        rival.bind(place)
                rivals.append(place[1])
            super().setsockopt(*option)

    with monkeypatch.context() as patched:
        patched.setattr(socket, "socket", Watched)
        opened = listening.listen("127.0.0.1", 0, 2)
    for each in opened:
        each.close()
    assert len(rivals) == len(opened) - 1


@pytest.mark.parametrize(
    ("flags", "code"),
    [
        (["--require", "real_time=true"], 0),
        (["--require", "real_time=true", "--require", "style_control=true"], 3),
    ],
)
def test_an_answer_is_saved_beside_what_is_printed(
    tmp_path: Path, flags: list[str], code: int
) -> None:
    file = tmp_path / "answer.html"
    found = run("explain", *flags, "--json", "--html", str(file))
    plain = run("explain", *flags, "--json")
    assert (found.returncode, found.stdout) == (code, plain.stdout)
    assert found.stderr == f"Wrote {file}\n"
    assert run("explain", "--html", str(file)).returncode == 2
    assert run("explain", *flags, "--html", str(file), "--force").returncode == code
    require = {flag.partition("=")[0]: True for flag in flags if "=" in flag}
    answer = recommend({"require": require})
    page = Page(file.read_text("utf-8"))
    assert [p.name for p in tmp_path.iterdir()] == ["answer.html"]
    assert (page.by_id("swap").get("data-said") == "No model meets every requirement.") == (
        not answer.shortlist
    )


def test_a_page_that_cannot_be_saved_is_an_error_before_the_answer(tmp_path: Path) -> None:
    missing = tmp_path / "none" / "x.html"
    for where, words in (
        (str(missing), "a writable file"),
        ("", '--html: found ""; expected a path'),
    ):
        found = run("explain", "--html", where)
        assert (found.returncode, found.stdout) == (2, "")
        assert words in found.stderr
    bad = run("explain", "--require", "real_tim=true", "--html", str(tmp_path / "x.html"))
    assert bad.returncode == 2
    assert list(tmp_path.iterdir()) == []
