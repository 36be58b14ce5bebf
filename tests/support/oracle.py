"""Two independent answers to a profile, slow and plain, by the second reading of the rules.

`brute_force` walks over every configuration; `posted` gives every rule to a constraint solver.
What meets a requirement is read in `benchmarks/shared/rules.py`, which neither uses the package's
vocabulary, masks nor verdicts.
"""

from __future__ import annotations

from constraint import Problem

from benchmarks.shared import rules
from benchmarks.shared.rules import DOMAINS, MET, UNVERIFIED, VIOLATED, Setting, settings
from mars_solver import Catalogue, Profile
from mars_solver.inputs.facts import Model

__all__ = [
    "DOMAINS",
    "MET",
    "UNVERIFIED",
    "VIOLATED",
    "brute_force",
    "candidates",
    "judge",
    "posted",
    "runnable",
    "settings",
    "violated_sets",
]


def runnable(model: Model, at: Setting) -> bool:
    """Whether no capability is a "no" to this configuration of the model."""
    return rules.runnable(rules.facts_of(model), at)


def judge(profile: Profile, model: Model, at: Setting) -> dict[str, int]:
    """The verdict of each stated requirement on one configuration of a model."""
    return rules.judge(rules.facts_of(model), profile, at)


def candidates(catalogue: Catalogue, profile: Profile) -> list[Model]:
    return [m for m in catalogue.models if profile.accept_beta or m.stage.value == "released"]


def brute_force(
    catalogue: Catalogue, profile: Profile, policy: str = "flag"
) -> dict[str, tuple[str, int]]:
    """Status and number of unverified requirements of each model, best over its settings."""
    answer = {}
    for model in catalogue.models:
        facts = rules.facts_of(model)
        marks = []
        for at in filter(lambda at: rules.runnable(facts, at), settings()):
            verdicts = list(rules.judge(facts, profile, at).values())
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
    models = map(rules.facts_of, candidates(catalogue, profile))
    return {violated for facts in models for violated in rules.violations(facts, profile, least)}


def posted(catalogue: Catalogue, profile: Profile, worst: int) -> set[tuple[str, tuple[str, ...]]]:
    """The models and settings that remain when every requirement is posted as a constraint.

    `worst` is the worst verdict that a requirement may have.
    """
    models = {model.id: rules.facts_of(model) for model in candidates(catalogue, profile)}
    if not models:
        return set()
    problem = Problem()
    problem.addVariable("model", list(models))
    for variable, domain in DOMAINS.items():
        problem.addVariable(variable, list(domain))
    names = ("model", *DOMAINS)

    def usable(name: str, *values: str) -> bool:
        return rules.runnable(models[name], dict(zip(DOMAINS, values, strict=True)))

    problem.addConstraint(usable, names)
    for requirement in profile.to_dict()["require"]:

        def holds(name: str, *values: str, requirement: str = requirement) -> bool:
            at = dict(zip(DOMAINS, values, strict=True))
            return rules.judge(models[name], profile, at)[requirement] <= worst

        problem.addConstraint(holds, names)
    return {
        (found["model"], tuple(found[variable] for variable in DOMAINS))
        for found in problem.getSolutions()
    }
