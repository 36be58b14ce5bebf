"""Labels in files: what is read, and that every bad one is named with its file and line."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mars_solver import Solver
from mars_solver.errors import InputError
from mars_solver.tuning import label_files
from mars_solver.tuning.label_files import load_questions, toml_lines
from mars_solver.tuning.labels import Label, label_digest
from mars_solver.tuning.leads import numbers_of
from mars_solver.tuning.targets import questions, satisfied
from scenarios import LINES
from strategies import DECLARED

PROFILE = {"require": {"real_time": True}, "prefer": {"latency": 8}}
GOOD = {"id": "a", "profile": PROFILE, "expected": ["mars-flash"]}


def load_labels(paths: Iterable[str | Path]) -> tuple[Label, ...]:
    return label_files.load_labels(paths, DECLARED)


def lines(path: Path, *labels: object) -> Path:
    text = "\n".join(each if isinstance(each, str) else json.dumps(each) for each in labels)
    path.write_text(text + "\n", "utf-8")
    return path


def said(*labels: Label) -> list[dict[str, Any]]:
    return [{"id": label.id, "group": label.group, **label.says()} for label in labels]


def test_the_same_labels_come_out_of_every_format(tmp_path: Path, solver: Solver) -> None:
    one = lines(tmp_path / "a.jsonl", {**GOOD, "group": "g", "over": [["mars-flash", "mars-pro"]]})
    toml = tmp_path / "b.toml"
    toml.write_text(
        '[[labels]]\nid = "a"\nexpected = ["mars-flash"]\nover = [["mars-flash", "mars-pro"]]\n'
        'group = "g"\n\n[labels.profile.require]\nreal_time = true\n'
        "[labels.profile.prefer]\nlatency = 8\n",
        "utf-8",
    )
    table = tmp_path / "c.csv"
    table.write_text(
        "id,real_time,latency,expected,group,over\na,true,8,mars-flash,g,mars-flash>mars-pro\n",
        "utf-8",
    )
    row = {"id": "a", "real_time": True, "latency": 8, "expected": ["mars-flash"], "group": "g"}
    parquet = tmp_path / "d.parquet"
    pq.write_table(pa.Table.from_pylist([{**row, "over": ["mars-flash>mars-pro"]}]), parquet)
    found = [said(*load_labels([path])) for path in (one, toml, table, parquet)]
    assert found[0] == found[1] == found[2] == found[3]
    assert len(questions(load_labels([tmp_path]), solver)) == 1
    assert label_digest(load_labels([one])) == label_digest(load_labels([parquet]))


def test_a_table_of_labels_is_separated_as_a_table_of_profiles_is(tmp_path: Path) -> None:
    comma, semicolon = tmp_path / "a.csv", tmp_path / "b.csv"
    comma.write_text("id,max_ttfb_ms,latency,expected\na,300.5,8,mars-flash\n", "utf-8")
    semicolon.write_text("id;max_ttfb_ms;latency;expected\na;300,5;8;mars-flash\n", "utf-8")
    assert said(*load_labels([comma])) == said(*load_labels([semicolon]))


def test_the_guides_lines_are_labels_that_the_shipped_weights_bring_about(solver: Solver) -> None:
    labels = load_labels([LINES])
    assert len(labels) == 24
    assert all(label.ordered for label in labels)
    asked = questions(labels, solver)
    numbers = numbers_of(solver.weights, solver.declared)
    assert all(question.target.holds(numbers) for question in asked)
    assert all(satisfied(label, solver) for label in labels if not label.document.measurements)


BAD: list[tuple[object, str]] = [
    ("{", "valid JSON"),
    ("[]", "expected a JSON object"),
    ({**GOOD, "id": None}, "id: found nothing; expected one line of printable text"),
    ({"id": "b", "profile": PROFILE}, "found none; expected at least one model"),
    ({**GOOD, "expected": []}, "found none; expected at least one model"),
    ({**GOOD, "expected": ["mars-flush"]}, "did you mean `mars-flash`?"),
    ({**GOOD, "over": [["mars-flash", "mars-ultra"]]}, "over: found "),
    ({**GOOD, "expected": ["mars-instruct"]}, "mars-instruct, which violates real_time"),
    ({**GOOD, "expected": ["mars-8.1-pro-beta"]}, "a beta, and the profile does not accept betas"),
    ({**GOOD, "expectd": ["mars-pro"]}, "unknown key `expectd`"),
    ({**GOOD, "profile": {"require": {"real_tme": True}}}, "did you mean `real_time`?"),
    ({**GOOD, "profile": {"require": {"max_ttfb_ms": -1}}}, "profile.require.max_ttfb_ms"),
    ({**GOOD, "weight": 0}, "weight: found 0; expected a number above 0"),
    ({**GOOD, "expected": ["mars-pro"]}, '"a" again, for another label'),
    ({**GOOD, "over": [["mars-flash", "mars-flash"]]}, "mars-flash over itself"),
]


@pytest.mark.parametrize(("bad", "told"), BAD)
def test_a_bad_label_is_named_with_its_file_and_line(
    bad: object, told: str, tmp_path: Path, solver: Solver
) -> None:
    path = lines(tmp_path / "x.jsonl", GOOD, "", {**GOOD, "id": "other"}, bad)
    with pytest.raises(InputError) as caught:
        questions(load_labels([path]), solver)
    last = len(path.read_text("utf-8").splitlines())
    assert any(f"x.jsonl:{last}" in str(p) and told in str(p) for p in caught.value.problems)


def test_every_bad_label_of_every_file_is_named_at_once(tmp_path: Path) -> None:
    one = lines(tmp_path / "a.jsonl", {**GOOD, "expected": []}, GOOD, {**GOOD, "weight": -1})
    two = lines(tmp_path / "b.jsonl", "{")
    with pytest.raises(InputError) as caught:
        load_labels([one, two])
    places = [problem.place for problem in caught.value.problems]
    assert places == [f"{one}:1", f"{one}:3", f"{two}:1"]


def test_faults_of_reading_and_of_the_facts_are_named_at_once(
    tmp_path: Path, solver: Solver
) -> None:
    bad = [
        {**GOOD, "id": "b", "expected": ["mars-flush"]},
        {**GOOD, "id": "c", "expected": []},
        "{",
        {**GOOD, "id": "d", "expected": ["mars-instruct"]},
        {**GOOD, "expected": ["mars-pro"]},
        {**GOOD, "group": "other"},
    ]
    path = lines(tmp_path / "x.jsonl", GOOD, *bad)
    with pytest.raises(InputError) as caught:
        load_questions([path, tmp_path / "none.csv"], solver)
    places = {problem.place for problem in caught.value.problems}
    assert places == {*(f"{path}:{n}" for n in range(2, 8)), str(tmp_path / "none.csv")}


def test_a_label_without_a_line_is_named_by_its_place(tmp_path: Path) -> None:
    document = {"labels": [GOOD, {**GOOD, "id": "b", "weight": 0}]}
    path = tmp_path / "many.json"
    path.write_text(json.dumps(document), "utf-8")
    inline = tmp_path / "many.toml"
    inline.write_text('labels = [{id = "a", profile = {}, expected = []}]\n', "utf-8")
    with pytest.raises(InputError) as caught:
        load_labels([path, inline])
    assert [p.place for p in caught.value.problems] == [f"{path}:labels.1", f"{inline}:labels.0"]


def test_no_character_but_a_line_break_ends_a_row(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("id,name,expected\na,one\u2028two,mars-pro\nb,,\n", "utf-8")
    with pytest.raises(InputError) as caught:
        load_labels([path])
    assert {p.place for p in caught.value.problems} == {f"{path}:2", f"{path}:3"}


def test_a_fault_of_a_scenario_is_named_with_the_line_of_its_key(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    path.write_text(
        'id = "s"\n\nexpected = ["mars-pro"]\n\n[profile.require]\nreal_time = true\n'
        "max_ttfb_ms = -3\n",
        "utf-8",
    )
    with pytest.raises(InputError) as caught:
        load_labels([path])
    assert [problem.place for problem in caught.value.problems] == [f"{path}:7"]
    many = tmp_path / "m.toml"
    many.write_text(
        '[[labels]]\nid = "s"\nprofile = {}\nexpected = ["mars-pro"]\n\n'
        '[[labels]]\nid = "t"\nprofile = {}\nexpected = []\n',
        "utf-8",
    )
    with pytest.raises(InputError) as caught:
        load_labels([many])
    assert [problem.place for problem in caught.value.problems] == [f"{many}:9"]


def test_lines_of_toml_are_found_by_path() -> None:
    found = toml_lines(
        'a = 1\n[profile]\nworkflow = "batch"\n[profile.require]\n"on_device" = true\n'
    )
    assert found == [
        {
            "": 1,
            "a": 1,
            "profile": 2,
            "profile.workflow": 3,
            "profile.require": 4,
            "profile.require.on_device": 5,
        }
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "id,real_time,expected\na,perhaps,mars-flash\n",
            't.csv:2: real_time: found "perhaps"; expected true or',
        ),
        (
            "id,realtime,expected\na,true,mars-flash\n",
            "unknown column `realtime`; did you mean `real_time`?",
        ),
        ("id,expected\na\n", "t.csv:2: found 1; expected 2 cells"),
        (
            "id,id,expected\na,b,mars-pro\n",
            "t.csv:1: id: found it more than once; expected each column once",
        ),
        (
            "id,expected,latency\na,mars-pro,11\n",
            "t.csv:2: latency: found 11; expected a whole number",
        ),
        (
            'id,expected\na,"mars-pro\n',
            "t.csv:2: found unexpected end of data; expected a line of CSV",
        ),
        ("id,expected\n", "found none; expected at least one label"),
    ],
)
def test_a_fault_of_a_table_is_named_with_its_line(text: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(InputError) as caught:
        load_labels([path])
    assert told in str(caught.value)


def test_a_column_that_no_table_has_is_told_once_for_all_rows(tmp_path: Path) -> None:
    rows = [{"id": name, "realtime": True, "expected": "mars-flash"} for name in "abc"]
    table, parquet = tmp_path / "t.csv", tmp_path / "t.parquet"
    table.write_text("id,realtime,expected\na,true,mars-flash\nb,true,mars-9\n", "utf-8")
    pq.write_table(pa.Table.from_pylist(rows), parquet)
    with pytest.raises(InputError) as caught:
        load_labels([table, parquet])
    found = [(each.place, each.found) for each in caught.value.problems]
    told = 'the unknown column "realtime"'
    assert found == [(f"{table}:1", told), (str(parquet), told)]


def test_a_label_that_stands_twice_counts_once(tmp_path: Path, solver: Solver) -> None:
    one = lines(tmp_path / "a.jsonl", GOOD, GOOD)
    assert len(questions(load_labels([one, one]), solver)) == 1
    both = {**GOOD, "id": "b", "expected": ["mars-pro", "mars-flash"]}
    overlapping = load_labels([lines(tmp_path / "b.jsonl", GOOD, both)])
    assert len(questions(overlapping, solver)) == 2


@pytest.mark.parametrize("name", ["none.jsonl", "folder", "x.txt"])
def test_what_cannot_be_read_is_named(name: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "x.txt").write_text("{}", "utf-8")
    with pytest.raises(InputError, match=name):
        load_labels([tmp_path / name])


def test_quoted_cells_may_hold_line_breaks(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerows([["id", "text", "expected"], ["a", "two\nlines", "mars-pro"]])
        writer.writerow(["b", "", ""])
    with pytest.raises(InputError) as caught:
        load_labels([path])
    assert {problem.place for problem in caught.value.problems} == {f"{path}:2", f"{path}:4"}
