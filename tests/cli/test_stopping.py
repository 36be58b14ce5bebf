"""A signal ends a command at once: nothing half-written stays, what is finished is kept."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from command import Run, run
from mars_solver.batch import tables

WORDS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated", signal.SIGHUP: "hung up"}
STRUCK = """
import importlib, os, runpy, sys
number, times, module, name, *words = sys.argv[1:]
home = importlib.import_module(module)
*path, last = name.split(".")
for each in path:
    home = getattr(home, each)
work, left = getattr(home, last), int(times)
def struck(*given, **named):
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), int(number))
    return work(*given, **named)
setattr(home, last, struck)
sys.argv = ["mars-solver", *words]
runpy.run_module("mars_solver", run_name="__main__")
"""
"""The command line, struck by a signal at the n-th call of a function of some module."""
WRITERS = [
    (("explain", "--html", "x.html"), 1),
    (("verify", "--pin", "x.toml"), 1),
    (("init", "x"), 2),
    (("batch", "t.csv", "-o", "x.csv"), 2),
]


def struck(
    folder: Path, by: signal.Signals, at: str, *words: str, times: int = 1, prefix: str = ""
) -> Run:
    module, _, name = at.partition(":")
    program = [sys.executable, "-c", STRUCK, str(by.value), str(times), module, name, *words]
    done = subprocess.run(
        [*shlex.split(prefix), *program],
        cwd=folder,
        env={**os.environ, "TMPDIR": str(folder)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return Run(done.returncode, done.stdout, done.stderr)


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A table of three parts, each of which has a row that is rejected."""
    row = f"{'a' * (tables._PART_BYTES // 2)},true,3\n"
    path = tmp_path / "t.csv"
    path.write_text("id,real_time,latency\n" + (row + "b,true,11\n") * 3, "utf-8")
    return path


@pytest.mark.parametrize("by", WORDS, ids=lambda each: each.name)
def test_a_batch_ends_at_a_signal_with_its_parts_kept_and_no_draft(
    by: signal.Signals, table: Path
) -> None:
    folder = table.parent
    words = ("batch", "t.csv", "-o", "a b.csv")
    ended = struck(folder, by, "mars_solver.batch.run:Summary.count", *words, times=2)
    assert (ended.returncode, ended.stdout) == (128 + by, "")
    said = ended.stderr.splitlines()[-1].split("; to go on: ")
    assert said == [WORDS[by], shlex.join(["mars-solver", *words, "--resume"])]
    kept = [f"a b.csv.parts/{name}" for name in ("000000.part", "000001.part", "manifest.json")]
    assert names(folder) == ["a b.csv.parts", *kept, "t.csv"]


def test_what_a_signal_cut_short_goes_on_as_it_says(
    table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = table.parent
    monkeypatch.chdir(folder)
    assert run("batch", "t.csv", "-o", "whole.csv").returncode == 4
    cut = ("batch", "t.csv", "-o", "cut.csv")
    ended = struck(folder, signal.SIGTERM, "mars_solver.batch.run:Summary.count", *cut, times=2)
    program, *words = shlex.split(ended.stderr.partition("to go on: ")[2])
    assert program == "mars-solver"
    assert run(*words).returncode == 4
    for name in ("{}.csv", "{}.rejects.csv"):
        one, other = (folder / name.format(stem) for stem in ("whole", "cut"))
        assert one.read_bytes() == other.read_bytes()
    assert len(names(folder)) == 5


@pytest.mark.parametrize(("words", "times"), WRITERS, ids=[words[0] for words, _ in WRITERS])
def test_no_command_leaves_a_half_written_file(
    words: tuple[str, ...], times: int, tmp_path: Path
) -> None:
    (tmp_path / "t.csv").write_text("latency\n11\n", "utf-8")
    ended = struck(tmp_path, signal.SIGHUP, "pathlib:Path.replace", *words, times=times)
    assert ended.returncode == 129
    assert "Traceback" not in ended.stderr
    left = [name for name in names(tmp_path) if name not in {"t.csv", "x", "x/attributes.toml"}]
    assert left == []


def test_an_answer_on_standard_output_leaves_no_passing_file(table: Path) -> None:
    words = ("batch", "t.csv", "-o", "-")
    ended = struck(table.parent, signal.SIGTERM, "mars_solver.batch.run:Summary.count", *words)
    assert (ended.returncode, ended.stdout, ended.stderr) == (143, "", "")
    assert names(table.parent) == ["t.csv"]


def test_an_interrupt_while_it_starts_is_no_traceback(tmp_path: Path) -> None:
    ended = struck(tmp_path, signal.SIGINT, "dataclasses:dataclass", "recommend")
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "")


def test_a_signal_that_somebody_ignores_ends_nothing(tmp_path: Path) -> None:
    ended = struck(tmp_path, signal.SIGHUP, "pathlib:Path.replace", "init", "x", prefix="nohup")
    assert ended.returncode == 0
    assert (tmp_path / "x" / "attributes.toml").exists()
