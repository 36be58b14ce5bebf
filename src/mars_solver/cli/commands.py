"""The commands, and the errors and exit codes that they end with."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NoReturn

import typer

from mars_solver import __version__
from mars_solver.cli import agents, asking, comparing, measure_options, options, terminal
from mars_solver.errors import InputError, Problem, extra, gather, rerooted

if TYPE_CHECKING:
    from mars_solver.explaining.recommendation import Recommendation

BAD_INPUT: Final = 2
INFEASIBLE: Final = 3
REJECTED: Final = 4
REFUTED: Final = 5
PRESETS: Final = "presets"
MOST_SHOWN: Final = 500
"""How many faults are printed; a file with more of them is no profile."""

app = typer.Typer(
    name="mars-solver",
    cls=asking.Commands,
    help="Pick a MARS text-to-speech model for what a voice product needs.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> NoReturn:
    """Run the command line and exit.

    0 answer, 1 output not writable, 2 bad input, 3 infeasible, 4 some rows of a batch rejected,
    5 proof failed, 6 a difference found. A signal ends the process with 128 and its number.
    """
    terminal.prepare()
    try:
        sys.exit(app(standalone_mode=False) or 0)
    except InputError as error:
        for problem in error.problems[:MOST_SHOWN]:
            terminal.tell(f"error: {problem}")
        if len(error.problems) > MOST_SHOWN:
            terminal.tell(f"error: and {len(error.problems) - MOST_SHOWN} more")
    except Exception as error:
        # What the parser of the command line refuses has no type that typer shows.
        if not hasattr(error, "format_message"):
            raise
        told = error.format_message()
        for system, plain in _PLAINLY:
            told = re.sub(system, plain, told)
        if told:  # of no arguments at all, the help says enough
            terminal.tell(f"error: {told[:1].lower()}{told[1:].rstrip('.')}")
    sys.exit(BAD_INPUT)


_PLAINLY: Final = (
    (r"Invalid value for '(--[\w-]+)'[^:]*: ", r"\1: "),
    (
        "(Input should be a valid|Unable to parse input string as an) integer.*",
        "expected a whole number",
    ),
    ("(Input should be a valid|Unable to parse input string as a) number.*", "expected a number"),
    ("Input should be greater than or equal to", "expected a number from"),
    ("Input should be less than or equal to", "expected a number up to"),
    ("Input should be ", "expected "),
    ("'.*' is not a valid int.*", "expected a whole number"),
    ("'.*' is not a valid float.*", "expected a number"),
    (r"[^: ]* is not in the range ([\d.]+)<=x<=([\d.]+)", r"expected a number from \1 to \2"),
)
"""What the parser of the command line says, by its version, and how people say it."""


@app.callback(invoke_without_command=True)
def _root(version: options.ShowVersion = False) -> None:
    if version:
        terminal.write(f"mars-solver {__version__}")
        raise typer.Exit


# Each command imports what it uses when it runs: `--help` loads none of it.


@asking.answering(
    app,
    "recommend --preset {preset}",
    "recommend {capability} {number} 300 {set} {members} --prefer {criterion}=8",
    "recommend profile.toml --measure {model}.{fact}=240 --json",
)
def recommend(
    asked: asking.AnswerOptions,
    way: options.CallWay = None,
    ask: options.AskMore = False,
    verbose: options.Verbose = False,
    as_json: options.AsJson = False,
) -> None:
    """Rank the models that meet a profile, with reasons.

    Exits with 0 for an answer, 2 for bad input, 3 where no model is left, or where the first one
    cannot be called the way that --for names.
    """
    from mars_solver.cli import reading  # noqa: PLC0415
    from mars_solver.cli.flags import spelled  # noqa: PLC0415
    from mars_solver.rendering import console  # noqa: PLC0415

    answer = reading.read_answer(asked, way, as_json=as_json)
    if ask:
        from mars_solver.cli.interview import settled  # noqa: PLC0415

        answer = settled(answer)
    if way is not None:
        way = spelled(way, answer.solver.catalogue.calls)
        for line in console.beside_call(answer, way):
            terminal.tell(line)
        if way not in answer.calls:
            raise typer.Exit(INFEASIBLE)
        terminal.write(answer.calls[way])
    elif as_json:
        terminal.write(console.to_json(answer.to_dict()))
    else:
        terminal.show(console.recommendation(answer, verbose=verbose))
    _leave(answer)


@asking.answering(
    app,
    "explain --preset {preset} --model {other}",
    "explain {capability} --html answer.html",
)
def explain(
    asked: asking.AnswerOptions,
    model: options.AskedModel = None,
    html: options.HtmlFile = None,
    force: options.Force = False,
    as_json: options.AsJson = False,
) -> None:
    """Explain a recommendation: what carries it, and everything that would change it.

    Exits as recommend does.
    """
    from mars_solver.cli import reading  # noqa: PLC0415
    from mars_solver.inputs.files import write_whole  # noqa: PLC0415
    from mars_solver.rendering import console  # noqa: PLC0415

    reading.check_paths(html=html)
    reading.check_free(force=force, html=html)
    answer = reading.read_answer(asked)
    with rerooted(lambda problem: replace(problem, place="--model", path="")):
        explained = answer.explain(model)
    if html is not None:
        from mars_solver.web.page import saved_page  # noqa: PLC0415

        write_whole(html, saved_page(explained))
        terminal.tell(f"Wrote {html}")
    if as_json:
        terminal.write(console.to_json(explained.to_dict()))
    else:
        terminal.show(console.explanation(explained))
    _leave(answer)


@asking.answering(
    app,
    "compare {model} {other} --preset {preset}",
    "compare {model} {other} {number} 1000 --json",
)
def compare(
    asked: asking.AnswerOptions,
    first: options.FirstModel,
    second: options.SecondModel,
    as_json: options.AsJson = False,
) -> None:
    """Compare two models for a profile: A B [PROFILE].

    Exits with 0, or with 2 for bad input.
    """
    from mars_solver.cli import reading  # noqa: PLC0415
    from mars_solver.rendering import console  # noqa: PLC0415

    answer = reading.read_answer(asked)
    with rerooted(lambda problem: replace(problem, path="")):
        compared = answer.compare(first, second)
    if as_json:
        terminal.write(console.to_json(compared.to_dict()))
    else:
        terminal.show(console.comparison(compared))


def _leave(answer: Recommendation) -> None:
    """Exit with a code of its own where no model is left."""
    if answer.decision.winner is None:
        raise typer.Exit(INFEASIBLE)


@app.command(
    cls=asking.Command,
    epilog=asking.shown(
        "batch profiles.csv -o answers.parquet",
        "batch profiles.csv -o answers.csv --rejects rejects.csv",
    ),
)
def batch(
    table: options.TableFile,
    output: options.OutputFile,
    rejects: options.RejectsFile = None,
    measurements: options.Measurements = None,
    measure: options.Measure = None,
    models: options.ModelsFolder = None,
    weights: options.WeightsFile = None,
    unknown: options.Unknown = "flag",
    top: options.RankedFlag = 3,
    extra_columns: options.Extras = None,
    delimiter: options.Delimiter = None,
    resume: options.Resume = False,
    force: options.Force = False,
    workers: options.Workers = None,
    batch_rows: options.BatchRows = None,
    as_json: options.AsJson = False,
) -> None:
    """Answer a table of profiles, one row for each.

    Exits with 0 where every row is answered, 2 for bad input, 4 where some rows are rejected.
    """
    from mars_solver.cli import reading  # noqa: PLC0415
    from mars_solver.inputs.files import STDIN, lines_of, load_weights  # noqa: PLC0415
    from mars_solver.inputs.profile_row import extra_columns_in  # noqa: PLC0415
    from mars_solver.rendering import console  # noqa: PLC0415
    from mars_solver.solving.solver import Solver  # noqa: PLC0415

    with extra("batch"):
        from mars_solver.batch import answers, run, sinks, tables  # noqa: PLC0415
    gather(
        lambda: reading.check_sources(
            IN=table, measurements=measurements, models=models, weights=weights
        ),
        lambda: reading.check_paths(output=output, rejects=rejects),
    )
    taken = tuple(answers.answer_schema(top).names)
    with tables.standing(table) as stands:
        catalogue, opened, paths, weighed, policy = reading.against(
            models,
            lambda known: reading.with_measurements(known, measurements, measure),
            lambda declared: (
                declared
                and tables.open_table(
                    stands, declared, extra_columns_in(extra_columns), taken, delimiter, table
                )
            ),
            lambda _: sinks.output_paths(table, output, rejects, force=force, resume=resume),
            lambda _: load_weights(weights),
            lambda _: reading.policy_of(unknown),
        )
        with sinks.outputs(paths, opened.format) as (answered, refused):
            planned = run.Run(
                opened,
                answered,
                refused,
                Solver(catalogue, weighed),
                policy,
                top,
                workers or run.workers_for(opened),
                batch_rows or tables.PART_ROWS,
            )
            with terminal.resumable(output), terminal.progress(opened.place) as progress:
                summary = run.execute(planned, resume=resume, progress=progress)
            counts = summary.to_dict()
            show = terminal.write
            if output == STDIN:
                show = terminal.tell
                terminal.send(lines_of(answered))
                if rejects is None and summary.rejected:
                    for line in sinks.rejected(refused):
                        terminal.tell(line)
    if as_json:
        show(console.to_json(counts))
    else:
        beside = "" if output == STDIN and rejects is None else str(refused)
        said = console.batch_summary(counts, catalogue, output, beside)
        terminal.show(said, to=show)
    if summary.rejected:
        raise typer.Exit(REJECTED)


@app.command(
    cls=asking.Command,
    epilog=asking.shown(
        "catalogue",
        "catalogue {attribute} {member}",
        "catalogue presets",
        "catalogue my-models --check",
    ),
)
def catalogue(
    folder: options.FolderArgument = None,
    member: options.MemberArgument = None,
    models: options.ModelsFolder = None,
    check: options.CheckOnly = False,
    as_json: options.AsJson = False,
) -> None:
    """Show the facts with their sources, or check a catalogue of your own.

    `catalogue SET` shows which model has what of a set of the catalogue, `catalogue SET MEMBER`
    the evidence for one member, and `catalogue presets` the ready profiles.
    """
    from mars_solver.cli import reading  # noqa: PLC0415
    from mars_solver.explaining.calls import check_calls  # noqa: PLC0415
    from mars_solver.inputs.files import load_catalogue, load_endpoints, there  # noqa: PLC0415
    from mars_solver.inputs.parsing import did_you_mean  # noqa: PLC0415
    from mars_solver.proving import pins  # noqa: PLC0415
    from mars_solver.rendering import console  # noqa: PLC0415
    from mars_solver.rendering.catalogue import catalogue_to_dict, usable  # noqa: PLC0415
    from mars_solver.rendering.members import members_of  # noqa: PLC0415

    reading.check_paths(DIR=folder, models=models)
    sets = reading.sets(models)
    part = folder if folder in {PRESETS, *sets} else None
    if member and part in {PRESETS, None}:
        hint = did_you_mean(folder or "", sets) or f"the sets are {', '.join(sets)}"
        if member in {PRESETS, *sets}:
            hint = f"a folder comes after it: catalogue {member} --models {folder}"
        raise InputError([Problem("catalogue", "", "a set before its member", member, hint)])
    folder = None if part else folder
    if folder and not there(folder) and (near := did_you_mean(folder, [PRESETS, *sets])):
        raise InputError([Problem("catalogue", "", "", f"{folder}: no such folder", near)])
    if folder and models:
        raise InputError([Problem("--models", "", "one folder", f"{folder} too", "drop one")])
    facts = load_catalogue(folder or models)
    if part and part != PRESETS:
        held = members_of(facts, part, member)
        if as_json:
            terminal.write(console.to_json(held.to_dict()))
        else:
            terminal.show(console.members(held))
    elif part == PRESETS:
        terminal.show(console.presets(facts))
    elif as_json:
        terminal.write(console.to_json(catalogue_to_dict(facts)))
    elif check:
        gather(
            lambda: check_calls(facts),
            lambda: pins.load_scenarios(facts.declared, folder or models),
            lambda: pins.load_pins(facts.declared, folder or models),
            lambda: load_endpoints(folder or models),
        )
        terminal.write(usable(facts))
        comparing.warn_of_the_dead(facts)
    else:
        terminal.show(console.catalogue(facts), console.WIDE)


@app.command(cls=asking.Command, epilog=asking.shown("init my-models"))
def init(folder: options.NewFolder, force: options.Force = False) -> None:
    """Write a small catalogue of your own to start from, with comments that say what it holds."""
    from mars_solver.cli import reading  # noqa: PLC0415
    from mars_solver.inputs.catalogue.starting import init_folder  # noqa: PLC0415

    reading.check_paths(DIR=folder)
    for path in init_folder(folder, force=force):
        terminal.tell(f"Wrote {path}")
    terminal.tell(f"Try it: mars-solver catalogue {folder} --check")


@app.command(
    cls=asking.Command,
    epilog=asking.shown("verify", "verify --models my-models --certificate proof.json"),
)
def verify(
    models: options.ModelsFolder = None,
    weights: options.WeightsFile = None,
    certificate: options.CertificateFile = None,
    counterexample: options.CounterexampleFile = None,
    pin: options.PinFile = None,
    force: options.Force = False,
    as_json: options.AsJson = False,
) -> None:
    """Prove that a catalogue and weights agree with the guide.

    A part for which the catalogue has no file is left out, and the proof says so. Exits with 0
    where the whole proof holds, 2 for bad input, 5 where it fails.
    """
    from mars_solver.cli import reading  # noqa: PLC0415
    from mars_solver.inputs import files  # noqa: PLC0415
    from mars_solver.proving import pins, proof  # noqa: PLC0415
    from mars_solver.rendering import console  # noqa: PLC0415
    from mars_solver.rendering.proof import pins_toml, profile_toml, proof_report  # noqa: PLC0415

    reading.check_paths(
        models=models,
        weights=weights,
        certificate=certificate,
        counterexample=counterexample,
        pin=pin,
    )
    reading.check_free(force=force, counterexample=counterexample, pin=pin)
    solver = reading.read_solver(models, weights)
    if pin is not None:
        files.write_whole(pin, pins_toml(pins.Pins.of(solver)))
        terminal.tell(f"Wrote {pin}")
        return
    lines, kept = gather(
        lambda: pins.load_scenarios(solver.declared, models),
        lambda: pins.load_pins(solver.declared, models),
    )
    proved = proof.verify(solver, lines, kept)
    text = console.to_json(proved.to_dict())
    # Files come first, so that they are whole where nobody reads the output to its end.
    if counterexample is not None and proved.counterexample is not None:
        files.write_whole(counterexample, "\n".join(profile_toml(proved.counterexample)) + "\n")
        terminal.tell(f"Wrote {counterexample}")
    certified = proved.holds and _certified(certificate, text, force=force)
    if as_json:
        terminal.write(text)
    else:
        terminal.show(proof_report(proved))
    if not certified:
        raise typer.Exit(REFUTED)


def _certified(path: str | None, text: str, *, force: bool) -> bool:
    """Return whether a certificate, where one is asked for, is that of this proof."""
    from mars_solver.inputs import files  # noqa: PLC0415

    if path is None:
        return True
    kept = files.read_if_there(path)
    if kept == text + "\n":
        return True
    if kept is None or force:
        files.write_whole(path, text + "\n")
        terminal.tell(f"Wrote {path}")
        return True
    stale = "it is stale: the catalogue, the weights or the proof has changed"
    terminal.tell(f"error: {path}: {stale}; write a new one with --force")
    return False


comparing.register(app)


@app.command(
    cls=asking.Command,
    epilog=asking.shown("serve", "serve --port 0 --measurements measured.toml"),
)
def serve(
    host: options.Host = "127.0.0.1",
    port: options.Port = 8000,
    allow_host: options.AllowHost = None,
    processes: options.Processes = 2,
    measurements: options.Measurements = None,
    measure: options.Measure = None,
    models: options.ModelsFolder = None,
    weights: options.WeightsFile = None,
) -> None:
    """Serve the page and the JSON API until it is told to end.

    What is under way is answered first.
    """
    from mars_solver.cli import reading  # noqa: PLC0415
    from mars_solver.inputs import files  # noqa: PLC0415
    from mars_solver.solving.solver import Solver  # noqa: PLC0415

    with extra("web"):
        from mars_solver.web import listening, server  # noqa: PLC0415
        from mars_solver.web.app import create_app  # noqa: PLC0415
    reading.check_sources(measurements=measurements, models=models, weights=weights)
    catalogue, weighed, opened = gather(
        lambda: reading.read_catalogue(models, measurements, measure),
        lambda: files.load_weights(weights),
        lambda: listening.listen(host, port, processes),
    )
    served = create_app(Solver(catalogue, weighed), [host, *(allow_host or ())])
    if listening.is_open(opened[0]):
        terminal.tell("Warning: there is no authentication, and other machines can reach this.")
    terminal.tell(f"Serving on {listening.address(opened[0])}")
    server.run(served, opened)


app.command(cls=asking.Command, epilog=asking.shown("mcp", "mcp --measurements measured.toml"))(
    agents.mcp
)


@app.command(cls=asking.Command, epilog=asking.shown("schema", "schema answer", "schema model"))
def schema(
    document: options.SchemaArgument = "profile", models: options.ModelsFolder = None
) -> None:
    """Print the JSON Schema of a profile, an answer, a comparison, or a kind of file."""
    from mars_solver.cli import reading  # noqa: PLC0415
    from mars_solver.explaining.comparison import comparison_schema  # noqa: PLC0415
    from mars_solver.explaining.explanation import answer_schema  # noqa: PLC0415
    from mars_solver.inputs.file_schemas import FILES  # noqa: PLC0415
    from mars_solver.inputs.files import load_catalogue  # noqa: PLC0415
    from mars_solver.inputs.parsing import not_one_of  # noqa: PLC0415
    from mars_solver.inputs.profile import profile_schema  # noqa: PLC0415
    from mars_solver.rendering.console import to_json  # noqa: PLC0415
    from mars_solver.tuning.labels import labels_schema  # noqa: PLC0415

    reading.check_paths(models=models)
    answers = {"answer": answer_schema, "comparison": comparison_schema}
    schemas = {"profile": profile_schema, **answers, **FILES, "labels": labels_schema}
    if document not in schemas:
        raise InputError([Problem("schema", "", *not_one_of(document, schemas, kind="schema"))])
    terminal.write(to_json(schemas[document](load_catalogue(models).declared)))


measure_options.register(app)
