"""Feature values against a plain Python reading of the same records."""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from pathlib import Path
from typing import Any

from features.entitlement import on, sharing_cents
from features.matrix import build
from features.records import contract_named
from features.signals import INCOME
from tests.features.builders import SmallLake, ages_table, cases_table, client, day, rows_of
from tests.features.randomlake import AS_OF, CASES, PEOPLE, Record, client_of, households
from tests.features.test_time import AGES, ASKED, written

GROWN = ages_table(
    {row["person_id"]: "21-26" if row["band"] == "minor" else row["band"] for row in AGES.to_pylist()},
    AS_OF.isoformat(),
)
"""nobody is a minor: a case with one has no row (R25)"""
ADULTS = {row["person_id"] for row in AGES.to_pylist() if row["band"] in ("27-63", "64-66", "pension")}
MIDNIGHT = dt.datetime.combine(AS_OF, dt.time())
Row = dict[str, Any]


def spread(values: Row) -> Row:
    """Both bounds for a date that was given once."""
    row: Row = defaultdict(lambda: None)
    for name, value in values.items():
        if isinstance(value, str) and len(value) == 10 and value[4] == "-":
            value = day(value)
        row[name] = row[f"{name}_earliest"] = row[f"{name}_latest"] = value
    return row


def known_rows(records: list[Record]) -> dict[str, list[Row]]:
    """The latest version known before AS_OF of each key, if it is evidence."""
    versions: dict[tuple[Any, ...], Row] = {}
    for contract, values in records:
        row = spread(values)
        if row["known_at"] < MIDNIGHT:
            key = (contract, *(row[name] for name in contract_named(contract).key))
            if key not in versions or versions[key]["known_at"] < row["known_at"]:
                versions[key] = row
    found: dict[str, list[Row]] = defaultdict(list)
    for (contract, *_), row in versions.items():
        if not (row["withdrawn"] or row["incorrect"] or row["under_investigation"]):
            found[contract].append(row)
    return found


def begun(row: Row, name: str = "start") -> bool:
    return row[f"{name}_latest"] is not None and row[f"{name}_latest"] < AS_OF


def lasting(row: Row, name: str = "end") -> bool:
    return row[f"{name}_earliest"] is None or row[f"{name}_earliest"] >= AS_OF


def months_ago(date: dt.date) -> int:
    return AS_OF.year * 12 + AS_OF.month - date.year * 12 - date.month


def days_ago(date: dt.date) -> int:
    return (AS_OF - date).days


