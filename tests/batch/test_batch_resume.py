"""A run that is cut short: what is finished is kept, and resuming gives the same bytes."""

from __future__ import annotations

import csv
import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from mars_solver import InputError, Solver, Weights, load_weights
from mars_solver.batch import tables
from mars_solver.batch.checkpoints import Checkpoint
from mars_solver.batch.run import Run, execute
from tables import is_finite, seeded_rows, write

ROWS = [
    row
    for row in seeded_rows(400, seed=12)
    if all(value not in ("", [""], [None]) and is_finite(value) for value in row.values())
]
FORMATS = ["t.parquet", "t.csv", "t.jsonl", "t.csv.gz"]


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "PART_ROWS", 60)


class CutError(Exception):
    """What stands for a kill."""


def go(path: Path, solver: Solver, *, cut: int | None = None, **options: Any) -> bytes:
    """The bytes of answers and rejects; a run that is cut ends after so many parts."""
    output, rejects = path.with_name("out.parquet"), path.with_name("rejects.parquet")
    resume = options.pop("resume", False)
    done = 0

    def progress(_: int, __: int) -> None:
        nonlocal done
        done += 1
        if done == cut:
            raise CutError

    run = Run(tables.open_table(path, solver.declared), output, rejects, solver, **options)
    execute(run, resume=resume, progress=progress)
    return output.read_bytes() + rejects.read_bytes()


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("parts", [1, 5])
def test_a_resumed_run_gives_the_same_bytes(
    tmp_path: Path, solver: Solver, name: str, parts: int
) -> None:
    path = write(tmp_path / name, ROWS)
    whole = go(path, solver)
    for file in ("out.parquet", "rejects.parquet"):
        (tmp_path / file).unlink()
    with pytest.raises(CutError):
        go(path, solver, cut=parts, workers=2)
    kept = sorted(p.name for p in (tmp_path / "out.parquet.parts").glob("*.part"))
    assert kept == [f"{number:06}.part" for number in range(parts)]
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([name, "out.parquet.parts"])
    assert go(path, solver, resume=True) == whole
    assert not (tmp_path / "out.parquet.parts").exists()


def test_a_run_can_be_cut_again_and_again(tmp_path: Path, solver: Solver) -> None:
    path = write(tmp_path / "t.csv", ROWS)
    whole = go(path, solver)
    for cut in (2, 3, 4, 6):
        with pytest.raises(CutError):
            go(path, solver, cut=cut, resume=True)
    assert go(path, solver, resume=True) == whole


def damage(path: Path, how: str, chance: random.Random) -> None:
    """Cut a file, flip one of its bits, or delete it."""
    data = bytearray(path.read_bytes())
    if how == "deleted":
        path.unlink()
        return
    if how == "cut":
        del data[chance.randrange(len(data)) :]
    else:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    path.write_bytes(data)


@pytest.mark.parametrize("how", ["cut", "flipped", "deleted"])
@pytest.mark.parametrize("name", ["t.parquet", "t.csv", "t.jsonl"])
def test_a_damaged_part_is_answered_again(
    tmp_path: Path, solver: Solver, name: str, how: str
) -> None:
    path = write(tmp_path / name, ROWS)
    whole = go(path, solver)
    chance = random.Random(f"{name} {how}")
    with pytest.raises(CutError):
        go(path, solver, cut=4)
    for cut in (5, 6, None):
        damage(tmp_path / "out.parquet.parts" / f"{chance.randrange(4):06}.part", how, chance)
        if cut is not None:
            with pytest.raises(CutError):
                go(path, solver, cut=cut, resume=True)
    assert go(path, solver, resume=True) == whole


@pytest.mark.parametrize("how", ["cut", "deleted"])
def test_parts_whose_run_nobody_knows_are_not_used(
    tmp_path: Path, solver: Solver, how: str
) -> None:
    path = write(tmp_path / "t.csv", ROWS)
    whole = go(path, solver)
    with pytest.raises(CutError):
        go(path, solver, cut=4)
    damage(tmp_path / "out.parquet.parts" / "manifest.json", how, random.Random(1))
    if how == "cut":
        with pytest.raises(InputError, match="run without --resume to start afresh"):
            go(path, solver, resume=True)
    assert go(path, solver, resume=how == "deleted") == whole


def test_without_resume_a_run_starts_afresh(tmp_path: Path, solver: Solver) -> None:
    path = write(tmp_path / "t.parquet", ROWS)
    whole = go(path, solver)
    with pytest.raises(CutError):
        go(write(path, ROWS[::-1]), solver, cut=2)
    assert go(write(path, ROWS), solver) == whole


