"""What the service bears: the real mix of requests at 65, 200 and 400 a second, and a worklist of 100,000 cases.

    .venv/bin/python -m benchmarks.service
    .venv/bin/python -m benchmarks.service --databases sqlite --seconds 10

A made-up province of 24,000 scored cases with 120 people who are signed in, on SQLite and on a PostgreSQL of the
benchmark's own (a folder, a socket, removed at the end). The service runs in a process of its own and the load comes
from another, over loopback. Requests start when they are due, however slow the answers are, and their time counts from
then. Afterwards everything that was answered with 200 is looked for in the database: what is not there is a lost
write. Processor time is that of the service's processes; on a shared machine it says more than the clock.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import json
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import Engine, event, func, insert, select

from api.security import SECURE_COOKIE, masked
from enforcement import audit
from enforcement.access import Role, Viewer
from enforcement.database import acting_for, engine_of, reading, writing
from enforcement.settings import WORKERS
from enforcement.tables import Case, CaseNote, Draw, Finding, Grant, Score, User
from enforcement.users import sign_in
from enforcement.worklist import worklist
from tests.api.builders import HEERLEN, MAASTRICHT, REASONING, fill
from tests.postgres.server import binaries, running

CASES, PEOPLE, LONG = 24_000, 120, 100_000
RATES = ((65, 300), (200, 800), (400, None))
"""requests a second, and the milliseconds that p95 may take; beyond the last it may refuse, and nothing else"""
MIX = (("list", 45), ("case", 20), ("relations", 15), ("claim", 8), ("findings", 6), ("note", 6))
"""what people ask for, in percent; reading a case or its relations writes the log too"""
WRITES = {"claim": 200, "findings": 200, "note": 201}


@dataclass(frozen=True)
class Person:
    user: str
    municipality: str
    cookie: str
    csrf: str
    cases: list[str]


@dataclass
class Seen:
    """Answers of a run: (kind, status, milliseconds)."""

    answers: list[tuple[str, int, float]] = field(default_factory=list)

    def part(self, share: float, kind: str | None = None) -> float:
        taken = sorted(ms for one, status, ms in self.answers if status < 300 and kind in (None, one))
        return taken[min(len(taken) - 1, int(share * len(taken)))] if taken else float("nan")


class Line:
    """A kept-alive connection that speaks just enough HTTP/1.1: the load may not cost more than the service."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> tuple[int, bytes]:
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self.port)
        named = headers | {"host": f"127.0.0.1:{self.port}", "content-length": str(len(body))}
        head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in named.items())
        try:
            self._writer.write(head.encode() + b"\r\n" + body)
            told = await asyncio.wait_for(self._reader.readuntil(b"\r\n\r\n"), 30)
            size = re.search(rb"content-length: (\d+)", told.lower())
            content = await self._reader.readexactly(int(size[1])) if size else b""
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            self._reader = None
            return 0, b""
        return int(told[9:12]), content


async def visit(person: Person, port: int, starts: list[float], seen: Seen, seed: int) -> None:
    """One person's requests; what was claimed gets findings later, as in an office."""
    dice, line = random.Random(seed), Line(port)
    headers = {"cookie": f"{SECURE_COOKIE}={person.cookie}", "accept-encoding": "gzip"}
    meant = headers | {"origin": f"http://127.0.0.1:{port}", "x-csrf-token": masked(person.csrf)}
    sent = meant | {"content-type": "application/json"}
    in_hand: list[tuple[str, int]] = []
    for due in starts:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        kind = dice.choices([name for name, _ in MIX], [share for _, share in MIX])[0]
        if kind in ("findings", "note") and not in_hand:
            kind = "claim"
        number = dice.choice(person.cases)
        if kind == "list":
            status, _ = await line.ask("GET", "/api/v1/worklist", headers)
        elif kind == "case":
            status, _ = await line.ask("GET", f"/api/v1/cases/{number}", headers)
        elif kind == "relations":
            status, _ = await line.ask("GET", f"/api/v1/cases/{number}/relations", headers)
        elif kind == "claim":
            status, answer = await line.ask("POST", "/api/v1/worklist/next", meant)
            if status == 200:
                told = json.loads(answer)
                in_hand.append((told["number"], told["version"]))
        elif kind == "note":
            body = json.dumps({"text": "Gebeld; het huurcontract komt vrijdag."}).encode()
            status, _ = await line.ask("POST", f"/api/v1/cases/{in_hand[0][0]}/notes", sent, body)
        else:
            number, version = in_hand[0]
            body = json.dumps({"cause": "nothing_irregular", "effect": "none", "reasoning": REASONING}).encode()
            path = f"/api/v1/cases/{number}/findings"
            status, _ = await line.ask("POST", path, sent | {"if-match": f'"{version}"'}, body)
            if status == 200:
                in_hand.pop(0)
        seen.answers.append((kind, status, (time.perf_counter() - due) * 1000))


