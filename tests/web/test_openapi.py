"""The description of the API says exactly what is answered."""

from __future__ import annotations

import json
from typing import Any

import pytest
import schemathesis
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator, meta

from asgi import Client
from closed import closed
from foreign import foreign_solver
from mars_solver import Profile, Solver, load_catalogue, load_weights, recommend_with
from mars_solver.explaining.comparison import comparison_schema
from mars_solver.inputs.profile import profile_schema
from mars_solver.vocabulary import POLICIES, Policy
from mars_solver.web.app import create_app
from mars_solver.web.openapi import document
from strategies import profiles

SHIPPED = Solver(load_catalogue(), load_weights())
MODELS = [model.id for model in SHIPPED.catalogue.models]
DOCUMENT = document(SHIPPED, 1000, 100)


def exact(name: str) -> Draft202012Validator:
    """What takes an object of one schema of the document, and no key that it does not name."""
    schemas = closed(DOCUMENT["components"]["schemas"])
    whole = {"$ref": f"#/components/schemas/{name}", "unevaluatedProperties": False}
    return Draft202012Validator({**whole, "components": {"schemas": schemas}})


RECOMMENDATION, EXPLANATION = exact("Recommendation"), exact("Explanation")
COMPARISON = exact("Comparison")
COMPARISON_SCHEMA = Draft202012Validator(comparison_schema(SHIPPED.declared))


def test_the_document_is_openapi() -> None:
    schemathesis.openapi.from_dict(DOCUMENT).validate()
    for schema in DOCUMENT["components"]["schemas"].values():
        meta.validate(schema)
    broken: dict[str, Any] = {**DOCUMENT, "paths": {"/v1/recommend": {"post": {"responses": 1}}}}
    with pytest.raises(Exception, match="1 is not of type"):
        schemathesis.openapi.from_dict(broken).validate()


@given(
    profiles(), st.sampled_from(POLICIES), st.sampled_from(MODELS), st.sampled_from([None, 1, 2])
)
@settings(max_examples=200)
def test_every_answer_is_described_exactly(
    profile: Profile, unknown: Policy, model: str, top: int | None
) -> None:
    answer = recommend_with(SHIPPED, profile, unknown=unknown, top=top)
    explained = answer.explain(model).to_dict()
    RECOMMENDATION.validate(answer.to_dict())
    EXPLANATION.validate(explained)
    EXPLANATION.validate({key: value for key, value in explained.items() if key != "model"})
    other = next(each for each in MODELS if each != model)
    compared = json.loads(json.dumps(answer.compare(other, model).to_dict()))
    COMPARISON.validate(compared)
    COMPARISON_SCHEMA.validate(compared)
    assert not COMPARISON.is_valid({**compared, "ahead": 1})
    assert not RECOMMENDATION.is_valid(explained)
    assert not EXPLANATION.is_valid(answer.to_dict())


@pytest.mark.parametrize("solver", [SHIPPED, foreign_solver()], ids=["shipped", "foreign"])
def test_the_examples_are_answers_of_the_catalogue_that_is_served(solver: Solver) -> None:
    described = document(solver, 1000, 100)
    for path in ("/v1/recommend", "/v1/explain", "/v1/compare"):
        call = described["paths"][path]["post"]
        asked = call["requestBody"]["content"]["application/json"]["examples"]
        answered = call["responses"]["200"]["content"]["application/json"]["examples"]
        assert list(asked) == list(answered) == ["meets", "infeasible"]
        for status, example in answered.items() if path != "/v1/compare" else ():
            assert example["value"]["status"] == status
            assert example["value"]["profile"] == asked[status]["value"]
    schemas = described["components"]["schemas"]
    assert set(schemas["Requirements"]["properties"]) == set(solver.declared.requirement)
    assert set(schemas["Preferences"]["properties"]) == set(solver.declared.criterion)


