"""Deleting what may no longer be kept, with a proof that names every place: what is there, what went, what is overdue.

The places stand in pipelines/stores.py (R21). Matrices become a new generation (pipelines/generations.py).
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import select

from enforcement import audit
from enforcement.clock import stored
from enforcement.database import engine_of, reading, writing
from enforcement.exemptions import months_before
from enforcement.retention import (
    ARCHIVE_YEARS,
    Rule,
    forget_archived,
    forget_unselected,
    forget_withheld_of,
    kept_cases,
    unselected_rule,
    waiting_cases,
    wiped,
)
from enforcement.retention import overdue as overdue_in
from enforcement.settings import Settings
from enforcement.tables import Delivery, Draw, Score, Step
from pipelines.arrivals import sha256_of
from pipelines.ended import end_of_benefit, ended_benefits
from pipelines.erasing import delivered_files
from pipelines.faults import reached
from pipelines.generations import emptied, finish, without_rows
from pipelines.generations import keep as keep_generations
from pipelines.publication import sync
from pipelines.stores import (
    BACKUP_STEP,
    BACKUPS,
    DELIVERIES,
    LAKE,
    LEFT_BEHIND,
    UNLOADED,
    every,
    files_below,
    files_held,
    rows_held,
    store_of_file,
)

DELIVERY_DAYS = 30
"""how long a delivered file stays after it was published: time enough to bring it in again"""


def retain(
    settings: Settings,
    now: dt.datetime | None = None,
    archive_years: int = ARCHIVE_YEARS,
    delivery_days: int = DELIVERY_DAYS,
    deliveries: Path | None = None,
) -> dict[str, Any]:
    """Delete what is past its term: {"municipalities": [counts], "files": [one per matrix], "proof": {...}}.

    deliveries: another folder of delivered files than the home's. The proof is also a file below the home; done again
    nothing else changes. Raises RuntimeError when something that should be gone is not, after the proof was written.
    """
    moment, engine = now or dt.datetime.now(dt.UTC), engine_of(settings.database)
    terms = Terms(archive_years, delivery_days, tuple(filter(None, (settings.deliveries, deliveries))))
    finish(settings)
    with reading(engine) as session:
        towns = sorted({*session.scalars(select(Draw.municipality)), *session.scalars(select(Score.municipality))})
        senders = sorted({*session.scalars(select(Delivery.municipality)), *towns})
        rules = {town: unselected_rule(session, town, moment.date()) for town in senders}
        keep = {town: kept_cases(session, town, moment) for town in towns}
        waiting = {town: waiting_cases(session, town, moment) for town in towns}
    gone_files = _expire_files(settings, terms, moment)
    files = []
    for matrix, old in _old_matrices(settings, {town: rules[town] for town in towns}, keep, waiting, terms, moment):
        made = without_rows(settings, matrix, old.stays)
        if made is not None:
            files.append(made | {"rule": old.rule})
    reached("retain_written")
    rows: list[dict[str, Any]] = []
    with writing(engine) as session:
        wiped(session)
        for town in senders:
            gone = {"withheld": forget_withheld_of(session, town, rules[town])}
            if town in keep:
                gone = forget_unselected(session, town, rules[town], keep[town]) | gone
                gone |= forget_archived(session, town, archive_years, moment)
            if any(gone.values()):
                details = gone | {"rule": str(rules[town]), "archive_years": archive_years}
                audit.append(
                    session, town, "system", "service", "retained", f"municipality:{town}", "retention", details,
                    at=moment,
                )  # fmt: skip
            if town in keep or any(gone.values()):
                rows.append({"municipality": town, "rule": str(rules[town])} | gone)
        keep_generations(session, files, moment)
    reached("retain_committed")
    finish(settings)
    ended = end_of_benefit(settings, archive_years, moment)
    emptied(engine)
    reached("retain_done")
    proof = _proof(settings, {town: rules[town] for town in senders}, keep, waiting, terms, moment)
    proof |= {"deleted": _deleted(rows, files, gone_files, ended)}
    _written_proof(settings, proof, towns, moment)
    if wrong := {one["place"]: one["overdue"] for one in proof["places"] if one["overdue"]}:
        raise RuntimeError(f"something that should be gone is there: {wrong}")
    return {"municipalities": rows, "files": files, "ended_benefits": ended, "proof": proof}


@dataclass(frozen=True)
class Terms:
    """How long what is kept that the policy does not say."""

    archive_years: int
    delivery_days: int
    deliveries: tuple[Path, ...]
    """folders of delivered files"""


@dataclass(frozen=True)
class _Old:
    """Why rows of a matrix go, and which of them stay."""

    rule: str
    stays: Callable[[pa.Table], pa.Table]


def _old_matrices(
    settings: Settings,
    rules: Mapping[str, Rule],
    keep: Mapping[str, frozenset[int]],
    waiting: Mapping[str, frozenset[int]],
    terms: Terms,
    now: dt.datetime,
) -> Iterator[tuple[Path, _Old]]:
    """Matrices of whole dates that some municipality's rule reaches, and those of reviewed cases, which go by the
    archive's term."""
    for matrix in sorted((settings.home / "features").glob("????-??-??/matrix.parquet")):
        day = dt.date.fromisoformat(matrix.parent.name)
        due = {town: rule for town, rule in rules.items() if day < rule.before}
        if due:
            rule = "; ".join(sorted({str(rule) for rule in due.values()}))
            yield matrix, _Old(rule, lambda table, due=due: _stays(table, due, keep))  # type: ignore[misc]
    before = months_before(now.date(), 12 * terms.archive_years)
    rule = f"reviewed before {before.isoformat()}, {terms.archive_years} years"
    for matrix in sorted((settings.home / "features").glob("*-????-??-??/matrix.parquet")):
        yield matrix, _Old(rule, lambda table: _reviewed_stays(table, before, waiting))


