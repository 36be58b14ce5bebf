"""The tools of agents: what each takes, and the answer as a text and as plain JSON values.

Each tool only reads: nothing that a client says names a file, and the catalogue, the measurements
and the weights are those of the solver that the server starts with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Annotated, Any, Final, NamedTuple

import mcp_types as types
from pydantic import Field, PlainValidator, WithJsonSchema, conlist, create_model

from mars_solver.errors import InputError, Problem, rerooted, shown
from mars_solver.explaining.asking import Interview, fields_of
from mars_solver.explaining.comparison import comparison_schema
from mars_solver.explaining.explanation import answer_tables
from mars_solver.explaining.recommendation import Recommendation, recommend_with
from mars_solver.explaining.serialising import schemas_of
from mars_solver.inputs.parsing import DRAFT, Flag, Input, TextLine, invalid, not_one_of, parse
from mars_solver.inputs.profile import parse_profile
from mars_solver.rendering import console
from mars_solver.rendering.catalogue import catalogue_to_dict, facts_in_short
from mars_solver.rendering.guide import vendor_guide
from mars_solver.rendering.members import members_of
from mars_solver.solving.solver import Solver
from mars_solver.vocabulary import POLICIES

LONG: Final = {
    "calls", "catalogue", "conflicts", "contributions", "corrections", "flowchart", "notes",
    "score_range", "thresholds", "weights",
}  # fmt: skip
"""The keys of an answer, and of a candidate, that it has only where `detail` is asked for."""
_ONLY_READS: Final = types.ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)
Answered = tuple[str, dict[str, Any]]
"""What a tool answers: a text, and the same as plain JSON values."""


class AgentTool(NamedTuple):
    """One tool: what a client sees of it, and what it does."""

    seen: types.Tool
    form: type[Input]
    run: Callable[[Any], Answered]


class Desk:
    """The tools over one solver, by name."""

    def __init__(self, solver: Solver) -> None:
        self._solver = solver
        declared = solver.declared
        tables = {**answer_tables(declared), **schemas_of(Interview)}
        known, anything = _parameters(solver), {"type": "object"}
        self.tools: dict[str, AgentTool] = {}

        def add(run: Callable[[Any], Answered], takes: str, output: dict[str, Any]) -> None:
            name, about = run.__name__, run.__doc__
            fields = {each: known[each] for each in takes.split()}
            form = create_model(name, __base__=Input, **fields)
            taken = _input_schema(form, tables)
            self.tools[name] = AgentTool(
                types.Tool(
                    name=name, description=about, annotations=_ONLY_READS,
                    input_schema=taken, output_schema=output,
                ),
                form, run,
            )  # fmt: skip

        answer = "profile unknown keep"
        add(self.recommend, f"{answer} denied detail", _output_schema(tables, "Interview"))
        add(self.explain, f"{answer} model detail", _output_schema(tables, "Explanation"))
        add(self.compare, f"{answer} first second", comparison_schema(declared))
        add(self.catalogue, "set member detail", anything)
        if solver.catalogue.flowchart is not None:
            add(self.guide, "", anything)

    def call(self, name: str, arguments: Mapping[str, Any]) -> types.CallToolResult:
        """Return what a tool answers, or every problem of its arguments; null is not stated."""
        if name not in self.tools:
            return _failed(Problem("mcp", "", *not_one_of(name, self.tools, kind="tool")))
        tool = self.tools[name]
        stated = {key: value for key, value in arguments.items() if value is not None}
        try:
            with rerooted(lambda problem: replace(problem, place=name)):
                text, plain = tool.run(parse(tool.form, stated, name))
        except InputError as error:
            return _failed(error)
        return types.CallToolResult(content=[said(text)], structured_content=plain)

    def recommend(self, asked: Any) -> Answered:
        """Rank the models that meet a profile, and say what to ask next."""
        interview = Interview(self._answer(asked), tuple(asked.denied))
        text = console.to_text(console.recommendation(interview.answer, verbose=asked.detail))
        if interview.ask:
            text += f"\n\nAsk next [{', '.join(interview.ask.fields)}]: {interview.ask.text}"
        return text, _cut(interview.to_dict(), whole=asked.detail)

    def explain(self, asked: Any) -> Answered:
        """Say how safe the choice is, and what would change it."""
        explained = self._answer(asked).explain(asked.model)
        return str(explained), _cut(explained.to_dict(), whole=asked.detail)

    def compare(self, asked: Any) -> Answered:
        """Set two models side by side for a profile."""
        compared = self._answer(asked).compare(asked.first, asked.second)
        return str(compared), compared.to_dict()

    def catalogue(self, asked: Any) -> Answered:
        """Show the facts of every model, or who has what of a set."""
        facts = self._solver.catalogue
        if asked.set is not None:
            with rerooted(lambda problem: replace(problem, path="member")):
                held = members_of(facts, asked.set, asked.member)
            return console.to_text(console.members(held)), held.to_dict()
        if asked.member is not None:
            raise InputError(
                [Problem("", "member", "a set before its member", shown(asked.member))]
            )
        plain = catalogue_to_dict(facts) if asked.detail else facts_in_short(facts)
        return console.to_text(console.catalogue(facts), console.WIDE), plain

    def guide(self, _: Any) -> Answered:
        """Show the questions and answers of the guide, and where it is published."""
        facts = self._solver.catalogue
        return vendor_guide(facts), catalogue_to_dict(facts)["flowchart"]

    def _answer(self, asked: Any) -> Recommendation:
        return recommend_with(self._solver, asked.profile, unknown=asked.unknown, keep=asked.keep)


def _parameters(solver: Solver) -> dict[str, Any]:
    """Return the type of every parameter with its default and description, by name."""
    facts, declared = solver.catalogue, solver.declared
    model = _word("model", [each.id for each in facts.models], facts.model_called)
    policy, one_set = _word("policy", POLICIES), _word("set", declared.sets)
    requirements = conlist(_word("requirement", declared.requirement))
    fields = conlist(_word("field", fields_of(declared)))
    profile = Annotated[
        Any, PlainValidator(lambda value: parse_profile(value, "profile", declared))
    ]

    def optional(kind: Any, default: Any, about: str) -> Any:
        return kind | None, Field(default, description=about)

    return {
        "profile": (profile, Field(default_factory=lambda: parse_profile({}, "", declared))),
        "unknown": optional(policy, "flag", "How to rank what the facts leave open."),
        "keep": optional(requirements, [], "Stated requirements that no way out may change."),
        "denied": optional(fields, [], "The fields to which the person said no."),
        "model": optional(model, None, "Also: what would put this model first."),
        "first": (model, ...),
        "second": (model, ...),
        "set": optional(one_set, None, "One of the sets: who has what of it."),
        "member": optional(TextLine, None, "One member of the set, with its evidence."),
        "detail": optional(Flag, False, "Also what is for specialists: every key and claim."),
    }


def _word(kind: str, words: Iterable[str], read: Callable[[str], str | None] | None = None) -> Any:
    """Return the type of one of some words; `read` returns the word that another one means."""
    known = {word: word for word in words}

    def meant(value: object) -> str:
        found = (read or known.get)(value) if isinstance(value, str) else None
        if found is None:
            raise invalid(("", *not_one_of(value, known, kind=kind)))
        return found

    schema = WithJsonSchema({"type": "string", "enum": list(known)})
    return Annotated[str, PlainValidator(meant), schema]


def _input_schema(form: type[Input], tables: Mapping[str, Any]) -> dict[str, Any]:
    schema = {"$schema": DRAFT, **form.model_json_schema()}
    if "profile" in schema["properties"]:
        schema["properties"]["profile"] = {"anyOf": [{"$ref": "#/$defs/Profile"}, {"type": "null"}]}
        parts = ("Profile", "Requirements", "Preferences")
        schema["$defs"] = {name: tables[name] for name in parts}
    return schema


def _output_schema(tables: Mapping[str, Any], added: str) -> dict[str, Any]:
    """Return the JSON Schema of an answer and what a table adds to it, long or short."""
    loose = {
        name: {**each, "required": [key for key in each.get("required", ()) if key not in LONG]}
        for name, each in tables.items()
    }
    answer, more = loose["Recommendation"], loose[added]
    properties = answer["properties"] | more["properties"]
    required = [*answer["required"], *more["required"]]
    whole = {**answer, "properties": properties, "required": required}
    return {"$schema": DRAFT, **whole, "$defs": loose}


def _cut(plain: dict[str, Any], *, whole: bool) -> dict[str, Any]:
    """Return an answer, without its long keys where it is not wanted whole."""

    def short(table: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in table.items() if whole or key not in LONG}

    return {**short(plain), "shortlist": [short(each) for each in plain["shortlist"]]}


def _failed(why: Problem | InputError) -> types.CallToolResult:
    return types.CallToolResult(content=[said(str(why))], is_error=True)


def said(text: str) -> types.TextContent:
    """Return a text as the protocol has it."""
    return types.TextContent(type="text", text=text)
