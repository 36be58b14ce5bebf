"""The page: an answer as HTML, alone or beside the form that asks for it."""

from __future__ import annotations

import base64
import hashlib
import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from mars_solver import __version__
from mars_solver.explaining.changes import Change, changed
from mars_solver.explaining.decision_map import decision_map
from mars_solver.rendering.answer import report_of
from mars_solver.rendering.catalogue import compare
from mars_solver.rendering.explanation import (
    promotion_text,
    sections_of,
    standpoint_of,
    summary,
)
from mars_solver.rendering.words import digests, names_in
from mars_solver.vocabulary import (
    ACCEPT_BETA,
    BATCH,
    CRITERIA,
    CRITERION_NAMES,
    NEEDS,
    NEUTRAL_IMPORTANCE,
    REQUIREMENT,
)
from mars_solver.web.map_picture import map_picture
from mars_solver.web.pictures import contributions_picture, importances_picture
from mars_solver.web.query import MAP_AXES, Query, fields_of, query_of

if TYPE_CHECKING:
    from mars_solver.errors import Problem
    from mars_solver.explaining.explanation import Explanation
    from mars_solver.explaining.recommendation import Recommendation
    from mars_solver.solving.solver import Solver

_ACROSS: Final = "max_ttfb_ms"
"""The axis that every map has."""
_UP: Final = "fidelity"
"""The other axis, where neither the profile nor anybody chooses one."""
_POLICIES: Final = (
    ("flag", "rank unverified models after guaranteed ones"),
    ("accept", "rank them alike"),
    ("reject", "exclude them"),
)
_BETAS: Final = (Change(ACCEPT_BETA, False, True),)
_FURTHER: Final = ("short_reference", "offline", "self_hosted", "public_api")


def page(solver: Solver, asked: Query, answer: Recommendation) -> str:
    """Return the page of an answer, with the form as it was asked."""
    explained = answer.explain(asked.model)
    values = {**fields_of(asked.profile), "unknown": asked.unknown, "map": asked.map or ""}
    return _render(
        live=True,
        **_form(solver, values),
        **_answer(asked, explained),
        **_facts(solver, answer),
    )


def faulty_page(solver: Solver, typed: Mapping[str, str], problems: Sequence[Problem]) -> str:
    """Return the page of what cannot be answered, with every problem beside its field.

    Args:
        solver: whose models are compared.
        typed: what was asked, by field.
        problems: what is wrong with it; the first part of a path names the field.
    """
    errors: dict[str, list[str]] = {}
    general: list[str] = []
    for each in problems:
        name = each.path.partition(".")[0]
        text = f"expected {each.expected}, found {each.found}"
        text += f"; {each.hint}" if each.hint else ""
        if name in _FIELDS:
            errors.setdefault(name, []).append(text)
        else:
            general.append(f"{each.found}; {each.hint}" if each.hint else text)
    count = len(problems)
    said = f"{count} {'entries' if count > 1 else 'entry'} cannot be used"
    form = _form(solver, typed)
    return _render(
        live=True,
        **{**form, "errors": errors},
        general=general,
        query=None,
        said=said,
        title=f"{said} · mars-solver",
        digests=digests(solver),
        **_facts(solver, None),
    )


def saved_page(explained: Explanation) -> str:
    """Return an answer as one file that needs no server."""
    answer = explained.answer
    model = explained.model.model if explained.model else None
    asked = Query(answer.profile, answer.decision.question.policy, model)
    return _render(
        live=False,
        values={},
        errors={},
        **_answer(asked, explained),
        **_facts(answer.solver, answer),
    )


_FIELDS: Final = frozenset(
    {*REQUIREMENT, *CRITERION_NAMES, "name", "workflow", "primary", "accept_beta", "unknown"}
)


