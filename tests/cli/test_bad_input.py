"""Bad input on the command line: exit 2, nothing on stdout, every fault named where it stands."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from command import Run, run, spawn
from mars_solver import InputError, load_profile
from mars_solver.cli import commands as cli
from mars_solver.inputs.files import MAX_BYTES, data_folder, read_document

Fault = tuple[str, ...]
"""Where one fault stands (place and path), then phrases that its line must hold."""
Content = str | bytes | int | None
"""What a file holds; a number makes a sparse file of that size, None a folder."""

INTERNALS: Final = ("Traceback", "NoneType", "datetime.", "sys.set", "Input should", "Tuple should")
"""Words of Python's and pydantic's that tell a user nothing."""
ABSENT: Final = object()


@dataclass(frozen=True)
class Case:
    """One call with bad input, and the faults that stderr must name: these and no other."""

    id: str
    args: tuple[str, ...]
    faults: tuple[Fault, ...]
    files: Mapping[str, Content] = field(default_factory=dict)
    stdin: bytes = b""
    silent: tuple[str, ...] = ()
    """Phrases that would mislead."""


@pytest.fixture(autouse=True)
def _inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(folder: Path, files: Mapping[str, Content]) -> None:
    """Write files; those in `c/` are laid over a copy of the shipped catalogue."""
    if any(name.startswith("c/") for name in files):
        shutil.copytree(data_folder("models"), folder / "c")
    for name, content in files.items():
        path = folder / name
        match content:
            case None:
                path.mkdir()
            case int():
                with path.open("wb") as file:
                    file.truncate(content)
            case str():
                path.write_text(content, encoding="utf-8")
            case _:
                path.write_bytes(content)


def lines_of(outcome: Run) -> list[str]:
    """Return the faults on stderr, one a line, after checking what holds for all bad input."""
    assert outcome.returncode == cli.BAD_INPUT, outcome.stderr
    assert not outcome.stdout
    assert not [word for word in INTERNALS if word in outcome.stderr], outcome.stderr
    lines = outcome.stderr.removesuffix("\n").split("\n")
    assert all(line.startswith("error: ") for line in lines), outcome.stderr
    # A key or a file's name may hold escape sequences; they must not reach the terminal.
    assert all(line.isprintable() for line in lines), outcome.stderr
    return lines


def check(case: Case, outcome: Run) -> None:
    """Check that stderr names the faults of a case, each once, and no other."""
    lines = lines_of(outcome)
    for where, *phrases in case.faults:
        there = [
            line
            for line in lines
            if line.startswith(f"error: {where}: ")
            or (
                line.startswith("error: unknown ")
                and re.search(rf"[(]{re.escape(where)}[;)]", line)
            )
        ]
        fitting = [line for line in there if all(phrase in line for phrase in phrases)]
        assert len(fitting) == 1, f"{where}: {phrases}\n{outcome.stderr}"
    assert len(lines) == len(case.faults), outcome.stderr
    assert not [phrase for phrase in case.silent if phrase in outcome.stderr], outcome.stderr


def below(folder: Path) -> list[Path]:
    """Return everything in a folder."""
    return sorted(folder.rglob("*"))


def replaced(text: str, *edits: tuple[str, str]) -> str:
    """Return `text` with each edit made once."""
    for old, new in edits:
        assert old in text
        text = text.replace(old, new, 1)
    return text


CLAIM = 'source = "guide", as_of = "2026-11", grade = "stated"'
MODEL = f"""
schema = 1
id = "mars-test"
name = "MARS-Test"
stage = {{ value = "released", {CLAIM} }}
memory_mb = {{ low = 600, high = 2400, {CLAIM} }}
fidelity = {{ value = 3, {CLAIM} }}
public_api = {{ value = true, {CLAIM} }}
self_hosted = {{ value = "unknown", {CLAIM} }}
on_device = {{ value = false, {CLAIM} }}

[ttfb_ms]
value = 150
source = "guide"
as_of = "2026-11"
grade = "stated"

[[ttfb_ms.other_claims]]
value = 100
source = "guide"
as_of = "2026-02-20"
grade = "stated"
why_not = "a best case"

