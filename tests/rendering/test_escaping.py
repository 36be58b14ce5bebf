"""Text that others wrote acts on nothing: not on a terminal, in Markdown, Mermaid, TOML or CSV."""

from __future__ import annotations

import csv
import json
import os
import pty
import re
import shutil
import subprocess
import sys
import tomllib
import unicodedata
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from command import run
from mars_solver import escaping
from mars_solver.inputs.documents import toml_value
from mars_solver.inputs.files import data_folder

TITLE = "\x1b]0;owned\x07"
ACTING = (TITLE, "\x9b31m", "\u202e", "\u200b", "\x08")
"""Sets the title, colours by one byte, turns the order, is invisible, goes back."""
FORMULAS = ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "＝1+1", '=HYPERLINK("http://x";"y")']
LINES = st.text(
    st.characters(codec="utf-8") | st.sampled_from("\\`*_~|<>[](){}#+-=.!&;:$\"'% 1"), max_size=30
)


def in_a_terminal(folder: Path, *words: str) -> str:
    """What a terminal gets of a command, standard output and error together."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "mars_solver", *words]
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "400"}
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, cwd=folder, env=environment
    ):
        os.close(theirs)
        found = b""
        try:
            while data := os.read(ours, 2**16):
                found += data
        except OSError:  # how Linux says that nobody writes any more
            pass
    os.close(ours)
    return found.decode()


def test_no_name_and_no_id_acts_on_a_terminal(tmp_path: Path) -> None:
    name = f"[/]{TITLE}[bold]:bug:.csv"
    (tmp_path / "[").mkdir()
    (tmp_path / name).write_text(
        "id,latency\n" + "".join(f"{a},3\n{a},11\n" for a in ACTING), "utf-8"
    )
    found = in_a_terminal(tmp_path, "batch", name, "-o", "-")
    assert "Traceback" not in found
    assert not [each for each in ACTING if each in found]
    assert found.count(r"\u202e") == 2  # its answer, and its rejection
    drawn = re.sub(r"\x1b\[[\d;?]*[A-Za-z]|\s", "", found)
    assert r"[/]\x1b]0;owned\x07[bold]:bug:.csv" in drawn


def test_no_template_acts_on_a_terminal(tmp_path: Path) -> None:
    shutil.copytree(data_folder("models"), tmp_path / "own")
    (tmp_path / "own" / "calls" / "camb-sdk.jinja").write_text(
        "".join(ACTING) + "[red]:bug:", "utf-8"
    )
    found = in_a_terminal(tmp_path, "recommend", "--models", "own")
    assert "[red]:bug:" in found
    assert not [each for each in ACTING if each in found]
    assert not [each for each in ACTING if each in run("recommend", "--models", "own").stdout]


@given(st.text())
def test_what_a_terminal_gets_is_visible_and_all_that_is_visible_stays(text: str) -> None:
    shown = escaping.visible(text)
    assert all(c.isprintable() or unicodedata.category(c) == "Zs" for c in shown if c not in "\n\t")
    kept = [c for c in text if c.isprintable() or c in "\n\t"]
    assert shown == text or len(shown) > len(text) > len(kept)
    assert escaping.one_line(text).count("\n") == 0


@given(LINES)
def test_markdown_shows_a_line_as_it_is(text: str) -> None:
    line = escaping.one_line(text).strip()
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    row = f"| a | b |\n|---|---|\n| {escaping.markdown(line)} | x |"
    for document in (f"- x {escaping.markdown(line)}", f"- {escaping.markdown(line)}", row):
        tokens = parser.parse(document)
        inline = [each for each in tokens if each.type == "inline"]
        if not line:
            continue
        said = inline[2 if document is row else 0]
        assert {each.type for each in said.children or ()} <= {"text", "text_special"}
        written = "".join(each.content for each in said.children or ())
        assert written.removeprefix("x ").split() == line.split()
        wanted = {"table", "bullet_list"}
        assert {each.type.removesuffix("_open") for each in tokens if each.level == 0} & wanted


@given(LINES)
def test_mermaid_shows_a_line_as_it_is(text: str) -> None:
    label = escaping.mermaid(text)
    assert re.sub(r"#(\d+);", lambda code: chr(int(code[1])), label) == escaping.one_line(text)
    assert not re.search(r"""[&"'<>`%\\\n]""", label)


@given(st.text(st.characters(codec="utf-8")) | st.lists(st.text(st.characters(codec="utf-8"))))
def test_toml_reads_a_text_as_it_is(value: object) -> None:
    assert tomllib.loads(f"a = {toml_value(value)}") == {"a": value}


@pytest.fixture
def formulas(tmp_path: Path) -> Path:
    """A table with a formula in each id, in each column that it keeps, and in a row it rejects."""
    rows = [
        {"id": each, "=note": each, "latency": 3 + 8 * (i % 2)}
        for i, each in enumerate([*FORMULAS, "-5", "+5", "-1.5e3", "plain"])
    ]
    path = tmp_path / "t.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def test_no_cell_of_a_csv_is_a_formula_and_every_other_format_has_it_as_it_is(
    formulas: Path,
) -> None:
    folder = formulas.parent
    ids = [json.loads(line)["id"] for line in formulas.read_text("utf-8").splitlines()]
    for suffix in ("csv", "jsonl", "parquet"):
        words = ("-o", str(folder / f"out.{suffix}"), "--extra-columns", "keep")
        assert run("batch", str(formulas), *words).returncode == 4
    found: dict[str, list[str]] = {"csv": [], "jsonl": [], "parquet": []}
    for name in ("out", "out.rejects"):
        with (folder / f"{name}.csv").open(newline="", encoding="utf-8") as file:
            head, *rows = csv.reader(file)
        for cell in (cell for row in (head, *rows) for cell in row):
            assert not re.match(escaping.FORMULA, cell) or re.match(escaping.NUMBER, cell)
        found["csv"] += [row[1] for row in rows]
        lines = (folder / f"{name}.jsonl").read_text("utf-8").splitlines()
        found["jsonl"] += [json.loads(line)["id"] for line in lines]
        found["parquet"] += pq.read_table(folder / f"{name}.parquet")["id"].to_pylist()
    wanted = ids[::2] + ids[1::2]
    assert found["jsonl"] == found["parquet"] == wanted
    assert found["csv"] == [f"'{each}" if each in FORMULAS else each for each in wanted]
