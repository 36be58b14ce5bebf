"""The same answers for agents: in this process, and over the streams of a real one."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from itertools import combinations
from pathlib import Path
from random import Random
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from command import HANG
from mars_solver import InputError, Solver, load_catalogue, recommend
from mars_solver.inputs.profile import parse_profile
from mars_solver.rendering.catalogue import catalogue_to_dict
from pages import ROOT
from strategies import SHIPPED, SHIPPED_WORLD, WORLDS, random_profile, world

pytest.importorskip("mcp", reason="needs the extra mcp")

from mcp.client import Client
from mcp.shared.exceptions import MCPError

from mars_solver.agents.server import GUIDE, REVIEW, server_of
from mars_solver.agents.tools import LONG, Desk

PAGE = (ROOT / "docs/agents.md").read_text("utf-8")
HELLO = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "test", "version": "1"},
}
SERVER = [sys.executable, "-W", "error", "-m", "mars_solver", "mcp"]
CLIENT = """
import subprocess, sys
server = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE)
for line in sys.stdin.buffer:
    server.stdin.write(line)
    server.stdin.flush()
"""
"""A program that starts the server, and hands on what it reads; answers go where its own would."""
Work = Callable[[Client], Awaitable[Any]]


def served(work: Work, solver: Solver = SHIPPED) -> Any:
    """What a client does with a server in this process; it holds each answer against its schema."""

    async def connected() -> Any:
        async with Client(server_of(solver)) as client:
            return await work(client)

    return asyncio.run(connected())


def said(result: Any) -> str:
    (content,) = result.content
    return str(content.text)


async def check_profiles(client: Client, many: int) -> None:
    """Hold the answers to random profiles, every other one in short, against the library's."""
    for number in range(many):
        data = random_profile(Random(f"agents {number}"), SHIPPED_WORLD)
        detail = number % 2 == 0
        answer = await client.call_tool("recommend", {"profile": data, "detail": detail})
        plain = answer.structured_content
        asked = plain.pop("ask")
        expected = json.loads(json.dumps(recommend(data).to_dict()))
        if not detail:
            expected = without_long(expected)
            expected["shortlist"] = [without_long(each) for each in expected["shortlist"]]
        assert plain == expected
        assert (asked is not None) == ("Ask next" in said(answer))


def without_long(plain: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in plain.items() if key not in LONG}


def test_the_content_of_an_answer_is_that_of_the_library() -> None:
    served(lambda client: check_profiles(client, 5))


@pytest.mark.long
def test_so_it_is_for_a_thousand_profiles() -> None:
    served(lambda client: check_profiles(client, 1000))


def test_every_tool_answers_as_the_library_does() -> None:
    profile = {"require": {"real_time": True}}

    async def work(client: Client) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert list(tools) == ["recommend", "explain", "compare", "catalogue", "guide"]
        for tool in tools.values():
            assert tool.annotations is not None
            assert tool.annotations.read_only_hint
            taken = ", ".join(f"`{name}`" for name in tool.input_schema["properties"])
            assert f"| `{tool.name}` | {taken or 'nothing'} |" in PAGE
        requirements = tools["recommend"].input_schema["$defs"]["Requirements"]["properties"]
        assert list(requirements) == list(SHIPPED.declared.requirement)
        explained = await client.call_tool(
            "explain", {"profile": profile, "model": "MARS-Pro", "detail": True}
        )
        expected = recommend(profile).explain("mars-pro").to_dict()
        assert explained.structured_content == json.loads(json.dumps(expected))
        models = {"first": "mars-pro", "second": "mars-nano"}
        compared = await client.call_tool("compare", {"profile": profile, **models})
        expected = recommend(profile).compare(**models).to_dict()
        assert compared.structured_content == json.loads(json.dumps(expected))
        facts = await client.call_tool("catalogue", {"detail": True})
        assert facts.structured_content == json.loads(
            json.dumps(catalogue_to_dict(load_catalogue()))
        )
        speaks = await client.call_tool("catalogue", {"set": "languages", "member": "pt"})
        assert "pt-br" in said(speaks)
        guide = await client.call_tool("guide", {})
        resource = (await client.read_resource(GUIDE)).contents[0]
        assert said(guide) == getattr(resource, "text", "")
        review = await client.get_prompt(REVIEW, {"project": "A talking lamp."})
        assert "A talking lamp." in getattr(review.messages[0].content, "text", "")
        with pytest.raises(MCPError):
            await client.read_resource("file:///etc/passwd")

    served(work)


