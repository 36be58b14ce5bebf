"""JSON Lines of profiles in, JSON Lines of answers out: the batch contract without Arrow."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mars_solver.errors import InputError
from mars_solver.explaining.recommendation import recommend_with
from mars_solver.inputs.documents import decode, parse_json
from mars_solver.inputs.profile_row import ID, SEPARATOR, is_text, parse_row
from mars_solver.vocabulary import INFEASIBLE

if TYPE_CHECKING:
    from mars_solver.explaining.recommendation import Recommendation
    from mars_solver.solving.solver import Solver
    from mars_solver.vocabulary import Policy

REJECTED = "rejected"
_RANKED = ("model", "score", "status")


def rows_in(data: bytes) -> list[bytes]:
    """Return the lines that are not blank."""
    return [line for line in data.split(b"\n") if line.strip()]


def answers(
    solver: Solver, rows: list[bytes], unknown: Policy = "flag", top: int = 3
) -> Iterator[str]:
    """Yield one line of JSON for each row: the columns of a batch, and `reasons`.

    `reasons` is null but for a row that is no profile: that one has the status "rejected".
    """
    for number, line in enumerate(rows):
        row: dict[str, Any] = {}
        try:
            row = parse_json(decode(line, ""), "")
            answer = recommend_with(solver, parse_row(row), unknown=unknown, top=top)
        except InputError as error:
            reasons = [str(problem) for problem in error.problems]
            yield json.dumps({**_blank(number, row, top), "status": REJECTED, "reasons": reasons})
        else:
            yield json.dumps(_answered(number, row, top, answer))


def _blank(number: int, row: Mapping[str, Any], top: int) -> dict[str, Any]:
    """Return the columns of a row without an answer, in their order."""
    name = row.get(ID)
    ranks = (f"{key}_{rank}" for key in _RANKED for rank in range(1, top + 1))
    return {
        "row": number,
        ID: name if is_text(name) else None,
        "status": INFEASIBLE,
        **dict.fromkeys(ranks),
        "blocked": None,
        "flowchart_agrees": None,
        "reasons": None,
    }


def _answered(
    number: int, row: Mapping[str, Any], top: int, answer: Recommendation
) -> dict[str, Any]:
    found = _blank(number, row, top)
    found |= {"status": answer.status, "flowchart_agrees": answer.flowchart.agrees}
    for each in answer.shortlist:
        found[f"model_{each.rank}"] = each.model
        found[f"score_{each.rank}"] = each.score
        found[f"status_{each.rank}"] = each.status
    alone = [conflict[0] for conflict in answer.conflicts if len(conflict) == 1]
    blocked = alone or [name for conflict in answer.conflicts[:1] for name in conflict]
    found["blocked"] = SEPARATOR.join(blocked) or None
    return found
