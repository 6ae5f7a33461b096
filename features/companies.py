"""Companies: what client and partner own or direct, and what is registered at their home."""

from __future__ import annotations

from typing import Any

from features.declaration import source
from features.known import OF_CASE, OF_MEMBER, begun, lasting
from features.residence import homes, housemates

LAW = "Handelsregisterwet 21; Participatiewet 17, 53a"

OWN = (
    "Een onderneming kan stil liggen, of met toestemming naast de uitkering worden gevoerd.",
    "A company may be dormant, or be run beside the benefit with permission.",
)


@source(
    topic="companies",
    reads={"functionaries": ("company", "role", "start_latest", "end_earliest")},
    legal_basis=LAW,
)
def posts(t: Any, members: Any) -> Any:
    """Posts of client and partner that certainly last on the date."""
    f = t.functionaries.rename(post="role")
    rows = members.filter(members.role != "child").join(f, OF_MEMBER)
    rows = rows.filter(begun(rows.start_latest, rows.as_of) & lasting(rows.end_earliest, rows.as_of))
    return rows.select(*OF_CASE, "person_id", "company", "post")


@posts.feature(
    "Ondernemingen op naam van klant of partner",
    "Companies owned by client or partner",
    unit="count",
    direction=1,
    sentence=(
        "De klant of partner is eigenaar van {value} ondernemingen.",
        "The client or partner owns {value} companies.",
    ),
    one=("De klant of partner is eigenaar van 1 onderneming.", "The client or partner owns 1 company."),
    none=("De klant of partner is geen eigenaar van een onderneming.", "The client or partner owns no company."),
    could=OWN,
    reason=(
        "Inkomsten uit een onderneming tellen mee; voor zelfstandigen geldt een andere regeling (Bbz).",
        "Income from a business counts; a different scheme applies to the self-employed (Bbz).",
    ),
)
def companies_owned(rows: Any, within: Any) -> Any:
    return rows.company.nunique(where=rows.post == "owner")


@posts.feature(
    "Bestuursfuncties",
    "Directorships",
    unit="count",
    direction=1,
    sentence=(
        "De klant of partner is bestuurder van {value} organisaties.",
        "The client or partner is a director of {value} organisations.",
    ),
    one=(
        "De klant of partner is bestuurder van 1 organisatie.",
        "The client or partner is a director of 1 organisation.",
    ),
    none=("De klant of partner is nergens bestuurder.", "The client or partner is not a director of any organisation."),
    could=(
        "Bestuurder zijn van een vereniging of stichting is meestal vrijwilligerswerk.",
        "Being a director of an association or foundation is usually unpaid.",
    ),
    reason=("Een bestuursfunctie kan bij inkomsten horen.", "A directorship may come with income."),
)
def directorships(rows: Any, within: Any) -> Any:
    return rows.company.nunique(where=rows.post == "director")


@source(
    topic="companies",
    at="day",
    reads={"functionaries": ("company", "start_earliest", "start_latest", "end_latest")},
    legal_basis=LAW,
)
def post_starts(t: Any, members: Any) -> Any:
    """Posts of client and partner on the earliest day they may have begun; `left` when they certainly ended."""
    f = t.functionaries.drop("role")
    rows = members.filter(members.role != "child").join(f, OF_MEMBER)
    rows = rows.filter(begun(rows.start_latest, rows.as_of))
    return rows.select("case_id", "as_of", "company", day=rows.start_earliest, left=begun(rows.end_latest, rows.as_of))


@post_starts.feature(
    "Begonnen met een onderneming in de laatste {w} maanden",
    "Companies begun in the last {w} months",
    unit="count",
    windows=(12,),
    direction=1,
    sentence=(
        "In de laatste {w} maanden werd de klant of partner bij {value} ondernemingen nieuw ingeschreven.",
        "In the last {w} months the client or partner was newly registered at {value} companies.",
    ),
    one=(
        "In de laatste {w} maanden werd de klant of partner bij 1 onderneming nieuw ingeschreven.",
        "In the last {w} months the client or partner was newly registered at 1 company.",
    ),
    none=(
        "In de laatste {w} maanden werd de klant of partner niet bij een onderneming nieuw ingeschreven.",
        "In the last {w} months the client or partner was not newly registered at a company.",
    ),
    could=OWN,
    reason=(
        "Een nieuwe onderneming verandert inkomen en regeling.",
        "A new business changes the income and the scheme that applies.",
    ),
)
def companies_begun(rows: Any, within: Any) -> Any:
    return rows.company.nunique(where=within)


@source(
    topic="companies",
    after=(posts,),
    reads={"companies": ("company", "branch", "staff", "start_earliest", "end_earliest")},
    legal_basis=LAW,
)
def own_companies(t: Any, members: Any) -> Any:
    """The companies of `posts` that have begun and not ended."""
    c = t.near("companies", t.posts.select("company", "municipality", "as_of"), "company")
    c = c.filter((c.start_earliest < c.as_of).fill_null(True) & lasting(c.end_earliest, c.as_of))
    rows = t.posts.join(c, ["company", "municipality", "as_of"])
    return rows.select("case_id", "as_of", "company", "staff")


