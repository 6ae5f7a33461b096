"""Intervals of shares and of differences between shares, for counts too small to resample."""

from __future__ import annotations

import math
from statistics import NormalDist


def wilson(share: float, n: float, confidence: float = 0.95, unsampled: float = 1.0) -> tuple[float, float]:
    """Wilson's interval (1927) of a share of n. unsampled: the part of a finite population that was not sampled.

    >>> [round(end, 4) for end in wilson(0.0, 20)]
    [0.0, 0.1611]
    """
    if unsampled <= 0:
        return share, share
    if n <= 0:
        return 0.0, 1.0
    z2 = NormalDist().inv_cdf(0.5 + confidence / 2) ** 2 * unsampled / n
    centre = (share + z2 / 2) / (1 + z2)
    reach = math.sqrt(z2 * (share * (1 - share) + z2 / 4)) / (1 + z2)
    # At the ends the bound is the share itself; rounding must not say otherwise.
    return min(share, max(0.0, centre - reach)), max(share, min(1.0, centre + reach))


def difference(
    first: tuple[float, float, float], second: tuple[float, float, float], *, shared: bool = False
) -> tuple[float, float]:
    """Interval of first - second, each (share, low, high), by Newcombe's method (Statistics in Medicine 1998).

    shared: both are shares of one whole, so that what one has the other has not (correlation of a multinomial).

    >>> [round(end, 4) for end in difference((56 / 70, *wilson(56 / 70, 70)), (48 / 80, *wilson(48 / 80, 80)))]
    [0.0524, 0.3339]
    """
    (p, low, high), (q, below, above) = first, second
    r = -math.sqrt(p * q / ((1 - p) * (1 - q))) if shared and p < 1 and q < 1 else 0.0
    down = math.sqrt(max(0.0, (p - low) ** 2 + (above - q) ** 2 - 2 * r * (p - low) * (above - q)))
    up = math.sqrt(max(0.0, (high - p) ** 2 + (q - below) ** 2 - 2 * r * (high - p) * (q - below)))
    return max(-1.0, p - q - down), min(1.0, p - q + up)
