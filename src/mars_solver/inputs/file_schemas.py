"""The JSON Schemas of the files of a catalogue, of weights and of measurements, for editors.

They follow from the forms that check the files. A schema says which keys there are and of which
type; what has to fit together across keys and files is checked by `catalogue --check` alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from mars_solver.inputs.catalogue.attributes import Declarations
from mars_solver.inputs.catalogue.attributes_file import AttributesFile
from mars_solver.inputs.catalogue.catalogue import Source
from mars_solver.inputs.catalogue.guide import Flowchart
from mars_solver.inputs.catalogue.models import DEFAULTS, Defaults, forms
from mars_solver.inputs.parsing import DRAFT, SCHEMA
from mars_solver.inputs.weights import Weights
from mars_solver.vocabulary import Kind

_SPARED: Final = frozenset({"source", "as_of", "grade"})
"""What claims may leave out where the file, or what reads it, fills it in."""


def _model(declared: Declarations) -> dict[str, Any]:
    schema = _described(forms(declared)[0].model_json_schema(), declared)
    defaults = Defaults.model_json_schema()
    schema["properties"][DEFAULTS] = {key: defaults[key] for key in ("type", "properties")}
    return schema


def _measurements(declared: Declarations) -> dict[str, Any]:
    form = _described(forms(declared)[1].model_json_schema(), declared)
    shared = form.pop("$defs", {})
    return {"type": "object", "additionalProperties": form, "$defs": shared}


def _described(schema: dict[str, Any], declared: Declarations) -> dict[str, Any]:
    """Return the schema of facts with what the catalogue says of its attributes."""
    for table in schema.get("$defs", {}).values():
        table["required"] = [key for key in table.get("required", ()) if key not in _SPARED]
    for name, attribute in declared.attributes.items():
        about = schema["properties"][name]
        about.pop("default", None)
        about |= {"title": attribute.label, "description": attribute.describe or attribute.label}
        if attribute.kind == Kind.SET.value:
            about["type"] = "object"
    return schema


def _sources() -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"schema": {"const": SCHEMA}},
        "required": ["schema"],
        "additionalProperties": Source.model_json_schema(),
    }


def titled(kind: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a kind of file with its draft and its name."""
    return {"$schema": DRAFT, "$id": f"mars-solver/{kind}/{SCHEMA}", **schema}


FILES: Final[dict[str, Callable[[Declarations], dict[str, Any]]]] = {
    "attributes": lambda _: titled("attributes", AttributesFile.model_json_schema()),
    "model": lambda declared: titled("model", _model(declared)),
    "sources": lambda _: titled("sources", _sources()),
    "flowchart": lambda _: titled("flowchart", Flowchart.model_json_schema()),
    "weights": lambda _: titled("weights", Weights.model_json_schema()),
    "measurements": lambda declared: titled("measurements", _measurements(declared)),
}
"""The JSON Schema (draft 2020-12) of each kind of file, for what a catalogue declares."""
