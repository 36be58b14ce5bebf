"""The page: an answer as HTML, alone in a file or beside the form that asks for it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from mars_solver import __version__
from mars_solver.errors import InputError
from mars_solver.explaining.changes import PREFER, Change, changed
from mars_solver.explaining.decision_map import axes, decision_map
from mars_solver.explaining.recommendation import recommend_with
from mars_solver.inputs.profile import parse_profile
from mars_solver.inputs.profile_row import SEPARATOR
from mars_solver.proving.tree import derive
from mars_solver.rendering.answer import lead_sentence, report_of
from mars_solver.rendering.console import to_text
from mars_solver.rendering.explanation import (
    conflict_sentence,
    decisive_text,
    nearest_flip,
    promotions_of,
    standpoint_of,
)
from mars_solver.rendering.guide import guide_report
from mars_solver.rendering.words import digests
from mars_solver.vocabulary import ACCEPT_BETA, INFEASIBLE, Status
from mars_solver.web.charts import (
    contributions_chart,
    importances_chart,
    lead_chart,
    shares_chart,
    slope_chart,
    thresholds_chart,
)
from mars_solver.web.comparison import Origin, compared, origin_of
from mars_solver.web.form import field_names, form_of
from mars_solver.web.map_chart import axis_title, map_chart
from mars_solver.web.query import (
    MEASURE,
    SLIDERS,
    TIMING,
    Query,
    fields_of,
    live_requirement,
    query_of,
)

if TYPE_CHECKING:
    from mars_solver.errors import Problem
    from mars_solver.explaining.explanation import Explanation
    from mars_solver.explaining.recommendation import Recommendation
    from mars_solver.inputs.catalogue.catalogue import Catalogue
    from mars_solver.rendering.answer import Report
    from mars_solver.solving.solver import Solver
    from mars_solver.web.charts import Chart

_STATUSES: Final = {
    Status.MEETS.word: "meets everything",
    Status.UNVERIFIED.word: "not confirmed",
    Status.EXCLUDED.word: "ruled out",
    INFEASIBLE: "no model",
}
"""What people read for a status."""
_BRACKETED: Final = re.compile(r" ?\[([\w., -]+)\]")
_BETAS: Final = (Change(ACCEPT_BETA, False, True),)
_MOST_RANKED: Final = 8
"""How many models are ranked in sight; a fold has the others."""


def page(
    solver: Solver, asked: Query, answer: Recommendation, *, printed: tuple[str, str] | None = None
) -> str:
    """Return the page of an answer, or of what can be asked where nothing is.

    Args:
        solver: whose form it is.
        asked: what the form asked for.
        answer: to the profile asked about; by another solver where something was measured.
        printed: the day and the address, for the head of a print; None for no such head.
    """
    explained = answer.explain(asked.model)
    values = {**fields_of(asked.profile), "unknown": asked.unknown}
    values |= {f"{MEASURE}{path}": figure for path, figure in asked.measured}
    values["map"] = SEPARATOR.join(asked.map)
    told = _greeting(asked, explained) if asked.empty else _answer(asked, explained)
    return _render(
        solver,
        live=True,
        form=form_of(solver, values, asked=asked),
        ignored=asked.ignored,
        printed=printed,
        compared=compared(answer.solver.catalogue, answer),
        **told,
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
    figures = form_of(solver, typed).figures
    known = {*field_names(solver), *(each.name for each in figures)}
    aliases = dict.fromkeys(("workflow", live_requirement(solver.declared)), TIMING)
    for each in problems:
        name = each.path if each.path in known else each.path.partition(".")[0]
        name = aliases.get(name, name)
        if name in known:
            errors.setdefault(name, []).append(str(replace(each, place="", path="")))
        else:
            general.append(str(replace(each, place="", path=each.path.removeprefix(MEASURE))))
    count = len(problems)
    said = f"{count} {'entries' if count > 1 else 'entry'} cannot be used"
    return _render(
        solver,
        live=True,
        form=form_of(solver, typed, errors),
        ignored=(),
        printed=None,
        state="faulty",
        general=general,
        said=said,
        title=f"{said} · mars-solver",
        digests=digests(solver),
        compared=None,
    )


def saved_page(
    explained: Explanation, asked: Query | None = None, *, printed: tuple[str, str] | None = None
) -> str:
    """Return an answer as one HTML file that needs no server and loads nothing.

    Args:
        explained: the answer.
        asked: the query that it answers; None for one without measurements.
        printed: as for `page`.
    """
    answer = explained.answer
    model = explained.model.model if explained.model else None
    asked = asked or Query(answer.profile, answer.decision.policy, model)
    return _render(
        answer.solver,
        live=False,
        form=None,
        ignored=(),
        printed=printed,
        compared=compared(answer.solver.catalogue, answer),
        **_answer(asked, explained),
    )


def guide_page(solver: Solver) -> str:
    """Return the guide that follows from the facts, beside the vendor's, as a page."""
    report = to_text(guide_report(derive(solver, limits=True)))
    style = Markup(_asset("page.css"))  # noqa: S704  (ships with the package)
    return _environment().get_template("guide.html").render(style=style, text=report)


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


