"""What a newcomer leans on: help with examples, presets, names, completion, and near words."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from command import HANG, run
from mars_solver import load_catalogue, recommend
from mars_solver.cli import commands
from mars_solver.inputs.files import data_folder

SHIPPED = load_catalogue()
ANSWERING = ("recommend", "explain", "compare")
COMMANDS = tuple(
    each.name or getattr(each.callback, "__name__", "") for each in commands.app.registered_commands
)


def examples(command: str) -> list[str]:
    """The commands at the end of a help."""
    words = run(command, "--help").stdout.partition("Examples:")[2].split()
    return " ".join(words).split("mars-solver ")[1:]


@pytest.mark.parametrize("command", ANSWERING)
def test_the_help_groups_a_flag_for_each_requirement_with_its_label(command: str) -> None:
    text = " ".join(re.sub("[│╭╮╰╯─]", " ", run(command, "--help").stdout).split())
    groups = {each.group for each in SHIPPED.declared.requirements}
    for group in groups:
        assert group in text
    for each in SHIPPED.declared.requirements:
        assert f"--{each.name.replace('_', '-')} " in text
        assert each.label in text


@pytest.mark.parametrize("command", COMMANDS)
def test_a_help_breaks_its_lines_for_the_terminal_alone(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    about = run(command, "--help").stdout.partition("Usage:")[2].partition("╭")[0]
    _usage, *paragraphs = re.split(r"\n\s*\n", about.strip())
    assert paragraphs
    assert all("\n" not in each for each in paragraphs)


@pytest.mark.usefixtures("_without_the_dead")
@pytest.mark.parametrize("command", sorted({*COMMANDS} - {"serve", "measure", "mcp"}))
def test_the_examples_of_each_help_run(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "profile.toml").write_text("[require]\nreal_time = true\n", "utf-8")
    (tmp_path / "profiles.csv").write_text("id,real_time\na,true\n", "utf-8")
    if command != "init":
        for name in ("my-models", "models", "changed"):
            shutil.copytree(data_folder("models"), tmp_path / name)
        shutil.copytree(data_folder("weights"), tmp_path / "weights")
    found = examples(command)
    assert found
    for each in found:
        called = run(*shlex.split(each))
        assert called.returncode in {0, 3, 6}, (each, called.stderr)


@pytest.mark.parametrize("preset", SHIPPED.presets, ids=lambda each: each.name)
def test_a_preset_by_name_is_its_profile(preset: object) -> None:
    name, profile = preset.name, preset.profile  # type: ignore[attr-defined]
    answer = run("recommend", "--preset", name, "--json")
    assert json.loads(answer.stdout) == recommend(profile).to_dict()
    assert name in run("catalogue", "presets").stdout


def test_flags_lie_over_a_preset_and_a_file_beside_it_is_refused() -> None:
    answer = run("recommend", "--preset", "support-agent", "--max-ttfb-ms", "900", "--json")
    assert json.loads(answer.stdout)["profile"]["require"]["max_ttfb_ms"] == 900
    wrong = run("recommend", "--preset", "suport-agent")
    assert wrong.stderr.startswith("error: unknown preset `suport-agent`; did you mean `support-")
    both = run("recommend", "-", "--preset", "audiobook", stdin="{}")
    assert (wrong.returncode, both.returncode) == (2, 2)
    assert "expected one profile to start from; drop one" in both.stderr


@pytest.mark.parametrize(
    ("loud", "quiet"),
    [
        (
            "--preset SUPPORT-AGENT --keep REAL_TIME --unknown FLAG",
            "--preset support-agent --keep real_time --unknown flag",
        ),
        (
            "--require REAL_TIME --require Voice_Transfer=TRUE --primary Voice_Transfer",
            "--real-time --voice-transfer --primary voice_transfer",
        ),
        (
            "--prefer Latency=8 --workflow BATCH --for CURL",
            "--prefer latency=8 --workflow batch --for curl",
        ),
        (
            "--require output_sample_rates_hz=[8000,24000]",
            "--output-sample-rates-hz 8000,24000",
        ),
    ],
)
def test_what_is_typed_in_another_way_is_understood(loud: str, quiet: str) -> None:
    found = run("recommend", *loud.split())
    assert found == run("recommend", *quiet.split())
    assert found.returncode == 0


def test_a_model_is_known_by_its_name_in_any_case() -> None:
    expected = recommend().compare("mars-flash", "mars-pro").to_dict()
    assert json.loads(run("compare", "MARS-Flash", "mars-PRO", "--json").stdout) == expected
    by_name = run("recommend", "--measure", "MARS-Pro.ttfb_ms=90", "--json")
    assert by_name.stdout == run("recommend", "--measure", "mars-pro.ttfb_ms=90", "--json").stdout
    assert "MARS-Nano in particular" in run("explain", "--model", "MARS-NANO").stdout


def test_who_speaks_what_is_told_with_the_evidence() -> None:
    every = json.loads(run("catalogue", "languages", "--json").stdout)["members"]
    assert sorted(every) == sorted(map(str, SHIPPED.known_members("languages")))
    portuguese = json.loads(run("catalogue", "languages", "PT", "--json").stdout)["members"]
    assert portuguese == {tag: each for tag, each in every.items() if tag.startswith("pt-")}
    assert {each["known"] for row in every.values() for each in row.values()} == {"yes", "unknown"}
    text = run("catalogue", "languages", "en_US").stdout
    assert text.startswith("en-us\n  ✓ MARS-Flash: yes; ")
    wrong = run("catalogue", "languages", "english")
    assert wrong.returncode == 2
    assert 'found "english"; expected a language tag (BCP 47)' in wrong.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("recommend --max-ttfb-ms abc", '--max-ttfb-ms: found "abc"; expected a number above 0'),
        ("recommend --languages xx;english", '--languages: 1: found "english"; expected a lang'),
        ("recommend --languages=", '--languages: 0: found ""; expected a language tag'),
        ("recommend --require platforms=", '--require: platforms.0: found ""; expected a word'),
        ("recommend --realtime", "unknown option `--realtime`; did you mean `--real-time`?"),
        ("batch --outptu x", "unknown option `--outptu`; did you mean `--output`?"),
        ("recomend", "unknown command `recomend`; did you mean `recommend`?"),
        (
            "recommend --require realtime",
            "unknown requirement `realtime`; did you mean `real",
        ),
        ("recommend nofile.toml", "nofile.toml: no such file"),
    ],
)
def test_an_error_begins_with_its_news(words: str, said: str) -> None:
    called = run(*words.split())
    assert (called.returncode, called.stdout) == (2, "")
    assert called.stderr.startswith(f"error: {said}")


def test_no_file_is_written_over_unasked_and_each_is_named(tmp_path: Path) -> None:
    for words in (["explain", "--html"], ["verify", "--pin"]):
        path = tmp_path / words[0]
        path.write_text("mine", "utf-8")
        refused = run(*words, str(path))
        assert (refused.returncode, refused.stdout, path.read_text("utf-8")) == (2, "", "mine")
        assert "expected a file that is not there yet" in refused.stderr
        assert "--force" in refused.stderr
        forced = run(*words, str(path), "--force")
        assert (forced.returncode, forced.stderr) == (0, f"Wrote {path}\n")
        assert path.read_text("utf-8") != "mine"


def completed(line: str) -> list[str]:
    """What completes the last word of a line, as a shell asks."""
    environment = {
        **os.environ,
        "_MARS_SOLVER_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split(" ")) - 1),
    }
    code = (
        "import sys; sys.argv[0] = 'mars-solver'; from mars_solver.cli.commands import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        timeout=HANG,
    )
    assert "Traceback" not in done.stderr
    return done.stdout.split()


def test_values_are_completed() -> None:
    assert completed("mars-solver recommend --preset sma") == ["smart-speaker"]
    assert completed("mars-solver recommend --languages en-us,pt-b") == ["en-us,pt-br"]
    assert "--real-time" in completed("mars-solver recommend --rea")


def test_a_help_that_nobody_reads_ends_quietly() -> None:
    script = "{0} -m mars_solver --help | true; exit ${{PIPESTATUS[0]}}"
    closed = "{0} -m mars_solver recommend >&- 2>&-"
    for line in (script, closed):
        done = subprocess.run(
            ["bash", "-c", line.format(shlex.quote(sys.executable))],  # noqa: S607
            capture_output=True,
            check=False,
            timeout=HANG,
        )
        assert (done.returncode, done.stderr) == (0, b"")
