"""What the client may be missing: income set off too high or too long, payments that fell short, an allowance (R34)."""

from __future__ import annotations

from typing import Any

import ibis

from features.benefit import paid, term
from features.declaration import source
from features.income import TOLERANCE_CENTS, booked, earnings
from features.known import OF_MEMBER, begun, days_between, lasting
from features.months import month_number
from features.residence import housemates

LAW = "Participatiewet 17, 31, 32, 53a, 58"
SHORT_PERCENT = 85
"""a month falls short when what was paid and deducted together is less than this part of the norm"""
ALLOWANCE_DAYS = 1096
ALLOWANCE_MONTHS = 36
NO_WAGES = 60
"""months; no wages known, or longer ago"""

LATE = (
    "De loonaangifte kan later zijn binnengekomen dan de uitbetaling, of het inkomen staat niet in de registratie.",
    "The wage return may have come in after the payment, or the income is not in the registry.",
)
STOPPED = (
    "Beslag, een aflossing, een maatregel of een deel van een maand verlaagt de betaling ook.",
    "Seizure, repayment, a measure or part of a month lower the payment too.",
)


@booked.feature(
    "Meer verrekend dan er aan inkomen staat, laatste {w} maanden",
    "More deducted than income registered, last {w} months",
    unit="EUR",
    windows=(12,),
    direction=-1,
    sentence=(
        "In de laatste {w} maanden is {value} meer verrekend dan er aan inkomen staat. Mogelijk is te weinig betaald.",
        "Over the last {w} months {value} more was deducted than income registered. Possibly too little was paid.",
    ),
    none=(
        "In de laatste {w} maanden is in geen maand meer verrekend dan er aan inkomen staat.",
        "In no month of the last {w} was more deducted than income registered.",
    ),
    could=LATE,
    reason=(
        "Wat te veel is verrekend, is een nabetaling voor de klant (dienstenlijst, R34).",
        "What was deducted too much is a payment owed to the client (service list, R34).",
    ),
)
def deducted_above_earned(rows: Any, within: Any) -> Any:
    return (rows.deducted - rows.earned).clip(lower=0).sum(where=within) / 100


@booked.feature(
    "Maanden met verrekening zonder inkomen, laatste {w} maanden",
    "Months with a deduction and no income, last {w} months",
    unit="months",
    windows=(12,),
    direction=-1,
    sentence=(
        "In de laatste {w} maanden is over {value} inkomen verrekend terwijl er geen inkomen geregistreerd staat.",
        "In the last {w} months, income was deducted for {value} without any income registered.",
    ),
    none=(
        "In de laatste {w} maanden is geen inkomen verrekend over een maand zonder geregistreerd inkomen.",
        "In the last {w} months no income was deducted for a month without registered income.",
    ),
    could=LATE,
    reason=(
        "Inkomen dat is gestopt hoort niet meer te worden verrekend (dienstenlijst, R34).",
        "Income that has stopped should no longer be deducted (service list, R34).",
    ),
)
def deducted_months_without_income(rows: Any, within: Any) -> Any:
    return rows.count(where=within & (rows.deducted > 0) & (rows.earned <= 0))


@booked.feature(
    "Maanden met minder dan de norm zonder verrekening die dat verklaart, laatste {w} maanden",
    "Months below the norm that no deduction explains, last {w} months",
    unit="months",
    windows=(12,),
    direction=-1,
    sentence=(
        "In de laatste {w} maanden is over {value} minder dan € 85 van elke € 100 van de norm betaald en verrekend.",
        "In the last {w} months, less than €85 of every €100 of the norm was paid and deducted for {value}.",
    ),
    none=(
        "In de laatste {w} maanden is elke maand ten minste € 85 van elke € 100 van de norm betaald en verrekend.",
        "In each of the last {w} months at least €85 of every €100 of the norm was paid and deducted.",
    ),
    could=STOPPED,
    reason=(
        "Een tekort dat niemand kan verklaren is mogelijk een nabetaling (dienstenlijst, R34).",
        "A shortfall that nobody can explain may be a payment owed (service list, R34).",
    ),
)
def short_months(rows: Any, within: Any) -> Any:
    return rows.count(where=within & ((rows.paid + rows.deducted) * 100 < rows.norm * SHORT_PERCENT))


