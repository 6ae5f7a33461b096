"""The contracts: which records exist, what their columns mean, and on which law each rests.

A reader gives records as instances of these classes; the lake keeps them as rows. Where a field names a person, an
address, an account, a vehicle, a parcel, a dossier or a list, the lake holds a random number instead (`<field>_id`) and
the vault holds what it stands for. Fields marked `Vault` go to the vault only, fields marked `Sealed` to the sealed
store only; neither is a column that a feature could read.

>>> [column.name for column in contract_named("study_grants").lake_columns][:3]
['person_id', 'start_earliest', 'start_latest']
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal, TypeVar, get_args, get_origin, get_type_hints

R = TypeVar("R")
Kind = Literal["person", "list", "address", "account", "vehicle", "parcel", "case"]


@dataclass(frozen=True, order=True)
class PartialDate:
    """A date that may be known in part only: both bounds inclusive. An unknown date is the whole calendar.

    >>> PartialDate.of("20240200")
    PartialDate(earliest=datetime.date(2024, 2, 1), latest=datetime.date(2024, 2, 29))
    """

    earliest: dt.date
    latest: dt.date

    @classmethod
    def of(cls, text: str) -> PartialDate:
        """Read `yyyymmdd`, `yyyymm00`, `yyyy0000`, `00000000`, `yyyymm`, `yyyy` or ISO `yyyy-mm-dd`.

        Raises ValueError for anything else, 31 February included.
        """
        digits = text.strip().removesuffix("Z")
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}(-[0-9]{2})?", digits):
            digits = digits.replace("-", "")
        if re.fullmatch(r"[0-9]{4}([0-9]{2}([0-9]{2})?)?", digits) is None:
            raise ValueError(f"{text!r} is not a date (yyyymmdd, zeros where unknown)")
        digits = digits.ljust(8, "0")
        year, month, day = int(digits[:4]), int(digits[4:6]), int(digits[6:])
        if year == 0:
            if month or day:
                raise ValueError(f"{text!r} has a month or day but no year")
            return UNKNOWN_DATE
        if month == 0:
            if day:
                raise ValueError(f"{text!r} has a day but no month")
            return cls(dt.date(year, 1, 1), dt.date(year, 12, 31))
        if day == 0:
            first = dt.date(year, month, 1)
            following = dt.date(year + month // 12, month % 12 + 1, 1) if (year, month) != (9999, 12) else dt.date.max
            return cls(first, following - dt.timedelta(days=1))
        return cls.on(dt.date(year, month, day))

    @classmethod
    def on(cls, day: dt.date) -> PartialDate:
        return cls(day, day)

    @property
    def exact(self) -> bool:
        return self.earliest == self.latest


UNKNOWN_DATE = PartialDate(dt.date.min, dt.date.max)


@dataclass(frozen=True)
class Address:
    """An address as delivered."""

    street: str | None = None
    house_number: int | None = None
    house_letter: str | None = None
    house_addition: str | None = None
    postcode: str | None = None
    city: str | None = None
    bag_object: str | None = None
    """adresseerbaar object identificatie, 16 digits"""
    municipality: str | None = None
    """code of table 33"""
    country: str | None = None
    """code of table 34; None is the Netherlands"""
    lines: str | None = None
    """free lines of a foreign address or a location description"""


@dataclass(frozen=True)
class Fact:
    """A column that features may read."""

    meaning: str
    unit: str = ""
    required: bool = False
    check: str = ""
    """SQL condition over the contract's columns that must not be false"""


@dataclass(frozen=True)
class Identifier:
    """A column that identifies; the lake keeps a random number in its place."""

    kind: Kind
    meaning: str
    required: bool = False


@dataclass(frozen=True)
class Vault:
    """Identifying text: kept in the vault under `of`, never in the lake."""

    meaning: str
    of: str = "person"


@dataclass(frozen=True)
class Sealed:
    """A protected attribute: kept in the sealed store under the person, never in the lake (R10)."""

    meaning: str


@dataclass(frozen=True)
class Column:
    """One column. `type` is DuckDB's word for it."""

    name: str
    type: str
    about: Fact | Identifier | Vault | Sealed
    required: bool = False


