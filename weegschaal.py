"""The command: from a delivery to a worklist, one verb per step."""

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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table

app = typer.Typer(
    name="weegschaal",
    help="Ranks social-assistance cases for human review, with reasons, and never decides.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
WIDE = None if sys.stdout.isatty() else 160  # a file or pipe has no width to fold to
out = Console(width=WIDE)
err = Console(stderr=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
AsOf = Annotated[
    str | None, typer.Option("--as-of", metavar="DATE", help="As-of date, yyyy-mm-dd; the newest data's by default.")
]


def emit(result: Any, as_json: bool, show: Callable[[Any], None]) -> None:
    """Print `result` as JSON, or let `show` say it to a person."""
    if as_json:
        sys.stdout.write(json.dumps(result, ensure_ascii=False, default=str) + "\n")
    else:
        show(result)


def table(title: str, rows: list[dict[str, Any]]) -> None:
    """Print rows under their keys."""
    if not rows:
        out.print(f"{title}: none")
        return
    grid = Table(title=title, title_justify="left", header_style="bold", box=None)
    for name in rows[0]:
        grid.add_column(name, justify="right" if isinstance(rows[0][name], int | float) else "left", overflow="fold")
    for row in rows:
        grid.add_row(*("" if value is None else str(value) for value in row.values()))
    out.print(grid)


@contextmanager
def shown(name: str) -> Iterator[Any]:
    """Show on stderr that a step runs, then how many rows it made in how many seconds."""
    from pipelines.steps import Tally

    tally, started = Tally(), time.monotonic()
    with err.status(f"{name} ...") if err.is_terminal else _announced(name):
        yield tally
    seconds = time.monotonic() - started
    note = "  (was done)" if tally.kept else ""
    err.print(f"  {name:<44} {tally.rows:>12,} rows {seconds:>7.1f} s{note}", highlight=False)


@contextmanager
def _announced(name: str) -> Iterator[None]:
    err.print(f"  {name} ...", highlight=False)
    yield


def date_of(text: str | None, option: str) -> dt.date | None:
    """Raises BadParameter that says how a date is written."""
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not a date; write it as 2026-11-01", param_hint=option) from error


@app.command()
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


@app.command()
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


@app.command()
def ingest(
    paths: Annotated[list[Path] | None, typer.Argument(help="Files or folders of deliveries.")] = None,
    source: Annotated[str | None, typer.Option(help="Name of the format; recognised by content when left out.")] = None,
    municipality: Annotated[str | None, typer.Option(help="Code of the municipality it is for, four digits.")] = None,
    from_database: Annotated[
        str | None, typer.Option(metavar="URL", help="A PostgreSQL that holds extracts; keep passwords in ~/.pgpass.")
    ] = None,
    table_of: Annotated[
        list[str] | None, typer.Option("--table", metavar="CONTRACT=TABLE", help="A table or view to read there.")
    ] = None,
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
        tables = _pairs(table_of or [], "--table", "CONTRACT=TABLE")
        result = bring_from_database(Settings.read(), from_database, tables, municipality, display)
    else:
        result = bring_in(Settings.read(), paths or [], source, municipality, display)
    emit(result, as_json, _show_ingested)
    if any(file["status"] in ("refused", "held") for file in result["files"]):
        raise typer.Exit(1)


def _pairs(words: list[str], option: str, form: str) -> dict[str, str]:
    pairs = {}
    for one in words:
        name, sign, value = one.partition("=")
        if not (name and sign):
            raise typer.BadParameter(f"{one!r} is not {form}", param_hint=option)
        pairs[name] = value
    return pairs


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


@app.command()
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


@app.command()
def features(
    as_of: AsOf = None,
    as_json: AsJson = False,
    as_html: Annotated[bool, typer.Option("--html", help="The catalogue as a page, with freshness.")] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="The catalogue as docs/features.md.")] = False,
    build: Annotated[bool, typer.Option("--build", help="Build the matrix instead of listing the catalogue.")] = False,
) -> None:
    """List the catalogue of features with legal basis, lineage and freshness, or build the matrix of one as-of date.

    Example: weegschaal features --json
    """
    from enforcement.settings import Settings

    if build:
        from pipelines.learning import build_matrix

        result: Any = build_matrix(Settings.read(), date_of(as_of, "--as-of"), shown)
        emit(result, as_json, lambda made: out.print(f"{made['rows']} cases as of {made['as_of']}: {made['path']}"))
    elif as_html or as_markdown:
        from features import catalogue as declared
        from features import register
        from pipelines.overview import catalogue

        page = register.html(catalogue(Settings.read())) if as_html else register.markdown(declared.listing())
        sys.stdout.write(page)
    else:
        from pipelines.overview import catalogue

        result = catalogue(Settings.read())
        emit({"features": result}, as_json, lambda made: table("Features", _brief(made["features"])))


def _brief(features: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: one[key] for key in ("name", "topic", "title_nl", "unit", "legal_basis")} for one in features]


