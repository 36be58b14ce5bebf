"""Presets: profiles that a catalogue's guide lists and people ask for by name."""

from __future__ import annotations

import pytest

from mars_solver import InputError, recommend
from mars_solver.inputs.catalogue.presets import parse_presets, preset_named
from scenarios import scenarios
from strategies import SHIPPED

PRESETS = SHIPPED.catalogue.presets


def test_each_scenario_of_the_guide_has_a_preset_with_its_profile_and_its_answer() -> None:
    named = [each for each in scenarios() if each.preset is not None]
    assert [each.line for each in named] == [f"S{i}" for i in range(1, 9)]
    for scenario, preset in zip(named, PRESETS, strict=True):
        assert preset.name == scenario.preset
        assert preset.title == preset.profile.name
        ranked = recommend(preset.profile).shortlist
        assert tuple(x.model for x in ranked)[: len(scenario.expected)] == scenario.expected


def test_a_wrong_name_is_told_the_near_one_and_a_catalogue_without_presets_says_so() -> None:
    assert preset_named("audiobook", PRESETS, "--preset") is PRESETS[2]
    with pytest.raises(InputError, match="did you mean `audiobook`"):
        preset_named("audio-book", PRESETS, "--preset")
    with pytest.raises(InputError, match="this catalogue has none"):
        preset_named("audiobook", (), "--preset")


def test_every_fault_of_every_preset_is_named_and_other_labels_are_left_alone() -> None:
    labels = [
        {"profile": {"require": {"no such": True}}, "anything": 1},
        {"preset": "Not A Name", "text": "x", "profile": {}},
        {"preset": "one", "text": "x", "profile": {"require": {"no such": True}}},
        {"preset": "two", "text": "x", "profile": {}},
        {"preset": "two", "text": "x", "profile": {}},
    ]
    with pytest.raises(InputError) as caught:
        parse_presets({"labels": labels}, SHIPPED.catalogue.declared, "lines.toml")
    assert [problem.path for problem in caught.value.problems] == [
        "labels.1.preset",
        "labels.2.profile.require.no such",
        "labels.4.preset",
    ]
