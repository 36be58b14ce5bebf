"""The command line: the only module that prints."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from mars_solver import __version__
from mars_solver.errors import InputError, Problem, extra, gather, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import RenderableType

    from mars_solver.explaining.explanation import Explanation
    from mars_solver.explaining.recommendation import Recommendation
    from mars_solver.inputs.catalogue import Catalogue
    from mars_solver.inputs.profile import Profile
    from mars_solver.vocabulary import Policy

BAD_INPUT = 2
INFEASIBLE = 3
REJECTED = 4
REFUTED = 5
MOST_RANKED = 100
"""How many models a batch ranks at most: three columns each."""
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
    """Run the command line and exit.

    0 answer, 2 bad input, 3 infeasible, 4 some rows of a batch rejected, 5 proof failed.
    """
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
    from mars_solver.rendering import console as rendering  # noqa: PLC0415

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
    html: Annotated[
        str | None,
        typer.Option("--html", metavar="FILE", help="Also: save the answer as one page."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Explain a recommendation: what carries it, and everything that would change it.

    Exits as recommend does.
    """
    from mars_solver.inputs import files  # noqa: PLC0415
    from mars_solver.rendering import console as rendering  # noqa: PLC0415

    _check_paths(PROFILE=profile, measurements=measurements, models=models, weights=weights)
    _check_paths(html=html)
    save = _page_saver() if html is not None else None
    stated = _stated(profile, require, prefer, workflow, primary, accept_beta)
    answer = _answer(stated, measurements, models, weights, unknown, top)
    try:
        explained = answer.explain(model)
    except InputError as error:
        raise InputError(replace(p, place="--model", path="") for p in error.problems) from None
    if html is not None and save is not None:
        files.write_whole(html, save(answer, explained))
    if as_json:
        _print(rendering.to_json(explained.to_dict()))
    else:
        _show(rendering.explanation(answer, explained))
    _leave(answer)


def _page_saver() -> Callable[[Recommendation, Explanation], str]:
    with extra("web"):
        from mars_solver.web.page import saved_page  # noqa: PLC0415
    return saved_page


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
        from mars_solver.cli import flags  # noqa: PLC0415
        from mars_solver.inputs import files  # noqa: PLC0415

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
    from mars_solver import api  # noqa: PLC0415
    from mars_solver.inputs import files  # noqa: PLC0415

    profile, catalogue, weighed, policy = gather(
        stated,
        lambda: _facts(models, measurements),
        lambda: files.load_weights(weights),
        lambda: _policy(unknown),
    )
    return api.recommend(profile, catalogue=catalogue, weights=weighed, unknown=policy, top=top)


def _facts(models: str | None, measurements: str | None) -> Catalogue:
    """Return the catalogue with the measurements, if any, as its chosen claims."""
    from mars_solver.inputs import files  # noqa: PLC0415

    catalogue = files.load_catalogue(models)
    if measurements is None:
        return catalogue
    return files.load_measurements(measurements, catalogue)


def _policy(word: str) -> Policy:
    from mars_solver.inputs.parsing import did_you_mean, one_of  # noqa: PLC0415
    from mars_solver.vocabulary import POLICIES  # noqa: PLC0415

    if word not in POLICIES:
        hint = did_you_mean(word, POLICIES)
        raise InputError([Problem("--unknown", "", one_of(POLICIES), shown(word), hint)])
    return word


def _leave(answer: Recommendation) -> None:
    if not answer.decision.ranking:
        raise typer.Exit(INFEASIBLE)


