"""Documents say what the metadata say, mark what is not known, and run no code in a reader's browser."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import jsonschema
import numpy as np
import pytest

from features.catalogue import CATALOGUE
from models.card import Known, card
from models.contenders import contenders
from models.document import Document
from models.global_picture import BINS, SWARM, TOGETHER, Picture, picture, shapley
from models.register_record import register_record
from models.report import report_page
from models.scorecard import Scorecard
from models.technical_file import data_sheet, instructions, technical_file
from tests.models.catalogue_world import NAMES, cells, reviews
from tests.shared import SHARED, needs_shared

FIGURE = {"value": 0.2, "low": 0.15, "high": 0.25, "status": "ok", "why_nl": "", "why_en": ""}
NONE = {"value": None, "low": None, "high": None, "status": "not_estimable", "why_nl": "te weinig", "why_en": "too few"}
REPORT = {
    "seed": 1,
    "until": "2026-11-01",
    "coding": "review",
    "features": list(NAMES),
    "labelled": 4_321,
    "positives": 765,
    "windows": [{"start": "2025-01-01", "end": "2025-07-01", "train": 900, "test": 400, "share_lost": 0.03}],
    "share": 0.1,
    "random_reviews": 456,
    "effective_sample": 430.2,
    "prevalence": FIGURE,
    "candidates": [
        {"name": "scorecard", "promotable": True, "precision": FIGURE, "recall": FIGURE, "naive": 0.4}
        | {"times_base_rate": 1.4},
        {"name": "boosting", "promotable": True, "precision": NONE, "recall": NONE, "naive": None}
        | {"times_base_rate": None},
    ],
    "paired": [{"first": "scorecard", "second": "boosting", "difference": 0.01, "standard_error": 0.02}],
    "champion": "scorecard",
    "why_nl": "De puntenkaart is de eenvoudigste <die> volstaat.",
    "why_en": "The scorecard is the simplest that suffices.",
    "refits": 30,
}  # fmt: skip
REGISTERED = {
    "version": "3",
    "kind": "scorecard",
    "sha256": "a" * 64,
    "registered_at": "2026-11-02T08:00:00+00:00",
    "aliases": ["champion"],
    "demo": False,
    "promotion": "3-1",
    "frozen": "",
    "params": {"matrix_sha256": "b" * 64, "version.numpy": "2.4.0"},
    "metrics": {},
    "documents": {},
}
PROMOTION = {
    "state": "promoted",
    "audit": "audit-7",
    "audited_on": "2026-10-20",
    "dpia": "dpia-3",
    "fria": "fria-2",
    "iama": "iama-1",
    "approved_by": ["compliance.heerlen", "manager.heerlen"],
    "settled_at": "2026-11-03T10:00:00+00:00",
    "expires_on": "2027-11-03",
}
PAGES = [card, technical_file, instructions, data_sheet, report_page]


def test_the_report_gives_figures_over_all_the_eligible_or_says_why_not() -> None:
    over = {"value": 0.25, "low": 0.2, "high": 0.3, "bound_low": 0.01, "bound_high": 0.97}
    candidates = [
        one | {"eligible": over, "stratified": {"effective_sample": 210.4, "rare": 0.021}}
        for one in REPORT["candidates"]
    ]
    whole = REPORT | {"eligible": {"cases": 12_345.6, "share_left_out": 0.012}, "candidates": candidates}
    page = report_page(Known(REGISTERED, whole, CATALOGUE)).html().decode()
    for said in ("12.346 zaken", "25,0 van de 100 (20,0 tot 30,0)", "1,0 tot 97,0", "210", "2 van de 100", "1,2 van"):
        assert said in page, said
    assert "geen dubbel robuust cijfer" not in page
    assert "geen dubbel robuust cijfer" in report_page(Known(REGISTERED, REPORT, CATALOGUE)).html().decode()


def detail(value: float | None, **of: object) -> dict[str, object]:
    figure = {"value": value, "low": value, "high": value, "bound_low": 0.01, "bound_high": 0.97, "reviewed": 12.4}
    named = {"name": "scorecard", "share": 0.1, "period": "", "municipality": "", "months": ""} | of
    return named | {"precision": figure, "recall": figure, "prevalence": FIGURE, "lift": None, "naive": 0.41}


def test_each_part_of_the_evaluation_stands_in_the_report_in_words() -> None:
    over = {"precision": 0.31, "low": 0.2, "high": 0.4, "lift": 1.52, "lift_low": 1.11, "lift_high": 2.08}
    over |= {"effective_sample": 88.2, "rare": 0.0, "strata": 24, "without_random": 3}
    whole = REPORT | {
        "candidates": [one | {"stratified": over} for one in REPORT["candidates"]],
        "details": [
            detail(0.33, share=0.05),
            detail(0.23, period="2025-01-01"),
            detail(0.24, period="2025-01-01", name="random"),
            detail(0.25, municipality="0917"),
            detail(0.26, municipality="0917", name="random"),
            detail(None, months="3-6"),
        ],
        "codings": [
            {"coding": "down only", "positives": 151, "prevalence": FIGURE, "precision": NONE, "lift": 0.92}
            | {"same_list": 0.539}
        ],
        "regrets": [
            {"period": "2025-07-01", "chosen": "scorecard", "best": "boosting", "regret": 0.045},
            {"period": "2025-11-01", "chosen": "scorecard", "best": "scorecard", "regret": 0.0},
        ],
        "stays": 0.625,
        "leaks": [{"kind": "both_sides", "found": 0}, {"kind": "decider", "found": 2}],
    }
    page = report_page(Known(REGISTERED, whole, CATALOGUE))
    said = {
        one["title"]: json.dumps([one["text"], one["tables"]], ensure_ascii=False) for one in page.data()["sections"]
    }
    expected = {
        "Hoeveel vaker dan loten": [
            "1,52 (1,11 tot 2,08)",
            "31,0 van de 100",
            "24, en 3 zonder willekeurige zaak",
            "te weinig",
        ],
        "Bij een kortere of langere lijst": ["5 van de 100", "33,0 van de 100", "1 tot 97", "41 van de 100"],
        "Per toetsperiode": ["2025-01-01", "loten", "puntenkaart", "24,0 van de 100"],
        "Per gemeente": ["0917", "25,0 van de 100"],
        "Naarmate het model ouder is": ["3-6", "niet te schatten (12 bekeken)"],
        "Wat als uitkomsten anders geteld worden?": ["alleen minder recht", "151", "0,92", "53,9 van de 100"],
        "Wat de keuze kostte tegenover de beste van de volgende periode": ["4,5 van de 100", "niets: het was de beste"],
        "Hoe vast de lijst is": ["62,5 van elke 100"],
        "Leert het van wat het niet kon weten?": ["niets", '"wie beslist, of het team", "2"'],
        "Wat na de training gevolgd wordt": ["Stopregel", "12 maanden", "80 %", "Verschuiving"],
    }
    for title, words in expected.items():
        for word in words:
            assert word in said[title], (title, word)
    assert "26,0 van de 100" not in said["Per gemeente"], "of the chosen model alone"
    assert said["Hoeveel vaker dan loten"].count("1,52") == 1, "of too few reviews nothing is estimated"
    for raw in ("same_list", "without_random", "both_sides", "months", "scorecard"):
        assert raw not in "".join(said.values()), raw


def test_r27_the_technical_file_holds_every_point_of_annexes_iv_v_and_viii(whole: Known) -> None:
    sections = {one["title"]: one for one in technical_file(whole).data()["sections"]}
    assert [int(title[0]) for title in sections if title[0].isdigit()] == list(range(1, 10))
    annex_v = next(one for title, one in sections.items() if "Annex V)" in title)["tables"][0]["rows"]
    provider, deployer = (one["rows"] for one in next(s for t, s in sections.items() if "Annex VIII" in t)["tables"])
    for rows, points in ((annex_v, 8), (provider, 13), (deployer, 5)):
        assert [int(row[0].split(".")[0]) for row in rows] == list(range(1, points + 1))
    said = dict(map(tuple, annex_v + provider + deployer))
    assert said["2. provider: name and address"] == "not yet known"
    assert "dpia-3" in said["5. personal data"]
    assert (said["7. status"], said["1. deployer: name, address and contact"]) == ("promoted", "0917")
    frozen = replace(whole, registered=REGISTERED | {"frozen": "one group"})
    assert "no longer in service" in str(technical_file(frozen).data())


@pytest.mark.parametrize("name", ["scorecard", "boosting"])
def test_a_dot_of_a_shap_plot_is_ten_cases_or_more_and_together_they_are_all_cases(models, name: str) -> None:
    values = cells(1_500, 5)
    found = picture(models[name], values)
    parts = models[name].contributions(values)
    assert len(found.swarm) == min(SWARM, len(found.importance))
    for feature, dots in found.swarm.items():
        column = NAMES.index(feature)
        groups = np.array_split(np.sort(parts[:, column]), len(dots))
        assert min(len(one) for one in groups) >= TOGETHER
        assert [x for x, _ in dots] == pytest.approx([one.mean() for one in groups])
        assert all(0 < shade < 1 for _, shade in dots)
    for feature, dots in found.dependence.items():
        column = NAMES.index(feature)
        groups = np.array_split(np.sort(values[:, column]), len(dots))
        assert [x for x, _ in dots] == pytest.approx([one.mean() for one in groups])
        sizes = [len(one) for one in groups]
        assert np.average([y for _, y in dots], weights=sizes) == pytest.approx(parts[:, column].mean())
    few = picture(models[name], values[:9])
    assert not any(few.swarm.values())
    assert "geen stip" in str(shapley(few, CATALOGUE)[0])


def test_shap_plots_stand_in_the_report_and_the_picture_survives_the_matrix(whole: Known) -> None:
    again = Picture.of(json.loads(json.dumps(whole.picture.data())))
    assert again == whole.picture
    page = report_page(replace(whole, picture=again)).html()
    assert page == report_page(whole).html()
    assert page.decode().count("<svg") >= 6
    assert "SHAP-waarden per gegeven" in page.decode()
    assert all(tag != "script" for tag, _ in Tags(page).found)


@pytest.fixture(scope="module")
def models():
    examples = reviews(1_500)
    wanted = ("scorecard", "boosting")
    return {c.name: c.fit(examples, np.ones(1_500)) for c in contenders(CATALOGUE, NAMES, 1) if c.name in wanted}


@pytest.fixture(scope="module")
def whole(models) -> Known:
    data = {"contracts": [{"contract": "incomes", "deliveries": 3, "rows": 1_234, "until": "2026-10-31"}]}
    shown = picture(models["scorecard"], cells(300, 5))
    return Known(REGISTERED, REPORT, CATALOGUE, shown, PROMOTION, ("0917",), data)


BARE = Known(REGISTERED | {"params": {}}, {}, CATALOGUE)


class Tags(HTMLParser):
    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in ("meta", "rect", "line", "circle", "polyline"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("rect", "line", "circle", "polyline"):
            assert self.open.pop() == tag


@pytest.mark.parametrize("written", PAGES, ids=lambda one: one.__name__)
@pytest.mark.parametrize("known", ["whole", "bare"])
def test_a_page_stands_alone_and_runs_no_code(written, known: str, whole: Known) -> None:
    document: Document = written(whole if known == "whole" else BARE)
    made = document.html()
    assert made == written(whole if known == "whole" else BARE).html()
    tags = Tags(made)
    assert not tags.open
    assert not {"script", "link", "img", "iframe"} & {tag for tag, _ in tags.found}
    assert not any(name.startswith("on") or name in ("src", "href") for _, attrs in tags.found for name in attrs)
    assert all(svg["role"] == "img" for tag, svg in tags.found if tag == "svg")
    assert not re.search(r"[Ff]raud|>None<|None |\bnan\b", made.decode())
    json.dumps(document.data(), allow_nan=False)


@pytest.mark.parametrize("written", PAGES, ids=lambda one: one.__name__)
def test_what_the_metadata_do_not_hold_is_said_to_be_not_known(written) -> None:
    said = json.dumps(written(BARE).data(), ensure_ascii=False).lower()
    assert "nog niet bekend" in said or "not yet known" in said


def test_every_figure_of_the_card_comes_from_the_metadata(whole: Known) -> None:
    said = json.dumps(card(whole).data(), ensure_ascii=False)
    for figure in (
        "4321",
        "765",
        "456",
        "20,0 van de 100 (15,0 tot 25,0)",
        "te weinig",
        "audit-7",
        "2027-11-03",
        "0917",
    ):
        assert figure in said, figure


@pytest.mark.parametrize("known", ["whole", "bare"])
def test_r27_the_technical_file_has_the_headings_of_annex_iv(known: str, whole: Known) -> None:
    document = technical_file(whole if known == "whole" else BARE)
    assert [one.title[0] for one in document.sections] == list("123456789")
    assert document.language == "en"


def test_text_from_the_metadata_is_no_markup(whole: Known) -> None:
    page = report_page(whole).html().decode()
    assert "eenvoudigste &lt;die&gt; volstaat" in page
    assert "<die>" not in page


def test_a_part_that_a_later_training_adds_is_shown(whole: Known) -> None:
    later = REPORT | {
        "calibration": [{"months": "0-3"} | FIGURE, {"months": "3-6"} | NONE],
        "new_check": {"leaks": 0, "rows": 12},
    }
    titles = [one.title for one in report_page(Known(REGISTERED, later, CATALOGUE)).sections]
    assert "Kloppen de verhoudingen voor groepen zaken?" in titles
    assert "New check" in titles


@needs_shared
@pytest.mark.parametrize("known", ["whole", "bare", "frozen"])
def test_r26_the_register_record_validates(known: str, whole: Known) -> None:
    frozen = Known(REGISTERED | {"frozen": "x"}, REPORT, CATALOGUE, None, PROMOTION)
    what = {"whole": whole, "bare": BARE, "frozen": frozen}[known]
    name = "algoritmeregister-publicatiestandaard-v1.0.0.schema.json"
    schema = json.loads((SHARED / "algoritmeregister" / name).read_text("utf-8"))
    record = register_record(what)
    jsonschema.validate(record, schema)
    assert record["status"] == {"whole": "In gebruik", "bare": "In ontwikkeling", "frozen": "Buiten gebruik"}[known]
    assert set(record) <= set(schema["properties"])


def test_importance_is_the_mean_absolute_contribution(models) -> None:
    """Oracle: the definition, computed here."""
    values = cells(400, 6)
    for model in models.values():
        found = picture(model, values)
        expected = np.abs(model.contributions(values)[:, :-1]).mean(axis=0)
        assert dict(found.importance) == pytest.approx(
            {name: size for name, size in zip(model.names, expected, strict=True) if size > 0}
        )
        sizes = [size for _, size in found.importance]
        assert sizes == sorted(sizes, reverse=True)
        assert all(0 < len(points) <= BINS for points in found.curves.values())


def test_curves_of_declared_features_go_the_declared_way_in_a_scorecard(models) -> None:
    found = picture(models["scorecard"], cells(600, 7))
    assert isinstance(models["scorecard"], Scorecard)
    assert len(found.points) == len(models["scorecard"].rules)
    for name, points in found.curves.items():
        way = CATALOGUE[name].direction
        steps = np.diff([y for _, y in points])
        assert way == 0 or (way * steps >= -1e-9).all(), name
