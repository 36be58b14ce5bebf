"""The form of the page: fields, sliders and questions as a catalogue declares them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mars_solver.inputs.profile_row import SEPARATOR
from mars_solver.vocabulary import ACCEPT_BETA, BATCH, NEUTRAL_IMPORTANCE, Kind, number
from mars_solver.web.query import UNKNOWN, fields

if TYPE_CHECKING:
    from mars_solver.inputs.catalogue.attributes import Declarations, Requirement
    from mars_solver.inputs.catalogue.catalogue import Catalogue
    from mars_solver.inputs.catalogue.facts import Member
    from mars_solver.solving.solver import Solver

_OTHERS: Final = "Further requirements"
"""The group of requirements that are declared without one."""
_FEW: Final = 12
"""Up to this many members of a set, a hint names them all."""


@dataclass(frozen=True, slots=True)
class Field:
    """A tick or an entry of the form."""

    name: str
    title: str
    hint: str
    kind: str
    """"tick", "number" or "text"."""
    unit: str = ""
    value: str = "true"
    """What a tick states."""


@dataclass(frozen=True, slots=True)
class Slider:
    """The importance of a criterion; one that states nothing rests at its default."""

    name: str
    title: str
    hint: str
    value: str
    stated: bool
    default: int


@dataclass(frozen=True, slots=True)
class Form:
    """What the form asks for, as it was filled in."""

    questions: tuple[Field, ...]
    """The guide's, each as the requirement that answers it with yes."""
    needs: tuple[tuple[str, str], ...]
    """What may come first: the names of the needs with their labels; empty without a guide."""
    groups: tuple[tuple[str, tuple[Field, ...]], ...]
    """The other requirements, by group in declared order."""
    project: tuple[Field, ...]
    sliders: tuple[Slider, ...]
    values: Mapping[str, str]
    errors: Mapping[str, Sequence[str]]
    """What is wrong with a field, by its name."""
    titles: Mapping[str, str]
    """The title of each field, by name."""

    @property
    def defaults(self) -> str:
        """The sliders that state nothing, with where they rest."""
        resting = (f"{each.name}:{each.value}" for each in self.sliders if not each.stated)
        return SEPARATOR.join(resting)


def form_of(
    solver: Solver,
    values: Mapping[str, str],
    errors: Mapping[str, Sequence[str]] | None = None,
) -> Form:
    """Return the form of a catalogue.

    Args:
        solver: that answers what is asked.
        values: the texts of the fields, by name.
        errors: what is wrong with them, by name.
    """
    catalogue, declared = solver.catalogue, solver.declared
    questions = tuple(_questions(catalogue))
    asked = {each.name for each in questions}
    others = [each for each in declared.requirements if each.name not in asked]
    groups = dict.fromkeys(each.group for each in others if each.group)
    return Form(
        questions=questions,
        needs=tuple((need.name, need.label) for need in declared.needs),
        groups=tuple(
            (group or _OTHERS, tuple(_field(r, catalogue) for r in others if r.group == group))
            for group in (*groups, *[""] * any(not each.group for each in others))
        ),
        project=tuple(_project(declared)),
        sliders=tuple(_sliders(solver, values)),
        values=values,
        errors=errors or {},
        titles=titles(declared),
    )


def field_names(solver: Solver) -> frozenset[str]:
    """Return the names of the fields that can show a problem beside them."""
    declared = solver.declared
    absent = declared.criterion.keys() - solver.scored
    names = {*fields(declared), UNKNOWN} - absent
    return frozenset(names if declared.needs else names - {"primary"})


def titles(declared: Declarations) -> dict[str, str]:
    """Return what people read for each field, by name."""
    return {
        "primary": "What comes first",
        "workflow": "Batch work",
        ACCEPT_BETA: "Accept betas",
        "name": "Name of the project",
        UNKNOWN: "What the facts leave open",
        **{each.name: title(each) for each in declared.requirements},
        **{each.name: each.label for each in declared.criteria},
    }


