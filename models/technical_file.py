"""The technical file under the headings of Annex IV of the AI Act, and the instructions for use (Article 13).

The file is for technical readers and in English; the instructions are for the municipality and in Dutch. What the
metadata of the run do not hold is marked as not yet known, so that a gap is seen and not papered over.
"""

from __future__ import annotations

from typing import Any

from models.card import USE, Known, performance, training
from models.document import NOT_KNOWN, Document, Section, Table, known, pairs


def technical_file(what: Known) -> Document:
    """Annex IV, points 1 to 9."""
    registered, report, promotion = what.registered, what.report, what.promotion
    return Document(
        title=f"Technical file, Weegschaal model version {registered['version']}",
        lead="Technical documentation under Article 11 and Annex IV of Regulation (EU) 2024/1689, built from the "
        "metadata of the training run.",
        language="en",
        sections=(
            Section(
                "1. General description",
                (
                    "Weegschaal puts running social-assistance cases in an order in which people look at them (Annex "
                    "III, point 5a). It decides nothing: outcomes are findings of a named reviewer, approved "
                    "by a second "
                    "person. Three arms make a list: random, signals, and the places of this model.",
                    pairs(
                        [
                            ("model version", registered["version"]),
                            ("kind", registered["kind"]),
                            ("sha256", registered["sha256"]),
                            ("registered", registered["registered_at"]),
                            ("provider", "the shared back office (Articles 16-18)"),
                            ("deployers that adopted it", list(what.adopted_by)),
                            ("for demonstration only", registered["demo"]),
                        ],
                        "en",
                    ),
                ),
            ),
            Section(
                "2. Elements of the system and its development",
                (
                    "Candidates are compared out of time on the same rows; the simplest within one paired "
                    "standard error "
                    "of the best is proposed. Thresholds, bins and the choice of features are fitted on training rows "
                    "only; a household or address is never on both sides of a split.",
                    f"Choice made: {known(report.get('why_en'), 'en')}",
                    pairs([(name, value) for name, value in _figures(what)], "en"),
                    _features(what),
                ),
            ),
            Section(
                "3. Monitoring, functioning and control",
                (
                    "Places are relative within a municipality. Accuracy is the share of reviews that change something "
                    "in the top of the order, estimated from the random arm with an interval. Human oversight: reasons "
                    "with sources and other explanations, blind reviews, second-person approval, and a switch "
                    "that ends "
                    "the ranking of a municipality at once.",
                    f"Base rate: {_figure(report.get('prevalence'))}; random reviews used: "
                    f"{known(report.get('random_reviews'), 'en')}; effective sample: "
                    f"{known(_rounded(report.get('effective_sample')), 'en')}.",
                    _accuracy(what),
                ),
            ),
            Section(
                "4. Appropriateness of the performance metrics",
                (
                    "Outcomes exist only for reviewed cases, so naive figures are biased towards what was selected. "
                    "Precision and recall in the top use inclusion probabilities that were stored for every eligible "
                    "case; below 30 random reviews nothing is estimated and bounds are given.",
                ),
            ),
            Section(
                "5. Risk management system (Article 9)",
                (
                    "Known risks and measures: unequal burden between groups (audit with budgets per group, at most 90 "
                    "days old); automation bias (blind share, hidden arm, no percentage for a person); drift "
                    "(stop rule "
                    "on the lift of the risk arm); stale sources (scoring refuses); wrong registry data (corrections "
                    "are named with the reasons).",
                    pairs(
                        [
                            ("bias audit", promotion.get("audit")),
                            ("audited on", promotion.get("audited_on")),
                            ("DPIA (GDPR 35)", promotion.get("dpia")),
                            ("FRIA (AI Act 27)", promotion.get("fria")),
                            ("IAMA", promotion.get("iama")),
                        ],
                        "en",
                    ),
                ),
            ),
            Section(
                "6. Changes through the lifecycle",
                (
                    "A retrained model is a new version with its own file. A version is promoted, rejected, frozen or "
                    "expires; every step is in the hash-chained log.",
                    pairs(
                        [
                            ("state of the promotion", promotion.get("state")),
                            ("approved by", promotion.get("approved_by")),
                            ("to be used until", promotion.get("expires_on")),
                            ("frozen", registered["frozen"] or "no"),
                        ],
                        "en",
                    ),
                ),
            ),
            Section(
                "7. Harmonised standards applied",
                (NOT_KNOWN["en"].capitalize() + ": none has been cited in the Official Journal for this use.",),
            ),
            Section(
                "8. EU declaration of conformity (Article 47, Annex V)",
                (
                    "To be drawn up and signed by the provider before the model is put into service, in the order of "
                    "Annex V. Conformity is assessed by internal control (Annex VI; Article 43(2)).",
                    pairs(_declaration(what), "en"),
                ),
            ),
            Section(
                "9. Post-market monitoring (Article 72) and registration (Article 49, Annex VIII)",
                (
                    "Yield per arm with intervals is reported per period; a pre-declared stop rule sends the "
                    "capacity to "
                    "random and signals. An incident freezes the model and lists the cases concerned (Article 73).",
                    "For the EU database, section A: by the provider.",
                    pairs(_registration(what), "en"),
                    "For the EU database, section C: by each municipality that uses the model (Article 49(3)).",
                    pairs(_registration_of_deployer(what), "en"),
                ),
            ),
        ),
    )


