"""Income: wages and other income the registry knows, month by month, beside what was declared for the benefit."""

from __future__ import annotations

from typing import Any

import ibis

from features.benefit import paid
from features.declaration import source
from features.known import OF_MEMBER, begun, days_between, lasting
from features.months import month_number, months_among

OWN_BENEFITS = ("34", "42", "43", "44", "45", "51")
"""CdSrtIkv of what the municipality pays itself (IOAW, Bbz, Participatiewet, WWIK, IOAZ, WIJ): never a difference"""
WAGES = ("11", "12", "13", "14", "15", "17")
"""CdSrtIkv of wages and salaries"""
LONGEST_PERIOD = 370
"""days; a longer period is a wrong or unknown date, which is no evidence of income in any month"""
LAW = "SUWI 62; Participatiewet 31, 32, 64"
TOLERANCE_CENTS = 5000
"""a month counts as equal within EUR 50: rounding, holiday pay and the week in which it was declared"""

NET = (
    "Het inkomen kan wel zijn opgegeven maar nog niet verwerkt, of bij een andere maand zijn geteld.",
    "The income may have been declared but not yet processed, or counted in another month.",
)
RECEIVED = (
    "Werken naast de uitkering mag. Het inkomen kan al verrekend zijn.",
    "Working beside the benefit is allowed. The income may have been deducted already.",
)


def dated(i: Any) -> Any:
    """With the last day of each income period and its length in days."""
    i = i.mutate(last=i.end_latest.coalesce(i.start_earliest))
    return i.mutate(days=days_between(i.start_earliest, i.last) + 1)


def earned(i: Any) -> Any:
    """Whether the period is one in which income was earned: an amount, known days, and over before the date."""
    return i.gross_cents.notnull() & i.days.between(1, LONGEST_PERIOD) & (i.last < i.as_of)


