"""The weights: value functions with fixed anchors, how needs emphasise the criteria, their text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cached_property, reduce
from itertools import pairwise
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, PlainValidator, model_validator

from mars_solver.errors import shown
from mars_solver.inputs.catalogue import digest
from mars_solver.inputs.facts import Text, Version
from mars_solver.inputs.parsing import (
    Bound,
    Input,
    Issue,
    TextLine,
    choice,
    invalid,
    parse,
    unexpected,
)
from mars_solver.inputs.profile import Context
from mars_solver.vocabulary import BATCH, CRITERION_NAMES, NEEDS, VALUE_SCALE

MAX_WEIGHT: Final = 10**6
"""The largest weight in a file: importances, emphases and values then multiply within int64."""


def _up_to(most: int) -> PlainValidator:
    """Return a validator for a whole number from 0 to `most`."""

    def check(value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most:
            return value
        raise unexpected(value, f"a whole number from 0 to {most}")

    return PlainValidator(check)


Weight = Annotated[int, _up_to(MAX_WEIGHT)]
Value = Annotated[int, _up_to(VALUE_SCALE)]


class Anchor(Input):
    """One fixed point of a value function."""

    at: Bound
    value: Value


class Curve(Input):
    """A value function: piecewise linear between anchors, constant beyond the first and last."""

    scale: Annotated[Literal["linear", "log"], choice("linear", "log")]
    anchors: Annotated[tuple[Anchor, ...], Field(strict=False, min_length=2)]

    @model_validator(mode="after")
    def _usable(self) -> Self:
        at = [anchor.at for anchor in self.anchors]
        values = [anchor.value for anchor in self.anchors]
        issues: list[Issue] = []
        if any(a >= b for a, b in pairwise(at)) or at[-1] == float("inf"):
            issues.append(("anchors", "finite, rising places", shown(at), "sort them by `at`"))
        if self.scale == "log" and at[0] <= 0:
            issues.append(("anchors.0.at", "a number > 0 on a log scale", shown(at[0]), ""))
        steps = [b - a for a, b in pairwise(values)]
        if not (all(s >= 0 for s in steps) or all(s <= 0 for s in steps)):
            issues.append(("anchors", "values that only rise or only fall", shown(values), ""))
        if {values[0], values[-1]} != {0, VALUE_SCALE}:
            ends = f"first and last values 0 and {VALUE_SCALE}, in either order"
            issues.append(("anchors", ends, shown([values[0], values[-1]]), ""))
        if issues:
            raise invalid(*issues)
        return self


class Curves(Input):
    """The value function of each criterion that a number scores; control is 0 or the whole."""

    latency: Curve
    fidelity: Curve
    expressiveness: Curve
    footprint: Curve


class PerCriterion(Input):
    """One whole number for each criterion."""

    latency: Weight
    fidelity: Weight
    expressiveness: Weight
    control: Weight
    footprint: Weight


class PerNeed(Input):
    """One vector for each need."""

    real_time: PerCriterion
    voice_transfer: PerCriterion
    style_control: PerCriterion
    on_device: PerCriterion


class Emphasis(PerNeed):
    """What is added to the base where a need is stated, or the workflow is batch."""

    batch: PerCriterion


class Provenance(Input):
    """What tuned weights were made from, and what came of it."""

    labels: Weight
    """How many."""
    labels_sha256: Text
    violated: Annotated[tuple[Text, ...], Field(strict=False)]
    """Ids of the labels that these weights do not satisfy."""
    given_up: Annotated[tuple[Text, ...], Field(strict=False)]
    """What of the guide and the pinned answers does not hold."""
    margin: Text | None = None
    """The smallest lead of any label in score points, as a fraction."""
    start: Text
    """The name of the weights that they were tuned from."""
    start_sha256: Text
    catalogue_sha256: Text
    seed: Weight
    versions: Annotated[tuple[Text, ...], Field(strict=False)]
    """Of the libraries that the numbers rest on."""


class Weights(Input):
    """Everything that turns facts and importances into a score."""

    format: Version = Field(alias="schema")
    name: Text
    note: TextLine = None
    curves: Curves
    base: PerCriterion
    emphasis: Emphasis
    first: PerNeed
    """What is added where a need is the primary one."""

    provenance: Provenance | None = None
    """What made them; no answer depends on it, so that the digest leaves it out."""

    @cached_property
    def sha256(self) -> str:
        """The digest of the content, without its provenance."""
        return digest(self.model_dump(by_alias=True, exclude_none=True, exclude={"provenance"}))

    @cached_property
    def vectors(self) -> Vectors:
        """The numbers of each of `VECTORS`."""
        return tuple(_row(reduce(getattr, path, self)) for path in VECTORS)  # type: ignore[arg-type]


Vectors = tuple[tuple[int, ...], ...]
"""One row of whole numbers for each of `VECTORS`, its criteria in declared order."""
VECTORS: Final[tuple[tuple[str, ...], ...]] = (
    ("base",),
    *(("emphasis", need.name) for need in NEEDS),
    ("emphasis", BATCH),
    *(("first", need.name) for need in NEEDS),
)
"""The path of each vector in a file: all numbers that can be tuned."""


def applying(context: Context) -> tuple[int, ...]:
    """Return the indices in `VECTORS` of the vectors that add up to a profile's weights.

    The base, the emphasis of each stated need and of batch, and the first of the primary need.
    """
    return tuple(
        [0]
        + [1 + i for i, need in enumerate(NEEDS) if need.name in context.needs]
        + ([1 + len(NEEDS)] if context.batch else [])
        + [2 + len(NEEDS) + i for i, need in enumerate(NEEDS) if need.name == context.primary]
    )


def coefficients(weights: Weights, context: Context) -> tuple[int, ...]:
    """Return what the importance of each criterion is multiplied by, in declared order."""
    columns = zip(*(weights.vectors[i] for i in applying(context)), strict=True)
    return tuple(sum(column) for column in columns)


def with_vectors(weights: Weights, vectors: Vectors, **fields: Any) -> Weights:
    """Return weights with other vectors, and perhaps another name, note or provenance.

    Raises:
        InputError: where they are out of range.
    """
    data = weights.model_dump(by_alias=True)
    for path, row in zip(VECTORS, vectors, strict=True):
        table = data
        for part in path[:-1]:
            table = table[part]
        table[path[-1]] = dict(zip(CRITERION_NAMES, row, strict=True))
    return parse(Weights, {**data, **fields}, "weights")


def _row(vector: PerCriterion) -> tuple[int, ...]:
    return tuple(getattr(vector, name) for name in CRITERION_NAMES)


_UNITS: Final = {
    "latency": "time to first byte in ms",
    "fidelity": "judged, 1 to 5",
    "expressiveness": "judged, 1 to 5",
    "footprint": "memory of the weights in MB",
}
_ABOUT_CURVES: Final = (
    "Value functions: a fact at or before the first anchor takes its value, at or beyond the last",
    "(infinity included) that one's; between two anchors the value runs straight along the scale.",
)
_ABOUT_VECTORS: Final = (
    "The weight of a criterion is its importance times the sum of the rows that apply:",
    "base, the emphasis of each need that is stated and of batch, the first of the primary need.",
)
_ABOUT_PROVENANCE: Final = ("What made this file. No answer and no digest depends on it.",)


def weights_toml(weights: Weights, comments: Sequence[str] = ()) -> str:
    """Return the text of a file of weights; reading it gives equal weights.

    Args:
        weights: to write.
        comments: lines at the top, without the `#`.
    """
    lines = list(_commented(comments))
    lines += [f"schema = {weights.format}", f"name = {_quoted(weights.name)}"]
    if weights.note is not None:
        lines.append(f"note = {_quoted(weights.note)}")
    lines += ["", *_commented(_ABOUT_CURVES)]
    for name, unit in _UNITS.items():
        lines += [*_curve(name, unit, getattr(weights.curves, name)), ""]
    lines += _commented(_ABOUT_VECTORS)
    for path in VECTORS:
        vector: Any = reduce(getattr, path, weights)
        lines.append(f"[{'.'.join(path)}]")
        lines += [f"{name} = {getattr(vector, name)}" for name in CRITERION_NAMES]
        lines.append("")
    if weights.provenance is not None:
        lines += [*_commented(_ABOUT_PROVENANCE), "[provenance]"]
        lines += _provenance(weights.provenance.model_dump(exclude_none=True))
    return "\n".join(lines).rstrip("\n") + "\n"


def _commented(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        yield f"# {line}"


def _curve(name: str, unit: str, curve: Curve) -> Iterator[str]:
    yield f"[curves.{name}]  # {unit}"
    yield f"scale = {_quoted(curve.scale)}"
    anchors = ", ".join(f"{{ at = {a.at}, value = {a.value} }}" for a in curve.anchors)
    yield f"anchors = [{anchors}]"


def _provenance(data: dict[str, Any]) -> Iterator[str]:
    for key, value in data.items():
        if isinstance(value, tuple):
            yield f"{key} = [{', '.join(map(_quoted, value))}]"
        else:
            yield f"{key} = {_quoted(value) if isinstance(value, str) else value}"


def _quoted(text: str) -> str:
    """Return a text as a TOML string, which for printable text is a JSON string."""
    return json.dumps(text, ensure_ascii=False)
