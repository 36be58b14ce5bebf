"""The command line: exit codes, where each part of the answer goes, and how flags combine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from command import Run, run
from mars_solver import Profile, __version__, recommend
from mars_solver.explaining.explanation import answer_schema
from mars_solver.inputs.profile import profile_schema


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
    assert profile.require.languages == ("en-uk",)


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


def test_locales_are_separated_by_commas() -> None:
    result = run("recommend", "--require", "languages=en-us, HI_in", "--json")
    expected = recommend({"require": {"languages": ["en-us", "hi-in"]}})
    assert answer_of(result) == expected.to_dict()


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


def test_a_catalogue_of_ones_own_is_used_and_checked(tmp_path: Path) -> None:
    claim = 'source = "guide"\nas_of = "2026"\ngrade = "stated"\n'
    own = f'schema = 1\nid = "mine"\nname = "Mine"\n[stage]\nvalue = "released"\n{claim}'
    (tmp_path / "mine.toml").write_text(own, "utf-8")
    for command in (["--models", str(tmp_path)], [str(tmp_path)]):
        checked = run("catalogue", *command, "--check")
        assert (checked.returncode, checked.stdout) == (
            0,
            "1 models, 1 facts as of 2026: no fault found\n",
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
    refused = run("schema", "answers")
    assert refused.returncode == 2
    assert refused.stderr == (
        'error: schema: expected one of profile, answer, found "answers"; did you mean answer?\n'
    )


def test_version_and_help() -> None:
    assert run("--version").stdout == f"mars-solver {__version__}\n"
    assert run().returncode == 2
    assert "recommend" in run("--help").stdout


def test_the_same_input_gives_the_same_bytes() -> None:
    flags = ("recommend", "--require", "voice_transfer=true", "--json")
    assert run(*flags).stdout == run(*flags).stdout


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
        assert f"error: {place}: expected a file, found a {kind}" in result.stderr
    assert pipe.is_fifo()


def test_a_name_that_no_file_can_have_is_said(tmp_path: Path) -> None:
    table = tmp_path / "in.csv"
    table.write_text("id\na\n", "utf-8")
    long = str(tmp_path / f"{'x' * 300}.parquet")
    for words in (("verify", "--pin", long), ("batch", str(table), "-o", long)):
        result = run(*words)
        assert (result.returncode, result.stdout) == (2, "")
        assert "File name too long" in result.stderr
        assert "Traceback" not in result.stderr
