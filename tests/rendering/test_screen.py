"""An answer fits a screen of 80 × 24 with its prompt, and narrow ones cut nothing."""

from __future__ import annotations

from typing import Any

import pytest

from mars_solver import load_catalogue, recommend
from mars_solver.rendering.brief import brief_of, naming
from mars_solver.rendering.console import recommendation, to_text

PRESETS = {preset.name: preset.profile for preset in load_catalogue().presets}
INFEASIBLE = {"require": {"real_time": True, "style_control": True, "on_device": True}}
OPEN: dict[str, dict[str, Any]] = {
    "a swedish reader": {"public_api": True, "languages": ["sv-se"]},
    "an own deployment": {"self_hosted": True},
    "a closed network": {"self_hosted": True, "offline": True},
    "an own deployment with much to verify": {
        "self_hosted": True,
        "languages": ["sv-se"],
        "voice_transfer": True,
        "real_time": True,
    },
    "five languages": {
        "languages": ["sv-se", "zh-hk", "pt-pt", "nb-no", "th-th"],
        "output_formats": ["wav", "mp3"],
        "platforms": ["livekit", "pipecat"],
    },
}
ASKED: dict[str, Any] = {
    **PRESETS,
    **{name: {"name": name, "require": require} for name, require in OPEN.items()},
    "infeasible": INFEASIBLE,
}


@pytest.mark.parametrize("name", ASKED)
def test_an_answer_fits_a_screen_with_all_that_one_acts_on(name: str) -> None:
    answer = recommend(ASKED[name])
    names = answer.solver.catalogue.names
    text = to_text(recommendation(answer), 80)
    lines = text.splitlines()
    assert len(lines) <= 23, text
    assert max(map(len, lines)) <= 80
    joined = " ".join(text.split())
    assert lines[0].startswith(f"Use {names[answer.best.model]}" if answer.best else "No model")
    for standing in answer.decision.standings:
        assert (standing.model.name in text) != standing.refused
    assert "The questions of CAMB.AI's guide “Choosing a MARS model” lead to " in joined
    assert ("We agree." in joined) == answer.flowchart.agrees  # type: ignore[union-attr]
    if answer.best is None:
        assert "Ways out" in text
    elif answer.calls:
        called = f'"{answer.best.speech_model}"' in text
        assert ("How to call it (the whole of it: --for " in text) == called
        assert ("How to call it: --for " in text) != called
    else:
        assert "How to get it: " in text


def solid(text: str) -> str:
    """A text without what its layout adds."""
    return "".join(text.split())


@pytest.mark.parametrize("width", [40, 60, 100])
def test_no_width_cuts_anything_and_each_shortcoming_is_told(width: int) -> None:
    for profile in ASKED.values():
        answer = recommend(profile)
        said, text = brief_of(answer), to_text(recommendation(answer), width)
        assert max(map(len, text.splitlines())) <= width
        sentences = (said.headline, said.why, said.asked, *said.aside, *said.remarks, said.more)
        lines = (line for section in said.sections for line in section.lines)
        for each in (*sentences, *lines, said.ways):
            assert solid(each) in solid(text), each
        for each in said.to_verify.lines:
            *_, shown = (line for line in text.splitlines() if line.strip()[:9] == each[:9])
            assert shown.strip() == each or each.startswith(shown.strip().removesuffix("… (-v)"))
        assert all(line in text for line in said.call.splitlines()) or "it: --for" in text
        for column in said.columns:
            for cell in column.cells:
                assert cell.mark in {"", "✓"} or solid(str(cell)) in solid(text)


def test_a_wider_screen_shows_more_facts() -> None:
    answer = recommend(PRESETS["live-assistant"])
    narrow, wide = (to_text(recommendation(answer), width) for width in (60, 160))
    assert "Memory at run time" in wide
    assert "Memory at run time" not in narrow


def test_what_is_required_stands_before_what_scores_and_what_decides_comes_first() -> None:
    profile = {"require": {"public_api": True, "max_ttfb_ms": 300}, "prefer": {"control": 8}}
    (heading,) = [
        line
        for line in to_text(recommendation(recommend(profile)), 200).splitlines()
        if "Score 0–1" in line
    ]
    order = ["Score 0–1", "Public API", "Style control", "Fidelity"]
    assert sorted(order, key=heading.index) == order
    assert "Time to first byte" in heading


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        (
            "import x\n\na = f(\n    model='m',\n    b=1,\n)\nsave(a)",
            "a = f(\n    model='m',\n    b=1,\n)",
        ),
        (
            "def g():\n    t = T(\n        model='m',\n    )\n    run(t)",
            "t = T(\n    model='m',\n)",
        ),
        ("go(model='m')\nsave()", "go(model='m')"),
        ('curl x \\\n  -d \'{"a": "m"}\'', 'curl x \\\n  -d \'{"a": "m"}\''),
        ("nothing", "nothing"),
    ],
)
def test_of_a_call_the_statement_is_shown_that_names_the_model(code: str, shown: str) -> None:
    assert naming(code, ["'m'", '"m"']) == shown
