"""A small catalogue as plain data, to lay faults over: two models, attributes of each kind."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import pytest

from mars_solver import Catalogue, InputError
from mars_solver.errors import Problem
from mars_solver.inputs.catalogue.catalogue import build_catalogue
from random_catalogues import SOURCES, fact

Table = dict[str, Any]
ATTRIBUTES: Table = {
    "schema": 1,
    "variables": {"place": ["cloud", "device"], "mode": ["live", "batch"]},
    "attributes": {
        "quick": {
            "kind": "capability",
            "label": "Quick",
            "criterion": "speed",
            "enables": {"mode": "live"},
            "pins": {"mode": "live"},
        },
        "hosted": {"kind": "capability", "label": "Hosted", "enables": {"place": ["cloud"]}},
        "price": {
            "kind": "number",
            "label": "Price",
            "unit": "USD",
            "requirements": {"max": "max_price"},
            "criterion": "cheapness",
        },
        "quality": {
            "kind": "ordinal",
            "label": "Quality",
            "scale": [1, 5],
            "requirements": {"min": "min_quality"},
        },
        "formats": {"kind": "set", "label": "Formats"},
        "rates": {"kind": "set", "label": "Rates", "members": "number"},
        "tongues": {
            "kind": "set",
            "label": "Tongues",
            "members": "language",
            "tags": {
                "aliases": {"en-uk": "en-gb", "cmn": "zh"},
                "scripts": {"zh-cn": "hans"},
            },
        },
    },
}


def model(key: str, **facts: Any) -> Table:
    """A model with some facts."""
    return {
        "schema": 1,
        "id": key,
        "name": key.upper(),
        "stage": fact(value="released"),
        **facts,
    }


def files(**changes: Any) -> Table:
    """The content of the files; a change replaces a whole file, None leaves one out."""
    content = {
        "attributes": ATTRIBUTES,
        "sources": SOURCES,
        "a": model("a", quick=fact(value=True), price=fact(value=10)),
        "b": model("b", quick=fact(value=False), formats={"others": "no", **fact()}),
        **changes,
    }
    return {name: copy.deepcopy(data) for name, data in content.items() if data is not None}


def declaring(**changes: Any) -> Table:
    """The declarations with one attribute changed: by its name, the keys that change."""
    declared = copy.deepcopy(ATTRIBUTES)
    for name, keys in changes.items():
        declared["attributes"].setdefault(name, {}).update(keys)
    return declared


def build(**changes: Any) -> Catalogue:
    return build_catalogue(files(**changes))


def faults(**changes: Any) -> list[Problem]:
    """The problems of a faulty catalogue."""
    with pytest.raises(InputError) as caught:
        build(**changes)
    return list(caught.value.problems)


def places(problems: list[Problem]) -> list[tuple[str, str]]:
    return [(problem.place, problem.path) for problem in problems]


def at(problems: list[Problem], path: str) -> Problem:
    """The only problem at a path."""
    (found,) = (problem for problem in problems if problem.path == path)
    return found


def changed(table: Mapping[str, Any], path: str, value: Any) -> Table:
    """A table with the value at a dotted path changed."""
    copied: Any = copy.deepcopy(dict(table))
    current = copied
    *parents, last = path.split(".")
    for key in parents:
        current = current[key]
    current[last] = value
    return dict(copied)
