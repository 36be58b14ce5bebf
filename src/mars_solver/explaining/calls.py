"""How to call a model: the catalogue's templates, filled with an answer.

A template is Jinja2 and knows three tables: `model` (`id`, `name`, `speech_model`, `availability`),
`configuration` (the value of each variable), and `require` (what each declared requirement asks
for; null where it is not stated; the members of a set as the model's own list spells them). It can
ask three things:

- `has(ATTRIBUTE)`, `has(ATTRIBUTE, MEMBER)`: whether the model has a capability, or a member of a
  set; null where that is unknown.
- `spelled(ATTRIBUTE, MEMBER, SOURCE)`: a member of a set as a source of the catalogue spells it;
  unchanged where the source does not list it.
- `no_call(REASON)` ends the template: the model, in this configuration, cannot be called this way.

Every value goes through the filter of the language that it is written in: `python` and `json` make
a literal of a text or a number, and `shell` makes one word. Text out of `json` holds no single
quote, so that it can stand in a single-quoted word of a shell. A template that comes to nothing is
no way to call the model either.
"""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, field
from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING, Any, Final, NoReturn

from mars_solver.briefs import brief
from mars_solver.errors import Faults, InputError, Problem
from mars_solver.inputs.catalogue.catalogue import Catalogue
from mars_solver.inputs.catalogue.facts import Member, member_key
from mars_solver.inputs.catalogue.models import Model, runnable
from mars_solver.inputs.files import TEMPLATE
from mars_solver.inputs.parsing import not_one_of
from mars_solver.inputs.profile import Profile, Required
from mars_solver.solving.constraints import Configuration
from mars_solver.solving.solver import Standing
from mars_solver.vocabulary import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2 import Template


@dataclass(frozen=True, slots=True)
class Calls:
    """How to call one model in its configuration.

    Attributes:
        ready: the code, by way of calling, in order of name.
        missing: why there is none, by way of calling; empty where the template gives no reason.
    """

    __repr__ = brief

    ready: Mapping[str, str] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)


class _NoCallError(Exception):
    """A template says that there is no call, and why."""


def calls_of(catalogue: Catalogue, profile: Profile, standing: Standing) -> Calls:
    """Return how to call a model in its configuration.

    Raises:
        InputError: where a template is broken.
    """
    known = _asked_for(catalogue)
    stated = profile.require.items()
    required = tuple([each for each in stated if known is None or each[0] in known])
    short = all(len(each) <= _SHORT for _, each in required if isinstance(each, tuple))
    make = _calls if short else _calls.__wrapped__
    return make(catalogue, standing.model, standing.configuration or (), required)


_SHORT: Final = 8
"""The longest list of members with which calls are remembered, so that these take little memory."""


@lru_cache(maxsize=2**3)
def _asked_for(catalogue: Catalogue) -> frozenset[str] | None:
    """Return the requirements that templates name; None where one takes them all together."""
    every = re.findall(r"\brequire\b(?:\.(\w+))?", "\n".join(catalogue.calls.values()))
    return frozenset(every) if all(every) else None


@lru_cache(maxsize=2**8)
def _calls(
    catalogue: Catalogue,
    model: Model,
    configuration: Configuration,
    required: tuple[tuple[str, Required], ...],
) -> Calls:
    said = _known_to_templates(catalogue, model, configuration, required) if catalogue.calls else {}
    filled = {name: _filled(name, text, said) for name, text in sorted(catalogue.calls.items())}
    return Calls(
        ready={name: code for name, (code, _) in filled.items() if code},
        missing={name: why for name, (code, why) in filled.items() if not code},
    )


def check_way(name: str | None, catalogue: Catalogue, place: str) -> None:
    """Refuse a way of calling that the catalogue has no template for.

    Args:
        name: the way; None for none in particular.
        catalogue: whose templates count.
        place: how messages call where the name is.

    Raises:
        InputError: with the ways that there are, or with how to add one.
    """
    if name is None or name in catalogue.calls:
        return
    if catalogue.calls:
        raise InputError([Problem(place, "", *not_one_of(name, sorted(catalogue.calls)))])
    hint = f"add calls/{name}{TEMPLATE}, or leave {place} out"
    raise InputError([Problem(place, "", "a catalogue with templates of calls", "none", hint)])


def check_calls(catalogue: Catalogue) -> None:
    """Refuse templates that cannot be filled for each model in each way to run it.

    Raises:
        InputError: with every fault.
    """
    declared = catalogue.declared
    known = [
        _known_to_templates(catalogue, model, configuration, ())
        for model in catalogue.models
        for configuration in runnable(model, declared)
    ]
    faults = Faults()
    for name, text in catalogue.calls.items():
        for said in known:
            with faults:
                _filled(name, text, said)
    faults.check()


