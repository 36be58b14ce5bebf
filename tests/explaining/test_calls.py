"""How to call a model: what is printed is complete, says what was asked for, and cannot be broken.

`test_calls_installed.py` holds the same calls against the packages that they use.
"""

from __future__ import annotations

import ast
import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import printed
from command import run, script
from mars_solver import load_catalogue, recommend
from mars_solver.explaining import calls
from mars_solver.inputs.files import data_folder

CATALOGUE = load_catalogue()
ALL = tuple(printed.printed(CATALOGUE))
PYTHON = ("camb-sdk", "livekit", "pipecat")


def body_of(code: str) -> dict[str, Any]:
    """The JSON that a printed curl command sends."""
    words = shlex.split(printed.filled(code).partition("\n\n")[2], comments=True)
    data = words[words.index("--data") + 1].replace("$VOICE_ID", str(printed.VOICE_ID))
    return dict(json.loads(data))


def keywords(code: str) -> dict[str, Any]:
    """The named values of all calls in some Python, those that are literals or constants."""
    tree = ast.parse(code)
    named = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    found: dict[str, Any] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg is not None:
            value = (
                named.get(node.value.id, node.value)
                if isinstance(node.value, ast.Name)
                else (node.value)
            )
            if isinstance(value, ast.Constant):
                found[node.arg] = value.value
    return found


