"""`weegschaal fairness` on tables as people have them: codes, delimiters, sheets, blanks, and errors that say why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import openpyxl
import polars
import pytest
from typer.testing import CliRunner

import weegschaal

runner = CliRunner()
ROWS = [("001", "Ja", "1,0"), ("001", "Nee", "0"), ("002", "J", ""), ("002", "N", "1"), ("", "true", "0.0")] * 20


def run(path: Path, *words: str) -> dict[str, Any]:
    shown = runner.invoke(weegschaal.app, ["fairness", str(path), *words, "--json"], catch_exceptions=False)
    assert shown.exit_code == 0, shown.output
    found: dict[str, Any] = json.loads(shown.stdout)
    return found


def error(path: Path, *words: str) -> str:
    shown = runner.invoke(weegschaal.app, ["fairness", str(path), *words, "--json"])
    assert shown.exit_code != 0
    assert isinstance(shown.exception, ValueError | OSError)
    assert "\n" not in str(shown.exception)
    return str(shown.exception)


ASKED = ("--group", "g", "--selected", "s", "--outcome", "y", "--min-cell", "0")


def csv(path: Path, delimiter: str = ";", encoding: str = "utf-8-sig", rows: list[Any] = ROWS) -> Path:
    lines = [delimiter.join(("g", "s", "y", "leeg")), *(delimiter.join((*row, "")) for row in rows)]
    path.write_text("\n".join(lines) + "\n\n", encoding=encoding)
    return path


def check(found: dict[str, Any]) -> None:
    groups = {one["group"]["g"]: one for one in found["groups"]}
    assert {name: one["n"] for name, one in groups.items()} == {"001": 40, "002": 40, "unknown": 20}
    assert groups["001"]["metrics"]["prevalence"]["value"] == 0.5
    assert groups["002"]["metrics"]["prevalence"]["denominator"] == 20
    assert groups["unknown"]["metrics"]["precision"]["value"] == 0.0


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_csv_is_read_whatever_its_delimiter_and_encoding(tmp_path: Path, encoding: str) -> None:
    check(run(csv(tmp_path / "t.csv", ";", encoding), *ASKED))
    check(run(csv(tmp_path / "t.csv", "\t", encoding), *ASKED))


def test_a_workbook_with_mixed_types_is_read(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.append(["g", "s", "y"])
    for _ in range(20):
        for row in (("001", True, 1), ("001", 0, 0.0), ("002", "ja", None), ("002", 0.0, "1"), (None, "1", False)):
            sheet.append(row)
    book.save(tmp_path / "t.xlsx")
    check(run(tmp_path / "t.xlsx", *ASKED))


def test_parquet_with_typed_columns_is_read(tmp_path: Path) -> None:
    frame = polars.DataFrame(
        {
            "g": ["001", "001", "002", "002", None] * 20,
            "s": [True, False, True, False, True] * 20,
            "y": [1.0, 0.0, None, 1.0, 0.0] * 20,
        }
    )
    frame.write_parquet(tmp_path / "t.parquet")
    check(run(tmp_path / "t.parquet", *ASKED))


def test_the_answer_has_exactly_the_declared_shape(tmp_path: Path) -> None:
    found = run(csv(tmp_path / "t.csv"), *ASKED)
    assert set(found) == {"groups", "comparisons", "warnings"}
    names = {"prevalence", "pprev", "ppr", "precision", "fdr", "for", "npv", "tpr", "fpr", "fnr", "tnr", "accuracy"}
    for one in found["groups"]:
        assert set(one) == {"group", "n", "metrics"}
        assert set(one["metrics"]) == names
        for figure in one["metrics"].values():
            assert set(figure) == {"value", "low", "high", "denominator", "status"}
            assert figure["status"] in {"ok", "insufficient", "suppressed", "not_estimable"}
    shape = {"group", "reference", "metric", "difference", "ratio", "low", "high"}
    assert all(set(one) == shape for one in found["comparisons"])
    assert {one["metric"] for one in found["comparisons"]} == names


def test_counts_of_a_published_table(tmp_path: Path) -> None:
    path = tmp_path / "published.csv"
    path.write_text('group,tp,fp,tn,fn\nwomen,120,380,"4,300",200\nmen,100,250,4650,"1,000"\n', encoding="utf-8")
    found = run(path, "--counts", "--reference", "men")
    women, men = sorted(found["groups"], key=lambda one: one["group"]["group"] == "men")
    assert women["n"] == 5000
    assert women["metrics"]["fpr"] == women["metrics"]["fpr"] | {"value": 380 / 4680, "denominator": 4680}
    gap = next(one for one in found["comparisons"] if one["metric"] == "fpr")
    assert gap["reference"] == {"group": "men"}
    assert gap["ratio"] == (380 / 4680) / (250 / 4900)
    assert men["metrics"]["precision"]["status"] == "ok"


def test_a_thousand_written_with_a_point_is_asked_about_and_not_read_as_one(tmp_path: Path) -> None:
    path = tmp_path / "published.csv"
    path.write_text("group;tp;fp;tn;fn\na;1.000;900;800;300\nb;900;100;500;20\n", encoding="utf-8")
    assert "column 'tp' must hold whole counts; row 2 says '1.000'" in error(path, "--counts")


def test_small_groups_are_suppressed_unless_the_table_is_ones_own(tmp_path: Path) -> None:
    path = csv(tmp_path / "t.csv", rows=[*ROWS * 5, *[("009", "ja", "1")] * 4])
    hidden = run(path, *ASKED[:-2])
    small = next(one for one in hidden["groups"] if one["group"]["g"] == "009")
    assert small["n"] is None
    assert {one["status"] for one in small["metrics"].values()} == {"suppressed"}
    assert all(one["value"] is None and one["denominator"] is None for one in small["metrics"].values())
    assert any("suppressed" in said for said in hidden["warnings"])
    own = run(path, *ASKED)
    assert next(one for one in own["groups"] if one["group"]["g"] == "009")["n"] == 4


def test_how_many_rows_have_no_group_is_said_and_many_groups_are_not_all_named(tmp_path: Path) -> None:
    found = run(csv(tmp_path / "t.csv"), *ASKED)
    assert "20 of 100 rows have no g (blank, NA and the like): they are the group 'unknown'" in found["warnings"]
    lonely = run(csv(tmp_path / "many.csv", rows=[(f"g{number}", "ja", "1") for number in range(9)]), *ASKED)
    assert "fpr not estimable for g0, g1, g2, g3, g4 and 4 others: everybody has the outcome" in lonely["warnings"]


@pytest.mark.parametrize("name", ["[/b]", "[red]x", '<b>&"', "a" * 300, "é\u202eb"])
def test_a_group_may_be_called_anything(tmp_path: Path, name: str) -> None:
    path = csv(tmp_path / "t.csv", rows=[(f'"{name}"'.replace('""', '"'), "ja", "1"), ("b", "nee", "0")] * 20)
    shown = runner.invoke(weegschaal.app, ["fairness", str(path), *ASKED], catch_exceptions=False)
    assert shown.exit_code == 0
    assert len(run(path, *ASKED)["groups"]) == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("--group", "x", "--selected", "s", "--outcome", "y"),
            "t.csv has no column 'x'; it has 'g', 's', 'y', 'leeg'",
        ),
        (("--group", "g", "--selected", "g", "--outcome", "y"), "column 'g' must say 1/0, true/false"),
        (("--group", "leeg", "--selected", "s", "--outcome", "y"), "column 'leeg' is empty"),
        (("--group", "g", "--selected", "s"), "--outcome"),
        (("--selected", "s", "--outcome", "y"), "--group"),
        ((*ASKED, "--arm", "g"), "t.csv: the arm column has no 'random'; it has '001', '002'"),
        ((*ASKED, "--reference", "3"), "no group is called '3'; there are g: 001, 002, unknown"),
        ((*ASKED, "--population", "7"), "the population is 7; the table has 100 rows"),
        ((*ASKED, "--arm", "s", "--probability", "g"), "column 'g' holds chances above 0"),
        (("--group", "g", "--counts"), "has no column 'tp'"),
    ],
)
def test_an_error_names_the_file_the_column_and_what_there_is(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    assert said in error(csv(tmp_path / "t.csv"), *words)


def test_what_is_no_table_is_said(tmp_path: Path) -> None:
    assert "nowhere.csv" in error(tmp_path / "nowhere.csv", *ASKED)
    for name, content in (("t.xlsx", b"PK\x03\x04 no"), ("t.parquet", b"PAR1 no"), ("t.csv", b"")):
        (tmp_path / name).write_bytes(content)
        assert name in error(tmp_path / name, *ASKED)


@pytest.mark.parametrize(
    ("language", "title"), [("nl", "Onderzoek naar gelijke behandeling"), ("en", "Fairness audit")]
)
def test_the_report_needs_nothing_else_and_prints_each_formula(tmp_path: Path, language: str, title: str) -> None:
    path = csv(tmp_path / "t.csv", rows=[("<b>&", "ja", "1"), ("b", "nee", "0"), ("b", "ja", "0")] * 20)
    run(path, *ASKED, "--html", str(tmp_path / "out.html"), "--lang", language)
    page = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert title in page
    assert "FP / (FP + TN)" in page
    assert "<svg" in page
    assert "&lt;b&gt;&amp;" in page
    assert "<b>" not in page
    assert not any(word in page for word in ("<script", "http:", "https:", "src="))
