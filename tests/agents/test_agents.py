"""The same answers for agents: in this process, and over the streams of a real one."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from itertools import combinations
from random import Random
from typing import Any

import pytest

from command import HANG
from mars_solver import InputError, Solver, load_catalogue, recommend
from mars_solver.inputs.profile import parse_profile
from mars_solver.rendering.catalogue import catalogue_to_dict
from strategies import SHIPPED, SHIPPED_WORLD, random_profile

pytest.importorskip("mcp", reason="needs the extra mcp")

from mcp.client import Client
from mcp.shared.exceptions import MCPError

from mars_solver.agents.server import GUIDE, REVIEW, server_of
from mars_solver.agents.tools import LONG

TAKEN = frozenset(
    ["profile", "unknown", "keep", "detail", "denied", "model", "first", "second", "set", "member"]
)
Work = Callable[[Client], Awaitable[Any]]


def served(work: Work, solver: Solver = SHIPPED) -> Any:
    """What a client does with a server in this process; it holds each answer against its schema."""

    async def connected() -> Any:
        async with Client(server_of(solver)) as client:
            return await work(client)

    return asyncio.run(connected())


def call(tool: str, /, **arguments: Any) -> Any:
    return served(lambda client: client.call_tool(tool, arguments))


def said(result: Any) -> str:
    (content,) = result.content
    return str(content.text)


def profiles(many: int) -> list[dict[str, Any]]:
    return [random_profile(Random(f"agents {i}"), SHIPPED_WORLD) for i in range(many)]


async def check_profiles(client: Client, many: int) -> None:
    for data in profiles(many):
        whole = await client.call_tool("recommend", {"profile": data, "detail": True})
        plain = whole.structured_content
        asked = plain.pop("ask")
        expected = json.loads(json.dumps(recommend(data).to_dict()))
        assert plain == expected
        assert (asked is not None) == ("Ask next" in said(whole))


def test_the_content_of_an_answer_is_that_of_the_library() -> None:
    served(lambda client: check_profiles(client, 5))


@pytest.mark.long
def test_so_it_is_for_a_thousand_profiles() -> None:
    served(lambda client: check_profiles(client, 1000))


def test_every_tool_answers_for_one_profile_and_the_short_form_has_less() -> None:
    profile = {"require": {"real_time": True}}

    async def work(client: Client) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert list(tools) == ["recommend", "explain", "compare", "catalogue", "guide"]
        for tool in tools.values():
            assert tool.annotations is not None
            assert tool.annotations.read_only_hint
            taken = tool.input_schema.get("properties", {}).keys()
            assert taken <= TAKEN
        requirements = tools["recommend"].input_schema["$defs"]["Requirements"]["properties"]
        assert list(requirements) == list(SHIPPED.declared.requirement)
        short = (await client.call_tool("recommend", {"profile": profile})).structured_content
        whole = recommend(profile).to_dict()
        assert whole.keys() - short.keys() == LONG & whole.keys()
        best = whole["shortlist"][0]
        assert short["shortlist"][0] == {k: v for k, v in best.items() if k not in LONG}
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
        ("recomend", {}, "unknown tool `recomend`; did you mean `recommend`?"),
        ("recommend", {"denied": ["workfow"]}, "unknown field `workfow`; did you mean `workflow`?"),
        ("recommend", {"keep": ["language"]}, "did you mean `languages`?"),
        ("explain", {"model": "mars-por"}, "unknown model `mars-por`; did you mean `mars-pro`?"),
        ("compare", {"first": "mars-pro"}, "second"),
        ("catalogue", {"set": "language"}, "unknown set `language`; did you mean `languages`?"),
        ("catalogue", {"member": "pt"}, "a set before its member"),
        ("recommend", {"models": "/etc"}, "unknown key `models`"),
    ],
)
def test_other_bad_arguments_are_told(tool: str, arguments: dict[str, Any], news: str) -> None:
    result = call(tool, **arguments)
    assert result.is_error
    assert news in said(result)


def test_standard_output_has_the_protocol_alone_and_the_process_ends_with_its_input() -> None:
    hello = {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    }
    asked = {"name": "recommend", "arguments": {"profile": {"require": {"real_time": True}}}}
    command = [sys.executable, "-m", "mars_solver", "mcp"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def send(method: str, params: dict[str, Any], number: int | None = None) -> None:
            message = {"jsonrpc": "2.0", "method": method, "params": params}
            numbered = message if number is None else {**message, "id": number}
            process.stdin.write(json.dumps(numbered).encode() + b"\n")  # type: ignore[union-attr]
            process.stdin.flush()  # type: ignore[union-attr]

        send("initialize", hello, 1)
        first = json.loads(process.stdout.readline())
        assert "recommend" in first["result"]["instructions"]
        send("notifications/initialized", {})
        send("tools/call", asked, 2)
        second = json.loads(process.stdout.readline())
        assert second["id"] == 2
        assert second["result"]["structuredContent"]["shortlist"][0]["model"] == "mars-flash"
        process.stdin.close()
        assert process.stdout.read() == b""
        assert process.wait(HANG) == 0