[languages]
en-us = {{ value = true, {CLAIM} }}
"""
MEASURED = '[mars-pro.ttfb_ms]\nvalue = 2400\nsource = "our lab"\nas_of = "2026-05"\n'
WEIGHTS = read_document(data_folder("weights") / "default.toml")[0]


def shipped(name: str, *edits: tuple[str, str]) -> str:
    """Return a file of the shipped catalogue, edited."""
    return replaced((data_folder("models") / name).read_text(encoding="utf-8"), *edits)


def weights(changes: Mapping[str, object]) -> str:
    """Return the shipped weights as JSON with the values at dotted paths changed."""
    data = json.loads(json.dumps(WEIGHTS))
    for path, value in changes.items():
        *above, key = path.split(".")
        table: Any = data
        for part in above:
            table = table[part]
        if value is ABSENT:
            del table[key]
        else:
            table[key] = value
    return json.dumps(data)


def curve(*anchors: tuple[float, float], scale: str = "log") -> dict[str, object]:
    """Return a value function with these anchors."""
    return {"scale": scale, "anchors": [{"at": at, "value": value} for at, value in anchors]}


def inside(place: str, faults: tuple[Fault, ...]) -> tuple[Fault, ...]:
    """Return faults with the place before their paths; the whole of it has an empty path."""
    return tuple((f"{place}: {path}" if path else place, *rest) for path, *rest in faults)


def toml(name: str, text: str | bytes, *faults: Fault, silent: tuple[str, ...] = ()) -> Case:
    """Return the case of a profile in TOML; each fault stands in that file."""
    return Case(
        f"toml-{name}",
        ("recommend", "p.toml"),
        inside("p.toml", faults),
        {"p.toml": text},
        silent=silent,
    )


def as_json(name: str, text: str, *faults: Fault) -> Case:
    """Return the case of a profile in JSON; each fault stands in that file."""
    return Case(f"json-{name}", ("recommend", "p.json"), inside("p.json", faults), {"p.json": text})


def stdin(name: str, text: bytes, *faults: Fault) -> Case:
    """Return the case of a profile on standard input."""
    return Case(f"stdin-{name}", ("recommend", "-"), inside("standard input", faults), stdin=text)


def flags(name: str, args: tuple[str, ...], *faults: Fault) -> Case:
    """Return the case of flags without any file."""
    return Case(f"flags-{name}", ("recommend", *args), faults)


def model(name: str, edits: tuple[tuple[str, str], ...], *faults: Fault) -> Case:
    """Return the case of a model file in an otherwise good catalogue."""
    text = replaced(MODEL, *edits)
    args = ("recommend", "--models", "c")
    return Case(
        f"model-{name}", args, inside("c/mars-test.toml", faults), {"c/mars-test.toml": text}
    )


def catalogue(name: str, files: Mapping[str, Content], *faults: Fault) -> Case:
    """Return the case of several files of a catalogue."""
    return Case(f"catalogue-{name}", ("recommend", "--models", "c"), faults, files)


def weighed(name: str, changes: Mapping[str, object], *faults: Fault) -> Case:
    """Return the case of a weights file."""
    args = ("recommend", "--weights", "w.json")
    return Case(f"weights-{name}", args, inside("w.json", faults), {"w.json": weights(changes)})


def measured(name: str, text: str, *faults: Fault, silent: tuple[str, ...] = ()) -> Case:
    """Return the case of a file of measurements."""
    args = ("recommend", "--measurements", "m.toml")
    return Case(f"measured-{name}", args, inside("m.toml", faults), {"m.toml": text}, silent=silent)


TTFB = "require.max_ttfb_ms"
AMOUNT = "a number above 0, at most 1,000,000,000"
IMPORTANCE = "a whole number from 0 to 10"
TAG = "a language tag (BCP 47)"
TAG_HINT = "write a language and perhaps a region, such as en-us"
PRINTABLE = "one line of printable text"
TOO_DEEP = "nesting too deep"
FACT = "a number from 0"

AMOUNTS: Final = (
    ("nan", "nan", "found nan"),
    ("inf", "inf", "found inf"),
    ("negative-inf", "-inf", "found -inf"),
    ("negative", "-5", "found -5"),
    ("zero", "0", "found 0"),
    ("zero-float", "0.0", "found 0.0"),
    ("above-1e9", "1000000001", "found 1000000001"),
    ("1e999", "1e999", "found inf"),
    ("hex-of-5000-digits", "0x" + "f" * 5000, "more than 50 digits"),
    ("bool", "true", "found true"),
    ("number-in-quotes", '"300"', 'found "300"'),
    ("yes", '"yes"', 'found "yes"'),
    ("list", "[300]", "found [300]"),
    ("table", "{ ms = 300 }", "found a table"),
    ("date", "2026-01-01", "found 2026-01-01"),
)

PROFILES: Final = (
    *(
        toml(f"amount-{name}", f"[require]\nmax_ttfb_ms = {text}\n", (TTFB, AMOUNT, found))
        for name, text, found in AMOUNTS
    ),
    toml(
        "bool-is-yes",
        '[require]\nreal_time = "yes"\n',
        ("require.real_time", "true or false", '"yes"'),
    ),
    toml(
        "bool-is-1", "[require]\nreal_time = 1\n", ("require.real_time", "true or false", "found 1")
    ),
    toml("beta-is-text", 'accept_beta = "true"\n', ("accept_beta", "true or false", '"true"')),
    toml("importance-11", "[prefer]\nlatency = 11\n", ("prefer.latency", IMPORTANCE, "found 11")),
    toml("importance-5.5", "[prefer]\nlatency = 5.5\n", ("prefer.latency", IMPORTANCE, "5.5")),
    toml("importance-true", "[prefer]\nlatency = true\n", ("prefer.latency", IMPORTANCE, "true")),
    toml("importance-negative", "[prefer]\nlatency = -1\n", ("prefer.latency", IMPORTANCE, "-1")),
    toml("importance-nan", "[prefer]\nlatency = nan\n", ("prefer.latency", IMPORTANCE, "nan")),
    toml(
        "languages-one-string",
        '[require]\nlanguages = "en-us"\n',
        ("require.languages", "a list of language tags", 'found "en-us"'),
    ),
    toml(
        "language-spelled-out",
        '[require]\nlanguages = ["en-us", "english", 3]\n',
        ("require.languages.1", TAG, 'found "english"', TAG_HINT),
        ("require.languages.2", TAG, "found 3", TAG_HINT),
    ),
    toml(
        "language-in-look-alike-letters",
        '[require]\nlanguages = ["\\u0435n-us"]\n',
        ("require.languages.0", TAG, r'found "\u0435n-us"'),
    ),
    toml("empty", "", ("", "a TOML or JSON document", "an empty file", "leave the file out")),
    toml("blank", " \n\t\n", ("", "a TOML or JSON document", "an empty file")),
    toml("utf-16", b"\xff\xfen\x00", ("", "UTF-8", "byte 0xff at offset 0", "save it as UTF-8")),
    toml("latin-1", b'name = "caf\xe9"\n', ("", "UTF-8", "byte 0xe9 at offset 11")),
    toml("nul-in-text", b'name = "a\x00b"\n', ("", "valid TOML", r"'\x00'", "line 1")),
    toml("nul-escaped", 'name = "a\\u0000b"\n', ("name", PRINTABLE, r'found "a\x00b"')),
    toml(
        "escape-sequence-in-name",
        'name = "\\u001b[31mred\\u202e"\n',
        ("name", PRINTABLE, r'found "\x1b[31mred\u202e"'),
    ),
    toml("name-empty", 'name = ""\n', ("name", PRINTABLE, 'found ""')),
    toml("name-long", f'name = "{"x" * 1001}"\n', ("name", "at most 1000 characters", "xxx…")),
    toml("name-number", "name = 3\n", ("name", PRINTABLE, "found 3")),
    toml(
        "typo",
        "[require]\nmax_tfb_ms = 300\n",
        (
            "require.max_tfb_ms",
            "unknown requirement",
            "max_memory_mb",
            "did you mean `max_ttfb_ms`?",
        ),
    ),
    toml("typo-of-table", "requir = 3\n", ("requir", "unknown key", "did you mean `require`?")),
    toml("unknown-key", "zzz = 3\n", ("zzz", "one of accept_beta, name", "unknown key `zzz`")),
    toml("misplaced-at-top", "real_time = true\n", ("real_time", "unknown", "require.real_time")),
    toml(
        "misplaced-in-each-other",
        "[require]\nlatency = 3\n[prefer]\nreal_time = true\n",
        ("require.latency", "unknown", "prefer.latency"),
        ("prefer.real_time", "unknown", "require.real_time"),
    ),
    toml(
        "escape-sequence-in-key",
        '[require]\n"\\u001b]0;x\\u0007" = 1\n',
        (r"require.\x1b]0;x\x07", r"unknown requirement `\x1b]0;x\x07`"),
    ),
    toml(
        "tables-are-none",
        "require = 3\nprefer = [1]\n",
        ("require", "a table"),
        ("prefer", "a table"),
    ),
    toml("broken", "[require\n", ("", "valid TOML", "line 1")),
    toml("unquoted-word", "[require]\nreal_time = yes\n", ("", "valid TOML", "line 2, column 13")),
    toml("key-twice", "[prefer]\nlatency = 3\nlatency = 4\n", ("", "valid TOML", "line 3")),
    toml("deep-list", f"a = {'[' * 50_000}{']' * 50_000}\n", ("", TOO_DEEP)),
    toml("deep-table", f"a = {'{a=' * 20_000}1{'}' * 20_000}\n", ("", TOO_DEEP)),
    toml(
        "primary-not-stated",
        'primary = "voice_transfer"\n[require]\nreal_time = true\n',
        (
            "primary",
            "a need that is stated (real_time)",
            "found voice_transfer",
            "state a requirement of voice_transfer under require, or drop primary",
        ),
    ),
    toml(
        "primary-typo",
        'primary = "realtime"\n[require]\nreal_time = true\n',
        ("primary", "one of real_time", 'found "realtime"', "did you mean `real_time`?"),
    ),
    toml(
        "batch-in-real-time",
        'workflow = "batch"\n[require]\nreal_time = true\n',
        ("workflow", "no workflow beside real_time", "drop workflow, or drop real_time"),
    ),
    toml(
        "batch-within-300-ms",
        'workflow = "batch"\n[require]\nmax_ttfb_ms = 300\n',
        (
            "workflow",
            "no workflow beside max_ttfb_ms, which needs real_time",
            "drop max_ttfb_ms or raise it to 800",
        ),
    ),
    toml("workflow-typo", 'workflow = "Batch"\n', ("workflow", "batch", "did you mean `batch`?")),
    toml(
        "several-at-once",
        'name = 3\ncolour = "red"\naccept_beta = "no"\n'
        '[require]\nmax_ttfb_ms = -1\nlanguages = ["klingon"]\n[prefer]\ncontrol = 11\n',
        ("name", PRINTABLE),
        ("colour", "unknown key"),
        ("accept_beta", "true or false", 'found "no"'),
        (TTFB, AMOUNT, "found -1"),
        ("require.languages.0", TAG, 'found "klingon"'),
        ("prefer.control", IMPORTANCE, "found 11"),
    ),
    toml(
        "two-contradictions",
        'workflow = "batch"\nprimary = "on_device"\n[require]\nreal_time = true\n',
        ("primary", "found on_device"),
        ("workflow", "found batch"),
    ),
    as_json("nan", '{"require": {"max_ttfb_ms": NaN}}', (TTFB, AMOUNT, "found nan")),
    as_json("infinity", '{"require": {"max_ttfb_ms": Infinity}}', (TTFB, AMOUNT, "found inf")),
    as_json("1e999", '{"require": {"max_ttfb_ms": 1e999}}', (TTFB, AMOUNT, "found inf")),
    as_json("bool", '{"require": {"max_ttfb_ms": true}}', (TTFB, AMOUNT, "found true")),
    as_json("text", '{"require": {"max_ttfb_ms": "300"}}', (TTFB, AMOUNT, 'found "300"')),
    as_json("key-twice", '{"name": "a", "name": "b"}', ("", 'the key "name" more than once')),
    as_json(
        "nested-key-twice",
        '{"require": {"real_time": true, "real_time": false}}',
        ("", 'the key "real_time" more than once'),
    ),
    as_json("array", "[1]", ("", "a JSON object")),
    as_json("null", "null", ("", "a JSON object")),
    as_json("cut-off", '{"require": ', ("", "valid JSON", "line 1 column 13")),
    as_json("two-documents", "{} {}", ("", "valid JSON", "line 1 column 4")),
    as_json("deep-object", '{"a":' * 100_000 + "1" + "}" * 100_000, ("", TOO_DEEP)),
    as_json("deep-array", "[" * 100_000, ("", TOO_DEEP)),
    as_json("lone-surrogate-in-name", '{"name": "\\ud800"}', ("name", PRINTABLE, r"\ud800")),
    as_json("lone-surrogate-in-key", '{"\\ud800": 1}', ("", r"\ud800")),
    as_json("line-break-in-key", '{"require": {"a\\nb": 1}}', (r"require.a\nb", r"`a\nb`")),
    stdin("empty", b"", ("", "a TOML or JSON document", "an empty file")),
    stdin("json", b' {"require": {"max_ttfb_ms": -1}}', (TTFB, AMOUNT, "found -1")),
    stdin("toml", b"[require]\nmax_ttfb_ms = -1\n", (TTFB, AMOUNT, "found -1")),
    stdin("broken", b"{", ("", "valid JSON")),
    stdin("bytes", b"\x80", ("", "UTF-8", "byte 0x80 at offset 0")),
    stdin("large", b" " * (MAX_BYTES + 1), ("", f"at most {MAX_BYTES} bytes", "a larger one")),
)

UNREADABLE: Final = (
    Case("a-folder", ("recommend", "p"), (("p", "directory"),), {"p": None}),
    Case("missing", ("recommend", "p.toml"), (("p.toml", "no such file"),)),
    Case(
        "missing-by-a-typo",
        ("recommend", "line.tmol"),
        (("line.tmol", "no such file", "did you mean `line.toml`?"),),
        {"line.toml": ""},
    ),
    Case(
        "100-MB",
        ("recommend", "p.toml"),
        (("p.toml", f"a file of at most {MAX_BYTES} bytes", "a larger one"),),
        {"p.toml": 100 * 10**6},
    ),
    Case("nul-in-path", ("recommend", "a\0b.toml"), (("PROFILE", "a path", r"a\x00b.toml"),)),
    Case("nul-in-folder", ("recommend", "--models", "a\0b"), (("--models", "a path", r"a\x00b"),)),
    Case(
        "escape-sequence-in-path",
        ("recommend", "a\n\x1b[31mb.toml"),
        ((r"a\n\x1b[31mb.toml", "no such file"),),
    ),
    Case(
        "name-that-no-folder-can-have",
        ("recommend", "--models", "x" * 300),
        (("x" * 300, "file name too long"),),
    ),
    Case(
        "weights-missing",
        ("recommend", "--weights", "w.toml"),
        (("w.toml", "no such file"),),
    ),
    Case(
        "weights-empty",
        ("recommend", "--weights", "w.toml"),
        (("w.toml", "an empty file"),),
        {"w.toml": ""},
        silent=("profile",),
    ),
    Case(
        "weights-broken",
        ("recommend", "--weights", "w.toml"),
        (("w.toml", "valid TOML", "line 2"),),
        {"w.toml": "schema = 1\nname = \n"},
    ),
    Case(
        "measurements-missing",
        ("recommend", "--measurements", "m.toml"),
        (("m.toml", "no such file"),),
    ),
    Case(
        "models-missing",
        ("recommend", "--models", "nowhere"),
        (("nowhere", "no such file", "one TOML file for each model"),),
    ),
    Case(
        "models-is-a-file",
        ("recommend", "--models", "p.toml"),
        (("p.toml", "directory", "one TOML file for each model"),),
        {"p.toml": ""},
    ),
)

FLAGS: Final = (
    flags(
        "no-equals-sign",
        ("--require", "max_ttfb_ms", "--require", "real_tim"),
        ("--require: max_ttfb_ms", "name=value", "write --require max_ttfb_ms=value"),
        ("--require", "unknown requirement `real_tim`", "did you mean `real_time`?"),
    ),
    flags("no-name", ("--require", "=3"), ("--require", "name=value", 'found "=3"')),
    flags(
        "prefer-no-value", ("--prefer", "latency"), ("--prefer: latency", "write --prefer latency=")
    ),
    flags(
        "twice",
        ("--require", "real_time=true", "--require", "real_time=false"),
        ("--require: real_time", "each name once", "keep one"),
    ),
    flags(
        "languages-twice",
        ("--require", "languages=en-us", "--require", "languages=hi-in"),
        ("--require: languages", "each name once", "list the members with commas"),
    ),
    flags(
        "yes", ("--require", "real_time=yes"), ("--require: real_time", "true or false", '"yes"')
    ),
    flags("zero", ("--require", "max_ttfb_ms=0"), ("--require: max_ttfb_ms", AMOUNT, "found 0")),
    flags("nan", ("--require", "max_ttfb_ms=nan"), ("--require: max_ttfb_ms", AMOUNT, "nan")),
    flags("1e999", ("--require", "max_ttfb_ms=1e999"), ("--require: max_ttfb_ms", AMOUNT, "inf")),
    flags("digits", ("--require", f"max_ttfb_ms={'9' * 5000}"), ("--require: max_ttfb_ms", AMOUNT)),
    flags(
        "no-value", ("--require", "max_ttfb_ms="), ("--require: max_ttfb_ms", AMOUNT, 'found ""')
    ),
    flags(
        "typo",
        ("--require", "real_tme=true"),
        ("--require: real_tme", "unknown requirement", "did you mean `real_time`?"),
    ),
    flags("misplaced", ("--require", "latency=3"), ("--require: latency", "unknown", "prefer")),
    flags("locale", ("--require", "languages=english"), ("--require: languages.0", TAG, "english")),
    flags("bytes", ("--require", "real_time=\udcff"), ("--require: real_time", r"\udcff")),
    flags(
        "escape-sequence",
        ("--require", "real_time\x1b[31m=true"),
        (r"--require: real_time\x1b[31m", "unknown requirement"),
    ),
    flags("importance", ("--prefer", "latency=11"), ("--prefer: latency", IMPORTANCE, "found 11")),
    flags("fraction", ("--prefer", "latency=5.5"), ("--prefer: latency", IMPORTANCE, "5.5")),
    flags("bool", ("--prefer", "latency=true"), ("--prefer: latency", IMPORTANCE, "true")),
    flags("workflow", ("--workflow", "btach"), ("--workflow", "batch", "did you mean `batch`?")),
    flags("primary", ("--primary", "on_device"), ("--primary", "a need that is stated (none)")),
    flags(
        "batch-in-real-time",
        ("--workflow", "batch", "--require", "max_ttfb_ms=300"),
        ("--workflow", "no workflow beside max_ttfb_ms", "raise it to 800"),
    ),
    flags(
        "unknown-typo",
        ("--unknown", "flga"),
        ("--unknown", "one of flag, accept, reject", 'found "flga"', "did you mean `flag`?"),
    ),
    flags(
        "every-flag-at-once",
        ("--require", "x", "--prefer", "latency=-1", "--workflow", "day", "--unknown", "maybe"),
        ("--require", "unknown requirement `x`"),
        ("--prefer: latency", IMPORTANCE),
        ("--workflow", 'found "day"'),
        ("--unknown", 'found "maybe"'),
    ),
    Case(
        "flags-over-a-good-file",
        ("recommend", "p.toml", "--workflow", "batch", "--require", "max_ttfb_ms=-2"),
        (
            ("--workflow", "no workflow beside real_time"),
            ("--require: max_ttfb_ms", AMOUNT, "found -2"),
        ),
        {"p.toml": "[require]\nreal_time = true\n"},
    ),
    Case(
        "flags-and-a-bad-file",
        ("recommend", "p.toml", "--require", "real_time=3"),
        (("--require: real_time", "found 3"), ("p.toml: require.max_ttfb_ms", "found -1")),
        {"p.toml": "[require]\nmax_ttfb_ms = -1\n"},
    ),
    Case(
        "flags-explain-no-such-model",
        ("explain", "--model", "mars-por"),
        (("--model", "one of ", "unknown model `mars-por`", "did you mean `mars-pro`?"),),
    ),
    Case(
        "flags-explain-like-recommend",
        ("explain", "p.toml", "--model", "mars-pro", "--prefer", "latency=11"),
        (("p.toml: require.max_ttfb_ms", AMOUNT, "found nan"), ("--prefer: latency", "found 11")),
        {"p.toml": "[require]\nmax_ttfb_ms = nan\n"},
    ),
    Case(
        "flags-two-folders",
        ("catalogue", "c", "--models", "d"),
        (("--models", "one folder", "drop one"),),
    ),
)

CATALOGUES: Final = (
    model("bool", (("value = 150", "value = true"),), ("ttfb_ms.value", FACT, "found true")),
    model("text", (("value = 150", 'value = "150"'),), ("ttfb_ms.value", FACT, '"150"')),
    model("negative", (("value = 150", "value = -150"),), ("ttfb_ms.value", FACT, "-150")),
    model("nan", (("value = 150", "value = nan"),), ("ttfb_ms.value", FACT, "found nan")),
    model("inf", (("value = 150", "value = inf"),), ("ttfb_ms.value", "finite", "high = inf")),
    model(
        "large", (("value = 150", f"value = {'9' * 200}"),), ("ttfb_ms.value", FACT, "50 digits")
    ),
    model("yes", (("value = true", 'value = "yes"'),), ("public_api.value", '"unknown"', '"yes"')),
    model(
        "ordinal", (("value = 3,", "value = 6,"),), ("fidelity", "a number from 1 to 5", "found 6")
    ),
    model(
        "range-reversed",
        (("low = 600", "low = 6000"),),
        ("memory_mb.low", "<= high (2400)", "found 6000", "swap low and high?"),
    ),
    model("low-is-inf", (("low = 600", "low = inf"),), ("memory_mb.low", "finite", "found inf")),
    model("no-high", (("high = 2400, ", ""),), ("memory_mb", "low and high", "neither")),
    model("value-and-range", (("low = 600", "value = 9, low = 600"),), ("memory_mb", "found both")),
    model(
        "unknown-key",
        (("[ttfb_ms]", "tfb_ms = 3\n[ttfb_ms]"),),
        ("tfb_ms", "unknown key", "did you mean `ttfb_ms`?"),
    ),
    model(
        "missing-source",
        (('value = 150\nsource = "guide"\n', "value = 150\n"),),
        ("ttfb_ms.source", "found nothing", "add it"),
    ),
    model(
        "undeclared-source",
        (('value = 100\nsource = "guide"', 'value = 100\nsource = "giude"'),),
        (
            "ttfb_ms.other_claims.0.source",
            "a key of sources.toml",
            '"giude"',
            "did you mean `guide`?",
        ),
    ),
    model(
        "missing-why-not",
        (('why_not = "a best case"', ""),),
        ("ttfb_ms.other_claims.0.why_not", "a reason", "say why it was not chosen"),
    ),
    model("bad-date", (("2026-02-20", "2026-13"),), ("ttfb_ms.other_claims.0.as_of", "YYYY-MM")),
    model("bad-grade", (('"stated"', '"guessed"'),), ("stage.grade", "one of stated", '"guessed"')),
    model(
        "unknown-stage",
        (('"released"', '"relesed"'),),
        ("stage.value", "one of released, beta", '"relesed"', "did you mean `released`?"),
    ),
    model(
        "no-configuration",
        (("value = true", "value = false"), ('"unknown"', "false")),
        ("on_device, self_hosted, public_api", "a way to run the model", "correct a fact"),
    ),
    model("schema", (("schema = 1", "schema = 2"),), ("schema", "1, the version", "found 2")),
    model("schema-missing", (("schema = 1\n", ""),), ("schema", "found nothing", "add it")),
    model("locale", (("en-us", "english"),), ("languages.english", TAG, "such as en-us")),
    model(
        "locale-twice",
        (("en-us = ", f"en-uk = {{ value = true, {CLAIM} }}\nen-gb = "),),
        ("languages.en-gb", "each member once", "found en-gb and en-uk", "keep one"),
    ),
    model(
        "stem-is-not-id",
        (("mars-test", "mars-tset"),),
        ("id", '"mars-test", the name of the file', '"mars-tset"', "rename the file"),
    ),
    model("id-of-two-words", (("mars-test", "Mars Test"),), ("id", "lower-case", '"Mars Test"')),
    catalogue(
        "id-twice",
        {"c/mars-test.toml": MODEL, "c/mars-too.toml": MODEL},
        ("c/mars-too.toml: id", '"mars-too"'),
        ("c/mars-too.toml: id", "an id of its own", "as in c/mars-test.toml"),
    ),
    Case(
        "catalogue-check",
        ("catalogue", "--check", "c"),
        (("c/mars-test.toml: ttfb_ms.value", FACT, "found -150"),),
        {"c/mars-test.toml": replaced(MODEL, ("value = 150", "value = -150"))},
    ),
    catalogue("empty", {"c": None}, ("c", "at least one model file", "none", "add <id>.toml")),
    catalogue("folder-as-model", {"c/x.toml": None}, ("c/x.toml", "directory")),
    catalogue(
        "sources-schema",
        {"c/sources.toml": shipped("sources.toml", ("schema = 1", "schema = 3"))},
        ("c/sources.toml: schema", "expected 1", "found 3"),
    ),
    catalogue(
        "source-typo-without-echo",
        {
            "c/sources.toml": shipped("sources.toml") + '\n[lab]\ntitel = "x"\nwhere = "y"\n',
            "c/mars-test.toml": replaced(MODEL, ('source = "guide"\n', 'source = "lab"\n')),
        },
        ("c/sources.toml: lab.titel", "unknown key", "did you mean `title`?"),
        ("c/sources.toml: lab.title", "found nothing"),
        ("c/sources.toml: lab.date", "found nothing"),
    ),
    catalogue(
        "flowchart-typo",
        {
            "c/guide/flowchart.toml": shipped(
                "guide/flowchart.toml", ('need = "on_device"', 'need = "device"')
            )
        },
        ("c/guide/flowchart.toml: questions.3.need", 'found "device"', "did you mean `on_device`?"),
    ),
    catalogue(
        "guide-beside-the-models",
        {f"c/{name}": shipped(f"guide/{name}") for name in ("flowchart.toml", "pins.toml")},
        ("c/flowchart.toml", "a model", "a part of the guide", "move it to c/guide"),
        ("c/pins.toml", "a model", "a part of the guide", "move it to c/guide"),
    ),
    catalogue(
        "several-files-at-once",
        {
            "c/mars-one.toml": "id = \n",
            "c/mars-two.toml": b"\xff",
            "c/mars-test.toml": replaced(
                MODEL, ("value = 150", "value = -1"), ("low = 6", "low = -6")
            ),
        },
        ("c/mars-one.toml", "valid TOML", "line 1"),
        ("c/mars-two.toml", "UTF-8"),
        ("c/mars-test.toml: ttfb_ms.value", "found -1"),
        ("c/mars-test.toml: memory_mb.low", "found -600"),
    ),
)

WHOLE = "a whole number from 0 to 1000000"
LATENCY = "curves.latency"
LATENCY_ANCHORS = f"{LATENCY}.anchors"

WEIGHED: Final = (
    weighed("negative", {"base.control": -45}, ("base.control", WHOLE, "found -45")),
    weighed("float", {"base.control": 45.0}, ("base.control", WHOLE, "found 45.0")),
    weighed("large", {"base.control": 10**6 + 1}, ("base.control", WHOLE, "found 1000001")),
    weighed("bool", {"base.control": True}, ("base.control", WHOLE, "found true")),
    weighed(
        "anchors-falling",
        {LATENCY: curve((100, 10**6), (50, 0))},
        (LATENCY_ANCHORS, "rising", "[100, 50]", "sort them"),
    ),
    weighed(
        "anchors-level", {LATENCY: curve((100, 10**6), (100, 0))}, (LATENCY_ANCHORS, "[100, 100]")
    ),
    weighed(
        "log-of-0",
        {LATENCY: curve((0, 10**6), (100, 0))},
        (f"{LATENCY_ANCHORS}.0.at", "above 0 on a log scale", "found 0"),
    ),
    weighed(
        "values-up-and-down",
        {LATENCY: curve((1, 10**6), (2, 0), (3, 5), (4, 0))},
        (LATENCY_ANCHORS, "only rise or only fall", "[1000000, 0, 5, 0]"),
    ),
    weighed(
        "values-short-of-the-end",
        {LATENCY: curve((1, 10**6), (2, 1))},
        (LATENCY_ANCHORS, "0 and 1000000", "[1000000, 1]"),
    ),
    weighed(
        "value-above-the-scale",
        {LATENCY: curve((1, 10**6 + 1), (2, 0))},
        (f"{LATENCY_ANCHORS}.0.value", WHOLE, "found 1000001"),
    ),
    weighed(
        "anchor-at-nan",
        {LATENCY: curve((float("nan"), 10**6), (2, 0))},
        (f"{LATENCY_ANCHORS}.0.at", "a number from 0", "found nan"),
    ),
    weighed("one-anchor", {LATENCY: curve((1, 0))}, (LATENCY_ANCHORS, "at least 2")),
    weighed(
        "scale-typo",
        {LATENCY: curve((1, 10**6), (2, 0), scale="lgo")},
        (f"{LATENCY}.scale", "one of linear, log", "did you mean `log`?"),
    ),
    weighed("schema", {"schema": 9}, ("schema", "1, the version", "found 9")),
    weighed(
        "several-at-once",
        {"name": 3, "base.control": -1, "first.real_time.latency": 0.5},
        ("name", PRINTABLE),
        ("base.control", "found -1"),
        ("first.real_time.latency", "found 0.5"),
    ),
)

MEASUREMENTS: Final = (
    measured(
        "unknown-model",
        MEASURED.replace("mars-pro", "mars-por"),
        ("mars-por", "one of ", "mars-pro", 'found "mars-por"', "did you mean `mars-pro`?"),
    ),
    measured(
        "unknown-fact",
        MEASURED.replace("ttfb_ms", "tfb_ms"),
        ("mars-pro.tfb_ms", "unknown key", "did you mean `ttfb_ms`?"),
    ),
    measured(
        "stage-is-no-measurement",
        MEASURED.replace("ttfb_ms", "stage"),
        ("mars-pro.stage", "unknown key"),
    ),
    measured(
        "no-source",
        MEASURED.replace('source = "our lab"\n', ""),
        ("mars-pro.ttfb_ms.source", "found nothing", "add it"),
    ),
    measured(
        "not-measured",
        f'{MEASURED}grade = "stated"\n',
        ("mars-pro.ttfb_ms.grade", "measured", 'found "stated"'),
    ),
    measured(
        "negative",
        MEASURED.replace("2400", "-2400"),
        ("mars-pro.ttfb_ms.value", FACT, "found -2400"),
    ),
    measured(
        "bare-number", "[mars-pro]\nttfb_ms = 3\n", ("mars-pro.ttfb_ms", "a table", "found 3")
    ),
    measured("no-table", "mars-pro = 3\n", ("mars-pro", "a table", "found 3")),
    measured(
        "locale",
        MEASURED.replace("ttfb_ms", "languages.english").replace("2400", "true"),
        ("mars-pro.languages.english", TAG, "such as en-us"),
    ),
    measured("empty", "", ("", "an empty file"), silent=("profile",)),
    measured(
        "several-at-once",
        f"zzz = 3\n[mars-flash]\nx = 1\n{MEASURED.replace('2400', 'nan')}",
        ("zzz", 'found "zzz"'),
        ("mars-flash.x", "unknown key"),
        ("mars-pro.ttfb_ms.value", "found nan"),
    ),
)

EVERYWHERE: Final = (
    Case(
        "profile-weights-and-catalogue-at-once",
        ("recommend", "p.toml", "--weights", "w.json", "--models", "c", "--prefer", "latency=11"),
        (
            ("p.toml: require.max_ttfb_ms", "found -1"),
            ("p.toml: colour", "unknown key"),
            ("w.json: base.control", "found -45"),
            ("c/mars-test.toml: ttfb_ms.value", "found -150"),
            ("--prefer: latency", "found 11"),
        ),
        {
            "p.toml": "colour = 1\n[require]\nmax_ttfb_ms = -1\n",
            "w.json": weights({"base.control": -45}),
            "c/mars-test.toml": replaced(MODEL, ("value = 150", "value = -150")),
        },
    ),
    Case(
        "stdin-weights-and-measurements-at-once",
        ("recommend", "-", "--weights", "w.json", "--measurements", "m.toml"),
        (
            ("standard input", "valid JSON"),
            ("w.json", "no such file"),
            ("m.toml: mars-pro.ttfb_ms.value", "found -2400"),
        ),
        {"m.toml": MEASURED.replace("2400", "-2400")},
        stdin=b"{",
    ),
)

CASES: Final = (*PROFILES, *UNREADABLE, *FLAGS, *CATALOGUES, *WEIGHED, *MEASUREMENTS, *EVERYWHERE)
SPAWNED: Final = (
    "toml-deep-list",
    "json-deep-object",
    "stdin-large",
    "100-MB",
    "flags-bytes",
)
"""Cases that depend on the process: on its stack, its memory, its streams and its arguments."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_every_fault_is_named_where_it_stands(case: Case, tmp_path: Path) -> None:
    write(tmp_path, case.files)
    before = below(tmp_path)
    check(case, run(*case.args, stdin=case.stdin))
    assert below(tmp_path) == before


