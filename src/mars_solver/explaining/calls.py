"""How to call a model: the catalogue's templates, filled with an answer.

A template is Jinja2 and knows three tables: `model` (`id`, `name`, `speech_model`, `availability`),
`configuration` (the value of each variable), and `require` (what each declared requirement asks
for; null where it is not stated; the members of a set as the model's own list spells them). The
filter `quoted` writes a text in double quotes. A template that comes to nothing is no way to call
the model.
"""

from __future__ import annotations

import json
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final

from mars_solver.errors import InputError, Problem
from mars_solver.inputs.catalogue.catalogue import Catalogue
from mars_solver.inputs.catalogue.facts import Member, member_key
from mars_solver.inputs.catalogue.models import Model
from mars_solver.inputs.profile import Profile, Required
from mars_solver.solving.constraints import Configuration
from mars_solver.solving.solver import Standing

if TYPE_CHECKING:
    from jinja2 import Template


def calls_of(catalogue: Catalogue, profile: Profile, standing: Standing) -> dict[str, str]:
    """Return how to call a model in its configuration, by way of calling.

    Raises:
        InputError: where a template is broken.
    """
    if not catalogue.calls:
        return {}
    required = tuple(profile.require.items())
    return dict(_calls(catalogue, standing.model, standing.configuration or (), required))


@lru_cache(maxsize=2**8)
def _calls(
    catalogue: Catalogue,
    model: Model,
    configuration: Configuration,
    required: tuple[tuple[str, Required], ...],
) -> dict[str, str]:
    card = {name: getattr(model, name) for name in ("speech_model", "availability")}
    asked = dict.fromkeys(catalogue.declared.requirement)
    said = {
        "model": {
            "id": model.id,
            "name": model.name,
            **{name: fact.value if fact else None for name, fact in card.items()},
        },
        "configuration": catalogue.declared.chosen(configuration),
        "require": {**asked, **{n: _spelled(catalogue, model, n, v) for n, v in required}},
    }
    texts = {name: _filled(name, text, said) for name, text in sorted(catalogue.calls.items())}
    return {name: text for name, text in texts.items() if text}


def _spelled(catalogue: Catalogue, model: Model, requirement: str, required: Required) -> object:
    """Return what a requirement asks for, members as the model's own list spells them.

    A language alone is called by the locale of it that is known best.
    """
    if not isinstance(required, tuple):
        return required
    attribute = catalogue.declared.requirement[requirement].attribute
    known = model.set(attribute)
    spelled: list[Member] = []
    for member in required:
        asked = catalogue.in_language(attribute, member_key(member))
        best = sorted(asked, key=lambda key: _KNOWN_FIRST[known.known(key)])
        spelled.append(known.spelling.get(best[0], best[0]) if best else member)
    return spelled


_KNOWN_FIRST: Final = {True: 0, None: 1, False: 2}


def check_calls(catalogue: Catalogue) -> None:
    """Refuse templates that are no Jinja2.

    Raises:
        InputError: with each of them.
    """
    problems = []
    for name, text in catalogue.calls.items():
        try:
            _template(text)
        except _template_error() as error:
            problems.append(_problem(name, error))
    if problems:
        raise InputError(problems)


def _filled(name: str, text: str, said: dict[str, Any]) -> str:
    try:
        return _template(text).render(said).strip("\n")
    except _template_error() as error:
        raise InputError([_problem(name, error)]) from None


def _problem(name: str, error: Exception) -> Problem:
    line = getattr(error, "lineno", None)
    return Problem(
        f"calls/{name}.jinja", f"line {line}" if line else "", "a template of a call", str(error)
    )


def _template_error() -> type[Exception]:
    from jinja2 import TemplateError  # noqa: PLC0415  (loads when used)

    return TemplateError


@cache
def _environment() -> Any:
    from jinja2 import StrictUndefined  # noqa: PLC0415  (loads when used)
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415  (loads when used)

    # A template writes code, and no markup: what it holds is quoted, and not escaped.
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["quoted"] = lambda text: json.dumps(text, ensure_ascii=False)
    return environment


@cache
def _template(text: str) -> Template:
    return _environment().from_string(text)  # type: ignore[no-any-return]
