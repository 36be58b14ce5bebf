"""Whatever people bring to be answered is answered, or refused as bad input that says where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from mars_solver import InputError, Profile, decide, decide_stream, recommend, recommend_many

NESTED: dict[str, Any] = {
    "name": "line",
    "require": {"real_time": True, "max_ttfb_ms": 300, "languages": ["en-us", "pt"]},
    "prefer": {"latency": 7},
}
FLAT = {"name": "line", **NESTED["require"], **NESTED["prefer"]}
ROW = {**FLAT, "id": "a", "offline": None, "primary": None}
TABLE = pa.table({key: [value, None] for key, value in ROW.items() if value is not None})


class Stream:
    """A foreign table: all that is known of it is the Arrow C stream."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.table.__arrow_c_stream__(requested_schema)


class Batch:
    """The same of one batch: the Arrow C array."""

    def __init__(self, table: pa.Table) -> None:
        self.batch = table.to_batches()[0]

    def __arrow_c_array__(self, requested_schema: object = None) -> object:
        return self.batch.__arrow_c_array__(requested_schema)


def test_a_profile_comes_in_any_of_its_forms() -> None:
    wanted = recommend(NESTED).to_dict()
    forms: list[Any] = [
        Profile(**NESTED),
        FLAT,
        ROW,
        MappingProxyType(NESTED),
        {**FLAT, "languages": "en-us;pt"},
        {**FLAT, "languages": ("en-us", "pt")},
        {**FLAT, "languages": np.array(["en-us", "pt"])},
        {**FLAT, "languages": {"pt", "en-us"}},
        {**FLAT, "real_time": np.True_, "max_ttfb_ms": np.float32(300), "latency": np.int8(7)},
        {**FLAT, "max_ttfb_ms": Decimal("300.0"), "accept_beta": np.False_},
        {**NESTED, "require": {**NESTED["require"], "max_ttfb_ms": np.array(300)}},
    ]
    for form in forms:
        assert recommend(form).to_dict() == wanted
    assert [each.to_dict() for each in recommend_many(forms)] == [wanted] * len(forms)


def test_spaces_of_every_width_are_printable() -> None:
    name = "Qualit\u00e9\N{NO-BREAK SPACE}: 2\N{NARROW NO-BREAK SPACE}000"
    assert recommend({"name": name}).profile.name == name
    table = pa.table({"name": [name], "real_time": [True]})
    assert decide(table).column("status").to_pylist() == ["meets"]


def test_many_profiles_come_in_a_list_a_stream_or_a_table() -> None:
    wanted = [recommend(NESTED).to_dict(), recommend().to_dict()]
    profiles = [NESTED, {}]
    coded = TABLE.set_column(0, "name", TABLE["name"].dictionary_encode())
    forms: list[Any] = [
        profiles,
        tuple(profiles),
        iter(profiles),
        (each for each in profiles),
        dict(enumerate(profiles)).values(),
        np.array(profiles, dtype=object),
        TABLE.to_pylist(),
        TABLE,
        TABLE.to_reader(),
        TABLE.to_batches()[0],
        Stream(TABLE),
        Batch(TABLE),
        coded,
        pa.concat_tables([TABLE.slice(0, 1), TABLE.slice(1)]),
    ]
    for form in forms:
        assert [each.to_dict() for each in recommend_many(form)] == wanted
    assert recommend_many([]) == recommend_many(TABLE.slice(0, 0)) == []


def broken() -> Iterator[dict[str, object]]:
    yield {}
    raise OSError("the line is down")


def test_what_fails_outside_fails_as_itself() -> None:
    with pytest.raises(OSError, match="the line is down"):
        recommend_many(broken())


