"""What the shipped catalogue declares, as types.

Generated from models/attributes.toml by `make shipped`; not to be edited.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict


class Requirements(TypedDict, total=False):
    """What can be required; None is not stated."""

    real_time: bool | None
    """Streaming speech in a live conversation."""
    max_ttfb_ms: float | None
    """Time to first byte, at most, in ms."""
    voice_transfer: bool | None
    """Speaker and emotion carried over from reference audio."""
    short_reference: bool | None
    """The reference audio is short or challenging."""
    style_control: bool | None
    """Emotion and prosody directed apart from the speaker."""
    on_device: bool | None
    """Speech made on the device."""
    offline: bool | None
    """No network at run time, on the device or on your own server."""
    max_memory_mb: float | None
    """Memory at run time on your own device, at most (implies on the device), in MB."""
    self_hosted: bool | None
    """Run on your own deployment."""
    public_api: bool | None
    """Callable through the vendor's public API."""
    languages: list[str] | tuple[str, ...] | None
    """Every one of these locales; a language alone asks for any locale of it."""
    min_sample_rate_hz: float | None
    """Sample rate at which the model makes sound, at least, in Hz."""
    output_sample_rates_hz: Sequence[float] | None
    """Every one of these sample rates can be asked for, in Hz."""
    output_formats: list[str] | tuple[str, ...] | None
    """Every one of these audio formats."""
    text_streaming: bool | None
    """Text goes in while audio comes out."""
    platforms: list[str] | tuple[str, ...] | None
    """A ready integration with every one of these platforms."""
    regions: list[str] | tuple[str, ...] | None
    """Served from every one of these regions."""
    max_price_usd_per_mchar: float | None
    """Price of a million characters, at most, in USD."""


class Importances(TypedDict, total=False):
    """What can be preferred: 0 is off, 5 neutral, 10 the most."""

    latency: int | None
    """Low latency."""
    fidelity: int | None
    """Audio close to a real voice."""
    expressiveness: int | None
    """Lively, natural delivery."""
    control: int | None
    """Control of delivery."""
    footprint: int | None
    """Small footprint."""
