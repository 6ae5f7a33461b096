"""Tables of a person's own, compared with the same care: order of time, training rows only, odd cells."""

from __future__ import annotations

import csv
import datetime as dt
import json
from decimal import Decimal

import numpy as np
import pytest
from sklearn.metrics import average_precision_score
from typer.testing import CliRunner

import weegschaal
from models.compare import compare, understand
from models.encoding import dates, encode, kind_of, numbers, read_column

ROWS = 900


def table(seed: int = 1, rows: int = ROWS) -> dict[str, list[object]]:
    """Inspections with gaps, many-valued categories, dates, a number per row, a constant, and who came by."""
    draw = np.random.default_rng(seed)
    kind = draw.integers(0, 30, rows)
    age, score = draw.integers(30, 4000, rows), draw.normal(size=rows)
    margin = -1.6 + draw.normal(0, 0.8, 30)[kind] + 0.9 * score
    found = draw.random(rows) < 1 / (1 + np.exp(-margin))
    day = [dt.date(2022, 1, 1) + dt.timedelta(days=i) for i in range(rows)]
    return {
        "inspection_id": [f"I-{i:05d}" for i in range(rows)],
        "number": list(range(5000, 5000 + rows)),
        "kind": [None if i % 29 == 0 else f"Kind {k}" for i, k in enumerate(kind)],
        "score": ["" if i % 31 == 0 else f"{s:.3f}" for i, s in enumerate(score)],
        "opened": [(one - dt.timedelta(days=int(a))).strftime("%m/%d/%Y") for one, a in zip(day, age, strict=True)],
        "city": ["Roermond"] * rows,
        "inspector": [f"P{int(f) + 2 * int(draw.integers(0, 3))}" for f in found],
        "risk": [f"Risk {k % 3}" for k in kind],
        "after": [int(f) for f in found],
        "date": [one.strftime("%d-%m-%Y") for one in day],
        "found": ["Fail" if f else "Pass" for f in found],
    }


@pytest.fixture(scope="module")
def result() -> dict:
    return compare(understand(table(), "found", "date", ["after"]), 0.1, trials=0)


def test_every_candidate_is_measured_on_the_same_later_folds(result) -> None:
    names = [one["name"] for one in result["candidates"]]
    assert names == ["random", "scorecard", "additive", "boosting", "ceiling"]
    assert {one["folds"] for one in result["candidates"]} == {5}
    assert result["proposed"] in ("scorecard", "additive", "boosting")
    assert result["proposed"] in result["why"]
    value = {one["name"]: one["average_precision"]["mean"] for one in result["candidates"]}
    assert min(value[name] for name in ("scorecard", "additive", "boosting")) > value["random"] + 0.1
    json.dumps(result, allow_nan=False)  # JSON has no NaN


def test_what_is_left_out_is_named_with_the_reason(result) -> None:
    left = result["left_out"]
    assert set(left) == {"inspection_id", "number", "city", "inspector", "after"}
    assert "identifies the row" in left["inspection_id"]
    assert "identifies the row" in left["number"]
    assert "decider" in left["inspector"]


def test_the_same_table_gives_the_same_figures(result) -> None:
    assert compare(understand(table(), "found", "date", ["after"]), 0.1, trials=0) == result


def test_nothing_of_the_rows_to_be_ranked_reaches_the_training() -> None:
    own = understand(table(), "found", "date", ["after"])
    train, test = np.arange(600), np.arange(600, ROWS)
    made = encode(own.columns, own.moment, own.label, train, test, 1)
    other = table()
    for name in ("kind", "score", "risk"):
        other[name][600:] = ["elsewhere" if name != "score" else "1e6"] * 300
    later = understand(other, "found", "date", ["after"])
    again = encode(
        later.columns, later.moment, np.where(np.arange(ROWS) < 600, own.label, 1 - own.label), train, test, 1
    )
    assert made.names == again.names
    np.testing.assert_array_equal(made.train, again.train)
    assert np.isfinite(again.test).all()


def test_the_share_of_a_level_never_holds_the_rows_own_label() -> None:
    own = understand(table(), "found", "date", ["after"])
    train, test = np.arange(600), np.arange(600, ROWS)
    flipped = own.label.copy()
    flipped[17] = 1 - flipped[17]
    before, after = (encode(own.columns, own.moment, label, train, test, 1) for label in (own.label, flipped))
    level = before.names.index("kind: share of its level")
    alike = np.array([word == own.columns[2].words[17] for word in own.columns[2].words[:600]])
    overall = (flipped[:600].mean() - own.label[:600].mean()) * np.ones(600)
    moved = after.train[:, level] - before.train[:, level]
    assert abs(moved[17]) <= abs(overall[17]) + 1e-12
    assert np.abs(moved[alike]).max() > 5 * abs(overall[17])


