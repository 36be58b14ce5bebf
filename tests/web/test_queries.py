"""The query of a page's URL: to a profile and back, with every fault under its key."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mars_solver import InputError, Profile
from mars_solver.vocabulary import POLICIES
from mars_solver.web.query import MAP_AXES, Query, pairs_in, parse_query, query_of
from strategies import profiles

MODELS = ("mars-pro", "mars-flash")


def read(query: str) -> Query:
    return parse_query(pairs_in(query.encode()), MODELS)


def paths(query: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        read(query)
    return [problem.path for problem in caught.value.problems]


@given(
    profiles(),
    st.none() | st.text(min_size=1, max_size=9).filter(lambda text: text.strip()),
    st.sampled_from(POLICIES),
    st.none() | st.sampled_from(MODELS),
    st.none() | st.sampled_from(MAP_AXES),
)
def test_what_is_asked_survives_its_url(
    profile: Profile, name: str | None, unknown: str, model: str | None, axis: str | None
) -> None:
    data = profile.to_dict()
    if name is not None and name.isprintable():
        data["name"] = name
    asked = Query(Profile.model_validate(data), unknown, model, axis)  # type: ignore[arg-type]
    query = query_of(asked)
    assert query.isascii()
    assert read(query) == asked


def test_the_url_of_the_contract_is_read() -> None:
    asked = read(
        "real_time=true&max_ttfb_ms=300&latency=8&languages=en-us;hi-in&accept_beta=true"
        "&unknown=reject&primary=real_time"
    )
    assert asked == Query(
        Profile(
            primary="real_time",
            accept_beta=True,
            require={"real_time": True, "max_ttfb_ms": 300, "languages": ["en-us", "hi-in"]},
            prefer={"latency": 8},
        ),
        "reject",
    )
    assert read("workflow=batch").profile.batch


@pytest.mark.parametrize(
    "query",
    ["", "real_time=&max_ttfb_ms=+&languages=%20;&name=", "real_time=false", "unknown=&model="],
)
def test_blank_is_not_stated(query: str) -> None:
    assert read(query) == Query()


def test_locales_may_stand_with_commas_too() -> None:
    assert read("languages=en-us, hi-in").profile.require.languages == ("en-us", "hi-in")


def test_a_slider_that_nobody_moved_is_not_stated() -> None:
    form = "latency=5&fidelity=7&defaults=latency:5;fidelity:5"
    assert read(form) == Query(Profile(prefer={"fidelity": 7}))
    assert read("latency=5") == Query(Profile(prefer={"latency": 5}))
    # Ticking "batch" leaves the slider where it was shown; it is still nobody's wish.
    assert read("workflow=batch&latency=5&defaults=latency:5").profile.importances[0] == 0


def test_every_fault_comes_at_once_under_its_key() -> None:
    found = paths(
        "real_time=maybe&max_ttfb_ms=fast&latency=8.5&languages=english&realtime=true&name=%00"
        "&fidelity=5&fidelity=6&unknown=flg&model=mars-por&map=price&id=3"
    )
    assert found == [
        "", "", "fidelity", "languages.0", "latency", "map", "max_ttfb_ms", "model", "name",
        "real_time", "unknown",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "hint"),
    [
        ("realtime=true", "did you mean real_time?"),
        ("unknown=flga", "did you mean flag?"),
        ("model=mars-por", "did you mean mars-pro?"),
        ("latency=5&latency=5", "keep one"),
        ("workflow=batch&real_time=true", "drop workflow, or drop real_time"),
        ("primary=on_device", "state a requirement of on_device under require, or drop primary"),
    ],
)
def test_a_fault_says_what_to_do(query: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        read(query)
    assert [problem.hint for problem in caught.value.problems] == [hint]


def test_a_query_of_too_many_keys_is_refused_unread() -> None:
    with pytest.raises(InputError, match="at most 100 keys"):
        read("&".join(f"k{i}=1" for i in range(101)))