ENVELOPE = (
    Column("municipality", "VARCHAR", Fact("code of the municipality the delivery is for; 0000 is none given")),
    Column("delivery", "VARCHAR", Fact("delivery id")),
    Column("known_at", "TIMESTAMP", Fact("record time: when it could be known", "UTC")),
    Column("withdrawn", "BOOLEAN", Fact("the source takes the record with this key back")),
    Column("flags", "VARCHAR[]", Fact("what is odd about the record, in words of the reader")),
)
"""Columns that every table in the lake carries beside its own; source, schema version, sha256 of the raw file and
purpose stand once per delivery."""

ADDRESS_COLUMNS = tuple(field.name for field in dataclasses.fields(Address))
_DUCKDB = {str: "VARCHAR", int: "BIGINT", bool: "BOOLEAN", dt.date: "DATE", float: "DOUBLE"}


@dataclass(frozen=True)
class Contract:
    """What is agreed about one kind of record."""

    name: str
    number: int
    source: str
    key: tuple[str, ...]
    legal_basis: str
    purpose: str
    begins: str
    """lake column with the date from which the record is true; empty where the record is true as long as it stands"""
    max_age_days: int
    """older than this the source counts as missing (R37)"""
    record: type
    delivered_columns: tuple[Column, ...]
    """the columns of a bulk extract and of a reader's table, in order; the envelope apart"""
    lake_columns: tuple[Column, ...]
    """what the lake keeps, in order; the envelope apart"""
    error_budget: float = 0.05
    """share of broken rows above which a bulk extract is held; message files have none"""

    @property
    def title(self) -> str:
        return (self.record.__doc__ or "").split("\n")[0]


CONTRACTS: dict[str, Contract] = {}


def contract_named(name: str) -> Contract:
    """Raises KeyError with the names there are."""
    if name not in CONTRACTS:
        raise KeyError(f"there is no contract {name!r}; there are: {', '.join(sorted(CONTRACTS))}")
    return CONTRACTS[name]


def _columns_of(field: str, annotation: object) -> tuple[list[Column], list[Column]]:
    base, about = get_args(annotation)[:2]
    types = [one for one in get_args(base) if one is not type(None)] or [base]
    plain = types[0]
    required = bool(getattr(about, "required", False))
    if plain is Address:
        parts = typing.get_type_hints(Address)
        delivered = []
        for name in ADDRESS_COLUMNS:
            of = next(one for one in get_args(parts[name]) if one is not type(None))
            delivered.append(Column(f"{field}_{name}", _DUCKDB[of], about))
        return delivered, [
            Column(f"{field}_id", "BIGINT", about, required),
            Column(f"{field}_municipality", "VARCHAR", Fact("municipality of the address, table 33")),
        ]
    if plain is PartialDate:
        pair = [Column(f"{field}_{end}", "DATE", about, required) for end in ("earliest", "latest")]
        return pair, ([] if isinstance(about, Vault | Sealed) else pair)
    kind = "VARCHAR[]" if get_origin(plain) is tuple else _DUCKDB[plain]
    delivered = [Column(field, kind, about, required)]
    if isinstance(about, Vault | Sealed):
        return delivered, []
    if isinstance(about, Identifier):
        return delivered, [Column(f"{field}_id", "BIGINT", about, required)]
    return delivered, delivered


@typing.dataclass_transform(kw_only_default=True, frozen_default=True)
def contract(
    *,
    number: int,
    source: str,
    key: tuple[str, ...],
    legal_basis: str,
    purpose: str = "toezicht Participatiewet",
    begins: str = "",
    max_age_days: int = 45,
    name: str,
) -> Callable[[type[R]], type[R]]:
    """Declare a record class as contract `name`. `key` is the business key, in lake columns: of two rows with one key
    the later known one holds. `begins` is the lake column from which on the record is true."""

    def declare(record: type[R]) -> type[R]:
        frozen = dataclass(frozen=True, kw_only=True)(record)
        delivered: list[Column] = []
        lake: list[Column] = []
        hints = get_type_hints(frozen, include_extras=True)
        for field in dataclasses.fields(frozen):  # type: ignore[arg-type]
            if get_origin(hints[field.name]) is Annotated:
                one, other = _columns_of(field.name, hints[field.name])
                delivered += one
                lake += other
        missing = {*key, *([begins] if begins else [])} - {column.name for column in lake}
        if missing:
            raise TypeError(f"contract {name}: columns {sorted(missing)} of its key or beginning are not in the lake")
        CONTRACTS[name] = Contract(
            name, number, source, key, legal_basis, purpose, begins, max_age_days, frozen, tuple(delivered), tuple(lake)
        )
        return frozen

    return declare


