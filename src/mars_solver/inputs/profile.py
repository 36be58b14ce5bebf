"""What a project needs: the profile, checked against a catalogue and against itself."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from mars_solver.briefs import cut
from mars_solver.derived import derived
from mars_solver.errors import InputError, Problem
from mars_solver.inputs.catalogue.attributes import Declarations, Need, Requirement, in_sentence
from mars_solver.inputs.catalogue.facts import Member
from mars_solver.inputs.parsing import parse, plain_table
from mars_solver.inputs.profile_form import (
    ReadMembers,
    Workflow,
    form_schema,
    profile_form,
    stated_in,
)
from mars_solver.vocabulary import (
    ACCEPT_BETA,
    BATCH,
    NEUTRAL_IMPORTANCE,
    Kind,
    amounts,
    member_text,
)

if TYPE_CHECKING:
    from mars_solver.inputs.catalogue.shipped import Importances, Requirements

Required = Literal[True] | int | float | tuple[Member, ...]
"""What a stated requirement asks for: true, a number, or members of a set."""
_PLACE: Final = "Profile"


class Context(NamedTuple):
    """What the weights of the criteria and the guide's answer depend on."""

    needs: tuple[str, ...] = ()
    """The stated needs, in the guide's order."""
    primary: str | None = None
    """The stated need that comes first."""
    batch: bool = False
    """Whether the workflow is batch."""


