"""Reading and writing files: the profile, the catalogue, the weights, and texts as a whole.

What reads a file of any other kind asks here for its bytes or its document.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any, BinaryIO, Final, TextIO

from mars_solver.errors import Faults, InputError, Problem, shown
from mars_solver.inputs.catalogue.attributes import Declarations
from mars_solver.inputs.catalogue.catalogue import (
    ATTRIBUTES,
    FLOWCHART,
    GUIDE_LINES,
    SOURCES,
    Catalogue,
    build_catalogue,
    declarations_in,
)
from mars_solver.inputs.catalogue.endpoints import Endpoint, Endpoints
from mars_solver.inputs.catalogue.measurements import with_measurements
from mars_solver.inputs.documents import decode, table_in
from mars_solver.inputs.parsing import did_you_mean, parse
from mars_solver.inputs.profile import Profile, parse_profile
from mars_solver.inputs.weights import Weights
from mars_solver.stopping import undone

MAX_BYTES: Final = 2**20
"""The largest file that is read; a profile or model takes a few kilobytes."""
LONG_BYTES: Final = 2**26
"""The same for files of many labels."""
STDIN: Final = "-"
STANDARD_INPUT: Final = "standard input"
"""How messages call it."""
_SHIPPED_ELSE: Final = (ATTRIBUTES, SOURCES)
"""The files for which the shipped ones serve where a folder has none."""
GUIDE: Final = "guide"
"""The folder beside the models for what the vendor's guide says of them."""
CHART: Final = f"{FLOWCHART}.toml"
LINES: Final = f"{GUIDE_LINES}.toml"
PINS: Final = f"{GUIDE}/pins.toml"
_CALLS: Final = "calls"
ENDPOINTS: Final = f"{_CALLS}/endpoints.toml"
TEMPLATE: Final = ".jinja"


def load_profile(path: str | Path) -> Profile:
    """Return the profile in a TOML or JSON file; `-` is standard input.

    Raises:
        InputError: with every fault of the file.
    """
    return parse_profile(*read_document(path))


def load_catalogue(folder: str | Path | None = None) -> Catalogue:
    """Return the catalogue in a folder; without one, the catalogue that ships with the package.

    The folder holds one `<id>.toml` for each model. `attributes.toml` and `sources.toml` are beside
    them; where one is absent, the shipped one counts. `guide/flowchart.toml` and the templates in
    `calls/` are optional.

    Raises:
        InputError: with every fault of every file.
    """
    return _shipped_catalogue() if folder is None else _read_catalogue(_path(folder))


def load_declarations(folder: str | Path | None = None) -> Declarations:
    """Return what the catalogue in a folder declares, whatever is wrong with its models.

    Raises:
        InputError: with every fault of its attributes and of its guide.
    """
    shipped = data_folder("models")
    home = shipped if folder is None else _path(folder)
    places = {name: home / f"{name}.toml" for name in (ATTRIBUTES, FLOWCHART)}
    if not there(places[ATTRIBUTES]):
        places[ATTRIBUTES] = shipped / f"{ATTRIBUTES}.toml"
    content = {name: read_document(path)[0] for name, path in places.items() if there(path)}
    return declarations_in(content, str(home))


def load_weights(path: str | Path | None = None) -> Weights:
    """Return the weights in a file; without one, those that ship with the package.

    Raises:
        InputError: with every fault of the file.
    """
    return _shipped_weights() if path is None else _read_weights(path)


def load_measurements(path: str | Path, catalogue: Catalogue) -> Catalogue:
    """Return the catalogue with the measurements in a file as its chosen claims.

    Raises:
        InputError: with every fault of the file.
    """
    data, place = read_document(path)
    return with_measurements(catalogue, data, place=place)


def load_endpoints(folder: str | Path | None = None) -> dict[str, Endpoint]:
    """Return the endpoints that a catalogue's folder describes, by name.

    Args:
        folder: of the catalogue; None for the one that ships with the package.

    Raises:
        InputError: with every fault of the file.
    """
    path = catalogue_file(ENDPOINTS, folder)
    return parse(Endpoints, *read_document(path)).endpoints if there(path) else {}


def there(path: str | Path) -> bool:
    """Return whether something is at a path; a name that no file can have names nothing."""
    return os.path.exists(path)  # noqa: PTH110  (pathlib raises for such a name)


def unwritable(path: Path, place: str) -> Problem | None:
    """Return why a file cannot be written at a path; None where it can.

    Args:
        path: where the file is to appear; its folder has to be there.
        place: how messages call the path.
    """
    try:
        if kind := _occupant(path):
            return Problem(place, "", "a file", f"the {kind} {path}")
    except OSError as error:
        return Problem(place, "", "a name that a file can have", reason(error))
    if os.access(path.parent, os.W_OK):
        return None
    why = "cannot be written" if path.parent.is_dir() else "no such folder"
    return Problem(place, "", "", f"{path.parent}: {why}")