@booked.feature(
    "Meer verrekend dan opgegeven, laatste {w} maanden",
    "More deducted than declared, last {w} months",
    unit="EUR",
    windows=(12,),
    direction=-1,
    sentence=(
        "In de laatste {w} maanden is {value} meer inkomen verrekend dan de klant heeft opgegeven.",
        "Over the last {w} months {value} more income was deducted than the client declared.",
    ),
    none=(
        "In de laatste {w} maanden is niet meer inkomen verrekend dan de klant heeft opgegeven.",
        "Over the last {w} months no more income was deducted than the client declared.",
    ),
    could=(
        "De gemeente kan het inkomen van een andere bron hebben gekregen.",
        "The municipality may have had the income from another source.",
    ),
    reason=(
        "Een verrekening zonder opgave is niet altijd aan de klant gevraagd.",
        "The client was not always asked about a deduction without a declaration.",
    ),
)
def deducted_above_declared(rows: Any, within: Any) -> Any:
    return (rows.deducted - rows.declared).clip(lower=0).sum(where=within) / 100


@booked.feature(
    "Opgegeven en nog niet verrekend inkomen, laatste {w} maanden",
    "Income declared and not yet deducted, last {w} months",
    unit="EUR",
    windows=(12,),
    direction=1,
    sentence=(
        "In de laatste {w} maanden is {value} opgegeven inkomen niet verrekend en niet vrijgelaten.",
        "Over the last {w} months {value} of declared income was neither deducted nor exempted.",
    ),
    none=(
        "In de laatste {w} maanden is al het opgegeven inkomen verrekend of vrijgelaten.",
        "Over the last {w} months all declared income was deducted or exempted.",
    ),
    could=(
        "Niet al het opgegeven inkomen hoeft te worden verrekend (Participatiewet 31 lid 2).",
        "Not all declared income has to be deducted (Participatiewet 31).",
    ),
    reason=(
        "De klant gaf het inkomen op; het verschil ligt bij de verwerking.",
        "The client declared the income; the difference lies in the processing.",
    ),
)
def declared_not_deducted(rows: Any, within: Any) -> Any:
    return (rows.declared - rows.deducted - rows.exempt).clip(lower=0).sum(where=within) / 100


@booked.feature(
    "Maanden zonder uitbetaling, laatste {w} maanden",
    "Months without payment, last {w} months",
    unit="months",
    windows=(12,),
    direction=0,
    sentence=(
        "In de laatste {w} maanden is over {value} niets uitbetaald en niets verrekend.",
        "In the last {w} months, nothing was paid and nothing deducted for {value}.",
    ),
    none=(
        "In de laatste {w} maanden is elke maand iets uitbetaald of verrekend.",
        "In each of the last {w} months something was paid or deducted.",
    ),
    could=STOPPED,
    reason=(
        "Een onderbreking laat zien dat er iets in de uitkering is veranderd.",
        "An interruption shows that something in the benefit has changed.",
    ),
)
def unpaid_months(rows: Any, within: Any) -> Any:
    return rows.count(where=within & (rows.paid <= 0) & (rows.deducted <= 0))


@booked.feature(
    "Maanden waarin meer is opgegeven dan geregistreerd",
    "Months in which more was declared than is registered",
    unit="months",
    windows=(12,),
    direction=-1,
    sentence=(
        "In de laatste {w} maanden ligt het opgegeven inkomen over {value} meer dan € 50 boven het geregistreerde.",
        "In the last {w} months, declared income exceeds registered income by more than €50 for {value}.",
    ),
    none=(
        "In geen van de laatste {w} maanden ligt het opgegeven inkomen meer dan € 50 boven het geregistreerde.",
        "In none of the last {w} months does declared income exceed registered income by more than €50.",
    ),
    could=LATE,
    reason=(
        "Wie meer opgeeft dan er staat, kreeg mogelijk te weinig (dienstenlijst, R34).",
        "Who declares more than is registered may have got too little (service list, R34).",
    ),
)
def overdeclared_months(rows: Any, within: Any) -> Any:
    return rows.count(where=within & (rows.declared - rows.earned > TOLERANCE_CENTS))


@source(topic="income", at="month", after=(earnings,), reads={}, legal_basis="SUWI 62; Participatiewet 32, 64")
def income_months(t: Any, members: Any) -> Any:
    """Registered income of the household per month, all of it and wages alone, in cents."""
    e = t.earnings
    return e.group_by("case_id", "as_of", "month").aggregate(
        earned=e.cents.sum().cast("int64"), wages=e.cents.sum(where=e.wage).fill_null(0).cast("int64")
    )


