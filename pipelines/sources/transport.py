"""A reading as JSON and back, so that what comes from the process that parses foreign files runs no code in ours."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from pathlib import Path
from typing import Any

from features.records import CONTRACTS, Address, PartialDate, Record
from pipelines.sources.reading import Extract, Found, Quarantined, Reading

_NAME_OF = {contract.record: name for name, contract in CONTRACTS.items()}


def packed(reading: Reading) -> dict[str, Any]:
    """The reading as plain JSON values. Raises KeyError for a record of no contract."""
    told = {
        name: getattr(reading, name)
        for name in ("source", "schema_version", "flags", "faults", "nothing_found", "municipality")
    }
    extract = reading.extract
    return told | {
        "records": [[one.at, _NAME_OF[type(one.record)], _fields(one.record)] for one in reading.records],
        "quarantined": [dataclasses.asdict(one) for one in reading.quarantined],
        "extract": None if extract is None else [extract.contract, str(extract.path), extract.format],
    }


def unpacked(told: dict[str, Any]) -> Reading:
    """The reading again. Raises KeyError, TypeError or ValueError when it is no reading."""
    extract = told["extract"]
    return Reading(
        source=told["source"],
        schema_version=told["schema_version"],
        records=tuple(Found(at, _record(name, fields)) for at, name, fields in told["records"]),
        extract=None if extract is None else Extract(extract[0], Path(extract[1]), extract[2]),
        quarantined=tuple(Quarantined(**one) for one in told["quarantined"]),
        flags=told["flags"],
        faults=told["faults"],
        nothing_found=told["nothing_found"],
        municipality=told["municipality"],
    )


def dumps(message: Any) -> bytes:
    return json.dumps(message, ensure_ascii=False).encode()


def loads(data: bytes) -> Any:
    return json.loads(data)


def _fields(record: Record) -> dict[str, Any]:
    values = ((field.name, getattr(record, field.name)) for field in dataclasses.fields(record))
    return {name: _plain(value) for name, value in values if value is not None}


def _plain(value: Any) -> Any:
    match value:
        case PartialDate():
            return {"between": [value.earliest.isoformat(), value.latest.isoformat()]}
        case dt.date():
            return {"day": value.isoformat()}
        case Address():
            return {"address": {name: part for name, part in dataclasses.asdict(value).items() if part is not None}}
        case tuple():
            return list(value)
        case _:
            return value


def _record(name: str, fields: dict[str, Any]) -> Record:
    record: Record = CONTRACTS[name].record(**{field: _whole(value) for field, value in fields.items()})
    return record


def _whole(value: Any) -> Any:
    match value:
        case {"between": [earliest, latest]}:
            return PartialDate(dt.date.fromisoformat(earliest), dt.date.fromisoformat(latest))
        case {"day": day}:
            return dt.date.fromisoformat(day)
        case {"address": parts}:
            return Address(**parts)
        case list():
            return tuple(value)
        case _:
            return value
