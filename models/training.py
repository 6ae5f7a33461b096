"""One training: candidates compared out of time, a champion proposed in words, fitted on everything, and refitted."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from models.candidate import Candidate, FeatureLike, Fitted, Floats, canonical
from models.contenders import contenders
from models.dataset import Examples, Rest, Split, rolling_origin
from models.deciders import refuse
from models.evaluation import Choice, Contest, contest, propose
from models.placing import places, tie_keys
from models.selective import Estimate
from models.tuning import settled
from models.uncertainty import Ensemble, bootstrap, share_that_stays


@dataclass(frozen=True)
class Recoded:
    """The champion trained and measured with another coding of what counts as positive."""

    coding: str
    positives: int
    prevalence: Estimate
    precision: Estimate
    lift: float | None
    same_list: float
    """share of the list that is the same as with the coding in use"""


@dataclass(frozen=True)
class TrainingReport:
    """What a training gives. Nothing in it depends on the clock: the same data and seed give the same bytes."""

    seed: int
    until: dt.date
    coding: str
    names: tuple[str, ...]
    labelled: int
    positives: int
    splits: tuple[Split, ...]
    contest: Contest
    choice: Choice
    model: Fitted
    """the champion, fitted on all labelled rows"""
    ensemble: Ensemble
    recoded: tuple[Recoded, ...] = ()
    """the champion under other codings of the outcomes"""
    stays: float | None = None
    """share of the latest window's list that is in it in 80 % of the refits"""
    leaks: Mapping[str, int] = field(default_factory=dict)
    """kind of leak that was looked for -> number found; empty when nobody looked"""

    @property
    def champion(self) -> str:
        return self.choice.name

    @property
    def model_sha256(self) -> str:
        return hashlib.sha256(self.model.dump()).hexdigest()

    def metrics(self) -> dict[str, float]:
        """Figures by name, for the run's record; what cannot be estimated is absent."""
        found = {"labelled": float(self.labelled), "positives": float(self.positives)}
        for one in self.contest.standings:
            figures = {"precision": one.precision.value, "low": one.precision.low, "high": one.precision.high}
            found |= {f"{one.name}.{name}": value for name, value in figures.items() if value is not None}
        if self.contest.prevalence.value is not None:
            found["prevalence"] = self.contest.prevalence.value
        return found

    def document(self) -> dict[str, Any]:
        """The report as it is stored; no case and no person in it."""
        usual = self.contest.prevalence.value
        candidates = [
            asdict(one)
            | {"value": one.value}
            | {"times_base_rate": one.value / usual if one.value is not None and usual else None}
            for one in self.contest.standings
        ]
        pairs = [
            {"first": a, "second": b, "difference": difference, "standard_error": error}
            for (a, b), (difference, error) in self.contest.paired.items()
        ]
        return {
            "seed": self.seed,
            "until": self.until.isoformat(),
            "coding": self.coding,
            "features": self.names,
            "labelled": self.labelled,
            "positives": self.positives,
            "windows": [
                {
                    "start": split.start.isoformat(),
                    "end": split.end.isoformat(),
                    "train": len(split.train),
                    "test": len(split.test),
                    "share_lost": split.share_lost,
                }
                for split in self.splits
            ],
            "share": self.contest.share,
            "test_rows": self.contest.rows,
            "random_reviews": self.contest.random_reviews,
            "effective_sample": self.contest.effective,
            "eligible": {"cases": self.contest.eligible, "share_left_out": self.contest.shared},
            "prevalence": asdict(self.contest.prevalence),
            "candidates": candidates,
            "paired": pairs,
            "champion": self.choice.name,
            "why_nl": self.choice.why_nl,
            "why_en": self.choice.why_en,
            "model_sha256": self.model_sha256,
            "refits": len(self.ensemble.members),
            "stays": self.stays,
            "details": [asdict(one) for one in self.contest.details],
            "regrets": [asdict(one) for one in self.contest.regrets],
            "leaks": [{"kind": kind, "found": found} for kind, found in self.leaks.items()],
            "codings": [asdict(one) for one in self.recoded],
        }

    def dump(self) -> bytes:
        return canonical(self.document())


def train(
    examples: Examples,
    features: Mapping[str, FeatureLike],
    seed: int,
    until: dt.date,
    candidates: Sequence[Candidate] | None = None,
    *,
    share: float = 0.1,
    coding: str = "review",
    others: Mapping[str, Floats] | None = None,
    folds: int = 4,
    gap_days: int = 90,
    refits: int = 30,
    rest: Rest | None = None,
) -> TrainingReport:
    """Compare the candidates out of time on the top `share` of the list, and fit the proposed one.

    Labels not known strictly before `until` count as missing. features: declarations by name, one for each column.
    candidates: those of contenders.py when not given. others: labels of the same rows under other codings, by name; the
    champion is rerun under each. rest: the eligible of the lists in the windows that were not chosen for review, with
    which estimates are over all the eligible. Raises KeyError for a column without declaration, and ValueError when
    there is too little to learn from and for columns that say who decides.
    """
    refuse(examples.names)
    listed = examples.as_of < np.datetime64(until, "D")
    known = examples.rows(listed)
    late = known.label_known_at >= np.datetime64(until, "s")
    known.label[late] = np.nan
    runners = tuple(candidates) if candidates is not None else contenders(features, examples.names, seed)
    splits = rolling_origin(known, folds=folds, gap_days=gap_days)
    found = contest(runners, known, splits, share, seed, rest)
    choice = propose(found.standings, found.paired, found.prevalence)
    rows = known.rows(known.labelled)
    weights = np.ones(len(rows))
    # Settings are chosen once on all rows; each refit keeps them, so that it shows what other reviews would change.
    winner = settled(next(one for one in runners if one.name == choice.name), rows, weights)
    model = winner.fit(rows, weights)
    ensemble = bootstrap(winner, rows, weights, seed, refits)
    recoded = tuple(
        _recode(winner, known, splits, name, np.where(late, np.nan, labels[listed]), found, seed, rest)
        for name, labels in (others or {}).items()
    )
    last = known.rows(splits[-1].test)
    place = places(model.margin(last.X), last.municipality, keys := tie_keys(seed, last.case_id))
    stays = share_that_stays(ensemble.margins(last.X), place, last.municipality, keys, share) if refits else None
    positives = int(rows.label.sum())
    return TrainingReport(
        seed,
        until,
        coding,
        examples.names,
        len(rows),
        positives,
        splits,
        found,
        choice,
        model,
        ensemble,
        recoded,
        stays,
    )


def _recode(
    chosen: Candidate,
    known: Examples,
    splits: Sequence[Split],
    name: str,
    labels: Floats,
    found: Contest,
    seed: int,
    rest: Rest | None,
) -> Recoded:
    """The same windows and settings with other labels. A row counts in training where both codings give it a label."""
    other = dataclasses.replace(known, label=np.where(known.labelled | _tested(splits, len(known)), labels, np.nan))
    rerun = contest((chosen,), other, splits, found.share, seed, rest)
    one, mine, theirs = rerun.standings[0], found.lists[chosen.name], rerun.lists[chosen.name]
    return Recoded(
        name,
        int(np.nansum(other.label)),
        rerun.prevalence,
        one.precision,
        one.stratified.lift if one.stratified and one.value is not None else None,
        float(np.minimum(mine, theirs).sum() / mine.sum()),
    )


def _tested(splits: Sequence[Split], n: int) -> np.ndarray:
    out = np.zeros(n, dtype=bool)
    out[np.concatenate([split.test for split in splits])] = True
    return out