@dataclass(frozen=True, kw_only=True)
class Record:
    """What every record carries beside the columns of its contract."""

    flags: tuple[str, ...] = ()
    withdrawn: bool = False


Text = str | None
Whole = int | None
Yes = bool | None
When = PartialDate | None

PERSON = Identifier("person", "burgerservicenummer, nine digits; A-nummer with a leading A where there is no BSN")


@contract(
    name="benefits",
    number=2,
    source="Bijstandsregelingen",
    key=("case_id", "person_id", "role", "start_earliest"),
    begins="start_earliest",
    legal_basis="Participatiewet 17, 54, 58; SUWI 62",
)
class Benefit(Record):
    """Who is on which benefit, as what, and since when: the members of a case."""

    case: Annotated[str, Identifier("case", "dossier number within the municipality", required=True)]
    person: Annotated[str, dataclasses.replace(PERSON, required=True)]
    role: Annotated[str, Fact("client, partner or child", required=True, check="role IN ('client','partner','child')")]
    regulation: Annotated[Text, Fact("code of the act (CdSzWet) or its name")] = None
    start: Annotated[When, Fact("first day on the benefit", required=True)] = None
    end: Annotated[When, Fact("last day on the benefit; empty while it runs")] = None
    norm: Annotated[Text, Fact("single, single_parent, couple or cost_sharing")] = None
    norm_cents: Annotated[Whole, Fact("monthly norm", "EUR cents")] = None
    cost_sharers: Annotated[Whole, Fact("adult cost sharers counted by the municipality", "persons")] = None
    end_reason: Annotated[Text, Fact("code of the reason for the end")] = None
    name: Annotated[Text, Vault("name as delivered")] = None
    birth_date: Annotated[When, Sealed("birth date")] = None
    sex: Annotated[Text, Sealed("sex as registered")] = None
    in_care: Annotated[Yes, Sealed("lives in an institution for care; only the exemption code sees it (R33)")] = None


@contract(
    name="claims",
    number=2,
    source="Bijstandsregelingen",
    key=("person_id", "claim"),
    begins="decided_earliest",
    legal_basis="Participatiewet 17, 54, 58; SUWI 62",
)
class Claim(Record):
    """An amount that the municipality reclaims."""

    person: Annotated[str, dataclasses.replace(PERSON, required=True)]
    claim: Annotated[Text, Fact("identificatienummer vordering")] = None
    decided: Annotated[When, Fact("date of the decision")] = None
    reason: Annotated[Text, Fact("code as delivered")] = None
    status: Annotated[Text, Fact("code as delivered")] = None
    regulation: Annotated[Text, Fact("code of the act")] = None
    amount_cents: Annotated[Whole, Fact("amount at the start", "EUR cents")] = None
    balance_cents: Annotated[Whole, Fact("amount still open", "EUR cents")] = None
    final_since: Annotated[When, Fact("date on which the decision became final")] = None


@contract(
    name="sanctions",
    number=2,
    source="Bijstandsregelingen",
    key=("person_id", "start_earliest", "reason"),
    begins="start_earliest",
    legal_basis="Participatiewet 18; SUWI 62",
)
class Sanction(Record):
    """A measure that lowered a benefit for a time (maatregel)."""

    person: Annotated[str, dataclasses.replace(PERSON, required=True)]
    start: Annotated[When, Fact("first day", required=True)] = None
    end: Annotated[When, Fact("last day")] = None
    reason: Annotated[Text, Fact("code as delivered")] = None
    amount_cents: Annotated[Whole, Fact("by how much the benefit was lowered", "EUR cents")] = None


