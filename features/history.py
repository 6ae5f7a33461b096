"""History: earlier reviews of the case itself and what came of them, claims and measures."""

from __future__ import annotations

from typing import Any

from features.declaration import DAYS_A_MONTH, source
from features.known import OF_CASE, OF_MEMBER, begun

LAW = "Participatiewet 18, 53a, 54, 58"
NO_REVIEW = 120
"""months; never reviewed, or longer ago"""

PAST = (
    "Een eerdere uitkomst zegt niets over nu; wat toen niet klopte kan zijn hersteld.",
    "An earlier outcome says nothing about now; what was wrong then may have been put right.",
)
CLAIM = (
    "Een vordering kan door een fout van de gemeente zijn ontstaan.",
    "A claim may have come about through an error of the municipality.",
)


@source(
    topic="history",
    at="day",
    reads={"outcomes": ("selected", "approved", "effect", "overturned")},
    legal_basis=LAW,
)
def reviews(t: Any, members: Any) -> Any:
    """Finished reviews of this very case, approved by a second person and not overturned (R24: never a neighbour's)."""
    o = t.outcomes
    rows = t.cases.join(o, OF_CASE)
    rows = rows.filter(rows.approved.notnull() & ~rows.overturned.fill_null(False))
    rows = rows.filter((rows.approved < rows.as_of) & (rows.selected < rows.as_of))
    return rows.select("case_id", "as_of", "selected", "effect", day=rows.approved)


@reviews.feature(
    "Maanden sinds het laatste heronderzoek",
    "Months since the last review",
    unit="months",
    direction=1,
    fill=float(NO_REVIEW),
    sentence=("Het laatste heronderzoek is {value} geleden.", "The last review was {value} ago."),
    unknown=(
        "Het laatste heronderzoek is {value} of langer geleden, of er was er geen.",
        "The last review was {value} ago or longer, or there was none.",
    ),
    none=(
        "Het laatste heronderzoek is minder dan een maand geleden afgerond.",
        "The last review was finished less than a month ago.",
    ),
    could=(
        "Ook zonder heronderzoek kan alles nog kloppen.",
        "Without a review everything may still be right.",
    ),
    reason=(
        "Hoe langer geleden gekeken is, hoe meer er veranderd kan zijn.",
        "The longer ago somebody looked, the more may have changed.",
    ),
    decimals=0,
)
def months_since_review(rows: Any, within: Any) -> Any:
    return (rows.back.min() / DAYS_A_MONTH).floor().clip(upper=NO_REVIEW)


@reviews.feature(
    "Heronderzoek zonder wijziging, laatste {w} maanden",
    "Reviews without a change, last {w} months",
    unit="count",
    windows=(36,),
    direction=-1,
    sentence=(
        "In de laatste {w} maanden waren er {value} heronderzoeken waarbij niets veranderde.",
        "In the last {w} months there were {value} reviews that changed nothing.",
    ),
    one=(
        "In de laatste {w} maanden was er 1 heronderzoek waarbij niets veranderde.",
        "In the last {w} months there was 1 review that changed nothing.",
    ),
    none=(
        "In de laatste {w} maanden was er geen heronderzoek waarbij niets veranderde.",
        "In the last {w} months there was no review that changed nothing.",
    ),
    could=(
        "Wie nog niet is onderzocht, heeft ook geen heronderzoek waarbij niets veranderde.",
        "Who was never reviewed has no review in which nothing changed either.",
    ),
    reason=(
        "Wie kort geleden is bekeken en klopte, hoeft niet weer.",
        "Who was looked at recently and was found in order need not be looked at again.",
    ),
)
def unchanged_reviews(rows: Any, within: Any) -> Any:
    return rows.count(where=within & (rows.effect == "none"))