@pytest.mark.parametrize("id_", SPAWNED)
def test_a_process_of_its_own_says_the_same(id_: str, tmp_path: Path) -> None:
    case = next(case for case in CASES if case.id == id_)
    write(tmp_path, case.files)
    check(case, spawn(*case.args, stdin=case.stdin))


def test_what_the_cases_spoil_is_good(tmp_path: Path) -> None:
    files = {"c/mars-test.toml": MODEL, "w.json": weights({}), "m.toml": MEASURED}
    write(tmp_path, files)
    args = ("--models", "c", "--weights", "w.json", "--measurements", "m.toml")
    outcome = run("recommend", *args, "--json")
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert "mars-test" in [entry["model"] for entry in json.loads(outcome.stdout)["shortlist"]]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("p.toml", f"[require]\nmax_ttfb_ms = {'9' * 5000}\n"),
        ("p.json", f'{{"require": {{"max_ttfb_ms": {"9" * 5000}}}}}'),
        ("p.json", f'{{"require": {{"max_ttfb_ms": -{"9" * 5000}}}}}'),
    ],
    ids=["toml", "json", "json-negative"],
)
def test_whole_numbers_of_5000_digits(name: str, text: str, tmp_path: Path) -> None:
    write(tmp_path, {name: text})
    (line,) = lines_of(run("recommend", name))
    assert line.startswith(f"error: {name}: ")
    assert "digits" in line