class Profile:
    """What one project needs.

    Args:
        name: what the project calls itself; any printable line.
        workflow: "batch" where speech is rendered ahead of time and latency is no concern.
        primary: the stated need that comes first.
        accept_beta: whether beta models are candidates.
        require: the hard requirements, by name; null, false and an empty list are not stated.
        prefer: importances of the criteria, by name; 5 is neutral, 0 switches a criterion off.

    Attributes:
        require: what is stated, in declared order.
        prefer: the importances that are stated, in declared order.
        declared: what the profile was checked against: the shipped catalogue's declarations, or
            those of the catalogue that it was parsed for.
        readings: members that were read as another spelling, with that spelling.

    Raises:
        InputError: with every fault, where a field is unknown, has a wrong type or value, or
            contradicts another one.
    """

    name: str | None
    workflow: Workflow | None
    primary: str | None
    accept_beta: bool
    require: Mapping[str, Required]
    prefer: Mapping[str, int]
    declared: Declarations
    readings: tuple[tuple[str, str], ...]

    def __init__(
        self,
        *,
        name: str | None = None,
        workflow: Workflow | None = None,
        primary: str | None = None,
        accept_beta: bool | None = False,
        require: Requirements | Mapping[str, object] | None = None,
        prefer: Importances | Mapping[str, object] | None = None,
        **unknown: object,
    ) -> None:
        data = {
            "name": name,
            "workflow": workflow,
            "primary": primary,
            ACCEPT_BETA: accept_beta,
            "require": require,
            "prefer": prefer,
            **unknown,
        }
        self.__dict__.update(_checked(data, _PLACE, _shipped()).__dict__)

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse to change a profile."""
        raise AttributeError(f"a profile does not change: {name}")

    def __eq__(self, other: object) -> bool:
        """Return whether both state the same."""
        return isinstance(other, Profile) and self.content == other.content

    def __hash__(self) -> int:
        """Return the hash of what is stated."""
        return hash(self.content)

    def __repr__(self) -> str:
        """Return what is stated, as a call, cut to one line."""
        stated = {key: value for key, value in self.to_dict().items() if value}
        return cut(f"Profile({', '.join(f'{key}={value!r}' for key, value in stated.items())})")

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how to make the profile again, with what it was checked against."""
        return _restored, (
            dict(self.__dict__, require=dict(self.require), prefer=dict(self.prefer)),
        )

    @derived
    def content(self) -> tuple[object, ...]:
        """What is stated, as one value: profiles that state the same have equal ones."""
        require, prefer = tuple(self.require.items()), tuple(self.prefer.items())
        return self.name, self.workflow, self.primary, self.accept_beta, require, prefer

    @property
    def batch(self) -> bool:
        """Whether the workflow is batch."""
        return self.workflow == BATCH

    @derived
    def needs(self) -> tuple[str, ...]:
        """The stated needs, in the guide's order."""
        return self.declared.needs_of(self.require)

    @derived
    def context(self) -> Context:
        """What the weights of the criteria and the guide's answer depend on."""
        return Context(self.needs, self.primary, self.batch)

    @derived
    def stated(self) -> int:
        """The mask of the stated requirements."""
        known = self.declared.requirement
        return sum([known[name].bit for name in self.require])

    @derived
    def importances(self) -> tuple[int, ...]:
        """The importance of each criterion in declared order, defaults filled in."""
        return self.importances_in(batch=self.batch)

    def importances_in(self, *, batch: bool) -> tuple[int, ...]:
        """Return the same for a workflow, which gives the defaults."""
        defaults = neutral(self.declared, batch=batch)
        if not self.prefer:
            return defaults
        importances, known = list(defaults), self.declared.criterion
        for name, importance in self.prefer.items():
            importances[known[name].index] = importance
        return tuple(importances)

    def checked_against(self, declared: Declarations) -> Profile:
        """Return the profile as another catalogue reads it; itself where that is the same.

        Raises:
            InputError: with what the other catalogue does not know.
        """
        if declared is self.declared:
            return self
        return parse_profile(self.to_dict(), _PLACE, declared)

    def revised(
        self,
        *,
        require: Mapping[str, Required | None] | None = None,
        prefer: Mapping[str, int] | None = None,
        accept_beta: bool | None = None,
    ) -> Profile:
        """Return the profile with some values changed; None drops a requirement.

        The values must be valid ones: amounts in range, members as they are spelled. Where the
        change takes away the need that `primary` names, `primary` goes with it.

        Raises:
            InputError: where the changed profile contradicts itself.
        """
        fields: dict[str, Any] = {
            "name": self.name,
            "workflow": self.workflow,
            "primary": self.primary,
            ACCEPT_BETA: self.accept_beta if accept_beta is None else accept_beta,
            "require": self.require,
            "prefer": self.prefer,
        }
        if require:
            wanted = {**self.require, **require}
            names = self.declared.requirement
            fields["require"] = {n: v for n in names if (v := wanted.get(n)) is not None}
            if self.primary not in self.declared.needs_of(fields["require"]):
                fields["primary"] = None
        if prefer:
            stated = {**self.prefer, **prefer}
            fields["prefer"] = {
                c.name: stated[c.name] for c in self.declared.criteria if c.name in stated
            }
        return _consistent(_made(fields, self.declared, self.readings), _PLACE)

    def statements(self) -> list[str]:
        """Return what the profile states, in words: a line for each part that is stated."""
        wanted = [
            requirement_text(self.declared.requirement[name], value)
            for name, value in self.require.items()
        ]
        lines = ["Requires " + ("; ".join(wanted) if wanted else "nothing")]
        if self.prefer:
            phrase = self.declared.phrase
            importances = ", ".join(f"{phrase(key)} {value}" for key, value in self.prefer.items())
            lines.append(f"Prefers {importances} (5 is neutral)")
        if self.batch:
            live = " and ".join(
                self.declared.phrase(c.name)
                for c in self.declared.criteria
                if c.live and c.name not in self.prefer
            )
            rest = f" ({live} is no concern)" if live else ""
            lines.append(f"Workflow: batch{rest}")
        if self.primary:
            need = in_sentence(self.declared.need[self.primary].label)
            lines.append(f"The need that comes first: {need}")
        if self.accept_beta:
            lines.append("Betas are accepted")
        return lines

    def to_dict(self) -> dict[str, Any]:
        """Return what is stated, as plain JSON values; parsing it gives an equal profile."""
        return {
            **{
                key: value
                for key in ("name", "workflow", "primary")
                if (value := getattr(self, key)) is not None
            },
            ACCEPT_BETA: self.accept_beta,
            "require": {
                name: list(value) if isinstance(value, tuple) else value
                for name, value in self.require.items()
            },
            "prefer": dict(self.prefer),
        }


