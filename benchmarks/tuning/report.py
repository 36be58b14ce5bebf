"""The report on weights: one page of HTML without links, the same bytes for the same input."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from benchmarks.tuning.charts import curve, dumbbells, histogram
from benchmarks.tuning.experiments import Figures, changes, figures
from mars_solver import Catalogue, Weights
from mars_solver.inputs.catalogue.attributes import Declarations
from mars_solver.inputs.weights import vector_paths, vectors

if TYPE_CHECKING:
    from mars_solver.tuning.targets import GroundedLabel
    from mars_solver.tuning.tune import Tuned

SINGLY: Final = 60
"""Up to this many labels, each has a row of its own in the chart of leads."""
TEMPLATES: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


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
        after: the weights that the report is about.
        seed: of splits and random profiles.
        tuned: the result of tuning, if it made the second weights.
    """
    declared = catalogue.declared
    shown = figures(asked, catalogue, before, after, seed)
    rows = (vector_paths(declared), vectors(before, declared), vectors(after, declared))
    return TEMPLATES.get_template("report.html").render(
        figures=shown,
        before=before,
        after=after,
        tuned=tuned,
        tiles=_tiles(shown, before, after, declared),
        criteria=tuple(declared.criterion),
        numbers=[
            (".".join(path), list(zip(old, new, strict=True)))
            for path, old, new in zip(*rows, strict=True)
        ],
        models=sorted({name for pair in shown.confusion for name in pair}),
        charts=_charts(shown),
        troubles=_troubles(tuned),
        origin=_origin(before, after, catalogue, seed),
    )


def _tiles(
    shown: Figures, before: Weights, after: Weights, declared: Declarations
) -> list[tuple[str, str]]:
    """Return the figures at the top of the page, each with what it is."""
    right, tested = (sum(x) for x in zip(*((f.right, f.labels) for f in shown.folds), strict=True))
    least = min((lead.after for lead in shown.leads), default=None)
    share = sum(shown.turned_profiles.values()) / shown.profiles
    return [
        (f"{shown.after.right}/{shown.labels}", "labels win"),
        ("–" if least is None else f"{least:.4f}", "smallest lead of a label, in score points"),
        (f"{right}/{tested}", f"win when held out, in {len(shown.folds)} parts"),
        (str(len(changes(before, after, declared))), "numbers changed"),
        (f"{share:.1%}", f"of {shown.profiles} random profiles get another answer"),
    ]


def _charts(shown: Figures) -> dict[str, Markup]:
    """Return the charts by name; those that would show nothing are left out."""
    charts: dict[str, Markup] = {}
    if shown.leads:
        draw = dumbbells if len(shown.leads) <= SINGLY else histogram
        charts["leads"] = draw(shown.leads, "The smallest lead of each label, before and after")
    if shown.learning:
        axis = "share of the other labels that weights are from"
        base = ("weights before", shown.before.share)
        charts["learning"] = curve(shown.learning, "Learning curve", axis, base)
    if shown.noise:
        title = "Robustness against wrong labels"
        charts["noise"] = curve(shown.noise, title, "share of labels turned at random", None)
    return charts


def _troubles(tuned: Tuned | None) -> dict[str, list[str]]:
    """Return what does not fit together, by its heading."""
    if tuned is None:
        return {}
    troubles = {
        "Labels that exclude each other": [", ".join(each) for each in tuned.contradictions],
        "Not searched for all such sets": [] if tuned.complete else ["there may be others"],
        "Labels that do not win": list(tuned.violated),
        "Labels that win by a tie alone": list(tuned.tied),
        "Given up for the labels": list(tuned.given_up),
    }
    return {title: items for title, items in troubles.items() if items}


def _origin(before: Weights, after: Weights, catalogue: Catalogue, seed: int) -> dict[str, str]:
    """Return what the report was made from."""
    facts = {
        "weights": f"{after.name} {after.sha256}",
        "compared with": f"{before.name} {before.sha256}",
        "catalogue": f"{catalogue.version} as of {catalogue.as_of}, {catalogue.sha256}",
        "seed": str(seed),
    }
    if after.provenance is not None:
        facts["labels"] = after.provenance.labels_sha256
        facts["made with"] = ", ".join(after.provenance.versions)
    return facts
