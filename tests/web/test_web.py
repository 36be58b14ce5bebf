"""The JSON API and the page over HTTP: the answers of the library, come what may."""

from __future__ import annotations

import json
import random
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import settings
from jsonschema import Draft202012Validator
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from typer.testing import CliRunner

from asgi import Answer, Client
from markup import Page, ranked
from mars_solver import (
    InputError,
    Profile,
    Solver,
    load_catalogue,
    load_weights,
    recommend_with,
)
from mars_solver.cli import commands as cli
from mars_solver.rendering.answer import report_of
from mars_solver.rendering.catalogue import catalogue_to_dict
from mars_solver.vocabulary import MOST_RANKED
from mars_solver.web import app as web
from mars_solver.web import guard
from mars_solver.web.app import BATCH_BYTES, BATCH_ROWS, PROFILE_BYTES, create_app
from mars_solver.web.page import command, policy
from mars_solver.web.query import Query, query_of
from scenarios import scenarios
from tables import Row, expected, nested, seeded_rows

SCRIPT = '<script>alert("x")</script>'
JSON = "application/json"
NDJSON = "application/x-ndjson"


@pytest.fixture(scope="module")
def client(solver: Solver) -> Client:
    return Client(create_app(solver))


def problem(answer: Answer, status: int) -> dict[str, Any]:
    """The problem details of an answer."""
    assert answer.status == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found = answer.json()
    assert isinstance(found, dict)
    assert list(found) == ["type", "title", "status", "detail", "problems"]
    assert found["status"] == status
    for each in found["problems"]:
        assert list(each) == ["place", "path", "expected", "found", "hint"]
    return found


def projects() -> Iterator[dict[str, Any]]:
    """The guide's scenarios, then 200 random profiles, as plain data."""
    yield from (each.profile for each in scenarios() if each.measurements is None)
    found = 0
    for row in seeded_rows(2000, seed=6):
        data = nested(row)
        try:
            Profile(**data)
        except InputError:
            continue
        found += 1
        yield data
        if found == 200:
            return


@pytest.mark.parametrize(
    "every", [10, pytest.param(1, marks=pytest.mark.long)], ids=["some", "all"]
)
def test_library_command_line_api_and_page_answer_alike(
    client: Client, solver: Solver, every: int
) -> None:
    """The library and the API on every profile; the others on the guide's and on some."""
    runner = CliRunner()
    statuses = set()
    for number, data in enumerate(projects()):
        profile = Profile(**data)
        answer = recommend_with(solver, profile)
        statuses.add(answer.status)
        said = json.loads(json.dumps(answer.to_dict()))
        for _ in range(2):  # the second time it is remembered
            assert client.post("/v1/recommend", data).json() == said
        if number % every and number >= len(scenarios()):
            continue
        words = shlex.split(command(Query(profile)))[2:]
        printed = runner.invoke(cli.app, ["recommend", *words, "--json"])
        assert printed.exit_code == (0 if answer.shortlist else cli.INFEASIBLE)
        nameless = {**said, "profile": {k: v for k, v in said["profile"].items() if k != "name"}}
        assert json.loads(printed.stdout) == nameless
        asked = Query(profile)
        found = Page(client.get(f"/?{query_of(asked)}").text)
        said = [] if asked.empty else report_of(answer).ranking
        shown = [(p.name, "" if p.score is None else f"{p.score:.3f}") for p in said]
        assert sorted((name, score) for name, _, score in ranked(found)) == sorted(shown)
    assert statuses == {"meets", "unverified", "infeasible"}


def test_explain_is_the_librarys_explanation(client: Client, solver: Solver) -> None:
    for data in [*projects()][:40:3]:
        answer = recommend_with(solver, Profile(**data), unknown="accept", top=2)
        said = json.loads(json.dumps(answer.explain("mars-nano").to_dict()))
        found = client.post("/v1/explain?unknown=accept&top=2&model=mars-nano", data)
        assert found.status == 200
        assert found.json() == said


