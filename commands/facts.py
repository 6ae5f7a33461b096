"""What is known about a case: features, relations, places, and who is who."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from commands.app import app
from commands.display import AsJson, AsOf, AsOfDates, Months, date_of, dates_of, emit, err, out, shown, table

PART = "What is known"


@app.command(rich_help_panel=PART)
def features(
    as_of: AsOfDates = None,
    months: Months = None,
    as_json: AsJson = False,
    as_html: Annotated[bool, typer.Option("--html", help="The catalogue as a page, with freshness.")] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="The catalogue as docs/features.md.")] = False,
    build: Annotated[bool, typer.Option("--build", help="Build matrices instead of listing the catalogue.")] = False,
) -> None:
    """List the catalogue of features with legal basis, lineage and freshness, or build the matrix of every running case
    on one as-of date (the newest data's by default) or on many at once.

    Example: weegschaal features --json

    Or: weegschaal features --build --months 17
    """
    from enforcement.settings import Settings

    days = dates_of(as_of)
    if build and (months or len(days) > 1):
        from pipelines.learning import build_matrices, first_days

        settings = Settings.read()
        result: Any = build_matrices(settings, days + (first_days(settings, months) if months else []), shown)
        emit(result, as_json, lambda made: table("Matrices", made["matrices"]))
    elif build:
        from pipelines.learning import build_matrix

        result = build_matrix(Settings.read(), days[0] if days else None, shown)
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


@app.command(rich_help_panel=PART)
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


@app.command(rich_help_panel=PART)
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


@app.command(rich_help_panel=PART)
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


@app.command(rich_help_panel=PART)
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


@app.command("take-back", rich_help_panel=PART)
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
