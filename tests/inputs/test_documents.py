"""What is written as TOML is read as the same."""

from __future__ import annotations

import tomllib
from math import inf

from mars_solver.inputs.documents import toml_lines


def test_a_table_that_is_written_is_read_as_the_same() -> None:
    table = {
        "name": 'Ünïted "quotes"\\ \N{SPEAKER} \u2028',
        "low": 1.5,
        "high": inf,
        "sure": True,
        "languages": ["en-us", "pt"],
        "profile": {"require": {"real_time": True}, "prefer": {}},
    }
    assert tomllib.loads("\n".join(toml_lines(table))) == table
