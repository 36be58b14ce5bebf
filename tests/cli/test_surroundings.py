"""Wherever a command runs: a full disk, a closed pipe, no home, a narrow terminal, -W error."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

CALLS: Final = (
    (("recommend", "--real-time"), 0),
    (("recommend", "--real-time", "--style-control", "-v"), 3),
    (("explain", "--html", "x.html"), 0),
    (("compare", "mars-pro", "mars-flash"), 0),
    (("catalogue",), 0),
    (("verify", "--pin", "x.toml"), 0),
    (("init", "x"), 0),
    (("guide", "--mermaid"), 0),
    (("schema", "answer"), 0),
    (("batch", "t.csv", "-o", "x.parquet"), 4),
    (("batch", "t.csv", "-o", "-"), 4),
    (("recommend", "--help"), 0),
    (
        (
            "recommend",
            "n\u00f6.toml",
            "--require",
            "languages=\u0939\u093f\u0928\u094d\u0926\u0940",
        ),
        2,
    ),
)
QUICK: Final = (CALLS[1], CALLS[9])
BARE: Final = {"PATH": os.environ["PATH"], "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
PLACES: Final[Mapping[str, Mapping[str, str]]] = {
    "ascii": {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
    "narrow": {**os.environ, "COLUMNS": "20"},
    "nothing": BARE,
    "no home": {**BARE, "HOME": "/nonexistent", "LC_ALL": "C", "TERM": "dumb"},
    "optimised": {**os.environ, "PYTHONOPTIMIZE": "2"},
    "strict": {**os.environ, "PYTHONWARNINGS": "error", "PYTHONDEVMODE": "1"},
}
ALL_AT_ONCE: Final = {
    **BARE,
    "PYTHONIOENCODING": "ascii",
    "COLUMNS": "20",
    "PYTHONOPTIMIZE": "1",
    "PYTHONWARNINGS": "error",
}
PROGRAM: Final = (sys.executable, "-m", "mars_solver")


@pytest.fixture(autouse=True)
def _inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").write_text("id,latency\n\u00e4,3\nb,11\n", "utf-8")


def called(
    words: tuple[str, ...], environment: Mapping[str, str], stdout: int = subprocess.PIPE
) -> subprocess.CompletedProcess[bytes]:
    done = subprocess.run(
        [*PROGRAM, *words],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        check=False,
    )
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    assert b"Warning" not in done.stderr, done.stderr.decode()
    return done


def left(folder: Path) -> list[str]:
    """What a command leaves behind that it should not."""
    names = [path.name for path in folder.rglob("*")]
    return [name for name in names if name.endswith((".draft", ".parts")) or "mars-solver" in name]


@pytest.mark.parametrize(("words", "code"), QUICK, ids=[words[0] for words, _ in QUICK])
def test_a_command_runs_anywhere(words: tuple[str, ...], code: int, tmp_path: Path) -> None:
    assert called(words, ALL_AT_ONCE).returncode == code
    assert left(tmp_path) == []


def test_a_batch_whose_folder_is_gone_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    done = called(("batch", "t.csv", "-o", "x.csv"), os.environ)
    assert done.returncode == 2
    assert b"error: t.csv: no such file or directory" in done.stderr


def test_a_link_that_leads_to_itself_is_no_fault_of_the_program(tmp_path: Path) -> None:
    (tmp_path / "x.csv").symlink_to("x.csv")
    assert called(("batch", "x.csv", "-o", "y.csv"), os.environ).returncode == 2
    assert called(("batch", "t.csv", "-o", "x.csv"), os.environ).returncode == 4
    assert left(tmp_path) == []


def cleared(folder: Path) -> None:
    """Remove what commands are there to write."""
    for name in ("x", "x.html", "x.toml", "x.parquet", "x.rejects.parquet"):
        path = folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


@pytest.mark.long
@pytest.mark.parametrize("place", PLACES)
def test_every_command_runs_in_every_place(place: str, tmp_path: Path) -> None:
    for words, code in CALLS:
        assert called(words, PLACES[place]).returncode == code, words
        cleared(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


@pytest.mark.long
def test_no_command_minds_that_nobody_reads(tmp_path: Path) -> None:
    for words, code in CALLS:
        reader, writer = os.pipe()
        os.close(reader)
        assert called(words, os.environ, writer).returncode == code, words
        os.close(writer)
        cleared(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


WRITERS: Final = (
    ("explain", "--html", "x.html"),
    ("verify", "--pin", "x.toml"),
    ("init", "x"),
    ("batch", "t.csv", "-o", "x.csv"),
    ("batch", "t.csv", "-o", "x.parquet"),
    ("batch", "t.csv", "-o", "x.jsonl.gz"),
)


@pytest.mark.long
@pytest.mark.parametrize("words", WRITERS, ids=" ".join)
@pytest.mark.parametrize("room", [0, 1, 300])
def test_a_full_disk_is_said_and_leaves_nothing(
    words: tuple[str, ...], room: int, tmp_path: Path
) -> None:
    full = subprocess.run(
        [*PROGRAM, *words],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)),
    )
    assert "Traceback" not in full.stderr
    assert full.returncode == 2
    assert "error: x" in full.stderr
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["t.csv"]
    assert left(tmp_path) == []


@pytest.mark.skipif(not shutil.which("setpriv"), reason="only setpriv takes root's rights away")
@pytest.mark.parametrize("words", [WRITERS[0], WRITERS[3]], ids=" ".join)
def test_a_folder_that_cannot_be_written_is_said(words: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "shut").mkdir(mode=0o500)
    inside = [f"shut/{word}" if word.startswith("x") else word for word in words]
    lower = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"]
    done = subprocess.run([*lower, *PROGRAM, *inside], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")
    assert [*(tmp_path / "shut").iterdir()] == []
