"""The access report on paper: a tagged PDF (PDF/UA-1) in Dutch, set by Typst; it says in words what the JSON says."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typst

PURPOSES = {
    "review": "onderzoek",
    "approval": "tweede beoordeling",
    "supervision": "toezicht",
    "objection": "bezwaar of beroep",
    "access_request": "inzageverzoek",
    "selection": "samenstellen van de lijst",
    "service": "nagaan of u alles krijgt waar u recht op hebt",
}
ROLES = {
    "officer": "medewerker handhaving",
    "senior_officer": "senior medewerker handhaving",
    "compliance_reviewer": "toezichthouder",
    "manager": "leidinggevende",
    "operator": "beheerder",
    "service": "het systeem",
}
ARMS = {
    "random": "loting",
    "top_up": "loting",
    "signal": "een signaal",
    "risk": "de volgorde van de computer",
}

TEMPLATE = """
#let told = json("report.json")
#set document(title: told.title, date: none)
#set text(lang: "nl", size: 10pt)
#set page(paper: "a4", margin: 2cm, numbering: "1 / 1")
#set heading(numbering: "1.")
#title()
#for line in told.lead [#par(line)]
#for section in told.sections [
  #heading(level: 1, section.title)
  #for line in section.text [#par(line)]
  #for part in section.parts [
    #if part.title != "" [#heading(level: 2, part.title)]
    #for line in part.text [#par(line)]
    #if part.items.len() > 0 [#list(..part.items.map(item => [#item]))]
  ]
]
"""


def pdf(report: Mapping[str, Any]) -> bytes:
    """The report (pipelines/rights.py, access_report) as PDF bytes; nothing in it is read as markup."""
    document = json.dumps(words(report), ensure_ascii=False).encode()
    with tempfile.TemporaryDirectory() as folder:  # readable by its owner only, and gone when the PDF is made
        (Path(folder) / "report.json").write_bytes(document)
        source = Path(folder) / "main.typ"
        source.write_text(TEMPLATE, encoding="utf-8")
        return typst.compile(source, root=Path(folder), pdf_standards="ua-1")


def words(report: Mapping[str, Any]) -> dict[str, Any]:
    """The sections of the report, each with plain lines."""
    lead = [
        f"Gemaakt op {report['made_at'][:10]}. U vroeg wat wij over u weten. Hier staat alles, met bron en datum.",
        "Een computer helpt bij de volgorde van onderzoeken. Een medewerker beslist.",
        "U kunt gegevens laten verbeteren en u kunt bezwaar maken. Bel de gemeente en vraag naar een medewerker.",
    ]
    if not report["complete"]:
        lead.append("Uw geboorteplaats, nationaliteit en geslacht liggen apart. U krijgt ze in een tweede brief.")
    return {
        "title": "Wat wij over u weten",
        "lead": lead,
        "sections": [
            _section("Wie u bent", [_part("", [_pairs(one) for one in report["identity"]])]),
            _section("Gegevens uit registers", list(_registers(report["lake"]))),
            _section("Apart bewaarde gegevens", [_part("", [_pairs(one) for one in report["protected"]])]),
            _section("Wat wij daaruit afleidden", list(_derived(report["features"]))),
            _section("Gegevens die niet klopten", [_part("", [_pairs(one) for one in report["withheld_records"]])]),
            *(one for town, told in report["municipalities"].items() for one in _service(town, told)),
        ],
    }


def _registers(lake: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name, one in lake.items():
        about = [f"Bron: {one['source']}. Grondslag: {one['legal_basis']}. Doel: {one['purpose']}."]
        rows = [
            f"{_pairs(row['values'])} (bekend sinds {row['known_at'][:10]}"
            + (", door de bron ingetrokken)" if row["withdrawn"] else ")")
            for row in one["rows"]
        ]
        yield _part(name, rows, about)


def _derived(features: list[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for one in features:
        yield _part(f"Op {one['as_of']}", [value["nl"] for value in one["values"]])


def _service(town: str, told: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    place = f"Gemeente {town}"
    scores = [
        _part(
            f"Volgorde op {one['as_of']}",
            [
                f"{'Reden om te kijken' if r['direction'] == 'up' else 'Reden om niet te kijken'}: {r['nl']} "
                f"{r['could_nl']} Bron: {r['source']}, {r['source_date']}."
                for r in one["reasons"]
            ],
            [
                f"Plaats {one['place']} van {one['of']}, waarschijnlijk tussen {one['place_between'][0]} en "
                f"{one['place_between'][1]}. Gemaakt met {one['model']}, met gegevens tot en met {one['data_until']}. "
                "Deze plaats zegt niet dat er iets mis is."
            ],
        )
        for one in told["scores"]
    ]
    yield _section(f"{place}: volgorde en redenen", scores)
    lists = [
        f"Zaak {one['number']} van {one['as_of']}: {one['state_nl']}. "
        + (
            f"Gekozen door {' en '.join(sorted({ARMS.get(arm, arm) for arm in one['chosen_by']}))}."
            if one["chosen_by"]
            else "Hoe u bent gekozen, hoort u als het onderzoek klaar is."
        )
        for one in told["lists"]
    ]
    yield _section(f"{place}: lijsten", [_part("", lists)])
    reviews = [_part(name, [_pairs(one) for one in found]) for name, found in told["reviews"].items() if found]
    text = [
        f"Een deel van het onderzoek krijgt u nu nog niet ({one['law']}). Dat kan weer vanaf {one['until']}."
        for one in told["withheld"]
    ]
    yield _section(f"{place}: onderzoek", reviews, text)
    more = [_part(f"Dienstenlijst van {one['as_of']}", _served(one)) for one in told["service_list"]]
    more.append(_part("Wat u betwistte", [_pairs(one) for one in told["contests"]]))
    kept = [f"Sinds {one['since']} bewaren wij uw gegevens voor een procedure ({one['law']})." for one in told["holds"]]
    more.append(_part("Langer bewaard", kept))
    yield _section(f"{place}: voor u en van u", more)
    readers = [
        f"{one['at'][:16].replace('T', ' ')}: {ROLES.get(one['role'], one['role'])}, "
        f"{PURPOSES.get(one['purpose'], one['purpose'])}"
        for one in told["readers"]
    ]
    yield _section(f"{place}: wie keek", [_part("", readers)], ["U krijgt geen namen van medewerkers."])


def _served(item: Mapping[str, Any]) -> list[str]:
    """What may have been missing, and what came of it."""
    said = [
        f"{r['nl']} {r['could_nl']} Grondslag: {r['law_nl']}. Bron: {r['source']}, {r['source_date']}."
        for r in item["reasons"]
    ]
    about = {name: item[name] for name in ("number", "outcome", "done", "amount_cents", "reasoning", "approved_at")}
    more = [_pairs(one) for part in ("sent_back", "notes", "documents") for one in item[part]]
    return [*said, _pairs(about), *more]


def _section(title: str, parts: list[dict[str, Any]], text: list[str] | None = None) -> dict[str, Any]:
    filled = [one for one in parts if one["items"] or one["text"]]
    return {"title": title, "text": text or ([] if filled else ["Niets bekend."]), "parts": filled}


def _part(title: str, items: list[str], text: list[str] | None = None) -> dict[str, Any]:
    return {"title": title, "items": items, "text": text or []}


def _pairs(row: Mapping[str, Any]) -> str:
    return "; ".join(f"{name.replace('_', ' ')}: {_value(value)}" for name, value in row.items() if value is not None)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "ja" if value else "nee"
    if isinstance(value, Mapping):
        return _pairs(value)
    if isinstance(value, list):
        return ", ".join(_value(one) for one in value)
    return str(value)
