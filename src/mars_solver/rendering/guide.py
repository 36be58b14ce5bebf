"""The guide in words; a derived one as a tree for a terminal and as a Mermaid flowchart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Final

from rich.console import Group, RenderableType
from rich.text import Text
from rich.tree import Tree as Branches

from mars_solver.escaping import mermaid
from mars_solver.rendering.answer import guide_name
from mars_solver.rendering.console import section
from mars_solver.rendering.words import answer_text, digests, keyed
from mars_solver.vocabulary import BATCH, amounts, both, number

if TYPE_CHECKING:
    from mars_solver.inputs.catalogue.catalogue import Catalogue
    from mars_solver.proving.tree import DerivedGuide, Parting, Tree, TreeQuestion
    from mars_solver.solving.solver import Solver

_BATCH: Final = "Is speech rendered ahead of time?"


def vendor_guide(catalogue: Catalogue) -> str:
    """Return the vendor's guide as lines: where it is, its questions, and the models of each.

    Empty where the catalogue has none.
    """
    chart, names = catalogue.flowchart, catalogue.names
    if chart is None:
        return ""
    told = [(f"{i}. {each.text}", each.answer) for i, each in enumerate(chart.questions, start=1)]
    told += [("No need at all", chart.no_need), ("Rendered ahead of time", chart.batch)]
    lines = [f"{text}: {', '.join(names.get(m, m) for m in models)}" for text, models in told]
    return "\n".join([" ".join(filter(None, [guide_name(chart), chart.url])), *lines])


def guide_report(guide: DerivedGuide) -> RenderableType:
    """Return a derived guide for people, and where the vendor's parts from it."""
    least = (
        "no tree of these questions has fewer" if guide.minimal else "smaller trees were not sought"
    )
    told = (
        f"Proved for all {number(guide.profiles)} answers to its questions;"
        f" {guide.tree.questions} questions, {least}."
    )
    branches = Branches(Text("A guide from the facts", style="bold"))
    _grow(branches, guide.tree, "", guide.solver)
    parts = section(_title(guide), _vendor(guide))
    digest = Text(digests(guide.solver), style="dim")
    return Group(branches, Text(), Text(told), Text(), *parts, digest)


def _grow(branches: Branches, tree: Tree, said: str, solver: Solver) -> None:
    """Add a tree to branches, after the answer that leads to it."""
    if tree.question is None or tree.yes is None or tree.no is None:
        branches.add(Text(f"{said}{answer_text(tree.answer, solver.catalogue.names)}"))
        return
    below = branches.add(Text(f"{said}{question_text(tree.question, solver)}"))
    _grow(below, tree.yes, "yes: ", solver)
    _grow(below, tree.no, "no: ", solver)


def guide_mermaid(guide: DerivedGuide) -> str:
    """Return a derived guide as a flowchart in Mermaid."""
    return "\n".join(["flowchart TD", *_nodes(guide.tree, "n", guide.solver)])


def _nodes(tree: Tree, name: str, solver: Solver) -> Iterator[str]:
    if tree.question is None or tree.yes is None or tree.no is None:
        yield f'    {name}["{mermaid(answer_text(tree.answer, solver.catalogue.names))}"]'
        return
    yield f'    {name}{{"{mermaid(question_text(tree.question, solver))}"}}'
    for word, below in (("yes", tree.yes), ("no", tree.no)):
        yield f"    {name} -- {word} --> {name}{word[0]}"
        yield from _nodes(below, f"{name}{word[0]}", solver)


def question_text(question: TreeQuestion, solver: Solver) -> str:
    """Return a question as one asks it."""
    topic, declared = question.topic, solver.declared
    if topic.name == BATCH:
        return _BATCH
    chart = solver.catalogue.flowchart
    if not topic.parts:
        asked = [q.text for q in chart.questions if q.need == topic.name] if chart else []
        return asked[0] if asked else f"{declared.label(topic.name)}?"
    phrase = declared.phrase(topic.name)
    if question.end is None:
        return f"Is there a limit on {phrase}?"
    amount, included = question.end
    bound = {
        (True, True): "at most",
        (True, False): "below",
        (False, True): "at least",
        (False, False): "above",
    }[topic.ceiling, included]
    unit = declared.requirement[topic.name].unit
    return f"Must {phrase} be {bound} {amounts(unit, amount)[0]}?"


def _title(guide: DerivedGuide) -> str:
    chart = guide.solver.catalogue.flowchart
    vendor = f"the guide of {chart.vendor}" if chart and chart.vendor else "the guide"
    return f"Where {vendor} parts from the facts"


def _vendor(guide: DerivedGuide) -> Iterator[str]:
    """Yield how often the vendor's guide is not followed, and each combination where it is not."""
    theorem = guide.theorem
    yield (
        f"not followed in {number(guide.parted)} of {number(guide.profiles)} answers to these"
        f" questions; in {number(theorem.departures)} of {number(theorem.cells)} cells of all"
        f" profiles, and {number(theorem.infeasible)} have no model"
    )
    by_needs = groupby(guide.places, key=lambda place: place.needs)
    for places in (list(some) for _, some in by_needs):
        parting = [place for place in places if not place.vendor.agrees]
        same = len({(place.answer, place.vendor) for place in parting}) == 1
        if same and len(parting) == len(places) > 1:
            yield _place(parting, guide.solver, "batch work or not")
        else:
            for place in parting:
                yield _place([place], guide.solver, "batch work" if place.batch else "")
    beside = sum(place.departures for place in guide.places if place.vendor.agrees)
    if beside:
        yield (
            f"elsewhere the guide is followed where only the needs are asked for, and"
            f" {number(beside)} cells depart for what is required beside them"
        )


def _place(same: Sequence[Parting], solver: Solver, work: str) -> str:
    """Return where the vendor's guide parts, and why: places that differ in the workflow alone."""
    place, declared, names = same[0], solver.declared, solver.catalogue.names
    asked = [*map(declared.phrase, place.needs), *filter(None, [work])]
    told = both([names.get(model, model) for model in place.vendor.answer])
    why = ""
    if place.vendor.blocked_by:
        blocking = both((keyed(declared, name) for name in place.vendor.blocked_by), "or")
        why = f", which does not meet {blocking}"
    departing, cells = sum(each.departures for each in same), sum(each.cells for each in same)
    first = answer_text(place.answer, names)
    return (
        f"{' + '.join(asked) or 'nothing'}: {first}, not {told}{why}"
        f" ({number(departing)} of {number(cells)} cells depart)"
    )
