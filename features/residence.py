"""Residence: where the members of a case are registered, who else is, and what changed."""

from __future__ import annotations

from typing import Any

import ibis

from features.declaration import DAYS_A_MONTH, source
from features.known import OF_CASE, OF_MEMBER, begun, lasting

LAW = "Wet BRP; Participatiewet 22a, 40, 53a"
HUB = 9
"""more residents than this and an address is a hub: an institution, shelter or boarding house, not a household"""
EMIGRATED = ("E",)
NO_LIMIT = 120
"""months; where nothing happened, or longer ago"""

HOUSEMATE = (
    "Een volwassen kind, een onderhuurder met contract of een mantelzorger kan er wonen zonder gevolg voor de norm.",
    "A grown-up child, a lodger with a contract or a carer may live there without any effect on the norm.",
)
MOVED = (
    "Verhuizen is gewoon; de gemeente kan het adres al hebben verwerkt.",
    "People move; the municipality may have processed the address already.",
)


@source(
    topic="residence",
    reads={
        "stays": (
            "address_id",
            "address_municipality",
            "start_earliest",
            "start_latest",
            "end_earliest",
            "certainty",
            "function",
            "abroad",
            "unknown",
        )
    },
    legal_basis=LAW,
)
def homes(t: Any, members: Any) -> Any:
    """Where each member is registered on the date: one row per member, the stay that began last."""
    s = t.stays
    rows = s.filter(s.certainty == "resident").join(members, OF_MEMBER)
    begins = rows.start_earliest.coalesce(ibis.date(1, 1, 1))
    rows = rows.mutate(begins=begins).filter((begins < rows.as_of) & lasting(rows.end_earliest, rows.as_of))
    place = ibis.row_number().over(
        group_by=[rows.case_id, rows.as_of, rows.person_id],
        order_by=[rows.begins.desc(), rows.address_id, rows.start_latest, rows.function],
    )
    rows = rows.mutate(place=place)
    return rows.filter(rows.place == 0).drop("place", "certainty", "end_earliest", "begins")


@homes.feature(
    "Briefadres",
    "Letter address",
    unit="yes/no",
    direction=1,
    sentence=("De klant staat op een briefadres ingeschreven.", "The client is registered at a letter address."),
    none=("De klant staat niet op een briefadres ingeschreven.", "The client is not registered at a letter address."),
    could=(
        "Een briefadres hoort bij dakloosheid of een verblijf in een instelling.",
        "A letter address goes with homelessness or a stay in an institution.",
    ),
    reason=(
        "Bij een briefadres is niet bekend waar iemand woont (Participatiewet 40).",
        "With a letter address it is not known where somebody lives (Participatiewet 40).",
    ),
)
def letter_address(rows: Any, within: Any) -> Any:
    return ((rows.role == "client") & (rows.function == "B")).fill_null(False).max().cast("int64")


@homes.feature(
    "Verblijfplaats onbekend",
    "Place of residence unknown",
    unit="yes/no",
    direction=1,
    sentence=(
        "Volgens de basisregistratie is de verblijfplaats van de klant onbekend.",
        "According to the registry the client's place of residence is unknown.",
    ),
    none=(
        "De verblijfplaats van de klant staat niet als onbekend geregistreerd.",
        "The client's place of residence is not registered as unknown.",
    ),
    could=("Een verhuizing kan nog in behandeling zijn.", "A move may still be in process."),
    reason=(
        "Zonder adres is niet vast te stellen welke gemeente en welke norm gelden.",
        "Without an address it cannot be established which municipality and which norm apply.",
    ),
)
def address_unknown(rows: Any, within: Any) -> Any:
    return ((rows.role == "client") & rows.unknown).fill_null(False).max().cast("int64")


@homes.feature(
    "Ingeschreven in een andere gemeente",
    "Registered in another municipality",
    unit="yes/no",
    direction=1,
    sentence=(
        "De klant staat in een andere gemeente ingeschreven dan waar de uitkering loopt.",
        "The client is registered in another municipality than the one that pays the benefit.",
    ),
    none=(
        "De klant staat niet in een andere gemeente ingeschreven.",
        "The client is not registered in another municipality.",
    ),
    could=(
        "De overdracht kan lopen, of er is een centrumgemeente.",
        "The transfer may be under way, or a central municipality pays.",
    ),
    reason=(
        "Het recht bestaat tegenover de gemeente van de woonplaats (Participatiewet 40).",
        "The entitlement is towards the municipality of residence (Participatiewet 40).",
    ),
)
def other_municipality(rows: Any, within: Any) -> Any:
    elsewhere = (rows.address_municipality != rows.municipality).fill_null(False)
    return ((rows.role == "client") & elsewhere).max().cast("int64")


