"""The bridge from pydantic's errors to ours, and the field types that inputs share."""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, PlainValidator, ValidationError, WithJsonSchema
from pydantic_core import PydanticCustomError

from mars_solver.briefs import brief
from mars_solver.errors import InputError, Problem, dotted, few, shown
from mars_solver.escaping import one_line
from mars_solver.vocabulary import MAX_IMPORTANCE, MAX_NUMBER, up_to

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Issue = tuple[str, str, str, str]
"""A path below the field, what was expected, what was found, a hint."""
T = TypeVar("T", bound="Input")


class Input(BaseModel):
    """The base of everything that is parsed: frozen, strict, and closed to unknown keys."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    __repr__ = __str__ = brief

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy with some fields changed; nothing derived from the old ones stays."""
        copied = super().model_copy(update=update, deep=deep)
        for name in copied.__dict__.keys() - type(self).model_fields.keys():
            del copied.__dict__[name]
        return copied


def parse(model: type[T], data: object, place: str, context: object = None) -> T:
    """Validate `data` as `model`.

    Args:
        model: the form.
        data: what is to be read.
        place: where it comes from, for messages.
        context: what validators of the form want to know beside the data.

    Raises:
        InputError: with every fault of `data`, each under `place`.
    """
    check = model.__pydantic_validator__.validate_python
    try:
        return check(data, context=context)  # type: ignore[no-any-return]
    except ValidationError as error:
        raise InputError(problems_of(error, model, place)) from None


def invalid(*issues: Issue) -> PydanticCustomError:
    """Return the error with which a validator reports one or more faults of its field."""
    return PydanticCustomError("faults", "not usable", {"faults": issues})


def unexpected(value: object, what: str, hint: str = "") -> PydanticCustomError:
    """Return the error of a field whose whole value is not what was expected."""
    return invalid(("", what, shown(value), hint))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a hint that names the nearest known word; empty where none is near.

    Near is also the only one that has all parts of the word: max_price, price_usd.
    """
    near = nearest(word, known)
    return f"did you mean {near}?" if near else ""


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the nearest known word; empty where none is near."""
    from difflib import get_close_matches  # noqa: PLC0415  (needed for bad input only)

    if len(word) > _LONGEST_WORD:
        return ""
    names, parts = sorted(known), set(word.lower().split("_"))
    near = get_close_matches(word.lower(), names, n=1)
    if not near:
        whole = [name for name in names if parts <= set(name.split("_"))]
        near = whole if len(whole) == 1 else []
    return near[0] if near else ""


_LONGEST_WORD: Final = 200
"""No longer word is near a known one, and comparing it takes long."""


def one_of(words: Iterable[str]) -> str:
    """Return how a message expects one of the words, or none where there are none."""
    return f"one of {listed}" if (listed := ", ".join(words)) else "none"


def not_one_of(
    value: object, words: Iterable[str], *, kind: str = "", otherwise: str = ""
) -> tuple[str, str, str]:
    """Return what was expected, what was found and a hint, where a value is none of the words.

    Args:
        value: the value.
        words: every word that is known, in the order in which a message lists them.
        kind: what an unknown word is called, such as "column"; empty where it is a plain value.
        otherwise: the hint where no word is near.
    """
    known = list(words)
    hint = did_you_mean(value, known) if isinstance(value, str) else ""
    unknown = kind and isinstance(value, str)
    found = f"the unknown {kind} {shown(value)}" if unknown else shown(value)
    return one_of(known), found, hint or otherwise


def problems_of(error: ValidationError, model: type[BaseModel], place: str) -> list[Problem]:
    """Return the problems that a validation of `model` met, with the path of each."""
    lines, rest = few(error.errors(include_url=False), place)
    return [problem for line in lines for problem in _problems_of_line(line, model, place)] + rest


