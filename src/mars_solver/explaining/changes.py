"""Changes to what a profile requires, and the profile that they make."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from mars_solver.inputs.profile import Profile
from mars_solver.vocabulary import ACCEPT_BETA

_PREFER: Final = "prefer."
FieldValue = bool | int | float | list[str] | str | None


@dataclass(frozen=True, slots=True)
class Change:
    """One field of a profile with another value.

    A requirement by name, an importance as `prefer.NAME`, `primary` or `accept_beta`.
    """

    requirement: str
    from_: FieldValue
    to: FieldValue
    """The new value; None where the field is dropped."""


def apply(
    profile: Profile, values: Iterable[tuple[str, FieldValue]]
) -> tuple[Profile, list[Change]]:
    """Return the profile with other values of some requirements, and every change made.

    A value of None drops a requirement. Where no requirement states the need of `primary` any
    more, `primary` is dropped as well, and listed as a change.

    Raises:
        InputError: where the changed profile contradicts itself.
    """
    data: dict[str, Any] = profile.to_dict()
    changes: list[Change] = []
    for name, value in values:
        changes.append(Change(name, data["require"].get(name), value))
        data["require"][name] = value
    if profile.primary:
        needs = Profile(require=data["require"]).require.needs
        if profile.primary not in needs:
            changes.append(Change("primary", profile.primary, None))
            del data["primary"]
    return Profile.model_validate(data), changes


def changed(profile: Profile, changes: Iterable[Change]) -> Profile:
    """Return the profile with listed changes made.

    Raises:
        InputError: where the changed profile contradicts itself.
    """
    data: dict[str, Any] = profile.to_dict()
    for change in changes:
        name, value = change.requirement, change.to
        if name.startswith(_PREFER):
            data["prefer"][name.removeprefix(_PREFER)] = value
        elif name in {ACCEPT_BETA, "primary"}:
            data[name] = value
        else:
            data["require"][name] = value
    return Profile.model_validate(data)
