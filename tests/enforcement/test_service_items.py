"""Working on the service list: taking, noting, a second look, and nothing of it turned against the client (R2, R34)."""

from __future__ import annotations

import ast
import datetime as dt
import itertools
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select, update

import enforcement
from enforcement import rights_report
from enforcement.access import Purpose
from enforcement.attached import ITEMS
from enforcement.cases import last_reviews, open_cases
from enforcement.contest import disputed_cases
from enforcement.database import reading, writing
from enforcement.errors import (
    ConflictError,
    FindingsError,
    ForbiddenError,
    NotFoundError,
    RefusedError,
    StaleError,
)
from enforcement.evidence import add_document, list_documents, open_document
from enforcement.findings import approved_outcomes
from enforcement.handover import be_absent, relieve
from enforcement.keys import Keys
from enforcement.notes import read_notes, write_note
from enforcement.odd_reads import Why, odd_reads
from enforcement.retention import Rule, forget_item, forget_unselected
from enforcement.service_findings import approve_outcome, return_outcome, save_outcome
from enforcement.service_items import (
    ITEM_STEPS,
    ItemState,
    ItemStep,
    assign_items,
    claim_item,
    claim_next_item,
    find_item,
    hand_over_item,
    note_item,
    release_item,
    step_to,
)
from enforcement.service_keeping import Listed, at_rest, keep_list, listed_on
from enforcement.service_outcomes import DONE_WORDS, FOUND_WORDS, GOES_WITH, Done, Found, ServiceOutcome
from enforcement.service_reading import item_list, item_view, my_items
from enforcement.service_results import service_yield, yield_for
from enforcement.tables import CaseNote, Event, Evidence, ServiceItem, ServiceRound
from enforcement.taking import LEASE
from enforcement.team import team
from enforcement.tips import waiting_tips
from enforcement.waiting import WaitsFor, put_aside, take_up
from tests.enforcement.province import (
    AS_OF,
    COMPLIANCE,
    ELSEWHERE,
    HEERLEN,
    MAASTRICHT,
    MANAGER,
    NOW,
    OFFICER,
    SCIENTIST,
    SECOND,
    service,
)

REASONING = "Het loon stopte in maart; de verrekening liep door tot juli en is nu door de administratie nabetaald."
DUE = dt.date(2026, 11, 30)
ROOT = Path(enforcement.__file__).resolve().parents[1]


def why(**chosen: Any) -> dict[str, Any]:
    plain = {"feature": "short_months_12m", "topic": "benefit", "nl": "Zin.", "en": "Sentence.", "could_nl": "Anders.",
             "could_en": "Else.", "value": 3.0, "unit": "months", "law_nl": "artikel 19", "law_en": "19",
             "source": "GWS", "source_date": "2026-10-31"}  # fmt: skip
    return plain | chosen


def keep(engine: Engine, cases: range, as_of: dt.date = AS_OF, town: str = HEERLEN, now: dt.datetime = NOW) -> int:
    listed = [
        Listed(case, "right_unused" if case % 4 == 0 else "paid_short", (why(),), (case + 500,)) for case in cases
    ]
    with writing(engine) as session:
        return keep_list(session, town, as_of, listed, as_of + (DUE - AS_OF), now, {"listed": len(listed)})


def outcome(**chosen: Any) -> ServiceOutcome:
    plain: dict[str, Any] = {
        "found": Found.PAID_TOO_LITTLE,
        "done": Done.PAID_BACK,
        "amount_cents": 43_250,
        "reasoning": REASONING,
    }
    return ServiceOutcome(**(plain | chosen))


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """A service with eight items in Heerlen and three in Maastricht."""
    engine = service(tmp_path)
    keep(engine, range(1, 9))
    keep(engine, range(101, 104), town=MAASTRICHT)
    return engine


def first(engine: Engine) -> str:
    with reading(engine) as session:
        return session.scalars(select(ServiceItem.number).order_by(ServiceItem.number)).first() or ""


