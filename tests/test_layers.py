"""Imports point down, only `files` reads files, only `cli` prints, and heavy parts load late."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

LAYERS = (
    ("errors", "plain", "svg", "vocabulary"),
    ("documents", "faults", "parsing"),
    ("facts", "profile"),
    ("catalogue", "changes", "flags"),
    ("cells", "configurations", "flat", "weights"),
    ("requirements", "scoring"),
    ("leads", "solver"),
    ("choices", "groups"),
    ("decision_map", "decisive", "diagnosis", "findings", "flowchart", "sensitivity"),
    ("pins", "promotion", "rows", "theorem"),
    ("explanation", "labels", "standings", "verification"),
    ("grid", "recommendation", "targets"),
    ("columns", "programmes", "wording"),
    ("batch", "commitments", "disjunctions", "exact", "logit", "prose"),
    (
        "contradictions",
        "files",
        "map_picture",
        "pictures",
        "queries",
        "records",
        "report",
        "summary",
        "writing",
    ),
    ("comparison", "rendering", "tuning"),
    ("lines", "page", "proving", "tables"),
    ("api", "guard", "labelling", "openapi", "outputs"),
    ("runs", "spark", "web"),
    ("serving",),
    ("cli",),
    ("__init__", "__main__"),
)
LEVEL = {module: level for level, modules in enumerate(LAYERS) for module in modules}
SPEC = find_spec("mars_solver")
assert SPEC is not None
assert SPEC.origin is not None
PACKAGE = Path(SPEC.origin).parent
MODULES = sorted(path.stem for path in PACKAGE.glob("*.py"))


def tree(module: str) -> ast.Module:
    return ast.parse((PACKAGE / f"{module}.py").read_text("utf-8"))


def imported(module: str) -> set[str]:
    """The modules of the package that a module imports, at the top or inside a function."""
    found = set()
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mars_solver"):
            below = (node.module or "").removeprefix("mars_solver").lstrip(".")
            names = [alias.name for alias in node.names]
            found |= {below} if below else {name for name in names if name in LEVEL}
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
            found |= {n.removeprefix("mars_solver.") for n in names if n.startswith("mars_solver.")}
    return found


def calls(module: str) -> set[str]:
    """The names of the functions and methods that a module calls."""
    return {
        node.func.id if isinstance(node.func, ast.Name) else node.func.attr
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute)
    }


def test_every_module_has_a_layer() -> None:
    assert sorted(LEVEL) == MODULES


@pytest.mark.parametrize("module", [m for m in MODULES if m != "__init__"])
def test_imports_point_down(module: str) -> None:
    assert {m for m in imported(module) if LEVEL[m] >= LEVEL[module]} == set()


@pytest.mark.parametrize("module", MODULES)
def test_only_files_reads_and_only_cli_prints(module: str) -> None:
    reading = {"open", "read_text", "read_bytes", "iterdir", "glob"}
    if module not in {"files", "outputs", "tables"}:
        assert calls(module) & reading == set()
    if module != "cli":
        names = {node.id for node in ast.walk(tree(module)) if isinstance(node, ast.Name)}
        assert "print" not in names


def loaded_by(code: str) -> set[str]:
    program = f"import sys\n{code}\nprint(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(run.stdout.split())


def test_the_import_stays_light() -> None:
    heavy = {"numpy", "pydantic", "typer", "rich", "constraint"}
    assert loaded_by("import mars_solver") & heavy == set()
    assert loaded_by("from mars_solver import cli") & {"jinja2", "fastapi", "uvicorn"} == set()
    library = loaded_by("from mars_solver import recommend; recommend()")
    assert library & heavy == {"numpy", "pydantic", "constraint"}
