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
from mars_solver.errors import InputError, extra, gather
from mars_solver.inputs.files import write_whole
from tune_weights import checked_labels, guarded, seed_of, unwritable


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
    return guarded(run, parser.parse_args(argv))


def run(options: argparse.Namespace) -> int:
    """Write the report that the options ask for.

    Raises:
        InputError: with every fault of the input.
    """
    with extra("tune"):
        import _report  # noqa: PLC0415  (needs what the extra brings)
        from mars_solver.tuning import targets  # noqa: PLC0415
    labels, catalogue, before, after, seed, out = gather(
        lambda: checked_labels(options, options.before),
        lambda: load_catalogue(options.models),
        lambda: load_weights(options.before),
        lambda: load_weights(options.after),
        lambda: seed_of(options.seed),
        lambda: _place(options),
    )
    asked = targets.questions(labels, Solver(catalogue, before))
    write_whole(out, _report.page(asked, catalogue, before, after, seed))
    return 0


def _place(options: argparse.Namespace) -> Path:
    """Return where the page goes.

    Raises:
        InputError: where it may not be written.
    """
    out = Path(options.out)
    weights = (options.before, options.after)
    problems = list(unwritable("--out", out, options.labels, weights, replace=options.force))
    if problems:
        raise InputError(problems)
    return out


if __name__ == "__main__":
    sys.exit(main())
