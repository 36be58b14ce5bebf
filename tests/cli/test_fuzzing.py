"""Whatever a file or a call holds: an answer or plain errors, no row lost, nothing half-written."""

from __future__ import annotations

from pathlib import Path

import pytest

from fuzzing import KINDS, case_of, findings, try_all

QUICK, LONG = 5, 300
"""How many inputs of each kind are tried."""


@pytest.mark.parametrize("kind", range(len(KINDS)), ids=[*KINDS])
def test_no_input_gives_more_than_an_answer_or_plain_errors(
    kind: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(kind, QUICK * len(KINDS), len(KINDS)):
        folder = tmp_path / str(number)
        folder.mkdir()
        monkeypatch.chdir(folder)
        case = case_of(number)
        assert findings(case, folder) == [], (number, case.words)


@pytest.mark.long
@pytest.mark.parametrize("part", range(3))
def test_none_of_thousands_does(part: int) -> None:
    first = 10**6 + part * 10**5
    counts, wrong = try_all(range(first, first + LONG * len(KINDS) // 3))
    assert wrong == []
    assert set(counts.values()) == {LONG // 3}
