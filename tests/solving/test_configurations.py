"""Which configuration a model is used in, where several ones serve as well."""

from __future__ import annotations

from typing import Any

from random_catalogues import Table, bare_world, fact


def used(
    variables: Table, attributes: Table, require: Table, *impossible: Table, **facts: Any
) -> tuple[str, ...] | None:
    """The configuration of the only model of a catalogue."""
    claims = {name: fact(value=value) for name, value in facts.items()}
    model = {"impossible": list(impossible), **claims}
    where = bare_world(attributes, {"m": model}, variables)
    decision = where.solver.decide(where.profile({"require": require}))
    standing = where.oracle.stand({"require": require}, where.oracle.models["m"])
    assert tuple((standing.configuration or {}).values()) == decision.standings[0].configuration
    return decision.standings[0].configuration


SPARE = {"voice": [{"value": "own", "spare": True}, "stock"]}


def test_what_rests_on_the_unknown_is_avoided_before_what_is_spare() -> None:
    chosen = used(
        {"voice": ["stock", {"value": "own", "spare": True}], "place": ["cloud", "device"]},
        {
            "on_device": {"kind": "capability", "enables": {"place": "device"}},
            "hosted": {"kind": "capability", "enables": {"place": "cloud"}},
        },
        {},
        {"voice": "stock", "place": "cloud"},
        {"voice": "own", "place": "device"},
        hosted=True,
    )
    assert chosen == ("own", "cloud")


def test_what_is_spare_is_avoided_where_no_requirement_asks_for_it() -> None:
    attributes = {"copies": {"kind": "capability", "pins": {"voice": ["own", "stock"]}}}
    assert used(SPARE, attributes, {}, copies=True) == ("stock",)
    assert used(SPARE, attributes, {"copies": True}, copies=True) == ("own",)


def test_one_capability_that_is_not_ruled_out_enables_a_value() -> None:
    both = {
        "quick": {"kind": "capability", "enables": {"mode": "live"}},
        "steady": {"kind": "capability", "enables": {"mode": "live"}},
    }
    modes = {"mode": ["live", "slow"]}
    assert used(modes, both, {}, quick=False, steady=True) == ("live",)
    assert used(modes, both, {}, quick=False) == ("slow",)
    assert used({"mode": ["live"]}, both, {}, quick=False) == ("live",)


def test_between_configurations_that_violate_equally_much_the_surer_one_is_used() -> None:
    chosen = used(
        {"mode": ["one", "two"]},
        {
            "sure": {"kind": "capability", "pins": {"mode": "two"}},
            "open": {"kind": "capability", "pins": {"mode": "one"}},
        },
        {"sure": True, "open": True},
        sure=True,
    )
    assert chosen == ("two",)
