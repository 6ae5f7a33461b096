"""Household: the norm that is paid beside the household that the registry shows."""

from __future__ import annotations

from typing import Any

import ibis

from features.benefit import term
from features.declaration import source
from features.entitlement import table
from features.known import OF_CASE, OF_MEMBER, begun, lasting
from features.residence import homes, housemates

LAW = "Participatiewet 3, 20, 21, 22a, 53a"
MOST_SHARERS = 12

KIN = (
    "De inschrijving kan achterlopen, of de gemeente kent de situatie al.",
    "The registration may lag behind, or the municipality knows the situation already.",
)
SHARER = (
    "Studenten en huurders met een contract tellen niet mee voor de norm.",
    "Students and tenants with a contract do not count for the norm.",
)


@source(
    topic="household",
    after=(term, homes, housemates),
    reads={"kinships": ("relation", "start_latest", "end_earliest", "end_latest")},
    legal_basis="Wet BRP; " + LAW,
)
def partners(t: Any, members: Any) -> Any:
    """Registered partners of client and partner who are not in the case, with the bond's state and their address."""
    k = t.kinships
    rows = members.filter(members.role != "child").join(k.filter(k.relation == "partner"), OF_MEMBER)
    rows = rows.filter(begun(rows.start_latest, rows.as_of) & rows.other_id.notnull())
    rows = rows.mutate(current=lasting(rows.end_earliest, rows.as_of), former=begun(rows.end_latest, rows.as_of))
    bonds = rows.group_by("case_id", "as_of", person_id=rows.other_id).aggregate(
        current=rows.current.max(), former=rows.former.min()
    )
    bonds = bonds.anti_join(members, ["case_id", "as_of", "person_id"])
    here = t.housemates.select("case_id", "as_of", "person_id", here=~t.housemates.hub)
    norms = t.term.select("case_id", "as_of", "norm")
    rows = bonds.left_join(here, ["case_id", "as_of", "person_id"]).drop(
        "case_id_right", "as_of_right", "person_id_right"
    )
    rows = rows.join(norms, ["case_id", "as_of"])
    return rows.select(
        "case_id",
        "as_of",
        "person_id",
        "current",
        "former",
        here=rows.here.fill_null(False),
        single=(rows.norm != "couple").fill_null(False),
    )


@partners.feature(
    "Geregistreerde partner, norm voor een alleenstaande",
    "Registered partner, norm of a single person",
    unit="yes/no",
    direction=1,
    sentence=(
        "In de basisregistratie staat een partner die niet in het dossier staat.",
        "The registry shows a partner who is not in the case.",
    ),
    none=(
        "Er is geen geregistreerde partner buiten het dossier, of de norm is al die van een paar.",
        "There is no registered partner outside the case, or the norm is that of a couple already.",
    ),
    could=(
        "De partners kunnen duurzaam gescheiden leven, of de scheiding is nog niet ingeschreven.",
        "The partners may live apart for good, or the divorce has not been registered yet.",
    ),
    reason=(
        "Voor gehuwden geldt een andere norm, tenzij zij duurzaam gescheiden leven (Participatiewet 3).",
        "Another norm applies to married couples, unless they live apart permanently (Participatiewet 3).",
    ),
)
def partner_outside_case(rows: Any, within: Any) -> Any:
    return (rows.current & rows.single).max().cast("int64")


@partners.feature(
    "Vroegere partner op hetzelfde adres",
    "Former partner at the same address",
    unit="yes/no",
    direction=1,
    sentence=(
        "Een vroegere partner staat op hetzelfde adres ingeschreven.",
        "A former partner is registered at the same address.",
    ),
    none=("Er staat geen vroegere partner op het adres.", "No former partner is registered at the address."),
    could=(
        "Woningnood dwingt mensen soms om na een scheiding op één adres te blijven.",
        "Housing shortage can force people to stay at one address after a divorce.",
    ),
    reason=(
        "Voor vroegere partners op één adres geldt een wettelijk vermoeden (Participatiewet 3 lid 4).",
        "The law presumes a joint household of former partners at one address (Participatiewet 3(4)).",
    ),
)
def former_partner_here(rows: Any, within: Any) -> Any:
    return (rows.former & ~rows.current & rows.here).max().cast("int64")


