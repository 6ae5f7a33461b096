"""The service's own tables. What is worked on lives here; what is known about people lives in the lake.

No table has a column that decides about a benefit (R1), and none holds a name, an address or a BSN in the clear.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    type_annotation_map: ClassVar = {
        dict[str, Any]: JSON,
        list[Any]: JSON,
        int: BigInteger().with_variant(Integer, "sqlite"),
    }


class Delivery(Base):
    """One file as it came. It is visible in the lake from the moment its row and its parts are committed."""

    __tablename__ = "delivery"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    """sha256 of municipality and content: the same bytes for the same municipality are one delivery"""
    municipality: Mapped[str] = mapped_column(String(4))
    source: Mapped[str]
    schema_version: Mapped[str]
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    file_name: Mapped[str]
    status: Mapped[str]
    """published, held or refused"""
    received_at: Mapped[dt.datetime]
    published_at: Mapped[dt.datetime]
    purpose: Mapped[str] = mapped_column(default="")
    report: Mapped[dict[str, Any]]
    """records per contract, flags by kind, answers; no personal data"""


class Part(Base):
    """What one delivery put into one Parquet file of one contract, named by the sha256 of its content. Small deliveries
    that came together share a file: then several rows name the same path."""

    __tablename__ = "part"
    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[str] = mapped_column(ForeignKey("delivery.id"), index=True)
    contract: Mapped[str] = mapped_column(index=True)
    municipality: Mapped[str] = mapped_column(String(4))
    path: Mapped[str]
    """below the lake folder"""
    sha256: Mapped[str] = mapped_column(String(64))
    rows: Mapped[int]
    known_from: Mapped[dt.datetime]
    known_until: Mapped[dt.datetime]


class SealedPart(Base):
    """One encrypted file of protected attributes in the sealed store, visible from the same moment as its delivery."""

    __tablename__ = "sealed_part"
    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[str] = mapped_column(ForeignKey("delivery.id"), index=True)
    path: Mapped[str]
    """below the store's folder; deliveries that came together share a file"""
    sha256: Mapped[str] = mapped_column(String(64))
    rows: Mapped[int]


class Quarantine(Base):
    """A record that could not be taken in, where it stood and why. The record itself is sealed here.

    A row is never taken away: what was taken in later, or came again in a correction, is marked as resolved."""

    __tablename__ = "quarantine"
    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[str] = mapped_column(ForeignKey("delivery.id"), index=True)
    contract: Mapped[str | None]
    at: Mapped[str]
    field: Mapped[str]
    reason: Mapped[str]
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    resolved_at: Mapped[dt.datetime | None]
    resolution: Mapped[str | None]
    """published, overtaken (something newer of its key was there), or replaced by another delivery"""


class Identity(Base):
    """A random number and what it stands for, encrypted. Several look-up keys may lead to one identity."""

    __tablename__ = "identity"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    """BIGINT on SQLite too: an INTEGER would be the place of the row, and random numbers touch every page"""
    kind: Mapped[str] = mapped_column(String(12))
    key: Mapped[bytes] = mapped_column(LargeBinary)
    """this identity's own AES key, wrapped by the master key"""
    payload: Mapped[bytes] = mapped_column(LargeBinary)


class Lookup(Base):
    """Keyed HMAC of an identifier -> identity. Written with the identity, and gone with it (erasure.py)."""

    __tablename__ = "lookup"
    __table_args__ = ({"sqlite_with_rowid": False},)
    """the key is the table: a million of them are not kept twice"""
    hmac: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    identity_id: Mapped[int] = mapped_column(BigInteger)
    """no foreign key and no index: checking and keeping them costs four times the row itself, for the millions of a
    first load; who is forgotten is found by reading them all"""


class User(Base):
    __tablename__ = "user"
    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]


class Grant(Base):
    """A user holds (municipality, role) pairs (R36). Role: officer, senior_officer, data_scientist,
    compliance_reviewer, manager, administrator, contact_centre."""

    __tablename__ = "grant"
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id"), primary_key=True)
    municipality: Mapped[str] = mapped_column(String(4), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)


class Session(Base):
    """A signed-in browser; the cookie holds a random token, this row its SHA-256."""

    __tablename__ = "session"
    token_sha256: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id"))
    municipality: Mapped[str] = mapped_column(String(4))
    role: Mapped[str]
    csrf: Mapped[str]
    expires_at: Mapped[dt.datetime]


