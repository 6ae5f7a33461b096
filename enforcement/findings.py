"""What a reviewer found: cause, effect and amount apart, in own words, and nothing counts before a second person
approved it (R2). Findings describe; they change no benefit (R1).
"""

from __future__ import annotations

import datetime as dt
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from enforcement.access import Permission, Viewer, owned, require, rows
from enforcement.cases import Step, after, find, mine, note, step
from enforcement.clock import stored
from enforcement.errors import ConflictError, FindingsError, ForbiddenError
from enforcement.tables import Case, Draw, Finding, Inclusion
from enforcement.taking import IN_NOBODYS_HAND, in_hand_of
from enforcement.tenants import within


class Cause(StrEnum):
    """Why the facts differ, the harmless first (statistics.md, Labels)."""

    NOTHING_IRREGULAR = "nothing_irregular"
    REGISTRY_WRONG = "registry_wrong"
    MUNICIPAL_ERROR = "municipal_error"
    CLIENT_LATE_OR_MISTAKEN = "client_late_or_mistaken"
    BREACH_OF_DUTY = "breach_of_duty"
    NEEDS_HELP = "needs_help"
    INCONCLUSIVE = "inconclusive"


class Effect(StrEnum):
    """What it means for the entitlement, found by the reviewer and handled outside this service."""

    NONE = "none"
    UP = "up"
    DOWN = "down"
    UNKNOWN = "unknown"


CAUSE_WORDS: Mapping[Cause, tuple[str, str]] = MappingProxyType(
    {
        Cause.NOTHING_IRREGULAR: ("Niets onregelmatigs", "Nothing irregular"),
        Cause.REGISTRY_WRONG: ("Registergegeven klopt niet", "Registry data are wrong"),
        Cause.MUNICIPAL_ERROR: ("Fout van de gemeente", "Error of the municipality"),
        Cause.CLIENT_LATE_OR_MISTAKEN: ("Klant was te laat of vergiste zich", "Client was late or mistaken"),
        Cause.BREACH_OF_DUTY: ("Inlichtingenplicht niet nagekomen", "Duty to inform was not met"),
        Cause.NEEDS_HELP: ("Klant heeft hulp nodig", "Client needs help"),
        Cause.INCONCLUSIVE: ("Niet vast te stellen", "Inconclusive"),
    }
)
EFFECT_WORDS: Mapping[Effect, tuple[str, str]] = MappingProxyType(
    {
        Effect.NONE: ("Geen gevolg voor het recht", "No effect on the entitlement"),
        Effect.UP: ("Recht op meer", "Entitled to more"),
        Effect.DOWN: ("Recht op minder", "Entitled to less"),
        Effect.UNKNOWN: ("Nog onbekend", "Not known"),
    }
)

SHORTEST_REASONING = 40
"""characters"""
OWN_WORDS = 6
"""different words that are about the case and not about its place on the list"""
SHORTEST_NOTE = 10
LONGEST_MINUTES = 200 * 60
"""more hours than that in one review are a mistake in typing"""
_ABOUT_THE_PLACE = frozenset(
    re.findall(
        r"\w+",
        """plaats place rang rank ranking score lijst list werklijst worklist positie position reden redenen reason
        reasons model systeem system algoritme algorithm hoog high laag low bovenaan top volgens according to per de
        het een the a an is was en and in op van of door by staat stond stands omdat because dit deze dat this that
        case zaak die er on at with met ook also zie see""",
    )
)


