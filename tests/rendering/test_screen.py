"""An answer fits a screen of 80 × 24, the line of the prompt included, and any narrower one."""

from __future__ import annotations

import pytest

from mars_solver import recommend
from mars_solver.inputs.catalogue.presets import load_presets
from mars_solver.rendering.console import recommendation, to_text
