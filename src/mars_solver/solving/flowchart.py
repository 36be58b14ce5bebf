"""What the guide's flowchart answers, and whether a decision agrees with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mars_solver.briefs import brief
from mars_solver.inputs.catalogue.guide import Flowchart
from mars_solver.inputs.profile import Context
from mars_solver.solving.solver import Decision, Order


@dataclass(frozen=True, slots=True)
class GuideVerdict:
    """The guide's answer to a profile, and whether the decision agrees with it."""

    __repr__ = brief

    question: int | None
    """The number of the first question answered with yes; None where there is no need."""
    answer: tuple[str, ...]
    """Ids of the guide's models, in its order."""
    agrees: bool
    """Whether these models come first, or the first model is one of them where the facts do not
    let all of them stand best."""
    blocked_by: tuple[str, ...]
    """The requirements that the guide's models do not meet; empty where the decision agrees, and
    where preferences alone put another model first."""


def answer(flowchart: Flowchart, context: Context) -> tuple[int | None, tuple[str, ...]]:
    """Return the number of the question that decides, and the guide's models.

    The questions are asked in order, the primary need's first.
    """
    for number, models in _answers(flowchart, context):
        return number, models
    return None, flowchart.batch if context.batch else flowchart.no_need


def every_answer(flowchart: Flowchart) -> list[tuple[str, ...]]:
    """Return every answer that the guide can give."""
    given = [flowchart.no_need, flowchart.batch, *(each.answer for each in flowchart.questions)]
    return list(dict.fromkeys(given))


def picks(flowchart: Flowchart, context: Context) -> tuple[str, ...]:
    """Return the models of every question that is answered with yes, in the order of asking."""
    answers = [models for _, models in _answers(flowchart, context)]
    models = sum(answers, ()) or answer(flowchart, context)[1]
    return tuple(dict.fromkeys(models))


def _answers(flowchart: Flowchart, context: Context) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield the number and the models of each question answered with yes, the primary's first."""
    numbered = enumerate(flowchart.questions, start=1)
    asked = [(number, each) for number, each in numbered if each.need in context.needs]
    for number, question in sorted(asked, key=lambda item: item[1].need != context.primary):
        yield number, question.answer


def compare(flowchart: Flowchart, decision: Decision) -> GuideVerdict:
    """Return whether a decision agrees with the guide, and what blocks the guide if not."""
    question, models = answer(flowchart, decision.profile.context)
    ranked, orders = decision.ids, decision.orders
    agrees = agree(models, ranked, orders)
    blocking = 0
    if not agrees and not stand_best(models, ranked, orders):
        for standing in decision.standings:
            if standing.model.id in models:
                blocking |= standing.violated | standing.unverified
    return GuideVerdict(question, models, agrees, decision.profile.declared.names_of(blocking))


def agree(models: tuple[str, ...], ranked: Sequence[str], orders: Sequence[Order]) -> bool:
    """Return whether the guide's models come first, as far as the facts let them.

    Args:
        models: the guide's, in its order.
        ranked: the ids of the models that are left, best first.
        orders: the standing of each, as it ranks.
    """
    if not ranked:
        return False
    if stand_best(models, ranked, orders):
        return tuple(ranked[: len(models)]) == models
    return ranked[0] in models


def stand_best(models: tuple[str, ...], ranked: Sequence[str], orders: Sequence[Order]) -> bool:
    """Return whether each of the guide's models has the best standing of any candidate."""
    best = {model for model, order in zip(ranked, orders, strict=True) if order == orders[0]}
    return bool(best) and best.issuperset(models)
