"""A backup is whole, carries no key, costs only what is new, and a restored service is the same one (R32)."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from sqlalchemy import text

from enforcement.database import engine_of, writing
from enforcement.settings import Settings
from pipelines.backup import EXPIRED, FILES, BackupError, backup, expire, restore, verified
from pipelines.lake import Lake
from tests.enforcement.province import NOW, candidates, drawn, service
from tests.pipelines.deliveries import BSN, ENVIRONMENT, KEYS, benefit, found, income, person, world


def settings_in(home: Path) -> Settings:
    home.mkdir(exist_ok=True)
    return Settings(home, 8080, f"sqlite:///{home / 'service.db'}", home / "mlruns", demo=True)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    chosen = settings_in(tmp_path / "home")
    service(chosen.home)
    with writing(engine_of(chosen.database)) as session:
        drawn(session, candidates(40))
    publish(chosen, "first", person(birth_place="0917"), benefit())
    (chosen.home / "mlruns").mkdir()
    (chosen.home / "mlruns" / "model.json").write_text("{}")
    return chosen


def publish(settings: Settings, name: str, *records: object) -> None:
    path = settings.home.parent / name
    path.write_text(name)
    report = Lake(settings, seed=1, keys=KEYS).publish(found(*records), path=path, municipality="0917")  # type: ignore[arg-type]
    assert report.status == "published"


def test_r32_what_is_restored_is_the_same_and_its_log_holds(settings: Settings, tmp_path: Path) -> None:
    made = backup(settings, tmp_path / "backups", NOW)
    fresh = settings_in(tmp_path / "fresh")
    told = restore(fresh, tmp_path / "backups")
    assert told["files"] == made["files"]
    assert told["entries"] == verified(settings) > 0
    assert world(Lake(fresh, keys=KEYS)) == world(Lake(settings, keys=KEYS))
    assert (fresh.mlruns / "model.json").read_text() == "{}"
    publish(fresh, "second", income())


def test_r32_no_key_is_in_a_backup(settings: Settings, tmp_path: Path) -> None:
    (settings.keys / "draw-2026.key").write_bytes(b"d" * 32)
    backup(settings, tmp_path / "backups", NOW)
    keys = {path.read_bytes().strip() for path in settings.keys.iterdir()}
    assert keys
    content = b"".join(path.read_bytes() for path in (tmp_path / "backups").rglob("*") if path.is_file())
    assert not [key for key in keys if key in content]
    assert BSN.encode() not in content


def test_the_next_backup_copies_only_what_is_new(settings: Settings, tmp_path: Path) -> None:
    first = backup(settings, tmp_path / "backups", NOW)
    assert first["copied"] == first["files"]
    assert backup(settings, tmp_path / "backups", NOW + dt.timedelta(minutes=5))["copied"] == 0
    publish(settings, "second", income())
    third = backup(settings, tmp_path / "backups", NOW + dt.timedelta(minutes=10))
    assert (third["copied"], third["files"]) == (1, first["files"] + 1)


def test_an_older_backup_can_be_chosen(settings: Settings, tmp_path: Path) -> None:
    first = backup(settings, tmp_path / "backups", NOW)
    publish(settings, "second", income())
    backup(settings, tmp_path / "backups", NOW + dt.timedelta(minutes=5))
    fresh = settings_in(tmp_path / "fresh")
    restore(fresh, Path(first["backup"]))
    assert "incomes" not in Lake(fresh, keys=KEYS).parts()


@pytest.mark.parametrize("harm", ["altered", "missing", "database"])
def test_r32_a_backup_that_is_not_whole_is_refused(settings: Settings, tmp_path: Path, harm: str) -> None:
    place = Path(backup(settings, tmp_path / "backups", NOW)["backup"])
    manifest = json.loads((place / "manifest.json").read_text())
    victim = tmp_path / "backups" / FILES / next(iter(manifest["files"].values()))["sha256"]
    if harm == "altered":
        victim.write_bytes(victim.read_bytes()[:-1] + b"x")
    elif harm == "missing":
        victim.unlink()
    else:
        (place / "database.sqlite").write_bytes(b"no database")
    with pytest.raises(BackupError, match="take another backup"):
        restore(settings_in(tmp_path / "fresh"), tmp_path / "backups")


def test_r32_a_log_that_was_bent_is_found(settings: Settings) -> None:
    with engine_of(settings.database).begin() as connection:
        for (name,) in connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
            connection.execute(text(f'DROP TRIGGER "{name}"'))
        connection.execute(text("UPDATE event SET body = replace(body, 'system', 'nobody') WHERE number = 1"))
    with pytest.raises(BackupError, match="log does not hold"):
        verified(settings)


def test_r21_a_backup_lives_for_its_days_and_its_end_is_written_down(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    first = backup(settings, folder, NOW, keep_days=30)
    (settings.mlruns / "model.json").write_text('{"another": true}')
    kept = backup(settings, folder, NOW + dt.timedelta(days=20), keep_days=30)
    assert (kept["expired"], len(list((folder / FILES).iterdir()))) == (0, first["files"] + 1)
    broken_off = folder / ".20261201T000000Z"
    broken_off.mkdir()
    last = backup(settings, folder, NOW + dt.timedelta(days=31), keep_days=30)
    assert (last["expired"], last["files_deleted"]) == (1, 1), "the file that only the first one named"
    assert not Path(first["backup"]).exists()
    assert not broken_off.exists()
    [line] = [json.loads(one) for one in (folder / EXPIRED).read_text().splitlines()]
    assert (line["backup"], line["rule"]) == (Path(first["backup"]).name, "backups live 30 days")
    fresh = settings_in(tmp_path / "fresh")
    assert restore(fresh, Path(kept["backup"]))["files"] == first["files"]
    gone = expire(settings, folder, NOW + dt.timedelta(days=90), keep_days=30)
    assert (gone["expired"], gone["oldest"]) == (2, None)
    assert list((folder / FILES).iterdir()) == []


def test_nothing_is_written_over(settings: Settings, tmp_path: Path) -> None:
    backup(settings, tmp_path / "backups", NOW)
    with pytest.raises(BackupError, match="empty WEEGSCHAAL_HOME"):
        restore(settings, tmp_path / "backups")
    with pytest.raises(BackupError, match="no backup"):
        restore(settings_in(tmp_path / "fresh"), tmp_path)