def _stays(table: pa.Table, due: Mapping[str, Rule], keep: Mapping[str, frozenset[int]]) -> pa.Table:
    stays = [
        town not in due or case in keep[town]
        for case, town in zip(table["case_id"].to_pylist(), table["municipality"].to_pylist(), strict=True)
    ]
    return table.filter(pa.array(stays, pa.bool_()))


def _reviewed_stays(table: pa.Table, before: dt.date, waiting: Mapping[str, frozenset[int]]) -> pa.Table:
    columns = (table[name].to_pylist() for name in ("case_id", "municipality", "as_of"))
    stays = [day >= before or case in waiting.get(town, ()) for case, town, day in zip(*columns, strict=True)]
    return table.filter(pa.array(stays, pa.bool_()))


def _expire_files(settings: Settings, terms: Terms, now: dt.datetime) -> dict[str, int]:
    """Pattern of pipelines/stores.py -> files that went: delivered files that are in the lake, and what one piece of
    work left behind."""
    gone = dict.fromkeys((LEFT_BEHIND, UNLOADED, DELIVERIES), 0)
    for pattern, path in _left_behind(settings, now):
        path.unlink(missing_ok=True)
        gone[pattern] += 1
    for path in _old_deliveries(settings, terms, now):
        path.unlink(missing_ok=True)
        gone[DELIVERIES] += 1
    return gone


def _left_behind(settings: Settings, now: dt.datetime) -> Iterator[tuple[str, Path]]:
    before = (now - dt.timedelta(days=1)).timestamp()
    for name in sorted(files_below(settings)):
        if name.startswith(("features/", "unloaded/")):
            store, path = store_of_file(name), settings.home / name
            if store is not None and store.where in (LEFT_BEHIND, UNLOADED) and path.stat().st_mtime < before:
                yield store.where, path


def _old_deliveries(settings: Settings, terms: Terms, now: dt.datetime) -> list[Path]:
    """Delivered files whose content is in the lake since longer than the term. Others wait for somebody: they are
    refused or held, or were never brought in."""
    before = stored(now - dt.timedelta(days=terms.delivery_days))
    with reading(engine_of(settings.database)) as session:
        rows = session.execute(
            select(Delivery.file_name, Delivery.sha256).where(
                Delivery.status == "published", Delivery.published_at < before
            )
        ).all()
    return delivered_files(terms.deliveries, rows)


