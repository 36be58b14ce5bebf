"""Labels: profiles with the models that are right for them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, PlainValidator, model_validator

from mars_solver.errors import Problem, rerooted, shown
from mars_solver.inputs.catalogue.attributes import Declarations
from mars_solver.inputs.catalogue.catalogue import digest
from mars_solver.inputs.file_schemas import titled
from mars_solver.inputs.parsing import Input, Issue, Text, TextLine, invalid, parse, unexpected
from mars_solver.proving.pins import Names, ParsedProfile
from mars_solver.vocabulary import up_to


def _pairs(value: object) -> object:
    if not isinstance(value, list | tuple):
        raise unexpected(value, 'a list of pairs, such as [["model-a", "model-b"]]')
    return tuple(tuple(pair) if isinstance(pair, list) else pair for pair in value)


def _weight(value: object) -> float:
    if value is None:
        return 1.0
    if isinstance(value, int | float) and not isinstance(value, bool):
        number = float(value)
        if 0 < number <= MOST and math.isfinite(number):
            return number
    raise unexpected(value, up_to(MOST))


MOST = 10**6
"""The largest weight that a label may have."""


class Document(Input):
    """A label as a file states it."""

    id: Text
    profile: ParsedProfile
    expected: Names = ()
    """The models that may rank first; with `line`, the first models in this order."""
    over: Annotated[tuple[tuple[Text, Text], ...], BeforeValidator(_pairs)] = ()
    """Pairs of models, of which the first ranks before the second."""
    group: TextLine = None
    """Labels of one group are held out together; without it, a label is its own group."""
    weight: Annotated[float, PlainValidator(_weight)] = 1.0
    """How much the label counts if labels contradict each other."""
    line: TextLine = None
    """The line of the guide that the label states, which `verify` reads as an order."""
    preset: TextLine = None
    text: TextLine = None
    measurements: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        issues: list[Issue] = []
        if not self.expected and not self.over:
            hint = "name the models that are right, or pairs under over"
            issues.append(("expected", "at least one model", "none", hint))
        twice = sorted({name for name in self.expected if self.expected.count(name) > 1})
        issues += [("expected", "each model once", f"{name} more than once", "") for name in twice]
        same = [one for one, other in self.over if one == other]
        issues += [("over", "two models", f"{name} over itself", "") for name in same]
        if issues:
            raise invalid(*issues)
        return self


def labels_schema(_: Declarations) -> dict[str, Any]:
    """Return the JSON Schema of a file of labels, for editors."""
    form = Document.model_json_schema()
    form["properties"]["profile"] = {"type": "object"}
    return titled("labels", {"type": "object", "properties": {"labels": {"items": form}}})


@dataclass(frozen=True)
class Label:
    """A label and its location."""

    document: Document
    file: str
    lines: Mapping[str, int] = field(default_factory=dict)
    """The line of the file for each dotted path of the label, as far as it is known."""

    def at(self, path: str = "") -> str:
        """Return the location of one of its fields, for messages."""
        return place_of(self.file, self.lines, path)

    @property
    def id(self) -> str:
        """The id of the label."""
        return self.document.id

    @property
    def group(self) -> str:
        """The group that the label is held out with."""
        return self.document.group or self.document.id

    @property
    def ordered(self) -> bool:
        """Whether `expected` is the order of the first models, and not a choice."""
        return self.document.line is not None

    @cached_property
    def content(self) -> str:
        """All that the label says, as text, its id last: labels are put in the order of it."""
        said = [self.says(), self.document.weight, self.group, self.id]
        return json.dumps(said, sort_keys=True)

    def says(self) -> dict[str, Any]:
        """Return the profile and what the label says of it, as JSON values."""
        document = self.document
        profile = {**document.profile.to_dict(), "name": None}
        return {
            "profile": profile,
            "expected": document.expected if self.ordered else sorted(document.expected),
            "ordered": self.ordered,
            "over": sorted(set(document.over)),
            "measurements": json.loads(json.dumps(document.measurements, default=str)),
        }


def parse_label(
    data: object, declared: Declarations, file: str, lines: Mapping[str, int] | None = None
) -> Label:
    """Return the label that a mapping describes.

    Args:
        data: the mapping.
        declared: what its profile can ask for.
        file: the file of the label, for messages.
        lines: see `Label`.

    Raises:
        InputError: if the mapping has faults; all are named, each with the file and its line.
    """
    known = lines or {}
    with rerooted(lambda problem: replace(problem, place=place_of(file, known, problem.path))):
        return Label(parse(Document, data, file, declared), file, known)


def place_of(file: str, lines: Mapping[str, int], path: str) -> str:
    """Return a file with the line of a path in it, or of the nearest table around that path."""
    while path not in lines and path:
        path = path.rpartition(".")[0]
    return f"{file}:{lines[path]}" if path in lines else file


def together(labels: Iterable[Label]) -> tuple[tuple[Label, ...], list[Problem]]:
    """Return labels as one set, with a problem for each id that names two different labels.

    A repeated label counts once. Labels that answer one profile in ways that exclude each other are
    a contradiction, and no problem here.
    """
    problems: list[Problem] = []
    by_id: dict[str, Label] = {}
    kept: list[Label] = []
    for label in labels:
        known = by_id.get(label.id)
        if known is None:
            by_id[label.id] = label
            kept.append(label)
        elif known.content != label.content:
            kept.append(label)
            found = f"{shown(label.id)} again, for another label than at {known.at('id')}"
            problems.append(Problem(label.at("id"), "id", "an id of its own", found, "rename one"))
    return tuple(kept), problems


def label_digest(labels: Sequence[Label]) -> str:
    """Return the sha256 of what labels say; the order of files and lines does not matter."""
    content = [_content(each) for each in sorted(labels, key=lambda label: label.id)]
    return digest({"labels": content})


def _content(label: Label) -> dict[str, Any]:
    """Return all that a label says, as JSON values."""
    document = label.document
    return {"id": label.id, "group": label.group, "weight": document.weight, **label.says()}
