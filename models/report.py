"""The page of one training run for a reviewer who reads no code: what was tried, what was chosen, how sure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from models.card import NAMES, Known, briefly, estimate, performance, training, working
from models.document import Document, Drawing, Section, Table, known, pairs
from models.drawing import intervals
from models.global_picture import shapley
from models.report_parts import parts

READ = frozenset(
    {
        "seed", "until", "coding", "features", "labelled", "positives", "windows", "share", "test_rows",
        "random_reviews", "effective_sample", "eligible", "prevalence", "candidates", "paired", "champion", "why_nl",
        "why_en", "model_sha256", "refits", "details", "codings", "regrets", "stays", "leaks",
    }
)  # fmt: skip
"""parts of a training report that have a place on this page; any other part is shown as it is"""

REVIEWED = (
    "Geschat is op de zaken die bekeken zijn, ieder gewogen naar de kans waarmee die gekozen was. Van wie toen niet "
    "gekozen is, is niet bekend wat er over hen bekend was: over alle zaken die in aanmerking kwamen is hier daarom "
    "geen dubbel robuust cijfer."
)
EVERYBODY = (
    "De lijst is hier de top van alle {cases} zaken die in de toetsperioden in aanmerking kwamen, ook van wie niet "
    "bekeken werd. Van iedereen telt wat op grond van eerdere zaken te verwachten was, en van de bekeken zaken wat "
    "daarvan afweek, gewogen naar de kans waarmee zij gekozen waren (dubbel robuust: het klopt als één van beide "
    "klopt). Daarnaast de grenzen zonder enige aanname: wie niet bekeken is telt eerst als nee en dan als ja."
)


def report_page(what: Known) -> Document:
    """The report, Dutch. Parts that a later training adds are shown as tables under their own names."""
    report = what.report
    return Document(
        title=f"Verslag van de training, modelversie {what.registered['version']}",
        lead=f"{known(report.get('why_nl'))} Wat hier staat gaat over het model, niet over zaken of mensen.",
        sections=(
            Section("Waarmee is geleerd", (pairs(training(what)),)),
            Section("Perioden waarin is getoetst", (_windows(report),)),
            Section("Kandidaten naast elkaar", performance(report)),
            Section("Over alle zaken die in aanmerking kwamen", _eligible(report)),
            Section("Verschillen tussen kandidaten", _paired(report)),
            *_cost_of_weights(report),
            *parts(report),
            Section("Cijfers die u niet mag gebruiken", _naive(report)),
            *_further(report),
            Section("Hoe het gekozen model werkt", working(what)),
            *([Section("SHAP-waarden", shapley(what.picture, what.features))] if what.picture else []),
        ),
    )


def _eligible(report: Mapping[str, Any]) -> tuple[str | Table | Drawing, ...]:
    """Doubly robust over the whole eligible population, or why not."""
    cases = (report.get("eligible") or {}).get("cases")
    if not cases:
        return (REVIEWED,)
    rows = []
    for one in report.get("candidates") or []:
        found, over = one.get("eligible") or {}, one.get("stratified") or {}
        bounds = (
            f"{100 * found['bound_low']:.1f} tot {100 * found['bound_high']:.1f}".replace(".", ",") if found else ""
        )
        worth, rare = over.get("effective_sample"), over.get("rare")
        rows.append(
            (
                NAMES.get(one["name"], one["name"]),
                estimate(found),
                bounds,
                known(None if worth is None else round(worth)),
                known(None if rare is None else f"{100 * rare:.0f} van de 100"),
            )
        )
    head = ("kandidaat", "wijziging in de top", "zonder aanname", "telt als zoveel zaken", "kans onder 1 op 100")
    left = 100 * report["eligible"]["share_left_out"]
    note = f"Weggelaten, omdat een huisgenoot of adres in de leergegevens zit: {left:.1f} van de 100.".replace(
        ".", ",", 1
    )
    number = f"{round(cases):,}".replace(",", ".")
    return (EVERYBODY.format(cases=number), Table(head, tuple(rows)), note)


def _windows(report: Mapping[str, Any]) -> Table:
    rows = tuple((one["start"], one["end"], str(one["train"]), str(one["test"])) for one in report.get("windows") or [])
    return Table(("toets van", "tot", "zaken om te leren", "zaken om te toetsen"), rows)


def _paired(report: Mapping[str, Any]) -> tuple[str | Table | Drawing, ...]:
    best = report.get("champion")
    rows = [one for one in report.get("paired") or [] if one["first"] == best]
    drawing = intervals(
        "Verschil van de gekozen kandidaat met elke andere",
        [
            (
                NAMES.get(one["second"], one["second"]),
                float(one["difference"]),
                float(one["difference"] - 2 * one["standard_error"]),
                float(one["difference"] + 2 * one["standard_error"]),
                f"{one['difference'] * 100:+.1f} van de 100".replace(".", ","),
            )
            for one in rows
        ],
        0.0,
    )
    return (
        "Op dezelfde zaken: hoeveel meer wijzigingen de gekozen kandidaat in de top heeft dan een andere. Raakt het "
        "streepje de stippellijn, dan is het verschil niet aangetoond (twee standaardfouten).",
        Drawing(drawing, "Rechts van de stippellijn is de gekozen kandidaat beter."),
    )


def _cost_of_weights(report: Mapping[str, Any]) -> tuple[Section, ...]:
    """What training with weights changes in precision, per candidate that was trained with and without."""
    rows = []
    for one in report.get("paired") or []:
        plain, _, way = str(one["first"]).rpartition("-")
        if plain == one["second"] and way in WAYS:
            change = f"{100 * one['difference']:+.1f}".replace(".", ",")
            error = f"{100 * one['standard_error']:.1f}".replace(".", ",")
            rows.append((NAMES.get(plain, plain), WAYS[way], f"{change} van de 100", error))
    if not rows:
        return ()
    text = (
        "Dezelfde kandidaat, met en zonder gewichten in de training, op dezelfde zaken: hoeveel meer of minder "
        "wijzigingen er in de top staan. Wat wegen voor gelijke behandeling doet voor groepen, staat in de toets van "
        "de lijsten die met het model gemaakt zijn."
    )
    head = ("kandidaat", "gewogen", "verschil in de top", "standaardfout")
    return (Section("Wat gewichten in de training kosten", (text, Table(head, tuple(rows)))),)


WAYS = {"reweighed": "voor gelijke behandeling", "weighted": "naar de kans om gekozen te worden"}


def _naive(report: Mapping[str, Any]) -> tuple[str | Table | Drawing, ...]:
    rows = tuple(
        (
            NAMES.get(one["name"], one["name"]),
            known(None if one.get("naive") is None else f"{one['naive'] * 100:.1f} van de 100".replace(".", ",")),
            estimate(one.get("precision")),
        )
        for one in report.get("candidates") or []
    )
    return (
        "Wie alleen telt wat bekeken werd, telt vooral zaken die om een signaal gekozen waren. Deze naïeve "
        "cijfers staan "
        "hier om het verschil te laten zien.",
        Table(("kandidaat", "naïef", "geschat met het willekeurige deel"), rows),
    )


def _further(report: Mapping[str, Any]) -> tuple[Section, ...]:
    """Every other part of the report as it is: what a later training adds."""
    titles = {
        "calibration": "Kloppen de verhoudingen voor groepen zaken?",
    }
    found = []
    for name in sorted(set(report) - READ):
        body = _shown(titles.get(name, name), report[name])
        if body:
            found.append(Section(titles.get(name, name.replace("_", " ").capitalize()), body))
    return tuple(found)


def _shown(title: str, content: Any) -> tuple[str | Table | Drawing, ...]:
    """Rows as a table, and as a drawing too where they hold an estimate with its interval; a mapping as pairs."""
    if isinstance(content, Mapping):
        if content and all(isinstance(one, Mapping) for one in content.values()):
            return _shown(title, [{"naam": name} | dict(one) for name, one in content.items()])
        return (pairs([(str(name), _told(one)) for name, one in content.items()]),) if content else ()
    if isinstance(content, Sequence) and not isinstance(content, str):
        rows = [one for one in content if isinstance(one, Mapping)]
        if not rows:
            return (known(list(content)),) if content else ()
        head = tuple(dict.fromkeys(str(name) for one in rows for name in one))
        table = Table(head, tuple(tuple(_told(one.get(name)) for name in head) for one in rows))
        drawing = _drawn(title, rows)
        return (Drawing(drawing, title), table) if drawing else (table,)
    return (known(content),)


def _drawn(title: str, rows: Sequence[Mapping[str, Any]]) -> str:
    marks = []
    for one in rows:
        figure: Any = next((v for v in one.values() if isinstance(v, Mapping) and "low" in v and "value" in v), one)
        if not {"value", "low", "high"} <= set(figure):
            return ""
        name = " ".join(str(v) for v in one.values() if isinstance(v, str))[:60]
        value, low, high = (None if figure[key] is None else float(figure[key]) for key in ("value", "low", "high"))
        marks.append((name, value, low, high, briefly(figure)))
    return intervals(title, marks)


def _told(value: Any) -> str:
    if isinstance(value, Mapping) and "value" in value:
        return estimate(value)
    if isinstance(value, float):
        return f"{value:.4g}".replace(".", ",")
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {_told(one)}" for name, one in value.items())
    if isinstance(value, list | tuple):
        return "; ".join(_told(one) for one in value)
    return known(value)
