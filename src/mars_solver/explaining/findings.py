"""What the facts say where a requirement is not met: the finding, its source, and what to do."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from mars_solver.briefs import brief
from mars_solver.inputs.catalogue.attributes import Declarations
from mars_solver.inputs.catalogue.catalogue import Catalogue
from mars_solver.inputs.catalogue.facts import (
    MEASURED,
    Claim,
    Member,
    NumberClaim,
    Range,
    SetFact,
    WordClaim,
    YesNoClaim,
    member_key,
)
from mars_solver.inputs.catalogue.models import Model
from mars_solver.inputs.profile import Required
from mars_solver.solving.constraints import (
    Check,
    Configuration,
    member_verdict,
    own_verdict,
    settled,
)
from mars_solver.solving.solver import Solver, Standing
from mars_solver.vocabulary import CONFIGURATION, Kind, Policy, Verdict, amounts, both

Finding = bool | int | float | str | list[str | int | float | None] | None
"""A JSON value: a capability, a number, a range with an open end as null, members, or unknown."""
_UNCERTAIN = ("judged", "derived")
"""The grades that an answer points out."""


class Cause(NamedTuple):
    """One reason why a requirement is not met: a fact, or the configuration."""

    verdict: Verdict
    found: Finding
    source: str | None
    """The key of the fact's source; None where no source speaks of it."""

    def __repr__(self) -> str:
        return brief(self)


def cause(check: Check, standing: Standing, catalogue: Catalogue, policy: Policy) -> Cause:
    """Return the reason why a requirement is violated or unverified.

    What is violated comes before what is unverified, and the requirement's own fact before what it
    implies. Where the unknown is rejected, an implied capability that is unknown comes before the
    own fact: no other amount would mend it.
    """
    model = standing.model
    own = _own(check, model, catalogue)
    if own.verdict is Verdict.VIOLATED:
        return own
    implied = [_capability(model, name) for name in check.requirement.implies]
    chosen = _ruling_out(check, standing.configuration, catalogue.declared)
    facts = [*implied, own] if policy == "reject" else [own, *implied]
    lost = [each for each in implied if each.verdict is Verdict.VIOLATED]
    left_open = [each for each in facts if each.verdict is Verdict.UNVERIFIED]
    ordered = [*left_open, *chosen] if policy == "reject" else [*chosen, *left_open]
    return next(iter([*lost, *ordered, own]))


class Reason(NamedTuple):
    """Why a requirement is not met, and what is known of it."""

    cause: Cause
    note: str
    """What is known of what the facts leave open, and what would settle it."""

    def __repr__(self) -> str:
        return brief(self)


def reason(check: Check, standing: Standing, solver: Solver, policy: Policy) -> Reason:
    """Return why a requirement is violated or unverified.

    It is the same for all amounts of a cell, so that it is worked out once for each.
    """
    requirement, required = check
    part: object = required
    if requirement.numeric:
        part = solver.column(requirement.name).position(check.amount)
    elif requirement.kind is Kind.SET and len(check.members) > _FEW:
        return _reason(check, standing, solver.catalogue, policy)
    key = requirement.bit, part, standing.model.id, standing.configuration, policy
    known: Reason | None = solver.remembered.get(key)
    if known is None:
        known = _reason(check, standing, solver.catalogue, policy)
        solver.remember(key, known)
    return known


_FEW: Final = 8
"""The longest list of members of which a reason is remembered, so that it takes little memory."""


def _reason(check: Check, standing: Standing, catalogue: Catalogue, policy: Policy) -> Reason:
    why = cause(check, standing, catalogue, policy)
    note = unknown_members if why.verdict is Verdict.VIOLATED else note_of
    return Reason(why, note(check, standing.model, catalogue))


def finding(check: Check, model: Model, catalogue: Catalogue) -> Finding:
    """Return what a requirement's own fact says of a model."""
    return _own(check, model, catalogue).found


def plain(required: Required) -> Finding:
    """Return what a requirement asks for as JSON has it."""
    return list(required) if isinstance(required, tuple) else required


def _own(check: Check, model: Model, catalogue: Catalogue) -> Cause:
    """Return what a requirement's own fact says."""
    requirement = check.requirement
    match requirement.kind:
        case Kind.CAPABILITY:
            return _capability(model, requirement.attribute)
        case Kind.SET:
            return _members(check, model, catalogue)
        case _:
            claimed = model.range(requirement.attribute)
            found = None if claimed is None else shown_range(claimed)
            verdict = own_verdict(check, model, catalogue)
            return Cause(verdict, found, _source(model, requirement.attribute))


