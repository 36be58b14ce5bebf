"""The web application: the page, and the JSON API beside it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any, Final, NamedTuple

from mars_solver import __version__
from mars_solver.errors import InputError, Problem, extra, shown
from mars_solver.explaining.recommendation import recommend_with
from mars_solver.inputs.documents import decode, json_value
from mars_solver.inputs.parsing import did_you_mean, number_or_text, one_of
from mars_solver.inputs.profile import Profile, parse_profile
from mars_solver.rendering import console as rendering
from mars_solver.solving.solver import Solver
from mars_solver.vocabulary import POLICIES, Policy
from mars_solver.web.faults import MEDIA_TYPE, RefusalError, counted
from mars_solver.web.query import DEFAULTS, PLACE, pairs_in, parse_query, query_of, strays

with extra("web"):
    from fastapi import FastAPI, Request, Response
    from starlette.exceptions import HTTPException
    from starlette.routing import Route

    from mars_solver.batch.answers import json_lines
    from mars_solver.batch.records import lines_in
    from mars_solver.web import guard, openapi, page
    from mars_solver.web.openapi import BODY, JSON, NDJSON

PROFILE_BYTES: Final = 2**16
BATCH_BYTES: Final = 2**20
BATCH_ROWS: Final = 1000
MOST_RANKED: Final = 100
_CACHED: Final = 2048
"""So many answers are kept, by the bytes of the body; each takes a few kilobytes."""
_API: Final = ("unknown", "top")


class Options(NamedTuple):
    """What the query of an API call says."""

    unknown: Policy = "flag"
    top: int | None = None
    model: str | None = None


def create_app(solver: Solver) -> FastAPI:
    """Return the application that answers for a solver."""
    app = FastAPI(
        title="mars-solver",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    service = _Service(solver)
    described = openapi.document(solver, BATCH_ROWS, MOST_RANKED)
    app.openapi = lambda: described  # type: ignore[method-assign]
    facts = _encoded(rendering.catalogue_to_dict(solver.catalogue))
    fixed = {
        "/v1/catalogue": facts,
        "/healthz": _encoded({"status": "ok"}),
        "/openapi.json": _encoded(described),
    }
    # Plain routes: what they take is read with the reasons of this package, not with FastAPI's.
    app.router.routes += [
        Route("/v1/recommend", service.recommend, methods=["POST"]),
        Route("/v1/explain", service.explain, methods=["POST"]),
        Route("/v1/batch", service.batch, methods=["POST"]),
        Route("/", service.page, methods=["GET"]),
        *(Route(path, _fixed(body), methods=["GET"]) for path, body in fixed.items()),
    ]
    app.add_exception_handler(RefusalError, _refused)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(Exception, _broken)
    app.add_middleware(guard.Headers)
    return app


class _Service:
    """The answers of one solver over the web."""

    def __init__(self, solver: Solver) -> None:
        self._solver = solver
        self._models = tuple(model.id for model in solver.catalogue.models)
        self._workshop = guard.WorkerPool()
        self._recommended = lru_cache(maxsize=_CACHED)(self._answer)

    async def page(self, request: Request) -> Response:
        """Answer with the page: 200 with an answer, 422 with every problem."""
        query: bytes = request.scope["query_string"]
        try:
            pairs = pairs_in(query)
            asked = parse_query(pairs, self._models)
        except InputError as error:
            typed = {} if len(query) > PROFILE_BYTES else _typed(query)
            made = partial(page.faulty_page, self._solver, typed, error.problems)
            return _html(await self._workshop.do(made), 422)
        if any(key == DEFAULTS for key, _ in pairs):
            short = query_of(asked)
            return Response(status_code=303, headers={"location": f"./?{short}" if short else "./"})
        answer = recommend_with(self._solver, asked.profile, unknown=asked.unknown)
        return _html(await self._workshop.do(partial(page.page, self._solver, asked, answer)))

    async def recommend(self, request: Request) -> Response:
        """Answer one profile."""
        options = _options(request, _API)
        _check_type(request, JSON)
        data = await guard.body_of(request, PROFILE_BYTES)
        return Response(self._recommended(data, options), media_type=JSON)

    def _answer(self, data: bytes, options: Options) -> bytes:
        """Return the answer to the profile in a body."""
        profile = _profile_in(data)
        answer = recommend_with(self._solver, profile, unknown=options.unknown, top=options.top)
        return _encoded(answer.to_dict())

    async def explain(self, request: Request) -> Response:
        """Answer one profile, explained."""
        options = _options(request, (*_API, "model"), self._models)
        _check_type(request, JSON)
        profile = _profile_in(await guard.body_of(request, PROFILE_BYTES))

        def explained() -> bytes:
            answer = recommend_with(self._solver, profile, unknown=options.unknown, top=options.top)
            return _encoded(answer.explain(options.model).to_dict())

        return Response(await self._workshop.do(explained), media_type=JSON)

    async def batch(self, request: Request) -> Response:
        """Answer a bounded number of profiles."""
        options = _options(request, _API)
        _check_type(request, NDJSON)
        rows = lines_in(await guard.body_of(request, BATCH_BYTES))
        if len(rows) > BATCH_ROWS:
            raise guard.too_large(f"{BATCH_ROWS} rows")

        answered = partial(json_lines, rows, self._solver, options.unknown, options.top or 3)
        return Response(await self._workshop.do(answered), media_type=NDJSON)


def _typed(query: bytes) -> dict[str, str]:
    """Return what was asked, for a form that shows it again."""
    try:
        return dict(pairs_in(query))
    except InputError:
        return {}


def _html(text: str, status: int = 200) -> Response:
    return Response(text, status, {"content-security-policy": page.policy(live=True)}, "text/html")


def _fixed(body: bytes) -> Callable[[Request], Any]:
    """Return an endpoint with one answer."""

    async def answer(request: Request) -> Response:
        _options(request, ())
        return Response(body, media_type=JSON)

    return answer


def _options(request: Request, known: Sequence[str], models: Sequence[str] = ()) -> Options:
    """Return the options in a query.

    Raises:
        RefusalError: 422 with every problem of it.
    """
    query = request.scope["query_string"]
    if not query:
        return Options()
    try:
        pairs = pairs_in(query)
    except InputError as error:
        raise _unusable(error.problems) from None
    problems = list(strays(pairs, known))
    said = dict(pairs)
    for name, words in (("unknown", POLICIES), ("model", models)):
        word = said.get(name)
        if name in known and word is not None and word not in words:
            hint = did_you_mean(word, words)
            problems.append(Problem(PLACE, name, one_of(words), shown(word), hint))
    top = number_or_text(said["top"]) if "top" in known and "top" in said else None
    if top is not None and not (isinstance(top, int) and 1 <= top <= MOST_RANKED):
        expected = f"a whole number from 1 to {MOST_RANKED}"
        problems.append(Problem(PLACE, "top", expected, shown(said["top"])))
    if problems:
        raise _unusable(InputError(problems).problems)  # each once, in order
    unknown: Any = said.get("unknown", "flag")
    return Options(unknown, top if isinstance(top, int) else None, said.get("model"))


def _check_type(request: Request, wanted: str) -> None:
    found = guard.media_type_of(request)
    if found != wanted:
        raise RefusalError(415, f"Send the body as {wanted}; found {shown(found)}.")


def _profile_in(data: bytes) -> Profile:
    """Return the profile in a body.

    Raises:
        RefusalError: 400 where it is not JSON, 422 with every problem where it is no profile.
    """
    try:
        value = json_value(decode(data, BODY), BODY)
    except InputError as error:
        raise RefusalError(400, "The body is not well-formed JSON.", error.problems) from None
    if value is None:  # in Python that is the empty profile
        raise _unusable([Problem(BODY, "", "a table of keys and values", "nothing")])
    try:
        return parse_profile(value, BODY)
    except InputError as error:
        raise _unusable(error.problems) from None


def _unusable(problems: Sequence[Problem]) -> RefusalError:
    return RefusalError(422, counted(problems), problems)


async def _refused(_: Request, error: Exception) -> Response:
    """Return the answer to a request that gets none."""
    if isinstance(error, HTTPException):
        detail = "There is nothing here." if error.status_code == 404 else error.detail  # noqa: PLR2004
        error = RefusalError(error.status_code, detail, headers=dict(error.headers or {}))
    fault = (
        error if isinstance(error, RefusalError) else RefusalError(500, "A fault of the server.")
    )
    return Response(fault.to_json(), fault.status, fault.headers, MEDIA_TYPE)


async def _broken(request: Request, error: Exception) -> Response:
    """Return the answer after a fault of ours, which no middleware of the application sees."""
    answer = await _refused(request, error)
    answer.raw_headers = guard.with_defaults(answer.raw_headers)
    return answer


def _encoded(data: Any) -> bytes:
    return json.dumps(data, allow_nan=False).encode()
