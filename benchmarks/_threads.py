"""Imported before NumPy: one thread for linear algebra, which is too small here to gain from more.

Several threads take longer to meet than to add, and one gives the same sums on every machine.
"""

from __future__ import annotations

import os

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
