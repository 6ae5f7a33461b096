"""Learning to rank: train, compare, and look for leaks and drift."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from commands.app import app
from commands.display import (
    AsJson,
    AsOfDates,
    FromDatabase,
    Months,
    Tables,
    date_of,
    dates_of,
    emit,
    err,
    out,
    pairs_of,
    shown,
    table,
    unseen_or_shown,
)

PART = "Learning"


@app.command(rich_help_panel=PART)
def train(
    until: Annotated[str | None, typer.Option(metavar="DATE", help="Use labels known before this date.")] = None,
    seed: Annotated[int, typer.Option(help="The same data and seed give the same bytes.")] = 1,
    candidates: Annotated[
        str | None, typer.Option(metavar="NAMES", help="Only these beside the baselines, with commas between.")
    ] = None,
    trials: Annotated[int, typer.Option(min=0, help="Settings tried inside the training rows; 0 for none.")] = 3,
    weighted: Annotated[bool, typer.Option("--weighted", help="Each candidate also with 1 / pi as weights.")] = False,
    reweighed: Annotated[
        bool, typer.Option("--reweighed", help="With the weights of the newest audits, for equal treatment.")
    ] = False,
    by: Annotated[str, typer.Option(metavar="USER", help="The data scientist who trains; may not approve it.")] = "",
    as_of: AsOfDates = None,
    months: Months = None,
    from_database: FromDatabase = None,
    table_of: Tables = None,
    as_json: AsJson = False,
) -> None:
    """Train the candidates, compare them out of time, and register the champion.

    With --from-database the tables come in first, as with `weegschaal ingest`; with --as-of or --months the matrices
    of all running cases on those dates are made and kept as well, in the same build.

    Example: weegschaal train --until 2026-11-01 --candidates scorecard,additive

    All at once: weegschaal train --months 17 --from-database postgresql://reader@host/office --table incomes=incomes
    """
    from enforcement.settings import Settings
    from pipelines import learning
    from pipelines.deliveries import bring_from_database
    from pipelines.sources.reading import RefusedError

    if bool(from_database) != bool(table_of):
        raise typer.BadParameter("give --from-database with at least one --table")
    day, only = date_of(until, "--until"), tuple(candidates.split(",")) if candidates else None
    dates = dates_of(as_of)
    settings = Settings.read()
    loaded = None
    if from_database:
        tables = pairs_of(table_of or [], "--table", "CONTRACT=TABLE")
        loaded = bring_from_database(settings, from_database, tables, None, shown)
        withheld = [file for file in loaded["files"] if file["status"] in ("refused", "held")]
        if withheld:
            raise RefusedError(f"{Path(withheld[0]['path']).name} is {withheld[0]['status']}: {withheld[0]['reason']}")
    if months:
        dates += learning.first_days(settings, months, day)
    result = learning.train(
        settings, day, seed, shown, only, weighted=weighted, reweighed=reweighed, trials=trials, by=by, dates=dates
    )
    emit(result | (loaded or {}), as_json, _show_training)


def _show_training(result: dict[str, Any]) -> None:
    rows = [
        {
            "candidate": one["name"],
            "precision at the top": _estimate(one["precision"]),
            "lift over random": _lifted(one["stratified"] if one["value"] is not None else None),
            "note": one["precision"]["why_en"],
        }
        for one in result["candidates"]
    ]
    table("Candidates, out of time", rows)
    codings = [
        {"coding": one["coding"], "precision": _estimate(one["precision"]), "same list": f"{one['same_list']:.0%}"}
        for one in result["codings"]
    ]
    table("The champion under other codings of what counts", codings)
    if result["stays"] is not None:
        out.print(f"{result['stays']:.0%} of the list stays in it in 80 % of the refits.", highlight=False)
    looked = ", ".join(f"{one['kind'].replace('_', ' ')} {one['found']}" for one in result["leaks"])
    out.print(f"Leaks looked for, and found: {looked}.", highlight=False)
    out.print(f"Champion: {result['champion']}. {result['why']}", highlight=False)


def _lifted(figure: dict[str, Any] | None) -> str:
    if figure is None or figure["lift"] is None:
        return "not_estimable"
    return f"{figure['lift']:.2f} ({figure['lift_low']:.2f} to {figure['lift_high']:.2f})"


def _estimate(figure: dict[str, Any]) -> str:
    return _interval(figure["value"], figure["low"], figure["high"], str(figure["status"]))


@app.command(rich_help_panel=PART)
def lift(
    path: Annotated[Path, typer.Argument(metavar="TABLE", help="CSV, XLSX or Parquet; rows are counts or cases.")],
    arm: Annotated[str, typer.Option(metavar="COLUMN", help="Why a case was reviewed.")],
    reviewed: Annotated[str, typer.Option(metavar="COLUMN", help="How many were reviewed, or yes or no.")],
    changed: Annotated[str, typer.Option(metavar="COLUMN", help="How many led to a change, or yes or no.")],
    stratum: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help="Period, municipality; may stand more than once.")
    ] = None,
    reference: Annotated[str, typer.Option(metavar="ARM", help="The arm to compare with.")] = "random",
    as_json: AsJson = False,
) -> None:
    """How often reviews led to a change, per arm, and how many times more often than in the reference arm.

    Example: weegschaal lift reviews.csv --arm arm --reviewed reviewed --changed changed --stratum year
    """
    from models.lift import compare_arms, tally
    from models.own_table import read, told_of

    with told_of(path):
        result = compare_arms(tally(read(path), arm, reviewed, changed, stratum or []), reference)
    emit(result, as_json, _show_lift)


def _show_lift(result: dict[str, Any]) -> None:
    arms = [
        {
            "arm": one["arm"],
            "reviewed": one["reviewed"],
            "changed": one["changed"],
            "yield": _interval(one["rate"], one["low"], one["high"], one["status"]),
        }
        for one in result["arms"]
    ]
    table("Yield per arm", arms)
    lifts = [
        {
            "arm": one["arm"],
            "over": one["reference"],
            "stratified": _interval(one["stratified"], one["low"], one["high"], one["status"]),
            "pooled": _interval(one["pooled"], one["pooled_low"], one["pooled_high"], one["status"]),
            "note": one["why"],
        }
        for one in result["lifts"]
    ]
    table("Lift, Mantel-Haenszel over the strata", lifts)
    for warning in result["warnings"]:
        err.print(warning, highlight=False, soft_wrap=True)


@app.command(rich_help_panel=PART)
def compare(
    path: Annotated[Path, typer.Argument(metavar="TABLE", help="CSV, XLSX or Parquet; one row per reviewed case.")],
    label: Annotated[str, typer.Option(metavar="COLUMN", help="What was found: two values.")],
    time: Annotated[str, typer.Option(metavar="COLUMN", help="When: dates, or numbers that go up.")],
    exclude: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help="Not to learn from; may stand more than once.")
    ] = None,
    k: Annotated[float, typer.Option(metavar="SHARE", help="Share of the list that is looked at.")] = 0.1,
    positive: Annotated[
        str | None, typer.Option(metavar="VALUE", help="The value of the label that is ranked for.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same table and seed give the same figures.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Compare the candidates on a labelled table of your own: earlier rows teach, later rows are ranked.

    Example: weegschaal compare inspections.csv --label found --time date --exclude violations --k 0.1
    """
    from models import compare as comparison
    from models.own_table import read, told_of

    with told_of(path):
        own = comparison.understand(read(path), label, time, exclude or [], positive)
        result = comparison.compare(own, k, seed)
    emit(result, as_json, _show_comparison)


