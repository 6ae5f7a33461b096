"""Parts of a training's report in words and tables: the lift, other lengths, periods, places and ages, other codings,
regret, leaks, how firm the list is, and what is watched after the training. Dutch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from models.card import NAMES, briefly, estimate
from models.document import Drawing, Section, Table, known
from models.drawing import intervals
from models.stopping import CONFIDENCE, FEWEST, QUARTERS, RUNNING

Body = tuple[str | Table | Drawing, ...]
Report = Mapping[str, Any]

CODINGS = {
    "review": "de telling die in gebruik is",
    "down only": "alleen minder recht",
    "without own mistakes of the municipality": "zonder fouten van de gemeente zelf",
    "any change": "elke wijziging",
}
LEAKS = {
    "future_record": "een gegeven van na de datum van de lijst",
    "outcome_derived": "een kolom die uit de uitkomst is afgeleid",
    "decider": "wie beslist, of het team",
    "imputation": "een lege plek die met de uitkomst is gevuld",
    "both_sides": "dezelfde persoon, hetzelfde huishouden of adres om van te leren en om te toetsen",
}


def parts(report: Report) -> tuple[Section, ...]:
    """A section for each part that the report holds."""
    made = (
        ("Hoeveel vaker dan loten", _lifts(report)),
        ("Bij een kortere of langere lijst", _lengths(report)),
        ("Per toetsperiode", _cut(report, "period", "toets vanaf", everybody=True)),
        ("Per gemeente", _cut(report, "municipality", "gemeente", everybody=False)),
        ("Naarmate het model ouder is", _cut(report, "months", "maanden oud", everybody=False)),
        ("Wat als uitkomsten anders geteld worden?", _codings(report)),
        ("Wat de keuze kostte tegenover de beste van de volgende periode", _regrets(report)),
        ("Hoe vast de lijst is", _firm(report)),
        ("Leert het van wat het niet kon weten?", _leaks(report)),
        ("Wat na de training gevolgd wordt", WATCHED),
    )
    return tuple(Section(title, body) for title, body in made if body)


WATCHED: Body = (
    f"Stopregel, vooraf vastgelegd: elk kwartaal wordt gekeken naar de lift van het risicodeel over de laatste "
    f"{3 * QUARTERS} maanden. Ligt de ondergrens (eenzijdig, {round(100 * CONFIDENCE)} %) bij {RUNNING} keer kijken "
    f"achter elkaar op of onder 1, dan gaan de plaatsen terug naar loten en signalen. Met minder dan {FEWEST} bekeken "
    "zaken in een deel zegt de regel nog niets.",
    "Verschuiving: elke nacht wordt per gegeven en per gemeente vergeleken of de zaken nog lijken op die van de "
    "training, en of er gevonden wordt wat voor groepen zaken beloofd was. Beide staan bij Resultaten en bij Modellen.",
)


def _lifts(report: Report) -> Body:
    """Precision and lift over strata, with the assumption-free bounds."""
    there = [
        one for one in report.get("candidates") or [] if (one.get("stratified") or {}).get("precision") is not None
    ]
    if not there:
        return ()
    rows, marks = [], []
    for one in there:
        over, pooled = one["stratified"], one["precision"]
        few = pooled.get("value") is None
        share = pooled if few else {"value": over["precision"], "low": over.get("low"), "high": over.get("high")}
        ratio = (None,) * 3 if few else (over.get("lift"), over.get("lift_low"), over.get("lift_high"))
        lift = _ratio(*ratio)
        rows.append(
            (
                _name(one["name"]),
                _short(share),
                lift,
                _range(pooled.get("bound_low"), pooled.get("bound_high")),
                known(_whole(over.get("effective_sample"))),
                f"{known(over.get('strata'))}, en {known(over.get('without_random'))} zonder willekeurige zaak",
            )
        )
        marks.append((_name(one["name"]), *ratio, lift))
    head = (
        "kandidaat",
        "wijziging in de top",
        "lift",
        "zonder aanname",
        "telt als zoveel zaken",
        "perioden x gemeenten",
    )
    text = (
        "Lift: hoeveel keer zo vaak een zaak in de top een wijziging heeft als een gelote zaak in dezelfde periode en "
        "gemeente. Perioden en gemeenten zijn bij elkaar geteld met de gewichten van Mantel en Haenszel; het interval "
        "komt van het opnieuw trekken van hele huishoudens. Zonder willekeurige zaak telt er niets; dat staat erbij. "
        "Op minder dan 30 bekeken zaken buiten de signaal- en risicolijst wordt niets geschat."
    )
    title = "Lift met interval; stippellijn: even vaak als loten"
    return (text, Drawing(intervals(title, marks, 1.0), title), Table(head, tuple(rows)))


def _lengths(report: Report) -> Body:
    rows = [one for one in _details(report) if not (one["period"] or one["municipality"] or one["months"])]
    if not rows:
        return ()
    cells = tuple((_name(one["name"]), f"{_hundred(one['share'])} van de 100", *_figures(one)) for one in rows)
    return (NAIVE, Table(("kandidaat", "lijst", *FIGURES), cells))


NAIVE = (
    "Naïef is wat er gevonden werd bij wie bekeken is, door wie ook gekozen; het staat er alleen om het verschil te "
    "zien. Zonder aanname: wie niet bekeken is telt eerst als nee en dan als ja. Niet te schatten is wat op minder "
    "dan 30 bekeken zaken buiten de signaal- en risicolijst rust."
)
FIGURES = ("wijziging in de top", "zonder aanname", "deel van alle wijzigingen", "lift", "basiskans", "naïef")


def _figures(one: Mapping[str, Any]) -> tuple[str, ...]:
    """The cells under FIGURES."""
    top = one["precision"]
    return (
        _short(top),
        _range(top.get("bound_low"), top.get("bound_high")),
        _short(one["recall"]),
        "niet te schatten" if one["lift"] is None else _comma(f"{one['lift']:.2f}"),
        _short(one["prevalence"]),
        known(None if one["naive"] is None else f"{_hundred(one['naive'])} van de 100"),
    )


def _cut(report: Report, by: str, head: str, *, everybody: bool) -> Body:
    """Figures by window, municipality or age: of all candidates, or of the chosen one alone."""
    mine = [one for one in _details(report) if one[by] and (everybody or one["name"] == report.get("champion"))]
    if not mine:
        return ()
    chosen = [one for one in mine if one["name"] == report.get("champion")]
    title = f"{_begin(_name(str(report.get('champion'))))}: aandeel met een wijziging in de top"
    marks = [
        (one[by], *(one["precision"].get(part) for part in ("value", "low", "high")), briefly(one["precision"]))
        for one in chosen
    ]
    rows = tuple(((_name(one["name"]),) if everybody else ()) + (one[by], *_figures(one)) for one in mine)
    heads = (("kandidaat",) if everybody else ()) + (head, *FIGURES)
    text = "Van alle kandidaten." if everybody else "Van het gekozen model; van de andere staan zij in de JSON."
    return (text, Drawing(intervals(title, marks), title), Table(heads, rows)) if marks else (text, Table(heads, rows))


def _codings(report: Report) -> Body:
    """The champion rerun under each other coding."""
    rows = tuple(
        (
            CODINGS.get(one["coding"], one["coding"]),
            known(one.get("positives")),
            estimate(one.get("prevalence")),
            estimate(one.get("precision")),
            "niet te schatten" if one.get("lift") is None else _comma(f"{one['lift']:.2f}"),
            known(None if one.get("same_list") is None else f"{_hundred(one['same_list'])} van de 100"),
        )
        for one in report.get("codings") or []
    )
    if not rows:
        return ()
    text = (
        "Hetzelfde model, opnieuw geleerd en getoetst terwijl uitkomsten anders tellen. De laatste kolom zegt hoeveel "
        "van de lijst dezelfde blijft: hoe minder, hoe meer er aan die keuze hangt."
    )
    head = ("telling", "wijzigingen", "basiskans", "wijziging in de top", "lift", "zelfde lijst")
    return (text, Table(head, rows))


def _regrets(report: Report) -> Body:
    rows = tuple(
        (
            one["period"],
            _name(one["chosen"]),
            _name(one["best"]),
            "niets: het was de beste" if one["regret"] == 0 else f"{_hundred(one['regret'])} van de 100",
        )
        for one in report.get("regrets") or []
    )
    if not rows:
        return ()
    text = (
        "Voor elke toetsperiode: wat de keuzeregel op grond van de perioden ervoor had gekozen, en welke kandidaat in "
        "die periode het best bleek. In één periode zijn er weinig willekeurige zaken; de beste is dan vaak toeval, en "
        "het verschil valt groter uit dan het is."
    )
    return (text, Table(("toets vanaf", "gekozen", "de beste bleek", "gemiste wijzigingen in de top"), rows))


def _firm(report: Report) -> Body:
    stays = report.get("stays")
    if stays is None:
        return ()
    return (
        f"{_hundred(stays)} van elke 100 zaken in de top van de laatste periode staan daar ook in minstens 80 % van "
        f"{known(report.get('refits'))} hertrainingen op opnieuw getrokken huishoudens. De andere hadden er net zo "
        "goed niet kunnen staan.",
    )


def _leaks(report: Report) -> Body:
    rows = tuple(
        (LEAKS.get(one["kind"], one["kind"]), "niets" if not one["found"] else str(one["found"]))
        for one in report.get("leaks") or []
    )
    return (Table(("waarnaar gezocht is", "gevonden"), rows),) if rows else ()


def _short(figure: Mapping[str, Any]) -> str:
    """An estimate, or on how few reviews there is none."""
    if figure.get("value") is None and figure.get("reviewed") is not None:
        return f"niet te schatten ({round(figure['reviewed'])} bekeken)"
    return estimate(figure)


def _details(report: Report) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = report.get("details") or []
    return found


def _name(name: str) -> str:
    return NAMES.get(name, name)


def _begin(words: str) -> str:
    return words[:1].upper() + words[1:]


def _hundred(share: float) -> str:
    return _comma(f"{100 * share:.1f}".removesuffix(".0"))


def _range(low: float | None, high: float | None) -> str:
    return known(None) if low is None or high is None else f"{_hundred(low)} tot {_hundred(high)}"


def _ratio(value: float | None, low: float | None, high: float | None) -> str:
    if value is None:
        return "niet te schatten"
    said = _comma(f"{value:.2f}")
    return said if low is None or high is None else f"{said} ({_comma(f'{low:.2f}')} tot {_comma(f'{high:.2f}')})"


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)


def _comma(said: str) -> str:
    return said.replace(".", ",")
