"""Working on cases with colleagues: putting aside, handing over, cover, notes, documents, and steps that rise."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select, update

from enforcement import working_days
from enforcement.cases import State, claim, find, release
from enforcement.database import reading, writing
from enforcement.errors import ConflictError, FindingsError, ForbiddenError, NotFoundError, RefusedError
from enforcement.evidence import AlteredError, add_document, list_documents, open_document
from enforcement.findings import Effect, approve, approved_outcomes, overturn, save_findings
from enforcement.handover import assign, be_absent, hand_over, relieve
from enforcement.keys import Keys
from enforcement.notes import read_notes, write_note
from enforcement.proportion import RISING, Consent, Means, take_step
from enforcement.results import per_arm
from enforcement.saved_filters import drop_filter, keep_filter, kept_filters
from enforcement.tables import Case, Event, Evidence
from enforcement.team import team
from enforcement.waiting import WaitsFor, put_aside, take_up
from enforcement.worklist import Filters, worklist
from tests.enforcement.province import (
    ELSEWHERE,
    HEERLEN,
    MANAGER,
    NOW,
    OFFICER,
    SECOND,
    candidates,
    drawn,
    findings,
    policy,
    service,
)  # fmt: skip

KEYS = Keys(b"m" * 32, b"l" * 32, b"s" * 32)
PDF = b"%PDF-1.7 a rental contract"
TODAY = NOW.date()
DAY = dt.timedelta(days=1)
GROUND = "De buren meldden niets, maar de meterstanden van twee woningen zijn alleen ter plaatse te vergelijken."


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    engine = service(tmp_path)
    with writing(engine) as session:
        drawn(session, candidates(300, signals=20))
    return engine


def numbers(engine: Engine, how_many: int) -> list[str]:
    with reading(engine) as session:
        return [row.number for row in worklist(session, OFFICER, now=NOW).items if not row.blind][:how_many]


@settings(deadline=None)
@given(st.dates(dt.date(2024, 1, 1), dt.date(2030, 12, 31)), st.integers(1, 60))
def test_a_term_of_working_days_counts_back_to_its_beginning(day: dt.date, term: int) -> None:
    due = working_days.after(day, term)
    assert working_days.is_working_day(due)
    assert working_days.between(day, due) == term
    assert working_days.end_of_term(due) == due


def test_a_case_put_aside_stays_with_its_reviewer_until_the_day(engine: Engine) -> None:
    (number,) = numbers(engine, 1)
    with writing(engine) as session:
        version = claim(session, OFFICER, number, NOW).version
        version = put_aside(session, OFFICER, number, version, TODAY + 20 * DAY, WaitsFor.CLIENT, NOW)
        with pytest.raises(ConflictError, match="colleague"):
            claim(session, SECOND, number, NOW + 15 * DAY)
        version = take_up(session, OFFICER, number, version, NOW + 3 * DAY)
        assert find(session, OFFICER, number).waits_until is None
        with pytest.raises(ConflictError, match="not waiting"):
            take_up(session, OFFICER, number, version, NOW + 3 * DAY)


def test_r05_no_case_waits_beyond_its_period_whatever_its_arm(engine: Engine) -> None:
    for number in numbers(engine, 12):
        with writing(engine) as session:
            version = claim(session, OFFICER, number, NOW).version
            due = find(session, OFFICER, number).due
            with pytest.raises(RefusedError, match="cannot wait longer"):
                put_aside(session, OFFICER, number, version, due + DAY, WaitsFor.SOURCE, NOW)
            put_aside(session, OFFICER, number, version, due, WaitsFor.SOURCE, NOW)


def test_a_case_is_handed_to_an_officer_of_the_municipality_only(engine: Engine) -> None:
    (number,) = numbers(engine, 1)
    with writing(engine) as session:
        version = claim(session, OFFICER, number, NOW).version
        for other in (MANAGER.user, ELSEWHERE.user, "nobody"):
            with pytest.raises(ForbiddenError):
                hand_over(session, OFFICER, number, version, other, NOW)
        version = hand_over(session, OFFICER, number, version, SECOND.user, NOW)
        with pytest.raises(ConflictError):
            release(session, OFFICER, number, version, NOW)
        release(session, SECOND, number, version, NOW)


def test_bulk_assignment_gives_work_and_skips_what_is_taken(engine: Engine) -> None:
    three = numbers(engine, 3)
    with writing(engine) as session:
        claim(session, SECOND, three[1], NOW)
        with pytest.raises(ForbiddenError):
            assign(session, OFFICER, three, OFFICER.user, NOW)
        done = assign(session, SECOND, [*three, "2026-999999"], OFFICER.user, NOW)
    assert [one.version is not None for one in done] == [True, False, True, False]
    assert all(one.why for one in done if one.version is None)


def test_who_is_away_has_nothing_in_hand(engine: Engine) -> None:
    two = numbers(engine, 2)
    with writing(engine) as session:
        for number in two:
            claim(session, OFFICER, number, NOW)
        be_absent(session, OFFICER, OFFICER.user, TODAY, TODAY + 9 * DAY, SECOND.user, NOW)
        assert {find(session, SECOND, number).claimed_by for number in two} == {SECOND.user}
        assert relieve(session, HEERLEN, NOW) == 0
        with pytest.raises(ConflictError, match="away"):
            hand_over(session, SECOND, two[0], find(session, SECOND, two[0]).version, OFFICER.user, NOW)
        be_absent(session, SECOND, SECOND.user, TODAY, TODAY, None, NOW)
        assert {find(session, SECOND, number).state for number in two} == {State.OPEN}
        with pytest.raises(ForbiddenError):
            be_absent(session, OFFICER, SECOND.user, TODAY, TODAY, None, NOW)


def test_the_team_shows_load_and_deadlines_and_nothing_found(engine: Engine) -> None:
    first, second = numbers(engine, 2)
    with writing(engine) as session:
        version = claim(session, OFFICER, first, NOW).version
        claim(session, OFFICER, second, NOW)
        put_aside(session, OFFICER, first, version, TODAY + 3 * DAY, WaitsFor.CLIENT, NOW)
        with pytest.raises(ForbiddenError):
            team(session, OFFICER, NOW)
        mine = next(one for one in team(session, SECOND, NOW) if one.user == OFFICER.user)
        late = next(one for one in team(session, SECOND, NOW + 60 * DAY) if one.user == OFFICER.user)
    assert (mine.in_hand, mine.waiting, mine.overdue) == (2, 1, 0)
    assert (late.waiting, late.overdue) == (0, 2)


def test_notes_are_logged_without_their_words(engine: Engine) -> None:
    (number,) = numbers(engine, 1)
    with writing(engine) as session:
        claim(session, OFFICER, number, NOW)
        write_note(session, OFFICER, number, "Mevrouw belt vrijdag terug.", NOW)
        with pytest.raises(ConflictError):
            write_note(session, SECOND, number, "Van een ander.", NOW)
        (note,) = read_notes(session, SECOND, number, NOW)
        assert (note.text, note.own) == ("Mevrouw belt vrijdag terug.", False)
        bodies = list(session.scalars(select(Event.body).where(Event.object == f"case:{number}")))
    assert [json.loads(body)["action"] for body in bodies][-2:] == ["note_written", "notes_read"]
    assert not any("Mevrouw" in body for body in bodies)


def test_r06_a_second_reviewer_reads_no_notes_or_documents_of_the_first(tmp_path: Path) -> None:
    engine = service(tmp_path)
    with writing(engine) as session:
        drawn(session, candidates(300), chosen=policy(blind_percent=100))
        number = session.scalars(select(Case.number).where(Case.double).order_by(Case.number)).first()
        assert number is not None
        version = claim(session, OFFICER, number, NOW).version
        write_note(session, OFFICER, number, "De loonstrook klopt niet.", NOW)
        document = add_document(session, OFFICER, KEYS, number, "strook.pdf", PDF, NOW)
        take_step(session, OFFICER, number, Means.DESK_CHECK, NOW)
        save_findings(session, OFFICER, number, findings(), version, NOW)
        version = claim(session, SECOND, number, NOW).version
        assert read_notes(session, SECOND, number, NOW) == ()
        assert list_documents(session, SECOND, number, NOW) == ()
        with pytest.raises(NotFoundError):
            open_document(session, SECOND, KEYS, number, document.id, NOW)
        assert len(take_step(session, SECOND, number, Means.DESK_CHECK, NOW)) == 1
        save_findings(session, SECOND, number, findings(), version, NOW)
        assert len(read_notes(session, SECOND, number, NOW)) == 1


@pytest.mark.parametrize("column", ["sealed", "sha256", "id"])
def test_an_altered_document_is_noticed(engine: Engine, column: str) -> None:
    (number,) = numbers(engine, 1)
    with writing(engine) as session:
        claim(session, OFFICER, number, NOW)
        added = add_document(session, OFFICER, KEYS, number, "../../etc/huur<contract>.pdf", PDF, NOW)
        assert added.name == "huur_contract_.pdf"
        assert open_document(session, OFFICER, KEYS, number, added.id, NOW)[1] == PDF
        stored = session.get_one(Evidence, added.id).sealed
        assert PDF not in stored
        changed = {"sealed": stored[:-1] + bytes([stored[-1] ^ 1]), "sha256": "0" * 64, "id": "f" * 32}[column]
        session.execute(update(Evidence).values({column: changed}))
        session.expire_all()
        which = "f" * 32 if column == "id" else added.id
        with pytest.raises(AlteredError):
            open_document(session, OFFICER, KEYS, number, which, NOW)


@pytest.mark.parametrize("content", [b"", b"MZ\x90", b"<script>", b"%PDF-" + bytes(10 * 2**20)])
def test_a_document_is_a_pdf_or_picture_of_reasonable_size(engine: Engine, content: bytes) -> None:
    (number,) = numbers(engine, 1)
    with writing(engine) as session:
        claim(session, OFFICER, number, NOW)
        with pytest.raises(RefusedError):
            add_document(session, OFFICER, KEYS, number, "x.pdf", content, NOW)


def test_r35_steps_rise_one_at_a_time(engine: Engine) -> None:
    (number,) = numbers(engine, 1)
    with writing(engine) as session:
        claim(session, OFFICER, number, NOW)
        for place, means in enumerate(RISING):
            for later in (*RISING[place + 1 :], Means.HOME_VISIT):
                with pytest.raises(ConflictError, match="lighter step"):
                    take_step(session, OFFICER, number, later, NOW, ground=GROUND, consent=Consent.GIVEN)
            take_step(session, OFFICER, number, means, NOW + place * DAY)
        taken = take_step(
            session, OFFICER, number, Means.HOME_VISIT, NOW + 5 * DAY, ground=GROUND, consent=Consent.GIVEN
        )
    assert [one.means for one in taken] == list(Means)


def test_r35_a_home_visit_needs_a_ground_of_its_own_and_consent(engine: Engine) -> None:
    (number,) = numbers(engine, 1)
    visit = Means.HOME_VISIT
    with writing(engine) as session:
        claim(session, OFFICER, number, NOW)
        for means in RISING:
            take_step(session, OFFICER, number, means, NOW)
        with pytest.raises(FindingsError) as no_consent:
            take_step(session, OFFICER, number, visit, NOW, ground=GROUND)
        with pytest.raises(FindingsError) as no_ground:
            take_step(session, OFFICER, number, visit, NOW, consent=Consent.GIVEN)
        with pytest.raises(FindingsError) as the_place:
            take_step(
                session, OFFICER, number, visit, NOW, ground="Staat hoog op de lijst, plaats 3", consent=Consent.GIVEN
            )
        assert [one.value.field for one in (no_consent, no_ground, the_place)] == ["consent", "ground", "ground"]
        refused = take_step(session, OFFICER, number, visit, NOW, consent=Consent.REFUSED)[-1]
        assert not refused.consequence
        state = find(session, OFFICER, number).state
        grounded = take_step(session, OFFICER, number, visit, NOW, ground=GROUND, consent=Consent.REFUSED)[-1]
        assert grounded.consequence
        assert find(session, OFFICER, number).state == state


def test_an_overturned_outcome_reaches_results_and_labels(engine: Engine) -> None:
    (number,) = numbers(engine, 1)
    with writing(engine) as session:
        version = claim(session, OFFICER, number, NOW).version
        saved = save_findings(session, OFFICER, number, findings(effect=Effect.DOWN), version, NOW)
        with pytest.raises(ConflictError):
            overturn(session, SECOND, number, saved.finding, "Bezwaar gegrond, besluit 12", NOW)
        approve(session, SECOND, number, saved.version, NOW)
        assert per_arm(session, MANAGER)["all"].changed == 1
        with pytest.raises(ForbiddenError):
            overturn(session, OFFICER, number, saved.finding, "Bezwaar gegrond, besluit 12", NOW)
        later = NOW + 90 * DAY
        overturn(session, SECOND, number, saved.finding, "Bezwaar gegrond, besluit 12", later)
        counts = per_arm(session, MANAGER)["all"]
        assert (counts.changed, counts.unchanged, counts.overturned, counts.down_cents) == (0, 1, 1, 0)
        (outcome,) = approved_outcomes(session, HEERLEN, later, str)
        assert outcome["overturned"] is True
        with pytest.raises(ConflictError):
            overturn(session, SECOND, number, saved.finding, "Bezwaar gegrond, besluit 12", later)


def test_a_filter_is_kept_by_name_for_its_owner(engine: Engine) -> None:
    waiting = Filters(frozenset({State.FINDINGS}))
    with writing(engine) as session:
        keep_filter(session, OFFICER, "  te  beoordelen ", Filters(mine=True), NOW)
        keep_filter(session, OFFICER, "te beoordelen", waiting, NOW)
        assert [(one.name, one.filters) for one in kept_filters(session, OFFICER)] == [("te beoordelen", waiting)]
        assert kept_filters(session, SECOND) == ()
        assert kept_filters(session, replace(OFFICER, municipality="0935")) == ()
        drop_filter(session, SECOND, "te beoordelen")
        assert len(kept_filters(session, OFFICER)) == 1
        drop_filter(session, OFFICER, "te beoordelen")
        assert kept_filters(session, OFFICER) == ()
