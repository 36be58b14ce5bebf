"""Results as plain JSON values."""

from __future__ import annotations

from fractions import Fraction
from typing import Any


def plain(value: Any) -> Any:
    """Return dataclasses and tuples as dicts and lists; a fraction as text.

    A trailing underscore of a field's name, which keeps it off Python's keywords, goes.
    """
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Fraction):
        return str(value)
    if hasattr(value, "_asdict"):
        return value._asdict()
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return {name.rstrip("_"): plain(getattr(value, name)) for name in value.__dataclass_fields__}
