"""Two models head to head for one profile: which is ahead, what decides, and by how much."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import Field

from mars_solver.briefs import brief, named
from mars_solver.explaining.findings import Finding, cause, plain
from mars_solver.explaining.serialising import (
    ModelStatus,
    UnitNumber,
    json_values,
    part,
    schemas_of,
)
from mars_solver.explaining.showing import Shown
from mars_solver.inputs.parsing import DRAFT
from mars_solver.solving.scoring import full_score
from mars_solver.solving.solver import Decision, Solver
from mars_solver.vocabulary import Verdict

if TYPE_CHECKING:
    from mars_solver.explaining.recommendation import Recommendation
    from mars_solver.inputs.catalogue.attributes import Declarations

DecidedBy = Literal["status", "unverified", "score", "neutral_score", "id"]
"""What ranks one model before another: a better status, fewer unverified requirements, a higher
score, a higher score at neutral importances, or an earlier id. The last two break a tie."""
_DECIDES: Final[tuple[DecidedBy, ...]] = ("score", "neutral_score", "id")
TIE_BREAKS: Final[tuple[DecidedBy, ...]] = ("neutral_score", "id")
SCHEMA: Final = "mars-solver/comparison/1"


@dataclass(frozen=True, slots=True)
class CriterionLead:
    """What one criterion adds to the lead of one model over another."""

    __repr__ = brief

    criterion: str
    points: float


@dataclass(frozen=True, slots=True)
class Side:
    """One of two models."""

    __repr__ = brief

    model: str
    rank: int | None
    """On the shortlist, from 1; None where the model is excluded."""
    status: ModelStatus
    score: UnitNumber
    """Whether it is excluded or not."""
    score_range: tuple[UnitNumber, UnitNumber]
    configuration: dict[str, str] | None
    """None where nothing can run the model."""


@dataclass(frozen=True, slots=True)
class RequirementRow:
    """A stated requirement and how two models meet it."""

    __repr__ = brief

    requirement: str
    required: Finding
    verdicts: tuple[str, str]
    """ "met", "unverified" or "violated", in the configuration of each."""
    found: tuple[Finding, Finding]
    sources: tuple[str | None, str | None]


@dataclass(frozen=True, repr=False)
class Comparison(Shown):
    """Two models head to head for one profile.

    Every part is computed when first asked for.
    """

    answer: Recommendation
    first: int
    """The index in the catalogue of the model named first."""
    second: int

    def __repr__(self) -> str:
        one, other = (self.answer.decision.standings[i] for i in (self.first, self.second))
        told = (f"{each.model.name} {each.status.word}" for each in (one, other))
        return named(type(self), " and ".join(told), self.answer.profile.name)

    @part
    def schema(self) -> Annotated[str, Field(json_schema_extra={"const": SCHEMA})]:
        """The name and version of this format."""
        return SCHEMA

    @part
    def models(self) -> tuple[Side, Side]:
        """The two models, as they were named."""
        return self._side(self.first), self._side(self.second)

    @part
    def ahead(self) -> str | None:
        """The id of the model that ranks first; None where both are excluded."""
        ranking = [i for i in self.answer.decision.ranking if i in {self.first, self.second}]
        return self.answer.solver.catalogue.models[ranking[0]].id if ranking else None

    @part
    def decided_by(self) -> DecidedBy | None:
        """What decides; None where both are excluded."""
        return decided_by(self.answer.decision, self.first, self.second)

    @part
    def tied(self) -> bool:
        """Whether neither is better: they stand alike, and score the same."""
        return self.decided_by in TIE_BREAKS

    @part
    def points(self) -> float:
        """The lead of the first model in score."""
        decision = self.answer.decision
        one, other = sum(decision.sums[self.first]), sum(decision.sums[self.second])
        return (one - other) / full_score(decision.weights)

    @part
    def criteria(self) -> tuple[CriterionLead, ...]:
        """What adds up to it."""
        return criterion_leads(self.answer.solver, self.answer.decision, self.first, self.second)

    @part
    def requirements(self) -> tuple[RequirementRow, ...]:
        """Each stated requirement, with what the facts of both say of it."""
        return tuple(self._requirements())

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as plain JSON values, unrounded."""
        return json_values(self)

    def _side(self, index: int) -> Side:
        decision = self.answer.decision
        standing, ranking = decision.standings[index], decision.ranking
        low, high = decision.sums[index]
        whole = full_score(decision.weights)
        chosen = standing.configuration
        return Side(
            standing.model.id,
            ranking.index(index) + 1 if index in ranking else None,
            standing.status.word,
            (low + high) / whole,
            (2 * low / whole, 2 * high / whole),
            None if chosen is None else self.answer.solver.declared.chosen(chosen),
        )

    def _requirements(self) -> Iterator[RequirementRow]:
        decision, catalogue = self.answer.decision, self.answer.solver.catalogue
        both = decision.standings[self.first], decision.standings[self.second]
        for name, check in self.answer.checks.items():
            bit = check.requirement.bit
            verdicts = [
                Verdict.VIOLATED
                if standing.violated & bit
                else Verdict.UNVERIFIED
                if standing.unverified & bit
                else Verdict.MET
                for standing in both
            ]
            one, other = (cause(check, each, catalogue, decision.policy) for each in both)
            yield RequirementRow(
                name,
                plain(check.required),
                (verdicts[0].name.lower(), verdicts[1].name.lower()),
                (one.found, other.found),
                (one.source, other.source),
            )


def comparison_tables(declared: Declarations) -> dict[str, dict[str, Any]]:
    """Return the JSON Schema of a comparison and of every table in it, by name.

    They refer to one another as `#/$defs/NAME`; `Comparison` is the whole.
    """
    tables = schemas_of(Comparison)
    side = tables["Side"]["properties"]
    side["configuration"] |= {"anyOf": [declared.configuration_schema(), {"type": "null"}]}
    return tables


def comparison_schema(declared: Declarations) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a comparison."""
    tables = comparison_tables(declared)
    whole = tables.pop("Comparison")
    return {"$schema": DRAFT, "$id": SCHEMA, **whole, "$defs": tables}


def decided_by(decision: Decision, one: int, other: int) -> DecidedBy | None:
    """Return what ranks one model before the other; None where both are excluded."""
    keys = {key[-1]: key for key in decision.keys}
    if one not in keys or other not in keys:
        return "status" if one in keys or other in keys else None
    (first, *ours), (second, *theirs) = keys[one], keys[other]
    if first != second:
        return "status" if first[0] != second[0] else "unverified"
    differing = [a != b for a, b in zip(ours, theirs, strict=True)]
    return _DECIDES[differing.index(True)] if any(differing) else "id"


def criterion_leads(
    solver: Solver, decision: Decision, one: int, other: int
) -> tuple[CriterionLead, ...]:
    """Return what each criterion adds to the lead of one model over another."""
    whole = full_score(decision.weights)
    rows = zip(
        solver.declared.criteria,
        decision.weights,
        solver.middles[one],
        solver.middles[other],
        strict=True,
    )
    return tuple([CriterionLead(c.name, weight * (a - b) / whole) for c, weight, a, b in rows])