def _capability(model: Model, attribute: str) -> Cause:
    known = model.capability(attribute)
    return Cause(settled(known), known, _source(model, attribute))


def _source(model: Model, attribute: str) -> str | None:
    fact = model.facts.get(attribute)
    return fact.told if isinstance(fact, Claim) else None


def _members(check: Check, model: Model, catalogue: Catalogue) -> Cause:
    """Return the members that are met, and the source of the first that is not."""
    attribute = check.requirement.attribute
    verdicts = [(m, member_verdict(m, model, attribute, catalogue)) for m in check.members]
    worst = max(verdict for _, verdict in verdicts)
    met: list[str | int | float | None] = [m for m, v in verdicts if v is Verdict.MET]
    first = next(member for member, verdict in verdicts if verdict is worst)
    found = met if met or worst is Verdict.VIOLATED else None
    return Cause(worst, found, _source_of_member(first, model, attribute, catalogue))


def _source_of_member(
    member: Member, model: Model, attribute: str, catalogue: Catalogue
) -> str | None:
    known = model.set(attribute)
    for key in catalogue.in_language(attribute, member_key(member)):
        if key in known.members:
            return known.members[key].source
    return known.closure.source if known.closure and known.others is not None else None


def _ruling_out(
    check: Check, configuration: Configuration | None, declared: Declarations
) -> list[Cause]:
    """Return the value of a configuration that rules a requirement out, if one does."""
    pins = check.requirement.pins
    if not pins or configuration is None:
        return []
    chosen = declared.chosen(configuration)
    return [
        Cause(Verdict.VIOLATED, chosen[variable], CONFIGURATION)
        for variable, allowed in pins
        if chosen[variable] not in allowed
    ][:1]


def unrunnable(model: Model, declared: Declarations) -> Cause:
    """Return why nothing can run a model: the source is that of a "no", a measured one first."""
    enabling = dict.fromkeys(name for names in declared.enabled_by.values() for name in names)
    facts = [model.facts[name] for name in enabling if model.capability(name) is False]
    claims = [fact for fact in facts if isinstance(fact, Claim)]
    claims.sort(key=lambda claim: claim.grade != MEASURED)
    return Cause(Verdict.VIOLATED, False, claims[0].source if claims else None)


def shown_range(claimed: Range) -> Finding:
    """Return a claim range as JSON: a point as one number, an open end as null."""
    low, high = claimed
    if low == high:
        return low
    return [low, None if math.isinf(high) else high]


# ------------------------------------------------------------------------- notes


def note_of(check: Check, model: Model, catalogue: Catalogue) -> str:
    """Return what is known of the facts that leave a requirement open, and what would settle it.

    Empty where the facts settle it.
    """
    known = list(_open_points(check, model, catalogue))
    return "; ".join([*known, settling(check, model, catalogue)]) if known else ""


_NARROW: Final = "more samples would narrow this"
"""What settles a number that a user has sampled."""


def settling(check: Check, model: Model, catalogue: Catalogue) -> str:
    """Return what would settle the facts that leave a requirement open: its own, and implied ones.

    Empty where the facts settle it.
    """
    requirement, ways = check.requirement, []
    if own_verdict(check, model, catalogue) is Verdict.UNVERIFIED:
        fact = model.facts.get(requirement.attribute)
        sampled = isinstance(fact, NumberClaim) and fact.samples
        ways.append(_NARROW if sampled else requirement.settle)
    known = catalogue.declared.requirement
    ways += [known[n].settle for n in requirement.implies if model.capability(n) is None]
    return "; ".join(dict.fromkeys(ways))


def unknown_members(check: Check, model: Model, catalogue: Catalogue) -> str:
    """Return what is known of the members that the facts leave open; empty for other kinds."""
    return "; ".join(_open_members(check, model, catalogue))