def _proof(
    settings: Settings,
    rules: Mapping[str, Rule],
    keep: Mapping[str, frozenset[int]],
    waiting: Mapping[str, frozenset[int]],
    terms: Terms,
    now: dt.datetime,
) -> dict[str, Any]:
    """{"made_at", "terms", "places": [{place, term, there, overdue}], "not_written_down", "backups"}: what is there now
    and what should be gone and is not, looked up anew in every place."""
    overdue: Counter[str] = Counter()
    with reading(engine_of(settings.database)) as session:
        for town, rule in rules.items():
            cases = keep.get(town, frozenset())
            overdue.update(overdue_in(session, town, rule, cases, terms.archive_years, now))
        there = rows_held(session)
        backups = [one.result for one in session.scalars(select(Step).where(Step.name.startswith(BACKUP_STEP)))]
    files, strange = files_held(settings)
    there |= files
    for matrix, old in _old_matrices(settings, {t: rules[t] for t in keep}, keep, waiting, terms, now):
        table = pq.read_table(matrix, columns=["case_id", "municipality", "as_of"])
        store = store_of_file(matrix.relative_to(settings.home).as_posix())
        overdue[store.where if store else ""] += len(table) - len(old.stays(table))
    for pattern, _ in _left_behind(settings, now):
        overdue[pattern] += 1
    overdue[DELIVERIES] += len(_old_deliveries(settings, terms, now))
    overdue["mlruns/*"] = sum(
        "case_id" in pq.read_schema(path).names for path in settings.mlruns.rglob("*.parquet") if path.is_file()
    )
    persons = len(ended_benefits(settings, terms.archive_years, now).persons)
    for place in (LAKE, "identity"):
        overdue[place] += persons
    there[BACKUPS.where] = sum(one["backups"] for one in backups)
    overdue[BACKUPS.where] = sum(dt.date.fromisoformat(one["first_expires_on"]) < now.date() for one in backups)
    places = [
        {"place": one.where, "term": one.term, "there": there.get(one.where, 0), "overdue": overdue[one.where]}
        for one in every()
    ]
    places.append(
        {"place": "mlruns/*", "term": "never: no case is kept there", "there": 0, "overdue": overdue["mlruns/*"]}
    )
    return {
        "made_at": now.isoformat(timespec="seconds"),
        "terms": {
            "not_selected": {town: str(rule) for town, rule in rules.items()},
            "archive_years": terms.archive_years,
            "delivery_days": terms.delivery_days,
        },
        "places": places,
        "not_written_down": strange,
        "backups": backups,
    }


def _deleted(
    rows: Iterable[Mapping[str, Any]],
    files: Iterable[Mapping[str, Any]],
    gone: Mapping[str, int],
    ended: Mapping[str, Any],
) -> dict[str, int]:
    """What went in this run, by what it was; rows of a table, rows of matrices, files."""
    total: Counter[str] = Counter()
    for row in rows:
        total.update({name: count for name, count in row.items() if isinstance(count, int)})
    total["matrix_rows"] = sum(one["rows"] for one in files)
    total.update({f"files of {pattern}": count for pattern, count in gone.items()})
    total.update({f"ended benefits: {name}": count for name, count in ended.items() if isinstance(count, int)})
    return dict(total)


def _written_proof(settings: Settings, proof: Mapping[str, Any], towns: Iterable[str], now: dt.datetime) -> None:
    """The proof as a file; where something went, its hash stands in the log of every municipality."""
    folder = settings.home / "proofs"
    folder.mkdir(exist_ok=True, mode=0o700)
    path = folder / f"retention-{now.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(proof, indent=1) + "\n", encoding="utf-8")
    sync(path)
    if not any(proof["deleted"].values()):
        return
    details = {"file": path.name, "sha256": sha256_of(path), "deleted": proof["deleted"]}
    with writing(engine_of(settings.database)) as session:
        for town in towns:
            audit.append(
                session, town, "system", "service", "retention_proved", f"municipality:{town}", "retention", details,
                at=now,
            )  # fmt: skip
