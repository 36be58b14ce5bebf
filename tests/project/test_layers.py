"""Only `files` reads files, only `cli` prints, heavy parts load late, a type has one name.

Which package may import which is a contract in pyproject.toml that `make lint` runs.
"""

from __future__ import annotations

import ast
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from command import script

SPEC = find_spec("mars_solver")
assert SPEC is not None
assert SPEC.origin is not None
PACKAGE = Path(SPEC.origin).parent
MODULES = sorted(
    path.relative_to(PACKAGE).with_suffix("").as_posix() for path in PACKAGE.rglob("*.py")
)


@cache
def tree(module: str) -> ast.Module:
    return ast.parse((PACKAGE / f"{module}.py").read_text("utf-8"))


def calls(module: str) -> set[str]:
    """The names of the functions and methods that a module calls."""
    return {
        node.func.id if isinstance(node.func, ast.Name) else node.func.attr
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute)
    }


@pytest.mark.parametrize("module", MODULES)
def test_only_files_reads_and_only_cli_prints(module: str) -> None:
    reading = {"open", "read_text", "read_bytes", "iterdir", "glob"}
    if module not in {"inputs/files", "batch/checkpoints", "batch/tables"}:
        assert calls(module) & reading == set()
    if not module.startswith("cli/"):
        names = {node.id for node in ast.walk(tree(module)) if isinstance(node, ast.Name)}
        assert "print" not in names


def types_of(module: str) -> list[str]:
    """The names of the classes and of the aliases of types that a module defines."""
    assigned = [
        target.id
        for node in tree(module).body
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    ]
    aliases = [n for n in assigned if n.lstrip("_")[:1].isupper() and n.upper() != n]
    return aliases + [n.name for n in ast.walk(tree(module)) if isinstance(n, ast.ClassDef)]


def test_no_name_of_a_type_is_defined_twice() -> None:
    homes: dict[str, list[str]] = {}
    for module in MODULES:
        for name in types_of(module):
            homes.setdefault(name, []).append(module)
    assert {name: where for name, where in homes.items() if len(where) > 1} == {}


def loaded_by(code: str) -> set[str]:
    program = f"import sys\n{code}\nprint(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    called = script("-c", program)
    assert called.returncode == 0, called.stderr
    return set(called.stdout.split())


def test_the_import_stays_light() -> None:
    heavy = {"numpy", "pydantic", "typer", "rich", "constraint"}
    assert loaded_by("import mars_solver") & heavy == set()
    assert (
        loaded_by("from mars_solver.cli import commands") & {"jinja2", "starlette", "uvicorn"}
        == set()
    )
    library = loaded_by("from mars_solver import recommend; recommend()")
    assert library & heavy == {"pydantic", "constraint"}