class Plain:
    """One case, read by loops."""

    def __init__(self, found: dict[str, list[Row]], case: int) -> None:
        self.found, self.case = found, case
        self.members: dict[int, str] = {}
        order = ("client", "partner", "child")
        for row in found["benefits"]:
            runs = row["end_latest"] is None or row["end_latest"] >= AS_OF
            if row["case_id"] == case and row["start_earliest"] < AS_OF and runs:
                roles = [row["role"], self.members.get(row["person_id"], "child")]
                self.members[row["person_id"]] = min(roles, key=order.index)
        self.adults = {person for person, role in self.members.items() if role != "child"}

    def of(self, contract: str, people: set[int]) -> list[Row]:
        return [row for row in self.found[contract] if row["person_id"] in people]

    def by_month(self) -> dict[int, int]:
        """Cents of all outside income per month back, spread by days."""
        months: dict[int, float] = defaultdict(float)
        for row in self.of("incomes", set(self.members)):
            if row["kind"] in ("43", "45") or row["end"] >= AS_OF:
                continue
            days = [row["start"] + dt.timedelta(days=n) for n in range((row["end"] - row["start"]).days + 1)]
            for one in days:
                months[months_ago(one)] += row["gross_cents"] / len(days)
        return {back: round(cents) for back, cents in months.items()}

    def wages(self, window: int) -> float:
        total = 0.0
        for row in self.of("incomes", set(self.members)):
            if row["kind"] in ("11", "15") and row["end"] < AS_OF:
                days = [row["start"] + dt.timedelta(days=n) for n in range((row["end"] - row["start"]).days + 1)]
                total += sum(1 <= months_ago(one) <= window for one in days) * row["gross_cents"] / len(days)
        return total / 100

    def employers(self, window: int) -> int:
        paid = [r for r in self.of("incomes", set(self.members)) if r["kind"] in ("11", "15") and r["end"] < AS_OF]
        return len({r["employer"] for r in paid if months_ago(r["start"]) >= 1 and months_ago(r["end"]) <= window})

    def gap(self, window: int) -> float:
        declared: dict[int, int] = defaultdict(int)
        for row in self.found["payments"]:
            back = months_ago(row["month"])
            if row["case_id"] == self.case and 1 <= back <= window:
                declared[back] += row["declared_income_cents"]
        earned = self.by_month()
        return max(0.0, sum(earned.get(back, 0) - cents for back, cents in declared.items()) / 100)

    def home(self) -> Row | None:
        stays = [
            row
            for row in self.of("stays", {client_of(self.case)})
            if row["certainty"] == "resident" and row["start_earliest"] < AS_OF and lasting(row)
        ]
        return max(stays, key=lambda row: (row["start_earliest"], -row["address_id"]), default=None)

    def here(self) -> list[Row]:
        home = self.home()
        if home is None or home["function"] == "B":
            return []
        return [
            row
            for row in self.found["stays"]
            if row["address_id"] == home["address_id"]
            and row["certainty"] == "resident"
            and row["function"] != "B"
            and begun(row)
            and lasting(row)
        ]

    def housemates(self, since_days: int | None = None) -> int:
        rows = self.here()
        if len({row["person_id"] for row in rows}) > 9:
            return 0
        since: dict[int, dt.date] = {}
        for row in rows:
            person = row["person_id"]
            since[person] = min(since.get(person, row["start_earliest"]), row["start_earliest"])
        others = [one for one in since if one not in self.members and one in ADULTS]
        return sum(since_days is None or days_ago(since[one]) <= since_days for one in others)

    def values(self) -> dict[str, float]:
        vehicles: dict[int, int] = {}
        for row in self.of("vehicles", self.adults):
            if begun(row) and lasting(row):
                number = row["vehicle_id"]
                vehicles[number] = max(vehicles.get(number, 0), row["catalogue_cents"])
        signals = [
            row
            for row in self.of("signals", set(self.members))
            if begun(row) and begun(row, "issued") and row["product"] not in ("detention", "fugitive")
        ]
        opened = [row for row in signals if row["state"] != "closed"]
        reviews = [
            row
            for row in self.found["outcomes"]
            if row["case_id"] == self.case
            and row["approved"]
            and row["approved"] < AS_OF
            and row["selected"] < AS_OF
            and not row["overturned"]
        ]
        claims = [row for row in self.of("claims", self.adults) if begun(row, "decided")]
        posts = [row for row in self.of("functionaries", self.adults) if begun(row) and lasting(row)]
        moves = [
            row for row in self.of("stays", {client_of(self.case)}) if row["certainty"] == "resident" and begun(row)
        ]
        partners: dict[int, list[Row]] = defaultdict(list)
        for row in self.of("kinships", self.adults):
            if row["relation"] == "partner" and begun(row) and row["other_id"] not in self.members:
                partners[row["other_id"]].append(row)
        estates = [r for r in self.of("properties", self.adults) if begun(r, "acquired") and lasting(r, "ended")]
        single = self.norm() != "couple"
        return {
            "wages_3m": self.wages(3),
            "wages_12m": self.wages(12),
            "employers_12m": self.employers(12),
            "employers_24m": self.employers(24),
            "income_gap_12m": self.gap(12),
            "income_gap_3m": self.gap(3),
            "other_adults": self.housemates(),
            "adults_joined_12m": self.housemates(365),
            "vehicles": len(vehicles),
            "catalogue_value": sum(vehicles.values()) / 100,
            "income_signals": sum(row["product"] in INCOME for row in opened),
            "signal_kinds": len({row["product"] for row in opened}),
            "months_since_signal": min(
                (min(60, int(days_ago(row["issued_earliest"]) / 30.4375)) for row in opened), default=60
            ),
            "months_since_review": min(
                (min(120, int(days_ago(r["approved"]) / 30.4375)) for r in reviews), default=120
            ),
            "lowered_reviews_60m": sum(r["effect"] == "down" and days_ago(r["approved"]) <= 1826 for r in reviews),
            "open_claims": sum(row["balance_cents"] for row in claims) / 100,
            "companies_owned": len({row["company"] for row in posts if row["role"] == "owner"}),
            "directorships": len({row["company"] for row in posts if row["role"] == "director"}),
            "client_moves_36m": len(
                {row["start_earliest"] for row in moves if days_ago(row["start_earliest"]) <= 1096}
            ),
            "partner_outside_case": float(single and any(lasting(r) for rows in partners.values() for r in rows)),
            "estate_rights": len({row["parcel_id"] for row in estates}),
            "study_finance": float(any(begun(r) and lasting(r) for r in self.of("study_grants", self.adults))),
        }

    def norm(self) -> str:
        rows = [r for r in self.found["benefits"] if r["case_id"] == self.case and r["role"] == "client"]
        return str(rows[0]["norm"])