@dataclass(frozen=True)
class Findings:
    """What a reviewer hands in. `amount_cents`: change per month, EUR cents, never negative; None when not known.
    `minutes`: time the review took; None when the reviewer does not say.

    `check` raises FindingsError for a field that is not acceptable.
    """

    cause: Cause
    effect: Effect
    amount_cents: int | None
    reasoning: str
    minutes: int | None = None

    @classmethod
    def of(
        cls, cause: str, effect: str, amount_cents: int | None, reasoning: str, minutes: int | None = None
    ) -> Findings:
        """From what a form or a message holds. Raises FindingsError for an unknown word."""
        if cause not in set(Cause):
            raise FindingsError("cause", "Kies een van de oorzaken.", "Choose one of the causes.")
        if effect not in set(Effect):
            raise FindingsError("effect", "Kies een van de gevolgen.", "Choose one of the effects.")
        return cls(Cause(cause), Effect(effect), amount_cents, reasoning, minutes)

    def check(self) -> None:
        self._check_effect()
        self._check_amount()
        if self.minutes is not None and not 0 <= self.minutes <= LONGEST_MINUTES:
            raise FindingsError(
                "minutes",
                f"Vul een aantal uren in tot en met {LONGEST_MINUTES // 60}.",
                f"Fill in a number of hours up to {LONGEST_MINUTES // 60}.",
            )
        check_reasoning(self.reasoning)

    def _check_effect(self) -> None:
        if self.cause == Cause.NOTHING_IRREGULAR and self.effect != Effect.NONE:
            raise FindingsError(
                "effect",
                "Als er niets onregelmatigs is, is er geen gevolg voor het recht.",
                "When nothing is irregular there is no effect on the entitlement.",
            )
        if self.cause == Cause.INCONCLUSIVE and self.effect != Effect.UNKNOWN:
            raise FindingsError(
                "effect",
                "Als het niet vast te stellen is, is het gevolg nog onbekend.",
                "When it is inconclusive, the effect is not known.",
            )

    def _check_amount(self) -> None:
        if self.amount_cents is None:
            return
        if self.amount_cents < 0:
            raise FindingsError("amount_cents", "Een bedrag is niet negatief.", "An amount is not negative.")
        if self.amount_cents and self.effect not in (Effect.UP, Effect.DOWN):
            raise FindingsError(
                "amount_cents",
                "Een bedrag hoort bij meer of minder recht.",
                "An amount goes with being entitled to more or less.",
            )


def check_reasoning(reasoning: str) -> None:
    """Raises FindingsError for a reasoning that is too short, or that tells of nothing but the place or the list."""
    words = reasoning.strip()
    if len(words) < SHORTEST_REASONING:
        raise FindingsError(
            "reasoning",
            f"Schrijf in uw eigen woorden wat u vond, in ten minste {SHORTEST_REASONING} tekens.",
            f"Write what you found in your own words, in at least {SHORTEST_REASONING} characters.",
        )
    if len(own_words(words)) < OWN_WORDS:
        raise FindingsError(
            "reasoning",
            "De plaats op de lijst is geen bevinding. Schrijf welke feiten u zag.",
            "The place on the list is no finding. Write which facts you saw.",
        )


def own_words(reasoning: str) -> frozenset[str]:
    """The different words of a reasoning that do not merely point at the place or the list.

    >>> sorted(own_words("Staat hoog op de lijst, plaats 12"))
    []
    """
    return frozenset(re.findall(r"[^\W\d_]{2,}", reasoning.lower())) - _ABOUT_THE_PLACE


@dataclass(frozen=True)
class Saved:
    """Findings that were kept; `version` is the case's new ETag."""

    finding: str
    version: int
    state: str


def save_findings(
    session: Session, viewer: Viewer, number: str, findings: Findings, version: int, now: dt.datetime
) -> Saved:
    """Keeps the viewer's findings of a case they have in hand.

    A case that is reviewed twice returns to the list after the first findings. Raises FindingsError, NotFoundError,
    ConflictError, StaleError, ForbiddenError; then nothing is kept.
    """
    require(viewer, Permission.SAVE_FINDINGS)
    findings.check()
    case = mine(session, viewer, number)
    others = _active(session, viewer, case)
    which = Step.SAVE_FIRST if case.double and others == 0 else Step.SAVE
    finding = Finding(
        id=secrets.token_hex(16),
        draw_id=case.draw_id,
        case_id=case.id,
        municipality=case.municipality,
        cause=findings.cause.value,
        effect=findings.effect.value,
        amount_cents=findings.amount_cents,
        minutes=findings.minutes,
        reasoning=findings.reasoning.strip(),
        reviewer=viewer.user,
        saved_at=stored(now),
    )
    state = after(case.state, which)
    new = step(session, viewer, case, which, version, IN_NOBODYS_HAND)
    session.add(finding)
    session.flush()
    note(session, viewer, "findings_saved", number, now, {"finding": finding.id})
    return Saved(finding.id, new, state)


