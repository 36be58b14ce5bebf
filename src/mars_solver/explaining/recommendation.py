"""The answer to one profile: a typed view of a decision, with its reasons."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import Field, PlainSerializer, WithJsonSchema

from mars_solver.briefs import brief, named
from mars_solver.derived import derived
from mars_solver.explaining import diagnosis
from mars_solver.explaining.calls import Calls, calls_of
from mars_solver.explaining.comparison import Comparison
from mars_solver.explaining.disputes import Dispute, disputes
from mars_solver.explaining.findings import (
    Finding,
    Reason,
    caveats,
    plain,
    reason,
    unrunnable,
)
from mars_solver.explaining.serialising import (
    AnswerStatus,
    RankedStatus,
    UnitNumber,
    json_values,
    part,
)
from mars_solver.explaining.showing import Shown
from mars_solver.inputs.catalogue.facts import Member
from mars_solver.inputs.options import kept_in, options_in
from mars_solver.inputs.profile import Profile, Required
from mars_solver.solving.constraints import Check, checks
from mars_solver.solving.flowchart import GuideVerdict, compare
from mars_solver.solving.scoring import DOUBLED, full_score
from mars_solver.solving.solver import Decision, Solver, Standing
from mars_solver.vocabulary import (
    ACCEPT_BETA,
    CONFIGURATION,
    INFEASIBLE,
    Policy,
    Status,
    both,
    number,
)

if TYPE_CHECKING:
    from mars_solver.explaining.explanation import Explanation

SCHEMA: Final = "mars-solver/recommendation/2"
MOST_CONFLICTS: Final = 2**10
"""So many conflicts are listed: all of any twelve requirements."""


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one criterion adds to a score: points = value * weight."""

    __repr__ = brief

    criterion: str
    value: UnitNumber
    """How good the model is, 0 to 1; the midpoint of what its facts admit."""
    weight: UnitNumber
    """The criterion's share of all weights, 0 to 1."""
    points: UnitNumber