def test_options_reach_the_answer(client: Client, solver: Solver) -> None:
    data: dict[str, Any] = {"require": {"real_time": True, "voice_transfer": True}}
    profile = Profile(**data)
    for unknown in ("flag", "accept", "reject"):
        said = recommend_with(solver, profile, unknown=unknown, top=1).to_dict()
        found = client.post(f"/v1/recommend?unknown={unknown}&top=1", data)
        assert found.json() == json.loads(json.dumps(said))


def test_a_name_is_not_remembered_with_the_answer(client: Client) -> None:
    for name in ("one", "two", None):
        found = client.post("/v1/recommend", {"name": name}).json()
        assert found["profile"].get("name") == name
        assert list(found)[:2] == ["schema", "profile"]


def test_a_batch_is_answered_as_recommend_answers_each_row(client: Client, solver: Solver) -> None:
    rows = list(seeded_rows(300, seed=11))
    lines = [json.dumps(row) for row in rows if _is_json(row)]
    kept = [row for row in rows if _is_json(row)]
    body = "\r\n\n".join(lines).encode()
    found = client.post("/v1/batch?top=2&unknown=accept", body, content_type=NDJSON)
    assert (found.status, found.headers["content-type"]) == (200, NDJSON)
    answers = [json.loads(line) for line in found.text.splitlines()]
    wanted = [expected(solver, row, i, "accept", top=2) for i, row in enumerate(kept)]
    assert answers == wanted
    assert [list(each) for each in answers] == [list(each) for each in wanted]
    assert any(each["reasons"] for each in answers)


def _is_json(row: Row) -> bool:
    try:
        json.dumps(row, allow_nan=False)
    except ValueError:
        return False
    return True


def test_a_row_that_is_no_profile_costs_no_other_row_its_answer(client: Client) -> None:
    body = b'{"real_time": true}\n{"reel_time": true, "id": "b"}\n[1]\n{"a"\n\xff\n{"id": [7]}\n'
    found = client.post("/v1/batch", body, content_type=NDJSON)
    rows = [json.loads(line) for line in found.text.splitlines()]
    assert [row["row"] for row in rows] == [0, 1, 2, 3, 4, 5]
    assert [row["status"] == "rejected" for row in rows] == [False, *[True] * 5]
    assert rows[1]["id"] == "b"
    assert "did you mean `real_time`?" in rows[1]["reasons"][0]
    assert rows[2]["reasons"][0].startswith("found [1]; expected ")
    assert client.post("/v1/batch", b"\n \n", content_type=NDJSON).text == ""


def test_a_batch_takes_nested_profiles_and_names_a_key_that_is_none(client: Client) -> None:
    nested_row = {"id": "a", "require": {"real_time": True}, "prefer": {"latency": 8}}
    rows = [nested_row, {"id": "a", "real_time": True, "latency": 8}, {**nested_row, "latency": 7}]
    found = client.post("/v1/batch", {"rows": rows}).json()
    first, second = [{**each, "row": 0} for each in found["answers"]]
    assert first == second
    assert found["rejects"][0]["reasons"] == [
        "latency: found it more than once; expected latency once; drop it, or the one under prefer"
    ]
    for body, hint in (
        ({"profiles": rows}, "did you mean rows?"),
        ({"rows": rows, "top": 3}, "drop it"),
    ):
        (fault,) = problem(client.post("/v1/batch", body), 422)["problems"]
        assert fault["found"] == f'the unknown key "{next(k for k in body if k != "rows")}"'
        assert fault["hint"] == hint
    (fault,) = problem(client.post("/v1/recommend?keep=offline", {}), 422)["problems"]
    assert (fault["place"], fault["path"]) == ("the address", "keep")


def test_the_catalogue_and_health(client: Client, solver: Solver) -> None:
    said = json.loads(json.dumps(catalogue_to_dict(solver.catalogue)))
    assert client.get("/v1/catalogue").json() == said
    assert client.get("/healthz").json() == {"status": "ok"}