def title(requirement: Requirement) -> str:
    """Return what people read for a requirement: its label, and which way a limit goes."""
    if not requirement.numeric:
        return requirement.label
    return f"{requirement.label}, at {'most' if requirement.ceiling else 'least'}"


def _questions(catalogue: Catalogue) -> Iterator[Field]:
    """Yield the guide's questions, each as the first requirement left that states its need."""
    declared, used = catalogue.declared, set[str]()
    for question in catalogue.flowchart.questions if catalogue.flowchart else ():
        need = declared.need[question.need]
        stating = (*need.stated_by, *(name for name, _ in need.below))
        name = next((each for each in stating if each not in used), None)
        if name is not None:
            used.add(name)
            requirement = declared.requirement[name]
            yield _field(requirement, catalogue, question.text)


def _field(requirement: Requirement, catalogue: Catalogue, question: str = "") -> Field:
    """Return the field of a requirement, headed by a question of the guide where it has one."""
    heading = title(requirement)
    kind = {Kind.CAPABILITY: "tick", Kind.SET: "text"}.get(requirement.kind, "number")
    hints = [heading] if question else []
    if requirement.describe.casefold() not in {heading.casefold(), requirement.label.casefold()}:
        hints.append(requirement.describe)
    elif requirement.kind is Kind.SET:
        hints.append("every one of these")
    return Field(
        name=requirement.name,
        title=question or heading,
        hint="; ".join([": ".join(hints), *_remarks(requirement, catalogue)]).removeprefix("; "),
        kind=kind,
        unit=requirement.unit,
    )


def _remarks(requirement: Requirement, catalogue: Catalogue) -> Iterator[str]:
    """Yield what else helps to fill a field in: a scale, examples, the need that it states."""
    declared = catalogue.declared
    scale = declared.attributes[requirement.attribute].scale
    if scale:
        yield f"from {number(scale[0])} to {number(scale[1])}"
    if requirement.kind is Kind.SET:
        members = _members(requirement.attribute, catalogue)
        if len(members) > _FEW:
            yield f"such as {members[0]}"
        elif members:
            yield f"known: {f'{SEPARATOR} '.join(members)}"
    for need in declared.needs:
        for name, limit in need.below:
            if name == requirement.name:
                unit = f" {requirement.unit}" if requirement.unit else ""
                yield f"below {number(limit)}{unit} it states the need “{need.label}”"


def _members(attribute: str, catalogue: Catalogue) -> list[str]:
    """Return the known members of a set; those first that the most models have."""
    sets = [model.set(attribute) for model in catalogue.models]
    counted: Counter[Member] = Counter(catalogue.known_members(attribute))
    for each in sets:
        counted.update(key for key, fact in each.members.items() if fact.known)
    spelled = {key: text for each in sets for key, text in each.spelling.items()}
    return [str(spelled.get(key, key)) for key, _ in counted.most_common()]


def _project(declared: Declarations) -> Iterator[Field]:
    """Yield what is asked of the project beside its requirements."""
    live = " and ".join(each.label for each in declared.criteria if each.live)
    rest = f"; {live} then counts only if you set it" if live else ""
    known = titles(declared)
    yield Field("workflow", known["workflow"], f"rendered ahead of time{rest}", "tick", value=BATCH)
    yield Field(ACCEPT_BETA, known[ACCEPT_BETA], "beta models become candidates", "tick")
    yield Field("name", known["name"], "optional; the answer is headed by it", "text")


def _sliders(solver: Solver, values: Mapping[str, str]) -> Iterator[Slider]:
    batch = values.get("workflow") == BATCH
    for each in (c for c in solver.declared.criteria if c.name in solver.scored):
        default = 0 if batch and each.live else NEUTRAL_IMPORTANCE
        stated = bool(values.get(each.name))
        hint = "" if each.describe.casefold() == each.label.casefold() else each.describe
        value = values[each.name] if stated else str(default)
        yield Slider(each.name, each.label, hint, value, stated, default)
