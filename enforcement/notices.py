"""The letter to a client whose case was looked at: how it came on the list, from which data, and what they can do.

It is made from the explanation as it was frozen at scoring and from the policy that made the list, so it says what was
so then (R4, R30; GDPR 13-14, AI Act 26(11), AI Act 86). How the case was chosen is told once the reviews are done: the
arm is hidden until then, also from who sends the letter (R6).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from babel.dates import format_date
from sqlalchemy import select
from sqlalchemy.orm import Session

from enforcement import blind
from enforcement.access import Viewer
from enforcement.cases import find, note
from enforcement.errors import ConflictError
from enforcement.holds import restriction_on
from enforcement.policy import Policy, in_force
from enforcement.selection import RANDOM, RISK, SIGNAL, TOP_UP
from enforcement.tables import Draw, Inclusion, Run, Score

Language = Literal["nl", "en"]
LANGUAGES: tuple[Language, ...] = ("nl", "en")
LETTER = {"nl": "notice", "en": "notice_en"}
"""the municipality's own paragraph, by name in the policy's letters"""
LONGEST_SUBJECT = 80
LONGEST_BODY = 10_000
"""characters; bounds of our own, well within what a message box shows on a telephone"""

SOURCE_WORDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "Bijstandsregelingen": ("uw uitkeringsdossier bij de gemeente", "your benefit file at the municipality"),
        "GWS": ("de betalingen van uw uitkering", "the payments of your benefit"),
        "UWV": ("UWV: inkomen", "UWV: income"),
        "BRP": ("de Basisregistratie Personen (BRP)", "the population register (BRP)"),
        "Inlichtingenbureau": ("het Inlichtingenbureau", "the Inlichtingenbureau"),
        "RDW": ("RDW: voertuigen", "RDW: vehicles"),
        "Kadaster": ("het Kadaster: woningen en grond", "the Kadaster: homes and land"),
        "KVK": ("de Kamer van Koophandel: bedrijven", "the Chamber of Commerce: companies"),
        "DUO": ("DUO: studiefinanciering", "DUO: study finance"),
        "eigen": ("eerdere onderzoeken van de gemeente", "earlier reviews by the municipality"),
    }
)
"""register as a run names it -> how a letter names it"""


@dataclass(frozen=True)
class Letter:
    """One language of the letter: plain text, lines separated by a newline."""

    language: Language
    subject: str
    body: str


@dataclass(frozen=True)
class Notice:
    """The letter in Dutch and in English. `reference` is what the client quotes when calling: the case number."""

    reference: str
    letters: tuple[Letter, ...]

    def message(self) -> dict[str, Any]:
        """As a message box takes it: {"reference", "subject", "body"}; the English text stands below the Dutch.

        Raises ValueError when it is longer than a message may be.
        """
        first = self.letters[0]
        body = "\n\n---\n\n".join(letter.body for letter in self.letters)
        if "\n" in first.subject or len(first.subject) > LONGEST_SUBJECT:
            raise ValueError(f"the subject must be one line of at most {LONGEST_SUBJECT} characters")
        if len(body) > LONGEST_BODY:
            raise ValueError(
                f"the letter has {len(body)} characters, at most {LONGEST_BODY}; shorten the policy's letter"
            )
        return {"reference": self.reference, "subject": first.subject, "body": body}


@dataclass(frozen=True)
class Chosen:
    """What a letter is made from."""

    number: str
    done: bool
    """whether the reviews are done, so that the arm may be known"""
    arms: tuple[str, ...]
    """empty while the arm may not be known"""
    reasons: Sequence[Mapping[str, Any]]
    """of the frozen explanation; empty while they may not be told"""
    composed: dt.date
    data_until: dt.date
    sources: Mapping[str, Any]
    """as in table run"""
    policy: Policy


def notice(session: Session, viewer: Viewer, number: str, now: dt.datetime) -> Notice:
    """The letter about a case of the viewer's municipality, after the log says that it was made.

    Raises NotFoundError, ForbiddenError, LogUnavailableError, and ConflictError while a restriction holds (UAVG 41).
    """
    case = find(session, viewer, number)
    held = restriction_on(session, viewer.municipality, case.id, now.date())
    if held is not None:
        raise ConflictError(f"a restriction holds until {held.until.isoformat()} (UAVG 41): {held.reason}")
    done = blind.done(case.state)
    note(session, viewer, "notice_made", number, now, {"arm_told": done})
    draw = session.get_one(Draw, case.draw_id)
    run = session.get_one(Run, draw.run_id)
    score = session.get(Score, (run.id, case.id))
    arms = session.scalar(select(Inclusion.arms).where(Inclusion.draw_id == draw.id, Inclusion.case_id == case.id))
    return written(
        Chosen(
            number=case.number,
            done=done,
            arms=tuple(filter(None, (arms or "").split(","))) if done else (),
            reasons=score.reasons if score is not None and done else (),
            composed=draw.as_of,
            data_until=run.data_until,
            sources=run.sources,
            policy=in_force(session, draw.municipality)[1],
        )
    )


def written(chosen: Chosen) -> Notice:
    """The letter in both languages, from what is known; the same input gives the same text."""
    letters = []
    for language in LANGUAGES:
        words = WORDS[language]
        parts = [
            words["hello"],
            words["done" if chosen.done else "busy"].format(number=chosen.number),
            words["person_decides"],
            *_how(chosen, language),
            *_from_what(chosen, language),
            words["rights"].format(phone=chosen.policy.phone, number=chosen.number),
        ]
        if own := chosen.policy.letters.get(LETTER[language], "").strip():
            parts.append(own)
        parts.append(words["end"])
        letters.append(Letter(language, words["subject"].format(number=chosen.number), "\n\n".join(parts)))
    return Notice(chosen.number, tuple(letters))


def _how(chosen: Chosen, language: Language) -> list[str]:
    """How the case came on the list: in general while the arm is hidden, else the arm and the criteria that applied."""
    words = WORDS[language]
    if not chosen.done:
        return [words["how_general"]]
    said = []
    if {RANDOM, TOP_UP} & set(chosen.arms):
        said.append(words["how_random"])
    if SIGNAL in chosen.arms:
        said.append(words["how_signal"])
    if RISK in chosen.arms:
        said.append(words["how_risk"])
        for direction, title in (("up", "criteria"), ("down", "against")):
            if mine := [one for one in chosen.reasons if one.get("direction") == direction]:
                lines = "\n".join(f"- {_criterion(one, language)}" for one in mine)
                said.append(f"{words[title]}\n{lines}")
    return [f"{words['how']}\n{said[0]}", *said[1:]] if said else [words["how_general"]]


def _criterion(reason: Mapping[str, Any], language: Language) -> str:
    could = str(reason.get(f"could_{language}") or "")
    names = ", ".join(_source(one, language) for one in str(reason["source"]).split(", "))
    day = _day(dt.date.fromisoformat(str(reason["source_date"])), language)
    told = WORDS[language]["criterion_from"].format(source=names, day=day)
    return " ".join(filter(None, (str(reason[language]), could, told))).replace("\xa0", " ")


def _from_what(chosen: Chosen, language: Language) -> list[str]:
    words = WORDS[language]
    newest: dict[str, str] = {}
    for one in chosen.sources.values():
        if one.get("source") and one.get("known"):
            newest[one["source"]] = max(one["known"], newest.get(one["source"], ""))
    lines = [
        f"- {_source(name, language)}: {words['until']} {_day(dt.date.fromisoformat(day), language)}"
        for name, day in sorted(newest.items())
    ]
    composed, until = _day(chosen.composed, language), _day(chosen.data_until, language)
    first = words["data"].format(composed=composed, until=until)
    return ["\n".join([first, *lines])]


def _source(name: str, language: Language) -> str:
    return SOURCE_WORDS.get(name, (name, name))[language != "nl"]


def _day(day: dt.date, language: Language) -> str:
    return str(format_date(day, "d MMMM yyyy", locale=language))


WORDS: Mapping[Language, Mapping[str, str]] = MappingProxyType(
    {
        "nl": {
            "subject": "Wij bekijken uw uitkering ({number})",
            "hello": "Beste mevrouw of meneer,",
            "busy": "Wij kijken op dit moment of uw uitkering klopt. Dat doen wij bij een aantal mensen met een "
            "uitkering. Deze brief betekent niet dat u iets verkeerd doet. Uw kenmerk is {number}.",
            "done": "Wij hebben gekeken of uw uitkering klopt. Dat doen wij bij een aantal mensen met een uitkering. "
            "Deze brief gaat over hoe wij u hebben gekozen. Over de uitkomst krijgt u een andere brief. Uw kenmerk is "
            "{number}.",
            "person_decides": "Een computer helpt ons om een volgorde te maken. De computer beslist niets over uw "
            "uitkering. Dat doet altijd een medewerker van de gemeente.",
            "how": "Hoe hebben wij u gekozen?",
            "how_general": "Hoe kiezen wij?\nEen deel van de mensen kiezen wij door loting. Bij een ander deel kregen "
            "wij een signaal, bijvoorbeeld een bericht van UWV. Bij de anderen kijken wij naar de volgorde van de "
            "computer. Als ons onderzoek klaar is, kunt u vragen hoe wij u hebben gekozen.",
            "how_random": "Wij hebben u gekozen door loting. Iedereen die mee kon doen, had dezelfde kans. Uw gegevens "
            "maakten bij de loting niet uit.",
            "how_signal": "Wij kregen een signaal dat over uw uitkering kan gaan. Een signaal is alleen een reden om "
            "te kijken.",
            "how_risk": "De computer zette alle uitkeringen op volgorde. Die van u stond hoog in de volgorde. Dat "
            "betekent alleen dat het nuttig kan zijn om te kijken.",
            "criteria": "Dit telde bij u mee om te kijken:",
            "against": "Dit telde bij u mee om niet te kijken:",
            "criterion_from": "Dit komt van: {source}, tot en met {day}.",
            "data": "Welke gegevens gebruikten wij?\nWij maakten de lijst op {composed}, met gegevens tot en met "
            "{until}. Wij gebruikten gegevens van:",
            "until": "tot en met",
            "rights": "Wat kunt u doen?\n"
            "- Zien: u mag weten welke gegevens wij over u hebben en wie ze heeft bekeken.\n"
            "- Verbeteren: klopt er iets niet? Zeg het ons. Wij stoppen dan eerst met het onderzoek en kijken naar uw "
            "gegevens.\n"
            "- Bezwaar: u mag zeggen dat u niet wilt dat wij uw gegevens zo gebruiken (artikel 21 AVG). U krijgt "
            "antwoord van een medewerker.\n"
            "- Klagen: bent u het niet eens met ons antwoord? Dan kunt u naar de Autoriteit Persoonsgegevens.\n"
            "Bel ons op {phone} en vraag naar een medewerker, of kom langs bij de gemeente. Noem uw kenmerk: {number}.",
            "end": "Met vriendelijke groet,\nuw gemeente",
        },
        "en": {
            "subject": "We are looking at your benefit ({number})",
            "hello": "Dear Sir or Madam,",
            "busy": "We are checking whether your benefit is right. We do this for a number of people on benefit. This "
            "letter does not mean that you did anything wrong. Your reference is {number}.",
            "done": "We checked whether your benefit is right. We do this for a number of people on benefit. This "
            "letter tells how we chose you. You will get another letter about the result. Your reference is {number}.",
            "person_decides": "A computer helps us to make an order. The computer decides nothing about your benefit. "
            "That is always done by a person who works for the municipality.",
            "how": "How did we choose you?",
            "how_general": "How do we choose?\nSome people are chosen by lot. For others we received a signal, such as "
            "a message from UWV. For the rest we look at the order made by the computer. When our review is done, you "
            "can ask how we chose you.",
            "how_random": "We chose you by lot. Everyone who could take part had the same chance. Your data made no "
            "difference in the lot.",
            "how_signal": "We received a signal that may be about your benefit. A signal is only a reason to look.",
            "how_risk": "The computer put all benefits in an order. Yours stood high in that order. It only means that "
            "it may be useful to look.",
            "criteria": "This counted as a reason to look:",
            "against": "This counted as a reason not to look:",
            "criterion_from": "This comes from: {source}, up to {day}.",
            "data": "Which data did we use?\nWe made the list on {composed}, with data up to {until}. We used data of:",
            "until": "up to",
            "rights": "What can you do?\n"
            "- See: you may know which data we have about you and who looked at them.\n"
            "- Correct: is something wrong? Tell us. We will then stop the review first and look at your data.\n"
            "- Object: you may say that you do not want us to use your data like this (article 21 GDPR). A person will "
            "answer you.\n"
            "- Complain: do you disagree with our answer? You can go to the Dutch Data Protection Authority.\n"
            "Call us on {phone} and ask for a person, or visit the municipality. Give your reference: {number}.",
            "end": "Kind regards,\nyour municipality",
        },
    }
)
"""language -> the letter's sentences. Dutch at B1: short, active, one thing a sentence; see tests for the measure."""
