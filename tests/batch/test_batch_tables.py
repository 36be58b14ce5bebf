"""Tables as people have them: what spreadsheets, data frames and databases write."""

from __future__ import annotations

import datetime
import decimal
import gzip
import io
import json
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from command import run as command
from mars_solver import InputError, Profile, Solver, decide, decide_stream
from mars_solver.batch.csv_text import CsvForm
from mars_solver.batch.json_lines import JsonForm
from mars_solver.batch.run import Run, execute
from mars_solver.batch.tables import open_table, standing
from strategies import DECLARED
from tables import Row, batch_of, rows, seeded_rows, write

BATCH = [sys.executable, "-m", "mars_solver", "batch"]


def answers_to(path: Path, solver: Solver, out: str = "out.parquet", **options: Any) -> list[Row]:
    """The answers to a table and its rejects, in the order of their rows."""
    output, rejects = path.with_name(out), path.with_name("rejects.parquet")
    run = Run(open_table(path, DECLARED, **options), output, rejects, solver)
    execute(run, resume=False, progress=lambda _, __: None)
    found = pq.read_table(output).to_pylist() if output.suffix == ".parquet" else []
    refused = pq.read_table(rejects).to_pylist() if rejects.exists() else []
    return sorted([*found, *refused], key=lambda row: int(row["row"]))


def spelled(tmp_path: Path, solver: Solver, text: str | bytes, name: str = "t.csv") -> list[Row]:
    data = text.encode() if isinstance(text, str) else text
    (tmp_path / name).write_bytes(data)
    return answers_to(tmp_path / name, solver)


# ---------------------------------------------------------------------------- both readers

DIRTY_CELL = st.sampled_from(
    ["", "true", "No", "300", "300,5", "1.234", "1e3", "NA", "nan", "5", "5.0", "11", "x y",
     "en-us;pt", "en-us pt", "batch", "a\"b", "ü", "7 ", "-1", "9" * 40, "N/A", "+3", "1_000"]
)  # fmt: skip
NAMES = ("id", "real_time", "max_ttfb_ms", "languages", "latency", "workflow")


@st.composite
def dirty_csv(draw: st.DrawFn) -> tuple[str, bytes]:
    """A separator and lines of CSV, most of them well-formed, long enough to be cut."""
    between = draw(st.sampled_from([",", ";", "\t"]))
    cells = st.lists(DIRTY_CELL, min_size=len(NAMES), max_size=len(NAMES))
    line = st.one_of(
        cells.map(lambda c: between.join(f'"{v}"' if between in v else v for v in c)),
        cells.map(lambda c: between.join('"' + v.replace('"', '""') + '"' for v in c)),
        cells.map(between.join),
        cells.map(lambda c: between.join([*c, ""])),
        cells.map(lambda c: '"a\nb"' + between.join(["", *c[1:]])),
        st.sampled_from(
            ["", '"', "a\rb", "x", between, '"a"b' + between * 5, "\ufeff" + between * 5]
        ),
    )
    plain = [between.join(["p", "true", "300", "en-us", "7", ""])] * draw(st.integers(0, 200))
    made = draw(st.lists(line, max_size=12))
    mixed = draw(st.permutations([*plain[:20], *made])) + plain[20:]
    end = draw(st.sampled_from(["\n", "\r\n"]))
    data = end.join(mixed).encode()
    return between, data + draw(st.sampled_from([b"", b"\n", b"\xff\n", b'"\xfc",\n']))


