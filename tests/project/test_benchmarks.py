"""The scripts in benchmarks/: each one runs and reports what it measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from command import script

FOLDER = Path(__file__).parents[2] / "benchmarks"
README = FOLDER.parent / "README.md"


@pytest.mark.long
@pytest.mark.parametrize("name", ["latency", "conflicts", "batch", "batch_growth", "serving"])
def test_a_quick_run_measures_and_reports(tmp_path: Path, name: str) -> None:
    report = tmp_path / "report.json"
    run = script(str(FOLDER / f"{name}.py"), "--quick", "--json", str(report))
    assert run.returncode == 0, run.stderr
    assert "Traceback" not in run.stderr
    assert json.loads(report.read_text("utf-8"))["machine"]["cpus"]
    assert len(run.stdout.splitlines()) > 5


def test_the_readme_shows_the_results_that_are_kept() -> None:
    run = script(str(FOLDER / "peers.py"), "--table", str(FOLDER / "results.json"))
    assert run.returncode == 0, run.stderr
    shown = README.read_text("utf-8").partition("benchmarks/results.json -->\n\n")[2]
    assert shown.partition("\n\n<!-- end of peers -->")[0] == run.stdout.rstrip("\n")
