"""What the service writes down about itself: JSON lines without personal data.

A line about a request names the route, never the address: a case number does not belong there. An error is named by its
kind and where it happened; its words may hold what somebody typed.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import traceback
from typing import Any

OURS = "weegschaal"


class Lines(logging.Formatter):
    """One JSON object a line: at, level, logger, and either our own message or nothing of another's."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        if record.name.startswith(OURS):
            line["message"] = record.getMessage()
        line |= getattr(record, "fields", {})
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            frames = traceback.extract_tb(record.exc_info[2])[-12:]
            line["where"] = [f"{frame.filename.rsplit('/', 3)[-1]}:{frame.lineno} {frame.name}" for frame in frames]
        return json.dumps(line, ensure_ascii=False)


def set_up(*, requests: bool) -> None:
    """JSON lines on stderr: warnings of everyone, and our own lines about requests when asked for."""
    handler = logging.StreamHandler()
    handler.setFormatter(Lines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger(OURS).setLevel(logging.INFO if requests else logging.WARNING)
