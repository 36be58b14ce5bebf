"""Language tags: what is read, as what, and what is no tag."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mars_solver import InputError, Profile, recommend
from mars_solver.inputs.catalogue.tags import Tags, is_bare, language
from mars_solver.inputs.parsing import parse
from mars_solver.inputs.profile import parse_profile
from mars_solver.solving.solver import Solver
from random_catalogues import fact
from small import build, model
from strategies import DECLARED, FILES, ORACLE, SHIPPED, WEIGHTS

TAGS = DECLARED.attributes["languages"].tags


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("en-us", "en-us"),
        ("EN_US", "en-us"),
        (" pt ", "pt"),
        ("es-419", "es-419"),
        ("ES_419", "es-419"),
        ("zh-hans-cn", "zh-cn"),
        ("zh-Hant-TW", "zh-tw"),
        ("zh-hant-cn", "zh-hant-cn"),
        ("cmn", "zh"),
        ("cmn-cn", "zh-cn"),
        ("cmn-Hans-CN", "zh-cn"),
        ("en_UK", "en-gb"),
        ("en-uk", "en-gb"),
        ("zh-cn-sichuan", "zh-cn-sichuan"),
        ("cmn-hans-cn-sichuan", "zh-cn-sichuan"),
        ("fil-ph", "fil-ph"),
        ("yue-hk", "yue-hk"),
        ("sl-rozaj-1994", "sl-rozaj-1994"),
        ("sr-cyrl", "sr-cyrl"),
        ("es-xl", "es-xl"),
        ("acx-xx", "acx-xx"),
    ],
)
def test_a_tag_is_read_in_its_canonical_spelling(written: str, read: str) -> None:
    assert TAGS.read(written.strip(" ")) == read
    profile = Profile(require={"languages": [written]})
    assert profile.require["languages"] == (read,)
    assert ORACLE.tag("languages", written) == read
    plain = written.strip(" ").lower().replace("_", "-")
    assert profile.readings == (() if plain == read else ((plain, read),))


@pytest.mark.parametrize(
    "written",
    [
        "english", "e", "", " ", "en-", "-us", "en--us", "en-usa", "en-u", "en us", "en-us-",
        "en-us-u-ca-gregory", "x-private", "zh-hans-cn-", "12", "en-99", "en-1234567890", "ｅｎ",
        "en-ùs",
        "deutsch-de", "en.us", "en/us",
    ],
)  # fmt: skip
def test_what_is_no_tag_is_an_error_with_an_example(written: str) -> None:
    assert TAGS.read(written) is None
    with pytest.raises(InputError) as caught:
        Profile(require={"languages": ["en-us", written]})
    (problem,) = caught.value.problems
    assert problem.path == "require.languages.1"
    assert problem.expected == "a language tag (BCP 47)"
    assert "such as en-us, es-419 or pt" in problem.hint


def test_every_tag_of_the_sources_is_one() -> None:
    for name, source in FILES["sources"].items():
        if name != "schema":
            for tag in source.get("shared", {}).get("languages", []):
                assert TAGS.read(tag) == (tag if tag != "en-uk" else "en-gb")


subtags = st.sampled_from(
    ["en", "cmn", "zh", "hans", "hant", "latn", "cn", "tw", "uk", "419", "sichuan"]
)


@given(st.lists(subtags, min_size=1, max_size=5), st.sampled_from("-_"), st.booleans())
def test_reading_again_changes_nothing(parts: list[str], hyphen: str, upper: bool) -> None:
    written = hyphen.join(parts)
    read = TAGS.read(written.upper() if upper else written)
    if read is not None:
        assert TAGS.read(read) == read
        assert read == ORACLE.tag("languages", written)
        assert is_bare(read) == (read == language(read))


def test_aliases_end_at_a_spelling_and_scripts_are_scripts() -> None:
    with pytest.raises(InputError) as caught:
        parse(Tags, {"aliases": {"cmn": "zh", "zh": "chi", "en-uk": "english"}}, "t")
    assert [(p.path, p.found) for p in caught.value.problems] == [
        ("aliases.cmn", '"zh", an alias itself'),
        ("aliases.en-uk", '"english"'),
    ]
    with pytest.raises(InputError) as caught:
        parse(Tags, {"scripts": {"zh-tw": "hant", "zh": "hans", "en-us": "latin"}}, "t")
    assert [p.path for p in caught.value.problems] == ["scripts.en-us", "scripts.zh"]


# ---------------------------------------------------------- what a tag asks for, and the evidence


def solver(**facts: Any) -> Solver:
    """Models a and b with facts about their languages."""
    return Solver(build(a=model("a", **facts), b=model("b")), WEIGHTS)


def status(tag: str, tongues: dict[str, Any]) -> str:
    found = solver(tongues={**fact(), **tongues})
    decision = found.decide(asked(found, tag))
    return {s.model.id: s.status.word for s in decision.standings}["a"]


def asked(found: Solver, *tags: str) -> Profile:
    return parse_profile({"require": {"tongues": list(tags)}}, "test", found.declared)


@pytest.mark.parametrize(
    ("tag", "tongues", "expected"),
    [
        ("pt", {"yes": ["pt-br"]}, "meets"),
        ("pt", {"yes": ["pt-br"], "no": ["pt-pt"]}, "meets"),
        ("pt", {"no": ["pt-br", "pt-pt"], "others": "no"}, "excluded"),
        ("pt", {"no": ["pt-br", "pt-pt"]}, "unverified"),
        ("pt", {"no": ["pt-br"], "others": "yes"}, "meets"),
        ("pt", {"unknown": ["pt-br"], "others": "no"}, "unverified"),
        ("pt", {"others": "no"}, "excluded"),
        ("pt", {}, "unverified"),
        ("pt-br", {"yes": ["pt-pt"], "others": "no"}, "excluded"),
        ("pt-br", {"others": "yes"}, "meets"),
        ("cmn", {"yes": ["zh-hans-cn"]}, "meets"),
        ("zh-cn", {"yes": ["cmn-cn"], "others": "no"}, "meets"),
        ("en-gb", {"yes": ["en-UK"], "others": "no"}, "meets"),
        ("qq", {"others": "no"}, "excluded"),
    ],
)
def test_a_language_alone_asks_for_any_locale_of_it(
    tag: str, tongues: dict[str, Any], expected: str
) -> None:
    assert status(tag, tongues) == expected


def test_a_locale_that_another_model_lists_is_one_that_a_language_can_have() -> None:
    models = {
        "a": model("a", tongues={**fact(), "no": ["pt-br"], "others": "yes"}),
        "b": model("b", tongues={**fact(), "yes": ["pt-pt"], "others": "no"}),
        "c": model("c", tongues={**fact(), "no": ["pt-br"], "others": "no"}),
    }
    found = Solver(build(**models), WEIGHTS)
    decision = found.decide(asked(found, "pt"))
    words = {s.model.id: s.status.word for s in decision.standings}
    assert words == {"a": "meets", "b": "meets", "c": "excluded"}


def note(model_id: str, tag: str) -> str:
    answer = recommend({"require": {"languages": [tag]}})
    (found,) = (c for c in answer.shortlist if c.model == model_id)
    (item,) = found.to_verify
    assert (item.requirement, item.found) == ("languages", None)
    return item.note


@pytest.mark.parametrize(
    ("model_id", "tag", "evidence"),
    [
        ("mars-pro", "pa-in", "disputed: a measured request returned no audio (audiobook)"),
        ("mars-pro", "th-th", "listed by openapi, pipecat and sdk for several models"),
        ("mars-pro", "pt", "pt-br, pt-pt used with mars-pro by a third party (audiobook)"),
        ("mars-flash", "sv-xx", "the known tags of sv are sv-se"),
        ("mars-flash", "zh-hant", "the known tags of zh are zh-cn, zh-cn-henan, zh-cn-liaoning"),
        ("mars-flash", "qq-qq", "no source lists a tag of qq"),
        ("mars-flash", "qq", "no source lists a tag of qq"),
        ("mars-flash", "fil-ph", "listed by openapi for several models"),
        ("mars-flash", "sv-se", "at most a few others are possible (api)"),
        ("mars-nano", "de-de", "no source mentions it"),
    ],
)
def test_an_unverified_tag_comes_with_its_evidence(model_id: str, tag: str, evidence: str) -> None:
    assert evidence in note(model_id, tag)


def test_a_tag_that_is_known_needs_no_list_of_others() -> None:
    assert "the known tags" not in note("mars-pro", "pt-br")
    assert "the known tags" not in note("mars-pro", "pt")
    assert SHIPPED.catalogue.kin("languages", "fil-ph") == ("fil-ph",)
