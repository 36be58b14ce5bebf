"""The answer to one profile: a typed view of a decision, with its reasons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, Final

from mars_solver import diagnosis, flowchart
from mars_solver.configurations import Configuration
from mars_solver.findings import Finding, caveats, missing, note_of
from mars_solver.profile import Profile
from mars_solver.requirements import Check, checks
from mars_solver.solver import Decision, Solver, Standing
from mars_solver.vocabulary import (
    ACCEPT_BETA,
    CRITERIA,
    VALUE_SCALE,
    Policy,
    Status,
    names_of,
)

SCHEMA: Final = "mars-solver/recommendation/1"
INFEASIBLE: Final = "infeasible"


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one criterion adds to a score: points = value * weight."""

    criterion: str
    value: float
    """How good the model is, 0 to 1; the midpoint of what its facts admit."""
    weight: float
    """The criterion's share of all weights, 0 to 1."""
    points: float


@dataclass(frozen=True, slots=True)
class Unverified:
    """A requirement that the facts do not settle."""

    requirement: str
    found: Finding
    note: str
    """What is known, and what would settle it."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A requirement that a model does not meet."""

    requirement: str
    required: Finding
    found: Finding
    source: str | None
    """The key of the fact's source; "configuration" where two requirements rule each other out;
    None where no source speaks of it."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model on the shortlist."""

    rank: int
    model: str
    status: str
    score: float
    score_range: tuple[float, float]
    configuration: Configuration
    speech_model: str | None
    """The model's name in the public API; None where it has no public endpoint."""
    contributions: tuple[Contribution, ...]
    to_verify: tuple[Unverified, ...]


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A model that is not on the shortlist, with every requirement that it violates."""

    model: str
    violations: tuple[Violation, ...]


@dataclass(frozen=True)
class Recommendation:
    """The answer to one profile. Every part is computed when first asked for."""

    solver: Solver
    decision: Decision
    top: int | None = None
    """The longest shortlist wanted; None for all."""

    @property
    def profile(self) -> Profile:
        """The profile that is answered."""
        return self.decision.profile

    @property
    def status(self) -> str:
        """The status of the winner, or "infeasible" where no model is left."""
        ranking = self.decision.ranking
        return self.decision.standings[ranking[0]].status.word if ranking else INFEASIBLE

    @cached_property
    def shortlist(self) -> tuple[Candidate, ...]:
        """The models that no requirement excludes, best first."""
        places = self.decision.ranking[: self.top]
        return tuple(self._candidate(rank, place) for rank, place in enumerate(places, start=1))

    @cached_property
    def excluded(self) -> tuple[Exclusion, ...]:
        """The other models, in order of id."""
        return tuple(
            Exclusion(standing.model.id, tuple(self._violations(standing)))
            for standing in self.decision.standings
            if standing.status is Status.EXCLUDED
        )

    @cached_property
    def conflicts(self) -> diagnosis.Sets:
        """Every minimal set of requirements that no model satisfies together, if none is left."""
        return diagnosis.conflicts(self.solver, self.decision)

    @cached_property
    def flowchart(self) -> flowchart.GuideVerdict:
        """What the guide says, and whether this answer agrees."""
        return flowchart.compare(self.solver.catalogue.flowchart, self.decision)

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """What to bear in mind of the facts that the shortlist rests on."""
        models = [self.decision.standings[place].model for place in self.decision.ranking]
        weighed = zip(CRITERIA, self.decision.weights, strict=True)
        facts = {criterion.fact for criterion, weight in weighed if weight}
        facts |= {check.requirement.fact for check in self._checks.values()}
        return tuple(caveats(models[: self.top], facts))

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as plain JSON values, unrounded."""
        catalogue, weights = self.solver.catalogue, self.solver.weights
        return {
            "schema": SCHEMA,
            "profile": self.profile.to_dict(),
            "status": self.status,
            "shortlist": _plain(self.shortlist),
            "excluded": _plain(self.excluded),
            "conflicts": _plain(self.conflicts),
            "flowchart": _plain(self.flowchart),
            "notes": _plain(self.notes),
            "catalogue": {
                "version": catalogue.version,
                "as_of": catalogue.as_of,
                "sha256": catalogue.sha256,
            },
            "weights": {"name": weights.name, "sha256": weights.sha256},
        }

    @cached_property
    def _checks(self) -> dict[str, Check]:
        return {check.requirement.name: check for check in checks(self.profile)}

    def _candidate(self, rank: int, place: int) -> Candidate:
        standing = self.decision.standings[place]
        model = standing.model
        low, high = (self._score(end) for end in self.decision.sums[place])
        return Candidate(
            rank=rank,
            model=model.id,
            status=standing.status.word,
            score=self._score(Fraction(sum(self.decision.sums[place]), 2)),
            score_range=(low, high),
            configuration=standing.configuration,
            speech_model=model.speech_model.value if model.speech_model else None,
            contributions=tuple(self._contributions(place)),
            to_verify=tuple(self._to_verify(standing)),
        )

    def _score(self, weighted_sum: int | Fraction) -> float:
        total = sum(self.decision.weights)
        return float(Fraction(weighted_sum, VALUE_SCALE * total)) if total else 0.0

    def _contributions(self, place: int) -> Iterator[Contribution]:
        total = sum(self.decision.weights)
        ends = self.solver.values[place].sum(axis=1).tolist()
        for criterion, weight, both in zip(CRITERIA, self.decision.weights, ends, strict=True):
            value = Fraction(both, 2 * VALUE_SCALE)
            share = Fraction(weight, total) if total else Fraction(0)
            yield Contribution(criterion.name, float(value), float(share), float(value * share))

    def _to_verify(self, standing: Standing) -> Iterator[Unverified]:
        for name in names_of(standing.unverified):
            check = self._checks[name]
            found, _ = missing(check, standing, self.decision.question.policy)
            yield Unverified(name, found, note_of(check, standing.model, self.solver.catalogue))

    def _violations(self, standing: Standing) -> Iterator[Violation]:
        if standing.refused:
            stage = standing.model.stage
            yield Violation(ACCEPT_BETA, "released", stage.value, stage.source)
        for name in names_of(standing.violated):
            check = self._checks[name]
            required = list(check.required) if isinstance(check.required, tuple) else check.required
            found, source = missing(check, standing, self.decision.question.policy)
            yield Violation(name, required, found, source)


def recommend_with(
    solver: Solver, profile: Profile, *, unknown: Policy = "flag", top: int | None = None
) -> Recommendation:
    """Return the answer of a prepared solver to one profile."""
    return Recommendation(solver, solver.decide(profile, unknown), top)


def _plain(value: Any) -> Any:
    """Return a result as plain JSON values."""
    if isinstance(value, Configuration):
        return value._asdict()
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
