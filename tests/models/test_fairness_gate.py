"""Three worlds at the gate: unfair lists show in the random arm, fair ones pass, and what outcomes hide is said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from models.fairness import Audit, audit
from models.fairness_gate import CANNOT_SHOW, Gate, disagreements, gate, told
from models.fairness_rows import Rows

BUDGET = 0.2


def world(seed: int, unfair: float, listed_bias: float, random_bias: float) -> dict[str, Any]:
    """20,000 eligible cases in two groups with the same true conduct. The list picks group b more often by `unfair`;
    reviews from lists call b's cases wrong more often than they are, and so, in some worlds, do random ones."""
    draw = np.random.default_rng(seed)
    n = 20_000
    b = draw.random(n) < 0.35
    true = draw.random(n) < 0.15
    rank = draw.normal(0, 1, n) + 0.8 * true + unfair * b
    selected = rank >= np.quantile(rank, 0.85)
    random = draw.permutation(n) < 4_000
    invented = draw.random(n)
    listed_says = true | (b & (invented < listed_bias))
    random_says = true | (b & (invented < random_bias))
    return {
        "group": np.where(b, "b", "a"),
        "selected": selected.astype(int),
        "random": random,
        "outcome": np.where(random, random_says, listed_says).astype(int),
        "listed": listed_says.astype(int),
        "second_opinion": true.astype(int),
    }


def seen(made: dict[str, Any]) -> Audit:
    """As the audit sees it: everybody's selection, outcomes of who was reviewed, from the random arm."""
    reviewed = made["random"] | (made["selected"] == 1)
    arms = [
        frozenset(name for name, there in (("random", random), ("risk", picked)) if there)
        for random, picked in zip(made["random"], made["selected"] == 1, strict=True)
    ]
    return audit(
        Rows({"g": made["group"].tolist()}, made["selected"], np.where(reviewed, made["outcome"], -1), arms), draws=500
    )


def judged(made: dict[str, Any]) -> Gate:
    return gate(seen(made), BUDGET)


@pytest.mark.parametrize("seed", range(3))
def test_biased_selection_and_labels_in_the_lists_fail_because_the_random_arm_is_clean(seed: int) -> None:
    made = world(seed, unfair=1.0, listed_bias=0.8, random_bias=0.0)
    found = judged(made)
    assert found.status == "fail"
    assert {one.group["g"]: one.status for one in found.verdicts} == {"a": "pass", "b": "fail"}
    said_by_the_lists = np.where(made["selected"] == 1, made["listed"], made["second_opinion"])
    naive = audit(Rows({"g": made["group"].tolist()}, made["selected"], said_by_the_lists), draws=500)
    assert gate(naive, BUDGET).status == "pass"


@pytest.mark.parametrize("seed", range(3))
def test_a_fair_list_passes(seed: int) -> None:
    assert judged(world(seed, unfair=0.0, listed_bias=0.0, random_bias=0.0)).status == "pass"


def test_where_the_random_arm_is_biased_too_only_double_reviews_show_it_and_the_report_says_so() -> None:
    made = world(1, unfair=0.0, listed_bias=0.5, random_bias=0.5)
    found = judged(made)
    assert found.status == "pass"
    twice = made["random"]
    counts = []
    for name in ("a", "b"):
        pairs = twice & (made["group"] == name)
        differ = pairs & (made["outcome"] != made["second_opinion"])
        counts.append(({"g": name}, int(pairs.sum()), int(differ.sum())))
    document = told(found, disagreements(counts, min_cell=0))
    first, second = document["double_reviews"]
    assert second["low"] > first["high"]
    assert document["cannot_show_en"] == CANNOT_SHOW[1]
    assert "cannot show that they were themselves established with a bias" in CANNOT_SHOW[1]


def test_too_few_reviews_are_insufficient_and_neither_pass_nor_fail() -> None:
    few = Rows({"g": ["a"] * 40}, np.array([1] * 6 + [0] * 34), np.zeros(40, dtype=int))
    assert gate(audit(few, min_cell=0), BUDGET).status == "insufficient"
    none = Rows({"g": ["a"] * 40}, np.array([1] * 6 + [0] * 34), np.full(40, -1))
    assert gate(audit(none, min_cell=0), BUDGET).status == "insufficient"


