"""The typed surface: what is public, and what `recommend` accepts and refuses."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, get_type_hints

import pytest

import mars_solver
from foreign import foreign_solver
from markup import Page
from mars_solver import (
    Importances,
    InputError,
    Problem,
    Profile,
    Requirements,
    Solver,
    difference,
    load_catalogue,
    load_weights,
    recommend,
    recommend_with,
)
from mars_solver.explaining.showing import Shown
from mars_solver.inputs.profile import parse_profile

SURFACE = {
    "Catalogue",
    "ExactDifference",
    "Importances",
    "InputError",
    "MarsSolverError",
    "Problem",
    "Profile",
    "Recommendation",
    "Requirements",
    "Solver",
    "Weights",
    "decide",
    "decide_stream",
    "difference",
    "load_catalogue",
    "load_measurements",
    "load_profile",
    "load_weights",
    "recommend",
    "recommend_many",
    "recommend_with",
    "with_measurements",
}


def test_the_surface_is_declared_documented_and_complete() -> None:
    assert set(mars_solver.__all__) == SURFACE
    assert set(dir(mars_solver)) >= SURFACE
    for name in SURFACE:
        assert inspect.getdoc(getattr(mars_solver, name)), name


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'recomend'"):
        _ = mars_solver.recomend


def test_profiles_are_built_in_two_ways() -> None:
    built = Profile(name="x", require={"real_time": True}, prefer={"latency": 7})
    content = {"name": "x", "require": {"real_time": True}, "prefer": {"latency": 7}}
    parsed = parse_profile(content, "test")
    assert built == parsed
    assert parse_profile(built.to_dict(), "test") == built
    assert recommend(built).to_dict() == recommend(parsed.to_dict()).to_dict()


def test_what_is_asked_is_typed() -> None:
    require: Requirements = {"real_time": True, "max_ttfb_ms": 300, "languages": ["en-us"]}
    prefer: Importances = {"latency": 7}
    assert dict(Profile(require=require, prefer=prefer).prefer) == prefer
    assert list(get_type_hints(Requirements)) == list(load_catalogue().declared.requirement)
    assert list(get_type_hints(Importances)) == list(load_catalogue().declared.criterion)


def test_nothing_stated_is_the_empty_profile() -> None:
    empty = Profile()
    nulls: dict[str, object] = {
        "name": None,
        "workflow": None,
        "primary": None,
        "accept_beta": None,
        "require": {"real_time": False, "max_ttfb_ms": None, "languages": []},
        "prefer": None,
    }
    assert parse_profile(nulls, "test") == empty
    assert recommend().to_dict() == recommend(nulls).to_dict()


def test_shipped_data_can_be_given_explicitly() -> None:
    explicit = recommend({}, catalogue=load_catalogue(), weights=load_weights())
    assert explicit.to_dict() == recommend({}).to_dict()


def test_the_shortlist_can_be_cut() -> None:
    cut, whole = recommend(top=1), recommend()
    assert cut.shortlist == whole.shortlist[:1]
    assert (cut.excluded, cut.flowchart) == (whole.excluded, whole.flowchart)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"unknown": "ignore"},
            'recommend: unknown: found "',
        ),
        ({"top": 0}, "recommend: top: found 0; expected a whole number from 1"),
        ({"top": True}, "recommend: top: found true; expected a whole number from 1"),
        ({"profile": {"requires": {}}}, "did you mean `require`?"),
        ({"profile": 7}, "Profile: found 7; expected a table of keys and values"),
        ({"measurements": {"mars-por": {}}}, "did you mean `mars-pro`?"),
    ],
)
def test_bad_arguments_are_named(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(InputError) as caught:
        recommend(**arguments)  # type: ignore[arg-type]
    assert message in str(caught.value)
    assert isinstance(caught.value, ValueError)


def test_all_faults_of_a_profile_come_at_once() -> None:
    with pytest.raises(InputError) as caught:
        Profile(require={"real_time": "yes", "max_ttfb": 3}, prefer={"latency": 11})
    assert [problem.path for problem in caught.value.problems] == [
        "prefer.latency",
        "require.max_ttfb",
        "require.real_time",
    ]


def test_a_profile_cannot_be_changed() -> None:
    with pytest.raises(AttributeError, match="a profile does not change"):
        Profile().name = "other"


CONFLICTING: dict[str, Any] = {
    "name": "Support <b>line</b>",
    "require": {"real_time": True, "style_control": True, "max_ttfb_ms": 100},
}


def held_by(value: object) -> Iterator[object]:
    """What an object of ours holds in its fields, parts and items."""
    if isinstance(value, Mapping):
        yield from value.values()
    elif isinstance(value, tuple | list):
        yield from value
    if type(value).__module__.startswith("mars_solver"):
        for kind in type(value).__mro__:
            slots, own = vars(kind).get("__slots__", ()), dict(vars(kind))
            names = {n for n, each in own.items() if type(each).__name__ == "part"}
            if "__dict__" not in slots:
                names.update([slots] if isinstance(slots, str) else slots)
            yield from (getattr(value, name) for name in names if not name.startswith("_"))
        for name, each in dict(getattr(value, "__dict__", {})).items():
            if not name.startswith("_"):
                yield each


def reachable(*roots: object) -> dict[int, object]:
    """All objects of ours that answers lead to, by identity."""
    found: dict[int, object] = {}
    todo = list(roots)
    while todo:
        value = todo.pop()
        if id(value) not in found and not isinstance(value, str | bytes | int | float | None):
            found[id(value)] = value
            todo += held_by(value)
    return {k: v for k, v in found.items() if type(v).__module__.startswith("mars_solver")}


def test_every_object_that_an_answer_leads_to_fits_on_one_line_of_a_prompt() -> None:
    asked = [CONFLICTING, {"workflow": "batch", "prefer": {"latency": 3}, "name": "n" * 900}]
    asked.append({"require": {"max_ttfb_ms": 2000}})  # which leaves a reason open
    answers = [recommend(profile) for profile in asked]
    foreign = foreign_solver()
    answers.append(recommend_with(foreign, parse_profile({}, "test", foreign.declared)))
    roots: list[object] = [*answers]
    for answer in answers:
        first, *_, last = (model.id for model in answer.solver.catalogue.models)
        roots += [answer.explain(last), answer.compare(first, last)]
    fewer = replace(foreign.catalogue, models=foreign.catalogue.models[1:])
    roots.append(difference(foreign, Solver(fewer, foreign.weights)))
    with pytest.raises(InputError) as caught:
        Profile(require={"real_time": "yes", "max_ttfb": 3}, primary="x" * 500)
    found = reachable(*roots, caught.value).values()
    public = {value for name in SURFACE if isinstance(value := getattr(mars_solver, name), type)}
    errors, shapes = {mars_solver.MarsSolverError}, {Requirements, Importances}
    assert {type(each) for each in found} >= public - errors - shapes
    for each in found:
        text = repr(each)
        assert len(text) <= 120, text
        assert text.isprintable(), text
        assert " at 0x" not in text, text
        if not isinstance(each, Shown | Exception | Problem):
            assert len(str(each)) <= 120, str(each)


def test_an_answer_tells_its_first_model_in_a_few_words() -> None:
    answer = recommend({"name": "Support line", "require": {"real_time": True}})
    assert answer.best == answer.shortlist[0]
    assert repr(answer) == "<Recommendation 'Support line': MARS-Flash meets, 3 of 6 models>"
    assert repr(answer.explain()) == repr(answer).replace("Recommendation", "Explanation")
    compared = answer.compare("mars-flash", "mars-instruct")
    assert "MARS-Flash meets and MARS-Instruct excluded" in repr(compared)
    none = recommend(CONFLICTING)
    assert none.best is None
    assert repr(none).endswith("infeasible, 0 of 6 models>")


def test_answers_are_read_where_they_are_printed_and_in_a_notebook() -> None:
    answer = recommend({**CONFLICTING, "require": {"real_time": True}})
    explained, compared = answer.explain(), answer.compare("mars-pro", "mars-nano")
    assert str(answer) in str(explained)
    for result in (answer, explained, compared, recommend(CONFLICTING)):
        assert "MARS-Pro" in str(result)
        html = result._repr_html_()
        assert "Support &lt;b&gt;line&lt;/b&gt;" in html
        assert "MARS-Pro" in html
        assert len(html) < 4000
        for wrong in ("<script", "<b>", "color", "real_time", "ttfb_ms", "[guide]", "src="):
            assert wrong not in html, wrong
        page = Page(f"<!DOCTYPE html>\n{html}")
        assert [tag.name for tag in page.tags].count("table") == 1
    assert "<p>MARS-Pro − MARS-Nano: +" in compared._repr_html_()
    assert "<p>Ways out, the cheapest first</p><p>" in recommend(CONFLICTING)._repr_html_()
