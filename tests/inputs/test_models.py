"""Model files: each kind of fact, what a file may leave out, and every fault of every file."""

from __future__ import annotations

from typing import Any

import pytest

from mars_solver import InputError
from mars_solver.inputs.catalogue.catalogue import build_catalogue
from mars_solver.inputs.catalogue.facts import NumberFact, SetFact, YesNoFact
from mars_solver.inputs.catalogue.models import Model
from mars_solver.inputs.profile import Profile, parse_profile
from mars_solver.solving.solver import Solver
from random_catalogues import fact
from small import ATTRIBUTES, at, build, changed, faults, files, model, places
from strategies import WEIGHTS


def read(**facts: Any) -> Model:
    (found, _) = build(a=model("a", **facts)).models
    return found


# -------------------------------------------------------------------------- each kind


def test_each_kind_of_fact_is_read() -> None:
    found = read(
        quick=fact(value=True),
        price=fact(low=3, high=float("inf")),
        quality=fact(value=4),
        formats={"wav": fact(value=True), "MP3": fact(value=False), "others": "yes", **fact()},
        rates={"24000": fact(value=True), "no": [8000, 16000], **fact()},
        tongues={"en-UK": fact(value=True), "unknown": ["pt-br"], "others": "no", **fact()},
    )
    assert found.capability("quick") is True
    assert found.range("price") == (3, float("inf"))
    assert found.range("quality") == (4, 4)
    formats, rates, tongues = (found.set(name) for name in ("formats", "rates", "tongues"))
    assert [formats.known(key) for key in ("wav", "mp3", "ogg")] == [True, False, True]
    assert [rates.known(key) for key in (24000, 8000, 16000, 1)] == [True, False, False, None]
    assert [tongues.known(key) for key in ("en-gb", "pt-br", "fr")] == [True, None, False]
    assert formats.spelling["mp3"] == "MP3"
    assert tongues.spelling["en-gb"] == "en-UK"
    assert isinstance(found.facts["quick"], YesNoFact)
    assert isinstance(found.facts["price"], NumberFact)
    assert isinstance(found.facts["formats"], SetFact)


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("quick", {"value": "unknown"}),
        ("price", {"value": "unknown"}),
        ("quality", {"value": "unknown"}),
        ("formats", {"value": "unknown"}),
        ("formats", {"others": "unknown"}),
        ("formats", {"unknown": ["wav"]}),
        ("formats", {"wav": {"value": "unknown", **fact()}}),
        ("rates", {"value": "unknown"}),
        ("tongues", {"value": "unknown"}),
    ],
)
def test_a_value_of_any_kind_can_be_unknown_with_its_evidence(
    name: str, table: dict[str, Any]
) -> None:
    found = read(**{name: {**fact(note="we asked, nobody knows"), **table}})
    every: dict[str, dict[str, Any]] = {
        "quick": {"quick": True},
        "price": {"max_price": 5},
        "quality": {"min_quality": 2},
        "formats": {"formats": ["wav"]},
        "rates": {"rates": [8000]},
        "tongues": {"tongues": ["en-us"]},
    }
    solver = Solver(build(a=model("a", **{name: {**fact(note="n"), **table}})), WEIGHTS)
    decision = solver.decide(parse_profile({"require": every[name]}, "test", solver.declared))
    assert decision.standings[0].status.word == "unverified"
    assert found.content[name]  # the evidence is digested


def test_a_word_that_is_also_a_key_of_lists_can_be_a_member() -> None:
    """Norwegian is `no`."""
    found = read(tongues={"no": fact(value=True), "yes": ["nb-no"], **fact()})
    assert found.set("tongues").known("no") is True
    assert found.set("tongues").known("nb-no") is True


def test_defaults_stand_once_for_a_file() -> None:
    table = {
        "schema": 1,
        "id": "a",
        "name": "A",
        "defaults": {"source": "test", "as_of": "2026-01", "grade": "derived"},
        "stage": {"value": "released"},
        "availability": {"value": "ask", "grade": "stated"},
        "quick": {"value": True, "other_claims": [{"value": False, "why_not": "older"}]},
        "formats": {"yes": ["wav"], "mp3": {"value": False, "as_of": "2025"}, "others": "no"},
        "tongues": {"en-us": {"value": True}},
        "rates": {"note": "nothing is published"},
    }
    found, _ = build(a=table).models
    claims = dict(found.claims())
    assert {path: (c.source, c.as_of, c.grade) for path, c in claims.items()} == {
        "stage": ("test", "2026-01", "derived"),
        "availability": ("test", "2026-01", "stated"),
        "quick": ("test", "2026-01", "derived"),
        "formats.mp3": ("test", "2025", "derived"),
        "formats.wav": ("test", "2026-01", "derived"),
        "tongues.en-us": ("test", "2026-01", "derived"),
    }
    (other,) = claims["quick"].other_claims
    assert (other.source, other.as_of, other.grade) == ("test", "2026-01", "derived")
    closures = dict(found.closures())
    assert closures["formats"].as_of == "2026-01"
    assert closures["rates"].note == "nothing is published"
    assert "tongues" not in closures


