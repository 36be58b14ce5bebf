"""The command line, in this process or in one of its own."""

from __future__ import annotations

import io
import os
import runpy
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple
from unittest import mock

from typer import main as making

from mars_solver import stopping
from mars_solver.cli import commands

HANG = 60
"""Seconds after which a call that takes less than one counts as hung."""


built = cache(making.get_command)
"""The commands as they are parsed: made once, as that takes as long as most calls."""


class Run(NamedTuple):
    """How a call ended."""

    returncode: int
    stdout: str
    stderr: str


def run(*arguments: str, stdin: str | bytes | None = b"") -> Run:
    """Call the command line in this process; where standard input is None, it is closed."""
    return _called(commands.main, ["mars-solver", *arguments], stdin)


def run_script(path: Path, *arguments: str) -> Run:
    """Run a script in this process, as Python runs one from its folder."""

    def work() -> None:
        runpy.run_path(str(path), run_name="__main__")

    with mock.patch.object(sys, "path", [str(path.parent), *sys.path]):
        return _called(work, [str(path), *arguments], b"")


def _called(work: Callable[[], object], argv: list[str], stdin: str | bytes | None) -> Run:
    """Do some work that exits, with streams of its own."""
    given = stdin.encode() if isinstance(stdin, str) else stdin
    source = None if given is None else io.TextIOWrapper(io.BytesIO(given), "utf-8")
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
    streams = mock.patch.multiple(sys, argv=argv, stdin=source, stdout=out, stderr=err)
    parsed = mock.patch.object(making, "get_command", built)
    unstopped = mock.patch.object(stopping, "install")  # signals are those of the tests
    with streams, parsed, unstopped:
        try:
            work()
        except SystemExit as stop:
            code = stop.code
    assert isinstance(code, int)
    for stream in (out, err):
        stream.seek(0)
    return Run(code, out.read(), err.read())


def spawn(*arguments: str, stdin: bytes = b"", folder: Path | None = None) -> Run:
    """Call the command line in a process of its own, in a folder."""
    return script("-m", "mars_solver", *arguments, stdin=stdin, folder=folder, timeout=HANG)


def script(
    *arguments: str,
    stdin: bytes = b"",
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    timeout: float = 600,
) -> Run:
    """Call Python in a process of its own, in a folder, with more in its environment."""
    done = subprocess.run(
        [sys.executable, *arguments],
        input=stdin,
        capture_output=True,
        cwd=folder,
        env={**os.environ, **(environment or {})},
        timeout=timeout,
        check=False,
    )
    return Run(done.returncode, done.stdout.decode(), done.stderr.decode())
