"""Whole reports, as people read them.

Each `reports/NAME.toml` holds a profile (and perhaps measurements, a policy, a length, `explain`
with the model asked about, `verbose`, or `compare` with two models) and `reports/NAME.txt` what is
printed for it. After a wanted change of wording, look at the difference that running this file with
REWRITE_REPORTS=1 makes.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest

from mars_solver import recommend
from mars_solver.rendering.console import comparison, explanation, recommendation, to_text

FOLDER = Path(__file__).parent / "reports"
CASES = sorted(path.stem for path in FOLDER.glob("*.toml"))


def report(name: str) -> str:
    case = tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))
    asked, compared = case.pop("explain", None), case.pop("compare", None)
    verbose = case.pop("verbose", False)
    answer = recommend(case.pop("profile"), **case)
    if compared is not None:
        return to_text(comparison(answer.compare(*compared))) + "\n"
    if asked is None:
        return to_text(recommendation(answer, verbose=verbose)) + "\n"
    return to_text(explanation(answer.explain(asked or None))) + "\n"


@pytest.mark.parametrize("name", CASES)
def test_the_report_is_the_one_that_was_looked_at(name: str) -> None:
    expected = FOLDER / f"{name}.txt"
    found = report(name)
    if os.environ.get("REWRITE_REPORTS") == "1":
        expected.write_text(found, "utf-8")
    assert found == expected.read_text("utf-8")


def test_no_report_is_orphaned_and_every_line_fits() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.txt")) == CASES
    for name in CASES:
        assert all(len(line) <= 100 for line in report(name).splitlines())
