"""The shipped facts, and measurements over them."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
from hypothesis import given

from mars_solver import InputError, Profile, load_catalogue, load_measurements, recommend
from mars_solver.inputs.catalogue import build_catalogue, with_measurements
from mars_solver.inputs.facts import Model
from mars_solver.solving.constraints import enumerate_configurations
from strategies import FLOWCHART, SOURCES, Pooled, fact, pooled

CATALOGUE = load_catalogue()
MODELS = {model.id: model for model in CATALOGUE.models}
API = ["mars-8.1-flash-beta", "mars-8.1-pro-beta", "mars-flash", "mars-instruct", "mars-pro"]


def test_the_models_are_the_guides_four_and_two_betas() -> None:
    assert sorted(MODELS) == sorted([*API, "mars-nano"])
    assert [name for name, model in MODELS.items() if model.beta] == API[:2]
    assert {name: m.speech_model.value for name, m in MODELS.items() if m.speech_model} == {
        name: name for name in API
    }


def test_nano_has_no_public_endpoint_and_the_answer_says_so() -> None:
    answer = recommend({"require": {"on_device": True}})
    assert (answer.shortlist[0].model, answer.shortlist[0].speech_model) == ("mars-nano", None)
    assert any("no public endpoint or download found" in note for note in answer.notes)


def test_every_fact_has_a_source_a_date_and_a_grade() -> None:
    for model in CATALOGUE.models:
        for _, claim in model.facts():
            assert claim.source in CATALOGUE.sources
            assert claim.as_of
            assert claim.grade in {"stated", "derived", "judged", "third-party"}
            if claim.grade in {"judged", "derived"}:
                assert claim.note, "a judgement says why"
    assert CATALOGUE.as_of == "2026-11"


FACTS = {
    # status, sample rate, public API, own GPU, text instructions, voice, reference, offline
    "mars-flash": ("released", 22_050, True, True, False, None, None, False),
    "mars-pro": ("released", 48_000, True, False, False, True, True, False),
    "mars-instruct": ("released", 22_050, True, False, True, True, None, False),
    "mars-nano": ("released", None, False, None, False, None, None, True),
    "mars-8.1-flash-beta": ("beta", 48_000, True, False, False, None, None, False),
    "mars-8.1-pro-beta": ("beta", 48_000, True, False, False, None, None, False),
}


@pytest.mark.parametrize("name", FACTS)
def test_the_catalogue_says_what_public_sources_say(name: str) -> None:
    model = MODELS[name]
    rate = model.range("sample_rate_hz")
    names = ["public_api", "self_hosted", "style_control", "voice_transfer", "short_reference"]
    assert (
        model.stage.value,
        rate[0] if rate else None,
        *(model.capability(each) for each in names),
        model.capability("offline"),
    ) == FACTS[name]
    assert model.range("sample_rate_hz") in {None, (rate[0], rate[0]) if rate else None}
    for each in ("public_api", "self_hosted", "sample_rate_hz", "speech_model"):
        fact = getattr(model, each)
        assert fact is None or fact.source == "sdk"


def test_the_locales_of_third_parties_and_of_the_sdk() -> None:
    third = {t for t, f in MODELS["mars-pro"].languages.items() if f.source == "audiobook"}
    assert len(third) == 29
    assert "pa-in" in third
    shared = CATALOGUE.sources["sdk"].shared_locales
    assert len(shared) == 62
    assert {"en-uk", "en-us", "zh-hk", "ar-xa"} <= set(shared)
    assert third < set(shared)


def test_only_en_us_is_known_and_no_locale_is_ruled_out() -> None:
    spoken = {name: {t for t, f in m.languages.items() if f.known} for name, m in MODELS.items()}
    assert spoken == {**{name: {"en-us"} for name in API}, "mars-nano": set()}
    assert all(f.known is not False for m in MODELS.values() for f in m.languages.values())


@pytest.mark.parametrize(
    ("tag", "evidence"),
    [
        ("pa-in", "disputed: a measured request returned no audio (audiobook)"),
        ("th-th", "in the one list of sdk for all models of the public API"),
        ("xx-xx", "no source speaks of it"),
    ],
)
def test_an_unverified_locale_comes_with_its_evidence(tag: str, evidence: str) -> None:
    answer = recommend({"require": {"languages": [tag]}})
    (pro,) = (c for c in answer.shortlist if c.model == "mars-pro")
    (item,) = pro.to_verify
    assert (item.requirement, item.found) == ("languages", None)
    assert f"{tag}: " in item.note
    assert evidence in item.note


def test_a_claim_that_disagrees_is_kept_with_its_reason() -> None:
    ttfb = MODELS["mars-flash"].ttfb_ms
    assert ttfb is not None
    assert [(c.range, c.source, bool(c.why_not)) for c in ttfb.other_claims] == [
        ((100, 100), "rt-blog", True),
        ((800, float("inf")), "rt-blog", True),
    ]


def test_the_digest_follows_the_content_alone() -> None:
    assert load_catalogue().sha256 == CATALOGUE.sha256
    measured = with_measurements(
        CATALOGUE,
        {"mars-pro": {"ttfb_ms": {"value": 900, "source": "t", "as_of": "2026-12-01"}}},
        place="test",
    )
    assert measured.sha256 != CATALOGUE.sha256
    assert measured.as_of == "2026-12-01"


def test_a_measurement_replaces_the_chosen_claim_and_keeps_it(tmp_path: Path) -> None:
    file = tmp_path / "measured.toml"
    file.write_text(
        '[mars-pro.ttfb_ms]\nvalue = 2400\nsource = "our test"\nas_of = 2026-11-20\n'
        '[mars-pro.languages]\nPA_IN = { value = false, source = "us", as_of = "2026-11-20" }\n',
        "utf-8",
    )
    measured = load_measurements(file, CATALOGUE)
    (pro,) = (m for m in measured.models if m.id == "mars-pro")
    assert pro.ttfb_ms is not None
    assert (pro.ttfb_ms.range, pro.ttfb_ms.grade, pro.ttfb_ms.as_of) == (
        (2400, 2400),
        "measured",
        "2026-11-20",
    )
    (old,) = pro.ttfb_ms.other_claims
    assert (old.range, old.source) == ((800, 2000), "guide")
    assert old.why_not == "replaced by a measurement of 2026-11-20"
    assert pro.speaks("pa-in") is False
    untouched = [m for m in measured.models if m.id != "mars-pro"]
    assert untouched == [m for m in CATALOGUE.models if m.id != "mars-pro"]

    answer = recommend({"require": {"languages": ["pa-in", "en-us"]}}, catalogue=measured)
    (lost,) = (e for e in answer.excluded if e.model == "mars-pro")
    (violation,) = lost.violations
    assert (violation.required, violation.found, violation.source) == (
        ["pa-in", "en-us"],
        ["en-us"],
        "us",
    )


def test_u2_a_slow_pro_gives_way_to_flash() -> None:
    asked = Profile(require={"max_ttfb_ms": 2000})
    slow = {"mars-pro": {"ttfb_ms": {"value": 2400, "source": "test", "as_of": "2026-11-20"}}}
    assert recommend(asked).shortlist[0].model == "mars-pro"
    assert recommend(asked, measurements=slow).shortlist[0].model == "mars-flash"


@given(pooled())
def test_a_configuration_uses_no_capability_that_is_a_no(one: Pooled) -> None:
    catalogue = one.solver.catalogue
    for model in catalogue.models:
        found = enumerate_configurations(catalogue)[model.id]
        assert len(set(found)) == len(found) > 0
        assert list(found) == sorted(found, key=_declared)
        assert {c.deployment for c in found} == {
            place
            for place, name in [
                ("cloud", "public_api"),
                ("self_hosted", "self_hosted"),
                ("on_device", "on_device"),
            ]
            if model.capability(name) is not False
        }
        assert ("streaming" in {c.delivery for c in found}) == _possible(model, "real_time")
        assert ("directed" in {c.style for c in found}) == _possible(model, "style_control")
        reference = _possible(model, "voice_transfer") or _possible(model, "short_reference")
        assert ("reference_audio" in {c.voice for c in found}) == reference
        assert {"batch"} <= {c.delivery for c in found}
        assert {"library"} <= {c.voice for c in found}
        assert {"as_voice"} <= {c.style for c in found}


def _declared(configuration: tuple[str, ...]) -> list[int]:
    domains = ["cloud self_hosted on_device", "streaming batch", "library reference_audio"]
    orders = [*(domain.split() for domain in domains), ["as_voice", "directed"]]
    return [order.index(value) for order, value in zip(orders, configuration, strict=True)]


def _possible(model: Model, capability: str) -> bool:
    return model.capability(capability) is not False


def test_all_faults_of_all_files_come_at_once() -> None:
    good = {"schema": 1, "id": "a", "name": "A", "stage": fact(value="released")}
    reversed_range = {**copy.deepcopy(good), "id": "b", "ttfb_ms": fact(low=9, high=3)}
    unsourced = {**copy.deepcopy(good), "id": "c", "real_time": {"value": True, "as_of": "2026"}}
    twice = {**copy.deepcopy(good), "stage": fact(value="relased")}
    with pytest.raises(InputError) as caught:
        build_catalogue(
            {"a": good, "b": reversed_range, "c": unsourced, "d": twice}, SOURCES, FLOWCHART
        )
    assert [(p.place, p.path) for p in caught.value.problems] == [
        ("models/b.toml", "ttfb_ms.low"),
        ("models/c.toml", "real_time.grade"),
        ("models/c.toml", "real_time.source"),
        ("models/d.toml", "stage.value"),
    ]
    assert "did you mean released?" in str(caught.value)


def test_an_id_in_two_files_is_named_in_both_ways() -> None:
    good = {"schema": 1, "id": "a", "name": "A", "stage": fact(value="released")}
    with pytest.raises(InputError) as caught:
        build_catalogue({"a": good, "b": good}, SOURCES, FLOWCHART)
    text = str(caught.value)
    assert 'models/b.toml: id: expected "b", the name of the file, found "a"' in text
    assert 'models/b.toml: id: expected an id of its own, found "a", as in models/a.toml' in text
