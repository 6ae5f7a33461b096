"""What ended lately: a registration without a next one, a housemate who left, study finance that stopped."""

from __future__ import annotations

from typing import Any

from features.declaration import source
from features.known import OF_MEMBER, begun, days_between
from features.residence import homes, housemates

LAW = "Wet BRP; Participatiewet 22a, 40, 53a"
GAP_DAYS = 31
"""no registration for longer than this is a gap: a move may be reported late"""


@source(
    topic="residence",
    at="day",
    reads={"stays": ("address_id", "start_earliest", "start_latest", "end_latest", "certainty")},
    legal_basis=LAW,
)
def breaks(t: Any, members: Any) -> Any:
    """Days on which a registration of the client certainly ended and no other held within a month."""
    s = t.stays
    rows = s.filter(s.certainty == "resident").join(members.filter(members.role == "client"), OF_MEMBER)
    rows = rows.filter(begun(rows.start_latest, rows.as_of))
    ended = rows.filter(begun(rows.end_latest, rows.as_of))
    ended = ended.select("case_id", "as_of", "person_id", day=ended.end_latest).distinct()
    ended = ended.filter(days_between(ended.day, ended.as_of) > GAP_DAYS)
    others = rows.select("case_id", "as_of", "person_id", since=rows.start_earliest, until=rows.end_latest)
    held = ended.join(others, ["case_id", "as_of", "person_id"])
    soon = days_between(held.day, held.since) <= GAP_DAYS
    held = held.filter(soon.fill_null(True) & (held.until.isnull() | (held.until > held.day)))
    return ended.anti_join(held, ["case_id", "as_of", "person_id", "day"])


@breaks.feature(
    "Onderbrekingen van de inschrijving, laatste {w} maanden",
    "Breaks in the registration, last {w} months",
    unit="count",
    windows=(24,),
    direction=1,
    sentence=(
        "In de laatste {w} maanden was de klant {value} keer langer dan een maand nergens ingeschreven.",
        "In the last {w} months the client was not registered anywhere for more than a month {value} times.",
    ),
    one=(
        "In de laatste {w} maanden was de klant 1 keer langer dan een maand nergens ingeschreven.",
        "In the last {w} months the client was not registered anywhere for more than a month once.",
    ),
    none=(
        "In de laatste {w} maanden was de klant nooit langer dan een maand nergens ingeschreven.",
        "In the last {w} months the client was never without a registration for more than a month.",
    ),
    could=(
        "Wie tijdelijk geen woning heeft, staat soms nergens ingeschreven.",
        "Someone without a home for a time is sometimes not registered anywhere.",
    ),
    reason=(
        "Zonder inschrijving is niet vast te stellen waar iemand woonde (Participatiewet 40).",
        "Without a registration it cannot be established where somebody lived (Participatiewet 40).",
    ),
)
def residence_gaps(rows: Any, within: Any) -> Any:
    return rows.day.nunique(where=within)


@source(
    topic="residence",
    at="day",
    after=(homes, housemates),
    reads={"stays": ("address_id", "end_latest", "certainty", "function")},
    legal_basis=LAW,
)
def leavers(t: Any, members: Any) -> Any:
    """Adults outside the case who certainly left the client's home address and are not there now, on that day."""
    h = t.homes
    own = h.filter((h.role == "client") & h.address_id.notnull() & (h.function.fill_null("W") != "B"))
    own = own.select("case_id", "municipality", "as_of", "address_id").distinct()
    hubs = t.housemates.filter(t.housemates.hub).select("case_id", "as_of").distinct()
    own = own.anti_join(hubs, ["case_id", "as_of"])
    s = t.near("stays", own, "address_id")
    s = s.filter((s.certainty == "resident") & (s.function.fill_null("W") != "B") & begun(s.end_latest, s.as_of))
    rows = own.join(s, ["address_id", "municipality", "as_of"])
    rows = rows.anti_join(members, ["case_id", "as_of", "person_id"])
    rows = rows.anti_join(t.housemates, ["case_id", "as_of", "person_id"])
    rows = rows.semi_join(t.adults, ["person_id", "as_of"])
    return rows.select("case_id", "as_of", "person_id", day=rows.end_latest)


@leavers.feature(
    "Volwassenen die vertrokken in de laatste {w} maanden",
    "Adults who left in the last {w} months",
    unit="count",
    windows=(12,),
    direction=0,
    sentence=(
        "In de laatste {w} maanden zijn {value} personen van 27 of ouder van het adres vertrokken.",
        "In the last {w} months {value} people of 27 or older left the address.",
    ),
    one=(
        "In de laatste {w} maanden is 1 persoon van 27 of ouder van het adres vertrokken.",
        "In the last {w} months 1 person of 27 or older left the address.",
    ),
    none=(
        "In de laatste {w} maanden is niemand van 27 of ouder van het adres vertrokken.",
        "In the last {w} months nobody of 27 or older left the address.",
    ),
    could=(
        "De norm kan al zijn aangepast; het vertrek kan ook van vroegere bewoners zijn.",
        "The norm may have been adjusted already; those who left may be earlier residents.",
    ),
    reason=(
        "Na een vertrek is de norm soms nog te laag (Participatiewet 22a; dienstenlijst, R34).",
        "After somebody left, the norm is sometimes still too low (Participatiewet 22a; service list, R34).",
    ),
)
def adults_left(rows: Any, within: Any) -> Any:
    return rows.person_id.nunique(where=within)


@source(topic="income", at="day", reads={"study_grants": ("end_latest",)}, legal_basis="Participatiewet 13, 64")
def study_ends(t: Any, members: Any) -> Any:
    """Days on which study finance of client or partner certainly had ended."""
    rows = members.filter(members.role != "child").join(t.study_grants, OF_MEMBER)
    rows = rows.filter(begun(rows.end_latest, rows.as_of))
    return rows.select("case_id", "as_of", "person_id", day=rows.end_latest)


@study_ends.feature(
    "Studiefinanciering gestopt in de laatste {w} maanden",
    "Study finance that stopped in the last {w} months",
    unit="yes/no",
    windows=(12,),
    direction=0,
    sentence=(
        "In de laatste {w} maanden is de studiefinanciering van de klant of partner gestopt.",
        "In the last {w} months the study finance of the client or partner stopped.",
    ),
    none=(
        "In de laatste {w} maanden is geen studiefinanciering gestopt.",
        "No study finance stopped in the last {w} months.",
    ),
    could=("De verandering is vaak al gemeld.", "The change has often been reported already."),
    reason=(
        "Na een studie verandert het recht en wat er wordt verrekend.",
        "After a study the entitlement changes, and so does what is deducted.",
    ),
)
def study_stopped(rows: Any, within: Any) -> Any:
    return (rows.count(where=within) > 0).cast("int64")
