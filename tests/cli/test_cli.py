"""The command line: exit codes, where each part of the answer goes, and how flags combine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import jsonschema
import pytest

from command import Run, run
from mars_solver import Profile, __version__, load_catalogue, recommend
from mars_solver.explaining.explanation import answer_schema
from mars_solver.inputs.profile import profile_schema
from mars_solver.vocabulary import Kind


def answer_of(result: Run) -> dict[str, object]:
    data = json.loads(result.stdout)
    assert isinstance(data, dict)
    return data


def test_json_is_the_librarys_answer_to_the_same_profile(tmp_path: Path) -> None:
    file = tmp_path / "p.json"
    profile = Profile(name="x", require={"real_time": True, "languages": ["EN_GB"]})
    file.write_text(json.dumps(profile.to_dict()), "utf-8")
    result = run("recommend", str(file), "--json")
    assert (result.returncode, result.stderr) == (0, "")
    assert answer_of(result) == recommend(profile).to_dict()
    assert profile.require["languages"] == ("en-gb",)


@pytest.mark.parametrize(
    "stdin",
    [
        '{"require": {"max_ttfb_ms": 300}}',
        ' \n\t{"require": {"max_ttfb_ms": 300.0}}',
        "[require]\nmax_ttfb_ms = 300\n",
        "\ufeff[require]\nmax_ttfb_ms = 3e2\n",
    ],
)
def test_standard_input_is_json_or_toml(stdin: str) -> None:
    expected = recommend({"require": {"max_ttfb_ms": 300}}).to_dict()
    assert answer_of(run("recommend", "-", "--json", stdin=stdin)) == expected


def test_flags_override_the_file(tmp_path: Path) -> None:
    file = tmp_path / "p.toml"
    file.write_text(
        'workflow = "batch"\n[require]\nstyle_control = true\nlanguages = ["en-us"]\n', "utf-8"
    )
    flags: Sequence[str] = (
        "--require", "style_control=false", "--require", "languages=null",
        "--require", "voice_transfer=true", "--require", "min_sample_rate_hz=4.41e4",
        "--prefer", "fidelity=9", "--primary", "voice_transfer", "--accept-beta",
    )  # fmt: skip
    expected = recommend(
        {
            "workflow": "batch",
            "primary": "voice_transfer",
            "accept_beta": True,
            "require": {"voice_transfer": True, "min_sample_rate_hz": 44100},
            "prefer": {"fidelity": 9},
        }
    )
    assert answer_of(run("recommend", str(file), *flags, "--json")) == expected.to_dict()


@pytest.mark.parametrize("listed", ["en-us, HI_in", "en-us;hi-in", " en_us ; hi-in "])
def test_members_are_separated_by_commas_and_semicolons(listed: str) -> None:
    result = run("recommend", "--require", f"languages={listed}", "--json")
    expected = recommend({"require": {"languages": ["en-us", "hi-in"]}})
    assert answer_of(result)["shortlist"] == expected.to_dict()["shortlist"]
    assert answer_of(result)["profile"] == expected.to_dict()["profile"]


def test_members_of_a_set_of_numbers_are_numbers() -> None:
    result = run("recommend", "--require", "output_sample_rates_hz=24000,8e3", "--json")
    expected = recommend({"require": {"output_sample_rates_hz": [24000, 8000]}})
    assert answer_of(result) == expected.to_dict()


def test_each_requirement_has_a_flag_and_a_capability_needs_no_value() -> None:
    requirements = load_catalogue().declared.requirements
    values = {Kind.CAPABILITY: "true", Kind.SET: "7", Kind.NUMBER: "7", Kind.ORDINAL: "7"}
    tried = [r for r in requirements if r.members != "language"]
    assert len(tried) >= 15
    flags: list[str] = []
    texts: list[str] = []
    for each in tried:
        value = values[each.kind]
        flag = f"--{each.name.replace('_', '-')}"
        flags += [flag] if each.kind is Kind.CAPABILITY else [flag, value]
        texts += ["--require", each.name if value == "true" else f"{each.name}={value}"]
    by_flag, by_name = (run("recommend", *words, "--json") for words in (flags, texts))
    assert answer_of(by_flag) == answer_of(by_name)
    stated = answer_of(by_flag)["profile"]["require"]  # type: ignore[index]
    assert list(stated) == [r.name for r in tried]
    assert answer_of(run("recommend", "--max-ttfb-ms=7", "--json")) == (
        answer_of(run("recommend", "--max-ttfb-ms", "7", "--json"))
    )
    for each in requirements:
        assert f"--{each.name.replace('_', '-')}" in run("recommend", "--help").stdout


def test_an_infeasible_profile_is_answered_with_exit_3() -> None:
    flags = ("--require", "real_time=true", "--require", "style_control=true")
    for result in (run("recommend", *flags, "--json"), run("recommend", *flags)):
        assert (result.returncode, result.stderr) == (3, "")
    data = answer_of(run("recommend", *flags, "--json"))
    assert data["status"] == "infeasible"
    assert data["shortlist"] == []
    assert data["conflicts"] == [["real_time", "style_control"]]


def test_explain_adds_keys_and_leaves_the_answer_as_it_is() -> None:
    flags = ("--require", "voice_transfer=true", "--json")
    base, explained = (
        answer_of(run(*command, *flags))
        for command in (["recommend"], ["explain", "--model", "mars-flash"])
    )
    assert {key: explained[key] for key in base} == base
    assert recommend({"require": {"voice_transfer": True}}).explain("mars-flash").to_dict() == (
        explained
    )
    nothing = run("explain", "--require", "real_time=true", "--require", "style_control=true")
    assert (nothing.returncode, nothing.stderr) == (3, "")


def test_policy_and_top_reach_the_answer() -> None:
    flags = ("--require", "real_time=true", "--require", "voice_transfer=true", "--json")
    rejected = answer_of(run("recommend", *flags, "--unknown", "reject"))
    assert [c["model"] for c in rejected["shortlist"]] == ["mars-pro"]  # type: ignore[attr-defined]
    cut = answer_of(run("recommend", *flags, "--top", "2"))
    assert len(cut["shortlist"]) == 2  # type: ignore[arg-type]


def test_a_measurement_by_flag_is_a_fact() -> None:
    texts = (
        "mars-pro.ttfb_ms=2400",
        "mars-8.1-pro-beta.ttfb_ms=200..240",
        "mars-flash.voice_transfer=yes",
        "mars-flash.languages.pa-in=no",
    )
    words = [word for text in texts for word in ("--measure", text)]
    asked = {
        "accept_beta": True,
        "require": {"max_ttfb_ms": 2000, "languages": ["pa-in"], "voice_transfer": True},
    }
    claim = {"source": "--measure", "as_of": load_catalogue().as_of}
    expected = recommend(
        asked,
        measurements={
            "mars-pro": {"ttfb_ms": {**claim, "value": 2400}},
            "mars-8.1-pro-beta": {"ttfb_ms": {**claim, "low": 200, "high": 240}},
            "mars-flash": {
                "voice_transfer": {**claim, "value": True},
                "languages": {"pa-in": {**claim, "value": False}},
            },
        },
    )
    result = run("recommend", "-", *words, "--json", stdin=json.dumps(asked))
    assert answer_of(result) == expected.to_dict()
    assert {each.model for each in expected.excluded} >= {"mars-pro", "mars-flash"}


def test_measurements_of_several_files_add_up(tmp_path: Path) -> None:
    for name, value in (("a", 2400), ("b", 2600)):
        claim = f'value = {value}\nsource = "{name}"\nas_of = "2026-05"\n'
        (tmp_path / f"{name}.toml").write_text(f"[mars-pro.ttfb_ms]\n{claim}", "utf-8")
    files = [w for n in ("a", "b") for w in ("--measurements", str(tmp_path / f"{n}.toml"))]
    answer = answer_of(run("recommend", "--require", "max_ttfb_ms=2000", *files, "--json"))
    excluded = {each["model"]: each for each in answer["excluded"]}  # type: ignore[attr-defined]
    (violation,) = excluded["mars-pro"]["violations"]
    assert (violation["found"], violation["source"]) == (2600, "b")


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ("mars-pro.ttfb_ms", ("model.attribute=value", '"mars-pro.ttfb_ms"')),
        ("mars-por.ttfb_ms=3", ("mars-por.ttfb_ms", "unknown model", "did you mean `mars-pro`?")),
        ("mars-pro.tfb_ms=3", ("mars-pro.tfb_ms", "did you mean `ttfb_ms`?")),
        ("mars-pro.ttfb_ms=fast", ("mars-pro.ttfb_ms.value", '"fast"')),
        ("mars-pro.ttfb_ms=9..3", ("mars-pro.ttfb_ms.low", "swap low and high?")),
        ("mars-pro.languages.english=no", ("mars-pro.languages.english", "BCP 47")),
        ("=3", ("model.attribute=value",)),
    ],
)
def test_a_faulty_measurement_is_named(text: str, phrases: tuple[str, ...]) -> None:
    result = run("recommend", "--measure", text)
    assert (result.returncode, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: ")
    assert "--measure" in line
    assert not [phrase for phrase in phrases if phrase not in line], line


def test_a_requirement_that_is_kept_does_not_move() -> None:
    flags = ("--real-time", "--style-control", "--max-ttfb-ms", "100", "--json")
    free = answer_of(run("recommend", *flags))
    kept = answer_of(run("recommend", *flags, "--keep", "real_time", "--keep", "max_ttfb_ms"))
    moved = [
        [change["requirement"] for change in each["changes"]]
        for each in kept["relaxations"]  # type: ignore[attr-defined]
    ]
    assert len(free["relaxations"]) > len(moved)  # type: ignore[arg-type]
    assert not [names for names in moved if {"real_time", "max_ttfb_ms"} & set(names)]
    refused = run("recommend", *flags, "--keep", "real_tme")
    assert refused.returncode == 2
    assert refused.stderr.startswith(
        "error: unknown requirement `real_tme`; did you mean `real_time`? (--keep; expected one of "
    )
    unstated = run("recommend", *flags, "--keep", "offline")
    assert unstated.returncode == 2
    assert "--keep: found offline; expected a requirement that the profile states (real_time, " in (
        unstated.stderr
    )


def test_two_models_are_compared() -> None:
    flags = ("--require", "max_ttfb_ms=1000", "--voice-transfer")
    expected = recommend({"require": {"max_ttfb_ms": 1000, "voice_transfer": True}})
    result = run("compare", "mars-flash", "mars-pro", *flags, "--json")
    assert answer_of(result) == expected.compare("mars-flash", "mars-pro").to_dict()
    text = run("compare", "mars-flash", "mars-pro", *flags)
    assert (text.returncode, text.stderr) == (0, "")
    assert "MARS-Pro is ahead of MARS-Flash by 0." in text.stdout
    refused = run("compare", "mars-flash", "mars-por")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "did you mean `mars-pro`?" in refused.stderr


FOREIGN = """
schema = 1
[variables]
mode = ["live", "queued"]
[attributes.price]
kind = "number"
label = "Price"
unit = "EUR"
requirements = { max = "max_price" }
[attributes.certs]
kind = "set"
label = "Certifications"
[attributes.sms]
kind = "capability"
label = "SMS fallback"
enables = { mode = ["queued"] }
pins = { mode = ["queued"] }
"""


def foreign(folder: Path, **more: str) -> str:
    """Write a catalogue that shares no attribute with the shipped one, and has no guide."""
    claim = 'source = "lab"\nas_of = "2026"\ngrade = "stated"\n'
    lab = 'schema = 1\n[lab]\ntitle = "Our lab"\nwhere = "here"\ndate = "2026"\n'
    own = f"""schema = 1\nid = "mine"\nname = "Mine"\n[defaults]\n{claim}
