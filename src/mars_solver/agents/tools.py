"""The tools of agents: what each takes, and the answer as a text and as plain JSON values.

Each tool only reads: nothing that a client says names a file, and the catalogue, the measurements
and the weights are those of the solver that the server starts with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, NamedTuple

import mcp_types as types
from pydantic import Field, PlainValidator, ValidationInfo, WithJsonSchema

from mars_solver.errors import InputError, Problem
from mars_solver.explaining.asking import Interview
from mars_solver.explaining.comparison import comparison_schema
from mars_solver.explaining.explanation import answer_tables
from mars_solver.explaining.recommendation import Recommendation, recommend_with
from mars_solver.explaining.serialising import schemas_of
from mars_solver.inputs.options import check_options
from mars_solver.inputs.parsing import DRAFT, Flag, Input, Text, TextLine, choice, not_one_of, parse
from mars_solver.inputs.profile import Profile, parse_profile
from mars_solver.rendering import console
from mars_solver.rendering.answer import guide_name
from mars_solver.rendering.catalogue import SCHEMA, catalogue_to_dict, fact_text
from mars_solver.rendering.members import members_of
from mars_solver.solving.solver import Solver
from mars_solver.vocabulary import POLICIES, Kind

LONG: Final = {
    "calls", "catalogue", "conflicts", "contributions", "corrections", "flowchart", "notes",
    "score_range", "thresholds", "weights",
}  # fmt: skip
"""The keys of an answer, and of a candidate, that it has only where `detail` is asked for."""


def _profile(value: object, info: ValidationInfo) -> Profile:
    return parse_profile({} if value is None else value, "profile", info.context)


class ProfileArguments(Input):
    """What every tool takes that answers a profile."""

    profile: Annotated[
        Any, PlainValidator(_profile), WithJsonSchema({}), Field(validate_default=True)
    ] = None
    unknown: Annotated[Any, choice(*POLICIES)] = Field(
        "flag", description="How to rank what the facts leave open."
    )
    keep: Annotated[tuple[Text, ...], Field(strict=False)] = Field(
        (), description="Stated requirements that no way out may change."
    )
    detail: Flag = Field(default=False, description="Also the keys and sentences for specialists.")


class RecommendArguments(ProfileArguments):
    """What `recommend` takes."""

    denied: Annotated[tuple[Text, ...], Field(strict=False)] = Field(
        (), description="The fields to which the person said no."
    )


class ExplainArguments(ProfileArguments):
    """What `explain` takes."""

    model: TextLine = Field(None, description="Also: what would put this model first.")


class CompareArguments(ProfileArguments):
    """What `compare` takes."""

    first: Text
    second: Text


class CatalogueArguments(Input):
    """What `catalogue` takes."""

    set: TextLine = Field(None, description="One of the sets: who has what of it.")
    member: TextLine = Field(None, description="One member of the set, with its evidence.")
    detail: Flag = Field(default=False, description="Every claim with source, date and grade.")


Answered = tuple[str, dict[str, Any]]
"""What a tool answers: a text, and the same as plain JSON values."""


class AgentTool(NamedTuple):
    """One tool: what it says of itself, takes, does and returns."""

    about: str
    form: type[Input]
    run: Callable[[Any], Answered]
    output: dict[str, Any]


class Desk:
    """The tools over one solver."""

    def __init__(self, solver: Solver) -> None:
        self._solver = solver
        self._declared = solver.declared
        attributes = self._declared.attributes.items()
        self._sets = [name for name, each in attributes if each.kind == Kind.SET.value]
        sets = ", ".join(self._sets)
        self._tables = answer_tables(self._declared)
        answer, explained = _answer_schemas(self._tables)
        compared, anything = comparison_schema(self._declared), {"type": "object"}
        # fmt: off
        self.tools = {
            "recommend": AgentTool(
                "Rank the models that meet a profile, and say what to ask next.",
                RecommendArguments, self._recommend, answer),
            "explain": AgentTool(
                "Say how safe the choice is, and what would change it.",
                ExplainArguments, self._explain, explained),
            "compare": AgentTool(
                "Set two models side by side for a profile.",
                CompareArguments, self._compare, compared),
            "catalogue": AgentTool(
                f"Show the facts of every model, or who has what of a set: {sets}.",
                CatalogueArguments, self._catalogue, anything),
            "guide": AgentTool(
                "Show the questions and answers of the guide, and where it is published.",
                Input, self._guide, anything),
        }
        # fmt: on

    def listed(self) -> list[types.Tool]:
        """Return the tools as a client sees them."""
        only_reads = types.ToolAnnotations(
            read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
        )
        return [
            types.Tool(
                name=name,
                description=tool.about,
                input_schema=self._input_schema(tool.form),
                output_schema=tool.output,
                annotations=only_reads,
            )
            for name, tool in self.tools.items()
        ]

    def call(self, name: str, arguments: object) -> types.CallToolResult:
        """Return what a tool answers, or every problem of its arguments."""
        tool = self.tools.get(name)
        if tool is None:
            news = Problem("mcp", "", *not_one_of(name, self.tools, kind="tool"))
            return types.CallToolResult(content=[said(str(news))], is_error=True)
        try:
            text, plain = tool.run(parse(tool.form, arguments, name, self._declared))
        except InputError as error:
            return types.CallToolResult(content=[said(str(error))], is_error=True)
        return types.CallToolResult(content=[said(text)], structured_content=plain)

    def guide_text(self) -> str:
        """Return the guide in words.

        Raises:
            InputError: where the catalogue has none.
        """
        chart, names = self._solver.catalogue.flowchart, self._solver.catalogue.names
        if chart is None:
            raise InputError([Problem("guide", "", "a catalogue with a guide", "none")])
        said = [(f"{i}. {q.text}", q.answer) for i, q in enumerate(chart.questions, start=1)]
        said += [("No need at all", chart.no_need), ("Rendered ahead of time", chart.batch)]
        lines = [f"{text}: {', '.join(names[m] for m in models)}" for text, models in said]
        return "\n".join([" ".join(filter(None, [guide_name(chart), chart.url])), *lines])

    def _input_schema(self, form: type[Input]) -> dict[str, Any]:
        schema = form.model_json_schema()
        if "profile" in schema["properties"]:
            schema["properties"]["profile"] = {"$ref": "#/$defs/Profile"}
            names = ("Profile", "Requirements", "Preferences")
            schema["$defs"] = {name: self._tables[name] for name in names}
        return {"$schema": DRAFT, **schema}

    def _answer(self, asked: Any) -> Recommendation:
        check_options(asked.unknown, None)
        return recommend_with(self._solver, asked.profile, unknown=asked.unknown, keep=asked.keep)

    def _recommend(self, asked: RecommendArguments) -> Answered:
        interview = Interview(self._answer(asked), asked.denied)
        text = console.to_text(console.recommendation(interview.answer, verbose=asked.detail))
        if interview.ask:
            text += f"\n\nAsk next [{interview.ask.field}]: {interview.ask.text}"
        return text, _cut(interview.to_dict(), whole=asked.detail)

    def _explain(self, asked: ExplainArguments) -> Answered:
        explained = self._answer(asked).explain(asked.model)
        text = console.to_text(console.explanation(explained))
        return text, _cut(explained.to_dict(), whole=asked.detail)

    def _compare(self, asked: CompareArguments) -> Answered:
        compared = self._answer(asked).compare(asked.first, asked.second)
        return console.to_text(console.comparison(compared)), compared.to_dict()

    def _catalogue(self, asked: CatalogueArguments) -> Answered:
        facts = self._solver.catalogue
        if asked.set is None:
            if asked.member is not None:
                raise InputError(
                    [Problem("catalogue", "", "a set before its member", asked.member)]
                )
            brief = {"schema": SCHEMA, "as_of": facts.as_of, "models": self._facts()}
            plain = catalogue_to_dict(facts) if asked.detail else brief
            return console.to_text(console.catalogue(facts), console.WIDE), plain
        if asked.set not in self._sets:
            raise InputError(
                [Problem("catalogue", "set", *not_one_of(asked.set, self._sets, kind="set"))]
            )
        held = members_of(facts, asked.set, asked.member)
        return console.to_text(console.members(held)), held.to_dict()

    def _facts(self) -> dict[str, dict[str, str]]:
        """Return each fact of each model in short."""
        return {
            model.id: {
                name: fact_text(model.facts.get(name), attribute)
                for name, attribute in self._declared.attributes.items()
            }
            for model in self._solver.catalogue.models
        }

    def _guide(self, _: Input) -> Answered:
        text = self.guide_text()
        return text, catalogue_to_dict(self._solver.catalogue)["flowchart"]


def _answer_schemas(
    known: Mapping[str, dict[str, Any]],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the JSON Schemas of an answer with its question, and of an explained one.

    Args:
        known: the schemas of the tables in an answer, by name.
    """
    tables = {**known, **schemas_of(Interview)}
    answer, *added = (tables.pop(name) for name in ("Recommendation", "Interview", "Explanation"))
    shared = {**tables, "Candidate": _loose(tables["Candidate"])}
    joined = [
        {
            "$schema": DRAFT,
            **answer,
            "properties": answer["properties"] | more["properties"],
            "required": [*answer["required"], *more["required"]],
        }
        for more in added
    ]
    one, other = ({**_loose(each), "$defs": shared} for each in joined)
    return one, other


def _loose(schema: dict[str, Any]) -> dict[str, Any]:
    return {**schema, "required": [key for key in schema["required"] if key not in LONG]}


def _cut(plain: dict[str, Any], *, whole: bool) -> dict[str, Any]:
    """Return an answer, without its long keys where it is not wanted whole."""
    if whole:
        return plain
    short = {key: value for key, value in plain.items() if key not in LONG}
    candidates = [{k: v for k, v in each.items() if k not in LONG} for each in plain["shortlist"]]
    return {**short, "shortlist": candidates}


def said(text: str) -> types.TextContent:
    """Return a text as the protocol has it."""
    return types.TextContent(type="text", text=text)