def test_parts_of_another_run_are_refused(tmp_path: Path, solver: Solver) -> None:
    path = write(tmp_path / "t.parquet", ROWS)
    with pytest.raises(CutError):
        go(path, solver, cut=2)
    other = Weights.model_validate({**load_weights().model_dump(by_alias=True), "name": "other"})
    write(path, ROWS[:-1])
    with pytest.raises(InputError) as caught:
        go(path, Solver(solver.catalogue, other), resume=True, top=2, unknown="reject")
    assert [p.path for p in caught.value.problems] == ["input", "top", "unknown", "weights"]
    assert "run without --resume to start afresh" in str(caught.value)
    assert (tmp_path / "out.parquet.parts" / "000001.part").exists()


@pytest.mark.parametrize("resume", [False, True])
def test_an_output_has_one_run_at_a_time(tmp_path: Path, solver: Solver, resume: bool) -> None:
    path = write(tmp_path / "t.parquet", ROWS)
    output, rejects = tmp_path / "out.parquet", tmp_path / "r.parquet"
    run = Run(tables.open_table(path, solver.declared), output, rejects, solver)

    def meanwhile(_: int, __: int) -> None:
        with pytest.raises(InputError, match="another run writes it; wait for it"):
            execute(run, resume=resume, progress=print)

    execute(run, resume=False, progress=meanwhile)
    once = output.read_bytes()
    execute(run, resume=resume, progress=lambda *_: None)
    assert output.read_bytes() == once
    assert {p.name for p in tmp_path.iterdir()} <= {"t.parquet", "out.parquet", "r.parquet"}


def test_runs_that_share_their_rejects_do_not_mix_them(tmp_path: Path, solver: Solver) -> None:
    path = write(tmp_path / "t.jsonl", [{"latency": 11, "id": f"{i}"} for i in range(99)])
    rejects = tmp_path / "r.jsonl"
    one, other = (
        Run(tables.open_table(path, solver.declared), tmp_path / f"{name}.jsonl", rejects, solver)
        for name in "ab"
    )

    def meanwhile(_: int, __: int) -> None:
        execute(other, resume=False, progress=print)

    execute(one, resume=False, progress=meanwhile)
    assert len(rejects.read_text("utf-8").splitlines()) == 99


@pytest.mark.parametrize("resume", [False, True])
def test_a_folder_of_that_name_with_anything_else_is_left_as_it_is(
    tmp_path: Path, solver: Solver, resume: bool
) -> None:
    path = write(tmp_path / "t.csv", ROWS)
    kept = tmp_path / "out.parquet.parts" / "of_somebody.txt"
    kept.parent.mkdir()
    kept.write_text("kept", "utf-8")
    with pytest.raises(InputError, match=r"out\.parquet\.parts: found of_somebody\.txt"):
        go(path, solver, resume=resume)
    assert kept.read_text("utf-8") == "kept"
    assert not (tmp_path / "out.parquet").exists()


def test_a_file_in_the_place_of_the_parts_is_named(tmp_path: Path, solver: Solver) -> None:
    path = write(tmp_path / "t.csv", ROWS)
    (tmp_path / "out.parquet.parts").touch()
    with pytest.raises(InputError, match=r"out\.parquet\.parts: found file exists"):
        go(path, solver)


def test_a_run_that_keeps_no_part_leaves_no_folder(tmp_path: Path, solver: Solver) -> None:
    path = write(tmp_path / "t.csv.gz", ROWS)
    run = Run(tables.open_table(path, solver.declared), tmp_path / "o.csv", tmp_path / "r", solver)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match="cut short or damaged"):
        execute(run, resume=False, progress=lambda *_: None)
    assert [p.name for p in tmp_path.iterdir()] == ["t.csv.gz"]


def test_an_input_that_changes_under_the_run_is_an_error(tmp_path: Path, solver: Solver) -> None:
    path = write(tmp_path / "t.csv", ROWS)
    run = Run(
        tables.open_table(path, solver.declared),
        tmp_path / "out.parquet",
        tmp_path / "r.parquet",
        solver,
    )

    def touch(_: int, __: int) -> None:
        os.utime(path, ns=(1, 1))

    with pytest.raises(InputError, match="found a change; expected a table that stays as it is"):
        execute(run, resume=False, progress=touch)
    assert not (tmp_path / "out.parquet").exists()


COMMAND = [sys.executable, "-m", "mars_solver", "batch"]


