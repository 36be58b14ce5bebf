"""A client that is generated from the description of the API makes every call as the library does.

`make clients` runs this, in an environment of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

from foreign import foreign_solver
from mars_solver import Solver, recommend_with
from mars_solver.inputs.profile import parse_profile
from mars_solver.rendering.catalogue import catalogue_to_dict
from strategies import SHIPPED

pytest.importorskip("openapi_python_client", reason="needs openapi-python-client")
uvicorn = pytest.importorskip("uvicorn", reason="needs uvicorn")

from mars_solver.web import listening  # noqa: E402
from mars_solver.web import server as serving  # noqa: E402  (needs the extra)
from mars_solver.web.app import create_app  # noqa: E402
from mars_solver.web.openapi import document  # noqa: E402


class Generated:
    """A generated client of a server on this machine."""

    def __init__(self, package: str, url: str) -> None:
        self.package = package
        self.client = import_module(f"{package}.client").Client(base_url=url)
        self.models = import_module(f"{package}.models")

    def call(self, name: str, **arguments: Any) -> tuple[int, Any]:
        """Make a call; return the status and the parsed answer."""
        module = import_module(f"{self.package}.api.default.{name}")
        answer = module.sync_detailed(client=self.client, **arguments)
        return int(answer.status_code), answer.parsed.to_dict()


@pytest.fixture(scope="module", params=["shipped", "foreign"])
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Solver, Generated]]:
    """A solver that is served, and a client generated from what the server says of itself."""
    solver = SHIPPED if request.param == "shipped" else foreign_solver()
    folder = tmp_path_factory.mktemp("generated")
    (folder / "openapi.json").write_text(json.dumps(document(solver, 1000, 100)))
    (folder / "config.yaml").write_text("post_hooks: []\n")
    package = f"{request.param}_client"
    command = ["-m", "openapi_python_client", "generate", "--path", "openapi.json", "--meta"]
    command += ["none", "--config", "config.yaml", "--output-path", package]
    made = subprocess.run(
        [sys.executable, *command], cwd=folder, capture_output=True, text=True, check=False
    )
    said = made.stdout + made.stderr
    assert made.returncode == 0, said
    assert said.count("WARNING") == said.count("Unsupported content type application/x-ndjson") == 1
    [opened] = listening.listen("127.0.0.1", 0)
    server = uvicorn.Server(serving.config(create_app(solver)))
    thread = threading.Thread(target=server.run, args=([opened],), daemon=True)
    thread.start()
    sys.path.insert(0, str(folder))
    generated = Generated(package, listening.address(opened).rstrip("/"))
    try:
        yield solver, generated
    finally:
        generated.client.get_httpx_client().close()
        sys.path.remove(str(folder))
        server.should_exit = True
        thread.join(timeout=30)
        opened.close()


def test_a_generated_client_makes_every_call(served: tuple[Solver, Generated]) -> None:
    solver, generated = served
    models = generated.models
    examples = document(solver, 1000, 100)["paths"]["/v1/recommend"]["post"]["requestBody"]
    asked = {
        name: each["value"]
        for name, each in examples["content"]["application/json"]["examples"].items()
    }
    one, *_, other = (model.id for model in solver.catalogue.models)
    for status, content in asked.items():
        profile = parse_profile(content, "test", solver.declared)
        answer = recommend_with(solver, profile)
        body = models.Profile.from_dict(content)
        assert generated.call("recommend", body=body) == (200, answer.to_dict())
        assert answer.status == status
        accepting = models.RecommendUnknown("accept")
        cut = recommend_with(solver, profile, unknown="accept", top=1).to_dict()
        assert generated.call("recommend", body=body, unknown=accepting, top=1) == (200, cut)
        explained = answer.explain(other).to_dict()
        assert generated.call("explain", body=body, model=other) == (200, explained)
        pair = {"first": models.CompareFirst(one), "second": models.CompareSecond(other)}
        compared = answer.compare(one, other).to_dict()
        assert generated.call("compare", body=body, **pair) == (200, json_of(compared))
    rows = [
        {"id": name, **content["require"], **content["prefer"]} for name, content in asked.items()
    ]
    body = models.Batch(rows=[models.Row.from_dict(row) for row in rows])
    status, found = generated.call("batch", body=body)
    assert (status, found["rejects"]) == (200, [])
    for row, content, answered in zip(rows, asked.values(), found["answers"], strict=True):
        answer = recommend_with(solver, parse_profile(content, "test", solver.declared))
        best = answer.best
        assert (answered["id"], answered["status"]) == (row["id"], answer.status)
        assert (answered["model_1"], answered["score_1"]) == (
            (best.model, best.score) if best else (None, None)
        )
    amount = next(each.name for each in solver.declared.requirements if each.numeric)
    wrong = models.Row.from_dict({**rows[0], amount: 0})
    status, found = generated.call("batch", body=models.Batch(rows=[wrong]))
    assert (status, found["answers"], found["rejects"][0]["row"]) == (200, [], 0)
    assert generated.call("catalogue") == (200, json_of(catalogue_to_dict(solver.catalogue)))
    assert generated.call("health") == (200, {"status": "ok"})
    bad = models.Profile.from_dict({"require": {amount: -1}})
    status, problem = generated.call("recommend", body=bad)
    assert (status, problem["status"], len(problem["problems"])) == (422, 422, 1)
    assert problem["problems"][0]["found"] == "-1"


def json_of(value: Any) -> Any:
    """A value as JSON gives it back."""
    return json.loads(json.dumps(value))
