"""A set of every model, member by member: who has what, and the evidence for one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mars_solver.errors import InputError, Problem, shown
from mars_solver.inputs.catalogue.facts import expected_member, member_key, read_member
from mars_solver.rendering.catalogue import sources
from mars_solver.rendering.words import MARKS, Section
from mars_solver.vocabulary import Status

if TYPE_CHECKING:
    from mars_solver.inputs.catalogue.catalogue import Catalogue
    from mars_solver.inputs.catalogue.facts import Member
    from mars_solver.inputs.catalogue.models import Model

_SCHEMA: Final = "mars-solver/members/1"
_WORDS: Final = {True: "yes", None: "unknown", False: "no"}
_MARKS: Final = dict(zip(_WORDS, (MARKS[each.word] for each in Status), strict=True))


class Held(NamedTuple):
    """Whether one model has one member, and how that is known."""

    known: bool | None
    evidence: str

    @property
    def mark(self) -> str:
        """✓ for yes, ? for unknown, – for no."""
        return _MARKS[self.known]


@dataclass(frozen=True, slots=True)
class Members:
    """The models beside the members that are asked for."""

    models: tuple[Model, ...]
    attribute: str
    asked: str
    """The member asked for; empty for all."""
    rows: dict[str, tuple[Held, ...]]
    """What each model has, by member."""
    sources: Section
    """What the keys of sources mean that the evidence names."""

    @property
    def evidence(self) -> tuple[Section, ...]:
        """For each member what is known of each model, in words."""
        return tuple(
            Section(
                member,
                tuple(
                    f"{held.mark} {model.name}: {_WORDS[held.known]}; {held.evidence}"
                    for model, held in zip(self.models, row, strict=True)
                ),
            )
            for member, row in self.rows.items()
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the same as plain JSON values."""
        rows = {
            member: {
                model.id: {"known": _WORDS[held.known], "evidence": held.evidence}
                for model, held in zip(self.models, row, strict=True)
            }
            for member, row in self.rows.items()
        }
        return {
            "schema": _SCHEMA,
            "attribute": self.attribute,
            "asked": self.asked or None,
            "members": rows,
        }


def members_of(catalogue: Catalogue, attribute: str, asked: str | None = None) -> Members:
    """Return which model has what of a set.

    Args:
        catalogue: with the facts.
        attribute: the name of a set.
        asked: a member, or a language for all its known locales; None for all that any list has.

    Raises:
        InputError: where that can be no member.
    """
    declared = catalogue.declared.attributes[attribute]
    models = tuple(sorted(catalogue.models, key=lambda model: model.beta))
    members = catalogue.known_members(attribute)
    read: Member | None = None
    if asked is not None:
        read = read_member(declared, asked)
        if read is None:
            expected, hint = expected_member(declared)
            place = f"catalogue {attribute}"
            raise InputError([Problem(place, "", expected, shown(asked), hint)])
        key = member_key(read)
        members = catalogue.in_language(attribute, key) or (key,)
    rows = {
        str(each): tuple(_held_by(model, each, catalogue, attribute) for model in models)
        for each in members
    }
    told = "\n".join(f"({held.evidence})" for row in rows.values() for held in row)
    return Members(models, attribute, str(read or ""), rows, sources(catalogue, told))


def _held_by(model: Model, member: Member, catalogue: Catalogue, attribute: str) -> Held:
    facts = model.set(attribute)
    claim, known = facts.members.get(member), facts.known(member)
    if known is None:
        return Held(None, "; ".join(catalogue.evidence(model, attribute, member)))
    source = claim or facts.closure
    parts = [source.source, source.as_of, source.note or ""] if source else []
    return Held(known, ", ".join(filter(None, parts)))