@app.command()
def train(
    until: Annotated[str | None, typer.Option(metavar="DATE", help="Use labels known before this date.")] = None,
    seed: Annotated[int, typer.Option(help="The same data and seed give the same bytes.")] = 1,
    candidates: Annotated[
        str | None, typer.Option(metavar="NAMES", help="Only these beside the baselines, with commas between.")
    ] = None,
    trials: Annotated[int, typer.Option(min=0, help="Settings tried inside the training rows; 0 for none.")] = 3,
    weighted: Annotated[bool, typer.Option("--weighted", help="Each candidate also with 1 / pi as weights.")] = False,
    by: Annotated[str, typer.Option(metavar="USER", help="The data scientist who trains; may not approve it.")] = "",
    as_json: AsJson = False,
) -> None:
    """Train the candidates, compare them out of time, and register the champion.

    Example: weegschaal train --until 2026-11-01 --candidates scorecard,additive
    """
    from enforcement.settings import Settings
    from pipelines import learning

    day, only = date_of(until, "--until"), tuple(candidates.split(",")) if candidates else None
    result = learning.train(Settings.read(), day, seed, shown, only, weighted=weighted, trials=trials, by=by)
    emit(result, as_json, _show_training)


def _show_training(result: dict[str, Any]) -> None:
    rows = [
        {
            "candidate": one["name"],
            "precision at the top": _estimate(one["precision"]),
            "lift over random": _lifted(one["stratified"]),
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


@app.command()
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
    from models.own_table import read

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
        err.print(warning, highlight=False, markup=False, soft_wrap=True)


@app.command()
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
    from models.own_table import read

    own = comparison.understand(read(path), label, time, exclude or [], positive)
    emit(comparison.compare(own, k, seed), as_json, _show_comparison)


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
        err.print(f"left out {name}: {why}", highlight=False, markup=False, soft_wrap=True)
    for warning in result["warnings"]:
        err.print(warning, highlight=False, markup=False, soft_wrap=True)


def _spread(figure: dict[str, Any]) -> str:
    return f"{figure['mean']:.3f}" + ("" if figure["sd"] is None else f" (sd {figure['sd']:.3f})")


def _interval(value: float | None, low: float | None, high: float | None, status: str) -> str:
    """A figure with its interval, or the word for why there is none."""
    return status if value is None else f"{value:.3f} ({low:.3f} to {high:.3f})"


@app.command()
def fairness(
    path: Annotated[Path, typer.Argument(metavar="TABLE", help="A CSV, XLSX or Parquet file of your own.")],
    group: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help="Column of groups; several give their intersections too.")
    ] = None,
    selected: Annotated[str | None, typer.Option(metavar="COLUMN", help="Who was selected: 1/0, ja/nee.")] = None,
    outcome: Annotated[str | None, typer.Option(metavar="COLUMN", help="What was found: 1/0, or blank.")] = None,
    arm: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Why it was reviewed; 'random' is the random arm.")
    ] = None,
    probability: Annotated[str | None, typer.Option(metavar="COLUMN", help="Chance of being drawn, 0 to 1.")] = None,
    population: Annotated[int | None, typer.Option(min=1, help="People that the rows are a sample of.")] = None,
    reference: Annotated[
        list[str] | None, typer.Option(metavar="VALUE", help="Group to compare with (or COLUMN=VALUE); the largest.")
    ] = None,
    min_cell: Annotated[int, typer.Option(min=0, help="Smaller counts are suppressed; 0 for your own table.")] = 10,
    counts: Annotated[bool, typer.Option("--counts", help="The table has columns group, tp, fp, tn, fn.")] = False,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a report that needs nothing else.")] = None,
    language: Annotated[Literal["nl", "en"], typer.Option("--lang", help="Language of the report.")] = "nl",
    as_json: AsJson = False,
) -> None:
    """Audit any table per group: rates with intervals, differences and ratios, small counts suppressed.

    Example: weegschaal fairness reviews.csv --group sex --selected selected --outcome wrong --html audit.html
    """
    from models.fairness_report import report
    from models.own_audit import Asked, audit_file

    asked = Asked(
        tuple(group or ()), selected, outcome, arm, probability, population, tuple(reference or ()), min_cell, counts
    )
    audit = audit_file(path, asked)
    if html:
        html.write_text(report(audit, language, path.name), encoding="utf-8")
    emit(audit.document(), as_json, _show_fairness)


