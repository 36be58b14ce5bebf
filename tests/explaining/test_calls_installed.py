"""The printed calls against the packages that they use, and a server of this machine.

`make calls` runs them, where those packages are installed.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import threading
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import pytest

import printed
from mars_solver import load_catalogue
from printed import Printed

PACKAGES = {"camb-sdk": "camb", "livekit": "livekit", "pipecat": "pipecat"}
pytestmark = [
    *(
        pytest.mark.skipif(find_spec(module) is None, reason=f"{module} is not installed")
        for module in PACKAGES.values()
    ),
    pytest.mark.filterwarnings("ignore"),  # of the packages themselves
]
KEYS = {"CAMB_API_KEY": "the-key", "BASETEN_API_KEY": "the-other-key"}
ENDPOINT = "https://client.camb.ai/apis"
RATE = 22050
ONE = (b"\1\0\2\0" * RATE)[: 2 * RATE]
"""A second of sound."""
BASH = shutil.which("bash") or "bash"
HANG = 30
"""Seconds after which what should take less than one counts as hung."""
ALL = [each for each in printed.printed(load_catalogue()) if each.calls.ready]


class Received(NamedTuple):
    """What a call sent."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


class Server(ThreadingHTTPServer):
    """Keeps what it receives, and answers with two seconds of sound.

    The second one goes out only after somebody has `heard` the first, or where nobody needs to.
    """

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.heard = threading.Event()
        self.late = False
        super().__init__(("127.0.0.1", 0), Answering)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Answering(BaseHTTPRequestHandler):
    """Answers one request in chunks."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.received.append(Received(self.path, headers, body))
        self.send_response(200)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        first, second = sound_of(body)
        self.chunk(first)
        self.server.late |= not self.server.heard.wait(HANG)
        self.chunk(second)
        self.chunk(b"")

    def chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def sound_of(body: dict[str, Any]) -> tuple[bytes, bytes]:
    """The sound that is sent, in two parts: WAV where it is asked for, else samples alone."""
    asked = body.get("output_format") or body["output_configuration"]["format"]
    if asked != "wav":
        return ONE, ONE
    file = io.BytesIO()
    with wave.open(file, "wb") as made:
        made.setparams((1, 2, RATE, 0, "NONE", ""))
        made.writeframes(ONE + ONE)
    whole = file.getvalue()
    return whole[: len(ONE)], whole[len(ONE) :]


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


class Heard(io.RawIOBase):
    """A standard output that says when it hears something."""

    def __init__(self, server: Server) -> None:
        self.whole, self.server, self.buffer = bytearray(), server, self

    def write(self, data: Any) -> int:
        self.whole += bytes(data)
        self.server.heard.set()
        return len(data)


@contextmanager
def pointed_at(server: Server) -> Iterator[None]:
    """Let the packages call this server in place of the vendor's."""
    import camb.client  # noqa: PLC0415
    from livekit.plugins import cambai  # noqa: PLC0415

    defaults = cambai.TTS.__init__.__kwdefaults__
    with (
        mock.patch.object(camb.client, "_get_base_url", return_value=server.address),
        mock.patch.dict(defaults, base_url=server.address),
        mock.patch.dict(os.environ, KEYS),
    ):
        yield


def called(code: str, server: Server, folder: Path) -> bytes:
    """Run a printed call in a folder, and return what it writes to standard output."""
    text = printed.filled(code).replace(printed.BASETEN_URL, f"{server.address}/predict")
    server.received.clear()
    server.heard.clear()
    streamed = "stdout" in text or "--no-buffer" in text
    if not streamed:
        server.heard.set()
    if text.startswith("VOICE_ID="):
        return shelled(text.replace(ENDPOINT, server.address), server, folder)
    out = Heard(server)
    with pointed_at(server), mock.patch.object(sys, "stdout", out), in_folder(folder):
        exec(compile(text, "call.py", "exec"), {"__name__": "__main__"})  # noqa: S102
    return bytes(out.whole)


