"""Text as record batches of profiles: what CSV and JSON Lines have in common.

Arrow reads what is well-formed. Where it cannot, a stretch is halved again and again, until our own
reader takes the few lines that are left; it answers the same wherever both can read, and names
what is wrong with each line.
"""

from __future__ import annotations

import csv
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mars_solver.batch.records import Reasons, Records
from mars_solver.errors import Problem
from mars_solver.inputs.catalogue.attributes import Declarations
from mars_solver.inputs.profile_row import ExtraColumns, extras

LINE_BYTES: Final = 2**20
"""The longest line that is read: no profile takes as much."""
TOO_LONG: Final = str(Problem("", "", f"a line of at most {LINE_BYTES} bytes", "a longer one"))
_FEW_LINES: Final = 64
"""So many lines and no fewer are given to one reader or the other."""
_FAR_LINES: Final = 2**12
"""After so many more lines a quotation mark that is open is taken for one that never closes."""
_PIECES: Final = 8
"""In how many pieces a stretch is cut that Arrow cannot read."""
_LONG_CELL: Final = csv.field_size_limit()
"""Our reader takes no longer cell, so that it has to read whatever holds one."""
_BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class TextForm(ABC):
    """How a text holds profiles.

    Attributes:
        declared: what can be asked.
        extra: what becomes of columns that no profile has.
        named: the columns that the first line names.
    """

    declared: Declarations
    extra: ExtraColumns | None
    named: tuple[str, ...]

    @property
    def kept(self) -> tuple[str, ...]:
        """The columns that no profile has and that the answers carry, as texts."""
        return tuple(extras(self.named, self.declared)) if self.extra == "keep" else ()

    @abstractmethod
    def records(self, text: bytes) -> Records:
        """Return the records of lines; blank ones are none."""


def lines_in(data: bytes) -> list[bytes]:
    """Return the lines of a text that are not blank."""
    return [line for line in data.split(b"\n") if line.strip()]


def read_lines(
    text: bytes,
    arrow: Callable[[bytes], pa.RecordBatch | None],
    own: Callable[[list[bytes]], tuple[pa.RecordBatch, Reasons]],
    quote: bytes = b"",
) -> tuple[pa.RecordBatch, Reasons]:
    """Return the rows of a text, and those that are refused.

    Args:
        text: of whole lines.
        arrow: returns the rows of a stretch; None where it cannot read them as `own` does.
        own: returns the rows of a few lines, and those that are refused.
        quote: what may enclose line breaks.
    """
    if not _has_long_line(text) and (rows := arrow(text)) is not None:
        return rows, {}
    cuts = _cuts(text, quote)
    found: list[pa.RecordBatch] = []
    refused: Reasons = {}
    count = 0
    waiting = [(0, len(cuts) - 1)]
    while waiting:
        first, last = waiting.pop()
        piece = text[cuts[first] : cuts[last]]
        rows = None if _has_long_line(piece) else arrow(piece)
        if rows is None and last - first > 1:
            step = -(-(last - first) // _PIECES)
            waiting += reversed([*pairwise([*range(first, last, step), last])])
            continue
        if rows is None:
            rows, why = own(BytesIO(piece).readlines())
            refused |= {count + row: reasons for row, reasons in why.items()}
        found.append(rows)
        count += rows.num_rows
    return in_one(pa.Table.from_batches(found)), refused


def _has_long_line(text: bytes) -> bool:
    """Return whether a line may hold a cell that our reader takes for too long."""
    step = _LONG_CELL // 2
    starts = range(0, len(text) - step, step)
    # Where a line ends in every half, none is longer than a whole.
    return any(text.find(b"\n", start, start + step) < 0 for start in starts) and (
        max(map(len, text.split(b"\n"))) >= _LONG_CELL
    )


def _cuts(text: bytes, quote: bytes) -> list[int]:
    """Return where stretches of a few lines begin, and the end; no cell goes beyond one.

    Quotation marks pair up in a stretch, unless they do not for many lines.

    Args:
        text: of whole lines.
        quote: what may enclose line breaks.
    """
    data = np.frombuffer(text, np.uint8)
    ends = np.flatnonzero(data == ord("\n")) + 1
    marks = np.flatnonzero(data == ord(quote)) if quote else ends[:0]
    if len(marks):
        open_ = np.searchsorted(marks, ends) % 2
        even = np.flatnonzero(open_ == 0)
        cuts = []
        line = _FEW_LINES - 1
        while line < len(ends):
            at = np.searchsorted(even, line)
            paired = int(even[at]) if at < len(even) else len(ends)
            line = min(paired, line + _FAR_LINES, len(ends) - 1)
            cuts.append(int(ends[line]))
            line += _FEW_LINES
    else:
        cuts = ends[_FEW_LINES - 1 :: _FEW_LINES].tolist()
    return [0, *cuts, len(data)] if not cuts or cuts[-1] < len(data) else [0, *cuts]


def is_utf8(text: bytes) -> bool:
    """Return whether a text is UTF-8 without a mark of its order."""
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return not text.startswith(_BOM)


def in_one(table: pa.Table) -> pa.RecordBatch:
    """Return the rows of a table as one record batch."""
    columns_ = [column.combine_chunks() for column in table.columns]
    one = [c.chunk(0) if isinstance(c, pa.ChunkedArray) else c for c in columns_]
    return pa.RecordBatch.from_arrays(one, schema=table.schema)


def is_finite(numbers: pa.Array) -> bool:
    """Return whether none is NaN or infinite."""
    return bool(pc.all(pc.is_finite(numbers), min_count=0).as_py())