def policy(*, live: bool) -> str:
    """Return the content security policy of a page: what it holds itself, and no more."""
    scripts = " ".join(_digest(text) for text in _scripts(live=live))
    fixed = "default-src 'none'; base-uri 'none'; img-src data:"
    own = f"style-src {_digest(_asset('page.css'))}; script-src {scripts}"
    if not live:
        return f"{fixed}; {own}; form-action 'none'"
    return f"{fixed}; {own}; connect-src 'self'; form-action 'self'; frame-ancestors 'none'"


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("mars_solver.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _asset(name: str) -> str:
    """Return the text of a style sheet or script."""
    environment = _environment()
    assert environment.loader is not None  # noqa: S101  (set where it is made)
    return environment.loader.get_source(environment, name)[0]


def _scripts(*, live: bool) -> tuple[str, ...]:
    return tuple(_asset(name) for name in (("copy.js", "live.js") if live else ("copy.js",)))


def _render(*, live: bool, **context: Any) -> str:
    return (
        _environment()
        .get_template("page.html")
        .render(
            live=live,
            policy=policy(live=live),
            style=Markup(_asset("page.css")),  # noqa: S704  (ships with the package)
            scripts=[Markup(text) for text in _scripts(live=live)],  # noqa: S704
            version=__version__,
            **context,
        )
    )


def _form(solver: Solver, values: Mapping[str, str]) -> dict[str, Any]:
    """Return what the form shows."""
    asked = {question.need: question.text for question in solver.catalogue.flowchart.questions}
    questions = [
        _named(need.name, asked.get(need.name, need.name), REQUIREMENT[need.name].describe)
        for need in NEEDS
    ]
    batch = values.get("workflow") == BATCH
    sliders = []
    for criterion in CRITERIA:
        name = criterion.name
        default = 0 if batch and name == "latency" else NEUTRAL_IMPORTANCE
        stated = bool(values.get(name))
        value = values[name] if stated else default
        unmoved = {"value": value, "stated": stated, "default": default}
        sliders.append({**_named(name, name, criterion.describe), **unmoved})
    return {
        "values": values,
        "errors": {},
        "questions": questions,
        "further": [_named(n, n.replace("_", " "), REQUIREMENT[n].describe) for n in _FURTHER],
        "sliders": sliders,
        "policies": _POLICIES,
        "defaults": ";".join(f"{s['name']}:{s['value']}" for s in sliders if not s["stated"]),
    }


def _named(name: str, title: str, hint: str) -> dict[str, str]:
    return {"name": name, "title": title, "hint": hint}


def _answer(asked: Query, explained: Explanation) -> dict[str, Any]:
    """Return what the page says of an answer."""
    answer = explained.answer
    names = names_in(answer.solver.catalogue)
    said = report_of(answer)
    standpoint = standpoint_of(explained)
    steps = list(_promotions(asked, explained))
    told = {each["text"] for each in steps}
    up = asked.map or _chosen_axis(asked)
    drawn = decision_map(answer.solver, answer.decision, _ACROSS, up)
    beyond = [m.id for m in answer.solver.catalogue.models]
    return {
        "general": (),
        "query": query_of(asked),
        "answer": answer,
        "report": said,
        "digests": said.digests,
        "said": said.headline,
        "title": f"{said.headline.rstrip('.')} · mars-solver",
        "summary": summary(explained).removeprefix(f"{said.headline} "),
        "ways": [
            {"text": text, "query": _after(asked, each.changes)}
            for text, each in zip(said.ways_out.lines, answer.relaxations, strict=False)
        ],
        "more": said.ways_out.lines[len(answer.relaxations) :],
        "betas": query_of(replace(asked, profile=changed(asked.profile, _BETAS))),
        "why": {model: query_of(replace(asked, model=model)) for model in beyond},
        "standpoint": standpoint,
        "standpoint_lines": [t for t in standpoint.lines if t not in told] if standpoint else [],
        "promotions": steps,
        "bars": contributions_picture(answer, names) if answer.shortlist else None,
        "flips": importances_picture(explained, names) if explained.importances else None,
        "map": drawn and map_picture(drawn, names),
        "map_caption": f"The winner over {_ACROSS} and {up}; exact, but not to scale",
        "axes": [
            {"name": n, "current": n == up, "query": query_of(replace(asked, map=n))}
            for n in MAP_AXES
        ],
        "sections": sections_of(explained),
        "command": command(asked),
        "body": json.dumps(answer.profile.to_dict(), indent=2),
    }


def _chosen_axis(asked: Query) -> str:
    """Return the axis of the map that a profile suggests: the other number that it states."""
    stated = asked.profile.require
    numbers = [n for n in MAP_AXES if n in REQUIREMENT and getattr(stated, n)]
    return numbers[0] if numbers else _UP


def _after(asked: Query, changes: Sequence[Change]) -> str:
    """Return the query that asks the same of the changed profile."""
    return query_of(replace(asked, profile=changed(asked.profile, changes), model=None))


def _promotions(asked: Query, explained: Explanation) -> Iterator[dict[str, str]]:
    """Yield what would better the place of the one model asked about."""
    stand = explained.model
    for where, found in (
        ("onto it", stand and stand.onto_list),
        ("to first place", stand and stand.to_first),
    ):
        for each in found or ():
            text = f"{where}: {promotion_text(each)}"
            yield {"text": text, "query": _after(asked, each.changes)}


def command(asked: Query) -> str:
    """Return the command line that gives the same answer; a name is left out."""
    stated = asked.profile.to_dict()
    words = ["mars-solver", "explain"]
    for flag in ("require", "prefer"):
        for name, value in stated[flag].items():
            words += [f"--{flag}", f"{name}={_flag_value(value)}"]
    for name in ("workflow", "primary"):
        words += [f"--{name}", stated[name]] if name in stated else []
    words += ["--accept-beta"] if asked.profile.accept_beta else []
    words += ["--unknown", asked.unknown] if asked.unknown != "flag" else []
    words += ["--model", asked.model] if asked.model else []
    return shlex.join(words)


def _flag_value(value: object) -> str:
    if isinstance(value, list):
        return ",".join(value)
    return "true" if value is True else str(value)


def _facts(solver: Solver, answer: Recommendation | None) -> dict[str, Any]:
    return {"compared": compare(solver.catalogue, answer)}
