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
from mars_solver.inputs.profile_row import ExtraColumns, extra_columns_in
from mars_solver.inputs.weights import Weights
from mars_solver.solving.solver import Solver, solver_of
from mars_solver.vocabulary import Policy

if TYPE_CHECKING:
    import pyarrow as pa

    from mars_solver.proving.difference import ExactDifference


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


def difference(
    old: Solver | Catalogue | Weights,
    new: Solver | Catalogue | Weights,
    *,
    unknown: Policy = "flag",
) -> ExactDifference:
    """Return which answers a change of facts or weights changes, over all profiles, exactly.

    Args:
        old: a solver; or a catalogue, with the shipped weights; or weights, with the shipped
            catalogue.
        new: the same after the change.
        unknown: as `recommend` has it.

    Raises:
        InputError: with every fault of the input, or where a catalogue has too many kinds of
            profiles.
    """
    from mars_solver.proving import difference as proving  # noqa: PLC0415  (loads when used)

    check_options(unknown, None)
    return proving.difference(_solver(old), _solver(new), unknown)


def _solver(side: Solver | Catalogue | Weights) -> Solver:
    if isinstance(side, Solver):
        return side
    return solver_of(weights=side) if isinstance(side, Weights) else solver_of(side)


def decide(
    table: object,
    *,
    catalogue: Catalogue | None = None,
    weights: Weights | None = None,
    measurements: Mapping[str, object] | None = None,
    unknown: Policy = "flag",
    top: int = 3,
    extra_columns: ExtraColumns | None = None,
) -> pa.RecordBatch | pa.Table:
    """Return the answers to a table of profiles, one row for each.

    Args:
        table: an Arrow record batch, table or reader; anything with the Arrow C stream, such as a
            data frame of pandas or Polars and a relation of DuckDB; or a list of rows or profiles.
            A row has the fields of a profile by name side by side, and optionally an `id`; null
            and an absent column mean "not stated"; sets are lists, or texts with `;`.
        catalogue: as `recommend` has it.
        weights: as `recommend` has it.
        measurements: as `recommend` has it.
        unknown: as `recommend` has it.
        top: how many models to rank.
        extra_columns: "keep" carries columns that no profile has to the answers, "drop" leaves
            them out; None refuses them.

    Returns:
        `row` (the index in the table), `id`, the columns that are kept, `status`, `model_1`..,
        `score_1`.., `status_1`.., `blocked` (what leaves no model), `flowchart_agrees`, `reasons`.
        A row that is no profile has the status "rejected" and its reasons; `reasons` is null in
        every other one. It is a record batch for a record batch or a list, else a table.

    Raises:
        InputError: with every unknown column and each of the wrong type, or where the extra
            `batch` is not installed.
    """
    check_options(unknown, top)
    extras = extra_columns_in(extra_columns, "extra_columns")
    with extra("batch"):
        from mars_solver.batch import sources  # noqa: PLC0415  (loads when used)
    solver = solver_of(catalogue, weights, measurements)
    return sources.decide(table, solver, unknown, top, extras)


def decide_stream(
    reader: object,
    *,
    catalogue: Catalogue | None = None,
    weights: Weights | None = None,
    measurements: Mapping[str, object] | None = None,
    unknown: Policy = "flag",
    top: int = 3,
    extra_columns: ExtraColumns | None = None,
) -> pa.RecordBatchReader:
    """Return the answers to a stream of profiles as they are asked for, in constant memory.

    Args:
        reader: an Arrow reader, or anything else with the Arrow C stream; a list of rows or
            profiles is answered all at once.
        catalogue: as `recommend` has it.
        weights: as `recommend` has it.
        measurements: as `recommend` has it.
        unknown: as `recommend` has it.
        top: as `decide` has it.
        extra_columns: as `decide` has it.

    Returns:
        record batches with the columns of `decide`; `row` counts on from one to the next. A row
        that is no profile ends no stream: it has the status "rejected" and its reasons.

    Raises:
        InputError: as `decide` does, before the first row is read.
    """
    check_options(unknown, top)
    extras = extra_columns_in(extra_columns, "extra_columns")
    with extra("batch"):
        from mars_solver.batch import sources  # noqa: PLC0415  (loads when used)
    solver = solver_of(catalogue, weights, measurements)
    return sources.stream(reader, solver, unknown, top, extras)
