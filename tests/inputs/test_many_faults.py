"""However bad an input is: a few of its faults are put into words, and the rest are counted."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest

from mars_solver import InputError, Solver, decide
from mars_solver.batch.answers import json_lines
from mars_solver.errors import MOST_FAULTS, REST, few
from mars_solver.inputs import parsing
from mars_solver.inputs.catalogue.facts import LONGEST_MEMBER
from mars_solver.inputs.documents import parse_json
from mars_solver.inputs.options import requirements_in
from mars_solver.inputs.profile import parse_profile
from mars_solver.inputs.profile_row import parse_row
from strategies import SHIPPED
from tables import batch_of

MANY = 4600
KEYS = {f"key_{number}": 1 for number in range(MANY)}
DECLARED = SHIPPED.declared
SET = next(r.name for r in DECLARED.requirements if r.members == "language")
READERS: dict[str, Callable[[], Any]] = {
    "keys": lambda: parse_profile(KEYS, "x", DECLARED),
    "requirements": lambda: parse_profile({"require": KEYS}, "x", DECLARED),
    "members": lambda: parse_profile({"require": {SET: [1] * MANY}}, "x", DECLARED),
    "columns": lambda: parse_row(KEYS, DECLARED, "x"),
    "kept requirements": lambda: requirements_in([*KEYS], DECLARED),
}


@pytest.mark.parametrize("what", READERS)
def test_a_few_faults_are_worded_and_the_rest_are_counted(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = 0
    nearest = parsing.nearest

    def counted(*args: Any) -> str:
        nonlocal compared
        compared += 1
        return nearest(*args)

    monkeypatch.setattr(parsing, "nearest", counted)
    with pytest.raises(InputError) as caught:
        READERS[what]()
    *worded, rest = sorted(caught.value.problems, key=lambda each: each.path.endswith(REST))
    assert len(worded) == MOST_FAULTS
    assert rest.path.endswith(REST)
    assert str(rest).endswith(f": {MANY - MOST_FAULTS} more faults of this kind")
    assert compared <= 2 * MOST_FAULTS


def test_repeated_keys_are_named_and_counted_likewise() -> None:
    text = "{" + ", ".join(f'"{key}": 1' for key in [*KEYS, *KEYS]) + "}"
    with pytest.raises(
        InputError, match=f"{MANY - MOST_FAULTS} more faults of this kind more"
    ) as it:
        parse_json(text, "x")
    assert len(str(it.value)) < 40 * MOST_FAULTS


def test_as_many_as_are_worded_need_no_count() -> None:
    assert few([*range(MOST_FAULTS)], "x") == ([*range(MOST_FAULTS)], [])
    worded, (rest,) = few([*range(MOST_FAULTS + 1)], "x")
    assert (len(worded), str(rest)) == (MOST_FAULTS, "x: …: 1 more fault of this kind")


def test_a_row_of_many_unknown_columns_is_rejected_with_a_few_reasons(solver: Solver) -> None:
    flat, nested = json.dumps(KEYS), json.dumps({"require": KEYS})
    for line in map(json.loads, json_lines([flat.encode(), nested.encode()], solver).splitlines()):
        assert line["status"] == "rejected"
        assert len(line["reasons"]) == MOST_FAULTS + 1


def test_a_long_name_is_cut_and_compared_with_nothing() -> None:
    with pytest.raises(InputError) as caught:
        parse_profile({"real_time" * 6000: 1}, "x", DECLARED)
    (problem,) = caught.value.problems
    assert problem.hint == ""
    assert len(problem.path) <= 200
    assert len(str(problem)) < 1000


def test_a_member_has_a_longest_spelling_in_a_profile_and_in_a_table_alike(solver: Solver) -> None:
    fitting = "en" + "-abcde" * ((LONGEST_MEMBER - 2) // 6)
    for tag, fits in ((fitting.ljust(LONGEST_MEMBER), True), (fitting + "-abcdef", False)):
        batch = batch_of([{SET: [tag]}])
        assert (decide(batch).column("status")[0].as_py() == "rejected") == (not fits)
        with nullcontext() if fits else pytest.raises(InputError):
            parse_profile({"require": {SET: [tag]}}, "x", solver.declared)