def same_either_way(form: CsvForm | JsonForm, text: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Arrow helps to read is what our own reader alone reads."""
    fast = form.records(text)
    with monkeypatch.context() as alone:
        alone.setattr(type(form), "_arrow", lambda *_: None)
        slow = form.records(text)
    count = slow.batch.num_rows
    assert fast.batch.num_rows == count
    assert fast.refused == slow.refused
    clean = [row for row in range(count) if row not in slow.refused]
    mine, other = fast.batch.to_pylist(), slow.batch.to_pylist()
    # As text, in which NaN is equal to itself.
    assert str([mine[row] for row in clean]) == str([other[row] for row in clean])
    assert fast.ids().to_pylist() == slow.ids().to_pylist()
    every = np.arange(count)
    assert fast.read is not None
    assert slow.read is not None
    assert str(fast.read(every)) == str(slow.read(every))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=dirty_csv())
def test_both_readers_of_csv_read_the_same(
    made: tuple[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    between, text = made
    form = CsvForm(DECLARED, None, NAMES, between, len(NAMES))
    same_either_way(form, text, monkeypatch)


DIRTY_JSON = st.sampled_from(
    ['{"latency": 5.0}', '{"latency": 5', "{}{}", "{} {", "}", "null", '{"latencyy": 1}',
     '{"max_ttfb_ms": NaN}', '{"max_ttfb_ms": 1e999}', '{"id": 7}', '{"id": "a", "id": "b"}',
     '{"languages": "en-us pt"}', '{"languages": ["en-us", null]}', '{"languages": []}',
     '{"languages": ["2026-01-01"]}', '{"output_sample_rates_hz": [24000, 8000]}',
     '{"output_sample_rates_hz": [24000.5]}', '{"owner": "2026-01-01"}', '{"owner": {"a": 1}}',
     '{"owner": 3}', '\ufeff{"latency": 5}', '{"id": "ü"}', '{"real_time": "yes"}', "", "  "]
)  # fmt: skip


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(st.one_of(DIRTY_JSON, rows().map(json.dumps)), max_size=12),
    plain=st.integers(0, 200),
    extra=st.sampled_from([None, "keep", "drop"]),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_both_readers_of_json_read_the_same(
    lines: list[str], plain: int, extra: Any, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = JsonForm(DECLARED, extra, ("id", "owner"))
    every = [*lines, *['{"real_time": true, "max_ttfb_ms": 300, "languages": ["pt"]}'] * plain]
    same_either_way(form, end.join(every).encode(), monkeypatch)


def test_a_bad_row_costs_few_others_the_fast_way(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["a,true,300,pt,7,"] * 20_000
    lines[777] = "one,cell,too,many,for,this,table"
    read: list[int] = []
    own = CsvForm._own

    def counted(form: CsvForm, some: list[bytes]) -> Any:
        read.append(len(some))
        return own(form, some)

    monkeypatch.setattr(CsvForm, "_own", counted)
    found = CsvForm(DECLARED, None, NAMES, ",", len(NAMES)).records("\n".join(lines).encode())
    assert (found.batch.num_rows, [*found.refused]) == (20_000, [777])
    assert sum(read) < 100


@pytest.mark.parametrize(
    "members",
    [
        '"languages": ["en-us", "pt"]',
        '"languages": "en-us; pt"',
        '"languages" : [ "en-us" ], "output_formats": "wav"',
        '"output_sample_rates_hz": [24000, 8000]',
        '"output_sample_rates_hz": "24000;8000"',
        '"languages": []',
    ],
)
@pytest.mark.parametrize("extra", [None, "keep", "drop"])
def test_members_in_json_are_read_the_fast_way_however_they_are_listed(
    members: str, extra: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ['{"id": "a", "languages": null}', '{"id": "b", "output_sample_rates_hz": null}']
    text = "\n".join([*first, *[f'{{"real_time": true, {members}}}'] * 50]).encode()
    form = JsonForm(DECLARED, extra, ("id",))
    same_either_way(form, text, monkeypatch)
    monkeypatch.setattr(JsonForm, "_own", lambda *_: pytest.fail("read by our own reader"))
    assert form.records(text).batch.num_rows == 52


# ---------------------------------------------------------------------------- spreadsheets


def test_a_spreadsheet_with_semicolons_and_decimal_commas(tmp_path: Path, solver: Solver) -> None:
    found = spelled(
        tmp_path,
        solver,
        "\ufeffid;real_time;max_ttfb_ms;languages;latency;\r\n"
        "a;WAHR;;;;\r\n"
        'b;Yes;150,5;"en-us, pt-br";8,0;\r\n'
        "c;;1.234,5;;;\r\n"
        "d;;1.234;;;\r\n"
        "e;n;N/A;en-us|pt-br;NULL;\r\n"
        "f;y;149,5;;;\r\n",
    )
    assert [row.get("model_1") for row in found] == [
        None, "mars-flash", None, None, "mars-pro", None
    ]  # fmt: skip
    assert found[0]["reasons"] == [
        'real_time: found "WAHR"; expected true or false; write yes or no'
    ]
    for row in (found[2], found[3]):
        assert row["reasons"][0].endswith(
            "write it without separators of thousands and with a decimal point, as 1234.5"
        )
    assert found[5]["blocked"] == "max_ttfb_ms"


@pytest.mark.parametrize("between", ["\t", ";", ","])
def test_the_separator_is_seen_in_the_header(tmp_path: Path, solver: Solver, between: str) -> None:
    lines = [["id", "real_time", "max_ttfb_ms"], ["a", "t", "300"], ["b", "1", ""]]
    found = spelled(tmp_path, solver, "\n".join(map(between.join, lines)))
    assert [(row["id"], row["model_1"]) for row in found] == [
        ("a", "mars-flash"), ("b", "mars-flash")
    ]  # fmt: skip


def test_a_separator_can_be_named(tmp_path: Path, solver: Solver) -> None:
    (tmp_path / "t.csv").write_text("id|real_time\na|true\n", "utf-8")
    (found,) = answers_to(tmp_path / "t.csv", solver, delimiter="|")
    assert found["id"] == "a"


@pytest.mark.parametrize("between", ["ab", '"', "\n"])
def test_a_separator_is_one_character(tmp_path: Path, solver: Solver, between: str) -> None:
    (tmp_path / "t.csv").write_text("id,real_time\n1,yes\n")
    with pytest.raises(InputError, match=r"--delimiter: .*expected one character"):
        open_table(tmp_path / "t.csv", solver.declared, delimiter=between)


def test_what_is_not_utf8_is_named_once_with_its_row(tmp_path: Path, solver: Solver) -> None:
    text = "id,name,real_time\na,Kiosk,true\nMüller,Größe,true\nc,Café,true\n"
    found = spelled(tmp_path, solver, text.encode("cp1252"))
    assert [row.get("model_1") for row in found] == ["mars-flash", None, None]
    assert found[1]["reasons"] == [
        "id: found byte 0xfc; expected UTF-8 text; save the table as UTF-8 (in Excel: CSV UTF-8)"
    ]
    assert [row["id"] for row in found] == ["a", "M\ufffdller", "c"]


def test_cells_beyond_the_columns_count_only_where_something_stands_in_them(
    tmp_path: Path, solver: Solver
) -> None:
    found = spelled(tmp_path, solver, "id,real_time,\na,true,\nb,true\nc,true,,,\nd,true,x\ne\n")
    assert [row.get("status") for row in found] == ["meets"] * 3 + [None] * 2
    assert found[3]["reasons"] == ["found 3; expected 2 cells"]
    assert found[4]["reasons"] == ["found 1; expected 2 cells"]


def test_ids_and_names_may_be_words_that_state_nothing(tmp_path: Path, solver: Solver) -> None:
    found = spelled(tmp_path, solver, "id,name,workflow\nNA,null,n/a\nnull,N/A,NA\n")
    assert [row["id"] for row in found] == ["NA", "null"]
    assert {row["status"] for row in found} == {"meets"}


# ---------------------------------------------------------------------------- typed tables

IDS: dict[str, tuple[pa.Array, list[str | None]]] = {
    "whole": (pa.array([7, None]), ["7", None]),
    "floats": (pa.array([7.0, 7.5]), ["7", "7.5"]),
    "decimals": (pa.array([decimal.Decimal("7.00"), decimal.Decimal("7.50")]), ["7", "7.50"]),
    "dates": (pa.array([datetime.date(2026, 11, 26), None]), ["2026-11-26", None]),
    "flags": (pa.array([True, False]), ["true", "false"]),
    "bytes": (pa.array([b"a", b"\xff"]), ["a", "\ufffd"]),
    "codes": (pa.array(["a", "b"]).dictionary_encode(), ["a", "b"]),
    "views": (pa.array(["a", "b"], pa.string_view()), ["a", "b"]),
    "codes of views": (
        pa.DictionaryArray.from_arrays(pa.array([1, 0]), pa.array(["a", "b"], pa.string_view())),
        ["b", "a"],
    ),
    "views of bytes": (pa.array([b"a", b"\xff"], pa.binary_view()), ["a", "\ufffd"]),
    "spans": (
        pa.array([pa.MonthDayNano([1, 2, 3]), None]),
        ["MonthDayNano(months=1, days=2, nanoseconds=3)", None],
    ),
    "uuids": (
        pa.array([uuid.UUID(int=7).bytes, None], pa.uuid()),
        ["00000000-0000-0000-0000-000000000007", None],
    ),
}


@pytest.mark.parametrize("kind", IDS)
def test_an_id_of_any_scalar_kind_is_carried_as_text(kind: str) -> None:
    column, wanted = IDS[kind]
    found = decide(pa.RecordBatch.from_arrays([column, pa.nulls(2)], ["id", "offline"]))
    assert found.column("id").to_pylist() == wanted
    assert found.column("status").to_pylist() == ["meets"] * 2


def test_a_row_with_views_of_text_as_polars_has_them_is_rejected_like_any_other() -> None:
    view = pa.string_view()
    words = pa.array([None, "later"], view)
    index = pa.array([None, 1], pa.uint32())
    columns = {
        "id": pa.array(["a", "b"], view),
        "languages": pa.array([["en-us"], ["english"]], pa.large_list(view)),
        "workflow": pa.DictionaryArray.from_arrays(index, words),
    }
    viewed = pa.RecordBatch.from_pydict(columns)
    plain = [{key: value for key, value in row.items() if value} for row in viewed.to_pylist()]
    assert decide(viewed).to_pylist() == decide(plain).to_pylist()
    assert decide(viewed).column("status").to_pylist() == ["meets", "rejected"]


def test_whole_numbers_may_be_written_as_floats_or_decimals() -> None:
    whole, broken = decimal.Decimal("8.00"), decimal.Decimal("8.50")
    wanted = decide(pa.RecordBatch.from_pydict({"latency": [8, None], "max_ttfb_ms": [300, None]}))
    for column in ([8.0, None], [whole, None]):
        made = {"latency": column, "max_ttfb_ms": [decimal.Decimal("300.000"), None]}
        assert decide(pa.RecordBatch.from_pydict(made)) == wanted
    for bad in ([8.5], [broken], [float("nan")], [-1.0], [11.0], [1e300]):
        (row,) = decide(pa.RecordBatch.from_pydict({"latency": bad})).to_pylist()
        assert row["reasons"][0].endswith("; expected a whole number from 0 to 10")
    rates = pa.array([[decimal.Decimal("24000.00")]])
    (row,) = decide(pa.RecordBatch.from_pydict({"output_sample_rates_hz": rates})).to_pylist()
    assert row["status"] == decide([{"output_sample_rates_hz": [24000]}]).to_pylist()[0]["status"]


def test_nothing_is_left_of_a_standard_input_that_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"real_tiem\ntrue\n")))
    with pytest.raises(InputError, match="real_tiem") as caught, standing("-") as stands:
        open_table(stands, DECLARED, named="-")
    assert caught.value.problems[0].place == "standard input"
    assert not stands.exists()


# ---------------------------------------------------------------------------- unknown columns


def test_columns_that_no_profile_has_are_refused_kept_or_dropped(
    tmp_path: Path, solver: Solver
) -> None:
    table = pa.table({"id": ["a"], "owner": [7], "real_time": [True], "due": [datetime.date.max]})
    pq.write_table(table, tmp_path / "t.parquet")
    pa.csv.write_csv(table, tmp_path / "t.csv")
    (tmp_path / "t.jsonl").write_text(json.dumps(table.to_pylist()[0], default=str), "utf-8")
    for name in ("t.parquet", "t.csv", "t.jsonl"):
        with pytest.raises(InputError) as caught:
            open_table(tmp_path / name, DECLARED)
        (problem,) = caught.value.problems
        assert '"owner", "due"' in problem.found or '"due"' in problem.found
        assert "--extra-columns keep" in problem.hint
        (dropped,) = answers_to(tmp_path / name, solver, extra="drop")
        assert list(dropped)[:3] == ["row", "id", "status"]
        (kept,) = answers_to(tmp_path / name, solver, extra="keep")
        assert list(kept)[:5] == ["row", "id", "owner", "due", "status"]
        typed = name == "t.parquet"
        assert kept["owner"] == (7 if typed else "7")
        assert kept["due"] == (datetime.date.max if typed else "9999-12-31")
        assert {k: v for k, v in kept.items() if k not in {"owner", "due"}} == dropped
    assert decide(table, extra_columns="keep").schema.field("due").type == pa.date32()
    assert decide(table, extra_columns="drop").num_columns == decide([{}]).num_columns


@pytest.mark.parametrize("extra", [None, "keep", "drop"])
def test_a_misspelt_column_is_never_taken_for_another_one(extra: Any) -> None:
    with pytest.raises(InputError) as caught:
        decide(pa.table({"Max TTFB ms": [1], "realtime": [True], "ID": ["a"]}), extra_columns=extra)
    assert [p.hint for p in caught.value.problems] == [
        "did you mean id?", "did you mean max_ttfb_ms?", "did you mean real_time?"
    ]  # fmt: skip


def test_a_column_that_the_answers_have_cannot_be_kept() -> None:
    table = pa.table({"status": ["open"], "score_3": [1], "latency": [8]})
    with pytest.raises(InputError, match="expected a name that no column of the answers"):
        decide(table, extra_columns="keep")
    assert decide(table, top=2, extra_columns="drop").num_rows == 1
    with pytest.raises(InputError, match="drop") as caught:
        decide(table, extra_columns="kep")  # type: ignore[arg-type]
    assert "keep" in str(caught.value)


# ---------------------------------------------------------------------------- out, and pipes


def test_answers_can_be_written_in_any_format(tmp_path: Path, solver: Solver) -> None:
    made = list(seeded_rows(300, seed=31))
    table = write(tmp_path / "t.parquet", made)
    wanted = answers_to(table, solver)
    kept = [row for row in wanted if "status" in row]
    answers_to(table, solver, "out.jsonl.gz")
    lines = gzip.decompress((tmp_path / "out.jsonl.gz").read_bytes()).splitlines()
    assert [json.loads(line) for line in lines] == kept
    answers_to(table, solver, "out.csv")
    options = pa.csv.ConvertOptions(strings_can_be_null=True, column_types={"id": pa.string()})
    read = pa.csv.read_csv(tmp_path / "out.csv", convert_options=options).to_pylist()
    assert [{**row, "id": row["id"] or None} for row in read] == [
        {**row, "id": row["id"] or None} for row in kept
    ]


@pytest.mark.parametrize("name", ["t.csv.gz", "t.jsonl.gz"])
def test_packed_text_is_read_as_text(tmp_path: Path, solver: Solver, name: str) -> None:
    plain = write(tmp_path / name.removesuffix(".gz"), list(seeded_rows(300, seed=32)))
    (tmp_path / name).write_bytes(gzip.compress(plain.read_bytes()))
    assert answers_to(tmp_path / name, solver) == answers_to(plain, solver)


@pytest.mark.parametrize("cut", [slice(8), slice(0, None, 2)])
def test_a_packed_file_that_is_damaged_is_refused(
    tmp_path: Path, solver: Solver, cut: slice
) -> None:
    packed = gzip.compress(b"id,real_time\n" + b"1,yes\n2,no\n" * 99)
    (tmp_path / "t.csv.gz").write_bytes(packed[:10] + packed[10:][cut])
    with pytest.raises(InputError, match=r"t\.csv\.gz: found a packed file that is cut short"):
        open_table(tmp_path / "t.csv.gz", solver.declared)


@pytest.mark.parametrize("bytes_", [2, 12, 20, 20_000])
def test_a_standard_input_that_is_packed_and_damaged_is_refused_by_its_name(
    tmp_path: Path, bytes_: int
) -> None:
    rows = b"".join(b"%d,yes\n" % (number * number) for number in range(20_000))
    packed = gzip.compress(b"id,real_time\n" + rows)[:bytes_]
    refused = command("batch", "-", "-o", str(tmp_path / "o.csv"), stdin=packed)
    assert refused.returncode == 2
    told = "error: standard input: found a packed file that is cut short or damaged"
    assert refused.stderr.startswith(told)
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_not_there_is_said_plainly(tmp_path: Path, solver: Solver) -> None:
    with pytest.raises(InputError) as refused:
        open_table(tmp_path / "none.csv", solver.declared)
    assert str(refused.value) == f"{tmp_path / 'none.csv'}: no such file or directory"


def test_a_table_can_come_from_a_pipe_and_go_to_one(tmp_path: Path) -> None:
    table = write(
        tmp_path / "t.parquet", [{"id": "a", "real_time": True}, {"id": "b", "latency": 11}]
    )
    packed = gzip.compress(b'{"id": "a", "real_time": true}\n{"id": "b", "latency": 11}\n')
    for sent in (table.read_bytes(), packed):
        found = subprocess.run(
            [*BATCH, "-", "-o", "-"], input=sent, capture_output=True, check=False
        )
        assert found.returncode == 4
        assert b"rejected: row 1 (b): latency: found " in found.stderr
        assert b"Answers on standard output\n  2 rows: 1 meets" in found.stderr
        if sent is packed:
            assert json.loads(found.stdout)["model_1"] == "mars-flash"
        else:
            head, row = found.stdout.decode().splitlines()
            assert head.startswith('"row","id","status","model_1"')
            assert row.startswith('0,"a","meets","mars-flash"')
    refused = command("batch", str(table), "-o", "-", "--resume")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "expected a run that wrote a file" in refused.stderr


# ---------------------------------------------------------------------------- in Python


class Capsule:
    """What hands over a table by the Arrow C stream alone, as other libraries do."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)


def test_decide_takes_a_table_in_any_form() -> None:
    made: list[Row] = [{"id": "a", "real_time": True, "latency": 8}, {"id": "b", "latency": 11}, {}]
    batch = batch_of(made)
    wanted = decide(batch)
    assert isinstance(wanted, pa.RecordBatch)
    table = pa.Table.from_batches([batch.slice(0, 1), batch.slice(1)])
    for whole in (table, table.to_reader(), Capsule(table)):
        found = decide(whole)
        assert isinstance(found, pa.Table)
        assert found.to_pylist() == wanted.to_pylist()
    tops: list[Any] = [
        {"id": "a", "require": {"real_time": True}, "prefer": {"latency": 8.0}},
        {"id": "b", "prefer": {"latency": 11}},
        Profile(),
    ]
    assert decide(made) == decide(tops) == wanted
    assert decide([]).num_rows == 0


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (7, "found 7"),
        ({"real_time": True}, "in a list: \\[profile\\]"),
        ("t.csv", "read it into a data frame first"),
        ([7], "table\\[0\\]: found 7; expected a profile or a row"),
        (
            [{"require": [1]}],
            "table\\[0\\]: require: found .*; expected a table",
        ),
        ([{"owner": 1}], "owner"),
        ([{1: 2}], "found 1; expected names of columns as text"),
        (pa.array([1]), "found a Int64Array"),
        (pa.chunked_array([[1]]), "found a ChunkedArray"),
    ],
)
def test_what_is_no_table_is_refused(table: object, said: str) -> None:
    with pytest.raises(InputError, match=said):
        decide(table)


