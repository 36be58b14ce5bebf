"""The only module that reads files: bytes to parsed data, with every fault named."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection
from functools import cache, partial
from pathlib import Path
from typing import Any, BinaryIO, Final

from mars_solver.errors import InputError, Problem, gather
from mars_solver.inputs.catalogue import Catalogue, build_catalogue, with_measurements
from mars_solver.inputs.documents import decode, table_in
from mars_solver.inputs.parsing import did_you_mean, parse
from mars_solver.inputs.profile import Profile, parse_profile
from mars_solver.inputs.weights import Weights
from mars_solver.proving.pins import Pins, Scenario

MAX_BYTES: Final = 2**20
"""The largest file that is read; a profile or model takes a few kilobytes."""
LONG_BYTES: Final = 2**26
"""The same for files of many labels."""
STDIN: Final = "-"
_RESERVED: Final = ("sources", "flowchart")
"""The files beside the models that belong to the catalogue."""
_PINS: Final = "pins"


def load_profile(path: str | Path) -> Profile:
    """Return the profile in a TOML or JSON file; `-` is standard input.

    Raises:
        InputError: with every fault of the file.
    """
    return parse_profile(*read_document(path))


def load_catalogue(folder: str | Path | None = None) -> Catalogue:
    """Return the catalogue in a folder; without one, the catalogue that ships with the package.

    The folder holds one `<id>.toml` for each model. `sources.toml` and `flowchart.toml` stand
    beside them; where one is absent, the shipped one counts.

    Raises:
        InputError: with every fault of every file.
    """
    return _shipped_catalogue() if folder is None else _read_catalogue(Path(folder))


def load_weights(path: str | Path | None = None) -> Weights:
    """Return the weights in a file; without one, those that ship with the package.

    Raises:
        InputError: with every fault of the file.
    """
    return _shipped_weights() if path is None else parse(Weights, *read_document(path))


def load_measurements(path: str | Path, catalogue: Catalogue) -> Catalogue:
    """Return the catalogue with the measurements in a file as its chosen claims.

    Raises:
        InputError: with every fault of the file.
    """
    data, place = read_document(path)
    return with_measurements(catalogue, data, place=place)


def load_pins(folder: str | Path | None = None) -> Pins:
    """Return the pinned answers and facts in the `pins.toml` of a catalogue's folder.

    Where the folder has none, or without one, the shipped pins.

    Raises:
        InputError: with every fault of the file.
    """
    path = None if folder is None else Path(folder) / f"{_PINS}.toml"
    if path is None or not path.exists():
        path = data_folder("models") / f"{_PINS}.toml"
    return parse(Pins, *read_document(path))


def load_scenarios(folder: str | Path | None = None) -> tuple[Scenario, ...]:
    """Return the scenarios in a folder, one TOML file each, in order of name.

    Without a folder, the lines of the guide that ship with the package.

    Raises:
        InputError: with every fault of every file.
    """
    chosen = data_folder("scenarios") if folder is None else Path(folder)
    try:
        paths = sorted(path for path in chosen.iterdir() if path.suffix == ".toml")
    except OSError as error:
        found = error.strerror or str(error)
        raise InputError([Problem(str(chosen), "", "a readable folder", found)]) from None
    steps = [partial(_read_scenario, path) for path in paths]
    return gather(*steps)


def _read_scenario(path: Path) -> Scenario:
    return parse(Scenario, *read_document(path))


def write_whole(path: str | Path, text: str) -> None:
    """Write a file so that it is there whole or not at all.

    Raises:
        InputError: where it cannot be written.
    """
    target = Path(path)
    draft = target.with_name(f".{target.name}.{os.getpid()}.draft")
    try:
        if kind := occupant(target):
            raise InputError([Problem(str(path), "", "a file", f"a {kind}")])
        try:
            draft.write_text(text, "utf-8")
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        found = error.strerror or str(error)
        raise InputError([Problem(str(path), "", "a writable file", found)]) from None


def occupant(path: Path) -> str:
    """Return what kind of thing that is no file stands at a path; "" where there is none.

    Raises:
        OSError: where the path can name nothing.
    """
    if not path.exists() or path.is_file():
        return ""
    return "folder" if path.is_dir() else "device or pipe"


def read_if_there(path: str | Path) -> str | None:
    """Return the text of a file; None where there is none.

    Raises:
        InputError: where it is there and cannot be read.
    """
    return decode(_read(path, str(path)), str(path)) if Path(path).exists() else None


def read_document(path: str | Path) -> tuple[dict[str, Any], str]:
    """Return the table in a TOML or JSON file, and how messages call the place.

    A `.json` file, and any whose first non-blank byte is `{`, is JSON; every other is TOML.

    Raises:
        InputError: where the file cannot be read or is not well-formed.
    """
    place = "standard input" if str(path) == STDIN else str(path)
    return table_in(_read(path, place), place), place


def read_long(path: str | Path) -> bytes:
    """Return the bytes of a file that may be long.

    Raises:
        InputError: where it cannot be read.
    """
    return _read(path, str(path), LONG_BYTES)


def files_in(path: str | Path, suffixes: Collection[str]) -> list[Path]:
    """Return a file, or the files of a folder whose names end as wanted, in order of name.

    Raises:
        InputError: where the folder cannot be read, or has no such file.
    """
    chosen = Path(path)
    try:
        if not chosen.is_dir():
            return [chosen]
        found = sorted(p for p in chosen.iterdir() if p.suffix.lower() in suffixes and p.is_file())
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError([Problem(str(path), "", "a readable folder", reason)]) from None
    if not found:
        expected = f"a folder with files that end in {', '.join(suffixes)}"
        raise InputError([Problem(str(path), "", expected, "none")])
    return found


def _read(path: str | Path, place: str, most: int = MAX_BYTES) -> bytes:
    """Return the bytes of a file, at most so many."""
    try:
        if str(path) == STDIN:
            data = _stdin().read(most + 1)
        else:
            with Path(path).open("rb") as file:
                data = file.read(most + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError([Problem(place, "", "a readable file", reason, _near(path))]) from None
    if len(data) > most:
        found = "a larger one"
        raise InputError([Problem(place, "", f"a file of at most {most} bytes", found)])
    return data


def _stdin() -> BinaryIO:
    if sys.stdin is None:
        raise ValueError("it closed")
    return sys.stdin.buffer


def _near(path: str | Path) -> str:
    """Return a hint that names a file of nearly the same name."""
    try:
        names = [p.name for p in Path(path).parent.iterdir()]
    except (OSError, ValueError):
        return ""
    name = Path(path).name
    return did_you_mean(name, [other for other in names if other != name])


def _read_catalogue(folder: Path) -> Catalogue:
    """Return the catalogue in a folder, naming every fault of every file at once."""
    try:
        paths = sorted(
            path for path in folder.iterdir() if path.suffix == ".toml" and path.stem != _PINS
        )
    except (OSError, ValueError) as error:
        found = getattr(error, "strerror", None) or str(error)
        hint = "name a folder with one TOML file for each model"
        raise InputError([Problem(str(folder), "", "a readable folder", found, hint)]) from None
    problems: list[Problem] = []
    content: dict[str, object] = {}
    shipped = [data_folder("models") / f"{name}.toml" for name in _RESERVED]
    present = {path.stem for path in paths}
    for path in [*paths, *(p for p in shipped if p.stem not in present)]:
        try:
            content[path.stem] = read_document(path)[0]
        except InputError as error:
            problems.extend(error.problems)
    sources, flowchart = (content.pop(name, None) for name in _RESERVED)
    return build_catalogue(content, sources, flowchart, folder=str(folder), unread=problems)


@cache
def _shipped_catalogue() -> Catalogue:
    return _read_catalogue(data_folder("models"))


@cache
def _shipped_weights() -> Weights:
    return parse(Weights, *read_document(data_folder("weights") / "default.toml"))


_IN_CHECKOUT: Final = {
    "models": "models",
    "weights": "weights",
    "scenarios": "benchmarks/scenarios",
}


def data_folder(name: str) -> Path:
    """Return a folder of shipped data: in the installed package, or else in the checkout."""
    package = Path(__file__).parents[1]
    installed = package / "_data" / name
    return installed if installed.is_dir() else package.parents[1] / _IN_CHECKOUT[name]
