"""What the commands read: profiles, catalogues, measurements and weights, with every fault."""

from __future__ import annotations

from dataclasses import replace

from mars_solver import api
from mars_solver.cli.flags import profile_from
from mars_solver.errors import InputError, Problem, gather, rerooted
from mars_solver.explaining.recommendation import Recommendation
from mars_solver.inputs import files
from mars_solver.inputs.catalogue import Catalogue
from mars_solver.inputs.options import options_in
from mars_solver.inputs.profile import Profile
from mars_solver.vocabulary import Policy


def check_paths(**paths: str | None) -> None:
    """Refuse empty paths, and standard input for two things, as it can be read only once.

    Args:
        paths: by the name of the flag without its dashes, or of the argument in capitals.

    Raises:
        InputError: with every empty path, or with the readers of standard input.
    """
    flags = {name if name.isupper() else f"--{name}": path for name, path in paths.items()}
    empty = [Problem(name, "", "a path", '""') for name, path in flags.items() if path == ""]
    if empty:
        raise InputError(empty)
    readers = [name for name, path in flags.items() if path == "-"]
    if len(readers) > 1:
        hint = "name a file for the others"
        raise InputError([Problem("standard input", "", "one reader", ", ".join(readers), hint)])


def read_answer(
    profile: str | None,
    *,
    require: list[str] | None,
    prefer: list[str] | None,
    workflow: str | None,
    primary: str | None,
    accept_beta: bool | None,
    measurements: str | None,
    models: str | None,
    weights: str | None,
    unknown: str,
    top: int | None,
) -> Recommendation:
    """Return the answer to the profile that a file and flags state.

    Raises:
        InputError: with every fault of everything that the answer rests on.
    """

    def stated() -> Profile:
        document, place = ({}, "flags") if profile is None else files.read_document(profile)
        return profile_from(
            document,
            place,
            require=require or (),
            prefer=prefer or (),
            workflow=workflow,
            primary=primary,
            accept_beta=accept_beta,
        )

    asked, catalogue, weighed, policy = gather(
        stated,
        lambda: read_catalogue(models, measurements),
        lambda: files.load_weights(weights),
        lambda: policy_of(unknown),
    )
    return api.recommend(asked, catalogue=catalogue, weights=weighed, unknown=policy, top=top)


def read_catalogue(models: str | None, measurements: str | None) -> Catalogue:
    """Return the catalogue with the measurements, if any, as its chosen claims."""
    catalogue = files.load_catalogue(models)
    if measurements is None:
        return catalogue
    return files.load_measurements(measurements, catalogue)


def policy_of(word: str) -> Policy:
    """Return the policy that `--unknown` names."""
    with rerooted(lambda problem: replace(problem, place="--unknown", path="")):
        return options_in({"unknown": word}, "--unknown").unknown