@source(
    topic="income",
    at="month",
    reads={"incomes": ("start_earliest", "end_latest", "kind", "gross_cents", "hours")},
    legal_basis=LAW,
)
def earnings(t: Any, members: Any) -> Any:
    """Income per month: an income period that crosses months (four weeks) is spread by days, to the cent."""
    i = dated(t.incomes)
    i = i.filter(~i.kind.isin(OWN_BENEFITS) & earned(i))
    rows = i.join(members, OF_MEMBER)
    first = month_number(rows.start_earliest)
    # Counted from zero: Ibis writes a range between two sums for Spark without their brackets.
    rows = rows.mutate(first=first, later=ibis.range(0, month_number(rows.last) - first + 1).unnest())
    rows = rows.mutate(month=rows.first + rows.later)
    opens = ibis.date(rows.month // 12, rows.month % 12 + 1, 1)
    closes = ibis.date((rows.month + 1) // 12, (rows.month + 1) % 12 + 1, 1)
    # not clip, which asks for NULL first and so repeats the dates in the SQL
    before = ibis.greatest(days_between(rows.start_earliest, opens), 0)
    upto = ibis.least(days_between(rows.start_earliest, closes), rows.days)

    def share(cents: Any) -> Any:
        # The difference of two rounded running amounts: the months of a period add up to it exactly.
        upto_cents = (cents * upto / rows.days).round().cast("int64")
        return upto_cents - (cents * before / rows.days).round().cast("int64")

    return rows.select(
        "case_id",
        "as_of",
        "person_id",
        "role",
        "month",
        wage=rows.kind.isin(WAGES),
        cents=share(rows.gross_cents),
        hours=share(rows.hours.fill_null(0) * 100),
    )


@earnings.feature(
    "Brutoloon in de laatste {w} maanden",
    "Gross wages in the last {w} months",
    unit="EUR",
    windows=(3, 12),
    direction=1,
    sentence=(
        "In de laatste {w} maanden staat {value} aan brutoloon geregistreerd.",
        "Gross wages of {value} are registered over the last {w} months.",
    ),
    none=(
        "In de laatste {w} maanden staat geen loon geregistreerd.",
        "No wages are registered over the last {w} months.",
    ),
    could=RECEIVED,
    reason=(
        "Inkomen uit werk telt mee voor de hoogte van de uitkering.",
        "Income from work counts for the amount of the benefit.",
    ),
)
def wages(rows: Any, within: Any) -> Any:
    return rows.cents.sum(where=within & rows.wage) / 100


@earnings.feature(
    "Loon van de partner in de laatste {w} maanden",
    "Wages of the partner in the last {w} months",
    unit="EUR",
    windows=(12,),
    direction=1,
    sentence=(
        "De partner in het dossier had in de laatste {w} maanden {value} brutoloon.",
        "The partner in the case had gross wages of {value} over the last {w} months.",
    ),
    none=(
        "In de laatste {w} maanden staat geen loon van een partner geregistreerd.",
        "No wages of a partner are registered over the last {w} months.",
    ),
    could=RECEIVED,
    reason=("Inkomen van beide partners telt mee.", "The income of both partners counts."),
)
def partner_wages(rows: Any, within: Any) -> Any:
    return rows.cents.sum(where=within & rows.wage & (rows.role == "partner")) / 100


@earnings.feature(
    "Maanden met loon in de laatste {w} maanden",
    "Months with wages in the last {w} months",
    unit="months",
    windows=(12,),
    direction=1,
    sentence=(
        "In de laatste {w} maanden staat over {value} loon geregistreerd.",
        "In the last {w} months, wages are registered for {value}.",
    ),
    none=(
        "Over geen van de laatste {w} maanden staat loon geregistreerd.",
        "No wages are registered for any of the last {w} months.",
    ),
    could=RECEIVED,
    reason=(
        "Wie vaker werkt, heeft vaker een maand waarin iets verandert.",
        "Who works more often has a month in which something changes more often.",
    ),
)
def wage_months(rows: Any, within: Any) -> Any:
    return months_among(rows.back, within & rows.wage & (rows.cents > 0))


@earnings.feature(
    "Andere uitkeringen en pensioenen in de laatste {w} maanden",
    "Other benefits and pensions in the last {w} months",
    unit="EUR",
    windows=(12,),
    direction=1,
    sentence=(
        "In de laatste {w} maanden staat {value} aan andere uitkeringen of pensioen geregistreerd.",
        "Other benefits or pensions of {value} are registered over the last {w} months.",
    ),
    none=(
        "In de laatste {w} maanden staan geen andere uitkeringen of pensioen geregistreerd.",
        "No other benefits or pensions are registered over the last {w} months.",
    ),
    could=(
        "De uitkering kan al worden verrekend of met terugwerkende kracht zijn toegekend.",
        "The other benefit may already be settled, or was granted with retroactive effect.",
    ),
    reason=(
        "Een voorliggende uitkering gaat voor op de Participatiewet (artikel 15).",
        "Another benefit that is available comes before social assistance (Participatiewet 15).",
    ),
)
def other_income(rows: Any, within: Any) -> Any:
    return rows.cents.sum(where=within & ~rows.wage) / 100


@earnings.feature(
    "Betaalde uren per maand in de laatste {w} maanden",
    "Paid hours a month in the last {w} months",
    unit="hours",
    windows=(3,),
    direction=1,
    sentence=(
        "In de laatste {w} maanden werd gemiddeld {value} per maand gewerkt.",
        "In the last {w} months an average of {value} a month was worked.",
    ),
    none=(
        "In de laatste {w} maanden staan geen gewerkte uren geregistreerd.",
        "No hours worked are registered in the last {w} months.",
    ),
    could=RECEIVED,
    reason=(
        "Meer uren dan bekend bij de gemeente kan het recht veranderen.",
        "More hours than the municipality knows of may change the entitlement.",
    ),
    decimals=1,
)
def hours_a_month(rows: Any, within: Any) -> Any:
    return rows.hours.sum(where=within & rows.wage) / 300


@source(
    topic="benefit", at="month", after=(paid, earnings), reads={}, legal_basis="Participatiewet 17, 31, 32, 53a, 58"
)
def booked(t: Any, members: Any) -> Any:
    """Benefit months of a case: what was paid, declared and deducted beside what the registry knows, in cents."""
    p = t.paid
    p = p.group_by("case_id", "as_of", "month").aggregate(
        paid=p.paid.sum().cast("int64"),
        norm=p.norm.sum().cast("int64"),
        declared=p.declared.sum().cast("int64"),
        deducted=p.deducted.sum().cast("int64"),
        exempt=p.exempt.sum().cast("int64"),
    )
    e = t.earnings
    earned = e.group_by("case_id", "as_of", "month").aggregate(earned=e.cents.sum().cast("int64"))
    rows = p.left_join(earned, ["case_id", "as_of", "month"])
    return rows.select(*p.columns, earned=rows.earned.fill_null(0))


@source(topic="income", at="month", after=(booked,), reads={}, legal_basis=LAW + "; Participatiewet 17, 53a")
def settled(t: Any, members: Any) -> Any:
    """Benefit months: income the registry knows beside income declared, as last booked for the month."""
    b = t.booked
    return b.select("case_id", "as_of", "month", "declared", "earned", gap=b.earned - b.declared)


@settled.feature(
    "Meer inkomen geregistreerd dan opgegeven, laatste {w} maanden",
    "More income registered than declared, last {w} months",
    unit="EUR",
    windows=(3, 12),
    direction=1,
    sentence=(
        "In de laatste {w} maanden staat {value} meer inkomen geregistreerd dan is opgegeven.",
        "Over the last {w} months {value} more income is registered than was declared.",
    ),
    none=(
        "In de laatste {w} maanden staat niet meer inkomen geregistreerd dan is opgegeven.",
        "Over the last {w} months no more income is registered than was declared.",
    ),
    could=NET,
    reason=(
        "Inkomen dat niet is verrekend, verandert het recht over die maanden.",
        "Income that was not deducted changes the entitlement over those months.",
    ),
)
def income_gap(rows: Any, within: Any) -> Any:
    return rows.gap.sum(where=within).clip(lower=0) / 100


@settled.feature(
    "Maanden waarin meer geregistreerd staat dan opgegeven",
    "Months in which more is registered than declared",
    unit="months",
    windows=(12,),
    direction=1,
    sentence=(
        "In de laatste {w} maanden ligt het geregistreerde inkomen over {value} meer dan € 50 boven het opgegeven.",
        "In the last {w} months, registered income exceeds declared income by more than €50 for {value}.",
    ),
    none=(
        "In geen van de laatste {w} maanden ligt het geregistreerde inkomen meer dan € 50 boven het opgegeven.",
        "In none of the last {w} months does registered income exceed declared income by more than €50.",
    ),
    could=NET,
    reason=(
        "Een verschil dat terugkomt is vaker een verandering dan een verschuiving.",
        "A difference that returns is more often a change than a shift in time.",
    ),
)
def gap_months(rows: Any, within: Any) -> Any:
    return rows.count(where=within & (rows.gap > TOLERANCE_CENTS))


@settled.feature(
    "Grootste verschil in een maand, laatste {w} maanden",
    "Largest difference in a month, last {w} months",
    unit="EUR",
    windows=(12,),
    direction=1,
    sentence=(
        "In een van de laatste {w} maanden staat {value} meer inkomen geregistreerd dan is opgegeven.",
        "In one of the last {w} months {value} more income is registered than was declared.",
    ),
    none=(
        "In geen van de laatste {w} maanden staat meer inkomen geregistreerd dan is opgegeven.",
        "In none of the last {w} months is more income registered than was declared.",
    ),
    could=NET,
    reason=(
        "Een groot verschil in een maand kan het recht over die maand veranderen.",
        "A large difference in one month may change the entitlement over that month.",
    ),
)
def largest_gap(rows: Any, within: Any) -> Any:
    return rows.gap.max(where=within).clip(lower=0) / 100


@settled.feature(
    "Deel van het inkomen dat niet in de opgaven staat, laatste {w} maanden",
    "Share of income not found in declarations, last {w} months",
    unit="share",
    windows=(12,),
    direction=1,
    sentence=(
        "Van het geregistreerde inkomen van de laatste {w} maanden is {value} niet in de opgaven terug te vinden.",
        "Of the income registered over the last {w} months, {value} is not found in the declarations.",
    ),
    none=(
        "Over de laatste {w} maanden staat niet meer inkomen geregistreerd dan is opgegeven.",
        "Over the last {w} months no more income is registered than was declared.",
    ),
    could=NET,
    reason=(
        "Het laat zien of inkomen meestal wel of meestal niet wordt opgegeven.",
        "It shows whether income is mostly declared or mostly not.",
    ),
    decimals=3,
)
def undeclared_share(rows: Any, within: Any) -> Any:
    earned = rows.earned.sum(where=within)
    return (rows.gap.sum(where=within).clip(lower=0) / earned.nullif(0)).clip(lower=0, upper=1)


@settled.feature(
    "Maanden waarin opgegeven en geregistreerd inkomen vrijwel gelijk zijn",
    "Months in which declared and registered income are almost equal",
    unit="months",
    windows=(12,),
    direction=-1,
    sentence=(
        "In de laatste {w} maanden zijn opgegeven en geregistreerd inkomen over {value} vrijwel gelijk.",
        "In the last {w} months, declared and registered income are almost equal for {value}.",
    ),
    none=(
        "In de laatste {w} maanden is er geen maand waarin opgegeven en geregistreerd inkomen vrijwel gelijk zijn.",
        "In the last {w} months there is no month in which declared and registered income are almost equal.",
    ),
    could=(
        "Er was geen inkomen om op te geven, of de loonaangifte kwam later binnen.",
        "There was no income to declare, or the payroll return came in later.",
    ),
    reason=(
        "Wie zijn inkomen steeds opgeeft, hoeft daarover niet te worden bevraagd.",
        "Who always declares their income need not be asked about it.",
    ),
)
def agreed_months(rows: Any, within: Any) -> Any:
    return rows.count(where=within & (rows.earned > 0) & (rows.gap.abs() <= TOLERANCE_CENTS))


@settled.feature(
    "Meer inkomen opgegeven dan geregistreerd, laatste {w} maanden",
    "More income declared than registered, last {w} months",
    unit="EUR",
    windows=(12,),
    direction=-1,
    sentence=(
        "In de laatste {w} maanden is {value} meer inkomen opgegeven dan geregistreerd. Mogelijk is te weinig betaald.",
        "Over the last {w} months {value} more income was declared than is registered. Possibly too little was paid.",
    ),
    none=(
        "In de laatste {w} maanden is niet meer inkomen opgegeven dan geregistreerd staat.",
        "Over the last {w} months no more income was declared than is registered.",
    ),
    could=(
        "Het kan gaan om inkomen dat niet in de polisadministratie staat, zoals alimentatie of verhuur.",
        "It may be income that the wage registry does not have, such as maintenance or rent.",
    ),
    reason=(
        "Te veel verrekend inkomen betekent dat de klant te weinig kreeg (dienstenlijst, R34).",
        "Too much income deducted means that the client got too little (service list, R34).",
    ),
)
def overdeclared(rows: Any, within: Any) -> Any:
    return (-rows.gap.sum(where=within)).clip(lower=0) / 100


@settled.feature(
    "Schommeling van het inkomen, laatste {w} maanden",
    "Swing of income, last {w} months",
    unit="EUR",
    windows=(12,),
    direction=1,
    sentence=(
        "Het verschil in inkomen tussen de hoogste en de laagste maand van de laatste {w} maanden is {value}.",
        "The difference in income between the highest and the lowest of the last {w} months is {value}.",
    ),
    none=(
        "Het geregistreerde inkomen was in de laatste {w} maanden elke maand gelijk.",
        "Registered income was the same in each of the last {w} months.",
    ),
    could=("Vakantiegeld of oproepwerk geeft schommelingen.", "Holiday pay or on-call work makes income swing."),
    reason=(
        "Wisselend inkomen moet elke maand opnieuw worden verrekend; daar gaat eerder iets mis.",
        "Income that goes up and down has to be deducted anew each month, where mistakes come more easily.",
    ),
)
def income_swing(rows: Any, within: Any) -> Any:
    return (rows.earned.max(where=within) - rows.earned.min(where=within)) / 100


@source(
    topic="income",
    at=None,
    reads={"study_grants": ("start_latest", "end_earliest")},
    legal_basis="Participatiewet 13, 64",
)
def study(t: Any, members: Any) -> Any:
    """Study finance that runs on the date, of the client or the partner."""
    g = t.study_grants
    rows = members.filter(members.role != "child").join(g, OF_MEMBER)
    runs = begun(rows.start_latest, rows.as_of) & lasting(rows.end_earliest, rows.as_of)
    return rows.filter(runs).select("case_id", "as_of", "person_id")


@study.feature(
    "Studiefinanciering naast de uitkering",
    "Study finance beside the benefit",
    unit="yes/no",
    direction=1,
    sentence=(
        "De klant of partner heeft studiefinanciering naast de uitkering.",
        "The client or partner has study finance beside the benefit.",
    ),
    none=("Er loopt geen studiefinanciering.", "There is no study finance."),
    could=(
        "De studie kan net zijn gestopt, of met toestemming worden gevolgd.",
        "The study may just have been stopped, or be followed with permission.",
    ),
    reason=(
        "Studiefinanciering gaat voor op bijstand (Participatiewet 13 lid 2).",
        "Study finance comes before social assistance (Participatiewet 13(2)).",
    ),
)
def study_finance(rows: Any, within: Any) -> Any:
    return (rows.count(where=within) > 0).cast("int64")
