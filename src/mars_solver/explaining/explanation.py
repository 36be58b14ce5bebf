"""An answer explained: the lead of the winner, and everything that would change it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mars_solver.explaining.decisive_facts import Decisive, decisive_facts
from mars_solver.explaining.plain import plain
from mars_solver.explaining.promotion import Standpoint, standpoint
from mars_solver.explaining.sensitivity import (
    Flip,
    ImportanceFlips,
    Share,
    Stretch,
    Sweep,
    first_rank_shares,
    importance_flips,
    sweeps,
)
from mars_solver.solving.scoring import full_score
from mars_solver.vocabulary import CRITERIA

if TYPE_CHECKING:
    from mars_solver.explaining.recommendation import Recommendation


@dataclass(frozen=True, slots=True)
class CriterionLead:
    """What one criterion adds to the lead of the first model over the second."""

    criterion: str
    points: float


@dataclass(frozen=True, slots=True)
class Difference:
    """The first model beside the second."""

    first: str
    second: str
    by_standing: bool
    """Whether the first stands better, so that no score could change their order."""
    points: float
    """The lead in score; negative where the first leads by standing alone."""
    criteria: tuple[CriterionLead, ...]
    """What adds up to it."""


@dataclass(frozen=True)
class Explanation:
    """An answer with what would change it. Every part is computed when first asked for."""

    answer: Recommendation
    index: int | None = None
    """The index in the catalogue of the one model asked about."""

    @cached_property
    def difference(self) -> Difference | None:
        """The lead of the first model over the second; None where there are not two."""
        decision = self.answer.decision
        if len(decision.ranking) < 2:  # noqa: PLR2004  (a first and a second)
            return None
        first, second = decision.ranking[:2]
        whole = full_score(decision.weights)
        middles = self.answer.solver.middles
        leads = [
            weight * (one - other)
            for weight, one, other in zip(
                decision.weights, middles[first], middles[second], strict=True
            )
        ]
        return Difference(
            decision.ids[0],
            decision.ids[1],
            decision.order(first) != decision.order(second),
            sum(leads) / whole,
            tuple(
                CriterionLead(c.name, lead / whole) for c, lead in zip(CRITERIA, leads, strict=True)
            ),
        )

    @cached_property
    def importances(self) -> tuple[ImportanceFlips, ...]:
        """For each criterion, the importances at which the winner changes; empty if none is."""
        return importance_flips(self.answer.solver, self.answer.decision)

    @cached_property
    def thresholds(self) -> tuple[Sweep, ...]:
        """For each numeric requirement, the shortlist along its whole axis."""
        return sweeps(self.answer.solver, self.answer.decision)

    @cached_property
    def decisive_facts(self) -> tuple[Decisive, ...]:
        """The unverified facts that could change the winner."""
        return decisive_facts(self.answer.solver, self.answer.decision)

    @cached_property
    def first_rank_shares(self) -> tuple[Share, ...]:
        """In what share of all weights each model of best standing wins."""
        return first_rank_shares(self.answer.solver, self.answer.decision)

    @cached_property
    def model(self) -> Standpoint | None:
        """How the one model asked about stands, and what would put it first."""
        if self.index is None:
            return None
        return standpoint(self.answer.solver, self.answer.decision, self.index)

    def to_dict(self) -> dict[str, Any]:
        """Return the answer and its explanation as plain JSON values, unrounded."""
        data = {
            **self.answer.to_dict(),
            "difference": plain(self.difference),
            "importances": [
                {**plain(each), "down": _flip(each.down), "up": _flip(each.up)}
                for each in self.importances
            ],
            "thresholds": [
                {**plain(sweep), "stretches": [_stretch(each) for each in sweep.stretches]}
                for sweep in self.thresholds
            ],
            "decisive_facts": plain(self.decisive_facts),
            "first_rank_shares": plain(self.first_rank_shares),
        }
        return data if self.model is None else {**data, "model": plain(self.model)}


def _flip(flip: Flip | None) -> dict[str, Any] | None:
    """Return a flip as JSON: the exact importance as a fraction, and as a number."""
    return {**plain(flip), "at": str(flip.at), "at_value": float(flip.at)} if flip else None


def _stretch(stretch: Stretch) -> dict[str, Any]:
    """Return a stretch as JSON: its ends, and whether they belong to it."""
    interval = stretch.interval
    return {
        "from": interval.low,
        "from_included": interval.low_included,
        "to": interval.high,
        "to_included": interval.high_included,
        "status": stretch.status,
        "shortlist": [{"model": model, "status": status} for model, status in stretch.shortlist],
        "changes": plain(stretch.changes),
    }