@contract(
    name="payments",
    number=1,
    source="GWS",
    key=("case_id", "person_id", "month", "period", "statement"),
    begins="month",
    legal_basis="Participatiewet 53a",
)
class Payment(Record):
    """One benefit month of one dossier as it was paid."""

    case: Annotated[str, Identifier("case", "dossiernummer", required=True)]
    person: Annotated[str, dataclasses.replace(PERSON, required=True)]
    month: Annotated[dt.date, Fact("betrekkingsperiode: first day of the month it is about", required=True)]
    period: Annotated[Text, Fact("periodenummer: yyyymm in which it was booked")] = None
    statement: Annotated[Whole, Fact("2, 3, ... for a further payment in the same month and period; else empty")] = None
    regulation: Annotated[Text, Fact("name of the act")] = None
    paid_cents: Annotated[Whole, Fact("paid to the client", "EUR cents")] = None
    paid_dossier_cents: Annotated[Whole, Fact("paid on the dossier", "EUR cents")] = None
    norm_cents: Annotated[Whole, Fact("norm of the month", "EUR cents")] = None
    declared_income_cents: Annotated[Whole, Fact("income the client declared", "EUR cents")] = None
    countable_income_cents: Annotated[Whole, Fact("income to be set off", "EUR cents")] = None
    exempt_income_cents: Annotated[Whole, Fact("income exempted", "EUR cents")] = None
    deducted_income_cents: Annotated[Whole, Fact("income deducted", "EUR cents")] = None
    paid_on: Annotated[When, Fact("date paid")] = None
    account: Annotated[Text, Identifier("account", "IBAN the benefit was paid to")] = None
    name: Annotated[Text, Vault("name as delivered")] = None
    address: Annotated[Address | None, Identifier("address", "address as delivered")] = None


@contract(
    name="payment_components",
    number=1,
    source="GWS",
    key=("case_id", "person_id", "month", "period", "ordinal"),
    begins="month",
    legal_basis="Participatiewet 53a",
)
class PaymentComponent(Record):
    """One line of a benefit statement."""

    case: Annotated[str, Identifier("case", "dossiernummer", required=True)]
    person: Annotated[str, dataclasses.replace(PERSON, required=True)]
    month: Annotated[dt.date, Fact("first day of the month it is about", required=True)]
    period: Annotated[Text, Fact("periodenummer")] = None
    ordinal: Annotated[Whole, Fact("place of the line in the statement, from 1")] = None
    description: Annotated[Text, Fact("omschrijving")] = None
    column_code: Annotated[Whole, Fact("IndicatieKolom: 1 add or total, 2 deduct, 3 memo")] = None
    amount_cents: Annotated[Whole, Fact("signed amount", "EUR cents")] = None
    base_cents: Annotated[Whole, Fact("signed basis of the amount", "EUR cents")] = None


@contract(
    name="year_statements",
    number=1,
    source="GWS",
    key=("person_id", "year", "regulation", "start_earliest"),
    begins="start_earliest",
    legal_basis="Participatiewet 53a",
    max_age_days=400,
)
class YearStatement(Record):
    """What was paid in a year for the tax office (jaaropgave)."""

    person: Annotated[str, dataclasses.replace(PERSON, required=True)]
    year: Annotated[int, Fact("dienstjaar", required=True)]
    regulation: Annotated[Text, Fact("name of the act")] = None
    start: Annotated[When, Fact("first day covered")] = None
    end: Annotated[When, Fact("last day covered")] = None
    taxable_cents: Annotated[Whole, Fact("fiscaal loon", "EUR cents")] = None
    withheld_tax_cents: Annotated[Whole, Fact("loonheffing", "EUR cents")] = None
    repaid_taxable_cents: Annotated[Whole, Fact("ontvangsten fiscaal loon", "EUR cents")] = None
    name: Annotated[Text, Vault("name as delivered")] = None
    address: Annotated[Address | None, Identifier("address", "address as delivered")] = None


@contract(
    name="incomes",
    number=3,
    source="UWV",
    key=("person_id", "employer", "relation", "start_earliest", "statement"),
    begins="start_earliest",
    legal_basis="SUWI 62; Participatiewet 64",
)
class Income(Record):
    """One income statement (inkomstenopgave) of one income relation."""

    person: Annotated[str, dataclasses.replace(PERSON, required=True)]
    employer: Annotated[Text, Fact("loonheffingennummer")] = None
    relation: Annotated[Text, Fact("volgnummer of the income relation")] = None
    start: Annotated[When, Fact("first day of the period paid for", required=True)] = None
    statement: Annotated[Whole, Fact("2, 3, ... for a further statement of the same key in a message; else empty")] = (
        None
    )
    end: Annotated[When, Fact("last day of the period paid for")] = None
    kind: Annotated[Text, Fact("CdSrtIkv; 43 is the client's own Participatiewet benefit")] = None
    nature: Annotated[Text, Fact("CdAardIkv")] = None
    contract_type: Annotated[Text, Fact("CdTypeArbeidscontract")] = None
    relation_start: Annotated[When, Fact("first day of the income relation")] = None
    relation_end: Annotated[When, Fact("last day of the income relation")] = None
    gross_cents: Annotated[Whole, Fact("brutoloon SV", "EUR cents")] = None
    taxable_cents: Annotated[Whole, Fact("loon LB/PVV", "EUR cents")] = None
    withheld_tax_cents: Annotated[Whole, Fact("ingehouden LB/PVV", "EUR cents")] = None
    holiday_cents: Annotated[Whole, Fact("vakantietoeslag paid", "EUR cents")] = None
    hours: Annotated[Whole, Fact("hours paid", "hours")] = None
    days: Annotated[Whole, Fact("SV days", "days")] = None
    employer_name: Annotated[Text, Fact("name of the administrative unit, of organisations only")] = None


