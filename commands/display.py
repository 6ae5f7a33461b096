"""How the command line asks and answers: JSON for machines, tables for people, steps while they run."""

from __future__ import annotations

import datetime as dt
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

WIDE = None if sys.stdout.isatty() else 2000  # a file or pipe has no width to fold to

# What is printed may come from anybody's table: [/b] in it is text, no markup.
out = Console(width=WIDE, markup=False)

err = Console(stderr=True, markup=False)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]

AsOf = Annotated[
    str | None, typer.Option("--as-of", metavar="DATE", help="As-of date, yyyy-mm-dd; the newest data's by default.")
]

AsOfDates = Annotated[
    list[str] | None,
    typer.Option("--as-of", metavar="DATE", help="As-of date, yyyy-mm-dd; may stand more than once."),
]

Months = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="The first of each of the last N months as as-of dates.")
]

FromDatabase = Annotated[
    str | None, typer.Option(metavar="URL", help="A PostgreSQL that holds extracts; keep passwords in ~/.pgpass.")
]

Tables = Annotated[
    list[str] | None, typer.Option("--table", metavar="CONTRACT=TABLE", help="A table or view to read there.")
]


def emit(result: Any, as_json: bool, show: Callable[[Any], None]) -> None:
    """Print `result` as JSON, or let `show` say it to a person."""
    if as_json:
        sys.stdout.write(json.dumps(result, ensure_ascii=False, default=str, allow_nan=False) + "\n")
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


def dates_of(texts: list[str] | None) -> list[dt.date]:
    """The dates of `--as-of`, given any number of times."""
    return [one for one in (date_of(text, "--as-of") for text in texts or []) if one is not None]


def pairs_of(words: list[str], option: str, form: str) -> dict[str, str]:
    """`NAME=VALUE`, given any number of times. Raises BadParameter that says what is asked for."""
    pairs = {}
    for one in words:
        name, sign, value = one.partition("=")
        if not (name and sign):
            raise typer.BadParameter(f"{one!r} is not {form}", param_hint=option)
        pairs[name] = value
    return pairs


def unseen_or_shown(as_json: bool) -> Any:
    """The display of steps: none when a machine reads the answer."""
    from pipelines.steps import unseen

    return unseen if as_json else shown