@pytest.mark.parametrize("path", ["/v1/recommend", "/v1/explain"])
def test_every_fault_of_a_body_is_named(client: Client, path: str) -> None:
    bad = {"require": {"real_time": "yes", "max_ttfb": 3}, "prefer": {"latency": 11}, "nam": "x"}
    found = problem(client.post(path, bad), 422)
    paths = [each["path"] for each in found["problems"]]
    assert paths == ["nam", "prefer.latency", "require.max_ttfb", "require.real_time"]
    assert found["problems"][2]["hint"] == "did you mean max_ttfb_ms?"
    for body in (b"", b"{", b'{"a": 1, "a": 2}', b"\xff\xfe", b"[" * 10**4, b"1" * 5000):
        assert problem(client.post(path, body), 400)["problems"]
    for body in (b"null", b"[]", b"7", b'"x"', b"NaN"):
        assert problem(client.post(path, body), 422)["problems"]


@pytest.mark.parametrize(
    ("path", "good"),
    [
        ("/v1/recommend", "application/json"),
        ("/v1/explain", "application/json"),
        ("/v1/batch", NDJSON),
    ],
)
def test_bodies_are_typed_and_bounded(client: Client, path: str, good: str) -> None:
    for wrong in ("text/plain", "application/x-www-form-urlencoded", "", None, "application"):
        assert good in problem(client.post(path, b"{}", content_type=wrong), 415)["detail"]
    spelled = good.upper() + "; charset=utf-8"
    assert client.post(path, b"{}", content_type=spelled).status == 200
    most = BATCH_BYTES if path == "/v1/batch" else PROFILE_BYTES
    padded = b"{}" + b" " * (most - 2)
    assert client.post(path, padded, content_type=good).status == 200
    assert "larger" in problem(client.post(path, padded + b" ", content_type=good), 413)["detail"]
    chunks = [b" " * 2**20] * 10
    problem(client.send("POST", path, chunks, content_type=good), 413)


def test_a_batch_of_too_many_rows_is_refused(client: Client) -> None:
    found = client.post("/v1/batch", b"{}\n" * 10_000, content_type=NDJSON)
    assert str(BATCH_ROWS) in problem(found, 413)["detail"]
    assert client.post("/v1/batch", b"{}\n" * BATCH_ROWS, content_type=NDJSON).status == 200


def test_a_body_without_end_is_read_no_further_than_the_bound(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "_DRAINED", 2**21)
    read = 0

    def chunks() -> Iterator[bytes]:
        nonlocal read
        for _ in range(100):
            read += 1
            yield b" " * 2**20

    found = client.send("POST", "/v1/batch", chunks(), content_type=NDJSON)
    assert found.headers["connection"] == "close"
    problem(found, 413)


@pytest.mark.parametrize("path", ["/v1/recommend", "/v1/explain", "/v1/batch"])
def test_every_fault_of_the_options_is_named(client: Client, path: str) -> None:
    query = "?unknown=flga&top=0&tpo=1&top=1"
    found = problem(client.post(path + query, b"{}"), 422)
    assert [each["path"] for each in found["problems"]] == ["", "top", "unknown"]
    for top in ("", "-1", "1.5", "x", str(MOST_RANKED + 1), "true", "9" * 40):
        problem(client.post(f"{path}?top={top}", b"{}"), 422)
    problem(client.post(path + "?" + "&".join(["a=b"] * 200), b"{}"), 422)


def test_a_model_that_is_none_is_named(client: Client) -> None:
    found = problem(client.post("/v1/explain?model=mars-por", b"{}"), 422)
    assert found["problems"][0]["hint"] == "did you mean mars-pro?"
    problem(client.post("/v1/recommend?model=mars-pro", b"{}"), 422)
    problem(client.get("/v1/catalogue?x=1"), 422)


def test_a_model_is_called_by_id_or_name_as_everywhere_else(client: Client) -> None:
    for call in ("/v1/explain?model={}", "/v1/compare?first=mars-flash&second={}"):
        by_id = client.post(call.format("mars-pro"), b"{}")
        assert client.post(call.format("MARS-Pro"), b"{}").text == by_id.text
    found = problem(client.post("/v1/compare?first=MARS-Pro&second=mars-pro", b"{}"), 422)
    assert [each["path"] for each in found["problems"]] == ["second"]