@income_months.feature(
    "Wisseling van het maandinkomen, laatste {w} maanden",
    "Variation of monthly income, last {w} months",
    unit="share",
    windows=(12,),
    direction=1,
    sentence=(
        "In de laatste {w} maanden was het verschil tussen het inkomen van een maand en het gemiddelde doorgaans "
        "{value} van dat gemiddelde.",
        "Over the last {w} months the income of a month typically differed from the mean by {value} of that mean.",
    ),
    none=(
        "Het maandinkomen was in de laatste {w} maanden gelijk, of er was geen inkomen.",
        "Monthly income was the same over the last {w} months, or there was none.",
    ),
    could=(
        "Oproepwerk, ploegentoeslag en vakantiegeld geven een wisselend inkomen.",
        "On-call work, shift pay and holiday pay make income vary.",
    ),
    reason=(
        "Bij wisselend inkomen moet de verrekening elke maand anders zijn.",
        "With varying income the deduction has to differ each month.",
    ),
    decimals=3,
)
def income_irregularity(rows: Any, within: Any) -> Any:
    # Standard deviation over mean of twelve months, those without income too, from whole numbers of cents.
    cents = rows.earned.sum(where=within).cast("float64")
    squares = (rows.earned * rows.earned).sum(where=within).cast("float64")
    spread = (12 * squares - cents * cents).clip(lower=0).sqrt()
    return ibis.ifelse(cents > 0, spread / cents.nullif(0), 0.0).clip(upper=4)


@income_months.feature(
    "Loon dat de laatste maanden is gestopt",
    "Wages that stopped in recent months",
    unit="yes/no",
    windows=(12,),
    direction=0,
    sentence=(
        "In de laatste {w} maanden was er loon, maar niet meer in de laatste drie.",
        "There were wages in the last {w} months, but no longer in the last three.",
    ),
    none=(
        "Er is geen loon dat tussen drie en {w} maanden geleden is gestopt.",
        "There are no wages that stopped between three and {w} months ago.",
    ),
    could=LATE,
    reason=(
        "Als loon stopt, moet ook de verrekening stoppen (dienstenlijst, R34).",
        "When wages stop, the deduction has to stop too (service list, R34).",
    ),
)
def wages_stopped(rows: Any, within: Any) -> Any:
    before = rows.wages.sum(where=within & (rows.back > 3)).fill_null(0)
    return ((before > 0) & (rows.wages.sum(where=rows.back <= 3).fill_null(0) <= 0)).cast("int64")


@income_months.feature(
    "Maanden sinds het laatste loon",
    "Months since the last wages",
    unit="months",
    direction=-1,
    fill=float(NO_WAGES),
    sentence=("Het laatste loon is {value} geleden.", "The last wages were {value} ago."),
    unknown=(
        "Het laatste loon is {value} of langer geleden, of er is geen loon bekend.",
        "The last wages were {value} ago or longer, or none are known.",
    ),
    none=("Over de laatste maand staat loon geregistreerd.", "Wages are registered for the last month."),
    could=LATE,
    reason=(
        "Hoe langer er geen loon is, hoe minder er te verrekenen is.",
        "The longer there are no wages, the less there is to deduct.",
    ),
    decimals=0,
)
def months_since_wages(rows: Any, within: Any) -> Any:
    return (rows.back.min(where=rows.wages > 0) - 1).clip(upper=NO_WAGES)


@source(topic="benefit", after=(term, income_months), reads={}, legal_basis="Participatiewet 36")
def long_without_wages(t: Any, members: Any) -> Any:
    """The client's term in days and the wages of the last three years; not for clients of pension age."""
    e = t.income_months
    late = e.filter(e.month >= month_number(e.as_of) - ALLOWANCE_MONTHS)
    wages = late.group_by("case_id", "as_of").aggregate(wages=late.wages.sum().cast("int64"))
    rows = t.term.anti_join(t.adults.filter(t.adults.pension), ["person_id", "as_of"])
    rows = rows.left_join(wages, ["case_id", "as_of"])
    return rows.select(
        "case_id", "as_of", days=days_between(rows.start_latest, rows.as_of), wages=rows.wages.fill_null(0)
    )


@long_without_wages.feature(
    "Mogelijk recht op individuele inkomenstoeslag",
    "Possible right to the individual income allowance",
    unit="yes/no",
    direction=-1,
    sentence=(
        "De uitkering loopt drie jaar of langer zonder loon. Mogelijk is er recht op individuele inkomenstoeslag.",
        "The benefit has run for three years or more without wages. An individual income allowance may be due.",
    ),
    none=(
        "De uitkering loopt korter dan drie jaar, of er was loon in die tijd.",
        "The benefit has run for less than three years, or there were wages in that time.",
    ),
    could=("De toeslag kan al zijn toegekend.", "The allowance may have been granted already."),
    reason=(
        "Wie lang een laag inkomen heeft kan de toeslag vragen; niet iedereen weet dat (Participatiewet 36, R34).",
        "Who has had a low income for long may ask for the allowance; not everybody knows (Participatiewet 36, R34).",
    ),
)
def income_allowance_possible(rows: Any, within: Any) -> Any:
    return ((rows.days >= ALLOWANCE_DAYS) & (rows.wages <= 0)).fill_null(False).max().cast("int64")


