"""What people who do this job ask for, each a kind of question that an answer once got wrong."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mars_solver import load_catalogue, recommend
from mars_solver.inputs.files import data_folder
from mars_solver.inputs.profile_row import parse_row
from strategies import DECLARED, SHIPPED

RELEASED = {"mars-flash", "mars-instruct", "mars-nano", "mars-pro"}
BETAS = {"mars-8.1-flash-beta", "mars-8.1-pro-beta"}


@pytest.mark.parametrize("tag", ["fil-ph", "yue-hk", "zh-cn-sichuan", "mai-in"])
def test_the_vendors_own_tags_are_answered(tag: str) -> None:
    profile = parse_row({"id": "row", "languages": tag}, DECLARED)
    released = recommend(profile)
    assert {c.model: c.status for c in released.shortlist} == dict.fromkeys(RELEASED, "unverified")
    assert set(released.betas) == BETAS
    accepted = recommend(profile.revised(accept_beta=True))
    statuses = {c.model: c.status for c in accepted.shortlist}
    assert {model for model, status in statuses.items() if status == "meets"} == BETAS
    assert accepted.shortlist[0].model in BETAS


def test_a_locale_that_only_shared_lists_know_is_unverified_with_that_evidence() -> None:
    asked = {"require": {"public_api": True, "languages": ["sv-se"]}}
    answer = recommend(asked)
    assert answer.status == "unverified"
    for model in ("mars-flash", "mars-pro"):
        (note,) = (v.note for c in answer.shortlist if c.model == model for v in c.to_verify)
        assert "listed by openapi and pipecat for several models together" in note
        assert "33 locales are counted" in note
        assert "at most a few others are possible" in note
    accepted = recommend({**asked, "accept_beta": True})
    assert accepted.status == "meets"
    assert accepted.shortlist[0].model in BETAS


def test_parameters_alone_prove_nothing_about_a_running_process() -> None:
    answer = recommend({"require": {"on_device": True, "offline": True, "max_memory_mb": 256}})
    assert (answer.status, answer.shortlist[0].model) == ("unverified", "mars-nano")
    (open_point,) = answer.shortlist[0].to_verify
    assert (open_point.requirement, open_point.found) == ("max_memory_mb", [50, 1000])
    assert "measure the memory of the running process" in open_point.note
    measured = {"mars-nano": {"memory_mb": {"value": 240, "source": "us", "as_of": "2026-12"}}}
    assert recommend(answer.profile, measurements=measured).status == "meets"


def test_a_server_of_ones_own_can_be_offline() -> None:
    answer = recommend({"require": {"self_hosted": True, "offline": True}})
    flash = answer.shortlist[0]
    assert (answer.status, flash.model) == ("unverified", "mars-flash")
    assert answer.profile.needs == ()
    at_hand = {"self_hosted": True, "offline": True, "on_device": True}
    assert recommend({"require": at_hand}).profile.needs == ("on_device",)
    assert [v.requirement for v in flash.to_verify] == ["offline"]
    assert "ask the vendor" in flash.to_verify[0].note
    assert flash.configuration["deployment"] == "self_hosted"
    cloud = recommend({"require": {"public_api": True, "offline": True}})
    assert cloud.status == "infeasible"
    assert cloud.conflicts == (("offline", "public_api"),)


def test_an_own_deployment_takes_reference_audio_and_names_where_it_runs() -> None:
    first = recommend({"require": {"self_hosted": True}}).shortlist[0]
    assert (first.model, first.status) == ("mars-flash", "meets")
    assert first.configuration["voice"] == "reference_audio"
    assert "Baseten" in first.availability


def test_the_rate_that_is_delivered_is_not_the_native_one() -> None:
    live = {"real_time": True, "max_ttfb_ms": 300}
    native = recommend({"require": {**live, "min_sample_rate_hz": 24000}})
    assert native.status == "infeasible"
    delivered = recommend({"require": {**live, "output_sample_rates_hz": [24000]}})
    assert (delivered.status, delivered.shortlist[0].model) == ("meets", "mars-flash")
    assert "sample_rate=24000" in delivered.to_dict()["calls"]["camb-sdk"]


def test_twins_tie_share_alike_and_come_in_order_of_id(tmp_path: Path) -> None:
    folder = tmp_path / "twins"
    shutil.copytree(data_folder("models"), folder)
    text = (folder / "mars-pro.toml").read_text("utf-8")
    for path in folder.glob("mars-*.toml"):
        path.unlink()
    names = [f"m{i}" for i in range(10)]
    for name in names:
        twin = text.replace('id = "mars-pro"', f'id = "{name}"')
        twin = twin.replace('name = "MARS-Pro"', f'name = "{name.upper()}"')
        (folder / f"{name}.toml").write_text(twin, "utf-8")
    answer = recommend({}, catalogue=load_catalogue(folder))
    assert [c.model for c in answer.shortlist] == names
    assert len({c.score for c in answer.shortlist}) == 1
    assert any("tie" in note and "by id" in note for note in answer.notes)
    assert answer.flowchart is not None
    assert not answer.flowchart.agrees
    explained = answer.explain().to_dict()
    assert explained["difference"]["tied"] is True
    shares = {each["model"]: each["share"] for each in explained["first_rank_shares"]}
    assert shares == pytest.approx(dict.fromkeys(names, 0.1))


@pytest.mark.parametrize(
    ("require", "met", "open_for"),
    [
        ({"output_formats": ["wav", "pcm_s16le"]}, RELEASED - {"mars-nano"}, {"mars-nano"}),
        ({"platforms": ["livekit"]}, RELEASED - {"mars-nano"}, set()),
        ({"regions": ["eu"]}, set(), RELEASED),
        ({"max_price_usd_per_mchar": 30}, set(), RELEASED),
        ({"output_sample_rates_hz": [8000]}, RELEASED - {"mars-nano"}, {"mars-nano"}),
    ],
)
def test_formats_platforms_regions_and_price_can_be_asked_for(
    require: dict[str, object], met: set[str], open_for: set[str]
) -> None:
    statuses = {c.model: c.status for c in recommend({"require": require}).shortlist}
    assert {model for model, status in statuses.items() if status == "meets"} == met
    assert {model for model, status in statuses.items() if status == "unverified"} == open_for


def test_a_word_that_no_list_has_comes_with_the_one_that_is_near() -> None:
    answer = recommend({"require": {"platforms": ["livekitt"]}})
    assert answer.status == "unverified"
    assert "did you mean livekit?" in answer.shortlist[0].to_verify[0].note
    answer = recommend({"require": {"platforms": ["vapi"]}})
    assert "known are jambonz, jambonz-streaming, livekit" in (
        answer.shortlist[0].to_verify[0].note
    )


def test_text_streaming_waits_for_a_beta() -> None:
    answer = recommend({"require": {"text_streaming": True}})
    assert (answer.status, answer.betas) == ("unverified", ("mars-8.1-flash-beta",))
    assert SHIPPED.catalogue.names["mars-8.1-flash-beta"] == "MARS-8.1-Flash (beta)"