def shelled(text: str, server: Server, folder: Path) -> bytes:
    with subprocess.Popen(
        [BASH, "-euc", text], stdout=subprocess.PIPE, cwd=folder, env={**os.environ, **KEYS}
    ) as process:
        assert process.stdout is not None
        first = process.stdout.read(1)
        server.heard.set()
        rest = process.stdout.read()
    assert process.returncode == 0
    return first + rest


@contextmanager
def in_folder(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def distinct(name: str) -> list[Printed]:
    """One of each text that is printed for a way of calling."""
    by_text = {each.calls.ready[name]: each for each in ALL if name in each.calls.ready}
    return list(by_text.values())


@pytest.mark.parametrize("name", ["camb-sdk", "curl"])
def test_what_arrives_is_what_was_asked_for_and_what_comes_is_kept(
    name: str, server: Server, tmp_path: Path
) -> None:
    (tmp_path / "voice.wav").write_bytes(b"a voice")
    for each in distinct(name):
        heard = called(each.calls.ready[name], server, tmp_path)
        (got,) = server.received
        own = each.configuration["deployment"] == "self_hosted"
        wanted = "output_format" if own else "output_configuration"
        shape = each.require.get("output_formats", ["wav"])[0]
        if own:
            assert got.path == "/predict"
            assert got.headers["authorization"] == "Api-Key the-other-key"
            assert got.body["reference_audio"] == "YSB2b2ljZQ=="
            assert got.body["reference_language"] == printed.REFERENCE_LANGUAGE
            assert got.body[wanted] == shape
        else:
            assert got.path == "/tts-stream"
            assert got.headers["x-api-key"] == "the-key"
            assert got.body["speech_model"] == each.model.id
            assert got.body["voice_id"] == printed.VOICE_ID
            directed = each.configuration["style"] == "directed"
            assert ("user_instructions" in got.body) == directed
            rates = each.require.get("output_sample_rates_hz")
            rate = {"sample_rate": rates[0]} if rates else {}
            assert got.body[wanted] == {"format": shape, **rate}
        assert got.headers["content-type"] == "application/json"
        assert got.body["text"] == "Hello, how can I help you?"
        sent = b"".join(sound_of(got.body))
        files = [path for path in tmp_path.iterdir() if path.name != "voice.wav"]
        if each.configuration["delivery"] == "streaming":
            assert (heard, files) == (sent, [])
        else:
            assert (heard, [path.read_bytes() for path in files]) == (b"", [sent])
            files[0].unlink()
        assert not server.late


@pytest.mark.parametrize("name", ["livekit", "pipecat"])
def test_a_platform_asks_for_what_is_printed_and_hands_the_sound_on(
    name: str, server: Server, tmp_path: Path
) -> None:
    for each in distinct(name):
        heard = called(each.calls.ready[name], server, tmp_path)
        (got,) = server.received
        assert (got.path, got.headers["x-api-key"]) == ("/tts-stream", "the-key")
        assert got.body["speech_model"] == each.model.id
        assert got.body["voice_id"] == printed.VOICE_ID
        assert f'language="{got.body["language"]}"' in each.calls.ready[name]
        assert got.body["output_configuration"] == {"format": "pcm_s16le"}
        assert ("user_instructions" in got.body) == (each.configuration["style"] == "directed")
        native = each.model.range("sample_rate_hz")
        assert native is not None
        rate = each.require.get("output_sample_rates_hz", [native[0]])[0]
        if each.configuration["delivery"] == "streaming":
            samples = len(heard) / 2
        else:
            with wave.open(str(tmp_path / "hello.wav")) as kept:
                assert (kept.getframerate(), kept.getsampwidth()) == (rate, 2)
                samples = kept.getnframes()
            (tmp_path / "hello.wav").unlink()
        assert samples == pytest.approx(len(ONE) * rate / native[0], rel=0.02)
        assert not server.late


def test_the_types_of_every_printed_call_are_right(tmp_path: Path) -> None:
    for name in PACKAGES:
        for i, each in enumerate(distinct(name)):
            module = f"{name.replace('-', '_')}_{i}.py"
            (tmp_path / module).write_text(printed.filled(each.calls.ready[name]), "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "."],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
