"""What the commands print: results on standard output, errors and progress on standard error."""

from __future__ import annotations

import os
import shlex
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from mars_solver.escaping import one_line, visible
from mars_solver.stopping import at_stop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import TextIO

    from rich.console import RenderableType


UNWRITTEN: Final = 1
"""The exit code where standard output cannot be written: no fault of the input."""


class _Quiet:
    """A stream that drops what is written to it once nobody reads it any more.

    Where standard output cannot be written for another reason, the command ends with an error.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        """Write a text; where nobody reads any more, drop it and all that follows."""
        return self._kept(lambda: self.stream.write(text)) or len(text)

    def flush(self) -> None:
        """Hand over what was written."""
        self._kept(self.stream.flush)

    def _kept(self, work: Callable[[], int | None]) -> int | None:
        with _unfailing(self.stream):
            return work()
        return None


class _Vital(_Quiet):
    """A stream whose end is the end of the process, whatever its threads wait for."""

    def _kept(self, work: Callable[[], int | None]) -> int | None:
        code = 0
        try:
            with _unfailing(self.stream):
                return work()
        except SystemExit:
            code = UNWRITTEN
        os._exit(code)


@contextmanager
def _unfailing(stream: TextIO) -> Iterator[None]:
    """Drop what a stream holds and gets where it cannot be written any more.

    Raises:
        SystemExit: with 1, where standard output fails though somebody reads it.
    """
    try:
        yield
    except OSError as error:
        from mars_solver.inputs.files import lead_nowhere, reason  # noqa: PLC0415

        lead_nowhere(stream)
        if not isinstance(error, BrokenPipeError) and stream is not sys.__stderr__:
            tell(f"error: cannot write standard output: {reason(error)}")
            raise SystemExit(UNWRITTEN) from None


def vital_output() -> TextIO:
    """Return standard output, in UTF-8; where it cannot be written any more, the process ends."""
    stream: Any = sys.stdout
    stream.reconfigure(encoding="utf-8")
    return cast("TextIO", _Vital(stream.stream))


def prepare() -> None:
    """Let no stream fail: not for a letter it cannot spell, nor where it is closed or unread."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            from mars_solver.inputs.files import nowhere  # noqa: PLC0415  (loads when used)

            stream = nowhere()
        stream.reconfigure(errors="backslashreplace")
        setattr(sys, name, _Quiet(stream))


def write(text: str) -> None:
    """Print text on standard output."""
    _print(text, sys.stdout)


def tell(text: str) -> None:
    """Print a line on standard error, at once."""
    _print(text, sys.stderr)


def _print(text: str, stream: TextIO) -> None:
    print(visible(text), file=stream, flush=True)


def question(text: str) -> str | None:
    """Print a question on standard error and return the line that answers it; None for no more."""
    print(visible(text), end=" ", file=sys.stderr, flush=True)
    line = sys.stdin.readline()
    if not line.endswith("\n"):
        tell("")
    return line.rstrip("\n") if line else None


def send(lines: Iterable[bytes]) -> None:
    """Print lines on standard output as they are, or visible on a terminal.

    As far as anybody reads them.
    """
    if sys.stdout.isatty():
        lines = (visible(line.decode(errors="replace")).encode() for line in lines)
    with _unfailing(sys.stdout):
        sys.stdout.buffer.writelines(lines)
        sys.stdout.flush()


def show(
    renderable: RenderableType,
    width: int | None = None,
    to: Callable[[str], None] = write,
) -> None:
    """Print a renderable: in colour and as wide as a terminal, or plain and of fixed width.

    Args:
        renderable: to print.
        width: where it goes to no terminal; None for that of every text.
        to: prints plain text.
    """
    if sys.stdout.isatty() and to is write:
        from rich.console import Console  # noqa: PLC0415

        from mars_solver.rendering.console import PLAIN, Visible  # noqa: PLC0415

        Console(**PLAIN).print(Visible(renderable))
    else:
        from mars_solver.rendering.console import WIDTH, to_text  # noqa: PLC0415

        to(to_text(renderable, width or WIDTH))


@contextmanager
def resumable(output: str) -> Iterator[None]:
    """Say, where a signal ends the block, how to go on: the command that was called, resumed.

    Args:
        output: the file that it writes; `-` for standard output, which nothing resumes.
    """
    program = Path(sys.argv[0])
    called = ["python", "-m", "mars_solver"] if program.stem == "__main__" else [program.name]
    words = [word for word in sys.argv[1:] if word != "--resume"]
    line = shlex.join([*called, *words, "--resume"])
    with at_stop(lambda: None if output == "-" else f"to go on: {line}"):
        yield


@contextmanager
def progress(title: str) -> Iterator[Callable[[int, int], None]]:
    """Yield a function that shows how much work is done: (done, of how many).

    On a terminal it moves a bar; elsewhere it prints a line for each tenth.
    """
    if sys.stderr.isatty():
        from rich.console import Console  # noqa: PLC0415
        from rich.progress import Progress, TextColumn  # noqa: PLC0415

        console = Console(stderr=True)

        def shown() -> None:
            console.show_cursor()

        _, *rest = Progress.get_default_columns()
        plain = TextColumn("{task.description}", markup=False)
        with at_stop(shown), Progress(plain, *rest, console=console) as bar:
            task = bar.add_task(one_line(title), total=None)
            yield lambda done, of: bar.update(task, completed=done, total=of)
        return
    shown_until = 0

    def say(done: int, of: int) -> None:
        nonlocal shown_until
        tenths = min(10 * done // of, 10) if of else 10
        if tenths > shown_until:
            shown_until = tenths
            tell(f"{title}: {10 * tenths} %")

    yield say
