"""What the shipped catalogue declares, as types.

Generated from models/attributes.toml by `make shipped`; not to be edited.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict


class Requirements(TypedDict, total=False):
    """What can be required; None is not stated."""

    real_time: bool | None
    """Streaming speech for a live conversation."""
    max_ttfb_ms: float | None
    """Time until the first byte of audio arrives, at most, in ms."""
    voice_transfer: bool | None
    """Keeps the speaker and the emotion of reference audio."""
    short_reference: bool | None
    """Works with short or challenging reference audio."""
    style_control: bool | None
    """Emotion and prosody set independently of the speaker."""
    on_device: bool | None
    """Speech synthesis on the device itself."""
    offline: bool | None
    """No network at run time, on the device or on your own server."""
    max_memory_mb: float | None
    """Memory of the running process on your own device (implies on-device use), at most, in MB."""
    self_hosted: bool | None
    """Runs on a deployment of your own."""
    public_api: bool | None
    """Callable through the vendor's public API."""
    languages: list[str] | tuple[str, ...] | None
    """Speaks each of these locales; a bare language such as pt accepts any of its locales."""
    min_sample_rate_hz: float | None
    """Sample rate of the model's own output, at least, in Hz."""
    output_sample_rates_hz: Sequence[float] | None
    """Can deliver each of these sample rates, in Hz."""
    output_formats: list[str] | tuple[str, ...] | None
    """Can deliver each of these audio formats."""
    text_streaming: bool | None
    """Accepts more text while it already speaks."""
    platforms: list[str] | tuple[str, ...] | None
    """Has a ready integration with each of these platforms."""
    regions: list[str] | tuple[str, ...] | None
    """Is served from each of these regions."""
    max_price_usd_per_mchar: float | None
    """Price per million characters, at most, in USD."""


class Importances(TypedDict, total=False):
    """What can be preferred: 0 is off, 5 neutral, 10 the most."""

    latency: int | None
    """A short time to first byte."""
    fidelity: int | None
    """How close the audio is to a real voice."""
    expressiveness: int | None
    """How lively and natural the delivery is."""
    control: int | None
    """Emotion and prosody set independently of the speaker."""
    footprint: int | None
    """Little memory at run time."""
