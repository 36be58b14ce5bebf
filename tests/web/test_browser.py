"""The page in a real Chromium; skipped where there is none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

from browser import CHROMIUM, chromium
from foreign import foreign_solver
from mars_solver import Profile, Solver, recommend
from mars_solver.web.page import saved_page
from mars_solver.web.query import Query, fields_of, query_of
from scenarios import Scenario, scenarios
from served import served

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = [
    pytest.mark.skipif(find_spec("playwright") is None, reason="playwright is not installed"),
    pytest.mark.skipif(find_spec("axe_playwright_python") is None, reason="axe is not installed"),
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium"),
]
GUIDE = [scenario for scenario in scenarios() if scenario.id.startswith("S")]
INFEASIBLE = "?real_time=true&max_ttfb_ms=100&style_control=true"
STATES = {
    "meets": "?real_time=true&max_ttfb_ms=300&languages=en-us",
    "unverified": "?max_ttfb_ms=1000&voice_transfer=true&model=mars-flash",
    "infeasible": INFEASIBLE,
    "faulty": "?max_ttfb_ms=fast&languages=english&realtime=true",
}


@pytest.fixture(scope="module")
def site(solver: Solver) -> Iterator[str]:
    """The address of a server of the shipped catalogue."""
    with served(solver) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def tab(browser: Browser) -> Iterator[Callable[..., Page]]:
    """What opens a tab; a message on the console or a request elsewhere fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def opened(**options: Any) -> Page:
        context = browser.new_context(**options)
        context.set_default_timeout(20_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request",
            lambda request: complaints.append(request.url) if elsewhere(request.url) else None,
        )
        return page

    yield opened
    for context in contexts:
        context.close()
    # Chromium reports the status 422 of a page with problems.
    assert [text for text in complaints if "422" not in text] == []


def elsewhere(url: str) -> list[str]:
    return [] if url.startswith(("http://127.0.0.1:", "data:", "file:", "blob:")) else [url]


def settled(page: Page, text: str | re.Pattern[str], where: str = "#winner") -> None:
    """Wait until an element has a text."""
    from playwright.sync_api import expect  # noqa: PLC0415

    expect(page.locator(where)).to_have_text(text, timeout=20_000)


def name_of(solver: Solver, model: str) -> str:
    return next(each.name for each in solver.catalogue.models if each.id == model)


def fill(page: Page, scenario: Scenario) -> None:
    """Answer the form as a scenario says, with the mouse and the keyboard."""
    profile = Profile(**scenario.profile)
    for name, text in fields_of(profile).items():
        if name in profile.declared.criterion:
            slider = page.locator(f"#f-{name}")
            slider.focus()
            while int(slider.input_value()) < int(text):
                slider.press("ArrowRight")
        elif text in {"true", "batch"}:
            page.locator(f"#f-{name}").check()
        elif name == "primary":
            page.locator("#f-primary").select_option(text)
        else:
            page.locator(f"#f-{name}").fill(text)


@pytest.mark.parametrize("scenario", GUIDE, ids=lambda each: each.id)
@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_each_scenario_is_answered_through_the_form(
    tab: Callable[..., Page], site: str, solver: Solver, scenario: Scenario, *, script: bool
) -> None:
    page = tab(java_script_enabled=script)
    page.goto(site)
    fill(page, scenario)
    if not script:
        page.get_by_role("button", name="Show the answer").click()
    profile = Profile(**scenario.profile)
    query = query_of(Query(profile))
    page.wait_for_url(f"{site}?{query}")
    best = name_of(solver, recommend(profile).shortlist[0].model)
    settled(page, best)
    assert best == name_of(solver, scenario.expected[0])
    if script:
        settled(page, re.compile(re.escape(best)), "#said")


