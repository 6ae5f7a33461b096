"""XML that is hostile or broken is refused with a sentence; what looks hostile but is plain text is read."""

import zipfile
from pathlib import Path

import pytest

from pipelines.sources import duo, rdw
from pipelines.sources.reading import RefusedError
from pipelines.sources.xml import open_message, outline, parse

FIXTURES = Path(__file__).with_name("fixtures")
NAMESPACE = "http://bkwi.nl/SuwiML/Diensten/DUODossierStudiefinancieringGSD/v0200"


def written(folder: Path, text: str | bytes) -> Path:
    file = folder / "delivery.xml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


def test_billion_laughs_are_refused_without_laughing(tmp_path: Path):
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<!DOCTYPE d [<!ENTITY l0 "ha">{entities}]><d:DUOStudiefinancieringInfoResponse xmlns:d="{NAMESPACE}">&l9;'
    with pytest.raises(RefusedError):
        duo.read(written(tmp_path, bomb + "</d:DUOStudiefinancieringInfoResponse>"))


def test_billion_laughs_in_an_attribute_are_refused(tmp_path: Path):
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    with pytest.raises(RefusedError):
        parse(written(tmp_path, f'<!DOCTYPE d [<!ENTITY l0 "ha">{entities}]><d a="&l9;"/>'))


def test_an_external_entity_is_not_opened(tmp_path: Path):
    secret = tmp_path / "secret.txt"
    secret.write_text("999990019")
    text = (
        f'<!DOCTYPE d [<!ENTITY e SYSTEM "{secret.as_uri()}">]>'
        f'<d:DUOStudiefinancieringInfoResponse xmlns:d="{NAMESPACE}"><ClientSuwi>'
        "<Burgerservicenr>&e;</Burgerservicenr></ClientSuwi></d:DUOStudiefinancieringInfoResponse>"
    )
    with pytest.raises(RefusedError, match="document type"):
        duo.read(written(tmp_path, text))


def test_a_dtd_elsewhere_is_not_fetched(tmp_path: Path):
    with pytest.raises(RefusedError, match="document type"):
        parse(written(tmp_path, '<!DOCTYPE d SYSTEM "http://127.0.0.1:9/d.dtd"><d/>'))


def test_a_zip_named_xml_is_refused(tmp_path: Path):
    file = tmp_path / "delivery.xml"
    with zipfile.ZipFile(file, "w") as archive:
        archive.write(FIXTURES / "duo.xml", "duo.xml")
    assert not duo.recognises(file, file.read_bytes())
    with pytest.raises(RefusedError, match="zip archive"):
        duo.read(file)


@pytest.mark.parametrize("content", [b"", b"   \n", b"\x00\x01\x02", b"<a>", b"<a><b></a>", b"{}", b"\xff\xfe<\x00"])
def test_what_is_no_xml_is_refused(content: bytes, tmp_path: Path):
    file = written(tmp_path, content)
    assert not rdw.recognises(file, content)
    with pytest.raises(RefusedError, match=r"delivery\.xml"):
        rdw.read(file)


def test_depth_without_end_is_refused(tmp_path: Path):
    with pytest.raises(RefusedError):
        parse(written(tmp_path, "<a>" * 100_000 + "</a>" * 100_000))


def test_an_envelope_with_nothing_in_it_is_refused(tmp_path: Path):
    with pytest.raises(RefusedError, match="envelope"):
        open_message(written(tmp_path, '<e:Envelope xmlns:e="urn:e"><e:Body/></e:Envelope>'))


def test_an_encoding_is_followed(tmp_path: Path):
    text = (FIXTURES / "duo.xml").read_text()
    for encoding in ("utf-16", "iso-8859-1"):
        data = f'<?xml version="1.0" encoding="{encoding}"?>{text}'.encode(encoding)
        file = written(tmp_path, data)
        assert duo.recognises(file, data)
        assert duo.read(file).records == duo.read(FIXTURES / "duo.xml").records


def test_the_outline_sees_through_comments_and_envelopes():
    text = (
        b'<?xml version="1.0"?><!-- <Envelope> --><e:Envelope xmlns:e="x"><e:Header><Body2/></e:Header><e:Body><r:Root '
    )
    found = outline(text)
    assert found is not None
    assert found.root == "Root"


def test_a_refusal_quotes_nothing_of_the_file(tmp_path: Path):
    with pytest.raises(RefusedError) as refusal:
        parse(written(tmp_path, "<a><Burgerservicenr999990019></a>"))
    assert "999990019" not in str(refusal.value)
