"""What a value comes to: an attribute that is computed once, when first asked for."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

T = TypeVar("T")


class derived(cached_property[T]):  # noqa: N801  (used like `property`)
    """The `cached_property` of later Pythons, which takes no lock.

    Threads may compute an attribute at the same time: none waits for another one's result.
    """

    if not TYPE_CHECKING:  # it has the type of `cached_property`

        def __get__(self, instance: Any, owner: Any = None) -> Any:
            """Return what the instance comes to."""
            if instance is None:
                return self
            value = instance.__dict__[self.attrname] = self.func(instance)
            return value
