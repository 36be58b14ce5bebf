"""The calls of the library: answers without preparing a solver first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from mars_solver.errors import extra
from mars_solver.explaining.recommendation import Recommendation, recommend_with
from mars_solver.inputs.brought import profile_in, profiles_in
from mars_solver.inputs.catalogue.catalogue import Catalogue
from mars_solver.inputs.options import check_options
from mars_solver.inputs.profile import Profile
from mars_solver.inputs.weights import Weights
from mars_solver.solving.solver import solver_of
from mars_solver.vocabulary import Policy

if TYPE_CHECKING:
    import pyarrow as pa


def recommend(
    profile: Profile | Mapping[str, object] | None = None,
    *,
    catalogue: Catalogue | None = None,
    weights: Weights | None = None,
    measurements: Mapping[str, object] | None = None,
    unknown: Policy = "flag",
    top: int | None = None,
    keep: Iterable[str] = (),
) -> Recommendation:
    """Return the ranked, explained shortlist for one profile.

    Args:
        profile: a `Profile`; a mapping that describes one, or has its fields side by side as a row
            of a table does; None for the empty profile.
        catalogue: the models to choose from; None for the shipped ones.
        weights: None for the shipped ones.
        measurements: your own, as `{model id: {attribute: claim}}`; each replaces the chosen
            claim.
        unknown: "flag" ranks unverified models after those that meet everything, "accept" ranks
            them alike, "reject" excludes them.
        top: the longest shortlist wanted; None for all.
        keep: the requirements that cannot move: no relaxation or correction touches them.

    Raises:
        InputError: with every fault of the input.
    """
    check_options(unknown, top)
    solver = solver_of(catalogue, weights, measurements)
    asked = profile_in({} if profile is None else profile, solver.declared, "Profile")
    return recommend_with(solver, asked, unknown=unknown, top=top, keep=keep)


def recommend_many(
    profiles: object,
    *,
    catalogue: Catalogue | None = None,
    weights: Weights | None = None,
    measurements: Mapping[str, object] | None = None,
    unknown: Policy = "flag",
    top: int | None = None,
) -> list[Recommendation]:
    """Return what `recommend` returns for each of many profiles, in order.

    Args:
        profiles: anything to iterate over, once, with what `recommend` takes; or a table with a
            profile in each row: Arrow in any form, and what has the Arrow C stream, such as a data
            frame of pandas or Polars and a relation of DuckDB.
        catalogue: as `recommend` has it, like all that follows.
        weights: as `recommend` has it.
        measurements: as `recommend` has it.
        unknown: as `recommend` has it.
        top: as `recommend` has it.

    Raises:
        InputError: with every fault of the input, those of a profile under `profiles[index]`.
    """
    check_options(unknown, top)
    solver = solver_of(catalogue, weights, measurements)
    asked = profiles_in(profiles, solver.declared, "profiles")
    return [Recommendation(solver, each, top) for each in solver.decide_many(asked, unknown)]


def decide(
    batch: pa.RecordBatch,
    *,
    catalogue: Catalogue | None = None,
    weights: Weights | None = None,
    measurements: Mapping[str, object] | None = None,
    unknown: Policy = "flag",
    top: int = 3,
) -> pa.RecordBatch:
    """Return the answers to the profiles of an Arrow record batch, one row for each.

    Args:
        batch: one profile in each row, its fields by name side by side, and optionally an `id`;
            null and an absent column mean "not stated"; sets are lists, or texts with `;`.
        catalogue: as `recommend` has it.
        weights: as `recommend` has it.
        measurements: as `recommend` has it.
        unknown: as `recommend` has it.
        top: how many models to rank.

    Returns:
        `row` (the index in the batch), `id`, `status`, `model_1`.., `score_1`.., `status_1`..,
        `blocked` (what leaves no model), `flowchart_agrees`, `reasons`. A row that is no profile
        has the status "rejected" and its reasons; `reasons` is null in every other one.

    Raises:
        InputError: with every unknown column and each of the wrong type, or where the extra
            `batch` is not installed.
    """
    check_options(unknown, top)
    with extra("batch"):
        from mars_solver.batch import answers as batches  # noqa: PLC0415  (loads when used)
    return batches.decide(batch, solver_of(catalogue, weights, measurements), unknown, top)