@dataclass(frozen=True, slots=True)
class Unverified:
    """A requirement that the facts do not settle."""

    __repr__ = brief

    requirement: str
    found: Finding
    """What the facts say; None is unknown, and an open end of a range."""
    note: str
    """What is known, and what would settle it."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A requirement that a model does not meet."""

    __repr__ = brief

    requirement: str
    required: Finding
    found: Finding
    """What the facts say; None is unknown, and an open end of a range."""
    source: str | None
    """The key of the fact's source; "configuration" where two requirements rule each other out;
    None where no source speaks of it."""
    note: str
    """What is known of what the facts leave open; empty where they settle it."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model on the shortlist."""

    __repr__ = brief

    rank: Annotated[int, Field(ge=1)]
    model: str
    """The model's id, here and everywhere else."""
    status: RankedStatus
    """Whether the facts confirm every requirement, or leave one open."""
    score: UnitNumber
    """The weighted mean of the values of the criteria."""
    score_range: tuple[UnitNumber, UnitNumber]
    """The lowest and the highest score that the facts admit."""
    configuration: dict[str, str]
    """The way to run the model that meets the requirements best, by variable."""
    speech_model: str | None
    """The model's name in the public API; None where no source gives one."""
    availability: str
    """How one gets the model; empty where no source says so."""
    contributions: tuple[Contribution, ...]
    to_verify: tuple[Unverified, ...]
    disputed: tuple[Dispute, ...]
    """The claims, kept beside the chosen ones, that would turn a verdict."""


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A model that is not on the shortlist, with every requirement that it violates."""

    __repr__ = brief

    model: str
    violations: tuple[Violation, ...]


@dataclass(frozen=True, slots=True)
class CatalogueVersion:
    """Which catalogue it was."""

    __repr__ = brief

    version: str
    as_of: str
    """The latest date of a fact."""
    sha256: str


@dataclass(frozen=True, slots=True)
class WeightsVersion:
    """Which weights they were."""

    __repr__ = brief

    name: str
    sha256: str


@dataclass(frozen=True, repr=False)
class Recommendation(Shown):
    """The answer to one profile.

    Every part is computed when first asked for.
    """

    solver: Solver
    decision: Decision
    top: int | None = None
    """The longest shortlist wanted; None for all."""
    keep: tuple[str, ...] = ()
    """The requirements that cannot move."""

    def __repr__(self) -> str:
        return named(type(self), self.decision.in_short, self.profile.name)

    @property
    def best(self) -> Candidate | None:
        """The first model; None where no model is left."""
        return self.shortlist[0] if self.shortlist else None

    @part
    def schema(self) -> Annotated[str, Field(json_schema_extra={"const": SCHEMA})]:
        """The name and version of this format."""
        return SCHEMA

    @part
    def profile(self) -> Annotated[Profile, PlainSerializer(Profile.to_dict), WithJsonSchema({})]:
        """The profile that is answered."""
        return self.decision.profile

    @part
    def status(self) -> AnswerStatus:
        """The status of the winner, or "infeasible" where no model is left."""
        winner = self.decision.winner
        return winner.status.word if winner else INFEASIBLE

    @part
    def shortlist(self) -> tuple[Candidate, ...]:
        """The models that no requirement excludes, best first."""
        ranking = self.decision.ranking[: self.top]
        return tuple([self._candidate(rank, index) for rank, index in enumerate(ranking, start=1)])

    @part
    def excluded(self) -> tuple[Exclusion, ...]:
        """The other models, in order of id."""
        return tuple(
            [
                Exclusion(standing.model.id, tuple(self._violations(standing)))
                for standing in self.decision.standings
                if standing.status is Status.EXCLUDED
            ]
        )

    @part
    def conflicts(self) -> diagnosis.Sets:
        """If no model is left: every minimal set of requirements that none satisfies (MUS)."""
        return diagnosis.named(self._conflict_masks[:MOST_CONFLICTS], self.solver.declared)

    @part
    def corrections(self) -> diagnosis.Sets:
        """If no model is left: every minimal set of requirements to drop for one (MCS)."""
        declared = self.solver.declared
        kept = sum(declared.requirement[name].bit for name in self.keep)
        return diagnosis.named([m for m in self._correction_masks if not m & kept], declared)

    @part
    def betas(self) -> tuple[str, ...]:
        """The beta models that accepting betas would admit."""
        return diagnosis.betas(self.decision)

    @part
    def relaxations(self) -> tuple[diagnosis.Relaxation, ...]:
        """If no model is left: every minimal change of the requirements that admits one."""
        if self.decision.keys:
            return ()
        return diagnosis.relaxations(self.solver, self.decision, self._shortfalls, self.keep)

    @part
    def flowchart(self) -> GuideVerdict | None:
        """What the guide says, and whether this answer agrees; None without a guide."""
        chart = self.solver.catalogue.flowchart
        return None if chart is None else compare(chart, self.decision)

    @part
    def calls(self) -> dict[str, str]:
        """How to call the first model, by way of calling."""
        return dict(self.calling.ready)

    @part
    def notes(self) -> tuple[str, ...]:
        """What to bear in mind of the profile, the weights, and the facts of the answer."""
        return (
            *self.remarks,
            *self._ties(),
            *(each.note for candidate in self.shortlist for each in candidate.disputed),
            *self.solver.notes,
            *self._caveats(),
        )

    @property
    def remarks(self) -> tuple[str, ...]:
        """The notes on this profile alone: how it was read, what is kept, what is not listed."""
        return (*self._readings(), *self._kept(), *self._unlisted())

    @part
    def catalogue(self) -> CatalogueVersion:
        """The catalogue that the answer rests on."""
        used = self.solver.catalogue
        return CatalogueVersion(used.version, used.as_of, used.sha256)

    @part
    def weights(self) -> WeightsVersion:
        """The weights that the answer rests on."""
        used = self.solver.weights
        return WeightsVersion(used.name, used.sha256)

    def explain(self, model: str | None = None) -> Explanation:
        """Return this answer with what would change it.

        Args:
            model: the id or the name of a model, to learn also what would put it first.

        Raises:
            InputError: where the catalogue has no such model.
        """
        from mars_solver.explaining.explanation import Explanation  # noqa: PLC0415  (loads when used)

        return Explanation(self, *([] if model is None else self._indices("explain", model=model)))

    def compare(self, first: str, second: str) -> Comparison:
        """Return two models head to head for this profile.

        Args:
            first: the id or the name of a model, on the shortlist or not.
            second: those of another one.

        Raises:
            InputError: where the catalogue has no such model, and where both are the same one.
        """
        return Comparison(self, *self._indices("compare", first=first, second=second))

    def _indices(self, place: str, **models: str) -> list[int]:
        """Return the index of each model in the catalogue, by id or name."""
        catalogue = self.solver.catalogue
        named = options_in(models, place, catalogue)._asdict()
        ids = [each.id for each in catalogue.models]
        return [ids.index(named[name]) for name in models]

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as plain JSON values, unrounded."""
        return json_values(self)

    @derived
    def calling(self) -> Calls:
        """How to call the first model, and why in some ways it cannot be called."""
        best = self.decision.winner
        return calls_of(self.solver.catalogue, self.profile, best) if best else Calls()

    @derived
    def _correction_masks(self) -> list[int]:
        return [] if self.decision.keys else diagnosis.corrections(self._shortfalls)

    @derived
    def _conflict_masks(self) -> list[int]:
        """The conflicts, one more than are listed where there are too many."""
        return list(islice(diagnosis.hitting_sets(self._correction_masks), MOST_CONFLICTS + 1))

    @derived
    def _shortfalls(self) -> list[diagnosis.Shortfall]:
        """The ways to use every candidate."""
        candidates = [i for i, each in enumerate(self.decision.standings) if not each.refused]
        return diagnosis.shortfalls_of(self.solver, self.decision, candidates)

    @derived
    def checks(self) -> dict[str, Check]:
        """What each stated requirement asks for, by name."""
        return {check.requirement.name: check for check in checks(self.profile)}

    def _readings(self) -> Iterator[str]:
        """Yield the members that were read as another spelling."""
        if not self.profile.readings:
            return
        asked = {m for check in self.checks.values() for m in _listed(check.required)}
        for written, member in self.profile.readings:
            if member in asked:
                yield f"{written} is read as {member}"

    def _kept(self) -> Iterator[str]:
        """Yield that nothing is left to relax, where requirements that cannot move leave none."""
        if self.keep and self._correction_masks and not self.relaxations:
            kept = both(map(self.solver.declared.phrase, self.keep))
            change = "No change but accepting betas" if self.betas else "No change"
            yield f"{change} admits a model while you keep {kept}"

    def _unlisted(self) -> Iterator[str]:
        """Yield that there are more conflicts than are listed."""
        if len(self._conflict_masks) > MOST_CONFLICTS:
            yield f"{number(MOST_CONFLICTS)} conflicts are listed, and there are more"

    def _ties(self) -> Iterator[str]:
        """Yield which models tie with the first, and what breaks the tie."""
        keys = self.decision.keys
        tied = [key for key in keys if key[:2] == keys[0][:2]]
        if len(tied) > 1:
            names = [self.decision.standings[key[-1]].model.name for key in tied]
            by = "id" if tied[0][2] == tied[1][2] else "its score at neutral importances"
            yield f"{both(names)} tie; {names[0]} is first by {by}"

    def _caveats(self) -> tuple[str, ...]:
        decision, declared = self.decision, self.solver.declared
        used: set[str] = set()
        for requirement, _ in self.checks.values():
            used.update((requirement.attribute, *requirement.implies))
        if decision.keys:
            models = [standing.model for standing in decision.ranked[: self.top]]
            weighed = zip(declared.criteria, decision.weights, strict=True)
            used.update([criterion.attribute for criterion, weight in weighed if weight])
        else:
            models = [s.model for s in decision.standings if not s.refused]
        return caveats(tuple(models), frozenset(used), declared)

    def _candidate(self, rank: int, index: int) -> Candidate:
        standing = self.decision.standings[index]
        model = standing.model
        low, high = self.decision.sums[index]
        return Candidate(
            rank=rank,
            model=model.id,
            status=standing.status.word,
            score=self._score(low + high),
            score_range=(self._score(2 * low), self._score(2 * high)),
            configuration=self.solver.declared.chosen(standing.configuration or ()),
            speech_model=model.speech_model.value if model.speech_model else None,
            availability=model.availability.value if model.availability else "",
            contributions=self._contributions(index),
            to_verify=tuple(self._to_verify(standing)),
            disputed=tuple(disputes(self.checks.values(), model, self.solver.catalogue)),
        )

    def _score(self, twice: int) -> float:
        """Return the score of twice a weighted sum, rounded once."""
        return twice / self._whole

    @derived
    def _whole(self) -> int:
        return full_score(self.decision.weights)

    def _contributions(self, index: int) -> tuple[Contribution, ...]:
        weights, whole = self.decision.weights, self._whole
        total = whole // DOUBLED
        criteria, middles = self.solver.declared.criteria, self.solver.middles[index]
        return tuple(
            [
                Contribution(each.name, middle / DOUBLED, weight / total, middle * weight / whole)
                for each, weight, middle in zip(criteria, weights, middles, strict=True)
            ]
        )

    def _missed(self, mask: int, standing: Standing) -> Iterator[tuple[Check, Reason]]:
        """Yield the requirements in a mask with the reason why a model does not meet each."""
        for check in self.checks.values():
            if mask & check.requirement.bit:
                yield check, reason(check, standing, self.solver, self.decision.policy)

    def _to_verify(self, standing: Standing) -> Iterator[Unverified]:
        for check, (why, note) in self._missed(standing.unverified, standing):
            yield Unverified(check.requirement.name, why.found, note)

    def _violations(self, standing: Standing) -> Iterator[Violation]:
        model, catalogue = standing.model, self.solver.catalogue
        if standing.refused:
            stage = model.stage
            yield Violation(ACCEPT_BETA, "released", stage.value, stage.source, "")
        if standing.configuration is None:
            why = unrunnable(model, catalogue.declared)
            yield Violation(CONFIGURATION, True, why.found, why.source, "nothing can run the model")
        for check, (why, note) in self._missed(standing.violated, standing):
            yield Violation(
                check.requirement.name,
                plain(check.required),
                why.found,
                why.source,
                note,
            )


def _listed(required: Required) -> tuple[Member, ...]:
    return required if isinstance(required, tuple) else ()


def recommend_with(
    solver: Solver,
    profile: Profile,
    *,
    unknown: Policy = "flag",
    top: int | None = None,
    keep: Iterable[str] = (),
) -> Recommendation:
    """Return the answer of a prepared solver to one profile.

    Args:
        solver: of a catalogue and weights.
        profile: to answer.
        unknown: how what the facts do not settle ranks.
        top: the longest shortlist wanted; None for all.
        keep: requirements that cannot move.

    Raises:
        InputError: where the catalogue does not know what the profile states, or the profile does
            not state what to keep.
    """
    decision = solver.decide(profile, unknown)
    return Recommendation(solver, decision, top, kept_in(keep, decision.profile) if keep else ())
