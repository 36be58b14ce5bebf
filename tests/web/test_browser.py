"""The page in a real Chromium; skipped where there is none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

from browser import CHROMIUM, chromium
from foreign import MODELS, foreign_catalogue, foreign_solver
from mars_solver import Profile, Solver, recommend
from mars_solver.web.form import titles
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
WIDTHS = (360, 390, 768, 1024, 1440, 1920)
STATES = {
    "nothing": "",
    "meets": "?real_time=true&max_ttfb_ms=300&languages=en-us",
    "unverified": "?max_ttfb_ms=1000&voice_transfer=true&model=mars-flash",
    "infeasible": INFEASIBLE,
    "faulty": "?max_ttfb_ms=fast&languages=english",
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


def label(solver: Solver, name: str) -> str:
    """What a field is called."""
    return titles(solver.declared)[name]


def fill(page: Page, solver: Solver, scenario: Scenario) -> None:
    """Answer the form as a scenario says, by the labels of its fields alone."""
    profile = Profile(**scenario.profile)
    for name, text in fields_of(profile).items():
        if name == "name":
            page.get_by_text("Options", exact=True).click()
        if name in profile.declared.criterion:
            slider = page.get_by_label(label(solver, name), exact=True)
            if not slider.is_visible():
                page.get_by_text("What matters more, what less").click()
            slider.focus()
            while int(slider.input_value()) < int(text):
                slider.press("ArrowRight")
        elif name in {"real_time", "workflow"}:
            page.get_by_text("Live" if name == "real_time" else "Ahead of time", exact=True).click()
        elif text == "true":
            page.get_by_label(label(solver, name)).check()
        else:
            page.get_by_label(label(solver, name), exact=True).fill(text)


def test_each_scenario_is_two_interactions_away_by_its_label(
    tab: Callable[..., Page], site: str, solver: Solver
) -> None:
    for script in (True, False):
        page = tab(java_script_enabled=script)
        for preset, scenario in zip(solver.catalogue.presets, GUIDE, strict=True):
            page.goto(site)
            page.get_by_role("link", name=preset.title, exact=True).click()
            settled(page, name_of(solver, scenario.expected[0]))
            chip = page.get_by_role("link", name=preset.title, exact=True)
            assert chip.get_attribute("aria-current") == "true"


def test_each_scenario_is_answered_through_the_form(
    tab: Callable[..., Page], site: str, solver: Solver
) -> None:
    for script in (True, False):
        page = tab(java_script_enabled=script)
        for scenario in GUIDE:
            page.goto(site)
            fill(page, solver, scenario)
            if not script:
                page.get_by_role("button", name="Show the answer").click()
            profile = Profile(**scenario.profile)
            page.wait_for_url(f"{site}?{query_of(Query(profile))}")
            best = name_of(solver, recommend(profile).shortlist[0].model)
            settled(page, best)
            assert best == name_of(solver, scenario.expected[0])
            if script:
                settled(page, re.compile(re.escape(best)), "#said")


def test_an_address_is_shared_and_back_leads_back(tab: Callable[..., Page], site: str) -> None:
    page = tab()
    page.goto(site)
    page.get_by_text("Live", exact=True).click()
    settled(page, "MARS-Flash")
    page.locator("#f-languages").fill("en-us, hi-in")
    page.wait_for_url("**/?real_time=true&languages=en-us;hi-in")
    other = tab()
    other.goto(page.url)
    settled(other, page.locator("#winner").inner_text())
    assert other.get_by_label("Live", exact=True).is_checked()
    assert other.locator("#f-languages").input_value() == "en-us;hi-in"
    page.go_back()
    page.wait_for_url(f"{site}?real_time=true")
    page.go_back()
    page.wait_for_url(site)
    settled(page, re.compile("Say what you need"), "#headline")
    assert page.get_by_label("Either").is_checked()
    assert page.locator("#f-languages").input_value() == ""


def test_a_relaxation_is_followed(tab: Callable[..., Page], site: str) -> None:
    for script in (True, False):
        page = tab(java_script_enabled=script)
        page.goto(site + INFEASIBLE)
        way = page.locator("a.way").first
        assert re.search("from 100 to 150.ms", way.inner_text())
        assert "[" not in way.inner_text()
        way.click()
        settled(page, "MARS-Flash")
        assert page.locator("#f-max_ttfb_ms").input_value() == "150"
        assert not page.locator("#f-style_control").is_checked()
        assert page.url == f"{site}?real_time=true&max_ttfb_ms=150"


def test_the_map_is_clicked(tab: Callable[..., Page], site: str) -> None:
    page = tab()
    page.goto(site)
    page.locator("#map svg a[aria-label^='MARS-Flash']").first.click()
    settled(page, "MARS-Flash")
    page.locator("#safe > summary").click()
    assert page.locator("#safe figure").count() > 4
    page.locator("#axes summary").click()
    page.locator("#up-latency").click()
    page.wait_for_url("**map=latency")
    assert page.evaluate("document.activeElement.id") == "up-latency"
    assert page.locator("#safe").get_attribute("open") is not None


def test_the_place_is_kept_while_typing(tab: Callable[..., Page], site: str) -> None:
    page = tab(viewport={"width": 1280, "height": 500})
    page.goto(f"{site}?style_control=true")
    page.locator("#compare > summary").click()
    page.locator("#sources summary").click()
    field = page.locator("#f-max_ttfb_ms")
    field.focus()
    page.evaluate("scrollTo(0, 300)")
    field.press_sequentially("300", delay=30)
    page.wait_for_url("**/?max_ttfb_ms=300&style_control=true")
    field.press_sequentially("0", delay=30)
    page.wait_for_url("**/?max_ttfb_ms=3000&style_control=true")
    settled(page, "MARS-Instruct")
    assert page.evaluate("document.activeElement.id") == "f-max_ttfb_ms"
    assert abs(page.evaluate("scrollY") - 300) < 40


def test_a_foreign_catalogue_is_answered_through_its_form(tab: Callable[..., Page]) -> None:
    with served(foreign_solver()) as site:
        page = tab()
        page.goto(site)
        settled(page, re.compile("Say what you need"), "#headline")
        page.get_by_label("Countries").fill("fr, de")
        page.wait_for_url("**/?countries=fr;de")
        page.get_by_text("More requirements").click()
        page.get_by_label("Length, at most").fill("7")  # every list of JavaScript has a length
        page.wait_for_url("**/?countries=fr;de&length=7")
        page.get_by_label("Tow bar").check()
        settled(page, "Acme Van")
        page.get_by_text("What matters more, what less").click()
        slider = page.get_by_label("Comfortable ride")
        slider.focus()
        slider.press("ArrowLeft")
        page.wait_for_url("**/?towing=true&countries=fr;de&length=7&comfort_score=4")
        assert page.locator("#cheapness-output").inner_text() == "5 (not stated)"
        assert faults(page) == []
        assert cut(page, 360) == []
        assert cut(page, 1440) == []


def test_fifty_models_fit(tab: Callable[..., Page]) -> None:
    many = {
        f"car{i}": {**MODELS["van"], "id": f"car{i}", "name": f"Acme Estate Number {i}"}
        for i in range(50)
    }
    with served(Solver(foreign_catalogue(**many), foreign_solver().weights)) as site:
        page = tab()
        for query in ("", "?towing=true", "?length=1"):
            page.goto(site + query)
            for width in (360, 1440):
                assert cut(page, width) == [], (query, width)
                assert height(page) <= (4200 if width < 1000 else 3000)
        assert (
            "50" in page.locator("#ranking").locator("..").inner_text()
            or page.locator("#ranked").count()
        )


def test_a_slow_answer_takes_nothing_back_that_was_typed_meanwhile(
    tab: Callable[..., Page], site: str
) -> None:
    page = tab()
    page.goto(site)
    held: list[Any] = []
    slow = re.compile("when=live&(?!.*max_ttfb_ms=3)")
    page.route(slow, lambda route: held.append(route))  # noqa: PLW0108  (driver)
    with page.expect_request(slow):
        page.get_by_text("Live", exact=True).click()
    page.locator("#f-max_ttfb_ms").focus()
    page.keyboard.type("30")
    for each in held:
        each.continue_()
    page.keyboard.type("0")
    page.wait_for_url(f"{site}?real_time=true&max_ttfb_ms=300")
    settled(page, "MARS-Flash")
    assert page.locator("#f-max_ttfb_ms").input_value() == "300"


def test_a_resting_slider_follows_the_workflow(tab: Callable[..., Page], site: str) -> None:
    page = tab()
    page.goto(site)
    page.get_by_text("Ahead of time", exact=True).click()
    settled(page, "0 (not stated)", "#latency-output")
    page.get_by_text("Either", exact=True).click()
    settled(page, "5 (not stated)", "#latency-output")
    assert page.url == site


def test_the_last_good_answer_stays_while_a_field_is_half_typed(
    tab: Callable[..., Page], site: str
) -> None:
    page = tab()
    page.goto(f"{site}?real_time=true")
    field = page.locator("#f-languages")
    with page.expect_response(lambda response: response.status == 422):
        field.press_sequentially("englis")
    settled(page, "MARS-Flash")
    assert page.locator(".problem").count() == 0
    assert page.url == f"{site}?real_time=true"
    field.blur()
    problem = page.locator("#languages-problem")
    problem.wait_for()
    assert "englis" in problem.inner_text()
    assert field.get_attribute("aria-invalid") == "true"
    settled(page, "MARS-Flash")
    field.fill("en-us")
    page.wait_for_url("**languages=en-us")
    assert field.get_attribute("aria-invalid") is None
    assert page.locator(".problem").count() == 0


def test_a_list_of_locales_completes_each_of_several(tab: Callable[..., Page], site: str) -> None:
    page = tab()
    page.goto(site)
    field = page.locator("#f-languages")
    offered = "[...document.getElementById('f-languages').list.options].map((o) => o.value)"
    field.press_sequentially("h")
    assert "hi-in" in page.evaluate(offered)
    field.fill("hi-in; p")
    assert "hi-in;pt-br" in [text.replace(" ", "") for text in page.evaluate(offered)]


def test_a_figure_of_ones_own_is_typed_in(tab: Callable[..., Page], site: str) -> None:
    page = tab()
    page.goto(f"{site}?max_ttfb_ms=2000")
    settled(page, "MARS-Pro")
    page.get_by_text("Your own measurements").click()
    page.get_by_label("Model", exact=True).select_option(label="MARS-Pro")
    page.get_by_label("Figure", exact=True).fill("2400")
    page.keyboard.press("Tab")
    page.wait_for_url("**/?max_ttfb_ms=2000&measure.mars-pro.ttfb_ms=2400")
    settled(page, "MARS-Flash")
    again = page.get_by_label("MARS-Pro: Time to first byte", exact=True)
    assert again.input_value() == "2400"
    again.fill("")
    again.blur()
    page.wait_for_url(f"{site}?max_ttfb_ms=2000")
    settled(page, "MARS-Pro")


def test_the_keyboard_alone_is_enough(tab: Callable[..., Page], site: str) -> None:
    page = tab(viewport={"width": 1280, "height": 800})
    page.goto(site)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the answer"
    reached: list[str] = []
    for _ in range(80):
        page.keyboard.press("Tab")
        at = page.evaluate("document.activeElement.id || document.activeElement.tagName")
        reached.append(at)
        ring = page.evaluate(
            """() => [document.activeElement, document.activeElement.closest(".entry"),
                document.activeElement.nextElementSibling, document.activeElement.parentElement]
                .filter(Boolean).map((each) => getComputedStyle(each).outlineStyle)"""
        )
        assert set(ring) - {"none"}, f"no ring on {at}"
        if page.evaluate("document.activeElement.type === 'radio'"):
            page.keyboard.press("ArrowRight")  # from the last choice on to the first
            settled(page, "MARS-Flash")
            break
    assert "preset-1" in reached
    for wanted in ("f-voice_transfer", "f-max_ttfb_ms"):
        while page.evaluate("document.activeElement.id") != wanted:
            page.keyboard.press("Tab")
    page.keyboard.type("300")
    page.wait_for_url("**max_ttfb_ms=300")
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.parentElement.id") == "safe":
            page.keyboard.press("Enter")
            assert page.locator("#safe").get_attribute("open") is not None
            return
    raise AssertionError


def test_how_to_call_it_and_the_address_are_copied(tab: Callable[..., Page], site: str) -> None:
    page = tab(permissions=["clipboard-read", "clipboard-write"])
    page.goto(f"{site}?real_time=true")
    page.locator("[data-copy=call-1]").click()
    settled(page, re.compile("^Copied"), "[data-copy=call-1]")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.locator("#call-1").inner_text()
    assert "mars-flash" in copied
    page.get_by_role("button", name="Copy link").click()
    page.wait_for_function("navigator.clipboard.readText().then((text) => text === location.href)")


def unfolded(page: Page) -> None:
    page.evaluate(
        """() => { for (const each of document.querySelectorAll("details")) {
            each.removeAttribute("name"); each.open = true; } }"""
    )


def cut(page: Page, width: int) -> list[str]:
    """What is wider than the room that it has at a width, all folds open."""
    page.set_viewport_size({"width": width, "height": 844})
    unfolded(page)
    found: list[str] = page.evaluate(
        """(width) => [...document.querySelectorAll("body *:not(.sr, .sr *, option, datalist)")]
            .filter((each) => each.getClientRects().length)
            .filter((each) => !(each instanceof SVGElement) || each.tagName === "text")
            .filter((each) => each.tagName === "text"
                ? ((box, room) => box.left < room.left - 1 || box.right > room.right + 1)(
                    each.getBoundingClientRect(), each.ownerSVGElement.getBoundingClientRect())
                : each.scrollWidth > each.clientWidth + 1 && each.clientWidth
                    && getComputedStyle(each).display !== "inline"
                    && !each.matches(".scroll, .scroll *, .skip")
                || each.getBoundingClientRect().right > width + 1
                    && !each.closest(".scroll, .skip"))
            .map((each) => each.outerHTML.slice(0, 150))""",
        width,
    )
    beyond = page.evaluate("document.documentElement.scrollWidth")
    for each in page.locator("details").all():
        each.evaluate("(each) => { if (!each.closest('.calls')) each.open = false; }")
    return found + ([f"the page is {beyond} wide"] if beyond > width else [])


def height(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollHeight"))


@pytest.mark.parametrize("state", STATES)
def test_nothing_is_cut_at_any_width_or_in_print(
    tab: Callable[..., Page], site: str, state: str
) -> None:
    page = tab()
    page.goto(site + STATES[state])
    for width in WIDTHS:
        assert cut(page, width) == [], width
    page.emulate_media(media="print")
    assert cut(page, 700) == []


def test_a_finger_hits_what_can_be_hit(tab: Callable[..., Page], site: str) -> None:
    page = tab(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    for state in STATES.values():
        page.goto(site + state)
        unfolded(page)
        small = page.evaluate(
            """() => [...document.querySelectorAll("a, button, select, summary, input, label.tick")]
                .filter((each) => each.offsetParent
                    && !each.closest("p, td, dd, li:not(:has(> .preset, > .way)), .skip, .sr"))
                .map((each) => [each, each.closest("label, .entry") || each])
                .filter(([, area]) => area.getBoundingClientRect().height < 43.5
                    && area.getBoundingClientRect().height > 1)
                .map(([each]) => each.outerHTML.slice(0, 120))"""
        )
        assert small == [], state


def test_pages_stay_short_and_light(tab: Callable[..., Page], site: str) -> None:
    page = tab()
    for state, query in STATES.items():
        answered = page.goto(site + query)
        assert answered is not None
        assert len(answered.body()) <= 120_000, state
        for width, most in ((1440, 2400 if state == "nothing" else 3000), (390, 4200)):
            page.set_viewport_size({"width": width, "height": 844})
            assert height(page) <= most, (state, width)
    page.set_viewport_size({"width": 1440, "height": 900})
    for query, seen in (("", "#map"), (STATES["meets"], "#call-1")):
        page.goto(site + query)
        for name in (
            "h1",
            ".preset >> nth=-1",
            ".segments",
            "#f-voice_transfer",
            "#headline",
            seen,
        ):
            box = page.locator(name).first.bounding_box()
            assert box is not None
            assert box["y"] + box["height"] <= 900, name


def test_an_answer_is_one_page_of_print(tab: Callable[..., Page], site: str) -> None:
    page = tab()
    page.goto(site + STATES["meets"].replace("?", "?name=Hotline&"))
    page.emulate_media(media="print")
    told = page.locator("body").inner_text()
    assert "Hotline" in told
    assert re.search(r"\d{4}-\d\d-\d\d", page.locator(".printed").inner_text())
    assert "name=Hotline" in page.locator(".printed").inner_text()
    assert "What does your project need?" not in told
    assert page.pdf(format="A4").count(b"/Type /Page\n") == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault(tab: Callable[..., Page], site: str, scheme: str) -> None:
    page = tab(color_scheme=scheme)
    for state in STATES.values():
        page.goto(site + state)
        assert faults(page) == []
        unfolded(page)
        assert faults(page) == []


def faults(page: Page) -> list[tuple[str, str]]:
    """The faults that axe-core finds."""
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415

    found = Axe().run(page)
    return [(v["id"], v["nodes"][0]["html"][:300]) for v in found.response["violations"]]


def test_a_saved_answer_works_from_the_disk(
    tab: Callable[..., Page], site: str, tmp_path: Path
) -> None:
    page = tab(accept_downloads=True)
    page.goto(f"{site}?real_time=true&name=Line")
    with page.expect_download() as download:
        page.get_by_role("link", name="Save as file").click()
    file = tmp_path / "answer.html"
    download.value.save_as(file)
    page.goto(file.as_uri())
    settled(page, "MARS-Flash")
    button = page.locator("[data-copy=call-1]")
    button.click()
    settled(page, re.compile("^(Copied|Not copied)"), "[data-copy=call-1]")
    page.locator("#safe > summary").click()
    page.locator("#map details summary").click()
    assert page.locator("#map table").is_visible()
    assert faults(page) == []