def approve(
    session: Session,
    viewer: Viewer,
    number: str,
    version: int,
    now: dt.datetime,
    finding: str | None = None,
    remark: str = "",
) -> Saved:
    """A second person approves findings. `finding` names which, where two reviews wait.

    Raises ForbiddenError for the reviewer's own findings whatever the role, ConflictError and StaleError.
    """
    require(viewer, Permission.APPROVE_FINDINGS)
    case = find(session, viewer, number, Permission.APPROVE_FINDINGS)
    waiting = _waiting(session, viewer, case, finding)
    which = Step.APPROVE if _awaiting(session, viewer, case) == 1 else Step.APPROVE_FIRST
    state = after(case.state, which)
    new = step(session, viewer, case, which, version)
    _judge(session, viewer, waiting, "approved", remark, now)
    note(session, viewer, "findings_approved", number, now, {"finding": waiting.id})
    return Saved(waiting.id, new, state)


def return_findings(
    session: Session,
    viewer: Viewer,
    number: str,
    version: int,
    remark: str,
    now: dt.datetime,
    finding: str | None = None,
) -> Saved:
    """A second person sends findings back to the reviewer, with what is missing; the reviewer has the case again.

    Raises as `approve` does, and FindingsError for a remark that says nothing.
    """
    require(viewer, Permission.APPROVE_FINDINGS)
    if len(remark.strip()) < SHORTEST_NOTE:
        raise FindingsError("remark", "Schrijf wat er nog ontbreekt.", "Write what is still missing.")
    case = find(session, viewer, number, Permission.APPROVE_FINDINGS)
    waiting = _waiting(session, viewer, case, finding)
    state = after(case.state, Step.RETURN)
    new = step(session, viewer, case, Step.RETURN, version, in_hand_of(waiting.reviewer, now))
    _judge(session, viewer, waiting, "returned", remark, now)
    note(session, viewer, "findings_returned", number, now, {"finding": waiting.id})
    return Saved(waiting.id, new, state)


def overturn(session: Session, viewer: Viewer, number: str, finding: str, ground: str, now: dt.datetime) -> None:
    """Records that an objection or appeal overturned approved findings: they no longer count as a change, in results
    and in labels (statistics.md, Labels). What was found stays as it was written.

    Raises ForbiddenError, NotFoundError, FindingsError for a ground that says nothing, ConflictError.
    """
    require(viewer, Permission.OVERTURN_FINDINGS)
    if len(ground.strip()) < SHORTEST_NOTE:
        raise FindingsError("ground", "Noem de beslissing op bezwaar of beroep.", "Name the ruling on the objection.")
    case = find(session, viewer, number)
    changed = session.execute(
        update(Finding)
        .where(*_of_case(viewer, case), Finding.id == finding, Finding.state == "approved")
        .where(Finding.overturned_at.is_(None))
        .values(
            overturned_at=stored(now),
            approver_note=func.coalesce(Finding.approver_note + "\n", "") + ground.strip(),
            version=Finding.version + 1,
        )
        .returning(Finding.id)
        .execution_options(synchronize_session=False)
    ).first()
    if changed is None:
        raise ConflictError(f"case {number} has no such approved findings that still stand")
    session.expire_all()
    note(session, viewer, "findings_overturned", number, now, {"finding": finding})


def _of_case(viewer: Viewer, case: Case) -> tuple[Any, ...]:
    return owned(viewer, Finding), Finding.draw_id == case.draw_id, Finding.case_id == case.id