def _known_to_templates(
    catalogue: Catalogue,
    model: Model,
    configuration: Configuration,
    required: tuple[tuple[str, Required], ...],
) -> dict[str, Any]:
    """Return what a template knows, by name."""
    card = {name: getattr(model, name) for name in ("speech_model", "availability")}
    asked = dict.fromkeys(catalogue.declared.requirement)
    return {
        "model": {
            "id": model.id,
            "name": model.name,
            **{name: fact.value if fact else None for name, fact in card.items()},
        },
        "configuration": catalogue.declared.chosen(configuration),
        "require": {**asked, **{n: _members(catalogue, model, n, v) for n, v in required}},
        "has": partial(_has, catalogue, model),
        "spelled": partial(_spelled, catalogue),
        "no_call": _no_call,
    }


def _members(catalogue: Catalogue, model: Model, requirement: str, required: Required) -> object:
    """Return what a requirement asks for, members as the model's own list spells them.

    A language alone is called by the locale of it that is known best.
    """
    if not isinstance(required, tuple):
        return required
    attribute = catalogue.declared.requirement[requirement].attribute
    spelling = model.set(attribute).spelling
    spelled: list[Member] = []
    for member in required:
        asked = catalogue.in_language(attribute, member_key(member))
        best = min(asked, key=partial(_doubt, catalogue, model, attribute), default=member)
        spelled.append(spelling.get(best, best) if asked else member)
    return spelled


def _doubt(catalogue: Catalogue, model: Model, attribute: str, key: Member) -> tuple[Any, ...]:
    """Return what the best known of some members has least of, in order.

    Whether the model has it; how good the claim is; how many sources list it; whether its region
    is named like its language, as in fr-fr; its spelling.
    """
    known = model.set(attribute)
    fact, spoken = known.members.get(key), str(key).partition("-")[0]
    return (
        (True, None, False).index(known.known(key)),
        _GRADES.index(fact.grade) if fact else len(_GRADES),
        -catalogue.listed(attribute, key),
        str(key) != f"{spoken}-{spoken}",
        key,
    )


_GRADES: Final = ("measured", "stated", "derived", "third-party", "judged")


def _has(
    catalogue: Catalogue, model: Model, attribute: str, member: Member | None = None
) -> bool | None:
    """Return whether a model has a capability, or a member of a set; None where unknown."""
    declared = catalogue.declared.attributes.get(attribute)
    if declared is not None and member is None and declared.kind == Kind.CAPABILITY.value:
        return model.capability(attribute)
    if declared is not None and member is not None and declared.kind == Kind.SET.value:
        return model.set(attribute).known(member_key(member))
    what = "capability" if member is None else "set"
    raise _template_error()(f"the catalogue declares no {what} {attribute}")


def _spelled(catalogue: Catalogue, attribute: str, member: Member, source: str) -> Member:
    """Return a member as a source spells it; unchanged where the source does not list it."""
    if attribute not in catalogue.declared.attributes or source not in catalogue.sources:
        raise _template_error()(f"the catalogue has no {attribute} or no source {source}")
    return catalogue.spelling(attribute, member, source)


def _no_call(reason: str) -> NoReturn:
    raise _NoCallError(reason)


def _filled(name: str, text: str, said: dict[str, Any]) -> tuple[str, str]:
    """Return a call, or nothing and why."""
    try:
        return _template(text).render(said).strip("\n"), ""
    except _NoCallError as end:
        return "", str(end)
    except _template_error() as error:
        line = getattr(error, "lineno", None)
        where = f"line {line}" if line else ""
        place = f"calls/{name}{TEMPLATE}"
        problem = Problem(place, where, "a template of a call", str(error))
        raise InputError([problem]) from None


def _template_error() -> type[Exception]:
    from jinja2 import TemplateError  # noqa: PLC0415  (loads when used)

    return TemplateError


def _python(value: object) -> str:
    """Return a text, a number or nothing as a literal of Python, in characters that print."""
    if not isinstance(value, str):
        return repr(value)
    escapes = {'"': '\\"', "\\": "\\\\"}
    return "".join(
        ['"', *(escapes.get(c) or (c if c.isprintable() else _escaped(c)) for c in value), '"']
    )


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def _json(value: object) -> str:
    """Return a text, a number or nothing as JSON in ASCII, without a single quote."""
    return json.dumps(value).replace("'", "\\u0027")


def _shell(value: object) -> str:
    """Return a text or a number as one word of a shell."""
    return shlex.quote(str(value))


@cache
def _environment() -> Any:
    from jinja2 import StrictUndefined  # noqa: PLC0415  (loads when used)
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415  (loads when used)

    # A template writes code, and no markup: each value goes through the filter of its language.
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(python=_python, json=_json, shell=_shell)
    return environment


@cache
def _template(text: str) -> Template:
    return _environment().from_string(text)  # type: ignore[no-any-return]