def _declaration(what: Known) -> list[tuple[str, Any]]:
    """Annex V, points 1 to 8; what only the provider can say is not known."""
    return [
        (
            "1. AI system, type and reference",
            f"Weegschaal, model version {what.registered['version']} ({what.registered['kind']}), sha256 "
            f"{what.registered['sha256']}",
        ),
        ("2. provider: name and address", None),
        ("3. sole responsibility", "This declaration is issued under the sole responsibility of the provider."),
        ("4. conformity", "with Regulation (EU) 2024/1689: for the provider to state when it signs"),
        ("5. personal data", "complies with Regulation (EU) 2016/679; " + _dpia(what)),
        ("6. harmonised standards and common specifications", "none cited; see point 7 above"),
        ("7. notified body", "not applicable: Annex III, point 5, is assessed by internal control (Article 43(2))"),
        ("8. place and date, name and function, signature", None),
    ]


def _registration(what: Known) -> list[tuple[str, Any]]:
    """Annex VIII, section A, points 1 to 13."""
    used = [name for name in what.report.get("features") or [] if name in what.features]
    registers = sorted({one for name in used for one in what.features[name].registers})
    return [
        ("1. provider: name, address and contact", None),
        ("2. who submits on its behalf", None),
        ("3. authorised representative", "not applicable: the provider is established in the Union"),
        ("4. trade name and reference", f"Weegschaal, model version {what.registered['version']}"),
        ("5. intended purpose", "order in which social-assistance cases are reviewed by people; it decides nothing"),
        (
            "6. information used and operating logic",
            f"{len(used)} facts from {', '.join(registers) or 'no register yet'}; each adds to or takes from a score, "
            "and the score gives a place within the municipality",
        ),
        ("7. status", "no longer in service: frozen" if what.registered["frozen"] else what.promotion.get("state")),
        ("8. certificate of a notified body", "not applicable"),
        ("9. copy of the certificate", "not applicable"),
        ("10. Member States", "Netherlands"),
        ("11. EU declaration of conformity", "point 8 of this file, when it is signed"),
        ("12. instructions for use", "kept with this version: instructions.html"),
        ("13. further information", None),
    ]


def _registration_of_deployer(what: Known) -> list[tuple[str, Any]]:
    """Annex VIII, section C, points 1 to 5."""
    return [
        ("1. deployer: name, address and contact", list(what.adopted_by)),
        ("2. who submits on its behalf", None),
        ("3. the provider's entry in the EU database", None),
        ("4. summary of the fundamental rights impact assessment (Article 27)", what.promotion.get("fria")),
        ("5. summary of the data protection impact assessment", what.promotion.get("dpia")),
    ]


def _dpia(what: Known) -> str:
    return f"DPIA {known(what.promotion.get('dpia'), 'en')}"


def instructions(what: Known) -> Document:
    """Instructions for use for the deployer (AI Act 13), Dutch."""
    return Document(
        title=f"Gebruiksaanwijzing Weegschaal, modelversie {what.registered['version']}",
        lead="Voor de gemeente die de volgorde gebruikt (AI-verordening, artikel 13 en 26).",
        sections=(
            Section("Waarvoor", USE),
            Section(
                "Wat u leest",
                (
                    "Een plaats hoort bij een lijst van uw gemeente en heeft een spreiding. Daarbij staan "
                    "redenen in hele "
                    "zinnen, met bron en datum, en wat het ook kan betekenen. Wat voor kijken pleit en wat daartegen "
                    "pleit, staat er allebei.",
                    "Onder 'wat het zou veranderen' staan gegevens die de klant of de gemeente kan laten verbeteren.",
                ),
            ),
            Section(
                "Wat u doet",
                (
                    "Stel zelf vast wat er aan de hand is, in eigen woorden. Een tweede persoon keurt goed. "
                    "Een deel van "
                    "de zaken ziet u eerst zonder plaats en redenen.",
                    "Een huisbezoek heeft een eigen, vastgelegde grond nodig; een plaats is die grond niet.",
                ),
            ),
            Section(
                "Voordat u begint",
                (
                    "Twee mensen van uw eigen gemeente nemen het model over. Controleer daarvoor deze gegevens.",
                    pairs(
                        [
                            (
                                "toets op ongelijke behandeling",
                                what.promotion.get("audit"),
                            ),
                            ("van", what.promotion.get("audited_on")),
                            ("te gebruiken tot", what.promotion.get("expires_on")),
                            ("overgenomen door", list(what.adopted_by)),
                        ]
                    ),
                ),
            ),
            Section("Hoe goed het ordent", performance(what.report)),
            Section(
                "Uitzetten",
                (
                    "Een toetser of leidinggevende zet de volgorde uit met een reden, op de dienst of met "
                    "`weegschaal switch off --reason ...`. Dat werkt bij het volgende scherm: vrije zaken om het model "
                    "gaan van de lijst, zaken in behandeling gaan door zonder plaats, en er wordt geloot.",
                ),
            ),
            Section(
                "Onderhoud",
                (
                    "Een model geldt hoogstens een jaar; een toets hoogstens 90 dagen. Lever gegevens op tijd: is een "
                    "bron te oud, dan wordt er niet gezet. Logboeken van de volgorde blijven ten minste zes maanden.",
                ),
            ),
        ),
    )


