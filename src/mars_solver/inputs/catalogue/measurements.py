"""A user's own measurements, as the chosen claims of a catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final, TypeVar

from mars_solver.errors import Faults, InputError, Problem, rerooted, shown
from mars_solver.inputs.catalogue.attributes import Attribute, Declarations
from mars_solver.inputs.catalogue.catalogue import Catalogue, by_id
from mars_solver.inputs.catalogue.facts import (
    MEASURED,
    UNKNOWN,
    Claim,
    NumberFact,
    SetFact,
    WordFact,
    YesNoFact,
)
from mars_solver.inputs.catalogue.models import AnyFact, Model, facts_in, forms, with_defaults
from mars_solver.inputs.parsing import not_one_of, number_or_text, parse
from mars_solver.vocabulary import Kind

_WORDS: Final = {"true": True, "yes": True, "false": False, "no": False}
_RANGE: Final = ".."


def with_measurements(catalogue: Catalogue, data: object, *, place: str) -> Catalogue:
    """Return the catalogue with a user's own measurements as the chosen claims.

    Args:
        catalogue: the catalogue to measure against.
        data: `{model id: {attribute: claim}}`; a claim is written as in a model file, `grade` may
            be left out, and a set holds one claim for each member.
        place: where the data come from, for messages.

    Returns:
        A new catalogue; each claim replaced is kept under `other_claims`.

    Raises:
        InputError: with every fault of the data.
    """
    if not isinstance(data, Mapping):
        raise InputError([Problem(place, "", "a table for each model measured", shown(data))])
    found = Faults()
    models = {model.id: model for model in catalogue.models}
    for key in sorted(data, key=str):
        if key not in models:
            found.problems.append(Problem(place, str(key), *not_one_of(key, models)))
            continue
        with found:
            models[key] = _measured(models[key], data[key], catalogue.declared, place)
    found.check()
    return replace(catalogue, models=by_id(models.values()))


def _measured(model: Model, data: object, declared: Declarations, place: str) -> Model:
    """Return `model` with the claims in `data` as the chosen ones."""
    _, form = forms(declared)
    graded = data
    if isinstance(data, Mapping):
        graded = with_defaults(data, declared, {"grade": MEASURED})
    with rerooted(lambda problem: problem.below(model.id)):
        new = facts_in(parse(form, graded, place), declared)
        wrong = [
            Problem(place, f"{path}.grade", MEASURED, shown(claim.grade), "leave it out")
            for path, claim in _claims(new)
            if claim.grade != MEASURED
        ]
        if wrong:
            raise InputError(wrong)
    merged = dict(model.facts)
    for name, fact in new.items():
        merged[name] = _replacing(fact, model.facts.get(name))
    ordered = {name: merged[name] for name in declared.attributes if name in merged}
    return replace(model, facts=ordered)


def _claims(facts: Mapping[str, AnyFact]) -> Iterable[tuple[str, Claim]]:
    for name, fact in facts.items():
        if isinstance(fact, SetFact):
            yield from ((f"{name}.{key}", each) for key, each in fact.members.items())
            if fact.closure is not None:
                yield name, fact.closure
        else:
            yield name, fact


def _replacing(new: AnyFact, old: AnyFact | None) -> AnyFact:
    """Return the fact `new`, with `old` and what it had replaced under `other_claims`."""
    if old is None:
        return new
    if isinstance(new, SetFact) and isinstance(old, SetFact):
        members = dict(old.members)
        for key, fact in new.members.items():
            members[key] = _demoting(fact, members[key]) if key in members else fact
        closed = old if new.others is None else new
        return SetFact(members, {**new.spelling, **old.spelling}, closed.others, closed.closure)
    return _demoting(new, old)  # type: ignore[type-var]


F = TypeVar("F", WordFact, YesNoFact, NumberFact)


def _demoting(new: F, old: F) -> F:
    demoted = old.claim(why_not=f"replaced by a measurement of {new.as_of}")
    return new.model_copy(update={"other_claims": (*new.other_claims, demoted, *old.other_claims)})


def claim_in(attribute: Attribute | None, text: str) -> dict[str, object]:
    """Return what a value in a flag, or in an address, claims of an attribute, as a table.

    Args:
        attribute: what is measured; None where nothing of that name is declared.
        text: a number, a range `low..high`, yes, no or unknown.
    """
    if text == UNKNOWN:
        return {"value": text}
    if attribute is None or Kind(attribute.kind) in {Kind.NUMBER, Kind.ORDINAL}:
        low, dots, high = text.partition(_RANGE)
        if dots:
            return {"low": _number(low), "high": _number(high)}
        return {"value": _number(text)}
    return {"value": _WORDS.get(text.lower(), text)}


def _number(text: str) -> object:
    return float("inf") if text.strip() == "inf" else number_or_text(text.strip())
