"""Where things are: the settings of this installation, from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

PRODUCTION = ("WEEGSCHAAL_ADDRESS", "WEEGSCHAAL_OIDC_ISSUER")
"""with one of these nobody signs in without an identity provider"""
RATE, AT_ONCE, WAIT = 200.0, 16, 0.3
WORKERS = min(2, os.cpu_count() or 1)


@dataclass(frozen=True)
class Settings:
    """`home` holds everything the service writes: database, lake, keys, log exports."""

    home: Path
    port: int
    database: str
    """SQLAlchemy URL"""
    mlruns: Path
    """MLflow's store: mlruns/ beside the default home, below any other home"""
    demo: bool
    """demo users may sign in without a password; never with a production setting"""
    error_budgets: Mapping[str, float] = field(default_factory=dict)
    """contract -> share of broken rows above which a delivery of it is held; others keep what the contract declares"""
    rate: float = RATE
    """requests a second that one session, key or address may make for long; ten times as many at once; 0: no limit"""
    at_once: int = AT_ONCE
    """requests that are worked on at the same time; more wait in line"""
    wait: float = WAIT
    """seconds that a request may wait in line; who would wait longer is asked to come back (503)"""
    workers: int = 1
    """processes of the service; what `at_once` allows is shared among them"""
    address: str = ""
    """where people reach the service, such as https://weegschaal.example.nl"""
    oidc: Provider | None = None
    """the identity provider; None in a demonstration"""

    @classmethod
    def read(cls) -> Settings:
        """Raises ValueError that names the setting and what it should be."""
        home = Path(os.environ.get("WEEGSCHAAL_HOME", "var")).resolve()
        port = os.environ.get("WEEGSCHAAL_PORT", "8080")
        if not port.isdigit() or not 0 < int(port) < 65536:
            raise ValueError(f"WEEGSCHAAL_PORT is {port!r}; it must be a port number such as 8080")
        database = os.environ.get("WEEGSCHAAL_DATABASE", f"sqlite:///{home / 'weegschaal.db'}")
        mlruns = home / "mlruns" if "WEEGSCHAAL_HOME" in os.environ else Path("mlruns").resolve()
        budgets = _budgets(os.environ.get("WEEGSCHAAL_ERROR_BUDGETS", ""))
        address = os.environ.get("WEEGSCHAAL_ADDRESS", "").rstrip("/")
        return cls(
            home=home,
            port=int(port),
            database=database,
            mlruns=mlruns,
            demo=_demo(),
            error_budgets=budgets,
            rate=_number("WEEGSCHAAL_RATE", RATE),
            at_once=int(_number("WEEGSCHAAL_AT_ONCE", AT_ONCE)),
            wait=_number("WEEGSCHAAL_WAIT", WAIT),
            workers=max(1, int(_number("WEEGSCHAAL_WORKERS", WORKERS))),
            address=_safe(address, "WEEGSCHAAL_ADDRESS") if address else "",
            oidc=Provider.read(address),
        )

    @property
    def checkpoints(self) -> Path:
        """Where signed checkpoints of the log go, one folder per municipality."""
        return Path(os.environ.get("WEEGSCHAAL_CHECKPOINTS", self.home / "checkpoints"))

    @property
    def lake(self) -> Path:
        return self.home / "lake"

    @property
    def keys(self) -> Path:
        return self.home / "keys"

    @property
    def deliveries(self) -> Path:
        """Where the simulated province puts its deliveries."""
        return self.home / "deliveries"

    @property
    def truth(self) -> Path:
        """Only evaluation of the simulated province reads it."""
        return self.home / "truth"


@dataclass(frozen=True)
class Provider:
    """An OpenID Connect provider and what this service is to it."""

    issuer: str
    client: str
    secret: str = field(repr=False)
    groups: str = "weegschaal"
    """first part of group names: weegschaal-0917-officer gives the role officer in 0917"""
    claim: str = "groups"
    """where the token names the groups"""

    @classmethod
    def read(cls, address: str) -> Provider | None:
        """From WEEGSCHAAL_OIDC_*; None without an issuer. Raises ValueError that names what is missing."""
        issuer = os.environ.get("WEEGSCHAAL_OIDC_ISSUER", "").rstrip("/")
        if not issuer:
            return None
        missing = [name for name in ("WEEGSCHAAL_OIDC_CLIENT", "WEEGSCHAAL_OIDC_SECRET") if not os.environ.get(name)]
        if not address:
            missing.append("WEEGSCHAAL_ADDRESS")
        if missing:
            raise ValueError(f"with WEEGSCHAAL_OIDC_ISSUER these must be set too: {', '.join(missing)}")
        return cls(
            _safe(issuer, "WEEGSCHAAL_OIDC_ISSUER"),
            os.environ["WEEGSCHAAL_OIDC_CLIENT"],
            os.environ["WEEGSCHAAL_OIDC_SECRET"],
            os.environ.get("WEEGSCHAAL_OIDC_GROUPS", "weegschaal"),
            os.environ.get("WEEGSCHAAL_OIDC_CLAIM", "groups"),
        )


def _demo() -> bool:
    real = [name for name in PRODUCTION if os.environ.get(name)]
    asked = os.environ.get("WEEGSCHAAL_DEMO")
    if asked == "1" and real:
        raise ValueError(f"WEEGSCHAAL_DEMO=1 lets anyone in and does not go with {real[0]}; leave one of them out")
    return not real if asked is None else asked == "1"


def _number(name: str, default: float) -> float:
    text = os.environ.get(name, str(default))
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < 1_000_000:
        raise ValueError(f"{name} is {text!r}; it must be a number, 0 or more")
    return number


def _safe(address: str, name: str) -> str:
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1")):
        raise ValueError(f"{name} is {address!r}; it must begin with https://")
    return address


def _budgets(text: str) -> dict[str, float]:
    """Shares from 0 to 1 per contract: "incomes=0.02,stays=0.1"."""
    budgets = {}
    for one in filter(None, (part.strip() for part in text.split(","))):
        name, _, share = one.partition("=")
        try:
            budgets[name.strip()] = float(share)
        except ValueError:
            budgets[name.strip()] = -1.0
        if not 0 <= budgets[name.strip()] <= 1:
            raise ValueError(f"WEEGSCHAAL_ERROR_BUDGETS has {one!r}; write it as incomes=0.02,stays=0.1, shares 0 to 1")
    return budgets
