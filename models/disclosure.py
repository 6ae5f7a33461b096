"""Small counts are not published, and what is published does not give them away: not by adding up, not by subtracting.

Everything published is a sum of base counts. A figure is published when its own counts are large enough and when no
small count follows from it together with all that was published before and the totals of the table, which a reader may
have. "Follows" is meant exactly: the small count is a linear combination of what is known (Cox, Journal of the American
Statistical Association 1980).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
CLOSE = 1e-8


class Publication:
    """What a reader knows, as sums of base counts, and the small counts that must not follow from it."""

    def __init__(self, counts: Vector, secrets: Sequence[Vector]) -> None:
        """counts: (d,) base counts. secrets: 0/1 vectors (d,) whose sums are small."""
        size = len(counts)
        self._basis = np.zeros((0, size))
        kept = np.array([one for one in secrets if one.any()]).reshape(-1, size)
        self._left = np.unique(kept, axis=0) if len(kept) else kept
        self._left = self._left / np.maximum(1.0, np.linalg.norm(self._left, axis=1, keepdims=True))

    def publish(self, *sums: Vector) -> bool:
        """Publish sums together, unless a small count would follow: then none of them, and False."""
        basis, left = self._basis, self._left
        for one in sums:
            length = np.linalg.norm(one)
            if not length:
                continue
            rest = one / length
            for _ in range(2):  # twice, for rounding
                rest = rest - basis.T @ (basis @ rest)
            size = np.linalg.norm(rest)
            if size < CLOSE:
                continue
            direction = rest / size
            basis = np.vstack([basis, direction])
            if len(left):
                left = left - np.outer(left @ direction, direction)
        if len(left) and np.linalg.norm(left, axis=1).min() < CLOSE:
            return False
        self._basis, self._left = basis, left
        return True

    def follows(self, one: Vector) -> bool:
        """Whether a sum can be worked out from what is published."""
        rest = one / max(1.0, float(np.linalg.norm(one)))
        for _ in range(2):
            rest = rest - self._basis.T @ (self._basis @ rest)
        return bool(np.linalg.norm(rest) < CLOSE)
