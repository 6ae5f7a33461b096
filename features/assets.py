"""Assets: vehicles and real estate that the registers know of client and partner."""

from __future__ import annotations

from typing import Any

from features.declaration import DAYS_A_MONTH, source
from features.known import OF_MEMBER, begun, days_between, lasting
from features.residence import homes

LAW = "Participatiewet 31, 34, 64"
YOUNG_DAYS = round(48 * DAYS_A_MONTH)
"""first registered less than four years ago"""

CAR = (
    "Een gewone auto telt meestal niet mee als vermogen. De nieuwprijs is niet de huidige waarde.",
    "An ordinary car usually does not count as an asset. The price when new is not the present value.",
)
ESTATE = (
    "Een erfenis die nog verdeeld wordt, of een recht zonder waarde, telt meestal niet mee.",
    "An inheritance not yet divided, or a right without value, usually does not count.",
)


@source(
    topic="assets",
    reads={
        "vehicles": (
            "vehicle_id",
            "start_latest",
            "end_earliest",
            "first_registered_earliest",
            "catalogue_cents",
        )
    },
    legal_basis=LAW,
)
def vehicles_held(t: Any, members: Any) -> Any:
    """Vehicles in the name of client or partner on the date, each once per case."""
    v = t.vehicles
    rows = members.filter(members.role != "child").join(v, OF_MEMBER)
    rows = rows.filter(begun(rows.start_latest, rows.as_of) & lasting(rows.end_earliest, rows.as_of))
    return rows.group_by("case_id", "as_of", "vehicle_id").aggregate(
        cents=rows.catalogue_cents.max(), first=rows.first_registered_earliest.min()
    )


@vehicles_held.feature(
    "Voertuigen op naam",
    "Vehicles held",
    unit="count",
    direction=1,
    sentence=(
        "Op naam van de klant of partner staan {value} voertuigen.",
        "There are {value} vehicles registered to the client or partner.",
    ),
    one=(
        "Op naam van de klant of partner staat 1 voertuig.",
        "There is 1 vehicle registered to the client or partner.",
    ),
    none=(
        "Er staat geen voertuig op naam van de klant of partner.",
        "No vehicle is registered to the client or partner.",
    ),
    could=CAR,
    reason=(
        "Voertuigen kunnen vermogen zijn of bij werk horen (Participatiewet 34).",
        "Vehicles may be assets or belong to work (Participatiewet 34).",
    ),
)
def vehicles(rows: Any, within: Any) -> Any:
    return rows.vehicle_id.nunique()


@vehicles_held.feature(
    "Nieuwprijs van de voertuigen",
    "Price when new of the vehicles",
    unit="EUR",
    direction=1,
    sentence=(
        "De nieuwprijs van de voertuigen op naam is samen {value}.",
        "When new, the vehicles registered cost {value} together.",
    ),
    none=(
        "Er staat geen voertuig met een bekende nieuwprijs op naam.",
        "No vehicle with a known price when new is registered.",
    ),
    could=CAR,
    reason=(
        "Een hoge waarde kan boven de vermogensgrens komen (Participatiewet 34 lid 3).",
        "A high value may exceed the limit on assets (Participatiewet 34(3)).",
    ),
)
def catalogue_value(rows: Any, within: Any) -> Any:
    return rows.cents.sum() / 100


@vehicles_held.feature(
    "Jonge voertuigen",
    "Young vehicles",
    unit="count",
    direction=1,
    sentence=(
        "Op naam staan {value} voertuigen van minder dan vier jaar oud.",
        "There are {value} vehicles registered that are less than four years old.",
    ),
    one=(
        "Op naam staat 1 voertuig van minder dan vier jaar oud.",
        "There is 1 vehicle registered that is less than four years old.",
    ),
    none=(
        "Er staat geen voertuig van minder dan vier jaar oud op naam.",
        "No vehicle less than four years old is registered.",
    ),
    could=CAR,
    reason=(
        "Bij een jong voertuig ligt de nieuwprijs dicht bij de waarde.",
        "The price when new of a young vehicle is close to its value.",
    ),
)
def young_vehicles(rows: Any, within: Any) -> Any:
    return rows.count(where=(days_between(rows.first, rows.as_of) < YOUNG_DAYS).fill_null(False))


@source(
    topic="assets",
    at="day",
    reads={"vehicles": ("vehicle_id", "start_earliest", "start_latest", "end_latest")},
    legal_basis=LAW,
)
def vehicle_starts(t: Any, members: Any) -> Any:
    """Vehicles on the day they came in the name of client or partner; `sold` when they certainly left it."""
    v = t.vehicles
    rows = members.filter(members.role != "child").join(v, OF_MEMBER)
    rows = rows.filter(begun(rows.start_latest, rows.as_of))
    return rows.select(
        "case_id", "as_of", "vehicle_id", day=rows.start_earliest, sold=begun(rows.end_latest, rows.as_of)
    )


