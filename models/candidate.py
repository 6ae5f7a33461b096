"""What every candidate model can do: fit, give a margin, say what each feature added, be written as bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from models.dataset import Examples

Floats = NDArray[np.float64]


class NotFiniteError(ValueError):
    """A matrix, margin or contribution holds NaN or infinity; the run stops, nothing is ranked on it."""


class NotAdditiveError(ValueError):
    """Contributions do not sum to the margin; the run stops, because its reasons would not be the model's."""


class Fitted(Protocol):
    """A trained model. X is (n, p) in the order of `names`."""

    @property
    def kind(self) -> str:
        """Which candidate reads the bytes back."""

    @property
    def names(self) -> tuple[str, ...]:
        """The features it was trained on, in column order."""

    def margin(self, X: Floats) -> Floats:  # noqa: N803
        """(n,) raw score; higher is looked at earlier. Raises NotFiniteError."""

    def contributions(self, X: Floats) -> Floats:  # noqa: N803
        """(n, p + 1): what each feature added, the last column the margin of the average case."""

    def dump(self) -> bytes:
        """The model as canonical JSON; the same model gives the same bytes. Reading it runs no code."""


class Candidate(Protocol):
    """A way to train a model."""

    @property
    def name(self) -> str:
        """As it stands in reports, and the `kind` of what it fits."""

    @property
    def complexity(self) -> int:
        """Order of simplicity, 1 is simplest; the champion rule prefers the lower."""

    @property
    def promotable(self) -> bool:
        """Whether it may become champion; baselines may not."""

    def fit(self, examples: Examples, weights: Floats) -> Fitted:
        """Train on rows that all have a label. `weights` (n,) are not class weights: classes are never balanced."""

    def load(self, data: bytes) -> Fitted:
        """Read what `dump` wrote. Raises ValueError when it is something else."""


class FeatureLike(Protocol):
    """The part of a feature's declaration (features/declaration.py) that models and reasons use."""

    @property
    def name(self) -> str: ...
    @property
    def topic(self) -> str: ...
    @property
    def sentence_nl(self) -> str: ...
    @property
    def sentence_en(self) -> str: ...
    @property
    def none_nl(self) -> str: ...
    @property
    def none_en(self) -> str: ...
    @property
    def one_nl(self) -> str: ...
    @property
    def one_en(self) -> str: ...
    @property
    def unknown_nl(self) -> str: ...
    @property
    def unknown_en(self) -> str: ...
    @property
    def could_nl(self) -> str: ...
    @property
    def could_en(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def direction(self) -> int: ...
    @property
    def fill(self) -> float: ...
    @property
    def contracts(self) -> tuple[str, ...]: ...
    @property
    def registers(self) -> tuple[str, ...]: ...


def finite(values: Floats, what: str) -> Floats:
    """`values` unchanged. Raises NotFiniteError that names the first bad cell."""
    if not np.isfinite(values).all():
        at = tuple(int(i) for i in np.argwhere(~np.isfinite(values))[0])
        raise NotFiniteError(f"{what} is not a finite number at {at}; fill it where the feature is declared")
    return values


def additive(contributions: Floats, margin: Floats) -> Floats:
    """`contributions` unchanged, when each row sums to its margin within 1e-9 relative (statistics.md, Explanations).

    Where the margin is near zero because large parts cancel, rounding of those parts is allowed for.
    Raises NotAdditiveError.
    """
    gap = np.abs(contributions.sum(axis=1) - margin)
    allowed = 1e-9 * np.abs(margin) + 1e-14 * np.abs(contributions).sum(axis=1)
    if (gap > allowed).any():
        row = int(np.argmax(gap - allowed))
        raise NotAdditiveError(f"contributions of row {row} miss the margin {margin[row]!r} by {gap[row]!r}")
    return contributions


def directions(features: Mapping[str, FeatureLike], names: Sequence[str]) -> tuple[int, ...]:
    """Declared direction per column: +1 more is earlier, -1 later, 0 free. Raises KeyError on an unknown name."""
    return tuple(features[name].direction for name in names)


def canonical(document: Mapping[str, Any]) -> bytes:
    """JSON with sorted keys and no spaces, so that equal content has equal bytes. Raises ValueError on NaN."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def parsed(data: bytes, kind: str) -> dict[str, Any]:
    """The JSON document of a model of `kind`. Raises ValueError when it is another."""
    document = json.loads(data)
    if not isinstance(document, dict) or document.get("kind") != kind:
        raise ValueError(f"this is not a model of kind {kind!r}")
    return document