def test_a_set_states_its_members() -> None:
    wanted = decide([{"languages": ["en-us", "pt"]}])
    assert decide([{"languages": {"pt", "en-us"}}]) == wanted


def test_a_stream_is_answered_as_it_is_read() -> None:
    made = batch_of([{"id": f"p{i}", "latency": i % 13} for i in range(50)])
    asked = 0

    def batches() -> Any:
        nonlocal asked
        for start in range(0, 50, 10):
            asked += 1
            yield made.slice(start, 10)

    answers = decide_stream(pa.RecordBatchReader.from_batches(made.schema, batches()), top=1)
    assert asked == 0
    first = answers.read_next_batch()
    assert (first.num_rows, asked) == (10, 1)
    rest = answers.read_all()
    assert [*first["row"].to_pylist(), *rest["row"].to_pylist()] == list(range(50))
    assert pa.Table.from_batches([first, *rest.to_batches()]).to_pylist() == (
        decide(made, top=1).to_pylist()
    )
    with pytest.raises(InputError, match="realtime"):
        decide_stream(pa.table({"realtime": [1]}))
    assert decide_stream([{"latency": 8}]).read_all().to_pylist() == (
        decide([{"latency": 8}]).to_pylist()
    )


def test_advice_on_numbers_is_given_for_numbers_alone(tmp_path: Path, solver: Solver) -> None:
    text = 'id,real_time,max_ttfb_ms\n1,1.5,\n2,,"1,200"\n'
    first, second = spelled(tmp_path, solver, text)
    assert first["reasons"] == ['real_time: found "1.5"; expected true or false; write yes or no']
    assert "as 1234.5" in second["reasons"][0]


