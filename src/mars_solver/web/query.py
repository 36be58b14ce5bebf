"""The query of the page's address: from text to a profile with options, and back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
"""How error messages call the query."""
UNKNOWN: Final = "unknown"
MODEL: Final = "model"
MAP: Final = "map"
DEFAULTS: Final = "defaults"
"""The sliders that nobody has moved, as `latency:5;fidelity:5`. A form always sends its sliders;
this key tells which of them state nothing."""
FIELDS: Final = tuple(name for name in COLUMNS if name != ID)
"""The keys that state a profile."""
MAP_AXES: Final = tuple(name for name in AXES if name != "max_ttfb_ms")
_KEYS: Final = (*FIELDS, UNKNOWN, MODEL, MAP, DEFAULTS)
_MOST_PAIRS: Final = 100
_FLAG: Final = "true"


@dataclass(frozen=True, slots=True)
class Query:
    """What a query asks for."""

    profile: Profile = field(default_factory=Profile)
    unknown: Policy = "flag"
    model: str | None = None
    """The id of the model asked about in particular; None for no one."""
    map: str | None = None
    """The axis of the map beside the latency ceiling; None where nobody chooses one."""


def pairs_in(query: bytes) -> list[tuple[str, str]]:
    """Return the keys and values of a query, in its order.

    Raises:
        InputError: if there are more than a form can send.
    """
    try:
        text = query.decode("ascii", errors="replace")
        return parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_PAIRS)
    except ValueError:
        expected = f"at most {_MOST_PAIRS} keys"
        raise InputError([Problem(PLACE, "", expected, "more of them")]) from None


def parse_query(pairs: Sequence[tuple[str, str]], models: Iterable[str]) -> Query:
    """Return what a query asks for; a blank value states nothing.

    Args:
        pairs: its keys and values.
        models: the ids that `model` may name.

    Raises:
        InputError: with every problem, each under its key.
    """
    faults = Faults(strays(pairs, _KEYS))
    said = {name: text for name, text in _moved(dict(pairs)).items() if text}
    row = {name: _value(name, said[name]) for name in FIELDS if said.get(name, "").strip()}
    chosen: dict[str, str] = {name: said[name] for name in (UNKNOWN, MODEL) if name in said}
    axis = said.get(MAP)
    with faults:
        options = options_in(chosen, PLACE, tuple(models))
    if axis is not None and axis not in MAP_AXES:
        faults.problems.append(Problem(PLACE, MAP, *not_one_of(axis, MAP_AXES)))
    with faults:
        profile = parse_row(row, PLACE)
    faults.check()
    return Query(profile, options.unknown, options.model, axis)


def strays(pairs: Sequence[tuple[str, str]], known: Sequence[str]) -> Iterator[Problem]:
    """Yield a problem for each key that is unknown, and for each that is repeated."""
    named = [key for key in known if key != DEFAULTS]
    expected = one_of(named) if named else "no key"
    for key, count in Counter(key for key, _ in pairs).items():
        if key not in known:
            found, hint = f"the unknown key {shown(key)}", did_you_mean(key, known) or "drop it"
            yield Problem(PLACE, "", expected, found, hint)
        elif count > 1:
            yield Problem(PLACE, key, "each key once", "it more than once", "keep one")


def _moved(said: Mapping[str, str]) -> dict[str, str]:
    """Return the texts by key, without the sliders that nobody has moved."""
    resting = said.get(DEFAULTS, "").split(SEPARATOR)
    return {
        name: text
        for name, text in said.items()
        if name not in CRITERION_NAMES or f"{name}:{text}" not in resting
    }


def _value(name: str, text: str) -> object:
    """Return the value that the text of a field states."""
    if name == LANGUAGES:
        text = text.replace(",", SEPARATOR).strip(f"{SEPARATOR} ")
    return from_text(COLUMNS[name], text)


def query_of(asked: Query) -> str:
    """Return the shortest query that asks for the same; "" where nothing is stated."""
    stated = fields_of(asked.profile)
    stated[UNKNOWN] = "" if asked.unknown == "flag" else asked.unknown
    stated |= {MODEL: asked.model or "", MAP: asked.map or ""}
    return "&".join(f"{name}={quote(text, safe=';-_')}" for name, text in stated.items() if text)


def fields_of(profile: Profile) -> dict[str, str]:
    """Return what a profile states, as texts by field of the form."""
    data: Mapping[str, Any] = profile.to_dict()
    flat = {**data, **data["require"], **data["prefer"]}
    return {
        name: _text(flat[name])
        for name in FIELDS
        if flat.get(name) is not None and flat[name] is not False
    }


def _text(value: object) -> str:
    if isinstance(value, list):
        return SEPARATOR.join(value)
    return _FLAG if value is True else str(value)
