"""One independent reading of the specification, slow and plain, that every oracle shares.

Of a profile it takes what is required, of a model its facts; it uses neither the package's
vocabulary nor its masks or verdicts. `brute_force` walks over every tuple of values, `posted` gives
every rule to a constraint solver, and the encoding for z3 states the same tables with symbols.
"""

from __future__ import annotations

import itertools
from typing import Any

from constraint import Problem

from mars_solver import Catalogue, Profile
from mars_solver.inputs.facts import Model

DOMAINS = {
    "deployment": ("cloud", "self_hosted", "on_device"),
    "delivery": ("streaming", "batch"),
    "voice": ("library", "reference_audio"),
    "style": ("as_voice", "directed"),
}
"""The values of each variable of a setting, in declared order."""
ENABLED_BY = {
    "cloud": ("public_api",),
    "self_hosted": ("self_hosted",),
    "on_device": ("on_device",),
    "streaming": ("real_time",),
    "reference_audio": ("voice_transfer", "short_reference"),
    "directed": ("style_control",),
}
"""The capabilities of which one has to be no "no" for a value; the other values are free."""
PINS = {
    "real_time": ("delivery", "streaming"),
    "voice_transfer": ("voice", "reference_audio"),
    "short_reference": ("voice", "reference_audio"),
    "style_control": ("style", "directed"),
    "on_device": ("deployment", "on_device"),
    "offline": ("deployment", "on_device"),
    "max_memory_mb": ("deployment", "on_device"),
    "self_hosted": ("deployment", "self_hosted"),
    "public_api": ("deployment", "cloud"),
}
"""The variable and the value that a requirement needs, where it needs one."""
FACT_OF = {
    "max_ttfb_ms": "ttfb_ms",
    "max_memory_mb": "memory_mb",
    "min_sample_rate_hz": "sample_rate_hz",
}
"""The fact that a number is compared with."""
REQUIRED = (
    "real_time", "max_ttfb_ms", "voice_transfer", "short_reference", "style_control", "on_device",
    "offline", "max_memory_mb", "self_hosted", "public_api", "languages", "min_sample_rate_hz",
)  # fmt: skip
"""Every requirement, in declared order."""
FLAGS = tuple(name for name in REQUIRED if name in PINS and name not in FACT_OF)
REAL_TIME_BELOW_MS = 800
"""A ceiling of the time to first byte below this asks for real time."""
NEEDED_BY = {
    "real_time": ("real_time",),
    "voice_transfer": ("voice_transfer", "short_reference"),
    "style_control": ("style_control",),
    "on_device": ("on_device", "offline", "max_memory_mb"),
}
"""The requirements that state a need, in the order of the guide's questions."""
FLASH, PRO, INSTRUCT, NANO = "mars-flash", "mars-pro", "mars-instruct", "mars-nano"
GUIDE = {
    "real_time": (FLASH,),
    "voice_transfer": (PRO,),
    "style_control": (INSTRUCT,),
    "on_device": (NANO,),
    "none": (PRO,),
    "batch": (PRO, INSTRUCT),
}
"""The guide's answer by the need that decides, or where none is stated."""
Setting = dict[str, str]
MET, UNVERIFIED, VIOLATED = 0, 1, 2
INFINITY = float("inf")


def needs(profile: Profile) -> list[str]:
    """The needs that a profile states, in the order of the guide's questions."""
    need = profile.require
    live = need.max_ttfb_ms is not None and need.max_ttfb_ms < REAL_TIME_BELOW_MS
    return [
        name
        for name, stating in NEEDED_BY.items()
        if any(getattr(need, each) for each in stating) or (live and name == "real_time")
    ]


def grade(known: bool | None) -> int:
    return {True: MET, None: UNVERIFIED, False: VIOLATED}[known]


def ceiling(claimed: Any, limit: float) -> int:
    low, high = claimed or (0, INFINITY)
    return MET if high <= limit else VIOLATED if low > limit else UNVERIFIED


