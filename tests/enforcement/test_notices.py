"""The letter to the client: golden texts, plain words, and nothing about the arm before it may be known."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest
from sqlalchemy import select

from enforcement.cases import claim
from enforcement.database import writing
from enforcement.errors import ConflictError, FindingsError, ForbiddenError, NotFoundError
from enforcement.findings import approve, save_findings
from enforcement.holds import end_restriction, restrict
from enforcement.notices import Chosen, notice, written
from enforcement.policy import Policy
from enforcement.selection import RANDOM, RISK, SIGNAL
from enforcement.tables import Case, Inclusion
from enforcement.worklist import worklist
from tests.enforcement.province import ELSEWHERE, MANAGER, NOW, OFFICER, SECOND, candidates, drawn, findings, service

GOLDEN = Path(__file__).parent / "golden"
POLICY = Policy(yearly_capacity=480, phone="14 045", letters={"notice": "U kunt ook naar het spreekuur komen."})
REASONS = (
    {
        "topic": "income",
        "nl": "In een van de laatste 12 maanden staat €\xa0103,63 meer inkomen geregistreerd dan is opgegeven.",
        "en": "In one of the last 12 months €103.63 more income is registered than was declared.",
        "could_nl": "Het inkomen kan wel zijn opgegeven maar nog niet verwerkt.",
        "could_en": "The income may have been declared but not yet processed.",
        "direction": "up",
        "size": "large",
        "share": 1.0,
        "contribution": 9.8,
        "source": "GWS, UWV",
        "source_date": "2026-10-31",
    },
    {
        "topic": "residence",
        "nl": "De klant woont 6 jaar op hetzelfde adres.",
        "en": "The client has lived at the same address for 6 years.",
        "could_nl": "",
        "could_en": "",
        "direction": "down",
        "size": "small",
        "share": -0.1,
        "contribution": -0.4,
        "source": "BRP",
        "source_date": "2026-10-31",
    },
)
SOURCES = {"stays": {"source": "BRP", "known": "2026-10-31"}, "incomes": {"source": "UWV", "known": "2026-10-28"}}


def chosen(*arms: str, done: bool = True) -> Chosen:
    return Chosen(
        number="2026-004220",
        done=done,
        arms=arms,
        reasons=REASONS if done else (),
        composed=dt.date(2026, 11, 1),
        data_until=dt.date(2026, 10, 31),
        sources=SOURCES,
        policy=POLICY,
    )


CASES = {
    "busy": chosen(done=False),
    "random": chosen(RANDOM),
    "signal": chosen(SIGNAL),
    "risk": chosen(RISK),
    "random_and_risk": chosen(RANDOM, RISK),
}


@pytest.mark.parametrize("name", list(CASES))
def test_r4_the_letters_are_these_words(name: str) -> None:
    message = written(CASES[name]).message()
    text = f"{message['reference']}\n{message['subject']}\n\n{message['body']}\n"
    assert text == (GOLDEN / f"notice_{name}.txt").read_text(encoding="utf-8")


def test_r4_a_drawn_case_is_told_of_the_lot_and_of_no_criteria() -> None:
    dutch, english = (one.body for one in written(CASES["random"]).letters)
    assert "door loting" in dutch
    assert "by lot" in english
    assert "103,63" not in dutch
    assert "volgorde. Die van u" not in dutch


def test_r6_before_the_reviews_are_done_all_arms_have_one_letter() -> None:
    letters = {written(chosen(arm, done=False)).letters for arm in (RANDOM, SIGNAL, RISK)}
    assert len({tuple(one) for one in letters}) == 1


@pytest.mark.parametrize("name", list(CASES))
def test_r3_no_letter_accuses_or_gives_a_percentage(name: str) -> None:
    for letter in written(CASES[name]).letters:
        assert not re.search(r"%|fraud|verdacht|dader|suspect|risico|risk|score", letter.body, re.IGNORECASE)


@pytest.mark.parametrize("name", list(CASES))
def test_r4_the_dutch_is_plain(name: str) -> None:
    """B1 as measured by the guideline for government letters: sentences of about ten words, none above twenty."""
    dutch = written(CASES[name]).letters[0].body
    sentences = [one for one in re.split(r"[.?!:\n]", dutch) if one.strip()]
    lengths = [len(one.split()) for one in sentences]
    assert max(lengths) <= 20, max(sentences, key=lambda one: len(one.split()))
    assert sum(lengths) / len(lengths) <= 11
    assert not re.search(r"\b(derhalve|teneinde|middels|inzake|conform|dient te)\b", dutch)


@pytest.mark.parametrize("name", list(CASES))
def test_r30_every_letter_names_a_person_to_call_and_the_way_to_object(name: str) -> None:
    for letter in written(CASES[name]).letters:
        assert "14 045" in letter.body
        assert re.search(r"artikel 21 AVG|article 21 GDPR", letter.body)
        assert "2026-004220" in letter.body
    assert "spreekuur" in written(CASES[name]).letters[0].body


def test_a_message_is_plain_text_within_its_bounds() -> None:
    message = written(CASES["risk"]).message()
    assert set(message) == {"reference", "subject", "body"}
    assert len(message["subject"]) <= 80
    assert "<" not in message["body"]
    many = Chosen(**{**vars(CASES["risk"]), "reasons": REASONS * 60})
    with pytest.raises(ValueError, match="shorten"):
        written(many).message()


def test_r4_the_arm_is_told_when_the_reviews_are_done(tmp_path: Path) -> None:
    with writing(service(tmp_path)) as session:
        drawn(session, candidates(40))
        number = next(row.number for row in worklist(session, OFFICER, now=NOW).items if not row.blind)
        case = session.scalars(select(Case).where(Case.number == number)).one()
        session.get_one(Inclusion, (case.draw_id, case.id)).arms = RISK
        assert "Hoe kiezen wij?" in notice(session, OFFICER, number, NOW).letters[0].body
        saved = save_findings(session, OFFICER, number, findings(), claim(session, OFFICER, number, NOW).version, NOW)
        approve(session, SECOND, number, saved.version, NOW)
        told = notice(session, OFFICER, number, NOW).letters[0].body
        assert "Hoe hebben wij u gekozen?" in told
        assert "income nl" in told


def test_r19_a_restriction_postpones_the_letter_until_its_end(tmp_path: Path) -> None:
    with writing(service(tmp_path)) as session:
        drawn(session, candidates(40))
        case = session.scalars(select(Case).order_by(Case.position)).first()
        assert case is not None
        number, why = case.number, "De werkgever wordt volgende week gehoord."
        with pytest.raises(ForbiddenError):
            restrict(session, OFFICER, case.id, why, dt.date(2026, 12, 1), NOW)
        with pytest.raises(FindingsError):
            restrict(session, SECOND, case.id, "geheim", dt.date(2026, 12, 1), NOW)
        with pytest.raises(FindingsError):
            restrict(session, SECOND, case.id, why, dt.date(2027, 12, 1), NOW)
        first = restrict(session, SECOND, case.id, why, dt.date(2026, 12, 1), NOW)
        with pytest.raises(ConflictError, match="2026-12-01"):
            notice(session, OFFICER, number, NOW)
        assert notice(session, OFFICER, number, dt.datetime(2026, 12, 1, 9, tzinfo=dt.UTC))
        end_restriction(session, SECOND, first, NOW)
        assert notice(session, OFFICER, number, NOW)


def test_r17_no_letter_about_another_municipalitys_case(tmp_path: Path) -> None:
    with writing(service(tmp_path)) as session:
        drawn(session, candidates(40))
        number = session.scalars(select(Case.number)).first() or ""
        with pytest.raises(NotFoundError):
            notice(session, ELSEWHERE, number, NOW)
        with pytest.raises(ForbiddenError):
            notice(session, MANAGER, number, NOW)