@own_companies.feature(
    "Mensen werkzaam in eigen ondernemingen",
    "People working in own companies",
    unit="count",
    direction=1,
    sentence=(
        "In een onderneming van de klant of partner werken volgens het handelsregister {value} personen.",
        "According to the trade register {value} people work in a company of the client or partner.",
    ),
    one=(
        "In een onderneming van de klant of partner werkt volgens het handelsregister 1 persoon.",
        "According to the trade register 1 person works in a company of the client or partner.",
    ),
    none=(
        "Er is geen onderneming van de klant of partner waar volgens het handelsregister mensen werken.",
        "There is no company of the client or partner where, according to the trade register, people work.",
    ),
    could=OWN,
    reason=("Een onderneming met personeel ligt niet stil.", "A business with staff is not dormant."),
)
def company_staff(rows: Any, within: Any) -> Any:
    return rows.staff.max().fill_null(0)


@source(
    topic="companies",
    after=(homes, housemates, posts),
    reads={"companies": ("company", "address_id", "start_latest", "end_earliest")},
    legal_basis=LAW,
)
def at_home(t: Any, members: Any) -> Any:
    """Companies registered at the client's home address on the date; `own` when client or partner has a post there."""
    h = t.homes
    own = h.filter((h.role == "client") & h.address_id.notnull() & (h.function.fill_null("W") != "B"))
    hubs = t.housemates.filter(t.housemates.hub).select("case_id", "as_of").distinct()
    own = own.anti_join(hubs, ["case_id", "as_of"]).select(*OF_CASE, "address_id").distinct()
    c = t.near("companies", own, "address_id")
    c = c.filter(begun(c.start_latest, c.as_of) & lasting(c.end_earliest, c.as_of))
    rows = own.join(c, ["address_id", "municipality", "as_of"]).select("case_id", "as_of", "company").distinct()
    theirs = t.posts.select("case_id", "as_of", "company").distinct().mutate(own=True)
    rows = rows.left_join(theirs, ["case_id", "as_of", "company"])
    return rows.select("case_id", "as_of", "company", own=rows.own.fill_null(False))


@at_home.feature(
    "Onderneming van een ander op het woonadres",
    "Company of someone else at the home address",
    unit="count",
    direction=1,
    sentence=(
        "Op het woonadres staan {value} ondernemingen ingeschreven waar de klant of partner geen functie heeft.",
        "There are {value} companies registered at the home address in which the client or partner has no post.",
    ),
    one=(
        "Op het woonadres staat 1 onderneming ingeschreven waar de klant of partner geen functie heeft.",
        "There is 1 company registered at the home address in which the client or partner has no post.",
    ),
    none=(
        "Op het woonadres staat geen onderneming van een ander ingeschreven.",
        "No company of someone else is registered at the home address.",
    ),
    could=(
        "Een huisgenoot of vorige bewoner kan er zijn onderneming hebben.",
        "A housemate or an earlier resident may have a company there.",
    ),
    reason=(
        "Een onderneming op het adres kan bij een niet bekende bewoner horen.",
        "A business at the address may belong to a resident who is not known.",
    ),
)
def other_company_at_home(rows: Any, within: Any) -> Any:
    return rows.company.nunique(where=~rows.own)


@at_home.feature(
    "Eigen onderneming op het woonadres",
    "Own company at the home address",
    unit="count",
    direction=1,
    sentence=(
        "Op het woonadres staan {value} eigen ondernemingen ingeschreven.",
        "The client or partner has {value} companies registered at the home address.",
    ),
    one=(
        "Op het woonadres staat 1 eigen onderneming ingeschreven.",
        "The client or partner has 1 company registered at the home address.",
    ),
    none=(
        "Op het woonadres staat geen eigen onderneming ingeschreven.",
        "No company of the client or partner is registered at the home address.",
    ),
    could=OWN,
    reason=("Een onderneming aan huis is vaker in bedrijf.", "A business at home is more often active."),
)
def own_company_at_home(rows: Any, within: Any) -> Any:
    return rows.company.nunique(where=rows.own)


@source(
    topic="companies",
    at="day",
    reads={"functionaries": ("company", "role", "start_latest", "end_latest")},
    legal_basis=LAW,
)
def posts_ended(t: Any, members: Any) -> Any:
    """Posts of client and partner on the day they certainly had ended."""
    f = t.functionaries.rename(post="role")
    rows = members.filter(members.role != "child").join(f, OF_MEMBER)
    rows = rows.filter(begun(rows.start_latest, rows.as_of) & begun(rows.end_latest, rows.as_of))
    return rows.select("case_id", "as_of", "company", day=rows.end_latest)


@posts_ended.feature(
    "Ondernemingen uitgeschreven in de laatste {w} maanden",
    "Companies left in the last {w} months",
    unit="count",
    windows=(24,),
    direction=0,
    sentence=(
        "In de laatste {w} maanden eindigde bij {value} ondernemingen de functie van de klant of partner.",
        "In the last {w} months the post of the client or partner ended at {value} companies.",
    ),
    one=(
        "In de laatste {w} maanden eindigde bij 1 onderneming de functie van de klant of partner.",
        "In the last {w} months the post of the client or partner ended at 1 company.",
    ),
    none=(
        "In de laatste {w} maanden eindigde geen functie bij een onderneming.",
        "In the last {w} months no post at a company ended.",
    ),
    could=OWN,
    reason=(
        "Na het einde van een onderneming veranderen inkomen en vermogen.",
        "After a business ends, income and assets change.",
    ),
)
def companies_left(rows: Any, within: Any) -> Any:
    return rows.company.nunique(where=within)