def test_availability_is_kept_with_its_source() -> None:
    found = read(availability=fact(value="ask the vendor"))
    assert found.availability is not None
    assert (found.availability.value, found.availability.source) == ("ask the vendor", "test")
    assert "availability" in found.content


def test_impossible_combinations_cannot_be_run() -> None:
    catalogue = build(
        a=model("a", impossible=[{"place": "device", "mode": "live"}, {"place": "cloud"}])
    )
    solver = Solver(catalogue, WEIGHTS)
    assert [option.values for option in solver.options[0]] == [("device", "batch")]
    live = parse_profile({"require": {"quick": True}}, "test", solver.declared)
    standing = solver.decide(live).standings[0]
    assert (standing.status.word, standing.configuration) == ("excluded", ("device", "batch"))
    assert catalogue.sha256 != build(a=model("a")).sha256


# ------------------------------------------------------------------------------ faults


@pytest.mark.parametrize(
    ("path", "value", "where", "expected", "hint"),
    [
        ("quik", fact(value=True), "quik", "one of", "did you mean quick?"),
        ("stage", fact(value="relased"), "stage.value", "one of released, beta", "released?"),
        ("quick", fact(value="yes"), "quick.value", 'true, false or "unknown"', ""),
        ("quick", {"value": True}, "quick.source", "a value", "add it"),
        ("quick", fact(value=True, nott="x"), "quick.nott", "one of as_of, ", "did you mean note?"),
        ("quick", fact(value=True, grade="statd"), "quick.grade", "one of", "stated?"),
        ("quick", fact(value=True, as_of="May"), "quick.as_of", "a date as", ""),
        ("quick", fact(value=True, why_not="no"), "quick.why_not", "none on the chosen", ""),
        (
            "quick",
            fact(value=True, other_claims=[fact(value=False)]),
            "quick.other_claims.0.why_not",
            "a reason",
            "say why",
        ),
        ("price", fact(value="cheap"), "price.value", "a number from 0", ""),
        ("price", fact(low=9, high=3), "price.low", "a finite number <= high (3)", "swap"),
        ("price", fact(low=9), "price", "either value, or low and high", ""),
        ("price", fact(value=float("nan")), "price.value", "a number from 0", ""),
        ("price", fact(value=10**400), "price.value", "a number from 0", ""),
        ("quality", fact(value=6), "quality", "a number from 1 to 5", ""),
        ("quality", fact(low=1, high=6), "quality", "a number from 1 to 5", ""),
        ("formats", {"others": "nope"}, "formats.others", "one of yes, no, unknown", ""),
        ("formats", {"others": True}, "formats.others", "one of yes, no, unknown", ""),
        ("formats", {"yes": "wav", **fact()}, "formats.yes", "a list of members", ""),
        ("formats", {"yes": ["wav"]}, "formats.source", "a value", "add it"),
        ("formats", {"note": "alone"}, "formats.source", "a value", "add it"),
        ("formats", {"value": True}, "formats.value", '"unknown", or a claim', ""),
        ("formats", {"a,b": fact(value=True)}, "formats.a,b", "a word without , and ;", ""),
        (
            "formats",
            {"wav": fact(value=True), "no": ["WAV"], **fact()},
            "formats.no.0",
            "each member once",
            "keep one",
        ),
        ("formats", ["wav"], "formats", "a table with a claim for each member", ""),
        ("rates", {"fast": fact(value=True)}, "rates.fast", "a number above", ""),
        ("rates", {"0": fact(value=True)}, "rates.0", "a number above", ""),
        ("rates", {"yes": [10**400], **fact()}, "rates.yes.0", "a number above", ""),
        ("tongues", {"english": fact(value=True)}, "tongues.english", "a language tag", "es-419"),
        (
            "tongues",
            {"yes": ["en-gb", "en_UK"], **fact()},
            "tongues.yes.1",
            "each member once",
            "keep one",
        ),
        ("defaults", {"sorce": "test"}, "defaults.sorce", "one of", "did you mean source?"),
        ("defaults", {"grade": "statd"}, "defaults.grade", "one of", "did you mean stated?"),
        ("defaults", "test", "defaults", "a table", ""),
        ("impossible", [{"plce": "cloud"}], "impossible.0.plce", "one of place, mode", "place?"),
        ("impossible", [{"place": "clud"}], "impossible.0.place", "one of cloud, device", "cloud?"),
        ("impossible", [{}], "impossible.0", "at least one value", "drop it"),
        ("impossible", {"place": "cloud"}, "impossible", "a list", ""),
        ("availability", fact(value=""), "availability.value", "one line", ""),
        ("id", "A b", "id", "an id of lower-case", ""),
    ],
)
def test_a_fault_is_named_with_its_path(
    path: str, value: Any, where: str, expected: str, hint: str
) -> None:
    problem = at(faults(a=changed(model("a"), path, value)), where)
    assert problem.place == "models/a.toml"
    assert problem.expected.startswith(expected)
    assert hint in problem.hint


