"""Where things are: the settings of this installation, from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


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
        return cls(home, int(port), database, mlruns, os.environ.get("WEEGSCHAAL_DEMO", "1") == "1", budgets)

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
