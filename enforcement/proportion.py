"""Steps of a review rise, the lightest first; a home visit needs a ground of its own and consent (R35).

Participatiewet 53a; a home visit without a ground is a breach of ECHR 8 and gives no consequence when refused
(Centrale Raad van Beroep, 11 April 2007, BA2410 and later).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session

from enforcement.access import Permission, Viewer, owned, require
from enforcement.cases import State, find, mine, note
from enforcement.clock import shown, stored
from enforcement.errors import ConflictError, FindingsError
from enforcement.findings import OWN_WORDS, own_words
from enforcement.tables import Case, ReviewStep


class Means(StrEnum):
    """What a reviewer does to know more, in rising order."""

    DESK_CHECK = "desk_check"
    QUESTION = "question"
    DOCUMENTS = "documents"
    CONVERSATION = "conversation"
    HOME_VISIT = "home_visit"


class Consent(StrEnum):
    GIVEN = "given"
    REFUSED = "refused"


RISING: tuple[Means, ...] = (Means.DESK_CHECK, Means.QUESTION, Means.DOCUMENTS, Means.CONVERSATION)
MEANS_WORDS: Mapping[Means, tuple[str, str]] = MappingProxyType(
    {
        Means.DESK_CHECK: ("dossier en registers nagekeken", "file and registers checked"),
        Means.QUESTION: ("de klant een vraag gesteld", "a question put to the client"),
        Means.DOCUMENTS: ("stukken gevraagd", "documents asked for"),
        Means.CONVERSATION: ("gesprek met de klant", "conversation with the client"),
        Means.HOME_VISIT: ("huisbezoek", "home visit"),
    }
)


@dataclass(frozen=True)
class Taken:
    """One step that was taken. `ground` and `consent` are filled for a home visit only."""

    means: Means
    at: dt.datetime
    ground: str | None = None
    consent: Consent | None = None

    @property
    def consequence(self) -> bool:
        """Whether a refusal may have a consequence at all: never without a ground, and never by this service (R1)."""
        return self.consent == Consent.REFUSED and self.ground is not None


def next_means(taken: tuple[Taken, ...]) -> frozenset[Means]:
    """What may follow: anything already used, and one step further; a home visit only after a conversation.

    >>> [one.value for one in next_means(())]
    ['desk_check']
    """
    used = [one.means for one in taken]
    reached = max((RISING.index(one) for one in used if one in RISING), default=-1)
    allowed = set(RISING[: reached + 2])
    return frozenset(allowed | ({Means.HOME_VISIT} if reached == len(RISING) - 1 else set()))


def take_step(
    session: Session,
    viewer: Viewer,
    number: str,
    means: Means,
    now: dt.datetime,
    *,
    ground: str = "",
    consent: Consent | None = None,
) -> tuple[Taken, ...]:
    """Records a step of the viewer's own case; gives all steps so far.

    A home visit without an objective ground can only be recorded as refused: then nothing follows from the refusal.
    Raises ConflictError for a step that skips a lighter one, FindingsError for a ground that is none.
    """
    require(viewer, Permission.CLAIM_CASE)
    case = mine(session, viewer, number)
    so_far = _steps(session, viewer, case)
    if means not in next_means(so_far):
        raise ConflictError(
            f"a lighter step comes before '{means.value}'; possible now: {', '.join(sorted(next_means(so_far)))}"
        )
    words = ground.strip()
    if means == Means.HOME_VISIT:
        _check_visit(words, consent)
    elif words or consent:
        raise FindingsError("ground", "Alleen een huisbezoek heeft een grond.", "Only a home visit has a ground.")
    session.add(
        ReviewStep(
            draw_id=case.draw_id,
            case_id=case.id,
            municipality=case.municipality,
            means=means.value,
            ground=words or None,
            consent=consent.value if consent else None,
            author=viewer.user,
            at=stored(now),
        )
    )
    session.flush()
    details = {"means": means.value} | ({"grounded": bool(words), "consent": consent.value} if consent else {})
    note(session, viewer, "step_taken", number, now, details)
    return _steps(session, viewer, case)


def steps_taken(session: Session, viewer: Viewer, number: str) -> tuple[Taken, ...]:
    """The steps of a case, oldest first. Raises NotFoundError, ForbiddenError."""
    return _steps(session, viewer, find(session, viewer, number))


def _check_visit(ground: str, consent: Consent | None) -> None:
    if consent is None:
        raise FindingsError(
            "consent",
            "Leg vast of de klant, goed geïnformeerd, toestemming gaf.",
            "Record whether the client, well informed, gave consent.",
        )
    if not ground and consent == Consent.GIVEN:
        raise FindingsError(
            "ground",
            "Een huisbezoek vraagt een objectieve grond, ook als de klant het goed vindt.",
            "A home visit needs an objective ground, also when the client agrees.",
        )
    if ground and len(own_words(ground)) < OWN_WORDS:
        raise FindingsError(
            "ground",
            "De plaats op de lijst of de reden van selectie is geen grond. Schrijf welk feit ter plaatse vast te "
            "stellen is.",
            "The place on the list or the reason of selection is no ground. Write which fact can only be "
            "established there.",
        )


def _steps(session: Session, viewer: Viewer, case: Case) -> tuple[Taken, ...]:
    query = (
        select(ReviewStep)
        .where(owned(viewer, ReviewStep), ReviewStep.draw_id == case.draw_id, ReviewStep.case_id == case.id)
        .order_by(ReviewStep.id)
    )
    if case.double and case.state != State.CLOSED:  # two people review it apart: each sees their own steps (R6)
        query = query.where(ReviewStep.author == viewer.user)
    found = session.scalars(query)
    return tuple(
        Taken(Means(one.means), shown(one.at), one.ground, Consent(one.consent) if one.consent else None)
        for one in found
    )