@contract(
    name="persons",
    number=4,
    source="BRP",
    key=("list_id",),
    legal_basis="Wet BRP; Participatiewet 53a",
    max_age_days=60,
)
class Person(Record):
    """One person list in the registry; the same BSN may stand on two."""

    list: Annotated[str, Identifier("list", "A-nummer; the BSN where the message has none", required=True)]
    person: Annotated[Text, PERSON] = None
    suspension: Annotated[Text, Fact("reason of suspension: E, R, O, W, M or another code")] = None
    suspended: Annotated[When, Fact("date of suspension")] = None
    confidentiality: Annotated[Whole, Fact("0 none to 7", check="confidentiality BETWEEN 0 AND 7")] = None
    registered_municipality: Annotated[Text, Fact("municipality of registration, table 33")] = None
    under_investigation: Annotated[Yes, Fact("a group of the list is in onderzoek")] = None
    name: Annotated[Text, Vault("given names, prefix and family name")] = None
    birth_date: Annotated[When, Sealed("birth date")] = None
    birth_place: Annotated[Text, Sealed("birthplace, code or text")] = None
    birth_country: Annotated[Text, Sealed("country of birth, table 34")] = None
    sex: Annotated[Text, Sealed("M, V or O")] = None
    nationalities: Annotated[tuple[str, ...] | None, Sealed("codes of table 32")] = None
    residence_title: Annotated[Text, Sealed("code of table 56")] = None


@contract(
    name="kinships",
    number=4,
    source="BRP",
    key=("person_id", "relation", "other_id", "start_earliest"),
    begins="start_earliest",
    legal_basis="Wet BRP; Participatiewet 53a",
    max_age_days=60,
)
class Kinship(Record):
    """A parent, partner or child as the registry has it. `other` may be someone without a number."""

    person: Annotated[str, dataclasses.replace(PERSON, required=True)]
    relation: Annotated[str, Fact("parent, partner or child", check="relation IN ('parent','partner','child')")]
    other: Annotated[Text, PERSON] = None
    start: Annotated[When, Fact("beginning of the bond, where it has one")] = None
    end: Annotated[When, Fact("dissolution, where there is one")] = None
    bond: Annotated[Text, Fact("H marriage, P partnership, or empty")] = None
    incorrect: Annotated[Yes, Fact("the registry marks the row as incorrect")] = None
    other_name: Annotated[Text, Vault("name of the other", of="other")] = None


@contract(
    name="stays",
    number=5,
    source="BRP",
    key=("person_id", "address_id", "start_earliest", "certainty"),
    begins="start_earliest",
    legal_basis="Wet BRP; Participatiewet 53a",
    max_age_days=60,
)
class Stay(Record):
    """Someone registered at an address for a time. A possible resident (dates uncertain) is never a resident."""

    person: Annotated[str, dataclasses.replace(PERSON, required=True)]
    address: Annotated[Address | None, Identifier("address", "where")] = None
    start: Annotated[When, Fact("first day")] = None
    end: Annotated[When, Fact("first day no longer there (exclusive); empty while it lasts")] = None
    certainty: Annotated[str, Fact("resident or possible", check="certainty IN ('resident','possible')")] = "resident"
    function: Annotated[Text, Fact("W home address, B letter address, or empty")] = None
    abroad: Annotated[Yes, Fact("the address is outside the Netherlands")] = None
    unknown: Annotated[Yes, Fact("the registry says the place is unknown (VOW)")] = None
    incorrect: Annotated[Yes, Fact("the registry marks the row as incorrect (08.84.10 = 'O')")] = None
    under_investigation: Annotated[Yes, Fact("in onderzoek: no evidence")] = None
    overflow: Annotated[Yes, Fact("the answer listed only the first hundred residents")] = None


