"""The tables of the documentation that are made from what the shipped catalogue declares.

A page holds one between `<!-- table: NAME -->` and `<!-- end of table -->`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from mars_solver import load_catalogue
from mars_solver.inputs.catalogue.attributes import Requirement
from mars_solver.vocabulary import Kind

CATALOGUE = load_catalogue()
DECLARED = CATALOGUE.declared
_TABLE = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end of table -->\n)", re.DOTALL)

Rows = Iterable[Iterable[str]]


def renewed(page: str) -> str:
    """Return a page with its tables as the catalogue makes them now."""
    return _TABLE.sub(lambda found: f"{found[1]}\n{TABLES[found[2]]()}\n{found[3]}", page)


def _table(head: Iterable[str], rows: Rows) -> str:
    lines = [list(head)]
    lines += [["---"] * len(lines[0]), *(list(row) for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _value(requirement: Requirement) -> str:
    """An example of what a requirement takes in a file."""
    if requirement.kind is Kind.CAPABILITY:
        return "true"
    if requirement.kind is Kind.SET:
        return "[24000, ...]" if requirement.members == "number" else '["...", ...]'
    return "NUMBER"


def _flag(requirement: Requirement) -> str:
    flag = "--" + requirement.name.replace("_", "-")
    if requirement.kind is Kind.CAPABILITY:
        return flag
    return f"{flag} {'A,B' if requirement.kind is Kind.SET else 'N'}"


def _requirements() -> str:
    def rows() -> Iterator[list[str]]:
        for r in sorted(DECLARED.requirements, key=lambda r: groups.index(r.group)):
            unit = f", in {r.unit}" if r.unit else ""
            yield [
                r.group,
                r.label,
                f"`{r.name} = {_value(r)}`",
                f"`{_flag(r)}`",
                r.describe + unit,
            ]

    groups = list(dict.fromkeys(r.group for r in DECLARED.requirements))
    return _table(["group", "requirement", "in a file", "as a flag", "meaning"], rows())


def _preferences() -> str:
    rows = [[c.label, f"`{c.name}`", c.describe] for c in DECLARED.criteria]
    return _table(["preference", "in a file, with 0 to 10", "what it rewards"], rows)


def _needs() -> str:
    chart = CATALOGUE.flowchart
    assert chart is not None
    names = {model.id: model.name for model in CATALOGUE.models}

    def stated(name: str) -> Iterator[str]:
        need = DECLARED.need[name]
        unless = dict(need.unless)
        for each in need.stated_by:
            others = " or ".join(f"`{other}`" for other in unless.get(each, ()))
            yield f"`{each}`" + (f" (not beside {others})" if others else "")
        for each, limit in need.below:
            yield f"`{each}` below {limit}"

    rows = [
        [
            str(number),
            question.text,
            f"`{question.need}`",
            ", ".join(stated(question.need)),
            ", ".join(names[model] for model in question.answer),
        ]
        for number, question in enumerate(chart.questions, 1)
    ]
    return _table(["", "the guide asks", "need", "stated by any of", "its answer"], rows)


def _configurations() -> str:
    rows = [
        [f"`{variable}`", f"`{value.value}`", DECLARED.value_label(variable, value.value)]
        for variable, domain in DECLARED.variables.items()
        for value in domain
    ]
    return _table(["what is chosen", "value", "what people read"], rows)


def _presets() -> str:
    rows = [[f"`{p.name}`", p.title, p.text] for p in CATALOGUE.presets]
    return _table(["preset", "title", "for"], rows)


TABLES: dict[str, Callable[[], str]] = {
    "requirements": _requirements,
    "preferences": _preferences,
    "needs": _needs,
    "configurations": _configurations,
    "presets": _presets,
}
