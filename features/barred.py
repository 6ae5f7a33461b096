"""What may never be a feature (R9; GDPR 10): the words and columns at which the catalogue refuses a declaration.

The lake has no protected columns (contracts seal them), so this is the second lock: it reads the name, the sentences
and the columns of a declaration. Word beginnings are matched on whole words, in Dutch and English.

>>> broken("months_since_birth", "De leeftijd van de klant is {value}")
["'birth' (age or birth)", "'leeftijd' (age or birth)"]
>>> broken("wages_12m", "Loon in de laatste 12 maanden: {value}")
[]
"""

from __future__ import annotations

import functools
import re

BARRED: dict[str, tuple[str, ...]] = {
    "sex": ("sex", "gender", "geslacht*", "male", "female", "vrouw*", "women", "woman", "pregnan*", "zwanger*"),
    "nationality or birthplace": ("national*", "nationalit*", "geboorteland*", "geboorteplaats*", "birthplace*"),
    "ethnicity": ("ethnic*", "etnisch*", "etniciteit*", "migrant*", "migrat*", "afkomst", "race", "huidskleur*"),
    "residence title": ("verblijfstitel*", "verblijfsvergunning*", "asylum", "asiel*", "refugee*", "vluchteling*"),
    "language or literacy": ("language*", "taal*", "literacy", "laaggeletterd*", "inburger*"),
    "religion": ("religio*", "godsdienst*", "geloof"),
    "age or birth": ("age", "ages", "aged", "leeftijd*", "birth*", "geboorte*", "geboren", "born"),
    "neighbourhood or postcode": ("neighbourhood*", "neighborhood*", "buurt*", "wijk*", "postcode*", "district*"),
    "health or care": ("health*", "gezondheid*", "ziek*", "illness", "disab*", "handicap*", "zorg*", "verslav*", "ggz"),
    "number of children": ("children", "kindertal", "gezinsgrootte", "kinderen"),
    "appearance, attitude or motivation": (
        "appearance",
        "uiterlijk*",
        "attitude*",
        "houding",
        "motivat*",
        "motivatie*",
    ),
    "free text": ("note", "notes", "notitie*", "remark*", "opmerking*", "toelichting*"),
    "contact channel": ("channel*", "contactkanaal*"),
    "caseworker": ("caseworker*", "klantmanager*", "consulent*", "team", "teams", "decider*", "beslisser*"),
    "length of a relationship": ("relatieduur", "relationship"),
    "detention or fugitive (GDPR 10)": ("detent*", "detentie*", "fugitive*", "voortvluchtig*", "prison*", "gevangen*"),
    "tips": ("tip", "tips", "melding*", "klikmelding*"),
}
"""Grounds and the word beginnings (`*`) or whole words that show them."""

BARRED_COLUMNS = frozenset(
    (
        *("birth_date", "birth_place", "birth_country", "sex", "nationalities", "residence_title", "in_care"),
        *("name", "other_name", "postcode", "confidentiality", "arm", "cause"),
    )
)
"""Columns that no feature may use, in any contract; `arm` and `cause` say who chose and judged, not what was found."""

LEGAL_AGES = ("27", "pension")
"""The only ages with a meaning in the law that features may use; they come as bands, never as years."""

_WORDS = re.compile(r"[a-zà-ÿ]+")
_GROUNDS = [
    (ground, re.compile("|".join(one.replace("*", "[a-zà-ÿ]*") for one in words))) for ground, words in BARRED.items()
]


def broken(*texts: str) -> list[str]:
    """The barred words in the texts with their ground, in order of appearance; empty when there are none."""
    found: list[str] = []
    for text in texts:
        for word in _WORDS.findall(text.lower().replace("_", " ")):
            found += [f"{word!r} ({ground})" for ground in _grounds(word)]
    return list(dict.fromkeys(found))


@functools.cache
def _grounds(word: str) -> tuple[str, ...]:
    """Kept, because the sentences of the catalogue say the same words a thousand times over."""
    return tuple(ground for ground, pattern in _GROUNDS if pattern.fullmatch(word))
