"""Handelsregister of the KVK: basisprofiel, vestigingsprofiel, lists of branches, search results; plain or recorded.

Words for yes and no are 'Ja' and 'Nee', dates are compact, SBI codes have four digits (2008) or five (2025), `links`
may be `_links`. A shielded address is not read at all. The name of a sole trader is somebody's name, so it is left out.
"""

from __future__ import annotations

import json
from pathlib import Path

from features.records import Address, Company
from pipelines.sources.exchanges import Answer, Node, answers_in, keys_in
from pipelines.sources.intake import Dates, Intake, UnreadableError, whole_in
from pipelines.sources.places import bag_object_of, told
from pipelines.sources.reading import Reading, RefusedError

SOURCE = "kvk"
_PROFILE = frozenset(
    (
        *("sbiActiviteiten", "handelsnamen", "materieleRegistratie", "eersteHandelsnaam", "indHoofdvestiging"),
        *("formeleRegistratiedatum", "resultatenPerPagina", "aantalCommercieleVestigingen"),
    )
)
_OF_A_COMPANY = frozenset(("formeleRegistratiedatum", "materieleRegistratie", "handelsnamen", "naam"))
_NOTHING = frozenset(("IPD0005", "IPD5200"))
"""codes with which the register says that it knows no such company, or finds none"""


def recognises(path: Path, head: bytes) -> bool:
    keys = keys_in(head)
    if keys & {"openapi", "swagger", "$schema", "_postman_id"}:
        return False
    return ("kvkNummer" in keys and bool(keys & _PROFILE)) or {"fout", "omschrijving"} <= keys


def read(path: Path) -> Reading:
    """Every company and branch in every answer. Raises RefusedError when no answer is one of the register."""
    intake = Intake()
    ours = 0
    for answer in answers_in(path):
        bodies = answer.body if isinstance(answer.body, list) else [answer.body]
        for place, body in enumerate(bodies):
            at = answer.prefix + (f"[{place}]" if isinstance(answer.body, list) else "")
            if _read_body(at, body, answer, intake):
                ours += 1
            elif answer.at:
                intake.flags["other_exchange"] += 1
            elif isinstance(answer.body, list):
                intake.withhold(at, "kvkNummer", "is absent: not a company", "companies", _raw(body))
    if not ours:
        raise RefusedError(f"{path.name}: holds no answer of the Handelsregister (basisprofiel or vestigingsprofiel)")
    return intake.reading(SOURCE, "KVK basisprofiel v1")


def _read_body(at: str, body: object, answer: Answer, intake: Intake) -> bool:
    """Whether the answer is one of the register."""
    if not isinstance(body, dict):
        return False
    if "fout" in body or ("kvk.nl" in answer.uri and (answer.status or 200) >= 400):
        faults = body.get("fout")
        codes = {one.get("code") for one in faults if isinstance(one, dict)} if isinstance(faults, list) else set()
        if codes and codes <= _NOTHING:
            intake.nothing_found += 1
        else:
            intake.faults += 1
        return True
    if "resultaten" in body or ("vestigingen" in body and not body.keys() & _OF_A_COMPANY):
        _read_many(at, body, intake)
        return True
    if "kvkNummer" not in body:
        return False
    where = f"{at}{body.get('kvkNummer')}"
    with intake.record(where, "companies", _raw(body)):
        node = Node.of(body, "")
        if "vestigingsnummer" in body:
            intake.keep(where, _branch(node, node.text("kvkNummer")))
        else:
            intake.keep(where, _company(node))
            _read_embedded(where, node, intake)
    return True


def _read_many(at: str, body: dict[str, object], intake: Intake) -> None:
    """A list of branches, or a page of search results: each row stands by itself."""
    field = "resultaten" if "resultaten" in body else "vestigingen"
    rows = body[field]
    if not isinstance(rows, list):
        intake.withhold(at or field, field, "is not a list", "companies", _raw(body))
        return
    if not rows:
        intake.nothing_found += 1
    for place, row in enumerate(rows):
        where = f"{at}{field}[{place}]"
        with intake.record(where, "companies", _raw(row)):
            node = Node.of(row, where)
            company = node.text("kvkNummer") or Node.of(body, at).text("kvkNummer")
            intake.keep(where, _branch(node, company))


def _read_embedded(where: str, node: Node, intake: Intake) -> None:
    """Branches that came along with the profile of the company."""
    main = node.group("_embedded").group("hoofdvestiging").text("vestigingsnummer")
    embedded = node.group("_embedded")
    for field in ("vestigingen", "vestigingsprofielen"):
        for branch in embedded.groups(field) + node.groups(field):
            if branch.text("vestigingsnummer") == main:
                continue
            with intake.record(f"{where} {branch.path}", "companies", _raw(branch.fields)):
                intake.keep(f"{where} {branch.path}", _branch(branch, node.text("kvkNummer")))