def test_bounds_hold_for_all_groups_together() -> None:
    """With twenty fair groups exactly at the budget hardly any audit fails, though each interval alone would often."""
    draw = np.random.default_rng(4)
    groups = [f"g{i:02d}" for i in range(20) for _ in range(400)]
    failed = 0
    for _ in range(60):
        selected = (draw.random(len(groups)) < BUDGET).astype(int)
        found = gate(audit(Rows({"g": groups}, selected, np.zeros(len(groups), int)), draws=10, min_cell=0), BUDGET)
        failed += found.status == "fail"
    assert failed <= 6


def test_a_group_has_its_own_budget_when_the_mandate_names_one() -> None:
    rows = Rows({"g": ["a"] * 2000 + ["b"] * 2000}, np.array(([1] + [0] * 9) * 400), np.zeros(4000, int))
    strict = gate(audit(rows, draws=10), BUDGET, {"g=b": 0.05})
    assert {one.group["g"]: one.status for one in strict.verdicts} == {"a": "pass", "b": "fail"}


def test_r10_few_double_reviews_are_not_shown() -> None:
    found = disagreements([({"g": "a"}, 100, 30), ({"g": "b"}, 60, 20), ({"g": "c"}, 12, 3)])
    assert [one.status for one in found] == ["ok", "suppressed", "suppressed"]


def people(**counts: tuple[int, int, int, int]) -> Audit:
    """group_other=(tp, fp, tn, fn) of everybody with those two values."""
    first, second, selected, outcome = [], [], [], []
    for name, (tp, fp, tn, fn) in counts.items():
        for n, chosen, wrong in ((tp, 1, 1), (fp, 1, 0), (tn, 0, 0), (fn, 0, 1)):
            first += [name.split("_")[0]] * n
            second += [name.split("_")[1]] * n
            selected += [chosen] * n
            outcome += [wrong] * n
    return audit(Rows({"g": first, "h": second}, np.array(selected), np.array(outcome)), draws=200)


def test_an_intersection_keeps_to_the_strictest_budget_of_its_groups() -> None:
    everybody = people(a_x=(50, 60, 900, 40), a_y=(50, 60, 900, 40), b_x=(50, 60, 900, 40), b_y=(50, 60, 900, 40))
    found = gate(everybody, 0.3, {"g=b": 0.5, "h=x": 0.05})
    allowed = {tuple(one.group.values()): one.budget for one in found.verdicts if len(one.group) == 2}
    assert allowed == {("a", "x"): 0.05, ("a", "y"): 0.3, ("b", "x"): 0.05, ("b", "y"): 0.3}


def test_r10_a_figure_that_the_audit_does_not_show_is_not_shown_by_the_verdict_either() -> None:
    found = gate(people(a_x=(50, 60, 900, 40), b_x=(50, 4, 900, 40), c_x=(40, 70, 800, 30)), 0.2)
    verdicts = {one.group["g"]: one for one in found.verdicts if list(one.group) == ["g"]}
    assert (verdicts["b"].value, verdicts["b"].low, verdicts["b"].high) == (None, None, None)
    assert verdicts["b"].status == "pass", "it is judged all the same"
    assert verdicts["c"].value is None or verdicts["a"].value is None, "or it would follow from the total"


def test_a_group_in_which_everybody_has_the_outcome_is_insufficient() -> None:
    found = gate(people(a_x=(50, 60, 900, 40), b_x=(60, 0, 0, 50)), 0.2)
    only = next(one for one in found.verdicts if one.group == {"g": "b"})
    assert (only.value, only.status) == (None, "insufficient")
    assert found.status == "insufficient"


@pytest.mark.parametrize(
    ("pairs", "differ", "shown"), [(20, 10, True), (20, 9, False), (20, 11, False), (60, 55, False), (60, 50, True)]
)
def test_r10_ten_that_differ_and_ten_that_agree_may_be_shown(pairs: int, differ: int, shown: bool) -> None:
    (found,) = disagreements([({"g": "a"}, pairs, differ)])
    assert (found.share is not None) is shown


@pytest.mark.parametrize(("pairs", "status"), [(29, "insufficient"), (30, "ok")])
def test_a_disagreement_is_a_share_of_the_pairs_and_thirty_of_them_are_enough(pairs: int, status: str) -> None:
    (found,) = disagreements([({"g": "a"}, pairs, 12)])
    assert (found.share, found.pairs, found.status) == (12 / pairs, pairs, status)
