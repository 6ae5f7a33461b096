"""Every real file we have is either read or refused with a sentence; none ends in an accident."""

from pathlib import Path

import pytest

from pipelines import sources
from pipelines.sources.reading import RefusedError
from tests.shared import SHARED, needs_shared

FILES = sorted(path for path in SHARED.rglob("*") if path.is_file()) if SHARED.is_dir() else []
DELIVERIES = {
    "brp/gbav-testset-persoonslijsten.csv": "gbav",
    "brp/recorded-find_person_succesfully.yaml": "brp",
    "brp/recorded-get_children_exclude_deceased.yaml": "brp",
    "brp/recorded-get_partners_exclude_deceased.yaml": "brp",
    "bewoning/bewoning-mock-test-data.json": "bewoning",
    "kvk/basisprofiel.json": "kvk",
    "gws/jaaropgave_response.xml": "gws",
    "gws/uitkering_response_basic.xml": "gws",
    "gws/uitkering_response_extra_report.xml": "gws",
}


@needs_shared
def test_every_delivery_is_read_and_nothing_else_is() -> None:
    read: dict[str, str] = {}
    refused: dict[str, str] = {}
    for path in FILES:
        try:
            read[str(path.relative_to(SHARED))] = sources.read(path).source
        except RefusedError as refusal:
            refused[path.name] = str(refusal)
    assert read == DELIVERIES
    assert all(name in sentence and sentence.count(" ") > 4 for name, sentence in refused.items())


@needs_shared
@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("*.xsd", "an XML schema"),
        ("*.wsdl", "a WSDL description"),
        ("*openapi*.json", "an OpenAPI description, not a delivery"),
        ("tabel*.csv", "national table"),
        ("codes_*.json", "a list of codes"),
        ("*.schema.json", "a JSON schema"),
    ],
)
def test_descriptions_and_tables_are_refused_for_what_they_are(pattern: str, says: str) -> None:
    found = [path for path in FILES if path.match(pattern)]
    assert found
    for path in found:
        with pytest.raises(RefusedError, match=says):
            sources.read(path)


@needs_shared
@pytest.mark.parametrize("name", sorted(DELIVERIES))
def test_a_delivery_under_another_source_is_refused(name: str) -> None:
    wrong = "kvk" if DELIVERIES[name] != "kvk" else "gbav"
    with pytest.raises(RefusedError, match=f"said to be {wrong}, but this is a file of source {DELIVERIES[name]}"):
        sources.read(Path(SHARED / name), wrong)
