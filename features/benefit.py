"""The benefit itself: since when, how much, and what changed in how it was paid."""

from __future__ import annotations

from typing import Any

import ibis

from features.declaration import source
from features.known import OF_CASE, days_between, lasting
from features.months import month_number, months_among

LAW = "Participatiewet 17, 53a, 54, 58"
BANDS = ((183, 0), (365, 1), (730, 2), (1826, 3), (3652, 4))
"""days on the benefit (up to) and the band: half a year, one, two, five, ten years, longer"""
LONGEST_BAND = 5

CHANGE = (
    "Een verandering is meestal al bekend en verwerkt.",
    "A change is usually known and processed already.",
)


@source(
    topic="benefit",
    reads={"benefits": ("start_earliest", "start_latest", "end_latest", "role", "norm", "norm_cents")},
    legal_basis=LAW,
)
def term(t: Any, members: Any) -> Any:
    """The client's term on the benefit that runs: one row per case, the one that began last."""
    b = t.benefits
    clients = members.filter(members.role == "client").drop("role")
    rows = clients.join(b.filter(b.role == "client"), [*OF_CASE, "person_id"])
    rows = rows.filter((rows.start_earliest < rows.as_of) & lasting(rows.end_latest, rows.as_of))
    place = ibis.row_number().over(
        group_by=[rows.case_id, rows.as_of],
        order_by=[rows.start_earliest.desc(), rows.person_id, rows.norm_cents, rows.norm],
    )
    rows = rows.mutate(place=place)
    return rows.filter(rows.place == 0).select(
        "case_id", "as_of", "person_id", "start_latest", "norm", "norm_cents", "municipality"
    )


@term.feature(
    "Hoe lang de uitkering loopt",
    "How long the benefit has run",
    unit="band",
    direction=0,
    sentence=("De uitkering loopt langer dan een half jaar.", "The benefit has run for more than half a year."),
    none=("De uitkering loopt een half jaar of korter.", "The benefit has run for half a year or less."),
    could=(
        "De duur zegt niets over gedrag.",
        "The duration says nothing about conduct.",
    ),
    reason=(
        "Hoe langer geleden de gegevens zijn vastgelegd, hoe eerder er iets is veranderd.",
        "The longer ago the data were recorded, the more likely it is that something has changed.",
    ),
)
def benefit_term(rows: Any, within: Any) -> Any:
    # The later reading of an uncertain start is the shorter term.
    days = days_between(rows.start_latest, rows.as_of)
    band = ibis.cases(*((days <= upto, band) for upto, band in BANDS), else_=LONGEST_BAND)
    return band.max(where=within)


@term.feature(
    "Maandnorm",
    "Monthly norm",
    unit="EUR",
    direction=0,
    sentence=("De norm van de uitkering is {value} per maand.", "The norm of the benefit is {value} a month."),
    none=("De norm is niet bekend.", "The norm is not known."),
    could=("De norm volgt uit de wet.", "The norm follows from the law."),
    reason=(
        "De norm bepaalt hoeveel inkomen er verrekend kan worden.",
        "The norm determines how much income can be deducted.",
    ),
)
def norm(rows: Any, within: Any) -> Any:
    return rows.norm_cents.max(where=within) / 100


@source(
    topic="benefit",
    at="month",
    reads={
        "payments": (
            "month",
            "period",
            "paid_cents",
            "norm_cents",
            "declared_income_cents",
            "deducted_income_cents",
            "exempt_income_cents",
            "account_id",
        )
    },
    legal_basis=LAW,
)
def paid(t: Any, members: Any) -> Any:
    """Benefit months as last booked; `corrected` when a later period changed the month."""
    p = t.payments
    p = p.mutate(booked=p.period.fill_null(""))
    group = [p.case_id, p.as_of, p.person_id, p.month]
    p = p.mutate(last=p.booked.max().over(group_by=group), first=p.booked.min().over(group_by=group))
    p = p.filter(p.booked == p.last)
    # Further statements in one period add to what was paid, not to what was declared for the month.
    p = p.group_by("case_id", "as_of", "person_id", "month").aggregate(
        account_id=p.account_id.max(),
        corrected=(p.first != p.last).any(),
        paid=p.paid_cents.fill_null(0).sum().cast("int64"),
        norm=p.norm_cents.max(),
        declared=p.declared_income_cents.max().fill_null(0),
        deducted=p.deducted_income_cents.max().fill_null(0),
        exempt=p.exempt_income_cents.max().fill_null(0),
    )
    return p.mutate(month=month_number(p.month)).drop("person_id")


