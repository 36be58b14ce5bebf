"""What the commands read: profiles, catalogues, measurements and weights, with every fault."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from mars_solver import api
from mars_solver.cli.flags import measured_by_flags, profile_from, spelled
from mars_solver.errors import Faults, InputError, Problem, gather, rerooted, shown
from mars_solver.explaining.calls import check_way
from mars_solver.explaining.recommendation import Recommendation
from mars_solver.inputs import files
from mars_solver.inputs.catalogue.attributes import Declarations
from mars_solver.inputs.catalogue.catalogue import Catalogue
from mars_solver.inputs.catalogue.presets import preset_named
from mars_solver.inputs.options import kept_in, options_in, requirements_in
from mars_solver.inputs.profile import Profile
from mars_solver.inputs.profile_row import members_in
from mars_solver.solving.solver import Solver
from mars_solver.vocabulary import BATCH, POLICIES, Policy

if TYPE_CHECKING:
    from mars_solver.cli.asking import AnswerOptions


def check_paths(**paths: str | Iterable[str] | None) -> None:
    """Refuse what is no path.

    Args:
        paths: by the name of the flag without its dashes, or of the argument in capitals; several
            of a flag that may be repeated.

    Raises:
        InputError: with everything that is no path.
    """
    given = _given(paths)
    none = [(name, path) for name, path in given if not path or "\0" in path]
    if none:
        raise InputError([Problem(name, "", "a path", shown(path)) for name, path in none])


def check_sources(**paths: str | Iterable[str] | None) -> None:
    """Refuse to read what is no path, and standard input for two things: it can be read once.

    Args:
        paths: as of `check_paths`.

    Raises:
        InputError: with everything that is no path, or with the readers of standard input.
    """
    check_paths(**paths)
    readers = [name for name, path in _given(paths) if path == files.STDIN]
    if len(readers) > 1:
        hint = "name a file for the others"
        raise InputError(
            [Problem(files.STANDARD_INPUT, "", "one reader", ", ".join(readers), hint)]
        )


def _given(paths: dict[str, str | Iterable[str] | None]) -> list[tuple[str, str]]:
    """Return paths with how they are named on the command line."""
    return [
        (name if name.isupper() else f"--{name}", path)
        for name, value in paths.items()
        for path in ([value] if isinstance(value, str) else value or ())
    ]


def read_answer(
    asked: AnswerOptions, way: str | None = None, *, as_json: bool = False
) -> Recommendation:
    """Return the answer to the profile that a file and flags state.

    Args:
        asked: the file and the flags.
        way: how the first model is to be called; None for no way in particular.
        as_json: whether JSON is wanted, which has all ways.

    Raises:
        InputError: with every fault of everything that the answer rests on.
    """
    if way is not None and as_json:
        hint = "drop one: the JSON has every call under `calls`"
        raise InputError([Problem("--for", "", "no --json beside it", "both", hint)])
    check_sources(
        PROFILE=asked.profile,
        measurements=asked.measurements,
        models=asked.models,
        weights=asked.weights,
    )
    catalogue, weights, policy, profile, keep = against(
        asked.models,
        lambda known: gather(
            lambda: with_measurements(known, asked.measurements, asked.measure),
            lambda: check_way(way and spelled(way, known.calls), known, "--for"),
        )[0],
        lambda _: files.load_weights(asked.weights),
        lambda _: policy_of(asked.unknown),
        lambda declared: _profile(asked, declared),
        lambda declared: declared and _kept(asked.keep, declared),
    )
    with rerooted(lambda problem: replace(problem, path="")):
        kept_in(keep, profile, "--keep")
    return api.recommend(
        profile, catalogue=catalogue, weights=weights, unknown=policy, top=asked.top, keep=keep
    )


def against(
    models: str | None,
    measured: Callable[[Catalogue], Catalogue],
    *steps: Callable[[Declarations | None], Any],
) -> tuple[Any, ...]:
    """Return a catalogue, measured, and the results of steps that need what it declares.

    What a profile or a table asks for is checked even where the catalogue has faults, if only what
    can be asked for is sound.

    Args:
        models: the folder of the catalogue; None for the shipped one.
        measured: returns the catalogue with measurements.
        steps: each takes what can be asked; None where that is not known.

    Raises:
        InputError: with the faults of the catalogue and of every step.
    """
    faults = Faults()
    catalogue: Catalogue | None = None
    declared: Declarations | None = None
    results: tuple[Any, ...] = ()
    with faults:
        catalogue = files.load_catalogue(models)
        declared = catalogue.declared
    if catalogue is None:
        with Faults():
            declared = files.load_declarations(models)
    with faults:
        results = gather(
            lambda: catalogue and measured(catalogue),
            *(partial(step, declared) for step in steps),
        )
    faults.check()
    return results


def _profile(asked: AnswerOptions, declared: Declarations | None) -> Profile | None:
    """Return the profile that a file and flags state; None where it cannot be checked."""
    document: dict[str, object] = {}
    place = "flags"
    if asked.profile is not None and asked.preset is not None:
        found = f"{asked.profile} and --preset {asked.preset}"
        raise InputError([Problem("PROFILE", "", "one profile to start from", found, "drop one")])
    if asked.profile is not None:
        document, place = files.read_document(asked.profile)
    if declared is None:
        return None
    if asked.preset is not None:
        presets = files.load_catalogue(asked.models).presets
        name = spelled(asked.preset, [preset.name for preset in presets])
        document = preset_named(name, presets, "--preset").profile.to_dict()
    return profile_from(
        document,
        place,
        declared,
        require=asked.require or (),
        prefer=asked.prefer or (),
        workflow=asked.workflow and spelled(asked.workflow, [BATCH]),
        primary=asked.primary and spelled(asked.primary, declared.need),
        accept_beta=asked.accept_beta,
    )


def _kept(names: list[str] | None, declared: Declarations) -> tuple[str, ...]:
    """Return the requirements that `--keep` names."""
    each = [spelled(n, declared.requirement) for text in names or () for n in members_in(text)]
    with rerooted(lambda problem: replace(problem, path="")):
        return requirements_in(each, declared, "--keep")


def check_free(*, force: bool, **paths: str | None) -> None:
    """Refuse to write over a file.

    Args:
        force: whether that is wanted.
        paths: by the name of the flag without its dashes.

    Raises:
        InputError: with every flag that names a file that is there.
    """
    given = [(f"--{name}", path) for name, path in paths.items() if path]
    there = [(flag, p) for flag, p in given if os.path.isfile(p)]  # noqa: PTH113  (fails on no path)
    if there and not force:
        hint = "name another file, or write over it with --force"
        expected = "a file that is not there yet"
        raise InputError([Problem(flag, "", expected, path, hint) for flag, path in there])


def sets(models: str | None) -> list[str]:
    """Return the names of the sets that a catalogue declares; none where it is faulty."""
    with Faults():
        return files.load_declarations(models).sets
    return []


def read_catalogue(
    models: str | None, measurements: Iterable[str] | None, measure: Iterable[str] | None = None
) -> Catalogue:
    """Return the catalogue with the measurements, if any, as its chosen claims."""
    return with_measurements(files.load_catalogue(models), measurements, measure)


def read_solver(
    models: str | None,
    weights: str | None,
    measurements: Iterable[str] | None = None,
    measure: Iterable[str] | None = None,
) -> Solver:
    """Return the solver of a catalogue, measured, and a file of weights.

    Raises:
        InputError: with every fault of both.
    """
    catalogue, weighed = gather(
        lambda: read_catalogue(models, measurements, measure),
        lambda: files.load_weights(weights),
    )
    return Solver(catalogue, weighed)


def with_measurements(
    catalogue: Catalogue, measurements: Iterable[str] | None, measure: Iterable[str] | None
) -> Catalogue:
    """Return a catalogue with the measurements of files and then of flags."""
    faults = Faults()
    for path in measurements or ():
        with faults:
            catalogue = files.load_measurements(path, catalogue)
    if measure:
        with faults:
            catalogue = measured_by_flags(catalogue, measure)
    faults.check()
    return catalogue


def policy_of(word: str) -> Policy:
    """Return the policy that `--unknown` names."""
    with rerooted(lambda problem: replace(problem, place="--unknown", path="")):
        return options_in({"unknown": spelled(word, POLICIES)}, "--unknown").unknown