class SignInAttempt(Base):
    """Somebody who was sent to the identity provider and is not back yet; used once, within ten minutes."""

    __tablename__ = "sign_in_attempt"
    state_sha256: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    browser_sha256: Mapped[bytes] = mapped_column(LargeBinary(32))
    """of a cookie: who comes back is who went"""
    nonce: Mapped[str]
    verifier: Mapped[str]
    """PKCE: what the challenge was made from"""
    expires_at: Mapped[dt.datetime]


class ApiKey(Base):
    """A machine's way in: reads what its scope names, for one municipality, until it expires."""

    __tablename__ = "api_key"
    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    municipality: Mapped[str] = mapped_column(String(4), index=True)
    name: Mapped[str]
    """what it is for"""
    secret_sha256: Mapped[bytes] = mapped_column(LargeBinary(32))
    scope: Mapped[list[Any]]
    """names of permissions"""
    made_by: Mapped[str]
    made_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    withdrawn_at: Mapped[dt.datetime | None]


class PolicyVersion(Base):
    __tablename__ = "policy_version"
    municipality: Mapped[str] = mapped_column(String(4), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    valid_from: Mapped[dt.datetime]
    content: Mapped[dict[str, Any]]
    author: Mapped[str]


class Run(Base):
    """One scoring of all cases on one as-of date with one model."""

    __tablename__ = "run"
    id: Mapped[str] = mapped_column(primary_key=True)
    as_of: Mapped[dt.date]
    model_name: Mapped[str]
    model_version: Mapped[str]
    model_sha256: Mapped[str]
    matrix_sha256: Mapped[str]
    data_until: Mapped[dt.date]
    demo: Mapped[bool]
    scored_at: Mapped[dt.datetime]
    sources: Mapped[dict[str, Any]]
    """per source: last known_at and whether it is older than its contract allows"""


def _strongest(context: Any) -> dict[str, Any] | None:
    reasons = context.get_current_parameters()["reasons"]
    return next((reason for reason in reasons if reason.get("direction") == "up"), None)


class Score(Base):
    """The frozen explanation of one case in one run (statistics.md, Explanations)."""

    __tablename__ = "score"
    run_id: Mapped[str] = mapped_column(ForeignKey("run.id"), primary_key=True)
    case_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    municipality: Mapped[str] = mapped_column(String(4))
    margin: Mapped[float]
    place: Mapped[int]
    """1 is highest within the municipality"""
    place_low: Mapped[int]
    place_high: Mapped[int]
    reasons: Mapped[list[Any]]
    """list of reason dicts, see models/explanation.py; strongest first"""
    lead: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True), default=_strongest)
    """the strongest reason to look, so that a list need not read them all"""
    facts: Mapped[list[Any]]
    """the same checked facts in fixed topic order for every case (R6)"""
    remainder: Mapped[float]
    """part of the margin that no reason names"""
    base: Mapped[float]
    """margin of the average case; base + contributions + remainder = margin"""
    quality: Mapped[dict[str, Any]]
    """missing or old sources, similar past cases"""
    corrections: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    """up to three facts that can be corrected and would lower the place, see models/counterfactual.py"""
    __table_args__ = (Index("score_by_place", "run_id", "municipality", "place"),)


class Network(Base):
    """The relations around a case, and its periods, as they were at scoring: facts from registers, at most 60 nodes."""

    __tablename__ = "network"
    run_id: Mapped[str] = mapped_column(ForeignKey("run.id"), primary_key=True)
    case_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    graph: Mapped[dict[str, Any]]
    """nodes and edges, see features/relations/ego.py"""
    timeline: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    """periods of benefit, income and residence, see features/timeline.py; empty when none was kept"""