def _problems_of_line(line: ErrorDetails, model: type[BaseModel], place: str) -> list[Problem]:
    """Return the problems in one error of pydantic."""
    path = dotted(*(str(part) for part in line["loc"] if part != "[key]"))
    found = line["input"]
    match line["type"]:
        case "faults":
            return [
                Problem(place, dotted(path, below), *rest) for below, *rest in line["ctx"]["faults"]
            ]
        case "extra_forbidden":
            key = str(line["loc"][-1])
            known = _keys_at(model, line["loc"][:-1])
            hint = _where_it_belongs(key, known, model)
            kind = _KINDS.get(str(line["loc"][0]) if len(line["loc"]) > 1 else "", "key")
            return [Problem(place, path, one_of(known), f"the unknown {kind} {shown(key)}", hint)]
        case "too_short" if line["ctx"]["actual_length"] < len(found):
            return []  # the faults of its items stand in lines of their own
        case "too_short":
            least = line["ctx"]["min_length"]
            return [Problem(place, path, f"a list of at least {least}", shown(found))]
        case "string_unicode":
            return [Problem(place, path, "keys of valid Unicode", shown(found))]
        case "missing":
            return [Problem(place, path, "a value", "nothing", "add it")]
        case "model_type" | "dict_type" | "model_attributes_type":
            return [Problem(place, path, "a table of keys and values", shown(found))]
        case "tuple_type" | "list_type":
            return [Problem(place, path, "a list", shown(found))]
        case "value_error" if isinstance(line["ctx"]["error"], InputError):
            problems = line["ctx"]["error"].problems
            return [replace(problem, place=place).below(path) for problem in problems]
        case _:
            expected = (
                line["msg"].removeprefix("Input should be ").replace("an integer", "a whole number")
            )
            return [Problem(place, path, expected.replace("integer", "whole number"), shown(found))]


_KINDS: Final = {"require": "requirement", "prefer": "preference"}
"""What the keys of the tables of a profile are called."""


def _table_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> type[BaseModel] | None:
    """Return the model of the table at `loc` of `model`."""
    current: type[BaseModel] | None = model
    for part in loc:
        fields = current.model_fields.items() if current else ()
        field = next((each for name, each in fields if (each.alias or name) == part), None)
        if field:
            current = _model_in(field.annotation)
    return current


def _keys_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """Return the keys that the table at `loc` of `model` may have."""
    table = _table_at(model, loc)
    return sorted(f.alias or name for name, f in table.model_fields.items()) if table else []


def _where_it_belongs(key: str, known: list[str], model: type[BaseModel]) -> str:
    """Return a hint that names the path meant by an unknown key, or nothing."""
    elsewhere = _paths_below(model)
    if key in elsewhere:
        return f"did you mean {elsewhere[key]}?"
    if hint := did_you_mean(key, known):
        return hint
    near = nearest(key, elsewhere)
    return f"did you mean {elsewhere[near]}?" if near else ""


@cache
def _paths_below(model: type[BaseModel]) -> dict[str, str]:
    """Return the keys that only one table of `model` has, each with its dotted path."""
    by_key: dict[str, list[str]] = {}
    for name in _keys_at(model, ()):
        for key in _keys_at(model, (name,)):
            by_key.setdefault(key, []).append(f"{name}.{key}")
    return {key: paths[0] for key, paths in by_key.items() if len(paths) == 1}


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the first model that an annotation mentions."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)


_INTEGER = re.compile(r"[+-]?[0-9]{1,30}")
_DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def number_or_text(text: str) -> int | float | str:
    """Return the decimal number that a text spells; any other text as it is."""
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text


_LARGEST = 10**12
"""The largest finite number of a fact or anchor; whole ones up to it are exact as float64."""


def _flag(value: object) -> bool:
    if value is None or isinstance(value, bool):
        return bool(value)
    raise unexpected(value, "true or false")


def _amount(value: object) -> int | float | None:
    if value is None:
        return None
    number = plain_number(value)
    if number is not None and 0 < number <= MAX_NUMBER:
        return number
    raise unexpected(value, up_to(MAX_NUMBER))


def bound(value: object) -> int | float:
    """Return a number that a fact or an anchor can have; raise pydantic's error for any other."""
    number = plain_number(value)
    if number is not None and (0 <= number <= _LARGEST or number == math.inf):
        return number
    raise unexpected(value, f"a number from 0 to {_LARGEST:,}, or inf")


