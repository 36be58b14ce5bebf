"""`mars-solver`, and `python -m mars_solver`: the command line in a process of its own."""

from __future__ import annotations

from mars_solver import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import NoReturn


def main() -> NoReturn:
    """Run the command line and exit: at a signal at once, from the first line on."""
    try:
        from mars_solver import stopping  # noqa: PLC0415  (an interrupt may come meanwhile)

        stopping.install()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    from mars_solver.cli.commands import main as run  # noqa: PLC0415  (takes a while)

    run()


if __name__ == "__main__":
    main()