def close(engine: Engine, number: str, done: ServiceOutcome | None = None, now: dt.datetime = NOW) -> None:
    """The whole way of an item: claimed, noted, approved by a second person."""
    with writing(engine) as session:
        taken = claim_item(session, OFFICER, number, now)
        saved = save_outcome(session, OFFICER, number, done or outcome(), taken.version, now)
        approve_outcome(session, SECOND, number, saved.version, now)


def test_an_item_is_worked_from_the_list_to_an_approved_outcome(engine: Engine) -> None:
    with writing(engine) as session:
        page = item_list(session, OFFICER, NOW)
        assert [one.position for one in page.items] == list(range(1, 9))
        taken = claim_next_item(session, OFFICER, NOW)
        assert taken is not None
        assert taken.number == page.items[0].number
        saved = save_outcome(session, OFFICER, taken.number, outcome(), taken.version, NOW)
        seen = item_view(session, SECOND, taken.number, NOW)
        assert seen.noted is not None
        assert (seen.state, seen.noted.found, seen.noted.by) == (
            ItemState.FINDINGS,
            Found.PAID_TOO_LITTLE,
            "Medewerker Heerlen",
        )
        assert seen.steps == {ItemStep.APPROVE, ItemStep.RETURN}
        closed = approve_outcome(session, SECOND, taken.number, saved.version, NOW)
        assert closed.state == ItemState.CLOSED
        assert [one.number for one in item_list(session, OFFICER, NOW).items] == [one.number for one in page.items[1:]]


def test_every_step_of_an_item_stands_in_one_table() -> None:
    for state, step in itertools.product(ItemState, ItemStep):
        if (state, step) in ITEM_STEPS:
            assert step_to(state, step) == ITEM_STEPS[state, step]
        else:
            with pytest.raises(ConflictError):
                step_to(state, step)


def test_an_item_put_aside_stays_with_who_has_it_until_the_day(engine: Engine) -> None:
    number, day = first(engine), dt.timedelta(days=1)
    with writing(engine) as session:
        version = claim_item(session, OFFICER, number, NOW).version
        for wrong in (NOW.date(), DUE + day):
            with pytest.raises(RefusedError, match="cannot wait longer"):
                put_aside(session, OFFICER, number, version, wrong, WaitsFor.SOURCE, NOW, ITEMS)
        with pytest.raises(ConflictError, match="not waiting"):
            take_up(session, OFFICER, number, version, NOW, ITEMS)
        with pytest.raises(StaleError):
            put_aside(session, OFFICER, number, version - 1, DUE, WaitsFor.SOURCE, NOW, ITEMS)
        with pytest.raises(ConflictError, match="colleague"):
            put_aside(session, SECOND, number, version, DUE, WaitsFor.SOURCE, NOW, ITEMS)
        with pytest.raises(ForbiddenError):
            put_aside(session, MANAGER, number, version, DUE, WaitsFor.SOURCE, NOW, ITEMS)
        version = put_aside(session, OFFICER, number, version, DUE, WaitsFor.CLIENT, NOW, ITEMS)
    with writing(engine) as session:
        with pytest.raises(ConflictError, match="colleague"):
            claim_item(session, SECOND, number, NOW + LEASE + day)
        seen, own = item_view(session, OFFICER, number, NOW), my_items(session, OFFICER, NOW, 10)
        assert (seen.state, seen.waits_until, seen.waits_for) == (ItemState.CLAIMED, DUE, "client")
        assert ItemStep.TAKE_UP in seen.steps
        assert ItemStep.PUT_ASIDE not in seen.steps
        assert ([one.number for one in own.aside], own.in_hand) == ([number], ())
        assert [one.number for one in item_list(session, SECOND, NOW, waiting=True).items] == [number]
        assert [one.waiting for one in team(session, SECOND, NOW) if one.user == OFFICER.user] == [1]
        keep_list(session, HEERLEN, AS_OF + 31 * day, (), DUE, NOW, {})
        assert find_item(session, OFFICER, number).state == ItemState.CLAIMED, "the next list leaves it where it is"
        version = take_up(session, OFFICER, number, version, NOW, ITEMS)
        assert find_item(session, OFFICER, number).waits_until is None
        assert item_list(session, SECOND, NOW, waiting=True).items == ()
        save_outcome(session, OFFICER, number, outcome(), version, NOW)
        logged = [json.loads(one) for one in session.scalars(select(Event.body))]
    told = {one["action"]: one for one in logged if one["object"] == f"service:{number}"}
    assert told["service_item_put_aside"]["details"] == {"until": DUE.isoformat(), "for": "client"}
    assert told["service_item_taken_up"]["purpose"] == Purpose.SERVICE.value


