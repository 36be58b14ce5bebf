"""A catalogue that shares nothing with the shipped one: other attributes, models and no guide."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mars_solver.inputs.catalogue.catalogue import Catalogue, build_catalogue
from mars_solver.inputs.parsing import parse
from mars_solver.inputs.weights import Weights
from mars_solver.solving.solver import Solver

ATTRIBUTES: dict[str, Any] = {
    "schema": 1,
    "variables": {"plan": ["monthly", {"value": "yearly", "label": "paid by the year"}]},
    "attributes": {
        "towing": {"kind": "capability", "label": "Tow bar", "enables": {"plan": ["yearly"]}},
        "price": {
            "kind": "number",
            "label": "Price",
            "unit": "EUR",
            "group": "Money",
            "requirements": {"max": "max_price", "min": "min_price"},
            "criterion": "cheapness",
        },
        "comfort": {
            "kind": "ordinal",
            "label": "Comfort",
            "describe": "how pleasant a long ride is",
            "scale": [1, 5],
            "requirements": {"min": "min_comfort"},
            "criterion": "comfort_score",
            "criterion_label": "Comfortable ride",
        },
        "countries": {
            "kind": "set",
            "label": "Countries",
            "describe": "may be driven in every one of these",
            "group": "Where & when",
        },
        "seats": {"kind": "set", "label": "Seats", "members": "number", "group": "Where & when"},
        # A name that JavaScript's collections have a property of.
        "length": {"kind": "number", "label": "Length", "requirements": {"max": "length"}},
        "colour": {"kind": "set", "label": "Colours"},
    },
}
SOURCES = {"schema": 1, "leaflet": {"title": "A leaflet", "where": "a shop", "date": "2026"}}
CLAIM = {"source": "leaflet", "as_of": "2026-02", "grade": "stated"}


def told(**claim: Any) -> dict[str, Any]:
    return {**CLAIM, **claim}


MODELS: dict[str, dict[str, Any]] = {
    "van": {
        "schema": 1, "id": "van", "name": "Acme Van", "stage": told(value="released"),
        "availability": told(value="at any shop"),
        "towing": told(value=True),
        "price": told(low=300, high=400),
        "comfort": told(value=2, grade="judged", note="hard seats"),
        "countries": told(yes=["FR", "De"], no=["GB"], others="unknown"),
        "seats": told(yes=[2, 3], others="no"),
        "length": told(value=6.5),
    },
    "coupe": {
        "schema": 1, "id": "coupe", "name": "Acme Coupé", "stage": told(value="released"),
        "towing": told(value=False),
        "price": {
            **told(value=500),
            "other_claims": [told(value=900, why_not="an older leaflet")],
        },
        "comfort": told(value=4),
        "countries": told(others="yes"),
    },
}  # fmt: skip
WEIGHTS = {
    "schema": 1,
    "name": "foreign",
    "curves": {
        "cheapness": {
            "scale": "linear",
            "anchors": [{"at": 100, "value": 1000000}, {"at": 1000, "value": 0}],
        },
        "comfort_score": {
            "scale": "linear",
            "anchors": [{"at": 1, "value": 0}, {"at": 5, "value": 1000000}],
        },
    },
    "base": {"cheapness": 100, "comfort_score": 100},
    "emphasis": {},
    "first": {},
}


def foreign_catalogue(**models: dict[str, Any]) -> Catalogue:
    """The catalogue, with other models where some are given."""
    content = {"attributes": ATTRIBUTES, "sources": SOURCES, **(models or MODELS)}
    return build_catalogue(content)


def foreign_solver() -> Solver:
    return Solver(foreign_catalogue(), parse(Weights, WEIGHTS, "weights"))


def write_foreign(folder: Path) -> None:
    """Write the catalogue and its weights as files, as those that ship are laid out."""
    for name in ("models", "weights"):
        (folder / name).mkdir()
    for name, content in {"attributes": ATTRIBUTES, "sources": SOURCES, **MODELS}.items():
        (folder / "models" / f"{name}.toml").write_text(json.dumps(content), "utf-8")
    (folder / "weights" / "default.toml").write_text(json.dumps(WEIGHTS), "utf-8")