@source(
    topic="household",
    after=(housemates,),
    reads={"kinships": ("relation", "person_id")},
    legal_basis="Wet BRP; " + LAW,
)
def kin_here(t: Any, members: Any) -> Any:
    """Housemates outside the case who are kin: a child of the client, or another parent of the client's child."""
    k = t.kinships
    clients = members.filter(members.role != "child")
    own = clients.join(k.filter(k.relation == "child"), OF_MEMBER).filter(lambda r: r.other_id.notnull())
    own = own.select(*OF_CASE, child=own.other_id).distinct()
    here = t.housemates.filter(~t.housemates.hub)
    grown = here.join(own, [*OF_CASE, here.person_id == own.child]).select(
        "case_id", "as_of", "person_id", "adult", kin=ibis.literal("child")
    )
    reach = own.select("municipality", "as_of", person_id=own.child)
    parents = t.near("kinships", reach, "person_id").filter(lambda r: (r.relation == "parent") & r.other_id.notnull())
    parents = parents.select("municipality", "as_of", child=parents.person_id, parent=parents.other_id).distinct()
    others = own.join(parents, ["child", "municipality", "as_of"]).select(*OF_CASE, person_id="parent").distinct()
    both = here.join(others, [*OF_CASE, "person_id"])
    return grown.union(both.select("case_id", "as_of", "person_id", "adult", kin=ibis.literal("parent")))


@kin_here.feature(
    "Inwonende zoon of dochter van 27 of ouder",
    "Son or daughter of 27 or older at home",
    unit="yes/no",
    direction=1,
    sentence=(
        "Een zoon of dochter van 27 of ouder die niet in het dossier staat, is op het adres ingeschreven.",
        "A son or daughter of 27 or older who is not in the case is registered at the address.",
    ),
    none=(
        "Er is geen zoon of dochter van 27 of ouder buiten het dossier op het adres ingeschreven.",
        "No son or daughter of 27 or older outside the case is registered at the address.",
    ),
    could=SHARER,
    reason=(
        "Vanaf 27 jaar telt een inwonend kind mee voor de kostendelersnorm (Participatiewet 22a).",
        "From the age of 27 a son or daughter at home counts for the cost-sharing norm (Participatiewet 22a).",
    ),
)
def kin_27_at_home(rows: Any, within: Any) -> Any:
    return ((rows.kin == "child") & rows.adult).max().cast("int64")


@kin_here.feature(
    "Andere ouder op hetzelfde adres",
    "Other parent at the same address",
    unit="yes/no",
    direction=1,
    sentence=(
        "De andere ouder van een kind van de klant staat op hetzelfde adres.",
        "The other parent of a child of the client is registered at the same address.",
    ),
    none=(
        "Er staat geen andere ouder van een kind van de klant op het adres.",
        "No other parent of a child of the client is registered at the address.",
    ),
    could=KIN,
    reason=(
        "Voor ouders van een kind op één adres geldt een wettelijk vermoeden (Participatiewet 3 lid 4).",
        "The law presumes a joint household of the parents of a child at one address (Participatiewet 3(4)).",
    ),
)
def other_parent_here(rows: Any, within: Any) -> Any:
    return (rows.kin == "parent").max().cast("int64")