def test_a_key_of_5000_letters_is_cut_short(tmp_path: Path) -> None:
    write(tmp_path, {"p.toml": f"{'k' * 5000} = 1\n"})
    (line,) = lines_of(run("recommend", "p.toml"))
    assert line.startswith("error: p.toml: kkk")
    assert "unknown key" in line
    assert len(line) < 1000


@pytest.mark.parametrize("closing", ["]", "}"])
def test_no_depth_of_nesting_is_a_fault_of_ours(closing: str, tmp_path: Path) -> None:
    # What can be parsed just below the recursion limit must still be quoted in the message.
    opening = "[" if closing == "]" else '{"a":'
    limit = sys.getrecursionlimit()
    for depth in range(limit - 200, limit):
        nested = f"{opening * depth}0{closing * depth}"
        write(tmp_path, {"p.json": f'{{"require": {{"languages": [{nested}]}}}}'})
        with pytest.raises(InputError) as caught:
            load_profile("p.json")
        (problem,) = caught.value.problems
        assert str(problem).startswith("p.json: ")
    (line,) = lines_of(run("recommend", "p.json"))
    assert line.startswith("error: p.json: ")


MANY_KEYS = ",".join(f'"k{i}":1' for i in [*range(80_000), 7])


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [("p.json", f"{{{MANY_KEYS}}}", '"k7"'), ("p.toml", f"{'a.' * 200_000}b = 1\n", "p.toml")],
    ids=["json-of-many-keys", "toml-key-of-many-parts"],
)
def test_no_small_file_hangs(name: str, text: str, found: str, tmp_path: Path) -> None:
    assert len(text) <= MAX_BYTES
    write(tmp_path, {name: text})
    (line,) = lines_of(spawn("recommend", name))
    assert line.startswith(f"error: {name}: ")
    assert found in line