def _plain(text: str, keys: Mapping[str, str]) -> Markup:
    """Return a text for people: without the keys that one would type, its sources as links."""

    def told(found: re.Match[str]) -> str:
        return keys.get(found[1], found[0])

    return Markup(_BRACKETED.sub(told, str(escape(text))))  # noqa: S704


@lru_cache(maxsize=2**3)
def _keys(catalogue: Catalogue) -> dict[str, str]:
    """Return what stands for each key in brackets: nothing, or the link of a source."""
    declared = catalogue.declared
    sources = {}
    for key in catalogue.sources:
        origin = origin_of(key, catalogue)
        named = Markup('<a href="{}">{}</a>').format(origin.url, key)
        sources[key] = Markup(" ({})").format(named if origin.url else key)
    return {**sources, **dict.fromkeys((*declared.requirement, *declared.criterion), "")}


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("mars_solver.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["plain"] = _plain
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


def _render(solver: Solver, *, live: bool, **context: Any) -> str:
    chart = solver.catalogue.flowchart
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
            guide=chart,
            guide_url=chart.url if chart and (chart.url or "").startswith("https://") else "",
            keys=_keys(solver.catalogue),
            statuses=_STATUSES,
            sliders=SLIDERS,
            timing=TIMING,
            **context,
        )
    )


def _greeting(asked: Query, explained: Explanation) -> dict[str, Any]:
    """Return what the template needs where nothing is asked: the map, and no winner."""
    solver = explained.answer.solver
    wide = asked if asked.map else replace(asked, map=_widest(solver))
    return {
        "state": "greeting",
        "query": query_of(asked),
        "said": "Nothing is asked yet",
        "title": "mars-solver",
        "digests": digests(solver),
        "models": [model.name for model in solver.catalogue.models if not model.beta],
        **_map(wide, explained, asked.map),
    }


@lru_cache(maxsize=2**3)
def _widest(solver: Solver) -> tuple[str, ...]:
    """Return the axes, the first number across, over which the most models win somewhere."""
    across, *others = axes(solver) or ("",)
    decision = recommend_with(solver, parse_profile({}, "the address", solver.declared)).decision

    def winners(up: str) -> int:
        drawn = decision_map(solver, decision, across, up)
        return len({cell.winner for row in drawn.cells for cell in row}) if drawn else 0

    return (across, max(reversed(others), key=winners)) if others else ()