class IdentityJudgement(Base):
    """Whether two numbers of the vault are one: what was judged by whom or what, and what was taken back. Rows are only
    added; which numbers are one is a function of them (features/relations/merging.py)."""

    __tablename__ = "identity_judgement"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    """person or address"""
    left_id: Mapped[int] = mapped_column(BigInteger, index=True)
    right_id: Mapped[int] = mapped_column(BigInteger, index=True)
    left_certain: Mapped[bool]
    right_certain: Mapped[bool]
    """stands for a BSN, or for a BAG object: two of these are never one"""
    judgement: Mapped[str]
    """same, not_same or unsure"""
    basis: Mapped[str]
    """person, delivery or weight"""
    weight: Mapped[float] = mapped_column(default=0.0)
    """match weight in bits, where that is the basis"""
    waterfall: Mapped[list[Any]] = mapped_column(default=list)
    """what the weight is made of, field by field; no texts"""
    judged_by: Mapped[str]
    judged_at: Mapped[dt.datetime]
    takes_back: Mapped[int | None] = mapped_column(ForeignKey("identity_judgement.id"), unique=True)
    """the row that no longer counts; then this row says nothing itself"""


class Draw(Base):
    """One selection for one municipality on one date; a second draw for the date is refused."""

    __tablename__ = "draw"
    id: Mapped[str] = mapped_column(primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("run.id"))
    municipality: Mapped[str] = mapped_column(String(4))
    as_of: Mapped[dt.date]
    policy_version: Mapped[int]
    eligible: Mapped[int]
    eligible_sha256: Mapped[str]
    seed_commitment: Mapped[str]
    """sha256 of the yearly secret"""
    composed_at: Mapped[dt.datetime]
    ranked: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    """False when there was no risk arm: ranking switched off (R13), or the model not adopted here (R36)"""
    counts: Mapped[dict[str, Any]]
    """eligible, random, top_up, signal, risk, blind, capacity, exempt by rule, base_rate"""
    __table_args__ = (UniqueConstraint("municipality", "as_of"),)


class SeedCommitment(Base):
    """SHA-256 of a municipality's secret of a year, fixed before anything is scored with it (R5)."""

    __tablename__ = "seed_commitment"
    municipality: Mapped[str] = mapped_column(String(4), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    committed_at: Mapped[dt.datetime]


class Inclusion(Base):
    """Every eligible case of a draw with its inclusion probability, on the list or not."""

    __tablename__ = "inclusion"
    draw_id: Mapped[str] = mapped_column(ForeignKey("draw.id"), primary_key=True)
    case_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    probability: Mapped[float]
    arms: Mapped[str]
    """comma-separated (random, top_up, signal, risk), empty when not on the list"""
    place: Mapped[int | None]


class Case(Base):
    """A case on a worklist. State: open, claimed, findings (await approval), closed, withdrawn (by the switch)."""

    __tablename__ = "case"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    """the random case id of the lake"""
    draw_id: Mapped[str] = mapped_column(ForeignKey("draw.id"), primary_key=True)
    municipality: Mapped[str] = mapped_column(String(4))
    number: Mapped[str]
    """what people say: 2026-004220"""
    position: Mapped[int]
    """order to work in, 1 first"""
    blind: Mapped[bool]
    double: Mapped[bool] = mapped_column(default=False)
    """reviewed twice (half of the blind ones)"""
    state: Mapped[str] = mapped_column(default="open")
    claimed_by: Mapped[str | None]
    claimed_at: Mapped[dt.datetime | None]
    lease_until: Mapped[dt.datetime | None]
    waits_until: Mapped[dt.date | None]
    """put aside until this day, by who has it in hand"""
    waits_for: Mapped[str | None]
    due: Mapped[dt.date]
    version: Mapped[int] = mapped_column(default=1)
    """ETag; every change adds one"""
    __table_args__ = (
        UniqueConstraint("municipality", "number"),
        Index("case_to_take", "municipality", "state", "due", "position", "number"),
        Index("case_in_order", "municipality", "due", "position", "number"),
    )


class CaseNote(Base):
    """A note with a case, or with an item of the service list; added, never changed."""

    __tablename__ = "case_note"
    id: Mapped[str] = mapped_column(primary_key=True)
    about: Mapped[str]
    """as the log names it: case:2026-000042 or service:D2026-000042"""
    case_id: Mapped[int] = mapped_column(BigInteger)
    municipality: Mapped[str] = mapped_column(String(4))
    author: Mapped[str]
    at: Mapped[dt.datetime]
    text: Mapped[str]
    __table_args__ = (Index("note_of_case", "municipality", "about"),)


class Evidence(Base):
    """A document with a case or an item of the service list, encrypted; the digest is of what was added."""

    __tablename__ = "evidence"
    id: Mapped[str] = mapped_column(primary_key=True)
    about: Mapped[str]
    """as in CaseNote"""
    case_id: Mapped[int] = mapped_column(BigInteger)
    municipality: Mapped[str] = mapped_column(String(4))
    name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int]
    """bytes"""
    sha256: Mapped[str] = mapped_column(String(64))
    author: Mapped[str]
    at: Mapped[dt.datetime]
    sealed: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    """AES-GCM: nonce and ciphertext, bound to id, digest and municipality"""
    __table_args__ = (Index("evidence_of_case", "municipality", "about"),)