def floor(claimed: Any, limit: float) -> int:
    low, high = claimed or (0, INFINITY)
    return MET if low >= limit else VIOLATED if high < limit else UNVERIFIED


def verdicts(profile: Profile, model: Model) -> dict[str, int]:
    """What a model's facts say of each stated requirement, however the model is run."""
    stated = {name: value for name in REQUIRED if (value := getattr(profile.require, name))}
    found = {}
    for name, value in stated.items():
        if name in FLAGS:
            found[name] = grade(model.capability(name))
        elif name == "languages":
            found[name] = max(grade(model.speaks(tag)) for tag in value)
        else:
            compare = floor if name.startswith("min_") else ceiling
            found[name] = compare(model.range(FACT_OF[name]), value)
    if "max_memory_mb" in found:
        found["max_memory_mb"] = max(found["max_memory_mb"], grade(model.capability("on_device")))
    return found


def at_setting(own: dict[str, int], at: Setting) -> dict[str, int]:
    """The verdicts where a model is run in one way; what needs another way is violated."""
    return {
        name: VIOLATED if name in PINS and at[PINS[name][0]] != PINS[name][1] else verdict
        for name, verdict in own.items()
    }


def judge(profile: Profile, model: Model, at: Setting) -> dict[str, int]:
    """The verdict of each stated requirement on one use of a model."""
    return at_setting(verdicts(profile, model), at)


def settings(model: Model) -> list[Setting]:
    """Every way to run a model that no "no" forbids."""
    free = [
        [v for v in values if v not in ENABLED_BY or _possible(model, v)]
        for values in DOMAINS.values()
    ]
    return [dict(zip(DOMAINS, each, strict=True)) for each in itertools.product(*free)]


def _possible(model: Model, value: str) -> bool:
    return any(model.capability(name) is not False for name in ENABLED_BY[value])


def candidates(catalogue: Catalogue, profile: Profile) -> list[Model]:
    return [m for m in catalogue.models if profile.accept_beta or m.stage.value == "released"]


def brute_force(
    catalogue: Catalogue, profile: Profile, policy: str = "flag"
) -> dict[str, tuple[str, int]]:
    """Status and number of unverified requirements of each model, best over its settings."""
    answer = {}
    for model in catalogue.models:
        marks, own = [], verdicts(profile, model)
        for at in settings(model):
            found = list(at_setting(own, at).values())
            lost, open_points = found.count(VIOLATED), found.count(UNVERIFIED)
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
        frozenset(name for name, verdict in at_setting(own, at).items() if verdict >= least)
        for model in candidates(catalogue, profile)
        for own in [verdicts(profile, model)]
        for at in settings(model)
    }


def posted(catalogue: Catalogue, profile: Profile, worst: int) -> set[tuple[str, tuple[str, ...]]]:
    """The models and settings that remain when every requirement is posted as a constraint.

    `worst` is the worst verdict that a requirement may have.
    """
    models = {model.id: model for model in candidates(catalogue, profile)}
    if not models:
        return set()
    own = {name: verdicts(profile, model) for name, model in models.items()}
    runnable = {name: settings(model) for name, model in models.items()}
    problem = Problem()
    problem.addVariable("model", list(models))
    for variable, domain in DOMAINS.items():
        problem.addVariable(variable, domain)
    names = ("model", *DOMAINS)

    def usable(name: str, *values: str) -> bool:
        return dict(zip(DOMAINS, values, strict=True)) in runnable[name]

    problem.addConstraint(usable, names)
    for requirement in profile.to_dict()["require"]:

        def holds(name: str, *values: str, requirement: str = requirement) -> bool:
            at = dict(zip(DOMAINS, values, strict=True))
            return at_setting(own[name], at)[requirement] <= worst

        problem.addConstraint(holds, names)
    return {
        (found["model"], tuple(found[variable] for variable in DOMAINS))
        for found in problem.getSolutions()
    }
