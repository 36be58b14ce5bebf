"""The batch path: what `recommend` says of each row, whatever the rows come with."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from command import run as command
from mars_solver import InputError, Profile, Solver, decide, recommend, recommend_many
from mars_solver.batch import answers as batches
from mars_solver.batch.run import Run, execute
from mars_solver.batch.tables import PART_ROWS, open_table
from mars_solver.inputs.catalogue.measurements import with_measurements
from mars_solver.vocabulary import POLICIES, Policy
from strategies import DECLARED, World, pooled, profile_dicts, worlds
from tables import Row, batch_of, expected, is_finite, nested, rows, seeded_rows, write


def same(solver: Solver, made: list[Row], unknown: Policy = "flag", top: int = 3) -> None:
    """The batch path answers each row as the single path does."""
    found = batches.decide(batch_of(made, solver.declared), solver, unknown, top).to_pylist()
    assert len(found) == len(made)
    for number, (row, answer) in enumerate(zip(made, found, strict=True)):
        assert answer == expected(solver, row, number, unknown, top), row


@given(made=st.lists(rows(), max_size=8), unknown=st.sampled_from(POLICIES))
def test_each_row_is_answered_as_recommend_answers_it(
    solver: Solver, made: list[Row], unknown: Policy
) -> None:
    same(solver, made, unknown)


def test_a_table_whose_first_row_is_no_profile_is_answered(solver: Solver) -> None:
    need = solver.declared.needs[0].name
    fresh = Solver(solver.catalogue, solver.weights)
    same(fresh, [{"primary": need}])
    same(fresh, [{"primary": need}, {}])


@settings(max_examples=60)
@given(pooled(), st.lists(rows(bad=False), max_size=6), st.sampled_from(POLICIES))
def test_so_it_is_with_other_models(one: World, made: list[Row], unknown: Policy) -> None:
    same(one.solver, made, unknown, top=2)


@settings(max_examples=60)
@given(
    worlds(),
    st.integers(0, 2**32),
    st.sampled_from([0.05, 0.2, 0.5]),
    st.sampled_from(POLICIES),
    st.sampled_from([1, 3, 12]),
)
def test_so_it_is_with_any_catalogue(
    where: World, seed: int, share: float, unknown: Policy, top: int
) -> None:
    same(where.solver, list(seeded_rows(25, seed, where, share)), unknown, top)


def test_any_number_of_locales_may_be_told_apart(solver: Solver) -> None:
    tags = [f"{first}{second}-zz" for first in "abcdefgh" for second in "abcdefghij"]
    values = (True, False, "unknown")
    told = {"source": "a test", "as_of": "2026-11-20"}
    claims = {
        model.id: {
            "languages": {
                tag: {"value": values[number // 3**index % 3], **told}
                for number, tag in enumerate(tags)
            }
        }
        for index, model in enumerate(solver.catalogue.models)
    }
    many = Solver(with_measurements(solver.catalogue, claims, place="test"), solver.weights)
    same(many, [{"languages": [tag, tags[number // 2]]} for number, tag in enumerate(tags)])


def test_seeded_rows_are_answered_alike(solver: Solver) -> None:
    same(solver, list(seeded_rows(3000, seed=1)))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(10))
def test_two_hundred_thousand_rows_are_answered_alike(solver: Solver, seed: int) -> None:
    same(solver, list(seeded_rows(20_000, seed=100 + seed)))


@pytest.mark.parametrize("top", [1, 6, 9])
def test_any_number_of_models_is_ranked(solver: Solver, top: int) -> None:
    same(solver, list(seeded_rows(300, seed=2)), top=top)


def test_no_rows_give_no_rows() -> None:
    assert decide(batch_of([])).num_rows == 0
    assert decide(pa.RecordBatch.from_pylist([{}, {}], pa.schema([]))).num_rows == 0


def test_an_absent_column_and_a_null_are_not_stated() -> None:
    absent = decide(pa.RecordBatch.from_pydict({"id": ["a"], "latency": [None]}))
    null = decide(batch_of([{"id": "a"}]))
    typeless = decide(pa.RecordBatch.from_pydict({"id": ["a"], "max_ttfb_ms": pa.nulls(1)}))
    assert absent == null == typeless


COLUMN_TYPES = {
    "strings": {"languages": pa.array(["en-us; hi-in", None, "", " ", "de-de"])},
    "large": {
        "languages": pa.array([["en-us", "hi-in"], None, [], [], ["de-de"]]).cast(
            pa.large_list(pa.large_string())
        )
    },
    "dictionary": {
        "languages": pa.array(["en-us;hi-in", None, "", "", "de-de"]).dictionary_encode(),
        "workflow": pa.array([None, "batch", "batch", None, None]).dictionary_encode(),
        "max_ttfb_ms": pa.array([300, None, 3000, 800, 800]).dictionary_encode(),
    },
    "narrow": {
        "max_ttfb_ms": pa.array([300, None, 3000, 800, 800], pa.uint16()),
        "latency": pa.array([3, None, 0, 10, 1], pa.int8()),
    },
    "single precision": {"max_ttfb_ms": pa.array([300.5, None, 3000, 800, 1], pa.float32())},
    "large strings": {
        "id": pa.array(list("abcde"), pa.large_string()),
        "workflow": pa.nulls(5, pa.large_string()),
    },
}


@pytest.mark.parametrize("kind", COLUMN_TYPES)
def test_columns_may_have_any_type_that_holds_the_values(solver: Solver, kind: str) -> None:
    columns: dict[str, Any] = COLUMN_TYPES[kind]
    batch = pa.RecordBatch.from_pydict(columns)
    listed = [
        {
            name: [t.strip() for t in value.split(";") if t.strip()]
            if name == "languages" and isinstance(value, str)
            else value
            for name, value in row.items()
            if value is not None
        }
        for row in batch.to_pylist()
    ]
    answers = decide(batch).to_pylist()
    assert answers == [expected(solver, row, number) for number, row in enumerate(listed)]
    sliced = decide(pa.concat_batches([batch, batch]).slice(3, 5))
    assert [a["model_1"] for a in sliced.to_pylist()] == [
        answers[i % 5]["model_1"] for i in range(3, 8)
    ]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"max_ttfb": [1]}, "unknown column `max_ttfb`; did you mean `max_ttfb_ms`?"),
        ({"real_time": [[1]]}, "real_time: found lists of numbers; expected true or false; cast"),
        ({"max_ttfb_ms": ["1"]}, "max_ttfb_ms: found text; expected numbers"),
        ({"latency": ["5"]}, "latency: found text; expected whole numbers"),
        ({"id": [[7]]}, "id: found lists of numbers; expected text"),
        ({"languages": [[7]]}, "expected lists, or text with ; between the members"),
    ],
)
def test_a_wrong_column_is_named_before_any_work(columns: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as caught:
        decide(pa.RecordBatch.from_pydict({**columns, "footprint": [True]}))
    assert said in str(caught.value)
    assert "footprint: found true or false; expected whole numbers" in str(caught.value)


@pytest.mark.parametrize(
    "row", [{"workflow": "batch", "real_time": True}, {"primary": "on_device"}], ids=str
)
def test_rows_that_all_contradict_themselves_are_all_rejected(row: Row) -> None:
    for found in decide([row, row]).to_pylist():
        assert found["status"] == "rejected"
        assert len(found["reasons"]) == 1


def test_bytes_that_are_no_text_are_refused_with_their_row() -> None:
    data = pa.array([b"fine", b"\xff"]).cast(pa.binary())
    column = pa.Array.from_buffers(pa.string(), 2, data.buffers())
    for name in ("id", "name", "workflow", "languages", "real_time"):
        batch = pa.RecordBatch.from_arrays([column, pa.nulls(2)], [name, "offline"])
        found = decide(batch).to_pylist()
        assert found[1]["status"] == "rejected", name
        assert found[1]["reasons"][0].startswith(name)


@settings(max_examples=50)
@given(st.lists(profile_dicts(), max_size=5), st.sampled_from(POLICIES))
def test_recommend_many_is_recommend_of_each(
    solver: Solver, made: list[dict[str, Any]], unknown: Policy
) -> None:
    mixed = [Profile(**p) if i % 2 else p for i, p in enumerate(made)]
    many = recommend_many(mixed, catalogue=solver.catalogue, unknown=unknown, top=2)
    assert [answer.to_dict() for answer in many] == [
        recommend(p, unknown=unknown, top=2).to_dict() for p in made
    ]


def test_recommend_many_names_each_bad_profile() -> None:
    with pytest.raises(InputError) as caught:
        recommend_many([{}, {"require": {"real_time": 1}}, {"nam": "x"}])
    assert [p.place for p in caught.value.problems] == ["profiles[1]", "profiles[2]"]


def test_a_reason_quotes_a_number_as_the_text_has_it(tmp_path: Path, solver: Solver) -> None:
    (tmp_path / "in.jsonl").write_text('{"max_ttfb_ms": -5}\n{"max_ttfb_ms": -5.0}\n', "utf-8")
    (tmp_path / "in.csv").write_text("max_ttfb_ms\n-5\n-5.0\n", "utf-8")
    for name in ("in.jsonl", "in.csv"):
        execute_on(tmp_path / name, solver, batch_rows=1)
        reasons = pq.read_table(tmp_path / "refused.parquet").column("reasons").to_pylist()
        assert [why.partition("found ")[2].partition(";")[0] for (why,) in reasons] == [
            "-5",
            "-5.0",
        ], name


# A whole run over a file


def execute_on(path: Path, solver: Solver, **options: Any) -> tuple[bytes, bytes, dict[str, Any]]:
    """The bytes of the answers and of the rejects of a run, and its counts."""
    output = path.with_name("answers.parquet")
    rejects = path.with_name("refused.parquet")
    run = Run(open_table(path, DECLARED), output, rejects, solver, **options)
    summary = execute(run, resume=False, progress=lambda _, __: None)
    assert not path.with_name("answers.parquet.parts").exists()
    refused = rejects.read_bytes() if rejects.exists() else b""
    return output.read_bytes(), refused, summary.to_dict()


WRITABLE = [
    row
    for row in seeded_rows(2500, seed=3)
    if all(value not in ("", [""], [None]) and is_finite(value) for value in row.values())
]
"""Rows that look the same in every format: no NaN or infinity, no empty text, no null in a list,
no list of nothing but an empty text."""


@pytest.mark.parametrize("name", ["t.parquet", "t.csv", "t.jsonl"])
def test_no_answer_depends_on_how_rows_are_read(tmp_path: Path, solver: Solver, name: str) -> None:
    first = execute_on(write(tmp_path / name, WRITABLE), solver)
    for workers, batch_rows in ((1, 100), (2, 777), (3, 10**6)):
        again = execute_on(tmp_path / name, solver, workers=workers, batch_rows=batch_rows)
        assert again == first
    parquet = execute_on(write(tmp_path / "same.parquet", WRITABLE), solver)
    assert first == parquet
    assert first[2]["rows"] == len(WRITABLE) == first[2]["answered"] + first[2]["rejected"]
    assert first[2]["rejected"] > 0


def test_answers_and_rejects_hold_every_row_once(tmp_path: Path, solver: Solver) -> None:
    made = list(seeded_rows(2000, seed=4))
    execute_on(write(tmp_path / "t.parquet", made), solver)
    answers = pq.read_table(tmp_path / "answers.parquet")
    refused = pq.read_table(tmp_path / "refused.parquet")
    wanted = [expected(solver, row, number) for number, row in enumerate(made)]
    kept = [{k: v for k, v in w.items() if k != "reasons"} for w in wanted if not w["reasons"]]
    assert answers.to_pylist() == kept
    assert refused.to_pylist() == [
        {key: w[key] for key in ("row", "id", "reasons")} for w in wanted if w["reasons"]
    ]
    assert answers.schema.names == list(kept[0])
    assert answers.schema.field("row").type == pa.int64()


def test_the_order_of_rows_changes_only_their_order(tmp_path: Path, solver: Solver) -> None:
    made = list(seeded_rows(800, seed=5))
    execute_on(write(tmp_path / "t.parquet", made), solver)
    forth = pq.read_table(tmp_path / "answers.parquet").to_pylist()
    execute_on(write(tmp_path / "t.parquet", made[::-1]), solver)
    back = pq.read_table(tmp_path / "answers.parquet").to_pylist()
    last = len(made) - 1
    assert sorted(forth, key=lambda a: a["row"]) == sorted(
        [{**a, "row": last - a["row"]} for a in back], key=lambda a: a["row"]
    )


def test_parts_of_many_rows_are_joined_in_order(tmp_path: Path, solver: Solver) -> None:
    count = 2 * PART_ROWS + 5
    numbers = pa.array(range(count))
    table = pa.table({"id": numbers.cast(pa.string()), "real_time": pa.array([True] * count)})
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=50_000)
    _, refused, counts = execute_on(tmp_path / "t.parquet", solver, workers=2)
    answers = pq.ParquetFile(tmp_path / "answers.parquet")
    assert answers.read(["row"]).column(0).to_pylist() == list(range(count))
    assert [answers.metadata.row_group(i).num_rows for i in range(3)] == [PART_ROWS, PART_ROWS, 5]
    assert refused == b""
    assert counts["distinct_questions"] == 1
    assert counts["models"] == [{"model": "mars-flash", "rows": count, "share": 1.0}]


def test_the_summary_counts_what_the_output_holds(tmp_path: Path, solver: Solver) -> None:
    made = list(seeded_rows(2000, seed=6))
    *_, counts = execute_on(write(tmp_path / "t.parquet", made), solver)
    wanted = [expected(solver, row, number) for number, row in enumerate(made)]
    for status in ("meets", "unverified", "infeasible", "rejected"):
        assert counts[status] == sum(w["status"] == status for w in wanted)
    blocked = [w["blocked"] for w in wanted if w["blocked"]]
    most = counts["conflicts"][0]
    assert most["rows"] == blocked.count(";".join(most["requirements"]))
    assert most["rows"] == max(blocked.count(each) for each in set(blocked))
    assert sum(each["rows"] for each in counts["models"]) == sum(
        w["model_1"] is not None for w in wanted
    )
    good = [nested(row) for row, w in zip(made, wanted, strict=True) if not w["reasons"]]
    asked = {solver.ask(Profile(**profile)) for profile in good}
    assert counts["distinct_questions"] >= len(asked)


# The command line


def test_the_command_answers_a_table_and_says_what_it_rejects(tmp_path: Path) -> None:
    made: list[Row] = [{"id": "a", "real_time": "true"}, {"id": "b", "latency": 11}]
    table = write(tmp_path / "in.csv", made)
    result = command("batch", str(table), "-o", str(tmp_path / "out.parquet"), "--top", "1")
    assert result.returncode == 4
    assert "2 rows: 1 meets, 0 unverified, 0 infeasible, 1 rejected" in result.stdout
    assert result.stderr.splitlines()[-1].endswith("100 %")
    assert pq.read_table(tmp_path / "out.parquet").to_pylist() == [
        {
            "row": 0, "id": "a", "status": "meets", "model_1": "mars-flash",
            "score_1": pytest.approx(0.75, abs=0.2), "status_1": "meets", "blocked": None,
            "flowchart_agrees": True,
        }
    ]  # fmt: skip
    assert pq.read_table(tmp_path / "out.rejects.parquet").to_pylist() == [
        {
            "row": 1, "id": "b",
            "reasons": ["latency: found 11; expected a whole number from 0 to 10"],
        }
    ]  # fmt: skip


def test_a_run_without_rejects_leaves_no_rejects_file(tmp_path: Path) -> None:
    old = tmp_path / "out.rejects.parquet"
    old.write_bytes(b"of an earlier run")
    table = write(tmp_path / "in.jsonl", [{"style_control": True, "real_time": True}])
    asked = ("batch", str(table), "-o", str(tmp_path / "out.parquet"), "--json")
    refused = command(*asked)
    assert refused.returncode == 2
    assert (
        "out.rejects.parquet, which is there; expected a new file; name another one, or add --force"
        in refused.stderr
    )
    assert old.read_bytes() == b"of an earlier run"
    result = command(*asked, "--force")
    assert result.returncode == 0
    assert not old.exists()
    counts = json.loads(result.stdout)
    assert counts["schema"] == "mars-solver/batch/2"
    assert (counts["rows"], counts["answered"], counts["infeasible"]) == (1, 1, 1)
    assert counts["conflicts"] == [{"requirements": ["real_time", "style_control"], "rows": 1}]
    assert pq.read_table(tmp_path / "out.parquet").to_pylist()[0]["status"] == "infeasible"


def test_everything_wrong_is_said_before_any_work(tmp_path: Path) -> None:
    table = tmp_path / "in.csv"
    table.write_text("id,latencyy,latencyy\n", "utf-8")
    result = command(
        "batch", str(table), "-o", str(tmp_path / "none" / "out.parquet"),
        "--weights", "missing.toml", "--unknown", "maybe",
    )  # fmt: skip
    assert result.returncode == 2
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.csv"]
    for said in (
        "unknown column `latencyy`; did you mean `latency`?",
        "expected each column once",
        "none: no such folder",
        "missing.toml",
        "--unknown",
    ):
        assert said in result.stderr, said


@pytest.mark.parametrize(
    ("source", "output", "said"),
    [
        ("in.txt", "o.parquet", "found .txt; expected a Parquet, CSV or JSON Lines file"),
        ("in.csv", "o.xlsx", "expected a name that ends in .parquet"),
        ("in.csv", "o.parquet.gz", "expected a name that ends in .parquet"),
        ("none.parquet", "o.parquet", "no such file"),
        ("in.parquet", "in.parquet", "expected another file than IN"),
        ("in.parquet", "", "--output: found the folder"),
        ("in.parquet", "pipe", "--output: found the device or pipe"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, source: str, output: str, said: str) -> None:
    (tmp_path / "in.txt").write_text("", "utf-8")
    os.mkfifo(tmp_path / "pipe")
    for name in ("in.csv", "in.parquet"):
        write(tmp_path / name, [{"id": "a"}])
    result = command("batch", str(tmp_path / source), "-o", str(tmp_path / output))
    assert (result.returncode, result.stdout) == (2, "")
    assert said in result.stderr
