"""Who may ask: a page from elsewhere cannot make a browser ask this server."""

from __future__ import annotations

import pytest

from asgi import Client
from mars_solver import Solver
from mars_solver.web.app import create_app


@pytest.fixture(scope="module")
def client(solver: Solver) -> Client:
    return Client(create_app(solver, ["Box.example:8000"]))


OURS = ("localhost", "localhost:8000", "LOCALHOST.:80", "127.0.0.1:8000", "[::1]:8000", "192.0.2.7",
        "::1", "[2001:db8::1]", "box.example", "BOX.EXAMPLE:1")  # fmt: skip
THEIRS = ("evil.example", "localhost.evil.example", "127.0.0.1.evil.example:8000",
          "evil.example:80", "a.box.example", "", "[", "127.0.0.1@evil.example",
          "999.0.0.1", "*", "[::1].evil.example", "[::1]evil", "::1%evil.example", "[::1%25x]",
          "localhost:evil", "localhost:80:80")  # fmt: skip


@pytest.mark.parametrize("host", OURS)
def test_an_address_localhost_and_a_known_name_are_answered(client: Client, host: str) -> None:
    assert client.get("/healthz", headers={"host": host}).status == 200


@pytest.mark.parametrize("host", THEIRS)
def test_another_name_is_refused_since_anybody_can_make_his_mean_this_machine(
    client: Client, host: str
) -> None:
    for found in (
        client.get("/", headers={"host": host}),
        client.post("/v1/recommend", {}, headers={"host": host}),
    ):
        assert found.status == 421
        assert found.headers["content-type"] == "application/problem+json"
        assert found.headers["x-content-type-options"] == "nosniff"
        assert "--allow-host" in found.json()["detail"]


def test_any_name_is_answered_where_that_is_wanted(solver: Solver) -> None:
    anybody = Client(create_app(solver, ["*"]))
    assert anybody.get("/healthz", headers={"host": "evil.example"}).status == 200


OWN = {"host": "localhost:8000", "origin": "http://localhost:8000"}


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),
        (OWN, True),
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, False),
        ({"sec-fetch-site": "SAME-ORIGIN"}, False),
        ({"origin": "http://evil.example"}, False),
        ({"origin": "null"}, False),
        ({**OWN, "origin": "evil://localhost:8000"}, False),
        ({**OWN, "origin": "http://localhost:3000"}, False),
        ({**OWN, "origin": "http://localhost"}, False),
    ],
)
@pytest.mark.parametrize("media", ["application/json", "text/plain"])
def test_what_a_page_of_another_site_posts_is_refused(
    client: Client, headers: dict[str, str], allowed: bool, media: str
) -> None:
    found = client.post("/v1/recommend", {}, headers=headers, content_type=media)
    assert found.status == (403 if not allowed else 200 if media == "application/json" else 415)
    assert (found.headers["content-type"] == "application/problem+json") == (found.status != 200)


def test_a_link_leads_here_from_elsewhere_and_nothing_else_does(client: Client) -> None:
    for mode, status in (("navigate", 200), ("no-cors", 403), ("cors", 403)):
        headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": mode}
        assert client.get("/", headers=headers).status == status
