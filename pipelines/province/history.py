"""Three years of conduct, signals and reviews, month by month, with the channels that choose whom to look at."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pipelines.province import conduct as kinds
from pipelines.province.conduct import Conduct, Diary
from pipelines.province.months import END_DAY, NEVER, Days, Mask, Months, Numbers, Reals, first_days, stream
from pipelines.province.spells import SINGLE_PARENT, Spells
from pipelines.province.work import Jobs
from pipelines.province.world import KINDS, MONTHS, World

ARMS = ("random", "signal", "theme", "tip")
RANDOM, SIGNAL, THEME, TIP = range(4)
MUNICIPAL_ERROR, REGISTRY_WRONG, UNDERPAID, MISTAKEN = range(4)


@dataclass(frozen=True)
class Reviews:
    """One row per review that was started. Days; `approved` may lie after the last day, then nobody knows it yet."""

    case: Numbers
    selected: Months
    arm: Numbers
    probability: Reals
    """inclusion probability, NaN where it is not known"""
    closed: Days
    approved: Days
    changed: Mask
    """the entitlement went down, or data were wrong that would have"""
    episode: Numbers
    """the irregularity that was found, -1 for none"""
    error: Numbers
    """which standing error was found, -1 for none"""
    inconclusive: Mask
    overturned: Mask


@dataclass(frozen=True)
class Signals:
    """One row per signal: who, which month, the irregularity behind it (-1) or the job (-1)."""

    case: Numbers
    month: Months
    closes: Months
    episode: Numbers
    job: Numbers


@dataclass(frozen=True)
class History:
    """Everything that happened; `cases` are rows of the spells."""

    conduct: Conduct
    traces: Conduct
    """the conduct that shows in registers: the same, and none in a world without signal"""
    reviews: Reviews
    signals: Signals
    would_change: Mask
    """cases x months 0..MONTHS: what a review at the first day of the month would find"""
    errors: Numbers
    """cases x 4 x (first, last + 1) month of municipal errors, wrong registry data, under-payment, mistaken reviews"""


def live(world: World, spells: Spells, jobs: Jobs, neighbourhood: Numbers, seed: int, no_signal: bool) -> History:
    """Simulate. `neighbourhood` per case is what themes choose by. Brings `spells.ends` forward where a review ends
    the benefit. Without signal a review's outcome is a coin, tossed anew for every case and month."""
    run = _Run(world, spells, jobs, neighbourhood, seed, no_signal)
    run.settle()
    for month in range(MONTHS + 1):
        run.month(month)
    return run.history()


def _standing_errors(world: World, rng: np.random.Generator, cases: int) -> Numbers:
    """Intervals such that at any time the world's share has one; a mistaken review is a matter of the whole spell."""
    shares = np.array([world.municipal_error, world.registry_wrong, world.underpaid])
    lasting = 24
    begin = rng.integers(-lasting, MONTHS + 1, (cases, 3))
    has = rng.random((cases, 3)) < shares * (MONTHS + 1 + lasting) / lasting
    first = np.where(has, begin, NEVER)
    mistaken = np.where(rng.random((cases, 1)) < world.mistaken, -NEVER, NEVER)
    first = np.concatenate([first, mistaken], axis=1)
    last = np.where(first == NEVER, NEVER, np.where(first == -NEVER, NEVER, first + lasting))
    return np.stack([first, last], axis=2)