@paid.feature(
    "Opgegeven inkomen in de laatste {w} maanden",
    "Declared income in the last {w} months",
    unit="EUR",
    windows=(3, 12),
    direction=0,
    sentence=(
        "In de laatste {w} maanden is {value} inkomen opgegeven.",
        "Income of {value} was declared over the last {w} months.",
    ),
    none=("In de laatste {w} maanden is geen inkomen opgegeven.", "No income was declared over the last {w} months."),
    could=(
        "Wie geen inkomen had, heeft niets op te geven; wie het opgaf, deed wat de wet vraagt.",
        "Who had no income has nothing to declare; who declared it did what the law asks.",
    ),
    reason=(
        "Opgegeven inkomen is bekend; alleen een verschil met de registratie vraagt aandacht.",
        "Declared income is known; only a difference from the registration asks for attention.",
    ),
)
def declared_income(rows: Any, within: Any) -> Any:
    return rows.declared.sum(where=within) / 100


@paid.feature(
    "Verrekend inkomen in de laatste {w} maanden",
    "Income deducted in the last {w} months",
    unit="EUR",
    windows=(12,),
    direction=0,
    sentence=(
        "In de laatste {w} maanden is {value} inkomen verrekend.",
        "Income of {value} was deducted over the last {w} months.",
    ),
    none=("In de laatste {w} maanden is geen inkomen verrekend.", "No income was deducted over the last {w} months."),
    could=(
        "Zonder inkomen is er niets te verrekenen; inkomen dat er was, is verwerkt.",
        "Without income there is nothing to deduct; income that there was has been processed.",
    ),
    reason=("Het laat zien of de verrekening loopt.", "It shows whether income is being deducted."),
)
def deducted_income(rows: Any, within: Any) -> Any:
    return rows.deducted.sum(where=within) / 100


@paid.feature(
    "Maanden met vrijgelaten inkomen, laatste {w} maanden",
    "Months with exempted income, last {w} months",
    unit="months",
    windows=(24,),
    direction=0,
    sentence=(
        "In de laatste {w} maanden is over {value} inkomen vrijgelaten.",
        "In the last {w} months, income was exempted for {value}.",
    ),
    none=("In de laatste {w} maanden is geen inkomen vrijgelaten.", "No income was exempted in the last {w} months."),
    could=(
        "Vrijlating is een recht; zonder inkomen is er niets vrij te laten.",
        "The exemption is a right; without income there is nothing to exempt.",
    ),
    reason=(
        "De vrijlating geldt zes maanden; daarna wijzigt het bedrag (Participatiewet 31 lid 2 n).",
        "The exemption holds for six months; after that the amount changes (Participatiewet 31(2)(n)).",
    ),
)
def exempt_months(rows: Any, within: Any) -> Any:
    return months_among(rows.back, within & (rows.exempt > 0))


@paid.feature(
    "Inkomen verrekend zonder vrijlating, laatste {w} maanden",
    "Income deducted without exemption, last {w} months",
    unit="yes/no",
    windows=(12,),
    direction=-1,
    sentence=(
        "In de laatste {w} maanden is inkomen verrekend en niets vrijgelaten. Mogelijk is te weinig uitgekeerd.",
        "In the last {w} months income was deducted and nothing was exempted. Possibly too little was paid.",
    ),
    none=(
        "In de laatste {w} maanden is geen inkomen verrekend zonder vrijlating.",
        "In the last {w} months no income was deducted without an exemption.",
    ),
    could=("De vrijlating kan al eerder zijn gebruikt.", "The exemption may have been used before."),
    reason=(
        "Een gemiste vrijlating is een nabetaling voor de klant (dienstenlijst, R34).",
        "A missed exemption is a payment owed to the client (service list, R34).",
    ),
)
def missed_exemption(rows: Any, within: Any) -> Any:
    deducted = rows.deducted.sum(where=within).fill_null(0)
    return ((deducted > 0) & (rows.exempt.sum(where=within).fill_null(0) == 0)).cast("int64")


