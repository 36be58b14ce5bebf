"""Every call that the shipped catalogue can print, and what a reader fills in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from mars_solver import Catalogue
from mars_solver.explaining.calls import Calls, calls_of
from mars_solver.inputs.catalogue.models import Model, runnable
from mars_solver.inputs.profile import parse_profile
from mars_solver.solving.solver import Standing

FORMATS = (
    "wav", "flac", "adts", "mp3", "pcm_s16le", "pcm_s16be", "pcm_s32le", "pcm_s32be", "pcm_f32le",
    "pcm_f32be",
)  # fmt: skip
SHAPES: tuple[dict[str, Any], ...] = (
    {},
    {"languages": ["en-gb"]},
    {"languages": ["fr"], "output_sample_rates_hz": [24000]},
    *({"output_formats": [name]} for name in FORMATS),
    {"languages": ["es-xl"], "output_formats": ["mp3", "wav"], "output_sample_rates_hz": [8000]},
)
"""What requirements can change in a call."""


class Printed(NamedTuple):
    """What is printed for one model in one configuration."""

    model: Model
    configuration: Mapping[str, str]
    require: Mapping[str, Any]
    calls: Calls


def printed(catalogue: Catalogue) -> Iterator[Printed]:
    """Yield what is printed for each model, in each way to run it, whatever may be asked for."""
    declared = catalogue.declared
    for require in SHAPES:
        profile = parse_profile({"require": require}, "shape", declared)
        for model in catalogue.models:
            for values in runnable(model, declared):
                calls = calls_of(catalogue, profile, Standing(model, values, 0, 0, refused=False))
                yield Printed(model, declared.chosen(values), require, calls)


VOICE_ID = 147
BASETEN_URL = "http://127.0.0.1:9/predict"
REFERENCE_LANGUAGE = "de-de"
_FILLED = {
    "VOICE_ID = 0 ": f"VOICE_ID = {VOICE_ID} ",
    "VOICE_ID=0 ": f"VOICE_ID={VOICE_ID} ",
    'BASETEN_URL = "" ': f'BASETEN_URL = "{BASETEN_URL}" ',
    'REFERENCE_LANGUAGE = "" ': f'REFERENCE_LANGUAGE = "{REFERENCE_LANGUAGE}" ',
}


def filled(code: str) -> str:
    """Return a call with what its reader fills in."""
    for blank, value in _FILLED.items():
        code = code.replace(blank, value)
    return code