@pytest.mark.parametrize(
    ("args", "named"),
    [
        (("recommend", ""), "profile"),
        (("recommend", "--weights", ""), "--weights"),
        (("recommend", "--models", ""), "--models"),
        (("recommend", "--measurements", ""), "--measurements"),
        (("explain", ""), "profile"),
        (("catalogue", ""), "dir"),
    ],
    ids=["profile", "weights", "models", "measurements", "explain", "catalogue"],
)
def test_an_empty_path_is_not_an_absent_one(args: tuple[str, ...], named: str) -> None:
    (line,) = lines_of(run(*args))
    assert named in line.lower()


@pytest.mark.parametrize("words", [("recommend", "-"), ("batch", "-", "-o", "-"), ("mcp",)])
def test_standard_input_closed(words: tuple[str, ...]) -> None:
    (line,) = lines_of(run(*words, stdin=None))
    assert line.startswith("error: standard input: it is closed")


def test_a_folder_before_a_set_is_told_where_it_goes() -> None:
    (line,) = lines_of(run("catalogue", "mine", "languages"))
    assert line.endswith("a folder comes after it: catalogue languages --models mine")


def test_a_folder_that_is_none_may_be_meant_for_a_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (line,) = lines_of(run("catalogue", "langauges"))
    assert line == "error: catalogue: langauges: no such folder; did you mean `languages`?"
    (tmp_path / "langauges").mkdir()
    (line,) = lines_of(run("catalogue", "langauges"))
    assert line == "error: langauges: found none; expected at least one model file; add <id>.toml"


