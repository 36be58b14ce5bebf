"""Results as plain JSON values."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from fractions import Fraction
from functools import lru_cache
from operator import attrgetter
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
    keys, fields = _fields(cast("Hashable", kind))
    found = dict(zip(keys, fields(value), strict=True))
    for key, item in found.items():
        if type(item) not in _ATOMS:
            found[key] = plain(item)
    return found


@lru_cache(maxsize=256)
def _fields(kind: Hashable) -> tuple[tuple[str, ...], Callable[[Any], Iterable[Any]]]:
    """Return the keys of a dataclass, and what gets its fields."""
    names = tuple(vars(kind)["__dataclass_fields__"])
    return tuple(name.rstrip("_") for name in names), _getter(names)


def _getter(names: tuple[str, ...]) -> Callable[[Any], Iterable[Any]]:
    get = attrgetter(*names)
    return get if len(names) > 1 else lambda value: (get(value),)
