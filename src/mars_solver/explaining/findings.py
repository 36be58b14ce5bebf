"""What the facts say where a requirement is not met: the finding, its source, and what to do."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from mars_solver.inputs.catalogue import Catalogue
from mars_solver.inputs.facts import Model, Range, YesNoFact
from mars_solver.solving.constraints import Check, locale_verdict, own_verdict, ruled_out
from mars_solver.solving.solver import Standing
from mars_solver.vocabulary import CRITERIA, Kind, Policy, Verdict

Finding = bool | int | float | str | list[str] | list[int | float | None] | None
"""A JSON value: a capability, a number, a range with an open end as null, locales, or unknown."""
CONFIGURATION = "configuration"
"""The source of a finding that no fact makes, but the other requirements."""


def missing(check: Check, standing: Standing, policy: Policy) -> tuple[Finding, str | None]:
    """Return what is found where a requirement is violated or unverified, and its source."""
    model, requirement = standing.model, check.requirement
    if requirement.kind is Kind.LOCALES:
        return _found_locales(check, model, policy)
    worst = own_verdict(check, model)
    implied = requirement.implies
    lost = Verdict.UNVERIFIED if policy == "reject" else Verdict.VIOLATED
    if worst < lost:
        if implied and model.capability(implied) is False:
            return _found_capability(model, implied)
        if requirement.pin and ruled_out(requirement, standing.configuration):
            return standing.configuration.value(requirement.pin[0]), CONFIGURATION
        if implied and worst is Verdict.MET:
            return _found_capability(model, implied)
    if requirement.kind is Kind.CAPABILITY:
        return _found_capability(model, requirement.fact)
    return _found_number(model, requirement.fact)


def _found_capability(model: Model, name: str) -> tuple[Finding, str | None]:
    fact: YesNoFact | None = getattr(model, name)
    return (fact.known, fact.source) if fact else (None, None)


def _found_number(model: Model, name: str) -> tuple[Finding, str | None]:
    fact = getattr(model, name)
    return (shown_range(fact.range), fact.source) if fact else (None, None)


def _found_locales(check: Check, model: Model, policy: Policy) -> tuple[Finding, str | None]:
    """Return the locales that stay, and the source of the first that does not."""
    tags = check.locales
    verdicts = {tag: locale_verdict(model, tag) for tag in tags}
    violating = max(verdicts.values()) is Verdict.VIOLATED
    worst = Verdict.VIOLATED if violating and policy != "reject" else Verdict.UNVERIFIED
    stay = [tag for tag in tags if verdicts[tag] < worst]
    first = next(model.languages.get(tag) for tag in tags if verdicts[tag] >= worst)
    return (stay or ([] if violating else None)), (first.source if first else None)


def shown_range(claimed: Range) -> Finding:
    """Return a claim range as JSON: a point as one number, an open end as null."""
    low, high = claimed
    if low == high:
        return low
    return [low, None if math.isinf(high) else high]


def note_of(check: Check, model: Model, catalogue: Catalogue) -> str:
    """Return what is known of an unverified requirement, and what would settle it."""
    requirement = check.requirement
    known: list[str] = []
    if requirement.kind is Kind.LOCALES:
        known = [
            f"{tag}: {catalogue.evidence(model, tag)}"
            for tag in check.locales
            if model.speaks(tag) is None
        ]
    else:
        known = [_unsettled(model, requirement.fact, requirement.unit)]
        if requirement.implies and model.capability(requirement.implies) is None:
            known.append(f"{requirement.implies} is {_unsettled(model, requirement.implies)}")
    return "; ".join([*filter(None, known), requirement.settle])


def _unsettled(model: Model, name: str, unit: str = "") -> str:
    """Return what is known of a fact that does not settle a requirement."""
    fact = getattr(model, name)
    if fact is None:
        return "unknown: no source speaks of it"
    note = f"; {fact.note}" if fact.note else ""
    if isinstance(fact, YesNoFact):
        return f"unknown{note}"
    low, high = fact.range
    end = "any" if math.isinf(high) else f"{high:g}"
    return f"claimed from {low:g} to {end} {unit} ({fact.source}){note}"


def caveats(models: Iterable[Model], facts: Iterable[str]) -> Iterator[str]:
    """Yield what an answer that rests on some facts of some models has to say of them."""
    chosen, used = list(models), set(facts)
    alike: dict[tuple[str, str], tuple[list[str], list[str]]] = {}
    for criterion in CRITERIA:
        for model in chosen if criterion.fact in used else ():
            fact = getattr(model, criterion.fact)
            if fact is not None and fact.grade in _UNCERTAIN:
                names, of = alike.setdefault((fact.grade, criterion.caveat), ([], []))
                names += [criterion.fact] if criterion.fact not in names else []
                of += [model.id] if model.id not in of else []
    for (grade, caveat), (names, of) in alike.items():
        what = f"{' and '.join(names)} of {', '.join(of)}: {grade}, not measured"
        yield f"{what}; {caveat}" if caveat else what


def unreachable(models: Iterable[Model]) -> Iterator[str]:
    """Yield which models have no name in the public API, and why."""
    for model in models:
        if model.speech_model is None:
            fact = model.public_api
            reason = fact.note if fact and fact.note else "its name in the public API is unknown"
            yield f"{model.id}: {reason}"


_UNCERTAIN = ("judged", "derived")
"""The grades that an answer points out."""