TWICE = {"require": {"max_ttfb_ms": 2000}, "max_ttfb_ms": 100, "real_time": True}


@pytest.mark.parametrize("extra", [None, "keep", "drop"])
@pytest.mark.parametrize(
    ("profile", "said"),
    [
        (TWICE, r"\[1\]: max_ttfb_ms: found it more than once; .* the one under require"),
        ({"prefer": {"real_time": True}}, r"preference `real_time` \(table\[1\]: prefer.real_time"),
        ({"require": {"latency": 8}}, r"requirement `latency` \(table\[1\]: require.latency"),
        ({"require": {"owner": 8}}, r"requirement `owner` \(table\[1\]: require.owner"),
        ({"require": []}, r"table\[1\]: require: found \[\]; expected a table"),
    ],
)
def test_what_a_profile_states_twice_or_in_the_wrong_table_is_never_chosen_or_dropped(
    profile: Row, said: str, extra: Any
) -> None:
    for call in (decide, decide_stream):
        with pytest.raises(InputError, match=said):
            call([{}, profile], extra_columns=extra)


YES_AND_NO: dict[str, tuple[pa.Array, list[Any]]] = {
    "words": (pa.array(["YES", "no", None, "#N/A", "ja"]), ['"ja"']),
    "coded": (pa.array(["1", "0", "", "NA", "x"]).dictionary_encode(), ['"x"']),
    "views": (pa.array(["y", "f", None, "null", "2"], pa.string_view()), ['"2"']),
    "whole": (pa.array([1, 0, None, None, 2], pa.int8()), ["2"]),
    "floats": (pa.array([1.0, 0.0, None, float("nan"), 1.5]), ["1.5"]),
    "decimals": (
        pa.array([decimal.Decimal("1.0"), decimal.Decimal(0), None, None, decimal.Decimal("2.5")]),
        ["2.5"],
    ),
}