def test_every_printed_call_is_complete_code(tmp_path: Path) -> None:
    for name in PYTHON:
        for i, text in enumerate({e.calls.ready[name] for e in ALL if name in e.calls.ready}):
            compile(printed.filled(text), name, "exec")
            (tmp_path / f"{name}_{i}.py").write_text(f"{text}\n", "utf-8")
    # No name is unknown and no import idle; the layout is one that nobody has to mend.
    for work in (["check", "--select", "E4,E7,E9,F,I"], ["format", "--check"]):
        done = script("-m", "ruff", *work, "--isolated", "--line-length", "100", str(tmp_path))
        assert done.returncode == 0, done.stdout
    scripts = {each.calls.ready["curl"] for each in ALL if "curl" in each.calls.ready}
    assert len(scripts) > 50
    for text in scripts:
        assert body_of(text)["voice_id"] == printed.VOICE_ID
    whole = "".join(f"called() {{\n{printed.filled(text)}\n}}\n" for text in scripts)
    (tmp_path / "calls.sh").write_text(whole, "utf-8")
    bash = shutil.which("bash") or "bash"
    checked = subprocess.run(
        [bash, "-n", "calls.sh"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize("name", ["curl", *PYTHON])
def test_a_call_says_what_the_configuration_and_the_profile_ask_for(name: str) -> None:
    seen = 0
    for each in ALL:
        text = each.calls.ready.get(name)
        if text is None:
            continue
        seen += 1
        own = each.configuration["deployment"] == "self_hosted"
        rates = each.require.get("output_sample_rates_hz", [])
        formats = each.require.get("output_formats", ["wav"])
        directed = each.configuration["style"] == "directed"
        assert ("user_instructions" in text) == directed, text
        if name == "curl":
            said = body_of(text)
            said |= said["output_configuration"]
        else:
            said = keywords(printed.filled(text))
        assert said.get("speech_model", said.get("model")) == each.model.speech_model.value  # type: ignore[union-attr]
        assert said.get("voice_id", said.get("voice", printed.VOICE_ID)) == printed.VOICE_ID
        streamed = each.configuration["delivery"] == "streaming"
        if name in {"curl", "camb-sdk"}:
            assert said["format"] == formats[0]
            assert said.get("sample_rate") == (rates[0] if rates and not own else None)
        else:
            assert all(str(rate) in text for rate in rates)
            assert '"pcm_s16le"' in text or name == "pipecat"
        if name == "curl":
            assert ("--no-buffer" in text) == streamed
            assert ("--output hello." in text) != streamed
        else:
            assert ("sys.stdout.buffer.write(" in text) == streamed
            assert ('"hello.' in text) != streamed
        assert ("baseten" in text) == own
        assert ("REFERENCE_LANGUAGE = " in text) == own
    assert seen


def test_an_own_deployment_is_called_at_its_hosted_service_and_only_by_the_sdk() -> None:
    own = [each for each in ALL if each.configuration["deployment"] == "self_hosted"]
    assert {name for each in own for name in each.calls.ready} == {"camb-sdk"}
    assert {each.model.id for each in own if each.calls.ready} == {"mars-flash"}
    asked = {"require": {"self_hosted": True, "output_sample_rates_hz": [24000]}}
    text = recommend(asked).calls["camb-sdk"]
    assert "Baseten, a hosted GPU service" in text
    assert "passes no sample rate to a deployment: resample what arrives to 24000 Hz" in text


def test_a_platform_is_called_only_where_it_knows_the_model() -> None:
    for name in ("livekit", "pipecat"):
        called = {each.model.id for each in ALL if name in each.calls.ready}
        assert called == {"mars-flash", "mars-pro", "mars-instruct"}
    betas = {each.model.id for each in ALL if each.model.beta and "curl" in each.calls.ready}
    assert betas == {"mars-8.1-flash-beta", "mars-8.1-pro-beta"}


def test_a_locale_is_spelled_as_the_one_who_is_called_spells_it() -> None:
    spelled = {
        (name, tag): re.findall(r'"?language"?[=:] ?"([^"]*)"', text)
        for tag in ("en-gb", "EN_UK", "zh-hans-cn", "pt", "fr", "bn", "es-xl")
        for name, text in recommend({"require": {"languages": [tag]}}).calls.items()
    }
    for tag in ("en-gb", "EN_UK"):
        assert spelled["camb-sdk", tag] == ["en-uk"]
        assert (
            spelled["curl", tag] == spelled["livekit", tag] == spelled["pipecat", tag] == ["en-gb"]
        )
    for tag, sent in (
        ("zh-hans-cn", "zh-cn"),
        ("pt", "pt-pt"),
        ("fr", "fr-fr"),
        ("bn", "bn-in"),
        ("es-xl", "es-xl"),
    ):
        assert {tuple(spelled[name, tag]) for name in ("curl", *PYTHON)} == {(sent,)}


def test_a_language_alone_is_called_by_the_locale_that_is_known_best() -> None:
    asked = {"require": {"languages": ["fr"]}}
    measured = {"mars-pro": {"languages": {"fr-be": {"value": True, "source": "us",
                                                     "as_of": "2026-12"}}}}  # fmt: skip
    assert '"fr-fr"' in recommend(asked).calls["curl"]
    assert '"fr-be"' in recommend(asked, measurements=measured).calls["curl"]


def test_a_model_without_an_endpoint_has_no_call_and_says_how_to_get_it() -> None:
    assert not any(each.calls.ready for each in ALL if each.model.id == "mars-nano")
    answer = recommend({"require": {"on_device": True}})
    assert (answer.calls, answer.shortlist[0].model) == ({}, "mars-nano")
    for name in CATALOGUE.calls:
        refused = run("recommend", "--on-device", "--for", name)
        assert (refused.returncode, refused.stdout) == (3, "")
        assert refused.stderr.startswith(f"MARS-Nano comes first, but cannot be called with {name}")
        assert "ask the vendor: no public endpoint or download found" in refused.stderr
        assert "There is no other way to call it." in refused.stderr


def test_for_prints_the_ready_call_alone() -> None:
    flags = ("--real-time", "--languages", "en-gb")
    calls_in_json = recommend({"require": {"real_time": True, "languages": ["en-gb"]}}).calls
    assert list(calls_in_json) == ["camb-sdk", "curl", "livekit", "pipecat"]
    for name, text in calls_in_json.items():
        done = run("recommend", *flags, "--for", name)
        assert (done.returncode, done.stdout) == (0, f"{text}\n")
        first, rest = done.stderr.splitlines()
        assert first == "Use MARS-Flash, once you have verified languages."
        assert "languages: en-gb" in rest
        assert "judged (guide), not measured" in rest
    assert "camb-sdk; also curl, livekit, pipecat" in run("recommend", *flags).stdout
    shown = run("recommend", *flags, "-v").stdout
    assert shown.count("How to call it with") == 1
    assert "Other ways to call it: --for curl, --for livekit, --for pipecat" in shown


def test_a_way_that_does_not_deliver_the_format_asked_for_is_none_and_says_so() -> None:
    for workflow, formats, ready in (
        (None, ["mp3"], False),
        (None, ["wav"], False),
        ("batch", ["wav"], True),
        (None, ["mp3", "pcm_s16le"], True),
    ):
        calling = recommend({"workflow": workflow, "require": {"output_formats": formats}}).calling
        assert {"camb-sdk", "curl"} <= set(calling.ready)
        for way in ("livekit", "pipecat"):
            assert (way in calling.ready) == ready
            said = f" delivers pcm_s16le, not {formats[0]}"
            assert ready or calling.missing[way].endswith(said)


def test_for_says_what_there_is_where_it_prints_nothing(tmp_path: Path) -> None:
    other = run("recommend", "--self-hosted", "--for", "livekit")
    assert (other.returncode, other.stdout) == (3, "")
    assert "livekit: the LiveKit plugin calls the vendor's cloud alone." in other.stderr
    assert "Other ways to call it: --for camb-sdk" in other.stderr
    none = run("recommend", "--real-time", "--style-control", "--for", "curl")
    text = run("recommend", "--real-time", "--style-control")
    assert (none.returncode, none.stdout, none.stderr) == (3, "", text.stdout)
    wrong = run("recommend", "--for", "livkit", "--prefer", "latency=11")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "did you mean `livekit`?" in wrong.stderr
    assert "--prefer" in wrong.stderr
    both = run("recommend", "--for", "curl", "--json")
    assert (both.returncode, both.stdout) == (2, "")
    shutil.copytree(data_folder("models"), tmp_path / "own")
    shutil.rmtree(tmp_path / "own" / "calls")
    bare = run("recommend", "--models", str(tmp_path / "own"), "--for", "curl")
    assert (bare.returncode, bare.stdout) == (2, "")
    assert "--for: found none; expected a catalogue with templates of calls" in bare.stderr


texts = st.text(st.characters(), max_size=12) | st.sampled_from(
    ['"; import os #', "'; rm -rf ~ #", "$(id)", "`id`", "\\", "\n", "\u2028", "\u202e", "é", "😀"]
)


@given(texts)
def test_any_text_is_one_literal_in_each_language(text: str) -> None:
    python = calls._python(text)
    assert ast.literal_eval(python) == text
    assert python.isprintable()
    sent = calls._json(text)
    assert json.loads(sent) == text
    assert sent.isascii()
    if "\0" not in text and not re.search("[\ud800-\udfff]", text):
        assert shlex.split(f"x '{sent}' {calls._shell(text)}") == ["x", sent, text]


@pytest.mark.parametrize("strange", ['"\\"+x #', "' | touch x '", "$(touch x)", "{{ 7*7 }}"])
def test_strange_values_break_no_call(strange: str, tmp_path: Path) -> None:
    shutil.copytree(data_folder("models"), tmp_path / "own")
    path = tmp_path / "own" / "mars-flash.toml"
    changed = path.read_text("utf-8").replace(
        'name = "MARS-Flash"', f"name = {json.dumps(strange)}"
    )
    changed = changed.replace('yes = ["wav",', f'yes = [{json.dumps(strange)}, "wav",')
    changed = changed.replace('value = "mars-flash"', f"value = {json.dumps(strange)}")
    path.write_text(changed, "utf-8")
    catalogue = load_catalogue(tmp_path / "own")
    asked = {
        "require": {
            "public_api": True,
            "max_ttfb_ms": 200,
            "output_formats": [strange, "pcm_s16le"],
        }
    }
    found = recommend(asked, catalogue=catalogue).calls
    assert set(found) == {"camb-sdk", "curl", "livekit", "pipecat"}
    for name in PYTHON:
        said = keywords(found[name])
        assert strange in (said.get("speech_model"), said.get("model"))
    assert keywords(found["camb-sdk"])["format"] == strange
    assert body_of(found["curl"])["speech_model"] == strange
    assert body_of(found["curl"])["output_configuration"] == {"format": strange}


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ('{{ has("tow_bar") }}', "the catalogue declares no capability tow_bar"),
        ('{{ has("real_time", "x") }}', "the catalogue declares no set real_time"),
        ('{{ spelled("languages", "pt", "nowhere") }}', "no languages or no source nowhere"),
        (
            '{% if configuration.delivery == "batch" %}{{ require.nothing }}{% endif %}',
            "no attribute 'nothing'",
        ),
    ],
)
def test_a_template_that_cannot_be_filled_for_some_model_is_no_template(
    template: str, fault: str, tmp_path: Path
) -> None:
    shutil.copytree(data_folder("models"), tmp_path / "own")
    (tmp_path / "own" / "calls" / "mine.jinja").write_text(template, "utf-8")
    checked = run("catalogue", str(tmp_path / "own"), "--check")
    assert (checked.returncode, checked.stdout) == (2, "")
    assert checked.stderr.startswith("error: calls/mine.jinja: found ")
    assert "; expected a template of a call" in checked.stderr
    assert fault in checked.stderr


def test_a_template_says_why_it_comes_to_nothing(tmp_path: Path) -> None:
    shutil.copytree(data_folder("models"), tmp_path / "own")
    (tmp_path / "own" / "calls" / "mine.jinja").write_text("{{ no_call('too far') }}", "utf-8")
    (tmp_path / "own" / "calls" / "none.jinja").write_text("{# never #}", "utf-8")
    for name, reason in (("mine", "too far"), ("none", "the catalogue has no such call for it")):
        refused = run("recommend", "--models", str(tmp_path / "own"), "--for", name)
        assert (refused.returncode, refused.stdout) == (3, "")
        assert f"cannot be called with {name}: {reason}." in refused.stderr
