"""Whatever the README shows is what happens.

After a wanted change, `REWRITE_DOCS=1 pytest tests/project/test_docs.py` puts the new output in.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from asgi import Client
from command import run, script, spawn
from mars_solver import Profile, Solver, load_catalogue, load_weights, recommend
from mars_solver.inputs.catalogue.measurements import with_measurements
from mars_solver.inputs.files import data_folder
from mars_solver.web.app import create_app
from readme import README, blocks

ROOT = Path(__file__).parents[2]


def put_in(old: str, new: str) -> None:
    """Replace shown output by the real one, where that is asked for."""
    if os.environ.get("REWRITE_DOCS") == "1" and old != new:
        README.write_text(README.read_text("utf-8").replace(old, new), "utf-8")


@pytest.mark.parametrize("block", blocks("console"), ids=lambda b: b.splitlines()[0][2:])
def test_commands_print_what_is_shown(
    block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompt, _, shown = block.partition("\n")
    program, *words = shlex.split(prompt.removeprefix("$ "))
    unwanted = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "benchmarks", tmp_path / "benchmarks", ignore=unwanted)
    shutil.copytree(data_folder("models"), tmp_path / "models")
    monkeypatch.chdir(tmp_path)
    called = run(*words) if program == "mars-solver" else script(*words)
    assert called.returncode in {0, 3, 4}
    assert [line for line in called.stderr.splitlines() if not line.endswith(" %")] == []
    put_in(block, f"{prompt}\n{called.stdout}")
    assert shown == called.stdout or os.environ.get("REWRITE_DOCS") == "1"


@pytest.mark.parametrize(
    ("code", "shown"), list(zip(blocks("python"), blocks("text"), strict=True))
)
def test_python_prints_what_is_shown(code: str, shown: str) -> None:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "README.md", "exec"), {})  # noqa: S102
    put_in(f"{code}```\n\n```text\n{shown}", f"{code}```\n\n```text\n{printed.getvalue()}")
    assert shown == printed.getvalue() or os.environ.get("REWRITE_DOCS") == "1"


def test_the_label_shown_is_the_one_in_the_file() -> None:
    file = ROOT / "benchmarks" / "labels" / "drive-through.jsonl"
    assert blocks("json") == [file.read_text("utf-8")]


def test_the_profile_and_the_measurements_shown_are_valid() -> None:
    profile, measurements = (tomllib.loads(body) for body in blocks("toml"))
    uncommented = re.sub(r"(?m)^# (?=\w+ = )", "", blocks("toml")[0])
    assert len(Profile(**profile).require) == 3
    every = Profile(**{**tomllib.loads(uncommented), "workflow": None})
    assert list(every.require) == list(load_catalogue().declared.requirement)
    measured = with_measurements(load_catalogue(), measurements, place="README")
    assert measured.sha256 != load_catalogue().sha256


@pytest.fixture
def server() -> Iterator[str]:
    """The address of a server that the README's command has started, on a free port."""
    (first, *_) = next(block for block in blocks("sh") if "serve" in block).splitlines()
    command = shlex.split(first, comments=True)
    assert command == ["mars-solver", "serve"]
    arguments = [sys.executable, "-m", "mars_solver", "serve", "--port", "0"]
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        yield process.stderr.readline().removeprefix("Serving on ").rstrip("/\n")
        process.terminate()


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_the_calls_of_the_api_are_answered(server: str) -> None:
    block = next(block for block in blocks("sh") if "curl" in block)
    calls = block.replace("http://127.0.0.1:8000", server)
    called = subprocess.run(
        ["bash", "-euc", calls],  # noqa: S607
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    decoder, found, text = json.JSONDecoder(), [], called.stdout
    while text := text.lstrip():
        value, end = decoder.raw_decode(text)
        found.append(value)
        text = text[end:]
    answer, kiosk, line = found
    assert answer == recommend({"require": {"real_time": True, "max_ttfb_ms": 300}}).to_dict()
    assert (kiosk["model_1"], line["status"]) == ("mars-nano", "rejected")
    table = re.findall(r"(?m)^\| `(?:GET|POST) (\S+)`", README.read_text("utf-8"))
    client = Client(create_app(Solver(load_catalogue(), load_weights())))
    described = client.get("/openapi.json").json()
    assert sorted(table) == sorted(described["paths"])


def test_an_answer_is_saved_as_shown(tmp_path: Path) -> None:
    command = next(block for block in blocks("sh") if "--html" in block).strip()
    assert spawn(*shlex.split(command)[1:], folder=tmp_path).returncode == 0
    assert "MARS-Nano" in (tmp_path / "answer.html").read_text("utf-8")


def test_the_first_command_is_the_demo() -> None:
    makefile = ROOT / "Makefile"
    if not makefile.exists():
        pytest.skip("the Makefile is not part of the wheel")
    first = blocks("console")[0].splitlines()[0].removeprefix("$ ")
    assert f"demo: $(VENV)/.core\n\t$(BIN)/{first}\n" in makefile.read_text("utf-8")
    for target in re.findall(r"(?m)^make ([\w-]+)", blocks("sh")[0]):
        assert re.search(rf"(?m)^{target}:", makefile.read_text("utf-8"))
