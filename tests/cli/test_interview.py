"""Questions on a terminal: asked until none can change the winner."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping

import pytest

from command import HANG, run
from mars_solver import InputError, Recommendation, recommend
from mars_solver.cli.interview import settled, stated_by
from mars_solver.explaining.asking import Interview

MOST = 25


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def asked(
    monkeypatch: pytest.MonkeyPatch, profile: Mapping[str, object], typed: str
) -> Recommendation:
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    return settled(recommend(profile))


def test_without_a_terminal_nothing_is_asked() -> None:
    done = run("recommend", "--ask", "--real-time")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        "error: --ask: standard input is no terminal; state what you know in the profile or with"
        " flags, or run it on a terminal\n"
    )


@pytest.mark.long
def test_on_a_real_terminal_the_questions_end_with_the_input_and_the_answer_stands_alone() -> None:
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "mars_solver", "recommend", "--real-time", "--ask", "--json"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=theirs, stdout=pipe, stderr=pipe) as process:
        os.write(ours, b"perhaps\noffline\n\x04")
        answer, told = process.communicate(timeout=HANG)
    os.close(theirs)
    os.close(ours)
    assert process.returncode == 0
    assert json.loads(answer)["profile"]["require"] == {"real_time": True, "offline": True}
    assert b"error: unknown requirement `perhaps`" in told
    assert told.endswith(b"the answer is for what is known so far.\n")


def test_no_to_everything_leaves_the_profile_and_ends(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = asked(monkeypatch, {"require": {"real_time": True}}, "no\n\nN\n" + "\n" * MOST)
    told = capsys.readouterr()
    assert answer.to_dict() == recommend({"require": {"real_time": True}}).to_dict()
    assert told.out == ""
    assert told.err.endswith("No further question can change which model comes first.\n")


def test_a_bad_reply_is_told_and_asked_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    profile = {"require": {"real_time": True}}
    first = Interview(recommend(profile)).ask
    assert first is not None
    answer = asked(monkeypatch, profile, f"perhaps\n{first.field}\nno\n")
    told = capsys.readouterr().err
    assert told.count(first.text) == 2
    assert "error: unknown requirement `perhaps` (the reply" in told
    assert answer.profile.require[first.field] is True
    assert "No more questions" in told or "No further question" in told


def test_what_a_reply_leaves_out_is_denied_and_not_asked_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first = Interview(recommend({})).ask
    assert first is not None
    assert first.beside
    asked(monkeypatch, {}, f"{first.field}\n" + "no\n" * MOST)
    told = capsys.readouterr().err
    for name in first.fields:
        assert told.count(f"[{name}]") == 1


@pytest.mark.parametrize(
    ("fields", "reply", "stated"),
    [
        (["languages"], "hi-in, pt", {"languages": ["hi-in", "pt"]}),
        (["languages"], "no", {}),
        (["languages"], "languages = no", {"languages": ["no"]}),
        (["max_ttfb_ms"], "300", {"max_ttfb_ms": 300}),
        (["style_control"], "Yes", {"style_control": True}),
        (["style_control"], "false", {}),
        (["style_control"], "STYLE_CONTROL", {"style_control": True}),
        (["on_device", "offline"], "skip", {}),
        (["on_device", "offline"], "offline, On_Device", {"on_device": True, "offline": True}),
        (
            ["offline", "platforms", "max_memory_mb"],
            "max_memory_mb = 300 platforms=livekit, pipecat; offline",
            {"offline": True, "max_memory_mb": 300, "platforms": ["livekit", "pipecat"]},
        ),
        (["on_device", "offline"], "max_ttfb_ms=300", {"max_ttfb_ms": 300}),
        (["accept_beta"], "y", {"accept_beta": True}),
        (["primary"], "voice_transfer", {"primary": "voice_transfer"}),
        (["workflow"], "yes", {"workflow": "batch"}),
    ],
)
def test_every_kind_of_reply_states_its_field(
    fields: list[str], reply: str, stated: Mapping[str, object]
) -> None:
    before = recommend({"require": {"voice_transfer": True}}).profile
    after = stated_by(before, fields, reply).to_dict()
    whole = {**after, **after["require"]}
    kept = {"accept_beta": False, "voice_transfer": True, "prefer": {}, **stated}
    assert {name: value for name, value in whole.items() if name != "require"} == kept


@pytest.mark.parametrize(
    ("fields", "reply", "news"),
    [
        (["primary"], "voice_transfr", "did you mean `voice_transfer`"),
        (["on_device", "offline"], "on_devise offline", "did you mean `on_device`"),
        (["max_ttfb_ms", "real_time"], "max_ttfb_ms=soon", 'found "soon"'),
        (["max_ttfb_ms"], "-5", "found -5"),
        (["max_ttfb_ms"], "yes", "write max_ttfb_ms=value"),
        (["accept_beta"], "perhaps", "expected true or false"),
    ],
)
def test_a_reply_that_states_nothing_usable_is_refused(
    fields: list[str], reply: str, news: str
) -> None:
    before = recommend({"require": {"voice_transfer": True}}).profile
    with pytest.raises(InputError, match=news):
        stated_by(before, fields, reply)
