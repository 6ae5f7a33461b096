"""Deliveries: simulated, read, withheld, given back, and what the lake holds of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from commands.app import app
from commands.display import AsJson, FromDatabase, Tables, emit, err, pairs_of, shown, table, unseen_or_shown

PART = "Deliveries"


@app.command(rich_help_panel=PART)
def simulate(
    clients: Annotated[int, typer.Option(min=100, help="Clients on benefit at the end.")] = 24_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 1,
    no_signal: Annotated[bool, typer.Option("--no-signal", help="A world in which nothing predicts.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write a simulated province as deliveries, and its truth apart.

    Example: weegschaal simulate --clients 3000 --seed 7
    """
    from enforcement.settings import Settings
    from pipelines import deliveries

    result = deliveries.simulate(Settings.read(), clients, seed, shown, no_signal=no_signal)
    emit(result, as_json, lambda made: table("Simulated against published", made["comparison"]))


@app.command(rich_help_panel=PART)
def ingest(
    paths: Annotated[list[Path] | None, typer.Argument(help="Files or folders of deliveries.")] = None,
    source: Annotated[str | None, typer.Option(help="Name of the format; recognised by content when left out.")] = None,
    municipality: Annotated[str | None, typer.Option(help="Code of the municipality it is for, four digits.")] = None,
    from_database: FromDatabase = None,
    table_of: Tables = None,
    as_json: AsJson = False,
) -> None:
    """Read deliveries, check them, and publish them in the lake; what is wrong goes to quarantine with its reason.

    Example: weegschaal ingest deliveries/2026-11 --municipality 0917

    Or from tables: weegschaal ingest --from-database postgresql://reader@host/office --table incomes=uwv.incomes
    """
    from enforcement.settings import Settings
    from pipelines.deliveries import bring_from_database, bring_in
    from pipelines.steps import unseen

    if municipality is not None and not (len(municipality) == 4 and municipality.isdigit()):
        raise typer.BadParameter(f"{municipality!r} is not a municipality code; use four digits such as 0917")
    display = unseen if as_json else shown
    if bool(paths) == bool(from_database) or bool(from_database) != bool(table_of):
        raise typer.BadParameter("give files or folders, or --from-database with at least one --table")
    if from_database:
        tables = pairs_of(table_of or [], "--table", "CONTRACT=TABLE")
        result = bring_from_database(Settings.read(), from_database, tables, municipality, display)
    else:
        result = bring_in(Settings.read(), paths or [], source, municipality, display)
    emit(result, as_json, _show_ingested)
    if any(file["status"] in ("refused", "held") for file in result["files"]):
        raise typer.Exit(1)


def _show_ingested(result: dict[str, Any]) -> None:
    rows = [
        {
            "file": Path(file["path"]).name,
            "source": f"{file['source'] or '?'} {file['schema_version'] or ''}".strip(),
            "status": file["status"],
            "records": ", ".join(f"{name} {n}" for name, n in file["records"].items()),
            "flags": ", ".join(f"{name} {n}" for name, n in file["flags"].items()),
            "answers": ", ".join(f"{name} {n}" for name, n in file["answers"].items() if n),
            "quarantined": len(file["quarantined"]),
            "sha256": file["sha256"][:12],
        }
        for file in result["files"]
    ]
    table("Deliveries", rows)
    for file in result["files"]:
        if file.get("reason"):
            err.print(f"{Path(file['path']).name}: {file['reason']}", highlight=False)
        for row in file["quarantined"][:20]:
            err.print(f"{Path(file['path']).name}: {row['at']}: {row['field']}: {row['reason']}", highlight=False)
        if len(file["quarantined"]) > 20:
            err.print(f"{Path(file['path']).name}: and {len(file['quarantined']) - 20} more; see --json")


