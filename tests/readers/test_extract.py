"""Rules for bulk extracts: the header is checked here, the rows are the engine's."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.sources import extract
from pipelines.sources.reading import RefusedError
from tests.readers.builders import ANNA, written

NEEDED = {"person": ["x"], "start_earliest": ["2024-01-01"], "start_latest": ["2024-01-01"]}


def parquet(folder: Path, name: str, columns: dict[str, list[str]], contract: str | None = None) -> Path:
    table = pa.table(columns)
    if contract is not None:
        table = table.replace_schema_metadata({"weegschaal.contract": contract})
    path = folder / name
    pq.write_table(table, path)
    return path


def test_a_parquet_file_says_its_contract_in_its_metadata(tmp_path: Path) -> None:
    path = parquet(tmp_path, "uwv.parquet", {**NEEDED, "known_at": ["2024-02-01"]}, "incomes")
    assert extract.recognises(path, path.read_bytes())
    described = extract.read(path).extract
    assert described is not None
    assert (described.contract, described.format, described.path) == ("incomes", "parquet", path)
    assert not extract.read(path).records, "rows are not read here"


def test_a_csv_file_says_it_in_its_first_line_or_its_name(tmp_path: Path) -> None:
    header = "person;start_earliest;start_latest\r\n"
    for name, text in (
        ("a.csv", "# weegschaal contract=incomes version=1\r\n" + header),
        ("incomes.csv", header),
        ("incomes-2024-01.csv", "\ufeff" + header.replace(";", ",")),
    ):
        path = written(tmp_path, name, text + f"{ANNA};2024-01-01;2024-01-31\r\n")
        assert extract.recognises(path, path.read_bytes())
        described = extract.read(path).extract
        assert described is not None
        assert (described.contract, described.format) == ("incomes", "csv")


def test_unknown_and_missing_columns_are_named(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="nickname"):
        extract.read(parquet(tmp_path, "incomes.parquet", {**NEEDED, "nickname": ["x"]}))
    with pytest.raises(RefusedError, match="start_earliest, start_latest"):
        extract.read(parquet(tmp_path, "incomes.parquet", {"person": ["x"]}))


def test_an_unknown_contract_is_refused_with_the_names_there_are(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="study_grants"):
        extract.read(parquet(tmp_path, "x.parquet", NEEDED, "wishes"))
    with pytest.raises(RefusedError, match=r"weegschaal\.contract"):
        extract.read(parquet(tmp_path, "x.parquet", NEEDED))
    with pytest.raises(RefusedError, match="version 2"):
        extract.read(written(tmp_path, "x.csv", "# weegschaal contract=incomes version=2\nperson\n"))


def test_half_a_parquet_file_is_refused(tmp_path: Path) -> None:
    path = parquet(tmp_path, "incomes.parquet", NEEDED)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(RefusedError, match="deliver it again"):
        extract.read(path)


def test_a_csv_that_only_bears_a_contracts_name_is_not_taken_for_one(tmp_path: Path) -> None:
    path = written(tmp_path, "persons.csv", "naam;adres\nx;y\n")
    assert not extract.recognises(path, path.read_bytes())