async def load(people: list[Person], port: int, rate: float, seconds: float, seed: int) -> Seen:
    """Everybody's requests, spread evenly over the seconds."""
    seen, begin = Seen(), time.perf_counter() + 0.5
    every = len(people) / rate
    rounds = max(1, int(seconds / every))
    starts = [[begin + (turn + place / len(people)) * every for turn in range(rounds)] for place in range(len(people))]
    pairs = enumerate(zip(people, starts, strict=True))
    await asyncio.gather(*(visit(one, port, due, seen, seed + i) for i, (one, due) in pairs))
    return seen


def generate(told: Path) -> None:
    """The process of the load: reads what to do, writes what it saw."""
    order = json.loads(told.read_text())
    people = [Person(**one) for one in order["people"]]
    seen = asyncio.run(load(people, order["port"], order["rate"], order["seconds"], order["seed"]))
    told.with_suffix(".seen").write_text(json.dumps(seen.answers))


def provinces_people(database: str) -> list[Person]:
    """120 officers of two municipalities, signed in, with the open cases of their list."""
    engine, now = engine_of(database), dt.datetime.now(dt.UTC)
    people = []
    with writing(engine) as session:
        listed: dict[str, list[str]] = {}
        for town in (HEERLEN, MAASTRICHT):
            query = select(Case.number).where(Case.municipality == town, Case.blind.is_(False)).order_by(Case.position)
            listed[town] = list(session.scalars(query.limit(1000)))
        for n in range(PEOPLE):
            user, town = f"person{n}", (HEERLEN, MAASTRICHT)[n % 2]
            session.add(User(id=user, name=f"Medewerker {n}"))
            session.flush()
            session.add(Grant(user_id=user, municipality=town, role=Role.OFFICER.value))
            session.flush()
            one = sign_in(session, user, town, Role.OFFICER, now)
            people.append(Person(user, town, one.token, one.csrf, listed[town]))
    return people


@contextmanager
def serving(home: Path, database: str, workers: int) -> Iterator[tuple[int, psutil.Process]]:
    """The service on a free port of this machine; ended by its id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [str(Path(sys.executable).with_name("weegschaal")), "serve", "--port", str(port)]
    command += ["--workers", str(workers)]
    environment = os.environ | {"WEEGSCHAAL_HOME": str(home), "WEEGSCHAAL_DATABASE": database, "WEEGSCHAAL_DEMO": "1"}
    service = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
    try:
        for _ in range(240):
            time.sleep(0.25)
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
        yield port, psutil.Process(service.pid)
    finally:
        service.terminate()
        service.wait(30)


def processor(process: psutil.Process) -> float:
    """Processor seconds of a process and those it started."""
    return sum(sum(one.cpu_times()[:2]) for one in (process, *process.children(recursive=True)))


def kept(database: str) -> Counter[str]:
    """Writes that are in the database."""
    found: Counter[str] = Counter()
    for town in (HEERLEN, MAASTRICHT):
        with reading(acting_for(engine_of(database), town)) as session:
            found["findings"] += (
                session.scalar(select(func.count()).select_from(Finding).where(Finding.municipality == town)) or 0
            )
            found["note"] += (
                session.scalar(select(func.count()).select_from(CaseNote).where(CaseNote.municipality == town)) or 0
            )
            for one in audit.chain(session, town):
                found["claim"] += '"action":"case_claimed"' in one.body
            found["broken"] += len(audit.check(audit.chain(session, town)))
    return found


def long_list(folder: Path, database: str) -> tuple[float, int]:
    """p95 in milliseconds and statements of one page of a list of 100,000 cases, page after page."""
    engine, viewer = engine_of(database), Viewer("officer.heerlen", HEERLEN, Role.OFFICER)
    _lengthen(engine)
    statements = 0

    def counted(*_: Any) -> None:
        nonlocal statements
        statements += 1

    taken, after, most = [], None, 0
    seen: set[str] = set()
    event.listen(engine, "before_cursor_execute", counted)
    for _ in range(200):
        statements, began = 0, time.perf_counter()
        with reading(acting_for(engine, HEERLEN)) as session:
            page = worklist(session, viewer, after=after)
        taken.append((time.perf_counter() - began) * 1000)
        most, after = max(most, statements), page.after
        numbers = {one.number for one in page.items}
        if seen & numbers:
            raise RuntimeError("the cursor repeated a case")
        seen |= numbers
    event.remove(engine, "before_cursor_execute", counted)
    return sorted(taken)[int(0.95 * len(taken))], most


def _lengthen(engine: Engine) -> None:
    """Makes Heerlen's list 100,000 cases long, with scores: rows like its last."""
    with writing(engine) as session:
        draw = session.scalars(select(Draw).where(Draw.municipality == HEERLEN)).one()
        case = session.scalars(
            select(Case).where(Case.draw_id == draw.id).order_by(Case.position.desc()).limit(1)
        ).one()
        there = session.scalar(select(func.count()).select_from(Case).where(Case.draw_id == draw.id)) or 0
        score = session.get_one(Score, (draw.run_id, case.id))
        like_case = {one.key: getattr(case, one.key) for one in Case.__mapper__.column_attrs}
        like_score = {one.key: getattr(score, one.key) for one in Score.__mapper__.column_attrs}
        computed = {one.key for one in Score.__table__.columns if one.computed is not None}
        like_score = {name: value for name, value in like_score.items() if name not in computed}
        new = range(there, LONG)
        for start in range(0, len(new), 5000):
            some = new[start : start + 5000]
            session.execute(insert(Score), [like_score | {"case_id": 9_000_000 + n} for n in some])
            cases = [
                like_case | {"id": 9_000_000 + n, "number": f"2099-{n:06d}", "position": 10_000 + n, "state": "open"}
                for n in some
            ]
            session.execute(insert(Case), cases)


