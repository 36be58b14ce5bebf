"""Text that is no table: whatever stands on a line, it is answered or refused, and never lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mars_solver import InputError, Solver
from mars_solver.batch import tables
from mars_solver.batch.answers import json_lines
from mars_solver.batch.run import Run, execute
from mars_solver.batch.tables import open_table
from mars_solver.batch.texts import lines_in
from tables import GOOD, Row, expected, rows

HEADER = ["id", "real_time", "max_ttfb_ms", "languages", "latency", "workflow"]
FUZZ = settings(
    max_examples=100,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
"""Fewer tables of more lines: a table costs its files, a line next to nothing."""


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "PART_ROWS", 5)


def answered(path: Path, solver: Solver) -> list[Row]:
    """The answers to a table, refused rows among them, in the order of their rows."""
    output, rejects = path.with_name("out.parquet"), path.with_name("rejects.parquet")
    run = Run(open_table(path, solver.declared), output, rejects, solver)
    counts = execute(run, resume=False, progress=lambda _, __: None).to_dict()
    found = pq.read_table(output).to_pylist()
    refused = pq.read_table(rejects).to_pylist() if rejects.exists() else []
    assert counts["rows"] == counts["answered"] + counts["rejected"]
    assert (counts["answered"], counts["rejected"]) == (len(found), len(refused))
    assert all(row["reasons"] and all(row["reasons"]) for row in refused)
    every = sorted([*found, *refused], key=lambda row: row["row"])
    assert [row["row"] for row in every] == list(range(counts["rows"]))
    return every


BROKEN = st.sampled_from(
    [
        b'{"latency": 5',
        b"[]",
        b"null",
        b"7",
        b'"text"',
        b"{'latency': 5}",
        b'{"latency": NaN}',
        b'{"max_ttfb_ms": Infinity}',
        b'{"max_ttfb_ms": 1e999}',
        b'{"max_ttfb_ms": ' + b"9" * 5000 + b"}",
        b'{"latency": 5.0}',
        b'{"latency": "5"}',
        b'{"latency": true}',
        b'{"latency": 5, "latency": 6}',
        b'{"latencyy": 5}',
        b'{"real_time": 2}',
        b'{"real_time": "ja"}',
        b'{"id": 7}',
        b'{"id": ["a"]}',
        b'{"id": "\\ud800"}',
        b'{"name": "\\ud800"}',
        b'{"languages": {"en-us": true}}',
        b'{"languages": [7]}',
        b'{"languages": ["en-us", null]}',
        b'{"languages": [["en-us"]]}',
        b'{"require": {"latency": 5}}',
        b'{"require": {"real_time": true}, "real_time": true}',
        b'{"prefer": [5]}',
        b'{"workflow": {}}',
        b'{"name": "' + b"x" * 3000 + b'"}',
        b'{"languages": ' + b"[" * 5000,
        b'{"name": "\xff"}',
        '{"name": "ü"}'.encode("latin-1"),
        '{"latency": 5}'.encode("utf-16"),
        b"\x00",
        b'{"name": "' + b"y" * 2**20 + b'"}',
    ]
)
SPELLED: dict[bytes, Row] = {
    b'{"real_time": 1}': {"real_time": True},
    b'{"real_time": "Yes"}': {"real_time": True},
    b'{"offline": 0, "accept_beta": "NaN"}': {"offline": False, "accept_beta": None},
    b'{"require": {"real_time": true}, "prefer": {"latency": 8}}': {
        "real_time": True,
        "latency": 8,
    },
}
"""Lines that are no plain rows, and the rows that they stand for."""
LINE = st.one_of(
    st.sampled_from([*SPELLED]),
    rows().map(lambda row: json.dumps(row).encode()),
    rows().map(lambda row: json.dumps(row, ensure_ascii=False).encode()),
    BROKEN,
    st.binary(max_size=30).filter(lambda data: b"\n" not in data),
    st.sampled_from([b"", b"   ", b"\t\r"]),
)


def as_profile(line: bytes) -> Row | None:
    """What a line states, read in another way; None where it states no row."""
    if len(line) > 2**19:
        return None

    def once(pairs: list[tuple[str, Any]]) -> Row:
        if len(dict(pairs)) < len(pairs):
            raise ValueError
        return dict(pairs)

    try:
        found = json.loads(line.decode("utf-8-sig"), object_pairs_hook=once)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


@FUZZ
@given(lines=st.lists(LINE, max_size=30), end=st.sampled_from([b"\n", b"\r\n"]), last=st.booleans())
def test_every_line_of_json_is_answered_or_refused(
    tmp_path: Path, solver: Solver, lines: list[bytes], end: bytes, last: bool
) -> None:
    lines = [b"{}", *lines]
    path = tmp_path / "in.jsonl"
    path.write_bytes(end.join(lines) + (end if last else b""))
    found = answered(path, solver)
    asked = [line for line in lines if line.strip()]
    assert len(found) == len(asked)
    for number, (line, answer) in enumerate(zip(asked, found, strict=True)):
        row = SPELLED.get(line) or as_profile(line)
        if row is None:
            assert answer["reasons"], line[:80]
            continue
        fits = {"id"} | set(GOOD)
        wanted = expected(solver, row, number) if row.keys() <= fits and _id(row) else None
        if wanted is None or wanted["status"] == "rejected":
            assert answer["reasons"], line[:80]
        else:
            del wanted["reasons"]
            if isinstance(row.get("languages"), str):
                continue
            assert answer == wanted, line[:80]


@settings(FUZZ, max_examples=30)
@given(lines=st.lists(LINE, max_size=12))
def test_lines_in_memory_are_answered_as_those_of_a_file(
    tmp_path: Path, solver: Solver, lines: list[bytes]
) -> None:
    body = b"\n".join([b"{}", *lines])
    path = tmp_path / "in.jsonl"
    path.write_bytes(body)
    made = [json.loads(line) for line in json_lines(lines_in(body), solver).splitlines()]
    for answer, row in zip(made, answered(path, solver), strict=True):
        assert (answer["row"], answer["id"]) == (row["row"], row["id"])
        if reasons := answer.pop("reasons"):
            assert (answer["status"], bool(reasons)) == ("rejected", "reasons" in row)
        else:
            assert answer == row


def _id(row: Row) -> bool:
    value = row.get("id", "")
    try:
        return not isinstance(value, list | dict) and str(value).encode() is not None
    except UnicodeEncodeError:
        return False


CELL = st.one_of(
    st.sampled_from(
        [
            b"", b"true", b"TRUE", b"false", b"yes", b"1", b"300", b"1e3", b"nan", b"inf", b"-1",
            b"en-us", b"en-us;hi-in", b"english", b"5", b"5.0", b"11", b"batch", b'"quoted"',
            b'"two ""quotes"""', b'"a, b"', b'"', b'a"b', b"\xff\xfe", b"\x00", b"x" * 5000,
            b"9" * 5000, "ü".encode(), "ü".encode("latin-1"), b"a\rb", b" ", b"\xef\xbb\xbf",
        ]
    ),
    st.binary(max_size=8).filter(lambda data: b"\n" not in data),
)  # fmt: skip
CSV_LINE = st.one_of(
    st.lists(CELL, min_size=len(HEADER), max_size=len(HEADER)).map(b",".join),
    st.lists(CELL, max_size=9).map(b",".join),
)


