"""The picture of the page in README.md: `make picture` takes it again."""

from __future__ import annotations

from pathlib import Path

from browser import chromium
from mars_solver import Solver, load_catalogue, load_weights
from served import served

FILE = Path(__file__).parents[2] / "docs" / "page.png"
SHOWN = "?real_time=true&max_ttfb_ms=300&languages=en-us&latency=8"


def take() -> None:
    """Take the picture of one answer, as it is in a window of a common size."""
    with served(Solver(load_catalogue(), load_weights())) as address, chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 860})
        page.goto(f"{address}{SHOWN}", wait_until="networkidle")
        page.screenshot(path=FILE)


if __name__ == "__main__":
    take()
