"""The command line, in a process of its own."""

from __future__ import annotations

import subprocess
import sys

Run = subprocess.CompletedProcess[str]


def run(*arguments: str, stdin: str | None = None) -> Run:
    command = [sys.executable, "-m", "mars_solver", *arguments]
    return subprocess.run(command, capture_output=True, text=True, input=stdin, check=False)