@paid.feature(
    "Uitbetaald deel van de norm, laatste {w} maanden",
    "Share of the norm paid, last {w} months",
    unit="share",
    windows=(3,),
    direction=0,
    fill=1.0,
    sentence=(
        "In de laatste {w} maanden is {value} van de norm uitbetaald.",
        "Over the last {w} months {value} of the norm was paid.",
    ),
    none=("In de laatste {w} maanden is niets uitbetaald.", "Nothing was paid over the last {w} months."),
    could=("Beslag, inhouding of inkomen verlaagt de betaling.", "Seizure, deduction or income lowers the payment."),
    reason=(
        "Een lager deel laat zien dat er inkomen of een inhouding is.",
        "A lower part shows that there is income or a deduction.",
    ),
    decimals=3,
)
def paid_share(rows: Any, within: Any) -> Any:
    return (rows.paid.sum(where=within) / rows.norm.sum(where=within).nullif(0)).clip(lower=0, upper=2)


@paid.feature(
    "Andere rekeningen voor de uitkering, laatste {w} maanden",
    "Other accounts for the benefit, last {w} months",
    unit="count",
    windows=(12,),
    direction=1,
    sentence=(
        "In de laatste {w} maanden is de uitkering ook op {value} andere rekeningen uitbetaald.",
        "In the last {w} months the benefit was also paid to {value} other accounts.",
    ),
    one=(
        "In de laatste {w} maanden is de uitkering ook op 1 andere rekening uitbetaald.",
        "In the last {w} months the benefit was also paid to 1 other account.",
    ),
    none=(
        "In de laatste {w} maanden is de uitkering niet op een andere rekening uitbetaald.",
        "In the last {w} months the benefit was not paid to another account.",
    ),
    could=(
        "Een andere bank of een bewindvoerder is een gewone reden.",
        "Another bank or an administrator is an ordinary reason.",
    ),
    reason=(
        "Een nieuwe rekening kan bij een verandering van situatie horen.",
        "A new account may come with a change of situation.",
    ),
)
def account_changes(rows: Any, within: Any) -> Any:
    return (rows.account_id.nunique(where=within) - 1).clip(lower=0)


@paid.feature(
    "Maanden die later zijn gecorrigeerd, laatste {w} maanden",
    "Months corrected later, last {w} months",
    unit="months",
    windows=(12,),
    direction=0,
    sentence=(
        "In de laatste {w} maanden is de uitkering over {value} later gecorrigeerd.",
        "In the last {w} months, the benefit for {value} was corrected later.",
    ),
    none=(
        "In de laatste {w} maanden is geen maand later gecorrigeerd.",
        "In the last {w} months no month was corrected later.",
    ),
    could=(
        "Een correctie kan een fout van de gemeente herstellen.",
        "A correction may repair an error of the municipality.",
    ),
    reason=(
        "Correcties laten zien dat gegevens later binnenkomen dan de betaling.",
        "Corrections show that data arrive later than the payment.",
    ),
)
def corrected_months(rows: Any, within: Any) -> Any:
    return months_among(rows.back, within & rows.corrected)


@paid.feature(
    "Verandering van de norm, laatste {w} maanden",
    "Change of the norm, last {w} months",
    unit="yes/no",
    windows=(12,),
    direction=0,
    sentence=(
        "De norm is in de laatste {w} maanden meer dan een tiende veranderd.",
        "The norm changed by more than a tenth over the last {w} months.",
    ),
    none=(
        "De norm is in de laatste {w} maanden niet meer dan een tiende veranderd.",
        "The norm did not change by more than a tenth over the last {w} months.",
    ),
    could=CHANGE,
    reason=(
        "Na een verandering in het huishouden kloppen andere gegevens soms nog niet.",
        "After a change in the household other data are sometimes not right yet.",
    ),
)
def norm_changed(rows: Any, within: Any) -> Any:
    lowest = rows.norm.min(where=within & (rows.norm > 0))
    return (rows.norm.max(where=within) * 10 > lowest * 11).cast("int64")