@pytest.mark.parametrize("kind", YES_AND_NO)
def test_yes_and_no_of_any_type_are_flags_and_anything_else_costs_its_row(kind: str) -> None:
    column, (found,) = YES_AND_NO[kind]
    for table in (
        pa.table({"real_time": column}),
        pa.record_batch({"real_time": column}),
        pa.table({"real_time": pa.concat_arrays([column, column])}).slice(5),
    ):
        answers = decide(table)
        wanted = decide([{"real_time": True}, {"real_time": False}, {}, {}])
        assert answers.slice(0, 4).to_pylist() == wanted.to_pylist()
        (reasons,) = answers["reasons"].to_pylist()[4:]
        assert reasons == [f"real_time: found {found}; expected true or false; write yes or no"]


def test_a_column_of_the_wrong_type_is_named_in_words() -> None:
    table = pa.table({"real_time": [[True]], "latency": ["8"], "max_ttfb_ms": [True]})
    with pytest.raises(InputError) as caught:
        decide(table)
    assert [problem.found for problem in caught.value.problems] == [
        "text", "true or false", "lists of true or false"
    ]  # fmt: skip


@pytest.mark.parametrize(
    "kind",
    [
        pa.list_(pa.string(), 1),
        pa.large_list(pa.string()),
        pa.list_view(pa.string()),
        pa.large_list_view(pa.string()),
        pa.list_(pa.string_view(), 1),
    ],
    ids=str,
)
def test_lists_of_any_kind_are_lists(kind: pa.DataType) -> None:
    column = pa.array([["xx"], ["en-us"], None, ["hi-in"], ["english"]], kind)
    wanted = decide([{"languages": ["en-us"]}, {}, {"languages": ["hi-in"]}]).to_pylist()
    for table in (pa.table({"languages": column}), pa.record_batch({"languages": column})):
        answers = decide(table.slice(1))
        assert answers.slice(0, 3).to_pylist() == wanted
        assert answers["reasons"].to_pylist()[3][0].startswith('languages.0: found "english"')


@pytest.mark.parametrize("extra", [None, "keep", "drop"])
def test_nested_profiles_in_columns_are_never_taken_for_extra_columns(extra: Any) -> None:
    table = pa.Table.from_pylist([{"id": 1, "require": {"real_time": True}}])
    with pytest.raises(InputError, match="require: found a nested profile"):
        decide(table, extra_columns=extra)
