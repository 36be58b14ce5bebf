"""A user's own measurements: they replace the chosen claims, and keep what they replace."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mars_solver import Catalogue, InputError, Profile, load_catalogue, load_measurements, recommend
from mars_solver.cli.flags import measured_by_flags
from mars_solver.errors import Problem
from mars_solver.inputs.catalogue.measurements import with_measurements
from mars_solver.inputs.catalogue.models import Model
from mars_solver.inputs.profile import parse_profile
from mars_solver.solving.solver import Solver
from mars_solver.web.form import form_of
from mars_solver.web.query import measured_by
from random_catalogues import fact
from small import build, model
from strategies import WEIGHTS

OURS = {"source": "our test", "as_of": "2026-12-01"}


def measured(catalogue: Catalogue, **models: Any) -> Catalogue:
    return with_measurements(catalogue, models, place="test")


def first(catalogue: Catalogue) -> Model:
    return catalogue.models[0]


def problems(**models: Any) -> list[Problem]:
    with pytest.raises(InputError) as caught:
        measured(build(), **models)
    return list(caught.value.problems)


def priced(**keys: Any) -> dict[str, Any]:
    """Measurements of one price, with further keys."""
    return {"a": {"price": {"value": 1, **OURS, **keys}}}


def test_a_measurement_replaces_the_chosen_claim_and_keeps_it() -> None:
    found = first(measured(build(), a={"price": {"value": 12, **OURS}}))
    claim: Any = found.facts["price"]
    assert found.range("price") == (12, 12)
    assert (claim.grade, claim.source, claim.as_of) == ("measured", "our test", "2026-12-01")
    (old,) = claim.other_claims
    assert (old.range, old.source) == ((10, 10), "test")
    assert old.why_not == "replaced by a measurement of 2026-12-01"
    again = first(
        measured(
            measured(build(), a={"price": {"value": 12, **OURS}}),
            a={"price": {"low": 11, "high": 13, **OURS, "as_of": "2026-12-24"}},
        )
    )
    newest: Any = again.facts["price"]
    assert [other.range for other in newest.other_claims] == [(12, 12), (10, 10)]


def test_a_measurement_keeps_how_it_was_made() -> None:
    made = {
        "statistic": "p95",
        "samples": 400,
        "confidence": 0.95,
        "region": "eu-west",
        "connection": "warm",
    }
    catalogue = build()
    found = measured(catalogue, a={"price": {"low": 210, "high": 260, **OURS, **made}})
    claim: Any = first(found).facts["price"]
    assert {key: getattr(claim, key) for key in made} == made
    assert made.items() <= first(found).content["price"].items()
    plain = measured(catalogue, a={"price": {"low": 210, "high": 260, **OURS}})
    assert len({each.sha256 for each in (catalogue, found, plain)}) == 3
    assert found.as_of == "2026-12-01"


def test_a_measured_number_may_have_no_upper_end() -> None:
    found = measured(build(), a={"price": {"low": 800, "high": float("inf"), **OURS}})
    assert first(found).range("price") == (800, float("inf"))


def test_members_of_a_set_are_measured_one_by_one() -> None:
    catalogue = build(a=model("a", tongues={"yes": ["pa-in"], "others": "no", **fact()}))
    found = first(
        measured(
            catalogue,
            a={"tongues": {"PA_IN": {"value": False, **OURS}, "fr": {"value": True, **OURS}}},
        )
    )
    tongues = found.set("tongues")
    assert [tongues.known(key) for key in ("pa-in", "fr", "de-de")] == [False, True, False]
    (old,) = tongues.members["pa-in"].other_claims
    assert (old.known, old.source) == (True, "test")
    opened = first(measured(catalogue, a={"tongues": {"others": "yes", **OURS}})).set("tongues")
    assert [opened.known(key) for key in ("pa-in", "de-de")] == [True, True]
    assert opened.closure is not None
    assert opened.closure.source == "our test"


def test_what_is_not_measured_stays_as_it_was() -> None:
    catalogue = build()
    found = measured(catalogue, a={"price": {"value": 12, **OURS}})
    assert found.models[1] is catalogue.models[1]
    assert found.declared is catalogue.declared
    assert first(found).facts["quick"] is first(catalogue).facts["quick"]


def test_a_model_left_without_a_way_to_run_is_excluded_and_no_error() -> None:
    catalogue = build(a=model("a", impossible=[{"place": "device"}]))
    stuck = measured(catalogue, a={"hosted": {"value": False, **OURS}})
    solver = Solver(stuck, WEIGHTS)
    decision = solver.decide(parse_profile({}, "test", stuck.declared))
    standing = decision.standings[0]
    assert (standing.status.word, standing.configuration) == ("excluded", None)
    assert decision.ids == ("b",)
    answer = recommend({}, catalogue=stuck)
    (lost,) = answer.excluded
    assert lost.model == "a"
    assert lost.violations[0].source == "our test"
    everything = measured(
        build(a=model("a", impossible=[{"place": "device"}]), b=None),
        a={"hosted": {"value": False, **OURS}},
    )
    assert recommend({}, catalogue=everything).status == "infeasible"


@pytest.mark.parametrize(
    ("models", "path", "expected", "hint"),
    [
        ({"c": {}}, "c", "one of a, b", ""),
        ({"aa": {}}, "aa", "one of a, b", "did you mean a?"),
        ({"a": {"prise": {"value": 1, **OURS}}}, "a.prise", "one of", "did you mean price?"),
        ({"a": {"price": {"value": 1, "source": "x"}}}, "a.price.as_of", "a value", "add it"),
        (priced(grade="stated"), "a.price.grade", "measured", "leave it out"),
        (priced(samples=0), "a.price.samples", "a whole number above 0", ""),
        (priced(samples=1.5), "a.price.samples", "a whole number above 0", ""),
        (priced(confidence=95), "a.price.confidence", "a share", ""),
        ({"a": {"quality": {"value": 9, **OURS}}}, "a.quality", "a number from 1 to 5", ""),
        ({"a": {"rates": {"fast": {"value": True, **OURS}}}}, "a.rates.fast", "a number above", ""),
        ({"a": {"stage": {"value": "beta", **OURS}}}, "a.stage", "one of", ""),
        ({"a": 5}, "a", "a table", ""),
    ],
)  # fmt: skip
def test_a_fault_is_named_with_its_path(
    models: dict[str, Any], path: str, expected: str, hint: str
) -> None:
    (problem,) = problems(**models)
    assert (problem.place, problem.path) == ("test", path)
    assert problem.expected.startswith(expected)
    assert hint in problem.hint


def test_every_fault_comes_at_once() -> None:
    found = problems(a={"price": {"value": "x", **OURS}}, b={"quick": {"value": 1, **OURS}}, c={})
    assert [p.path for p in found] == ["a.price.value", "b.quick.value", "c"]
    with pytest.raises(InputError, match="a table for each model"):
        with_measurements(build(), [], place="test")


def test_a_file_is_read_and_tags_are_read_in_any_spelling(tmp_path: Path) -> None:
    file = tmp_path / "measured.toml"
    file.write_text(
        '[mars-pro.ttfb_ms]\nvalue = 2400\nsource = "our test"\nas_of = 2026-11-20\n'
        '[mars-pro.languages]\nPA_IN = { value = false, source = "us", as_of = "2026-11-20" }\n',
        "utf-8",
    )
    shipped = load_catalogue()
    found = load_measurements(file, shipped)
    (pro,) = (m for m in found.models if m.id == "mars-pro")
    assert pro.range("ttfb_ms") == (2400, 2400)
    assert pro.set("languages").known("pa-in") is False
    assert [m for m in found.models if m.id != "mars-pro"] == [
        m for m in shipped.models if m.id != "mars-pro"
    ]
    answer = recommend({"require": {"languages": ["pa-in", "en-us"]}}, catalogue=found)
    (lost,) = (e for e in answer.excluded if e.model == "mars-pro")
    (violation,) = lost.violations
    assert (violation.required, violation.found, violation.source) == (
        ["pa-in", "en-us"],
        ["en-us"],
        "us",
    )


def test_u2_a_slow_pro_gives_way_to_flash() -> None:
    asked = Profile(require={"max_ttfb_ms": 2000})
    slow = {"mars-pro": {"ttfb_ms": {"value": 2400, "source": "test", "as_of": "2026-11-20"}}}
    assert recommend(asked).shortlist[0].model == "mars-pro"
    assert recommend(asked, measurements=slow).shortlist[0].model == "mars-flash"


def test_the_longest_id_or_name_that_begins_a_path_is_the_model_everywhere() -> None:
    dotted = build(**{"a.1": model("a.1", price=fact(value=20))})
    solver = Solver(dotted, WEIGHTS)
    for path, found in (
        ("a.price", ("a", "price")),
        ("a.1.price", ("a.1", "price")),
        ("A.1.price", ("a.1", "price")),  # the name, in any case
        ("a.2.price", ("a", "2.price")),
        ("c.price", (None, "c.price")),
        ("a", (None, "a")),
    ):
        assert dotted.model_in(path) == found
    by_flag = measured_by_flags(dotted, ["a.1.price=7"])
    by_address = measured_by(solver, (("a.1.price", "7"),)).catalogue
    (shown,) = form_of(solver, {"measure.a.1.price": "7"}).figures
    assert [m.range("price") for m in by_flag.models] == [(10, 10), (7, 7), None]
    assert [m.range("price") for m in by_address.models] == [(10, 10), (7, 7), None]
    assert shown.title == "A.1: Price"
