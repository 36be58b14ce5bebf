"""What the commands for weights share: their labels, the files they write, and their errors."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from mars_solver import Solver, load_catalogue, load_weights
from mars_solver.errors import InputError, Problem, shown
from mars_solver.inputs.files import target
from mars_solver.inputs.weights import MAX_WEIGHT
from mars_solver.tuning.label_files import SUFFIXES, load_labels, load_questions
from mars_solver.tuning.labels import Label

BAD_INPUT: Final = 2
MOST: Final = 500
"""How many faults are printed."""


def guarded(work: Callable[[argparse.Namespace], int], options: argparse.Namespace) -> int:
    """Return the exit code of some work; what a user did wrong gives no traceback."""
    try:
        return work(options)
    except InputError as error:
        print_problems(error)
        return BAD_INPUT
    except BrokenPipeError:  # whoever read the output has enough of it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def print_problems(error: InputError) -> None:
    """Print every fault of an input as the command line does."""
    for problem in error.problems[:MOST]:
        print(f"error: {problem}", file=sys.stderr)
    if len(error.problems) > MOST:
        print(f"error: and {len(error.problems) - MOST} more", file=sys.stderr)


def checked_labels(options: argparse.Namespace, start: str | None) -> tuple[Label, ...]:
    """Return the labels, held against the facts if these can be read.

    Without a catalogue to read them by there are none: the caller names what is wrong with it.

    Raises:
        InputError: if labels have faults; all are named.
    """
    try:
        catalogue = load_catalogue(options.models)
    except InputError:
        return ()
    try:
        solver = Solver(catalogue, load_weights(start))
    except InputError:  # the caller loads them again, and names what is wrong
        return load_labels(options.labels, catalogue.declared)
    return tuple(question.label for question in load_questions(options.labels, solver))


def unwritable(
    flag: str, path: Path, labels: Sequence[str], others: Sequence[str] = (), *, replace: bool
) -> Iterator[Problem]:
    """Yield the problem, if any, that keeps a file from being written.

    Args:
        flag: the option that names the file.
        path: of the file.
        labels: files and folders of labels, which the file may neither replace nor join.
        others: other files that are read, which it may not replace.
        replace: whether it may replace a file that exists.
    """
    try:
        there, is_folder = path.exists(), path.is_dir()
        beside, whole = path.parent.is_dir(), Path(target(path))
        read = [Path(target(each)) for each in (*labels, *others)]
        among = [each for each in read if each.is_dir() and each == whole.parent]
    except OSError as error:
        yield Problem(flag, "", "a name that a file can have", error.strerror or str(error))
        return
    if is_folder:
        yield Problem(flag, "", "a file", f"the folder {path}")
    elif whole in read:
        yield Problem(flag, "", "another file than those that are read", str(path))
    elif among and path.suffix.lower() in SUFFIXES:
        hint = "it would be read as labels the next time"
        yield Problem(flag, "", "a file outside the folders of labels", str(path), hint)
    elif not beside or not os.access(path.parent, os.W_OK):
        found = "one that cannot be written" if beside else "none"
        yield Problem(flag, "", f"the writable folder {path.parent}", found)
    elif there and not replace:
        hint = "--force replaces it"
        yield Problem(flag, "", "a file that is not there yet", str(path), hint)


def seed_of(text: str) -> int:
    """Return the seed in a text.

    Raises:
        InputError: if there is none.
    """
    if text.isascii() and text.isdigit() and int(text) <= MAX_WEIGHT:
        return int(text)
    expected = f"a whole number from 0 to {MAX_WEIGHT}"
    raise InputError([Problem("--seed", "", expected, shown(text))])