[stage]\nvalue = "released"\n[price]\nlow = 10\nhigh = 30
[certs]\nyes = ["ISO"]\nothers = "no"\n[sms]\nvalue = true\n"""
    files = {"attributes.toml": FOREIGN, "sources.toml": lab, "mine.toml": own, **more}
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return str(folder)


def test_a_profile_is_checked_against_the_catalogue_that_is_asked(tmp_path: Path) -> None:
    models = ("--models", foreign(tmp_path))
    answer = run("recommend", *models, "--require", "max_price=20", "--require", "certs=iso;x")
    assert answer.returncode == 3
    assert "price at most 20 EUR; certifications iso, x" in answer.stdout
    assert "guide" not in answer.stdout
    assert "How to call it" not in answer.stdout
    met = answer_of(run("recommend", *models, "--require", "sms", "--json"))
    assert met["status"] == "meets"
    assert (met["flowchart"], met["calls"]) == (None, {})
    assert met["shortlist"][0]["configuration"] == {"mode": "queued"}  # type: ignore[index]
    refused = run("recommend", *models, "--require", "real_time=true", "--prefer", "latency=3")
    assert refused.returncode == 2
    assert [line.partition(";")[0] for line in refused.stderr.splitlines()] == [
        "error: unknown preference `latency` (--prefer: latency",
        "error: unknown requirement `real_time` (--require: real_time",
    ]


def test_a_profile_is_checked_where_the_models_are_faulty(tmp_path: Path) -> None:
    folder = foreign(tmp_path, **{"bad.toml": "schema = 2\n"})
    refused = run("recommend", "--models", folder, "--require", "max_price=0")
    assert refused.returncode == 2
    assert "bad.toml: schema: " in refused.stderr
    assert "--require: max_price: " in refused.stderr


@pytest.mark.parametrize("word", ["max_price", "price", "price_usd_per_mchr"])
def test_a_part_of_a_long_name_is_enough_to_be_told_the_rest(word: str) -> None:
    refused = run("recommend", "--require", f"{word}=30")
    assert refused.returncode == 2
    assert "did you mean `max_price_usd_per_mchar`?" in refused.stderr


def test_the_schemas_are_those_of_a_catalogue(tmp_path: Path) -> None:
    folder = foreign(tmp_path)
    declared = load_catalogue(folder).declared
    assert answer_of(run("schema", "--models", folder)) == profile_schema(declared)
    assert answer_of(run("schema", "answer", "--models", folder)) == answer_schema(declared)


def test_a_template_is_filled_and_a_broken_one_is_named(tmp_path: Path) -> None:
    text = "{{ model.id }} in {{ configuration.mode }} {{ require.certs | join }}{{ require.sms }}"
    folder = foreign(tmp_path, **{"calls/own.jinja": text, "calls/none.jinja": "{# never #}"})
    answer = answer_of(run("recommend", "--models", folder, "--require", "certs=iso", "--json"))
    assert answer["calls"] == {"own": "mine in live ISONone"}
    for broken in ("{% if %}", "{{ require.nothing }}", "{{ model.__class__ }}"):
        (tmp_path / "calls" / "own.jinja").write_text(f"\n{broken}", "utf-8")
        result = run("recommend", "--models", folder)
        assert (result.returncode, result.stdout) == (2, "")
        assert "error: calls/own.jinja" in result.stderr
    (tmp_path / "calls" / "own.jinja").write_text("\n{% if %}", "utf-8")
    checked = run("catalogue", folder, "--check")
    assert (checked.returncode, checked.stdout) == (2, "")
    assert "error: calls/own.jinja: line 2: " in checked.stderr


def test_a_checked_catalogue_is_checked_in_every_file(tmp_path: Path) -> None:
    asked = "[labels.profile.require]\nsmz = true\n"
    lines = f'[[labels]]\nid = "A"\nline = "A"\ntext = "t"\nexpected = ["mine"]\n{asked}'
    broken = {"guide/lines.toml": lines, "guide/pins.toml": "pinz = 1\n", "calls/a.jinja": "{{"}
    checked = run("catalogue", foreign(tmp_path, **broken), "--check")
    assert (checked.returncode, checked.stdout) == (2, "")
    for fault in ("lines.toml: labels.0.profile.require.smz", "pins.toml: pinz", "calls/a.jinja"):
        assert fault in checked.stderr


def test_a_catalogue_of_ones_own_is_used_and_checked(tmp_path: Path) -> None:
    claim = 'source = "guide"\nas_of = "2026"\ngrade = "stated"\n'
    own = f'schema = 1\nid = "mine"\nname = "Mine"\n[stage]\nvalue = "released"\n{claim}'
    (tmp_path / "mine.toml").write_text(own, "utf-8")
    for command in (["--models", str(tmp_path)], [str(tmp_path)]):
        checked = run("catalogue", *command, "--check")
        assert (checked.returncode, checked.stdout) == (
            0,
            "1 model, 1 fact as of 2026: no fault found\n",
        )
    data = answer_of(run("recommend", "--models", str(tmp_path), "--json"))
    assert [c["model"] for c in data["shortlist"]] == ["mine"]  # type: ignore[attr-defined]


def test_the_catalogue_as_json_holds_every_fact_and_no_infinity() -> None:
    result = run("catalogue", "--json")
    data = json.loads(result.stdout, parse_constant=pytest.fail)
    instruct = next(model for model in data["models"] if model["id"] == "mars-instruct")
    assert instruct["ttfb_ms"]["low"] == 2000
    assert instruct["ttfb_ms"]["high"] is None
    assert data["sha256"] == recommend().to_dict()["catalogue"]["sha256"]


def test_the_schemas_are_printed() -> None:
    assert answer_of(run("schema")) == answer_of(run("schema", "profile")) == profile_schema()
    assert answer_of(run("schema", "answer")) == answer_schema()
    compared = answer_of(run("compare", "mars-flash", "mars-pro", "--json"))
    jsonschema.validate(compared, answer_of(run("schema", "comparison")))
    refused = run("schema", "answers")
    assert refused.returncode == 2
    assert refused.stderr == (
        "error: unknown schema `answers`; did you mean `answer`?"
        " (schema; expected one of profile, answer, comparison, attributes, model, sources,"
        " flowchart, weights, measurements, labels)\n"
    )


def test_version_and_help() -> None:
    assert run("--version").stdout == f"mars-solver {__version__}\n"
    alone = run()
    assert (alone.returncode, alone.stderr) == (2, "")
    assert alone.stdout.strip() == run("--help").stdout.strip()
    assert "recommend" in alone.stdout


def test_the_same_input_gives_the_same_bytes() -> None:
    flags = ("recommend", "--require", "voice_transfer=true", "--json")
    assert run(*flags).stdout == run(*flags).stdout


@pytest.mark.parametrize(
    ("words", "code"),
    [(("recommend", "--json"), 0), (("recommend", "--max-ttfb-ms", "10"), 3), (("nothing",), 2)],
)
def test_an_answer_that_nobody_reads_is_no_fault(words: Sequence[str], code: int) -> None:
    """The exit code is the answer's, as if it were read."""
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "mars_solver", *words]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert done.returncode == code
    assert b"Traceback" not in done.stderr
    assert b"BrokenPipe" not in done.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has a device that is full")  # noqa: PTH110
