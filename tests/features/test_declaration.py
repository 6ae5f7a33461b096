"""R8 and R9: what is not fully declared, or may not be a feature, is refused."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import re
from typing import Any

import pytest

from features.barred import broken
from features.catalogue import CATALOGUE, SOURCES, listing, usable
from features.declaration import OPTIONAL, TOPICS, Feature, RefusedError, admit, refusals, source
from features.records import CONTRACTS, Sealed, Vault
from features.sight import Sight

ONE = CATALOGUE["wages_12m"]
COUNT = CATALOGUE["vehicles"]


@pytest.fixture
def scratch() -> Any:
    """Declarations made in a test do not stay."""
    before = dict(SOURCES)
    yield
    SOURCES.clear()
    SOURCES.update(before)


@pytest.mark.parametrize(
    "field", [one.name for one in dataclasses.fields(Feature) if one.name not in (*OPTIONAL, "decimals")]
)
def test_r08_every_field_of_a_declaration_is_needed(field: str) -> None:
    lacking = dataclasses.replace(ONE, **{field: None})
    with pytest.raises(RefusedError, match=rf"{field} is not declared \(R8\)"):
        admit(lacking)


@pytest.mark.parametrize(
    "field", ["legal_basis", "purpose", "owner", "reason_nl", "reason_en", "unit", "sentence_nl", "could_en"]
)
def test_r08_an_empty_text_is_no_declaration(field: str) -> None:
    with pytest.raises(RefusedError, match=f"{field} is not declared"):
        admit(dataclasses.replace(ONE, **{field: ""}))


def test_r08_the_reason_is_said_in_two_languages_with_the_same_articles_of_law() -> None:
    for one in CATALOGUE.values():
        assert one.reason_nl != one.reason_en
        said = [sorted(re.findall(r"\d+", text)) for text in (one.reason_nl, one.reason_en)]
        assert said[0] == said[1], one.name
        assert not {"een", "het", "zijn", "wordt", "niet"} & set(re.findall(r"\w+", one.reason_en.lower())), one.name


def test_r08_an_expired_feature_stops_the_run() -> None:
    assert refusals(ONE, ONE.expires - dt.timedelta(days=1)) == []
    assert refusals(ONE, ONE.expires) == [f"it expired on {ONE.expires}"]
    with pytest.raises(RefusedError, match="wages_12m"):
        usable(dt.date(2100, 1, 1))


@pytest.mark.parametrize("field", ["one_nl", "one_en"])
def test_a_count_without_a_sentence_for_one_is_refused(field: str) -> None:
    with pytest.raises(RefusedError, match="vehicles is refused: a count lacks its sentences for one"):
        admit(dataclasses.replace(COUNT, **{field: ""}))


@pytest.mark.parametrize("field", ["unknown_nl", "unknown_en"])
def test_months_since_something_without_a_sentence_for_unknown_are_refused(field: str) -> None:
    with pytest.raises(RefusedError, match="lack their sentences for unknown"):
        admit(dataclasses.replace(CATALOGUE["months_since_review"], **{field: ""}))


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"name": "client_age"}, "age"),
        ({"name": "nationality_code"}, "nationality"),
        ({"name": "children_count"}, "children"),
        ({"sentence_nl": "De klant is een vrouw met {value}"}, "vrouw"),
        ({"sentence_en": "The client is female: {value}"}, "female"),
        ({"title_nl": "Leeftijdsgroep van de klant"}, "leeftijdsgroep"),
        ({"title_en": "Quality of the neighbourhood"}, "neighbourhood"),
        ({"sentence_nl": "Postcodegebied {value}"}, "postcodegebied"),
        ({"none_nl": "De klant spreekt de taal"}, "taal"),
        ({"none_en": "No note by the caseworker"}, "caseworker"),
        ({"one_nl": "In de buurt staat er 1"}, "buurt"),
        ({"unknown_en": "The birthplace is not known"}, "birthplace"),
        ({"name": "detention_signals"}, "detention"),
        ({"name": "fugitive_signals"}, "fugitive"),
        ({"columns": ("persons.birth_date",)}, "birth_date"),
        ({"columns": ("stays.address_postcode",)}, "postcode"),
    ],
)
def test_r09_a_barred_feature_is_refused(changes: dict[str, Any], word: str) -> None:
    with pytest.raises(RefusedError, match=rf"{word}.*\(R9\)"):
        admit(dataclasses.replace(ONE, **changes))


@pytest.mark.usefixtures("scratch")
def test_r09_a_source_of_a_sealed_or_unknown_column_is_refused() -> None:
    with pytest.raises(RefusedError, match=r"no column persons\.birth_date"):

        @source(topic="household", reads={"persons": ("birth_date",)}, legal_basis="x")
        def births(t: Any, members: Any) -> Any:
            return members

    with pytest.raises(RefusedError, match=r"outcomes\.cause is barred"):

        @source(topic="history", reads={"outcomes": ("cause",)}, legal_basis="x")
        def causes(t: Any, members: Any) -> Any:
            return members


@pytest.mark.usefixtures("scratch")
def test_a_source_sees_no_contract_that_it_did_not_declare() -> None:
    @source(topic="income", reads={"incomes": ("kind",)}, legal_basis="x")
    def narrow(t: Any, members: Any) -> Any:
        return members

    class World:
        cases = adults = None

    sight = Sight(World(), narrow)  # type: ignore[arg-type]
    with pytest.raises(RefusedError, match="reads vehicles without declaring it"):
        _ = sight.vehicles
    with pytest.raises(RefusedError, match="reads stays without declaring it"):
        sight.near("stays", None, "address_id")


def test_r09_no_feature_rests_on_a_protected_column() -> None:
    lake = {f"{name}.{column.name}": column for name, one in CONTRACTS.items() for column in one.lake_columns}
    for feature in CATALOGUE.values():
        for column in feature.columns:
            assert not isinstance(lake[column].about, Sealed | Vault), (feature.name, column)
            assert not broken(column.rpartition(".")[2])


def test_the_catalogue_is_large_enough_and_every_topic_is_there() -> None:
    assert len(CATALOGUE) >= 45
    assert {one.topic for one in CATALOGUE.values()} == set(TOPICS)
    assert list(CATALOGUE) == sorted(CATALOGUE)


def test_every_feature_has_a_title_in_both_languages() -> None:
    assert all(feature.title_nl != feature.title_en for feature in CATALOGUE.values())


def test_the_listing_gives_every_field_as_json() -> None:
    rows = json.loads(json.dumps(listing()))
    assert {row["name"] for row in rows} == set(CATALOGUE)
    assert all(row["legal_basis"] and row["registers"] and row["columns"] for row in rows)


def test_what_a_reason_could_also_mean_fits_a_fact_that_is_absent() -> None:
    """It is shown under what raises a place. For a fact that lowers it, that is when it is absent; so no text may point
    at the fact as being there."""
    lowering = [one for one in CATALOGUE.values() if one.direction == -1]
    assert lowering
    for one in lowering:
        assert not one.could_nl.startswith(("Dit spreekt", "Dit is")), one.name
        assert not one.could_en.startswith(("This speaks", "This has", "This is")), one.name
