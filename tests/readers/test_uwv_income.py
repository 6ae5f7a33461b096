"""Income statements: cents with their sign, periods as delivered, the kind that held at the time."""

import datetime as dt
from pathlib import Path

from features.records import UNKNOWN_DATE, Income, PartialDate
from pipelines.sources import uwv_income

FILE = Path(__file__).with_name("fixtures") / "uwv_income.xml"


def incomes() -> list[Income]:
    return [found.record for found in uwv_income.read(FILE).records if isinstance(found.record, Income)]


def test_an_amount_is_cents_with_its_sign():
    first = incomes()[0]
    assert (first.gross_cents, first.taxable_cents, first.holiday_cents) == (48907, 50001, -1)
    assert first.withheld_tax_cents is None


def test_an_amount_in_euros_with_decimals_is_the_same_money_and_flagged():
    second = incomes()[1]
    assert second.gross_cents == 123456
    assert "amount_not_a_group" in second.flags


def test_a_pay_period_of_four_weeks_is_kept_as_delivered():
    first = incomes()[0]
    assert first.start == PartialDate.on(dt.date(2023, 12, 4))
    assert first.end == PartialDate.on(dt.date(2023, 12, 31))


def test_the_kind_is_that_of_the_income_period_that_covers_the_statement():
    first, second, _ = incomes()
    assert (first.kind, first.nature) == ("15", "1")
    assert (second.kind, second.nature) == ("43", "18")


def test_a_date_known_in_part_is_an_interval():
    first = incomes()[0]
    assert first.relation_end == PartialDate(dt.date(2024, 3, 1), dt.date(2024, 3, 31))
    assert "date_partial" in first.flags


def test_31_february_is_somewhere_in_february_and_flagged():
    second = incomes()[1]
    assert second.end == PartialDate(dt.date(2024, 2, 1), dt.date(2024, 2, 29))
    assert "date_impossible" in second.flags


def test_a_zero_date_is_unknown_not_missing():
    assert incomes()[2].start == UNKNOWN_DATE


def test_a_statement_without_a_readable_start_is_set_aside_and_the_rest_is_kept():
    reading = uwv_income.read(FILE)
    (row,) = reading.quarantined
    assert row.at == "/UWVPersoonsIkvInfoResponse/ClientSuwi[1]/Inkomstenverhouding[1]/Inkomstenopgave[3]"
    assert (row.contract, row.field) == ("incomes", "DatBIko")
    assert "ergens" not in row.reason
    assert row.raw is not None
    assert "ergens in mei" in row.raw
    assert len(reading.records) == 3


def test_the_name_of_an_employer_who_is_a_person_is_not_taken():
    first, _, third = incomes()
    assert first.employer_name == "Bakkerij De Maasoever"
    assert third.employer == "999990032L02"
    assert third.employer_name is None


def test_the_version_is_that_of_the_namespace():
    assert uwv_income.read(FILE).schema_version == "v0200"


def test_two_statements_of_one_relation_and_day_are_both_given_and_told_apart(tmp_path: Path):
    twice = tmp_path / "twice.xml"
    twice.write_text(FILE.read_text().replace("<DatBIko>20240101", "<DatBIko>20231204"))
    of_day = [one.record for one in uwv_income.read(twice).records if str(one.record.start.earliest) == "2023-12-04"]
    assert [one.statement for one in of_day] == [None, 2]
    assert "further_statement" in of_day[1].flags
