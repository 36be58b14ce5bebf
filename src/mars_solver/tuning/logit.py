"""A conditional logit: numbers >= 0 under which the labelled models are the likeliest choices.

A label says which model comes first; under the logit, each model of the best standing comes first
with a chance that grows with its score, unless the label is a slip, which picks any of them alike
(chance `slip`). A normal prior pulls toward the weights at the start.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp

from mars_solver.solving.scoring import DOUBLED
from mars_solver.tuning.leads import SIZE
from mars_solver.tuning.programmes import Floats
from mars_solver.tuning.targets import GroundedLabel

SLIP: Final = 0.1
"""The chance of a slip where labels contradict each other; 0 where they do not."""
PULL: Final = 3e-4
"""How strongly the prior pulls: the inverse of its variance."""
STEEP: Final = 4.0
"""The mean number of the prior: how surely the weights at the start are taken to decide."""


class Choices(NamedTuple):
    """The choices of all labels, side by side, padded to the longest."""

    forms: Floats
    """What each model's score is made of, shape (labels, models, SIZE)."""
    there: Floats
    """0 for a model, -inf for padding, shape (labels, models)."""
    right: Floats
    """1 for an acceptable model, 0 for others, shape (labels, models)."""
    counts: Floats
    """How much each label counts, shape (labels,)."""


def choices_of(questions: Sequence[GroundedLabel]) -> Choices:
    """Return what labels say of first models; a pair "a over b" is a choice between the two."""
    sides = [side for question in questions for side in question.choices]
    most = max((len(models) for _, models, _ in sides), default=1)
    forms = np.zeros((len(sides), most, SIZE))
    there = np.full((len(sides), most), -np.inf)
    right = np.zeros((len(sides), most))
    for i, (question, models, acceptable) in enumerate(sides):
        whole = sum(question.asked.importances) or 1
        for j, (model, values) in enumerate(models):
            forms[i, j] = np.array(question.asked.spread(values)) / (DOUBLED * whole)
            there[i, j] = 0
            right[i, j] = model in acceptable
    counts = np.array([question.label.document.weight for question, _, _ in sides])
    return Choices(forms, there, right, counts)


def fit(questions: Sequence[GroundedLabel], prior: Floats, slip: float) -> Floats:
    """Return the numbers that are likeliest after the labels, scaled to the sum of the prior.

    Args:
        questions: the labels.
        prior: the numbers at the start, shape (SIZE,); their scale does not matter.
        slip: the chance that a label is one.
    """
    choices = choices_of(questions)
    centre = STEEP * prior / (prior.mean() or 1.0)
    alike = slip * choices.right.sum(axis=1) / np.isfinite(choices.there).sum(axis=1)

    def loss(numbers: Floats) -> tuple[float, Floats]:
        utility = choices.forms @ numbers + choices.there
        chance = np.exp(utility - logsumexp(utility, axis=1, keepdims=True))
        right = (chance * choices.right).sum(axis=1)
        told = np.maximum((1 - slip) * right + alike, np.finfo(float).tiny)
        pull = numbers - centre
        steepness = (1 - slip) * choices.counts / told
        change = steepness[:, None] * chance * (choices.right - right[:, None])
        value = PULL / 2 * pull @ pull - choices.counts @ np.log(told)
        return float(value), PULL * pull - np.einsum("ij,ijk->k", change, choices.forms)

    found = minimize(loss, centre, jac=True, method="L-BFGS-B", bounds=[(0, None)] * SIZE)
    numbers: Floats = np.asarray(found.x) * (prior.sum() / (found.x.sum() or 1.0))
    return numbers
