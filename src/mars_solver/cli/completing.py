"""What completes a line: names of models, requirements, criteria, needs, presets and members.

They are of the shipped catalogue, or of that of `--models` where the line names one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from mars_solver.vocabulary import BATCH, POLICIES, Kind

if TYPE_CHECKING:
    from mars_solver.inputs.catalogue.catalogue import Catalogue

Completion = Callable[[Any, str], list[tuple[str, str]]]
"""From what is typed before and what is begun to words with what each means."""


def _completing(words: Callable[[Catalogue], Iterable[tuple[str, str]]]) -> Completion:
    """Return what completes a value by words of the catalogue; no line fails on a bad one."""

    def complete(ctx: Any, incomplete: str) -> list[tuple[str, str]]:
        from mars_solver.errors import InputError  # noqa: PLC0415  (loads when used)
        from mars_solver.inputs.files import load_catalogue  # noqa: PLC0415

        try:
            known = words(load_catalogue(ctx.params.get("models")))
        except InputError:
            return []
        begun = incomplete.lower()
        return [(word, said) for word, said in known if word.lower().startswith(begun)]

    return complete


def _requirements(catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    for each in catalogue.declared.requirements:
        alone = each.kind is Kind.CAPABILITY
        yield (each.name if alone else f"{each.name}="), each.label


def _facts(catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    for model in catalogue.models:
        for name, attribute in catalogue.declared.attributes.items():
            yield f"{model.id}.{name}=", attribute.label


models = _completing(lambda c: c.names.items())
requirements = _completing(_requirements)
kept = _completing(lambda c: [(each.name, each.label) for each in c.declared.requirements])
criteria = _completing(lambda c: [(f"{each.name}=", each.label) for each in c.declared.criteria])
needs = _completing(lambda c: [(each.name, each.label) for each in c.declared.needs])
presets = _completing(lambda c: [(each.name, each.text) for each in c.presets])
facts = _completing(_facts)
policies = _completing(lambda _: [(word, "") for word in POLICIES])
workflows = _completing(lambda _: [(BATCH, "speech is rendered ahead of time")])


def members(requirement: str) -> Completion:
    """Return what completes the last of the members that a flag lists."""

    def complete(ctx: Any, incomplete: str) -> list[tuple[str, str]]:
        before, comma, last = incomplete.rpartition(",")

        def known(catalogue: Catalogue) -> Iterator[tuple[str, str]]:
            attribute = catalogue.declared.requirement[requirement].attribute
            for member in catalogue.known_members(attribute):
                yield str(member), ""

        return [(f"{before}{comma}{word}", "") for word, _ in _completing(known)(ctx, last)]

    return complete


def examples(text: str) -> str:
    """Return examples with names of the shipped catalogue in place of those in braces."""
    from mars_solver.inputs.files import load_catalogue  # noqa: PLC0415  (loads when used)

    catalogue = load_catalogue()
    models = [model for model in catalogue.models if not model.beta]
    declared = catalogue.declared
    by_kind = {each.kind: each for each in reversed(declared.requirements)}
    flags = {kind: f"--{each.name.replace('_', '-')}" for kind, each in by_kind.items()}
    attribute = by_kind[Kind.SET].attribute
    known = [model.set(attribute) for model in models]
    members = [
        member
        for member in catalogue.known_members(attribute)
        if any(each.known(member) is True for each in known)
    ]
    criteria = [each.name for each in declared.criteria]
    capabilities = [r.name for r in declared.requirements if r.kind is Kind.CAPABILITY]
    return text.format(
        preset=catalogue.presets[0].name,
        model=models[0].id,
        other=models[-1].id,
        capability=flags[Kind.CAPABILITY],
        name=capabilities[1],
        number=flags[Kind.NUMBER],
        set=flags[Kind.SET],
        members=",".join(map(str, members[:2])),
        attribute=attribute,
        member=members[0],
        criterion=criteria[0],
        fact=by_kind[Kind.NUMBER].attribute,
    )
