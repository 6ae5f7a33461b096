"""The facts that the service list is made of are there for the client and for nothing else (R34)."""

from __future__ import annotations

import dataclasses

import pytest

from features import service
from features.catalogue import CATALOGUE
from features.declaration import RefusedError
from features.service import SIGNS, Against, Kind, signs


def test_r34_no_fact_of_the_service_list_can_raise_a_place() -> None:
    """The models take a direction as a constraint, so that more of such a fact lowers a margin or leaves it."""
    assert len(signs()) == len(SIGNS) >= 8
    assert {feature.direction for _, feature in signs()} == {-1}


@pytest.mark.parametrize("name", ["wages_stopped_12m", "norm_above_registered", "no_such_fact"])
def test_r34_a_fact_that_could_raise_a_place_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    odd = dataclasses.replace(SIGNS[0], feature=name)
    monkeypatch.setattr(service, "SIGNS", (*SIGNS, odd))
    with pytest.raises(RefusedError, match=name):
        signs()


def test_every_sign_says_by_which_article_and_counts_from_more_than_nothing() -> None:
    for sign, feature in signs():
        assert sign.law_nl.startswith("artikel ")
        assert sign.law_en.startswith("Participatiewet ")
        assert sign.least > 0, "a fact that is not there is no point"
        assert feature.could_nl
        assert feature.could_en
    assert {sign.kind for sign in SIGNS} == set(Kind)
    assert {sign.against for sign in SIGNS} == set(Against)


def test_what_is_declared_for_the_service_list_is_used_or_only_circumstance() -> None:
    """A feature that says it is there for this list and is not used for it has a reason to be left out."""
    left_out = {
        "adults_left_12m": "a departure is no shortfall; sharers_gone and the norm are",
        "overdeclared_12m": "says what deducted_above_earned says",
        "overdeclared_months_12m": "as overdeclared",
        "raised_reviews_60m": "the past; the list is about now",
        "studying_sharers": "a student in the house says nothing about the norm",
        "wages_stopped_12m": "no direction: wages that stop may raise a place as well",
    }
    declared = {name for name, one in CATALOGUE.items() if "dienstenlijst" in one.reason_nl or "R34" in one.reason_nl}
    assert declared - {sign.feature for sign in SIGNS} == set(left_out)
