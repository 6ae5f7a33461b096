"""A table as CSV that a spreadsheet reads as text and numbers only, never as formulas (OWASP, CSV injection)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from fastapi.responses import Response

STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def harmless(cell: object) -> object:
    """A text that a spreadsheet would run gets an apostrophe before it; numbers stay numbers.

    >>> harmless("=SUM(A1)"), harmless(-3), harmless("-3"), harmless(None)
    ("'=SUM(A1)", -3, "'-3", '')
    """
    if cell is None:
        return ""
    if isinstance(cell, str) and cell.lstrip(" ").startswith(STARTS_FORMULA):
        return f"'{cell}"
    return cell


def csv_of(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Semicolons, as a Dutch spreadsheet expects, and a byte order mark so that it reads UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow([harmless(one) for one in head])
    writer.writerows([harmless(one) for one in row] for row in rows)
    return "\ufeff" + out.getvalue()


def download(content: str | bytes, name: str, kind: str) -> Response:
    """A file to keep."""
    return Response(content, media_type=kind, headers={"content-disposition": f'attachment; filename="{name}"'})
