"""The gate for those who keep a catalogue: the action and the hooks, run without the network."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from command import run
from foreign import write_foreign
from pages import LAUNCHER, ROOT

ACTION = ROOT / ".github/actions/catalogue/action.yml"
HOOKS = ROOT / ".pre-commit-hooks.yaml"
pytestmark = pytest.mark.skipif(not ACTION.exists(), reason="the gate is part of a checkout")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a catalogue and weights, in one commit."""
    write_foreign(tmp_path)
    launcher = tmp_path / ".bin" / "mars-solver"
    launcher.parent.mkdir()
    launcher.write_text(LAUNCHER % "-m mars_solver", "utf-8")
    launcher.chmod(0o755)
    who = ["-c", "user.name=us", "-c", "user.email=us@localhost", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q", "-b", "main"], ["add", "models", "weights"],
                  [*who, "commit", "-q", "-m", "Facts"]):  # fmt: skip
        subprocess.run(["git", *words], cwd=tmp_path, check=True)  # noqa: S607
    return tmp_path


def gate(repository: Path, **inputs: str) -> tuple[int, str]:
    """The exit code of the action's last step, and what it adds to the summary."""
    step: dict[str, Any] = yaml.safe_load(ACTION.read_text("utf-8"))["runs"]["steps"][-1]
    summary = repository / "summary.md"
    path = f"{repository / '.bin'}{os.pathsep}{os.environ['PATH']}"
    given = dict.fromkeys(step["env"], "") | {"MODELS": "models"} | inputs
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],  # noqa: S607
        cwd=repository,
        env={**os.environ, **given, "PATH": path, "GITHUB_STEP_SUMMARY": str(summary)},
        capture_output=True,
        check=False,
    )
    return done.returncode, summary.read_text("utf-8") if summary.exists() else ""


def test_the_action_lets_a_change_pass_and_shows_what_it_changes(repository: Path) -> None:
    facts = repository / "models" / "coupe.toml"
    before = facts.read_text("utf-8")
    facts.write_text(before.replace('"value": 500', '"value": 310', 1), "utf-8")
    assert facts.read_text("utf-8") != before
    code, summary = gate(repository, BASE="main", WEIGHTS="weights/default.toml")
    assert code == 0
    assert "| from | to | without preferences |" in summary
    assert "price from 310" in summary


def test_the_action_fails_where_the_catalogue_has_faults(repository: Path) -> None:
    (repository / "models" / "van.toml").write_text("schema = 1\n", "utf-8")
    code, summary = gate(repository, BASE="main")
    assert (code, summary) == (2, "")


def test_the_action_names_inputs_that_it_has() -> None:
    action = yaml.safe_load(ACTION.read_text("utf-8"))
    text = ACTION.read_text("utf-8")
    assert action["runs"]["using"] == "composite"
    assert {each for each in action["inputs"] if f"inputs.{each}" in text} == set(action["inputs"])


def test_the_hooks_run_as_they_are_declared(repository: Path) -> None:
    hooks = yaml.safe_load(HOOKS.read_text("utf-8"))
    assert [hook["id"] for hook in hooks] == ["mars-solver-check", "mars-solver-verify"]
    for hook in hooks:
        program, *words = shlex.split(hook["entry"])
        assert program == "mars-solver"
        assert run(*words, str(repository / "models")).returncode == 0
        assert run(*words, str(Path(sys.executable).parent)).returncode == 2
