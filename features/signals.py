"""Signals: what the Inlichtingenbureau points at, by kind. Detention and fugitive signals are no features (GDPR 10)."""

from __future__ import annotations

from typing import Any

from features.declaration import DAYS_A_MONTH, source
from features.known import OF_MEMBER, begun

LAW = "SUWI 63; Participatiewet 64 lid 3"
INCOME = ("income_start", "tax_credit", "box13")
STUDY = ("study_finance", "enrolment")
ASSETS = ("vehicles", "assets", "accounts")
HOUSEHOLD = ("cost_sharers", "double_benefit")
ALLOWED = INCOME + STUDY + ASSETS + HOUSEHOLD
"""Products that may be read; every other product, known or new, is passed over"""
NO_SIGNAL = 60
"""months; no signal, or longer ago"""

WORTH = (
    "Een signaal betekent dat het de moeite waard is om te kijken, niet dat er iets onrechtmatig is.",
    "A signal means that it is worth looking, not that anything is unlawful.",
)
REASON = (
    "Een samenloopsignaal wijst op gegevens die nog niet naast de uitkering zijn gelegd.",
    "A signal points at data that have not been held against the benefit yet.",
)


@source(
    topic="signals",
    at="day",
    reads={
        "signals": (
            "product",
            "start_earliest",
            "start_latest",
            "issued_earliest",
            "issued_latest",
            "reference",
            "state",
            "amount_cents",
        )
    },
    legal_basis=LAW,
)
def pointers(t: Any, members: Any) -> Any:
    """Signals on members, on the day they were issued (the period's first day where that is unknown)."""
    s = t.signals
    s = s.filter(s.product.isin(ALLOWED))
    rows = members.join(s, OF_MEMBER)
    issued = rows.issued_latest.coalesce(rows.start_latest)
    rows = rows.filter(begun(issued, rows.as_of) & begun(rows.start_latest, rows.as_of))
    return rows.select(
        "case_id",
        "as_of",
        "product",
        day=rows.issued_earliest.coalesce(rows.start_earliest),
        cents=rows.amount_cents.fill_null(0),
        open=(rows.state != "closed").fill_null(True),
    )


@pointers.feature(
    "Open signalen over inkomen",
    "Open signals about income",
    unit="count",
    direction=1,
    sentence=("Er staan {value} signalen over inkomen open.", "There are {value} open signals about income."),
    one=("Er staat 1 signaal over inkomen open.", "There is 1 open signal about income."),
    none=("Er staat geen signaal over inkomen open.", "There is no open signal about income."),
    could=WORTH,
    reason=REASON,
)
def income_signals(rows: Any, within: Any) -> Any:
    return rows.count(where=rows.open & rows["product"].isin(INCOME))


@pointers.feature(
    "Open signalen over studie",
    "Open signals about study",
    unit="count",
    direction=1,
    sentence=("Er staan {value} signalen over studie open.", "There are {value} open signals about study."),
    one=("Er staat 1 signaal over studie open.", "There is 1 open signal about study."),
    none=("Er staat geen signaal over studie open.", "There is no open signal about study."),
    could=WORTH,
    reason=REASON,
)
def study_signals(rows: Any, within: Any) -> Any:
    return rows.count(where=rows.open & rows["product"].isin(STUDY))


@pointers.feature(
    "Open signalen over vermogen",
    "Open signals about assets",
    unit="count",
    direction=1,
    sentence=("Er staan {value} signalen over vermogen open.", "There are {value} open signals about assets."),
    one=("Er staat 1 signaal over vermogen open.", "There is 1 open signal about assets."),
    none=("Er staat geen signaal over vermogen open.", "There is no open signal about assets."),
    could=(
        "Vermogensgegevens zijn 5 tot 17 maanden oud; het geld kan al op of bekend zijn.",
        "Data on assets are 5 to 17 months old; the money may be spent or known.",
    ),
    reason=REASON,
)
def asset_signals(rows: Any, within: Any) -> Any:
    return rows.count(where=rows.open & rows["product"].isin(ASSETS))


@pointers.feature(
    "Open signalen over het huishouden",
    "Open signals about the household",
    unit="count",
    direction=1,
    sentence=(
        "Er staan {value} signalen over kostendelers of een uitkering elders open.",
        "There are {value} open signals about cost sharers or a benefit elsewhere.",
    ),
    one=(
        "Er staat 1 signaal over kostendelers of een uitkering elders open.",
        "There is 1 open signal about cost sharers or a benefit elsewhere.",
    ),
    none=(
        "Er staat geen signaal over kostendelers of een uitkering elders open.",
        "There is no open signal about cost sharers or a benefit elsewhere.",
    ),
    could=WORTH,
    reason=REASON,
)
def household_signals(rows: Any, within: Any) -> Any:
    return rows.count(where=rows.open & rows["product"].isin(HOUSEHOLD))