BAD: list[dict[str, Any]] = [
    {"require": {"realtime": True}},
    {"require": {"max_ttfb_ms": -1}},
    {"require": {"languages": "hi-in"}},
    {"require": {"voice_transfer": "yes"}},
    {"require": {"platforms": [1.5]}},
    {"require": {"min_sample_rate_hz": "loud"}},
    {"prefer": {"latncy": 3}},
    {"prefer": {"fidelity": 11}},
    {"workflow": "bach"},
    {"accept_beta": "perhaps"},
    {"primery": "real_time"},
]


def test_bad_input_of_fifty_kinds_is_told_with_every_problem() -> None:
    kinds = [
        {**one, **other, "require": {**one.get("require", {}), **other.get("require", {})}}
        for one, other in combinations(BAD, 2)
    ]
    assert len(kinds) >= 50

    async def work(client: Client) -> None:
        for data in kinds:
            result = await client.call_tool("recommend", {"profile": data, "denied": 7})
            with pytest.raises(InputError) as expected:
                parse_profile(data, "recommend", SHIPPED.declared)
            assert result.is_error
            lines = said(result).splitlines()
            assert len(lines) == len(expected.value.problems) + 1
            for problem in expected.value.problems:
                told = str(problem.below("profile"))
                assert told in lines

    served(work)


@pytest.mark.parametrize(
    ("tool", "arguments", "news"),
    [
        ("recomend", {}, ["unknown tool `recomend`; did you mean `recommend`?"]),
        ("recommend", {"keep": ["languages"]}, ["a requirement that the profile states (none)"]),
        ("recommend", {"models": "/etc"}, ["unknown key `models`"]),
        (
            "recommend",
            {
                "profile": {"require": {"realtime": True}},
                "unknown": "acept",
                "keep": ["language", 7],
                "denied": ["workfow"],
                "detail": "yes",
            },
            [
                "unknown field `workfow`; did you mean `workflow`?",
                'recommend: detail: found "yes"; expected true or false',
                "unknown requirement `language`; did you mean `languages`?",
                "recommend: keep.1: found 7",
                "unknown requirement `realtime`; did you mean `real_time`?",
                "unknown policy `acept`; did you mean `accept`?",
            ],
        ),
        ("explain", {"model": "mars-por"}, ["unknown model `mars-por`; did you mean `mars-pro`?"]),
        (
            "compare",
            {"first": "mars-por", "second": None},
            ["unknown model `mars-por`; did you mean `mars-pro`?", "second: found nothing"],
        ),
        (
            "compare",
            {"first": "mars-pro", "second": "MARS-Pro"},
            ["compare: second: name two different models"],
        ),
        (
            "catalogue",
            {"set": "language", "member": 5},
            ["member: found 5", "unknown set `language`; did you mean `languages`?"],
        ),
        ("catalogue", {"member": "pt"}, ["a set before its member"]),
        ("catalogue", {"set": "languages", "member": "no tag"}, ['member: found "no tag"']),
        ("guide", {"full": True}, ["unknown key `full` (guide: full; expected none)"]),
    ],
)
def test_arguments_are_told_with_every_problem(
    tool: str, arguments: dict[str, Any], news: list[str]
) -> None:
    result = Desk(SHIPPED).call(tool, arguments)
    assert result.is_error
    lines = said(result).splitlines()
    assert len(lines) == len(news)
    for each in news:
        assert any(each in line for line in lines)


def test_null_is_not_stated_to_the_schema_and_to_the_tool() -> None:
    needed = {"compare": {"first": "mars-pro", "second": "mars-nano"}}
    desk = Desk(SHIPPED)
    for name, tool in desk.tools.items():
        schema = tool.seen.input_schema
        plain = needed.get(name, {})
        stated = {**dict.fromkeys(schema["properties"]), **plain}
        Draft202012Validator(schema).validate(stated)
        assert set(schema.get("required", ())) == plain.keys()
        assert desk.call(name, stated) == desk.call(name, plain)


