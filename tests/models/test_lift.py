"""Lift against statsmodels, against published counts, and against redrawn worlds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import StratifiedTable, Table2x2
from statsmodels.stats.proportion import proportion_confint
from typer.testing import CliRunner

import weegschaal
from models.lift import Counts, compare_arms, lift, tally

ROTTERDAM = [("algorithm", 3620, 1082), ("expert", 12467, 2053), ("signal", 1694, 439), ("random", 4398, 814)]


def test_rotterdam_2017_to_2021_pooled() -> None:
    counts = [Counts("2017-21", *row) for row in ROTTERDAM]
    assert round(lift(counts, "algorithm").pooled, 3) == 1.615
    assert lift(counts, "expert").pooled < 1 < lift(counts, "signal").pooled


@st.composite
def strata(draw: st.DrawFn) -> list[tuple[int, int, int, int]]:
    sizes = st.integers(5, 200)
    rows = draw(st.lists(st.tuples(sizes, sizes), min_size=1, max_size=6))
    return [(draw(st.integers(1, n1 - 1)), n1, draw(st.integers(1, n0 - 1)), n0) for n1, n0 in rows]


def counts_of(tables: list[tuple[int, int, int, int]]) -> list[Counts]:
    return [
        one
        for i, (a, n1, c, n0) in enumerate(tables)
        for one in (Counts(str(i), "risk", n1, a), Counts(str(i), "random", n0, c))
    ]


@given(strata())
@settings(max_examples=60, deadline=None)
def test_stratified_ratio_is_statsmodels(tables: list[tuple[int, int, int, int]]) -> None:
    found = lift(counts_of(tables), "risk")
    oracle = StratifiedTable([np.array([[a, n1 - a], [c, n0 - c]]) for a, n1, c, n0 in tables])
    assert found.stratified == pytest.approx(oracle.riskratio_pooled, rel=1e-12)


@given(strata())
@settings(max_examples=60, deadline=None)
def test_one_stratum_has_the_interval_of_the_plain_risk_ratio(tables: list[tuple[int, int, int, int]]) -> None:
    a, n1, c, n0 = tables[0]
    found = lift(counts_of(tables[:1]), "risk")
    low, high = Table2x2(np.array([[a, n1 - a], [c, n0 - c]])).riskratio_confint()
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-9)
    assert (found.pooled_low, found.pooled_high) == pytest.approx((low, high), rel=1e-9)


def test_the_interval_covers_the_true_lift() -> None:
    draw = np.random.default_rng(5)
    base = draw.uniform(0.1, 0.25, 12)
    covered = 0
    for _ in range(1000):
        tables = [(draw.binomial(40, 1.3 * p), 40, draw.binomial(25, p), 25) for p in base]
        found = lift(counts_of(tables), "risk")
        covered += found.low <= 1.3 <= found.high
    assert 0.93 <= covered / 1000 <= 0.97


def test_a_stratum_in_which_one_arm_found_nothing_counts_as_much_as_its_reviews() -> None:
    """Left out, every quarter in which the lot found nothing would raise what the ranking is held against."""
    tables = [(6, 30, 0, 15), (5, 40, 4, 20), (0, 25, 3, 30)]
    found = lift(counts_of(tables), "risk")
    above = sum(a * n0 / (n1 + n0) for a, n1, _, n0 in tables)
    below = sum(c * n1 / (n1 + n0) for _, n1, c, n0 in tables)
    assert found.stratified == pytest.approx(above / below)
    spread = sum((n1 * n0 * (a + c) - a * c * (n1 + n0)) / (n1 + n0) ** 2 for a, n1, c, n0 in tables)
    assert found.log_error == pytest.approx((spread / (above * below)) ** 0.5)


def test_strata_without_random_reviews_are_named() -> None:
    counts = [
        Counts("a", "risk", 10, 4),
        Counts("a", "random", 20, 4),
        Counts("b", "risk", 10, 9),
        Counts("c", "random", 10, 1),
    ]
    found = lift(counts, "risk")
    assert found.without_reference == ("b",)
    assert found.stratified == pytest.approx(2.0)
    assert found.pooled == pytest.approx((13 / 20) / (5 / 30))


def test_what_cannot_be_estimated_says_why_and_is_not_zero() -> None:
    nobody = lift([Counts("a", "risk", 10, 4)], "risk")
    assert (nobody.status, nobody.stratified, nobody.lower_bound(0.8)) == ("not_estimable", None, None)
    assert "no stratum" in nobody.why
    nothing = lift([Counts("a", "risk", 10, 4), Counts("a", "random", 10, 0)], "risk")
    assert nothing.status == "not_estimable"
    with pytest.raises(ValueError, match="11 changed of 10"):
        Counts("a", "risk", 10, 11)


def test_the_one_sided_bound_lies_between_the_interval_and_the_estimate() -> None:
    found = lift([Counts("a", "risk", 100, 30), Counts("a", "random", 100, 20)], "risk")
    assert found.low < found.lower_bound(0.8) < found.stratified


COUNTS = {
    "arm": ["risk", "random", "risk", "random", "signal", "risk"],
    "period": ["2024", "2024", "2025", "2025", "2025", "2026"],
    "n": ["100", "200", "50", "80", "20", "9"],
    "x": ["30", "40", "20", "16", "0", "4"],
}


def cases_of(table: dict[str, list[str]]) -> dict[str, list[object]]:
    """One row per case, in words, with a case nobody reviewed."""
    rows: dict[str, list[object]] = {"arm": ["risk"], "period": ["2024"], "n": ["nee"], "x": [None]}
    for arm, period, n, x in zip(*table.values(), strict=True):
        for i in range(int(n)):
            for name, cell in zip(rows, (arm, period, "Ja", i < int(x)), strict=True):
                rows[name].append(cell)
    return rows


def test_r07_counts_and_cases_give_the_same_yields_and_lifts() -> None:
    found = compare_arms(tally(COUNTS, "arm", "n", "x", ["period"]))
    again = compare_arms(tally(cases_of(COUNTS), "arm", "n", "x", ["period"]))
    assert {one["arm"]: one for one in found["arms"]} == {one["arm"]: one for one in again["arms"]}
    assert [(one["arm"], one["stratified"], one["pooled"]) for one in found["lifts"]] == [
        (one["arm"], one["stratified"], one["pooled"]) for one in again["lifts"]
    ]
    risk = found["lifts"][0]
    tables = [np.array([[30, 70], [40, 160]]), np.array([[20, 30], [16, 64]])]
    assert risk["stratified"] == pytest.approx(StratifiedTable(tables).riskratio_pooled)
    assert risk["pooled"] == pytest.approx((54 / 159) / (56 / 280))
    for one in found["arms"]:
        oracle = proportion_confint(one["changed"], one["reviewed"], method="wilson")
        assert (one["low"], one["high"]) == pytest.approx(oracle)


def test_r07_strata_without_random_reviews_are_named_and_a_zero_cell_has_a_status() -> None:
    found = compare_arms(tally(COUNTS, "arm", "n", "x", ["period"]))
    assert "risk: no random reviews in 2026" in found["warnings"]
    risk, signal = found["lifts"]
    assert risk["without_reference"] == ["2026"]
    assert (signal["status"], signal["stratified"], signal["low"], signal["pooled"]) == ("not_estimable", *[None] * 3)


def test_odd_cells_are_counted_and_never_zero() -> None:
    table = {
        "arm": ["risk", "risk", None, "Random", "risk", "nobody"],
        "n": [10, None, 5, 10.0, 4, 0],
        "x": [3, 1, 1, "2", None, None],
    }
    found = compare_arms(tally(table, "arm", "n", "x", []))
    assert [one["arm"] for one in found["arms"]] == ["risk", "(blank)", "Random", "nobody"]
    assert "4 without an outcome: left out" in found["warnings"]
    assert "1 without a number reviewed: left out" in found["warnings"]
    assert (found["arms"][3]["rate"], found["arms"][3]["status"]) == (None, "not_estimable")
    assert found["lifts"][0]["stratified"] == pytest.approx(1.5)
    assert found["lifts"][0]["reference"] == "Random"


def test_an_unknown_reference_gives_a_status_and_names_the_arms() -> None:
    found = compare_arms(tally(COUNTS, "arm", "n", "x", []), "lot")
    assert {one["status"] for one in found["lifts"]} == {"not_estimable"}
    assert "no row has the arm 'lot'; the arms are risk, random, signal" in found["warnings"]


@pytest.mark.parametrize(("n", "x", "said"), [("many", 1, "row 2: n is 'many'"), (3, 4, "row 2: 4 changed of 3")])
def test_a_cell_that_cannot_be_is_refused_with_its_row(n: object, x: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        tally({"arm": ["risk"], "n": [n], "x": [x]}, "arm", "n", "x", [])


def told(path: Path, *words: str) -> str:
    """What the command says of a table that it cannot use."""
    shown = CliRunner().invoke(weegschaal.app, ["lift", str(path), *words])
    assert shown.exit_code != 0
    assert isinstance(shown.exception, ValueError)
    return str(shown.exception)


ASKED = ("--arm", "arm", "--reviewed", "n", "--changed", "x")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("risk,5,6", "own.csv: row 2: 6 changed of 5 reviewed"),
        ("risk,-5,1", "own.csv: row 2: n is '-5'; write a whole number"),
        ("risk,5.5,1", "own.csv: row 2: n is '5.5'"),
        ("risk,4.000,1", "own.csv: row 2: n is '4.000'"),
        ("risk,inf,1", "own.csv: row 2: n is 'inf'"),
        ("risk,1,2,3", "own.csv, row 2: 4 cells under 3 names"),
    ],
)
def test_an_error_names_file_row_and_field(tmp_path: Path, row: str, said: str) -> None:
    path = tmp_path / "own.csv"
    path.write_text(f"arm,n,x\n{row}\nrandom,10,2\n")
    assert said in told(path, *ASKED)


@pytest.mark.parametrize("name", ["broken.xlsx", "broken.parquet"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"PK\x03\x04 nothing")
    assert name in told(tmp_path / name, *ASKED)


def test_names_of_columns_are_found_whatever_their_capitals(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("Arm,N,X\nrisk,10,4\nrandom,10,2\n")
    shown = CliRunner().invoke(weegschaal.app, ["lift", str(tmp_path / "own.csv"), *ASKED, "--json"])
    assert json.loads(shown.stdout)["lifts"][0]["pooled"] == pytest.approx(2)


def test_a_drawn_case_that_is_on_a_list_too_stays_in_the_random_arm() -> None:
    cells = {"arm": ["random", "risk", "random,risk", "top,up"], "n": [80, 40, 20, 9], "x": [8, 16, 10, 1]}
    found = compare_arms(tally(cells, "arm", "n", "x", []))
    assert {one["arm"]: (one["reviewed"], one["changed"]) for one in found["arms"]} == {
        "random": (100, 18),
        "risk": (60, 26),
        "top,up": (9, 1),
    }
    assert "1 rows name more than one arm: counted in each" in found["warnings"]
