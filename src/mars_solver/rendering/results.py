"""Results as they show themselves: text where they are printed, a short table in a notebook."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from jinja2 import Environment

from mars_solver.explaining.comparison import Comparison
from mars_solver.explaining.explanation import Explanation
from mars_solver.explaining.recommendation import Recommendation
from mars_solver.rendering import console
from mars_solver.rendering.answer import report_of
from mars_solver.rendering.comparison import head_to_head
from mars_solver.rendering.explanation import summary
from mars_solver.rendering.words import Section

if TYPE_CHECKING:
    from jinja2 import Template

    from mars_solver.explaining.showing import Shown

_PAGE: Final = """\
<div>
{%- if name %}<p><strong>{{ name }}</strong></p>{% endif -%}
{%- for line in lines %}<p>{{ line }}</p>{% endfor -%}
<table><thead><tr>
{%- for word in head %}<th scope="col" style="text-align: left">{{ word }}</th>{% endfor -%}
</tr></thead><tbody>
{%- for row in rows %}<tr>
{%- for cell in row %}<td style="text-align: left">{{ cell }}</td>{% endfor -%}
</tr>{% endfor -%}
</tbody></table></div>"""
"""Colours are those of the notebook, light or dark."""
_KEYS: Final = re.compile(r" \[[^\]\n]+\]")
"""The keys of requirements and sources, which stand beside labels where people can type them."""


def text_of(result: Shown) -> str:
    """Return a result as the command line prints it, an answer in full."""
    match result:
        case Comparison():
            return console.to_text(console.comparison(result))
        case Explanation():
            return console.to_text(console.explanation(result))
        case Recommendation():
            return console.to_text(console.recommendation(result, verbose=True))
    raise TypeError(f"{type(result).__name__} has no text")


def html_of(result: Shown) -> str:
    """Return a result as a short table in HTML, in labels alone, with everything escaped."""
    match result:
        case Comparison():
            said = head_to_head(result)
            told = (said.headline, *_titled(said.lead))
            return _html(result.answer.profile.name, told, ("", *said.names), said.rows)
        case Explanation():
            return _ranking(result.answer, summary(result))
        case Recommendation():
            return _ranking(result)
    raise TypeError(f"{type(result).__name__} has no table")


def _ranking(answer: Recommendation, *more: str) -> str:
    """Return the headline of an answer, and the table of all models."""
    report = report_of(answer)
    rows = [
        (
            "" if row.rank is None else row.rank,
            f"{row.mark} {row.name}",
            row.status,
            "" if row.score is None else f"{row.score:.2f}",
            row.why,
        )
        for row in report.ranking
    ]
    head = ("", "Model", "Status", "Score 0–1", "Why")
    told = more or (*_titled(report.conflicts), *_titled(report.ways_out))
    return _html(report.name, (report.headline, *told), head, rows)


def _titled(section: Section) -> tuple[str, ...]:
    """Return a section as paragraphs; none where it has nothing to say."""
    return (section.title, *section.lines) if section.lines else ()


def _html(
    name: str | None,
    lines: Iterable[str],
    head: Iterable[str],
    rows: Iterable[Iterable[object]],
) -> str:
    """Return a name, paragraphs and a table, without the keys beside labels."""
    plain = [[_KEYS.sub("", str(cell)) for cell in row] for row in rows]
    told = [_KEYS.sub("", line) for line in lines]
    return _template().render(name=name, lines=told, head=head, rows=plain)


@lru_cache(maxsize=1)
def _template() -> Template:
    return Environment(autoescape=True).from_string(_PAGE)