def nowhere() -> TextIO:
    """Return a stream that keeps nothing, until the process ends."""
    return Path(os.devnull).open("w", encoding="utf-8")


def lead_nowhere(stream: TextIO) -> None:
    """Drop what is written to a stream, and what it still holds: its reader has gone."""
    with nowhere() as nothing:
        os.dup2(nothing.fileno(), stream.fileno())


def write_whole(path: str | Path, text: str) -> None:
    """Write a file so that it is there whole or not at all.

    Raises:
        InputError: where it cannot be written.
    """
    target = Path(path)
    try:
        if kind := _occupant(target):
            raise InputError([Problem(str(path), "", "a file", f"a {kind}")])
        with drafted(target, target.with_name(f".{target.name}.{os.getpid()}.draft")) as draft:
            draft.write_text(text, "utf-8")
    except FileNotFoundError as error:
        hint = f"make the folder {target.parent} first"
        raise InputError([Problem(str(path), "", "a writable file", reason(error), hint)]) from None
    except OSError as error:
        raise InputError([Problem(str(path), "", "a writable file", reason(error))]) from None


@contextmanager
def written_by_line(path: str | Path) -> Iterator[Callable[[str], None]]:
    """Yield what adds a line to a file, which is there at the end of the block or not at all.

    Each line reaches the draft at once and whole, so that a run that is killed leaves every line
    before that in it, and the file itself as it was.

    Raises:
        InputError: where it cannot be written.
    """
    target = Path(path)
    if problem := unwritable(target, str(path)):
        raise InputError([problem])
    try:
        with (
            drafted(target, target.with_name(f".{target.name}.{os.getpid()}.draft")) as draft,
            draft.open("wb", buffering=0) as file,
        ):

            def add(line: str) -> None:
                file.write(f"{line}\n".encode())

            yield add
    except OSError as error:
        raise InputError([Problem(str(path), "", "a writable file", reason(error))]) from None


@contextmanager
def drafted(path: Path, draft: Path) -> Iterator[Path]:
    """Yield the draft of a file, which takes its path at the end of the block, or is removed.

    Args:
        path: where the file appears, replacing any other.
        draft: where it is written until then, on the same disk.

    Raises:
        OSError: where it cannot be written.
    """
    with undone(partial(draft.unlink, missing_ok=True)):
        yield draft
        draft.replace(path)


@contextmanager
def held(folder: Path) -> Iterator[bool]:
    """Make a folder, and yield whether it is ours alone until the end of the block.

    However a process ends, what it held is free again. Windows, and a disk without locks, let
    several have one.

    Raises:
        OSError: where it cannot be made.
    """
    if sys.platform == "win32":
        folder.mkdir(exist_ok=True)
        yield True
        return
    import fcntl  # noqa: PLC0415  (Windows has none)

    with ExitStack() as stack:
        while True:
            folder.mkdir(exist_ok=True)
            handle = os.open(folder, os.O_RDONLY)
            stack.callback(os.close, handle)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            except OSError:  # a disk without locks
                break
            if os.fstat(handle).st_nlink:  # else its last owner has removed it meanwhile
                break
        yield True


def _occupant(path: Path) -> str:
    """Return what kind of thing other than a file is at a path; empty where there is none.

    Raises:
        OSError: where the path can name nothing.
    """
    if not path.exists() or path.is_file():
        return ""
    return "folder" if path.is_dir() else "device or pipe"


def reason(error: Exception) -> str:
    """Return what the system says of an error."""
    said = getattr(error, "strerror", None) or str(error)
    return said[:1].lower() + said[1:]


def read_if_there(path: str | Path) -> str | None:
    """Return the text of a file; None where there is none.

    Raises:
        InputError: where it is there and cannot be read.
    """
    if not there(path):
        return None
    whole = Path(path).absolute()  # one named `-` is a file, as where it is written
    return decode(_read(whole, str(path)), str(path))


def read_document(path: str | Path) -> tuple[dict[str, Any], str]:
    """Return the table in a TOML or JSON file, and the place that messages name for it.

    A `.json` file, and any whose first non-blank byte is `{`, is JSON; every other is TOML.

    Raises:
        InputError: where the file cannot be read or is not well-formed.
    """
    place = STANDARD_INPUT if str(path) == STDIN else str(path)
    return table_in(_read(path, place), place), place


def read_long(path: str | Path) -> bytes:
    """Return the bytes of a file that may be long.

    Raises:
        InputError: where it cannot be read.
    """
    return _read(path, str(path), LONG_BYTES)


def lines_of(path: str | Path) -> Iterator[bytes]:
    """Yield the lines of a file of any length."""
    with Path(path).open("rb") as file:
        yield from file


