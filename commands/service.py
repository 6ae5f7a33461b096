"""Running it: the whole way at once, the service, its work, its database and its log."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import os
import socket
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from typing import Annotated, Any

import typer

from commands.app import app
from commands.display import AsJson, emit, out, shown, table

PART = "Running it"


@app.command(rich_help_panel=PART)
def demo(
    clients: Annotated[int, typer.Option(help="Clients in the simulated province.")] = 24_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same province.")] = 1,
    serve_it: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve the worklists at the end.")] = True,
    as_json: AsJson = False,
) -> None:
    """The whole way: simulate a province, ingest, train, score, select, serve.

    Interrupted and started again it goes on where it stopped. Example: weegschaal demo --clients 3000
    """
    from enforcement.settings import Settings
    from pipelines import demo as demonstration

    settings = Settings.read()
    result = demonstration.demo(settings, clients, seed, shown)
    emit(result, as_json, lambda made: table("Worklists", made["draws"]))
    if serve_it:
        _serve(settings)


@app.command("zgw-export", rich_help_panel=PART)
def zgw_export(
    file: Annotated[Path, typer.Argument(help="JSON: municipality -> where its register is; see docs/installing.md.")],
    as_json: AsJson = False,
) -> None:
    """Bring cases that somebody took up, and their outcomes, into the municipality's register of cases (ZGW).

    Example: weegschaal zgw-export zgw.json
    """
    from enforcement import zgw
    from enforcement.settings import Settings

    try:
        made = zgw.export_all(Settings.read(), file, zgw.over_http, dt.datetime.now(dt.UTC))
    except zgw.RegisterError as error:
        raise OSError(str(error)) from error
    emit([dataclasses.asdict(one) for one in made], as_json, lambda found: table("In the register", found))


@app.command(rich_help_panel=PART)
def serve(
    port: Annotated[int | None, typer.Option(help="WEEGSCHAAL_PORT by default.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes; WEEGSCHAAL_WORKERS by default.", min=1)] = None,
) -> None:
    """Serve the worklists on this machine.

    Example: weegschaal serve --port 8080 --workers 2
    """
    from enforcement.settings import Settings

    if workers:
        os.environ["WEEGSCHAAL_WORKERS"] = str(workers)
    settings = Settings.read()
    _serve(dataclasses.replace(settings, port=port) if port else settings)


def _serve(settings: Any) -> None:
    if settings.workers > 1:
        _serve_together(settings)
    else:
        _serve_alone(settings)


def _serve_together(settings: Any) -> None:
    """Several processes on one port; their counts meet in a folder that is theirs alone."""
    import uvicorn
    from uvicorn.supervisors import Multiprocess

    from enforcement.database import engine_of

    engine_of(settings.database).dispose()  # the tables are brought up to date once, not by all at the same time
    os.environ["WEEGSCHAAL_PORT"] = str(settings.port)
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", settings.port))
    except OSError as error:
        raise _port_taken(settings) from error
    config = uvicorn.Config(
        "api.app:from_environment", factory=True, workers=settings.workers, log_config=None, access_log=False
    )
    with tempfile.TemporaryDirectory(prefix="weegschaal-metrics") as counts:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = counts
        threading.Thread(target=_announce_when_ready, args=(settings,), daemon=True).start()
        Multiprocess(config, [listening]).run()


def _announce_when_ready(settings: Any) -> None:
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{settings.port}/health", timeout=5):
                return _announce(settings)
        except OSError:
            time.sleep(0.1)


def _announce(settings: Any) -> None:
    from enforcement.users import demo_users

    out.print(f"\nWeegschaal answers at http://127.0.0.1:{settings.port}/  (Ctrl+C stops it)", highlight=False)
    if settings.demo:
        table("Demo users, no password", [dataclasses.asdict(one) for one in demo_users()])


def _port_taken(settings: Any) -> OSError:
    return OSError(f"port {settings.port} could not be opened; set WEEGSCHAAL_PORT to a free one")


def _serve_alone(settings: Any) -> None:
    import uvicorn

    from api.app import create_app
    from api.logs import set_up

    set_up(requests=not settings.demo)

    class Announcing(uvicorn.Server):
        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets=sockets)
            if self.started:
                _announce(settings)

    config = uvicorn.Config(
        create_app(settings), host="127.0.0.1", port=settings.port, log_config=None, access_log=False
    )
    server = Announcing(config)
    server.run()
    if not server.started:
        raise _port_taken(settings)


@app.command(rich_help_panel=PART)
def openapi(
    file: Annotated[Path | None, typer.Argument(help="Where to write it; standard output by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print the OpenAPI description of /api/v1.

    Example: weegschaal openapi openapi.json
    """
    from api.app import create_app
    from enforcement.settings import Settings

    text = json.dumps(create_app(Settings.read()).openapi(), ensure_ascii=False, indent=None if as_json else 2)
    if file:
        file.write_text(text + "\n", encoding="utf-8")
    else:
        sys.stdout.write(text + "\n")