def test_what_waits_with_somebody_who_is_away_waits_no_longer(engine: Engine) -> None:
    number = first(engine)
    with writing(engine) as session:
        version = claim_item(session, OFFICER, number, NOW).version
        put_aside(session, OFFICER, number, version, DUE, WaitsFor.CLIENT, NOW, ITEMS)
        be_absent(session, OFFICER, OFFICER.user, NOW.date(), DUE, SECOND.user, NOW)
        moved = find_item(session, SECOND, number)
        assert (moved.claimed_by, moved.waits_until, moved.waits_for) == (SECOND.user, None, None)


def test_two_people_never_get_one_item(engine: Engine) -> None:
    def take(viewer: Any) -> list[str]:
        got = []
        for _ in range(6):
            with writing(engine) as session:
                if (taken := claim_next_item(session, viewer, NOW)) is not None:
                    got.append(taken.number)
        return got

    with ThreadPoolExecutor(2) as pool:
        one, two = pool.map(take, (OFFICER, SECOND))
    assert not set(one) & set(two)
    assert len(one) + len(two) == 8


def test_a_claim_that_ran_out_may_be_taken_by_a_colleague_and_not_before(engine: Engine) -> None:
    number = first(engine)
    with writing(engine) as session:
        claim_item(session, OFFICER, number, NOW)
        with pytest.raises(ConflictError, match="colleague"):
            claim_item(session, SECOND, number, NOW)
        later = NOW + LEASE + dt.timedelta(minutes=1)
        assert item_view(session, SECOND, number, later).state == ItemState.OPEN
        claim_item(session, SECOND, number, later)


def test_a_change_on_an_old_version_is_refused_and_nothing_is_lost(engine: Engine) -> None:
    number = first(engine)
    with writing(engine) as session:
        taken = claim_item(session, OFFICER, number, NOW)
        with pytest.raises(StaleError):
            release_item(session, OFFICER, number, taken.version - 1, NOW)
        with pytest.raises(StaleError):
            save_outcome(session, OFFICER, number, outcome(), taken.version - 1, NOW)
        assert release_item(session, OFFICER, number, taken.version, NOW).state == ItemState.OPEN


def test_r02_a_second_person_approves_whatever_the_role_and_may_send_back(engine: Engine) -> None:
    number = first(engine)
    with writing(engine) as session:
        taken = claim_item(session, SECOND, number, NOW)
        saved = save_outcome(session, SECOND, number, outcome(), taken.version, NOW)
        with pytest.raises(ForbiddenError, match="second person"):
            approve_outcome(session, SECOND, number, saved.version, NOW)
        with pytest.raises(FindingsError):
            return_outcome(session, OFFICER, number, saved.version, "nee", NOW)
        back = return_outcome(session, OFFICER, number, saved.version, "De betaaldatum ontbreekt nog.", NOW)
        seen = item_view(session, SECOND, number, NOW)
        assert (back.state, seen.mine) == (ItemState.CLAIMED, True)
        assert seen.noted is not None
        assert seen.noted.remark == "De betaaldatum ontbreekt nog."
    with reading(engine) as session:
        assert service_yield(session, HEERLEN).known == 0, "nothing counts before it is approved"


