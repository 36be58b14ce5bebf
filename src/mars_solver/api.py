"""The library's front door: answers without preparing a solver first."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from mars_solver.catalogue import Catalogue, with_measurements
from mars_solver.errors import InputError, Problem, shown
from mars_solver.files import load_catalogue, load_weights
from mars_solver.parsing import one_of
from mars_solver.profile import Profile
from mars_solver.recommendation import Recommendation, recommend_with
from mars_solver.solver import Solver
from mars_solver.vocabulary import POLICIES, Policy
from mars_solver.weights import Weights


def recommend(
    profile: Profile | Mapping[str, object] | None = None,
    *,
    catalogue: Catalogue | None = None,
    weights: Weights | None = None,
    measurements: Mapping[str, object] | None = None,
    unknown: Policy = "flag",
    top: int | None = None,
) -> Recommendation:
    """Return the ranked, explained shortlist for one profile.

    Args:
        profile: a `Profile`, or a mapping that describes one; None for the empty profile.
        catalogue: the models to choose from; None for the shipped ones.
        weights: None for the shipped ones.
        measurements: your own, as `{model id: {fact: claim}}`; each replaces the chosen claim.
        unknown: "flag" ranks unverified models after guaranteed ones, "accept" ranks them alike,
            "reject" excludes them.
        top: the longest shortlist wanted; None for all.

    Raises:
        InputError: with every fault of the input.
    """
    if unknown not in POLICIES:
        raise InputError([Problem("recommend", "unknown", one_of(POLICIES), shown(unknown))])
    if top is not None and (not isinstance(top, int) or isinstance(top, bool) or top < 1):
        raise InputError([Problem("recommend", "top", "a whole number from 1", shown(top))])
    asked = profile if isinstance(profile, Profile) else Profile.model_validate(profile)
    models = load_catalogue() if catalogue is None else catalogue
    if measurements is not None:
        models = with_measurements(models, measurements, place="measurements")
    solver = _prepared(models, load_weights() if weights is None else weights)
    return recommend_with(solver, asked, unknown=unknown, top=top)


@lru_cache(maxsize=8)
def _prepared(catalogue: Catalogue, weights: Weights) -> Solver:
    """Return the solver of a catalogue (by identity) and weights (by value)."""
    return Solver(catalogue, weights)
