"""Doing what a form asks, in one transaction: what the form can mend is said beside it, and what was typed stays."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, TypeVar

from fastapi import Form, Request, UploadFile
from sqlalchemy.orm import Session

from api.language import Language
from api.problems import classify
from api.refusals import said
from api.rendering import language
from api.security import engine
from enforcement.database import writing
from enforcement.errors import (
    ConflictError,
    FindingsError,
    ForbiddenError,
    LogUnavailableError,
    NotFoundError,
    RefusedError,
    StaleError,
)
from enforcement.evidence import LARGEST

NOT_OF_THE_FORM = (ForbiddenError, LogUnavailableError, NotFoundError)
"""what another way of filling in a form cannot mend"""
FORM_IS_GONE = (*NOT_OF_THE_FORM, ConflictError, StaleError)
"""the same of a form that is only there while its step is possible"""
Line = Annotated[str, Form(max_length=20_000)]
Version = Annotated[int, Form()]
Work = Callable[[Session, dt.datetime], object]
Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True)
class Refused:
    """Which form was not accepted, which field of it, and why."""

    part: str
    field: str
    says: str
    status: int


def tried(
    request: Request, part: str, work: Work, beyond: tuple[type[RefusedError], ...] = NOT_OF_THE_FORM
) -> Refused | None:
    """Does `work` in one transaction; None when it is done, else what to say beside the form `part`.

    Raises what is of `beyond`, for the page of problems.
    """
    spoken = language(request)
    try:
        with writing(engine(request)) as session:
            work(session, dt.datetime.now(dt.UTC))
    except beyond:
        raise
    except FindingsError as error:
        return Refused(part, error.field, error.nl if spoken.code == "nl" else error.en, 422)
    except RefusedError as error:
        status = classify(error)[0]
        return Refused(part, "", _sentence(said(str(error), spoken)), 422 if status == 400 else status)
    return None


def _sentence(words: str) -> str:
    """A refusal as a page says it.

    >>> _sentence("the file is empty")
    'The file is empty.'
    """
    return words[:1].upper() + words[1:] + ("" if words.endswith(".") else ".")


def both(key: str, **values: object) -> tuple[str, str]:
    """A text in Dutch and in English, as FindingsError takes them."""
    return Language("nl").text(key, **values), Language("en").text(key, **values)


def handed_in(file: UploadFile | str) -> tuple[bytes, str]:
    """What a form's file holds, and its name; a form without one sends a text."""
    return (b"", "") if isinstance(file, str) else (file.file.read(LARGEST + 1), file.filename or "")


def day(typed: str) -> dt.date:
    """Raises RefusedError for what is no day."""
    try:
        return dt.date.fromisoformat(typed)
    except ValueError:
        raise RefusedError("give a day as yyyy-mm-dd") from None


def one_of(words: type[Choice], typed: str) -> Choice:
    """Raises RefusedError for a word that is not among them."""
    try:
        return words(typed)
    except ValueError:
        raise RefusedError(f"choose one of {', '.join(words)}") from None
