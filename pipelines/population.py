"""The eligible of past lists that nobody reviewed, so that estimates are over all the eligible and not the reviewed.

A list that the service made has its eligible on record. Of an older list they are told by the lake: the cases that ran
on its date, less what the exemptions leave out. A random sample is enough: its cells are made for the training and not
kept, because nobody in it was selected (R21).
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import select

from enforcement.database import engine_of, reading
from enforcement.exemptions import sift
from enforcement.policy import STANDARD
from enforcement.sealed import SealedStore
from enforcement.settings import Settings
from enforcement.tables import Draw, Inclusion
from enforcement.tenants import within
from features.circumstances import circumstances
from features.matrix import case_members, cases_on
from pipelines.eligibility import InService, gather

MOST = 2_000
"""sampled cases: what they add to the error is then small beside the reviews that there are"""
KEYS = ("case_id", "municipality", "as_of")


def sample(
    settings: Settings,
    sealed: SealedStore,
    parts: Mapping[str, Sequence[Path]],
    outcomes: pa.Table,
    seed: int,
    most: int = MOST,
) -> pa.Table:
    """case_id, municipality, as_of and stands_for of eligible cases that were not chosen, about `most` in all, equally
    many of each date of the lists on which something is tested.

    outcomes: as latest_outcomes gives. The sample is drawn first and the exempt leave it afterwards, so that each row
    of a date stands for equally many whoever else was drawn.
    """
    folder = settings.home / "features" / "eligible"
    folder.mkdir(parents=True, exist_ok=True)
    lists = outcomes.select(["municipality", "selected"]).rename_columns(["municipality", "as_of"])
    lists = lists.group_by(["municipality", "as_of"]).aggregate([])
    lists = lists.filter(pc.greater_equal(lists["as_of"], first_tested(outcomes)))
    recorded = _recorded(settings, lists)
    known = {(town, day) for town, day in zip(*(recorded[name].to_pylist() for name in KEYS[1:]), strict=True)}
    older = [
        (town, day)
        for town, day in zip(lists["municipality"].to_pylist(), lists["as_of"].to_pylist(), strict=True)
        if (town, day) not in known
    ]
    others = _running(parts, outcomes, older, folder)
    draw, chosen = np.random.default_rng(seed), []
    every = pa.concat_tables([recorded, others]).sort_by([(name, "ascending") for name in ("as_of", *KEYS[:2])])
    dates = sorted(set(lists["as_of"].to_pylist()))
    for day in dates:
        mine = every.filter(pc.equal(every["as_of"], day))
        n = min(max(1, most // len(dates)), mine.num_rows)
        taken = mine.take(pa.array(np.sort(draw.choice(mine.num_rows, n, replace=False))))
        chosen.append(taken.append_column("stands_for", pa.array([mine.num_rows / n if n else 1.0] * n, pa.float64())))
    found = _eligible(sealed, parts, pa.concat_tables(chosen), outcomes, folder)
    shutil.rmtree(folder)
    return found.drop_columns(["sift"])


def first_tested(outcomes: pa.Table) -> dt.date:
    """A date at or before which the first test window begins: a quarter of the reviews were chosen before it."""
    days = np.sort(outcomes["selected"].to_numpy())
    found: dt.date = days[len(days) // 4].astype("datetime64[D]").item()
    return found


def _recorded(settings: Settings, lists: pa.Table) -> pa.Table:
    """The eligible of the service's own lists that are in no arm."""
    found: list[dict[str, object]] = []
    with reading(engine_of(settings.database)) as session:
        for town in sorted(set(lists["municipality"].to_pylist())):
            mine = lists.filter(pc.equal(lists["municipality"], town))
            dates = [day for day in mine["as_of"].to_pylist() if isinstance(day, dt.date)]
            draws = session.scalars(select(Draw).where(within(Draw, town), Draw.as_of.in_(dates))).all()
            for one in draws:
                query = select(Inclusion.case_id).where(Inclusion.draw_id == one.id, Inclusion.arms == "")
                found += [
                    {"case_id": case, "municipality": town, "as_of": one.as_of, "sift": False}
                    for case in session.scalars(query)
                ]
    return pa.Table.from_pylist(found, schema=SCHEMA)


SCHEMA = pa.schema(
    [("case_id", pa.int64()), ("municipality", pa.string()), ("as_of", pa.date32()), ("sift", pa.bool_())]
)


def _running(
    parts: Mapping[str, Sequence[Path]], outcomes: pa.Table, lists: Sequence[tuple[str, dt.date]], folder: Path
) -> pa.Table:
    """The cases of the municipalities of those lists that ran on their dates and were not chosen for them."""
    if not lists:
        return SCHEMA.empty_table()
    wanted = pa.table(
        {
            "municipality": pa.array([town for town, _ in lists], pa.string()),
            "as_of": pa.array([day for _, day in lists], pa.date32()),
        }
    )
    running = cases_on(parts, sorted({day for _, day in lists}), folder)
    chosen = outcomes.select(["case_id", "municipality", "selected"]).rename_columns(list(KEYS))
    found = running.join(wanted, ["municipality", "as_of"], join_type="inner")
    found = found.join(chosen, list(KEYS), join_type="left anti").select(list(KEYS))
    return found.append_column("sift", pa.array([True] * found.num_rows, pa.bool_())).cast(SCHEMA)


def _eligible(
    sealed: SealedStore, parts: Mapping[str, Sequence[Path]], sampled: pa.Table, outcomes: pa.Table, folder: Path
) -> pa.Table:
    """The sampled cases without those that an exemption left out on their date; those on record need no look."""
    kept = [sampled.filter(pc.invert(sampled["sift"]))]
    asked = sampled.filter(sampled["sift"])
    if not asked.num_rows:
        return kept[0]
    members = case_members(parts, asked.select(list(KEYS)), folder)
    around = circumstances(parts, members, folder)
    dates = sorted(set(asked["as_of"].to_pylist()))
    ages, care = sealed.legal_ages(dates, members["person_id"]), sealed.in_care(dates)
    selected, answered = outcomes["selected"], pc.cast(outcomes["known_at"], pa.date32())
    for day in dates:
        open_then = outcomes.filter(pc.and_(pc.less(selected, day), pc.greater_equal(answered, day)))
        facts = gather(
            around.filter(pc.equal(around["as_of"], day)),
            members.filter(pc.equal(members["as_of"], day)),
            ages.filter(pc.equal(ages["as_of"], day)),
            frozenset(care.filter(pc.equal(care["as_of"], day))["person_id"].to_pylist()),
            InService(open=frozenset(open_then["case_id"].to_pylist())),
        )
        free = sorted(case for known in facts.values() for case in sift(known.facts, STANDARD).eligible)
        then = asked.filter(pc.equal(asked["as_of"], day))
        kept.append(then.filter(pc.is_in(then["case_id"], pa.array(free, pa.int64()))))
    return pa.concat_tables(kept)
