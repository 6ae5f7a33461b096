"""What a person can ask, and how long anything is kept."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from commands.app import app
from commands.display import AsJson, date_of, emit, err, out, table

PART = "Rights of the person"


@app.command(rich_help_panel=PART)
def notice(
    number: Annotated[str, typer.Argument(metavar="CASE", help="Number of the case, such as 2026-004220.")],
    municipality: Annotated[str | None, typer.Option(help="Where two have that number: four digits.")] = None,
    english: Annotated[bool, typer.Option("--english", help="Show the English letter.")] = False,
    as_json: AsJson = False,
) -> None:
    """The letter to a client whose case is on a list; --json holds it ready for a message box. It is logged.

    Example: weegschaal notice 2026-004220 --municipality 0917
    """
    from enforcement.settings import Settings
    from pipelines import rights

    made = rights.letter(Settings.read(), number, municipality)
    letter = made["en" if english else "nl"]
    emit(made, as_json, lambda _: out.print(f"{letter['subject']}\n\n{letter['body']}", highlight=False))


@app.command("access-report", rich_help_panel=PART)
def access_report(
    bsn: Annotated[str, typer.Argument(metavar="BSN", help="Citizen service number; - reads it from standard input.")],
    purpose: Annotated[str, typer.Option(help="Reference of the request; it stands in the log.")],
    pdf: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it as a tagged PDF.")] = None,
    as_json: AsJson = False,
) -> None:
    """Everything that is known about a person, with sources, reasons, and when who looked for what (GDPR 15).

    Example: weegschaal access-report - --purpose AVG-2026-17 --pdf report.pdf
    """
    from enforcement.settings import Settings
    from pipelines import rights

    if pdf is None and not as_json:
        raise typer.BadParameter("choose --json, --pdf FILE or both")
    report = rights.access_report(Settings.read(), sys.stdin.readline().strip() if bsn == "-" else bsn, purpose)
    if pdf is not None:
        size = rights.write_pdf(report, pdf)
        err.print(f"{pdf}: {size:,} bytes", highlight=False)
    if as_json:
        emit(report, True, out.print)


@app.command(rich_help_panel=PART)
def restrict(
    number: Annotated[str | None, typer.Argument(metavar="CASE", help="The case; without it, list them.")] = None,
    until: Annotated[str | None, typer.Option(metavar="DATE", help="First day on which all is told again.")] = None,
    reason: Annotated[str, typer.Option(help="Why; it stands in the log.")] = "",
    municipality: Annotated[str | None, typer.Option(help="Where two have that number: four digits.")] = None,
    lift: Annotated[str | None, typer.Option(metavar="RESTRICTION", help="End this one instead.")] = None,
    as_json: AsJson = False,
) -> None:
    """Withhold from the access report and the letter what an investigation found, until a day (UAVG 41), end that
    before its day, or list what is withheld. To stop the work with data (GDPR 18) open a contest; to keep them from
    deletion, place a hold.

    Example: weegschaal restrict 2026-004220 --until 2027-01-15 --reason "A witness is heard in December"
    """
    from enforcement.settings import Settings
    from pipelines import rights

    settings, day = Settings.read(), date_of(until, "--until")
    if lift is not None:
        emit(rights.end_restriction(settings, lift), as_json, lambda told: table("All is told again", [told]))
    elif number is None:
        emit(
            {"restrictions": rights.restrictions(settings)},
            as_json,
            lambda told: table("Restrictions in force", told["restrictions"]),
        )
    elif day is None:
        raise typer.BadParameter("say until when, at most half a year away, as 2027-01-15", param_hint="--until")
    else:
        made = rights.restrict(settings, number, reason, day, municipality)
        emit(made, as_json, lambda told: table("Restricted", [told]))


@app.command(rich_help_panel=PART)
def hold(
    number: Annotated[str | None, typer.Argument(metavar="CASE", help="The case; without it, list them.")] = None,
    dossier: Annotated[str | None, typer.Option(help="For a case that is on no list; with --municipality.")] = None,
    reason: Annotated[str, typer.Option(help="What needs the data; it stands in the log.")] = "",
    municipality: Annotated[str | None, typer.Option(help="Four digits.")] = None,
    lift: Annotated[str | None, typer.Option(metavar="HOLD", help="Lift this one instead.")] = None,
    as_json: AsJson = False,
) -> None:
    """Keep everything about a case from deletion, for a court, an objection or an inquiry (GDPR 17(3)(e)), or because
    the client needs it (GDPR 18(1)(c)); lift that; or list the holds.

    Example: weegschaal hold 2026-004220 --reason "Appeal at the court, 26/123"
    """
    from enforcement.settings import Settings
    from pipelines import rights

    settings = Settings.read()
    if lift is not None:
        emit(rights.lift_hold(settings, lift), as_json, lambda told: table("Lifted", [told]))
    elif number is None and dossier is None:
        emit({"holds": rights.holds_in_force(settings)}, as_json, lambda told: table("Legal holds", told["holds"]))
    else:
        made = rights.hold(settings, reason, number=number, dossier=dossier, municipality=municipality)
        emit(made, as_json, lambda told: table("Held", [told]))


@app.command(rich_help_panel=PART)
def contest(
    number: Annotated[str | None, typer.Argument(metavar="CASE", help="The case; without it, list them.")] = None,
    topic: Annotated[
        list[str] | None, typer.Option(help="What the data are about, such as income; may stand more than once.")
    ] = None,
    text: Annotated[str, typer.Option(help="What is wrong according to the client; kept encrypted.")] = "",
    objection: Annotated[bool, typer.Option("--objection", help="To the ranking itself; without topics.")] = False,
    municipality: Annotated[str | None, typer.Option(help="Where two have that number: four digits.")] = None,
    settle: Annotated[str | None, typer.Option(metavar="CONTEST", help="Settle this one instead.")] = None,
    upheld: Annotated[bool, typer.Option("--upheld/--rejected", help="With --settle: who was right.")] = False,
    file: Annotated[Path | None, typer.Option(help="With --upheld: the corrected records, as a delivery.")] = None,
    as_json: AsJson = False,
) -> None:
    """A client disputes data: stop the case, score it alone without them, and later with the correction. Or the client
    objects to being ranked (GDPR 21): stop the case until that is judged. Or list them.

    Example: weegschaal contest 2026-004220 --topic income --text "The wages of March were my sister's"

    Then: weegschaal contest --settle 3f0a91c2d4e5b6a7 --upheld --file corrected.csv
    """
    from enforcement.settings import Settings
    from pipelines import contesting

    settings = Settings.read()
    if settle is not None:
        ended = contesting.close(settings, settle, upheld=upheld, file=file)
        emit(ended, as_json, lambda told: table("Settled", [told]))
    elif number is not None:
        opened = contesting.contest(settings, number, topic or [], text, municipality, objection=objection)
        emit(opened, as_json, lambda told: table("Opened; the case is stopped", [told]))
    else:
        emit({"contests": contesting.listed(settings)}, as_json, lambda told: table("Contests", told["contests"]))


@app.command(rich_help_panel=PART)
def retain(
    archive_years: Annotated[
        int, typer.Option(min=1, help="How long a reviewed case is kept, by the municipality's selection list.")
    ] = 10,
    delivery_days: Annotated[int, typer.Option(min=1, help="How long a delivered file stays once published.")] = 30,
    deliveries: Annotated[Path | None, typer.Option(help="Where delivered files are, besides the home.")] = None,
    as_json: AsJson = False,
) -> None:
    """Delete what may no longer be kept: scores, reasons and matrix rows of people who were not selected, reviewed
    cases and whole people past the archive's term, and delivered files that are in the lake. It ends with a proof that
    names every place with what is there and what is overdue, kept below the home; done again nothing else changes.

    Example: weegschaal retain --deliveries /srv/inbox
    """
    from enforcement.settings import Settings
    from pipelines import retaining

    settings = Settings.read()
    result = retaining.retain(settings, archive_years=archive_years, delivery_days=delivery_days, deliveries=deliveries)

    def show(made: dict[str, Any]) -> None:
        table("Deleted", made["municipalities"])
        table("New generations", made["files"])
        table("Every place with data of clients", made["proof"]["places"])
        if strange := made["proof"]["not_written_down"]:
            table("Files below the home that no term reaches; move them away", [{"file": name} for name in strange])

    emit(result, as_json, show)


@app.command(rich_help_panel=PART)
def erase(
    bsn: Annotated[str, typer.Argument(metavar="BSN", help="Citizen service number; - reads it from standard input.")],
    purpose: Annotated[str, typer.Option(help="Reference of the request; it stands in the log.")],
    archive_years: Annotated[int, typer.Option(min=1, help="As for weegschaal retain.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Erase a person (GDPR 17): lake, sealed store, matrices, scores and the vault's key. Refused, with every reason,
    while an archive duty, a legal hold or an open contest needs the data. Nothing brings them back.

    Example: weegschaal erase - --purpose AVG-2026-18
    """
    from enforcement.settings import Settings
    from pipelines import erasing

    number = sys.stdin.readline().strip() if bsn == "-" else bsn
    result = erasing.erase(Settings.read(), number, purpose, archive_years=archive_years)
    emit(result, as_json, lambda made: table("Erased", [made | {"municipalities": ", ".join(made["municipalities"])}]))