def _answer(asked: Query, explained: Explanation) -> dict[str, Any]:
    """Return what the template needs for an answer."""
    answer = explained.answer
    said = report_of(answer)
    missed = {each.model: len(each.violations) for each in answer.excluded}
    refused = {each.model.id for each in answer.decision.standings if each.refused}
    ranking = sorted(said.ranking, key=lambda row: (row.model in refused, missed.get(row.model, 0)))
    reason = lead_sentence(answer) if answer.shortlist else conflict_sentence(answer)
    return {
        "state": "answer" if answer.shortlist else INFEASIBLE,
        "query": query_of(asked),
        "answer": answer,
        "report": said,
        "ranking": ranking,
        "in_sight": min(len(answer.shortlist) or len(ranking), _MOST_RANKED),
        "asked_about": asked.model,
        "digests": said.digests,
        "said": said.headline,
        "title": f"{said.headline.rstrip('.')} · mars-solver",
        "reason": reason,
        "got": _got(answer),
        "ways": [
            {"text": text, "query": _after(asked, relaxation.changes)}
            for text, relaxation in zip(said.ways_out.lines, answer.relaxations, strict=False)
        ],
        "more": said.ways_out.lines[len(answer.relaxations) :],
        "betas": _after(asked, _BETAS) if answer.betas else "",
        "why": {
            model.id: query_of(replace(asked, model=model.id))
            for model in answer.solver.catalogue.models
        },
        "notes": [
            *(line for line in said.notes.lines if line not in _disputes(answer)),
            *explained.bounds,
        ],
        "command": command(asked),
        "body": json.dumps(answer.profile.to_dict(), indent=2),
        "nearest": nearest_flip(explained.importances, answer.solver.catalogue),
        "decisive": [
            decisive_text(each, answer.solver.catalogue) for each in explained.decisive_facts
        ],
        **_standpoint(asked, explained),
        **_safety(asked, explained, said),
    }


def _got(answer: Recommendation) -> Origin | None:
    """Return who says how one gets the winner; None where no page of the web does."""
    winner, catalogue = answer.decision.winner, answer.solver.catalogue
    fact = winner.model.availability if winner else None
    if fact is None or fact.source not in catalogue.sources:
        return None
    origin = origin_of(fact.source, catalogue)
    return origin if origin.url else None


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


def _safety(asked: Query, explained: Explanation, said: Report) -> dict[str, Any]:
    """Return the pictures of how safe a choice is; none where no model is left."""
    answer = explained.answer
    if not answer.shortlist:
        return {"figures": (), "map": None, "tabs": ()}
    lead = explained.difference
    drawn: list[tuple[str, str, Chart | None]] = [
        (
            "lead",
            lead_sentence(answer),
            lead_chart(lead, answer.solver.catalogue) if lead else None,
        ),
        (
            "flips",
            nearest_flip(explained.importances, answer.solver.catalogue),
            importances_chart(explained),
        ),
        (
            "limits",
            "Who comes first along each limit, all else as it is.",
            thresholds_chart(explained),
        ),
        (
            "shares",
            "In what share of all possible importances each model wins.",
            shares_chart(explained),
        ),
        (
            "bars",
            "Points of each criterion; the line below is the range that the facts allow.",
            contributions_chart(answer),
        ),
        ("slope", said.guide, slope_chart(answer)),
    ]
    return {
        "figures": [(name, told, chart) for name, told, chart in drawn if chart],
        **_map(asked, explained, asked.map),
    }


def _map(asked: Query, explained: Explanation, stated: tuple[str, ...]) -> dict[str, Any]:
    """Return the map with the links that change its axes; None and none without two axes.

    Args:
        asked: with the axes of the map, where some are chosen.
        explained: the answer.
        stated: the axes as the address has them, for the links of the map.
    """
    answer = explained.answer
    known = axes(answer.solver)
    chosen = _axes(asked, known)
    if not chosen:
        return {"map": None, "tabs": ()}
    drawn = decision_map(answer.solver, answer.decision, *chosen)
    profile = answer.profile

    def link(values: Mapping[str, Any]) -> str | None:
        named = {
            f"{PREFER}{name}" if name in profile.declared.criterion else name: value
            for name, value in values.items()
        }
        return _after(replace(asked, map=stated), [Change(n, None, v) for n, v in named.items()])

    limits = {n: v for n in chosen if isinstance(v := profile.require.get(n), int | float)}
    chart = map_chart(drawn, answer.solver.catalogue, limits, link) if drawn else None
    return {"map": chart, "tabs": _tabs(asked, known, *chosen)}


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


def _after(asked: Query, changes: Sequence[Change]) -> str | None:
    """Return the query that asks for the same after changes to its profile, if it can be asked."""
    try:
        return query_of(replace(asked, profile=changed(asked.profile, changes), model=None))
    except InputError:  # the profile would contradict itself
        return None


def _promotions(asked: Query, explained: Explanation) -> Iterator[dict[str, Any]]:
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
    for path, figure in asked.measured:
        words += ["--measure", f"{path}={figure}"]
    return shlex.join(words)