@homes.feature(
    "Leden van het huishouden op verschillende adressen",
    "Members of the household at different addresses",
    unit="count",
    direction=1,
    sentence=(
        "De partners in het dossier staan op verschillende adressen ingeschreven: {value} meer dan één.",
        "The partners in the case are registered at different addresses: {value} more than one.",
    ),
    one=(
        "De partners in het dossier staan op twee verschillende adressen ingeschreven.",
        "The partners in the case are registered at two different addresses.",
    ),
    none=(
        "Er zijn in het dossier geen partners die op verschillende adressen staan.",
        "There are no partners in the case who are registered at different addresses.",
    ),
    could=(
        "Een opname of een verhuizing die nog niet is verwerkt geeft twee adressen.",
        "A stay in an institution or a move in process gives two addresses.",
    ),
    reason=(
        "Partners op verschillende adressen kunnen duurzaam gescheiden leven (Participatiewet 3).",
        "Partners at different addresses may be living apart permanently (Participatiewet 3).",
    ),
)
def household_addresses(rows: Any, within: Any) -> Any:
    return (rows.address_id.nunique(where=rows.role.isin(("client", "partner"))) - 1).clip(lower=0)


@source(
    topic="residence",
    at="day",
    reads={"stays": ("address_id", "start_earliest", "start_latest", "end_earliest", "certainty", "abroad")},
    legal_basis=LAW,
)
def moves(t: Any, members: Any) -> Any:
    """Addresses that the client or partner certainly had moved to, on the earliest day that may have been."""
    s = t.stays
    rows = s.filter(s.certainty == "resident").join(members.filter(members.role != "child"), OF_MEMBER)
    rows = rows.filter(begun(rows.start_latest, rows.as_of))
    return rows.select(
        "case_id",
        "as_of",
        "person_id",
        "role",
        "address_id",
        day=rows.start_earliest,
        abroad=rows.abroad.fill_null(False),
    )


@moves.feature(
    "Verhuizingen in de laatste {w} maanden",
    "Moves in the last {w} months",
    unit="count",
    windows=(12, 36),
    direction=1,
    sentence=(
        "De klant is in de laatste {w} maanden {value} keer verhuisd.",
        "The client moved {value} times in the last {w} months.",
    ),
    one=("De klant is in de laatste {w} maanden 1 keer verhuisd.", "The client moved once in the last {w} months."),
    none=("De klant is in de laatste {w} maanden niet verhuisd.", "The client did not move in the last {w} months."),
    could=MOVED,
    reason=(
        "Na een verhuizing kloppen norm en medebewoners soms niet meer.",
        "After a move the norm and the people at the address are sometimes no longer right.",
    ),
)
def client_moves(rows: Any, within: Any) -> Any:
    return rows.day.nunique(where=within & (rows.role == "client"))


@moves.feature(
    "Maanden sinds de laatste verhuizing",
    "Months since the last move",
    unit="months",
    direction=0,
    fill=float(NO_LIMIT),
    sentence=("De laatste verhuizing is {value} geleden.", "The last move was {value} ago."),
    unknown=(
        "De laatste verhuizing is {value} of langer geleden, of er is geen verhuizing bekend.",
        "The last move was {value} ago or longer, or no move is known.",
    ),
    none=("De laatste verhuizing is minder dan een maand geleden.", "The last move was less than a month ago."),
    could=MOVED,
    reason=(
        "Kort na een verhuizing is er vaker iets nog niet verwerkt.",
        "Shortly after a move something is more often not processed yet.",
    ),
    decimals=0,
)
def months_since_move(rows: Any, within: Any) -> Any:
    days = rows.back.min(where=rows.role == "client")
    return (days / DAYS_A_MONTH).floor().clip(upper=NO_LIMIT)


