"""The query of a page's URL: to a profile and back, with every fault under its key."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreign import MODELS, SOURCES, foreign_catalogue, foreign_solver
from mars_solver import InputError, Profile, Solver, Weights, load_catalogue, load_weights
from mars_solver.explaining.decision_map import axes
from mars_solver.inputs.catalogue.attributes_file import MOST
from mars_solver.inputs.catalogue.catalogue import build_catalogue
from mars_solver.inputs.parsing import parse
from mars_solver.inputs.profile import parse_profile
from mars_solver.vocabulary import POLICIES, Policy
from mars_solver.web.form import field_names
from mars_solver.web.query import (
    SLIDERS,
    Query,
    fields_of,
    measured_by,
    pairs_in,
    parse_query,
    query_of,
)
from strategies import SHIPPED_WORLD, World, cases, profile_dicts

SHIPPED = Solver(load_catalogue(), load_weights())


def read(query: str, solver: Solver = SHIPPED) -> Query:
    return parse_query(pairs_in(query.encode()), solver)


def asking(**profile: Any) -> Query:
    return Query(Profile(**profile))


def paths(query: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        read(query)
    return [problem.path for problem in caught.value.problems]


@given(
    cases() | profile_dicts().map(lambda data: (SHIPPED_WORLD, data)),
    st.none() | st.text(min_size=1, max_size=9).filter(lambda text: text.strip()),
    st.sampled_from(POLICIES),
    st.data(),
)
def test_what_is_asked_survives_its_url(
    case: tuple[World, dict[str, Any]], name: str | None, unknown: Policy, more: st.DataObject
) -> None:
    world, data = case
    catalogue = world.solver.catalogue
    if name is not None and name.isprintable():
        data = {**data, "name": name}
    profile = parse_profile(data, "test", catalogue.declared)
    model = more.draw(st.none() | st.sampled_from([each.id for each in catalogue.models]))
    known = axes(world.solver)
    chosen = more.draw(st.lists(st.sampled_from(known), max_size=2, unique=True)) if known else []
    figures = tuple(
        sorted(
            (f"{each.id}.{name}", "7")
            for each in catalogue.models[:2]
            for name, a in catalogue.declared.attributes.items()
            if a.kind == "number" and more.draw(st.booleans())
        )
    )
    asked = Query(profile, unknown, model, tuple(chosen), figures)
    query = query_of(asked)
    assert query.isascii()
    again = read(query, world.solver)
    assert again == asked
    assert query_of(again) == query
    # Of two spellings of one member, one is left to say how it was read.
    assert {m for _, m in again.profile.readings} == {m for _, m in profile.readings}


def test_the_url_of_the_contract_is_read() -> None:
    asked = read(
        "real_time=true&max_ttfb_ms=300&latency=8&languages=en-us;hi-in&accept_beta=true"
        "&unknown=reject&primary=real_time"
    )
    assert asked == replace(
        asking(
            primary="real_time",
            accept_beta=True,
            require={"real_time": True, "max_ttfb_ms": 300, "languages": ["en-us", "hi-in"]},
            prefer={"latency": 8},
        ),
        unknown="reject",
    )
    assert read("workflow=batch").profile.batch


@pytest.mark.parametrize(
    "query",
    ["", "real_time=&max_ttfb_ms=+&languages=%20;&name=", "real_time=false", "unknown=&model="],
)
def test_blank_is_not_stated(query: str) -> None:
    assert read(query) == asking()


@pytest.mark.parametrize(
    "text", ["en-us;hi-in", "en-us, hi-in", " en-US ;; hi_IN,", ";en-us,hi-in"]
)
def test_members_stand_with_commas_or_semicolons_between_them(text: str) -> None:
    assert read(f"languages={text}").profile.require["languages"] == ("en-us", "hi-in")
    number = read("output_sample_rates_hz=24000;48000.0").profile
    assert number.require["output_sample_rates_hz"] == (24000, 48000)


def test_a_spelling_stays_in_the_address_and_so_does_its_reading() -> None:
    asked = read("languages=en-uk;hi-in")
    assert asked.profile.require["languages"] == ("en-gb", "hi-in")
    assert query_of(asked) == "languages=en-uk;hi-in"
    assert fields_of(asked.profile)["languages"] == "en-uk;hi-in"


def test_the_keys_are_those_of_the_catalogue_that_answers() -> None:
    foreign = foreign_solver()
    asked = read("towing=true&countries=fr,DE&seats=2&min_comfort=3&cheapness=8", foreign)
    assert asked.profile.require == {
        "towing": True, "min_comfort": 3, "countries": ("fr", "DE"), "seats": (2,)
    }  # fmt: skip
    assert asked.profile.prefer == {"cheapness": 8}
    assert read("model=van&map=max_price;comfort_score", foreign).map == (
        "max_price", "comfort_score"
    )  # fmt: skip
    for query in ("primary=real_time", "map=latency", "model=mars", "measure.mars-pro.ttfb_ms=1"):
        with pytest.raises(InputError):
            read(query, foreign)
    assert len(read("real_time=true&latency=5&towing=true", foreign).ignored) == 2


def test_the_form_of_the_largest_catalogue_can_be_sent() -> None:
    most = {
        f"a{i}": {
            "kind": "number",
            "label": f"A{i}",
            "requirements": {"max": f"r{i}"},
            "criterion": f"c{i}",
        }
        for i in range(MOST)
    }
    model = {key: MODELS["van"][key] for key in ("schema", "id", "name", "stage")}
    attributes = {"schema": 1, "variables": {}, "attributes": most}
    catalogue = build_catalogue({"attributes": attributes, "sources": SOURCES, "van": model})
    curve = {"scale": "linear", "anchors": [{"at": 0, "value": 0}, {"at": 1, "value": 10**6}]}
    names = [f"c{i}" for i in range(MOST)]
    weights = {
        "schema": 1,
        "name": "all",
        "base": dict.fromkeys(names, 1),
        "curves": dict.fromkeys(names, curve),
    }
    solver = Solver(catalogue, parse(Weights, weights, "weights"))
    names = [*field_names(solver), "map", "model", SLIDERS]
    assert len(names) > 2 * MOST
    form = "&".join(f"{name}=" for name in names)
    assert read(form, solver).profile.require == {}


def test_a_criterion_that_the_weights_do_not_score_is_a_fault_of_its_key() -> None:
    solver = Solver(foreign_catalogue(), SHIPPED.weights)
    with pytest.raises(InputError) as caught:
        read("cheapness=7&min_comfort=2", solver)
    (problem,) = caught.value.problems
    assert (problem.place, problem.path, problem.found) == ("the address", "cheapness", "cheapness")
    with pytest.raises(InputError, match="expected one of max_price, min_price, min_comfort"):
        read("map=cheapness", solver)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("max_ttfb_ms;latency;fidelity", "one axis, or two different ones"),
        ("latency;latency", "one axis, or two different ones"),
        ("latency;real_time", "one of max_ttfb_ms"),
    ],
)
def test_a_map_has_two_different_axes(text: str, wrong: str) -> None:
    with pytest.raises(InputError, match=wrong):
        read(f"map={text}")


def test_a_slider_that_nobody_moved_is_not_stated() -> None:
    form = "latency=5&fidelity=7&form.sliders=latency:5;fidelity:5"
    assert read(form) == asking(prefer={"fidelity": 7})
    assert read("latency=5") == asking(prefer={"latency": 5})
    # Ticking "batch" leaves the slider where it was shown; it is still nobody's wish.
    assert read("workflow=batch&latency=5&form.sliders=latency:5").profile.importances[0] == 0


def test_every_fault_comes_at_once_under_its_key() -> None:
    found = paths(
        "real_time=maybe&max_ttfb_ms=fast&latency=8.5&languages=english&realtime=true&name=%00"
        "&fidelity=5&fidelity=6&unknown=flg&model=mars-por&map=colour&id=3"
        "&measure.mars-pro.ttfb_ms=slow&form.model=mars-nano&form.fact=ttfb_ms&form.figure=0..x"
    )
    assert found == [
        "fidelity", "form.figure", "languages.0", "latency", "map", "max_ttfb_ms",
        "measure.mars-pro.ttfb_ms", "model", "name", "real_time", "unknown",
    ]  # fmt: skip


def test_a_key_that_means_nothing_is_left_out_and_named() -> None:
    asked = read("realtime=true&max_ttfb_ms=300&utm_source=mail&id=3")
    assert asked == asking(require={"max_ttfb_ms": 300})
    assert [text.split('"')[1] for text in asked.ignored] == ["realtime", "utm_source", "id"]
    assert "did you mean real_time?" in asked.ignored[0]
    assert query_of(asked) == "max_ttfb_ms=300"


@pytest.mark.parametrize(
    ("query", "stated"),
    [
        ("form.when=live", {"require": {"real_time": True}}),
        ("form.when=batch", {"workflow": "batch"}),
        ("form.when=&real_time=true", {}),
        ("form.when=live&workflow=batch", {"require": {"real_time": True}}),
    ],
)
def test_live_and_ahead_of_time_are_one_choice(query: str, stated: dict[str, Any]) -> None:
    assert read(query) == asking(**stated)


def test_a_figure_of_ones_own_travels_in_the_address() -> None:
    asked = read("max_ttfb_ms=2000&form.model=mars-pro&form.fact=ttfb_ms&form.figure=+2400+")
    assert asked.measured == (("mars-pro.ttfb_ms", "2400"),)
    assert query_of(asked) == "max_ttfb_ms=2000&measure.mars-pro.ttfb_ms=2400"
    assert read(query_of(asked)) == asked
    solver = measured_by(SHIPPED, asked.measured)
    assert solver.decide(asked.profile).ids[0] == "mars-flash"
    assert measured_by(SHIPPED, ()) is SHIPPED
    assert read("measure.mars-8.1-pro-beta.ttfb_ms=200..400").measured
    with pytest.raises(InputError, match="mars-pro"):
        read("measure.mars-por.ttfb_ms=3")


def test_a_model_is_called_by_id_or_name() -> None:
    assert read("model=MARS-Pro").model == "mars-pro"


@pytest.mark.parametrize(
    ("query", "hint"),
    [
        ("unknown=flga", "did you mean flag?"),
        ("model=mars-por", "did you mean mars-pro?"),
        ("latency=5&latency=5", "keep one"),
        ("workflow=batch&real_time=true", "drop workflow, or drop real_time"),
        ("primary=on_device", "state a requirement of on_device under require, or drop primary"),
    ],
)
def test_a_fault_says_what_to_do(query: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        read(query)
    assert [problem.hint for problem in caught.value.problems] == [hint]


def test_a_query_of_too_many_keys_is_refused_unread() -> None:
    with pytest.raises(InputError, match="at most 250 keys"):
        read("&".join(f"k{i}=1" for i in range(251)))
