"""Hostile inputs of every kind of file and of the command line, and what holds whatever they are.

A case is made from its number: good files, one of which is changed in its structure (a key,
a value,
a row, a cell) or in its bytes, and a call that reads it.
"""

from __future__ import annotations

import copy
import csv
import gzip
import io
import json
import math
import os
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import typer
from click import Option

from command import Run, run
from mars_solver import InputError, load_catalogue
from mars_solver.cli.commands import app
from mars_solver.inputs.documents import toml_value as toml
from mars_solver.inputs.weights import weights_toml
from mars_solver.proving.pins import Pins
from mars_solver.rendering.proof import pins_toml
from mars_solver.solving.solver import Solver
from mars_solver.tuning.label_files import load_questions
from random_catalogues import world
from strategies import WEIGHTS
from tables import GOOD, seeded_rows

CODES = {0, 2, 3, 4, 5, 6}
INTERNALS = ("Traceback", "NoneType", "Input should", "Tuple should", "pydantic", "<class ", "0x7f")
"""Words of Python's and of libraries' that tell a user nothing."""
TEXTS: Sequence[Any] = (
    "", " ", "yes", "NA", "null", "en-us", "EN_us", "x" * 1001, "x" * 70_000, "\x1b]0;x\x07",
    "a\nb", "\u202eab",
    "\u200b", "=1+1", "@x", "😀", "İ", "ß", "\x7f", "\x85", "1e5", "0x10", "1,5", "1_000", "NaN",
    "__class__", "schema",
    "mars-pro", "[bold]x[/]", "[/]", "{{ 7 }}", "%s", "${HOME}", "../../x", "<b>", "`x`", "-1",
    "--json", "٣", "a;b,c|d",
)  # fmt: skip
NUMBERS: Sequence[Any] = (
    0, -1, 1, 5, 10, 11, 10**9, 10**9 + 1, 2**53 + 1, 2**63, 2**64, 10**400, 0.5, -0.0, 5.0,
    1e-320, 1e308,
    math.inf, -math.inf, math.nan, True, False,
)  # fmt: skip
VALUES: Sequence[Any] = (
    *TEXTS, *NUMBERS, [], [[]], {}, {"": 1}, [1, "a"], ["en-us", "en-us"], ["", ""], {"value": 3},
    {"low": 3, "high": 2},
    {"max": "name"}, [None], None, date(2026, 2, 3), ["\x1b"],
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """Files, a call, and how many rows its table has, where that is known."""

    kind: str
    files: Mapping[str, bytes]
    words: tuple[str, ...]
    stdin: bytes = b""
    rows: int | None = None
    read: Callable[[Path], object] | None = field(default=None, compare=False)
    """What reads the files in place of a command."""


# ------------------------------------------------------------------------- good files


def as_toml(data: Mapping[str, Any]) -> str:
    return "".join(f"{toml(key)} = {_inline(value)}\n" for key, value in data.items())


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        inside = ", ".join(f"{toml(k)} = {_inline(v)}" for k, v in value.items() if v is not None)
        return f"{{ {inside} }}"
    if isinstance(value, list):
        return f"[{', '.join(_inline(each) for each in value if each is not None)}]"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return '""' if value is None else toml(value)


@cache
def good() -> dict[str, Any]:
    """The content of good files by name: of a catalogue with a guide, and of all beside it."""
    where = next(w for w in map(world, range(99)) if w.files.get("guide/flowchart"))
    solver = where.solver
    asked = {r.name: where.askable[r.name][0] for r in solver.declared.requirements[:1]}
    label = {"id": "A", "line": "A", "text": "t", "expected": [solver.catalogue.models[0].id]}
    claim = {"value": 200, "source": "lab", "as_of": "2026-05", "statistic": "p95", "samples": 80}
    setup = {
        "schema": "mars-solver/samples/1", "model": "mars-pro", "attribute": "ttfb_ms",
        "endpoint": "http://x/y",
        "texts": "0", "started": "2026-01-01T00:00:00", "rate": 2, "concurrency": 1,
        "timeout_s": 9, "percentile": "50",
        "confidence": "90", "looks": [8], "made_with": "x",
    }  # fmt: skip
    marks = {
        "sent": 0.1,
        "headers": 9.0,
        "first_byte": 10.0,
        "first_audio": 10.5,
        "last_byte": 20.0,
    }
    sample = {
        "due_ms": 0.0, "wanted": "warm", "connection": "warm", "text": "short",
        "outcome": "heard", "status": 200,
        "marks": marks, "size": 99, "audio_ms": 50.0,
    }  # fmt: skip
    endpoint = {
        "describe": "d",
        "source": "lab",
        "as_of": "2026",
        "url": "http://x",
        "audio": "wav",
    }
    return {
        **{f"own/{name}.toml": data for name, data in where.files.items()},
        "own/guide/lines.toml": {"labels": [{**label, "profile": {"require": asked}}]},
        "own/guide/pins.toml": pins_toml(Pins.of(solver)),
        "own/calls/endpoints.toml": {"schema": 1, "endpoints": {"e": endpoint}},
        "own/calls/a.jinja": "{{ model.id | json }} {{ require | length }} {% if 1 %}x{% endif %}",
        "w.toml": weights_toml(where.weights, solver.declared),
        "w.json": json.loads(WEIGHTS.model_dump_json(by_alias=True, exclude_none=True)),
        "p.toml": {
            "name": "n", "workflow": "batch", "accept_beta": True,
            "require": {"languages": ["en-us"]},
            "prefer": {"fidelity": 9},
        },
        "p.json": {"name": "n", "require": {"real_time": True, "max_ttfb_ms": 900,
        "languages": ["pt"]}},
        "m.toml": {"mars-pro": {"ttfb_ms": claim, "languages": {"pa-in": {**claim,
        "value": True}}}},
        "l.jsonl": [{"id": f"l{i}", "profile": {}, "expected": ["mars-pro"]} for i in range(3)],
        "l.toml": {"labels": [{"id": "a", "profile": {"require": {"offline": True}},
        "expected": ["mars-nano"]}]},
        "s.jsonl": [setup, *({"number": i, **sample} for i in range(8))],
    }  # fmt: skip


def text_of(name: str, data: Any) -> str:
    if isinstance(data, str):
        return data
    if name.endswith(".jsonl"):
        return "".join(f"{json.dumps(line, default=str)}\n" for line in data)
    return json.dumps(data, default=str) if name.endswith(".json") else as_toml(data)


@cache
def good_bytes() -> dict[str, bytes]:
    return {name: text_of(name, data).encode() for name, data in good().items()}


# ---------------------------------------------------------------------------- changes


def changed(data: Any, chance: Random) -> Any:
    """The same with one to three places changed."""
    for _ in range(chance.choice((1, 1, 2, 3))):
        data = _changed_once(copy.deepcopy(data), chance)
    return data


def _places(data: Any) -> Iterator[tuple[Any, Any]]:
    pairs = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in pairs:
        yield data, key
        if isinstance(value, dict | list):
            yield from _places(value)


def _changed_once(data: Any, chance: Random) -> Any:
    places = [*_places(data)]
    if not places:
        return data
    inside, key = chance.choice(places)
    other, at = chance.choice(places)
    match chance.randrange(7):
        case 0:
            del inside[key]
        case 1 | 2:
            inside[key] = chance.choice(VALUES)
        case 3 if isinstance(inside, dict):
            inside[_misspelt(str(key), chance)] = inside.pop(key)
        case 4:
            inside[key] = copy.deepcopy(other[at])
        case 5 if isinstance(inside, dict):
            inside[chance.choice([str(at), *TEXTS[:8], *TEXTS[9:20]])] = chance.choice(VALUES)
        case _:
            inside[key] = _nested(chance)
    return data


def _misspelt(word: str, chance: Random) -> str:
    at = chance.randrange(len(word) + 1)
    return chance.choice(
        (word[:at] + word[at + 1 :], f"{word[:at]}é{word[at:]}", word.upper(), f"{word} ")
    )


def _nested(chance: Random) -> Any:
    value: Any = chance.choice(VALUES)
    for _ in range(chance.choice((1, 3, 90))):
        value = [value] if chance.random() < 0.5 else {"a": value}
    return value


def damaged(data: bytes, chance: Random) -> bytes:
    """The bytes of a file, cut, flipped, doubled or in another encoding."""
    at, to = sorted(chance.randrange(len(data) + 1) for _ in range(2))
    junk = chance.choice(
        (b"\0", b"\xff", b"\xef\xbb\xbf", b"\r", b'"', b"\n\n", b"\x1b[2J", b"{", b"'''")
    )
    return chance.choice(
        (
            data[:at], data[at:], data[:at] + data[to:], data[:at] + junk + data[at:],
            data[:to] + data[at:],
            data.replace(b"\n", b"\r\n"), data.replace(b"\n", b"\r"),
            data.decode(errors="replace").encode("utf-16"),
            bytes(byte ^ (chance.random() < 0.01) for byte in data), b"\xef\xbb\xbf" + data,
            data * 2, b"",
        )
    )  # fmt: skip


def written(name: str, data: Any, chance: Random) -> bytes:
    """A changed file as bytes, some of them damaged."""
    if not isinstance(data, str):
        data = changed(data, chance)
    text = text_of(name, data).encode(errors="surrogatepass")
    return damaged(text, chance) if isinstance(data, str) or chance.random() < 0.15 else text


# ------------------------------------------------------------------------------ cases


def _of_file(name: str, *calls: str) -> Callable[[Random], Case]:
    def make(chance: Random) -> Case:
        files = dict(good_bytes())
        files[name] = written(name, good()[name], chance)
        return Case(name, files, tuple(chance.choice(calls).split()))

    return make


def _of_catalogue(chance: Random) -> Case:
    name = chance.choice([each for each in good() if each.startswith("own/")])
    call = chance.choice(
        [
         "recommend --models own --json", "recommend --models own --weights w.toml",
         "schema --models own",
         "catalogue own", "catalogue own --json", "explain --models own --json",
         "guide --models own",
         "batch t.csv -o o.csv --models own --json", "verify --models own --weights w.toml --json",
         "catalogue own --check", "diff own own --markdown",
        ]
    )  # fmt: skip
    files = {**good_bytes(), "t.csv": b"id,name\na,b\n"}
    files[name] = written(name, good()[name], chance)
    return Case("catalogue", files, tuple(call.split()))


def _of_labels(chance: Random) -> Case:
    name = chance.choice(["l.jsonl", "l.toml"])
    files = {name: written(name, good()[name], chance)}
    solver = Solver(load_catalogue(), WEIGHTS)
    return Case("labels", files, (), read=lambda folder: load_questions([folder / name], solver))


@cache
def options() -> dict[str, list[Option]]:
    """Every option of every command that asks nobody and ends by itself."""
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    left_out = {"serve", "mcp", "measure"}
    return {n: [*c.params] for n, c in sorted(commands.items()) if n not in left_out}


PATHS = (
    "p.toml", "p.json", "w.toml", "w.json", "m.toml", "own", "t.csv", "s.jsonl", "-", "", ".",
    "/", "nowhere",
         "no/where", "a\0b", "x" * 300, "\x1b.toml", "/dev/null", "own/sources.toml", "\udcff",
)  # fmt: skip
OUTPUTS = (
    "o.csv", "o.parquet", "o.jsonl.gz", "o.txt", "", ".", "no/o.csv", "x" * 300, "a\0b", "t.csv",
    "-", "own", "\x1b.csv",
)  # fmt: skip
SAID = (
    "real_time", "max_ttfb_ms=300", "latency=3", "languages=en-us,pt", "mars-pro.ttfb_ms=240",
    "flag", "accept",
        "camb-sdk", "mars-pro", "batch", "answer", "keep", "presets", "languages", "=", "a=b=c",
        "real_time=", ";", "\t",
)  # fmt: skip


def _of_command_line(chance: Random) -> Case:
    name = chance.choice([*options()])
    words = [name]
    for _ in range(chance.choice((0, 1, 2, 3, 5))):
        option = chance.choice(options()[name])
        flags = [*option.opts, *option.secondary_opts]
        if flags and flags[0].startswith("-"):
            words.append(
                chance.choice(flags) if chance.random() < 0.95 else _misspelt(flags[0], chance)
            )
            if getattr(option, "is_flag", False) and chance.random() < 0.97:
                continue
        writes = {"output", "rejects", "html", "pin", "certificate", "counterexample", "folder"}
        pool = (
            OUTPUTS if option.name in writes else (*PATHS, *SAID, *map(str, NUMBERS[:12]), *TEXTS)
        )
        words.append(chance.choice(pool))
    files = {**good_bytes(), "t.csv": b"id,latency\na,3\nb,11\n"}
    stdin = chance.choice((b"", b"{}", b"[require]\nreal_time = true\n", b"id\na\n", b"\xff"))
    return Case("command line", files, tuple(words), stdin)


def _of_table(chance: Random) -> Case:
    rows: list[dict[str, Any]] = [
        *seeded_rows(chance.choice((1, 2, 5, 40)), chance.randrange(10**6))
    ]
    for row in rows:
        while chance.random() < 0.2:
            row[chance.choice([*GOOD, "id", "other", "latncy"])] = chance.choice(VALUES)
    name = chance.choice(("t.parquet", "t.csv", "t.tsv", "t.jsonl", "t.csv.gz", "t.jsonl.gz"))
    data, known = _table(name, rows, chance), True
    if chance.random() < 0.25:
        data, known = damaged(data, chance), False
    if name.endswith(".gz"):
        data = gzip.compress(data)
        if chance.random() < 0.1:
            data, known = damaged(data, chance), False
    out = chance.choice(("o.parquet", "o.csv", "o.jsonl", "o.jsonl.gz", "-"))
    words = ["batch", name, "-o", out, "--json"]
    words += ["--extra-columns", chance.choice(("keep", "drop"))] if chance.random() < 0.8 else []
    words += ["--batch-rows", chance.choice(("1", "3"))] if chance.random() < 0.3 else []
    return Case("table", {name: data}, tuple(words), rows=len(rows) if known else None)


def _table(name: str, rows: list[dict[str, Any]], chance: Random) -> bytes:
    if ".jsonl" in name:
        return "".join(f"{json.dumps(row, default=str)}\n" for row in rows).encode()
    heads = [*dict.fromkeys(key for row in rows for key in row)] or ["id"]
    if name.endswith(".parquet"):
        columns = {}
        for head in heads:
            cells = [row.get(head) for row in rows]
            try:
                columns[head] = pa.array(cells)
            except (pa.ArrowException, OverflowError, UnicodeError, TypeError):
                columns[head] = pa.array([None if c is None else repr(c) for c in cells])
        stream = io.BytesIO()
        try:
            pq.write_table(pa.table(columns), stream, row_group_size=7)
        except pa.ArrowNotImplementedError:  # a table without keys
            plain = {head: [repr(row.get(head)) for row in rows] for head in heads}
            pq.write_table(pa.table(plain), stream, row_group_size=7)
        return stream.getvalue()
    text = io.StringIO(newline="")
    writer = csv.writer(
        text,
        delimiter="\t" if name.endswith(".tsv") else chance.choice(",;"),
        lineterminator=chance.choice(("\n", "\r\n")),
    )
    writer.writerow(heads)
    for row in rows:
        cells = [row.get(head) for head in heads]
        writer.writerow([";".join(map(str, c)) if isinstance(c, list) else c for c in cells])
    return text.getvalue().encode(errors="surrogatepass")


KINDS: Mapping[str, Callable[[Random], Case]] = {
    "profile in TOML": _of_file("p.toml", "recommend p.toml --json", "explain p.toml",
    "recommend p.toml -v"),
    "profile in JSON": _of_file("p.json", "recommend p.json",
    "compare mars-pro mars-flash p.json --json"),
    "weights": _of_file("w.json", "recommend --weights w.json --json",
    "explain p.json --weights w.json"),
    "measurements": _of_file("m.toml", "recommend --measurements m.toml --json"),
    "samples": _of_file("s.jsonl", "measure --from s.jsonl -o o.toml --json",
    "measure --from s.jsonl"),
    "labels": _of_labels,
    "catalogue": _of_catalogue,
    "table": _of_table,
    "command line": _of_command_line,
}  # fmt: skip


def case_of(number: int) -> Case:
    kinds = [*KINDS]
    chance = Random(number)
    return KINDS[kinds[number % len(kinds)]](chance)


# --------------------------------------------------------------------- what has to hold


def findings(case: Case, folder: Path) -> list[str]:
    """What does not hold of a case in an empty folder, which is the working directory."""
    for name, data in case.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    before = _files(folder)
    try:
        if case.read is not None:
            case.read(folder)
            return []
        done = run(*case.words, stdin=case.stdin)
    except InputError as error:
        return [str(error)] if any(word in str(error) for word in INTERNALS) else []
    except BaseException:  # noqa: BLE001  (what else it may be is what is looked for)
        return [traceback.format_exc()]
    return [*_said_wrongly(case, done), *_left(case, done, before, folder)]


def _files(folder: Path) -> dict[str, bytes]:
    found = folder.rglob("*")
    return {str(p.relative_to(folder)): p.read_bytes() for p in found if p.is_file()}


def _said_wrongly(case: Case, done: Run) -> Iterator[str]:
    if done.returncode not in CODES:
        yield f"exit code {done.returncode}: {done.stderr}"
    for word in INTERNALS:
        if word in done.stderr:
            yield f"{word} in {done.stderr}"
    lines = done.stderr.split("\n")[:-1]
    if any(not line.replace("\u2009", "").isprintable() for line in lines):
        yield f"what acts on a terminal: {done.stderr!r}"
    if done.returncode == 2 and case.words:
        # A measurement is shown before it is said that no fact follows from it.
        if done.stdout and case.words[0] != "measure" and len(case.words) > 1:
            yield f"an answer beside an error: {done.stdout[:200]}"
        if not any(line.startswith("error: ") for line in lines):
            yield f"no error: {done.stderr}"
    asked = "--json" in case.words and case.words[0] not in {"init", "schema"}
    if (
        done.returncode in {0, 3, 4, 5, 6}
        and asked
        and done.stdout.startswith("{")
        and "-" not in case.words
    ):
        try:
            json.loads(done.stdout, parse_constant=_no_constant)
        except ValueError as error:
            yield f"no JSON: {error}"


def _no_constant(word: str) -> object:
    raise ValueError(word)


def _left(case: Case, done: Run, before: Mapping[str, bytes], folder: Path) -> Iterator[str]:
    after = _files(folder)
    made = sorted(name for name in after if after[name] != before.get(name))
    if hidden := [name for name in after if name.endswith(".draft") or ".parts/" in name]:
        yield f"left behind: {hidden}"
    if done.returncode == 2 and made:
        yield f"written beside an error: {made}"
    if lost := before.keys() - after.keys():
        yield f"removed: {lost}"
    if case.rows is not None and done.returncode in {0, 4}:
        numbers = _numbers(case, done, after)
        if numbers != [*range(case.rows)]:
            yield f"{case.rows} rows, answered {numbers}"


def _numbers(case: Case, done: Run, files: Mapping[str, bytes]) -> list[int]:
    """The numbers of the rows that are answered or rejected, in order."""
    found: list[int] = []
    if "-" in case.words:
        said = json.loads(done.stderr[done.stderr.index("{\n") : done.stderr.index("\n}") + 2])
        return [*range(said["rows"])]
    for name, data in files.items():
        if not name.startswith("o."):
            continue
        plain = gzip.decompress(data) if name.endswith(".gz") else data
        if name.endswith(".parquet"):
            found += pq.read_table(io.BytesIO(plain))["row"].to_pylist()
        elif ".jsonl" in name:
            found += [json.loads(line)["row"] for line in plain.splitlines()]
        else:
            found += [int(row["row"]) for row in csv.DictReader(io.StringIO(plain.decode()))]
    return sorted(found)


def try_all(numbers: Sequence[int]) -> tuple[Counter[str], list[str]]:
    """Try cases; return how many there were of each kind, and what does not hold of any."""
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    home, kinds = Path.cwd(), [*KINDS]
    for number in numbers:
        case = case_of(number)
        counts[kinds[number % len(kinds)]] += 1
        with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
            os.chdir(name)
            try:
                found = findings(case, Path(name))
            finally:
                os.chdir(home)
        wrong += [f"case {number}, {case.words}: {each[:300]} … {each[-900:]}" for each in found]
    return counts, wrong