@reviews.feature(
    "Heronderzoek met lagere uitkering, laatste {w} maanden",
    "Reviews that lowered the benefit, last {w} months",
    unit="count",
    windows=(60,),
    direction=1,
    sentence=(
        "In de laatste {w} maanden leidden {value} heronderzoeken tot een lagere uitkering.",
        "In the last {w} months {value} reviews led to a lower benefit.",
    ),
    one=(
        "In de laatste {w} maanden leidde 1 heronderzoek tot een lagere uitkering.",
        "In the last {w} months 1 review led to a lower benefit.",
    ),
    none=(
        "In de laatste {w} maanden leidde geen heronderzoek tot een lagere uitkering.",
        "In the last {w} months no review led to a lower benefit.",
    ),
    could=PAST,
    reason=(
        "Een situatie die eerder veranderde, verandert vaker opnieuw.",
        "A situation that changed before changes again more often.",
    ),
)
def lowered_reviews(rows: Any, within: Any) -> Any:
    return rows.count(where=within & (rows.effect == "down"))


@reviews.feature(
    "Heronderzoek met hogere uitkering, laatste {w} maanden",
    "Reviews that raised the benefit, last {w} months",
    unit="count",
    windows=(60,),
    direction=0,
    sentence=(
        "In de laatste {w} maanden leidden {value} heronderzoeken tot een hogere uitkering.",
        "In the last {w} months {value} reviews led to a higher benefit.",
    ),
    one=(
        "In de laatste {w} maanden leidde 1 heronderzoek tot een hogere uitkering.",
        "In the last {w} months 1 review led to a higher benefit.",
    ),
    none=(
        "In de laatste {w} maanden leidde geen heronderzoek tot een hogere uitkering.",
        "In the last {w} months no review led to a higher benefit.",
    ),
    could=PAST,
    reason=(
        "Het laat zien of eerder te weinig is betaald (dienstenlijst, R34).",
        "It shows whether too little was paid before (service list, R34).",
    ),
)
def raised_reviews(rows: Any, within: Any) -> Any:
    return rows.count(where=within & (rows.effect == "up"))


@source(
    topic="history",
    at="day",
    reads={"claims": ("claim", "decided_earliest", "decided_latest", "amount_cents", "balance_cents")},
    legal_basis=LAW,
)
def debts(t: Any, members: Any) -> Any:
    """Claims on client and partner, on the earliest day that may have been decided."""
    c = t.claims
    rows = members.filter(members.role != "child").join(c, OF_MEMBER)
    rows = rows.filter(begun(rows.decided_latest, rows.as_of))
    return rows.group_by("case_id", "as_of", "claim", day=rows.decided_earliest).aggregate(
        balance=rows.balance_cents.max().fill_null(0), amount=rows.amount_cents.max().fill_null(0)
    )


@debts.feature(
    "Openstaande vorderingen",
    "Open claims",
    unit="EUR",
    direction=0,
    sentence=("Er staat nog {value} aan vorderingen open.", "Claims of {value} are still open."),
    none=("Er staan geen vorderingen open.", "No claims are open."),
    could=CLAIM,
    reason=(
        "Een openstaande vordering hoort bij een eerdere verandering.",
        "An open claim belongs to an earlier change.",
    ),
)
def open_claims(rows: Any, within: Any) -> Any:
    return rows.balance.sum() / 100


@debts.feature(
    "Nieuwe vorderingen in de laatste {w} maanden",
    "New claims in the last {w} months",
    unit="count",
    windows=(36,),
    direction=1,
    sentence=(
        "In de laatste {w} maanden zijn {value} vorderingen ontstaan.",
        "In the last {w} months {value} claims arose.",
    ),
    one=("In de laatste {w} maanden is 1 vordering ontstaan.", "In the last {w} months 1 claim arose."),
    none=("In de laatste {w} maanden zijn geen vorderingen ontstaan.", "In the last {w} months no claims arose."),
    could=CLAIM,
    reason=(
        "Een vordering laat zien dat inkomen of situatie eerder anders was dan bekend.",
        "A claim shows that income or situation was different before from what was known.",
    ),
)
def new_claims(rows: Any, within: Any) -> Any:
    return rows.count(where=within)