@source(topic="benefit", after=(paid,), reads={"year_statements": ("year", "taxable_cents")}, legal_basis=LAW)
def statement_years(t: Any, members: Any) -> Any:
    """The last whole year with a statement: its taxable amount beside what the months of that year show as paid."""
    y = t.year_statements
    rows = members.filter(members.role != "child").join(y, OF_MEMBER)
    rows = rows.filter(rows.year < rows.as_of.year())
    years = rows.group_by("case_id", "as_of", "year").aggregate(
        taxable=rows.taxable_cents.fill_null(0).sum().cast("int64")
    )
    years = years.mutate(last=years.year.max().over(group_by=[years.case_id, years.as_of]))
    years = years.filter(years.year == years.last)
    p = t.paid
    months = p.group_by("case_id", "as_of", year=p.month // 12).aggregate(paid=p.paid.sum().cast("int64"))
    found = years.join(months, ["case_id", "as_of", "year"])
    return found.select("case_id", "as_of", "taxable", "paid")


@statement_years.feature(
    "Meer uitbetaald dan in de jaaropgave staat",
    "More paid than the year statement says",
    unit="EUR",
    direction=0,
    sentence=(
        "Over het laatste jaar met een jaaropgave is {value} meer uitbetaald dan de opgave als loon noemt.",
        "For the last year with a statement {value} more was paid than the statement gives as taxable.",
    ),
    none=(
        "Er is niet meer uitbetaald dan in de jaaropgave staat, of er is geen jaaropgave bekend.",
        "No more was paid than the year statement says, or no statement is known.",
    ),
    could=(
        "Een terugbetaling of een betaling over een ander jaar geeft verschil.",
        "A repayment, or a payment that belongs to another year, makes a difference.",
    ),
    reason=(
        "De jaaropgave en de maanden gaan over hetzelfde geld; een fout raakt ook de belasting van de klant.",
        "The year statement and the months are about the same money; a mistake affects the client's taxes too.",
    ),
)
def paid_above_statement(rows: Any, within: Any) -> Any:
    return (rows.paid - rows.taxable).max().clip(lower=0) / 100


@source(
    topic="household",
    after=(housemates,),
    reads={"study_grants": ("start_latest", "end_earliest")},
    legal_basis="Participatiewet 22a lid 4",
)
def studying_housemates(t: Any, members: Any) -> Any:
    """Adults at the home address, outside the case, with study finance that runs: they are no cost sharers."""
    h = t.housemates
    adults = h.filter(h.adult).select("case_id", "municipality", "as_of", "person_id").distinct()
    g = t.near("study_grants", adults.select("person_id", "municipality", "as_of"), "person_id")
    g = g.filter(begun(g.start_latest, g.as_of) & lasting(g.end_earliest, g.as_of))
    return adults.semi_join(g, OF_MEMBER).select("case_id", "as_of", "person_id")


@studying_housemates.feature(
    "Huisgenoten van 27 of ouder met studiefinanciering",
    "Housemates of 27 or older with study finance",
    unit="count",
    direction=-1,
    sentence=(
        "Van de volwassenen op het adres krijgen er {value} studiefinanciering; zij tellen niet als kostendeler.",
        "Of the adults at the address {value} have study finance; they do not count as cost sharers.",
    ),
    one=(
        "Van de volwassenen op het adres krijgt er 1 studiefinanciering; die telt niet als kostendeler.",
        "Of the adults at the address 1 has study finance and does not count as a cost sharer.",
    ),
    none=(
        "Geen van de volwassenen op het adres krijgt studiefinanciering.",
        "None of the adults at the address has study finance.",
    ),
    could=("De norm kan hier al rekening mee houden.", "The norm may take this into account already."),
    reason=(
        "Een student die ten onrechte is meegeteld maakt de norm te laag (Participatiewet 22a lid 4, R34).",
        "A student who was wrongly counted makes the norm too low (Participatiewet 22a(4), R34).",
    ),
)
def studying_sharers(rows: Any, within: Any) -> Any:
    return rows.person_id.nunique()