def test_r02_what_was_sent_back_stays_as_it_was_written_with_the_words_of_the_second_person(engine: Engine) -> None:
    number = first(engine)
    words = ["De betaaldatum ontbreekt nog.", "Noem ook het bedrag per maand."]
    with writing(engine) as session:
        version = claim_item(session, OFFICER, number, NOW).version
        for at, remark in enumerate(words, 1):
            later = NOW + dt.timedelta(hours=at)
            given = outcome(amount_cents=1000 * at, reasoning=f"{REASONING} Versie {at}.")
            saved = save_outcome(session, OFFICER, number, given, version, later)
            version = return_outcome(session, SECOND, number, saved.version, remark, later).version
        saved = save_outcome(session, OFFICER, number, outcome(), version, NOW + dt.timedelta(hours=3))
        approve_outcome(session, SECOND, number, saved.version, NOW + dt.timedelta(hours=4))
        seen = item_view(session, SECOND, number, NOW + dt.timedelta(hours=5))
    assert [(one.remark, one.amount_cents, one.reasoning[-9:]) for one in seen.earlier] == [
        (words[0], 1000, "Versie 1."),
        (words[1], 2000, "Versie 2."),
    ]
    assert [one.approver for one in seen.earlier] == ["Tweede medewerker Heerlen"] * 2
    assert seen.noted is not None
    assert (seen.noted.amount_cents, seen.noted.remark, seen.noted.approved_at is None) == (43_250, None, False)
    with reading(engine) as session:
        assert service_yield(session, HEERLEN).paid_cents == 43_250, "an earlier round counts nowhere"


def test_an_item_has_notes_and_documents_as_a_case_has(engine: Engine, tmp_path: Path) -> None:
    number, keys = first(engine), Keys.read(tmp_path / "keys.json")
    pdf = b"%PDF-1.7 een brief"
    with writing(engine) as session:
        claim_item(session, SECOND, number, NOW)
        with pytest.raises(ConflictError, match="colleague"):
            write_note(session, OFFICER, number, "Niet van mij.", NOW, ITEMS)
        write_note(session, SECOND, number, "De administratie rekent het na.", NOW, ITEMS)
        kept = add_document(session, SECOND, keys, number, "brief.pdf", pdf, NOW, ITEMS)
        assert [one.text for one in read_notes(session, OFFICER, number, NOW, ITEMS)] == [
            "De administratie rekent het na."
        ], "nothing on this list is hidden from a colleague"
        assert [one.sha256 for one in list_documents(session, OFFICER, number, NOW, ITEMS)] == [kept.sha256]
        assert open_document(session, OFFICER, keys, number, kept.id, NOW, ITEMS)[1] == pdf
        other = item_list(session, OFFICER, NOW).items[-1].number
        with pytest.raises(NotFoundError):
            open_document(session, OFFICER, keys, other, kept.id, NOW, ITEMS)
        told = rights_report.told(session, HEERLEN, [find_item(session, OFFICER, number).case_id], NOW, keys)
    [item] = told["service_list"]
    assert [one["text"] for one in item["notes"]] == ["De administratie rekent het na."]
    assert [one["name"] for one in item["documents"]] == ["brief.pdf"]
    assert told["reviews"]["notes"] == told["reviews"]["documents"] == []


def test_r21_what_was_written_about_an_item_goes_with_it(engine: Engine, tmp_path: Path) -> None:
    number, keys = first(engine), Keys.read(tmp_path / "keys.json")
    with writing(engine) as session:
        version = claim_item(session, OFFICER, number, NOW).version
        write_note(session, OFFICER, number, "De administratie rekent het na.", NOW, ITEMS)
        add_document(session, OFFICER, keys, number, "brief.pdf", b"%PDF-1.7", NOW, ITEMS)
        saved = save_outcome(session, OFFICER, number, outcome(), version, NOW)
        version = return_outcome(session, SECOND, number, saved.version, "De betaaldatum ontbreekt.", NOW).version
        save_outcome(session, OFFICER, number, outcome(), version, NOW)
        case = find_item(session, OFFICER, number).case_id
        held = (CaseNote, Evidence, ServiceRound)
        assert [session.scalar(select(func.count()).select_from(table)) for table in held] == [1, 1, 1]
        forget_item(session, HEERLEN, case, AS_OF)
        assert [session.scalar(select(func.count()).select_from(table)) for table in held] == [0, 0, 0]


