"""Questions on a terminal: asked until none can change the winner."""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping

import pytest

from command import run
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


def test_no_to_everything_leaves_the_profile_and_ends(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = asked(monkeypatch, {"require": {"real_time": True}}, "no\n\nN\n" + "\n" * MOST)
    told = capsys.readouterr()
    assert answer.to_dict() == recommend({"require": {"real_time": True}}).to_dict()
    assert told.out == ""
    assert told.err.endswith("No further question can change which model comes first.\n")


def test_replies_are_read_as_flags_and_a_bad_one_is_asked_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    profile = {"require": {"real_time": True}}
    first = Interview(recommend(profile)).ask
    assert first is not None
    answer = asked(monkeypatch, profile, "perhaps\nyes\nno\n")
    told = capsys.readouterr().err
    assert told.count(first.text) == 2
    assert "error: the reply: " in told
    assert answer.profile.require[first.field] is True
    assert "No more questions" in told or "No further question" in told


def test_every_kind_of_reply_states_its_field() -> None:
    profile = recommend({"require": {"voice_transfer": True}}).profile
    replies = {
        "languages": "hi-in, pt",
        "max_ttfb_ms": "300",
        "style_control": "Yes",
        "accept_beta": "y",
        "primary": "voice_transfer",
        "workflow": "yes",
    }
    for field, reply in replies.items():
        stated = stated_by(profile, field, reply).to_dict()
        value = {**stated, **stated["require"]}[field]
        assert value == {
            "languages": ["hi-in", "pt"],
            "max_ttfb_ms": 300,
            "primary": "voice_transfer",
            "workflow": "batch",
        }.get(field, True)
    with pytest.raises(InputError, match="did you mean `voice_transfer`"):
        stated_by(profile, "primary", "voice_transfr")