def test_an_address_is_shared_and_back_leads_back(tab: Callable[..., Page], site: str) -> None:
    page = tab()
    page.goto(site)
    page.locator("#f-real_time").check()
    settled(page, "MARS-Flash")
    page.locator("#f-languages").fill("en-us, hi-in")
    page.wait_for_url("**/?real_time=true&languages=en-us;hi-in")
    other = tab()
    other.goto(page.url)
    settled(other, page.locator("#winner").inner_text())
    assert other.locator("#f-real_time").is_checked()
    assert other.locator("#f-languages").input_value() == "en-us;hi-in"
    page.go_back()
    page.wait_for_url(f"{site}?real_time=true")
    page.go_back()
    page.wait_for_url(site)
    settled(page, "MARS-Pro")
    assert not page.locator("#f-real_time").is_checked()
    assert page.locator("#f-languages").input_value() == ""


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_relaxation_is_followed(tab: Callable[..., Page], site: str, *, script: bool) -> None:
    page = tab(java_script_enabled=script)
    page.goto(site + INFEASIBLE)
    way = page.locator("a.way").first
    assert "[max_ttfb_ms] from 100 to 150 ms" in way.inner_text()
    way.click()
    settled(page, "MARS-Flash")
    assert page.locator("#f-max_ttfb_ms").input_value() == "150"
    assert not page.locator("#f-style_control").is_checked()
    assert page.url == f"{site}?real_time=true&max_ttfb_ms=150"


def test_the_place_is_kept_while_typing(tab: Callable[..., Page], site: str) -> None:
    page = tab(viewport={"width": 1280, "height": 700})
    page.goto(site)
    page.locator("#sources summary").click()
    page.evaluate("scrollTo(0, 700)")
    field = page.locator("#f-max_ttfb_ms")
    field.focus()
    page.evaluate("scrollTo(0, 700)")
    field.press_sequentially("300", delay=30)
    page.wait_for_url("**/?max_ttfb_ms=300")
    settled(page, "MARS-Flash")
    assert page.evaluate("document.activeElement.id") == "f-max_ttfb_ms"
    assert abs(page.evaluate("scrollY") - 700) < 40
    assert page.locator("#sources").get_attribute("open") is not None
    page.locator("#axes summary").click()
    page.locator("#up-latency").click()
    page.wait_for_url("**map=latency")
    assert page.evaluate("document.activeElement.id") == "up-latency"
    assert page.locator("#up-latency").get_attribute("aria-current") == "true"
    page.locator("#across-max_memory_mb").click()
    page.wait_for_url("**map=max_memory_mb;latency")


def test_a_foreign_catalogue_is_answered_through_its_form(tab: Callable[..., Page]) -> None:
    with served(foreign_solver()) as site:
        page = tab()
        page.goto(site)
        settled(page, "Acme Coupé")
        page.locator("#f-countries").fill("fr, de")
        page.locator("#f-length").fill("7")  # like the length of every list in JavaScript
        page.wait_for_url("**/?countries=fr;de&length=7")
        page.locator("#f-towing").check()
        settled(page, "Acme Van")
        slider = page.locator("#f-comfort_score")
        slider.focus()
        slider.press("ArrowLeft")
        page.wait_for_url("**/?towing=true&countries=fr;de&length=7&comfort_score=4")
        assert page.locator("#cheapness-output").inner_text() == "5 (not stated)"
        assert serious(page) == []


def test_a_slow_answer_takes_nothing_back_that_was_typed_meanwhile(
    tab: Callable[..., Page], site: str
) -> None:
    page = tab()
    page.goto(site)
    held: list[Any] = []
    page.route("**/?real_time=true", lambda route: held.append(route))  # noqa: PLW0108  (driver)
    page.locator("#f-real_time").check()
    page.wait_for_url(f"{site}?real_time=true")
    page.locator("#f-max_ttfb_ms").focus()
    page.keyboard.type("30")
    for each in held:
        each.continue_()
    settled(page, "MARS-Flash")
    page.keyboard.type("0")
    page.wait_for_url(f"{site}?real_time=true&max_ttfb_ms=300")
    assert page.locator("#f-max_ttfb_ms").input_value() == "300"


def test_a_resting_slider_follows_the_workflow(tab: Callable[..., Page], site: str) -> None:
    page = tab()
    page.goto(site)
    page.locator("#f-workflow").check()
    settled(page, "0 (not stated)", "#latency-output")
    page.locator("#f-workflow").uncheck()
    settled(page, "5 (not stated)", "#latency-output")
    assert page.url == site