def test_an_item_is_handed_over_by_who_has_it_and_to_who_is_there(engine: Engine) -> None:
    number = first(engine)
    with writing(engine) as session:
        taken = claim_item(session, OFFICER, number, NOW)
        with pytest.raises(ForbiddenError):
            hand_over_item(session, OFFICER, number, taken.version, "manager.heerlen", NOW)
        given = hand_over_item(session, OFFICER, number, taken.version, "second.heerlen", NOW)
        assert my_items(session, OFFICER, NOW, 50).in_hand == ()
        assert [one.number for one in my_items(session, SECOND, NOW, 50).in_hand] == [number]
        with pytest.raises(ConflictError, match="colleague"):
            hand_over_item(session, OFFICER, number, given.version, "officer.heerlen", NOW)


def test_what_somebody_has_to_do_on_the_list_is_theirs_and_in_the_load_of_the_team(engine: Engine) -> None:
    with writing(engine) as session:
        taken = claim_next_item(session, OFFICER, NOW)
        assert taken is not None
        mine = my_items(session, OFFICER, NOW, 50)
        assert [one.number for one in mine.in_hand] == [taken.number]
        load = {one.user: one for one in team(session, SECOND, NOW)}
        assert (load["officer.heerlen"].items, load["officer.heerlen"].in_hand) == (1, 0)
        assert load["officer.heerlen"].next_due == DUE
        assert load["second.heerlen"].items == 0
        late = {one.user: one.overdue for one in team(session, SECOND, NOW + dt.timedelta(days=60))}
        assert late["officer.heerlen"] == 1
        saved = save_outcome(session, OFFICER, taken.number, outcome(), taken.version, NOW)
        assert [one.number for one in my_items(session, OFFICER, NOW, 50).waiting] == [taken.number]
        assert my_items(session, OFFICER, NOW, 50).to_judge == (), "never one's own"
        assert [one.number for one in my_items(session, SECOND, NOW, 50).to_judge] == [taken.number]
        approve_outcome(session, SECOND, taken.number, saved.version, NOW)
        assert [one.number for one in my_items(session, OFFICER, NOW, 50).closed] == [taken.number]
        later = NOW + LEASE + dt.timedelta(minutes=1)
        claim_next_item(session, OFFICER, NOW)
        assert my_items(session, OFFICER, later, 50).in_hand == (), "a lease that ran out is nobody's"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"reasoning": "Kort."}, "reasoning"),
        ({"reasoning": "Staat hoog op de lijst, plaats 3, en dat is de reden van deze lijst."}, "reasoning"),
        ({"amount_cents": None}, "amount_cents"),
        ({"amount_cents": -5}, "amount_cents"),
        ({"done": Done.PASSED_ON}, "amount_cents"),
        ({"done": Done.NOTHING, "amount_cents": None}, "done"),
        ({"found": Found.NOTHING_MISSING}, "done"),
        ({"found": Found.UNREACHABLE, "done": Done.GRANTED}, "done"),
    ],
)
def test_an_outcome_that_does_not_hold_together_is_refused_and_nothing_kept(
    engine: Engine, changed: dict[str, Any], field: str
) -> None:
    number = first(engine)
    with writing(engine) as session:
        taken = claim_item(session, OFFICER, number, NOW)
        with pytest.raises(FindingsError) as refused:
            save_outcome(session, OFFICER, number, outcome(**changed), taken.version, NOW)
        assert refused.value.field == field
        assert item_view(session, OFFICER, number, NOW).noted is None


def test_r34_no_outcome_is_to_the_clients_disadvantage_and_the_one_that_asks_nothing_comes_first() -> None:
    assert next(iter(Found)) == Found.NOTHING_MISSING
    assert set(GOES_WITH) == set(Found) == set(FOUND_WORDS)
    assert set().union(*GOES_WITH.values()) == set(Done) == set(DONE_WORDS)
    said = " ".join(word for pair in (*FOUND_WORDS.values(), *DONE_WORDS.values()) for word in pair).lower()
    assert not [word for word in ("terugvorder", "reclaim", "te veel", "too much", "breach", "plicht") if word in said]