class ReviewStep(Base):
    """What a reviewer did to know more; a home visit with its ground and the client's consent (R35)."""

    __tablename__ = "review_step"
    id: Mapped[int] = mapped_column(primary_key=True)
    """in the order in which they were taken"""
    draw_id: Mapped[str]
    case_id: Mapped[int] = mapped_column(BigInteger)
    municipality: Mapped[str] = mapped_column(String(4))
    means: Mapped[str]
    ground: Mapped[str | None]
    consent: Mapped[str | None]
    author: Mapped[str]
    at: Mapped[dt.datetime]
    __table_args__ = (Index("step_of_case", "municipality", "draw_id", "case_id"),)


class Tip(Base):
    """What somebody told about a case; encrypted, and a signal for review only."""

    __tablename__ = "tip"
    id: Mapped[str] = mapped_column(primary_key=True)
    municipality: Mapped[str] = mapped_column(String(4))
    case_id: Mapped[int] = mapped_column(BigInteger)
    source: Mapped[str]
    """colleague, organisation, named or anonymous"""
    topic: Mapped[str]
    received: Mapped[dt.date]
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    recorded_by: Mapped[str]
    recorded_at: Mapped[dt.datetime]
    placed_in: Mapped[str | None]
    """the draw whose list took the case up"""
    __table_args__ = (Index("tip_of_case", "municipality", "case_id"),)