@vehicle_starts.feature(
    "Voertuigen op naam gekomen in de laatste {w} maanden",
    "Vehicles acquired in the last {w} months",
    unit="count",
    windows=(12,),
    direction=1,
    sentence=(
        "In de laatste {w} maanden kwamen {value} voertuigen op naam.",
        "In the last {w} months {value} vehicles were acquired.",
    ),
    one=("In de laatste {w} maanden kwam 1 voertuig op naam.", "In the last {w} months 1 vehicle was acquired."),
    none=("In de laatste {w} maanden kwam geen voertuig op naam.", "No vehicle was acquired in the last {w} months."),
    could=CAR,
    reason=(
        "Een aankoop kan laten zien dat er geld of werk bij is gekomen.",
        "A purchase may show that money or work was added.",
    ),
)
def vehicles_acquired(rows: Any, within: Any) -> Any:
    return rows.vehicle_id.nunique(where=within)


@vehicle_starts.feature(
    "Voertuigen gekomen en weer gegaan, laatste {w} maanden",
    "Vehicles that came and went, last {w} months",
    unit="count",
    windows=(24,),
    direction=1,
    sentence=(
        "In de laatste {w} maanden zijn {value} voertuigen op naam gekomen en weer overgeschreven.",
        "In the last {w} months {value} vehicles were acquired and transferred again.",
    ),
    one=(
        "In de laatste {w} maanden is 1 voertuig op naam gekomen en weer overgeschreven.",
        "In the last {w} months 1 vehicle was acquired and transferred again.",
    ),
    none=(
        "In de laatste {w} maanden is geen voertuig op naam gekomen en weer overgeschreven.",
        "In the last {w} months no vehicle was acquired and transferred again.",
    ),
    could=(
        "Wie een oude auto vaak moet vervangen, schrijft vaker een voertuig over.",
        "Someone who often has to replace an old car transfers vehicles more often.",
    ),
    reason=("Veel overschrijvingen kunnen bij handel horen.", "Many changes of registration may belong to trade."),
)
def vehicles_traded(rows: Any, within: Any) -> Any:
    return rows.vehicle_id.nunique(where=within & rows.sold)


@source(
    topic="assets",
    after=(homes,),
    reads={"properties": ("parcel_id", "acquired_latest", "ended_earliest", "price_cents", "address_id", "shared")},
    legal_basis=LAW,
)
def estates(t: Any, members: Any) -> Any:
    """Rights on real estate of client or partner on the date; `home` when it is the address they live at."""
    p = t.properties.rename(estate_id="address_id")
    rows = members.filter(members.role != "child").join(p, OF_MEMBER)
    rows = rows.filter(begun(rows.acquired_latest, rows.as_of) & lasting(rows.ended_earliest, rows.as_of))
    own = t.homes.select("case_id", "as_of", "person_id", home_id="address_id")
    rows = rows.left_join(own, ["case_id", "as_of", "person_id"])
    return rows.group_by("case_id", "as_of", "parcel_id").aggregate(
        cents=rows.price_cents.max(), home=(rows.estate_id == rows.home_id).fill_null(False).max()
    )


@estates.feature(
    "Rechten op onroerend goed",
    "Rights in real estate",
    unit="count",
    direction=1,
    sentence=(
        "De klant of partner heeft {value} rechten op onroerend goed.",
        "The client or partner has {value} rights in real estate.",
    ),
    one=("De klant of partner heeft 1 recht op onroerend goed.", "The client or partner has 1 right in real estate."),
    none=(
        "De klant of partner heeft geen rechten op onroerend goed.",
        "The client or partner has no rights in real estate.",
    ),
    could=ESTATE,
    reason=(
        "Onroerend goed telt mee als vermogen (Participatiewet 34).",
        "Real estate counts as assets (Participatiewet 34).",
    ),
)
def estate_rights(rows: Any, within: Any) -> Any:
    return rows.parcel_id.nunique()


