"""The guide: ordered questions with their models, and the needs that they ask about."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mars_solver.errors import InputError, Problem
from mars_solver.inputs.catalogue.attributes import Declarations, NeedTable
from mars_solver.inputs.parsing import Date, Input, Text, TextLine, Version, not_one_of, parse


class Question(Input):
    """One question of the guide, and the models of a yes."""

    need: Text
    text: Text
    answer: Annotated[tuple[Text, ...], Field(strict=False, min_length=1)]


class Flowchart(Input):
    """The guide: ordered questions with their models, and its answers where no need is stated."""

    format: Version = Field(alias="schema")
    source: Text
    as_of: Date
    vendor: TextLine = None
    """Who wrote the guide."""
    title: TextLine = None
    url: TextLine = None
    needs: dict[Text, NeedTable] = Field(default_factory=dict)
    no_need: Annotated[tuple[Text, ...], Field(strict=False, min_length=1)]
    batch: Annotated[tuple[Text, ...], Field(strict=False, min_length=1)]
    questions: Annotated[tuple[Question, ...], Field(strict=False)]


def with_needs(declared: Declarations, chart: Flowchart) -> Declarations:
    """Return declarations with the needs of a guide, in the order of its questions."""
    return declared.with_needs({q.need: chart.needs[q.need] for q in chart.questions})


def parse_flowchart(data: object, place: str) -> Flowchart:
    """Return the guide in a file.

    Raises:
        InputError: with every fault that the file has in itself.
    """
    chart = parse(Flowchart, data, place)
    asked = [question.need for question in chart.questions]
    unknown = [
        Problem(place, f"questions.{i}.need", *not_one_of(need, chart.needs))
        for i, need in enumerate(asked)
        if need not in chart.needs
    ]
    if unknown:
        raise InputError(unknown)
    if sorted(asked) != sorted(chart.needs):
        every = ", ".join(chart.needs) or "no need"
        told = ", ".join(asked) or "none"
        raise InputError([Problem(place, "questions", f"each of {every} once", told)])
    return chart