@source(
    topic="household",
    after=(term, housemates, homes),
    reads={"benefits": ("role", "person_id", "start_earliest", "cost_sharers")},
    legal_basis=LAW,
)
def composition(t: Any, members: Any) -> Any:
    """The norm paid and the norm that the registered household would lead to, in cents; one row per case.

    Only for clients from 27 to pension age who are registered at an ordinary home address: for others the table of
    norms does not hold, or the registration says nothing.
    """
    terms, h = t.term, t.housemates
    here = h.group_by("case_id", "as_of").aggregate(adults=h.person_id.nunique(where=h.adult), hub=h.hub.max())
    b = t.benefits.filter(lambda r: (r.role == "client") & (r.start_earliest < r.as_of) & r.cost_sharers.notnull())
    # Not argmax: which of two equal starts it takes, and what it does without a value, is each engine's own.
    b = b.mutate(newest=b.start_earliest.max().over(group_by=[b.case_id, b.municipality, b.as_of]))
    b = b.filter(b.start_earliest == b.newest)
    counted = b.group_by(*OF_CASE).aggregate(counted=b.cost_sharers.max())
    pairs = members.group_by("case_id", "as_of").aggregate(couple=(members.role == "partner").any())
    homed = t.homes.filter((t.homes.role == "client") & t.homes.address_id.notnull())
    homed = homed.filter(homed.function.fill_null("W") != "B").select("case_id", "as_of").distinct()
    rows = terms.semi_join(homed, ["case_id", "as_of"]).join(t.adults, ["person_id", "as_of"])
    rows = rows.filter(~rows.pension & rows.norm_cents.notnull() & (rows.norm_cents > 0))
    rows = rows.left_join(here, ["case_id", "as_of"]).drop("case_id_right", "as_of_right")
    rows = rows.left_join(counted.drop("municipality"), ["case_id", "as_of"]).drop("case_id_right", "as_of_right")
    rows = rows.join(pairs, ["case_id", "as_of"])
    rows = rows.filter(~rows.hub.fill_null(False))
    others = rows.adults.fill_null(0).clip(upper=MOST_SHARERS)
    return rows.select(
        "case_id",
        "as_of",
        "norm",
        "couple",
        "norm_cents",
        others=others,
        counted=rows.counted,
        expected=_expected(rows.as_of, rows.couple, others),
    )


def _expected(as_of: Any, couple: Any, others: Any) -> Any:
    """Norm of the case in cents by the dated table: a couple together, or the client."""
    since = table()[::-1]
    double = ibis.cases(*((as_of >= one.since, one.couple_cents) for one in since), else_=since[-1].couple_cents)
    single = ibis.cases(*((as_of >= one.since, one.single_cents) for one in since), else_=since[-1].single_cents)
    adults = others + ibis.ifelse(couple, 2, 1)
    shared = (double * (4 + 3 * adults) * 2 + 10 * adults) // (20 * adults)
    alone = ibis.ifelse(couple, double, single)
    return ibis.ifelse(others == 0, alone, shared * ibis.ifelse(couple, 2, 1)).cast("int64")


@composition.feature(
    "Norm hoger dan bij de inschrijving past",
    "Norm higher than the registration suggests",
    unit="EUR",
    direction=1,
    sentence=(
        "De norm is {value} per maand hoger dan past bij de mensen die op het adres zijn ingeschreven.",
        "The norm is {value} a month higher than fits the people registered at the address.",
    ),
    none=(
        "De norm is niet hoger dan past bij de mensen op het adres, of dat is niet te bepalen.",
        "The norm is not higher than fits the people at the address, or this cannot be determined.",
    ),
    could=SHARER,
    reason=(
        "Het verschil is wat een ander huishouden voor de uitkering zou betekenen.",
        "The difference is what another household would mean for the benefit.",
    ),
)
def norm_above_registered(rows: Any, within: Any) -> Any:
    return (rows.norm_cents - rows.expected).max().clip(lower=0) / 100