@estates.feature(
    "Onroerend goed buiten de eigen woning",
    "Real estate other than the home",
    unit="count",
    direction=1,
    sentence=(
        "De klant of partner heeft {value} rechten op onroerend goed buiten de eigen woning.",
        "The client or partner has {value} rights in real estate other than the home.",
    ),
    one=(
        "De klant of partner heeft 1 recht op onroerend goed buiten de eigen woning.",
        "The client or partner has 1 right in real estate other than the home.",
    ),
    none=(
        "De klant of partner heeft geen onroerend goed buiten de eigen woning.",
        "The client or partner has no real estate other than the home.",
    ),
    could=ESTATE,
    reason=(
        "Voor de eigen woning geldt een vrijlating, voor ander onroerend goed niet (Participatiewet 34 lid 2 d).",
        "Part of the value of one's own home is exempt, other real estate is not (Participatiewet 34(2)(d)).",
    ),
)
def estate_elsewhere(rows: Any, within: Any) -> Any:
    return rows.parcel_id.nunique(where=~rows.home)


@estates.feature(
    "Koopsom van onroerend goed",
    "Purchase price of real estate",
    unit="EUR",
    direction=1,
    sentence=(
        "De koopsommen van onroerend goed zijn samen {value}.",
        "The purchase prices of real estate add up to {value}.",
    ),
    none=("Er is geen koopsom van onroerend goed bekend.", "No purchase price of real estate is known."),
    could=ESTATE,
    reason=("De waarde kan boven de vermogensgrens komen.", "The value may exceed the limit on assets."),
)
def estate_price(rows: Any, within: Any) -> Any:
    return rows.cents.sum() / 100


@source(
    topic="assets",
    at="day",
    reads={"properties": ("parcel_id", "acquired_earliest", "acquired_latest")},
    legal_basis=LAW,
)
def estate_starts(t: Any, members: Any) -> Any:
    """Rights on real estate on the earliest day that client or partner may have acquired them."""
    rows = members.filter(members.role != "child").join(t.properties, OF_MEMBER)
    rows = rows.filter(begun(rows.acquired_latest, rows.as_of))
    return rows.select("case_id", "as_of", "parcel_id", day=rows.acquired_earliest)


@estate_starts.feature(
    "Onroerend goed verkregen in de laatste {w} maanden",
    "Real estate acquired in the last {w} months",
    unit="count",
    windows=(24,),
    direction=1,
    sentence=(
        "In de laatste {w} maanden zijn {value} rechten op onroerend goed verkregen.",
        "In the last {w} months {value} rights in real estate were acquired.",
    ),
    one=(
        "In de laatste {w} maanden is 1 recht op onroerend goed verkregen.",
        "In the last {w} months 1 right in real estate was acquired.",
    ),
    none=(
        "In de laatste {w} maanden is geen recht op onroerend goed verkregen.",
        "In the last {w} months no right in real estate was acquired.",
    ),
    could=ESTATE,
    reason=(
        "Nieuw onroerend goed is nieuw vermogen (Participatiewet 34).",
        "New real estate is new assets (Participatiewet 34).",
    ),
)
def estates_acquired(rows: Any, within: Any) -> Any:
    return rows.parcel_id.nunique(where=within)


@source(
    topic="assets",
    at="day",
    reads={"properties": ("parcel_id", "acquired_latest", "ended_latest")},
    legal_basis=LAW,
)
def estate_ends(t: Any, members: Any) -> Any:
    """Rights on real estate of client or partner on the day they certainly had ended."""
    rows = members.filter(members.role != "child").join(t.properties, OF_MEMBER)
    rows = rows.filter(begun(rows.acquired_latest, rows.as_of) & begun(rows.ended_latest, rows.as_of))
    return rows.select("case_id", "as_of", "parcel_id", day=rows.ended_latest)


@estate_ends.feature(
    "Onroerend goed vervreemd in de laatste {w} maanden",
    "Real estate disposed of in the last {w} months",
    unit="count",
    windows=(24,),
    direction=1,
    sentence=(
        "In de laatste {w} maanden zijn {value} rechten op onroerend goed geëindigd.",
        "In the last {w} months {value} rights in real estate ended.",
    ),
    one=(
        "In de laatste {w} maanden is 1 recht op onroerend goed geëindigd.",
        "In the last {w} months 1 right in real estate ended.",
    ),
    none=(
        "In de laatste {w} maanden is geen recht op onroerend goed geëindigd.",
        "In the last {w} months no right in real estate ended.",
    ),
    could=(
        "Na een schuld of een scheiding blijft van een verkoop vaak niets over.",
        "After a debt or a divorce often nothing remains of a sale.",
    ),
    reason=(
        "De opbrengst van een verkoop telt mee als vermogen (Participatiewet 31, 34).",
        "The proceeds of a sale count as assets (Participatiewet 31, 34).",
    ),
)
def estates_ended(rows: Any, within: Any) -> Any:
    return rows.parcel_id.nunique(where=within)
