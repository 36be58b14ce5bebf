"""Changes to what a profile states, and the profile that they make."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mars_solver.briefs import brief
from mars_solver.errors import InputError
from mars_solver.inputs.profile import Profile, Required, parse_profile
from mars_solver.vocabulary import ACCEPT_BETA

PREFER: Final = "prefer."
Amount = bool | int | float | list[Any] | str | None
"""A value as JSON has it."""


@dataclass(frozen=True, slots=True)
class Change:
    """One stated requirement, importance, or `primary`, with another value."""

    __repr__ = brief

    requirement: str
    from_: Amount
    to: Amount
    """The new value; None where the requirement is dropped."""


def apply(
    profile: Profile, values: Mapping[str, Required | None]
) -> tuple[Profile, tuple[Change, ...]]:
    """Return the profile with other values of some requirements, and every change made.

    A value of None drops a requirement. Where that takes away the need that `primary` names,
    `primary` goes with it, and is listed.

    Raises:
        InputError: where the changed profile contradicts itself.
    """
    revised = profile.revised(require=values)
    stated = profile.require
    changes = [Change(name, plain(stated.get(name)), plain(to)) for name, to in values.items()]
    if profile.primary and not revised.primary:
        changes.append(Change("primary", profile.primary, None))
    return revised, tuple(changes)


def plain(value: Required | None) -> Amount:
    """Return a value as JSON has it."""
    return list(value) if isinstance(value, tuple) else value


def changed(profile: Profile, changes: Iterable[Change]) -> Profile:
    """Return the profile after all that is listed as changed.

    Raises:
        InputError: where the changed profile contradicts itself.
    """
    data: dict[str, Any] = profile.to_dict()
    for change in changes:
        name, value = change.requirement, change.to
        if name.startswith(PREFER):
            data["prefer"][name.removeprefix(PREFER)] = value
        elif name in {ACCEPT_BETA, "primary"}:
            data[name] = value
        else:
            data["require"][name] = value
    return parse_profile(data, "Profile", profile.declared)


def contradicts(profile: Profile, values: Mapping[str, Required | None]) -> bool:
    """Return whether a profile with other values of some requirements contradicts itself."""
    try:
        profile.revised(require=values)
    except InputError:
        return True
    return False