@pytest.mark.parametrize(
    "path",
    [
        "/nope", "/v1", "/v1/", "/v1/recommend/", "/docs", "/redoc", "//", "//evil.example/",
        "/../etc/passwd", "/..%2f..%2fetc/passwd", "/static/../page.css", "/templates/page.html",
        "/%00", "/\\evil", "/healthz/..", "/openapi.json/",
    ],
)  # fmt: skip
def test_other_paths_are_not_found(client: Client, path: str) -> None:
    found = client.get(path)
    problem(found, 404)
    assert "location" not in found.headers
    assert "evil" not in found.text


def test_other_methods_are_refused_with_those_that_are_not(client: Client) -> None:
    for path, allowed in (("/v1/recommend", "POST"), ("/healthz", "GET, HEAD"), ("/", "GET, HEAD")):
        for method in ("PUT", "DELETE", "OPTIONS", "PATCH", "BREW"):
            found = client.send(method, path)
            problem(found, 405)
            assert sorted(found.headers["allow"].split(", ")) == allowed.split(", ")
    for path in ("/", "/healthz"):
        assert client.send("HEAD", path).status == 200


def test_every_answer_has_the_headers(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "_options", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):  # for the log; the client has its answer
        client.get("/healthz")
    monkeypatch.undo()
    answers = [
        client.get("/"),
        client.get("/?real_time=maybe"),
        client.get("/?latency=5&form.sliders=latency:5"),
        client.get("/nope"),
        client.get("/healthz"),
        client.post("/v1/recommend", {}),
        client.post("/v1/recommend", b"{"),
        client.send("PUT", "/"),
    ]
    for each in answers:
        for name, value in guard.HEADERS.items():
            html = each.headers.get("content-type", "").startswith("text/html")
            csp = html and name == "content-security-policy"
            assert each.headers[name] == (policy(live=True) if csp else value)
        assert "access-control-allow-origin" not in each.headers
        assert "evil.example" not in str(each.headers) + each.text