@contract(
    name="signals",
    number=6,
    source="Inlichtingenbureau",
    key=("person_id", "product", "start_earliest", "reference"),
    begins="start_earliest",
    legal_basis="SUWI 63; Participatiewet 64 lid 3",
)
class Signal(Record):
    """The Inlichtingenbureau says: worth looking at. Not: unlawful."""

    person: Annotated[str, dataclasses.replace(PERSON, required=True)]
    product: Annotated[str, Fact("one of the twelve products, see pipelines/sources/signals.py", required=True)]
    start: Annotated[When, Fact("first day of the period it is about", required=True)] = None
    end: Annotated[When, Fact("last day of the period it is about")] = None
    issued: Annotated[When, Fact("date of the signal")] = None
    reference: Annotated[Text, Fact("number of the signal")] = None
    amount_cents: Annotated[Whole, Fact("amount, where the product has one", "EUR cents")] = None
    state: Annotated[Text, Fact("open or closed", check="state IN ('open','closed')")] = None
    account: Annotated[Text, Identifier("account", "IBAN, where the product has one")] = None


@contract(
    name="vehicles",
    number=7,
    source="RDW",
    key=("person_id", "vehicle_id", "start_earliest"),
    begins="start_earliest",
    legal_basis="Participatiewet 64",
    max_age_days=100,
)
class Vehicle(Record):
    """A vehicle registered in someone's name for a time."""

    person: Annotated[str, dataclasses.replace(PERSON, required=True)]
    vehicle: Annotated[Text, Identifier("vehicle", "kenteken")] = None
    start: Annotated[When, Fact("registered since")] = None
    end: Annotated[When, Fact("registered until")] = None
    kind: Annotated[Text, Fact("CdSrtVoertuig")] = None
    make: Annotated[Text, Fact("make")] = None
    model: Annotated[Text, Fact("type")] = None
    first_registered: Annotated[When, Fact("first registration of the vehicle")] = None
    catalogue_cents: Annotated[Whole, Fact("price when new, not its present value", "EUR cents")] = None
    status: Annotated[Text, Fact("CdStatusVoertuig")] = None


@contract(
    name="properties",
    number=8,
    source="Kadaster",
    key=("person_id", "parcel_id", "right"),
    begins="acquired_earliest",
    legal_basis="Participatiewet 64",
    max_age_days=100,
)
class Property(Record):
    """A right on real estate."""

    person: Annotated[str, dataclasses.replace(PERSON, required=True)]
    parcel: Annotated[Text, Identifier("parcel", "kadastrale aanduiding")] = None
    right: Annotated[Text, Fact("kind of right")] = None
    acquired: Annotated[When, Fact("date acquired")] = None
    ended: Annotated[When, Fact("date on which the right ended")] = None
    price_cents: Annotated[Whole, Fact("koopsom", "EUR cents")] = None
    bought_year: Annotated[Whole, Fact("jaar aankoop", "year")] = None
    object_kind: Annotated[Text, Fact("CdTypeOnroerendeZaak")] = None
    description: Annotated[Text, Fact("description of the object")] = None
    shared: Annotated[Yes, Fact("more people have a right on it")] = None
    address: Annotated[Address | None, Identifier("address", "where it lies")] = None


@contract(
    name="companies",
    number=9,
    source="KVK",
    key=("company", "branch"),
    begins="start_earliest",
    legal_basis="Handelsregisterwet; Participatiewet 53a",
    max_age_days=100,
)
class Company(Record):
    """A company, or one branch of it, in the trade register."""

    company: Annotated[str, Fact("kvkNummer, eight digits", required=True)]
    branch: Annotated[Text, Fact("vestigingsnummer, twelve digits")] = None
    rsin: Annotated[Text, Fact("rsin, where it has one")] = None
    trade_name: Annotated[Text, Fact("first trade name; empty for a sole trader")] = None
    legal_form: Annotated[Text, Fact("rechtsvorm")] = None
    start: Annotated[When, Fact("datumAanvang")] = None
    end: Annotated[When, Fact("datumEinde")] = None
    activities: Annotated[tuple[str, ...] | None, Fact("SBI codes, the main one first")] = None
    staff: Annotated[Whole, Fact("totaalWerkzamePersonen", "persons")] = None
    main_branch: Annotated[Yes, Fact("indHoofdvestiging")] = None
    shielded: Annotated[Yes, Fact("indAfgeschermd: the address is hidden")] = None
    address: Annotated[Address | None, Identifier("address", "visiting address")] = None


