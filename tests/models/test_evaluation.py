"""The champion rule as a table, and the comparison it rests on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from models.contenders import contenders
from models.dataset import Examples, Rest, Split, rolling_origin
from models.evaluation import SAID, Standing, contest, propose, rank, reviewed
from models.selective import Estimate, Reviewed, membership, precision
from models.strata import Sampled, beside
from tests.models.builders import examples, features

USUAL = Estimate(0.16, 0.14, 0.18, 0.01, "ok", "", "", 500, 0.0, 1.0)


def standing(name: str, complexity: int, value: float | None, *, promotable: bool = True) -> Standing:
    status = "ok" if value is not None else "not_estimable"
    low = None if value is None else value - 0.03
    why = ("", "") if value else ("12 onderzocht", "12 reviewed")
    found = Estimate(value, low, value and value + 0.03, 0.015, status, *why, 90, 0.0, 1.0)
    return Standing(name, complexity, promotable, found, found, value)


@pytest.mark.parametrize(
    ("card", "additive", "trees", "errors", "champion"),
    [
        (0.24, 0.25, 0.26, {"scorecard": 0.03, "additive": 0.03}, "scorecard"),
        (0.20, 0.25, 0.26, {"scorecard": 0.03, "additive": 0.03}, "additive"),
        (0.20, 0.21, 0.26, {"scorecard": 0.03, "additive": 0.03}, "boosting"),
        (0.23, 0.21, 0.26, {"scorecard": 0.03, "additive": 0.03}, "scorecard"),
        (0.26, 0.26, 0.26, {"scorecard": 0.0, "additive": 0.0}, "scorecard"),
        (0.28, 0.25, 0.26, {"boosting": 0.03, "additive": 0.03}, "scorecard"),
        (None, 0.25, 0.26, {"scorecard": 0.03, "additive": 0.03}, "scorecard"),
        (0.20, 0.25, None, {"scorecard": 0.03, "additive": 0.03}, "scorecard"),
    ],
)
def test_the_simplest_within_one_paired_standard_error_of_the_best(card, additive, trees, errors, champion) -> None:
    value = {"scorecard": card, "additive": additive, "boosting": trees}
    standings = [
        standing("boosting", 3, trees),
        standing("random", 0, 0.9, promotable=False),
        standing("additive", 2, additive),
        standing("scorecard", 1, card),
    ]
    paired = {
        (a, b): (value[a] - value[b], errors.get(b, 0.03))
        for a in value
        for b in value
        if a != b and value[a] is not None and value[b] is not None
    }
    choice = propose(standings, paired, USUAL)
    assert choice.name == champion
    said_nl, said_en = SAID[champion]
    assert said_nl in choice.why_nl.lower()
    assert said_en in choice.why_en.lower()
    if None in value.values():
        assert "12 reviewed" in choice.why_en
        assert "12 onderzocht" in choice.why_nl


def test_it_says_so_when_nothing_beats_drawing_by_lot() -> None:
    choice = propose([standing("scorecard", 1, 0.17)], {}, USUAL)
    assert "drawing by lot is not shown" in choice.why_en
    assert "loten" in choice.why_nl
    assert "drawing by lot" not in propose([standing("scorecard", 1, 0.25)], {}, USUAL).why_en


def test_without_anything_to_promote_it_is_refused() -> None:
    with pytest.raises(ValueError, match="scorecard"):
        propose([standing("random", 0, 0.2, promotable=False)], {}, USUAL)


def test_random_rows_without_probability_leave_only_the_random_arm() -> None:
    data = examples(rows=400)
    sample, rows = reviewed(data)
    assert len(rows) == 400
    assert sample.certain.tolist() == (data.arm == "signal").tolist()
    data.probability[np.flatnonzero(data.arm == "random")[0]] = np.nan
    sample, rows = reviewed(data)
    assert set(data.arm[rows]) == {"random"}
    assert not sample.certain.any()


def test_the_paired_error_is_that_of_redrawn_samples() -> None:
    draw = np.random.default_rng(2)
    first, second = draw.normal(size=(2, 20_000))
    label = (draw.random(20_000) < 1 / (1 + np.exp(-(-1.7 + 0.6 * first + 0.3 * second)))).astype(float)
    found = []
    for seed in range(200):
        rows = np.random.default_rng(seed).choice(20_000, 800, replace=False)
        ones = np.ones(800)
        sample = Reviewed(label[rows], ones < 0, ones > 0, 25 * ones, 25 * ones)
        a, b = (membership(one[rows], 25 * ones, 0.2) for one in (first, second))
        apart = Sampled(sample, ones > 0, 0.2 * ones, ones, np.zeros(800, np.int64), rows)
        found.append(beside(apart, {"a": a, "b": b}, seed, draws=100).paired["a", "b"])
    differences, errors = np.array(found).T
    assert np.mean(errors) == pytest.approx(differences.std(ddof=1), rel=0.2)
    sample_difference = precision(sample, a).value - precision(sample, b).value
    assert found[-1][0] == pytest.approx(sample_difference)


def test_in_a_world_without_signal_no_candidate_is_shown_to_beat_the_lot() -> None:
    data = examples(rows=4000, strength=0.0)
    runners = contenders(features(), data.names, 1, trials=0)
    found = contest(runners, data, rolling_origin(data), 0.1)
    choice = propose(found.standings, found.paired, found.prevalence)
    assert choice.name == "scorecard"
    assert "drawing by lot is not shown" in choice.why_en


@dataclass(frozen=True)
class Given:
    """A ranking that nothing is learned for: by one column."""

    name: str
    column: int
    complexity: int = 1
    promotable: bool = True

    def fit(self, _rows: Examples, _weights: np.ndarray) -> Given:
        return self

    def margin(self, cells: np.ndarray) -> np.ndarray:
        return cells[:, self.column]


def eligible_world() -> tuple[Examples, np.ndarray, np.ndarray]:
    """30 lists of 150 cases in two municipalities, every potential outcome known; who was certain; the list of each."""
    draw = np.random.default_rng(5)
    n = 4_500
    lists = np.repeat(np.arange(30), 150)
    cells = draw.normal(size=(n, 3))
    outcome = (draw.random(n) < 1 / (1 + np.exp(-(-1.8 + 0.7 * cells[:, 0] + 0.4 * cells[:, 1])))).astype(float)
    tip = outcome + draw.normal(size=n)
    certain = np.array([tip[i] >= np.sort(tip[lists == lists[i]])[-5] for i in range(n)])
    as_of = (np.datetime64("2024-01", "M") + (lists // 2).astype("timedelta64[M]")).astype("datetime64[D]")
    town = np.where(lists % 2, "0917", "0935").astype(np.str_)
    known = (as_of + np.timedelta64(30, "D")).astype("datetime64[s]")
    arm = np.array(["signal"] * n)
    every = Examples(cells, ("a", "b", "c"), np.arange(n), as_of, town, outcome, known, arm, np.ones(n), np.arange(n))
    return every, certain, lists


def drawn_from(every: Examples, certain: np.ndarray, lists: np.ndarray, seed: int, sampled: int | None) -> tuple:
    """Reviews of one draw of 25 random cases a list, and the rest: all of it, or a sample for each month."""
    draw, n = np.random.default_rng(seed), len(every)
    random = np.zeros(n, dtype=bool)
    for one in range(30):
        random[draw.choice(np.flatnonzero((lists == one) & ~certain), 25, replace=False)] = True
    arm = np.where(random, "random", "signal").astype(np.str_)
    chance = np.where(random, 25 / 145, 1.0)
    reviews = replace(every, arm=arm, probability=chance).rows(random | certain)
    others = np.flatnonzero(~random & ~certain)
    size = np.ones(len(others))
    if sampled is not None:
        others = np.sort(draw.choice(others, sampled, replace=False))
        size = np.full(sampled, (~random & ~certain).sum() / sampled)
    unknown = replace(every, label=np.full(n, np.nan), arm=np.array([""] * n), probability=np.full(n, np.nan))
    return reviews, Rest(unknown.rows(others), size)


@pytest.mark.parametrize("sampled", [None, 1_500], ids=["all the others", "a sample of the others"])
def test_over_all_the_eligible_the_estimate_is_that_of_the_known_outcomes(sampled: int | None) -> None:
    every, certain, lists = eligible_world()
    runners = (Given("additive", 1), Given("scorecard", 0))
    misses, errors, held, strata = [], [], [], []
    for seed in range(40):
        reviews, rest = drawn_from(every, certain, lists, seed, sampled)
        splits = rolling_origin(reviews)
        inside = np.concatenate([np.flatnonzero(_inside(every, one)) for one in splits])
        window = np.concatenate([np.full(_inside(every, one).sum(), at) for at, one in enumerate(splits)])
        member = np.zeros(len(inside))
        for stratum in {(w, t) for w, t in zip(window.tolist(), every.municipality[inside].tolist(), strict=True)}:
            rows = (window == stratum[0]) & (every.municipality[inside] == stratum[1])
            member[rows] = membership(every.X[inside[rows], 0], np.ones(rows.sum()), 0.1)
        truth = (member * every.label[inside]).sum() / member.sum()
        found = contest(runners, reviews, splits, 0.1, rest=rest)
        one = found.standings[1]
        assert found.eligible == pytest.approx(len(inside), rel=0.05)
        misses.append(one.eligible.value - truth)
        errors.append(one.eligible.standard_error)
        held.append(one.eligible.low <= truth <= one.eligible.high)
        strata.append(one.stratified.precision - truth)
    spread = np.std(misses, ddof=1)
    assert abs(np.mean(misses)) <= 3 * spread / np.sqrt(40)
    assert abs(np.mean(strata)) <= 3 * np.std(strata, ddof=1) / np.sqrt(40)
    assert np.mean(errors) == pytest.approx(spread, rel=0.3)
    assert np.mean(held) >= 0.85


def _inside(examples: Examples, split: Split) -> np.ndarray:
    return (examples.as_of >= np.datetime64(split.start)) & (examples.as_of < np.datetime64(split.end))


def test_the_rows_of_a_window_are_the_same_under_every_coding() -> None:
    every, certain, lists = eligible_world()
    reviews, rest = drawn_from(every, certain, lists, 1, None)
    splits = rolling_origin(reviews)
    teaches = splits[0].train[:25]
    rest.examples.cluster[np.flatnonzero(_inside(rest.examples, splits[0]))[:25]] = reviews.cluster[teaches]
    label = reviews.label.copy()
    label[teaches] = np.nan
    unknown = replace(reviews, label=label)
    one, other = (rank((Given("scorecard", 0),), coded, splits, rest) for coded in (reviews, unknown))
    assert one.shared > 0
    assert np.array_equal(one.margins["scorecard"], other.margins["scorecard"])
    assert np.array_equal(one.sample.cases.stands_for, other.sample.cases.stands_for)
    assert np.isfinite(other.sample.expected).all()


def test_who_lives_with_a_training_row_is_left_out_and_the_others_stand_for_them() -> None:
    every, certain, lists = eligible_world()
    reviews, rest = drawn_from(every, certain, lists, 1, None)
    splits = rolling_origin(reviews)
    home = reviews.cluster[splits[0].train[0]]
    first = np.flatnonzero(_inside(rest.examples, splits[0]))[:25]
    rest.examples.cluster[first] = home
    ranked = rank((Given("scorecard", 0),), reviews, splits, rest)
    assert not (ranked.sample.cluster[~ranked.sample.cases.drawn] == home).any()
    mine = ranked.window == 0
    assert ranked.sample.cases.stands_for[mine].sum() == pytest.approx(_inside(every, splits[0]).sum())
    assert 0 < ranked.shared < 0.05


def test_without_chances_on_record_those_who_were_not_chosen_are_not_used() -> None:
    every, certain, lists = eligible_world()
    reviews, rest = drawn_from(every, certain, lists, 1, None)
    reviews.probability[np.flatnonzero(reviews.arm == "random")[0]] = np.nan
    found = contest((Given("scorecard", 0),), reviews, rolling_origin(reviews), 0.1, rest=rest)
    assert (found.eligible, found.standings[0].eligible) == (None, None)


@pytest.fixture(scope="module")
def found():
    data = examples(rows=4000)
    runners = contenders(features(), data.names, 1, trials=0)
    return contest(runners, data, rolling_origin(data), 0.1), runners, data


def test_in_a_world_with_signal_models_beat_the_baselines(found) -> None:
    value = {one.name: one.value for one in found[0].standings}
    assert value["random"] == pytest.approx(found[0].prevalence.value, abs=0.02)
    assert min(value[name] for name in ("scorecard", "additive", "boosting")) > value["random"] + 0.05


def test_every_candidate_has_a_lift_over_the_random_arm_with_an_interval(found) -> None:
    lifts = {one.name: one.stratified for one in found[0].standings}
    for one in lifts.values():
        assert one.lift_low <= one.lift <= one.lift_high
        assert 30 <= one.effective_sample <= found[0].rows
    assert lifts["random"].lift_low <= 1 <= lifts["random"].lift_high
    assert lifts["scorecard"].lift_low > 1


def test_the_list_is_the_top_of_each_municipality_in_each_window(found) -> None:
    _, runners, data = found
    splits = rolling_origin(data)
    ranked = rank(runners[:1], data, splits)
    member, size = ranked.member(runners[0].name, 0.1), ranked.sample.cases.stands_for
    for stratum in np.unique(ranked.sample.stratum):
        rows = ranked.sample.stratum == stratum
        assert (member * size)[rows].sum() == pytest.approx(0.1 * size[rows].sum())
        assert len(np.unique(ranked.municipality[rows])) == len(np.unique(ranked.window[rows])) == 1


def test_figures_for_parts_are_those_of_the_part(found) -> None:
    contested, runners, _ = found
    names = {one.name for one in runners}
    for key, least in (("period", 4), ("municipality", 2), ("months", 2)):
        there = {getattr(one, key) for one in contested.details} - {""}
        assert len(there) >= least
        assert {(one.name, getattr(one, key)) for one in contested.details if getattr(one, key)} == {
            (name, value) for name in names for value in there
        }
    whole = {one.name: one for one in contested.details if (one.share, one.period) == (0.1, "") and not one.months}
    recalls = [one.recall.value for one in contested.details if one.name == "scorecard" and not one.period][:3]
    assert recalls == sorted(recalls)
    assert set(whole) == names


def test_regret_is_what_the_choice_cost_in_the_next_window(found) -> None:
    regrets = found[0].regrets
    assert len(regrets) == 3
    for one in regrets:
        assert one.regret >= 0
        assert (one.regret == 0) == (one.chosen == one.best) or one.regret == 0
        assert {one.chosen, one.best} <= {"scorecard", "additive", "boosting"}
