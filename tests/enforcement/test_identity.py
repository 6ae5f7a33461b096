"""The vault: numbers that mean nothing by themselves, and readings that are logged or do not happen."""

from __future__ import annotations

import base64
import hmac
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from enforcement import identity
from enforcement.database import engine_of, reading, writing
from enforcement.identity import RevealRefusedError, Vault
from enforcement.keys import KeyFileError, Keys
from enforcement.tables import Identity, Lookup

KEYS = Keys(master=b"m" * 32, lookup=b"l" * 32, sealed=b"s" * 32)


def vault_in(folder: Path, **more: Any) -> Vault:
    return Vault(engine_of(f"sqlite:///{folder / 'vault.db'}"), KEYS, **more)


def numbered(vault: Vault, kind: str, wanted: list[list[str]], municipality: str = "", **facts: str) -> list[int]:
    allocation = vault.allocation()
    numbers = allocation.numbers(kind, wanted, municipality)
    for number in numbers:
        allocation.learn(number, facts, authority=1, known_at="2026-01-01")
    with writing(vault.engine) as session:
        allocation.save(session)
    return numbers


def test_a_name_keeps_its_number_and_another_gets_another(tmp_path: Path) -> None:
    vault = vault_in(tmp_path)
    one, other = numbered(vault, "person", [["999990019"], ["999990202"]])
    assert one != other
    assert 0 <= one < 2**63
    assert numbered(vault, "person", [["999990202"], ["999990019"]]) == [other, one]
    assert vault.find("person", "999990019") == one
    assert vault.find("person", "123456782") is None


def test_numbers_are_random_unless_the_province_is_simulated(tmp_path: Path) -> None:
    draws = []
    for place, seed in (("a", None), ("b", None), ("c", 1), ("d", 1), ("e", 2)):
        (tmp_path / place).mkdir()
        draws.append(numbered(vault_in(tmp_path / place, seed=seed), "person", [["999990019"]]))
    a, b, c, d, e = draws
    assert a != b
    assert c == d
    assert d != e


def test_a_dossier_number_counts_within_its_municipality(tmp_path: Path) -> None:
    vault = vault_in(tmp_path)
    assert numbered(vault, "case", [["D1"]], "0917") != numbered(vault, "case", [["D1"]], "0935")


@pytest.mark.parametrize("length", [32, 64, 65, 200])
def test_a_look_up_is_the_hmac_of_kind_municipality_and_name(tmp_path: Path, length: int) -> None:
    key = bytes(range(length))
    vault = Vault(engine_of(f"sqlite:///{tmp_path / 'vault.db'}"), Keys(b"m" * 32, key, b"s" * 32))
    names = ["999990019", "A1234567890", "Café 12|b", ""]
    oracle = {name: hmac.digest(key, f"case:0917:{name}".encode(), "sha256") for name in names}
    assert vault.digests("case", names, "0917") == oracle


def test_names_that_are_too_many_to_remember_keep_their_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = vault_in(tmp_path)
    names = [[f"{number:09d}"] for number in range(40)]
    known = numbered(vault, "person", names[:20])
    monkeypatch.setattr(identity, "REMEMBERED", 3)
    allocation = vault.allocation()
    given = [allocation.numbers("person", names[first : first + 7])[0] for first in (0, 10, 20, 0, 20, 30)]
    assert given[0] == given[3] == known[0]
    assert given[1] == known[10]
    assert given[2] == given[4] != given[5]
    assert allocation.new == 14


def test_what_is_learnt_of_many_known_people_is_kept_of_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vault = vault_in(tmp_path)
    people = numbered(vault, "person", [[f"{number:09d}"] for number in range(30)], name="Jansen")
    monkeypatch.setattr(identity, "AT_ONCE", 4)
    allocation = vault.allocation()
    for number in people[::2]:
        allocation.learn(number, {"name": f"De Vries {number}"}, authority=2, known_at="2026-02-01")
    with writing(vault.engine) as session:
        allocation.save(session)
    told = {number: one.facts["name"][0] for number, one in vault._opened(people).items()}
    assert told == {n: "Jansen" if place % 2 else f"De Vries {n}" for place, n in enumerate(people)}


def test_several_names_lead_to_one_number(tmp_path: Path) -> None:
    vault = vault_in(tmp_path)
    (number,) = numbered(vault, "address", [["door:6001AB|1||"]])
    assert numbered(vault, "address", [["bag:0988", "door:6001AB|1||"]]) == [number]
    assert numbered(vault, "address", [["bag:0988"]]) == [number]


def test_nothing_is_stored_in_the_clear(tmp_path: Path) -> None:
    numbered(vault_in(tmp_path), "person", [["999990019"]], name="Zuiderwijk")
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"Zuiderwijk" not in content
    assert b"999990019" not in content


