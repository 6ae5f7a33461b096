"""Working on a case and together, through plain forms: what they do, what they refuse, and what stays hidden."""

from __future__ import annotations

import datetime as dt
import re
from unittest.mock import patch

from sqlalchemy import select, update

from enforcement.access import Role, Viewer
from enforcement.database import engine_of, reading, writing
from enforcement.errors import LogUnavailableError
from enforcement.keys import Keys
from enforcement.settings import Settings
from enforcement.tables import Case, Score, Tip
from enforcement.tips import TipSource, take_in
from tests.api.builders import HEERLEN, REASONING, Browser, a_case, visitors

GROUND = "Alleen in de woning is vast te stellen of de tweede slaapkamer bewoond wordt door de zoon."


def post(browser: Browser, address: str, **fields: object) -> str:
    """The page after the form, as the browser follows it."""
    answer = browser.post(address, data=fields | {"csrf": browser.headers["x-csrf-token"]})
    assert answer.status_code in (200, 422), answer.text
    return str(answer.text)


def version_on(page: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', page)
    assert found
    return found[1]


def test_a_case_is_put_aside_until_a_day_and_taken_up_again(made_up: Settings) -> None:
    number = a_case(made_up, blind=False)
    with visitors(made_up, "officer.heerlen") as [officer]:
        page = post(officer, f"/zaken/{number}/oppakken")
        late = post(officer, f"/zaken/{number}/opzij", version=version_on(page), until="2099-01-01", waits_for="client")
        assert "niet later dan de uiterste datum" in late
        day = (dt.datetime.now(dt.UTC) + dt.timedelta(days=2)).date().isoformat()
        page = post(officer, f"/zaken/{number}/opzij", version=version_on(page), until=day, waits_for="client")
        assert "Opzij gelegd tot" in page
        assert "antwoord of stukken van de klant" in page
        assert number in officer.get("/werklijst?opzij=1").text
        assert number in officer.get("/mijn-zaken").text.split("Door u opzij gelegd")[1]
        page = post(officer, f"/zaken/{number}/hervatten", version=version_on(page))
        assert "Opzij gelegd tot" not in page
        assert number not in officer.get("/werklijst?opzij=1").text


def test_a_colleague_gets_a_case_that_is_handed_over(made_up: Settings) -> None:
    number = a_case(made_up, blind=False)
    with visitors(made_up, "officer.heerlen", "second.heerlen") as [officer, second]:
        page = post(officer, f"/zaken/{number}/oppakken")
        assert 'value="second.heerlen"' in page
        assert 'value="officer.maastricht"' not in page
        post(officer, f"/zaken/{number}/overdragen", version=version_on(page), to="second.heerlen")
        assert "Teruggeven aan de lijst" in second.get(f"/zaken/{number}").text


def test_notes_and_documents_stay_with_the_case(made_up: Settings) -> None:
    number = a_case(made_up, blind=False)
    with visitors(made_up, "officer.heerlen") as [officer]:
        post(officer, f"/zaken/{number}/oppakken")
        assert "Mevrouw &lt;b&gt; belt terug." in post(
            officer, f"/zaken/{number}/notities", text="Mevrouw <b> belt terug."
        )
        contract = {"file": ("huur.pdf", b"%PDF-1.7 huur", "application/pdf")}
        token = {"csrf": officer.headers["x-csrf-token"], "version": "1"}
        page = officer.post(f"/zaken/{number}/stukken", data=token, files=contract).text
        [address] = re.findall(rf"/zaken/{number}/stukken/\w+", page)
        kept = officer.get(address)
        assert kept.content == b"%PDF-1.7 huur"
        assert kept.headers["content-disposition"].startswith("attachment")
        script = {"file": ("huur.pdf", b"<script>", "application/pdf")}
        refused = officer.post(f"/zaken/{number}/stukken", data=token, files=script)
        assert refused.status_code == 422
        assert "Voeg een PDF, PNG of JPEG toe" in refused.text


def test_r14_without_the_log_a_form_says_so_and_blames_nobody(made_up: Settings) -> None:
    number = a_case(made_up, blind=False)
    with visitors(made_up, "officer.heerlen") as [officer]:
        post(officer, f"/zaken/{number}/oppakken")
        token = {"csrf": officer.headers["x-csrf-token"], "version": "2"}
        with patch("enforcement.audit.append", side_effect=LogUnavailableError("the log could not be written")):
            answer = officer.post(f"/zaken/{number}/notities", data=token | {"text": "Belt vrijdag."})
        assert (answer.status_code, "Belt vrijdag." in answer.text) == (503, False)
        assert "Belt vrijdag." not in officer.get(f"/zaken/{number}").text


def test_r02_what_was_sent_back_stands_in_the_form_and_stays_on_the_case(made_up: Settings) -> None:
    number = a_case(made_up, blind=True)
    with visitors(made_up, "officer.heerlen", "second.heerlen") as [officer, second]:
        page = post(officer, f"/zaken/{number}/oppakken")
        given = {"cause": "client_late_or_mistaken", "effect": "down", "amount": "125,50", "reasoning": REASONING}
        given["hours"] = "1,67"
        for remark in ("Graag de bron noemen.", "Noem ook de maand waarin het begon."):
            post(officer, f"/zaken/{number}/bevindingen", version=version_on(page), **given)
            judged = second.get(f"/zaken/{number}").text
            which = re.findall(r'name="finding" value="(\w+)"', judged)[0]
            own, seen = (one.get(f"/api/v1/cases/{number}").json()["findings"][-1] for one in (officer, second))
            assert (own["minutes"], seen["minutes"]) == (100, None), "hours are only for who fills them in"
            fields = {"version": version_on(judged), "finding": which, "remark": remark}
            post(second, f"/zaken/{number}/terugsturen", **fields)
            page = officer.get(f"/zaken/{number}").text
            assert remark in page
            assert 'value="125,50"' in page, "nobody types it again"
            assert (
                'name="hours" inputmode="decimal" autocomplete="off" aria-describedby="uren-uitleg" value="1,67"'
                in page
            )
            assert 'value="down" checked' in page
        assert "Graag de bron noemen." in page, "the first round stays when a second one follows"


def test_r35_a_home_visit_comes_last_and_needs_a_ground_and_consent(made_up: Settings) -> None:
    number = a_case(made_up, blind=False)
    with visitors(made_up, "officer.heerlen") as [officer]:
        page = post(officer, f"/zaken/{number}/oppakken")
        for means in ("desk_check", "question", "documents", "conversation"):
            assert 'value="home_visit"' not in page
            page = post(officer, f"/zaken/{number}/stappen", means=means)
        assert 'value="home_visit"' in page
        visit = f"/zaken/{number}/stappen"
        assert "objectieve grond, ook als" in post(officer, visit, means="home_visit", consent="given")
        wrong = post(
            officer, visit, means="home_visit", consent="given", ground="Hoge plaats op de lijst volgens het model"
        )
        assert "is geen grond" in wrong
        assert "Hoge plaats op de lijst volgens het model" in wrong, "what was typed is kept"
        assert GROUND in post(officer, visit, means="home_visit", consent="given", ground=GROUND)


def test_what_would_change_it_is_told_only_when_the_place_is(made_up: Settings) -> None:
    correction = {"name": "x", "by": "client", "nl": "Het inkomen is opgegeven.", "en": "Declared.", "place": 500}
    with writing(engine_of(made_up.database)) as session:
        session.execute(update(Score).values(corrections=[correction]))
    with visitors(made_up, "officer.heerlen") as [officer]:
        assert "Het inkomen is opgegeven." in officer.get(f"/zaken/{a_case(made_up, blind=False)}").text
        assert "Het inkomen is opgegeven." not in officer.get(f"/zaken/{a_case(made_up, blind=True)}").text


def test_r06_a_tip_is_read_only_after_own_findings(made_up: Settings) -> None:
    number = a_case(made_up, blind=False)
    told = "De klant meldde aan de balie een nieuwe baan die nog niet in het dossier staat."
    with visitors(made_up, "officer.heerlen") as [officer]:
        viewer = Viewer("officer.heerlen", HEERLEN, Role.OFFICER)
        with writing(engine_of(made_up.database)) as session:
            case = session.scalars(select(Case).where(Case.number == number, Case.municipality == HEERLEN)).one()
            now = dt.datetime.now(dt.UTC)
            take_in(session, viewer, Keys.read(made_up.keys), case.id, TipSource.NAMED, "income", now.date(), told, now)
            session.execute(update(Tip).values(placed_in=case.draw_id))
        page = post(officer, f"/zaken/{number}/oppakken")
        assert told not in page
        fields = {"cause": "nothing_irregular", "effect": "none", "reasoning": REASONING, "version": version_on(page)}
        assert told in post(officer, f"/zaken/{number}/bevindingen", **fields)


def test_r06_a_choice_of_topic_never_lists_a_case_that_is_looked_at_blind(made_up: Settings) -> None:
    with reading(engine_of(made_up.database)) as session:
        blind = set(session.scalars(select(Case.number).where(Case.municipality == HEERLEN, Case.blind)))
        open_ones = set(session.scalars(select(Case.number).where(Case.municipality == HEERLEN, Case.blind.is_(False))))
    assert blind
    listed: set[str] = set()
    with visitors(made_up, "officer.heerlen") as [officer]:
        for topic in ("income", "residence", "companies"):
            listed |= set(re.findall(r"/zaken/([\d-]+)", officer.get(f"/werklijst?onderwerp={topic}").text))
    assert listed == open_ones


def test_a_kept_choice_brings_the_same_list_back(made_up: Settings) -> None:
    with visitors(made_up, "officer.heerlen") as [officer]:
        page = post(
            officer, "/werklijst/keuzes", status="open", onderwerp="income", spoed="1", name="Inkomen met spoed"
        )
        assert 'href="/werklijst?status=open&amp;onderwerp=income&amp;spoed=1" aria-current="true">Inkomen' in page
        page = post(officer, "/werklijst/keuzes/weg", name="Inkomen met spoed")
        assert "Inkomen met spoed" not in page


def test_a_senior_officer_spreads_open_cases_over_the_team(made_up: Settings) -> None:
    with visitors(made_up, "officer.heerlen", "second.heerlen") as [officer, second]:
        numbers = re.findall(r'name="numbers" value="([\d-]+)"', second.get("/werklijst").text)[:3]
        assert 'name="numbers"' not in officer.get("/werklijst").text
        post(officer, f"/zaken/{numbers[0]}/oppakken")
        page = post(second, "/werklijst/toewijzen", to="officer.heerlen", numbers=numbers)
        assert "2 zaken toegewezen." in page
        assert "1 zaak bleef waar zij was." in page
        team = second.get("/team").text
        assert re.search(r"Medewerker Heerlen</th>\s*<td[^>]*>3<", team)


def test_an_absence_gives_the_cases_to_the_deputy(made_up: Settings) -> None:
    number = a_case(made_up, blind=False)
    today = dt.datetime.now(dt.UTC).date().isoformat()
    with visitors(made_up, "officer.heerlen", "second.heerlen") as [officer, second]:
        post(officer, f"/zaken/{number}/oppakken")
        wrong = post(second, "/team/afwezig", user="officer.heerlen", first=today, last="2020-01-01")
        assert "niet eerder is" in wrong
        page = post(officer, "/team/afwezig", first=today, last=today, deputy="second.heerlen")
        assert "Uw afwezigheid is vastgelegd." in page
        assert number in second.get("/mijn-zaken").text


def test_a_case_is_found_by_its_number_and_the_purpose_is_told(made_up: Settings) -> None:
    number = a_case(made_up, blind=False)
    with visitors(made_up, "officer.heerlen") as [officer]:
        page = post(officer, "/zoeken", text=number, purpose="objection")
        assert f'href="/zaken/{number}"' in page
        assert "Bezwaar of beroep" in page
        assert "Geef ten minste 3 tekens" in post(officer, "/zoeken", text="a", purpose="review")


def test_a_tip_about_an_unknown_dossier_is_not_kept_and_nothing_typed_is_lost(made_up: Settings) -> None:
    with visitors(made_up, "officer.heerlen") as [officer]:
        fields = {"dossier": "404", "source": "named", "topic": "income", "received": "2026-11-01", "text": REASONING}
        page = post(officer, "/meldingen", **fields)
        assert "Dit dossier bestaat niet" in page
        assert REASONING in page


def test_the_page_on_the_order_tells_this_municipality_s_own_numbers_and_what_a_low_place_tells(
    made_up: Settings,
) -> None:
    with visitors(made_up, "officer.heerlen", "officer.maastricht") as [heerlen, maastricht]:
        here, there = heerlen.get("/volgorde").text, maastricht.get("/volgorde").text
    told = re.search(r"(\d+) zaken kwamen in aanmerking en (\d+) daarvan", here)
    other = re.search(r"(\d+) zaken kwamen in aanmerking en (\d+) daarvan", there)
    assert told
    assert other
    assert (told[1], told[2]) == ("120", "30")
    assert (other[1], other[2]) == ("120", "60")
    assert "dan kunt u raden dat zij is geloot" in here
