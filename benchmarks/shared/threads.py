"""Import this before NumPy: it limits linear algebra to one thread.

The sums are too small to gain from more threads, and one thread gives the same on every machine.
"""

from __future__ import annotations

import os

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
