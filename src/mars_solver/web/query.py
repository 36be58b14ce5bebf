"""The query of a page's URL: to a profile with options, and back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, quote

from mars_solver.errors import Faults, InputError, Problem, shown
from mars_solver.explaining.decision_map import AXES
from mars_solver.inputs.options import options_in
from mars_solver.inputs.parsing import did_you_mean, not_one_of, one_of
from mars_solver.inputs.profile import Profile
from mars_solver.inputs.profile_row import COLUMNS, ID, LANGUAGES, SEPARATOR, from_text, parse_row
from mars_solver.vocabulary import CRITERION_NAMES, Policy

PLACE: Final = "the address"
"""How messages call the query."""
UNKNOWN: Final = "unknown"
MODEL: Final = "model"
MAP: Final = "map"
DEFAULTS: Final = "defaults"
"""Sliders that nobody has moved, as `latency:5;fidelity:5`: a form cannot leave them out."""
FIELDS: Final = tuple(name for name in COLUMNS if name != ID)
MAP_AXES: Final = tuple(name for name in AXES if name != "max_ttfb_ms")
_KEYS: Final = (*FIELDS, UNKNOWN, MODEL, MAP, DEFAULTS)
_MOST_PAIRS: Final = 100
_FLAG: Final = "true"


@dataclass(frozen=True, slots=True)
class Query:
    """What a query asks."""

    profile: Profile = field(default_factory=Profile)
    unknown: Policy = "flag"
    model: str | None = None
    """The model asked about in particular."""
    map: str | None = None
    """The axis of the map beside the latency ceiling, where one is chosen."""


def pairs_in(query: bytes) -> list[tuple[str, str]]:
    """Return the keys and values of a query.

    Raises:
        InputError: where there are more than anybody needs.
    """
    try:
        text = query.decode("ascii", errors="replace")
        return parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_PAIRS)
    except ValueError:
        found = "more of them"
        raise InputError([Problem(PLACE, "", f"at most {_MOST_PAIRS} keys", found)]) from None


def parse_query(pairs: Sequence[tuple[str, str]], models: Iterable[str]) -> Query:
    """Return what a query asks; a blank value is not stated.

    Args:
        pairs: its keys and values.
        models: the ids that `model` may name.

    Raises:
        InputError: with every fault, each under its key.
    """
    faults = Faults(strays(pairs, _KEYS))
    said = _unmoved(dict(pairs))
    row = {name: _value(name, said[name]) for name in FIELDS if said.get(name, "").strip()}
    chosen = {name: said[name] for name in (UNKNOWN, MODEL) if said.get(name)}
    axis = said.get(MAP) or None
    with faults:
        options = options_in(chosen, PLACE, tuple(models))
    if axis is not None and axis not in MAP_AXES:
        faults.problems.append(Problem(PLACE, MAP, *not_one_of(axis, MAP_AXES)))
    with faults:
        profile = parse_row(row, PLACE)
    faults.check()
    return Query(profile, options.unknown, options.model, axis)


def strays(pairs: Sequence[tuple[str, str]], known: Sequence[str]) -> Iterable[Problem]:
    """Yield the problems of keys that are unknown or stand more than once."""
    named = [key for key in known if key != DEFAULTS]
    expected = one_of(named) if named else "no key"
    for key, count in Counter(key for key, _ in pairs).items():
        if key not in known:
            found, hint = f"the unknown key {shown(key)}", did_you_mean(key, known) or "drop it"
            yield Problem(PLACE, "", expected, found, hint)
        elif count > 1:
            yield Problem(PLACE, key, "each key once", "it more than once", "keep one")


def _unmoved(said: dict[str, str]) -> dict[str, str]:
    """Return what is said without the sliders that nobody has moved."""
    for each in said.get(DEFAULTS, "").split(SEPARATOR):
        name, _, value = each.partition(":")
        if name in CRITERION_NAMES and said.get(name) == value:
            del said[name]
    return said


def _value(name: str, text: str) -> object:
    """Return what the text of a field stands for."""
    if name == LANGUAGES:
        text = text.replace(",", SEPARATOR).strip(f"{SEPARATOR} ")
    return from_text(COLUMNS[name], text)


def query_of(asked: Query) -> str:
    """Return the query that asks the same, in its shortest form; "" for nothing."""
    stated = fields_of(asked.profile)
    stated[UNKNOWN] = "" if asked.unknown == "flag" else asked.unknown
    stated |= {MODEL: asked.model or "", MAP: asked.map or ""}
    return "&".join(f"{name}={quote(text, safe=';-_')}" for name, text in stated.items() if text)


def fields_of(profile: Profile) -> dict[str, str]:
    """Return what a profile states, as the texts of the fields of a form."""
    stated: Mapping[str, Any] = profile.to_dict()
    flat = {**stated, **stated["require"], **stated["prefer"]}
    said = ((name, flat.get(name)) for name in FIELDS)
    return {name: _text(value) for name, value in said if value is not None and value is not False}


def _text(value: object) -> str:
    if isinstance(value, list):
        return SEPARATOR.join(value)
    return _FLAG if value is True else str(value)
