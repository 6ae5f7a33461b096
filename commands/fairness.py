"""Fairness: of any table, and of a run behind a mandate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from commands.app import app
from commands.display import AsJson, emit, err, out, table, unseen_or_shown

PART = "Fairness"


@app.command(rich_help_panel=PART)
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
        err.print(warning, highlight=False, soft_wrap=True)


def _share_or_status(figure: dict[str, Any]) -> str:
    """A share, with an asterisk when its denominator is small, or the word for why there is none."""
    if figure["value"] is None:
        return str(figure["status"]).replace("_", " ")
    return f"{figure['value']:.3f}" + ("*" if figure["status"] == "insufficient" else "")


@app.command(rich_help_panel=PART)
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
    reweigh: Annotated[
        str, typer.Option(metavar="ATTRIBUTE", help="Let the audit hand training weights per cell for this attribute.")
    ] = "",
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
        reweigh=reweigh,
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


@app.command(rich_help_panel=PART)
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
        if town["reweighing"]:
            out.print(_weights_told(town["reweighing"]), highlight=False)
    out.print(result["cannot_show"], highlight=False)


def _weights_told(given: dict[str, Any]) -> str:
    if "why" in given:
        return f"No weights for training: {given['why']}."
    by = " and ".join(one["feature"] for one in given["cuts"])
    tells = f"they tell {given['attribute']} with an AUC of {given['tells']:.2f}"
    return f"{len(given['weights'])} weights for training, by {by}; {tells}."
