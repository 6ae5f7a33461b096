"""Benefit statements of a municipality (GWS): maandspecificatie v0600 and jaaropgave v0400.

Amounts of a month count cents; amounts of a year count whole euros (as Open Inwoner prints them). A month's lines add
up to what was paid, to the cent: column 1 adds or gives a total, 2 deducts, 3 is a memo, 0 is not printed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from features.records import Address, Payment, PaymentComponent, YearStatement
from pipelines.sources.fields import Fields, UnreadableError
from pipelines.sources.gathering import Gathering
from pipelines.sources.reading import Reading, RefusedError
from pipelines.sources.xml import Message, Part, open_message, outline

SOURCE = "gws"

SERVICES = ("UitkeringsSpecificatieClient", "JaarOpgaveClient")
ANSWERS = ("UitkeringsSpecificatieInfoResponse", "JaarOpgaveInfoResponse")
REQUESTS = ("UitkeringsSpecificatieInfo", "JaarOpgaveInfo")
TOTAL = re.compile(r"TOTAAL\b|UIT TE BETALEN\b", re.IGNORECASE)
NORM = re.compile(r"\bnorm\b", re.IGNORECASE)
ADD, DEDUCT = 1, 2

CARRIERS = {
    "Dossierhistorie": "payments",
    "OverigeBijstandspartij": "payments",
    "Componenthistorie": "payment_components",
    "SpecificatieJaarOpgave": "year_statements",
}

CHILDREN = {
    "UitkeringsSpecificatieClient": ("Client", "TypePeriode", "Uitkeringsspecificatie*"),
    "Uitkeringsspecificatie": ("Uitkeringsinstantie", "Dossierhistorie*"),
    "Dossierhistorie": (
        "Regeling",
        "Dossiernummer",
        "Periodenummer",
        "Betrekkingsperiode",
        "UitbetaaldBedragClient",
        "Iban",
        "Bic",
        "OverigeBijstandspartij*",
        "OpgegevenInkomsten",
        "TeVerrekenenInkomsten",
        "InkomstenVrijlating",
        "InkomstenNaVrijlating",
        "VakantiegeldOverInkomsten",
        "GekorteInkomsten",
        "UitbetaaldBedragDossier",
        "DatumBetaald",
        "Componenthistorie*",
    ),
    "Componenthistorie": ("Omschrijving", "Bedrag", "IndicatieKolom", "Toelichting", "Crediteur"),
    "JaarOpgaveClient": ("Client", "JaarOpgave*"),
    "JaarOpgave": ("Inhoudingsplichtige", "SpecificatieJaarOpgave*"),
}


def recognises(path: Path, head: bytes) -> bool:
    found = outline(head)
    if found is None:
        return False
    return found.service in SERVICES or found.root in ANSWERS or found.root in REQUESTS


def read(path: Path) -> Reading:
    """Read one message. Raises RefusedError."""
    message = open_message(path)
    gathering = Gathering(CARRIERS, CHILDREN)
    for body in message.bodies:
        if body.name == "Fault":
            gathering.faults += 1
        elif body.name in REQUESTS:
            gathering.set_aside(body, body.name, "is a request, not an answer; it holds no records")
        elif body.name in ANSWERS:
            gathering.answer(body)
            gathering.conform(body)
            _months(gathering, body)
            _years(gathering, body)
            gathering.leftovers(body)
        else:
            raise RefusedError(f"{path.name} is {body.name}, not {' or '.join(ANSWERS)}; name its source")
    return gathering.reading(SOURCE, message.version, _municipality(message))


def _municipality(message: Message) -> str | None:
    """The code of the municipality that pays; else of the one that sent the message."""
    codes = [
        text
        for body in message.bodies
        for path in (
            ("UitkeringsSpecificatieClient", "Uitkeringsspecificatie", "Uitkeringsinstantie", "Gemeentecode"),
            ("JaarOpgaveClient", "JaarOpgave", "Inhoudingsplichtige", "Gemeentecode"),
        )
        for part in body.parts(*path)
        if (text := part.text)
    ]
    if message.header is not None:
        senders = message.header.parts("Header", "RouteInformatie", "Bron", "Gemeentecode")
        codes += [text for part in senders if (text := part.text)]
    return next((code for code in codes if re.fullmatch(r"[0-9]{4}", code)), None)


def _months(gathering: Gathering, body: Part) -> None:
    for answer in body.parts("UitkeringsSpecificatieClient"):
        client = answer.part("Client")
        statements: Counter[tuple[str | None, ...]] = Counter()
        lines: Counter[tuple[str | None, ...]] = Counter()
        histories = answer.parts("Uitkeringsspecificatie", "Dossierhistorie")
        if not histories:
            gathering.flags["client_without_records"] += 1
        for history in histories:
            look = Fields()
            names = ("Dossiernummer", "Betrekkingsperiode", "Periodenummer")
            place = tuple(look.text(history, name) for name in names)
            statements[place] += 1
            _history(gathering, client, history, statements[place], lines[place])
            lines[place] += len(history.parts("Componenthistorie"))


def _history(gathering: Gathering, client: Part | None, history: Part, statement: int, before: int) -> None:
    """One statement: the client's payment, those of the others on the dossier, and the lines. `before` counts the
    lines of earlier statements of the same dossier, month and period."""
    gathering.add(history, "payments", _payment(client, history, client, history, statement))
    for other in history.parts("OverigeBijstandspartij"):
        gathering.add(other, "payments", _payment(client, history, other, other, statement))
    for ordinal, line in enumerate(history.parts("Componenthistorie"), before + 1):
        gathering.add(line, "payment_components", _component(client, history, line, ordinal))


def _case(fields: Fields, history: Part) -> str:
    return fields.needed(history, "Dossiernummer")


def _payment(
    client: Part | None, history: Part, person: Part | None, paid: Part, statement: int
) -> Callable[[Fields], Payment]:
    def build(fields: Fields) -> Payment:
        own = paid is history
        if own and not _reconciles(history):
            fields.flag("components_do_not_reconcile")
        return Payment(
            case=_case(fields, history),
            person=fields.person(person, "BurgerServiceNr"),
            month=fields.month(history, "Betrekkingsperiode"),
            period=fields.text(history, "Periodenummer"),
            statement=statement if statement > 1 else None,
            regulation=fields.text(history, "Regeling"),
            paid_cents=fields.amount(paid, "UitbetaaldBedragClient" if own else "UitbetaaldBedrag"),
            paid_dossier_cents=fields.amount(history, "UitbetaaldBedragDossier"),
            norm_cents=_norm(fields, history),
            declared_income_cents=fields.amount(history, "OpgegevenInkomsten"),
            countable_income_cents=fields.amount(history, "TeVerrekenenInkomsten"),
            exempt_income_cents=fields.amount(history, "InkomstenVrijlating"),
            deducted_income_cents=fields.amount(history, "GekorteInkomsten"),
            paid_on=fields.date(history, "DatumBetaald"),
            account=fields.text(paid, "Iban"),
            name=fields.name(person, family="Achternaam"),
            address=_address(fields, client) if own else None,
        )

    return build


def _address(fields: Fields, client: Part | None) -> Address | None:
    return fields.address(client.part("Adres")) if client else None


def _norm(fields: Fields, history: Part) -> int | None:
    """The first line of column 1 that is called a norm."""
    for line in history.parts("Componenthistorie"):
        named = NORM.search(fields.text(line, "Omschrijving") or "")
        if named and fields.text(line, "IndicatieKolom") == str(ADD):
            return fields.amount(line, "Bedrag")
    return None


def _reconciles(history: Part) -> bool:
    """True when every total is the sum of the lines before it and the last one is what was paid; also true when a
    statement has no lines, for then there is nothing to compare."""
    look = Fields()
    lines = history.parts("Componenthistorie")
    if not lines:
        return True
    balance = 0
    for line in lines:
        amount, column = look.amount(line, "Bedrag"), look.whole(line, "IndicatieKolom")
        if amount is None:
            return False
        if column == ADD and TOTAL.match(look.text(line, "Omschrijving") or ""):
            if amount != balance:
                return False
        elif column == ADD:
            balance += amount
        elif column == DEDUCT:
            balance -= amount
    paid = look.amount(history, "UitbetaaldBedragDossier")
    if paid is None:
        others = [look.amount(one, "UitbetaaldBedrag") or 0 for one in history.parts("OverigeBijstandspartij")]
        paid = (look.amount(history, "UitbetaaldBedragClient") or 0) + sum(others)
    return balance == paid


def _component(client: Part | None, history: Part, line: Part, ordinal: int) -> Callable[[Fields], PaymentComponent]:
    def build(fields: Fields) -> PaymentComponent:
        column = fields.whole(line, "IndicatieKolom")
        if column is not None and column not in (0, 1, 2, 3):
            fields.flag("code_not_in_list")
        amount = fields.amount(line, "Bedrag")
        if amount is None:
            raise UnreadableError("Bedrag", "is not an amount")
        return PaymentComponent(
            case=_case(fields, history),
            person=fields.person(client, "BurgerServiceNr"),
            month=fields.month(history, "Betrekkingsperiode"),
            period=fields.text(history, "Periodenummer"),
            ordinal=ordinal,
            description=fields.text(line, "Omschrijving"),
            column_code=column,
            amount_cents=amount,
        )

    return build


def _years(gathering: Gathering, body: Part) -> None:
    for answer in body.parts("JaarOpgaveClient"):
        client = answer.part("Client")
        statements = answer.parts("JaarOpgave", "SpecificatieJaarOpgave")
        if not statements:
            gathering.flags["client_without_records"] += 1
        for statement in statements:
            gathering.add(statement, "year_statements", _year(client, statement))


def _year(client: Part | None, statement: Part) -> Callable[[Fields], YearStatement]:
    def build(fields: Fields) -> YearStatement:
        year = fields.whole(statement, "Dienstjaar")
        if year is None or not 1000 <= year <= 9999:
            raise UnreadableError("Dienstjaar", "is not a year")
        return YearStatement(
            person=fields.person(client, "BurgerServiceNr"),
            year=year,
            regulation=fields.text(statement, "Regeling"),
            start=fields.date(statement, "AangiftePeriodeVan"),
            end=fields.date(statement, "AangiftePeriodeTot"),
            taxable_cents=fields.amount(statement, "Fiscaalloon", whole_euros=True),
            withheld_tax_cents=fields.amount(statement, "Loonheffing", whole_euros=True),
            repaid_taxable_cents=fields.amount(statement, "OntvangstenFiscaalloon", whole_euros=True),
            name=fields.name(client, family="Achternaam"),
            address=_address(fields, client),
        )

    return build
