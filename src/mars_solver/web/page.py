"""The page: an answer as HTML, alone in a file or beside the form that asks for it."""

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
from mars_solver.inputs.profile_row import SEPARATOR
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
from mars_solver.web.charts import (
    contributions_chart,
    importances_chart,
    map_chart,
)
from mars_solver.web.query import MAP_AXES, Query, fields_of, query_of

if TYPE_CHECKING:
    from mars_solver.errors import Problem
    from mars_solver.explaining.explanation import Explanation
    from mars_solver.explaining.recommendation import Recommendation
    from mars_solver.solving.solver import Solver

_ACROSS: Final = "max_ttfb_ms"
"""The horizontal axis of every map."""
_UP: Final = "fidelity"
"""The vertical axis, where neither the query nor the profile suggests one."""
_POLICIES: Final = (
    ("flag", "rank unverified models after guaranteed ones"),
    ("accept", "rank them alike"),
    ("reject", "exclude them"),
)
_BETAS: Final = (Change(ACCEPT_BETA, False, True),)
_FURTHER: Final = ("short_reference", "offline", "self_hosted", "public_api")
"""The capabilities that the form asks for below the guide's questions."""
_FIELDS: Final = frozenset(
    {*REQUIREMENT, *CRITERION_NAMES, "name", "workflow", "primary", "accept_beta", "unknown"}
)
"""The fields of the form that can show a problem beside them."""


def page(solver: Solver, asked: Query, answer: Recommendation) -> str:
    """Return the page of an answer, beside the form as it was filled in.

    Args:
        solver: that gave the answer.
        asked: what the form asked for.
        answer: to the profile asked about.
    """
    explained = answer.explain(asked.model)
    values = {**fields_of(asked.profile), "unknown": asked.unknown, "map": asked.map or ""}
    return _render(
        live=True,
        **_form(solver, values),
        **_answer(asked, explained),
        compared=compare(solver.catalogue, answer),
    )


def faulty_page(solver: Solver, typed: Mapping[str, str], problems: Sequence[Problem]) -> str:
    """Return the page of a form that cannot be answered, with each problem beside its field.

    Args:
        solver: whose models are compared.
        typed: the texts as they were typed, by field.
        problems: what is wrong with them; the first part of a path names the field.
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
    return _render(
        live=True,
        **_form(solver, typed, errors),
        general=general,
        query=None,
        said=said,
        title=f"{said} · mars-solver",
        digests=digests(solver),
        compared=compare(solver.catalogue),
    )


def saved_page(explained: Explanation) -> str:
    """Return an answer as one HTML file that needs no server and loads nothing."""
    answer = explained.answer
    model = explained.model.model if explained.model else None
    asked = Query(answer.profile, answer.decision.question.policy, model)
    return _render(
        live=False,
        values={},
        errors={},
        **_answer(asked, explained),
        compared=compare(answer.solver.catalogue, answer),
    )


def policy(*, live: bool) -> str:
    """Return the content security policy of a page: it admits what the page holds, and no more.

    Args:
        live: whether the page has the form, or is a saved answer.
    """
    scripts = " ".join(_digest(text) for text in _scripts(live=live))
    fixed = "default-src 'none'; base-uri 'none'; img-src data:"
    own = f"style-src {_digest(_asset('page.css'))}; script-src {scripts}"
    if not live:
        return f"{fixed}; {own}; form-action 'none'"
    return f"{fixed}; {own}; connect-src 'self'; form-action 'self'; frame-ancestors 'none'"


def _digest(text: str) -> str:
    """Return the source of a style or script in a content security policy."""
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


def _scripts(*, live: bool) -> list[str]:
    """Return the scripts of a page, in order."""
    names = ["copy.js", "live.js"] if live else ["copy.js"]
    return [_asset(name) for name in names]


def _render(*, live: bool, **context: Any) -> str:
    return (
        _environment()
        .get_template("page.html")
        .render(
            live=live,
            policy=policy(live=live),
            # Style and scripts ship with the package, so they are markup; all else is escaped.
            style=Markup(_asset("page.css")),  # noqa: S704
            scripts=[Markup(text) for text in _scripts(live=live)],  # noqa: S704
            version=__version__,
            **context,
        )
    )


def _form(
    solver: Solver, values: Mapping[str, str], errors: Mapping[str, Sequence[str]] | None = None
) -> dict[str, Any]:
    """Return what the template needs for the form: its texts and problems by field."""
    texts = {question.need: question.text for question in solver.catalogue.flowchart.questions}
    sliders = list(_sliders(values))
    return {
        "values": values,
        "errors": errors or {},
        "questions": [
            _named(need.name, texts.get(need.name, need.name), REQUIREMENT[need.name].describe)
            for need in NEEDS
        ],
        "further": [
            _named(name, name.replace("_", " "), REQUIREMENT[name].describe) for name in _FURTHER
        ],
        "sliders": sliders,
        "policies": _POLICIES,
        "defaults": ";".join(f"{s['name']}:{s['value']}" for s in sliders if not s["stated"]),
    }


def _sliders(values: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Yield the slider of each criterion; one that states nothing rests at its default."""
    batch = values.get("workflow") == BATCH
    for criterion in CRITERIA:
        name = criterion.name
        default = 0 if batch and name == "latency" else NEUTRAL_IMPORTANCE
        stated = bool(values.get(name))
        yield {
            **_named(name, name, criterion.describe),
            "value": values[name] if stated else default,
            "stated": stated,
            "default": default,
        }