def requirement_text(requirement: Requirement, value: Any) -> str:
    """Return a requirement with its value in words, such as "time to first byte at most 300 ms"."""
    label = in_sentence(requirement.label)
    match requirement.kind:
        case Kind.CAPABILITY:
            return label
        case Kind.SET:
            members = value if isinstance(value, list | tuple) else [value]
            return f"{label} {', '.join(member_text(each, requirement.unit) for each in members)}"
        case _:
            bound = "at most" if requirement.ceiling else "at least"
            return f"{label} {bound} {amounts(requirement.unit, value)[0]}"


@lru_cache(maxsize=2**6)
def neutral(declared: Declarations, *, batch: bool) -> tuple[int, ...]:
    """Return the importance of each criterion where none is stated."""
    return tuple(0 if batch and c.live else NEUTRAL_IMPORTANCE for c in declared.criteria)


def parse_profile(data: object, place: str, declared: Declarations | None = None) -> Profile:
    """Return the profile that `data`, a mapping, describes.

    Args:
        data: the content; a profile is read again.
        place: where it comes from, for messages.
        declared: what can be asked; None for what the shipped catalogue declares.

    Raises:
        InputError: with every fault of `data`, each under `place`.
    """
    known = _shipped() if declared is None else declared
    if isinstance(data, Profile):
        return data.checked_against(known)
    return _checked(data, place, known)


def profile_schema(declared: Declarations | None = None) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a profile.

    Args:
        declared: what can be asked; None for what the shipped catalogue declares.
    """
    return form_schema(_shipped() if declared is None else declared)


def _shipped() -> Declarations:
    from mars_solver.inputs.files import load_catalogue  # noqa: PLC0415  (a profile needs no file)

    return load_catalogue().declared


def _restored(fields: dict[str, Any]) -> Profile:
    kept = {k: fields[k] for k in ("name", "workflow", "primary", ACCEPT_BETA, "require", "prefer")}
    return _made(kept, fields["declared"], fields["readings"])


def _made(
    fields: Mapping[str, Any], declared: Declarations, readings: tuple[tuple[str, str], ...]
) -> Profile:
    """Return a profile of valid fields."""
    profile = Profile.__new__(Profile)
    profile.__dict__.update(
        fields,
        require=MappingProxyType(dict(fields["require"])),
        prefer=MappingProxyType(dict(fields["prefer"])),
        declared=declared,
        readings=readings,
    )
    return profile


def _checked(data: object, place: str, declared: Declarations) -> Profile:
    """Return the profile that a mapping describes.

    Raises:
        InputError: with every fault.
    """
    parsed: Any = parse(profile_form(declared), plain_table(data), place)
    require: dict[str, Required] = {}
    readings: dict[str, str] = {}
    for name, value in stated_in(parsed.require, declared.requirement).items():
        if not isinstance(value, ReadMembers):
            require[name] = value
        elif value.members:
            require[name] = value.members
            readings |= value.readings
    prefer = stated_in(parsed.prefer, declared.criterion)
    fields = {key: getattr(parsed, key) for key in ("name", "workflow", "primary", ACCEPT_BETA)}
    profile = _made(
        {**fields, "require": require, "prefer": prefer}, declared, tuple(readings.items())
    )
    return _consistent(profile, place)


def _consistent(profile: Profile, place: str) -> Profile:
    """Return a profile that does not contradict itself.

    Raises:
        InputError: where it does.
    """
    primary, needs = profile.primary, profile.needs
    problems = []
    if primary and primary not in needs:
        stated = ", ".join(needs) or "none"
        hint = f"state a requirement of {primary} under require, or drop primary"
        problems.append(
            Problem(place, "primary", f"a need that is stated ({stated})", primary, hint)
        )
    if profile.batch:
        live = next((n for n in profile.declared.needs if n.live and n.name in needs), None)
        if live is not None:
            problems.append(Problem(place, "workflow", *_contradiction(profile, live)))
    if problems:
        raise InputError(problems)
    return profile


def _contradiction(profile: Profile, need: Need) -> tuple[str, str, str]:
    """Return why a live need cannot be rendered ahead of time, as a problem has it."""
    cause = next(name for name, value in profile.require.items() if need.states(name, value))
    limit = dict(need.below).get(cause)
    hint = f"drop workflow, or drop {cause}" + (f" or raise it to {limit}" if limit else "")
    why = "" if cause == need.name else f", which needs {need.name}"
    return f"no workflow beside {cause}{why}", BATCH, hint