@FUZZ
@given(lines=st.lists(CSV_LINE, max_size=30), cut=st.integers(0, 20))
def test_every_line_of_csv_is_answered_or_refused(
    tmp_path: Path, solver: Solver, lines: list[bytes], cut: int
) -> None:
    body = b"\n".join(lines)
    body = body[: max(len(body) - cut, 0)]
    path = tmp_path / "in.csv"
    path.write_bytes(b"\n".join([",".join(HEADER).encode(), body, b"last,true,,,,"]))
    *found, last = answered(path, solver)
    assert (last["id"], last["status"]) == ("last", "meets")
    asked = [line for line in body.split(b"\n") if line.strip(b"\r")]
    stating = [line for line in asked if line.strip(b"\r,")]
    if not any(b'"' in line or b"\r" in line.rstrip(b"\r") for line in asked):
        assert len(found) == len(stating)
        for line, answer in zip(stating, found, strict=True):
            if line.count(b",") != len(HEADER) - 1 or _not_text(line):
                assert answer["reasons"], line
    else:
        assert len(found) <= len(asked)


def _not_text(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return True
    return False


def test_rows_of_empty_cells_are_no_rows_and_the_others_count_on(
    tmp_path: Path, solver: Solver
) -> None:
    lines = [
        "id;real_time;max_ttfb_ms",
        ";;",
        "a;yes;300",
        ";;;;",
        ";;x",
        '"";"";""',
        ";",
        "b;0.0;",
    ]
    path = tmp_path / "in.csv"
    for end in ("", '\nc;"d'):  # the second costs Arrow's reader the table
        path.write_text("\n".join(lines) + end, "utf-8")
        found = answered(path, solver)
        assert [(row["row"], row["id"]) for row in found[:3]] == [(0, "a"), (1, None), (2, "b")]
        assert [*map(bool, (row.get("reasons") for row in found))][:3] == [False, True, False]
    path.write_text("id;real_time\n;\n;\n", "utf-8")
    assert answered(path, solver) == []


NO_TABLES: list[tuple[str, bytes, str]] = [
    ("a.csv", b"Kunde;Prio\nx;y\n", 'found only "Kunde", "Prio"; expected at least one of work'),
    ("a.csv", b"id,name\n1,x\n", 'found only "id", "name"; expected at least one of work'),
    ("a.jsonl", b'{"Kunde": "x"}\n', 'found only "Kunde"; expected at least one of work'),
    ("a.csv", b"id,real_time\r1,yes\r2,no\r", "lines that end as on an old Mac"),
    ("a.parquet", b"id,real_time\n1,yes\n", "a.parquet: not a Parquet file"),
    ("a.csv.gz", b"id,real_time\n1,yes\n", "a.csv.gz: not a gzip file"),
]


@pytest.mark.parametrize(("name", "data", "said"), NO_TABLES)
def test_a_file_that_holds_no_profiles_is_refused_in_plain_words(
    tmp_path: Path, solver: Solver, name: str, data: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError) as caught:
        open_table(tmp_path / name, solver.declared, "drop")
    assert said in str(caught.value)


@pytest.mark.parametrize("first", ["sep=|\r\n", "\ufeffsep=|\n", '"sep=|"\n'])
def test_a_first_line_of_excel_says_what_separates_the_cells(
    tmp_path: Path, solver: Solver, first: str
) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(f"{first}id|real_time|languages\na|yes|en-us;pt\n".encode())
    (found,) = answered(path, solver)
    assert (found["id"], found["status"]) == ("a", "unverified")


def test_a_line_break_in_quotes_belongs_to_its_cell(tmp_path: Path, solver: Solver) -> None:
    path = tmp_path / "in.csv"
    cells = [f'"a\n{i}",true' for i in range(40)]
    path.write_text("\n".join(["id,real_time", *cells]) + "\n", "utf-8")
    assert [row["id"] for row in answered(path, solver)] == [f"a\n{i}" for i in range(40)]


def test_a_quote_that_is_never_closed_costs_its_own_line_alone(
    tmp_path: Path, solver: Solver
) -> None:
    path = tmp_path / "in.csv"
    lines = ["id,real_time", 'a"b,true', '"open,true', *(f"p{i},true" for i in range(30))]
    path.write_text("\n".join(lines), "utf-8")
    found = answered(path, solver)
    assert [row["id"] for row in found if "status" in row][-20:] == [f"p{i}" for i in range(10, 30)]
    assert sum("reasons" in row for row in found) >= 1