def listing(folder: str | Path, hint: str = "") -> list[Path]:
    """Return the paths in a folder, in order of name.

    Raises:
        InputError: where it cannot be read, with a hint.
    """
    try:
        return sorted(Path(folder).iterdir())
    except (OSError, ValueError) as error:
        raise InputError([_unreadable(folder, reason(error), hint)]) from None


def _unreadable(folder: str | Path, found: str, hint: str = "") -> Problem:
    return Problem(str(folder), "", "", found, hint)


def files_in(path: str | Path, suffixes: Collection[str]) -> list[Path]:
    """Return a file, or the files of a folder whose names end as wanted, in order of name.

    Raises:
        InputError: where the folder cannot be read, or has no such file.
    """
    folder = Path(path)
    try:
        if not folder.is_dir():
            return [folder]
        chosen = [p for p in listing(path) if p.suffix.lower() in suffixes and p.is_file()]
    except OSError as error:
        raise InputError([_unreadable(path, reason(error))]) from None
    if not chosen:
        expected = f"a folder with files that end in {', '.join(suffixes)}"
        raise InputError([Problem(str(path), "", expected, "none")])
    return chosen


def _read(path: str | Path, place: str, most: int = MAX_BYTES) -> bytes:
    """Return the bytes of a file, at most so many."""
    file_path = _path(path)
    try:
        if str(path) == STDIN:
            data = standard_input().read(most + 1)
        else:
            with file_path.open("rb") as file:
                data = file.read(most + 1)
    except (OSError, ValueError) as error:
        problem = Problem(place, "", "", reason(error), _near(path))
        raise InputError([problem]) from None
    if len(data) > most:
        found = "a larger one"
        raise InputError([Problem(place, "", f"a file of at most {most} bytes", found)])
    return data


def _path(path: object) -> Path:
    """Return where a file or a folder is.

    Raises:
        InputError: where that is no path.
    """
    if isinstance(path, str | os.PathLike) and isinstance(os.fspath(path), str):
        return Path(path)
    raise InputError([Problem("path", "", "a path, as text or a Path", shown(path))])


def target(path: str | Path) -> str:
    """Return what names one file whichever path leads to it: links followed as far as they lead."""
    try:
        return os.path.realpath(path)
    except OSError:  # the working folder is gone
        return os.path.normpath(path)


def standard_input() -> BinaryIO:
    """Return the bytes of standard input.

    Raises:
        OSError: where it is closed.
    """
    if sys.stdin is None:
        raise OSError("it is closed")
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
    every = listing(folder, "name a folder with one TOML file for each model")
    paths = [path for path in every if path.suffix == ".toml"]
    misplaced = [path for path in paths if path.name in {Path(CHART).name, Path(PINS).name}]
    named = {path.stem: path for path in paths if path not in misplaced}
    for name in (FLOWCHART, GUIDE_LINES):
        if there(path := folder / f"{name}.toml"):
            named[name] = path
    shipped = data_folder("models")
    for name in _SHIPPED_ELSE:
        named.setdefault(name, shipped / f"{name}.toml")
    hint = f"move it to {folder / GUIDE}"
    faults = Faults(Problem(str(p), "", "a model", "a part of the guide", hint) for p in misplaced)
    content: dict[str, object] = {}
    calls: dict[str, str] = {}
    for name, path in named.items():
        with faults:
            content[name] = read_document(path)[0]
    with faults:
        calls = _read_calls(folder / _CALLS)
    return build_catalogue(content, calls=calls, folder=str(folder), unread=faults.problems)


def _read_calls(folder: Path) -> dict[str, str]:
    """Return the templates of ways to call a model, by name."""
    if not folder.is_dir():
        return {}
    templates = [path for path in listing(folder) if path.name.endswith(TEMPLATE)]
    return {
        path.name.removesuffix(TEMPLATE): decode(_read(path, str(path)), str(path))
        for path in templates
    }


def catalogue_file(name: str, folder: str | Path | None = None) -> Path:
    """Return a file of a catalogue's folder; without a folder, of the shipped catalogue."""
    return (data_folder("models") if folder is None else Path(folder)) / name


@cache
def _shipped_catalogue() -> Catalogue:
    return _read_catalogue(data_folder("models"))


@cache
def _shipped_weights() -> Weights:
    weights = _read_weights(data_folder("weights") / "default.toml")
    weights.__dict__["place"] = "the shipped weights/default.toml"  # wherever it is
    return weights


def _read_weights(path: str | Path) -> Weights:
    data, place = read_document(path)
    weights = parse(Weights, data, place)
    weights.__dict__["place"] = place  # as a derived value: no content, no digest, no equality
    return weights


DATA: Final = ("models", "weights")
"""The folders of data that ship with the package."""


def data_folder(name: str) -> Path:
    """Return one of the folders of `DATA`: in the installed package, or else in the checkout."""
    package = Path(__file__).parents[1]
    installed = package / "_data" / name
    return installed if installed.is_dir() else package.parents[1] / name
