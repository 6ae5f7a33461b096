"""The order that the readers hold messages against is the order of the official schemas."""

from collections.abc import Iterator

import pytest
from lxml import etree

from pipelines.sources import bijstand, brp_suwi, duo, kadaster, rdw, uwv_income
from pipelines.sources.suwiml import Service
from tests.shared import SHARED, needs_shared

SERVICES = {one.SERVICE.source: one.SERVICE for one in (uwv_income, bijstand, rdw, kadaster, duo, brp_suwi)}
XSD = "{http://www.w3.org/2001/XMLSchema}"


def schemas(service: Service) -> list[etree._Element]:
    folder = next(SHARED.glob(f"suwinet/xsd/{service.name}*-v*"))
    return [etree.parse(file).getroot() for file in sorted(folder.rglob("Diensten/**/*.xsd"))]


def particles(node: etree._Element) -> Iterator[str]:
    """The names of an element's children, in order; one that is inherited or chosen counts where it stands."""
    for child in node:
        if child.tag == f"{XSD}element":
            yield (child.get("name") or child.get("ref") or "").rpartition(":")[2]
        elif child.tag in {f"{XSD}{kind}" for kind in ("sequence", "choice", "complexType", "complexContent")}:
            yield from particles(child)


def forms(roots: list[etree._Element], name: str) -> list[list[str]]:
    """Every list of children that the schema gives an element of this name."""
    types = {node.get("name"): node for root in roots for node in root.findall(f"{XSD}complexType")}
    found = []
    for root in roots:
        for element in root.iter(f"{XSD}element"):
            if element.get("name") == name:
                kind = types.get((element.get("type") or "").rpartition(":")[2])
                found.append(list(particles(element if kind is None else kind)))
    return [form for form in found if form]


@needs_shared
@pytest.mark.parametrize("source", sorted(SERVICES))
def test_names_and_order_are_those_of_the_schema(source: str):
    service = SERVICES[source]
    roots = schemas(service)
    for name, row in service.children.items():
        ours = [one.rstrip("*") for one in row]
        found = forms(roots, name)
        assert found, name
        for form in found:
            official = [one for one in form if one not in ("FWI", "NietsGevonden")]
            missing = [one for one in official if one not in ours]
            assert not missing, (name, missing)
            assert [one for one in ours if one in official] == official, name