def data_sheet(what: Known) -> Document:
    """The data sheet of the training generation, Dutch."""
    data, report = what.data, what.report
    contracts = data.get("contracts") or []
    rows = tuple((one["contract"], str(one["deliveries"]), str(one["rows"]), known(one["until"])) for one in contracts)
    windows = tuple(
        (
            one["start"],
            one["end"],
            str(one["train"]),
            str(one["test"]),
            f"{one['share_lost'] * 100:.1f} van 100",
        )
        for one in report.get("windows") or []
    )
    return Document(
        title=f"Gegevensblad van de leergegevens, modelversie {what.registered['version']}",
        lead="Waarvan het model leerde: beoordeelde zaken met wat er op de datum van hun lijst bekend was.",
        sections=(
            Section("Samenstelling", (pairs(training(what)),)),
            Section(
                "Toetsperioden",
                (
                    "Een huishouden of adres staat nooit aan beide kanten; wat daardoor wegvalt, staat in de "
                    "laatste kolom.",
                    Table(
                        ("van", "tot", "om te leren", "om te toetsen", "weggevallen"),
                        windows,
                    ),
                ),
            ),
            Section(
                "Leveringen",
                (Table(("gegeven", "leveringen", "rijen", "bekend tot"), rows),),
            ),
            Section(
                "Wat er niet in zit",
                (
                    "Namen, adressen, burgerservicenummers en beschermde kenmerken zitten in geen tabel waarvan "
                    "gegevens worden gemaakt. Tips zijn geen gegeven. Wie besliste of in welk team, is geen gegeven.",
                    "Een uitkomst die ontbreekt of onbeslist is, telt niet als 'niets gevonden'.",
                ),
            ),
            Section(
                "Bewaren",
                ("De matrix zelf blijft buiten het register van modellen; alleen haar sha256 wordt bewaard.",),
            ),
        ),
    )


def _figures(what: Known) -> list[tuple[str, Any]]:
    report, params = what.report, what.registered["params"]
    engine = [(name.replace("version.", "version of "), one) for name, one in params.items() if "version." in name]
    return [
        ("labels known before", report.get("until")),
        ("labelled reviews", report.get("labelled")),
        ("positive", report.get("positives")),
        ("coding of outcomes", report.get("coding")),
        ("seed", report.get("seed")),
        ("features offered", len(report.get("features") or [])),
        ("sha256 of the training matrix", params.get("matrix_sha256")),
        *engine,
    ]


def _features(what: Known) -> Table:
    ways = {1: "can only raise", -1: "can only lower", 0: "either way"}
    names = [name for name in what.report.get("features") or [] if name in what.features]
    rows = tuple(
        (
            name,
            ", ".join(what.features[name].contracts),
            what.features[name].unit,
            ways[what.features[name].direction],
        )
        for name in names
    )
    return Table(("feature", "contracts", "unit", "more of it"), rows)


def _accuracy(what: Known) -> Table:
    rows = tuple(
        (one["name"], _figure(one.get("precision")), _figure(one.get("recall")))
        for one in what.report.get("candidates") or []
    )
    return Table(("candidate", "precision in the top", "recall in the top"), rows)


def _figure(figure: Any) -> str:
    if not figure or figure.get("value") is None:
        return str((figure or {}).get("why_en") or NOT_KNOWN["en"])
    if figure.get("low") is None or figure.get("high") is None:
        return f"{figure['value']:.3f}"
    return f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"


def _rounded(value: Any) -> Any:
    return None if value is None else round(float(value))
