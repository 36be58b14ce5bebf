"""The text of a file of weights."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import reduce
from typing import Any, Final

from mars_solver.inputs.weights import VECTORS, Curve, Weights
from mars_solver.vocabulary import CRITERION_NAMES

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
