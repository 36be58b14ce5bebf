"""The answer to one profile: a typed view of a decision, with its reasons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from mars_solver.explaining import diagnosis
from mars_solver.explaining.findings import Finding, caveats, missing, note_of, unreachable
from mars_solver.explaining.plain import plain
from mars_solver.inputs.options import options_in
from mars_solver.inputs.profile import Profile
from mars_solver.solving import flowchart
from mars_solver.solving.constraints import Check, Configuration, checks
from mars_solver.solving.scoring import DOUBLED, full_score
from mars_solver.solving.solver import Decision, Solver, Standing
from mars_solver.vocabulary import (
    ACCEPT_BETA,
    CRITERIA,
    INFEASIBLE,
    Policy,
    Status,
    names_of,
)

if TYPE_CHECKING:
    from mars_solver.explaining.explanation import Explanation

SCHEMA: Final = "mars-solver/recommendation/1"


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
        winner = self.decision.winner
        return winner.status.word if winner else INFEASIBLE

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
        return diagnosis.named(diagnosis.hitting_sets(self._correction_masks))

    @cached_property
    def corrections(self) -> diagnosis.Sets:
        """Every minimal set of requirements without which a model is left, if none is."""
        return diagnosis.named(self._correction_masks)

    @cached_property
    def betas(self) -> tuple[str, ...]:
        """The beta models that accepting betas would admit."""
        return diagnosis.betas(self.decision)

    @cached_property
    def relaxations(self) -> tuple[diagnosis.Relaxation, ...]:
        """Every minimal change of the requirements that admits a model, if none is left."""
        return diagnosis.relaxations(self.solver, self.decision)

    @cached_property
    def flowchart(self) -> flowchart.GuideVerdict:
        """What the guide says, and whether this answer agrees."""
        return flowchart.compare(self.solver.catalogue.flowchart, self.decision)

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """What to bear in mind of the facts that the answer rests on."""
        stated = {check.requirement.fact for check in self._checks.values()}
        if not self.decision.ranking:
            refused = [s.model for s in self.decision.standings if not s.refused]
            return tuple(caveats(refused, stated))
        models = [standing.model for standing in self.decision.ranked]
        weighed = zip(CRITERIA, self.decision.weights, strict=True)
        facts = {criterion.fact for criterion, weight in weighed if weight}
        shown = models[: self.top]
        return (*caveats(shown, facts | stated), *unreachable(shown))

    def explain(self, model: str | None = None) -> Explanation:
        """Return this answer with what would change it.

        Args:
            model: the id of a model, to learn also what would put it first.

        Raises:
            InputError: where the catalogue has no such model.
        """
        ids = [each.id for each in self.solver.catalogue.models]
        if model is not None:
            options_in({"model": model}, "explain", ids)
        from mars_solver.explaining.explanation import Explanation  # noqa: PLC0415  (loads when used)

        return Explanation(self, None if model is None else ids.index(model))

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as plain JSON values, unrounded."""
        catalogue, weights = self.solver.catalogue, self.solver.weights
        return {
            "schema": SCHEMA,
            "profile": self.profile.to_dict(),
            "status": self.status,
            "shortlist": plain(self.shortlist),
            "excluded": plain(self.excluded),
            "conflicts": plain(self.conflicts),
            "corrections": plain(self.corrections),
            "betas": plain(self.betas),
            "relaxations": plain(self.relaxations),
            "flowchart": plain(self.flowchart),
            "notes": plain(self.notes),
            "catalogue": {
                "version": catalogue.version,
                "as_of": catalogue.as_of,
                "sha256": catalogue.sha256,
            },
            "weights": {"name": weights.name, "sha256": weights.sha256},
        }

    @cached_property
    def _correction_masks(self) -> list[int]:
        return diagnosis.corrections(self.solver, self.decision)

    @cached_property
    def _checks(self) -> dict[str, Check]:
        return {check.requirement.name: check for check in checks(self.profile)}

    def _candidate(self, rank: int, place: int) -> Candidate:
        standing = self.decision.standings[place]
        model = standing.model
        low, high = self.decision.sums[place]
        return Candidate(
            rank=rank,
            model=model.id,
            status=standing.status.word,
            score=self._score(low + high),
            score_range=(self._score(2 * low), self._score(2 * high)),
            configuration=standing.configuration,
            speech_model=model.speech_model.value if model.speech_model else None,
            contributions=tuple(self._contributions(place)),
            to_verify=tuple(self._to_verify(standing)),
        )

    def _score(self, twice: int) -> float:
        """Return the score of twice a weighted sum, rounded once."""
        return twice / full_score(self.decision.weights)

    def _contributions(self, place: int) -> Iterator[Contribution]:
        total = sum(self.decision.weights) or 1
        middles = self.solver.middles[place]
        for criterion, weight, middle in zip(CRITERIA, self.decision.weights, middles, strict=True):
            points = self._score(middle * weight)
            yield Contribution(criterion.name, middle / DOUBLED, weight / total, points)

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
