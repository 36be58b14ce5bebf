"""The options of an answer beside its profile: the policy, the longest shortlist, one model."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import NamedTuple, cast

from mars_solver.errors import Faults, InputError, Problem, shown
from mars_solver.inputs.parsing import not_one_of, number_or_text
from mars_solver.vocabulary import POLICIES, Policy


class Options(NamedTuple):
    """How a profile is to be answered."""

    unknown: Policy = "flag"
    """How unverified models rank."""
    top: int | None = None
    """The longest shortlist wanted; None for all."""
    model: str | None = None
    """The id of the one model asked about."""


def options_in(
    said: Mapping[str, str], place: str, models: Collection[str], most: int | None = None
) -> Options:
    """Return the options that texts spell, by name; an absent one has its default.

    Args:
        said: the texts.
        place: how messages call where they are.
        models: the ids that `model` may name.
        most: the largest `top`; None for any.

    Raises:
        InputError: with every text that spells no such option.
    """
    faults = Faults()
    unknown, model = said.get("unknown", "flag"), said.get("model")
    top = number_or_text(said["top"]) if "top" in said else None
    with faults:
        check_policy(unknown, place, "unknown")
    with faults:
        check_top(top, place, most, said.get("top"))
    with faults:
        check_model(model, models, place)
    faults.check()
    return Options(cast("Policy", unknown), cast("int | None", top), model)


def check_options(unknown: object, top: object) -> None:
    """Refuse what a call in Python cannot have as options.

    Raises:
        InputError: with every such option.
    """
    faults = Faults()
    with faults:
        check_policy(unknown, "recommend", "unknown", hint=False)
    with faults:
        check_top(top, "recommend")
    faults.check()


def check_policy(unknown: object, place: str, path: str = "", *, hint: bool = True) -> Policy:
    """Return a policy for what the facts leave open.

    Raises:
        InputError: where it is none, with the nearest one if a hint is wanted.
    """
    if unknown not in POLICIES:
        problem = Problem(place, path, *not_one_of(unknown, POLICIES))
        raise InputError([problem if hint else replace(problem, hint="")])
    return unknown


def check_top(top: object, place: str, most: int | None = None, written: str | None = None) -> None:
    """Refuse what cannot be the length of a shortlist; None is any length.

    Args:
        top: the length.
        place: how messages call where it is.
        most: the largest length; None for any.
        written: the text that spells it, where one does.

    Raises:
        InputError: where it is no whole number in range.
    """
    if top is None:
        return
    whole = isinstance(top, int) and not isinstance(top, bool)
    if not (whole and 1 <= cast("int", top) <= (most or cast("int", top))):
        expected = "a whole number from 1" + (f" to {most}" if most else "")
        raise InputError(
            [Problem(place, "top", expected, shown(top if written is None else written))]
        )


def check_model(model: str | None, models: Collection[str], place: str) -> None:
    """Refuse the id of a model that the catalogue lacks; None is no model.

    Raises:
        InputError: where it is none of the ids.
    """
    if model is not None and model not in models:
        raise InputError([Problem(place, "model", *not_one_of(model, models))])
