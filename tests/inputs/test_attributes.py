"""What a catalogue declares: everything follows from it, and every slip in it is named."""

from __future__ import annotations

from typing import Any

import pytest

from mars_solver.inputs.profile import parse_profile
from mars_solver.vocabulary import Kind
from small import ATTRIBUTES, at, build, changed, declaring, faults, model


def declared(**changes: Any) -> Any:
    return build(attributes=declaring(**changes)).declared


def test_each_kind_gives_its_requirements_in_declared_order() -> None:
    found = declared()
    assert [(r.name, r.kind, r.ceiling) for r in found.requirements] == [
        ("quick", Kind.CAPABILITY, False),
        ("hosted", Kind.CAPABILITY, False),
        ("max_price", Kind.NUMBER, True),
        ("min_quality", Kind.ORDINAL, False),
        ("formats", Kind.SET, False),
        ("rates", Kind.SET, False),
        ("tongues", Kind.SET, False),
    ]
    assert [(c.name, c.attribute) for c in found.criteria] == [
        ("speed", "quick"),
        ("cheapness", "price"),
    ]
    assert [r.index for r in found.requirements] == list(range(7))
    assert found.requirement["max_price"].bit == 4
    assert found.names_of(0b101) == ("quick", "max_price")
    assert found.requirement["quick"].pins == (("mode", ("live",)),)
    assert found.requirement["max_price"].unit == "USD"
    assert found.label("max_price") == "Price"
    assert found.value_label("mode", "live") == "live"
    assert found.enabled_by == {("mode", "live"): ("quick",), ("place", "cloud"): ("hosted",)}


def test_a_number_can_give_a_ceiling_and_a_floor() -> None:
    found = declared(price={"requirements": {"max": "max_price", "min": "min_price"}})
    names = [(r.name, r.ceiling) for r in found.requirements if r.attribute == "price"]
    assert names == [("max_price", True), ("min_price", False)]


def test_an_attribute_without_requirement_or_criterion_is_only_shown() -> None:
    found = declared(size={"kind": "number", "label": "Size"})
    assert "size" in found.attributes
    assert all(r.attribute != "size" for r in found.requirements)


def test_what_is_implied_brings_its_pins_and_what_it_implies() -> None:
    found = declared(
        small={"kind": "capability", "label": "S", "implies": "tiny", "pins": {"mode": "live"}},
        tiny={
            "kind": "capability",
            "label": "T",
            "implies": ["small", "quick"],
            "pins": {"place": "device"},
        },
        price={"implies": "small"},
    )
    requirement = found.requirement["max_price"]
    assert requirement.implies == ("small", "tiny", "quick")
    assert dict(requirement.pins) == {"mode": ("live",), "place": ("device",)}


def test_nothing_has_to_be_declared() -> None:
    empty = {"schema": 1}
    found = build(attributes=empty, a=model("a"), b=None)
    assert found.declared.requirements == ()
    assert found.declared.combinations == ((),)


