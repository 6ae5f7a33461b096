"""A municipality's own colours: only colours, legible everywhere, chosen by its policy and nobody else's."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from api.themes import FOLDER, installed
from enforcement.database import engine_of, writing
from enforcement.policy import STANDARD as POLICY
from enforcement.settings import Settings
from enforcement.tables import PolicyVersion
from tests.api.builders import HEERLEN, NOW, visitors

STANDARD = FOLDER.parent / "weegschaal.css"
TEXT, MARK = 4.5, 3.0
"""least contrast of words and of marks (WCAG 2.2, 1.4.3 and 1.4.11)"""
PAIRS = (
    ("--ink", "--paper", TEXT),
    ("--ink", "--indigo-pale", TEXT),
    ("--ink", "--teal-pale", TEXT),
    ("--quiet", "--paper", TEXT),
    ("--quiet", "--sheet", TEXT),
    ("--indigo-deep", "--sheet", TEXT),
    ("--indigo-deep", "--paper", TEXT),
    ("--indigo-deep", "--indigo-pale", TEXT),
    ("--indigo", "--sheet", TEXT),
    ("--teal", "--sheet", TEXT),
    ("--indigo", "--paper", MARK),
    ("--line-strong", "--sheet", MARK),
)
"""what stands on what"""


def colours(sheet: Path) -> dict[str, str]:
    """The colours that a stylesheet gives to names."""
    return dict(re.findall(r"(--[a-z-]+):\s*(#[0-9a-f]{3,6});", sheet.read_text("utf-8")))


def light(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * one for one in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_computed_as_the_standard_says() -> None:
    assert contrast("#000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#fff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("sheet", [STANDARD, *sorted(FOLDER.glob("*.css"))], ids=lambda sheet: sheet.stem)
def test_every_theme_is_legible(sheet: Path) -> None:
    ours = colours(STANDARD) | colours(sheet)
    weak = {(on, under): contrast(ours[on], ours[under]) for on, under, least in PAIRS
            if contrast(ours[on], ours[under]) < least}  # fmt: skip
    assert not weak


@pytest.mark.parametrize("sheet", sorted(FOLDER.glob("*.css")), ids=lambda sheet: sheet.stem)
def test_a_theme_changes_colours_and_nothing_else(sheet: Path) -> None:
    bare = re.sub(r"/\*.*?\*/", "", sheet.read_text("utf-8"), flags=re.DOTALL)
    found = re.fullmatch(r"\s*\.weegschaal \{((?:\s*--[a-z-]+: #[0-9a-f]{6};)+)\s*\}\s*", bare)
    assert found, "one rule with colours as six digits"
    assert set(colours(sheet)) <= set(re.findall(r"--[a-z-]+", STANDARD.read_text("utf-8")))


@pytest.mark.parametrize("sheet", sorted(FOLDER.glob("*.css")), ids=lambda sheet: sheet.stem)
def test_a_word_mark_is_a_few_words_and_nothing_else_stands_beside_a_theme(sheet: Path) -> None:
    about = sheet.with_suffix(".toml")
    if about.is_file():
        assert set(tomllib.loads(about.read_text("utf-8"))) == {"word_mark"}
    assert re.fullmatch(r"[\w .'-]{0,40}", installed()[sheet.stem].word_mark)


def test_a_municipality_sees_its_own_theme_and_others_do_not(made_up: Settings) -> None:
    with visitors(made_up, "officer.heerlen", "officer.maastricht") as (here, there):
        content = POLICY.content() | {"theme": "voorbeeldstad"}
        with writing(engine_of(made_up.database)) as session:
            when = NOW.replace(tzinfo=None)
            session.add(
                PolicyVersion(
                    municipality=HEERLEN, version=99, valid_from=when, content=content, author="manager.heerlen"
                )
            )
        page = here.get("/werklijst").text
        assert "/static/themes/voorbeeldstad.css?v=" in page
        assert "Gemeente Voorbeeldstad" in page
        other = there.get("/werklijst").text
        assert "/static/themes/" not in other
        assert "Voorbeeldstad" not in other
        assert here.get("/static/themes/voorbeeldstad.css").status_code == 200
