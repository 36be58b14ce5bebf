"""What the guide's flowchart answers, and whether a decision agrees with it."""

from __future__ import annotations

from dataclasses import dataclass

from mars_solver.catalogue import Flowchart
from mars_solver.profile import Profile
from mars_solver.solver import Decision
from mars_solver.vocabulary import names_of


@dataclass(frozen=True, slots=True)
class GuideVerdict:
    """The guide's answer to a profile, and how the decision stands to it."""

    question: int | None
    """The number of the first question answered with yes; None where there is no need."""
    answer: tuple[str, ...]
    """Ids of the guide's models, in its order."""
    agrees: bool
    """Whether these models come first, or the first model is one of them where the facts do not
    let all of them stand best."""
    blocked_by: tuple[str, ...]
    """The requirements that the guide's models do not meet; empty where the decision agrees."""


def answer(flowchart: Flowchart, profile: Profile) -> tuple[int | None, tuple[str, ...]]:
    """Return the number of the question that decides and the guide's models for a profile.

    The questions are asked in order, the primary need's first.
    """
    needs = profile.require.needs
    asked = sorted(
        enumerate(flowchart.questions, start=1), key=lambda item: item[1].need != profile.primary
    )
    for number, question in asked:
        if question.need in needs:
            return number, question.answer
    return None, flowchart.batch if profile.batch else flowchart.no_need


def compare(flowchart: Flowchart, decision: Decision) -> GuideVerdict:
    """Return how a decision stands to the guide."""
    question, models = answer(flowchart, decision.profile)
    agrees = _agrees(models, decision)
    blocking = 0
    if not agrees:
        for standing in decision.standings:
            if standing.model.id in models:
                blocking |= standing.violated | standing.unverified
    return GuideVerdict(question, models, agrees, names_of(blocking))


def _agrees(models: tuple[str, ...], decision: Decision) -> bool:
    """Return whether the guide's models come first, as far as the facts let them."""
    if not decision.ranking:
        return False
    ranked = [decision.standings[place].model.id for place in decision.ranking]
    best = decision.order(decision.ranking[0])
    standing_best = {
        decision.standings[place].model.id
        for place in decision.ranking
        if decision.order(place) == best
    }
    if standing_best.issuperset(models):
        return tuple(ranked[: len(models)]) == models
    return ranked[0] in models
