"""The page and the API of a catalogue that shares nothing with the shipped one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asgi import Client
from foreign import foreign_catalogue, foreign_solver
from markup import Page, ranked
from mars_solver import Solver, load_catalogue, load_weights
from mars_solver.explaining.decision_map import axes
from mars_solver.explaining.recommendation import recommend_with
from mars_solver.inputs.catalogue.catalogue import build_catalogue
from mars_solver.inputs.parsing import parse
from mars_solver.inputs.profile import parse_profile
from mars_solver.inputs.weights import Weights
from mars_solver.rendering.answer import report_of
from mars_solver.vocabulary import Kind, Policy
from mars_solver.web import page as pages
from mars_solver.web.app import create_app
from mars_solver.web.form import form_of
from mars_solver.web.query import Query, live_requirement, pairs_in, parse_query, query_of
from strategies import World, cases, policies

NDJSON = "application/x-ndjson"


@pytest.fixture(scope="module")
def client() -> Client:
    return Client(create_app(foreign_solver()))


def words(page: Page, name: str) -> str:
    return " ".join(page.by_id(name).text.split())


SHIPPED = Solver(load_catalogue(), load_weights())


@pytest.mark.parametrize("solver", [SHIPPED, foreign_solver()], ids=["shipped", "foreign"])
def test_each_requirement_and_criterion_has_one_field(solver: Solver) -> None:
    page = Page(Client(create_app(solver)).get("/?max_price=400&max_ttfb_ms=900").text)
    declared = solver.declared
    live = live_requirement(declared)
    for requirement in declared.requirements:
        if requirement.name == live:
            assert page.by_id("f-form.when").get("value") == "live"
            continue
        field = page.by_id(f"f-{requirement.name}")
        label = text_of_label(page, requirement.name)
        expected = "checkbox" if requirement.kind is Kind.CAPABILITY else "text"
        assert field.get("type") == expected
        (fieldset,) = [tag for tag in field.inside if tag.name == "fieldset"]
        first = fieldset.text.strip().startswith("What must it do?")
        group = requirement.group or "Further requirements"
        assert first or fieldset.text.strip().startswith(group)
        assert (requirement.ask or requirement.label) in label
        if requirement.numeric:
            assert requirement.unit in field.inside[-1].text
            way = f"{requirement.label}, at {'most' if requirement.ceiling else 'least'}"
            assert requirement.ask or way in label
        if requirement.kind is Kind.SET:
            known = solver.catalogue.known_members(requirement.attribute)
            assert bool(field.get("list")) == bool(known)
    for criterion in declared.criteria:
        field = page.by_id(f"f-{criterion.name}")
        assert (field.get("type"), field.get("min"), field.get("max")) == ("range", "0", "10")
        assert text_of_label(page, criterion.name) == criterion.label
    sides = {side: {t.get("id") for t in page.all("a")} for side in ("across", "up")}
    for name in axes(solver):
        assert f"across-{name}" in sides["across"]
        assert f"up-{name}" in sides["up"]


def text_of_label(page: Page, name: str) -> str:
    field = page.by_id(f"f-{name}")
    around = [tag for tag in field.inside if tag.name == "label"]
    return (around or page.all("label", for_=f"f-{name}"))[-1].text


def test_needs_are_ordered_where_there_is_a_guide(client: Client, solver: Solver) -> None:
    found = Page(Client(create_app(solver)).get("/").text)
    first = found.by_id("f-primary")
    options = [(o.get("value"), o.text) for o in found.all("option") if first in o.inside]
    assert options == [("", "no order"), *((n.name, n.label) for n in solver.declared.needs)]
    page = Page(client.get("/").text)
    assert "uide" not in page.all("form")[0].text + page.by_id("swap").text
    assert "f-primary" not in page.ids


def test_what_is_asked_first_follows_the_catalogue(solver: Solver) -> None:
    form = form_of(solver, {})
    first = [field.name for field in form.first]
    asked = [each.name for each in solver.declared.requirements if each.ask]
    assert sorted(first) == sorted(asked)
    assert [choice.title for choice in form.timing] == ["Live", "Ahead of time", "Either"]
    in_groups = [field.name for _, fields in form.groups for field in fields]
    live = live_requirement(solver.declared)
    assert sorted([*first, *in_groups, live or ""]) == sorted(solver.declared.requirement)
    foreign = form_of(foreign_solver(), {})
    assert foreign.timing == ()
    assert foreign.first[0].name == "towing"
    assert form_of(foreign_solver(), {"workflow": "batch"}).timing


@pytest.mark.parametrize(
    ("query", "winner"),
    [
        ("cheapness=5", "Acme Coupé"),
        ("countries=fr; DE&towing=true", "Acme Van"),
        ("min_comfort=3&countries=FR,it", "Acme Coupé"),
        ("seats=2;3", "Acme Van"),
        ("max_price=350&min_price=100", "Acme Van"),
        ("length=7&cheapness=10&comfort_score=0", "Acme Van"),
        ("map=length;comfort_score&model=van", "Acme Coupé"),
    ],
)
def test_the_page_answers(client: Client, query: str, winner: str) -> None:
    found = client.get(f"/?{query.replace(' ', '+')}")
    assert found.status == 200
    page = Page(found.text)
    assert words(page, "winner") == winner
    for name in ("map", "bars", "flips"):
        figure = page.by_id(name)
        assert len([tag for tag in page.of_class("picture") if figure in tag.inside]) == 1


def test_what_is_stated_is_filled_in(client: Client) -> None:
    page = Page(client.get("/?countries=fr,de&min_comfort=3&cheapness=8&seats=2").text)
    values = {name: page.by_id(f"f-{name}").get("value") for name in ("countries", "min_comfort")}
    assert values == {"countries": "fr;de", "min_comfort": "3"}
    assert page.by_id("f-cheapness").get("value") == "8"
    assert words(page, "cheapness-output") == "8"
    assert words(page, "comfort_score-output") == "5 (not stated)"


def test_no_model_left_is_explained_in_the_words_of_the_catalogue(client: Client) -> None:
    page = Page(client.get("/?towing=true&min_comfort=4").text)
    body = page.by_id("swap").text
    assert "No model meets every requirement." in body
    assert "tow bar" in body
    assert "comfort" in body
    ways = [tag.get("href") for tag in page.of_class("way") if tag.name == "a"]
    assert len(ways) == 2
    for way in ways:
        assert words(Page(client.get(way.removeprefix(".")).text), "winner").startswith("Acme")


def test_every_fault_of_the_address_is_shown(client: Client) -> None:
    found = client.get("/?towing=maybe&max_price=-1&seats=two&primary=speed")
    assert found.status == 422
    page = Page(found.text)
    for name in ("towing", "max_price", "seats"):
        assert page.by_id(f"f-{name}").get("aria-invalid") == "true"
        assert page.by_id(f"{name}-problem").text
    body = page.by_id("swap").text
    assert "no guide" in body


def test_every_attribute_is_compared_and_none_by_its_key(client: Client) -> None:
    told = Page(client.get("/").text).by_id("compare").text
    for name, attribute in foreign_catalogue().declared.attributes.items():
        assert attribute.label in told
        assert "_" not in name or name not in told
    for text in ("300–400", "leaflet, 2026-02", "not GB", "every other|any"):
        assert any(each in told for each in text.split("|"))


def test_an_answer_is_had_as_a_file_and_as_json(client: Client) -> None:
    query = "towing=true&measure.van.price=350"
    page = Page(client.get(f"/?{query}").text)
    tools = {tag.text: tag.get("href") for tag in page.of_class("tool") if tag.name == "a"}
    assert set(tools) == {"Save as file", "JSON"}
    saved = client.get(tools["Save as file"].removeprefix("."))
    assert words(Page(saved.text), "winner") == words(page, "winner")
    assert Page(saved.text).all("form") == []
    data = client.get(tools["JSON"].removeprefix(".")).json()
    assert data["shortlist"][0]["model"] == "van"
    assert data["importances"]
    assert client.get("/answer.json?max_price=x").status == 422


def test_a_form_is_led_to_its_shortest_address(client: Client) -> None:
    form = "form.sliders=cheapness:5&cheapness=5&towing=true&countries=&form.model=van"
    found = client.get(f"/?{form}&form.fact=price&form.figure=350")
    assert (found.status, found.headers["location"]) == (
        303, "./?towing=true&measure.van.price=350"
    )  # fmt: skip


def test_the_api_answers_as_the_library(client: Client) -> None:
    solver = foreign_solver()
    data = {"require": {"towing": True, "min_comfort": 2, "countries": ["fr"]}, "name": "Tour"}
    answer = recommend_with(solver, parse_profile(data, "test", solver.declared))
    found = client.post("/v1/recommend", data).json()
    assert found == json.loads(json.dumps(answer.to_dict()))
    assert found["flowchart"] is None
    explained = client.post("/v1/explain?model=coupe", data).json()
    assert explained == json.loads(json.dumps(answer.explain("coupe").to_dict()))


def test_a_profile_is_checked_against_the_catalogue_that_is_served(client: Client) -> None:
    bad = {"require": {"real_time": True, "towin": True}, "primary": "towing", "prefer": {"x": 1}}
    for path in ("/v1/recommend", "/v1/explain"):
        found = client.post(path, bad)
        assert found.status == 422
        paths = [each["path"] for each in found.json()["problems"]]
        assert sorted(paths) == ["prefer.x", "primary", "require.real_time", "require.towin"]


def test_what_the_weights_do_not_score_has_no_field_and_is_refused() -> None:
    client = Client(create_app(Solver(foreign_catalogue(), SHIPPED.weights)))
    page = Page(client.get("/").text)
    assert not {"f-cheapness", "up-cheapness"} & set(page.ids)
    assert "f-min_comfort" in page.ids
    found = client.get("/?cheapness=7")
    assert found.status == 422
    assert "cheapness" in Page(found.text).by_id("swap").text
    for path in ("/v1/recommend", "/v1/explain"):
        (problem,) = client.post(path, {"prefer": {"cheapness": 7}}).json()["problems"]
        assert (problem["place"], problem["path"]) == ("body", "prefer.cheapness")


def test_requirements_that_cannot_move_are_kept(client: Client) -> None:
    data = {"require": {"towing": True, "min_comfort": 4}}
    for path in ("/v1/recommend", "/v1/explain"):
        found = client.post(f"{path}?keep=towing", data).json()
        assert found["corrections"] == [["min_comfort"]]
        assert client.post(f"{path}?keep=tow", data).status == 422


def test_a_batch_has_the_columns_of_the_catalogue(client: Client) -> None:
    body = b'{"towing": true, "countries": "FR, de"}\n{"real_time": true}\n'
    found = client.post("/v1/batch", body, content_type=NDJSON)
    first, second = [json.loads(line) for line in found.text.splitlines()]
    assert (first["model_1"], first["status"]) == ("van", "meets")
    assert first["flowchart_agrees"] is None
    assert second["status"] == "rejected"


def capable(count: int) -> dict[str, Any]:
    """Attributes without a number, a criterion or a group."""
    kinds = {f"c{i}": {"kind": "capability", "label": f"C{i}"} for i in range(count)}
    return {"schema": 1, "variables": {}, "attributes": kinds}


@pytest.mark.parametrize("stage", ["released", "beta"])
@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_catalogue_without_numbers_or_criteria_has_a_page(count: int, stage: str) -> None:
    claim = {"source": "a", "as_of": "2026", "grade": "stated"}
    content = {
        "attributes": capable(count),
        "sources": {"schema": 1, "a": {"title": "A", "where": "b", "date": "2026"}},
        "m": {"schema": 1, "id": "m", "name": "M", "stage": {**claim, "value": stage}},
    }
    empty = parse(Weights, {"schema": 1, "name": "none", "base": {}}, "weights")
    client = Client(create_app(Solver(build_catalogue(content), empty)))
    for query in ("", "c0=true", "accept_beta=true", "model=m", "workflow=batch"):
        found = client.get(f"/?{query}")
        assert found.status == 200
        page = Page(found.text)
        assert "map-head" not in page.ids
    assert client.get("/openapi.json").status == 200


@given(cases(), policies, st.data())
@settings(max_examples=30)
def test_any_catalogue_has_a_page_that_says_what_is_answered(
    case: tuple[World, dict[str, Any]], unknown: Policy, more: st.DataObject
) -> None:
    world, data = case
    solver = world.solver
    profile = parse_profile(data, "test", solver.declared)
    model = more.draw(st.sampled_from([None, *solver.catalogue.names]))
    chosen = more.draw(st.permutations(axes(solver))) if len(axes(solver)) > 1 else []
    asked = Query(profile, unknown, model, tuple(chosen[: more.draw(st.integers(0, 2))]))
    answer = recommend_with(solver, profile, unknown=unknown)
    live = pages.page(solver, asked, answer)
    saved = pages.saved_page(answer.explain(model))
    shown = {(row.name, row.rank is None) for row in report_of(answer).ranking}
    for text in (live, saved):
        found = Page(text)
        assert sorted(found.ids) == sorted(set(found.ids))
        if asked.empty and text is live:
            assert ranked(found) == []
            continue
        assert {(name, status == "ruled out") for name, status, _ in ranked(found)} == shown
        drawable = len(axes(solver)) > 1 and answer.shortlist
        assert ("map" in found.ids) == bool(drawable) or "map" not in found.ids
    fields = {tag.get("name") for tag in Page(live).tags if tag.name in {"input", "select"}}
    unscored = solver.declared.criterion.keys() - solver.scored
    stated = {*solver.declared.requirement, *solver.declared.criterion} - unscored
    assert stated - {live_requirement(solver.declared)} <= fields
    links = [t.get("href") for t in Page(live).all("a") if t.get("href").startswith("./?")]
    for link in links:
        again = parse_query(pairs_in(link.removeprefix("./?").encode()), solver)
        assert query_of(again) == link.removeprefix("./?")