def test_values_are_those_of_a_plain_reading(tmp_path: Path) -> None:
    for seed in (3, 4):
        records = households(random.Random(seed))
        here = tmp_path / str(seed)
        here.mkdir()
        rows = rows_of(build(written(here / "lake", records), ASKED, GROWN, here).path)
        found = known_rows(records)
        for case in CASES:
            row = rows[case, AS_OF.isoformat()]
            expected = Plain(found, case).values()
            # A plain reading adds floats per day; the matrix adds rounded cents per month.
            wrong = {
                name: (row[name], value)
                for name, value in expected.items()
                if abs(row[name] - value) > (0.5 if "wage" in name or "gap" in name else 0.0051)
            }
            assert not wrong, (seed, case, wrong)


def test_four_week_periods_are_spread_over_months_to_the_cent(tmp_path: Path) -> None:
    lake = client(SmallLake(tmp_path / "lake"), 1, 10)
    pay = {"employer": "E", "relation": "1", "kind": "15"}
    lake.add("incomes", person_id=10, start="2025-06-30", end="2025-07-27", gross_cents=100001, **pay)
    ages = ages_table({10: "27-63"}, "2025-08-01", "2025-07-28")
    rows = rows_of(build(lake.parts(), cases_table([1], "2025-08-01"), ages, tmp_path).path)
    assert rows[1, "2025-08-01"]["wages_3m"] == 1000.01
    assert rows[1, "2025-08-01"]["wage_months_12m"] == 2


def test_an_employer_counts_once_for_a_month_with_wages_before_that_of_the_date(tmp_path: Path) -> None:
    lake = client(SmallLake(tmp_path / "lake"), 1, 10)
    for number, (employer, start, end, kind) in enumerate(
        (
            ("across", "2025-09-22", "2025-10-05", "15"),
            ("twelve", "2024-12-01", "2024-12-31", "15"),
            ("across", "2025-10-06", "2025-10-12", "15"),
            ("this month", "2025-10-01", "2025-10-10", "15"),
            ("not over", "2025-09-20", "2025-10-20", "15"),
            ("twelve", "2024-10-01", "2024-10-31", "11"),
            ("thirteen", "2024-09-01", "2024-09-30", "11"),
            ("pension", "2025-09-01", "2025-09-30", "33"),
        )
    ):
        pay = {"employer": employer, "relation": str(number), "kind": kind, "gross_cents": 90000}
        lake.add("incomes", person_id=10, start=start, end=end, **pay)
    ages = ages_table({10: "27-63"}, "2025-10-15")
    row = rows_of(build(lake.parts(), cases_table([1], "2025-10-15"), ages, tmp_path).path)[1, "2025-10-15"]
    assert (row["employers_12m"], row["employers_24m"]) == (2, 3)


def test_the_clients_own_benefit_is_never_undeclared_income(tmp_path: Path) -> None:
    lake = client(SmallLake(tmp_path / "lake"), 1, 10)
    for number, kind in enumerate(("43", "42", "45", "34", "44", "51")):
        lake.add(
            "incomes",
            person_id=10,
            relation=str(number),
            kind=kind,
            gross_cents=90000,
            start="2025-09-01",
            end="2025-09-30",
        )
    lake.add("payments", case_id=1, person_id=10, month="2025-09-01", period="202509", declared_income_cents=0)
    row = rows_of(build(lake.parts(), cases_table([1], "2025-10-01"), ages_table({}, "2025-10-01"), tmp_path).path)
    assert row[1, "2025-10-01"]["income_gap_12m"] == row[1, "2025-10-01"]["other_income_12m"] == 0


