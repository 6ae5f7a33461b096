"""The outcome expected of a case that nobody reviewed: mu(x) of the doubly robust estimate, fitted on other cases."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.candidate import Floats
from models.drift import platt
from models.selective import FEWEST, Mask

FOLDS = 5


def cross_fitted(
    margin: Floats, label: Floats, certain: Mask, cluster: NDArray[np.int64], otherwise: Floats, folds: int = FOLDS
) -> Floats:
    """(n,) chance of the label, each row's from the labelled rows of other folds only; a cluster is in one fold.

    margin: of a model that learned from earlier rows. Outside C (`certain`) the chance is the logit of the margin as
    the sampled rows of the other folds have it (Platt), in C the mean of C: signals were chosen for another reason than
    the margin. otherwise: (n,) what is expected where fewer than 30 rows, or one kind of label, teach it.
    """
    expected = np.array(otherwise, dtype=np.float64)
    known = ~np.isnan(label)
    _, at = np.unique(cluster, return_inverse=True)
    fold = at % folds
    for number in range(folds):
        mine = fold == number
        outside = known & ~certain & ~mine
        here = mine & ~certain
        if outside.sum() >= FEWEST and 0 < label[outside].sum() < outside.sum():
            slope, intercept = platt(margin[outside], label[outside])
            expected[here] = 1 / (1 + np.exp(-np.clip(slope * margin[here] + intercept, -30, 30)))
        inside = known & certain & ~mine
        if inside.sum() >= FEWEST:
            expected[mine & certain] = label[inside].mean()
    return expected
