"""The commands that prove what a change changes, and what a guide could say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from mars_solver.cli import asking, options, terminal
from mars_solver.errors import InputError, Problem, gather

if TYPE_CHECKING:
    from mars_solver.inputs.catalogue.catalogue import Catalogue
    from mars_solver.proving.difference import Expectations
    from mars_solver.solving.solver import Solver

CHANGED: Final = 6

Old = Annotated[
    str, typer.Argument(metavar="OLD", help="A catalogue's folder, or a file of weights.")
]
New = Annotated[str, typer.Argument(metavar="NEW", help="The same after the change.")]
WeightsPair = Annotated[
    tuple[str, str] | None,
    typer.Option("--weights", metavar="OLD NEW", help="Weights beside two catalogues."),
]
AsMarkdown = Annotated[
    bool, typer.Option("--markdown", help="Print Markdown instead of text, for a review.")
]
AsMermaid = Annotated[bool, typer.Option("--mermaid", help="Print a Mermaid flowchart.")]
Limits = Annotated[bool, typer.Option(help="Ask also how strict the limits are that state a need.")]


def register(app: typer.Typer) -> None:
    """Add the commands to those of the command line."""
    for command, *examples in (
        (diff, "diff models changed", "diff weights/default.toml weights/latency-first.toml"),
        (guide, "guide --no-limits", "guide --mermaid"),
    ):
        app.command(cls=asking.Command, epilog=asking.shown(*examples))(command)


def diff(
    old: Old,
    new: New,
    weights: WeightsPair = None,
    models: options.ModelsFolder = None,
    unknown: options.Unknown = "flag",
    as_json: options.AsJson = False,
    as_markdown: AsMarkdown = False,
) -> None:
    """Show exactly which answers change from one catalogue, or file of weights, to another.

    Exits with 0 where nothing changes, 2 for bad input, 6 where something does.
    """
    from mars_solver.cli import reading  # noqa: PLC0415
    from mars_solver.proving.difference import difference  # noqa: PLC0415
    from mars_solver.rendering import console  # noqa: PLC0415
    from mars_solver.rendering.difference import (  # noqa: PLC0415
        difference_markdown,
        difference_report,
    )

    _one_form("--markdown", as_json and as_markdown)
    folders, weighed = _sides(old, new, weights, models)
    *sides, policy = gather(
        *(lambda f=f, w=w: _side(f, w) for f, w in zip(folders, weighed, strict=True)),
        lambda: reading.policy_of(unknown),
    )
    (one, expected), (other, more) = sides
    found = difference(one, other, policy, (expected, more))
    if as_json:
        terminal.write(console.to_json(found.to_dict()))
    elif as_markdown:
        terminal.write(difference_markdown(found))
    else:
        terminal.show(difference_report(found))
    if found.changes:
        raise typer.Exit(CHANGED)


def guide(
    models: options.ModelsFolder = None,
    weights: options.WeightsFile = None,
    limits: Limits = True,
    as_mermaid: AsMermaid = False,
    as_json: options.AsJson = False,
) -> None:
    """Derive a flowchart from the facts, and show where the vendor's parts from them."""
    from mars_solver.cli import reading  # noqa: PLC0415
    from mars_solver.inputs import files  # noqa: PLC0415
    from mars_solver.proving.tree import derive  # noqa: PLC0415
    from mars_solver.rendering import console  # noqa: PLC0415
    from mars_solver.rendering.guide import guide_mermaid, guide_report  # noqa: PLC0415

    reading.check_paths(models=models, weights=weights)
    _one_form("--mermaid", as_json and as_mermaid)
    solver = reading.read_solver(models, weights)
    if solver.catalogue.flowchart is None:
        hint = "write one: its needs are what the questions are about"
        raise InputError([Problem(models or "models", "", files.CHART, "none", hint)])
    derived = derive(solver, limits=limits)
    if as_json:
        terminal.write(console.to_json(derived.to_dict()))
    elif as_mermaid:
        terminal.write(guide_mermaid(derived))
    else:
        terminal.show(guide_report(derived))


def warn_of_the_dead(facts: Catalogue) -> None:
    """Name what of a catalogue changes no answer under the shipped weights."""
    from mars_solver.inputs.files import load_weights  # noqa: PLC0415
    from mars_solver.proving.dead import dead  # noqa: PLC0415
    from mars_solver.rendering.catalogue import dead_lines  # noqa: PLC0415
    from mars_solver.solving.solver import Solver  # noqa: PLC0415

    solver = Solver(facts, load_weights())
    for line in dead_lines(dead(solver), solver):
        terminal.tell(f"warning: {line}")


def _one_form(flag: str, both: bool) -> None:
    """Refuse two forms of output at once.

    Raises:
        InputError: where both are asked for.
    """
    if both:
        raise InputError([Problem(flag, "", "one form of output", "--json too", "drop one")])


Pair = tuple[str | None, str | None]


def _sides(
    old: str, new: str, weights: tuple[str, str] | None, models: str | None
) -> tuple[Pair, Pair]:
    """Return the folder of each side's catalogue, and the file of its weights.

    Raises:
        InputError: where the arguments do not go together.
    """
    from pathlib import Path  # noqa: PLC0415

    from mars_solver.inputs.files import there  # noqa: PLC0415

    def refuse(place: str, expected: str, found: str, hint: str) -> InputError:
        return InputError([Problem(place, "", expected, found, hint)])

    missing = [path for path in (old, new) if not there(path)]
    if missing:
        expected = "a catalogue's folder, or a file of weights"
        raise InputError(
            [Problem(path, "", expected, "no such file or folder") for path in missing]
        )
    files = [path for path in (old, new) if Path(path).is_file()]
    if not files:
        if models:
            raise refuse("--models", "none beside two catalogues", models, "drop it")
        return (old, new), weights or (None, None)
    if len(files) == 1:
        hint = "name two folders of catalogues, or two files of weights"
        raise refuse(files[0], "two of a kind", "a file beside a folder", hint)
    if weights:
        hint = "name the catalogues instead, or drop --weights"
        raise refuse("--weights", "none beside two files of weights", " ".join(weights), hint)
    return (models, models), (old, new)


def _side(folder: str | None, weights: str | None) -> tuple[Solver, Expectations]:
    """Return a catalogue with weights, and what its folder says of some profiles."""
    from mars_solver.cli import reading  # noqa: PLC0415
    from mars_solver.proving import pins  # noqa: PLC0415
    from mars_solver.proving.difference import Expectations  # noqa: PLC0415

    solver = reading.read_solver(folder, weights)
    lines, kept = gather(
        lambda: pins.load_scenarios(solver.declared, folder),
        lambda: pins.load_pins(solver.declared, folder),
    )
    return solver, Expectations(lines or (), kept.pins if kept else ())
