"""Which candidate ranks best out of time, how sure that is, and which one the champion rule proposes."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields, replace
from itertools import pairwise
from types import MappingProxyType

import numpy as np
from babel.numbers import format_percent

from models.candidate import Candidate, Floats
from models.dataset import Examples, Index, Rest, Split
from models.outcome_model import cross_fitted
from models.selective import (
    Estimate,
    Reviewed,
    doubly_robust,
    effective_sample,
    membership,
    naive,
    precision,
    prevalence,
    recall,
)
from models.strata import Beside, Sampled, Stratified, beside

EXPECTS = "additive"
"""the candidate whose margin on rows it has not seen tells the expected outcome in doubly robust estimates"""
NEVER = 1e9
"""1 / pi of a case that could not be drawn: no random review was in its list"""


SHARES = (0.05, 0.1, 0.2)
"""parts of the list that figures are also given for"""
AGES = (3, 6, 12)
"""months since the training's last label at which the age of a model is cut"""


@dataclass(frozen=True)
class Standing:
    """One candidate out of time, on the top share of each municipality's ranking in every window."""

    name: str
    complexity: int
    promotable: bool
    precision: Estimate
    recall: Estimate
    naive: float | None
    """mean label of whatever was reviewed in the top, whoever chose it; never to be shown alone"""
    stratified: Stratified | None = None
    """doubly robust, over strata; None where no stratum has both listed and random reviews"""
    eligible: Estimate | None = None
    """doubly robust over all the eligible, pooled; None where those who were not chosen are not known"""

    @property
    def value(self) -> float | None:
        """What candidates are compared on; None when it cannot be estimated."""
        if self.precision.value is None:
            return None
        return self.stratified.precision if self.stratified else self.precision.value


@dataclass(frozen=True)
class Detail:
    """A candidate on a part of what was tested: one share of the list, one window, one municipality, one age."""

    name: str
    share: float
    period: str
    """first day of the window; empty for all"""
    municipality: str
    """empty for all"""
    months: str
    """age of the model, such as "3-6"; empty for all"""
    precision: Estimate
    recall: Estimate
    prevalence: Estimate
    lift: float | None
    """precision over prevalence; None when one of them cannot be estimated"""
    naive: float | None


@dataclass(frozen=True)
class Regret:
    """What the rule chose before a window, against the best of that window."""

    period: str
    chosen: str
    best: str
    regret: float
    """precision that the choice cost; 0 when it was the best"""


@dataclass(frozen=True)
class Contest:
    """All candidates on the same rows."""

    share: float
    rows: int
    random_reviews: int
    effective: float
    """effective sample size of the random reviews"""
    prevalence: Estimate
    standings: tuple[Standing, ...]
    paired: Mapping[tuple[str, str], tuple[float, float]]
    """(first, second) -> difference in precision and its standard error, clusters kept together"""
    details: tuple[Detail, ...] = ()
    regrets: tuple[Regret, ...] = ()
    lists: Mapping[str, Floats] = field(default_factory=dict)
    """candidate -> (rows,) how many eligible cases of its list each tested row is"""
    eligible: float | None = None
    """eligible cases of the windows; None where those who were not chosen are not known"""
    shared: float = 0.0
    """share of those who were not chosen that is left out: their person, household or address is in the training rows
    """


@dataclass(frozen=True)
class Choice:
    """What the champion rule proposes, and why in words."""

    name: str
    why_nl: str
    why_en: str


def reviewed(examples: Examples) -> tuple[Reviewed, np.ndarray]:
    """Examples as a sample of the eligible, and which rows of `examples` it uses.

    A row of any arm but random is certain (pi = 1, in C). When a random row has no inclusion probability on record,
    only the random arm is used: a simple random sample of the eligible by itself.
    """
    parts = [set(arm.split(",")) for arm in examples.arm.tolist()]
    certain = _certain(examples)
    if _lacks_chances(examples, certain):
        certain_random = np.array(["random" in part for part in parts], dtype=bool)
        rows = np.flatnonzero(certain_random)
        ones = np.ones(len(rows))
        label = examples.label[rows]
        return Reviewed(label, np.zeros(len(rows), bool), np.ones(len(rows), bool), ones, ones), rows
    rows = np.arange(len(examples))
    weight = np.where(certain, 1.0, 1 / np.where(certain, 1.0, examples.probability))
    return Reviewed(examples.label, certain, np.ones(len(rows), bool), weight, weight), rows


def _certain(examples: Examples) -> np.ndarray:
    """Which rows were in C: any arm but random and what filled it up."""
    return np.array([not set(arm.split(",")) <= {"random", "top_up"} for arm in examples.arm.tolist()], dtype=bool)


