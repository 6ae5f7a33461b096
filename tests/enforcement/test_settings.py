"""Settings say what is wrong with them, and a demonstration never mixes with the real thing."""

from __future__ import annotations

import pytest

from enforcement.settings import Settings

REAL = {
    "WEEGSCHAAL_ADDRESS": "https://weegschaal.test",
    "WEEGSCHAAL_OIDC_ISSUER": "https://login.test/",
    "WEEGSCHAAL_OIDC_CLIENT": "weegschaal",
    "WEEGSCHAAL_OIDC_SECRET": "secret",
}


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*REAL, "WEEGSCHAAL_DEMO", "WEEGSCHAAL_RATE", "WEEGSCHAAL_AT_ONCE"):
        monkeypatch.delenv(name, raising=False)


def given(monkeypatch: pytest.MonkeyPatch, **chosen: str) -> None:
    for name, value in chosen.items():
        monkeypatch.setenv(name, value)


def test_a_provider_ends_the_demonstration(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (Settings.read().demo, Settings.read().oidc) == (True, None)
    given(monkeypatch, **REAL)
    read = Settings.read()
    assert read.oidc is not None
    assert (read.demo, read.oidc.issuer, "secret" in repr(read)) == (False, "https://login.test", False)


@pytest.mark.parametrize("real", ["WEEGSCHAAL_ADDRESS", "WEEGSCHAAL_OIDC_ISSUER"])
def test_demo_sign_in_is_refused_beside_a_production_setting(monkeypatch: pytest.MonkeyPatch, real: str) -> None:
    given(monkeypatch, WEEGSCHAAL_DEMO="1", **{real: REAL[real]})
    with pytest.raises(ValueError, match=f"WEEGSCHAAL_DEMO=1 .*{real}"):
        Settings.read()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("WEEGSCHAAL_OIDC_CLIENT", "", "WEEGSCHAAL_OIDC_CLIENT"),
        ("WEEGSCHAAL_ADDRESS", "", "WEEGSCHAAL_ADDRESS"),
        ("WEEGSCHAAL_ADDRESS", "http://weegschaal.test", "https"),
        ("WEEGSCHAAL_OIDC_ISSUER", "http://login.test", "https"),
        ("WEEGSCHAAL_RATE", "fast", "WEEGSCHAAL_RATE"),
        ("WEEGSCHAAL_AT_ONCE", "-1", "WEEGSCHAAL_AT_ONCE"),
    ],
)
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str) -> None:
    given(monkeypatch, **(REAL | {name: value}))
    with pytest.raises(ValueError, match=said):
        Settings.read()
