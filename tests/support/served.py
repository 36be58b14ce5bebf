"""A server of the page in a thread of this process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from mars_solver import Solver
from mars_solver.web import server as serving
from mars_solver.web.app import create_app


@contextmanager
def served(solver: Solver) -> Iterator[str]:
    """The address of a server of the page, until the end of the block."""
    opened = serving.listen("127.0.0.1", 0)
    server = uvicorn.Server(serving.config(create_app(solver)))
    thread = threading.Thread(target=server.run, args=([opened],), daemon=True)
    thread.start()
    yield serving.address(opened)
    server.should_exit = True
    thread.join(timeout=30)
    opened.close()