def _lacks_chances(examples: Examples, certain: np.ndarray) -> bool:
    """Whether a row that was drawn has no inclusion probability on record."""
    return bool((~certain & ~(np.nan_to_num(examples.probability) > 0)).any())


@dataclass(frozen=True)
class Ranked:
    """Every candidate fitted before each window, and its margins on the rows of the windows, n in all."""

    sample: Sampled
    margins: Mapping[str, Floats]
    window: np.ndarray
    """number of the window, from 0"""
    starts: tuple[dt.date, ...]
    municipality: np.ndarray
    age: np.ndarray
    """whole months from the start of the window to the row's list"""
    whole: bool = False
    """whether the eligible that were not chosen are among the rows"""
    shared: float = 0.0

    def member(self, name: str, share: float) -> Floats:
        """(n,) share of each row in the top `share` of its municipality in its window."""
        margin, size = self.margins[name], self.sample.cases.stands_for
        out = np.zeros(len(margin))
        order = np.argsort(self.sample.stratum, kind="stable")
        for rows in np.split(order, np.flatnonzero(np.diff(self.sample.stratum[order])) + 1):
            out[rows] = membership(margin[rows], size[rows], share)
        return out


def rank(
    candidates: Sequence[Candidate], examples: Examples, splits: Sequence[Split], rest: Rest | None = None
) -> Ranked:
    """Fit every candidate before each window, on nothing but what was known then, and rank the window.

    Rows to train on that have no label teach nothing; they still keep their cluster out of the window, so that the rows
    of a window are the same under every coding of outcomes.

    rest: the eligible of the windows' lists that were not chosen. With them the list is the top of all the eligible;
    without, the reviewed stand for them by 1 / pi. They are not used where random rows have no chance on record.
    """
    cases, rows = reviewed(examples)
    if rest is not None and _lacks_chances(examples, _certain(examples)):
        rest = None
    if rest is not None:
        cases = replace(cases, stands_for=np.ones(len(rows)))
    used, whole = (
        (examples, cases) if rest is None else (_joined(examples, rest.examples), _with(cases, examples, rest))
    )
    if rest is not None:
        rows = np.arange(len(used))
    kept, lost, there = [], 0.0, 0.0
    for split in splits:
        test = split.test[np.isin(split.test, rows)]
        if rest is not None:
            mine = _within(rest.examples, split)
            apart = ~np.isin(rest.examples.cluster, examples.cluster[split.train])
            there, lost = there + float(rest.stands_for[mine].sum()), lost + float(rest.stands_for[mine & ~apart].sum())
            if (mine & apart).any():
                at_rest = len(examples) + np.flatnonzero(mine & apart)
                whole.stands_for[at_rest] *= rest.stands_for[mine].sum() / rest.stands_for[mine & apart].sum()
                test = np.concatenate((test, at_rest))
        kept.append(test)
    at = np.concatenate(kept)
    sample = _subset(whole, np.searchsorted(rows, at))
    taught = [examples.rows(split.train[examples.labelled[split.train]]) for split in splits]
    usual = [np.full(len(test), float(train.label.mean())) for train, test in zip(taught, kept, strict=True)]

    def margin(one: Candidate, train: Examples, test: Index) -> Floats:
        return one.fit(train, np.ones(len(train))).margin(used.X[test])

    # A fit uses one processor and nothing of another fit, so several at a time give the same bytes as one by one.
    with ThreadPoolExecutor(os.cpu_count()) as fits:
        asked = {
            one.name: [fits.submit(margin, one, train, test) for train, test in zip(taught, kept, strict=True)]
            for one in candidates
        }
        margins = {name: [each.result() for each in of_one] for name, of_one in asked.items()}
    window = np.repeat(np.arange(len(splits)), [len(test) for test in kept])
    town = used.municipality[at]
    _, stratum = np.unique(np.char.add(np.char.add(window.astype(np.str_), " "), town), return_inverse=True)
    reached = np.ones(len(at))
    for arm in (sample.certain, ~sample.certain):
        if (arm & sample.drawn).any():
            reached[arm] = max(float(sample.known[arm & sample.drawn].mean()), 0.01)
    random = np.array(["random" in arm.split(",") for arm in used.arm[at].tolist()], dtype=bool)
    starts = tuple(split.start for split in splits)
    since = used.as_of[at] - np.array(starts, dtype="datetime64[D]")[window]
    tells = np.concatenate(margins[EXPECTS]) if EXPECTS in margins else np.zeros(len(at))
    expected = cross_fitted(tells, sample.label, sample.certain, used.cluster[at], np.concatenate(usual))
    return Ranked(
        Sampled(sample, random, expected, reached, stratum, used.cluster[at]),
        {name: np.concatenate(parts) for name, parts in margins.items()},
        window,
        starts,
        town,
        (since.astype(np.int64) / 30.44).astype(np.int64),
        rest is not None,
        lost / there if there else 0.0,
    )


