"""Our own small deliveries, one a format: what each must give. They run where the real files are absent."""

from collections import Counter
from pathlib import Path

import pytest

from pipelines import sources

FIXTURES = Path(__file__).parent / "fixtures"
EXPECTED = {
    "gbav.csv": ("gbav", {"Person": 3, "Kinship": 4, "Stay": 6}, 0),
    "brp.json": ("brp", {"Person": 2, "Kinship": 2, "Stay": 2}, 0),
    "brp_recorded.yaml": ("brp", {"Person": 1, "Kinship": 1}, 0),
    "bewoning.json": ("bewoning", {"Stay": 3}, 0),
    "kvk.json": ("kvk", {"Company": 1}, 0),
    "signals.csv": ("signals", {"Signal": 2}, 1),
    "outcomes.csv": ("outcomes", {"Outcome": 2}, 0),
    "bookings.csv": ("bookings", {"Booking": 3}, 1),
    "incomes.csv": ("extract", {}, 0),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_each_format_gives_what_stands_in_it(name: str) -> None:
    source, records, withheld = EXPECTED[name]
    reading = sources.read(FIXTURES / name)
    assert reading.source == source
    assert Counter(type(found.record).__name__ for found in reading.records) == records
    assert len(reading.quarantined) == withheld


def test_answers_without_records_are_counted() -> None:
    reading = sources.read(FIXTURES / "brp_recorded.yaml")
    assert (reading.faults, reading.nothing_found) == (1, 1)
    assert sources.read(FIXTURES / "bewoning.json").flags == {"overflow": 1}
    assert sources.read(FIXTURES / "signals.csv").municipality == "0917"
