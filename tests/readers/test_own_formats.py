"""Rules for our own CSV: signals of the Inlichtingenbureau and outcomes of reviews."""

import datetime as dt
from pathlib import Path

import pytest

from features.records import Booking, Outcome, PartialDate, Signal
from pipelines.sources import bookings, outcomes, signals
from pipelines.sources.reading import RefusedError
from tests.readers.builders import ANNA, of_kind, written

SIGNALS = (
    "# weegschaal signals version=1\nbsn;product;start;end;issued;reference;amount_cents;state;account;withdrawn\n"
)
OUTCOMES = "# weegschaal outcomes version=1\ncase;selected;arm;probability;closed;approved;cause;effect;amount_cents\n"


def test_there_are_twelve_products_with_two_names_each() -> None:
    assert len(signals.PRODUCTS) == 12
    assert all(dutch and english for dutch, english in signals.PRODUCTS.values())


def test_a_signal(tmp_path: Path) -> None:
    row = f"{ANNA};assets;20241231;;2025-08-00;IB-1;-1250;open;NL02 ABNA 0123 4567 89;no\n"
    path = written(tmp_path, "ib.csv", SIGNALS.replace("version=1", "version=1 municipality=0917") + row)
    assert signals.recognises(path, path.read_bytes())
    reading = signals.read(path)
    (signal,) = of_kind(reading, Signal)
    assert reading.municipality == "0917"
    assert (signal.person, signal.product, signal.amount_cents) == (ANNA, "assets", -1250)
    assert signal.start == PartialDate.on(dt.date(2024, 12, 31))
    assert signal.issued == PartialDate(dt.date(2025, 8, 1), dt.date(2025, 8, 31))
    assert (signal.account, signal.state, signal.withdrawn) == ("NL02ABNA0123456789", "open", False)


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (";assets;20241231;;;;;;;", "bsn"),
        (f"{ANNA};lottery;20241231;;;;;;;", "product"),
        (f"{ANNA};assets;;;;;;;;", "start"),
        (f"{ANNA};assets;20241231;;;;12,50;;;", "amount_cents"),
        (f"{ANNA};assets;20241231;;;;;maybe;;", "state"),
        (f"{ANNA};assets;20241231;;;;;;1234;", "account"),
        (f"{ANNA};assets;20241231;;;;;;;perhaps", "withdrawn"),
        (f"{ANNA};assets", "row"),
        (f'{ANNA};"assets;20241231;;;;;;;', "row"),
    ],
)
def test_a_row_that_cannot_be_read_is_kept_apart_with_its_reason(tmp_path: Path, row: str, field: str) -> None:
    path = written(tmp_path, "ib.csv", SIGNALS + row + "\n" + f"{ANNA};vehicles;20240101;;;;;;;yes\n")
    reading = signals.read(path)
    assert [(row.at, row.field) for row in reading.quarantined] == [("row 3", field)]
    assert [signal.withdrawn for signal in of_kind(reading, Signal)] == [True]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (SIGNALS.replace("version=1", "version=2"), "version 2"),
        (SIGNALS.replace(";start", ""), "start"),
        (SIGNALS.replace("state", "stemming"), "stemming"),
        (SIGNALS.replace("end;", "bsn;"), "twice"),
        ("bsn;product\n", "first line"),
    ],
)
def test_another_version_or_header_is_refused_by_name(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(RefusedError, match=says):
        signals.read(written(tmp_path, "ib.csv", text))


def test_an_outcome(tmp_path: Path) -> None:
    row = "D-1;2025-01-06;random;0,025;2025-03-01;2025-03-08;municipal_error;up;4500\n"
    path = written(tmp_path, "uitkomsten.csv", OUTCOMES + row)
    assert outcomes.recognises(path, path.read_bytes())
    assert of_kind(outcomes.read(path), Outcome) == [
        Outcome(
            case="D-1",
            selected=dt.date(2025, 1, 6),
            arm="random",
            probability=0.025,
            closed=dt.date(2025, 3, 1),
            approved=dt.date(2025, 3, 8),
            cause="municipal_error",
            effect="up",
            amount_cents=4500,
        )
    ]


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (";2025-01-06;;;;;x;up;", "case"),
        ("D-1;2025-01-00;;;;;x;up;", "selected"),
        ("D-1;;;;;;x;up;", "selected"),
        ("D-1;2025-01-06;lucky;;;;x;up;", "arm"),
        ("D-1;2025-01-06;random,lucky;;;;x;up;", "arm"),
        ("D-1;2025-01-06;random,random;;;;x;up;", "arm"),
        ("D-1;2025-01-06;random,;;;;x;up;", "arm"),
        ("D-1;2025-01-06;;1.5;;;x;up;", "probability"),
        ("D-1;2025-01-06;;nan;;;x;up;", "probability"),
        ("D-1;2025-01-06;;;;;;up;", "cause"),
        ("D-1;2025-01-06;;;;;x;sideways;", "effect"),
        ("D-1;2025-01-06;;;;;x;up;-4500", "amount_cents"),
        ("D-1;2025-01-06;;;;;x;none;-1", "amount_cents"),
    ],
)
def test_an_outcome_that_cannot_be_read_is_kept_apart(tmp_path: Path, row: str, field: str) -> None:
    reading = outcomes.read(written(tmp_path, "uitkomsten.csv", OUTCOMES + row + "\n"))
    assert [row.field for row in reading.quarantined] == [field]
    assert not reading.records


