"""What every test shares: one seed for the searches, and the shipped solver.

At the end of a run it says what was left out, and how to run that.
"""

from __future__ import annotations

import gc
import os
import signal
from collections import Counter
from collections.abc import Iterator
from unittest import mock

# Before NumPy: several threads take longer to meet than to add up forms of 50 numbers.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# Else each process that a test starts compiles the package again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

import pytest
from hypothesis import HealthCheck, settings

from mars_solver import Solver
from mars_solver.proving import dead as finding
from mars_solver.proving import proof
from mars_solver.proving.census import Census
from strategies import SHIPPED

settings.register_profile(
    "repeatable",
    derandomize=True,
    deadline=None,
    max_examples=200,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("repeatable")

# A run in the background ignores signals, and so would the processes that tests send them to.
for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    if signal.getsignal(each) == signal.SIG_IGN:
        signal.signal(each, signal.SIG_DFL)


@pytest.fixture(scope="session")
def solver() -> Solver:
    return SHIPPED


@pytest.fixture(scope="session", autouse=True)
def _loaded_stays() -> Iterator[None]:
    """Keep what is loaded out of every search for garbage; a measurement would end that."""
    gc.freeze()
    with mock.patch.object(gc, "unfreeze"):
        yield


@pytest.fixture(scope="session", autouse=True)
def _dead_once() -> Iterator[None]:
    """Find what is dead of the same catalogue and weights once: that is most of a proof."""
    find, found = finding.dead, dict[str, finding.Dead | None]()

    def remembered(solver: Solver, counted: Census | None = None) -> finding.Dead | None:
        key = repr(solver.identity)
        if key not in found:
            found[key] = find(solver, counted)
        return found[key]

    with (
        mock.patch.object(finding, "dead", remembered),
        mock.patch.object(proof, "dead", remembered),
    ):
        yield


@pytest.fixture
def _without_the_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take it that what is dead takes too long to say: for tests that are about all else."""
    for module in (finding, proof):
        monkeypatch.setattr(module, "dead", lambda *_: None)


TARGETS = {
    "tests/explaining/test_calls_installed.py": "make calls",
    "tests/batch/test_recipes.py": "make recipes",
    "tests/batch/test_spark.py": "make spark",
    "tests/inputs/test_brought.py": "make spark",
    "tests/web/test_browser.py": "make browser",
    "tests/web/test_clients.py": "make clients",
}
"""What runs the tests of a file that are skipped where something is not installed."""


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say what this run left out, and how to run it."""
    skipped = Counter(
        (report.longrepr[2].removeprefix("Skipped: "), report.nodeid.partition("::")[0])
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple)
    )
    left_out = [
        (f"{count} of {file}: {reason}", TARGETS.get(file, ""))
        for (reason, file), count in sorted(skipped.items())
    ]
    if config.args_source is pytest.Config.ArgsSource.TESTPATHS:
        if config.option.markexpr == "not long and not timing":
            left_out.append(("the searches that take minutes", "make long"))
            left_out.append(("how near the marks of a measurement are", "make accuracy"))
        left_out.append(("the rivals of the benchmarks", "make peers-quick"))
    if left_out:
        terminalreporter.section("left out")
        for what, target in left_out:
            terminalreporter.line(f"{what:<68} {target}".rstrip())
        terminalreporter.line("make test-all runs everything but make accuracy")