def test_pure_noise_in_many_levels_does_not_look_like_signal() -> None:
    draw = np.random.default_rng(3)
    noise = {"place": [f"p{i}" for i in draw.integers(0, 250, 2000)], "t": list(range(2000))}
    label = (draw.random(2000) < 0.2).astype(int).tolist()
    own = understand({**noise, "label": label}, "label", "t")
    found = compare(own, 0.1, trials=0)
    usual = next(one for one in found["candidates"] if one["name"] == "random")["average_precision"]["mean"]
    assert all(one["average_precision"]["mean"] < usual + 0.06 for one in found["candidates"])


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((True, False), None),
        ((1, 0), None),
        (("1.0", "0"), None),
        (("Ja", "nee"), None),
        (("Fail", "Pass"), None),
        ((2, 1), "'2' is taken"),
        (("rare", "usual"), "'rare' is taken"),
    ],
)
def test_labels_are_read_as_they_come(values: tuple, said: str | None) -> None:
    own = understand({"y": [values[0]] + [values[1]] * 3 + [None], "t": [1, 2, 3, 4, 5], "x": [1] * 5}, "y", "t")
    assert own.label.tolist() == [1, 0, 0, 0]
    assert "1 rows without a label: left out" in own.warnings
    assert any(said in one for one in own.warnings) if said else not any("taken" in one for one in own.warnings)


def test_a_label_of_more_values_asks_which_is_positive() -> None:
    cells = {"y": ["a", "b", "c"], "t": [1, 2, 3]}
    with pytest.raises(ValueError, match=r"it has 3 \(a, b, c\); say which one with --positive"):
        understand(cells, "y", "t")
    assert understand(cells, "y", "t", positive="b").label.tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("cells", "days"),
    [
        (["2024-03-04", "2024-03-05T12:00:00", None], ["2024-03-04", "2024-03-05", None]),
        (["03/04/2024", "03/25/2024"], ["2024-03-04", "2024-03-25"]),
        (["03/04/2024", "25/03/2024"], ["2024-04-03", "2024-03-25"]),
        (["03-04-2024", "2024/05/06", "mei"], ["2024-04-03", "2024-05-06", None]),
        (["4 mrt 2024", "Mar 5, 2024", "2024-06", "2024Q3"], ["2024-03-04", "2024-03-05", "2024-06-01", "2024-07-01"]),
        ([dt.date(2024, 3, 4), dt.datetime(2024, 3, 5, 1, 2, tzinfo=dt.UTC)], ["2024-03-04", "2024-03-05"]),
    ],
)
def test_dates_are_read_as_they_come(cells: list, days: list) -> None:
    found = [None if np.isnan(one) else str(dt.date(1970, 1, 1) + dt.timedelta(days=int(one))) for one in dates(cells)]
    assert found == days


def test_kinds_of_columns() -> None:
    rows = np.arange(200)
    words = {
        "price": [f"{i * 1.5:.2f}" for i in range(200)],
        "amount": [(i * 37) % 199 for i in range(200)],
        "code": [f"A{i % 40}" for i in range(200)],
        "text": [f"seen on day {i}" for i in range(200)],
        "when": [f"2024-01-{i % 28 + 1:02d}" for i in range(200)],
        "none": [None] * 200,
    }
    kinds = {name: kind_of(read_column(name, cells), rows) for name, cells in words.items()}
    assert kinds["price"] == ("number", "")
    assert kinds["amount"] == ("number", "")
    assert kinds["code"] == ("category", "")
    assert "identifies the row" in kinds["text"][1]
    assert kinds["when"] == ("date", "")
    assert "blank" in kinds["none"][1]


def test_cells_of_any_type_become_finite_numbers_whatever_the_times_are() -> None:
    n = 240
    cells = {
        "t": list(range(n)),
        "y": [i % 3 == 0 for i in range(n)],
        "when": [dt.date(2024, 1, 1 + i % 28) for i in range(n)],
        "yes": [None if i % 7 == 0 else i % 2 == 0 for i in range(n)],
        "list": [[i % 4] for i in range(n)],
        "price": [Decimal(i) / 7 if i % 5 else None for i in range(n)],
        "late": [None] * 200 + ["x", "y"] * 20,
        "endless": [float("inf") if i % 50 == 0 else float(i % 9) for i in range(n)],
    }
    own = understand(cells, "y", "t")
    made = encode(own.columns, own.moment, own.label, np.arange(180), np.arange(180, n), 1)
    assert np.isfinite(made.train).all()
    assert np.isfinite(made.test).all()
    assert "blank" in made.left_out["late"]
    assert {"when", "yes", "price", "endless"} <= set(made.names)


