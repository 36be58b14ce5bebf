"""TOML and JSON: bytes to a table, wherever the bytes come from, and a table to lines."""

from __future__ import annotations

import json
import math
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from mars_solver.errors import InputError, Problem, few, shown

_MAX_DOTS: Final = 200


def table_in(data: bytes, place: str) -> dict[str, Any]:
    """Return the table in a TOML or JSON document.

    A place that ends in `.json`, and bytes whose first non-blank is `{`, are JSON; others TOML.

    Raises:
        InputError: where it is empty or not well-formed.
    """
    text = decode(data, place)
    if not text.strip():
        hint = "fill it, or leave the file out"
        raise InputError([Problem(place, "", "a TOML or JSON document", "an empty file", hint)])
    as_json = text.lstrip().startswith("{") or place.lower().endswith(".json")
    return (parse_json if as_json else _parse_toml)(text, place)


def decode(data: bytes, place: str) -> str:
    """Return the text of some bytes.

    Raises:
        InputError: where they are not UTF-8.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        found = f"byte 0x{data[error.start]:02x} at offset {error.start}"
        raise InputError([Problem(place, "", "UTF-8 text", found, "save it as UTF-8")]) from None


def _parse_toml(text: str, place: str) -> dict[str, Any]:
    # tomllib takes quadratic time for a key of many parts; no file needs more than a handful.
    if any(line.count(".") > _MAX_DOTS for line in text.splitlines()):
        raise InputError([_too_deep(place)])
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise InputError([_too_deep(place)]) from None
    except ValueError as error:
        raise InputError([Problem(place, "", "valid TOML", _reason(error))]) from None


def parse_json(text: str, place: str) -> dict[str, Any]:
    """Return the table that JSON text holds.

    Raises:
        InputError: where it is not well-formed, repeats a key or is no table.
    """
    data = json_value(text, place)
    if not isinstance(data, dict):
        raise InputError([Problem(place, "", "a JSON object", shown(data))])
    return data


def json_value(text: str, place: str) -> Any:
    """Return the value that JSON text holds.

    Raises:
        InputError: where it is not well-formed or repeats a key.
    """
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise InputError([_too_deep(place)]) from None
    except ValueError as error:
        raise InputError([Problem(place, "", "valid JSON", _reason(error))]) from None


def toml_lines(table: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of TOML that state a table, each value on one of them."""
    yield from (f"{key} = {toml_value(value)}" for key, value in table.items())


def toml_value(value: Any) -> str:
    """Return a plain value as TOML has it on one line."""
    if isinstance(value, Mapping):
        inner = ", ".join(toml_lines(value))
        return f"{{ {inner} }}" if inner else "{}"
    # JSON writes the rest as TOML reads it, unless it escapes what is beyond 16 bits; but for DEL.
    text = "inf" if value == math.inf else json.dumps(value, ensure_ascii=False)
    return text.replace("\x7f", "\\u007f")


def _reason(error: ValueError) -> str:
    """Return the reason that a parser gives."""
    long = "a whole number of more digits than can be read"
    return long if "set_int_max_str_digits" in str(error) else str(error)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        repeated, rest = few([key for key, count in sorted(counts.items()) if count > 1], "")
        named = [*map(shown, repeated), *(each.found for each in rest)]
        raise ValueError(f"the key {', '.join(named)} more than once")
    return table


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_without_repeats)


def _too_deep(place: str) -> Problem:
    return Problem(place, "", "tables nested a few levels deep", "nesting too deep to read")
