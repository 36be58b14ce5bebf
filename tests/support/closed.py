"""Schemas of answers made strict: no key beside those that they name."""

from __future__ import annotations

from typing import Any

ASKED = {"Profile", "Requirements", "Preferences"}
"""The tables of what is asked, which are strict as they are."""
EXTENDED = {"Recommendation", "Explanation"}
"""The tables that are one object together; what refers to them is strict in their stead."""


def closed(tables: dict[str, Any]) -> dict[str, Any]:
    """The tables of answers, of which none takes a further key."""
    return {
        name: table
        if name in ASKED | EXTENDED
        else {**table, **({"additionalProperties": False} if "properties" in table else {})}
        for name, table in tables.items()
    }
