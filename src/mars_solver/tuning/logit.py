"""A conditional logit with a lapse rate: the numbers >= 0 that make the labels likeliest.

A label says which model ranks first. The logit gives each model with the best standing a
probability that grows with its score. With the probability of the lapse rate, a label is a mistake
instead, and names any of them alike. The prior is normal, around the weights at the start.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp

from mars_solver.solving.scoring import DOUBLED
from mars_solver.tuning.leads import FloatArray
from mars_solver.tuning.targets import GroundedLabel

LAPSE_RATE: Final = 0.1
"""The probability that a label is a mistake, if labels contradict each other; 0 if they do not."""
PRIOR_PRECISION: Final = 3e-4
"""The inverse of the prior's variance."""
PRIOR_SCALE: Final = 4.0
"""The mean of the prior's numbers: the larger it is, the surer its choices are."""


class Choices(NamedTuple):
    """The choices of all labels, padded to the longest."""

    forms: FloatArray
    """Each model's score as a linear form in the numbers, shape (labels, models, size)."""
    there: FloatArray
    """0 for a model, -inf for padding, shape (labels, models)."""
    right: FloatArray
    """1 for an acceptable model, 0 for others, shape (labels, models)."""
    counts: FloatArray
    """The weight of each label, shape (labels,)."""


def choices_of(questions: Sequence[GroundedLabel], size: int) -> Choices:
    """Return the choices that labels make; a pair "a over b" is a choice between the two.

    Args:
        questions: the labels.
        size: how many numbers are tuned.
    """
    sides = [side for question in questions for side in question.choices]
    most = max((len(models) for _, models, _ in sides), default=1)
    forms = np.zeros((len(sides), most, size))
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


def fit(questions: Sequence[GroundedLabel], prior: FloatArray, lapse_rate: float) -> FloatArray:
    """Return the numbers of the highest posterior density, scaled to the sum of the prior.

    Args:
        questions: the labels.
        prior: the numbers at the start, shape (size,); their scale does not matter.
        lapse_rate: the probability that a label is a mistake.
    """
    choices = choices_of(questions, len(prior))
    centre = PRIOR_SCALE * prior / (prior.mean() or 1.0)
    lapsed = lapse_rate * choices.right.sum(axis=1) / np.isfinite(choices.there).sum(axis=1)

    def loss(numbers: FloatArray) -> tuple[float, FloatArray]:
        utility = choices.forms @ numbers + choices.there
        chance = np.exp(utility - logsumexp(utility, axis=1, keepdims=True))
        right = (chance * choices.right).sum(axis=1)
        likelihood = np.maximum((1 - lapse_rate) * right + lapsed, np.finfo(float).tiny)
        away = numbers - centre
        steepness = (1 - lapse_rate) * choices.counts / likelihood
        change = steepness[:, None] * chance * (choices.right - right[:, None])
        value = PRIOR_PRECISION / 2 * away @ away - choices.counts @ np.log(likelihood)
        gradient = PRIOR_PRECISION * away - np.einsum("ij,ijk->k", change, choices.forms)
        return float(value), gradient

    optimum = minimize(loss, centre, jac=True, method="L-BFGS-B", bounds=[(0, None)] * len(prior))
    numbers: FloatArray = np.asarray(optimum.x) * (prior.sum() / (optimum.x.sum() or 1.0))
    return numbers
