"""Pick a text-to-speech model: constraints for what must be met, weights for the rest.

>>> from mars_solver import recommend
>>> recommend().status
'meets'
"""

from __future__ import annotations

TYPE_CHECKING = False  # a type checker takes it for true; to import it takes as long as all else
if TYPE_CHECKING:
    from mars_solver.api import decide, decide_stream, difference, recommend, recommend_many
    from mars_solver.errors import InputError, MarsSolverError, Problem
    from mars_solver.explaining.recommendation import Recommendation, recommend_with
    from mars_solver.inputs.catalogue.catalogue import Catalogue
    from mars_solver.inputs.catalogue.measurements import with_measurements
    from mars_solver.inputs.catalogue.shipped import Importances, Requirements
    from mars_solver.inputs.files import (
        load_catalogue,
        load_measurements,
        load_profile,
        load_weights,
    )
    from mars_solver.inputs.profile import Profile
    from mars_solver.inputs.weights import Weights
    from mars_solver.proving.difference import ExactDifference
    from mars_solver.solving.solver import Solver

__version__ = "0.1.0"

_HOME = {
    "Catalogue": "inputs.catalogue.catalogue",
    "ExactDifference": "proving.difference",
    "Importances": "inputs.catalogue.shipped",
    "InputError": "errors",
    "MarsSolverError": "errors",
    "Problem": "errors",
    "Profile": "inputs.profile",
    "Recommendation": "explaining.recommendation",
    "Requirements": "inputs.catalogue.shipped",
    "Solver": "solving.solver",
    "Weights": "inputs.weights",
    "decide": "api",
    "decide_stream": "api",
    "difference": "api",
    "load_catalogue": "inputs.files",
    "load_measurements": "inputs.files",
    "load_profile": "inputs.files",
    "load_weights": "inputs.files",
    "recommend": "api",
    "recommend_many": "api",
    "recommend_with": "explaining.recommendation",
    "with_measurements": "inputs.catalogue.measurements",
}

__all__ = [
    "Catalogue",
    "ExactDifference",
    "Importances",
    "InputError",
    "MarsSolverError",
    "Problem",
    "Profile",
    "Recommendation",
    "Requirements",
    "Solver",
    "Weights",
    "decide",
    "decide_stream",
    "difference",
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
