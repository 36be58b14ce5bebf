"""Tables of random profiles: seeded, drawn column by column, and written in bounded memory.

There are two kinds. `realistic` has what projects write down, so that many rows ask the same
question. In `worst` hardly two rows are alike: ceilings are real numbers, all importances random.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

SEED: Final = 20261125
_STRETCH: Final = 2**18
_CAPABILITIES: Final = {
    "real_time": 0.3,
    "voice_transfer": 0.25,
    "short_reference": 0.1,
    "style_control": 0.15,
    "on_device": 0.1,
    "offline": 0.08,
    "self_hosted": 0.08,
    "public_api": 0.3,
}
"""How often each is required."""
_CRITERIA: Final = ("latency", "fidelity", "expressiveness", "control", "footprint")
LANGUAGES: Final = ("en-us", "hi-in", "en-us;hi-in", "fr-fr;de-de;en-us")
"""All that profiles ask of languages."""


def realistic(rng: np.random.Generator, count: int) -> dict[str, pa.Array]:
    """Return columns of round numbers, most of them not stated."""
    amounts = {
        "max_ttfb_ms": ((200, 300, 500, 1000, 2000), 0.3),
        "max_memory_mb": ((64, 256, 512, 1024), 0.08),
        "min_sample_rate_hz": ((16000, 24000, 44100), 0.2),
    }
    columns = {
        name: _some(rng, rng.choice(np.array(values, dtype=np.float64), count), share)
        for name, (values, share) in amounts.items()
    }
    columns["languages"] = _some(rng, rng.choice(np.array(LANGUAGES, dtype=object), count), 0.4)
    for name in _CRITERIA:
        columns[name] = _some(rng, rng.choice(np.array([0, 3, 5, 8, 10]), count), 0.2)
    return columns


def worst(rng: np.random.Generator, count: int) -> dict[str, pa.Array]:
    """Return columns in which every amount is a real number and every importance is random."""
    columns: dict[str, pa.Array] = {
        "max_ttfb_ms": pa.array(rng.uniform(50, 4000, count)),
        "max_memory_mb": _some(rng, rng.uniform(20, 5000, count), 0.3),
        "min_sample_rate_hz": pa.array(rng.uniform(8000, 50000, count)),
        "languages": _some(rng, rng.choice(np.array(LANGUAGES, dtype=object), count), 0.5),
    }
    columns |= {name: pa.array(rng.integers(0, 11, count)) for name in _CRITERIA}
    return columns


KINDS: Final[dict[str, Callable[[np.random.Generator, int], dict[str, pa.Array]]]] = {
    "realistic": realistic,
    "worst": worst,
}


def write(path: Path, kind: str, rows: int) -> None:
    """Write a table of profiles as Parquet: the same rows in every run."""
    with pq.ParquetWriter(path, _SCHEMA) as writer:
        for batch in batches(kind, rows):
            writer.write_batch(batch)


def batches(kind: str, rows: int) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a table."""
    rng = np.random.default_rng([SEED, list(KINDS).index(kind)])
    for start in range(0, rows, _STRETCH):
        count = min(_STRETCH, rows - start)
        columns = {"id": pa.array(np.arange(start, start + count)).cast(pa.string())}
        columns |= {n: pa.array(rng.random(count) < p) for n, p in _CAPABILITIES.items()}
        columns["accept_beta"] = pa.array(rng.random(count) < 0.2)
        # Batch work contradicts a live conversation, so that the two never meet in a row.
        columns |= KINDS[kind](rng, count)
        live = columns["real_time"].to_numpy(zero_copy_only=False)
        soon = columns["max_ttfb_ms"].fill_null(1e9).to_numpy() < 800
        batch = ~live & ~soon & (rng.random(count) < 0.3)
        columns["workflow"] = pa.array(np.full(count, "batch", dtype=object), mask=~batch)
        columns["primary"] = _primary(columns, rng.random(count) < 0.2)
        yield pa.RecordBatch.from_arrays([columns[name] for name in _SCHEMA.names], schema=_SCHEMA)


def documents(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows as documents in which what is not stated is absent."""
    return [
        {name: value for name, value in row.items() if value is not None and name != "id"}
        for row in rows
    ]


def _primary(columns: dict[str, pa.Array], chosen: Any) -> pa.Array:
    """Return the stated need that comes last in the guide's order, where one is to be primary."""
    names = np.full(len(chosen), "", dtype=object)
    for name in ("voice_transfer", "style_control", "on_device"):
        names[columns[name].to_numpy(zero_copy_only=False)] = name
    return pa.array(names, mask=~chosen | (names == ""))


def _some(rng: np.random.Generator, values: Any, share: float) -> pa.Array:
    """Return a column in which only a share of the values is stated."""
    return pa.array(values, mask=rng.random(len(values)) > share)


_SCHEMA: Final = pa.schema(
    [
        ("id", pa.string()),
        ("workflow", pa.string()),
        ("primary", pa.string()),
        ("accept_beta", pa.bool_()),
        *((name, pa.bool_()) for name in _CAPABILITIES),
        ("max_ttfb_ms", pa.float64()),
        ("max_memory_mb", pa.float64()),
        ("min_sample_rate_hz", pa.float64()),
        ("languages", pa.string()),
        *((name, pa.int64()) for name in _CRITERIA),
    ]
)
