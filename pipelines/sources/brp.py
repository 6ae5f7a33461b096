"""BRP Personen bevragen 2.7, answers plain or recorded: persons, the stay they have now, and their kin.

Only fields that were asked for come back, so an absent field says "not asked, or empty" and stays None. A group with
`inOnderzoek` is no evidence: the record says `under_investigation`. The list form of the public mock (compact dates,
a flat residence) is read too. An error answer (problem+json) counts as a fault, an empty list as nothing found.
"""

from __future__ import annotations

import json
from pathlib import Path

from features.records import Kinship, PartialDate, Person
from pipelines.sources.brp_dates import brp_date
from pipelines.sources.brp_residence import stay_of, tells_stays_only
from pipelines.sources.bsn import a_number_of
from pipelines.sources.exchanges import Answer, Node, answers_in, keys_in
from pipelines.sources.intake import Dates, Intake, UnreadableError, bsn_in, person_in
from pipelines.sources.reading import Reading, RefusedError

SOURCE = "brp"
_OF_A_PERSON = frozenset(
    (
        *("naam", "geboorte", "kinderen", "ouders", "partners", "geslacht", "geslachtsaanduiding", "aNummer"),
        *("nationaliteiten", "gezag", "leeftijd", "adressering", "overlijden", "opschortingBijhouding"),
        "gemeenteVanInschrijving",
    )
)
_RELATIONS = {"partners": "partner", "ouders": "parent", "kinderen": "child"}
_SEXES = {"man": "M", "vrouw": "V", "onbekend": "O"}
_NATIONALITIES = {
    "BehandeldAlsNederlander": "B",
    "VastgesteldNietNederlander": "V",
    "Staatloos": "0499",
    "NationaliteitOnbekend": "0000",
}
"""codes of table 32 and of element 65.10 for the types without a code of their own"""


def recognises(path: Path, head: bytes) -> bool:
    keys = keys_in(head)
    if keys & {"openapi", "swagger", "$schema", "bewoningen", "_postman_id"} or tells_stays_only(head, keys):
        return False
    if "personen" in keys or "ingeschrevenpersonen" in keys:
        return True
    if {"type", "title", "status", "instance"} <= keys:
        return b"/personen" in head or b"/bewoningen" not in head
    known = keys & _OF_A_PERSON
    return bool(known) and ("burgerservicenummer" in keys or len(known) > 1) and "kvkNummer" not in keys


def read(path: Path) -> Reading:
    """Every person in every answer. Raises RefusedError when no answer is one of this service."""
    intake = Intake()
    ours = 0
    for answer in answers_in(path):
        ours += _read_answer(answer, intake)
    if not ours:
        raise RefusedError(f"{path.name}: holds no answer of BRP Personen (an object with 'personen')")
    return intake.reading(SOURCE, "BRP Personen 2.7")


def _read_answer(answer: Answer, intake: Intake) -> bool:
    """Whether the answer is one of this service."""
    body = answer.body
    if isinstance(body, dict):
        if "personen" in body:
            people = body["personen"]
        elif "_embedded" in body and isinstance(body["_embedded"], dict):
            people = body["_embedded"].get("ingeschrevenpersonen")
        elif is_fault(answer):
            intake.faults += 1
            return True
        else:
            people = [body] if body.keys() & _OF_A_PERSON else None
    else:
        people = body
    if not isinstance(people, list):
        if answer.at:
            intake.flags["other_exchange"] += 1
        elif isinstance(body, dict) and "personen" in body:
            intake.withhold("personen", "personen", "is not a list", "persons", _raw(body))
            return True
        return False
    if not people:
        intake.nothing_found += 1
    for place, one in enumerate(people):
        at = f"{answer.prefix}personen[{place}]"
        with intake.record(at, "persons", _raw(one)):
            _read_person(Node.of(one, at), _asked_for(answer, len(people)), intake)
    return True


def is_fault(answer: Answer) -> bool:
    """An answer in the form of problem+json (RFC 9457), or one with an error status."""
    body = answer.body
    error = isinstance(answer.status, int) and answer.status >= 400
    return isinstance(body, dict) and (error or {"title", "status"} <= body.keys() or "invalidParams" in body)


def _asked_for(answer: Answer, people: int) -> str:
    """The number in the question when it asked for one person and got one: the answer need not repeat it."""
    asked = answer.asked.get("burgerservicenummer") if isinstance(answer.asked, dict) else None
    if people == 1 and isinstance(asked, list) and len(asked) == 1 and isinstance(asked[0], str):
        return asked[0]
    return ""


