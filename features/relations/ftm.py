"""The relations of one case as FollowTheMoney entities, so that other tools for investigators can read them.

One entity per node and one per tie, each {"id", "schema", "properties": {name: [text, ...]}} (followthemoney.tech,
schemata Person, Address, Company, Organization, Vehicle, BankAccount, RealEstate; Family, Employment, Directorship,
Ownership, UnknownLink). Ids count within the export and lead nowhere outside. Never in it: BSN, nationality,
birthplace, birth date, sex. Names and addresses only as far as the caller was given them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

SCHEMATA = {
    "person": "Person",
    "address": "Address",
    "company": "Company",
    "employer": "Organization",
    "vehicle": "Vehicle",
    "account": "BankAccount",
    "parcel": "RealEstate",
}
TIES = {
    "partner": ("Family", "person", "relative", "relationship"),
    "former": ("Family", "person", "relative", "relationship"),
    "parent": ("Family", "person", "relative", "relationship"),
    "employer": ("Employment", "employee", "employer", "role"),
    "director": ("Directorship", "director", "organization", "role"),
    "owner": ("Ownership", "owner", "asset", "role"),
    "vehicle": ("Ownership", "owner", "asset", "role"),
    "right": ("Ownership", "owner", "asset", "role"),
}
"""verb -> schema, and its properties for the near end, the far end and what the tie is; any other is UnknownLink"""
OTHER_TIE = ("UnknownLink", "subject", "object", "role")
NEVER = frozenset(
    (
        "nationality",
        "birthPlace",
        "birthDate",
        "birthCountry",
        "gender",
        "idNumber",
        "ethnicity",
    )
)
"""properties of FollowTheMoney that no entity of ours has"""
TOLD = frozenset(("name", "full", "postalCode", "city"))


def entities(
    graph: Mapping[str, Any],
    case: str,
    told: Mapping[str, Mapping[str, str]] | None = None,
) -> Iterator[dict[str, Any]]:
    """The entities of a graph as `ego` gives it. `told`: node -> name (people), full, postalCode, city (addresses)."""
    told = told or {}
    for node in graph["nodes"]:
        properties: dict[str, list[str | None]] = {"notes": [node["en"]]}
        if node["hub"]:
            properties["summary"] = [f"{node['hub_en']} ({node['count']})"]
        for name, value in told.get(node["id"], {}).items():
            if name in TOLD:
                properties[name] = [value]
        yield _entity(f"{case}-{node['id']}", SCHEMATA.get(node["kind"], "Thing"), properties)
    for place, edge in enumerate(graph["edges"]):
        schema, near, far, what = TIES.get(edge["verb"], OTHER_TIE)
        properties = {
            near: [f"{case}-{edge['from']}"],
            far: [f"{case}-{edge['to']}"],
            what: [edge["en"]],
            "startDate": [edge["from_date"]],
            "endDate": [edge["until_date"]],
            "publisher": [edge["source"]],
            "retrievedAt": [edge["known_at"]],
        }
        yield _entity(f"{case}-e{place}", schema, properties)


def _entity(number: str, schema: str, properties: Mapping[str, list[str | None]]) -> dict[str, Any]:
    kept = {name: [value for value in values if value] for name, values in sorted(properties.items())}
    return {
        "id": number,
        "schema": schema,
        "properties": {name: values for name, values in kept.items() if values},
    }
