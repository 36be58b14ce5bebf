"""The pages of the documentation, followed as a reader follows them.

A page is read from its top in one folder, with one set of names in Python. `followed` runs each
block and returns the page with what really happened, so that a page is right where it is its own
result. The first word after the fence says what a block is, a second one names a file:

| block | what happens |
|---|---|
| `sh` | the commands are run and have to succeed |
| `console` | each line after `$ ` is run; what it prints replaces what is shown below it |
| `python` | run as a cell of a notebook; what it prints is shown in the `text` block that follows |
| `toml`, `json`, `csv`, ... | parsed; saved, where the fence names a file, and so does the page |

`make`, `pip`, `serve` and `measure` of an endpoint are not run: targets and extras have to
exist, and a server answers under the address that the page shows.
"""

from __future__ import annotations

import ast
import contextlib
import csv
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from command import Run, run, script
from mars_solver import Solver
from mars_solver.inputs.files import data_folder
from served import served

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PAGES = (README, *sorted((ROOT / "docs").glob("*.md")))
ADDRESS = "http://127.0.0.1:8000"
"""Where a page says that its server is."""
LAUNCHER = f'#!/bin/sh\nexec "{sys.executable}" %s "$@"\n'
FENCE = "```\n"
ENDINGS = {0, 2, 3, 4, 5, 6}
"""The exit codes of the command line that are no fault of ours."""

_BLOCK = re.compile(r"^```(\S+)(?: (\S+))?\n(.*?)^```\n", re.DOTALL | re.MULTILINE)
_OUTPUT = re.compile(r"\n```text\n(.*?)^```\n", re.DOTALL | re.MULTILINE)
_PROGRESS = re.compile(r"(?m)^.* %\n")
_IMPORTED = re.compile(r"(?m)^\s*(?:import|from) (\w+)")
_SHELL = re.compile(r"[|&;<>()$*]")
_CUT = re.compile(r"(.*) \| head -n (\d+)")
_SEEN_TO = re.compile(
    r"make |(python -m )?pip |python3? -m venv |#"
    r"|mars-solver (serve|measure --endpoint|measure --url)\b"
)


def blocks(page: Path, language: str) -> list[str]:
    """The bodies of a page's fenced blocks of one language, in order."""
    found = _BLOCK.findall(page.read_text("utf-8"))
    return [body for named, _, body in found if named == language]


def followed(text: str, folder: Path, solver: Solver) -> str:
    """Return a page as it is after its blocks were run in a folder."""
    with contextlib.ExitStack() as closing:
        reader = Reader(text, folder, lambda: closing.enter_context(served(solver)))
        closing.enter_context(contextlib.chdir(folder))
        told, position = "", 0
        while block := _BLOCK.search(text, position):
            language, file, body = block.groups()
            told += text[position : block.start(3)]
            position = block.end()
            if reader.lacks_something(language, body):
                told += body + FENCE
            elif language == "console":
                told += reader.console(body) + FENCE
            elif language == "python":
                printed = reader.python(body)
                if shown := _OUTPUT.match(text, position):
                    position = shown.end()
                told += body + FENCE + (f"\n```text\n{printed}{FENCE}" if printed else "")
            else:
                reader.others(language, file, body)
                told += body + FENCE
        return told + text[position:]


class Reader:
    """Someone who follows a page: a folder with what a checkout has, names in Python, a server."""

    def __init__(self, page: str, folder: Path, serve: Callable[[], str]) -> None:
        self.page = page
        self.serve = serve
        self.address = ""
        self.names: dict[str, Any] = {"__name__": "__main__"}
        unwanted = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "benchmarks", folder / "benchmarks", ignore=unwanted)
        for data in ("models", "weights"):
            shutil.copytree(data_folder(data), folder / data)
        (folder / ".bin").mkdir()
        for name, words in {"mars-solver": "-m mars_solver", "python": ""}.items():
            launcher = folder / ".bin" / name
            launcher.write_text(LAUNCHER % words, "utf-8")
            launcher.chmod(0o755)
        self.environment = {"PATH": f"{folder / '.bin'}{os.pathsep}{os.environ['PATH']}"}

    def console(self, body: str) -> str:
        """Return a session with what its commands print."""
        told = ""
        for command in commands(body):
            called = self.call(self.here(command))
            assert called.returncode in ENDINGS, f"{command}\n{called.stderr}"
            printed = (called.stdout + _PROGRESS.sub("", called.stderr)).rstrip("\n")
            told += f"$ {command}\n" + (f"{printed}\n" if printed else "")
        return told

    def call(self, command: str) -> Run:
        """Run a command: in this process where it needs no shell; `head -n` is no need of one."""
        if cut := _CUT.fullmatch(command):
            whole = self.call(cut[1])
            lines = whole.stdout.splitlines(keepends=True)
            return whole._replace(stdout="".join(lines[: int(cut[2])]))
        if not _SHELL.search(command):
            program, *words = shlex.split(command.replace("\\\n", " "), comments=True)
            if program == "mars-solver":
                return run(*words)
            if program == "python":
                return script(*words)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],  # noqa: S607
            capture_output=True,
            text=True,
            env={**os.environ, **self.environment},
            timeout=600,
            check=False,
        )
        return Run(done.returncode, done.stdout, done.stderr)

    def here(self, code: str) -> str:
        """Code with the address of a server that really answers."""
        if ADDRESS in code and not self.address:
            self.address = self.serve().rstrip("/")
        return code.replace(ADDRESS, self.address)

    def python(self, body: str) -> str:
        """Return what a cell prints and shows."""
        tree = ast.parse(self.here(body))
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(tree, "page", "exec"), self.names)  # noqa: S102
            if isinstance(last, ast.Expr):
                cell = compile(ast.Expression(last.value), "page", "eval")
                if (value := eval(cell, self.names)) is not None:  # noqa: S307
                    printed.write(f"{value!r}\n")
        return printed.getvalue()

    def lacks_something(self, language: str, body: str) -> bool:
        """Whether a block needs what is not installed here."""
        if language == "python":
            if "mars_solver.batch.spark" in body:
                return True  # it wants a session: tests/batch/test_spark.py has one
            return any(find_spec(name) is None for name in re.findall(_IMPORTED, body))
        return "curl " in body and shutil.which("curl") is None

    def others(self, language: str, file: str | None, body: str) -> None:
        """Run commands that show nothing, and parse what is data."""
        if language == "sh":
            lines = body.replace("\\\n", " ").splitlines()
            left = [line for line in lines if not _SEEN_TO.match(line)]
            whole = "\n".join(left)
            for command in [whole] if _SHELL.search(whole) else left:
                called = self.call(self.here(command))
                assert called.returncode == 0, f"{command}\n{called.stderr}"
        elif language in PARSERS:
            PARSERS[language](body)
        else:
            assert language in {"text", "python"}, f"nothing runs a block of {language}"
        if file is not None:
            assert f"`{file}`" in self.page, f"the page does not tell to save {file}"
            (Path.cwd() / file).write_text(body, "utf-8")


PARSERS: dict[str, Callable[[str], object]] = {
    "toml": tomllib.loads,
    "json": json.loads,
    "jsonl": lambda body: [json.loads(line) for line in body.splitlines()],
    "csv": lambda body: list(csv.reader(io.StringIO(body), strict=True)),
}


def commands(session: str) -> Iterator[str]:
    """The commands of a console, each with the lines that it goes on in."""
    lines = iter(session.splitlines())
    for line in lines:
        if line.startswith("$ "):
            command = line.removeprefix("$ ")
            while command.endswith("\\"):
                command += "\n" + next(lines)
            yield command
