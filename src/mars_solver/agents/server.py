"""The server of agents: the tools, the guide and a prompt, over the Model Context Protocol."""

from __future__ import annotations

import signal
from typing import Any, Final

import anyio
import mcp_types as types
from mcp.server import Server
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError

from mars_solver import __version__
from mars_solver.agents.tools import Desk, said
from mars_solver.solving.solver import Solver

GUIDE: Final = "mars-solver://guide"
REVIEW: Final = "design_review"
_INSTRUCTIONS: Final = """\
Which speech model suits a project, with reasons; all computed from a catalogue of facts, none \
guessed. Call `recommend` whenever someone chooses a model or asks whether one fits.

First ask the person what the project must have, and state only what they said: a requirement is \
hard, a preference (0 to 10) is not. Then call `recommend`. Where `ask` is not null, its reply \
could put another model first: put that question to the person, add the reply to the profile (or, \
after a no, the field's name to `denied`) and call again, until `ask` is null.

Say what is not confirmed (`to_verify`) as not confirmed. `explain` tells what would change the \
answer, `compare` sets two models side by side, `catalogue` has the facts with their sources.\
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
    desk = Desk(solver)
    guide = types.Resource(uri=GUIDE, name="guide", mime_type="text/plain")
    project = types.PromptArgument(name="project", description="What it is.", required=True)
    review = types.Prompt(name=REVIEW, description="Review a choice.", arguments=[project])

    async def list_tools(*_: Any) -> types.ListToolsResult:
        return types.ListToolsResult(tools=desk.listed())

    async def call_tool(_: Any, asked: types.CallToolRequestParams) -> types.CallToolResult:
        return desk.call(asked.name, asked.arguments or {})

    async def list_resources(*_: Any) -> types.ListResourcesResult:
        guided = solver.catalogue.flowchart is not None
        return types.ListResourcesResult(resources=[guide] if guided else [])

    async def read_resource(
        _: Any, asked: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        if asked.uri != GUIDE:
            raise MCPError(types.INVALID_PARAMS, f"unknown resource {asked.uri}; read {GUIDE}")
        text = types.TextResourceContents(uri=GUIDE, text=desk.guide_text(), mime_type="text/plain")
        return types.ReadResourceResult(contents=[text])

    async def list_prompts(*_: Any) -> types.ListPromptsResult:
        return types.ListPromptsResult(prompts=[review])

    async def get_prompt(_: Any, asked: types.GetPromptRequestParams) -> types.GetPromptResult:
        told = (asked.arguments or {}).get("project")
        if asked.name != REVIEW or not told:
            raise MCPError(types.INVALID_PARAMS, f"the one prompt is {REVIEW}, with a project")
        review_text = said(_REVIEW.format(project=told))
        return types.GetPromptResult(
            messages=[types.PromptMessage(role="user", content=review_text)]
        )

    return Server(
        "mars-solver",
        version=__version__,
        instructions=_INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_read_resource=read_resource,
        on_list_prompts=list_prompts,
        on_get_prompt=get_prompt,
    )


def serve(solver: Solver) -> None:
    """Answer over standard input and output until the input ends, or it is interrupted."""
    server = server_of(solver)

    async def run() -> None:
        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())

    # An interrupt ends the process at once: no loop can end while a thread waits for input.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    anyio.run(run)
