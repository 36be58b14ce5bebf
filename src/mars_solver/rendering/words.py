"""Wording that several renderers share: ranges, changes, facts, digests."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mars_solver.inputs.facts import Claim, Fact, NumberClaim, YesNoClaim
from mars_solver.vocabulary import ACCEPT_BETA, MAX_NUMBER, REQUIREMENT, Kind, number

if TYPE_CHECKING:
    from fractions import Fraction

    from mars_solver.explaining.changes import Change
    from mars_solver.inputs.catalogue import Catalogue
    from mars_solver.solving.cells import Interval
    from mars_solver.solving.solver import Solver

_DIGEST: Final = 12
"""How many digits of a SHA-256 are shown."""


@dataclass(frozen=True, slots=True)
class Section:
    """A titled list of sentences. A section without lines has nothing to say."""

    title: str
    lines: tuple[str, ...]


def names_in(catalogue: Catalogue) -> dict[str, str]:
    """Return the name of each model by its id."""
    return {model.id: model.name for model in catalogue.models}


def digests(solver: Solver) -> str:
    """Return the line that identifies the catalogue and the weights of an answer."""
    weights = solver.weights
    return f"{catalogue_digest(solver.catalogue)} · weights {weights.name} {_short(weights.sha256)}"


def catalogue_digest(catalogue: Catalogue) -> str:
    """Return the line that identifies a catalogue: its date and its digest."""
    return f"Facts as of {catalogue.as_of} · catalogue {_short(catalogue.sha256)}"


def _short(sha256: str) -> str:
    return sha256[:_DIGEST]


def fraction_text(value: Fraction) -> str:
    """Return a fraction exactly, followed by its rounded value where it is not whole."""
    exact = str(value)
    return exact if value.denominator == 1 else f"{exact} = {float(value):.2f}"


def interval_text(interval: Interval) -> str:
    """Return an interval in words, without its unit."""
    if interval.low == interval.high:
        return number(interval.low)
    start = f"{'from' if interval.low_included else 'above'} {number(interval.low)}"
    end = f"{'up to' if interval.high_included else 'below'} {number(interval.high)}"
    parts = [start] if interval.low else []
    parts += [end] if interval.high < MAX_NUMBER else []
    return ", ".join(parts) or "any"


def change_text(change: Change) -> str:
    """Return a change of a profile as an instruction."""
    name, old, new = change.requirement, change.from_, change.to
    if name == ACCEPT_BETA:
        return "accept betas"
    if name.startswith("prefer."):
        return f"set the importance of {name.removeprefix('prefer.')} from {old} to {new}"
    if name == "primary":
        return f"{old} then comes first no more"
    if new is None:
        return f"drop {name}"
    if isinstance(new, list) and isinstance(old, list):
        dropped = ", ".join(tag for tag in old if tag not in new)
        return f"drop {dropped} from {name}"
    requirement = REQUIREMENT[name]
    verb = "raise" if requirement.kind is Kind.CEILING else "lower"
    return f"{verb} {name} from {_amount(old)} to {_amount(new)} {requirement.unit}"


def _amount(value: object) -> str:
    return number(value) if isinstance(value, int | float) else str(value)


def fact_text(fact: Fact | None) -> str:
    """Return a fact's value in words; an absent fact is unknown."""
    return "unknown" if fact is None else claim_text(fact)


def claim_text(claim: Claim) -> str:
    """Return a claim's value in words."""
    if isinstance(claim, YesNoClaim):
        return {True: "yes", False: "no", None: "unknown"}[claim.known]
    if isinstance(claim, NumberClaim):
        low, high = claim.range
        if low == high:
            return number(low)
        return f">= {number(low)}" if math.isinf(high) else f"{number(low)} – {number(high)}"
    return str(getattr(claim, "value", ""))
