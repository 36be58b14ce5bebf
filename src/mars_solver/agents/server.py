"""The server of agents: the tools, the guide and a prompt, over the Model Context Protocol."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from typing import Any, Final, TextIO

import anyio
import mcp_types as types
from mcp.server import Server
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError

from mars_solver import __version__
from mars_solver.agents.tools import Desk, said
from mars_solver.rendering.guide import vendor_guide
from mars_solver.solving.solver import Solver

GUIDE: Final = "mars-solver://guide"
REVIEW: Final = "design_review"
_INSTRUCTIONS: Final = """\
Which speech model suits a project, with reasons; all computed from a catalogue of facts, none \
guessed. Call `recommend` whenever someone chooses a model or asks whether one fits.

First ask the person what the project must have, and state only what they said: a requirement is \
hard, a preference (0 to 10) is not. Then call `recommend`. Where `ask` is not null, a reply \
could put another model first: put its `text` to the person, add what they need to the profile, \
and its other fields (`field`, `beside`) to `denied`; call again, until `ask` is null.

Say what is not confirmed (`to_verify`) as not confirmed. `explain` tells what would change the \
answer, `compare` sets two models side by side, `catalogue` has the facts with their sources. With \
`detail`, `recommend` also has the code that calls the first model (`calls`). Flags that a text \
names are those of the command line: `-v` and `--for` are `detail` here.\
"""
_REVIEW: Final = """\
Review the choice of a speech model for this project: {project}

1. List what the project must have and what it would like, each with the words that say so. Ask \
about what is unclear; assume nothing.
2. Call recommend with that profile, and put each question under `ask` to the team.
3. Call explain, and compare the first two models.
4. Write the review: the model and why; what is not confirmed and how to settle it; what would \
change the choice; what was given up.\
"""


def server_of(solver: Solver) -> Server[Any]:
    """Return the server of a solver, for any transport."""
    desk, guide = Desk(solver), vendor_guide(solver.catalogue)
    chart = solver.catalogue.flowchart
    first = " ".join(["\n\nAsk first:", *(each.text for each in chart.questions)]) if chart else ""
    resources = [types.Resource(uri=GUIDE, name="guide", mime_type="text/plain")] if guide else []
    project = types.PromptArgument(name="project", description="What it is.", required=True)
    prompt = types.Prompt(name=REVIEW, description="Review a choice.", arguments=[project])

    async def call_tool(_: Any, asked: types.CallToolRequestParams) -> types.CallToolResult:
        return desk.call(asked.name, asked.arguments or {})

    async def list_tools(*_: Any) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[tool.seen for tool in desk.tools.values()])

    async def list_resources(*_: Any) -> types.ListResourcesResult:
        return types.ListResourcesResult(resources=resources)

    async def list_prompts(*_: Any) -> types.ListPromptsResult:
        return types.ListPromptsResult(prompts=[prompt])

    async def read_resource(
        _: Any, asked: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        if asked.uri != GUIDE or not guide:
            known = f"read {GUIDE}" if guide else "there is none"
            raise MCPError(types.INVALID_PARAMS, f"unknown resource {asked.uri}; {known}")
        text = types.TextResourceContents(uri=GUIDE, text=guide, mime_type="text/plain")
        return types.ReadResourceResult(contents=[text])

    async def get_prompt(_: Any, asked: types.GetPromptRequestParams) -> types.GetPromptResult:
        told = (asked.arguments or {}).get("project")
        if asked.name != REVIEW or not told:
            raise MCPError(types.INVALID_PARAMS, f"the one prompt is {REVIEW}, with a project")
        message = types.PromptMessage(role="user", content=said(_REVIEW.format(project=told)))
        return types.GetPromptResult(messages=[message])

    return Server(
        "mars-solver",
        version=__version__,
        instructions=_INSTRUCTIONS + first,
        on_call_tool=call_tool,
        on_list_tools=list_tools,
        on_list_resources=list_resources,
        on_list_prompts=list_prompts,
        on_read_resource=read_resource,
        on_get_prompt=get_prompt,
    )


def serve(solver: Solver, answers: TextIO) -> None:
    """Answer what standard input asks until it ends, or it is interrupted.

    Args:
        solver: that answers.
        answers: where they go, which ends the process where it cannot be written any more: no loop
            can end while a thread waits for input. Whatever else is printed goes to standard error.
    """
    server = server_of(solver)

    async def run() -> None:
        async with stdio_server(stdout=anyio.wrap_file(answers)) as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())

    with redirect_stdout(sys.stderr):
        anyio.run(run)