@app.command(rich_help_panel=PART)
def migrate(
    to: Annotated[str, typer.Option(help="Revision to go to, forward or back; the newest by default.")] = "head",
    as_json: AsJson = False,
) -> None:
    """Bring the database to this version's tables, as its owner. SQLite is brought up by itself.

    Example: weegschaal migrate --to 3f2a90c1d4e5
    """
    from enforcement.database import connected
    from enforcement.migrations import migrate as bring
    from enforcement.migrations import revision
    from enforcement.settings import Settings

    if to == "base":
        raise typer.BadParameter("that would delete everything; drop the database instead", param_hint="--to")
    engine = connected(Settings.read().database)
    before = revision(engine)
    after = bring(engine, to)
    emit({"before": before, "after": after}, as_json, lambda made: out.print(f"{before or 'none'} -> {after}"))


@app.command(rich_help_panel=PART)
def checkpoint(as_json: AsJson = False) -> None:
    """Sign what is new at the end of every municipality's log and export it to the municipality's folder.

    Served, it happens every minute. Example: weegschaal checkpoint
    """
    from enforcement.checkpoints import seal_all, signing_key
    from enforcement.database import engine_of
    from enforcement.settings import Settings

    settings = Settings.read()
    now = dt.datetime.now(dt.UTC)
    made = seal_all(engine_of(settings.database), settings.checkpoints, signing_key(settings.keys), now)
    rows = [dataclasses.asdict(one) for one in made]
    emit({"checkpoints": rows}, as_json, lambda told: table("Checkpoints", told["checkpoints"]))


@app.command("log", rich_help_panel=PART)
def export_log(
    municipality: Annotated[str, typer.Argument(help="Code of the municipality, four digits.")],
    file: Annotated[Path, typer.Argument(help="Where to write it, as JSON lines.")],
    as_json: AsJson = False,
) -> None:
    """Export a municipality's log for weegschaal_verify.py.

    Example: weegschaal log 0917 log-0917.jsonl
    """
    from enforcement import audit
    from enforcement.database import acting_for, engine_of, reading
    from enforcement.settings import Settings

    with reading(acting_for(engine_of(Settings.read().database), municipality)) as session:
        entries = audit.export(session, municipality, file)
    emit({"entries": entries, "file": file}, as_json, lambda told: out.print(f"{told['entries']} entries: {file}"))


@app.command(rich_help_panel=PART)
def backup(
    folder: Annotated[Path, typer.Argument(help="Where backups go; keep it apart from the home and from the keys.")],
    keep_days: Annotated[int, typer.Option(min=1, max=30, help="How long a backup lives.")] = 30,
    only_expire: Annotated[
        bool, typer.Option("--only-expire", help="Make none; delete what is past its days.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Back up database, lake, sealed store, matrices, models and checkpoints, as of one moment and without the keys,
    and delete backups that are past their days. Each file is kept once, so the next backup costs what is new. It says
    how long it took.

    Example: weegschaal backup /backup/weegschaal
    """
    from enforcement.settings import Settings
    from pipelines import backup as backups

    if only_expire:
        emit(backups.expire(Settings.read(), folder, None, keep_days), as_json, lambda made: table("Expired", [made]))
        return
    emit(backups.backup(Settings.read(), folder, None, keep_days), as_json, lambda made: table("Backup", [made]))


@app.command(rich_help_panel=PART)
def restore(
    folder: Annotated[Path, typer.Argument(help="Where backups are, or one backup; the newest by default.")],
    as_json: AsJson = False,
) -> None:
    """Restore a backup into an empty home, compare every hash, and check every chain of the log. It says how long it
    took; give the keys from their escrow.

    Example: weegschaal restore /backup/weegschaal, with WEEGSCHAAL_HOME=/srv/drill
    """
    from enforcement.settings import Settings
    from pipelines import backup as backups

    emit(backups.restore(Settings.read(), folder), as_json, lambda made: table("Restored and verified", [made]))


@app.command(rich_help_panel=PART)
def work(
    once: Annotated[bool, typer.Option("--once", help="One pass of everything, then stop; for cron.")] = False,
    as_json: AsJson = False,
) -> None:
    """Do what has to be done every minute and every night: seal the logs, do the access reports and erasures that were
    asked for on a page, relieve who is away, return outcomes, score and select when a new month's data are there, look
    at drift, delete what is past its term.

    Example: weegschaal work --once, in cron as 0 3 * * * weegschaal work --once
    """
    from enforcement.settings import Settings
    from pipelines import work as working
    from pipelines.steps import unseen

    def tell(done: list[Any]) -> None:
        rows = [dataclasses.asdict(one) for one in done]
        emit({"steps": rows}, as_json, lambda told: table("Work", told["steps"]))

    settings, display = Settings.read(), unseen if as_json else shown
    if not once:
        working.for_ever(settings, display, tell)
    done = working.once(settings, display)
    tell(done)
    if any(one.error for one in done):
        raise typer.Exit(1)
