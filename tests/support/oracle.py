"""Two independent readings of the specification, slow and plain.

`brute_force` walks over every tuple of values with the rules written out; `posted` gives every
rule to a constraint solver. Neither uses the package's vocabulary, masks or verdicts.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from constraint import Problem

from mars_solver import Catalogue, Profile
from mars_solver.inputs.facts import Model

DOMAINS = {
    "deployment": ["cloud", "self_hosted", "on_device"],
    "delivery": ["streaming", "batch"],
    "voice": ["library", "reference_audio"],
    "style": ["as_voice", "directed"],
}
Setting = dict[str, str]
MET, UNVERIFIED, VIOLATED = 0, 1, 2
INFINITY = float("inf")


def grade(known: bool | None) -> int:
    return {True: MET, None: UNVERIFIED, False: VIOLATED}[known]


def runnable(model: Model, at: Setting) -> bool:
    """Whether no capability is a "no" to this use of the model."""
    can = model.capability
    if at["deployment"] == "cloud" and can("public_api") is False:
        return False
    if at["deployment"] == "self_hosted" and can("self_hosted") is False:
        return False
    if at["deployment"] == "on_device" and can("on_device") is False:
        return False
    if at["delivery"] == "streaming" and can("real_time") is False:
        return False
    if at["style"] == "directed" and can("style_control") is False:
        return False
    no_reference = can("voice_transfer") is False and can("short_reference") is False
    return not (at["voice"] == "reference_audio" and no_reference)


def ceiling(claimed: Any, limit: float) -> int:
    low, high = claimed or (0, INFINITY)
    return MET if high <= limit else VIOLATED if low > limit else UNVERIFIED


def floor(claimed: Any, limit: float) -> int:
    low, high = claimed or (0, INFINITY)
    return MET if low >= limit else VIOLATED if high < limit else UNVERIFIED


def judge(profile: Profile, model: Model, at: Setting) -> dict[str, int]:
    """The verdict of each stated requirement on one use of a model."""
    need, can = profile.require, model.capability
    rules: dict[str, tuple[Any, Callable[[], int], tuple[str, str] | None]] = {
        "real_time": (
            need.real_time,
            lambda: grade(can("real_time")),
            ("delivery", "streaming"),
        ),
        "max_ttfb_ms": (
            need.max_ttfb_ms,
            lambda: ceiling(model.range("ttfb_ms"), need.max_ttfb_ms or 0),
            None,
        ),
        "voice_transfer": (
            need.voice_transfer,
            lambda: grade(can("voice_transfer")),
            ("voice", "reference_audio"),
        ),
        "short_reference": (
            need.short_reference,
            lambda: grade(can("short_reference")),
            ("voice", "reference_audio"),
        ),
        "style_control": (
            need.style_control,
            lambda: grade(can("style_control")),
            ("style", "directed"),
        ),
        "on_device": (
            need.on_device,
            lambda: grade(can("on_device")),
            ("deployment", "on_device"),
        ),
        "offline": (need.offline, lambda: grade(can("offline")), ("deployment", "on_device")),
        "max_memory_mb": (
            need.max_memory_mb,
            lambda: max(
                ceiling(model.range("memory_mb"), need.max_memory_mb or 0), grade(can("on_device"))
            ),
            ("deployment", "on_device"),
        ),
        "self_hosted": (
            need.self_hosted,
            lambda: grade(can("self_hosted")),
            ("deployment", "self_hosted"),
        ),
        "public_api": (
            need.public_api,
            lambda: grade(can("public_api")),
            ("deployment", "cloud"),
        ),
        "languages": (
            need.languages,
            lambda: max(grade(model.speaks(tag)) for tag in need.languages),
            None,
        ),
        "min_sample_rate_hz": (
            need.min_sample_rate_hz,
            lambda: floor(model.range("sample_rate_hz"), need.min_sample_rate_hz or 0),
            None,
        ),
    }
    return {
        name: VIOLATED if pin and at[pin[0]] != pin[1] else verdict()
        for name, (stated, verdict, pin) in rules.items()
        if stated
    }


def settings() -> list[Setting]:
    return [dict(zip(DOMAINS, each, strict=True)) for each in itertools.product(*DOMAINS.values())]


def candidates(catalogue: Catalogue, profile: Profile) -> list[Model]:
    return [m for m in catalogue.models if profile.accept_beta or m.stage.value == "released"]


def brute_force(
    catalogue: Catalogue, profile: Profile, policy: str = "flag"
) -> dict[str, tuple[str, int]]:
    """Status and number of unverified requirements of each model, best over its settings."""
    answer = {}
    for model in catalogue.models:
        marks = []
        for at in filter(lambda at: runnable(model, at), settings()):
            verdicts = list(judge(profile, model, at).values())
            lost, open_points = verdicts.count(VIOLATED), verdicts.count(UNVERIFIED)
            if policy == "reject":
                lost, open_points = lost + open_points, 0
            marks.append((2, lost) if lost else (min(1, open_points), open_points))
        status, count = min(marks)
        if model not in candidates(catalogue, profile):
            status = 2
        answer[model.id] = (["guaranteed", "unverified", "excluded"][status], count)
    return answer


def violated_sets(
    catalogue: Catalogue, profile: Profile, policy: str = "flag"
) -> set[frozenset[str]]:
    """What each runnable setting of each candidate violates."""
    least = UNVERIFIED if policy == "reject" else VIOLATED
    return {
        frozenset(name for name, verdict in judge(profile, model, at).items() if verdict >= least)
        for model in candidates(catalogue, profile)
        for at in settings()
        if runnable(model, at)
    }


def posted(catalogue: Catalogue, profile: Profile, worst: int) -> set[tuple[str, tuple[str, ...]]]:
    """The models and settings that remain when every requirement is posted as a constraint.

    `worst` is the worst verdict that a requirement may have.
    """
    models = {model.id: model for model in candidates(catalogue, profile)}
    if not models:
        return set()
    problem = Problem()
    problem.addVariable("model", list(models))
    for variable, domain in DOMAINS.items():
        problem.addVariable(variable, domain)
    names = ("model", *DOMAINS)

    def usable(name: str, *values: str) -> bool:
        return runnable(models[name], dict(zip(DOMAINS, values, strict=True)))

    problem.addConstraint(usable, names)
    for requirement in profile.to_dict()["require"]:

        def holds(name: str, *values: str, requirement: str = requirement) -> bool:
            at = dict(zip(DOMAINS, values, strict=True))
            return judge(profile, models[name], at)[requirement] <= worst

        problem.addConstraint(holds, names)
    return {
        (found["model"], tuple(found[variable] for variable in DOMAINS))
        for found in problem.getSolutions()
    }