@contract(
    name="functionaries",
    number=9,
    source="KVK",
    key=("company", "person_id", "role", "start_earliest"),
    begins="start_earliest",
    legal_basis="Handelsregisterwet; Participatiewet 53a",
    max_age_days=100,
)
class Functionary(Record):
    """Someone who owns or directs a company."""

    company: Annotated[str, Fact("kvkNummer", required=True)]
    person: Annotated[str, dataclasses.replace(PERSON, required=True)]
    role: Annotated[str, Fact("owner or director", check="role IN ('owner','director')")]
    start: Annotated[When, Fact("first day")] = None
    end: Annotated[When, Fact("last day")] = None


@contract(
    name="study_grants",
    number=10,
    source="DUO",
    key=("person_id", "start_earliest"),
    begins="start_earliest",
    legal_basis="Participatiewet 64",
    max_age_days=100,
)
class StudyGrant(Record):
    """Study finance granted for a period."""

    person: Annotated[str, dataclasses.replace(PERSON, required=True)]
    start: Annotated[When, Fact("first day", required=True)] = None
    end: Annotated[When, Fact("last day")] = None
    basic: Annotated[Text, Fact("CdToekenningBasisbeursStufi")] = None
    supplementary: Annotated[Yes, Fact("IndAanvullendeBeursStufi")] = None
    partner_supplement: Annotated[Text, Fact("CdStatusPartnertoeslagStufi")] = None
    single_parent_supplement: Annotated[Text, Fact("CdStatusEenOudertoeslagStufi")] = None


@contract(
    name="outcomes",
    number=11,
    source="eigen",
    key=("case_id", "selected"),
    begins="selected",
    legal_basis="Participatiewet 53a",
    max_age_days=100,
)
class Outcome(Record):
    """What a review of a case found, approved by a second person. `known_at` is when the label could be known."""

    case: Annotated[str, Identifier("case", "dossier number within the municipality", required=True)]
    selected: Annotated[dt.date, Fact("date of the list it was chosen from", required=True)]
    arm: Annotated[
        Text, Fact("random, top_up, signal or risk, with commas where it was in more; tip or theme in history")
    ] = None
    probability: Annotated[float | None, Fact("inclusion probability when it was chosen", "0 to 1")] = None
    closed: Annotated[dt.date | None, Fact("date of the findings")] = None
    approved: Annotated[dt.date | None, Fact("date of the second person's approval")] = None
    cause: Annotated[Text, Fact("cause in the words of statistics.md, as in enforcement/findings.py")] = None
    effect: Annotated[Text, Fact("up, down, none or unknown", check="effect IN ('up','down','none','unknown')")] = None
    amount_cents: Annotated[
        Whole, Fact("change per month, in the direction of effect", "EUR cents", check="amount_cents >= 0")
    ] = None
    overturned: Annotated[Yes, Fact("an objection or appeal overturned it")] = None
    minutes: Annotated[Whole, Fact("time the review took", "minutes")] = None


@contract(
    name="bookings",
    number=12,
    source="financiën",
    key=("case_id", "selected", "reference"),
    begins="booked",
    legal_basis="Participatiewet 44, 58, 60, 77",
    purpose="verantwoording van de uitvoering",
    max_age_days=100,
)
class Booking(Record):
    """Money that followed from a review, as the financial administration booked it. For results only, no feature."""

    case: Annotated[str, Identifier("case", "dossier number within the municipality", required=True)]
    selected: Annotated[dt.date, Fact("date of the list that the review was chosen from", required=True)]
    reference: Annotated[str, Fact("number of the booking in the financial administration", required=True)]
    kind: Annotated[
        str,
        Fact(
            "claimed (decision to reclaim), recovered (received or set off) or paid_out (to the client)",
            required=True,
            check="kind IN ('claimed','recovered','paid_out')",
        ),
    ]
    booked: Annotated[dt.date, Fact("date of the decision, receipt or payment", required=True)]
    amount_cents: Annotated[int, Fact("amount", "EUR cents", required=True, check="amount_cents > 0")]
