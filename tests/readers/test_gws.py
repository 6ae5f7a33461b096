"""Benefit statements: months in cents, years in euros, lines that add up to what was paid."""

import datetime as dt
import re
from pathlib import Path

import pytest

from features.records import PartialDate, Payment, PaymentComponent, YearStatement
from pipelines.sources import gws
from tests.readers.builders import written
from tests.shared import SHARED, needs_shared

FIXTURES = Path(__file__).with_name("fixtures")


def payments(path: Path) -> list[Payment]:
    return [one.record for one in gws.read(path).records if isinstance(one.record, Payment)]


def test_a_month_is_about_another_month_than_it_was_booked_in():
    first = payments(FIXTURES / "gws_maand.xml")[0]
    assert (first.month, first.period) == (dt.date(2023, 5, 1), "202306")
    assert first.paid_on == PartialDate.on(dt.date(2023, 6, 23))


def test_everyone_on_the_dossier_has_a_payment():
    client, partner, _ = payments(FIXTURES / "gws_maand.xml")
    assert (client.person, client.paid_cents, client.account) == ("999990172", 60000, "NL00TEST0000000001")
    assert (partner.person, partner.paid_cents, partner.account) == ("999990184", 2971, "NL00TEST0000000002")
    assert client.case == partner.case == "4411"
    assert client.norm_cents == 70316
    assert client.address is not None
    assert client.address.house_letter == "a"
    assert partner.address is None


def test_lines_that_do_not_add_up_to_the_cent_are_flagged():
    right, _, wrong = payments(FIXTURES / "gws_maand.xml")
    assert "components_do_not_reconcile" not in right.flags
    assert wrong.paid_cents == -38643
    assert "components_do_not_reconcile" in wrong.flags


def test_a_second_statement_in_one_month_does_not_replace_the_first():
    client, _, second = payments(FIXTURES / "gws_maand.xml")
    assert (client.statement, second.statement) == (None, 2)
    lines = [one.record for one in gws.read(FIXTURES / "gws_maand.xml").records]
    ordinals = [one.ordinal for one in lines if isinstance(one, PaymentComponent)]
    assert ordinals == [1, 2, 3, 4, 5, 6, 7]


def test_the_municipality_is_the_one_that_pays():
    assert gws.read(FIXTURES / "gws_maand.xml").municipality == "0988"
    assert gws.read(FIXTURES / "gws_jaar.xml").municipality == "0917"


@pytest.mark.parametrize(
    ("name", "carrier"), [("gws_maand.xml", "Dossierhistorie"), ("gws_jaar.xml", "SpecificatieJaarOpgave")]
)
def test_an_answer_without_a_statement_says_so(tmp_path: Path, name: str, carrier: str):
    text = re.sub(rf"<{carrier}>.*</{carrier}>", "", (FIXTURES / name).read_text(), flags=re.DOTALL)
    found = gws.read(written(tmp_path, name, text))
    assert (found.records, found.flags["client_without_records"]) == ((), 1)


def test_a_year_counts_whole_euros():
    first, second = (one.record for one in gws.read(FIXTURES / "gws_jaar.xml").records)
    assert isinstance(first, YearStatement)
    assert isinstance(second, YearStatement)
    assert (first.taxable_cents, first.withheld_tax_cents, first.repaid_taxable_cents) == (730500, 0, -40000)
    assert second.taxable_cents == 210050
    assert second.start == PartialDate.on(dt.date(2022, 10, 1))
    assert "same_key_in_message" not in first.flags


@needs_shared
def test_the_real_month_is_right_to_the_cent():
    (paid,) = payments(SHARED / "gws" / "uitkering_response_basic.xml")
    assert (paid.case, paid.person, paid.period) == ("61913", "900038937", "202301")
    assert (paid.paid_cents, paid.paid_dossier_cents, paid.norm_cents) == (63343, 63343, 74017)
    assert (paid.declared_income_cents, paid.countable_income_cents) == (3644, 3644)
    assert (paid.exempt_income_cents, paid.deducted_income_cents) == (0, 3644)
    assert paid.paid_on == PartialDate.on(dt.date(2023, 1, 23))
    assert paid.flags == ()


@needs_shared
def test_the_real_month_with_two_statements_is_right_to_the_cent():
    reading = gws.read(SHARED / "gws" / "uitkering_response_extra_report.xml")
    assert (reading.municipality, reading.schema_version, reading.quarantined) == ("0153", "v0600", ())
    paid = [one.record for one in reading.records if isinstance(one.record, Payment)]
    assert [(one.paid_cents, one.statement, one.flags) for one in paid] == [(62971, None, ()), (38643, 2, ())]
    lines = [one.record for one in reading.records if isinstance(one.record, PaymentComponent)]
    assert [(one.column_code, one.amount_cents) for one in lines] == [
        (1, 74017),
        (3, 3644),
        (2, 3644),
        (2, 3701),
        (1, 66672),
        (2, 3701),
        (1, 62971),
        (2, 0),
        (1, 38643),
        (1, 38643),
        (1, 38643),
    ]


@needs_shared
def test_the_real_year_is_right_to_the_euro():
    (found,) = gws.read(SHARED / "gws" / "jaaropgave_response.xml").records
    year = found.record
    assert isinstance(year, YearStatement)
    assert (year.person, year.year, year.regulation) == ("900038937", 2022, "Participatiewet")
    assert (year.taxable_cents, year.withheld_tax_cents, year.repaid_taxable_cents) == (730500, 0, -40000)
    assert year.flags == ()
