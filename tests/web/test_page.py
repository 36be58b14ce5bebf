"""The page: well-formed, safe, labelled, and in the words of the text report."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from foreign import MODELS, SOURCES, foreign_catalogue, foreign_solver
from markup import Page, ranked
from mars_solver import InputError, Profile, Solver, Weights, recommend_with
from mars_solver.inputs.catalogue.catalogue import build_catalogue
from mars_solver.inputs.profile import parse_profile
from mars_solver.rendering.answer import report_of
from mars_solver.rendering.explanation import sections_of
from mars_solver.web.page import faulty_page, page, policy, saved_page
from mars_solver.web.query import Query, measured_by, pairs_in, parse_query

FOLDER = Path(__file__).parent / "pages"
URL = r"https?://[^\s\"'<]+"
SCRIPT = '<script>alert("x")</script>\'"&'
CASES: dict[str, dict[str, Any]] = {
    "meets": {"require": {"real_time": True, "max_ttfb_ms": 300, "languages": ["en-us"]}},
    "unverified": {"require": {"max_ttfb_ms": 1000, "voice_transfer": True}},
    "infeasible": {"require": {"real_time": True, "style_control": True, "max_ttfb_ms": 100}},
    "batch": {"workflow": "batch", "prefer": {"fidelity": 8, "expressiveness": 8}},
    "betas": {"accept_beta": True, "name": "Über – ähnlich"},
    "nothing": {},
}


def live(solver: Solver, data: dict[str, Any], **options: Any) -> str:
    asked = Query(parse_profile(data, "test", solver.declared), **options)
    answer = recommend_with(solver, asked.profile, unknown=asked.unknown)
    return page(solver, asked, answer)


def answered(solver: Solver, query: str) -> str:
    asked = read(query, solver)
    own = measured_by(solver, asked.measured)
    return page(solver, asked, recommend_with(own, asked.profile, unknown=asked.unknown))


def saved(solver: Solver, data: dict[str, Any]) -> str:
    answer = recommend_with(solver, parse_profile(data, "test", solver.declared))
    return saved_page(answer.explain())


def faulty(solver: Solver, query: str) -> str:
    pairs = pairs_in(query.encode())
    with pytest.raises(InputError) as caught:
        parse_query(pairs, solver)
    return faulty_page(solver, dict(pairs), caught.value.problems)


def read(query: str, solver: Solver) -> Query:
    return parse_query(pairs_in(query.encode()), solver)


def every_page(solver: Solver) -> dict[str, str]:
    found = {f"live {name}": live(solver, data) for name, data in CASES.items()}
    found |= {f"saved {name}": saved(solver, data) for name, data in CASES.items()}
    found["measured"] = answered(solver, "max_ttfb_ms=2000&measure.mars-pro.ttfb_ms=2400&colour=1")
    found["asked about"] = live(solver, CASES["infeasible"], model="mars-flash", unknown="reject")
    found["faulty"] = faulty(solver, "real_time=maybe&languages=x,y&primary=speed&latency=11")
    return found


@pytest.fixture(scope="module")
def pages(solver: Solver) -> dict[str, Page]:
    return {name: Page(text) for name, text in every_page(solver).items()}


def test_ids_are_unique_and_every_reference_leads_somewhere(pages: dict[str, Page]) -> None:
    for name, found in pages.items():
        ids = found.ids
        assert sorted(ids) == sorted(set(ids)), name
        for tag in found.tags:
            for attribute in ("for", "aria-describedby", "aria-labelledby", "data-copy", "list"):
                assert set(tag.get(attribute).split()) <= set(ids), (name, tag.attributes)
            if tag.name == "a" and tag.get("href").startswith("#"):
                assert tag.get("href")[1:] in ids, (name, tag.attributes)
            fill = re.fullmatch(r"url\(#(.*)\)", tag.get("fill"))
            assert not fill or fill[1] in ids


def test_every_control_has_a_label(pages: dict[str, Page]) -> None:
    for found in pages.values():
        labelled = {tag.get("for") for tag in found.all("label")}
        for tag in found.tags:
            if tag.name in {"input", "select"} and tag.get("type") != "hidden":
                inside = any(parent.name == "label" for parent in tag.inside)
                assert inside or tag.get("id") in labelled, tag.attributes
        for tag in found.all("table"):
            assert tag.text
        assert len(found.all("h1")) == 1


def test_nothing_is_loaded_from_elsewhere_and_no_style_or_handler_is_inline(
    solver: Solver, pages: dict[str, Page]
) -> None:
    guide = solver.catalogue.flowchart
    assert guide is not None
    known = {guide.url, *(e.url or f"https://{e.where}" for e in solver.catalogue.sources.values())}
    # What code to copy calls is shown as text.
    called = set(re.findall(URL, "\n".join(solver.catalogue.calls.values())))
    for found in pages.values():
        for tag in found.tags:
            assert not [name for name in tag.attributes if name.startswith("on")]
            assert "style" not in tag.attributes
            assert "src" not in tag.attributes
            target = tag.get("href") or tag.get("action")
            if not (tag.name == "a" and target in known):
                assert not target or target.startswith(("#", "./", "data:image/svg+xml,"))
        assert {"name": "referrer", "content": "no-referrer"} in [
            tag.attributes for tag in found.all("meta")
        ]
        outside = set(re.findall(URL, rendered(found)))
        assert outside <= {"http://www.w3.org/2000/svg", *known, *called}


def rendered(found: Page) -> str:
    return " ".join(
        [*(str(value) for tag in found.tags for value in tag.attributes.values())]
        + [tag.text for tag in found.tags if tag.name == "html"]
    )


def test_the_policy_admits_what_the_page_holds_and_no_more(pages: dict[str, Page]) -> None:
    for name, found in pages.items():
        is_live = not name.startswith("saved")
        text = policy(live=is_live)
        for kind in ("style", "script"):
            digests = [digest(tag.text) for tag in found.all(kind)]
            directive = next(d for d in text.split("; ") if d.startswith(f"{kind}-src "))
            assert directive.split(" ")[1:] == digests
        fixed = {d for d in text.split("; ") if not d.startswith(("style-src", "script-src"))}
        everywhere = {"default-src 'none'", "base-uri 'none'", "img-src data:"}
        assert fixed == everywhere | (
            {"connect-src 'self'", "form-action 'self'", "frame-ancestors 'none'"}
            if is_live
            else {"form-action 'none'"}
        )
        metas = [tag.get("content") for tag in found.all("meta") if tag.get("http-equiv")]
        assert metas == ([] if is_live else [text])


def digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_a_saved_page_needs_no_server(pages: dict[str, Page]) -> None:
    for name, found in pages.items():
        links = [t for t in found.all("a") if not t.get("href").startswith(("#", "https://"))]
        if name.startswith("saved"):
            assert links == []
            assert found.all("form") == []
            assert "fetch(" not in "".join(tag.text for tag in found.all("script"))


def test_pictures_are_well_formed_titled_and_said_as_text(solver: Solver) -> None:
    for text in (live(solver, CASES["unverified"]), saved(solver, CASES["batch"])):
        pictures = re.findall(r'<svg class="picture".*?</svg>', text, re.DOTALL)
        assert pictures
        for picture in pictures:
            root = ET.fromstring(picture)  # noqa: S314  (our own)
            title, desc = root[0], root[1]
            assert (title.tag.rpartition("}")[2], desc.tag.rpartition("}")[2]) == ("title", "desc")
            assert title.text
            assert desc.text
            linked = root.find(".//{*}a") is not None
            assert root.get("role") == ("group" if linked else "img")
        assert text.count("The same as text") == len(pictures)


def test_the_page_says_what_the_text_says(solver: Solver) -> None:
    names = {"meets": "meets everything", "unverified": "not confirmed", "excluded": "ruled out"}
    for data in CASES.values():
        answer = recommend_with(solver, Profile(**data))
        said, explained = report_of(answer), answer.explain()
        asked = Query(answer.profile)
        for text in (live(solver, data), saved(solver, data)):
            found = Page(text)
            if asked.empty and found.all("form"):
                continue
            assert sorted(ranked(found)) == sorted(
                (p.name, names[p.status], "" if p.score is None else f"{p.score:.3f}")
                for p in said.ranking
            )
            body = without_keys(found.by_id("swap").text)
            sources = [line.partition(": ")[2] for line in said.how]
            lines = [said.headline, said.guide, *said.ways_out.lines, *said.notes.lines]
            lines += [row.why for row in said.ranking]
            for line in (*lines, *sources):
                assert without_keys(line) in body
            for each in ("reason", "because", "way", "facts"):
                assert not [tag.text for tag in found.of_class(each) if "[" in tag.text]
            for section in sections_of(explained):
                if section.title.startswith("Facts"):
                    for line in section.lines:
                        assert without_keys(line) in body
            for index, call in enumerate(said.calls, start=1):
                assert found.by_id(f"call-{index}").text == call.example


def without_keys(text: str) -> str:
    """A text without the keys in brackets, its sources in parentheses or brackets."""
    named = re.sub(
        r" ?\[[a-z0-9]+(_[a-z0-9]+)+\]| \[(latency|fidelity|control|languages)\]", "", text
    )
    return " ".join(re.sub(r"\[([\w-]+)\]", r"(\1)", named).split())


def test_a_relaxation_is_a_link_to_the_page_after_it(solver: Solver) -> None:
    answer = recommend_with(solver, Profile(**CASES["infeasible"]))
    found = Page(live(solver, CASES["infeasible"]))
    links = [tag.get("href") for tag in found.of_class("way") if tag.name == "a"]
    assert len(links) == len(answer.relaxations) > 1
    for link, relaxation in zip(links, answer.relaxations, strict=True):
        asked = parse_query(pairs_in(link.removeprefix("./?").encode()), solver)
        after = recommend_with(solver, asked.profile)
        assert tuple(c.model for c in after.shortlist) == relaxation.admits


def test_the_models_are_compared_with_sources_dates_and_grades(
    solver: Solver, pages: dict[str, Page]
) -> None:
    betas = {model.id for model in solver.catalogue.models if model.beta}
    for name, found in pages.items():
        if name == "faulty":
            assert "compare" not in found.ids
            continue
        told = found.by_id("compare").text
        for model in solver.catalogue.models:
            if model.id in betas and "betas" not in name:
                continue
            assert model.name in told
            for path, claimed in model.claims():
                if "." not in path and claimed.source in solver.catalogue.sources:
                    assert f"{claimed.source}, {claimed.as_of}" in told
        assert "our reading" in told
        assert "calculated" in told
        assert "judged" not in found.by_id("compare-table").text
    table = pages["live unverified"].by_id("compare-table")
    rows = [row for row in pages["live unverified"].all("tr") if table in row.inside][1:]
    assert rows
    for row in rows:
        facts = {t.text for t in pages["live unverified"].all("b") if row in t.inside}
        assert len(facts) > 1, "what is alike does not come first"


def test_nothing_asked_is_greeted_with_the_map_and_no_winner(
    solver: Solver, pages: dict[str, Page]
) -> None:
    found = pages["live nothing"]
    assert "winner" not in found.ids
    assert ranked(found) == []
    assert "Use MARS" not in found.by_id("swap").text
    areas = [tag.get("href") for tag in found.all("a") if found.by_id("map") in tag.inside]
    assert len(areas) > 2
    winners = set()
    for area in areas:
        asked = read(area.removeprefix("./?"), solver)
        assert not asked.empty
        winners.add(recommend_with(solver, asked.profile).decision.winner is not None)
    assert winners == {True, False}


def test_an_area_of_the_map_leads_to_the_answer_that_it_names(
    solver: Solver, pages: dict[str, Page]
) -> None:
    names = solver.catalogue.names
    for found in (pages["live nothing"], pages["live unverified"], pages["live batch"]):
        areas = [tag for tag in found.all("a") if found.by_id("map") in tag.inside]
        assert areas
        for area in areas:
            asked = read(area.get("href").removeprefix("./?"), solver)
            ids = recommend_with(solver, asked.profile).decision.ids
            told = area.get("aria-label")
            assert told.startswith(names[ids[0]] if ids else "no model"), (told, area.get("href"))


def test_no_model_left_says_why_each_is_out_the_nearest_first(
    solver: Solver, pages: dict[str, Page]
) -> None:
    found = pages["live infeasible"]
    assert "map" not in found.ids
    answer = recommend_with(solver, Profile(**CASES["infeasible"]))
    names = solver.catalogue.names
    missed = {names[each.model]: len(each.violations) for each in answer.excluded}
    refused = {s.model.name for s in answer.decision.standings if s.refused}
    shown = [row[0] for row in ranked(found)]
    assert shown == sorted(shown, key=lambda name: (name in refused, missed[name]))
    assert set(shown) == set(missed)


def test_a_measurement_of_ones_own_is_asked_shown_and_kept(solver: Solver) -> None:
    found = Page(answered(solver, "max_ttfb_ms=2000&measure.mars-pro.ttfb_ms=2400"))
    assert found.by_id("winner").text == "MARS-Flash"
    assert found.by_id("f-measure.mars-pro.ttfb_ms").get("value") == "2400"
    told = found.by_id("compare").text
    assert "2 400 ms" in told.replace("\N{NARROW NO-BREAK SPACE}", " ").replace("\xa0", " ")
    assert "your measurement" in told
    assert "--measure mars-pro.ttfb_ms=2400" in found.by_id("command").text
    links = [tag.get("href") for tag in found.all("a") if tag.get("href").startswith("./?max")]
    assert links
    assert all("measure.mars-pro.ttfb_ms=2400" in link for link in links)


def test_what_an_address_has_beside_is_ignored_with_a_note(solver: Solver) -> None:
    found = Page(answered(solver, "realtime=true&max_ttfb_ms=300&utm_source=mail"))
    (near, far) = (tag.text for tag in found.of_class("ignored"))
    assert "realtime" in near
    assert "did you mean real_time?" in near
    assert "utm_source" in far
    assert found.by_id("winner").text == "MARS-Flash"


def test_a_preset_is_a_chip_and_knows_when_it_is_asked(solver: Solver) -> None:
    for preset in solver.catalogue.presets:
        found = Page(live(solver, preset.profile.to_dict()))
        chips = {chip.text: chip for chip in found.of_class("preset")}
        assert list(chips) == [each.title for each in solver.catalogue.presets]
        current = [text for text, chip in chips.items() if chip.get("aria-current") == "true"]
        assert current == [preset.title]
        asked = read(chips[preset.title].get("href").removeprefix("./?"), solver)
        assert asked.profile == preset.profile


def test_a_fault_stands_beside_its_field(solver: Solver) -> None:
    query = "voice_transfer=maybe&max_ttfb_ms=fast&languages=x;y&primary=speed&latency=11"
    query += "&form.model=mars-pro&form.fact=ttfb_ms&form.figure=slow"
    found = Page(faulty(solver, query))
    names = ("voice_transfer", "max_ttfb_ms", "languages", "primary", "latency", "form.figure")
    for name in names:
        control = found.by_id(f"f-{name}")
        assert control.get("aria-invalid") == "true"
        assert f"{name}-problem" in control.get("aria-describedby").split()
        assert "expected" in found.by_id(f"{name}-problem").text
    assert found.by_id("f-max_ttfb_ms").get("value") == "fast"
    assert "form.when-problem" in Page(faulty(solver, "real_time=maybe")).ids


def hostile_solver(weights: Weights) -> Solver:
    """A catalogue that has a script wherever a text may stand."""
    said = {"source": "leaflet", "as_of": "2026", "grade": "judged", "note": SCRIPT}
    model = {
        "schema": 1, "id": "m0", "name": SCRIPT, "stage": {**said, "value": "released"},
        "availability": {**said, "value": SCRIPT},
        "delay": {**said, "low": 100, "high": 900, "other_claims": [
            {**said, "value": 1000, "why_not": SCRIPT}
        ]},
        "fast": {**said, "value": "unknown"},
        "sorts": {**said, "yes": [SCRIPT]},
    }  # fmt: skip
    worded = {"label": SCRIPT, "describe": SCRIPT, "settle": SCRIPT, "group": SCRIPT}
    attributes = {
        "schema": 1,
        "variables": {"way": [{"value": "this", "label": SCRIPT}]},
        "attributes": {
            "fast": {"kind": "capability", **worded, "pins": {"way": ["this"]}},
            "delay": {
                "kind": "number", **worded, "unit": SCRIPT, "requirements": {"max": "max_delay"},
                "criterion": "latency", "criterion_label": SCRIPT, "caveat": SCRIPT,
            },
            "sorts": {"kind": "set", **worded},
        },
    }  # fmt: skip
    guide = {
        "schema": 1, "source": "leaflet", "as_of": "2026", "vendor": SCRIPT, "title": SCRIPT,
        "url": "javascript:alert(1)", "no_need": ["m0"], "batch": ["m0"],
        "needs": {"fast": {"label": SCRIPT, "stated_by": ["fast"], "below": {"max_delay": 200}}},
        "questions": [{"need": "fast", "text": SCRIPT, "answer": ["m0"]}],
    }  # fmt: skip
    content = {"attributes": attributes, "sources": SOURCES, "guide/flowchart": guide, "m0": model}
    return Solver(build_catalogue(content), weights)


def test_no_text_of_a_user_or_a_catalogue_is_markup(solver: Solver) -> None:
    own = hostile_solver(solver.weights)
    data = {
        "name": SCRIPT, "primary": "fast", "prefer": {"latency": 7},
        "require": {"max_delay": 500, "fast": True, "sorts": [SCRIPT]},
    }  # fmt: skip
    texts = [live(own, data, model="m0"), saved(own, data)]
    texts.append(live(own, {"require": {"max_delay": 50}}))
    keys = ("fast", "max_delay", "primary", "workflow", "latency", "unknown", "measure.m0.delay")
    script = "%3Cscript%3Ealert(%22x%22)%3C/script%3E'%22%26"
    texts += [faulty(own, f"{key}={script}") for key in keys]
    texts.append(answered(own, f"%3Cscript%3Ealert(1)%3C/script%3E=1&sorts={script}&name={script}"))
    for text in texts:
        assert "<script>alert" not in text
        found = Page(text)
        assert len(found.all("script")) <= 2
        assert all("alert(" not in tag.text for tag in found.all("script"))
        assert all("javascript:" not in tag.get("href") for tag in found.all("a"))
        for picture in re.findall(r'<svg class="picture".*?</svg>', text, re.DOTALL):
            ET.fromstring(picture)  # noqa: S314  (our own)
    assert SCRIPT in Page(texts[0]).by_id("swap").text


def test_a_model_is_shown_with_how_to_get_it_and_what_is_disputed(solver: Solver) -> None:
    data: dict[str, Any] = {"require": {"max_ttfb_ms": 300, "languages": ["en-uk"]}}
    answer = recommend_with(solver, Profile(**data))
    disputes = [each for candidate in answer.shortlist for each in candidate.disputed]
    assert disputes
    for text in (live(solver, data), saved(solver, data)):
        found = Page(text)
        body = found.by_id("swap").text
        for candidate in answer.shortlist:
            assert candidate.availability in body
        for each in disputes:
            assert body.count(each.note) == 1
        assert "en-uk is read as en-gb" in body


def test_a_tie_is_called_a_tie() -> None:
    twins = {name: {**MODELS["coupe"], "id": name, "name": name.upper()} for name in ("b", "a")}
    solver = Solver(foreign_catalogue(**twins), foreign_solver().weights)
    for text in (live(solver, {"require": {"length": 9}}), saved(solver, {})):
        assert "A and B tie; A is first by id" in Page(text).by_id("swap").text


def test_the_page_is_the_one_that_was_looked_at(solver: Solver) -> None:
    """`REWRITE_PAGES=1` renews it; only an answer without scores is kept, whatever the weights."""
    expected = FOLDER / "infeasible.html"
    text = saved(solver, CASES["infeasible"])
    for kind in ("style", "script"):
        text = re.sub(rf"<{kind}>.*?</{kind}>", f"<{kind}></{kind}>", text, flags=re.DOTALL)
    text = re.sub(r"sha256-[^']+", "sha256-", text)
    text = re.sub(r"(catalogue|weights default) [0-9a-f]{12}", r"\1 digest", text)
    if os.environ.get("REWRITE_PAGES") == "1":
        expected.parent.mkdir(exist_ok=True)
        expected.write_text(text, "utf-8")
    assert text == expected.read_text("utf-8")
