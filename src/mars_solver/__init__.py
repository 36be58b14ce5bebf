"""Pick a MARS text-to-speech model: constraints for what must hold, weights for the rest.

>>> from mars_solver import Profile, recommend
>>> recommend(Profile(require={"real_time": True})).shortlist[0].model
'mars-flash'
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mars_solver.api import decide, recommend, recommend_many
    from mars_solver.catalogue import Catalogue, with_measurements
    from mars_solver.errors import InputError, MarsSolverError, Problem
    from mars_solver.files import load_catalogue, load_measurements, load_profile, load_weights
    from mars_solver.profile import Preferences, Profile, Requirements
    from mars_solver.recommendation import Recommendation, recommend_with
    from mars_solver.solver import Solver
    from mars_solver.weights import Weights

__version__ = "0.1.0"

_HOME = {
    "Catalogue": "catalogue",
    "InputError": "errors",
    "MarsSolverError": "errors",
    "Preferences": "profile",
    "Problem": "errors",
    "Profile": "profile",
    "Recommendation": "recommendation",
    "Requirements": "profile",
    "Solver": "solver",
    "Weights": "weights",
    "decide": "api",
    "load_catalogue": "files",
    "load_measurements": "files",
    "load_profile": "files",
    "load_weights": "files",
    "recommend": "api",
    "recommend_many": "api",
    "recommend_with": "recommendation",
    "with_measurements": "catalogue",
}

__all__ = [
    "Catalogue",
    "InputError",
    "MarsSolverError",
    "Preferences",
    "Problem",
    "Profile",
    "Recommendation",
    "Requirements",
    "Solver",
    "Weights",
    "decide",
    "load_catalogue",
    "load_measurements",
    "load_profile",
    "load_weights",
    "recommend",
    "recommend_many",
    "recommend_with",
    "with_measurements",
]


def __getattr__(name: str) -> object:
    """Load a public name when it is first used, so that the import itself stays light."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415  (loads when used)

    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names, loaded or not."""
    return sorted([*globals(), *__all__])
