"""R9: a feature that tells a protected attribute is refused, unless somebody wrote down why it may be used."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from models.proxies import ALL, ProxyRefusedError, auc, examine, refuse

NAMES = ("wages", "postcode_like", "moves", "half_a", "half_b")


def world(n: int = 2000) -> tuple[np.ndarray, dict[str, list[str]], np.ndarray]:
    """Origin follows where people live; two features tell it only together; one tells nothing."""
    draw = np.random.default_rng(3)
    origin = draw.random(n) < 0.3
    sign = draw.choice([-1.0, 1.0], n)
    cells = np.column_stack(
        [
            draw.gamma(2, 400, n),
            np.where(origin, draw.integers(60, 90, n), draw.integers(10, 70, n)).astype(float),
            draw.poisson(0.5, n).astype(float),
            draw.normal(0, 1, n) + sign,
            draw.normal(0, 1, n) + 0.6 * origin,
        ]
    )
    label = (draw.random(n) < 1 / (1 + np.exp(2 - 0.002 * cells[:, 0]))).astype(float)
    return cells, {"origin": np.where(origin, "elsewhere", "here").tolist()}, label


def test_the_auc_agrees_with_scikit_learn_and_its_interval_holds() -> None:
    draw = np.random.default_rng(1)
    held = 0
    for _ in range(200):
        member = draw.random(400) < 0.3
        score = np.round(draw.normal(0, 1, 400) + member, 1)
        value, low, high = auc(score, member)
        assert value == pytest.approx(roc_auc_score(member, score), abs=1e-12)
        held += low <= 0.7602 <= high
    assert 0.9 <= held / 200 <= 0.99


def test_r09_a_planted_proxy_is_refused_with_the_reason() -> None:
    cells, attributes, label = world()
    found = examine(cells, NAMES, attributes, label)
    with pytest.raises(ProxyRefusedError, match=r"postcode_like tells origin = elsewhere \(AUC 0\.\d\d"):
        refuse(found)
    clean = [0, 2, 4]
    refuse(examine(cells[:, clean], [NAMES[i] for i in clean], attributes, label))


def test_r09_a_recorded_justification_allows_it_and_stays_visible() -> None:
    cells, attributes, label = world()
    why = {"postcode_like": "the law makes the rent allowance depend on the place"}
    found = examine(cells, NAMES, attributes, label, justified=why)
    refuse(found)
    one = next(one for one in found if one.feature == "postcode_like")
    assert (one.status, one.why) == ("justified", why["postcode_like"])


def test_what_a_feature_adds_to_the_label_is_told() -> None:
    cells, attributes, label = world()
    adds = {one.feature: one.adds for one in examine(cells, NAMES, attributes, label)}
    assert adds["wages"] is not None
    assert adds["wages"] > 0.1
    assert abs(adds["postcode_like"] or 0.0) < 0.02
    assert adds[ALL] is None


def test_features_that_tell_little_alone_are_seen_together() -> None:
    draw = np.random.default_rng(5)
    origin = draw.random(3000) < 0.4
    cells = draw.normal(0, 1, (3000, 8)) + 0.5 * origin[:, None]
    found = examine(cells, [f"f{i}" for i in range(8)], {"origin": np.where(origin, "x", "y").tolist()})
    alone = [one.auc for one in found if one.feature != ALL and one.auc is not None]
    joint = next(one for one in found if one.feature == ALL and one.auc is not None)
    assert max(alone) < 0.7
    assert joint.auc is not None
    assert joint.auc > 0.8
    assert joint.status == "above_limit"


def test_too_few_people_say_nothing_and_unknown_is_no_group() -> None:
    cells, attributes, _ = world(200)
    few = ["rare"] * 5 + ["unknown"] * 60 + ["usual"] * 135
    found = examine(cells, NAMES, {"origin": few})
    assert {one.status for one in found} == {"insufficient"}
    assert {one.group for one in found} == {"rare", "usual"}
    assert attributes
