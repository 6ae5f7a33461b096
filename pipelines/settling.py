"""Money and hours of reviews: summed per list and arm from what was delivered, and kept where results are counted.

An outcome counts when it was approved, as it stands now; what an objection overturned brings no money. Bookings count
for reviews that were approved before the municipality's last bookings came: later ones cannot be in there yet, and
missing is not zero. Sums only, never a case: nothing that is kept is about a person.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete
from sqlalchemy import select as sql_select

from enforcement.database import engine_of, reading, writing
from enforcement.findings import Cause, Effect
from enforcement.money import BOOKED, RANDOM_WITHOUT_SIGNAL
from enforcement.selection import RANDOM, SIGNAL
from enforcement.settings import Settings
from enforcement.tables import Draw, Inclusion, ListMoney
from pipelines.lake import Lake
from pipelines.staging import quoted
from pipelines.steps import Show, Tally, fingerprint, lake_state, once

_LATEST = (
    "QUALIFY row_number() OVER (PARTITION BY municipality, case_id, {key} ORDER BY known_at DESC, delivery DESC) = 1 "
    "AND NOT coalesce(withdrawn, false)"
)


@dataclass
class _Sums:
    """As models.amounts.Sums, being added up."""

    n: int = 0
    some: int = 0
    total: int = 0
    squares: int = 0
    minutes: int = 0
    minutes_squares: int = 0
    timed: int = 0
    timed_some: int = 0
    timed_total: int = 0
    timed_squares: int = 0
    product: int = 0

    def add(self, cents: int, minutes: int | None) -> None:
        self.n += 1
        self.some += cents > 0
        self.total += cents
        self.squares += cents**2
        if minutes is not None:
            self.minutes += minutes
            self.minutes_squares += minutes**2
            self.timed += 1
            self.timed_some += cents > 0
            self.timed_total += cents
            self.timed_squares += cents**2
            self.product += cents * minutes


@dataclass
class _Arm:
    counts: Counter[str] = field(default_factory=Counter)
    sums: dict[str, _Sums] = field(default_factory=dict)


def settle(settings: Settings, show: Show) -> dict[str, Any]:
    """Keep the sums anew when something was delivered: {lists, reviews, bookings, without_review}.

    without_review: bookings that name no approved review, which count nowhere.
    """

    def work(tally: Tally) -> dict[str, Any]:
        lake = Lake(settings)
        reviews = _reviews(lake)
        booked, until = _bookings(lake)
        own = _own_arms(settings)
        made: dict[tuple[str, dt.date], dict[str, _Arm]] = defaultdict(lambda: defaultdict(_Arm))
        for review in reviews:
            town, day = review["municipality"], review["selected"]
            money = booked.pop((town, review["case_id"], day), {})
            known = until.get(town)
            delivered = known[1] if known and review["approved"] < known[0] else frozenset()
            arms = (
                own[town, day].get(review["case_id"], [])
                if (town, day) in own
                else (review["arm"] or "unknown").split(",")
            )
            for arm in (*arms, "all"):
                _count(made[town, day][arm], review, {kind: money.get(kind, 0) for kind in delivered})
        _keep(settings, made, {key for key in made if key in own}, {town: one[0] for town, one in until.items()})
        tally.rows = len(reviews)
        lost = sum(sum(kinds.values()) > 0 for kinds in booked.values())
        return {"lists": len(made), "reviews": len(reviews), "without_review": lost}

    asked = (lake_state(settings), sorted(f"{town} {day}" for town, day in _draws(settings)))
    return once(settings, "money", fingerprint(*asked), show, work)


def _count(arm: _Arm, review: Mapping[str, Any], money: Mapping[str, int]) -> None:
    effect, minutes = Effect(review["effect"]), review["minutes"]
    if minutes is not None:
        arm.counts.update(timed=1, minutes=minutes, minutes_squares=minutes**2)
    if effect == Effect.UNKNOWN:
        arm.counts.update(inconclusive=1)
        return
    stands = not review["overturned"]
    arm.counts.update(
        reviewed=1,
        changed=int(stands and effect in (Effect.UP, Effect.DOWN)),
        nothing_irregular=int(review["cause"] == Cause.NOTHING_IRREGULAR),
    )
    change = (review["amount_cents"] or 0) if stands else 0
    found = {"up": change * (effect == Effect.UP), "down": change * (effect == Effect.DOWN)}
    for measure, cents in (found | dict(money)).items():
        arm.sums.setdefault(measure, _Sums()).add(cents, minutes)


def _keep(
    settings: Settings,
    made: Mapping[tuple[str, dt.date], Mapping[str, _Arm]],
    own: set[tuple[str, dt.date]],
    until: Mapping[str, dt.date],
) -> None:
    """In the place of what was kept before."""
    engine = engine_of(settings.database)
    with writing(engine) as session:
        session.execute(delete(ListMoney))
        for (town, day), arms in made.items():
            session.add_all(
                ListMoney(
                    municipality=town,
                    as_of=day,
                    arm=name,
                    own=(town, day) in own,
                    booked_until=until.get(town),
                    sums={measure: vars(one) for measure, one in arm.sums.items()},
                    **{column: arm.counts[column] for column in _COUNTS},
                )
                for name, arm in arms.items()
            )


_COUNTS = ("reviewed", "changed", "inconclusive", "nothing_irregular", "timed", "minutes", "minutes_squares")


def _reviews(lake: Lake) -> list[dict[str, Any]]:
    """Approved outcomes, each in its latest version."""
    return list(
        _rows(
            lake,
            "outcomes",
            "SELECT municipality, case_id, selected, arm, approved, cause, effect, amount_cents, overturned, minutes "
            "FROM (SELECT * FROM {held} " + _LATEST.format(key="selected") + ") WHERE approved IS NOT NULL",
        )
    )


def _bookings(
    lake: Lake,
) -> tuple[dict[tuple[str, int, dt.date], dict[str, int]], dict[str, tuple[dt.date, frozenset[str]]]]:
    """(municipality, case, date of list) -> cents per kind; and municipality -> last day that bookings were known, and
    the kinds that it delivers."""
    amounts: dict[tuple[str, int, dt.date], dict[str, int]] = defaultdict(dict)
    query = "SELECT municipality, case_id, selected, kind, sum(amount_cents)::BIGINT AS cents FROM "
    query += "(SELECT * FROM {held} " + _LATEST.format(key="selected, reference") + ") GROUP BY ALL"
    for row in _rows(lake, "bookings", query):
        amounts[row["municipality"], row["case_id"], row["selected"]][row["kind"]] = row["cents"]
    until = {
        row["municipality"]: (row["until"], frozenset(row["kinds"]) & frozenset(BOOKED))
        for row in _rows(
            lake,
            "bookings",
            "SELECT municipality, max(known_at)::DATE AS until, list(DISTINCT kind) AS kinds FROM {held} GROUP BY ALL",
        )
    }
    return amounts, until


def _rows(lake: Lake, contract: str, query: str) -> Iterator[dict[str, Any]]:
    files = ", ".join(quoted(path) for path in lake.parts().get(contract, []))
    if not files:
        return
    with lake.connection() as connection:
        found = connection.execute(query.format(held=f"read_parquet([{files}], union_by_name = true)"))
        names = [column[0] for column in found.description]
        for row in found.fetchall():
            yield dict(zip(names, row, strict=True))


def _draws(settings: Settings) -> dict[tuple[str, dt.date], str]:
    with reading(engine_of(settings.database)) as session:
        return {(one.municipality, one.as_of): one.id for one in session.scalars(sql_select(Draw))}


def _own_arms(settings: Settings) -> dict[tuple[str, dt.date], dict[int, list[str]]]:
    """List of this service -> case -> the arms it was on the list for."""
    arms = {}
    with reading(engine_of(settings.database)) as session:
        for (town, day), draw in _draws(settings).items():
            listed = sql_select(Inclusion.case_id, Inclusion.arms).where(Inclusion.draw_id == draw)
            rows = session.execute(listed.where(Inclusion.arms != "")).all()
            arms[town, day] = {case: _with_reference(of.split(",")) for case, of in rows}
    return arms


def _with_reference(arms: list[str]) -> list[str]:
    return [*arms, RANDOM_WITHOUT_SIGNAL] if RANDOM in arms and SIGNAL not in arms else arms