def test_standard_input_can_be_read_once() -> None:
    lines = lines_of(
        run("recommend", "-", "--weights", "-", stdin=b"[require]\nreal_time = true\n")
    )
    assert [line for line in lines if "standard input" in line]
    assert not [line for line in lines if "an empty file" in line]


def test_a_measurement_that_leaves_no_configuration_excludes_the_model(tmp_path: Path) -> None:
    one = MEASURED.replace("2400", "false")
    names = ("public_api", "self_hosted", "on_device")
    write(tmp_path, {"m.toml": "".join(one.replace("ttfb_ms", name) for name in names)})
    result = run("recommend", "--measurements", "m.toml", "--json")
    assert (result.returncode, result.stderr) == (0, "")
    excluded = {each["model"]: each["violations"] for each in json.loads(result.stdout)["excluded"]}
    (violation,) = excluded["mars-pro"]
    assert (violation["requirement"], violation["source"]) == ("configuration", "our lab")


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({"base.price": 1}, "w.json: this catalogue has no criteria price; ignored"),
        ({"base.contrl": 1}, "w.json: this catalogue has no criteria contrl; ignored"),
        ({"first.speed": {"latency": 1}}, "w.json: this catalogue has no needs speed; ignored"),
    ],
    ids=["criterion", "typo", "need"],
)
def test_rows_of_weights_that_the_catalogue_lacks_are_noted(
    changes: Mapping[str, object], note: str, tmp_path: Path
) -> None:
    write(tmp_path, {"w.json": weights(changes)})
    result = run("recommend", "--weights", "w.json", "--json")
    assert (result.returncode, result.stderr) == (0, "")
    assert note in json.loads(result.stdout)["notes"]