def _active(session: Session, viewer: Viewer, case: Case) -> int:
    """Findings of the case that were not sent back."""
    query = select(func.count()).select_from(Finding).where(*_of_case(viewer, case), Finding.state != "returned")
    return session.scalar(query) or 0


def _awaiting(session: Session, viewer: Viewer, case: Case) -> int:
    query = select(func.count()).select_from(Finding).where(*_of_case(viewer, case), Finding.state == "saved")
    return session.scalar(query) or 0


def _waiting(session: Session, viewer: Viewer, case: Case, finding: str | None) -> Finding:
    """The findings to judge: the named ones, or the ones that the viewer did not write."""
    query = (
        rows(viewer, Finding, Permission.APPROVE_FINDINGS)
        .where(*_of_case(viewer, case), Finding.state == "saved")
        .order_by(Finding.saved_at, Finding.id)
    )
    saved = [one for one in session.scalars(query) if finding in (None, one.id)]
    if not saved or case.state != "findings":
        raise ConflictError(f"case {case.number} has no findings that await a second person")
    others = [one for one in saved if one.reviewer != viewer.user]
    if not others:
        raise ForbiddenError("findings are judged by a second person, never by the one who wrote them")
    return others[0]


def _judge(session: Session, viewer: Viewer, waiting: Finding, state: str, remark: str, now: dt.datetime) -> None:
    judged = session.execute(
        update(Finding)
        .where(owned(viewer, Finding), Finding.id == waiting.id, Finding.state == "saved")
        .where(Finding.reviewer != viewer.user)
        .values(
            state=state,
            approver=viewer.user,
            approved_at=stored(now),
            approver_note=remark.strip() or None,
            version=Finding.version + 1,
        )
        .returning(Finding.id)
        .execution_options(synchronize_session=False)
    ).first()
    if judged is None:
        raise ConflictError("a colleague judged these findings a moment ago")
    session.expire_all()


def approved_outcomes(
    session: Session, municipality: str, since: dt.datetime, dossier: Callable[[int], str]
) -> list[dict[str, Any]]:
    """Findings approved or overturned since a moment, as rows of the contract 'outcomes', to go back to the lake.

    `dossier(case_id)` gives the municipality's own case number. Of a case that was reviewed twice the first findings
    are the outcome; the second measure disagreement, and their time counts as well. Columns: case, selected, arm,
    probability, closed, approved, cause, effect, amount_cents, overturned, minutes.
    """
    query = (
        select(Finding, Draw.as_of, Inclusion.arms, Inclusion.probability)
        .join(Draw, Draw.id == Finding.draw_id)
        .join(Inclusion, (Inclusion.draw_id == Finding.draw_id) & (Inclusion.case_id == Finding.case_id))
        .where(within(Finding, municipality), Finding.state == "approved")
        .order_by(Finding.saved_at, Finding.id)
    )
    outcomes: dict[tuple[str, int], dict[str, Any]] = {}
    for finding, as_of, arms, probability in session.execute(query):
        key = (finding.draw_id, finding.case_id)
        if key in outcomes:
            first = outcomes[key]["minutes"]
            known = first is not None and finding.minutes is not None
            outcomes[key]["minutes"] = first + finding.minutes if known else None
            outcomes[key]["_changed_at"] = max(outcomes[key]["_changed_at"], finding.approved_at)
            continue
        outcomes[key] = {
            "case": dossier(finding.case_id),
            "selected": as_of,
            "arm": arms,
            "probability": probability,
            "closed": finding.saved_at.date(),
            "approved": finding.approved_at.date() if finding.approved_at else None,
            "cause": finding.cause,
            "effect": finding.effect,
            "amount_cents": finding.amount_cents,
            "overturned": finding.overturned_at is not None or None,
            "minutes": finding.minutes,
            "_changed_at": max(one for one in (finding.approved_at, finding.overturned_at) if one),
        }
    return [
        {name: value for name, value in row.items() if not name.startswith("_")}
        for row in outcomes.values()
        if row["_changed_at"] >= stored(since)
    ]
