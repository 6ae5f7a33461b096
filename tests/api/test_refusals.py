"""Every refusal that the code can raise is said in both languages: read from the code, not from a list beside it."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import string
from pathlib import Path

import enforcement
from api.language import Language, catalogue
from api.problems import KINDS
from api.refusals import said, table
from enforcement import audit
from enforcement.errors import FindingsError, RefusedError
from enforcement.settings import Settings
from enforcement.tables import Event
from tests.api.builders import a_case, visitors
from tests.api.test_requirements import BANNED

HERE = Path(__file__).resolve().parents[2]
PASSED_ON = ("str(error)", "'; '.join(messages)")
"""what raises the words of another refusal again"""


def refusals() -> set[str]:
    """Names of exceptions that reach somebody as a refusal with words in one language."""
    for module in pkgutil.iter_modules(enforcement.__path__):
        importlib.import_module(f"enforcement.{module.name}")
    kinds = [RefusedError]
    for kind in kinds:
        kinds += [one for one in kind.__subclasses__() if one is not FindingsError]
    return {kind.__name__ for kind in kinds}


def words(found: ast.expr) -> list[str]:
    """Texts of an expression, with {} for what is filled in."""
    if isinstance(found, ast.Constant):
        return [str(found.value)]
    if isinstance(found, ast.JoinedStr):
        return ["".join(str(one.value) if isinstance(one, ast.Constant) else "{}" for one in found.values)]
    if isinstance(found, ast.IfExp):
        return words(found.body) + words(found.orelse)
    return [] if ast.unparse(found) in PASSED_ON else [f"cannot be read: {ast.unparse(found)}"]


TRAINING = (
    "pipelines/learning.py",
    "pipelines/proxies.py",
    "pipelines/lake.py:newest_date",
    "models/dataset.py:rolling_origin",
)
"""whose errors the page of a training shows"""


def training() -> dict[str, str]:
    """Every text that a training can end with -> where; and that it was stopped."""
    texts = {"the worker was stopped on the way; ask again": "enforcement/jobs.py"}
    for name in TRAINING:
        path, _, function = name.partition(":")
        found: list[ast.AST] = [ast.parse((HERE / path).read_text("utf-8"))]
        if function:
            found = [one for one in ast.walk(found[0]) if isinstance(one, ast.FunctionDef) and one.name == function]
        for node in ast.walk(found[0]):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                texts |= dict.fromkeys(words(node.exc.args[0]), f"{path}:{node.lineno}")
    return texts


def faults() -> list[str]:
    """What the verification of the log finds on a chain in which everything is wrong."""
    event = Event(municipality="0917", number=7, previous="a", hash="b", object="case:1", body="{}")
    return [*audit.check([event]), "entry 7 is not the entry that was sealed"]


def raised() -> dict[str, str]:
    """Every text -> where it is raised."""
    texts = training()
    for english in table():
        pattern = re.compile("(.+?)".join(map(re.escape, english.split("{}"))))
        if any(pattern.fullmatch(fault) for fault in faults()):
            texts[english] = "enforcement/audit.py"
    names = refusals()
    for path in [*(HERE / "enforcement").glob("*.py"), *(HERE / "api").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names and node.args:
                texts |= dict.fromkeys(words(node.args[0]), f"{path.name}:{node.lineno}")
            if path.name == "policy.py" and isinstance(node, ast.Assign) and isinstance(node.value, ast.List):
                for pair in [one for one in node.value.elts if isinstance(one, ast.Tuple)]:
                    texts |= dict.fromkeys(words(pair.elts[1]), f"{path.name}:{pair.lineno}")
    return texts


def test_every_refusal_is_said_in_both_languages() -> None:
    found = raised()
    assert len(found) > 100
    missing = {text: where for text, where in found.items() if text not in table()}
    assert not missing, f"say these in api/locales/refusals.toml: {missing}"
    idle = set(table()) - set(found)
    assert not idle, f"nothing raises these any more: {idle}"


def test_the_dutch_side_fills_in_what_the_english_side_has() -> None:
    for english, dutch in table().items():
        gaps = {int(name) for _, name, _, _ in string.Formatter().parse(dutch) if name is not None}
        assert gaps <= set(range(english.count("{}"))), english
        assert not BANNED.search(english + dutch)
        filled = english.replace("{}", "7")
        assert said(filled, Language("nl")) == dutch.format(*["7"] * english.count("{}")), english
        assert said(filled, Language("en")) == filled


def test_every_kind_of_problem_has_its_words() -> None:
    for kind in {kind for _, _, kind in KINDS} - {"signed_out"} | {"error"}:
        assert f"problem.{kind}" in catalogue("nl")


def test_r16_whatever_the_verification_finds_is_said_in_dutch() -> None:
    found = faults()
    assert len(found) > 4
    assert {said(fault, Language("nl")) for fault in found}.isdisjoint(found)
    assert "verzegeld" in said(found[-1], Language("nl"))


def test_r16_every_action_of_the_log_has_its_words() -> None:
    """Read from the code: an action is a name with an underscore that is given to what writes the log."""
    writers = {"audit.append", "note", "_note", "note_item", "_log", "_move", "_noted"}
    other = {"as_of", "case_id", "listed_for_risk", "sign_in"}
    found = set()
    for path in [
        one for room in ("enforcement", "api", "pipelines", "commands") for one in (HERE / room).rglob("*.py")
    ]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in writers:
                texts = [one.value for given in node.args for one in ast.walk(given) if isinstance(one, ast.Constant)]
                found |= {one for one in texts if isinstance(one, str) and re.fullmatch("[a-z]+(_[a-z]+)+", one)}
    assert len(found) > 50
    assert found - other - set(Language("nl").names("event")) == set()


def test_a_page_and_a_program_are_told_in_the_language_they_read(made_up: Settings) -> None:
    number = a_case(made_up, blind=False)
    with visitors(made_up, "officer.heerlen") as (officer,):
        address = f"/api/v1/cases/{number}/relations?depth=2"
        told = [officer.get(address, headers={"accept-language": one}) for one in ("nl-NL,nl;q=0.9", "en", "*")]
        details = [one.json()["detail"] for one in told]
        assert details[0] == "Voor de tweede stap van de relaties is een doel nodig."
        assert details[1] == details[2] == "the second step of relations needs a purpose"
        assert [one.headers["content-language"] for one in told] == ["nl", "en", "en"]
        pages = [officer.get(f"/zaken/2026-999999?lang={one}") for one in ("nl", "en")]
    assert [page.status_code for page in pages] == [404, 404]
    assert "Zaak 2026-999999 is hier niet." in pages[0].text
    assert re.search(r"[Nn]o case 2026-999999 here", pages[1].text)
