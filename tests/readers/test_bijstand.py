"""Benefits, claims and measures: unknown codes stay, partners are on the same case, money is right to the cent."""

import datetime as dt
from pathlib import Path

import pytest

from features.records import Benefit, Claim, PartialDate, Sanction
from pipelines.sources import bijstand
from pipelines.sources.reading import Reading

FILE = Path(__file__).with_name("fixtures") / "bijstand.xml"


@pytest.fixture
def reading() -> Reading:
    return bijstand.read(FILE)


def test_client_and_partner_are_members_of_one_case(reading: Reading):
    client, partner = (one.record for one in reading.records if isinstance(one.record, Benefit))
    assert (client.case, client.person, client.role) == ("D-4411", "999990044", "client")
    assert (partner.case, partner.person, partner.role) == ("D-4411", "999990056", "partner")
    assert client.start == partner.start == PartialDate.on(dt.date(2023, 2, 1))
    assert client.end is None
    assert client.norm == "couple"
    assert client.cost_sharers == 3


def test_names_and_protected_attributes_go_where_the_contract_puts_them(reading: Reading):
    client, partner = (one.record for one in reading.records if isinstance(one.record, Benefit))
    assert client.name == "A van Voorbeeld"
    assert client.birth_date == PartialDate(dt.date(1980, 1, 1), dt.date(1980, 12, 31))
    assert client.sex == "V"
    assert "code_not_in_list" in client.flags
    assert partner.name == "B Ander"


def test_the_norm_is_that_of_the_last_period(reading: Reading):
    client = next(one.record for one in reading.records if isinstance(one.record, Benefit))
    assert client.norm_cents == 183404


def test_without_a_dossier_code_the_case_is_client_and_act(tmp_path: Path):
    copy = tmp_path / "copy.xml"
    copy.write_text(FILE.read_text().replace("<DossierGsd><Dossiercd>D-4411</Dossiercd></DossierGsd>", ""))
    benefits = [one.record for one in bijstand.read(copy).records if isinstance(one.record, Benefit)]
    assert {one.case for one in benefits} == {"999990044-PW"}
    assert all("case_without_dossier" in one.flags for one in benefits)


def test_a_claim_in_euros_and_a_claim_in_cents_are_the_same_money(reading: Reading):
    claim = next(one.record for one in reading.records if isinstance(one.record, Claim))
    assert (claim.amount_cents, claim.balance_cents) == (500000, 449999)
    assert claim.decided == PartialDate.on(dt.date(2024, 1, 10))
    assert claim.final_since == PartialDate(dt.date(2024, 3, 1), dt.date(2024, 3, 31))
    assert {"amount_not_a_group", "date_with_dashes", "date_partial"} <= set(claim.flags)


def test_a_code_that_no_list_has_stays_as_it_is(reading: Reading):
    claim = next(one.record for one in reading.records if isinstance(one.record, Claim))
    assert claim.reason == "ZZ"


def test_a_number_without_group_or_decimals_is_not_guessed_at(reading: Reading):
    second = [one.record for one in reading.records if isinstance(one.record, Claim)][1]
    assert second.amount_cents is None
    assert {"amount_without_unit", "claim_without_number"} <= set(second.flags)
    assert second.claim is not None


def test_a_measure_says_how_much_for_how_long_and_why(reading: Reading):
    (measure,) = (one.record for one in reading.records if isinstance(one.record, Sanction))
    assert measure.amount_cents == 26910
    assert measure.reason == "99"
    assert measure.end == PartialDate.on(dt.date(2023, 4, 30))


def test_a_relation_without_a_beginning_is_set_aside(reading: Reading):
    (row,) = reading.quarantined
    assert (row.contract, row.field) == ("benefits", "DatBUitkeringsverhouding")


def test_what_has_no_contract_is_counted(reading: Reading):
    assert reading.flags["application_without_contract"] == 1