@app.command(rich_help_panel=PART)
def quarantine(
    delivery: Annotated[str | None, typer.Option(metavar="DELIVERY", help="Every row of this one delivery.")] = None,
    explain: Annotated[int | None, typer.Option(metavar="ID", help="One row: what is wrong and what to do.")] = None,
    reveal: Annotated[
        str | None, typer.Option(metavar="PURPOSE", help="With --explain: what it said; the purpose is logged first.")
    ] = None,
    replay: Annotated[str | None, typer.Option(metavar="DELIVERY", help="Try what is withheld of it again.")] = None,
    file: Annotated[
        Path | None, typer.Option(help="With --replay: the same file, or the sender's corrected one.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List what is withheld by delivery and reason, explain a row, or try it again after a fix.

    Example: weegschaal quarantine --explain 17
    """
    from enforcement.settings import Settings
    from pipelines import quarantine as withheld
    from pipelines.replay import replayed

    if sum(one is not None for one in (delivery, explain, replay)) > 1:
        raise typer.BadParameter("choose one of --delivery, --explain and --replay")
    if reveal is not None and explain is None:
        raise typer.BadParameter("it goes with --explain ID", param_hint="--reveal")
    if file is not None and replay is None:
        raise typer.BadParameter("it goes with --replay DELIVERY", param_hint="--file")
    settings = Settings.read()
    if explain is not None:
        one = withheld.explained(settings, explain, reveal)
        emit(one, as_json, lambda made: table(f"Row {explain}", [{"": k, " ": _told(v)} for k, v in made.items()]))
    elif replay is not None:
        emit(replayed(settings, replay, file), as_json, lambda made: table("Replayed", [made]))
    elif delivery is not None:
        rows = withheld.rows_of(settings, delivery)
        emit({"rows": rows}, as_json, lambda made: table("Withheld", made["rows"]))
    else:
        groups = withheld.listed(settings)
        shown_rows = [row | {"delivery": row["delivery"][:12]} for row in groups]
        emit({"quarantine": groups}, as_json, lambda _: table("Quarantine", shown_rows))


def _told(value: Any) -> str:
    return "\n".join(value) if isinstance(value, list) else "" if value is None else str(value)


@app.command(rich_help_panel=PART)
def outcomes(as_json: AsJson = False) -> None:
    """Return approved and overturned outcomes to the lake, as a delivery; the next training sees them.

    Example: weegschaal outcomes
    """
    from enforcement.settings import Settings
    from pipelines.returning import return_outcomes

    result = return_outcomes(Settings.read(), unseen_or_shown(as_json))
    emit(result, as_json, _show_ingested)


@app.command(rich_help_panel=PART)
def status(as_json: AsJson = False) -> None:
    """What is there: deliveries, lake, model, last run, worklists.

    Example: weegschaal status --json
    """
    from enforcement.settings import Settings
    from pipelines import overview

    def show(made: dict[str, Any]) -> None:
        table("Lake", made["lake"])
        table("Steps", made["steps"])
        table("Worklists", made["draws"])

    emit(overview.status(Settings.read()), as_json, show)


@app.command(rich_help_panel=PART)
def sources(as_json: AsJson = False) -> None:
    """The formats that can be read, and the contracts they give.

    Example: weegschaal sources
    """
    from enforcement.settings import Settings
    from pipelines import overview

    def show(made: dict[str, Any]) -> None:
        table("Formats", made["sources"])
        table("Contracts", [{k: v for k, v in one.items() if k != "columns"} for one in made["contracts"]])

    emit(overview.sources(Settings.read()), as_json, show)


@app.command(rich_help_panel=PART)
def records(
    contract: Annotated[str, typer.Argument(help="Name of a contract; see `weegschaal sources`.")],
    where: Annotated[list[str] | None, typer.Option(metavar="FIELD=VALUE", help="Only rows like this.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most this many rows.")] = 50,
    reveal: Annotated[
        str | None, typer.Option(metavar="PURPOSE", help="Show identities too; the purpose is logged first.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what the lake holds of one contract, newest first, corrections included.

    Example: weegschaal records incomes --where employer=012345678L01
    """
    from enforcement.settings import Settings
    from pipelines import overview

    conditions = pairs_of(where or [], "--where", "FIELD=VALUE")
    result = overview.records(Settings.read(), contract, conditions, limit, reveal)
    emit(result, as_json, lambda made: table(contract, made["records"]))
