"""The command line: the only module that prints."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, NoReturn, cast

import typer

from mars_solver import __version__
from mars_solver.errors import InputError, Problem, gather, shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import RenderableType

    from mars_solver.catalogue import Catalogue
    from mars_solver.profile import Profile
    from mars_solver.recommendation import Recommendation
    from mars_solver.vocabulary import Policy

BAD_INPUT = 2
INFEASIBLE = 3
REFUTED = 5
MOST_SHOWN = 500
"""How many faults are printed; a file with more of them is no profile."""

app = typer.Typer(
    name="mars-solver",
    help="Pick a MARS text-to-speech model for what a voice product needs.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Models = Annotated[
    str | None,
    typer.Option("--models", metavar="DIR", help="A catalogue of your own: one TOML per model."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def main() -> NoReturn:
    """Run the command line and exit: 0 answer, 2 bad input, 3 infeasible, 5 proof failed."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        app()
    except InputError as error:
        for problem in error.problems[:MOST_SHOWN]:
            print(f"error: {problem}", file=sys.stderr)
        if len(error.problems) > MOST_SHOWN:
            print(f"error: and {len(error.problems) - MOST_SHOWN} more", file=sys.stderr)
        sys.exit(BAD_INPUT)
    sys.exit(0)


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    if version:
        print(f"mars-solver {__version__}")
        raise typer.Exit


ProfileArgument = Annotated[
    str | None,
    typer.Argument(metavar="[PROFILE]", help="A TOML or JSON file; - is standard input."),
]
Require = Annotated[
    list[str] | None,
    typer.Option("--require", metavar="NAME=VALUE", help="A requirement; overrides the file."),
]
Prefer = Annotated[
    list[str] | None,
    typer.Option("--prefer", metavar="NAME=0..10", help="An importance; 5 is neutral."),
]
WorkflowOption = Annotated[
    str | None, typer.Option("--workflow", metavar="batch", help="batch: latency is no concern.")
]
Primary = Annotated[
    str | None, typer.Option("--primary", metavar="NEED", help="The stated need that comes first.")
]
AcceptBeta = Annotated[
    bool | None,
    typer.Option("--accept-beta/--no-accept-beta", help="Let beta models be candidates."),
]
Measurements = Annotated[
    str | None,
    typer.Option("--measurements", metavar="FILE", help="Your own measurements, as facts."),
]
WeightsOption = Annotated[
    str | None, typer.Option("--weights", metavar="FILE", help="Weights of your own.")
]
Unknown = Annotated[
    str,
    typer.Option(
        "--unknown", metavar="flag|accept|reject", help="How to rank what the facts leave open."
    ),
]
Top = Annotated[
    int | None,
    typer.Option("--top", metavar="N", min=1, help="The longest shortlist to show."),
]


@app.command()
def recommend(
    profile: ProfileArgument = None,
    require: Require = None,
    prefer: Prefer = None,
    workflow: WorkflowOption = None,
    primary: Primary = None,
    accept_beta: AcceptBeta = None,
    measurements: Measurements = None,
    models: Models = None,
    weights: WeightsOption = None,
    unknown: Unknown = "flag",
    top: Top = None,
    as_json: AsJson = False,
) -> None:
    """Rank the models that meet a profile, with reasons.

    Exits with 0 for an answer, 2 for bad input, 3 where no model is left.
    """
    from mars_solver import rendering  # noqa: PLC0415

    _check_paths(PROFILE=profile, measurements=measurements, models=models, weights=weights)
    stated = _stated(profile, require, prefer, workflow, primary, accept_beta)
    answer = _answer(stated, measurements, models, weights, unknown, top)
    if as_json:
        _print(rendering.to_json(answer.to_dict()))
    else:
        _show(rendering.recommendation(answer))
    _leave(answer)


@app.command()
def explain(
    profile: ProfileArgument = None,
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="ID", help="Also: what would put this model first."),
    ] = None,
    require: Require = None,
    prefer: Prefer = None,
    workflow: WorkflowOption = None,
    primary: Primary = None,
    accept_beta: AcceptBeta = None,
    measurements: Measurements = None,
    models: Models = None,
    weights: WeightsOption = None,
    unknown: Unknown = "flag",
    top: Top = None,
    as_json: AsJson = False,
) -> None:
    """Explain a recommendation: what carries it, and everything that would change it.

    Exits as recommend does.
    """
    from mars_solver import rendering  # noqa: PLC0415

    _check_paths(PROFILE=profile, measurements=measurements, models=models, weights=weights)
    stated = _stated(profile, require, prefer, workflow, primary, accept_beta)
    answer = _answer(stated, measurements, models, weights, unknown, top)
    try:
        explained = answer.explain(model)
    except InputError as error:
        raise InputError(replace(p, place="--model", path="") for p in error.problems) from None
    if as_json:
        _print(rendering.to_json(explained.to_dict()))
    else:
        _show(rendering.explanation(answer, explained))
    _leave(answer)


def _check_paths(**paths: str | None) -> None:
    """Refuse an empty path, and standard input for two things: it can be read once."""
    flags = {name if name.isupper() else f"--{name}": path for name, path in paths.items()}
    empty = [Problem(name, "", "a path", '""') for name, path in flags.items() if path == ""]
    if empty:
        raise InputError(empty)
    readers = [name for name, path in flags.items() if path == "-"]
    if len(readers) > 1:
        hint = "name a file for the others"
        raise InputError([Problem("standard input", "", "one reader", ", ".join(readers), hint)])


