"""No attribute, model, vendor or platform is named in the code: the catalogue declares them all."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

import shipped_types
from mars_solver.inputs.files import load_catalogue

CATALOGUE = load_catalogue()
DECLARED = CATALOGUE.declared
SRC = shipped_types.FILE.parents[2]
DATA = SRC / "_data"
"""The shipped catalogue, in an installed package."""
GENERATED = {shipped_types.FILE}
"""Typed access to the shipped names, made from the declarations."""
CONTRACT = {"batch"}
"""Words of the contract that happen to be the name of a value."""
EVERYDAY = {"control", "parameters", "regions", "style", "voice"}
"""Words that code and markup need for things of their own: the style of a text, a form's control,
the parameters of a path, the regions of a map, a product with a voice."""
PRODUCT = {"mars", "mars_solver", "mars-solver"}
WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*[A-Za-z0-9_]|[A-Za-z]")


def declared_names() -> set[str]:
    """Every name that the shipped catalogue gives."""
    names = {*DECLARED.attributes, *DECLARED.requirement, *DECLARED.criterion, *DECLARED.need}
    for variable, domain in DECLARED.variables.items():
        names |= {variable, *(value.value for value in domain)}
    for model in CATALOGUE.models:
        names |= {model.id, model.name, model.id.removeprefix("mars-")}
    return {name.lower() for name in names} - CONTRACT - EVERYDAY


def vendors() -> set[str]:
    """The vendor's name in each spelling, and the platforms."""
    chart = CATALOGUE.flowchart
    assert chart is not None
    assert chart.vendor is not None
    vendor = chart.vendor.lower()
    spellings = {vendor, vendor.partition(".")[0], vendor.replace(".", "-")}
    platforms = {str(member).partition("-")[0] for member in CATALOGUE.known_members("platforms")}
    return spellings | platforms


NAMES = declared_names() | vendors()
DISTINCTIVE = {name for name in NAMES if re.search("[-_0-9]", name)} | vendors()
"""Names that are no English words: not even a comment needs them."""


def words_of(text: str) -> set[str]:
    found = {word.lower() for word in WORD.findall(text)}
    return found | {part for word in found for part in re.split(r"[.]", word)}


def documented(tree: ast.Module) -> set[int]:
    """The lines on which the documentation of something begins."""
    return {
        node.value.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    }


def said_in(path: Path) -> Iterator[tuple[int, str]]:
    """The names and the strings of a module with their lines, without documentation."""
    text = path.read_text("utf-8")
    prose = documented(ast.parse(text))
    said = {tokenize.NAME, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in said and token.start[0] not in prose:
            yield token.start[0], token.string


MODULES = sorted(path for path in SRC.rglob("*.py") if path not in GENERATED)
TEMPLATES = sorted(
    path
    for path in SRC.rglob("*")
    if path.is_file() and path.suffix not in {".py", ".pyc"} and DATA not in path.parents
)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(SRC).as_posix())
def test_no_module_names_what_a_catalogue_declares(path: Path) -> None:
    found = [
        (line, word) for line, text in said_in(path) for word in sorted(words_of(text) & NAMES)
    ]
    assert found == []
    assert words_of(path.read_text("utf-8")) & DISTINCTIVE - PRODUCT == set()


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(SRC).as_posix())
def test_no_template_names_what_a_catalogue_declares(path: Path) -> None:
    assert words_of(path.read_text("utf-8")) & NAMES - PRODUCT == set()


def test_the_search_finds_what_it_looks_for() -> None:
    assert {"real_time", "max_ttfb_ms", "latency", "mars-flash", "camb", "livekit"} <= NAMES
    assert words_of('x["real_time"] or camb.ai, "mars-flash"') & NAMES == {
        "real_time",
        "camb.ai",
        "camb",
        "mars-flash",
    }


def test_the_typed_names_are_those_that_are_declared() -> None:
    assert shipped_types.FILE.read_text("utf-8") == shipped_types.text(DECLARED)
