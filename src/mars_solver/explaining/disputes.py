"""Where a claim that was not chosen would turn the verdict of a stated requirement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

from mars_solver.briefs import brief
from mars_solver.explaining.findings import Finding, claim_text, finding
from mars_solver.inputs.catalogue.catalogue import Catalogue
from mars_solver.inputs.catalogue.facts import MEASURED, Claim, F, SetFact, member_key
from mars_solver.inputs.catalogue.models import AnyFact, Model
from mars_solver.inputs.profile import requirement_text
from mars_solver.solving.constraints import Check, verdict
from mars_solver.vocabulary import Kind, Verdict

_WOULD = {
    Verdict.MET: "would meet",
    Verdict.UNVERIFIED: "may or may not meet",
    Verdict.VIOLATED: "would not meet",
}


@dataclass(frozen=True, slots=True)
class Dispute:
    """A claim, kept beside the chosen one, with which a requirement would come out otherwise."""

    __repr__ = brief

    requirement: str
    found: Finding
    """What the facts of the requirement would then say."""
    source: str
    as_of: str
    verdict: str
    """ "met", "unverified" or "violated": what the requirement would then be."""
    note: str
    """The same as a sentence, with the reason why the claim was not chosen."""


class _Variant(NamedTuple):
    """A model as another claim has it."""

    model: Model
    chosen: Claim
    other: Claim
    member: str
    """The member of a set that the claim is about; empty elsewhere."""


def disputes(checks: Iterable[Check], model: Model, catalogue: Catalogue) -> Iterator[Dispute]:
    """Yield the claims that would turn the verdict of a requirement on a model's facts.

    A user's own measurement is not disputed by what it has replaced.
    """
    for check in checks:
        requirement = check.requirement
        now: Verdict | None = None
        for name in (requirement.attribute, *requirement.implies):
            for variant in _variants(model, name):
                if variant.member and not _asks_for(check, variant.member, catalogue):
                    continue
                if now is None:
                    now = verdict(check, model, catalogue)
                then = verdict(check, variant.model, catalogue)
                if then is not now:
                    yield _dispute(check, name, variant, then, catalogue)


def _asks_for(check: Check, member: str, catalogue: Catalogue) -> bool:
    """Return whether a set requirement asks for a member, or for any of its language."""
    requirement = check.requirement
    return requirement.kind is Kind.SET and any(
        member in map(str, catalogue.in_language(requirement.attribute, member_key(each)))
        for each in check.members
    )


def _dispute(
    check: Check, attribute: str, variant: _Variant, then: Verdict, catalogue: Catalogue
) -> Dispute:
    requirement, other = check.requirement, variant.other
    declared = catalogue.declared
    what = declared.label(attribute) + (f" {variant.member}" if variant.member else "")
    unit = declared.attributes[attribute].unit or ""
    asked = requirement_text(requirement, check.required)
    why_not = f" – {other.why_not}" if other.why_not else ""
    note = (
        f"{variant.model.name}, {what}: {claim_text(variant.chosen, unit)}"
        f" ({variant.chosen.source}), but {other.source} ({other.as_of}) has"
        f" {claim_text(other, unit)}, which {_WOULD[then]} {asked}{why_not}"
    )
    found = finding(check, variant.model, catalogue)
    return Dispute(requirement.name, found, other.source, other.as_of, then.name.lower(), note)


@lru_cache(maxsize=2**12)
def _variants(model: Model, attribute: str) -> tuple[_Variant, ...]:
    """Return a model as each claim that was not chosen for an attribute has it."""
    fact = model.facts.get(attribute)
    if fact is None:
        return ()
    if isinstance(fact, SetFact):
        return tuple(
            _Variant(
                _with(model, attribute, replace(fact, members={**fact.members, key: then})),
                each,
                claim,
                str(key),
            )
            for key, each in fact.members.items()
            for claim, then in _others(each)
        )
    return tuple(
        _Variant(_with(model, attribute, then), fact, claim, "")
        for claim, then in _others(fact)  # type: ignore[type-var]
    )


def _others(fact: F) -> Iterator[tuple[Claim, F]]:
    """Yield the claims that disagree, each also as a fact of its own."""
    for claim in fact.other_claims:
        if fact.grade != MEASURED or claim.grade == MEASURED:
            fields = claim.model_dump(exclude={"why_not"}, exclude_none=True)
            yield claim, type(fact)(**fields)


def _with(model: Model, attribute: str, fact: AnyFact) -> Model:
    return replace(model, facts={**model.facts, attribute: fact})