NO_PROFILES: list[tuple[object, str]] = [
    (7, "7"),
    (1.5, "1.5"),
    (None, "nothing"),
    (True, "true"),
    (object, "class"),
    (recommend, "function"),
    (SimpleNamespace(name="x"), "namespace"),
    (Fraction(1, 2), "Fraction"),
    (["real_time"], "real_time"),
    ("real_time", "load_profile"),
    ("profile.toml", "load_profile"),
    (b"{}", "load_profile"),
    (Path("profile.toml"), "load_profile"),
    ([["real_time", True]], "real_time"),
    (TABLE, "recommend_many(table) or decide(table)"),
    ({"real_tim": True}, "did you mean `require.real_time`?"),
    ({"requires": {}}, "did you mean `require`?"),
    ({1: True}, "1"),
    ({None: True}, "None"),
    ({"require": 7}, "7"),
    ({"require": ["real_time"]}, "real_time"),
    ({"require": {1: True}}, "1"),
    ({"prefer": "latency"}, '"latency"'),
    ({"name": 7}, "7"),
    ({"name": "a\nb"}, "printable"),
    ({"name": "\ud800"}, "name"),
    ({"workflow": ["batch"]}, "batch"),
    ({"workflow": "bach"}, "bach"),
    ({"primary": "real_time"}, "a need that is stated"),
    ({"accept_beta": "yes"}, "accept_beta"),
    ({"accept_beta": np.array([True, False])}, "accept_beta"),
    ({"max_ttfb_ms": float("nan")}, "max_ttfb_ms"),
    ({"max_ttfb_ms": float("inf")}, "max_ttfb_ms"),
    ({"max_ttfb_ms": np.float64("nan")}, "max_ttfb_ms"),
    ({"max_ttfb_ms": Decimal("NaN")}, "max_ttfb_ms"),
    ({"max_ttfb_ms": Decimal("sNaN")}, "max_ttfb_ms"),
    ({"max_ttfb_ms": Decimal("1e999999")}, "max_ttfb_ms"),
    ({"max_ttfb_ms": -1}, "max_ttfb_ms"),
    ({"max_ttfb_ms": 10**400}, "max_ttfb_ms"),
    ({"max_ttfb_ms": 300j}, "max_ttfb_ms"),
    ({"max_ttfb_ms": "300 ms"}, "max_ttfb_ms"),
    ({"max_ttfb_ms": np.datetime64("2026-01-01")}, "max_ttfb_ms"),
    ({"max_ttfb_ms": [300]}, "max_ttfb_ms"),
    ({"require": {"real_time": 1}}, "real_time"),
    ({"require": {"real_time": "yes"}}, "real_time"),
    ({"real_time": 2}, "write yes or no"),
    ({"real_time": "ja"}, "write yes or no"),
    ({"require": {"max_ttfb_ms": 2000}, "max_ttfb_ms": 100}, "require.max_ttfb_ms"),
    ({"languages": 7}, "languages"),
    ({"languages": [None]}, "languages"),
    ({"languages": [["en-us"]]}, "languages"),
    ({"languages": np.array([[1, 2], [3, 4]])}, "languages"),
    ({"languages": (tag for tag in ["en-us"])}, "languages"),
    ({"languages": {"en-us": True}}, "languages"),
    ({"latency": 11}, "latency"),
    ({"latency": 5.5}, "latency"),
    ({"latency": True}, "latency"),
    ({"offline": object()}, "offline"),
    ({"output_sample_rates_hz": [24000, "x"]}, "output_sample_rates_hz"),
]


@pytest.mark.parametrize(("brought", "said"), NO_PROFILES, ids=lambda each: type(each).__name__)
def test_what_is_no_profile_is_bad_input_that_names_it(brought: Any, said: str) -> None:
    with pytest.raises(InputError) as many:
        recommend_many([{}, brought, {}])
    assert {problem.place for problem in many.value.problems} == {"profiles[1]"}
    assert said in str(many.value)
    if brought is not None:
        with pytest.raises(InputError) as one:
            recommend(brought)
        assert [each.path for each in one.value.problems] == [
            each.path for each in many.value.problems
        ]