def measured(name: str, home: Path, database: str, chosen: argparse.Namespace, filler: str) -> None:
    fill(home, cases=CASES // 2, yearly_capacity=24_000, database=filler)
    people = provinces_people(filler)
    before = kept(filler)
    acknowledged: Counter[str] = Counter()
    with serving(home, database, chosen.workers) as (port, process):
        for seed, (rate, most) in enumerate(RATES):
            told = home / "order.json"
            order = {"people": [vars(one) for one in people], "port": port, "rate": rate, "seconds": chosen.seconds}
            told.write_text(json.dumps(order | {"seed": seed * 1000}))
            spent, began = processor(process), time.perf_counter()
            subprocess.run([sys.executable, "-m", "benchmarks.service", "--generate", str(told)], check=True)
            spent, clock = processor(process) - spent, time.perf_counter() - began
            seen = Seen([tuple(one) for one in json.loads(told.with_suffix(".seen").read_text())])
            statuses = Counter(status for _, status, _ in seen.answers)
            fine = sum(count for status, count in statuses.items() if 200 <= status < 300)
            shed = statuses[429] + statuses[503]
            # somebody who has no case left, or whose case a colleague's second look took: an answer, not an error
            errors = sum(count for status, count in statuses.items() if status == 0 or status >= 500) - statuses[503]
            for kind, status, _ in seen.answers:
                acknowledged[kind] += status == WRITES.get(kind)
            each = spent / max(1, len(seen.answers)) * 1000
            print(
                f"{name:<11} {rate:>6} {len(seen.answers):>8} {fine:>7} {shed:>6} {errors:>6} {seen.part(0.5):>8.0f}"
                f" {seen.part(0.95):>8.0f} {seen.part(0.99):>8.0f} {most or '-':>8} {each:>8.1f}"
                f" {spent / clock:>6.2f}  {dict(sorted(statuses.items()))}",
                flush=True,
            )
            if chosen.kinds:
                for kind, _ in MIX:
                    print(f"            {kind:<10} p50 {seen.part(0.5, kind):>7.0f}  p95 {seen.part(0.95, kind):>7.0f}")
    after = kept(filler)
    lost = {kind: acknowledged[kind] - (after[kind] - before[kind]) for kind in WRITES}
    print(
        f"{name:<11} writes answered {dict(acknowledged)}, not found back {lost}, faults in the log {after['broken']}"
    )
    taken, statements = long_list(home, filler)
    print(f"{name:<11} a page of {LONG:,} cases: p95 {taken:.0f} ms, {statements} statements")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    asked.add_argument("--seconds", type=float, default=30.0, help="of every rate")
    asked.add_argument("--workers", type=int, default=WORKERS, help="processes of the service")
    asked.add_argument("--kinds", action="store_true", help="times per kind of request too")
    asked.add_argument("--generate", type=Path, help=argparse.SUPPRESS)
    chosen = asked.parse_args()
    if chosen.generate:
        return generate(chosen.generate)
    print(
        f"{'database':<11} {'rate/s':>6} {'requests':>8} {'done':>7} {'shed':>6} {'errors':>6} {'p50 ms':>8}"
        f" {'p95 ms':>8} {'p99 ms':>8} {'p95 max':>8} {'cpu ms':>8} {'cores':>6}"
    )
    with tempfile.TemporaryDirectory(prefix="ww-load") as folder:
        if "sqlite" in chosen.databases:
            home = Path(folder) / "sqlite"
            measured(
                "sqlite", home, f"sqlite:///{home / 'weegschaal.db'}", chosen, f"sqlite:///{home / 'weegschaal.db'}"
            )
        if "postgresql" in chosen.databases:
            if binaries() is None:
                print("postgresql: not on this machine (apt-get install postgresql), so not measured")
                return None
            with running("-c synchronous_commit=on") as server:
                made = server.database()
                measured("postgresql", Path(folder) / "postgresql", made.service, chosen, made.pipeline)
    return None


if __name__ == "__main__":
    main()
