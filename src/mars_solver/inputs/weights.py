"""The weights: value functions with fixed anchors, and how needs emphasise the criteria.

A file of weights names criteria and needs; which of them count is the catalogue's matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, PlainValidator, model_validator

from mars_solver.briefs import named
from mars_solver.errors import Problem, shown
from mars_solver.inputs.catalogue.attributes import Criterion, Declarations, in_sentence
from mars_solver.inputs.catalogue.catalogue import digest
from mars_solver.inputs.documents import toml_lines, toml_value
from mars_solver.inputs.parsing import (
    Bound,
    Input,
    Issue,
    Text,
    TextLine,
    Version,
    choice,
    invalid,
    parse,
    unexpected,
)
from mars_solver.inputs.profile import Context
from mars_solver.vocabulary import BATCH, VALUE_SCALE, Kind

MAX_WEIGHT: Final = 10**6
"""The largest weight in a file: importances, emphases and values then multiply within int64."""


def _weight(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_WEIGHT:
        return value
    raise unexpected(value, f"a whole number from 0 to {MAX_WEIGHT}")


def _value(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= VALUE_SCALE:
        return value
    raise unexpected(value, f"a whole number from 0 to {VALUE_SCALE}")


Weight = Annotated[int, PlainValidator(_weight)]
ScaledValue = Annotated[int, PlainValidator(_value)]


class Anchor(Input):
    """One fixed point of a value function."""

    at: Bound
    value: ScaledValue


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
            issues.append(("anchors", "finite, rising numbers", shown(at), "sort them by `at`"))
        if self.scale == "log" and at[0] <= 0:
            issues.append(("anchors.0.at", "a number above 0 on a log scale", shown(at[0]), ""))
        steps = [b - a for a, b in pairwise(values)]
        if not (all(s >= 0 for s in steps) or all(s <= 0 for s in steps)):
            issues.append(("anchors", "values that only rise or only fall", shown(values), ""))
        if {values[0], values[-1]} != {0, VALUE_SCALE}:
            ends = f"first and last values 0 and {VALUE_SCALE}, in either order"
            issues.append(("anchors", ends, shown([values[0], values[-1]]), ""))
        if issues:
            raise invalid(*issues)
        return self


WeightRow = dict[Text, Weight]
"""One whole number for each criterion; one that is not listed counts 0."""


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
    curves: dict[Text, Curve] = Field(default_factory=dict)
    """The value function of each criterion that a number scores; a capability is 0 or all."""
    base: WeightRow
    emphasis: dict[Text, WeightRow] = Field(default_factory=dict)
    """What is added to the base where a need is stated, or the workflow is batch."""
    first: dict[Text, WeightRow] = Field(default_factory=dict)
    """What is added where a need is the primary one."""

    provenance: Provenance | None = None
    """What made them; no answer depends on it, so that the digest leaves it out."""

    def __repr__(self) -> str:
        return named(type(self), f"of {len(self.base)} criteria", self.name)

    def __hash__(self) -> int:
        """Return the hash of the content."""
        return hash(self.sha256)

    @cached_property
    def sha256(self) -> str:
        """The digest of the content, without its provenance."""
        return digest(self.model_dump(by_alias=True, exclude_none=True, exclude={"provenance"}))

    @cached_property
    def place(self) -> str:
        """How messages name them: by the file that they were read from, if any."""
        return f"the weights {self.name}"

    def knows(self, criterion: Criterion) -> bool:
        """Return whether these weights score a criterion."""
        scored = criterion.kind is Kind.CAPABILITY or criterion.name in self.curves
        return scored and criterion.name in self.base

    def row(self, path: Path, declared: Declarations) -> tuple[int, ...]:
        """Return the numbers at a path of `vector_paths`, in the order of the criteria."""
        table: Any = getattr(self, path[0])
        row = table if len(path) == 1 else table.get(path[1], {})
        return tuple([row.get(c.name, 0) if self.knows(c) else 0 for c in declared.criteria])

    def notes(self, declared: Declarations) -> Iterator[str]:
        """Yield what of the file a catalogue has no use for, in sentences."""
        criteria = {name for row in self._rows() for name in row} | self.curves.keys()
        needs = (self.emphasis.keys() | self.first.keys()) - {BATCH}
        for what, names, known in (
            ("criteria", criteria, declared.criterion.keys()),
            ("needs", needs, declared.need.keys()),
        ):
            extra = sorted(names - known)
            if extra:
                listed = ", ".join(extra)
                yield f"{self.place}: this catalogue has no {what} {listed}; ignored"

    def _rows(self) -> Iterator[WeightRow]:
        yield self.base
        yield from self.emphasis.values()
        yield from self.first.values()


Path = tuple[str, ...]
Vectors = tuple[tuple[int, ...], ...]
"""One row of whole numbers for each of `vector_paths`, its criteria in declared order."""


def vector_paths(declared: Declarations) -> tuple[Path, ...]:
    """Return the path of each vector in a file that counts for a catalogue: all that is tuned."""
    needs = [need.name for need in declared.needs]
    return (
        ("base",),
        *(("emphasis", need) for need in needs),
        ("emphasis", BATCH),
        *(("first", need) for need in needs),
    )


def vectors(weights: Weights, declared: Declarations) -> Vectors:
    """Return the numbers of each of `vector_paths`."""
    return tuple([weights.row(path, declared) for path in vector_paths(declared)])


def applying(context: Context, declared: Declarations) -> tuple[int, ...]:
    """Return the indices in `vector_paths` of the vectors that add up to a profile's weights.

    The base, the emphasis of each stated need and of batch, and the first of the primary need.
    """
    many = len(declared.needs)
    return tuple(
        [0]
        + [1 + declared.need[name].index for name in context.needs]
        + ([1 + many] if context.batch else [])
        + ([2 + many + declared.need[context.primary].index] if context.primary else [])
    )


def coefficients(weights: Weights, declared: Declarations, context: Context) -> tuple[int, ...]:
    """Return what the importance of each criterion is multiplied by, in declared order."""
    rows = vectors(weights, declared)
    columns = zip(*(rows[i] for i in applying(context, declared)), strict=True)
    return tuple([sum(column) for column in columns])


def with_vectors(weights: Weights, declared: Declarations, rows: Vectors, **fields: Any) -> Weights:
    """Return weights with other vectors, and perhaps another name, note or provenance.

    Raises:
        InputError: where they are out of range.
    """
    data = weights.model_dump(by_alias=True)
    names = [c.name for c in declared.criteria if weights.knows(c)]
    for path, row in zip(vector_paths(declared), rows, strict=True):
        table = data
        for part in path[:-1]:
            table = table.setdefault(part, {})
        kept = {c.name: x for c, x in zip(declared.criteria, row, strict=True) if c.name in names}
        table[path[-1]] = {**table.get(path[-1], {}), **kept}
    return parse(Weights, {**data, **fields}, "weights")


def check_preferences(
    weights: Weights, declared: Declarations, names: Iterable[str], place: str
) -> Iterator[Problem]:
    """Yield a problem for each preferred criterion that the weights do not know."""
    for name in names:
        if not weights.knows(declared.criterion[name]):
            capability = declared.criterion[name].kind is Kind.CAPABILITY
            lacking = [f"base.{name}"] if name not in weights.base else []
            lacking += [f"curves.{name}"] if not (capability or name in weights.curves) else []
            expected = f"a criterion that {weights.place} scores"
            hint = f"add {' and '.join(lacking)} to it, or use weights that score it"
            yield Problem(place, f"prefer.{name}", expected, name, hint)


_ABOUT_CURVES: Final = (
    "Value functions: a fact up to the first anchor gets its value, a fact from the last one on",
    "(infinity included) the value of the last; in between, the value is interpolated.",
)
_ABOUT_VECTORS: Final = (
    "The weight of a criterion is its importance times the sum of the rows that apply:",
    "base, emphasis for each stated need and for batch work, first for the need that comes first.",
)
_ABOUT_PROVENANCE: Final = ("What made this file. No answer and no digest depends on it.",)


def weights_toml(weights: Weights, declared: Declarations, comments: Sequence[str] = ()) -> str:
    """Return the text of a file of weights; reading it gives equal weights.

    Args:
        weights: to write.
        declared: in what order criteria and needs are listed, and in which units.
        comments: lines at the top, without the `#`.
    """
    lines = list(_commented(comments))
    lines += [f"schema = {weights.format}", f"name = {toml_value(weights.name)}"]
    if weights.note is not None:
        lines.append(f"note = {toml_value(weights.note)}")
    lines += ["", *_commented(_ABOUT_CURVES)]
    for name in _in_order(weights.curves, declared):
        lines += [*_curve(name, _about(declared, name), weights.curves[name]), ""]
    lines += _commented(_ABOUT_VECTORS)
    tables = [("base", weights.base)]
    needs = [*declared.need, BATCH]
    for key, rows in (("emphasis", weights.emphasis), ("first", weights.first)):
        ordered = [*(n for n in needs if n in rows), *sorted(rows.keys() - set(needs))]
        tables += [(f"{key}.{name}", rows[name]) for name in ordered]
    for path, row in tables:
        lines.append(f"[{path}]")
        lines += [f"{name} = {row[name]}" for name in _in_order(row, declared)]
        lines.append("")
    if weights.provenance is not None:
        lines += [*_commented(_ABOUT_PROVENANCE), "[provenance]"]
        lines += toml_lines(weights.provenance.model_dump(exclude_none=True))
    return "\n".join(lines).rstrip("\n") + "\n"


def _in_order(names: Iterable[str], declared: Declarations) -> list[str]:
    """Return criteria in declared order, those that are not declared last."""
    given = set(names)
    known = [c.name for c in declared.criteria if c.name in given]
    return [*known, *sorted(given - set(known))]


def _about(declared: Declarations, name: str) -> str:
    """Return what the places of a curve are, in words."""
    criterion = declared.criterion.get(name)
    if criterion is None:
        return ""
    attribute = declared.attributes[criterion.attribute]
    label = in_sentence(attribute.label)
    if attribute.scale:
        return f"{label}, {attribute.scale[0]:g} to {attribute.scale[1]:g}"
    return f"{label} in {attribute.unit}" if attribute.unit else label


def _commented(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        yield f"# {line}"


def _curve(name: str, about: str, curve: Curve) -> Iterator[str]:
    yield f"[curves.{name}]" + (f"  # {about}" if about else "")
    yield f"scale = {toml_value(curve.scale)}"
    anchors = ", ".join(f"{{ at = {a.at}, value = {a.value} }}" for a in curve.anchors)
    yield f"anchors = [{anchors}]"
