"""What was missed and what ended: every value is that of a plain reading by loops, in whole months and days."""

from __future__ import annotations

import random
from collections import defaultdict
from pathlib import Path

import pytest

from features.matrix import build
from features.signals import ALLOWED
from tests.features.builders import SmallLake, ages_table, cases_table, client, rows_of
from tests.features.randomlake import AS_OF, CASES, client_of, households
from tests.features.test_time import ASKED, written
from tests.features.test_values import ADULTS, GROWN, Plain, Row, begun, days_ago, known_rows, lasting, months_ago

A_YEAR, TWO_YEARS, FIVE_YEARS = 365, 730, 1826
MONTH = 30.4375


class Missed(Plain):
    """One case, read by loops, for features/missed.py and what ended."""

    def booked(self) -> dict[int, dict[str, int]]:
        """Per month back, at most twelve: cents paid, norm, declared, deducted, exempt and earned."""
        earned = self.by_month()
        months: dict[int, dict[str, int]] = {}
        for row in self.found["payments"]:
            back = months_ago(row["month"])
            if row["case_id"] == self.case and 1 <= back <= 12:
                assert back not in months, "the random lake books a month once"
                names = ("declared", "deducted", "exempt")
                months[back] = {name: row[f"{name}_income_cents"] for name in names}
                months[back] |= {"paid": row["paid_cents"], "norm": row["norm_cents"], "earned": earned.get(back, 0)}
        return months

    def wages_by_month(self) -> dict[int, float]:
        months: dict[int, float] = defaultdict(float)
        others, self.found = (
            self.found,
            {**self.found, "incomes": [r for r in self.found["incomes"] if r["kind"] in ("11", "15")]},
        )
        for back, cents in self.by_month().items():
            months[back] = cents
        self.found = others
        return months

    def others_here(self) -> set[int]:
        people = {row["person_id"] for row in self.here()}
        return set() if len(people) > 9 else people - set(self.members)

    def gaps(self) -> int:
        stays = [
            row for row in self.of("stays", {client_of(self.case)}) if row["certainty"] == "resident" and begun(row)
        ]
        days = {
            row["end_latest"] for row in stays if begun(row, "end") and 31 < days_ago(row["end_latest"]) <= TWO_YEARS
        }
        return sum(
            not any(
                (row["start_earliest"] - day).days <= 31 and (row["end_latest"] is None or row["end_latest"] > day)
                for row in stays
            )
            for day in days
        )

    def left(self) -> int:
        home = self.home()
        if home is None or home["function"] == "B" or len({row["person_id"] for row in self.here()}) > 9:
            return 0
        now = {row["person_id"] for row in self.here()}
        return len(
            {
                row["person_id"]
                for row in self.found["stays"]
                if row["address_id"] == home["address_id"]
                and row["certainty"] == "resident"
                and row["function"] != "B"
                and ended_within(row, A_YEAR)
                and row["person_id"] in ADULTS - set(self.members) - now
            }
        )

    def statement_gap(self) -> float:
        statements = [row for row in self.of("year_statements", self.adults) if row["year"] < AS_OF.year]
        if not statements:
            return 0.0
        year = max(row["year"] for row in statements)
        months = [row for row in self.found["payments"] if row["case_id"] == self.case and row["month"].year == year]
        taxable = sum(row["taxable_cents"] or 0 for row in statements if row["year"] == year)
        return max(0.0, (sum(row["paid_cents"] for row in months) - taxable) / 100) if months else 0.0

    def irregularity(self) -> float:
        earned = self.by_month()
        cents = [earned.get(back, 0) for back in range(1, 13)]
        mean = sum(cents) / 12
        if mean <= 0:
            return 0.0
        return min(4.0, float((sum((one - mean) ** 2 for one in cents) / 12) ** 0.5 / mean))

    def values(self) -> dict[str, float]:
        months = self.booked().values()
        wages = self.wages_by_month()
        recent = sum(cents for back, cents in wages.items() if back <= 3)
        before = sum(cents for back, cents in wages.items() if 3 < back <= 12)
        signals = [
            row
            for row in self.of("signals", set(self.members))
            if begun(row) and begun(row, "issued") and row["product"] in ALLOWED
        ]
        opened = [row for row in signals if row["state"] != "closed"]
        estates = [row for row in self.of("properties", self.adults) if begun(row, "acquired")]
        posts = [row for row in self.of("functionaries", self.adults) if begun(row)]
        claims = [row for row in self.of("claims", self.adults) if begun(row, "decided")]
        owed = sum(row["amount_cents"] for row in claims)
        repaid = sum(max(0, row["amount_cents"] - row["balance_cents"]) for row in claims)
        grants = [row for row in self.found["study_grants"] if begun(row) and lasting(row)]
        return {
            "deducted_above_earned_12m": sum(max(0, m["deducted"] - m["earned"]) for m in months) / 100,
            "deducted_months_without_income_12m": sum(m["deducted"] > 0 >= m["earned"] for m in months),
            "short_months_12m": sum((m["paid"] + m["deducted"]) * 100 < m["norm"] * 85 for m in months),
            "deducted_above_declared_12m": sum(max(0, m["deducted"] - m["declared"]) for m in months) / 100,
            "declared_not_deducted_12m": sum(max(0, m["declared"] - m["deducted"] - m["exempt"]) for m in months) / 100,
            "unpaid_months_12m": sum(m["paid"] <= 0 and m["deducted"] <= 0 for m in months),
            "overdeclared_months_12m": sum(m["declared"] - m["earned"] > 5000 for m in months),
            "income_irregularity_12m": self.irregularity(),
            "wages_stopped_12m": before > 0 >= recent,
            "months_since_wages": min(
                (min(60, b - 1) for b, cents in wages.items() if cents > 0 and b >= 1), default=60
            ),
            "income_allowance_possible": sum(cents for back, cents in wages.items() if 1 <= back <= 36) <= 0,
            "paid_above_statement": self.statement_gap(),
            "studying_sharers": len(self.others_here() & ADULTS & {row["person_id"] for row in grants}),
            "residence_gaps_24m": self.gaps(),
            "adults_left_12m": self.left(),
            "study_stopped_12m": any(ended_within(row, A_YEAR) for row in self.of("study_grants", self.adults)),
            "signals_received_12m": sum(days_ago(row["issued_earliest"]) <= A_YEAR for row in signals),
            "oldest_open_signal": max(
                (min(60, int(days_ago(r["issued_earliest"]) / MONTH)) for r in opened), default=0
            ),
            "signal_amount": sum(row["amount_cents"] or 0 for row in opened) / 100,
            "estates_acquired_24m": len(
                {row["parcel_id"] for row in estates if days_ago(row["acquired_earliest"]) <= TWO_YEARS}
            ),
            "estates_ended_24m": len({row["parcel_id"] for row in estates if ended_within(row, TWO_YEARS, "ended")}),
            "companies_left_24m": len({row["company"] for row in posts if ended_within(row, TWO_YEARS)}),
            "claims_paid_off_60m": sum(
                row["balance_cents"] == 0 and days_ago(row["decided_earliest"]) <= FIVE_YEARS for row in claims
            ),
            "repaid_share": min(1.0, repaid / owed) if owed else 0.0,
        }