@moves.feature(
    "Inschrijvingen in het buitenland, laatste {w} maanden",
    "Registrations abroad, last {w} months",
    unit="count",
    windows=(24,),
    direction=1,
    sentence=(
        "De klant of partner is in de laatste {w} maanden {value} keer in het buitenland ingeschreven.",
        "The client or partner was registered abroad {value} times in the last {w} months.",
    ),
    one=(
        "De klant of partner is in de laatste {w} maanden 1 keer in het buitenland ingeschreven.",
        "The client or partner was registered abroad once in the last {w} months.",
    ),
    none=(
        "In de laatste {w} maanden is er geen inschrijving in het buitenland.",
        "There is no registration abroad in the last {w} months.",
    ),
    could=(
        "De terugkeer kan al zijn gemeld; kort verblijf in het buitenland mag.",
        "The return may have been reported; a short stay abroad is allowed.",
    ),
    reason=(
        "Wie te lang in het buitenland verblijft heeft over die tijd geen recht (Participatiewet 13).",
        "Who stays abroad too long has no entitlement over that time (Participatiewet 13).",
    ),
)
def stays_abroad(rows: Any, within: Any) -> Any:
    return rows.count(where=within & rows.abroad)


@source(
    topic="residence",
    at="day",
    after=(homes,),
    reads={
        "stays": (
            "address_id",
            "start_earliest",
            "start_latest",
            "end_earliest",
            "certainty",
            "function",
            "overflow",
        )
    },
    legal_basis=LAW,
)
def housemates(t: Any, members: Any) -> Any:
    """Who certainly is registered at the client's home address and not in the case; `day` is since when.

    `residents` counts everyone there; at a hub (more than nine) nobody is anyone's housemate.
    """
    h = t.homes
    own = h.filter((h.role == "client") & h.address_id.notnull() & (h.function.fill_null("W") != "B"))
    own = own.select("case_id", "municipality", "as_of", "address_id").distinct()
    s = t.near("stays", own, "address_id")
    there = s.filter(
        (s.certainty == "resident")
        & (s.function.fill_null("W") != "B")
        & begun(s.start_latest, s.as_of)
        & lasting(s.end_earliest, s.as_of)
    )
    there = there.group_by("address_id", "municipality", "as_of", "person_id").aggregate(
        day=there.start_earliest.min(), overflow=there.overflow.fill_null(False).max()
    )
    hubs = there.group_by("address_id", "municipality", "as_of").aggregate(
        residents=there.person_id.nunique(), overflow=there.overflow.max()
    )
    hubs = hubs.mutate(hub=(hubs.residents > HUB) | hubs.overflow).drop("overflow")
    rows = own.join(there.drop("overflow"), ["address_id", "municipality", "as_of"])
    rows = rows.join(hubs, ["address_id", "municipality", "as_of"])
    rows = rows.anti_join(members, ["case_id", "as_of", "person_id"])
    adults = t.adults.mutate(adult=True)
    rows = rows.left_join(adults, ["person_id", "as_of"])
    return rows.select(
        "case_id",
        "municipality",
        "as_of",
        "person_id",
        "address_id",
        "day",
        "hub",
        "residents",
        adult=rows.adult.fill_null(False) & ~rows.hub,
    )


@housemates.feature(
    "Andere volwassenen van 27 of ouder op het adres",
    "Other adults of 27 or older at the address",
    unit="count",
    direction=1,
    sentence=(
        "Op het adres staan {value} andere personen van 27 of ouder die niet in het dossier staan.",
        "There are {value} other people of 27 or older registered at the address who are not in the case.",
    ),
    one=(
        "Op het adres staat 1 andere persoon van 27 of ouder die niet in het dossier staat.",
        "There is 1 other person of 27 or older registered at the address who is not in the case.",
    ),
    none=(
        "Op het adres staat niemand anders van 27 of ouder.",
        "Nobody else of 27 or older is registered at the address.",
    ),
    could=HOUSEMATE,
    reason=(
        "Huisgenoten van 27 en ouder tellen mee voor de kostendelersnorm (Participatiewet 22a).",
        "Housemates of 27 and older count for the cost-sharing norm (Participatiewet 22a).",
    ),
)
def other_adults(rows: Any, within: Any) -> Any:
    return rows.person_id.nunique(where=rows.adult)


@housemates.feature(
    "Volwassenen die erbij kwamen in de laatste {w} maanden",
    "Adults who joined in the last {w} months",
    unit="count",
    windows=(12,),
    direction=1,
    sentence=(
        "In de laatste {w} maanden zijn {value} personen van 27 of ouder nieuw op het adres ingeschreven.",
        "In the last {w} months {value} people of 27 or older were newly registered at the address.",
    ),
    one=(
        "In de laatste {w} maanden is 1 persoon van 27 of ouder nieuw op het adres ingeschreven.",
        "In the last {w} months 1 person of 27 or older was newly registered at the address.",
    ),
    none=(
        "In de laatste {w} maanden is niemand van 27 of ouder nieuw op het adres ingeschreven.",
        "In the last {w} months nobody of 27 or older was newly registered at the address.",
    ),
    could=HOUSEMATE,
    reason=("Een nieuwe huisgenoot kan de norm veranderen.", "A new housemate may change the norm."),
)
def adults_joined(rows: Any, within: Any) -> Any:
    return rows.person_id.nunique(where=within & rows.adult)


