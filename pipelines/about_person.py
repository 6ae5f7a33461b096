"""Everything in the lake and the sealed store that is about one person: which rows, in which contract, by which link.

A row is about a person when one of its columns is the person's number, when it is about a dossier on which the person
is client or partner, when it is on the person's registry list, or when it is about a company of which the person holds
an office. Somebody else's number in such a row stays closed (GDPR 15(4)).
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from enforcement.keys import KeyFileError
from enforcement.sealing import opened, private_half
from enforcement.settings import Settings
from features.records import CONTRACTS, ENVELOPE, Contract, Identifier
from pipelines.lake import Lake
from pipelines.resolving import merged
from pipelines.staging import quoted

SHARING = ("client", "partner")
"""roles whose dossier is about the person as a whole; a child is in it and no more"""


@dataclass(frozen=True)
class Whole:
    """One person: all numbers that are taken for them, and what leads to rows about them."""

    persons: frozenset[int]
    cases: Mapping[int, str]
    """dossiers on which the person is client or partner -> municipality"""
    lists: frozenset[int]
    companies: frozenset[str]

    def condition(self, contract: Contract) -> str:
        """SQL over the contract's lake columns: whether a row is about the person."""
        parts = [f"{name} IN ({_numbers(self.persons)})" for name in columns_of(contract, "person")]
        if not parts or contract.name == "benefits":
            parts += [f"{name} IN ({_numbers(self.cases)})" for name in columns_of(contract, "case")]
        parts += [f"{name} IN ({_numbers(self.lists)})" for name in columns_of(contract, "list")]
        if contract.name == "companies":
            parts.append(f"company IN ({', '.join(_literal(one) for one in sorted(self.companies)) or 'NULL'})")
        return "(" + " OR ".join(parts or ["false"]) + ")"


def columns_of(contract: Contract, kind: str) -> list[str]:
    """Lake columns of a contract that hold numbers of a kind, as person or case."""
    return [one.name for one in contract.lake_columns if isinstance(one.about, Identifier) and one.about.kind == kind]


def whole_person(settings: Settings, lake: Lake, bsn: str) -> Whole | None:
    """The person with this citizen service number, with everyone taken for them; None where nobody has it."""
    first = lake.vault.find("person", bsn.strip())
    if first is None:
        return None
    same = merged(settings)
    root = same.get(first, first)
    persons = frozenset({first, root, *(number for number, other in same.items() if other == root)})
    with lake.connection() as connection:

        def asked(contract: str, columns: str, condition: str) -> list[tuple[Any, ...]]:
            files = ", ".join(quoted(path) for path in lake.parts().get(contract, []))
            if not files:
                return []
            query = f"SELECT DISTINCT {columns} FROM read_parquet([{files}]) WHERE {condition}"
            return list(connection.execute(query).fetchall())

        mine = f"person_id IN ({_numbers(persons)})"
        roles = ", ".join(_literal(role) for role in SHARING)
        cases = dict(asked("benefits", "case_id, municipality", f"{mine} AND role IN ({roles})"))
        lists = frozenset(number for (number,) in asked("persons", "list_id", f"{mine} AND list_id IS NOT NULL"))
        companies = frozenset(one for (one,) in asked("functionaries", "company", f"{mine} AND company IS NOT NULL"))
    return Whole(persons, cases, lists, companies)


def lake_rows(lake: Lake, whole: Whole) -> dict[str, list[dict[str, Any]]]:
    """Contract -> rows about the person, oldest known first. Dates are text, numbers of identities whole numbers."""
    found: dict[str, list[dict[str, Any]]] = {}
    parts = lake.parts()
    with lake.connection() as connection:
        for name, contract in CONTRACTS.items():
            if not parts.get(name):
                continue
            files = ", ".join(quoted(path) for path in parts[name])
            columns = ", ".join(
                f'"{one.name}"' if one.name.endswith("_id") else _as_text(one.name, one.type)
                for one in (*contract.lake_columns, *ENVELOPE)
            )
            rows = connection.sql(
                f"SELECT {columns} FROM read_parquet([{files}]) AS held WHERE {whole.condition(contract)} "
                "ORDER BY held.known_at, delivery"
            ).to_arrow_table()
            if rows.num_rows:
                found[name] = rows.to_pylist()
    return found


def sealed_rows(settings: Settings, lake: Lake, whole: Whole) -> tuple[list[dict[str, Any]], bool]:
    """Rows of the sealed store about the person, and whether the protected attributes could be opened too: their key
    may be kept elsewhere (R10)."""
    rows = [row for table in lake.sealed.tables() for row in only(table, whole).to_pylist()]
    try:
        private = private_half(settings.keys)
    except KeyFileError:
        return rows, False
    for closed in lake.sealed.closed():
        rows += only(pq.read_table(io.BytesIO(opened(private, closed))), whole).to_pylist()
    return rows, True


def only(table: Any, whole: Whole, *, others: bool = False) -> Any:
    """The rows of a sealed table that are about the person, or with `others` all but those."""
    mine = pc.fill_null(pc.is_in(table["person_id"], pa.array(sorted(whole.persons), pa.int64())), False)
    listed = pc.fill_null(pc.is_in(table["list_id"], pa.array(sorted(whole.lists), pa.int64())), False)
    about = pc.or_(mine, pc.and_(pc.is_null(table["person_id"]), listed))
    return table.filter(pc.invert(about) if others else about)


def identities_in(rows: Mapping[str, list[dict[str, Any]]]) -> Iterator[tuple[str, int]]:
    """(kind, number) of everything that the rows name."""
    for name, mine in rows.items():
        for one in CONTRACTS[name].lake_columns:
            if isinstance(one.about, Identifier):
                for row in mine:
                    if row[one.name] is not None:
                        yield one.about.kind, int(row[one.name])


def _numbers(numbers: Any) -> str:
    return ", ".join(str(int(one)) for one in sorted(numbers)) or "NULL"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _as_text(name: str, kind: str) -> str:
    if kind in ("DATE", "TIMESTAMP"):
        pattern = "%Y-%m-%d" if kind == "DATE" else "%Y-%m-%dT%H:%M:%SZ"
        return f'strftime("{name}", \'{pattern}\') AS "{name}"'
    return f'"{name}"'
