"""The version of a case travels in headers: ETag in an answer, If-Match in a change (RFC 9110, 13.1.1)."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Depends, Header
from starlette.exceptions import HTTPException

_OURS = re.compile(r'"?([0-9]{1,9})"?')


def etag(version: int) -> str:
    """
    >>> etag(3)
    '"3"'
    """
    return f'"{version}"'


def if_match(
    if_match: Annotated[
        str | None, Header(description="the ETag as it was read; a case that changed meanwhile is not touched (412)")
    ] = None,
) -> int:
    """The version that the change was made on. 428 without the header, 412 for an ETag that is none of ours.

    >>> if_match('"3"')
    3
    """
    if if_match is None:
        raise HTTPException(428, "send the ETag of the case as If-Match, so that nobody's change is lost")
    found = _OURS.fullmatch(if_match.strip())
    if not found:
        raise HTTPException(412, "this ETag is none of ours; read the case again")
    return int(found[1])


AsRead = Annotated[int, Depends(if_match)]
