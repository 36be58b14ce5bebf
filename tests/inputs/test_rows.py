"""Profiles as rows of a table, and the options beside them, by what a catalogue declares."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from hypothesis import given, settings

from mars_solver import InputError
from mars_solver.errors import Problem
from mars_solver.inputs.options import Options, check_options, options_in, requirements_in
from mars_solver.inputs.profile_row import (
    ColumnKind,
    column_problems,
    columns,
    from_text,
    members_in,
    opened,
    parse_row,
)
from small import build
from strategies import Table, World, cases, shipped_or_pooled

DECLARED = build().declared


def test_columns_follow_the_declarations() -> None:
    assert dict(columns(DECLARED)) == {
        "id": ColumnKind.TEXT,
        "name": ColumnKind.TEXT,
        "workflow": ColumnKind.WORD,
        "primary": ColumnKind.WORD,
        "accept_beta": ColumnKind.FLAG,
        "quick": ColumnKind.FLAG,
        "hosted": ColumnKind.FLAG,
        "max_price": ColumnKind.AMOUNT,
        "min_quality": ColumnKind.AMOUNT,
        "formats": ColumnKind.MEMBERS,
        "rates": ColumnKind.MEMBERS,
        "tongues": ColumnKind.MEMBERS,
        "speed": ColumnKind.IMPORTANCE,
        "cheapness": ColumnKind.IMPORTANCE,
    }


def test_a_row_is_a_profile_with_its_tables_opened_up() -> None:
    row: Table = {
        "id": "p1",
        "name": "Kiosk",
        "quick": True,
        "hosted": None,
        "max_price": 9.0,
        "formats": "wav; MP3,ogg",
        "rates": "24000;8000",
        "tongues": ["EN_UK", "pt"],
        "speed": 7.0,
        "accept_beta": False,
    }
    profile = parse_row(row, DECLARED)
    assert profile.to_dict() == {
        "name": "Kiosk",
        "accept_beta": False,
        "require": {
            "quick": True,
            "max_price": 9,
            "formats": ["wav", "MP3", "ogg"],
            "rates": [24000, 8000],
            "tongues": ["en-gb", "pt"],
        },
        "prefer": {"speed": 7},
    }
    assert profile.readings == (("en-uk", "en-gb"),)


@pytest.mark.parametrize(
    ("text", "members"),
    [
        ("", []),
        ("  ", []),
        ("wav", ["wav"]),
        ("wav;mp3", ["wav", "mp3"]),
        ("wav, mp3", ["wav", "mp3"]),
        (" en-us ;pt,fr ", ["en-us", "pt", "fr"]),
        ("wav;", ["wav", ""]),
        ("raspberry pi|5", ["raspberry pi|5"]),
    ],
)
def test_a_text_lists_members_with_semicolons_or_commas(text: str, members: list[str]) -> None:
    assert members_in(text) == members


@pytest.mark.parametrize("text", ["pt;hi-in", "pt, hi-in", " pt hi-in ", "pt|hi-in", "pt |  hi-in"])
def test_tags_and_numbers_may_have_spaces_or_bars_between_them(text: str) -> None:
    assert members_in(text, codes=True) == ["pt", "hi-in"]
    assert parse_row({"tongues": text}, DECLARED).to_dict()["require"] == {
        "tongues": ["pt", "hi-in"]
    }


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (ColumnKind.FLAG, " TRUE ", True),
        (ColumnKind.FLAG, "false", False),
        (ColumnKind.FLAG, "", None),
        (ColumnKind.FLAG, "maybe", "maybe"),
        *((ColumnKind.FLAG, word, True) for word in ("Yes", "y", "T", "1", "1.0")),
        *((ColumnKind.FLAG, word, False) for word in ("No", "n", "F", "0", "0.0", " FALSE")),
        *(
            (kind, word, None)
            for kind in (ColumnKind.FLAG, ColumnKind.AMOUNT, ColumnKind.MEMBERS)
            for word in ("NA", " n/a ", "Null", "#N/A", "NaN")
        ),
        (ColumnKind.TEXT, "NA", "NA"),
        (ColumnKind.WORD, "NA", None),
        (ColumnKind.IMPORTANCE, "7.0", 7),
        (ColumnKind.IMPORTANCE, "7.5", 7.5),
        (ColumnKind.AMOUNT, " 300 ", 300),
        (ColumnKind.AMOUNT, "2.5", 2.5),
        (ColumnKind.AMOUNT, " ", None),
        (ColumnKind.AMOUNT, "fast", "fast"),
        (ColumnKind.IMPORTANCE, "7", 7),
        (ColumnKind.MEMBERS, "wav;mp3", "wav;mp3"),
        (ColumnKind.TEXT, "", None),
    ],
)
def test_a_cell_of_text_spells_a_value(kind: ColumnKind, text: str, value: object) -> None:
    assert from_text(kind, text) == value
    assert type(from_text(kind, text)) is type(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [("300,5", 300.5), ("-0,25", -0.25), ("300.5", 300.5), ("0.125", 0.125), ("1500", 1500)],
)
def test_a_decimal_may_have_a_comma_where_cells_are_not_separated_by_one(
    text: str, value: object
) -> None:
    assert from_text(ColumnKind.AMOUNT, text, comma=True) == value


@pytest.mark.parametrize(
    "text",
    [
        "1.234,5",
        "1,234.5",
        "1.234",
        "1,234",
        "12 345,6",
        "1'234.5",
        "1 200",
        "1\u00a0200",
        "1\u202f200",
        "1'200",
        "1\u2019200",
    ],
)
def test_a_number_with_separators_of_thousands_is_refused_with_advice(text: str) -> None:
    assert from_text(ColumnKind.AMOUNT, text, comma=True) == text
    with pytest.raises(InputError, match=r"without separators of thousands .* as 1234\.5"):
        parse_row({"max_price": text}, DECLARED)


@pytest.mark.parametrize(
    ("row", "path", "expected"),
    [
        ({"id": ["a"]}, "id", "text"),
        ({"max_price": 0}, "max_price", "a number above 0"),
        ({"formats": "wav;"}, "formats.1", "a word"),
        ({"rates": "fast"}, "rates.0", "a number above 0"),
        ({"rates": [8000, -1]}, "rates.1", "a number above 0"),
        ({"tongues": "english"}, "tongues.0", "a language tag"),
        ({"formats": 5}, "formats", "a list of members"),
        ({"speed": 11}, "speed", "a whole number"),
        ({"workflow": "batches"}, "workflow", "one of batch"),
    ],
)
def test_a_fault_is_named_by_its_column(row: Table, path: str, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_row(row, DECLARED, "row 1")
    (problem,) = caught.value.problems
    assert (problem.place, problem.path) == ("row 1", path)
    assert problem.expected.startswith(expected)


def test_unknown_and_repeated_columns_are_named() -> None:
    problems = column_problems(["quick", "quik", "quick", "tongue"], DECLARED, "t.csv")
    assert [(p.path, p.found, p.hint) for p in problems] == [
        ("", 'the unknown column "quik"', "did you mean quick?"),
        ("", 'the unknown column "tongue"', "did you mean tongues?"),
        ("quick", "it more than once", ""),
    ]


@given(cases() | cases(shipped_or_pooled()))
@settings(max_examples=100)
def test_a_row_says_what_the_profile_says(case: tuple[World, Table]) -> None:
    where, data = case
    declared = where.catalogue.declared
    tops = {key: value for key, value in data.items() if key not in {"require", "prefer"}}
    row: dict[str, Any] = {**tops, **data["require"], **data["prefer"]}
    profile = where.profile(data)
    assert parse_row(row, declared) == profile
    texts = {
        key: ";".join(map(str, value)) if isinstance(value, list) else value
        for key, value in row.items()
    }
    assert parse_row(texts, declared) == profile
    assert opened(row, declared, "")[1] == []


# ---------------------------------------------------------------------------- options


def test_options_are_read_from_text() -> None:
    assert options_in({}, "test") == Options()
    said = {"unknown": "reject", "top": "3", "model": "a", "keep": "quick, max_price;quick"}
    assert options_in(said, "test", build()) == Options("reject", 3, "a", ("quick", "max_price"))


def test_every_fault_of_the_options_is_named() -> None:
    said = {"unknown": "rejct", "top": "0", "model": "c", "keep": "quik"}
    with pytest.raises(InputError) as caught:
        options_in(said, "test", build())
    assert [(p.path, p.hint) for p in caught.value.problems] == [
        ("keep", "did you mean quick?"),
        ("model", ""),
        ("top", ""),
        ("unknown", "did you mean reject?"),
    ]


def test_what_is_kept_are_requirements() -> None:
    assert requirements_in(["max_price", "quick", "max_price"], DECLARED) == ("max_price", "quick")
    assert requirements_in("quick", DECLARED) == ("quick",)
    with pytest.raises(InputError, match="did you mean `max_price`"):
        requirements_in(["max_prise"], DECLARED)
    with pytest.raises(InputError, match="top"):
        check_options("flag", 0)


def test_an_error_is_the_same_in_another_process() -> None:
    error = InputError(
        [Problem("a.toml", "x", "a number", '"y"', "drop it"), Problem("b", "", "c", "d")]
    )
    again = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert again.problems == error.problems
    assert str(again) == str(error)
