"""CONTRIBUTING.md: its map is the tree, and its words are those of the code."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from mars_solver.inputs.files import data_folder

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
SPEC = find_spec("mars_solver")
assert SPEC is not None
assert SPEC.origin is not None
SOURCES = Path(SPEC.origin).parent
MODULES = {
    path.relative_to(SOURCES).as_posix()
    for path in SOURCES.rglob("*.py")
    if not path.name.startswith("__")
}


def section(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def rows(title: str) -> list[list[str]]:
    """The cells of a section's table, without its heading."""
    lines = [line for line in section(title).splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[1:]]


def in_backticks(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def test_the_map_has_a_line_for_each_room_and_no_other() -> None:
    named = [name for row in rows("The map") for name in in_backticks(row[0])]
    rooms = [name for name in named if name.endswith(".py")]
    assert sorted(rooms) == sorted(MODULES)
    inits = SOURCES.rglob("__init__.py")
    packages = {path.parent.relative_to(SOURCES).as_posix() for path in inits} - {"."}
    assert {name.rstrip("/") for name in named if name.endswith("/")} == packages


def test_every_question_leads_to_a_file() -> None:
    answers = rows("Where is ...?")
    assert len(answers) >= 10
    for question, answer in answers:
        for name in in_backticks(answer):
            data = data_folder("models").parent
            assert (SOURCES / name).exists() or (data / name).exists(), question


@pytest.mark.parametrize("row", rows("Glossary"), ids=lambda row: row[0])
def test_each_word_of_the_glossary_is_in_the_code(row: list[str]) -> None:
    code = "\n".join((SOURCES / name).read_text("utf-8") for name in MODULES)
    for word in in_backticks(row[2]):
        named = re.search(rf"^\s*(class|def) {word}\b|^\s*{word}\b.* = ", code, re.MULTILINE)
        assert named or word in {Path(name).stem for name in MODULES}, word


def test_every_make_target_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)`", PAGE)) <= targets
