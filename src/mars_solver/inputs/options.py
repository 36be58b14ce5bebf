"""The options of an answer beside its profile: the policy, the longest shortlist, and so on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from mars_solver.errors import Faults, InputError, Problem, few, shown
from mars_solver.inputs.catalogue.attributes import Declarations
from mars_solver.inputs.catalogue.catalogue import Catalogue
from mars_solver.inputs.parsing import not_one_of, number_or_text
from mars_solver.inputs.profile import Profile
from mars_solver.inputs.profile_row import members_in
from mars_solver.vocabulary import MOST_RANKED, POLICIES, Policy


class Options(NamedTuple):
    """How a profile is to be answered."""

    unknown: Policy = "flag"
    """How unverified models rank."""
    top: int | None = None
    """The longest shortlist wanted; None for all."""
    model: str | None = None
    """The id of the one model asked about."""
    keep: tuple[str, ...] = ()
    """The requirements that no relaxation and no correction may change."""
    first: str | None = None
    """The id of the first of two models to compare."""
    second: str | None = None
    """The id of the other one."""


def options_in(
    said: Mapping[str, str],
    place: str,
    catalogue: Catalogue | None = None,
    most: int | None = None,
) -> Options:
    """Return the options that texts spell, by name; an absent one has its default.

    Args:
        said: the texts.
        place: how messages call where they are.
        catalogue: whose models `model`, `first` and `second` may call by id or name, and whose
            requirements `keep` may name, with `,` or `;` between them; None for none.
        most: the largest `top`; None for any.

    Raises:
        InputError: with every text that spells no such option.
    """
    stated: dict[str, Any] = {**Options()._asdict(), **said}
    problems = []
    if stated["unknown"] not in POLICIES:
        problems.append(Problem(place, "unknown", *not_one_of(stated["unknown"], POLICIES)))
    if "top" in said:
        stated["top"] = number_or_text(said["top"])
        problems += _top_problems(stated["top"], place, said["top"], most)
    for name in ("model", "first", "second"):
        if catalogue is not None and name in said:
            stated[name] = catalogue.model_called(said[name])
            if stated[name] is None:
                unknown = not_one_of(said[name], catalogue.names, kind="model")
                problems.append(Problem(place, name, *unknown))
    if not problems and stated["first"] is not None and stated["first"] == stated["second"]:
        problems.append(Problem(place, "second", "", "name two different models"))
    faults = Faults(problems)
    if catalogue is not None:
        with faults:
            kept = members_in(said.get("keep", ""))
            stated["keep"] = requirements_in(kept, catalogue.declared, place)
    faults.check()
    return Options(**stated)


def requirements_in(
    names: Iterable[str], declared: Declarations, place: str = "recommend"
) -> tuple[str, ...]:
    """Return the names of requirements that cannot move, each once.

    Args:
        names: the names; one text is one name.
        declared: what can be asked.
        place: how messages call where they are.

    Raises:
        InputError: with every name of no requirement.
    """
    if not isinstance(names, Iterable):
        raise InputError([Problem(place, "keep", "names of requirements", shown(names))])
    listed = [names] if isinstance(names, str) else list(names)
    known = declared.requirement
    bad, rest = few([n for n in listed if not isinstance(n, str) or n not in known], place, "keep")
    if bad:
        said = (not_one_of(name, known, kind="requirement") for name in bad)
        raise InputError([*(Problem(place, "keep", *each) for each in said), *rest])
    return tuple(dict.fromkeys(listed))


def kept_in(names: Iterable[str], profile: Profile, place: str = "recommend") -> tuple[str, ...]:
    """Return the names of requirements of a profile that cannot move, each once.

    Args:
        names: the names; one text is one name.
        profile: what is asked.
        place: how messages call where they are.

    Raises:
        InputError: with every name of nothing that the profile states: nothing would change it.
    """
    kept = requirements_in(names, profile.declared, place)
    if unstated := [name for name in kept if name not in profile.require]:
        stated = ", ".join(profile.require) or "none"
        expected = f"a requirement that the profile states ({stated})"
        raise InputError([Problem(place, "keep", expected, name) for name in unstated])
    return kept


def check_options(unknown: object, top: object) -> None:
    """Refuse what a call in Python cannot have as options.

    Args:
        unknown: the policy.
        top: the longest shortlist, at most `MOST_RANKED`; None for all.

    Raises:
        InputError: with every such option.
    """
    problems = [] if top is None else _top_problems(top, "recommend", top, MOST_RANKED)
    if unknown not in POLICIES:
        expected, found, _ = not_one_of(unknown, POLICIES)
        problems.append(Problem("recommend", "unknown", expected, found))
    if problems:
        raise InputError(problems)


def _top_problems(
    top: object, place: str, written: object, most: int | None = None
) -> list[Problem]:
    """Return what is wrong with the length of a shortlist, which is a whole number from 1."""
    if isinstance(top, int) and not isinstance(top, bool) and 1 <= top <= (most or top):
        return []
    expected = "a whole number from 1" + (f" to {most}" if most else "")
    return [Problem(place, "top", expected, shown(written))]