def test_an_output_that_cannot_be_written_is_one_plain_error(tmp_path: Path) -> None:
    table = tmp_path / "profiles.csv"
    table.write_text("real_time\ntrue\n", "utf-8")
    told = "error: cannot write standard output: no space left on device"
    program = [sys.executable, "-m", "mars_solver"]
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        for words in (["recommend", "--json"], ["batch", str(table), "-o", "-"]):
            done = subprocess.run(
                [*program, *words], stdout=full, stderr=subprocess.PIPE, check=False, text=True
            )
            assert (done.returncode, done.stderr.splitlines()[-1]) == (1, told)
            assert "Traceback" not in done.stderr
        silent = [*program, "recommend", "--nothing"]
        assert subprocess.run(silent, stderr=full, check=False).returncode == 2


def test_an_encoding_without_the_tick_is_no_crash() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "mars_solver", "recommend"],
        capture_output=True,
        check=False,
        env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
    )
    assert result.returncode == 0
    assert rb"\u2713  MARS-Pro" in result.stdout


def test_a_written_file_is_whole_and_as_open_as_any_other(tmp_path: Path) -> None:
    target = tmp_path / "pins.toml"
    (tmp_path / "plain").write_text("", "utf-8")
    assert run("verify", "--pin", str(target)).returncode == 0
    assert target.stat().st_mode == (tmp_path / "plain").stat().st_mode
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pins.toml", "plain"]


def test_no_device_and_no_folder_is_written_over(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for place, kind in ((pipe, "device or pipe"), (tmp_path, "folder")):
        result = run("verify", "--pin", str(place))
        assert (result.returncode, result.stdout) == (2, "")
        assert f"error: {place}: found a {kind}; expected a file" in result.stderr
    assert pipe.is_fifo()


def test_a_name_that_no_file_can_have_is_said(tmp_path: Path) -> None:
    table = tmp_path / "in.csv"
    table.write_text("id\na\n", "utf-8")
    long = str(tmp_path / f"{'x' * 300}.parquet")
    for words in (("verify", "--pin", long), ("batch", str(table), "-o", long)):
        result = run(*words)
        assert (result.returncode, result.stdout) == (2, "")
        assert "file name too long" in result.stderr
        assert "Traceback" not in result.stderr
    for folder in (".", "/", str(tmp_path)):
        result = run("batch", str(table), "-o", folder)
        assert (result.returncode, result.stdout) == (2, "")
        assert "expected a file" in result.stderr
