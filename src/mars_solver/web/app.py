"""The web application: the page and the JSON API, for one solver."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from mars_solver.errors import Faults, InputError, Problem, extra, few, shown
from mars_solver.explaining.recommendation import Recommendation, recommend_with
from mars_solver.explaining.serialising import json_bytes
from mars_solver.inputs.catalogue.attributes import Declarations
from mars_solver.inputs.catalogue.catalogue import Catalogue
from mars_solver.inputs.documents import decode, json_value
from mars_solver.inputs.options import Options, options_in
from mars_solver.inputs.parsing import one_of
from mars_solver.inputs.profile import Profile, parse_profile
from mars_solver.rendering.catalogue import catalogue_to_dict
from mars_solver.solving.solver import Solver
from mars_solver.vocabulary import MOST_RANKED
from mars_solver.web.query import (
    FORM,
    PLACE,
    Query,
    measured_by,
    pairs_in,
    parse_query,
    query_of,
    strays,
)

with extra("web"):
    from starlette.applications import Starlette
    from starlette.exceptions import HTTPException
    from starlette.middleware import Middleware
    from starlette.requests import ClientDisconnect, Request
    from starlette.responses import Response
    from starlette.routing import Route

    from mars_solver.batch.answers import json_lines
    from mars_solver.batch.texts import lines_in
    from mars_solver.web import guard, openapi, page
    from mars_solver.web.guard import RefusalError, unusable
    from mars_solver.web.openapi import BODY, JSON, NDJSON
    from mars_solver.web.remembered import Remembered, digest
    from mars_solver.web.workers import WorkerPool

PROFILE_BYTES: Final = 2**16
BATCH_BYTES: Final = 2**20
BATCH_ROWS: Final = 1000
SHORT_BYTES: Final = 2**10
"""Up to this many bytes a profile is answered in the event loop."""
SHORT_MODELS: Final = 2**5
"""Up to this many models of a catalogue; with more of them an answer takes milliseconds."""
REMEMBERED_BYTES: Final = 2**24
"""How many bytes of answers are remembered."""
_API: Final = ("unknown", "top")
"""The options of every call that answers profiles."""
_ROWS: Final = "rows"
"""The key of the profiles in a batch as JSON."""
_KEEP: Final = "keep"
"""The option that names the requirements that cannot move."""
_PAIR: Final = ("first", "second")
"""The options that name two models to compare."""


def create_app(solver: Solver, hosts: Collection[str] = ()) -> Starlette:
    """Return the ASGI application that answers with a solver.

    Args:
        solver: that answers.
        hosts: the names of hosts that it answers for, beside addresses and `localhost`.
    """
    service = _Service(solver)
    fixed = {
        "/v1/catalogue": catalogue_to_dict(solver.catalogue),
        "/healthz": {"status": "ok"},
        "/openapi.json": openapi.document(solver, BATCH_ROWS, MOST_RANKED),
    }
    app = Starlette(
        routes=[
            Route("/v1/recommend", service.recommend, methods=["POST"]),
            Route("/v1/explain", service.explain, methods=["POST"]),
            Route("/v1/compare", service.compare, methods=["POST"]),
            Route("/v1/batch", service.batch, methods=["POST"]),
            Route("/", service.page, methods=["GET"]),
            Route("/answer.html", service.answer_file, methods=["GET"]),
            Route("/answer.json", service.answer_file, methods=["GET"]),
            *([] if solver.catalogue.flowchart is None else [Route("/guide", service.guide)]),
            *(Route(path, _fixed(data), methods=["GET"]) for path, data in fixed.items()),
        ],
        middleware=[Middleware(guard.Guard, hosts=hosts)],
        exception_handlers={
            RefusalError: _refused,
            HTTPException: _refused,
            ClientDisconnect: _refused,
            Exception: _broken,
        },
    )
    app.router.redirect_slashes = False
    return app


class _Service:
    """The endpoints that answer with one solver."""

    def __init__(self, solver: Solver) -> None:
        self._solver = solver
        self._workers = WorkerPool()
        self._intake = guard.Intake()
        self._remembered = Remembered(REMEMBERED_BYTES)
        self._short = len(solver.catalogue.models) <= SHORT_MODELS

    async def page(self, request: Request) -> Response:
        """Return the page: 200 with an answer, or 422 with every problem in the address.

        What a form submits is redirected to its shortest address with 303.
        """
        return await self._workers.do(partial(self._page, request))

    def _page(self, request: Request) -> Response:
        query: bytes = request.scope["query_string"]
        try:
            pairs = pairs_in(query)
            asked = parse_query(pairs, self._solver)
        except InputError as error:
            return _html(page.faulty_page(self._solver, _typed(query), error.problems), 422)
        if any(key.startswith(FORM) for key, _ in pairs):
            short = query_of(asked)
            return Response(status_code=303, headers={"location": f"./?{short}" if short else "./"})
        answer = self._answer_to(asked)
        return _html(page.page(self._solver, asked, answer, printed=_printed(request)))

    async def guide(self, request: Request) -> Response:
        """Return the guide that follows from the facts; it is derived once."""
        _options(request, ())
        return _html(await self._workers.do_once(page.guide_page, self._solver))

    async def answer_file(self, request: Request) -> Response:
        """Return the answer to the query as a file of HTML, or of JSON."""
        return await self._workers.do(partial(self._answer_file, request))

    def _answer_file(self, request: Request) -> Response:
        try:
            asked = parse_query(pairs_in(request.scope["query_string"]), self._solver)
        except InputError as error:
            raise unusable(error.problems) from None
        explained = self._answer_to(asked).explain(asked.model)
        headers = {"content-security-policy": page.policy(live=False)}
        if request.url.path.endswith(".json"):
            return Response(_encoded(explained.to_dict()), headers=headers, media_type=JSON)
        text = page.saved_page(explained, asked, printed=_printed(request))
        return Response(text, headers=headers, media_type="text/html")

    def _answer_to(self, asked: Query) -> Recommendation:
        """Return the answer to a query, by the solver that rests on its measurements."""
        solver = measured_by(self._solver, asked.measured)
        return recommend_with(solver, asked.profile, unknown=asked.unknown)

    async def recommend(self, request: Request) -> Response:
        """Return the answer to the profile in the body."""
        options = self._options(request, (*_API, _KEEP))
        _check_type(request, JSON)
        data = await self._intake.body_of(request, PROFILE_BYTES)
        short = self._short and len(data) <= SHORT_BYTES
        do = self._workers.do_shortly if short else self._workers.do
        return Response(await do(partial(self._recommended, data, options)), media_type=JSON)

    def _recommended(self, data: bytes, options: Options) -> bytes:
        """Return the answer to the profile in a body, as JSON."""
        profile = _profile_in(data, self._solver.declared)
        question = digest(profile.content, profile.readings, options)
        answer = self._remembered.find(question)
        if answer is None:
            answer = json_bytes(self._answer(profile, options))
            self._remembered.keep(question, answer)
        return answer

    def _answer(self, profile: Profile, options: Options) -> Recommendation:
        """Return the answer to a profile."""
        try:
            return recommend_with(
                self._solver,
                profile,
                unknown=options.unknown,
                top=options.top,
                keep=options.keep,
            )
        except InputError as error:  # a preference that no weight scores, or nothing to keep
            raise unusable(
                replace(each, place=PLACE if each.path == _KEEP else BODY)
                for each in error.problems
            ) from None

    async def explain(self, request: Request) -> Response:
        """Return the answer to the profile in the body, explained."""
        options = self._options(request, (*_API, _KEEP, "model"))
        return await self._about(request, options, lambda answer: answer.explain(options.model))

    async def compare(self, request: Request) -> Response:
        """Return two models head to head for the profile in the body."""
        options = self._options(request, ("unknown", *_PAIR))
        models = one_of(self._solver.catalogue.names)
        absent = [Problem(PLACE, name, models, "nothing") for name in _PAIR]
        if missing := [each for each in absent if getattr(options, each.path) is None]:
            raise unusable(missing)
        first, second = str(options.first), str(options.second)
        return await self._about(request, options, lambda answer: answer.compare(first, second))

    async def _about(
        self, request: Request, options: Options, told: Callable[[Recommendation], Any]
    ) -> Response:
        """Return what is told of the answer to the profile in the body."""
        _check_type(request, JSON)
        data = await self._intake.body_of(request, PROFILE_BYTES)

        def work() -> bytes:
            answer = self._answer(_profile_in(data, self._solver.declared), options)
            return _encoded(told(answer).to_dict())

        return Response(await self._workers.do(work), media_type=JSON)

    def _options(self, request: Request, known: Sequence[str]) -> Options:
        """Return the options in the query of a call, as far as it knows them."""
        return _options(request, known, self._solver.catalogue)

    async def batch(self, request: Request) -> Response:
        """Answer a bounded number of profiles, in the media type in which they come."""
        options = self._options(request, _API)
        sent = _check_type(request, NDJSON, JSON)
        data = await self._intake.body_of(request, BATCH_BYTES)

        def work() -> str | bytes:
            rows = lines_in(data if sent == NDJSON else _lines_of(data))
            if len(rows) > BATCH_ROWS:
                raise guard.too_large(f"{BATCH_ROWS} rows")
            lines = json_lines(rows, self._solver, options.unknown, options.top or 3)
            return lines if sent == NDJSON else _encoded(openapi.batch_answer(lines))

        return Response(await self._workers.do(work), media_type=sent)


def _typed(query: bytes) -> dict[str, str]:
    """Return the fields of a form as they were sent, to be shown again."""
    if len(query) > PROFILE_BYTES:
        return {}
    try:
        return dict(pairs_in(query))
    except InputError:
        return {}


def _printed(request: Request) -> tuple[str, str]:
    """Return what the head of a printed page says: the day, and the address at this server."""
    return date.today().isoformat(), f"/?{request.url.query}"


def _html(text: str, status: int = 200) -> Response:
    return Response(text, status, {"content-security-policy": page.policy(live=True)}, "text/html")


def _fixed(data: Any) -> Callable[[Request], Any]:
    """Return an endpoint that always gives the same answer."""
    body = _encoded(data)

    async def answer(request: Request) -> Response:
        _options(request, ())
        return Response(body, media_type=JSON)

    return answer


def _options(request: Request, known: Sequence[str], catalogue: Catalogue | None = None) -> Options:
    """Return the options in the query of an API call.

    Args:
        request: the call.
        known: the names of the options that it has.
        catalogue: whose models and requirements options may name.

    Raises:
        RefusalError: 422 with every problem of the query.
    """
    query = request.scope["query_string"]
    if not query:
        return Options()
    try:
        pairs = pairs_in(query)
        faults = Faults(strays(pairs, known))
        said = {name: text for name, text in pairs if name in known}
        with faults:
            options = options_in(said, PLACE, catalogue, MOST_RANKED)
        faults.check()
    except InputError as error:
        raise unusable(error.problems) from None
    return options


def _check_type(request: Request, *wanted: str) -> str:
    """Return the media type of a body; refuse any other than those wanted with 415."""
    sent = guard.media_type_of(request)
    if sent not in wanted:
        raise RefusalError(415, f"Send the body as {' or '.join(wanted)}; found {shown(sent)}.")
    return sent


def _json_in(data: bytes) -> Any:
    """Return the value in a body.

    Raises:
        RefusalError: 400 if the body is not JSON.
    """
    try:
        return json_value(decode(data, BODY), BODY)
    except InputError as error:
        raise RefusalError(400, "The body is not well-formed JSON.", error.problems) from None


def _lines_of(data: bytes) -> bytes:
    """Return the rows in a JSON body, an array or one under `rows`, as JSON Lines.

    Raises:
        RefusalError: 400 if the body is not JSON, 422 if it has no rows.
    """
    value = _json_in(data)
    rows = value
    if isinstance(value, dict):
        strange, rest = few([key for key in value if key != _ROWS], BODY)
        if strange:
            hint = f"did you mean {_ROWS}?" if _ROWS not in value else "drop it"
            keys = [f"the unknown key {shown(key)}" for key in strange]
            faults = [Problem(BODY, "", f"the one key {_ROWS}", key, hint) for key in keys]
            raise unusable([*faults, *rest])
        rows = value.get(_ROWS)
    if not isinstance(rows, list):
        expected = '{"rows": [...]}, each row a profile'
        raise unusable([Problem(BODY, "", expected, shown(rows))])
    return b"\n".join(map(_encoded, rows))


def _profile_in(data: bytes, declared: Declarations) -> Profile:
    """Return the profile in a body, as a catalogue reads it.

    Raises:
        RefusalError: 400 if the body is not JSON, 422 with every problem if it is not a profile.
    """
    value = _json_in(data)
    if value is None:  # `parse_profile` takes None for the empty profile
        raise unusable([Problem(BODY, "", "a table of keys and values", "nothing")])
    try:
        return parse_profile(value, BODY, declared)
    except InputError as error:
        raise unusable(error.problems) from None


async def _refused(_: Request, error: Exception) -> Response:
    """Return the problem details of a request that is refused, or failed by a fault of ours."""
    if isinstance(error, RefusalError):
        refusal = error
    elif isinstance(error, HTTPException):
        missing = error.status_code == HTTPStatus.NOT_FOUND
        detail = "There is nothing here." if missing else error.detail
        refusal = RefusalError(error.status_code, detail, headers=dict(error.headers or {}))
    elif isinstance(error, ClientDisconnect):
        refusal = RefusalError(400, "The body did not arrive.")  # read by nobody
    else:
        refusal = RefusalError(500, "A fault of the server.")
    return guard.response_of(refusal)


async def _broken(request: Request, error: Exception) -> Response:
    """Return the answer after a fault of ours; it passes no middleware, so it gets headers here."""
    answer = await _refused(request, error)
    answer.raw_headers = guard.with_defaults(answer.raw_headers)
    return answer


def _encoded(data: Any) -> bytes:
    return json.dumps(data, allow_nan=False).encode()
