"""The one line that a prompt shows of a value: what it is, and never all that it holds."""

from __future__ import annotations

from reprlib import Repr
from typing import Any, Final

LONGEST: Final = 120
"""How many characters the line may have."""


class _Values(Repr):
    """How the values inside such a line are shown."""

    def __init__(self) -> None:
        super().__init__()
        self.maxtuple = self.maxlist = self.maxdict = self.maxlevel = 3
        self.maxstring = 40

    def repr_float(self, value: float, _: int) -> str:
        return f"{value:.4g}"

    def repr_Fraction(self, value: object, _: int) -> str:  # noqa: N802  (looked up by type)
        return str(value)

    def repr_mappingproxy(self, value: Any, level: int) -> str:
        return self.repr_dict(value, level)

    def repr_instance(self, value: object, _: int) -> str:
        return cut(repr(value), 60)


_VALUES: Final = _Values()


def brief(value: Any) -> str:
    """Return `Name(field=value, ...)`, without the fields that hold nothing, cut to one line.

    Args:
        value: a dataclass, a named tuple, or a model of pydantic; its class may use this as its
            `__repr__`.
    """
    kind = type(value)
    text = f"{kind.__name__}("
    for name in getattr(kind, "model_fields", None) or kind.__match_args__:
        held = getattr(value, name)
        if held is not None and held not in ("", (), {}):
            text += f"{name}={_VALUES.repr(held)}, "
        if len(text) > LONGEST:
            break
    return cut(text.removesuffix(", ") + ")")


def named(kind: type, what: str, name: str | None = None) -> str:
    """Return `<Kind 'name': what>` on one line."""
    title = f"{kind.__name__} {shown(name)}" if name else kind.__name__
    return cut(f"<{title}: {what}>")


def shown(value: object) -> str:
    """Return a value as it stands inside such a line: short."""
    return _VALUES.repr(value)


def cut(text: str, most: int = LONGEST) -> str:
    """Return a text of at most so many characters, with its last one kept."""
    return text if len(text) <= most else f"{text[: most - 2]}…{text[-1]}"