def _read_person(node: Node, asked_for: str, intake: Intake) -> None:
    flags: tuple[str, ...] = ()
    bsn, a_number = node.text("burgerservicenummer"), node.text("aNummer")
    if not bsn and not a_number and asked_for:
        bsn, flags = asked_for, ("bsn_from_question",)
    person, more = person_in(node.name("burgerservicenummer"), bsn, node.name("aNummer"), a_number)
    if person is None:
        raise UnreadableError(node.name("burgerservicenummer"), "and aNummer are both absent, so nobody is meant")
    try:
        listed = a_number_of(a_number) if a_number else person
    except ValueError as error:
        raise UnreadableError(node.name("aNummer"), str(error)) from None
    intake.keep(node.path, _person(node, listed, person, flags + more))
    for field, relation in _RELATIONS.items():
        with intake.record(node.name(field), "kinships", _raw(node.fields)):
            for place, one in enumerate(_many(node, field)):
                at = f"{node.name(field)}[{place}]"
                with intake.record(at, "kinships", _raw({"of": person, field: one})):
                    intake.keep(at, _kinship(Node.of(one, at), person, relation))
    if node.holds("verblijfplaats"):
        at = node.name("verblijfplaats")
        with intake.record(at, "stays", _raw({"of": person, "verblijfplaats": node.fields["verblijfplaats"]})):
            intake.keep(at, stay_of(node, person))
    elif node.holds("adressering"):
        intake.flags["adressering_not_kept"] += 1


def _many(node: Node, field: str) -> list[object]:
    value = node.fields.get(field)
    if value is not None and not isinstance(value, list):
        raise UnreadableError(node.name(field), "is not a list")
    return value or []


def _person(node: Node, listed: str, person: str, flags: tuple[str, ...]) -> Person:
    dates = Dates()
    suspension, death = node.group("opschortingBijhouding"), node.group("overlijden")
    reason = suspension.code("reden") or ("O" if death.fields else None)
    suspended = brp_date(dates, suspension, "datum") or brp_date(dates, death, "datum")
    confidentiality, more = _confidentiality(node)
    birth = node.group("geboorte")
    born = brp_date(dates, birth, "datum")
    investigated = _in_onderzoek(node.fields)
    flags += more
    flags += () if person[0] != "A" else ("bsn_missing",)
    flags += ("suspended",) if reason or suspended else ()
    flags += ("under_investigation",) if investigated else ()
    flags += ("number_only",) if node.fields.keys() <= {"burgerservicenummer", "aNummer"} else ()
    return Person(
        list=listed,
        person=person,
        suspension=reason,
        suspended=suspended,
        confidentiality=confidentiality,
        registered_municipality=node.code("gemeenteVanInschrijving"),
        under_investigation=investigated or None,
        name=_name(node.group("naam")),
        birth_date=born,
        birth_place=birth.code("plaats"),
        birth_country=birth.code("land"),
        sex=_sex(node),
        nationalities=_nationalities(node),
        residence_title=node.group("verblijfstitel").code("aanduiding"),
        flags=flags + dates.flags,
    )


def _confidentiality(node: Node) -> tuple[int | None, tuple[str, ...]]:
    """The level. The service says only that there is one: then the strictest is taken, and flagged."""
    value = node.fields.get("geheimhoudingPersoonsgegevens")
    if isinstance(value, bool):
        return (7, ("confidential", "confidentiality_level_unknown")) if value else (0, ())
    text = node.text("geheimhoudingPersoonsgegevens")
    if not text:
        return None, ()
    if text not in "01234567" or len(text) != 1:
        raise UnreadableError(node.name("geheimhoudingPersoonsgegevens"), "is not a level from 0 to 7")
    return int(text), (("confidential",) if text != "0" else ())


def _sex(node: Node) -> str | None:
    sex = node.code("geslacht") or node.code("geslachtsaanduiding")
    return _SEXES.get(sex, sex) if sex else None


def _nationalities(node: Node) -> tuple[str, ...] | None:
    codes = []
    for one in node.groups("nationaliteiten"):
        code = one.code("nationaliteit") or _NATIONALITIES.get(one.text("type"))
        if code:
            codes.append(code)
    return tuple(codes) or None


def _name(naam: Node) -> str | None:
    parts = [naam.text(part) for part in ("voornamen", "voorvoegsel", "geslachtsnaam")]
    return " ".join(part for part in parts if part) or naam.text("volledigeNaam") or None


def _in_onderzoek(value: object) -> bool:
    """Whether any group below says it is under investigation."""
    if isinstance(value, dict):
        return bool(value.get("inOnderzoek")) or any(_in_onderzoek(one) for one in value.values())
    return isinstance(value, list) and any(_in_onderzoek(one) for one in value)


def _kinship(node: Node, person: str, relation: str) -> Kinship:
    dates = Dates()
    other, flags = bsn_in(node.name("burgerservicenummer"), node.text("burgerservicenummer"))
    start: PartialDate | None = None
    end: PartialDate | None = None
    if relation == "partner":
        start = brp_date(dates, node.group("aangaanHuwelijkPartnerschap"), "datum")
        end = brp_date(dates, node.group("ontbindingHuwelijkPartnerschap"), "datum")
    elif relation == "parent":
        start = brp_date(dates, node, "datumIngangFamilierechtelijkeBetrekking")
    if other is None:
        flags += ("other_without_number",) if node.holds("naam", "geboorte") else ("other_unknown",)
    if _in_onderzoek(node.fields):
        flags += ("under_investigation",)
    return Kinship(
        person=person,
        relation=relation,
        other=other,
        start=start,
        end=end,
        bond=node.code("soortVerbintenis") if relation == "partner" else None,
        other_name=_name(node.group("naam")),
        flags=flags + dates.flags,
    )


def _raw(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
