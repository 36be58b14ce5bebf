"""Typed access to what the shipped catalogue declares: the text of the module that holds it."""

from __future__ import annotations

from pathlib import Path

from mars_solver.inputs.catalogue import shipped
from mars_solver.inputs.catalogue.attributes import Declarations, Requirement
from mars_solver.inputs.files import load_catalogue
from mars_solver.vocabulary import Kind

FILE = Path(shipped.__file__)
HEAD = '''"""What the shipped catalogue declares, as types.

Generated from models/attributes.toml by `make shipped`; not to be edited.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict
'''
MEMBER = {"text": "str", "language": "str", "number": "float"}


def text(declared: Declarations) -> str:
    """The content of the module."""
    lines = [HEAD, "", "class Requirements(TypedDict, total=False):"]
    lines += ['    """What can be required; None is not stated."""', ""]
    for requirement in declared.requirements:
        about = requirement.describe + (f", in {requirement.unit}" if requirement.unit else "")
        lines += [f"    {requirement.name}: {annotation(requirement)} | None", quoted(about)]
    lines += ["", "", "class Importances(TypedDict, total=False):"]
    lines += ['    """What can be preferred: 0 is off, 5 neutral, 10 the most."""', ""]
    for criterion in declared.criteria:
        lines += [f"    {criterion.name}: int | None", quoted(criterion.describe)]
    return "\n".join(lines) + "\n"


def annotation(requirement: Requirement) -> str:
    """The type of what a requirement asks for."""
    if requirement.kind is Kind.CAPABILITY:
        return "bool"
    if requirement.kind is Kind.SET:
        member = MEMBER[requirement.members]
        return "Sequence[float]" if member == "float" else f"list[{member}] | tuple[{member}, ...]"
    return "float"


def quoted(about: str) -> str:
    """A description as a docstring of a field."""
    return f'    """{about[0].upper()}{about[1:]}."""'


if __name__ == "__main__":
    FILE.write_text(text(load_catalogue().declared), "utf-8")
