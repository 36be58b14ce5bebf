"""Proofs, counterexamples and pins as text."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from mars_solver.inputs.profile import Profile
from mars_solver.proving.pins import Pins
from mars_solver.proving.proof import LineResult, PinResult, Proof
from mars_solver.proving.theorem import ALL, Margin, Theorem
from mars_solver.rendering.answer import digests
from mars_solver.rendering.console import section
from mars_solver.vocabulary import number


def proof(found: Proof) -> RenderableType:
    """Return a proof, or what refutes it, for people."""
    theorem = found.theorem
    verdict = "The proof holds." if found.holds else "The proof FAILS."
    parts: list[RenderableType] = [Text(verdict, style="bold"), Text()]
    parts += section("(a) Where the guide's models stand best, they come first", _theorem(theorem))
    if found.counterexample:
        parts += section("A profile that refutes it", profile_toml(found.counterexample))
    broken = [_line_text(line) for line in found.lines if not line.holds]
    kept = f"{len(found.lines) - len(broken)} of {len(found.lines)} lines of the guide come out"
    parts += section("(b) The guide's lines", [kept, *broken])
    differing = len(found.unpinned)
    pins = (
        f"{found.pins} answers and facts of the guide are pinned; {differing} differ or have none"
    )
    parts += section("(c) Pinned answers and facts", [pins, *map(_pin_text, found.unpinned)])
    parts += section(
        "How far importances may move before an agreement of (a) ends", _reaches(theorem)
    )
    parts.append(Text(digests(found.solver), style="dim"))
    return Group(*parts)


def _theorem(theorem: Theorem) -> Iterable[str]:
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


def _reaches(theorem: Theorem) -> Iterable[str]:
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
    lines = [f"{key} = {json.dumps(value)}" for key, value in data.items() if _plain_value(value)]
    for table in ("require", "prefer"):
        if data[table]:
            lines += ["", f"[{table}]"]
            lines += [f"{key} = {json.dumps(value)}" for key, value in data[table].items()]
    return lines


def _plain_value(value: object) -> bool:
    return not isinstance(value, dict)


def pins_toml(pins: Pins) -> str:
    """Return the text of a file of pinned answers."""
    lines = ["# Answers that are pinned: made from the catalogue and weights, looked at, and kept."]
    lines += ["schema = 1"]
    for fact in pins.facts:
        lines += ["", "[[facts]]"]
        lines += [f"{key} = {json.dumps(value)}" for key, value in fact.model_dump().items()]
    for pin in pins.pins:
        data = pin.to_dict()
        lines += ["", "[[pins]]", f"profile = {_inline(data.pop('profile'))}"]
        lines += [f"{key} = {json.dumps(value)}" for key, value in data.items()]
    return "\n".join(lines) + "\n"


def _inline(value: Any) -> str:
    """Return a value as inline TOML."""
    if isinstance(value, dict):
        inner = ", ".join(f"{key} = {_inline(item)}" for key, item in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    return json.dumps(value)


def _line_text(line: LineResult) -> str:
    """Return a line of the guide that does not come out."""
    found = ", ".join(line.found) or "no model"
    return f"{line.line}: expected {', '.join(line.expected)} first, found {found}"


def _pin_text(pin: PinResult) -> str:
    """Return an answer that is not the pinned one."""
    known = pin.pinned or pin.found or {}
    if "fact" in known:
        told = [each["says"] if each else "nothing" for each in (pin.pinned, pin.found)]
        return f"{known['model']} {known['fact']}: pinned {told[0]}, found {told[1]}"
    profile = known.get("profile")
    return f"{profile}: pinned {_answer(pin.pinned)}, found {_answer(pin.found)}"


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
