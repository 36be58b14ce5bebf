"""Print the lowest version that pyproject.toml allows of each package, as pip takes them.

Called as a script. The extra of agents is left out: what it needs itself is newer.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

EXTRAS = ("batch", "tune", "measure", "web")


def lowest(pyproject: Path) -> list[str]:
    """The packages that the library and its extras need, each pinned to its lower bound."""
    project = tomllib.loads(pyproject.read_text("utf-8"))["project"]
    needed = [*project["dependencies"]]
    for extra in EXTRAS:
        needed += project["optional-dependencies"][extra]
    return sorted({each.replace(">=", "==") for each in needed})


if __name__ == "__main__":
    sys.stdout.write(" ".join(lowest(Path(__file__).parents[2] / "pyproject.toml")))