def _importance(value: object) -> int | None:
    if value is None:
        return None
    number = plain_number(value)
    if isinstance(number, int) and 0 <= number <= MAX_IMPORTANCE:
        return number
    raise unexpected(value, f"a whole number from 0 to {MAX_IMPORTANCE}")


def plain_number(value: object) -> int | float | None:
    """Return `value` as a number, whole ones as int; None for what is no number (NaN is none)."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        if value.is_integer():
            return int(value)
        return None if math.isnan(value) else float(value)
    return int(value) if isinstance(value, _WHOLE) else None


_WHOLE: Final = (int, numbers.Integral)
"""What a whole number is; Python's own comes first, since it takes long to ask for the other."""

_PLAIN: Final = frozenset({bool, dict, float, int, list, str, tuple, type(None)})


def plainly(value: Any) -> Any:
    """Return a number of another library, or what holds members, as Python has it.

    Decimals and scalars of NumPy become numbers, and arrays and sets lists; all else stays.
    """
    if type(value) in _PLAIN:
        return value
    if isinstance(value, Decimal) and value.is_finite():
        number = float(value)
        return int(number) if number.is_integer() else number
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    return value.tolist() if hasattr(value, "tolist") else value


def plain_table(value: object) -> object:
    """Return any mapping as a dict, with what it holds as Python has it; all else stays."""
    if isinstance(value, _MAPPINGS):
        return {key: plainly(each) for key, each in value.items()}
    return value


_MAPPINGS: Final = (dict, Mapping)
"""What holds values by key; Python's own comes first, for the same reason."""

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
"""The draft of JSON Schema in which every schema is written."""
SCHEMA: Final = 1
"""The version of the format that the files of a catalogue are written in."""


def _one_line(value: object) -> str:
    if isinstance(value, str) and value.strip() and one_line(value) == value:
        return value
    raise unexpected(value, "one line of printable text")


def _schema_version(value: object) -> int:
    if value == SCHEMA and isinstance(value, int) and not isinstance(value, bool):
        return value
    raise unexpected(value, f"{SCHEMA}, the version of this file format")


_DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")


def _date(value: object) -> str:
    text = value if isinstance(value, str) else getattr(value, "isoformat", str)()
    if isinstance(text, str) and _DATE.fullmatch(text):
        return text
    raise unexpected(value, "a date as YYYY, YYYY-MM or YYYY-MM-DD")


def is_line(text: str) -> bool:
    """Return whether a text is one line that can be printed, and not too long."""
    return 0 < len(text) <= _LINE and one_line(text) == text


def _line(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, str) and is_line(value):
        return value
    raise unexpected(value, f"one line of printable text, at most {_LINE} characters")


_LINE = 1000


def choice(*words: str) -> PlainValidator:
    """Return a validator for an optional word out of a few."""

    def check(value: object) -> object:
        if value is None or (isinstance(value, str) and value in words):
            return value
        raise invalid(("", *not_one_of(value, words)))

    return PlainValidator(check, json_schema_input_type=Literal[(*words, None)])


def _schema(**keys: Any) -> WithJsonSchema:
    return WithJsonSchema(keys)


Flag = Annotated[bool, PlainValidator(_flag), _schema(type=["boolean", "null"])]
AmountField = Annotated[
    int | float | None,
    PlainValidator(_amount),
    _schema(type=["number", "null"], exclusiveMinimum=0, maximum=MAX_NUMBER),
]
Bound = Annotated[int | float, PlainValidator(bound), _schema(type="number", minimum=0)]
Importance = Annotated[
    int | None,
    PlainValidator(_importance),
    _schema(type=["integer", "null"], minimum=0, maximum=MAX_IMPORTANCE),
]
Date = Annotated[str, PlainValidator(_date)]
Text = Annotated[str, PlainValidator(_one_line), _schema(type="string", minLength=1)]
Version = Annotated[int, PlainValidator(_schema_version), _schema(const=SCHEMA)]
TextLine = Annotated[
    str | None,
    PlainValidator(_line),
    _schema(type=["string", "null"], minLength=1, maxLength=_LINE),
]
