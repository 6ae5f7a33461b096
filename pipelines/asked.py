"""What was asked for on a page and needs the keys of vault and audit: access reports and erasures (R19, R22).

A municipality is answered with what it has itself; an erasure is done when no other has data of the person.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import zipfile
from typing import Any

from enforcement.database import engine_of, reading, writing
from enforcement.erasure import KeptError
from enforcement.keys import KeyFileError, Keys
from enforcement.rights_requests import Kind, Work, answered, expire, refused, waiting
from enforcement.settings import Settings
from pipelines.erasing import clear_files, erase, was_erased
from pipelines.rights import access_report
from pipelines.rights_paper import pdf

UNKNOWN = "unknown"
"""why, of a number that nobody has here"""


def answer(settings: Settings, now: dt.datetime) -> dict[str, int]:
    """Do what waits: {"answered", "refused", "expired"}.

    A request that fails for want of a key stays and holds up no other; when all were tried it is raised (KeyFileError),
    and the next pass tries it again.
    """
    engine, keys = engine_of(settings.database), Keys.read(settings.keys)
    with writing(engine) as session:
        told = {"answered": 0, "refused": 0, "expired": expire(session, now)}
    with reading(engine) as session:
        asked = waiting(session, keys)
    locked: KeyFileError | None = None
    for one in asked:
        try:
            report = _done(settings, one, now)
        except KeptError as error:
            why = tuple(kind.value for kind in error.why)
        except LookupError:
            why = (UNKNOWN,)
        except KeyFileError as error:
            locked = error
            continue
        else:
            why = ()
        with writing(engine) as session:
            if why:
                refused(session, one, now, why)
            else:
                answered(session, keys, one, now, report)
        told["refused" if why else "answered"] += 1
    if locked is not None:
        raise locked
    return told


def _done(settings: Settings, one: Work, now: dt.datetime) -> bytes | None:
    """The report as a file to fetch; None after an erasure."""
    if one.kind != Kind.ERASURE:
        return bundle(access_report(settings, one.bsn, one.reference, now, one.municipality))
    purpose = f"{one.reference}, request {one.id}"
    if was_erased(settings, one.municipality, purpose):
        clear_files(settings)
    else:
        erase(settings, one.bsn, purpose, now, municipality=one.municipality)
    return None


def bundle(report: dict[str, Any]) -> bytes:
    """The report on paper and for a program (GDPR 15(3)), as one ZIP file."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("inzage.pdf", pdf(report))
        file.writestr("inzage.json", json.dumps(report, ensure_ascii=False, indent=1, default=str))
    return held.getvalue()