def _company(node: Node) -> Company:
    """The company as its basisprofiel gives it, with its main branch where it has one."""
    dates = Dates()
    embedded = node.group("_embedded")
    main, owner = embedded.group("hoofdvestiging"), embedded.group("eigenaar")
    form = owner.text("rechtsvorm") or node.text("rechtsvorm")
    name, flags = _trade_name(node, form, owner.text("rsin") or node.text("rsin"))
    registered = node.group("materieleRegistratie")
    address, shielded, more = _address(main if main.holds("adressen") else owner if owner.holds("adressen") else node)
    activities, odd = _activities(node if node.holds("sbiActiviteiten") else main)
    return Company(
        company=_number(node, "kvkNummer", 8),
        branch=_number(main, "vestigingsnummer", 12) if main.text("vestigingsnummer") else None,
        rsin=owner.text("rsin") or node.text("rsin") or None,
        trade_name=name,
        legal_form=form or None,
        start=dates.read("materieleRegistratie.datumAanvang", registered.text("datumAanvang")),
        end=dates.read("materieleRegistratie.datumEinde", registered.text("datumEinde")),
        activities=activities,
        staff=_staff(node if node.holds("totaalWerkzamePersonen") else main),
        main_branch=True if main.fields else None,
        shielded=shielded,
        address=address,
        flags=flags + more + odd + dates.flags,
    )


def _branch(node: Node, company: str) -> Company:
    """One branch, or a company without branches in a search result."""
    dates = Dates()
    form = node.text("rechtsvorm")
    name, flags = _trade_name(node, form, node.text("rsin"))
    registered = node.group("materieleRegistratie")
    address, shielded, more = _address(node)
    activities, odd = _activities(node)
    main = node.yes("indHoofdvestiging")
    if main is None and node.text("type"):
        main = {"hoofdvestiging": True, "nevenvestiging": False}.get(node.text("type").lower())
    return Company(
        company=_number(Node({"kvkNummer": company}, node.path), "kvkNummer", 8),
        branch=_number(node, "vestigingsnummer", 12) if node.text("vestigingsnummer") else None,
        rsin=node.text("rsin") or None,
        trade_name=name,
        legal_form=form or None,
        start=dates.read(registered.name("datumAanvang"), registered.text("datumAanvang")),
        end=dates.read(registered.name("datumEinde"), registered.text("datumEinde")),
        activities=activities,
        staff=_staff(node),
        main_branch=main,
        shielded=shielded,
        address=address,
        flags=flags + more + odd + dates.flags,
    )


def _number(node: Node, field: str, digits: int) -> str:
    """A number of the register with its leading zeros. Raises UnreadableError."""
    text = node.text(field)
    if len(text) != digits or not text.isascii() or not text.isdigit():
        raise UnreadableError(node.name(field), f"is not a number of {digits} digits")
    return text


def _trade_name(node: Node, form: str, rsin: str) -> tuple[str | None, tuple[str, ...]]:
    """The first trade name. Who has neither an RSIN nor a legal form may be a person, and then it is left out."""
    if form.lower().startswith("eenmanszaak") or (not form and not rsin):
        return None, ("sole_trader_name_left_out",)
    names = sorted(
        node.groups("handelsnamen"), key=lambda one: whole_in(one.name("volgorde"), one.text("volgorde")) or 0
    )
    first = next((one.text("naam") for one in names if one.text("naam")), "")
    return first or node.text("eersteHandelsnaam") or node.text("naam") or node.text("handelsnaam") or None, ()


def _staff(node: Node) -> int | None:
    return whole_in(node.name("totaalWerkzamePersonen"), node.text("totaalWerkzamePersonen"))


def _activities(node: Node) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """SBI codes, the main one first, as they were given."""
    main: list[str] = []
    other: list[str] = []
    for one in node.groups("sbiActiviteiten"):
        if code := one.text("sbiCode"):
            (main if one.yes("indHoofdactiviteit") else other).append(code)
    codes = tuple(main + other)
    odd = any(not code.isascii() or not code.isdigit() or not 2 <= len(code) <= 6 for code in codes)
    return codes or None, (("sbi_odd",) if odd else ())


def _address(node: Node) -> tuple[Address | None, bool | None, tuple[str, ...]]:
    """The visiting address, whether it is shielded, and flags. Of a shielded address nothing is read."""
    if node.yes("indAdresAfgeschermd"):
        return None, True, ("address_shielded",)
    rows = node.groups("adressen")
    if not rows and node.holds("adres"):
        adres = node.group("adres")
        rows = [adres.group(kind) for kind in ("binnenlandsAdres", "buitenlandsAdres") if adres.holds(kind)] or [adres]
    visiting = [row for row in rows if row.text("type").lower() in ("bezoekadres", "")] or [
        row for row in rows if row.text("type").lower() not in ("correspondentieadres", "postadres")
    ]
    if not visiting:
        return None, None, (("no_visiting_address",) if rows else ())
    row = visiting[0]
    shielded = row.yes("indAfgeschermd")
    if shielded:
        return None, True, ("address_shielded",)
    country = row.text("land")
    at_home = country in ("", "Nederland")
    street = row.text("straatnaam") or row.text("straat")
    lines = " ".join(part for part in (row.text("straatHuisnummer"), row.text("postcodeWoonplaats")) if part)
    bag, _ = bag_object_of(row.group("geoData").text("addresseerbaarObjectId"))
    address, flags = told(
        Address(
            street=street or None,
            house_number=whole_in(row.name("huisnummer"), row.text("huisnummer")),
            house_letter=row.text("huisletter") or None,
            house_addition=row.text("huisnummerToevoeging") or row.text("toevoegingAdres") or None,
            postcode=row.text("postcode").replace(" ", "").upper() or None,
            city=row.text("plaats") or None,
            bag_object=bag,
            country=None if at_home else country,
            lines=lines or (None if street else row.text("volledigAdres") or None),
        )
    )
    return address, shielded, flags


def _raw(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