@pytest.mark.parametrize(
    ("path", "value", "where", "expected", "found", "hint"),
    [
        ("attributes.quick.kind", "capabilty", "attributes.quick.kind", "one of capability",
         '"capabilty"', "did you mean capability?"),
        ("attributes.quick.lable", "Q", "attributes.quick.lable", "one of",
         'the unknown key "lable"', "did you mean label?"),
        ("attributes.quick.enables", {"mod": "live"}, "attributes.quick.enables.mod",
         "one of place, mode", '"mod"', "did you mean mode?"),
        ("attributes.quick.pins", {"mode": "liv"}, "attributes.quick.pins.mode",
         "one of live, batch", '"liv"', "did you mean live?"),
        ("attributes.quick.pins", {"mode": []}, "attributes.quick.pins.mode",
         "a list of at least 1", "[]", ""),
        ("attributes.price.implies", "quik", "attributes.price.implies", "another capability",
         '"quik"', "did you mean quick?"),
        ("attributes.quick.implies", "quick", "attributes.quick.implies", "another capability",
         '"quick"', ""),
        ("attributes.quick.unit", "ms", "attributes.quick.unit", "no such key for this capability",
         '"ms"', "drop it"),
        ("attributes.quick.requirements", {"max": "max_quick"}, "attributes.quick.requirements",
         "no such key for this capability", "a table", "drop it"),
        ("attributes.quality.scale", [5, 1], "attributes.quality.scale",
         "the least and the most", "[5, 1]", ""),
        ("attributes.price.scale", [1, 5], "attributes.price.scale",
         "no such key for this number", "[1, 5]", "drop it"),
        ("attributes.formats.criterion", "choice", "attributes.formats.criterion",
         "no such key for this set", '"choice"', "drop it"),
        ("attributes.formats.tags", {"aliases": {"a": "b"}}, "attributes.formats.tags.aliases.a",
         "a language tag", '"a"', ""),
        ("attributes.rates.members", "numbers", "attributes.rates.members",
         "one of text, number, language", '"numbers"', "did you mean number?"),
        ("attributes.price.requirements", {"max": "quick"}, "attributes.price",
         "a name of its own", "quick, as attributes.quick has it", ""),
        ("attributes.price.requirements", {"max": "p", "min": "p"}, "attributes.price",
         "a name of its own", "p, as attributes.price has it", ""),
        ("attributes.price.criterion", "speed", "attributes.price.criterion",
         "a name of its own", "speed, as attributes.quick.criterion has it", ""),
        ("attributes.price.requirements", {"max": "workflow"}, "attributes.price",
         "a name of its own", "workflow, which has another meaning", ""),
        ("attributes.stage", {"kind": "capability", "label": "S"}, "attributes.stage",
         "a name of its own", "stage, which has another meaning", ""),
        ("attributes.price.criterion", "all", "attributes.price.criterion",
         "a name of its own", "all, which has another meaning", ""),
        ("attributes.map", {"kind": "capability", "label": "M"}, "attributes.map",
         "a name of its own", "map, which has another meaning", ""),
        ("attributes._x", {"kind": "capability", "label": "X"}, "attributes._x",
         "a name of lower-case letters", '"_x"', ""),
        ("variables.mode", ["live", "live"], "variables.mode", "each value once", "", ""),
        ("variables.mode", [], "variables.mode", "a list of at least 1", "[]", ""),
        ("variables.mode", ["Live"], "variables.mode.0.value", "a name of lower-case letters",
         '"Live"', ""),
        ("schema", 2, "schema", "1, the version of this file format", "2", ""),
    ],
)  # fmt: skip
def test_a_slip_is_named_with_its_path(
    path: str, value: Any, where: str, expected: str, found: str, hint: str
) -> None:
    problems = faults(attributes=changed(ATTRIBUTES, path, value))
    problem = next(p for p in problems if p.path == where)
    assert problem.place == "models/attributes.toml"
    assert problem.expected.startswith(expected)
    assert found in problem.found
    assert hint in problem.hint


def test_masks_fit_one_machine_word() -> None:
    many = {f"x{i}": {"kind": "capability", "label": "X", "criterion": f"c{i}"} for i in range(63)}
    problems = faults(attributes={"schema": 1, "attributes": many})
    assert {(p.expected, p.found) for p in problems if p.path == "attributes"} == {
        ("at most 62 requirements", "63"),
        ("at most 62 criteria", "63"),
    }
    wide = {f"v{i}": ["a", "b", "c", "d", "e"] for i in range(6)}
    problems = faults(attributes={**ATTRIBUTES, "variables": wide})
    assert at(problems, "variables").expected == "at most 4096 combinations"


def test_no_name_can_shadow_a_method() -> None:
    names = ["copy", "json", "model_dump", "model_fields", "dict", "class", "fact_a", "items"]
    attributes = {name: {"kind": "capability", "label": name} for name in names}
    found = build(attributes={"schema": 1, "attributes": attributes}, a=model("a"), b=None)
    assert [r.name for r in found.declared.requirements] == names
    stated = parse_profile({"require": dict.fromkeys(names, True)}, "test", found.declared)
    assert list(stated.require) == names