@app.command()
def batch(
    table: Annotated[
        str, typer.Argument(metavar="IN", help="Profiles: a .parquet, .csv or .jsonl file.")
    ],
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="OUT", help="The answers, as Parquet.")
    ],
    rejects: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="The rows that are no profiles, if there are any."),
    ] = None,
    measurements: Measurements = None,
    models: Models = None,
    weights: WeightsOption = None,
    unknown: Unknown = "flag",
    top: Annotated[
        int, typer.Option(metavar="N", min=1, max=MOST_RANKED, help="How many models to rank.")
    ] = 3,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue a run that was cut short.")
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, max=64, help="Parts at once; all processors by default."),
    ] = None,
    batch_rows: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Rows at once; no answer depends on it."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Answer a table of profiles, one row for each.

    Exits with 0 where every row is answered, 2 for bad input, 4 where some rows are rejected.
    """
    from mars_solver.inputs import files  # noqa: PLC0415
    from mars_solver.rendering import console as rendering  # noqa: PLC0415
    from mars_solver.solving.solver import Solver  # noqa: PLC0415

    with extra("batch"):
        from mars_solver.batch import checkpoints as outputs  # noqa: PLC0415
        from mars_solver.batch import run as runs  # noqa: PLC0415
        from mars_solver.batch import tables  # noqa: PLC0415
    _check_paths(measurements=measurements, models=models, weights=weights, rejects=rejects)
    opened, paths, catalogue, weighed, policy = gather(
        lambda: tables.open_table(table),
        lambda: outputs.output_paths(table, output, rejects),
        lambda: _facts(models, measurements),
        lambda: files.load_weights(weights),
        lambda: _policy(unknown),
    )
    answers, refused = paths
    run = runs.Run(
        opened,
        answers,
        refused,
        Solver(catalogue, weighed),
        policy,
        top,
        workers or runs.processors(),
        batch_rows or tables.PART_ROWS,
    )
    with _progress(table) as progress:
        summary = runs.execute(run, resume=resume, progress=progress)
    if as_json:
        _print(rendering.to_json(summary.to_dict()))
    else:
        _show(rendering.batch_summary(summary.to_dict(), str(answers), str(refused)))
    if summary.rejected:
        raise typer.Exit(REJECTED)


@contextmanager
def _progress(title: str) -> Iterator[Callable[[int, int], None]]:
    """Yield what shows how far work has come: a bar on a terminal, else a line at each tenth."""
    if sys.stderr.isatty():
        from rich.console import Console  # noqa: PLC0415
        from rich.progress import Progress  # noqa: PLC0415

        with Progress(console=Console(stderr=True)) as bar:
            task = bar.add_task(title, total=None)
            yield lambda done, of: bar.update(task, completed=done, total=of)
        return
    shown_until = 0

    def say(done: int, of: int) -> None:
        nonlocal shown_until
        tenths = 10 * done // of if of else 10
        if tenths > shown_until:
            shown_until = tenths
            print(f"{title}: {10 * tenths} %", file=sys.stderr, flush=True)

    yield say


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
    from mars_solver.inputs import files  # noqa: PLC0415
    from mars_solver.rendering import console as rendering  # noqa: PLC0415

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
    from mars_solver.inputs import files  # noqa: PLC0415
    from mars_solver.proving import pins  # noqa: PLC0415
    from mars_solver.proving import proof as verification  # noqa: PLC0415
    from mars_solver.rendering import console as rendering  # noqa: PLC0415
    from mars_solver.rendering import proof as proving  # noqa: PLC0415
    from mars_solver.solving.solver import Solver  # noqa: PLC0415

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
    from mars_solver.inputs import files  # noqa: PLC0415

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
def serve(
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Where to listen; this machine alone by default.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, help="0 takes any free one.")
    ] = 8000,
    models: Models = None,
    weights: WeightsOption = None,
) -> None:
    """Serve the page and the JSON API until it is interrupted."""
    from mars_solver.inputs import files  # noqa: PLC0415
    from mars_solver.solving.solver import Solver  # noqa: PLC0415

    with extra("web"):
        from mars_solver.web import server as serving  # noqa: PLC0415
    _check_paths(models=models, weights=weights)
    catalogue, weighed, opened = gather(
        lambda: files.load_catalogue(models),
        lambda: files.load_weights(weights),
        lambda: serving.listen(host, port),
    )
    print(f"Serving on {serving.address(opened)}", file=sys.stderr, flush=True)
    serving.serve(Solver(catalogue, weighed), opened)


@app.command()
def schema() -> None:
    """Print the JSON Schema of a profile."""
    from mars_solver.inputs.profile import profile_schema  # noqa: PLC0415
    from mars_solver.rendering.console import to_json  # noqa: PLC0415

    _print(to_json(profile_schema()))


def _show(renderable: RenderableType) -> None:
    """Print a renderable: in colour and as wide as a terminal, or plain and of fixed width."""
    if sys.stdout.isatty():
        from rich.console import Console  # noqa: PLC0415

        Console(markup=False, highlight=False).print(renderable)
    else:
        from mars_solver.rendering.console import to_text  # noqa: PLC0415

        _print(to_text(renderable))


def _print(text: str) -> None:
    print(text, flush=True)