class _Run:
    """The state of the province while it lives through a month."""

    def __init__(
        self, world: World, spells: Spells, jobs: Jobs, neighbourhood: Numbers, seed: int, no_signal: bool
    ) -> None:
        cases = len(spells)
        self.world, self.spells, self.jobs, self.no_signal = world, spells, jobs, no_signal
        self.neighbourhood = neighbourhood
        self.rng = stream(seed, "conduct")
        self.choice = stream(seed, "choice")
        self.diary = Diary(world, self.rng, np.full(cases, -1))
        self.errors = _standing_errors(world, stream(seed, "errors"), cases)
        self.works = jobs.working(cases)
        sigma = world.susceptibility
        self.liable = np.exp(self.rng.normal(-(sigma**2) / 2, sigma, cases))
        self.found_before = np.zeros(cases, dtype=bool)
        self.reviewed = np.full(cases, -NEVER)
        self.busy_until = np.full(cases, -NEVER)
        self.signal_until = np.full(cases, -1)
        self.would_change = np.zeros((cases, MONTHS + 1), dtype=bool)
        self.reviews: list[tuple[Numbers | Reals | Mask, ...]] = []
        self.signals: list[tuple[Numbers, ...]] = []
        self.closing: dict[int, list[tuple[Numbers, Mask]]] = {}
        self.coin = stream(seed, "coin").random((cases, MONTHS + 1)) < world.prevalence * 1.1 if no_signal else None

    def settle(self) -> None:
        """What runs in the stock when the first month begins."""
        stock = np.flatnonzero(self.spells.starts < 0)
        chance = np.minimum(self.world.prevalence * self.liable[stock] ** 0.7 * 1.12, 0.8)
        some = stock[self.rng.random(len(stock)) < chance]
        age = 1 + self.rng.geometric(0.06, len(some))
        begun = np.maximum(-age, self.spells.starts[some])
        self.diary.begin(some, begun, self.works[some, 0])

    def month(self, month: int) -> None:
        """One month: reviews close, signals come in, cases are chosen, conduct changes."""
        self._close(month)
        running = self.spells.running(month)
        self._signal(month, running)
        self.would_change[:, month] = running & self._finds(month)
        if month >= self.world.first_review_month and month < MONTHS:
            self._select(month, running)
        if month < MONTHS:
            self._change(month, running)

    def _finds(self, month: int) -> Mask:
        if self.coin is not None:
            return self.coin[:, month]
        standing = (self.errors[:, :, 0] <= month) & (month < self.errors[:, :, 1])
        active = self.diary.active
        seen = (active >= 0) & ~self.diary.missed[np.maximum(active, 0)]
        return seen | standing[:, MUNICIPAL_ERROR] | standing[:, REGISTRY_WRONG] | standing[:, MISTAKEN]

    def _change(self, month: int, running: Mask) -> None:
        """What begins, stops and is found in ordinary work in the course of the month."""
        world, rng, diary = self.world, self.rng, self.diary
        draws = rng.random(len(running))
        active = diary.active >= 0
        gone = np.flatnonzero(active & ~self.spells.running(month + 1))
        diary.end(gone, month + 1, kinds.BENEFIT_ENDED)
        stops = np.flatnonzero((diary.active >= 0) & (draws < world.stops))
        diary.end(stops, month + 1, kinds.STOPPED)
        visible = diary.shows[np.maximum(diary.active, 0)] & (diary.active >= 0)
        finds = world.ordinary_work_finds * np.where(visible, 1.5, 1.0)
        found = np.flatnonzero((diary.active >= 0) & (draws > 1 - finds))
        diary.end(found, month + 1, kinds.FOUND_IN_ORDINARY_WORK)
        self.found_before[found] = True
        new = running & (self.spells.starts == month)
        rate = world.incidence * self.liable
        rate = rate * np.where(self.works[:, month], world.work_multiplies, 1.0)
        rate = np.where(self.found_before, rate * world.again, rate)
        rate = np.where(new, world.starting_prevalence * self.liable**0.7, rate)
        free = running & (diary.active < 0) & ~active
        begins = np.flatnonzero(free & (rng.random(len(running)) < rate))
        diary.begin(begins, np.full(len(begins), month), self.works[begins, month])

    def _signal(self, month: int, running: Mask) -> None:
        """Signals of the month: by chance, from the start of a job, from an irregularity."""
        rng, many = self.choice, len(running)
        chance = np.flatnonzero(running & (rng.random(many) < self.world.signals_per_month))
        started = np.flatnonzero(self.jobs.signalled & (self.jobs.start == month - 1))
        started = started[running[self.jobs.case[started]]]
        active = self.diary.active
        due = np.zeros(0, dtype=np.int64)
        if not self.no_signal:
            due = np.flatnonzero(running & (active >= 0) & (self.diary.signalled[np.maximum(active, 0)] == month))
        none = [np.full(len(part), -1) for part in (chance, started, due)]
        case = np.concatenate([chance, self.jobs.case[started], due])
        closes = month + 1 + rng.geometric(0.3, len(case))
        self.signals.append(
            (
                case,
                np.full(len(case), month),
                closes,
                np.concatenate([none[0], none[1], active[due]]),
                np.concatenate([none[0], started, none[2]]),
            )
        )
        np.maximum.at(self.signal_until, case, closes)

    def _select(self, month: int, running: Mask) -> None:
        """The month's reviews of every municipality: random first, then the other channels on who is left."""
        world, rng = self.world, self.choice
        old_enough = first_days(month) - self.spells.birth < int(64 * 365.25)
        eligible = running & old_enough & (month - self.spells.starts >= 6)
        eligible &= (month - self.reviewed >= 24) & (self.busy_until <= month)
        for code in range(len(world.municipalities)):
            here = np.flatnonzero(eligible & (self.spells.municipality == code))
            clients = int((running & (self.spells.municipality == code)).sum())
            capacity = int(rng.poisson(clients * world.capacity / 12))
            wanted = rng.multinomial(capacity, world.arms)
            m = min(int(wanted[RANDOM]), len(here))
            taken = rng.choice(here, m, replace=False)
            self._review(month, taken, RANDOM, m / max(len(here), 1))
            for arm in (SIGNAL, THEME, TIP):
                here = np.setdiff1d(here, taken, assume_unique=True)
                weight = self._weights(arm, here, month)
                m = min(int(wanted[arm]), int((weight > 0).sum()))
                taken = rng.choice(here, m, replace=False, p=weight / weight.sum()) if m else here[:0]
                self._review(month, taken, arm, np.nan)

    def _weights(self, arm: int, here: Numbers, month: int) -> Reals:
        """How readily a channel takes each case: none of them is fair."""
        if arm == SIGNAL:
            return (self.signal_until[here] > month).astype(float)
        if arm == THEME:
            theme = (
                self.neighbourhood[here] % 5 == (month // 6) % 2
            )  # a theme stays with its neighbourhoods half a year
            return np.where(theme, self.world.theme_bias, 1.0)
        known = np.where(self.diary.active[here] >= 0, self.world.tip_knows, 1.0) if self.coin is None else 1.0
        return known * np.where(self.spells.form[here] == SINGLE_PARENT, self.world.tip_bias, 1.0)

    def _review(self, month: int, case: Numbers, arm: int, probability: float) -> None:
        rng, many = self.choice, len(case)
        closed = first_days(month) + rng.integers(10, 110, many)
        approved = closed + rng.integers(3, 60, many)
        changed = self.would_change[case, month]
        open_ended = rng.random(many) < self.world.inconclusive
        overturned = changed & (rng.random(many) < self.world.overturned)
        standing = (self.errors[case, :, 0] <= month) & (month < self.errors[case, :, 1])
        active = self.diary.active[case]
        seen = (active >= 0) & ~self.diary.missed[np.maximum(active, 0)] if self.coin is None else np.zeros(many, bool)
        error = (
            np.where(standing.any(axis=1), np.argmax(standing, axis=1), -1) if self.coin is None else np.full(many, -1)
        )
        self.reviews.append(
            (
                case,
                np.full(many, month),
                np.full(many, arm),
                np.full(many, probability),
                closed,
                approved,
                changed,
                np.where(seen, active, -1),
                np.where(seen, -1, error),
                open_ended,
                overturned,
            )
        )
        self.reviewed[case] = month
        ready = (closed - first_days(0)) // 30 + 1
        self.busy_until[case] = ready
        for when in np.unique(ready):
            now = ready == when
            self.closing.setdefault(int(when), []).append((case[now], changed[now] & ~open_ended[now]))

    def _close(self, month: int) -> None:
        """Reviews that close end what they found, and now and then the benefit."""
        if self.coin is not None:
            return
        for case, changed in self.closing.pop(month, []):
            active = self.diary.active[case]
            of = case[changed & (active >= 0)]
            of = of[~self.diary.missed[self.diary.active[of]]]
            intent = self.diary.intent[self.diary.active[of]]
            self.diary.end(of, month, kinds.FOUND_IN_REVIEW)
            self.found_before[of] = True
            stop = of[intent & (self.rng.random(len(of)) < self.world.end_after_finding)]
            self.spells.ends[stop] = np.minimum(self.spells.ends[stop], month + 1)
            ended = self.errors[case][:, :3, 1]
            self.errors[case, :3, 1] = np.where(ended == NEVER, ended, np.minimum(ended, month))

    def history(self) -> History:
        """What there is to tell when all months are over."""
        reviews = Reviews(*(np.concatenate(parts) for parts in zip(*self.reviews, strict=True)))
        signals = Signals(*(np.concatenate(parts) for parts in zip(*self.signals, strict=True)))
        conduct = traces = self.diary.conduct()
        if self.coin is not None:
            conduct, traces = _tossed(self.world, self.would_change, self.rng), conduct.none()
            number = np.full(self.would_change.shape, -1)
            number[conduct.case, conduct.start + 1] = np.arange(len(conduct))
            reviews = replace(reviews, episode=number[reviews.case, reviews.selected])
        return History(conduct, traces, reviews, signals, self.would_change, self.errors)


def _tossed(world: World, would_change: Mask, rng: np.random.Generator) -> Conduct:
    """Conduct of a world without signal: whatever makes the coin true, of a kind and size by chance."""
    case, month = np.nonzero(would_change)
    many = len(case)
    amount = np.clip(world.amount_median * np.exp(rng.normal(0, world.amount_spread, many)), 1000, 160000)
    return Conduct(
        case,
        rng.choice(len(KINDS), many, p=np.array(world.kinds) / sum(world.kinds)),
        month - 1,
        month + 1,
        np.full(many, kinds.RUNS),
        rng.random(many) < 0.5,
        amount.astype(np.int64),
        np.zeros(many, dtype=bool),
        np.zeros(many, dtype=bool),
        np.full(many, NEVER),
    )


def approved_by_now(reviews: Reviews) -> Mask:
    """Outcomes that a second person approved before the last day."""
    return reviews.approved < END_DAY
