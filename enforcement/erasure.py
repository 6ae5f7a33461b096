"""Forgetting a person in the service's own tables: the vault's key and look-ups, scores, lists, and withheld records.

Without its row the number stands for nobody (GDPR 17, R22). The log keeps its entries: they name a case by its number
only, and the chain still verifies.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from enforcement import raw
from enforcement.errors import ConflictError
from enforcement.keys import Keys
from enforcement.retention import Kept, forget_case, forget_item
from enforcement.tables import (
    Case,
    Hold,
    Identity,
    Inclusion,
    Lookup,
    Network,
    Quarantine,
    Restriction,
    Score,
    ServiceItem,
    Tip,
)
from enforcement.tenants import within


class KeptError(ConflictError):
    """The person cannot be erased yet; the message gives every reason, `why` their kinds (GDPR 17(3))."""

    def __init__(self, reasons: Sequence[tuple[Kept, str]]) -> None:
        super().__init__("not erased yet (GDPR 17(3)): " + "; ".join(said for _, said in reasons))
        self.why = tuple(kind for kind, _ in reasons)


def forget_numbers(session: Session, numbers: Iterable[int]) -> int:
    """Deletes what numbers of the vault stand for, with the keys and look-ups that lead to it; gives how many."""
    gone = sorted(set(numbers))
    session.execute(delete(Lookup).where(Lookup.identity_id.in_(gone)))
    found = session.execute(delete(Identity).where(Identity.id.in_(gone)).returning(Identity.id)).all()
    return len(found)


def forget_cases(session: Session, cases: Mapping[int, str]) -> int:
    """Deletes everything about cases (case -> municipality) in scores, relations, lists and tips; gives scores."""
    gone = 0
    for case, town in cases.items():
        for draw in session.scalars(select(Case.draw_id).where(within(Case, town), Case.id == case)).all():
            forget_case(session, town, draw, case)
        session.execute(delete(Network).where(Network.case_id == case))
        scores = delete(Score).where(within(Score, town), Score.case_id == case)
        gone += len(session.execute(scores.returning(Score.case_id)).all())
        session.execute(update(Inclusion).where(Inclusion.case_id == case).values(place=None))
        served = select(ServiceItem.as_of).where(within(ServiceItem, town), ServiceItem.case_id == case)
        for day in session.scalars(served).all():
            forget_item(session, town, case, day)
        session.execute(delete(Tip).where(within(Tip, town), Tip.case_id == case))
        for table in (Hold, Restriction):  # those in force refuse an erasure; what ended has its reason only
            session.execute(delete(table).where(within(table, town), table.case_id == case))
    return gone


def forget_in_timelines(session: Session, roles: Mapping[int, frozenset[str]]) -> int:
    """Takes the periods of a person out of the drawings of cases that stay because they are somebody else's too: case
    -> the roles that the person has in it. The benefit's own periods stay; gives how many drawings changed."""
    changed = 0
    for network in session.scalars(select(Network).where(Network.case_id.in_(roles))):
        rows = network.timeline.get("rows", [])
        mine = roles[network.case_id]
        left = [row for row in rows if row["lane"] == "benefit" or row["role"] not in mine]
        if len(left) != len(rows):
            network.timeline = network.timeline | {"rows": left}
            changed += 1
    session.flush()
    return changed


def forget_in_relations(session: Session, persons: frozenset[int]) -> int:
    """Takes the person's number out of other cases' relations; the drawing stays, the node leads to nobody."""
    changed = 0
    texts = {str(one) for one in persons}
    for network in session.scalars(select(Network).execution_options(yield_per=500)):
        nodes = network.graph.get("nodes", [])
        if any(node.get("person_id") in texts for node in nodes):
            cleaned = [node | {"person_id": None} if node.get("person_id") in texts else node for node in nodes]
            network.graph = network.graph | {"nodes": cleaned}
            changed += 1
    session.flush()
    return changed


def forget_withheld(session: Session, keys: Keys, names: Iterable[str]) -> list[str]:
    """Empties withheld records that hold one of the names (BSN, A-nummer); their place and reason stay. Gives the
    delivery of each."""
    wanted = [name for name in names if name]
    emptied = []
    for row in session.scalars(select(Quarantine).where(Quarantine.sealed.is_not(None))):
        if row.sealed is not None:
            said = raw.unlock(keys, row.delivery_id, row.at, row.sealed)
            if any(name in said for name in wanted):
                row.sealed = None
                emptied.append(row.delivery_id)
    session.flush()
    return emptied
