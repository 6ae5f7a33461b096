"""The audit: figures to the digit, intervals that hold, small counts that stay hidden, contradictions that fail it."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from fairlearn import metrics as fairlearn

from models.confusion import METRICS
from models.fairness import Audit, audit, audit_counts
from models.fairness_checks import AuditFailedError, check
from models.fairness_rows import Rows


def people(n: int = 3000, seed: int = 1, **missing: float) -> Rows:
    """Complete rows over four groups of unequal size; missing: share of blank outcomes or selections."""
    draw = np.random.default_rng(seed)
    group = draw.choice(["001", "002", "003", "unknown"], n, p=[0.4, 0.3, 0.2, 0.1])
    selected = (draw.random(n) < np.where(group == "002", 0.3, 0.2)).astype(int)
    outcome = (draw.random(n) < 0.15 + 0.2 * selected).astype(int)
    outcome[draw.random(n) < missing.get("outcome", 0.0)] = -1
    selected[draw.random(n) < missing.get("selected", 0.0)] = -1
    return Rows({"code": group.tolist()}, selected, outcome)


def value(found: Audit, group: str, metric: str) -> Any:
    return next(one for one in found.groups if group in one.key.values()).metrics[metric]


def test_every_metric_agrees_with_fairlearn_on_complete_data() -> None:
    rows = people()
    found = audit(rows, min_cell=0)
    oracle = fairlearn.MetricFrame(
        metrics={
            "prevalence": lambda y, _: y.mean(),
            "pprev": fairlearn.selection_rate,
            "precision": lambda y, s: y[s == 1].mean(),
            "fdr": lambda y, s: 1 - y[s == 1].mean(),
            "for": lambda y, s: y[s == 0].mean(),
            "npv": lambda y, s: 1 - y[s == 0].mean(),
            "tpr": fairlearn.true_positive_rate,
            "fpr": fairlearn.false_positive_rate,
            "fnr": fairlearn.false_negative_rate,
            "tnr": fairlearn.true_negative_rate,
            "accuracy": lambda y, s: (y == s).mean(),
        },
        y_true=rows.outcome,
        y_pred=rows.selected,
        sensitive_features={"code": np.array(rows.groups["code"])},
    )
    for metric in oracle.overall.index:
        assert found.overall[metric] == pytest.approx(oracle.overall[metric], abs=1e-12)
        assert found.group_min()[metric] == pytest.approx(oracle.group_min()[metric], abs=1e-12)
        assert found.group_max()[metric] == pytest.approx(oracle.group_max()[metric], abs=1e-12)
        for method in ("between_groups", "to_overall"):
            assert found.difference(method)[metric] == pytest.approx(oracle.difference(method)[metric], abs=1e-12)
            assert found.ratio(method)[metric] == pytest.approx(oracle.ratio(method)[metric], abs=1e-12)
        for key, expected in oracle.by_group[metric].items():
            assert found.by_group[metric][(key,)] == pytest.approx(expected, abs=1e-12)
    assert set(METRICS) - set(oracle.overall.index) == {"ppr"}
    assert sum(found.by_group["ppr"].values()) == pytest.approx(1, abs=1e-12)  # type: ignore[arg-type]


def test_a_published_audit_is_reproduced_from_its_counts() -> None:
    """ProPublica's two-year tables for COMPAS (Larson and others, 2016): 44.85 and 23.45 false positives a hundred,
    27.99 and 47.72 false negatives."""
    counts = np.array([[1369, 805, 990, 532], [505, 349, 1139, 461]])
    found = audit_counts({"group": ["African-American", "Caucasian"]}, counts, references=["Caucasian"])
    assert round(100 * value(found, "African-American", "fpr").value, 2) == 44.85
    assert round(100 * value(found, "Caucasian", "fpr").value, 2) == 23.45
    assert round(100 * value(found, "African-American", "fnr").value, 2) == 27.99
    assert round(100 * value(found, "Caucasian", "fnr").value, 2) == 47.72
    gap = next(one for one in found.comparisons if one.metric == "fpr")
    assert gap.reference == {"group": "Caucasian"}
    assert gap.difference == 805 / 1795 - 349 / 1488
    assert gap.ratio == (805 / 1795) / (349 / 1488)
    assert gap.low is not None
    assert 0.17 < gap.low < gap.difference < gap.high < 0.25  # type: ignore[operator]


def test_missing_outcomes_and_unknown_groups_are_kept() -> None:
    rows = people(outcome=0.1, selected=0.02)
    found = audit(rows, min_cell=0)
    assert sum(one.n or 0 for one in found.groups) == len(rows)
    for one in found.groups:
        mine = np.array(rows.groups["code"]) == one.key["code"]
        known = rows.outcome[mine] >= 0
        assert one.metrics["prevalence"].denominator == known.sum()
        assert one.metrics["pprev"].denominator == (rows.selected[mine] >= 0).sum()
        assert one.metrics["prevalence"].value == pytest.approx((rows.outcome[mine][known] == 1).mean())
    assert any("no outcome" in said for _, said in found.warnings)


def test_intersections_have_their_own_figures_and_reference() -> None:
    rows = people()
    twice = dataclasses.replace(rows, groups={**rows.groups, "half": ["a", "b"] * (len(rows) // 2)})
    found = audit(twice, references=["half=b", "002"], min_cell=0)
    assert len(found.groups) == 4 + 2 + 8
    both = np.array([code == "002" and half == "a" for code, half in zip(*twice.groups.values(), strict=True)])
    one = next(group for group in found.groups if group.key == {"code": "002", "half": "a"})
    assert one.metrics["pprev"].value == pytest.approx(rows.selected[both].mean(), abs=1e-12)
    references = {tuple(one.reference.items()) for one in found.comparisons}
    assert references == {(("code", "002"),), (("half", "b"),), (("code", "002"), ("half", "b"))}


def test_the_reference_is_the_largest_group_and_one_that_is_not_there_is_named() -> None:
    assert {one.reference["code"] for one in audit(people()).comparisons} == {"001"}
    with pytest.raises(ValueError, match="no group is called '1'; there are code: 001, 002, 003, unknown"):
        audit(people(), references=["1"])


@pytest.mark.parametrize(
    ("selected", "outcome", "metric", "status"),
    [
        ([1, 0] * 100, [0] * 200, "tpr", "not_estimable"),
        ([1, 0] * 100, [1] * 200, "fpr", "not_estimable"),
        ([0] * 200, [1, 0] * 100, "precision", "not_estimable"),
        ([1, 0] * 100, [-1] * 200, "prevalence", "not_estimable"),
        ([1, 0] * 100, [0] * 200, "prevalence", "ok"),
        ([1] + [0] * 199, [1, 0] * 100, "pprev", "ok"),
        ([1] + [0] * 199, [1, 0] * 100, "precision", "insufficient"),
    ],
)
def test_a_degenerate_table_gives_no_false_certainty(
    selected: list[int], outcome: list[int], metric: str, status: str
) -> None:
    found = audit(Rows({"g": ["a"] * 120 + ["b"] * 80}, np.array(selected), np.array(outcome)), min_cell=0)
    one = value(found, "a", metric)
    assert one.status == status
    if status == "not_estimable":
        assert one.value is None
        assert any(f"{metric} not estimable" in said for _, said in found.warnings)
    else:
        assert one.low < one.high
        assert one.low <= one.value <= one.high


def test_insufficient_is_judged_by_the_denominator_of_the_figure() -> None:
    found = audit_counts({"g": ["a", "b"]}, np.array([[12, 13, 900, 75], [400, 400, 800, 400]]))
    assert value(found, "a", "precision").status == "insufficient"
    assert value(found, "a", "fpr").status == "ok"
    assert value(found, "a", "precision").denominator == 25


def test_undefined_draws_are_counted_and_told() -> None:
    found = audit(Rows({"g": ["a"] * 50}, np.array([1] * 2 + [0] * 48), np.array([1, 0] * 25)), min_cell=0)
    assert any("precision" in said and "draws had nothing to divide by" in said for _, said in found.warnings)


def small(seed: int) -> tuple[dict[str, list[str]], np.ndarray]:
    """Counts of five groups in two columns, some of them small."""
    draw = np.random.default_rng(seed)
    keys = [(a, b) for a in "pqr" for b in "xy"]
    counts = draw.integers(0, 60, (len(keys), 4)) // draw.choice([1, 1, 1, 8], (len(keys), 4)) + draw.integers(0, 2)
    return {"a": [a for a, _ in keys], "b": [b for _, b in keys]}, counts


@pytest.mark.parametrize("seed", range(8))
def test_r10_no_small_count_can_be_worked_out_from_what_is_published_and_the_totals(seed: int) -> None:
    """An independent reader: writes down every published count as an equation and solves for the cells."""
    groups, counts = small(seed)
    found = audit_counts(groups, counts, draws=200)
    keys = list(zip(*groups.values(), strict=True))
    names = ("tp", "fp", "tn", "fn")
    equations, sides = [], []

    def learn(members: list[int], cells: tuple[str, ...], total: float) -> None:
        row = np.zeros((len(keys), 4))
        for cell in cells:
            if cell in names:
                row[members, names.index(cell)] = 1
        equations.append(row.ravel())
        sides.append(total)

    for cell in names:
        learn(list(range(len(keys))), (cell,), counts[:, names.index(cell)].sum())
    for one in found.document()["groups"]:
        wanted = one["group"]
        members = [
            i for i, key in enumerate(keys) if all(dict(zip("ab", key, strict=True))[c] == wanted[c] for c in wanted)
        ]
        if one["n"] is not None:
            assert one["n"] >= 10
            learn(members, names, one["n"])
        for name, figure in one["metrics"].items():
            if figure["denominator"] is None or figure["value"] is None:
                assert figure["value"] is None
                assert figure["low"] is None
                continue
            above = round(figure["value"] * figure["denominator"])
            assert figure["denominator"] >= 10
            assert 10 <= above <= figure["denominator"] - 10
            learn(members, METRICS[name].numerator, above)
            if name != "ppr":
                learn(members, METRICS[name].denominator, figure["denominator"])
    system = np.array(equations)
    np.testing.assert_allclose(system @ counts.ravel(), sides)
    _, sizes, directions = np.linalg.svd(system)
    free = directions[int((sizes > 1e-9).sum()) :]
    for at, count in enumerate(counts.ravel()):
        if count < 10:
            assert np.abs(free[:, at]).max() > 1e-9, f"cell {at} with {count} follows from what is published"


def test_r10_a_small_group_takes_another_with_it_and_large_ones_stay() -> None:
    counts = np.array([[300, 300, 900, 300], [200, 200, 700, 200], [100, 100, 500, 100], [2, 1, 3, 1]])
    found = audit_counts({"g": ["a", "b", "c", "d"]}, counts)
    shown = {one.key["g"]: one.n for one in found.groups}
    assert shown == {"a": 1800, "b": 1300, "c": None, "d": None}
    assert {one.status for one in found.groups[3].metrics.values()} == {"suppressed"}
    assert {one.status for one in found.groups[0].metrics.values()} == {"ok"}
    own = audit_counts({"g": ["a", "b", "c", "d"]}, counts, min_cell=0)
    assert own.groups[3].n == 7


def test_intervals_hold_as_often_as_they_say() -> None:
    """The true share of a superpopulation lies within the interval in 95 % of tables, within simulation error."""
    draw = np.random.default_rng(5)
    held = {"fpr": 0, "precision": 0, "tpr": 0}
    truth = {"fpr": 0.2, "precision": 0.3 * 0.5 / (0.3 * 0.5 + 0.7 * 0.2), "tpr": 0.5}
    worlds = 300
    for world in range(worlds):
        outcome = draw.random(400) < 0.3
        selected = draw.random(400) < np.where(outcome, 0.5, 0.2)
        found = audit(Rows({"g": ["a"] * 400}, selected.astype(int), outcome.astype(int)), draws=1000, seed=world)
        for metric, real in truth.items():
            one = value(found, "a", metric)
            held[metric] += one.low <= real <= one.high
    for metric, times in held.items():
        assert 0.91 <= times / worlds <= 0.99, metric


def reviewed(seed: int, bias: float = 0.0) -> tuple[Rows, dict[str, dict[str, float]]]:
    """All the eligible, the top 15 % selected and reviewed, a random 10 % reviewed. In the lists the outcomes of group
    b are positive more often than they are, by `bias`. Gives the true rates too."""
    draw = np.random.default_rng(seed)
    n = 8000
    group = draw.choice(["a", "b"], n, p=[0.7, 0.3])
    true = (draw.random(n) < 0.2).astype(int)
    risk = draw.normal(0, 1, n) + true + 0.8 * (group == "b")
    selected = (risk >= np.quantile(risk, 0.85)).astype(int)
    random = draw.permutation(n) < n // 10
    listed = selected == 1
    said = np.where((group == "b") & (draw.random(n) < bias) & ~random, 1, true)
    arms = [
        frozenset(x for x, there in (("random", r), ("risk", s)) if there) for r, s in zip(random, listed, strict=True)
    ]
    outcome = np.where(random | listed, said, -1)
    chance = np.where(listed, 1.0, np.where(random, (n // 10) / n, np.nan))
    rates = {}
    for name in ("a", "b"):
        mine = group == name
        rates[name] = {
            "prevalence": true[mine].mean(),
            "fpr": selected[mine & (true == 0)].mean(),
            "tpr": selected[mine & (true == 1)].mean(),
            "precision": true[mine & listed].mean(),
            "pprev": selected[mine].mean(),
        }
    return Rows({"g": group.tolist()}, selected, outcome, arms, chance), rates


@pytest.mark.parametrize("with_chance", [True, False])
def test_population_rates_come_from_the_random_arm_whatever_the_lists_say(with_chance: bool) -> None:
    missed = 0
    for seed in range(20):
        rows, rates = reviewed(seed, bias=0.5)
        found = audit(rows if with_chance else dataclasses.replace(rows, chance=None), draws=500)
        for group, real in rates.items():
            assert value(found, group, "pprev").value == pytest.approx(real["pprev"], abs=1e-12)
            for metric in ("prevalence", "fpr", "tpr", "precision"):
                one = value(found, group, metric)
                missed += not one.low <= real[metric] <= one.high
    assert missed <= 0.12 * 20 * 8


def test_in_shares_of_the_population_the_false_negatives_are_prevalence_minus_the_true_positives() -> None:
    rows, _ = reviewed(3)
    plain = audit(dataclasses.replace(rows, chance=None))
    drawn = np.array(["random" in one for one in rows.arms or ()])
    for group in ("a", "b"):
        mine = drawn & (np.array(rows.groups["g"]) == group)
        prevalence = (rows.outcome[mine] == 1).mean()
        flagged_errors = ((rows.outcome[mine] == 1) & (rows.selected[mine] == 1)).mean()
        flagged_others = ((rows.outcome[mine] == 0) & (rows.selected[mine] == 1)).mean()
        missed = prevalence - flagged_errors
        assert value(plain, group, "prevalence").value == pytest.approx(prevalence)
        assert value(plain, group, "tpr").value == pytest.approx(flagged_errors / prevalence)
        assert value(plain, group, "fnr").value == pytest.approx(missed / prevalence)
        rest = 1 - flagged_errors - flagged_others - missed
        assert value(plain, group, "fpr").value == pytest.approx(flagged_others / (flagged_others + rest))


def test_a_finite_population_narrows_the_intervals_to_nothing_when_everybody_was_seen() -> None:
    rows = people()
    wide, narrow, none = (
        value(audit(dataclasses.replace(rows, population=size)), "001", "fpr") for size in (None, 4000, 3000)
    )
    assert wide.high - wide.low > 1.9 * (narrow.high - narrow.low) > 0
    assert none.low == pytest.approx(none.value) == pytest.approx(none.high)
    with pytest.raises(ValueError, match="the population is 10; the table has 3000 rows"):
        audit(dataclasses.replace(rows, population=10))


def test_an_arm_column_without_a_random_arm_is_refused_with_what_there_is() -> None:
    rows = people(100)
    with pytest.raises(ValueError, match="no 'random'; it has 'risk'"):
        audit(dataclasses.replace(rows, arms=[frozenset({"risk"})] * 100))


def tampered(found: Audit, metric: str, **changed: Any) -> Audit:
    first = found.groups[0]
    figures = {**first.metrics, metric: dataclasses.replace(first.metrics[metric], **changed)}
    return dataclasses.replace(found, groups=(dataclasses.replace(first, metrics=figures), *found.groups[1:]))


def test_an_audit_that_contradicts_itself_fails() -> None:
    found = audit(people())
    check(found)
    fpr = found.groups[0].metrics["fpr"]
    with pytest.raises(AuditFailedError, match="constant bootstrap"):
        check(tampered(found, "fpr", low=fpr.value, high=fpr.value))
    with pytest.raises(AuditFailedError, match="two denominators"):
        check(tampered(found, "fpr", denominator=17))
    other = next(one.difference for one in found.comparisons if one.metric == "tpr")
    swapped = tuple(
        dataclasses.replace(one, difference=other) if one.metric == "fpr" else one for one in found.comparisons
    )
    with pytest.raises(AuditFailedError, match="between its own group values"):
        check(dataclasses.replace(found, comparisons=swapped))
    with pytest.raises(AuditFailedError, match="do not add up to the table"):
        check(dataclasses.replace(found, rows=found.rows + 1))
