"""From margins to places: 1 is highest within the municipality, ties broken by a keyed hash (R29)."""

from __future__ import annotations

import hmac
from typing import Any

import numpy as np
from numpy.typing import NDArray


def tie_keys(seed: int, case_id: NDArray[np.int64]) -> NDArray[np.uint64]:
    """One number per case from HMAC-SHA256 of the case id under the run's seed: fixed, and nobody's preference."""
    key = str(seed).encode()
    digests = b"".join(hmac.digest(key, str(case).encode(), "sha256")[:8] for case in case_id.tolist())
    return np.frombuffer(digests, dtype=">u8").astype(np.uint64)


def places(margin: NDArray[np.float64], municipality: NDArray[Any], ties: NDArray[np.uint64]) -> NDArray[np.int64]:
    """(n,) place within the municipality; higher margins first, equal ones in the order of their tie keys.

    >>> margin, town = np.array([1.0, 3.0, 2.0]), np.array(["0917", "0917", "0935"])
    >>> places(margin, town, np.array([1, 2, 3], dtype=np.uint64))
    array([2, 1, 1])
    """
    _, group = np.unique(municipality, return_inverse=True)
    order = np.lexsort((ties, -margin, group))
    first = np.concatenate(([0], np.cumsum(np.bincount(group))))[group[order]]
    out = np.empty(len(margin), dtype=np.int64)
    out[order] = np.arange(len(margin)) - first + 1
    return out
