"""People read labels: no text shows a key of the catalogue but where one would type it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from rich.console import RenderableType

import foreign
from mars_solver import Catalogue, Profile, Solver
from mars_solver.explaining.recommendation import recommend_with
from mars_solver.inputs.profile import parse_profile
from mars_solver.rendering import console
from mars_solver.rendering.members import members_of

TYPED = re.compile(r"\[[^\]\n]*\]|--[a-z-]+|^ {4}.*$", re.MULTILINE)
"""What one types or copies: keys in brackets, flags, lines of code."""


def keys(catalogue: Catalogue) -> set[str]:
    """The names of a catalogue that cannot be words of a sentence."""
    declared = catalogue.declared
    names = {*declared.attributes, *declared.requirement, *declared.criterion, *declared.need}
    return {name for name in {*names, *(value for _, value in declared.values)} if "_" in name}


def texts(solver: Solver, profiles: Iterable[Profile]) -> Iterator[RenderableType]:
    """Every text that a person can be shown of a catalogue."""
    facts, (one, other, *_) = solver.catalogue, solver.catalogue.names
    yield from (console.catalogue(facts), console.presets(facts))
    for profile in profiles:
        answer = recommend_with(solver, profile)
        yield from (console.recommendation(answer, verbose=each) for each in (False, True))
        yield console.explanation(answer.explain(one))
        yield console.comparison(answer.compare(one, other))


def test_no_text_shows_a_bare_key(solver: Solver) -> None:
    shipped, own = solver.catalogue, foreign.foreign_solver()
    lost = {"require": {"real_time": True, "style_control": True, "offline": True}}
    asked = [*(each.profile for each in shipped.presets), parse_profile(lost, "test")]
    strange = {"require": {"max_price": 350, "min_comfort": 3, "towing": True}}
    pages = [console.members(members_of(shipped, "languages", tag)) for tag in (None, "pt", "xx")]
    pages += texts(solver, asked)
    pages += texts(own, [parse_profile(strange, "test", own.declared)])
    for page in pages:
        said = TYPED.sub("", console.to_text(page))
        for key in keys(shipped) | keys(own.catalogue):
            assert not re.search(rf"(?<![\w-]){re.escape(key)}(?![\w-])", said), said
