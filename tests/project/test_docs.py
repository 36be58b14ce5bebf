"""Whatever the documentation shows is what happens.

After a wanted change, `REWRITE_DOCS=1 pytest tests/project/test_docs.py` puts the new output in.
"""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Any, get_args

import pytest

from asgi import Client
from mars_solver import Solver, Weights
from mars_solver.inputs.catalogue.attributes import Attribute, NeedTable, Value
from mars_solver.inputs.catalogue.facts import Claim, Grade, NumberFact
from mars_solver.inputs.catalogue.guide import Flowchart, Question
from mars_solver.inputs.catalogue.models import Card
from mars_solver.inputs.parsing import Input
from mars_solver.tuning.labels import Document
from mars_solver.vocabulary import POLICIES, Status
from mars_solver.web.app import create_app
from page_tables import renewed
from pages import PAGES, README, ROOT, blocks, followed


def mentioned(pattern: str) -> set[str]:
    """What a pattern finds on all pages."""
    return {found for page in PAGES for found in re.findall(pattern, page.read_text("utf-8"))}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_shows_what_happens(page: Path, tmp_path: Path, solver: Solver) -> None:
    shown = page.read_text("utf-8")
    happened = followed(renewed(shown), tmp_path, solver)
    if os.environ.get("REWRITE_DOCS") == "1":
        page.write_text(happened, "utf-8")
    else:
        assert shown == happened


def test_every_key_of_every_file_is_explained() -> None:
    catalogue = (ROOT / "docs" / "catalogue.md").read_text("utf-8")
    tuning = (ROOT / "docs" / "tuning.md").read_text("utf-8")
    profiles = (ROOT / "docs" / "profiles.md").read_text("utf-8")
    forms: dict[str, tuple[type[Input], ...]] = {
        catalogue: (Attribute, Value, NeedTable, Flowchart, Question, Card, NumberFact, Claim),
        tuning: (Weights, Document),
    }
    for page, explained in forms.items():
        keys = {
            field.alias or name for each in explained for name, field in each.model_fields.items()
        }
        assert {
            key for key in keys if not re.search(rf"(`|^|\[|\.){key}\b", page, re.MULTILINE)
        } == set()
    assert [each for each in get_args(Grade) if f"| `{each}` |" not in catalogue] == []
    assert [each for each in POLICIES if f"| `--unknown {each}` |" not in profiles] == []
    assert [each for each in Status if f" {each.word}:" not in profiles] == []


def test_everything_that_is_declared_has_a_label_and_a_sentence(solver: Solver) -> None:
    declared = solver.catalogue.declared
    told: list[tuple[str, Any]] = [
        *declared.attributes.items(),
        *declared.requirement.items(),
        *declared.criterion.items(),
    ]
    for name, each in told:
        assert each.label[0].isupper(), name
        assert "_" not in each.label, name
        assert each.describe, name
        assert each.describe.lower() != each.label.lower(), name
    assert all(need.label[0].isupper() for need in declared.needs)
    labels = [declared.value_label(*value) for value in declared.values]
    assert [label for label in labels if "_" in label] == []
    assert len(set(labels)) == len(labels)


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
