"""The dossier as PDF: tagged, in its language, with the reasons of the page, under the same rules, and in the log."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import pikepdf
import pytest
from sqlalchemy import select

from api.language import Language
from api.pdf import typeset
from enforcement.database import engine_of, reading
from enforcement.settings import Settings
from enforcement.tables import Event
from tests.api.builders import SENTENCES, a_case, visitors


def words(content: bytes) -> str:
    """What the PDF's own character maps say its glyphs mean, in reading order, without spaces."""
    found: list[str] = []
    with pikepdf.open(io.BytesIO(content)) as pdf:
        for page in pdf.pages:
            maps = {name: _unicode(font) for name, font in page.Resources.Font.items()}
            current: dict[int, str] = {}
            for step in pikepdf.parse_content_stream(page):
                operands, operator = step.operands, step.operator
                if str(operator) == "Tf":
                    current = maps[str(operands[0])]
                for piece in operands[0] if str(operator) == "TJ" else operands[:1] if str(operator) == "Tj" else ():
                    if isinstance(piece, pikepdf.String):
                        raw = bytes(piece)
                        codes = [int.from_bytes(raw[at : at + 2], "big") for at in range(0, len(raw), 2)]
                        found += [current.get(code, "") for code in codes]
    return re.sub(r"\s", "", "".join(found))


def _unicode(font: Any) -> dict[int, str]:
    told = font.ToUnicode.read_bytes().decode("latin-1")
    found = {}
    for part in re.findall(r"beginbfchar(.*?)endbfchar", told, re.S):
        for code, text in re.findall(r"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>", part):
            found[int(code, 16)] = bytes.fromhex(text).decode("utf-16-be")
    return found


def tight(text: str) -> str:
    return re.sub(r"\s", "", text)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_dossier_is_tagged_and_holds_the_reasons(made_up: Settings, language: str) -> None:
    number = a_case(made_up, blind=False)
    with visitors(made_up, "officer.heerlen") as [officer]:
        page = officer.get(f"/zaken/{number}?lang={language}").text
        answer = officer.get(f"/zaken/{number}/dossier.pdf?lang={language}")
    assert answer.headers["content-type"] == "application/pdf"
    with pikepdf.open(io.BytesIO(answer.content)) as pdf:
        assert pdf.Root.MarkInfo.Marked
        assert pdf.Root.StructTreeRoot.K is not None
        assert str(pdf.Root.Lang) == language
        assert number in str(pdf.docinfo["/Title"])
    said = words(answer.content)
    side = 1 if language == "nl" else 2
    shown = [sentence for sentence in SENTENCES if sentence[side] in page]
    assert len(shown) >= 2
    for sentence in shown:
        assert tight(sentence[side]) in said
    assert "Medewerker" in said, "who took it stands on every page"
    assert tight(Language(language).text("timeline.two_addresses")) in said


def test_r06_the_dossier_of_a_blind_review_has_facts_only(made_up: Settings) -> None:
    number = a_case(made_up, blind=True)
    with visitors(made_up, "officer.heerlen") as [officer]:
        said = words(officer.get(f"/zaken/{number}/dossier.pdf").content)
    for hidden in ("brengt omhoog", "Plaats ", "Twee woonadressen", "Relaties rond"):
        assert tight(hidden) not in said
    assert tight("Wat de registraties zeggen") in said


def test_r14_that_a_dossier_was_made_is_in_the_log(made_up: Settings) -> None:
    number = a_case(made_up, blind=False)
    with visitors(made_up, "officer.heerlen") as [officer]:
        officer.get(f"/zaken/{number}/dossier.pdf")
    with reading(engine_of(made_up.database)) as session:
        bodies = [json.loads(one) for one in session.scalars(select(Event.body))]
    [made] = [one for one in bodies if one["action"] == "dossier_made"]
    assert (made["actor"], made["object"], made["purpose"]) == ("officer.heerlen", f"case:{number}", "review")


def test_what_a_person_wrote_is_never_markup() -> None:
    given = {
        "title": "#pagebreak()", "author": "x", "lang": "nl", "lead": ["*ster* $x$ <label> #read(\"/etc/passwd\")"],
        "parts": [], "footer": "", "watermark": "",
    }  # fmt: skip
    said = words(typeset(given))
    assert tight('*ster* $x$ <label> #read("/etc/passwd")') in said