def _show_comparison(result: dict[str, Any]) -> None:
    rows = [
        {
            "candidate": one["name"],
            "average precision": _spread(one["average_precision"]),
            f"precision in the top {result['k']:.0%}": _spread(one["precision_at_k"]),
            "note": "" if one["promotable"] else "for comparison only",
        }
        for one in result["candidates"]
    ]
    table(f"Candidates, {len(result['windows'])} later windows", rows)
    out.print(f"Proposed: {result['proposed']}. {result['why']}", highlight=False)
    for name, why in result["left_out"].items():
        err.print(f"left out {name}: {why}", highlight=False, soft_wrap=True)
    for warning in result["warnings"]:
        err.print(warning, highlight=False, soft_wrap=True)


def _spread(figure: dict[str, Any]) -> str:
    return f"{figure['mean']:.3f}" + ("" if figure["sd"] is None else f" (sd {figure['sd']:.3f})")


def _interval(value: float | None, low: float | None, high: float | None, status: str) -> str:
    """A figure with its interval, or the word for why there is none."""
    return status if value is None else f"{value:.3f} ({low:.3f} to {high:.3f})"


@app.command(rich_help_panel=PART)
def drift(
    run: Annotated[str | None, typer.Option(help="Id of the run; the newest by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """What moved since training, per feature and municipality, and whether promises are still kept.

    Example: weegschaal drift --json
    """
    from enforcement.settings import Settings
    from pipelines import drifting

    emit(drifting.drift(Settings.read(), run, unseen_or_shown(as_json)), as_json, _show_drift)


def _show_drift(result: dict[str, Any]) -> None:
    most = [_rounded(one) for one in result["stability"][:25]]
    table(f"Run {result['run']}: most moved since {result['trained_until']}", most)
    table("What the random arm found against what was promised", [_rounded(one) for one in result["calibration"]])


def _rounded(row: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, 3) if isinstance(value, float) else value for name, value in row.items()}


@app.command(rich_help_panel=PART)
def leaks(
    until: Annotated[str | None, typer.Option(metavar="DATE", help="Labels known before this date.")] = None,
    as_json: AsJson = False,
) -> None:
    """Look whether a training would learn what it could not have known; exit code 1 when it would.

    Example: weegschaal leaks --until 2026-11-01
    """
    from enforcement.settings import Settings
    from pipelines import leaks as leaking

    result = leaking.leaks(Settings.read(), date_of(until, "--until"), unseen_or_shown(as_json))
    emit(
        result,
        as_json,
        lambda made: table(f"Leaks in {made['rows']} rows of {made['features']} features", made["leaks"]),
    )
    if result["leaks"]:
        raise typer.Exit(1)