def _within(examples: Examples, split: Split) -> np.ndarray:
    return np.asarray((examples.as_of >= np.datetime64(split.start)) & (examples.as_of < np.datetime64(split.end)))


def _joined(first: Examples, second: Examples) -> Examples:
    """The rows of both; the columns are the same."""
    parts = {
        one.name: np.concatenate((getattr(first, one.name), getattr(second, one.name)))
        for one in fields(Examples)
        if one.name != "names"
    }
    return Examples(names=first.names, **parts)


def _with(cases: Reviewed, examples: Examples, rest: Rest) -> Reviewed:
    """The sample with those who were not chosen below it: without label, and with the 1 / pi of their list."""
    lists = np.char.add(np.char.add(examples.as_of.astype(np.str_), " "), examples.municipality)
    outside = ~cases.certain
    chance = dict(zip(lists[outside].tolist(), cases.weight[outside].tolist(), strict=True))
    theirs = np.char.add(np.char.add(rest.examples.as_of.astype(np.str_), " "), rest.examples.municipality)
    n = len(theirs)
    none = np.zeros(n, dtype=bool)
    return Reviewed(
        np.concatenate((cases.label, np.full(n, np.nan))),
        np.concatenate((cases.certain, none)),
        np.concatenate((cases.drawn, none)),
        np.concatenate((cases.stands_for, rest.stands_for)),
        np.concatenate((cases.weight, [chance.get(one, NEVER) for one in theirs.tolist()])),
    )


def contest(
    candidates: Sequence[Candidate],
    examples: Examples,
    splits: Sequence[Split],
    share: float,
    seed: int = 1,
    rest: Rest | None = None,
) -> Contest:
    """Rank every window with every candidate and estimate on the top `share` per municipality and window. rest: the
    eligible of the windows that were not chosen, as `rank` takes them."""
    ranked = rank(candidates, examples, splits, rest)
    sample = ranked.sample.cases
    members = {one.name: ranked.member(one.name, share) for one in candidates}
    found = beside(ranked.sample, members, seed)
    standings = tuple(standing(one, sample, members[one.name], found) for one in candidates)
    if ranked.whole:
        reached = ranked.sample.reached / sample.weight
        standings = tuple(
            replace(one, eligible=doubly_robust(sample, members[one.name], ranked.sample.expected, reached))
            for one in standings
        )
    random = ranked.sample.random & sample.known
    return Contest(
        share,
        int(sample.drawn.sum()),
        int(random.sum()),
        effective_sample(sample.weight[random]),
        prevalence(sample),
        standings,
        found.paired,
        tuple(_details(ranked, candidates, share)),
        tuple(_regrets(ranked, candidates, members, seed)),
        {name: member * sample.stands_for for name, member in members.items()},
        float(sample.stands_for.sum()) if ranked.whole else None,
        ranked.shared,
    )


def standing(one: Candidate, sample: Reviewed, member: Floats, found: Beside) -> Standing:
    """One candidate's figures on its list: pooled estimates, and those over strata."""
    figures = precision(sample, member), recall(sample, member), naive(sample, member)
    return Standing(one.name, one.complexity, one.promotable, *figures, found.standing.get(one.name))


def _details(ranked: Ranked, candidates: Sequence[Candidate], share: float) -> Iterator[Detail]:
    """Several shares of the list; then each window, municipality and age of the model at `share`."""
    sample = ranked.sample.cases
    everything = np.ones(len(sample.label), dtype=bool)
    ages = [(f"{low}-{high}", (ranked.age >= low) & (ranked.age < high)) for low, high in pairwise((0, *AGES))]
    ages.append((f"{AGES[-1]}-", ranked.age >= AGES[-1]))
    parts = [(k, ("", "", ""), everything) for k in SHARES]
    parts += [(share, (day.isoformat(), "", ""), ranked.window == i) for i, day in enumerate(ranked.starts)]
    parts += [(share, ("", str(town), ""), ranked.municipality == town) for town in np.unique(ranked.municipality)]
    parts += [(share, ("", "", months), rows) for months, rows in ages if rows.any()]
    for one in candidates:
        listed = {k: ranked.member(one.name, k) for k in (*SHARES, share)}
        for k, names, rows in parts:
            at = np.flatnonzero(rows)
            cases, member = _subset(sample, at), listed[k][at]
            top, usual = precision(cases, member), prevalence(cases)
            ratio = top.value / usual.value if top.value is not None and usual.value else None
            yield Detail(one.name, k, *names, top, recall(cases, member), usual, ratio, naive(cases, member))


