"""Report on two files of weights: which answers change, and how both do on labels.

    python benchmarks/compare.py LABELS... --before WEIGHTS --after WEIGHTS --out FILE.html
        [--seed N] [--force]

The report is one page of HTML with everything in it. LABELS are those of `tune_weights.py`. Bad
input exits with 2 and writes nothing.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

if not __package__:  # run as a file: put the folder above on the path, for `benchmarks` itself
    sys.path[0] = str(Path(__file__).resolve().parents[1])
if __name__ == "__main__":  # a signal may come while the rest is imported
    from mars_solver import stopping

    stopping.install()

import benchmarks.shared.threads  # noqa: F401  (before NumPy)
from benchmarks.tuning.command import checked_labels, guarded, seed_of, unwritable
from mars_solver import Solver, load_catalogue, load_weights
from mars_solver.errors import InputError, extra, gather
from mars_solver.inputs.files import write_whole


def main(argv: Sequence[str] | None = None) -> int:
    """Write the report and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="compare.py", description="Report which answers change between two files of weights."
    )
    parser.add_argument("labels", metavar="LABELS", nargs="+", help="files, or folders of files")
    parser.add_argument("--before", metavar="WEIGHTS", required=True, help="the weights before")
    parser.add_argument("--after", metavar="WEIGHTS", required=True, help="the weights after")
    parser.add_argument("--out", metavar="FILE.html", required=True, help="the page to write")
    parser.add_argument("--models", metavar="DIR", help="a catalogue of your own")
    parser.add_argument("--seed", metavar="N", default="0", help="draws splits and random profiles")
    parser.add_argument("--force", action="store_true", help="replace a page that is there")
    return guarded(run, parser.parse_args(argv))


def run(options: argparse.Namespace) -> int:
    """Write the report that the options ask for.

    Raises:
        InputError: if the input has faults; all are named.
    """
    with extra("tune"):
        from benchmarks.tuning.report import page  # noqa: PLC0415  (needs what the extra brings)
        from mars_solver.tuning import targets  # noqa: PLC0415
    labels, catalogue, before, after, seed, out = gather(
        lambda: checked_labels(options, options.before),
        lambda: load_catalogue(options.models),
        lambda: load_weights(options.before),
        lambda: load_weights(options.after),
        lambda: seed_of(options.seed),
        lambda: _output(options),
    )
    asked = targets.questions(labels, Solver(catalogue, before))
    write_whole(out, page(asked, catalogue, before, after, seed))
    return 0


def _output(options: argparse.Namespace) -> Path:
    """Return the path of the page.

    Raises:
        InputError: if it may not be written.
    """
    out = Path(options.out)
    weights = (options.before, options.after)
    problems = list(unwritable("--out", out, options.labels, weights, replace=options.force))
    if problems:
        raise InputError(problems)
    return out


if __name__ == "__main__":
    sys.exit(main())