NO_TABLES: list[tuple[Any, str]] = [
    (None, "nothing"),
    (7, "7"),
    (object(), "object"),
    ("profiles.csv", "mars-solver batch FILE"),
    (Path("profiles.csv"), "mars-solver batch FILE"),
    (b"{}", "mars-solver batch FILE"),
    (NESTED, "put one profile in a list"),
    (FLAT, "put one profile in a list"),
    (Profile(), "put one profile in a list"),
    (recommend, "function"),
    (["a", "b"], "profiles[1]"),
    ({"a", "b"}, "profiles[1]"),
    ("ab", "mars-solver batch FILE"),
    (range(2), "profiles[1]"),
    (np.arange(2), "profiles[1]"),
    ([None, None], "profiles[1]"),
    (pa.table({"reel_time": [True]}), "did you mean `real_time`?"),
    (pa.table({"real_time": [True, None], "languages": ["en-us", "english"]}), "profiles[1]"),
    (pa.table({"max_ttfb_ms": [1.0, float("inf")]}), "profiles[1]: max_ttfb_ms"),
    (pa.table({"real_time": [[True]]}), "profiles[0]: real_time"),
    (pa.chunked_array([[1, 2]]), "a ChunkedArray"),
    (pa.array([1, 2]), "Array"),
    (pa.array([b"\xff"]).view(pa.string()), "Array"),
    (pa.table({"workflow": pa.array([b"\xff"]).view(pa.string())}), "utf-8"),
]


@pytest.mark.parametrize(("brought", "said"), NO_TABLES, ids=lambda each: type(each).__name__)
def test_what_holds_no_profiles_is_bad_input_too(brought: Iterable[Any], said: str) -> None:
    with pytest.raises(InputError) as caught:
        recommend_many(brought)
    assert said in str(caught.value)


def test_a_data_frame_is_a_table_and_what_it_lacks_is_not_stated() -> None:
    pandas = pytest.importorskip("pandas", reason="needs pandas")
    frame = pandas.DataFrame([ROW, {"name": "empty"}]).drop(columns=["offline", "primary"])
    assert frame["max_ttfb_ms"].dtype == "float64"
    found = recommend_many(frame)
    assert found[0].to_dict() == recommend(NESTED).to_dict()
    assert found[1].to_dict() == recommend({"name": "empty"}).to_dict()
    assert recommend_many(frame.convert_dtypes())[1].to_dict() == found[1].to_dict()
    with pytest.raises(InputError, match=r"profiles\[0\]: real_time"):
        recommend_many([{"real_time": pandas.NA}])
    rows = [frame.iloc[0], frame.iloc[1], frame.convert_dtypes().iloc[1]]
    for row, wanted in zip(rows, [*found, found[1]], strict=True):
        assert recommend(row).to_dict() == wanted.to_dict()
    assert decide(rows).to_pylist()[:2] == decide(frame).to_pylist()
    for call in (recommend_many, decide, decide_stream):
        with pytest.raises(InputError, match=r"in a list: \[profile\]"):
            call(rows[0])
    with pytest.raises(InputError, match="max_ttfb_ms: found nan"):
        recommend(frame.to_dict("records")[1])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"catalogue": "models"}, "load_catalogue(path)"),
        ({"weights": Path("default.toml")}, "load_weights(path)"),
        ({"catalogue": 7, "weights": 8}, "weights: found 8; expected a Weights"),
        (
            {"measurements": "measured.toml"},
            'measurements: found "measured.toml"; expected a table',
        ),
        ({"unknown": ["flag"]}, "unknown"),
        ({"unknown": None}, "unknown"),
        ({"top": 1.5}, "top"),
        ({"top": "3"}, "top"),
        ({"top": 101}, "a whole number from 1 to 100"),
        (
            {"keep": ["offline"]},
            "keep: found offline; expected a requirement that the profile stat",
        ),
        ({"keep": 7}, "keep"),
        ({"keep": [["real_time"]]}, "keep"),
        ({"keep": {"real_tim"}}, "did you mean `real_time`?"),
    ],
    ids=repr,
)
def test_bad_options_are_bad_input(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as caught:
        recommend({}, **options)
    assert said in str(caught.value)


def test_an_unknown_column_is_refused_without_naming_an_option_that_is_not_there() -> None:
    with pytest.raises(InputError) as caught:
        recommend_many(pa.table({"owner": ["a"], "real_time": [True]}))
    (problem,) = caught.value.problems
    assert '"owner"' in problem.found
    assert "drop them from the table first" in problem.hint
    assert "--extra-columns" not in problem.hint