def test_a_catalogue_without_a_guide_offers_none() -> None:
    solver = world(next(i for i in range(WORLDS) if world(i).catalogue.flowchart is None)).solver

    async def work(client: Client) -> None:
        assert "guide" not in [tool.name for tool in (await client.list_tools()).tools]
        assert not (await client.list_resources()).resources
        with pytest.raises(MCPError, match="there is none"):
            await client.read_resource(GUIDE)
        answer = await client.call_tool("recommend", {})
        assert answer.structured_content["schema"]

    served(work, solver)


def message(method: str, params: dict[str, Any], number: int | None = None) -> bytes:
    plain = {"jsonrpc": "2.0", "method": method, "params": params}
    numbered = plain if number is None else {**plain, "id": number}
    return json.dumps(numbered).encode() + b"\n"


def test_standard_output_has_the_protocol_alone_and_the_server_ends_with_a_killed_parent() -> None:
    asked = {"name": "recommend", "arguments": {"profile": {"require": {"real_time": True}}}}
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", CLIENT, *SERVER]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        assert parent.stderr is not None
        parent.stdin.write(message("initialize", HELLO, 1))
        parent.stdin.flush()
        first = json.loads(parent.stdout.readline())
        assert SHIPPED.catalogue.flowchart is not None
        assert SHIPPED.catalogue.flowchart.questions[0].text in first["result"]["instructions"]
        parent.stdin.write(message("notifications/initialized", {}))
        parent.stdin.write(message("tools/call", asked, 2))
        parent.stdin.flush()
        second = json.loads(parent.stdout.readline())
        assert second["id"] == 2
        assert second["result"]["structuredContent"]["shortlist"][0]["model"] == "mars-flash"
        parent.kill()
        assert parent.wait(HANG) == -signal.SIGKILL
        # Both streams end only when the server has ended too.
        assert parent.communicate(timeout=HANG) == (b"", b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_the_server_ends_with_an_error_where_its_answers_cannot_be_written() -> None:
    pipe = subprocess.PIPE
    with (
        Path("/dev/full").open("wb") as full,
        subprocess.Popen(SERVER, stdin=pipe, stdout=full, stderr=pipe) as server,
    ):
        assert server.stdin is not None
        assert server.stderr is not None
        server.stdin.write(message("initialize", HELLO, 1))
        server.stdin.flush()
        assert server.wait(HANG) == 1
        said = server.stderr.read()
        assert said == b"error: cannot write standard output: no space left on device\n"


def test_the_protocol_is_utf_8_whatever_the_terminal_spells() -> None:
    asked = {"name": "recommend", "arguments": {"profile": {"name": "\u00e9\u4e2d"}}}
    pipe, spelled = subprocess.PIPE, {**os.environ, "PYTHONIOENCODING": "ascii"}
    with subprocess.Popen(SERVER, stdin=pipe, stdout=pipe, env=spelled) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(message("initialize", HELLO, 1))
        server.stdin.write(message("notifications/initialized", {}))
        server.stdin.write(message("tools/call", asked, 2))
        server.stdin.flush()
        # Input stays open meanwhile: what is not yet read when it ends may stay unanswered.
        _, line = server.stdout.readline(), server.stdout.readline()
        server.stdin.close()
        assert server.wait(HANG) == 0
    second = json.loads(line.decode())
    assert second["result"]["structuredContent"]["profile"]["name"] == "\u00e9\u4e2d"
    assert "\u00e9\u4e2d".encode() in line


@pytest.mark.long
def test_the_server_ends_without_a_word_where_nobody_reads_its_answers() -> None:
    pipe = subprocess.PIPE
    with subprocess.Popen(SERVER, stdin=pipe, stdout=pipe, stderr=pipe) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        assert server.stderr is not None
        server.stdout.close()
        server.stdin.write(message("initialize", HELLO, 1))
        server.stdin.flush()
        assert server.wait(HANG) == 0
        assert server.stderr.read() == b""
