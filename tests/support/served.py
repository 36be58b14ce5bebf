"""A server of the page in a thread of this process, and one in a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from mars_solver import Solver
from mars_solver.web import listening
from mars_solver.web import server as serving
from mars_solver.web.app import create_app


@contextmanager
def served(solver: Solver) -> Iterator[str]:
    """The address of a server of the page, until the end of the block."""
    [opened] = listening.listen("127.0.0.1", 0)
    server = uvicorn.Server(serving.config(create_app(solver)))
    thread = threading.Thread(target=server.run, args=([opened],), daemon=True)
    thread.start()
    yield listening.address(opened)
    server.should_exit = True
    thread.join(timeout=30)
    opened.close()


@contextmanager
def started(
    *flags: str, before: Callable[[], object] | None = None
) -> Iterator[tuple[subprocess.Popen[str], list[str], int]]:
    """A server in a process of its own, what it says at first, and its port.

    Args:
        flags: of the command.
        before: what the process does before it becomes the server.
    """
    command = [sys.executable, "-m", "mars_solver", "serve", "--port", "0", *flags]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command,
        stdout=pipe,
        stderr=pipe,
        text=True,
        preexec_fn=before,  # noqa: PLW1509  (the tests have no other threads at work here)
    ) as process:
        try:
            assert process.stderr is not None
            said = [process.stderr.readline()]
            while said[-1] and not said[-1].startswith("Serving on "):
                said.append(process.stderr.readline())
            match = re.fullmatch(r"Serving on http://[0-9.]+:(\d+)/\n", said[-1])
            assert match, said
            yield process, said, int(match[1])
        finally:
            process.kill()
