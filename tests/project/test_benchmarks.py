"""The scripts in benchmarks/: each one runs and reports what it measured."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "benchmarks.md"
RESULTS = "benchmarks/peers/results.json"


def script(*args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", f"benchmarks.{args[0]}", *args[1:]]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


@pytest.mark.long
@pytest.mark.parametrize(
    "name",
    [
        "peers.latency",
        "peers.conflicts",
        "peers.batch",
        "peers.serving",
        "scaling.batch_growth",
        "scaling.explain_growth",
    ],
)
def test_a_quick_run_measures_and_reports(tmp_path: Path, name: str) -> None:
    report = tmp_path / "report.json"
    run = script(name, "--quick", "--json", str(report))
    assert run.returncode == 0, run.stderr
    assert "Traceback" not in run.stderr
    assert json.loads(report.read_text("utf-8"))["machine"]["cpus"]
    assert len(run.stdout.splitlines()) > 5


def test_the_documentation_shows_the_results_that_are_kept() -> None:
    run = script("peers.run_all", "--table", RESULTS)
    assert run.returncode == 0, run.stderr
    shown = PAGE.read_text("utf-8").partition(f"{RESULTS} -->\n\n")[2]
    assert shown.partition("\n\n<!-- end of peers -->")[0] == run.stdout.rstrip("\n")
