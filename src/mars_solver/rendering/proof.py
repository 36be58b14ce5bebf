"""Proofs, counterexamples and pins as text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import ceil, floor
from typing import TYPE_CHECKING, Any, Final

from rich.console import Group, RenderableType
from rich.text import Text

from mars_solver.inputs.catalogue.attributes import in_sentence
from mars_solver.inputs.documents import toml_lines
from mars_solver.inputs.files import CHART, LINES, PINS
from mars_solver.proving.proof import PARTS
from mars_solver.proving.theorem import ALL
from mars_solver.rendering.catalogue import TOO_MANY
from mars_solver.rendering.console import section
from mars_solver.rendering.words import digests, keyed
from mars_solver.vocabulary import both, number

if TYPE_CHECKING:
    from fractions import Fraction

    from mars_solver.inputs.catalogue.attributes import Declarations
    from mars_solver.inputs.catalogue.catalogue import Catalogue
    from mars_solver.inputs.profile import Profile
    from mars_solver.proving.pins import Pins
    from mars_solver.proving.proof import LineResult, PinResult, Proof
    from mars_solver.proving.theorem import Margin, Reach, Theorem


def proof_report(proof: Proof) -> RenderableType:
    """Return a proof, or what refutes it, for people."""
    theorem, catalogue = proof.theorem, proof.solver.catalogue
    parts: list[RenderableType] = [Text(_verdict(proof), style="bold"), Text()]
    digest = Text(digests(proof.solver), style="dim")
    if proof.missing == PARTS:
        parts += [Text(PIN_HINT), Text()]
        return Group(*parts, *section(_COUNTED, _census(proof)), digest)
    title = "(a) Where no model meets more than the guide's models, these come first"
    parts += section(title, [NO_GUIDE] if theorem is None else _theorem(theorem, catalogue))
    if proof.counterexample:
        parts += section("A profile that refutes it", profile_toml(proof.counterexample))
    parts += section("(b) The guide's lines", _guide_lines(proof))
    parts += section("(c) Pinned answers and facts", _pin_lines(proof))
    if theorem is not None:
        title = "How far importances may move before an agreement of (a) ends"
        parts += section(title, _reaches(theorem, catalogue.declared))
    parts += section(_COUNTED, _census(proof))
    return Group(*parts, digest)


_COUNTED: Final = "(d) All profiles with every importance"
PIN_HINT: Final = f"`mars-solver verify --models DIR --pin DIR/{PINS}` pins the answers of today."
NO_GUIDE: Final = f"nothing to prove: the catalogue has no {CHART}"


def _verdict(proof: Proof) -> str:
    if not proof.holds:
        return "NOT proved."
    if proof.missing == PARTS:
        return f"There is nothing to prove: the catalogue has no {', '.join(proof.missing)}."
    return "Proved."


def _theorem(theorem: Theorem, catalogue: Catalogue) -> Iterator[str]:
    declared = catalogue.declared
    yield (
        f"{number(theorem.cells)} cells of profiles, in {number(theorem.classes)} classes that are"
        " each decided once"
    )
    yield (
        f"{number(theorem.premise)} cells where no model meets more:"
        f" {'all' if theorem.holds else 'NOT all'} agree"
    )
    yield (
        f"in all: {number(theorem.agreements)} agree, {number(theorem.departures)} depart,"
        f" {number(theorem.infeasible)} have no model"
    )
    if theorem.margin:
        yield _margin_text(theorem.margin, catalogue.names)
    blocking = ((keyed(declared, name), n) for name, n in theorem.blocked_by.most_common())
    yield from _counted("departures by what blocks the guide", blocking)
    pairs = ((_needs_text(pair, declared), n) for pair, n in theorem.question_pairs.most_common())
    yield from _counted("departures by the needs stated together", pairs)


def _needs_text(pair: str, declared: Declarations) -> str:
    """Return the needs that are stated together, by their labels."""
    return " + ".join(in_sentence(declared.need[name].label) for name in pair.split(" + "))


def _census(proof: Proof) -> Iterator[str]:
    """Yield how often each model comes first, where the guide is followed, and what is dead."""
    found, catalogue = proof.census, proof.solver.catalogue
    declared = catalogue.declared
    if found.vectors is None:
        many = len(found.criteria)
        yield f"{many} criteria have too many importances to try all: here none is stated"
    yield (
        f"{number(found.profiles)} profiles: {number(found.profiles - found.infeasible)} have a"
        f" model, {number(found.infeasible)} have none"
    )
    wins = sorted(found.wins.items(), key=lambda each: -each[1])
    yield from _counted("who comes first", ((catalogue.names[m], n) for m, n in wins if n))
    if found.followed is not None and found.departures is not None:
        yield (
            f"the guide is followed in {number(found.followed)}, and not in"
            f" {number(found.departures)}"
        )
        blocking = ((keyed(declared, name), n) for name, n in found.blocked_by.items())
        yield from _counted("not followed because its models do not meet", blocking)
        pairs = ((_instead(pair, catalogue), n) for pair, n in found.preferred.items())
        yield from _counted("not followed by preferences alone", pairs)
    dead = proof.dead
    facts = [_of_model(path, catalogue) for path in dead.facts or ()]
    for what, names in (
        ("never first", [catalogue.names[model] for model in dead.models]),
        ("requirements that change no answer", [keyed(declared, n) for n in dead.requirements]),
        ("facts that change no answer, as all would be the same if nobody knew them", facts),
        ("claims that would change no answer if they were chosen", list(dead.claims or ())),
    ):
        if names:
            yield f"{what}: {', '.join(names)}"
    if dead.facts is None:
        yield TOO_MANY


def _of_model(path: str, catalogue: Catalogue) -> str:
    """Return which fact of which model a path names."""
    model, attribute = catalogue.model_in(path)
    return f"{catalogue.declared.phrase(attribute)} of {catalogue.names[str(model)]}"


def _instead(pair: str, catalogue: Catalogue) -> str:
    """Return which model comes first where the guide says another one."""
    told, first = pair.split(" > ")
    names = catalogue.names
    if told == first:
        return f"{names[told]} in another order"
    return f"{names[first]} instead of {names.get(told, told)}"


def _counted(title: str, counts: Iterable[tuple[str, int]]) -> Iterator[str]:
    """Yield how often each of some things was found; nothing where none was."""
    said = ", ".join(f"{name} {number(count)}" for name, count in counts)
    if said:
        yield f"{title}: {said}"


def _reaches(theorem: Theorem, declared: Declarations) -> Iterator[str]:
    for reach in theorem.reaches:
        work = "batch work" if reach.batch else "otherwise"
        if reach.criterion == ALL:
            most = _whole(reach)[1]
            exactly = f"{_fraction(reach.most)}, {_included(reach)}"
            said = "none" if most < 0 else f"{most} each way (exactly {exactly})"
            yield f"{work}, all at once: {said}"
        else:
            yield f"{work}, {keyed(declared, reach.criterion)} alone: {_span(reach)}"


def _span(reach: Reach) -> str:
    """Return which whole importances keep every agreement, and the exact ends."""
    least, most = _whole(reach)
    if least > most:
        return "none"
    exactly = f"{_fraction(reach.least)} to {_fraction(reach.most)}"
    return f"{least} to {most} (exactly {exactly}, {_included(reach)})"


def _whole(reach: Reach) -> tuple[int, int]:
    """Return the least and the most whole importance of a reach."""
    least, most = ceil(reach.least), floor(reach.most)
    return (
        least + (least == reach.least and not reach.least_included),
        most - (most == reach.most and not reach.most_included),
    )


def _fraction(value: Fraction) -> str:
    """Return a fraction exactly, followed by its rounded value where it is not whole."""
    exact = str(value)
    return exact if value.denominator == 1 else f"{exact} = {float(value):.2f}"


def _included(reach: Reach) -> str:
    """Return which ends of a reach belong to it."""
    return {
        (True, True): "both ends included",
        (True, False): "the upper end excluded",
        (False, True): "the lower end excluded",
        (False, False): "both ends excluded",
    }[reach.least_included, reach.most_included]


def profile_toml(profile: Profile) -> list[str]:
    """Return the lines of a profile file."""
    data = profile.to_dict()
    tables = {name: data.pop(name) for name in ("require", "prefer")}
    lines = list(toml_lines(data))
    for name, table in tables.items():
        if table:
            lines += ["", f"[{name}]", *toml_lines(table)]
    return lines


def pins_toml(pins: Pins) -> str:
    """Return the text of a file of pinned answers."""
    lines = [
        "# Answers that are pinned: made from the catalogue and weights, looked at, and kept.",
        "schema = 1",
    ]
    for fact in pins.facts:
        lines += ["", "[[facts]]", *toml_lines(fact.model_dump())]
    for pin in pins.pins:
        lines += ["", "[[pins]]", *toml_lines(pin.to_dict())]
    return "\n".join(lines) + "\n"


def _guide_lines(proof: Proof) -> Iterator[str]:
    """Yield for how many lines of the guide its models come first, and each other line."""
    if proof.lines is None:
        yield f"nothing to prove: the catalogue has no {LINES}"
        return
    broken = [line for line in proof.lines if not line.holds]
    many = len(proof.lines)
    yield f"{many - len(broken)} of {many} lines of the guide have their models first"
    yield from map(_line_text, broken)


def _line_text(line: LineResult) -> str:
    """Return a line of the guide that has other models first."""
    first = ", ".join(line.found) or "no model"
    return f"{line.line}: expected {', '.join(line.expected)} first, found {first}"


def _pin_lines(proof: Proof) -> Iterator[str]:
    """Yield how many pins there are, and each answer or fact that is not the pinned one."""
    if proof.pins is None:
        yield f"nothing to prove: the catalogue has no {PINS}. {PIN_HINT}"
        return
    differing = len(proof.unpinned)
    yield f"{proof.pins} answers and facts are pinned; {differing} differ or have no pin"
    yield from map(_pin_text, proof.unpinned)
    if proof.new:
        declared = proof.solver.declared
        yield f"no pin is about {both(keyed(declared, name) for name in proof.new)} yet. {PIN_HINT}"


def _pin_text(pin: PinResult) -> str:
    """Return an answer or fact that is not the pinned one."""
    known = pin.pinned or pin.found or {}
    if "fact" in known:
        pinned, now = (each["says"] if each else "nothing" for each in (pin.pinned, pin.found))
        return f"{known['model']} {known['fact']}: pinned {pinned}, found {now}"
    return f"{known.get('profile')}: pinned {_answer(pin.pinned)}, found {_answer(pin.found)}"


def _answer(pin: dict[str, Any] | None) -> str:
    if pin is None:
        return "nothing"
    models = ", ".join(f"{model} {status}" for model, status in pin["shortlist"]) or "no model"
    if "agrees" not in pin:
        return models
    return f"{models} ({'agrees' if pin['agrees'] else 'departs'})"


def _margin_text(margin: Margin, names: Mapping[str, str]) -> str:
    """Return the smallest margin of the theorem, and where it is."""
    where = "; ".join(margin.profile.statements())
    ahead, behind = names[margin.ahead], names[margin.behind]
    if margin.points < 0:
        ahead, behind = behind, ahead
    lead = f"{ahead} leads {behind} by {abs(float(margin.points)):.4f} points ({where})"
    return f"smallest margin: {lead}" if margin.points >= 0 else f"against the guide, {lead}"