FAIRNESS_SHOWN = ("prevalence", "pprev", "ppr", "precision", "for", "tpr", "fpr", "accuracy")
"""the other four are one minus one of these"""


def _show_fairness(result: dict[str, Any]) -> None:
    rows = [
        {"group": " / ".join(one["group"].values()), "n": one["n"]}
        | {name: _share_or_status(one["metrics"][name]) for name in FAIRNESS_SHOWN}
        for one in result["groups"]
    ]
    table("Per group; --json and --html give intervals, differences and ratios", rows)
    for warning in result["warnings"]:
        err.print(warning, highlight=False, markup=False, soft_wrap=True)


def _share_or_status(figure: dict[str, Any]) -> str:
    """A share, with an asterisk when its denominator is small, or the word for why there is none."""
    if figure["value"] is None:
        return str(figure["status"]).replace("_", " ")
    return f"{figure['value']:.3f}" + ("*" if figure["status"] == "insufficient" else "")


@app.command()
def mandate(
    municipality: Annotated[str, typer.Argument(help="Code of the municipality, four digits.")],
    dpia: Annotated[str, typer.Option(help="Reference of the DPIA; without it nothing protected is read.")],
    by: Annotated[str, typer.Option(metavar="USER", help="The manager who gives it.")],
    budget: Annotated[float, typer.Option(help="Largest false-positive rate of any group.")] = 0.2,
    group_budget: Annotated[
        list[str] | None, typer.Option(metavar="GROUP:SHARE", help="Another budget for one group: sex=V:0.15")
    ] = None,
    group: Annotated[
        list[str] | None, typer.Option(metavar="ATTRIBUTES", help="What to audit: sex, age, nationality, sex,age ...")
    ] = None,
    justify: Annotated[
        list[str] | None, typer.Option(metavar="FEATURE:WHY", help="Why a feature may tell a protected attribute.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Let the fairness audit read a municipality's protected attributes, on a DPIA and within budgets.

    Example: weegschaal mandate 0917 --dpia DPIA-2026-04 --by manager.heerlen --budget 0.15
    """
    from enforcement.mandate import Mandate
    from enforcement.settings import Settings
    from pipelines.auditing import give_mandate

    given = Mandate(
        dpia=dpia,
        budget=budget,
        budgets={name: float(share) for name, share in _pairs_of(group_budget, "--group-budget")},
        justified=dict(_pairs_of(justify, "--justify")),
        groups=tuple(tuple(one.split(",")) for one in group) if group else Mandate.groups,
    )
    version = give_mandate(Settings.read(), municipality, by, given)
    emit(
        {"municipality": municipality, "version": version, **given.content()},
        as_json,
        lambda made: out.print(f"Mandate {version} of {municipality}, on {made['dpia']}"),
    )


def _pairs_of(values: list[str] | None, option: str) -> list[tuple[str, str]]:
    """NAME:TEXT. Raises BadParameter."""
    found = []
    for one in values or []:
        name, sign, text = one.partition(":")
        if not sign or not text.strip():
            raise typer.BadParameter(f"{one!r} is not NAME:VALUE", param_hint=option)
        found.append((name.strip(), text.strip()))
    return found


@app.command()
def audit(
    run: Annotated[str | None, typer.Option(help="Id of the run; the newest by default.")] = None,
    municipality: Annotated[str | None, typer.Option(help="One municipality; all with a mandate by default.")] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a report that needs nothing else.")] = None,
    language: Annotated[Literal["nl", "en"], typer.Option("--lang", help="Language of the report.")] = "nl",
    as_json: AsJson = False,
) -> None:
    """Audit a run per group of protected attributes, keep the result, and pass it through the gate.

    Exit code 1 when a municipality fails. Example: weegschaal audit --html audit.html
    """
    from enforcement.settings import Settings
    from pipelines import auditing

    audited, made = auditing.audit_run(Settings.read(), run, municipality, unseen_or_shown(as_json))
    if html:
        html.write_text(auditing.page_of(audited, made, language), encoding="utf-8")
    emit(auditing.document(audited, made), as_json, _show_audit)
    if any(one.status == "fail" for one in made):
        raise typer.Exit(1)


def unseen_or_shown(as_json: bool) -> Any:
    """The display of steps: none when a machine reads the answer."""
    from pipelines.steps import unseen

    return unseen if as_json else shown


def _show_audit(result: dict[str, Any]) -> None:
    rows = [
        {
            "municipality": town["municipality"],
            "group": " / ".join(one["group"].values()),
            "false positives": "" if one["value"] is None else f"{one['value']:.3f}",
            "bounds": "" if one["low"] is None else f"{one['low']:.3f} to {one['high']:.3f}",
            "budget": one["budget"],
            "verdict": one["status"],
        }
        for town in result["municipalities"]
        for part in town["parts"]
        for one in part["verdicts"]
    ]
    table(f"Gate, run {result['run']}", rows)
    for town in result["municipalities"]:
        out.print(f"{town['municipality']}: {town['status']} (audit {town['id']})", highlight=False)
    out.print(result["cannot_show"], highlight=False)


@app.command()
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


@app.command()
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


@app.command()
def score(as_of: AsOf = None, as_json: AsJson = False) -> None:
    """Score all cases with the champion and freeze the reasons.

    Example: weegschaal score --as-of 2026-11-01
    """
    from enforcement.settings import Settings
    from pipelines import ranking

    result = ranking.score(Settings.read(), date_of(as_of, "--as-of"), shown)
    emit(result, as_json, lambda made: out.print(f"{made['cases']} cases scored as of {made['as_of']} ({made['run']})"))


@app.command()
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


@app.command()
def outcomes(as_json: AsJson = False) -> None:
    """Return approved and overturned outcomes to the lake, as a delivery; the next training sees them.

    Example: weegschaal outcomes
    """
    from enforcement.settings import Settings
    from pipelines.returning import return_outcomes

    result = return_outcomes(Settings.read(), unseen_or_shown(as_json))
    emit(result, as_json, _show_ingested)


@app.command("zgw-export")
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


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
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

    conditions = _pairs(where or [], "--where", "FIELD=VALUE")
    result = overview.records(Settings.read(), contract, conditions, limit, reveal)
    emit(result, as_json, lambda made: table(contract, made["records"]))


@app.command()
def relations(
    case: Annotated[str, typer.Argument(help="Number of the case, or its dossier number with --municipality.")],
    municipality: Annotated[str | None, typer.Option(help="Code of the municipality of a dossier number.")] = None,
    as_of: AsOf = None,
    form: Annotated[str, typer.Option("--format", help="json, or ftm for FollowTheMoney as JSON lines.")] = "json",
    reveal: Annotated[
        str | None, typer.Option(metavar="PURPOSE", help="Show names and addresses too; the purpose is logged first.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """What registers tell around one case, at most two steps, as known before a date.

    Example: weegschaal relations 2026-004220 --municipality 0917 --as-of 2026-11-01 --format ftm
    """
    from enforcement.settings import Settings
    from pipelines import relating

    day = date_of(as_of, "--as-of")
    made = relating.relations(Settings.read(), case, municipality, day, form, reveal)
    if form == "ftm" and not as_json:
        for entity in made["entities"]:
            sys.stdout.write(json.dumps(entity, ensure_ascii=False) + "\n")
        return
    emit(made, as_json, _show_relations)


def _show_relations(made: dict[str, Any]) -> None:
    told = {
        node["id"]: " ".join((node["nl"], *node["told"].values())) if "told" in node else node["nl"]
        for node in made["nodes"]
    }
    rows = [
        {
            "from": f"{told[edge['from']]} ({edge['from']})",
            "relation": edge["nl"],
            "to": f"{told[edge['to']]} ({edge['to']})",
            "since": edge["from_date"],
            "until": edge["until_date"],
            "source": edge["source"],
            "known": (edge["known_at"] or "")[:10],
        }
        for edge in made["edges"]
    ]
    table(f"Relations of case {made['case']} as of {made['as_of']}", rows)


@app.command()
def places(
    kind: Annotated[str, typer.Option(help="employer or address.")] = "employer",
    as_of: AsOf = None,
    most: Annotated[int, typer.Option(min=1, help="At most this many.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Places to look at, for patterns that no single case shows: facts about employers or addresses, no persons.

    No score reads this list. Example: weegschaal places --kind address --json
    """
    from enforcement.settings import Settings
    from pipelines import relating

    def show(made: dict[str, Any]) -> None:
        rows = [
            {"rank": one["rank"], "place": one["number"], "municipality": one["municipality"], "fact": fact["nl"]}
            for one in made["places"]
            for fact in one["facts"]
        ]
        table(f"Places as of {made['as_of']}", rows)
        for reason, many in made["left_out"].items():
            err.print(f"{many} left out as a hub: {reason}", highlight=False)

    emit(relating.places_to_look_at(Settings.read(), kind, date_of(as_of, "--as-of"), most), as_json, show)


@app.command()
def identities(
    compare: Annotated[
        str | None, typer.Option(metavar="PURPOSE", help="Compare who has no BSN first; the purpose is logged.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Which numbers are taken for one person or address, why, and what waits for somebody's judgement.

    Example: weegschaal identities --compare "records of one person together"
    """
    from enforcement.settings import Settings
    from pipelines import resolving
    from pipelines.steps import unseen

    settings = Settings.read()
    compared = resolving.compare(settings, compare, unseen if as_json else shown) if compare is not None else None
    result = resolving.listed(settings) | ({"compared": compared} if compared else {})

    def show(made: dict[str, Any]) -> None:
        table("Judgements", [{k: v for k, v in one.items() if k != "waterfall"} for one in made["judgements"]])
        table("Taken for one", made["same"])
        table(
            "Refused, for they cannot be one",
            [one | {"between": " and ".join(one["between"])} for one in made["refused"]],
        )

    emit(result, as_json, show)


@app.command()
def judge(
    left: Annotated[int, typer.Argument(help="Number of a person or address; see `weegschaal identities`.")],
    right: Annotated[int, typer.Argument(help="The other number.")],
    judgement: Annotated[str, typer.Argument(help="same, not_same or unsure.")],
    municipality: Annotated[str, typer.Option(help="Whose log it goes in, four digits.")],
    purpose: Annotated[str, typer.Option(help="What for; it stands in the log.")],
    as_json: AsJson = False,
) -> None:
    """Say whether two numbers are one; it holds over what was computed.

    Example: weegschaal judge 123 456 not_same --municipality 0917 --purpose "two brothers"
    """
    from enforcement.settings import Settings
    from pipelines import resolving

    result = resolving.judge(Settings.read(), municipality, left, right, judgement, purpose)
    emit(result, as_json, lambda made: out.print(f"Judgement {made['number']} holds", highlight=False))


@app.command("take-back")
def take_back(
    number: Annotated[int, typer.Argument(help="Number of the judgement; see `weegschaal identities`.")],
    municipality: Annotated[str, typer.Option(help="Whose log it goes in, four digits.")],
    purpose: Annotated[str, typer.Option(help="What for; it stands in the log.")],
    as_json: AsJson = False,
) -> None:
    """Take one judgement back: who is who is then what it would be without it.

    Example: weegschaal take-back 12 --municipality 0917 --purpose "mistaken for a namesake"
    """
    from enforcement.settings import Settings
    from pipelines import resolving

    result = resolving.take_back(Settings.read(), municipality, number, purpose)
    emit(result, as_json, lambda made: out.print(f"Judgement {made['takes_back']} is taken back", highlight=False))


@app.command()
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


@app.command()
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


@app.command()
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


@app.command(name="log")
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


@app.command()
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


@app.command()
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


@app.command()
def freeze(
    version: Annotated[str, typer.Argument(help="Version of the model.")],
    reason: Annotated[str, typer.Option(help="What happened; it stands in the log.")],
    as_json: AsJson = False,
) -> None:
    """After a discrimination incident: freeze a model for good, switch its lists off, list the cases concerned.

    Example: weegschaal freeze 3 --reason "one group is selected too often" --json
    """
    from enforcement.settings import Settings
    from pipelines import promotion

    result = promotion.freeze(Settings.read(), version, reason)
    rows = [row | {"listed_for_risk": len(row["listed_for_risk"])} for row in result["municipalities"]]
    emit(result, as_json, lambda _: table(f"Version {version} is frozen; --json names the cases", rows))


@app.command()
def card(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Number of the version, or champion.")] = "champion",
    kind: Annotated[
        str, typer.Option(help="card, technical-file, instructions, data-sheet, register-record, training-report.")
    ] = "card",
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the page here.")] = None,
    as_json: AsJson = False,
) -> None:
    """Build the documents of a model from its metadata, keep them with it, and show one: the model card by default.

    Example: weegschaal card champion --kind technical-file --html file.html
    """
    from enforcement.settings import Settings
    from pipelines.documents import KINDS, build

    if kind not in KINDS:
        raise typer.BadParameter(f"{kind!r} is none of {', '.join(KINDS)}", param_hint="--kind")
    if html is not None and kind == "register-record":
        raise typer.BadParameter("the register record is JSON; leave --html out", param_hint="--html")
    made = build(Settings.read(), None if model == "champion" else model)
    if html is not None:
        html.write_bytes(made[f"{kind}.html"])
    document = json.loads(made[f"{kind}.json"])
    emit(document, as_json, lambda told: _show_document(told, html))


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


@app.command()
def report(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Number of the trained version, or champion.")] = "champion",
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the page here.")] = None,
    as_json: AsJson = False,
) -> None:
    """The report of a training run as one page that can be read without code.

    Example: weegschaal report 3 --html report.html
    """
    card(model=run, kind="training-report", html=html, as_json=as_json)


@app.command()
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
    if result["engine"]:
        table("Packages that have another version now", result["engine"])


@app.command()
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
    emit(made, as_json, lambda _: out.print(f"{letter['subject']}\n\n{letter['body']}", highlight=False, markup=False))


@app.command("access-report")
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


@app.command()
def contest(
    number: Annotated[str | None, typer.Argument(metavar="CASE", help="The case; without it, list them.")] = None,
    topic: Annotated[
        list[str] | None, typer.Option(help="What the data are about, such as income; may stand more than once.")
    ] = None,
    text: Annotated[str, typer.Option(help="What is wrong according to the client; kept encrypted.")] = "",
    municipality: Annotated[str | None, typer.Option(help="Where two have that number: four digits.")] = None,
    settle: Annotated[str | None, typer.Option(metavar="CONTEST", help="Settle this one instead.")] = None,
    upheld: Annotated[bool, typer.Option("--upheld/--rejected", help="With --settle: who was right.")] = False,
    file: Annotated[Path | None, typer.Option(help="With --upheld: the corrected records, as a delivery.")] = None,
    as_json: AsJson = False,
) -> None:
    """A client disputes data: stop the case, score it alone without them, and later with the correction. Or list them.

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
        opened = contesting.contest(settings, number, topic or [], text, municipality)
        emit(opened, as_json, lambda told: table("Opened; the case is stopped", [told]))
    else:
        emit({"contests": contesting.listed(settings)}, as_json, lambda told: table("Contests", told["contests"]))


@app.command()
def retain(
    archive_years: Annotated[
        int, typer.Option(min=1, help="How long a reviewed case is kept, by the municipality's selection list.")
    ] = 10,
    as_json: AsJson = False,
) -> None:
    """Delete what may no longer be kept: scores, reasons and matrix rows of people who were not selected, and reviewed
    cases past the archive's term. It ends with a proof that nothing is left; done again it changes nothing.

    Example: weegschaal retain
    """
    from enforcement.settings import Settings
    from pipelines import retaining

    result = retaining.retain(Settings.read(), archive_years=archive_years)

    def show(made: dict[str, Any]) -> None:
        table("Deleted", made["municipalities"])
        table("New generations", made["files"])
        table("Left of what should be gone", [made["proof"]])

    emit(result, as_json, show)


@app.command()
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
    from pipelines import retaining

    number = sys.stdin.readline().strip() if bsn == "-" else bsn
    result = retaining.erase(Settings.read(), number, purpose, archive_years=archive_years)
    emit(result, as_json, lambda made: table("Erased", [made | {"municipalities": ", ".join(made["municipalities"])}]))


@app.command()
def backup(
    folder: Annotated[Path, typer.Argument(help="Where backups go; keep it apart from the home and from the keys.")],
    as_json: AsJson = False,
) -> None:
    """Back up database, lake, sealed store, matrices, models and checkpoints, as of one moment and without the keys.
    Each file is kept once, so the next backup costs what is new.

    Example: weegschaal backup /backup/weegschaal
    """
    from enforcement.settings import Settings
    from pipelines import backup as backups

    emit(backups.backup(Settings.read(), folder), as_json, lambda made: table("Backup", [made]))


@app.command()
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


@app.command()
def work(
    once: Annotated[bool, typer.Option("--once", help="One pass of everything, then stop; for cron.")] = False,
    as_json: AsJson = False,
) -> None:
    """Do what has to be done every minute and every night: seal the logs, relieve who is away, return outcomes, score
    and select when a new month's data are there, look at drift, delete what is past its term.

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


def main() -> None:
    """Run the command; what a person can mend is one line on stderr and exit code 1."""
    try:
        app()
    except KeyboardInterrupt:
        err.print("weegschaal: stopped; started again it goes on where it was", highlight=False)
        sys.exit(130)
    except Exception as error:
        if not isinstance(error, _mendable()):
            raise
        said = error.args[0] if isinstance(error, LookupError) and error.args else error
        err.print(f"weegschaal: {said}", highlight=False, markup=False, soft_wrap=True)
        sys.exit(1)


def _mendable() -> tuple[type[Exception], ...]:
    """Errors whose message says what to do; any other is a defect of ours and shows where it happened."""
    from enforcement.errors import RefusedError as Refused
    from enforcement.identity import RevealRefusedError
    from enforcement.keys import KeyFileError
    from pipelines.sources.reading import RefusedError as Unreadable

    return (ValueError, LookupError, OSError, RuntimeError, Refused, RevealRefusedError, KeyFileError, Unreadable)


if __name__ == "__main__":
    main()