def nulls_in(schema: Any) -> int:
    """How many times a schema speaks of null."""
    if isinstance(schema, dict):
        return sum(nulls_in(value) + (key == "allOf") for key, value in schema.items())
    if isinstance(schema, list):
        return sum(map(nulls_in, schema))
    return schema in (None, "null")


@pytest.mark.parametrize("solver", [SHIPPED, foreign_solver()], ids=["shipped", "foreign"])
def test_what_a_client_sends_is_described_without_null_and_still_taken_with_it(
    solver: Solver,
) -> None:
    schemas = document(solver, 1000, 100)["components"]["schemas"]
    for name in ("Profile", "Requirements", "Preferences", "Row", "Batch"):
        assert nulls_in(schemas[name]) == 0
    row = {"id", "name", "workflow", "accept_beta"}
    row |= {*solver.declared.requirement, *solver.declared.criterion}
    assert set(schemas["Row"]["properties"]) - {"primary"} == row
    assert ("primary" in schemas["Row"]["properties"]) == bool(solver.declared.needs)
    assert nulls_in(profile_schema(solver.declared)) > 10
    nothing = dict.fromkeys(schemas["Requirements"]["properties"])
    client = Client(create_app(solver))
    found = client.post("/v1/recommend", {"require": nothing, "prefer": None, "name": None})
    assert found.json() == client.post("/v1/recommend", {}).json()
    for operation in DOCUMENT["paths"].values():
        assert all(call["operationId"] for call in operation.values())


def test_a_batch_comes_as_json_and_goes_as_json() -> None:
    client = Client(create_app(SHIPPED))
    refused = [{"id": "b", "reel_time": True}, {"regions": [[None, None]]}]
    rows = [{"id": "a", "real_time": True}, *refused, {"max_ttfb_ms": 1}]
    lines = "\n".join(map(json.dumps, rows)).encode()
    said = client.post("/v1/batch?top=2", lines, content_type="application/x-ndjson").text
    wanted = [json.loads(line) for line in said.splitlines()]
    for body in (rows, {"rows": rows}):
        found = client.post("/v1/batch?top=2", body)
        assert (found.status, found.headers["content-type"]) == (200, "application/json")
        exact("BatchAnswer").validate(found.json())
        assert [each["row"] for each in found.json()["answers"]] == [0, 3]
        assert [{**each, "reasons": None} for each in found.json()["answers"]] == [
            wanted[0],
            wanted[3],
        ]
        assert found.json()["rejects"] == [
            {key: row[key] for key in ("row", "id", "reasons")} for row in wanted[1:3]
        ]
    assert client.post("/v1/batch", []).json() == {"answers": [], "rejects": []}
    for bad in ({}, {"rows": 1}, {"rows": [], "x": 1}, 7, "x", None):
        found = client.post("/v1/batch", bad)
        assert found.status == 422
        assert "rows" in found.json()["problems"][0]["expected"]
    assert client.post("/v1/batch", b"[{]").status == 400
    assert client.post("/v1/batch", [{}] * 1001).status == 413


def test_two_models_are_compared_as_the_library_compares_them() -> None:
    client = Client(create_app(SHIPPED))
    answer = recommend_with(SHIPPED, Profile(require={"real_time": True}), unknown="reject")
    query = "first=mars-pro&second=mars-instruct&unknown=reject"
    found = client.post(f"/v1/compare?{query}", {"require": {"real_time": True}})
    compared = answer.compare("mars-pro", "mars-instruct").to_dict()
    assert (found.status, found.json()) == (200, json.loads(json.dumps(compared)))
    twice = "?first=mars-pro&second=mars-pro"
    for query, path in (
        ("", "first"), ("?first=mars-pro", "second"), ("?second=x", "second"), (twice, "second"),
    ):  # fmt: skip
        refused = client.post(f"/v1/compare{query}", {})
        assert refused.status == 422
        assert path in [each["path"] for each in refused.json()["problems"]]
