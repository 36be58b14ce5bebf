"""What every test shares: one seed for the searches, the shipped solver, the random catalogues."""

from __future__ import annotations

import os

# Before NumPy: several threads take longer to meet than to add up forms of 50 numbers.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest
from hypothesis import HealthCheck, settings

from mars_solver import Solver
from strategies import SHIPPED, pool

settings.register_profile(
    "repeatable",
    derandomize=True,
    deadline=None,
    max_examples=200,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def solver() -> Solver:
    return SHIPPED


@pytest.fixture(scope="session", autouse=True)
def _pool() -> None:
    """Draw the random catalogues before the first search."""
    pool()
