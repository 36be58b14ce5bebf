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
from mars_solver.web.query import Query, pairs_in, parse_query

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


def saved(solver: Solver, data: dict[str, Any]) -> str:
    answer = recommend_with(solver, parse_profile(data, "test", solver.declared))
    return saved_page(answer.explain())


def faulty(solver: Solver, query: str) -> str:
    pairs = pairs_in(query.encode())
    with pytest.raises(InputError) as caught:
        parse_query(pairs, solver)
    return faulty_page(solver, dict(pairs), caught.value.problems)


def every_page(solver: Solver) -> dict[str, str]:
    found = {f"live {name}": live(solver, data) for name, data in CASES.items()}
    found |= {f"saved {name}": saved(solver, data) for name, data in CASES.items()}
    found["asked about"] = live(solver, CASES["infeasible"], model="mars-flash", unknown="reject")
    found["faulty"] = faulty(solver, "real_time=maybe&languages=x,y&primary=speed&latency=11&a=b")
    return found


@pytest.fixture(scope="module")
def pages(solver: Solver) -> dict[str, Page]:
    return {name: Page(text) for name, text in every_page(solver).items()}


def test_ids_are_unique_and_every_reference_leads_somewhere(pages: dict[str, Page]) -> None:
    for name, found in pages.items():
        ids = found.ids
        assert sorted(ids) == sorted(set(ids)), name
        for tag in found.tags:
            for attribute in ("for", "aria-describedby", "aria-labelledby", "data-copy"):
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
    assert guide.url is not None
    # What code to copy calls is shown as text.
    called = set(re.findall(URL, "\n".join(solver.catalogue.calls.values())))
    for found in pages.values():
        for tag in found.tags:
            assert not [name for name in tag.attributes if name.startswith("on")]
            assert "style" not in tag.attributes
            assert "src" not in tag.attributes
            target = tag.get("href") or tag.get("action")
            if tag.name == "a" and target == guide.url:
                assert tag.get("rel") == "noreferrer"
                continue
            assert not target or target.startswith(("#", "./", "data:image/svg+xml,"))
        outside = set(re.findall(URL, rendered(found)))
        assert outside <= {"http://www.w3.org/2000/svg", guide.url, *called}


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
        links = [t for t in found.all("a") if not t.get("href").startswith("#")]
        if name.startswith("saved"):
            assert links == []
            assert found.all("form") == []
            assert "fetch(" not in "".join(tag.text for tag in found.all("script"))


def test_pictures_are_well_formed_titled_and_said_as_text(solver: Solver) -> None:
    for text in (live(solver, CASES["unverified"]), saved(solver, CASES["infeasible"])):
        pictures = re.findall(r'<svg class="picture".*?</svg>', text, re.DOTALL)
        assert pictures
        for picture in pictures:
            root = ET.fromstring(picture)  # noqa: S314  (our own)
            title, desc = root[0], root[1]
            assert (title.tag.rpartition("}")[2], desc.tag.rpartition("}")[2]) == ("title", "desc")
            assert title.text
            assert desc.text
            assert root.get("role") == "img"
        assert text.count("The same as text") == len(pictures)


def test_the_page_says_what_the_text_says(solver: Solver) -> None:
    for data in CASES.values():
        answer = recommend_with(solver, Profile(**data))
        said, explained = report_of(answer), answer.explain()
        for text in (live(solver, data), saved(solver, data)):
            found = Page(text)
            assert ranked(found) == [
                (p.name, p.status, "" if p.score is None else f"{p.score:.3f}", p.why)
                for p in said.ranking
            ]
            body = found.by_id("swap").text
            lines = (said.headline, said.guide, *said.how, *said.ways_out.lines, *said.notes.lines)
            for line in lines:
                assert line in body
            for section in sections_of(explained):
                assert section.title in body
                for line in section.lines:
                    assert line.lstrip("▸ ") in body
            for index, call in enumerate(said.calls, start=1):
                assert found.by_id(f"call-{index}").text == call.example


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
    for name, found in pages.items():
        table = found.by_id("compare-table")
        for model in solver.catalogue.models:
            assert model.name in table.text
            for path, claimed in model.claims():
                if "." not in path:
                    assert f"{claimed.source}, {claimed.as_of}" in table.text
        assert ("The guide says" in table.text) == (name != "faulty")


def test_a_fault_stands_beside_its_field(solver: Solver) -> None:
    query = "real_time=maybe&max_ttfb_ms=fast&languages=x;y&primary=speed&latency=11&realtime=true"
    found = Page(faulty(solver, query))
    for name in ("real_time", "max_ttfb_ms", "languages", "primary", "latency"):
        control = found.by_id(f"f-{name}")
        assert control.get("aria-invalid") == "true"
        assert f"{name}-problem" in control.get("aria-describedby").split()
        assert "expected" in found.by_id(f"{name}-problem").text
    assert found.by_id("f-max_ttfb_ms").get("value") == "fast"
    assert "did you mean `real_time`?" in found.by_id("swap").text
    assert found.all("tr", class_="ours") == []


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
    keys = ("name", "fast", "max_delay", "sorts", "primary", "workflow", "latency", "unknown", "zz")
    script = "%3Cscript%3Ealert(%22x%22)%3C/script%3E'%22%26"
    texts += [faulty(own, f"{key}={script}&zz=1") for key in keys]
    texts.append(faulty(own, "%3Cscript%3Ealert(1)%3C/script%3E=1"))
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
    for text in (live(solver, {}), saved(solver, {})):
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