def test_a_full_disk_is_said_and_leaves_no_half_output(tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", [{"id": f"p{i}", "latency": i % 11} for i in range(5000)])
    result = subprocess.run(
        [*COMMAND, str(path), "-o", str(tmp_path / "out.parquet")],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
    )
    assert (result.returncode, result.stdout) == (2, "")
    assert "out.parquet: found file too large; expected a writable place" in result.stderr
    assert "Traceback" not in result.stderr
    left = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert [p.name for p in left if p.suffix == ".draft"] == []
    assert not (tmp_path / "out.parquet").exists()


def test_a_full_disk_for_what_is_printed_names_the_folder_that_lacks_room(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", [{"id": f"p{i}", "latency": i % 11} for i in range(5000)])
    spool = tmp_path / "spool"
    spool.mkdir()
    result = subprocess.run(
        [*COMMAND, str(path), "-o", "-"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "TMPDIR": str(spool)},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
    )
    assert (result.returncode, result.stdout) == (2, "")
    assert f"error: {spool}: found file too large; expected a writable place" in result.stderr
    assert result.stderr.endswith("make room, or name another folder in TMPDIR\n")
    assert list(spool.iterdir()) == []


def big_table(path: Path, count: int) -> Path:
    """A table in which hardly two rows are alike, and one in a thousand is no profile."""
    chance = np.random.default_rng(9)
    columns = {
        "id": pa.array(np.arange(count)).cast(pa.string()),
        "max_ttfb_ms": pa.array(chance.uniform(1, 4000, count)),
        "offline": pa.array(chance.random(count) < 0.3),
        "style_control": pa.array(chance.random(count) < 0.3),
        "latency": pa.array(chance.integers(0, 11, count) + 11 * (chance.random(count) < 0.001)),
    }
    table = pa.table(columns)
    if path.suffix == ".parquet":
        pq.write_table(table, path)
    elif path.suffix == ".csv":
        pa.csv.write_csv(table, path)
    else:
        path.write_text("".join(f"{json.dumps(row)}\n" for row in table.to_pylist()), "utf-8")
    return path


def kill_at_random(
    process: subprocess.Popen[bytes], parts: Path, chance: random.Random, most: int
) -> bool:
    """Kill a run around a random part, or while it starts; whether it was still running."""
    wanted = chance.randint(0, most)
    while process.poll() is None and len(list(parts.glob("*.part"))) < wanted:
        time.sleep(0.001)
    time.sleep(chance.uniform(0, 0.05 if wanted else 1))
    process.send_signal(signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


def numbered(path: Path) -> list[int]:
    """The numbers of the rows that a file of answers or rejects has."""
    if path.suffix == ".parquet":
        return [*map(int, pq.read_table(path, columns=["row"])["row"].to_pylist())]
    lines = path.read_text("utf-8").splitlines()
    if path.suffix == ".jsonl":
        return [json.loads(line)["row"] for line in lines]
    return [int(row["row"]) for row in csv.DictReader(lines)]


@pytest.mark.long
@pytest.mark.parametrize(
    ("suffix", "count", "most"),
    [("parquet", 800_000, 6), ("csv", 800_000, 3), ("jsonl", 250_000, 2)],
)
def test_no_kill_and_no_damage_loses_or_doubles_a_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, count: int, most: int
) -> None:
    monkeypatch.undo()
    path = big_table(tmp_path / f"t.{suffix}", count)
    output, rejects = tmp_path / f"out.{suffix}", tmp_path / f"out.rejects.{suffix}"
    command = [*COMMAND, str(path), "-o", str(output)]
    assert subprocess.run(command, check=False, capture_output=True).returncode == 4
    whole = output.read_bytes(), rejects.read_bytes()
    assert sorted(numbered(output) + numbered(rejects)) == list(range(count))
    chance = random.Random(20)
    caught, parts = 0, Checkpoint(output).folder
    for _ in range(10):
        output.unlink()
        rejects.unlink()
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        caught += kill_at_random(process, parts, chance, most)
        assert not output.exists() or output.read_bytes() == whole[0]
        for part in parts.glob("*.part"):
            if chance.random() < 0.3:
                damage(part, chance.choice(["cut", "flipped", "deleted"]), chance)
        resumed = subprocess.run([*command, "--resume"], check=False, capture_output=True)
        assert resumed.returncode == 4
        assert (output.read_bytes(), rejects.read_bytes()) == whole
        assert sorted(tmp_path.iterdir()) == sorted([path, output, rejects])
    assert caught >= 5
