"""The model card: what a model is for, how it was made, how well it ranks and for whom, and what it must not do.

Headings after Mitchell et al., "Model Cards for Model Reporting" (2019); the words and the order are our own. Every
figure comes from the metadata of the run; what they do not hold is said to be not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from models.document import NOT_KNOWN, Document, Drawing, Section, Table, known, pairs
from models.drawing import intervals
from models.global_picture import Picture, Titled, drawn

KINDS = {
    "scorecard": "een puntenkaart: hoogstens 15 uitspraken met hele punten die een mens kan optellen",
    "boosting": "begrensde beslisbomen (LightGBM, diepte hoogstens 3, hoogstens 30 gegevens)",
    "additive": "een optelmodel (EBM): per gegeven één kromme, zonder samenspel van gegevens",
}
NAMES = {
    "random": "loten",
    "signals": "alleen signalen",
    "longest-not-reviewed": "langst niet bekeken",
    "current-practice": "huidige praktijk",
    "scorecard": "puntenkaart",
    "boosting": "beslisbomen, begrensd",
    "additive": "optelmodel",
    "ceiling": "beslisbomen, onbegrensd",
}
NAMES |= {f"{name}-reweighed": f"{said}, gewogen voor gelijke behandeling" for name, said in NAMES.items()} | {
    f"{name}-weighted": f"{said}, gewogen naar kans" for name, said in NAMES.items()
}


@dataclass(frozen=True)
class Known:
    """What is known of one registered model. Nothing here is about a person."""

    registered: Mapping[str, Any]
    """Registry.described"""
    report: Mapping[str, Any]
    """the training report as it was stored"""
    features: Mapping[str, Titled]
    """declarations of the features it may use"""
    picture: Picture | None = None
    """None when the matrix of its training is gone"""
    promotion: Mapping[str, Any] = field(default_factory=dict)
    """the newest promotion: state, references, dates; empty when nobody asked"""
    adopted_by: tuple[str, ...] = ()
    """codes of the municipalities that adopted it"""
    data: Mapping[str, Any] = field(default_factory=dict)
    """the training generation: rows, contracts with deliveries, first and last date"""


def card(what: Known) -> Document:
    """The model card, Dutch."""
    registered, report = what.registered, what.report
    kind = str(registered["kind"])
    return Document(
        title=f"Modelkaart Weegschaal, versie {registered['version']}",
        lead=f"Dit model zet bijstandszaken in een volgorde om te bekijken. Het is {KINDS.get(kind, kind)}. "
        "Het beslist niets, en een plaats zegt niet dat er iets mis is.",
        sections=(
            Section("Wat het is", (pairs(_identity(what)),)),
            Section("Waarvoor wel en waarvoor niet", USE),
            Section(
                "Hoe het gekozen is",
                (known(report.get("why_nl")), pairs(training(what))),
            ),
            Section("Hoe goed het ordent", performance(report)),
            Section("Voor wie het anders werkt", fairness(what)),
            Section("Hoe het werkt, over alle zaken", working(what)),
            Section("Met welke gegevens", (_used(what),)),
            Section("Grenzen en zorgen", LIMITS),
        ),
    )


USE = (
    "Voor: de volgorde waarin medewerkers van de gemeente lopende bijstandszaken bekijken, naast een willekeurig deel "
    "en zaken met een signaal. Een medewerker kijkt, stelt zelf vast, en een tweede persoon keurt goed.",
    "Niet voor: een besluit over een uitkering, een oordeel over een mens, een zaak buiten de bijstand, een andere "
    "gemeente dan die het model heeft overgenomen, of gegevens die ouder zijn dan de bron toestaat.",
)
LIMITS = (
    "Wat een heronderzoek opleverde is geen waarheid over mensen; het model leert van wat medewerkers vaststelden.",
    "Cijfers over hoe goed het zet, komen uit het willekeurige deel en hebben een interval. Waar het interval de "
    "basiskans bevat, is niet aangetoond dat het beter is dan loten.",
    "Zijn ook de uitkomsten van het willekeurige deel scheef, dan laat geen cijfer dat zien; alleen het "
    "verschil tussen "
    "dubbel bekeken zaken geeft een aanwijzing.",
    "De kans die een getal suggereert, hoort bij groepen zaken; voor één zaak wordt geen kans getoond.",
)


def _identity(what: Known) -> list[tuple[str, Any]]:
    registered, promotion = what.registered, what.promotion
    return [
        ("versie", registered["version"]),
        ("soort", NAMES.get(str(registered["kind"]), registered["kind"])),
        ("sha256 van het model", registered["sha256"]),
        ("vastgelegd op", registered["registered_at"]),
        ("getraind door", registered.get("trainer") or promotion.get("trainer")),
        ("rol", registered["aliases"] or "geen"),
        ("alleen ter demonstratie", registered["demo"]),
        ("bevroren", registered["frozen"] or "nee"),
        ("aanvraag", promotion.get("state")),
        ("goedgekeurd door", promotion.get("approved_by")),
        ("te gebruiken tot", promotion.get("expires_on")),
        ("overgenomen door gemeenten", list(what.adopted_by)),
    ]


def training(what: Known) -> list[tuple[str, Any]]:
    """Facts of the training, Dutch."""
    report = what.report
    windows = report.get("windows") or []
    return [
        ("uitkomsten bekend tot", report.get("until")),
        ("beoordeelde zaken", report.get("labelled")),
        (
            "daarvan met een wijziging naar beneden of verkeerde gegevens",
            report.get("positives"),
        ),
        ("codering van uitkomsten", report.get("coding")),
        ("zaad", report.get("seed")),
        (
            "toetsperioden",
            ", ".join(f"{one['start']} tot {one['end']}" for one in windows),
        ),
        ("herhalingen voor de spreiding van plaatsen", report.get("refits")),
        ("sha256 van de leermatrix", what.registered["params"].get("matrix_sha256")),
        *((f"versie van {name.removeprefix('version.')}", one) for name, one in _engine(what)),
    ]


def _engine(what: Known) -> list[tuple[str, str]]:
    return [(name, one) for name, one in what.registered["params"].items() if name.startswith("version.")]


def estimate(figure: Mapping[str, Any] | None) -> str:
    """A share out of a hundred with its interval, or why there is none, Dutch."""
    if not figure or figure.get("value") is None:
        why = (figure or {}).get("why_nl")
        return f"niet te schatten: {why}" if why else NOT_KNOWN["nl"]
    said = f"{_of_hundred(figure['value'])} van de 100"
    if figure.get("low") is None or figure.get("high") is None:
        return said
    return f"{said} ({_of_hundred(figure['low'])} tot {_of_hundred(figure['high'])})"


def briefly(figure: Mapping[str, Any] | None) -> str:
    """As it fits in a drawing."""
    return estimate(figure) if figure and figure.get("value") is not None else "niet te schatten"


def _of_hundred(share: float) -> str:
    return f"{share * 100:.1f}".replace(".", ",")


def performance(report: Mapping[str, Any]) -> tuple[str | Table | Drawing, ...]:
    """Candidates beside each other, out of time: a table and a drawing with intervals."""
    candidates = report.get("candidates") or []
    usual = report.get("prevalence") or {}
    top = known(_of_hundred(report["share"]) if report.get("share") is not None else None)
    rows = tuple(
        (
            NAMES.get(one["name"], one["name"]),
            estimate(one.get("precision")),
            estimate(one.get("recall")),
            known(None if one.get("times_base_rate") is None else f"{one['times_base_rate']:.2f}".replace(".", ",")),
            "ja" if one.get("promotable") else "nee",
        )
        for one in candidates
    )
    marks = [
        (
            NAMES.get(one["name"], one["name"]),
            *(_number(one["precision"], name) for name in ("value", "low", "high")),
        )
        for one in candidates
        if one.get("precision")
    ]
    title = "Aandeel met een wijziging in de top van de volgorde, met interval"
    drawing = intervals(
        title,
        [(name, value, low, high, briefly(_figure(candidates, name))) for name, value, low, high in marks],
        _number(usual, "value"),
    )
    return (
        f"Van de bovenste {top} van elke 100 zaken, in perioden na de leerperiode, geschat met het willekeurige deel "
        f"({known(report.get('random_reviews'))} zaken). De basiskans: {estimate(usual)}.",
        Drawing(drawing, f"{title}. Stippellijn: de basiskans."),
        Table(
            (
                "kandidaat",
                "wijziging in de top",
                "deel van alle wijzigingen",
                "maal de basiskans",
                "kiesbaar",
            ),
            rows,
        ),
    )


def _figure(candidates: list[Mapping[str, Any]], said: str) -> Mapping[str, Any] | None:
    return next(
        (one["precision"] for one in candidates if NAMES.get(one["name"], one["name"]) == said),
        None,
    )


def _number(figure: Mapping[str, Any], name: str) -> float | None:
    value = figure.get(name)
    return None if value is None else float(value)


def fairness(what: Known) -> tuple[str | Table | Drawing, ...]:
    promotion = what.promotion
    if not promotion:
        return (
            "Er is nog geen toets op ongelijke behandeling bij dit model vastgelegd. Zonder zo'n toets van "
            "hoogstens 90 "
            "dagen oud wordt het niet gebruikt.",
        )
    return (
        "Verschillen tussen groepen staan in de toets op ongelijke behandeling, die het afgezonderde deel met "
        "beschermde kenmerken leest. Het model zelf ziet die kenmerken nooit.",
        pairs(
            [
                ("toets", promotion.get("audit")),
                ("van", promotion.get("audited_on")),
                ("DPIA", promotion.get("dpia")),
                ("FRIA", promotion.get("fria")),
                ("IAMA", promotion.get("iama")),
            ]
        ),
    )


def working(what: Known) -> tuple[str | Table | Drawing, ...]:
    if what.picture is None:
        return ("Nog niet bekend: de leermatrix is er niet meer, alleen haar sha256.",)
    return drawn(what.picture, what.features)


def _used(what: Known) -> Table:
    names = [name for name in what.report.get("features") or [] if name in what.features]
    rows = tuple(
        (
            what.features[name].title_nl,
            ", ".join(what.features[name].registers),
            DIRECTION[what.features[name].direction],
        )
        for name in names
    )
    return Table(("gegeven", "bron", "meer ervan"), rows)


DIRECTION = {1: "alleen eerder", -1: "alleen later", 0: "beide kanten"}