@pytest.mark.parametrize("arms", ["random", "random,signal", "random, risk", ""])
def test_an_outcome_names_every_arm_it_was_chosen_for(tmp_path: Path, arms: str) -> None:
    """Of a drawn case with a signal only the lot would remain, and the lot would look as good as the signals."""
    row = f"D-1;2025-01-06;{arms};1;2025-03-01;2025-03-08;municipal_error;up;4500\n"
    (found,) = of_kind(outcomes.read(written(tmp_path, "uitkomsten.csv", OUTCOMES + row)), Outcome)
    assert found.arm == (arms.replace(" ", "") or None)


@pytest.mark.parametrize("written_as", ["-4500", "4500"])
def test_an_outcome_says_its_direction_once_whether_history_signed_the_amount_or_not(
    tmp_path: Path, written_as: str
) -> None:
    path = written(tmp_path, "u.csv", OUTCOMES + f"D-1;2025-01-06;risk;;;2025-03-08;x;down;{written_as}\n")
    [found] = of_kind(outcomes.read(path), Outcome)
    assert (found.effect, found.amount_cents) == ("down", 4500), "as the service itself writes it (findings.py)"


def test_an_outcome_nobody_approved_says_so(tmp_path: Path) -> None:
    path = written(tmp_path, "uitkomsten.csv", OUTCOMES + "D-1;2025-01-06;risk;;;;nothing_irregular;none;\n")
    assert of_kind(outcomes.read(path), Outcome)[0].flags == ("not_approved",)


BOOKINGS = "# weegschaal bookings version=1\ncase;selected;reference;kind;booked;amount_cents;withdrawn\n"


def test_a_booking(tmp_path: Path) -> None:
    path = written(tmp_path, "boekingen.csv", BOOKINGS + "D-1;2025-01-06;F-1;recovered;20250501;19500;\n")
    assert bookings.recognises(path, path.read_bytes())
    assert of_kind(bookings.read(path), Booking) == [
        Booking(
            case="D-1",
            selected=dt.date(2025, 1, 6),
            reference="F-1",
            kind="recovered",
            booked=dt.date(2025, 5, 1),
            amount_cents=19_500,
        )
    ]


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (";2025-01-06;F-1;claimed;2025-05-01;100;", "case"),
        ("D-1;;F-1;claimed;2025-05-01;100;", "selected"),
        ("D-1;2025-01-06;;claimed;2025-05-01;100;", "reference"),
        ("D-1;2025-01-06;F-1;hoped_for;2025-05-01;100;", "kind"),
        ("D-1;2025-01-06;F-1;claimed;2025-05-00;100;", "booked"),
        ("D-1;2025-01-06;F-1;claimed;2025-05-01;;", "amount_cents"),
        ("D-1;2025-01-06;F-1;claimed;2025-05-01;-100;", "amount_cents"),
    ],
)
def test_a_booking_that_cannot_be_read_is_kept_apart(tmp_path: Path, row: str, field: str) -> None:
    reading = bookings.read(written(tmp_path, "boekingen.csv", BOOKINGS + row + "\n"))
    assert [one.field for one in reading.quarantined] == [field]
    assert not reading.records


def test_the_time_a_review_took_is_no_less_than_nothing(tmp_path: Path) -> None:
    header = OUTCOMES.replace("amount_cents", "amount_cents;minutes")
    row = "D-1;2025-01-06;risk;;;;nothing_irregular;none;;{}\n"
    reading = outcomes.read(written(tmp_path, "u.csv", header + row.format(210) + row.format(-5)))
    assert [one.minutes for one in of_kind(reading, Outcome)] == [210]
    assert [one.field for one in reading.quarantined] == ["minutes"]