def test_r02_items_are_given_to_a_colleague_in_bulk_and_outcomes_are_not(engine: Engine) -> None:
    with writing(engine) as session:
        numbers = [one.number for one in item_list(session, SECOND, NOW).items]
        claim_item(session, OFFICER, numbers[0], NOW)
        done = assign_items(session, SECOND, [*numbers[:3], "D2026-999999"], "officer.heerlen", NOW)
        assert [one.version is not None for one in done] == [False, True, True, False]
        with pytest.raises(ForbiddenError):
            assign_items(session, OFFICER, numbers, "second.heerlen", NOW)
        assert [one.version for one in assign_items(session, SECOND, numbers[4:5], "manager.heerlen", NOW)] == [None]


@pytest.mark.parametrize(("deputy", "state"), [("second.heerlen", "claimed"), (None, "open")])
def test_what_an_absent_colleague_has_in_hand_goes_to_the_deputy_or_back_to_the_list(
    engine: Engine, deputy: str | None, state: str
) -> None:
    number = first(engine)
    with writing(engine) as session:
        claim_item(session, OFFICER, number, NOW)
        be_absent(session, OFFICER, "officer.heerlen", NOW.date(), NOW.date(), deputy, NOW)
        assert relieve(session, HEERLEN, NOW) == 0, "at once, with the cases"
        item = find_item(session, OFFICER, number)
        assert (item.state, item.claimed_by) == (state, deputy)


def test_r17_another_municipalitys_item_is_not_there(engine: Engine) -> None:
    with writing(engine) as session:
        here = {one.number for one in item_list(session, OFFICER, NOW).items}
        there = {one.number for one in item_list(session, ELSEWHERE, NOW).items}
        assert (len(here), len(there)) == (8, 3)
        only_here = sorted(here - there)[0]
        for act in (item_view, claim_item):
            with pytest.raises(NotFoundError):
                act(session, ELSEWHERE, only_here, NOW)


@pytest.mark.parametrize("viewer", [COMPLIANCE, MANAGER, SCIENTIST])
def test_r36_the_list_is_for_who_does_case_work(engine: Engine, viewer: Any) -> None:
    with writing(engine) as session:
        with pytest.raises(ForbiddenError):
            item_list(session, viewer, NOW)
        with pytest.raises(ForbiddenError):
            claim_next_item(session, viewer, NOW)
        with pytest.raises(ForbiddenError):
            item_view(session, viewer, first(engine), NOW)


def test_r14_every_look_and_step_is_in_the_log_with_its_own_purpose(engine: Engine) -> None:
    number = first(engine)
    with writing(engine) as session:
        item_list(session, OFFICER, NOW)
        item_view(session, OFFICER, number, NOW)
    close(engine, number)
    with reading(engine) as session:
        mine = [json.loads(body) for body in session.scalars(select(Event.body).where(Event.municipality == HEERLEN))]
    told = [one for one in mine if one["object"].startswith("service:")]
    assert {one["purpose"] for one in told} == {Purpose.SERVICE.value}
    actions = {one["action"] for one in told}
    assert actions >= {
        "service_list_composed", "service_list_read", "service_item_read", "service_item_claimed",
        "service_outcome_saved", "service_outcome_approved",
    }  # fmt: skip
    assert REASONING not in json.dumps(mine)


def test_r16_who_looks_up_people_on_the_service_list_without_working_on_it_is_found(engine: Engine) -> None:
    with writing(engine) as session:
        note_item(session, OFFICER, "identity_read", first(engine), NOW)
    with reading(engine) as session:
        odd = odd_reads(session, COMPLIANCE, NOW - dt.timedelta(days=1))
    assert [(one.user, one.why, one.cases) for one in odd] == [("officer.heerlen", Why.NO_CASE, (first(engine),))]


