"""Report on two files of weights: what changes, and how both do on labels.

    python benchmarks/report.py LABELS... --before WEIGHTS --after WEIGHTS --out FILE.html
        [--seed N] [--force]

One page of HTML with everything in it. LABELS are those of `tune_weights.py`. Exits with 2 for bad
input and writes nothing then.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import _threads  # noqa: F401  (before NumPy)
from mars_solver import Solver, load_catalogue, load_weights
from mars_solver.errors import InputError, Problem, extra, gather
from mars_solver.files import write_whole
from tune_weights import BAD_INPUT, print_problems, seed_of


def main(argv: Sequence[str] | None = None) -> int:
    """Write the report and return the exit code."""
    parser = argparse.ArgumentParser(prog="report.py", description="Report on two weights.")
    parser.add_argument("labels", metavar="LABELS", nargs="+", help="files, or folders of files")
    parser.add_argument("--before", metavar="WEIGHTS", required=True, help="to compare with")
    parser.add_argument("--after", metavar="WEIGHTS", required=True, help="that it is about")
    parser.add_argument("--out", metavar="FILE.html", required=True, help="the page to write")
    parser.add_argument("--models", metavar="DIR", help="a catalogue of your own")
    parser.add_argument("--seed", metavar="N", default="0", help="of splits and random profiles")
    parser.add_argument("--force", action="store_true", help="replace a page that is there")
    options = parser.parse_args(argv)
    try:
        run(options)
    except InputError as error:
        print_problems(error)
        return BAD_INPUT
    return 0


def run(options: argparse.Namespace) -> None:
    """Write the report that the options ask for.

    Raises:
        InputError: with every fault of the input.
    """
    with extra("tune"):
        import _report  # noqa: PLC0415  (needs what the extra brings)
        from mars_solver import labelling, targets  # noqa: PLC0415
    labels, catalogue, before, after, seed, out = gather(
        lambda: labelling.load_labels(options.labels),
        lambda: load_catalogue(options.models),
        lambda: load_weights(options.before),
        lambda: load_weights(options.after),
        lambda: seed_of(options.seed),
        lambda: _place(options),
    )
    asked = targets.questions(labels, Solver(catalogue, before))
    write_whole(out, _report.page(asked, catalogue, before, after, seed))


def _place(options: argparse.Namespace) -> Path:
    out = Path(options.out)
    if out.exists() and not options.force:
        hint = "--force replaces it"
        found = f"the folder {out}" if out.is_dir() else str(out)
        raise InputError([Problem("--out", "", "a file that is not there yet", found, hint)])
    return out


if __name__ == "__main__":
    sys.exit(main())