def test_a_bad_default_is_named_once_beside_the_other_faults() -> None:
    table = {
        **model("a"),
        "defaults": {"source": "test", "as_of": "yesterday", "grade": "stated"},
        "quick": {"value": True},
        "price": {"value": "cheap"},
    }
    assert places(faults(a=table)) == [
        ("models/a.toml", "defaults.as_of"),
        ("models/a.toml", "price.value"),
    ]


def test_a_model_that_nothing_can_run_is_an_error_that_blames_the_facts() -> None:
    stuck = model("a", hosted=fact(value=False), impossible=[{"place": "device"}])
    problem = at(faults(a=stuck), "hosted")
    assert problem.expected == "a way to run the model"
    ruled_out = model("a", impossible=[{"place": "device"}, {"place": "cloud"}])
    assert at(faults(a=ruled_out), "impossible").expected == "a way to run the model"


def test_every_fault_of_every_file_comes_at_once() -> None:
    broken = changed(ATTRIBUTES, "attributes.quick.kind", "capabilty")
    problems = faults(
        attributes=broken,
        sources={"schema": 1, "test": {"title": "t", "where": "w"}},
        a=model("a", quick=fact(value="?"), price=fact(low=9, high=3), impossible=[{"x": "y"}]),
        b=model("c", quality=fact(value=6)),
        d="no table",
    )
    assert places(problems) == [
        ("models/a.toml", "price.low"),
        ("models/attributes.toml", "attributes.quick.kind"),
        ("models/b.toml", "quality"),
        ("models/d.toml", ""),
        ("models/sources.toml", "test.date"),
    ]
    problems = faults(
        attributes=changed(ATTRIBUTES, "attributes.quick.pins", {"mod": "live"}),
        a=model("a", stage=fact(value="relased"), quick=fact(value=True, source="tst")),
        b=model("c", price=fact(value=1, source="nowhere")),
    )
    assert places(problems) == [
        ("models/a.toml", "stage.value"),
        ("models/attributes.toml", "attributes.quick.pins.mod"),
        ("models/b.toml", "id"),
        ("models/b.toml", "price.source"),
    ]
    assert at(problems, "price.source").hint == "add [nowhere] to sources.toml"


def test_models_that_share_a_name_are_called_by_their_ids_as_well() -> None:
    alike = build(a=model("a", name="Alpha"), b=model("b", name="alpha"), c=model("c"))
    assert list(alike.names.values()) == ["Alpha (a)", "alpha (b)", "C"]
    assert alike.model_called("alpha") is None
    assert alike.model_called("alpha (a)") == "a"


def test_sources_are_named_where_they_are_unknown() -> None:
    problems = faults(
        a=model(
            "a",
            quick=fact(value=True, source="tset"),
            formats={"others": "no", **fact(source="tset")},
            tongues={"yes": ["en-us", "fr-fr"], **fact(source="lost")},
        )
    )
    assert [p.path for p in problems] == [
        "formats.source",
        "quick.source",
        "tongues.source",
    ]
    assert problems[0].hint == "did you mean test?"


def test_what_sources_share_are_members() -> None:
    sources = files()["sources"]
    sources["test"]["shared"] = {"tongues": ["en-us", "english"], "rates": [8000, "x"]}
    assert places(faults(sources=sources)) == [
        ("models/sources.toml", "test.shared.rates.1"),
        ("models/sources.toml", "test.shared.tongues.1"),
    ]


def test_an_id_in_two_files_is_named_in_both_ways() -> None:
    text = "\n".join(map(str, faults(a=model("a"), b=model("a"))))
    assert 'models/b.toml: id: found "a"; expected "b", the name of the file' in text
    assert 'models/b.toml: id: found "a", as in models/a.toml; expected an id of its own' in text


def test_a_folder_without_models_is_no_catalogue() -> None:
    problems = faults(a=None, b=None)
    assert [(p.place, p.expected, p.hint) for p in problems] == [
        ("models", "at least one model file", "add <id>.toml")
    ]


def test_the_digest_follows_the_content_alone() -> None:
    plain = build().sha256
    assert build().sha256 == plain
    reordered = dict(reversed(files().items()))
    assert build_catalogue(reordered).sha256 == plain
    for change in (
        {"a": model("a", quick=fact(value=True, note="new"), price=fact(value=10))},
        {"attributes": changed(ATTRIBUTES, "attributes.quick.label", "Fast")},
        {"sources": changed(files()["sources"], "test.title", "another")},
    ):
        assert build(**change).sha256 != plain


def test_the_date_is_that_of_the_newest_claim() -> None:
    newer = build(b=model("b", formats={"others": "no", **fact(as_of="2026-05")}))
    assert (build().as_of, newer.as_of) == ("2026", "2026-05")


def test_a_profile_of_one_catalogue_is_read_again_by_another() -> None:
    profile = Profile(require={"languages": ["en-us"]})
    with pytest.raises(InputError, match="unknown requirement"):
        profile.checked_against(build().declared)