def test_r34_the_next_list_overtakes_what_nobody_took_and_leaves_what_is_worked_on(engine: Engine) -> None:
    numbers = [f"D2026-{number:06d}" for number in range(1, 9)]
    close(engine, numbers[0])
    with writing(engine) as session:
        claim_item(session, OFFICER, numbers[1], NOW)
        assert at_rest(session, HEERLEN, AS_OF) == {1, 2}
    december = dt.date(2026, 12, 1)
    assert keep(engine, range(3, 12), december) == 6
    with reading(engine) as session:
        states = dict(
            session.execute(
                select(ServiceItem.number, ServiceItem.state).where(
                    ServiceItem.municipality == HEERLEN, ServiceItem.as_of == AS_OF
                )
            ).all()
        )
        assert states[numbers[0]] == "closed"
        assert states[numbers[1]] == "claimed"
        assert {states[number] for number in numbers[2:]} == {"overtaken"}
        assert listed_on(session, HEERLEN, december) == 9
        assert at_rest(session, HEERLEN, dt.date(2027, 11, 1)) == {1, 2}
        assert at_rest(session, HEERLEN, dt.date(2027, 12, 1)) == {2}, "a year after it was closed it may come again"
        assert len(set(session.scalars(select(ServiceItem.number).where(ServiceItem.municipality == HEERLEN)))) == 17


def test_r34_yield_counts_what_was_approved_and_missing_is_not_zero(engine: Engine) -> None:
    numbers = [f"D2026-{number:06d}" for number in range(1, 9)]
    close(engine, numbers[0])
    close(engine, numbers[1], outcome(found=Found.RIGHT_UNUSED, done=Done.GRANTED, amount_cents=10_000))
    close(engine, numbers[2], outcome(found=Found.NOTHING_MISSING, done=Done.NOTHING, amount_cents=None))
    close(engine, numbers[3], outcome(found=Found.UNREACHABLE, done=Done.NOTHING, amount_cents=None))
    with reading(engine) as session:
        made = yield_for(session, MANAGER)
        assert (made.listed, made.waiting, made.known, made.missing, made.paid_cents) == (8, 4, 3, 2, 53_250)
        assert made.found["unreachable"] == made.done["granted"] == 1
        assert service_yield(session, MAASTRICHT).paid_cents == 0


def test_r34_nothing_that_selection_reads_knows_the_service_list(engine: Engine) -> None:
    """No signal, no open case, no review, no outcome for training comes of an item, however far it is worked."""
    numbers = [f"D2026-{number:06d}" for number in range(1, 9)]
    close(engine, numbers[0])
    with writing(engine) as session:
        claim_item(session, OFFICER, numbers[1], NOW)
    with reading(engine) as session:
        assert open_cases(session, HEERLEN) == frozenset()
        assert disputed_cases(session, HEERLEN) == frozenset()
        assert last_reviews(session, HEERLEN) == {}
        assert waiting_tips(session, HEERLEN, AS_OF) == {}
        assert approved_outcomes(session, HEERLEN, NOW - dt.timedelta(days=400), str) == []


SELECTING = (
    *sorted((ROOT / "models").rglob("*.py")),
    *(ROOT / "pipelines" / f"{name}.py" for name in ("ranking", "eligibility", "learning", "returning", "stopping")),
    *(
        ROOT / "enforcement" / f"{name}.py"
        for name in ("selection", "draws", "exemptions", "tips", "switch", "results")
    ),
)


def test_r34_no_module_that_trains_scores_or_selects_imports_the_service_list() -> None:
    assert len(SELECTING) > 30
    for path in SELECTING:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom):
                names = [node.module or "", *(one.name for one in node.names)]
                assert not [
                    name for name in names if "service_" in name or name in ("ServiceItem", "features.service")
                ], path


def test_r21_an_item_that_was_looked_into_outlives_the_term_of_those_that_were_not(engine: Engine) -> None:
    number = first(engine)
    close(engine, number)
    keep(engine, range(1, 4), dt.date(2027, 12, 1))
    with writing(engine) as session:
        session.execute(update(ServiceItem).values(state="overtaken").where(ServiceItem.outcome.is_(None)))
        gone = forget_unselected(session, HEERLEN, Rule("R21", dt.date(2028, 12, 1)), frozenset())
        kept = session.scalars(select(ServiceItem.number).where(ServiceItem.municipality == HEERLEN)).all()
    assert gone["service_items"] == 10
    assert kept == [number]