def test_a_fault_of_ours_tells_nothing_of_itself(
    solver: Solver, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[dict[str, Any]] = []
    app = create_app(solver)

    def broken(*_: object) -> None:
        raise KeyError("secret")

    monkeypatch.setattr(web, "_options", broken)

    async def keep(scope: Any, receive: Any, send: Any) -> None:
        async def kept(message: Any) -> None:
            sent.append(message)
            await send(message)

        await app(scope, receive, kept)

    with pytest.raises(KeyError):
        Client(keep).get("/healthz")
    assert sent[0]["status"] == 500
    assert b"secret" not in sent[1]["body"]
    names = {name.decode() for name, _ in sent[0]["headers"]}
    assert names >= guard.HEADERS.keys()


def test_a_bad_address_gives_the_page_with_every_problem(client: Client) -> None:
    found = client.get("/?real_time=maybe&max_ttfb_ms=fast&latency=99")
    assert found.status == 422
    assert found.headers["content-type"].startswith("text/html")
    page = Page(found.text)
    for name in ("form.when", "max_ttfb_ms", "latency"):
        assert page.by_id(f"{name}-problem").text
    assert client.get("/?" + "&".join(["a=b"] * 300)).status == 422


def test_a_submitted_form_leads_to_the_short_address(client: Client) -> None:
    found = client.get(
        "/?real_time=true&primary=&max_ttfb_ms=300&name=&latency=5&fidelity=7&unknown=&map="
        "&form.sliders=latency:5;fidelity:5"
    )
    assert found.status == 303
    assert found.headers["location"] == "./?real_time=true&max_ttfb_ms=300&fidelity=7"
    assert client.get("/?latency=5&form.sliders=latency:5").headers["location"] == "./"


def test_hostile_text_in_every_field_is_never_markup(client: Client) -> None:
    data: dict[str, Any] = {"name": SCRIPT}
    said = client.post("/v1/recommend", data)
    assert said.json()["profile"]["name"] == SCRIPT
    assert said.headers["content-type"] == "application/json"
    quoted = "%3Cscript%3Ealert(%22x%22)%3C/script%3E"
    for name in ("name", "languages", "real_time", "primary", "workflow", "unknown", "map", "zz"):
        found = client.get(f"/?{name}={quoted}")
        assert found.status == (200 if name in {"name", "zz"} else 422)
        assert "<script>alert" not in found.text
    for name in ("name", "workflow", "primary"):
        problem(client.post("/v1/recommend", {name: [SCRIPT]}), 422)
    for text in ("\x00", "a\nb", "\u202e", "x" * 1001, "\ud800"):
        problem(client.post("/v1/recommend", {"name": text}), 422)


def test_random_bytes_break_nothing(client: Client) -> None:
    chance = random.Random(7)
    for _ in range(100):
        body = chance.randbytes(chance.randrange(40))
        assert client.post("/v1/recommend", body).status in {400, 422}
        assert client.post("/v1/batch", body, content_type=NDJSON).status == 200
        query = "".join(chr(chance.randrange(33, 127)) for _ in range(30)).replace("#", "")
        assert client.get(f"/?{query.replace('?', '')}").status in {200, 303, 422}


@pytest.fixture(scope="module")
def document(client: Client) -> dict[str, Any]:
    found = client.get("/openapi.json").json()
    assert isinstance(found, dict)
    return found


def test_the_description_names_every_route_and_its_examples_hold(
    client: Client, document: dict[str, Any]
) -> None:
    routes = {getattr(route, "path", "") for route in client.app.routes}
    page = {"/", "/answer.html", "/answer.json", "/guide"}
    assert routes == {*page, "/openapi.json", *document["paths"]}
    assert document["openapi"] == "3.1.0"
    checked = 0
    for item in document["paths"].values():
        for call in item.values():
            contents = [call.get("requestBody", {}).get("content", {})]
            for response in call["responses"].values():
                name = response.get("$ref", "").rpartition("/")[2]
                found = document["components"]["responses"][name] if name else response
                contents.append(found["content"])
            for content in contents:
                for kind in content.values():
                    examples = [each["value"] for each in kind.get("examples", {}).values()]
                    examples += [kind["example"]] if "example" in kind else []
                    schema = {**kind["schema"], "components": document["components"]}
                    for example in examples:
                        Draft202012Validator(schema).validate(example)
                        checked += 1
    assert checked > 30


def test_the_examples_are_what_is_answered(client: Client, document: dict[str, Any]) -> None:
    for name in ("recommend", "explain"):
        call = document["paths"][f"/v1/{name}"]["post"]
        asked = call["requestBody"]["content"]["application/json"]["examples"]
        answered = call["responses"]["200"]["content"]["application/json"]["examples"]
        for key in asked:
            found = client.post(f"/v1/{name}", asked[key]["value"])
            assert found.json() == answered[key]["value"]
    call = document["paths"]["/v1/batch"]["post"]
    rows = call["requestBody"]["content"][NDJSON]["example"].encode()
    wanted = call["responses"]["200"]["content"][NDJSON]["example"]
    assert client.post("/v1/batch", rows, content_type=NDJSON).text == wanted


@schemathesis.serializer(NDJSON)
def as_lines(_: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")


CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)


described = schemathesis.openapi.from_asgi(
    "/openapi.json", create_app(Solver(load_catalogue(), load_weights()), ["testserver"])
)


@described.parametrize()
@settings(max_examples=15, derandomize=True)
def test_no_generated_call_gets_an_undeclared_answer(case: Any) -> None:
    case.call_and_validate(checks=CHECKS)


@pytest.mark.long
@described.parametrize()
@settings(max_examples=300, derandomize=True)
def test_no_call_of_many_gets_an_undeclared_answer(case: Any) -> None:
    case.call_and_validate(checks=CHECKS)