def test_a_fault_is_shown_beside_its_field_and_goes(tab: Callable[..., Page], site: str) -> None:
    page = tab()
    page.goto(site)
    field = page.locator("#f-max_ttfb_ms")
    field.fill("fast")
    settled(page, "1 entry cannot be used", "#headline")
    assert field.get_attribute("aria-invalid") == "true"
    assert "expected a number" in page.locator("#max_ttfb_ms-problem").inner_text()
    field.fill("300")
    settled(page, "MARS-Flash")
    assert field.get_attribute("aria-invalid") is None
    assert page.locator(".problem").count() == 0


def test_the_keyboard_alone_is_enough(tab: Callable[..., Page], site: str) -> None:
    page = tab(viewport={"width": 1280, "height": 800})
    page.goto(site)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the answer"
    reached: list[str] = []
    for _ in range(60):
        page.keyboard.press("Tab")
        at = page.evaluate("document.activeElement.id")
        reached.append(at)
        ring = page.evaluate(
            """() => [document.activeElement, document.activeElement.closest(".tick, .entry")]
                .filter(Boolean).map((each) => getComputedStyle(each).outlineStyle)"""
        )
        assert set(ring) - {"none"}, f"no ring on {at}"
        if at == "f-real_time":
            page.keyboard.press("Space")
        if at == "f-latency":
            page.keyboard.press("ArrowRight")
            break
    assert {"f-real_time", "f-voice_transfer", "f-primary", "f-max_ttfb_ms"} <= set(reached)
    page.wait_for_url("**/?real_time=true&latency=6")
    settled(page, "MARS-Flash")
    assert page.locator("#latency-output").inner_text() == "6"


def test_how_to_call_it_is_copied(tab: Callable[..., Page], browser: Browser, site: str) -> None:
    assert browser.is_connected()
    page = tab(permissions=["clipboard-read", "clipboard-write"])
    page.goto(f"{site}?real_time=true")
    button = page.locator("[data-copy=call-1]")
    button.click()
    settled(page, re.compile("^Copied"), "[data-copy=call-1]")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.locator("#call-1").inner_text()
    assert 'speech_model="mars-flash"' in copied


@pytest.mark.parametrize("state", STATES)
def test_a_phone_shows_everything_within_its_width(
    tab: Callable[..., Page], site: str, state: str
) -> None:
    page = tab(viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True)
    page.goto(site + STATES[state])
    for each in page.locator("details").all():
        each.evaluate("each => { each.open = true; }")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    small = page.evaluate(
        """() => [...document.querySelectorAll("a, button, select, summary, input, label.tick")]
            .filter((each) => each.offsetParent && !each.closest("p, td, ul.faults, .skip, footer"))
            .map((each) => [each, each.closest("label, .entry, .top nav a") || each])
            .filter(([, area]) => area.getBoundingClientRect().height < 43.5)
            .map(([each]) => each.outerHTML.slice(0, 120))"""
    )
    assert small == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", STATES)
def test_axe_finds_no_serious_fault(
    tab: Callable[..., Page], site: str, state: str, scheme: str
) -> None:
    page = tab(color_scheme=scheme)
    page.goto(site + STATES[state])
    assert serious(page) == []
    for each in page.locator("details").all():
        each.evaluate("each => { each.open = true; }")
    assert serious(page) == []


def serious(page: Page) -> list[tuple[str, str]]:
    """The serious and critical faults that axe-core finds."""
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415

    found = Axe().run(page)
    return [
        (each["id"], each["nodes"][0]["html"][:200])
        for each in found.response["violations"]
        if each["impact"] in {"serious", "critical"}
    ]


def test_a_saved_answer_works_from_the_disk(tab: Callable[..., Page], tmp_path: Path) -> None:
    answer = recommend({"name": "Line", "require": {"real_time": True}})
    file = tmp_path / "answer.html"
    file.write_text(saved_page(answer.explain()), "utf-8")
    page = tab()
    page.goto(file.as_uri())
    settled(page, "MARS-Flash")
    button = page.locator("[data-copy=call-1]")
    button.click()
    settled(page, re.compile("^(Copied|Selected)"), "[data-copy=call-1]")
    page.locator("#map-text summary").click()
    assert page.locator("#map-text table").is_visible()
    assert serious(page) == []
