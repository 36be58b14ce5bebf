"""Changes of the modules that decide are noticed: a sample here, all of them by `make mutants`."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mutants import ROOT, Mutant, equivalent, every_mutant, is_one_of, mutants_of, sample


def test_each_entry_of_the_list_of_equivalent_mutants_is_one_and_has_a_reason() -> None:
    every = every_mutant()
    for entry in equivalent():
        assert any(is_one_of(mutant, entry) for mutant in every), entry
        assert {"module", "where", "why"} <= set(entry) <= {*Mutant._fields[:4], "why"}, entry
        assert entry["why"]


def test_a_module_is_changed_in_one_place_at_a_time() -> None:
    constant = b"LEAST: int = 1\n\n\n"
    function = b"def enough(a: int, *, b: bool = True) -> bool:\n    return a >= LEAST and b\n"
    source = constant + function
    found = [(each.where, each.after) for each in mutants_of("m", source)]
    assert found == [
        ("LEAST", "LEAST: int = (2)"),
        ("LEAST", "LEAST: int = (0)"),
        ("enough", "def enough(a: int, *, b: bool = (False)) -> bool:"),
        ("enough", "return (None)"),
        ("enough", "return (a >= LEAST or b)"),
        ("enough", "return (a > LEAST) and b"),
        ("enough", "return (a < LEAST) and b"),
    ]
    assert {each.source.count(b"\n") for each in mutants_of("m", source)} == {5}


def test_a_sample_stays_as_it_is_when_others_come_and_go() -> None:
    every = every_mutant(["solving/flowchart"])
    some = sample(every, 20)
    fewer = [each for each in every if each in some or each.where != "compare"]
    assert sample(fewer, 20) == some


@pytest.mark.long
def test_a_sample_of_mutants_is_noticed() -> None:
    command = [sys.executable, "tests/support/mutants.py", "--sample", "40", "--jobs", "1"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