@composition.feature(
    "Norm lager dan bij de inschrijving past",
    "Norm lower than the registration suggests",
    unit="EUR",
    direction=-1,
    sentence=(
        "De norm is {value} per maand lager dan past bij de mensen op het adres. Mogelijk is te weinig uitgekeerd.",
        "The norm is {value} a month lower than fits the people at the address. Possibly too little was paid.",
    ),
    none=(
        "De norm is niet lager dan past bij de mensen op het adres, of dat is niet te bepalen.",
        "The norm is not lower than fits the people at the address, or this cannot be determined.",
    ),
    could=(
        "Een huisgenoot kan vertrokken zijn zonder dat de norm is aangepast.",
        "A housemate may have left without the norm being adjusted.",
    ),
    reason=(
        "Een te lage norm is een nabetaling voor de klant (dienstenlijst, R34).",
        "A norm that is too low means a payment owed to the client (service list, R34).",
    ),
)
def norm_below_registered(rows: Any, within: Any) -> Any:
    return (rows.expected - rows.norm_cents).max().clip(lower=0) / 100


@composition.feature(
    "Meer ingeschreven volwassenen dan kostendelers",
    "More registered adults than cost sharers",
    unit="count",
    direction=1,
    sentence=(
        "Er staan {value} volwassenen van 27 of ouder meer ingeschreven dan in de norm zijn meegeteld.",
        "There are {value} more adults of 27 or older registered than the norm counts.",
    ),
    one=(
        "Er staat 1 volwassene van 27 of ouder meer ingeschreven dan in de norm is meegeteld.",
        "There is 1 more adult of 27 or older registered than the norm counts.",
    ),
    none=(
        "Er staan niet meer volwassenen van 27 of ouder ingeschreven dan in de norm zijn meegeteld.",
        "There are no more adults of 27 or older registered than the norm counts.",
    ),
    could=SHARER,
    reason=(
        "De kostendelersnorm hangt af van het aantal volwassenen (Participatiewet 22a).",
        "The cost-sharing norm depends on the number of adults (Participatiewet 22a).",
    ),
)
def uncounted_sharers(rows: Any, within: Any) -> Any:
    return (rows.others - rows.counted).max().clip(lower=0)


@composition.feature(
    "Minder ingeschreven volwassenen dan kostendelers",
    "Fewer registered adults than cost sharers",
    unit="count",
    direction=-1,
    sentence=(
        "De norm telt {value} kostendelers meer dan er staan ingeschreven. Mogelijk is te weinig uitgekeerd.",
        "The norm counts {value} more cost sharers than the number registered. Possibly too little was paid.",
    ),
    one=(
        "De norm telt 1 kostendeler meer dan er staan ingeschreven. Mogelijk is te weinig uitgekeerd.",
        "The norm counts 1 more cost sharer than the number registered. Possibly too little was paid.",
    ),
    none=(
        "De norm telt niet meer kostendelers dan er staan ingeschreven.",
        "The norm does not count more cost sharers than the number registered.",
    ),
    could=(
        "De huisgenoot kan er wonen zonder ingeschreven te staan.",
        "The housemate may live there without being registered.",
    ),
    reason=(
        "Een kostendeler die weg is, hoort niet meer mee te tellen (dienstenlijst, R34).",
        "A cost sharer who has left should no longer count (service list, R34).",
    ),
)
def sharers_gone(rows: Any, within: Any) -> Any:
    return (rows.counted - rows.others).max().clip(lower=0)


@composition.feature(
    "Norm voor een paar zonder partner in het dossier",
    "Norm of a couple without a partner in the case",
    unit="yes/no",
    direction=1,
    sentence=(
        "De norm is die van een paar, maar er staat geen partner in het dossier.",
        "The norm is that of a couple, but there is no partner in the case.",
    ),
    none=(
        "De norm is niet die van een paar, of er staat een partner in het dossier.",
        "The norm is not that of a couple, or there is a partner in the case.",
    ),
    could=(
        "De partner kan pas vertrokken of nog niet ingevoerd zijn.",
        "The partner may just have left or not be entered yet.",
    ),
    reason=(
        "Voor een alleenstaande geldt een lagere norm (Participatiewet 21).",
        "A lower norm applies to a single person (Participatiewet 21).",
    ),
)
def couple_norm_alone(rows: Any, within: Any) -> Any:
    return ((rows.norm == "couple") & ~rows.couple).fill_null(False).max().cast("int64")