def ended_within(row: Row, days: int, name: str = "end") -> bool:
    return begun(row, name) and days_ago(row[f"{name}_latest"]) <= days


@pytest.mark.parametrize("seed", [3, 4])
def test_values_are_those_of_a_plain_reading(tmp_path: Path, seed: int) -> None:
    records = households(random.Random(seed))
    rows = rows_of(build(written(tmp_path / "lake", records), ASKED, GROWN, tmp_path).path)
    found = known_rows(records)
    told = set()
    for case in CASES:
        row = rows[case, AS_OF.isoformat()]
        expected = Missed(found, case).values()
        # a plain reading adds floats per day; the matrix adds rounded cents per income and month
        wrong = {
            name: (row[name], value)
            for name, value in expected.items()
            if abs(row[name] - value) > 0.5 * (name == "deducted_above_earned_12m") + 0.0051
        }
        assert not wrong, (seed, case, wrong)
        told |= {name for name, value in expected.items() if value}
    assert len(told) > 15, "most of them are not always nothing"


def test_r34_income_that_stopped_is_still_deducted(tmp_path: Path) -> None:
    lake = client(SmallLake(tmp_path / "lake"), 1, 10)
    pay = {"employer": "E", "relation": "1", "kind": "15", "gross_cents": 60000}
    lake.add("incomes", person_id=10, start="2025-05-01", end="2025-05-31", **pay)
    for month in range(5, 10):
        lake.add(
            "payments",
            case_id=1,
            person_id=10,
            month=f"2025-{month:02d}-01",
            period=f"2025{month:02d}",
            norm_cents=136906,
            paid_cents=76906,
            deducted_income_cents=60000,
            declared_income_cents=60000 if month == 5 else 0,
        )
    row = rows_of(build(lake.parts(), cases_table([1], "2025-10-01"), ages_table({}, "2025-10-01"), tmp_path).path)
    made = row[1, "2025-10-01"]
    assert (made["deducted_months_without_income_12m"], made["deducted_above_earned_12m"]) == (4, 2400)
    assert (made["wages_stopped_12m"], made["months_since_wages"], made["short_months_12m"]) == (1, 4, 0)


def test_r34_three_years_without_wages_may_give_an_allowance_below_pension_age(tmp_path: Path) -> None:
    lake = SmallLake(tmp_path / "lake")
    for case, start in enumerate(("2022-09-01", "2022-11-01", "2020-01-01"), 1):
        client(lake, case, 10 * case, start=start)
    ages = ages_table({10: "27-63", 20: "27-63", 30: "pension"}, "2025-10-01")
    rows = rows_of(build(lake.parts(), cases_table([1, 2, 3], "2025-10-01"), ages, tmp_path).path)
    assert [rows[case, "2025-10-01"]["income_allowance_possible"] for case in (1, 2, 3)] == [1, 0, 0]
