"""The report on weights: one page of HTML, whole in itself, the same bytes for the same input."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

from _charts import curve, dumbbells, histogram
from _experiments import Figures, Turn, changes, figures
from mars_solver import Catalogue, Weights
from mars_solver.inputs.weights import VECTORS
from mars_solver.vocabulary import CRITERION_NAMES

if TYPE_CHECKING:
    from mars_solver.tuning.targets import GroundedLabel
    from mars_solver.tuning.tune import Tuned

SINGLY: Final = 60
"""Up to so many labels, each has a row of its own."""
STYLE: Final = Path(__file__).with_name("_report.css")


def page(
    asked: Sequence[GroundedLabel],
    catalogue: Catalogue,
    before: Weights,
    after: Weights,
    seed: int,
    tuned: Tuned | None = None,
) -> str:
    """Return the report on two weights.

    Args:
        asked: the labels, held against the facts.
        catalogue: the facts.
        before: the weights to compare with.
        after: the weights that it is about.
        seed: of splits and random profiles.
        tuned: what tuning found, where the second weights come from it.
    """
    found = figures(asked, catalogue, before, after, seed)
    parts = [
        _head(found, before, after, tuned),
        _numbers(before, after),
        _answers(found),
        _leads(found),
        _confusion(found),
        _held_out(found),
        _profiles(found),
        _troubles(tuned),
        _origin(before, after, catalogue, seed),
    ]
    title = f"Weights {escape(after.name)}"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>\n{STYLE.read_text('utf-8')}</style>\n</head>\n"
        f"<body>\n<main>\n{''.join(parts)}</main>\n</body>\n</html>\n"
    )


def _head(found: Figures, before: Weights, after: Weights, tuned: Tuned | None) -> str:
    said = f"{found.after.right} of {found.labels} labels come out"
    said += (
        f"; {found.before.right} did under {before.name}." if found.before != found.after else "."
    )
    if tuned is not None:
        said += (
            f" {len(tuned.given_up)} things of the guide are given up for them."
            if tuned.given_up
            else " Everything that was to be kept of the guide is kept."
        )
    right, tested = (sum(x) for x in zip(*((f.right, f.labels) for f in found.folds), strict=True))
    least = min((lead.after for lead in found.leads), default=None)
    share = sum(found.turned_profiles.values()) / found.profiles
    tiles = [
        (f"{found.after.right}/{found.labels}", "labels come out"),
        ("–" if least is None else f"{least:.4f}", "smallest lead of a label, in score points"),
        (f"{right}/{tested}", f"come out held out, in {len(found.folds)} parts"),
        (str(len(changes(before, after))), "numbers changed"),
        (f"{share:.1%}", f"of {found.profiles} random profiles are answered otherwise"),
    ]
    items = "".join(f"<li><b>{value}</b><span>{escape(what)}</span></li>" for value, what in tiles)
    note = f"<p>{escape(after.note)}</p>" if after.note else ""
    return (
        f"<header>\n<h1>Weights {escape(after.name)}</h1>\n{note}<p>{escape(said)}</p>\n"
        f'<ul class="tiles">{items}</ul>\n</header>\n'
    )


def _section(title: str, about: str, body: str) -> str:
    head = f'<h2>{escape(title)}</h2>\n<p class="about">{escape(about)}</p>'
    return f"<section>\n{head}\n{body}\n</section>\n"


def _table(head: Iterable[str], rows: Iterable[str], numeric: bool = False) -> str:
    kind = ' class="n"' if numeric else ""
    cells = "".join(
        f'<th scope="col"{kind if i else ""}>{escape(each)}</th>' for i, each in enumerate(head)
    )
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    table = f"<table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="card">{table}</div>'


def _numbers(before: Weights, after: Weights) -> str:
    rows = []
    for path, old, new in zip(VECTORS, before.vectors, after.vectors, strict=True):
        row = f'<th scope="row"><code>{".".join(path)}</code></th>'
        for one, other in zip(old, new, strict=True):
            if one != other:
                row += f'<td class="n changed"><del>{one} →</del> {other}</td>'
            else:
                row += f'<td class="n{"" if other else " zero"}">{other}</td>'
        rows.append(row)
    about = (
        f"From {before.name} to {after.name}. What applies to a profile adds up: the base, the "
        "emphasis of each need that is stated and of batch, and the first of the primary need."
    )
    return _section("The numbers", about, _table(("", *CRITERION_NAMES), rows, numeric=True))


def _turns(turns: Sequence[Turn], what: str) -> str:
    rows = [
        f'<th scope="row">{escape(name)}</th><td>{escape(old)}</td><td>{escape(new)}</td>'
        for name, old, new in turns
    ]
    return _table((what, "before", "after"), rows)


def _answers(found: Figures) -> str:
    if not found.turned_labels:
        about = "Every label is answered with the same first model as before."
        return _section("Labels that are answered otherwise", about, "")
    many = len(found.turned_labels)
    about = f"{many} label{'s have' if many > 1 else ' has'} another first model than before."
    return _section(
        "Labels that are answered otherwise", about, _turns(found.turned_labels, "label")
    )


def _leads(found: Figures) -> str:
    if not found.leads:
        return ""
    about = (
        "By how many score points the right model leads the nearest wrong one; below 0 the label "
        "does not come out. The nearer to 0, the less it takes to turn it. "
        f"{found.labels - len(found.leads)} labels are not shown: the facts alone decide them."
    )
    key = (
        '<p class="key"><span><i class="ring"></i>before</span>'
        '<span><i class="dot"></i>after</span></p>'
    )
    draw = dumbbells if len(found.leads) <= SINGLY else histogram
    picture = draw(found.leads, "The smallest lead of each label, before and after")
    return _section("Leads", about, f'<div class="card">{key}{picture}</div>')


def _confusion(found: Figures) -> str:
    names = sorted({name for pair in found.confusion for name in pair})
    if not names:
        return ""
    rows = []
    for wanted in names:
        row = f'<th scope="row">{escape(wanted)}</th>'
        for first in names:
            count = found.confusion.get((wanted, first), 0)
            kind = ("good" if wanted == first else "wrong") if count else "zero"
            row += f'<td class="n {kind}">{count}</td>'
        rows.append(row)
    about = "Rows: the model that labels want first. Columns: the model that comes first now."
    return _section("Wanted and answered", about, _table(("", *names), rows, numeric=True))


def _held_out(found: Figures) -> str:
    rows = [
        f'<th scope="row">{i}</th><td class="n">{fold.labels}</td><td class="n">{fold.right}</td>'
        f'<td class="n">{fold.share:.1%}</td>'
        for i, fold in enumerate(found.folds, start=1)
    ]
    about = (
        f"Weights from the labels outside a part, held against the labels in it; {found.groups} "
        "groups of labels, none of them torn. The guide is left aside here, but the weights at the "
        "start were made with it in view: on its own lines this shows stability, not skill."
    )
    body = _table(("part", "labels", "come out", "share"), rows, numeric=True)
    if found.learning:
        base = ("weights before", found.before.share)
        picture = curve(
            found.learning,
            "Learning curve",
            "share of the other labels that weights are from",
            base,
        )
        body += f'<h2>With fewer labels</h2><p class="about">Labels left out that come out, over the share of labels that the weights are made from; the band spans the repeats.</p><div class="card">{picture}</div>'  # noqa: E501
    if found.noise:
        picture = curve(
            found.noise, "Robustness against wrong labels", "share of labels turned at random", None
        )
        body += f'<h2>With wrong labels</h2><p class="about">True labels left out that come out, over the share of the others that were turned to a wrong model on purpose.</p><div class="card">{picture}</div>'  # noqa: E501
    return _section("Held out", about, body)


def _profiles(found: Figures) -> str:
    total = sum(found.turned_profiles.values())
    about = (
        f"{total} of {found.profiles} random profiles, with random importances, have another first "
        "model than before."
    )
    if not total:
        return _section("Other profiles", about, "")
    rows = [
        f'<th scope="row">{escape(old)}</th><td>{escape(new)}</td><td class="n">{count}</td>'
        for (old, new), count in found.turned_profiles.items()
    ]
    body = _table(("before", "after", "profiles"), rows)
    return _section("Other profiles", about, body + "<br>" + _turns(found.examples, "for example"))


def _troubles(tuned: Tuned | None) -> str:
    if tuned is None or not (tuned.contradictions or tuned.given_up or tuned.violated):
        return ""
    body = ""
    for title, items in (
        ("Labels that exclude each other", [", ".join(each) for each in tuned.contradictions]),
        ("Labels that do not come out", tuned.violated),
        ("Given up for the labels", tuned.given_up),
    ):
        if items:
            lines = "".join(f"<li>{escape(item)}</li>" for item in items)
            body += f'<h2>{title}</h2><div class="card"><ul class="plain">{lines}</ul></div>'
    about = "Each set is minimal: without any one of its labels, the others can come out together."
    return _section("What does not fit together", about, body)


def _origin(before: Weights, after: Weights, catalogue: Catalogue, seed: int) -> str:
    facts = {
        "weights": f"{after.name} {after.sha256}",
        "compared with": f"{before.name} {before.sha256}",
        "catalogue": f"{catalogue.version} as of {catalogue.as_of}, {catalogue.sha256}",
        "seed": str(seed),
    }
    if after.provenance is not None:
        facts["labels"] = after.provenance.labels_sha256
        facts["made with"] = ", ".join(after.provenance.versions)
    rows = "".join(
        f"<dt>{escape(name)}</dt><dd><code>{escape(value)}</code></dd>"
        for name, value in facts.items()
    )
    return _section("Where it comes from", "", f'<div class="card"><dl>{rows}</dl></div>')
