"""The log: whatever is changed in it shows, to the service and to the verifier that stands alone."""

from __future__ import annotations

import ast
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

import weegschaal_verify
from enforcement import audit
from enforcement.database import reading, writing
from enforcement.errors import LogUnavailableError
from enforcement.tables import Event
from tests.databases import on_sqlite
from tests.enforcement.province import HEERLEN, MAASTRICHT, NOW, service

VERIFIER = Path(weegschaal_verify.__file__)
ENTRIES = 12
CAUGHT = (weegschaal_verify.BROKEN, weegschaal_verify.NOT_THE_SEALED)


def write(session: Session, municipality: str, n: int) -> None:
    for i in range(n):
        audit.append(session, municipality, "officer", "officer", "case_read", f"case:{i}", "review", {"é": i}, at=NOW)


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("log")
    engine = service(folder)
    with writing(engine) as session:
        write(session, HEERLEN, ENTRIES)
    with reading(engine) as session:
        assert audit.export(session, HEERLEN, folder / "log.jsonl") == ENTRIES
    return (folder / "log.jsonl").read_text().splitlines()


def run(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", str(VERIFIER), str(path), *arguments], capture_output=True, text=True, check=False
    )


def judged(folder: Path, lines: list[str], checkpoints: list[weegschaal_verify.Checkpoint] | None = None) -> int:
    path = folder / "log.jsonl"
    path.write_text("".join(line + "\n" for line in lines))
    try:
        return weegschaal_verify.verify(path, checkpoints or [])
    except weegschaal_verify.UnreadableError:
        return weegschaal_verify.UNREADABLE


def in_service(lines: list[str]) -> list[str]:
    return audit.check([Event(**json.loads(line)) for line in lines])


def test_r15_an_untouched_log_holds(tmp_path: Path, lines: list[str]) -> None:
    assert judged(tmp_path, lines) == weegschaal_verify.HOLDS
    assert in_service(lines) == []
    numbers = [json.loads(line)["number"] for line in lines]
    assert numbers == list(range(1, ENTRIES + 1))
    assert json.loads(json.loads(lines[0])["body"])["previous"] == audit.GENESIS


Change = Callable[[dict[str, Any], st.DataObject], None]


def edit_body(entry: dict[str, Any], data: st.DataObject) -> None:
    body: str = entry["body"]
    at = data.draw(st.integers(0, len(body) - 1))
    letter = data.draw(st.characters(exclude_characters=body[at], codec="utf-8"))
    entry["body"] = body[:at] + letter + body[at + 1 :]


def edit_field(name: str) -> Change:
    def change(entry: dict[str, Any], data: st.DataObject) -> None:
        old = entry[name]
        new = st.integers(-5, 99) if isinstance(old, int) else st.text(max_size=70)
        entry[name] = data.draw(new.filter(lambda value: value != old))

    return change


def rehash(entry: dict[str, Any], data: st.DataObject) -> None:
    """The forger who knows how hashes are made: the body says something else and the hash fits it."""
    body = json.loads(entry["body"])
    body["actor"] = data.draw(st.text(max_size=20).filter(lambda name: name != "officer"))
    entry["body"] = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    entry["hash"] = weegschaal_verify.hashlib.sha256(entry["body"].encode()).hexdigest()


@given(data=st.data(), at=st.integers(0, ENTRIES - 1))
@pytest.mark.parametrize(
    "change", [edit_body, *(edit_field(name) for name in weegschaal_verify.FIELDS if name != "body")]
)
@settings(max_examples=60, deadline=None)
def test_r15_any_edit_of_one_row_is_caught(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], change: Change, data: st.DataObject, at: int
) -> None:
    entry = json.loads(lines[at])
    change(entry, data)
    changed = [*lines[:at], json.dumps(entry), *lines[at + 1 :]]
    assert judged(tmp_path_factory.getbasetemp(), changed) != weegschaal_verify.HOLDS
    assert in_service(changed)


@given(data=st.data(), at=st.integers(0, ENTRIES - 1))
@settings(max_examples=60, deadline=None)
def test_r15_an_edit_with_a_fitting_hash_is_caught_up_to_the_checkpoint(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], data: st.DataObject, at: int
) -> None:
    last = json.loads(lines[-1])
    entry = json.loads(lines[at])
    rehash(entry, data)
    changed = [*lines[:at], json.dumps(entry), *lines[at + 1 :]]
    sealed = [weegschaal_verify.Checkpoint(HEERLEN, ENTRIES, last["hash"])]
    assert judged(tmp_path_factory.getbasetemp(), changed, sealed) != weegschaal_verify.HOLDS
    assert (judged(tmp_path_factory.getbasetemp(), changed) == weegschaal_verify.BROKEN) == (at < ENTRIES - 1)


