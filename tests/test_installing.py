"""What is written down for an installation fits together, since no test runs containers."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from enforcement.guards import PIPELINE, SERVICE
from enforcement.zgw import Register

ROOT = Path(__file__).resolve().parents[1]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())


def test_every_setting_of_the_containers_exists_and_is_documented() -> None:
    known = (ROOT / "docs" / "operations.md").read_text()
    for name, service in COMPOSE["services"].items():
        for setting in service.get("environment", {}):
            if setting.startswith("WEEGSCHAAL_"):
                stem = setting.rsplit("_", 1)[-1]
                assert setting in known or f"_{stem}`" in known, (name, setting)


def test_the_logins_of_the_containers_have_the_roles_that_keep_municipalities_apart() -> None:
    script = COMPOSE["configs"]["logins"]["content"]
    used = {
        re.search(r"//(\w+):", service["environment"]["WEEGSCHAAL_DATABASE"])[1]  # type: ignore[index]
        for service in COMPOSE["services"].values()
        if "WEEGSCHAAL_DATABASE" in service.get("environment", {})
    }
    assert used == {"weegschaal_owner", "service", "night"}
    assert f"CREATE ROLE service LOGIN PASSWORD :'service' IN ROLE {SERVICE};" in script
    assert f"CREATE ROLE night LOGIN PASSWORD :'night' IN ROLE {PIPELINE};" in script
    assert "SUPERUSER" not in script


def test_no_password_stands_in_the_file_and_the_service_is_reached_through_the_proxy_only() -> None:
    text = (ROOT / "compose.yaml").read_text()
    for line in text.splitlines():
        if "PASSWORD:" in line or "SECRET:" in line:
            assert "${" in line, line
    assert COMPOSE["services"]["service"]["network_mode"] == "service:proxy"
    assert [name for name, one in COMPOSE["services"].items() if "ports" in one] == ["proxy"]


@pytest.mark.parametrize("file", ["docs/installing.md", "compose.yaml", "Containerfile"])
def test_images_and_addresses_are_public_or_examples(file: str) -> None:
    text = (ROOT / file).read_text()
    for image in re.findall(r"(?:image:|FROM) (\S+)", text):
        assert image == "weegschaal" or image.startswith("docker.io/"), image
    for host in re.findall(r"https://([\w.-]+)", text):
        assert host.endswith((".example.nl", ".example")), host


def test_the_settings_of_a_register_in_the_text_are_those_that_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEEGSCHAAL_ZGW_SECRET", "x" * 32)
    told = re.search(r"```json\n(.*?)```", (ROOT / "docs" / "installing.md").read_text(), re.DOTALL)
    assert told
    register = Register.read(json.loads(told[1])["0917"])
    assert register.roltype == ""