@pointers.feature(
    "Verschillende soorten open signalen",
    "Different kinds of open signals",
    unit="count",
    direction=1,
    sentence=(
        "Er staan {value} soorten signalen open.",
        "There are {value} kinds of open signals.",
    ),
    one=("Er staat 1 soort signaal open.", "There is 1 kind of open signal."),
    none=("Er staat geen signaal open.", "No signal is open."),
    could=WORTH,
    reason=REASON,
)
def signal_kinds(rows: Any, within: Any) -> Any:
    return rows["product"].nunique(where=rows.open)


@pointers.feature(
    "Maanden sinds het laatste open signaal",
    "Months since the last open signal",
    unit="months",
    direction=-1,
    fill=float(NO_SIGNAL),
    sentence=("Het laatste open signaal is {value} oud.", "The last open signal is {value} old."),
    unknown=(
        "Het laatste open signaal is {value} of langer geleden, of er was er geen.",
        "The last open signal was {value} ago or longer, or there was none.",
    ),
    none=("Het laatste open signaal is minder dan een maand oud.", "The last open signal is less than a month old."),
    could=WORTH,
    reason=("Een ouder signaal zegt minder over nu.", "An older signal says less about now."),
    decimals=0,
)
def months_since_signal(rows: Any, within: Any) -> Any:
    return (rows.back.min(where=rows.open) / DAYS_A_MONTH).floor().clip(upper=NO_SIGNAL)


@pointers.feature(
    "Afgehandelde signalen in de laatste {w} maanden",
    "Signals closed in the last {w} months",
    unit="count",
    windows=(24,),
    direction=-1,
    sentence=(
        "Van de signalen van de laatste {w} maanden zijn er {value} afgehandeld.",
        "Of the signals of the last {w} months, {value} have been closed.",
    ),
    one=(
        "Van de signalen van de laatste {w} maanden is er 1 afgehandeld.",
        "Of the signals of the last {w} months, 1 has been closed.",
    ),
    none=(
        "Van de signalen van de laatste {w} maanden is er geen afgehandeld.",
        "Of the signals of the last {w} months, none has been closed.",
    ),
    could=(
        "Er waren geen signalen om af te handelen, of de gemeente is er nog niet aan toegekomen.",
        "There were no signals to settle, or the municipality has not come to them yet.",
    ),
    reason=("Wat al is bekeken hoeft niet weer.", "What has been looked at need not be looked at again."),
)
def closed_signals(rows: Any, within: Any) -> Any:
    return rows.count(where=within & ~rows.open)


@pointers.feature(
    "Signalen die binnenkwamen in de laatste {w} maanden",
    "Signals that came in during the last {w} months",
    unit="count",
    windows=(12,),
    direction=1,
    sentence=(
        "In de laatste {w} maanden kwamen {value} signalen binnen.",
        "In the last {w} months {value} signals came in.",
    ),
    one=(
        "In de laatste {w} maanden kwam 1 signaal binnen.",
        "In the last {w} months 1 signal came in.",
    ),
    none=(
        "In de laatste {w} maanden kwam geen signaal binnen.",
        "No signal came in during the last {w} months.",
    ),
    could=WORTH,
    reason=REASON,
)
def signals_received(rows: Any, within: Any) -> Any:
    return rows.count(where=within)


@pointers.feature(
    "Hoe lang het oudste signaal openstaat",
    "How long the oldest signal has been open",
    unit="months",
    direction=0,
    sentence=(
        "Het oudste open signaal staat {value} open.",
        "The oldest open signal has been open for {value}.",
    ),
    none=(
        "Er staat geen signaal een maand of langer open.",
        "No signal has been open for a month or more.",
    ),
    could=(
        "Een signaal dat lang openstaat kan zijn blijven liggen; dat is niet aan de klant.",
        "A signal that has been open for long may have been left lying; that is not the client's doing.",
    ),
    reason=(
        "Wat lang openligt is nog niet naast de uitkering gelegd.",
        "What has long been open has not been held against the benefit yet.",
    ),
    decimals=0,
)
def oldest_open_signal(rows: Any, within: Any) -> Any:
    return (rows.back.max(where=rows.open) / DAYS_A_MONTH).floor().clip(upper=NO_SIGNAL)


@pointers.feature(
    "Bedragen in open signalen",
    "Amounts in open signals",
    unit="EUR",
    direction=1,
    sentence=(
        "In open signalen staan bedragen van samen {value}.",
        "Open signals give amounts of {value} together.",
    ),
    none=("In open signalen staat geen bedrag.", "Open signals give no amount."),
    could=(
        "Een bedrag in een signaal is een stand van een eerder moment en kan al bekend zijn.",
        "An amount in a signal is a balance of an earlier moment and may be known already.",
    ),
    reason=REASON,
)
def signal_amount(rows: Any, within: Any) -> Any:
    return rows.cents.sum(where=rows.open) / 100
