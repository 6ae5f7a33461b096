"""The catalogue as it is read and as it is extended: the page is the declarations, and the recipe in words works."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from features import register
from features.catalogue import CATALOGUE, SOURCES, listing
from features.declaration import RefusedError, source
from features.income import earnings
from features.matrix import build
from features.records import CONTRACTS
from tests.features.builders import SmallLake, ages_table, cases_table, client, rows_of

ROOT = Path(__file__).resolve().parents[2]


def recipe() -> str:
    """The lines under "Add a feature" in CONTRIBUTING.md."""
    section = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## Add a feature\n")[2]
    found = re.search(r"```python\n(.*?)```", section, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def added(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a declaration; what it adds does not stay."""
    before = dict(SOURCES)

    def run(lines: str) -> list[str]:
        exec(lines, {"source": source, "earnings": earnings})
        names = []
        for one in SOURCES.values():
            for name, (feature, _) in one.features.items():
                if name not in CATALOGUE:
                    monkeypatch.setitem(CATALOGUE, name, feature)
                    names.append(name)
        return names

    yield run
    SOURCES.clear()
    SOURCES.update(before)


def test_the_committed_page_is_the_catalogue() -> None:
    """Fails when a declaration changed: weegschaal features --markdown > docs/features.md."""
    assert (ROOT / "docs" / "features.md").read_text(encoding="utf-8") == register.markdown(listing())


def test_r08_the_page_says_all_that_a_reviewer_asks_of_each_feature() -> None:
    page = register.markdown(listing())
    for row in listing():
        section = page.partition(f"\n### {row['name']}\n")[2].partition("\n### ")[0]
        asked = ("sentence_nl", "sentence_en", "could_nl", "could_en", "legal_basis", "purpose", "owner", "expires")
        assert all(str(row[name]) in section for name in asked), row["name"]
        assert all(one["contract"] in section and str(one["max_age_days"]) in section for one in row["lineage"])
        assert register.DIRECTIONS[row["direction"]] in section


def test_the_lineage_is_every_column_read_and_no_other() -> None:
    for row in listing():
        told = {f"{one['contract']}.{column}" for one in row["lineage"] for column in one["columns"]}
        assert told == set(row["columns"]), row["name"]
        assert all(one["legal_basis"] == CONTRACTS[one["contract"]].legal_basis for one in row["lineage"])


def test_the_page_as_html_is_whole_and_escaped() -> None:
    class Tags(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.open: list[str] = []
            self.ids: list[str] = []

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.ids += [value for name, value in attrs if name == "id" and value]
            if tag not in ("meta",):
                self.open.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert self.open.pop() == tag

    rows = listing()
    rows[0]["reason_en"] = "<script>alert(1)</script>"
    page, tags = register.html(rows), Tags()
    tags.feed(page)
    assert not tags.open
    assert sorted(tags.ids) == sorted(CATALOGUE)
    assert "<script" not in page
    assert "<style" not in page


def test_what_never_varies_in_the_province_is_in_the_catalogue() -> None:
    assert set(register.NEVER_VARIES) <= set(CATALOGUE)


def test_the_recipe_adds_a_feature_in_ten_lines_of_declaration(added: Any, tmp_path: Path) -> None:
    assert added(recipe()) == ["gross_wages_3m", "gross_wages_24m"]
    lake = client(SmallLake(tmp_path / "lake"), 1, 10)
    for month, cents in (("2025-09", 10000), ("2025-07", 5000), ("2024-12", 300), ("2022-01", 7)):
        pay = {"employer": "E", "relation": month, "kind": "15", "gross_cents": cents}
        lake.add("incomes", person_id=10, start=f"{month}-01", end=f"{month}-28", **pay)
    ages = ages_table({10: "27-63"}, "2025-10-01")
    row = rows_of(build(lake.parts(), cases_table([1], "2025-10-01"), ages, tmp_path).path)[1, "2025-10-01"]
    assert (row["gross_wages_3m"], row["gross_wages_24m"]) == (150, 153)


@pytest.mark.parametrize("lacking", ["unit", "direction", "sentence", "none", "could", "reason", "legal_basis"])
def test_r08_the_recipe_without_any_one_of_its_lines_is_refused(lacking: str, added: Any) -> None:
    """Left out it is no declaration; left empty the catalogue refuses it."""
    lines = recipe()
    without = re.sub(rf",?\s*\b{lacking}=(\([^)]*\)|\"[^\"]*\"|-?\d+)", "", lines)
    assert without != lines
    with pytest.raises(TypeError, match=lacking):
        added(without)
    empty = re.sub(
        rf"\b{lacking}=(\([^)]*\)|\"[^\"]*\"|-?\d+)",
        f"{lacking}=" + ("('', '')" if lacking in ("sentence", "none", "could", "reason") else "None"),
        lines,
    )
    SOURCES.pop("wages", None)
    with pytest.raises(RefusedError, match=r"is not declared \(R8\)"):
        added(empty)


def test_r09_the_recipe_with_a_barred_word_is_refused(added: Any) -> None:
    with pytest.raises(RefusedError, match=r"barred \(R9\)"):
        added(recipe().replace("Brutoloon in", "Brutoloon naar leeftijd in"))
