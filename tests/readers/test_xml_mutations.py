"""Whatever happens to a message on its way, reading it never crashes and never loses a record without a row.

The oracle is the tree itself: every element that bears a record must stand at a record's place, or in quarantine, or
under something that is in quarantine.
"""

from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from pipelines.sources import bijstand, brp_suwi, duo, gws, kadaster, rdw, uwv_income
from pipelines.sources.reading import Reading, RefusedError
from pipelines.sources.xml import Part, local, open_message

FIXTURES = Path(__file__).with_name("fixtures")
FILES: dict[str, tuple[Any, set[str]]] = {
    "uwv_income.xml": (uwv_income, {"Inkomstenopgave"}),
    "bijstand.xml": (bijstand, {"Vordering", "Uitkeringsverhouding", "MaatregelMbtUitkering"}),
    "rdw_kenteken.xml": (rdw, {"Aansprakelijke"}),
    "rdw_bezit.xml": (rdw, {"Aansprakelijke"}),
    "kadaster_persoon.xml": (kadaster, {"OnroerendeZaak"}),
    "kadaster_object.xml": (kadaster, {"Gerechtigde"}),
    "duo.xml": (duo, {"Studiefinanciering"}),
    "brp_suwi.xml": (brp_suwi, {"ClientSuwi", "Ouder1", "Ouder2", "Kind", "Huwelijk"}),
    "gws_maand.xml": (gws, {"Dossierhistorie", "Componenthistorie"}),
    "gws_jaar.xml": (gws, {"SpecificatieJaarOpgave"}),
}
GARBAGE = st.one_of(
    st.sampled_from(["", "0", "-1", "20240231", "00000000", "99999999", "2024-02-30", "5000.00", "1.234,56", "J", "+"]),
    st.text(st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="\ufffe\uffff"), max_size=30),
    st.integers(0, 10**25).map(str),
)
DEEDS = ["drop", "double", "shuffle", "garble", "rename", "lift"]
STEP = st.tuples(st.sampled_from(DEEDS), st.integers(0, 10**6), GARBAGE)
FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def change(element: etree._Element, what: str, text: str) -> None:
    """Do one thing to one element that has a parent."""
    parent = element.getparent()
    if parent is None:
        return
    place = parent.index(element)
    if what == "drop":
        parent.remove(element)
    elif what == "double":
        parent.insert(place, etree.fromstring(etree.tostring(element)))
    elif what == "shuffle":
        parent.insert(0, element)
    elif what == "garble":
        element.text = text
    elif what == "rename":
        element.tag = "Onbekend"
    elif what == "lift" and parent.getparent() is not None:
        parent.addnext(element)


def unaccounted(root: Part, names: set[str], reading: Reading) -> list[str]:
    """The places of record-bearing elements that no record and no quarantine row accounts for."""
    records = {found.at for found in reading.records}
    rows = {row.at for row in reading.quarantined}

    def walk(part: Part, covered: bool) -> list[str]:
        covered = covered or part.at in rows
        known = covered or part.at in records or any(at.startswith(f"{part.at}/") for at in records | rows)
        lost = [part.at] if part.name in names and not known else []
        return lost + [at for child in part.children() for at in walk(child, covered)]

    return walk(root, covered=False)


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the changed file is put, over the one before."""
    return tmp_path_factory.mktemp("inbox") / "delivery.xml"


def delivered(inbox: Path, data: bytes) -> Path:
    inbox.write_bytes(data)
    return inbox


def attempt(module: Any, file: Path) -> Reading | None:
    """What was read; None when the file was refused, which is the only error there may be."""
    try:
        reading = module.read(file)
    except RefusedError:
        return None
    assert isinstance(reading, Reading)
    return reading


@FEW
@given(name=st.sampled_from(sorted(FILES)), steps=st.lists(STEP, min_size=1, max_size=6))
def test_no_change_to_a_message_loses_a_record(inbox: Path, name: str, steps: list[tuple[str, int, str]]):
    module, names = FILES[name]
    root = etree.parse(FIXTURES / name).getroot()
    for what, index, text in steps:
        elements = [element for element in root.iter() if local(element)]
        change(elements[index % len(elements)], what, text)
    file = delivered(inbox, etree.tostring(root))
    reading = attempt(module, file)
    if reading is None:
        return
    for body in open_message(file).bodies:
        lost = unaccounted(body, names, reading)
        assert len(lost) <= reading.flags.get("history_replaced", 0), lost


@FEW
@given(name=st.sampled_from(sorted(FILES)), cut=st.integers(0, 10**6))
def test_half_a_file_is_refused(inbox: Path, name: str, cut: int):
    module, _ = FILES[name]
    data = (FIXTURES / name).read_bytes().rstrip()
    half = data[: cut % (len(data) - 1)]
    file = delivered(inbox, half)
    assert module.recognises(file, half) in (True, False)
    assert attempt(module, file) is None


@FEW
@given(name=st.sampled_from(sorted(FILES)), noise=st.binary(max_size=40), place=st.integers(0, 10**6))
def test_bytes_in_the_wrong_place_never_crash_a_reader(inbox: Path, name: str, noise: bytes, place: int):
    module, _ = FILES[name]
    data = (FIXTURES / name).read_bytes()
    at = place % len(data)
    reading = attempt(module, delivered(inbox, data[:at] + noise + data[at + len(noise) :]))
    assert reading is None or all(row.reason and row.at.startswith("/") for row in reading.quarantined)


@FEW
@given(name=st.sampled_from(sorted(FILES)), random=st.randoms(use_true_random=False))
def test_the_order_of_fields_never_changes_what_is_read(inbox: Path, name: str, random: Random):
    module, _ = FILES[name]
    root = etree.parse(FIXTURES / name).getroot()
    for element in root.iter():
        fields = [child for child in element if not len(child)]
        if fields and len(fields) == len(element):
            random.shuffle(fields)
            element[:] = fields
    reading = attempt(module, delivered(inbox, etree.tostring(root)))
    assert reading is not None
    assert [one.record for one in reading.records] == [one.record for one in module.read(FIXTURES / name).records]
