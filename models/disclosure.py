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
from scipy.linalg import qr

Vector = NDArray[np.float64]
CLOSE = 1e-8
AT_ONCE = 64
"""items that are tried together"""


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
        return self.publish_each([sums])[0]

    def publish_each(self, items: Sequence[Sequence[Vector]]) -> list[bool]:
        """Publish items in their order, each as `publish` would: whether each was.

        What may be published all at once may be published one by one, so only a part in which something is refused is
        looked at again, by halves.
        """
        if len(items) > AT_ONCE:
            parts = [items[at : at + AT_ONCE] for at in range(0, len(items), AT_ONCE)]
            return [one for part in parts for one in self.publish_each(part)]
        if self._together(items):
            return [True] * len(items)
        if len(items) == 1:
            return [False]
        half = len(items) // 2
        return self.publish_each(items[:half]) + self.publish_each(items[half:])

    def _together(self, items: Sequence[Sequence[Vector]]) -> bool:
        """Publish all of them, unless a small count would follow."""
        there = np.array([one for sums in items for one in sums if one.any()])
        if not len(there) or not len(self._left):
            return True
        rest = there / np.linalg.norm(there, axis=1, keepdims=True)
        for _ in range(2):  # twice, for rounding
            rest = rest - rest @ self._basis.T @ self._basis
        directions, sizes, _ = qr(rest.T, mode="economic", pivoting=True)
        new = directions[:, np.abs(np.diag(sizes)) > CLOSE].T
        left = self._left - self._left @ new.T @ new
        if np.linalg.norm(left, axis=1).min() < CLOSE:
            return False
        self._basis, self._left = np.vstack([self._basis, new]), left
        return True
