"""Who speaks what: the languages of every model in words, and the evidence for one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mars_solver.errors import InputError, Problem, shown
from mars_solver.inputs.catalogue.facts import expected_member, member_key, read_member
from mars_solver.rendering.words import MARKS, Section
from mars_solver.vocabulary import Status

if TYPE_CHECKING:
    from mars_solver.inputs.catalogue.catalogue import Catalogue
    from mars_solver.inputs.catalogue.facts import Member
    from mars_solver.inputs.catalogue.models import Model

_SCHEMA: Final = "mars-solver/languages/1"
_PLACE: Final = "catalogue languages"
_WORDS: Final = {True: "yes", None: "unknown", False: "no"}
_MARKS: Final = dict(zip(_WORDS, (MARKS[each.word] for each in Status), strict=True))


class Spoken(NamedTuple):
    """Whether one model speaks one language, and how that is known."""

    known: bool | None
    evidence: str

    @property
    def mark(self) -> str:
        """✓ for yes, ? for unknown, – for no."""
        return _MARKS[self.known]


@dataclass(frozen=True, slots=True)
class Languages:
    """The models beside the tags that are asked for."""

    models: tuple[Model, ...]
    asked: str
    """The language or locale asked for; empty for all."""
    rows: dict[str, tuple[Spoken, ...]]
    """What each model speaks, by tag."""

    @property
    def evidence(self) -> tuple[Section, ...]:
        """For each tag what is known of each model, in words."""
        return tuple(
            Section(
                tag,
                tuple(
                    f"{spoken.mark} {model.name}: {_WORDS[spoken.known]}; {spoken.evidence}"
                    for model, spoken in zip(self.models, row, strict=True)
                ),
            )
            for tag, row in self.rows.items()
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the same as plain JSON values."""
        rows = {
            tag: {
                model.id: {"speaks": _WORDS[spoken.known], "evidence": spoken.evidence}
                for model, spoken in zip(self.models, row, strict=True)
            }
            for tag, row in self.rows.items()
        }
        return {"schema": _SCHEMA, "asked": self.asked or None, "languages": rows}


def languages(catalogue: Catalogue, asked: str | None = None) -> Languages:
    """Return which model speaks what.

    Args:
        catalogue: with the facts.
        asked: a locale, or a language for all its known locales; None for all that any list has.

    Raises:
        InputError: where that is no tag, or the catalogue has no set of languages.
    """
    declared = catalogue.declared.attributes
    name = next((n for n, each in declared.items() if each.members == "language"), None)
    if name is None:
        raise InputError([Problem(_PLACE, "", "", "this catalogue has no set of languages")])
    models = tuple(sorted(catalogue.models, key=lambda model: model.beta))
    tags = catalogue.known_members(name)
    read: Member | None = None
    if asked is not None:
        read = read_member(declared[name], asked)
        if read is None:
            expected, hint = expected_member(declared[name])
            raise InputError([Problem(_PLACE, "", expected, shown(asked), hint)])
        tags = catalogue.in_language(name, member_key(read)) or (member_key(read),)
    rows = {str(tag): tuple(_spoken(catalogue, name, each, tag) for each in models) for tag in tags}
    return Languages(models, str(read or ""), rows)


def _spoken(catalogue: Catalogue, name: str, model: Model, tag: Member) -> Spoken:
    facts = model.set(name)
    claim = facts.members.get(tag)
    known = facts.known(tag)
    if known is None:
        return Spoken(None, catalogue.evidence(model, name, tag))
    source = claim or facts.closure
    parts = [source.source, source.as_of, source.note or ""] if source else []
    return Spoken(known, ", ".join(filter(None, parts)))