def _open_points(check: Check, model: Model, catalogue: Catalogue) -> Iterator[str]:
    requirement = check.requirement
    if requirement.kind is Kind.SET:
        yield from _open_members(check, model, catalogue)
    elif own_verdict(check, model, catalogue) is Verdict.UNVERIFIED:
        yield _unsettled(model, requirement.attribute, requirement.unit)
    for name in requirement.implies:
        if model.capability(name) is None:
            yield f"{catalogue.declared.label(name)}: {_unsettled(model, name)}"


def _open_members(check: Check, model: Model, catalogue: Catalogue) -> Iterator[str]:
    """Yield what is known of the open members of a set; the same is said once, of all of them."""
    if check.requirement.kind is not Kind.SET:
        return
    attribute = check.requirement.attribute
    of: dict[str, list[str]] = {}
    for member in check.members:
        if member_verdict(member, model, attribute, catalogue) is Verdict.UNVERIFIED:
            for part in catalogue.evidence(model, attribute, member):
                of.setdefault(part, []).append(str(member))
    said: dict[str, list[str]] = {}
    for part, members in of.items():
        said.setdefault(", ".join(members), []).append(part)
    yield from (f"{members}: {'; '.join(parts)}" for members, parts in said.items())


def _unsettled(model: Model, name: str, unit: str = "") -> str:
    """Return what is known of a fact that does not settle a requirement."""
    fact = model.facts.get(name)
    if fact is None or isinstance(fact, SetFact):
        return "unknown: no source mentions it"
    note = f"; {fact.note}" if fact.note else ""
    claimed = model.range(name)
    if claimed is None:
        return f"unknown{note}"
    verb = _VERBS.get(fact.grade, "documented")
    return f"{verb} at {range_text(claimed, unit)} ({fact.told}){note}"


_VERBS: Final = {"derived": "estimated", "judged": "judged", "measured": "measured"}
"""How a claim of each grade came to its number."""


def range_text(claimed: Range, unit: str) -> str:
    """Return a claim range in words."""
    low, high = claimed
    if math.isinf(high):
        return f"{amounts(unit, low)[0]} and more"
    return "–".join(amounts(unit, *((low,) if low == high else claimed)))


def claim_text(claim: Claim, unit: str) -> str:
    """Return what a claim says, in words."""
    if isinstance(claim, NumberClaim):
        return "unknown" if claim.range is None else range_text(claim.range, unit)
    if isinstance(claim, YesNoClaim):
        return {True: "yes", False: "no", None: "unknown"}[claim.known]
    return claim.value if isinstance(claim, WordClaim) else ""


@lru_cache(maxsize=2**10)
def caveats(
    models: tuple[Model, ...], attributes: frozenset[str], declared: Declarations
) -> tuple[str, ...]:
    """Return what an answer that rests on attributes of models has to say of their facts.

    Facts that are judged or derived are named with their source, and measured ones with how they
    were measured; the caveat that an attribute declares is said unless the user has measured every
    fact.
    """
    alike: dict[_Origin, list[str]] = {}
    for model in models:
        for origin in _uncertain(model, declared):
            if origin.attribute in attributes:
                alike.setdefault(origin, []).append(model.name)
    said: dict[tuple[str, str], list[str]] = {}
    for origin, names in sorted(alike.items(), key=lambda item: item[0].place):
        said.setdefault((", ".join(names), origin.text), []).append(origin.label)
    return tuple([f"{both(labels)} of {of}: {text}" for (of, text), labels in said.items()])


class _Origin(NamedTuple):
    """Where a fact that an answer points out comes from."""

    place: int
    """The attribute's, in declared order."""
    attribute: str
    label: str
    text: str


@lru_cache(maxsize=2**12)
def _uncertain(model: Model, declared: Declarations) -> tuple[_Origin, ...]:
    """Return what is to be pointed out of a model's facts, by attribute."""
    found = []
    for place, (name, attribute) in enumerate(declared.attributes.items()):
        fact = model.facts.get(name)
        if not isinstance(fact, Claim) or not fact.settled:
            continue
        if fact.grade == MEASURED:
            if fact.made:
                said = f"measured ({fact.told})"
                found.append(_Origin(place, name, attribute.label, said))
            continue
        doubtful = fact.grade in _UNCERTAIN
        if doubtful or attribute.caveat:
            said = f"{fact.grade} ({fact.source}), not measured" if doubtful else fact.source
            text = f"{said}; {attribute.caveat}" if attribute.caveat else said
            found.append(_Origin(place, name, attribute.label, text))
    return tuple(found)
