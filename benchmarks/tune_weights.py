"""Tune the weights on labelled profiles, and write them with a report.

    python benchmarks/tune_weights.py LABELS... --out FILE [--start WEIGHTS] [--seed N] [--force]
        [--json]

LABELS are files, or folders of files: scenarios (TOML or JSON, one in a file or many under
`[[labels]]`), JSON Lines, or tables (CSV, Parquet). A label is a profile with the models that may
come first: `id`, `profile`, `expected`, and optionally `over` (pairs of which the first ranks
before the second), `group`, `weight`, `measurements`. A scenario with the `line` of the guide that
it is says in `expected` which models come first in this order, as `mars-solver verify` reads it.
In a table the profile's fields are side by side, `expected` holds ids with `;` between them, and
`over` such pairs as `mars-pro>mars-flash`.

Labels that can all win do. Beside them, the guide and the pinned answers that `mars-solver
verify` asks for are kept where the labels leave room; what is given up is named on stderr. Labels
that contradict each other are named in minimal sets, and those that have to lose are left out: that
exits with 0 too. The order of labels changes nothing, and weights that leave room stay as they are.
Bad input exits with 2 and writes nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if not __package__:  # run as a file: put the folder above on the path, for `benchmarks` itself
    sys.path[0] = str(Path(__file__).resolve().parents[1])
if __name__ == "__main__":  # a signal may come while the rest is imported
    from mars_solver import stopping

    stopping.install()

import benchmarks.shared.threads  # noqa: F401  (before NumPy)
from benchmarks.tuning.command import checked_labels, guarded, seed_of, unwritable
from mars_solver import Catalogue, Solver, load_catalogue, load_weights
from mars_solver.errors import InputError, Problem, extra, gather, shown
from mars_solver.inputs.catalogue.attributes import Declarations
from mars_solver.inputs.files import target, write_whole
from mars_solver.inputs.parsing import is_line, not_one_of
from mars_solver.inputs.weights import Provenance, Weights, vectors, weights_toml, with_vectors
from mars_solver.proving.pins import load_pins, load_scenarios
from mars_solver.proving.proof import PARTS, Proof, verify
from mars_solver.tuning.labels import Label, label_digest

if TYPE_CHECKING:
    from mars_solver.tuning.tune import Tuned

VERSIONS: Final = ("mars-solver", "numpy", "scipy")
HEAD: Final = "Tuned by benchmarks/tune_weights.py; tune again rather than edit by hand."
SHOWN: Final = 20
"""At most this many things of a kind are listed on a terminal; the report lists all."""
_TIED: Final = "wins by a tie alone (equal scores; then those at neutral importances, then the ids)"


def main(argv: Sequence[str] | None = None) -> int:
    """Tune, write and print the result; return the exit code."""
    return guarded(run, _options(argv))


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="tune_weights.py", description="Tune the weights on labelled profiles."
    )
    parser.add_argument("labels", metavar="LABELS", nargs="+", help="files, or folders of files")
    parser.add_argument("--out", metavar="FILE", required=True, help="the weights to write")
    parser.add_argument(
        "--start", metavar="WEIGHTS", help="what to change; the shipped weights unless stated"
    )
    parser.add_argument("--models", metavar="DIR", help="a catalogue of your own")
    parser.add_argument(
        "--seed",
        metavar="N",
        default="0",
        help="splits the labels for cross-validation in the report",
    )
    parser.add_argument(
        "--report", metavar="FILE", help="the report; beside the weights unless stated"
    )
    parser.add_argument("--name", help="names the weights; as their file unless stated")
    parser.add_argument("--note", help="one line on what the weights are for")
    parser.add_argument(
        "--push", metavar="CRITERION", action="append", help="lean to this criterion"
    )
    parser.add_argument(
        "--margin", metavar="POINTS", default="0.01", help="the least lead that --push leaves"
    )
    parser.add_argument("--force", action="store_true", help="replace files that are there")
    parser.add_argument(
        "--labels-alone", action="store_true", help="do not keep what verify proves"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    return parser.parse_args(argv)


def run(options: argparse.Namespace) -> int:
    """Do what the options ask.

    Raises:
        InputError: if the input has faults, all of which are named; nothing is written then.
    """
    with extra("tune"):
        from benchmarks.tuning.report import page  # noqa: PLC0415  (needs what the extra brings)
        from mars_solver.tuning import targets  # noqa: PLC0415
        from mars_solver.tuning import tune as tuning  # noqa: PLC0415
    (out, report), labels, catalogue, start, seed, margin, pushed = gather(
        lambda: _outputs(options),
        lambda: checked_labels(options, options.start),
        lambda: load_catalogue(options.models),
        lambda: load_weights(options.start),
        lambda: seed_of(options.seed),
        lambda: _margin(options),
        lambda: _pushed(options),
    )
    declared = catalogue.declared
    scenarios, pins = gather(
        lambda: load_scenarios(declared, options.models),
        lambda: load_pins(declared, options.models),
    )
    solver, push = Solver(catalogue, start), tuning.Push(pushed, margin) if pushed else None
    kept = tuning.Invariants()
    if not options.labels_alone:
        kept = tuning.Invariants(targets.of_guide(solver, scenarios), targets.of_pins(solver, pins))
    tuned = tuning.tune(labels, solver, kept, push)
    labels = [question.label for question in tuned.questions]
    weights = _named(tuned, labels, catalogue, options, seed)
    proof = verify(Solver(catalogue, weights), scenarios, pins)
    write_whole(report, page(tuned.questions, catalogue, start, weights, seed, tuned))
    write_whole(out, weights_toml(weights, declared, [HEAD]))
    _warn(tuned, labels, proof, options)
    if options.json:
        print(json.dumps(_summary(tuned), indent=2))
    else:
        print("\n".join(_told(tuned, weights, declared, proof, out, report)))
    return 0


def _outputs(options: argparse.Namespace) -> tuple[Path, Path]:
    """Return the paths of the weights and the report.

    Raises:
        InputError: if a file exists and may not be replaced, or cannot be written.
    """
    empty = [
        Problem(flag, "", "a file", '""')
        for flag, name in (("--out", options.out), ("--report", options.report))
        if name is not None and not Path(name).name
    ]
    if empty:
        raise InputError(empty)
    out = Path(options.out)
    report = Path(options.report) if options.report else out.with_suffix(".report.html")
    problems = [
        *unwritable("--out", out, options.labels, replace=options.force),
        *unwritable("--report", report, options.labels, replace=options.force),
    ]
    if out.suffix.lower() == ".json":
        problems.append(Problem("--out", "", "a name that ends in .toml", str(out)))
    if target(out) == target(report):
        problems.append(Problem("--report", "", "another file than --out", str(report)))
    if problems:
        raise InputError(problems)
    return out, report


def _margin(options: argparse.Namespace) -> float:
    """Return the margin that leaning weights leave.

    Raises:
        InputError: if it is none, or the name or note is no line of text; all are named.
    """
    problems = [
        Problem(flag, "", "one line of printable text", shown(word))
        for flag, word in (("--name", options.name), ("--note", options.note))
        if word is not None and not is_line(word)
    ]
    try:
        margin = float(options.margin)
    except ValueError:
        margin = -1.0
    if not 0 < margin < 1:
        problems.append(Problem("--margin", "", "a share between 0 and 1", shown(options.margin)))
    if problems:
        raise InputError(problems)
    return margin


def _pushed(options: argparse.Namespace) -> tuple[str, ...]:
    """Return the criteria that the weights should lean to; none if these cannot be read.

    Raises:
        InputError: with each that is no criterion which the weights score.
    """
    names = tuple(dict.fromkeys(options.push or ()))
    try:
        declared, start = load_catalogue(options.models).declared, load_weights(options.start)
    except InputError:  # the caller loads both again, and names what is wrong
        return ()
    scored = [criterion.name for criterion in declared.criteria if start.knows(criterion)]
    problems = [
        Problem("--push", "", *not_one_of(name, scored)) for name in names if name not in scored
    ]
    if problems:
        raise InputError(problems)
    return names


def _named(
    tuned: Tuned,
    labels: Sequence[Label],
    catalogue: Catalogue,
    options: argparse.Namespace,
    seed: int,
) -> Weights:
    """Return the weights with their name, note and provenance."""
    name = options.name or Path(options.out).stem
    note = options.note
    if note is None and name == tuned.start.name:
        note = tuned.start.note
    provenance = Provenance(
        labels=len(labels),
        labels_sha256=label_digest(labels),
        violated=tuned.violated,
        given_up=tuned.given_up,
        margin=None if tuned.margin is None else str(tuned.margin),
        start=tuned.start.name,
        start_sha256=tuned.start.sha256,
        catalogue_sha256=catalogue.sha256,
        seed=seed,
        versions=tuple(f"{package} {version(package)}" for package in VERSIONS),
    )
    declared = catalogue.declared
    rows = vectors(tuned.weights, declared)
    return with_vectors(tuned.weights, declared, rows, name=name, note=note, provenance=provenance)


def _warn(tuned: Tuned, labels: Sequence[Label], proof: Proof, options: argparse.Namespace) -> None:
    """Print on stderr what the weights do not meet."""
    places = {label.id: label.at("expected") for label in labels}
    for each in tuned.contradictions:
        named = ", ".join(f"{name} ({places[name]})" for name in each)
        what = "no weights let it win" if len(each) == 1 else "these contradict each other"
        print(f"warning: {what}: {named}", file=sys.stderr)
    if not tuned.complete:
        print("warning: other labels may contradict each other too", file=sys.stderr)
    if tuned.violated:
        text = f"{len(tuned.violated)} of {len(labels)} labels do not win"
        beside = "; --push leans as far as these let it" if options.push else ""
        why = f"weights are tuned for the others{beside}"
        why = "the margin is too narrow for whole numbers" if tuned.separable else why
        print(f"warning: {text}; {why}", file=sys.stderr)
    _warn_of("does not win", [f"{name} ({places[name]})" for name in tuned.violated])
    _warn_of(_TIED, [f"{name} ({places[name]})" for name in tuned.tied])
    _warn_of("lost to the labels", tuned.given_up)
    if not proof.holds:
        command = f"mars-solver verify --weights {options.out}"
        print(f"warning: these weights are not proved: {command} says why", file=sys.stderr)


def _warn_of(what: str, names: Sequence[str]) -> None:
    """Print on stderr what is so of the first names, and how many more there are."""
    for name in names[:SHOWN]:
        print(f"warning: {what}: {name}", file=sys.stderr)
    if len(names) > SHOWN:
        print(f"warning: and {len(names) - SHOWN} more", file=sys.stderr)


def _summary(tuned: Tuned) -> dict[str, Any]:
    """Return the result as JSON values."""
    return {
        "separable": tuned.separable,
        "margin": None if tuned.margin is None else float(tuned.margin),
        "labels": len(tuned.questions),
        "violated": list(tuned.violated),
        "ties": list(tuned.tied),
        "contradictions": [list(each) for each in tuned.contradictions],
        "complete": tuned.complete,
        "given_up": list(tuned.given_up),
    }


def _told(
    tuned: Tuned, weights: Weights, declared: Declarations, proof: Proof, out: Path, report: Path
) -> list[str]:
    """Return the result as lines of text."""
    from benchmarks.tuning.experiments import changes, turned  # noqa: PLC0415

    right = len(tuned.questions) - len(tuned.violated)
    lines = [
        f"Weights in {out}, the report in {report}",
        f"  {right} of {len(tuned.questions)} labels win",
    ]
    if tuned.margin is not None and tuned.separable:
        lines.append(f"  smallest lead of any label: {float(tuned.margin):.4f} points")
    if proof.missing != PARTS:
        lines.append(f"  the guide is kept: {'proved' if proof.holds else 'NOT proved'}")
    lines += ["", "What changed"]
    moved = changes(tuned.start, weights, declared)
    lines += [f"  {name}: {old} -> {new}" for name, old, new in moved] or ["  no number"]
    others = turned(tuned.questions, tuned.start, weights, declared)
    if others:
        lines += ["", "Labels with another answer than before"]
        lines += [f"  {name}: {old} -> {new}" for name, old, new in others[:SHOWN]]
        if len(others) > SHOWN:
            lines.append(f"  and {len(others) - SHOWN} more")
    return lines


if __name__ == "__main__":
    sys.exit(main())
