"""The page: an answer as HTML, alone in a file or beside the form that asks for it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from mars_solver import __version__
from mars_solver.explaining.changes import Change, changed
from mars_solver.explaining.decision_map import axes, decision_map
from mars_solver.inputs.profile_row import SEPARATOR
from mars_solver.rendering.answer import report_of
from mars_solver.rendering.catalogue import fact_table
from mars_solver.rendering.explanation import (
    promotions_of,
    sections_of,
    standpoint_of,
    summary,
)
from mars_solver.rendering.words import digests
from mars_solver.vocabulary import ACCEPT_BETA
from mars_solver.web.charts import contributions_chart, importances_chart
from mars_solver.web.form import field_names, form_of
from mars_solver.web.map_chart import axis_title, map_chart
from mars_solver.web.query import Query, fields_of, query_of

if TYPE_CHECKING:
    from mars_solver.errors import Problem
    from mars_solver.explaining.explanation import Explanation
    from mars_solver.explaining.recommendation import Recommendation
    from mars_solver.solving.solver import Solver

_POLICIES: Final = (
    ("flag", "rank unverified models after those that meet everything"),
    ("accept", "rank them alike"),
    ("reject", "exclude them"),
)
_BRACKETED: Final = re.compile(r"\[[\w., -]+\]")
_BETAS: Final = (Change(ACCEPT_BETA, False, True),)


def page(solver: Solver, asked: Query, answer: Recommendation) -> str:
    """Return the page of an answer, beside the form as it was filled in.

    Args:
        solver: that gave the answer.
        asked: what the form asked for.
        answer: to the profile asked about.
    """
    explained = answer.explain(asked.model)
    values = {**fields_of(asked.profile), "unknown": asked.unknown}
    values["map"] = SEPARATOR.join(asked.map)
    return _render(
        live=True,
        **_form(solver, values),
        **_answer(asked, explained),
        compared=fact_table(solver.catalogue, answer),
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
    known = field_names(solver)
    for each in problems:
        name = each.path.partition(".")[0]
        text = f"expected {each.expected}, found {each.found}"
        text += f"; {each.hint}" if each.hint else ""
        if name in known:
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
        compared=fact_table(solver.catalogue),
    )


def saved_page(explained: Explanation) -> str:
    """Return an answer as one HTML file that needs no server and loads nothing."""
    answer = explained.answer
    model = explained.model.model if explained.model else None
    asked = Query(answer.profile, answer.decision.policy, model)
    return _render(
        live=False,
        form=None,
        **_answer(asked, explained),
        compared=fact_table(answer.solver.catalogue, answer),
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


def _dimmed(text: str) -> Markup:
    """Return a text with what it has in brackets, keys and sources, set apart."""
    return Markup(_BRACKETED.sub(r'<span class="typed">\g<0></span>', str(escape(text))))  # noqa: S704


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("mars_solver.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["dimmed"] = _dimmed
    return environment


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
    """Return what the template needs for the form."""
    form = form_of(solver, values, errors)
    return {"form": form, "policies": _POLICIES, "guide": solver.catalogue.flowchart}


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
        "notes": [line for line in said.notes.lines if line not in _disputes(answer)],
        "command": command(asked),
        "body": json.dumps(answer.profile.to_dict(), indent=2),
        **_standpoint(asked, explained),
        **_charts(asked, explained),
    }


def _disputes(answer: Recommendation) -> set[str]:
    """Return the notes on disputed facts, which stand beside the models that they are about."""
    return {each.note for candidate in answer.shortlist for each in candidate.disputed}


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
    known = axes(answer.solver)
    chosen = _axes(asked, known)
    drawn = decision_map(answer.solver, answer.decision, *chosen) if chosen else None
    return {
        "bars": contributions_chart(answer) if answer.shortlist else None,
        "flips": importances_chart(explained) if explained.importances else None,
        "map": map_chart(drawn, answer.solver.catalogue) if drawn else None,
        "tabs": _tabs(asked, known, *chosen) if chosen else (),
    }


def _axes(asked: Query, known: Sequence[str]) -> tuple[str, str] | None:
    """Return what the map has across and up: what was chosen, else what suits the profile.

    Across is the first number that can be required. Up is the first other limit that the profile
    states, or the first criterion of another attribute. None where there are no two axes.
    """
    declared = asked.profile.declared
    if len(known) < 2:  # noqa: PLR2004  (across and up)
        return None
    if len(asked.map) == 2:  # noqa: PLR2004
        return asked.map[0], asked.map[1]
    up = asked.map[0] if asked.map else ""
    across = next(name for name in known if name != up)
    if not up:
        own = declared.requirement.get(across) or declared.criterion[across]
        others = [name for name in known if name != across]
        limits = [name for name in others if name in asked.profile.require]
        criteria = [
            name
            for name in others
            if name in declared.criterion and declared.criterion[name].attribute != own.attribute
        ]
        up = next(iter([*limits, *criteria, *others]))
    return across, up


def _tabs(asked: Query, names: Sequence[str], across: str, up: str) -> tuple[dict[str, Any], ...]:
    """Return the links that change an axis of the map; to take the other's name swaps both."""
    declared = asked.profile.declared

    def link(name: str, current: str, pair: tuple[str, str]) -> dict[str, Any]:
        usual = next(each for each in names if each != pair[1])
        query = query_of(replace(asked, map=pair[pair[0] == usual :]))
        title = axis_title(name, declared)
        return {"name": name, "title": title, "current": name == current, "query": query}

    return (
        {
            "title": "Across",
            "side": "across",
            "links": [link(n, across, (n, across if n == up else up)) for n in names],
        },
        {
            "title": "Up",
            "side": "up",
            "links": [link(n, up, (up if n == across else across, n)) for n in names],
        },
    )


def _after(asked: Query, changes: Sequence[Change]) -> str:
    """Return the query that asks for the same after changes to its profile."""
    return query_of(replace(asked, profile=changed(asked.profile, changes), model=None))


def _promotions(asked: Query, explained: Explanation) -> Iterator[dict[str, str]]:
    """Yield what would raise the model asked about, each with the query that applies it."""
    if explained.model is not None:
        for text, each in promotions_of(explained.model, explained.answer.solver.catalogue):
            yield {"text": text, "query": _after(asked, each.changes)}


def command(asked: Query) -> str:
    """Return the command line that gives the same answer; it leaves the project's name out."""
    stated = fields_of(asked.profile)
    words = ["mars-solver", "explain"]
    declared = asked.profile.declared
    for flag, names in (("--require", declared.requirement), ("--prefer", declared.criterion)):
        for name in names:
            if name in stated:
                words += [flag, f"{name}={stated[name].replace(SEPARATOR, ',')}"]
    for name in ("workflow", "primary"):
        words += [f"--{name}", stated[name]] if name in stated else []
    words += ["--accept-beta"] if asked.profile.accept_beta else []
    words += ["--unknown", asked.unknown] if asked.unknown != "flag" else []
    words += ["--model", asked.model] if asked.model else []
    return shlex.join(words)
