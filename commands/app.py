"""The command itself, to which every part adds its own."""

from __future__ import annotations

import typer

app = typer.Typer(
    name="weegschaal",
    help="Ranks social-assistance cases for human review, with reasons, and never decides.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