@housemates.feature(
    "Verzameladres",
    "Address with many residents",
    unit="yes/no",
    direction=-1,
    sentence=(
        "Op het adres staan meer dan negen mensen ingeschreven, zoals bij een instelling, opvang of pension.",
        "More than nine people are registered at the address, as at an institution, shelter or boarding house.",
    ),
    none=(
        "Op het adres staan niet meer dan negen mensen ingeschreven.",
        "No more than nine people are registered at the address.",
    ),
    could=(
        "De meeste mensen wonen met minder dan tien op een adres; dat zegt niets over het huishouden.",
        "Most people live with fewer than ten at an address; that says nothing about the household.",
    ),
    reason=(
        "Op zo'n adres telt de inschrijving van anderen niet mee.",
        "At such an address the registration of others does not count.",
    ),
)
def hub_address(rows: Any, within: Any) -> Any:
    return rows.hub.max().cast("int64")


@source(
    topic="residence",
    after=(housemates,),
    reads={"benefits": ("case_id", "person_id", "role", "start_latest", "end_earliest")},
    legal_basis=LAW,
)
def other_benefits(t: Any, members: Any) -> Any:
    """Benefits of the same municipality that run for housemates, in another case; never what reviews of them found."""
    h = t.housemates
    others = h.filter(~h.hub)
    b = t.near("benefits", others.select("person_id", "municipality", "as_of"), "person_id")
    b = b.filter(begun(b.start_latest, b.as_of) & lasting(b.end_earliest, b.as_of))
    b = b.rename(other_case="case_id").select("other_case", *OF_MEMBER).distinct()
    rows = others.select(*OF_CASE, "person_id").join(b, OF_MEMBER)
    return rows.filter(rows.other_case != rows.case_id).select("case_id", "as_of", "other_case").distinct()


@other_benefits.feature(
    "Andere uitkeringen op het adres",
    "Other benefits at the address",
    unit="count",
    direction=1,
    sentence=(
        "Op het adres lopen {value} andere uitkeringen.",
        "There are {value} other benefits at the address.",
    ),
    one=("Op het adres loopt 1 andere uitkering.", "There is 1 other benefit at the address."),
    none=("Op het adres loopt geen andere uitkering.", "There is no other benefit at the address."),
    could=(
        "Twee huishoudens kunnen los van elkaar op één adres wonen.",
        "Two households can live at one address apart from each other.",
    ),
    reason=(
        "Bij twee uitkeringen op een adres moet de norm van beide bij elkaar passen (Participatiewet 22a).",
        "With two benefits at one address the norms of both have to agree (Participatiewet 22a).",
    ),
)
def benefits_at_address(rows: Any, within: Any) -> Any:
    return rows.other_case.nunique()


@source(
    topic="residence",
    reads={"persons": ("suspension", "suspended_latest")},
    legal_basis=LAW,
)
def lists(t: Any, members: Any) -> Any:
    """Suspensions of the registration of client and partner."""
    p = t.persons
    rows = members.filter(members.role != "child").join(p, OF_MEMBER)
    return rows.filter(begun(rows.suspended_latest, rows.as_of)).select("case_id", "as_of", "suspension")


@lists.feature(
    "Uitgeschreven wegens vertrek",
    "Deregistered because of departure",
    unit="yes/no",
    direction=1,
    sentence=(
        "De inschrijving van de klant of partner is opgeschort wegens vertrek naar het buitenland.",
        "The registration of the client or partner is suspended because of departure abroad.",
    ),
    none=(
        "De inschrijving is niet opgeschort wegens vertrek naar het buitenland.",
        "The registration is not suspended because of departure abroad.",
    ),
    could=(
        "Iemand kan ten onrechte zijn uitgeschreven; dat is te herstellen.",
        "Someone may have been deregistered by mistake; that can be repaired.",
    ),
    reason=(
        "Wie is vertrokken, woont niet meer in de gemeente (Participatiewet 11).",
        "Who has left no longer lives in the municipality (Participatiewet 11).",
    ),
)
def departed(rows: Any, within: Any) -> Any:
    return rows.suspension.isin(EMIGRATED).fill_null(False).max().cast("int64")
