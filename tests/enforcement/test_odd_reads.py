"""A planted snooper is found, and colleagues who do their work are not (R16)."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path
from typing import Any

import pytest

from api.language import Language
from enforcement import audit
from enforcement.database import reading, writing
from enforcement.errors import ForbiddenError
from enforcement.odd_reads import FEWEST, READS, WORK, Why, found_in, odd_reads
from tests.enforcement.province import COMPLIANCE, HEERLEN, MAASTRICHT, NOW, OFFICER, service

DAY = dt.timedelta(days=1)


def entry(actor: str, action: str, number: str, at: dt.datetime = NOW) -> dict[str, Any]:
    return {"actor": actor, "action": action, "object": f"case:{number}", "at": at.isoformat()}


def honest(actor: str, cases: range, at: dt.datetime) -> list[dict[str, Any]]:
    """A day's work: each case is taken, read, the client is called, and findings are saved."""
    steps = ("case_claimed", "case_read", "identity_read", "relations_read", "findings_saved")
    return [entry(actor, action, f"2026-{case:06d}", at) for case in cases for action in steps]


def month() -> list[dict[str, Any]]:
    dice = random.Random(16)
    entries = []
    for day in range(20):
        for who in range(6):
            first = 1_000 * who + 20 * day
            entries += honest(f"officer{who}", range(first, first + dice.randint(5, 12)), NOW + day * DAY)
            read = (f"2026-{dice.randrange(6_000):06d}" for _ in range(4))
            entries += [entry(f"officer{who}", "case_read", number, NOW + day * DAY) for number in read]
    return entries


def test_r16_a_month_of_honest_work_is_not_odd() -> None:
    assert found_in(month(), {}) == ()


def test_r16_a_snooper_among_them_is_found() -> None:
    """Looks up an acquaintance without a case, reads a hundred cases one evening, and a case at the own address."""
    snooping = [entry("officer3", "identity_read", "2026-000021", NOW + 4 * DAY)]
    snooping += [entry("officer3", "case_read", f"2026-{n:06d}", NOW + 9 * DAY) for n in range(100)]
    snooping += [entry("officer5", "case_read", "2026-000777", NOW)]
    found = found_in(month() + snooping, {"officer5": ["2026-000777"], "officer1": ["2026-999999"]})
    assert [(one.user, one.why) for one in found] == [
        ("officer3", Why.NO_CASE),
        ("officer3", Why.VOLUME),
        ("officer5", Why.OWN),
    ]
    assert found[0].cases == ("2026-000021",)
    assert found[1].days == ((NOW + 9 * DAY).date(),)
    assert (len(found[1].cases) >= 100, 0 < (found[1].usual or 0) <= FEWEST) == (True, True)


def test_r16_who_opens_the_page_of_a_case_and_asks_whom_it_is_about_did_not_work_on_it() -> None:
    """The page logs more than one look; none of them is work, and being given a case is enough."""
    looks = ("case_read", "history_read", "notes_read", "documents_listed", "tips_read", "rights_read", "identity_read")
    seen = [entry("officer1", action, "2026-000021") for action in looks]
    assert [(one.user, one.why, one.cases) for one in found_in(seen, {})] == [
        ("officer1", Why.NO_CASE, ("2026-000021",))
    ]
    given = entry("second1", "case_assigned", "2026-000021") | {"details": {"to": "officer1"}}
    assert found_in([*seen, given], {}) == ()
    assert found_in([*seen, entry("officer1", "note_written", "2026-000021")], {}) == ()


def test_r16_every_word_for_work_is_one_that_the_log_knows() -> None:
    assert set(Language("nl").names("event")) >= WORK | READS


def test_r16_only_the_own_municipality_since_a_moment_and_for_the_reviewer(tmp_path: Path) -> None:
    engine = service(tmp_path)
    with writing(engine) as session:
        for town, at in ((HEERLEN, NOW - 40 * DAY), (HEERLEN, NOW), (MAASTRICHT, NOW)):
            about = f"case:2026-{at.day:06d}"
            audit.append(session, town, "officer.heerlen", "officer", "identity_read", about, "review", at=at)
    with reading(engine) as session:
        [one] = odd_reads(session, COMPLIANCE, NOW - 30 * DAY)
        assert one.cases == (f"2026-{NOW.day:06d}",)
        assert len(odd_reads(session, COMPLIANCE, NOW - 50 * DAY)[0].cases) == 2
        with pytest.raises(ForbiddenError):
            odd_reads(session, OFFICER, NOW)
