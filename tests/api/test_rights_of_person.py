"""What a client may ask, through the service: each step in the log first, in one's own municipality, and reversible."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from sqlalchemy import select

from enforcement.access import Purpose, Role, Viewer
from enforcement.contest import Again, Why, disputed_cases, keep_rescoring, open_contests
from enforcement.database import engine_of, reading, writing
from enforcement.holds import held_cases, restriction_on
from enforcement.settings import Settings
from enforcement.tables import Case, Delivery, Event
from tests.api.builders import HEERLEN, NOW, Browser, a_case, only_in_maastricht, visitors

TEXT = "Het loon van maart was van mijn zus, niet van mij."
REASON = "Beroep bij de rechtbank, zaak 26/123."
SHA256 = "ab" * 32


def logged(settings: Settings, action: str) -> list[dict[str, Any]]:
    with reading(engine_of(settings.database)) as session:
        bodies = [json.loads(one.body) for one in session.scalars(select(Event).order_by(Event.number))]
    return [one for one in bodies if one["action"] == action]


def case_id(settings: Settings, number: str) -> int:
    with reading(engine_of(settings.database)) as session:
        return session.scalars(select(Case.id).where(Case.number == number, Case.municipality == HEERLEN)).one()


def opened(senior: Browser, number: str, **more: Any) -> str:
    answer = senior.post(f"/api/v1/cases/{number}/contests", json={"topics": ["income"], "text": TEXT} | more)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_r30_the_letter_is_made_for_a_purpose_and_hides_the_arm_while_a_review_runs(made_up: Settings) -> None:
    number = a_case(made_up, blind=False)
    with visitors(made_up, "officer.heerlen") as [officer]:
        answer = officer.post(f"/api/v1/cases/{number}/notice", json={"purpose": "supervision"})
        assert answer.status_code == 200, answer.text
        assert officer.post(f"/api/v1/cases/{number}/notice", json={}).status_code == 422
    told = answer.json()
    assert told["reference"] == told["message"]["reference"] == number
    assert "door loting" in told["nl"]["body"]
    assert "signaal" in told["nl"]["body"], "all ways of choosing stand in it while the arm is hidden (R6)"
    assert told["message"]["body"].count(told["en"]["body"]) == 1
    [entry] = logged(made_up, "notice_made")
    assert (entry["object"], entry["purpose"], entry["actor"]) == (f"case:{number}", "supervision", "officer.heerlen")


def test_r20_a_contest_stops_the_case_and_a_rejected_one_lets_it_go_on(made_up: Settings) -> None:
    number = a_case(made_up, blind=False)
    with visitors(made_up, "officer.heerlen", "second.heerlen") as [officer, senior]:
        assert officer.post(f"/api/v1/cases/{number}/contests", json={"topics": ["income"]}).status_code in (403, 422)
        which = opened(senior, number)
        assert officer.post(f"/api/v1/cases/{number}/claim").status_code == 409
        read = senior.get(f"/api/v1/contests/{which}")
        assert (read.json()["text"], read.json()["contest"]["outcome"]) == (TEXT, None)
        stale = senior.post(f"/api/v1/contests/{which}/settlement", json={"upheld": False}, headers={"if-match": '"7"'})
        assert stale.status_code == 412
        assert senior.post(f"/api/v1/contests/{which}/settlement", json={"upheld": False}).status_code == 428
        kept = {"if-match": read.headers["etag"]}
        early = senior.post(f"/api/v1/contests/{which}/settlement", json={"upheld": True}, headers=kept)
        assert early.status_code == 409, "nothing was corrected yet"
        ended = senior.post(f"/api/v1/contests/{which}/settlement", json={"upheld": False}, headers=kept)
        assert ended.json() == {"id": which, "outcome": "rejected", "state": "open"}
        assert officer.post(f"/api/v1/cases/{number}/claim").status_code == 200
        [listed] = senior.get("/api/v1/contests").json()["items"]
        assert (listed["number"], listed["outcome"], listed["topics"]) == (number, "rejected", ["income"])
    assert [one["purpose"] for one in logged(made_up, "contest_read")] == ["objection"]
    assert TEXT not in json.dumps(logged(made_up, "contest_opened") + logged(made_up, "contest_read"))


def test_r20_a_correction_is_named_as_a_delivery_and_counts_once_the_case_was_scored_with_it(
    made_up: Settings,
) -> None:
    number = a_case(made_up, blind=False)
    viewer = Viewer("second.heerlen", HEERLEN, Role.SENIOR_OFFICER, Purpose.OBJECTION)
    with visitors(made_up, "second.heerlen") as [senior]:
        which = opened(senior, number)
        address, first = f"/api/v1/contests/{which}/correction", {"if-match": '"1"'}
        unknown = senior.post(address, json={"sha256": SHA256}, headers=first)
        assert (unknown.status_code, "weegschaal ingest" in unknown.json()["detail"]) == (400, True)
        with writing(engine_of(made_up.database)) as session:
            at = NOW.replace(tzinfo=None)
            session.add(
                Delivery(
                    id="d" * 64, municipality=HEERLEN, source="incomes", schema_version="1", sha256=SHA256,
                    file_name="corrected.csv", status="published", received_at=at, published_at=at, report={},
                )
            )  # fmt: skip
        assert senior.post(address, json={"sha256": SHA256}, headers=first).status_code == 200
        assert senior.post(address, json={"sha256": SHA256}, headers=first).status_code == 412
        with writing(engine_of(made_up.database)) as session:  # as `weegschaal work` does within a minute
            keep_rescoring(session, viewer, which, Why.CORRECTED, "run", Again(-1.0, 1, []), NOW)
        read = senior.get(f"/api/v1/contests/{which}")
        assert [one["why"] for one in read.json()["ranked_again"]] == ["corrected"]
        kept = {"if-match": read.headers["etag"]}
        ended = senior.post(f"/api/v1/contests/{which}/settlement", json={"upheld": True}, headers=kept)
        assert (ended.status_code, ended.json()["state"]) == (200, "open")


def test_r30_an_upheld_objection_takes_the_case_off_this_list_and_later_ones(made_up: Settings) -> None:
    number = a_case(made_up, blind=False)
    case = case_id(made_up, number)
    with visitors(made_up, "second.heerlen") as [senior]:
        named = senior.post(
            f"/api/v1/cases/{number}/contests", json={"topics": ["income"], "text": TEXT, "objection": True}
        )
        assert named.status_code == 422, "an objection is not about certain data"
        which = opened(senior, number, topics=[], objection=True)
        nothing = senior.post(
            f"/api/v1/contests/{which}/correction", json={"sha256": SHA256}, headers={"if-match": '"1"'}
        )
        assert nothing.status_code == 409
        with reading(engine_of(made_up.database)) as session:
            assert open_contests(session, HEERLEN) == disputed_cases(session, HEERLEN) == {case}
        ended = senior.post(f"/api/v1/contests/{which}/settlement", json={"upheld": True}, headers={"if-match": '"1"'})
        assert ended.json()["state"] == "withdrawn"
    with reading(engine_of(made_up.database)) as session:
        assert open_contests(session, HEERLEN) == frozenset(), "what is kept is no longer held back from deletion"
        assert disputed_cases(session, HEERLEN) == {case}


def test_r19_a_restriction_holds_until_its_day_or_until_it_is_ended(made_up: Settings) -> None:
    number = a_case(made_up, blind=False)
    case, today = case_id(made_up, number), dt.datetime.now(dt.UTC).date()
    given = {"reason": REASON, "purpose": "supervision", "until": (today + dt.timedelta(days=30)).isoformat()}
    with visitors(made_up, "compliance.heerlen", "officer.heerlen") as [compliance, officer]:
        address = f"/api/v1/cases/{number}/restrictions"
        assert officer.post(address, json=given).status_code == 403
        for wrong in ({"reason": "kort"}, {"until": today.isoformat()}, {"until": "2099-01-01"}):
            assert compliance.post(address, json=given | wrong).status_code == 422
        which = compliance.post(address, json=given).json()["id"]
        [listed] = compliance.get("/api/v1/restrictions").json()
        assert (listed["id"], listed["number"], listed["until"]) == (which, number, given["until"])
        withheld = compliance.post(f"/api/v1/cases/{number}/notice", json={"purpose": "supervision"})
        assert withheld.status_code == 409
        with reading(engine_of(made_up.database)) as session:
            assert restriction_on(session, HEERLEN, case, today) is not None
        assert compliance.delete(f"/api/v1/restrictions/{which}").status_code == 204
        assert compliance.delete(f"/api/v1/restrictions/{which}").status_code == 404
        assert compliance.get("/api/v1/restrictions").json() == []
    [entry] = logged(made_up, "restricted")
    assert (entry["details"]["reason"], entry["details"]["until"]) == (REASON, given["until"])
    assert len(logged(made_up, "restrictions_listed")) == 2
    assert len(logged(made_up, "restriction_ended")) == 1


def test_r21_a_legal_hold_is_placed_listed_and_lifted(made_up: Settings) -> None:
    number = a_case(made_up, blind=False)
    case = case_id(made_up, number)
    with visitors(made_up, "second.heerlen", "second.maastricht") as [senior, elsewhere]:
        made = senior.post(f"/api/v1/cases/{number}/holds", json={"reason": REASON, "purpose": "objection"})
        assert made.status_code == 201, made.text
        which = made.json()["id"]
        [listed] = senior.get("/api/v1/holds").json()
        assert (listed["id"], listed["number"], listed["until"]) == (which, number, None)
        assert elsewhere.get("/api/v1/holds").json() == []
        assert elsewhere.delete(f"/api/v1/holds/{which}").status_code == 404
        with reading(engine_of(made_up.database)) as session:
            assert set(held_cases(session, HEERLEN, NOW)) == {case}
        assert senior.delete(f"/api/v1/holds/{which}").status_code == 204
        assert senior.get("/api/v1/holds").json() == []
    assert [one["purpose"] for one in logged(made_up, "hold_made")] == ["objection"]


def test_r17_anothers_contest_looks_as_one_that_is_not_there(made_up: Settings) -> None:
    with visitors(made_up, "second.heerlen", "second.maastricht") as [senior, elsewhere]:
        which = opened(elsewhere, only_in_maastricht(made_up))
        answers = [senior.get(f"/api/v1/contests/{one}") for one in (which, "no-such-contest")]
        assert [one.status_code for one in answers] == [404, 404]
        assert senior.get("/api/v1/contests").json()["items"] == []


def test_pages_of_contests_follow_a_key(made_up: Settings) -> None:
    with visitors(made_up, "second.heerlen") as [senior]:
        items = senior.get("/api/v1/worklist?limit=5").json()["items"]
        made = {opened(senior, one["number"]) for one in items}
        seen, after = [], ""
        while True:
            page = senior.get(f"/api/v1/contests?limit=2{after}").json()
            seen += [one["id"] for one in page["items"]]
            if page["after"] is None:
                break
            after = f"&after={page['after']}"
        assert (len(seen), set(seen)) == (len(made), made)
        assert senior.get("/api/v1/contests?after=nobody").status_code == 400


@pytest.mark.parametrize("role", ["scientist", "manager", "administrator"])
def test_r36_other_roles_handle_no_rights(made_up: Settings, role: str) -> None:
    with visitors(made_up, f"{role}.heerlen") as [browser]:
        for address in ("contests", "restrictions", "holds"):
            assert browser.get(f"/api/v1/{address}").status_code == 403
