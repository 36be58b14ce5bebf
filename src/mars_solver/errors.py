"""The faults of inputs as values, and how steps collect and re-root them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, time
from typing import Any, Final, TypeVar

from mars_solver.briefs import brief, named
from mars_solver.escaping import one_line

MOST_FAULTS: Final = 30
"""How many faults of one kind are put into words; the rest are counted, so that no input, however
bad, takes long to refuse."""
_SHOWN = 60
_LONG = 200
REST: Final = "…"
"""The path of what is counted and not put into words: it sorts behind names in ASCII."""
T = TypeVar("T")
_MEANT = re.compile(r"did you mean (.+?)\?")
_UNKNOWN = re.compile(r'the unknown (\w+) "(.*)"', re.DOTALL)


@dataclass(frozen=True, order=True, slots=True)
class Problem:
    """One fault of an input: where it is, what was expected, what was found, what to do."""

    __repr__ = brief

    place: str
    """The file, flag or call that has the fault."""
    path: str
    """Dotted path inside the place; empty for the whole of it."""
    expected: str
    """Empty where `found` says all."""
    found: str
    """What is there; or `the unknown KIND "WORD"`."""
    hint: str = ""

    def __str__(self) -> str:
        """Return the news first, then where it is, what was expected and what to do."""
        where = ": ".join(part for part in (self.place, self.path) if part)
        expected = f"expected {self.expected}" if self.expected else ""
        meant = _MEANT.match(self.hint)
        near = f"did you mean `{meant[1]}`?" if meant else ""
        todo = self.hint[meant.end() :].removeprefix("; ") if meant else self.hint
        unknown = _UNKNOWN.fullmatch(self.found)
        if unknown:
            aside = "; ".join(filter(None, [where, expected]))
            news = [f"unknown {unknown[1]} `{unknown[2]}`", near]
            news = ["; ".join(filter(None, news)) + (f" ({aside})" if aside else "")]
        else:
            found = f"found {self.found}" if expected else self.found
            said = f"{near} ({expected})" if near and expected else near or expected
            news = [": ".join(filter(None, [where, found])), said]
        return one_line("; ".join(filter(None, [*news, todo])))

    def below(self, key: str) -> Problem:
        """Return the problem of the table that holds this one under a key."""
        return replace(self, path=dotted(key, self.path))


def dotted(*parts: str) -> str:
    """Return the dotted path of the parts that are not empty, cut where it is long."""
    path = ".".join(filter(None, parts))
    return path if len(path) <= _LONG else path[: _LONG - 1] + "…"


def few(faulty: Sequence[T], place: str, path: str = "") -> tuple[Sequence[T], list[Problem]]:
    """Return what is put into words of all that is faulty, and the problem that counts the rest.

    Args:
        faulty: what is faulty, each in a way of its own.
        place: how messages call where it is.
        path: of the table or list that has it.
    """
    left = len(faulty) - MOST_FAULTS
    if left <= 0:
        return faulty, []
    plural = "s" if left > 1 else ""
    found = f"{left} more fault{plural} of this kind"
    return faulty[:MOST_FAULTS], [Problem(place, dotted(path, REST), "", found)]


class MarsSolverError(Exception):
    """The base of every error that this package raises on purpose."""


class InputError(MarsSolverError, ValueError):
    """A profile, catalogue, weights file, measurement or flag is not usable.

    Attributes:
        problems: every fault found, in order of place and path.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))

    def __repr__(self) -> str:
        first, *others = map(str, self.problems)
        return named(type(self), f"{first}, {len(others)} more" if others else first)

    def __reduce__(self) -> tuple[type[InputError], tuple[tuple[Problem, ...]]]:
        """Return how to make the error again, as another process has to."""
        return type(self), (self.problems,)


@contextmanager
def extra(name: str) -> Iterator[None]:
    """Report a missing optional package with the command that installs it.

    Args:
        name: of the extra that brings what is imported inside.

    Raises:
        InputError: where it is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package == "mars_solver":
            raise
        hint = f"pip install {shlex.join(_distributions(name))}"
        found = f"no package {package}"
        raise InputError([Problem("mars-solver", "", f"the extra {name}", found, hint)]) from None


def _distributions(name: str) -> list[str]:
    """Return the distributions that an extra brings, as pip takes them.

    Pip finds these however the package was installed; the extra itself where nothing tells.
    """
    from importlib import metadata  # noqa: PLC0415  (needed for a missing package only)

    try:
        every = metadata.requires("mars-solver") or []
    except metadata.PackageNotFoundError:
        every = []
    marked = re.compile(rf"extra == ['\"]{name}['\"]")
    found = [each.partition(";")[0].strip() for each in every if marked.search(each)]
    return found or [f"mars-solver[{name}]"]


class Faults:
    """Collects the problems of independent steps: each runs in a `with` block of its own.

    Attributes:
        problems: those collected so far; append to it what no step raises.
    """

    def __init__(self, problems: Iterable[Problem] = ()) -> None:
        self.problems = list(problems)

    def __enter__(self) -> Faults:
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        if isinstance(error, InputError):
            self.problems += error.problems
            return True
        return False

    def check(self) -> None:
        """Raise the problems collected, if there are any.

        Raises:
            InputError: with all problems collected.
        """
        if self.problems:
            raise InputError(self.problems)


@contextmanager
def rerooted(move: Callable[[Problem], Problem]) -> Iterator[None]:
    """Move the problems of a part to where they are in the whole.

    Args:
        move: returns a problem with the place or path that it has in the whole.

    Raises:
        InputError: with the moved problems, where the block raised one.
    """
    try:
        yield
    except InputError as error:
        raise InputError(map(move, error.problems)) from None


def gather(*steps: Callable[[], Any]) -> tuple[Any, ...]:
    """Return the results of independent steps.

    Raises:
        InputError: with the problems of every step that failed, not of the first alone.
    """
    results: list[Any] = []
    faults = Faults()
    for step in steps:
        with faults:
            results.append(step())
    faults.check()
    return tuple(results)


def shown(value: object) -> str:
    """Return `value` as a message quotes it: on one line, and short."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        text = '"' + value[: _SHOWN * 2].encode("unicode_escape").decode() + '"'
    elif isinstance(value, dict):
        return "a table"
    elif isinstance(value, int) and value.bit_length() > _SHOWN * 3:
        return "a number of more than 50 digits"
    elif isinstance(value, date | time):
        text = value.isoformat()
    else:
        try:
            text = "nothing" if value is None else repr(value)
        except RecursionError:
            text = "lists nested too deep to show"
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