def test_ties_of_time_are_never_split_and_later_rows_never_train() -> None:
    cells = table()
    cells["date"] = [f"2024-{i * 12 // ROWS + 1:02d}-01" for i in range(ROWS)]
    cells["order"] = list(range(ROWS))
    own = understand(cells, "found", "date", ["after"])
    assert (np.diff(own.order.astype(int)) >= 0).all()
    assert len(np.unique(own.order)) == 12
    shuffled = np.random.default_rng(1).permutation(ROWS)
    mixed = {name: [column[i] for i in shuffled] for name, column in cells.items()}
    assert understand(mixed, "found", "date", ["after"]).order.tolist() == own.order.tolist()


def test_too_little_to_learn_from_says_what_to_add() -> None:
    few = {name: column[:60] for name, column in table().items()}
    with pytest.raises(ValueError, match="add history"):
        compare(understand(few, "found", "date"), 0.1)
    with pytest.raises(ValueError, match="share of the list"):
        compare(understand(table(), "found", "date"), 10)
    with pytest.raises(ValueError, match="no times that can be read"):
        understand(table(), "found", "city")


def test_the_average_precision_is_that_of_scikit_learn_for_the_order_by_one_column() -> None:
    cells = table()
    own = understand({name: cells[name] for name in ("score", "date", "found")}, "found", "date")
    found = compare(own, 0.1, trials=0, folds=1)
    card = next(one for one in found["candidates"] if one["name"] == "random")
    later = own.label[-found["windows"][0]["test"] :]
    assert card["average_precision"]["mean"] == pytest.approx(average_precision_score(later, np.zeros(len(later))))
    assert card["average_precision"]["sd"] is None


def test_the_command_prints_the_document(tmp_path, monkeypatch) -> None:
    import models.compare

    monkeypatch.setattr(
        models.compare, "models", lambda ways, seed, trials: models.contenders.models(ways, seed, 0)[:1]
    )
    path = tmp_path / "inspections.csv"
    cells = table()
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([list(cells), *zip(*cells.values(), strict=True)])
    words = ["compare", str(path), "--label", "found", "--time", "date", "--exclude", "after", "--json"]
    shown = CliRunner().invoke(weegschaal.app, words)
    assert shown.exit_code == 0, shown.output
    document = json.loads(shown.stdout)
    assert {"candidates", "proposed", "why"} <= set(document)
    assert {"name", "average_precision", "precision_at_k", "folds"} <= set(document["candidates"][0])


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["-0,8472915", "1,5", "12,25"], [-0.8472915, 1.5, 12.25]),
        (["1.250,5", "1.250", "3,5", "3.5"], [1250.5, 1250.0, 3.5, 3.5]),
        (["0,125", "2,500"], [0.125, 2.5]),
        (["1,250.5", "1,250"], [1250.5, 1250.0]),
        (["1,250", "4,398"], [1250.0, 4398.0]),
        (["1.125", "€ 2,5"], [1125.0, 2.5]),
        (["0.125", "2.5"], [0.125, 2.5]),
    ],
)
def test_whether_a_comma_begins_the_decimals_is_the_habit_of_the_column(cells, expected) -> None:
    assert numbers(cells).tolist() == expected


def test_a_table_with_decimal_commas_gives_the_figures_of_the_one_with_points() -> None:
    plain = table()
    commas = plain | {"score": [one.replace(".", ",") for one in plain["score"]]}
    first, second = (compare(understand(one, "found", "date", ["after"]), 0.1, trials=0) for one in (plain, commas))
    assert first == second


def test_names_of_columns_are_found_whatever_their_capitals() -> None:
    own = understand(table(), "Found", "DATE", ["After"])
    assert [one.name for one in own.columns] == ["inspection_id", "number", "kind", "score", "opened", "city", "risk"]


def test_a_column_that_tells_the_outcome_by_itself_is_named() -> None:
    plain = table()
    told = plain | {"result, in words": ["wrong" if one == "Fail" else "right" for one in plain["found"]]}
    found = compare(understand(told, "found", "date", ["after"]), 0.1, trials=0)
    assert [one for one in found["warnings"] if "--exclude it" in one] == [
        "result, in words: its value alone tells the outcome (AUC 1.000); if it is known only afterwards, --exclude it"
    ]


def test_no_column_of_an_ordinary_table_raises_that_alarm(result) -> None:
    assert not [one for one in result["warnings"] if "--exclude it" in one]