def test_later_deliveries_add_to_what_is_known_whatever_their_order(tmp_path: Path) -> None:
    told = [("J. Jansen", 1, "2026-05-01"), ("Jansen", 2, "2024-01-01"), ("Jansen-Smit", 2, "2025-01-01")]
    for place, order in enumerate((told, told[::-1])):
        (tmp_path / str(place)).mkdir()
        vault = vault_in(tmp_path / str(place), log=lambda **_: None)
        for name, authority, known_at in order:
            allocation = vault.allocation()
            (number,) = allocation.numbers("person", [["999990019"]])
            allocation.learn(number, {"name": name}, authority=authority, known_at=known_at)
            with writing(vault.engine) as session:
                allocation.save(session)
        assert vault.reveal([number], "dossier", "officer")[number]["name"] == "Jansen-Smit"


def test_r14_a_reading_is_logged_before_anything_is_shown(tmp_path: Path) -> None:
    entries: list[dict[str, Any]] = []
    vault = vault_in(tmp_path, log=lambda **entry: entries.append(entry))
    (number,) = numbered(vault, "person", [["999990019"]], name="Jansen")
    shown = vault.reveal([number, 5], "dossier", "officer")
    assert shown == {number: {"kind": "person", "names": ["999990019"], "name": "Jansen"}}
    assert entries == [{"actor": "officer", "purpose": "dossier", "ids": sorted([5, number])}]


def test_r14_without_the_log_a_reading_fails(tmp_path: Path) -> None:
    def down(**_: Any) -> None:
        raise OSError("disk full")

    (number,) = numbered(vault_in(tmp_path), "person", [["999990019"]])
    for vault in (vault_in(tmp_path, log=down), vault_in(tmp_path)):
        with pytest.raises(RevealRefusedError, match="nothing is shown"):
            vault.reveal([number], "dossier", "officer")
    logged = vault_in(tmp_path, log=lambda **_: None)
    for purpose, actor in (("", "officer"), ("dossier", "")):
        with pytest.raises(RevealRefusedError):
            logged.reveal([number], purpose, actor)


def test_a_payload_moved_to_another_number_does_not_open(tmp_path: Path) -> None:
    vault = vault_in(tmp_path, log=lambda **_: None)
    one, other = numbered(vault, "person", [["999990019"], ["999990202"]])
    with writing(vault.engine) as session:
        mine, theirs = session.get_one(Identity, one), session.get_one(Identity, other)
        mine.key, mine.payload = theirs.key, theirs.payload
    with pytest.raises(KeyFileError):
        vault.reveal([one], "dossier", "officer")


def test_look_up_needs_the_key(tmp_path: Path) -> None:
    vault = vault_in(tmp_path)
    numbered(vault, "person", [["999990019"]])
    other = Vault(vault.engine, Keys(KEYS.master, b"x" * 32, KEYS.sealed))
    assert other.find("person", "999990019") is None
    with pytest.raises(KeyFileError, match="look-up key"):
        other.prove()
    with pytest.raises(KeyFileError, match="master key"):
        Vault(vault.engine, Keys(b"x" * 32, KEYS.lookup, KEYS.sealed)).prove()
    vault.prove()


def test_nothing_is_written_before_save(tmp_path: Path) -> None:
    vault = vault_in(tmp_path)
    vault.allocation().numbers("person", [["999990019"]])
    with reading(vault.engine) as session:
        assert session.scalars(select(Identity.id)).all() == []
        assert session.scalars(select(Lookup.hmac)).all() == []


def test_keys_are_made_once_for_the_owner_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "keys"
    made = Keys.read(folder)
    assert "keep a copy apart" in capsys.readouterr().err
    assert Keys.read(folder) == made
    assert capsys.readouterr().err == ""
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert len({made.master, made.lookup, made.sealed}) == 3
    assert base64.b64encode(made.master).decode() not in repr(made)
    assert str(made.master) not in repr(made)


def test_a_key_that_others_can_read_or_that_is_too_short_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Keys.read(tmp_path)
    (tmp_path / "lookup.key").chmod(0o640)
    with pytest.raises(KeyFileError, match="chmod 600"):
        Keys.read(tmp_path)
    (tmp_path / "lookup.key").chmod(0o600)
    (tmp_path / "lookup.key").write_text(base64.b64encode(b"short").decode())
    with pytest.raises(KeyFileError, match="holds 5 bytes"):
        Keys.read(tmp_path)
    monkeypatch.setenv("WEEGSCHAAL_LOOKUP_KEY", "not base64!")
    with pytest.raises(KeyFileError, match="WEEGSCHAAL_LOOKUP_KEY is not base64"):
        Keys.read(tmp_path)
    monkeypatch.setenv("WEEGSCHAAL_LOOKUP_KEY", base64.b64encode(b"k" * 32).decode())
    assert Keys.read(tmp_path).lookup == b"k" * 32


def test_absent_keys_are_not_made_where_they_must_exist(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="restore it"):
        Keys.read(tmp_path, create=False)
    assert list(tmp_path.iterdir()) == []
