"""The index of attacks names tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "attacks.md").read_text("utf-8")


def test_every_row_of_the_index_names_tests_that_are_there() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ")]
    headings = [row for row in rows if row.endswith(" tests |")]
    assert len(rows) - len(headings) >= 20
    for row in rows:
        named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", row)
        assert named or row in headings, row
        for name, test in named:
            assert re.search(rf"^def {test}\(", (ROOT / name).read_text("utf-8"), re.MULTILINE), (
                test
            )