def _regrets(
    ranked: Ranked, candidates: Sequence[Candidate], members: Mapping[str, Floats], seed: int
) -> Iterator[Regret]:
    """Per window but the first: the rule's choice on the windows before it, and what another would have found."""
    able = [one for one in candidates if one.promotable]
    if not able:
        return
    members = {one.name: members[one.name] for one in able}
    for number, start in enumerate(ranked.starts[1:], start=1):
        before, now = (
            _part(ranked.sample, members, rows) for rows in (ranked.window < number, ranked.window == number)
        )
        past, here = beside(*before, seed, draws=100), beside(*now, seed, draws=2)
        if not past.standing or not here.standing:
            continue
        standings = [standing(one, before[0].cases, before[1][one.name], past) for one in able]
        chosen = propose(standings, past.paired, prevalence(before[0].cases)).name
        worth = {one.name: here.standing[one.name].precision for one in able}
        best = max(able, key=lambda one: (worth[one.name], -one.complexity)).name
        yield Regret(start.isoformat(), chosen, best, worth[best] - worth[chosen])


def _part(sample: Sampled, members: Mapping[str, Floats], rows: np.ndarray) -> tuple[Sampled, dict[str, Floats]]:
    at = np.flatnonzero(rows)
    part = Sampled(
        _subset(sample.cases, at),
        *(getattr(sample, name)[at] for name in ("random", "expected", "reached", "stratum", "cluster")),
    )
    return part, {name: member[at] for name, member in members.items()}


SAID: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "scorecard": ("de puntenkaart", "the scorecard"),
        "additive": ("het optelmodel", "the additive model"),
        "boosting": ("het bomenmodel", "the boosting model"),
    }
)
"""candidate -> how a sentence says it, in Dutch and in English; another one by its own name"""


def propose(
    standings: Sequence[Standing], paired: Mapping[tuple[str, str], tuple[float, float]], prevalence: Estimate
) -> Choice:
    """The simplest promotable candidate within one paired standard error of the best; not estimable: the simplest,
    which is the scorecard (statistics.md, Champion). Raises ValueError when none may be promoted."""
    able = sorted((one for one in standings if one.promotable), key=lambda one: (one.complexity, one.name))
    if not able:
        raise ValueError("no candidate may be promoted; add the scorecard")
    simplest = able[0]
    if any(one.value is None for one in able):
        unknown = next(one.precision for one in able if one.value is None)
        nl = f"Niet te schatten welke kandidaat beter is ({unknown.why_nl}); dan wordt het de eenvoudigste: "
        en = f"Which candidate is better cannot be estimated ({unknown.why_en}); then it is the simplest: "
        said_nl, said_en = _said(simplest.name)
        return Choice(simplest.name, f"{nl}{said_nl}.", f"{en}{said_en}.")
    best = max(able, key=lambda one: (one.value or 0.0, -one.complexity))
    for one in able:
        difference, error = (0.0, 0.0) if one is best else paired[best.name, one.name]
        if difference <= error:
            return _because(one, best, difference, error, prevalence)
    raise AssertionError("the best is within zero of itself")


def _because(one: Standing, best: Standing, difference: float, error: float, prevalence: Estimate) -> Choice:
    mine = one.value or 0.0
    (nl_one, en_one), (nl_best, en_best) = _said(one.name), _said(best.name)
    if one is best:
        nl = f"{_begin(nl_one)} heeft buiten de leerperiode de hoogste precisie ({_dutch(mine)}) en geen eenvoudiger "
        nl += "kandidaat ligt daar binnen één gepaarde standaardfout van."
        en = f"{_begin(en_one)} has the highest precision out of time ({mine:.1%}) and no simpler candidate is within "
        en += "one paired standard error of it."
    else:
        nl = f"{_begin(nl_one)} is de eenvoudigste kandidaat binnen één gepaarde standaardfout van de beste: {nl_best} "
        nl += f"ligt {_dutch(difference)} hoger, met een standaardfout van {_dutch(error)}."
        en = f"{_begin(en_one)} is the simplest candidate within one paired standard error of the best: {en_best} is "
        en += f"{difference:.1%} higher, with a standard error of {error:.1%}."
    usual = prevalence.value
    if usual is not None and one.precision.low is not None and one.precision.low <= usual:
        nl += f" Het interval bevat de basiskans van {_dutch(usual)}: beter dan loten is niet aangetoond."
        en += f" The interval holds the base rate of {usual:.1%}: better than drawing by lot is not shown."
    return Choice(one.name, nl, en)


def _said(name: str) -> tuple[str, str]:
    return SAID.get(name, (name, name))


def _begin(words: str) -> str:
    return words[0].upper() + words[1:]


def _dutch(share: float) -> str:
    return str(format_percent(share, format="#,##0.0%", locale="nl"))


def _subset(cases: Reviewed, at: np.ndarray) -> Reviewed:
    return Reviewed(cases.label[at], cases.certain[at], cases.drawn[at], cases.stands_for[at], cases.weight[at])
