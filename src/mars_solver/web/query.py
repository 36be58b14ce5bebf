"""The query of the page's address: from text to a profile with options, and back."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, quote

from mars_solver.errors import REST, Faults, InputError, Problem, few, rerooted, shown
from mars_solver.explaining.decision_map import axes
from mars_solver.inputs.catalogue.facts import read_member
from mars_solver.inputs.catalogue.measurements import claim_in, with_measurements
from mars_solver.inputs.options import options_in
from mars_solver.inputs.parsing import did_you_mean, not_one_of, one_of
from mars_solver.inputs.profile_row import (
    ID,
    SEPARATOR,
    ColumnKind,
    columns,
    from_text,
    members_in,
    parse_row,
)
from mars_solver.solving.solver import Solver
from mars_solver.vocabulary import BATCH, Kind

if TYPE_CHECKING:
    from mars_solver.inputs.catalogue.attributes import Declarations
    from mars_solver.inputs.profile import Profile
    from mars_solver.vocabulary import Policy

PLACE: Final = "the address"
"""How error messages call the query."""
UNKNOWN: Final = "unknown"
MODEL: Final = "model"
MAP: Final = "map"
MEASURE: Final = "measure."
"""Begins the key of a measurement of one's own: `measure.MODEL.ATTRIBUTE=240`."""
OWN_SOURCE: Final = "own measurement"
"""The source of such a measurement."""
FORM: Final = "form."
"""Begins a key that only the form sends; no attribute has a name with a dot."""
SLIDERS: Final = "form.sliders"
"""The sliders that nobody has moved, as `name:5;other:5`. A form always sends its sliders;
this key tells which of them state nothing."""
TIMING: Final = "form.when"
"""Whether people listen while it speaks (`LIVE`), or it is rendered ahead of time (`BATCH`)."""
LIVE: Final = "live"
FIGURE_MODEL, FIGURE_FACT, FIGURE = "form.model", "form.fact", "form.figure"
"""One more measurement: of which model, of what, and the figure."""
_OPTIONS: Final = (UNKNOWN, MODEL, MAP, SLIDERS, TIMING, FIGURE_MODEL, FIGURE_FACT, FIGURE)
_MOST_PAIRS: Final = 250
"""More than the form of any catalogue sends."""
_FLAG: Final = "true"


@dataclass(frozen=True, slots=True)
class Query:
    """What a query asks for."""

    profile: Profile
    unknown: Policy = "flag"
    model: str | None = None
    """The id of the model asked about in particular; None for no one."""
    map: tuple[str, ...] = ()
    """The axes of the map that somebody chose: none, the one that goes up, or the one that goes
    across and the one that goes up."""
    measured: tuple[tuple[str, str], ...] = ()
    """Measurements of one's own, each `MODEL.ATTRIBUTE` with its figure."""
    ignored: tuple[str, ...] = field(default=(), compare=False)
    """The keys that mean nothing here, each with a hint."""

    @property
    def empty(self) -> bool:
        """Whether nothing is asked that could be answered."""
        asked = self.profile
        return not (asked.require or asked.prefer or asked.batch or self.model)


def fields(declared: Declarations) -> tuple[str, ...]:
    """Return the keys that state a profile."""
    return tuple(name for name in columns(declared) if name != ID)


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


def parse_query(pairs: Sequence[tuple[str, str]], solver: Solver) -> Query:
    """Return what a query asks for; a blank value states nothing.

    A key that means nothing is left out, and listed.

    Args:
        pairs: its keys and values.
        solver: that is to answer.

    Raises:
        InputError: with every problem, each under its key.
    """
    declared = solver.declared
    known = fields(declared)
    problems = list(strays(pairs, (*known, *_OPTIONS, *_measures(pairs))))
    unknown = [each for each in problems if each.path in {"", REST}]
    ignored = tuple(
        f"{each.found.removeprefix('the ')} means nothing here ({each.hint})"
        if each.hint
        else each.found
        for each in unknown
    )
    faults = Faults(each for each in problems if each not in unknown)
    said = {name: text for name, text in _moved(dict(pairs), declared).items() if text}
    said |= _timed(said.get(TIMING), declared) if TIMING in dict(pairs) else {}
    row = {name: _value(name, said[name], declared) for name in known if said.get(name, "").strip()}
    chosen: dict[str, str] = {name: said[name] for name in (UNKNOWN, MODEL) if name in said}
    with faults:
        options = options_in(chosen, PLACE, solver.catalogue)
    with faults:
        chart = _map(said.get(MAP, ""), axes(solver))
    measured = _figures(said)
    with faults, rerooted(partial(_under_its_figure, typed=said)):
        measured_by(solver, measured)
    with faults, rerooted(_under_its_key):
        profile = solver.checked(parse_row(row, declared, PLACE))
    faults.check()
    return Query(profile, options.unknown, options.model, chart, measured, ignored)


def _timed(when: str | None, declared: Declarations) -> dict[str, str]:
    """Return what the choice between live and ahead of time states, and unstates."""
    live = live_requirement(declared)
    stated: dict[str, str] = {"workflow": BATCH if when == BATCH else ""}
    return {**stated, live: _FLAG if when == LIVE else ""} if live else stated


def live_requirement(declared: Declarations) -> str | None:
    """Return the capability that states a live need; None where there is no such need."""
    stating = (name for need in declared.needs if need.live for name in need.stated_by)
    return next(
        (name for name in stating if declared.requirement[name].kind is Kind.CAPABILITY), None
    )