def _named(name: str, title: str, hint: str) -> dict[str, str]:
    return {"name": name, "title": title, "hint": hint}


def _answer(asked: Query, explained: Explanation) -> dict[str, Any]:
    """Return what the template needs for an answer."""
    answer = explained.answer
    said = report_of(answer)
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
            {"text": text, "query": _after(asked, relaxation.changes)}
            for text, relaxation in zip(said.ways_out.lines, answer.relaxations, strict=False)
        ],
        "more": said.ways_out.lines[len(answer.relaxations) :],
        "betas": query_of(replace(asked, profile=changed(asked.profile, _BETAS))),
        "why": {
            model.id: query_of(replace(asked, model=model.id))
            for model in answer.solver.catalogue.models
        },
        "sections": sections_of(explained),
        "command": command(asked),
        "body": json.dumps(answer.profile.to_dict(), indent=2),
        **_standpoint(asked, explained),
        **_charts(asked, explained),
    }


def _standpoint(asked: Query, explained: Explanation) -> dict[str, Any]:
    """Return what the template needs for the model asked about in particular."""
    standpoint = standpoint_of(explained)
    promotions = list(_promotions(asked, explained))
    links = {each["text"] for each in promotions}
    lines = standpoint.lines if standpoint else ()
    return {
        "standpoint": standpoint,
        "standpoint_lines": [text for text in lines if text not in links],
        "promotions": promotions,
    }


def _charts(asked: Query, explained: Explanation) -> dict[str, Any]:
    """Return the charts of an answer; None for one that has nothing to show."""
    answer = explained.answer
    names = names_in(answer.solver.catalogue)
    up = asked.map or _suggested_axis(asked)
    drawn = decision_map(answer.solver, answer.decision, _ACROSS, up)
    return {
        "bars": contributions_chart(answer, names) if answer.shortlist else None,
        "flips": importances_chart(explained, names) if explained.importances else None,
        "map": map_chart(drawn, names) if drawn else None,
        "map_caption": f"The winner over {_ACROSS} and {up}; exact, but not to scale",
        "axes": [
            {"name": name, "current": name == up, "query": query_of(replace(asked, map=name))}
            for name in MAP_AXES
        ],
    }


def _suggested_axis(asked: Query) -> str:
    """Return the vertical axis of the map that suits a profile: the first other limit it states."""
    for name in MAP_AXES:
        if name in REQUIREMENT and getattr(asked.profile.require, name):
            return name
    return _UP


def _after(asked: Query, changes: Sequence[Change]) -> str:
    """Return the query that asks for the same after changes to its profile."""
    return query_of(replace(asked, profile=changed(asked.profile, changes), model=None))


def _promotions(asked: Query, explained: Explanation) -> Iterator[dict[str, str]]:
    """Yield what would raise the model asked about, each with the query that applies it."""
    standpoint = explained.model
    if standpoint is None:
        return
    goals = (("onto it", standpoint.onto_list), ("to first place", standpoint.to_first))
    for goal, promotions in goals:
        for each in promotions:
            text = f"{goal}: {promotion_text(each)}"
            yield {"text": text, "query": _after(asked, each.changes)}


def command(asked: Query) -> str:
    """Return the command line that gives the same answer; it leaves the project's name out."""
    stated = fields_of(asked.profile)
    words = ["mars-solver", "explain"]
    for flag, names in (("--require", REQUIREMENT), ("--prefer", CRITERION_NAMES)):
        for name in names:
            if name in stated:
                words += [flag, f"{name}={stated[name].replace(SEPARATOR, ',')}"]
    for name in ("workflow", "primary"):
        words += [f"--{name}", stated[name]] if name in stated else []
    words += ["--accept-beta"] if asked.profile.accept_beta else []
    words += ["--unknown", asked.unknown] if asked.unknown != "flag" else []
    words += ["--model", asked.model] if asked.model else []
    return shlex.join(words)
