"""From a model to worklists, and the same again."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

import typer

from commands.app import app
from commands.display import AsJson, AsOf, date_of, emit, out, shown, table

PART = "Lists"


@app.command(rich_help_panel=PART)
def score(as_of: AsOf = None, as_json: AsJson = False) -> None:
    """Score all cases with the champion and freeze the reasons.

    Example: weegschaal score --as-of 2026-11-01
    """
    from enforcement.settings import Settings
    from pipelines import ranking

    result = ranking.score(Settings.read(), date_of(as_of, "--as-of"), shown)
    emit(result, as_json, lambda made: out.print(f"{made['cases']} cases scored as of {made['as_of']} ({made['run']})"))


@app.command(rich_help_panel=PART)
def select(
    as_of: AsOf = None,
    municipality: Annotated[str | None, typer.Option(help="One municipality; all by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """Compose the worklists: a random arm, signals, and risk, with the probability stored for every eligible case.

    Example: weegschaal select --municipality 0917
    """
    from enforcement.settings import Settings
    from pipelines import ranking, stopping

    settings = Settings.read()
    result = ranking.select(settings, date_of(as_of, "--as-of"), shown, municipality)
    day, towns = dt.date.fromisoformat(result["as_of"]), [one["municipality"] for one in result["draws"]]
    emit(result | {"stop_rule": stopping.stop_rule(settings, towns, day)}, as_json, _show_selected)


def _show_selected(result: dict[str, Any]) -> None:
    table("Worklists", result["draws"])
    for town, day in result["kept"].items():
        out.print(f"{town} keeps its list of {day}: the period of that list still runs.", highlight=False)
    rule = result["stop_rule"]
    said = {
        "stop": f"stop since {rule['stopped_on']}: off, its places go to random and signal, until people put it on",
        "watch": "the last look was at or below 1; a second one running stops the ranking",
        "go": "the ranking finds more than the lot",
        "not_yet_known": "not yet known, too few reviews",
    }
    out.print(f"Stop rule: {said[rule['status']]}.", highlight=False)
    if rule["detection"] is not None:
        out.print(
            f"At {rule['risk_a_quarter']} risk and {rule['random_a_quarter']} random reviews a quarter it "
            f"stops {rule['detection']:.0%} of the models that find no more than the lot, and "
            f"{rule['false_stop']:.0%} of those that find 1.3 times as much, within {rule['looks_ahead']} looks.",
            highlight=False,
        )


@app.command("service-list", rich_help_panel=PART)
def service_list(as_of: AsOf = None, as_json: AsJson = False) -> None:
    """Compose the service lists: clients who were probably paid too little, or who may not use a right.

    Example: weegschaal service-list --as-of 2026-11-01
    """
    from enforcement.settings import Settings
    from pipelines.serving import service_lists

    result = service_lists(Settings.read(), date_of(as_of, "--as-of"), shown)
    emit(result, as_json, lambda made: table(f"Service lists of {made['as_of']}", made["lists"]))


@app.command(rich_help_panel=PART)
def replay(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Name of the run; see `weegschaal status`.")],
    as_json: AsJson = False,
) -> None:
    """Make a past run again from its stored matrix and say whether scores, places, reasons and arms are the same.

    Example: weegschaal replay 2026-11-01-v1-5d41402a
    """
    from enforcement.settings import Settings
    from pipelines.reproduction import reproduce

    result = reproduce(Settings.read(), run)
    emit(result, as_json, _show_replay)
    if result["status"] == "different":
        raise typer.Exit(1)


def _show_replay(result: dict[str, Any]) -> None:
    checked = f"{result['checked']['scores']} scores and {result['checked']['draws']} draws"
    if result["status"] == "deleted":
        out.print(f"The matrix was deleted under rule {result['rule']}.", highlight=False)
        out.print("The hashes that remain were verified.", highlight=False)
    elif result["status"] == "same":
        out.print(f"{checked} are the same, bit for bit.", highlight=False)
    else:
        by_kind: dict[str, int] = {}
        for one in result["differences"]:
            by_kind[one["what"]] = by_kind.get(one["what"], 0) + 1
        table(f"Differences; {checked} compared", [{"what": what, "cases": n} for what, n in by_kind.items()])
    if result["documents"] is not None:
        card = f"weegschaal card {result['model_version']} --edition {result['documents']}"
        out.print(f"The model's documents that were in force then: {card}", highlight=False)
    if result["engine"]:
        table("Packages that have another version now", result["engine"])
