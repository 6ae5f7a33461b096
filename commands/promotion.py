"""Models in use: their papers, their promotion, and switching them off."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from commands.app import app
from commands.display import AsJson, date_of, emit, out, table

PART = "Models in use"


@app.command(rich_help_panel=PART)
def promote(
    version: Annotated[str | None, typer.Argument(help="Version of a model; without it requests are shown.")] = None,
    by: Annotated[str, typer.Option(metavar="USER", help="The data scientist who asks.")] = "",
    trainer: Annotated[str | None, typer.Option(metavar="USER", help="Who trained it, if not recorded.")] = None,
    audit_reference: Annotated[str, typer.Option("--audit", help="Reference of the bias audit.")] = "",
    audited_on: Annotated[str | None, typer.Option(metavar="DATE", help="Its date; at most 90 days ago.")] = None,
    dpia: Annotated[str, typer.Option(help="Reference of the DPIA.")] = "",
    fria: Annotated[str, typer.Option(help="Reference of the FRIA.")] = "",
    iama: Annotated[str, typer.Option(help="Reference of the IAMA.")] = "",
    as_json: AsJson = False,
) -> None:
    """Ask for a model's promotion; a compliance reviewer and a manager approve it in the service. Or list the requests.

    Example: weegschaal promote 3 --by scientist.heerlen --audit A-7 --audited-on 2026-11-01 --dpia D-3 --fria F-2
    --iama I-1
    """
    from enforcement.promotion import References
    from enforcement.settings import Settings
    from pipelines import promotion

    settings = Settings.read()
    if version is None:
        emit({"promotions": promotion.listed(settings)}, as_json, lambda told: table("Promotions", told["promotions"]))
        return
    day = date_of(audited_on, "--audited-on")
    if day is None:
        raise typer.BadParameter("say when the audit was made, as 2026-11-01", param_hint="--audited-on")
    papers = References(audit_reference, day, dpia, fria, iama)
    asked = promotion.ask(settings, version, papers, by, trainer)
    emit(asked, as_json, lambda told: table("Asked; two people approve it in the service", [told]))


@app.command(rich_help_panel=PART)
def switch(
    to: Annotated[str, typer.Argument(metavar="off|on", help="Off: lists go on with random and signals only.")],
    reason: Annotated[str, typer.Option(help="Why; it stands in the log.")],
    municipality: Annotated[str | None, typer.Option(help="One municipality; all that have a list by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """Switch the ranking off or on. Off works from the next request on: risk cases that nobody took are withdrawn.

    Example: weegschaal switch off --reason "places look wrong"
    """
    from enforcement.settings import Settings
    from pipelines import promotion

    if to not in ("off", "on"):
        raise typer.BadParameter(f"{to!r} is neither off nor on")
    result = promotion.switch(Settings.read(), to == "off", reason, municipality)
    emit(result, as_json, lambda told: table(f"The ranking is {to}", told["municipalities"]))


@app.command(rich_help_panel=PART)
def freeze(
    version: Annotated[str, typer.Argument(help="Version of the model.")],
    reason: Annotated[str, typer.Option(help="What happened; it stands in the log.")],
    report: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the report here, as JSON.")] = None,
    as_json: AsJson = False,
) -> None:
    """After a discrimination incident: freeze a model for good, switch its lists off, put the cases it chose under a
    legal hold, and say who must be told by when. Tried on a restored backup it is a drill.

    Example: weegschaal freeze 3 --reason "one group is selected too often" --report incident.json
    """
    from enforcement.settings import Settings
    from pipelines import incident

    result = incident.handle(Settings.read(), version, reason)
    if report is not None:
        report.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    def show(made: dict[str, Any]) -> None:
        rows = [
            {name: row[name] for name in ("municipality", "scored", "held")}
            | {"listed_for_risk": len(row["listed_for_risk"]), "log_up_to": row["log"]["number"]}
            for row in made["municipalities"]
        ]
        table(f"Version {version} is frozen, after {made['frozen_after']} s; --report names the cases", rows)
        table("Tell", made["tell"])
        out.print(f"{made['seconds']} s", highlight=False)

    emit(result, as_json, show)


@app.command(rich_help_panel=PART)
def card(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Number of the version, or champion.")] = "champion",
    kind: Annotated[
        str, typer.Option(help="card, technical-file, instructions, data-sheet, register-record, training-report.")
    ] = "card",
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the page here.")] = None,
    edition: Annotated[
        int | None, typer.Option(metavar="NUMBER", help="Show what was in force then, and build nothing.")
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="List every edition that was kept.")] = False,
    as_json: AsJson = False,
) -> None:
    """Build the documents of a model from its metadata, keep them with it, and show one: the model card by default.

    What differs from before becomes a new edition; earlier ones stay (R27) and are shown with --edition.

    Example: weegschaal card champion --kind technical-file --html file.html

    Earlier ones: weegschaal card 3 --list, and then: weegschaal card 3 --edition 1
    """
    from enforcement.settings import Settings
    from pipelines.documents import KINDS, build, edition_of, editions

    if kind not in KINDS:
        raise typer.BadParameter(f"{kind!r} is none of {', '.join(KINDS)}", param_hint="--kind")
    if html is not None and kind == "register-record":
        raise typer.BadParameter("the register record is JSON; leave --html out", param_hint="--html")
    settings, version = Settings.read(), None if model == "champion" else model
    if listed:
        emit(editions(settings, version), as_json, _show_editions)
        return
    made = build(settings, version) if edition is None else edition_of(settings, version, kind, edition)
    if html is not None:
        html.write_bytes(made[f"{kind}.html"])
    document = json.loads(made[f"{kind}.json"])
    emit(document, as_json, lambda told: _show_document(told, html))


def _show_editions(told: dict[str, Any]) -> None:
    rows = [
        {
            "edition": one["edition"],
            "made at": one["made_at"],
            "of": one["of"],
            "new in it": ", ".join(one["documents"]),
        }
        for one in told["editions"]
    ]
    table(f"Documents of version {told['version']}, oldest first", rows)


def _show_document(told: dict[str, Any], html: Path | None) -> None:
    if html is not None:
        out.print(f"{told['title']}: {html}", highlight=False)
    elif "sections" in told:
        out.print(f"{told['title']}\n{told['lead']}", highlight=False)
        for section in told["sections"]:
            out.print(f"\n{section['title']}", style="bold", highlight=False)
            for text in section["text"]:
                out.print(text, highlight=False)
            for grid in section["tables"]:
                table("", [dict(zip(grid["head"], row, strict=True)) for row in grid["rows"]])
    else:
        table("Record", [{"field": name, "value": value} for name, value in told.items()])


@app.command(rich_help_panel=PART)
def report(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Number of the trained version, or champion.")] = "champion",
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the page here.")] = None,
    as_json: AsJson = False,
) -> None:
    """The report of a training run as one page that can be read without code.

    Example: weegschaal report 3 --html report.html
    """
    card(model=run, kind="training-report", html=html, edition=None, listed=False, as_json=as_json)
