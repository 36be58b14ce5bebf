"""The description of the API says exactly what is answered."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator, meta

from closed import closed
from foreign import foreign_solver
from mars_solver import Profile, Solver, load_catalogue, load_weights, recommend_with
from mars_solver.inputs.profile import profile_schema
from mars_solver.vocabulary import POLICIES, Policy
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
    assert not RECOMMENDATION.is_valid(explained)
    assert not EXPLANATION.is_valid(answer.to_dict())


@pytest.mark.parametrize("solver", [SHIPPED, foreign_solver()], ids=["shipped", "foreign"])
def test_the_examples_are_answers_of_the_catalogue_that_is_served(solver: Solver) -> None:
    described = document(solver, 1000, 100)
    for path in ("/v1/recommend", "/v1/explain"):
        call = described["paths"][path]["post"]
        asked = call["requestBody"]["content"]["application/json"]["examples"]
        answered = call["responses"]["200"]["content"]["application/json"]["examples"]
        assert list(asked) == list(answered) == ["meets", "infeasible"]
        for status, example in answered.items():
            assert example["value"]["status"] == status
            assert example["value"]["profile"] == asked[status]["value"]
    schemas = described["components"]["schemas"]
    known = profile_schema(solver.declared)
    for name in ("Requirements", "Preferences"):
        assert schemas[name] == known["$defs"][name]
    assert set(schemas["Requirements"]["properties"]) == set(solver.declared.requirement)
    assert set(schemas["Preferences"]["properties"]) == set(solver.declared.criterion)