class Absence(Base):
    """A colleague is away, first and last day included; the deputy takes what they have in hand."""

    __tablename__ = "absence"
    municipality: Mapped[str] = mapped_column(String(4), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id"), primary_key=True)
    first: Mapped[dt.date] = mapped_column(primary_key=True)
    last: Mapped[dt.date]
    deputy: Mapped[str | None]


class SavedFilter(Base):
    """A filter of the worklist that somebody keeps under a name."""

    __tablename__ = "saved_filter"
    municipality: Mapped[str] = mapped_column(String(4), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    query: Mapped[dict[str, Any]]
    kept_at: Mapped[dt.datetime]


class Finding(Base):
    """What a reviewer found, in own words. Counts only after a second person approved it (R2)."""

    __tablename__ = "finding"
    id: Mapped[str] = mapped_column(primary_key=True)
    draw_id: Mapped[str]
    case_id: Mapped[int] = mapped_column(BigInteger)
    municipality: Mapped[str] = mapped_column(String(4))
    cause: Mapped[str]
    effect: Mapped[str]
    amount_cents: Mapped[int | None]
    minutes: Mapped[int | None]
    """time the review took, as the reviewer says"""
    reasoning: Mapped[str]
    reviewer: Mapped[str]
    saved_at: Mapped[dt.datetime]
    state: Mapped[str] = mapped_column(default="saved")
    """saved, approved or returned"""
    approver: Mapped[str | None]
    approved_at: Mapped[dt.datetime | None]
    approver_note: Mapped[str | None]
    overturned_at: Mapped[dt.datetime | None]
    """when an objection or appeal overturned it"""
    version: Mapped[int] = mapped_column(default=1)
    __table_args__ = (
        Index("finding_of_case", "draw_id", "case_id"),
        Index("finding_of_municipality", "municipality", "draw_id", "case_id"),
    )


class ListMoney(Base):
    """Reviews, money and minutes of one arm of one list, as sums: nobody's own amount (statistics.md, Money)."""

    __tablename__ = "list_money"
    municipality: Mapped[str] = mapped_column(String(4), primary_key=True)
    as_of: Mapped[dt.date] = mapped_column(primary_key=True)
    arm: Mapped[str] = mapped_column(primary_key=True)
    """as in Inclusion, of earlier reviews what their delivery says; `all` holds each review once"""
    own: Mapped[bool]
    """a list of this service; False for reviews before it"""
    reviewed: Mapped[int]
    changed: Mapped[int]
    inconclusive: Mapped[int]
    nothing_irregular: Mapped[int]
    timed: Mapped[int]
    """reviews whose minutes are known, inconclusive ones too"""
    minutes: Mapped[int]
    minutes_squares: Mapped[int]
    sums: Mapped[dict[str, Any]]
    """up, down, claimed, recovered, paid_out -> see models/amounts.py, Sums; what nobody delivers is absent"""
    booked_until: Mapped[dt.date | None]
    """last day on which bookings of the municipality were known"""


class Event(Base):
    """One entry of a municipality's log: gapless number, hash of the entry before it (R15)."""

    __tablename__ = "event"
    municipality: Mapped[str] = mapped_column(String(4), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
    object: Mapped[str]
    """what it is about, such as case:2026-004220; the body says the same"""
    body: Mapped[str]
    """RFC 8785 JSON: at, actor, role, action, object, purpose, details without personal data"""
    __table_args__ = (Index("event_of_object", "municipality", "object", "number"),)


class Promotion(Base):
    """A request to use a model, with what it stands on (R12). State: requested, promoted, rejected or frozen."""

    __tablename__ = "promotion"
    id: Mapped[str] = mapped_column(primary_key=True)
    model_version: Mapped[str] = mapped_column(index=True)
    model_sha256: Mapped[str] = mapped_column(String(64))
    trainer: Mapped[str]
    """user id of who trained it; may not approve"""
    requested_by: Mapped[str]
    requested_at: Mapped[dt.datetime]
    audit: Mapped[str]
    """reference of the bias audit"""
    audited_on: Mapped[dt.date]
    dpia: Mapped[str]
    fria: Mapped[str]
    iama: Mapped[str]
    state: Mapped[str] = mapped_column(default="requested")
    settled_at: Mapped[dt.datetime | None]
    expires_on: Mapped[dt.date | None]
    """first day on which it may no longer be used"""
    why: Mapped[str] = mapped_column(default="")
    """why it was rejected or frozen"""


class PromotionApproval(Base):
    """One person's approval of a promotion, in the role in which it was given."""

    __tablename__ = "promotion_approval"
    promotion_id: Mapped[str] = mapped_column(ForeignKey("promotion.id"), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str]
    municipality: Mapped[str] = mapped_column(String(4))
    at: Mapped[dt.datetime]


class Adoption(Base):
    """One person's consent that a municipality uses a promoted model; two people make it adopted (R36)."""

    __tablename__ = "adoption"
    municipality: Mapped[str] = mapped_column(String(4), primary_key=True)
    promotion_id: Mapped[str] = mapped_column(ForeignKey("promotion.id"), primary_key=True)
    user_id: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[str]
    at: Mapped[dt.datetime]


class Switch(Base):
    """Whether a municipality's risk ranking is switched off (R13). The log tells who, when and why."""

    __tablename__ = "switch"
    municipality: Mapped[str] = mapped_column(String(4), primary_key=True)
    off: Mapped[bool]
    reason: Mapped[str]
    user_id: Mapped[str]
    at: Mapped[dt.datetime]


class FairnessMandate(Base):
    """What a municipality lets the fairness audit do, version by version (R10)."""

    __tablename__ = "fairness_mandate"
    municipality: Mapped[str] = mapped_column(String(4), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    valid_from: Mapped[dt.datetime]
    content: Mapped[dict[str, Any]]
    """see mandate.py"""
    author: Mapped[str]


class FairnessAudit(Base):
    """An audit of a municipality's list on one run: aggregates, never rows of people (R11)."""

    __tablename__ = "fairness_audit"
    id: Mapped[str] = mapped_column(primary_key=True)
    municipality: Mapped[str] = mapped_column(String(4))
    run_id: Mapped[str] = mapped_column(ForeignKey("run.id"))
    model_version: Mapped[str]
    made_at: Mapped[dt.datetime]
    status: Mapped[str]
    """pass, fail or insufficient"""
    document: Mapped[dict[str, Any]]
    __table_args__ = (Index("fairness_audit_newest", "municipality", "made_at"),)


class FairnessAcceptance(Base):
    """One person's written acceptance of an audit that rests on too few reviews; two are needed."""

    __tablename__ = "fairness_acceptance"
    audit_id: Mapped[str] = mapped_column(ForeignKey("fairness_audit.id"), primary_key=True)
    user_id: Mapped[str] = mapped_column(primary_key=True)
    municipality: Mapped[str] = mapped_column(String(4))
    role: Mapped[str]
    why: Mapped[str]
    until: Mapped[dt.date]
    """the last day on which it counts"""
    at: Mapped[dt.datetime]


class Contest(Base):
    """A client disputes what is known about a case (R20, R30). Open until it is settled."""

    __tablename__ = "contest"
    id: Mapped[str] = mapped_column(primary_key=True)
    municipality: Mapped[str] = mapped_column(String(4))
    case_id: Mapped[int] = mapped_column(BigInteger)
    number: Mapped[str | None]
    """of the case that was frozen; None where the case stood on no list"""
    topics: Mapped[list[Any]]
    """topics of the data that are disputed; left out of the case's score meanwhile"""
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    """what the client says, encrypted"""
    state_before: Mapped[str | None]
    """of the frozen case: where it goes on when the contest is settled"""
    opened_by: Mapped[str]
    opened_at: Mapped[dt.datetime]
    outcome: Mapped[str | None]
    """upheld or rejected; None while it is open"""
    settled_by: Mapped[str | None]
    settled_at: Mapped[dt.datetime | None]
    delivery_id: Mapped[str | None] = mapped_column(String(64))
    """the correction as it was delivered"""
    __table_args__ = (Index("contest_of_case", "municipality", "case_id"),)


class Rescoring(Base):
    """One case scored again alone, in the run as it was: nobody else moves. Its score as it was stays beside it."""

    __tablename__ = "rescoring"
    contest_id: Mapped[str] = mapped_column(ForeignKey("contest.id"), primary_key=True)
    why: Mapped[str] = mapped_column(primary_key=True)
    """without_disputed or corrected"""
    municipality: Mapped[str] = mapped_column(String(4))
    run_id: Mapped[str] = mapped_column(ForeignKey("run.id"))
    case_id: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[dt.datetime]
    margin: Mapped[float]
    place: Mapped[int]
    """where the case would have stood among the others as they stand"""
    reasons: Mapped[list[Any]]


class Hold(Base):
    """Nothing about a case is deleted while this holds: a court, an objection or an inquiry needs it."""

    __tablename__ = "hold"
    id: Mapped[str] = mapped_column(primary_key=True)
    municipality: Mapped[str] = mapped_column(String(4))
    case_id: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str]
    made_by: Mapped[str]
    made_at: Mapped[dt.datetime]
    lifted_at: Mapped[dt.datetime | None]
    __table_args__ = (Index("hold_of_case", "municipality", "case_id"),)


class Restriction(Base):
    """While a case is investigated, part of what is known is not told yet (UAVG 41), until a day and for a reason."""

    __tablename__ = "restriction"
    id: Mapped[str] = mapped_column(primary_key=True)
    municipality: Mapped[str] = mapped_column(String(4))
    case_id: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str]
    until: Mapped[dt.date]
    """first day on which all is told again"""
    made_by: Mapped[str]
    made_at: Mapped[dt.datetime]
    lifted_at: Mapped[dt.datetime | None]
    __table_args__ = (Index("restriction_of_case", "municipality", "case_id"),)


class RightsRequest(Base):
    """Somebody asked to see or to erase everything about a person; `weegschaal work` does it (rights_requests.py)."""

    __tablename__ = "rights_request"
    id: Mapped[str] = mapped_column(primary_key=True)
    municipality: Mapped[str] = mapped_column(String(4))
    kind: Mapped[str]
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    """whom it is about, encrypted; None once it was answered"""
    reference: Mapped[str]
    received: Mapped[dt.date]
    """day on which the client asked"""
    asked_by: Mapped[str]
    asked_at: Mapped[dt.datetime]
    agreed_by: Mapped[str | None]
    stage: Mapped[str]
    """rights_requests.Stage"""
    why: Mapped[list[Any]]
    """why it was refused"""
    result: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    """the report, encrypted, until it was fetched"""
    answered_at: Mapped[dt.datetime | None]
    __table_args__ = (Index("request_of_municipality", "municipality", "stage"),)


class Generation(Base):
    """A file with rows of people was made anew without some of them; the old hash and the rule stay (R21, R22)."""

    __tablename__ = "generation"
    id: Mapped[int] = mapped_column(primary_key=True)
    path: Mapped[str]
    """below the home, as it was"""
    old_sha256: Mapped[str] = mapped_column(String(64), index=True)
    new_sha256: Mapped[str | None] = mapped_column(String(64))
    """None when nothing was left"""
    rule: Mapped[str]
    rows: Mapped[int]
    """rows that were taken out"""
    made_at: Mapped[dt.datetime]


class ServiceItem(Base):
    """A case in which the client may be missing something: too little paid, or a right not used (R34)."""

    __tablename__ = "service_item"
    case_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    as_of: Mapped[dt.date] = mapped_column(primary_key=True)
    municipality: Mapped[str] = mapped_column(String(4))
    number: Mapped[str]
    """what people say: D2026-000042"""
    kind: Mapped[str]
    """paid_short or right_unused (features/service.py)"""
    position: Mapped[int]
    """order to work in, 1 first"""
    reasons: Mapped[list[Any]]
    """sentences with value, unit, source, date and article, see service_keeping.py"""
    people: Mapped[list[Any]]
    """random numbers of client and partner, as text"""
    due: Mapped[dt.date]
    state: Mapped[str] = mapped_column(default="open")
    """service_items.ItemState"""
    claimed_by: Mapped[str | None]
    claimed_at: Mapped[dt.datetime | None]
    lease_until: Mapped[dt.datetime | None]
    waits_until: Mapped[dt.date | None]
    """put aside until this day, by who has it in hand"""
    waits_for: Mapped[str | None]
    """why, waiting.WaitsFor"""
    version: Mapped[int] = mapped_column(default=1)
    """ETag; every change adds one"""
    outcome: Mapped[str | None]
    """what was found, service_outcomes.Found; counts once `approved_at` is there"""
    done: Mapped[str | None]
    """what was done for the client, service_outcomes.Done"""
    amount_cents: Mapped[int | None]
    """EUR cents that the client got"""
    reasoning: Mapped[str | None]
    noted_by: Mapped[str | None]
    noted_at: Mapped[dt.datetime | None]
    approver: Mapped[str | None]
    approved_at: Mapped[dt.datetime | None]
    approver_note: Mapped[str | None]
    __table_args__ = (
        UniqueConstraint("municipality", "number"),
        Index("service_list", "municipality", "state", "due", "position", "number"),
    )


class ServiceRound(Base):
    """What was written about an item and sent back by a second person, as it was then; the item holds the latest."""

    __tablename__ = "service_round"
    id: Mapped[str] = mapped_column(primary_key=True)
    municipality: Mapped[str] = mapped_column(String(4))
    case_id: Mapped[int] = mapped_column(BigInteger)
    as_of: Mapped[dt.date]
    outcome: Mapped[str]
    done: Mapped[str]
    amount_cents: Mapped[int | None]
    reasoning: Mapped[str]
    noted_by: Mapped[str]
    noted_at: Mapped[dt.datetime]
    approver: Mapped[str]
    """who sent it back"""
    approver_note: Mapped[str]
    __table_args__ = (Index("round_of_item", "municipality", "case_id", "as_of"),)


class Job(Base):
    """Work that takes minutes, done by `weegschaal work`. State: waiting, running, done or failed."""

    __tablename__ = "job"
    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    asked_by: Mapped[str]
    asked_at: Mapped[dt.datetime]
    state: Mapped[str]
    began_at: Mapped[dt.datetime | None]
    finished_at: Mapped[dt.datetime | None]
    step: Mapped[str]
    """what it is at"""
    done: Mapped[int]
    of: Mapped[int]
    """steps; 0 until it is known how many"""
    result: Mapped[dict[str, Any]]
    """version: of the model that came of it"""
    error: Mapped[str]
    """one line that says what to do; empty when all went well"""


class Step(Base):
    """How far `weegschaal demo` and the nightly run got."""

    __tablename__ = "step"
    name: Mapped[str] = mapped_column(primary_key=True)
    input_sha256: Mapped[str]
    rows: Mapped[int]
    seconds: Mapped[float]
    finished_at: Mapped[dt.datetime]
    result: Mapped[dict[str, Any]]
