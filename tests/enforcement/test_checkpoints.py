"""Up to the last checkpoint every change of the log is caught, also by someone who can write all of it anew (R15)."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

import weegschaal_verify
from enforcement import audit
from enforcement.checkpoints import (
    FILE,
    PUBLIC,
    LogBrokenError,
    last_sealed,
    public_of,
    seal,
    seal_all,
    signing_key,
)
from enforcement.database import reading, writing
from tests.databases import on_sqlite
from tests.enforcement.province import HEERLEN, MAASTRICHT, NOW, service
from weegschaal_verify import BROKEN, HOLDS, NOT_GENUINE, NOT_THE_SEALED, Checkpoint, Entry, judge, signed_checkpoints

PROOF = os.environ.get("WEEGSCHAAL_PROOF") == "1"
SEALED, ALL = 30, 40
MINUTE = dt.timedelta(minutes=1)


def write(engine: Engine, n: int, municipality: str = HEERLEN) -> None:
    with writing(engine) as session:
        for i in range(n):
            audit.append(
                session, municipality, "officer", "officer", "case_read", f"case:{i}", "review", {"n": i}, at=NOW
            )


def sealed(engine: Engine, folder: Path, key: Ed25519PrivateKey, now: dt.datetime = NOW) -> int | None:
    with reading(engine) as session:
        made = seal(session, HEERLEN, folder, key, now)
    return made.number if made else None


@pytest.fixture
def key(tmp_path: Path) -> Ed25519PrivateKey:
    return signing_key(tmp_path / "keys")


def test_a_checkpoint_is_made_when_something_was_added(tmp_path: Path, key: Ed25519PrivateKey) -> None:
    engine, folder = service(tmp_path), tmp_path / "checkpoints"
    assert sealed(engine, folder, key) is None
    write(engine, 3)
    assert [sealed(engine, folder, key), sealed(engine, folder, key, NOW + MINUTE)] == [3, None]
    write(engine, 2)
    assert sealed(engine, folder, key, NOW + 2 * MINUTE) == 5
    points = signed_checkpoints(folder / HEERLEN / FILE, (folder / HEERLEN / PUBLIC).read_text().strip())
    assert [point.number for point in points] == [3, 5]
    found = last_sealed(folder, HEERLEN)
    assert found is not None
    assert (found.number, found.previous != audit.GENESIS) == (5, True)
    assert last_sealed(folder, MAASTRICHT) is None


@pytest.mark.parametrize("earlier", [0, 1, 20])
def test_a_checkpoint_that_was_half_written_does_not_stop_the_next(
    tmp_path: Path, key: Ed25519PrivateKey, earlier: int
) -> None:
    """The disk was full, or the machine stopped, in the middle of the line."""
    engine, folder = service(tmp_path), tmp_path / "checkpoints"
    for minute in range(earlier + 1):
        write(engine, 1)
        sealed(engine, folder, key, NOW + minute * MINUTE)
    path = folder / HEERLEN / FILE
    whole = path.read_bytes()
    for cut in (1, 40, 300):
        path.write_bytes(whole[:-cut])
        last = last_sealed(folder, HEERLEN)
        assert (last.number if last else 0) == earlier
        write(engine, 1)
        end = sealed(engine, folder, key, NOW + 60 * MINUTE)
        points = signed_checkpoints(path, public_of(key))
        assert [point.number for point in points] == [*range(1, earlier + 1), end]


def test_each_municipality_has_its_own_folder(tmp_path: Path, key: Ed25519PrivateKey) -> None:
    engine = service(tmp_path)
    write(engine, 2)
    write(engine, 3, MAASTRICHT)
    made = seal_all(engine, tmp_path / "checkpoints", key, NOW)
    assert {one.municipality: one.number for one in made} == {HEERLEN: 2, MAASTRICHT: 3}
    assert {path.name for path in (tmp_path / "checkpoints").iterdir()} == {HEERLEN, MAASTRICHT}


@on_sqlite
@pytest.mark.parametrize(
    "forgery",
    [
        "UPDATE event SET hash = 'x' WHERE number = 3",
        "DELETE FROM event WHERE number = 4",
        "DELETE FROM event WHERE number > 2",
        "UPDATE event SET body = replace(body, 'officer', 'manager') WHERE number = 5",
    ],
)
def test_r15_what_does_not_continue_is_not_sealed(tmp_path: Path, key: Ed25519PrivateKey, forgery: str) -> None:
    engine, folder = service(tmp_path), tmp_path / "checkpoints"
    write(engine, 3)
    sealed(engine, folder, key)
    before = (folder / HEERLEN / FILE).read_bytes()
    write(engine, 3)
    with writing(engine) as session:
        for change in ("update", "delete"):
            session.execute(text(f"DROP TRIGGER event_no_{change}"))
        session.execute(text(forgery))
    with pytest.raises(LogBrokenError, match="nothing was sealed"):
        sealed(engine, folder, key)
    assert (folder / HEERLEN / FILE).read_bytes() == before


# What a forger can do with the whole log in hand. Each gets the entries and dice, and gives a changed log.
Forgery = Callable[[list[Entry], random.Random], list[Entry]]


def bound(entry: Entry, **changed: object) -> Entry:
    """An entry whose body and hash fit its columns again."""
    entry = entry._replace(**changed)  # type: ignore[arg-type]
    body = json.loads(entry.body) | {"number": entry.number, "previous": entry.previous, "object": entry.object}
    made = rfc8785.dumps(body).decode()
    return entry._replace(body=made, hash=hashlib.sha256(made.encode()).hexdigest())


def edit(log: list[Entry], dice: random.Random) -> list[Entry]:
    at, name = dice.randrange(SEALED), dice.choice(Entry._fields)
    if name == "number":
        log[at] = log[at]._replace(number=log[at].number + dice.choice((-2, -1, 1, 2, 100)))
    else:
        old: str = getattr(log[at], name)
        place = dice.randrange(len(old))
        letter = dice.choice([one for one in '0123456789abcdef}{"é' if one != old[place]])
        log[at] = log[at]._replace(**{name: old[:place] + letter + old[place + 1 :]})
    return log


def edit_with_a_fitting_hash(log: list[Entry], dice: random.Random) -> list[Entry]:
    at = dice.randrange(SEALED)
    log[at] = bound(log[at], object=f"case:{dice.randrange(1000, 9999)}")
    return log


def delete(log: list[Entry], dice: random.Random) -> list[Entry]:
    at = dice.randrange(SEALED)
    return log[:at] + log[at + dice.randint(1, 3) :]


def swap(log: list[Entry], dice: random.Random) -> list[Entry]:
    one, two = dice.sample(range(SEALED), 2)
    log[one], log[two] = log[two], log[one]
    return log


def swap_the_numbers_too(log: list[Entry], dice: random.Random) -> list[Entry]:
    one, two = dice.sample(range(SEALED), 2)
    log[one], log[two] = (
        bound(log[two], number=log[one].number, previous=log[one].previous),
        bound(log[one], number=log[two].number, previous=log[two].previous),
    )
    return log


def truncate(log: list[Entry], dice: random.Random) -> list[Entry]:
    return log[: dice.randrange(SEALED)]


def fork(log: list[Entry], dice: random.Random) -> list[Entry]:
    at = dice.randrange(SEALED)
    return [*log[: at + 1], bound(log[at], object="case:forked"), *log[at + 1 :]]


def chained(entries: list[Entry], first: Entry | None) -> list[Entry]:
    """A whole chain made anew: every number, hash and body fits."""
    made: list[Entry] = []
    before = first
    for entry in entries:
        number, previous = (before.number + 1, before.hash) if before else (1, weegschaal_verify.GENESIS)
        before = bound(entry, number=number, previous=previous)
        made.append(before)
    return made


def rechain(log: list[Entry], dice: random.Random) -> list[Entry]:
    at = dice.randrange(SEALED)
    rest = list(log[at:])
    kind = dice.randrange(3)
    if kind == 0:
        rest[0] = rest[0]._replace(object=f"case:{dice.randrange(1000, 9999)}")
    elif kind == 1:
        rest.pop(0)
    else:
        rest.insert(0, rest[0]._replace(object="case:added"))
    return log[:at] + chained(rest, log[at - 1] if at else None)


FORGERIES: tuple[Forgery, ...] = (
    edit, edit_with_a_fitting_hash, delete, swap, swap_the_numbers_too, truncate, fork, rechain,
)  # fmt: skip


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> list[Entry]:
    folder = tmp_path_factory.mktemp("log")
    engine = service(folder)
    write(engine, ALL)
    with reading(engine) as session:
        audit.export(session, HEERLEN, folder / "log.jsonl")
    return list(weegschaal_verify.entries(folder / "log.jsonl"))


@pytest.mark.parametrize("forgery", FORGERIES)
def test_r15_every_forgery_up_to_the_checkpoint_is_caught(log: list[Entry], forgery: Forgery) -> None:
    point = Checkpoint(HEERLEN, SEALED, log[SEALED - 1].hash)
    dice = random.Random(forgery.__name__)
    for _ in range((50_000 if PROOF else 800) // len(FORGERIES)):
        changed = forgery(list(log), dice)
        if changed != log:
            assert judge(changed, [point]).code in (BROKEN, NOT_THE_SEALED)


def test_r15_a_chain_made_anew_fits_in_itself_and_is_caught_by_the_checkpoint_only(log: list[Entry]) -> None:
    changed = log[:5] + chained([log[5]._replace(object="case:other"), *log[6:]], log[4])
    assert judge(changed).code == HOLDS
    assert judge(changed, [Checkpoint(HEERLEN, SEALED, log[SEALED - 1].hash)]).code == NOT_THE_SEALED


def test_r15_what_is_not_sealed_yet_is_counted(log: list[Entry]) -> None:
    point = Checkpoint(HEERLEN, SEALED, log[SEALED - 1].hash)
    for length in range(SEALED, ALL + 1):
        verdict = judge(log[:length], [point])
        assert (verdict.code, verdict.last[HEERLEN].number - verdict.sealed[HEERLEN]) == (HOLDS, length - SEALED)


def test_r15_two_checkpoints_that_contradict_each_other_are_noticed(log: list[Entry]) -> None:
    points = [Checkpoint(HEERLEN, SEALED, log[SEALED - 1].hash), Checkpoint(HEERLEN, SEALED, "f" * 64)]
    assert judge(log, points).code == NOT_THE_SEALED


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    verifier = Path(weegschaal_verify.__file__)
    command = [sys.executable, "-I", str(verifier), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_r15_the_verifier_has_an_answer_of_its_own_for_each_way_to_go_wrong(
    tmp_path: Path, key: Ed25519PrivateKey
) -> None:
    engine, folder = service(tmp_path), tmp_path / "checkpoints"
    for minute in range(3):
        write(engine, 2)
        sealed(engine, folder, key, NOW + minute * MINUTE)
    write(engine, 4)
    exported = tmp_path / "log.jsonl"
    with reading(engine) as session:
        audit.export(session, HEERLEN, exported)
    file, public = folder / HEERLEN / FILE, folder / HEERLEN / PUBLIC
    told = run(exported, "--checkpoints", file, "--public-key", public)
    assert (told.returncode, "not sealed yet: 4" in told.stdout) == (HOLDS, True), told.stderr

    lines, points = exported.read_text().splitlines(True), file.read_text().splitlines(True)
    exported.write_text("".join(lines[:3] + lines[4:]))
    assert run(exported, "--checkpoints", file, "--public-key", public).returncode == BROKEN
    exported.write_text("".join(lines[:5]))
    assert run(exported, "--checkpoints", file, "--public-key", public).returncode == NOT_THE_SEALED
    exported.write_text("".join(lines))
    for forged in (points[1:], [points[0], points[2]], [points[0].replace("0917", "0935"), *points[1:]]):
        file.write_text("".join(forged))
        assert run(exported, "--checkpoints", file, "--public-key", public).returncode == NOT_GENUINE
    file.write_text("".join(points))
    other = public_of(Ed25519PrivateKey.generate())
    assert run(exported, "--checkpoints", file, "--public-key", other).returncode == NOT_GENUINE
    assert run(exported, "--checkpoints", tmp_path / "absent", "--public-key", public).returncode == 2
    assert run(exported, "--checkpoints", file).returncode == 2


@settings(max_examples=200 if PROOF else 20, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 63), st.integers(1, 255))
def test_signatures_are_checked_as_the_library_does(message: bytes, at: int, flip: int) -> None:
    private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(message).digest())
    public, signature = bytes.fromhex(public_of(private)), private.sign(message)
    assert weegschaal_verify.signed(public, message, signature)
    changed = bytes(one ^ flip if place == at else one for place, one in enumerate(signature))
    assert not weegschaal_verify.signed(public, message, changed)
    assert not weegschaal_verify.signed(public, message + b"x", signature)
