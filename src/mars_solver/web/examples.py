"""Profiles that show what the API answers, made from what a catalogue declares."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import chain, combinations, islice
from typing import TYPE_CHECKING, Any, Final

from mars_solver.inputs.profile import Profile, parse_profile
from mars_solver.inputs.profile_row import ID
from mars_solver.vocabulary import INFEASIBLE, Status

if TYPE_CHECKING:
    from mars_solver.solving.solver import Solver

_MOST_STATED: Final = 3
_MOST_TRIED: Final = 1000
_MISSPELT: Final = "bach"
"""What is no workflow."""


def profiles(solver: Solver) -> dict[str, Profile]:
    """Return a profile that some model meets, and one that none does, by status.

    The first is absent where there is no candidate at all, the second where no one or two
    requirements rule every model out.
    """
    if _status(solver, {}) is None:
        return {INFEASIBLE: _profile(solver, {})}
    asked = tuple(_askable(solver))
    met: dict[str, Any] = {}
    for name, value in asked:
        if len(met) < _MOST_STATED and name not in met:
            tried = {**met, name: value}
            if _status(solver, tried) is Status.MEETS:
                met = tried
    singles = ({name: value} for name, value in asked)
    pairs = ({**dict([one]), **dict([other])} for one, other in combinations(asked, 2))
    tried_in_turn = islice(chain(singles, pairs), _MOST_TRIED)
    lost = next((each for each in tried_in_turn if _status(solver, each) is None), None)
    found = {Status.MEETS.word: _profile(solver, met, "Example")}
    return found if lost is None else {**found, INFEASIBLE: _profile(solver, lost)}


def faulty(solver: Solver) -> dict[str, Any]:
    """Return what is no profile: a workflow and a requirement that nobody declares."""
    misspelt = {f"{name}s": True for name in list(solver.declared.requirement)[:1]}
    return {"workflow": _MISSPELT, "require": misspelt}


def rows(profile: Profile) -> str:
    """Return two rows of a batch as JSON Lines: a profile, and what is none."""
    data = profile.to_dict()
    tables = data.pop("require") | data.pop("prefer")
    lines = ({ID: "first", **data, **tables}, {ID: "second", "workflow": _MISSPELT})
    return "".join(json.dumps(line) + "\n" for line in lines)


def _askable(solver: Solver) -> Iterator[tuple[str, Any]]:
    """Yield each requirement with a value of each of its cells."""
    for name in solver.declared.requirement:
        for choice in solver.column(name).in_short[1:]:
            yield name, choice.values[0]


def _status(solver: Solver, require: Mapping[str, Any]) -> Status | None:
    """Return the status of the winner; None where no model is left."""
    winner = solver.decide(_profile(solver, require)).winner
    return winner.status if winner else None


def _profile(solver: Solver, require: Mapping[str, Any], name: str | None = None) -> Profile:
    return parse_profile({"name": name, "require": require}, "example", solver.declared)
