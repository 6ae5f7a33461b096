"""Results as the manager reads them: money both ways, hours, what if; nothing that nobody delivered stands as zero."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from enforcement.access import Role, Viewer
from enforcement.cases import claim
from enforcement.database import engine_of, writing
from enforcement.findings import Cause, Effect, Findings, approve, save_findings
from enforcement.policy import adopt, in_force
from enforcement.settings import Settings
from enforcement.tables import Case, ListMoney
from enforcement.users import grant
from enforcement.worklist import worklist
from tests.api.builders import HEERLEN, MAASTRICHT, NOW, REASONING, Browser, fill, visitors

OFFICER = Viewer("officer.heerlen", HEERLEN, Role.OFFICER)
SECOND = Viewer("second.heerlen", HEERLEN, Role.SENIOR_OFFICER)
UNTIL = dt.date(2026, 10, 31)


def sums(n: int, some: int, cents: int) -> dict[str, float]:
    """n reviews of two hours, `some` of them with so many cents."""
    return {
        "n": n, "some": some, "total": some * cents, "squares": some * cents**2, "minutes": n * 120,
        "minutes_squares": n * 120**2, "timed": n, "timed_some": some, "timed_total": some * cents,
        "timed_squares": some * cents**2, "product": some * cents * 120,
    }  # fmt: skip


def of_arm(arm: str, n: int, changed: int, cents: int, town: str = HEERLEN, **booked: int) -> ListMoney:
    found = {"up": sums(n, 0, 0), "down": sums(n, changed, cents)}
    found |= {kind: sums(n, changed, amount) for kind, amount in booked.items()}
    return ListMoney(
        municipality=town, as_of=dt.date(2026, 3, 1), arm=arm, own=False, reviewed=n, changed=changed, inconclusive=0,
        nothing_irregular=n - changed, timed=n, minutes=n * 120, minutes_squares=n * 120**2, sums=found,
        booked_until=UNTIL,
    )  # fmt: skip


@pytest.fixture
def chosen(tmp_path: Path) -> Settings:
    made = fill(tmp_path)
    with writing(engine_of(made.database)) as session:
        session.add_all(
            [
                of_arm("random", 200, 40, 10_000, claimed=120_000),
                of_arm("signal", 100, 40, 20_000, claimed=200_000),
                of_arm("tip", 12, 6, 10_000),
                of_arm("all", 312, 86, 15_000, claimed=150_000),
                of_arm("all", 40, 20, 15_000, MAASTRICHT),
            ]
        )
    return made


@pytest.fixture
def manager(chosen: Settings) -> Iterator[Browser]:
    with visitors(chosen, "manager.heerlen") as (browser,):
        yield browser


def table_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";"))


def test_money_is_told_per_case_per_hour_and_against_the_random_arm(manager: Browser) -> None:
    found = manager.get("/api/v1/results", params={"lists": "earlier"}).json()
    money = {(one["measure"], one["arm"]): one for one in found["money"]["money"]}
    signal = money["claimed", "signal"]
    assert (signal["total"], signal["per_case"]["value"]) == (8_000_000, 80_000)
    assert signal["per_hour"]["value"] == 40_000
    assert signal["against_random"]["value"] == 80_000 - 24_000
    assert signal["surplus"]["value"] == 100 * 56_000
    assert signal["against_random"]["low"] < 56_000 < signal["against_random"]["high"]
    assert signal["per_case"]["status"] == "provisional", "only what was finished was delivered"
    assert money["avoided", "random"]["total"] == 12 * money["down", "random"]["total"] == 12 * 400_000
    assert money["claimed", "random"]["against_random"] is None
    assert found["money"]["booked_until"] == UNTIL.isoformat()
    hours = {one["arm"]: one for one in found["money"]["hours"]}
    assert (hours["random"]["hours"], hours["random"]["per_case"]["value"]) == (400, 2)


def test_what_nobody_delivered_is_not_recorded_and_what_is_too_little_is_not_estimable(manager: Browser) -> None:
    found = manager.get("/api/v1/results", params={"lists": "earlier"}).json()["money"]["money"]
    money = {(one["measure"], one["arm"]): one for one in found}
    for measure in ("recovered", "paid_out"):
        one = money[measure, "random"]
        assert (one["total"], one["reviews"], one["per_case"]["value"]) == (None, None, None)
        assert one["per_case"]["status"] == one["per_hour"]["status"] == "not_recorded"
    assert money["claimed", "tip"]["per_case"]["status"] == "not_recorded"
    tip = money["down", "tip"]
    assert (tip["total"], tip["per_case"]["value"], tip["per_case"]["status"]) == (60_000, None, "not_estimable")
    assert money["up", "signal"]["per_case"]["status"] == "not_estimable", "no review went up: too few to say how much"


def test_nothing_of_this_service_is_finished_so_everything_of_it_is_unknown(manager: Browser) -> None:
    found = manager.get("/api/v1/results").json()
    assert (found["which"], found["money"]["money"], found["money"]["hours"]) == ("own", [], [])
    page = manager.get("/resultaten/geld?lijsten=eigen").text
    assert "niet vastgelegd" in page
    assert "nog geen boekingen aangeleverd" in page


def test_the_page_shows_what_there_is_to_tell_and_both_can_be_chosen(manager: Browser) -> None:
    page = manager.get("/resultaten").text
    assert 'href="/resultaten?lijsten=eerder" aria-current="page"' in page
    assert "voorlopig" in page
    assert re.search(r"Teruggevorderd.*?€\s?129\.000", page, re.S)
    assert 'href="/resultaten?lijsten=eigen" aria-current="page"' in manager.get("/resultaten?lijsten=eigen").text
    details = manager.get("/resultaten/geld?lang=en").text
    assert "€560 (" in details, "signals minus random, per review"
    assert "12 months" in details
    assert "fraud" not in details.lower()


def test_every_figure_of_the_pages_is_in_the_csv_and_the_download_in_the_log(manager: Browser) -> None:
    rows = table_of(manager.get("/resultaten/csv?lijsten=eerder").text)
    by = {(one["municipality"], one["figure"], one["arm"]): one for one in rows}
    claimed = by[HEERLEN, "claimed per case minus random", "signal"]
    assert (claimed["value"], claimed["unit"], claimed["status"]) == ("560.0", "EUR", "provisional")
    missing = by[HEERLEN, "recovered total", "random"]
    assert (missing["value"], missing["status"]) == ("", "not_recorded")
    assert by[HEERLEN, "yield", "random"]["value"] == "0.2"
    assert by[HEERLEN, "hours total", "random"]["value"] == "400.0"
    assert by[MAASTRICHT, "down per case beside others", "all"]["value"] == "75.0"
    assert by[MAASTRICHT, "yield beside others", "all"]["reviews"] == "40"
    json = manager.get("/api/v1/results.csv", params={"lists": "earlier"})
    assert table_of(json.text)[:-1] == rows[:-1]
    assert not [cell for one in rows for cell in one.values() if cell.startswith(("=", "+", "@"))]


def test_r17_only_who_may_compare_reads_of_another_municipality(chosen: Settings) -> None:
    with visitors(chosen, "officer.heerlen", "compliance.heerlen") as browsers:
        for one in browsers:
            assert one.get("/api/v1/results/municipalities").status_code == 403
            text = one.get("/api/v1/results.csv", params={"lists": "earlier"}).text
            assert MAASTRICHT not in text
            assert "beside others" not in text


def test_municipalities_stand_beside_each_other_and_small_ones_are_hidden(manager: Browser, chosen: Settings) -> None:
    towns = {one["municipality"]: one for one in manager.get("/api/v1/results/municipalities?lists=earlier").json()}
    assert (towns[HEERLEN]["reviewed"], towns[HEERLEN]["per_case"]["claimed"]["value"]) == (312, 41_346.15)
    assert towns[MAASTRICHT]["per_case"]["claimed"]["status"] == "not_recorded"
    assert towns[MAASTRICHT]["per_case"]["down"]["value"] == 7_500
    with writing(engine_of(chosen.database)) as session:
        session.execute(update(ListMoney).where(ListMoney.reviewed == 40).values(changed=5))
    towns = {one["municipality"]: one for one in manager.get("/api/v1/results/municipalities?lists=earlier").json()}
    assert (towns[MAASTRICHT]["status"], towns[MAASTRICHT]["reviewed"]) == ("suppressed", None)


def test_what_if_stands_beside_the_policy_of_now(manager: Browser) -> None:
    found = manager.get("/api/v1/results/what-if?lists=earlier&yearly_capacity=720").json()
    assert found["now"]["yearly_capacity"] * 1.5 == found["then"]["yearly_capacity"] == 720
    random = found["then"]["arms"]["random"]["changed"]
    assert random["value"] == found["then"]["places"]["random"] * 0.2
    assert found["then"]["arms"]["random"]["hours"]["value"] == found["then"]["places"]["random"] * 2
    risk = found["then"]["arms"]["risk"]["changed"]
    assert (risk["value"], risk["status"], risk["why"]) == (None, "not_estimable", "no_lists")
    assert found["then"]["together"]["changed"]["why"] == "no_lists"
    lot = manager.get(
        "/api/v1/results/what-if?lists=earlier&random_percent=100&signal_percent=0&risk_percent=0"
    ).json()["then"]["together"]["changed"]
    assert lot["status"] == "ok"
    assert lot["low"] < lot["value"] == 480 * 0.2 < lot["high"]


def test_r05_no_what_if_goes_below_the_floor_of_the_random_arm(manager: Browser) -> None:
    answer = manager.get("/resultaten/wat-als?loten=9&signalen=41&plaats=50")
    assert answer.status_code == 422
    assert "ten minste 10 voor loten" in answer.text
    assert 'value="9"' in answer.text, "what was typed stays"
    low = {"random_percent": 9, "signal_percent": 41, "risk_percent": 50}
    assert manager.get("/api/v1/results/what-if", params=low).status_code == 422
    for wrong in ("loten=30&signalen=30&plaats=30", "capaciteit=0", "capaciteit=veel", "capaciteit=999999999"):
        assert manager.get(f"/resultaten/wat-als?{wrong}").status_code == 422
    assert manager.get("/resultaten/wat-als?loten=10&signalen=40&plaats=50&capaciteit=480").status_code == 200


def test_what_if_as_a_form_and_as_csv(manager: Browser) -> None:
    page = manager.get("/resultaten/wat-als?lang=en&capaciteit=960").text
    assert '<form method="get" action="/resultaten/wat-als"' in page
    assert "As asked" in page
    assert "By place: not estimable, because nothing of a list of this service is finished yet" in page
    link = re.search(r'href="(/resultaten/wat-als/csv[^"]+)"', page)
    assert link
    rows = table_of(manager.get(link[1].replace("&amp;", "&")).text)
    then = {(one["part"], one["measure"]): one for one in rows if one["policy"] == "then"}
    assert then["random", "changed"]["yearly_capacity"] == "960"
    assert (then["risk", "changed"]["value"], then["risk", "changed"]["why"]) == ("", "no_lists")


def test_own_lists_tell_of_a_shorter_risk_list(chosen: Settings, manager: Browser) -> None:
    """Every case of the list is reviewed; a risk list of half the length is known from these reviews."""
    with writing(engine_of(chosen.database)) as session:
        session.execute(update(Case).where(Case.municipality == HEERLEN).values(double=False))
    with writing(engine_of(chosen.database)) as session:
        numbers = [row.number for row in worklist(session, SECOND, now=NOW, limit=100).items]
        for at, number in enumerate(numbers):
            found = Findings(Cause.MUNICIPAL_ERROR, Effect.DOWN, 1_000, REASONING, 60)
            if at % 2:
                found = Findings(Cause.NOTHING_IRREGULAR, Effect.NONE, None, REASONING, 30)
            version = claim(session, OFFICER, number, NOW).version
            saved = save_findings(session, OFFICER, number, found, version, NOW)
            approve(session, SECOND, number, saved.version, NOW)
    assert len(numbers) == 30
    found = manager.get("/api/v1/results/what-if?yearly_capacity=180").json()["then"]
    risk = found["arms"]["risk"]
    assert found["places"]["risk"] == risk["changed"]["value"] + risk["nothing"]["value"]
    assert risk["changed"]["low"] == risk["changed"]["value"] == risk["changed"]["high"]
    assert risk["down"]["value"] == 1_000 * risk["changed"]["value"]


def two_towns(settings: Settings) -> None:
    """Heerlen finds little and Maastricht much, by lot as well; both find as much again in the cases they chose."""
    with writing(engine_of(settings.database)) as session:
        session.execute(delete(ListMoney))
        for town, changed, cents in ((HEERLEN, 20, 10_000), (MAASTRICHT, 60, 30_000)):
            session.add_all(
                [
                    of_arm("random", 100, changed, cents, town),
                    of_arm("risk", 150, 3 * changed, cents, town),
                    of_arm("signal", 50, changed, cents, town),
                ]
            )


def at_price(settings: Settings, cents: Mapping[str, int]) -> None:
    """What an hour costs, in the policy of each municipality."""
    with writing(engine_of(settings.database)) as session:
        for town, price in cents.items():
            policy = replace(in_force(session, town)[1], hour_cents=price, explanation={"hour_cents": "begroting 2026"})
            adopt(session, town, policy, "manager", NOW)


def test_money_of_all_municipalities_together_is_held_against_as_many_random_reviews_of_the_same_places(
    manager: Browser, chosen: Settings
) -> None:
    two_towns(chosen)
    without = manager.get("/api/v1/results/money", params={"lists": "earlier"}).json()
    assert (without["cost"], without["added_value"], without["hour_prices"]) == (None, None, [])
    at_price(chosen, {HEERLEN: 8_000, MAASTRICHT: 8_000})
    found = manager.get("/api/v1/results/money", params={"lists": "earlier"}).json()
    money = {one["measure"]: one for one in found["money"]}
    down = money["down"]
    by_lot = 2 * (20 * 10_000 + 60 * 30_000)  # two hundred chosen cases in each, a hundred random ones
    assert (down["reviews"], down["total"]["value"], down["as_many_random"]["value"]) == (400, 2 * by_lot, by_lot)
    assert down["more"]["value"] == by_lot
    assert down["more"]["low"] < by_lot < down["more"]["high"]
    assert down["more_per_case"]["value"] == by_lot / 400
    assert money["avoided"]["more"]["value"] == 12 * by_lot
    assert money["up"]["more"]["status"] == "not_estimable", "nobody was found to be owed anything: no reviews with one"
    assert money["claimed"]["more"]["status"] == "not_recorded", "nobody delivered it, and that is not zero"
    assert (found["hours"]["total"]["value"], found["hours"]["more"]["value"]) == (800, 0)
    assert found["cost"]["total"]["value"] == 800 * 8_000
    assert found["added_value"]["value"] == 12 * by_lot, "the hours cost as much by lot"
    assert found["added_value"]["low"] <= money["avoided"]["more"]["low"]
    assert found["added_value"]["status"] == "provisional", (
        "of reviews before this service only finished ones are known"
    )


def test_hours_cost_what_each_policy_says_and_who_says_nothing_is_left_out_and_named(
    manager: Browser, chosen: Settings
) -> None:
    two_towns(chosen)
    at_price(chosen, {MAASTRICHT: 5_000})
    found = manager.get("/api/v1/results/money", params={"lists": "earlier"}).json()
    assert found["hour_prices"] == [
        {"municipality": MAASTRICHT, "cents": 5_000, "source": "begroting 2026", "policy_version": 1}
    ]
    assert (found["cost"]["total"]["value"], found["cost"]["without"]) == (400 * 5_000, [HEERLEN])
    assert (found["added_value"]["value"], found["added_without"]) == (12 * 2 * 60 * 30_000, [HEERLEN])
    at_price(chosen, {HEERLEN: 10_000})
    found = manager.get("/api/v1/results/money", params={"lists": "earlier"}).json()
    assert found["cost"]["total"]["value"] == 400 * 5_000 + 400 * 10_000
    assert found["added_without"] == []


def test_dearer_hours_of_chosen_cases_come_off_what_they_avoid(manager: Browser, chosen: Settings) -> None:
    two_towns(chosen)
    at_price(chosen, {HEERLEN: 6_000, MAASTRICHT: 12_000})
    with writing(engine_of(chosen.database)) as session:
        longer = update(ListMoney).where(ListMoney.arm == "risk")
        session.execute(longer.values(minutes=2 * ListMoney.minutes, minutes_squares=4 * ListMoney.minutes_squares))
    found = manager.get("/api/v1/results/money", params={"lists": "earlier"}).json()
    avoided = next(one["more"]["value"] for one in found["money"] if one["measure"] == "avoided")
    spent = 150 * 2 * 6_000 + 150 * 2 * 12_000  # two hours more of each risk case
    assert found["added_value"]["value"] == pytest.approx(avoided - spent)


def test_a_municipality_with_few_reviews_is_left_out_of_the_sum_and_named(manager: Browser, chosen: Settings) -> None:
    two_towns(chosen)
    with writing(engine_of(chosen.database)) as session:
        session.add(of_arm("risk", 9, 5, 70_000, "0988"))
        session.add(of_arm("random", 90, 15, 70_000, "0988"))
        grant(session, "officer.weert", "O. Fficer", [("0988", Role.OFFICER)], NOW)
    found = manager.get("/api/v1/results/money", params={"lists": "earlier"}).json()
    assert found["municipalities"] == ["0917", "0935", "0988"]
    [down] = [one for one in found["money"] if one["measure"] == "down"]
    assert (down["reviews"], down["without"]) == (400, ["0988"]), "so that nobody can subtract the others"


def test_the_manager_sees_and_downloads_what_the_back_office_adds_at_the_price_of_an_hour(
    manager: Browser, chosen: Settings
) -> None:
    two_towns(chosen)
    page = manager.get("/resultaten/geld?lijsten=eerder").text
    assert "Alle gemeenten samen" in page
    assert "Kosten van de uren" not in page, "not reckoned before somebody says what an hour costs"
    assert "Nog geen gemeente heeft in haar beleid gezet wat een uur kost" in page
    at_price(chosen, {HEERLEN: 8_000, MAASTRICHT: 8_000})
    page = manager.get("/resultaten/geld?lijsten=eerder").text
    assert "Kosten van de uren" in page
    assert "Voorkomen min kosten" in page
    assert "Herkomst: begroting 2026" in page, "and where the price comes from"
    rows = table_of(manager.get("/resultaten/csv?lijsten=eerder").text)
    price = next(one for one in rows if one["figure"] == "price of an hour" and one["municipality"] == HEERLEN)
    assert (float(price["value"]), price["status"]) == (80, "policy version 1")
    told = {one["figure"]: one for one in rows if one["municipality"] == "all"}
    assert float(told["avoided minus random"]["value"]) == 12 * 2 * (20 * 100 + 60 * 300)
    assert told["claimed minus random"]["status"] == "not_recorded"
    assert float(told["cost total"]["value"]) == 64_000


def test_r17_only_a_manager_sees_the_sum_of_all_municipalities(chosen: Settings) -> None:
    two_towns(chosen)
    with visitors(chosen, "officer.heerlen", "scientist.heerlen") as several:
        for one in several:
            assert one.get("/api/v1/results/money").status_code == 403
            assert "Alle gemeenten samen" not in one.get("/resultaten/geld?lijsten=eerder").text
            assert not [row for row in table_of(one.get("/resultaten/csv").text) if row["municipality"] == "all"]
