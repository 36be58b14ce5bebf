"""An answer explained: the lead of the winner, and everything that would change it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic.json_schema import SkipJsonSchema

from mars_solver.briefs import brief, named
from mars_solver.explaining.comparison import Comparison, CriterionLead, DecidedBy
from mars_solver.explaining.counterfactual import Standpoint, standpoint
from mars_solver.explaining.decisive_facts import (
    MOST_LISTED,
    MOST_TRIED,
    Decisive,
    DecisiveFacts,
    decisive_facts,
)
from mars_solver.explaining.recommendation import SCHEMA, Recommendation
from mars_solver.explaining.sensitivity import (
    ImportanceFlips,
    Share,
    Sweep,
    first_rank_shares,
    importance_flips,
    sweeps,
)
from mars_solver.explaining.serialising import json_values, part, schemas_of
from mars_solver.explaining.showing import Shown
from mars_solver.inputs.catalogue.attributes import Declarations
from mars_solver.inputs.files import load_catalogue
from mars_solver.inputs.parsing import DRAFT
from mars_solver.inputs.profile import profile_schema
from mars_solver.vocabulary import number


@dataclass(frozen=True, slots=True)
class Difference:
    """The first model beside the second."""

    __repr__ = brief

    first: str
    second: str
    by_standing: bool
    """Whether the first stands better, so that no score could change their order."""
    decided_by: DecidedBy
    """What ranks the first before the second."""
    tied: bool
    """Whether neither is better: they stand alike, and score the same."""
    points: float
    """The lead in score; negative where the first leads by standing alone."""
    criteria: tuple[CriterionLead, ...]
    """What adds up to it."""


@dataclass(frozen=True, repr=False)
class Explanation(Shown):
    """What would change an answer.

    Every part is computed when first asked for.
    """

    answer: Recommendation
    """The answer that is explained."""
    index: int | None = None
    """The index in the catalogue of the one model asked about."""

    def __repr__(self) -> str:
        return named(type(self), self.answer.decision.in_short, self.answer.profile.name)

    @part
    def difference(self) -> Difference | None:
        """The lead of the first model over the second; None where there are not two."""
        decision = self.answer.decision
        if len(decision.ranking) < 2:  # noqa: PLR2004  (a first and a second)
            return None
        one, other = decision.ranking[:2]
        lead = Comparison(self.answer, one, other)
        by = lead.decided_by or "id"
        standing = decision.order(one) != decision.order(other)
        first, second = decision.ids[:2]
        return Difference(first, second, standing, by, lead.tied, lead.points, lead.criteria)

    @part
    def importances(self) -> tuple[ImportanceFlips, ...]:
        """For each criterion, the importances at which the winner changes; empty if none is."""
        return importance_flips(self.answer.solver, self.answer.decision)

    @part
    def thresholds(self) -> tuple[Sweep, ...]:
        """For each numeric requirement, the shortlist along its whole axis."""
        return sweeps(self.answer.solver, self.answer.decision)

    @part
    def decisive_facts(self) -> tuple[DecisiveFacts, ...]:
        """The unverified facts that could change the winner."""
        return self._decisive.facts

    @cached_property
    def _decisive(self) -> Decisive:
        return decisive_facts(self.answer.solver, self.answer.decision)

    @part
    def first_rank_shares(self) -> tuple[Share, ...]:
        """In what share of all weights each model of best standing wins (rank acceptability)."""
        return first_rank_shares(self.answer.solver, self.answer.decision)

    @part
    def model(self) -> Standpoint | SkipJsonSchema[None]:
        """The rank of the one model asked about, and what would put it first; else absent."""
        if self.index is None:
            return None
        answer = self.answer
        return standpoint(answer.solver, answer.decision, self.index, answer.keep)

    @property
    def bounds(self) -> tuple[str, ...]:
        """What was left untried because it would take too long, in words."""
        return tuple(self._bounds())

    def _bounds(self) -> Iterator[str]:
        names = self.answer.solver.catalogue.names
        if cut := self._decisive.cut:
            whose = names[cut[0]] if len(cut) == 1 else f"each of {number(len(cut))} models"
            yield (
                f"Of the sets of facts with which another model would win, the"
                f" {number(MOST_TRIED)} smallest were tried, and {MOST_LISTED} are listed at most:"
                f" there are more for {whose}"
            )
        if self.model and not self.model.complete:
            yield (
                f"There are too many ways to put {names[self.model.model]} first to try them all:"
                f" other changes, or fewer, may do"
            )

    def to_dict(self) -> dict[str, Any]:
        """Return the answer and its explanation as plain JSON values, unrounded.

        The notes say too what was left untried.
        """
        added = json_values(self)
        if self.model is None:
            del added["model"]
        values = self.answer.to_dict()
        values["notes"] += self.bounds
        return {**values, **added}


def answer_tables(declared: Declarations | None = None) -> dict[str, dict[str, Any]]:
    """Return the JSON Schema of an answer and of every table in it, by name.

    Args:
        declared: what can be asked; None for what the shipped catalogue declares.

    `Recommendation` is the answer, and `Explanation` what explaining adds to it. They refer to one
    another as `#/$defs/NAME`.
    """
    profile = profile_schema(declared)
    tables = {**profile.pop("$defs"), **schemas_of(Recommendation, Explanation)}
    tables["Profile"] = {key: profile[key] for key in profile if not key.startswith("$")}
    tables["Recommendation"]["properties"]["profile"] |= {"$ref": "#/$defs/Profile"}
    tables["Explanation"]["required"].remove("model")
    known = declared or load_catalogue().declared
    candidate = tables["Candidate"]["properties"]
    candidate["configuration"] = {
        **known.configuration_schema(),
        "description": candidate["configuration"]["description"],
    }
    return tables


def answer_schema(declared: Declarations | None = None) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of an answer, explained or not."""
    tables = answer_tables(declared)
    answer, added = (tables.pop(name) for name in ("Recommendation", "Explanation"))
    return {
        "$schema": DRAFT,
        "$id": SCHEMA,
        **answer,
        "properties": answer["properties"] | added["properties"],
        "dependentRequired": dict.fromkeys(added["properties"], added["required"]),
        "$defs": tables,
    }