@debts.feature(
    "Afgeloste vorderingen, laatste {w} maanden",
    "Claims paid off, last {w} months",
    unit="count",
    windows=(60,),
    direction=-1,
    sentence=(
        "Van de vorderingen van de laatste {w} maanden zijn er {value} helemaal afgelost.",
        "Of the claims of the last {w} months {value} are fully paid off.",
    ),
    one=(
        "Van de vorderingen van de laatste {w} maanden is er 1 helemaal afgelost.",
        "Of the claims of the last {w} months 1 is fully paid off.",
    ),
    none=(
        "Van de vorderingen van de laatste {w} maanden is er geen afgelost, of er waren er geen.",
        "Of the claims of the last {w} months none is paid off, or there were none.",
    ),
    could=(
        "Er is geen vordering, of er is afgesproken later of in kleine bedragen af te lossen.",
        "There is no claim, or it was agreed to repay later or in small amounts.",
    ),
    reason=(
        "Wie een schuld heeft afgelost, staat er anders voor dan wie er nog een heeft.",
        "Who has paid off a debt is in another position than who still has one.",
    ),
)
def claims_paid_off(rows: Any, within: Any) -> Any:
    return rows.count(where=within & (rows.amount > 0) & (rows.balance <= 0))


@debts.feature(
    "Afgelost deel van de vorderingen",
    "Share of claims repaid",
    unit="share",
    direction=-1,
    sentence=(
        "Van alle vorderingen is {value} afgelost.",
        "Of all claims {value} is repaid.",
    ),
    none=(
        "Van de vorderingen is nog niets afgelost, of er zijn er geen.",
        "Nothing is repaid yet, or there are none.",
    ),
    could=(
        "Er is geen vordering, of er is afgesproken later of in kleine bedragen af te lossen.",
        "There is no claim, or it was agreed to repay later or in small amounts.",
    ),
    reason=(
        "Het laat zien dat de afspraken over terugbetalen worden nagekomen.",
        "It shows that what was agreed on repayment is kept to.",
    ),
    decimals=3,
)
def repaid_share(rows: Any, within: Any) -> Any:
    paid = (rows.amount - rows.balance).clip(lower=0).sum()
    return (paid / rows.amount.sum().nullif(0)).clip(lower=0, upper=1)


@source(
    topic="history",
    at="day",
    reads={"sanctions": ("start_earliest", "start_latest", "reason")},
    legal_basis=LAW,
)
def measures(t: Any, members: Any) -> Any:
    """Measures on client and partner, on the earliest day that may have begun."""
    s = t.sanctions
    rows = members.filter(members.role != "child").join(s, OF_MEMBER)
    return rows.filter(begun(rows.start_latest, rows.as_of)).select("case_id", "as_of", day=rows.start_earliest)


@measures.feature(
    "Maatregelen in de laatste {w} maanden",
    "Measures in the last {w} months",
    unit="count",
    windows=(24,),
    direction=0,
    sentence=(
        "In de laatste {w} maanden zijn {value} maatregelen opgelegd.",
        "In the last {w} months {value} measures were imposed.",
    ),
    one=("In de laatste {w} maanden is 1 maatregel opgelegd.", "In the last {w} months 1 measure was imposed."),
    none=(
        "In de laatste {w} maanden zijn geen maatregelen opgelegd.",
        "In the last {w} months no measures were imposed.",
    ),
    could=(
        "Een maatregel gaat over afspraken, niet over inkomen of woonsituatie.",
        "A measure is about agreements, not about income or residence.",
    ),
    reason=(
        "Kort na een maatregel verandert er soms iets in de uitkering.",
        "Shortly after a measure something in the benefit sometimes changes.",
    ),
)
def measures_imposed(rows: Any, within: Any) -> Any:
    return rows.count(where=within)