def _stated(
    path: str | None,
    require: list[str] | None,
    prefer: list[str] | None,
    workflow: str | None,
    primary: str | None,
    accept_beta: bool | None,
) -> Callable[[], Profile]:
    """Return what reads the profile: the file, if any, with the flags laid over it."""

    def read() -> Profile:
        from mars_solver import files, flags  # noqa: PLC0415

        document, place = ({}, "flags") if path is None else files.read_document(path)
        return flags.profile_from(
            document,
            place,
            require=require or (),
            prefer=prefer or (),
            workflow=workflow,
            primary=primary,
            accept_beta=accept_beta,
        )

    return read


def _answer(
    stated: Callable[[], Profile],
    measurements: str | None,
    models: str | None,
    weights: str | None,
    unknown: str,
    top: int | None,
) -> Recommendation:
    """Return the answer, or every fault of everything that it rests on."""
    from mars_solver import api, files  # noqa: PLC0415

    def facts() -> Catalogue:
        catalogue = files.load_catalogue(models)
        if measurements is None:
            return catalogue
        return files.load_measurements(measurements, catalogue)

    def policy() -> None:
        from mars_solver.parsing import did_you_mean, one_of  # noqa: PLC0415
        from mars_solver.vocabulary import POLICIES  # noqa: PLC0415

        if unknown not in POLICIES:
            hint = did_you_mean(unknown, POLICIES)
            raise InputError([Problem("--unknown", "", one_of(POLICIES), shown(unknown), hint)])

    profile, catalogue, weighed, _ = gather(
        stated, facts, lambda: files.load_weights(weights), policy
    )
    return api.recommend(
        profile, catalogue=catalogue, weights=weighed, unknown=cast("Policy", unknown), top=top
    )


def _leave(answer: Recommendation) -> None:
    if not answer.decision.ranking:
        raise typer.Exit(INFEASIBLE)


@app.command()
def catalogue(
    folder: Annotated[
        str | None, typer.Argument(metavar="[DIR]", help="The same as --models.")
    ] = None,
    models: Models = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only say whether the catalogue is usable.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show the facts with their sources, or check a catalogue of your own."""
    from mars_solver import files, rendering  # noqa: PLC0415

    _check_paths(DIR=folder, models=models)
    if folder and models:
        raise InputError([Problem("--models", "", "one folder", f"{folder} too", "drop one")])
    facts = files.load_catalogue(folder or models)
    if as_json:
        _print(rendering.to_json(rendering.catalogue_to_dict(facts)))
    elif check:
        _print(rendering.usable(facts))
    else:
        _show(rendering.catalogue(facts))


@app.command()
def verify(
    models: Models = None,
    weights: WeightsOption = None,
    certificate: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Write the proof there, or hold it against the file."),
    ] = None,
    counterexample: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Where to write a profile that refutes the theorem."),
    ] = None,
    pin: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Write the answers of today as pins, and stop."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Prove that a catalogue and weights agree with the guide.

    Exits with 0 where the whole proof holds, 2 for bad input, 5 where it fails.
    """
    from mars_solver import files, pins, proving, rendering, verification  # noqa: PLC0415
    from mars_solver.solver import Solver  # noqa: PLC0415

    _check_paths(
        models=models,
        weights=weights,
        certificate=certificate,
        counterexample=counterexample,
        pin=pin,
    )
    catalogue, weighed, kept = gather(
        lambda: files.load_catalogue(models),
        lambda: files.load_weights(weights),
        lambda: files.load_pins(models) if pin is None else None,
    )
    solver = Solver(catalogue, weighed)
    if pin is not None:
        files.write_whole(pin, proving.pins_toml(pins.Pins.of(solver)))
        return
    proof = verification.verify(solver, files.load_scenarios(), kept)
    text = rendering.to_json(proof.to_dict())
    if as_json:
        _print(text)
    else:
        _show(proving.proof(proof))
    if counterexample is not None and proof.counterexample is not None:
        lines = proving.profile_toml(proof.counterexample)
        files.write_whole(counterexample, "\n".join(lines) + "\n")
    if not (_certified(certificate, text) if proof.holds else False):
        raise typer.Exit(REFUTED)


def _certified(path: str | None, text: str) -> bool:
    """Return whether a certificate, where one is asked for, is that of this proof."""
    from mars_solver import files  # noqa: PLC0415

    if path is None:
        return True
    kept = files.read_if_there(path)
    if kept is None:
        files.write_whole(path, text + "\n")
        return True
    if kept == text + "\n":
        return True
    stale = "it is stale: the catalogue, the weights or the proof has changed"
    print(f"error: {path}: {stale}; remove it to write a new one", file=sys.stderr)
    return False


@app.command()
def schema() -> None:
    """Print the JSON Schema of a profile."""
    from mars_solver.profile import profile_schema  # noqa: PLC0415
    from mars_solver.rendering import to_json  # noqa: PLC0415

    _print(to_json(profile_schema()))


def _show(renderable: RenderableType) -> None:
    """Print a renderable: in colour and as wide as a terminal, or plain and of fixed width."""
    if sys.stdout.isatty():
        from rich.console import Console  # noqa: PLC0415

        Console(markup=False, highlight=False).print(renderable)
    else:
        from mars_solver.rendering import to_text  # noqa: PLC0415

        _print(to_text(renderable))


def _print(text: str) -> None:
    print(text, flush=True)
