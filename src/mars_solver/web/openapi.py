"""The description of the JSON API: OpenAPI 3.1, with examples that were really answered."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from mars_solver import __version__
from mars_solver.batch.answers import json_lines
from mars_solver.batch.texts import lines_in
from mars_solver.errors import InputError
from mars_solver.explaining.comparison import comparison_tables
from mars_solver.explaining.explanation import answer_tables
from mars_solver.explaining.recommendation import recommend_with
from mars_solver.inputs.profile import parse_profile
from mars_solver.inputs.profile_row import ID, columns
from mars_solver.vocabulary import INFEASIBLE, POLICIES, Status
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
_RANKED: Final = 3
"""How many models the rows of a batch rank where `top` does not say."""


def document(solver: Solver, most_rows: int, most_ranked: int) -> Schema:
    """Return the OpenAPI document of a solver.

    Args:
        solver: whose answers are the examples.
        most_rows: how many rows a batch may have.
        most_ranked: how many models an answer may rank.
    """
    bounded = {"type": "integer", "minimum": 1, "maximum": most_ranked}
    policies = {"type": "string", "enum": list(POLICIES)}
    options = [
        _parameter("unknown", policies, "how to rank what public sources leave open"),
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
    pair = [model.id for model in solver.catalogue.models][:2]
    compared = {name: each.compare(*pair) for name, each in answers.items() if pair[1:]}
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
        "/v1/compare": _post(
            "compare",
            "Compare two models for a profile",
            [options[0], *(_model(name, solver) for name in ("first", "second"))],
            body,
            _json(
                "The two models head to head, on the shortlist or not.",
                "Comparison",
                {name: {"value": each.to_dict()} for name, each in compared.items()},
            ),
        ),
    }


def _model(name: str, solver: Solver) -> Schema:
    """Return the description of an option that has to name a model."""
    ids = {"type": "string", "enum": [each.id for each in solver.catalogue.models]}
    return _parameter(name, ids, f"the id of the {name} model") | {"required": True}


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
            "responses": {"200": answer, **_refusals(400, 403, 408, 413, 415, 421, 422, 500, 503)},
        }
    }


def _get(name: str, summary: str, answer: Schema) -> Schema:
    """Return the description of a call without a body."""
    return {
        "get": {
            "operationId": name,
            "summary": summary,
            "responses": {"200": answer, **_refusals(403, 421, 422, 500)},
        }
    }


def _batch(solver: Solver, asked: Profile, options: list[Schema], most_rows: int) -> Schema:
    """Return the description of the call that answers many profiles."""
    rows = examples.rows(asked)
    found = json_lines(lines_in(rows.encode()), solver)
    fields = ", ".join(columns(solver.declared))
    first, _ = rows.splitlines()
    lines = {
        "type": "string",
        "description": f"A row is a profile, its fields side by side: {fields}",
    }
    answer = {
        "description": "What comes as JSON is answered as JSON: the answers, and the rejected rows"
        " with their reasons. JSON Lines are answered with one line for each row, in order; a row"
        " that is no profile has the status rejected, and its reasons.",
        "content": {
            JSON: {
                "schema": _ref("BatchAnswer"),
                "example": batch_answer(json_lines(lines_in(first.encode()), solver)),
            },
            NDJSON: {"schema": {"type": "string"}, "example": found},
        },
    }
    content = {
        JSON: {"schema": _ref("Batch"), "example": {"rows": [json.loads(first)]}},
        NDJSON: {"schema": lines, "example": rows},
    }
    return _post("batch", f"Answer up to {most_rows} profiles", options, content, answer)


def batch_answer(lines: str) -> Schema:
    """Return the answers in JSON Lines as one table: those of profiles, and the rejected rows."""
    rows = [json.loads(line) for line in lines.splitlines()]
    reasons = [row.pop("reasons") for row in rows]
    return {
        "answers": [row for row, why in zip(rows, reasons, strict=True) if why is None],
        "rejects": [
            {"row": row["row"], "id": row["id"], "reasons": why}
            for row, why in zip(rows, reasons, strict=True)
            if why is not None
        ],
    }


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
    403: "A page of another site asks.",
    408: "The body did not arrive in time.",
    413: "The body has too many bytes or rows.",
    415: "The body is of another media type.",
    421: "The server does not answer for this host.",
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
    fault = _object(**dict.fromkeys(("place", "path", "expected", "found", "hint"), text))
    status = {"type": "integer", "minimum": 400, "maximum": 599}
    answers = json.dumps(answer_tables(declared) | comparison_tables(declared))
    tables = _answered(json.loads(answers.replace("#/$defs/", "#/components/schemas/")))
    asked = {name: _stated(tables[name]) for name in ("Profile", "Requirements", "Preferences")}
    return {
        **tables,
        **asked,
        **_rows(asked),
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
        "Health": _object(status={"type": "string", "const": "ok"}),
        "Problem": _object(
            type=text, title=text, status=status, detail=text, problems=_list(_ref("Fault"))
        ),
        "Fault": fault,
    }


def _rows(asked: Schema) -> Schema:
    """Return the schemas of a batch as JSON: rows of profiles, and their answers."""
    beside = {k: v for k, v in asked["Profile"]["properties"].items() if "$ref" not in v}
    opened = asked["Requirements"]["properties"] | asked["Preferences"]["properties"]
    place: Schema = {"row": {"type": "integer", "minimum": 0}, ID: {"type": ["string", "null"]}}
    text, share = {"type": ["string", "null"]}, {"type": ["number", "null"]}
    ranked = {
        f"{name}_{rank}": schema
        for name, schema in (("model", text), ("score", share), ("status", text))
        for rank in range(1, _RANKED + 1)
    }
    answer = _object(
        **place,
        status={"type": "string", "enum": [Status.MEETS.word, Status.UNVERIFIED.word, INFEASIBLE]},
        blocked=text,
        flowchart_agrees={"type": ["boolean", "null"]},
    )
    answer["properties"] |= ranked
    return {
        "Batch": _object(rows=_list(_ref("Row"))),
        "Row": {
            "type": "object",
            "description": "A profile with its fields side by side.",
            "properties": {ID: {"type": "string"}, **beside, **opened},
            "additionalProperties": False,
        },
        "BatchAnswer": _object(
            answers=_list(_ref("AnswerRow")), rejects=_list(_ref("RejectedRow"))
        ),
        "AnswerRow": {
            **answer,
            "description": "The answer to a row; `top` says how many models are ranked.",
        },
        "RejectedRow": _object(**place, reasons=_list({"type": "string"})),
    }


def _stated(schema: Any) -> Any:
    """Return the schema of what a client sends: it leaves out what is not stated.

    The server also takes null there, numbers of a list as text, and it checks what fields say
    together; but generators of clients make nothing useful of such schemas.
    """
    if isinstance(schema, list):
        return [_stated(each) for each in schema if each not in (None, "null", {"type": "null"})]
    if not isinstance(schema, dict):
        return schema
    nothing = [key for key, each in schema.items() if _is_null(each)]
    left_out = {"allOf", "default", *nothing}
    kept = {key: _stated(each) for key, each in schema.items() if key not in left_out}
    if "anyOf" in kept:
        kept |= kept.pop("anyOf")[0]
    if isinstance(kept.get("type"), list):
        kept["type"] = kept["type"][0]
    return kept


def _answered(schema: Any) -> Any:
    """Return the schema of what a client gets: lists of several kinds of values may hold anything.

    A generator that makes a class of each such list cannot read the values into it; and what is
    computed is like any other value, where some leave out what is read-only.
    """
    if isinstance(schema, list):
        return [_answered(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    mixed = "anyOf" in schema.get("items", ())
    kept = {key: each for key, each in schema.items() if key != "readOnly"}
    return {k: {} if mixed and k == "items" else _answered(each) for k, each in kept.items()}


def _is_null(schema: Any) -> bool:
    """Return whether a schema takes nothing but null, as `primary` of a catalogue without needs."""
    return isinstance(schema, dict) and schema.get("type") == "null"


def _object(**properties: Schema) -> Schema:
    """Return the schema of an object that has all of some keys."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}