def test_the_norm_is_held_against_the_registered_household(tmp_path: Path) -> None:
    lake = SmallLake(tmp_path / "lake")
    for case, others in ((1, 0), (2, 1), (3, 3), (4, 12)):
        client(lake, case, 100 * case)
        for number in range(others + 1):
            stay = {"address_id": case, "start": "2020-01-01", "certainty": "resident"}
            lake.add("stays", person_id=100 * case + number, **stay)
    ages = ages_table({100 * case + n: "27-63" for case in range(1, 5) for n in range(13)}, "2025-10-01")
    rows = rows_of(build(lake.parts(), cases_table([1, 2, 3, 4], "2025-10-01"), ages, tmp_path).path)
    norms = on(dt.date(2025, 10, 1))
    expected = [0.0, *((136906 - sharing_cents(n, norms.couple_cents)) / 100 for n in (2, 4)), 0.0]
    assert [rows[case, "2025-10-01"]["norm_above_registered"] for case in (1, 2, 3, 4)] == expected
    assert [rows[case, "2025-10-01"]["hub_address"] for case in (1, 2, 3, 4)] == [0, 0, 0, 1]


def test_partial_dates_take_the_reading_that_favours_the_client(tmp_path: Path) -> None:
    lake = client(SmallLake(tmp_path / "lake"), 1, 10)
    lake.add("stays", person_id=10, address_id=1, start="2020-01-01", certainty="resident")
    unsure = {"address_id": 1, "certainty": "resident", "start_earliest": "2025-01-01", "start_latest": "2025-12-31"}
    lake.add("stays", person_id=11, **unsure)
    left = {"end_earliest": "2025-01-01", "end_latest": "2025-12-31", "start": "2020-01-01", "certainty": "resident"}
    lake.add("stays", person_id=12, address_id=1, **left)
    ages = ages_table({10: "27-63", 11: "27-63", 12: "27-63"}, "2025-10-01")
    rows = rows_of(build(lake.parts(), cases_table([1], "2025-10-01"), ages, tmp_path).path)
    assert rows[1, "2025-10-01"]["other_adults"] == 0


def test_r24_what_a_review_of_a_housemate_found_changes_nothing(tmp_path: Path) -> None:
    found = []
    for effect in ("none", "down"):
        lake = client(client(SmallLake(tmp_path / effect), 1, 10), 2, 20)
        for person in (10, 20):
            lake.add("stays", person_id=person, address_id=1, start="2020-01-01", certainty="resident")
        lake.add("outcomes", case_id=2, selected="2025-01-01", approved="2025-03-01", effect=effect)
        ages = ages_table(dict.fromkeys((10, 20), "27-63"), "2025-10-01")
        found.append(rows_of(build(lake.parts(), cases_table([1], "2025-10-01"), ages, tmp_path).path))
    assert found[0] == found[1]
    assert found[0][1, "2025-10-01"]["benefits_at_address"] == 1


def test_gdpr10_detention_and_fugitive_signals_change_nothing(tmp_path: Path) -> None:
    lake = client(SmallLake(tmp_path / "lake"), 1, 10)
    ages, cases = ages_table({10: "27-63"}, "2025-10-01"), cases_table([1], "2025-10-01")
    before = build(lake.parts(), cases, ages, tmp_path).sha256
    for product in ("detention", "fugitive"):
        lake.add("signals", person_id=10, product=product, start="2025-01-01", issued="2025-02-01", state="open")
    assert build(lake.parts(), cases, ages, tmp_path).sha256 == before
    lake.add("signals", person_id=10, product="assets", start="2025-01-01", issued="2025-02-01", state="open")
    assert build(lake.parts(), cases, ages, tmp_path).sha256 != before


def test_every_case_has_every_value_without_any_delivery_but_benefits(tmp_path: Path) -> None:
    lake = client(SmallLake(tmp_path / "lake"), 1, 10)
    made = build(lake.parts(), cases_table([1], "2025-10-01"), ages_table({}, "2025-10-01"), tmp_path)
    assert None not in rows_of(made.path)[1, "2025-10-01"].values()
    assert set(PEOPLE) & set(CASES) == set()
