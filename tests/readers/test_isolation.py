"""A file is read in a process of its own: whatever happens there, the caller gets a reading or a refusal."""

import dataclasses
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.sources import duo, isolation
from pipelines.sources.isolation import Isolation, read_isolated
from pipelines.sources.reading import RefusedError

FIXTURES = Path(__file__).with_name("fixtures")
DUO = "pipelines.sources.duo"

MISBEHAVING = """
import os, time
from pathlib import Path
from pipelines.sources.reading import Reading, RefusedError
def read(path):
    what = Path(path).read_text()
    if what == "sleep":
        time.sleep(60)
    if what == "memory":
        hoard = [bytearray(2**24) for _ in range(10_000)]
    if what == "crash":
        os._exit(11)
    if what == "abort":
        os.abort()
    if what == "break":
        raise ValueError("999990019 is in the message")
    if what == "refuse":
        raise RefusedError("it is no delivery")
    return Reading(what, "key" if any("KEY" in name for name in os.environ) else "none", flags={"pid": os.getpid()})
"""


@pytest.fixture
def misbehaving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Isolation]:
    """A child whose readers include one that does what the file says."""
    (tmp_path / "misbehaving.py").write_text(MISBEHAVING)
    monkeypatch.setattr(
        isolation,
        "_PROGRAM",
        isolation._PROGRAM.replace("import sys\n", f"import sys\nsys.path.append({str(tmp_path)!r})\n", 1),
    )
    with Isolation(megabytes=200, seconds=1.5) as child:
        yield child


def told(folder: Path, what: str) -> Path:
    file = folder / "delivery.xml"
    file.write_text(what)
    return file


def test_a_reading_comes_through_unchanged():
    assert read_isolated(DUO, FIXTURES / "duo.xml") == duo.read(FIXTURES / "duo.xml")


def test_the_readers_can_be_chosen_by_content_in_the_child():
    assert read_isolated("pipelines.sources", FIXTURES / "duo.xml").source == "duo"


def test_many_small_files_share_one_process():
    read_isolated(DUO, FIXTURES / "duo.xml")
    begun = time.monotonic()
    for _ in range(100):
        read_isolated(DUO, FIXTURES / "duo.xml")
    assert time.monotonic() - begun < 5


def test_a_file_that_takes_too_long_is_refused_and_the_next_is_read(misbehaving: Isolation, tmp_path: Path):
    begun = time.monotonic()
    with pytest.raises(RefusedError, match=r"more than 1\.5 seconds"):
        misbehaving.read("misbehaving", told(tmp_path, "sleep"))
    assert time.monotonic() - begun < 30
    assert misbehaving.read("misbehaving", told(tmp_path, "fine")).source == "fine"


def test_a_file_that_takes_too_much_memory_is_refused_and_the_next_is_read(misbehaving: Isolation, tmp_path: Path):
    with pytest.raises(RefusedError, match="more than 200 MB"):
        misbehaving.read("misbehaving", told(tmp_path, "memory"))
    assert misbehaving.read("misbehaving", told(tmp_path, "fine")).source == "fine"


@pytest.mark.parametrize("what", ["crash", "abort"])
def test_a_crash_is_a_refusal(what: str, misbehaving: Isolation, tmp_path: Path):
    with pytest.raises(RefusedError, match="made its reader stop"):
        misbehaving.read("misbehaving", told(tmp_path, what))
    assert misbehaving.read("misbehaving", told(tmp_path, "fine")).source == "fine"


def test_a_broken_reader_is_told_by_kind_and_place_not_by_content(misbehaving: Isolation, tmp_path: Path):
    with pytest.raises(RefusedError, match=r"ValueError in misbehaving\.py") as refusal:
        misbehaving.read("misbehaving", told(tmp_path, "break"))
    assert "999990019" not in str(refusal.value)


def test_a_refusal_in_the_child_is_the_same_refusal_here(misbehaving: Isolation, tmp_path: Path):
    with pytest.raises(RefusedError, match=r"^it is no delivery$"):
        misbehaving.read("misbehaving", told(tmp_path, "refuse"))


def test_the_child_has_no_keys_and_stays(misbehaving: Isolation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WEEGSCHAAL_KEY", "secret")
    first, second = (misbehaving.read("misbehaving", told(tmp_path, what)) for what in ("one", "two"))
    assert first.schema_version == "none"
    assert first.flags == second.flags
    assert first.flags["pid"] != os.getpid()


def test_a_large_file_in_a_small_space_is_refused(tmp_path: Path):
    text = (FIXTURES / "duo.xml").read_text()
    start, end = text.index("<Studiefinanciering>"), text.index("</Studiefinanciering>") + len("</Studiefinanciering>")
    large = tmp_path / "large.xml"
    large.write_text(text[:start] + text[start:end] * 60_000 + text[end:])
    with Isolation(megabytes=48, seconds=60) as child, pytest.raises(RefusedError, match="more than 48 MB"):
        child.read(DUO, large)


def test_closing_twice_is_harmless():
    child = Isolation()
    assert dataclasses.is_dataclass(child)
    child.close()
    child.close()
