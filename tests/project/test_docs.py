"""Whatever the documentation shows is what happens.

After a wanted change, `REWRITE_DOCS=1 pytest tests/project/test_docs.py` puts the new output in.
"""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path

import pytest

from asgi import Client
from mars_solver import Solver
from mars_solver.web.app import create_app
from pages import PAGES, README, ROOT, blocks, followed


def mentioned(pattern: str) -> set[str]:
    """What a pattern finds on all pages."""
    return {found for page in PAGES for found in re.findall(pattern, page.read_text("utf-8"))}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_shows_what_happens(page: Path, tmp_path: Path, solver: Solver) -> None:
    shown = page.read_text("utf-8")
    happened = followed(shown, tmp_path, solver)
    if os.environ.get("REWRITE_DOCS") == "1":
        page.write_text(happened, "utf-8")
    else:
        assert shown == happened


def test_every_link_within_the_project_leads_somewhere() -> None:
    if not (ROOT / "src").is_dir():
        pytest.skip("the wheel has no checkout to link to")
    for page in (*PAGES, ROOT / "CONTRIBUTING.md"):
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_every_make_target_and_extra_that_is_named_exists() -> None:
    if not (ROOT / "Makefile").exists():
        pytest.skip("the Makefile is not part of the wheel")
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert mentioned(r"(?m)[`^]make ([a-z-]+)") <= set(re.findall(r"(?m)^([a-z-]+):", makefile))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    named = {
        extra for each in mentioned(r"(?:\.|mars-solver)\[([a-z,]+)\]") for extra in each.split(",")
    }
    assert named <= project["optional-dependencies"].keys()


def test_the_first_command_is_the_demo() -> None:
    makefile = ROOT / "Makefile"
    if not makefile.exists():
        pytest.skip("the Makefile is not part of the wheel")
    first = blocks(README, "console")[0].splitlines()[0].removeprefix("$ ")
    assert f"demo: $(VENV)/.core\n\t$(BIN)/{first}\n" in makefile.read_text("utf-8")


def test_the_calls_of_the_api_are_all_in_a_table(solver: Solver) -> None:
    described = Client(create_app(solver)).get("/openapi.json").json()
    assert mentioned(r"(?m)^\| `(?:GET|POST) (\S+)`") == set(described["paths"])
