"""Results as plain JSON values."""

from __future__ import annotations

from collections.abc import Hashable
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final, cast

_ATOMS: Final = frozenset({type(None), bool, int, float, str})


def plain(value: Any) -> Any:
    """Return dataclasses and tuples as dicts and lists; a fraction as text.

    A trailing underscore of a field's name, which keeps it off Python's keywords, goes.
    """
    kind = type(value)
    if kind in _ATOMS:
        return value
    if kind is tuple or kind is list:
        return [item if type(item) in _ATOMS else plain(item) for item in value]
    if kind is Fraction:
        return str(value)
    if hasattr(value, "_asdict"):
        return value._asdict()
    if isinstance(value, str | int | float):
        return value
    found = {}
    for name, key in _keys(cast("Hashable", kind)):
        item = getattr(value, name)
        found[key] = item if type(item) in _ATOMS else plain(item)
    return found


@lru_cache(maxsize=256)
def _keys(kind: Hashable) -> tuple[tuple[str, str], ...]:
    """Return the fields of a dataclass, each with its key."""
    return tuple((name, name.rstrip("_")) for name in vars(kind)["__dataclass_fields__"])
