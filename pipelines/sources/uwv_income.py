"""Income from the polis administration: SuwiML UWVDossierInkomstenGSD v0200, one record per income statement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from features.records import Income, PartialDate
from pipelines.sources.fields import Fields
from pipelines.sources.gathering import Gathering
from pipelines.sources.reading import Reading
from pipelines.sources.suwiml import Service, belongs, read_service
from pipelines.sources.xml import Part

SOURCE = "uwv-income"

SERVICE = Service(
    source=SOURCE,
    name="UWVDossierInkomsten",
    answers=("UWVPersoonsIkvInfoResponse",),
    carriers={"Inkomstenopgave": "incomes", "Inkomstenverhouding": "incomes", "ClientSuwi": "incomes"},
    children={
        "UWVPersoonsIkvInfoResponse": ("ClientSuwi", "PeriodeGegevensleveringIko"),
        "ClientSuwi": ("Burgerservicenr", "Inkomstenverhouding*"),
        "Inkomstenverhouding": (
            "VolgnrIkv",
            "AanduidingIkvWerkgever",
            "DatBIkv",
            "DatEIkv",
            "AdministratieveEenheid",
            "Inkomstenperiode*",
            "SectorRisicogroepIkv*",
            "Inkomstenopgave*",
        ),
        "AdministratieveEenheid": (
            "NaamAdministratieveEenheid",
            "Loonheffingennr",
            "DatBAdministratieveEenheid",
            "DatEAdministratieveEenheid",
            "PersoonAdministratieveEenheid",
            "RechtspersoonAdministratieveEenh",
            "FeitelijkAdresAeh*",
            "CorrespondentieadresAeh*",
        ),
        "Inkomstenopgave": (
            "DatBIko",
            "DatEIko",
            "AantSvDagenIko",
            "AantVerloondeUrenIko",
            "BedrBrutoloonSv",
            "BedrLoonLbPremieVolksverz",
            "BedrIngehoudenLbPremieVolksverz",
            "BedrVakantietoeslag",
            "BedrOpgbRechtVakantietoeslag",
            "BedrExtraPrdSalaris",
            "BedrOpgbRechtExtraPrdSalaris",
            "BedrVergoedingReiskostenOnbelast",
            "BedrInUitkBegrBetAlimentatie",
            "BedrRechtstreeksBetAlimentatie",
        ),
    },
)


def recognises(path: Path, head: bytes) -> bool:
    return belongs(SERVICE, head)


def read(path: Path) -> Reading:
    """Read one message. Raises RefusedError."""
    return read_service(path, SERVICE, _take)


def _take(gathering: Gathering, body: Part) -> None:
    for client in body.parts("ClientSuwi"):
        relations = client.parts("Inkomstenverhouding")
        times: Counter[tuple[str | None, ...]] = Counter()
        gathering.visit(client)
        if not relations:
            gathering.flags["client_without_records"] += 1
        for relation in relations:
            statements = relation.parts("Inkomstenopgave")
            gathering.visit(relation)
            if not statements:
                gathering.set_aside(relation, "Inkomstenopgave", "is not there: a relation without pay", "incomes")
            for statement in statements:
                place = _place(relation, statement)
                times[place] += 1
                gathering.add(statement, "incomes", _income(client, relation, statement, times[place]))


def _place(relation: Part, statement: Part) -> tuple[str | None, ...]:
    """What statements share that have one key. Wage and pension of one payer do: they bear one number."""
    look = Fields()
    unit = relation.part("AdministratieveEenheid")
    return look.text(unit, "Loonheffingennr"), look.text(relation, "VolgnrIkv"), look.text(statement, "DatBIko")


def _income(client: Part, relation: Part, statement: Part, time: int) -> Callable[[Fields], Income]:
    def build(fields: Fields) -> Income:
        start = fields.needed_date(statement, "DatBIko")
        end = fields.date(statement, "DatEIko")
        period = _period(fields, relation, start)
        unit = relation.part("AdministratieveEenheid")
        if time > 1:
            fields.flag("further_statement")
        natural = unit is not None and unit.part("PersoonAdministratieveEenheid") is not None
        return Income(
            person=fields.person(client),
            employer=fields.text(unit, "Loonheffingennr"),
            relation=fields.text(relation, "VolgnrIkv"),
            start=start,
            statement=time if time > 1 else None,
            end=end,
            kind=fields.text(period, "CdSrtIkv"),
            nature=fields.text(period, "CdAardIkv"),
            contract_type=fields.text(period, "CdTypeArbeidscontract"),
            relation_start=fields.date(relation, "DatBIkv"),
            relation_end=fields.date(relation, "DatEIkv"),
            gross_cents=fields.amount(statement, "BedrBrutoloonSv"),
            taxable_cents=fields.amount(statement, "BedrLoonLbPremieVolksverz"),
            withheld_tax_cents=fields.amount(statement, "BedrIngehoudenLbPremieVolksverz"),
            holiday_cents=fields.amount(statement, "BedrVakantietoeslag"),
            hours=fields.whole(statement, "AantVerloondeUrenIko"),
            days=fields.whole(statement, "AantSvDagenIko"),
            employer_name=None if natural else fields.text(unit, "NaamAdministratieveEenheid"),
        )

    return build


def _period(fields: Fields, relation: Part, day: PartialDate) -> Part | None:
    """The income period that covers a statement, the latest begun when several do; it carries the kind of relation.
    Where none covers it, the last one begun before, else the first: flagged, for the kind decides what counts."""
    dated = []
    for period in relation.parts("Inkomstenperiode"):
        look = Fields()
        start, end = look.date(period, "DatBIkp"), look.date(period, "DatEIkp")
        dated.append((start, end, period))
    if not dated:
        fields.flag("income_period_missing")
        return None
    begun = [one for one in dated if one[0] is None or one[0].earliest <= day.latest]
    covering = [one for one in begun if one[1] is None or one[1].latest >= day.earliest]
    if not covering:
        fields.flag("income_period_does_not_cover")
    if len(covering) > 1:
        fields.flag("income_periods_overlap")
    chosen = covering or begun or dated[:1]
    return max(chosen, key=lambda one: one[0].earliest if one[0] else day.earliest.min)[2]