@given(st.integers(0, ENTRIES - 1), st.integers(1, ENTRIES))
def test_r15_deletion_and_truncation_are_caught(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], at: int, length: int
) -> None:
    cut = lines[:at] + lines[at + length :]
    last = json.loads(lines[-1])
    sealed = [weegschaal_verify.Checkpoint(HEERLEN, ENTRIES, last["hash"])]
    assert judged(tmp_path_factory.getbasetemp(), cut, sealed) in CAUGHT
    if at + length < ENTRIES:
        assert judged(tmp_path_factory.getbasetemp(), cut) == weegschaal_verify.BROKEN
        assert in_service(cut)


@given(st.lists(st.integers(0, ENTRIES - 1), min_size=2, max_size=2, unique=True))
def test_r15_a_swap_is_caught(tmp_path_factory: pytest.TempPathFactory, lines: list[str], pair: list[int]) -> None:
    swapped = list(lines)
    swapped[pair[0]], swapped[pair[1]] = lines[pair[1]], lines[pair[0]]
    assert judged(tmp_path_factory.getbasetemp(), swapped) == weegschaal_verify.BROKEN
    assert in_service(swapped)


@on_sqlite
def test_r15_the_verifier_has_three_answers_and_reads_the_database(tmp_path: Path) -> None:
    engine = service(tmp_path)
    with writing(engine) as session:
        write(session, HEERLEN, 5)
        write(session, MAASTRICHT, 3)
    database = tmp_path / "service.db"
    sound = run(database)
    assert sound.returncode == 0, sound.stderr
    assert "0917: 5 entries" in sound.stdout
    assert "not sealed yet: 3" in sound.stdout

    with sqlite3.connect(database) as raw:
        raw.execute("DROP TRIGGER event_no_update")
        raw.execute("UPDATE event SET body = replace(body, 'officer', 'manager') WHERE number = 2")
    raw.close()
    broken = run(database)
    assert (broken.returncode, "its body was changed" in broken.stderr) == (1, True)

    (tmp_path / "other.txt").write_text("no log at all\n")
    assert run(tmp_path / "other.txt").returncode == 2
    assert run(tmp_path / "absent").returncode == 2


def test_r15_the_verifier_says_how_much_is_not_sealed(tmp_path: Path, lines: list[str]) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text("".join(line + "\n" for line in lines))
    eighth = json.loads(lines[7])["hash"]
    assert "not sealed yet: 4" in run(path, "--checkpoint", f"0917:8:{eighth}").stdout
    assert run(path, "--checkpoint", f"0917:9:{eighth}").returncode == weegschaal_verify.NOT_THE_SEALED


def test_r15_the_verifier_imports_nothing_of_the_service() -> None:
    tree = ast.parse(VERIFIER.read_text())
    found = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    found |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in found} <= sys.stdlib_module_names


@on_sqlite
@pytest.mark.parametrize("statement", ["UPDATE event SET body = 'x'", "DELETE FROM event"])
def test_r15_the_table_is_insert_only(tmp_path: Path, statement: str) -> None:
    engine = service(tmp_path)
    with writing(engine) as session:
        write(session, HEERLEN, 1)
    with pytest.raises(IntegrityError, match="insert-only"), writing(engine) as session:
        session.execute(text(statement))


def test_r14_no_entry_is_made_where_it_would_be_lost(tmp_path: Path) -> None:
    engine = service(tmp_path)
    with reading(engine) as session, pytest.raises(LogUnavailableError):
        write(session, HEERLEN, 1)


def test_an_entry_is_kept_exactly_when_the_transaction_is(tmp_path: Path) -> None:
    engine = service(tmp_path)

    def fail_after_writing() -> None:
        with writing(engine) as session:
            write(session, HEERLEN, 3)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_after_writing()
    with writing(engine) as session:
        write(session, HEERLEN, 1)
        assert audit.length(session, HEERLEN) == 1
        assert audit.check(audit.chain(session, HEERLEN)) == []
