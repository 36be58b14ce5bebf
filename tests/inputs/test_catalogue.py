"""The shipped facts: what public sources say, what they leave open, and where each comes from."""

from __future__ import annotations

import pytest

from mars_solver import recommend
from mars_solver.inputs.catalogue.facts import Claim
from strategies import SHIPPED

CATALOGUE = SHIPPED.catalogue
MODELS = {model.id: model for model in CATALOGUE.models}
API = ["mars-8.1-flash-beta", "mars-8.1-pro-beta", "mars-flash", "mars-instruct", "mars-pro"]
INFINITY = float("inf")


def test_the_models_are_the_guides_four_and_two_betas() -> None:
    assert sorted(MODELS) == sorted([*API, "mars-nano"])
    assert [name for name, model in MODELS.items() if model.beta] == API[:2]
    assert {name: m.speech_model.value for name, m in MODELS.items() if m.speech_model} == {
        name: name for name in API
    }


def test_nano_has_no_public_endpoint_and_the_answer_says_so() -> None:
    first = recommend({"require": {"on_device": True}}).shortlist[0]
    assert (first.model, first.speech_model) == ("mars-nano", None)
    assert first.availability == "ask the vendor: no public endpoint or download found"


def test_every_fact_has_a_source_a_date_and_a_grade() -> None:
    for model in CATALOGUE.models:
        claims: list[tuple[str, Claim]] = [*model.claims(), *model.closures()]
        for path, claim in claims:
            assert claim.source in CATALOGUE.sources
            assert claim.as_of
            assert claim.grade in {"stated", "derived", "judged", "third-party"}
            if claim.grade in {"judged", "derived"} and path != "availability":
                assert claim.note, "a judgement says why"
            if not claim.settled:
                assert claim.note, "what is unknown keeps its evidence"
    assert CATALOGUE.as_of == "2026-11"


NUMBERS = {
    # parameters, time to first byte, native rate, memory, fidelity, expressiveness
    "mars-flash": (600e6, (150, 150), 22_050, (600, 12_000), (3, 3), (3, 3)),
    "mars-pro": (600e6, (800, 2000), 48_000, (600, 12_000), (5, 5), (4, 4)),
    "mars-instruct": (1.2e9, (2000, INFINITY), 22_050, (1200, 24_000), (3, 4), (4, 4)),
    "mars-nano": (50e6, (500, 2000), None, (50, 1000), None, None),
    "mars-8.1-flash-beta": (None, None, 48_000, None, None, None),
    "mars-8.1-pro-beta": (None, None, 48_000, None, None, None),
}
CAPABILITIES = {
    # real time, voice, short reference, style, device, offline, API, own deployment, text stream
    "mars-flash": (True, None, None, False, False, None, True, True, False),
    "mars-pro": (True, True, True, False, False, False, True, False, False),
    "mars-instruct": (False, True, None, True, False, False, True, False, False),
    "mars-nano": (True, None, None, False, True, True, False, None, None),
    "mars-8.1-flash-beta": (None, None, None, False, False, False, True, False, True),
    "mars-8.1-pro-beta": (None, None, None, False, False, False, True, False, False),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_the_catalogue_says_what_public_sources_say(name: str) -> None:
    model = MODELS[name]
    points = [model.range(each) for each in ("parameters", "sample_rate_hz")]
    assert all(point is None or point[0] == point[1] for point in points)
    parameters, rate = (point and point[0] for point in points)
    ranges = [model.range(each) for each in ("ttfb_ms", "memory_mb", "fidelity", "expressiveness")]
    assert (parameters, ranges[0], rate, *ranges[1:]) == NUMBERS[name]
    names = [
        "real_time", "voice_transfer", "short_reference", "style_control", "on_device", "offline",
        "public_api", "self_hosted", "text_streaming",
    ]  # fmt: skip
    assert tuple(model.capability(each) for each in names) == CAPABILITIES[name]


@pytest.mark.parametrize(
    ("attribute", "member", "known"),
    [
        # flash, pro, instruct, nano, 8.1 flash, 8.1 pro
        ("platforms", "livekit", (True, True, True, False, False, False)),
        ("platforms", "pipecat", (True, True, True, False, None, None)),
        ("platforms", "jambonz", (True, True, True, False, True, True)),
        ("platforms", "jambonz-streaming", (False, False, False, False, True, False)),
        ("output_formats", "wav", (True, True, True, None, True, True)),
        ("output_formats", "pcm_f32be", (True, True, True, None, True, True)),
        ("output_formats", "ogg", (False, False, False, None, False, False)),
        ("output_sample_rates_hz", 24000, (True, True, True, None, True, True)),
        ("regions", "eu", (None, None, None, None, None, None)),
        ("languages", "en-us", (True, True, True, None, True, True)),
        ("languages", "hi-in", (None, None, None, None, True, True)),
        ("languages", "fil-ph", (None, None, None, None, True, True)),
        ("languages", "zh-tw", (None, None, None, None, None, None)),
        ("languages", "en-gb", (None, None, None, None, True, True)),
    ],
)
def test_members_of_sets_are_as_the_sources_list_them(
    attribute: str, member: str, known: tuple[bool | None, ...]
) -> None:
    order = ["mars-flash", "mars-pro", "mars-instruct", "mars-nano", *API[:2]]
    assert tuple(MODELS[name].set(attribute).known(member) for name in order) == known


def test_no_locale_is_ruled_out_and_the_lists_are_whole() -> None:
    for model in MODELS.values():
        known = model.set("languages")
        assert known.others is None
        assert all(fact.known is not False for fact in known.members.values())
    shared = {key: source.shared.get("languages", ()) for key, source in CATALOGUE.sources.items()}
    assert {key: len(tags) for key, tags in shared.items() if tags} == {
        "openapi": 313,
        "pipecat": 56,
        "sdk": 62,
    }
    for name in API[:2]:
        listed = MODELS[name].set("languages").members
        assert len([key for key, fact in listed.items() if fact.known]) == 311
        assert listed["en-gb"].grade == "derived"
    third = MODELS["mars-pro"].set("languages").members
    assert len([fact for fact in third.values() if fact.source == "audiobook"]) == 29


def test_a_claim_that_disagrees_is_kept_with_its_reason() -> None:
    ttfb = dict(MODELS["mars-flash"].claims())["ttfb_ms"]
    assert [(c.range, c.source, bool(c.why_not)) for c in ttfb.other_claims] == [  # type: ignore[union-attr]
        ((100, 100), "rt-blog", True),
        ((800, INFINITY), "rt-blog", True),
    ]
    style = dict(MODELS["mars-instruct"].claims())["style_control"]
    assert [(c.value, c.source) for c in style.other_claims] == [(False, "openapi")]


def test_flash_on_its_own_deployment_takes_no_library_voice() -> None:
    (impossible,) = MODELS["mars-flash"].impossible
    assert impossible == {"deployment": "self_hosted", "voice": "library"}
    assert all(not MODELS[name].impossible for name in MODELS if name != "mars-flash")
