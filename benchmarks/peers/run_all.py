"""Every comparison of speed in one command, and the table of the documentation.

    python -m benchmarks.peers.run_all [--quick] [--json FILE]
    python -m benchmarks.peers.run_all --table benchmarks/peers/results.json [--page FILE]

The first runs `latency`, `conflicts` and `batch`, each of which compares all answers before it
times anything, and gathers their reports; the peers come with pip install 'mars-solver[peers]' in
pinned versions. The second measures nothing: it prints the table of a file of results, or puts it
into a page between its two marks.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from benchmarks.peers import batch, conflicts, latency
from benchmarks.shared.harness import Row, options_of, write_json

SCHEMA: Final = "mars-solver/peers/1"
RESULTS: Final = "benchmarks/peers/results.json"
START: Final = f"<!-- peers: python -m benchmarks.peers.run_all --table {RESULTS} -->\n"
END: Final = "<!-- end of peers -->\n"


class Part(NamedTuple):
    """One comparison: what runs it, and the tables in its report."""

    main: Callable[[Sequence[str]], int]
    tables: Callable[[Row], dict[str, tuple[dict[str, Row], str, str]]]
    """The rows of each table by its title, the name of ours, and the unit."""


def _whole(number: float) -> str:
    return f"{number:_.0f}".replace("_", " ")


PARTS: Final[dict[str, Part]] = {
    "latency": Part(
        latency.main,
        lambda report: {"One profile, warm": (report["calls_us"], latency.OURS, "µs")},
    ),
    "conflicts": Part(
        conflicts.main,
        lambda report: {
            "Why no model is left, warm": (report["calls_us"], conflicts.OURS, "µs"),
        },
    ),
    "batch": Part(
        batch.main,
        lambda report: {
            f"A table of {_whole(report['effort']['rows'])} profiles, {kind}, per row": (
                each["rows_us"],
                batch.OURS,
                "µs",
            )
            for kind, each in report["kinds"].items()
        },
    ),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print, or turn results into a table; return the exit code."""
    parser = argparse.ArgumentParser(prog="run_all.py", description="Every comparison of speed.")
    parser.add_argument(
        "--table", metavar="FILE", type=Path, help="make the table of these results"
    )
    parser.add_argument("--page", metavar="FILE", type=Path, help="put the table in here")
    options = options_of(parser, argv)
    if options.page and not options.table:
        parser.error("--page goes with --table")
    if options.table:
        lines = table(json.loads(options.table.read_text("utf-8")))
        if options.page:
            put_in(options.page, lines)
        else:
            print("\n".join(lines))
        return 0
    results: dict[str, Any] = {"schema": SCHEMA}
    for name, part in PARTS.items():
        report = measured(part, quick=options.quick)
        if report is None:
            return 1
        results[name] = report
    write_json(results, options.json)
    return 0


def measured(part: Part, *, quick: bool) -> Row | None:
    """Return the report of one comparison; None where an answer differs."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.json"
        code = part.main(["--json", str(path), *(["--quick"] if quick else [])])
        print()
        return None if code else json.loads(path.read_text("utf-8"))


def table(results: Row) -> list[str]:
    """Return results as lines of Markdown."""
    facts = results["latency"]["machine"]
    packages: dict[str, str | None] = {}
    for name in PARTS:
        packages |= results[name]["machine"]["packages"]
    versions = ", ".join(f"{name} {version}" for name, version in packages.items() if version)
    where = f"Measured on {facts['cpus']} cores with {facts['python']}; {versions}."
    lines = [where, "Medians; × is the median of the ratios within each round."]
    for name, part in PARTS.items():
        for title, (rows, ours, unit) in part.tables(results[name]).items():
            lines += ["", f"| {title} | median | × ours |", "|---|--:|--:|"]
            lines += _rows(rows, ours, unit)
    return lines


def _rows(rows: dict[str, Row], ours: str, unit: str) -> Iterator[str]:
    """Yield the rows of a table, ours first and the others by time."""
    order = sorted(rows, key=lambda name: (name != ours, rows[name]["median"]))
    for name in order:
        ratio = rows[name]["ratio_to"][ours]
        shown = f"**{name}**" if name == ours else name
        yield f"| {shown} | {significant(rows[name]['median'])} {unit} | {significant(ratio)} |"


def significant(number: float) -> str:
    """Return a number with two significant digits, or whole."""
    if number >= 100:
        return _whole(number)
    digits = 1 if number >= 10 else 2
    return f"{number:.{digits}f}"


def put_in(page: Path, lines: Sequence[str]) -> None:
    """Put a table into a page between its marks."""
    before, start, rest = page.read_text("utf-8").partition(START)
    _, end, after = rest.partition(END)
    if not (start and end):
        raise SystemExit(f"{page}: expected the lines\n{START}{END}found none of them")
    page.write_text(f"{before}{START}\n" + "\n".join(lines) + f"\n\n{END}{after}", "utf-8")


if __name__ == "__main__":
    sys.exit(main())