def _measures(pairs: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Yield the keys of measurements, each once."""
    yield from dict.fromkeys(key for key, _ in pairs if key.startswith(MEASURE))


def _figures(said: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return the measurements in a query, the one that the form adds last."""
    found = {key.removeprefix(MEASURE): said[key].strip() for key in _measures([*said.items()])}
    if said.get(FIGURE, "").strip():
        found[_figure_path(said)] = said[FIGURE].strip()
    return tuple(sorted((path, figure) for path, figure in found.items() if figure))


def _figure_path(said: Mapping[str, str]) -> str:
    return f"{said.get(FIGURE_MODEL, '')}.{said.get(FIGURE_FACT, '')}"


@lru_cache(maxsize=2**2)
def measured_by(solver: Solver, measured: tuple[tuple[str, str], ...]) -> Solver:
    """Return the solver that rests on measurements of one's own.

    Raises:
        InputError: with every measurement that none can be, under `MODEL.ATTRIBUTE`.
    """
    if not measured:
        return solver
    catalogue = solver.catalogue
    tables: dict[str, dict[str, object]] = {}
    for path, figure in measured:
        model, name = catalogue.model_in(path)
        if model is None:
            model, _, name = path.partition(".")
        claim = claim_in(catalogue.declared.attributes.get(name), figure)
        said = {"source": OWN_SOURCE, "as_of": catalogue.as_of, **claim}
        tables.setdefault(model, {})[name] = said
    return Solver(with_measurements(catalogue, tables, place=PLACE), solver.weights)


def _under_its_figure(problem: Problem, typed: Mapping[str, str]) -> Problem:
    """Return a problem of a measurement as one of the field, or the key, that states it."""
    path = re.sub(r"\.(value|low|high)$", "", problem.path)
    added = FIGURE in typed and path == _figure_path(typed)
    return replace(problem, path=FIGURE if added else f"{MEASURE}{path}")


def _under_its_key(problem: Problem) -> Problem:
    """Return a problem of a preference as one of its key in the query."""
    return replace(problem, place=PLACE, path=problem.path.removeprefix("prefer."))


def strays(pairs: Sequence[tuple[str, str]], known: Sequence[str]) -> Iterator[Problem]:
    """Yield a problem for each key that is unknown, and for each that is repeated."""
    named = [key for key in known if not key.startswith(FORM)]
    expected = one_of(named)
    counts = Counter(key for key, _ in pairs)
    unknown, rest = few([key for key in counts if key not in known], PLACE)
    for key in unknown:
        found, hint = f"the unknown key {shown(key)}", did_you_mean(key, known) or "drop it"
        yield Problem(PLACE, "", expected, found, hint)
    yield from rest
    for key in known:
        if counts[key] > 1:
            yield Problem(PLACE, key, "each key once", "it more than once", "keep one")


def _moved(said: Mapping[str, str], declared: Declarations) -> dict[str, str]:
    """Return the texts by key, without the sliders that nobody has moved."""
    resting = said.get(SLIDERS, "").split(SEPARATOR)
    return {
        name: text
        for name, text in said.items()
        if name not in declared.criterion or f"{name}:{text}" not in resting
    }


def _value(name: str, text: str, declared: Declarations) -> object:
    """Return the value that the text of a field states."""
    kind = columns(declared)[name]
    if kind is ColumnKind.MEMBERS:
        return [member for member in members_in(text) if member]
    return from_text(kind, text)


def _map(text: str, known: Sequence[str]) -> tuple[str, ...]:
    """Return the axes that a text names.

    Raises:
        InputError: where they are no axes of one map.
    """
    names = tuple(members_in(text))
    wrong, bad = few([name for name in names if name not in known], PLACE, MAP)
    bad += [Problem(PLACE, MAP, *not_one_of(name, known)) for name in wrong]
    if len(names) > 2 or len(set(names)) < len(names):  # noqa: PLR2004  (across and up)
        bad.append(Problem(PLACE, MAP, "one axis, or two different ones", shown(text)))
    if bad:
        raise InputError(bad)
    return names


def query_of(asked: Query) -> str:
    """Return the shortest query that asks for the same; "" where nothing is stated."""
    stated = fields_of(asked.profile)
    stated[UNKNOWN] = "" if asked.unknown == "flag" else asked.unknown
    stated |= {MODEL: asked.model or "", MAP: SEPARATOR.join(asked.map)}
    stated |= {f"{MEASURE}{path}": figure for path, figure in asked.measured}
    return "&".join(f"{name}={quote(text, safe=';-_')}" for name, text in stated.items() if text)


def fields_of(profile: Profile) -> dict[str, str]:
    """Return what a profile states, as texts by field of the form.

    Members stand as they were written, so that the answer keeps saying how it read them.
    """
    data: Mapping[str, Any] = profile.to_dict()
    flat = {**data, **data["require"], **data["prefer"]}
    return {
        name: _text(flat[name], _written(profile, name))
        for name in fields(profile.declared)
        if flat.get(name) is not None and flat[name] is not False
    }


def _written(profile: Profile, name: str) -> dict[object, str]:
    """Return how members that a requirement asks for were written, where not as they are read."""
    requirement = profile.declared.requirement.get(name)
    if requirement is None or not profile.readings:
        return {}
    attribute = profile.declared.attributes[requirement.attribute]
    return {m: text for text, m in profile.readings if read_member(attribute, text) == m}


def _text(value: object, written: Mapping[object, str]) -> str:
    if isinstance(value, list):
        return SEPARATOR.join(written.get(member, str(member)) for member in value)
    return _FLAG if value is True else str(value)
