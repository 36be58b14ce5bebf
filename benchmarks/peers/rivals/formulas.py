"""What `recommend` decides, written out as formulas for engines that evaluate expressions.

Each model gets one whole number, its key; the lesser ranks first:

    key = (((penalty + 1) * 2**bits - twice the weighted sum) * models + place) * models + index

where `penalty` counts unverified requirements and is `OUT` where any is violated, and `place` is
the model's in the order that breaks ties: by the score at neutral importances, then by index. So
sorting the keys ranks the models, and status, score and model can be read back from a key. The
formulas come in stages, each of which may use the names of those before it; `total` is the sum of
all weights.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from benchmarks.peers.rivals.answers import Ground
from benchmarks.shared.rules import (
    CAPABILITIES,
    LIMITED,
    MET,
    NEEDS_VALUE,
    UNVERIFIED,
    VIOLATED,
    Facts,
    verdict,
)
from benchmarks.shared.tables import LANGUAGES
from mars_solver.inputs.profile import Context
from mars_solver.inputs.weights import coefficients
from mars_solver.vocabulary import VALUE_SCALE

OUT: Final = 16
"""The penalty of what is violated: more than all requirements can leave unverified."""
TOP: Final = 3


class Dialect(NamedTuple):
    """How a language writes what the formulas need beyond arithmetic."""

    choose: Callable[[str, str, str], str]
    """(condition, then, else)"""
    flag: Callable[[str], str]
    """A yes/no column; null is no."""
    given: Callable[[str], str]
    """Whether a column is not null."""
    absent: Callable[[str], str]
    """Whether a column is null."""
    number: Callable[[str, str], str]
    """A column of numbers, with what stands for null."""
    equals: Callable[[str, str], str]
    """Whether a column is a text; null is not."""
    wide: Callable[[str], str]
    """A whole number of 64 bits."""
    either: str
    both: str
    named: Callable[[str], str]
    """A name of an earlier formula."""


Formula = tuple[str, str]
"""A name and what it stands for."""


class Rule(NamedTuple):
    """The formulas in one dialect, and what it takes to read the keys back."""

    stages: tuple[tuple[Formula, ...], ...]
    keys: tuple[str, ...]
    """The names of the keys, one for each model."""
    models: tuple[str, ...]
    bits: int


SQL: Final = Dialect(
    choose="(CASE WHEN {} THEN {} ELSE {} END)".format,
    flag='coalesce("{}", false)'.format,
    given='("{}" IS NOT NULL)'.format,
    absent='("{}" IS NULL)'.format,
    number='coalesce("{}", {})'.format,
    equals="(coalesce(\"{}\", '') = '{}')".format,
    wide="CAST({} AS BIGINT)".format,
    either=" OR ",
    both=" AND ",
    named="{}".format,
)
ZEN: Final = Dialect(
    choose="(({}) ? ({}) : ({}))".format,
    flag="({} ?? false)".format,
    given="(({} ?? null) != null)".format,
    absent="(({} ?? null) == null)".format,
    number="({} ?? {})".format,
    equals="(({} ?? '') == '{}')".format,
    wide="({})".format,
    either=" or ",
    both=" and ",
    named="$.{}".format,
)


def rule(ground: Ground, d: Dialect) -> Rule:
    """Return the rule of a catalogue and weights in a dialect."""
    bits = _bits(ground)
    names = tuple(f"k{index}" for index in range(len(ground.models)))
    keys = tuple((name, _key(ground, index, bits, d)) for index, name in enumerate(names))
    criteria = range(len(ground.declared.criteria))
    factors = tuple((f"f{i}", _factor(ground, i, d)) for i in criteria)
    weights = tuple((f"w{i}", _weight(ground, i, d)) for i in criteria)
    levels = tuple((f"n{i}", _level(ground, i, d)) for i in range(len(names)))
    total = ("total", " + ".join(d.named(name) for name, _ in weights))
    models = tuple(facts.id for facts in ground.models)
    return Rule((_needs(d), factors, (*weights, *levels), (total, *keys)), names, models, bits)


def _bits(ground: Ground) -> int:
    """Return how many bits the greatest possible sum takes."""
    needs = tuple(ground.declared.need)
    contexts = [Context(needs, need, batch=True) for need in needs]
    every = [coefficients(ground.weights, ground.declared, each) for each in contexts]
    greatest = max(map(sum, every)) * 10 * 2 * VALUE_SCALE
    return greatest.bit_length()


def _needs(d: Dialect) -> tuple[Formula, ...]:
    """Return whether each need is stated, and whether no single deployment is left."""
    soon = f"{d.number('max_ttfb_ms', '800')} < 800"
    held = d.either.join([d.flag("on_device"), d.given("max_memory_mb")])
    device = d.either.join([held, d.flag("offline")])
    voice = d.either.join([d.flag("voice_transfer"), d.flag("short_reference")])
    own, cloud, on_device = d.flag("self_hosted"), d.flag("public_api"), f"({held})"
    pairs = [(own, cloud), (own, on_device), (cloud, f"({device})")]
    return (
        ("q0", f"{d.flag('real_time')}{d.either}{soon}"),
        ("q1", voice),
        ("q2", d.flag("style_control")),
        ("q3", d.choose(own, f"({held})", f"({device})")),
        ("bulk", d.equals("workflow", "batch")),
        ("torn", d.either.join(f"({one}{d.both}{other})" for one, other in pairs)),
    )


def _factor(ground: Ground, criterion: int, d: Dialect) -> str:
    """Return the formula of what the importance of a criterion is multiplied by."""
    name = ground.declared.criteria[criterion].name

    def of(row: Mapping[str, int]) -> int:
        return row.get(name, 0)

    emphasis, first = ground.weights.emphasis, ground.weights.first
    terms = [str(of(ground.weights.base))]
    for number, need in enumerate(ground.declared.needs):
        if extra := of(emphasis.get(need.name, {})):
            terms.append(d.choose(d.named(f"q{number}"), str(extra), "0"))
        if extra := of(first.get(need.name, {})):
            terms.append(d.choose(d.equals("primary", need.name), str(extra), "0"))
    if extra := of(emphasis.get("batch", {})):
        terms.append(d.choose(d.named("bulk"), str(extra), "0"))
    return d.wide(" + ".join(terms))


def _weight(ground: Ground, criterion: int, d: Dialect) -> str:
    """Return the formula of the weight of a criterion."""
    name = ground.declared.criteria[criterion].name
    return f"{d.number(name, _neutral(ground, criterion, d))} * {d.named(f'f{criterion}')}"


def _neutral(ground: Ground, criterion: int, d: Dialect) -> str:
    """Return the importance of a criterion where none is stated."""
    live = ground.declared.criteria[criterion].live
    return d.choose(d.named("bulk"), "0", "5") if live else "5"


def _level(ground: Ground, index: int, d: Dialect) -> str:
    """Return the formula of a model's score at neutral importances."""
    return " + ".join(
        f"{_neutral(ground, i, d)} * {d.named(f'f{i}')} * {value}"
        for i, value in enumerate(ground.values[index])
    )


