"""Proofs, counterexamples and pins as text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from mars_solver.proving.theorem import ALL
from mars_solver.rendering.console import section
from mars_solver.rendering.words import digests
from mars_solver.vocabulary import number

if TYPE_CHECKING:
    from mars_solver.inputs.profile import Profile
    from mars_solver.proving.pins import Pins
    from mars_solver.proving.proof import LineResult, PinResult, Proof
    from mars_solver.proving.theorem import Margin, Theorem


def proof_report(proof: Proof) -> RenderableType:
    """Return a proof, or what refutes it, for people."""
    theorem = proof.theorem
    verdict = "The proof holds." if proof.holds else "The proof FAILS."
    parts: list[RenderableType] = [Text(verdict, style="bold"), Text()]
    parts += section("(a) Where the guide's models stand best, they come first", _theorem(theorem))
    if proof.counterexample:
        parts += section("A profile that refutes it", profile_toml(proof.counterexample))
    parts += section("(b) The guide's lines", _guide_lines(proof))
    parts += section("(c) Pinned answers and facts", _pin_lines(proof))
    parts += section(
        "How far importances may move before an agreement of (a) ends", _reaches(theorem)
    )
    parts.append(Text(digests(proof.solver), style="dim"))
    return Group(*parts)


def _theorem(theorem: Theorem) -> Iterator[str]:
    yield (
        f"{number(theorem.cells)} cells of profiles, in {number(theorem.classes)} classes that are"
        " each decided once"
    )
    yield (
        f"{number(theorem.premise)} cells where they stand best:"
        f" {'all' if theorem.holds else 'NOT all'} agree"
    )
    yield (
        f"in all: {number(theorem.agreements)} agree, {number(theorem.departures)} depart,"
        f" {number(theorem.infeasible)} have no model"
    )
    if theorem.margin:
        yield _margin_text(theorem.margin)
    for title, counter in (
        ("departures by what blocks the guide", theorem.blocked_by),
        ("departures by the needs stated together", theorem.question_pairs),
    ):
        said = ", ".join(f"{name} {number(count)}" for name, count in counter.most_common())
        yield f"{title}: {said}"


def _reaches(theorem: Theorem) -> Iterator[str]:
    for reach in theorem.reaches:
        work = "batch work" if reach.batch else "else"
        if reach.criterion == ALL:
            yield f"{work}, all at once: {float(reach.most):.2f} each way"
        else:
            span = f"{float(reach.least):.2f} to {float(reach.most):.2f}"
            yield f"{work}, {reach.criterion} alone: {span}"


def profile_toml(profile: Profile) -> list[str]:
    """Return the lines of a profile file."""
    data = profile.to_dict()
    tables = {name: data.pop(name) for name in ("require", "prefer")}
    lines = list(_toml_lines(data))
    for name, table in tables.items():
        if table:
            lines += ["", f"[{name}]", *_toml_lines(table)]
    return lines


def _toml_lines(table: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines `key = value` of a table without tables in it."""
    yield from (f"{key} = {json.dumps(value)}" for key, value in table.items())


def pins_toml(pins: Pins) -> str:
    """Return the text of a file of pinned answers."""
    lines = [
        "# Answers that are pinned: made from the catalogue and weights, looked at, and kept.",
        "schema = 1",
    ]
    for fact in pins.facts:
        lines += ["", "[[facts]]", *_toml_lines(fact.model_dump())]
    for pin in pins.pins:
        data = pin.to_dict()
        profile = _inline(data.pop("profile"))
        lines += ["", "[[pins]]", f"profile = {profile}", *_toml_lines(data)]
    return "\n".join(lines) + "\n"


def _inline(value: Any) -> str:
    """Return a value as inline TOML."""
    if isinstance(value, dict):
        inner = ", ".join(f"{key} = {_inline(item)}" for key, item in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    return json.dumps(value)


def _guide_lines(proof: Proof) -> Iterator[str]:
    """Yield how many lines of the guide come out, and each that does not."""
    broken = [line for line in proof.lines if not line.holds]
    yield f"{len(proof.lines) - len(broken)} of {len(proof.lines)} lines of the guide come out"
    yield from map(_line_text, broken)


def _line_text(line: LineResult) -> str:
    """Return a line of the guide that does not come out."""
    first = ", ".join(line.found) or "no model"
    return f"{line.line}: expected {', '.join(line.expected)} first, found {first}"


def _pin_lines(proof: Proof) -> Iterator[str]:
    """Yield how many pins there are, and each answer or fact that is not the pinned one."""
    differing = len(proof.unpinned)
    yield f"{proof.pins} answers and facts of the guide are pinned; {differing} differ or have none"
    yield from map(_pin_text, proof.unpinned)


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
    return f"{models} ({'agrees' if pin['agrees'] else 'departs'})"


def _margin_text(margin: Margin) -> str:
    """Return the smallest margin of the theorem, and where it is."""
    where = "; ".join(margin.profile.statements())
    return (
        f"smallest margin: {margin.ahead} leads {margin.behind} by {float(margin.points):.4f}"
        f" points ({where})"
    )