def test_a_criterion_that_the_weights_do_not_know_counts_nothing(tmp_path: Path) -> None:
    write(tmp_path, {"w.json": weights({"base.control": ABSENT, "first.on_device": ABSENT})})
    result = run("recommend", "--weights", "w.json", "--json")
    (control,) = [
        each["weight"]
        for each in json.loads(result.stdout)["shortlist"][0]["contributions"]
        if each["criterion"] == "control"
    ]
    assert control == 0
    (line,) = lines_of(run("recommend", "--weights", "w.json", "--prefer", "control=3"))
    assert "found control; expected a criterion that w.json scores; add base.control to it" in line


USAGE: Final = (
    (("recommend", "--top", "0"), ("error: --top: expected a number from 1",)),
    (("recommend", "--top", "-1"), ("error: --top: expected a number from 1",)),
    (("serve", "--port", "65536"), ("error: --port: expected a number", "to 65535")),
    (("recommend", "--max-ttfb-ms", "300,5"), ('found "300,5"', "write 300.5")),
    (("recommend", "--require", "max_ttfb_ms=1,500"), ("write 1.500, or 1500",)),
    (("compare", "mars-pro", "MARS-Pro"), ("error: compare: name two different models",)),
    (("recommend", "--top", "1.5"), ("--top", "a whole number")),
    (("recommend", "--top", "9" * 5000), ("--top", "a whole number")),
    (("recommend", "--bogus"), ("unknown option `--bogus`",)),
    (("recommend", "--requir", "real_time=true"), ("--requir", "--require")),
    (
        ("recommend", "--max-ttfb", "300"),
        ("`--max-ttfb`; did you mean `--max-ttfb-ms`?",),
    ),
    (
        ("recommend", "--models", "x", "--taste", "5"),
        ("`--taste`", "--require taste=VALUE"),
    ),
    (("verify", "--pin", "no/such/pins.toml"), ("make the folder no/such first",)),
    (("recommend", "--require"), ("--require", "requires an argument")),
    (("recommend", "--accept-beta=yes"), ("--accept-beta", "does not take a value")),
    (("recommend", "a.toml", "b.toml"), ("unexpected extra argument", "b.toml")),
    (("recomend",), ("recomend", "recommend")),
)