def _place(ground: Ground, index: int, d: Dialect) -> str:
    """Return the formula of how many models are ahead of one where they tie."""
    ahead = [
        d.choose(f"{d.named(f'n{other}')} {'>=' if other < index else '>'} {own}", "1", "0")
        for own in [d.named(f"n{index}")]
        for other in range(len(ground.models))
        if other != index
    ]
    return " + ".join(ahead) or "0"


def _key(ground: Ground, index: int, bits: int, d: Dialect) -> str:
    """Return the formula of the key of a model."""
    facts, models = ground.models[index], len(ground.models)
    points = [
        (d.named("torn"), OUT),
        *((d.flag(n), _POINTS[_alone(facts, n)]) for n in CAPABILITIES),
    ]
    terms = [d.choose(condition, str(some), "0") for condition, some in points if some]
    if facts.beta:
        terms.append(d.choose(d.flag("accept_beta"), "0", str(OUT)))
    terms += [_amount(facts, name, d) for name in LIMITED]
    terms.append(_languages(facts, d))
    penalty = " + ".join(terms)
    capped = d.choose(f"{penalty} > {OUT}", str(OUT), penalty)
    value = " + ".join(f"{d.named(f'w{i}')} * {v}" for i, v in enumerate(ground.values[index]))
    standing = f"(({capped} + 1) * {1 << bits} - ({value}))"
    return f"({standing} * {models} + ({_place(ground, index, d)})) * {models} + {index}"


def _alone(facts: Facts, name: str) -> int:
    """Return how a requirement stands on a model, in the best of its configurations."""
    variable, values = NEEDS_VALUE[name]
    fits = any(value in facts.admitted[variable] for value in values)
    return verdict(facts, name, True) if fits else VIOLATED


_POINTS: Final = {MET: 0, UNVERIFIED: 1, VIOLATED: OUT}


def _amount(facts: Facts, name: str, d: Dialect) -> str:
    """Return the penalty of a requirement that asks for a number."""
    infinity = float("inf")
    low, high = facts.numbers[LIMITED[name]] or (0, infinity)
    asked = d.number(name, "0")
    if name == "min_sample_rate_hz":  # a floor is a ceiling of the negative
        low, high, asked = -high, -low, f"-{asked}"
    opened = "1" if high == infinity else d.choose(f"{asked} < {high}", "1", "0")
    penalty = opened if low == -infinity else d.choose(f"{asked} < {low}", str(OUT), opened)
    if name == "max_memory_mb" and (held := _alone(facts, "on_device")):
        penalty = str(OUT) if held == VIOLATED else d.choose(f"{penalty} < 1", "1", penalty)
    return d.choose(d.given(name), penalty, "0")


def _languages(facts: Facts, d: Dialect) -> str:
    """Return the penalty of languages, as far as the tables ask for them."""
    by_penalty: dict[int, list[str]] = {}
    for listed in LANGUAGES:
        penalty = _POINTS[verdict(facts, "languages", tuple(listed.split(";")))]
        by_penalty.setdefault(penalty, []).append(d.equals("languages", listed))
    met = d.either.join([d.absent("languages"), *by_penalty.get(0, [])])
    violated = d.either.join(by_penalty.get(OUT, []))
    rest = d.choose(violated, str(OUT), "1") if violated else "1"
    return d.choose(met, "0", rest)
