"""The description of the JSON API: OpenAPI 3.1, with examples that were really answered."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from mars_solver import __version__
from mars_solver.batch.answers import json_lines
from mars_solver.batch.texts import lines_in
from mars_solver.errors import InputError
from mars_solver.explaining.explanation import answer_tables
from mars_solver.explaining.recommendation import recommend_with
from mars_solver.inputs.profile import parse_profile
from mars_solver.inputs.profile_row import columns
from mars_solver.vocabulary import POLICIES
from mars_solver.web import examples
from mars_solver.web.guard import MEDIA_TYPE, RefusalError, unusable

if TYPE_CHECKING:
    from mars_solver.inputs.catalogue.attributes import Declarations
    from mars_solver.inputs.profile import Profile
    from mars_solver.solving.solver import Solver

Schema = dict[str, Any]
NDJSON: Final = "application/x-ndjson"
JSON: Final = "application/json"
BODY: Final = "body"
"""How messages call the body of a request."""


def document(solver: Solver, most_rows: int, most_ranked: int) -> Schema:
    """Return the OpenAPI document of a solver.

    Args:
        solver: whose answers are the examples.
        most_rows: how many rows a batch may have.
        most_ranked: how many models an answer may rank.
    """
    bounded = {"type": "integer", "minimum": 1, "maximum": most_ranked}
    options = [
        _parameter("unknown", {"enum": list(POLICIES)}, "how to rank what the facts leave open"),
        _parameter("top", bounded, "the longest shortlist wanted"),
    ]
    asked = examples.profiles(solver)
    health = {"ok": {"value": {"status": "ok"}}}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "mars-solver",
            "version": __version__,
            "summary": "Pick a text-to-speech model for what a voice product needs.",
            "description": "The same objects as `--json` on the command line.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": {
            **_answering(solver, asked, options),
            "/v1/batch": _batch(solver, next(iter(asked.values())), options, most_rows),
            "/v1/catalogue": _get(
                "catalogue",
                "The facts, with their sources, dates and grades",
                _json("The catalogue.", "Catalogue"),
            ),
            "/healthz": _get(
                "health", "Whether the server answers", _json("It does.", "Health", health)
            ),
        },
        "components": {
            "schemas": _schemas(solver.declared),
            "responses": {f"Refused{status}": _refusal(status, solver) for status in _WHY},
        },
    }


def _answering(solver: Solver, asked: dict[str, Profile], options: list[Schema]) -> Schema:
    """Return the calls that answer one profile, with the answers to examples."""
    answers = {name: recommend_with(solver, profile) for name, profile in asked.items()}
    body = {
        JSON: {
            "schema": _ref("Profile"),
            "examples": {name: {"value": each.to_dict()} for name, each in asked.items()},
        }
    }
    told = "the requirements that cannot move, with , between them"
    keep = _parameter("keep", {"type": "string"}, told)
    model = _parameter("model", {"type": "string"}, "also: what would put this model first")
    return {
        "/v1/recommend": _post(
            "recommend",
            "Rank the models that meet a profile, with reasons",
            [*options, keep],
            body,
            _json(
                "The answer; it may be infeasible.",
                "Recommendation",
                {name: {"value": each.to_dict()} for name, each in answers.items()},
            ),
        ),
        "/v1/explain": _post(
            "explain",
            "Explain a recommendation, and what would change it",
            [*options, keep, model],
            body,
            _json(
                "The answer, explained.",
                "Explanation",
                {name: {"value": each.explain().to_dict()} for name, each in answers.items()},
            ),
        ),
    }


def _post(
    name: str, summary: str, parameters: list[Schema], content: Schema, answer: Schema
) -> Schema:
    """Return the description of a call with a body."""
    return {
        "post": {
            "operationId": name,
            "summary": summary,
            "parameters": parameters,
            "requestBody": {"required": True, "content": content},
            "responses": {"200": answer, **_refusals(400, 408, 413, 415, 422, 500, 503)},
        }
    }


def _get(name: str, summary: str, answer: Schema) -> Schema:
    """Return the description of a call without a body."""
    return {
        "get": {
            "operationId": name,
            "summary": summary,
            "responses": {"200": answer, **_refusals(422, 500)},
        }
    }


def _batch(solver: Solver, asked: Profile, options: list[Schema], most_rows: int) -> Schema:
    """Return the description of the call that answers many profiles."""
    rows = examples.rows(asked)
    found = json_lines(lines_in(rows.encode()), solver)
    fields = ", ".join(columns(solver.declared))
    answer = {
        "description": "One line for each row, in order. A row that is no profile has the status"
        " rejected, and its reasons.",
        "content": {NDJSON: {"schema": {"type": "string"}, "example": found}},
    }
    content = {
        NDJSON: {
            "schema": {
                "type": "string",
                "description": f"A row is a profile, its fields side by side: {fields}",
            },
            "example": rows,
        }
    }
    return _post("batch", f"Answer up to {most_rows} profiles", options, content, answer)


def _parameter(name: str, schema: Schema, description: str) -> Schema:
    where = {"name": name, "in": "query", "required": False}
    return {**where, "description": description, "schema": schema}


def _ref(name: str, kind: str = "schemas") -> Schema:
    return {"$ref": f"#/components/{kind}/{name}"}


def _json(description: str, schema: str, examples: Schema | None = None) -> Schema:
    content: Schema = {"schema": _ref(schema)}
    if examples:
        content["examples"] = examples
    return {"description": description, "content": {JSON: content}}


_WHY: Final = {
    400: "The body is not well-formed JSON.",
    408: "The body did not arrive in time.",
    413: "The body has too many bytes or rows.",
    415: "The body is of another media type.",
    422: "The profile or an option cannot be used; each problem is listed.",
    500: "A fault of the server.",
    503: "The server is busy, or the answer took too long; try again later.",
}


def _refusals(*statuses: int) -> Schema:
    return {str(status): _ref(f"Refused{status}", "responses") for status in statuses}


def _refusal(status: int, solver: Solver) -> Schema:
    """Return the description of an answer without an answer, with an example."""
    fault = RefusalError(status, _WHY[status])
    if status == 422:  # noqa: PLR2004  (the status that lists problems)
        try:
            parse_profile(examples.faulty(solver), BODY, solver.declared)
        except InputError as error:
            fault = unusable(error.problems)
    example = json.loads(fault.to_json())
    content = {MEDIA_TYPE: {"schema": _ref("Problem"), "example": example}}
    return {"description": _WHY[status], "content": content}


def _schemas(declared: Declarations) -> Schema:
    """Return the schemas of what is asked and answered, referring to one another here."""
    text, table = {"type": "string"}, {"type": "object"}
    problem = _object(**dict.fromkeys(("place", "path", "expected", "found", "hint"), text))
    status = {"type": "integer", "minimum": 400, "maximum": 599}
    answers = json.dumps(answer_tables(declared)).replace("#/$defs/", "#/components/schemas/")
    tables = json.loads(answers)
    return {
        **tables,
        "Explanation": {"allOf": [_ref("Recommendation"), tables["Explanation"]]},
        "Catalogue": _object(
            schema=text,
            version=text,
            as_of=text,
            sha256=text,
            variables=table,
            attributes=table,
            models=_list(table),
            sources=table,
            flowchart={"anyOf": [table, {"type": "null"}]},
            calls=table,
        ),
        "Health": _object(status={"const": "ok"}),
        "Problem": _object(
            type=text, title=text, status=status, detail=text, problems=_list(problem)
        ),
    }


def _object(**properties: Schema) -> Schema:
    """Return the schema of an object that has all of some keys."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}
