"""Whatever the README shows is what happens.

After a wanted change, `REWRITE_DOCS=1 pytest tests/test_docs.py` puts the new output in.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from mars_solver import Profile, load_catalogue
from mars_solver.catalogue import with_measurements

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
BLOCK = re.compile(r"```(\w+)\n(.*?)```\n", re.DOTALL)


def blocks(language: str) -> list[str]:
    return [body for name, body in BLOCK.findall(README.read_text("utf-8")) if name == language]


def put_in(old: str, new: str) -> None:
    """Replace shown output by the real one, where that is asked for."""
    if os.environ.get("REWRITE_DOCS") == "1" and old != new:
        README.write_text(README.read_text("utf-8").replace(old, new), "utf-8")


@pytest.mark.parametrize("block", blocks("console"), ids=lambda b: b.splitlines()[0][2:])
def test_commands_print_what_is_shown(block: str, tmp_path: Path) -> None:
    prompt, _, shown = block.partition("\n")
    program, *words = shlex.split(prompt.removeprefix("$ "))
    starts = {"mars-solver": [sys.executable, "-m", "mars_solver"], "python": [sys.executable]}
    unwanted = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "benchmarks", tmp_path / "benchmarks", ignore=unwanted)
    command = [*starts[program], *words]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert run.returncode in {0, 3, 4}
    assert [line for line in run.stderr.splitlines() if not line.endswith(" %")] == []
    put_in(block, f"{prompt}\n{run.stdout}")
    assert shown == run.stdout or os.environ.get("REWRITE_DOCS") == "1"


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
    assert len(Profile.model_validate(profile).to_dict()["require"]) == 3
    every = {**tomllib.loads(uncommented), "workflow": None}
    assert len(Profile.model_validate(every).to_dict()["require"]) == 12
    measured = with_measurements(load_catalogue(), measurements, place="README")
    assert measured.sha256 != load_catalogue().sha256


def test_the_first_command_is_the_demo() -> None:
    makefile = ROOT / "Makefile"
    if not makefile.exists():
        pytest.skip("the Makefile is not part of the wheel")
    first = blocks("console")[0].splitlines()[0].removeprefix("$ ")
    assert f"demo: $(VENV)/.core\n\t$(BIN)/{first}\n" in makefile.read_text("utf-8")
    for target in re.findall(r"(?m)^make (\w+)", blocks("sh")[0]):
        assert re.search(rf"(?m)^{target}:", makefile.read_text("utf-8"))