@pytest.mark.parametrize(("args", "phrases"), USAGE, ids=[" ".join(args)[:40] for args, _ in USAGE])
def test_usage(args: tuple[str, ...], phrases: tuple[str, ...]) -> None:
    outcome = run(*args)
    assert outcome.returncode == cli.BAD_INPUT
    assert not outcome.stdout
    assert "Traceback" not in outcome.stderr
    (line,) = outcome.stderr.splitlines()
    assert line.startswith("error: ")
    assert not [phrase for phrase in phrases if phrase not in line], line


def test_a_bad_call_leaves_no_file_and_no_trace_in_the_next(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    bad = spawn(
        "recommend", "-", "--weights", "w.toml", stdin=b"[require]\nreal_time = 1\n", folder=home
    )
    assert bad.returncode == cli.BAD_INPUT
    assert below(home) == []
    good = spawn("recommend", "-", stdin=b"[require]\nreal_time = true\n", folder=home)
    assert (good.returncode, good.stderr) == (0, "")
    assert "MARS-Flash" in good.stdout
    assert below(home) == []


def test_a_good_call_after_a_bad_one_in_the_same_process(tmp_path: Path) -> None:
    good = run("recommend", "--require", "real_time=true", "--json")
    write(tmp_path, {"c/mars-test.toml": replaced(MODEL, ("value = 150", "value = nan"))})
    assert run("recommend", "--models", "c").returncode == cli.BAD_INPUT
    assert run("recommend", "--require", "real_time=true", "--json") == good
    (tmp_path / "c/mars-test.toml").write_text(MODEL, encoding="utf-8")
    assert run("recommend", "--models", "c").returncode == 0
